//! Dead leaves: smooth blobs of any activity that cover each other, with a distribution of sizes that has no scale
//! (as many litres of small ones as of large ones: n(r) ∝ r⁻⁴), inside an outline.

use super::part::{Form, Paint, Part, Solid};
use super::{Body, Pose, Room, any_activity, any_attenuation, between, chance, tissue};
use rand::RngExt;
use rand_pcg::Pcg64;
use std::f64::consts::PI;

/// More leaves are not painted.
const MOST: usize = 1500;

pub(super) fn body(room: Room, random: &mut Pcg64) -> (Vec<Part>, Body) {
    let width = between(60.0, 190.0, random).min(0.82 * room.radius_mm);
    let half = [width, width * random.random_range(0.6..1.0), 300.0];
    let pose = Pose::turned([0.0; 3], half, random.random_range(0.0..PI));
    let outline = Solid { pose, power: random.random_range(1.8..3.5), ripple: random.random_range(0.0..0.05) };
    let mut parts = vec![Part::of(Form::Solid(outline), Paint::Set(1.0), Some(tissue::SOFT))];
    let sizes = [between(4.0, 9.0, random), 0.5 * width];
    let wanted = random.random_range(0.7..1.6) * (2.0 * width).powi(2) * 2.0 * (room.half_height_mm + sizes[0]);
    let ripple = random.random_range(0.0..0.25);
    let mut covered = 0.0;
    while covered < wanted && parts.len() < MOST {
        let Some(leaf) = leaf(width, room, sizes, random) else { continue };
        covered += leaf.1;
        parts.push(leaf.0.rippled(ripple));
    }
    // Leaves end where the body ends.
    parts.push(Part::of(Form::Outside(outline), Paint::Set(0.0), Some(tissue::AIR)));
    (parts, Body { centre: [0.0; 3], half: half.map(|half| 0.85 * half), activity: 1.0 })
}

/// A leaf, and how much of the painted slab it takes in mm³; `None` where it lies beyond.
fn leaf(width: f64, room: Room, [small, large]: [f64; 2], random: &mut Pcg64) -> Option<(Part, f64)> {
    // n(r) ∝ r⁻⁴ between the two.
    let share: f64 = random.random_range(0.0..1.0);
    let size = (small.powi(-3) * (1.0 - share) + large.powi(-3) * share).powf(-1.0 / 3.0);
    let (reach, most) = (room.half_height_mm + size, room.half_height_mm + large);
    // Large leaves reach into the slab from farther away than small ones.
    if random.random_range(0.0..most) > reach {
        return None;
    }
    let across = width + size;
    let centre = [across, across, reach].map(|reach| random.random_range(-reach..reach));
    let half = [(); 3].map(|()| size * random.random_range(0.6..1.2));
    let activity = if chance(0.5, random) { any_activity(random) } else { between(0.5, 2.0, random) };
    let leaf = Part::ellipsoid(centre, half, random.random_range(0.0..PI), activity, any_attenuation(random));
    let volume = 4.0 / 3.0 * PI * half.iter().product::<f64>() * room.half_height_mm.max(small) / reach;
    Some((leaf.rounded(random.random_range(1.6..4.0)), volume))
}
