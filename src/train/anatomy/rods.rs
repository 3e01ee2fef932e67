//! Phantoms as laboratories fill them: a cylinder with hot and cold inserts, in rings, in patterns, or anywhere.

use super::part::Part;
use super::{Body, between, chance, tissue};
use rand::RngExt;
use rand_pcg::Pcg64;
use std::f64::consts::TAU;

const LONG_MM: f64 = 400.0;

pub(super) fn body(room_mm: f64, random: &mut Pcg64) -> (Vec<Part>, Body) {
    let width = between(60.0, 170.0, random).min(0.85 * room_mm);
    let depth = width * random.random_range(0.7..1.0);
    let middle = [random.random_range(-6.0..6.0), random.random_range(-6.0..6.0), 0.0];
    let power = if chance(0.5, random) { 2.0 } else { random.random_range(2.0..5.0) };
    let cold = chance(0.25, random);
    let level = if cold { 0.0 } else { 1.0 };
    let half = [width, depth, LONG_MM];
    let wall = Part::ellipsoid(middle, half, 0.0, 0.0, tissue::PLASTIC).rounded(power);
    let inside = Part::ellipsoid(middle, half.map(|h| h - 3.0), 0.0, level, tissue::SOFT).rounded(power);
    let mut parts = vec![wall, inside];
    match random.random_range(0..3) {
        0 => ring(&mut parts, middle, [width, depth], level, random),
        1 => pattern(&mut parts, middle, width.min(depth), cold, random),
        _ => scattered(&mut parts, middle, [width, depth], level, random),
    }
    (parts, Body { centre: middle, half: [0.9 * width, 0.9 * depth, 60.0], activity: level.max(0.5) })
}

/// A ball or a rod; which is hot, which is cold.
fn insert(middle: [f64; 3], at: [f64; 2], radius: f64, activity: f64, ball: bool, random: &mut Pcg64) -> Part {
    let off = if ball { radius * random.random_range(-0.7..0.7) } else { 0.0 };
    let centre = [middle[0] + at[0], middle[1] + at[1], middle[2] + off];
    Part::ellipsoid(centre, [radius, radius, if ball { radius } else { LONG_MM }], 0.0, activity, tissue::SOFT)
}

/// Inserts of growing size on a circle, and sometimes a lung in the middle.
fn ring(parts: &mut Vec<Part>, middle: [f64; 3], half: [f64; 2], level: f64, random: &mut Pcg64) {
    let (count, ball) = (random.random_range(4..10), chance(0.5, random));
    let (smallest, growth) = (random.random_range(2.5..6.0), random.random_range(1.1..1.35_f64));
    let (circle, first) = (random.random_range(0.4..0.65), random.random_range(0.0..TAU));
    let hot = between(1.5, 12.0, random);
    let colds = random.random_range(0..4);
    for number in 0..count {
        let (sin, cos) = (first + TAU * number as f64 / count as f64).sin_cos();
        let radius = (smallest * growth.powi(number)).min(0.25 * half[1]);
        let activity = if number >= count - colds { 0.0 } else { hot * level.max(0.5) };
        parts.push(insert(middle, [circle * half[0] * cos, circle * half[1] * sin], radius, activity, ball, random));
    }
    if chance(0.4, random) {
        let mut lung = insert(middle, [0.0, 0.0], random.random_range(15.0..28.0), 0.0, false, random);
        lung.attenuation = Some(tissue::LUNG);
        parts.push(lung);
    }
}

/// Rods in sectors, two diameters apart, as resolution phantoms have them.
fn pattern(parts: &mut Vec<Part>, middle: [f64; 3], radius: f64, cold: bool, random: &mut Pcg64) {
    let (smallest, growth) = (random.random_range(1.8..4.0), random.random_range(1.12..1.35_f64));
    let activity = if cold { 1.0 } else { [0.0, between(2.0, 8.0, random)][random.random_range(0..2)] };
    let first = random.random_range(0.0..TAU);
    for sector in 0..6 {
        let rod = smallest * growth.powi(sector);
        let (sin, cos) = (first + TAU * f64::from(sector) / 6.0).sin_cos();
        let rows = (((0.88 * radius - rod) / (4.0 * rod * 0.866)) as usize).min(12);
        for row in 0..rows {
            for place in 0..=row {
                let along = 4.0 * rod * 0.866 * (row as f64 + 0.7);
                let across = 4.0 * rod * (place as f64 - 0.5 * row as f64);
                let at = [along * cos - across * sin, along * sin + across * cos];
                parts.push(insert(middle, at, rod, activity, false, random));
            }
        }
    }
}

/// Inserts of any size anywhere.
fn scattered(parts: &mut Vec<Part>, middle: [f64; 3], half: [f64; 2], level: f64, random: &mut Pcg64) {
    for _ in 0..random.random_range(2..14) {
        let (sin, cos) = random.random_range(0.0..TAU).sin_cos();
        let distance = 0.8 * random.random_range(0.0_f64..1.0).sqrt();
        let activity = if chance(0.35, random) { 0.0 } else { level.max(0.5) * between(0.3, 12.0, random) };
        let (radius, ball) = (between(2.0, 30.0, random), chance(0.5, random));
        parts.push(insert(
            middle,
            [distance * half[0] * cos, distance * half[1] * sin],
            radius,
            activity,
            ball,
            random,
        ));
    }
}
