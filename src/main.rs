//! The command line. Results go to stdout, everything else to stderr.
//!
//! Exit codes: 0 done, 1 failed while running, 2 wrong usage or config, 130 interrupted.
#![forbid(unsafe_code)]

use clap::{Parser, Subcommand, ValueEnum};
use coincide::config::{ConfigError, Mistake};
use coincide::image::ImageUnit;
use coincide::io::IoError;
use coincide::observe::Console;
use coincide::run::{self, BENCH_CASES, CONVERGENCE_CASES, Interruption, Options, RunError, SchemaOf};
use miette::{GraphicalReportHandler, GraphicalTheme, MietteDiagnostic, NamedSource, Report};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
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
    /// Replace existing files
    #[arg(long, global = true)]
    force: bool,
    /// Threads; 0 means all [default: what the config says]
    #[arg(long, global = true)]
    threads: Option<usize>,
}

impl Arguments {
    fn options(&self) -> Options {
        let interrupt = Interruption::default();
        let console = Console::new(self.quiet);
        Options { console, force: self.force, threads: self.threads, interrupt }
    }
}

#[derive(Subcommand)]
enum Command {
    /// List the scanners that are known by name
    Scanners,
    /// List the phantoms that are shipped
    Phantoms,
    /// List the algorithms, or describe one with its parameters
    Algorithms {
        /// Name of an algorithm
        name: Option<String>,
    },
    /// List the priors, or describe one with its parameters
    Priors {
        /// Name of a prior
        name: Option<String>,
    },
    /// Describe a file, a scanner or a phantom
    Info {
        /// Image or measurement file, phantom file, name of a scanner or phantom
        what: String,
    },
    /// Convert images (.h5 .nii .nii.gz .hv → also .png) and measurements (.h5 .hs)
    Convert {
        /// File to read
        input: PathBuf,
        /// File to write; its ending is the format
        output: PathBuf,
        /// Unit of an image whose format does not state it
        #[arg(long, value_enum, default_value_t = Unit::Activity)]
        unit: Unit,
    },
    /// Simulate a low-count scan, reconstruct it, print the figures of merit, save images and pictures
    Demo {
        /// Folder to write to [default: a new folder coincide-demo]
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
    /// Simulate an acquisition: phantom → measurement file
    Simulate {
        /// Config of a simulation
        config: PathBuf,
    },
    /// Find a normalisation: scan of a known object → efficiencies of the scanner
    Normalise {
        /// Config of a normalisation
        config: PathBuf,
    },
    /// Find the resolution: scans of point sources → widths by radius for [resolution]
    Psf {
        /// Config of the scans
        config: PathBuf,
    },
    /// Reconstruct: measurement → image files
    Recon {
        /// Config of a reconstruction
        #[arg(required_unless_present = "replay")]
        config: Option<PathBuf>,
        /// Run the config inside this image (.h5) again, and compare
        #[arg(long, value_name = "IMAGE", conflicts_with = "config")]
        replay: Option<PathBuf>,
    },
    /// Train a network end to end through the projector, or a ridge regulariser
    Train {
        /// Config of a training run
        config: PathBuf,
        /// Go on from the checkpoint of a run that was stopped
        #[arg(long)]
        resume: bool,
        /// Stop after so many steps, to go on later with --resume
        #[arg(long, value_name = "STEPS")]
        at_most: Option<usize>,
    },
    /// Compare methods: many scans, every method with its knob tuned, tables, curves, maps
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Evaluate {
        /// Study file
        #[arg(required = true)]
        study: Option<PathBuf>,
        #[command(subcommand)]
        part: Option<Evaluate>,
    },
    /// Find conflicts in a config, and predict memory and time, before anything runs
    Check {
        /// Config of a reconstruction
        config: PathBuf,
    },
    /// Prove adjoint, chords and sensitivity on the geometry and image grid of a config
    Verify {
        /// Config of a reconstruction
        config: PathBuf,
    },
    /// Measure speed, accuracy and quality of every projector, algorithm and prior on this machine
    #[command(args_conflicts_with_subcommands = true)]
    Bench {
        /// Folder of the report and of all that it is made of
        #[arg(long, short, default_value = "coincide-bench")]
        output: PathBuf,
        /// One case of each kind, in a minute
        #[arg(long)]
        quick: bool,
        #[command(subcommand)]
        part: Option<Bench>,
    },
    /// Print the JSON Schema of a config file
    Schema {
        /// Which config
        #[arg(value_enum, default_value_t = Kind::Recon)]
        kind: Kind,
    },
}

#[derive(Subcommand)]
enum Evaluate {
    /// Do the intervals of `[confidence]` hold as many truths as they promise?
    Coverage {
        /// Study file
        study: PathBuf,
        /// Write a calibration that makes them do so for such scans
        #[arg(long, value_name = "FILE.json")]
        calibrate: Option<PathBuf>,
    },
    /// How often does the sentinel flag what is not missing, and how often an erased lesion?
    Sentinel {
        /// Study file
        study: PathBuf,
        /// Write the thresholds that one scan in twenty exceeds by chance, by noise
        #[arg(long, value_name = "FILE.json")]
        calibrate: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum Bench {
    /// Projectors, in lines of response per second
    Projector {
        /// Geometry and image grid
        #[arg(long, default_value = "mmr-span11-128", value_parser = clap::builder::PossibleValuesParser::new(BENCH_CASES))]
        case: String,
        /// Runs, of which the best counts
        #[arg(long, default_value_t = 5)]
        runs: usize,
    },
    /// Algorithms, in passes over the data until the image is within PETRIC's thresholds of the solution
    Convergence {
        /// Case, several times for several [default: all but `tiny`]
        #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(CONVERGENCE_CASES))]
        case: Vec<String>,
        /// Only algorithms whose name holds this, several times for several
        #[arg(long)]
        algorithm: Vec<String>,
        /// Passes after which an algorithm is given up
        #[arg(long, default_value_t = 40.0)]
        most_passes: f64,
        /// Folder of curves and reference solutions
        #[arg(long, short, default_value = "coincide-convergence")]
        output: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Unit {
    /// Bq/mL
    Activity,
    /// 1/cm
    Attenuation,
    /// HU, of a CT
    Hounsfield,
    /// Not calibrated
    Counts,
}

impl From<Unit> for ImageUnit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Activity => Self::BecquerelPerMl,
            Unit::Attenuation => Self::PerCm,
            Unit::Hounsfield => Self::Hounsfield,
            Unit::Counts => Self::CountsPerMm,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Recon,
    Simulate,
    Normalise,
    Psf,
    Study,
    Train,
    TrainRidge,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            explain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, RunError> {
    let (json, options) = (arguments.json, arguments.options());
    let interrupt = options.interrupt.clone();
    let handled = ctrlc::set_handler(move || {
        if interrupt.press() {
            std::process::exit(130);
        }
        eprintln!("stopping after this update, then saving; press Ctrl-C again to leave at once");
    });
    if let Err(error) = handled {
        eprintln!("warning: Ctrl-C will end the program without saving anything: {error}");
    }
    match &arguments.command {
        Command::Scanners => show(&run::list_scanners()?, json)?,
        Command::Phantoms => show(&run::list_phantoms()?, json)?,
        Command::Algorithms { name: None } => show(&run::list_algorithms(), json)?,
        Command::Algorithms { name: Some(name) } => show(&run::describe_algorithm(name)?, json)?,
        Command::Priors { name: None } => show(&run::list_priors(), json)?,
        Command::Priors { name: Some(name) } => show(&run::describe_prior(name)?, json)?,
        Command::Info { what } => show(&run::info(what)?, json)?,
        Command::Convert { input, output, unit } => {
            show(&run::convert(input, output, (*unit).into(), &options)?, json)?
        }
        Command::Demo { output } => show(&run::demo(output.as_deref(), &options)?, json)?,
        Command::Simulate { config } => show(&run::simulate(config, &options)?, json)?,
        Command::Normalise { config } => show(&run::normalise(config, &options)?, json)?,
        Command::Psf { config } => show(&run::psf(config, &options)?, json)?,
        Command::Recon { config, replay } => match (config, replay) {
            (_, Some(image)) => {
                let result = run::replay(image, &options)?;
                show(&result, json)?;
                return Ok(if result.identical { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            (Some(config), None) => show(&run::recon(config, &options)?, json)?,
            (None, None) => return Err(RunError::Usage("name a config, or an image to --replay".into())),
        },
        Command::Train { config, resume, at_most } => {
            let part = run::TrainPart { resume: *resume, at_most: *at_most };
            show(&run::train(config, part, &options)?, json)?;
        }
        Command::Evaluate { part: Some(Evaluate::Coverage { study, calibrate }), .. } => {
            show(&run::evaluate_coverage(study, calibrate.as_deref(), &options)?, json)?;
        }
        Command::Evaluate { part: Some(Evaluate::Sentinel { study, calibrate }), .. } => {
            show(&run::evaluate_sentinel(study, calibrate.as_deref(), &options)?, json)?;
        }
        Command::Evaluate { study, .. } => {
            show(&run::evaluate(study.as_deref().unwrap_or(Path::new("")), &options)?, json)?
        }
        Command::Check { config } => {
            let result = run::check(config, &options)?;
            show(&result, json)?;
            return Ok(if result.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) });
        }
        Command::Verify { config } => {
            let result = run::verify(config, &options)?;
            show(&result, json)?;
            return Ok(if result.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Bench { output, quick, part: None } => show(&run::bench(output, *quick, &options)?, json)?,
        Command::Bench { part: Some(Bench::Projector { case, runs }), .. } => {
            show(&run::bench_projector(case, *runs, &options)?, json)?
        }
        Command::Bench { part: Some(Bench::Convergence { case, algorithm, most_passes, output }), .. } => {
            show(&run::bench_convergence(case, algorithm, *most_passes, output, &options)?, json)?;
        }
        Command::Schema { kind } => show_json(&run::schema(match kind {
            Kind::Recon => SchemaOf::Recon,
            Kind::Simulate => SchemaOf::Simulate,
            Kind::Normalise => SchemaOf::Normalise,
            Kind::Psf => SchemaOf::Psf,
            Kind::Study => SchemaOf::Study,
            Kind::Train => SchemaOf::Train,
            Kind::TrainRidge => SchemaOf::TrainRidge,
        }))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show<R: serde::Serialize + std::fmt::Display>(result: &R, json: bool) -> Result<(), RunError> {
    match json {
        true => show_json(result),
        false => print(&result.to_string()),
    }
}

fn show_json<R: serde::Serialize>(result: &R) -> Result<(), RunError> {
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
