//! What is wrong with a table.

use serde::de::{Error, Expected, Unexpected};
use std::fmt;
use std::ops::Range;

/// What is wrong, and where in the text.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) struct Fault {
    pub at: Option<Range<usize>>,
    pub kind: Kind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) enum Kind {
    /// A key that is none of those of its table.
    UnknownKey { found: String, known: &'static [&'static str] },
    /// A choice that is none of those there are.
    UnknownChoice { found: String, known: &'static [&'static str] },
    /// A key that must be there.
    MissingKey(&'static str),
    /// None or several choices where one is made.
    NotOne,
    /// One value where several must be.
    NoList(String),
    /// Anything else, in words.
    Other(String),
}

impl Fault {
    pub fn new(kind: Kind) -> Self {
        Self { at: None, kind }
    }

    /// The same at a place, unless it has one that is nearer.
    pub fn or_at(self, at: &Range<usize>) -> Self {
        Self { at: self.at.or_else(|| Some(at.clone())), ..self }
    }
}

impl Error for Fault {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(Kind::Other(text.to_string()))
    }
    fn unknown_field(found: &str, known: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownKey { found: found.into(), known })
    }
    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownChoice { found: found.into(), known })
    }
    fn missing_field(key: &'static str) -> Self {
        Self::new(Kind::MissingKey(key))
    }
    fn invalid_type(found: Unexpected, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("invalid type: {found}, expected {expected}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.kind {
            Kind::UnknownKey { found, .. } => write!(f, "unknown key `{found}`"),
            Kind::UnknownChoice { found, .. } => write!(f, "unknown choice `{found}`"),
            Kind::MissingKey(key) => write!(f, "missing field `{key}`"),
            Kind::NotOne => f.write_str("this table takes exactly one kind"),
            Kind::NoList(text) | Kind::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Fault {}
