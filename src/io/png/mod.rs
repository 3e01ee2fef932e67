//! Pictures for people: slices of images and sinograms on an inverse grey scale (0 is white), as is usual in PET.
//! The same values give the same bytes.

mod canvas;
mod grey;
mod sinogram;
mod slices;

pub use sinogram::write_sinogram;
pub use slices::{Panel, Slicing, write_slices};

use super::{IoError, target};
use canvas::Canvas;
use std::io::{BufWriter, Write};
use std::path::Path;

fn save(path: &Path, overwrite: bool, canvas: &Canvas) -> Result<(), IoError> {
    target::write_whole(path, overwrite, |temporary| {
        let failed = |source| target::system(path, "writing", source);
        let mut file = BufWriter::new(std::fs::File::create(temporary).map_err(failed)?);
        encode(&mut file, canvas).map_err(|error| IoError::Format { path: path.into(), text: error.to_string() })?;
        file.flush().map_err(failed)
    })
}

fn encode(file: impl Write, canvas: &Canvas) -> Result<(), ::png::EncodingError> {
    let mut encoder = ::png::Encoder::new(file, canvas.width as u32, canvas.height as u32);
    encoder.set_color(::png::ColorType::Grayscale);
    encoder.set_depth(::png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&canvas.pixels)?;
    writer.finish()
}
