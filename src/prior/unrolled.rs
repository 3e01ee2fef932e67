//! The table `[prior.unrolled]`: a network between the updates of EM.

use super::network::{Body, Companion, MapImage, Model, Unrolled, shipped_model};
use super::table::{Common, PriorEntry, PriorFootprint, PriorInputs, PriorTable, images};
use super::{AnatomicalConfig, Capability, Prior, PriorError, mean_activity};
use crate::choice::{Conflict, missing};
use crate::image::ImageGrid;
use crate::paths::NameOrFile;
use crate::units::{NonNegative, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// `[prior.unrolled]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnrolledConfig {
    /// Name of a shipped model, or path of a `.safetensors` file with its model card (`.json`) beside it.
    pub model: NameOrFile,
    /// The image that guides the network, where it was trained with one.
    #[serde(default)]
    pub anatomical: Option<AnatomicalConfig>,
    /// Times the weight γ that the network was trained with: above 1 the image is nearer to the network's, 0 is OSEM.
    #[serde(default = "one")]
    pub strength: NonNegative,
    /// Share of a weakly regularised image (relative difference prior) in what comes out: more of it keeps more of
    /// small lesions, and more noise. 0: none. Without this key, what the model's card says.
    #[serde(default)]
    pub blend: Option<Share>,
}

impl UnrolledConfig {
    /// The network and its card, with the share of the blend that is asked for here.
    fn load(&self) -> Result<Model, Conflict> {
        let mut model = match self.model.file() {
            None => shipped_model(&self.model),
            Some(path) => match missing("model", path) {
                Some(conflict) => return Err(conflict),
                None => Model::read(path),
            },
        }
        .map_err(|error| Conflict::at("model", error))?;
        model.card.blend = self.blend.map(Share::get).or(model.card.blend);
        Ok(model)
    }

    /// A model that cannot be used, or an anatomical image that it lacks.
    fn unusable(&self) -> Option<Conflict> {
        let architecture = match self.load() {
            Ok(model) => model.card.architecture,
            Err(error) => return Some(error),
        };
        // Companions do without; the run says so.
        let may_be = architecture.companions.iter().any(|companion| companion.by_anatomy());
        match (architecture.anatomical, &self.anatomical) {
            (false, Some(_)) if may_be => None,
            (true, None) => {
                let message = "the network was trained with an anatomical image, and none is given";
                let help = "add `anatomical = { file = \"mr.nii.gz\" }`, or choose a model without one";
                Some(Conflict::at("", message).cure(help))
            }
            (false, Some(_)) => {
                Some(Conflict::at("anatomical", "the network takes no anatomical image").cure("remove this key"))
            }
            _ => None,
        }
    }
}

impl PriorTable for UnrolledConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "unrolled",
            summary: "What a trained network makes of the image (Mehranian & Reader 2021).",
            capability: Capability::Unrolled,
            learned: true,
            formula: "x ← argmin s (x − e ln x) + γ′/2 (x − z)², e = EM(x), z = max(0, x + c Net(x / c)), γ′ = γ s̄ / c",
            unit: "no R",
            citation: "Mehranian & Reader 2021, IEEE Trans. Radiat. Plasma Med. Sci. 5:54",
            examples: &[
                "model = \"unrolled-2d\"\nblend = 0.5",
                "model = \"unrolled-2.5d\"",
                "model = \"unrolled-3d\"\nstrength = 0.5",
            ],
        }
    }

    fn common(&self) -> Common<'_> {
        Common { anatomical: self.anatomical.as_ref(), noise: true, ..Common::default() }
    }

    fn variant(&self) -> Option<String> {
        let share = self.load().ok()?.card.blend.filter(|share| *share > 0.0)?;
        Some(format!("blend {share}"))
    }

    fn footprint(&self, grid: &ImageGrid) -> PriorFootprint {
        let Ok(model) = self.load() else { return PriorFootprint::default() };
        let (architecture, start, weak) = (&model.card.architecture, model.card.start, model.card.weak_image());
        let layers = Body::new(&architecture.layers, &model.weights.bodies[0], grid.shape).work_bytes() as f64;
        // A MAP image needs a gradient of each subset, their sum, a direction, a step, and what the prior pads.
        let of_map = start.iter().chain(&weak).map(|image| image.subsets + 6).max().unwrap_or(0);
        let companions = &architecture.companions;
        let kept = 1 + usize::from(architecture.noise) + of_map + usize::from(weak.is_some()) + companions.len();
        let of_osem = if companions.iter().any(|companion| !companion.is_weak()) {
            Companion::OSEM_ITERATIONS as f64
        } else {
            0.0
        };
        let of_weak = if start.is_some() { MapImage::passes_from_another } else { MapImage::passes };
        PriorFootprint {
            kept: images(kept, grid) + layers,
            building: 0.0,
            passes: start.map_or(0.0, |start| start.passes()) + weak.map_or(0.0, |image| of_weak(&image)) + of_osem,
            applied: Some(architecture.applied),
        }
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        let (model, grid) = (self.load()?, inputs.grid);
        let (scale, strength) = (mean_activity(grid, inputs.start), self.strength.get() as f32);
        let unrolled = Unrolled::of_model(&model, grid, scale, inputs.noise()?, inputs.anatomical, strength)?;
        Ok(Prior::Unrolled(Arc::new(unrolled)))
    }

    fn conflicts(&self) -> Vec<Conflict> {
        self.unusable().into_iter().collect()
    }
}

fn one() -> NonNegative {
    NonNegative::constant(1.0)
}
