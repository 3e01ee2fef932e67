//! Progress for people: a bar on a terminal, plain lines in a pipe, nothing when quiet. Always on stderr, so that
//! stdout holds results only.

use crate::algorithm::{Observer, Step};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How to speak to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Console {
    /// Bars.
    Terminal,
    /// Lines.
    Plain,
    /// Silence.
    Quiet,
}

impl Console {
    /// What fits the stderr of this process.
    pub fn new(quiet: bool) -> Self {
        match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Terminal,
            (false, false) => Self::Plain,
        }
    }

    /// Says one line.
    pub fn say(self, text: impl std::fmt::Display) {
        if self != Self::Quiet {
            eprintln!("{text}");
        }
    }

    /// Progress of something.
    pub fn progress(self, what: &str) -> Progress {
        let bar = match self {
            Self::Terminal => ProgressBar::new(0).with_style(style()).with_message(what.to_owned()),
            Self::Plain | Self::Quiet => ProgressBar::hidden(),
        };
        if self == Self::Terminal {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        let (words, said) = (Mutex::new(String::new()), Mutex::new(None));
        Progress { console: self, what: what.into(), words, said, bar }
    }
}

fn style() -> ProgressStyle {
    let template = "{msg:<14} {bar:32} {pos}/{len}  {elapsed} elapsed, {eta} to go";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// One bar, or its lines: a pipe gets a line at the start and per tenth, not one per update.
pub struct Progress {
    console: Console,
    what: String,
    /// What is said beside it.
    words: Mutex<String>,
    /// The total, and the tenth of it that was said last.
    said: Mutex<Option<(usize, usize)>>,
    bar: ProgressBar,
}

impl Progress {
    /// `done` of `total` steps are done; may be called from any thread.
    pub fn set(&self, done: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
        if self.console != Console::Plain {
            return;
        }
        let tenth = done * 10 / total.max(1);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        // Another total is that of another part of the work, which begins anew.
        if said.is_none_or(|(before, last)| before != total || last < tenth) {
            *said = Some((total, tenth));
            let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("{}{words}: {done} of {total}", self.what);
        }
    }

    /// Says a few words beside the bar, until others take their place.
    pub fn beside(&self, words: impl std::fmt::Display) {
        let words = format!(", {words}");
        self.bar.set_message(format!("{}{words}", self.what));
        *self.words.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    /// Says one line above the bar.
    pub fn say(&self, text: impl std::fmt::Display) {
        self.bar.suspend(|| self.console.say(text));
    }

    /// An observer of `updates` updates.
    pub fn of_updates(self, updates: usize) -> UpdateProgress {
        UpdateProgress { progress: self, updates }
    }
}

/// Progress over the updates of an algorithm.
pub struct UpdateProgress {
    progress: Progress,
    updates: usize,
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for UpdateProgress {
    fn observe(&mut self, step: &Step, _image: &[f32]) -> ControlFlow<String> {
        self.progress.set(step.update, self.updates);
        ControlFlow::Continue(())
    }
}
