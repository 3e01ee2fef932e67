//! Ridge regularisers: what is claimed of them, the files they are kept in, and what is said about wrong ones.

use coincide::config::{ReconConfig, Source};
use coincide::prior::model_file::ModelFiles;
use coincide::prior::{
    Ridge, RidgeArchitecture, RidgeCard, RidgeFile, RidgeModel, Smooth, shipped_ridge, shipped_ridges,
};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const SHAPE: [usize; 3] = [14, 12, 19];

fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1_u32 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(&mut next).take(count).collect()
}

/// A model of random filters.
fn random(kernel: [usize; 3], weak: bool) -> RidgeModel {
    let taps: usize = kernel.iter().product();
    let filters = noise(5 * taps, 3);
    let slopes = noise(5 * 3, 4).iter().map(|v| if weak { *v } else { v.abs() }).collect();
    RidgeModel { kernel, filters, knots: vec![0.05, 0.2, 0.6], slopes }.normalised()
}

fn models() -> Vec<(String, RidgeModel)> {
    let shipped = shipped_ridges().into_iter().map(|name| (name.to_owned(), shipped_ridge(name).unwrap().model));
    let kernels = [[3, 3, 1], [5, 5, 3], [1, 3, 5]];
    let random = kernels
        .into_iter()
        .flat_map(|kernel| [false, true].map(|weak| (format!("random {kernel:?}, weak {weak}"), random(kernel, weak))));
    shipped.chain(random).collect()
}

fn gradient(prior: &Ridge, x: &[f32]) -> Vec<f32> {
    let mut gradient = vec![0.0; x.len()];
    prior.add_gradient(1.0, x, &mut gradient);
    gradient
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

fn between(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// Pairs of images: noise of several sizes, and the most wavy one that a power iteration finds.
fn pairs(prior: &Ridge) -> Vec<[Vec<f32>; 2]> {
    let count = SHAPE.iter().product();
    let scaled = |seed, size: f32| noise(count, seed).iter().map(|v| 1.0 + size * v).collect::<Vec<_>>();
    let mut pairs: Vec<_> = [0.02, 0.3, 3.0].map(|size| [scaled(1, size), scaled(2, size)]).into();
    let flat = vec![1.0; count];
    let mut wave = noise(count, 5);
    for _ in 0..60 {
        let mut next = vec![0.0; count];
        prior.add_curvature_product(1.0, &flat, &wave, &mut next);
        let norm = dot(&next, &next).sqrt() as f32;
        wave = next.iter().map(|v| v / norm).collect();
    }
    let moved = flat.iter().zip(&wave).map(|(x, w)| x + 0.01 * w).collect();
    pairs.push([flat, moved]);
    pairs
}

#[test]
fn gradients_rise_no_faster_than_stated_and_never_fall_where_convex() {
    for (name, model) in models() {
        let prior = Ridge::new(&model, SHAPE, 1.0);
        let (upper, lower) = (model.lipschitz(), model.concavity());
        assert!(upper.max(lower) <= 1.001, "{name}: {upper} {lower}");
        if !name.contains("weak true") && !name.ends_with("-weak") {
            assert_eq!(lower, 0.0, "{name} is convex");
        }
        let mut steepest = 0.0_f64;
        for [x, y] in pairs(&prior) {
            let (step, rise) = (between(&x, &y), between(&gradient(&prior, &x), &gradient(&prior, &y)));
            let square = dot(&step, &step);
            let along = dot(&rise, &step) / square;
            assert!(along >= -lower - 1e-6, "{name}: {along} under {lower}");
            assert!(along <= upper * (1.0 + 1e-5), "{name}: {along} over {upper}");
            assert!(dot(&rise, &rise).sqrt() <= upper.max(lower) * square.sqrt() * (1.0 + 1e-5), "{name}");
            steepest = steepest.max(along);
        }
        // The bound is near what happens: filters of a shipped model, on a finite image.
        assert!(name.starts_with("random") || steepest > 0.3 * upper, "{name}: {steepest} of {upper}");
    }
}

#[test]
fn curvature_products_are_slopes_of_the_gradient() {
    for (name, model) in models() {
        let prior = Ridge::new(&model, SHAPE, 1.0);
        let count = SHAPE.iter().product();
        let x: Vec<f32> = noise(count, 8).iter().map(|v| 1.0 + 0.5 * v).collect();
        let p = noise(count, 9);
        let mut product = vec![0.0; count];
        prior.add_curvature_product(1.0, &x, &p, &mut product);
        let at = |step: f32| gradient(&prior, &x.iter().zip(&p).map(|(x, p)| x + step * p).collect::<Vec<_>>());
        let difference: Vec<f32> = between(&at(1e-3), &at(-1e-3)).iter().map(|d| d / 2e-3).collect();
        // σ' jumps at knots, which a few responses cross on the way.
        let error = between(&difference, &product);
        assert!(dot(&error, &error) < 0.02 * dot(&product, &product), "{name}");
        // The diagonal, in one voxel.
        let mut diagonal = vec![0.0; count];
        prior.add_curvature(1.0, &x, &mut diagonal);
        for j in [0, count / 2 + 7, count - 1] {
            let mut unit = vec![0.0; count];
            unit[j] = 1.0;
            let mut column = vec![0.0; count];
            prior.add_curvature_product(1.0, &x, &unit, &mut column);
            assert!((column[j] - diagonal[j]).abs() < 1e-5, "{name} {j}: {} {}", column[j], diagonal[j]);
        }
    }
}

/// R_c(x) = c² R(x / c), so that R_{ac}(a x) = a² R_c(x).
#[test]
fn prior_and_image_scale_together() {
    let count = SHAPE.iter().product();
    let x: Vec<f32> = noise(count, 6).iter().map(|v| 2.0 + v).collect();
    for (name, model) in models() {
        let (one, other) = (Ridge::new(&model, SHAPE, 1.0), Ridge::new(&model, SHAPE, 1024.0));
        let larger: Vec<f32> = x.iter().map(|x| 1024.0 * x).collect();
        assert_eq!(other.value(&larger), 1024.0 * 1024.0 * one.value(&x), "{name}");
        let expected: Vec<f32> = gradient(&one, &x).iter().map(|g| 1024.0 * g).collect();
        assert_eq!(gradient(&other, &larger), expected, "{name}");
    }
}

fn files() -> ModelFiles {
    let model = random([3, 3, 1], false);
    let card = RidgeCard {
        format: 0,
        kind: String::new(),
        architecture: RidgeArchitecture { kernel: [1; 3], filters: 0, knots: 0 },
        sha256: String::new(),
        lipschitz: 0.0,
        concavity: 0.0,
        training_data: "spheres".into(),
        noise: vec![0.1],
        target_resolution_voxels: 1.0,
        licence: "MIT".into(),
        metrics: [("nrmse".to_owned(), 0.25)].into(),
        commit: "none".into(),
        command: "none".into(),
    };
    RidgeFile { card, model }.encode(Path::new("r.safetensors")).unwrap()
}

fn decode(weights: &[u8], card: &str) -> Result<RidgeFile, String> {
    RidgeFile::decode(Path::new("r.safetensors"), weights, Path::new("r.json"), card).map_err(|error| error.to_string())
}

/// The error of weights in which `bytes` at the end of the file are other ones.
fn with_last(bytes: [u8; 4]) -> String {
    let end = files().weights.len();
    changed(&[0, 1, 2, 3].map(|n| (end - 4 + n, bytes[n])), 0).unwrap_err()
}

#[test]
fn what_is_written_is_read_again() {
    let ModelFiles { weights, card } = files();
    let found = decode(&weights, &card).unwrap();
    assert_eq!(found.model, random([3, 3, 1], false));
    assert_eq!((found.card.kind.as_str(), found.card.format), ("ridge", 1));
    assert_eq!(found.card.architecture, RidgeArchitecture { kernel: [3, 3, 1], filters: 5, knots: 3 });
}

#[test]
fn files_that_cannot_be_used_say_why() {
    let ModelFiles { weights, card } = files();
    let changed = |from: &str, to: &str| {
        assert!(card.contains(from), "{from} in {card}");
        decode(&weights, &card.replacen(from, to, 1)).unwrap_err()
    };
    let cases = [
        (changed("\"format\": 1", "\"format\": 2"), "r.json: format is 2, expected 1, the one that is known"),
        (changed("\"ridge\"", "\"unrolled\""), "r.json: kind is `unrolled`, expected `ridge`"),
        (
            changed("\"knots\": 3", "\"knots\": 4"),
            "r.safetensors: tensor `knots` is F32 of shape [3], expected F32 of shape [4]",
        ),
        (
            changed("\"filters\": 5", "\"filters\": 6"),
            "r.safetensors: tensor `filters` is F32 of shape [5, 1, 3, 3, 1], expected",
        ),
        (changed("\"lipschitz\": ", "\"lipschitz\": 1"), "r.json: lipschitz is "),
        (changed("\"licence\": \"MIT\",", ""), "r.json: not a model card: missing field `licence`"),
        (decode(&weights[..weights.len() - 1], &card).unwrap_err(), "r.safetensors: sha256 is "),
        (with_last(f32::NAN.to_le_bytes()), "r.safetensors: slopes is a slope of NaN, expected slopes from -1 to 1"),
        (with_last(1.5_f32.to_le_bytes()), "r.safetensors: slopes is a slope of 1.5, expected slopes from -1 to 1"),
    ];
    for (found, expected) in cases {
        assert!(found.starts_with(expected), "found    {found}\nexpected {expected}");
    }
    let write = |change: fn(&mut RidgeModel)| {
        let mut file = decode(&weights, &card).unwrap();
        change(&mut file.model);
        file.encode(Path::new("r.safetensors")).unwrap_err().to_string()
    };
    let mean = write(|model| model.filters[9] += 1.0);
    assert_eq!(mean, "r.safetensors: filters is filter 1 with a mean, expected filters of zero mean");
    let steep = write(|model| model.filters.iter_mut().for_each(|w| *w *= 2.0));
    assert!(steep.starts_with("r.safetensors: the Lipschitz constant of the gradient is 4.0"), "{steep}");
    let knots = write(|model| model.knots.swap(0, 1));
    assert!(knots.starts_with("r.safetensors: knots is [") && knots.ends_with("each greater than the last"), "{knots}");
}

/// The first thing that is wrong with `[prior.ridge]` in a config, as the user reads it.
fn mistake(folder: &Path, prior: &str) -> String {
    let text = format!(
        "[measurement]\nfile = \"scan.toml\"\n[algorithm.lbfgs]\niterations = 1\n[prior.ridge]\nbeta = 1\n{prior}\n"
    );
    let path = folder.join("scan.toml");
    fs::write(&path, &text).unwrap();
    let source = Source { path, text };
    match source.parse::<ReconConfig>() {
        Err(error) => error.to_string(),
        Ok(config) => config.conflicts(&source, false).first().expect("a mistake").to_string(),
    }
}

#[test]
fn configs_point_at_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.safetensors");
    let file = "model = \"r.safetensors\"";
    let missing = mistake(folder.path(), file);
    assert!(missing.contains("scan.toml:7:9: there is no file ") && missing.ends_with("r.safetensors"), "{missing}");
    fs::write(&path, files().weights).unwrap();
    let no_card = mistake(folder.path(), file);
    assert!(
        no_card.contains("scan.toml:7:9: ") && no_card.contains("the model card beside it is missing"),
        "{no_card}"
    );
    fs::write(path.with_extension("json"), files().card.replace("\"ridge\"", "\"unrolled\"")).unwrap();
    let kind = mistake(folder.path(), file);
    assert!(kind.ends_with("r.json: kind is `unrolled`, expected `ridge`"), "{kind}");
    let unknown = mistake(folder.path(), "model = \"rigde\"");
    assert!(unknown.contains("scan.toml:7:9: no model `rigde` is shipped; known are ridge-2d, "), "{unknown}");
    let scale = mistake(folder.path(), "model = \"ridge-2d\"\nscale = 0.0");
    assert!(scale.contains("scan.toml:8:9: must be a finite number > 0, got 0"), "{scale}");
}

/// The file of changed weights, with a card that has their hash.
fn changed(changes: &[(usize, u8)], cut: usize) -> Result<RidgeFile, String> {
    let ModelFiles { mut weights, card } = files();
    for (at, byte) in changes {
        let length = weights.len();
        weights[at % length] = *byte;
    }
    weights.truncate(weights.len() - cut % weights.len());
    let old = decode(&files().weights, &card).unwrap().card.sha256;
    let new = Sha256::digest(&weights).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    decode(&weights, &card.replace(&old, &new))
}

proptest::proptest! {
    #[test]
    fn changed_weights_never_panic(changes: Vec<(usize, u8)>, cut in 0..9_usize) {
        if let Ok(file) = changed(&changes, cut) {
            proptest::prop_assert!(file.model.filters.iter().all(|weight| weight.is_finite()));
        }
    }

    #[test]
    fn changed_cards_never_panic(at: usize, text in "[0-9a-z\\[\\]{},\"-]{0,3}") {
        let ModelFiles { weights, mut card } = files();
        let at = at % card.len();
        card.replace_range(at..at + 1, &text);
        let _ = decode(&weights, &card);
    }
}
