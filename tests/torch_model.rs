//! Users' own models, run by libtorch. The models are traced here, so that no Python is needed.

use coincide::config::{PriorConfig, PriorInputs};
use coincide::image::ImageGrid;
use coincide::prior::mean_activity;
use coincide::prior::network::{Architecture, Body};
use coincide::prior::{Denoiser, Prior, PriorError, Probe};
use coincide_kernels::Level;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use tch::{CModule, Kind, Tensor};

const SHAPE: [usize; 3] = [5, 7, 3];

/// Saves what `forward` does as TorchScript; `size` is that of the example it is traced with.
fn save(folder: &Path, name: &str, size: &[i64], forward: impl Fn(&Tensor) -> Tensor) -> PathBuf {
    let path = folder.join(name);
    let example = Tensor::rand(size, (Kind::Float, tch::Device::Cpu));
    let module = CModule::create_by_tracing("Model", "forward", &[example], &mut |inputs| vec![forward(&inputs[0])]);
    module.unwrap().save(&path).unwrap();
    path
}

fn grid() -> ImageGrid {
    ImageGrid::centred(SHAPE, [2.0, 2.0, 3.0])
}

/// Positive and nowhere symmetric.
fn image() -> Vec<f32> {
    (0..grid().voxels()).map(|j| 100.0 + (j * 37 % 101) as f32).collect()
}

fn build(model: &Path, keys: &str) -> Result<Prior, PriorError> {
    let text = format!("[torchscript]\nmodel = {:?}\nbeta = 1\n{keys}", model.display().to_string());
    let config: PriorConfig = toml::from_str(&text).unwrap();
    config.build(&PriorInputs::new(&grid(), &image()))
}

fn denoiser(model: &Path, keys: &str) -> Arc<dyn Denoiser> {
    let Prior::Denoiser(denoiser) = build(model, keys).unwrap() else { panic!("a model is a denoiser") };
    denoiser
}

fn apply(denoiser: &dyn Denoiser, x: &[f32]) -> Vec<f32> {
    let mut out = vec![f32::NAN; x.len()];
    denoiser.denoise(x, &mut out);
    out
}

fn assert_close(found: &[f32], expected: &[f32]) {
    for (j, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "voxel {j}: {found} for {expected}");
    }
}

#[test]
fn axes_are_those_of_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    // out[…, i] = in[…, i + 1], cyclic, along each axis of the tensor.
    let roll = |axis: i64| move |x: &Tensor| x.roll([-1], [axis]);
    let cases = [
        ("slices", [3, 1, 5, 7].as_slice(), [2, 3, 0]), // x, y, z are the tensor's axes 2, 3 and 0
        ("volume", [1, 1, 5, 7, 3].as_slice(), [2, 3, 4]),
    ];
    let (x, grid) = (image(), grid());
    for (images, size, axes) in cases {
        for (axis, tensor_axis) in axes.into_iter().enumerate() {
            let model = save(folder.path(), "roll.pt", size, roll(tensor_axis));
            let out = apply(&*denoiser(&model, &format!("images = \"{images}\"")), &x);
            let expected = |j: usize| {
                let mut at = [j / (SHAPE[1] * SHAPE[2]), j / SHAPE[2] % SHAPE[1], j % SHAPE[2]];
                at[axis] = (at[axis] + 1) % SHAPE[axis];
                x[grid.index(at)]
            };
            assert_close(&out, &(0..x.len()).map(expected).collect::<Vec<_>>());
        }
    }
}

#[test]
fn the_model_sees_the_unit_of_the_config() {
    let folder = tempfile::tempdir().unwrap();
    let model = save(folder.path(), "offset.pt", &[1, 1, 5, 7, 3], |x| x + 1.0);
    let (x, c) = (image(), mean_activity(&grid(), &image()));
    let raised = |by: f32| x.iter().map(|x| x + by).collect::<Vec<_>>();
    assert_close(&apply(&*denoiser(&model, "images = \"volume\""), &x), &raised(c));
    assert_close(&apply(&*denoiser(&model, "images = \"volume\"\nscale = \"image\""), &x), &raised(1.0));
    // A model of half precision gives f32 back all the same.
    let half = save(folder.path(), "half.pt", &[1, 1, 5, 7, 3], |x| x.to_kind(Kind::BFloat16));
    let found = apply(&*denoiser(&half, "images = \"volume\""), &x);
    assert!(found.iter().zip(&x).all(|(found, x)| (found - x).abs() < 0.01 * x) && found != x);
}

/// A convolution without bias is what the formula says: in[x + i, y + j] weights[i, j], zero outside.
#[test]
fn a_convolution_is_a_convolution() {
    let folder = tempfile::tempdir().unwrap();
    let weights: Vec<f32> = (0..9).map(|n| 0.05 * (n as f32 - 2.5)).collect();
    let kernel = Tensor::from_slice(&weights).view([1, 1, 3, 3]);
    let model = save(folder.path(), "conv.pt", &[1, 1, 8, 8], |x| x.conv2d(&kernel, None::<&Tensor>, 1, 1, 1, 1));
    let (x, grid) = (image(), grid());
    let expected = |j: usize| {
        let at = [j / (SHAPE[1] * SHAPE[2]), j / SHAPE[2] % SHAPE[1], j % SHAPE[2]].map(|n| n as i64);
        let mut sum = 0.0;
        for (n, weight) in weights.iter().enumerate() {
            let near = [at[0] + n as i64 / 3 - 1, at[1] + n as i64 % 3 - 1];
            if (0..5).contains(&near[0]) && (0..7).contains(&near[1]) {
                sum += weight * x[grid.index([near[0] as usize, near[1] as usize, at[2] as usize])];
            }
        }
        sum
    };
    let found = apply(&*denoiser(&model, "images = \"slices\""), &x);
    let scale = x.iter().copied().fold(0.0, f32::max);
    let worst = found.iter().enumerate().map(|(j, found)| (found - expected(j)).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-6 * scale, "{worst}");
}

/// The networks of `[prior.unrolled]` run in our own kernels: the same as libtorch's, layer shapes and edges included.
#[test]
fn own_networks_are_those_of_libtorch() {
    let [nx, ny, nz] = [11, 9, 21];
    let x: Vec<f32> = (0..nx * ny * nz).map(|j| (j * 37 % 101) as f32 / 25.0).collect();
    let anatomy: Vec<f32> = (0..x.len()).map(|j| (j * 53 % 97) as f32 / 97.0).collect();
    let kernels = [[[3, 3, 1], [3, 3, 1]], [[3, 3, 5], [3, 3, 1]], [[3, 3, 3], [3, 3, 3]]];
    for (seed, ([first, other], guided)) in kernels.into_iter().zip([false, true, false]).enumerate() {
        let layers = Architecture::plain(4, 13, first, other, guided).layers;
        tch::manual_seed(seed as i64);
        let weights: Vec<Tensor> = layers
            .iter()
            .map(|layer| {
                let spread = (2.0 / (layer.weights() / layer.outputs) as f64).sqrt();
                Tensor::randn(layer.weight_shape().map(|n| n as i64), (Kind::Float, tch::Device::Cpu)) * spread
            })
            .collect();
        let flat: Vec<Vec<f32>> = weights.iter().map(|w| Vec::try_from(w.reshape([-1])).unwrap()).collect();
        let (scale, level) = (2.5, Level::best());
        let mut own = vec![f32::NAN; x.len()];
        Body::new(&layers, &flat, [nx, ny, nz]).denoise(
            level,
            scale,
            &x,
            guided.then_some(&anatomy[..]).as_slice(),
            &mut own,
        );

        let volume = |image: &[f32]| Tensor::from_slice(image).view([1, 1, nx as i64, ny as i64, nz as i64]);
        let mut state = volume(&x) / f64::from(scale);
        if guided {
            state = Tensor::cat(&[state, volume(&anatomy)], 1);
        }
        for (l, (layer, weights)) in layers.iter().zip(&weights).enumerate() {
            let padding = layer.kernel.map(|side| side as i64 / 2);
            let out = state.conv3d(weights, None::<&Tensor>, [1; 3], padding, [1; 3], 1);
            state = if l + 1 < layers.len() { out.relu() } else { out };
        }
        let expected: Vec<f32> = Vec::try_from((volume(&x) + state * f64::from(scale)).relu().reshape([-1])).unwrap();
        let largest = expected.iter().copied().fold(0.0, f32::max);
        let worst = own.iter().zip(&expected).map(|(own, expected)| (own - expected).abs()).fold(0.0, f32::max);
        println!("kernels {first:?}, {other:?}: {:.1e} of the maximum apart", worst / largest);
        assert!(worst < 1e-5 * largest && largest > 1.0, "kernels {first:?}: {worst} of {largest}");
    }
}

#[test]
fn models_that_do_not_fit_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("text.pt"), "not a model").unwrap();
    let two = Tensor::ones([4, 2, 3, 3], (Kind::Float, tch::Device::Cpu));
    let two_channels = |x: &Tensor| x.conv2d(&two, None::<&Tensor>, 1, 1, 1, 1);
    save(folder.path(), "channels.pt", &[1, 2, 8, 8], two_channels);
    save(folder.path(), "smaller.pt", &[1, 1, 8, 8], |x| x.slice(2, 1, -1, 1));
    save(folder.path(), "nan.pt", &[1, 1, 8, 8], |x| x.log() * f64::NAN);
    let cases = [
        ("text.pt", "images = \"slices\"", "is not a TorchScript model: write it with torch.jit.trace"),
        ("channels.pt", "images = \"slices\"", "does not take images [z, 1, x, y] = [3, 1, 5, 7]: Given groups=1"),
        ("channels.pt", "images = \"slices\"", "to have 2 channels, but got 1 channels instead"),
        ("smaller.pt", "images = \"slices\"", "gives back [3, 1, 3, 7] for images [z, 1, x, y] = [3, 1, 5, 7]"),
        ("nan.pt", "images = \"volume\"", "gives 105 values of 105 that are not finite numbers"),
        ("missing.pt", "images = \"volume\"", "missing.pt"),
    ];
    for (model, keys, expected) in cases {
        let found = build(&path(model), keys).err().expect(model).to_string();
        assert!(found.contains(expected) && found.contains(model), "{model}: {found}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
}

#[test]
fn a_probe_knows_smoothing_from_sharpening() {
    let folder = tempfile::tempdir().unwrap();
    let sharp = save(folder.path(), "sharp.pt", &[1, 1, 5, 7, 3], |x| {
        let mean = x.avg_pool3d([3, 3, 3], [1, 1, 1], [1, 1, 1], false, false, None::<i64>);
        3.0 * x - 2.0 * mean
    });
    let found = Probe::new(&*denoiser(&sharp, "images = \"volume\""), &image());
    assert!(found.gain > 2.5 && found.scaling < 1e-5, "{found:?}");
    let smooth = save(folder.path(), "smooth.pt", &[1, 1, 5, 7], |x| x.relu());
    let found = Probe::new(&*denoiser(&smooth, "images = \"slices\""), &image());
    assert!((found.gain - 1.0).abs() < 1e-3 && found.warnings().is_empty(), "{found:?}");
}

/// A blur along x and y, as a model of slices.
fn blur(x: &Tensor) -> Tensor {
    x.avg_pool2d([3, 3], [1, 1], [1, 1], false, false, None::<i64>)
}

fn recon(folder: &Path, config: &str, replace: &[(&str, &str)]) -> Output {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/prior-torchscript.toml");
    let mut text = fs::read_to_string(example).unwrap();
    for (from, to) in replace {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    fs::write(folder.join(config), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
    command.args(["recon", config, "--json", "--force"]).current_dir(folder).output().unwrap()
}

fn nrmse(output: &Output) -> f64 {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    result["metrics"]["nrmse"].as_f64().unwrap()
}

#[test]
fn the_example_runs_with_every_algorithm() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), "denoiser.pt", &[1, 1, 8, 8], blur);
    let run = |algorithm: &str, beta: &str| {
        nrmse(&recon(folder.path(), "scan.toml", &[("[algorithm.osem]", algorithm), ("beta = 0.3 ", beta)]))
    };
    let weak = [("beta = 0.3 ", "beta = 1e-6 ")];
    let plain = nrmse(&recon(folder.path(), "scan.toml", &weak));
    for algorithm in ["osem", "pnp-mm", "pnp-admm", "red", "osl"] {
        // As a proximal map the blur is a stronger prior.
        let beta = if algorithm == "pnp-admm" { "beta = 0.05 " } else { "beta = 0.3 " };
        let found = run(&format!("[algorithm.{algorithm}]"), beta);
        println!("{algorithm}: NRMSE {found:.4}, without a prior {plain:.4}");
        assert!(found < 0.95 * plain, "{algorithm}: {found}, without a prior {plain}");
    }
}

#[test]
fn mistakes_point_at_the_line_of_the_config() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |replace: &[(&str, &str)], expected: &[&str]| {
        let output = recon(folder.path(), "scan.toml", replace);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        for expected in expected {
            assert!(said.contains(expected), "{expected} is not in\n{said}");
        }
        assert!(!folder.path().join("prior-torchscript.h5").exists());
    };
    fails(&[], &["scan.toml:26:9", "there is no file"]);
    fs::write(folder.path().join("denoiser.pt"), "text").unwrap();
    fails(&[], &["scan.toml:26:9", "is not a TorchScript model"]);
    save(folder.path(), "denoiser.pt", &[1, 1, 8, 8], |x| x.unsqueeze(0));
    fails(&[], &["scan.toml:26:9", "gives back [1, 9, 1, 34, 34]"]);
    // Finite on the start image, not on a later one: the run ends and nothing is written.
    save(folder.path(), "denoiser.pt", &[1, 1, 8, 8], |x| x / (x.sum(Kind::Float) - x.max() * 1e9).relu());
    fails(&[], &["scan.toml:26:9", "not finite"]);
}

#[test]
fn a_suspicious_model_is_run_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), "denoiser.pt", &[1, 1, 8, 8], |x| 3.0 * blur(x) + 1.0);
    let output = recon(folder.path(), "scan.toml", &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    for expected in ["enlarges some small differences", "not proportional", "times the activity"] {
        assert!(said.contains(expected), "{expected} is not in\n{said}");
    }
}
