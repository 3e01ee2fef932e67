//! Coincide's own HDF5 files: round trips, and every kind of damage.

use crate::shared_data::{say_skipped, shared_data};
use coincide::data::{Background, Clock, Ledger, Measurement, Product};
use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::hdf5::{Kind, read_image, read_kind, read_measurement, write_image, write_measurement};
use coincide::io::interfile::read_geometry;
use coincide::io::{IoError, Provenance};
use coincide::scanner::{AxialCompression, RadialSampling, SinogramGeometry, preset};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn image() -> Image {
    let grid = ImageGrid { shape: [3, 4, 5], voxel_mm: [2.0, 1.5, 4.0625], origin_mm: [-2.5, 7.25, -100.0] };
    let values = (0..60).map(|i| (i as f32 * 0.37).sin()).collect();
    Image { grid, unit: ImageUnit::BecquerelPerMl, values }
}

fn provenance() -> Provenance {
    Provenance::from_iter([
        ("config", "[scanner]\nname = \"µPET\"\n".repeat(400)),
        ("empty", String::new()),
        ("seed", "7".into()),
    ])
}

fn measurement(tof_mashing: usize) -> Measurement {
    let scanner = preset("ge-signa-petmr").unwrap();
    let mut scanner = coincide::scanner::Scanner { rings: 5, crystals_per_ring: 32, radial_bins: 11, ..scanner };
    scanner.crystals_per_block = 4;
    let compression = AxialCompression::Ge { max_ring_difference: 3 };
    let geometry = SinogramGeometry::new(scanner, compression, 2, tof_mashing).unwrap();
    let lines = geometry.lines();
    let shape = geometry.shape();
    let bins = (0..geometry.bins()).map(|i| 0.25 + (i % 5) as f32).collect();
    let mut background = Background::of_bins(shape, bins);
    if tof_mashing > 0 {
        let lines = (0..lines).map(|i| 0.5 + (i % 3) as f32).collect();
        let times = (0..shape[0] * shape[2]).map(|i| 0.1 + (i % 7) as f32).collect();
        background.add(Background::of_products(shape, vec![Product { lines, times }]));
    }
    Measurement {
        prompts: (0..geometry.bins()).map(|i| ((i * 7919) % 13) as f32).collect(),
        factors: Some((0..lines).map(|i| 0.1 + (i % 17) as f32).collect()),
        background: Some(background),
        ledger: Ledger::raw().calibrated(),
        clock: Clock::lasting(600.0),
        geometry,
    }
}

struct Written {
    folder: TempDir,
    path: PathBuf,
}

fn written_image() -> Written {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.h5");
    write_image(&path, false, &image(), &provenance()).unwrap();
    Written { folder, path }
}

fn written_measurement(measurement: &Measurement) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.h5");
    write_measurement(&path, false, measurement, &provenance()).unwrap();
    Written { folder, path }
}

/// Opens the file for a change by hand, as a user's script would.
fn change(path: &Path, change: impl FnOnce(&hdf5::File)) {
    let file = hdf5::File::open_rw(path).unwrap();
    change(&file);
    file.close().unwrap();
}

#[test]
fn images_come_back_bit_for_bit() {
    let file = written_image();
    assert_eq!(read_image(&file.path).unwrap(), (image(), provenance()));
    assert_eq!(read_kind(&file.path).unwrap(), Kind::Image);
    for unit in [ImageUnit::PerCm, ImageUnit::CountsPerMm] {
        write_image(&file.path, true, &Image { unit, ..image() }, &Provenance::default()).unwrap();
        assert_eq!(read_image(&file.path).unwrap().0.unit, unit);
    }
    assert_eq!(std::fs::read_dir(file.folder.path()).unwrap().count(), 1);
}

#[test]
fn measurements_come_back_bit_for_bit() {
    let arc_corrected = {
        let mut arc = measurement(0);
        arc.geometry.sampling = RadialSampling::ArcCorrected { bin_mm: 2.1 };
        arc
    };
    let bare = Measurement {
        factors: None,
        background: None,
        clock: Clock::default(),
        ledger: Ledger::raw(),
        ..measurement(0)
    };
    for scan in [measurement(0), measurement(27), arc_corrected, bare] {
        let file = written_measurement(&scan);
        assert_eq!(read_measurement(&file.path).unwrap(), (scan, provenance()));
        assert_eq!(read_kind(&file.path).unwrap(), Kind::Measurement);
    }
}

#[test]
fn segments_with_some_of_their_planes_come_back() {
    let mut scan = measurement(0);
    let segments = &mut scan.geometry.segments;
    segments[0].planes.drain(..2);
    segments[1].planes.truncate(1);
    let bins = scan.geometry.bins();
    scan.prompts = scan.prompts.iter().take(bins).collect();
    let background = scan.background.unwrap().to_vec()[..bins].to_vec();
    scan.background = Some(Background::of_bins(scan.geometry.shape(), background));
    scan.factors.as_mut().unwrap().truncate(scan.geometry.lines());
    let file = written_measurement(&scan);
    assert_eq!(read_measurement(&file.path).unwrap().0, scan);
    change(&file.path, |file| file.group("geometry").unwrap().unlink("ring_sums").unwrap());
    let error = read_measurement(&file.path).unwrap_err().to_string();
    assert!(error.contains("the number of planes is 13, expected 19"), "{error}");
}

#[test]
fn fractional_and_large_counts_are_kept() {
    for large in [255.0, 256.0, 65535.0, 65536.0, 0.5] {
        let mut scan = measurement(0);
        let mut prompts = scan.prompts.to_vec();
        prompts[3] = large;
        scan.prompts = prompts.into();
        let file = written_measurement(&scan);
        assert_eq!(read_measurement(&file.path).unwrap().0, scan);
    }
}

#[test]
fn every_preset_keeps_its_geometry() {
    for name in coincide::scanner::PRESETS {
        let scanner = coincide::scanner::Scanner { radial_bins: 3, ..preset(name).unwrap() };
        let views = scanner.crystals_per_ring / 2;
        let compression = AxialCompression::Span { span: 3, max_ring_difference: 4 };
        let geometry = SinogramGeometry::new(scanner, compression, views, 0).unwrap();
        let prompts = vec![1.0; geometry.bins()].into();
        let scan = Measurement {
            geometry,
            prompts,
            factors: None,
            background: None,
            ledger: Ledger::raw(),
            clock: Clock::default(),
        };
        let file = written_measurement(&scan);
        assert_eq!(read_measurement(&file.path).unwrap().0, scan, "{name}");
    }
}

#[test]
fn wrong_values_are_named_with_their_bin() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.h5");
    let mut scan = measurement(0);
    let planes = scan.geometry.planes();
    let mut prompts = scan.prompts.to_vec();
    prompts[planes + 2] = f32::NAN;
    scan.prompts = prompts.into();
    let error = write_measurement(&path, false, &scan, &Provenance::default()).unwrap_err().to_string();
    assert!(error.ends_with("scan.h5: prompts[0, 1, 0, 2] is NaN, expected a finite number >= 0"), "{error}");
    assert!(!path.exists());

    let file = written_measurement(&measurement(0));
    change(&file.path, |file| {
        let counts = file.dataset("background").unwrap();
        counts.write_slice(&ndarray::arr1(&[-0.5_f32]), ndarray::s![1, 2, 0, 3..4]).unwrap();
    });
    let error = read_measurement(&file.path).unwrap_err().to_string();
    assert!(error.ends_with("background[1, 2, 0, 3] is -0.5, expected a finite number >= 0"), "{error}");

    let file = written_image();
    change(&file.path, |file| {
        let values = file.dataset("image").unwrap();
        values.write_slice(&ndarray::arr1(&[f32::INFINITY]), ndarray::s![2, 0, 4..5]).unwrap();
    });
    let error = read_image(&file.path).unwrap_err().to_string();
    assert!(error.ends_with("image[2, 0, 4] is inf, expected a finite number"), "{error}");
}

#[test]
fn products_of_a_background_are_whole_or_refused() {
    let refused = |spoil: &dyn Fn(&hdf5::Group)| {
        let file = written_measurement(&measurement(27));
        change(&file.path, |file| spoil(&file.group("background_products").unwrap()));
        read_measurement(&file.path).unwrap_err().to_string()
    };
    let found = refused(&|group| group.unlink("times_0").unwrap());
    assert!(found.contains("times_0"), "{found}");
    let found = refused(&|group| group.unlink("lines_0").unwrap());
    assert!(found.contains("background_products is [\"times_0\"], expected `lines_0` and `times_0`"), "{found}");
    let found = refused(&|group| {
        group.unlink("times_0").unwrap();
        let times = ndarray::Array2::<f32>::ones((2, 3));
        group.new_dataset_builder().with_data(&times).create("times_0").unwrap();
    });
    assert!(found.contains("the shape of times_0 is [2, 3]"), "{found}");
    let found = refused(&|group| {
        let times = group.dataset("times_0").unwrap();
        times.write_slice(&ndarray::arr1(&[-1.0_f32]), ndarray::s![1, 2..3]).unwrap();
    });
    assert!(found.contains("times_0[1, 2] is -1, expected a finite number >= 0"), "{found}");
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.h5");
    let refuse = |spoil: fn(&mut Measurement), expected: &str| {
        let mut scan = measurement(27);
        spoil(&mut scan);
        let error = write_measurement(&path, false, &scan, &Provenance::default()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    refuse(|scan| scan.clock.duration_s = Some(0.0), "duration_s is 0");
    refuse(|scan| scan.geometry.segments[1].planes[0].z_mm += 1.0, "the planes of the segments");
    refuse(|scan| scan.geometry.views = 7, "the number of views is 7, expected a divisor of 16");
    refuse(|scan| scan.geometry.tof.as_mut().unwrap().width_mm = f64::NAN, "tof_width_mm is NaN");
    refuse(|scan| scan.geometry.sampling = RadialSampling::ArcCorrected { bin_mm: -1.0 }, "bin_mm is -1");
    refuse(|scan| scan.geometry.scanner.rings = 0, "geometry/scanner");
    let mut flat = image();
    flat.grid.voxel_mm[1] = 0.0;
    let error = write_image(&path, false, &flat, &Provenance::default()).unwrap_err().to_string();
    assert!(error.contains("the voxel size of image is [2.0, 0.0, 4.0625]"), "{error}");
    let key = Provenance::from_iter([("a/b", "text")]);
    assert!(write_image(&path, false, &image(), &key).unwrap_err().to_string().contains("provenance key `a/b`"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Runs itself with a folder of 1 MiB, in a name space of its own.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_and_leaves_nothing() {
    const FOLDER: &str = "COINCIDE_TEST_FULL_DISK";
    if let Ok(folder) = std::env::var(FOLDER) {
        return fill_the_disk(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut unshare = std::process::Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c"]).env(FOLDER, folder.path());
    let mount = format!("mount -t tmpfs -o size=1m tmpfs \"${FOLDER}\" || exit 77; exec \"$@\"");
    unshare.args([&mount, "sh"]).arg(std::env::current_exe().unwrap());
    let Ok(child) = unshare.args(["--exact", "files_hdf5::a_full_disk_is_an_error_and_leaves_nothing"]).output() else {
        return say_skipped("no unshare");
    };
    let text = String::from_utf8_lossy(&child.stdout);
    if !text.contains("running 1 test") {
        let error = String::from_utf8_lossy(&child.stderr);
        return say_skipped(&format!("no small folder can be mounted here: {error}"));
    }
    assert!(child.status.success(), "{text}");
}

#[cfg(target_os = "linux")]
fn fill_the_disk(folder: &Path) {
    let noise = |n: usize| {
        let mixed = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        (mixed >> 40) as f32 * 0.37
    };
    for side in [80, 100, 128] {
        let grid = ImageGrid::centred([side; 3], [1.0; 3]);
        let values = (0..grid.voxels()).map(noise).collect();
        let image = Image { grid, unit: ImageUnit::BecquerelPerMl, values };
        let error = write_image(&folder.join("image.h5"), false, &image, &provenance()).unwrap_err();
        assert!(error.to_string().contains("writing failed"), "{error}");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
    }
}

#[test]
fn lying_headers_are_clear_errors() {
    type Change = fn(&hdf5::File);
    let cases: [(Change, &str); 13] = [
        (
            |file| {
                file.unlink("prompts").unwrap();
                file.link_external("other.h5", "prompts", "prompts").unwrap();
            },
            "prompts is a link to another place",
        ),
        (
            |file| {
                file.unlink("factors").unwrap();
                let lz =
                    file.new_dataset::<i64>().scale_offset(hdf5::filters::ScaleOffset::Integer(0)).chunk((4, 4, 4));
                lz.shape((8, 11, 19)).create("factors").unwrap();
            },
            "factors is filtered by ScaleOffset",
        ),
        (|file| file.attr("format_version").unwrap().write_scalar(&9_i64).unwrap(), "format_version is 9"),
        (|file| file.unlink("prompts").unwrap(), "prompts is missing"),
        (|file| file.unlink("geometry").unwrap(), "geometry is missing"),
        (|file| file.delete_attr("calibrated").unwrap(), "calibrated is missing"),
        (
            |file| {
                file.unlink("prompts").unwrap();
                let huge = file.new_dataset::<f32>().chunk((1, 1, 1, 1024)).shape((1 << 20, 1 << 20, 1, 1024));
                huge.create("prompts").unwrap();
            },
            "prompts is 0 chunks",
        ),
        (
            |file| {
                file.unlink("prompts").unwrap();
                file.new_dataset::<f32>().shape((1 << 10, 1 << 20, 1, 1 << 10)).create("prompts").unwrap();
            },
            "expected 4398046511104",
        ),
        (
            |file| {
                file.unlink("prompts").unwrap();
                let words: Vec<hdf5::types::FixedAscii<8>> = vec![Default::default(); 8 * 11 * 19];
                let words = ndarray::Array4::from_shape_vec((8, 11, 1, 19), words).unwrap();
                file.new_dataset_builder().with_data(&words).create("prompts").unwrap();
            },
            "expected numbers",
        ),
        (
            |file| {
                file.unlink("factors").unwrap();
                file.new_dataset_builder()
                    .with_data(&ndarray::Array3::<f32>::zeros((2, 3, 4)))
                    .create("factors")
                    .unwrap();
            },
            "the shape of factors is [2, 3, 4]",
        ),
        (
            |file| {
                let group = file.group("geometry").unwrap();
                group.unlink("ring_differences").unwrap();
                group
                    .new_dataset_builder()
                    .with_data(&ndarray::arr2(&[[-1_i64, 1], [1, 3]]))
                    .create("ring_differences")
                    .unwrap();
            },
            "expected separate ranges",
        ),
        (
            |file| {
                let group = file.group("geometry").unwrap();
                group.unlink("ring_differences").unwrap();
                group
                    .new_dataset_builder()
                    .with_data(&ndarray::arr2(&[[-1_i64, 1]]))
                    .create("ring_differences")
                    .unwrap();
            },
            "ring_sums is int64 for 3 segments, expected signed integers for 1 to 1 segments",
        ),
        (
            |file| {
                file.attr("kind")
                    .unwrap()
                    .write_scalar(&"image".parse::<hdf5::types::FixedUnicode<64>>().unwrap())
                    .unwrap()
            },
            "kind is `image`",
        ),
    ];
    for (lie, expected) in cases {
        let file = written_measurement(&measurement(0));
        change(&file.path, lie);
        let error = read_measurement(&file.path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn old_superblocks_and_other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.h5");
    hdf5::File::with_options().with_fapl(|list| list.libver_earliest()).create(&path).unwrap().close().unwrap();
    let error = read_image(&path).unwrap_err().to_string();
    assert!(error.contains("superblock of version 0, expected version 2 or 3"), "{error}");
    std::fs::write(&path, "not at all").unwrap();
    assert!(read_image(&path).unwrap_err().to_string().contains("expected the signature of an HDF5 file"));
    std::fs::write(&path, "").unwrap();
    assert!(read_image(&path).is_err());
    assert!(matches!(read_image(&folder.path().join("none.h5")), Err(IoError::System { .. })));
}

/// Reads damaged bytes; a damaged file may read as it was where the damage is in bytes that nothing uses.
fn read_damaged(bytes: &[u8], undamaged: &Measurement) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.h5");
    std::fs::write(&path, bytes).unwrap();
    match read_measurement(&path) {
        Ok((same, about)) if same == *undamaged && about == provenance() => Ok(()),
        Ok(_) => panic!("a damaged file was read as another measurement"),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn each_truncation_is_an_error() {
    for (scan, step) in [(measurement(0), 97), (measurement(27), 997)] {
        let file = written_measurement(&scan);
        let bytes = std::fs::read(&file.path).unwrap();
        for length in (0..bytes.len()).step_by(step) {
            assert!(read_damaged(&bytes[..length], &scan).is_err(), "{length} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn each_flipped_bit_is_an_error_or_harmless() {
    for (scan, step) in [(measurement(0), 7), (measurement(27), 53)] {
        let file = written_measurement(&scan);
        let bytes = std::fs::read(&file.path).unwrap();
        let mut errors = 0;
        let positions = (0..1024).chain((1024..bytes.len()).step_by(step));
        for (count, position) in positions.enumerate() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1 << (count % 8);
            errors += usize::from(read_damaged(&damaged, &scan).is_err());
        }
        assert!(errors > 1000, "only {errors} flips were noticed");
    }
}

proptest! {
    #[test]
    fn random_bytes_are_errors(mut bytes in proptest::collection::vec(any::<u8>(), 0..4096), version in 0_u8..5) {
        prop_assert!(read_damaged(&bytes, &measurement(0)).is_err());
        let start = [b"\x89HDF\r\n\x1a\n".as_slice(), &[version, 8, 8, 0]].concat();
        bytes.splice(0..0, start);
        prop_assert!(read_damaged(&bytes, &measurement(0)).is_err());
    }

    #[test]
    fn overwritten_stretches_are_errors_or_harmless(start in 0.0..1.0_f64, junk in proptest::collection::vec(any::<u8>(), 1..200)) {
        let scan = measurement(27);
        let file = written_measurement(&scan);
        let mut bytes = std::fs::read(&file.path).unwrap();
        let start = (start * bytes.len() as f64) as usize;
        let end = (start + junk.len()).min(bytes.len());
        bytes[start..end].copy_from_slice(&junk[..end - start]);
        let _ = read_damaged(&bytes, &scan);
    }
}

#[test]
#[cfg(unix)]
fn a_written_file_opens_with_a_checksummed_superblock() {
    let file = written_image();
    assert_eq!(std::fs::read(&file.path).unwrap()[8], 3);
}

/// The geometry of STIR's example: what Interfile gives, HDF5 keeps.
#[test]
fn a_geometry_of_another_program_is_kept() {
    let Some(path) = shared_data("stir-interfile/smalllong.hs") else { return };
    let geometry = read_geometry(&path).unwrap();
    let prompts = (0..geometry.bins()).map(|bin| (bin % 7) as f32).collect();
    let scan = Measurement {
        geometry,
        prompts,
        factors: None,
        background: None,
        ledger: Ledger::raw(),
        clock: Clock::default(),
    };
    let file = written_measurement(&scan);
    assert_eq!(read_measurement(&file.path).unwrap().0, scan);
}
