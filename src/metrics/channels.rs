//! Channels of a model observer: what it sees of a slice around a known place.
//!
//! Laguerre–Gauss, for round signals (Barrett et al. 1998, Proc. SPIE 3340, 27–43): with r the distance and a = 2.5
//! diameters of the lesion,
//!
//!   u_j(r) = (√2 / a) exp(−π r² / a²) L_j(2 π r² / a²),   j = 0 … 5.
//!
//! Gabor, octaves apart, as the visual cortex has them (Eckstein and Whiting 1996, J. Opt. Soc. Am. A 13, 1777–1787;
//! bandwidth of an octave): f = 1/8, 1/4, 1/2 and 1 per diameter, w = 1.324 / f, θ = 0°, 45°, 90°, 135°,
//!
//!   u(x, y) = exp(−4 ln 2 (x² + y²) / w²) cos(2π f (x cos θ + y sin θ)).

use crate::image::ImageGrid;
use std::f64::consts::{LN_2, PI};

/// A family of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelSet {
    /// Six Laguerre–Gauss functions.
    LaguerreGauss,
    /// Sixteen Gabor functions.
    Gabor,
}

const LAGUERRE_GAUSS: usize = 6;
const WIDTH_IN_DIAMETERS: f64 = 2.5;
/// Width times frequency of a Gabor function whose bandwidth is one octave.
const OCTAVE: f64 = 1.324;

impl ChannelSet {
    /// All values at a place, relative to the lesion.
    fn at(self, x: f64, y: f64, diameter_mm: f64) -> Vec<f64> {
        match self {
            Self::LaguerreGauss => {
                let a = WIDTH_IN_DIAMETERS * diameter_mm;
                let t = 2.0 * PI * (x * x + y * y) / (a * a);
                let envelope = 2.0_f64.sqrt() / a * (-0.5 * t).exp();
                (0..LAGUERRE_GAUSS).map(|order| envelope * laguerre(order, t)).collect()
            }
            Self::Gabor => {
                let bands = (0..4).map(|band| 0.125 * f64::from(1 << band) / diameter_mm);
                bands
                    .flat_map(|f| {
                        let envelope = (-4.0 * LN_2 * (x * x + y * y) * (f / OCTAVE).powi(2)).exp();
                        (0..4).map(move |turn| {
                            let (sin, cos) = (0.25 * PI * f64::from(turn)).sin_cos();
                            envelope * (2.0 * PI * f * (x * cos + y * sin)).cos()
                        })
                    })
                    .collect()
            }
        }
    }
}

/// L_n(t) by recurrence.
fn laguerre(n: usize, t: f64) -> f64 {
    let (mut before, mut now) = (0.0, 1.0);
    for k in 0..n {
        let k = k as f64;
        (before, now) = (now, ((2.0 * k + 1.0 - t) * now - k * before) / (k + 1.0));
    }
    now
}

/// The channels of one place of an image: of each voxel that they see, their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Channels(Vec<(usize, Vec<f64>)>);

impl Channels {
    /// The channels around a lesion's centre in the axial slice nearest to it, cut off at a distance.
    pub fn around(set: ChannelSet, grid: &ImageGrid, centre_mm: [f64; 3], diameter_mm: f64, reach_mm: f64) -> Self {
        let [nx, ny, nz] = grid.shape;
        let off = (centre_mm[2] - grid.origin_mm[2]) / grid.voxel_mm[2];
        let slice = (off.round().max(0.0) as usize).min(nz - 1);
        let mut seen = Vec::new();
        for i in 0..nx {
            for j in 0..ny {
                let at = grid.centre_mm([i, j, slice]);
                let (x, y) = (at[0] - centre_mm[0], at[1] - centre_mm[1]);
                if x.hypot(y) <= reach_mm {
                    seen.push((grid.index([i, j, slice]), set.at(x, y, diameter_mm)));
                }
            }
        }
        Self(seen)
    }

    /// v = Uᵀ x
    pub fn responses(&self, values: &[f32]) -> Vec<f64> {
        let channels = self.0.first().map_or(0, |(_, weights)| weights.len());
        let mut responses = vec![0.0; channels];
        for (voxel, weights) in &self.0 {
            let value = f64::from(values[*voxel]);
            responses.iter_mut().zip(weights).for_each(|(response, weight)| *response += weight * value);
        }
        responses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laguerre_polynomials_by_hand() {
        let t = 0.7;
        assert_eq!((laguerre(0, t), laguerre(1, t)), (1.0, 1.0 - t));
        assert!((laguerre(2, t) - (0.5 * t * t - 2.0 * t + 1.0)).abs() < 1e-15);
        assert!((laguerre(3, t) - (-t.powi(3) / 6.0 + 1.5 * t * t - 3.0 * t + 1.0)).abs() < 1e-15);
    }

    /// ∫ u_j u_k dA = δ_jk
    #[test]
    fn laguerre_gauss_channels_are_orthonormal() {
        let grid = ImageGrid::centred([401, 401, 1], [0.5; 3]);
        let channels = Channels::around(ChannelSet::LaguerreGauss, &grid, [0.0; 3], 10.0, 100.0);
        let product = |j: usize, k: usize| 0.25 * channels.0.iter().map(|(_, u)| u[j] * u[k]).sum::<f64>();
        for j in 0..LAGUERRE_GAUSS {
            for k in 0..LAGUERRE_GAUSS {
                let expected = f64::from(u8::from(j == k));
                assert!((product(j, k) - expected).abs() < 1e-3, "{j} {k}: {}", product(j, k));
            }
        }
    }

    #[test]
    fn a_gabor_channel_answers_to_its_own_stripes() {
        let grid = ImageGrid::centred([81, 81, 3], [1.0; 3]);
        let channels = Channels::around(ChannelSet::Gabor, &grid, [0.0; 3], 10.0, 40.0);
        // 1 / 20 mm along x: the third band, 0°.
        let stripes: Vec<f32> = (0..grid.voxels())
            .map(|voxel| (2.0 * PI * grid.centre_mm([voxel / 243, 0, 0])[0] / 20.0).cos() as f32)
            .collect();
        let responses = channels.responses(&stripes);
        let strongest = (0..16).max_by(|a, b| responses[*a].total_cmp(&responses[*b])).unwrap();
        assert_eq!((responses.len(), strongest), (16, 8));
    }
}
