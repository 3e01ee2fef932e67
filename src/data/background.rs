//! Expected randoms and scatter.
//!
//!   b\[view, radial, tof, plane\] = c\[view, radial, tof, plane\] + Σₖ lₖ\[view, radial, plane\] · tₖ\[view, tof\]
//!
//! Randoms are the same in all TOF bins, and scatter has a broad profile: with TOF, products take a small part of the
//! memory.

use rayon::prelude::*;
use std::ops::Range;

/// Expected background b of a sinogram, in counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Background {
    shape: [usize; 4],
    bins: Option<Vec<f32>>,
    products: Vec<Product>,
}

/// A background that has the same profile over time on all lines of a view.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Counts of all TOF bins together, `[view, radial, plane]`.
    pub lines: Vec<f32>,
    /// Share of each TOF bin, `[view, tof]`.
    pub times: Vec<f32>,
}

impl Background {
    /// A number for every bin `[view, radial, tof, plane]`.
    pub fn of_bins(shape: [usize; 4], bins: Vec<f32>) -> Self {
        assert_eq!(bins.len(), shape.iter().product::<usize>(), "a background of a sinogram {shape:?}");
        Self { shape, bins: Some(bins), products: Vec::new() }
    }

    /// The sum of products. Without TOF they are added up.
    pub fn of_products(shape: [usize; 4], products: Vec<Product>) -> Self {
        let [views, radial, tof, planes] = shape;
        for Product { lines, times } in &products {
            assert_eq!([lines.len(), times.len()], [views * radial * planes, views * tof], "of a sinogram {shape:?}");
        }
        let sum = Self { shape, bins: None, products };
        if tof > 1 { sum } else { Self::of_bins(shape, sum.to_vec()) }
    }

    /// The same counts in all TOF bins of a line, from their sums `[view, radial, plane]`.
    pub fn even(shape: [usize; 4], lines: Vec<f32>) -> Self {
        let times = vec![1.0 / shape[2] as f32; shape[0] * shape[2]];
        Self::of_products(shape, vec![Product { lines, times }])
    }

    /// Shape `[view, radial, tof, plane]`.
    pub fn shape(&self) -> [usize; 4] {
        self.shape
    }

    /// c
    pub fn bins(&self) -> Option<&[f32]> {
        self.bins.as_deref()
    }

    /// lₖ and tₖ
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// Adds another background of the same shape.
    pub fn add(&mut self, other: Self) {
        assert_eq!(self.shape, other.shape, "backgrounds of different sinograms");
        match (&mut self.bins, other.bins) {
            (Some(sum), Some(bins)) => sum.par_iter_mut().zip(bins).for_each(|(sum, b)| *sum += b),
            (own, Some(bins)) => *own = Some(bins),
            (_, None) => (),
        }
        self.products.extend(other.products);
    }

    /// `factor` times the background.
    pub fn scaled(&self, factor: f64) -> Self {
        let scaled = |values: &[f32]| values.par_iter().map(|b| (f64::from(*b) * factor) as f32).collect();
        let product = |product: &Product| Product { lines: scaled(&product.lines), times: product.times.clone() };
        Self {
            shape: self.shape,
            bins: self.bins.as_deref().map(scaled),
            products: self.products.iter().map(product).collect(),
        }
    }

    /// The bins `[tof, plane]` of the transaxial line number `line`; `room` holds them where they are stored as
    /// something else.
    pub fn line<'a>(&'a self, line: usize, room: &'a mut Vec<f32>) -> &'a [f32] {
        let [_, radial, tof, planes] = self.shape;
        let own = self.bins.as_ref().map(|bins| &bins[line * tof * planes..][..tof * planes]);
        if let (Some(own), true) = (own, self.products.is_empty()) {
            return own;
        }
        room.clear();
        match own {
            Some(own) => room.extend_from_slice(own),
            None => room.resize(tof * planes, 0.0),
        }
        for Product { lines, times } in &self.products {
            let (lines, times) = (&lines[line * planes..][..planes], &times[line / radial * tof..][..tof]);
            for (row, time) in room.chunks_exact_mut(planes).zip(times) {
                row.iter_mut().zip(lines).for_each(|(b, line)| *b += time * line);
            }
        }
        room
    }

    /// Adds some planes of a line, summed over the TOF bins.
    pub fn add_over_time(&self, line: usize, planes: Range<usize>, sums: &mut [f64]) {
        let [_, radial, tof, all] = self.shape;
        if let Some(bins) = &self.bins {
            for time in 0..tof {
                let row = &bins[(line * tof + time) * all..][planes.clone()];
                sums.iter_mut().zip(row).for_each(|(sum, b)| *sum += f64::from(*b));
            }
        }
        for Product { lines, times } in &self.products {
            let times: f64 = times[line / radial * tof..][..tof].iter().map(|time| f64::from(*time)).sum();
            let row = &lines[line * all..][planes.clone()];
            sums.iter_mut().zip(row).for_each(|(sum, b)| *sum += f64::from(*b) * times);
        }
    }

    /// All bins.
    pub fn to_vec(&self) -> Vec<f32> {
        let [views, radial, tof, planes] = self.shape;
        let mut all = vec![0.0; views * radial * tof * planes];
        let lines = all.par_chunks_mut(tof * planes).enumerate();
        lines.for_each_init(Vec::new, |room, (line, bins)| bins.copy_from_slice(self.line(line, room)));
        all
    }

    /// Its sum.
    pub fn total(&self) -> f64 {
        let [views, _, tof, _] = self.shape;
        let sum = |values: &[f32]| values.iter().map(|b| f64::from(*b)).sum::<f64>();
        let product = |Product { lines, times }: &Product| {
            let of_view = lines.chunks(lines.len() / views).zip(times.chunks(tof));
            of_view.map(|(lines, times)| sum(lines) * sum(times)).sum::<f64>()
        };
        self.bins.as_deref().map_or(0.0, sum) + self.products.iter().map(product).sum::<f64>()
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        let products = self.products.iter().map(|product| product.lines.len() + product.times.len());
        4 * (self.bins.as_ref().map_or(0, Vec::len) + products.sum::<usize>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_the_bins_that_they_stand_for() {
        let shape = [2, 3, 4, 5];
        let numbers = |count: usize, step: f32| (0..count).map(|n| 1.0 + step * n as f32).collect::<Vec<f32>>();
        let product = |step| Product { lines: numbers(30, step), times: numbers(8, 0.1) };
        let products = [product(0.5), product(-0.01)];
        let bin = |n: usize| {
            let ([plane, tof], line) = ([n % 5, n / 5 % 4], n / 20);
            products.iter().map(|p| p.lines[line * 5 + plane] * p.times[line / 3 * 4 + tof]).sum::<f32>()
        };
        let expected: Vec<f32> = (0..120).map(bin).collect();
        let mut background = Background::of_products(shape, products.to_vec());
        let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5 * b.abs());
        assert!(near(&background.to_vec(), &expected));
        let sum: f64 = expected.iter().map(|b| f64::from(*b)).sum();
        assert!((background.total() / sum - 1.0).abs() < 1e-6);
        let mut sums = vec![0.0; 3];
        background.add_over_time(4, 1..4, &mut sums);
        let over_time = |plane: usize| (0..4).map(|t| f64::from(expected[(4 * 4 + t) * 5 + plane])).sum::<f64>();
        assert!(sums.iter().enumerate().all(|(n, sum)| (sum / over_time(n + 1) - 1.0).abs() < 1e-6), "{sums:?}");
        // Added to bins of their own, and scaled.
        background.add(Background::of_bins(shape, expected.clone()));
        let twice: Vec<f32> = expected.iter().map(|b| 2.0 * b).collect();
        assert!(near(&background.to_vec(), &twice) && near(&background.scaled(0.5).to_vec(), &expected));
        let even = Background::even(shape, numbers(30, 0.5));
        assert!(even.bytes() == 4 * 38 && even.to_vec()[0] == 0.25);
        assert!(Background::even([2, 3, 1, 5], numbers(30, 0.5)).bins() == Some(&numbers(30, 0.5)[..]));
    }
}
