//! The command line. Results go to stdout, everything else to stderr.
//!
//! Exit codes: 0 done, 1 failed while running, 2 wrong usage or config, 130 interrupted.
#![forbid(unsafe_code)]

use clap::{Parser, Subcommand, ValueEnum};
use coincide::config::{ConfigError, Mistake};
use coincide::run::{self, RunError, SchemaOf};
use miette::{GraphicalReportHandler, GraphicalTheme, MietteDiagnostic, NamedSource, Report};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// Iterative PET reconstruction: fast exact-adjoint projectors, OSEM, phantoms, formats.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON object on stdout instead of text
    #[arg(long, global = true)]
    json: bool,
    /// Print no progress
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    /// List the scanners that are known by name
    Scanners,
    /// Describe a scanner
    Info {
        /// Name of a scanner
        what: String,
    },
    /// Print the JSON Schema of a config file
    Schema {
        /// Which config
        #[arg(value_enum, default_value_t = Kind::Recon)]
        kind: Kind,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Recon,
    Simulate,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            explain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), RunError> {
    let json = arguments.json;
    match &arguments.command {
        Command::Scanners => show(&run::list_scanners()?, json),
        Command::Info { what } => show(&run::describe_scanner(what)?, json),
        Command::Schema { kind } => {
            let of = match kind {
                Kind::Recon => SchemaOf::Recon,
                Kind::Simulate => SchemaOf::Simulate,
            };
            print(&serde_json::to_string_pretty(&run::schema(of)).unwrap_or_default());
        }
    }
    Ok(())
}

fn show<R: serde::Serialize + std::fmt::Display>(result: &R, json: bool) {
    match json {
        true => print(&serde_json::to_string_pretty(result).unwrap_or_default()),
        false => print(&result.to_string()),
    }
}

/// A reader that has gone away (`coincide scanners | head -1`) is no failure.
fn print(text: &str) {
    let _ = writeln!(io::stdout(), "{}", text.trim_end());
}

fn explain(error: &RunError) {
    match error {
        RunError::Config(ConfigError::Mistake(mistake)) => eprint!("{}", underlined(mistake)),
        _ => eprintln!("error: {error}"),
    }
}

/// The mistake with its line of the config, as miette draws it.
fn underlined(mistake: &Mistake) -> String {
    let mut diagnostic = MietteDiagnostic::new(mistake.message.clone());
    diagnostic.help = mistake.help.clone();
    if let Some(span) = &mistake.span {
        diagnostic.labels = Some(vec![miette::LabeledSpan::underline(span.clone())]);
    }
    let source = NamedSource::new(mistake.path.display().to_string(), mistake.text.clone());
    let report = Report::new(diagnostic).with_source_code(source);
    let theme = match io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        true => GraphicalTheme::unicode(),
        false => GraphicalTheme::unicode_nocolor(),
    };
    let mut text = String::new();
    match GraphicalReportHandler::new_themed(theme).with_width(110).render_report(&mut text, report.as_ref()) {
        Ok(()) => text,
        Err(_) => format!("error: {mistake}\n"),
    }
}
