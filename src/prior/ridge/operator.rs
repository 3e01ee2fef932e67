//! R, its gradient and its curvature on images of one shape, plane by plane along x.

use super::model::RidgeModel;
use super::planes::{Responses, Sums};
use crate::prior::Smooth;
use coincide_kernels::Level;
use coincide_kernels::ridge::{Clamps, FilterRows, Filters};
use rayon::prelude::*;

/// A ridge regulariser on images `[x, y, z]` of one shape.
pub struct Ridge {
    shape: [usize; 3],
    filters: Filters,
    /// Weights squared.
    squares: Filters,
    /// One per channel; knots in the unit of the image.
    functions: Vec<Clamps>,
    lipschitz: f32,
}

impl Ridge {
    /// R_c of a model: `scale` is the activity c, in the unit of the image. The filters must fit into the image.
    pub fn new(model: &RidgeModel, shape: [usize; 3], scale: f32) -> Self {
        assert!(scale > 0.0, "scale {scale}");
        assert!((0..3).all(|a| shape[a] >= model.kernel[a]), "filters of {:?} on {shape:?}", model.kernel);
        let knots: Vec<f32> = model.knots.iter().map(|knot| scale * knot).collect();
        let squares: Vec<f32> = model.filters.iter().map(|w| w * w).collect();
        let functions = (0..model.channels()).map(|channel| Clamps::new(&knots, model.slopes_of(channel)));
        Self {
            shape,
            filters: Filters::new(model.kernel, &model.filters),
            squares: Filters::new(model.kernel, &squares),
            functions: functions.collect(),
            lipschitz: model.lipschitz() as f32,
        }
    }

    fn plane(&self) -> usize {
        self.shape[1] * self.shape[2]
    }

    /// Places of the filter along x.
    fn places(&self) -> usize {
        self.shape[0] + 1 - self.filters.shape()[0]
    }

    fn rows<'a>(&self, filters: &'a Filters) -> FilterRows<'a> {
        FilterRows::new(filters, [self.shape[1], self.shape[2]])
    }

    /// out += weight · Wᵀ u: `u` turns the responses of a channel to the images into what is spread, in the place of
    /// the first; Wᵀ may have other `weights`.
    ///
    /// Planes of `out` are shared out in slabs. What a voxel collects comes in the same order however they are cut.
    fn add<const N: usize>(
        &self,
        weight: f32,
        images: [&[f32]; N],
        weights: &Filters,
        u: impl Fn(&Clamps, [&mut [f32]; N]) + Sync,
        out: &mut [f32],
    ) {
        assert!(images.iter().all(|image| image.len() == out.len()), "images of one shape");
        assert_eq!(out.len(), self.shape[0] * self.plane(), "an image of shape {:?}", self.shape);
        let slab = self.shape[0].div_ceil(rayon::current_num_threads()).max(2 * self.filters.shape()[0]);
        out.par_chunks_mut(slab * self.plane()).enumerate().for_each(|(s, out)| {
            let rows = self.rows(&self.filters);
            let mut responses = Responses::new(&rows, images);
            let mut sums = Sums::new(self.rows(weights), weight, s * slab, out);
            for x in sums.places(self.places()) {
                responses.move_to(x);
                for y in 0..rows.places()[0] {
                    let spread = responses.at(x, y, &self.functions, &u);
                    sums.add(x, y, spread);
                }
                sums.finish(x);
            }
            sums.finish_all();
        });
    }

    /// out += weight · ∇²R(x) p
    pub fn add_curvature_product(&self, weight: f32, x: &[f32], p: &[f32], out: &mut [f32]) {
        let level = Level::best();
        let product = |function: &Clamps, [slopes, responses]: [&mut [f32]; 2]| {
            function.slope(level, slopes);
            slopes.iter_mut().zip(responses).for_each(|(slope, response)| *slope *= *response);
        };
        self.add(weight, [x, p], &self.filters, product, out);
    }
}

impl Smooth for Ridge {
    fn value(&self, x: &[f32]) -> f64 {
        assert_eq!(x.len(), self.shape[0] * self.plane(), "an image of shape {:?}", self.shape);
        let (level, rows) = (Level::best(), self.rows(&self.filters));
        let planes = (0..self.places()).into_par_iter().map_init(
            || Responses::new(&rows, [x]),
            |responses, at| {
                responses.move_to(at);
                let sums = (0..rows.places()[0]).map(|y| {
                    let values = responses.at(at, y, &self.functions, &|function, [v]| function.integral(level, v));
                    values.iter().map(|&value| f64::from(value)).sum::<f64>()
                });
                sums.sum::<f64>()
            },
        );
        planes.collect::<Vec<_>>().into_iter().sum()
    }

    fn add_gradient(&self, weight: f32, x: &[f32], gradient: &mut [f32]) {
        let level = Level::best();
        self.add(weight, [x], &self.filters, |function, [v]| function.apply(level, v), gradient);
    }

    fn add_curvature(&self, weight: f32, x: &[f32], diagonal: &mut [f32]) {
        let level = Level::best();
        self.add(weight, [x], &self.squares, |function, [v]| function.slope(level, v), diagonal);
    }

    fn add_surrogate(&self, weight: f32, _: &[f32], diagonal: &mut [f32]) {
        diagonal.iter_mut().for_each(|d| *d += weight * self.lipschitz);
    }
}
