//! Images of a study: for every tuned method the mean image and the maps of bias and standard deviation over the
//! realisations (HDF5 and NIfTI), and on every kind of scan a montage of all methods at matched noise.

use super::Files;
use super::cache::Cache;
use super::cells::{CellScores, noise};
use super::plan::{Cell, Plan, Subject};
use super::tune::Tuned;
use crate::config::Study;
use crate::image::{Image, ImageUnit};
use crate::io::Provenance;
use crate::io::png::{Tile, write_montage};
use crate::io::save_image;
use crate::metrics::Ensemble;
use crate::report::Record;
use crate::run::RunError;
use std::path::PathBuf;

pub(super) fn write(
    study: &Study,
    plan: &Plan,
    cells: &[CellScores],
    tuned: &[Tuned],
    cache: &Cache,
    files: &Files,
) -> Result<Vec<PathBuf>, RunError> {
    let mut written = Vec::new();
    if study.config.seeds.len() > 1 {
        files.create("maps")?;
        let record = Record::new("evaluate", &study.source.text, &study.source.path);
        let provenance: Provenance = record.pairs().into_iter().collect();
        for tuned in tuned {
            let cell = &plan.cells[tuned.cell];
            let subject = &plan.subjects[cell.subject];
            let method = &study.methods[cell.method].name;
            for (what, image) in maps(plan, cell, subject, cache)? {
                for ending in ["h5", "nii.gz"] {
                    let name = format!("maps/{}.{:e}.{method}.{what}.{ending}", subject.name, cell.prompts);
                    let path = files.path(&name);
                    save_image(&path, files.overwrite, &image, &provenance)?;
                    written.push(path);
                }
            }
        }
    }
    for (subject, prompts) in plan.kinds() {
        let of = &plan.subjects[subject];
        let path = files.path(&format!("montage.{}.{prompts:e}.png", of.name));
        let shown = matched(study, plan, cells, tuned, (subject, prompts));
        montage(study, plan, cells, cache, of, &shown).and_then(|tiles| {
            let tiles: Vec<_> = tiles
                .iter()
                .map(|(lines, image)| Tile { lines: lines.each_ref().map(|line| line.as_str()), image })
                .collect();
            Ok(write_montage(&path, files.overwrite, &tiles, study.config.output.slice_z_mm)?)
        })?;
        written.push(path);
    }
    Ok(written)
}

/// Mean, bias and standard deviation of a cell.
pub(super) fn maps(
    plan: &Plan,
    cell: &Cell,
    subject: &Subject,
    cache: &Cache,
) -> Result<Vec<(&'static str, Image)>, RunError> {
    let mut ensemble = Ensemble::new(subject.grid.voxels());
    for &run in &cell.runs {
        ensemble.add(&cache.load(&plan.runs[run].key)?.0.values);
    }
    let image = |values| Image { grid: subject.grid, unit: ImageUnit::BecquerelPerMl, values };
    let bias = ensemble.bias(&subject.reference.truth.values);
    let sd = ensemble.sd().map(|sd| ("sd", image(sd)));
    Ok([("mean", image(ensemble.mean())), ("bias", image(bias))].into_iter().chain(sd).collect())
}

/// The cell of each method whose noise is nearest to the noise at which methods are shown.
pub(super) fn matched(
    study: &Study,
    plan: &Plan,
    cells: &[CellScores],
    tuned: &[Tuned],
    (subject, prompts): (usize, f64),
) -> Vec<usize> {
    let first = tuned.iter().find(|tuned| (tuned.subject, tuned.prompts) == (subject, prompts));
    let asked = study.config.output.matched_noise.map(|noise| noise.get());
    let target = asked.or_else(|| noise(&cells[first?.cell])).unwrap_or(0.0);
    let distance = |cell: usize| noise(&cells[cell]).map_or(f64::INFINITY, |noise| (noise / target).ln().abs());
    let nearest = |method| {
        let ladder = plan.ladder(subject, prompts, method).into_iter();
        ladder.min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
    };
    (0..study.methods.len()).filter_map(nearest).collect()
}

/// The phantom, and the first realisation of each cell.
fn montage(
    study: &Study,
    plan: &Plan,
    cells: &[CellScores],
    cache: &Cache,
    subject: &Subject,
    shown: &[usize],
) -> Result<Vec<([String; 2], Image)>, RunError> {
    let mut tiles = vec![([subject.phantom_name.clone(), "the truth".into()], subject.reference.truth.clone())];
    for &index in shown {
        let cell = &plan.cells[index];
        let method = &study.methods[cell.method];
        let key = method.knob.as_ref().and_then(|knob| knob.path.rsplit('.').next());
        let knob = key.map_or(String::new(), |key| format!(", {key} {}", method.setting(cell.setting)));
        let percent = noise(&cells[index]).map_or(f64::NAN, |noise| 100.0 * noise);
        let (image, _) = cache.load(&plan.runs[cell.runs[0]].key)?;
        tiles.push(([method.label.clone(), format!("noise {percent:.1} %{knob}")], image));
    }
    Ok(tiles)
}
