//! `coincide phantoms`: the phantoms that are shipped.

use super::RunError;
use super::info::{PhantomSheet, phantom_sheet};
use crate::phantom::{PRESETS, Phantom};
use serde::Serialize;
use std::fmt;

/// All shipped phantoms.
#[derive(Clone, Debug, Serialize)]
pub struct PhantomList {
    /// One sheet each.
    pub phantoms: Vec<PhantomSheet>,
}

/// The sheets of all shipped phantoms.
pub fn list_phantoms() -> Result<PhantomList, RunError> {
    let sheet = |name: &&str| Ok(phantom_sheet(&Phantom::load(name)?));
    Ok(PhantomList { phantoms: PRESETS.iter().map(sheet).collect::<Result<_, RunError>>()? })
}

impl fmt::Display for PhantomList {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let width = self.phantoms.iter().map(|sheet| sheet.name.len()).max().unwrap_or(0);
        for sheet in &self.phantoms {
            let first = sheet.description.split_inclusive(". ").next().unwrap_or_default();
            writeln!(f, "{:<width$}  {}", sheet.name, first.trim_end())?;
        }
        let random = "A random body with organs and lesions for every number N; random-N-plain has no lesions, random-N-lesions six near z = 0.";
        writeln!(f, "{:<width$}  {random}", "random-N")
    }
}
