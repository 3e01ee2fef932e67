//! Twin scans, their lesions, and the gradient of a loss that asks for them.

use super::{PARAMETERS, StandIn, UNROLLING, training};
use coincide::algorithm::{Algorithm, Objective, UnrolledEm};
use coincide::prior::model_file::FORMAT;
use coincide::prior::network::{self, Architecture, Body, Companion, KIND, MapImage, ModelCard, Weights};
use coincide::prior::{Prior, RelativeNoise};
use coincide::train::{DetectionSchedule, Family, FilterSchedule, Layer, Phase, Sample, Stack, State, Term, Training};
use coincide_kernels::Level;
use std::sync::Arc;

/// A body in a small scanner, with lesions of a few voxels.
fn asked() -> Training {
    let mut training = training(Stack::Volume { rings: 4, max_ring_difference: 2 }, UNROLLING);
    let scanner = &mut training.source.scanners[0];
    (scanner.shape, scanner.voxel_mm) = ([36, 36], [8.0, 8.0]);
    (scanner.scanner.crystals_per_ring, scanner.scanner.radial_bins, scanner.scanner.bin_size_mm) = (96, 61, 6.0);
    training.source.prompts_per_slice = [3e5, 3e5];
    training.source.target_fwhm_mm = 8.0;
    training.source.families = vec![Family::Voronoi, Family::Solids];
    training.start = Some(MapImage { weight: 5e-3, exponent: 0.4, subsets: 4, iterations: 2 });
    training.companions = vec![Companion::Weak, Companion::Osem];
    training.filter = Some(FilterSchedule { stacks: 2, steps: 3, rate: 1e-2 });
    training.detection =
        Some(DetectionSchedule { term: Term { weight: 0.1, floor: 0.8 }, bodies: 2, steps: 2, rate: 1e-2 });
    training.schedule.steps = 1;
    training
}

#[test]
fn twins_differ_in_noise_or_in_lesions() {
    let training = asked();
    let twins = training.source.twins(3).unwrap();
    assert!(twins.lesions.len() >= 4, "{}", twins.lesions.len());
    let counts = twins.scans.each_ref().map(|scan| scan.measurement.prompts.to_vec());
    let [a0, a1, b0, b1] = &counts;
    let same = |x: &[f32], y: &[f32]| x.iter().zip(y).filter(|(x, y)| x == y).count() as f64 / x.len() as f64;
    println!("same counts: {:.3} with other lesions, {:.3} with other noise", same(a0, a1), same(a0, b0));
    assert!(same(a0, a1) > same(a0, b0) + 0.1, "one noise");
    // What lesions add is the same in both noises, up to noise of its own.
    let sum = |x: &[f32]| x.iter().map(|&count| f64::from(count)).sum::<f64>();
    let [of_a, of_b] = [sum(a1) - sum(a0), sum(b1) - sum(b0)];
    let changed = a0.iter().zip(a1).map(|(x, y)| f64::from((x - y).abs())).sum::<f64>();
    assert!((of_a - of_b).abs() < 5.0 * (2.0 * changed).sqrt(), "{of_a} {of_b} of {changed}");
    // Truths differ by the lesions alone: where no template is, nothing.
    let [t0, t1, u0, u1] = twins.scans.each_ref().map(|scan| &scan.truth);
    assert!(t0 == u0 && t1 == u1 && t0 != t1);
    let added: f64 = t0.iter().zip(t1).map(|(x, y)| f64::from((x - y).abs())).sum();
    assert!(added > 0.0);
    for lesion in &twins.lesions {
        let along = t0.iter().zip(t1).zip(&lesion.mask).map(|((x, y), m)| f64::from((y - x) * m)).sum::<f64>();
        assert!(along > 0.0, "every lesion is in the truth, with its sign");
    }
}

/// By both parameters and ln γ: four reconstructions, their errors and the detection term.
#[test]
fn the_gradient_of_twins_is_that_of_central_differences() {
    let training = asked();
    let twins = training.prepared_twins(1).unwrap();
    assert!(twins.templates.len() >= 3, "{}", twins.templates.len());
    let value = |at: &[f64; 3], weight: f64| {
        let asked = Term { weight, floor: 0.8 };
        let mut network = StandIn { parameters: [at[0] as f32, at[1] as f32] };
        training.loss_of_twins(&twins, &mut network, &[at[2].exp()], asked).unwrap()
    };
    let at = [f64::from(PARAMETERS[0]), f64::from(PARAMETERS[1]), 8.0_f64.ln()];
    let (loss, gradient) = value(&at, 0.1);
    assert!((loss - value(&at, 0.0).0).abs() > 1e-3, "the term counts");
    for place in 0..3 {
        let moved = |by: f64| {
            let mut to = at;
            to[place] += by;
            value(&to, 0.1).0
        };
        let errors = [3e-2, 1e-2, 3e-3].map(|h| {
            let difference = (moved(h) - moved(-h)) / (2.0 * h);
            (gradient[place] / difference - 1.0).abs()
        });
        println!("parameter {place}: {:.3e}, relative errors {errors:?}", gradient[place]);
        assert!(errors.iter().any(|error| *error < 3e-3), "{place}: {errors:?}");
    }
}

#[test]
fn phases_follow_each_other_and_samples_come_back_from_disk() {
    let training = asked();
    let samples: Vec<Sample> = (0..2).map(|number| training.sample(number).unwrap()).collect();
    assert!(samples.iter().all(|sample| sample.views.len() == 4 && sample.views[0].guides.len() == 3));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.safetensors");
    samples[0].write(&path).unwrap();
    assert_eq!(Sample::read(&path).unwrap(), samples[0]);
    let mut state = State::new(&PARAMETERS, 1, &[8.0]);
    let mut network = StandIn { parameters: PARAMETERS };
    let phases = training.phases();
    let [filter, detection] = [training.filter.map(Phase::Filter), training.detection.map(Phase::Detection)];
    assert_eq!(phases, [(filter.unwrap(), 3), (detection.unwrap(), 2), (Phase::Chain, 1)]);
    for phase in phases {
        for _ in 0..phase.1 {
            let before = state.clone();
            training.step(phase, &samples, &mut state, &mut network).unwrap();
            let moved = |place: usize| state.parameters[place] != before.parameters[place];
            assert_eq!([moved(0), moved(2)], [true, phase.0 == Phase::Chain], "γ moves in the chain alone: {phase:?}");
        }
        state.next_phase();
    }
}

/// A network in the engine's own convolutions, to look at.
struct Engine(Body);

impl Layer for Engine {
    fn parameters(&self) -> usize {
        0
    }

    fn set(&mut self, _: &[f32]) {}

    fn apply(&mut self, _: usize, _: [usize; 3], x: &[f32], guides: &[&[f32]]) -> Vec<f32> {
        let mut z = vec![0.0; x.len()];
        self.0.denoise(Level::best(), 1.0, x, guides, &mut z);
        z
    }

    fn pull_back(&mut self, _: usize, _: [usize; 3], _: (&[f32], &[&[f32]]), v: &[f32], _: &mut [f32]) -> Vec<f32> {
        v.to_vec()
    }
}

/// What the network is shown in training, the reconstruction shows it: MAP start, noise, and all companions, some by
/// the anatomical image.
#[test]
fn companions_of_training_are_those_of_the_reconstruction() {
    let mut training = asked();
    training.companions = vec![Companion::Weak, Companion::Osem, Companion::WeakByAnatomy, Companion::OsemByAnatomy];
    training.weak = MapImage { weight: 2e-3, exponent: 0.9, subsets: 3, iterations: 5 };
    let twins = training.prepared_twins(5).unwrap();
    let prepared = &twins.scans[1];
    let grid = prepared.case.grid;
    let anatomical = prepared.anatomical.clone().unwrap();
    let mut architecture = Architecture::plain(2, 4, [3; 3], [3; 3], false);
    (architecture.noise, architecture.companions) = (true, training.companions.clone());
    architecture.layers[0].inputs = architecture.inputs();
    let weights = |layer: &network::Layer| (0..layer.weights()).map(|n| 0.08 * (1.7 * n as f32).sin()).collect();
    let bodies: Vec<Vec<Vec<f32>>> = vec![architecture.layers.iter().map(weights).collect()];
    let mut engine = Engine(Body::new(&architecture.layers, &bodies[0], grid.shape));
    let trained = training.image(prepared, &mut engine, &[8.0]).unwrap();
    let card = ModelCard {
        format: FORMAT,
        kind: KIND.into(),
        architecture,
        sha256: String::new(),
        iterations: 3,
        subsets: 3,
        start: training.start,
        weak: Some(training.weak),
        blend: None,
        training_data: String::new(),
        scanners: Vec::new(),
        prompts_per_mm: [0.0, 1e9],
        voxel_mm: [0.0, 1e3],
        target_resolution_mm: 8.0,
        licence: String::new(),
        metrics: Default::default(),
        commit: String::new(),
        command: String::new(),
    };
    let model = training.model(prepared).unwrap();
    let noise = RelativeNoise { map: prepared.noise.map.clone(), mean: prepared.noise.means[0] };
    let weights = Weights { bodies, gamma: vec![8.0] };
    let shipped = network::Model { card, weights };
    let image = |anatomical: Option<&[f32]>| {
        let prior = network::Unrolled::of_model(&shipped, &grid, 1.0, &noise, anatomical, 1.0).unwrap();
        let prior = Prior::Unrolled(Arc::new(prior));
        let Prior::Unrolled(unrolled) = &prior else { unreachable!() };
        let mut em = Box::new(UnrolledEm::new(&Objective::new(&model, &prior, 1.0), unrolled, None).unwrap());
        (0..3 * model.subsets()).for_each(|_| {
            em.update();
        });
        em.into_image()
    };
    let (with, blank) = (image(Some(&anatomical)), image(None));
    let off = |image: &[f32]| super::largest_difference(image, &trained);
    println!("off by {:.1e}, without the anatomical image by {:.1e}", off(&with), off(&blank));
    assert!(off(&with) < 1e-3 && off(&blank) > 3.0 * off(&with));
}
