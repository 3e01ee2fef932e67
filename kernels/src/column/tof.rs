//! Time of flight: the share of a step that each TOF bin sees.
//!
//! A Gaussian of standard deviation σ, truncated at ±3σ and renormalised, integrated over the bin: the bins of a line sum to
//! one. Bins are equally spaced, so the weight depends on (bin − position / width) alone and is read from one table.

use super::{Run, Walk};

/// The TOF bins of a sinogram and the table of their weights.
#[derive(Clone, Debug)]
pub struct TofKernel {
    bins: usize,
    width_mm: f64,
    sigma_mm: f64,
    /// Weight at distances 0, 1/RESOLUTION, 2/RESOLUTION, … bins from the centre of a bin; two zeros at the end.
    table: Vec<f32>,
}

/// Continuous TOF bin position `start + t · step` of step t along a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Track {
    start: f64,
    step: f64,
}

/// Table entries per bin width; linear interpolation between them is exact to about 1e-6.
const RESOLUTION: f64 = 256.0;

impl TofKernel {
    /// `bins` bins of `width_mm` along the line, the middle of which lies at the middle of the line.
    pub fn new(bins: usize, width_mm: f64, sigma_mm: f64) -> Self {
        let mut kernel = Self { bins, width_mm, sigma_mm, table: Vec::new() };
        let entries = (kernel.reach() * RESOLUTION).ceil() as usize + 2;
        kernel.table = (0..entries).map(|i| kernel.weight(i as f64 / RESOLUTION * width_mm) as f32).collect();
        kernel
    }

    /// Number of bins.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Centre of a bin in mm from the middle of the line, positive towards detector B.
    pub fn centre_mm(&self, bin: usize) -> f64 {
        (bin as f64 - 0.5 * (self.bins as f64 - 1.0)) * self.width_mm
    }

    /// Share of an event that a bin sees when its centre lies `distance_mm` away: the exact value.
    pub fn weight(&self, distance_mm: f64) -> f64 {
        let limit = 3.0;
        let cumulative = |edge: f64| erf((edge / self.sigma_mm).clamp(-limit, limit) / std::f64::consts::SQRT_2);
        let (low, high) = (distance_mm.abs() - 0.5 * self.width_mm, distance_mm.abs() + 0.5 * self.width_mm);
        0.5 * (cumulative(high) - cumulative(low)) / erf(limit / std::f64::consts::SQRT_2)
    }

    /// Distance in bins beyond which a bin sees nothing.
    fn reach(&self) -> f64 {
        3.0 * self.sigma_mm / self.width_mm + 0.5
    }

    /// The steps `from..to` that reach a bin.
    pub(super) fn steps(&self, bin: usize, track: Track, from: usize, to: usize) -> std::ops::Range<usize> {
        let reach = self.reach();
        let distance = bin as f64 - track.start;
        if track.step == 0.0 {
            return if distance.abs() < reach { from..to } else { from..from };
        }
        let ends = [(distance - reach) / track.step, (distance + reach) / track.step];
        let low = ends[0].min(ends[1]).ceil().clamp(from as f64, to as f64) as usize;
        let high = (ends[0].max(ends[1]).floor() + 1.0).clamp(from as f64, to as f64) as usize;
        low..high.max(low)
    }

    /// Writes the weights of the steps `from..` of a bin, the last step first if `backwards`.
    pub(super) fn fill(&self, bin: usize, track: Track, from: usize, backwards: bool, weights: &mut [f32]) {
        // A step's weight is worked out from its own number, so that it is the same whichever steps go together.
        let start = ((bin as f64 - track.start) * RESOLUTION) as f32;
        let step = (track.step * RESOLUTION) as f32;
        let end = (self.table.len() - 2) as f32;
        let last = from + weights.len() - 1;
        for (s, weight) in weights.iter_mut().enumerate() {
            let t = if backwards { last - s } else { from + s };
            let at = (start - step * t as f32).abs().min(end);
            let low = at as usize;
            let share = at - low as f32;
            *weight = (1.0 - share) * self.table[low] + share * self.table[low + 1];
        }
    }

    /// Bin positions along the lines of a run.
    pub(super) fn track(&self, walk: &Walk, run: &Run) -> Track {
        let length_mm = walk.length_mm.hypot(run.dz_mm);
        let start = self.position((walk.share(0) - 0.5) * length_mm);
        Track { start, step: walk.share_step * length_mm / self.width_mm }
    }

    /// Continuous bin position of a point `mm` from the middle of the line.
    fn position(&self, mm: f64) -> f64 {
        mm / self.width_mm + 0.5 * (self.bins as f64 - 1.0)
    }
}

/// The error function, to 1e-15: its Taylor series below 3, the continued fraction of erfc above (Abramowitz & Stegun
/// 7.1.5, 7.1.14).
pub fn erf(x: f64) -> f64 {
    let square = x * x;
    if x.abs() < 3.0 {
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        while term.abs() > 1e-17 * sum.abs() {
            n += 1.0;
            term *= -square / n;
            sum += term / (2.0 * n + 1.0);
        }
        return sum * std::f64::consts::FRAC_2_SQRT_PI;
    }
    let mut fraction = 0.0;
    for n in (1..60).rev() {
        fraction = 0.5 * n as f64 / (x.abs() + fraction);
    }
    let complement = (-square).exp() / (x.abs() + fraction) * 0.5 * std::f64::consts::FRAC_2_SQRT_PI;
    (1.0 - complement).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erf_has_its_tabulated_values() {
        for (x, value) in [(0.5, 0.520_499_877_813_046_5), (1.5, 0.966_105_146_475_310_8), (3.5, 0.999_999_256_901_628)]
        {
            assert!((erf(x) - value).abs() < 1e-12, "erf({x}) = {}", erf(x));
            assert_eq!(erf(-x), -erf(x));
        }
    }

    #[test]
    fn bins_of_a_point_sum_to_one_and_the_table_is_exact() {
        let kernel = TofKernel::new(29, 25.4, 24.5);
        for position in [-33.0, 0.0, 7.3, 12.7] {
            let exact: f64 = (0..29).map(|bin| kernel.weight(kernel.centre_mm(bin) - position)).sum();
            assert!((exact - 1.0).abs() < 1e-12);
            for bin in 0..29 {
                let mut weight = [f32::NAN];
                kernel.fill(bin, Track { start: kernel.position(position), step: 0.0 }, 0, false, &mut weight);
                let exact = kernel.weight(kernel.centre_mm(bin) - position);
                assert!((weight[0] as f64 - exact).abs() < 3e-6, "bin {bin}: {weight:?} is not {exact}");
            }
        }
    }
}
