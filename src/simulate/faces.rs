//! Sub-lines of a bin: pairs of points spread over the faces of its two crystals.
//!
//! Offsets are quasi-random points in four dimensions (along and across both faces): the additive sequence of the
//! powers of 1/g, g⁵ = g + 1 (Roberts 2018, the generalised golden ratio), taken with their mirror images so that their
//! mean is the centre of the faces for any even number; an odd number adds the centre itself.

use crate::scanner::{Plane, RingLayout, SinogramGeometry, TransaxialLine};

const GOLDEN: f64 = 1.167_303_978_261_418_7;

/// Offsets on the faces of A and B: `[A along the ring, A along z, B along the ring, B along z]` in mm.
#[derive(Clone, Debug)]
pub(super) struct Faces {
    offsets: Vec<[f64; 4]>,
    half_width_mm: f64,
}

impl Faces {
    /// `count` sub-lines for the crystals of a geometry; mashed views make wider faces.
    pub fn new(geometry: &SinogramGeometry, count: usize) -> Self {
        let scanner = &geometry.scanner;
        let pitch = match scanner.layout {
            RingLayout::Polygon { crystal_pitch_mm, .. } => crystal_pitch_mm,
            RingLayout::Cylinder => {
                std::f64::consts::TAU * scanner.effective_radius_mm() / scanner.crystals_per_ring as f64
            }
        };
        let size = [pitch * geometry.mashing() as f64, scanner.ring_spacing_mm];
        let offsets = unit_offsets(count).map(|u| std::array::from_fn(|i| u[i] * size[i % 2])).collect();
        Self { offsets, half_width_mm: if count == 1 { 0.0 } else { 0.5 * size[0] } }
    }

    /// How far any sub-line leaves its central line in the transaxial plane.
    pub fn half_width_mm(&self) -> f64 {
        self.half_width_mm
    }

    /// End points of the sub-lines of one bin in mm. Faces are taken tangential to the ring.
    pub fn lines(&self, line: &TransaxialLine, plane: &Plane) -> impl Iterator<Item = [[f64; 3]; 2]> {
        let [along_a, along_b] = [line.a, line.b].map(|[x, y]| {
            let radius = x.hypot(y);
            [-y / radius, x / radius]
        });
        let (TransaxialLine { a, b }, [z_a, z_b]) = (*line, [-0.5, 0.5].map(|side| plane.z_mm + side * plane.dz_mm));
        self.offsets.iter().map(move |[a_ring, a_z, b_ring, b_z]| {
            [
                [a[0] + a_ring * along_a[0], a[1] + a_ring * along_a[1], z_a + a_z],
                [b[0] + b_ring * along_b[0], b[1] + b_ring * along_b[1], z_b + b_z],
            ]
        })
    }

    /// Number of sub-lines.
    pub fn count(&self) -> usize {
        self.offsets.len()
    }
}

/// Points in [−½, ½]⁴ with mean zero.
fn unit_offsets(count: usize) -> impl Iterator<Item = [f64; 4]> {
    let centre = (count % 2 == 1).then_some([0.0; 4]);
    let pairs = (1..=count / 2).flat_map(|n| {
        let point: [f64; 4] = std::array::from_fn(|i| (0.5 + n as f64 / GOLDEN.powi(i as i32 + 1)).fract() - 0.5);
        [point, point.map(|x| -x)]
    });
    centre.into_iter().chain(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_lines_spread_evenly_around_the_centre() {
        for count in [1, 2, 5, 64, 1000] {
            let points: Vec<_> = unit_offsets(count).collect();
            assert_eq!(points.len(), count);
            for axis in 0..4 {
                let mean = points.iter().map(|p| p[axis]).sum::<f64>() / count as f64;
                let square = points.iter().map(|p| p[axis] * p[axis]).sum::<f64>() / count as f64;
                assert!(mean.abs() < 1e-12);
                assert!(count < 64 || (square * 12.0 - 1.0).abs() < 0.05, "{count}: {square}");
            }
        }
    }
}
