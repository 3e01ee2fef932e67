//! STIR's names of scanners, and Siemens's model numbers, as presets or as STIR describes them.

use super::header::standard;
use super::stir_scanners::stir_scanner;
use crate::scanner::{PRESETS, Scanner, preset};

/// `(preset, names)`; names in standard form.
const NAMES: &[(&str, &[&str])] = &[
    ("siemens-mmr", &["siemens mmr", "mmr", "2008"]),
    ("siemens-mct", &["siemens mct", "mct", "2011", "1104", "1094"]),
    ("siemens-vision-600", &["siemens vision 600", "vision 600", "1208"]),
    ("siemens-quadra", &["siemens quadra", "quadra", "1232"]),
    ("ecat-hr+", &["ecat 962", "ecat hr+"]),
    ("ge-dmi-3ring", &["ge discovery mi 3 rings", "discovery mi3"]),
    ("ge-dmi-4ring", &["ge discovery mi 4 rings", "discovery mi4"]),
    ("ge-dmi-5ring", &["ge discovery mi 5 rings", "discovery mi5"]),
    ("ge-dmi-6ring", &["ge discovery mi 6 rings", "discovery mi6"]),
    ("ge-signa-petmr", &["ge signa pet/mr", "pet/mr signa", "signa pet/mr"]),
    ("nanopet", &["nanopet"]),
    ("safir", &["safirdualringprototype"]),
];

/// The preset of an `originating system`, `None` where it is not known.
pub(in crate::io) fn named_scanner(name: &str) -> Option<Scanner> {
    let name = standard(name);
    let listed = NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(preset, _)| *preset);
    if let Some(scanner) = listed.and_then(|listed| preset(listed).ok()) {
        return Some(scanner);
    }
    // What our own writer calls them.
    let ours = PRESETS.iter().filter_map(|id| preset(id).ok()).find(|scanner| standard(&scanner.name) == name);
    ours.or_else(|| stir_scanner(&name))
}

/// The name without its number of rings that GE's files give to the Discovery MI of any length.
pub(super) fn is_discovery_mi(name: &str) -> bool {
    ["discovery mi", "ge discovery mi"].contains(&standard(name).as_str())
}

/// The Discovery MI of so many rings.
pub(super) fn discovery_mi(rings: usize) -> Option<Scanner> {
    let presets = ["ge-dmi-3ring", "ge-dmi-4ring", "ge-dmi-5ring", "ge-dmi-6ring"];
    presets.iter().filter_map(|id| preset(id).ok()).find(|scanner| scanner.rings == rings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stir_names_and_model_numbers_are_known() {
        for (id, names) in NAMES {
            let scanner = preset(id).unwrap();
            for name in names.iter().chain([&scanner.name.as_str()]) {
                assert_eq!(named_scanner(name).as_ref(), Some(&scanner), "{name}");
            }
        }
        assert_eq!(NAMES.len(), PRESETS.len());
        for name in ["Unknown", "Userdefined", "HiDAC"] {
            assert_eq!(named_scanner(name), None);
        }
        assert_eq!(named_scanner("discovery  ST").unwrap().crystals_per_ring, 420);
        assert_eq!(discovery_mi(45).unwrap().name, "GE Discovery MI 5 rings");
        assert!(is_discovery_mi("Discovery MI") && discovery_mi(40).is_none());
    }
}
