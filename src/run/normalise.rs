//! `coincide normalise`: the scan of a known object → components of a normalisation.

use super::corrections::{add_randoms, judge_randoms};
use super::measurement::{acquire, one_isotope, outline};
use super::scan::Scan;
use super::{Options, RunError, first};
use crate::config::{ConfigError, NormaliseConfig, Source, phantom};
use crate::data::Correction;
use crate::io::hdf5::write_normalisation;
use crate::normalise::{normalise as find, single_pairs};
use crate::paths::shown;
use crate::report::Record;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Result of `coincide normalise`.
#[derive(Clone, Debug, Serialize)]
pub struct NormaliseResult {
    /// The file.
    pub output: PathBuf,
    /// Whether the efficiencies are in counts per s and (Bq/mL · mm).
    pub calibrated: bool,
    /// Prompts on lines through the object.
    pub prompts: f64,
    /// Lines through it.
    pub lines: usize,
    /// Crystals that count nothing: gaps, and dead ones.
    pub silent_crystals: usize,
    /// Standard deviation of the others' efficiencies over their mean.
    pub crystal_spread: f64,
    /// Log-likelihood per prompt after each round, without constants.
    pub log_likelihood: Vec<f64>,
    /// Time in s.
    pub seconds: f64,
}

/// What keeps the normalisation of a config from being found.
pub(super) fn problems(
    source: &Source,
    config: &NormaliseConfig,
    options: &Options,
) -> Result<Vec<ConfigError>, RunError> {
    let mut problems = config.conflicts(source, options.force);
    if !problems.is_empty() {
        return Ok(problems);
    }
    let outline = outline(&config.measurement, source)?;
    problems.extend(
        single_pairs(&outline.geometry).err().map(|error| source.mistake("measurement", error.to_string(), None)),
    );
    let mut ledger = outline.ledger.clone();
    ledger.assume(outline.factors, outline.background);
    if config.randoms.is_some() && ledger.holds(Correction::Randoms) {
        let help = "remove [randoms]; the background of the measurement is used";
        problems.push(source.mistake("randoms", "the measurement has its randoms already", Some(help.into())));
    }
    if let Some(randoms) = &config.randoms {
        let judged = judge_randoms(randoms, config.decay.as_ref(), &outline, source);
        problems.extend(judged.err().map(|error| error.at("randoms", source)));
    }
    if let Some(decay) = &config.decay {
        problems.extend(one_isotope(outline.clock.isotope, Some(decay.isotope), "decay.isotope", source).err());
    }
    Ok(problems)
}

/// Finds the normalisation of a config and writes it.
pub fn normalise(path: &Path, options: &Options) -> Result<NormaliseResult, RunError> {
    let (source, config) = NormaliseConfig::read(path)?;
    first(problems(&source, &config, options)?)?;
    let start = Instant::now();
    let pool = options.pool(config.run.threads)?;
    let (found, record) = pool.install(|| -> Result<_, RunError> {
        let Scan { mut measurement, inputs, seed, .. } = acquire(&config.measurement, &source, options)?;
        if let Some(randoms) = &config.randoms {
            add_randoms(&mut measurement, randoms, config.decay.as_ref(), &source, options)?;
        }
        let object = phantom(&source, "object", &config.object)?;
        let clock = measurement.clock;
        let seconds = clock.duration_s.map(|duration| match config.decay {
            Some(decay) => clock.kept * clock.positrons(decay.isotope, decay.start_s.get(), duration),
            None => clock.kept * duration,
        });
        let progress = options.console.progress("rounds");
        let (parts, rounds) = (config.components.parts(), config.components.rounds);
        let on_round = |done| progress.set(done, rounds);
        let mut found = find(&measurement, &object, seconds.unwrap_or(1.0), parts, rounds, &on_round)?;
        found.components.calibrated = seconds.is_some();
        let mut record = Record::new("normalise", &source.text, &source.path);
        (record.inputs, record.seed) = (inputs, seed);
        Ok((found, record))
    })?;
    let output = config.output.normalisation.to_path_buf();
    let provenance = record.pairs().into_iter().collect();
    options.interrupt.hold(|| write_normalisation(&output, options.force, &found.components, &provenance))?;
    let counting =
        || found.components.crystals.iter().filter(|crystal| **crystal > 0.0).map(|crystal| f64::from(*crystal));
    let (number, mean) = (counting().count(), counting().sum::<f64>() / counting().count().max(1) as f64);
    let variance = counting().map(|crystal| (crystal / mean - 1.0).powi(2)).sum::<f64>() / number.max(1) as f64;
    Ok(NormaliseResult {
        output,
        calibrated: found.components.calibrated,
        prompts: found.prompts,
        lines: found.lines,
        silent_crystals: found.components.crystals.len() - number,
        crystal_spread: variance.sqrt(),
        log_likelihood: found.log_likelihood,
        seconds: start.elapsed().as_secs_f64(),
    })
}

impl std::fmt::Display for NormaliseResult {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let unit = if self.calibrated { "counts per s and (Bq/mL · mm)" } else { "counts per unit of the object" };
        writeln!(f, "{}: efficiencies in {unit}", shown(&self.output))?;
        writeln!(f, "{:.0} prompts on {} lines through the object", self.prompts, self.lines)?;
        let (silent, spread) = (self.silent_crystals, 100.0 * self.crystal_spread);
        writeln!(f, "crystals: {silent} count nothing, the others vary by {spread:.1} %")?;
        if let [.., before, last] = self.log_likelihood[..] {
            writeln!(f, "log-likelihood per prompt {last:.6}, in the last round {:+.1e}", last - before)?;
        }
        writeln!(f, "{:.1} s", self.seconds)
    }
}
