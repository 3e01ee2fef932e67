//! `coincide priors`: every prior with its parameters, unit, citation and the algorithms that carry it.

use super::RunError;
use crate::config::{CATALOGUE, CatalogueEntry, PriorConfig};
use crate::prior::Capability;
use crate::report::Table;
use schemars::schema_for;
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// A prior in words.
#[derive(Clone, Debug, Serialize)]
pub struct PriorSheet {
    /// Name of the table in a config.
    pub name: &'static str,
    /// What it does.
    pub description: String,
    /// R, or what stands for it.
    pub formula: String,
    /// Unit of R; β is per that.
    pub unit: &'static str,
    /// What an algorithm may ask of it.
    pub capability: Capability,
    /// Algorithms that can carry it.
    pub algorithms: &'static [&'static str],
    /// Keys of the table.
    pub parameters: Vec<Parameter>,
    /// Where it comes from.
    pub citation: &'static str,
}

/// A key of a prior's table.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// The key.
    pub key: String,
    /// Value where the config gives none; `None` where it must, or where `meaning` says what happens.
    pub default: Option<Value>,
    /// Whether the config must give it.
    pub required: bool,
    /// What it means, with its unit.
    pub meaning: String,
}

/// All priors.
#[derive(Clone, Debug, Serialize)]
pub struct PriorList {
    /// One sheet each.
    pub priors: Vec<PriorSheet>,
}

/// The sheets of all priors.
pub fn list_priors() -> PriorList {
    let schema = schema_for!(PriorConfig).to_value();
    PriorList { priors: CATALOGUE.iter().map(|entry| sheet(entry, &schema)).collect() }
}

/// The sheet of one prior.
pub fn describe_prior(name: &str) -> Result<PriorSheet, RunError> {
    let found = list_priors().priors.into_iter().find(|sheet| sheet.name == name);
    found.ok_or_else(|| {
        let names: Vec<_> = CATALOGUE.iter().map(|entry| entry.name).collect();
        RunError::Usage(format!("there is no prior `{name}`; known are {}", names.join(", ")))
    })
}

fn sheet(entry: &'static CatalogueEntry, schema: &Value) -> PriorSheet {
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    let variant = variants.into_iter().find(|variant| variant["properties"].get(entry.name).is_some());
    let table = variant.map(|variant| resolved(schema, &variant["properties"][entry.name]));
    PriorSheet {
        name: entry.name,
        description: variant.map(text).unwrap_or_default(),
        formula: entry.full_formula(),
        unit: entry.unit,
        capability: entry.capability,
        algorithms: entry.capability.algorithms(),
        parameters: table.map(parameters).unwrap_or_default(),
        citation: entry.citation,
    }
}

/// The schema that a reference names.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    pointer.and_then(|path| root.pointer(path)).unwrap_or(schema)
}

/// Required keys first.
fn parameters(table: &Value) -> Vec<Parameter> {
    let required: Vec<_> = table["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let keys = table["properties"].as_object().into_iter().flatten();
    let mut parameters: Vec<_> = keys
        .map(|(key, schema)| Parameter {
            key: key.clone(),
            default: schema.get("default").filter(|default| !default.is_null()).cloned(),
            required: required.contains(&key.as_str()),
            meaning: text(schema),
        })
        .collect();
    parameters.sort_by_key(|parameter| !parameter.required);
    parameters
}

fn text(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('\n', " ")
}

impl fmt::Display for PriorList {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let width =
            |text: fn(&PriorSheet) -> &str| self.priors.iter().map(|s| text(s).chars().count()).max().unwrap_or(0);
        let (name, description) = (width(|sheet| sheet.name), width(|sheet| &sheet.description));
        for sheet in &self.priors {
            let algorithms = sheet.algorithms.join(", ");
            writeln!(f, "{:<name$}  {:<description$}  {algorithms}", sheet.name, sheet.description)?;
        }
        writeln!(f, "\n`coincide priors NAME` prints formula, parameters, units and citation.")
    }
}

impl fmt::Display for PriorSheet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "[prior.{}]  {}\n", self.name, self.description)?;
        writeln!(f, "{}\n", self.formula)?;
        let beta = self.parameters.iter().any(|parameter| parameter.key == "beta");
        writeln!(f, "unit of R   {}{}", self.unit, if beta { "; beta is per that" } else { "" })?;
        writeln!(f, "algorithms  {}", self.algorithms.join(", "))?;
        writeln!(f, "citation    {}\n", self.citation)?;
        let mut table = Table::new(["parameter", "default", ""]);
        for parameter in &self.parameters {
            let default = match (&parameter.default, parameter.required) {
                (Some(default), _) => default.to_string(),
                (None, true) => "required".into(),
                (None, false) => "–".into(),
            };
            table.row([parameter.key.clone(), default]);
        }
        // The last column is a sentence: to the left.
        let table = table.to_string();
        let mut lines = table.lines();
        for line in lines.by_ref().take(2) {
            writeln!(f, "{}", line.trim_end())?;
        }
        for (line, parameter) in lines.zip(&self.parameters) {
            writeln!(f, "{line}  {}", parameter.meaning)?;
        }
        Ok(())
    }
}
