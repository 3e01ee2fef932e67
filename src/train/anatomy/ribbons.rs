//! Heads whose cortex is a folded ribbon: grey matter of 2 to 4.5 mm around folded white matter, with CSF in the sulci.

use super::brain::nuclei;
use super::folds::Folds;
use super::part::{Form, Paint, Part};
use super::pose::Pose;
use super::{Body, Room, between, chance, tissue};
use rand::RngExt;
use rand_pcg::Pcg64;
use std::sync::Arc;

/// Range of the thickness of the grey matter in mm.
const THICKNESS_MM: [f64; 2] = [2.0, 4.5];

/// Where folds meet, grey matter is thicker than the layer below the pia: on the average by so much.
pub(super) const THICKER: f64 = 1.2;

pub(super) fn body(room: Room, random: &mut Pcg64) -> (Vec<Part>, Body) {
    let width = between(56.0, 86.0, random).min(0.75 * room.radius_mm);
    let half: [f64; 3] = [width, width * random.random_range(1.0..1.4), width * random.random_range(0.9..1.3)];
    let middle = [random.random_range(-10.0..10.0), random.random_range(-10.0..10.0), random.random_range(-35.0..35.0)];
    let turn = random.random_range(-0.3..0.3);
    let white = between(0.6, 1.6, random);
    let grey = white * between(1.5, 4.5, random);
    let csf = white * between(0.02, 0.2, random);
    let layer = |shrink: f64, activity, attenuation| {
        Part::ellipsoid(middle, half.map(|half| shrink * half), turn, activity, attenuation).rounded(2.2)
    };
    let mut parts = Vec::new();
    if chance(0.85, random) {
        parts.push(layer(1.0, white * between(0.1, 0.7, random), tissue::SOFT));
        parts.push(layer(0.94, white * 0.2, tissue::BONE));
    }
    parts.push(layer(0.88, csf, tissue::SOFT));
    let contrast = contrast(random);
    parts.iter_mut().skip(2).for_each(|part| part.intensity = Some(contrast[0]));
    let thickness = random.random_range(THICKNESS_MM[0]..THICKNESS_MM[1]);
    let hull = Pose::turned(middle, half.map(|half| 0.86 * half), turn);
    let folds = Arc::new(Folds::random(hull, thickness, random));
    for (matter, activity, below_mm) in [(1, grey, 0.0), (2, white, thickness / THICKER)] {
        let form = Form::Folded { folds: folds.clone(), below_mm };
        let part = Part::of(form, Paint::Set(activity), Some(tissue::SOFT));
        parts.push(Part { intensity: Some(contrast[matter]), ..part });
    }
    let outer = parts.len();
    let texture = random.random_range(0.0..0.12);
    parts[outer - 2].texture = texture;
    let cold = nuclei(&mut parts, middle, [half[0], half[1]], turn, [white, grey], random);
    for part in &mut parts[outer..] {
        // Ventricles hold CSF, all others are grey.
        let is_cold = matches!(part.activity, Paint::Set(activity) if activity == cold);
        part.intensity = Some(contrast[usize::from(!is_cold)]);
    }
    (parts, Body { centre: middle, half: [0.8 * half[0], 0.8 * half[1], 50.0], activity: 0.5 * (white + grey) })
}

/// Intensities of CSF, grey and white matter: mostly as T1-weighted images show them, else as T2-weighted ones do.
fn contrast(random: &mut Pcg64) -> [f64; 3] {
    let bright = random.random_range(0.75..1.0);
    let middle = bright * random.random_range(0.55..0.8);
    let dark = middle * random.random_range(0.15..0.6);
    if chance(0.75, random) { [dark, middle, bright] } else { [bright, middle, 0.5 * (middle + dark)] }
}
