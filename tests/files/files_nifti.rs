//! NIfTI: orientation, number types, damage.

use crate::shared_data::shared_data;
use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::nifti::{read_nifti, read_nifti_with, sniff, write_nifti};
use coincide::io::{ImageOptions, IoError, NanRule, TiltRule};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::io::Write;
use std::path::Path;

const MU: Option<ImageUnit> = Some(ImageUnit::PerCm);

/// The letter F seen from the front (x to the viewer's right, head up), thicker towards the back: no symmetry is left.
pub(crate) fn letter_f() -> Image {
    let grid = ImageGrid { shape: [6, 4, 8], voxel_mm: [2.0, 3.0, 2.08626], origin_mm: [-5.5, 40.25, -100.5] };
    let mut image = Image::uniform(grid, ImageUnit::BecquerelPerMl, 0.0);
    let strokes = (1..7).map(|k| [1, k]).chain((2..5).map(|i| [i, 6])).chain((2..4).map(|i| [i, 4]));
    for [i, k] in strokes {
        for j in 1..4 {
            image.values[grid.index([i, j, k])] = (100 * j + 10 * i + k) as f32;
        }
    }
    image
}

fn floats(bytes: &[u8], start: usize, count: usize) -> Vec<f32> {
    (0..count).map(|i| f32::from_le_bytes(bytes[start + 4 * i..start + 4 * i + 4].try_into().unwrap())).collect()
}

#[test]
fn the_letter_comes_back_from_both_kinds_of_file() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["f.nii", "f.nii.gz"] {
        let path = folder.path().join(name);
        write_nifti(&path, false, &letter_f()).unwrap();
        assert_eq!(read_nifti(&path, None).unwrap(), letter_f());
        assert!(matches!(write_nifti(&path, false, &letter_f()), Err(IoError::Exists { .. })));
    }
    assert!(write_nifti(&folder.path().join("f.img"), false, &letter_f()).is_err());
}

#[test]
fn the_affine_is_ras() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.nii");
    write_nifti(&path, false, &letter_f()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 352 + 4 * 6 * 4 * 8);
    #[rustfmt::skip]
    let sform = [-2.0, 0.0, 0.0, 5.5, 0.0, -3.0, 0.0, -40.25, 0.0, 0.0, 2.08626, -100.5];
    assert_eq!(floats(&bytes, 280, 12), sform);
    assert_eq!(floats(&bytes, 76, 4), [1.0, 2.0, 3.0, 2.08626]);
    assert_eq!(floats(&bytes, 256, 6), [0.0, 0.0, 1.0, 5.5, -40.25, -100.5]);
    // Voxel [4, 2, 6], the tip of the upper stroke, with x fastest in the file.
    assert_eq!(floats(&bytes, 352 + 4 * (4 + 6 * (2 + 4 * 6)), 1), [246.0]);
    assert_eq!(&bytes[328..334], b"Bq/mL\0");
}

/// A file by hand, in either byte order: header fields as the standard places them.
struct Hand {
    big: bool,
    bytes: Vec<u8>,
}

impl Hand {
    fn new(big: bool, datatype: i16, bits: i16, shape: [i16; 3], affine: [[f32; 4]; 3]) -> Self {
        let mut hand = Self { big, bytes: vec![0; 352] };
        hand.put(0, 348_i32.to_be_bytes());
        for (axis, length) in [3, shape[0], shape[1], shape[2], 1, 1, 1, 1].into_iter().enumerate() {
            hand.put(40 + 2 * axis, length.to_be_bytes());
        }
        hand.put(70, datatype.to_be_bytes()).put(72, bits.to_be_bytes()).put(108, 352_f32.to_be_bytes());
        hand.put(254, 2_i16.to_be_bytes());
        for (place, value) in affine.as_flattened().iter().enumerate() {
            hand.put(280 + 4 * place, value.to_be_bytes());
        }
        hand.bytes[344..348].copy_from_slice(b"n+1\0");
        hand
    }

    fn put<const N: usize>(&mut self, start: usize, mut field: [u8; N]) -> &mut Self {
        if !self.big {
            field.reverse();
        }
        self.bytes.resize(self.bytes.len().max(start + N), 0);
        self.bytes[start..start + N].copy_from_slice(&field);
        self
    }

    fn read(&self, folder: &Path) -> Result<Image, IoError> {
        let path = folder.join("hand.nii");
        std::fs::write(&path, &self.bytes).unwrap();
        read_nifti(&path, MU)
    }
}

const RAS: [[f32; 4]; 3] = [[2.0, 0.0, 0.0, -10.0], [0.0, 3.0, 0.0, -20.0], [0.0, 0.0, 4.0, -30.0]];

#[test]
fn number_types_scale_and_byte_order() {
    let folder = tempfile::tempdir().unwrap();
    for big in [false, true] {
        let kinds =
            [(2, 8), (256, 8), (4, 16), (512, 16), (8, 32), (768, 32), (1024, 64), (1280, 64), (16, 32), (64, 64)];
        for (datatype, bits) in kinds {
            let mut hand = Hand::new(big, datatype, bits, [2, 1, 1], RAS);
            hand.put(112, 0.5_f32.to_be_bytes()).put(116, (-1.0_f32).to_be_bytes());
            for (voxel, value) in [3_u8, 7].into_iter().enumerate() {
                let place = 352 + voxel * bits as usize / 8;
                match (datatype, bits) {
                    (16, _) => hand.put(place, f32::from(value).to_be_bytes()),
                    (64, _) => hand.put(place, f64::from(value).to_be_bytes()),
                    (_, 8) => hand.put(place, value.to_be_bytes()),
                    (_, 16) => hand.put(place, u16::from(value).to_be_bytes()),
                    (_, 64) => hand.put(place, u64::from(value).to_be_bytes()),
                    _ => hand.put(place, u32::from(value).to_be_bytes()),
                };
            }
            let image = hand.read(folder.path()).unwrap();
            // RAS runs to the right; the scanner's x runs to the left.
            assert_eq!(image.values, [2.5, 0.5], "datatype {datatype}, big {big}");
            assert_eq!(image.grid.origin_mm, [8.0, 20.0, -30.0]);
            assert_eq!(image.unit, ImageUnit::PerCm);
        }
    }
}

/// Without an sform the qform says where voxels are, and pixdim[0] = −1 turns k round (method 2 of the standard): here
/// k runs to the feet from −30 mm, in steps of 4 mm. 0 and 1 leave it.
#[test]
fn the_handedness_of_a_qform_turns_the_third_axis() {
    let folder = tempfile::tempdir().unwrap();
    for big in [false, true] {
        for (handedness, values, lowest) in
            [(1.0_f32, [3.0, 7.0], -30.0), (0.0, [3.0, 7.0], -30.0), (-1.0, [7.0, 3.0], -34.0)]
        {
            let mut hand = Hand::new(big, 16, 32, [1, 1, 2], RAS);
            hand.put(254, 0_i16.to_be_bytes()).put(252, 1_i16.to_be_bytes());
            // The quaternion (1, 0, 0, 0): voxel axes run right, front, head.
            for (place, value) in
                [(76, handedness), (80, 2.0), (84, 3.0), (88, 4.0), (268, -10.0), (272, -20.0), (276, -30.0)]
            {
                hand.put(place, value.to_be_bytes());
            }
            hand.put(352, 3_f32.to_be_bytes()).put(356, 7_f32.to_be_bytes());
            let image = hand.read(folder.path()).unwrap();
            assert_eq!(image.values, values, "handedness {handedness}");
            assert_eq!(image.grid.origin_mm, [10.0, 20.0, lowest], "handedness {handedness}");
            assert_eq!(image.grid.voxel_mm, [2.0, 3.0, 4.0]);
        }
    }
}

#[test]
fn lying_headers_are_clear_errors() {
    let folder = tempfile::tempdir().unwrap();
    let good = || {
        let mut hand = Hand::new(false, 16, 32, [2, 3, 4], RAS);
        hand.bytes.resize(352 + 96, 0);
        hand
    };
    assert!(sniff(&good().bytes));
    good().read(folder.path()).unwrap();
    type Lie = fn(&mut Hand);
    let lies: [(Lie, &str); 16] = [
        (
            |hand| {
                hand.put(0, 540_i32.to_be_bytes());
            },
            "448 bytes of data, expected 540",
        ),
        (
            |hand| {
                hand.put(0, 7_i32.to_be_bytes());
            },
            "sizeof_hdr is 7, expected 348",
        ),
        (|hand| hand.bytes[344..348].copy_from_slice(b"ni1\0"), "the header is followed by more"),
        (|hand| hand.bytes[344..348].fill(0), "magic is"),
        (
            |hand| {
                hand.put(42, (-2_i16).to_be_bytes());
            },
            "dim is",
        ),
        (
            |hand| {
                hand.put(40, 9_i16.to_be_bytes());
            },
            "dim is",
        ),
        (
            |hand| {
                hand.put(40, 4_i16.to_be_bytes()).put(48, 5_i16.to_be_bytes());
            },
            "one frame",
        ),
        (
            |hand| {
                hand.put(42, [0x7f, 0xff]).put(44, [0x7f, 0xff]).put(46, [0x7f, 0xff]);
            },
            "96 bytes of data, expected 140724603846652",
        ),
        (
            |hand| {
                hand.put(70, 128_i16.to_be_bytes());
            },
            "datatype/bitpix is 128/32",
        ),
        (
            |hand| {
                hand.put(108, f32::NAN.to_be_bytes());
            },
            "vox_offset is NaN",
        ),
        (
            |hand| {
                hand.put(108, 1e30_f32.to_be_bytes());
            },
            "vox_offset is 1000",
        ),
        (
            |hand| {
                hand.put(112, f32::NAN.to_be_bytes());
            },
            "scl_slope/scl_inter is NaN",
        ),
        (
            |hand| {
                hand.put(254, [0, 0]);
            },
            "qform_code/sform_code is 0/0",
        ),
        (
            |hand| {
                hand.put(284, 1.0_f32.to_be_bytes());
            },
            "tilted by 18.43° against the scanner's axes",
        ),
        (
            |hand| {
                hand.put(352 + 4 * 7, f32::NAN.to_be_bytes());
            },
            "voxel[0, 2, 1] is NaN",
        ),
        (|hand| hand.bytes.push(0), "97 bytes of data, expected 96"),
    ];
    for (lie, expected) in lies {
        let mut hand = good();
        lie(&mut hand);
        let error = hand.read(folder.path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let path = folder.path().join("hand.nii");
    std::fs::write(&path, &good().bytes).unwrap();
    let error = read_nifti(&path, None).unwrap_err().to_string();
    assert!(error.contains("the unit (intent_name) is missing"), "{error}");
}

/// The same file with a header of version 2.
fn version_2(hand: &Hand, magic: &[u8; 8]) -> Hand {
    let mut two = Hand { big: hand.big, bytes: vec![0; 544] };
    let old = hand.bytes.clone();
    let take = |start: usize, length: usize| {
        let mut field = old[start..start + length].to_vec();
        if !hand.big {
            field.reverse();
        }
        field
    };
    let short = |start: usize| i16::from_be_bytes(take(start, 2).try_into().unwrap());
    let float = |start: usize| f64::from(f32::from_be_bytes(take(start, 4).try_into().unwrap()));
    two.put(0, 540_i32.to_be_bytes());
    two.bytes[4..12].copy_from_slice(magic);
    two.put(12, short(70).to_be_bytes()).put(14, short(72).to_be_bytes());
    for axis in 0..8 {
        two.put(16 + 8 * axis, i64::from(short(40 + 2 * axis)).to_be_bytes());
        two.put(104 + 8 * axis, float(76 + 4 * axis).to_be_bytes());
    }
    two.put(168, 544_i64.to_be_bytes()).put(176, float(112).to_be_bytes()).put(184, float(116).to_be_bytes());
    two.put(344, i32::from(short(252)).to_be_bytes()).put(348, i32::from(short(254)).to_be_bytes());
    for i in 0..6 {
        two.put(352 + 8 * i, float(256 + 4 * i).to_be_bytes());
    }
    for i in 0..12 {
        two.put(400 + 8 * i, float(280 + 4 * i).to_be_bytes());
    }
    two.put(500, i32::from(old[123]).to_be_bytes());
    two.bytes[508..524].copy_from_slice(&old[328..344]);
    two.bytes.extend_from_slice(&old[352..]);
    two
}

/// Our own letter, its header rewritten field by field for version 2, in one file and in two, packed and not.
#[test]
fn version_2_and_pairs_hold_the_same_letter() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write_nifti(&path("f.nii"), false, &letter_f()).unwrap();
    let one = Hand { big: false, bytes: std::fs::read(path("f.nii")).unwrap() };
    let two = version_2(&one, b"n+2\0\r\n\x1a\n");
    std::fs::write(path("two.nii"), &two.bytes).unwrap();
    assert!(sniff(&two.bytes[..600]) && sniff(&one.bytes[..400]) && !sniff(&one.bytes[1..]));
    // Its places are stored in 8 bytes, so the f32 of the first header is not taken for a decimal number.
    let read = read_nifti(&path("two.nii"), None).unwrap();
    assert_eq!((read.values, read.unit), (letter_f().values, letter_f().unit));
    assert!(read.grid.matches(&letter_f().grid), "{}", read.grid);
    // A transfer as text turns the line end of the magic around.
    let text = version_2(&one, b"n+2\0\n\r\x1a\n");
    std::fs::write(path("text.nii"), &text.bytes).unwrap();
    assert!(read_nifti(&path("text.nii"), None).unwrap_err().to_string().contains("magic is"));

    let packed = |bytes: &[u8]| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    };
    let mut first = Hand { big: false, bytes: one.bytes[..352].to_vec() };
    first.bytes[344..348].copy_from_slice(b"ni1\0");
    first.put(108, 0_f32.to_be_bytes());
    let mut second = version_2(&Hand { big: false, bytes: one.bytes[..352].to_vec() }, b"ni2\0\r\n\x1a\n");
    second.put(168, 0_i64.to_be_bytes());
    let voxels = &one.bytes[352..];
    for (header, length) in [(&first.bytes, 348), (&first.bytes, 352), (&second.bytes, 540), (&second.bytes, 544)] {
        std::fs::write(path("pair.hdr"), &header[..length]).unwrap();
        std::fs::write(path("pair.img"), voxels).unwrap();
        let read = read_nifti(&path("pair.hdr"), None).unwrap();
        assert_eq!(read.values, letter_f().values);
        assert!(read.grid.matches(&letter_f().grid), "{}", read.grid);
        std::fs::write(path("packed.hdr.gz"), packed(&header[..length])).unwrap();
        std::fs::write(path("packed.img.gz"), packed(voxels)).unwrap();
        assert_eq!(read_nifti(&path("packed.hdr.gz"), None).unwrap(), read);
        assert!(sniff(&packed(&header[..length])));
    }
    std::fs::write(path("alone.hdr"), &first.bytes).unwrap();
    let error = read_nifti(&path("alone.hdr"), None).unwrap_err().to_string();
    assert!(error.contains("the file of the voxels is missing; expected an .img"), "{error}");
    std::fs::write(path("pair.img"), &voxels[1..]).unwrap();
    assert!(matches!(read_nifti(&path("pair.hdr"), None), Err(IoError::Size { .. })));
}

#[test]
fn one_frame_of_a_series_is_an_image() {
    let folder = tempfile::tempdir().unwrap();
    let mut hand = Hand::new(true, 16, 32, [2, 1, 1], RAS);
    hand.put(40, 4_i16.to_be_bytes()).put(352, 3_f32.to_be_bytes()).put(356, 7_f32.to_be_bytes());
    assert_eq!(hand.read(folder.path()).unwrap().values, [7.0, 3.0]);
}

/// A mask of NaN around an object is air where that is asked for, and told; a NaN inside is refused.
#[test]
fn nan_around_an_object_is_air_by_a_rule() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hand.nii");
    let mut hand = Hand::new(false, 16, 32, [5, 5, 5], RAS);
    let object = |n: usize| (0..3).all(|axis| (1..4).contains(&(n / 5_usize.pow(axis) % 5)));
    for n in 0..125 {
        let value = if object(n) { n as f32 } else { f32::NAN };
        hand.put(352 + 4 * n, value.to_be_bytes());
    }
    let error = hand.read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("voxel[0, 0, 0] is NaN") && error.contains("98 voxels are NaN"), "{error}");
    for (unit, air) in [(ImageUnit::PerCm, 0.0), (ImageUnit::Hounsfield, -1000.0)] {
        let options = ImageOptions { unit: Some(unit), nan: NanRule::Background, ..ImageOptions::default() };
        let read = read_nifti_with(&path, &options).unwrap();
        assert_eq!(read.notes, [format!("98 of 125 voxels are NaN around the object and are read as {air}")]);
        assert_eq!(read.image.values.iter().filter(|value| **value == air).count(), 98);
        assert_eq!(read.image.values[read.image.grid.index([2, 2, 2])], 62.0);
    }
    hand.put(352 + 4 * 62, f32::NAN.to_be_bytes());
    std::fs::write(&path, &hand.bytes).unwrap();
    let options = ImageOptions { unit: MU, nan: NanRule::Background, ..ImageOptions::default() };
    let error = read_nifti_with(&path, &options).unwrap_err().to_string();
    assert!(error.contains("voxel[2, 2, 2] is NaN") && error.contains("1 voxels are NaN"), "{error}");
}

/// Points stay where they are: a hot voxel of an image turned by 30° about z is found at its place in the world.
#[test]
fn a_tilted_image_is_refused_with_its_angle_or_interpolated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hand.nii");
    let (sin, cos) = 30_f32.to_radians().sin_cos();
    let affine = [[2.0 * cos, -2.0 * sin, 0.0, -10.0], [2.0 * sin, 2.0 * cos, 0.0, 5.0], [0.0, 0.0, 3.0, 7.0]];
    let mut hand = Hand::new(false, 16, 32, [12, 10, 3], affine);
    hand.bytes.resize(352 + 4 * 360, 0);
    let (hot, at) =
        ([7, 3, 1], |row: usize| affine[row][0] * 7.0 + affine[row][1] * 3.0 + affine[row][2] + affine[row][3]);
    hand.put(352 + 4 * (hot[0] + 12 * (hot[1] + 10 * hot[2])), 1000_f32.to_be_bytes());
    let error = hand.read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("the affine is tilted by 30.00° against the scanner's axes"), "{error}");
    let options = ImageOptions { unit: MU, tilt: TiltRule::Resample, ..ImageOptions::default() };
    let read = read_nifti_with(&path, &options).unwrap();
    assert!(read.notes[0].starts_with("the image is tilted by 30.00° and was interpolated onto ["), "{:?}", read.notes);
    let grid = read.image.grid;
    assert!(grid.voxel_mm.iter().zip([2.0, 2.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-6), "{grid}");
    let (mut sum, mut middle) = (0.0, [0.0; 3]);
    for (n, &value) in read.image.values.iter().enumerate() {
        let [_, ny, nz] = grid.shape;
        let mm = grid.centre_mm([n / (ny * nz), n / nz % ny, n % nz]);
        sum += f64::from(value);
        (0..3).for_each(|axis| middle[axis] += f64::from(value) * mm[axis]);
    }
    // RAS to LPS. Linear interpolation of one voxel keeps its middle to a fraction of a voxel.
    let expected = [-at(0), -at(1), at(2)].map(f64::from);
    let middle = middle.map(|moment| moment / sum);
    assert!((0..3).all(|axis| (middle[axis] - expected[axis]).abs() < 0.5), "{middle:?} {expected:?}");
}

#[test]
fn each_truncation_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["f.nii", "f.nii.gz"] {
        let path = folder.path().join(name);
        write_nifti(&path, false, &letter_f()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert!(read_nifti(&path, None).is_err(), "{length} of {} bytes of {name}", bytes.len());
        }
    }
}

#[test]
fn a_small_compressed_file_cannot_promise_terabytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut hand = Hand::new(false, 64, 64, [32767, 32767, 1000], RAS);
    hand.bytes.resize(1 << 20, 0);
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&hand.bytes).unwrap();
    let path = folder.path().join("bomb.nii.gz");
    std::fs::write(&path, packed.finish().unwrap()).unwrap();
    assert!(matches!(read_nifti(&path, MU), Err(IoError::Size { expected: 8589410312000, .. })));
}

proptest! {
    #[test]
    fn damage_never_panics(
        flips in proptest::collection::vec((0.0..1.0_f64, any::<u8>()), 1..8),
        header_only: bool,
        compressed: bool,
        junk in proptest::collection::vec(any::<u8>(), 0..2000),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(if compressed { "f.nii.gz" } else { "f.nii" });
        write_nifti(&path, false, &letter_f()).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let range = if header_only { bytes.len().min(348) } else { bytes.len() };
        for (place, value) in flips {
            bytes[(place * range as f64) as usize] = value;
        }
        std::fs::write(&path, &bytes).unwrap();
        let _ = read_nifti(&path, MU);
        std::fs::write(&path, &junk).unwrap();
        prop_assert!(read_nifti(&path, MU).is_err());
    }
}

proptest! {
    #[test]
    fn damage_of_version_2_and_pairs_never_panics(
        flips in proptest::collection::vec((0.0..1.0_f64, any::<u8>()), 1..8),
        pair: bool,
        cut in 0.0..1.0_f64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("f.nii");
        write_nifti(&source, false, &letter_f()).unwrap();
        let one = Hand { big: false, bytes: std::fs::read(&source).unwrap() };
        let magic = if pair { b"ni2\0\r\n\x1a\n" } else { b"n+2\0\r\n\x1a\n" };
        let mut bytes = version_2(&one, magic).bytes;
        for (place, value) in flips {
            let place = (place * 544.0) as usize;
            bytes[place] = value;
        }
        let path = folder.path().join("g.hdr");
        std::fs::write(folder.path().join("g.img"), &one.bytes[352..]).unwrap();
        std::fs::write(&path, if pair { &bytes[..544] } else { &bytes }).unwrap();
        let options = ImageOptions { unit: MU, nan: NanRule::Background, tilt: TiltRule::Resample };
        if let Ok(read) = read_nifti_with(&path, &options) {
            prop_assert_eq!(read.image.values.len(), read.image.grid.voxels());
            prop_assert!(read.image.values.iter().all(|value| value.is_finite()));
        }
        let _ = sniff(&bytes[..(cut * 544.0) as usize]);
        std::fs::write(&path, &bytes[..(cut * 544.0) as usize]).unwrap();
        prop_assert!(read_nifti_with(&path, &options).is_err());
    }
}

/// MNI152 template of the shared data: RAS and int16 or float, as other programs write them.
#[test]
fn a_file_of_another_program_is_read() {
    let name = "mni152/mni_icbm152_gm_tal_nlin_sym_09a_converted.nii.gz";
    let Some(path) = shared_data(name) else { return };
    let image = read_nifti(&path, MU).unwrap();
    let grid = image.grid;
    println!("{}: {grid:?}", path.display());
    let size: f64 = (0..3).map(|axis| grid.shape[axis] as f64 * grid.voxel_mm[axis]).product();
    assert!((5e6..2e7).contains(&size), "a head and its surroundings, in mm³: {size}");
}
