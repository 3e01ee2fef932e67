//! Memory of this process and of the machine in MB (10⁶ bytes), as results name it.

/// Peak resident memory; `None` where the system does not say.
pub fn peak_memory_mb() -> Option<f64> {
    crate::memory::peak_bytes().map(|bytes| bytes as f64 / 1e6)
}

/// Memory that this process may still take; `None` where the system does not say.
pub fn available_memory_mb() -> Option<f64> {
    crate::memory::available_bytes().map(|bytes| bytes as f64 / 1e6)
}
