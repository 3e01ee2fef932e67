//! Images of users: opened, put where they lie, and held against the field of view and the activity.

use super::{Options, RunError};
use crate::config::{ConfigError, Source};
use crate::data::{Measurement, support_mm};
use crate::image::{Image, ImageUnit};
use crate::io::{self, ImageOptions, NanRule, TiltRule};
use crate::paths::ImageFile;
use crate::scanner::FieldOfView;

/// How much of the activity may lie outside of a map before it is told, in mm: edges are blurred.
const BESIDE_MM: f64 = 20.0;

/// A map of the config, where the config or the file says that it lies: µ, a CT, an anatomy. One that is tilted against
/// the scanner's axes is resampled, which is told. `unit` is for files that do not state theirs.
pub(crate) fn placed_map(file: &ImageFile, unit: ImageUnit, options: &Options) -> Result<Image, RunError> {
    placed(file, unit, TiltRule::Resample, options)
}

/// An image of the config that is compared voxel by voxel: a tilted one is refused.
pub(crate) fn placed_image(file: &ImageFile, unit: ImageUnit, options: &Options) -> Result<Image, RunError> {
    placed(file, unit, TiltRule::Refuse, options)
}

fn placed(file: &ImageFile, unit: ImageUnit, tilt: TiltRule, options: &Options) -> Result<Image, RunError> {
    let nan = if file.nan_is_air { NanRule::Background } else { NanRule::Refuse };
    let opened = io::open_image(&file.path, &ImageOptions { unit: Some(unit), nan, tilt })?;
    opened.notes.iter().for_each(|note| options.warn(note));
    let mut image = opened.image;
    if file.centred {
        let middle = image.grid.middle_mm();
        (0..3).for_each(|axis| image.grid.origin_mm[axis] -= middle[axis]);
    }
    (0..3).for_each(|axis| image.grid.origin_mm[axis] += file.shift_mm[axis]);
    Ok(image)
}

/// Refuses an image that lies wholly outside of the field of view.
pub(crate) fn inside(image: &Image, field: &FieldOfView, at: &str, source: &Source) -> Result<(), ConfigError> {
    let edges = image.grid.edges_mm();
    let [x, y] = [0, 1].map(|axis| 0.0_f64.clamp(edges[axis][0], edges[axis][1]));
    let [low, high] = field.z_mm;
    if x.hypot(y) < field.radius_mm && edges[2][0] < high && edges[2][1] > low {
        return Ok(());
    }
    let radius = field.radius_mm;
    let message = format!(
        "this image lies over {}, outside of the field of view over {}",
        told(edges),
        told([[-radius, radius], [-radius, radius], field.z_mm])
    );
    let help = "`{ path = …, centred = true }` puts its middle into the middle of the scanner, `shift_mm = [x, y, z]` \
                moves it; programs that convert DICOM keep the z of the bed";
    Err(source.mistake(at, message, Some(help.into())))
}

/// Says where a map ends before the activity does; `edges` are those of what it shows, in mm.
pub(crate) fn told_if_short(edges: [[f64; 2]; 3], measurement: &Measurement, what: &str, options: &Options) {
    let Some(support) = support_mm(measurement) else { return };
    let short =
        |axis: usize| support[axis][0] < edges[axis][0] - BESIDE_MM || support[axis][1] > edges[axis][1] + BESIDE_MM;
    if (0..3).any(short) {
        options.warn(&format!(
            "{what} reaches over {}, the activity over about {}: what lies outside is taken for air; is it where it \
             should be? `{{ path = …, shift_mm = [x, y, z] }}` or `centred = true` move it",
            told(edges),
            told(support)
        ));
    }
}

fn told(edges: [[f64; 2]; 3]) -> String {
    let [x, y, z] = edges.map(|[low, high]| format!("{low:.0} to {high:.0}"));
    format!("x {x}, y {y}, z {z} mm")
}

/// Edges in mm of the voxels above a level; `None` where there are none.
pub(crate) fn edges_above(image: &Image, level: f32) -> Option<[[f64; 2]; 3]> {
    let [_, ny, nz] = image.grid.shape;
    let mut range = [[usize::MAX, 0]; 3];
    for (voxel, _) in image.values.iter().enumerate().filter(|(_, value)| **value > level) {
        for (range, place) in range.iter_mut().zip([voxel / (ny * nz), voxel / nz % ny, voxel % nz]) {
            *range = [range[0].min(place), range[1].max(place)];
        }
    }
    let all = image.grid.edges_mm();
    (range[0][0] != usize::MAX).then(|| {
        std::array::from_fn(|axis| {
            let voxel = image.grid.voxel_mm[axis];
            let [low, high] = range[axis].map(|place| place as f64);
            [all[axis][0] + low * voxel, all[axis][0] + (high + 1.0) * voxel]
        })
    })
}
