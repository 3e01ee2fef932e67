//! Numbers that cannot be, in the place of every number that a config can have: they are refused where they stand, or
//! do no harm. Nothing panics, nothing runs on for ever, and no memory is taken for them.

use coincide::config::{
    AlgorithmConfig, ConfigError, MeasurementConfig, NormaliseConfig, PriorConfig, PsfConfig, ReconConfig,
    RidgeTraining, SimulateConfig, Source, Study, TrainConfig,
};
use coincide::operator::{Projector, Resolution};
use coincide::run::{SchemaOf, schema};
use coincide::scanner::SinogramGeometry;
use serde_json::Value as Schema;
use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use toml::Value;

/// A number as TOML has it.
fn absurd_numbers() -> Vec<Value> {
    let floats = [0.0, -1.0, 1e-300, 2_f64.powi(-60), 1e30, 1e308, f64::NAN, f64::INFINITY].map(Value::Float);
    let integers = [0, -1, 1, i64::from(u32::MAX), i64::MAX].map(Value::Integer);
    floats.into_iter().chain(integers).collect()
}

const SMALL: &str = r#"
[measurement.simulated]
phantom = "uniform-cylinder"
sinogram = { axial.span = { span = 1, max_ring_difference = 2 }, tof_mashing = 1 }
[measurement.simulated.scanner.custom]
name = "small"
rings = 3
crystals_per_ring = 32
inner_radius_mm = 160.0
ring_spacing_mm = 8.0
rings_per_block = 1
axial_block_gap_mm = 1.0
radial_bins = 15
bin_size_mm = 12.0
tof = { bins = 3, bin_ps = 500.0, fwhm_ps = 400.0 }
layout.polygon = { crystals_per_side = 4, crystal_pitch_mm = 20.0 }
[measurement.simulated.simulation]
counts.scan = { duration_s = 60.0, sensitivity_cps_per_kbq = 5.0 }
singles = { window_ns = 4.0 }
[[measurement.simulated.simulation.lesions]]
centre_mm = [0.0, 0.0, 0.0]
diameter_mm = 20.0
contrast = 4.0
[image]
shape = [16, 16, 5]
voxel_mm = [12.0, 12.0, 4.0]
[resolution]
fwhm_mm = [4.0, 4.0, 4.0]
by_radius = [{ radius_mm = 50.0, fwhm_mm = [5.0, 4.0, 4.0] }]
"#;

/// Configs that make sense, with what they are.
fn configs() -> Vec<(SchemaOf, String)> {
    let mut all = Vec::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for path in fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let kind = match name.split('-').next().unwrap() {
            "simulate" => SchemaOf::Simulate,
            "study" => SchemaOf::Study,
            "train" => SchemaOf::Train,
            "psf" => SchemaOf::Psf,
            "recon" | "prior" | "mmr" | "quantitative" => SchemaOf::Recon,
            _ => continue,
        };
        all.push((kind, fs::read_to_string(path).unwrap()));
    }
    for entry in AlgorithmConfig::all() {
        let table = entry.examples.iter().max_by_key(|table| table.len()).unwrap();
        all.push((SchemaOf::Recon, format!("{SMALL}[algorithm.{}]\n{table}\n", entry.name)));
    }
    let osem = "[algorithm.osem]\nsubsets = 1\niterations = 1\n";
    for tables in [
        "[confidence]\n[sentinel]\n[stop]\n[output]\n",
        "[decay]\nisotope = \"F-18\"\n[suv]\nweight_kg = 70\ninjected_mbq = 200\n",
    ] {
        all.push((SchemaOf::Recon, format!("{SMALL}{osem}{tables}")));
    }
    for entry in PriorConfig::all() {
        let table = entry.examples.iter().max_by_key(|table| table.len()).unwrap();
        all.push((SchemaOf::Recon, format!("{SMALL}{osem}[prior.{}]\n{table}\n", entry.name)));
    }
    all
}

/// The schema that a `$ref` stands for.
fn resolved<'a>(schema: &'a Schema, root: &'a Schema) -> &'a Schema {
    match schema["$ref"].as_str() {
        Some(place) => resolved(root.pointer(place.trim_start_matches('#')).unwrap(), root),
        None => schema,
    }
}

/// The schema itself, and all that it is one of.
fn choices<'a>(schema: &'a Schema, root: &'a Schema) -> Vec<&'a Schema> {
    let schema = resolved(schema, root);
    let of = |key: &str| schema[key].as_array().into_iter().flatten().flat_map(|one| choices(one, root)).collect();
    [vec![schema], of("oneOf"), of("anyOf"), of("allOf")].concat()
}

/// How a number stands: alone, or so many in a list.
fn numbers(schema: &Schema, root: &Schema) -> Option<Option<usize>> {
    choices(schema, root).into_iter().find_map(|one| {
        let is =
            |kind: &str| one["type"] == kind || one["type"].as_array().is_some_and(|all| all.contains(&kind.into()));
        if is("number") || is("integer") {
            return Some(None);
        }
        let count = one["minItems"].as_u64().unwrap_or(1) as usize;
        (is("array") && numbers(&one["items"], root) == Some(None)).then_some(Some(count))
    })
}

/// Calls `visit` with each config that has one number replaced, and the path of that number.
fn with_each_number(config: &Value, root: &Schema, seen: &mut HashSet<String>, visit: &mut dyn FnMut(&str, &Value)) {
    let mut places = Vec::new();
    places_of(config, root, root, &mut Vec::new(), &mut places);
    for (path, list) in places {
        // Once for each key, whichever config has it first.
        if !seen.insert(format!("{} {}", root["title"], path.join("."))) {
            continue;
        }
        for number in absurd_numbers() {
            let value = list.map_or(number.clone(), |count| Value::Array(vec![number.clone(); count.max(1)]));
            let mut changed = config.clone();
            put(&mut changed, &path, value);
            visit(&format!("{} = {number}", path.join(".")), &changed);
        }
    }
}

fn places_of(
    config: &Value,
    schema: &Schema,
    root: &Schema,
    path: &mut Vec<String>,
    places: &mut Vec<(Vec<String>, Option<usize>)>,
) {
    let Some(table) = config.as_table() else { return };
    for choice in choices(schema, root) {
        let required = choice["required"].as_array().into_iter().flatten().filter_map(Schema::as_str);
        if !required.into_iter().all(|key| table.contains_key(key)) {
            continue;
        }
        for (key, inner) in choice["properties"].as_object().into_iter().flatten() {
            path.push(key.clone());
            if let Some(list) = numbers(inner, root) {
                places.push((path.clone(), list));
            }
            match table.get(key) {
                Some(Value::Array(all)) if all.first().is_some_and(Value::is_table) => {
                    path.push("0".into());
                    for choice in choices(inner, root) {
                        places_of(&all[0], &choice["items"], root, path, places);
                    }
                    path.pop();
                }
                Some(value) => places_of(value, inner, root, path, places),
                None => {}
            }
            path.pop();
        }
    }
}

fn put(config: &mut Value, path: &[String], value: Value) {
    match (config, path) {
        (Value::Table(table), [last]) => drop(table.insert(last.clone(), value)),
        (Value::Table(table), [first, rest @ ..]) => put(table.get_mut(first).unwrap(), rest, value),
        (Value::Array(all), [_, rest @ ..]) => put(&mut all[0], rest, value),
        _ => unreachable!("{path:?}"),
    }
}

/// What is found before anything runs; where nothing is, the small operators are built.
fn check(kind: SchemaOf, text: String, folder: &Path) -> Result<(), ConfigError> {
    let path = folder.join("config.toml");
    fs::write(&path, &text).unwrap();
    let source = Source { path: path.clone(), text };
    let first = |conflicts: Vec<ConfigError>| conflicts.into_iter().next().map_or(Ok(()), Err);
    match kind {
        SchemaOf::Recon => {
            let config: ReconConfig = source.parse()?;
            first(config.conflicts(&source, true))?;
            let MeasurementConfig::Simulated(acquisition) = &config.measurement else { return Ok(()) };
            let geometry = acquisition.geometry(&source, "measurement.simulated")?;
            first(config.conflicts_with(&geometry, &source))?;
            build(&config, &geometry, &source)
        }
        SchemaOf::Simulate => {
            let config: SimulateConfig = source.parse()?;
            first(config.conflicts(&source, true))
        }
        SchemaOf::Study => first(Study::read(&path)?.conflicts(true)),
        SchemaOf::Train => first(source.parse::<TrainConfig>()?.conflicts(&source, true)),
        SchemaOf::TrainRidge => first(source.parse::<RidgeTraining>()?.conflicts(&source, true)),
        SchemaOf::Psf => first(source.parse::<PsfConfig>()?.conflicts(&source)),
        SchemaOf::Normalise => first(source.parse::<NormaliseConfig>()?.conflicts(&source, true)),
    }
}

fn build(config: &ReconConfig, geometry: &SinogramGeometry, source: &Source) -> Result<(), ConfigError> {
    let grid = config.image.grid(geometry, source)?;
    if geometry.lines() > 100_000 || grid.voxels() > 100_000 {
        return Ok(()); // possible, and large
    }
    Projector::new(geometry, grid);
    let widths = config.resolution.as_ref().map(|resolution| resolution.widths()).unwrap_or_default();
    if Resolution::bytes(&grid, &widths) < 100_000_000 {
        Resolution::new(&grid, &widths);
    }
    Ok(())
}

#[test]
fn absurd_numbers_are_refused_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("scan.dose-0.25.h5"), "").unwrap();
    let (mut tried, mut refused, mut panics, mut seen) = (0, 0, Vec::new(), HashSet::new());
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    for (kind, text) in configs() {
        let root = serde_json::to_value(schema(kind)).unwrap();
        let config: Value = toml::from_str(&text).unwrap();
        with_each_number(&config, &root, &mut seen, &mut |what, changed| {
            tried += 1;
            let text = toml::to_string(changed).unwrap();
            match catch_unwind(AssertUnwindSafe(|| check(kind, text, folder.path()))) {
                Ok(result) => refused += usize::from(result.is_err()),
                Err(panic) => {
                    let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                    panics.push(format!("{kind:?} {what}: {said}"));
                }
            }
        });
    }
    std::panic::set_hook(hook);
    println!("{tried} configs, {refused} refused");
    assert!(panics.is_empty(), "{} of {tried}:\n{}", panics.len(), panics[..panics.len().min(60)].join("\n"));
    assert!(tried > 1500 && 2 * refused > tried, "{refused} of {tried}");
}

/// The keys whose absurd values once crashed, hung, or went unsaid: each is underlined, with what is possible.
#[test]
fn what_cannot_be_is_underlined_with_its_range() {
    let folder = tempfile::tempdir().unwrap();
    let osem = "[algorithm.osem]\nsubsets = 1\niterations = 1\n";
    let said = |from: &str, to: &str| {
        let text = format!("{SMALL}{osem}").replacen(from, to, 1);
        assert!(text.contains(to), "{from}");
        let ConfigError::Mistake(mistake) = check(SchemaOf::Recon, text, folder.path()).unwrap_err() else {
            panic!("{to}")
        };
        let at = mistake.text[mistake.span.clone().expect("a place")].to_owned();
        format!("{at}: {}", mistake.message)
    };
    for (from, to, expected) in [
        ("12.0, 4.0]", "12.0, 6.938893903907228e-18]", "6.938893903907228e-18: must be at least 0.001"),
        ("12.0, 4.0]", "12.0, 1e30]", "1e30: must be at most 20000"),
        ("fwhm_mm = [4.0", "fwhm_mm = [1e308", "1e308: must be at most 100, got 1e308"),
        ("bin_ps = 500.0", "bin_ps = 1e-7", "1e-7: scanner field `tof.bin_ps` is 1e-7, expected a time from 0.1"),
        ("fwhm_ps = 400.0", "fwhm_ps = 1e-7", "1e-7: scanner field `tof.fwhm_ps`"),
        ("inner_radius_mm = 160.0", "inner_radius_mm = 0.0", "0.0: scanner field `inner_radius_mm` is 0.0"),
        ("crystal_pitch_mm = 20.0", "crystal_pitch_mm = 40.0", "40.0: scanner field `layout.polygon.crystal_pitch_mm`"),
        ("rings_per_block = 1", "rings_per_block = 0", "1.0: scanner field `axial_block_gap_mm`"),
        ("radial_bins = 15", "radial_bins = 15\ncrystals_per_block = 5", "5: scanner field `crystals_per_block`"),
        ("radial_bins = 15", "radial_bins = 15\nvirtual_crystals = 1", "1: scanner field `virtual_crystals`"),
        ("iterations = 1", "iterations = 9223372036854775807", "9223372036854775807: must be at most 1000000"),
        ("[algorithm", "[run]\nthreads = 1000000000\n[algorithm", "1000000000: must be at most 1024"),
    ] {
        let found = said(from, to);
        assert!(found.starts_with(expected), "{to}: {found}");
    }
}
