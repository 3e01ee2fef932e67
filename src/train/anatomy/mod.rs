//! Random anatomies: what a network is trained on.
//!
//! An anatomy is a list of parts painted in order, each with an activity (relative, about 1 in soft tissue) and an
//! attenuation (1/cm), in a smoothly warped space. Parts are solids, or maps of tissue where named public data are
//! given. Everything follows from one seed. Positions are in mm in the scanner frame.

mod brain;
mod lesion;
mod part;
mod public;
mod random_solids;
mod rods;
mod torso;
mod volume;
mod waves;

pub use public::{PublicData, PublicDataError};

use crate::image::ImageGrid;
use crate::simulate::{Purpose, stream};
use part::Part;
use rand::RngExt;
use rand_pcg::Pcg64;
use rayon::prelude::*;
use waves::{Field, Warp};

/// Attenuation coefficients at 511 keV in 1/cm.
mod tissue {
    pub const SOFT: f64 = 0.096;
    pub const FAT: f64 = 0.090;
    pub const LUNG: f64 = 0.027;
    pub const BONE: f64 = 0.150;
    pub const AIR: f64 = 0.0;
    pub const PLASTIC: f64 = 0.110;
}

/// One random body with its lesions.
#[derive(Clone, Debug)]
pub struct Anatomy {
    parts: Vec<Part>,
    warp: Warp,
    /// Unevenness of activity.
    texture: Field,
    /// Folds of surfaces.
    folds: Field,
}

/// Activity and attenuation on a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Painted {
    /// Relative activity.
    pub activity: Vec<f32>,
    /// 1/cm
    pub attenuation: Vec<f32>,
}

impl Anatomy {
    /// The anatomy of a seed and an index, made to fit into a cylinder of radius `room_mm` around the axis.
    pub fn random(seed: u64, index: usize, room_mm: f64, public: &PublicData) -> Self {
        let random = &mut stream(seed, Purpose::Anatomy, index);
        let (mut parts, body) = body(room_mm, public, random);
        lesion::add(&mut parts, &body, public, random);
        let bend = body.half[0].min(body.half[1]) * random.random_range(0.0..0.03);
        Self {
            parts,
            warp: Warp::random(bend, [60.0, 200.0], random),
            texture: Field::random(8, [10.0, 60.0], random),
            folds: Field::random(8, [16.0, 70.0], random),
        }
    }

    /// Activity and attenuation on a grid of voxels.
    pub fn paint(&self, grid: &ImageGrid) -> Painted {
        let [_, ny, nz] = grid.shape;
        let size_mm = grid.voxel_mm[0].max(grid.voxel_mm[1]);
        let mut painted = Painted { activity: vec![0.0; grid.voxels()], attenuation: vec![0.0; grid.voxels()] };
        let planes = painted.activity.par_chunks_mut(ny * nz).zip(painted.attenuation.par_chunks_mut(ny * nz));
        planes.enumerate().for_each(|(i, (activity, attenuation))| {
            let near = self.near_plane(grid.centre_mm([i, 0, 0])[0], size_mm);
            for (voxel, (activity, attenuation)) in activity.iter_mut().zip(attenuation).enumerate() {
                let p = self.warp.at(grid.centre_mm([i, voxel / nz, voxel % nz]));
                [*activity, *attenuation] = self.point(&near, p, size_mm);
            }
        });
        painted
    }

    /// Parts that can touch the plane at x, with their balls.
    fn near_plane(&self, x: f64, size_mm: f64) -> Vec<(&Part, [f64; 3], f64)> {
        let slack = self.warp.reach_mm() + size_mm;
        let parts = self.parts.iter().map(|part| {
            let (centre, reach) = part.ball();
            (part, centre, reach + slack)
        });
        parts.filter(|(_, centre, reach)| (x - centre[0]).abs() <= *reach).collect()
    }

    fn point(&self, parts: &[(&Part, [f64; 3], f64)], p: [f64; 3], size_mm: f64) -> [f32; 2] {
        let (mut activity, mut attenuation) = (0.0, 0.0);
        for (part, centre, reach) in parts {
            let squared: f64 = (0..3).map(|axis| (p[axis] - centre[axis]).powi(2)).sum();
            if squared > reach * reach {
                continue;
            }
            let share = part.share(p, size_mm, &self.folds);
            if share > 0.0 {
                activity += share * (part.activity(p, activity, &self.texture) - activity);
                attenuation += share * (part.attenuation.unwrap_or(attenuation) - attenuation);
            }
        }
        [activity as f32, attenuation as f32]
    }
}

/// Where lesions may be, and how much activity is usual there.
#[derive(Clone, Copy, Debug)]
struct Body {
    centre: [f64; 3],
    /// Half sizes in mm.
    half: [f64; 3],
    /// Activity of its soft tissue.
    activity: f64,
}

fn body(room_mm: f64, public: &PublicData, random: &mut Pcg64) -> (Vec<Part>, Body) {
    // A body of any kind; public data take half of all, where there are any.
    if let Some(made) = public.body(room_mm, random) {
        return made;
    }
    match random.random_range(0..10) {
        0..4 => torso::body(room_mm, random),
        4..7 => brain::body(room_mm, random),
        7..9 => rods::body(room_mm, random),
        _ => random_solids::body(room_mm, random),
    }
}

/// A number between two, equally likely on a logarithmic scale.
fn between(low: f64, high: f64, random: &mut Pcg64) -> f64 {
    low * (high / low).powf(random.random_range(0.0..1.0))
}

/// A number around 1: within a relative deviation.
fn about(deviation: f64, random: &mut Pcg64) -> f64 {
    random.random_range(1.0 - deviation..1.0 + deviation)
}

/// True with this probability.
fn chance(probability: f64, random: &mut Pcg64) -> bool {
    random.random_range(0.0..1.0) < probability
}

#[cfg(test)]
mod tests;
