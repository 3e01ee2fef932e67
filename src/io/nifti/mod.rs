//! NIfTI images: `.nii` and `.nii.gz`, and pairs of `.hdr` and `.img`, each of them compressed or not.
//!
//! Written as NIfTI-1 in float32, x fastest, with qform and sform in scanner coordinates; `intent_name` holds the unit.
//! Read are NIfTI-1 and NIfTI-2 in any byte order and the usual number types, with scl_slope and scl_inter, and turned
//! into the scanner frame. As the standard has it, a slope of 0 leaves the voxels as they are, and the sform places the
//! image where its code is above 0, else the qform; [`two_places`] tells where they disagree.

mod header;
mod quaternion;
mod raw;

use super::values::check_image;
use super::voxels::{ImageOptions, ReadImage, Stored, Wrong, stated_unit, wrong};
use super::{Format, Holds, Images, OpenImage};
use super::{IoError, target};
use crate::image::{Image, ImageUnit};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use header::{Header, header_of};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Deflate cannot shrink data by more than this factor.
const LARGEST_COMPRESSION: u64 = 1032;

/// Whether a file that begins with `start` is a NIfTI header, compressed or not.
pub fn sniff(start: &[u8]) -> bool {
    let mut unpacked = Vec::new();
    let start = if start.starts_with(&GZIP) {
        // The rest of the stream is not there, so it ends in an error.
        let _ = MultiGzDecoder::new(start).take(raw::NIFTI2 as u64).read_to_end(&mut unpacked);
        unpacked.as_slice()
    } else {
        start
    };
    let length = start.first_chunk::<4>().and_then(|start| raw::version(*start).ok()).map(|(_, length)| length);
    length.is_some_and(|length| start.get(..length).is_some_and(|bytes| raw::parse(bytes).is_ok()))
}

const GZIP: [u8; 2] = [0x1f, 0x8b];

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

/// NIfTI-1 and NIfTI-2.
pub(super) static FORMAT: Format = Format {
    name: "NIfTI",
    sniff: |_, start| Ok(sniff(start).then_some(Holds::Image)),
    beside: |path| Ok(image_of_pair(path).into_iter().collect()),
    images: Some(Images {
        endings: &[".nii", ".nii.gz"],
        read: |path, options| read_nifti_with(path, options).map(OpenImage::from),
        write: |path, overwrite, image, _| write_nifti(path, overwrite, image),
        loses: &["provenance"],
    }),
    measurements: None,
};

/// Reads an image into the scanner frame, refusing NaN and tilts. `default_unit` is for files that do not state theirs
/// as Coincide does.
pub fn read_nifti(path: &Path, default_unit: Option<ImageUnit>) -> Result<Image, IoError> {
    Ok(read_nifti_with(path, &ImageOptions { unit: default_unit, ..ImageOptions::default() })?.image)
}

/// Reads an image into the scanner frame, as the options have it; the header names the file of a pair.
pub fn read_nifti_with(path: &Path, options: &ImageOptions) -> Result<ReadImage, IoError> {
    let mut source = Stream::open(path)?;
    let bytes = source.header(path)?;
    let header = Header::parse(&bytes).map_err(|error| wrong(path, error))?;
    let unit = stated_unit(path, "the unit (intent_name)", &header.intent_name, options.unit)?;
    let voxels = if header.pair {
        let length = source.some(path, 5)?.len();
        if length > 4 {
            let expected = "nothing behind the header of a pair but four bytes: the voxels are in the .img file";
            return Err(wrong(path, ("the header", "followed by more".into(), expected)));
        }
        let image = image_of_pair(path)?;
        read_voxels(&image, Stream::open(&image)?, &header, header.data_start)?
    } else {
        let gap = header.data_start - header.length as u64;
        read_voxels(path, source, &header, gap)?
    };
    let Header { order, shape, number, slope, intercept, affine, .. } = header;
    let stored = Stored { shape, number, order, slope, intercept, affine, unit, bytes: voxels };
    let mut read = stored.into_image(path, options)?;
    read.notes.extend(apart(&bytes).map_err(|error| wrong(path, error))?);
    Ok(read)
}

/// `name.hdr` and `name.hdr.gz` belong to `name.img` or `name.img.gz`.
fn image_of_pair(path: &Path) -> Result<PathBuf, IoError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let lower = name.to_lowercase();
    let stem = [".hdr", ".hdr.gz"].iter().find_map(|ending| lower.strip_suffix(ending)).map_or(0, str::len);
    let beside = |ending: &str| path.with_file_name(format!("{}{ending}", name.get(..stem).unwrap_or_default()));
    let candidates = [".img", ".img.gz", ".IMG"].map(beside);
    let found = candidates.iter().find(|image| stem > 0 && image.is_file());
    found.cloned().ok_or_else(|| IoError::Missing {
        path: path.into(),
        field: "the file of the voxels".into(),
        expected: "an .img or .img.gz of the same name beside the .hdr".into(),
    })
}

/// More than rounding of the stored numbers, in voxels.
const APART: f64 = 0.1;

/// A word on a file whose sform and qform place it differently: the sform counts, and other programs may follow the
/// qform.
pub fn two_places(path: &Path) -> Result<Option<String>, IoError> {
    // What is no header at all is told by the reader.
    let Ok(bytes) = Stream::open(path)?.header(path) else { return Ok(None) };
    let note = apart(&bytes).map_err(|error| wrong(path, error))?;
    Ok(note.map(|note| format!("{}: {note}", path.display())))
}

fn apart(bytes: &[u8]) -> Result<Option<String>, Wrong> {
    let apart = Header::places_apart(bytes)?;
    Ok(apart.filter(|&voxels| voxels > APART || voxels.is_nan()).map(|voxels| {
        let how = if voxels.is_finite() {
            format!("{voxels:.1} voxels apart")
        } else {
            "by a qform that is no rotation".into()
        };
        format!("sform and qform place the image {how}; the sform is followed")
    }))
}

/// A file, unpacked where it is packed.
struct Stream {
    bytes: Box<dyn Read>,
    /// The most bytes that it can give.
    longest: u64,
}

impl Stream {
    fn open(path: &Path) -> Result<Self, IoError> {
        let failed = |source| target::system(path, "reading", source);
        let mut file = BufReader::new(File::open(path).map_err(|source| target::system(path, "opening", source))?);
        let length = file.get_ref().metadata().map_err(failed)?.len();
        let mut start = Vec::new();
        file.by_ref().take(2).read_to_end(&mut start).map_err(failed)?;
        file.rewind().map_err(failed)?;
        Ok(if start == GZIP {
            let longest = length.saturating_mul(LARGEST_COMPRESSION);
            Self { bytes: Box::new(MultiGzDecoder::new(file)), longest }
        } else {
            Self { bytes: Box::new(file), longest: length }
        })
    }

    /// All bytes of the header of either version.
    fn header(&mut self, path: &Path) -> Result<Vec<u8>, IoError> {
        let short = |found: usize, expected: usize| {
            let why = "the length of a NIfTI header".into();
            IoError::Size { path: path.into(), found: found as u64, expected: expected as u64, why }
        };
        let mut bytes = self.some(path, 4)?;
        let start = bytes.first_chunk::<4>().ok_or_else(|| short(bytes.len(), raw::NIFTI1))?;
        let (_, length) = raw::version(*start).map_err(|error| wrong(path, error))?;
        bytes.extend(self.some(path, length as u64 - 4)?);
        match bytes.len() == length {
            true => Ok(bytes),
            false => Err(short(bytes.len(), length)),
        }
    }

    /// Up to `count` bytes; memory grows with what is there, not with what was promised.
    fn some(&mut self, path: &Path, count: u64) -> Result<Vec<u8>, IoError> {
        let mut bytes = Vec::new();
        let read = self.bytes.by_ref().take(count).read_to_end(&mut bytes);
        read.map_err(|source| target::system(path, "reading", source))?;
        Ok(bytes)
    }
}

/// The bytes of all voxels, behind a gap; they must end where the stream ends.
fn read_voxels(path: &Path, mut stream: Stream, header: &Header, gap: u64) -> Result<Vec<u8>, IoError> {
    let [nx, ny, nz] = header.shape;
    let why = format!("{nx} x {ny} x {nz} voxels of {} bytes", header.number.bytes());
    let size = |found, expected| IoError::Size { path: path.into(), found, expected, why: why.clone() };
    let expected = header.voxels() * header.number.bytes() as u64;
    if header.data_start + expected > stream.longest {
        return Err(size(stream.longest.saturating_sub(header.data_start), expected));
    }
    if stream.some(path, gap)?.len() as u64 != gap {
        return Err(size(0, expected));
    }
    let voxels = stream.some(path, expected)?;
    if voxels.len() as u64 != expected {
        return Err(size(voxels.len() as u64, expected));
    }
    if !stream.some(path, 1)?.is_empty() {
        let rest = std::io::copy(&mut stream.bytes, &mut std::io::sink());
        return Err(size(expected + 1 + rest.map_err(|source| target::system(path, "reading", source))?, expected));
    }
    Ok(voxels)
}
