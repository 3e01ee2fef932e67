//! Line integrals of a phantom over one view.
//!
//! Emission: the mean over a bin's sub-lines of exp(−∫ µ dl) ∫ λ dl, shared among the TOF bins. Attenuation: the mean
//! of exp(−∫ µ dl). The two are averaged apart, as detectors do, so with several sub-lines the data differ from the
//! factorised model that reconstructions use.

use super::faces::Faces;
use super::timing::TimeKernel;
use super::{SimulateError, zeros};
use crate::phantom::{LineIntegrals, Phantom, Stretch, Tracer};
use crate::scanner::{Plane, SinogramGeometry, TransaxialLine};
use rayon::prelude::*;

/// Exact line integrals of a phantom over a sinogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// ∫ λ dl in Bq/mL · mm, shared among the TOF bins: `[view, radial, tof, plane]`.
    pub activity: Vec<f32>,
    /// exp(−∫ µ dl): `[view, radial, plane]`.
    pub attenuation: Vec<f32>,
}

/// Exact projection of a phantom: what any projector should find for its voxels, up to their size.
pub fn project(phantom: &Phantom, geometry: &SinogramGeometry) -> Result<Projection, SimulateError> {
    let mut activity = zeros(geometry.bins())?;
    let mut attenuation = zeros(geometry.lines())?;
    let (view_bins, view_lines) = (activity.len() / geometry.views, attenuation.len() / geometry.views);
    let tracer = ViewTracer::new(geometry, phantom, 1, Attenuation::Apart);
    let views = activity.par_chunks_mut(view_bins).zip(attenuation.par_chunks_mut(view_lines)).enumerate();
    views.for_each(|(view, (activity, attenuation))| tracer.trace(view, activity, attenuation));
    Ok(Projection { activity, attenuation })
}

/// What becomes of a phantom's attenuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attenuation {
    /// There is none.
    None,
    /// It weakens the emission.
    Applied,
    /// It is found, but leaves the emission alone.
    Apart,
}

/// Follows the lines of a geometry through a phantom.
pub(super) struct ViewTracer<'a> {
    geometry: &'a SinogramGeometry,
    phantom: &'a Phantom,
    faces: Faces,
    timing: Option<TimeKernel>,
    attenuation: Attenuation,
}

impl<'a> ViewTracer<'a> {
    pub fn new(
        geometry: &'a SinogramGeometry,
        phantom: &'a Phantom,
        sub_lines: usize,
        attenuation: Attenuation,
    ) -> Self {
        let timing = geometry.tof.as_ref().map(TimeKernel::new);
        Self { geometry, phantom, faces: Faces::new(geometry, sub_lines), timing, attenuation }
    }

    /// Fills `emission` `[radial, tof, plane]` and `attenuation` `[radial, plane]` of a view.
    pub fn trace(&self, view: usize, emission: &mut [f32], attenuation: &mut [f32]) {
        let [_, radial_bins, tof, planes] = self.geometry.shape();
        let mut tracer = self.phantom.tracer();
        let mut times = vec![0.0; tof];
        emission.fill(0.0);
        attenuation.fill(1.0);
        for radial in 0..radial_bins {
            let line = self.geometry.line(view, radial);
            if !tracer.narrow(line.a, line.b, self.faces.half_width_mm()) {
                continue;
            }
            let column = &mut emission[radial * tof * planes..(radial + 1) * tof * planes];
            let factors = &mut attenuation[radial * planes..(radial + 1) * planes];
            for (index, (plane, factor)) in self.geometry.all_planes().zip(factors).enumerate() {
                times.fill(0.0);
                *factor = self.bin(&mut tracer, &line, plane, &mut times) as f32;
                for (time, value) in times.iter().enumerate() {
                    column[time * planes + index] = *value as f32;
                }
            }
        }
    }

    /// Adds one bin's emission to `times`; returns its attenuation.
    fn bin(&self, tracer: &mut Tracer, line: &TransaxialLine, plane: &Plane, times: &mut [f64]) -> f64 {
        let share = 1.0 / self.faces.count() as f64;
        let mut mean = 0.0;
        for [a, b] in self.faces.lines(line, plane) {
            let stretches = tracer.stretches(a, b);
            if stretches.is_empty() {
                mean += share;
                continue;
            }
            let integrals = self.phantom.integrate(stretches);
            let weakened = share * (-integrals.attenuation).exp();
            let (factor, weight) = match self.attenuation {
                Attenuation::None => (share, share),
                Attenuation::Applied => (weakened, weakened),
                Attenuation::Apart => (weakened, share),
            };
            mean += factor;
            if integrals.activity > 0.0 {
                let length = (0..3).map(|axis| (b[axis] - a[axis]).powi(2)).sum::<f64>().sqrt();
                self.share(stretches, &integrals, 0.5 * length, weight, times);
            }
        }
        mean
    }

    fn share(&self, stretches: &[Stretch], all: &LineIntegrals, middle: f64, weight: f64, times: &mut [f64]) {
        let Some(timing) = &self.timing else {
            times[0] += weight * all.activity;
            return;
        };
        for stretch in stretches {
            let activity = self.phantom.activity(stretch.shape);
            if activity > 0.0 {
                timing.share(stretch.start_mm - middle, stretch.end_mm - middle, weight * activity, times);
            }
        }
    }
}
