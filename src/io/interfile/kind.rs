//! What an Interfile header is the header of, judged by its content: it may be called `.hs`, `.hv`, `.hdr`, `.h33`,
//! `.hl`, `.ahs` or anything.

use super::header::{Header, standard};
use crate::io::IoError;
use std::path::Path;

/// What a header is the header of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfileKind {
    /// An image, STIR's, Siemens's or CASToR's.
    Image,
    /// A sinogram.
    Projections,
    /// Siemens's list-mode.
    ListMode,
    /// Siemens's normalisation.
    Normalisation,
}

/// Whether a file that begins with `start` is an Interfile header: its first line that is no comment is
/// `!INTERFILE :=`.
pub fn sniff(start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(start);
    let mut lines = text.trim_start_matches('\u{feff}').split(['\n', '\r']).map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(';'));
    first.and_then(|line| line.split_once(":=")).is_some_and(|(key, _)| standard(key) == "interfile")
}

/// What a header is the header of.
pub fn kind(path: &Path) -> Result<InterfileKind, IoError> {
    let header = Header::read(path)?;
    let has = |key: &str| header.text(key).is_some();
    let labels = (1..=5).filter_map(|axis| header.text_at("matrix axis label", axis)).map(standard);
    let is_sinogram = |label: String| label == "segment" || label == "tangential coordinate" || label == "view";
    let data_type = header.text("pet data type").map(standard);
    Ok(match data_type.as_deref() {
        _ if has("%number of normalization components") => InterfileKind::Normalisation,
        _ if has("%lm event and tag words format (bits)") => InterfileKind::ListMode,
        Some("image") => InterfileKind::Image,
        Some(_) => InterfileKind::Projections,
        _ if has("minimum ring difference per segment") || labels.into_iter().any(is_sinogram) => {
            InterfileKind::Projections
        }
        _ if header.text_at("matrix size", 3).is_some() => InterfileKind::Image,
        _ => {
            let text = "an Interfile header of what is not read here: neither of an image with three axes, nor of a \
                        sinogram of STIR, nor of list-mode or a normalisation of Siemens";
            return Err(IoError::Format { path: path.into(), text: text.into() });
        }
    })
}
