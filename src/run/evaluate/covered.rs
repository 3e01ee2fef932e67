//! What a run keeps of its intervals.

use super::super::confidence::Confidence;
use super::cache::Figures;
use super::plan::Subject;
use crate::config::ConfidenceConfig;
use crate::image::Image;
use crate::operator::GaussianFilter;
use crate::prior::mean_activity;
use crate::trust::{
    Kind, LesionEstimate, LesionFigure, LesionSize, SCALES, Tissue, covered, covered_at, lesion_estimates,
    sparsification_error,
};

/// Part of the names of figures that are curves; they are kept, but not shown in tables.
pub(super) const CURVE: &str = ".curve.";

/// What a run's intervals hold.
pub(super) fn of_run(subject: &Subject, image: &Image, found: &Confidence, asked: &ConfidenceConfig) -> Figures {
    let fwhm_mm = asked.resolution_fwhm_mm.get();
    let mut truth = vec![0.0; image.values.len()];
    GaussianFilter::new(&image.grid, [fwhm_mm; 3]).apply(&subject.reference.truth.values, &mut truth);
    let mean = mean_activity(&image.grid, &image.values);
    let everywhere = vec![1.0; truth.len()];
    let object = subject.reference.object().unwrap_or(&everywhere);
    let (x, sigma) = (&image.values, &found.sigma);
    let mut figures = Figures::from([
        ("confidence.noise".to_owned(), found.result.noise),
        ("confidence.sparsification_error".to_owned(), sparsification_error(x, &truth, sigma, object)),
    ]);
    for interval in &found.result.intervals {
        let tissue = interval.tissue;
        let own = |(weight, x): (&f32, &f32)| if Tissue::of(*x, mean) == tissue { *weight } else { 0.0 };
        let weights: Vec<f32> = object.iter().zip(x).map(own).collect();
        let Some(shares) = covered(x, &truth, sigma, &weights) else { continue };
        let name = |figure: &str| format!("confidence.{}.{figure}", tissue.name());
        figures.insert(name("covered"), covered_at(&shares, interval.scale.unwrap_or(1.0)));
        figures.insert(name("half_width"), interval.half_width / f64::from(mean));
        let curve = shares.into_iter().enumerate();
        figures.extend(curve.map(|(place, share)| (name(&format!("curve.{place}")), share)));
    }
    let truth = Image { values: truth, ..image.clone() };
    for (number, mask) in lesions(subject).enumerate() {
        let name = |figure: &str| format!("confidence.lesion.{number}.{figure}");
        let small = LesionSize::of(&image.grid, mask) == LesionSize::Small;
        figures.insert(name("small"), f64::from(u8::from(small)));
        for LesionEstimate { figure, value, sigma } in lesion_estimates(image, mask, &found.others) {
            let error = figure.of(&truth, mask).map(|truth| (value - truth).abs() / sigma);
            figures.extend(error.map(|error| (name(figure.name()), error)));
        }
    }
    figures
}

/// The masks of the regions that are called lesion…, where the slices that are scored hold them.
fn lesions(subject: &Subject) -> impl Iterator<Item = &[f32]> {
    let planes = subject.grid.shape[2];
    let range = move |mask: &[f32]| {
        let own = mask.iter().enumerate().filter(|(_, share)| **share > 0.0).map(|(voxel, _)| voxel % planes);
        own.fold([usize::MAX, 0], |[low, high], plane| [low.min(plane), high.max(plane)])
    };
    let [low, high] = subject.reference.object().map_or([0, planes - 1], range);
    let named = subject.reference.regions().iter().filter(|(name, _)| name.starts_with("lesion"));
    named.map(|(_, mask)| mask.as_slice()).filter(move |mask| {
        let [first, last] = range(mask);
        first <= last && first > low && last < high
    })
}

/// |B − truth| / σ of all lesions of a run that have it.
pub(super) fn lesion_errors(figures: &Figures) -> Vec<(Kind, f64)> {
    let of = |number: usize| {
        let figure = |name: &str| figures.get(&format!("confidence.lesion.{number}.{name}")).copied();
        let size = if figure("small")? > 0.0 { LesionSize::Small } else { LesionSize::Large };
        let errors = LesionFigure::ALL.into_iter();
        Some(errors.filter_map(|own| Some((Kind::Lesion(own, size), figure(own.name())?))).collect::<Vec<_>>())
    };
    (0..).map_while(of).flatten().collect()
}

/// The curve of a tissue in a run's figures.
pub(super) fn curve(figures: &Figures, tissue: Tissue) -> Option<Vec<f64>> {
    (0..SCALES).map(|place| figures.get(&format!("confidence.{}{CURVE}{place}", tissue.name())).copied()).collect()
}
