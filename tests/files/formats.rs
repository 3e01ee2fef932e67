//! What holds for every format behind the one door.

use coincide::data::{Background, Clock, Ledger, Measurement};
use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::{self, FORMATS, Holds, ImageOptions, IoError, Provenance};
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
use std::fs;
use std::path::Path;

/// A letter F that is another one in every mirror, in a corner of an odd grid off the centre.
fn letter() -> Image {
    let grid = ImageGrid { shape: [5, 7, 9], voxel_mm: [2.0, 3.0, 4.0], origin_mm: [-4.0, -9.0, -16.0] };
    let mut image = Image::uniform(grid, ImageUnit::BecquerelPerMl, 0.0);
    let strokes = [[1, 1, 1], [1, 1, 2], [1, 1, 3], [1, 1, 4], [1, 1, 5], [2, 1, 5], [3, 1, 5], [2, 1, 3], [1, 4, 1]];
    for (value, voxel) in strokes.into_iter().enumerate() {
        image.values[grid.index(voxel)] = 1.0 + value as f32;
    }
    image
}

fn unit() -> ImageOptions {
    ImageOptions { unit: Some(ImageUnit::BecquerelPerMl), ..ImageOptions::default() }
}

/// Written by its ending, in small and in large letters, and found again by its content under any name.
#[test]
fn every_image_comes_back_from_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let letter = letter();
    for format in FORMATS {
        let Some(images) = &format.images else { continue };
        for ending in images.endings.iter().flat_map(|ending| [(*ending).to_owned(), ending.to_uppercase()]) {
            let path = folder.path().join(format!("f{ending}"));
            let lost = io::save_image(&path, true, &letter, &Provenance::default()).unwrap();
            assert_eq!(lost, images.loses, "{}", format.name);
            let renamed = folder.path().join("anything.dat");
            for file in [&path, &renamed] {
                if file == &renamed {
                    fs::copy(&path, &renamed).unwrap();
                }
                assert_eq!(io::holds(file).unwrap().1, Holds::Image, "{ending}");
                let found = io::open_image(file, &unit()).unwrap().image;
                assert_eq!(found.values, letter.values, "{ending}");
                assert_eq!((found.grid.shape, found.unit), (letter.grid.shape, letter.unit), "{ending}");
                for axis in 0..3 {
                    let apart = (found.grid.origin_mm[axis] - letter.grid.origin_mm[axis]).abs();
                    let size = (found.grid.voxel_mm[axis] - letter.grid.voxel_mm[axis]).abs();
                    assert!(apart < 1e-4 && size < 1e-5, "{ending}: {:?}", found.grid);
                }
            }
            assert!(matches!(
                io::save_image(&path, false, &letter, &Provenance::default()),
                Err(IoError::Exists { .. })
            ));
        }
    }
}

fn scan() -> Measurement {
    let scanner = Scanner { rings: 3, ..preset("ecat-hr+").unwrap() };
    let axial = AxialCompression::Span { span: 1, max_ring_difference: 2 };
    let geometry = SinogramGeometry::new(scanner, axial, 12, 0).unwrap();
    let prompts: Vec<f32> = (0..geometry.bins()).map(|bin| (bin % 7) as f32).collect();
    let background = Some(Background::even(geometry.shape(), vec![0.5; geometry.lines()]));
    let (ledger, clock) = (Ledger::of([]).calibrated(), Clock::lasting(60.0));
    let factors = Some(vec![0.5; geometry.lines()]);
    Measurement { prompts: prompts.into(), factors, background, ledger, clock, geometry }
}

#[test]
fn every_measurement_comes_back_as_far_as_its_format_says() {
    let folder = tempfile::tempdir().unwrap();
    let scan = scan();
    for format in FORMATS {
        let Some(measurements) = &format.measurements else { continue };
        for ending in measurements.endings {
            let path = folder.path().join(format!("scan{}", ending.to_uppercase()));
            let lost = io::save_measurement(&path, true, &scan, &Provenance::default()).unwrap();
            let found = io::open_measurement(&path).unwrap().0;
            let outline = io::outline(&path).unwrap();
            assert_eq!(scan.geometry.difference(&found.geometry), None, "{ending}");
            assert_eq!(
                (found.prompts.to_vec(), found.clock.duration_s),
                (scan.prompts.to_vec(), Some(60.0)),
                "{ending}"
            );
            assert_eq!((outline.factors, outline.background), (found.factors.is_some(), found.background.is_some()));
            assert_eq!(outline.geometry, found.geometry);
            assert_eq!(found.factors.is_some(), !lost.contains(&"factors"), "{ending}: {lost:?}");
            assert_eq!(
                found.ledger == scan.ledger,
                !lost.iter().any(|what| what.contains("hold")),
                "{ending}: {lost:?}"
            );
        }
    }
}

#[test]
fn what_is_no_file_of_any_format_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        io::open_image(&path, &unit()).unwrap_err().to_string()
    };
    assert!(told("empty.h5", b"").contains("is empty"));
    let text = told("image.nii", b"these are words, and no image of any format at all, however long they are");
    for format in FORMATS {
        assert!(text.contains(format.name), "{text}");
    }
    let scan_path = folder.path().join("scan.h5");
    io::save_measurement(&scan_path, false, &scan(), &Provenance::default()).unwrap();
    let other = io::open_image(&scan_path, &unit()).unwrap_err().to_string();
    assert!(other.contains("what it holds is a measurement, expected an image"), "{other}");
    let unnamed = io::save_image(Path::new("image.jpg"), false, &letter(), &Provenance::default()).unwrap_err();
    assert!(unnamed.to_string().contains("one that ends in .h5, .hdf5, .nii"), "{unnamed}");
}

/// The table of the README.
#[test]
fn every_ending_that_is_written_is_in_the_readme() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, table) = readme.split_once("## Formats").unwrap();
    let (table, _) = table.split_once("## ").unwrap();
    for ending in io::image_endings().into_iter().chain(io::measurement_endings()) {
        assert!(ending == ".h5" || ending == ".hdf5" || table.contains(&format!("`{ending}`")), "{ending}");
    }
}
