//! Log-cosh prior, ψ(a, b) = δ² ln cosh((a − b)/δ): quadratic for differences well below δ, linear above (Green 1990).
//!
//! R has the square of the image's unit, δ the unit itself; β is per R. STIR's `LogcoshPrior` with scalar 1/δ.
//!
//! Green, P. J. (1990). Bayesian reconstructions from emission tomography data using a modified EM algorithm.
//! IEEE Trans. Med. Imaging 9, 84.

use super::pairwise::{Pairs, Pairwise, Potential};
use super::table::{Common, PriorEntry, PriorFootprint, PriorInputs, PriorTable, SQUARE};
use super::{Beta, Capability, Neighbours, Prior, PriorError, Smooth};
use crate::image::{ImageGrid, ImageUnit};
use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The log-cosh prior on some pairs; `delta` > 0 in the unit of the image.
pub fn log_cosh(pairs: Pairs, delta: f32) -> Arc<dyn Smooth> {
    assert!(delta > 0.0, "delta {delta}");
    Arc::new(Pairwise { pairs, potential: LogCosh { delta, inverse: 1.0 / delta } })
}

#[derive(Clone, Copy)]
struct LogCosh {
    delta: f32,
    inverse: f32,
}

impl Potential for LogCosh {
    #[inline(always)]
    fn value(self, a: f32, b: f32) -> f32 {
        self.delta * self.delta * ln_cosh((a - b) * self.inverse)
    }
    #[inline(always)]
    fn slope(self, a: f32, b: f32) -> f32 {
        let u = (a - b) * self.inverse;
        self.delta * u * tanh_ratio(u)
    }
    #[inline(always)]
    fn curvature(self, a: f32, b: f32) -> f32 {
        let u = (a - b) * self.inverse;
        let tanh = u * tanh_ratio(u);
        1.0 - tanh * tanh
    }
    #[inline(always)]
    fn surrogate(self, a: f32, b: f32) -> f32 {
        2.0 * tanh_ratio((a - b) * self.inverse)
    }
}

/// From here on tanh is 1 in 32 bits.
const FLAT: f32 = 7.905_311;

/// tanh(u)/u as a quotient of polynomials in u², to a few units of the last place (coefficients of Eigen's `ptanh`).
#[inline(always)]
fn tanh_ratio(u: f32) -> f32 {
    let size = u.abs();
    let inside = if size > FLAT { FLAT } else { size };
    let s = inside * inside;
    let top = ((((((-2.760_768_5e-16 * s + 2.000_188e-13) * s - 8.604_672e-11) * s + 5.122_297e-8) * s
        + 1.485_722_4e-5)
        * s
        + 6.372_619e-4)
        * s)
        + 4.893_524_6e-3;
    let bottom = ((1.198_258_4e-6 * s + 1.185_347e-4) * s + 2.268_434_6e-3) * s + 4.893_525e-3;
    let beyond = if size > FLAT { size * (1.0 / FLAT) } else { 1.0 };
    top / (bottom * beyond)
}

/// ln cosh u = −½ ln(1 − t²) for small u, |u| − ln 2 + ln(1 + e) for large, with t = tanh u and e = exp(−2|u|) = (1 −
/// t)/(1 + t). Both logarithms are areatangents of small numbers.
#[inline(always)]
fn ln_cosh(u: f32) -> f32 {
    let size = u.abs();
    let t = size * tanh_ratio(size);
    let (square, decay) = (t * t, (1.0 - t) / (1.0 + t));
    let small = size <= 0.7;
    let part = if small { square } else { decay };
    let s = part / if small { 2.0 - part } else { 2.0 + part };
    let s2 = s * s;
    let area = s * (1.0 + s2 * (1.0 / 3.0 + s2 * (0.2 + s2 * (1.0 / 7.0 + s2 * (1.0 / 9.0)))));
    if small { area } else { size - std::f32::consts::LN_2 + 2.0 * area }
}

/// `[prior.log-cosh]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogCoshConfig {
    /// Weight, per square of the image's unit; or "auto".
    pub beta: Beta,
    /// Unit of the image that `beta` and `delta` are meant for; checked where given.
    #[serde(default)]
    pub unit: Option<ImageUnit>,
    /// Differences above δ cost only linearly, in image units; by default 1/100 of the maximum of the start image.
    #[serde(default)]
    pub delta: Option<Positive>,
    /// Neighbours of a voxel: 6, 18 or 26.
    #[serde(default)]
    pub neighbours: Neighbours,
    /// Weight pairs by κⱼκₖ for uniform resolution.
    #[serde(default)]
    pub kappa: bool,
}

impl PriorTable for LogCoshConfig {
    fn entry() -> PriorEntry {
        PriorEntry {
            name: "log-cosh",
            summary: "Logarithm of the hyperbolic cosine of differences (Green 1990).",
            capability: Capability::Smooth,
            learned: false,
            formula: "ψ = δ² ln cosh((xⱼ − xₖ) / δ)",
            unit: SQUARE,
            citation: "Green 1990, IEEE Trans. Med. Imaging 9:84",
            examples: &["beta = 1.0\ndelta = 3.0\nkappa = true", "beta = 1.0\ndelta = 1.5\nneighbours = 6"],
        }
    }

    fn common(&self) -> Common<'_> {
        Common::of(self.beta, self.unit).kappa(self.kappa)
    }

    fn footprint(&self, grid: &ImageGrid) -> PriorFootprint {
        Pairs::footprint(grid, self.neighbours, self.kappa)
    }

    fn build(&self, inputs: &PriorInputs) -> Result<Prior, PriorError> {
        let delta = inputs.delta(self.delta)?;
        let pairs = Pairs::new(inputs.grid, self.neighbours, inputs.kappa_if(self.kappa)?);
        Ok(Prior::Smooth(log_cosh(pairs, delta)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyperbolic_functions_are_exact_to_single_precision() {
        for step in 0..4000 {
            let u = (f64::from(step) * 0.01 - 20.0) as f32;
            let exact = f64::from(u);
            let tanh = f64::from(u * tanh_ratio(u));
            assert!((tanh - exact.tanh()).abs() <= 5e-7 * exact.tanh().abs(), "tanh {u}: {tanh}");
            let ln_cosh = f64::from(ln_cosh(u));
            let known = exact.abs() + (-2.0 * exact.abs()).exp().ln_1p() - std::f64::consts::LN_2;
            assert!((ln_cosh - known).abs() <= 5e-7 * known.abs() + 1e-9, "ln cosh {u}: {ln_cosh} {known}");
        }
    }
}
