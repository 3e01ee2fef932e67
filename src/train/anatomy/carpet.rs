//! Carpets: many blobs all over a body, about as visible as its noise allows.
//!
//! An observer who knows all but whether blob d is there sees it with the ideal signal-to-noise ratio
//!
//!   SNR² = a² F,   F = Σ (A d)² / ȳ
//!
//! for an amplitude a (Barrett and Myers 2004, Foundations of Image Science, chapter 13). A blob brings the SNR that it
//! shall have; the scan gives F, and a = SNR / √F follows.

use super::ball::{Ball, Change, Spot, distance};
use super::paired::{Lesion, place};
use super::{Anatomy, Body, Room, between, chance};
use crate::simulate::{Purpose, stream};
use rand::RngExt;
use rand_pcg::Pcg64;

/// Range of diameters in mm.
const DIAMETERS_MM: [f64; 2] = [6.0, 16.0];
/// Range of the distance to the nearest neighbour in mm.
const APART_MM: [f64; 2] = [18.0, 45.0];
/// Range of the ideal signal-to-noise ratio.
const SNRS: [f64; 2] = [0.7, 6.0];
/// No hot blob has more than so many times the activity of its tissue, however noisy the scan.
const HOTTEST: f64 = 10.0;
/// Blobs and lesions are at least so far from each other, edge to edge.
const GAP_MM: f64 = 3.0;

/// One blob of a carpet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blob {
    /// Where it is.
    pub ball: Ball,
    /// Whether it adds activity or takes some.
    pub hot: bool,
    /// The ideal signal-to-noise ratio that it shall have.
    pub snr: f64,
    /// Activity of the tissue around it.
    pub tissue: f64,
}

impl Blob {
    /// Its amplitude, in the unit of the body's activity, for F = Σ (A d)² / ȳ at amplitude 1: SNR / √F, as far as the
    /// tissue allows: at most nine times its activity for a hot blob, all of it for a cold one.
    pub fn amplitude(&self, information: f64) -> f64 {
        let most = if self.hot { (HOTTEST - 1.0) * self.tissue } else { self.tissue };
        if information > 0.0 { (self.snr / information.sqrt()).min(most) } else { 0.0 }
    }

    /// What it does at amplitude 1: a cold one follows the tissue, so that nothing falls below 0.
    pub(super) fn change(&self) -> Change {
        if self.hot { Change::Adds(1.0) } else { Change::Takes(1.0 / self.tissue) }
    }
}

/// F = Σ (A d)² / ȳ, of a blob's projection A d in counts and the expected prompts ȳ; bins that expect none are left
/// out.
pub fn information(projected: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(projected.len(), expected.len(), "a projection and the expected prompts");
    let bins = projected.iter().zip(expected).filter(|(_, expected)| **expected > 0.0);
    bins.map(|(projected, expected)| f64::from(*projected).powi(2) / f64::from(*expected)).sum()
}

/// F of all spots of a carpet at once, estimated: with random signs ε, ⟨d_n, Aᵀ (A Σ ε d) / ȳ⟩ ε_n is F_n and what the
/// other blobs share with it, of either sign, which the mean over `probes` of them makes small (Bekas, Kokiopoulou and
/// Saad 2007, Appl. Numer. Math. 57, 1214–1229). `curvature` gives Aᵀ (A x / ȳ) of an image x of `voxels` voxels.
pub fn informations(
    spots: &[Spot],
    voxels: usize,
    probes: usize,
    seed: u64,
    mut curvature: impl FnMut(&[f32]) -> Vec<f32>,
) -> Vec<f64> {
    let (mut sums, random) = (vec![0.0; spots.len()], &mut stream(seed, Purpose::Anatomy, 0));
    for _ in 0..probes {
        let signs: Vec<f32> = spots.iter().map(|_| if chance(0.5, random) { 1.0 } else { -1.0 }).collect();
        let mut image = coincide_kernels::zeros(voxels);
        for (spot, sign) in spots.iter().zip(&signs) {
            spot.iter().for_each(|(voxel, value)| image[*voxel] += sign * value);
        }
        let curved = curvature(&image);
        for ((sum, spot), sign) in sums.iter_mut().zip(spots).zip(&signs) {
            *sum += spot.iter().map(|(voxel, value)| f64::from(sign * value * curved[*voxel])).sum::<f64>();
        }
    }
    sums.iter().map(|sum| (sum / probes.max(1) as f64).max(0.0)).collect()
}

/// Blobs at one distance or more from each other, thrown until there is hardly any room; none on a lesion.
pub(super) fn draw(anatomy: &Anatomy, body: &Body, room: Room, lesions: &[Lesion], random: &mut Pcg64) -> Vec<Blob> {
    let apart = between(APART_MM[0], APART_MM[1], random);
    let volume = 4.0 * body.half[0] * body.half[1] * (2.0 * room.half_height_mm + apart);
    let mut blobs: Vec<Blob> = Vec::new();
    for _ in 0..(5.0 * volume / apart.powi(3)) as usize {
        let radius_mm = 0.5 * between(DIAMETERS_MM[0], DIAMETERS_MM[1], random);
        let edge_mm = radius_mm * random.random_range(0.0..1.5);
        let ball = Ball { centre_mm: place(body, room, radius_mm, random), radius_mm, edge_mm };
        let clear = blobs.iter().all(|other| distance(ball.centre_mm, other.ball.centre_mm) > apart)
            && lesions.iter().all(|lesion| {
                let reach = ball.reach_mm(0.0) + lesion.ball.radius_mm + GAP_MM;
                distance(ball.centre_mm, lesion.ball.centre_mm) > reach
            });
        if clear {
            let (there, least) = (anatomy.activity_in(&ball), 0.25 * body.activity);
            let hot = chance(0.7, random) || there < least;
            let snr = between(SNRS[0], SNRS[1], random);
            blobs.push(Blob { ball, hot, snr, tissue: there.max(least) });
        }
    }
    blobs
}
