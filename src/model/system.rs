//! The linear part of the model, subset by subset: G and what comes before it.

use crate::data::{Measurement, SubsetError, subsets};
use crate::image::ImageGrid;
use crate::operator::{Chain, Lent, LinearOperator, Lines, Projector, Resolution, Widths, Workspace};
use std::sync::Arc;

/// ȳ = m ⊙ (G A x) + b: operators on the image's side A, as the resolution model B, lines G in subsets, and a
/// measurement's factors and background. Clones share everything.
#[derive(Clone)]
pub struct System {
    measurement: Arc<Measurement>,
    grid: ImageGrid,
    image_side: Chain,
    widths: Arc<Widths>,
    /// Those of all views, from which subsets are taken.
    lines: Arc<dyn Lines>,
    subsets: Arc<[Subset]>,
    work: Arc<Workspace>,
}

struct Subset {
    views: Vec<usize>,
    lines: Arc<dyn Lines>,
}

impl System {
    /// The system of `count` subsets with a resolution model of some widths: FWHM in mm along x, y, z, or one for each
    /// of several radii.
    pub fn new(
        measurement: &Arc<Measurement>,
        grid: ImageGrid,
        resolution: impl Into<Widths>,
        count: usize,
    ) -> Result<Self, SubsetError> {
        let widths = resolution.into();
        let links = Resolution::new(&grid, &widths).map(|b| Arc::new(b) as Arc<dyn LinearOperator>);
        let system = Self::of_chain(measurement, grid, links.into_iter().collect(), count)?;
        Ok(Self { widths: Arc::new(widths), ..system })
    }

    /// The system of `count` subsets in which an image on a grid goes through some operators before it is projected,
    /// the first one first, on the same grid. Such a system has no [`widths`](Self::widths), as nobody says which
    /// operator blurs: the scores of `trust` take its image for as sharp as its lines.
    pub fn of_chain(
        measurement: &Arc<Measurement>,
        grid: ImageGrid,
        image_side: Vec<Arc<dyn LinearOperator>>,
        count: usize,
    ) -> Result<Self, SubsetError> {
        let lines = Arc::new(Projector::new(&measurement.geometry, grid));
        Self::of_lines(measurement, grid, image_side, lines, count)
    }

    /// The same with any lines; the last operator leads to their grid.
    pub fn of_lines(
        measurement: &Arc<Measurement>,
        grid: ImageGrid,
        image_side: Vec<Arc<dyn LinearOperator>>,
        lines: Arc<dyn Lines>,
        count: usize,
    ) -> Result<Self, SubsetError> {
        let image_side = Chain::new(&grid.shape, image_side);
        assert_eq!(image_side.range(), lines.domain(), "the last operator before the lines");
        let (widths, work) = (Arc::default(), Arc::default());
        let subsets = parts(measurement.geometry.views, count, &*lines)?;
        Ok(Self { measurement: measurement.clone(), grid, image_side, widths, lines, subsets, work })
    }

    /// The same one with another number of subsets.
    pub fn with_subsets(&self, count: usize) -> Result<Self, SubsetError> {
        let subsets = parts(self.measurement.geometry.views, count, &*self.lines)?;
        Ok(Self { subsets, work: Arc::default(), ..self.clone() })
    }

    /// The same one of another measurement of the same geometry.
    pub fn with_measurement(&self, measurement: impl Into<Arc<Measurement>>) -> Self {
        let measurement = measurement.into();
        let shape = measurement.geometry.shape();
        assert_eq!(shape, self.measurement.geometry.shape(), "a measurement of another geometry");
        Self { measurement, ..self.clone() }
    }

    /// The grid of the image x.
    pub fn grid(&self) -> ImageGrid {
        self.grid
    }

    /// The measurement, with m and b.
    pub fn measurement(&self) -> &Arc<Measurement> {
        &self.measurement
    }

    /// Widths of the resolution model.
    pub fn widths(&self) -> &Widths {
        &self.widths
    }

    /// Number of subsets.
    pub fn subsets(&self) -> usize {
        self.subsets.len()
    }

    /// A, on the image's side.
    pub fn image_side(&self) -> &Chain {
        &self.image_side
    }

    /// Gₖ, the lines of a subset.
    pub fn lines(&self, subset: usize) -> &dyn Lines {
        &*self.subsets[subset].lines
    }

    /// The views of a subset.
    pub fn views(&self, subset: usize) -> &[usize] {
        &self.subsets[subset].views
    }

    /// Bins of a subset.
    pub fn subset_bins(&self) -> usize {
        self.subsets[0].lines.range().iter().product()
    }

    /// An array for the bins of a subset, with any values in it.
    pub fn sinogram(&self) -> Lent<'_> {
        self.work.lend(self.subset_bins())
    }

    /// An array for an image, with any values in it.
    pub fn image(&self) -> Lent<'_> {
        self.work.lend(self.grid.voxels())
    }

    /// z = Gₖ A x, the line integrals of a subset without its factors.
    pub fn forward(&self, subset: usize, x: &[f32], z: &mut [f32]) {
        let lines = &self.subsets[subset].lines;
        if self.image_side.is_empty() {
            return lines.forward(x, z);
        }
        let mut projected = self.work.lend(self.image_side.range().iter().product());
        self.image_side.forward(x, &mut projected);
        lines.forward(&projected, z);
    }

    /// out = Aᵀ Gₖᵀ z
    pub fn back(&self, subset: usize, z: &[f32], out: &mut [f32]) {
        let lines = &self.subsets[subset].lines;
        if self.image_side.is_empty() {
            return lines.adjoint(z, out);
        }
        let mut projected = self.work.lend(self.image_side.range().iter().product());
        lines.adjoint(z, &mut projected);
        self.image_side.adjoint(&projected, out);
    }

    /// out = Gₖᵀ z, on the grid of the lines.
    pub fn back_to_lines(&self, subset: usize, z: &[f32], out: &mut [f32]) {
        self.subsets[subset].lines.adjoint(z, out);
    }
}

fn parts(views: usize, count: usize, lines: &dyn Lines) -> Result<Arc<[Subset]>, SubsetError> {
    Ok(subsets(views, count)?.into_iter().map(|views| Subset { lines: lines.of_views(&views), views }).collect())
}
