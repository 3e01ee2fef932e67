//! Random anatomies: what a network is trained on.
//!
//! An anatomy is a list of parts painted in order, each with an activity (relative, about 1 in soft tissue) and an
//! attenuation (1/cm), in a smoothly warped space. Parts are solids, or maps of tissue where named public data are
//! given. Everything follows from one seed. Positions are in mm in the scanner frame.
//!
//! [`Bodies`] draws from families of bodies that are asked for; each body then comes with lesions and a carpet of blobs
//! that are painted apart from it, so that one scan can be made with and without them, and with an anatomical image.

mod ball;
mod brain;
mod carpet;
mod cells;
mod family;
mod folds;
mod guide;
mod leaves;
mod lesion;
mod made;
mod paired;
mod part;
mod pose;
mod public;
mod random_solids;
mod ribbons;
mod rods;
mod room;
mod torso;
mod volume;
mod voronoi;
mod waves;

pub use ball::{Ball, Spot};
pub use carpet::{Blob, information, informations};
pub use family::{Bodies, Family};
pub use guide::Guide;
pub use paired::Lesion;
pub use public::{PublicData, PublicDataError};
pub use room::Room;

use crate::image::ImageGrid;
use crate::simulate::{Purpose, stream};
use ball::{Change, size_mm};
use cells::Cells;
use coincide_kernels::zeros;
use made::Made;
use part::{Part, Place};
use pose::{Extent, Pose};
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
    /// `None` where it is of the mix that no families were asked of.
    family: Option<Family>,
    parts: Vec<Part>,
    warp: Warp,
    /// Unevenness of activity.
    texture: Field,
    /// Folds of surfaces.
    folds: Field,
    /// A fine unevenness of all activity, and its relative standard deviation.
    fine: Option<(Field, f64)>,
    look: guide::Look,
    lesions: Vec<Lesion>,
    carpet: Vec<Blob>,
}

/// A body on a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Painted {
    /// Relative activity.
    pub activity: Vec<f32>,
    /// 1/cm
    pub attenuation: Vec<f32>,
    /// Intensity of the anatomical image, about 0 to 1; zero where there is none.
    pub anatomical: Vec<f32>,
}

impl Painted {
    /// Nothing on a grid.
    pub fn empty(grid: &ImageGrid) -> Self {
        let [activity, attenuation, anatomical] = [(); 3].map(|()| zeros(grid.voxels()));
        Self { activity, attenuation, anatomical }
    }

    /// Adds the activity of a lesion or a blob.
    pub fn add(&mut self, spot: &Spot) {
        spot.iter().for_each(|(voxel, added)| self.activity[*voxel] += added);
    }
}

impl Anatomy {
    /// The anatomy of a seed and an index, made to fit into a cylinder of radius `room_mm` around the axis: a torso, a
    /// head with a rippled cortex, a phantom or solids, or of public data, with lesions near z = 0 and without an
    /// anatomical image.
    pub fn random(seed: u64, index: usize, room_mm: f64, public: &PublicData) -> Self {
        let random = &mut stream(seed, Purpose::Anatomy, index);
        let (mut parts, body) = body(room_mm, public, random);
        lesion::add(&mut parts, &body, 0.0, public, random);
        let bend = body.half[0].min(body.half[1]) * random.random_range(0.0..0.03);
        Self {
            family: None,
            parts,
            warp: Warp::random(bend, [60.0, 200.0], random),
            texture: Field::random(8, [10.0, 60.0], random),
            folds: Field::random(8, [16.0, 70.0], random),
            fine: None,
            look: guide::Look::blank(),
            lesions: Vec::new(),
            carpet: Vec::new(),
        }
    }

    /// The family, where families were asked for.
    pub fn family(&self) -> Option<Family> {
        self.family
    }

    /// The kind of its anatomical image.
    pub fn guide(&self) -> Guide {
        self.look.guide
    }

    /// Lesions that are not part of the body that [`Self::paint`] paints; [`Self::paint_lesion`] paints them.
    pub fn lesions(&self) -> &[Lesion] {
        &self.lesions
    }

    /// Blobs that are not part of the body either; their amplitudes follow from the scan.
    pub fn carpet(&self) -> &[Blob] {
        &self.carpet
    }

    /// Activity, attenuation and anatomical image on a grid of voxels.
    pub fn paint(&self, grid: &ImageGrid) -> Painted {
        let [_, ny, nz] = grid.shape;
        let size_mm = size_mm(grid);
        let mut painted = Painted::empty(grid);
        let Painted { activity, attenuation, anatomical } = &mut painted;
        let planes = activity.par_chunks_mut(ny * nz).zip(attenuation.par_chunks_mut(ny * nz));
        planes.zip(anatomical.par_chunks_mut(ny * nz)).enumerate().for_each(|(i, ((activity, attenuation), other))| {
            let near = self.near_plane(grid.centre_mm([i, 0, 0])[0], size_mm);
            for (voxel, ((activity, attenuation), other)) in activity.iter_mut().zip(attenuation).zip(other).enumerate()
            {
                let p = grid.centre_mm([i, voxel / nz, voxel % nz]);
                let made = self.point(&near, p, size_mm);
                [*activity, *attenuation] = [made[0] as f32, made[1] as f32];
                *other = match self.look.guide {
                    Guide::Blank => 0.0,
                    Guide::Attenuation => 10.0 * made[1],
                    _ if self.look.in_place() => made[2],
                    _ => self.point(&near, self.look.shifted(p), size_mm)[2],
                } as f32;
            }
        });
        self.look.finish(grid, &mut painted.anatomical);
        painted
    }

    /// The same with all lesions in it.
    pub fn paint_with_lesions(&self, grid: &ImageGrid) -> Painted {
        let mut painted = self.paint(grid);
        (0..self.lesions.len()).for_each(|n| painted.add(&self.paint_lesion(grid, n)));
        painted
    }

    /// The activity that lesion `n` adds to the body; negative for a cold one.
    pub fn paint_lesion(&self, grid: &ImageGrid, n: usize) -> Spot {
        self.spot(grid, &self.lesions[n].ball, self.lesions[n].change())
    }

    /// The activity that blob `n` of the carpet adds at amplitude 1; negative for a cold one.
    pub fn paint_blob(&self, grid: &ImageGrid, n: usize) -> Spot {
        self.spot(grid, &self.carpet[n].ball, self.carpet[n].change())
    }

    fn spot(&self, grid: &ImageGrid, ball: &Ball, change: Change) -> Spot {
        let size_mm = size_mm(grid);
        let reach = ball.reach_mm(size_mm) + self.warp.reach_mm();
        let parts: Vec<_> =
            self.near(size_mm).filter(|(_, extent)| extent.wider(reach).holds(ball.centre_mm)).collect();
        let value = |([i, j, k], share): ([usize; 3], f64)| {
            let body = match change {
                Change::Adds(_) => [0.0; 3],
                Change::Takes(_) => self.point(&parts, grid.centre_mm([i, j, k]), size_mm),
            };
            (grid.index([i, j, k]), (share * change.of(body)) as f32)
        };
        ball.shares(grid).into_iter().map(value).collect()
    }

    /// Mean activity of the body in a ball.
    fn activity_in(&self, ball: &Ball) -> f64 {
        let (points, size_mm) = (ball.samples(), 1.0);
        let parts: Vec<_> = self.near(size_mm).collect();
        points.iter().map(|p| self.point(&parts, *p, size_mm)[0]).sum::<f64>() / points.len() as f64
    }

    /// All parts, and where they can touch a voxel.
    fn near(&self, size_mm: f64) -> impl Iterator<Item = (&Part, Extent)> {
        let slack = self.warp.reach_mm() + size_mm;
        self.parts.iter().map(move |part| (part, part.extent().wider(slack)))
    }

    /// Parts that can touch the plane at x.
    fn near_plane(&self, x: f64, size_mm: f64) -> Vec<(&Part, Extent)> {
        let slack = self.look.shift_mm[0].abs();
        let touches = |extent: &Extent| (x - extent.centre[0]).abs() <= extent.across + slack;
        self.near(size_mm).filter(|(_, extent)| touches(extent)).collect()
    }

    /// What the body is made of at a point.
    fn point(&self, parts: &[(&Part, Extent)], p: [f64; 3], size_mm: f64) -> Made {
        let place = Place::new(self.warp.at(p), size_mm, &self.folds, &self.texture);
        let mut made = [0.0; 3];
        for (part, _) in parts.iter().filter(|(_, extent)| extent.holds(place.p)) {
            made = part.over(made, &place);
        }
        if let Some((field, deviation)) = &self.fine
            && made[0] > 0.0
        {
            made[0] *= (1.0 + deviation * field.at(place.p)).max(0.1);
        }
        made
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
    if public.has_bodies()
        && !chance(0.5, random)
        && let Some(made) = public.body(room_mm, random)
    {
        return made;
    }
    match random.random_range(0..10) {
        0..4 => torso::body(room_mm, random),
        4..7 => brain::body(room_mm, random),
        7..9 => rods::body(room_mm, random),
        _ => random_solids::body(room_mm, random),
    }
}

/// Activity of a thing that nobody has: nothing, or any around 1.
fn any_activity(random: &mut Pcg64) -> f64 {
    if chance(0.15, random) { 0.0 } else { between(0.2, 6.0, random) }
}

/// Attenuation of a thing that nobody has, mostly that of soft tissue, in 1/cm.
fn any_attenuation(random: &mut Pcg64) -> f64 {
    [tissue::SOFT, tissue::SOFT, tissue::SOFT, tissue::FAT, tissue::LUNG, tissue::BONE][random.random_range(0..6)]
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
