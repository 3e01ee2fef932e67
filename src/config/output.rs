//! What is written, when a run stops, and how it runs.

use super::collisions::Written;
use super::{ConfigError, Source};
use crate::io::{ends_in, image_endings};
use crate::paths::FilePath;
use crate::units::{Positive, Seconds};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// `[output]`: files of the result; relative to the config file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputConfig {
    /// HDF5 image with its provenance.
    #[serde(default)]
    pub image: Option<FilePath>,
    /// NIfTI image (`.nii` or `.nii.gz`).
    #[serde(default)]
    pub nifti: Option<FilePath>,
    /// Interfile image (`.hv`).
    #[serde(default)]
    pub interfile: Option<FilePath>,
    /// The image in further formats, as their names end: MetaImage (`.mha`, `.mhd`), CASToR (`.hdr`), and those above.
    #[serde(default)]
    pub others: Vec<FilePath>,
    /// PNG picture of the three middle slices.
    #[serde(default)]
    pub picture: Option<FilePath>,
    /// HTML report with a viewer: everything that is known about the image, in one file.
    #[serde(default)]
    pub report: Option<FilePath>,
    /// An image every so many full iterations, beside `image`: `image.iteration-2.h5`.
    #[serde(default, deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub snapshots_every: Option<usize>,
}

impl OutputConfig {
    /// All keys that name a file, with the endings of their format.
    fn files(&self) -> [(&'static str, Option<&FilePath>, &'static [&'static str]); 5] {
        [
            ("output.image", self.image.as_ref(), &[".h5", ".hdf5"]),
            ("output.nifti", self.nifti.as_ref(), &[".nii", ".nii.gz"]),
            ("output.interfile", self.interfile.as_ref(), &[".hv"]),
            ("output.picture", self.picture.as_ref(), &[".png"]),
            ("output.report", self.report.as_ref(), &[".html"]),
        ]
    }

    /// All files that are written in a run of so many iterations.
    pub(super) fn written(&self, iterations: usize) -> Vec<Written> {
        let named = self.files().into_iter().filter_map(|(at, path, _)| Some(Written::named(at, path?)));
        let data = self.interfile.iter().map(|path| Written {
            at: "output.interfile".into(),
            what: "the data of `output.interfile`".into(),
            path: path.with_extension("v"),
        });
        let others = self.others.iter().flat_map(|path| {
            let beside = [("mhd", "raw"), ("hdr", "img"), ("hv", "v")].into_iter().find(|(of, _)| ends_in(path, &[of]));
            let data = beside.map(|(_, data)| path.with_extension(data));
            std::iter::once(path.to_path_buf()).chain(data).map(|path| Written::named("output.others", &path))
        });
        named.chain(data).chain(others).chain(self.snapshots(iterations)).collect()
    }

    fn snapshots(&self, iterations: usize) -> Vec<Written> {
        let (Some(every @ 1..), Some(image)) = (self.snapshots_every, &self.image) else { return Vec::new() };
        let snapshot = |iteration| Written {
            at: "output.snapshots_every".into(),
            what: format!("the snapshot of iteration {iteration} (`output.snapshots_every`)"),
            path: snapshot_path(image, iteration),
        };
        (every..=iterations).step_by(every).map(snapshot).collect()
    }

    /// What keeps the files of a run of so many iterations from being written.
    pub fn conflicts(&self, iterations: usize, source: &Source, force: bool) -> Vec<ConfigError> {
        let named = self.files().into_iter().filter_map(|(at, path, endings)| Some((at, path?, endings)));
        let mut conflicts: Vec<_> =
            named.filter_map(|(at, path, endings)| source.unwritable(at, path, endings, force)).collect();
        let others = self.others.iter();
        conflicts.extend(others.filter_map(|path| source.unwritable("output.others", path, &image_endings(), force)));
        let there = |snapshot: &Written| source.unwritable(&snapshot.at, &snapshot.path, &[""], force);
        conflicts.extend(self.snapshots(iterations).iter().find_map(there));
        match self.snapshots_every {
            Some(_) if self.image.is_none() => {
                let help = Some("add `image = \"image.h5\"` to [output]".into());
                conflicts.push(source.mistake(
                    "output.snapshots_every",
                    "snapshots need an `image` to stand beside",
                    help,
                ));
            }
            Some(0) => {
                let help = Some("1 writes an image after every full iteration".into());
                conflicts.push(source.mistake("output.snapshots_every", "0 is not a number of iterations", help));
            }
            _ => {}
        }
        conflicts
    }
}

/// `image.h5` → `image.iteration-2.h5`
pub fn snapshot_path(path: &Path, iteration: usize) -> PathBuf {
    let ending = path.extension().map_or(String::new(), |ending| format!(".{}", ending.to_string_lossy()));
    path.with_extension(format!("iteration-{iteration}{ending}"))
}

/// `[stop]`: reasons to stop before all iterations are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopConfig {
    /// Reconstruction time in s; metrics, files and pictures are not counted.
    #[serde(default)]
    pub time_limit_s: Option<Seconds>,
    /// Updates (sub-iterations) after which to stop.
    #[serde(default)]
    pub updates: Option<usize>,
    /// Stop when ‖x − x_before‖ / ‖x‖ of a full iteration falls below this.
    #[serde(default)]
    pub relative_change: Option<Positive>,
    /// Stop when the distance from the maximum, ‖x⁺ − x‖ / max(‖x‖, ‖x⁺‖) with x⁺ = P₊(x + D ∇Φ), D = (x + δ) / s,
    /// falls below this. It is found after every full iteration, by one more pass over the data.
    #[serde(default)]
    pub tolerance: Option<Positive>,
}

/// `[run]` of a reconstruction: how the run is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconRunConfig {
    /// Threads; 0 means all.
    #[serde(default, deserialize_with = "crate::units::threads")]
    #[schemars(range(max = 1024))]
    pub threads: usize,
    /// Objective and figures of merit every so many full iterations; 0 means only at the end.
    #[serde(default, deserialize_with = "crate::units::repeats")]
    #[schemars(range(max = 1_000_000))]
    pub figures_every: usize,
    /// Memory in GB (10⁹ bytes) that the run may take; by default what the machine has free.
    #[serde(default)]
    pub memory_gb: Option<Positive>,
    /// What becomes of prompts that no image can explain: their lines have no background, and no factor or no voxel.
    #[serde(default)]
    pub impossible: ImpossibleCounts,
}

/// What becomes of prompts that no image can explain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ImpossibleCounts {
    /// Few are left out with a warning; where they are more than 1 % of the prompts, the run is refused.
    #[default]
    Refuse,
    /// They are left out with a warning, however many they are.
    LeaveOut,
}

/// `[run]`: how the run is carried out; nothing here changes the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// Threads; 0 means all.
    #[serde(default, deserialize_with = "crate::units::threads")]
    #[schemars(range(max = 1024))]
    pub threads: usize,
}
