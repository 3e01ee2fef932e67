//! What a run keeps of its intervals, by which coverage is found and intervals are calibrated.

use super::{Better, Family, Figure, Scope, Unit};

pub(super) static COVERAGE: Family = Family {
    figures: &[
        &INTERVAL_NOISE,
        &SPARSIFICATION_ERROR,
        &COVERED,
        &HALF_WIDTH,
        &COVERED_AT,
        &LESION_IS_SMALL,
        &LESION_MEAN,
        &LESION_PEAK,
        &LESION_VOLUME,
    ],
    score: None,
};

/// Noise ν̄ of the scan, by which intervals are found, where the method has `[confidence]`.
pub static INTERVAL_NOISE: Figure = Figure {
    id: "confidence.noise",
    title: "noise ν̄ of the intervals",
    unit: Unit::One,
    better: Better::Neither,
    scope: Scope::Run,
    definition: "noise ν̄ of the scan, by which intervals are found, where the method has `[confidence]`",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// How much better the true errors sort voxels than σ does: 0 is perfect.
pub static SPARSIFICATION_ERROR: Figure = Figure {
    id: "confidence.sparsification_error",
    title: "sparsification error",
    unit: Unit::One,
    better: Better::Lower,
    scope: Scope::Run,
    definition: "how much better the true errors sort voxels than σ does: 0 is perfect",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// Share of the voxels of that kind whose truth the interval holds.
pub static COVERED: Figure = Figure {
    id: "confidence.*.covered",
    title: "covered",
    unit: Unit::Fraction,
    better: Better::Neither,
    scope: Scope::Tissue,
    definition: "share of the voxels of that kind whose truth the interval holds",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// Mean half width of the intervals of that kind over the mean activity.
pub static HALF_WIDTH: Figure = Figure {
    id: "confidence.*.half_width",
    title: "half width",
    unit: Unit::Fraction,
    better: Better::Lower,
    scope: Scope::Tissue,
    definition: "mean half width of the intervals of that kind over the mean activity",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// Share of the voxels of a kind that is covered at a scale.
pub static COVERED_AT: Figure = Figure {
    id: "confidence.*.curve",
    title: "covered at a scale",
    unit: Unit::Fraction,
    better: Better::Neither,
    scope: Scope::Kept,
    definition: "share of the voxels of a kind that is covered at a scale",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// 1 where lesion N is smaller than a sphere of 13 mm.
pub static LESION_IS_SMALL: Figure = Figure {
    id: "confidence.lesion.*.small",
    title: "small lesion",
    unit: Unit::One,
    better: Better::Neither,
    scope: Scope::Numbered,
    definition: "1 where lesion N is smaller than a sphere of 13 mm",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// Error of its mean over σ.
pub static LESION_MEAN: Figure = Figure {
    id: "confidence.lesion.*.mean",
    title: "error of the mean of a lesion",
    unit: Unit::One,
    better: Better::Lower,
    scope: Scope::Numbered,
    definition: "error of its mean over σ",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// Error of its peak over σ.
pub static LESION_PEAK: Figure = Figure {
    id: "confidence.lesion.*.peak",
    title: "error of the peak of a lesion",
    unit: Unit::One,
    better: Better::Lower,
    scope: Scope::Numbered,
    definition: "error of its peak over σ",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// Error of its volume over σ.
pub static LESION_VOLUME: Figure = Figure {
    id: "confidence.lesion.*.volume",
    title: "error of the volume of a lesion",
    unit: Unit::One,
    better: Better::Lower,
    scope: Scope::Numbered,
    definition: "error of its volume over σ",
    source: "[trust.md](trust.md)",
    uses: &[],
};
