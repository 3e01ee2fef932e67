//! All priors, in one list that every general test runs over.

use coincide::config::{PriorConfig, PriorInputs};
use coincide::image::ImageGrid;
use coincide::prior::{Dual, KernelMatrix, Prior, RelativeNoise, Smooth};
use std::process::Command;
use std::sync::Arc;

const SHAPE: [usize; 3] = [9, 8, 37];
const VOXEL_MM: [f64; 3] = [2.0, 2.5, 3.0];

struct Case {
    text: String,
    name: String,
    prior: Prior,
}

fn grid() -> ImageGrid {
    ImageGrid::centred(SHAPE, VOXEL_MM)
}

/// Numbers in 0..1 that are the same everywhere.
fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 24) as f32
    };
    (0..count).map(|_| next()).collect()
}

/// A positive image of two plateaus with noise.
fn image(seed: u32) -> Vec<f32> {
    let plateau = |n: usize| if (n / SHAPE[2]).is_multiple_of(2) { 20.0 } else { 5.0 };
    noise(grid().voxels(), seed).iter().enumerate().map(|(n, v)| plateau(n) + 4.0 * v).collect()
}

fn build(text: &str) -> Prior {
    let config: PriorConfig = toml::from_str(text).unwrap();
    let (grid, start, kappa, anatomical) = (grid(), image(7), noise(grid().voxels(), 8), image(9));
    let noise = RelativeNoise { map: noise(grid.voxels(), 10), mean: 0.5 };
    let inputs = PriorInputs {
        kappa: Some(kappa.as_slice()).filter(|_| config.kappa()),
        anatomical: config.anatomical().map(|_| anatomical.as_slice()),
        noise: config.noise().then_some(&noise),
        ..PriorInputs::new(&grid, &start)
    };
    config.build(&inputs).unwrap()
}

/// Every example of every prior; a model of one's own is tested in tests/torch_model.rs.
fn cases() -> impl Iterator<Item = Case> {
    let tables = PriorConfig::examples().filter(|(name, _)| *name != "torchscript");
    tables.map(|(name, keys)| {
        let text = format!("[{name}]\n{keys}");
        Case { name: text.replace('\n', " "), prior: build(&text), text }
    })
}

fn smooth() -> impl Iterator<Item = (String, Arc<dyn Smooth>)> {
    cases().filter_map(|case| match case.prior {
        Prior::Smooth(prior) => Some((case.name, prior)),
        _ => None,
    })
}

fn dual() -> impl Iterator<Item = (String, Arc<dyn Dual>)> {
    cases().filter_map(|case| match case.prior {
        Prior::Dual(prior) => Some((case.name, prior)),
        _ => None,
    })
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

fn gradient(prior: &dyn Smooth, x: &[f32]) -> Vec<f32> {
    let mut gradient = vec![0.0; x.len()];
    prior.add_gradient(1.0, x, &mut gradient);
    gradient
}

fn moved(x: &[f32], step: f32, direction: &[f32]) -> Vec<f32> {
    x.iter().zip(direction).map(|(x, d)| x + step * d).collect()
}

/// Differences of the image itself, so that every rounding of x ± h is known.
fn between(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn kernels() -> impl Iterator<Item = Arc<KernelMatrix>> {
    cases().filter_map(|case| if let Prior::Kernel(kernel) = case.prior { Some(kernel) } else { None })
}

#[test]
fn gradients_are_the_slope_of_the_value() {
    for (name, prior) in smooth() {
        let mut worst = 0.0_f64;
        for seed in 1..5 {
            let x = image(seed);
            // Uphill, so that the terms do not cancel.
            let uphill = gradient(&*prior, &x);
            let random = noise(x.len(), seed + 20);
            let direction: Vec<f32> = random.iter().zip(uphill).map(|(v, slope)| v * slope.signum()).collect();
            let (up, down) = (moved(&x, 0.02, &direction), moved(&x, -0.02, &direction));
            let found = dot(&gradient(&*prior, &x), &between(&up, &down));
            let expected = prior.value(&up) - prior.value(&down);
            assert!((found - expected).abs() < 1e-3 * expected.abs(), "{name}: {found} {expected}");
            worst = worst.max((found / expected - 1.0).abs());
        }
        println!("{name}: gradient against differences {worst:.1e}");
    }
}

#[test]
fn single_slopes_are_right_even_at_the_border() {
    for (name, prior) in smooth() {
        let (x, grid) = (image(3), grid());
        let slope = gradient(&*prior, &x);
        for voxel in [[0, 0, 0], [8, 7, 36], [3, 2, 0], [0, 3, 31], [8, 0, 32], [3, 3, 17]] {
            let j = grid.index(voxel);
            let (mut up, mut down) = (x.clone(), x.clone());
            (up[j], down[j]) = (x[j] + 0.125, x[j] - 0.125);
            let expected = (prior.value(&up) - prior.value(&down)) / f64::from(up[j] - down[j]);
            let scale = slope.iter().map(|v| v.abs()).fold(0.0, f32::max) as f64;
            assert!((f64::from(slope[j]) - expected).abs() < 2e-3 * scale, "{name} {voxel:?}: {} {expected}", slope[j]);
        }
    }
}

#[test]
fn curvatures_are_the_slope_of_the_gradient() {
    // Curvatures that jump are held by `pairwise_priors_are_their_formulas` and `tests/priors/ridge.rs`.
    let jumps = |name: &str| name.starts_with("[huber") || name.starts_with("[ridge");
    for (name, prior) in smooth().filter(|(name, _)| !jumps(name)) {
        let (x, grid) = (image(4), grid());
        let mut curvature = vec![0.0; x.len()];
        prior.add_curvature(1.0, &x, &mut curvature);
        let mut worst = 0.0_f64;
        for voxel in [[0, 0, 0], [8, 7, 36], [3, 2, 0], [0, 3, 31], [8, 0, 32], [3, 3, 17], [2, 4, 8]] {
            let j = grid.index(voxel);
            let (mut up, mut down) = (x.clone(), x.clone());
            (up[j], down[j]) = (x[j] + 0.03125, x[j] - 0.03125);
            let difference = f64::from(gradient(&*prior, &up)[j]) - f64::from(gradient(&*prior, &down)[j]);
            let expected = difference / f64::from(up[j] - down[j]);
            let found = f64::from(curvature[j]);
            assert!((found - expected).abs() < 2e-3 * expected.abs(), "{name} {voxel:?}: {found} {expected}");
            worst = worst.max((found / expected - 1.0).abs());
        }
        println!("{name}: curvature against differences {worst:.1e}");
    }
}

#[test]
fn a_constant_image_costs_nothing_and_pulls_nowhere() {
    let x = vec![3.0; grid().voxels()];
    for (name, prior) in smooth() {
        assert_eq!(prior.value(&x), 0.0, "{name}");
        assert!(gradient(&*prior, &x).iter().all(|&slope| slope == 0.0), "{name}");
    }
    for (name, prior) in dual() {
        assert_eq!(prior.value(&x), 0.0, "{name}");
    }
    for case in cases() {
        if let Prior::Denoiser(prior) = case.prior {
            let mut out = vec![f32::NAN; x.len()];
            prior.denoise(&x, &mut out);
            assert_eq!(out, x, "{}", case.name);
        }
    }
}

#[test]
fn weights_scale_and_results_are_added() {
    for (name, prior) in smooth() {
        let x = image(5);
        for what in [0, 1, 2] {
            let add = |weight, out: &mut [f32]| match what {
                0 => prior.add_gradient(weight, &x, out),
                1 => prior.add_curvature(weight, &x, out),
                _ => prior.add_surrogate(weight, &x, out),
            };
            let (mut once, mut twice) = (vec![0.0_f32; x.len()], vec![1.0_f32; x.len()]);
            add(1.0, &mut once);
            add(2.0, &mut twice);
            let worst = once.iter().zip(&twice).map(|(a, b)| (1.0 + 2.0 * a - b).abs() / (1.0 + a.abs()));
            assert!(worst.fold(0.0, f32::max) < 1e-6, "{name}");
        }
    }
}

/// Total variation is homogeneous, the quadratic prior is of degree 2.
#[test]
fn values_scale_with_the_image() {
    let x = image(6);
    let double = moved(&x, 1.0, &x);
    for (name, prior) in dual() {
        assert!((prior.value(&double) / prior.value(&x) - 2.0).abs() < 1e-6, "{name}");
    }
    for (name, prior) in smooth().filter(|(name, _)| name.starts_with("[quadratic") || name.starts_with("[non-local")) {
        assert!((prior.value(&double) / prior.value(&x) - 4.0).abs() < 1e-6, "{name}");
    }
}

/// R(z) ≤ R(x) + ∇R(x)·(z − x) + ½ Σ d (z − x)², also for images with zeros, jumps and single moved voxels.
#[test]
fn surrogates_lie_above() {
    let flat = vec![4.0; grid().voxels()];
    let sparse: Vec<f32> = image(11).iter().enumerate().map(|(n, v)| if n % 3 == 0 { *v } else { 0.0 }).collect();
    let mut peak = image(12);
    peak[grid().index([3, 3, 17])] = 400.0;
    let images = [image(1), image(2), flat, sparse, peak, vec![0.0; grid().voxels()]];
    for (name, prior) in smooth() {
        for (n, x) in images.iter().enumerate() {
            let (slope, value) = (gradient(&*prior, x), prior.value(x));
            let mut diagonal = vec![0.0; x.len()];
            prior.add_surrogate(1.0, x, &mut diagonal);
            for (m, z) in images.iter().enumerate() {
                let step = between(z, x);
                let curved: f64 =
                    step.iter().zip(&diagonal).map(|(h, d)| 0.5 * f64::from(*d) * f64::from(*h).powi(2)).sum();
                let bound = value + dot(&slope, &step) + curved;
                let found = prior.value(z);
                assert!(found <= bound + 1e-5 * (found + curved), "{name} {n} → {m}: {found} above {bound}");
            }
        }
    }
}

/// All results of a prior for one image.
fn results(prior: &Prior, x: &[f32]) -> Vec<f32> {
    let count = x.len();
    let mut out = vec![0.0; 3 * count];
    let (first, rest) = out.split_at_mut(count);
    let (second, third) = rest.split_at_mut(count);
    let mut value = 0.0;
    match prior {
        Prior::None => {}
        Prior::Smooth(prior) => {
            value = prior.value(x);
            prior.add_gradient(0.3, x, first);
            prior.add_curvature(0.3, x, second);
            prior.add_surrogate(0.3, x, third);
        }
        Prior::Dual(prior) => {
            value = prior.value(x);
            let mut z = vec![f32::NAN; prior.dual_len()];
            prior.forward(x, &mut z);
            prior.add_adjoint(&z, first);
            prior.prox_conjugate(2.0, 0.5, &mut z);
            prior.add_adjoint(&z, second);
        }
        Prior::Denoiser(prior) => prior.denoise(x, first),
        Prior::Kernel(kernel) => {
            kernel.forward(x, first);
            kernel.transpose(x, second);
        }
        Prior::Unrolled(network) => network.target(0, x, &[], first),
    }
    out.extend([value as f32, (value - f64::from(value as f32)) as f32]);
    out
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let x = image(13);
    let with = |threads, text: &str| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bits(&results(&build(text), &x)))
    };
    for Case { text, .. } in cases() {
        assert_eq!(with(1, &text), with(3, &text), "{text}");
    }
}

/// FNV-1a of all bits of all priors.
#[test]
#[ignore = "run by simd_levels_agree, at each level"]
fn print_digest() {
    let x = image(14);
    // Networks agree but for rounding: tests/priors/network.rs.
    let exact = cases().filter(|case| !matches!(case.prior, Prior::Unrolled(_)));
    let all = exact.flat_map(|case| bits(&results(&case.prior, &x)));
    let digest =
        all.fold(0xcbf2_9ce4_8422_2325_u64, |hash, bits| (hash ^ u64::from(bits)).wrapping_mul(0x100_0000_01b3));
    println!("digest {digest:x}");
}

#[test]
fn simd_levels_agree_to_the_last_bit() {
    let digest = |level: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["priors::print_digest", "--exact", "--ignored", "--nocapture"]).env("COINCIDE_LEVEL", level);
        let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
        text.split("digest ").nth(1).unwrap()[..16].trim().to_owned()
    };
    let portable = digest("portable");
    assert_eq!(digest("avx2"), portable);
    assert_eq!(digest("avx512"), portable);
}

/// R and its derivatives as written in the heads of the priors, pair by pair, in f64.
#[test]
fn pairwise_priors_are_their_formulas() {
    type Terms = fn(f64, f64) -> [f64; 3];
    let formulas: [(&str, Terms); 3] = [
        ("[quadratic]\nbeta = 1.0\nneighbours = 26", |a, b| [0.5 * (a - b).powi(2), a - b, 1.0]),
        ("[huber]\nbeta = 1.0\ndelta = 2.0", |a, b| {
            let d = a - b;
            let inside = d.abs() <= 2.0;
            let value = if inside { 0.5 * d * d } else { 2.0 * d.abs() - 2.0 };
            [value, d.clamp(-2.0, 2.0), f64::from(u8::from(inside))]
        }),
        ("[log-cosh]\nbeta = 1.0\ndelta = 3.0", |a, b| {
            let u = (a - b) / 3.0;
            [9.0 * u.cosh().ln(), 3.0 * u.tanh(), 1.0 - u.tanh().powi(2)]
        }),
    ];
    let x = image(15);
    for (text, terms) in formulas {
        let Prior::Smooth(prior) = build(text) else { panic!("{text}") };
        let (value, slope, curvature) = naive(&x, terms);
        assert!((prior.value(&x) / value - 1.0).abs() < 1e-6, "{text}: {} {value}", prior.value(&x));
        let mut found = vec![0.0; x.len()];
        prior.add_curvature(1.0, &x, &mut found);
        near(&found, &curvature, text);
        near(&gradient(&*prior, &x), &slope, text);
    }
}

fn near(found: &[f32], expected: &[f64], name: &str) {
    let scale = expected.iter().map(|v| v.abs()).fold(0.0, f64::max);
    let worst = found.iter().zip(expected).map(|(f, e)| (f64::from(*f) - e).abs()).fold(0.0, f64::max);
    assert!(worst < 2e-6 * scale, "{name}: {worst:e} of {scale:e}");
}

/// Value, gradient and curvature over all ordered pairs, half of them for the value; pairs outside do not exist.
fn naive(x: &[f32], terms: impl Fn(f64, f64) -> [f64; 3]) -> (f64, Vec<f64>, Vec<f64>) {
    let (grid, mut value) = (grid(), 0.0);
    let (mut slope, mut curvature) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    for j in voxels() {
        for k in voxels() {
            let mm = (0..3).map(|a| ((j[a] as f64 - k[a] as f64) * VOXEL_MM[a]).powi(2)).sum::<f64>().sqrt();
            if j != k && (0..3).all(|a| j[a].abs_diff(k[a]) <= 1) {
                let [v, s, c] = terms(x[grid.index(j)].into(), x[grid.index(k)].into());
                let w = VOXEL_MM[0] / mm;
                value += 0.5 * w * v;
                slope[grid.index(j)] += w * s;
                curvature[grid.index(j)] += w * c;
            }
        }
    }
    (value, slope, curvature)
}

fn voxels() -> impl Iterator<Item = [usize; 3]> {
    let [nx, ny, nz] = SHAPE;
    (0..nx * ny * nz).map(move |n| [n / (ny * nz), n / nz % ny, n % nz])
}

/// The smoothed relative difference prior as PETRIC states it: Σ_r Σ_dr (w_dr / 2) κ_r κ_{r+dr} (x_r − x_{r+dr})² / D
/// over all ordered pairs, w_dr = voxel size along x / distance, gradient and Hessian as STIR codes them.
#[test]
fn relative_differences_are_those_of_petric() {
    let (gamma, epsilon) = (2.0, 0.023);
    let Prior::Smooth(prior) = build(&format!("[relative-difference]\nbeta = 1.0\nepsilon = {epsilon}\nkappa = true"))
    else {
        panic!()
    };
    let (x, kappa, grid) = (image(16), noise(grid().voxels(), 8), grid());
    let (mut value, mut slope, mut hessian) = (0.0, vec![0.0; x.len()], vec![0.0; x.len()]);
    for r in voxels() {
        for dr in (0..27).map(|n: i32| [n / 9 - 1, n / 3 % 3 - 1, n % 3 - 1]).filter(|dr| *dr != [0, 0, 0]) {
            let at = |a: usize| usize::try_from(r[a] as i32 + dr[a]).ok().filter(|&i| i < SHAPE[a]);
            let (Some(i), Some(j), Some(k)) = (at(0), at(1), at(2)) else { continue };
            let (r, s) = (grid.index(r), grid.index([i, j, k]));
            let mm = (0..3).map(|a| (f64::from(dr[a]) * VOXEL_MM[a]).powi(2)).sum::<f64>().sqrt();
            let w = VOXEL_MM[0] / mm * f64::from(kappa[r]) * f64::from(kappa[s]);
            let (a, b) = (f64::from(x[r]), f64::from(x[s]));
            let d = a + b + gamma * (a - b).abs() + epsilon;
            value += w / 2.0 * (a - b).powi(2) / d;
            slope[r] += w * (a - b) * (gamma * (a - b).abs() + a + 3.0 * b + 2.0 * epsilon) / d.powi(2);
            hessian[r] += w * 2.0 * (2.0 * b + epsilon).powi(2) / d.powi(3);
        }
    }
    assert!((prior.value(&x) / value - 1.0).abs() < 1e-6, "{} {value}", prior.value(&x));
    near(&gradient(&*prior, &x), &slope, "gradient");
    let mut found = vec![0.0; x.len()];
    prior.add_curvature(1.0, &x, &mut found);
    near(&found, &hessian, "curvature");
}

#[test]
fn adjoints_are_adjoint() {
    let signed = |count, seed| -> Vec<f32> { noise(count, seed).iter().map(|v| v - 0.5).collect() };
    let close = |kx: &[f32], z: &[f32], x: &[f32], kz: &[f32], name: &str| {
        let scale = (dot(kx, kx) * dot(z, z)).sqrt();
        let error = (dot(kx, z) - dot(x, kz)).abs() / scale;
        println!("{name}: adjoint {error:.1e}");
        assert!(error < 1e-6, "{name}: {} {}", dot(kx, z), dot(x, kz));
    };
    let x = signed(grid().voxels(), 17);
    for (name, prior) in dual() {
        let z = signed(prior.dual_len(), 18);
        let (mut kx, mut kz) = (vec![f32::NAN; z.len()], vec![0.0; x.len()]);
        prior.forward(&x, &mut kx);
        prior.add_adjoint(&z, &mut kz);
        close(&kx, &z, &x, &kz, &name);
    }
    for kernel in kernels() {
        let z = signed(x.len(), 19);
        let (mut kx, mut kz) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
        kernel.forward(&x, &mut kx);
        kernel.transpose(&z, &mut kz);
        close(&kx, &z, &x, &kz, "kernel");
    }
}

#[test]
fn norms_are_bounds_and_not_far_off() {
    for (name, prior) in dual() {
        let (mut x, mut z, mut norm) = (noise(grid().voxels(), 20), vec![0.0; prior.dual_len()], 0.0);
        for _ in 0..200 {
            norm = dot(&x, &x).sqrt();
            x.iter_mut().for_each(|v| *v /= norm as f32);
            prior.forward(&x, &mut z);
            x.fill(0.0);
            prior.add_adjoint(&z, &mut x);
        }
        let bound = prior.norm();
        assert!((0.6 * bound..=bound).contains(&norm.sqrt()), "{name}: {} of {bound}", norm.sqrt());
    }
}

/// Moreau: prox of σ G* at z = z − σ u with u = argmin G(u) + σ/2 ‖u − z/σ‖², G = weight · ‖·‖, found by a pattern
/// search.
#[test]
fn proximal_maps_minimise_what_they_should() {
    let (weight, sigma) = (1.3, 0.7);
    for (name, prior) in dual() {
        let count = prior.dual_len() / 3;
        let field: Vec<f32> = noise(prior.dual_len(), 21).iter().map(|v| 4.0 * v - 2.0).collect();
        let mut found = field.clone();
        prior.prox_conjugate(weight as f32, sigma as f32, &mut found);
        for j in (0..count).step_by(97) {
            let z = [0, 1, 2].map(|axis| f64::from(field[axis * count + j]));
            let cost = |u: [f64; 3]| {
                let near: f64 = (0..3).map(|a| (u[a] - z[a] / sigma).powi(2)).sum();
                weight * u.iter().map(|v| v * v).sum::<f64>().sqrt() + 0.5 * sigma * near
            };
            let u = pattern_search(cost, z.map(|z| z / sigma));
            for axis in 0..3 {
                let expected = z[axis] - sigma * u[axis];
                assert!((f64::from(found[axis * count + j]) - expected).abs() < 1e-4, "{name}");
            }
        }
    }
}

fn pattern_search(cost: impl Fn([f64; 3]) -> f64, start: [f64; 3]) -> [f64; 3] {
    let (mut best, mut step) = (start, 1.0);
    while step > 1e-7 {
        let steps = (0..27).map(|n: i32| [n / 9 - 1, n / 3 % 3 - 1, n % 3 - 1].map(|s| f64::from(s) * step));
        let tried = steps.map(|s| [best[0] + s[0], best[1] + s[1], best[2] + s[2]]);
        let next = tried.min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap();
        (best, step) = if cost(next) < cost(best) { (next, step) } else { (best, 0.5 * step) };
    }
    best
}

#[test]
fn medians_are_medians() {
    let Prior::Denoiser(prior) = build("[median-root]\nbeta = 1.0") else { panic!() };
    let (x, grid) = (image(22), grid());
    let mut found = vec![f32::NAN; x.len()];
    prior.denoise(&x, &mut found);
    for j in voxels() {
        let mut around: Vec<f32> = (0..27)
            .map(|n: usize| {
                let step = [n / 9, n / 3 % 3, n % 3];
                // Outside repeats the edge.
                let at = |a: usize| (j[a] + step[a]).saturating_sub(1).min(SHAPE[a] - 1);
                x[grid.index([at(0), at(1), at(2)])]
            })
            .collect();
        around.sort_by(f32::total_cmp);
        assert_eq!(found[grid.index(j)], around[13], "{j:?}");
    }
}

#[test]
fn kernel_rows_sum_to_one() {
    for kernel in kernels() {
        let mut sums = vec![f32::NAN; grid().voxels()];
        kernel.forward(&vec![1.0; grid().voxels()], &mut sums);
        assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-6));
        assert_eq!(kernel.entries(), 12 * grid().voxels());
    }
}

/// Where the anatomical image has two flat halves, Bowsher's pairs and the kernel stay inside them, parallel level sets
/// let the step between them be, and total variation does not.
#[test]
fn guided_priors_leave_the_edges_of_the_guide_alone() {
    let grid = grid();
    let halves = |low: f32, high: f32| -> Vec<f32> { voxels().map(|v| if v[2] < 18 { low } else { high }).collect() };
    let (x, guide) = (halves(5.0, 20.0), halves(1.0, 2.0));
    let built = |text: &str| {
        let config: PriorConfig =
            toml::from_str(&format!("{text}\nbeta = 1.0\nanatomical.phantom = \"brain\"")).unwrap();
        config.build(&PriorInputs { anatomical: Some(&guide), ..PriorInputs::new(&grid, &x) }).unwrap()
    };
    let Prior::Smooth(bowsher) = built("[bowsher]\nchosen = 5") else { panic!() };
    assert_eq!(bowsher.value(&x), 0.0);
    assert!(bowsher.value(&image(1)) > 0.0);
    let Prior::Smooth(level_sets) = built("[parallel-level-sets]\nepsilon = 0.01") else { panic!() };
    let Prior::Smooth(hyperbolic) = build("[hyperbolic-total-variation]\nbeta = 1.0\nepsilon = 0.01") else { panic!() };
    assert!(level_sets.value(&x) < 0.05 * hyperbolic.value(&x), "{} {}", level_sets.value(&x), hyperbolic.value(&x));
    let Prior::Dual(directional) = built("[directional-total-variation]") else { panic!() };
    let Prior::Dual(plain) = build("[total-variation]\nbeta = 1.0") else { panic!() };
    assert!(directional.value(&x) < 0.01 * plain.value(&x));
}

#[test]
fn bowsher_pairs_are_those_of_a_naive_search() {
    let (grid, guide, x) = (grid(), image(9), image(23));
    let sets: Vec<Vec<usize>> = voxels()
        .map(|j| {
            let inside = voxels().filter(|k| *k != j && (0..3).all(|a| j[a].abs_diff(k[a]) <= 1));
            let mut near: Vec<_> = inside.map(|k| grid.index(k)).collect();
            near.sort_by(|a, b| {
                (guide[*a] - guide[grid.index(j)]).abs().total_cmp(&(guide[*b] - guide[grid.index(j)]).abs())
            });
            near.truncate(4);
            near
        })
        .collect();
    let mut expected = [0.0; 2];
    for j in voxels() {
        for k in voxels().filter(|k| *k > j) {
            let (a, b) = (grid.index(j), grid.index(k));
            let chosen = u8::from(sets[a].contains(&b)) + u8::from(sets[b].contains(&a));
            let mm = (0..3).map(|a| ((j[a] as f64 - k[a] as f64) * VOXEL_MM[a]).powi(2)).sum::<f64>().sqrt();
            let cost = VOXEL_MM[0] / mm * 0.5 * (f64::from(x[a]) - f64::from(x[b])).powi(2);
            expected[0] += 0.5 * f64::from(chosen) * cost;
            expected[1] += f64::from(chosen.min(1)) * cost;
        }
    }
    for (symmetric, expected) in [(false, expected[0]), (true, expected[1])] {
        let text =
            format!("[bowsher]\nbeta = 1.0\nchosen = 4\nanatomical.phantom = \"brain\"\nsymmetric = {symmetric}");
        let Prior::Smooth(prior) = build(&text) else { panic!() };
        assert!((prior.value(&x) / expected - 1.0).abs() < 1e-6, "{} {expected}", prior.value(&x));
    }
}
