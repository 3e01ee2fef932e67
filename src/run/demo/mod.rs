//! `coincide demo`: the main job in a minute. A low-count scan of the NEMA image-quality phantom is simulated,
//! reconstructed by OSEM, with two priors, with a network, and by filtered back projection, and all images are scored
//! against the phantom.

use super::figures::Reference;
use super::measurement::acquire;
use super::recon::{Reconstruction, reconstruct_scan, unless_interrupted};
use super::{Options, RunError, write_picture};
use crate::config::{ReconConfig, Source};
use crate::io::hdf5;
use crate::report::{ReconResult, Table};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// A way to reconstruct the scan.
struct Method {
    /// Of its config and image.
    name: &'static str,
    title: &'static str,
    config: &'static str,
}

/// The first one makes the scan.
const METHODS: [Method; 5] = [
    Method { name: "demo", title: "OSEM", config: include_str!("demo.toml") },
    Method { name: "rdp", title: "RDP", config: include_str!("rdp.toml") },
    Method { name: "ridge", title: "ridge", config: include_str!("ridge.toml") },
    Method { name: "network", title: "network", config: include_str!("network.toml") },
    Method { name: "fbp", title: "FBP", config: include_str!("fbp.toml") },
];

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
    let mut runs = Vec::new();
    for method in &METHODS {
        let path = folder.join(method.name).with_extension("toml");
        let source = Source { path, text: method.config.into() };
        let config: ReconConfig = source.parse()?;
        runs.push((method.title, source, config));
    }
    let (_, source, config) = &runs[0];
    super::first(config.conflicts(source, options.force))?;
    options.pool(config.run.threads)?.install(|| {
        let scan = acquire(&config.measurement, source, options)?;
        hdf5::write_measurement(&folder.join("scan.h5"), options.force, &scan.measurement, &Default::default())?;
        let (mut images, mut results) = (Vec::new(), Vec::new());
        for (title, source, config) in &runs {
            std::fs::write(&source.path, &source.text).map_err(|error| failed("write", &source.path, error))?;
            super::first(config.conflicts(source, options.force))?;
            options.console.say(format!("{title}: {}", source.path.display()));
            let Reconstruction { image, result, .. } = reconstruct_scan(source, config, scan.clone(), options)?;
            images.push((*title, image));
            results.push((*title, unless_interrupted(result, options)?));
        }
        if let Some(reference) = &config.reference {
            let truth = Reference::read(reference, &images[0].1.grid, source)?.truth;
            let mut panels = vec![("phantom", &truth)];
            panels.extend(images.iter().map(|(title, image)| (*title, image)));
            write_picture(&folder.join("demo.png"), options.force, &panels)?;
        }
        Ok(result(folder, results))
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

fn result(folder: PathBuf, results: Vec<(&str, ReconResult)>) -> DemoResult {
    let first = &results[0].1;
    DemoResult {
        folder,
        prompts: first.counts_prompts,
        threads: first.threads,
        level: first.level.clone(),
        seconds: results.iter().map(|(title, result)| (title.to_lowercase(), result.seconds)).collect(),
        metrics: results.into_iter().map(|(title, result)| (title.to_lowercase(), result.metrics)).collect(),
    }
}

impl fmt::Display for DemoResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "NEMA image-quality phantom, Siemens mMR, {:.1} M prompts\n", self.prompts / 1e6)?;
        let titles = METHODS.iter().map(|method| method.title);
        let mut table = Table::new([""].into_iter().chain(titles).chain(["ideal"]));
        let mut row = |title: String, name: &str, ideal: &str, per_cent: bool| {
            let text = |method: &Method| match self.metrics.get(&method.title.to_lowercase()).and_then(|m| m.get(name))
            {
                Some(value) if per_cent => format!("{:.1} %", 100.0 * value),
                Some(value) => format!("{value:.3}"),
                None => "–".into(),
            };
            table.row([title].into_iter().chain(METHODS.iter().map(text)).chain([ideal.into()]));
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
        let seconds = |method: &Method| {
            let seconds = self.seconds.get(&method.title.to_lowercase()).copied().unwrap_or_default();
            format!("{} {seconds:.1} s", method.title)
        };
        let seconds: Vec<_> = METHODS.iter().map(seconds).collect();
        writeln!(f, "{} on {} threads ({})", seconds.join(", "), self.threads, self.level)?;
        let folder = self.folder.display();
        writeln!(f, "picture: {folder}/demo.png   images: {folder}/osem.h5, rdp.h5, ridge.h5, network.h5, fbp.h5")?;
        writeln!(
            f,
            "report:  {folder}/network.html (open it in a browser: planes, windowing, truth, sentinel, figures)"
        )?;
        writeln!(
            f,
            "scan:    {folder}/scan.h5    configs: {folder}/demo.toml, rdp.toml, ridge.toml, network.toml, fbp.toml"
        )
    }
}
