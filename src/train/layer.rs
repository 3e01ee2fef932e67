//! The learned part of an unrolled chain, seen from outside: a map of images with parameters, and its transposed slope.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Numbers that the network is worked out in while it learns; weights and images stay in f32 or f64, and so does
/// validation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// f32
    #[default]
    Single,
    /// bfloat16: several times faster where the processor multiplies such matrices (AMX, or a GPU), slower elsewhere.
    Bfloat16,
}

/// z = N_θ(x, …) on images `[x, y, z]` with z contiguous, in units of the scale. The guides are what it sees beside x:
/// ν, the scan's [`crate::prior::RelativeNoise`], and the [`crate::prior::network::Companion`]s, as its architecture
/// asks for them. Stages have parameters of their own where the weights are not shared.
pub trait Layer {
    /// Length of θ, all stages together.
    fn parameters(&self) -> usize;
    /// Takes new parameters.
    fn set(&mut self, parameters: &[f32]);
    /// N_θ of an image of this shape.
    fn apply(&mut self, stage: usize, shape: [usize; 3], x: &[f32], guides: &[&[f32]]) -> Vec<f32>;
    /// `images` are x and the guides. Returns (∂N/∂x)ᵀ v and adds (∂N/∂θ)ᵀ v to `slope`. What `apply` needed on its way
    /// is worked out again, so that no more than one evaluation is ever kept in memory.
    fn pull_back(
        &mut self,
        stage: usize,
        shape: [usize; 3],
        images: (&[f32], &[&[f32]]),
        v: &[f32],
        slope: &mut [f32],
    ) -> Vec<f32>;
}
