//! What the command line says beside the config.

use super::RunError;
use crate::observe::Console;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How a command is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How to speak to the user.
    pub console: Console,
    /// Whether existing files may be replaced.
    pub force: bool,
    /// Threads, where the command line says so; 0 means all.
    pub threads: Option<usize>,
    /// Ctrl-C.
    pub interrupt: Interruption,
    /// What the user should know of a result, in the order in which it was found.
    pub warnings: Warnings,
}

/// Warnings of a run, kept for its results; those of the program itself are said at once, too.
#[derive(Clone, Debug, Default)]
pub struct Warnings {
    all: Arc<Mutex<Vec<String>>>,
    spoken: bool,
}

impl Warnings {
    /// They are said on stderr, where progress is quiet too.
    pub fn spoken() -> Self {
        Self { spoken: true, ..Self::default() }
    }

    /// All of them, each once; there are none afterwards.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.all.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, text: &str) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.iter().any(|other| other == text) {
            return;
        }
        all.push(text.into());
        if self.spoken {
            eprintln!("warning: {text}");
        }
    }
}

/// Ctrl-C as the commands see it: it ends the program at once, unless there is an image to save first.
#[derive(Clone, Debug, Default)]
pub struct Interruption {
    /// Raised by Ctrl-C while something is at stake.
    pub raised: Arc<AtomicBool>,
    at_stake: Arc<AtomicBool>,
}

impl Interruption {
    /// Runs `work`, during which Ctrl-C only raises the flag.
    pub fn hold<T>(&self, work: impl FnOnce() -> T) -> T {
        self.at_stake.store(true, Ordering::SeqCst);
        let result = work();
        self.at_stake.store(false, Ordering::SeqCst);
        result
    }

    /// What Ctrl-C does; true means that the program shall end now.
    pub fn press(&self) -> bool {
        !self.at_stake.load(Ordering::SeqCst) || self.raised.swap(true, Ordering::SeqCst)
    }

    /// The same Ctrl-C as one of several parts of a command sees it: what is at stake is its own.
    pub(crate) fn of_part(&self) -> Self {
        Self { raised: self.raised.clone(), at_stake: Arc::default() }
    }

    /// Whether Ctrl-C was pressed while something was at stake.
    pub fn pressed(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }
}

impl Default for Options {
    /// Silent, replacing nothing, with the threads that the config says; warnings are in the results.
    fn default() -> Self {
        Self {
            console: Console::Quiet,
            force: false,
            threads: None,
            interrupt: Interruption::default(),
            warnings: Warnings::default(),
        }
    }
}

impl Options {
    /// The same for a run inside of another: it says nothing, and what it would warn of is not told of the whole.
    pub(crate) fn quiet(&self) -> Self {
        Self { console: Console::Quiet, warnings: Warnings::default(), ..self.clone() }
    }

    /// Tells once what changes the meaning of a result.
    pub(crate) fn warn(&self, text: &str) {
        self.warnings.add(text);
    }

    /// The threads of a run.
    pub(crate) fn pool(&self, configured: usize) -> Result<ThreadPool, RunError> {
        let threads = self.threads.unwrap_or(configured);
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(|error| RunError::Usage(format!("{threads} threads cannot be started: {error}")))
    }
}
