//! Whether numbers describe a scanner: each in its range, crystals that have room, blocks that make whole rings.

use super::{GeometryError, RingLayout, Scanner, TofBins, TofDetector};
use std::ops::RangeInclusive;

/// Nearest that two crystals of a ring can be, in mm.
const LEAST_PITCH_MM: f64 = 0.1;

/// Longest scanner in mm.
const LONGEST_MM: f64 = 20_000.0;

/// Lengths of a scanner in mm: field, the smallest and the largest, and in words.
type Length = (&'static str, f64, RangeInclusive<f64>, &'static str);

impl Scanner {
    /// Checks that the numbers describe a scanner.
    pub fn check(&self) -> Result<(), GeometryError> {
        self.check_counts()?;
        self.lengths().into_iter().try_for_each(in_range)?;
        self.check_blocks()?;
        self.check_room()?;
        if let Some(share) = self.energy_resolution.filter(|share| !(*share > 0.0 && *share < 1.0)) {
            return wrong("energy_resolution", share, "a share of the energy above 0 and below 1");
        }
        if let Some(offset) = self.norm_crystal_offset.filter(|offset| *offset >= self.crystals_per_ring) {
            return wrong("norm_crystal_offset", offset, "fewer than crystals_per_ring");
        }
        self.tof.map_or(Ok(()), |tof| tof.check())
    }

    fn lengths(&self) -> [Length; 6] {
        [
            ("inner_radius_mm", self.inner_radius_mm, 5.0..=2000.0, "a length from 5 to 2000 mm"),
            ("depth_of_interaction_mm", self.depth_of_interaction_mm, 0.0..=100.0, "a length from 0 to 100 mm"),
            ("ring_spacing_mm", self.ring_spacing_mm, 0.05..=100.0, "a length from 0.05 to 100 mm"),
            ("axial_block_gap_mm", self.axial_block_gap_mm, 0.0..=1000.0, "a length from 0 to 1000 mm"),
            ("bin_size_mm", self.bin_size_mm, 0.01..=100.0, "a length from 0.01 to 100 mm"),
            ("tilt_rad", self.tilt_rad, -7.0..=7.0, "an angle of at most one turn"),
        ]
    }

    fn check_counts(&self) -> Result<(), GeometryError> {
        let Self { rings, crystals_per_ring: crystals, radial_bins, .. } = *self;
        if !(1..=4096).contains(&rings) {
            return wrong("rings", rings, "1 to 4096");
        }
        if !(8..=65536).contains(&crystals) || !crystals.is_multiple_of(2) {
            return wrong("crystals_per_ring", crystals, "an even number from 8 to 65536");
        }
        match (1..crystals).contains(&radial_bins) {
            true => Ok(()),
            false => {
                let expected = "1 to crystals_per_ring - 1: one more would pair each crystal with itself";
                wrong("radial_bins", radial_bins, expected)
            }
        }
    }

    /// Blocks that make whole rings, and gaps that lie between blocks. The last axial block may be cut.
    fn check_blocks(&self) -> Result<(), GeometryError> {
        let (crystals, rings) = (self.crystals_per_block, self.rings_per_block);
        if crystals > 0 && !self.crystals_per_ring.is_multiple_of(crystals) {
            return wrong("crystals_per_block", crystals, "a divisor of crystals_per_ring, or 0 without blocks");
        }
        if self.virtual_crystals > 0 && self.virtual_crystals >= crystals {
            return wrong("virtual_crystals", self.virtual_crystals, "fewer than crystals_per_block");
        }
        if self.virtual_rings > 0 && self.virtual_rings >= rings {
            return wrong("virtual_rings", self.virtual_rings, "fewer than rings_per_block");
        }
        if rings > 4096 {
            return wrong("rings_per_block", rings, "at most 4096");
        }
        if self.axial_block_gap_mm > 0.0 && rings == 0 {
            return wrong("axial_block_gap_mm", self.axial_block_gap_mm, "0 without blocks (rings_per_block)");
        }
        Ok(())
    }

    /// Crystals that neither overlap nor stand out over their side, and a scanner that has a room.
    fn check_room(&self) -> Result<(), GeometryError> {
        let around = std::f64::consts::TAU * self.effective_radius_mm() / self.crystals_per_ring as f64;
        if around < LEAST_PITCH_MM {
            return wrong(
                "crystals_per_ring",
                self.crystals_per_ring,
                "crystals at least 0.1 mm apart on their circle",
            );
        }
        if self.axial_length_mm() > LONGEST_MM {
            return wrong("rings", self.rings, "rings that reach over at most 20 m");
        }
        let RingLayout::Polygon { crystals_per_side, crystal_pitch_mm: pitch } = self.layout else { return Ok(()) };
        if crystals_per_side == 0 || !self.crystals_per_ring.is_multiple_of(crystals_per_side) {
            return wrong("layout.polygon.crystals_per_side", crystals_per_side, "a divisor of crystals_per_ring");
        }
        let sides = self.crystals_per_ring / crystals_per_side;
        if sides < 3 {
            return wrong(
                "layout.polygon.crystals_per_side",
                crystals_per_side,
                "at most a third of crystals_per_ring",
            );
        }
        if !(LEAST_PITCH_MM..=100.0).contains(&pitch) {
            return wrong("layout.polygon.crystal_pitch_mm", pitch, "a length from 0.1 to 100 mm");
        }
        let side = 2.0 * self.effective_radius_mm() * (std::f64::consts::PI / sides as f64).tan();
        match crystals_per_side as f64 * pitch <= side * (1.0 + 1e-6) {
            true => Ok(()),
            false => wrong("layout.polygon.crystal_pitch_mm", pitch, "crystals that fit on their side of the polygon"),
        }
    }
}

impl TofDetector {
    /// Checks that the numbers describe a detector.
    pub fn check(&self) -> Result<(), GeometryError> {
        if !(1..=4096).contains(&self.bins) {
            return wrong("tof.bins", self.bins, "1 to 4096");
        }
        in_range(("tof.bin_ps", self.bin_ps, 0.1..=100_000.0, "a time from 0.1 to 100000 ps"))?;
        in_range(("tof.fwhm_ps", self.fwhm_ps, 1.0..=100_000.0, "a time from 1 to 100000 ps"))?;
        match self.fwhm_ps <= 1000.0 * self.bin_ps {
            true => Ok(()),
            false => wrong("tof.fwhm_ps", self.fwhm_ps, "at most 1000 times bin_ps"),
        }
    }
}

impl TofBins {
    /// Checks that the numbers are those of a detector, or of neighbouring bins of one.
    pub fn check(&self) -> Result<(), GeometryError> {
        if !(1..=4096).contains(&self.count) {
            return wrong("tof_bins", self.count, "1 to 4096");
        }
        in_range(("tof_width_mm", self.width_mm, 0.01..=1e6, "a length from 0.01 to 1000000 mm"))?;
        in_range(("tof_sigma_mm", self.sigma_mm, 0.05..=1e4, "a length from 0.05 to 10000 mm"))?;
        match self.sigma_mm <= 500.0 * self.width_mm {
            true => Ok(()),
            false => wrong("tof_sigma_mm", self.sigma_mm, "at most 500 times tof_width_mm"),
        }
    }
}

fn in_range((field, found, range, expected): Length) -> Result<(), GeometryError> {
    match range.contains(&found) {
        true => Ok(()),
        false => wrong(field, format!("{found:?}"), expected),
    }
}

fn wrong(field: &'static str, found: impl ToString, expected: &'static str) -> Result<(), GeometryError> {
    Err(GeometryError::Scanner { field, found: found.to_string(), expected })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scanner::{PRESETS, preset};

    /// The field that a changed preset is refused for.
    fn refused(name: &str, change: impl Fn(&mut Scanner)) -> &'static str {
        let mut scanner = preset(name).unwrap();
        change(&mut scanner);
        match scanner.check() {
            Err(GeometryError::Scanner { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_presets_are_possible() {
        for name in PRESETS {
            let scanner = preset(name).unwrap();
            scanner.check().unwrap();
            if let Some(tof) = scanner.tof {
                tof.mashed(tof.bins).and_then(|one| one.check()).unwrap();
                tof.mashed(1).and_then(|all| all.check()).unwrap();
            }
        }
    }

    #[test]
    fn numbers_out_of_their_range_are_named() {
        for absurd in [-1.0, 1e-300, 2_f64.powi(-60), 1e30, 1e308, f64::NAN, f64::INFINITY] {
            assert_eq!(refused("siemens-mmr", |s| s.inner_radius_mm = absurd), "inner_radius_mm");
            assert_eq!(refused("siemens-mmr", |s| s.ring_spacing_mm = absurd), "ring_spacing_mm");
            assert_eq!(refused("siemens-mmr", |s| s.bin_size_mm = absurd), "bin_size_mm");
            let tof =
                |change: fn(&mut TofDetector, f64)| refused("siemens-mct", |s| change(s.tof.as_mut().unwrap(), absurd));
            assert_eq!(tof(|tof, ps| tof.bin_ps = ps), "tof.bin_ps");
            assert_eq!(tof(|tof, ps| tof.fwhm_ps = ps), "tof.fwhm_ps");
            let bins = TofBins { count: 3, width_mm: absurd, sigma_mm: 10.0 };
            assert!(bins.check().is_err() && TofBins { width_mm: 10.0, sigma_mm: absurd, ..bins }.check().is_err());
        }
        for absurd in [-1.0, 1e30, f64::NAN] {
            assert_eq!(refused("siemens-mmr", |s| s.depth_of_interaction_mm = absurd), "depth_of_interaction_mm");
            assert_eq!(refused("ge-dmi-4ring", |s| s.axial_block_gap_mm = absurd), "axial_block_gap_mm");
        }
        assert_eq!(refused("siemens-mmr", |s| s.tilt_rad = 1e30), "tilt_rad");
        assert_eq!(refused("siemens-mmr", |s| s.inner_radius_mm = 0.0), "inner_radius_mm");
        assert_eq!(refused("siemens-mmr", |s| s.energy_resolution = Some(f64::NAN)), "energy_resolution");
        assert_eq!(refused("siemens-mmr", |s| s.norm_crystal_offset = Some(usize::MAX)), "norm_crystal_offset");
        assert_eq!(refused("siemens-mct", |s| s.tof.as_mut().unwrap().bin_ps = 0.2), "tof.fwhm_ps");
    }

    #[test]
    fn blocks_make_rings_and_gaps_lie_between_blocks() {
        assert_eq!(refused("siemens-mmr", |s| s.crystals_per_block = 10), "crystals_per_block");
        assert_eq!(refused("siemens-mmr", |s| s.virtual_crystals = 9), "virtual_crystals");
        assert_eq!(refused("siemens-mmr", |s| (s.crystals_per_block, s.virtual_crystals) = (0, 1)), "virtual_crystals");
        assert_eq!(refused("siemens-mmr", |s| (s.rings_per_block, s.virtual_rings) = (0, 1)), "virtual_rings");
        assert_eq!(refused("siemens-mct", |s| s.virtual_rings = 14), "virtual_rings");
        assert_eq!(refused("ge-dmi-4ring", |s| s.rings_per_block = 0), "axial_block_gap_mm");
        assert_eq!(refused("siemens-mmr", |s| s.rings_per_block = usize::MAX), "rings_per_block");
    }

    #[test]
    fn crystals_have_room() {
        let crowded =
            |s: &mut Scanner| (s.inner_radius_mm, s.crystals_per_ring, s.crystals_per_block) = (50.0, 4096, 0);
        assert_eq!(
            refused("siemens-mmr", |s| {
                crowded(s);
                s.virtual_crystals = 0
            }),
            "crystals_per_ring"
        );
        let polygon = |side, pitch| {
            let layout = RingLayout::Polygon { crystals_per_side: side, crystal_pitch_mm: pitch };
            refused("ge-dmi-4ring", |s| s.layout = layout)
        };
        // 34 sides of 70.5 mm.
        assert_eq!(polygon(16, 4.5), "layout.polygon.crystal_pitch_mm");
        assert_eq!(polygon(16, 1e-9), "layout.polygon.crystal_pitch_mm");
        assert_eq!(polygon(15, 4.0), "layout.polygon.crystals_per_side");
        assert_eq!(polygon(272, 4.0), "layout.polygon.crystals_per_side");
        assert_eq!(polygon(0, 4.0), "layout.polygon.crystals_per_side");
        assert_eq!(refused("siemens-mmr", |s| (s.rings, s.ring_spacing_mm) = (4000, 90.0)), "rings");
    }
}
