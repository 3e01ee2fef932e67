//! The report of a study: `report.html`.

use super::cache::Cache;
use super::equivalence::Equivalence;
use super::maps::maps;
use super::{Files, StudyResult, curves};
use crate::report::{Colours, Images, Layer, Page, Record, Role};
use crate::run::{RunError, provenance_section};
use std::path::PathBuf;

/// Writes the page; `of` is the study with its scores.
pub(super) fn write(of: &Equivalence, result: &StudyResult, cache: &Cache, files: &Files) -> Result<PathBuf, RunError> {
    let &Equivalence { study, plan, cells, tuned } = of;
    let title = if result.title.is_empty() { "Study" } else { &result.title };
    let mut page = Page::new(title);
    let summary = format!(
        "{} realisations of every scan; every method at its best setting by {}; ± {}.",
        result.realisations, result.oracle, result.interval
    );
    page.text(summary);
    result.warnings.iter().for_each(|warning| page.warning(warning.as_str()));
    for (subject, prompts) in plan.kinds() {
        let place = &plan.subjects[subject];
        let kind = (place.phantom_name.as_str(), place.scanner_name.as_str(), prompts);
        page.section(format!("{}, {}, {prompts:e} prompts", kind.0, kind.1));
        page.table(result.table(kind));
        result.lesions(kind).into_iter().for_each(|lesions| page.table(lesions));
        page.images(images(of, cache, (subject, prompts))?);
        for (_, plot) in curves::plots(study, plan, cells, tuned, (subject, prompts)) {
            page.figure(plot.svg(), plot.title.clone());
        }
    }
    if !result.equivalence.is_empty() {
        page.section("Prompts that the yardstick needs for the same figure");
        page.table(result.photons());
        of.plots().into_iter().for_each(|(_, plot)| page.figure(plot.svg(), plot.title.clone()));
    }
    provenance_section(&mut page, &Record::new("evaluate", &study.source.text, &study.source.path).pairs());
    let path = files.path("report.html");
    page.write(&path, files.overwrite)?;
    Ok(path)
}

/// The truth, the first realisation of every method at its best setting, and the bias of each where there are several.
fn images(of: &Equivalence, cache: &Cache, (subject, prompts): (usize, f64)) -> Result<Images, RunError> {
    let place = &of.plan.subjects[subject];
    let unit = place.reference.truth.unit.to_string();
    let layer = |name: String, role: Role, colours: Colours, values: Vec<f32>| Layer {
        name,
        role,
        unit: unit.clone(),
        colours,
        values,
        window: None,
    };
    let truth = place.reference.truth.values.clone();
    let mut layers = vec![layer("truth".into(), Role::Image, Colours::Grey, truth)];
    let mut biases = Vec::new();
    for tuned in of.tuned.iter().filter(|tuned| (tuned.subject, tuned.prompts) == (subject, prompts)) {
        let cell = &of.plan.cells[tuned.cell];
        let label = &of.study.methods[cell.method].label;
        let (image, _) = cache.load(&of.plan.runs[cell.runs[0]].key)?;
        layers.push(layer(label.clone(), Role::Image, Colours::Grey, image.values));
        if cell.runs.len() > 1 {
            let bias = maps(of.plan, cell, place, cache)?.into_iter().find(|(what, _)| *what == "bias");
            let bias = bias.map(|(_, image)| image.values);
            biases
                .extend(bias.map(|values| layer(format!("bias: {label}"), Role::Overlay, Colours::Diverging, values)));
        }
    }
    layers.extend(biases);
    Ok(Images { grid: place.grid, layers, places: Vec::new(), start_mm: None })
}
