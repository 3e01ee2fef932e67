//! What a network has to beat on the validation cases: OSEM with a Gaussian filter, both chosen by an oracle.

use super::TrainError;
use super::plan::Training;
use super::prepared::Prepared;
use crate::algorithm::{Algorithm, Osem};
use crate::operator::GaussianFilter;

/// Filters to choose from: FWHM in mm.
const WIDTHS_MM: [f64; 9] = [0.0, 3.0, 4.5, 6.0, 8.0, 10.0, 13.0, 17.0, 22.0];

/// Iterations that OSEM may choose from at least.
const LEAST_ITERATIONS: usize = 6;

/// The smallest NRMSE of each scan over all iterations up to the network's, or six, and all filters: an oracle per
/// scan, which no user has.
pub fn filtered_osem(training: &Training, cases: &[Prepared]) -> Result<Vec<f64>, TrainError> {
    let mut best = Vec::new();
    for prepared in cases {
        let model = training.model(prepared)?;
        let mut osem = Osem::new(&model, Some(prepared.start.clone()))?;
        let mut smallest: Vec<f64> = Vec::new();
        for _ in 0..training.unrolling.iterations.max(LEAST_ITERATIONS) {
            (0..model.subsets()).for_each(|_| {
                osem.update();
            });
            for width in WIDTHS_MM {
                let along = if training.source.stack.slices_apart() { 0.0 } else { width };
                let mut filtered = vec![0.0; osem.image().len()];
                GaussianFilter::new(&prepared.case.grid, [width, width, along]).apply(osem.image(), &mut filtered);
                let errors = training.errors(prepared, &filtered);
                smallest.resize(errors.len(), f64::INFINITY);
                smallest.iter_mut().zip(errors).for_each(|(smallest, error)| *smallest = smallest.min(error));
            }
        }
        best.extend(smallest);
    }
    Ok(best)
}
