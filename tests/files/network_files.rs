//! Files of networks: what is written is read again, and what is wrong is said; nothing that a file holds makes the
//! reader panic.

use coincide::prior::model_file::{FORMAT, ModelFiles};
use coincide::prior::network::{Applied, Architecture, KIND, Model, ModelCard, Weights, tensor_name};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

fn architecture() -> Architecture {
    let plain = Architecture::plain(3, 4, [3, 3, 5], [3, 3, 1], true);
    Architecture { stages: 2, shared: false, applied: Applied::Update, ..plain }
}

fn model() -> Model {
    let architecture = architecture();
    let mut value = 0.0;
    let mut layer = |weights: usize| -> Vec<f32> {
        let mut next = || {
            value += 0.25;
            value
        };
        std::iter::repeat_with(&mut next).take(weights).collect()
    };
    let bodies = (0..2).map(|_| architecture.layers.iter().map(|l| layer(l.weights())).collect()).collect();
    let card = ModelCard {
        format: FORMAT,
        kind: KIND.into(),
        architecture,
        sha256: String::new(),
        iterations: 8,
        subsets: 6,
        start: None,
        weak: None,
        blend: None,
        training_data: "spheres".into(),
        scanners: vec!["siemens-mmr".into()],
        prompts_per_mm: [1e3, 1e6],
        voxel_mm: [1.5, 4.5],
        target_resolution_mm: 4.0,
        licence: "MIT".into(),
        metrics: [("validation_nrmse".to_owned(), 0.25)].into(),
        commit: "none".into(),
        command: "none".into(),
    };
    Model { card, weights: Weights { bodies, gamma: vec![0.5, 0.0] } }
}

fn decode(files: &ModelFiles) -> Result<Model, String> {
    let (weights, card) = (Path::new("net.safetensors"), Path::new("net.json"));
    Model::decode(weights, &files.weights, card, &files.card).map_err(|error| error.to_string())
}

fn files() -> ModelFiles {
    model().encode(Path::new("net.safetensors")).unwrap()
}

/// The same files with other weights, whose hash the card has.
fn with_weights(weights: Vec<u8>) -> ModelFiles {
    let hash = Sha256::digest(&weights).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    let card = ModelCard { sha256: hash, ..decode(&files()).unwrap().card }.to_text();
    ModelFiles { weights, card }
}

fn with_card(from: &str, to: &str) -> String {
    let files = files();
    assert!(files.card.contains(from), "{from} in {}", files.card);
    decode(&ModelFiles { card: files.card.replacen(from, to, 1), ..files }).unwrap_err()
}

#[test]
fn what_is_written_is_read_again() {
    let found = decode(&files()).unwrap();
    assert_eq!(found.weights, model().weights);
    assert_eq!(ModelCard { sha256: String::new(), ..found.card }, model().card);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let missing = Model::read(&path).unwrap_err().to_string();
    assert!(missing.contains("net.safetensors: reading failed"), "{missing}");
    fs::write(&path, files().weights).unwrap();
    let missing = Model::read(&path).unwrap_err().to_string();
    assert!(missing.contains("the model card beside it is missing; expected "), "{missing}");
    fs::write(path.with_extension("json"), files().card).unwrap();
    assert_eq!(Model::read(&path).unwrap(), decode(&files()).unwrap());
}

#[test]
fn cards_that_cannot_be_used_say_why() {
    let cases = [
        ("\"format\": 1", "\"format\": 2", "net.json: format is 2, expected 1, the one that is known"),
        ("\"unrolled\"", "\"ridge\"", "net.json: kind is `ridge`, expected `unrolled`"),
        ("\"subsets\": 6", "\"subset\": 6", "net.json: not a model card: unknown field `subset`"),
        ("\"subsets\": 6", "\"subsets\": 0", "net.json: subsets is 0, expected at least 1"),
        (
            "\"subsets\": 6,",
            "\"subsets\": 6, \"start\": { \"weight\": -1.0, \"exponent\": 0.4, \"subsets\": 12, \"iterations\": 6 },",
            "net.json: start.weight is -1, expected a finite number > 0",
        ),
        (
            "\"subsets\": 6,",
            "\"subsets\": 6, \"weak\": { \"weight\": 1e-3, \"exponent\": 0.4, \"subsets\": 0, \"iterations\": 6 },",
            "net.json: weak.subsets is 0, expected 1 to 1000",
        ),
        ("\"subsets\": 6,", "\"subsets\": 6, \"blend\": 1.1,", "net.json: blend is 1.1, expected a share from 0 to 1"),
        ("\"stages\": 2", "\"stages\": 0", "net.json: architecture.stages is 0, expected 1 to 256"),
        ("\"stages\": 2", "\"stages\": -2", "net.json: not a model card: invalid value: integer `-2`"),
        (
            "\"in\": 2",
            "\"in\": 1",
            "net.json: architecture.layers[0].in is 1, expected 2: the image and the anatomical",
        ),
        ("\"update\"", "\"never\"", "net.json: not a model card: unknown variant `never`"),
        ("\"licence\": \"MIT\",", "", "net.json: not a model card: missing field `licence`"),
        ("1000000.0", "1.0", "net.json: prompts_per_mm is [1000.0, 1.0], expected a range, smallest first"),
        ("{", "", "net.json: not a model card: "),
    ];
    for (from, to, expected) in cases {
        let found = with_card(from, to);
        assert!(found.starts_with(expected), "{from} → {to}\nfound    {found}\nexpected {expected}");
    }
}

#[test]
fn weights_that_are_not_the_cards_say_so() {
    let mut changed = files();
    *changed.weights.last_mut().unwrap() ^= 1;
    let found = decode(&changed).unwrap_err();
    assert!(found.starts_with("net.safetensors: sha256 is ") && found.contains("as the card net.json says"), "{found}");
    let smaller = with_card("\"stages\": 2", "\"stages\": 1");
    assert!(
        smaller.contains("tensor `gamma` is F32 of shape [2], expected F32 of shape [1], as the card says"),
        "{smaller}"
    );
    let shared = with_card("\"shared\": false", "\"shared\": true");
    assert!(shared.contains("its content is 7 tensors, expected the 4 that the card describes"), "{shared}");
    let more = with_card("\"stages\": 2", "\"stages\": 3");
    assert!(
        more.contains("tensor `stage2.layer0.weight` is missing; expected F32 values of shape [4, 2, 3, 3, 5]"),
        "{more}"
    );
    assert!(decode(&with_weights(b"{}".to_vec())).unwrap_err().contains("net.safetensors: not a safetensors file: "));
}

#[test]
fn numbers_that_cannot_be_used_are_neither_written_nor_read() {
    let write = |change: fn(&mut Model)| {
        let mut model = model();
        change(&mut model);
        model.encode(Path::new("net.safetensors")).unwrap_err().to_string()
    };
    let expected = "net.safetensors: a weight of `stage1.layer2.weight` is NaN, expected finite";
    assert_eq!(write(|m| m.weights.bodies[1][2][5] = f32::NAN), expected);
    let expected = "net.safetensors: a value of `gamma` is -1, expected a finite number >= 0";
    assert_eq!(write(|m| m.weights.gamma[1] = -1.0), expected);
    let expected = "net.safetensors: tensor `stage0.layer1.weight` is 143 values, expected shape [4, 4, 3, 3, 1]";
    assert_eq!(write(|m| m.weights.bodies[0][1].truncate(143)), expected);
    assert_eq!(write(|m| m.weights.bodies.truncate(1)), "net.safetensors: number of bodies is 1, expected 2");
    let expected = "net.safetensors: metrics.nrmse is NaN, expected a finite number";
    let not_measured = |m: &mut Model| {
        m.card.metrics.insert("nrmse".into(), f64::NAN);
    };
    assert_eq!(write(not_measured), expected);
    // In a file.
    let mut weights = files().weights;
    let end = weights.len();
    weights[end - 4..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let found = decode(&with_weights(weights)).unwrap_err();
    assert!(found.ends_with("is inf, expected finite"), "{found}");
    assert_eq!(tensor_name(1, 2), "stage1.layer2.weight");
}

/// The header of a file with one thing replaced, sizes left as they were.
fn lying(from: &str, to: &str) -> Vec<u8> {
    let whole = files().weights;
    let length = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&whole[8..8 + length]).unwrap();
    assert!(header.contains(from), "{from} in {header}");
    let header = header.replacen(from, to, 1);
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &whole[8 + length..]].concat()
}

#[test]
fn lying_headers_are_found_out() {
    for (from, to) in [
        ("[4,2,3,3,5]", "[4,2,3,3,50]"),
        ("[4,2,3,3,5]", "[4,2,3,3]"),
        ("[4,2,3,3,5]", "[18446744073709551615,2,3,3,5]"),
        ("\"F32\"", "\"F64\""),
        ("\"F32\"", "\"I32\""),
        ("[0,", "[4,"),
        ("data_offsets", "data_offset"),
        ("stage0.layer0", "stage0.layerX"),
    ] {
        assert!(decode(&with_weights(lying(from, to))).is_err(), "{from} → {to}");
    }
    let huge = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    assert!(decode(&with_weights(huge)).is_err());
}

proptest! {
    #[test]
    fn truncated_weights_are_errors(share in 0.0..1.0_f64) {
        let mut weights = files().weights;
        weights.truncate((share * weights.len() as f64) as usize);
        prop_assert!(decode(&with_weights(weights)).is_err());
    }

    #[test]
    fn changed_bytes_never_panic(at in 0..700_usize, byte: u8) {
        let mut weights = files().weights;
        weights[at] = byte;
        let _ = decode(&with_weights(weights));
    }

    #[test]
    fn any_bytes_never_panic(weights: Vec<u8>, card: String) {
        let _ = decode(&with_weights(weights.clone()));
        let files = ModelFiles { weights, card };
        prop_assert!(decode(&files).is_err());
    }

    #[test]
    fn changed_cards_never_panic(at in 0..900_usize, text in "[0-9a-z\\[\\]{},\"-]{0,3}") {
        let files = files();
        let mut card = files.card.clone();
        let at = card.char_indices().nth(at).map_or(card.len(), |(at, _)| at);
        card.insert_str(at, &text);
        let _ = decode(&ModelFiles { card, ..files });
    }
}

/// Every network of the program is whole, says what trained it, and all of them together are small.
#[test]
fn shipped_networks_are_sound() {
    use coincide::prior::network::{shipped_model, shipped_models};
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    assert!(shipped_models().len() >= 2);
    for name in shipped_models() {
        let model = shipped_model(name).unwrap_or_else(|error| panic!("{error}"));
        assert!(model.card.command.contains(&format!("models/{name}.toml")), "{}", model.card.command);
        assert!(folder.join(format!("{name}.toml")).is_file(), "{name}");
        let [network, osem] = ["validation_nrmse", "filtered_osem_by_oracle_nrmse"].map(|key| model.card.metrics[key]);
        assert!(network < osem, "{name}: {network} is no better than filtered OSEM's {osem}");
    }
    let bytes: u64 = fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes <= 2 << 20, "{bytes}");
    let unknown = shipped_model("unrolled-4d").unwrap_err().to_string();
    assert!(unknown.contains("unrolled-3d"), "{unknown}");
}
