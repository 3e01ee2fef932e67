//! Prompts that no image can explain, counted before the first update.
//!
//! A bin without a background whose line misses the field of the image, or has no factor, expects nothing, whatever the
//! image is: L is −∞ as soon as it holds a count. Such counts are constants of the data, and the likelihood of the
//! others is well defined without them.

use super::RunError;
use crate::algorithm::field_of_view;
use crate::config::ImpossibleCounts;
use crate::likelihood::Model;

/// Largest share of the prompts that is left out unasked.
const LARGEST_SHARE: f64 = 0.01;

/// The counts that were found, and what is said of them.
#[derive(Default)]
pub(super) struct LeftOut {
    /// Their bins, `[view, radial, tof, plane]`.
    pub bins: Vec<usize>,
    pub warning: Option<String>,
}

/// The counts of a model's measurement that no image on its grid can explain; an error where they are too many and
/// `asked` does not leave them out.
pub(super) fn impossible_counts(model: &Model, asked: ImpossibleCounts) -> Result<LeftOut, RunError> {
    let measurement = model.measurement();
    if !measurement.has_bare_counts() {
        return Ok(LeftOut::default());
    }
    let everywhere: Vec<f32> = field_of_view(model).into_iter().map(|inside| f32::from(u8::from(inside))).collect();
    let bins = model.impossible(&everywhere);
    if bins.is_empty() {
        return Ok(LeftOut::default());
    }
    let prompts: f64 = bins.iter().map(|bin| f64::from(measurement.prompts.at(*bin))).sum();
    let share = prompts / measurement.total_prompts();
    let found = in_words(model, &bins, prompts, share);
    if share > LARGEST_SHARE && asked == ImpossibleCounts::Refuse {
        return Err(RunError::Impossible { found });
    }
    Ok(LeftOut { warning: Some(format!("{found}; they are left out of the likelihood")), bins })
}

/// How many they are, and why.
fn in_words(model: &Model, bins: &[usize], prompts: f64, share: f64) -> String {
    let measurement = model.measurement();
    let [_, _, tof, planes] = measurement.geometry.shape();
    let factor = |bin: usize| {
        let line = bin / (tof * planes);
        measurement.factors.as_ref().map_or(1.0, |m| m[line * planes + bin % planes])
    };
    let without = bins.iter().filter(|bin| factor(**bin) <= 0.0).count();
    let cause = match (without, bins.len() - without) {
        (_, 0) => "no factor (gaps, or factors of another scan)".to_owned(),
        (0, _) => {
            "no voxel of the field (the object is larger than the image, or randoms and scatter are missing)".to_owned()
        }
        (without, missed) => format!("no factor ({without}: gaps) or no voxel of the field ({missed})"),
    };
    let found = format!("{prompts:.0} prompts ({:.2} %) in {} bins", 100.0 * share, bins.len());
    format!("{found} cannot come from any image: their lines have no background and {cause}")
}
