//! Lesions: hot and cold, 4 to 30 mm, round, lobed, with a dead core, or the shape and uptake of real tumours where
//! they are given.

use super::part::{Paint, Part};
use super::{Body, PublicData, between, chance, tissue};
use rand::RngExt;
use rand_pcg::Pcg64;
use std::f64::consts::{PI, TAU};

/// Range of diameters in mm.
const DIAMETERS_MM: [f64; 2] = [4.0, 30.0];

/// Adds them to a body, up to `along_mm` from its middle along the axis.
pub(super) fn add(parts: &mut Vec<Part>, body: &Body, along_mm: f64, public: &PublicData, random: &mut Pcg64) {
    // A third of all slices has none, so that a network learns not to make any.
    let count = if chance(0.33, random) { 0 } else { random.random_range(1..6) };
    for _ in 0..count {
        let (sin, cos) = random.random_range(0.0..TAU).sin_cos();
        let distance = 0.85 * random.random_range(0.0_f64..1.0).sqrt();
        let radius = 0.5 * between(DIAMETERS_MM[0], DIAMETERS_MM[1], random);
        let near = radius * random.random_range(-0.8..0.8);
        let off = if along_mm > 0.0 { near + random.random_range(-along_mm..along_mm) } else { near };
        let across = [distance * body.half[0] * cos, distance * body.half[1] * sin];
        let centre = [body.centre[0] + across[0], body.centre[1] + across[1], off];
        let activity = activity(body, random);
        match public.tumour(centre, radius, activity, random) {
            Some(tumour) => parts.push(tumour),
            None => solid(parts, centre, radius, activity, random),
        }
    }
}

/// Relative to the tissue around it, or to the body as a whole.
fn activity(body: &Body, random: &mut Pcg64) -> Paint {
    let hot = between(1.25, 10.0, random);
    match random.random_range(0..10) {
        0..5 => Paint::Set(body.activity * hot),
        5..8 => Paint::Scale(hot),
        _ => Paint::Scale(random.random_range(0.0..0.7)),
    }
}

fn solid(parts: &mut Vec<Part>, centre: [f64; 3], radius: f64, activity: Paint, random: &mut Pcg64) {
    let half = [(); 3].map(|()| radius * random.random_range(0.75..1.15));
    let mut lesion = Part::ellipsoid(centre, half, random.random_range(0.0..PI), 0.0, tissue::SOFT);
    lesion.activity = activity;
    lesion.attenuation = None;
    if radius > 6.0 && chance(0.4, random) {
        lesion = lesion.rippled(random.random_range(0.05..0.2)).textured(random.random_range(0.0..0.3));
    }
    if radius > 8.0 && chance(0.3, random) {
        let mut core = lesion.clone();
        core.shrink(random.random_range(0.3..0.6));
        core.activity = Paint::Scale(random.random_range(0.1..0.6));
        parts.extend([lesion, core]);
    } else {
        parts.push(lesion);
    }
}
