//! GFLOP/s of networks: six layers 1 → 32 → … → 32 → 1 on 128 × 128 × 64 voxels.
//!
//! `cargo bench --bench network`; `RAYON_NUM_THREADS=1` for one core, `COINCIDE_LEVEL=avx2` for a lower SIMD level.
//! Criterion's "elements" are multiplications and additions.

use coincide::prior::network::{Architecture, Body, Layer};
use coincide_kernels::Level;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const SHAPES: &[[usize; 3]] = &[[128, 128, 64], [128, 128, 1]];

fn weights(layer: &Layer) -> Vec<f32> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) as f32 / (1_u32 << 23) as f32 - 1.0) * 0.1
    };
    std::iter::repeat_with(next).take(layer.weights()).collect()
}

fn networks(c: &mut Criterion) {
    let mut group = c.benchmark_group("network");
    group.sample_size(10);
    for (name, first, other) in
        [("3x3x3", [3, 3, 3], [3, 3, 3]), ("3x3x5, 3x3x1", [3, 3, 5], [3, 3, 1]), ("3x3x1", [3, 3, 1], [3, 3, 1])]
    {
        let architecture = Architecture::plain(6, 32, first, other, false);
        let weights: Vec<Vec<f32>> = architecture.layers.iter().map(weights).collect();
        for &shape in SHAPES {
            let voxels: usize = shape.iter().product();
            let body = Body::new(&architecture.layers, &weights, shape);
            let x: Vec<f32> = (0..voxels).map(|n| (n % 17) as f32).collect();
            let mut out = vec![0.0; voxels];
            let operations = voxels * architecture.operations_per_voxel();
            group.throughput(Throughput::Elements(operations as u64));
            let [nx, ny, nz] = shape;
            let id = BenchmarkId::new(name, format!("{nx}x{ny}x{nz}"));
            group.bench_function(id, |b| b.iter(|| body.denoise(Level::best(), 8.0, &x, &[], &mut out)));
        }
    }
    group.finish();
}

criterion_group!(benches, networks);
criterion_main!(benches);
