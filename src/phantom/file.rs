//! Phantoms as TOML.
//!
//! ```toml
//! name = "example"
//! description = "A hot rod in a ball of water"
//! citation = "none"
//!
//! [[shapes]]                                   # painted in order; a later shape replaces what it covers
//! solid.ellipsoid = { semi_axes_mm = [90.0, 80.0, 70.0] }
//! activity_bq_per_ml = 1000.0
//! attenuation_per_cm = 0.096
//!
//! [[shapes]]
//! solid.cylinder = { radii_mm = [5.0, 5.0], length_mm = 60.0 }
//! centres_mm = [[-20.0, 0.0, 0.0], [20.0, 0.0, 0.0]]   # one or many; default [[0, 0, 0]]
//! axis = [0.0, 1.0, 1.0]                       # where the solid's own z axis points; default [0, 0, 1]
//! turn_deg = 0.0                               # turn about its own z axis before that
//! cuts = [{ through_mm = [0.0, 0.0, 0.0], keep = [1.0, 0.0, 0.0] }]   # keep the side that `keep` points to
//! activity_bq_per_ml = 4000.0
//! attenuation_per_cm = 0.096
//! region = "rod"                               # optional: the visible part of the shape is a region to score
//!
//! [[regions]]                                  # optional: regions that are not painted
//! name = "centre"
//! solid.ellipsoid = { semi_axes_mm = [10.0, 10.0, 10.0] }
//! ```
//!
//! Optional tables `[scoring.…]` say where standards score it: `scoring.rs`.
//!
//! Images may lie under the shapes, of which there may then be none:
//!
//! ```toml
//! [voxels]
//! labels = "head.nii.gz"                       # whole numbers, 0 for nothing; any format that is read; from here
//! tissues = [
//!     { label = 1, activity_bq_per_ml = 8000.0, attenuation_per_cm = 0.096, region = "grey matter" },
//!     { label = 2, activity_bq_per_ml = 2000.0, attenuation_per_cm = 0.096 },
//! ]
//! # or, voxel by voxel:
//! # activity = "activity.nii.gz"               # Bq/mL
//! # attenuation = "mu.nii.gz"                  # 1/cm, on the same grid; without it nothing attenuates
//! anatomical = "t1.nii.gz"                     # optional, on any grid: what an anatomical scanner shows
//! centred = false                              # whether each image's middle is put into that of the scanner
//! shift_mm = [0.0, 0.0, 0.0]                   # of all of them
//! ```
//!
//! Solids: `ellipsoid = { semi_axes_mm }`, `cylinder = { radii_mm, length_mm }` (elliptic, along its z), `box = {
//! size_mm }`, `cone = { radii_mm = [at −z, at +z], length_mm }`.

use super::checks::{LARGEST_MM, check_point, region_name, show, wrong};
use super::scoring::ScoringTable;
use super::solid::{Form, Solid};
use super::vector::{Vector, orientation, unit};
use super::voxel_file::VoxelsTable;
use super::{Phantom, PhantomError};
use crate::io;
use crate::metrics::Scoring;
use crate::units::{NonNegative, Positive};
use serde::Deserialize;
use std::path::{Path, PathBuf};

const LARGEST_FILE: u64 = 16 << 20;
/// Every centre of a shape carries its own cuts: without a limit a small file could ask for a huge product.
const MOST_CUTS: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhantomFile {
    name: String,
    description: String,
    citation: String,
    voxels: Option<VoxelsTable>,
    #[serde(default)]
    shapes: Vec<ShapeTable>,
    #[serde(default)]
    regions: Vec<RegionTable>,
    #[serde(default)]
    scoring: ScoringTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShapeTable {
    solid: SolidTable,
    #[serde(default = "origin")]
    centres_mm: Vec<Vector>,
    #[serde(default = "along_z")]
    axis: Vector,
    #[serde(default)]
    turn_deg: f64,
    #[serde(default)]
    cuts: Vec<CutTable>,
    activity_bq_per_ml: NonNegative,
    attenuation_per_cm: NonNegative,
    region: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionTable {
    name: String,
    solid: SolidTable,
    #[serde(default = "origin")]
    centres_mm: Vec<Vector>,
    #[serde(default = "along_z")]
    axis: Vector,
    #[serde(default)]
    turn_deg: f64,
    #[serde(default)]
    cuts: Vec<CutTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum SolidTable {
    Ellipsoid { semi_axes_mm: [Positive; 3] },
    Cylinder { radii_mm: [Positive; 2], length_mm: Positive },
    Box { size_mm: [Positive; 3] },
    Cone { radii_mm: [NonNegative; 2], length_mm: Positive },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CutTable {
    through_mm: Vector,
    keep: Vector,
}

fn origin() -> Vec<Vector> {
    vec![[0.0; 3]]
}

fn along_z() -> Vector {
    [0.0, 0.0, 1.0]
}

/// A phantom's file and those that it names; any other file and those that belong to it ([`io::whole`]).
pub fn whole(path: &Path) -> Vec<PathBuf> {
    let phantom = || -> Option<PhantomFile> {
        let text = io::ends_in(path, &[".toml"]).then(|| std::fs::read_to_string(path).ok())??;
        toml::from_str(&text).ok()
    };
    let named = phantom().and_then(|phantom| Some(phantom.voxels?.files(&path.display().to_string())));
    let images = named.into_iter().flatten().flat_map(|image| io::whole(&image));
    io::whole(path).into_iter().chain(images).collect()
}

impl Phantom {
    /// Reads a phantom file.
    pub fn read(path: &Path) -> Result<Self, PhantomError> {
        let file = path.display().to_string();
        let unreadable = |source| PhantomError::Read { file: file.clone(), source };
        let found = std::fs::metadata(path).map_err(unreadable)?.len();
        if found > LARGEST_FILE {
            return Err(PhantomError::TooLarge { file, found, largest: LARGEST_FILE });
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&text, &file)
    }

    /// A phantom from its TOML text; `file` names it in errors, and its images lie beside it.
    pub fn parse(text: &str, file: &str) -> Result<Self, PhantomError> {
        let tables: PhantomFile = toml::from_str(text)
            .map_err(|source| PhantomError::Parse { file: file.into(), source: Box::new(source) })?;
        if tables.shapes.is_empty() && tables.voxels.is_none() {
            return Err(wrong(file, "shapes", "empty", "at least one shape, or `voxels`"));
        }
        let mut phantom = Self {
            name: tables.name,
            description: tables.description,
            citation: tables.citation,
            solids: Vec::new(),
            voxels: None,
            anatomical: None,
            activity: Vec::new(),
            attenuation: Vec::new(),
            region: Vec::new(),
            extra_regions: Vec::new(),
            scoring: Scoring::default(),
        };
        for (index, table) in tables.shapes.iter().enumerate() {
            phantom.paint(table, file, &format!("shapes[{index}]"))?;
        }
        if let Some(voxels) = &tables.voxels {
            voxels.lay(&mut phantom, file)?;
        }
        for (index, table) in tables.regions.iter().enumerate() {
            let RegionTable { name, solid, centres_mm, axis, turn_deg, cuts } = table;
            let pose = Pose { centres_mm, axis: *axis, turn_deg: *turn_deg, cuts };
            region_name(name, file, &format!("regions[{index}].name"))?;
            let solids = place(solid, &pose, file, &format!("regions[{index}]"))?;
            phantom.extra_regions.push((name.clone(), solids));
        }
        phantom.scoring = tables.scoring.of(&phantom, file)?;
        Ok(phantom)
    }

    fn paint(&mut self, table: &ShapeTable, file: &str, field: &str) -> Result<(), PhantomError> {
        let pose =
            Pose { centres_mm: &table.centres_mm, axis: table.axis, turn_deg: table.turn_deg, cuts: &table.cuts };
        if let Some(name) = &table.region {
            region_name(name, file, &format!("{field}.region"))?;
        }
        for solid in place(&table.solid, &pose, file, field)? {
            self.solids.push(solid);
            self.activity.push(table.activity_bq_per_ml.get());
            self.attenuation.push(table.attenuation_per_cm.get());
            self.region.push(table.region.clone());
        }
        Ok(())
    }
}

struct Pose<'a> {
    centres_mm: &'a [Vector],
    axis: Vector,
    turn_deg: f64,
    cuts: &'a [CutTable],
}

/// One solid per centre.
fn place(solid: &SolidTable, pose: &Pose, file: &str, field: &str) -> Result<Vec<Solid>, PhantomError> {
    let axis = unit(pose.axis)
        .ok_or_else(|| wrong(file, &format!("{field}.axis"), show(pose.axis), "a direction: finite and not zero"))?;
    if !pose.turn_deg.is_finite() {
        return Err(wrong(file, &format!("{field}.turn_deg"), pose.turn_deg, "a finite angle"));
    }
    if pose.cuts.len() > MOST_CUTS {
        return Err(wrong(file, &format!("{field}.cuts"), format!("{} cuts", pose.cuts.len()), "at most 32 cuts"));
    }
    if pose.centres_mm.is_empty() {
        return Err(wrong(file, &format!("{field}.centres_mm"), "empty", "at least one centre"));
    }
    let (form, half) = solid.unit_form(file, field)?;
    let rotation = orientation(axis, pose.turn_deg.to_radians());
    let mut solids = Vec::with_capacity(pose.centres_mm.len());
    for (index, &centre) in pose.centres_mm.iter().enumerate() {
        check_point(centre, file, || format!("{field}.centres_mm[{index}]"))?;
        let mut solid = Solid::new(form, centre, rotation, half);
        for (index, cut) in pose.cuts.iter().enumerate() {
            let field = format!("{field}.cuts[{index}]");
            check_point(cut.through_mm, file, || format!("{field}.through_mm"))?;
            let keep = unit(cut.keep).ok_or_else(|| {
                wrong(file, &format!("{field}.keep"), show(cut.keep), "a direction: finite and not zero")
            })?;
            solid.cut(cut.through_mm, keep);
        }
        solids.push(solid);
    }
    Ok(solids)
}

impl SolidTable {
    /// The unit solid and its half sizes in mm.
    fn unit_form(&self, file: &str, field: &str) -> Result<(Form, Vector), PhantomError> {
        let (form, half, key) = match self {
            Self::Ellipsoid { semi_axes_mm } => {
                (Form::Ellipsoid, semi_axes_mm.map(Positive::get), "ellipsoid.semi_axes_mm")
            }
            Self::Cylinder { radii_mm: [first, second], length_mm } => {
                (Form::Cylinder, [first.get(), second.get(), 0.5 * length_mm.get()], "cylinder")
            }
            Self::Box { size_mm } => (Form::Box, size_mm.map(|size| 0.5 * size.get()), "box.size_mm"),
            Self::Cone { radii_mm, length_mm } => {
                let [low, high] = radii_mm.map(NonNegative::get);
                let largest = low.max(high);
                if largest == 0.0 {
                    let field = format!("{field}.solid.cone.radii_mm");
                    return Err(wrong(file, &field, "[0, 0]", "at least one radius > 0"));
                }
                let form = Form::Cone { middle: 0.5 * (low + high) / largest, slope: 0.5 * (high - low) / largest };
                (form, [largest, largest, 0.5 * length_mm.get()], "cone")
            }
        };
        if half.iter().any(|size| !(1e-6..=LARGEST_MM).contains(size)) {
            let field = format!("{field}.solid.{key}");
            return Err(wrong(file, &field, show(half.map(|x| 2.0 * x)), "sizes from 2e-6 mm to 2e6 mm"));
        }
        Ok((form, half))
    }
}
