//! The tables of a study file as the user writes them.

use super::oracle::Oracle;
use crate::config::{ConfigError, ImageConfig, RunConfig, ScannerConfig, SinogramConfig, Source};
use crate::paths::FilePath;
use crate::phantom::Phantom;
use crate::scanner::SinogramGeometry;
use crate::simulate::{AddedLesion, added};
use crate::units::Positive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A study: every method is run on every scan; a scan is a phantom in a scanner at a count level with a seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyConfig {
    /// Line above tables and plots.
    #[serde(default)]
    pub title: String,
    /// Phantoms by name, or phantom files (`.toml`); `random-1..60` are sixty.
    pub phantoms: Vec<String>,
    /// Count levels: expected prompts of a scan.
    pub prompts: Vec<Positive>,
    /// Noise realisations: one seed each.
    pub seeds: Vec<u64>,
    /// Scanners by a name of your own.
    pub scanners: BTreeMap<String, StudyScanner>,
    /// What a simulation is told, without counts, seed and dose levels.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub simulation: toml::Table,
    /// The voxel grid of all images.
    #[serde(default)]
    pub image: ImageConfig,
    /// Methods by a name of your own: the tables of a reconstruction, `label`, and `knob = { path, values }`.
    #[schemars(with = "BTreeMap<String, BTreeMap<String, serde_json::Value>>")]
    pub methods: BTreeMap<String, toml::Table>,
    /// The figure by which each method's knob is chosen, before methods are compared.
    #[serde(default)]
    pub oracle: Oracle,
    /// The method whose prompts are the yardstick: how many it needs for what the others reach, where there are several
    /// levels of counts.
    #[serde(default)]
    pub yardstick: Option<String>,
    /// Lowest and highest z in mm of the voxels that are scored: the first and last slices of a short scanner see few
    /// lines, and what lies beyond them. SSIM always leaves out the outer five voxels.
    #[serde(default)]
    pub scored_z_mm: Option<[f64; 2]>,
    /// The region whose voxels' noise is matched and plotted; by default the background discs of the NEMA phantom, else
    /// the region called `background`, else the whole object.
    #[serde(default)]
    pub noise_region: Option<String>,
    /// Lesions that are added to every phantom, to see what each method makes of them at its best setting.
    #[serde(default)]
    pub lesions: Option<StudyLesions>,
    /// Lesions that only the counts hold, for `coincide evaluate sentinel`.
    #[serde(default)]
    pub erased: Option<ErasedConfig>,
    /// Where results go.
    #[serde(default)]
    pub output: StudyOutput,
    /// Threads.
    #[serde(default)]
    pub run: RunConfig,
}

/// `[scanners.NAME]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyScanner {
    /// The scanner.
    pub scanner: ScannerConfig,
    /// How its sinogram is compressed.
    #[serde(default)]
    pub sinogram: SinogramConfig,
}

impl StudyScanner {
    /// The geometry of the sinogram; `at` is the dotted path of this table.
    pub fn geometry(&self, source: &Source, at: &str) -> Result<SinogramGeometry, ConfigError> {
        let scanner = self.scanner.scanner(source, &format!("{at}.scanner"))?;
        self.sinogram.geometry(scanner, source, &format!("{at}.sinogram"))
    }
}

/// `[lesions]`: every diameter with every contrast is a class of lesions; a scan holds one of a class at each of the
/// sites.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyLesions {
    /// Diameters in mm.
    pub diameter_mm: Vec<Positive>,
    /// Activities over that of the tissue at the site; above 1.
    pub contrast: Vec<Positive>,
    /// Centres in mm.
    pub sites_mm: Vec<[f64; 3]>,
}

/// Lesions of one size and contrast.
#[derive(Clone, Debug, PartialEq)]
pub struct LesionClass {
    /// Name in the results, as `8mm-x4`.
    pub name: String,
    /// One at each of the sites.
    pub lesions: Vec<AddedLesion>,
}

impl StudyLesions {
    /// All classes.
    pub fn classes(&self) -> Vec<LesionClass> {
        let class = |(&diameter_mm, &contrast): (&Positive, &Positive)| LesionClass {
            name: format!("{}mm-x{}", diameter_mm.get(), contrast.get()),
            lesions: self.sites_mm.iter().map(|&centre_mm| AddedLesion { centre_mm, diameter_mm, contrast }).collect(),
        };
        let pairs = self.diameter_mm.iter().flat_map(|size| self.contrast.iter().map(move |contrast| (size, contrast)));
        pairs.map(class).collect()
    }

    /// What keeps them from being added to a phantom.
    pub(super) fn conflicts(&self, source: &Source, phantoms: &[Phantom]) -> Vec<ConfigError> {
        let empty = [
            ("lesions.diameter_mm", self.diameter_mm.is_empty()),
            ("lesions.contrast", self.contrast.is_empty()),
            ("lesions.sites_mm", self.sites_mm.is_empty()),
        ];
        let empty = empty.into_iter().filter(|(_, empty)| *empty);
        let mut conflicts: Vec<_> =
            empty.map(|(at, _)| source.mistake(at, "empty, expected at least one", None)).collect();
        let refused = |phantom: &Phantom| self.classes().iter().find_map(|class| added(phantom, &class.lesions).err());
        let of_phantom = |phantom: &Phantom| {
            refused(phantom).map(|error| source.mistake("lesions", format!("{}: {error}", phantom.name), None))
        };
        conflicts.extend(phantoms.iter().filter_map(of_phantom));
        conflicts
    }
}

/// `[erased]`: lesions at random places of each scan, as hot as it takes to be as visible as asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ErasedConfig {
    /// Diameters in mm, drawn from.
    pub diameter_mm: Vec<Positive>,
    /// √q SNR of the ideal observer in the counts that the sentinel looks at, drawn from.
    pub snr: Vec<Positive>,
    /// Lesions of a scan, as far as there is room.
    #[serde(deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub sites: usize,
}

impl Default for ErasedConfig {
    fn default() -> Self {
        Self {
            diameter_mm: [8.0, 10.0, 13.0].map(Positive::constant).into(),
            snr: [4.0, 5.0, 6.0, 7.0, 8.0, 10.0].map(Positive::constant).into(),
            sites: 4,
        }
    }
}

impl ErasedConfig {
    /// What keeps them from being drawn.
    pub(super) fn conflicts(&self, source: &Source) -> Vec<ConfigError> {
        let empty = [("erased.diameter_mm", self.diameter_mm.is_empty()), ("erased.snr", self.snr.is_empty())];
        let empty = empty.into_iter().filter(|(_, empty)| *empty);
        let mut conflicts: Vec<_> =
            empty.map(|(at, _)| source.mistake(at, "empty, expected at least one", None)).collect();
        if !(1..=100).contains(&self.sites) {
            let message = format!("{} lesions in a scan", self.sites);
            conflicts.push(source.mistake("erased.sites", message, Some("1 to 100; 4 will do".into())));
        }
        conflicts
    }
}

/// `[output]` of a study; paths are relative to the study file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyOutput {
    /// Folder of tables, plots, maps and pictures; by default the study file's name with `-results`.
    #[serde(default)]
    pub folder: Option<FilePath>,
    /// Folder where finished runs are kept; studies may share it. By default `coincide-cache` beside the study file.
    #[serde(default)]
    pub cache: Option<FilePath>,
    /// Axial position of the slice in the montage in mm.
    #[serde(default)]
    pub slice_z_mm: f64,
    /// Noise (standard deviation over mean) at which the montage shows the methods; by default that of the first method
    /// at its best setting.
    #[serde(default)]
    pub matched_noise: Option<Positive>,
}

impl StudyOutput {
    /// The folder of the results.
    pub fn folder(&self, source: &Source) -> PathBuf {
        let stem = source.path.file_stem().unwrap_or_default().to_string_lossy();
        self.folder.as_deref().map_or_else(|| source.folder().join(format!("{stem}-results")), Into::into)
    }

    /// The folder of finished runs.
    pub fn cache(&self, source: &Source) -> PathBuf {
        self.cache.as_deref().map_or_else(|| source.folder().join("coincide-cache"), Into::into)
    }

    /// What keeps the results from being written.
    pub(super) fn conflicts(&self, source: &Source, force: bool) -> Vec<ConfigError> {
        let mut conflicts = Vec::new();
        let folder = self.folder(source);
        let filled = std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
        if filled && !force {
            let help = Some("give --force to replace them, or name another `folder` in [output]".into());
            conflicts.push(source.mistake("output.folder", format!("{} holds results", folder.display()), help));
        }
        for (key, path) in [("output.folder", folder), ("output.cache", self.cache(source))] {
            if path.exists() && !path.is_dir() {
                conflicts.push(source.mistake(key, format!("{} is not a folder", path.display()), None));
            }
        }
        if !self.slice_z_mm.is_finite() {
            conflicts.push(source.mistake("output.slice_z_mm", "not a position", None));
        }
        conflicts
    }
}
