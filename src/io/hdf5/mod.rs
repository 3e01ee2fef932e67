//! Coincide's own files: HDF5, one measurement, one image or one set of tables each. `docs/file-format.md` describes
//! every field.
//!
//! All that a reader relies on carries a checksum: the superblock and the object headers (file format of HDF5 1.10),
//! the index of the chunks, and each chunk (Fletcher-32). A damaged file is therefore an error of the library, not a
//! wrong number. Files whose superblock has no checksum are refused, because damage in them can crash the C library.

mod array;
mod field;
mod geometry;
mod guard;
mod image;
mod known;
mod measurement;
mod normalisation;
mod singles;
mod table;
mod when;

pub use guard::{look_through, look_with};
pub use image::{read_image, write_image};
pub use measurement::{read_measurement, read_outline, write_measurement};
pub use normalisation::{read_normalisation, write_normalisation};
pub use singles::{read_singles, write_singles};
pub use table::{read_tables, write_tables};

use super::{Format, Holds, Images, IoError, Measurements, OpenImage, Provenance, target};
use ::hdf5::{File, Group, IndexType, IterationOrder, LinkInfo, LinkType, file::LibraryVersion};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Its own.
pub(super) static FORMAT: Format = Format {
    name: "HDF5 of Coincide",
    sniff,
    beside: |_| Ok(Vec::new()),
    images: Some(Images {
        endings: &[".h5", ".hdf5"],
        read: |path, _| {
            let (image, provenance) = read_image(path)?;
            Ok(OpenImage { image, provenance, notes: Vec::new() })
        },
        write: write_image,
        loses: &[],
    }),
    measurements: Some(Measurements {
        endings: &[".h5", ".hdf5"],
        read: read_measurement,
        outline: read_outline,
        write: write_measurement,
        loses: |_| Vec::new(),
    }),
};

fn sniff(path: &Path, start: &[u8]) -> Result<Option<Holds>, IoError> {
    if !start.starts_with(b"\x89HDF") {
        return Ok(None);
    }
    Ok(Some(match read_kind(path)? {
        Kind::Measurement => Holds::Measurement,
        Kind::Image => Holds::Image,
        Kind::Tables => Holds::Tables,
        Kind::Normalisation => Holds::Normalisation,
        Kind::Singles => Holds::Singles,
    }))
}

/// Version of the layout that is written, and the only one that is read.
const VERSION: i64 = 1;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Counts, factors, background and their geometry.
    Measurement,
    /// Values on a voxel grid.
    Image,
    /// Tables of named columns.
    Tables,
    /// Components of a normalisation.
    Normalisation,
    /// Rates of single photons.
    Singles,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Measurement => "measurement",
            Self::Image => "image",
            Self::Tables => "tables",
            Self::Normalisation => "normalisation",
            Self::Singles => "singles",
        }
    }
}

/// What the file holds, without reading it.
pub fn read_kind(path: &Path) -> Result<Kind, IoError> {
    Ok(Source::open(path)?.kind)
}

/// A file open for reading.
struct Source {
    path: PathBuf,
    file: File,
    bytes: u64,
    kind: Kind,
}

impl Source {
    /// Opens a file that a second process has looked through.
    fn open(path: &Path) -> Result<Self, IoError> {
        guard::check(path)?;
        Self::open_here(path)
    }

    /// Opens a file in this process.
    fn open_here(path: &Path) -> Result<Self, IoError> {
        let bytes = check_superblock(path)?;
        // Files are written whole and renamed, so there is nothing to lock; and locks fail on many network file
        // systems.
        let file = File::with_options()
            .with_fapl(|access| access.file_locking(false))
            .open(path)
            .map_err(|error| library(path, error))?;
        let mut source = Self { path: path.into(), file, bytes, kind: Kind::Image };
        let version = source.integer(&source.file, "format_version")?;
        if version != VERSION {
            let expected = format!("{VERSION}, the only version this program knows");
            return Err(source.wrong("format_version", version, expected));
        }
        source.kind = match source.label(&source.file, "kind")?.as_str() {
            "measurement" => Kind::Measurement,
            "image" => Kind::Image,
            "tables" => Kind::Tables,
            "normalisation" => Kind::Normalisation,
            "singles" => Kind::Singles,
            other => {
                let expected = "`measurement`, `image`, `tables`, `normalisation` or `singles`";
                return Err(source.wrong("kind", format!("`{other}`"), expected));
            }
        };
        Ok(source)
    }

    fn open_kind(path: &Path, kind: Kind) -> Result<Self, IoError> {
        let source = Self::open(path)?;
        if source.kind != kind {
            return Err(source.wrong("kind", format!("`{}`", source.kind.name()), format!("`{}`", kind.name())));
        }
        source.check_names()?;
        Ok(source)
    }

    fn provenance(&self) -> Result<Provenance, IoError> {
        if !self.holds(&self.file, "provenance")? {
            return Ok(Provenance::default());
        }
        let group = self.group("provenance")?;
        let names = self.checked(group.member_names())?;
        names.into_iter().map(|name| Ok((name.clone(), self.text(&group, &name)?))).collect()
    }

    fn group(&self, name: &str) -> Result<Group, IoError> {
        self.check_link(&self.file, name, "a group")?;
        self.checked(self.file.group(name))
    }

    /// Whether a group holds a name; a link that leads elsewhere is refused, it could lead into another file.
    fn holds(&self, group: &Group, name: &str) -> Result<bool, IoError> {
        let visit = |other: &str, link: LinkInfo| Ok((other == name).then_some(link.link_type));
        match self.checked(group.find_link(IndexType::Name, IterationOrder::Native, visit))? {
            Some(LinkType::Hard) => Ok(true),
            Some(_) => Err(self.wrong(name, "a link to another place", "data in its own place")),
            None => Ok(false),
        }
    }

    fn check_link(&self, group: &Group, name: &str, expected: &str) -> Result<(), IoError> {
        if self.holds(group, name)? { Ok(()) } else { Err(self.missing(name, expected)) }
    }

    fn checked<T>(&self, result: ::hdf5::Result<T>) -> Result<T, IoError> {
        result.map_err(|error| library(&self.path, error))
    }

    fn wrong(&self, field: impl Into<String>, found: impl ToString, expected: impl Into<String>) -> IoError {
        let (field, found, expected) = (field.into(), found.to_string(), expected.into());
        IoError::Field { path: self.path.clone(), field, found, expected }
    }

    fn missing(&self, field: &str, expected: &str) -> IoError {
        IoError::Missing { path: self.path.clone(), field: field.into(), expected: expected.into() }
    }
}

fn library(path: &Path, error: ::hdf5::Error) -> IoError {
    IoError::Format { path: path.into(), text: format!("not readable as HDF5: {error}") }
}

/// Checks the first bytes before the C library sees the file, and returns the length of the file.
fn check_superblock(path: &Path) -> Result<u64, IoError> {
    let mut file = std::fs::File::open(path).map_err(|source| target::system(path, "opening", source))?;
    let bytes = file.metadata().map_err(|source| target::system(path, "reading the length", source))?.len();
    let mut start = Vec::new();
    file.by_ref().take(9).read_to_end(&mut start).map_err(|source| target::system(path, "reading", source))?;
    let wrong = |found: String, expected: &str| IoError::Field {
        path: path.into(),
        field: "the start of the file".into(),
        found,
        expected: expected.into(),
    };
    match start.as_slice() {
        [0x89, b'H', b'D', b'F', b'\r', b'\n', 0x1a, b'\n', 2 | 3] => Ok(bytes),
        [0x89, b'H', b'D', b'F', b'\r', b'\n', 0x1a, b'\n', version] => Err(wrong(
            format!("an HDF5 superblock of version {version}"),
            "version 2 or 3, which have checksums (h5py: libver=\"v110\"; or `h5repack --latest in.h5 out.h5`)",
        )),
        other => Err(wrong(format!("{other:02x?}"), "the signature of an HDF5 file")),
    }
}

/// Writes a file of a kind; `fill` puts the contents into the open file.
fn write(
    path: &Path,
    overwrite: bool,
    kind: Kind,
    provenance: &Provenance,
    fill: impl FnOnce(&File) -> ::hdf5::Result<()>,
) -> Result<(), IoError> {
    target::write_whole(path, overwrite, |temporary| {
        let text =
            |error: ::hdf5::Error| IoError::Format { path: path.into(), text: format!("writing failed: {error}") };
        let file = File::with_options()
            .with_fapl(|access| access.file_locking(false).libver_bounds(LibraryVersion::V110, LibraryVersion::V110))
            .create(temporary)
            .map_err(text)?;
        field::put_integer(&file, "format_version", VERSION).map_err(text)?;
        field::put_label(&file, "kind", kind.name()).map_err(text)?;
        field::put_provenance(&file, provenance).map_err(text)?;
        fill(&file).map_err(text)?;
        file.flush().map_err(text)?; // a full disk shows here; an error while closing would go unseen
        file.close().map_err(text)
    })
}
