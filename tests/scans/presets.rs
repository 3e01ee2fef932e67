//! Every number of every scanner preset, with its source; and the sinograms that follow from them, as others count
//! them.
//!
//! Sources: STIR 6, `src/buildblock/Scanner.cxx` at commit 9a59610aa (sizes, blocks, virtual crystals by
//! `get_num_virtual_*`, timing). The GE Discovery MI is that of parallelproj's benchmark, `benchmarks/` of
//! KUL-recon-lab/parallelproj (Schramm & Thielemans 2024, Front. Nucl. Med. 3, 1324562): 34 sides of 16 crystals at
//! 4.03125 mm on a radius of (744.1 + 2 · 8.51) / 2 mm, rings at 5.31556 i + 2.8 ⌊i / 9⌋ mm, bins of 13.02 ps (13 of
//! them in each of 29), 385 ps; its other numbers (radial bins, bin size, tilt, energy resolution) are STIR's.

use coincide::scanner::{AxialCompression, PRESETS, RingLayout, Scanner, SinogramGeometry, TofDetector, preset};

/// A preset in a line of numbers, in the order of STIR's table.
struct Row {
    name: &'static str,
    /// Rings, crystals per ring, radial bins without arc correction.
    counts: [usize; 3],
    /// Inner radius, depth of interaction, ring spacing, bin size in mm.
    mm: [f64; 4],
    tilt_rad: f64,
    /// Rings and crystals of a block; 0 where the source has none.
    block: [usize; 2],
    /// Virtual rings and crystals of a block.
    virtual_: [usize; 2],
    energy_resolution: Option<f64>,
    /// Bins, their width and the resolution in ps.
    tof: Option<(usize, f64, f64)>,
    /// How the vendor's own sinograms combine ring differences.
    axial: Option<AxialCompression>,
}

const PLAIN: Row = Row {
    name: "",
    counts: [0; 3],
    mm: [0.0; 4],
    tilt_rad: 0.0,
    block: [0; 2],
    virtual_: [0; 2],
    energy_resolution: None,
    tof: None,
    axial: None,
};

const DISCOVERY_MI: Row = Row {
    mm: [372.05, 8.51, 5.31556, 2.206],
    tilt_rad: -0.07678,
    block: [9, 16],
    energy_resolution: Some(0.0944),
    tof: Some((377, 13.02, 385.0)),
    ..PLAIN
};

const VISION: Row =
    Row { mm: [410.0, 7.0, 3.29114, 1.6], tilt_rad: 0.0324, tof: Some((264, 17.90387, 214.0)), ..PLAIN };

const TABLE: [Row; 12] = [
    Row {
        name: "siemens-mmr",
        counts: [64, 504, 344],
        mm: [328.0, 7.0, 4.0625, 2.08626],
        block: [8, 9],
        virtual_: [0, 1],
        energy_resolution: Some(0.145),
        axial: Some(span(11, 60)),
        ..PLAIN
    },
    Row {
        name: "siemens-mct",
        counts: [55, 672, 400],
        mm: [421.0, 7.0, 4.054, 2.005],
        block: [14, 14],
        virtual_: [1, 1],
        tof: Some((13, 312.0, 555.0)),
        axial: Some(span(11, 49)),
        ..PLAIN
    },
    Row {
        name: "siemens-vision-600",
        counts: [80, 798, 520],
        block: [10, 21],
        virtual_: [0, 1],
        axial: Some(span(19, 79)),
        ..VISION
    },
    Row {
        name: "siemens-quadra",
        counts: [323, 798, 520],
        block: [81, 21],
        virtual_: [1, 1],
        axial: Some(span(19, 85)),
        ..VISION
    },
    Row {
        name: "ecat-hr+",
        counts: [32, 576, 288],
        mm: [412.0, 7.0, 4.85, 2.25],
        block: [8, 8],
        axial: Some(span(9, 22)),
        ..PLAIN
    },
    Row { name: "ge-dmi-3ring", counts: [27, 544, 415], axial: Some(ge(26)), ..DISCOVERY_MI },
    Row { name: "ge-dmi-4ring", counts: [36, 544, 415], axial: Some(ge(35)), ..DISCOVERY_MI },
    Row { name: "ge-dmi-5ring", counts: [45, 544, 415], axial: Some(ge(44)), ..DISCOVERY_MI },
    Row { name: "ge-dmi-6ring", counts: [54, 544, 415], axial: Some(ge(53)), ..DISCOVERY_MI },
    Row {
        name: "ge-signa-petmr",
        counts: [45, 448, 357],
        mm: [311.8, 8.5, 5.56, 2.01565],
        tilt_rad: -0.09128,
        block: [9, 4],
        energy_resolution: Some(0.105),
        tof: Some((351, 13.02, 390.0)),
        axial: Some(ge(44)),
        ..PLAIN
    },
    Row { name: "nanopet", counts: [81, 468, 117], mm: [174.0, 5.0, 1.17, 1.17], ..PLAIN },
    Row { name: "safir", counts: [16, 180, 150], mm: [64.05, 5.0, 2.2, 1.1], block: [8, 15], ..PLAIN },
];

#[test]
fn presets_have_the_numbers_of_their_sources() {
    assert_eq!(TABLE.map(|row| row.name), PRESETS);
    for row in &TABLE {
        let scanner = preset(row.name).unwrap();
        let discovery = row.name.starts_with("ge-dmi");
        let [inner_radius_mm, depth_of_interaction_mm, ring_spacing_mm, bin_size_mm] = row.mm;
        let expected = Scanner {
            name: scanner.name.clone(),
            rings: row.counts[0],
            crystals_per_ring: row.counts[1],
            inner_radius_mm,
            depth_of_interaction_mm,
            ring_spacing_mm,
            axial_block_gap_mm: if discovery { 2.8 } else { 0.0 },
            rings_per_block: row.block[0],
            crystals_per_block: row.block[1],
            virtual_rings: row.virtual_[0],
            virtual_crystals: row.virtual_[1],
            layout: match discovery {
                true => RingLayout::Polygon { crystals_per_side: 16, crystal_pitch_mm: 4.03125 },
                false => RingLayout::Cylinder,
            },
            tilt_rad: row.tilt_rad,
            radial_bins: row.counts[2],
            bin_size_mm,
            energy_resolution: row.energy_resolution,
            tof: row.tof.map(|(bins, bin_ps, fwhm_ps)| TofDetector { bins, bin_ps, fwhm_ps }),
            axial_compression: row.axial,
            // Only the mMR's normalisation files are read; STIR shifts its crystals by one.
            norm_crystal_offset: (row.name == "siemens-mmr").then_some(1),
        };
        assert_eq!(scanner, expected, "{}", row.name);
    }
}

/// STIR's names, which Interfile headers carry.
#[test]
fn presets_have_the_names_of_the_field() {
    let names = PRESETS.iter().map(|name| preset(name).unwrap().name);
    let expected = [
        "Siemens mMR",
        "Siemens mCT",
        "Siemens Vision 600",
        "Siemens Quadra",
        "ECAT HR+",
        "GE Discovery MI 3 rings",
        "GE Discovery MI 4 rings",
        "GE Discovery MI 5 rings",
        "GE Discovery MI 6 rings",
        "GE Signa PET/MR",
        "nanoPET",
        "SAFIR dual-ring prototype",
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
}

const fn span(span: usize, max_ring_difference: usize) -> AxialCompression {
    AxialCompression::Span { span, max_ring_difference }
}

const fn ge(max_ring_difference: usize) -> AxialCompression {
    AxialCompression::Ge { max_ring_difference }
}

/// Views, radial bins, TOF bins and planes of known sinograms.
#[test]
fn presets_have_their_known_sinograms() {
    let known = [
        // STIR's template of the mMR at span 11, and uncompressed.
        ("siemens-mmr", span(11, 60), [1, 0], [252, 344, 1, 837]),
        ("siemens-mmr", span(1, 60), [1, 0], [252, 344, 1, 4084]),
        // UCL/STIR-GATE-Connection, issue 26: 400 × 168 × 621, 13 TOF bins.
        ("siemens-mct", span(11, 49), [2, 1], [168, 400, 13, 621]),
        // Always 33 TOF bins, from eight of the 264 each; 159 + 2 (139 + 101 + 63 + 25) planes.
        ("siemens-vision-600", span(19, 79), [1, 8], [399, 520, 33, 815]),
        // 645 + 2 (625 + 587 + 549 + 511) planes up to a ring difference of 85.
        ("siemens-quadra", span(19, 85), [1, 8], [399, 520, 33, 5189]),
        ("ecat-hr+", span(9, 22), [1, 0], [288, 288, 1, 239]),
        // Schramm & Thielemans 2024: 415 × 272 × 1296 lines, 29 TOF bins.
        ("ge-dmi-4ring", span(1, 35), [1, 13], [272, 415, 29, 1296]),
        // Segment 0 of ring differences −1 to 1, then pairs: 2R − 1 + 2 Σₖ (2R − 1 − 4k).
        ("ge-dmi-3ring", ge(26), [1, 13], [272, 415, 29, 703]),
        ("ge-dmi-4ring", ge(35), [1, 13], [272, 415, 29, 1261]),
        ("ge-dmi-5ring", ge(44), [1, 13], [272, 415, 29, 1981]),
        ("ge-dmi-6ring", ge(53), [1, 13], [272, 415, 29, 2863]),
        // The sinogram of STIR's benchmark of the SIGNA: 357 × 224 × 1981 × 27.
        ("ge-signa-petmr", ge(44), [1, 13], [224, 357, 27, 1981]),
        ("nanopet", span(1, 80), [1, 0], [234, 117, 1, 6561]),
        ("safir", span(1, 15), [1, 0], [90, 150, 1, 256]),
    ];
    for (name, compression, [views, tof], shape) in known {
        let geometry = SinogramGeometry::new(preset(name).unwrap(), compression, views, tof).unwrap();
        assert_eq!(geometry.shape(), shape, "{name}, {compression:?}");
    }
    assert!(PRESETS.iter().all(|preset| known.iter().any(|(name, ..)| name == preset)), "each preset has one");
}

/// What physicists know a scanner by: the end of its lines, its length and its timing along a line.
#[test]
fn presets_have_their_known_sizes() {
    // Effective radius and axial length (rings × spacing) in mm as STIR prints them; the Discovery MI with its gaps.
    let sizes = [
        ("siemens-mmr", 335.0, 260.0),
        ("siemens-mct", 428.0, 223.0),
        ("siemens-vision-600", 417.0, 263.3),
        ("siemens-quadra", 417.0, 1063.0),
        ("ecat-hr+", 419.0, 155.2),
        ("ge-dmi-3ring", 380.56, 27.0 * 5.31556 + 2.0 * 2.8),
        ("ge-dmi-4ring", 380.56, 36.0 * 5.31556 + 3.0 * 2.8),
        ("ge-dmi-5ring", 380.56, 45.0 * 5.31556 + 4.0 * 2.8),
        ("ge-dmi-6ring", 380.56, 54.0 * 5.31556 + 5.0 * 2.8),
        ("ge-signa-petmr", 320.3, 250.2),
        ("nanopet", 179.0, 94.8),
        ("safir", 69.05, 35.2),
    ];
    assert_eq!(sizes.map(|(name, ..)| name), PRESETS);
    for (name, radius_mm, length_mm) in sizes {
        let scanner = preset(name).unwrap();
        assert!((scanner.effective_radius_mm() - radius_mm).abs() < 1e-9, "{name}");
        assert!((scanner.axial_length_mm() - length_mm).abs() < 0.06, "{name}: {} mm", scanner.axial_length_mm());
    }
    // Vision: 143.231 ps, c/2 · 143.231 ps = 21.4698 mm; 214 ps is 32.078 mm wide at half maximum, 13.622 mm of σ.
    let bins = preset("siemens-vision-600").unwrap().tof.unwrap().mashed(8).unwrap();
    assert!((bins.width_mm - 21.4698).abs() < 1e-3 && (bins.sigma_mm - 13.622).abs() < 1e-3, "{bins:?}");
}
