//! What a training run needs to go on after a stop, in one file that is replaced as a whole.
//!
//! A safetensors file: `parameters`, `best`, `adam.mean`, `adam.square` and `history` (one row per validation, `[row,
//! column]`), all F64, and in its metadata the number of steps, the open sums, and the fingerprint of the config.

use super::TrainError;
use super::state::State;
use crate::io::{IoError, write_whole};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::path::Path;

/// Longest file that is read, in bytes.
const LONGEST: u64 = 1 << 30;

/// One point of the learning curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Steps made.
    pub step: f64,
    /// Mean loss since the row before.
    pub loss: f64,
    /// Mean NRMSE on the validation cases.
    pub validation: f64,
    /// The same with the detection term, which the best weights have least of; the NRMSE where there is no term.
    pub whole: f64,
    /// SNR of the observer of the lesions over that in the MAP images; NaN where there is no detection term.
    pub observer: f64,
    /// Share of the lesions that comes through, over that of the same images; NaN where there is no detection term.
    pub transmission: f64,
    /// γ of the first stage.
    pub gamma: f64,
    /// Mean norm of the gradient since the row before.
    pub gradient: f64,
    /// Training time so far in s.
    pub seconds: f64,
}

const COLUMNS: usize = 9;

/// All that a run has reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Parameters and optimiser.
    pub state: State,
    /// The parameters with the smallest validation error.
    pub best: Vec<f64>,
    /// The learning curve.
    pub history: Vec<Row>,
    /// Sums of loss and gradient norm, and their number, since the last row.
    pub open: [f64; 3],
    /// Training time so far in s.
    pub seconds: f64,
    /// Fingerprint of what the run was asked for.
    pub config: String,
}

impl Checkpoint {
    /// Writes the file; an older one is replaced.
    pub fn write(&self, path: &Path) -> Result<(), TrainError> {
        let history: Vec<f64> = self.history.iter().flat_map(|row| row.columns()).collect();
        let tensors = [
            ("parameters", &self.state.parameters),
            ("best", &self.best),
            ("adam.mean", &self.state.adam.mean),
            ("adam.square", &self.state.adam.square),
            ("history", &history),
        ];
        let bytes = tensors.map(|(_, values)| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
        let broken = |error: safetensors::SafeTensorError| wrong(path, error.to_string());
        let mut views = Vec::new();
        for ((name, values), bytes) in tensors.iter().zip(&bytes) {
            views.push((*name, TensorView::new(Dtype::F64, vec![values.len()], bytes).map_err(broken)?));
        }
        let [loss, gradient, count] = self.open.map(|value| value.to_bits().to_string());
        let metadata = [
            ("steps".to_owned(), self.state.adam.steps.to_string()),
            ("stages".to_owned(), self.state.stages.to_string()),
            ("phase".to_owned(), self.state.phase.to_string()),
            ("open".to_owned(), format!("{loss} {gradient} {count}")),
            ("seconds".to_owned(), self.seconds.to_string()),
            ("config".to_owned(), self.config.clone()),
        ];
        let file = serialize(views, Some(metadata.into_iter().collect())).map_err(broken)?;
        let write = |temporary: &Path| {
            std::fs::write(temporary, &file).map_err(|source| IoError::System {
                path: path.into(),
                action: "writing",
                source,
            })
        };
        Ok(write_whole(path, true, write)?)
    }

    /// Reads the file of a run whose config has this fingerprint.
    pub fn read(path: &Path, config: &str) -> Result<Self, TrainError> {
        let failed = |source| IoError::System { path: path.into(), action: "reading", source };
        if std::fs::metadata(path).map_err(failed)?.len() > LONGEST {
            return Err(wrong(path, format!("more than {LONGEST} bytes are no checkpoint")));
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        let broken = |error: safetensors::SafeTensorError| wrong(path, format!("not a checkpoint: {error}"));
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let text = |key: &str| metadata.get(key).ok_or_else(|| wrong(path, format!("not a checkpoint: no `{key}`")));
        if text("config")? != config {
            return Err(wrong(
                path,
                "is of another config; give it another `output.model`, or train anew with --force".into(),
            ));
        }
        let number = |key: &str| -> Result<f64, TrainError> {
            text(key)?.parse().map_err(|_| wrong(path, format!("`{key}` is no number")))
        };
        let tensors = SafeTensors::deserialize(&bytes).map_err(broken)?;
        let floats = |name: &str| -> Result<Vec<f64>, TrainError> {
            let tensor = tensors.tensor(name).map_err(broken)?;
            let values = tensor.data().chunks_exact(8);
            Ok(values.map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap_or_default())).collect())
        };
        let open = text("open")?.split(' ').map(|bits| bits.parse().map(f64::from_bits));
        let open = open.collect::<Result<Vec<f64>, _>>().map_err(|_| wrong(path, "`open` holds no numbers".into()))?;
        let (parameters, best) = (floats("parameters")?, floats("best")?);
        let (mean, square) = (floats("adam.mean")?, floats("adam.square")?);
        let stages = number("stages")? as usize;
        let fit = [&best, &mean, &square].iter().all(|values| values.len() == parameters.len());
        if !fit || open.len() != 3 || !(1..parameters.len()).contains(&stages) {
            return Err(wrong(path, "its parts do not fit together".into()));
        }
        let adam = super::Adam { mean, square, steps: number("steps")? as u64 };
        Ok(Self {
            state: State { parameters, adam, phase: number("phase")? as usize, stages },
            best,
            history: floats("history")?.chunks_exact(COLUMNS).map(Row::from_columns).collect(),
            open: [open[0], open[1], open[2]],
            seconds: number("seconds")?,
            config: config.into(),
        })
    }
}

impl Row {
    fn columns(&self) -> [f64; COLUMNS] {
        let Self { step, loss, validation, whole, observer, transmission, gamma, gradient, seconds } = *self;
        [step, loss, validation, whole, observer, transmission, gamma, gradient, seconds]
    }

    fn from_columns(columns: &[f64]) -> Self {
        let [step, loss, validation, whole, observer, transmission, gamma, gradient, seconds] =
            std::array::from_fn(|column| columns[column]);
        Self { step, loss, validation, whole, observer, transmission, gamma, gradient, seconds }
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { step, loss, validation, observer, transmission, gamma, gradient, seconds, .. } = self;
        write!(f, "step {step}: validation {validation:.4}, γ {gamma:.3}")?;
        if observer.is_finite() {
            write!(f, ", observer's SNR {observer:.3} and transmission {transmission:.3} of the MAP images'")?;
        }
        // Before the first step there is no loss.
        if loss.is_finite() {
            write!(f, ", loss {loss:.4}, gradient {gradient:.2}, {seconds:.0} s")?;
        }
        Ok(())
    }
}

fn wrong(path: &Path, problem: String) -> TrainError {
    TrainError::Checkpoint { path: path.into(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &Path) -> Checkpoint {
        let state = State::new(&[0.5, -1.0, 2.0], 2, &[0.3]);
        let (unknown, seconds) = (f64::NAN, 1.5);
        let row = Row {
            step: 0.0,
            loss: unknown,
            validation: 0.4,
            whole: 0.4,
            observer: unknown,
            transmission: unknown,
            gamma: 0.3,
            gradient: unknown,
            seconds,
        };
        let (best, open) = (state.parameters.clone(), [1.0, f64::INFINITY, 2.0]);
        let checkpoint = Checkpoint { state, best, history: vec![row], open, seconds: 7.25, config: "c".into() };
        checkpoint.write(path).unwrap();
        checkpoint
    }

    #[test]
    fn what_is_written_is_read_and_another_config_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.checkpoint");
        let (written, read) = (written(&path), Checkpoint::read(&path, "c").unwrap());
        assert_eq!((read.state, read.best, read.open), (written.state, written.best, written.open));
        assert!(read.history[0].loss.is_nan() && read.history[0].validation == 0.4 && read.seconds == 7.25);
        assert!(Checkpoint::read(&path, "d").unwrap_err().to_string().contains("another config"));
    }

    proptest::proptest! {
        #[test]
        fn changed_bytes_never_panic(changes: Vec<(usize, u8)>, cut in 0..50_usize) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.checkpoint");
            written(&path);
            let mut bytes = std::fs::read(&path).unwrap();
            for (at, byte) in changes {
                let length = bytes.len();
                bytes[at % length] = byte;
            }
            bytes.truncate(bytes.len() - cut);
            std::fs::write(&path, bytes).unwrap();
            if let Ok(read) = Checkpoint::read(&path, "c") {
                proptest::prop_assert!(read.state.stages < read.state.parameters.len());
            }
        }
    }
}
