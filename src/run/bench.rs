//! `coincide bench projector`: speed of the projectors on known geometries, in lines of response per second.

use super::{Options, RunError};
use crate::algorithm::{Algorithm, Osem};
use crate::data::Measurement;
use crate::image::ImageGrid;
use crate::likelihood::Model;
use crate::operator::{LinearOperator, Projector};
use crate::report::{BenchResult, peak_memory_mb};
use crate::scanner::{AxialCompression, SinogramGeometry, preset};
use std::time::Instant;

/// Transaxial field of the mMR cases: 256 bins of the scanner's bin size.
const MMR_FIELD_MM: f64 = 256.0 * 2.08626;

/// Subsets of the OSEM iteration: the largest divisor of the views up to this.
const MOST_SUBSETS: usize = 21;

/// Names that [`bench_projector`] knows.
pub const BENCH_CASES: &[&str] =
    &["mmr-span11-128", "mmr-span11-172", "mmr-span11-344", "dmi4", "dmi4-tof", "vision600-tof"];

/// Times both projections of a case, best of `runs`.
pub fn bench_projector(case: &str, runs: usize, options: &Options) -> Result<BenchResult, RunError> {
    let (geometry, grid) = bench_case(case)?;
    let pool = options.pool(0)?;
    pool.install(|| {
        let projector = Projector::new(&geometry, grid);
        let (forward, back) = best_times(&projector, runs.max(1));
        let speed = |seconds: f64| geometry.lines() as f64 / seconds / 1e6;
        Ok(BenchResult {
            case: case.into(),
            threads: rayon::current_num_threads(),
            level: projector.level().name().into(),
            lors: geometry.lines(),
            forward_mlor_per_s: speed(forward),
            back_mlor_per_s: speed(back),
            osem_iteration_over_projections: Some(osem_iteration(&geometry, grid)? / (forward + back)),
            peak_memory_mb: peak_memory_mb(),
            runs: runs.max(1),
        })
    })
}

/// Best times of a forward and a back projection in s.
fn best_times(projector: &Projector, runs: usize) -> (f64, f64) {
    let mut image = smooth_image(projector.grid());
    let mut sinogram = vec![0.0; projector.range().iter().product()];
    let (mut forward, mut back) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..runs {
        let start = Instant::now();
        projector.forward(&image, &mut sinogram);
        forward = forward.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        projector.adjoint(&sinogram, &mut image);
        back = back.min(start.elapsed().as_secs_f64());
        image = smooth_image(projector.grid());
    }
    (forward, back)
}

/// Time of a full OSEM iteration in s, with factors and background, without a resolution model.
fn osem_iteration(geometry: &SinogramGeometry, grid: ImageGrid) -> Result<f64, RunError> {
    let measurement = Measurement {
        prompts: vec![1.0; geometry.bins()],
        factors: Some(vec![0.5; geometry.lines()]),
        background: Some(vec![0.1; geometry.bins()]),
        calibrated: false,
        duration_s: None,
        geometry: geometry.clone(),
    };
    let subsets = (1..=MOST_SUBSETS).rev().find(|count| geometry.views.is_multiple_of(*count)).unwrap_or(1);
    let model = Model::new(&measurement, grid, None, subsets)?;
    let mut osem = Osem::new(&model, None);
    let start = Instant::now();
    (0..subsets).for_each(|_| {
        osem.update();
    });
    Ok(start.elapsed().as_secs_f64())
}

/// Positive everywhere, so that no projector can skip anything.
fn smooth_image(grid: ImageGrid) -> Vec<f32> {
    (0..grid.voxels()).map(|index| 1.0 + (index % 7) as f32 * 0.1).collect()
}

fn bench_case(case: &str) -> Result<(SinogramGeometry, ImageGrid), RunError> {
    let mmr = |n: usize| {
        let voxel = MMR_FIELD_MM / n as f64;
        ("siemens-mmr", span(11, 60), 0, ImageGrid::centred([n, n, 127], [voxel, voxel, 2.03125]))
    };
    let dmi = |tof| ("ge-dmi-4ring", span(1, 35), tof, ImageGrid::centred([215, 215, 71], [2.78; 3]));
    let (scanner, axial, tof_mashing, grid) = match case {
        "mmr-span11-128" => mmr(128),
        "mmr-span11-172" => mmr(172),
        "mmr-span11-344" => mmr(344),
        "dmi4" => dmi(0),
        "dmi4-tof" => dmi(13),
        "vision600-tof" => {
            let grid = ImageGrid::centred([220, 220, 159], [3.3, 3.3, 1.64557]);
            ("siemens-vision-600", span(19, 79), 8, grid)
        }
        _ => {
            let known = BENCH_CASES.join(", ");
            return Err(RunError::Usage(format!("no bench case is called `{case}`; known are {known}")));
        }
    };
    let geometry = SinogramGeometry::new(preset(scanner)?, axial, 1, tof_mashing)?;
    Ok((geometry, grid))
}

fn span(span: usize, max_ring_difference: usize) -> AxialCompression {
    AxialCompression::Span { span, max_ring_difference }
}
