//! Bias and standard deviation over noise realisations, voxel by voxel.
//!
//!   x̄ = Σ xᵢ / n,   bias = x̄ − t,   s² = Σ (xᵢ − x̄)² / (n − 1)
//!
//! Updated one image at a time (Welford 1962, Technometrics 4:419), in the order of the realisations.

use super::{Better, Family, Figure, Scope, Unit, Use};
use rayon::prelude::*;

/// Found over the realisations of a study.
pub(super) static ENSEMBLE: Family = Family { figures: &[&NOISE, &BIAS, &SD], score: None };

/// Noise in the noise region.
pub static NOISE: Figure = Figure {
    id: "noise",
    title: "noise",
    unit: Unit::Fraction,
    better: Better::Lower,
    scope: Scope::Noise,
    definition: "of one image the standard deviation over mean of the voxels of the noise region; of all realisations (`ensemble.noise`) √(mean variance over them) / mean there",
    source: "",
    uses: &[Use::Column("", "noise"), Use::Priors],
};

/// Bias of a region of the mean image.
pub static BIAS: Figure = Figure {
    id: "*.bias",
    title: "bias",
    unit: Unit::Fraction,
    better: Better::Nearer(0.0),
    scope: Scope::Ensemble,
    definition: "mean image − truth over the region, over the region's true mean (the object's where the region is cold)",
    source: "",
    uses: &[],
};

/// Standard deviation of a typical voxel of a region.
pub static SD: Figure = Figure {
    id: "*.sd",
    title: "standard deviation",
    unit: Unit::Fraction,
    better: Better::Lower,
    scope: Scope::Ensemble,
    definition: "standard deviation of a typical voxel of the region over realisations, over the same mean",
    source: "",
    uses: &[],
};

/// Images of one thing, seen through different noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    count: usize,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Ensemble {
    /// No image yet, of so many voxels.
    pub fn new(voxels: usize) -> Self {
        Self { count: 0, mean: vec![0.0; voxels], squares: vec![0.0; voxels] }
    }

    /// Adds a realisation.
    pub fn add(&mut self, image: &[f32]) {
        assert_eq!(image.len(), self.mean.len(), "images of an ensemble differ in size");
        self.count += 1;
        let count = self.count as f64;
        let voxels = self.mean.par_iter_mut().zip(&mut self.squares).zip(image);
        voxels.for_each(|((mean, squares), &value)| {
            let before = f64::from(value) - *mean;
            *mean += before / count;
            *squares += before * (f64::from(value) - *mean);
        });
    }

    /// Number of realisations.
    pub fn count(&self) -> usize {
        self.count
    }

    /// x̄
    pub fn mean(&self) -> Vec<f32> {
        self.mean.iter().map(|&mean| mean as f32).collect()
    }

    /// x̄ − t
    pub fn bias(&self, truth: &[f32]) -> Vec<f32> {
        assert_eq!(truth.len(), self.mean.len(), "truth and ensemble differ in size");
        self.mean.iter().zip(truth).map(|(&mean, &truth)| (mean - f64::from(truth)) as f32).collect()
    }

    /// s; `None` for fewer than two images.
    pub fn sd(&self) -> Option<Vec<f32>> {
        let freedom = self.count.checked_sub(1).filter(|&freedom| freedom > 0)? as f64;
        Some(self.squares.iter().map(|&squares| (squares / freedom).sqrt() as f32).collect())
    }
}

/// √(Σ w s² / Σ w): the standard deviation of a typical voxel of a region.
pub fn root_mean_variance(sd: &[f32], mask: &[f32]) -> f64 {
    assert_eq!(sd.len(), mask.len(), "mask and image differ in size");
    let terms = sd.iter().zip(mask).map(|(&s, &w)| (f64::from(w) * f64::from(s).powi(2), f64::from(w)));
    let (sum, weight) = terms.fold((0.0, 0.0), |(sum, weight), (term, w)| (sum + term, weight + w));
    (sum / weight).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bias_and_deviation_by_hand() {
        let mut ensemble = Ensemble::new(2);
        assert_eq!(ensemble.sd(), None);
        [[1.0, 5.0], [2.0, 5.0], [6.0, 5.0]].iter().for_each(|image| ensemble.add(image));
        assert_eq!(ensemble.mean(), [3.0, 5.0]);
        assert_eq!(ensemble.bias(&[2.5, 6.0]), [0.5, -1.0]);
        assert_eq!(ensemble.sd().unwrap(), [7.0_f32.sqrt(), 0.0]);
        assert_eq!(root_mean_variance(&[3.0, 4.0, 9.0], &[0.5, 0.5, 0.0]), 12.5_f64.sqrt());
    }
}
