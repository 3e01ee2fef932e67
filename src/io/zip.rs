//! ZIP archives, as far as it takes to read one file of them: the table at the end, then one stored or deflated entry.
//!
//! Layout: PKWARE, APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16.

use super::{IoError, target};
use flate2::read::DeflateDecoder;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
/// Bytes before the name of an entry of the table, and before that of the entry itself.
const ENTRY_LENGTH: usize = 46;
const LOCAL_LENGTH: u64 = 30;
/// The end record, and the longest comment that may follow it.
const LONGEST_END: u64 = 22 + 65535;
/// Longest table that is read.
const LONGEST_TABLE: u32 = 16 << 20;

/// Opens the first file of an archive whose name ends in `ending` (and is no system's own, as in `__MACOSX/`).
pub fn open_zipped(path: &Path, ending: &str) -> Result<Box<dyn Read>, IoError> {
    let failed = |source| target::system(path, "reading", source);
    let mut file = File::open(path).map_err(|source| target::system(path, "opening", source))?;
    let table = table(path, &mut file)?;
    let mut rest = table.as_slice();
    while rest.len() >= ENTRY_LENGTH && rest.starts_with(ENTRY) {
        let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(rest, at)));
        let Some(found) = rest.get(ENTRY_LENGTH..ENTRY_LENGTH + name) else { break };
        let found = String::from_utf8_lossy(found);
        if found.ends_with(ending) && !found.starts_with("__") {
            let (method, packed, at) = (u16_at(rest, 10), u32_at(rest, 20), u32_at(rest, 42));
            let mut local = [0; LOCAL_LENGTH as usize];
            file.seek(SeekFrom::Start(at.into())).and_then(|_| file.read_exact(&mut local)).map_err(failed)?;
            let start = u64::from(at) + LOCAL_LENGTH + u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
            file.seek(SeekFrom::Start(start)).map_err(failed)?;
            let bytes = BufReader::new(file.take(packed.into()));
            return match method {
                0 => Ok(Box::new(bytes)),
                8 => Ok(Box::new(DeflateDecoder::new(bytes))),
                other => {
                    Err(format(path, format!("`{found}` is packed by method {other}; stored and deflated are read")))
                }
            };
        }
        rest = rest.get(ENTRY_LENGTH + name + extra + comment..).unwrap_or_default();
    }
    Err(format(path, format!("no file in this archive ends in `{ending}`")))
}

/// The table of all entries.
fn table(path: &Path, file: &mut File) -> Result<Vec<u8>, IoError> {
    let failed = |source| target::system(path, "reading", source);
    let length = file.metadata().map_err(failed)?.len();
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_END))).map_err(failed)?;
    file.read_to_end(&mut end).map_err(failed)?;
    let at = (0..end.len().saturating_sub(21)).rev().find(|&at| end[at..].starts_with(END));
    let end = at.map(|at| &end[at..]).ok_or_else(|| format(path, "not a ZIP archive".into()))?;
    let (size, start) = (u32_at(end, 12), u32_at(end, 16));
    if size > LONGEST_TABLE || u64::from(start) + u64::from(size) > length {
        return Err(format(path, "its table of files lies outside of the archive".into()));
    }
    let mut table = vec![0; size as usize];
    file.seek(SeekFrom::Start(start.into())).and_then(|_| file.read_exact(&mut table)).map_err(failed)?;
    Ok(table)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn format(path: &Path, text: String) -> IoError {
    IoError::Format { path: path.into(), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::DeflateEncoder};
    use std::io::Write;

    /// An archive with a system's own file and one deflated file.
    fn archive() -> Vec<u8> {
        let (mut bytes, mut table) = (Vec::new(), Vec::new());
        for (name, text) in [("__MACOSX/a.raw", "no"), ("a.raw", "some text, some text")] {
            let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
            packed.write_all(text.as_bytes()).unwrap();
            let packed = packed.finish().unwrap();
            let at = bytes.len() as u32;
            let (length, size) = ((name.len() as u16).to_le_bytes(), (packed.len() as u32).to_le_bytes());
            bytes.extend([b"PK\x03\x04".as_slice(), &[0; 22], &length, &[0; 2], name.as_bytes(), &packed].concat());
            let fields =
                [ENTRY, &[0; 6], &8_u16.to_le_bytes(), &[0; 8], &size, &[0; 4], &length, &[0; 12], &at.to_le_bytes()];
            table.extend([fields.concat(), name.as_bytes().to_vec()].concat());
        }
        let start = (bytes.len() as u32).to_le_bytes();
        let size = (table.len() as u32).to_le_bytes();
        bytes.extend([table, [END, &[0; 8], &size, &start, &[0; 2]].concat()].concat());
        bytes
    }

    #[test]
    fn a_deflated_file_is_read_and_damage_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        std::fs::write(&path, archive()).unwrap();
        let mut text = String::new();
        open_zipped(&path, ".raw").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "some text, some text");
        let error = |result: Result<Box<dyn Read>, IoError>| result.err().unwrap().to_string();
        assert!(error(open_zipped(&path, ".nii")).contains("ends in `.nii`"));
        let whole = archive();
        for cut in [0, 10, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert!(error(open_zipped(&path, ".raw")).contains("not a ZIP archive"), "{cut}");
        }
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
            if let Ok(file) = open_zipped(&path, ".raw") {
                let _ = file.take(1 << 20).read_to_end(&mut Vec::new());
            }
        }
    }
}
