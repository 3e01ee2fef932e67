//! `[prior.…]`, whichever it is.

use super::network::MapImage;
use super::table::{Common, PriorFootprint, PriorInputs};
use super::{AnatomicalConfig, Beta, Capability, Prior, PriorConfig, PriorError};
use crate::choice::Conflict;
use crate::image::{ImageGrid, ImageUnit};

impl PriorConfig {
    /// What it has in common with others.
    fn common(&self) -> Common<'_> {
        self.table().common()
    }

    /// The weight; `None` where the prior has none.
    pub fn beta(&self) -> Option<Beta> {
        self.common().beta
    }

    /// The unit that the table's constants are meant for.
    pub fn unit(&self) -> Option<ImageUnit> {
        self.common().unit
    }

    /// Whether pairs are weighted with κ, which the algorithm finds from the start image.
    pub fn kappa(&self) -> bool {
        self.common().kappa
    }

    /// Whether it asks how noisy the scan is.
    pub fn noise(&self) -> bool {
        self.common().noise
    }

    /// Share of a weakly regularised image in what comes out, where the table asks for one; that of a network is its
    /// own business.
    pub fn blend(&self) -> Option<f32> {
        Some(self.common().blend.get() as f32).filter(|share| *share > 0.0)
    }

    /// The image that guides the prior.
    pub fn anatomical(&self) -> Option<&AnatomicalConfig> {
        self.common().anatomical
    }

    /// What an algorithm may ask of the prior.
    pub fn capability(&self) -> Capability {
        self.entry().capability
    }

    /// Whether the prior was learned from images.
    pub fn is_learned(&self) -> bool {
        self.entry().learned
    }

    /// How calibrations call it: by its name, and by what else of its table their promise depends on.
    pub fn calibrated_as(&self) -> String {
        let blend = self.blend().map(|share| format!("blend {share}"));
        let variant = self.table().variant().or(blend).map_or(String::new(), |variant| format!(", {variant}"));
        format!("{}{variant}", self.name())
    }

    /// The error of a user's own model that failed while it ran; `None` where the prior has no such model.
    pub fn failed(&self, problem: String) -> Option<PriorError> {
        Some(PriorError::Model { path: self.table().own_model()?.into(), problem })
    }

    /// What its own keys have against each other and the machine's files; the anatomical image is not opened.
    pub fn conflicts(&self) -> Vec<Conflict> {
        self.table().conflicts()
    }

    /// What it takes of the machine on a grid.
    pub(crate) fn footprint(&self, grid: &ImageGrid) -> PriorFootprint {
        let own = self.table().footprint(grid);
        // The algorithm's arrays are gone when the other image is made.
        let of_blend = if self.blend().is_some() { MapImage::WEAK.passes() } else { 0.0 };
        PriorFootprint { passes: own.passes + of_blend, ..own }
    }

    /// The prior; its weight β is the algorithm's business.
    pub fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        inputs.check()?;
        self.table().build(inputs)
    }

    /// The example tables of every prior, as a config has them.
    pub fn examples() -> impl Iterator<Item = (&'static str, &'static str)> {
        Self::all().into_iter().flat_map(|entry| entry.examples.iter().map(move |keys| (entry.name, *keys)))
    }
}
