//! Parts of a study file that become whole configs: a method's tables a reconstruction, `[simulation]` a simulation.
//! The parsed text is edited, not the text itself, so that mistakes are underlined where they stand.

use super::StudyMethod;
use super::knob::{Knob, KnobTable};
use crate::config::reading::{self, Fault, Kind};
use crate::config::{ConfigError, ReconConfig, Source};
use crate::simulate::{CountsConfig, SimulationConfig};
use crate::units::Counts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Tables of a reconstruction that are the study's.
const OF_THE_STUDY: [(&str, &str); 9] = [
    ("measurement", "the study's phantoms, scanners, prompts and seeds make the measurements"),
    ("image", "all methods make images on the study's own [image]"),
    ("attenuation", "the simulated scans hold their attenuation"),
    ("normalisation", "the simulated scans hold their normalisation"),
    ("decay", "the simulated scans hold their decay"),
    ("randoms", "the simulated scans hold their randoms"),
    ("reference", "the phantom is the truth"),
    ("output", "the study keeps the images"),
    ("run", "the study's own [run] counts"),
];

/// Keys of a simulation that are the study's.
const OF_THE_SCANS: [(&str, &str); 3] = [
    ("counts", "`prompts` of the study lists the count levels"),
    ("seed", "`seeds` of the study lists the realisations"),
    ("dose_levels", "`prompts` of the study lists the count levels"),
];

/// Stands for the phantom's name in any text of a method.
const PHANTOM: &str = "{phantom}";

/// What a method says beside the tables of its reconstruction.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    label: Option<String>,
    knob: Option<KnobTable>,
}

const HEAD: [&str; 2] = ["label", "knob"];

pub(super) fn total_prompts(prompts: f64) -> CountsConfig {
    // Count levels are checked while the file is parsed.
    CountsConfig::TotalPrompts(Counts::try_from(prompts).unwrap_or_else(|text| unreachable!("{text}")))
}

/// Names of the tables inside a table, in the order of the file.
pub(super) fn names(source: &Source, table: &str) -> Vec<String> {
    let Ok(root) = DeTable::parse(&source.text) else { return Vec::new() };
    let Some((_, inner)) = table_at(root.get_ref(), &[table]) else { return Vec::new() };
    let mut names: Vec<_> = inner.keys().map(|key| (key.span().start, key.get_ref().to_string())).collect();
    names.sort();
    names.into_iter().map(|(_, name)| name).collect()
}

/// Label and knob of a method.
pub(super) fn method(source: &Source, name: &str) -> Result<StudyMethod, ConfigError> {
    let root = source.table()?;
    let (at, mut table) = owned_table(&root, &["methods", name]);
    let mut head = DeTable::new();
    head.extend(HEAD.iter().filter_map(|key| table.remove_entry(*key)));
    let places = head.get("knob").and_then(|knob| knob.get_ref().as_table()).cloned().unwrap_or_default();
    let head: Head = read(source, head, at)?;
    let knob = head.knob.map(|knob| Knob::of(knob, &places, source)).transpose()?;
    Ok(StudyMethod { name: name.into(), label: head.label.unwrap_or_else(|| name.into()), knob })
}

/// `[simulation]`.
pub(super) fn simulation(source: &Source) -> Result<SimulationConfig, ConfigError> {
    let root = source.table()?;
    let (at, mut table) = owned_table(&root, &["simulation"]);
    refuse(source, &table, &OF_THE_SCANS)?;
    let counts = source_table("counts.total-prompts = 1.0");
    table.extend(counts);
    read(source, table, at)
}

/// The reconstruction of a method, its knob turned to one of its values.
pub(super) fn recon(
    source: &Source,
    name: &str,
    knob: Option<(&Knob, usize)>,
    phantom: &str,
) -> Result<ReconConfig, ConfigError> {
    let number = knob.is_some_and(|(knob, index)| knob.values[index].number.is_some());
    let read = match turned(source, name, knob, phantom, false) {
        // One number stands for three axes where the key takes three.
        Err(Unread::Fault(Fault { kind: Kind::NoList(_), .. })) if number => turned(source, name, knob, phantom, true),
        read => read,
    };
    read.map_err(|unread| match (unread, knob) {
        (Unread::Fault(Fault { kind: Kind::NotOne, .. }), Some((knob, _))) => {
            let message = format!("`{}` and the tables of the method name two kinds of one thing", knob.path);
            let help = Some("the knob must lie inside the kind that is there".into());
            source.located(Some(knob.at.clone()), message, help)
        }
        (Unread::Fault(fault), _) => source.unreadable(fault),
        (Unread::Mistake(error), _) => error,
    })
}

/// Why a method is not read.
enum Unread {
    Fault(Fault),
    Mistake(ConfigError),
}

impl From<ConfigError> for Unread {
    fn from(error: ConfigError) -> Self {
        Self::Mistake(error)
    }
}

fn turned(
    source: &Source,
    name: &str,
    knob: Option<(&Knob, usize)>,
    phantom: &str,
    triple: bool,
) -> Result<ReconConfig, Unread> {
    let root = source.table()?;
    let (at, mut table) = owned_table(&root, &["methods", name]);
    refuse(source, &table, &OF_THE_STUDY)?;
    let values = table.get("knob").and_then(|knob| knob.get_ref().get("values")?.get_ref().as_array().cloned());
    HEAD.iter().for_each(|key| drop(table.remove(*key)));
    if let (Some((knob, index)), Some(values)) = (knob, values) {
        knob.turn(&mut table, values[index].clone(), triple, source)?;
        refuse(source, &table, &OF_THE_STUDY)?;
    }
    name_phantom(&mut table, phantom);
    table.extend(root.get_key_value("image").map(|(key, value)| (key.clone(), value.clone())));
    table.extend(source_table("measurement.file = \"of the study\""));
    reading::read(table, at, &source.folder()).map_err(Unread::Fault)
}

/// Tables that no user wrote.
fn source_table(text: &'static str) -> DeTable<'static> {
    DeTable::parse(text).map(Spanned::into_inner).unwrap_or_default()
}

/// A table by its path, and the place of its key.
fn table_at<'r, 't>(root: &'r DeTable<'t>, path: &[&str]) -> Option<(Range<usize>, &'r DeTable<'t>)> {
    let (last, before) = path.split_last()?;
    let table = before.iter().try_fold(root, |table, name| table.get(*name)?.get_ref().as_table())?;
    let (key, value) = table.get_key_value(*last)?;
    Some((key.span(), value.get_ref().as_table()?))
}

/// A copy; empty where there is none.
fn owned_table<'t>(root: &DeTable<'t>, path: &[&str]) -> (Range<usize>, DeTable<'t>) {
    table_at(root, path).map_or_else(|| (0..0, DeTable::new()), |(at, table)| (at, table.clone()))
}

fn read<T: DeserializeOwned>(source: &Source, table: DeTable, at: Range<usize>) -> Result<T, ConfigError> {
    reading::read(table, at, &source.folder()).map_err(|fault| source.unreadable(fault))
}

fn refuse(source: &Source, table: &DeTable, keys: &[(&str, &str)]) -> Result<(), ConfigError> {
    for (key, help) in keys {
        if let Some((found, _)) = table.get_key_value(*key) {
            let message = format!("`{key}` cannot stand here");
            return Err(source.located(Some(found.span()), message, Some((*help).into())));
        }
    }
    Ok(())
}

fn name_phantom(table: &mut DeTable, phantom: &str) {
    for (_, value) in table.iter_mut() {
        match value.get_mut() {
            DeValue::Table(inner) => name_phantom(inner, phantom),
            DeValue::String(text) if text.contains(PHANTOM) => *text = text.replace(PHANTOM, phantom).into(),
            _ => {}
        }
    }
}
