//! The gradient of an unrolled reconstruction, against central differences of a second implementation in f64 on dense
//! matrices; training cases; the command without libtorch.

mod dense;
mod twins;

use coincide::algorithm::{Algorithm, Objective, UnrolledEm};
use coincide::likelihood::Model;
use coincide::prior::network::{self, Applied, MapImage};
use coincide::prior::{Denoiser, Prior};
use coincide::scanner::{RingLayout, Scanner};
use coincide::train::{
    Family, Layer, Loss, Prepared, PublicData, Schedule, Source, Stack, Training, TrainingScanner, Unrolled, Unrolling,
    supervised,
};
use dense::Dense;
use std::sync::Arc;

/// z = x + θ₀ x(next voxel) + θ₁ ν x² / (1 + x): smooth, not linear, positive for what is tested.
pub struct StandIn {
    parameters: [f32; 2],
}

impl Layer for StandIn {
    fn parameters(&self) -> usize {
        2
    }

    fn set(&mut self, parameters: &[f32]) {
        self.parameters.copy_from_slice(parameters);
    }

    fn apply(&mut self, _: usize, _: [usize; 3], x: &[f32], guides: &[&[f32]]) -> Vec<f32> {
        let ([a, b], noise) = (self.parameters, guides[0]);
        (0..x.len()).map(|j| x[j] + a * x[(j + 1) % x.len()] + b * noise[j] * x[j] * x[j] / (1.0 + x[j])).collect()
    }

    fn pull_back(
        &mut self,
        _: usize,
        _: [usize; 3],
        (x, guides): (&[f32], &[&[f32]]),
        v: &[f32],
        slope: &mut [f32],
    ) -> Vec<f32> {
        let ([a, b], n, noise) = (self.parameters, x.len(), guides[0]);
        slope[0] += (0..n).map(|j| v[j] * x[(j + 1) % n]).sum::<f32>();
        slope[1] += (0..n).map(|j| v[j] * noise[j] * x[j] * x[j] / (1.0 + x[j])).sum::<f32>();
        let own = |j: usize| 1.0 + b * noise[j] * x[j] * (2.0 + x[j]) / ((1.0 + x[j]) * (1.0 + x[j]));
        (0..n).map(|j| v[j] * own(j) + a * v[(j + n - 1) % n]).collect()
    }
}

fn scanner() -> TrainingScanner {
    let scanner = Scanner {
        name: "small".into(),
        rings: 2,
        crystals_per_ring: 48,
        inner_radius_mm: 200.0,
        depth_of_interaction_mm: 0.0,
        ring_spacing_mm: 4.0,
        axial_block_gap_mm: 0.0,
        rings_per_block: 0,
        crystals_per_block: 0,
        virtual_crystals: 0,
        virtual_rings: 0,
        layout: RingLayout::Cylinder,
        tilt_rad: 0.0,
        radial_bins: 31,
        bin_size_mm: 12.0,
        energy_resolution: None,
        tof: None,
        axial_compression: None,
        norm_crystal_offset: None,
    };
    TrainingScanner { scanner, view_mashing: 1, shape: [12, 12], voxel_mm: [24.0, 24.0], resolution_mm: [10.0, 10.0] }
}

fn training(stack: Stack, unrolling: Unrolling) -> Training {
    let source = Source {
        scanners: vec![scanner()],
        stack,
        prompts_per_slice: [2e4, 2e4],
        randoms: [0.2, 0.2],
        scatter: [0.1, 0.1],
        efficiency_sigma: 0.1,
        target_fwhm_mm: 20.0,
        held_out: None,
        fineness: 2,
        families: Vec::new(),
        public: PublicData::default(),
        seed: 4,
    };
    let schedule =
        Schedule { steps: 4, rate: 0.01, gamma_rate: 0.1, rise: 1, end: 0.0, largest_gradient: 1.0, deep: 0.0 };
    Training {
        source,
        unrolling,
        start: None,
        weak: MapImage::WEAK,
        sees_noise: true,
        companions: Vec::new(),
        subsets: 3,
        loss: Loss::Supervised,
        filter: None,
        detection: None,
        schedule,
    }
}

const SLICES: Stack = Stack::Slices { count: 2 };
const UNROLLING: Unrolling = Unrolling { iterations: 3, applied: Applied::Iteration, detached: false };
const PARAMETERS: [f32; 2] = [0.1, 0.2];

/// The largest relative error of a gradient against central differences of the f64 chain.
fn gradient_error(stack: Stack, unrolling: Unrolling, gamma: &[f64], deep: f64) -> f64 {
    let training = training(stack, unrolling);
    let prepared = training.prepared(0).unwrap();
    let mut network = StandIn { parameters: PARAMETERS };
    let (loss, gradient) = training.loss_and_gradient(&prepared, &mut network, gamma, deep).unwrap();
    let dense = Dense::new(&training.model(&prepared).unwrap(), unrolling, stack.slices_apart(), &prepared.noise);
    let value = |parameters: &[f64], log_gamma: &[f64]| {
        let gamma: Vec<f64> = log_gamma.iter().map(|log| log.exp()).collect();
        dense.losses(&prepared, parameters, &gamma)
    };
    let at: Vec<f64> = PARAMETERS.map(f64::from).into_iter().chain(gamma.iter().map(|gamma| gamma.ln())).collect();
    let exact = value(&at[..2], &at[2..])[0];
    assert!((loss / exact - 1.0).abs() < 1e-4, "loss {loss}, in f64 {exact}");
    let mut worst = 0.0_f64;
    for place in 0..at.len() {
        let moved = |by: f64| {
            let mut to = at.clone();
            to[place] += by;
            let [last, targets] = value(&to[..2], &to[2..]);
            last + deep * targets
        };
        let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        // A filter does not depend on γ.
        let error = if difference == 0.0 { gradient[place].abs() } else { (gradient[place] / difference - 1.0).abs() };
        worst = worst.max(error);
    }
    println!("{unrolling:?}, γ {gamma:?}, deep supervision {deep}: largest relative error of the gradient {worst:.1e}");
    worst
}

#[test]
fn the_gradient_of_the_whole_chain_is_that_of_central_differences() {
    for (unrolling, gamma, deep) in [
        (UNROLLING, vec![3.0], 0.0),
        (UNROLLING, vec![0.2, 10.0, 40.0], 0.0),
        (UNROLLING, vec![3.0], 0.7),
        (Unrolling { applied: Applied::Update, ..UNROLLING }, vec![3.0], 0.0),
        (Unrolling { applied: Applied::Update, ..UNROLLING }, vec![3.0], 0.7),
        (Unrolling { iterations: 8, ..UNROLLING }, vec![1.0], 0.0),
    ] {
        assert!(gradient_error(SLICES, unrolling, &gamma, deep) < 1e-3);
    }
    let volume = Stack::Volume { rings: 2, max_ring_difference: 1 };
    assert!(gradient_error(SLICES, Unrolling { applied: Applied::After, ..UNROLLING }, &[1.0], 0.0) < 1e-3);
    assert!(gradient_error(volume, UNROLLING, &[3.0], 0.3) < 1e-3);
}

#[test]
fn the_truncated_gradient_differs_as_soon_as_there_are_two_updates() {
    let gradient = |detached, iterations, subsets| {
        let mut training = training(SLICES, Unrolling { iterations, detached, ..UNROLLING });
        training.subsets = subsets;
        let prepared = training.prepared(0).unwrap();
        training.loss_and_gradient(&prepared, &mut StandIn { parameters: PARAMETERS }, &[3.0], 0.0).unwrap().1
    };
    // One update from a fixed start: there is no EM step to go back through.
    assert_eq!(gradient(true, 1, 1), gradient(false, 1, 1));
    let (full, truncated) = (gradient(false, 8, 1), gradient(true, 8, 1));
    println!("8 iterations: full {full:.3?}, truncated {truncated:.3?}");
    let norm = |gradient: &[f64]| gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    assert!((norm(&full) / norm(&truncated) - 1.0).abs() > 0.05, "{full:?} {truncated:?}");
}

/// ⟨v, e(x + h) − e(x − h)⟩ / 2h by the f64 matrices against Jᵀ v of the EM layer: a chain of one update with γ = 0 has
/// no other.
#[test]
fn the_slope_of_a_loss_is_that_of_central_differences() {
    let (x, truth): (Vec<f32>, Vec<f32>) =
        ((0..24).map(|n| (n % 7) as f32 * 0.3).collect(), (0..24).map(|n| 1.0 + (n % 5) as f32).collect());
    for apart in [true, false] {
        let (_, slope) = supervised(&x, &truth, 2, apart);
        for place in 0..24 {
            let moved = |by: f32| {
                let mut to = x.clone();
                to[place] += by;
                supervised(&to, &truth, 2, apart).0
            };
            let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            assert!((f64::from(slope[place]) - difference).abs() < 2e-4, "{place}: {} {difference}", slope[place]);
        }
    }
}

#[test]
fn held_out_counts_have_the_slope_of_their_likelihood() {
    let mut training = training(SLICES, UNROLLING);
    (training.loss, training.source.held_out) = (Loss::HeldOut, Some(0.6));
    let prepared = training.prepared(3).unwrap();
    let rest = prepared.case.rest.as_ref().unwrap();
    let share =
        prepared.case.measurement.total_prompts() / (prepared.case.measurement.total_prompts() + rest.total_prompts());
    assert!((share - 0.6).abs() < 0.02, "{share}");
    let gradient = |parameters| {
        let mut network = StandIn { parameters };
        training.loss_and_gradient(&prepared, &mut network, &[3.0], 0.0).unwrap()
    };
    let (_, slopes) = gradient(PARAMETERS);
    // The loss itself is f32 sums: a long step, and room for its curvature.
    for place in 0..2 {
        let moved = |by: f32| {
            let mut to = PARAMETERS;
            to[place] += by;
            gradient(to).0
        };
        let difference = (moved(0.01) - moved(-0.01)) / 0.02;
        println!("held out: {} against {difference}", slopes[place]);
        assert!((slopes[place] / difference - 1.0).abs() < 0.02, "{place}: {} {difference}", slopes[place]);
    }
}

#[test]
fn cases_follow_from_seed_and_index_and_keep_what_they_are_asked_for() {
    let training = training(SLICES, UNROLLING);
    let case = |index| training.source.case(index).unwrap();
    assert_eq!(case(2).measurement, case(2).measurement);
    assert_ne!(case(2).measurement.prompts, case(3).measurement.prompts);
    let case = case(2);
    let (planes, prompts) = (case.measurement.geometry.planes(), &case.measurement.prompts);
    for plane in 0..planes {
        let total: f64 = prompts.iter().skip(plane).step_by(planes).map(f64::from).sum();
        assert!((total / case.prompts[plane] - 1.0).abs() < 0.05, "plane {plane}: {total}");
    }
    let background = case.measurement.total_background() / case.prompts.iter().sum::<f64>();
    assert!((background - 0.3).abs() < 1e-3, "{background}");
    // The model explains the scan: a long EM reconstruction is near to the truth at this resolution, in its own units.
    let prepared = Prepared::new(case, SLICES, None).unwrap();
    let long = Training { unrolling: Unrolling { iterations: 10, ..UNROLLING }, ..training };
    let image = long.image(&prepared, &mut StandIn { parameters: [0.0; 2] }, &[1e-9]).unwrap();
    let errors = long.errors(&prepared, &image);
    assert!(errors.iter().all(|nrmse| *nrmse < 0.5), "{errors:?}");
}

#[test]
fn a_step_does_not_depend_on_threads() {
    let step = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let training = training(SLICES, UNROLLING);
            let prepared = training.prepared(1).unwrap();
            training.loss_and_gradient(&prepared, &mut StandIn { parameters: PARAMETERS }, &[3.0], 0.0).unwrap()
        })
    };
    assert_eq!(step(1), step(3));
}

#[test]
fn an_unrolled_chain_without_weight_is_osem() {
    let training = training(SLICES, UNROLLING);
    let prepared = training.prepared(0).unwrap();
    let model: Model = training.model(&prepared).unwrap();
    let chain = Unrolled::new(&model, UNROLLING, true, &prepared.noise, prepared.guides(true));
    let image = chain.forward(prepared.start.clone(), &mut StandIn { parameters: PARAMETERS }, &[0.0]).image;
    let mut osem = coincide::algorithm::Osem::new(&model, Some(prepared.start.clone())).unwrap();
    (0..3 * model.subsets()).for_each(|_| {
        coincide::algorithm::Algorithm::update(&mut osem);
    });
    let largest = largest_difference(coincide::algorithm::Algorithm::image(&osem), &image);
    assert!(largest < 1e-5, "{largest}");
}

/// A network is trained in the chain in which it will reconstruct.
#[test]
fn the_chain_of_training_is_the_reconstruction() {
    struct Network(Vec<f32>);
    impl Denoiser for Network {
        fn denoise(&self, x: &[f32], out: &mut [f32]) {
            out.copy_from_slice(&StandIn { parameters: PARAMETERS }.apply(0, [0; 3], x, &[&self.0]));
        }
    }
    let gamma = [4.0_f32, 1.0, 20.0];
    for applied in [Applied::Iteration, Applied::Update, Applied::After] {
        let unrolling = Unrolling { applied, ..UNROLLING };
        let training = training(Stack::Volume { rings: 2, max_ring_difference: 1 }, unrolling);
        let prepared = training.prepared(0).unwrap();
        let model = training.model(&prepared).unwrap();
        let trained =
            training.image(&prepared, &mut StandIn { parameters: PARAMETERS }, &gamma.map(f64::from)).unwrap();
        let target: Arc<dyn Denoiser> = Arc::new(Network(prepared.noise.map.clone()));
        let stages = gamma.map(|gamma| (target.clone(), prepared.noise.means[0] * gamma)).into();
        let prior = Prior::Unrolled(Arc::new(network::Unrolled::new(stages, applied, 1.0)));
        let Prior::Unrolled(unrolled) = &prior else { unreachable!() };
        let objective = Objective::new(&model, &prior, 1.0);
        let mut reconstruction = Box::new(UnrolledEm::new(&objective, unrolled, Some(prepared.start.clone())).unwrap());
        (0..unrolling.iterations * model.subsets()).for_each(|_| {
            reconstruction.update();
        });
        let largest = largest_difference(&reconstruction.into_image(), &trained);
        println!("{applied:?}: the reconstruction is {largest:.1e} from the chain of training");
        assert!(largest < 1e-5, "{applied:?}: {largest}");
    }
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / (1.0 + a.abs())).fold(0.0, f32::max)
}

#[cfg(not(feature = "torch"))]
#[test]
fn without_libtorch_the_command_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/train-tiny.toml");
    std::fs::copy(example, folder.path().join("train.toml")).unwrap();
    let program = std::process::Command::new(env!("CARGO_BIN_EXE_coincide"))
        .args(["train", "train.toml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&program.stderr).into_owned();
    assert_eq!(program.status.code(), Some(2), "{error}");
    assert!(error.contains("cargo xtask libtorch") && error.contains("--features torch"), "{error}");
}

#[test]
fn families_are_those_of_the_config_and_validation_may_have_its_own() {
    use coincide::config::{Source as Text, TrainConfig};
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/train-tiny.toml");
    let tiny = std::fs::read_to_string(example).unwrap();
    let families = |text: String| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.toml");
        std::fs::write(&path, text).unwrap();
        let (source, config): (Text, TrainConfig) = TrainConfig::read(&path).unwrap();
        let public = PublicData::default();
        let training = config.training(&source, public.clone(), config.data.seed).unwrap();
        [training.source.families, config.judged(&source, public).unwrap().source.families]
    };
    assert_eq!(families(tiny.clone()), [vec![], vec![]]);
    let asked = tiny.replace("seed = 1", "seed = 1\nfamilies = [\"leaves\", \"ribbons\"]");
    let [leaves, ribbons, rods] = [Family::Leaves, Family::Ribbons, Family::Rods];
    assert_eq!(families(asked.clone()), [vec![leaves, ribbons], vec![leaves, ribbons]]);
    let unseen = asked.replace("stacks = 3", "stacks = 3\nfamilies = [\"rods\"]");
    assert_eq!(families(unseen), [vec![leaves, ribbons], vec![rods]]);
    // A case of other families is another case.
    let mut training = training(SLICES, UNROLLING);
    let today = training.source.case(0).unwrap();
    training.source.families = vec![Family::Voronoi];
    assert_ne!(training.source.case(0).unwrap().truth, today.truth);
}

#[test]
fn every_example_of_training_is_sound_and_mistakes_are_named() {
    use coincide::config::TrainConfig;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.toml");
        std::fs::write(&path, text).unwrap();
        let (source, config) = TrainConfig::read(&path).map_err(|error| vec![error])?;
        let conflicts = config.conflicts(&source, false);
        if conflicts.is_empty() { Ok(()) } else { Err(conflicts) }
    };
    let text = |name: &str| std::fs::read_to_string(root.join("examples").join(name)).unwrap();
    for name in ["train-unrolled-2d.toml", "train-unrolled-2.5d.toml", "train-unrolled-3d.toml", "train-tiny.toml"] {
        let (source, config) = TrainConfig::read(&root.join("examples").join(name)).unwrap();
        let conflicts = config.conflicts(&source, true);
        assert!(conflicts.is_empty(), "{name}: {}", conflicts[0]);
    }
    let tiny = text("train-tiny.toml");
    for (from, to, word) in [
        ("layers = 3", "layers = 3\nkernel = [3, 3, 3]", "across slices"),
        ("layers = 3", "layers = 3\nkernel = [3, 2, 1]", "odd"),
        ("steps = 12", "steps = 0", "too few"),
        ("stacks = 3", "stacks = 3\nseed = 1", "validation cases"),
        ("[2e4, 2e5]", "[2e5, 2e4]", "no range"),
        ("view_mashing = 4", "view_mashing = 5", "mashing"),
        ("[output]", "[output]\nmodle = 1", "did you mean"),
        ("seed = 1", "seed = 1\nfamilies = [\"torso\", \"ribons\"]", "ribbons"),
        ("seed = 1", "seed = 1\nfamilies = [\"rods\", \"leaves\", \"rods\"]", "`rods` is there twice"),
        ("seed = 1", "seed = 1\nfamilies = [\"torso\", \"public\"]", "no public data"),
        ("stacks = 3", "stacks = 3\nfamilies = [\"public\"]", "no public data"),
    ] {
        let errors = read(&tiny.replace(from, to)).unwrap_err();
        assert!(errors[0].to_string().contains(word), "{to}: {}", errors[0]);
    }
}
