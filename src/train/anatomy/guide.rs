//! The anatomical image of a body: what an MR or CT image registered to the scan would show.
//!
//! Every tissue has an intensity of its own, between 0 and 1. Lesions of the PET are not in it, and some structures are
//! in it alone.

use super::part::{Form, Paint, Part};
use super::waves::Field;
use super::{Anatomy, Body, Cells, Room, between, chance, paired, tissue};
use crate::image::ImageGrid;
use crate::operator::GaussianFilter;
use crate::simulate::{Purpose, stream};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far an anatomical image can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Guide {
    /// Like a T1-weighted MR image: one contrast per tissue, in its place.
    Right,
    /// Like an attenuation map: 10 cm · µ.
    Attenuation,
    /// Structures missing, others added, contrasts that do not follow tissues, a bias field, shifted by up to 6 mm,
    /// blurred.
    Wrong,
    /// Zero.
    Blank,
}

impl Guide {
    pub(super) fn random(random: &mut Pcg64) -> Self {
        match random.random_range(0.0..1.0) {
            0.0..0.5 => Self::Right,
            0.5..0.65 => Self::Attenuation,
            0.65..0.8 => Self::Wrong,
            _ => Self::Blank,
        }
    }
}

/// What spoils an anatomical image.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub guide: Guide,
    /// Where it is taken from, relative to the activity.
    pub shift_mm: [f64; 3],
    bias: Option<(Field, f64)>,
    /// FWHM
    blur_mm: f64,
    /// Standard deviation in [`NOISE_VOLUME_MM3`]; that of means over voxels follows.
    noise: f64,
    seed: u64,
}

/// A usual voxel of a reconstruction.
const NOISE_VOLUME_MM3: f64 = 27.0;

impl Look {
    pub fn blank() -> Self {
        Self { guide: Guide::Blank, shift_mm: [0.0; 3], bias: None, blur_mm: 0.0, noise: 0.0, seed: 0 }
    }

    pub fn random(guide: Guide, random: &mut Pcg64) -> Self {
        let mut look = Self { guide, noise: between(0.02, 0.05, random), seed: random.random(), ..Self::blank() };
        let most = match guide {
            Guide::Blank => return Self::blank(),
            Guide::Attenuation => 0.0,
            Guide::Right => 0.08,
            Guide::Wrong => 0.3,
        };
        if most > 0.0 {
            look.bias = Some((Field::random(4, [120.0, 400.0], random), random.random_range(0.0..most)));
        }
        match guide {
            Guide::Wrong => {
                look.shift_mm = shift(random);
                look.blur_mm = if chance(0.5, random) { between(2.0, 7.0, random) } else { 0.0 };
            }
            // Maps of attenuation are often coarse.
            Guide::Attenuation if chance(0.5, random) => look.blur_mm = between(2.0, 6.0, random),
            _ => {}
        }
        look
    }

    /// Whether the image is taken from where the activity is.
    pub fn in_place(&self) -> bool {
        self.shift_mm == [0.0; 3]
    }

    /// Where the image takes what it shows at a point.
    pub fn shifted(&self, p: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|axis| p[axis] + self.shift_mm[axis])
    }

    /// Blur, bias and noise of a painted image. Every plane has random numbers of its own.
    pub fn finish(&self, grid: &ImageGrid, image: &mut Vec<f32>) {
        if self.guide == Guide::Blank {
            return;
        }
        if self.blur_mm > 0.0 {
            let mut blurred = coincide_kernels::zeros(image.len());
            let filter = GaussianFilter::new(grid, [self.blur_mm; 3]);
            filter.averaged(image, &vec![true; image.len()], &mut blurred);
            *image = blurred;
        }
        let [_, ny, nz] = grid.shape;
        let noise = self.noise * (NOISE_VOLUME_MM3 / grid.voxel_mm.iter().product::<f64>()).sqrt();
        image.par_chunks_mut(ny * nz).enumerate().for_each(|(i, plane)| {
            let random = &mut stream(self.seed, Purpose::Anatomy, i);
            for (voxel, value) in plane.iter_mut().enumerate() {
                let p = grid.centre_mm([i, voxel / nz, voxel % nz]);
                let bias = self.bias.as_ref().map_or(1.0, |(field, by)| (1.0 + by * field.at(p)).max(0.2));
                let error: f64 = StandardNormal.sample(random);
                // Magnitudes are not negative.
                *value = (bias * f64::from(*value) + noise * error).abs() as f32;
            }
        });
    }
}

/// Up to 6 mm in any direction, rather across than along the axis.
fn shift(random: &mut Pcg64) -> [f64; 3] {
    let length = random.random_range(0.0..6.0);
    let direction = [1.0, 1.0, 0.5].map(|most: f64| random.random_range(-most..most));
    let norm = direction.iter().map(|d| d * d).sum::<f64>().sqrt().max(1e-6);
    direction.map(|d| length * d / norm)
}

impl Anatomy {
    /// Gives parts that have none of their own their intensities, and adds structures that only the anatomical image
    /// has.
    pub(super) fn colour(&mut self, body: &Body, room: Room, random: &mut Pcg64) {
        let wrong = match self.look.guide {
            Guide::Right => false,
            Guide::Wrong => true,
            Guide::Attenuation | Guide::Blank => return,
        };
        let levels = levels(&self.parts, random);
        for (number, part) in self.parts.iter_mut().enumerate() {
            let missing = wrong && number > 0 && chance(0.3, random);
            let other = wrong && chance(0.4, random);
            let usual = part.intensity.unwrap_or(levels[&key(part)]);
            let level = if other { random.random_range(0.1..1.0) } else { usual };
            part.intensity = match part.form {
                Form::Outside(_) => Some(0.0),
                _ => (!missing).then_some(level),
            };
            if let (true, Form::Cells { cells, .. }) = (wrong, &mut part.form) {
                merged(Arc::make_mut(cells), random);
            }
        }
        let most = if wrong { 10 } else { 4 };
        for _ in 0..random.random_range(0..=most) {
            let only = structure(body, room, random);
            self.parts.push(only);
        }
    }
}

/// What tells tissues apart: activity and attenuation.
fn key(part: &Part) -> [u64; 2] {
    let activity = match part.activity {
        Paint::Set(activity) => activity,
        Paint::Scale(factor) => -factor,
    };
    [activity, part.attenuation.unwrap_or(-1.0)].map(f64::to_bits)
}

/// An intensity for each tissue: spread over the whole scale in random order; dark air, lung and bone.
fn levels(parts: &[Part], random: &mut Pcg64) -> BTreeMap<[u64; 2], f64> {
    let mut levels: BTreeMap<[u64; 2], f64> = parts.iter().map(|part| (key(part), 0.0)).collect();
    let mut ranks: Vec<usize> = (0..levels.len()).collect();
    ranks.shuffle(random);
    let count = ranks.len() as f64;
    for ((key, level), rank) in levels.iter_mut().zip(ranks) {
        let attenuation = f64::from_bits(key[1]);
        let spread = 0.12 + 0.88 * (rank as f64 + random.random_range(0.3..0.7)) / count;
        *level = match attenuation {
            tissue::AIR => 0.0,
            tissue::LUNG => 0.1,
            tissue::BONE => 0.25 * spread,
            _ => spread,
        };
    }
    levels
}

/// Three in ten cells look like one tissue.
fn merged(cells: &mut Cells, random: &mut Pcg64) {
    let common = random.random_range(0.1..1.0);
    for site in &mut cells.sites {
        if chance(0.3, random) {
            site.made[2] = common;
        }
    }
}

/// A structure without an activity of its own.
fn structure(body: &Body, room: Room, random: &mut Pcg64) -> Part {
    let size = between(4.0, 30.0, random).min(0.4 * body.half[0]);
    let half = [(); 3].map(|()| size * random.random_range(0.4..1.0));
    let centre = paired::place(body, room, size, random);
    let mut part = Part::ellipsoid(centre, half, random.random_range(0.0..3.1), 0.0, tissue::SOFT);
    (part.activity, part.attenuation) = (Paint::Scale(1.0), None);
    part.intensity = Some(random.random_range(0.1..1.0));
    part.rippled(random.random_range(0.0..0.25))
}
