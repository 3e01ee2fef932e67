//! The algorithms that race, with the settings that they have in a config.

use crate::config::{AlgorithmConfig, Source};
use crate::data::most_subsets;
use crate::run::RunError;

/// An algorithm of the table.
pub(super) struct Contender {
    pub name: &'static str,
    pub algorithm: AlgorithmConfig,
    /// FWHM in mm of the filter of plain OSEM.
    pub filter_mm: Option<f64>,
}

/// Name, table, filter; S stands for the subsets of the case, N for those of SVRN.
const TABLE: &[(&str, &str, Option<f64>)] = &[
    ("osem + 5 mm filter", "osem = { subsets = S, iterations = 1 }", Some(5.0)),
    ("osl", "osl = { subsets = S, iterations = 1 }", None),
    ("de-pierro", "de-pierro = { subsets = S, iterations = 1 }", None),
    ("de-pierro, 1 subset", "de-pierro = { subsets = 1, iterations = 1 }", None),
    ("bsrem", "bsrem = { subsets = S, iterations = 1 }", None),
    ("sps", "sps = { subsets = S, iterations = 1 }", None),
    ("saga", "saga = { subsets = S, iterations = 1 }", None),
    ("svrg", "svrg = { subsets = S, iterations = 1 }", None),
    ("proximal-newton", "proximal-newton = { iterations = 1 }", None),
    ("svrn", "svrn = { subsets = N, iterations = 1 }", None),
    ("lbfgs", "lbfgs = { iterations = 1 }", None),
];

/// Most subsets of SVRN, and the fewest views in one.
const MOST_SUBSETS: usize = 6;
const FEWEST_VIEWS: usize = 16;

/// Subsets of SVRN on a case of so many views.
pub(super) fn newton_subsets(views: usize) -> usize {
    most_subsets(views, MOST_SUBSETS.min(views / FEWEST_VIEWS))
}

/// All contenders on a case of so many views that is split into `subsets`.
pub(super) fn contenders(subsets: usize, views: usize) -> Result<Vec<Contender>, RunError> {
    let contender = |&(name, table, filter_mm): &(&'static str, &str, Option<f64>)| {
        let text = table.replace('S', &subsets.to_string()).replace('N', &newton_subsets(views).to_string());
        let algorithm = Source { path: name.into(), text }.parse::<AlgorithmConfig>()?;
        Ok(Contender { name, algorithm, filter_mm })
    };
    TABLE.iter().map(contender).collect()
}
