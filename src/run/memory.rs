//! What a reconstruction will take of the machine's memory.
//!
//! Two peaks: while the measurement is read or simulated, and while it is reconstructed, with the measurement as it is
//! kept, a few images and two sinograms of a subset, and what algorithm and prior say that they take.

use crate::algorithm::{ReconstructionSize, Sensitivities};
use crate::config::{ConfigError, MeasurementConfig, PriorConfig, ReconConfig, ResolutionConfig, Source, StartConfig};
use crate::data::Outline;
use crate::image::ImageGrid;
use crate::operator::Resolution;
use crate::report::{available_memory_mb, significant};
use crate::scanner::SinogramGeometry;
use crate::simulate::{CountsConfig, KEPT_EMISSION, SimulationConfig};
use crate::units::Positive;

/// Bytes of the program, its tables and its threads' work space, found by measurement.
const OWN_BYTES: f64 = 30e6;

/// Bytes of a value.
const VALUE: f64 = 4.0;

/// Mean counts of a bin up to which the largest, in the middle of the object, most probably fit into a byte.
const MEAN_OF_A_BYTE: f64 = 10.0;

/// Bytes of a measurement.
struct Bytes {
    counts: f64,
    /// Factors and background.
    others: f64,
    /// The most that is taken on the way to them.
    made: f64,
}

/// Peak memory of a reconstruction in bytes.
pub(crate) fn predicted_bytes(config: &ReconConfig, outline: &Outline, grid: &ImageGrid) -> f64 {
    let geometry = &outline.geometry;
    let of_prior = |prior: &PriorConfig| prior.footprint(grid);
    let prior = config.prior.as_ref().map(of_prior).unwrap_or_default();
    let (bins, lines) = (VALUE * geometry.bins() as f64, VALUE * geometry.lines() as f64);
    let Bytes { counts, mut others, mut made } = measurement(&config.measurement, outline);
    let corrected = [config.attenuation.is_some(), config.normalisation.is_some(), config.decay.is_some()];
    if corrected.contains(&true) {
        others += if outline.factors { 0.0 } else { lines };
        made = made.max(counts + others + lines);
    }
    if config.randoms.is_some() {
        others += lines;
        made = made.max(counts + others);
    }
    let image = VALUE * grid.voxels() as f64;
    let subsets = config.algorithm.iterations().map_or(1, |iterations| iterations.subsets.max(1));
    let size = ReconstructionSize {
        counts: counts as usize,
        others: others as usize,
        bins: geometry.bins(),
        voxels: grid.voxels(),
        subsets,
    };
    let widths = config.resolution.as_ref().map(ResolutionConfig::widths).unwrap_or_default();
    // The usual start is a short OSEM, so that its sensitivities are there in any case, if only before the algorithm's
    // own arrays.
    let footprint = config.algorithm.footprint(config.prior.as_ref().map(PriorConfig::capability));
    let of_start = size.sensitivity_bytes() as f64;
    let arrays = footprint.images as f64 * image + footprint.sinograms as f64 * bins;
    let arrays = match footprint.sensitivities {
        // The start needs its image and its back projection only.
        Sensitivities::None => (of_start - 3.0 * image).max(arrays),
        Sensitivities::AsRoomIs => of_start + arrays,
        Sensitivities::All => of_start.max(subsets as f64 * image + arrays),
    };
    // κ or an anatomical image, with those that the prior itself needs while it is built.
    let arrays = prior.kept + arrays.max(prior.building + asked(config) * image);
    let start = config.algorithm.iterations().map_or(0.0, |iterations| match iterations.start {
        StartConfig::Uniform => 0.0,
        StartConfig::Osem(_) | StartConfig::File(_) => image, // it is kept, to be compared with the result
    });
    let besides = start + arrays + Resolution::bytes(grid, &widths) as f64;
    OWN_BYTES + made.max(counts + others + 4.0 * image + besides + 2.0 * bins / subsets as f64)
}

/// Images that a prior is built from, besides the start.
fn asked(config: &ReconConfig) -> f64 {
    let Some(prior) = &config.prior else { return 0.0 };
    let asked = [prior.kappa(), prior.anatomical().is_some(), prior.noise()];
    asked.into_iter().filter(|asked| *asked).count() as f64
}

fn measurement(config: &MeasurementConfig, outline: &Outline) -> Bytes {
    let geometry = &outline.geometry;
    let (bins, lines) = (geometry.bins() as f64, VALUE * geometry.lines() as f64);
    match config {
        MeasurementConfig::File(_) | MeasurementConfig::Memory => {
            let (counts, others) = (outline.counts_bytes as f64, outline.other_bytes as f64);
            Bytes { counts, others, made: counts + others }
        }
        MeasurementConfig::Interfile(files) => {
            let factors = if files.factors.is_some() { lines } else { 0.0 };
            let dense = files.background.is_some() || files.additive.is_some();
            let background = if dense { VALUE * bins } else { 0.0 };
            let others = factors + background;
            Bytes { counts: bins, others, made: (bins + others).max((VALUE + 1.0) * bins) }
        }
        MeasurementConfig::MmrListmode(listmode) => {
            let factors = if listmode.normalisation.is_some() { lines } else { 0.0 };
            // Prompts and delayeds are sorted as numbers of four bytes.
            Bytes { counts: bins, others: factors + lines, made: 2.0 * VALUE * bins + factors + lines }
        }
        MeasurementConfig::Simulated(acquisition) => simulated(&acquisition.simulation, geometry),
    }
}

/// Peak memory of a simulation in bytes, its thinned scans included.
pub(super) fn simulation_bytes(config: &SimulationConfig, geometry: &SinogramGeometry) -> f64 {
    let Bytes { counts, others, made } = simulated(config, geometry);
    made.max(counts + others)
        + if config.dose_levels.len() > 1 { (counts + others) * config.dose_levels.len() as f64 } else { 0.0 }
}

/// More memory than there is, or than the config allows; `at` is the key that asks for so much.
pub(super) fn too_much(bytes: f64, allowed: Option<Positive>, at: &str, source: &Source) -> Option<ConfigError> {
    let (most, who) = match allowed {
        Some(stated) => (1e9 * stated.get(), "`run.memory_gb` allows"),
        None => (1e6 * available_memory_mb()?, "this machine has free"),
    };
    (bytes > most).then(|| {
        let [needed, most] = [bytes, most].map(|bytes| significant(1e-9 * bytes));
        let message = format!("this takes about {needed} GB of memory, more than the {most} GB that {who}");
        let help = "larger voxels, fewer subsets, or data that are more compressed take less; `memory_gb` in [run] allows more";
        source.mistake(if allowed.is_some() { "run.memory_gb" } else { at }, message, Some(help.into()))
    })
}

/// Counts, factors and the lines of randoms and scatter; while they are made, the emission of views.
fn simulated(config: &SimulationConfig, geometry: &SinogramGeometry) -> Bytes {
    let (bins, lines) = (geometry.bins() as f64, VALUE * geometry.lines() as f64);
    let mean = match config.counts {
        CountsConfig::TotalPrompts(prompts) => prompts.get() / bins,
        CountsConfig::Scan(_) => 0.0,
    };
    let count = match config.noise {
        false => VALUE,
        true if mean > MEAN_OF_A_BYTE => 2.0,
        true => 1.0,
    };
    let background = if geometry.tof.is_some() { 2.0 * lines } else { lines };
    let emissions = if config.lesions.is_empty() { 1.0 } else { 2.0 };
    let emission = VALUE * (emissions * bins).min(KEPT_EMISSION as f64);
    Bytes { counts: count * bins, others: lines + background, made: emission + count * bins + 3.0 * lines }
}
