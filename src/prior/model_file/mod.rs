//! Learned priors as they are kept: `NAME.safetensors` with the weights, and beside it `NAME.json`, the model card.
//!
//! What all kinds have in common: a card that names its format, its kind and the hash of the weights, tensors of `F32`,
//! models that are part of the program, and one error that says which file and field is wrong, what was found and what
//! was expected.

mod card;
mod error;
mod files;
mod shipped;
mod tensors;

pub use card::FORMAT;
pub use error::ModelFileError;
pub use files::ModelFiles;

pub(super) use card::{card_text, parse_card};
pub(super) use files::{hash, verify_hash};
pub(super) use shipped::{Shipped, shipped};
pub(super) use tensors::{Tensors, pack, tensor};
