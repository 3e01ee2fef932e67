//! Where two sinograms have different lines.

use super::{RadialSampling, Scanner, SinogramGeometry};

/// A field in which two geometries differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub field: &'static str,
    /// Of the other one.
    pub found: String,
    /// Of this one.
    pub expected: String,
}

/// Relative difference of lengths that files round.
const ROUNDED: f64 = 1e-3;
/// Difference of angles in radians.
const TURNED: f64 = 1e-3;

impl SinogramGeometry {
    /// The first field in which another geometry has other lines, whatever the scanners are called; `None` where bin by
    /// bin they are the same.
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        let lengths = |own: f64, other: f64| (own - other).abs() <= ROUNDED * own.abs().max(other.abs());
        let differs = |field, same: bool, found: String, expected: String| {
            (!same).then_some(Difference { field, found, expected })
        };
        let (own, its) = (&self.scanner, &other.scanner);
        let count = |field, own: usize, other: usize| differs(field, own == other, other.to_string(), own.to_string());
        let length = |field, own: f64, other: f64| {
            differs(field, lengths(own, other), format!("{other} mm"), format!("{own} mm"))
        };
        let radius = Scanner::effective_radius_mm;
        let tilts = |scanner: &Scanner| format!("{:.3}°", scanner.tilt_rad.to_degrees());
        let sampling = |sampling: RadialSampling| match sampling {
            RadialSampling::Crystals => "one bin per crystal pair".to_owned(),
            RadialSampling::ArcCorrected { bin_mm } => format!("arc-corrected, {bin_mm} mm"),
        };
        let same_sampling = match (self.sampling, other.sampling) {
            (RadialSampling::ArcCorrected { bin_mm }, RadialSampling::ArcCorrected { bin_mm: other }) => {
                lengths(bin_mm, other)
            }
            (own, other) => own == other,
        };
        let differences = |geometry: &Self| {
            let of = |segment: &super::Segment| format!("{}..{}", segment.min_difference, segment.max_difference);
            geometry.segments.iter().map(of).collect::<Vec<_>>().join(" ")
        };
        let tof = |geometry: &Self| match geometry.tof {
            None => "none".to_owned(),
            Some(tof) => format!("{} of {:.3} mm, σ {:.3} mm", tof.count, tof.width_mm, tof.sigma_mm),
        };
        let same_tof = match (self.tof, other.tof) {
            (Some(own), Some(other)) => {
                own.count == other.count
                    && lengths(own.width_mm, other.width_mm)
                    && lengths(own.sigma_mm, other.sigma_mm)
            }
            (own, other) => own == other,
        };
        count("the number of rings", own.rings, its.rings)
            .or_else(|| count("the crystals per ring", own.crystals_per_ring, its.crystals_per_ring))
            .or_else(|| length("the radius with the depth of interaction", radius(own), radius(its)))
            .or_else(|| length("the distance between rings", own.ring_spacing_mm, its.ring_spacing_mm))
            .or_else(|| length("the axial gap between blocks", own.axial_block_gap_mm, its.axial_block_gap_mm))
            .or_else(|| count("the number of views", self.views, other.views))
            .or_else(|| {
                let same = (own.tilt_rad - its.tilt_rad).abs() <= TURNED;
                differs("the view offset", same, tilts(its), tilts(own))
            })
            .or_else(|| count("the number of radial bins", self.radial_bins, other.radial_bins))
            .or_else(|| {
                differs("the radial sampling", same_sampling, sampling(other.sampling), sampling(self.sampling))
            })
            .or_else(|| {
                let (own, its) = (differences(self), differences(other));
                differs("the ring differences of the segments", own == its, its.clone(), own.clone())
            })
            .or_else(|| count("the number of planes", self.planes(), other.planes()))
            .or_else(|| differs("the TOF bins", same_tof, tof(other), tof(self)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scanner::{AxialCompression, preset};

    #[test]
    fn each_field_that_moves_lines_is_named() {
        let of = |scanner: Scanner, span: usize, most: usize, mashing: usize, tof: usize| {
            let axial = AxialCompression::Span { span, max_ring_difference: most };
            SinogramGeometry::new(scanner, axial, mashing, tof).unwrap()
        };
        let vision = || preset("siemens-vision-600").unwrap();
        let own = of(vision(), 1, 3, 1, 3);
        assert_eq!(own.difference(&own.clone()), None);
        let field = |other: &SinogramGeometry| own.difference(other).map(|difference| difference.field).unwrap();
        assert_eq!(field(&of(vision(), 1, 2, 1, 3)), "the ring differences of the segments");
        assert_eq!(field(&of(vision(), 1, 3, 3, 3)), "the number of views");
        assert_eq!(field(&of(vision(), 1, 3, 1, 0)), "the TOF bins");
        assert_eq!(
            field(&of(Scanner { tilt_rad: vision().tilt_rad + 0.5, ..vision() }, 1, 3, 1, 3)),
            "the view offset"
        );
        let further = Scanner { inner_radius_mm: 1.05 * vision().inner_radius_mm, ..vision() };
        assert_eq!(field(&of(further, 1, 3, 1, 3)), "the radius with the depth of interaction");
        let corrected = SinogramGeometry { sampling: RadialSampling::ArcCorrected { bin_mm: 2.0 }, ..own.clone() };
        assert_eq!(field(&corrected), "the radial sampling");
        let renamed = Scanner { name: "mine".into(), ..vision() };
        assert_eq!(own.difference(&of(renamed, 1, 3, 1, 3)), None, "a name moves no line");
    }
}
