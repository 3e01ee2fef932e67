//! The table `[data]` of a training run: random bodies, scanners, counts.

use crate::config::{ConfigError, ScannerConfig, Source};
use crate::paths::FilePath;
use crate::train::{Family, PublicData, Source as Cases, Stack, TrainingScanner};
use crate::units::{Fraction, Mm, NonNegative, Positive, WidthMm};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[data]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingDataConfig {
    /// Seed of all random numbers of training.
    #[serde(default = "one")]
    pub seed: u64,
    /// What is reconstructed in one step: many slices of different bodies, or a short volume of one.
    pub stack: Stack,
    /// Scanners, equally likely.
    pub scanners: Vec<TrainingScannerConfig>,
    /// Range of the expected prompts of a slice as thick as a ring; all orders of magnitude are equally likely.
    #[serde(default = "three_decades")]
    pub prompts_per_slice: [Positive; 2],
    /// Range of randoms as a share of the prompts.
    #[serde(default = "up_to_half")]
    pub randoms_fraction: [Fraction; 2],
    /// Range of scatter as a share of the prompts.
    #[serde(default = "up_to_two_fifths")]
    pub scatter_fraction: [Fraction; 2],
    /// Standard deviation of the logarithm of the crystals' efficiencies.
    #[serde(default = "tenth")]
    pub efficiency_sigma: NonNegative,
    /// Scans are made on voxels so many times finer, across the axis.
    #[serde(default = "two", deserialize_with = "crate::units::parts")]
    #[schemars(range(min = 1, max = 8))]
    pub fineness: usize,
    /// Families of bodies, drawn from by their shares. Without them, bodies are torsos, heads with a rippled cortex,
    /// laboratory phantoms and loose solids, and half are of the public data where such are given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<Family>,
    /// Folder in which the samples of `[filter]` are kept; a run that was stopped, or another one on the same bodies,
    /// does not make them again.
    #[serde(default)]
    pub cache: Option<FilePath>,
    /// Public data to make bodies and lesions of, besides the random ones.
    #[serde(default)]
    pub public: Option<PublicDataConfig>,
}

/// `[[data.scanners]]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingScannerConfig {
    /// The scanner, of which a few rings are taken.
    pub scanner: ScannerConfig,
    /// Neighbouring views summed into one.
    #[serde(default = "single", deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub view_mashing: usize,
    /// Voxels across the axis.
    #[serde(deserialize_with = "crate::units::parts")]
    #[schemars(range(max = 65_536))]
    pub shape: [usize; 2],
    /// Range of the voxels' sides across the axis in mm.
    pub voxel_mm: [Mm; 2],
    /// Range of the resolution (FWHM) in mm.
    pub resolution_fwhm_mm: [WidthMm; 2],
}

/// `[data.public]`: data sets that others have published, in a folder on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicDataConfig {
    /// The folder that holds them, each in a folder of its own name.
    pub folder: FilePath,
    /// Which: `mni152` (brain), `torso`, `sts` (tumours).
    pub sets: Vec<String>,
    /// Tumours of `sts` that are left out, by the names of their folders: what a network shall be judged by it must not
    /// have seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

fn one() -> u64 {
    1
}

fn single() -> usize {
    1
}

fn two() -> usize {
    2
}

fn three_decades() -> [Positive; 2] {
    [Positive::constant(5e3), Positive::constant(5e6)]
}

fn up_to_half() -> [Fraction; 2] {
    [Fraction::default(), Fraction::constant(0.5)]
}

fn up_to_two_fifths() -> [Fraction; 2] {
    [Fraction::default(), Fraction::constant(0.4)]
}

fn tenth() -> NonNegative {
    NonNegative::constant(0.1)
}

impl TrainingDataConfig {
    /// Public data, read; none where the config names none.
    pub fn public_data(&self, source: &Source) -> Result<PublicData, ConfigError> {
        let Some(PublicDataConfig { folder, sets, without }) = &self.public else { return Ok(PublicData::default()) };
        PublicData::read(folder, sets, without).map_err(|error| source.mistake("data.public", error.to_string(), None))
    }

    /// In words, for the model card.
    pub fn in_words(&self) -> String {
        let names: Vec<String> = self.families.iter().map(Family::to_string).collect();
        let kinds = if names.is_empty() { "torsos, heads, phantoms, solids".into() } else { names.join(", ") };
        let random = format!("random bodies and lesions ({kinds}) of the program's own generator");
        match &self.public {
            Some(public) => {
                let without = match public.without.is_empty() {
                    true => String::new(),
                    false => format!(" without {}", public.without.join(", ")),
                };
                format!("{random}, and bodies and lesions made of public data: {}{without}", public.sets.join(", "))
            }
            None => random,
        }
    }

    /// What cases are drawn from; seed and target are set by the caller.
    pub(super) fn source(&self, source: &Source, public: PublicData) -> Result<Cases, ConfigError> {
        let scanners = self.scanners.iter().map(|scanner| scanner.training(source)).collect::<Result<_, _>>()?;
        Ok(Cases {
            scanners,
            stack: self.stack,
            prompts_per_slice: self.prompts_per_slice.map(Positive::get),
            randoms: self.randoms_fraction.map(Fraction::get),
            scatter: self.scatter_fraction.map(Fraction::get),
            efficiency_sigma: self.efficiency_sigma.get(),
            target_fwhm_mm: 0.0,
            held_out: None,
            fineness: self.fineness,
            families: self.families.clone(),
            public,
            seed: self.seed,
        })
    }

    /// What is wrong with a list of families at a key.
    pub(super) fn no_families(&self, at: &str, families: &[Family], source: &Source) -> Option<ConfigError> {
        let twice = families.iter().enumerate().find(|(place, family)| families[..*place].contains(family));
        if let Some((_, family)) = twice {
            return Some(source.mistake(at, format!("`{family}` is there twice"), None));
        }
        let bodies = |public: &PublicDataConfig| public.sets.iter().any(|set| ["mni152", "torso"].contains(&&**set));
        let without = families.contains(&Family::Public) && !self.public.as_ref().is_some_and(bodies);
        without.then(|| {
            let help = Some("name `mni152` or `torso` in `data.public.sets`, or leave `public` out".into());
            source.mistake(at, "no public data with bodies are given", help)
        })
    }

    /// What keeps cases from being drawn.
    pub(super) fn conflicts(&self, source: &Source) -> Vec<ConfigError> {
        let mut conflicts = Vec::new();
        let mut wrong =
            |key: &str, message: String| conflicts.push(source.mistake(&format!("data.{key}"), message, None));
        if self.scanners.is_empty() {
            wrong("scanners", "at least one scanner is needed".into());
        }
        if !(1..=8).contains(&self.fineness) {
            wrong("fineness", format!("{} is not from 1 to 8", self.fineness));
        }
        conflicts.extend(self.no_families("data.families", &self.families, source));
        let mut wrong =
            |key: &str, message: String| conflicts.push(source.mistake(&format!("data.{key}"), message, None));
        let ranges = [
            ("prompts_per_slice", self.prompts_per_slice.map(Positive::get)),
            ("randoms_fraction", self.randoms_fraction.map(Fraction::get)),
            ("scatter_fraction", self.scatter_fraction.map(Fraction::get)),
        ];
        for (key, [low, high]) in ranges {
            if low > high {
                wrong(key, format!("[{low}, {high}] is no range: the smaller number comes first"));
            }
        }
        let background = self.randoms_fraction[1].get() + self.scatter_fraction[1].get();
        if background >= 1.0 {
            wrong("randoms_fraction", format!("with scatter up to {background} of the prompts, no true ones are left"));
        }
        for (place, scanner) in self.scanners.iter().enumerate() {
            for (low, high) in
                [scanner.voxel_mm.map(Mm::get), scanner.resolution_fwhm_mm.map(WidthMm::get)].map(Into::into)
            {
                if low > high {
                    wrong(
                        "scanners",
                        format!("number {place}: [{low}, {high}] is no range: the smaller number comes first"),
                    );
                }
            }
            if scanner.shape.iter().any(|side| !(8..=2048).contains(side)) {
                wrong(
                    "scanners",
                    format!("number {place}: a shape of {:?}; 8 to 2048 voxels are possible", scanner.shape),
                );
            }
        }
        for (place, scanner) in self.scanners.iter().enumerate() {
            let geometry = scanner.training(source).and_then(|training| {
                let made = training.geometry(self.stack);
                made.map_err(|error| source.mistake("data.scanners", format!("number {place}: {error}"), None))
            });
            conflicts.extend(geometry.err());
        }
        conflicts
    }
}

impl TrainingScannerConfig {
    fn training(&self, source: &Source) -> Result<TrainingScanner, ConfigError> {
        Ok(TrainingScanner {
            scanner: self.scanner.scanner(source, "data.scanners")?,
            view_mashing: self.view_mashing,
            shape: self.shape,
            voxel_mm: self.voxel_mm.map(Mm::get),
            resolution_mm: self.resolution_fwhm_mm.map(WidthMm::get),
        })
    }
}
