//! Looks through a file in a process of its own before this one opens it.
//!
//! A file that was made to do harm, or damaged behind its checksums, can crash the C library, whatever is checked
//! before. A second process opens all that a reader would, and takes the crash. The program sets itself as that
//! process; other programs can with [`look_with`], and without it files are opened as they are.

use super::known::Form;
use super::{IoError, Source};
use ::hdf5::types::{FixedAscii, TypeDescriptor as Type};
use ::hdf5::{Attribute, Group, Location};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// What looks through files. It belongs to the process, as the crash would.
static LOOKER: OnceLock<Looker> = OnceLock::new();

struct Looker {
    /// Program and argument that look through the file named behind them.
    program: PathBuf,
    argument: String,
    /// Files that were looked through, as they were then: a run opens one several times.
    looked: Mutex<HashSet<(PathBuf, u64, SystemTime)>>,
}

/// How long the second process may take: its file may lie on a slow network.
const LONGEST: Duration = Duration::from_secs(120);
/// How often it is asked whether it is done.
const PAUSE: Duration = Duration::from_millis(2);

/// Numbers of an array that are read whole; of larger ones the first row is.
const SMALL: usize = 1 << 16;

/// From now on `program argument FILE` looks through every file before it is opened: it must call [`look_through`],
/// and end with 0 or 1.
pub fn look_with(program: PathBuf, argument: &str) {
    // Whoever was first stays.
    let _ = LOOKER.set(Looker { program, argument: argument.into(), looked: Mutex::default() });
}

/// Opens all that a reader would.
pub fn look_through(path: &Path) -> Result<(), IoError> {
    let source = Source::open_here(path)?;
    source.check_names()?;
    source.look_into(&source.file, "")
}

/// Lets the second process look through a file, where there is one. What is wrong with the file without being dangerous
/// is left to the reader, who can say it better.
pub(super) fn check(path: &Path) -> Result<(), IoError> {
    let Some(looker) = LOOKER.get() else { return Ok(()) };
    let looked = || looker.looked.lock().unwrap_or_else(PoisonError::into_inner);
    let state = state(path);
    if state.as_ref().is_some_and(|state| looked().contains(state)) {
        return Ok(());
    }
    look(looker, path)?;
    looked().extend(state);
    Ok(())
}

/// A file that is another one when it has changed.
fn state(path: &Path) -> Option<(PathBuf, u64, SystemTime)> {
    let about = path.metadata().ok()?;
    Some((path.canonicalize().ok()?, about.len(), about.modified().ok()?))
}

fn look(Looker { program, argument, .. }: &Looker, path: &Path) -> Result<(), IoError> {
    let mut command = Command::new(program);
    command.arg(argument).arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Where no process can be started, the file is opened as it is.
    let Ok(mut looker) = command.spawn() else { return Ok(()) };
    let start = Instant::now();
    let ended = loop {
        match looker.try_wait() {
            Ok(Some(status)) if matches!(status.code(), Some(0 | 1)) => return Ok(()),
            Ok(Some(status)) => break died(status),
            Ok(None) if start.elapsed() < LONGEST => std::thread::sleep(PAUSE),
            Ok(None) => {
                let _ = looker.kill().and_then(|()| looker.wait());
                break format!("does not come to an end with this file within {} s", LONGEST.as_secs());
            }
            Err(_) => return Ok(()),
        }
    };
    Err(IoError::Format {
        path: path.into(),
        text: format!("the HDF5 library {ended}: the file is damaged, or made to do harm"),
    })
}

fn died(status: ExitStatus) -> String {
    format!("does not survive this file ({status})")
}

impl Source {
    /// Reads what is small, and the beginning of what is not. What cannot be read is the reader's business.
    fn look_into(&self, group: &Group, at: &str) -> Result<(), IoError> {
        self.look_at_attributes(group)?;
        for name in self.checked(group.member_names())? {
            let Some(field) = self.kind.fields().find(|field| field.is_in(at, false) && field.is_called(&name)) else {
                continue;
            };
            if field.form == Form::Group {
                self.look_into(&self.checked(group.group(&name))?, field.at)?;
                continue;
            }
            let array = self.array(group, &name)?;
            self.look_at_attributes(&array.dataset)?;
            let small = array.shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n)).is_some_and(|n| n <= SMALL);
            let _ = match array.kind {
                Type::FixedAscii(_) => array.dataset.read_raw::<FixedAscii<4096>>().map(drop),
                Type::FixedUnicode(_) => array.dataset.read_raw::<::hdf5::types::FixedUnicode<4096>>().map(drop),
                _ if small => array.dataset.read_raw::<f64>().map(drop),
                _ => self.first_row(&array).map_or(Ok(()), |_| Ok(())),
            };
        }
        Ok(())
    }

    fn look_at_attributes(&self, place: &Location) -> Result<(), IoError> {
        for name in self.checked(place.attr_names())? {
            let attribute: Attribute = self.checked(place.attr(&name))?;
            let _ = match self.checked(attribute.dtype().and_then(|kind| kind.to_descriptor()))? {
                Type::FixedAscii(_) => attribute.read_raw::<FixedAscii<64>>().map(drop),
                Type::FixedUnicode(_) => attribute.read_raw::<::hdf5::types::FixedUnicode<64>>().map(drop),
                _ => attribute.read_raw::<f64>().map(drop),
            };
        }
        Ok(())
    }
}
