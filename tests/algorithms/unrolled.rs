//! Unrolled EM: its update is its formula, without weight it is OSEM, it holds for all doses; and the real binary with
//! networks made by hand.

use coincide::algorithm::{Algorithm, Lbfgs, Objective, Osem, UnrolledEm};
use coincide::data::{Background, Clock, Ledger, Measurement};
use coincide::image::ImageGrid;
use coincide::io::hdf5;
use coincide::likelihood::Model;
use coincide::operator::{LinearOperator, Projector};
use coincide::prior::model_file::FORMAT;
use coincide::prior::network::{Applied, Architecture, Body, KIND, Layer, MapImage, ModelCard, Unrolled, Weights};
use coincide::prior::{Denoiser, Neighbours, Pairs, Prior, RelativeNoise, mean_activity, network, relative_difference};
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
use coincide_kernels::Level;
use coincide_kernels::fusion::fuse;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const SUBSETS: usize = 6;

fn geometry() -> SinogramGeometry {
    let scanner = Scanner { crystals_per_ring: 72, radial_bins: 33, rings: 6, ..preset("siemens-mmr").unwrap() };
    SinogramGeometry::new(scanner, AxialCompression::Span { span: 3, max_ring_difference: 5 }, 1, 0).unwrap()
}

fn grid() -> ImageGrid {
    ImageGrid::centred([28, 28, 11], [22.0, 22.0, 2.03125])
}

/// A warm box, with counts that fluctuate; `calibration` multiplies the factors.
fn measurement(calibration: f32) -> Arc<Measurement> {
    let (geometry, grid) = (geometry(), grid());
    let warm = |voxel: usize| {
        let [x, y, _] = grid.centre_mm([voxel / (28 * 11), voxel / 11 % 28, voxel % 11]);
        f32::from(u8::from(x.abs() < 120.0 && y.abs() < 100.0))
    };
    let truth: Vec<f32> = (0..grid.voxels()).map(warm).collect();
    let mut mean = vec![0.0; geometry.bins()];
    Projector::new(&geometry, grid).forward(&truth, &mut mean);
    let factors: Vec<f32> = (0..mean.len()).map(|n| 0.02 + 0.01 * (n % 5) as f32).collect();
    let noisy = |n: usize| {
        let (mean, deviation) = (factors[n] * mean[n] + 0.4, ((n * 7919 % 1009) as f32 / 504.5 - 1.0) * 1.7);
        (mean + deviation * mean.sqrt()).max(0.0).round()
    };
    let prompts = (0..mean.len()).map(noisy).collect();
    let background = Some(Background::of_bins(geometry.shape(), vec![0.4; mean.len()]));
    let factors = Some(factors.iter().map(|factor| calibration * factor).collect());
    Arc::new(Measurement {
        geometry,
        prompts,
        factors,
        background,
        ledger: Ledger::raw().calibrated(),
        clock: Clock::default(),
    })
}

fn osem(model: &Model, updates: usize) -> Vec<f32> {
    let mut osem = Osem::new(model, None).unwrap();
    (0..updates).for_each(|_| {
        osem.update();
    });
    osem.image().to_vec()
}

fn unrolled(model: &Model, prior: Unrolled, updates: usize) -> Vec<f32> {
    let prior = Prior::Unrolled(Arc::new(prior));
    let objective = Objective::new(model, &prior, 1.0);
    let Prior::Unrolled(network) = &prior else { panic!() };
    let mut algorithm = UnrolledEm::new(&objective, network, None).unwrap();
    (0..updates).for_each(|_| {
        algorithm.update();
    });
    algorithm.image().to_vec()
}

/// Remembers how often it was asked.
struct Doubling(AtomicUsize);

impl Denoiser for Doubling {
    fn denoise(&self, x: &[f32], out: &mut [f32]) {
        self.0.fetch_add(1, Ordering::Relaxed);
        out.iter_mut().zip(x).for_each(|(out, x)| *out = 2.0 * x);
    }
}

fn stage(gamma: f32) -> (Arc<dyn Denoiser>, f32) {
    (Arc::new(Doubling(AtomicUsize::new(0))), gamma)
}

#[test]
fn without_weight_it_is_osem_to_the_bit() {
    let measurement = measurement(1.0);
    let model = Model::new(&measurement, grid(), Some([30.0, 30.0, 4.0]), SUBSETS).unwrap();
    let plain = osem(&model, 2 * SUBSETS);
    assert!(unrolled(&model, Unrolled::new(vec![stage(0.0)], Applied::Update, 1.0), 2 * SUBSETS) == plain);
    let pulled = unrolled(&model, Unrolled::new(vec![stage(0.1)], Applied::Update, 1.0), 2 * SUBSETS);
    assert!(mean_activity(&grid(), &pulled) > 1.05 * mean_activity(&grid(), &plain), "drawn to twice the image");
}

/// x⁺ = fuse(e, z, γ s̄ₖ / c, sₖ), from parts that OSEM does not share.
#[test]
fn an_update_is_its_formula() {
    let measurement = measurement(1.0);
    let model = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let (x, mut s) = (osem(&model, 0), vec![0.0; grid().voxels()]);
    model.sensitivity(0, &mut s);
    // Inside the outermost radial bin.
    let line = |radial| measurement.geometry.line(0, radial).distance_and_angle().0.abs();
    let radius = line(0).min(line(measurement.geometry.radial_bins - 1));
    let inside = |voxel: usize| {
        let [x, y, _] = grid().centre_mm([voxel / (28 * 11), voxel / 11 % 28, 0]);
        x.hypot(y) <= radius
    };
    let seen: Vec<f64> = (0..s.len()).filter(|&voxel| inside(voxel)).map(|voxel| f64::from(s[voxel])).collect();
    let (gamma, scale) = (0.3, 0.8);
    let weight = gamma * seen.iter().sum::<f64>() / seen.len() as f64 / scale;
    let e = osem(&model, 1);
    let found = unrolled(&model, Unrolled::new(vec![stage(gamma as f32)], Applied::Iteration, scale as f32), 1);
    let mut compared = 0;
    for voxel in (0..s.len()).filter(|&voxel| s[voxel] > 0.0) {
        let expected = fuse(e[voxel], 2.0 * x[voxel], weight as f32, s[voxel]);
        assert!((found[voxel] - expected).abs() <= 1e-5 * expected.max(0.1), "{} {expected}", found[voxel]);
        compared += usize::from(expected > 0.0);
    }
    assert!(compared > 3000, "{compared}");
}

/// γ = 0, then γ = 0.3: OSEM for one iteration, and from there as from any start image.
#[test]
fn every_iteration_has_the_weight_of_its_stage() {
    let measurement = measurement(1.0);
    let model = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let stages = || Unrolled::new(vec![stage(0.0), stage(0.3)], Applied::Iteration, 0.8);
    let plain = osem(&model, SUBSETS);
    assert!(unrolled(&model, stages(), SUBSETS) == plain);
    let prior = Prior::Unrolled(Arc::new(Unrolled::new(vec![stage(0.3)], Applied::Iteration, 0.8)));
    let objective = Objective::new(&model, &prior, 1.0);
    let Prior::Unrolled(network) = &prior else { panic!() };
    let mut second = UnrolledEm::new(&objective, network, Some(plain.clone())).unwrap();
    (0..SUBSETS).for_each(|_| {
        second.update();
    });
    assert!(unrolled(&model, stages(), 2 * SUBSETS) == second.image());
    assert!(mean_activity(&grid(), second.image()) > 1.05 * mean_activity(&grid(), &plain), "drawn to twice the image");
}

fn noise(model: &Model, scale: f32) -> RelativeNoise {
    let (mut total, mut one) = (vec![0.0; grid().voxels()], vec![0.0; grid().voxels()]);
    for subset in 0..model.subsets() {
        model.sensitivity(subset, &mut one);
        total.iter_mut().zip(&one).for_each(|(total, one)| *total += one);
    }
    let measurement = model.measurement();
    RelativeNoise::new(&total, scale, measurement.total_prompts(), measurement.total_background())
}

/// Four times the sensitivity and the same counts: a quarter of the activity, to the last bit.
#[test]
fn it_holds_for_all_units_and_doses() {
    let mut architecture = Architecture { noise: true, ..Architecture::plain(3, 8, [3; 3], [3; 3], false) };
    (architecture.layers[0].inputs, architecture.layers[1].dilation) = (2, 2);
    let weights: Vec<Vec<f32>> = architecture
        .layers
        .iter()
        .map(|layer| (0..layer.weights()).map(|n| ((n * 7919 % 101) as f32 / 50.0 - 1.0) * 0.2).collect())
        .collect();
    let image = |calibration: f32, start: Option<MapImage>| {
        let measurement = measurement(calibration);
        let model = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
        let card = ModelCard { start, ..card(architecture.clone()) };
        let weights = Weights { bodies: vec![weights.clone()], gamma: vec![0.2] };
        let network = network::Model { card, weights };
        let scale = mean_activity(&grid(), &osem(&model, SUBSETS));
        let noise = noise(&model, scale);
        let prior = Unrolled::of_model(&network, &grid(), scale, &noise, None, 1.0).unwrap();
        unrolled(&model, prior, 2 * SUBSETS)
    };
    let (one, four) = (image(1.0, None), image(4.0, None));
    assert!(one.iter().zip(&four).all(|(one, four)| *one == 4.0 * four));
    let start = Some(MapImage { weight: 0.02, exponent: 0.4, subsets: 6, iterations: 4 });
    let (map, map_of_four) = (image(1.0, start), image(4.0, start));
    // Powers of ν̄ are not exact.
    let close = |(one, four): (&f32, &f32)| (one - 4.0 * four).abs() <= 1e-4 * one.max(0.1);
    assert!(map.iter().zip(&map_of_four).all(close) && map != one);
    let plain = osem(&Model::new(&measurement(1.0), grid(), None, SUBSETS).unwrap(), 2 * SUBSETS);
    assert!(one.iter().zip(&plain).any(|(a, b)| (a - b).abs() > 0.05), "the network does something");
}

/// OSEM from the MAP image: smoother with a larger weight, and the passes that it took are counted.
#[test]
fn a_model_may_go_on_from_a_map_image() {
    let measurement = measurement(1.0);
    let model = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let scale = mean_activity(&grid(), &osem(&model, SUBSETS));
    let noise = noise(&model, scale);
    let first = |weight: f64| {
        let start = Some(MapImage { weight, exponent: 0.4, subsets: 7, iterations: 4 });
        let network = untrained(0.0, false);
        let network = network::Model { card: ModelCard { start, ..network.card }, ..network };
        let prior = Prior::Unrolled(Arc::new(Unrolled::of_model(&network, &grid(), scale, &noise, None, 1.0).unwrap()));
        let objective = Objective::new(&model, &prior, 1.0);
        let Prior::Unrolled(network) = &prior else { panic!() };
        let mut algorithm = UnrolledEm::new(&objective, network, None).unwrap();
        let passes = algorithm.update().passes;
        (algorithm.image().to_vec(), passes)
    };
    let [weak, strong] = [1e-3, 1.0].map(first);
    let differences = |x: &[f32]| x.windows(2).map(|pair| f64::from(pair[1] - pair[0]).abs()).sum::<f64>();
    println!("{} {}", differences(&weak.0), differences(&strong.0));
    assert!(differences(&strong.0) < 0.7 * differences(&weak.0));
    // One of OSEM, four of SVRG, two anchors, and the update of a subset.
    assert!((weak.1 - 7.0 - 1.0 / SUBSETS as f64).abs() < 1e-9, "{}", weak.1);
    // A start image of the user's own is not replaced.
    let plain = osem(&model, 1);
    let prior = Prior::Unrolled(Arc::new(Unrolled::new(vec![stage(0.0)], Applied::Update, 1.0)));
    let objective = Objective::new(&model, &prior, 1.0);
    let Prior::Unrolled(network) = &prior else { panic!() };
    let mut own = UnrolledEm::new(&objective, network, Some(osem(&model, 0))).unwrap();
    own.update();
    assert!(own.image() == plain);
}

/// What comes out of a network on a scan whose card has a start and a blend, and the passes of its first update.
fn blended(model: &Model, card_of: impl Fn(ModelCard) -> ModelCard) -> (Vec<f32>, f64) {
    let scale = mean_activity(&grid(), &osem(model, SUBSETS));
    let network = smoothing(0.5);
    let network = network::Model { card: card_of(network.card), ..network };
    let noise = noise(model, scale);
    let prior = Prior::Unrolled(Arc::new(Unrolled::of_model(&network, &grid(), scale, &noise, None, 1.0).unwrap()));
    let objective = Objective::new(model, &prior, 1.0);
    let Prior::Unrolled(network) = &prior else { panic!() };
    let mut algorithm = Box::new(UnrolledEm::new(&objective, network, None).unwrap());
    let passes = algorithm.update().passes;
    (1..2 * SUBSETS).for_each(|_| {
        algorithm.update();
    });
    (algorithm.into_image(), passes)
}

const START: MapImage = MapImage { weight: 0.05, exponent: 0.4, subsets: 7, iterations: 4 };
/// A third of the weight, to convergence.
const WEAK: MapImage = MapImage { weight: 0.05 / 3.0, exponent: 0.4, subsets: 7, iterations: 30 };

/// ‖a − b‖ / ‖b‖
fn apart(a: &[f32], b: &[f32]) -> f64 {
    let sum = |values: &mut dyn Iterator<Item = f32>| values.map(|value| f64::from(value).powi(2)).sum::<f64>();
    (sum(&mut a.iter().zip(b).map(|(a, b)| a - b)) / sum(&mut b.iter().copied())).sqrt()
}

#[test]
fn a_blend_is_linear_and_ends_at_the_weakly_regularised_image() {
    let measurement = measurement(1.0);
    let model = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let share = |start: Option<MapImage>, blend: Option<f64>| {
        blended(&model, |card| ModelCard { start, weak: Some(WEAK), blend, ..card })
    };
    let start = Some(START);
    let ((none, passes), (zero, same)) = (share(start, None), share(start, Some(0.0)));
    assert!(none == zero && passes == same, "no share is no blend, to the bit");
    // SVRG and anchors of the start and, from there, of the weak image; OSEM before the first; a subset.
    let ((all, more), subset) = (share(start, Some(1.0)), 1.0 / SUBSETS as f64);
    assert!((passes - 7.0 - subset).abs() < 1e-9 && (more - passes - 45.0).abs() < 1e-9, "{passes} {more}");
    let quarter = share(start, Some(0.25)).0;
    let linear = |((x, none), all): ((&f32, &f32), &f32)| (x - (0.75 * none + 0.25 * all)).abs() <= 1e-6 * x.max(0.1);
    assert!(quarter.iter().zip(&none).zip(&all).all(linear));
    // The relative difference prior of that weight, by an algorithm of its own, from a uniform image.
    let scale = mean_activity(&grid(), &osem(&model, SUBSETS));
    let whole = Model::new(&measurement, grid(), None, 1).unwrap();
    let mut s = vec![0.0; grid().voxels()];
    whole.sensitivity(0, &mut s);
    let seen: Vec<f64> = s.iter().filter(|s| **s > 0.0).map(|s| f64::from(*s)).collect();
    let mean = seen.iter().sum::<f64>() / seen.len() as f64;
    let map = |weight: f64| {
        let beta = weight * mean * f64::from(noise(&model, scale).mean).powf(0.4);
        let pairs = Pairs::new(&grid(), Neighbours::default(), None);
        let objective = Objective::new(&whole, &Prior::Smooth(relative_difference(pairs, 2.0, 1e-3 * scale)), beta);
        let mut lbfgs = Lbfgs::new(&objective, 5, None).unwrap();
        (0..200).for_each(|_| {
            lbfgs.update();
        });
        lbfgs.image().to_vec()
    };
    let (weak, strong) = (map(WEAK.weight), map(START.weight));
    println!("{:.1e} from it, {:.1e} from the stronger one", apart(&all, &weak), apart(&all, &strong));
    assert!(apart(&all, &weak) < 1e-2 && apart(&all, &strong) > 2e-2);
    // Without a start it begins with a uniform image, and comes to the same.
    assert!(apart(&share(None, Some(1.0)).0, &weak) < 1e-2);
}

/// Four times the sensitivity, a quarter of the activity.
#[test]
fn a_blend_holds_for_all_units() {
    let image = |calibration: f32| {
        let model = Model::new(&measurement(calibration), grid(), None, SUBSETS).unwrap();
        blended(&model, |card| ModelCard { start: Some(START), blend: Some(0.4), ..card }).0
    };
    // Powers of ν̄ are not exact.
    let close = |(one, four): (&f32, &f32)| (one - 4.0 * four).abs() <= 1e-4 * one.max(0.1);
    assert!(image(1.0).iter().zip(&image(4.0)).all(close));
}

/// A filter after OSEM is blended, too, and the images on the way are not.
#[test]
fn a_filter_is_blended_as_well() {
    let model = Model::new(&measurement(1.0), grid(), None, SUBSETS).unwrap();
    let after = |blend: f64| {
        let of = |card: ModelCard| {
            let architecture = Architecture { applied: Applied::After, ..card.architecture };
            ModelCard { architecture, weak: Some(WEAK), blend: Some(blend), ..card }
        };
        blended(&model, of).0
    };
    let [none, half, all] = [0.0, 0.5, 1.0].map(after);
    let middle = |((x, none), all): ((&f32, &f32), &f32)| (x - 0.5 * (none + all)).abs() <= 1e-6 * x.max(0.1);
    assert!(half.iter().zip(&none).zip(&all).all(middle) && apart(&none, &all) > 1e-2);
}

/// Writes down at which stage it was asked.
struct Witness(usize, Arc<Mutex<Vec<usize>>>);

impl Denoiser for Witness {
    fn denoise(&self, x: &[f32], out: &mut [f32]) {
        self.1.lock().unwrap().push(self.0);
        out.copy_from_slice(x);
    }
}

#[test]
fn stages_follow_the_iterations_and_the_last_one_stays() {
    let measurement = measurement(1.0);
    let model = Model::new(&measurement, grid(), None, 3).unwrap();
    let asked = |applied| {
        let log = Arc::new(Mutex::new(Vec::new()));
        let stages = (0..2).map(|k| (Arc::new(Witness(k, log.clone())) as Arc<dyn Denoiser>, 0.1)).collect();
        unrolled(&model, Unrolled::new(stages, applied, 1.0), 9);
        log.lock().unwrap().clone()
    };
    assert_eq!(asked(Applied::Iteration), [0, 1, 1]);
    assert_eq!(asked(Applied::Update), [0, 0, 0, 1, 1, 1, 1, 1, 1]);
}

fn card(architecture: Architecture) -> ModelCard {
    ModelCard {
        format: FORMAT,
        kind: KIND.into(),
        architecture,
        sha256: String::new(),
        iterations: 3,
        subsets: 4,
        start: None,
        weak: None,
        blend: None,
        training_data: "none".into(),
        scanners: vec!["small".into()],
        prompts_per_mm: [1e3, 1e6],
        voxel_mm: [4.0, 8.0],
        target_resolution_mm: 4.0,
        licence: "MIT".into(),
        metrics: Default::default(),
        commit: "none".into(),
        command: "none".into(),
    }
}

/// z = mean of 3 × 3 × 3 voxels: one channel has the mean, one the voxel; what comes out is their difference.
fn smoothing(gamma: f32) -> network::Model {
    let layers = vec![
        Layer { kernel: [3; 3], dilation: 1, inputs: 1, outputs: 2 },
        Layer { kernel: [1; 3], dilation: 1, inputs: 2, outputs: 1 },
    ];
    let mut first = vec![1.0 / 27.0; 54];
    first[27..].fill(0.0);
    first[27 + 13] = 1.0;
    let architecture = Architecture {
        layers,
        stages: 1,
        shared: true,
        noise: false,
        companions: Vec::new(),
        anatomical: false,
        applied: Applied::Iteration,
    };
    let weights = Weights { bodies: vec![vec![first, vec![1.0, -1.0]]], gamma: vec![gamma] };
    network::Model { card: card(architecture), weights }
}

/// Noise, and a last layer of zeros.
fn untrained(gamma: f32, anatomical: bool) -> network::Model {
    let architecture = Architecture::plain(3, 4, [3; 3], [3; 3], anatomical);
    let mut body: Vec<Vec<f32>> = architecture.layers.iter().map(|layer| vec![0.3; layer.weights()]).collect();
    body[2].fill(0.0);
    network::Model { card: card(architecture), weights: Weights { bodies: vec![body], gamma: vec![gamma] } }
}

#[test]
fn the_smoothing_network_is_a_mean() {
    let (network, x) = (smoothing(1.0), (0..125).map(|n| (n * 37 % 11) as f32).collect::<Vec<_>>());
    let mut z = vec![f32::NAN; 125];
    let layers = &network.card.architecture.layers;
    Body::new(layers, &network.weights.bodies[0], [5; 3]).denoise(Level::best(), 2.0, &x, &[], &mut z);
    let around = |n: usize| [n - 31, n - 30, n - 29, n - 26, n - 25, n - 24, n - 21, n - 20, n - 19];
    let middle: f32 = around(62).iter().flat_map(|n| [x[*n], x[n + 25], x[n + 50]]).sum();
    assert!((z[62] - middle / 27.0).abs() < 1e-5, "{} {}", z[62], middle / 27.0);
}

fn write(folder: &Path, name: &str, model: &network::Model) {
    let path = folder.join(name).with_extension("safetensors");
    let files = model.encode(&path).unwrap();
    fs::write(&path, files.weights).unwrap();
    fs::write(path.with_extension("json"), files.card).unwrap();
}

/// Runs `coincide recon` with a prior in a folder; code, stderr, and the image where there is one.
fn recon(folder: &Path, prior: &str) -> (Option<i32>, String, Option<Vec<f32>>) {
    let config = format!("{prior}\n{}", include_str!("../program/cli/scan.toml"));
    fs::write(folder.join("scan.toml"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
    command.args(["recon", "scan.toml", "--force"]).current_dir(folder).env("NO_COLOR", "1");
    let output = command.output().unwrap();
    let stderr: Vec<_> =
        std::str::from_utf8(&output.stderr).unwrap().lines().map(|line| line.trim_end().to_owned()).collect();
    let image = hdf5::read_image(&folder.join("image.h5")).ok().map(|(image, _)| image.values);
    (output.status.code(), stderr.join("\n"), image)
}

/// Mean square of the differences along z, inside the cylinder: 1 where they are as large as the image.
fn roughness(image: &[f32]) -> f64 {
    let (mut differences, mut squares) = (0.0, 0.0);
    for x in 12..20 {
        for y in 12..20 {
            for z in 0..8 {
                let at = (x * 32 + y) * 9 + z;
                differences += f64::from(image[at + 1] - image[at]).powi(2);
                squares += f64::from(image[at]).powi(2);
            }
        }
    }
    differences / squares
}

#[test]
fn only_the_prior_block_turns_osem_into_the_unrolled_network() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "untrained", &untrained(1e-6, false));
    write(folder, "smoothing", &smoothing(0.5));
    let (code, stderr, plain) = recon(folder, "");
    assert_eq!(code, Some(0), "{stderr}");
    let plain = plain.unwrap();

    let (code, stderr, image) = recon(folder, "[prior.unrolled]\nmodel = \"untrained.safetensors\"");
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!stderr.contains("warning"), "the card's own scan: {stderr}");
    let worst = image.unwrap().iter().zip(&plain).map(|(a, b)| (a - b).abs() / b.max(1.0)).fold(0.0, f32::max);
    assert!(worst < 1e-5, "{worst}");

    let (code, stderr, smooth) = recon(folder, "[prior.unrolled]\nmodel = \"smoothing.safetensors\"");
    assert_eq!(code, Some(0), "{stderr}");
    let (before, after) = (roughness(&plain), roughness(&smooth.unwrap()));
    assert!(after < 0.6 * before, "{after} {before}");
    let (_, _, weak) = recon(folder, "[prior.unrolled]\nmodel = \"smoothing.safetensors\"\nstrength = 0");
    assert!(weak.unwrap() == plain, "strength 0 is OSEM to the bit");
}

/// The key replaces the card's share; a card without one has the usual weak image.
#[test]
fn the_config_has_the_last_word_on_the_blend() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let network = smoothing(0.5);
    write(folder, "plain", &network);
    let card = ModelCard { weak: Some(MapImage::WEAK), blend: Some(0.5), ..network.card.clone() };
    write(folder, "blended", &network::Model { card, ..network });
    let image = |model: &str, blend: &str| {
        let (code, stderr, image) =
            recon(folder, &format!("[prior.unrolled]\nmodel = \"{model}.safetensors\"\n{blend}"));
        assert_eq!(code, Some(0), "{stderr}");
        let mut info = Command::new(env!("CARGO_BIN_EXE_coincide"));
        let info = info.args(["info", "image.h5"]).current_dir(folder).output().unwrap();
        (image.unwrap(), String::from_utf8(info.stdout).unwrap())
    };
    let ((none, plain), (off, _)) = (image("plain", ""), image("blended", "blend = 0"));
    assert!(none == off && !plain.contains("of the image of the relative difference prior"), "{plain}");
    let ((own, told), (asked, _)) = (image("blended", ""), image("plain", "blend = 0.5"));
    assert!(own == asked && own != none);
    assert!(told.contains("0.5 of the image of the relative difference prior with β = 0.01 S̄ ν̄^0.4"), "{told}");
}

#[test]
fn check_counts_the_network_in() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "smoothing", &smoothing(0.5));
    let predicted = |prior: &str| {
        let scan = include_str!("../program/cli/scan.toml").replace("[32, 32, 9]", "[400, 400, 9]");
        fs::write(folder.join("scan.toml"), format!("{prior}\n{scan}")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
        let output = command.args(["check", "scan.toml", "--json"]).current_dir(folder).output().unwrap();
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        found["peak_memory_mb"].as_f64().unwrap()
    };
    // An image, and 3 + 1 planes of 400 × 9 voxels with their zeros: of 1 channel, and of 16, as vectors take them.
    let found = predicted("[prior.unrolled]\nmodel = \"smoothing.safetensors\"") - predicted("");
    let planes = 3.0 * 402.0 * 11.0 + 400.0 * 9.0 * 16.0;
    let image = 400.0 * 400.0 * 9.0;
    let expected = 4e-6 * (image + planes);
    assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    // The weak image, and what SVRG of 12 subsets takes.
    let blended = predicted("[prior.unrolled]\nmodel = \"smoothing.safetensors\"\nblend = 0.3") - predicted("");
    let more = 4e-6 * 19.0 * image;
    assert!((blended - found - more).abs() < 1e-9, "{blended} {found} {more}");
}

#[test]
fn networks_that_cannot_be_used_are_underlined() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "guided", &untrained(0.1, true));
    write(folder, "plain", &untrained(0.1, false));
    write(folder, "broken", &untrained(0.1, false));
    fs::write(folder.join("broken.safetensors"), "{}").unwrap();
    let mistake = |prior: &str| {
        let (code, stderr, _) = recon(folder, prior);
        assert_eq!(code, Some(2), "{stderr}");
        stderr
    };
    let found = mistake("[prior.unrolled]\nmodel = \"guided.safetensors\"");
    assert!(found.contains("the network was trained with an anatomical image, and none is given"), "{found}");
    assert!(found.contains("add `anatomical = { file = \"mr.nii.gz\" }`"), "{found}");
    let found = mistake("[prior.unrolled]\nmodel = \"plain.safetensors\"\nanatomical.phantom = \"brain\"");
    assert!(found.contains("the network takes no anatomical image"), "{found}");
    let found = mistake("[prior.unrolled]\nmodel = \"nothing\"");
    assert!(
        found.contains("no model `nothing` is shipped; known are unrolled-2d, unrolled-2.5d, unrolled-3d"),
        "{found}"
    );
    let found = mistake("[prior.unrolled]\nmodel = \"nothing.safetensors\"");
    assert!(found.contains("there is no file nothing.safetensors"), "{found}");
    let found = mistake("[prior.unrolled]\nmodel = \"broken.safetensors\"");
    assert!(found.contains("broken.safetensors: sha256 is"), "{found}");
    let found = mistake("[prior.unrolled]\nmodel = \"plain.safetensors\"\nstrength = -1");
    assert!(found.contains("must be a finite number >= 0, got -1"), "{found}");
    for share in ["1.5", "-0.1"] {
        let found = mistake(&format!("[prior.unrolled]\nmodel = \"plain.safetensors\"\nblend = {share}"));
        assert!(found.contains(&format!("must be a number from 0 to 1, got {share}")), "{found}");
        assert!(found.contains(&format!("blend = {share}")) && found.contains("scan.toml:3"), "{found}");
    }
}

/// A network on a scan that it was not trained for runs, and the differences are said.
#[test]
fn foreign_scans_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut model = untrained(0.1, true);
    model.card.iterations = 8;
    model.card.prompts_per_mm = [1.0, 10.0];
    model.card.scanners = vec!["siemens-mmr".into()];
    write(folder, "foreign", &model);
    let prior = "[prior.unrolled]\nmodel = \"foreign.safetensors\"\nanatomical.phantom = \"uniform-cylinder\"";
    let (code, stderr, image) = recon(folder, prior);
    assert_eq!((code, image.is_some()), (Some(0), true), "{stderr}");
    for expected in [
        "warning: the network was trained for 8 iterations of 4 subsets, this run makes 3 of 4",
        "warning: the network was trained on the scanners siemens-mmr, this is small",
        "warning: the network was trained on 1.000e0 to 1.000e1 prompts per mm of axial length, this scan has ",
    ] {
        assert!(stderr.contains(expected), "{expected} in {stderr}");
    }
}
