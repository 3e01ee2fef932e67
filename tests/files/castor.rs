//! Images of CASToR: their place, their planes, damage.

use crate::files_nifti::letter_f;
use coincide::image::{ImageGrid, ImageUnit};
use coincide::io::interfile::*;
use proptest::prelude::*;
use std::fs;

/// A header as CASToR 3 writes it, of an image of 2 × 1 × 3 voxels.
const CASTOR: &str = "!INTERFILE := \n!imaging modality := PET\n!version of keys := CASToRv3.1.1\nCASToR version := 3.1.1\n\n\
    !GENERAL DATA := \n!originating system := PET_MMR\n!data offset in bytes := 0\n!name of data file := c.img\n\
    patient name := c\n\n!GENERAL IMAGE DATA \n!type of data := Dynamic\n!total number of images := 3\n\
    imagedata byte order := LITTLEENDIAN\n!number of frame groups :=1 \nprocess status := reconstructed\n\n\
    !STATIC STUDY (General) :=\nnumber of dimensions := 3\n!matrix size [1] := 2\n!matrix size [2] := 1\n\
    !matrix size [3] := 3\n!number format := short float\n!number of bytes per pixel := 4\n\
    scaling factor (mm/pixel) [1] := 2\nscaling factor (mm/pixel) [2] := 3\nscaling factor (mm/pixel) [3] := 4\n\
    first pixel offset (mm) [1] := 0\nfirst pixel offset (mm) [2] := 5\nfirst pixel offset (mm) [3] := 10\n\
    data rescale offset := 0\ndata rescale slope := 2\nquantification units := 1\n\
    !number of images in this frame group := 3\n!image duration (sec) := 60\n!image start time (sec) := 0\n\
    pause between frame groups (sec) := 0\n!END OF INTERFILE := \n\n!COPY OF INPUT HEADER 1\nScanner name: PET_MMR\n\
    !END OF COPY OF INPUT HEADER 1\n";

#[test]
fn images_of_castor_lie_around_their_offset_with_planes_from_head_to_feet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.hdr");
    fs::write(&path, CASTOR).unwrap();
    let data: Vec<u8> = (1..7).flat_map(|n| (n as f32).to_le_bytes()).collect();
    fs::write(folder.path().join("c.img"), data).unwrap();
    assert_eq!(kind(&path).unwrap(), InterfileKind::Image);
    let image = read_image(&path, ImageUnit::BecquerelPerMl).unwrap();
    // The middle at (0, 5, 10) of CASToR, (0, 5, −10) here.
    assert_eq!(image.grid, ImageGrid::around([0.0, 5.0, -10.0], [2, 1, 3], [2.0, 3.0, 4.0]));
    assert_eq!(image.values, [10.0, 6.0, 2.0, 12.0, 8.0, 4.0]);
    let frames = CASTOR.replace("frame groups :=1", "frame groups :=2");
    fs::write(&path, frames).unwrap();
    assert!(read_image(&path, ImageUnit::PerCm).unwrap_err().to_string().contains("its own file"));
}

#[test]
fn the_letter_comes_back_from_a_file_for_castor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.hdr");
    for format in [NumberFormat::F32, NumberFormat::F64, NumberFormat::U16] {
        let encoding = Encoding { format, order: ByteOrder::Little };
        write_castor(&path, &letter_f(), encoding, true).unwrap();
        let back = read_image(&path, ImageUnit::BecquerelPerMl).unwrap();
        assert_eq!((back.grid.shape, back.grid.voxel_mm), (letter_f().grid.shape, letter_f().grid.voxel_mm));
        assert!((0..3).all(|axis| (back.grid.origin_mm[axis] - letter_f().grid.origin_mm[axis]).abs() < 1e-9));
        assert_eq!(back.values, letter_f().values, "{format:?}");
    }
    let bytes = fs::read(folder.path().join("f.img")).unwrap();
    write_castor(&path, &letter_f(), Encoding::default(), true).unwrap();
    assert_eq!(bytes.len(), 2 * 6 * 4 * 8);
    // x fastest, the plane next to the head first: voxel [4, 2, 6] is in plane 1.
    let bytes = fs::read(folder.path().join("f.img")).unwrap();
    let start = 4 * (4 + 6 * (2 + 4));
    assert_eq!(bytes[start..start + 4], 246_f32.to_le_bytes());
    let text = fs::read_to_string(&path).unwrap();
    for line in
        ["first pixel offset (mm) [1] := -0.5", "first pixel offset (mm) [2] := 44.75", "!number format := short float"]
    {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text around numbers and line ends never panics, and what is read is an image.
    #[test]
    fn spoiled_headers_of_castor_and_of_one_file(
        flips in proptest::collection::vec((0.0..1.0_f64, any::<u8>()), 0..6),
        insert in proptest::collection::vec((0.0..1.0_f64, "[;\\r\\n\u{feff}:= a-z0-9.{},!_]{0,12}"), 0..3),
        one_file: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let text = if one_file { CASTOR.replace("bytes := 0", "bytes := 2048").replace("c.img", "") } else { CASTOR.into() };
        let mut bytes = text.into_bytes();
        for (place, value) in flips {
            let place = (place * bytes.len() as f64) as usize;
            bytes[place] = value;
        }
        for (place, text) in insert {
            let place = (place * bytes.len() as f64) as usize;
            bytes.splice(place..place, text.bytes());
        }
        let data: Vec<u8> = (1..7).flat_map(|n| (n as f32).to_le_bytes()).collect();
        fs::write(folder.path().join("c.img"), &data).unwrap();
        if one_file {
            bytes.resize(2048, b'\n');
            bytes.extend(&data);
        }
        let path = folder.path().join("c.hdr");
        fs::write(&path, &bytes).unwrap();
        let _ = (sniff(&bytes), kind(&path), read_geometry(&path).is_ok());
        if let Ok(read) = read_image(&path, ImageUnit::PerCm) {
            prop_assert_eq!(read.values.len(), read.grid.voxels());
            prop_assert!(read.values.iter().all(|value| value.is_finite()));
        }
    }
}
