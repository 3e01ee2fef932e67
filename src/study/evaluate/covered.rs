//! What a run keeps of its intervals.

use super::plan::Subject;
use crate::config::ConfidenceConfig;
use crate::image::Image;
use crate::metrics::{
    COVERED, COVERED_AT, Figure, HALF_WIDTH, INTERVAL_NOISE, LESION_IS_SMALL, LESION_MEAN, LESION_PEAK, LESION_VOLUME,
    SPARSIFICATION_ERROR, Scores,
};
use crate::operator::GaussianFilter;
use crate::prior::mean_activity;
use crate::run::Confidence;
use crate::trust::{
    Kind, LesionEstimate, LesionFigure, LesionSize, SCALES, Tissue, covered, covered_at, lesion_estimates,
    sparsification_error,
};

/// What a run's intervals hold.
pub(super) fn of_run(subject: &Subject, image: &Image, found: &Confidence, asked: &ConfidenceConfig) -> Scores {
    let fwhm_mm = asked.resolution_fwhm_mm.get();
    let mut truth = vec![0.0; image.values.len()];
    GaussianFilter::new(&image.grid, [fwhm_mm; 3]).apply(&subject.reference.truth.values, &mut truth);
    let mean = mean_activity(&image.grid, &image.values);
    let everywhere = vec![1.0; truth.len()];
    let object = subject.reference.object.as_deref().unwrap_or(&everywhere);
    let (x, sigma) = (&image.values, &found.sigma);
    let mut scores = Scores::default();
    scores.add(&INTERVAL_NOISE, found.result.noise);
    scores.add(&SPARSIFICATION_ERROR, sparsification_error(x, &truth, sigma, object));
    for interval in &found.result.intervals {
        let tissue = interval.tissue;
        let own = |(weight, x): (&f32, &f32)| if Tissue::of(*x, mean) == tissue { *weight } else { 0.0 };
        let weights: Vec<f32> = object.iter().zip(x).map(own).collect();
        let Some(shares) = covered(x, &truth, sigma, &weights) else { continue };
        scores.add_of(&COVERED, tissue.name(), covered_at(&shares, interval.scale.unwrap_or(1.0)));
        scores.add_of(&HALF_WIDTH, tissue.name(), interval.half_width / f64::from(mean));
        for (place, share) in shares.into_iter().enumerate() {
            scores.add_of(&COVERED_AT, at_scale(tissue, place), share);
        }
    }
    let truth = Image { values: truth, ..image.clone() };
    for (number, mask) in lesions(subject).enumerate() {
        let small = LesionSize::of(&image.grid, mask) == LesionSize::Small;
        scores.add_of(&LESION_IS_SMALL, number.to_string(), f64::from(u8::from(small)));
        for LesionEstimate { figure, value, sigma } in lesion_estimates(image, mask, &found.others) {
            if let Some(truth) = figure.of(&truth, mask) {
                scores.add_of(error_of(figure), number.to_string(), (value - truth).abs() / sigma);
            }
        }
    }
    scores
}

/// The scale of a place of the curve of a tissue.
fn at_scale(tissue: Tissue, place: usize) -> String {
    format!("{}.{place}", tissue.name())
}

fn error_of(figure: LesionFigure) -> &'static Figure {
    match figure {
        LesionFigure::Mean => &LESION_MEAN,
        LesionFigure::Peak => &LESION_PEAK,
        LesionFigure::Volume => &LESION_VOLUME,
    }
}

/// The masks of the regions that are called lesion…, where the slices that are scored hold them.
fn lesions(subject: &Subject) -> impl Iterator<Item = &[f32]> {
    let planes = subject.grid.shape[2];
    let range = move |mask: &[f32]| {
        let own = mask.iter().enumerate().filter(|(_, share)| **share > 0.0).map(|(voxel, _)| voxel % planes);
        own.fold([usize::MAX, 0], |[low, high], plane| [low.min(plane), high.max(plane)])
    };
    let [low, high] = subject.reference.object.as_deref().map_or([0, planes - 1], range);
    let named = subject.reference.regions.iter().filter(|(name, _)| name.starts_with("lesion"));
    named.map(|(_, mask)| mask.as_slice()).filter(move |mask| {
        let [first, last] = range(mask);
        first <= last && first > low && last < high
    })
}

/// |B − truth| / σ of all lesions of a run that have it.
pub(super) fn lesion_errors(scores: &Scores) -> Vec<(Kind, f64)> {
    let of = |number: usize| {
        let own = |figure: &Figure| scores.get_of(figure, &number.to_string()).copied();
        let size = if own(&LESION_IS_SMALL)? > 0.0 { LesionSize::Small } else { LesionSize::Large };
        let errors = LesionFigure::ALL.into_iter();
        Some(errors.filter_map(|figure| Some((Kind::Lesion(figure, size), own(error_of(figure))?))).collect::<Vec<_>>())
    };
    (0..).map_while(of).flatten().collect()
}

/// The curve of a tissue in a run's figures.
pub(super) fn curve(scores: &Scores, tissue: Tissue) -> Option<Vec<f64>> {
    (0..SCALES).map(|place| scores.get_of(&COVERED_AT, &at_scale(tissue, place)).copied()).collect()
}
