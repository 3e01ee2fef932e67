//! Median root prior: D(x)ⱼ = the median of the 3 × 3 × 3 voxels around j (Alenius & Ruotsalainen 1997).
//!
//! There is no R: one-step-late EM divides by s + β (x − D(x)) / D(x), so β is a pure number per unit of sensitivity.
//! Voxels outside the volume repeat the nearest one inside. Steps and slopes are left alone, what is smaller than half
//! the window is noise.
//!
//! Alenius, S. & Ruotsalainen, U. (1997). Bayesian image reconstruction for emission tomography based on median root
//! prior. Eur. J. Nucl. Med. 24, 258.

use super::padded::Window;
use super::table::{Common, PriorEntry, PriorFootprint, PriorInputs, PriorTable};
use super::{Beta, Capability, Denoiser, Prior, PriorError};
use crate::image::ImageGrid;
use coincide_kernels::Level;
use coincide_kernels::median::median_plane;
use coincide_kernels::pairs::PaddedRows;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The median filter on a grid.
pub fn median_root(grid: &ImageGrid) -> Arc<dyn Denoiser> {
    Arc::new(MedianRoot { shape: grid.shape })
}

struct MedianRoot {
    shape: [usize; 3],
}

impl Denoiser for MedianRoot {
    fn denoise(&self, x: &[f32], out: &mut [f32]) {
        let [nx, ny, nz] = self.shape;
        assert_eq!([x.len(), out.len()], [nx * ny * nz; 2], "images of shape {:?}", self.shape);
        let (level, slab) = (Level::best(), nx.div_ceil(4 * rayon::current_num_threads()).max(1));
        let rows = PaddedRows { rows: ny, voxels: nz, pad: 1 };
        out.par_chunks_mut(slab * ny * nz).enumerate().for_each(|(s, planes)| {
            let mut window = Window::repeating_edges(rows, 1, x);
            for (i, plane) in (s * slab..).zip(planes.chunks_mut(ny * nz)) {
                window.move_to(i);
                let around = [i.saturating_sub(1), i, (i + 1).min(nx - 1)].map(|i| window.plane(i));
                median_plane(level, rows, around, plane);
            }
        });
    }
}

/// `[prior.median-root]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MedianRootConfig {
    /// Weight, a share of the sensitivity's maximum; or "auto".
    pub beta: Beta,
}

impl PriorTable for MedianRootConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "median-root",
            summary: "Distance from the median of the neighbours (Alenius & Ruotsalainen 1997).",
            capability: Capability::Denoiser,
            learned: false,
            formula: "pull towards the median M of 3 × 3 × 3 voxels: (x − M) / M in the denominator of EM",
            unit: "1",
            citation: "Alenius & Ruotsalainen 1997, Eur. J. Nucl. Med. 24:258",
            examples: &["beta = 1.0"],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::of(self.beta, None)
    }

    fn footprint(&self, _: &ImageGrid) -> PriorFootprint {
        PriorFootprint::default()
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        Ok(Prior::Denoiser(median_root(inputs.grid)))
    }
}
