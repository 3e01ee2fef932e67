//! Where a file comes from: enough to run it again and to know whether the inputs are still the same.

use coincide_kernels::Level;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A file that went into a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The file, as the config names it.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// What every output of a run carries.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The command, as in `coincide recon`.
    pub command: &'static str,
    /// Text of the config file.
    pub config: String,
    /// The config file; relative paths start at its folder.
    pub config_path: PathBuf,
    /// Files that were read.
    pub inputs: Vec<Input>,
    /// Seed, where something is random.
    pub seed: Option<u64>,
    /// Threads.
    pub threads: usize,
    /// SIMD level.
    pub level: String,
    /// Named times in s.
    pub seconds: Vec<(&'static str, f64)>,
    /// What the model held, and to which moment the image refers.
    pub told: Vec<(&'static str, String)>,
}

impl Record {
    /// The record of a command that runs on the current threads with a config.
    pub fn new(command: &'static str, config: &str, config_path: &Path) -> Self {
        Self {
            command,
            config: config.into(),
            config_path: std::path::absolute(config_path).unwrap_or_else(|_| config_path.into()),
            inputs: Vec::new(),
            seed: None,
            threads: rayon::current_num_threads(),
            level: Level::best().name().into(),
            seconds: Vec::new(),
            told: Vec::new(),
        }
    }

    /// The record as named texts, for the attributes of a file.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let fixed = [
            ("command", self.command.to_owned()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("config", self.config.clone()),
            ("config_path", self.config_path.display().to_string()),
            ("threads", self.threads.to_string()),
            ("simd_level", self.level.clone()),
            ("written_unix_s", unix_seconds().to_string()),
        ];
        let seed = self.seed.map(|seed| ("seed".to_owned(), seed.to_string()));
        let inputs = [("inputs_sha256".to_owned(), hash_lines(&self.inputs))];
        let seconds = self.seconds.iter().map(|(name, seconds)| (format!("seconds_{name}"), format!("{seconds:.3}")));
        let told = self.told.iter().map(|(key, text)| ((*key).to_owned(), text.clone()));
        let fixed = fixed.map(|(key, text)| (key.to_owned(), text)).into_iter();
        fixed.chain(told).chain(seed).chain(inputs).chain(seconds).collect()
    }
}

/// One line per file, as sha256sum writes and checks them.
pub fn hash_lines(inputs: &[Input]) -> String {
    inputs.iter().map(|input| format!("{}  {}\n", input.sha256, input.path.display())).collect()
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// SHA-256 of a file, read in pieces.
pub fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            length => hash.update(&piece[..length]),
        }
    }
    Ok(hexadecimal(&hash.finalize()))
}

/// SHA-256 of a text.
pub fn sha256_of_text(text: &str) -> String {
    hexadecimal(&Sha256::digest(text))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(file.path()).unwrap(), expected);
        assert_eq!(sha256_of_text("abc"), expected);
    }
}
