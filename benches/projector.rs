//! Speed of the projectors; one element is one line of response (LOR).
//!
//! `cargo bench --bench projector`; `RAYON_NUM_THREADS=1` for one core.

use coincide::image::ImageGrid;
use coincide::operator::{LinearOperator, Projector};
use coincide::scanner::{AxialCompression, SinogramGeometry, preset};
use coincide_kernels::zeros;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

struct Case {
    name: &'static str,
    geometry: SinogramGeometry,
    grid: ImageGrid,
}

fn mmr(name: &'static str, voxels: usize) -> Case {
    let span = AxialCompression::Span { span: 11, max_ring_difference: 60 };
    let geometry = SinogramGeometry::new(preset("siemens-mmr").unwrap(), span, 1, 0).unwrap();
    let voxel_mm = 534.0 / voxels as f64;
    Case { name, geometry, grid: ImageGrid::centred([voxels, voxels, 127], [voxel_mm, voxel_mm, 2.03125]) }
}

fn discovery(name: &'static str, tof_mashing: usize) -> Case {
    let ge = AxialCompression::Ge { max_ring_difference: 35 };
    let geometry = SinogramGeometry::new(preset("ge-dmi-4ring").unwrap(), ge, 1, tof_mashing).unwrap();
    Case { name, geometry, grid: ImageGrid::centred([215, 215, 71], [2.78; 3]) }
}

fn projector(c: &mut Criterion) {
    let cases =
        [mmr("mmr-span11-128", 128), mmr("mmr-span11-172", 172), mmr("mmr-span11-344", 344), discovery("dmi4", 0)];
    let mut group = c.benchmark_group("projector, elem = LOR");
    group.sample_size(10);
    for case in cases.iter().chain(&[discovery("dmi4-tof", 13)]) {
        // Interleaved views, as in a subset: a seventh of the sinogram is enough to time.
        let views: Vec<usize> = (0..case.geometry.views).step_by(7).collect();
        let projector = Projector::new(&case.geometry, case.grid).subset(&views);
        let (mut image, mut back) = (zeros(case.grid.voxels()), zeros(case.grid.voxels()));
        let mut sinogram = zeros(projector.range().iter().product());
        image.fill(1.0);
        group.throughput(Throughput::Elements((case.geometry.lines() / case.geometry.views * views.len()) as u64));
        group.bench_function(BenchmarkId::new("forward", case.name), |b| {
            b.iter(|| projector.forward(&image, &mut sinogram));
        });
        group.bench_function(BenchmarkId::new("back", case.name), |b| {
            b.iter(|| projector.adjoint(&sinogram, &mut back));
        });
    }
    group.finish();
}

criterion_group!(benches, projector);
criterion_main!(benches);
