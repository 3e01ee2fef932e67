//! What a denoiser does that somebody else has made, found by running it a few times.
//!
//! - gain ≈ ‖J‖, J the derivative of D at x: power iteration v ← J v / ‖J v‖ with J v ≈ (D(x + h v) − D(x)) / h. It is
//!   a lower bound of the Lipschitz constant; where J is symmetric, as gradients' are, it tends to that of the
//!   neighbourhood of x.
//! - scaling: ‖D(2x) − 2 D(x)‖ / ‖2 D(x)‖, 0 where D takes every dose and unit alike.
//! - level: Σ D(x) / Σ x, near 1 for a denoiser.

use super::Denoiser;

/// Power iterations; the gain of smoothing and of sharpening filters is found within a few percent.
const ITERATIONS: usize = 8;

/// ‖h v‖ / ‖x‖
const STEP: f64 = 0.01;

/// Gains up to here can be the error of the estimate.
const LARGEST_GAIN: f64 = 1.05;

/// What is taken for proportional.
const LARGEST_SCALING: f64 = 0.02;

/// Levels between this and its inverse pass.
const SMALLEST_LEVEL: f64 = 0.8;

/// How a denoiser behaves near an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// ‖D(x + h v) − D(x)‖ / ‖h v‖ of the worst v that was found.
    pub gain: f64,
    /// ‖D(2x) − 2 D(x)‖ / ‖2 D(x)‖
    pub scaling: f64,
    /// Σ D(x) / Σ x
    pub level: f64,
}

impl Probe {
    /// Runs the denoiser 10 times at and near x.
    pub fn new(denoiser: &dyn Denoiser, x: &[f32]) -> Self {
        let run = |x: &[f32]| {
            let mut out = vec![0.0; x.len()];
            denoiser.denoise(x, &mut out);
            out
        };
        let at = run(x);
        let doubled: Vec<f32> = x.iter().map(|x| 2.0 * x).collect();
        let off: Vec<f32> = run(&doubled).iter().zip(&at).map(|(twice, once)| twice - 2.0 * once).collect();
        let length = STEP * norm(x);
        let mut direction = noise(x.len());
        let mut gain: f64 = 0.0;
        for _ in 0..ITERATIONS {
            let h = (length / norm(&direction)) as f32;
            if !h.is_finite() {
                break; // J is 0
            }
            let moved: Vec<f32> = x.iter().zip(&direction).map(|(x, v)| x + h * v).collect();
            direction = run(&moved).iter().zip(&at).map(|(moved, at)| moved - at).collect();
            gain = gain.max(norm(&direction) / length);
        }
        Self { gain, scaling: norm(&off) / (2.0 * norm(&at)), level: total(&at) / total(x) }
    }

    /// What the user should know, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let Self { gain, scaling, level } = *self;
        let mut warnings = Vec::new();
        if gain > LARGEST_GAIN {
            warnings.push(format!(
                "the model enlarges some small differences {gain:.2} times (its Lipschitz constant is at least that): with a \
                 large beta the iterations may not settle. Watch the KKT residual, or train it with a bounded Lipschitz constant"
            ));
        }
        if scaling > LARGEST_SCALING {
            warnings.push(format!(
                "the model is not proportional: of an image twice as bright it makes {:.0} % of something else than the double. \
                 It suits scans as bright as those of its training only",
                100.0 * scaling
            ));
        }
        if !(SMALLEST_LEVEL..=1.0 / SMALLEST_LEVEL).contains(&level) {
            warnings.push(format!(
                "the model makes {:.3} times the activity it is given: see whether it was trained on images of this scale and unit",
                level
            ));
        }
        warnings
    }
}

fn norm(x: &[f32]) -> f64 {
    x.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

fn total(x: &[f32]) -> f64 {
    x.iter().map(|&value| f64::from(value)).sum()
}

/// Numbers in −1..1 that are the same everywhere (Numerical Recipes' quick generator).
fn noise(count: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1_u32 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Map<F>(F);

    impl<F: Fn(&[f32], &mut [f32]) + Send + Sync> Denoiser for Map<F> {
        fn denoise(&self, x: &[f32], out: &mut [f32]) {
            (self.0)(x, out)
        }
    }

    fn probe(f: impl Fn(&[f32], &mut [f32]) + Send + Sync) -> Probe {
        let x: Vec<f32> = noise(500).iter().map(|v| 3.0 + v).collect();
        Probe::new(&Map(f), &x)
    }

    #[test]
    fn linear_maps_are_known_exactly() {
        // Half of every neighbour but one: its gain is 1, for constants.
        let smooth = probe(|x, out| {
            let mean = |j: usize| 0.5 * (x[j] + x[j ^ 1]);
            out.iter_mut().enumerate().for_each(|(j, out)| *out = mean(j));
        });
        assert!((smooth.gain - 1.0).abs() < 0.01 && smooth.scaling < 1e-6 && (smooth.level - 1.0).abs() < 1e-3);
        assert_eq!(smooth.warnings(), Vec::<String>::new());
        // Differences of pairs are doubled, their sums are kept.
        let sharp = probe(|x, out| {
            let doubled = |j: usize| 0.5 * (x[j] + x[j ^ 1]) + (x[j] - x[j ^ 1]);
            out.iter_mut().enumerate().for_each(|(j, out)| *out = doubled(j));
        });
        assert!((sharp.gain - 2.0).abs() < 0.02, "{sharp:?}");
        assert_eq!(sharp.warnings().len(), 1);
        assert!(sharp.warnings()[0].contains("2.00 times"), "{:?}", sharp.warnings());
    }

    #[test]
    fn offsets_and_wrong_scales_are_seen() {
        let offset = probe(|x, out| out.iter_mut().zip(x).for_each(|(out, x)| *out = 0.5 * x + 1.5));
        assert!((offset.gain - 0.5).abs() < 0.01 && offset.warnings().len() == 1, "{offset:?}");
        assert!((offset.scaling - 1.5 / 6.0).abs() < 0.02, "{offset:?}");
        let dark = probe(|x, out| out.iter_mut().zip(x).for_each(|(out, x)| *out = 0.01 * x));
        assert!((dark.level - 0.01).abs() < 1e-5 && dark.warnings()[0].contains("0.010 times"), "{dark:?}");
        // Nothing at all must not divide by zero on the way.
        let nothing = probe(|_, out| out.fill(0.0));
        assert!(nothing.gain == 0.0 && nothing.warnings().len() == 1, "{nothing:?}");
    }
}
