//! A network as it is kept: `NAME.safetensors` with the weights, `NAME.json` with the card beside it.
//!
//! Tensors, all `F32`: `stage{k}.layer{i}.weight` of shape `[out, in, x, y, z]` as PyTorch's `Conv3d` has them (its D, H, W
//! are our x, y, z), k = 0 only where the stages share one body; and `gamma` of shape `[stages]`.

use super::card::ModelCard;
use super::error::NetworkError;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Longest file of weights that is read, in bytes.
const LONGEST_WEIGHTS: u64 = 256 << 20;

/// Longest card, in bytes.
const LONGEST_CARD: u64 = 1 << 20;

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

/// The two files of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFiles {
    /// Of `NAME.safetensors`.
    pub weights: Vec<u8>,
    /// Of `NAME.json`.
    pub card: String,
}

impl Model {
    /// Reads `path`, which ends in `.safetensors`, and the card beside it.
    pub fn read(path: &Path) -> Result<Self, NetworkError> {
        let beside = path.with_extension("json");
        let weights = bytes(path, LONGEST_WEIGHTS)?;
        if !beside.is_file() {
            let field = "the model card beside it".into();
            return Err(NetworkError::Missing { path: path.into(), field, expected: beside.display().to_string() });
        }
        let card = String::from_utf8(bytes(&beside, LONGEST_CARD)?);
        let card = card.map_err(|_| NetworkError::format(&beside, "not a model card: not UTF-8 text"))?;
        Self::decode(path, &weights, &beside, &card)
    }

    /// The model of two files' contents; the paths are named in errors.
    pub fn decode(path: &Path, weights: &[u8], beside: &Path, card: &str) -> Result<Self, NetworkError> {
        let card = ModelCard::parse(beside, card)?;
        let found = hexadecimal(&Sha256::digest(weights));
        if !card.sha256.eq_ignore_ascii_case(&found) {
            let expected =
                format!("{}, as the card {} says: they do not belong together", card.sha256, beside.display());
            return Err(NetworkError::field(path, "sha256", found, expected));
        }
        let weights = Weights::decode(path, weights, &card)?;
        Ok(Self { card, weights })
    }

    /// The contents of the model's files; the card's hash is set to that of the weights. `path` is named in errors.
    pub fn encode(&self, path: &Path) -> Result<ModelFiles, NetworkError> {
        self.card.check(path)?;
        let weights = self.weights.encode(path, &self.card)?;
        let sha256 = hexadecimal(&Sha256::digest(&weights));
        let card = ModelCard { sha256, ..self.card.clone() }.to_text();
        Ok(ModelFiles { weights, card })
    }
}

impl Weights {
    fn decode(path: &Path, file: &[u8], card: &ModelCard) -> Result<Self, NetworkError> {
        let unreadable = |error| NetworkError::format(path, format!("not a safetensors file: {error}"));
        let tensors = SafeTensors::deserialize(file).map_err(unreadable)?;
        let architecture = &card.architecture;
        let mut bodies = Vec::new();
        for k in 0..architecture.bodies() {
            let layers = architecture.layers.iter().enumerate();
            let body = layers.map(|(i, layer)| floats(path, &tensors, &tensor_name(k, i), &layer.weight_shape()));
            bodies.push(body.collect::<Result<_, _>>()?);
        }
        let gamma = floats(path, &tensors, GAMMA, &[architecture.stages])?;
        let expected = 1 + architecture.bodies() * architecture.layers.len();
        if tensors.len() != expected {
            let found = format!("{} tensors", tensors.len());
            return Err(NetworkError::field(
                path,
                "its content",
                found,
                format!("the {expected} that the card describes"),
            ));
        }
        let weights = Self { bodies, gamma };
        weights.check(path)?;
        Ok(weights)
    }

    fn encode(&self, path: &Path, card: &ModelCard) -> Result<Vec<u8>, NetworkError> {
        self.check(path)?;
        let architecture = &card.architecture;
        let (found, expected) = (self.bodies.len(), architecture.bodies());
        if found != expected {
            return Err(NetworkError::field(path, "number of bodies", found, expected));
        }
        let mut tensors = vec![tensor(path, GAMMA.to_owned(), vec![architecture.stages], &self.gamma)?];
        for (k, body) in self.bodies.iter().enumerate() {
            let (found, expected) = (body.len(), architecture.layers.len());
            if found != expected {
                return Err(NetworkError::field(path, format!("number of layers of body {k}"), found, expected));
            }
            for (i, (layer, values)) in architecture.layers.iter().zip(body).enumerate() {
                tensors.push(tensor(path, tensor_name(k, i), layer.weight_shape().to_vec(), values)?);
            }
        }
        let views = tensors.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
            view.map(|view| (name, view)).map_err(|error| NetworkError::format(path, error.to_string()))
        });
        serialize(views.collect::<Result<Vec<_>, _>>()?, None)
            .map_err(|error| NetworkError::format(path, error.to_string()))
    }

    /// Finite weights, and γ >= 0.
    fn check(&self, path: &Path) -> Result<(), NetworkError> {
        for (k, body) in self.bodies.iter().enumerate() {
            for (i, layer) in body.iter().enumerate() {
                if let Some(value) = layer.iter().find(|value| !value.is_finite()) {
                    let field = format!("a weight of `{}`", tensor_name(k, i));
                    return Err(NetworkError::field(path, field, value, "finite"));
                }
            }
        }
        match self.gamma.iter().find(|gamma| !(gamma.is_finite() && **gamma >= 0.0)) {
            Some(value) => Err(NetworkError::field(path, "a value of `gamma`", value, "a finite number >= 0")),
            None => Ok(()),
        }
    }
}

const GAMMA: &str = "gamma";

/// Name, shape and bytes of a tensor.
type Tensor = (String, Vec<usize>, Vec<u8>);

fn tensor(path: &Path, name: String, shape: Vec<usize>, values: &[f32]) -> Result<Tensor, NetworkError> {
    if shape.iter().product::<usize>() != values.len() {
        let field = format!("tensor `{name}`");
        return Err(NetworkError::field(path, field, format!("{} values", values.len()), format!("shape {shape:?}")));
    }
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Ok((name, shape, bytes))
}

/// `stage{k}.layer{i}.weight`
pub fn tensor_name(body: usize, layer: usize) -> String {
    format!("stage{body}.layer{layer}.weight")
}

fn floats(path: &Path, tensors: &SafeTensors, name: &str, shape: &[usize]) -> Result<Vec<f32>, NetworkError> {
    let field = format!("tensor `{name}`");
    let Ok(tensor) = tensors.tensor(name) else {
        let expected = format!("F32 values of shape {shape:?}, as the card says");
        return Err(NetworkError::Missing { path: path.into(), field, expected });
    };
    if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
        let found = format!("{:?} of shape {:?}", tensor.dtype(), tensor.shape());
        return Err(NetworkError::field(path, field, found, format!("F32 of shape {shape:?}, as the card says")));
    }
    let values = tensor.data().chunks_exact(4);
    Ok(values.map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect())
}

fn bytes(path: &Path, longest: u64) -> Result<Vec<u8>, NetworkError> {
    let length = fs::metadata(path).map_err(|error| NetworkError::system(path, "reading", error))?.len();
    if length > longest {
        return Err(NetworkError::field(path, "its length", format!("{length} bytes"), format!("at most {longest}")));
    }
    fs::read(path).map_err(|error| NetworkError::system(path, "reading", error))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
