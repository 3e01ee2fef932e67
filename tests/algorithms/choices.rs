//! Every algorithm and every prior, from the lists that a config is made of: each pairing works, or is refused by the
//! library, the command line and the docs alike.

use crate::small_scan::{grid, measurement, truth};
use coincide::algorithm::{AlgorithmConfig, Objective, Unfit, drive};
use coincide::config::{PriorConfig, PriorInputs};
use coincide::likelihood::Model;
use coincide::prior::{Prior, RelativeNoise};
use coincide::run::{list_algorithms, list_priors};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const BETA: f64 = 0.05;

/// Every example of every algorithm.
fn algorithms() -> impl Iterator<Item = (String, AlgorithmConfig)> {
    AlgorithmConfig::all().into_iter().flat_map(|entry| {
        let table = |keys: &&str| {
            let text = format!("[{}]\n{keys}", entry.name);
            (text.replace('\n', " "), toml::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}")))
        };
        entry.examples.iter().map(table).collect::<Vec<_>>()
    })
}

/// The first example of every prior, built; a model of one's own needs libtorch. And none.
fn priors() -> Vec<(String, Prior)> {
    let (start, grid) = (truth(), grid());
    let noise = RelativeNoise { map: vec![0.5; start.len()], mean: 0.5 };
    let guide: Vec<f32> = start.iter().map(|x| 1.0 + x).collect();
    let build = |keys: &str, name: &str| {
        let config: PriorConfig = toml::from_str(&format!("[{name}]\n{keys}")).unwrap();
        let inputs = PriorInputs {
            kappa: config.kappa().then_some(&guide),
            anatomical: config.anatomical().map(|_| guide.as_slice()),
            noise: config.noise().then_some(&noise),
            ..PriorInputs::new(&grid, &start)
        };
        (name.to_owned(), config.build(&inputs).unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    let entries = PriorConfig::all().into_iter().filter(|entry| entry.name != "torchscript");
    let built = entries.map(|entry| build(entry.examples[0], entry.name));
    [("none".to_owned(), Prior::None)].into_iter().chain(built).collect()
}

/// Of all algorithms with all priors: those that the entries promise make a finite image that follows the counts, the
/// others are refused, by what builds them and by what reads a config.
#[test]
fn every_pairing_works_or_is_refused() {
    let (measurement, priors) = (measurement(), priors());
    let whole = Model::new(&measurement, grid(), None, 1).unwrap();
    for (name, algorithm) in algorithms() {
        let Some(iterations) = algorithm.iterations() else {
            let objective = Objective::new(&whole, &Prior::None, 0.0);
            assert!(matches!(algorithm.build(&objective, None), Err(Unfit::Analytic { .. })), "{name}");
            continue;
        };
        let model = whole.with_subsets(iterations.subsets).unwrap();
        for (prior_name, prior) in &priors {
            let objective = Objective::new(&model, prior, BETA);
            let entry = algorithm.entry();
            let promised = prior.capability().map_or(entry.alone, |kind| entry.carries.contains(&kind));
            assert_eq!(algorithm.unfit(prior.capability()).is_none(), promised, "{name} with {prior_name}");
            match algorithm.build(&objective, None) {
                Err(Unfit::Prior { .. } | Unfit::Alone { .. }) => assert!(!promised, "{name} with {prior_name}"),
                Err(error) => panic!("{name} with {prior_name}: {error}"),
                Ok(mut built) => {
                    assert!(promised, "{name} with {prior_name}");
                    let before = model.log_likelihood(built.image());
                    drive(&mut *built, iterations.count * iterations.subsets, &mut []);
                    let image = built.into_image();
                    assert!(image.iter().all(|x| x.is_finite() && *x >= 0.0), "{name} with {prior_name}");
                    let after = model.log_likelihood(&image);
                    assert!(after > before, "{name} with {prior_name}: {before} to {after}");
                }
            }
        }
        let short = Objective::new(&model, &Prior::None, 0.0);
        let start = Some(vec![1.0; 7]);
        let refused = algorithm.build(&short, start).err();
        let told = if algorithm.needs_prior() { "a prior" } else { "7 voxels" };
        assert!(refused.as_ref().is_some_and(|error| error.to_string().contains(told)), "{name}: {refused:?}");
    }
}

/// A config's word for a choice is the name in its entry, and what an example says is written and read again.
#[test]
fn names_are_those_of_the_tables() {
    for (text, algorithm) in algorithms() {
        assert!(text.starts_with(&format!("[{}]", algorithm.name())), "{text}");
        let written = toml::to_string(&algorithm).unwrap();
        assert_eq!(toml::from_str::<AlgorithmConfig>(&written).unwrap(), algorithm, "{written}");
        assert!(algorithm.conflicts().is_empty(), "{text}");
    }
    for (name, keys) in PriorConfig::examples() {
        let prior: PriorConfig = toml::from_str(&format!("[{name}]\n{keys}")).unwrap();
        assert_eq!(prior.name(), name);
        assert_eq!(toml::from_str::<PriorConfig>(&toml::to_string(&prior).unwrap()).unwrap(), prior);
        // Only a user's own model is not there.
        assert!(prior.conflicts().is_empty() || name == "torchscript", "{name}");
    }
}

/// The tables of docs/choices.md are those of the lists.
#[test]
fn the_docs_have_every_choice() {
    let mut text = "# Algorithms and priors\n\n\
        `coincide algorithms NAME` and `coincide priors NAME` print the keys of each with their meaning. x is the image, \
        y the counts, ȳ their mean, s the sensitivity, k one of K subsets, P₊ the projection on x ≥ 0; \
        [theory.md](theory.md) has the rest.\n\n\
        | `[algorithm.…]` | | update | priors | source |\n| --- | --- | --- | --- | --- |\n"
        .to_owned();
    let pipes = |text: &str| text.replace('|', "\\|");
    for sheet in list_algorithms().algorithms {
        let priors: Vec<_> = sheet.alone.then_some("none").into_iter().chain(sheet.priors.iter().copied()).collect();
        let (formula, citation) = (pipes(sheet.formula), pipes(sheet.citation));
        let (name, description, priors) = (sheet.name, sheet.description, priors.join(", "));
        writeln!(text, "| `{name}` | {description} | {formula} | {priors} | {citation} |").unwrap();
    }
    text += "\n| `[prior.…]` | | R, or what stands for it | unit of R | source |\n| --- | --- | --- | --- | --- |\n";
    for sheet in list_priors().priors {
        let (name, description, unit) = (sheet.name, sheet.description, sheet.unit);
        let (formula, citation) = (pipes(&sheet.formula), pipes(sheet.citation));
        writeln!(text, "| `{name}` | {description} | {formula} | {unit} | {citation} |").unwrap();
    }
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("choices.md");
    fs::write(&made, &text).unwrap();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/choices.md");
    let found = fs::read_to_string(&docs).unwrap_or_default();
    assert!(found == text, "{} is not what the lists say: copy {} there", docs.display(), made.display());
}
