//! The two files of a model, and that they belong together.

use super::ModelFileError;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Longest file of weights that is read, in bytes.
const LONGEST_WEIGHTS: u64 = 256 << 20;

/// Longest card, in bytes.
const LONGEST_CARD: u64 = 1 << 20;

/// What the two files of a model hold.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFiles {
    /// Of `NAME.safetensors`.
    pub weights: Vec<u8>,
    /// Of `NAME.json`.
    pub card: String,
}

impl ModelFiles {
    /// Reads `path`, which ends in `.safetensors`, and the card beside it.
    pub fn read(path: &Path) -> Result<Self, ModelFileError> {
        let beside = path.with_extension("json");
        let weights = bytes(path, LONGEST_WEIGHTS)?;
        if !beside.is_file() {
            let field = "the model card beside it".into();
            return Err(ModelFileError::Missing { path: path.into(), field, expected: beside.display().to_string() });
        }
        let card = String::from_utf8(bytes(&beside, LONGEST_CARD)?);
        let card = card.map_err(|_| ModelFileError::format(&beside, "not a model card: not UTF-8 text"))?;
        Ok(Self { weights, card })
    }
}

/// That weights have the hash that their card states.
pub(in crate::prior) fn verify_hash(
    path: &Path,
    weights: &[u8],
    beside: &Path,
    stated: &str,
) -> Result<(), ModelFileError> {
    let found = hash(weights);
    if stated.eq_ignore_ascii_case(&found) {
        return Ok(());
    }
    let expected = format!("{stated}, as the card {} says: they do not belong together", beside.display());
    Err(ModelFileError::field(path, "sha256", found, expected))
}

/// SHA-256 in hexadecimal.
pub(in crate::prior) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(path: &Path, longest: u64) -> Result<Vec<u8>, ModelFileError> {
    let length = fs::metadata(path).map_err(|error| ModelFileError::system(path, "reading", error))?.len();
    if length > longest {
        return Err(ModelFileError::field(path, "its length", format!("{length} bytes"), format!("at most {longest}")));
    }
    fs::read(path).map_err(|error| ModelFileError::system(path, "reading", error))
}
