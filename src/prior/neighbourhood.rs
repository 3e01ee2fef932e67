//! Which voxels are neighbours, and with which weight.
//!
//! A displacement dr = (dx, dy, dz) in voxels has the weight w = voxel_x / ‖dr‖ with ‖dr‖ in mm, as in STIR and PETRIC:
//! 1 for the next voxel along x. Each displacement is listed with its mirror image behind the half of all, so that one
//! half names every unordered pair once. Pairs with a voxel outside the volume do not exist.

use crate::image::ImageGrid;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Neighbours of a voxel: `neighbours = 6`, 18 or 26.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Neighbours {
    /// Those that share a face.
    Six,
    /// Those that share a face or an edge.
    Eighteen,
    /// All of 3 × 3 × 3.
    #[default]
    TwentySix,
}

impl TryFrom<u8> for Neighbours {
    type Error = String;
    fn try_from(count: u8) -> Result<Self, String> {
        match count {
            6 => Ok(Self::Six),
            18 => Ok(Self::Eighteen),
            26 => Ok(Self::TwentySix),
            _ => Err(format!("a voxel has 6, 18 or 26 neighbours, not {count}")),
        }
    }
}

impl From<Neighbours> for u8 {
    fn from(neighbours: Neighbours) -> u8 {
        match neighbours {
            Neighbours::Six => 6,
            Neighbours::Eighteen => 18,
            Neighbours::TwentySix => 26,
        }
    }
}

impl JsonSchema for Neighbours {
    fn schema_name() -> Cow<'static, str> {
        "Neighbours".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": [6, 18, 26] })
    }
}

/// Voxels to either side of a search window: 1 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8", into = "u8")]
pub struct WindowReach(#[schemars(range(min = 1, max = 4))] u8);

impl WindowReach {
    pub(super) const fn of(voxels: u8) -> Self {
        Self(voxels)
    }

    /// The number of voxels.
    pub fn get(self) -> usize {
        self.0.into()
    }
}

impl TryFrom<u8> for WindowReach {
    type Error = String;
    fn try_from(voxels: u8) -> Result<Self, String> {
        match voxels {
            1..=4 => Ok(Self(voxels)),
            _ => Err(format!("a search window reaches 1 to 4 voxels, not {voxels}")),
        }
    }
}

impl From<WindowReach> for u8 {
    fn from(reach: WindowReach) -> u8 {
        reach.0
    }
}

/// One displacement from a voxel to a neighbour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Displacement {
    /// Voxels along x, y, z.
    pub voxels: [isize; 3],
    /// voxel_x / distance
    pub weight: f32,
}

/// All displacements of a neighbourhood on one grid.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Neighbourhood {
    /// Voxels along x, y, z of the images.
    pub shape: [usize; 3],
    /// Largest step along an axis.
    pub reach: usize,
    /// A half, then its mirror images in the same order.
    pub displacements: Vec<Displacement>,
}

impl Neighbourhood {
    /// 6, 18 or 26 neighbours.
    pub fn new(grid: &ImageGrid, neighbours: Neighbours) -> Self {
        let most = match neighbours {
            Neighbours::Six => 1,
            Neighbours::Eighteen => 2,
            Neighbours::TwentySix => 3,
        };
        Self::within(grid, 1, |voxels| voxels.iter().map(|v| v.abs()).sum::<isize>() <= most)
    }

    /// All voxels of the cube of 2·reach + 1 voxels that `chosen` keeps.
    pub fn within(grid: &ImageGrid, reach: usize, chosen: impl Fn([isize; 3]) -> bool) -> Self {
        let steps = || -(reach as isize)..=reach as isize;
        let all = steps().flat_map(|x| steps().flat_map(move |y| steps().map(move |z| [x, y, z])));
        let half: Vec<_> = all.filter(|&voxels| voxels > [0, 0, 0] && chosen(voxels)).collect();
        let mirrored: Vec<_> = half.iter().map(|voxels| voxels.map(|v| -v)).collect();
        let displacements = half.into_iter().chain(mirrored).map(|voxels| {
            let mm: f64 = (0..3).map(|axis| (voxels[axis] as f64 * grid.voxel_mm[axis]).powi(2)).sum();
            Displacement { voxels, weight: (grid.voxel_mm[0] / mm.sqrt()) as f32 }
        });
        Self { shape: grid.shape, reach, displacements: displacements.collect() }
    }

    /// Number of unordered pairs that a voxel inside the volume begins.
    pub fn half(&self) -> usize {
        self.displacements.len() / 2
    }

    /// The neighbour of a voxel, `None` outside the volume.
    pub fn neighbour(&self, voxel: [usize; 3], displacement: usize) -> Option<[usize; 3]> {
        let step = self.displacements[displacement].voxels;
        let mut found = [0; 3];
        for axis in 0..3 {
            found[axis] = voxel[axis].checked_add_signed(step[axis]).filter(|&at| at < self.shape[axis])?;
        }
        Some(found)
    }
}
