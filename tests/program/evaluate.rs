//! `coincide evaluate` as a user runs it: results, cache, interruption, mistakes.

use crate::folder::{Folder, text};
use coincide::io::columns::Column;
use coincide::io::csv::write_csv;
use coincide::io::hdf5::{read_image, read_tables};
use serde_json::Value;
use std::fs;
use std::process::Command;

const STUDY: &str = include_str!("evaluate/study.toml");
/// 2 count levels × 2 seeds × (3 + 2) settings.
const RUNS: usize = 20;

/// Evaluates the study of a folder.
fn evaluated(folder: &Folder, arguments: &str) -> Value {
    folder.json(&format!("evaluate study.toml {arguments}"))
}

fn of_study(study: &str) -> Folder {
    Folder::with(&[("study.toml", study)])
}

/// `runs.csv` without its last column, the time.
fn without_time(runs: &str) -> Vec<&str> {
    runs.lines().map(|line| line.rsplit_once(',').unwrap().0).collect()
}

#[test]
fn a_study_says_what_it_found_and_keeps_it() {
    let folder = of_study(STUDY);
    let result = evaluated(&folder, "");
    assert!(result["table"].as_str().unwrap().ends_with("study-results/results.h5"), "{}", result["table"]);
    assert_eq!((&result["runs"], &result["computed"]), (&RUNS.into(), &RUNS.into()));
    let summary = result["summary"].as_array().unwrap();
    for field in ["method", "level", "metric", "mean", "low", "high", "phantom", "scanner"] {
        assert!(summary.iter().all(|entry| entry.get(field).is_some()), "{field}");
    }
    let of = |method: &str, level: f64, metric: &str| {
        let is = |entry: &&Value| entry["method"] == method && entry["level"] == level && entry["metric"] == metric;
        summary.iter().find(is).unwrap_or_else(|| panic!("{method} {metric}"))["mean"].as_f64().unwrap()
    };
    assert!(of("osem", 1e6, "nrmse") < of("osem", 2e5, "nrmse"), "more counts, less error");
    assert!(of("osem", 1e6, "ensemble.noise") < of("osem", 2e5, "ensemble.noise"), "more counts, less noise");
    assert!(of("few", 1e6, "ensemble.centre.bias").abs() < 0.1);
    let nrmse = summary.iter().find(|entry| entry["metric"] == "nrmse").unwrap();
    assert!(nrmse["low"].as_f64() < nrmse["mean"].as_f64() && nrmse["mean"].as_f64() < nrmse["high"].as_f64());

    // The table is the CSV, to the last bit; the summary is the scores of the tuned settings.
    let (tables, provenance) = read_tables(&folder.path("study-results/results.h5")).unwrap();
    assert_eq!(provenance.get("config"), Some(STUDY));
    for (name, table) in &tables {
        write_csv(&folder.path("again.csv"), true, table).unwrap();
        assert_eq!(folder.read("again.csv"), folder.read(&format!("study-results/{name}.csv")));
    }
    let (_, scores) = tables.iter().find(|(name, _)| name == "scores").unwrap();
    let Some(Column::Numbers(tuned)) = scores.column("tuned") else { panic!("no column `tuned`") };
    assert_eq!(tuned.iter().sum::<f64>() as usize, summary.len());
    let info = folder.run("info study-results/results.h5");
    assert!(text(&info.stdout).contains("scores"), "{}", text(&info.stdout));

    for name in [
        "montage.uniform-cylinder.small.1e6.png",
        "plots/uniform-cylinder.small.2e5.oracle.svg",
        "plots/uniform-cylinder.small.1e6.contrast-noise.centre.png",
        "maps/uniform-cylinder.small.1e6.osem.sd.nii.gz",
    ] {
        assert!(folder.path("study-results").join(name).is_file(), "{name}");
    }
    let map = |what: &str| {
        let name = format!("study-results/maps/uniform-cylinder.small.2e5.osem.{what}.h5");
        read_image(&folder.path(&name)).unwrap().0
    };
    assert!(map("sd").values.iter().all(|&sd| sd >= 0.0) && map("bias").values.iter().any(|&bias| bias < 0.0));
}

#[test]
fn the_printed_table_names_the_best_setting_and_the_ends_of_ladders() {
    let folder = of_study(STUDY);
    let printed = text(&folder.run("evaluate study.toml --quiet").stdout);
    for part in ["2e5 prompts", "NRMSE", "fwhm_mm", "95 % of the mean", "(end!)", "the end of its ladder; extend it"] {
        assert!(printed.contains(part), "no `{part}` in\n{printed}");
    }
}

#[test]
fn a_method_that_is_the_yardstick_by_another_name_needs_as_many_prompts() {
    let (before, _) = STUDY.split_once("[methods.few]").unwrap();
    let method = &before[before.find("[methods.osem]").unwrap()..];
    let study = format!("yardstick = \"osem\"\n{before}{}", method.replace("methods.osem", "methods.same"));
    let folder = of_study(&study);
    let result = evaluated(&folder, "");
    let entries = result["equivalence"].as_array().unwrap();
    let of = |metric: &str, level: f64| {
        let is = |entry: &&Value| entry["metric"] == metric && entry["level"] == level && entry["method"] == "same";
        entries.iter().find(is).unwrap_or_else(|| panic!("{metric} at {level}: {entries:?}"))["prompts"].clone()
    };
    assert!((of("nrmse", 1e6)["at"].as_f64().unwrap() - 1e6).abs() < 1.0, "{entries:?}");
    assert_eq!(of("nrmse", 2e5)["fewer-than"].as_f64(), Some(2e5));
    // Scan by scan it has the same error.
    let summary = result["summary"].as_array().unwrap();
    let ratios: Vec<&Value> = summary.iter().filter(|entry| entry["metric"] == "nrmse_ratio").collect();
    assert!(ratios.len() == 2 && ratios.iter().all(|entry| entry["method"] == "same"), "{ratios:?}");
    assert!(ratios.iter().all(|entry| ["mean", "low", "high"].map(|end| entry[end].as_f64()) == [Some(1.0); 3]));
    let printed = text(&folder.run("evaluate study.toml --quiet --force").stdout);
    assert!(printed.contains("prompts that the yardstick needs") && printed.contains("× 1"), "{printed}");
    assert!(folder.path("study-results/plots/uniform-cylinder.small.prompts.nrmse.svg").is_file());
    folder.write("study.toml", &study.replace("\"osem\"\n", "\"mlem\"\n"));
    let output = folder.run("evaluate study.toml --force");
    assert!(text(&output.stderr).contains("there is no method `mlem`"), "{}", text(&output.stderr));
}

/// With one realisation the horizontal axis is the noise of the voxels.
#[test]
fn recovery_is_drawn_against_noise() {
    let study = STUDY.replace("seeds = [1, 2]", "seeds = [1]").replace("prompts = [2e5, 1e6]", "prompts = [1e6]");
    let folder = of_study(&study);
    evaluated(&folder, "");
    let (tables, _) = read_tables(&folder.path("study-results/results.h5")).unwrap();
    let Some(Column::Numbers(noise)) = tables.iter().find(|(name, _)| name == "runs").unwrap().1.column("noise") else {
        panic!("no column `noise`")
    };
    let svg = folder.read("study-results/plots/uniform-cylinder.small.1e6.contrast-noise.centre.svg");
    assert!(svg.contains(">noise (%)<") && svg.contains(">recovery (%)<"), "{svg}");
    let of_axis = svg.lines().filter(|line| line.contains("y=\"504.00\" text-anchor=\"middle\""));
    let text = |line: &str| line.rsplit_once("</").unwrap().0.rsplit_once('>').unwrap().1.parse::<f64>().ok();
    let ticks: Vec<f64> = of_axis.filter_map(text).collect();
    let [low, high] = noise.iter().fold([f64::INFINITY, 0.0_f64], |[a, b], x| [a.min(100.0 * x), b.max(100.0 * x)]);
    assert!(
        ticks.len() > 1 && ticks.iter().all(|tick| (0.5 * low..1.5 * high).contains(tick)),
        "{ticks:?} {low} {high}"
    );
}

/// What is scored stands in the phantom's file, and not in its name.
#[test]
fn a_copy_of_a_phantom_under_another_name_is_scored_likewise() {
    let mut study = STUDY.replace("[\"uniform-cylinder\"]", "[\"nema-earl\", \"mine.toml\"]");
    for (old, new) in [
        ("noise_region = \"centre\"\n", ""),
        ("prompts = [2e5, 1e6]", "prompts = [1e6]"),
        ("values = [0, 6, 12]", "values = [6]"),
        ("inner_radius_mm = 160.0", "inner_radius_mm = 220.0"),
        ("rings = 5", "rings = 11"),
        ("shape = [32, 32, 9]", "shape = [48, 36, 21]"),
    ] {
        assert!(study.contains(old), "{old}");
        study = study.replace(old, new);
    }
    let (study, _) = study.split_once("[methods.few]").unwrap();
    let folder = of_study(study);
    let text = include_str!("../../phantoms/nema-earl.toml");
    folder.write("mine.toml", &text.replace("name = \"nema-earl\"", "name = \"a copy\""));
    let result = evaluated(&folder, "");
    let entries = result["summary"].as_array().unwrap();
    let of = |phantom: &str| -> Vec<(String, f64)> {
        let own = entries.iter().filter(|entry| entry["phantom"] == phantom && entry["metric"] != "seconds");
        own.map(|entry| (entry["metric"].as_str().unwrap().to_owned(), entry["mean"].as_f64().unwrap())).collect()
    };
    assert_eq!(of("nema-earl"), of("mine"));
    for name in ["nema.10mm.contrast_recovery", "ensemble.nema.lung_residual", "earl.37mm.rc_max", "earl2.within"] {
        assert!(of("mine").iter().any(|(own, _)| own == name), "no {name} in {:?}", of("mine"));
    }
    folder.write("mine.toml", &text.replace("spheres = [\"sphere-10\"", "spheres = [\"sphere-11\""));
    let output = folder.run("evaluate study.toml --force");
    assert_eq!(output.status.code(), Some(2));
    let told = self::text(&output.stderr);
    assert!(told.contains("`scoring.nema.spheres[0]`") && told.contains("[study.toml:2:"), "{told}");
}

/// The cylinder is as good in the middle slices as they are, whatever the outer ones look like.
#[test]
fn slices_beyond_the_scored_ones_do_not_count() {
    let nrmse = |lines: &str| {
        let folder = of_study(&format!("{lines}\n{STUDY}").replace("prompts = [2e5, 1e6]", "prompts = [1e6]"));
        let result = evaluated(&folder, "");
        let entries = result["summary"].as_array().unwrap().clone();
        let is = |entry: &&Value| entry["metric"] == "nrmse" && entry["method"] == "few";
        entries.iter().find(is).unwrap()["mean"].as_f64().unwrap()
    };
    let (all, middle) = (nrmse(""), nrmse("scored_z_mm = [-9.0, 9.0]"));
    println!("NRMSE of all slices {all:.4}, of the middle ones {middle:.4}");
    assert!(middle < 0.95 * all, "{middle} {all}");
    let folder = of_study(&format!("scored_z_mm = [9.0, -9.0]\n{STUDY}"));
    let output = folder.run("evaluate study.toml");
    assert!(text(&output.stderr).contains("is no range"), "{}", text(&output.stderr));
}

#[test]
fn a_finished_run_is_not_made_again_and_a_changed_one_is() {
    let folder = of_study(STUDY);
    evaluated(&folder, "");
    let (kept, runs, scores) = (folder.bytes("coincide-cache"), "study-results/runs.csv", "study-results/scores.csv");
    assert_eq!(kept.len(), RUNS);
    let before = (folder.read(runs), folder.read(scores));
    assert_eq!(evaluated(&folder, "--force")["computed"], 0);
    assert_eq!((folder.read(runs), folder.read(scores)), before, "the same bytes");
    assert!(folder.bytes("coincide-cache") == kept, "no file was touched");

    folder.write(
        "study.toml",
        &STUDY.replace("[0, 6, 12]", "[0, 6, 12, 18]").replace("title = \"tiny\"", "title = \"other\""),
    );
    assert_eq!(evaluated(&folder, "--force")["computed"], 4, "one more setting on 2 levels × 2 seeds");
    fs::remove_file(kept.keys().next().unwrap()).unwrap();
    folder.write("study.toml", STUDY);
    assert_eq!(evaluated(&folder, "--force")["computed"], 1);
    assert_eq!(
        without_time(&folder.read(runs)),
        without_time(&before.0),
        "a run that is made again comes out the same"
    );
    folder.write("study.toml", &STUDY.replace("randoms_fraction = 0.2", "randoms_fraction = 0.3"));
    assert_eq!(evaluated(&folder, "--force")["computed"], RUNS);
}

#[test]
fn a_file_that_a_method_names_is_part_of_what_it_is() {
    let folder = of_study(STUDY);
    let start = |value: f32| {
        let (mut image, _) =
            read_image(&folder.path("study-results/maps/uniform-cylinder.small.1e6.osem.mean.h5")).unwrap();
        image.values.iter_mut().for_each(|voxel| *voxel = value);
        coincide::io::hdf5::write_image(&folder.path("start.h5"), true, &image, &Default::default()).unwrap();
    };
    evaluated(&folder, "");
    start(1.0);
    folder.write("study.toml", &STUDY.replace("subsets = 4\n", "subsets = 4\nstart.file = \"start.h5\"\n"));
    assert_eq!(evaluated(&folder, "--force")["computed"], 12);
    assert_eq!(evaluated(&folder, "--force")["computed"], 0);
    start(2.0);
    assert_eq!(evaluated(&folder, "--force")["computed"], 12);
}

#[test]
fn the_numbers_do_not_depend_on_the_threads() {
    let folder = of_study(STUDY);
    let table = |threads: usize| {
        folder.write(
            "study.toml",
            &format!("{STUDY}\n[output]\nfolder = \"on-{threads}\"\ncache = \"cache-{threads}\"\n"),
        );
        evaluated(&folder, &format!("--threads {threads}"));
        let name = |file| format!("on-{threads}/{file}");
        (folder.read(&name("runs.csv")), folder.bytes(&name("plots")).into_values().collect::<Vec<_>>())
    };
    let (one, three) = (table(1), table(3));
    assert_eq!(without_time(&one.0), without_time(&three.0));
    assert!(one.1 == three.1, "the same plots, to the byte");
}

#[cfg(unix)]
#[test]
fn an_interrupted_study_goes_on_where_it_was() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let study = STUDY.replace("iterations = 3", "iterations = 200");
    let folder = of_study(&study);
    let mut command = folder.command("evaluate study.toml");
    let mut run = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(run.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("evaluating: 2 of 20")), "never began");
    Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(run.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("of 20 runs are finished and kept")), "{rest:?}");
    let kept = folder.bytes("coincide-cache");
    assert!((2..RUNS).contains(&kept.len()), "{} kept", kept.len());
    assert!(kept.keys().all(|name| name.ends_with(".h5") && !name.contains(".part")), "{:?}", kept.keys());
    assert!(!folder.path("study-results").exists(), "no results of half a study");

    assert_eq!(evaluated(&folder, "")["computed"], RUNS - kept.len());
    let after = folder.bytes("coincide-cache");
    assert!(kept.iter().all(|(name, bytes)| after[name] == *bytes), "what was finished stays as it was");
}

/// The text of a mistake, without the frame of the source and the spaces at the ends of lines.
fn mistake(from: &str, to: &str) -> String {
    assert!(STUDY.contains(from), "{from}");
    let folder = of_study(&STUDY.replacen(from, to, 1));
    let output = folder.run("evaluate study.toml");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(!folder.path("study-results").exists() && !folder.path("coincide-cache").exists());
    text(&output.stderr).lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_knob_that_is_no_key_is_underlined_with_the_nearest_one() {
    let found = mistake("post_filter.fwhm_mm", "post_filter.fwhm");
    let expected = "  × unknown key `fwhm`
    ╭─[study.toml:28:17]
 27 │ label = \"OSEM\"
 28 │ knob = { path = \"post_filter.fwhm\", values = [0, 6, 12] }
    ·                 ──────────────────
 29 │
    ╰────
  help: did you mean `fwhm_mm`? Known here: fwhm_mm";
    assert_eq!(found, expected);
    let found = mistake("\"algorithm.osem.iterations\"", "\"algorithm.osme.iterations\"");
    assert!(found.contains("no table `osme` here") && found.contains("did you mean `osem`?"), "{found}");
    let found = mistake("\"algorithm.osem.iterations\"", "\"algorithm.fbp.cutoff\"");
    assert!(found.contains("two kinds of one thing") && found.contains("[study.toml:35:17]"), "{found}");
    let found = mistake("\"post_filter.fwhm_mm\"", "\"post_filtre.fwhm_mm\"");
    assert!(found.contains("unknown key `post_filtre`") && found.contains("did you mean `post_filter`?"), "{found}");
}

#[test]
fn a_value_that_the_key_cannot_take_is_underlined_in_the_ladder() {
    let found = mistake("[0, 6, 12]", "[0, 6, -12]");
    assert!(found.contains("neither rise nor fall"), "{found}");
    let found = mistake("[0, 6, 12]", "[-3, 6, 12]");
    assert!(found.contains("must be a width >= 0 mm, got -3"), "{found}");
    let path = "\"algorithm.osem.subsets\", values = [4, 5]";
    let found = mistake("\"algorithm.osem.iterations\", values = [1, 2]", path);
    let expected = "5 subsets do not divide 32 views (with algorithm.osem.subsets = 5)
    ╭─[study.toml:35:56]
 34 │ [methods.few]
 35 │ knob = { path = \"algorithm.osem.subsets\", values = [4, 5] }
    ·                                                        ─";
    assert!(found.contains(expected), "{found}");
}

#[test]
fn mistakes_of_a_method_are_underlined_where_they_stand() {
    let found = mistake("subsets = 4", "subset = 4");
    assert!(found.contains("[study.toml:31:1]") && found.contains("did you mean `subsets`?"), "{found}");
    let found = mistake("subsets = 4", "subsets = 5");
    assert!(found.contains("[study.toml:31:11]") && found.contains("5 subsets do not divide 32 views"), "{found}");
    let found = mistake("label = \"OSEM\"", "image.shape = [1, 1, 1]");
    assert!(found.contains("`image` cannot stand here") && found.contains("the study's own [image]"), "{found}");
    let found = mistake("label = \"OSEM\"", "stop.time_limit_s = 3");
    assert!(found.contains("another image each time"), "{found}");
}

#[test]
fn mistakes_of_the_study_are_underlined_too() {
    let found = mistake("randoms_fraction = 0.2", "seed = 3");
    assert!(found.contains("`seed` cannot stand here") && found.contains("`seeds` of the study"), "{found}");
    let found = mistake("seeds = [1, 2]", "seeds = [1, 1]");
    assert!(found.contains("1 stands here twice"), "{found}");
    let found = mistake("prompts = [2e5, 1e6]", "prompts = []");
    assert!(found.contains("a study without prompts"), "{found}");
    let found = mistake("phantoms = [\"uniform-cylinder\"]", "phantoms = [\"uniform-cilinder\"]");
    assert!(found.contains("did you mean `uniform-cylinder`?"), "{found}");
    let found = mistake("noise_region = \"centre\"", "noise_region = \"middle\"");
    assert!(found.contains("no region `middle`") && found.contains("centre"), "{found}");
    let found = mistake("[methods.few]", "[methods.\"a/b\"]");
    assert!(found.contains("`a/b` is not a name"), "{found}");
    let found = mistake("title = \"tiny\"", "oracle = \"nmrse\"");
    assert!(found.contains("did you mean `nrmse`?"), "{found}");
    let found = mistake("span = 1,", "span = 2,");
    assert!(found.contains("[study.toml:8:"), "{found}");
}

#[test]
fn results_are_not_overwritten_without_force() {
    let folder = of_study(STUDY);
    evaluated(&folder, "");
    fs::write(folder.path("study-results/runs.csv"), "precious").unwrap();
    let output = folder.run("evaluate study.toml");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--force"), "{}", text(&output.stderr));
    assert_eq!(folder.read("study-results/runs.csv"), "precious");
}

#[test]
fn the_schema_names_the_tables() {
    let schema: Value = serde_json::from_slice(&of_study("").run("schema study").stdout).unwrap();
    for key in ["phantoms", "prompts", "seeds", "scanners", "methods", "oracle"] {
        assert!(schema["properties"].get(key).is_some(), "{key}");
    }
}
