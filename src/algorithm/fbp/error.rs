//! What can be wrong with data or settings of an analytic reconstruction.

use crate::image::ImageGrid;

/// Why a measurement cannot be reconstructed analytically.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FbpError {
    /// A setting outside its range.
    #[error("`{field}` of the filtered back projection is {found}; expected {expected}")]
    Setting {
        /// Key of the config.
        field: &'static str,
        /// What was found.
        found: f64,
        /// What is possible.
        expected: &'static str,
    },
    /// An image grid without voxels, or with voxels of no size.
    #[error("image grid of {shape:?} voxels of {voxel_mm:?} mm: every number must be finite and > 0")]
    Grid {
        /// Voxels along x, y, z.
        shape: [usize; 3],
        /// Voxel size in mm.
        voxel_mm: [f64; 3],
    },
    /// A segment without its mirror image.
    #[error(
        "segment of ring differences {min} to {max} has no partner of {} to {} with as many planes: \
         analytic reconstruction joins opposite segments to a full turn of views", -max, -min
    )]
    Unpaired {
        /// Smallest ring difference.
        min: i64,
        /// Largest ring difference.
        max: i64,
    },
    /// No segment with ring difference 0.
    #[error("the sinogram has no direct segment (ring differences around 0) to rebin to")]
    NoDirectSegment,
    /// Fewer bins than an interpolation needs.
    #[error("{radial_bins} radial bins and {views} views are too few; at least 4 of each are needed")]
    TooFew {
        /// Radial bins of the sinogram.
        radial_bins: usize,
        /// Views of the sinogram.
        views: usize,
    },
    /// Lines that do not rise with the radial bin.
    #[error(
        "radial bins {bin_mm} mm apart, reaching {edge_mm} mm from the axis, make no sinogram: check the scanner's layout"
    )]
    RadialSpacing {
        /// Spacing found at the centre.
        bin_mm: f64,
        /// Distance of the outermost line from the axis.
        edge_mm: f64,
    },
    /// Counts, background or factors that are no numbers.
    #[error("bin [view {view}, radial {radial}, plane {plane}]: (counts − background) / factor is {found}")]
    NotFinite {
        /// View of the bin.
        view: usize,
        /// Radial position of the bin.
        radial: usize,
        /// Plane of the bin, counted over all segments.
        plane: usize,
        /// What came out.
        found: f32,
    },
    /// All factors are 0.
    #[error("no bin was measured: the multiplicative factors are 0 everywhere")]
    NoData,
}

pub(super) fn check_grid(grid: &ImageGrid) -> Result<(), FbpError> {
    let sizes = grid.voxel_mm.iter().all(|mm| mm.is_finite() && *mm > 0.0);
    let places = grid.origin_mm.iter().all(|mm| mm.is_finite());
    if sizes && places && grid.shape.iter().all(|&n| n > 0) {
        return Ok(());
    }
    Err(FbpError::Grid { shape: grid.shape, voxel_mm: grid.voxel_mm })
}
