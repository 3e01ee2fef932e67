//! The configs in `examples/` that need no data of their own run as they are.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

fn coincide(folder: &Path, arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_coincide")).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_prior_has_an_example_that_runs() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let folder = tempfile::tempdir().unwrap();
    let priors = coincide(folder.path(), &["priors", "--json"]);
    let names: Vec<_> = priors["priors"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert!(names.len() >= 12, "{names:?}");
    let mut errors = Vec::new();
    // That of a user's own model runs in tests/torch_model.rs.
    let runs = |name: &&str| *name != "torchscript";
    for name in names.into_iter().filter(runs) {
        let config = format!("prior-{name}.toml");
        fs::copy(examples.join(&config), folder.path().join(&config)).unwrap();
        let result = coincide(folder.path(), &["recon", &config, "--json", "--quiet"]);
        let nrmse = result["metrics"]["nrmse"].as_f64().unwrap_or(f64::NAN);
        println!("{name}: NRMSE {nrmse:.4}");
        // Far better than nothing (1), and each in its own way.
        assert!(nrmse > 0.0 && nrmse < 0.8, "{name}: {nrmse}");
        assert!(errors.iter().all(|&other| other != nrmse), "{name} makes the image of another prior");
        errors.push(nrmse);
        assert!(fs::metadata(folder.path().join(format!("prior-{name}.png"))).is_ok_and(|file| file.len() > 100));
    }
}
