//! How noisy a scan is, as learned priors see it: the relative noise of one EM pass, voxel by voxel.

use crate::image::mean_where;

/// Smallest sensitivity over the mean that counts: less is seen by single lines at the rim of the field of view.
const LEAST_SENSITIVITY: f64 = 0.05;

/// Smallest share of trues in the prompts that counts.
const LEAST_TRUES: f64 = 0.01;

/// ν: standard deviation of what an EM pass makes of a voxel of mean activity c, over c.
///
/// The pass gathers S c expected trues for the voxel, and ρ = prompts / trues times as many events have taken part, so
/// that
///
///   νⱼ = √(ρ / (Sⱼ c)),   ν̄ = √(ρ / (S̄ c)),
///
/// S the sensitivity, S̄ its mean. Pure numbers, the same in all units of activity: about 1 where a voxel has one
/// event.
#[derive(Clone, Debug, PartialEq)]
pub struct RelativeNoise {
    /// νⱼ; 0 where the scan sees nothing.
    pub map: Vec<f32>,
    /// ν̄
    pub mean: f32,
}

impl RelativeNoise {
    /// That of a scan with a sensitivity S in counts per activity, c = [`super::mean_activity`], and the sums of its
    /// prompts and of its background (randoms and scatter).
    pub fn new(sensitivity: &[f32], c: f32, prompts: f64, background: f64) -> Self {
        let (rho, mean) = (rho(prompts, background), mean_of_seen(sensitivity));
        let voxel = |&s: &f32| if s > 0.0 { noise(rho, f64::from(s).max(LEAST_SENSITIVITY * mean), c) } else { 0.0 };
        Self { map: sensitivity.iter().map(voxel).collect(), mean: noise(rho, mean, c) }
    }

    /// ν̄ alone.
    pub fn mean(sensitivity: &[f32], c: f32, prompts: f64, background: f64) -> f32 {
        noise(rho(prompts, background), mean_of_seen(sensitivity), c)
    }
}

fn rho(prompts: f64, background: f64) -> f64 {
    if prompts > 0.0 { prompts / (prompts - background).max(LEAST_TRUES * prompts) } else { 1.0 }
}

/// S̄, over the voxels that the scan sees.
fn mean_of_seen(sensitivity: &[f32]) -> f64 {
    mean_where(sensitivity, |voxel| sensitivity[voxel] > 0.0)
}

/// √(ρ / (S c))
fn noise(rho: f64, s: f64, c: f32) -> f32 {
    if s > 0.0 && c > 0.0 { (rho / (s * f64::from(c))).sqrt() as f32 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::RelativeNoise;

    #[test]
    fn a_voxel_with_four_events_is_half_as_noisy_as_one_with_one() {
        let noise = RelativeNoise::new(&[0.0, 1.0, 4.0, 0.01], 1.0, 100.0, 0.0);
        assert_eq!((noise.map[0], noise.map[1], noise.map[2]), (0.0, 1.0, 0.5));
        assert!((noise.mean - (3.0_f32 / 5.01).sqrt()).abs() < 1e-6 && noise.map[3] < 4.0, "{noise:?}");
        // Other units of activity, and half of the prompts randoms.
        let other = RelativeNoise::new(&[0.0, 0.25, 1.0, 0.0025], 4.0, 100.0, 50.0);
        assert!((other.mean / noise.mean - 2.0_f32.sqrt()).abs() < 1e-6);
    }
}
