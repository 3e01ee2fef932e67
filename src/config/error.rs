//! What can be wrong with a config file, and where.

use std::ops::Range;
use std::path::PathBuf;

/// A config that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file itself cannot be read.
    #[error("config {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The config file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// Something in the text is wrong.
    #[error("{0}")]
    Mistake(Box<Mistake>),
}

/// One mistake in the text of a config file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {message}{}", self.place(), help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default())]
pub struct Mistake {
    /// The config file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Bytes of the text to underline; `None` where the mistake is that something is missing from the whole file.
    pub span: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl Mistake {
    /// `file:line:column`, counted from 1.
    fn place(&self) -> String {
        let path = self.path.display();
        let Some(before) = self.span.as_ref().and_then(|span| self.text.get(..span.start)) else {
            return path.to_string();
        };
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        format!("{path}:{line}:{column}")
    }
}
