//! Pictures for people: slices of images and sinograms on an inverse grey scale (0 is white), as is usual in PET;
//! drawings in colour. The same values give the same bytes.

mod canvas;
mod drawing;
mod grey;
mod montage;
mod sinogram;
mod slices;

pub use drawing::write_drawing;
pub use montage::{Tile, write_montage};
pub use sinogram::write_sinogram;
pub use slices::{Panel, Slicing, write_slices};

use super::{IoError, target};
use canvas::Canvas;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Eight bits a channel, row by row from the top left corner.
struct Picture<'a> {
    width: usize,
    height: usize,
    colour: ::png::ColorType,
    pixels: &'a [u8],
}

impl<'a> From<&'a Canvas> for Picture<'a> {
    fn from(Canvas { width, height, pixels }: &'a Canvas) -> Self {
        Self { width: *width, height: *height, colour: ::png::ColorType::Grayscale, pixels }
    }
}

fn save(path: &Path, overwrite: bool, picture: &Picture) -> Result<(), IoError> {
    target::write_whole(path, overwrite, |temporary| {
        let failed = |source| target::system(path, "writing", source);
        let mut file = BufWriter::new(std::fs::File::create(temporary).map_err(failed)?);
        encode(&mut file, picture).map_err(|error| IoError::Format { path: path.into(), text: error.to_string() })?;
        file.flush().map_err(failed)
    })
}

fn encode(file: impl Write, picture: &Picture) -> Result<(), ::png::EncodingError> {
    let mut encoder = ::png::Encoder::new(file, picture.width as u32, picture.height as u32);
    encoder.set_color(picture.colour);
    encoder.set_depth(::png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(picture.pixels)?;
    writer.finish()
}
