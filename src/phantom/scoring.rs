//! `[scoring.…]` of a phantom file: where standards score the phantom.
//!
//! ```toml
//! [scoring.nema]                               # NEMA NU 2 image quality, see `metrics::NemaLayout`
//! spheres = ["sphere-10", "sphere-37"]         # regions of one ball each: diameter, place and activity are theirs
//! background = "background"                    # region of one activity, over which the contrasts are
//! discs_mm = [[-108.2, 0.7], [-91.3, -32.4]]   # centres `[x, y]` of the background discs
//! slices_mm = [0.0, -10.0, 10.0]               # their slices, from that of the spheres
//! lung = "lung-insert"                         # region of one cylinder along z
//! lung_z_mm = [-90.0, 50.0]                    # first and last axial position where it is scored
//!
//! [scoring.earl]                               # EARL accreditation, see `metrics::earl`
//! spheres = ["sphere-10", "sphere-37"]
//! background = "background"
//!
//! [scoring.nu4]                                # NEMA NU 4 image quality, see `metrics::NemaSmallLayout`
//! rods = ["rod-1", "rod-5"]                    # regions of one cylinder along z each
//! rods_z_mm = [-20.0, -10.0]                   # first and last axial position of the slices that are averaged
//! uniform = "uniform"                          # regions
//! cold = { water = "cold-water-core", air = "cold-air-core" }
//! ```

use super::checks::{check_point, wrong};
use super::solid::Solid;
use super::vector::Vector;
use super::{Phantom, PhantomError};
use crate::metrics::{EarlLayout, NemaLayout, NemaSmallLayout, NemaSphere, Scoring};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScoringTable {
    nema: Option<NemaTable>,
    earl: Option<EarlTable>,
    nu4: Option<Nu4Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NemaTable {
    spheres: Vec<String>,
    background: String,
    discs_mm: Vec<[f64; 2]>,
    slices_mm: Vec<f64>,
    lung: String,
    lung_z_mm: [f64; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EarlTable {
    spheres: Vec<String>,
    background: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nu4Table {
    rods: Vec<String>,
    rods_z_mm: [f64; 2],
    uniform: String,
    cold: ColdTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColdTable {
    water: String,
    air: String,
}

impl ScoringTable {
    /// Where the phantom is scored; every region that a table names must be there, and what the table takes it for.
    pub fn of(&self, phantom: &Phantom, file: &str) -> Result<Scoring, PhantomError> {
        let of = |table| Regions { phantom, file, table };
        let nema = self.nema.as_ref().map(|table| table.layout(&of("scoring.nema")));
        let earl = self.earl.as_ref().map(|table| table.layout(&of("scoring.earl")));
        let nu4 = self.nu4.as_ref().map(|table| table.layout(&of("scoring.nu4")));
        Ok(Scoring { nema: nema.transpose()?, earl: earl.transpose()?, nu4: nu4.transpose()? })
    }
}

impl NemaTable {
    fn layout(&self, regions: &Regions) -> Result<NemaLayout, PhantomError> {
        for (index, &[x, y]) in self.discs_mm.iter().enumerate() {
            check_point([x, y, 0.0], regions.file, || regions.field(&format!("discs_mm[{index}]")))?;
        }
        for (index, &z) in self.slices_mm.iter().enumerate() {
            check_point([0.0, 0.0, z], regions.file, || regions.field(&format!("slices_mm[{index}]")))?;
        }
        if self.discs_mm.len() * self.slices_mm.len() < 2 {
            let found = format!("{} in {} slices", self.discs_mm.len(), self.slices_mm.len());
            return Err(regions.wrong("discs_mm", found, "two discs and more: their spread is scored"));
        }
        let (spheres, plane_z_mm) = regions.spheres(&self.spheres, &self.background)?;
        let ([x, y, _], _) = regions.cylinder("lung", &self.lung)?;
        Ok(NemaLayout {
            spheres,
            plane_z_mm,
            slices_mm: self.slices_mm.clone(),
            background_mm: self.discs_mm.clone(),
            lung_mm: [x, y],
            lung_z_mm: regions.range("lung_z_mm", self.lung_z_mm)?,
        })
    }
}

impl EarlTable {
    fn layout(&self, regions: &Regions) -> Result<EarlLayout, PhantomError> {
        let (spheres, plane_z_mm) = regions.spheres(&self.spheres, &self.background)?;
        Ok(EarlLayout { spheres, plane_z_mm, background: self.background.clone() })
    }
}

impl Nu4Table {
    fn layout(&self, regions: &Regions) -> Result<NemaSmallLayout, PhantomError> {
        let rod = |(index, name): (usize, &String)| {
            let ([x, y, _], radius) = regions.cylinder(&format!("rods[{index}]"), name)?;
            Ok((2.0 * radius, [x, y]))
        };
        let own = [("uniform", &self.uniform), ("cold.water", &self.cold.water), ("cold.air", &self.cold.air)];
        own.iter().try_for_each(|(key, name)| regions.known(key, name))?;
        Ok(NemaSmallLayout {
            rods_mm: self.rods.iter().enumerate().map(rod).collect::<Result<_, _>>()?,
            rods_z_mm: regions.range("rods_z_mm", self.rods_z_mm)?,
            regions: own.map(|(_, name)| name.clone()),
        })
    }
}

/// The regions of a phantom, for one table.
struct Regions<'a> {
    phantom: &'a Phantom,
    file: &'a str,
    table: &'static str,
}

impl Regions<'_> {
    fn field(&self, key: &str) -> String {
        format!("{}.{key}", self.table)
    }

    fn wrong(&self, key: &str, found: impl ToString, expected: &'static str) -> PhantomError {
        wrong(self.file, &self.field(key), found, expected)
    }

    fn known(&self, key: &str, name: &str) -> Result<(), PhantomError> {
        let known = self.phantom.regions();
        if known.contains(&name) {
            return Ok(());
        }
        let known = known.into_iter().map(String::from).collect();
        Err(PhantomError::Scoring { file: self.file.into(), field: self.field(key), name: name.into(), known })
    }

    /// The shapes that are painted under a name.
    fn shapes(&self, key: &str, name: &str) -> Result<Vec<usize>, PhantomError> {
        self.known(key, name)?;
        Ok((0..self.phantom.shapes()).filter(|&shape| self.phantom.region(shape) == Some(name)).collect())
    }

    /// The one shape that is painted under a name, seen as what it has to be.
    fn one<T>(
        &self,
        key: &str,
        name: &str,
        as_form: impl Fn(&Solid) -> Option<T>,
        expected: &'static str,
    ) -> Result<(usize, T), PhantomError> {
        match self.shapes(key, name)?[..] {
            [shape] => as_form(&self.phantom.solids[shape]).map(|form| (shape, form)),
            _ => None,
        }
        .ok_or_else(|| self.wrong(key, format!("`{name}`"), expected))
    }

    /// Centre and radius in mm.
    fn cylinder(&self, key: &str, name: &str) -> Result<(Vector, f64), PhantomError> {
        Ok(self.one(key, name, Solid::cylinder_along_z, "a region of one shape: a round, uncut cylinder along z")?.1)
    }

    /// Spheres, from the smallest to the largest, and the plane that their centres lie in.
    fn spheres(&self, names: &[String], background: &str) -> Result<(Vec<NemaSphere>, f64), PhantomError> {
        let around = self.activity("background", background)?;
        let mut plane_z_mm = None;
        let mut spheres = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let key = format!("spheres[{index}]");
            let (shape, ([x, y, z], radius)) =
                self.one(&key, name, Solid::ball, "a region of one shape: an uncut ellipsoid of equal axes")?;
            let contrast = self.phantom.activity(shape) / around;
            if contrast == 1.0 {
                let found = format!("`{name}`, as active as the background");
                return Err(self.wrong(&key, found, "a hot or a cold sphere"));
            }
            if *plane_z_mm.get_or_insert(z) != z {
                return Err(self.wrong(&key, format!("`{name}` at z = {z} mm"), "spheres with centres in one slice"));
            }
            spheres.push(NemaSphere { diameter_mm: 2.0 * radius, centre_mm: [x, y], contrast });
        }
        spheres.sort_by(|a, b| a.diameter_mm.total_cmp(&b.diameter_mm));
        let plane_z_mm = plane_z_mm.ok_or_else(|| self.wrong("spheres", "empty", "at least one sphere"))?;
        Ok((spheres, plane_z_mm))
    }

    /// The activity of a region whose shapes have the same.
    fn activity(&self, key: &str, name: &str) -> Result<f64, PhantomError> {
        let shapes = self.shapes(key, name)?;
        let activity = shapes.first().map(|&shape| self.phantom.activity(shape)).filter(|activity| {
            *activity > 0.0 && shapes.iter().all(|&shape| self.phantom.activity(shape) == *activity)
        });
        activity.ok_or_else(|| self.wrong(key, format!("`{name}`"), "a painted region of one activity above 0"))
    }

    fn range(&self, key: &str, [low, high]: [f64; 2]) -> Result<[f64; 2], PhantomError> {
        match low.is_finite() && high.is_finite() && low <= high {
            true => Ok([low, high]),
            false => Err(self.wrong(key, format!("[{low}, {high}]"), "two finite positions, the lower one first")),
        }
    }
}
