//! The voxel grid, and what is done to images: resolution, attenuation, filters.

use super::{ConfigError, Source};
use crate::image::{Hounsfield, ImageGrid};
use crate::operator::Widths;
use crate::scanner::{RadialSampling, SinogramGeometry};
use crate::units::{NonNegative, Positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Largest number of voxels: 2³¹, 8 GiB an image.
const MOST_VOXELS: u64 = 1 << 31;

/// `[image]`: the voxel grid, centred on the scanner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageConfig {
    /// Voxels along x, y, z; by default as many as cover the field of view.
    #[serde(default)]
    pub shape: Option<[usize; 3]>,
    /// Voxel size along x, y, z in mm; by default the scanner's bin size and half its ring spacing, or what the
    /// given shape needs to cover the field of view.
    #[serde(default)]
    pub voxel_mm: Option<[Positive; 3]>,
    /// Whether the rest of the scanner's field is reconstructed, too, and left out of the files: where an object reaches beyond a small
    /// image, its counts must go somewhere.
    #[serde(default)]
    pub whole_field: WholeField,
}

/// Whether what lies outside of the image is reconstructed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WholeField {
    /// Where lines that miss the image hold counts beyond their background.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never: what lies outside adds to the image, most of all at its border.
    Never,
}

/// A Gaussian with its own width along x, y, z.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterConfig {
    /// Full width at half maximum along x, y, z in mm; 0 means none along this axis.
    pub fwhm_mm: [NonNegative; 3],
}

impl FilterConfig {
    /// The widths as plain numbers.
    pub fn widths_mm(&self) -> [f64; 3] {
        self.fwhm_mm.map(NonNegative::get)
    }
}

/// `[resolution]`: a Gaussian whose width may change with the distance from the scanner's axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolutionConfig {
    /// Full width at half maximum along x, y, z in mm, at the axis; 0 means none along this axis.
    pub fwhm_mm: [NonNegative; 3],
    /// Widths further out, by rising radius; between two radii the covariance is linear, beyond the last one it stays.
    #[serde(default)]
    pub by_radius: Vec<WidthAtRadius>,
}

/// A width of the resolution model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WidthAtRadius {
    /// Distance from the axis in mm.
    pub radius_mm: Positive,
    /// Full width at half maximum in mm along the radius, across it (tangential), and along the axis.
    pub fwhm_mm: [NonNegative; 3],
}

impl ResolutionConfig {
    /// The widths as plain numbers.
    pub fn widths(&self) -> Widths {
        let further = self.by_radius.iter().map(|at| (at.radius_mm.get(), at.fwhm_mm.map(NonNegative::get)));
        let axis = (0.0, self.fwhm_mm.map(NonNegative::get));
        Widths { by_radius: std::iter::once(axis).chain(further).collect() }
    }

    /// Radii that do not rise.
    pub fn conflicts(&self, source: &Source) -> Option<ConfigError> {
        let two = self.by_radius.windows(2).find(|two| two[0].radius_mm.get() >= two[1].radius_mm.get())?;
        let message = format!("{} mm comes before {} mm", two[0].radius_mm.get(), two[1].radius_mm.get());
        Some(source.mistake("resolution.by_radius", message, Some("list the radii in rising order, each once".into())))
    }
}

/// `[attenuation]`: where the attenuation map comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttenuationConfig {
    /// `file = "mu_map.hv"`: an image in 1/cm (HDF5, NIfTI or Interfile).
    File(PathBuf),
    /// `file-per-mm = "mu_map.nii"`: an image in 1/mm.
    FilePerMm(PathBuf),
    /// `ct = { file = "ct.nii.gz", tube_voltage_kv = 120 }`: a CT in Hounsfield units.
    Ct(CtConfig),
    /// `phantom = "nema-iq"`: the attenuation of a shipped phantom, or of a phantom file (`.toml`).
    Phantom(String),
}

/// `[attenuation.ct]`: a CT whose numbers become attenuation at 511 keV by two straight lines ([`Hounsfield`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CtConfig {
    /// The image in Hounsfield units (HDF5, NIfTI or Interfile), aligned with the scan, on a grid of its own.
    pub file: PathBuf,
    /// Voltage of the X-ray tube in kV: 80, 100, 110, 120, 130 or 140.
    #[serde(default = "usual_kilovolts")]
    pub tube_voltage_kv: u32,
}

fn usual_kilovolts() -> u32 {
    120
}

impl CtConfig {
    fn conflicts(&self, source: &Source) -> Option<ConfigError> {
        let unknown = self.lines(source).err();
        source.input("attenuation.ct.file", &self.file).err().or(unknown)
    }

    /// The lines of its tube voltage.
    pub fn lines(&self, source: &Source) -> Result<Hounsfield, ConfigError> {
        Hounsfield::at_kilovolts(self.tube_voltage_kv).ok_or_else(|| {
            let known: Vec<String> = Hounsfield::kilovolts().map(|kilovolts| kilovolts.to_string()).collect();
            let message = format!("no scaling is known for {} kV", self.tube_voltage_kv);
            source.mistake("attenuation.ct.tube_voltage_kv", message, Some(format!("known are {}", known.join(", "))))
        })
    }
}

impl AttenuationConfig {
    /// What keeps the map from being read.
    pub fn conflicts(&self, source: &Source) -> Option<ConfigError> {
        match self {
            Self::File(path) => source.input("attenuation.file", path).err(),
            Self::FilePerMm(path) => source.input("attenuation.file-per-mm", path).err(),
            Self::Ct(ct) => ct.conflicts(source),
            Self::Phantom(name) => super::phantom(source, "attenuation.phantom", name).err(),
        }
    }
}

impl ImageConfig {
    /// The grid, with defaults from the sinogram.
    pub fn grid(&self, geometry: &SinogramGeometry, source: &Source) -> Result<ImageGrid, ConfigError> {
        let field = field_of_view_mm(geometry);
        let usual = usual_voxel_mm(geometry);
        let voxel_mm: [f64; 3] = match (self.voxel_mm, self.shape) {
            (Some(voxel), _) => voxel.map(Positive::get),
            (None, Some(shape)) => std::array::from_fn(|axis| field[axis] / shape[axis].max(1) as f64),
            (None, None) => usual,
        };
        let cover = |axis: usize| (field[axis] / voxel_mm[axis] - 1e-6).ceil().max(1.0);
        let shape = self.shape.map_or_else(|| std::array::from_fn(cover), |shape| shape.map(|n| n as f64));
        let voxels: f64 = shape.iter().product();
        if !(1.0..=MOST_VOXELS as f64).contains(&voxels) || shape.iter().any(|&n| n > 1e6) {
            let at = if self.shape.is_some() { "image.shape" } else { "image.voxel_mm" };
            let message = format!("an image of {} × {} × {} voxels", shape[0], shape[1], shape[2]);
            return Err(source.mistake(at, message, Some(format!("1 to {MOST_VOXELS} voxels are possible"))));
        }
        Ok(ImageGrid::centred(shape.map(|n| n as usize), voxel_mm))
    }
}

/// Edges of the box that the lines of response reach, in mm.
fn field_of_view_mm(geometry: &SinogramGeometry) -> [f64; 3] {
    let scanner = &geometry.scanner;
    let half_bins = 0.5 * geometry.radial_bins as f64;
    let radius = match geometry.sampling {
        RadialSampling::ArcCorrected { bin_mm } => half_bins * bin_mm,
        RadialSampling::Crystals => {
            let angle = half_bins * std::f64::consts::PI / scanner.crystals_per_ring as f64;
            scanner.effective_radius_mm() * angle.min(std::f64::consts::FRAC_PI_2).sin()
        }
    };
    let slices = if scanner.axial_block_gap_mm == 0.0 {
        (2 * scanner.rings - 1) as f64 * 0.5 * scanner.ring_spacing_mm
    } else {
        scanner.axial_length_mm()
    };
    [2.0 * radius, 2.0 * radius, slices]
}

fn usual_voxel_mm(geometry: &SinogramGeometry) -> [f64; 3] {
    let bin = match geometry.sampling {
        RadialSampling::ArcCorrected { bin_mm } => bin_mm,
        RadialSampling::Crystals => geometry.scanner.bin_size_mm,
    };
    [bin, bin, 0.5 * geometry.scanner.ring_spacing_mm]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scanner::{AxialCompression, preset};

    fn mmr() -> SinogramGeometry {
        let span = AxialCompression::Span { span: 11, max_ring_difference: 60 };
        SinogramGeometry::new(preset("siemens-mmr").unwrap(), span, 1, 0).unwrap()
    }

    fn grid(shape: Option<[usize; 3]>, voxel: Option<f64>) -> Result<ImageGrid, ConfigError> {
        let voxel_mm = voxel.map(|mm| [Positive::try_from(mm).unwrap(); 3]);
        let source = Source { path: "x.toml".into(), text: "[image]\nvoxel_mm = 1\n".into() };
        ImageConfig { shape, voxel_mm, ..ImageConfig::default() }.grid(&mmr(), &source)
    }

    #[test]
    fn defaults_cover_the_field_of_view() {
        let usual = grid(None, None).unwrap();
        assert_eq!(usual.shape, [283, 283, 127]);
        assert_eq!(usual.voxel_mm, [2.08626, 2.08626, 2.03125]);
        let coarse = grid(Some([100, 100, 127]), None).unwrap();
        assert!((coarse.voxel_mm[0] - 5.88).abs() < 0.01 && coarse.voxel_mm[2] == 2.03125, "{coarse:?}");
        assert_eq!(grid(None, Some(4.0)).unwrap().shape, [148, 148, 65]);
    }

    #[test]
    fn absurd_grids_are_refused() {
        assert!(grid(Some([usize::MAX, 1, 1]), None).is_err());
        assert!(grid(Some([0, 1, 1]), Some(1.0)).is_err());
        assert!(grid(None, Some(1e-9)).is_err());
    }
}
