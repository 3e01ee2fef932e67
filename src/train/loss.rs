//! What training makes small, with its slope ∂loss/∂x.

use super::TrainError;
use super::detection::{Observed, Template, Term, detection};
use crate::likelihood::Model;
use coincide_kernels::zeros;

/// What the images of one body shall be: a volume of one scan, or of the four scans of twins.
pub struct Aims<'a> {
    /// The truth of each image.
    pub truths: Vec<&'a [f32]>,
    /// Lesions of twins.
    pub templates: &'a [Template],
}

/// Images of some bodies: `[body][scan][voxel]`.
pub type OfBodies = Vec<Vec<Vec<f32>>>;

/// Mean NRMSE of all images of some bodies, and the detection term of all their lesions, which takes none where there
/// are none; the slope by each image.
pub fn of_bodies(bodies: &[Aims], images: &[Vec<Vec<f32>>], asked: Term) -> Result<(f64, OfBodies), TrainError> {
    let share = 1.0 / images.iter().map(Vec::len).sum::<usize>().max(1) as f64;
    let (mut loss, mut slopes) = (0.0, Vec::new());
    for (body, images) in bodies.iter().zip(images) {
        let own = body.truths.iter().zip(images).map(|(truth, image)| {
            let (nrmse, mut slope) = supervised(image, truth, 1, false);
            loss += share * nrmse;
            slope.iter_mut().for_each(|slope| *slope *= share as f32);
            slope
        });
        slopes.push(own.collect::<Vec<_>>());
    }
    let observed = observed(bodies, images);
    if observed.is_empty() {
        return Ok((loss, slopes));
    }
    let (term, by_lesion) = detection(&observed, asked.floor)?;
    let templates =
        bodies.iter().enumerate().flat_map(|(n, body)| body.templates.iter().map(move |lesion| (n, lesion)));
    for ((body, lesion), slope) in templates.zip(&by_lesion) {
        for (scan, image) in slopes[body].iter_mut().enumerate() {
            lesion.pull_back(slope, asked.weight, scan, image);
        }
    }
    Ok((loss + asked.weight * term, slopes))
}

/// What the images of some bodies show of their lesions.
pub fn observed(bodies: &[Aims], images: &[Vec<Vec<f32>>]) -> Vec<Observed> {
    let of_body = |(body, images): (&Aims, &Vec<Vec<f32>>)| -> Vec<Observed> {
        let [a0, a1, b0, b1] = &images[..] else { return Vec::new() };
        body.templates.iter().map(|lesion| lesion.observed([a0, a1, b0, b1])).collect()
    };
    bodies.iter().zip(images).flat_map(of_body).collect()
}

/// Mean of the NRMSE ‖x − t‖ / ‖t‖ of the scans in an image; each slice is a scan of its own where `slices_apart`.
///
/// Not its square: over three decades of counts the noisiest scans would be all that is learned. Scans without activity
/// are left out.
pub fn supervised(x: &[f32], truth: &[f32], slices: usize, slices_apart: bool) -> (f64, Vec<f32>) {
    let scans = if slices_apart { slices } else { 1 };
    let scan = |voxel: usize| if slices_apart { voxel % slices } else { 0 };
    let errors = nrmse_of_scans(x, truth, slices, slices_apart);
    let seen = errors.iter().filter(|error| error.nrmse.is_finite()).count().max(1) as f64;
    let value = errors.iter().map(|error| error.nrmse).filter(|nrmse| nrmse.is_finite()).sum::<f64>() / seen;
    let scale: Vec<f64> = (0..scans)
        .map(|scan| {
            let Error { nrmse, squared_truth } = errors[scan];
            if nrmse.is_finite() && nrmse > 0.0 { 1.0 / (seen * nrmse * squared_truth) } else { 0.0 }
        })
        .collect();
    let slope = |(voxel, (x, t)): (usize, (&f32, &f32))| (scale[scan(voxel)] * f64::from(x - t)) as f32;
    (value, x.iter().zip(truth).enumerate().map(slope).collect())
}

/// NRMSE of a scan and the square that it is relative to.
#[derive(Clone, Copy, Debug)]
pub struct Error {
    /// ‖x − t‖ / ‖t‖; not finite where the truth is empty.
    pub nrmse: f64,
    /// ‖t‖²
    pub squared_truth: f64,
}

/// The error of every scan in an image.
pub fn nrmse_of_scans(x: &[f32], truth: &[f32], slices: usize, slices_apart: bool) -> Vec<Error> {
    let scans = if slices_apart { slices } else { 1 };
    let (mut above, mut below) = (vec![0.0; scans], vec![0.0; scans]);
    for (voxel, (&x, &t)) in x.iter().zip(truth).enumerate() {
        let scan = if slices_apart { voxel % slices } else { 0 };
        above[scan] += f64::from(x - t).powi(2);
        below[scan] += f64::from(t).powi(2);
    }
    let error = |(above, below): (f64, f64)| Error { nrmse: (above / below).sqrt(), squared_truth: below };
    above.into_iter().zip(below).map(error).collect()
}

/// −L of counts that the reconstruction has not seen, per count: Σ (ȳ − y ln ȳ) / Σ y of a second measurement that
/// shows the same image.
///
/// With both measurements thinned from one, it estimates the Kullback–Leibler distance to the expected counts, up to a
/// constant and without any truth.
pub fn held_out(model: &Model, x: &[f32]) -> (f64, Vec<f32>) {
    let (mut slope, mut part) = (zeros(x.len()), zeros(x.len()));
    let scale = 1.0 / model.measurement().total_prompts().max(1.0);
    let mut value = 0.0;
    for subset in 0..model.subsets() {
        value -= scale * model.gradient(subset, x, &mut part);
        slope.iter_mut().zip(&part).for_each(|(slope, part)| *slope -= (scale * f64::from(*part)) as f32);
    }
    (value, slope)
}
