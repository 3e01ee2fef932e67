//! What the lines of a sinogram reach: a cylinder on the axis of the scanner.

use super::SinogramGeometry;

/// The field of view of a sinogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldOfView {
    /// Distance from the axis in mm up to which there are lines on both sides.
    pub radius_mm: f64,
    /// z in mm where the first slice begins and the last one ends.
    pub z_mm: [f64; 2],
    /// Distance between planes in mm: the finest lattice that all of them lie on.
    pub plane_distance_mm: f64,
}

impl FieldOfView {
    /// Whether a point in mm lies in it.
    pub fn contains(&self, [x, y, z]: [f64; 3]) -> bool {
        x.hypot(y) <= self.radius_mm && (self.z_mm[0]..=self.z_mm[1]).contains(&z)
    }
}

impl SinogramGeometry {
    /// Its field of view.
    ///
    /// Planes lie at multiples of half the distance of the rings, counted by the sum of their two ring numbers: with
    /// direct planes alone all sums are even. One plane alone is as thick as a ring. Where the blocks have gaps the
    /// planes lie on no lattice; the distance is that inside of a block, and the field reaches to the outer edges of
    /// the outermost rings.
    pub fn field_of_view(&self) -> FieldOfView {
        let distance = |radial| self.line(0, radial).distance_and_angle().0.abs();
        let radius_mm = distance(0).min(distance(self.radial_bins - 1));
        let rings = &self.scanner;
        let [first, last] = self.ends();
        let step = self.all_planes().fold(0, |step, plane| common_divisor(step, plane.ring_sum - first));
        let halves = if step == 0 { 2 } else { step };
        let plane_distance_mm = 0.5 * rings.ring_spacing_mm * halves as f64;
        // As numbers of rings, so that a field in the middle is there to the last bit.
        let z_mm = if rings.axial_block_gap_mm == 0.0 {
            let place = |halves: f64| 0.5 * rings.ring_spacing_mm * (halves - (rings.rings - 1) as f64);
            [place(first as f64 - 0.5 * halves as f64), place(last as f64 + 0.5 * halves as f64)]
        } else {
            let half = 0.5 * rings.ring_spacing_mm;
            let z = |sum: usize| 0.5 * (rings.ring_z_mm(sum / 2) + rings.ring_z_mm(sum.div_ceil(2)));
            [z(first) - half, z(last) + half]
        };
        FieldOfView { radius_mm, z_mm, plane_distance_mm }
    }

    /// Smallest and largest sum of ring numbers.
    fn ends(&self) -> [usize; 2] {
        let sums = || self.all_planes().map(|plane| plane.ring_sum);
        [sums().min().unwrap_or(0), sums().max().unwrap_or(0)]
    }
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scanner::{AxialCompression, preset};

    fn field(name: &str, axial: AxialCompression) -> FieldOfView {
        SinogramGeometry::new(preset(name).unwrap(), axial, 1, 0).unwrap().field_of_view()
    }

    fn span(span: usize, max_ring_difference: usize) -> AxialCompression {
        AxialCompression::Span { span, max_ring_difference }
    }

    /// Distance of the planes and length of the field in units of the distance of the rings.
    fn rings(name: &str, axial: AxialCompression) -> [f64; 2] {
        let (spacing, found) = (preset(name).unwrap().ring_spacing_mm, field(name, axial));
        assert_eq!(found.z_mm[0], -found.z_mm[1], "{name}: {found:?}");
        [found.plane_distance_mm / spacing, (found.z_mm[1] - found.z_mm[0]) / spacing]
    }

    #[test]
    fn slices_are_as_far_apart_as_planes() {
        // 64 rings: 127 slices of half their distance, or 64 of the whole with direct planes alone.
        for (axial, expected) in [
            (span(11, 60), [0.5, 63.5]),
            (span(1, 1), [0.5, 63.5]),
            (span(1, 63), [0.5, 63.5]),
            (span(127, 63), [0.5, 63.5]),
            (span(1, 0), [1.0, 64.0]),
            (span(3, 0), [1.0, 64.0]),
            (AxialCompression::Ge { max_ring_difference: 63 }, [0.5, 63.5]),
            (AxialCompression::Ge { max_ring_difference: 0 }, [1.0, 64.0]),
        ] {
            assert_eq!(rings("siemens-mmr", axial), expected, "{axial:?}");
        }
    }

    #[test]
    fn virtual_rings_are_planes_and_gaps_are_not() {
        assert_eq!(rings("siemens-mct", span(1, 54)), [0.5, 54.5]);
        assert_eq!(rings("siemens-mct", span(1, 0)), [1.0, 55.0]);
        let discovery = preset("ge-dmi-4ring").unwrap();
        for (axial, halves) in [(AxialCompression::Ge { max_ring_difference: 35 }, 0.5), (span(1, 0), 1.0)] {
            let [distance, length] = rings("ge-dmi-4ring", axial);
            assert_eq!(distance, halves, "{axial:?}");
            assert!((length * discovery.ring_spacing_mm - discovery.axial_length_mm()).abs() < 1e-9, "{length}");
        }
    }

    #[test]
    fn one_ring_is_one_slice_and_lost_planes_are_no_field() {
        let axial = span(1, 0);
        let one = crate::scanner::Scanner { rings: 1, ..preset("ecat-hr+").unwrap() };
        let spacing = one.ring_spacing_mm;
        let mut geometry = SinogramGeometry::new(one, axial, 1, 0).unwrap();
        assert_eq!(geometry.field_of_view().plane_distance_mm, spacing);
        assert_eq!(geometry.field_of_view().z_mm, [-0.5 * spacing, 0.5 * spacing]);
        geometry = SinogramGeometry::new(preset("ecat-hr+").unwrap(), axial, 1, 0).unwrap();
        geometry.segments[0].planes.drain(..8);
        let field = geometry.field_of_view();
        assert_eq!((field.plane_distance_mm, field.z_mm), (spacing, [-8.0 * spacing, 16.0 * spacing]));
        let inside = |x, z| field.contains([x, 0.0, z]);
        assert!(inside(200.0, 70.0) && !inside(200.0, -40.0) && !inside(400.0, 0.0), "{field:?}");
    }
}
