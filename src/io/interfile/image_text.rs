//! The headers of an image, keys in the order in which STIR 6 and CASToR 3 write them: other readers, (X)MedCon among
//! them, know no other.

use super::numbers::{Encoding, NumberFormat};
use crate::image::ImageGrid;

/// STIR's header of an image whose stored numbers have the factor `scale`; `data` is the name of the data file.
pub(super) fn stir(grid: &ImageGrid, (encoding, scale): (Encoding, f64), data: &str) -> String {
    let mut text = format!(
        "!INTERFILE  :=\n!imaging modality := PT\n!version of keys := STIR6.0\nname of data file := {data}\n\
         !GENERAL DATA :=\n!GENERAL IMAGE DATA :=\n!type of data := PET\n{}!PET STUDY (General) :=\n\
         !PET data type := Image\nprocess status := Reconstructed\n{}number of dimensions := 3\n",
        encoding.order_line(),
        encoding.format_lines()
    );
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        let (n, shape, voxel) = (axis + 1, grid.shape[axis], grid.voxel_mm[axis]);
        text += &format!(
            "matrix axis label [{n}] := {name}\n!matrix size [{n}] := {shape}\n\
             scaling factor (mm/pixel) [{n}] := {voxel}\n"
        );
    }
    for axis in 0..3 {
        let (shape, voxel, origin) = (grid.shape[axis], grid.voxel_mm[axis], grid.origin_mm[axis]);
        let offset = if axis == 2 { turned_z(origin, shape, voxel) } else { origin };
        text += &format!("first pixel offset (mm) [{}] := {offset}\n", axis + 1);
    }
    text += &format!("number of time frames := 1\nimage scaling factor[1] := {scale}\ndata offset in bytes[1] := 0\n");
    // The same factor for readers that do not know STIR's key.
    if scale != 1.0 {
        text += &format!("quantification units := {scale}\n");
    }
    text + "!END OF INTERFILE :=\n"
}

/// CASToR's, with its names of floats. Its offsets are those of the middle of the image.
pub(super) fn castor(grid: &ImageGrid, (encoding, scale): (Encoding, f64), data: &str) -> String {
    let format = match encoding.format {
        NumberFormat::F32 => "!number format := short float\n!number of bytes per pixel := 4\n".into(),
        NumberFormat::F64 => "!number format := long float\n!number of bytes per pixel := 8\n".into(),
        _ => encoding.format_lines(),
    };
    let [nx, ny, nz] = grid.shape;
    let mut text = format!(
        "!INTERFILE :=\n!imaging modality := PET\n!version of keys := CASToRv3.1\nCASToR version := 3.1\n\n\
         !GENERAL DATA :=\n!originating system := Coincide\n!data offset in bytes := 0\n\
         !name of data file := {data}\n\n\
         !GENERAL IMAGE DATA :=\n!type of data := Dynamic\n!total number of images := {nz}\n{}\
         !number of frame groups := 1\nprocess status := reconstructed\n\n!STATIC STUDY (General) :=\n\
         number of dimensions := 3\n!matrix size [1] := {nx}\n!matrix size [2] := {ny}\n!matrix size [3] := {nz}\n\
         {format}",
        encoding.order_line()
    );
    for (axis, voxel) in grid.voxel_mm.into_iter().enumerate() {
        text += &format!("scaling factor (mm/pixel) [{}] := {voxel}\n", axis + 1);
    }
    let [x, y, z] = grid.middle_mm();
    // Without a minus before 0.
    for (axis, middle) in [x, y, -z].into_iter().enumerate() {
        text += &format!("first pixel offset (mm) [{}] := {}\n", axis + 1, middle + 0.0);
    }
    text += &format!("data rescale offset := 0\ndata rescale slope := {scale}\nquantification units := 1\n");
    text + &format!("!number of images in this frame group := {nz}\n!END OF INTERFILE :=\n")
}

/// z of our first plane from the file's `first pixel offset`, and the other way round.
///
/// With L the length between the first and the last plane, the file's plane 0 is at offset − L/2 from the middle of the
/// scanner towards the feet, so its last one, our first, is at z = −(offset + L/2).
pub(super) fn turned_z(offset: f64, shape: usize, voxel: f64) -> f64 {
    -offset - 0.5 * (shape as f64 - 1.0) * voxel
}
