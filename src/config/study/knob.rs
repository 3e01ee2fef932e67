//! The knob of a method: one key of its tables, given by its dotted path, and the values that it takes in turn.
//!
//! The values are put into the parsed text before any table is read, each at its own place in the file. So every key
//! can be a knob, and a value that the key cannot take is underlined like any other.

use super::suggestion;
use crate::config::{ConfigError, Source};
use serde::Deserialize;
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// A key to sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Knob {
    /// Dotted path of the key.
    pub path: String,
    /// Where the path stands in the file.
    pub(super) at: Range<usize>,
    /// The values, from one end of the ladder to the other.
    pub values: Vec<KnobValue>,
}

/// One value of a knob.
#[derive(Clone, Debug, PartialEq)]
pub struct KnobValue {
    /// As the user wrote it.
    pub text: String,
    /// The number, where it is one.
    pub number: Option<f64>,
    /// Where it stands in the file.
    pub(super) span: Range<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KnobTable {
    path: String,
    values: Vec<toml::Value>,
}

impl Knob {
    /// The knob of a table that stands at these places of the text.
    pub(super) fn of(table: KnobTable, places: &DeTable, source: &Source) -> Result<Self, ConfigError> {
        let value = |(value, span): (toml::Value, Range<usize>)| KnobValue {
            text: source.text[span.clone()].to_owned(),
            number: match value {
                toml::Value::Integer(number) => Some(number as f64),
                toml::Value::Float(number) => Some(number),
                _ => None,
            },
            span,
        };
        let (path, at) = (table.path, places.get("path").map_or(0..0, Spanned::span));
        let spans = places.get("values").and_then(|values| values.get_ref().as_array());
        let spans = spans.into_iter().flatten().map(Spanned::span);
        let values: Vec<KnobValue> = table.values.into_iter().zip(spans).map(value).collect();
        let help = |text: &str| Some(text.to_owned());
        if values.is_empty() {
            return Err(source.located(Some(at), "a knob without values".into(), help("list at least one")));
        }
        if path.split('.').any(str::is_empty) {
            let help = help("name a key by its tables, as in post_filter.fwhm_mm");
            return Err(source.located(Some(at), format!("`{path}` is not the path of a key"), help));
        }
        // The ends of the ladder must be its ends: the chosen value is looked for between them.
        let numbers: Vec<f64> = values.iter().filter_map(|value| value.number).collect();
        let sorted = |rises: bool| numbers.windows(2).all(|pair| (pair[0] < pair[1]) == rises && pair[0] != pair[1]);
        if !sorted(true) && !sorted(false) {
            let span = values[0].span.start..values[values.len() - 1].span.end;
            let help = help("list them from one end to the other, each once");
            return Err(source.located(Some(span), "the values of the knob neither rise nor fall".into(), help));
        }
        Ok(Self { path, at, values })
    }

    /// Puts a value at the knob's path into the tables of a method. Where an array stands, or with `triple`, one value
    /// is put into all of its places.
    pub(super) fn turn<'t>(
        &self,
        table: &mut DeTable<'t>,
        value: Spanned<DeValue<'t>>,
        triple: bool,
        source: &Source,
    ) -> Result<(), ConfigError> {
        let mut table = table;
        let mut names = self.path.split('.').peekable();
        while let Some(name) = names.next() {
            let known: Vec<String> = table.keys().map(|key| key.get_ref().to_string()).collect();
            if names.peek().is_none() {
                let places = match table.get(name).map(Spanned::get_ref) {
                    Some(DeValue::Array(array)) => array.len(),
                    _ if triple => 3,
                    _ => 0,
                };
                let value = if value.get_ref().is_array() { value } else { repeated(value, places) };
                match table.get_mut(name) {
                    Some(old) => *old = value,
                    None => drop(table.insert(self.key(name), value)),
                }
                return Ok(());
            }
            if !known.iter().any(|key| key == name) {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let help = suggestion(name, &known);
                if help.starts_with("did you mean") {
                    return Err(source.located(Some(self.at.clone()), format!("no table `{name}` here"), Some(help)));
                }
                table.insert(self.key(name), Spanned::new(self.at.clone(), DeValue::Table(DeTable::new())));
            }
            table = match table.get_mut(name).map(Spanned::get_mut) {
                Some(DeValue::Table(inner)) => inner,
                _ => return Err(source.located(Some(self.at.clone()), format!("`{name}` is not a table"), None)),
            };
        }
        Ok(())
    }

    fn key<'t>(&self, name: &str) -> Spanned<Cow<'t, str>> {
        Spanned::new(self.at.clone(), Cow::Owned(name.to_owned()))
    }
}

/// The value itself, or an array of so many copies.
fn repeated<'t>(value: Spanned<DeValue<'t>>, places: usize) -> Spanned<DeValue<'t>> {
    if places == 0 {
        return value;
    }
    let mut array = DeArray::new();
    (0..places).for_each(|_| array.push(value.clone()));
    Spanned::new(value.span(), DeValue::Array(array))
}
