//! Lesions painted apart from the body, so that the same scan can be made with and without them.

use super::ball::{Ball, Change, distance};
use super::{Anatomy, Body, Room, between, chance};
use rand::RngExt;
use rand_pcg::Pcg64;
use std::f64::consts::TAU;

/// Range of diameters in mm.
const DIAMETERS_MM: [f64; 2] = [6.0, 16.0];
/// Range of the contrast of hot ones.
const CONTRASTS: [f64; 2] = [1.25, 10.0];
/// Places that are tried for a lesion.
const TRIES: usize = 60;

/// A round lesion of one body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesion {
    /// Where it is; its edge is sharp.
    pub ball: Ball,
    /// Its activity over that of the tissue around it: above 1 where it is hot, below where it is cold.
    pub contrast: f64,
    /// Activity of the tissue around it, at least a quarter of the body's: in air nothing would be seen.
    pub tissue: f64,
}

impl Lesion {
    /// What it does to a voxel: a hot one adds (contrast − 1) times the tissue, a cold one takes its share of what is
    /// there.
    pub(super) fn change(&self) -> Change {
        if self.contrast > 1.0 {
            Change::Adds((self.contrast - 1.0) * self.tissue)
        } else {
            Change::Takes(1.0 - self.contrast)
        }
    }

    fn random(ball: Ball, anatomy: &Anatomy, body: &Body, cold: bool, random: &mut Pcg64) -> Option<Self> {
        let contrast = if cold { random.random_range(0.0..0.7) } else { between(CONTRASTS[0], CONTRASTS[1], random) };
        let (there, least) = (anatomy.activity_in(&ball), 0.25 * body.activity);
        // A cold one in the cold is none.
        (!cold || there >= least).then(|| Self { ball, contrast, tissue: there.max(least) })
    }
}

/// Eight to twelve lesions, fewer where a body has no room for them: within 85 % of it, more than two diameters apart.
pub(super) fn draw(anatomy: &Anatomy, body: &Body, room: Room, random: &mut Pcg64) -> Vec<Lesion> {
    let mut lesions: Vec<Lesion> = Vec::new();
    for _ in 0..random.random_range(8..=12) {
        let (radius_mm, cold) = (0.5 * between(DIAMETERS_MM[0], DIAMETERS_MM[1], random), chance(0.2, random));
        for _ in 0..TRIES {
            let ball = Ball { centre_mm: place(body, room, radius_mm, random), radius_mm, edge_mm: 0.0 };
            let apart = |other: &Lesion| {
                distance(ball.centre_mm, other.ball.centre_mm) > 4.0 * ball.radius_mm.max(other.ball.radius_mm)
            };
            if lesions.iter().all(apart)
                && let Some(lesion) = Lesion::random(ball, anatomy, body, cold, random)
            {
                lesions.push(lesion);
                break;
            }
        }
    }
    lesions
}

/// A place within 85 % of a body; a ball there of this radius meets the slices that are painted.
pub(super) fn place(body: &Body, room: Room, radius_mm: f64, random: &mut Pcg64) -> [f64; 3] {
    let (sin, cos) = random.random_range(0.0..TAU).sin_cos();
    let across = 0.85 * random.random_range(0.0_f64..1.0).sqrt();
    let along = (0.85 * room.half_height_mm).max(0.6 * radius_mm);
    let [x, y, _] = body.centre;
    [x + across * body.half[0] * cos, y + across * body.half[1] * sin, random.random_range(-along..along)]
}
