//! Memory of this process and of the machine.

/// Peak resident memory in MB (10⁶ bytes) as Linux counts it; `None` on other systems.
pub fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// Memory in MB (10⁶ bytes) that is still to be had, as Linux and its control groups say; `None` on other systems.
pub fn available_memory_mb() -> Option<f64> {
    let free = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = free.lines().find(|line| line.starts_with("MemAvailable:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    let number = |name: &str| -> Option<f64> {
        std::fs::read_to_string(format!("/sys/fs/cgroup/memory.{name}")).ok()?.trim().parse().ok()
    };
    let group = number("max").zip(number("current")).map(|(most, used)| most - used);
    Some((kib * 1024.0).min(group.unwrap_or(f64::INFINITY)).max(0.0) / 1e6)
}
