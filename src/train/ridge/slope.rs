//! ⟨w, ∂/∂θ ∇R_θ(x)⟩ for filters and slopes.
//!
//! With v = W x and q = W w it is the slope of Σ_c Σ_r σ_c(v_c(r)) q_c(r):
//!
//!   ∂/∂w_{c,t} = Σ_r σ_c'(v) q (x(r + t) − x(r + t₀)) + σ_c(v) (w(r + t) − w(r + t₀)),
//!   ∂/∂a_{c,k} = Σ_r m_k(v) q,         m_k the clamps that σ_c is made of.

use crate::prior::RidgeModel;
use coincide_kernels::Level;
use coincide_kernels::ridge::{Clamps, FilterRows, Filters};

/// The slopes, filters `[filter, x, y, z]` first, then `[filter, knot]`.
pub(super) fn slope(model: &RidgeModel, shape: [usize; 3], x: &[f32], w: &[f32]) -> Vec<f64> {
    let filters = Filters::new(model.kernel, &model.filters);
    let rows = FilterRows::new(&filters, [shape[1], shape[2]]);
    let functions: Vec<_> = (0..model.channels()).map(|c| Clamps::new(&model.knots, model.slopes_of(c))).collect();
    let padded = [x, w].map(|image| padded(&rows, image));
    let (mut filter_slope, mut knot_slope) = (vec![0.0; model.filters.len()], vec![0.0; model.slopes.len()]);
    let [mut v, mut q] = [(); 2].map(|()| vec![0.0; rows.responses_len()]);
    for at in 0..=shape[0] - model.kernel[0] {
        let planes = padded.each_ref().map(|image| {
            (at..at + model.kernel[0]).map(|x| &image[x * rows.plane_len()..][..rows.plane_len()]).collect::<Vec<_>>()
        });
        for y in 0..rows.places()[0] {
            rows.responses(Level::best(), &planes[0], y, &mut v);
            rows.responses(Level::best(), &planes[1], y, &mut q);
            for (channel, function) in functions.iter().enumerate() {
                let (v, q) = (rows.channel(&mut v, channel), rows.channel(&mut q, channel));
                let knots = knot_slope.chunks_exact_mut(model.knots.len()).nth(channel).expect("a row per channel");
                add_knots(function, v, q, knots);
                let mut curved = v.to_vec();
                function.slope(Level::best(), &mut curved);
                curved.iter_mut().zip(&*q).for_each(|(curved, q)| *curved *= q);
                function.apply(Level::best(), v);
                let taps = &mut filter_slope[channel * model.taps()..][..model.taps()];
                add_taps(model, &rows, [&planes[0], &planes[1]], y, [&curved, v], taps);
            }
        }
    }
    filter_slope.extend(slopes_from_clamps(&knot_slope, model.knots.len()));
    filter_slope
}

fn padded(rows: &FilterRows, image: &[f32]) -> Vec<f32> {
    let size = rows.voxels_of_plane();
    let mut padded = vec![0.0; image.len() / size * rows.plane_len()];
    for (plane, padded) in image.chunks_exact(size).zip(padded.chunks_exact_mut(rows.plane_len())) {
        rows.fill(plane, padded);
    }
    padded
}

fn add_knots(function: &Clamps, v: &[f32], q: &[f32], sums: &mut [f64]) {
    for (&v, &q) in v.iter().zip(q) {
        for (sum, part) in sums.iter_mut().zip(function.parts(v)) {
            *sum += f64::from(part * q);
        }
    }
}

/// Adds Σ u₀ (x(r + t) − x(r + t₀)) + u₁ (w(r + t) − w(r + t₀)) over a row of places.
fn add_taps(model: &RidgeModel, rows: &FilterRows, planes: [&[&[f32]]; 2], y: usize, u: [&[f32]; 2], sums: &mut [f64]) {
    let [kx, ky, kz] = model.kernel;
    let stride = rows.stride();
    let row = |image: usize, [dx, dy, dz]: [usize; 3]| &planes[image][dx][(y + dy) * stride + dz..][..u[image].len()];
    let middle = [0, 1].map(|image| product(u[image], row(image, [kx / 2, ky / 2, kz / 2])));
    for (tap, sum) in sums.iter_mut().enumerate() {
        let at = [tap / (ky * kz), tap / kz % ky, tap % kz];
        *sum += (0..2).map(|image| f64::from(product(u[image], row(image, at)) - middle[image])).sum::<f64>();
    }
}

/// A dot product in 16 parts, which become a vector.
fn product(a: &[f32], b: &[f32]) -> f32 {
    Level::best().vectorised(
        #[inline(always)]
        || {
            let (a_blocks, a_rest) = a.as_chunks::<16>();
            let (b_blocks, b_rest) = b.as_chunks::<16>();
            let mut sums = [0.0_f32; 16];
            for (a, b) in a_blocks.iter().zip(b_blocks) {
                for lane in 0..16 {
                    sums[lane] += a[lane] * b[lane];
                }
            }
            let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
            sums.iter().sum::<f32>() + rest
        },
    )
}

/// a_k = s_k − s_{k+1}, so that ∂/∂s_k = ∂/∂a_k − ∂/∂a_{k−1}.
fn slopes_from_clamps(clamps: &[f64], knots: usize) -> impl Iterator<Item = f64> {
    clamps.iter().enumerate().map(move |(n, slope)| if n % knots == 0 { *slope } else { slope - clamps[n - 1] })
}
