//! Ramp filter along s: q = p ∗ h · Δs, with h the ramp |f| cut at the Nyquist frequency and sampled in real space,
//! h(0) = 1/(4Δs²), h(n) = −1/(π n Δs)² for odd n, 0 for even n (Kak & Slaney 1988, eq. 3.61). Its transform, unlike a
//! sampled |f|, keeps the right mean. Multiplied by the window; zero-padded to at least twice the bins.

use super::{DirectSinograms, Window};
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Filters all slices in place; `cutoff` is a fraction of the Nyquist frequency.
pub(super) fn filter(direct: &mut DirectSinograms, window: Window, cutoff: f64) {
    let (bins, slices) = (direct.beam.bins, direct.slices.z_mm.len());
    let ramp = Ramp::new(bins, direct.beam.bin_mm, window, cutoff);
    direct.values.par_chunks_mut(bins * slices).for_each_init(
        || vec![Complex::default(); ramp.response.len()],
        |line, view| (0..slices).step_by(2).for_each(|slice| ramp.apply(view, slices, slice, line)),
    );
}

struct Ramp {
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    response: Vec<f32>,
}

impl Ramp {
    fn new(bins: usize, bin_mm: f64, window: Window, cutoff: f64) -> Self {
        let length = (2 * bins).next_power_of_two();
        let mut planner = FftPlanner::new();
        Self {
            forward: planner.plan_fft_forward(length),
            inverse: planner.plan_fft_inverse(length),
            response: response(length, bin_mm, window, cutoff),
        }
    }

    /// Two slices at once, one as the real and one as the imaginary part: the response is real and even.
    fn apply(&self, view: &mut [f32], slices: usize, slice: usize, line: &mut [Complex<f32>]) {
        line.fill(Complex::default());
        let second = (slice + 1 < slices).then_some(slice + 1);
        for (z, bins) in line.iter_mut().zip(view.chunks(slices)) {
            *z = Complex::new(bins[slice], second.map_or(0.0, |second| bins[second]));
        }
        self.forward.process(line);
        line.iter_mut().zip(&self.response).for_each(|(z, r)| *z *= r);
        self.inverse.process(line);
        for (z, bins) in line.iter().zip(view.chunks_mut(slices)) {
            bins[slice] = z.re;
            if let Some(second) = second {
                bins[second] = z.im;
            }
        }
    }
}

/// Frequency response of the windowed ramp in 1/mm, over the FFT length so that no scaling is left to do.
fn response(length: usize, bin_mm: f64, window: Window, cutoff: f64) -> Vec<f32> {
    let tap = |n: usize| match n.min(length - n) {
        0 => 0.25 / bin_mm.powi(2),
        n if n % 2 == 1 => -1.0 / (std::f64::consts::PI * n as f64 * bin_mm).powi(2),
        _ => 0.0,
    };
    let mut taps: Vec<Complex<f64>> = (0..length).map(|n| Complex::new(tap(n), 0.0)).collect();
    FftPlanner::new().plan_fft_forward(length).process(&mut taps);
    let windowed = |(j, z): (usize, &Complex<f64>)| {
        let fraction = j.min(length - j) as f64 / (length / 2) as f64;
        (z.re * bin_mm * window.at(fraction / cutoff) / length as f64) as f32
    };
    taps.iter().enumerate().map(windowed).collect()
}
