//! The results as tables: `results.h5` with the tables `runs` (one row per run, one column per figure) and `scores`
//! (one row per cell and figure), and the same as `runs.csv` and `scores.csv`.

use super::Files;
use super::cache::Cache;
use super::cells::CellScores;
use super::plan::{Cell, Plan};
use super::tune::Tuned;
use crate::config::Study;
use crate::io::columns::{Column, Columns};
use crate::io::csv::write_csv;
use crate::io::hdf5::write_tables;
use crate::metrics::{Estimate, SECONDS, Scope, Score, Scores};
use crate::report::Record;
use crate::run::RunError;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Name of the file of tables.
pub(super) const RESULTS: &str = "results.h5";

pub(super) fn write(
    study: &Study,
    plan: &Plan,
    cells: &[CellScores],
    tuned: &[Tuned],
    cache: &Cache,
    files: &Files,
) -> Result<Vec<PathBuf>, RunError> {
    let (runs, scores) = (runs(study, plan, cache)?, scores(study, plan, cells, tuned));
    let paths = ["runs.csv", "scores.csv", RESULTS].map(|name| files.path(name));
    write_csv(&paths[0], files.overwrite, &runs)?;
    write_csv(&paths[1], files.overwrite, &scores)?;
    let record = Record::new("evaluate", &study.source.text, &study.source.path);
    let provenance = record.pairs().into_iter().collect();
    write_tables(&paths[2], files.overwrite, &[("runs", &runs), ("scores", &scores)], &provenance)?;
    Ok(paths.into())
}

/// Columns that say what a row is about.
fn about<'a>(study: &Study, plan: &Plan, cells: impl Iterator<Item = &'a Cell> + Clone) -> Columns {
    let texts = |text: &dyn Fn(&Cell) -> String| Column::Texts(cells.clone().map(text).collect());
    let numbers = |number: &dyn Fn(&Cell) -> f64| Column::Numbers(cells.clone().map(number).collect());
    let knob = |cell: &Cell| study.methods[cell.method].knob.as_ref().map(|knob| &knob.values[cell.setting]);
    Columns::default()
        .with("phantom", texts(&|cell| plan.subjects[cell.subject].phantom_name.clone()))
        .with("scanner", texts(&|cell| plan.subjects[cell.subject].scanner_name.clone()))
        .with("prompts", numbers(&|cell| cell.prompts))
        .with("method", texts(&|cell| study.methods[cell.method].name.clone()))
        .with("setting", texts(&|cell| knob(cell).map_or(String::new(), |value| value.text.clone())))
        .with("knob", numbers(&|cell| knob(cell).and_then(|value| value.number).unwrap_or(f64::NAN)))
}

fn runs(study: &Study, plan: &Plan, cache: &Cache) -> Result<Columns, RunError> {
    let scores = plan.runs.iter().map(|run| cache.load(&run.key).map(|(_, scores)| scores));
    let scores: Vec<Scores> = scores.collect::<Result<_, _>>()?;
    let seeds = plan.runs.iter().map(|run| plan.scans[run.scan].seed as f64).collect();
    let keys = plan.runs.iter().map(|run| run.key.clone()).collect();
    let mut table = about(study, plan, plan.runs.iter().map(|run| &plan.cells[run.cell]))
        .with("seed", Column::Numbers(seeds))
        .with("key", Column::Texts(keys));
    if !plan.with_lesions.is_empty() {
        let classes = study.lesion_classes();
        let mut names = vec![String::new(); plan.runs.len()];
        for shown in &plan.with_lesions {
            shown.runs.iter().for_each(|&run| names[run].clone_from(&classes[shown.class].name));
        }
        table = table.with("lesions", Column::Texts(names));
    }
    // The time is the only column that another run of the same study would fill otherwise: it stands last.
    let mut columns: BTreeMap<(bool, String), &Score> = BTreeMap::new();
    for score in scores.iter().flat_map(Scores::iter).filter(|score| score.figure.scope != Scope::Kept) {
        columns.entry((*score.figure == SECONDS, score.name())).or_insert(score);
    }
    for ((_, name), Score { figure, of, .. }) in columns {
        let values = scores.iter().map(|run| run.get_of(figure, of).copied().unwrap_or(f64::NAN)).collect();
        table = table.with(&name, Column::Numbers(values));
    }
    Ok(table)
}

fn scores(study: &Study, plan: &Plan, cells: &[CellScores], tuned: &[Tuned]) -> Columns {
    let of_cell = |(cell, scores): (usize, &CellScores)| {
        let shown = scores.by_name().into_iter().filter(|(_, score)| score.figure.scope != Scope::Kept);
        shown.map(|(name, score)| (cell, name, score.value)).collect::<Vec<_>>()
    };
    let rows: Vec<(usize, String, Estimate)> = cells.iter().enumerate().flat_map(of_cell).collect();
    let number = |of: &dyn Fn(&Estimate) -> Option<f64>| {
        Column::Numbers(rows.iter().map(|(_, _, estimate)| of(estimate).unwrap_or(f64::NAN)).collect())
    };
    let chosen = |cell: usize| f64::from(u8::from(tuned.iter().any(|tuned| tuned.cell == cell)));
    about(study, plan, rows.iter().map(|(cell, _, _)| &plan.cells[*cell]))
        .with("tuned", Column::Numbers(rows.iter().map(|(cell, _, _)| chosen(*cell)).collect()))
        .with("metric", Column::Texts(rows.iter().map(|(_, name, _)| name.clone()).collect()))
        .with("mean", number(&|estimate| Some(estimate.mean)))
        .with("sd", number(&|estimate| estimate.sd))
        .with("low", number(&|estimate| estimate.low))
        .with("high", number(&|estimate| estimate.high))
        .with("realisations", number(&|estimate| Some(estimate.count as f64)))
}
