//! G: line integrals of the image along all lines of a sinogram, in mm, with TOF where the geometry has it.
//!
//! x is an image `[x, y, z]`, y a sinogram `[view, radial, tof, plane]` of the projector's views. The sampling is
//! Joseph's (`coincide_kernels::joseph`); `coincide_kernels::column` does it for all planes of a transaxial line at
//! once.

use super::{LinearOperator, Lines, check};
use crate::image::ImageGrid;
use crate::scanner::{SinogramGeometry, TransaxialLine};
use coincide_kernels::Level;
use coincide_kernels::column::{Axis, ImageRows, Plan, PlaneLine, TofKernel, Walk, Workspace, back, forward};
use coincide_kernels::joseph::Grid;
use rayon::prelude::*;
use std::sync::Arc;

/// The projector of one sinogram geometry (or some of its views) and one image grid.
#[derive(Clone)]
pub struct Projector {
    plan: Arc<Plan>,
    grid: ImageGrid,
    /// Lines of all views of the geometry, `[view, radial]`.
    lines: Arc<[TransaxialLine]>,
    views: Vec<usize>,
    domain: [usize; 3],
    range: [usize; 4],
}

/// Neighbouring views and radial bins whose lines are projected together: they cross the same voxels, which then stay
/// in the second-level cache.
const TILE: [usize; 2] = [8, 8];

impl Projector {
    /// The projector of all views, at the machine's best SIMD level.
    pub fn new(geometry: &SinogramGeometry, grid: ImageGrid) -> Self {
        Self::at_level(geometry, grid, Level::best())
    }

    /// The projector of all views at a SIMD level.
    pub fn at_level(geometry: &SinogramGeometry, grid: ImageGrid, level: Level) -> Self {
        let planes: Vec<_> =
            geometry.all_planes().map(|plane| PlaneLine { z_mm: plane.z_mm, dz_mm: plane.dz_mm }).collect();
        let tof = geometry.tof.map(|tof| TofKernel::new(tof.count, tof.width_mm, tof.sigma_mm));
        let lines = (0..geometry.views).flat_map(|view| (0..geometry.radial_bins).map(move |radial| (view, radial)));
        Self {
            plan: Arc::new(Plan::new(kernel_grid(&grid), &planes, tof, level)),
            grid,
            lines: lines.map(|(view, radial)| geometry.line(view, radial)).collect(),
            views: (0..geometry.views).collect(),
            domain: grid.shape,
            range: geometry.shape(),
        }
    }

    /// The projector of some of the views, in the given order.
    pub fn subset(&self, views: &[usize]) -> Self {
        let [_, radial, tof, planes] = self.range;
        Self { views: views.to_vec(), range: [views.len(), radial, tof, planes], ..self.clone() }
    }

    /// The image grid.
    pub fn grid(&self) -> ImageGrid {
        self.grid
    }

    /// SIMD level of the kernels.
    pub fn level(&self) -> Level {
        self.plan.level()
    }

    /// Samples that a projection takes: steps along all lines of response, without counting TOF bins.
    pub fn samples(&self) -> usize {
        let [views, radial_bins, _, planes] = self.range;
        let lines = (0..views).flat_map(|view| (0..radial_bins).map(move |radial| (view, radial)));
        let steps = |(view, radial)| {
            let walk = self.walk(view, radial);
            walk.end - walk.first
        };
        lines.map(steps).sum::<usize>() * planes
    }

    fn walk(&self, view: usize, radial: usize) -> Walk {
        let line = self.lines[self.views[view] * self.range[1] + radial];
        Walk::new(&kernel_grid(&self.grid), line.a, line.b)
    }

    /// Floats of one transaxial line.
    fn column(&self) -> usize {
        self.range[2] * self.range[3]
    }

    /// Adds the back projection of all lines along one axis to some rows of the image.
    fn back_rows(&self, walks: &[Walk], y: &[f32], image: &mut ImageRows) {
        let mut work = Workspace::new(&self.plan);
        let [views, radial_bins, ..] = self.range;
        let length = self.column();
        let mut lines = Vec::with_capacity(TILE[0] * TILE[1]);
        for [first_view, first] in tiles(views, radial_bins) {
            let radial = first..(first + TILE[1]).min(radial_bins);
            let places = (first_view..(first_view + TILE[0]).min(views))
                .flat_map(|view| radial.clone().map(move |radial| view * radial_bins + radial));
            let touching = places.filter(|&line| image.touched_by(&walks[line]));
            lines.clear();
            lines.extend(touching.map(|line| (walks[line], &y[line * length..][..length])));
            back(&self.plan, &mut work, &lines, image);
        }
    }
}

/// First `[view, radial]` of each tile.
fn tiles(views: usize, radial_bins: usize) -> impl Iterator<Item = [usize; 2]> {
    (0..views)
        .step_by(TILE[0])
        .flat_map(move |view| (0..radial_bins).step_by(TILE[1]).map(move |radial| [view, radial]))
}

/// Rows before which an image is cut into `parts` with about as many steps of the lines each: every part passes over
/// all lines, so that there are no more than threads.
fn shares(walks: &[Walk], axis: Axis, rows: usize, parts: usize) -> Vec<usize> {
    let mut steps = vec![0_i64; rows + 1];
    for walk in walks.iter().filter(|walk| walk.axis == axis && walk.first < walk.end) {
        steps[walk.first] += 1;
        steps[walk.end] -= 1;
    }
    let running = |sum: &mut i64, value: i64| {
        *sum += value;
        Some(*sum)
    };
    let of_row: Vec<i64> = steps.into_iter().scan(0, running).collect();
    let until: Vec<i64> = of_row.into_iter().scan(0, running).collect();
    let all = until[rows];
    (1..parts as i64).map(|part| until.partition_point(|&sum| sum < all * part / parts as i64).min(rows)).collect()
}

fn kernel_grid(grid: &ImageGrid) -> Grid {
    Grid { shape: grid.shape, voxel_mm: grid.voxel_mm, origin_mm: grid.origin_mm }
}

impl Lines for Projector {
    fn grid(&self) -> ImageGrid {
        self.grid
    }

    fn of_views(&self, views: &[usize]) -> Arc<dyn Lines> {
        Arc::new(self.subset(views))
    }
}

impl LinearOperator for Projector {
    fn domain(&self) -> &[usize] {
        &self.domain
    }

    fn range(&self) -> &[usize] {
        &self.range
    }

    fn forward(&self, x: &[f32], y: &mut [f32]) {
        check("image", x, &self.domain);
        check("sinogram", y, &self.range);
        let [_, radial_bins, ..] = self.range;
        // One piece of the sinogram per view of a tile; a task takes the pieces of one tile.
        let length = self.column();
        let pieces = radial_bins.div_ceil(TILE[1]);
        let mut tasks: Vec<Vec<_>> = Vec::new();
        for (view, of_view) in y.chunks_mut(radial_bins * length).enumerate() {
            for (piece, part) in of_view.chunks_mut(TILE[1] * length).enumerate() {
                let task = view / TILE[0] * pieces + piece;
                tasks.resize_with(tasks.len().max(task + 1), Vec::new);
                tasks[task].push((view, piece * TILE[1], part));
            }
        }
        tasks.into_par_iter().for_each_init(
            || Workspace::new(&self.plan),
            |work, parts| {
                let mut lines: Vec<_> = parts
                    .into_iter()
                    .flat_map(|(view, first, part)| {
                        let columns = part.chunks_mut(length).enumerate();
                        columns.map(move |(radial, column)| (self.walk(view, first + radial), column))
                    })
                    .collect();
                forward(&self.plan, work, x, &mut lines);
            },
        );
    }

    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        check("image", x, &self.domain);
        check("sinogram", y, &self.range);
        x.fill(0.0);
        let radial_bins = self.range[1];
        let lines = (0..self.range[0] * radial_bins).into_par_iter();
        let walks: Vec<Walk> = lines.map(|line| self.walk(line / radial_bins, line % radial_bins)).collect();
        // Parts own their voxels, and each voxel takes its lines in the same order whatever the parts are.
        for (axis, rows) in [(Axis::X, self.domain[0]), (Axis::Y, self.domain[1])] {
            let before = shares(&walks, axis, rows, rayon::current_num_threads());
            let parts = ImageRows::split_at(x, self.domain, axis, &before);
            parts.into_par_iter().with_max_len(1).for_each(|mut rows| self.back_rows(&walks, y, &mut rows));
        }
    }
}
