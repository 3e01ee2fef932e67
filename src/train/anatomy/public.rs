//! Anatomies and lesions out of named public data, where a folder of them is given.
//!
//! | name | files | what they become |
//! |---|---|---|
//! | `mni152` | grey and white matter maps of the ICBM 152 average (NIfTI, as nilearn has them) | folded brains in a head |
//! | `torso` | `Voxelized_mesh50XCAT_HeadTorsoAbd.zip`, labels of a male torso at 1 mm | bodies with lungs, liver, bones, arms |
//! | `sts` | `STS_*/PET_image.nii.gz` and `PET_mask.nii.gz`, real sarcomas in SUV | lesions of real shape and uptake |
//!
//! Each is placed at random: level, turn, size, and the warp of the anatomy.

use super::part::{Form, Paint, Part};
use super::pose::Pose;
use super::volume::Volume;
use super::{Body, about, between, chance, tissue};
use crate::image::{Image, ImageUnit};
use crate::io::{IoError, nifti::read_nifti, zip::read_zipped};
use rand::RngExt;
use rand_pcg::Pcg64;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Public data that are in memory; empty where none are given.
#[derive(Clone, Debug, Default)]
pub struct PublicData {
    /// Grey and white matter, 1 mm.
    brain: Option<[Arc<Volume>; 2]>,
    /// Labels, 2 mm.
    torso: Option<Arc<Volume>>,
    tumours: Vec<Tumour>,
}

#[derive(Clone, Debug)]
struct Tumour {
    mask: Arc<Volume>,
    uptake: Arc<Volume>,
    voxel_mm: [f64; 3],
    /// Of the ball of the same volume, in mm.
    radius_mm: f64,
}

/// A data set that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublicDataError {
    /// A file is missing or broken.
    #[error(transparent)]
    Io(#[from] IoError),
    /// No data set has this name.
    #[error("no public data are called `{name}`; known are mni152, torso, sts")]
    Unknown {
        /// The name.
        name: String,
    },
    /// What is to be left out is not there.
    #[error("{} holds no tumour `{name}` to leave out", folder.display())]
    NoTumour {
        /// The folder.
        folder: PathBuf,
        /// The name.
        name: String,
    },
    /// The folder holds nothing of the kind.
    #[error("{} holds no folder STS_* with a PET image and its mask", folder.display())]
    NoTumours {
        /// The folder.
        folder: PathBuf,
    },
}

const GREY: &str = "mni_icbm152_gm_tal_nlin_sym_09a_converted.nii.gz";
const WHITE: &str = "mni_icbm152_wm_tal_nlin_sym_09a_converted.nii.gz";
const TORSO: &str = "Voxelized_mesh50XCAT_HeadTorsoAbd.zip";
const TORSO_SHAPE: [usize; 3] = [658, 280, 956];
/// Every second voxel of the torso is kept.
const TORSO_MM: f64 = 2.0;
/// No room for a trunk.
const SMALL_ROOM_MM: f64 = 140.0;
/// Larger than any map: what is outside of a map has no share anyway.
const EVERYWHERE_MM: f64 = 1e4;

impl PublicData {
    /// Reads the named data sets from their folders inside of `folder`.
    pub fn read(folder: &Path, names: &[String], without: &[String]) -> Result<Self, PublicDataError> {
        let mut data = Self::default();
        for name in names {
            let folder = folder.join(name);
            match name.as_str() {
                "mni152" => data.brain = Some([tissue_map(&folder.join(GREY))?, tissue_map(&folder.join(WHITE))?]),
                "torso" => data.torso = Some(labels(&folder.join(TORSO))?),
                "sts" => data.tumours = tumours(&folder, without)?,
                _ => return Err(PublicDataError::Unknown { name: name.clone() }),
            }
        }
        Ok(data)
    }

    /// Whether there are bodies among them.
    pub(super) fn has_bodies(&self) -> bool {
        self.brain.is_some() || self.torso.is_some()
    }

    /// A body out of these data, where there are any.
    pub(super) fn body(&self, room_mm: f64, random: &mut Pcg64) -> Option<(Vec<Part>, Body)> {
        match (&self.brain, &self.torso) {
            (None, None) => None,
            (Some(brain), None) => Some(head(brain, random)),
            (Some(brain), Some(_)) if room_mm < SMALL_ROOM_MM || chance(0.5, random) => Some(head(brain, random)),
            (_, Some(torso)) => Some(trunk(torso, room_mm, random)),
        }
    }

    /// A real tumour at a place, scaled to a radius; half of the lesions where there are any.
    pub(super) fn tumour(&self, centre: [f64; 3], radius: f64, activity: Paint, random: &mut Pcg64) -> Option<Part> {
        if self.tumours.is_empty() || chance(0.5, random) {
            return None;
        }
        let tumour = &self.tumours[random.random_range(0..self.tumours.len())];
        let size = radius * random.random_range(1.0..2.0) / tumour.radius_mm;
        let pose = placed(centre, [0.0; 3], tumour.voxel_mm.map(|mm| mm * size), random.random_range(0.0..6.3));
        let form = Form::Uptake { share: tumour.mask.clone(), uptake: tumour.uptake.clone(), pose };
        Some(Part::of(form, activity, None))
    }
}

/// u = R (p − centre) / size + from
fn placed(centre: [f64; 3], from: [f64; 3], size_mm: [f64; 3], turn_rad: f64) -> Pose {
    let mut pose = Pose::turned(centre, size_mm, turn_rad);
    let (sin, cos) = turn_rad.sin_cos();
    let back = std::array::from_fn(|axis| from[axis] * size_mm[axis]);
    let [x, y, z]: [f64; 3] = back;
    pose.centre = [centre[0] - (cos * x - sin * y), centre[1] - (sin * x + cos * y), centre[2] - z];
    Pose { across: EVERYWHERE_MM, reach: EVERYWHERE_MM, ..pose }
}

fn head([grey_map, white_map]: &[Arc<Volume>; 2], random: &mut Pcg64) -> (Vec<Part>, Body) {
    let size = [(); 3].map(|()| random.random_range(0.9..1.12));
    let turn = random.random_range(-0.3..0.3);
    let middle = [random.random_range(-10.0..10.0), random.random_range(-10.0..10.0), 0.0];
    let level = random.random_range(-45.0..60.0);
    let white = between(0.6, 1.6, random);
    let grey = white * between(1.5, 4.5, random);
    let shell = |half: [f64; 3], activity, attenuation| {
        let half: [f64; 3] = std::array::from_fn(|axis| half[axis] * size[axis]);
        let centre = [middle[0], middle[1], middle[2] - level * size[2]];
        Part::ellipsoid(centre, half, turn, activity, attenuation).rounded(2.2)
    };
    let map = |map: &Arc<Volume>, activity, texture| {
        let pose = placed(middle, [0.0, 0.0, level], size, turn);
        let form = Form::Share { volume: map.clone(), pose };
        Part::of(form, Paint::Set(activity), Some(tissue::SOFT)).textured(texture)
    };
    let parts = vec![
        shell([84.0, 103.0, 98.0], white * between(0.1, 0.7, random), tissue::SOFT),
        shell([78.0, 97.0, 92.0], 0.2 * white, tissue::BONE),
        shell([73.0, 91.0, 86.0], white * between(0.02, 0.2, random), tissue::SOFT),
        map(grey_map, grey, random.random_range(0.0..0.12)),
        map(white_map, white, 0.0),
    ];
    (parts, Body { centre: middle, half: [65.0, 80.0, 40.0], activity: 0.5 * (white + grey) })
}

fn trunk(labels: &Arc<Volume>, room_mm: f64, random: &mut Pcg64) -> (Vec<Part>, Body) {
    // The trunk is about 380 mm wide; arms may be cut by the edge of the image.
    let size = (random.random_range(0.8..1.1_f64)).min(0.95 * room_mm / 190.0);
    let sizes = [(); 3].map(|()| TORSO_MM * size * about(0.06, random));
    let level = random.random_range(60.0..700.0) / TORSO_MM - 0.5 * labels.shape[2] as f64;
    let turn = random.random_range(-0.12..0.12);
    let middle = [random.random_range(-10.0..10.0), random.random_range(-10.0..10.0), 0.0];
    let pose = placed(middle, [0.0, 0.0, level], sizes, turn);
    let activity = between(0.3, 1.5, random);
    let part = |label, relative: f64, attenuation| {
        let form = Form::Label { volume: labels.clone(), pose, label };
        Part::of(form, Paint::Set(activity * relative), Some(attenuation))
    };
    let mut parts = vec![
        // All labels, so that no seam is left between two of them.
        part(None, 1.0, tissue::SOFT).textured(random.random_range(0.0..0.15)),
        part(Some(7), between(0.5, 3.0, random), tissue::BONE),
        part(Some(6), between(0.15, 0.6, random), tissue::LUNG),
        part(Some(5), between(1.2, 4.0, random), tissue::SOFT),
        part(Some(4), 0.1, tissue::AIR),
        part(Some(3), between(2.0, 8.0, random), tissue::SOFT),
        part(Some(2), 0.0, tissue::AIR),
    ];
    // The map has no heart, kidneys, bowel or vessels: soft organs of any uptake stand for them.
    for _ in 0..random.random_range(0..6) {
        let at = [random.random_range(-80.0..80.0), random.random_range(-45.0..45.0), random.random_range(-20.0..20.0)];
        let centre = std::array::from_fn(|axis| middle[axis] + at[axis] * size);
        let half = [(); 3].map(|()| size * random.random_range(8.0..35.0));
        let uptake = activity * between(0.5, 8.0, random);
        parts.push(Part::ellipsoid(centre, half, random.random_range(0.0..3.1), uptake, tissue::SOFT));
    }
    (parts, Body { centre: middle, half: [150.0 * size, 95.0 * size, 60.0], activity })
}

/// Probabilities, 0 to 1.
fn tissue_map(path: &Path) -> Result<Arc<Volume>, PublicDataError> {
    let Image { grid, values, .. } = read_nifti(path, Some(ImageUnit::BecquerelPerMl))?;
    let largest = values.iter().copied().fold(1.0, f32::max);
    let values = values.iter().map(|value| (255.0 * value / largest).round() as u8).collect();
    Ok(Arc::new(Volume { shape: grid.shape, values, full: 1.0 }))
}

/// Every second label along each axis; the file has x fastest, then y (backwards to the floor), then z (upwards).
fn labels(path: &Path) -> Result<Arc<Volume>, PublicDataError> {
    let [kx, ky, kz] = TORSO_SHAPE.map(|n| n / 2);
    let values = read_zipped(path, ".i33", |bytes| {
        every_second(bytes).map_err(|source| IoError::System { path: path.into(), action: "reading", source })
    })?;
    Ok(Arc::new(Volume { shape: [kx, ky, kz], values, full: 255.0 }))
}

fn every_second(bytes: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let [nx, ny, nz] = TORSO_SHAPE;
    let [kx, ky, kz] = TORSO_SHAPE.map(|n| n / 2);
    let (mut slice, mut values) = (vec![0; 2 * nx * ny], vec![0; kx * ky * kz]);
    for z in 0..nz {
        bytes.read_exact(&mut slice)?;
        if z % 2 == 0 {
            for (x, y) in (0..kx).flat_map(|x| (0..ky).map(move |y| (x, y))) {
                values[(x * ky + y) * kz + z / 2] = slice[2 * (2 * y * nx + 2 * x)];
            }
        }
    }
    Ok(values)
}

fn tumours(folder: &Path, without: &[String]) -> Result<Vec<Tumour>, PublicDataError> {
    let unlisted = |source| IoError::System { path: folder.into(), action: "listing", source };
    let entries = std::fs::read_dir(folder).map_err(unlisted)?;
    let mut cases =
        entries.map(|entry| Ok(entry.map_err(unlisted)?.path())).collect::<Result<Vec<PathBuf>, IoError>>()?;
    cases.retain(|case| case.join("PET_mask.nii.gz").is_file());
    cases.sort();
    let named = |case: &Path, name: &String| case.file_name().is_some_and(|own| own == name.as_str());
    if let Some(name) = without.iter().find(|name| !cases.iter().any(|case| named(case, name))) {
        return Err(PublicDataError::NoTumour { folder: folder.into(), name: name.clone() });
    }
    cases.retain(|case| !without.iter().any(|name| named(case, name)));
    if cases.is_empty() {
        return Err(PublicDataError::NoTumours { folder: folder.into() });
    }
    let unit = Some(ImageUnit::BecquerelPerMl);
    let read = |case: &PathBuf| -> Result<Option<Tumour>, PublicDataError> {
        let image = read_nifti(&case.join("PET_image.nii.gz"), unit)?;
        let mask = read_nifti(&case.join("PET_mask.nii.gz"), unit)?;
        if !image.grid.matches(&mask.grid) {
            let (path, field) = (case.join("PET_mask.nii.gz"), "the grid".into());
            let (found, expected) = (mask.grid.to_string(), format!("that of PET_image.nii.gz, {}", image.grid));
            return Err(IoError::Field { path, field, found, expected }.into());
        }
        Ok(Tumour::cropped(&image, &mask))
    };
    let read = cases.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(read.into_iter().flatten().collect())
}

impl Tumour {
    /// The box around the mask, one voxel wider on every side; `None` where the mask or the uptake is empty.
    fn cropped(image: &Image, mask: &Image) -> Option<Self> {
        let [_, ny, nz] = mask.grid.shape;
        let inside: Vec<usize> = (0..mask.values.len()).filter(|&voxel| mask.values[voxel] > 0.5).collect();
        let place = |voxel: usize| [voxel / (ny * nz), voxel / nz % ny, voxel % nz];
        let low: [usize; 3] = std::array::from_fn(|a| inside.iter().map(|&v| place(v)[a]).min().unwrap_or(0));
        let high: [usize; 3] = std::array::from_fn(|a| inside.iter().map(|&v| place(v)[a]).max().unwrap_or(0));
        let mean = inside.iter().map(|&v| f64::from(image.values[v])).sum::<f64>() / inside.len().max(1) as f64;
        if mean <= 0.0 {
            return None;
        }
        let shape: [usize; 3] = std::array::from_fn(|axis| high[axis] - low[axis] + 3);
        let voxels = shape.iter().product();
        let (mut share, mut uptake) = (vec![0; voxels], vec![0; voxels]);
        let largest = inside.iter().map(|&v| image.values[v]).fold(0.0, f32::max);
        for &voxel in &inside {
            let at: [usize; 3] = std::array::from_fn(|axis| place(voxel)[axis] - low[axis] + 1);
            let to = (at[0] * shape[1] + at[1]) * shape[2] + at[2];
            share[to] = 255;
            uptake[to] = (255.0 * image.values[voxel] / largest).round() as u8;
        }
        let voxel_mm = mask.grid.voxel_mm;
        let volume = inside.len() as f64 * voxel_mm.iter().product::<f64>();
        Some(Self {
            mask: Arc::new(Volume { shape, values: share, full: 1.0 }),
            uptake: Arc::new(Volume { shape, values: uptake, full: f64::from(largest) / mean }),
            voxel_mm,
            radius_mm: (volume * 0.75 / std::f64::consts::PI).cbrt(),
        })
    }
}
