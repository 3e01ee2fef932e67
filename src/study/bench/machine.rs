//! What figures of speed were measured on.

use crate::report::available_memory_mb;
use coincide_kernels::Level;
use serde::Serialize;

/// A machine.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Name of its processor, where the system tells.
    pub processor: Option<String>,
    /// Processors that the system has for this program.
    pub processors: usize,
    /// Threads that were used.
    pub threads: usize,
    /// SIMD level.
    pub level: String,
    /// Memory that was free, in MB.
    pub available_memory_mb: Option<f64>,
    /// Operating system and architecture.
    pub system: String,
    /// Version of the program.
    pub version: String,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        Self {
            processor: processor(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            threads: rayon::current_num_threads(),
            level: Level::best().name().into(),
            available_memory_mb: available_memory_mb(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }
}

/// The name that Linux gives.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
