//! Images of other programs: numbers in the order of a file, on voxel axes of its own, brought into the scanner frame.

mod affine;
mod background;
mod number;
mod tilted;

pub(super) use affine::Affine;
pub(super) use number::{Number, Order};

use super::IoError;
use super::unit::{UNIT_NAMES, sounds_like_unit, unit_named};
use super::values::Rule;
use crate::image::{Image, ImageGrid, ImageUnit};
use std::path::Path;

/// A field that is wrong: name, what was found, what was expected.
pub(super) type Wrong = (&'static str, String, &'static str);

/// How to read an image of another program; the default refuses whatever would have to be decided.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ImageOptions {
    /// The unit of files that do not state theirs.
    pub unit: Option<ImageUnit>,
    /// What NaN are.
    pub nan: NanRule,
    /// What becomes of an image that does not lie along the scanner's axes.
    pub tilt: TiltRule,
}

/// What NaN in an image are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NanRule {
    /// Damage: the file is refused.
    #[default]
    Refuse,
    /// Those that reach the rim of the image through other NaN are air: 0, or −1000 HU; their number is told. Others
    /// are refused.
    Background,
}

impl NanRule {
    /// Fills the background where the rule has one, and tells how much it was. `values` have the first axis of `shape`
    /// fastest.
    pub(super) fn apply(self, values: &mut [f32], shape: [usize; 3], unit: ImageUnit) -> Option<String> {
        if self == Self::Refuse {
            return None;
        }
        let air = air(unit);
        let count = background::fill(values, shape, air);
        let of = values.len();
        (count > 0).then(|| format!("{count} of {of} voxels are NaN around the object and are read as {air}"))
    }
}

/// What is outside of an object.
fn air(unit: ImageUnit) -> f32 {
    if unit == ImageUnit::Hounsfield { -1000.0 } else { 0.0 }
}

/// What becomes of a tilted image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TiltRule {
    /// It is refused, with its angle.
    #[default]
    Refuse,
    /// It is interpolated linearly onto upright voxels of its own size that cover it; its angle is told. Beyond it is
    /// air: 0, or −1000 HU.
    Resample,
}

/// An image, and what was decided while it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadImage {
    /// The image.
    pub image: Image,
    /// Sentences for people, without the name of the file.
    pub notes: Vec<String>,
}

/// An image as a file holds it, all its bytes read.
pub(super) struct Stored {
    /// The first axis is fastest.
    pub shape: [usize; 3],
    pub number: Number,
    pub order: Order,
    pub slope: f64,
    pub intercept: f64,
    pub affine: Affine,
    pub unit: ImageUnit,
    /// As many as the shape and the number ask for.
    pub bytes: Vec<u8>,
}

impl Stored {
    /// Brings the numbers into the scanner frame.
    pub fn into_image(self, path: &Path, options: &ImageOptions) -> Result<ReadImage, IoError> {
        let told = |error| wrong(path, error);
        self.affine.check().map_err(told)?;
        let placement = self.affine.place(self.shape);
        if placement.is_none() && options.tilt == TiltRule::Refuse {
            return Err(told(refused_tilt(&self.affine)));
        }
        let mut notes = Vec::new();
        let Self { shape, affine, unit, .. } = self;
        let mut values = self.decode();
        notes.extend(options.nan.apply(&mut values, shape, unit));
        let image = match placement {
            Some(placement) => {
                let grid = placement.grid;
                let values = voxels(&grid).map(|voxel| values[placement.position(voxel)]).collect();
                let image = Image { grid, unit, values };
                check_finite(path, &image)?;
                image
            }
            None => {
                let [nx, ny, nz] = shape;
                Rule::Finite.check(path, "stored voxel [k, j, i] ", &values, &[nz, ny, nx])?;
                let grid = tilted::upright(&affine, shape).map_err(told)?;
                let degrees = affine.tilt_degrees();
                notes.push(format!("the image is tilted by {degrees:.2}° and was interpolated onto {grid}"));
                Image { grid, unit, values: tilted::resampled(&values, shape, &affine, &grid, air(unit)) }
            }
        };
        Ok(ReadImage { image, notes })
    }

    fn decode(self) -> Vec<f32> {
        let scaled = |raw: &[u8]| (self.slope * self.number.read(raw, self.order) + self.intercept) as f32;
        self.bytes.chunks_exact(self.number.bytes()).map(scaled).collect()
    }
}

fn voxels(grid: &ImageGrid) -> impl Iterator<Item = [usize; 3]> + use<> {
    let [nx, ny, nz] = grid.shape;
    (0..nx).flat_map(move |i| (0..ny).flat_map(move |j| (0..nz).map(move |k| [i, j, k])))
}

fn refused_tilt(affine: &Affine) -> Wrong {
    let found = format!("tilted by {:.2}° against the scanner's axes", affine.tilt_degrees());
    ("the affine", found, "voxel axes along the scanner's axes; resample a tilted image first, or allow it here")
}

/// Names the first voxel that is not finite, and how many there are.
pub(super) fn check_finite(path: &Path, image: &Image) -> Result<(), IoError> {
    let nan = image.values.iter().filter(|value| value.is_nan()).count();
    match Rule::Finite.check(path, "voxel", &image.values, &image.grid.shape) {
        Err(IoError::Field { path, field, found, .. }) if nan > 0 => {
            let expected = format!(
                "a finite number ({nan} voxels are NaN; those around an object can be read as background, those inside \
                 of it cannot)"
            );
            Err(IoError::Field { path, field, found, expected })
        }
        checked => checked,
    }
}

/// The unit that a field states, else the default. A unit that is not known is refused: the default would be wrong.
pub(super) fn stated_unit(
    path: &Path,
    field: &'static str,
    stated: &str,
    default_unit: Option<ImageUnit>,
) -> Result<ImageUnit, IoError> {
    match unit_named(stated) {
        Some(unit) => Ok(unit),
        None if sounds_like_unit(stated) => Err(wrong(path, (field, format!("`{stated}`"), UNIT_NAMES))),
        None => default_unit.ok_or_else(|| IoError::Missing {
            path: path.into(),
            field: field.into(),
            expected: format!("{UNIT_NAMES}; or state the unit of the image where you name the file"),
        }),
    }
}

pub(super) fn wrong(path: &Path, (field, found, expected): Wrong) -> IoError {
    IoError::Field { path: path.into(), field: field.into(), found, expected: expected.into() }
}
