//! The voxel grid, and what is done to images: resolution, attenuation, filters.

use super::{ConfigError, Source};
use crate::image::{Hounsfield, ImageGrid, MOST_ALONG_AXIS, MOST_VOXELS};
use crate::operator::Widths;
use crate::paths::{ImageFile, NameOrFile};
use crate::scanner::{FieldOfView, RadialSampling, SinogramGeometry};
use crate::units::{Mm, WidthMm};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[image]`: the voxel grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageConfig {
    /// Voxels along x, y, z; by default as many as cover the field of view.
    #[serde(default)]
    pub shape: Option<[usize; 3]>,
    /// Voxel size along x, y, z in mm; by default the scanner's bin size and the distance between the planes of the
    /// data, or what the given shape needs to cover the field of view, where no centre is given.
    #[serde(default)]
    pub voxel_mm: Option<[Mm; 3]>,
    /// Middle of the grid along x, y, z in mm, in the frame of the scanner; by default the middle of the field of view.
    #[serde(default)]
    pub centre_mm: Option<[f64; 3]>,
    /// Whether the rest of the scanner's field is reconstructed, too, and left out of the files: where an object
    /// reaches beyond a small image, its counts must go somewhere.
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
    pub fwhm_mm: [WidthMm; 3],
}

impl FilterConfig {
    /// The widths as plain numbers.
    pub fn widths_mm(&self) -> [f64; 3] {
        self.fwhm_mm.map(WidthMm::get)
    }
}

/// `[resolution]`: a Gaussian whose width may change with the distance from the scanner's axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolutionConfig {
    /// Full width at half maximum along x, y, z in mm, at the axis; 0 means none along this axis.
    pub fwhm_mm: [WidthMm; 3],
    /// Widths further out, by rising radius; between two radii the covariance is linear, beyond the last one it stays.
    #[serde(default)]
    pub by_radius: Vec<WidthAtRadius>,
}

/// A width of the resolution model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WidthAtRadius {
    /// Distance from the axis in mm.
    pub radius_mm: Mm,
    /// Full width at half maximum in mm along the radius, across it (tangential), and along the axis.
    pub fwhm_mm: [WidthMm; 3],
}

impl ResolutionConfig {
    /// The widths as plain numbers.
    pub fn widths(&self) -> Widths {
        let further = self.by_radius.iter().map(|at| (at.radius_mm.get(), at.fwhm_mm.map(WidthMm::get)));
        let axis = (0.0, self.fwhm_mm.map(WidthMm::get));
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
    File(ImageFile),
    /// `files = ["body.hv", "bed.hv", "coils.hv"]`: images in 1/cm that add up.
    Files(Vec<ImageFile>),
    /// `file-per-mm = "mu_map.nii"`: an image in 1/mm.
    FilePerMm(ImageFile),
    /// `ct = { file = "ct.nii.gz", tube_voltage_kv = 120 }`: a CT in Hounsfield units.
    Ct(CtConfig),
    /// `phantom = "nema-iq"`: the attenuation of a shipped phantom, or of a phantom file (`.toml`).
    Phantom(NameOrFile),
}

/// `[attenuation.ct]`: a CT whose numbers become attenuation at 511 keV by two straight lines ([`Hounsfield`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CtConfig {
    /// The image in Hounsfield units (HDF5, NIfTI or Interfile), aligned with the scan, on a grid of its own.
    pub file: ImageFile,
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
        source.missing("attenuation.ct.file", &self.file.path).or(unknown)
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
            Self::File(file) => source.missing("attenuation.file", &file.path),
            Self::Files(files) => files.iter().find_map(|file| source.missing("attenuation.files", &file.path)),
            Self::FilePerMm(file) => source.missing("attenuation.file-per-mm", &file.path),
            Self::Ct(ct) => ct.conflicts(source),
            Self::Phantom(name) => super::phantom(source, "attenuation.phantom", name).err(),
        }
    }
}

impl ImageConfig {
    /// The grid, with defaults from the sinogram.
    pub fn grid(&self, geometry: &SinogramGeometry, source: &Source) -> Result<ImageGrid, ConfigError> {
        let field = geometry.field_of_view();
        let edges = edges_mm(geometry, &field);
        let length = edges.map(|[low, high]| high - low);
        let centre = self.centre_mm.unwrap_or(edges.map(|[low, high]| 0.5 * (low + high)));
        self.check_centre(&edges, centre, source)?;
        let voxel_mm: [f64; 3] = match (self.voxel_mm, self.shape) {
            (Some(voxel), _) => voxel.map(Mm::get),
            (None, Some(shape)) if self.centre_mm.is_none() => {
                std::array::from_fn(|axis| length[axis] / shape[axis].max(1) as f64)
            }
            (None, _) => usual_voxel_mm(geometry, &field),
        };
        // What reaches as far to one side as to the other, and covers the field on both.
        let reach = |axis: usize| (edges[axis][1] - centre[axis]).max(centre[axis] - edges[axis][0]);
        let cover = |axis: usize| (2.0 * reach(axis) / voxel_mm[axis] - 1e-6).ceil().max(1.0);
        let shape = self.shape.map_or_else(|| std::array::from_fn(cover), |shape| shape.map(|n| n as f64));
        let voxels: f64 = shape.iter().product();
        if !(1.0..=MOST_VOXELS as f64).contains(&voxels) || shape.iter().any(|&n| n > MOST_ALONG_AXIS as f64) {
            let at = if self.shape.is_some() { "image.shape" } else { "image.voxel_mm" };
            let message = format!("an image of {} × {} × {} voxels", shape[0], shape[1], shape[2]);
            return Err(source.mistake(at, message, Some(format!("1 to {MOST_VOXELS} voxels are possible"))));
        }
        let grid = ImageGrid::around(centre, shape.map(|n| n as usize), voxel_mm);
        self.check_place(&grid, &field, source)?;
        Ok(grid)
    }

    /// A centre that is no place, or that no grid which covers the field can have.
    fn check_centre(&self, edges: &[[f64; 2]; 3], centre: [f64; 3], source: &Source) -> Result<(), ConfigError> {
        let wrong = |message: String, help: String| Err(source.mistake("image.centre_mm", message, Some(help)));
        if centre.iter().any(|mm| !mm.is_finite()) {
            return wrong(format!("{centre:?} is no place"), "give x, y, z in mm, in the frame of the scanner".into());
        }
        let outside = (0..3).any(|axis| !(edges[axis][0]..=edges[axis][1]).contains(&centre[axis]));
        if self.shape.is_none() && outside {
            let reach = edges.map(|[low, high]| format!("{low:.1} to {high:.1}")).join(", ");
            let help =
                format!("the field of view reaches over x, y, z from {reach} mm; a grid beside it needs a `shape`");
            return wrong("the middle of the grid lies outside of the field of view".into(), help);
        }
        Ok(())
    }

    /// A grid that lies where no line is.
    fn check_place(&self, grid: &ImageGrid, field: &FieldOfView, source: &Source) -> Result<(), ConfigError> {
        let edges = grid.edges_mm();
        // The point of the grid that is nearest to the axis.
        let [x, y] = [0, 1].map(|axis| 0.0_f64.clamp(edges[axis][0], edges[axis][1]));
        let [low, high] = field.z_mm;
        if x.hypot(y) < field.radius_mm && edges[2][0] < high && edges[2][1] > low {
            return Ok(());
        }
        let reach = edges.map(|[low, high]| format!("{low:.1} to {high:.1}")).join(", ");
        let message = format!("the image reaches over x, y, z from {reach} mm, where no line is");
        let help = format!(
            "the field of view has a radius of {:.1} mm around x = y = 0 and reaches from z = {low:.1} to {high:.1} mm",
            field.radius_mm
        );
        Err(source.mistake("image.centre_mm", message, Some(help)))
    }
}

/// Edges of the box that the lines of response reach, in mm, `[axis][low, high]`.
fn edges_mm(geometry: &SinogramGeometry, field: &FieldOfView) -> [[f64; 2]; 3] {
    let half_bins = 0.5 * geometry.radial_bins as f64;
    let radius = match geometry.sampling {
        RadialSampling::ArcCorrected { bin_mm } => half_bins * bin_mm,
        RadialSampling::Crystals => {
            let scanner = &geometry.scanner;
            let angle = half_bins * std::f64::consts::PI / scanner.crystals_per_ring as f64;
            scanner.effective_radius_mm() * angle.min(std::f64::consts::FRAC_PI_2).sin()
        }
    };
    [[-radius, radius], [-radius, radius], field.z_mm]
}

fn usual_voxel_mm(geometry: &SinogramGeometry, field: &FieldOfView) -> [f64; 3] {
    let bin = match geometry.sampling {
        RadialSampling::ArcCorrected { bin_mm } => bin_mm,
        RadialSampling::Crystals => geometry.scanner.bin_size_mm,
    };
    [bin, bin, field.plane_distance_mm]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scanner::{AxialCompression, preset};

    fn mmr() -> SinogramGeometry {
        let span = AxialCompression::Span { span: 11, max_ring_difference: 60 };
        SinogramGeometry::new(preset("siemens-mmr").unwrap(), span, 1, 0).unwrap()
    }

    fn text(text: &str, geometry: &SinogramGeometry) -> Result<ImageGrid, ConfigError> {
        let source = Source { path: "x.toml".into(), text: text.into() };
        #[derive(Deserialize)]
        struct Whole {
            image: ImageConfig,
        }
        source.parse::<Whole>()?.image.grid(geometry, &source)
    }

    fn grid(shape: Option<[usize; 3]>, voxel: Option<f64>) -> Result<ImageGrid, ConfigError> {
        let shape = shape.map_or(String::new(), |shape| format!("shape = {shape:?}\n"));
        let voxel = voxel.map_or(String::new(), |mm| format!("voxel_mm = [{mm}, {mm}, {mm}]\n"));
        text(&format!("[image]\n{shape}{voxel}"), &mmr())
    }

    #[test]
    fn defaults_cover_the_field_of_view() {
        let usual = grid(None, None).unwrap();
        assert_eq!(usual.shape, [283, 283, 127]);
        assert_eq!(usual.voxel_mm, [2.08626, 2.08626, 2.03125]);
        assert_eq!(usual, ImageGrid::centred(usual.shape, usual.voxel_mm));
        let coarse = grid(Some([100, 100, 127]), None).unwrap();
        assert!((coarse.voxel_mm[0] - 5.88).abs() < 0.01 && coarse.voxel_mm[2] == 2.03125, "{coarse:?}");
        assert_eq!(grid(None, Some(4.0)).unwrap().shape, [148, 148, 65]);
    }

    #[test]
    fn direct_planes_make_slices_as_thick_as_rings() {
        let span = AxialCompression::Span { span: 1, max_ring_difference: 0 };
        let direct = SinogramGeometry::new(preset("siemens-mmr").unwrap(), span, 1, 0).unwrap();
        let usual = text("[image]\n", &direct).unwrap();
        assert_eq!((usual.shape[2], usual.voxel_mm[2]), (64, 4.0625));
        let first = direct.all_planes().next().unwrap().z_mm;
        assert!((usual.origin_mm[2] - first).abs() < 1e-9, "slices lie on the planes: {usual:?}, {first}");
    }

    #[test]
    fn a_centre_moves_the_grid() {
        let small =
            text("[image]\nshape = [41, 31, 21]\nvoxel_mm = [2.0, 3.0, 4.0]\ncentre_mm = [10, -20, 30.5]\n", &mmr());
        let small = small.unwrap();
        assert_eq!((small.shape, small.origin_mm), ([41, 31, 21], [-30.0, -65.0, -9.5]));
        // The voxels of a part are not stretched over the field, and a whole image covers it, wherever its middle is.
        let part = text("[image]\nshape = [40, 40, 20]\ncentre_mm = [50, 0, 0]\n", &mmr()).unwrap();
        assert_eq!(part.voxel_mm, [2.08626, 2.08626, 2.03125]);
        let whole = text("[image]\ncentre_mm = [10.0, 0.0, 2.0]\n", &mmr()).unwrap();
        let [[left, right], _, [foot, head]] = whole.edges_mm();
        assert!(left <= -294.0 && right >= 294.0 && foot <= -128.99 && head >= 128.99, "{whole:?}");
        assert_eq!(whole.shape, [292, 283, 129]);
        let middle: [f64; 3] = std::array::from_fn(|axis| 0.5 * whole.edges_mm()[axis].iter().sum::<f64>());
        assert!((middle[0] - 10.0).abs() < 1e-9 && (middle[2] - 2.0).abs() < 1e-9, "{middle:?}");
    }

    #[test]
    fn centres_outside_are_refused_where_they_stand() {
        let refused = |keys: &str| {
            let error = text(&format!("[image]\n{keys}"), &mmr()).unwrap_err();
            let ConfigError::Mistake(mistake) = &error else { panic!("{error}") };
            let span = mistake.span.clone().expect("a place");
            assert!(mistake.text[span].starts_with('['), "{error}");
            error.to_string()
        };
        assert!(refused("centre_mm = [nan, 0.0, 0.0]\n").contains("no place"));
        assert!(refused("centre_mm = [0.0, inf, 0.0]\n").contains("no place"));
        let far = refused("centre_mm = [0.0, 0.0, 500.0]\n");
        assert!(far.contains("outside of the field of view") && far.contains("-129.0 to 129.0"), "{far}");
        let beside = refused("shape = [10, 10, 10]\nvoxel_mm = [2.0, 2.0, 2.0]\ncentre_mm = [230.0, 230.0, 0.0]\n");
        assert!(beside.contains("no line is") && beside.contains("radius of 293.2 mm"), "{beside}");
        let above = refused("shape = [10, 10, 10]\nvoxel_mm = [2.0, 2.0, 2.0]\ncentre_mm = [0.0, 0.0, 140.0]\n");
        assert!(above.contains("130.0 to 150.0"), "{above}");
        assert!(
            text("[image]\nshape = [10, 10, 10]\nvoxel_mm = [2.0, 2.0, 2.0]\ncentre_mm = [0, 0, 138]\n", &mmr())
                .is_ok()
        );
    }

    #[test]
    fn absurd_grids_are_refused() {
        assert!(grid(Some([usize::MAX >> 1, 1, 1]), None).is_err());
        assert!(grid(Some([0, 1, 1]), Some(1.0)).is_err());
        assert!(grid(None, Some(1e-9)).is_err());
    }
}
