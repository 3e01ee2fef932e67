//! y ~ Poisson(m ⊙ G B x + b)

use crate::scanner::SinogramGeometry;

/// Everything a reconstruction needs of a scan. Bins are `[view, radial, tof, plane]`, plane contiguous.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// Where the lines are.
    pub geometry: SinogramGeometry,
    /// Measured prompts y, in counts.
    pub prompts: Vec<f32>,
    /// Multiplicative factors m (attenuation × normalisation × calibration), the same for all TOF bins:
    /// `[view, radial, plane]`. `None` means 1.
    pub factors: Option<Vec<f32>>,
    /// Expected randoms and scatter b, in counts, `[view, radial, tof, plane]`. `None` means 0.
    pub background: Option<Vec<f32>>,
    /// Whether the factors are in counts per (Bq/mL · mm), so that the image comes out in Bq/mL.
    pub calibrated: bool,
    /// Duration of the scan in s, where known.
    pub duration_s: Option<f64>,
}

impl Measurement {
    /// Total prompts.
    pub fn total_prompts(&self) -> f64 {
        self.prompts.iter().map(|&y| y as f64).sum()
    }

    /// Total expected background.
    pub fn total_background(&self) -> f64 {
        self.background.iter().flatten().map(|&b| b as f64).sum()
    }

    /// Bins of one view, for [`Measurement::prompts`] and [`Measurement::background`].
    pub fn view_bins(&self, view: usize) -> std::ops::Range<usize> {
        let [_, radial, tof, planes] = self.geometry.shape();
        let length = radial * tof * planes;
        view * length..(view + 1) * length
    }

    /// Bins of one view of [`Measurement::factors`].
    pub fn view_factors(&self, view: usize) -> std::ops::Range<usize> {
        let [_, radial, _, planes] = self.geometry.shape();
        let length = radial * planes;
        view * length..(view + 1) * length
    }
}
