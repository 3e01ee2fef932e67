//! Model cards: JSON that says by itself how it is to be read.

use super::ModelFileError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Version of the format that is written, and the only one that is read.
pub const FORMAT: u32 = 1;

/// The fields that say how to read the others.
#[derive(Deserialize)]
struct Header {
    format: u32,
    kind: String,
}

/// The card of a kind in a text; `path` is named in errors.
pub(in crate::prior) fn parse_card<Card: DeserializeOwned>(
    path: &Path,
    text: &str,
    kind: &str,
) -> Result<Card, ModelFileError> {
    let unreadable = |error: serde_json::Error| ModelFileError::format(path, format!("not a model card: {error}"));
    let header: Header = serde_json::from_str(text).map_err(unreadable)?;
    if header.format != FORMAT {
        return Err(ModelFileError::field(path, "format", header.format, format!("{FORMAT}, the one that is known")));
    }
    if header.kind != kind {
        return Err(ModelFileError::field(path, "kind", format!("`{}`", header.kind), format!("`{kind}`")));
    }
    serde_json::from_str(text).map_err(unreadable)
}

/// The text of a card.
pub(in crate::prior) fn card_text(card: &impl Serialize) -> String {
    // Plain data with text keys always has a JSON form.
    serde_json::to_string_pretty(card).expect("a model card is JSON") + "\n"
}
