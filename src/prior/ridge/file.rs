//! A ridge regulariser as it is kept: `NAME.safetensors` with the weights, `NAME.json` with the card beside it.
//!
//! Tensors, all `F32`: `filters` of shape `[filter, 1, x, y, z]` as PyTorch's `Conv3d` has them (its D, H, W are our x, y, z),
//! `knots` of shape `[knot]`, `slopes` of shape `[filter, knot]`: the slopes of σ before each knot.

use super::card::RidgeCard;
use super::model::RidgeModel;
use crate::prior::network::{NetworkError, bytes, floats, hexadecimal, tensor};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Longest file of weights and longest card, in bytes.
const LONGEST: u64 = 16 << 20;

/// A card and the model that it describes.
#[derive(Clone, Debug, PartialEq)]
pub struct RidgeFile {
    /// The card.
    pub card: RidgeCard,
    /// The model.
    pub model: RidgeModel,
}

/// The two files of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct RidgeFiles {
    /// Of `NAME.safetensors`.
    pub weights: Vec<u8>,
    /// Of `NAME.json`.
    pub card: String,
}

impl RidgeFile {
    /// Reads `path`, which ends in `.safetensors`, and the card beside it.
    pub fn read(path: &Path) -> Result<Self, NetworkError> {
        let beside = path.with_extension("json");
        let weights = bytes(path, LONGEST)?;
        if !beside.is_file() {
            let field = "the model card beside it".into();
            return Err(NetworkError::Missing { path: path.into(), field, expected: beside.display().to_string() });
        }
        let card = String::from_utf8(bytes(&beside, LONGEST)?);
        let card = card.map_err(|_| NetworkError::format(&beside, "not a model card: not UTF-8 text"))?;
        Self::decode(path, &weights, &beside, &card)
    }

    /// The model of two files' contents; the paths are named in errors.
    pub fn decode(path: &Path, weights: &[u8], beside: &Path, card: &str) -> Result<Self, NetworkError> {
        let card = RidgeCard::parse(beside, card)?;
        let found = hexadecimal(&Sha256::digest(weights));
        if !card.sha256.eq_ignore_ascii_case(&found) {
            let expected =
                format!("{}, as the card {} says: they do not belong together", card.sha256, beside.display());
            return Err(NetworkError::field(path, "sha256", found, expected));
        }
        let tensors = SafeTensors::deserialize(weights)
            .map_err(|error| NetworkError::format(path, format!("not a safetensors file: {error}")))?;
        let (sizes, [kx, ky, kz]) = (card.architecture, card.architecture.kernel);
        let model = RidgeModel {
            kernel: sizes.kernel,
            filters: floats(path, &tensors, "filters", &[sizes.filters, 1, kx, ky, kz])?,
            knots: floats(path, &tensors, "knots", &[sizes.knots])?,
            slopes: floats(path, &tensors, "slopes", &[sizes.filters, sizes.knots])?,
        };
        model.check(path)?;
        card.check(beside, &model)?;
        Ok(Self { card, model })
    }

    /// The contents of the model's files; the card takes over hash, sizes and constants. `path` is named in errors.
    pub fn encode(&self, path: &Path) -> Result<RidgeFiles, NetworkError> {
        let model = &self.model;
        model.check(path)?;
        let ([kx, ky, kz], filters, knots) = (model.kernel, model.channels(), model.knots.len());
        let tensors = [
            tensor(path, "filters".into(), vec![filters, 1, kx, ky, kz], &model.filters)?,
            tensor(path, "knots".into(), vec![knots], &model.knots)?,
            tensor(path, "slopes".into(), vec![filters, knots], &model.slopes)?,
        ];
        let unwritable = |error: safetensors::SafeTensorError| NetworkError::format(path, error.to_string());
        let views = tensors.iter().map(|(name, shape, bytes)| {
            TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name, view)).map_err(unwritable)
        });
        let weights = serialize(views.collect::<Result<Vec<_>, _>>()?, None).map_err(unwritable)?;
        let mut card = self.card.clone();
        card.describe(model);
        card.sha256 = hexadecimal(&Sha256::digest(&weights));
        Ok(RidgeFiles { weights, card: card.to_text() })
    }
}

impl RidgeModel {
    /// An error that names the first flaw.
    fn check(&self, path: &Path) -> Result<(), NetworkError> {
        let error = |flaw: super::model::Flaw| NetworkError::field(path, flaw.field, flaw.found, flaw.expected);
        self.flaw().map_or(Ok(()), |flaw| Err(error(flaw)))
    }
}
