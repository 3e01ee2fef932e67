//! What an algorithm keeps besides the measurement, its image and the sensitivities.

use super::AlgorithmConfig;

/// Arrays of an algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptArrays {
    /// Images.
    pub images: usize,
    /// Sinograms of all subsets together, in four bytes a bin.
    pub sinograms: usize,
    /// Whether the sensitivity of each subset is among what it needs.
    pub sensitivities: bool,
}

impl AlgorithmConfig {
    /// The arrays that the algorithm keeps, found by measurement where they come and go (convolutions by Fourier
    /// transforms).
    pub fn kept_arrays(&self) -> KeptArrays {
        let of = |sensitivities, images| KeptArrays { images, sinograms: 0, sensitivities };
        match self {
            Self::Mlem(_) | Self::Osem(_) => of(true, 0),
            Self::Osl(_) => of(true, 3),
            Self::DePierro(_) | Self::PnpMm(_) | Self::PnpAdmm(_) => of(true, 4),
            Self::Bsrem(_) | Self::Sps(_) | Self::Red(_) => of(false, 6),
            Self::Svrg(c) => of(false, c.subsets + 5),
            Self::Saga(c) => of(false, c.subsets + 6),
            Self::Lbfgs(c) => of(false, 2 * c.memory + 5),
            Self::ProximalNewton(_) => of(false, 25),
            Self::Svrn(c) => of(false, 2 * c.subsets + 25),
            // Dual variables of data and prior, and lengths; with one subset, they are gone before the second sinogram
            // comes that judges the image.
            Self::Pdhg(_) => KeptArrays { images: 9, sinograms: 1, sensitivities: false },
            Self::Spdhg(_) => KeptArrays { images: 9, sinograms: 2, sensitivities: false },
            Self::Fbp(_) => KeptArrays { images: 2, sinograms: 2, sensitivities: false },
        }
    }
}
