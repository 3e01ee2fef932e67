//! Studies with added lesions and with intervals, as a user runs them.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const SCANS: &str = r#"
[scanners.small]
scanner.custom = { name = "small", rings = 8, crystals_per_ring = 192, inner_radius_mm = 300.0, ring_spacing_mm = 8.0, radial_bins = 95, bin_size_mm = 3.6 }
sinogram.axial.span = { span = 3, max_ring_difference = 5 }

[simulation]
randoms_fraction = 0.2
resolution_fwhm_mm = 6.0

[image]
shape = [48, 48, 15]
voxel_mm = [5.0, 5.0, 4.0]
"#;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_coincide"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[arguments, &["--json", "--quiet"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn study(head: &str, methods: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("study.toml"), format!("{head}\n{SCANS}\n{methods}")).unwrap();
    folder
}

const LESIONS: &str = r#"
phantoms = ["uniform-cylinder"]
prompts = [1e6, 4e6]
seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
yardstick = "sharp"

[lesions]
diameter_mm = [16.0]
contrast = [5.0]
sites_mm = [[55, 0, 0], [-55, 0, 0], [0, 55, 0], [0, -55, 0]]
"#;

/// One method that keeps lesions and one that blurs them away.
const SHARP_AND_BLURRED: &str = r#"
[methods.sharp]
resolution.fwhm_mm = [6.0, 6.0, 6.0]
algorithm.osem = { subsets = 8, iterations = 4 }
sentinel = { threshold = 4.0, least_height = 0.0 }

[methods.blurred]
resolution.fwhm_mm = [6.0, 6.0, 6.0]
post_filter.fwhm_mm = [26.0, 26.0, 26.0]
algorithm.osem = { subsets = 8, iterations = 4 }
sentinel = { threshold = 4.0, least_height = 0.0 }
"#;

#[test]
fn a_study_tells_which_method_erases_lesions() {
    let folder = study(LESIONS, SHARP_AND_BLURRED);
    let result = json(folder.path(), &["evaluate", "study.toml"]);
    let of = |method: &str, level: f64, figure: &str| {
        let name = format!("lesion.16mm-x5.{figure}");
        let entries = result["summary"].as_array().unwrap();
        let found = entries
            .iter()
            .find(|e| e["method"] == method && e["level"] == level && e["metric"].as_str() == Some(&name));
        found.map(|entry| ["mean", "low", "high"].map(|key| entry[key].as_f64().unwrap_or(f64::NAN)))
    };
    let mean = |method: &str, level: f64, figure: &str| of(method, level, figure).unwrap()[0];
    let (kept, lost) = (mean("sharp", 4e6, "transmission"), mean("blurred", 4e6, "transmission"));
    println!("comes through: {kept:.3} and {lost:.3}");
    assert!((0.7..1.5).contains(&kept) && (0.0..0.35).contains(&lost), "{kept} {lost}");
    assert_eq!((mean("sharp", 4e6, "erased"), mean("blurred", 4e6, "erased")), (0.0, 1.0));
    // The blurred image lacks what the counts hold, and the sentinel says so.
    let [flagged, kept_flagged] = ["blurred", "sharp"].map(|method| mean(method, 4e6, "flagged"));
    println!("flagged: {flagged} of the erased ones, {kept_flagged} of the others");
    assert!(flagged > 0.9 && kept_flagged < 0.1 && mean("blurred", 4e6, "erased_unflagged") < 0.1);
    // The ideal observer knows no method, and sees twice as well with four times the counts.
    let ideal = mean("sharp", 1e6, "ideal.snr");
    assert_eq!(ideal, mean("blurred", 1e6, "ideal.snr"));
    assert!((mean("sharp", 4e6, "ideal.snr") / ideal - 2.0).abs() < 1e-9, "{ideal}");
    // No observer of an image sees more than the ideal one of the counts; that of 10 realisations is known to ± a
    // third.
    assert!(mean("sharp", 1e6, "lg.snr") < 1.4 * ideal, "{} {ideal}", mean("sharp", 1e6, "lg.snr"));
    let [auc, low, high] = of("sharp", 4e6, "lg.auc").unwrap();
    assert!(low <= auc && auc <= high && auc > 0.9, "{low} {auc} {high}");
    // An observer of each site, and what the yardstick's say of the same scans.
    let [own, other] = ["blurred", "sharp"].map(|method| mean(method, 1e6, "lg.site_auc"));
    let [difference, low, high] = of("blurred", 1e6, "lg.auc_difference").unwrap();
    println!("AUC per site {own:.3} and {other:.3}, difference {low:.3} to {high:.3}");
    assert!((difference - (own - other)).abs() < 1e-12 && low <= difference && difference <= high);
    assert!(of("sharp", 1e6, "lg.auc_difference").is_none(), "the yardstick is not compared with itself");
    let [ratio, low, high] = of("blurred", 4e6, "transmission_ratio").unwrap();
    assert!((ratio - lost / kept).abs() < 1e-12 && low < ratio && ratio < high, "{low} {ratio} {high}");
    assert!(of("sharp", 4e6, "transmission_ratio").is_none());
    assert!((0.1..1.0).contains(&mean("blurred", 1e6, "lg.correlation")));
    let site = |site: usize| {
        let name = format!("lesion.16mm-x5.site-{site}.lg.auc_of_site");
        let mut entries = result["summary"].as_array().unwrap().iter();
        let found = entries.find(|e| e["method"] == "blurred" && e["level"] == 1e6 && e["metric"] == name.as_str());
        found.unwrap()["mean"].as_f64().unwrap()
    };
    assert!(((1..=4).map(site).sum::<f64>() / 4.0 - own).abs() < 1e-12);
    let photons = result["equivalence"].as_array().unwrap();
    assert!(photons.iter().any(|entry| entry["metric"] == "lesion.16mm-x5.lg.snr"), "{photons:?}");
    // 2 methods × 2 levels × 10 seeds, without and with lesions.
    assert_eq!((result["runs"].as_u64(), result["computed"].as_u64()), (Some(80), Some(80)));
    let again = json(folder.path(), &["evaluate", "study.toml", "--force"]);
    assert_eq!((again["computed"].as_u64(), &again["summary"]), (Some(0), &result["summary"]));
    let runs = fs::read_to_string(folder.path().join("study-results/runs.csv")).unwrap();
    assert_eq!(runs.matches("16mm-x5").count(), 40);
    let page = fs::read_to_string(folder.path().join("study-results/report.html")).unwrap();
    assert!(page.contains("comes through %") && page.contains("\"name\":\"truth\""));
}

#[test]
fn lesions_that_cannot_be_added_are_underlined() {
    let refused = |from: &str, to: &str| {
        let folder = study(&LESIONS.replace(from, to), SHARP_AND_BLURRED);
        let output = run(folder.path(), &["evaluate", "study.toml"]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused("[5.0]", "[0.5]").contains("adds no activity"));
    assert!(refused("[55, 0, 0], ", "[155, 0, 0], ").contains("adds no activity"));
    assert!(refused("[0, 55, 0]", "[0, 55, 0], [0, 60, 0]").contains("overlap"));
    assert!(refused("[16.0]", "[]").contains("empty, expected at least one"));
}

const ERASED: &str = r#"
phantoms = ["random-1..8-plain"]
prompts = [2e6]
seeds = [1]

[erased]
diameter_mm = [12.0]
snr = [2.0, 14.0]
"#;

#[test]
fn a_study_tells_how_often_the_sentinel_is_wrong() {
    let (kept, fitted) = ("sentinel = { held_out = 0.5 }", "sentinel = {}");
    let map = "resolution.fwhm_mm = [6.0, 6.0, 6.0]\nprior.relative-difference = { beta = 3e-5, unit = \"Bq/mL\" }\n\
               algorithm.svrg = { subsets = 8, iterations = 4 }";
    let methods = format!("[methods.kept]\n{map}\n{kept}\n[methods.fitted]\n{map}\n{fitted}");
    let folder = study(ERASED, &methods);
    let result = json(folder.path(), &["evaluate", "sentinel", "study.toml"]);
    println!("{result}");
    assert_eq!(result["computed"].as_u64(), Some(16));
    let null = result["null"].as_array().unwrap();
    assert!(null.len() == 2 && null.iter().all(|entry| entry["scans"] == 8 && entry["flagged"].as_u64() <= Some(2)));
    let found = |method: &str, snr: f64| {
        let power = result["power"].as_array().unwrap();
        let entry = power.iter().find(|entry| entry["method"] == method && entry["snr"] == snr).unwrap();
        entry["flagged"].as_f64().unwrap() / entry["lesions"].as_f64().unwrap()
    };
    for method in ["kept", "fitted"] {
        assert!(
            found(method, 14.0) > 0.9 && found(method, 2.0) < 0.4,
            "{} {}",
            found(method, 14.0),
            found(method, 2.0)
        );
    }
    // Other questions are other runs.
    let path = folder.path().join("study.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("[12.0]", "[14.0]")).unwrap();
    assert_eq!(json(folder.path(), &["evaluate", "sentinel", "study.toml"])["computed"].as_u64(), Some(16));
    for (from, to, told) in [
        ("snr = [2.0, 14.0]", "snr = []", "empty, expected at least one"),
        ("snr = [2.0, 14.0]", "sites = 0", "0 lesions in a scan"),
        ("sentinel = {", "# sentinel = {", "no method has a sentinel"),
    ] {
        fs::write(&path, text.replace(from, to)).unwrap();
        let output = run(folder.path(), &["evaluate", "sentinel", "study.toml"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(told), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

const INTERVALS: &str = r#"
phantoms = ["random-1..4", "random-7..10-lesions"]
prompts = [2e6]
seeds = [1]
"#;

const WITH_INTERVALS: &str = r#"
[methods.map]
resolution.fwhm_mm = [6.0, 6.0, 6.0]
prior.relative-difference = { beta = 3e-4, unit = "Bq/mL" }
algorithm.svrg = { subsets = 8, iterations = 4 }
confidence = { replicates = 3 }
"#;

#[test]
fn intervals_hold_what_they_promise_on_scans_like_those_they_were_calibrated_on() {
    let folder = study(INTERVALS, WITH_INTERVALS);
    let first = json(folder.path(), &["evaluate", "coverage", "study.toml", "--calibrate", "map.json"]);
    let text = fs::read_to_string(folder.path().join("map.json")).unwrap();
    assert!(text.contains("random-7") && text.contains("\"resolution_fwhm_mm\": 4.0"));
    // On its own images the calibration covers more than it promises, by the definition of its scales.
    for stratum in first["strata"].as_array().unwrap().iter().filter(|s| s["images"].as_u64() > Some(9)) {
        let at = stratum["levels"].as_array().unwrap().iter().find(|at| at["level"] == 0.8).unwrap();
        assert!(at["coverage"].as_f64().unwrap() >= 0.8, "{stratum}");
    }
    // Other bodies of the same kind, with another seed.
    let others = INTERVALS
        .replace("random-1..4", "random-21..24")
        .replace("random-7..10", "random-27..30")
        .replace("seeds = [1]", "seeds = [5]");
    let methods = WITH_INTERVALS.replace("replicates = 3", "replicates = 3, calibration = \"map.json\"");
    fs::write(folder.path().join("others.toml"), format!("{others}\n{SCANS}\n{methods}")).unwrap();
    let second = json(folder.path(), &["evaluate", "coverage", "others.toml"]);
    let strata = second["strata"].as_array().unwrap();
    let of_lesions = |stratum: &&Value| stratum["kind"]["lesion"].is_array();
    let lesions = strata.iter().filter(of_lesions).map(|stratum| stratum["images"].as_u64().unwrap()).sum::<u64>();
    // Four bodies with up to six lesions each, three figures of each.
    assert!(lesions > 3 * 8 && lesions <= 3 * 4 * 7, "{lesions}");
    let (mut sum, mut count) = (0.0, 0.0);
    for stratum in strata.iter().filter(|stratum| !of_lesions(stratum)) {
        let at = stratum["levels"].as_array().unwrap().iter().find(|at| at["level"] == 0.8).unwrap();
        let images = stratum["images"].as_f64().unwrap();
        sum += images * at["coverage"].as_f64().unwrap();
        count += images;
    }
    println!("80 % intervals hold {:.3} of {count} strata of images", sum / count);
    assert!((0.7..0.95).contains(&(sum / count)), "{}", sum / count);
    // A single reconstruction with it, its map and its words.
    let recon = r#"
[measurement.simulated]
phantom = "random-30"
scanner.custom = { name = "small", rings = 8, crystals_per_ring = 192, inner_radius_mm = 300.0, ring_spacing_mm = 8.0, radial_bins = 95, bin_size_mm = 3.6 }
sinogram.axial.span = { span = 3, max_ring_difference = 5 }
simulation = { counts.total-prompts = 2e6, resolution_fwhm_mm = 6.0 }

[image]
shape = [48, 48, 15]
voxel_mm = [5.0, 5.0, 4.0]

[resolution]
fwhm_mm = [6.0, 6.0, 6.0]

[prior.relative-difference]
beta = 3e-4
unit = "Bq/mL"

[algorithm.svrg]
subsets = 8
iterations = 4

[confidence]
replicates = 3
calibration = "map.json"
map = "half.h5"

[[confidence.lesions]]
name = "node"
centre_mm = [10.0, 20.0, 4.0]
diameter_mm = 18.0

[output]
image = "image.h5"
"#;
    fs::write(folder.path().join("recon.toml"), recon).unwrap();
    let result = json(folder.path(), &["recon", "recon.toml"]);
    let intervals = result["confidence"]["intervals"].as_array().unwrap();
    assert!(intervals.iter().any(|tissue| tissue["half_width"].as_f64() > Some(0.0)), "{intervals:?}");
    let lesions = result["confidence"]["lesions"].as_array().unwrap();
    let figures: Vec<&str> = lesions.iter().map(|lesion| lesion["figure"].as_str().unwrap()).collect();
    assert_eq!(figures, ["mean", "peak", "volume"]);
    assert!(lesions.iter().all(|lesion| lesion["half_width"].as_f64() > Some(0.0) && lesion["name"] == "node"));
    assert!(result["files"].as_array().unwrap().iter().any(|file| file.as_str().unwrap().ends_with("half.h5")));
    // Ten times fewer counts are outside of the calibration, and the program says so.
    fs::write(
        folder.path().join("few.toml"),
        recon.replace("2e6", "5e4").replace("half.h5", "few.h5").replace("image.h5", "few-image.h5"),
    )
    .unwrap();
    let output = run(folder.path(), &["recon", "few.toml", "--quiet"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("outside of the calibration"), "{said} {}", String::from_utf8_lossy(&output.stderr));
    // A calibration of another method, of other scans, or cut off: told before anything is made.
    let refused = |from: &str, to: &str| {
        fs::write(folder.path().join("wrong.toml"), recon.replace(from, to)).unwrap();
        let output = run(folder.path(), &["recon", "wrong.toml", "--quiet", "--force"]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let other = refused("[prior.relative-difference]\nbeta = 3e-4\nunit = \"Bq/mL\"", "[prior.quadratic]\nbeta = 1e-9");
    assert!(other.contains("the calibration was made with the prior `relative-difference`"), "{other}");
    assert!(refused("replicates = 3", "replicates = 4").contains("made with 3 simulated scans"));
    assert!(refused("[10.0, 20.0, 4.0]", "[900.0, 20.0, 4.0]").contains("node holds no voxel of the image"));
    fs::write(folder.path().join("cut.json"), &text[..text.len() / 2]).unwrap();
    assert!(refused("map.json", "cut.json").contains("not a calibration"));
    let replayed = run(folder.path(), &["recon", "--replay", "image.h5", "--quiet"]);
    assert_eq!(replayed.status.code(), Some(0), "{}", String::from_utf8_lossy(&replayed.stderr));
}

#[test]
fn coverage_without_intervals_is_refused() {
    let folder = study(INTERVALS, &WITH_INTERVALS.replace("confidence = { replicates = 3 }", ""));
    let output = run(folder.path(), &["evaluate", "coverage", "study.toml"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no method has intervals"));
}
