//! Denoisers inside iterations: plug-and-play EM and ADMM, regularisation by denoising. With denoisers whose prior is
//! known, all of them must find its MAP image.

use coincide::algorithm::{
    Algorithm, DenoiseEvery, Lbfgs, Objective, Osem, PnpAdmm, PnpMm, Red, Relaxation, optimality,
};
use coincide::data::{Background, Clock, Ledger, Measurement};
use coincide::image::ImageGrid;
use coincide::likelihood::Model;
use coincide::operator::{LinearOperator, Projector};
use coincide::prior::mean_activity;
use coincide::prior::{Denoiser, Prior, Smooth, median_root};
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
use coincide_kernels::fusion::fuse;
use std::sync::Arc;

const SUBSETS: usize = 4;
const BETA: f64 = 0.3;

fn grid() -> ImageGrid {
    ImageGrid::centred([22, 22, 6], [26.0, 26.0, 4.0625])
}

/// Counts per mm and unit of activity: many, and few.
const MANY: f32 = 0.03;
const FEW: f32 = 0.001;

/// Counts of a box with a hot corner; they fluctuate like Poisson counts, by a fixed rule. All of it is multiplied by
/// `scale`.
fn measurement(efficiency: f32, scale: f32) -> Arc<Measurement> {
    let scanner = Scanner {
        crystals_per_ring: 64,
        crystals_per_block: 8,
        radial_bins: 29,
        rings: 6,
        ..preset("siemens-mmr").unwrap()
    };
    let axial = AxialCompression::Span { span: 1, max_ring_difference: 2 };
    let geometry = SinogramGeometry::new(scanner, axial, 1, 0).unwrap();
    let mut mean = vec![0.0; geometry.bins()];
    Projector::new(&geometry, grid()).forward(&truth(), &mut mean);
    let count = |(n, mean): (usize, &f32)| {
        let mean = efficiency * (mean + 10.0);
        let deviation = ((n * 7919 % 1009) as f32 / 504.5 - 1.0) * 1.7;
        scale * (mean + deviation * mean.sqrt()).max(0.0)
    };
    let prompts = mean.iter().enumerate().map(count).collect();
    let (factors, background) = (vec![efficiency * scale; mean.len()], vec![10.0 * efficiency * scale; mean.len()]);
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

fn truth() -> Vec<f32> {
    let value = |voxel: usize| {
        let [x, y, _] = grid().centre_mm([voxel / 132, voxel / 6 % 22, voxel % 6]);
        let (warm, hot) = (x.abs() < 120.0 && y.abs() < 100.0, (x - 40.0).abs() < 40.0 && (y + 30.0).abs() < 40.0);
        if hot { 4.0 } else { f32::from(u8::from(warm)) }
    };
    (0..grid().voxels()).map(value).collect()
}

/// Draws the two voxels of each pair along z together: their mean stays, half their difference d becomes (1 − 2w) d.
///
/// A linear, symmetric D is the gradient step of R = ½ xᵀ(1 − D) x and the proximal map of R = ½ xᵀ(D⁻¹ − 1) x; for
/// pairs both are multiples of Σ (xₐ − x_b)²: ½ w and ½ w / (1 − 2w).
struct Pairing(f32);

impl Denoiser for Pairing {
    fn denoise(&self, x: &[f32], out: &mut [f32]) {
        out.iter_mut().enumerate().for_each(|(j, out)| *out = x[j] + self.0 * (x[j ^ 1] - x[j]));
    }
}

/// R = ½ w Σ (xₐ − x_b)² over the pairs.
struct PairPrior(f32);

impl Smooth for PairPrior {
    fn value(&self, x: &[f32]) -> f64 {
        x.chunks(2).map(|pair| 0.5 * f64::from(self.0) * f64::from(pair[0] - pair[1]).powi(2)).sum()
    }
    fn add_gradient(&self, weight: f32, x: &[f32], gradient: &mut [f32]) {
        gradient.iter_mut().enumerate().for_each(|(j, g)| *g += weight * self.0 * (x[j] - x[j ^ 1]));
    }
    fn add_curvature(&self, weight: f32, _: &[f32], diagonal: &mut [f32]) {
        diagonal.iter_mut().for_each(|d| *d += weight * self.0);
    }
    fn add_surrogate(&self, weight: f32, _: &[f32], diagonal: &mut [f32]) {
        diagonal.iter_mut().for_each(|d| *d += 2.0 * weight * self.0);
    }
}

fn updates<'a>(mut algorithm: impl Algorithm + 'a, count: usize) -> (Vec<f32>, Option<Vec<f32>>) {
    (0..count).for_each(|_| {
        algorithm.update();
    });
    (algorithm.image().to_vec(), algorithm.prior_subgradient())
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |values: &mut dyn Iterator<Item = f32>| values.map(|v| f64::from(v).powi(2)).sum::<f64>();
    (square(&mut a.iter().zip(b).map(|(a, b)| a - b)) / square(&mut b.iter().copied())).sqrt()
}

fn kkt(objective: &Objective, (image, pull): &(Vec<f32>, Option<Vec<f32>>)) -> f64 {
    optimality(objective, image, pull.as_deref()).1
}

/// A short OSEM, as the configs start from.
fn start(measurement: &Arc<Measurement>) -> Vec<f32> {
    let model = Model::new(measurement, grid(), None, SUBSETS).unwrap();
    updates(Osem::new(&model, None).unwrap(), SUBSETS).0
}

/// γ = β s̄ / c
fn gamma(objective: &Objective, start: &[f32]) -> f64 {
    let inside: Vec<f64> = objective.sensitivity().iter().filter(|s| **s > 0.0).map(|&s| s.into()).collect();
    objective.beta() * inside.iter().sum::<f64>() / inside.len() as f64 / f64::from(mean_activity(&grid(), start))
}

/// The MAP image of L − weight · R.
fn map(model: &Model, weight: f64, pairs: f32) -> Vec<f32> {
    let prior = Prior::Smooth(Arc::new(PairPrior(pairs)));
    let objective = Objective::new(model, &prior, weight);
    let found = updates(Lbfgs::new(&objective, 10, None).unwrap(), 400);
    let kkt = kkt(&objective, &found);
    assert!(kkt < 5e-6, "{kkt}");
    found.0
}

#[test]
fn a_linear_denoiser_is_its_quadratic_prior() {
    let measurement = measurement(MANY, 1.0);
    let start = start(&measurement);
    let model = Model::new(&measurement, grid(), None, 1).unwrap();
    let w = 0.4;
    let prior = Prior::Denoiser(Arc::new(Pairing(w)));
    let objective = Objective::new(&model, &prior, BETA);
    let gamma = gamma(&objective, &start);
    let step = Relaxation { first: 1.0, decay: 0.0 };
    let every = DenoiseEvery::Iteration;
    let gradient = map(&model, gamma, w);
    let proximal = map(&model, gamma, w / (1.0 - 2.0 * w));
    let ways = [
        ("pnp-mm", updates(PnpMm::new(&objective, 1.0, every, Some(start.clone())).unwrap(), 2000), &gradient),
        ("red", updates(Red::new(&objective, step, every, Some(start.clone())).unwrap(), 2000), &gradient),
        ("pnp-admm", updates(PnpAdmm::new(&objective, 2, Some(start.clone())).unwrap(), 2000), &proximal),
    ];
    for (name, found, expected) in &ways {
        let (apart, kkt) = (distance(&found.0, expected), kkt(&objective, found));
        println!("{name}: {apart:.1e} from the MAP image, KKT {kkt:.1e}");
        assert!(apart < 1e-3 && kkt < 1e-5, "{name}: {apart} from the MAP image, KKT {kkt}");
    }
    // The two priors are not the same, nor is no prior: the agreement says something.
    let (priors, none) = (distance(&gradient, &proximal), distance(&map(&model, 0.0, w), &gradient));
    assert!(priors > 0.01 && none > 0.01, "{priors} {none}");
}

/// x⁺ = fuse(e, z, L γ / K, sₖ) in every subset: the pull is shared. z is what the denoiser makes of the image that the
/// iteration began with.
#[test]
fn subsets_share_the_pull() {
    let measurement = measurement(MANY, 1.0);
    let start = start(&measurement);
    let model = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let prior = Prior::Denoiser(Arc::new(Pairing(0.4)));
    let objective = Objective::new(&model, &prior, BETA);
    let gamma = gamma(&objective, &start);
    let mut denoised = vec![0.0; start.len()];
    Pairing(0.4).denoise(&start, &mut denoised);
    let (mut back, mut s) = (vec![0.0; start.len()], vec![0.0; start.len()]);
    let mm = |lipschitz| PnpMm::new(&objective, lipschitz, DenoiseEvery::Iteration, Some(start.clone())).unwrap();
    let cases: [(&str, f64, Box<dyn Algorithm>); 3] = [
        ("pnp-admm", 1.0, Box::new(PnpAdmm::new(&objective, 1, Some(start.clone())).unwrap())),
        ("pnp-mm", 1.0, Box::new(mm(1.0))),
        // Half of the way to the denoised image, and twice the weight.
        ("pnp-mm, L = 2", 2.0, Box::new(mm(2.0))),
    ];
    for (name, lipschitz, mut algorithm) in cases {
        let share = (gamma * lipschitz / SUBSETS as f64) as f32;
        let target = |j: usize| start[j] + (denoised[j] - start[j]) / lipschitz as f32;
        for k in 0..SUBSETS {
            let before = algorithm.image().to_vec();
            model.back_quotient(k, &before, &mut back);
            model.sensitivity(k, &mut s);
            algorithm.update();
            // Voxels that a subset sees well.
            let least = 0.3 * s.iter().sum::<f32>() / s.len() as f32;
            let seen: Vec<usize> = (0..s.len()).filter(|&j| s[j] > least && start[j] > 0.0).collect();
            assert!(seen.len() > 1000, "{}", seen.len());
            let expected: Vec<f32> =
                seen.iter().map(|&j| fuse(before[j] * back[j] / s[j], target(j), share, s[j])).collect();
            let found: Vec<f32> = seen.iter().map(|&j| algorithm.image()[j]).collect();
            assert!(distance(&found, &expected) < 1e-5, "{name}, {k}: {}", distance(&found, &expected));
        }
    }
}

/// Between two denoisings lie as many iterations as were asked for: until then there is no dual variable, and nothing
/// pulls with it.
#[test]
fn admm_denoises_after_its_passes() {
    let measurement = measurement(MANY, 1.0);
    let start = start(&measurement);
    let model = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let prior = Prior::Denoiser(Arc::new(Pairing(0.4)));
    let objective = Objective::new(&model, &prior, BETA);
    for passes in [1, 2, 3] {
        let mut admm = PnpAdmm::new(&objective, passes, Some(start.clone())).unwrap();
        let mut last = vec![0.0; start.len()];
        for update in 1..=6 * SUBSETS {
            admm.update();
            let pull = admm.prior_subgradient().unwrap();
            let changes = pull != last;
            assert_eq!(changes, update % (passes * SUBSETS) == 0, "update {update} of {passes} passes");
            last = pull;
        }
    }
}

#[test]
fn plug_and_play_em_never_lowers_its_objective() {
    let measurement = measurement(MANY, 1.0);
    let start = start(&measurement);
    let model = Model::new(&measurement, grid(), None, 1).unwrap();
    // 1 − D has norm 2 w: below L = 1 for the first, up to 2 for one that turns differences round.
    for (w, lipschitz) in [(0.5, 1.0), (0.95, 2.0)] {
        let (denoiser, pairs) = (Prior::Denoiser(Arc::new(Pairing(w))), Prior::Smooth(Arc::new(PairPrior(w))));
        let objective = Objective::new(&model, &denoiser, 5.0 * BETA);
        let penalised = Objective::new(&model, &pairs, gamma(&objective, &start));
        let mut algorithm = PnpMm::new(&objective, lipschitz, DenoiseEvery::Iteration, Some(start.clone())).unwrap();
        let mut last = penalised.value(&start);
        for n in 0..60 {
            algorithm.update();
            let value = penalised.value(algorithm.image());
            assert!(value >= last - 1e-9 * last.abs(), "w = {w}, update {n}: {value} after {last}");
            last = value;
        }
    }
}

#[test]
fn a_dose_and_a_unit_change_nothing_but_the_scale() {
    let images = [1.0, 64.0].map(|scale| {
        let measurement = measurement(MANY, scale);
        let start = start(&measurement);
        let model = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
        let prior = Prior::Denoiser(median_root(&grid()));
        let objective = Objective::new(&model, &prior, BETA);
        let step = Relaxation { first: 1.0, decay: 0.05 };
        [
            updates(PnpMm::new(&objective, 1.0, DenoiseEvery::Update, Some(start.clone())).unwrap(), 12).0,
            updates(PnpAdmm::new(&objective, 1, Some(start.clone())).unwrap(), 12).0,
            updates(Red::new(&objective, step, DenoiseEvery::Update, Some(start)).unwrap(), 12).0,
        ]
    });
    // Counts and factors 64 times as large: the same activity.
    for (a, b) in images[0].iter().zip(&images[1]) {
        assert!(distance(a, b) < 1e-4, "{}", distance(a, b));
    }
}

#[test]
fn the_first_iteration_from_a_uniform_image_is_osem() {
    let measurement = measurement(MANY, 1.0);
    let model = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let prior = Prior::Denoiser(median_root(&grid()));
    let objective = Objective::new(&model, &prior, BETA);
    let mut plain = Osem::new(&model, None).unwrap();
    let mut pulled = PnpMm::new(&objective, 1.0, DenoiseEvery::Iteration, None).unwrap();
    for _ in 0..SUBSETS {
        plain.update();
        pulled.update();
    }
    assert!(distance(pulled.image(), &objective.start(Some(plain.image().to_vec())).unwrap()) < 1e-5);
    plain.update();
    pulled.update();
    assert!(distance(pulled.image(), plain.image()) > 0.01);
}

#[test]
fn medians_make_a_better_image_than_osem_and_the_bits_do_not_depend_on_threads() {
    let measurement = measurement(FEW, 1.0);
    let start = start(&measurement);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let model = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
            let prior = Prior::Denoiser(median_root(&grid()));
            let objective = Objective::new(&model, &prior, BETA);
            let (step, every) = (Relaxation { first: 1.0, decay: 0.05 }, DenoiseEvery::Iteration);
            [
                updates(Osem::new(&model, None).unwrap(), 10 * SUBSETS).0,
                updates(PnpMm::new(&objective, 1.0, every, Some(start.clone())).unwrap(), 10 * SUBSETS).0,
                updates(PnpAdmm::new(&objective, 2, Some(start.clone())).unwrap(), 10 * SUBSETS).0,
                updates(Red::new(&objective, step, every, Some(start.clone())).unwrap(), 10 * SUBSETS).0,
            ]
        })
    };
    let images = run(1);
    assert!(images == run(3), "the number of threads changes bits");
    let errors = images.map(|image| distance(&image, &truth()));
    println!("NRMSE of OSEM, pnp-mm, pnp-admm, red: {errors:.4?}");
    assert!(errors[1..].iter().all(|&error| error < 0.9 * errors[0]), "{errors:?}");
}
