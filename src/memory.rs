//! The memory of this process: how much it may still take, and whether something fits into it.
//!
//! On Linux the least of three: what the system can give without swapping (`MemAvailable`), what every control group
//! around the process leaves (version 1 and 2; a container or a batch job), and the limit of its address space
//! (`ulimit -v`). Other systems do not say, and nothing is refused there.

use std::fs::read_to_string;
use std::path::Path;

/// More memory than this process may still take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} of memory are needed, {} are free", in_words(*.needed), in_words(*.available))]
pub struct NoRoom {
    /// Bytes that are needed.
    pub needed: u64,
    /// Bytes that can still be taken.
    pub available: u64,
}

/// Bytes that this process may still take; `None` where the system does not say.
pub fn available_bytes() -> Option<u64> {
    available_below(Path::new("/"))
}

/// Refuses more bytes than this process may still take.
pub fn check(needed: u64) -> Result<(), NoRoom> {
    match available_bytes() {
        Some(available) if needed > available => Err(NoRoom { needed, available }),
        _ => Ok(()),
    }
}

/// The same for an array of a shape; a product that no number holds is refused, too, with the largest number.
pub fn check_array(shape: &[usize], bytes_each: usize) -> Result<(), NoRoom> {
    let bytes = shape.iter().try_fold(bytes_each as u64, |bytes, &n| bytes.checked_mul(n as u64));
    match bytes.filter(|&bytes| bytes <= isize::MAX as u64) {
        Some(bytes) => check(bytes),
        None => Err(NoRoom { needed: u64::MAX, available: available_bytes().unwrap_or(isize::MAX as u64) }),
    }
}

/// Most bytes of memory that the process has held so far, as Linux counts it; `None` on other systems.
pub fn peak_bytes() -> Option<u64> {
    kib_of(&read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// `1.5 GB`, or `12 MB` where it is less than a GB.
fn in_words(bytes: u64) -> String {
    match bytes {
        u64::MAX => "more than 18 EB".into(),
        1_000_000_000.. => format!("{:.1} GB", bytes as f64 / 1e9),
        _ => format!("{} MB", bytes.div_ceil(1_000_000)),
    }
}

/// [`available_bytes`] with `/proc` and `/sys` below another root.
fn available_below(root: &Path) -> Option<u64> {
    let machine = kib_of(&read_to_string(root.join("proc/meminfo")).ok()?, "MemAvailable:")?;
    let groups = read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let groups = groups.lines().filter_map(|line| group_bytes(root, line));
    Some(groups.chain(address_space_bytes(root)).fold(machine, u64::min))
}

/// What the control groups of one line of `/proc/self/cgroup` (`number:controllers:path`) leave, from the own one up
/// to the root. In a container the path may be that of the host: the groups that are not to be seen are passed over.
fn group_bytes(root: &Path, line: &str) -> Option<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let (mount, [limit, usage, idle]) = match controllers {
        "" => ("sys/fs/cgroup", ["memory.max", "memory.current", "inactive_file "]),
        _ if controllers.split(',').any(|name| name == "memory") => {
            ("sys/fs/cgroup/memory", ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "])
        }
        _ => return None,
    };
    let mount = root.join(mount);
    let left = |group: &Path| {
        let number = |name| read_to_string(mount.join(group).join(name)).ok()?.trim().parse::<u64>().ok();
        let (limit, used) = (number(limit)?, number(usage)?);
        // Pages of files that nobody has used lately are counted, and are given back when others need room.
        let statistics = read_to_string(mount.join(group).join("memory.stat")).unwrap_or_default();
        Some(limit.saturating_sub(used.saturating_sub(number_of(&statistics, idle).unwrap_or(0))))
    };
    Path::new(path.trim_start_matches('/')).ancestors().filter_map(left).min()
}

/// What the limit of the address space leaves.
fn address_space_bytes(root: &Path) -> Option<u64> {
    let limit = number_of(&read_to_string(root.join("proc/self/limits")).ok()?, "Max address space")?;
    let used = kib_of(&read_to_string(root.join("proc/self/status")).ok()?, "VmSize:")?;
    Some(limit.saturating_sub(used))
}

/// The first number behind a name at the start of a line.
fn number_of(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

fn kib_of(text: &str, name: &str) -> Option<u64> {
    number_of(text, name)?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine of 8 GiB, of which 4 are free, with further files.
    fn machine(files: &[(&str, &str)]) -> Option<u64> {
        let folder = tempfile::tempdir().unwrap();
        let meminfo = ("proc/meminfo", "MemTotal:  8388608 kB\nMemFree:  1048576 kB\nMemAvailable:  4194304 kB\n");
        for (name, text) in files.iter().chain([&meminfo]) {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        available_below(folder.path())
    }

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_least_of_what_machine_groups_and_limits_leave() {
        assert_eq!(machine(&[]), Some(4096 * MIB));
        let second = [
            ("proc/self/cgroup", "0::/job/step\n"),
            ("sys/fs/cgroup/job/step/memory.max", "max\n"),
            ("sys/fs/cgroup/job/step/memory.current", "1000\n"),
            ("sys/fs/cgroup/job/memory.max", "1073741824\n"),
            ("sys/fs/cgroup/job/memory.current", "536870912\n"),
        ];
        assert_eq!(machine(&second), Some(512 * MIB));
        let idle = ("sys/fs/cgroup/job/memory.stat", "anon 5\nactive_file 7\ninactive_file 268435456\n");
        assert_eq!(machine(&[&second[..], &[idle]].concat()), Some(768 * MIB));
        // In a container of version 1 the path is that of the host, and its own group is the root that it sees.
        let first = [
            ("proc/self/cgroup", "4:memory:/docker/abc\n1:cpu:/docker/abc\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "209715200\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "209715201\n"),
        ];
        assert_eq!(machine(&first), Some(0));
        let limits = [
            ("proc/self/limits", "Limit  Soft Limit\nMax address space         2147483648   unlimited  bytes\n"),
            ("proc/self/status", "VmPeak:  9 kB\nVmSize:  1048576 kB\n"),
        ];
        assert_eq!(machine(&limits), Some(1024 * MIB));
    }

    #[test]
    fn more_than_there_is_is_refused_in_words() {
        assert_eq!(check(0), Ok(()));
        assert_eq!(check_array(&[3, 5], 4), Ok(()));
        let huge = check_array(&[usize::MAX, 2], 4).unwrap_err();
        assert!(huge.to_string().starts_with("more than 18 EB of memory are needed"), "{huge}");
        let words = NoRoom { needed: 12_340_000_000, available: 300 }.to_string();
        assert_eq!(words, "12.3 GB of memory are needed, 1 MB are free");
        if cfg!(target_os = "linux") {
            assert!(check(1 << 60).is_err() && peak_bytes().unwrap() > MIB);
        }
    }
}
