//! Phantoms that are known by name: the files of `phantoms/`, built in.

use super::{Phantom, PhantomError};

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// Names that [`Phantom::load`] knows.
        pub const PRESETS: &[&str] = &[$($name),*];
        const TEXTS: &[&str] = &[$(include_str!(concat!("../../phantoms/", $name, ".toml"))),*];
    };
}

shipped![
    "abdomen",
    "brain",
    "contrast-spheres",
    "derenzo",
    "derenzo-mini",
    "letter-f",
    "nema-earl",
    "nema-iq",
    "nema-nu4",
    "shepp-logan",
    "torso",
    "uniform-cylinder",
];

/// The phantom of a name in [`PRESETS`].
pub(super) fn preset(name: &str) -> Result<Phantom, PhantomError> {
    match PRESETS.iter().position(|known| *known == name) {
        Some(index) => Phantom::parse(TEXTS[index], name),
        None => Err(PhantomError::Unknown { name: name.into(), known: PRESETS.to_vec() }),
    }
}
