//! Bodies that nobody has: ellipsoids in an ellipsoid, of any size, turn, uptake and texture.

use super::part::Part;
use super::{Body, between, chance, tissue};
use rand::RngExt;
use rand_pcg::Pcg64;
use std::f64::consts::{PI, TAU};

pub(super) fn body(room_mm: f64, random: &mut Pcg64) -> (Vec<Part>, Body) {
    let width = between(50.0, 190.0, random).min(0.85 * room_mm);
    let half = [width, width * random.random_range(0.6..1.0), 300.0];
    let outline = Part::ellipsoid([0.0; 3], half, random.random_range(0.0..PI), 1.0, tissue::SOFT);
    let mut parts = vec![outline.rounded(random.random_range(1.6..4.0)).rippled(random.random_range(0.0..0.05))];
    for _ in 0..random.random_range(4..26) {
        let (sin, cos) = random.random_range(0.0..TAU).sin_cos();
        let distance = 0.8 * random.random_range(0.0_f64..1.0).sqrt();
        let centre = [distance * half[0] * cos, distance * half[1] * sin, random.random_range(-20.0..20.0)];
        let size = between(4.0, 0.5 * width, random);
        let sizes = [(); 3].map(|()| size * random.random_range(0.5..1.0));
        let activity = if chance(0.2, random) { 0.0 } else { between(0.15, 8.0, random) };
        let attenuation = [tissue::SOFT, tissue::SOFT, tissue::LUNG, tissue::BONE][random.random_range(0..4)];
        let solid = Part::ellipsoid(centre, sizes, random.random_range(0.0..PI), activity, attenuation);
        let texture = if chance(0.3, random) { random.random_range(0.05..0.3) } else { 0.0 };
        parts.push(solid.rounded(random.random_range(1.6..4.0)).textured(texture));
    }
    (parts, Body { centre: [0.0; 3], half: [0.9 * half[0], 0.9 * half[1], 40.0], activity: 1.0 })
}
