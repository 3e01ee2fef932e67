//! What changes the numbers or the place of a file is honoured or refused, and never passed over.

use coincide::data::{Clock, Ledger, Measurement};
use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::hdf5;
use coincide::io::interfile::*;
use coincide::io::listmode::ListMode;
use coincide::io::nifti::{read_nifti, two_places, write_nifti};
use coincide::io::norm::read_norm;
use coincide::io::{IoError, Provenance};
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const GRID: ImageGrid = ImageGrid { shape: [3, 2, 4], voxel_mm: [2.0, 3.0, 4.0], origin_mm: [-7.5, 11.0, 20.25] };

fn image() -> Image {
    let values = (0..24).map(|n| n as f32).collect();
    Image { grid: GRID, unit: ImageUnit::BecquerelPerMl, values }
}

/// Writes an image, and puts `lines` at the end of its header; those of the same key are taken out.
fn image_with(lines: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hv");
    write_image(&path, &image(), Encoding::default(), false).unwrap();
    edit(&path, lines);
    (folder, path)
}

fn edit(path: &Path, lines: &str) {
    let name = |line: &str| line.split([':', '[']).next().unwrap().replace('!', "").trim().to_owned();
    let new: Vec<_> = lines.lines().map(name).collect();
    let text = fs::read_to_string(path).unwrap();
    let kept: Vec<_> = text.lines().filter(|line| !new.contains(&name(line)) && !line.starts_with("!END")).collect();
    fs::write(path, format!("{}\n{lines}\n!END OF INTERFILE :=\n", kept.join("\n"))).unwrap();
}

/// The image of a header with these lines: its unit, and its values as slope and offset of those that are stored.
fn read_with(lines: &str) -> Result<(ImageUnit, f32, f32), IoError> {
    let (_folder, path) = image_with(lines);
    let found = read_image(&path, ImageUnit::BecquerelPerMl)?;
    let (offset, slope) = (found.values[0], found.values[1] - found.values[0]);
    let expected = image().values.iter().map(|stored| stored * slope + offset).collect::<Vec<_>>();
    assert_eq!(found.values, expected, "{lines}");
    Ok((found.unit, slope, offset))
}

#[test]
fn factors_and_offsets_of_an_image_are_honoured() {
    let activity = ImageUnit::BecquerelPerMl;
    for (lines, slope, offset) in [
        ("", 1.0, 0.0),
        ("image scaling factor[1] := 2", 2.0, 0.0),
        ("image scaling factor := 2", 2.0, 0.0),
        ("quantification units := 4", 4.0, 0.0),
        ("image scaling factor[1] := 4\nquantification units := 4", 4.0, 0.0),
        ("!data rescale slope := 2\ndata_rescale_offset := -3", 2.0, -3.0),
        ("rescale slope := 0.5\nrescale intercept := 8", 0.5, 8.0),
        ("%image slope:=2\n%image intercept:=16", 2.0, 16.0),
        ("%image slope:=\n%image intercept:=0.0", 1.0, 0.0),
        ("image scaling factor[1] := 2\ndata rescale offset := 1", 2.0, 1.0),
        ("calibration factor := 1.0\nnumber of time frames := 1", 1.0, 0.0),
        ("calibration factor := -1\nsome scale factor := 1\nsome offset := 0", 1.0, 0.0),
    ] {
        assert_eq!(read_with(lines).unwrap(), (activity, slope, offset), "{lines}");
    }
    assert_eq!(read_with("quantification units := 1/cm").unwrap().0, ImageUnit::PerCm);
    assert_eq!(read_with("quantification units:=Bq/ml\n%image slope := 2").unwrap(), (activity, 2.0, 0.0));
}

#[test]
fn keys_that_would_change_an_image_in_other_ways_are_refused() {
    for (lines, key) in [
        ("image scaling factor[1] := 2\ndata rescale slope := 3", "data rescale slope"),
        ("data rescale slope := 2\n%image slope := 2", "%image slope"),
        ("image scaling factor := 2\nimage scaling factor[1] := 1", "image scaling factor"),
        ("%image slope := 2\n%image slope := 3", "%image slope"),
        ("data rescale offset := 2\n%image intercept := 2", "%image intercept"),
        ("image scaling factor[1] := 0", "image scaling factor"),
        ("image scaling factor[1] := 1\nimage scaling factor[2] := 2", "image scaling factor [2]"),
        ("data offset in bytes[2] := 8", "data offset in bytes [2]"),
        ("quantification units := kBq/ml", "quantification units"),
        ("calibration factor := 3.5", "calibration factor"),
        ("number of time frames := 2", "number of time frames"),
        ("number of image data types := 3", "number of image data types"),
        ("number of respiratory gates := 4", "number of respiratory gates"),
        ("data compression := gzip", "data compression"),
        ("data starting block := 1", "offset 2048"),
        ("slice orientation := Coronal", "slice orientation"),
        ("%image orientation:={0,1,0,1,0,0}", "%image orientation"),
        ("%x-offset (mm):=5.0", "%x-offset (mm)"),
        ("%BQML scale factor:=22.5", "%bqml scale factor"),
        ("dead time correction factor := 1.2", "dead time correction factor"),
        ("units of measure := furlong", "units of measure"),
        ("image data byte order := BIGENDIAN", "imagedata byte order"),
        ("scale factor (mm/pixel) [1] := 2.5", "scaling factor (mm/pixel) [1]"),
        ("!number format := ascii", "number format"),
    ] {
        let error = read_with(lines).unwrap_err().to_string();
        assert!(error.contains(key), "{lines}: {error}");
    }
}

#[test]
fn the_place_of_an_image_off_centre_is_kept() {
    let (_folder, path) = image_with("");
    assert_eq!(read_image(&path, ImageUnit::BecquerelPerMl).unwrap(), image());
}

#[test]
fn factors_of_a_sinogram_are_honoured_or_refused() {
    let mut scanner = preset("siemens-mmr").unwrap();
    (scanner.rings, scanner.radial_bins) = (2, 5);
    let compression = AxialCompression::Span { span: 1, max_ring_difference: 1 };
    let geometry = SinogramGeometry::new(scanner, compression, 63, 0).unwrap();
    let values: Vec<f32> = (0..geometry.bins()).map(|n| n as f32).collect();
    let data = ProjectionData { geometry, values: values.clone(), duration_s: None };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hs");
    let read = |lines: &str| {
        write_projection_data(&path, &data, Encoding::default(), StorageOrder::ByView, true).unwrap();
        edit(&path, lines);
        read_projection_data(&path, Contents::Counts).map(|read| read.values)
    };
    let scaled: Vec<f32> = values.iter().map(|stored| 2.0 * stored + 0.5).collect();
    for lines in [
        "data rescale slope := 2\ndata rescale offset := 0.5",
        "%image slope := 2\n%image intercept := 0.5",
        "image scaling factor[1] := {2,2,2}\nrescale intercept := 0.5",
        "quantification units := 2\nrescale intercept := 0.5",
    ] {
        assert_eq!(read(lines).unwrap(), scaled, "{lines}");
    }
    for (lines, key) in [
        ("calibration factor := 22.5", "calibration factor"),
        ("image scaling factor[1] := {1,2,3}", "image scaling factor"),
        ("scaling factor (mm/pixel) [1] := 4", "scaling factor (mm/pixel) [1]"),
        ("number of time frames := 3", "number of time frames"),
        ("first pixel offset (mm) [1] := 3", "first pixel offset (mm) [1]"),
        ("normalisation factor := 1.5", "normalisation factor"),
        ("data rescale offset := -1", "bin [view, radial, tof, plane]"),
    ] {
        let error = read(lines).unwrap_err().to_string();
        assert!(error.contains(key), "{lines}: {error}");
    }
}

#[test]
fn headers_of_siemens_are_judged_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hdr");
    let header = |lines: &str| {
        fs::write(&path, format!("!INTERFILE:=\n!originating system:=2008\nname of data file:=a.l\n{lines}\n"))
            .unwrap();
    };
    header(
        "%singles scale factor:=8\nisotope branching factor:=0.97\n%bed zero offset (mm):=3\n%TOF mashing factor:=1",
    );
    ListMode::open(&path).unwrap();
    for lines in ["%TOF mashing factor:=13", "%prompt scale factor:=2"] {
        header(lines);
        let error = ListMode::open(&path).unwrap_err().to_string();
        assert!(error.contains(&lines.to_lowercase()[..12]), "{error}");
    }
    // Moments and headings are no numbers.
    let harmless = "%calibration date (yyyy:mm:dd):=2017:08:09\n%calibration time (hh:mm:ss GMT+00:00):=07:23:33\n\
                    %GLOBAL SCANNER CALIBRATION FACTOR:=\n%cross calibration factor:=0.96\n%scale factor [1]:={2.0,3.0}";
    header(harmless);
    let error = read_norm(&path).unwrap_err().to_string();
    assert!(error.contains("number of bytes per pixel"), "{error}");
    header("%efficiency scale factor:=2");
    let error = read_norm(&path).unwrap_err().to_string();
    assert!(error.contains("%efficiency scale factor"), "{error}");
}

/// A NIfTI file with some bytes replaced.
fn nifti_with(name: &str, patches: &[(usize, &[u8])]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    write_nifti(&path, false, &image()).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    for (at, patch) in patches {
        bytes[*at..*at + patch.len()].copy_from_slice(patch);
    }
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn float(value: f32) -> [u8; 4] {
    value.to_le_bytes()
}

#[test]
fn slopes_of_nifti_follow_the_standard() {
    const SLOPE: usize = 112;
    let read = |slope: f32, intercept: f32| {
        let (_folder, path) = nifti_with("a.nii", &[(SLOPE, &float(slope)), (SLOPE + 4, &float(intercept))]);
        read_nifti(&path, None).map(|image| [image.values[0], image.values[1]])
    };
    assert_eq!(read(2.0, 3.0).unwrap(), [3.0, 5.0]);
    assert_eq!(read(0.0, 3.0).unwrap(), [0.0, 1.0]);
    assert_eq!(read(0.0, f32::NAN).unwrap(), [0.0, 1.0]);
    for (slope, intercept) in [(f32::NAN, 0.0), (f32::INFINITY, 0.0), (1.0, f32::NAN)] {
        let error = read(slope, intercept).unwrap_err().to_string();
        assert!(error.contains("scl_slope/scl_inter"), "{error}");
    }
}

#[test]
fn the_sform_places_an_image_and_a_qform_elsewhere_is_told() {
    const OFFSET_X: usize = 268;
    let (_folder, own) = nifti_with("a.nii", &[]);
    assert_eq!(two_places(&own).unwrap(), None);
    // The qform lies 4.6 mm, 2.3 voxels, to the side of the sform.
    let moved = float(7.5 - 4.6);
    let (_folder, path) = nifti_with("a.nii", &[(OFFSET_X, &moved)]);
    let told = two_places(&path).unwrap().unwrap();
    assert!(told.contains("2.3 voxels apart; the sform is followed"), "{told}");
    assert_eq!(read_nifti(&path, None).unwrap(), image());
    // With a qform alone there is nothing to tell, and it is followed.
    let (_folder, path) = nifti_with("a.nii", &[(OFFSET_X, &moved), (254, &[0, 0])]);
    assert_eq!(two_places(&path).unwrap(), None);
    let origin = read_nifti(&path, None).unwrap().grid.origin_mm;
    assert!((origin[0] - (-7.5 + 4.6)).abs() < 1e-5 && origin[1..] == GRID.origin_mm[1..], "{origin:?}");
}

#[test]
fn qfac_of_minus_one_turns_the_slices_round() {
    let (_folder, path) = nifti_with("a.nii", &[(76, &float(-1.0)), (254, &[0, 0])]);
    let found = read_nifti(&path, None).unwrap();
    // Slice k of the file is now at 20.25 - 4 k mm, so that the last one is the lowest.
    assert_eq!(found.grid.origin_mm, [-7.5, 11.0, 20.25 - 12.0]);
    for (voxels, stored) in found.values.chunks(4).zip(image().values.chunks(4)) {
        assert_eq!(voxels.iter().rev().collect::<Vec<_>>(), stored.iter().collect::<Vec<_>>());
    }
}

#[test]
fn lengths_and_units_of_nifti_are_those_that_it_states() {
    let voxel = |unit: u8| {
        let (_folder, path) = nifti_with("a.nii", &[(123, &[unit])]);
        read_nifti(&path, None).map(|image| image.grid.voxel_mm[0])
    };
    assert_eq!([voxel(0).unwrap(), voxel(1).unwrap(), voxel(2).unwrap(), voxel(3).unwrap()], [2.0, 2000.0, 2.0, 0.002]);
    assert!(voxel(5).unwrap_err().to_string().contains("xyzt_units"));
    for name in [b"kBq/mL\0", b"SUVbw\0\0", b"MBq/cc\0"] {
        let (_folder, path) = nifti_with("a.nii", &[(328, name)]);
        let error = read_nifti(&path, Some(ImageUnit::BecquerelPerMl)).unwrap_err().to_string();
        assert!(error.contains("the unit (intent_name)"), "{error}");
    }
}

#[test]
fn what_is_not_known_of_an_own_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let refused = |change: &dyn Fn(&::hdf5::File)| {
        hdf5::write_image(&path, true, &image(), &Provenance::default()).unwrap();
        let file = ::hdf5::File::open_rw(&path).unwrap();
        change(&file);
        file.close().unwrap();
        hdf5::read_image(&path).unwrap_err().to_string()
    };
    let told = refused(&|file| {
        file.dataset("image").unwrap().new_attr::<f64>().create("scale").unwrap().write_scalar(&2.0).unwrap();
    });
    assert!(told.contains("`scale`, expected only unit, voxel_mm, origin_mm"), "{told}");
    let told = refused(&|file| file.new_attr::<f64>().create("slope").unwrap().write_scalar(&2.0).unwrap());
    assert!(told.contains("`slope`"), "{told}");
    let told = refused(&|file| drop(file.new_dataset::<f32>().shape([4]).create("scales").unwrap()));
    assert!(told.contains("`scales`, expected only image, provenance"), "{told}");
    let told = refused(&|file| drop(file.dataset("image").unwrap().new_attr::<f64>().create("units").unwrap()));
    assert!(told.contains("`units`") && told.contains("did you mean `unit`?"), "{told}");
    let told = refused(&|file| {
        let text = file.group("provenance").unwrap();
        text.new_attr::<f64>().create("scale").unwrap();
    });
    assert!(told.contains("an attribute of /provenance is `scale`, expected none"), "{told}");
    let told = refused(&|file| {
        file.unlink("image").unwrap();
        file.link_soft("/provenance", "image").unwrap();
    });
    assert!(told.contains("image is a link to another place"), "{told}");
}

/// A data set whose name is nearly right was left out in silence once, and the image 30 000 times too small.
#[test]
fn names_of_a_measurement_that_are_nearly_right_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.h5");
    let scanner = Scanner { rings: 2, crystals_per_ring: 18, radial_bins: 5, ..preset("siemens-mmr").unwrap() };
    let axial = AxialCompression::Span { span: 1, max_ring_difference: 1 };
    let geometry = SinogramGeometry::new(scanner, axial, 1, 0).unwrap();
    let prompts = vec![1.0; geometry.bins()].into();
    let factors = Some(vec![1.0; geometry.lines()]);
    let scan =
        Measurement { geometry, prompts, factors, background: None, ledger: Ledger::raw(), clock: Clock::default() };
    let read = |change: &dyn Fn(&::hdf5::File)| {
        hdf5::write_measurement(&path, true, &scan, &Provenance::default()).unwrap();
        let file = ::hdf5::File::open_rw(&path).unwrap();
        change(&file);
        file.close().unwrap();
        hdf5::read_measurement(&path).map(|(found, _)| assert_eq!(found, scan)).map_err(|error| error.to_string())
    };
    for (name, wrong) in [("factors", "factor"), ("prompts", "Prompts"), ("geometry/ring_sums", "geometry/ring_sum")] {
        let told = read(&|file| file.relink(name, wrong).unwrap()).unwrap_err();
        let [name, wrong] = [name, wrong].map(|path| path.trim_start_matches("geometry/"));
        assert!(told.contains(&format!("`{wrong}`")) && told.contains(&format!("did you mean `{name}`?")), "{told}");
    }
    let told = read(&|file| drop(file.new_attr::<f64>().create("duration").unwrap())).unwrap_err();
    assert!(told.contains("`duration`") && told.contains("attributes of your own start with `user_`"), "{told}");
    let told = read(&|file| drop(file.dataset("factors").unwrap().new_attr::<f64>().create("scale").unwrap()));
    assert!(told.unwrap_err().contains("an attribute of /factors is `scale`, expected none"));
    // What users add under the names that are theirs is theirs.
    read(&|file| {
        file.new_attr::<f64>().create("user_dose_mbq").unwrap().write_scalar(&200.0).unwrap();
        file.dataset("prompts").unwrap().new_attr::<f64>().create("user_gate").unwrap().write_scalar(&3.0).unwrap();
        let own = file.create_group("user").unwrap();
        own.new_dataset::<f64>().shape([4]).create("anything").unwrap();
        own.link_external("elsewhere.h5", "there", "here").unwrap();
    })
    .unwrap();
}
