//! NIfTI: orientation, number types, damage.

use crate::shared_data::shared_data;
use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::IoError;
use coincide::io::nifti::{read_nifti, write_nifti};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::io::Write;
use std::path::Path;

const MU: Option<ImageUnit> = Some(ImageUnit::PerCm);

/// The letter F seen from the front (x to the viewer's right, head up), thicker towards the back: no symmetry is left.
fn letter_f() -> Image {
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
        for (datatype, bits) in [(2, 8), (256, 8), (4, 16), (512, 16), (8, 32), (768, 32), (16, 32), (64, 64)] {
            let mut hand = Hand::new(big, datatype, bits, [2, 1, 1], RAS);
            hand.put(112, 0.5_f32.to_be_bytes()).put(116, (-1.0_f32).to_be_bytes());
            for (voxel, value) in [3_u8, 7].into_iter().enumerate() {
                let place = 352 + voxel * bits as usize / 8;
                match (datatype, bits) {
                    (16, _) => hand.put(place, f32::from(value).to_be_bytes()),
                    (64, _) => hand.put(place, f64::from(value).to_be_bytes()),
                    (_, 8) => hand.put(place, value.to_be_bytes()),
                    (_, 16) => hand.put(place, u16::from(value).to_be_bytes()),
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
    good().read(folder.path()).unwrap();
    type Lie = fn(&mut Hand);
    let lies: [(Lie, &str); 16] = [
        (
            |hand| {
                hand.put(0, 540_i32.to_be_bytes());
            },
            "NIfTI-2",
        ),
        (
            |hand| {
                hand.put(0, 7_i32.to_be_bytes());
            },
            "sizeof_hdr is 7, expected 348",
        ),
        (|hand| hand.bytes[344..348].copy_from_slice(b"ni1\0"), "two files"),
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
            "resample a tilted image first",
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
