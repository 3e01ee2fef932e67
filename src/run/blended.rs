//! A finished image blended with a weakly regularised one of the same scan: what a strong prior has smoothed away of
//! what is small, that one still holds.

use super::RunError;
use super::prior::mean_noise;
use super::scene::Scene;
use crate::algorithm::map_image;
use crate::config::OsemStart;
use crate::prior::mean_activity;
use crate::prior::network::{Blend, MapImage, MapOfScan};

impl Scene<'_> {
    /// Blends an image as the prior's table asks for it; how, where it does.
    pub(super) fn blended(&self, values: &mut [f32]) -> Result<Option<Blend>, RunError> {
        let Some(share) = self.config.prior.as_ref().and_then(|prior| prior.blend()) else { return Ok(None) };
        if self.options.interrupt.pressed() {
            self.options.warn("interrupted: the image is not blended with the weakly regularised one");
            return Ok(None);
        }
        let seen = self.osem_start(&OsemStart::default(), self.model)?;
        let (noise, scale) = (mean_noise(self.model, &seen) as f32, mean_activity(&self.model.grid(), &seen));
        let with = MapOfScan { by: MapImage::WEAK, noise, scale };
        let weak = map_image(self.model, &with, None)?;
        values.iter_mut().zip(&weak).for_each(|(x, weak)| *x = (1.0 - share) * *x + share * weak);
        Ok(Some(Blend { share, with }))
    }
}
