//! Component normalisation by maximum likelihood, from the scan of an object that is known, such as a uniform cylinder.
//!
//!   ȳ = e ⊙ m + b,   m(view, radial, a, b) = ε(A, a) ε(B, b) · g(radial, a + b) · f(radial, view mod n) / α(plane)
//!
//! y ~ Poisson(ȳ); e are the exact line integrals of the object's activity times its attenuation, b known randoms and
//! scatter, n the crystals of a block; components as in [`crate::data::NormComponents`]. One component after the other
//! is stepped: with t = e ⊙ m and the sums over all bins that a factor θ takes part in,
//!
//!   θ ← θ Σ t y/ȳ / Σ t,   and for ε, which every bin holds twice, ε ← ε (Σ t y/ȳ / Σ t)^½
//!
//! The first is EM; the square root comes of ε_i ε_j ≤ ½ (ε_i² ε'_j/ε'_i + ε_j² ε'_i/ε'_j), which separates the
//! crystals (Defrise, Townsend, Bailey, Geissbuhler & Jones 1991, Phys. Med. Biol. 36, 939–952 had least squares). So
//! the likelihood never falls (Hogg, Thielemans, Spinks & Spyrou 2001, IEEE NSS-MIC: maximum likelihood of components).
//!
//! What the components share is put into one of them after every round: the mean ε of each ring is 1, the mean f of
//! each radial bin is 1, and the mean g of each ring sum is 1; α holds the rest, and the scale. A plane without counts,
//! and a crystal that counts less than 2 % of what the others do, get an efficiency of 0.

mod scan;

use crate::data::{Measurement, NormComponents, NormParts};
use crate::phantom::Phantom;
use crate::scanner::{AxialCompression, RadialSampling, SinogramGeometry};
use scan::Scan;

/// Rounds, each stepping all components once, from a flat start.
pub const ROUNDS: usize = 20;

/// Steps of the crystals in each round: they settle last.
const CRYSTAL_STEPS: usize = 3;

/// A scan that no normalisation can be found from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NormaliseError {
    /// Every bin must be one pair of crystals.
    #[error(
        "the scan is {found}; a normalisation needs one bin for every pair of crystals: span 1, no view mashing, not arc-corrected"
    )]
    Compressed {
        /// What the sinogram is.
        found: String,
    },
    /// Nothing was measured, or nothing of the object is seen.
    #[error("the scan has {prompts:.0} prompts where {lines} lines meet the object; nothing can be found from it")]
    Empty {
        /// Prompts on lines through the object.
        prompts: f64,
        /// Lines through it.
        lines: usize,
    },
}

/// Components, and how they came about.
#[derive(Clone, Debug)]
pub struct Normalisation {
    /// ε, g, f, α; together in counts per unit of e.
    pub components: NormComponents,
    /// Prompts on lines through the object.
    pub prompts: f64,
    /// Lines through it.
    pub lines: usize,
    /// Log-likelihood per prompt after each round, without constants.
    pub log_likelihood: Vec<f64>,
}

/// Finds components from a scan of `object`; `seconds` is the duration of the scan, so that with the activity in Bq/mL
/// m is in counts per s and (Bq/mL · mm). The factors of the measurement are not looked at. `on_round` is called with
/// the rounds done.
pub fn normalise(
    measurement: &Measurement,
    object: &Phantom,
    seconds: f64,
    parts: NormParts,
    rounds: usize,
    on_round: &dyn Fn(usize),
) -> Result<Normalisation, NormaliseError> {
    let geometry = &measurement.geometry;
    let planes = single_pairs(geometry)?;
    let mut scan = Scan::new(measurement, object, seconds, planes);
    let (prompts, lines) = scan.seen();
    if prompts == 0.0 || lines == 0 {
        return Err(NormaliseError::Empty { prompts, lines });
    }
    scan.silence();
    let mut log_likelihood = Vec::new();
    for round in 0..rounds {
        scan.step_planes(); // holds the scale
        if parts.crystals {
            (0..CRYSTAL_STEPS).for_each(|_| scan.step_crystals());
        }
        if parts.geometric {
            scan.step_geometric();
        }
        if parts.interference {
            scan.step_interference();
        }
        if !parts.axial {
            scan.one_plane();
        }
        scan.settle();
        log_likelihood.push(scan.log_likelihood() / prompts);
        on_round(round + 1);
    }
    Ok(Normalisation { components: scan.components(), prompts, lines, log_likelihood })
}

/// `[ring A, ring B]` of every plane; an error where some bin is of several crystal pairs.
pub fn single_pairs(geometry: &SinogramGeometry) -> Result<Vec<[usize; 2]>, NormaliseError> {
    let refused = |found: String| Err(NormaliseError::Compressed { found });
    if geometry.sampling != RadialSampling::Crystals {
        return refused("arc-corrected".into());
    }
    if geometry.mashing() != 1 {
        return refused(format!("mashed, {} views in one", geometry.mashing()));
    }
    let mut planes = Vec::new();
    for segment in &geometry.segments {
        for plane in &segment.planes {
            let pairs: Vec<_> = geometry.ring_pairs(segment, plane).collect();
            match pairs[..] {
                [pair] => planes.push(pair),
                _ => return refused(format!("compressed, {} ring pairs in one plane", pairs.len())),
            }
        }
    }
    Ok(planes)
}

/// The compression of planes of single ring pairs.
fn compression(geometry: &SinogramGeometry) -> AxialCompression {
    let differences = geometry.segments.iter().map(|segment| segment.max_difference.unsigned_abs() as usize);
    AxialCompression::Span { span: 1, max_ring_difference: differences.max().unwrap_or(0) }
}
