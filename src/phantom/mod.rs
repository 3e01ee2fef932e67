//! Phantoms: painted solids, on a voxel image where there is one, with exact chords.
//!
//! A phantom is a list of shapes, painted in order: a later shape replaces what it covers. Each has an activity
//! concentration λ (Bq/mL) and a linear attenuation coefficient µ (1/cm). The tissues of a voxel image are shapes, too,
//! under all painted ones and after them in the list. Along a line from A to B a phantom gives
//!
//!   ∫ λ dl in Bq/mL · mm,   ∫ µ dl without unit,
//!
//! exactly (f64), and the pieces of the line in each visible shape, so that any kernel along the line (time of flight)
//! can be integrated exactly too. Positions are `[x, y, z]` in mm in the scanner frame (LPS, see [`crate::image`]).
//!
//! Phantoms are TOML files ([`Phantom::parse`]); the ones shipped in `phantoms/` are known by name ([`PRESETS`]).

mod checks;
mod error;
mod file;
mod presets;
mod random;
mod scoring;
mod solid;
mod stretch;
mod trace;
mod vector;
mod voxel_file;
mod voxel_map;
mod voxels;

pub use error::PhantomError;
pub use file::whole;
pub use presets::PRESETS;
pub use stretch::Stretch;
pub use trace::Tracer;

use crate::image::ImageGrid;
use crate::metrics::Scoring;
use solid::{Form, Solid};
use std::sync::Arc;
use voxel_map::VoxelMap;

/// Shapes painted in order, and the regions in which reconstructions are scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Phantom {
    /// Short name.
    pub name: String,
    /// What it is, for people.
    pub description: String,
    /// Where its numbers come from.
    pub citation: String,
    /// Where standards score it.
    pub scoring: Scoring,
    solids: Vec<Solid>,
    voxels: Option<Arc<VoxelMap>>,
    /// What an anatomical scanner shows, and the value of each of its tissues.
    anatomical: Option<Arc<(VoxelMap, Vec<f64>)>>,
    activity: Vec<f64>,
    attenuation: Vec<f64>,
    region: Vec<Option<String>>,
    /// Regions with solids of their own, not painted.
    extra_regions: Vec<(String, Vec<Solid>)>,
}

/// What a line collects on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LineIntegrals {
    /// ∫ λ dl in Bq/mL · mm.
    pub activity: f64,
    /// ∫ µ dl, no unit.
    pub attenuation: f64,
}

/// Millimetres per centimetre: attenuation is per cm, lengths are in mm.
const MM_PER_CM: f64 = 10.0;

impl Phantom {
    /// The phantom of a shipped name, of a number as in `random-17` (without its lesions: `random-17-plain`), or of a
    /// file where `name` ends in `.toml`.
    pub fn load(name: &str) -> Result<Self, PhantomError> {
        match name.ends_with(".toml") {
            true => Self::read(name.as_ref()),
            false => random::named(name).unwrap_or_else(|| presets::preset(name)),
        }
    }

    /// Balls in the void: centre in mm, radius in mm and activity in Bq/mL of each.
    pub fn balls(name: &str, balls: &[([f64; 3], f64, f64)]) -> Self {
        let solid = |(centre, radius, _): &_| Solid::new(Form::Ellipsoid, *centre, vector::IDENTITY, [*radius; 3]);
        Self {
            name: name.into(),
            description: String::new(),
            citation: String::new(),
            scoring: Scoring::default(),
            solids: balls.iter().map(solid).collect(),
            voxels: None,
            anatomical: None,
            activity: balls.iter().map(|(.., activity)| *activity).collect(),
            attenuation: vec![0.0; balls.len()],
            region: vec![None; balls.len()],
            extra_regions: Vec::new(),
        }
    }

    /// Number of shapes, painted ones and tissues of a voxel image.
    pub fn shapes(&self) -> usize {
        self.activity.len()
    }

    /// The grid of the voxel image, where there is one.
    pub fn voxel_grid(&self) -> Option<&ImageGrid> {
        self.voxels.as_ref().map(|map| map.grid())
    }

    /// Activity concentration of a shape in Bq/mL.
    pub fn activity(&self, shape: usize) -> f64 {
        self.activity[shape]
    }

    /// Attenuation coefficient of a shape in 1/cm.
    pub fn attenuation(&self, shape: usize) -> f64 {
        self.attenuation[shape]
    }

    /// Name of the region that a shape belongs to.
    pub fn region(&self, shape: usize) -> Option<&str> {
        self.region[shape].as_deref()
    }

    /// Names of all regions, in the order of the file, each once.
    pub fn regions(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let extra = self.extra_regions.iter().map(|(name, _)| name);
        for name in self.region.iter().flatten().chain(extra) {
            if !names.contains(&name.as_str()) {
                names.push(name.as_str());
            }
        }
        names
    }

    /// The visible shape at a point, `None` outside of all.
    pub fn shape_at(&self, point_mm: [f64; 3]) -> Option<usize> {
        let tissue = || self.voxels.as_ref()?.at(point_mm).map(|tissue| self.solids.len() + tissue);
        self.solids.iter().rposition(|solid| solid.contains(point_mm)).or_else(tissue)
    }

    /// Volume in mL of the uncut, unpainted solid of a shape; `None` where half-spaces cut it, and for tissues.
    pub fn solid_ml(&self, shape: usize) -> Option<f64> {
        let solid = self.solids.get(shape)?;
        solid.is_whole().then(|| solid.uncut_volume() / 1000.0)
    }

    /// Extent `[low, high]` of all shapes along x, y and z in mm, half-space cuts not counted.
    pub fn extent_mm(&self) -> [[f64; 2]; 3] {
        std::array::from_fn(|axis| {
            let along = vector::IDENTITY[axis];
            let voxels = self.voxels.iter().map(|map| map.extent(along));
            let extents = self.solids.iter().map(|solid| solid.extent(along)).chain(voxels);
            extents.reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]).unwrap_or([0.0, 0.0])
        })
    }

    /// Work space to follow lines with; one per thread.
    pub fn tracer(&self) -> Tracer<'_> {
        Tracer::new(self)
    }

    /// Activity and attenuation along stretches of a line.
    pub fn integrate(&self, stretches: &[Stretch]) -> LineIntegrals {
        let mut sum = LineIntegrals::default();
        for stretch in stretches {
            sum.activity += stretch.length_mm() * self.activity[stretch.shape];
            sum.attenuation += stretch.length_mm() * self.attenuation[stretch.shape];
        }
        sum.attenuation /= MM_PER_CM;
        sum
    }
}
