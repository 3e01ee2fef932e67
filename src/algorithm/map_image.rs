//! Images of the relative difference prior by maximum a posteriori that an unrolled network's model asks for: the one
//! that it goes on from, and the weakly regularised one that its own is blended with. SVRG from a pass of OSEM, or from
//! another image of this kind. And what else a network sees of a scan.

use super::sensitivity::sensitivity;
use super::{Algorithm, Objective, Osem, Relaxation, Svrg, Unfit};
use crate::data::most_subsets;
use crate::image::mean_where;
use crate::likelihood::Model;
use crate::prior::network::{Companion, MapImage, MapOfScan};
use crate::prior::{Neighbours, Pairs, Prior, averaged_over_alike, relative_difference};

/// γ of the prior.
const GAMMA: f32 = 2.0;
/// ε of the prior over the scale.
const EPSILON: f32 = 1e-3;

/// The MAP image of a scan, from a first image or a uniform one.
pub(crate) fn map_image(model: &Model, wanted: &MapOfScan, first: Option<Vec<f32>>) -> Result<Vec<f32>, Unfit> {
    let model = in_subsets(model, wanted);
    let mut osem = Osem::new(&model, first)?;
    (0..model.subsets()).for_each(|_| {
        osem.update();
    });
    climbed(&model, wanted, osem.image().to_vec())
}

/// The MAP image of a scan, from one with another weight.
pub(crate) fn map_image_from(model: &Model, wanted: &MapOfScan, other: Vec<f32>) -> Result<Vec<f32>, Unfit> {
    climbed(&in_subsets(model, wanted), wanted, other)
}

/// The companions of a network, from its weakly regularised image, a first image for OSEM, and the anatomical image.
pub(crate) fn companions(
    model: &Model,
    wanted: &[Companion],
    weak: Option<&[f32]>,
    first: Option<Vec<f32>>,
    anatomical: Option<&[f32]>,
) -> Result<Vec<Vec<f32>>, Unfit> {
    let osem = wanted.iter().any(|companion| !companion.is_weak()).then(|| osem_image(model, first)).transpose()?;
    let one = |companion: &Companion| {
        let image = if companion.is_weak() { weak } else { osem.as_deref() };
        let image = image.expect("a network that sees the weakly regularised image has one");
        match anatomical.filter(|_| companion.by_anatomy()) {
            Some(anatomical) => averaged_over_alike(&model.grid(), anatomical, image),
            None => image.to_vec(),
        }
    };
    Ok(wanted.iter().map(one).collect())
}

/// The image of [`Companion::Osem`], from a first image or a uniform one.
fn osem_image(model: &Model, first: Option<Vec<f32>>) -> Result<Vec<f32>, Unfit> {
    let subsets = most_subsets(model.measurement().geometry.views, Companion::OSEM_SUBSETS);
    let model = model.with_subsets(subsets).expect("a divisor of the views");
    let mut osem = Osem::new(&model, first)?;
    (0..subsets * Companion::OSEM_ITERATIONS).for_each(|_| {
        osem.update();
    });
    Ok(osem.image().to_vec())
}

fn in_subsets(model: &Model, wanted: &MapOfScan) -> Model {
    let subsets = most_subsets(model.measurement().geometry.views, wanted.by.subsets);
    model.with_subsets(subsets).expect("a divisor of the views")
}

fn climbed(model: &Model, wanted: &MapOfScan, from: Vec<f32>) -> Result<Vec<f32>, Unfit> {
    let pairs = Pairs::new(&model.grid(), Neighbours::default(), None);
    let prior = Prior::Smooth(relative_difference(pairs, GAMMA, EPSILON * wanted.scale));
    let s = sensitivity(model);
    let beta =
        wanted.by.weight * mean_where(&s, |voxel| s[voxel] > 0.0) * f64::from(wanted.noise).powf(wanted.by.exponent);
    let objective = Objective::new(model, &prior, beta);
    let relaxation = Relaxation { first: 1.0, decay: 0.02 };
    let mut svrg = Svrg::new(&objective, relaxation, MapImage::ANCHOR_EVERY, Some(from))?;
    (0..model.subsets() * wanted.by.iterations).for_each(|_| {
        svrg.update();
    });
    Ok(svrg.image().to_vec())
}
