//! The image that an unrolled network goes on from, where its model asks for one: maximum a posteriori with the
//! relative difference prior, by SVRG from a pass of OSEM.

use super::sensitivity::sensitivity;
use super::{Algorithm, Objective, Osem, Relaxation, Svrg, Unfit};
use crate::data::most_subsets;
use crate::image::mean_where;
use crate::likelihood::Model;
use crate::prior::network::{MapStart, StartOfScan};
use crate::prior::{Neighbours, Pairs, Prior, relative_difference};

/// γ of the prior.
const GAMMA: f32 = 2.0;
/// ε of the prior over the scale.
const EPSILON: f32 = 1e-3;

/// The MAP image of a scan, from a first image or a uniform one.
pub(crate) fn map_image(model: &Model, start: &StartOfScan, first: Option<Vec<f32>>) -> Result<Vec<f32>, Unfit> {
    let subsets = most_subsets(model.measurement().geometry.views, start.by.subsets);
    let model = model.with_subsets(subsets).expect("a divisor of the views");
    let mut osem = Osem::new(&model, first)?;
    (0..subsets).for_each(|_| {
        osem.update();
    });
    let pairs = Pairs::new(&model.grid(), Neighbours::default(), None);
    let prior = Prior::Smooth(relative_difference(pairs, GAMMA, EPSILON * start.scale));
    let s = sensitivity(&model);
    let beta =
        start.by.weight * mean_where(&s, |voxel| s[voxel] > 0.0) * f64::from(start.noise).powf(start.by.exponent);
    let objective = Objective::new(&model, &prior, beta);
    let relaxation = Relaxation { first: 1.0, decay: 0.02 };
    let mut svrg = Svrg::new(&objective, relaxation, MapStart::ANCHOR_EVERY, Some(osem.image().to_vec()))?;
    (0..subsets * start.by.iterations).for_each(|_| {
        svrg.update();
    });
    Ok(svrg.image().to_vec())
}
