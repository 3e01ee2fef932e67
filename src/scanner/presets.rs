//! Scanners that are known by name.
//!
//! Sizes are those of STIR 6 (`Scanner.cxx`), virtual crystals included; the GE Discovery MI is described by its
//! blocks: 34 flat sides of 16 crystals and a 2.8 mm gap between blocks of 9 rings (parallelproj benchmark geometry,
//! Schramm & Thielemans 2024, Front. Nucl. Med. 3:1324562). Axial compressions are those of the vendors' own sinograms.

use super::{AxialCompression, GeometryError, RingLayout, Scanner, TofDetector};

/// The list of names and the scanner of each, from one list.
macro_rules! presets {
    ($($name:literal => $scanner:expr,)*) => {
        /// Names that [`preset`] knows.
        pub const PRESETS: &[&str] = &[$($name),*];

        /// The scanner of a name in [`PRESETS`].
        pub fn preset(name: &str) -> Result<Scanner, GeometryError> {
            match name {
                $($name => Ok($scanner),)*
                _ => Err(GeometryError::Unknown { name: name.into(), known: PRESETS.to_vec() }),
            }
        }
    };
}

presets! {
    "siemens-mmr" => Scanner {
        rings_per_block: 8,
        crystals_per_block: 9,
        virtual_crystals: 1,
        energy_resolution: Some(0.145),
        axial_compression: span(11, 60),
        norm_crystal_offset: Some(1),
        ..cylinder("Siemens mMR", [64, 504, 344], [328.0, 7.0], 4.0625, 2.08626)
    },
    "siemens-mct" => Scanner {
        rings_per_block: 14,
        crystals_per_block: 14,
        virtual_crystals: 1,
        virtual_rings: 1,
        tof: tof(13, 312.0, 555.0),
        axial_compression: span(11, 49),
        ..cylinder("Siemens mCT", [55, 672, 400], [421.0, 7.0], 4.054, 2.005)
    },
    "siemens-vision-600" => Scanner {
        rings_per_block: 10,
        crystals_per_block: 21,
        virtual_crystals: 1,
        tilt_rad: 0.0324,
        tof: tof(264, 17.90387, 214.0),
        axial_compression: span(19, 79),
        ..cylinder("Siemens Vision 600", [80, 798, 520], [410.0, 7.0], 3.29114, 1.6)
    },
    "siemens-quadra" => Scanner {
        rings_per_block: 81,
        crystals_per_block: 21,
        virtual_crystals: 1,
        virtual_rings: 1,
        tilt_rad: 0.0324,
        tof: tof(264, 17.90387, 214.0),
        axial_compression: span(19, 85),
        ..cylinder("Siemens Quadra", [323, 798, 520], [410.0, 7.0], 3.29114, 1.6)
    },
    "ecat-hr+" => Scanner {
        rings_per_block: 8,
        crystals_per_block: 8,
        axial_compression: span(9, 22),
        ..cylinder("ECAT HR+", [32, 576, 288], [412.0, 7.0], 4.85, 2.25)
    },
    "ge-dmi-3ring" => discovery_mi("GE Discovery MI 3 rings", 27),
    "ge-dmi-4ring" => discovery_mi("GE Discovery MI 4 rings", 36),
    "ge-dmi-5ring" => discovery_mi("GE Discovery MI 5 rings", 45),
    "ge-dmi-6ring" => discovery_mi("GE Discovery MI 6 rings", 54),
    "ge-signa-petmr" => Scanner {
        rings_per_block: 9,
        crystals_per_block: 4,
        tilt_rad: -0.09128,
        energy_resolution: Some(0.105),
        tof: tof(351, 13.02, 390.0),
        axial_compression: ge(45),
        ..cylinder("GE Signa PET/MR", [45, 448, 357], [311.8, 8.5], 5.56, 2.01565)
    },
    "nanopet" => cylinder("nanoPET", [81, 468, 117], [174.0, 5.0], 1.17, 1.17),
    "safir" => Scanner {
        rings_per_block: 8,
        crystals_per_block: 15,
        ..cylinder("SAFIR dual-ring prototype", [16, 180, 150], [64.05, 5.0], 2.2, 1.1)
    },
}

/// `[rings, crystals per ring, radial bins]`, `[inner radius, depth of interaction]` in mm, ring spacing and bin size
/// in mm.
fn cylinder(
    name: &str,
    [rings, crystals_per_ring, radial_bins]: [usize; 3],
    [inner_radius_mm, depth_of_interaction_mm]: [f64; 2],
    ring_spacing_mm: f64,
    bin_size_mm: f64,
) -> Scanner {
    Scanner {
        name: name.into(),
        rings,
        crystals_per_ring,
        inner_radius_mm,
        depth_of_interaction_mm,
        ring_spacing_mm,
        axial_block_gap_mm: 0.0,
        rings_per_block: 0,
        crystals_per_block: 0,
        virtual_crystals: 0,
        virtual_rings: 0,
        layout: RingLayout::Cylinder,
        tilt_rad: 0.0,
        radial_bins,
        bin_size_mm,
        energy_resolution: None,
        tof: None,
        axial_compression: None,
        norm_crystal_offset: None,
    }
}

fn discovery_mi(name: &str, rings: usize) -> Scanner {
    Scanner {
        rings_per_block: 9,
        axial_block_gap_mm: 2.8,
        crystals_per_block: 16,
        layout: RingLayout::Polygon { crystals_per_side: 16, crystal_pitch_mm: 4.03125 },
        tilt_rad: -0.07678,
        energy_resolution: Some(0.0944),
        tof: tof(377, 13.02, 385.0),
        axial_compression: ge(rings),
        ..cylinder(name, [rings, 544, 415], [372.05, 8.51], 5.31556, 2.206)
    }
}

fn tof(bins: usize, bin_ps: f64, fwhm_ps: f64) -> Option<TofDetector> {
    Some(TofDetector { bins, bin_ps, fwhm_ps })
}

fn span(span: usize, max_ring_difference: usize) -> Option<AxialCompression> {
    Some(AxialCompression::Span { span, max_ring_difference })
}

/// All ring differences of so many rings.
fn ge(rings: usize) -> Option<AxialCompression> {
    Some(AxialCompression::Ge { max_ring_difference: rings - 1 })
}
