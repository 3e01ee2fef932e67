//! Why a command did not do what was asked.

use crate::config::ConfigError;

/// A command that failed, with the exit code that says how.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The config cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The command line cannot be used.
    #[error("{0}")]
    Usage(String),
}

impl RunError {
    /// Exit code: 1 failed while running, 2 wrong usage or config, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Usage(_) => 2,
        }
    }
}
