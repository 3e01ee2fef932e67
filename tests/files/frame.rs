//! Our +z runs to the head: the letter F, asymmetric in every axis, through the files whose z runs to the feet.

use coincide::image::ImageGrid;
use coincide::io::interfile::*;
use coincide::phantom::Phantom;
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

fn floats(path: &Path) -> Vec<f32> {
    fs::read(path).unwrap().chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

#[test]
fn the_first_plane_of_an_interfile_image_is_nearest_to_the_head() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.hv");
    let phantom = Phantom::load("letter-f").unwrap();
    let [nx, ny, nz] = [25, 33, 41];
    // Off centre along z, so that the offset has to be turned as well.
    let mut grid = ImageGrid::centred([nx, ny, nz], [5.0, 5.0, 4.5]);
    grid.origin_mm[2] += 6.0;
    let image = phantom.activity_image(&grid);
    write_image(&path, &image, Encoding::default(), false).unwrap();

    let numbers = floats(&path.with_extension("v"));
    for (i, &number) in numbers.iter().enumerate() {
        let [x, y, plane] = [i % nx, i / nx % ny, i / nx / ny];
        assert_eq!(number, image.values[grid.index([x, y, nz - 1 - plane])]);
    }
    // The ball marks the end towards the head, between 64 and 80 mm, and is twice as hot as the letter.
    let hottest = numbers.iter().position(|&number| number > 19_000.0).unwrap() / nx / ny;
    let z = grid.centre_mm([0, 0, nz - 1 - hottest])[2];
    assert!(hottest < nz / 4 && (64.0..80.0).contains(&z), "plane {hottest} of the file, z = {z} mm");
    // STIR adds offset − L/2 to the plane's z; that of the file's first plane is minus our highest.
    let text = fs::read_to_string(&path).unwrap();
    let offset = text.lines().find_map(|line| line.strip_prefix("first pixel offset (mm) [3] := ")).unwrap();
    let stir = offset.parse::<f64>().unwrap() - 0.5 * (nz as f64 - 1.0) * 4.5;
    assert!((stir + grid.centre_mm([0, 0, nz - 1])[2]).abs() < 1e-9, "{stir}");

    let back = read_image(&path, image.unit).unwrap();
    assert_eq!(back.grid, image.grid);
    assert!(back.values == image.values);
}

/// End points of a bin by STIR's own rules, in LPS: the crystal numbers of (view, tangential), z by ring number from
/// head to feet.
fn stir_line(scanner: &Scanner, view: i64, tangential: i64, rings: [usize; 2]) -> [[f64; 3]; 2] {
    let n = scanner.crystals_per_ring as i64;
    let crystals = [view + (tangential >> 1), view - ((tangential + 1) >> 1) + n / 2];
    let radius = scanner.inner_radius_mm + scanner.depth_of_interaction_mm;
    std::array::from_fn(|end| {
        let (sin, cos) = (TAU * crystals[end].rem_euclid(n) as f64 / n as f64 + scanner.tilt_rad).sin_cos();
        let stir_z = (rings[end] as f64 - 0.5 * (scanner.rings as f64 - 1.0)) * scanner.ring_spacing_mm;
        [radius * sin, -radius * cos, -stir_z]
    })
}

#[test]
fn bins_of_interfile_projections_are_where_stir_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.hs");
    let scanner = Scanner {
        rings: 18,
        ring_spacing_mm: 10.0,
        crystals_per_ring: 180,
        radial_bins: 41,
        ..preset("siemens-mmr").unwrap()
    };
    let compression = AxialCompression::Span { span: 1, max_ring_difference: 7 };
    let geometry = SinogramGeometry::new(scanner.clone(), compression, 1, 0).unwrap();
    let phantom = Phantom::load("letter-f").unwrap();
    let mut tracer = phantom.tracer();
    let mut chord = |[a, b]: [[f64; 3]; 2]| tracer.line_integrals(a, b).activity as f32;

    let mut values = Vec::new();
    for (view, radial) in (0..90).flat_map(|view| (0..41).map(move |radial| (view, radial))) {
        values.extend(geometry.all_planes().map(|plane| chord(geometry.line_of_response(view, radial, plane))));
    }
    let data = ProjectionData { geometry, values, duration_s: None };
    let largest = data.values.iter().fold(0.0_f32, |a, &b| a.max(b));

    for order in [StorageOrder::ByView, StorageOrder::ByPlane] {
        write_projection_data(&path, &data, Encoding::default(), order, true).unwrap();
        let mut numbers = floats(&path.with_extension("s")).into_iter();
        let mut seen = 0;
        for difference in -7..=7_i64 {
            let planes = 18 - difference.unsigned_abs() as usize;
            for i in 0..90 * planes {
                let (view, axial) = match order {
                    StorageOrder::ByView => (i / planes, i % planes),
                    StorageOrder::ByPlane => (i % 90, i / 90),
                };
                // Axial position 0 has the lowest rings, of A where B − A > 0.
                let [a, b] = [axial + (-difference).max(0) as usize, axial + difference.max(0) as usize];
                for tangential in -20..=20 {
                    let expected = chord(stir_line(&scanner, view as i64, tangential, [a, b]));
                    let found = numbers.next().unwrap();
                    assert!((found - expected).abs() <= 1e-4 * largest, "{found} for {expected} in rings {a}, {b}");
                    seen += usize::from(expected > 0.0);
                }
            }
        }
        assert!(numbers.next().is_none() && seen > 10_000, "{seen} lines meet the letter");
        assert!(read_projection_data(&path, Contents::Counts).unwrap() == data, "{order:?}");
    }
}
