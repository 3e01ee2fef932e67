//! What can be typed.

use clap::{Parser, Subcommand, ValueEnum};
use coincide::image::ImageUnit;
use coincide::observe::Console;
use coincide::run::{Interruption, Options, SchemaOf, Warnings};
use coincide::study::{BENCH_CASES, CONVERGENCE_CASES};
use coincide::units::MOST_THREADS;
use std::path::PathBuf;

/// Name of the command that looks through a file for another process.
pub const LOOK_THROUGH: &str = "look-through";

/// Iterative PET reconstruction: fast exact-adjoint projectors, OSEM, phantoms, formats.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    /// Print one JSON object on stdout instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Print no progress
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Replace existing files
    #[arg(long, global = true)]
    force: bool,
    /// Threads; 0 means all [default: what the config says]
    #[arg(long, global = true, value_parser = threads)]
    threads: Option<usize>,
}

impl Arguments {
    /// How the command is run.
    pub fn options(&self) -> Options {
        let interrupt = Interruption::default();
        let console = Console::new(self.quiet);
        Options { console, force: self.force, threads: self.threads, interrupt, warnings: Warnings::spoken() }
    }
}

fn threads(text: &str) -> Result<usize, String> {
    let threads: usize = text.parse().map_err(|error| format!("{error}"))?;
    match threads {
        0..=MOST_THREADS => Ok(threads),
        _ => Err(format!("at most {MOST_THREADS} threads are possible")),
    }
}

#[derive(Subcommand)]
pub enum Command {
    /// Open a file of the program's own kinds, so that another process sees whether that can be survived
    #[command(hide = true, name = LOOK_THROUGH)]
    LookThrough {
        /// The file
        file: PathBuf,
    },
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
pub enum Evaluate {
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
pub enum Bench {
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
pub enum Unit {
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

/// What a schema is of.
#[derive(Clone, Copy, ValueEnum)]
pub enum Kind {
    Recon,
    Simulate,
    Normalise,
    Psf,
    Study,
    Train,
    TrainRidge,
}

impl From<Kind> for SchemaOf {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Recon => Self::Recon,
            Kind::Simulate => Self::Simulate,
            Kind::Normalise => Self::Normalise,
            Kind::Psf => Self::Psf,
            Kind::Study => Self::Study,
            Kind::Train => Self::Train,
            Kind::TrainRidge => Self::TrainRidge,
        }
    }
}
