//! What PET data say of an image, as a periodic convolution F, and the noise that belongs to it.

use crate::algorithm::Fourier;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use rustfft::num_complex::Complex;

/// Least value of F̂, whose greatest is 1.
const LEAST: f32 = 1e-3;

/// A survey of images of one shape: F̂(f) = MTF(f)² / (1 + |f| / f₀), f in 1/voxel.
pub(super) struct Survey {
    shape: [usize; 3],
    fourier: Fourier,
    /// F̂, `[y, z, x]`
    spectrum: Vec<f32>,
}

impl Survey {
    /// A random resolution and f₀; F̂ is never below a thousandth. Where `planes` is set planes along z do not see each
    /// other.
    pub fn random(shape: [usize; 3], planes: bool, random: &mut impl Rng) -> Self {
        let fwhm = random.random_range(0.8_f64..1.8);
        let first = 1.0 / random.random_range(20.0_f64..60.0);
        // exp(−4 π² s² f²) is the square of a Gaussian's transfer function.
        let decay = (std::f64::consts::PI * fwhm).powi(2) / (2.0 * std::f64::consts::LN_2);
        Self::new(shape, planes, |f2| (((-decay * f2).exp() / (1.0 + f2.sqrt() / first)) as f32).max(LEAST))
    }

    /// Spectrum from the square of the frequency.
    pub fn new(shape: [usize; 3], planes: bool, spectrum: impl Fn(f64) -> f32) -> Self {
        let fourier = Fourier::new(shape, [0; 3]);
        assert_eq!(fourier.padded(), shape, "samples need sides without prime factors above 5");
        let frequency = |n: usize, side: usize| n.min(side - n) as f64 / side as f64;
        let [nx, ny, nz] = shape;
        let values = (0..nx * ny * nz).map(|n| {
            let [y, z, x] = [n / (nz * nx), n / nx % nz, n % nx];
            let z = if planes { 0.0 } else { frequency(z, nz) };
            spectrum(frequency(x, nx).powi(2) + frequency(y, ny).powi(2) + z.powi(2))
        });
        let spectrum = values.collect();
        Self { shape, fourier, spectrum }
    }

    /// F x
    pub fn apply(&self, x: &[f32]) -> Vec<f32> {
        self.filtered(x, |f| f)
    }

    /// F x + σ F^½ n
    pub fn seen(&self, x: &[f32], sigma: f32, random: &mut impl Rng) -> Vec<f32> {
        let noise: Vec<f32> = (0..x.len()).map(|_| StandardNormal.sample(random)).collect();
        let noise = self.filtered(&noise, f32::sqrt);
        self.apply(x).iter().zip(noise).map(|(x, noise)| x + sigma * noise).collect()
    }

    /// The spectrum of F + λ K, where K is the convolution with `kernel`, an image around voxel 0 with periodic
    /// borders: for what it divides, see [`Survey::divided`].
    pub fn plus(&self, lambda: f32, kernel: &[f32]) -> Vec<f32> {
        let kernel = self.fourier.transform(kernel);
        self.spectrum.iter().zip(kernel).map(|(f, k)| f + lambda * k.re.max(0.0)).collect()
    }

    /// x through the inverse of a spectrum.
    pub fn divided(&self, x: &[f32], spectrum: &[f32]) -> Vec<f32> {
        self.through(x, |n| 1.0 / spectrum[n])
    }

    fn filtered(&self, x: &[f32], f: impl Fn(f32) -> f32) -> Vec<f32> {
        self.through(x, |n| f(self.spectrum[n]))
    }

    fn through(&self, x: &[f32], factor: impl Fn(usize) -> f32) -> Vec<f32> {
        let mut spectrum = self.fourier.transform(x);
        let count = x.len() as f32;
        spectrum.iter_mut().enumerate().for_each(|(n, value)| *value *= Complex::from(factor(n) / count));
        let mut out = vec![0.0; self.shape.iter().product()];
        self.fourier.restore(spectrum, &mut out);
        out
    }
}
