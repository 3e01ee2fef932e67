//! Counting: Poisson prompts, and lower doses thinned from them.
//!
//! A prompt of the full scan is kept with probability f, independently: y_f ~ Binomial(y, f), which is Poisson of mean
//! f ȳ again. Each view has its own stream of random numbers, so the counts do not depend on the number of threads.

use super::{Purpose, SimulateError, stream};
use crate::data::{Clock, Counts, Measurement};
use rand_distr::{Binomial, Distribution, Poisson};
use rand_pcg::Pcg64;
use rayon::prelude::*;

/// A Poisson count of the given mean. NaN where there is no such count, of a mean below zero, that is none, or above
/// 1.8e19: whoever counts refuses it with [`countable`].
pub(crate) fn poisson(mean: f64, random: &mut Pcg64) -> f32 {
    match Poisson::new(mean) {
        Ok(poisson) => poisson.sample(random) as f32,
        Err(_) if mean == 0.0 => 0.0,
        Err(_) => f32::NAN,
    }
}

/// The counts, or the error of the first bin that has none.
pub(super) fn countable(scan: Measurement) -> Result<Measurement, SimulateError> {
    let uncounted = scan.prompts.iter().position(|count| !count.is_finite());
    match uncounted {
        None => Ok(scan),
        Some(bin) => Err(SimulateError::Uncountable { bin: bin_at(&scan, bin) }),
    }
}

/// Bin `[view, radial, tof, plane]` of a position.
fn bin_at(scan: &Measurement, bin: usize) -> String {
    let [_, radial, tof, planes] = scan.geometry.shape();
    format!("{:?}", [bin / (radial * tof * planes), bin / (tof * planes) % radial, bin / planes % tof, bin % planes])
}

/// The scan at a share `dose` of its counts; `level` separates the random numbers of the levels.
pub(super) fn thinned(full: &Measurement, dose: f64, level: usize, noise: bool, seed: u64) -> Measurement {
    let scaled = |values: &Vec<f32>| values.par_iter().map(|&value| (f64::from(value) * dose) as f32).collect();
    let (views, length) = (full.geometry.views, full.view_bins());
    let prompts = Counts::of_views(views, length, |view, kept| {
        let mut random = stream(seed, Purpose::Thinning, level * views + view);
        for (bin, kept) in kept.iter_mut().enumerate() {
            let prompts = full.prompts.at(view * length + bin);
            *kept = if noise { binomial(prompts, dose, &mut random) } else { (f64::from(prompts) * dose) as f32 };
        }
    });
    Measurement {
        geometry: full.geometry.clone(),
        prompts,
        factors: full.factors.as_ref().map(scaled),
        background: full.background.as_ref().map(|background| background.scaled(dose)),
        ledger: full.ledger.clone(),
        clock: Clock { kept: full.clock.kept * dose, ..full.clock },
    }
}

/// The counts of a measurement in two: each is in the first with probability `share`, else in the second. Both are
/// scaled so that they show the same image; their counts are independent.
///
/// Only counts can be shared out: data with fractions, such as scaled or corrected ones, are an error.
pub fn split(whole: &Measurement, share: f64, seed: u64) -> Result<(Measurement, Measurement), SimulateError> {
    if let Some(bin) = whole.prompts.iter().position(|count| count.fract() != 0.0 || count < 0.0) {
        return Err(SimulateError::NotCounts { found: whole.prompts.at(bin), bin: bin_at(whole, bin) });
    }
    let first = thinned(whole, share, 0, true, seed);
    let mut second = thinned(whole, 1.0 - share, 0, false, seed);
    let length = whole.view_bins();
    second.prompts = Counts::of_views(whole.geometry.views, length, |view, rest| {
        let bins = view * length..;
        rest.iter_mut().zip(bins).for_each(|(rest, bin)| *rest = whole.prompts.at(bin) - first.prompts.at(bin));
    });
    Ok((first, second))
}

/// Another scan with the same expected counts ȳ, `[view, radial, tof, plane]`: a parametric bootstrap. Scans of
/// different numbers are independent.
pub fn resampled(scan: &Measurement, mean: &[f32], seed: u64, number: usize) -> Measurement {
    assert_eq!(mean.len(), scan.prompts.len(), "expected counts of another geometry");
    let (length, views) = (scan.view_bins(), scan.geometry.views);
    let prompts = Counts::of_views(views, length, |view, prompts| {
        let mut random = stream(seed, Purpose::Resampling, number * views + view);
        let mean = &mean[view * length..];
        prompts.iter_mut().zip(mean).for_each(|(prompts, &mean)| *prompts = poisson(f64::from(mean), &mut random));
    });
    Measurement { prompts, ..scan.clone() }
}

/// `count` is whole and `share` a probability.
pub(crate) fn binomial(count: f32, share: f64, random: &mut Pcg64) -> f32 {
    match Binomial::new(count as u64, share) {
        Ok(binomial) if count > 0.0 => binomial.sample(random) as f32,
        Ok(_) => 0.0,
        Err(_) => f32::NAN,
    }
}
