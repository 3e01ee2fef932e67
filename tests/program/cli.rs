//! The real binary, used as a user would: in a folder of its own, with configs that are right and configs that are not.

use crate::folder::{Folder, text};
use serde_json::Value;
use std::fs;
use std::process::Command;

const SCAN: &str = include_str!("cli/scan.toml");
const SIMULATE: &str = include_str!("cli/simulate.toml");

fn has(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "no `{field}` in {value}");
    }
}

/// The text of a config mistake, without the spaces at the ends of lines.
fn mistake(from: &str, to: &str) -> String {
    assert!(SCAN.contains(from), "{from}");
    let folder = Folder::with(&[("scan.toml", &SCAN.replacen(from, to, 1))]);
    let output = folder.run("recon scan.toml");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert_eq!(folder.names(), ["scan.toml"], "a mistake leaves nothing behind");
    let lines: Vec<_> = text(&output.stderr).lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

#[test]
fn an_unknown_key_is_underlined_with_the_nearest_one() {
    let found = mistake("subsets = 4", "subset = 4");
    let expected = "  × unknown key `subset`
    ╭─[scan.toml:23:1]
 22 │ [algorithm.osem]
 23 │ subset = 4
    · ──────
 24 │ iterations = 3
    ╰────
  help: did you mean `subsets`? Known here: subsets, iterations, start";
    assert_eq!(found, expected);
}

#[test]
fn an_unknown_algorithm_is_underlined() {
    let found = mistake("[algorithm.osem]", "[algorithm.osme]");
    let expected = "  × unknown choice `osme`
    ╭─[scan.toml:22:12]
 21 │
 22 │ [algorithm.osme]
    ·            ────
 23 │ subsets = 4
    ╰────
  help: did you mean `osem`? Known here: mlem, osem, osl, de-pierro, bsrem, sps, svrg, saga, lbfgs,\n        proximal-newton, svrn, pdhg, spdhg, pnp-mm, pnp-admm, red, fbp";
    assert_eq!(found, expected);
}

#[test]
fn subsets_that_do_not_fit_are_underlined_with_those_that_do() {
    let found = mistake("subsets = 4", "subsets = 5");
    let expected = "  × 5 subsets do not divide 32 views
    ╭─[scan.toml:23:11]
 22 │ [algorithm.osem]
 23 │ subsets = 5
    ·           ─
 24 │ iterations = 3
    ╰────
  help: use one of [1, 2, 4, 8, 16, 32]";
    assert_eq!(found, expected);
}

#[test]
fn a_wrong_number_is_underlined_with_what_it_must_be() {
    let found = mistake("voxel_mm = [6.0, 6.0, 4.0]", "voxel_mm = [6.0, -6.0, 4.0]");
    let expected = "  × must be a length > 0 mm, got -6
    ╭─[scan.toml:20:18]
 19 │ shape = [32, 32, 9]
 20 │ voxel_mm = [6.0, -6.0, 4.0]
    ·                  ────
 21 │
    ╰────";
    assert_eq!(found, expected);
}

#[test]
fn an_unknown_phantom_is_underlined_with_the_nearest_one() {
    let found = mistake("phantom = \"uniform-cylinder\"", "phantom = \"uniform-cilinder\"");
    let expected = "  × no phantom `uniform-cilinder`
   ╭─[scan.toml:2:11]
 1 │ [measurement.simulated]
 2 │ phantom = \"uniform-cilinder\"
   ·           ──────────────────
 3 │
   ╰────
  help: did you mean `uniform-cylinder`?";
    assert!(found.starts_with(expected), "{found}");
}

#[test]
fn a_file_that_is_not_there_is_underlined() {
    let found = mistake("[algorithm.osem]", "[attenuation]\nfile = \"mu.hv\"\n[algorithm.osem]");
    let expected = "  × there is no file mu.hv
    ╭─[scan.toml:23:8]
 22 │ [attenuation]
 23 │ file = \"mu.hv\"
    ·        ───────
 24 │ [algorithm.osem]
    ╰────";
    assert_eq!(found, expected);
}

#[test]
fn two_sources_a_missing_table_and_broken_toml_are_named() {
    let found = mistake("[image]", "[measurement]\nfile = \"x.h5\"\n[image]");
    assert!(found.contains("duplicate key") || found.contains("exactly one kind"), "{found}");
    let found = mistake("[algorithm.osem]\nsubsets = 4\niterations = 3", "");
    assert!(found.contains("missing field `algorithm`"), "{found}");
    let found = mistake("subsets = 4", "subsets = = 4");
    assert!(found.contains("scan.toml:23:11"), "{found}");
    let found = mistake("span = 1,", "span = 2,");
    assert!(found.contains("span 2 is not an odd number") && found.contains("scan.toml:14:"), "{found}");
    let found = mistake("rings = 5", "rings = 0");
    assert!(found.contains("scanner field `rings` is 0") && found.contains("scan.toml:6:9"), "{found}");
}

#[test]
fn wrong_usage_is_2_and_a_damaged_file_is_1() {
    let folder = Folder::with(&[("simulate.toml", SIMULATE)]);
    assert_eq!(folder.run("recon").status.code(), Some(2));
    assert_eq!(folder.run("reconstruct x").status.code(), Some(2));
    assert_eq!(folder.run("recon missing.toml").status.code(), Some(2));
    assert_eq!(folder.run("info no-such-thing").status.code(), Some(2));

    folder.done("simulate simulate.toml --quiet");
    let whole = fs::read(folder.path("scan.h5")).unwrap();
    fs::write(folder.path("cut.h5"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.path("cut.toml"), from_file("cut.h5")).unwrap();
    let before = folder.names();
    let output = folder.run("recon cut.toml");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cut.h5"), "{}", text(&output.stderr));
    // `check` tells it where the config names it.
    let check = text(&folder.run("check cut.toml").stdout);
    assert!(check.contains("truncated") && check.contains("cut.toml:2:8"), "{check}");
    assert_eq!(folder.names(), before, "a failed run leaves nothing behind");
}

/// The config of the scan with the measurement from a file.
fn from_file(file: &str) -> String {
    let rest = SCAN.split_once("[image]").unwrap().1;
    format!("[measurement]\nfile = \"{file}\"\n[image]{rest}")
}

#[test]
fn a_reconstruction_says_what_it_did() {
    let folder = Folder::with(&[("scan.toml", SCAN)]);
    let result = folder.json("recon scan.toml");
    has(&result, &["output", "updates", "seconds", "objective", "counts_in_image", "counts_net", "metrics", "kkt"]);
    assert_eq!(result["updates"], 12);
    assert!(result["metrics"]["nrmse"].as_f64().unwrap() < 0.5, "{result}");
    let (image, net) = (result["counts_in_image"].as_f64().unwrap(), result["counts_net"].as_f64().unwrap());
    assert!((image / net - 1.0).abs() < 0.05, "{image} trues in the image, {net} measured");
    assert_eq!(folder.names(), ["image.h5", "image.nii.gz", "image.png", "scan.toml"]);

    let info: Value = serde_json::from_str(&folder.done("info image.h5 --json")).unwrap();
    assert_eq!(info["image"]["shape"], serde_json::json!([32, 32, 9]));
    assert_eq!(info["image"]["provenance"]["config"], SCAN);
    has(&info["image"]["provenance"], &["version", "seed", "threads", "simd_level", "seconds_reconstruction"]);
}

#[test]
fn nothing_is_overwritten_without_force() {
    let folder = Folder::with(&[("scan.toml", SCAN), ("image.nii.gz", "precious")]);
    let output = folder.run("recon scan.toml");
    assert_eq!(output.status.code(), Some(2));
    let found = text(&output.stderr);
    assert!(found.contains("image.nii.gz exists already") && found.contains("--force"), "{found}");
    assert_eq!(fs::read_to_string(folder.path("image.nii.gz")).unwrap(), "precious");
    assert_eq!(folder.names(), ["image.nii.gz", "scan.toml"]);
    folder.done("recon scan.toml --force");
    assert_ne!(fs::read(folder.path("image.nii.gz")).unwrap(), b"precious");
}

#[test]
fn a_run_can_be_replayed_bit_for_bit_on_any_number_of_threads() {
    let folder = Folder::with(&[("simulate.toml", SIMULATE), ("scan.toml", &from_file("scan.h5"))]);
    folder.done("simulate simulate.toml --threads 1");
    folder.done("recon scan.toml --threads 2");
    assert_eq!(folder.json("recon --replay image.h5 --threads 1")["identical"], true);

    fs::write(folder.path("simulate.toml"), SIMULATE.replace("seed = 7", "seed = 8")).unwrap();
    folder.done("simulate simulate.toml --force");
    let output = folder.run("recon --replay image.h5");
    assert!(text(&output.stderr).contains("have changed"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_same_seed_gives_the_same_counts_on_any_number_of_threads() {
    let folder = Folder::with(&[("simulate.toml", SIMULATE)]);
    let counts = |threads: usize| {
        folder.done(&format!("simulate simulate.toml --force --threads {threads}"));
        folder.done("convert scan.h5 scan.hs --force");
        fs::read(folder.path("scan.s")).unwrap()
    };
    assert!(counts(1) == counts(2));
}

#[test]
fn progress_is_lines_in_a_pipe_and_nothing_when_quiet() {
    let folder = Folder::with(&[("scan.toml", SCAN)]);
    let loud = folder.run("recon scan.toml");
    assert!(text(&loud.stderr).contains("reconstructing: 12 of 12"), "{}", text(&loud.stderr));
    assert!(!text(&loud.stdout).contains("reconstructing:"), "results only on stdout");
    let quiet = folder.run("recon scan.toml --quiet --force");
    assert_eq!(text(&quiet.stderr), "");
    assert!(text(&quiet.stdout).contains("log-likelihood"));
}

#[test]
fn snapshots_stop_rules_and_histories_do_as_told() {
    let config = SCAN
        .replace("[output]", "[stop]\nrelative_change = 0.5\n[run]\nfigures_every = 1\n[output]\nsnapshots_every = 1")
        .replace("iterations = 3", "iterations = 50");
    let folder = Folder::with(&[("scan.toml", &config)]);
    let result = folder.json("recon scan.toml");
    assert!(result["stop"].as_str().unwrap().contains("changed the image by"), "{result}");
    let history = result["history"].as_array().unwrap();
    assert_eq!(history.len() * 4, result["updates"].as_u64().unwrap() as usize);
    has(&history[0]["figures"], &["objective", "nrmse"]);
    assert!(folder.names().contains(&"image.iteration-1.h5".to_owned()), "{:?}", folder.names());
}

#[test]
fn check_finds_conflicts_and_verify_proves_the_projector() {
    let folder = Folder::with(&[("scan.toml", SCAN), ("wrong.toml", &SCAN.replace("subsets = 4", "subsets = 5"))]);
    let result = folder.json("check scan.toml");
    has(&result, &["peak_memory_mb", "seconds", "problems"]);
    assert_eq!(result["problems"].as_array().unwrap().len(), 0);
    let output = folder.run("check wrong.toml --json");
    assert_eq!(output.status.code(), Some(2));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(result["problems"][0]["message"].as_str().unwrap().contains("wrong.toml:23:11: 5 subsets"), "{result}");

    let result = folder.json("verify scan.toml");
    has(
        &result,
        &["adjoint", "assembled_adjoint", "memory", "chord_relative_l2", "chord_p999_mm", "sensitivity_min", "passed"],
    );
    assert_eq!(result["passed"], true, "{result}");
    assert!(result["adjoint"].as_f64().unwrap() < 1e-6);
    // An algorithm that is nothing without its prior.
    let plug_and_play = SCAN.replace("[algorithm.osem]", "[prior.median-root]\nbeta = 0.1\n[algorithm.pnp-mm]");
    fs::write(folder.path("pnp.toml"), plug_and_play).unwrap();
    assert_eq!(folder.json("verify pnp.toml")["passed"], true);
    assert_eq!(folder.names(), ["pnp.toml", "scan.toml", "wrong.toml"]);
}

#[test]
fn files_are_described_and_converted_both_ways() {
    let folder = Folder::with(&[("simulate.toml", SIMULATE), ("scan.toml", SCAN)]);
    folder.done("simulate simulate.toml");
    let info: Value = serde_json::from_str(&folder.done("info scan.h5 --json")).unwrap();
    assert_eq!(info["measurement"]["shape"], serde_json::json!([32, 31, 1, 25]));
    let lost = folder.json("convert scan.h5 scan.hs")["lost"].clone();
    assert_eq!(lost, serde_json::json!(["provenance", "factors", "background", "what factors and background hold"]));
    let again: Value = serde_json::from_str(&folder.done("info scan.hs --json")).unwrap();
    assert_eq!(again["measurement"]["prompts"], info["measurement"]["prompts"]);

    folder.done("recon scan.toml");
    folder.done("convert image.h5 copy.hv");
    folder.done("convert copy.hv copy.nii");
    folder.done("convert copy.nii copy.png");
    let sheet = |name: &str| -> Value { serde_json::from_str(&folder.done(&format!("info {name} --json"))).unwrap() };
    let (first, last) = (sheet("image.h5"), sheet("copy.nii"));
    for figure in ["max", "mean"] {
        assert_eq!(first["image"][figure], last["image"][figure]);
    }
}

#[test]
fn lists_schema_and_bench_are_machine_readable() {
    let folder = Folder::with(&[]);
    let schema: Value = serde_json::from_str(&folder.done("schema")).unwrap();
    has(&schema["properties"], &["measurement", "image", "algorithm", "output"]);
    assert!(!folder.json("scanners")["scanners"].as_array().unwrap().is_empty());
    assert!(folder.done("phantoms").contains("nema-iq"));
    assert!(folder.done("info siemens-mmr").contains("252 views"));
    let bench = folder.json("bench projector --case mmr-span11-128 --threads 1 --runs 1");
    has(&bench, &["case", "threads", "level", "lors", "forward_mlor_per_s", "back_mlor_per_s"]);
    assert!(bench["osem_iteration_over_projections"].as_f64().unwrap() > 0.5, "{bench}");
    has(&bench, &["peak_memory_mb"]);
    assert_eq!(bench["lors"], 72_557_856);
}

#[test]
fn one_command_measures_everything() {
    let folder = Folder::with(&[]);
    let result = folder.json("bench --quick --threads 2");
    has(&result, &["machine", "projectors", "accuracy", "convergence", "priors", "report"]);
    assert!(result["accuracy"][0]["found"]["passed"].as_bool().unwrap(), "{}", result["accuracy"]);
    let lines = result["convergence"]["cases"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["algorithm"] == "lbfgs" && line["passed"] == true));
    let nrmse = |method: &str| {
        let summary = result["priors"]["summary"].as_array().unwrap();
        let own = summary.iter().find(|entry| entry["method"] == method && entry["metric"] == "nrmse");
        own.and_then(|entry| entry["mean"].as_f64()).unwrap()
    };
    assert!(nrmse("network") < nrmse("osem") && nrmse("relative-difference") < nrmse("osem"));
    let page = std::fs::read_to_string(folder.path(result["report"].as_str().unwrap())).unwrap();
    assert!(page.contains("Convergence of the algorithms") && page.contains("<svg"));
    let again = folder.command("bench --quick").output().unwrap();
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force replaces it"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_saves_its_last_image() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let config = SCAN.replace("iterations = 3", "iterations = 100000");
    let folder = Folder::with(&[("scan.toml", &config)]);
    let mut run = folder.command("recon scan.toml").stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(run.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("reconstructing")), "never began");
    Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(run.wait().unwrap().code(), Some(130));
    assert!(rest.iter().any(|line| line.contains("the last image is saved in image.h5")), "{rest:?}");
    assert_eq!(folder.names(), ["image.h5", "image.nii.gz", "image.png", "scan.toml"]);
    folder.done("info image.h5");
}
