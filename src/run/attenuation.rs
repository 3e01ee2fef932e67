//! Attenuation factors exp(−∫µ dl) of an image or a phantom, multiplied into the factors m of a measurement.

use super::place::{edges_above, inside, placed_map, told_if_short};
use super::{Options, RunError};
use crate::config::{AttenuationConfig, ConfigError, CtConfig, Source};
use crate::data::Measurement;
use crate::image::{Image, ImageUnit, averaged};
use crate::operator::{LinearOperator, Projector};
use crate::paths::ImageFile;
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

/// The attenuation of a config: images on one grid each, whose line integrals add up, or a phantom.
pub(crate) enum Attenuation {
    Images(Vec<Image>),
    Phantom(Box<Phantom>),
}

/// Reads the attenuation of a config, and holds it against the field of view.
pub(crate) fn read_attenuation(
    config: &AttenuationConfig,
    geometry: &SinogramGeometry,
    source: &Source,
    options: &Options,
) -> Result<Attenuation, RunError> {
    let field = geometry.field_of_view();
    let one = |file: &ImageFile, at: &str, per_cm: f32| -> Result<Image, RunError> {
        let mut map = placed_map(file, ImageUnit::PerCm, options)?;
        map.values.iter_mut().for_each(|value| *value *= per_cm);
        plausible(&map, &file.path, at, source)?;
        inside(&map, &field, at, source)?;
        Ok(map)
    };
    Ok(match config {
        AttenuationConfig::File(file) => Attenuation::Images(vec![one(file, "attenuation.file", 1.0)?]),
        AttenuationConfig::FilePerMm(file) => {
            Attenuation::Images(vec![one(file, "attenuation.file-per-mm", CM_PER_MM.recip())?])
        }
        AttenuationConfig::Files(files) if files.is_empty() => {
            return Err(source.mistake("attenuation.files", "no map is named", None).into());
        }
        AttenuationConfig::Files(files) => {
            let all = files.iter().map(|file| one(file, "attenuation.files", 1.0));
            Attenuation::Images(all.collect::<Result<_, _>>()?)
        }
        AttenuationConfig::Ct(ct) => {
            let map = from_ct(ct, geometry, source, options)?;
            inside(&map, &field, "attenuation.ct.file", source)?;
            Attenuation::Images(vec![map])
        }
        AttenuationConfig::Phantom(name) => {
            Attenuation::Phantom(crate::config::phantom(source, "attenuation.phantom", name)?.into())
        }
    })
}

/// Multiplies the factors of a measurement by those of an attenuation.
pub(super) fn attenuate(measurement: &mut Measurement, attenuation: &Attenuation, options: &Options) {
    if let Attenuation::Images(images) = attenuation {
        let edges = images.iter().filter_map(|image| edges_above(image, LEAST_TISSUE));
        let all = edges.reduce(|all, own| {
            std::array::from_fn(|axis| [all[axis][0].min(own[axis][0]), all[axis][1].max(own[axis][1])])
        });
        all.into_iter()
            .for_each(|edges| told_if_short(edges, measurement, "the tissue of the attenuation map", options));
    }
    // Factors are the same for all TOF bins.
    let geometry = SinogramGeometry { tof: None, ..measurement.geometry.clone() };
    let factors = measurement.factors.get_or_insert_with(|| vec![1.0; geometry.bins()]);
    match attenuation {
        Attenuation::Images(images) => images.iter().for_each(|map| by_image(factors, &geometry, map)),
        Attenuation::Phantom(phantom) => by_phantom(factors, &geometry, phantom),
    }
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
fn from_ct(ct: &CtConfig, geometry: &SinogramGeometry, source: &Source, options: &Options) -> Result<Image, RunError> {
    let at = "attenuation.ct.file";
    let lines = ct.lines(source)?;
    let mut image = placed_map(&ct.file, ImageUnit::Hounsfield, options)?;
    let [least, largest] =
        image.values.iter().fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], h| [low.min(*h), high.max(*h)]);
    let file = ct.file.path.display();
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
