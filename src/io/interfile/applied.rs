//! `applied corrections := {attenuation, randoms}`: what was done to the numbers of a file.

use super::header::Header;
use crate::data::Correction;
use crate::io::IoError;
use std::collections::BTreeSet;

const KEY: &str = "applied corrections";

/// How the names of corrections begin, or what they hold, as STIR and Siemens write them.
const NAMES: [(&str, Correction); 8] = [
    ("atten", Correction::Attenuation),
    ("normali", Correction::Normalisation),
    ("dead time", Correction::DeadTime),
    ("deadtime", Correction::DeadTime),
    ("dead-time", Correction::DeadTime),
    ("decay", Correction::Decay),
    ("random", Correction::Randoms),
    ("scatter", Correction::Scatter),
];

/// Corrections that the numbers of a header hold; arc correction, which is the geometry's, is none of them.
pub(super) fn applied_corrections(header: &Header) -> Result<BTreeSet<Correction>, IoError> {
    let mut applied = BTreeSet::new();
    for word in header.words(KEY).unwrap_or_default() {
        let own = NAMES.iter().find(|(name, _)| word.contains(name)).map(|(_, correction)| *correction);
        match own {
            Some(correction) => drop(applied.insert(correction)),
            None if word.is_empty() || word == "none" || word.contains("arc") => (),
            None => return Err(header.wrong(KEY, word, expected())),
        }
    }
    Ok(applied)
}

fn expected() -> String {
    let all: Vec<_> = Correction::ALL.iter().map(ToString::to_string).collect();
    format!("None, arc correction, {}", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn of(line: &str) -> Result<BTreeSet<Correction>, IoError> {
        applied_corrections(&Header::parse(Path::new("a.hs"), format!("!INTERFILE :=\n{line}\n").as_bytes())?)
    }

    #[test]
    fn names_of_several_programs_are_known_and_others_are_told() {
        use Correction::*;
        assert_eq!(of("").unwrap(), [].into());
        assert_eq!(of("applied corrections := {None}").unwrap(), [].into());
        assert_eq!(of("applied corrections := {arc correction}").unwrap(), [].into());
        let all = "applied corrections := {normalization, Attenuation Correction, randoms subtracted, radial arc-correction, decay}";
        assert_eq!(of(all).unwrap(), [Attenuation, Normalisation, Decay, Randoms].into());
        let told = of("applied corrections := {magic}").unwrap_err().to_string();
        assert!(told.contains("magic") && told.contains("dead-time"), "{told}");
    }
}
