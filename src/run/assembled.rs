//! The whole model of a config, as one operator: y = m ⊙ (G A x) of one subset.

use super::corrections::{Corrections, correct};
use super::measurement::acquire;
use super::{Options, RunError};
use crate::config::{ReconConfig, ResolutionConfig, Source};
use crate::data::Measurement;
use crate::image::ImageGrid;
use crate::likelihood::Model;
use crate::operator::{LinearOperator, dot_test};
use std::sync::Arc;

/// m ⊙ (G A x) of the first subset of the very system that reconstructs.
struct Assembled {
    model: Model,
    domain: [usize; 3],
    range: [usize; 1],
}

impl Assembled {
    /// y ← m ⊙ y
    fn weigh(&self, y: &mut [f32]) {
        self.model.lines(0, y, |bins, planes, column| {
            let Some(factors) = bins.factors else { return };
            column.chunks_mut(planes).flat_map(|bins| bins.iter_mut().zip(factors)).for_each(|(y, m)| *y *= m);
        });
    }
}

impl LinearOperator for Assembled {
    fn domain(&self) -> &[usize] {
        &self.domain
    }

    fn range(&self) -> &[usize] {
        &self.range
    }

    fn forward(&self, x: &[f32], y: &mut [f32]) {
        self.model.system().forward(0, x, y);
        self.weigh(y);
    }

    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        let mut weighed = y.to_vec();
        self.weigh(&mut weighed);
        self.model.system().back(0, &weighed, x);
    }
}

/// The measurement of a config with everything that its tables add.
pub(super) fn corrected(
    source: &Source,
    config: &ReconConfig,
    corrections: &Corrections,
    options: &Options,
) -> Result<Measurement, RunError> {
    let mut measurement = acquire(&config.measurement, source, options)?.measurement;
    correct(&mut measurement, corrections, config, source, options)?;
    Ok(measurement)
}

/// Largest |⟨Ax, y⟩ − ⟨x, Aᵀy⟩| / (‖Ax‖ ‖y‖) of the assembled model of the first subset.
pub(super) fn assembled_adjoint(
    measurement: &Arc<Measurement>,
    grid: ImageGrid,
    config: &ReconConfig,
) -> Result<f64, RunError> {
    let subsets = config.algorithm.iterations().map_or(1, |iterations| iterations.subsets.max(1));
    let widths = config.resolution.as_ref().map(ResolutionConfig::widths).unwrap_or_default();
    let model = Model::new(measurement, grid, widths, subsets)?;
    let range = [model.system().subset_bins()];
    let assembled = Assembled { model, domain: grid.shape, range };
    Ok((0..2).map(|seed| dot_test(&assembled, 2 * seed)).fold(0.0, f64::max))
}
