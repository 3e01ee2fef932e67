//! `coincide priors` and `coincide algorithms`: everything that a config can choose, with its parameters, formula,
//! citation, and what goes with what. It is read from the lists that the config itself is made of.

use super::RunError;
use crate::config::{AlgorithmConfig, PriorConfig};
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
    pub description: &'static str,
    /// R, or what stands for it.
    pub formula: String,
    /// Unit of R; β is per that.
    pub unit: &'static str,
    /// What an algorithm may ask of it.
    pub capability: Capability,
    /// Algorithms that can carry it.
    pub algorithms: Vec<&'static str>,
    /// Keys of the table.
    pub parameters: Vec<Parameter>,
    /// Where it comes from.
    pub citation: &'static str,
    /// The table of a config.
    pub example: String,
}

/// An algorithm in words.
#[derive(Clone, Debug, Serialize)]
pub struct AlgorithmSheet {
    /// Name of the table in a config.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Its update.
    pub formula: &'static str,
    /// Whether it makes an image without a prior, too.
    pub alone: bool,
    /// Priors that it can carry.
    pub priors: Vec<&'static str>,
    /// Keys of the table.
    pub parameters: Vec<Parameter>,
    /// Where it comes from.
    pub citation: &'static str,
    /// The table of a config.
    pub example: String,
}

/// A key of a table.
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

/// All algorithms.
#[derive(Clone, Debug, Serialize)]
pub struct AlgorithmList {
    /// One sheet each.
    pub algorithms: Vec<AlgorithmSheet>,
}

/// The sheets of all priors.
pub fn list_priors() -> PriorList {
    let schema = schema_for!(PriorConfig).to_value();
    let sheet = |entry: crate::prior::PriorEntry| PriorSheet {
        name: entry.name,
        description: entry.summary,
        formula: entry.full_formula(),
        unit: entry.unit,
        capability: entry.capability,
        algorithms: AlgorithmConfig::carriers(entry.capability),
        parameters: parameters(&schema, entry.name),
        citation: entry.citation,
        example: example("prior", entry.name, entry.examples),
    };
    PriorList { priors: PriorConfig::all().into_iter().map(sheet).collect() }
}

/// The sheets of all algorithms.
pub fn list_algorithms() -> AlgorithmList {
    let (schema, priors) = (schema_for!(AlgorithmConfig).to_value(), PriorConfig::all());
    let carried =
        |able: &[Capability]| priors.iter().filter(|p| able.contains(&p.capability)).map(|p| p.name).collect();
    let sheet = |entry: crate::algorithm::AlgorithmEntry| AlgorithmSheet {
        name: entry.name,
        description: entry.summary,
        formula: entry.formula,
        alone: entry.alone,
        priors: carried(entry.carries),
        parameters: parameters(&schema, entry.name),
        citation: entry.citation,
        example: example("algorithm", entry.name, entry.examples),
    };
    AlgorithmList { algorithms: AlgorithmConfig::all().into_iter().map(sheet).collect() }
}

/// The sheet of one prior.
pub fn describe_prior(name: &str) -> Result<PriorSheet, RunError> {
    let priors = list_priors().priors;
    let unknown = unknown("prior", name, priors.iter().map(|sheet| sheet.name));
    priors.into_iter().find(|sheet| sheet.name == name).ok_or(unknown)
}

/// The sheet of one algorithm.
pub fn describe_algorithm(name: &str) -> Result<AlgorithmSheet, RunError> {
    let algorithms = list_algorithms().algorithms;
    let unknown = unknown("algorithm", name, algorithms.iter().map(|sheet| sheet.name));
    algorithms.into_iter().find(|sheet| sheet.name == name).ok_or(unknown)
}

fn example(kind: &str, name: &str, examples: &[&str]) -> String {
    let keys = examples.first().copied().unwrap_or_default();
    format!("[{kind}.{name}]\n{keys}").trim_end().to_owned()
}

fn unknown(kind: &str, name: &str, known: impl Iterator<Item = &'static str>) -> RunError {
    RunError::Usage(format!("there is no {kind} `{name}`; known are {}", known.collect::<Vec<_>>().join(", ")))
}

/// The keys of the table of a name, required ones first.
fn parameters(schema: &Value, name: &str) -> Vec<Parameter> {
    let mut variants = schema["oneOf"].as_array().into_iter().flatten();
    let variant = variants.find(|variant| variant["properties"].get(name).is_some());
    let Some(table) = variant.map(|variant| resolved(schema, &variant["properties"][name])) else { return Vec::new() };
    let required: Vec<_> = table["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let keys = table["properties"].as_object().into_iter().flatten();
    let mut parameters: Vec<_> = keys
        .map(|(key, schema)| Parameter {
            key: key.clone(),
            default: schema.get("default").filter(|default| !default.is_null()).cloned(),
            required: required.contains(&key.as_str()),
            meaning: schema["description"].as_str().unwrap_or_default().replace('\n', " "),
        })
        .collect();
    parameters.sort_by_key(|parameter| !parameter.required);
    parameters
}

/// The schema that a reference names.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    pointer.and_then(|path| root.pointer(path)).unwrap_or(schema)
}

/// Name, description and what goes with it, a line each.
fn lines(f: &mut fmt::Formatter, rows: &[(&str, &str, String)]) -> fmt::Result {
    let width = |text: fn(&(&str, &str, String)) -> usize| rows.iter().map(text).max().unwrap_or(0);
    let (names, descriptions) = (width(|row| row.0.chars().count()), width(|row| row.1.chars().count()));
    for (name, description, with) in rows {
        writeln!(f, "{}", format!("{name:<names$}  {description:<descriptions$}  {with}").trim_end())?;
    }
    Ok(())
}

impl fmt::Display for PriorList {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let row = |sheet: &PriorSheet| (sheet.name, sheet.description, sheet.algorithms.join(", "));
        lines(f, &self.priors.iter().map(row).collect::<Vec<_>>())?;
        writeln!(f, "\n`coincide priors NAME` prints formula, parameters, units and citation.")
    }
}

impl fmt::Display for AlgorithmList {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let row = |sheet: &AlgorithmSheet| (sheet.name, sheet.description, sheet.priors.join(", "));
        lines(f, &self.algorithms.iter().map(row).collect::<Vec<_>>())?;
        writeln!(f, "\n`coincide algorithms NAME` prints update, parameters and citation.")
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
        keys(f, &self.parameters)?;
        writeln!(f, "\n{}", self.example)
    }
}

impl fmt::Display for AlgorithmSheet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "[algorithm.{}]  {}\n", self.name, self.description)?;
        writeln!(f, "{}\n", self.formula)?;
        let priors: Vec<_> = self.alone.then_some("none").into_iter().chain(self.priors.iter().copied()).collect();
        writeln!(f, "priors      {}", priors.join(", "))?;
        writeln!(f, "citation    {}\n", self.citation)?;
        keys(f, &self.parameters)?;
        writeln!(f, "\n{}", self.example)
    }
}

/// The table of the keys; its last column is a sentence, to the left.
fn keys(f: &mut fmt::Formatter, parameters: &[Parameter]) -> fmt::Result {
    let mut table = Table::new(["parameter", "default", ""]);
    for parameter in parameters {
        let default = match (&parameter.default, parameter.required) {
            (Some(default), _) => default.to_string(),
            (None, true) => "required".into(),
            (None, false) => "–".into(),
        };
        table.row([parameter.key.clone(), default]);
    }
    let table = table.to_string();
    let mut lines = table.lines();
    for line in lines.by_ref().take(2) {
        writeln!(f, "{}", line.trim_end())?;
    }
    for (line, parameter) in lines.zip(parameters) {
        writeln!(f, "{line}  {}", parameter.meaning)?;
    }
    Ok(())
}
