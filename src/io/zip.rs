//! ZIP archives: one file of them, decompressed as it is read.

use super::{IoError, target};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// What `read` makes of the first file of an archive whose name ends in `ending` (and is no system's own, as in
/// `__MACOSX/`).
pub fn read_zipped<T>(
    path: &Path,
    ending: &str,
    read: impl FnOnce(&mut dyn Read) -> Result<T, IoError>,
) -> Result<T, IoError> {
    let file = File::open(path).map_err(|source| target::system(path, "opening", source))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| wrong(path, error))?;
    let names = archive.file_names_raw().map(String::from_utf8_lossy);
    let found = names.enumerate().find(|(_, name)| name.ends_with(ending) && !name.starts_with("__"));
    let Some((index, name)) = found.map(|(index, name)| (index, name.into_owned())) else {
        return Err(format(path, format!("no file in this archive ends in `{ending}`")));
    };
    let mut file = archive.by_index(index).map_err(|error| wrong(path, error))?;
    let method = file.compression();
    if ![CompressionMethod::Stored, CompressionMethod::Deflated].contains(&method) {
        return Err(format(path, format!("`{name}` is packed as {method}; stored and deflated are read")));
    }
    read(&mut file)
}

fn wrong(path: &Path, error: ZipError) -> IoError {
    match error {
        ZipError::Io(source) => target::system(path, "reading", source),
        ZipError::InvalidArchive(text) => format(path, format!("not a ZIP archive: {text}")),
        other => format(path, other.to_string()),
    }
}

fn format(path: &Path, text: String) -> IoError {
    IoError::Format { path: path.into(), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    /// An archive with a system's own file and one deflated file.
    fn archive() -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in [("__MACOSX/a.raw", "no"), ("a.raw", "some text, some text")] {
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    /// The text of the file `*.raw`.
    fn text(path: &Path, ending: &str) -> Result<String, IoError> {
        read_zipped(path, ending, |bytes| {
            let mut text = String::new();
            bytes.take(1 << 20).read_to_string(&mut text).map_err(|source| target::system(path, "reading", source))?;
            Ok(text)
        })
    }

    #[test]
    fn a_deflated_file_is_read_and_damage_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let whole = archive();
        let with = |bytes: &[u8], ending: &str| {
            std::fs::write(&path, bytes).unwrap();
            text(&path, ending).map_err(|error| error.to_string())
        };
        assert_eq!(with(&whole, ".raw").unwrap(), "some text, some text");
        assert!(with(&whole, ".nii").unwrap_err().contains("ends in `.nii`"));
        for cut in [0, 10, whole.len() - 1] {
            let error = with(&whole[..cut], ".raw").unwrap_err();
            assert!(error.contains("a.zip: not a ZIP archive"), "{cut}: {error}");
        }
        // The method of the second entry of the table is its bytes 10 and 11; the text lies behind the second name.
        let at = |part: &[u8]| whole.windows(part.len()).rposition(|bytes| bytes == part).unwrap();
        let (mut packed, mut changed) = (whole.clone(), whole.clone());
        packed[at(b"PK\x01\x02") + 10] = 12;
        let error = with(&packed, ".raw").unwrap_err();
        assert!(error.contains("`a.raw` is packed as Bzip2; stored and deflated are read"), "{error}");
        changed[at(b"PK\x01\x02") + 16] ^= 1;
        assert!(with(&changed, ".raw").unwrap_err().contains("reading failed"), "a wrong checksum");
    }

    proptest::proptest! {
        #[test]
        fn changed_bytes_never_panic(changes: Vec<(usize, u8)>, cut: usize) {
            let mut bytes = archive();
            for (at, byte) in changes {
                let length = bytes.len();
                bytes[at % length] = byte;
            }
            bytes.truncate(bytes.len() - cut % 40);
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.zip");
            std::fs::write(&path, bytes).unwrap();
            let _ = text(&path, ".raw");
        }
    }
}
