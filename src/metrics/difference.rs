//! How far an image is from the truth, voxel by voxel.

use super::{Better, Family, Figure, Reference, Scope, Scores, Unit, Use};
use crate::image::Image;

pub(super) static DIFFERENCE: Family = Family { figures: &[&NRMSE, &PSNR], score: Some(score) };

/// ‖x − t‖ / ‖t‖ inside of the phantom.
pub static NRMSE: Figure = Figure {
    id: "nrmse",
    title: "NRMSE",
    unit: Unit::One,
    better: Better::Lower,
    scope: Scope::Image,
    definition: "normalised root-mean-square error, ‖x − t‖ / ‖t‖, against the voxelised phantom over its inside",
    source: "",
    uses: &[
        Use::Column("", "NRMSE"),
        Use::Demo(""),
        Use::Priors,
        Use::Oracle("nrmse", "The smallest normalised root-mean-square error."),
        Use::Curve,
        Use::MeanImage,
    ],
};

/// Peak of the truth over the RMSE, inside of the phantom.
pub static PSNR: Figure = Figure {
    id: "psnr_db",
    title: "PSNR",
    unit: Unit::Decibel,
    better: Better::Higher,
    scope: Scope::Image,
    definition: "peak signal-to-noise ratio, 20 log₁₀(max t / RMSE), over the same voxels",
    source: "",
    uses: &[Use::Column("", "PSNR"), Use::Oracle("psnr", "The largest peak signal-to-noise ratio.")],
};

fn score(image: &Image, reference: &Reference, scores: &mut Scores) {
    let (x, t, object) = (&image.values, &reference.truth.values, reference.object.as_deref());
    scores.add(&NRMSE, nrmse(x, t, object));
    scores.add(&PSNR, psnr(x, t, object));
}

/// Root of the mean squared difference over a mask (all voxels where `None`).
pub fn rmse(image: &[f32], truth: &[f32], mask: Option<&[f32]>) -> f64 {
    let sums = sums(image, truth, mask);
    (sums.squared_difference / sums.weight).sqrt()
}

/// ‖x − t‖ / ‖t‖ over a mask (all voxels where `None`).
pub fn nrmse(image: &[f32], truth: &[f32], mask: Option<&[f32]>) -> f64 {
    let sums = sums(image, truth, mask);
    (sums.squared_difference / sums.squared_truth).sqrt()
}

/// Peak of the truth over the RMSE, in dB; infinite for equal images.
pub fn psnr(image: &[f32], truth: &[f32], mask: Option<&[f32]>) -> f64 {
    let sums = sums(image, truth, mask);
    20.0 * (sums.peak / (sums.squared_difference / sums.weight).sqrt()).log10()
}

#[derive(Default)]
struct Sums {
    weight: f64,
    squared_difference: f64,
    squared_truth: f64,
    peak: f64,
}

fn sums(image: &[f32], truth: &[f32], mask: Option<&[f32]>) -> Sums {
    assert_eq!(image.len(), truth.len(), "image and truth differ in size");
    assert!(mask.is_none_or(|mask| mask.len() == image.len()), "mask and image differ in size");
    let mut sums = Sums::default();
    for (index, (&x, &t)) in image.iter().zip(truth).enumerate() {
        let weight = mask.map_or(1.0, |mask| f64::from(mask[index]));
        if weight > 0.0 {
            let (x, t) = (f64::from(x), f64::from(t));
            sums.weight += weight;
            sums.squared_difference += weight * (x - t) * (x - t);
            sums.squared_truth += weight * t * t;
            sums.peak = sums.peak.max(t);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_by_hand() {
        let (image, truth) = ([1.0, 2.0, 5.0, 9.0], [1.0, 4.0, 4.0, 0.0]);
        assert!((rmse(&image, &truth, None) - (86.0_f64 / 4.0).sqrt()).abs() < 1e-12);
        assert!((nrmse(&image, &truth, None) - (86.0_f64 / 33.0).sqrt()).abs() < 1e-12);
        let mask = [1.0, 0.5, 1.0, 0.0];
        assert!((rmse(&image, &truth, Some(&mask)) - (3.0_f64 / 2.5).sqrt()).abs() < 1e-12);
        assert!((nrmse(&image, &truth, Some(&mask)) - (3.0_f64 / 25.0).sqrt()).abs() < 1e-12);
        assert!((psnr(&image, &truth, Some(&mask)) - 10.0 * (16.0_f64 / 1.2).log10()).abs() < 1e-12);
        assert_eq!(psnr(&truth, &truth, None), f64::INFINITY);
        assert_eq!(nrmse(&truth, &truth, None), 0.0);
    }
}
