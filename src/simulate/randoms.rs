//! Randoms: accidental coincidences, as many as the product of the two detectors' single rates.
//!
//! Uniform: the same on every line. Smooth: f(A) f(B), f the flux of single photons over its mean. From singles: f(A)
//! f(B) in photons² / (s mm²)².

use super::singles::Flux;
use super::{RandomsShape, SimulationConfig};
use crate::phantom::Phantom;
use crate::scanner::{Plane, SinogramGeometry};

/// Relative rate of randoms of any line.
#[derive(Clone, Debug)]
pub(super) struct Randoms<'a> {
    geometry: &'a SinogramGeometry,
    /// `None` for uniform randoms.
    flux: Option<Flux>,
}

impl<'a> Randoms<'a> {
    pub fn new(geometry: &'a SinogramGeometry, phantom: &Phantom, config: &SimulationConfig) -> Self {
        let flux = || Flux::new(&geometry.scanner, phantom);
        let flux = match (&config.singles, config.randoms_shape) {
            (Some(_), _) => Some(flux()),
            (None, RandomsShape::Smooth) => Some(flux().relative()),
            (None, RandomsShape::Uniform) => None,
        };
        Self { geometry, flux }
    }

    /// Rate along the planes of one (view, radial), summed over TOF.
    pub fn column(&self, view: usize, radial: usize, planes: &mut [f32]) {
        let Some(flux) = &self.flux else { return planes.fill(1.0) };
        let line = self.geometry.line(view, radial);
        let [a, b] = [line.a, line.b].map(|[x, y]| y.atan2(x));
        for (rate, Plane { z_mm, dz_mm, .. }) in planes.iter_mut().zip(self.geometry.all_planes()) {
            *rate = (flux.at(a, z_mm - 0.5 * dz_mm) * flux.at(b, z_mm + 0.5 * dz_mm)) as f32;
        }
    }
}
