//! A ridge regulariser as it is kept: `NAME.safetensors` with the weights, `NAME.json` with the card beside it.
//!
//! Tensors, all `F32`: `filters` of shape `[filter, 1, x, y, z]` as PyTorch's `Conv3d` has them (its D, H, W are our x,
//! y, z), `knots` of shape `[knot]`, `slopes` of shape `[filter, knot]`: the slopes of σ before each knot.

use super::card::RidgeCard;
use super::model::RidgeModel;
use crate::prior::model_file::{ModelFileError, ModelFiles, Tensors, hash, pack, tensor, verify_hash};
use std::path::Path;

/// A card and the model that it describes.
#[derive(Clone, Debug, PartialEq)]
pub struct RidgeFile {
    /// The card.
    pub card: RidgeCard,
    /// The model.
    pub model: RidgeModel,
}

impl RidgeFile {
    /// Reads `path`, which ends in `.safetensors`, and the card beside it.
    pub fn read(path: &Path) -> Result<Self, ModelFileError> {
        let files = ModelFiles::read(path)?;
        Self::decode(path, &files.weights, &path.with_extension("json"), &files.card)
    }

    /// The model of two files' contents; the paths are named in errors.
    pub fn decode(path: &Path, weights: &[u8], beside: &Path, card: &str) -> Result<Self, ModelFileError> {
        let card = RidgeCard::parse(beside, card)?;
        verify_hash(path, weights, beside, &card.sha256)?;
        let tensors = Tensors::of(path, weights)?;
        tensors.number(3)?;
        let (sizes, [kx, ky, kz]) = (card.architecture, card.architecture.kernel);
        let model = RidgeModel {
            kernel: sizes.kernel,
            filters: tensors.floats("filters", &[sizes.filters, 1, kx, ky, kz])?,
            knots: tensors.floats("knots", &[sizes.knots])?,
            slopes: tensors.floats("slopes", &[sizes.filters, sizes.knots])?,
        };
        model.check(path)?;
        card.check(beside, &model)?;
        Ok(Self { card, model })
    }

    /// The contents of the model's files; the card takes over hash, sizes and constants. `path` is named in errors.
    pub fn encode(&self, path: &Path) -> Result<ModelFiles, ModelFileError> {
        let model = &self.model;
        model.check(path)?;
        let ([kx, ky, kz], filters, knots) = (model.kernel, model.channels(), model.knots.len());
        let tensors = [
            tensor(path, "filters", &[filters, 1, kx, ky, kz], &model.filters)?,
            tensor(path, "knots", &[knots], &model.knots)?,
            tensor(path, "slopes", &[filters, knots], &model.slopes)?,
        ];
        let weights = pack(path, &tensors)?;
        let mut card = self.card.clone();
        card.describe(model);
        card.sha256 = hash(&weights);
        Ok(ModelFiles { weights, card: card.to_text() })
    }
}

impl RidgeModel {
    /// An error that names the first flaw.
    fn check(&self, path: &Path) -> Result<(), ModelFileError> {
        let error = |flaw: super::model::Flaw| ModelFileError::field(path, flaw.field, flaw.found, flaw.expected);
        self.flaw().map_or(Ok(()), |flaw| Err(error(flaw)))
    }
}
