//! `coincide bench projector`: speed of the projectors on known geometries, in lines of response per second.

use crate::algorithm::{Algorithm, Osem};
use crate::data::{Background, Clock, Ledger, Measurement, most_subsets};
use crate::image::ImageGrid;
use crate::likelihood::Model;
use crate::operator::{LinearOperator, Projector};
use crate::report::{BenchResult, Limits, peak_memory_mb};
use crate::run::{Options, RunError};
use crate::scanner::{AxialCompression, SinogramGeometry, preset};
use coincide_kernels::{Level, probe, zeros};
use std::sync::Arc;
use std::time::Instant;

/// Transaxial field of the mMR cases.
const MMR_FIELD_MM: f64 = 534.0;

/// Bins of the sinogram that is projected, at most.
const MOST_BINS: usize = 100_000_000;

/// Subsets of the OSEM iteration: the largest divisor of the views up to this.
const MOST_SUBSETS: usize = 21;

/// Names that [`bench_projector`] knows.
pub const BENCH_CASES: &[&str] =
    &["mmr-span11-128", "mmr-span11-172", "mmr-span11-344", "dmi4", "dmi4-tof", "vision600-tof"];

/// Resolution model of the OSEM iteration that is timed with one: FWHM along x, y, z in mm.
const RESOLUTION_MM: [f64; 3] = [4.5, 4.5, 4.5];

/// Times both projections of a case and a full OSEM iteration, best of `runs`, beside what the machine can do.
pub fn bench_projector(case: &str, runs: usize, options: &Options) -> Result<BenchResult, RunError> {
    let (geometry, grid) = bench_case(case)?;
    let (pool, runs) = (options.pool(0)?, runs.max(1));
    pool.install(|| {
        // Of a sinogram that would fill the memory, every n-th view, as in one subset.
        let views: Vec<_> = (0..geometry.views).step_by(geometry.bins().div_ceil(MOST_BINS)).collect();
        let projector = Projector::new(&geometry, grid).subset(&views);
        let lors = geometry.lines() / geometry.views * views.len();
        let limits = limits(projector.level());
        let (forward, back) = best_times(&projector, runs);
        let mut peak_memory = peak_memory_mb();
        let (mut plain, mut resolved) = (None, None);
        if views.len() == geometry.views {
            let measurement = Arc::new(measurement(&geometry));
            plain = Some(osem_iteration(&measurement, grid, None, runs)?);
            // Read before the second model: a reconstruction has one.
            peak_memory = peak_memory_mb();
            resolved = Some(osem_iteration(&measurement, grid, Some(RESOLUTION_MM), runs)?);
        }
        let speed = |seconds: f64| lors as f64 / seconds / 1e6;
        let share = |seconds: f64| 2.0 * projector.samples() as f64 / seconds / limits.multiply_adds_per_s;
        Ok(BenchResult {
            case: case.into(),
            threads: rayon::current_num_threads(),
            level: projector.level().name().into(),
            lors,
            forward_mlor_per_s: speed(forward),
            back_mlor_per_s: speed(back),
            osem_iteration_over_projections: plain.map(|plain| plain / (forward + back)),
            resolution_over_osem: plain.zip(resolved).map(|(plain, resolved)| resolved / plain),
            forward_share_of_multiply_adds: share(forward),
            back_share_of_multiply_adds: share(back),
            limits,
            peak_memory_mb: peak_memory,
            runs,
        })
    })
}

fn limits(level: Level) -> Limits {
    let one = probe::multiply_adds_per_second(level);
    Limits {
        multiply_adds_per_s: rayon::broadcast(|_| probe::multiply_adds_per_second(level)).iter().sum(),
        multiply_adds_per_s_one_thread: one,
        l1_bytes_per_s: probe::bytes_read_per_second(level, 16 << 10),
        l2_bytes_per_s: probe::bytes_read_per_second(level, 256 << 10),
        memory_bytes_per_s: probe::bytes_read_per_second(level, 256 << 20),
    }
}

/// Best times of a forward and a back projection in s.
fn best_times(projector: &Projector, runs: usize) -> (f64, f64) {
    let (mut image, mut sinogram) = (zeros(projector.grid().voxels()), zeros(projector.range().iter().product()));
    smooth(&mut image);
    let (mut forward, mut back) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..runs {
        let start = Instant::now();
        projector.forward(&image, &mut sinogram);
        forward = forward.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        projector.adjoint(&sinogram, &mut image);
        back = back.min(start.elapsed().as_secs_f64());
        smooth(&mut image);
    }
    (forward, back)
}

/// A measurement with factors and background.
fn measurement(geometry: &SinogramGeometry) -> Measurement {
    Measurement {
        prompts: vec![1.0; geometry.bins()].into(),
        factors: Some(vec![0.5; geometry.lines()]),
        background: Some(Background::even(geometry.shape(), vec![0.1; geometry.lines()])),
        ledger: Ledger::raw(),
        clock: Clock::default(),
        geometry: geometry.clone(),
    }
}

/// Best time of a full OSEM iteration in s.
fn osem_iteration(
    measurement: &Arc<Measurement>,
    grid: ImageGrid,
    resolution_mm: Option<[f64; 3]>,
    runs: usize,
) -> Result<f64, RunError> {
    let views = measurement.geometry.views;
    let subsets = most_subsets(views, MOST_SUBSETS);
    let model = Model::new(measurement, grid, resolution_mm, subsets)?;
    let mut osem = Osem::new(&model, None)?;
    let mut iteration = || {
        let start = Instant::now();
        (0..subsets).for_each(|_| {
            osem.update();
        });
        start.elapsed().as_secs_f64()
    };
    Ok((0..runs).map(|_| iteration()).fold(f64::INFINITY, f64::min))
}

/// Positive everywhere, so that no projector can skip anything.
fn smooth(image: &mut [f32]) {
    for (index, value) in image.iter_mut().enumerate() {
        *value = 1.0 + (index % 7) as f32 * 0.1;
    }
}

pub(super) fn bench_case(case: &str) -> Result<(SinogramGeometry, ImageGrid), RunError> {
    let mmr = |n: usize| {
        let voxel = MMR_FIELD_MM / n as f64;
        ("siemens-mmr", span(11, 60), 0, ImageGrid::centred([n, n, 127], [voxel, voxel, 2.03125]))
    };
    // All 1296 pairs of rings, as in the benchmark of parallelproj's authors (Schramm & Thielemans 2024, Front. Nucl.
    // Med. 3).
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
