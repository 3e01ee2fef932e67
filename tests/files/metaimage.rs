//! MetaImage: orientation, number types, dialects, damage.

use crate::files_nifti::letter_f;
use coincide::image::{Image, ImageUnit};
use coincide::io::metaimage::{read_metaimage, read_metaimage_with, sniff, write_metaimage};
use coincide::io::{ImageOptions, IoError, NanRule, TiltRule};
use flate2::{Compression, write::ZlibEncoder};
use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::path::Path;

const MU: Option<ImageUnit> = Some(ImageUnit::PerCm);

#[test]
fn the_letter_comes_back_from_one_file_and_from_two() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["f.mha", "g.mhd"] {
        let path = folder.path().join(name);
        write_metaimage(&path, false, &letter_f()).unwrap();
        assert_eq!(read_metaimage(&path, None).unwrap(), letter_f());
        assert!(sniff(&fs::read(&path).unwrap()));
        assert!(matches!(write_metaimage(&path, false, &letter_f()), Err(IoError::Exists { .. })));
    }
    assert!(folder.path().join("g.raw").is_file());
    assert!(write_metaimage(&folder.path().join("f.img"), false, &letter_f()).is_err());
}

#[test]
fn the_file_is_lps_with_x_fastest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.mha");
    write_metaimage(&path, false, &letter_f()).unwrap();
    let bytes = fs::read(&path).unwrap();
    let header = "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n\
                  CompressedData = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = -5.5 40.25 -100.5\n\
                  CenterOfRotation = 0 0 0\nAnatomicalOrientation = RAI\nElementSpacing = 2 3 2.08626\n\
                  DimSize = 6 4 8\nImageUnit = Bq/mL\nElementType = MET_FLOAT\nElementDataFile = LOCAL\n";
    assert_eq!(std::str::from_utf8(&bytes[..header.len()]).unwrap(), header);
    assert_eq!(bytes.len(), header.len() + 4 * 6 * 4 * 8);
    // Voxel [4, 2, 6], the tip of the upper stroke.
    let start = header.len() + 4 * (4 + 6 * (2 + 4 * 6));
    assert_eq!(bytes[start..start + 4], 246_f32.to_le_bytes());
}

/// What to put in place of what.
type Changes<'a> = &'a [(&'a str, &'a str)];
/// A number as it is stored.
type Bytes = fn(u8) -> Vec<u8>;

/// A header by hand, and voxels of two bytes: 2 × 1 × 3.
fn hand(changes: Changes) -> String {
    let mut text = String::from(
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nTransformMatrix = 1 0 0 0 1 0 \
         0 0 1\nOffset = 10 20 30\nElementSpacing = 2 3 4\nDimSize = 2 1 3\nElementType = MET_SHORT\nElementDataFile = \
         LOCAL\n",
    );
    for (from, to) in changes {
        assert!(text.contains(from), "{from} is not in\n{text}");
        text = text.replace(from, to);
    }
    text
}

const SIX: [i16; 6] = [1, -2, 3, 4, 5, 6];

fn read(folder: &Path, header: &str, data: &[u8]) -> Result<Image, IoError> {
    let path = folder.join("hand.mha");
    fs::write(&path, [header.as_bytes(), data].concat()).unwrap();
    read_metaimage(&path, MU)
}

fn six() -> Vec<u8> {
    SIX.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn axes_in_any_order_and_direction_are_turned_round() {
    let folder = tempfile::tempdir().unwrap();
    let image = read(folder.path(), &hand(&[]), &six()).unwrap();
    assert_eq!(image.values, [1.0, 3.0, 5.0, -2.0, 4.0, 6.0]);
    assert_eq!((image.grid.shape, image.grid.origin_mm), ([2, 1, 3], [10.0, 20.0, 30.0]));
    // Row i is the direction of axis i: the first runs to −z, the second to +x, the third to −y. Left-handed.
    let turned = hand(&[("1 0 0 0 1 0 0 0 1", "0 0 -1 1 0 0 0 -1 0")]);
    let image = read(folder.path(), &turned, &six()).unwrap();
    assert_eq!((image.grid.shape, image.grid.voxel_mm), ([1, 3, 2], [3.0, 4.0, 2.0]));
    assert_eq!(image.grid.origin_mm, [10.0, 12.0, 28.0]);
    assert_eq!(image.values, [6.0, 5.0, 4.0, 3.0, -2.0, 1.0]);
}

#[test]
fn dialects_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let expected = read(folder.path(), &hand(&[]), &six()).unwrap();
    let swapped: Vec<u8> = SIX.iter().flat_map(|number| number.to_be_bytes()).collect();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&six()).unwrap();
    let packed = packed.finish().unwrap();
    let size = format!("BinaryData = True\nCompressedData = True\nCompressedDataSize = {}", packed.len());
    let cases: [(Changes, &[u8]); 10] = [
        (&[("Offset =", "Position =")], &six()),
        (&[("Offset =", "Origin =")], &six()),
        (&[("TransformMatrix", "Orientation"), ("OrderMSB = False", "OrderMSB = FALSE")], &six()),
        (&[("TransformMatrix = 1 0 0 0 1 0 0 0 1\n", "")], &six()),
        (&[("ElementSpacing", "ElementSize"), ("\n", "\r\n")], &six()),
        (&[("BinaryDataByteOrderMSB = False", "ElementByteOrderMSB = True")], &swapped),
        (&[("BinaryData = True", &size)], &packed),
        (&[("NDims = 3\n", "NDims = 3\nHeaderSize = -1\n"), ("LOCAL\n", "LOCAL\nmore")], &six()),
        (&[("NDims = 3\n", "NDims = 3\nHeaderSize = 4\n"), ("LOCAL\n", "Local\nmore")], &six()),
        (
            &[
                ("NDims = 3", "NDims = 4"),
                ("1 0 0 0 1 0 0 0 1", "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"),
                ("10 20 30", "10 20 30 0"),
                ("2 3 4", "2 3 4 1"),
                ("2 1 3", "2 1 3 1"),
            ],
            &six(),
        ),
    ];
    for (changes, data) in cases {
        assert_eq!(read(folder.path(), &hand(changes), data).unwrap(), expected, "{changes:?}");
    }
    let other = hand(&[("LOCAL", "voxels.raw"), ("NDims = 3\n", "NDims = 3\nHeaderSize = 3\n")]);
    fs::write(folder.path().join("voxels.raw"), [b"abc", six().as_slice()].concat()).unwrap();
    assert_eq!(read(folder.path(), &other, b"").unwrap(), expected);
}

#[test]
fn number_types() {
    let folder = tempfile::tempdir().unwrap();
    let types: [(&str, Bytes); 12] = [
        ("MET_CHAR", |n| vec![n]),
        ("MET_UCHAR", |n| vec![n]),
        ("MET_SHORT", |n| u16::from(n).to_le_bytes().into()),
        ("MET_USHORT", |n| u16::from(n).to_le_bytes().into()),
        ("MET_INT", |n| u32::from(n).to_le_bytes().into()),
        ("MET_UINT", |n| u32::from(n).to_le_bytes().into()),
        ("MET_LONG", |n| u32::from(n).to_le_bytes().into()),
        ("MET_ULONG", |n| u32::from(n).to_le_bytes().into()),
        ("MET_LONG_LONG", |n| u64::from(n).to_le_bytes().into()),
        ("MET_ULONG_LONG", |n| u64::from(n).to_le_bytes().into()),
        ("MET_FLOAT", |n| f32::from(n).to_le_bytes().into()),
        ("MET_DOUBLE", |n| f64::from(n).to_le_bytes().into()),
    ];
    for (name, bytes) in types {
        let data: Vec<u8> = (1..7).flat_map(bytes).collect();
        let image = read(folder.path(), &hand(&[("MET_SHORT", name)]), &data).unwrap();
        assert_eq!(image.values, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0], "{name}");
    }
}

#[test]
fn lying_headers_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(Changes, &str); 24] = [
        (&[("ObjectType = Image", "ObjectType = Tube")], "`ObjectType` is Tube, expected Image"),
        (&[("NDims = 3", "NDims = 2"), ("2 1 3", "2 3")], "`NDims` is 2"),
        (&[("NDims = 3", "NDims = x")], "`NDims` is x"),
        (&[("DimSize = 2 1 3", "DimSize = 2 1")], "`DimSize` is `2 1`, expected 3 finite numbers"),
        (&[("DimSize = 2 1 3", "DimSize = 2 0 3")], "at least one voxel"),
        (&[("DimSize = 2 1 3", "DimSize = 2 1.5 3")], "at least one voxel"),
        (&[("DimSize = 2 1 3", "DimSize = 1000000 1000000 1000000")], "12 bytes of data, expected 2000000000000000000"),
        (&[("2 3 4", "2 -3 4")], "voxel sizes > 0"),
        (&[("2 3 4", "2 nan 4")], "3 finite numbers"),
        (&[("Offset = 10 20 30\n", "")], "`Offset` is missing"),
        (&[("Offset = 10 20 30", "Offset = 10 20 30\nPosition = 1 2 3")], "`Position` is 1 2 3, expected `10 20 30`"),
        (&[("1 0 0 0 1 0 0 0 1", "2 0 0 0 1 0 0 0 1")], "a row of length 2"),
        (&[("1 0 0 0 1 0 0 0 1", "1 0 0 1 0 0 0 0 1")], "do not lie in one plane"),
        (&[("1 0 0 0 1 0 0 0 1", "0.6 0.8 0 -0.8 0.6 0 0 0 1")], "tilted by 36.87°"),
        (&[("MET_SHORT", "MET_SHORT_ARRAY")], "`ElementType` is MET_SHORT_ARRAY"),
        (&[("MET_SHORT", "MET_FLOAT")], "12 bytes of data, expected 24"),
        (&[("BinaryData = True", "BinaryData = False")], "numbers written as text are not read"),
        (&[("BinaryData = True", "BinaryData = maybe")], "True or False"),
        (&[("NDims = 3\n", "NDims = 3\nElementNumberOfChannels = 3\n")], "`ElementNumberOfChannels` is 3"),
        (
            &[("NDims = 3\n", "NDims = 3\nElementToIntensityFunctionSlope = 2\n")],
            "`ElementToIntensityFunctionSlope` is 2",
        ),
        (&[("NDims = 3\n", "NDims = 3\nElementToIntensityFunctionOffset = 1\n")], "FunctionOffset` is 1"),
        (&[("LOCAL", "LIST")], "a list of files, expected LOCAL or the name of one file"),
        (&[("LOCAL", "slice%03d.raw 1 3 1")], "a pattern for many files"),
        (&[("ElementDataFile = LOCAL\n", "")], "line 10 is no `Key = Value`"),
    ];
    for (changes, expected) in cases {
        let error = read(folder.path(), &hand(changes), &six()).unwrap_err().to_string();
        assert!(error.contains(expected), "{changes:?}: {error}");
    }
    let error = read(folder.path(), &hand(&[("ElementDataFile = LOCAL\n", "")]), b"").unwrap_err().to_string();
    assert!(error.contains("`ElementDataFile` is missing, which ends it"), "{error}");
    // What changes nothing is no reason to refuse.
    let idle = "NDims = 3\nElementToIntensityFunctionSlope = 1\nElementToIntensityFunctionOffset = 0\nMyKey = 7\n";
    read(folder.path(), &hand(&[("NDims = 3\n", idle)]), &six()).unwrap();
    fs::write(folder.path().join("a.mha"), [hand(&[]).as_bytes(), &six()].concat()).unwrap();
    let error = read_metaimage(&folder.path().join("a.mha"), None).unwrap_err().to_string();
    assert!(error.contains("the unit (`ImageUnit`) is missing"), "{error}");
}

#[test]
fn a_small_compressed_file_cannot_promise_terabytes() {
    let folder = tempfile::tempdir().unwrap();
    let header =
        hand(&[("BinaryData = True", "BinaryData = True\nCompressedData = True"), ("2 1 3", "60000 60000 60000")]);
    assert!(matches!(read(folder.path(), &header, &six()), Err(IoError::Size { expected: 432000000000000, .. })));
}

proptest! {
    #[test]
    fn damage_never_panics(
        flips in proptest::collection::vec((0.0..1.0_f64, any::<u8>()), 1..8),
        header_only: bool,
        packed: bool,
        cut in 0.0..1.0_f64,
        junk in proptest::collection::vec(any::<u8>(), 0..2000),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.mha");
        let header = hand(if packed { &[("BinaryData = True", "BinaryData = True\nCompressedData = True")] } else { &[] });
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&six()).unwrap();
        let data = if packed { encoder.finish().unwrap() } else { six() };
        let mut bytes = [header.as_bytes(), &data].concat();
        let range = if header_only { header.len() } else { bytes.len() };
        for (place, value) in flips {
            bytes[(place * range as f64) as usize] = value;
        }
        let options = ImageOptions { unit: MU, nan: NanRule::Background, tilt: TiltRule::Resample };
        fs::write(&path, &bytes).unwrap();
        if let Ok(read) = read_metaimage_with(&path, &options) {
            prop_assert_eq!(read.image.values.len(), read.image.grid.voxels());
            prop_assert!(read.image.values.iter().all(|value| value.is_finite()));
        }
        fs::write(&path, &bytes[..(cut * bytes.len() as f64) as usize]).unwrap();
        let _ = read_metaimage_with(&path, &options);
        fs::write(&path, &junk).unwrap();
        let _ = sniff(&junk);
        prop_assert!(read_metaimage_with(&path, &options).is_err());
    }

    #[test]
    fn each_truncation_is_an_error(cut in 0.0..1.0_f64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.mha");
        write_metaimage(&path, false, &letter_f()).unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..(cut * bytes.len() as f64) as usize]).unwrap();
        prop_assert!(read_metaimage(&path, None).is_err());
    }
}
