//! MAP reconstruction: what theory says of each algorithm, with real priors on a small scanner.

use coincide::algorithm::{
    Algorithm, Bsrem, BsremVariant, DePierro, Lbfgs, Objective, Osem, Osl, Pdhg, ProximalNewton, Relaxation, Saga, Sps,
    Svrg, Svrn, optimality,
};
use coincide::data::{Background, Clock, Ledger, Measurement};
use coincide::image::ImageGrid;
use coincide::likelihood::Model;
use coincide::operator::{LinearOperator, Projector};
use coincide::prior::{
    Denoiser, Neighbours, Pairs, Prior, Ridge, quadratic, relative_difference, shipped_ridge, total_variation,
};
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
use std::sync::Arc;

const SUBSETS: usize = 6;

fn geometry() -> SinogramGeometry {
    let scanner = Scanner { crystals_per_ring: 72, radial_bins: 33, rings: 6, ..preset("siemens-mmr").unwrap() };
    SinogramGeometry::new(scanner, AxialCompression::Span { span: 3, max_ring_difference: 5 }, 1, 0).unwrap()
}

/// Wider than the field of view, so that its corners must stay empty.
fn grid() -> ImageGrid {
    ImageGrid::centred([28, 28, 11], [22.0, 22.0, 2.03125])
}

/// A hot box in a warm one.
fn truth(grid: &ImageGrid) -> Vec<f32> {
    let value = |voxel: usize| {
        let [_, ny, nz] = grid.shape;
        let [x, y, z] = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
        let warm = x.abs() < 120.0 && y.abs() < 100.0;
        let hot = (x - 40.0).abs() < 40.0 && (y + 30.0).abs() < 40.0 && z > -5.0;
        if hot { 4.0 } else { f32::from(u8::from(warm)) }
    };
    (0..grid.voxels()).map(value).collect()
}

/// Counts that fluctuate like Poisson counts do, without a generator: the mean plus a fixed multiple of its root.
fn measurement() -> Arc<Measurement> {
    let geometry = geometry();
    let mut mean = vec![0.0; geometry.bins()];
    Projector::new(&geometry, grid()).forward(&truth(&grid()), &mut mean);
    let factors: Vec<f32> = (0..mean.len()).map(|n| 0.02 + 0.01 * (n % 5) as f32).collect();
    let background = vec![0.4; mean.len()];
    let noisy = |n: usize| {
        let mean = factors[n] * mean[n] + background[n];
        let deviation = ((n * 7919 % 1009) as f32 / 504.5 - 1.0) * 1.7;
        (mean + deviation * mean.sqrt()).max(0.0).round()
    };
    let prompts = (0..mean.len()).map(noisy).collect();
    let (factors, background) = (Some(factors), Some(Background::of_bins(geometry.shape(), background)));
    Arc::new(Measurement {
        geometry,
        prompts,
        factors,
        background,
        ledger: Ledger::raw().calibrated(),
        clock: Clock::default(),
    })
}

fn pairs() -> Pairs {
    Pairs::new(&grid(), Neighbours::TwentySix, None)
}

fn rdp() -> Prior {
    Prior::Smooth(relative_difference(pairs(), 2.0, 0.004))
}

/// A shipped model, at the activity of the warm box.
fn ridge(name: &str) -> Prior {
    Prior::Smooth(Arc::new(Ridge::new(&shipped_ridge(name).unwrap().model, grid().shape, 1.0)))
}

const BETA: f64 = 2.0;

fn updates<'a>(mut algorithm: impl Algorithm + 'a, count: usize) -> Vec<f32> {
    (0..count).for_each(|_| {
        algorithm.update();
    });
    algorithm.image().to_vec()
}

fn kkt(objective: &Objective, x: &[f32]) -> f64 {
    optimality(objective, x, None).1
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |values: &mut dyn Iterator<Item = f32>| values.map(|v| f64::from(v).powi(2)).sum::<f64>();
    (square(&mut a.iter().zip(b).map(|(a, b)| a - b)) / square(&mut b.iter().copied())).sqrt()
}

fn slow(first: f64) -> Relaxation {
    Relaxation { first, decay: 0.2 }
}

#[test]
fn the_gradient_is_that_of_the_value_and_the_sum_of_the_subsets() {
    let (measurement, prior) = (measurement(), rdp());
    let model = Model::new(&measurement, grid(), Some([30.0, 30.0, 4.0]), SUBSETS).unwrap();
    let objective = Objective::new(&model, &prior, BETA);
    let x: Vec<f32> = objective
        .start(None)
        .unwrap()
        .iter()
        .zip(truth(&grid()))
        .map(|(s, t)| if *s > 0.0 { 0.5 + t } else { 0.0 })
        .collect();
    let (mut gradient, mut part, mut sum) = (vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; x.len()]);
    let value = objective.gradient(&x, &mut gradient);
    assert!((value / objective.value(&x) - 1.0).abs() < 1e-9);
    for k in 0..SUBSETS {
        objective.subset_gradient(k, &x, &mut part);
        sum.iter_mut().zip(&part).for_each(|(sum, part)| *sum += part);
    }
    assert!(distance(&sum, &gradient) < 1e-4, "{}", distance(&sum, &gradient));
    // Along a direction that is large where the image is.
    let direction: Vec<f32> = x.iter().enumerate().map(|(j, x)| x * ((j * 31 % 17) as f32 / 8.0 - 1.0)).collect();
    let at = |step: f32| {
        let moved: Vec<f32> = x.iter().zip(&direction).map(|(x, d)| x + step * d).collect();
        objective.value(&moved)
    };
    let difference = (at(0.02) - at(-0.02)) / f64::from(0.04_f32);
    let slope: f64 = gradient.iter().zip(&direction).map(|(g, d)| f64::from(*g) * f64::from(*d)).sum();
    assert!((difference / slope - 1.0).abs() < 2e-3, "{difference} {slope}");
}

#[test]
fn the_curvature_is_that_of_the_gradient() {
    let measurement = measurement();
    let model = Model::new(&measurement, grid(), Some([30.0, 30.0, 4.0]), 1).unwrap();
    let objective = Objective::new(&model, &Prior::None, 0.0);
    let x: Vec<f32> = truth(&grid()).iter().map(|t| 0.5 + t).collect();
    let v: Vec<f32> = (0..x.len()).map(|j| 1.0 + (j % 7) as f32 / 7.0).collect();
    let mut found = vec![0.0; x.len()];
    model.curvature(0, &x, &v, &mut found);
    let gradient = |step: f32| {
        let (moved, mut gradient): (Vec<f32>, _) =
            (x.iter().zip(&v).map(|(x, v)| x + step * v).collect(), vec![0.0; x.len()]);
        model.gradient(0, &moved, &mut gradient);
        gradient
    };
    let difference: Vec<f32> = gradient(-0.01).iter().zip(gradient(0.01)).map(|(a, b)| (a - b) / 0.02).collect();
    assert!(distance(&difference, &found) < 2e-3, "{}", distance(&difference, &found));
    assert!(objective.value(&x).is_finite());
}

/// The maximum, found by very many L-BFGS updates.
fn reference(objective: &Arc<Objective>) -> Vec<f32> {
    let image = updates(Lbfgs::new(objective, 10, None).unwrap(), 80);
    assert!(kkt(objective, &image) < 1e-6, "{}", kkt(objective, &image));
    image
}

#[test]
fn every_convergent_algorithm_finds_the_same_image_from_different_starts() {
    let (measurement, prior) = (measurement(), rdp());
    let one = Model::new(&measurement, grid(), None, 1).unwrap();
    let many = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let (one, many) = (Objective::new(&one, &prior, BETA), Objective::new(&many, &prior, BETA));
    let reference = reference(&one);
    for start in [None, Some(truth(&grid()).iter().map(|t| 3.0 - 0.7 * t).collect::<Vec<f32>>())] {
        let gentle = Relaxation { first: 1.0, decay: 0.02 };
        let near = updates(Osem::new(many.model(), start.clone()).unwrap(), 2 * SUBSETS);
        let found = [
            ("lbfgs", updates(Lbfgs::new(&one, 7, start.clone()).unwrap(), 120), 1e-3),
            ("proximal-newton", updates(ProximalNewton::new(&one, start.clone()).unwrap(), 40), 1e-3),
            // With so few views in a subset it finds its way from afar in many more.
            ("svrn", updates(Svrn::new(&many, Some(near.clone())).unwrap(), 16 * SUBSETS), 1e-3),
            ("de-pierro", updates(DePierro::new(&one, start.clone()).unwrap(), 1500), 3e-3),
            (
                "bsrem-ii",
                updates(Bsrem::new(&many, slow(1.0), BsremVariant::Two, start.clone()).unwrap(), 150 * SUBSETS),
                3e-3,
            ),
            (
                "bsrem-i",
                updates(Bsrem::new(&many, slow(1.0), BsremVariant::One, start.clone()).unwrap(), 400 * SUBSETS),
                1e-2,
            ),
            // Its denominators are those of the first image, so that should be near: OSEM's, as the config has it by
            // default.
            ("sps", updates(Sps::new(&many, gentle, Some(near)).unwrap(), 400 * SUBSETS), 1e-2),
            ("svrg", updates(Svrg::new(&many, gentle, 2, start.clone()).unwrap(), 100 * SUBSETS), 1e-3),
            (
                "saga",
                updates(
                    Saga::new(&many, Relaxation { first: 1.0 / 3.0, ..gentle }, start.clone()).unwrap(),
                    200 * SUBSETS,
                ),
                3e-3,
            ),
        ];
        for (name, image, tolerance) in found {
            let distance = distance(&image, &reference);
            println!("{name}: {distance:.1e}, kkt {:.1e}", kkt(&one, &image));
            assert!(distance < tolerance, "{name}: {distance}");
            assert!(image.iter().all(|x| *x >= 0.0), "{name}");
            // Outside the field of view nothing is ever put.
            assert!(image.iter().zip(one.sensitivity()).all(|(x, s)| *s > 0.0 || *x == 0.0), "{name}");
        }
    }
}

/// The convex regularisers have one image, wherever an algorithm starts, and the optimality conditions hold there.
#[test]
fn learned_convex_priors_have_one_image() {
    let measurement = measurement();
    let model = Model::new(&measurement, grid(), None, 1).unwrap();
    for name in ["ridge-2d", "ridge-3d"] {
        let prior = ridge(name);
        let objective = Objective::new(&model, &prior, 5.0);
        let starts = [None, Some(truth(&grid()).iter().map(|t| 3.0 - 0.7 * t).collect::<Vec<f32>>())];
        let mut images = Vec::new();
        for start in starts {
            images.push(updates(Lbfgs::new(&objective, 10, start.clone()).unwrap(), 150));
            images.push(updates(ProximalNewton::new(&objective, start).unwrap(), 80));
        }
        for image in &images {
            let (kkt, distance) = (kkt(&objective, image), distance(image, &images[0]));
            println!("{name}: kkt {kkt:.1e}, distance {distance:.1e}");
            assert!(kkt < 1e-5 && distance < 1e-3, "{name}: kkt {kkt}, distance {distance}");
        }
    }
}

#[test]
fn the_objective_never_falls_where_theory_says_so() {
    let measurement = measurement();
    let model = Model::new(&measurement, grid(), Some([30.0, 30.0, 4.0]), 1).unwrap();
    for prior in [Prior::Smooth(quadratic(pairs())), rdp(), ridge("ridge-2d"), ridge("ridge-3d")] {
        let objective = Objective::new(&model, &prior, BETA);
        let algorithms: [(&str, Box<dyn Algorithm>); 3] = [
            ("proximal-newton", Box::new(ProximalNewton::new(&objective, None).unwrap())),
            ("de-pierro", Box::new(DePierro::new(&objective, None).unwrap())),
            ("lbfgs", Box::new(Lbfgs::new(&objective, 5, None).unwrap())),
        ];
        for (name, mut algorithm) in algorithms {
            let mut last = f64::NEG_INFINITY;
            for update in 0..40 {
                algorithm.update();
                let value = objective.value(algorithm.image());
                assert!(value >= last - 1e-9 * last.abs(), "{name}, update {update}: {value} after {last}");
                last = value;
            }
        }
    }
}

#[test]
fn without_a_prior_the_algorithms_are_those_of_the_likelihood() {
    let measurement = measurement();
    let model = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let objective = Objective::new(&model, &Prior::None, 0.0);
    let osem = updates(Osem::new(&model, None).unwrap(), 2 * SUBSETS);
    for (name, image) in [
        ("de-pierro", updates(DePierro::new(&objective, None).unwrap(), 2 * SUBSETS)),
        ("osl", updates(Osl::new(&objective, None).unwrap(), 2 * SUBSETS)),
    ] {
        let inside = |image: &[f32]| {
            image.iter().zip(objective.sensitivity()).map(|(x, s)| if *s > 0.0 { *x } else { 0.0 }).collect::<Vec<_>>()
        };
        assert!(distance(&inside(&image), &inside(&osem)) < 1e-6, "{name}");
    }
}

#[test]
fn primal_dual_algorithms_find_the_maximum() {
    let measurement = measurement();
    let one = Model::new(&measurement, grid(), None, 1).unwrap();
    let many = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    // Without a prior: as likely as what L-BFGS finds.
    let plain = Objective::new(&one, &Prior::None, 0.0);
    let best = plain.value(&updates(Lbfgs::new(&plain, 10, None).unwrap(), 300));
    let start = plain.value(&plain.start(None).unwrap());
    let found = plain.value(&updates(Pdhg::new(&plain, 1.0, 0, None).unwrap(), 400));
    assert!((best - found) / (best - start) < 1e-4, "{best} {found} {start}");
    // Total variation, all data at once and in random subsets: one image.
    let prior = Prior::Dual(total_variation(&grid()));
    let (one, many) = (Objective::new(&one, &prior, 3.0), Objective::new(&many, &prior, 3.0));
    let mut pdhg = Pdhg::new(&one, 1.0, 0, None).unwrap();
    (0..2000).for_each(|_| {
        pdhg.update();
    });
    let (_, kkt) = optimality(&one, pdhg.image(), pdhg.prior_subgradient().as_deref());
    assert!(kkt < 1e-3, "{kkt}");
    let spdhg = updates(Pdhg::new(&many, 1.0, 7, None).unwrap(), 600 * SUBSETS);
    let distance = distance(&spdhg, pdhg.image());
    assert!(distance < 3e-3, "{distance}");
}

/// Mean of three neighbours along z.
struct Smoother;

impl Denoiser for Smoother {
    fn denoise(&self, x: &[f32], out: &mut [f32]) {
        let n = grid().shape[2];
        for (j, out) in out.iter_mut().enumerate() {
            let (first, last) = (j - j % n, j - j % n + n - 1);
            *out = (x[j.max(first + 1) - 1] + x[j] + x[(j + 1).min(last)]) / 3.0;
        }
    }
}

#[test]
fn one_step_late_follows_its_prior() {
    let measurement = measurement();
    let model = Model::new(&measurement, grid(), None, 1).unwrap();
    // A weak prior: the fixed point is the maximum.
    let prior = Prior::Smooth(quadratic(pairs()));
    let objective = Objective::new(&model, &prior, 0.02);
    let image = updates(Osl::new(&objective, None).unwrap(), 400);
    assert!(distance(&image, &updates(DePierro::new(&objective, None).unwrap(), 400)) < 2e-2);
    // A denoiser: roughness along z falls with β.
    let prior = Prior::Denoiser(Arc::new(Smoother));
    let roughness = |beta: f64| {
        let objective = Objective::new(&model, &prior, beta);
        let image = updates(Osl::new(&objective, None).unwrap(), 60);
        image.windows(2).map(|pair| f64::from(pair[1] - pair[0]).powi(2)).sum::<f64>()
    };
    assert!(roughness(0.5) < 0.7 * roughness(0.0), "{} {}", roughness(0.5), roughness(0.0));
}

#[test]
fn passes_are_counted() {
    let (measurement, prior) = (measurement(), rdp());
    let model = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let whole = Model::new(&measurement, grid(), None, 1).unwrap();
    let (objective, whole) = (Objective::new(&model, &prior, BETA), Objective::new(&whole, &prior, BETA));
    let steps = slow(1.0);
    let cases: [(&str, Box<dyn Algorithm>, f64); 7] = [
        ("osem", Box::new(Osem::new(&model, None).unwrap()), 2.0),
        ("de-pierro", Box::new(DePierro::new(&objective, None).unwrap()), 2.0),
        ("bsrem", Box::new(Bsrem::new(&objective, steps, BsremVariant::Two, None).unwrap()), 2.0),
        // The anchor is a pass, and its update needs no other.
        ("svrg", Box::new(Svrg::new(&objective, steps, 2, None).unwrap()), 3.0 - 1.0 / SUBSETS as f64),
        // The first anchor; each iteration has all subsets but one, and the next anchor; the response is taken from
        // half of the views, twice.
        ("svrn", Box::new(Svrn::new(&objective, None).unwrap()), 6.0 - 2.0 / SUBSETS as f64),
        ("saga", Box::new(Saga::new(&objective, steps, None).unwrap()), 3.0),
        // The denominator is worked out by two projections and a back projection.
        ("sps", Box::new(Sps::new(&objective, steps, None).unwrap()), 3.5),
    ];
    for (name, mut algorithm, passes) in cases {
        let last = (0..2 * SUBSETS).map(|_| algorithm.update()).last().unwrap();
        assert!((last.passes - passes).abs() < 1e-12, "{name}: {}", last.passes);
        assert_eq!((last.update, last.iteration, last.ends_iteration()), (2 * SUBSETS, 2, true), "{name}");
    }
    // The first gradient, and one per update where no step is shortened.
    let mut lbfgs = Lbfgs::new(&whole, 5, None).unwrap();
    let last = (0..5).map(|_| lbfgs.update()).last().unwrap();
    assert!(last.passes >= 6.0);
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let (measurement, prior, tv) = (measurement(), rdp(), Prior::Dual(total_variation(&grid())));
    let images = |threads: usize| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let model = Model::new(&measurement, grid(), Some([30.0, 30.0, 4.0]), SUBSETS).unwrap();
            let objective = Objective::new(&model, &prior, BETA);
            let dual = Objective::new(&model, &tv, BETA);
            let steps = slow(1.0);
            let images = [
                updates(Osl::new(&objective, None).unwrap(), 7),
                updates(DePierro::new(&objective, None).unwrap(), 7),
                updates(Svrn::new(&objective, None).unwrap(), 7),
                updates(Bsrem::new(&objective, steps, BsremVariant::One, None).unwrap(), 7),
                updates(Sps::new(&objective, steps, None).unwrap(), 7),
                updates(Svrg::new(&objective, steps, 2, None).unwrap(), 7),
                updates(Saga::new(&objective, steps, None).unwrap(), 7),
                updates(Lbfgs::new(&objective, 5, None).unwrap(), 4),
                updates(Pdhg::new(&dual, 1.0, 1, None).unwrap(), 7),
            ];
            images.map(|image| image.into_iter().map(f32::to_bits).collect::<Vec<_>>())
        })
    };
    assert!(images(1) == images(2) && images(1) == images(3));
}

/// Few counts and hardly any background, as a simulation without one has: Poisson counts by a generator of their own.
fn sparse() -> Arc<Measurement> {
    let full = measurement();
    let mut state = 7_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    let factors: Vec<f32> = full.factors.iter().flatten().map(|factor| 5e-3 * factor).collect();
    let mut mean = vec![0.0; factors.len()];
    Projector::new(&full.geometry, grid()).forward(&truth(&grid()), &mut mean);
    let background = 2e-4_f32;
    let count = |n: usize| {
        let (least, mut product, mut count) = (f64::from(-(factors[n] * mean[n] + background)).exp(), uniform(), 0.0);
        while product > least {
            (product, count) = (product * uniform(), count + 1.0);
        }
        count
    };
    let prompts = (0..mean.len()).map(count).collect();
    let background = Some(Background::of_bins(full.geometry.shape(), vec![background; mean.len()]));
    Arc::new(Measurement { prompts, factors: Some(factors), background, ..(*full).clone() })
}

/// A count on a line through air, where hardly any background is expected, once threw voxels there to thousands of
/// times the activity: a subset's gradient counts K times, and the step was that of an earlier image.
#[test]
fn a_count_in_a_line_through_air_throws_no_voxel() {
    let model = Model::new(&sparse(), grid(), None, SUBSETS).unwrap();
    let mut osem = Osem::new(&model, None).unwrap();
    (0..SUBSETS).for_each(|_| {
        osem.update();
    });
    let start = Some(osem.image().to_vec());
    let highest = osem.image().iter().copied().fold(0.0, f32::max);
    let objective = Objective::new(&model, &rdp(), 0.02);
    let relaxation = Relaxation { first: 1.0, decay: 0.02 };
    let algorithms: [(&str, Box<dyn Algorithm>); 5] = [
        ("SVRG", Box::new(Svrg::new(&objective, relaxation, 2, start.clone()).unwrap())),
        ("SAGA", Box::new(Saga::new(&objective, relaxation, start.clone()).unwrap())),
        ("SPS", Box::new(Sps::new(&objective, relaxation, start.clone()).unwrap())),
        ("BSREM-II", Box::new(Bsrem::new(&objective, relaxation, BsremVariant::Two, start.clone()).unwrap())),
        ("BSREM-I", Box::new(Bsrem::new(&objective, relaxation, BsremVariant::One, start).unwrap())),
    ];
    let highest_of = |mut algorithm: Box<dyn Algorithm + '_>| {
        (0..10 * SUBSETS).fold(0.0_f32, |found, _| {
            algorithm.update();
            algorithm.image().iter().copied().fold(found, f32::max)
        })
    };
    let found = algorithms.map(|(name, algorithm)| (name, highest_of(algorithm)));
    assert!(found.iter().all(|(_, found)| *found < 3.0 * highest), "{found:?}, OSEM {highest}");
}
