//! All runs of a study, and the key that each is kept under.
//!
//! The key is the SHA-256 of everything that the image depends on: the whole config of the run (scan, seed and method),
//! the bytes of every file that it names, the program itself and its SIMD level. Threads are not part of it: they do
//! not change the image.

use crate::config::{LesionClass, MeasurementConfig, ReconConfig, Source, Study};
use crate::image::ImageGrid;
use crate::io::IoError;
use crate::metrics::{Reference, region_statistics};
use crate::phantom::{Phantom, whole};
use crate::report::{sha256, sha256_of_text};
use crate::run::{Options, RunError, expected_field, first, predicted_bytes, reference_of, simulated_outline};
use crate::scanner::SinogramGeometry;
use crate::simulate::SimulationConfig;
use coincide_kernels::Level;
use std::path::Path;

/// More subjects than this are waited for.
const MANY: usize = 20;

/// A phantom in a scanner.
pub(super) struct Subject {
    /// Phantom and scanner, for file names.
    pub name: String,
    pub phantom_name: String,
    /// The phantom as the study names it.
    pub phantom_file: String,
    pub scanner_name: String,
    pub phantom: Phantom,
    pub geometry: SinogramGeometry,
    pub grid: ImageGrid,
    pub reference: Reference,
    /// Where noise is measured.
    pub noise_mask: Vec<f32>,
}

/// A simulated scan; `simulation` says which lesions were added.
pub(super) struct Scan {
    pub subject: usize,
    pub prompts: f64,
    pub seed: u64,
    pub simulation: SimulationConfig,
}

/// A method at one setting on all realisations of one kind of scan.
pub(super) struct Cell {
    pub subject: usize,
    pub prompts: f64,
    pub method: usize,
    pub setting: usize,
    /// In the order of the seeds.
    pub runs: Vec<usize>,
}

/// The runs of a cell on scans with lesions of one class.
pub(super) struct WithLesions {
    pub cell: usize,
    pub class: usize,
    /// In the order of the seeds.
    pub runs: Vec<usize>,
}

/// A reconstruction of one scan.
pub(super) struct Run {
    pub scan: usize,
    /// Its method and setting; the cell's own runs are those without lesions.
    pub cell: usize,
    pub config: ReconConfig,
    /// The whole config, as `coincide recon` would read it.
    pub source: Source,
    pub key: String,
    pub bytes: f64,
}

pub(super) struct Plan {
    pub subjects: Vec<Subject>,
    pub scans: Vec<Scan>,
    pub cells: Vec<Cell>,
    pub with_lesions: Vec<WithLesions>,
    pub runs: Vec<Run>,
}

impl Plan {
    pub fn of(study: &Study, options: &Options) -> Result<Self, RunError> {
        let mut plan = Self {
            subjects: Vec::new(),
            scans: Vec::new(),
            cells: Vec::new(),
            with_lesions: Vec::new(),
            runs: Vec::new(),
        };
        let code = code(study)?;
        // Hundreds of bodies take a minute to be painted.
        let subjects = study.config.scanners.len() * study.config.phantoms.len();
        let progress = (subjects > MANY).then(|| options.console.progress("plan"));
        for scanner in study.config.scanners.keys() {
            for phantom in &study.config.phantoms {
                progress.iter().for_each(|progress| progress.set(plan.subjects.len(), subjects));
                let subject = Subject::of(study, scanner, phantom, options)?;
                let configs = configs(study, &subject, phantom)?;
                plan.subjects.push(subject);
                for prompts in &study.config.prompts {
                    plan.level(study, &configs, [scanner, phantom], prompts.get(), &code)?;
                }
            }
        }
        Ok(plan)
    }

    /// All runs on the last subject at one count level.
    fn level(
        &mut self,
        study: &Study,
        configs: &[(usize, usize, ReconConfig)],
        [scanner, phantom]: [&str; 2],
        prompts: f64,
        code: &str,
    ) -> Result<(), RunError> {
        let subject = self.subjects.len() - 1;
        let (first_scan, first_cell) = (self.scans.len(), self.cells.len());
        let cell = |&(method, setting, _): &_| Cell { subject, prompts, method, setting, runs: Vec::new() };
        self.cells.extend(configs.iter().map(cell));
        for (index, &seed) in study.config.seeds.iter().enumerate() {
            let acquisition = study.acquisition(scanner, phantom, prompts, seed);
            self.scans.push(Scan { subject, prompts, seed, simulation: acquisition.simulation.clone() });
            let simulation = acquisition.simulation.clone();
            let measurement = MeasurementConfig::Simulated(Box::new(acquisition));
            for (offset, (_, _, config)) in configs.iter().enumerate() {
                let config = ReconConfig { measurement: measurement.clone(), ..config.clone() };
                let source = effective(study, &config)?;
                let key = key(&source, code)?;
                let place = &self.subjects[subject];
                let grid = expected_field(&config, &place.geometry, place.grid).wider();
                let bytes = predicted_bytes(&config, &simulated_outline(place.geometry.clone(), &simulation), &grid);
                let (scan, cell) = (first_scan + index, first_cell + offset);
                self.cells[cell].runs.push(self.runs.len());
                self.runs.push(Run { scan, cell, config, source, key, bytes });
            }
        }
        Ok(())
    }

    /// Adds the runs of some cells on scans with lesions, of all classes.
    pub fn add_lesions(&mut self, study: &Study, cells: &[usize]) -> Result<(), RunError> {
        let code = code(study)?;
        for (subject, prompts) in self.kinds() {
            let of_kind =
                |cell: &&usize| (self.cells[**cell].subject, self.cells[**cell].prompts) == (subject, prompts);
            let cells: Vec<usize> = cells.iter().filter(of_kind).copied().collect();
            for (class, LesionClass { lesions, .. }) in study.lesion_classes().iter().enumerate() {
                let first = self.with_lesions.len();
                self.with_lesions.extend(cells.iter().map(|&cell| WithLesions { cell, class, runs: Vec::new() }));
                for (index, &seed) in study.config.seeds.iter().enumerate() {
                    let of = &self.subjects[subject];
                    let mut acquisition = study.acquisition(&of.scanner_name, &of.phantom_file, prompts, seed);
                    acquisition.simulation.lesions = lesions.clone();
                    let scan = self.scans.len();
                    self.scans.push(Scan { subject, prompts, seed, simulation: acquisition.simulation.clone() });
                    let measurement = MeasurementConfig::Simulated(Box::new(acquisition));
                    for (offset, &cell) in cells.iter().enumerate() {
                        let without = &self.runs[self.cells[cell].runs[index]];
                        let config = ReconConfig { measurement: measurement.clone(), ..without.config.clone() };
                        let source = effective(study, &config)?;
                        let (key, bytes) = (key(&source, &code)?, without.bytes);
                        self.with_lesions[first + offset].runs.push(self.runs.len());
                        self.runs.push(Run { scan, cell, config, source, key, bytes });
                    }
                }
            }
        }
        Ok(())
    }

    /// What a run is, for people.
    pub fn describe(&self, study: &Study, run: &Run) -> String {
        let (cell, scan) = (&self.cells[run.cell], &self.scans[run.scan]);
        let method = &study.methods[cell.method];
        let knob = method.knob.as_ref().map(|knob| format!(" ({} = {})", knob.path, method.setting(cell.setting)));
        let subject = &self.subjects[scan.subject].name;
        let knob = knob.unwrap_or_default();
        let lesions = if scan.simulation.lesions.is_empty() { "" } else { " with lesions" };
        format!("{}{knob} on {subject}{lesions}, {:e} prompts, seed {}", method.label, scan.prompts, scan.seed)
    }

    /// Cells of one subject, count level and method, along the knob.
    pub fn ladder(&self, subject: usize, prompts: f64, method: usize) -> Vec<usize> {
        let of = |cell: &Cell| cell.subject == subject && cell.prompts == prompts && cell.method == method;
        (0..self.cells.len()).filter(|&index| of(&self.cells[index])).collect()
    }

    /// Subject and count level of every kind of scan, in order.
    pub fn kinds(&self) -> Vec<(usize, f64)> {
        let mut kinds: Vec<(usize, f64)> = self.cells.iter().map(|cell| (cell.subject, cell.prompts)).collect();
        kinds.dedup();
        kinds
    }
}

impl Subject {
    fn of(study: &Study, scanner: &str, phantom: &str, options: &Options) -> Result<Self, RunError> {
        let (source, config) = (&study.source, &study.config);
        let geometry = config.scanners[scanner].geometry(source, &format!("scanners.{scanner}"))?;
        let grid = config.image.grid(&geometry, source)?;
        let phantom_name = crate::config::phantom_name(phantom);
        let phantom_file = phantom.to_owned();
        let phantom = crate::config::study_phantom(source, phantom)?;
        let mut reference = reference_of(&phantom, &grid, options)?;
        if let Some(range) = config.scored_z_mm {
            reference.within_z(&grid, range);
        }
        let noise_mask = noise_mask(study, &reference, &grid)?;
        let activity = region_statistics(&reference.truth, &noise_mask).mean;
        if activity.is_nan() || activity <= 0.0 {
            let help = Some("name a `noise_region` that holds activity".into());
            let message = format!("noise cannot be measured in {phantom_name}: its region has no activity here");
            return Err(source.mistake("noise_region", message, help).into());
        }
        let name = format!("{phantom_name}.{scanner}");
        let scanner_name = scanner.to_owned();
        Ok(Self { name, phantom_name, phantom_file, scanner_name, phantom, geometry, grid, reference, noise_mask })
    }
}

fn noise_mask(study: &Study, reference: &Reference, grid: &ImageGrid) -> Result<Vec<f32>, RunError> {
    let region = |name: &str| reference.region(name).map(<[f32]>::to_vec);
    if let Some(name) = &study.config.noise_region {
        return region(name).ok_or_else(|| {
            let known: Vec<&str> = reference.regions.iter().map(|(name, _)| name.as_str()).collect();
            let help = Some(format!("known here: {}", known.join(", ")));
            study.source.mistake("noise_region", format!("no region `{name}`"), help).into()
        });
    }
    let discs =
        reference.scoring.nema.as_ref().map(|layout| layout.background_mask(grid)).transpose().map_err(|error| {
            let help = Some("make the image larger, or name the region: noise_region = \"background\"".into());
            let message = format!("the image does not hold the background discs of the phantom: {error}");
            study.source.mistake("image", message, help)
        })?;
    let object = || reference.object.clone().unwrap_or_else(|| vec![1.0; grid.voxels()]);
    Ok(discs.or_else(|| region("background")).unwrap_or_else(object))
}

/// Method, setting and reconstruction of all methods at all settings, checked on a subject.
fn configs(study: &Study, subject: &Subject, phantom: &str) -> Result<Vec<(usize, usize, ReconConfig)>, RunError> {
    let mut configs = Vec::new();
    for (method, settings) in study.methods.iter().map(|method| method.settings()).enumerate() {
        for setting in 0..settings {
            let mut config = study.recon(method, setting, phantom)?;
            if config.stop.time_limit_s.is_some() {
                let at = format!("methods.{}.stop.time_limit_s", study.methods[method].name);
                let message = "a run that ends by the clock gives another image each time";
                let help = Some("stop by iterations or by `relative_change`".into());
                return Err(study.source.mistake(&at, message, help).into());
            }
            // Any scan of the subject will do: the checks look at files, keys and the geometry.
            let scan = study.acquisition(&subject.scanner_name, phantom, study.config.prompts[0].get(), 0);
            config.measurement = MeasurementConfig::Simulated(Box::new(scan));
            let source = effective(study, &config)?;
            let conflicts = config.conflicts(&source, true).into_iter();
            let conflicts = conflicts.chain(config.conflicts_with(&subject.geometry, &source));
            first(conflicts.map(|error| study.told(error, &source, method, setting)).collect())?;
            configs.push((method, setting, config));
        }
    }
    Ok(configs)
}

/// The config of a run as a file that `coincide recon` reads; its paths start at the study file.
fn effective(study: &Study, config: &ReconConfig) -> Result<Source, RunError> {
    let text = toml::to_string(config)
        .map_err(|error| RunError::Usage(format!("the config of a run cannot be written as TOML: {error}")))?;
    Ok(Source { path: study.source.path.clone(), text })
}

/// What the program itself and the study's own questions add to every key.
fn code(study: &Study) -> Result<String, RunError> {
    let failed = |source| RunError::Io(IoError::System { path: "this program".into(), action: "reading", source });
    let program = sha256(&std::env::current_exe().map_err(failed)?).map_err(failed)?;
    let erased = study.config.erased.as_ref().map_or(String::new(), |erased| format!(" {erased:?}"));
    Ok(format!("coincide {} {program} {}{erased}", env!("CARGO_PKG_VERSION"), Level::best().name()))
}

fn key(source: &Source, code: &str) -> Result<String, RunError> {
    let mut text = format!("{code}\n{}", source.text);
    let table: toml::Table = source.parse()?;
    for file in texts(&toml::Value::Table(table)) {
        let path = Path::new(&file);
        if path.is_file() {
            for path in whole(path) {
                let failed =
                    |error| RunError::Io(IoError::System { path: path.clone(), action: "hashing", source: error });
                text += &format!("\n{} {}", path.display(), sha256(&path).map_err(failed)?);
            }
        }
    }
    Ok(sha256_of_text(&text))
}

/// All texts of a config: some of them name files.
fn texts(value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Array(values) => values.iter().flat_map(texts).collect(),
        toml::Value::Table(table) => table.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
