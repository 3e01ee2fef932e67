//! Equispaced parallel beams, and how the crystals' lines become them.
//!
//! Even and odd tangential positions of a crystal-sampled view differ by half a view step, and a view's distances s
//! bunch towards the edge (more so with flat sides). For each target angle every radial position is first interpolated
//! between the two views around that angle, which gives its s as well; the target distances are then interpolated
//! between radial positions.

use super::FbpError;
use super::corrected::mirrored;
use crate::scanner::{RadialSampling, SinogramGeometry};
use std::f64::consts::{PI, TAU};

/// Views over 180° and an odd number of bins, the middle one at s = 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ParallelBeam {
    /// Views over 180°.
    pub views: usize,
    /// Bins, an odd number.
    pub bins: usize,
    /// Distance between bins in mm.
    pub bin_mm: f64,
    /// φ of view 0.
    pub first_angle_rad: f64,
    /// Radius at which lines end, in mm.
    pub radius_mm: f64,
}

impl ParallelBeam {
    /// The beam of a sinogram: its views, its finest radial spacing at the centre, as far out as both ends are sampled.
    pub fn of(geometry: &SinogramGeometry) -> Result<Self, FbpError> {
        let [views, radial_bins, _, _] = geometry.shape();
        if views < 4 || radial_bins < 4 {
            return Err(FbpError::TooFew { radial_bins, views });
        }
        let (low, middle) = (1 - radial_bins % 2, radial_bins / 2);
        let s = |view, radial| geometry.line(view, radial).distance_and_angle().0;
        let edge = (-s(0, low)).min(s(0, radial_bins - 1));
        let bin_mm = match geometry.sampling {
            RadialSampling::ArcCorrected { bin_mm } => bin_mm,
            RadialSampling::Crystals => {
                // Views across a block gap are wider at the centre; the floor keeps odd layouts from absurd sizes.
                let spacing = |view| 0.5 * (s(view, middle + 1) - s(view, middle - 1));
                (0..views).map(spacing).fold(f64::INFINITY, f64::min).max(0.5 * edge / radial_bins as f64)
            }
        };
        if !(bin_mm > 0.0 && edge >= bin_mm) {
            return Err(FbpError::RadialSpacing { bin_mm, edge_mm: edge });
        }
        Ok(Self {
            views,
            bins: 2 * (edge / bin_mm + 1e-6) as usize + 1,
            bin_mm,
            first_angle_rad: geometry.view_angle_rad(0),
            radius_mm: geometry.scanner.effective_radius_mm(),
        })
    }

    /// φ of a view.
    pub fn angle_rad(&self, view: usize) -> f64 {
        self.first_angle_rad + view as f64 * PI / self.views as f64
    }

    /// s of a bin.
    pub fn s_mm(&self, bin: usize) -> f64 {
        (bin as f64 - (self.bins / 2) as f64) * self.bin_mm
    }

    /// Largest |s|.
    pub fn edge_mm(&self) -> f64 {
        (self.bins / 2) as f64 * self.bin_mm
    }

    /// Transaxial length over true length of a line at `bin` whose ends are `dz_mm` apart.
    pub fn cosine(&self, bin: usize, dz_mm: f64) -> f64 {
        let length = 2.0 * (self.radius_mm.powi(2) - self.s_mm(bin).powi(2)).max(0.0).sqrt();
        length / length.hypot(dz_mm).max(f64::MIN_POSITIVE)
    }
}

/// The lines of a full turn as measured: (s, φ) of each `[turn view, radial]`.
pub(super) struct MeasuredLines {
    radial_bins: usize,
    lines: Vec<(f64, f64)>,
}

/// Rows `turn view · radial bins + radial` of a sinogram and their weights.
pub(super) type Blend = [(usize, f32); 4];

impl MeasuredLines {
    /// The lines of a geometry over a full turn.
    pub fn of(geometry: &SinogramGeometry) -> Self {
        let [views, radial_bins, _, _] = geometry.shape();
        let directed = |w: usize, radial: usize| {
            if w < views {
                return geometry.line(w, radial).distance_and_angle();
            }
            let Some(mirrored) = mirrored(radial, radial_bins) else { return (f64::NAN, f64::NAN) };
            let (s, phi) = geometry.line(w - views, mirrored).distance_and_angle();
            (-s, phi + PI)
        };
        let places = (0..2 * views).flat_map(|w| (0..radial_bins).map(move |radial| (w, radial)));
        Self { radial_bins, lines: places.map(|(w, radial)| directed(w, radial)).collect() }
    }

    /// What each bin of the beam's turn view `w` is blended from; `None` beyond the measured lines.
    pub fn blends(&self, beam: &ParallelBeam, w: usize) -> Vec<Option<Blend>> {
        // The first bin of an even number has no counterpart in the other half of the turn.
        let low = 1 - self.radial_bins % 2;
        let seen: Vec<_> = (low..self.radial_bins).map(|radial| self.at_angle(beam.angle_rad(w), w, radial)).collect();
        let target = |bin| {
            let s = beam.s_mm(bin);
            let right = seen.partition_point(|&(seen, _)| seen < s - 1e-9 * beam.bin_mm);
            if right == seen.len() {
                return None;
            }
            let left = right.saturating_sub(1);
            let ((s0, near), (s1, far)) = (seen[left], seen[right]);
            let share = if s1 - s0 > 1e-9 * beam.bin_mm { (s - s0) / (s1 - s0) } else { 0.0 };
            let inside = (-1e-6..=1.0 + 1e-6).contains(&share);
            let part = |(row, weight): (usize, f64), share: f64| (row, (weight * share) as f32);
            inside.then(|| {
                [part(near[0], 1.0 - share), part(near[1], 1.0 - share), part(far[0], share), part(far[1], share)]
            })
        };
        (0..beam.bins).map(target).collect()
    }

    /// s of a radial position at angle φ near turn view `w`, and the two rows around φ with their weights.
    fn at_angle(&self, phi: f64, w: usize, radial: usize) -> (f64, [(usize, f64); 2]) {
        let turn = self.lines.len() / self.radial_bins;
        let row = |w: i64| w.rem_euclid(turn as i64) as usize * self.radial_bins + radial;
        let ahead = |w: i64| (self.lines[row(w)].1 - phi + PI).rem_euclid(TAU) - PI;
        let mut before = w as i64;
        for _ in 0..turn {
            if ahead(before) > 1e-9 {
                before -= 1;
            } else if ahead(before + 1) <= 1e-9 {
                before += 1;
            } else {
                break;
            }
        }
        let (a0, a1) = (ahead(before), ahead(before + 1));
        let share = (-a0 / (a1 - a0)).clamp(0.0, 1.0);
        let rows = [row(before), row(before + 1)];
        let s = (1.0 - share) * self.lines[rows[0]].0 + share * self.lines[rows[1]].0;
        (s, [(rows[0], 1.0 - share), (rows[1], share)])
    }
}
