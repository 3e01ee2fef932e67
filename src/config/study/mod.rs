//! Config of `coincide evaluate`: which scans of which phantoms, and which methods with which knobs.
//!
//! The tables of a method are those of a reconstruction. They are not named here: [`Study::recon`] makes a whole
//! [`ReconConfig`] of them, so that whatever a reconstruction can be told, a method can be told, and any of its keys
//! can be the knob.

mod fragment;
mod knob;
mod oracle;
mod tables;

pub use knob::Knob;
pub use oracle::Oracle;
pub use tables::{ErasedConfig, LesionClass, StudyConfig, StudyLesions, StudyOutput, StudyScanner};

use super::source::suggestion;
use super::{AcquisitionConfig, ConfigError, ReconConfig, Source};
use crate::simulate::SimulationConfig;
use std::path::Path;

/// A method of a study.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyMethod {
    /// Name of its table.
    pub name: String,
    /// What tables and plots call it.
    pub label: String,
    /// What is swept; without, there is one setting.
    pub knob: Option<Knob>,
}

impl StudyMethod {
    /// Number of settings.
    pub fn settings(&self) -> usize {
        self.knob.as_ref().map_or(1, |knob| knob.values.len())
    }

    /// The setting as text: the knob's value as the user wrote it.
    pub fn setting(&self, index: usize) -> &str {
        self.knob.as_ref().map_or("", |knob| &knob.values[index].text)
    }
}

/// A study file that is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// The file's text.
    pub source: Source,
    /// Its tables.
    pub config: StudyConfig,
    /// Its methods, in the order of the file.
    pub methods: Vec<StudyMethod>,
    /// `[simulation]`; counts and seed belong to the single scans.
    pub simulation: SimulationConfig,
}

/// Longest name of a scanner or method: names become parts of file names.
const LONGEST_NAME: usize = 40;

/// Phantoms of one range of numbers.
const MOST_PHANTOMS: u64 = 10_000;

impl Study {
    /// Reads a study. Nothing that it names is opened yet, except phantoms and scanners: see [`Study::conflicts`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let source = Source::read(path)?;
        let mut config: StudyConfig = source.parse()?;
        config.phantoms = config.phantoms.iter().flat_map(|name| numbered(name)).collect();
        let simulation = fragment::simulation(&source)?;
        let methods = fragment::names(&source, "methods").into_iter();
        let methods = methods.map(|name| fragment::method(&source, &name)).collect::<Result<_, _>>()?;
        Ok(Self { source, config, methods, simulation })
    }

    /// The acquisition of one scan.
    pub fn acquisition(&self, scanner: &str, phantom: &str, prompts: f64, seed: u64) -> AcquisitionConfig {
        let StudyScanner { scanner, sinogram } = self.config.scanners[scanner].clone();
        let simulation = SimulationConfig { counts: fragment::total_prompts(prompts), seed, ..self.simulation.clone() };
        AcquisitionConfig { phantom: phantom.into(), scanner, sinogram, simulation }
    }

    /// Classes of added lesions.
    pub fn lesion_classes(&self) -> Vec<LesionClass> {
        self.config.lesions.as_ref().map(StudyLesions::classes).unwrap_or_default()
    }

    /// The reconstruction of a method at one of its settings; the measurement is still to be filled in.
    pub fn recon(&self, method: usize, setting: usize, phantom: &str) -> Result<ReconConfig, ConfigError> {
        let method = &self.methods[method];
        let knob = method.knob.as_ref().map(|knob| (knob, setting));
        fragment::recon(&self.source, &method.name, knob, phantom)
    }

    /// What the file says against itself and the machine's files, methods aside. `force` allows results to be replaced.
    pub fn conflicts(&self, force: bool) -> Vec<ConfigError> {
        let (source, config) = (&self.source, &self.config);
        let mut conflicts = Vec::new();
        let empty = [
            ("phantoms", config.phantoms.is_empty(), "name at least one, as in phantoms = [\"nema-iq\"]"),
            ("prompts", config.prompts.is_empty(), "name at least one number of counts, as in prompts = [1e7]"),
            ("seeds", config.seeds.is_empty(), "name at least one, as in seeds = [1]"),
            ("scanners", config.scanners.is_empty(), "add a table [scanners.mmr]"),
            ("methods", self.methods.is_empty(), "add a table [methods.osem]"),
        ];
        for (key, _, help) in empty.into_iter().filter(|(_, empty, _)| *empty) {
            conflicts.push(source.mistake(key, format!("a study without {key}"), Some(help.into())));
        }
        conflicts.extend(repeated(source, "phantoms", &config.phantoms));
        conflicts.extend(same_file_names(source, &config.phantoms));
        conflicts.extend(repeated(source, "prompts", &config.prompts));
        conflicts.extend(repeated(source, "seeds", &config.seeds));
        let phantoms: Vec<_> = config.phantoms.iter().map(|name| super::study_phantom(source, name)).collect();
        if let Some(lesions) = &config.lesions {
            let known: Vec<_> = phantoms.iter().filter_map(|phantom| phantom.as_ref().ok().cloned()).collect();
            conflicts.extend(lesions.conflicts(source, &known));
        }
        conflicts.extend(config.erased.iter().flat_map(|erased| erased.conflicts(source)));
        conflicts.extend(phantoms.into_iter().filter_map(Result::err));
        for (name, table) in &config.scanners {
            let at = format!("scanners.{name}");
            conflicts.extend(bad_name(source, &at, name));
            conflicts.extend(table.geometry(source, &at).err());
        }
        for method in &self.methods {
            conflicts.extend(bad_name(source, &format!("methods.{}", method.name), &method.name));
        }
        conflicts.extend(config.scored_z_mm.filter(|[low, high]| low.is_nan() || high.is_nan() || low >= high).map(
            |range| {
                source.mistake("scored_z_mm", format!("{range:?} is no range: the smaller number comes first"), None)
            },
        ));
        conflicts.extend(config.yardstick.as_ref().and_then(|name| self.no_yardstick(name)));
        conflicts.extend(config.output.conflicts(source, force));
        conflicts
    }

    fn no_yardstick(&self, name: &str) -> Option<ConfigError> {
        let known: Vec<&str> = self.methods.iter().map(|method| method.name.as_str()).collect();
        let message = format!("there is no method `{name}`");
        let help = Some(format!("use one of {}", known.join(", ")));
        (!known.contains(&name)).then(|| self.source.mistake("yardstick", message, help))
    }

    /// An error of a method's own config, whose text is `effective`, told at the place in the study that it comes from.
    pub fn told(&self, error: ConfigError, effective: &Source, method: usize, setting: usize) -> ConfigError {
        let ConfigError::Mistake(mistake) = error else { return error };
        let path = mistake.span.as_ref().and_then(|span| effective.path_at(span)).unwrap_or_default();
        let method = &self.methods[method];
        let (of_knob, with) = match &method.knob {
            Some(knob) => (knob.path == path, format!(" (with {} = {})", knob.path, knob.values[setting].text)),
            None => (false, String::new()),
        };
        let message = format!("{}{with}", mistake.message);
        if let (true, Some(knob)) = (of_knob, &method.knob) {
            return self.source.located(Some(knob.values[setting].span.clone()), message, mistake.help);
        }
        let of_study = path == "image" || path.starts_with("image.");
        let at = if of_study { path } else { format!("methods.{}.{path}", method.name) };
        self.source.mistake(&at, message, mistake.help)
    }
}

/// `random-3..5-plain` names random-3-plain, random-4-plain and random-5-plain, and so with any ending; any other name
/// itself.
fn numbered(name: &str) -> Vec<String> {
    let range = || {
        let rest = name.strip_prefix("random-")?;
        let (range, ending) = rest.split_at(rest.find('-').unwrap_or(rest.len()));
        let (first, last) = range.split_once("..")?;
        let [first, last]: [u64; 2] = [first.parse().ok()?, last.parse().ok()?];
        (first <= last && last - first < MOST_PHANTOMS)
            .then(|| (first..=last).map(|number| format!("random-{number}{ending}")).collect())
    };
    range().unwrap_or_else(|| vec![name.to_owned()])
}

fn repeated<T: PartialEq + std::fmt::Debug>(source: &Source, at: &str, values: &[T]) -> Option<ConfigError> {
    let twice = values.iter().enumerate().find(|(index, value)| values[..*index].contains(value));
    twice.map(|(_, value)| source.mistake(at, format!("{value:?} stands here twice"), None))
}

/// What the results call a phantom: the name of a shipped one, or of its file without folder and ending.
pub fn phantom_name(phantom: &str) -> String {
    match phantom.ends_with(".toml") {
        true => {
            Path::new(phantom).file_stem().map_or_else(|| phantom.into(), |stem| stem.to_string_lossy().into_owned())
        }
        false => phantom.into(),
    }
}

/// Two phantoms whose results would be written to the same files.
fn same_file_names(source: &Source, phantoms: &[String]) -> Option<ConfigError> {
    let same = |(index, phantom): (usize, &String)| {
        let name = phantom_name(phantom);
        let other = phantoms[..index].iter().find(|other| *other != phantom && phantom_name(other) == name)?;
        let message = format!("`{other}` and `{phantom}` are both called {name} in the names of the results");
        Some(source.mistake("phantoms", message, Some("rename one of the files".into())))
    };
    phantoms.iter().enumerate().find_map(same)
}

fn bad_name(source: &Source, at: &str, name: &str) -> Option<ConfigError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let right = !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(fits);
    let help = || Some(format!("up to {LONGEST_NAME} letters, digits, - and _: it becomes part of file names"));
    (!right).then(|| source.mistake(at, format!("`{name}` is not a name"), help()))
}
