//! Attenuation factors exp(−∫µ dl) of an image or a phantom, multiplied into the factors m of a measurement.

use super::{RunError, image_file};
use crate::config::{AttenuationConfig, ConfigError, CtConfig, Source};
use crate::data::Measurement;
use crate::image::{Image, ImageUnit, averaged};
use crate::operator::{LinearOperator, Projector};
use crate::phantom::Phantom;
use crate::scanner::SinogramGeometry;
use rayon::prelude::*;
use std::path::Path;

/// Line integrals are in mm, µ is per cm.
const CM_PER_MM: f32 = 0.1;

/// Attenuation that no map has somewhere: numerical noise, the densest metal, and too little for tissue; in 1/cm.
const LEAST_MU: f32 = -0.01;
const MOST_MU: f32 = 5.0;
const LEAST_TISSUE: f32 = 0.03;

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
            let map = image_file(path, ImageUnit::PerCm)?;
            plausible(&map, path, "attenuation.file", source)?;
            by_image(factors, &geometry, &map);
        }
        AttenuationConfig::FilePerMm(path) => {
            let mut map = image_file(path, ImageUnit::PerCm)?;
            map.values.iter_mut().for_each(|per_mm| *per_mm /= CM_PER_MM);
            plausible(&map, path, "attenuation.file-per-mm", source)?;
            by_image(factors, &geometry, &map);
        }
        AttenuationConfig::Ct(ct) => by_image(factors, &geometry, &from_ct(ct, &geometry, source)?),
        AttenuationConfig::Phantom(name) => {
            by_phantom(factors, &geometry, &crate::config::phantom(source, "attenuation.phantom", name)?);
        }
    }
    Ok(())
}

/// Whether a map can be attenuation in 1/cm: somewhere there is tissue, and nowhere more than the densest metal.
fn plausible(map: &Image, path: &Path, at: &str, source: &Source) -> Result<(), ConfigError> {
    let path = path.display();
    let wrong = |message: String, help: &str| Err(source.mistake(at, message, Some(help.into())));
    if map.unit != ImageUnit::PerCm {
        let help = "a CT in Hounsfield units is `attenuation.ct = { file = … }`";
        return wrong(format!("{path} holds {}, not attenuation in 1/cm", map.unit), help);
    }
    let [least, largest] = map.values.iter().fold([0.0_f32; 2], |[low, high], mu| [low.min(*mu), high.max(*mu)]);
    if least < LEAST_MU {
        let help =
            "attenuation is not negative; is it a CT in Hounsfield units? `attenuation.ct = { file = … }` takes one";
        return wrong(format!("{path} has values down to {least}"), help);
    }
    if largest > MOST_MU {
        let help = "is it a CT in Hounsfield units? `attenuation.ct = { file = … }` takes one; 1/mm is `attenuation.file-per-mm`";
        return wrong(format!("{path} has attenuation up to {largest} per cm, water has 0.096"), help);
    }
    if largest > 0.0 && largest < LEAST_TISSUE {
        let help = "is it in 1/mm? then write `attenuation.file-per-mm`";
        return wrong(format!("{path} has attenuation up to {largest} per cm only, water has 0.096"), help);
    }
    Ok(())
}

/// The attenuation of a CT, in voxels about as large as the bins of the sinogram.
fn from_ct(ct: &CtConfig, geometry: &SinogramGeometry, source: &Source) -> Result<Image, RunError> {
    let at = "attenuation.ct.file";
    let lines = ct.lines(source)?;
    let mut image = image_file(&ct.file, ImageUnit::Hounsfield)?;
    let [least, largest] =
        image.values.iter().fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], h| [low.min(*h), high.max(*h)]);
    let file = ct.file.display();
    if image.unit != ImageUnit::Hounsfield {
        let help = "attenuation in 1/cm is `attenuation.file`";
        return Err(source.mistake(at, format!("{file} holds {}, not HU", image.unit), Some(help.into())).into());
    }
    if least > -200.0 || largest < -200.0 {
        let help = "air is -1000 HU, water 0: is the rescale intercept missing, or is it attenuation in 1/cm (`attenuation.file`)?";
        let message = format!("{file} has values from {least} to {largest}, not those of a body in air");
        return Err(source.mistake(at, message, Some(help.into())).into());
    }
    image.values.par_iter_mut().for_each(|value| *value = lines.per_cm(*value));
    image.unit = ImageUnit::PerCm;
    let bin = geometry.scanner.bin_size_mm;
    let block = image.grid.voxel_mm.map(|voxel| ((bin / voxel) as usize).max(1));
    Ok(averaged(&image, block))
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
