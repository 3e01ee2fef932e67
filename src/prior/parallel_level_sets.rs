//! Parallel level sets: R(x) = Σⱼ (√(‖∇x‖² − ⟨∇x, ξ⟩² + ε²) − ε), ξ = ∇v / √(‖∇v‖² + η²), smooth (Ehrhardt et al.
//! 2016).
//!
//! Where the anatomical image v has an edge, steps of x in the same direction are free; where v is flat (‖∇v‖ ≪ η) it
//! is hyperbolic total variation. R and ε have the unit of the image, η that of v per voxel along x; β is per R.
//!
//! Ehrhardt, M. J. et al. (2016). PET reconstruction with an anatomical MRI prior using parallel level sets.
//! IEEE Trans. Med. Imaging 35, 2189.

use super::Smooth;
use super::gradient::Gradient;
use super::hyperbolic_total_variation::Hyperbolic;
use crate::image::ImageGrid;
use std::sync::Arc;

/// Parallel level sets with an anatomical image on the same grid.
pub fn parallel_level_sets(grid: &ImageGrid, anatomical: &[f32], eta: f32, epsilon: f32) -> Arc<dyn Smooth> {
    Arc::new(Hyperbolic::new(Gradient::across(grid, anatomical, eta), epsilon))
}
