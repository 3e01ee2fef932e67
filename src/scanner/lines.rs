//! Transaxial lines: the two end points of each (view, radial) pair.

use super::{Plane, RadialSampling, SinogramGeometry};

/// The transaxial part of a line of response, from detector A to detector B, in mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransaxialLine {
    /// Detector A, the first crystal of the pair.
    pub a: [f64; 2],
    /// Detector B.
    pub b: [f64; 2],
}

impl TransaxialLine {
    /// Length in mm.
    pub fn length_mm(&self) -> f64 {
        (self.b[0] - self.a[0]).hypot(self.b[1] - self.a[1])
    }

    /// Signed distance s from the axis and view angle φ: s = x cos φ + y sin φ on the whole line (STIR's convention).
    pub fn distance_and_angle(&self) -> (f64, f64) {
        let [dx, dy] = [self.b[0] - self.a[0], self.b[1] - self.a[1]];
        let length = dx.hypot(dy);
        // From A to B the direction is (−sin φ, cos φ).
        let (cos, sin) = (dy / length, -dx / length);
        (self.a[0] * cos + self.a[1] * sin, sin.atan2(cos))
    }
}

/// The two crystals of an unmashed (view, tangential) pair, before taking them modulo the ring:
/// d₁ = v + ⌊t/2⌋, d₂ = v − ⌊(t+1)/2⌋ + N/2.
pub(super) fn crystal_pair(crystals: usize, view: usize, tangential: i64) -> [i64; 2] {
    let (view, half) = (view as i64, crystals as i64 / 2);
    [view + tangential.div_euclid(2), view - (tangential + 1).div_euclid(2) + half]
}

impl SinogramGeometry {
    /// End points of the transaxial line of a (view, radial) pair.
    ///
    /// Crystal sampling: the mean position of the crystals of the mashed views. Arc-corrected: φ = view·π/views + tilt
    /// (plus half the mashing), s = (radial − ⌊n/2⌋)·bin size, ended on the detector circle.
    pub fn line(&self, view: usize, radial: usize) -> TransaxialLine {
        let tangential = radial as i64 - (self.radial_bins / 2) as i64;
        match self.sampling {
            RadialSampling::Crystals => self.crystal_line(view, tangential),
            RadialSampling::ArcCorrected { bin_mm } => {
                let s = tangential as f64 * bin_mm;
                let (sin, cos) = self.view_angle_rad(view).sin_cos();
                let half = (self.scanner.effective_radius_mm().powi(2) - s * s).max(0.0).sqrt();
                TransaxialLine {
                    a: [s * cos + half * sin, s * sin - half * cos],
                    b: [s * cos - half * sin, s * sin + half * cos],
                }
            }
        }
    }

    /// End points `[A, B]` of the line of response of (view, radial, plane) in mm.
    pub fn line_of_response(&self, view: usize, radial: usize, plane: &Plane) -> [[f64; 3]; 2] {
        let TransaxialLine { a, b } = self.line(view, radial);
        [[a[0], a[1], plane.z_mm - 0.5 * plane.dz_mm], [b[0], b[1], plane.z_mm + 0.5 * plane.dz_mm]]
    }

    /// Angle φ of a view of equispaced views, in radians.
    pub fn view_angle_rad(&self, view: usize) -> f64 {
        let step = std::f64::consts::PI / self.views as f64;
        let unmashed = std::f64::consts::TAU / self.scanner.crystals_per_ring as f64;
        // Views that are no mashed crystal views (arc-corrected data of any number of views) start at the tilt itself.
        let whole = self.scanner.crystals_per_ring.is_multiple_of(2 * self.views);
        let mashing = if whole { self.mashing() } else { 1 };
        view as f64 * step + self.scanner.tilt_rad + 0.5 * (mashing as f64 - 1.0) * unmashed
    }

    fn crystal_line(&self, view: usize, tangential: i64) -> TransaxialLine {
        let mashing = self.mashing();
        let mut ends = [[0.0; 2]; 2];
        for unmashed in view * mashing..(view + 1) * mashing {
            let pair = crystal_pair(self.scanner.crystals_per_ring, unmashed, tangential);
            for (end, crystal) in ends.iter_mut().zip(pair) {
                let [x, y] = self.scanner.crystal_mm(crystal);
                end[0] += x / mashing as f64;
                end[1] += y / mashing as f64;
            }
        }
        TransaxialLine { a: ends[0], b: ends[1] }
    }

    /// The unmashed views of a (view, radial) pair and the crystals `[A, B]` of each; none for arc-corrected data.
    pub fn crystal_pairs(&self, view: usize, radial: usize) -> impl Iterator<Item = (usize, [usize; 2])> {
        let crystals = self.scanner.crystals_per_ring;
        let tangential = radial as i64 - (self.radial_bins / 2) as i64;
        let views = match self.sampling {
            RadialSampling::Crystals => view * self.mashing()..(view + 1) * self.mashing(),
            RadialSampling::ArcCorrected { .. } => 0..0,
        };
        views.map(move |view| {
            let pair = crystal_pair(crystals, view, tangential);
            (view, pair.map(|d| d.rem_euclid(crystals as i64) as usize))
        })
    }

    /// The crystals of a (view, radial) pair of unmashed data, `None` for mashed or arc-corrected data.
    pub fn crystals(&self, view: usize, radial: usize) -> Option<[usize; 2]> {
        let crystals = self.scanner.crystals_per_ring;
        (self.sampling == RadialSampling::Crystals && self.mashing() == 1).then(|| {
            let tangential = radial as i64 - (self.radial_bins / 2) as i64;
            crystal_pair(crystals, view, tangential).map(|d| d.rem_euclid(crystals as i64) as usize)
        })
    }
}
