//! Lesions added to a scan of a phantom: y = y₀ + Poisson(A d).
//!
//! The counts y₀ are those of the same seed without lesions, to the last one, so that two scans differ by the lesions
//! alone: what an image makes of the difference is what a method makes of a lesion (Fessler and Rogers 1996, IEEE
//! Trans. Image Process. 5, 1346–1358, for the limit of a small one). Lesions are balls; they attenuate like what they
//! replace.

use super::SimulateError;
use super::trace::{Attenuation, ViewTracer};
use crate::phantom::Phantom;
use crate::scanner::SinogramGeometry;
use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[[…simulation.lesions]]`: a ball of activity. Balls must not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddedLesion {
    /// Its centre in mm.
    pub centre_mm: [f64; 3],
    /// Its diameter in mm.
    pub diameter_mm: Positive,
    /// Its activity over that of the phantom at its centre; above 1.
    pub contrast: Positive,
}

impl AddedLesion {
    /// What it adds to the phantom's activity, in Bq/mL.
    pub fn added_activity(&self, phantom: &Phantom) -> Result<f64, SimulateError> {
        let tissue = phantom.shape_at(self.centre_mm).map_or(0.0, |shape| phantom.activity(shape));
        let added = (self.contrast.get() - 1.0) * tissue;
        if added > 0.0 {
            return Ok(added);
        }
        let [centre_mm, contrast] = [format!("{:?}", self.centre_mm), self.contrast.get().to_string()];
        Err(SimulateError::Lesion { centre_mm, contrast, tissue })
    }
}

/// What lesions add to a phantom: balls in the void; `None` without any.
pub fn added(phantom: &Phantom, lesions: &[AddedLesion]) -> Result<Option<Phantom>, SimulateError> {
    if lesions.is_empty() {
        return Ok(None);
    }
    let near = |a: &AddedLesion, b: &AddedLesion| {
        let square: f64 = a.centre_mm.iter().zip(b.centre_mm).map(|(a, b)| (a - b).powi(2)).sum();
        square.sqrt() < 0.5 * (a.diameter_mm.get() + b.diameter_mm.get())
    };
    for (place, lesion) in lesions.iter().enumerate() {
        if let Some(other) = lesions[..place].iter().find(|other| near(lesion, other)) {
            let [one, other] = [other, lesion].map(|lesion| format!("{:?}", lesion.centre_mm));
            return Err(SimulateError::Overlap { one, other });
        }
    }
    let ball =
        |lesion: &AddedLesion| Ok((lesion.centre_mm, 0.5 * lesion.diameter_mm.get(), lesion.added_activity(phantom)?));
    let balls: Vec<_> = lesions.iter().map(ball).collect::<Result<_, SimulateError>>()?;
    Ok(Some(Phantom::balls("lesions", &balls)))
}

/// The chords of added lesions, weakened by the phantom.
pub(super) struct LesionTracer<'a>(ViewTracer<'a>);

impl<'a> LesionTracer<'a> {
    pub fn new(geometry: &'a SinogramGeometry, lesions: &'a Phantom, sub_lines: usize) -> Self {
        Self(ViewTracer::new(geometry, lesions, sub_lines, Attenuation::None))
    }

    /// `[radial, tof, plane]` of a view whose attenuation `[radial, plane]` is known.
    pub fn trace(&self, view: usize, attenuation: &[f32], geometry: &SinogramGeometry) -> Vec<f32> {
        let [_, radial, tof, planes] = geometry.shape();
        let mut emission = vec![0.0; radial * tof * planes];
        self.0.trace(view, &mut emission, &mut vec![0.0; radial * planes]);
        for (row, values) in emission.chunks_exact_mut(planes).enumerate() {
            let factors = &attenuation[row / tof * planes..][..planes];
            values.iter_mut().zip(factors).for_each(|(value, factor)| *value *= factor);
        }
        emission
    }
}
