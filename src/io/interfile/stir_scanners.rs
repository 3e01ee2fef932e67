//! The scanners that STIR 6 knows by name beside our presets, with its numbers (`Scanner.cxx`): where a header gives
//! only `originating system`, they are what it means.
//!
//! The names of STIR without a geometry (HiDAC, Userdefined, Unknown) are not here: their headers give all numbers.
//! Blocks that do not divide the ring, as STIR has them for UPENN_5rings, say nothing of its crystals and are left out.

use super::header::standard;
use crate::scanner::{RingLayout, Scanner, TofDetector};

/// Names; rings, radial bins, crystals per ring; inner radius, depth of interaction, ring spacing, bin size in mm;
/// angle of crystal 0 in degrees; rings and crystals per block.
struct Row(&'static [&'static str], [usize; 3], [f64; 4], f64, [usize; 2]);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row(&["ECAT 931"], [8, 192, 512], [510.0, 7.0, 13.5, 3.129], 0.0, [4, 8]),
    Row(&["ECAT 951"], [16, 192, 512], [510.0, 7.0, 6.75, 3.12932], 0.0, [8, 8]),
    Row(&["ECAT 953"], [16, 160, 384], [382.5, 7.0, 6.75, 3.12932], -15.0, [8, 8]),
    Row(&["ECAT 921", "ECAT EXACT", "EXACT"], [24, 192, 384], [412.5, 7.0, 6.75, 3.375], -15.0, [8, 8]),
    Row(&["ECAT 925", "ECAT ART"], [24, 192, 384], [412.5, 7.0, 6.75, 3.375], -15.0, [8, 8]),
    Row(&["ECAT 961", "ECAT HR"], [24, 336, 784], [412.0, 7.0, 6.25, 1.65], -13.0, [8, 7]),
    Row(&["ECAT EXACT 3D", "EXACT 3D", "ECAT HR++", "ECAT 966"], [48, 288, 576], [412.0, 7.0, 4.85, 2.25], 0.0, [8, 8]),
    Row(&["ECAT 1080", "Biograph 16", "1080"], [41, 336, 672], [412.0, 7.0, 4.0, 2.0], 0.0, [14, 14]),
    Row(&["test_scanner"], [4, 344, 504], [328.0, 7.0, 4.0625, 2.08626], 0.0, [4, 1]),
    Row(&["PRT-1", "RPT"], [16, 128, 384], [373.0, 7.0, 6.75, 3.1088], 0.0, [8, 8]),
    Row(&["RATPET"], [8, 56, 112], [57.5, 7.0, 6.25, 1.65], 0.0, [8, 7]),
    Row(&["PANDA"], [1, 512, 2048], [37.75, 10.0, 3.0, 0.1], 0.0, [1, 1]),
    Row(&["HYPERimage"], [22, 239, 490], [103.97, 3.0, 1.4, 1.4], 0.0, [0, 0]),
    Row(&["GE Advance", "Advance"], [18, 283, 672], [463.475, 8.4, 8.5, 1.970177], 0.0, [6, 6]),
    Row(&["GE Discovery LS", "Discovery LS"], [18, 283, 672], [463.475, 8.4, 8.5, 1.970177], 0.0, [6, 6]),
    Row(&["GE Discovery ST", "Discovery ST"], [24, 249, 420], [443.1, 8.4, 6.54, 3.195], -4.54224, [6, 6]),
    Row(&["GE Discovery STE", "Discovery STE"], [24, 329, 560], [443.1, 8.4, 6.54, 2.397], -4.549, [6, 8]),
    Row(&["GE Discovery RX", "Discovery RX"], [24, 367, 630], [443.1, 9.4, 6.54, 2.13], -4.595, [6, 9]),
    Row(&["GE Discovery 600", "Discovery 600"], [24, 339, 512], [404.95, 8.4, 6.54, 2.3974], -4.549, [6, 8]),
    Row(&["GE Discovery 690", "Discovery 690", "GE Discovery 710", "Discovery 710"], [24, 381, 576], [405.1, 9.4, 6.54, 2.1306], -5.021, [6, 9]),
    Row(&["Positron HZL/R"], [32, 256, 384], [780.0, 7.0, 5.1875, 2.0], 0.0, [0, 0]),
    Row(&["HRRT"], [104, 288, 576], [234.765, 7.0, 2.4375, 1.21875], 0.0, [0, 0]),
    Row(&["Allegro", "Philips Allegro"], [29, 295, 644], [430.05, 12.0, 6.3, 4.3], 0.0, [0, 0]),
    Row(&["GeminiTF", "Philips GeminiTF"], [44, 322, 644], [450.17, 8.0, 4.0, 4.0], 0.0, [0, 0]),
    Row(&["UPENN_5rings"], [280, 331, 594], [382.0, 7.0, 3.9655, 2.0], 0.0, [0, 0]),
    Row(&["UPENN_6rings"], [336, 331, 594], [382.0, 7.0, 3.9655, 2.02035], 0.0, [8, 33]),
    Row(&["UPENN_5rings_no_gaps"], [200, 301, 576], [382.0, 7.0, 3.9655, 2.08349], 0.0, [8, 8]),
    Row(&["UPENN_6rings_no_gaps"], [240, 321, 576], [382.0, 7.0, 3.9655, 2.08], 0.0, [8, 8]),
];

/// The scanner of a name in any case.
pub(super) fn stir_scanner(name: &str) -> Option<Scanner> {
    let name = standard(name);
    ROWS.iter().find(|Row(names, ..)| names.iter().any(|known| standard(known) == name)).map(scanner)
}

fn scanner(Row(names, [rings, radial_bins, crystals_per_ring], lengths, tilt_degrees, blocks): &Row) -> Scanner {
    let [inner_radius_mm, depth_of_interaction_mm, ring_spacing_mm, bin_size_mm] = *lengths;
    let [rings_per_block, crystals_per_block] = *blocks;
    let name = names[0];
    // One crystal at the end of each block is a gap.
    let virtual_crystals = usize::from(["ECAT 1080", "UPENN_6rings"].contains(&name));
    Scanner {
        name: name.into(),
        rings: *rings,
        crystals_per_ring: *crystals_per_ring,
        inner_radius_mm,
        depth_of_interaction_mm,
        ring_spacing_mm,
        axial_block_gap_mm: 0.0,
        rings_per_block,
        crystals_per_block,
        virtual_crystals,
        virtual_rings: usize::from(name == "ECAT 1080"),
        layout: RingLayout::Cylinder,
        tilt_rad: tilt_degrees.to_radians(),
        radial_bins: *radial_bins,
        bin_size_mm,
        energy_resolution: energy_resolution(name),
        tof: tof(name),
        axial_compression: None,
        norm_crystal_offset: None,
    }
}

fn energy_resolution(name: &str) -> Option<f64> {
    match name {
        "ECAT 931" => Some(0.37),
        "GE Discovery STE" => Some(0.22),
        _ if name.starts_with("UPENN") => Some(0.109),
        _ => None,
    }
}

fn tof(name: &str) -> Option<TofDetector> {
    let tof = |bins, bin_ps, fwhm_ps| Some(TofDetector { bins, bin_ps, fwhm_ps });
    match name {
        "test_scanner" => tof(410, 10.0, 400.0),
        "GE Discovery 690" => tof(55, 89.0, 550.0),
        _ if name.starts_with("UPENN") => tof(512, 19.53125, 272.55),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_is_a_scanner_and_each_name_is_its_own() {
        let mut all = HashSet::new();
        for row in ROWS {
            let scanner = scanner(row);
            scanner.check().unwrap_or_else(|error| panic!("{}: {error}", scanner.name));
            let block = scanner.crystals_per_block;
            assert!(block == 0 || scanner.crystals_per_ring.is_multiple_of(block), "{}", scanner.name);
            for name in row.0 {
                assert!(all.insert(standard(name)), "{name} is there twice");
                assert_eq!(stir_scanner(&name.to_uppercase()).as_ref(), Some(&scanner), "{name}");
            }
        }
        assert_eq!(ROWS.len(), 28);
    }
}
