//! A ridge regulariser as plain data.

use super::norm::spectral_bound;

/// Most filters.
const MOST_FILTERS: usize = 256;

/// Longest side of a filter, in voxels.
const LONGEST_SIDE: usize = 15;

/// Largest sum of a filter over the sum of its magnitudes: what rounding leaves of a zero mean.
const LARGEST_MEAN: f32 = 1e-4;

/// Largest L, with what rounding adds: R is scaled so that L is at most 1.
const LARGEST_LIPSCHITZ: f64 = 1.001;

/// Filters and the functions of their responses, for images whose body has a mean activity of 1.
#[derive(Clone, Debug, PartialEq)]
pub struct RidgeModel {
    /// Voxels of a filter along x, y, z.
    pub kernel: [usize; 3],
    /// The filters, `[filter, x, y, z]`.
    pub filters: Vec<f32>,
    /// Where σ has its knots: 0 < τ₀ < τ₁ < …
    pub knots: Vec<f32>,
    /// Slopes of σ before each knot, `[filter, knot]`; behind the last knot σ is constant.
    pub slopes: Vec<f32>,
}

/// What is wrong with a model: which part, what it is, what it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub field: &'static str,
    pub found: String,
    pub expected: String,
}

impl RidgeModel {
    /// Voxels of a filter.
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }

    /// Number of filters.
    pub fn channels(&self) -> usize {
        self.filters.len() / self.taps()
    }

    /// Slopes of one filter's σ.
    pub fn slopes_of(&self, channel: usize) -> &[f32] {
        &self.slopes[channel * self.knots.len()..(channel + 1) * self.knots.len()]
    }

    /// L: ∇R is Lipschitz continuous with max(L, L⁻), where L takes the greatest slopes and L⁻ the least ones.
    pub fn lipschitz(&self) -> f64 {
        self.bound(|slopes| slopes.iter().copied().fold(0.0, f32::max))
    }

    /// L⁻: R + ½ L⁻ ‖x‖² is convex. 0 where R is.
    pub fn concavity(&self) -> f64 {
        self.bound(|slopes| -slopes.iter().copied().fold(0.0, f32::min))
    }

    fn bound(&self, weight: impl Fn(&[f32]) -> f32) -> f64 {
        let weights: Vec<f32> = (0..self.channels()).map(|channel| weight(self.slopes_of(channel))).collect();
        spectral_bound(self.kernel, &self.filters, &weights)
    }

    /// The same R up to a factor, with max(L, L⁻) = 1 and zero means that hold to the last bit but one.
    pub fn normalised(mut self) -> Self {
        let (taps, middle) = (self.taps(), self.middle());
        for filter in self.filters.chunks_exact_mut(taps) {
            filter[middle] = 0.0;
            filter[middle] = -filter.iter().map(|&w| f64::from(w)).sum::<f64>() as f32;
        }
        let norm = self.lipschitz().max(self.concavity()).sqrt() as f32;
        if norm > 0.0 {
            self.filters.iter_mut().chain(&mut self.knots).for_each(|value| *value /= norm);
        }
        self
    }

    /// Place of the middle voxel of a filter.
    pub(super) fn middle(&self) -> usize {
        let [_, ky, kz] = self.kernel;
        let [x, y, z] = self.kernel.map(|side| side / 2);
        (x * ky + y) * kz + z
    }

    /// The first flaw, so that everything else may trust the numbers.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        let flaw = |field, found: String, expected: &str| Some(Flaw { field, found, expected: expected.into() });
        if self.kernel.iter().any(|&side| side.is_multiple_of(2) || side > LONGEST_SIDE) {
            return flaw(
                "kernel",
                format!("{:?}", self.kernel),
                &format!("odd sides of at most {LONGEST_SIDE} voxels"),
            );
        }
        if self.channels() == 0 || self.channels() > MOST_FILTERS {
            return flaw("filters", format!("{} filters", self.channels()), &format!("1 to {MOST_FILTERS}"));
        }
        if let Some(value) = self.filters.iter().find(|value| !value.is_finite()) {
            return flaw("filters", format!("a weight that is {value}"), "finite weights");
        }
        let mean = |filter: &[f32]| {
            filter.iter().sum::<f32>().abs() > LARGEST_MEAN * filter.iter().map(|w| w.abs()).sum::<f32>()
        };
        if let Some(channel) = self.filters.chunks_exact(self.taps()).position(mean) {
            return flaw("filters", format!("filter {channel} with a mean"), "filters of zero mean");
        }
        let rising = self.knots.iter().scan(0.0, |last, &knot| Some(std::mem::replace(last, knot) < knot)).all(|up| up);
        if self.knots.is_empty() || !rising || self.knots.iter().any(|knot| !knot.is_finite()) {
            return flaw("knots", format!("{:?}", self.knots), "finite numbers above zero, each greater than the last");
        }
        if let Some(slope) = self.slopes.iter().find(|slope| !(-1.0..=1.0).contains(*slope)) {
            return flaw("slopes", format!("a slope of {slope}"), "slopes from -1 to 1");
        }
        let lipschitz = self.lipschitz().max(self.concavity());
        (lipschitz > LARGEST_LIPSCHITZ).then(|| Flaw {
            field: "the Lipschitz constant of the gradient",
            found: format!("{lipschitz:.4}"),
            expected: "at most 1".into(),
        })
    }
}
