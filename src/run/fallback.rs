//! The image to fall back to where the sentinel speaks: that of the learned ridge, whose energy is convex, so that it
//! is the one maximum of its objective, and which has no anatomy to draw.

use super::RunError;
use super::finished::image_of;
use super::scene::Scene;
use crate::algorithm::SvrgConfig;
use crate::config::{Beta, ReconConfig};
use crate::data::most_subsets;
use crate::image::Image;
use crate::prior::RidgeConfig;
use crate::trust::{ScoreMap, share_around};

/// Subsets of the ridge's algorithm at most.
const MOST_SUBSETS: usize = 12;
/// Its full iterations.
const ITERATIONS: usize = 6;

impl Scene<'_> {
    /// The wanted image, with that of the ridge at the places where more than a threshold counts of any |z|, and faded
    /// in around them.
    pub(super) fn fallback(&self, image: &Image, maps: &[ScoreMap], threshold: f64) -> Result<Image, RunError> {
        let share = share_around(&image.grid, maps, threshold);
        if share.iter().all(|share| *share == 0.0) {
            return Ok(image.clone());
        }
        let ridge = self.ridge()?;
        let mixed = |((share, x), ridge): ((&f32, &f32), &f32)| x + share * (ridge - x);
        let values = share.iter().zip(&image.values).zip(&ridge.values).map(mixed).collect();
        Ok(Image { values, ..ridge })
    }

    /// The maximum of the ridge's objective on the same counts, with the weight that predicts held-out counts best.
    fn ridge(&self) -> Result<Image, RunError> {
        let views = self.model.measurement().geometry.views;
        let subsets = most_subsets(views, MOST_SUBSETS);
        let model = self.model.with_subsets(subsets)?;
        let prior = RidgeConfig { model: "ridge-3d".into(), beta: Beta::Auto, unit: None, scale: None };
        let config = ReconConfig {
            prior: Some(prior.into()),
            algorithm: SvrgConfig::new(subsets, ITERATIONS).into(),
            sentinel: None,
            confidence: None,
            output: Default::default(),
            ..self.config.clone()
        };
        let quiet = self.options.quiet();
        let whole = image_of(&Scene { model: &model, config: &config, reference: None, options: &quiet, ..*self })?.1;
        Ok(self.margin.crop(&whole))
    }
}
