//! Time of flight: the shares of a step that the TOF bins see.
//!
//! A Gaussian of standard deviation σ, truncated at ±3σ and renormalised, integrated over the bin: the bins of a line
//! sum to one. Bins are equally spaced, so the weights of the few bins that see a step depend on where it lies between
//! two bin centres alone: they are one short row of a table.

use super::Walk;
use std::ops::Range;

/// The TOF bins of a sinogram and the table of their weights.
#[derive(Clone, Debug)]
pub struct TofKernel {
    bins: usize,
    width_mm: f64,
    sigma_mm: f64,
    /// Bins below the one under a step that see it.
    below: usize,
    /// Bins of a row: those that see a step, filled up with zeros to whole windows.
    row: usize,
    /// Weights of the bins −below, 1 − below, … for a step that lies 0, 1/RESOLUTION, … 1 above bin 0.
    table: Vec<f32>,
}

/// Continuous TOF bin position `start + t · step` of step t along a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Track {
    start: f64,
    pub(super) step: f64,
}

/// Table entries per bin width; linear interpolation between them is exact to about 1e-6.
const RESOLUTION: f64 = 256.0;

/// Steps whose positions are worked out together.
const TOGETHER: usize = 8;

/// Bins that a kernel keeps in registers.
pub(super) const WINDOW: usize = 8;

/// Most bins, and the most that three standard deviations reach over.
const MOST_BINS: usize = 1 << 16;
const MOST_REACH: f64 = 4096.0;

/// Bins are counted from the middle of a line up to here.
const MOST_POSITION: f64 = (1 << 30) as f64;

impl TofKernel {
    /// `bins` bins of `width_mm` along the line, the middle of which lies at the middle of the line.
    ///
    /// # Panics
    /// Where widths are no positive numbers, there is no bin or more than 2¹⁶, or 3σ reach over more than 2¹² of them.
    pub fn new(bins: usize, width_mm: f64, sigma_mm: f64) -> Self {
        let positive = [width_mm, sigma_mm].iter().all(|mm| mm.is_finite() && *mm > 0.0);
        let fits = (1..=MOST_BINS).contains(&bins) && 3.0 * sigma_mm <= MOST_REACH * width_mm;
        assert!(positive && fits, "{bins} TOF bins of {width_mm} mm, with a standard deviation of {sigma_mm} mm");
        let mut kernel = Self { bins, width_mm, sigma_mm, below: 0, row: 0, table: Vec::new() };
        kernel.below = kernel.reach() as usize;
        kernel.row = (2 * kernel.below + 2).next_multiple_of(WINDOW);
        let (row, below) = (kernel.row, kernel.below as f64);
        let weight = |n: usize| {
            let distance = (n % row) as f64 - below - (n / row) as f64 / RESOLUTION;
            kernel.weight(distance * width_mm) as f32
        };
        kernel.table = (0..row * (RESOLUTION as usize + 1)).map(weight).collect();
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
        let cumulative = |edge: f64| libm::erf((edge / self.sigma_mm).clamp(-limit, limit) / std::f64::consts::SQRT_2);
        let (low, high) = (distance_mm.abs() - 0.5 * self.width_mm, distance_mm.abs() + 0.5 * self.width_mm);
        0.5 * (cumulative(high) - cumulative(low)) / libm::erf(limit / std::f64::consts::SQRT_2)
    }

    /// Distance in bins beyond which a bin sees nothing.
    fn reach(&self) -> f64 {
        3.0 * self.sigma_mm / self.width_mm + 0.5
    }

    /// Panics where steps of a block lie so many bins from the middle of their line that these cannot be counted.
    #[inline(always)]
    pub(super) fn check(&self, track: Track, from: usize, to: usize) {
        let counts = |step: usize| (track.start + track.step * step as f64).abs() <= MOST_POSITION;
        assert!(counts(from) && counts(to + TOGETHER), "TOF bins of {} mm are too many: {track:?}", self.width_mm);
    }

    /// Weights of a step.
    pub(super) fn row(&self) -> usize {
        self.row
    }

    /// Writes `scale` times the weights of the steps `from..` into rows, and the first bin of each row.
    #[inline(always)]
    pub(super) fn fill(&self, track: Track, scale: f32, from: usize, rows: &mut [f32], firsts: &mut [i32]) {
        match self.row / WINDOW {
            1 => self.fill_windows::<1>(track, scale, from, rows, firsts),
            2 => self.fill_windows::<2>(track, scale, from, rows, firsts),
            _ => self.fill_windows::<0>(track, scale, from, rows, firsts),
        }
    }

    /// The same for rows of W windows; of any number for 0.
    #[inline(always)]
    fn fill_windows<const W: usize>(
        &self,
        track: Track,
        scale: f32,
        from: usize,
        rows: &mut [f32],
        firsts: &mut [i32],
    ) {
        let row = if W > 0 { W * WINDOW } else { self.row };
        assert!(rows.len() == firsts.len() * row && row == self.row);
        let below = self.below as i32;
        for (chunk, firsts) in firsts.chunks_mut(TOGETHER).enumerate() {
            let (mut bins, mut lows, mut shares) = ([0; TOGETHER], [0; TOGETHER], [0.0; TOGETHER]);
            for s in 0..TOGETHER {
                // From the step's own number, so that it is the same bits whichever steps go together.
                let position = track.start + track.step * f64::from((from + chunk * TOGETHER + s) as i32);
                // SAFETY: the track was checked: a step lies less than 2³¹ bins from the middle of its line.
                let whole = unsafe { position.to_int_unchecked::<i32>() };
                let bin = whole - i32::from(f64::from(whole) > position);
                let at = ((position - f64::from(bin)) * RESOLUTION) as f32;
                // SAFETY: `at` lies between 0 and RESOLUTION. Rounding may make of a hair below a bin the bin itself.
                let low = unsafe { at.to_int_unchecked::<i32>() }.min(RESOLUTION as i32 - 1);
                (bins[s], lows[s], shares[s]) = (bin - below, low, at - low as f32);
            }
            firsts.copy_from_slice(&bins[..firsts.len()]);
            for s in 0..firsts.len() {
                let share = scale * shares[s];
                for part in (0..row).step_by(WINDOW) {
                    // SAFETY: two rows of the table begin at `low`, rows are whole windows, and there are as many as
                    // first bins. By value: the compiler must see that they are not written meanwhile.
                    unsafe {
                        let from = self.table.as_ptr().add(lows[s] as usize * row + part);
                        let (lower, upper) = (*from.cast::<[f32; WINDOW]>(), *from.add(row).cast::<[f32; WINDOW]>());
                        let weights = std::array::from_fn(|k| (scale - share) * lower[k] + share * upper[k]);
                        let to = rows.as_mut_ptr().add((chunk * TOGETHER + s) * row + part);
                        *to.cast::<[f32; WINDOW]>() = weights;
                    }
                }
            }
        }
    }

    /// The bins in the rows of some steps.
    #[inline(always)]
    pub(super) fn rows(&self, track: Track, steps: &Range<usize>) -> Range<usize> {
        let ends = [steps.start, steps.end - 1].map(|step| (track.start + track.step * step as f64).floor() as i64);
        let (low, high) = (ends[0].min(ends[1]) - self.below as i64, ends[0].max(ends[1]) - self.below as i64);
        // A bin more on both sides, as positions are rounded in another way where the rows are filled.
        let bin = |bin: i64| bin.clamp(0, self.bins as i64) as usize;
        bin(low - 1)..bin(high + self.row as i64 + 1)
    }

    /// Bin positions along the lines that rise by `dz_mm` between their detectors.
    #[inline(always)]
    pub(super) fn track(&self, walk: &Walk, dz_mm: f64) -> Track {
        let length_mm = walk.length(dz_mm);
        let start = self.position((walk.share(0) - 0.5) * length_mm);
        Track { start, step: walk.share_step * length_mm / self.width_mm }
    }

    /// Continuous bin position of a point `mm` from the middle of the line.
    #[inline(always)]
    fn position(&self, mm: f64) -> f64 {
        mm / self.width_mm + 0.5 * (self.bins as f64 - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Narrow bins are the Gaussian itself, width / (√2π σ) exp(−t²/2σ²) over the 0.997300 that lies within ±3σ, and
    /// nothing beyond.
    #[test]
    fn weights_end_at_three_standard_deviations() {
        let kernel = TofKernel::new(201, 0.01, 10.0);
        for (distance, expected) in [(0.0, 1.0), (10.0, 0.606_530_66), (26.0, 0.034_047_455), (29.9, 0.011_446_754)] {
            let expected = 0.01 / (10.0 * 2.506_628_275) * expected / 0.997_300_203_9;
            for side in [-1.0, 1.0] {
                let found = kernel.weight(side * distance);
                assert!((found / expected - 1.0).abs() < 1e-4, "{distance} mm: {found} {expected}");
            }
        }
        assert_eq!(kernel.weight(30.1), 0.0);
    }

    #[test]
    fn the_weights_of_a_step_do_not_depend_on_where_its_block_begins() {
        let kernel = TofKernel::new(29, 25.4, 24.5);
        for n in 0..2000 {
            // Steps on the centres of bins, or a rounding beside them.
            let track = Track { start: 0.1 * f64::from(n % 50), step: 0.1 * f64::from(1 + n / 50) };
            let of = |from: usize| {
                let (mut rows, mut firsts) = (vec![0.0; (40 - from) * kernel.row()], vec![0; 40 - from]);
                kernel.fill(track, 1.3, from, &mut rows, &mut firsts);
                (rows, firsts)
            };
            let (rows, firsts) = of(0);
            for from in [1, 7, 23] {
                let own = of(from);
                assert!(own.0 == rows[from * kernel.row()..] && own.1 == firsts[from..], "{track:?} from {from}");
            }
        }
    }

    #[test]
    fn bins_of_a_point_sum_to_one_and_the_table_is_exact() {
        let kernel = TofKernel::new(29, 25.4, 24.5);
        for position in [-33.0, 0.0, 7.3, 12.7] {
            let exact: f64 = (0..29).map(|bin| kernel.weight(kernel.centre_mm(bin) - position)).sum();
            assert!((exact - 1.0).abs() < 1e-12);
            let (mut row, mut first) = (vec![f32::NAN; kernel.row()], [0]);
            let track = Track { start: kernel.position(position), step: 0.0 };
            kernel.fill(track, 2.0, 0, &mut row, &mut first);
            for bin in 0..29 {
                let found =
                    usize::try_from(bin - first[0]).ok().and_then(|n| row.get(n)).map_or(0.0, |w| f64::from(*w));
                let exact = 2.0 * kernel.weight(kernel.centre_mm(bin as usize) - position);
                assert!((found - exact).abs() < 6e-6, "bin {bin}: {found} is not {exact}");
            }
        }
    }
}
