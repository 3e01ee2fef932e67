//! `[voxels]` of a phantom's file: images that its shapes are painted on.

use super::checks::{check_point, region_name, wrong};
use super::voxel_map::VoxelMap;
use super::{Phantom, PhantomError};
use crate::image::{Image, ImageUnit};
use crate::io::{ImageOptions, open_image};
use crate::units::NonNegative;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `[voxels]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VoxelsTable {
    /// Activity in Bq/mL.
    activity: Option<PathBuf>,
    /// Attenuation in 1/cm, on the grid of the activity.
    attenuation: Option<PathBuf>,
    /// Labels: whole numbers, 0 for nothing.
    labels: Option<PathBuf>,
    /// What the labels are.
    #[serde(default)]
    tissues: Vec<TissueTable>,
    /// What an anatomical scanner shows of the phantom, on any grid.
    anatomical: Option<PathBuf>,
    /// Whether the middle of each image is put into the middle of the scanner.
    #[serde(default)]
    centred: bool,
    /// Shift of all of them in mm.
    #[serde(default)]
    shift_mm: [f64; 3],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TissueTable {
    label: u32,
    activity_bq_per_ml: NonNegative,
    attenuation_per_cm: NonNegative,
    region: Option<String>,
}

/// Labels above this are no labels.
const LARGEST_LABEL: f32 = 16_777_216.0;

impl VoxelsTable {
    /// The images' files, relative to the folder of the phantom's.
    pub fn files(&self, file: &str) -> Vec<PathBuf> {
        let all = [&self.activity, &self.attenuation, &self.labels, &self.anatomical];
        all.into_iter().flatten().map(|path| beside(file, path)).collect()
    }

    /// Puts the images under what is painted in a phantom.
    pub fn lay(&self, phantom: &mut Phantom, file: &str) -> Result<(), PhantomError> {
        let field = |key: &str| format!("voxels.{key}");
        match (&self.activity, &self.labels) {
            (Some(_), Some(_)) => {
                return Err(wrong(file, &field("labels"), "given beside `activity`", "one of the two"));
            }
            (None, None) => {
                return Err(wrong(file, "voxels", "without an image", "`activity`, or `labels` and `tissues`"));
            }
            (Some(activity), None) if self.tissues.is_empty() => self.lay_values(activity, phantom, file)?,
            (None, Some(labels)) if self.attenuation.is_none() => self.lay_labels(labels, phantom, file)?,
            (Some(_), None) => {
                return Err(wrong(file, &field("tissues"), "given beside `activity`", "`labels` beside it"));
            }
            (None, Some(_)) => {
                let expected = "none: `tissues` hold the attenuation of labels";
                return Err(wrong(file, &field("attenuation"), "an image", expected));
            }
        }
        if let Some(path) = &self.anatomical {
            // Formats that state no unit hold whatever the modality measures.
            let image = self.image(path, ImageUnit::CountsPerMm, "anatomical", file)?;
            let map = VoxelMap::of_values(image.grid, [&image.values]);
            let (map, values) = map.ok_or_else(|| empty("anatomical", file))?;
            phantom.anatomical = Some(Arc::new((map, values.iter().map(|[value]| f64::from(*value)).collect())));
        }
        Ok(())
    }

    fn lay_values(&self, activity: &Path, phantom: &mut Phantom, file: &str) -> Result<(), PhantomError> {
        let activity = self.quantity(activity, ImageUnit::BecquerelPerMl, "activity", file)?;
        let attenuation = match &self.attenuation {
            None => vec![0.0; activity.values.len()],
            Some(path) => {
                let attenuation = self.quantity(path, ImageUnit::PerCm, "attenuation", file)?;
                if !attenuation.grid.matches(&activity.grid) {
                    let expected = "the grid of `activity`: resample one of them";
                    return Err(wrong(file, "voxels.attenuation", format!("on {}", attenuation.grid), expected));
                }
                attenuation.values
            }
        };
        let map = VoxelMap::of_values(activity.grid, [&activity.values, &attenuation]);
        let (map, values) = map.ok_or_else(|| empty("activity", file))?;
        phantom.activity.extend(values.iter().map(|[activity, _]| f64::from(*activity)));
        phantom.attenuation.extend(values.iter().map(|[_, attenuation]| f64::from(*attenuation)));
        phantom.region.resize(phantom.activity.len(), None);
        phantom.voxels = Some(map.into());
        Ok(())
    }

    fn lay_labels(&self, labels: &Path, phantom: &mut Phantom, file: &str) -> Result<(), PhantomError> {
        if self.tissues.is_empty() {
            return Err(wrong(file, "voxels.tissues", "missing", "one for each label but 0"));
        }
        let image = self.image(labels, ImageUnit::CountsPerMm, "labels", file)?;
        let mut places = HashMap::new();
        for (index, tissue) in self.tissues.iter().enumerate() {
            let field = format!("voxels.tissues[{index}]");
            if let Some(name) = &tissue.region {
                region_name(name, file, &format!("{field}.region"))?;
            }
            let found = format!("{field}.label");
            if tissue.label == 0 {
                return Err(wrong(file, &found, 0, "a label above 0, which is nothing"));
            }
            if places.insert(tissue.label, index as u32 + 1).is_some() {
                return Err(wrong(file, &found, tissue.label, "a label that no other tissue has"));
            }
            phantom.activity.push(tissue.activity_bq_per_ml.get());
            phantom.attenuation.push(tissue.attenuation_per_cm.get());
            phantom.region.push(tissue.region.clone());
        }
        let mut met = vec![false; self.tissues.len()];
        let mut tissues = Vec::with_capacity(image.values.len());
        for &value in &image.values {
            if !(0.0..=LARGEST_LABEL).contains(&value) || value.fract() != 0.0 {
                return Err(wrong(
                    file,
                    "voxels.labels",
                    format!("an image with the value {value}"),
                    "whole numbers >= 0",
                ));
            }
            tissues.push(match value as u32 {
                0 => 0,
                label => *places.get(&label).ok_or_else(|| {
                    wrong(
                        file,
                        "voxels.tissues",
                        format!("without label {label}, which the image has"),
                        "one for each label",
                    )
                })?,
            });
            if let Some(tissue) = tissues.last().filter(|tissue| **tissue > 0) {
                met[*tissue as usize - 1] = true;
            }
        }
        if let Some(index) = met.iter().position(|met| !met) {
            let found = format!("{}, which no voxel has", self.tissues[index].label);
            return Err(wrong(file, &format!("voxels.tissues[{index}].label"), found, "a label of the image"));
        }
        let map = VoxelMap::new(image.grid, tissues).ok_or_else(|| empty("labels", file))?;
        phantom.voxels = Some(map.into());
        Ok(())
    }

    /// An image of values that are nowhere below zero, in a unit.
    fn quantity(&self, path: &Path, unit: ImageUnit, key: &str, file: &str) -> Result<Image, PhantomError> {
        let image = self.image(path, unit, key, file)?;
        if image.unit != unit {
            let found = format!("an image in {}", image.unit);
            return Err(wrong(
                file,
                &format!("voxels.{key}"),
                found,
                "Bq/mL for the activity, 1/cm for the attenuation",
            ));
        }
        match image.values.iter().find(|value| !(0.0..).contains(*value)) {
            Some(value) => {
                Err(wrong(file, &format!("voxels.{key}"), format!("an image with the value {value}"), "values >= 0"))
            }
            None => Ok(image),
        }
    }

    fn image(&self, path: &Path, unit: ImageUnit, key: &str, file: &str) -> Result<Image, PhantomError> {
        let options = ImageOptions { unit: Some(unit), ..ImageOptions::default() };
        let opened = open_image(&beside(file, path), &options).map_err(|source| PhantomError::Image {
            file: file.into(),
            field: format!("voxels.{key}"),
            source: Box::new(source),
        })?;
        let mut image = opened.image;
        check_point(self.shift_mm, file, || "voxels.shift_mm".into())?;
        let middle = if self.centred { image.grid.middle_mm() } else { [0.0; 3] };
        (0..3).for_each(|axis| image.grid.origin_mm[axis] += self.shift_mm[axis] - middle[axis]);
        Ok(image)
    }
}

fn empty(key: &str, file: &str) -> PhantomError {
    wrong(file, &format!("voxels.{key}"), "an image of zeros", "something in the scanner")
}

fn beside(file: &str, path: &Path) -> PathBuf {
    Path::new(file).parent().map_or_else(|| path.into(), |folder| folder.join(path))
}
