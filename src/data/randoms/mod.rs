//! Smooth randoms from delayed coincidences: r = Σ s_i s_j over the crystal pairs (i, j) of a bin.
//!
//! The singles s are those under which the delayeds d are most likely, d ~ Poisson(Σ s_i s_j). Where a bin sums several
//! pairs (span > 1, mashed views), its counts are shared out in proportion to the current s_i s_j (EM), which gives
//! each crystal its *fan sum* F_i; then s_i = F_i / Σ_{j in the fan of i} s_j is iterated. s carries the coincidence
//! window: 2τ = 1.
//!
//! A short scan has fewer delayeds than the scanner has crystals. The singles are therefore a product of factors fitted
//! from coarse to fine, ring × transaxial block × position in the block × transaxial crystal × crystal. Each of the
//! last two levels is shrunk towards the levels above it as much as its own scatter beyond Poisson noise asks for: with
//! k = 1/variance of its true factors (by moments), a factor is (F + k)/(μ + k), the posterior mean for a gamma prior
//! of mean 1, μ being the counts that the coarser model expects. With many counts nothing is left of the prior, with
//! few the coarse model stays.
//!
//! Panin, Chen & Michel 2008, IEEE NSS-MIC (maximum-likelihood singles from delayeds); Hogg, Thielemans, Mustafovic &
//! Spinks 2002, IEEE NSS-MIC (fan sums); Byars et al. 2005, IEEE NSS-MIC (variance reduction).
//!
//! Shapes: delayeds and randoms `[view, radial, tof, plane]`, singles `[crystal, ring]`. Memory: the sinograms and 16
//! arrays of singles.

mod fans;
mod fit;

use super::error::{DataError, check_counts};
use super::{Background, Counts};
use crate::scanner::{RadialSampling, SinogramGeometry};
use fans::Fans;
use fit::Model;

/// Steps of each level from a flat start.
const FIRST_PASSES: usize = 6;
/// Rounds after that, each sharing out the counts of bins of several pairs once and stepping each level once.
const ROUNDS: usize = 16;
/// The same for mashed views, where neighbouring crystals are hard to tell apart.
const MASHED_ROUNDS: usize = 64;

/// Expected randoms of every bin, from delayeds in the same sinogram. Their total is that of the delayeds. Without
/// counts all are 0.
pub fn smooth_randoms(geometry: &SinogramGeometry, delayeds: &Counts) -> Result<Background, DataError> {
    let fans = checked(geometry, delayeds)?;
    Ok(fans.randoms(&fitted(&fans, delayeds)))
}

/// Rates of single photons of a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Singles {
    /// Mean rate over the scan, `[crystal, ring]` in counts per s.
    pub rates: Vec<f32>,
    /// Duration of that scan in s, where it is known.
    pub duration_s: Option<f64>,
    /// The isotope whose decay the rates follow, `none` where they are constant; `None` where it is not known.
    pub isotope: Option<String>,
}

/// Expected randoms 2τ ∫ s_i(t) s_j(t) dt of every bin.
///
/// `rates` are the mean rates s̄ of single photons over the scan, `[crystal, ring]` in counts per s, `window_s` is 2τ,
/// and `square_s` is ∫ s_i s_j dt / (s̄_i s̄_j) in s: the duration T of constant rates, and T (λT/2) coth(λT/2) of
/// rates that decay with λ.
pub fn randoms_of_singles(
    geometry: &SinogramGeometry,
    rates: &[f32],
    window_s: f64,
    square_s: f64,
) -> Result<Background, DataError> {
    if geometry.sampling != RadialSampling::Crystals {
        return Err(arc_corrected("the sinogram"));
    }
    check_counts("the list of singles rates", rates.iter().copied())?;
    let scanner = &geometry.scanner;
    let (found, expected) = (rates.len(), scanner.crystals_per_ring * scanner.rings);
    if found != expected {
        let [found, expected] = [found, expected].map(|crystals| format!("{crystals} crystals"));
        return Err(DataError::Mismatch { what: "the list of singles rates", found, expected });
    }
    let scale = (window_s * square_s).sqrt();
    let scaled: Vec<f64> = rates.iter().map(|rate| scale * f64::from(*rate)).collect();
    Ok(Fans::new(geometry).randoms(&scaled))
}

fn arc_corrected(what: &'static str) -> DataError {
    let expected = "one radial bin per crystal pair, as the scanner measures them".into();
    DataError::Mismatch { what, found: "arc-corrected".into(), expected }
}

/// The singles behind [`smooth_randoms`], `[crystal, ring]`, in (counts of a bin)^½.
pub fn singles(geometry: &SinogramGeometry, delayeds: &Counts) -> Result<Vec<f64>, DataError> {
    let fans = checked(geometry, delayeds)?;
    Ok(fitted(&fans, delayeds))
}

fn checked<'a>(geometry: &'a SinogramGeometry, delayeds: &Counts) -> Result<Fans<'a>, DataError> {
    assert_eq!(delayeds.len(), geometry.bins(), "delayeds of a sinogram {:?}", geometry.shape());
    if geometry.sampling != RadialSampling::Crystals {
        return Err(arc_corrected("the sinogram of delayeds"));
    }
    check_counts("the sinogram of delayeds", delayeds.iter())?;
    Ok(Fans::new(geometry))
}

fn fitted(fans: &Fans, delayeds: &Counts) -> Vec<f64> {
    let mut model = Model::new(fans);
    let mut measured = fans.measured(delayeds, &model.singles());
    model.refine(&measured, FIRST_PASSES);
    let rounds = if fans.geometry.mashing() > 1 { MASHED_ROUNDS } else { ROUNDS };
    for _ in 0..rounds {
        if !fans.one_pair_per_bin() {
            measured = fans.measured(delayeds, &model.singles());
        }
        model.refine(&measured, 1);
    }
    let singles = model.singles();
    let expected = fans.total(&singles);
    let scale = if expected > 0.0 { (delayeds.total() / expected).sqrt() } else { 0.0 };
    singles.iter().map(|s| s * scale).collect()
}
