//! `coincide demo`: the main job in a minute. A low-count scan of the NEMA image-quality phantom is simulated,
//! reconstructed by OSEM, with two priors, with a network, and by filtered back projection, and all images are scored
//! against the phantom.

use super::figures::reference;
use super::measurement::acquire;
use super::recon::{Reconstruction, reconstruct_scan, unless_interrupted};
use super::{Options, RunError, write_picture};
use crate::config::{ReconConfig, Source};
use crate::io::{IoError, hdf5};
use crate::metrics::{Figure, Scope, Scores, Unit, Use, figures};
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
    pub metrics: BTreeMap<String, Scores>,
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
    std::fs::create_dir_all(&folder).map_err(|error| failed("creating the folder", &folder, error))?;
    let mut runs = Vec::new();
    for method in &METHODS {
        let path = folder.join(method.name).with_extension("toml");
        let source = Source { path, text: method.config.into() };
        let config: ReconConfig = source.parse()?;
        runs.push((method.title, source, config));
    }
    let (_, source, config) = &runs[0];
    for (_, source, other) in &runs {
        // The scan that they name is still to be made.
        let other = ReconConfig { measurement: config.measurement.clone(), ..other.clone() };
        super::first(other.conflicts(source, options.force))?;
    }
    let own = runs.iter().map(|(_, source, _)| source.path.clone());
    let beside = ["scan.h5", "demo.png"].map(|name| folder.join(name));
    if let Some(there) = own.chain(beside).find(|path| path.exists() && !options.force) {
        return Err(RunError::Usage(format!("{} exists already; --force replaces it", there.display())));
    }
    options.pool(config.run.threads)?.install(|| {
        let scan = acquire(&config.measurement, source, options)?;
        hdf5::write_measurement(&folder.join("scan.h5"), options.force, &scan.measurement, &Default::default())?;
        let (mut images, mut results) = (Vec::new(), Vec::new());
        for (title, source, config) in &runs {
            std::fs::write(&source.path, &source.text)
                .map_err(|error| failed("writing the config", &source.path, error))?;
            super::first(config.conflicts(source, options.force))?;
            options.console.say(format!("{title}: {}", source.path.display()));
            let Reconstruction { image, result, .. } = reconstruct_scan(source, config, scan.clone(), options)?;
            images.push((*title, image));
            results.push((*title, unless_interrupted(result, options)?));
        }
        if let Some(known) = &config.reference {
            let truth = reference(known, &images[0].1.grid, source, options)?.truth;
            let mut panels = vec![("phantom", &truth)];
            panels.extend(images.iter().map(|(title, image)| (*title, image)));
            write_picture(&folder.join("demo.png"), options.force, &panels)?;
        }
        Ok(result(folder, results))
    })
}

fn failed(action: &'static str, path: &Path, error: std::io::Error) -> RunError {
    RunError::Io(IoError::System { path: path.into(), action, source: error })
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
        let mut shown: Vec<_> = figures().flat_map(rows).collect();
        // What standards ask for stands before figures of the whole grid.
        shown.sort_by_key(|(figure, _)| figure.unit != Unit::Fraction);
        for (figure, of) in shown {
            let text = |method: &Method| {
                let scores = self.metrics.get(&method.title.to_lowercase());
                scores
                    .and_then(|scores| scores.get_of(figure, of))
                    .map_or("–".into(), |&value| in_words(figure, value))
            };
            let title = match figure.scope {
                Scope::Diameter => format!("{}, {}", figure.title, of.replace("mm", " mm")),
                _ => figure.title.to_owned(),
            };
            let ideal = figure.better.best().map_or("–".into(), |best| match figure.unit {
                Unit::Fraction => format!("{} %", 100.0 * best),
                _ => best.to_string(),
            });
            table.row([title].into_iter().chain(METHODS.iter().map(text)).chain([ideal]));
        }
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

/// The rows of a figure, and what each is of.
fn rows(figure: &'static Figure) -> impl Iterator<Item = (&'static Figure, &'static str)> {
    figure.uses.iter().filter_map(move |so| if let Use::Demo(of) = so { Some((figure, *of)) } else { None })
}

fn in_words(figure: &Figure, value: f64) -> String {
    if figure.unit == Unit::Fraction { format!("{:.1} %", 100.0 * value) } else { format!("{value:.3}") }
}
