//! `coincide demo`: the main job in seconds. A low-count scan of the NEMA image-quality phantom is simulated, reconstructed by
//! OSEM and by filtered back projection, and both images are scored against the phantom.

use super::figures::Reference;
use super::measurement::acquire;
use super::recon::{reconstruct, unless_interrupted};
use super::{Options, RunError, write_picture};
use crate::algorithm::fbp::FbpConfig;
use crate::config::{AlgorithmConfig, OutputConfig, ReconConfig, Source};
use crate::io::hdf5;
use crate::report::{ReconResult, Table};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Result of `coincide demo`.
#[derive(Clone, Debug, Serialize)]
pub struct DemoResult {
    /// Folder of all files.
    pub folder: PathBuf,
    /// Prompts of the scan.
    pub prompts: f64,
    /// Figures of merit of each algorithm.
    pub metrics: BTreeMap<String, BTreeMap<String, f64>>,
    /// Reconstruction time of each algorithm in s.
    pub seconds: BTreeMap<String, f64>,
    /// Threads.
    pub threads: usize,
    /// SIMD level.
    pub level: String,
}

/// Runs the demo in `folder`, or in a new folder `coincide-demo`, `coincide-demo-2`, …
pub fn demo(folder: Option<&Path>, options: &Options) -> Result<DemoResult, RunError> {
    let folder = folder.map_or_else(free_folder, PathBuf::from);
    std::fs::create_dir_all(&folder).map_err(|error| failed("create", &folder, error))?;
    let source = Source { path: folder.join("demo.toml"), text: include_str!("demo.toml").into() };
    let config: ReconConfig = source.parse()?;
    super::first(config.conflicts(&source, options.force))?;
    options.pool(config.run.threads)?.install(|| {
        let scan = acquire(&config.measurement, &source, options)?;
        std::fs::write(&source.path, &source.text).map_err(|error| failed("write", &source.path, error))?;
        hdf5::write_measurement(&folder.join("scan.h5"), options.force, &scan.measurement, &Default::default())?;
        let (osem, osem_result) = reconstruct(&source, &config, scan.clone(), options)?;
        let osem_result = unless_interrupted(osem_result, options)?;
        let analytic = ReconConfig {
            algorithm: AlgorithmConfig::Fbp(FbpConfig::default()),
            output: OutputConfig { image: Some("fbp.h5".into()), ..OutputConfig::default() },
            ..config.clone()
        };
        let (fbp, fbp_result) = reconstruct(&source, &analytic, scan, options)?;
        if let Some(reference) = &config.reference {
            let truth = Reference::read(reference, &osem.grid, &source)?.truth;
            let panels = [("phantom", &truth), ("OSEM", &osem), ("FBP", &fbp)];
            write_picture(&folder.join("demo.png"), options.force, &panels)?;
        }
        Ok(result(folder, [osem_result, fbp_result]))
    })
}

fn failed(action: &str, path: &Path, error: std::io::Error) -> RunError {
    RunError::Usage(format!("cannot {action} {}: {error}", path.display()))
}

/// The first name that is not taken yet.
fn free_folder() -> PathBuf {
    let name = |number: usize| match number {
        1 => PathBuf::from("coincide-demo"),
        _ => PathBuf::from(format!("coincide-demo-{number}")),
    };
    let mut number = 1;
    while name(number).exists() {
        number += 1;
    }
    name(number)
}

fn result(folder: PathBuf, results: [ReconResult; 2]) -> DemoResult {
    DemoResult {
        folder,
        prompts: results[0].counts_prompts,
        threads: results[0].threads,
        level: results[0].level.clone(),
        seconds: results.iter().map(|result| (result.algorithm.clone(), result.seconds)).collect(),
        metrics: results.into_iter().map(|result| (result.algorithm, result.metrics)).collect(),
    }
}

impl fmt::Display for DemoResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "NEMA image-quality phantom, Siemens mMR, {:.1} M prompts\n", self.prompts / 1e6)?;
        let mut table = Table::new(["", "OSEM", "FBP", "ideal"]);
        let both = |name: &str| ["osem", "fbp"].map(|algorithm| self.metrics.get(algorithm)?.get(name).copied());
        let mut row = |title: String, name: &str, ideal: &str, per_cent: bool| {
            let text = |value: Option<f64>| match value {
                Some(value) if per_cent => format!("{:.1} %", 100.0 * value),
                Some(value) => format!("{value:.3}"),
                None => "–".into(),
            };
            let [osem, fbp] = both(name).map(text);
            table.row([title, osem, fbp, ideal.into()]);
        };
        for sphere in [37, 28, 22, 17, 13, 10] {
            let name = format!("nema.{sphere}mm.contrast_recovery");
            row(format!("contrast recovery, {sphere} mm"), &name, "100 %", true);
        }
        row("background variability, 37 mm".into(), "nema.37mm.background_variability", "0 %", true);
        row("background variability, 10 mm".into(), "nema.10mm.background_variability", "0 %", true);
        row("lung residual".into(), "nema.lung_residual", "0 %", true);
        row("NRMSE".into(), "nrmse", "0", false);
        row("SSIM".into(), "ssim", "1", false);
        writeln!(f, "{table}")?;
        let seconds = |algorithm| self.seconds.get(algorithm).copied().unwrap_or_default();
        let (osem, fbp) = (seconds("osem"), seconds("fbp"));
        writeln!(f, "OSEM {osem:.1} s, FBP {fbp:.1} s on {} threads ({})", self.threads, self.level)?;
        let folder = self.folder.display();
        writeln!(f, "picture: {folder}/demo.png   images: {folder}/osem.h5, osem.nii.gz, fbp.h5")?;
        writeln!(f, "config:  {folder}/demo.toml  scan:   {folder}/scan.h5")
    }
}
