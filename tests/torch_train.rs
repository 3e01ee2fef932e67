//! Training with libtorch: the network's gradient and that of the whole chain; a run, a stopped run that goes on, and
//! their files.

use coincide::config::TrainConfig;
use coincide::prior::network::{Architecture, Model};
use coincide::train::{Layer, Precision, PublicData, TorchNetwork, Training, first_weights};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Random weights, also in the last layer, which training starts at zero.
fn weights(architecture: &Architecture) -> Vec<f32> {
    let mut weights = first_weights(architecture, 5);
    weights.iter_mut().enumerate().filter(|(_, w)| **w == 0.0).for_each(|(n, w)| *w = 0.1 * (n as f32).sin());
    weights
}

/// 2-D, 2.5-D and 3-D, all with taps apart; the first sees the noise.
fn architectures() -> [Architecture; 3] {
    let plain = |first, other| Architecture::plain(3, 6, first, other, false);
    let mut seeing = Architecture { noise: true, ..plain([3, 3, 1], [3, 3, 1]) };
    (seeing.layers[0].inputs, seeing.layers[1].dilation) = (2, 3);
    let [mut between, mut apart] = [plain([3, 3, 5], [3, 3, 1]), plain([3; 3], [3; 3])];
    (between.layers[1].dilation, apart.layers[1].dilation) = (4, 2);
    [seeing, between, apart]
}

fn shown(errors: &[f64]) -> String {
    errors.iter().map(|error| format!("{error:.1e}")).collect::<Vec<_>>().join(" ")
}

const SHAPE: [usize; 3] = [9, 10, 6];

fn noise() -> Vec<f32> {
    (0..540).map(|n| 0.5 + 0.4 * (n as f32 * 1.9).cos()).collect()
}

fn image() -> Vec<f32> {
    (0..540).map(|n| 1.0 + (n as f32 * 0.7).sin()).collect()
}

#[test]
fn libtorch_and_the_engine_agree_on_the_network() {
    for architecture in architectures() {
        let mut network = TorchNetwork::new(architecture.clone(), Precision::Single);
        network.set(&weights(&architecture));
        let (noise, seen) = (noise(), architecture.inputs() - 1);
        let guides = &[&noise[..]][..seen];
        let (ours, theirs) =
            (network.apply(0, SHAPE, &image(), guides), network.by_libtorch(0, SHAPE, &image(), guides));
        let largest = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("{:?}: {largest:.1e}", architecture.layers[0].kernel);
        assert!(largest < 1e-5, "{largest}");
    }
}

/// bfloat16 has 8 bits: its slopes point the same way.
#[test]
fn slopes_in_bfloat16_are_nearly_those_in_f32() {
    for architecture in architectures() {
        let v: Vec<f32> = (0..540).map(|n| (n as f32 * 1.3).cos()).collect();
        let slopes = [Precision::Single, Precision::Bfloat16].map(|precision| {
            let mut network = TorchNetwork::new(architecture.clone(), precision);
            network.set(&weights(&architecture));
            let mut slope = vec![0.0; network.parameters()];
            let (noise, seen) = (noise(), architecture.inputs() - 1);
            let back = network.pull_back(0, SHAPE, (&image(), &[&noise[..]][..seen]), &v, &mut slope);
            [slope, back].concat()
        });
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let [single, half] = &slopes;
        let cosine = dot(single, half) / (dot(single, single) * dot(half, half)).sqrt();
        println!("{:?}: 1 - cosine {:.1e}", architecture.layers[0].kernel, 1.0 - cosine);
        assert!(cosine > 0.99 && single != half, "{cosine}");
    }
}

#[test]
fn the_network_s_slopes_are_those_of_central_differences() {
    for architecture in architectures() {
        let mut network = TorchNetwork::new(architecture.clone(), Precision::Single);
        let at = weights(&architecture);
        network.set(&at);
        let (x, v): (Vec<f32>, Vec<f32>) = (image(), (0..540).map(|n| (n as f32 * 1.3).cos()).collect());
        let mut slope = vec![0.0; network.parameters()];
        let (noise, seen) = (noise(), architecture.inputs() - 1);
        let guides = &[&noise[..]][..seen];
        let back = network.pull_back(0, SHAPE, (&x, guides), &v, &mut slope);
        let mut value = |x: &[f32], weights: &[f32]| -> f64 {
            network.set(weights);
            network.apply(0, SHAPE, x, guides).iter().zip(&v).map(|(z, v)| f64::from(*z) * f64::from(*v)).sum()
        };
        // Along the slope itself, where differences are largest beside the rounding.
        let moved =
            |from: &[f32], along: &[f32], by: f32| from.iter().zip(along).map(|(a, d)| a + by * d).collect::<Vec<_>>();
        let square = |slope: &[f32]| slope.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
        let error = |difference: f64, slope: &[f32], step: f32| {
            (difference / (2.0 * f64::from(step)) / square(slope) - 1.0).abs()
        };
        let steps = [1e-3, 3e-4, 1e-4, 3e-5].map(|step| step / square(&slope).sqrt() as f32);
        let by_weights =
            steps.map(|h| error(value(&x, &moved(&at, &slope, h)) - value(&x, &moved(&at, &slope, -h)), &slope, h));
        let steps = [1e-2, 3e-3, 1e-3].map(|step| step / square(&back).sqrt() as f32);
        let by_image =
            steps.map(|h| error(value(&moved(&x, &back, h), &at) - value(&moved(&x, &back, -h), &at), &back, h));
        println!("relative errors: by weights {}, by image {}", shown(&by_weights), shown(&by_image));
        assert!(by_weights.iter().any(|error| *error < 1e-3) && by_image.iter().any(|error| *error < 1e-3));
    }
}

fn tiny(folder: &Path, change: impl Fn(String) -> String) -> std::path::PathBuf {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/train-tiny.toml")).unwrap();
    let path = folder.join("train.toml");
    fs::write(&path, change(text)).unwrap();
    path
}

/// The unrolled chain with its network, by weights and ln γ together, along the gradient.
#[test]
fn the_gradient_of_the_whole_chain_is_that_of_central_differences() {
    let folder = tempfile::tempdir().unwrap();
    let volume = |text: String| {
        text.replace("slices = { count = 4 }", "volume = { rings = 3, max_ring_difference = 2 }")
            .replace("layers = 3", "layers = 3\nkernel = [3, 3, 3]")
            .replace(
                "[model.unrolled]",
                "[model.unrolled]\nmap_start = { weight = 5e-3, exponent = 0.4, subsets = 4, iterations = 2 }",
            )
    };
    for change in [|text: String| text, volume] {
        let (source, config) = TrainConfig::read(&tiny(folder.path(), change)).unwrap();
        let training: Training = config.training(&source, PublicData::default(), 3).unwrap();
        let coincide::config::TrainedModelConfig::Unrolled(model) = &config.model;
        let architecture = model.architecture();
        let mut network = TorchNetwork::new(architecture.clone(), Precision::Single);
        let at: Vec<f64> = weights(&architecture).iter().map(|&w| f64::from(w)).chain([3.0_f64.ln()]).collect();
        let prepared = training.prepared(0).unwrap();
        let mut loss = |at: &[f64]| {
            let (weights, gamma) = at.split_at(at.len() - 1);
            network.set(&weights.iter().map(|&w| w as f32).collect::<Vec<_>>());
            training.loss_and_gradient(&prepared, &mut network, &[gamma[0].exp()], 0.0).unwrap()
        };
        let (value, gradient) = loss(&at);
        let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        let along = |step: f64| at.iter().zip(&gradient).map(|(a, g)| a + step * g / norm).collect::<Vec<_>>();
        let errors =
            [1e-2, 3e-3, 1e-3].map(|h| ((loss(&along(h)).0 - loss(&along(-h)).0) / (2.0 * h) / norm - 1.0).abs());
        println!("loss {value:.4}, gradient {norm:.4}: relative errors {} at steps 1e-2, 3e-3, 1e-3", shown(&errors));
        assert!(errors.iter().any(|error| *error < 1e-3), "{errors:?}");
    }
}

fn train(config: &Path, arguments: &[&str]) -> serde_json::Value {
    let program = Command::new(env!("CARGO_BIN_EXE_coincide"))
        .args(["train", "--json", "--quiet", "--threads", "1"])
        .arg(config)
        .args(arguments)
        .output()
        .unwrap();
    assert!(program.status.success(), "{}", String::from_utf8_lossy(&program.stderr));
    serde_json::from_slice(&program.stdout).unwrap()
}

#[test]
fn a_run_learns_and_a_stopped_one_goes_on_as_if_it_had_not_been() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let configs = folders.each_ref().map(|folder| tiny(folder.path(), |text| text));
    let bytes = |place: usize, name: &str| fs::read(folders[place].path().join(name)).unwrap();
    let whole = train(&configs[0], &[]);
    train(&configs[1], &[]);
    let part = train(&configs[2], &["--at-most", "5"]);
    assert_eq!((part["steps"].as_u64(), part["of_steps"].as_u64()), (Some(5), Some(12)));
    train(&configs[2], &["--resume"]);
    for other in [1, 2] {
        assert_eq!(bytes(0, "tiny.safetensors"), bytes(other, "tiny.safetensors"), "run {other}");
    }
    let curve = String::from_utf8(bytes(0, "tiny.curve.csv")).unwrap();
    println!("{curve}");
    let validation: Vec<f64> =
        curve.lines().skip(1).map(|row| row.split(',').nth(2).unwrap().parse().unwrap()).collect();
    assert_eq!(validation.len(), 4);
    assert!(validation[3] < 0.98 * validation[0], "{validation:?}");
    // JSON is read to the last digit but one.
    assert!(whole["validation"].as_f64().unwrap() <= validation[3] + 1e-12);
    let model = Model::read(&folders[0].path().join("tiny.safetensors")).unwrap();
    assert_eq!((model.card.iterations, model.card.subsets), (3, 4));
    assert!(bytes(0, "tiny.curve.png").len() > 100);
    // The network that was trained runs in the example that waits for it.
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/prior-unrolled.toml");
    let example = fs::read_to_string(example).unwrap().replace("\"unrolled-3d\"", "\"tiny.safetensors\"");
    let example = example.replace("subsets = 8\niterations = 2", "subsets = 4\niterations = 3");
    fs::write(folders[0].path().join("prior-unrolled.toml"), example).unwrap();
    let program = Command::new(env!("CARGO_BIN_EXE_coincide"))
        .args(["recon", "prior-unrolled.toml", "--json", "--quiet"])
        .current_dir(folders[0].path())
        .output()
        .unwrap();
    assert!(program.status.success(), "{}", String::from_utf8_lossy(&program.stderr));
    let result: serde_json::Value = serde_json::from_slice(&program.stdout).unwrap();
    println!("the example with this network: NRMSE {}", result["metrics"]["nrmse"]);
    assert!(result["metrics"]["nrmse"].as_f64().unwrap() < 0.8);
    // A network that begins as this one says what that one has seen.
    let more = tiny(folders[1].path(), |text| {
        let text = text.replace("subsets = 4", "subsets = 4\nstart = \"tiny.safetensors\"");
        text.replace("model = \"tiny", "model = \"more").replace("seed = 1", "seed = 2")
    });
    train(&more, &["--at-most", "1"]);
    let more = Model::read(&folders[1].path().join("more.safetensors")).unwrap();
    let before = format!("; before, as the network it began as: {}", model.card.training_data);
    assert!(more.card.training_data.ends_with(&before), "{}", more.card.training_data);
    // Without --resume or --force nothing is replaced; a changed config does not go on.
    let again = |arguments: &[&str]| {
        let program =
            Command::new(env!("CARGO_BIN_EXE_coincide")).arg("train").arg(&configs[0]).args(arguments).output();
        String::from_utf8(program.unwrap().stderr).unwrap()
    };
    assert!(again(&[]).contains("exists already"));
    tiny(folders[0].path(), |text| text.replace("channels = 4", "channels = 5"));
    assert!(again(&["--resume"]).contains("of another config"));
}
