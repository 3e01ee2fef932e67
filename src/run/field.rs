//! The grid that a model needs: the wanted image, and what lies around it.
//!
//! What is seen blurred in front of the border lies behind it, so the model reaches further than the wanted image by
//! the reach of the resolution model: axially always, transaxially where the image ends inside of the scanner's field.
//! Where the lines that miss the image hold counts, the object is larger than the image; then the rest of the scanner's
//! field is reconstructed, too. Files and figures hold the wanted image.

use super::Options;
use crate::config::{ReconConfig, ResolutionConfig, WholeField};
use crate::data::Measurement;
use crate::image::ImageGrid;
use crate::operator::{Margin, Resolution};
use crate::scanner::SinogramGeometry;

/// Net counts of the lines that miss an image, over their standard deviation and over all net counts, which are those
/// of an object there.
const SIGNIFICANT: f64 = 5.0;
const LEAST_SHARE: f64 = 1e-3;

/// The grid of a measurement's model; says what it costs where that is more than the border.
pub(super) fn field(config: &ReconConfig, measurement: &Measurement, wanted: ImageGrid, options: &Options) -> Margin {
    let geometry = &measurement.geometry;
    let near = bordered(config, geometry, wanted);
    let whole = whole_field(config, geometry, wanted);
    let wider = match config.image.whole_field {
        WholeField::Never => false,
        WholeField::Always => true,
        WholeField::Auto => whole != near && counts_outside(measurement, &wanted),
    };
    if wider && whole.wider() != near.wider() {
        let ([x, y, z], ratio) = (whole.wider().shape, whole.wider().voxels() as f64 / wanted.voxels() as f64);
        let said = format!(
            "the object reaches beyond the image: the scanner's whole field is reconstructed, {x} × {y} × {z} voxels, \
             {ratio:.1} times as many as are wanted (`[image] whole_field = \"never\"` does without)"
        );
        options.console.say(said);
    }
    if wider { whole } else { near }
}

/// The grid of a model whose measurement is not known.
pub(crate) fn expected_field(config: &ReconConfig, geometry: &SinogramGeometry, wanted: ImageGrid) -> Margin {
    match config.image.whole_field {
        WholeField::Always => whole_field(config, geometry, wanted),
        WholeField::Auto | WholeField::Never => bordered(config, geometry, wanted),
    }
}

/// The wanted image and the reach of the resolution model around it, as far as anything is seen there.
fn bordered(config: &ReconConfig, geometry: &SinogramGeometry, wanted: ImageGrid) -> Margin {
    let (lacking, reach) = (lacking(geometry, &wanted), reach(config, &wanted));
    around(wanted, |axis, end| reach[axis].min(seen_blurred(lacking[axis][end], axis, reach)))
}

/// The wanted image, all that lines reach, and the reach of the resolution model behind the scanner's ends.
fn whole_field(config: &ReconConfig, geometry: &SinogramGeometry, wanted: ImageGrid) -> Margin {
    let (lacking, reach) = (lacking(geometry, &wanted), reach(config, &wanted));
    around(wanted, |axis, end| seen_blurred(lacking[axis][end], axis, reach))
}

fn around(wanted: ImageGrid, voxels: impl Fn(usize, usize) -> usize) -> Margin {
    let [before, behind] = [0, 1].map(|end| std::array::from_fn(|axis| voxels(axis, end)));
    Margin::new(wanted, before, behind)
}

/// Voxels to where nothing is seen any more: the scanner's ends are blurred; transaxially, no image is looked for
/// beyond its field.
fn seen_blurred(lacking: f64, axis: usize, reach: [usize; 3]) -> usize {
    let blurred = if axis == 2 { reach[2] as f64 } else { 0.0 };
    (lacking + blurred - 1e-3).ceil().max(0.0) as usize
}

fn reach(config: &ReconConfig, grid: &ImageGrid) -> [usize; 3] {
    let widths = config.resolution.as_ref().map(ResolutionConfig::widths).unwrap_or_default();
    Resolution::reach(grid, &widths)
}

/// How far lines of response reach beyond the first and the last voxel along x, y, z, in voxels; negative where the
/// image reaches further. Axially the centres of the voxels count: a line at the centre of the last slice takes nothing
/// of the next.
fn lacking(geometry: &SinogramGeometry, grid: &ImageGrid) -> [[f64; 2]; 3] {
    let seen = seen_mm(geometry);
    std::array::from_fn(|axis| {
        let half = if axis == 2 { 0.0 } else { 0.5 };
        let first = grid.origin_mm[axis] / grid.voxel_mm[axis] - half;
        let last = grid.origin_mm[axis] / grid.voxel_mm[axis] + (grid.shape[axis] - 1) as f64 + half;
        [first - seen[axis][0] / grid.voxel_mm[axis], seen[axis][1] / grid.voxel_mm[axis] - last]
    })
}

/// First and last place along x, y, z that lines of response reach, in mm.
fn seen_mm(geometry: &SinogramGeometry) -> [[f64; 2]; 3] {
    let radius = [0, geometry.radial_bins - 1].map(|bin| geometry.line(0, bin).distance_and_angle().0.abs());
    let radius = radius[0].max(radius[1]);
    // Planes that stand for several ring pairs have their mean tilt, which may lead beyond the rings.
    let rings = [0, geometry.scanner.rings - 1].map(|ring| geometry.scanner.ring_z_mm(ring));
    let ends = geometry.all_planes().fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], plane| {
        let half = 0.5 * plane.dz_mm.abs();
        [low.min((plane.z_mm - half).max(rings[0])), high.max((plane.z_mm + half).min(rings[1]))]
    });
    [[-radius, radius], [-radius, radius], ends]
}

/// Slices of a grid whose centres lie between the scanner's ends, or no more than half a slice behind them.
pub(super) fn known_slices(geometry: &SinogramGeometry, grid: &ImageGrid) -> Vec<bool> {
    let (ends, half) = (seen_mm(geometry)[2], 0.5 * grid.voxel_mm[2]);
    let inside = |k: usize| {
        let z = grid.centre_mm([0, 0, k])[2];
        (ends[0] - half..=ends[1] + half).contains(&z)
    };
    (0..grid.shape[2]).map(inside).collect()
}

/// Whether the lines that miss an image hold significantly more counts than their background.
fn counts_outside(measurement: &Measurement, grid: &ImageGrid) -> bool {
    let geometry = &measurement.geometry;
    let (tof, planes) = (geometry.tof_bins(), geometry.planes());
    let box_mm = box_mm(grid);
    let beside: Vec<bool> = geometry
        .all_planes()
        .map(|plane| {
            let half = 0.5 * plane.dz_mm.abs();
            plane.z_mm + half < box_mm[2][0] || plane.z_mm - half > box_mm[2][1]
        })
        .collect();
    let (mut counts, mut expected, mut room, mut background) = (0.0, 0.0, Vec::new(), Vec::new());
    for line in 0..geometry.views * geometry.radial_bins {
        let misses = !crosses(geometry, line, &box_mm);
        if !misses && !beside.contains(&true) {
            continue;
        }
        let bins = line * tof * planes..(line + 1) * tof * planes;
        let outside = |bin: usize| misses || beside[bin % planes];
        let sum = |values: &[f32]| -> f64 {
            values.iter().enumerate().filter(|(bin, _)| outside(*bin)).map(|(_, value)| f64::from(*value)).sum()
        };
        counts += sum(measurement.prompts.range(bins, &mut room));
        expected += measurement.background.as_ref().map_or(0.0, |b| sum(b.line(line, &mut background)));
    }
    let net = measurement.total_prompts() - measurement.total_background();
    counts - expected > (SIGNIFICANT * counts.sqrt()).max(LEAST_SHARE * net)
}

/// Edges of a grid along x, y, z in mm.
fn box_mm(grid: &ImageGrid) -> [[f64; 2]; 3] {
    std::array::from_fn(|axis| {
        let first = grid.origin_mm[axis] - 0.5 * grid.voxel_mm[axis];
        [first, first + grid.shape[axis] as f64 * grid.voxel_mm[axis]]
    })
}

/// Whether a transaxial line crosses a box.
fn crosses(geometry: &SinogramGeometry, line: usize, box_mm: &[[f64; 2]; 3]) -> bool {
    let (s, angle) = geometry.line(line / geometry.radial_bins, line % geometry.radial_bins).distance_and_angle();
    let (sin, cos) = angle.sin_cos();
    // The line is where x cos φ + y sin φ = s; it crosses where the corners lie on both sides of it.
    let corner = |x: usize, y: usize| box_mm[0][x] * cos + box_mm[1][y] * sin - s;
    let sides = [corner(0, 0), corner(0, 1), corner(1, 0), corner(1, 1)];
    sides.iter().any(|side| *side <= 0.0) && sides.iter().any(|side| *side >= 0.0)
}
