//! A part of an anatomy: where it is, how much of a voxel it takes, what it is made of.

use super::cells::Cells;
use super::folds::Folds;
use super::made::Made;
use super::pose::{Extent, Pose};
use super::volume::Volume;
use super::waves::Field;
use std::cell::OnceCell;
use std::sync::Arc;

/// A point that is painted. Fields that many parts share are evaluated once.
pub(super) struct Place<'a> {
    pub p: [f64; 3],
    /// Surfaces are softened over so many mm.
    size_mm: f64,
    fields: [&'a Field; 2],
    values: [OnceCell<f64>; 2],
}

impl<'a> Place<'a> {
    pub fn new(p: [f64; 3], size_mm: f64, folds: &'a Field, texture: &'a Field) -> Self {
        Self { p, size_mm, fields: [folds, texture], values: [const { OnceCell::new() }; 2] }
    }

    fn folds(&self) -> f64 {
        *self.values[0].get_or_init(|| self.fields[0].at(self.p))
    }

    fn texture(&self) -> f64 {
        *self.values[1].get_or_init(|| self.fields[1].at(self.p))
    }
}

/// Something that is painted over what is there.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Where it is.
    pub form: Form,
    /// Its activity.
    pub activity: Paint,
    /// Its attenuation in 1/cm; `None` leaves that of what it covers.
    pub attenuation: Option<f64>,
    /// Its intensity in the anatomical image; `None` leaves that of what it covers.
    pub intensity: Option<f64>,
    /// Relative standard deviation of its activity.
    pub texture: f64,
}

/// The activity that a part brings.
#[derive(Clone, Copy, Debug)]
pub(super) enum Paint {
    /// This value.
    Set(f64),
    /// What is there, times this.
    Scale(f64),
}

/// Which points belong to a part.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// The inside of a solid.
    Solid(Solid),
    /// All but the inside of a solid.
    Outside(Solid),
    /// What lies so many mm below the folded surface of a cortex, or deeper.
    Folded { folds: Arc<Folds>, below_mm: f64 },
    /// Cells of many activities inside a solid.
    Cells { cells: Arc<Cells>, outline: Solid },
    /// The share, 0 to 1, that a volume gives.
    Share { volume: Arc<Volume>, pose: Pose },
    /// Where a volume has a label, or any label but 0.
    Label { volume: Arc<Volume>, pose: Pose, label: Option<u8> },
    /// A share as above, with an activity relative to its mean.
    Uptake { share: Arc<Volume>, uptake: Arc<Volume>, pose: Pose },
}

/// ǀu₁ǀᵖ + ǀu₂ǀᵖ + ǀu₃ǀᵖ ≤ 1; an ellipsoid for p = 2, a rounded box for more. `ripple` folds its surface.
#[derive(Clone, Copy, Debug)]
pub(super) struct Solid {
    pub pose: Pose,
    pub power: f64,
    pub ripple: f64,
}

impl Part {
    /// A part without texture that the anatomical image does not show.
    pub fn of(form: Form, activity: Paint, attenuation: Option<f64>) -> Self {
        Self { form, activity, attenuation, intensity: None, texture: 0.0 }
    }

    /// An ellipsoid.
    pub fn ellipsoid(centre: [f64; 3], half: [f64; 3], turn_rad: f64, activity: f64, attenuation: f64) -> Self {
        let form = Form::Solid(Solid { pose: Pose::turned(centre, half, turn_rad), power: 2.0, ripple: 0.0 });
        Self::of(form, Paint::Set(activity), Some(attenuation))
    }

    /// The same with another exponent.
    pub fn rounded(mut self, to: f64) -> Self {
        if let Form::Solid(solid) = &mut self.form {
            solid.power = to;
        }
        self
    }

    /// The same with folds in its surface, as a share of its radius.
    pub fn rippled(mut self, by: f64) -> Self {
        if let Form::Solid(solid) = &mut self.form {
            solid.ripple = by;
        }
        self
    }

    /// The same with an uneven activity.
    pub fn textured(self, texture: f64) -> Self {
        Self { texture, ..self }
    }

    /// Moves the part along z.
    pub fn shift_z(&mut self, by_mm: f64) {
        if let Some(pose) = self.pose_mut() {
            pose.centre[2] += by_mm;
        }
    }

    /// Makes the part smaller around its centre.
    pub fn shrink(&mut self, to: f64) {
        if let Some(pose) = self.pose_mut() {
            pose.rows = pose.rows.map(|row| row.map(|value| value / to));
            (pose.across, pose.reach, pose.steepest) = (to * pose.across, to * pose.reach, pose.steepest / to);
        }
    }

    /// Where a part is that has a place of its own.
    fn pose_mut(&mut self) -> Option<&mut Pose> {
        match &mut self.form {
            Form::Solid(solid) => Some(&mut solid.pose),
            Form::Share { pose, .. } | Form::Label { pose, .. } | Form::Uptake { pose, .. } => Some(pose),
            Form::Outside(_) | Form::Folded { .. } | Form::Cells { .. } => None,
        }
    }

    /// What holds the part.
    pub fn extent(&self) -> Extent {
        match &self.form {
            Form::Solid(solid) | Form::Cells { outline: solid, .. } => solid.extent(),
            Form::Outside(solid) => Extent { centre: solid.pose.centre, across: f64::INFINITY, reach: f64::INFINITY },
            Form::Folded { folds, .. } => folds.extent(),
            Form::Share { pose, .. } | Form::Label { pose, .. } | Form::Uptake { pose, .. } => pose.extent(),
        }
    }

    /// What a place is made of after the part has been painted over what was there.
    pub fn over(&self, before: Made, place: &Place) -> Made {
        let (share, p) = (self.share(place), place.p);
        if share <= 0.0 {
            return before;
        }
        let made = match &self.form {
            Form::Cells { cells, .. } => cells.at(p, place.size_mm),
            _ => [
                self.activity(p, before[0]),
                self.attenuation.unwrap_or(before[1]),
                self.intensity.unwrap_or(before[2]),
            ],
        };
        let uneven = if self.texture > 0.0 { (1.0 + self.texture * place.texture()).max(0.1) } else { 1.0 };
        let made = [made[0] * uneven, made[1], made[2]];
        std::array::from_fn(|image| before[image] + share * (made[image] - before[image]))
    }

    /// Share of a place that the part takes.
    pub fn share(&self, place: &Place) -> f64 {
        let p = place.p;
        match &self.form {
            Form::Solid(solid) | Form::Cells { outline: solid, .. } => solid.share(place),
            Form::Outside(solid) => 1.0 - solid.share(place),
            Form::Folded { folds, below_mm } => (0.5 + (folds.depth_mm(p) - below_mm) / place.size_mm).clamp(0.0, 1.0),
            Form::Share { volume, pose } => volume.at(pose.apply(p)),
            Form::Label { volume, pose, label } => volume.share_of(*label, pose.apply(p)),
            Form::Uptake { share, pose, .. } => share.at(pose.apply(p)),
        }
    }

    /// What a voxel with activity `before` becomes where it is all of this part.
    fn activity(&self, p: [f64; 3], before: f64) -> f64 {
        let value = match self.activity {
            Paint::Set(value) => value,
            Paint::Scale(factor) => before * factor,
        };
        match &self.form {
            Form::Uptake { uptake, pose, .. } => value * uptake.at(pose.apply(p)),
            _ => value,
        }
    }
}

impl Solid {
    fn extent(&self) -> Extent {
        // Farther than on an ellipsoid in its corners, and where the surface bulges.
        let larger = 3.0_f64.powf(0.5 - 1.0 / self.power.max(2.0)) * (1.0 + 3.0 * self.ripple);
        let Extent { centre, across, reach } = self.pose.extent();
        Extent { centre, across: across * larger, reach: reach * larger }
    }

    /// The surface is softened over one voxel: its distance is about (1 − f) / ǀ∇fǀ with f = ‖u‖ₚ.
    fn share(&self, place: &Place) -> f64 {
        let Self { pose, power, ripple } = *self;
        let fold = if ripple > 0.0 { 1.0 + ripple * place.folds() } else { 1.0 };
        let u = pose.apply(place.p).map(|u| u / fold);
        // Most places are clear of the surface: ‖u‖∞ ≤ f ≤ 3^(1/p) ‖u‖∞, and ǀ∇fǀ is hardly more than the largest row.
        let largest = u.iter().fold(0.0, |largest: f64, u| largest.max(u.abs()));
        let soft = 0.7 * place.size_mm * pose.steepest;
        if largest > 1.0 + soft {
            return 0.0;
        }
        if 3.0 * largest < 1.0 - soft {
            return 1.0;
        }
        let f = match power {
            2.0 => u.iter().map(|u| u * u).sum::<f64>().sqrt(),
            _ => u.iter().map(|u| u.abs().powf(power)).sum::<f64>().powf(1.0 / power),
        };
        let by_u = match power {
            2.0 => u.map(|u| u / f),
            _ => u.map(|u| u.signum() * (u.abs() / f).powf(power - 1.0)),
        };
        let slope: [f64; 3] = std::array::from_fn(|axis| (0..3).map(|row| pose.rows[row][axis] * by_u[row]).sum());
        let steepness = slope.iter().map(|s| s * s).sum::<f64>().sqrt();
        (0.5 + (1.0 - f) / (steepness * place.size_mm)).clamp(0.0, 1.0)
    }
}
