//! `coincide verify`: the promises of the projector, kept on the user's own config.
//!
//! The adjoint: |⟨Ax, y⟩ − ⟨x, Aᵀy⟩| / (‖Ax‖ ‖y‖) with signed noise, A = G B, and A = m ⊙ G B of one subset with the
//! factors m of the measurement. With TOF, the bins of a line sum to its projection without TOF. The chords: an
//! ellipsoid of unit activity is voxelised, projected, and compared with its exact chords, in mm. The sensitivity: Gᵀ1
//! is positive wherever the scanner sees, given relative to its maximum. The memory: one iteration takes what `coincide
//! check` predicts.
//!
//! A chord that grazes the surface at half a voxel h is wrong by √(2hR); all of them make a relative L2 error of the
//! order h/R. It must be below h/R, with R the semi-axes of the ellipsoid.

use super::assembled::{assembled_adjoint, corrected};
use super::field::field;
use super::measurement::outline;
use super::prepare::{Prepared, prepare};
use super::rehearsal::rehearse;
use super::{Options, RunError, first};
use crate::config::{ReconConfig, ResolutionConfig};
use crate::image::ImageGrid;
use crate::operator::{LinearOperator, Projector, Resolution, Widths, dot_test};
use crate::phantom::Phantom;
use crate::report::VerifyResult;
use crate::scanner::SinogramGeometry;
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Bins that are looked at; of larger sinograms only some views.
const MOST_BINS: usize = 16_000_000;

/// What passes.
const LARGEST_ADJOINT_ERROR: f64 = 1e-6;
const LARGEST_TOF_ERROR: f64 = 1e-5;

/// Share of the radius of the field of view within which the sensitivity is looked at.
const INNER_SHARE: f64 = 0.95;

/// How far the middle of a line may lie from the point of it that is nearest to the centre, in mm.
const FROM_THE_MIDDLE_MM: f64 = 10.0;

/// Proves adjoint, chords and sensitivity for the geometry, image grid and resolution of a config.
pub fn verify(path: &Path, options: &Options) -> Result<VerifyResult, RunError> {
    let (source, config) = ReconConfig::read(path)?;
    let outline = outline(&config.measurement, &source)?;
    let geometry = outline.geometry.clone();
    let widths = config.resolution.as_ref().map(ResolutionConfig::widths).unwrap_or_default();
    options.pool(config.run.threads)?.install(|| {
        let Prepared { corrections, images, problems, .. } = prepare(&source, &config, &outline, options);
        first(problems)?;
        let wanted = config.image.grid(&geometry, &source)?;
        let measurement = Arc::new(corrected(&source, &config, &corrections, options)?);
        let margin = field(&config, &measurement, wanted, options);
        let grid = margin.wider();
        // Before anything else takes memory.
        let memory = rehearse(&source, &config, &measurement, (&margin, &images), options)?;
        let mut found = proof(&geometry, grid, &widths)?;
        let adjoint = assembled_adjoint(&measurement, grid, &config)?;
        found.passed &=
            adjoint < LARGEST_ADJOINT_ERROR && memory.is_none_or(|memory| memory.found_mb < memory.most_mb());
        Ok(VerifyResult { assembled_adjoint: Some(adjoint), memory, ..found })
    })
}

/// What is found of a geometry, a grid and a resolution model.
pub(crate) fn proof(geometry: &SinogramGeometry, grid: ImageGrid, widths: &Widths) -> Result<VerifyResult, RunError> {
    let views = some_views(geometry);
    let projector = Projector::new(geometry, grid).subset(&views);
    let adjoint = match Resolution::new(&grid, widths) {
        None => largest_adjoint_error(&projector),
        Some(resolution) => largest_adjoint_error(&resolution.then(projector.clone())),
    };
    let (semi_axes_mm, ellipsoid) = ellipsoid(&grid)?;
    // Chords without TOF: the ellipsoid may reach beyond the TOF bins.
    let without = SinogramGeometry { tof: None, ..geometry.clone() };
    let plain = Projector::new(&without, grid).subset(&views);
    let (chord_relative_l2, chord_p999_mm) = chord_errors(&ellipsoid, &plain, &without, &views);
    let chord_bound = (0..3).map(|axis| grid.voxel_mm[axis] / semi_axes_mm[axis]).fold(0.0, f64::max);
    let sensitivity_min = smallest_sensitivity(&projector, geometry);
    let tof_sum = tof_sum_error(&ellipsoid, [&projector, &plain], geometry);
    let passed = adjoint < LARGEST_ADJOINT_ERROR
        && chord_relative_l2 < chord_bound
        && sensitivity_min > 0.0
        && tof_sum.is_none_or(|difference| difference < LARGEST_TOF_ERROR);
    let (assembled_adjoint, memory) = (None, None);
    Ok(VerifyResult {
        adjoint,
        assembled_adjoint,
        tof_sum,
        memory,
        chord_relative_l2,
        chord_bound,
        chord_p999_mm,
        sensitivity_min,
        passed,
    })
}

/// Evenly spread views that hold at most [`MOST_BINS`], at least four of them where there are as many.
fn some_views(geometry: &SinogramGeometry) -> Vec<usize> {
    let per_view = geometry.bins() / geometry.views;
    let step = geometry.views.div_ceil((MOST_BINS / per_view).clamp(4, geometry.views.max(4)));
    (0..geometry.views).step_by(step).collect()
}

fn largest_adjoint_error(operator: &dyn LinearOperator) -> f64 {
    (0..3).map(|seed| dot_test(operator, 2 * seed)).fold(0.0, f64::max)
}

/// Relative L2 error and 99.9th percentile of the absolute error in mm, without TOF.
fn chord_errors(
    ellipsoid: &Phantom,
    projector: &Projector,
    geometry: &SinogramGeometry,
    views: &[usize],
) -> (f64, f64) {
    let image = ellipsoid.activity_image(&projector.grid());
    let mut projected = vec![0.0; projector.range().iter().product()];
    projector.forward(&image.values, &mut projected);
    let [_, radial_bins, _, planes] = geometry.shape();
    let errors: Vec<(f64, f64)> = projected
        .par_chunks(planes)
        .enumerate()
        .flat_map_iter(|(line, bins)| {
            let (view, radial) = (views[line / radial_bins], line % radial_bins);
            let mut tracer = ellipsoid.tracer();
            let chords = geometry.all_planes().zip(bins).map(move |(plane, &found)| {
                let [a, b] = geometry.line_of_response(view, radial, plane);
                let exact = tracer.line_integrals(a, b).activity;
                (exact, (f64::from(found) - exact).abs())
            });
            chords.collect::<Vec<_>>()
        })
        .collect();
    let norm: f64 = errors.iter().map(|(exact, _)| exact * exact).sum();
    let error: f64 = errors.iter().map(|(_, error)| error * error).sum();
    let mut sorted: Vec<f64> = errors.into_iter().map(|(_, error)| error).collect();
    let at = (sorted.len() - 1) * 999 / 1000;
    let (_, percentile, _) = sorted.select_nth_unstable_by(at, f64::total_cmp);
    ((error / norm).sqrt(), *percentile)
}

/// Relative L2 difference of the sum over TOF bins from the projection without TOF, of that part of the ellipsoid which
/// the bins see whole; `None` where they are too short for any.
fn tof_sum_error(ellipsoid: &Phantom, [projector, plain]: [&Projector; 2], geometry: &SinogramGeometry) -> Option<f64> {
    let tof = geometry.tof?;
    let (grid, mut image) = (projector.grid(), ellipsoid.activity_image(&projector.grid()));
    // A point is no farther from the middle of any line through it than from the centre, but for the lines' own tilt
    // and end points.
    let spare = 3.0 * tof.sigma_mm + 2.0 * grid.voxel_mm.iter().fold(0.0, |a: f64, b| a.max(*b)) + FROM_THE_MIDDLE_MM;
    let reach = 0.5 * tof.count as f64 * tof.width_mm - spare;
    let [_, ny, nz] = grid.shape;
    for (n, value) in image.values.iter_mut().enumerate() {
        let at = grid.centre_mm([n / (ny * nz), n / nz % ny, n % nz]);
        if at.iter().map(|mm| mm * mm).sum::<f64>().sqrt() > reach {
            *value = 0.0;
        }
    }
    if image.values.iter().all(|value| *value == 0.0) {
        return None;
    }
    let project = |projector: &Projector| {
        let mut projected = vec![0.0; projector.range().iter().product()];
        projector.forward(&image.values, &mut projected);
        projected
    };
    let [_, _, tof, planes] = geometry.shape();
    let (timed, plain) = (project(projector), project(plain));
    let column = |(bins, whole): (&[f32], &[f32])| {
        let sum = |plane: usize| bins[plane..].iter().step_by(planes).map(|bin| f64::from(*bin)).sum::<f64>();
        let squares =
            |(plane, whole): (usize, &f32)| ((sum(plane) - f64::from(*whole)).powi(2), f64::from(*whole).powi(2));
        whole.iter().enumerate().map(squares).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1))
    };
    let (difference, norm) = timed
        .chunks(tof * planes)
        .zip(plain.chunks(planes))
        .map(column)
        .fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
    Some((difference / norm).sqrt())
}

/// An ellipsoid of unit activity, off the centre, inside the image; and its semi-axes in mm.
fn ellipsoid(grid: &ImageGrid) -> Result<([f64; 3], Phantom), RunError> {
    let half: [f64; 3] = std::array::from_fn(|axis| 0.5 * grid.shape[axis] as f64 * grid.voxel_mm[axis]);
    let semi_axes @ [x, y, z] = [0.55 * half[0], 0.45 * half[1], 0.7 * half[2]];
    let middle = grid.middle_mm();
    let [cx, cy, cz] = [middle[0] + 0.11 * half[0], middle[1] - 0.07 * half[1], middle[2] + 0.05 * half[2]];
    let text = format!(
        "name = \"ellipsoid\"\ndescription = \"unit activity\"\ncitation = \"none\"\n[[shapes]]\n\
         solid.ellipsoid = {{ semi_axes_mm = [{x}, {y}, {z}] }}\ncentres_mm = [[{cx}, {cy}, {cz}]]\n\
         activity_bq_per_ml = 1.0\nattenuation_per_cm = 0.0\nregion = \"ellipsoid\"\n"
    );
    Ok((semi_axes, Phantom::parse(&text, "the ellipsoid of `verify`")?))
}

/// Smallest Gᵀ1 of all voxels in the cylinder that the lines cover, relative to the largest of the image.
fn smallest_sensitivity(projector: &Projector, geometry: &SinogramGeometry) -> f64 {
    let grid = projector.grid();
    let mut sensitivity = vec![0.0; grid.voxels()];
    projector.adjoint(&vec![1.0; projector.range().iter().product()], &mut sensitivity);
    let largest = sensitivity.iter().fold(0.0_f32, |largest, &s| largest.max(s));
    let field = geometry.field_of_view();
    let reach = geometry.scanner.ring_z_mm(geometry.scanner.rings - 1);
    let seen = |index: usize| {
        let [_, ny, nz] = grid.shape;
        let [x, y, z] = grid.centre_mm([index / (ny * nz), index / nz % ny, index % nz]);
        x.hypot(y) <= INNER_SHARE * field.radius_mm && z.abs() <= reach && field.contains([x, y, z])
    };
    let smallest = (0..grid.voxels()).filter(|&index| seen(index)).map(|index| sensitivity[index]);
    f64::from(smallest.fold(largest, f32::min)) / f64::from(largest)
}
