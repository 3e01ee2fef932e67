//! Results on stdout, errors on stderr.

use coincide::config::{ConfigError, Mistake};
use coincide::io::IoError;
use coincide::run::RunError;
use miette::{GraphicalReportHandler, GraphicalTheme, MietteDiagnostic, NamedSource, Report};
use std::io::{self, IsTerminal, Write};

/// Prints a result as text or as one JSON object.
pub fn show<R: serde::Serialize + std::fmt::Display>(result: &R, json: bool) -> Result<(), RunError> {
    match json {
        true => print_json(result),
        false => print(&result.to_string()),
    }
}

/// Prints one JSON object.
pub fn print_json<R: serde::Serialize>(result: &R) -> Result<(), RunError> {
    let text = serde_json::to_string_pretty(result).map_err(|error| unwritten(io::Error::other(error)))?;
    print(&text)
}

/// A reader that has gone away (`coincide scanners | head -1`) is no failure; a full disk is.
fn print(text: &str) -> Result<(), RunError> {
    let mut out = io::stdout();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(error)),
        _ => Ok(()),
    }
}

fn unwritten(source: io::Error) -> RunError {
    RunError::Io(IoError::System { path: "stdout".into(), action: "writing the result", source })
}

/// Says what went wrong: a mistake in a config with its line.
pub fn explain(error: &RunError) {
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
