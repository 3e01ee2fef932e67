//! Scans that are simulated from a finished image and reconstructed as the measured one was.

use super::RunError;
use super::finished::image_of;
use super::scene::Scene;
use crate::data::Measurement;
use crate::simulate::resampled;
use std::sync::Arc;

impl Scene<'_> {
    /// Scan `number` with the expected counts `mean`, and its image; scans of different numbers are independent.
    pub fn again(&self, mean: &[f32], seed: u64, number: usize) -> Result<(Arc<Measurement>, Vec<f32>), RunError> {
        let scan = Arc::new(resampled(self.model.measurement(), mean, seed, number));
        let quiet = self.options.quiet();
        let model = self.model.with_measurement(scan.clone());
        let values = image_of(&Scene { model: &model, reference: None, options: &quiet, ..*self })?.1.values;
        Ok((scan, values))
    }
}
