//! Text behind numbers: `!matrix size [1] := 128 pixels`, `distance between rings (cm) := 0.40625 cm`.
//!
//! It is passed over where it repeats what the key says, and refused where it says anything else: `4 cm` for a key in
//! mm would be another length.

/// What is counted, in keys without a unit.
const COUNTED: &[&str] = &[
    "pixel",
    "px",
    "voxel",
    "bin",
    "byte",
    "plane",
    "slice",
    "ring",
    "crystal",
    "detector",
    "view",
    "segment",
    "count",
    "frame",
    "projection",
    "window",
    "gate",
    "block",
    "layer",
    "element",
    "dimension",
    "position",
    "bit",
];

/// The number at the beginning of a text, where what follows says no more than the key does; else the whole text.
pub(super) fn number_of<'a>(key: &str, text: &'a str) -> &'a str {
    let text = text.split(';').next().unwrap_or_default().trim();
    let digits = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let (number, rest) = text.split_at(text.find(|c| !digits(c)).unwrap_or(text.len()));
    if fits(key, rest) { number } else { text }
}

fn fits(key: &str, text: &str) -> bool {
    let text = text.trim().trim_matches(|c| "()[]".contains(c)).trim().to_lowercase();
    if text.is_empty() {
        return true;
    }
    match unit_of_key(key) {
        Some(unit) => canonical(&text) == Some(unit),
        None => {
            let one = text.strip_suffix('s').unwrap_or(&text);
            COUNTED.contains(&one)
        }
    }
}

/// The unit in the brackets of a key: `(mm/pixel)`, `(sec)`, `(in keV)`.
fn unit_of_key(key: &str) -> Option<&'static str> {
    let groups = key.split('(').skip(1).filter_map(|rest| rest.split(')').next());
    groups.into_iter().find_map(canonical)
}

fn canonical(text: &str) -> Option<&'static str> {
    Some(match text.trim().to_lowercase().as_str() {
        "mm" | "mm/pixel" | "mm/voxel" | "mm per pixel" | "millimetre" | "millimetres" | "millimeter"
        | "millimeters" => "mm",
        "cm" | "centimetre" | "centimetres" | "centimeter" | "centimeters" => "cm",
        "ps" | "picosecond" | "picoseconds" => "ps",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "deg" | "degree" | "degrees" | "°" => "degrees",
        "kev" | "in kev" => "keV",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_the_key_is_passed_over() {
        for (key, text, number) in [
            ("matrix size", "128 pixels", "128"),
            ("number of rings", "64 rings ; of crystals", "64"),
            ("number of dimensions", "3 dimensions", "3"),
            ("scaling factor (mm/pixel) [1]", "2.5 mm", "2.5"),
            ("scaling factor (mm/pixel) [1]", "2.5 mm/pixel", "2.5"),
            ("distance between rings (cm)", "4.0625e-1cm", "4.0625e-1"),
            ("image duration (sec)", "60 (seconds)", "60"),
            ("reference energy (in kev)", "511 keV", "511"),
            ("size of unmashed tof time bins (ps)", "312 ps", "312"),
            ("maximum number of (unmashed) tof time bins", "13 bins", "13"),
        ] {
            assert_eq!(number_of(key, text), number, "{key} := {text}");
        }
    }

    #[test]
    fn what_says_more_is_left_and_is_no_number() {
        for (key, text) in [
            ("matrix size", "128 x 128"),
            ("matrix size", "1,5"),
            ("scaling factor (mm/pixel) [1]", "0.25 cm"),
            ("distance between rings (cm)", "4 mm"),
            ("image duration (sec)", "5 min"),
            ("image scaling factor", "2 %"),
            ("size of unmashed tof time bins (ps)", "0.312 ns"),
            ("number of rings", "64 mm"),
        ] {
            assert!(number_of(key, text).parse::<f64>().is_err(), "{key} := {text}");
        }
    }
}
