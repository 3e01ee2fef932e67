//! Milliseconds of one gradient (or what stands for it) of every prior on 128 × 128 × 127 voxels.
//!
//! `cargo bench --bench priors`; `RAYON_NUM_THREADS=1` for one core.

use coincide::config::{PriorConfig, PriorInputs};
use coincide::image::ImageGrid;
use coincide::prior::{Prior, RelativeNoise};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn priors(c: &mut Criterion) {
    let grid = ImageGrid::centred([128, 128, 127], [4.17, 4.17, 2.03]);
    let mut state = 1_u32;
    let mut noise = || -> Vec<f32> {
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1_u32 << 14) as f32
        };
        std::iter::repeat_with(next).take(grid.voxels()).collect()
    };
    let (start, kappa, anatomical) = (noise(), noise(), noise());
    let relative = RelativeNoise { map: noise(), mean: 1.0 };
    let mut out = vec![0.0; grid.voxels()];
    let mut group = c.benchmark_group("priors");
    group.sample_size(20);
    for (name, keys) in PriorConfig::examples().filter(|(name, _)| *name != "torchscript") {
        let config: PriorConfig = toml::from_str(&format!("[{name}]\n{keys}")).unwrap();
        let inputs = PriorInputs {
            kappa: config.kappa().then_some(kappa.as_slice()),
            anatomical: Some(anatomical.as_slice()),
            noise: config.noise().then_some(&relative),
            ..PriorInputs::new(&grid, &start)
        };
        let name = format!("{name} {}", keys.replace('\n', " "));
        match config.build(&inputs).unwrap() {
            Prior::None => {}
            Prior::Smooth(prior) => {
                group.bench_function(BenchmarkId::new("gradient", &name), |b| {
                    b.iter(|| prior.add_gradient(1.0, &start, &mut out));
                });
                group.bench_function(BenchmarkId::new("surrogate", &name), |b| {
                    b.iter(|| prior.add_surrogate(1.0, &start, &mut out));
                });
                group.bench_function(BenchmarkId::new("value", &name), |b| b.iter(|| prior.value(&start)));
            }
            Prior::Dual(prior) => {
                let mut dual = vec![0.0; prior.dual_len()];
                group.bench_function(BenchmarkId::new("K, proximal map, transpose", &name), |b| {
                    b.iter(|| {
                        prior.forward(&start, &mut dual);
                        prior.prox_conjugate(1.0, 1.0, &mut dual);
                        prior.add_adjoint(&dual, &mut out);
                    });
                });
            }
            Prior::Denoiser(prior) => {
                group.bench_function(BenchmarkId::new("denoise", &name), |b| {
                    b.iter(|| prior.denoise(&start, &mut out));
                });
            }
            Prior::Kernel(kernel) => {
                group.bench_function(BenchmarkId::new("K and transpose", &name), |b| {
                    b.iter(|| {
                        kernel.forward(&start, &mut out);
                        kernel.transpose(&start, &mut out);
                    });
                });
            }
            Prior::Unrolled(_) => {} // benches/network.rs
        }
    }
    group.finish();
}

criterion_group!(benches, priors);
criterion_main!(benches);
