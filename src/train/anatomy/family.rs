//! Families of bodies, and how bodies are drawn from them.

use super::room::Room;
use super::waves::{Field, Warp};
use super::{Anatomy, Body, Guide, PublicData, between, carpet, chance, guide, lesion, paired};
use super::{Part, leaves, random_solids, ribbons, rods, torso, voronoi};
use crate::simulate::{Purpose, stream};
use rand::RngExt;
use rand_pcg::Pcg64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Kinds of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Family {
    /// Chests, abdomens, pelves; 30 % of all.
    Torso,
    /// Heads whose cortex is a folded ribbon of grey matter; 15 %.
    Ribbons,
    /// Voronoi cells; 10 %.
    Voronoi,
    /// Smooth blobs that cover each other, of all sizes; 10 %.
    Leaves,
    /// Ellipsoids in an ellipsoid; 10 %.
    Solids,
    /// Phantoms as laboratories fill them; 5 %.
    Rods,
    /// Bodies made of the public data that are given; 20 %.
    Public,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Torso, Self::Ribbons, Self::Voronoi, Self::Leaves, Self::Solids, Self::Rods, Self::Public];

    /// Its share where all are drawn from; where some are left out, the others keep their proportions.
    pub fn share(self) -> f64 {
        match self {
            Self::Torso => 0.3,
            Self::Public => 0.2,
            Self::Ribbons => 0.15,
            Self::Voronoi | Self::Leaves | Self::Solids => 0.1,
            Self::Rods => 0.05,
        }
    }

    /// Families of anything that is not a trunk: some have a fine texture, some a carpet.
    pub fn is_wide(self) -> bool {
        !matches!(self, Self::Torso | Self::Public)
    }

    /// One out of these, by their shares; public data only where they have bodies.
    fn among(families: &[Self], public: &PublicData, random: &mut Pcg64) -> Self {
        let possible = |family: &&Self| **family != Self::Public || public.has_bodies();
        let families: Vec<Self> = families.iter().filter(possible).copied().collect();
        let mut left = random.random_range(0.0..1.0) * families.iter().map(|family| family.share()).sum::<f64>();
        let drawn = families.iter().find(|family| {
            left -= family.share();
            left < 0.0
        });
        drawn.or(families.last()).copied().unwrap_or(Self::Torso)
    }

    fn body(self, room: Room, public: &PublicData, random: &mut Pcg64) -> (Vec<Part>, Body) {
        match self {
            Self::Torso => torso::body(room.radius_mm, random),
            Self::Ribbons => ribbons::body(room, random),
            Self::Voronoi => voronoi::body(room, random),
            Self::Leaves => leaves::body(room, random),
            Self::Solids => random_solids::body(room.radius_mm, random),
            Self::Rods => rods::body(room.radius_mm, random),
            Self::Public => public.body(room.radius_mm, random).unwrap_or_else(|| torso::body(room.radius_mm, random)),
        }
    }
}

impl fmt::Display for Family {
    /// Its name in a config.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Torso => "torso",
            Self::Ribbons => "ribbons",
            Self::Voronoi => "voronoi",
            Self::Leaves => "leaves",
            Self::Solids => "solids",
            Self::Rods => "rods",
            Self::Public => "public",
        })
    }
}

/// What bodies are drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Bodies<'a> {
    /// Families, by their shares.
    pub families: &'a [Family],
    /// The kind of anatomical image; drawn where it is `None`.
    pub guide: Option<Guide>,
    /// The room for each.
    pub room: Room,
    /// Public data; its tumours become lesions in all families.
    pub public: &'a PublicData,
}

impl Bodies<'_> {
    /// The body of a seed and an index, with its lesions and its anatomical image.
    pub fn draw(&self, seed: u64, index: usize) -> Anatomy {
        let (random, room) = (&mut stream(seed, Purpose::Anatomy, index), self.room);
        let family = Family::among(self.families, self.public, random);
        let (parts, body) = family.body(room, self.public, random);
        let bend = body.half[0].min(body.half[1]) * random.random_range(0.0..0.03);
        let mut anatomy = Anatomy {
            family: Some(family),
            parts,
            warp: Warp::random(bend, [60.0, 200.0], random),
            texture: Field::random(8, [10.0, 60.0], random),
            folds: Field::random(8, [16.0, 70.0], random),
            fine: (family.is_wide() && chance(0.4, random)).then(|| fine_texture(random)),
            look: guide::Look::random(self.guide.unwrap_or(Guide::random(random)), random),
            lesions: Vec::new(),
            carpet: Vec::new(),
        };
        anatomy.colour(&body, room, random);
        lesion::add(&mut anatomy.parts, &body, 0.85 * room.half_height_mm, self.public, random);
        anatomy.lesions = paired::draw(&anatomy, &body, room, random);
        if family.is_wide() && chance(0.4, random) {
            anatomy.carpet = carpet::draw(&anatomy, &body, room, &anatomy.lesions, random);
        }
        anatomy
    }
}

/// A band-limited field and its relative standard deviation. Its autocorrelation is as wide (FWHM) as 4 to 15 mm: 0.6
/// wavelengths for waves from all directions.
fn fine_texture(random: &mut Pcg64) -> (Field, f64) {
    let wavelength = between(4.0, 15.0, random) / 0.6;
    (Field::random(24, [0.75 * wavelength, 1.5 * wavelength], random), random.random_range(0.05..0.25))
}
