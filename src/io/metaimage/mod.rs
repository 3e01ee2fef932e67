//! MetaImage, as ITK, 3D Slicer and Elastix write it: `.mha`, header and voxels in one file, or `.mhd` beside a file of
//! voxels (`.raw`, `.zraw`).
//!
//! Its frame is LPS in mm, as ours. Voxels are written as float32, x fastest, not compressed, with the key `ImageUnit`
//! for their unit, which other programs pass over. Compressed ones (zlib), the other number types, either byte order
//! and axes in any order and direction are read. A key that seems to change values and that programs treat differently
//! (`ElementToIntensityFunctionSlope`) is refused unless it changes nothing.

mod header;

use super::interfile::data_file::write_pair;
use super::unit::UNIT_NAMES;
use super::values::check_image;
use super::voxels::{ImageOptions, ReadImage, Stored};
use super::{Format, Holds, Images, IoError, OpenImage, target};
use crate::image::{Image, ImageUnit};
use flate2::read::ZlibDecoder;
use header::{Data, Header, Keys, MAX_HEADER_BYTES, UNIT_KEY};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Deflate cannot shrink data by more than this factor.
const LARGEST_COMPRESSION: u64 = 1032;

/// MetaImage.
pub(super) static FORMAT: Format = Format {
    name: "MetaImage",
    sniff: |_, start| Ok(sniff(start).then_some(Holds::Image)),
    beside: data_files,
    images: Some(Images {
        endings: &[".mha", ".mhd"],
        read: |path, options| read_metaimage_with(path, options).map(OpenImage::from),
        write: |path, overwrite, image, _| write_metaimage(path, overwrite, image),
        loses: &["provenance"],
    }),
    measurements: None,
};

/// The file of voxels, where it is apart.
fn data_files(path: &Path) -> Result<Vec<PathBuf>, IoError> {
    Ok(match header(path)?.data {
        Data::Local(_) => Vec::new(),
        Data::File(data) => vec![data],
    })
}

/// Whether a file that begins with `start` is a MetaImage.
pub fn sniff(start: &[u8]) -> bool {
    header::begins(start)
}

/// Reads an image into the scanner frame, refusing NaN and tilts. `default_unit` is for files that do not state theirs
/// as Coincide does.
pub fn read_metaimage(path: &Path, default_unit: Option<ImageUnit>) -> Result<Image, IoError> {
    Ok(read_metaimage_with(path, &ImageOptions { unit: default_unit, ..ImageOptions::default() })?.image)
}

/// Reads an image into the scanner frame, as the options have it.
pub fn read_metaimage_with(path: &Path, options: &ImageOptions) -> Result<ReadImage, IoError> {
    let header = header(path)?;
    let unit = header.unit.or(options.unit).ok_or_else(|| IoError::Missing {
        path: path.into(),
        field: format!("the unit (`{UNIT_KEY}`)"),
        expected: format!("{UNIT_NAMES}; or state the unit of the image where you name the file"),
    })?;
    let bytes = match &header.data {
        Data::Local(start) => voxels(path, *start, &header)?,
        Data::File(data) => voxels(data, 0, &header)?,
    };
    let Header { shape, number, order, affine, .. } = header;
    Stored { shape, number, order, slope: 1.0, intercept: 0.0, affine, unit, bytes }.into_image(path, options)
}

fn header(path: &Path) -> Result<Header, IoError> {
    let file = File::open(path).map_err(|source| target::system(path, "opening", source))?;
    let mut start = Vec::new();
    let read = file.take(MAX_HEADER_BYTES).read_to_end(&mut start);
    read.map_err(|source| target::system(path, "reading the header", source))?;
    Keys::parse(path, &start)?.judge()
}

/// The bytes of all voxels of a file, which lie behind `start`.
fn voxels(path: &Path, start: u64, header: &Header) -> Result<Vec<u8>, IoError> {
    let failed = |action| move |source| target::system(path, action, source);
    let mut file = File::open(path).map_err(failed("opening the data that the header names"))?;
    let length = file.metadata().map_err(failed("asking for the size"))?.len();
    let [nx, ny, nz] = header.shape;
    let why = format!("{nx} x {ny} x {nz} voxels of {} bytes", header.number.bytes());
    let size = |found, expected| IoError::Size { path: path.into(), found, expected, why: why.clone() };
    let expected = header.shape.iter().map(|&n| n as u64).product::<u64>() * header.number.bytes() as u64;
    // Where the voxels are the end of the file, whatever is before them is skipped.
    let skipped = header.skip.map_or_else(|| length.saturating_sub(expected), |skip| start.saturating_add(skip));
    let there = length.saturating_sub(skipped);
    file.seek(SeekFrom::Start(skipped)).map_err(failed("seeking"))?;
    if !header.compressed {
        if there != expected {
            return Err(size(there, expected));
        }
        return some(&mut file, expected).map_err(failed("reading the data"));
    }
    if header.skip.is_none() || expected > there.saturating_mul(LARGEST_COMPRESSION) {
        return Err(size(there, expected));
    }
    let mut stream = ZlibDecoder::new(BufReader::new(file));
    let bytes = some(&mut stream, expected).map_err(failed("unpacking the data"))?;
    let rest = some(&mut stream, 1).map_err(failed("unpacking the data"))?;
    match bytes.len() as u64 + rest.len() as u64 {
        found if found == expected => Ok(bytes),
        found => Err(size(found, expected)),
    }
}

/// Up to `count` bytes; memory grows with what is there, not with what was promised.
fn some(stream: &mut impl Read, count: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes an image: `.mha`, or `.mhd` with the voxels in `.raw` beside it, both whole or neither.
pub fn write_metaimage(path: &Path, overwrite: bool, image: &Image) -> Result<(), IoError> {
    check_image(path, "voxel", image)?;
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match ending.as_str() {
        "mhd" => write_pair(path, overwrite, "raw", |name| header_of(image, name), |file| write_voxels(file, image)),
        "mha" => target::write_whole(path, overwrite, |temporary| {
            let failed = |source| target::system(path, "writing", source);
            let mut file = BufWriter::new(File::create(temporary).map_err(failed)?);
            let header = header_of(image, "LOCAL");
            let written = file.write_all(header.as_bytes()).and_then(|()| write_voxels(&mut file, image));
            written.and_then(|()| file.flush()).map_err(failed)
        }),
        _ => Err(IoError::Field {
            path: path.into(),
            field: "the file name".into(),
            found: format!("one that ends in `{ending}`"),
            expected: "a name that ends in .mha or .mhd".into(),
        }),
    }
}

fn header_of(image: &Image, data: &str) -> String {
    let three = |numbers: [f64; 3]| format!("{} {} {}", numbers[0], numbers[1], numbers[2]);
    let grid = &image.grid;
    let [nx, ny, nz] = grid.shape;
    format!(
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n\
         TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = {}\nCenterOfRotation = 0 0 0\nAnatomicalOrientation = RAI\n\
         ElementSpacing = {}\nDimSize = {nx} {ny} {nz}\n{UNIT_KEY} = {}\nElementType = MET_FLOAT\n\
         ElementDataFile = {data}\n",
        three(grid.origin_mm),
        three(grid.voxel_mm),
        image.unit
    )
}

/// Voxels with x fastest, one transverse slice at a time.
fn write_voxels(out: &mut impl Write, image: &Image) -> std::io::Result<()> {
    let [nx, ny, nz] = image.grid.shape;
    let mut slice = Vec::with_capacity(4 * nx * ny);
    for k in 0..nz {
        slice.clear();
        for (j, i) in (0..ny).flat_map(|j| (0..nx).map(move |i| (j, i))) {
            slice.extend_from_slice(&image.values[image.grid.index([i, j, k])].to_le_bytes());
        }
        out.write_all(&slice)?;
    }
    Ok(())
}
