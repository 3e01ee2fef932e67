//! NIfTI-1 images, `.nii` and `.nii.gz`.
//!
//! Written as float32, x fastest, with qform and sform in scanner coordinates; `intent_name` holds the unit. Read in
//! any byte order and the usual number types, with scl_slope and scl_inter, and turned into the scanner frame. As the
//! standard has it, a slope of 0 leaves the voxels as they are, and the sform places the image where its code is above
//! 0, else the qform; [`two_places`] tells where they disagree.

mod header;
mod orientation;

use super::unit::{UNIT_NAMES, unit_named};
use super::values::{Rule, check_image};
use super::{Format, Holds, Images, OpenImage, Provenance};
use super::{IoError, target};
use crate::image::{Image, ImageUnit};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use header::{Header, LENGTH, header_of};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

/// A field that is wrong: name, what was found, what was expected.
type Wrong = (&'static str, String, &'static str);

/// Deflate cannot shrink data by more than this factor.
const LARGEST_COMPRESSION: u64 = 1032;

/// Writes an image; the name ends in `.nii` or `.nii.gz`.
pub fn write_nifti(path: &Path, overwrite: bool, image: &Image) -> Result<(), IoError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let compressed = name.ends_with(".nii.gz");
    if !compressed && !name.ends_with(".nii") {
        return Err(wrong(path, ("the file name", format!("`{name}`"), "a name that ends in .nii or .nii.gz")));
    }
    check_image(path, "voxel", image)?;
    let header = header_of(image).map_err(|error| wrong(path, error))?;
    target::write_whole(path, overwrite, |temporary| {
        let failed = |source| target::system(path, "writing", source);
        let file = BufWriter::new(File::create(temporary).map_err(failed)?);
        if compressed {
            let mut out = GzEncoder::new(file, Compression::fast());
            write_voxels(&mut out, &header, image).map_err(failed)?;
            out.finish().and_then(|mut file| file.flush()).map_err(failed)
        } else {
            let mut out = file;
            write_voxels(&mut out, &header, image).and_then(|()| out.flush()).map_err(failed)
        }
    })
}

/// Header, then the voxels with x fastest, one transverse slice at a time.
fn write_voxels(out: &mut impl Write, header: &[u8], image: &Image) -> std::io::Result<()> {
    out.write_all(header)?;
    let [nx, ny, nz] = image.grid.shape;
    let mut slice = Vec::with_capacity(4 * nx * ny);
    for k in 0..nz {
        slice.clear();
        for j in 0..ny {
            for i in 0..nx {
                slice.extend_from_slice(&image.values[image.grid.index([i, j, k])].to_le_bytes());
            }
        }
        out.write_all(&slice)?;
    }
    Ok(())
}

/// NIfTI-1.
pub(super) static FORMAT: Format = Format {
    name: "NIfTI",
    sniff: |_, start| Ok(is_nifti(start).then_some(Holds::Image)),
    beside: |_| Ok(Vec::new()),
    images: Some(Images {
        endings: &[".nii", ".nii.gz"],
        read: |path, unit| {
            let notes = two_places(path)?.into_iter().collect();
            Ok(OpenImage { image: read_nifti(path, Some(unit))?, provenance: Provenance::default(), notes })
        },
        write: |path, overwrite, image, _| write_nifti(path, overwrite, image),
        loses: &["provenance"],
    }),
    measurements: None,
};

/// Whether a file, or what it is the compressed form of, begins with the length of a header.
fn is_nifti(start: &[u8]) -> bool {
    let mut four = [0; 4];
    let read = match start {
        [0x1f, 0x8b, ..] => MultiGzDecoder::new(start).read_exact(&mut four),
        plain => (&mut &plain[..]).read_exact(&mut four),
    };
    read.is_ok() && [u32::from_le_bytes(four), u32::from_be_bytes(four)].contains(&(LENGTH as u32))
}

/// Reads an image into the scanner frame. `default_unit` is for files that do not state theirs as Coincide does.
pub fn read_nifti(path: &Path, default_unit: Option<ImageUnit>) -> Result<Image, IoError> {
    let failed = |source| target::system(path, "reading", source);
    let mut file = BufReader::new(File::open(path).map_err(|source| target::system(path, "opening", source))?);
    let length = file.get_ref().metadata().map_err(failed)?.len();
    let mut start = Vec::new();
    file.by_ref().take(2).read_to_end(&mut start).map_err(failed)?;
    file.rewind().map_err(failed)?;
    if start == [0x1f, 0x8b] {
        read_stream(path, MultiGzDecoder::new(file), length.saturating_mul(LARGEST_COMPRESSION), default_unit)
    } else {
        read_stream(path, file, length, default_unit)
    }
}

/// The unit that `intent_name` states, else the default. A unit that is not known is refused: the default would be
/// wrong.
fn unit(path: &Path, name: &str, default_unit: Option<ImageUnit>) -> Result<ImageUnit, IoError> {
    let lower = name.to_lowercase();
    let units = ["bq", "/cm", "/mm", "/ml", "suv"];
    match unit_named(name) {
        Some(unit) => Ok(unit),
        None if units.iter().any(|unit| lower.contains(unit)) || lower == "hu" => {
            Err(wrong(path, ("the unit (intent_name)", format!("`{name}`"), UNIT_NAMES)))
        }
        None => default_unit.ok_or_else(|| IoError::Missing {
            path: path.into(),
            field: "the unit (intent_name)".into(),
            expected: format!("{UNIT_NAMES}; or state the unit of the image where you name the file"),
        }),
    }
}

/// More than rounding of the stored numbers, in voxels.
const APART: f64 = 0.1;

/// A word on a file whose sform and qform place it differently: the sform counts, and other programs may follow the
/// qform.
pub fn two_places(path: &Path) -> Result<Option<String>, IoError> {
    let mut file = BufReader::new(File::open(path).map_err(|source| target::system(path, "opening", source))?);
    let mut start = read_some(path, &mut file, LENGTH as u64)?;
    if start.starts_with(&[0x1f, 0x8b]) {
        file.rewind().map_err(|source| target::system(path, "reading", source))?;
        start = read_some(path, &mut MultiGzDecoder::new(file), LENGTH as u64)?;
    }
    // What is no header at all is told by the reader.
    let Ok(bytes) = <[u8; LENGTH]>::try_from(start) else { return Ok(None) };
    let apart = Header::places_apart(&bytes).map_err(|error| wrong(path, error))?;
    Ok(apart.filter(|&voxels| voxels > APART || voxels.is_nan()).map(|voxels| {
        let how = if voxels.is_finite() {
            format!("{voxels:.1} voxels apart")
        } else {
            "by a qform that is no rotation".into()
        };
        format!("{}: sform and qform place the image {how}; the sform is followed", path.display())
    }))
}

/// Reads from a stream of at most `longest` bytes.
fn read_stream(
    path: &Path,
    mut stream: impl Read,
    longest: u64,
    default_unit: Option<ImageUnit>,
) -> Result<Image, IoError> {
    let mut bytes = [0; LENGTH];
    let found = read_some(path, &mut stream, LENGTH as u64)?;
    if found.len() < LENGTH {
        let why = "the length of a NIfTI-1 header".into();
        return Err(IoError::Size { path: path.into(), found: found.len() as u64, expected: LENGTH as u64, why });
    }
    bytes.copy_from_slice(&found);
    let header = Header::parse(&bytes).map_err(|error| wrong(path, error))?;
    let unit = unit(path, &header.intent_name, default_unit)?;
    let placement = header.affine.place(header.shape).map_err(|error| wrong(path, error))?;
    let voxels = read_voxels(path, stream, &header, longest)?;
    let bytes = header.number.bytes();
    let grid = placement.grid;
    let mut image = Image { grid, unit, values: Vec::with_capacity(grid.voxels()) };
    let [nx, ny, nz] = grid.shape;
    for i in 0..nx {
        for j in 0..ny {
            for k in 0..nz {
                let raw = header.number.read(&voxels[bytes * placement.position([i, j, k])..], header.order);
                image.values.push((header.slope * raw + header.intercept) as f32);
            }
        }
    }
    Rule::Finite.check(path, "voxel", &image.values, &grid.shape)?;
    Ok(image)
}

/// The bytes of all voxels; they must end where the stream ends.
fn read_voxels(path: &Path, mut stream: impl Read, header: &Header, longest: u64) -> Result<Vec<u8>, IoError> {
    let [nx, ny, nz] = header.shape;
    let why = format!("{nx} x {ny} x {nz} voxels of {} bytes", header.number.bytes());
    let size = |found, expected| IoError::Size { path: path.into(), found, expected, why: why.clone() };
    let expected = header.voxels() * header.number.bytes() as u64;
    if header.data_start + expected > longest {
        return Err(size(longest.saturating_sub(header.data_start), expected));
    }
    let gap = header.data_start - LENGTH as u64;
    if read_some(path, &mut stream, gap)?.len() as u64 != gap {
        return Err(size(0, expected));
    }
    let voxels = read_some(path, &mut stream, expected)?;
    if voxels.len() as u64 != expected {
        return Err(size(voxels.len() as u64, expected));
    }
    if !read_some(path, &mut stream, 1)?.is_empty() {
        let rest = std::io::copy(&mut stream, &mut std::io::sink());
        return Err(size(expected + 1 + rest.map_err(|source| target::system(path, "reading", source))?, expected));
    }
    Ok(voxels)
}

/// Up to `count` bytes; memory grows with what is there, not with what was promised.
fn read_some(path: &Path, stream: &mut impl Read, count: u64) -> Result<Vec<u8>, IoError> {
    let mut bytes = Vec::new();
    stream.take(count).read_to_end(&mut bytes).map_err(|source| target::system(path, "reading", source))?;
    Ok(bytes)
}

fn wrong(path: &Path, (field, found, expected): Wrong) -> IoError {
    IoError::Field { path: path.into(), field: field.into(), found, expected: expected.into() }
}
