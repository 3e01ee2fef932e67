//! Heads: scalp, skull, folded grey and white matter, nuclei, ventricles.

use super::part::Part;
use super::{Body, about, between, chance, tissue};
use rand::RngExt;
use rand_pcg::Pcg64;

pub(super) fn body(room_mm: f64, random: &mut Pcg64) -> (Vec<Part>, Body) {
    let width = between(65.0, 85.0, random).min(0.75 * room_mm);
    let depth = width * random.random_range(1.1..1.35);
    let middle = [random.random_range(-10.0..10.0), random.random_range(-10.0..10.0), random.random_range(-30.0..30.0)];
    let turn = random.random_range(-0.3..0.3);
    let white = between(0.6, 1.6, random);
    let grey = white * between(1.5, 4.5, random);
    let mut parts = Vec::new();
    let layer = |shrink: f64, activity, attenuation| {
        let half = [width * shrink, depth * shrink, 90.0 * shrink];
        Part::ellipsoid(middle, half, turn, activity, attenuation).rounded(2.2)
    };
    parts.push(layer(1.0, white * between(0.1, 0.7, random), tissue::SOFT));
    parts.push(layer(0.94, white * 0.2, tissue::BONE));
    parts.push(layer(0.88, white * between(0.02, 0.2, random), tissue::SOFT));
    let cortex = layer(0.86, grey, tissue::SOFT).rippled(random.random_range(0.0..0.04));
    parts.push(cortex.textured(random.random_range(0.0..0.12)));
    parts.push(layer(random.random_range(0.62..0.76), white, tissue::SOFT).rippled(random.random_range(0.05..0.22)));
    let cold = nuclei(&mut parts, middle, [width, depth], turn, [white, grey], random);
    let sheet = [1.5, 0.84 * depth, 90.0];
    let falx = Part::ellipsoid(middle, sheet, turn, cold, tissue::SOFT);
    if chance(0.5, random) {
        parts.insert(4, falx);
    }
    let activity = 0.5 * (white + grey);
    (parts, Body { centre: middle, half: [0.8 * width, 0.8 * depth, 50.0], activity })
}

/// Pairs of nuclei and the ventricles between them, whose activity it returns.
pub(super) fn nuclei(
    parts: &mut Vec<Part>,
    middle: [f64; 3],
    [width, depth]: [f64; 2],
    turn: f64,
    [white, grey]: [f64; 2],
    random: &mut Pcg64,
) -> f64 {
    let (sin, cos) = turn.sin_cos();
    let mut pair = |at: [f64; 2], half: [f64; 3], activity: f64, slant: f64, random: &mut Pcg64| {
        let half = half.map(|half| half * about(0.2, random));
        for side in [-1.0, 1.0] {
            let (x, y) = (side * at[0] * width, at[1] * depth);
            let centre = [middle[0] + cos * x - sin * y, middle[1] + sin * x + cos * y, middle[2]];
            parts.push(Part::ellipsoid(centre, half, turn + side * slant, activity, tissue::SOFT));
        }
    };
    let (cold, deep) = (white * between(0.02, 0.3, random), grey * about(0.3, random));
    if chance(0.8, random) {
        pair([0.13, -0.05], [5.0, 20.0, 25.0], cold, 0.25, random);
    }
    if chance(0.8, random) {
        pair([0.2, -0.22], [6.0, 12.0, 18.0], deep, 0.3, random);
        pair([0.34, -0.05], [6.0, 15.0, 15.0], deep * about(0.2, random), -0.2, random);
        pair([0.15, 0.18], [9.0, 13.0, 14.0], deep * about(0.2, random), 0.4, random);
    }
    cold
}
