//! What was typed, done.

use super::arguments::{Arguments, Bench, Command, Evaluate, LOOK_THROUGH};
use super::output::{print_json, show};
use coincide::io::hdf5;
use coincide::run::{self, Options, RunError};
use coincide::study;
use std::path::Path;
use std::process::ExitCode;

/// Runs a command and prints its result.
pub fn run(arguments: &Arguments, options: &Options) -> Result<ExitCode, RunError> {
    let json = arguments.json;
    if let Ok(program) = std::env::current_exe() {
        hdf5::look_with(program, LOOK_THROUGH);
    }
    match &arguments.command {
        Command::LookThrough { file } => {
            return Ok(if hdf5::look_through(file).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Scanners => show(&run::list_scanners()?, json)?,
        Command::Phantoms => show(&run::list_phantoms()?, json)?,
        Command::Algorithms { name: None } => show(&run::list_algorithms(), json)?,
        Command::Algorithms { name: Some(name) } => show(&run::describe_algorithm(name)?, json)?,
        Command::Priors { name: None } => show(&run::list_priors(), json)?,
        Command::Priors { name: Some(name) } => show(&run::describe_prior(name)?, json)?,
        Command::Info { what } => show(&run::info(what)?, json)?,
        Command::Convert { input, output, unit } => show(&run::convert(input, output, (*unit).into(), options)?, json)?,
        Command::Demo { output } => show(&run::demo(output.as_deref(), options)?, json)?,
        Command::Simulate { config } => show(&run::simulate(config, options)?, json)?,
        Command::Normalise { config } => show(&run::normalise(config, options)?, json)?,
        Command::Psf { config } => show(&run::psf(config, options)?, json)?,
        Command::Recon { config, replay } => match (config, replay) {
            (_, Some(image)) => {
                let result = run::replay(image, options)?;
                show(&result, json)?;
                return Ok(if result.identical { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            (Some(config), None) => show(&run::recon(config, options)?, json)?,
            (None, None) => return Err(RunError::Usage("name a config, or an image to --replay".into())),
        },
        Command::Train { config, resume, at_most } => {
            let part = run::TrainPart { resume: *resume, at_most: *at_most };
            show(&run::train(config, part, options)?, json)?;
        }
        Command::Evaluate { part: Some(Evaluate::Coverage { study, calibrate }), .. } => {
            show(&study::evaluate_coverage(study, calibrate.as_deref(), options)?, json)?;
        }
        Command::Evaluate { part: Some(Evaluate::Sentinel { study, calibrate }), .. } => {
            show(&study::evaluate_sentinel(study, calibrate.as_deref(), options)?, json)?;
        }
        Command::Evaluate { study, .. } => {
            show(&study::evaluate(study.as_deref().unwrap_or(Path::new("")), options)?, json)?
        }
        Command::Check { config } => {
            let result = study::check(config, options)?;
            show(&result, json)?;
            return Ok(if result.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) });
        }
        Command::Verify { config } => {
            let result = run::verify(config, options)?;
            show(&result, json)?;
            return Ok(if result.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Bench { output, quick, part: None } => show(&study::bench(output, *quick, options)?, json)?,
        Command::Bench { part: Some(Bench::Projector { case, runs }), .. } => {
            show(&study::bench_projector(case, *runs, options)?, json)?
        }
        Command::Bench { part: Some(Bench::Convergence { case, algorithm, most_passes, output }), .. } => {
            show(&study::bench_convergence(case, algorithm, *most_passes, output, options)?, json)?;
        }
        Command::Schema { kind } => print_json(&run::schema((*kind).into()))?,
    }
    Ok(ExitCode::SUCCESS)
}
