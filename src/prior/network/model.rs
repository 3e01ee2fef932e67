//! A network as it is kept: `NAME.safetensors` with the weights, `NAME.json` with the card beside it.
//!
//! Tensors, all `F32`: `stage{k}.layer{i}.weight` of shape `[out, in, x, y, z]` as PyTorch's `Conv3d` has them (its D,
//! H, W are our x, y, z), k = 0 only where the stages share one body; and `gamma` of shape `[stages]`.

use super::card::ModelCard;
use crate::prior::model_file::{ModelFileError, ModelFiles, Tensors, hash, pack, tensor, verify_hash};
use std::path::Path;

/// A card and the weights that it describes.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The card.
    pub card: ModelCard,
    /// The weights.
    pub weights: Weights,
}

/// The numbers of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// `bodies[k][i]`: layer i of body k, `[out, in, x, y, z]`.
    pub bodies: Vec<Vec<Vec<f32>>>,
    /// γ of each stage: pure numbers >= 0, see [`super::Unrolled`].
    pub gamma: Vec<f32>,
}

impl Model {
    /// Reads `path`, which ends in `.safetensors`, and the card beside it.
    pub fn read(path: &Path) -> Result<Self, ModelFileError> {
        let files = ModelFiles::read(path)?;
        Self::decode(path, &files.weights, &path.with_extension("json"), &files.card)
    }

    /// The model of two files' contents; the paths are named in errors.
    pub fn decode(path: &Path, weights: &[u8], beside: &Path, card: &str) -> Result<Self, ModelFileError> {
        let card = ModelCard::parse(beside, card)?;
        verify_hash(path, weights, beside, &card.sha256)?;
        let weights = Weights::decode(path, weights, &card)?;
        Ok(Self { card, weights })
    }

    /// The contents of the model's files; the card's hash is set to that of the weights. `path` is named in errors.
    pub fn encode(&self, path: &Path) -> Result<ModelFiles, ModelFileError> {
        self.card.check(path)?;
        let weights = self.weights.encode(path, &self.card)?;
        let card = ModelCard { sha256: hash(&weights), ..self.card.clone() }.to_text();
        Ok(ModelFiles { weights, card })
    }
}

impl Weights {
    fn decode(path: &Path, file: &[u8], card: &ModelCard) -> Result<Self, ModelFileError> {
        let tensors = Tensors::of(path, file)?;
        let architecture = &card.architecture;
        let mut bodies = Vec::new();
        for k in 0..architecture.bodies() {
            let layers = architecture.layers.iter().enumerate();
            let body = layers.map(|(i, layer)| tensors.floats(&tensor_name(k, i), &layer.weight_shape()));
            bodies.push(body.collect::<Result<_, _>>()?);
        }
        let gamma = tensors.floats(GAMMA, &[architecture.stages])?;
        tensors.number(1 + architecture.bodies() * architecture.layers.len())?;
        let weights = Self { bodies, gamma };
        weights.check(path)?;
        Ok(weights)
    }

    fn encode(&self, path: &Path, card: &ModelCard) -> Result<Vec<u8>, ModelFileError> {
        self.check(path)?;
        let architecture = &card.architecture;
        let (found, expected) = (self.bodies.len(), architecture.bodies());
        if found != expected {
            return Err(ModelFileError::field(path, "number of bodies", found, expected));
        }
        let mut tensors = vec![tensor(path, GAMMA, &[architecture.stages], &self.gamma)?];
        for (k, body) in self.bodies.iter().enumerate() {
            let (found, expected) = (body.len(), architecture.layers.len());
            if found != expected {
                return Err(ModelFileError::field(path, format!("number of layers of body {k}"), found, expected));
            }
            for (i, (layer, values)) in architecture.layers.iter().zip(body).enumerate() {
                tensors.push(tensor(path, tensor_name(k, i), &layer.weight_shape(), values)?);
            }
        }
        pack(path, &tensors)
    }

    /// Finite weights, and γ >= 0.
    fn check(&self, path: &Path) -> Result<(), ModelFileError> {
        for (k, body) in self.bodies.iter().enumerate() {
            for (i, layer) in body.iter().enumerate() {
                if let Some(value) = layer.iter().find(|value| !value.is_finite()) {
                    let field = format!("a weight of `{}`", tensor_name(k, i));
                    return Err(ModelFileError::field(path, field, value, "finite"));
                }
            }
        }
        match self.gamma.iter().find(|gamma| !(gamma.is_finite() && **gamma >= 0.0)) {
            Some(value) => Err(ModelFileError::field(path, "a value of `gamma`", value, "a finite number >= 0")),
            None => Ok(()),
        }
    }
}

const GAMMA: &str = "gamma";

/// `stage{k}.layer{i}.weight`
pub fn tensor_name(body: usize, layer: usize) -> String {
    format!("stage{body}.layer{layer}.weight")
}
