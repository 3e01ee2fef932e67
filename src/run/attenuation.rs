//! Attenuation factors exp(−∫µ dl) of an image or a phantom, multiplied into the factors m of a measurement.

use super::{RunError, image_file};
use crate::config::{AttenuationConfig, Source};
use crate::data::Measurement;
use crate::image::{Image, ImageUnit};
use crate::operator::{LinearOperator, Projector};
use crate::phantom::Phantom;
use crate::scanner::SinogramGeometry;
use rayon::prelude::*;

/// Line integrals are in mm, µ is per cm.
const CM_PER_MM: f32 = 0.1;

/// Views that are projected at once.
const VIEWS: usize = 16;

/// Multiplies the factors of a measurement by those of the config's attenuation map.
pub(super) fn attenuate(
    measurement: &mut Measurement,
    config: &AttenuationConfig,
    source: &Source,
) -> Result<(), RunError> {
    // Factors are the same for all TOF bins.
    let geometry = SinogramGeometry { tof: None, ..measurement.geometry.clone() };
    let factors = measurement.factors.get_or_insert_with(|| vec![1.0; geometry.bins()]);
    match config {
        AttenuationConfig::File(path) => {
            let path = source.input("attenuation.file", path)?;
            let map = image_file(&path, ImageUnit::PerCm)?;
            if map.unit != ImageUnit::PerCm {
                let message = format!("{} holds {}, not attenuation in 1/cm", path.display(), map.unit);
                return Err(source.mistake("attenuation.file", message, None).into());
            }
            by_image(factors, &geometry, &map);
        }
        AttenuationConfig::Phantom(name) => {
            by_phantom(factors, &geometry, &crate::config::phantom(source, "attenuation.phantom", name)?);
        }
    }
    Ok(())
}

fn by_image(factors: &mut [f32], geometry: &SinogramGeometry, map: &Image) {
    let projector = Projector::new(geometry, map.grid);
    let views: Vec<usize> = (0..geometry.views).collect();
    let per_view = geometry.bins() / geometry.views;
    for (views, factors) in views.chunks(VIEWS).zip(factors.chunks_mut(VIEWS * per_view)) {
        let mut integrals = vec![0.0; factors.len()];
        projector.subset(views).forward(&map.values, &mut integrals);
        for (factor, integral) in factors.iter_mut().zip(integrals) {
            *factor *= (-CM_PER_MM * integral).exp();
        }
    }
}

fn by_phantom(factors: &mut [f32], geometry: &SinogramGeometry, phantom: &Phantom) {
    let lines = factors.par_chunks_mut(geometry.planes()).enumerate();
    lines.for_each_init(
        || phantom.tracer(),
        |tracer, (line, factors)| {
            let (view, radial) = (line / geometry.radial_bins, line % geometry.radial_bins);
            for (plane, factor) in geometry.all_planes().zip(factors) {
                let [a, b] = geometry.line_of_response(view, radial, plane);
                *factor *= (-tracer.line_integrals(a, b).attenuation).exp() as f32;
            }
        },
    );
}
