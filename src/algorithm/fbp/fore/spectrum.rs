//! Two-dimensional transforms between sinograms over a full turn and their spectra `[ω >= 0, k]`, k contiguous.

use super::{Oblique, ParallelBeam};
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// The FFTs along s (zero-padded) and along φ.
pub(super) struct Transform {
    length: usize,
    turn: usize,
    along_s: [Arc<dyn Fft<f32>>; 2],
    along_phi: [Arc<dyn Fft<f32>>; 2],
}

impl Transform {
    pub fn new(beam: &ParallelBeam) -> Self {
        let (length, turn) = ((beam.bins + beam.bins / 4).next_power_of_two(), 2 * beam.views);
        let mut planner = FftPlanner::new();
        let mut both = |n| [planner.plan_fft_forward(n), planner.plan_fft_inverse(n)];
        Self { length, turn, along_s: both(length), along_phi: both(turn) }
    }

    /// Number of frequencies ω >= 0.
    pub fn radial(&self) -> usize {
        self.length / 2 + 1
    }

    /// Number of angular frequencies k.
    pub fn turn(&self) -> usize {
        self.turn
    }

    /// Distance of the frequencies ω in rad/mm.
    pub fn step(&self, beam: &ParallelBeam) -> f64 {
        std::f64::consts::TAU / (self.length as f64 * beam.bin_mm)
    }

    /// Spectra `[plane, ω, k]` of some planes of `parallel` (`[turn view, bin, plane]`), taken as transaxial integrals.
    pub fn planes(
        &self,
        chosen: &[Oblique],
        parallel: &[f32],
        planes: usize,
        beam: &ParallelBeam,
    ) -> Vec<Complex<f32>> {
        let mut spectra = vec![Complex::default(); chosen.len() * self.radial() * self.turn];
        spectra.par_chunks_mut(self.radial() * self.turn).zip(chosen).for_each(|(spectrum, oblique)| {
            let cosines: Vec<f32> = (0..beam.bins).map(|bin| beam.cosine(bin, oblique.dz_mm) as f32).collect();
            let mut line = vec![Complex::default(); self.length];
            for (w, view) in parallel.chunks(beam.bins * planes).enumerate() {
                line.fill(Complex::default());
                for ((z, bins), cosine) in line.iter_mut().zip(view.chunks(planes)).zip(&cosines) {
                    z.re = bins[oblique.plane] * cosine;
                }
                self.along_s[0].process(&mut line);
                line.iter().zip(spectrum.chunks_mut(self.turn)).for_each(|(z, row)| row[w] = *z);
            }
            self.along_phi[0].process(spectrum);
        });
        spectra
    }

    /// Direct sinograms `[view, bin, slice]` of the spectra `[ω, slice, k]`, which are used up.
    pub fn direct(&self, spectra: &mut [Complex<f32>], beam: &ParallelBeam, slices: usize) -> Vec<f32> {
        spectra.par_chunks_mut(self.turn).for_each(|row| self.along_phi[1].process(row));
        let spectra = &*spectra;
        let scale = 1.0 / (self.length * self.turn) as f32;
        let mut direct = vec![0.0; beam.views * beam.bins * slices];
        direct.par_chunks_mut(beam.bins * slices).enumerate().for_each(|(view, direct)| {
            let mut line = vec![Complex::default(); self.length];
            for slice in 0..slices {
                for (j, row) in spectra.chunks(slices * self.turn).enumerate() {
                    let z = row[slice * self.turn + view] * scale;
                    line[j] = z;
                    line[(self.length - j) % self.length] = z.conj();
                }
                line[0].im = 0.0;
                line[self.length / 2].im = 0.0;
                self.along_s[1].process(&mut line);
                line.iter().zip(direct.chunks_mut(slices)).for_each(|(z, bins)| bins[slice] = z.re);
            }
        });
        direct
    }
}
