//! `coincide evaluate`: every method of a study on every scan, tuned by oracle, then compared.
//!
//! plan → runs (kept by content in the cache) → cells (one method at one setting on one kind of scan, over all seeds) →
//! best setting of each method → runs with added lesions at that setting → tables, curves, maps, pictures. Everything
//! after the runs is computed from the cache alone.

mod beside;
mod cache;
mod cells;
mod coverage;
mod covered;
mod curves;
mod equivalence;
mod erased;
mod execute;
mod lesions;
mod maps;
mod page;
mod plan;
mod provenance;
mod result;
mod sentinel;
mod tables;
mod tune;

pub use coverage::{CoverageAt, CoverageEntry, CoverageResult, evaluate_coverage};
pub use equivalence::EquivalenceEntry;
pub use result::{StudyResult, SummaryEntry, TunedEntry};
pub use sentinel::{FalseAlarms, Power, SentinelStudy, evaluate_sentinel};

use crate::config::{ConfigError, Study};
use crate::io::{IoError, write_whole};
use crate::run::{Options, RunError, first};
use cache::Cache;
use equivalence::Equivalence;
use plan::Plan;
use std::path::{Component, Path, PathBuf};

/// What keeps a study from being run: what it says itself, and what its plan finds of its methods.
pub(super) fn problems(study: &Study, options: &Options) -> Result<Vec<ConfigError>, RunError> {
    let problems = study.conflicts(options.force);
    if !problems.is_empty() {
        return Ok(problems);
    }
    let plan = options.pool(study.config.run.threads)?.install(|| Plan::of(study, options));
    Ok(plan.err().map(|error| error.at("methods", &study.source)).into_iter().collect())
}

/// Runs a study and writes its results.
pub fn evaluate(path: &Path, options: &Options) -> Result<StudyResult, RunError> {
    let study = Study::read(path)?;
    first(study.conflicts(options.force))?;
    let pool = options.pool(study.config.run.threads)?;
    let mut plan = pool.install(|| Plan::of(&study, options))?;
    let cache = Cache::open(study.config.output.cache(&study.source))?;
    let mut computed = execute::execute(&study, &plan, &cache, pool.current_num_threads(), options)?;
    let mut cells = pool.install(|| cells::score(&study, &plan, &cache))?;
    let tuned = tune::tune(&study, &plan, &cells);
    // Lesions are shown to each method at its best setting.
    plan.add_lesions(&study, &tuned.iter().map(|tuned| tuned.cell).collect::<Vec<_>>())?;
    computed += execute::execute(&study, &plan, &cache, pool.current_num_threads(), options)?;
    pool.install(|| {
        beside::score(&study, &plan, &cache, &tuned, &mut cells)?;
        lesions::score(&study, &plan, &cache, &mut cells)?;
        let folder = study.config.output.folder(&study.source);
        let files = Files { folder: &folder, overwrite: options.force };
        files.create("")?;
        files.clear()?;
        let mut written = curves::write(&study, &plan, &cells, &tuned, &files)?;
        let equivalence = Equivalence { study: &study, plan: &plan, cells: &cells, tuned: &tuned };
        written.extend(equivalence.write(&files)?);
        written.extend(maps::write(&study, &plan, &cells, &tuned, &cache, &files)?);
        let result = result::result(&study, &plan, &cells, &tuned, computed);
        let mut result = StudyResult { equivalence: equivalence.entries(), ..result };
        written.push(page::write(&equivalence, &result, &cache, &files)?);
        // The tables come last: where they are, the results are complete.
        written.extend(tables::write(&study, &plan, &cells, &tuned, &cache, &files)?);
        files.list(&written)?;
        result.files = written;
        Ok(result)
    })
}

/// File that lists all others of the results.
const LIST: &str = "files.txt";

/// The folder of the results.
struct Files<'a> {
    folder: &'a Path,
    overwrite: bool,
}

impl Files<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Removes what a former run of the study has written here, so that nothing of it is taken for one of this run.
    fn clear(&self) -> Result<(), RunError> {
        let list = self.path(LIST);
        let Ok(names) = std::fs::read_to_string(&list) else { return Ok(()) };
        // A list that somebody has changed removes nothing elsewhere.
        let own = |name: &&str| Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        for path in names.lines().filter(own).map(|name| self.path(name)).filter(|path| path.is_file()) {
            let failed = |source| IoError::System { path: path.clone(), action: "removing an old result", source };
            std::fs::remove_file(&path).map_err(failed)?;
        }
        Ok(())
    }

    /// Writes down what belongs to the results.
    fn list(&self, written: &[PathBuf]) -> Result<(), RunError> {
        let names = written.iter().filter_map(|path| path.strip_prefix(self.folder).ok());
        let text: String = names.map(|name| format!("{}\n", name.display())).collect();
        let list = self.path(LIST);
        Ok(write_whole(&list, true, |part| {
            std::fs::write(part, text).map_err(|source| IoError::System {
                path: list.clone(),
                action: "writing",
                source,
            })
        })?)
    }

    /// Makes the folder, or one inside of it.
    fn create(&self, name: &str) -> Result<(), RunError> {
        make_folder(&self.path(name))
    }
}

fn make_folder(path: &Path) -> Result<(), RunError> {
    std::fs::create_dir_all(path).map_err(|error| {
        RunError::Io(crate::io::IoError::System { path: path.into(), action: "creating the folder", source: error })
    })
}
