//! The command line. Results go to stdout, everything else to stderr.
//!
//! Exit codes: 0 done, 1 failed while running, 2 wrong usage or config, 130 interrupted.
#![forbid(unsafe_code)]

mod cli;

use clap::Parser;
use coincide::run::Interruption;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let options = arguments.options();
    save_on_ctrl_c(options.interrupt.clone());
    cli::run(&arguments, &options).unwrap_or_else(|error| {
        cli::explain(&error);
        ExitCode::from(error.exit_code())
    })
}

/// The first Ctrl-C lets a run save its image, the second ends the program.
fn save_on_ctrl_c(interrupt: Interruption) {
    let handled = ctrlc::set_handler(move || {
        if interrupt.press() {
            std::process::exit(130);
        }
        eprintln!("stopping after this update, then saving; press Ctrl-C again to leave at once");
    });
    if let Err(error) = handled {
        eprintln!("warning: Ctrl-C will end the program without saving anything: {error}");
    }
}
