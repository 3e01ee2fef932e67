//! The table `[prior.ridge]`: a learned sum of functions of filter responses.

use super::{Ridge, RidgeFile, RidgeModel, shipped_ridge};
use crate::choice::{Conflict, missing};
use crate::image::{ImageGrid, ImageUnit};
use crate::paths::NameOrFile;
use crate::prior::table::{Common, PriorEntry, PriorFootprint, PriorInputs, PriorTable, SQUARE};
use crate::prior::{Beta, Capability, Prior, PriorError, mean_activity};
use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// `[prior.ridge]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RidgeConfig {
    /// Name of a shipped model (`ridge-2d`, `ridge-3d`), or path of a `.safetensors` file with its model
    /// card (`.json`) beside it.
    pub model: NameOrFile,
    /// Weight, per square of the image's unit; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` and `scale` are meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
    /// Mean activity of the body, in image units, which the model takes for 1; by default that of a short OSEM.
    #[serde(default)]
    pub scale: Option<Positive>,
}

impl RidgeConfig {
    /// The model.
    fn load(&self) -> Result<RidgeModel, Conflict> {
        let file = match self.model.file() {
            None => shipped_ridge(&self.model),
            Some(path) => match missing("model", path) {
                Some(conflict) => return Err(conflict),
                None => RidgeFile::read(path),
            },
        };
        file.map(|file| file.model).map_err(|error| Conflict::at("model", error))
    }
}

impl PriorTable for RidgeConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "ridge",
            summary: "Learned functions of the responses of learned filters (Goujon et al. 2023).",
            capability: Capability::Smooth,
            learned: true,
            formula: "R = c² Σ_f Σⱼ ψ_f((W_f x)ⱼ / c), filters W and piecewise-quadratic ψ learned, c mean activity of the body",
            unit: SQUARE,
            citation: "Goujon et al. 2023, IEEE Trans. Comput. Imaging 9:781; 2024, SIAM J. Imaging Sci. 17:91",
            examples: &["beta = 1.0\nmodel = \"ridge-2d\"", "beta = 1.0\nmodel = \"ridge-3d\"\nscale = 5.0"],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::of(self.beta, self.unit)
    }

    fn footprint(&self, _: &ImageGrid) -> PriorFootprint {
        PriorFootprint::default()
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        let model = self.load()?;
        let (kernel, shape) = (model.kernel, inputs.grid.shape);
        if (0..3).any(|axis| kernel[axis] > shape[axis]) {
            return Err(PriorError::Filters { kernel, shape });
        }
        let scale = self.scale.map_or_else(|| mean_activity(inputs.grid, inputs.start), |scale| scale.get() as f32);
        match scale > 0.0 {
            true => Ok(Prior::Smooth(Arc::new(Ridge::new(&model, shape, scale)))),
            false => Err(PriorError::NoActivity { found: scale }),
        }
    }

    fn conflicts(&self) -> Vec<Conflict> {
        self.load().err().into_iter().collect()
    }
}
