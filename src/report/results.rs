//! The JSON object that each command prints with `--json`. Fields may be added, never renamed.

use crate::metrics::Scores;
use crate::observe::Sample;
use crate::trust::{LesionFigure, Place, Tissue};
use serde::Serialize;
use std::path::PathBuf;

/// Result of `coincide recon`.
#[derive(Clone, Debug, Serialize)]
pub struct ReconResult {
    /// The image file; the first that was written.
    pub output: Option<PathBuf>,
    /// All files that were written.
    pub files: Vec<PathBuf>,
    /// What the reader of the image must know; empty where there is nothing.
    pub warnings: Vec<String>,
    /// Corrections that the model held, as files spell them.
    pub holds: String,
    /// To which moment the activity of the image refers.
    pub activity: String,
    /// SUV of the image's unit, where `[suv]` is given.
    pub suv_per_unit: Option<f64>,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Updates made.
    pub updates: usize,
    /// Why the run ended.
    pub stop: String,
    /// Reconstruction time in s, without reading, metrics and writing.
    pub seconds: f64,
    /// Time of the whole run in s.
    pub seconds_total: f64,
    /// Passes over the data: one is a projection and a back projection of all counts.
    pub full_passes: f64,
    /// Φ = L − β R of the last image with L = Σ y ln ȳ − ȳ; `None` for analytic algorithms, −∞ (null in JSON)
    /// for an image that makes a counted bin impossible.
    pub objective: Option<f64>,
    /// β R of the last image; 0 without a prior.
    pub penalty: f64,
    /// Name of the prior.
    pub prior: Option<String>,
    /// Weight β of the prior.
    pub beta: Option<f64>,
    /// Share of a weakly regularised image in the network's, where there is one.
    pub blend: Option<f64>,
    /// How the weight was found, where it was asked for.
    pub beta_search: Option<WeightSearch>,
    /// Trues that the image predicts: Σ m G B x.
    pub counts_in_image: f64,
    /// Net trues measured: Σ y − Σ b.
    pub counts_net: f64,
    /// Measured prompts: Σ y.
    pub counts_prompts: f64,
    /// Figures of merit against the reference; empty without one.
    pub metrics: Scores,
    /// Distance from the maximum: ‖x⁺ − x‖ / max(‖x‖, ‖x⁺‖), x⁺ = P₊(x + D ∇Φ), D = (x + δ) / s.
    pub kkt: Option<f64>,
    /// What the counts say against the image, where that was asked.
    pub sentinel: Option<SentinelResult>,
    /// Intervals for the truth, where they were asked for.
    pub confidence: Option<ConfidenceResult>,
    /// ‖x − x_before‖ / ‖x‖ of the last full iteration, where there were two.
    pub step: Option<f64>,
    /// Unit of the image.
    pub unit: String,
    /// Threads.
    pub threads: usize,
    /// SIMD level.
    pub level: String,
    /// Peak resident memory in MB, where the system tells.
    pub peak_memory_mb: Option<f64>,
    /// Figures along the way.
    pub history: Vec<Sample>,
}

/// What the counts say against an image: see [`crate::trust`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SentinelResult {
    /// Widths (FWHM) of the spots in mm.
    pub sizes_mm: Vec<f64>,
    /// ν̄ of a millilitre: that of a voxel ([`crate::prior::RelativeNoise`]) times the root of its volume in mL.
    pub noise: f64,
    /// Largest |z| that is not told.
    pub threshold: f64,
    /// False where the threshold was found on scans that are all noisier or all less noisy.
    pub inside: bool,
    /// Scans that the threshold was found by; 0 where it was given.
    pub simulated: usize,
    /// Share of the counts that was kept for the test; 0 where the image was fitted to all of them.
    pub held_out: f64,
    /// Smallest z.
    pub smallest: f64,
    /// Largest z.
    pub largest: f64,
    /// Unit of the heights.
    pub unit: String,
    /// Places above the threshold: compact ones first, then the strongest.
    pub places: Vec<Place>,
    /// What is certified of the regions that were named.
    pub certificates: Vec<Certificate>,
}

/// Evidence for and against a lesion in a region: see [`crate::trust::evidence`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Certificate {
    /// The region.
    pub name: String,
    /// Its activity in the image over that of its surroundings.
    pub shown_contrast: f64,
    /// e for presence; at least 1/δ by chance in a share δ of scans at most.
    pub present: f64,
    /// e for the absence of a lesion of at least `contrast`.
    pub absent: f64,
    /// Contrast from which on it would be a lesion.
    pub contrast: f64,
}

/// From which e on something is certified: errs in one scan of twenty at most.
pub const CERTIFIED: f64 = 20.0;

impl Certificate {
    /// What it says.
    pub fn in_words(&self) -> &'static str {
        match (self.present >= CERTIFIED, self.absent >= CERTIFIED) {
            (true, false) => "present",
            (false, true) => "absent",
            (true, true) => "fainter than a lesion, but present",
            (false, false) => "undecided by these counts",
        }
    }
}

/// Intervals for the truth: see [`crate::trust`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfidenceResult {
    /// Share of the voxels whose truth they shall hold.
    pub level: f64,
    /// Simulated scans.
    pub replicates: usize,
    /// Further networks whose images were compared.
    pub ensemble: Vec<String>,
    /// ν̄ of the scan.
    pub noise: f64,
    /// The calibration, where there is one.
    pub calibration: Option<PathBuf>,
    /// The method that it was made for.
    pub method: Option<String>,
    /// Unit of the widths.
    pub unit: String,
    /// By tissue.
    pub intervals: Vec<TissueInterval>,
    /// Figures of lesions.
    pub lesions: Vec<LesionInterval>,
}

/// The interval of a figure of a lesion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LesionInterval {
    /// The lesion's name.
    pub name: String,
    /// What was read off.
    pub figure: LesionFigure,
    /// Its value; volumes in mL.
    pub value: f64,
    /// λ; `None` where the calibration knows none, and σ itself is the half width.
    pub scale: Option<f64>,
    /// Whether the scan is like those of the calibration.
    pub inside: bool,
    /// Half width of the interval.
    pub half_width: f64,
}

/// Intervals of one kind of tissue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TissueInterval {
    /// The tissue.
    pub tissue: Tissue,
    /// Voxels of that kind.
    pub voxels: usize,
    /// λ; `None` where the calibration knows none, and σ itself is the half width.
    pub scale: Option<f64>,
    /// Whether the scan is like those of the calibration.
    pub inside: bool,
    /// Mean half width.
    pub half_width: f64,
}

/// How a weight was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WeightSearch {
    /// The best weight.
    pub beta: f64,
    /// Share of the counts that were reconstructed.
    pub kept: f64,
    /// Seed of the split.
    pub seed: u64,
    /// All weights that were tried.
    pub trials: Vec<WeightTrial>,
}

/// One weight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WeightTrial {
    /// The weight.
    pub beta: f64,
    /// Deviance of the held-out counts: 2 Σ y ln(y / ȳ) − (y − ȳ).
    pub deviance: f64,
}

/// Result of `coincide recon --replay`.
#[derive(Clone, Debug, Serialize)]
pub struct ReplayResult {
    /// The image whose run was repeated.
    pub image: PathBuf,
    /// Whether every bit came out the same.
    pub identical: bool,
    /// Reconstruction time in s.
    pub seconds: f64,
}

/// Result of `coincide bench projector`.
#[derive(Clone, Debug, Serialize)]
pub struct BenchResult {
    /// Name of the case.
    pub case: String,
    /// Threads.
    pub threads: usize,
    /// SIMD level.
    pub level: String,
    /// Lines of response.
    pub lors: usize,
    /// Forward projection in 10⁶ LOR/s, best of the runs.
    pub forward_mlor_per_s: f64,
    /// Back projection in 10⁶ LOR/s, best of the runs.
    pub back_mlor_per_s: f64,
    /// Time of a full OSEM iteration over that of one forward and one back projection.
    pub osem_iteration_over_projections: Option<f64>,
    /// Time of a full OSEM iteration with a resolution model over one without.
    pub resolution_over_osem: Option<f64>,
    /// Multiply-adds of the interpolation (two per sample) over what the machine can do: forward.
    pub forward_share_of_multiply_adds: f64,
    /// The same: back.
    pub back_share_of_multiply_adds: f64,
    /// What the machine can do.
    pub limits: Limits,
    /// Peak resident memory in MB, where the system tells.
    pub peak_memory_mb: Option<f64>,
    /// Runs that the best was taken of.
    pub runs: usize,
}

/// Measured limits of the machine.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// Multiply-adds of single floats per second, all threads together.
    pub multiply_adds_per_s: f64,
    /// The same on one thread.
    pub multiply_adds_per_s_one_thread: f64,
    /// Bytes per second that one thread reads from its first level of cache (16 KiB).
    pub l1_bytes_per_s: f64,
    /// From the second level (256 KiB).
    pub l2_bytes_per_s: f64,
    /// From memory (256 MiB).
    pub memory_bytes_per_s: f64,
}

/// Result of `coincide verify`.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyResult {
    /// Largest |⟨Ax, y⟩ − ⟨x, Aᵀy⟩| / (‖Ax‖ ‖y‖) over several pairs of signed noise.
    pub adjoint: f64,
    /// The same of the whole model of a config: factors ⊙ projector · resolution of its first subset; `None` where
    /// there is no measurement.
    pub assembled_adjoint: Option<f64>,
    /// Relative L2 difference of the sum over TOF bins from the projection without TOF; `None` without TOF.
    pub tof_sum: Option<f64>,
    /// Peak memory after one iteration, and as `coincide check` predicts it; `None` where there is no measurement, or
    /// no iterations.
    pub memory: Option<Memory>,
    /// Relative L2 error of projected chords through an ellipsoid of unit activity.
    pub chord_relative_l2: f64,
    /// What it must be below: voxel size over semi-axis, the largest of the three axes.
    pub chord_bound: f64,
    /// 99.9th percentile of the absolute error of a chord in mm.
    pub chord_p999_mm: f64,
    /// Smallest sensitivity inside the field of view, relative to the largest.
    pub sensitivity_min: f64,
    /// Whether all of it is as it must be.
    pub passed: bool,
}

/// A prediction of peak memory, and what came of it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Memory {
    /// As predicted, in MB.
    pub predicted_mb: f64,
    /// As found, in MB.
    pub found_mb: f64,
}

/// What small programs take is not told by their data.
const SMALL_MB: f64 = 64.0;

impl Memory {
    /// What must not be exceeded, in MB.
    pub fn most_mb(&self) -> f64 {
        1.1 * self.predicted_mb + SMALL_MB
    }
}

/// Result of `coincide check`.
#[derive(Default, Clone, Debug, Serialize)]
pub struct CheckResult {
    /// Predicted peak memory in MB; `None` where a conflict hides it.
    pub peak_memory_mb: Option<f64>,
    /// Predicted reconstruction time in s on this machine; `None` where a conflict hides it.
    pub seconds: Option<f64>,
    /// What keeps it from being run.
    pub problems: Vec<Problem>,
    /// What should be known of it before.
    pub warnings: Vec<String>,
}

/// One conflict.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// Where (`file:line:column`), what, and what would be right.
    pub message: String,
}
