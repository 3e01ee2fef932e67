//! What a run says of itself, beside its image: work, convergence, sentinel.

use super::{Better, Family, Figure, Scope, Unit, Use};

pub(super) static RUN: Family = Family {
    figures: &[
        &OBJECTIVE,
        &KKT,
        &UPDATES,
        &SECONDS,
        &SENTINEL_LARGEST,
        &SENTINEL_SMALLEST,
        &SENTINEL_PLACES,
        &SENTINEL_THRESHOLD,
        &SENTINEL_NOISE,
        &ERASED_SNR,
        &ERASED_DIAMETER,
        &ERASED_FLAGGED,
    ],
    score: None,
};

/// Φ of the image.
pub static OBJECTIVE: Figure = Figure {
    id: "objective",
    title: "objective",
    unit: Unit::One,
    better: Better::Higher,
    scope: Scope::Run,
    definition: "as in `coincide recon`: Φ = L − β R with L = Σ y ln ȳ − ȳ",
    source: "",
    uses: &[Use::Curve],
};

/// Distance from the maximum.
pub static KKT: Figure = Figure {
    id: "kkt",
    title: "distance from the maximum",
    unit: Unit::One,
    better: Better::Lower,
    scope: Scope::Run,
    definition: "as in `coincide recon`: ‖x⁺ − x‖ / max(‖x‖, ‖x⁺‖) of one scaled step of the gradient",
    source: "",
    uses: &[],
};

/// Updates of the image.
pub static UPDATES: Figure = Figure {
    id: "updates",
    title: "updates",
    unit: Unit::One,
    better: Better::Neither,
    scope: Scope::Run,
    definition: "updates of the image",
    source: "",
    uses: &[],
};

/// Reconstruction time.
pub static SECONDS: Figure = Figure {
    id: "seconds",
    title: "seconds",
    unit: Unit::Second,
    better: Better::Lower,
    scope: Scope::Run,
    definition: "reconstruction time",
    source: "",
    uses: &[Use::Priors],
};

/// Largest z of the sentinel, with a learned prior or where the method has a `[sentinel]`.
pub static SENTINEL_LARGEST: Figure = Figure {
    id: "sentinel.largest",
    title: "largest z of the sentinel",
    unit: Unit::One,
    better: Better::Neither,
    scope: Scope::Run,
    definition: "largest z of the sentinel, with a learned prior or where the method has a `[sentinel]`",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// Its smallest z.
pub static SENTINEL_SMALLEST: Figure = Figure {
    id: "sentinel.smallest",
    title: "smallest z of the sentinel",
    unit: Unit::One,
    better: Better::Neither,
    scope: Scope::Run,
    definition: "its smallest z",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// Its compact flagged places.
pub static SENTINEL_PLACES: Figure = Figure {
    id: "sentinel.places",
    title: "flagged places of the sentinel",
    unit: Unit::One,
    better: Better::Neither,
    scope: Scope::Run,
    definition: "its compact flagged places",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// Largest |z| that it does not tell.
pub static SENTINEL_THRESHOLD: Figure = Figure {
    id: "sentinel.threshold",
    title: "threshold of the sentinel",
    unit: Unit::One,
    better: Better::Neither,
    scope: Scope::Run,
    definition: "the largest z, up or down, that it does not tell",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// Noise ν̄ of a millilitre, by which its thresholds are found.
pub static SENTINEL_NOISE: Figure = Figure {
    id: "sentinel.noise",
    title: "noise ν̄ of the sentinel",
    unit: Unit::One,
    better: Better::Neither,
    scope: Scope::Run,
    definition: "noise ν̄ of a millilitre, by which its thresholds are found",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// √q SNR of lesion N of `[erased]`, which only the counts hold.
pub static ERASED_SNR: Figure = Figure {
    id: "erased.*.snr",
    title: "√q SNR of an erased lesion",
    unit: Unit::One,
    better: Better::Neither,
    scope: Scope::Numbered,
    definition: "√q SNR of lesion N of `[erased]`, which only the counts hold",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// Its diameter.
pub static ERASED_DIAMETER: Figure = Figure {
    id: "erased.*.diameter_mm",
    title: "diameter of an erased lesion",
    unit: Unit::Millimetre,
    better: Better::Neither,
    scope: Scope::Numbered,
    definition: "its diameter",
    source: "[trust.md](trust.md)",
    uses: &[],
};

/// 1 where the sentinel flags it as missing.
pub static ERASED_FLAGGED: Figure = Figure {
    id: "erased.*.flagged",
    title: "erased lesion flagged",
    unit: Unit::One,
    better: Better::Neither,
    scope: Scope::Numbered,
    definition: "1 where the sentinel flags it as missing",
    source: "[trust.md](trust.md)",
    uses: &[],
};
