//! The cases: configs that `coincide recon` runs as they are, and the regions that are scored.

use crate::config::{ReconConfig, Source};
use crate::run::RunError;

/// Names that `bench convergence` knows.
pub const CONVERGENCE_CASES: &[&str] =
    &["nema-mmr", "nema-mmr-low", "nema-dmi", "brain-mmr", "torso-mct", "rods-nanopet", "border", "border-low", "tiny"];

/// Cases that run when none is named; `tiny` is for tests.
pub(super) const USUAL_CASES: usize = 8;

/// One case.
pub(super) struct Case {
    pub name: &'static str,
    pub source: Source,
    pub config: ReconConfig,
    /// Region of uniform activity.
    pub background: &'static str,
    /// Regions whose means are scored.
    pub regions: &'static [&'static str],
}

const SPHERES: &[&str] = &["background", "sphere-30-x8", "sphere-30-x4", "sphere-30-x0"];

const NEMA: &[&str] =
    &["sphere-10", "sphere-13", "sphere-17", "sphere-22", "sphere-28", "sphere-37", "lung-insert", "background"];

pub(super) fn case(name: &str) -> Result<Case, RunError> {
    let (name, text, background, regions): (_, _, _, &[&str]) = match name {
        "nema-mmr" => ("nema-mmr", include_str!("nema-mmr.toml"), "background", NEMA),
        "nema-mmr-low" => ("nema-mmr-low", include_str!("nema-mmr-low.toml"), "background", NEMA),
        "nema-dmi" => ("nema-dmi", include_str!("nema-dmi.toml"), "background", NEMA),
        "brain-mmr" => (
            "brain-mmr",
            include_str!("brain-mmr.toml"),
            "white-left",
            &["grey-left", "grey-right", "white-left", "white-right", "caudate-left", "putamen-left", "thalamus-right"],
        ),
        "torso-mct" => (
            "torso-mct",
            include_str!("torso-mct.toml"),
            "body",
            &["body", "liver", "heart", "lung-left", "lung-right", "aorta", "spine", "lesion-liver", "lesion-lung"],
        ),
        "rods-nanopet" => (
            "rods-nanopet",
            include_str!("rods-nanopet.toml"),
            "chamber",
            &["chamber", "cold-air", "cold-water", "rod-1", "rod-2", "rod-3", "rod-4", "rod-5"],
        ),
        "border" => ("border", include_str!("border.toml"), "background", SPHERES),
        "border-low" => ("border-low", include_str!("border-low.toml"), "background", SPHERES),
        "tiny" => ("tiny", include_str!("tiny.toml"), "background", SPHERES),
        _ => {
            let known = CONVERGENCE_CASES.join(", ");
            return Err(RunError::Usage(format!("no case is called `{name}`; known are {known}")));
        }
    };
    let source = Source { path: format!("{name}.toml").into(), text: text.into() };
    let config = source.parse()?;
    Ok(Case { name, source, config, background, regions })
}
