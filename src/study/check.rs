//! `coincide check` of any config, those of studies too.

use super::evaluate::problems;
use crate::config::{Source, Study};
use crate::report::CheckResult;
use crate::run::{self, Options, RunError, told};
use std::path::Path;

/// Checks a config of any kind: finds everything that would keep its command from being run, and predicts the memory
/// and the time of a reconstruction. Mistakes in the grammar are errors; everything else is collected.
pub fn check(path: &Path, options: &Options) -> Result<CheckResult, RunError> {
    match Source::read(path)?.has_table("methods")? {
        true => {
            let problems = problems(&Study::read(path)?, options)?;
            Ok(CheckResult { problems: told(&problems), ..CheckResult::default() })
        }
        false => run::check(path, options),
    }
}
