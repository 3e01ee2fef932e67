//! From a scanner's sensitivity to counts per (Bq/mL · mm).

use super::efficiency::Efficiencies;
use crate::scanner::{Plane, SinogramGeometry, TransaxialLine};
use rayon::prelude::*;

const RADIUS_MM: f64 = 10.0;

/// Counts per second and (Bq/mL · mm) at which a ball of 20 mm, 1 Bq/mL, at the centre counts with the stated
/// sensitivity: the ball's true rate over Σ ε · chord, all lines.
pub(super) fn calibration(geometry: &SinogramGeometry, efficiencies: &Efficiencies, cps_per_kbq: f64) -> f64 {
    let ball_kbq = 4.0 / 3.0 * std::f64::consts::PI * RADIUS_MM.powi(3) / 1e6;
    let views = (0..geometry.views).into_par_iter();
    let seen: Vec<f64> = views.map(|view| ball_in_view(geometry, efficiencies, view)).collect();
    cps_per_kbq * ball_kbq / seen.iter().sum::<f64>()
}

fn ball_in_view(geometry: &SinogramGeometry, efficiencies: &Efficiencies, view: usize) -> f64 {
    let mut efficiency = vec![0.0; geometry.planes()];
    let mut sum = 0.0;
    for radial in 0..geometry.radial_bins {
        let line = geometry.line(view, radial);
        if line.distance_and_angle().0.abs() < RADIUS_MM {
            efficiencies.column(view, radial, &mut efficiency);
            let chords = geometry.all_planes().map(|plane| ball_chord(&line, plane));
            sum += chords.zip(&efficiency).map(|(chord, &efficiency)| chord * f64::from(efficiency)).sum::<f64>();
        }
    }
    sum
}

/// Chord of the ball in mm.
fn ball_chord(line: &TransaxialLine, plane: &Plane) -> f64 {
    let (length, s) = (line.length_mm(), line.distance_and_angle().0);
    let along = line.a[0] * (line.b[0] - line.a[0]) + line.a[1] * (line.b[1] - line.a[1]);
    // z where the line passes the axis; tilted, it passes the centre at a distance of z cos θ.
    let z = plane.z_mm - plane.dz_mm * (0.5 + along / (length * length));
    let cos = length / length.hypot(plane.dz_mm);
    2.0 * (RADIUS_MM * RADIUS_MM - s * s - (z * cos).powi(2)).max(0.0).sqrt()
}
