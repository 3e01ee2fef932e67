//! The binary file beside a header, its length checked against the header before anything is allocated.

use super::header::Header;
use super::numbers::{Encoding, Scale};
use crate::image::ImageUnit;
use crate::io::unit::{UNIT_NAMES, sounds_like_unit, unit_named};
use crate::io::{IoError, write_whole};
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A binary file, open behind its offset, and how to decode it.
pub(super) struct DataFile {
    path: PathBuf,
    file: File,
    encoding: Encoding,
    bytes: Vec<u8>,
}

impl DataFile {
    /// Opens the file that a header names; it must hold exactly `shape` values behind the header's offset.
    pub fn open(header: &Header, shape: &[usize]) -> Result<Self, IoError> {
        let encoding = Encoding::of_header(header)?;
        let (path, offset) = place(header)?;
        let system = |action| {
            let path = path.clone();
            move |source| IoError::System { path, action, source }
        };
        let mut file = File::open(&path).map_err(system("opening the data that the header names"))?;
        let found = file.metadata().map_err(system("asking for the size"))?.len();
        let values = shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size as u64));
        let expected = values.and_then(|n| n.checked_mul(encoding.format.bytes() as u64)?.checked_add(offset));
        let why = format!("{shape:?} values of {} bytes, offset {offset}", encoding.format.bytes());
        if expected != Some(found) {
            let (path, expected) = (path.clone(), expected.unwrap_or(u64::MAX));
            return Err(IoError::Size { path, found, expected, why });
        }
        file.seek(SeekFrom::Start(offset)).map_err(system("seeking"))?;
        Ok(Self { path, file, encoding, bytes: Vec::new() })
    }

    /// Reads the next values, scaled.
    pub fn read(&mut self, scale: Scale, values: &mut [f32]) -> Result<(), IoError> {
        self.bytes.resize(values.len() * self.encoding.format.bytes(), 0);
        self.file.read_exact(&mut self.bytes).map_err(|source| IoError::System {
            path: self.path.clone(),
            action: "reading the data",
            source,
        })?;
        self.encoding.decode(&self.bytes, scale, values);
        Ok(())
    }

    /// The file of the numbers.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The error of a value that cannot be.
    pub fn wrong_value(&self, place: String, value: f32, expected: &str) -> IoError {
        IoError::Field { path: self.path.clone(), field: place, found: value.to_string(), expected: expected.into() }
    }
}

/// Bytes of one of Interfile's blocks.
const BLOCK: u64 = 2048;

/// The file of the data and where they begin in it: without a name, in the header's own file, behind its text.
fn place(header: &Header) -> Result<(PathBuf, u64), IoError> {
    const OFFSET: &str = "data offset in bytes";
    const START: &str = "data starting block";
    let bytes = header.number_at::<u64>(OFFSET, 1)?.unwrap_or(0);
    let block = header.number_at::<u64>(START, 1)?.unwrap_or(0);
    let of_block =
        block.checked_mul(BLOCK).ok_or_else(|| header.wrong(START, block, "a block that a file can have"))?;
    let offset = match (bytes, of_block) {
        (bytes, 0) => bytes,
        (0, of_block) => of_block,
        (bytes, of_block) if bytes == of_block => bytes,
        (bytes, of_block) => {
            return Err(header.wrong(OFFSET, bytes, format!("{of_block}, as `{START} := {block}` says")));
        }
    };
    let path = match header.text("name of data file") {
        None if offset > 0 => header.path().to_owned(),
        _ => path_of(header)?,
    };
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let own = path == header.path() || (real(&path).is_some() && real(&path) == real(header.path()));
    if own && offset < header.length() {
        let expected = format!("at least {}, where the header ends: its data are in the same file", header.length());
        return Err(header.wrong(OFFSET, offset, expected));
    }
    Ok((path, offset))
}

/// Path of the data file, relative to the header's folder.
pub(in crate::io) fn path_of(header: &Header) -> Result<PathBuf, IoError> {
    let name = header.text("name of data file");
    let name = name.ok_or_else(|| header.missing("name of data file", "the binary file's name"))?;
    Ok(header.path().parent().unwrap_or(Path::new("")).join(name))
}

const SCALE: &str = "image scaling factor";
/// Keys that multiply all numbers beside [`SCALE`]: an old extension of the format, CASToR's, those of DICOM's names,
/// Siemens's.
const SLOPES: [&str; 4] = ["quantification units", "data rescale slope", "rescale slope", "%image slope"];
/// Keys of a number that is added after that.
const OFFSETS: [&str; 3] = ["data rescale offset", "rescale intercept", "%image intercept"];

/// The scale of all stored numbers.
pub(super) fn scale(header: &Header) -> Result<Scale, IoError> {
    let scales = scales(header)?;
    match scales.iter().all(|&scale| scale == scales[0]) {
        true => Ok(scales[0]),
        false => Err(header.wrong(SCALE, format!("{} factors", scales.len()), "one factor for all segments")),
    }
}

/// One scale per plane of an image.
pub(super) fn scale_per_plane(header: &Header, planes: usize) -> Result<Vec<Scale>, IoError> {
    let scales = scales(header)?;
    match scales.len() {
        1 => Ok(vec![scales[0]; planes]),
        n if n == planes => Ok(scales),
        n => Err(header.wrong(SCALE, format!("{n} factors"), format!("1 or {planes} factors"))),
    }
}

fn scales(header: &Header) -> Result<Vec<Scale>, IoError> {
    let mut factors = header.numbers_at::<f64>(SCALE, 1)?.unwrap_or(vec![1.0]);
    let mut said_by = SCALE;
    for key in SLOPES {
        let slope = slope(header, key)?;
        let plain = factors.iter().all(|&factor| factor == 1.0);
        // Writers of STIR say the same factor in both of these keys.
        let repeated = key == "quantification units" && factors.iter().all(|&factor| factor == slope);
        match slope == 1.0 || repeated {
            true => {}
            false if plain => (factors, said_by) = (vec![slope], key),
            false => {
                let expected = format!("1, since `{said_by}` gives a factor already");
                return Err(header.wrong(key, slope, expected));
            }
        }
    }
    if factors.contains(&0.0) {
        return Err(header.wrong(said_by, 0, "a factor other than 0, which would leave nothing of the numbers"));
    }
    let offset = offset(header)?;
    Ok(factors.into_iter().map(|slope| Scale { slope, offset }).collect())
}

/// The factor of a key, 1 where it is absent or names a unit.
fn slope(header: &Header, key: &str) -> Result<f64, IoError> {
    match header.text_at(key, 1) {
        Some(text) if key == "quantification units" && unit_of_text(text).is_some() => Ok(1.0),
        Some(text) if key == "quantification units" && sounds_like_unit(text) => {
            Err(header.wrong(key, format!("`{text}`"), format!("a factor, or {UNIT_NAMES}")))
        }
        _ => Ok(header.number_at::<f64>(key, 1)?.unwrap_or(1.0)),
    }
}

fn offset(header: &Header) -> Result<f64, IoError> {
    let mut offset = 0.0;
    for key in OFFSETS {
        match header.number_at::<f64>(key, 1)?.unwrap_or(0.0) {
            0.0 => {}
            found if offset == 0.0 => offset = found,
            found => return Err(header.wrong(key, found, "0, since another key gives an offset already")),
        }
    }
    Ok(offset)
}

/// The unit that `quantification units` names, as Siemens's images do; for others the key holds a factor.
pub(super) fn unit(header: &Header) -> Option<ImageUnit> {
    header.text_at("quantification units", 1).and_then(unit_of_text)
}

/// A factor of 1 is no unit.
fn unit_of_text(text: &str) -> Option<ImageUnit> {
    unit_named(text).filter(|unit| *unit != ImageUnit::Number)
}

/// Writes a header and its data, both whole or neither: the header appears last.
pub(in crate::io) fn write_pair(
    path: &Path,
    overwrite: bool,
    data_extension: &str,
    header: impl FnOnce(&str) -> String,
    data: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), IoError> {
    let data_path = path.with_extension(data_extension);
    if data_path == path {
        let text = format!("the header cannot be called .{data_extension}, that is the name of the data");
        return Err(IoError::Format { path: path.into(), text });
    }
    let name = data_path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    write_whole(path, overwrite, |temporary| {
        std::fs::write(temporary, header(&name)).map_err(system(path, "writing the header"))?;
        write_whole(&data_path, overwrite, |temporary| {
            let file = File::create(temporary).map_err(system(&data_path, "creating the data file"))?;
            let mut file = BufWriter::with_capacity(1 << 20, file);
            data(&mut file).and_then(|()| file.flush()).map_err(system(&data_path, "writing the data"))
        })
    })
}

fn system(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> IoError {
    move |source| IoError::System { path: path.into(), action, source }
}
