//! Bodies of Voronoi cells: convex cells of any activity, wall to wall.

use super::cells::{Cells, Site};
use super::part::{Form, Paint, Part, Solid};
use super::pose::Pose;
use super::{Body, Room, any_activity, any_attenuation, between, chance, tissue};
use rand::RngExt;
use rand_pcg::Pcg64;
use std::f64::consts::PI;
use std::sync::Arc;

/// More cells than this are made larger instead.
const MOST: f64 = 220.0;

pub(super) fn body(room: Room, random: &mut Pcg64) -> (Vec<Part>, Body) {
    let width = between(60.0, 190.0, random).min(0.82 * room.radius_mm);
    let half = [width, width * random.random_range(0.6..1.0), 300.0];
    let pose = Pose::turned([0.0; 3], half, random.random_range(0.0..PI));
    let outline = Solid { pose, power: random.random_range(1.8..3.5), ripple: random.random_range(0.0..0.05) };
    // Cells of two in five bodies are prisms along the axis.
    let along = if chance(0.4, random) { 0.1 } else { between(0.5, 1.5, random) };
    let stretch = [between(0.75, 1.35, random), between(0.75, 1.35, random), along];
    let form = Form::Cells { cells: Arc::new(cells(width, room, stretch, random)), outline };
    // Intensity, activity and attenuation are those of the cells.
    let part = Part::of(form, Paint::Scale(1.0), Some(tissue::SOFT));
    (vec![part], Body { centre: [0.0; 3], half: half.map(|half| 0.85 * half), activity: 1.0 })
}

/// Cells in a box around the body, of a usual size that is the same in the body, and sizes around it.
fn cells(width: f64, room: Room, stretch: [f64; 3], random: &mut Pcg64) -> Cells {
    let wanted = between(10.0, 50.0_f64.min(0.5 * width), random);
    let reach = |size: f64| [width + size, width + size, room.half_height_mm + size];
    let count = |size: f64| -> f64 { (0..3).map(|axis| 2.0 * reach(size)[axis] * stretch[axis] / size).product() };
    let mut size = wanted;
    while count(size) > MOST {
        size *= 1.05;
    }
    let box_mm = reach(size);
    let site = |_| Site {
        centre: std::array::from_fn(|axis| random.random_range(-box_mm[axis]..box_mm[axis])),
        weight: (0.5 * size).powi(2) * random.random_range(-1.0..1.0),
        made: [any_activity(random), any_attenuation(random), random.random_range(0.1..1.0)],
    };
    Cells { stretch, sites: (0..count(size).max(8.0) as usize).map(site).collect() }
}
