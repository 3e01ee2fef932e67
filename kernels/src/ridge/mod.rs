//! Small filters over an image, a function of every response, and the filters' transpose,
//!
//!   v_c(r) = Σ_t w_{c,t} (x(r + t) − x(r + t₀)),     u_c(r) = σ_c(v_c(r)),     out(r + t) += Σ_c w_{c,t} u_c(r),
//!
//! for all places r where the filter lies inside the volume; t₀ is its middle. One row along z at a time; z is the SIMD
//! direction, so every tap is a broadcast weight times a shifted row. Differences from the middle make what a constant
//! image gives exactly zero. No fused multiply-add: all levels give the same bits.

mod clamps;
mod rows;

pub use clamps::Clamps;
pub use rows::FilterRows;

use crate::product;

/// Channels come in multiples of so many.
pub const CHANNELS: usize = 8;

/// Rows are filled up to a multiple of so many voxels.
const LANES: usize = 16;

/// Filters of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Filters {
    shape: [usize; 3],
    channels: usize,
    /// `[x, y, z, channel]`
    taps: Vec<f32>,
}

impl Filters {
    /// Filters `[channel, x, y, z]`, filled up with zeros to a multiple of [`CHANNELS`].
    pub fn new(shape: [usize; 3], filters: &[f32]) -> Self {
        let size = product(&shape);
        assert!(size > 0 && filters.len().is_multiple_of(size), "filters of shape {shape:?}");
        let channels = (filters.len() / size).next_multiple_of(CHANNELS);
        let mut taps = vec![0.0; size * channels];
        for (channel, filter) in filters.chunks_exact(size).enumerate() {
            for (tap, &weight) in filter.iter().enumerate() {
                taps[tap * channels + channel] = weight;
            }
        }
        Self { shape, channels, taps }
    }

    /// Voxels along x, y, z.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Number of filters.
    pub fn channels(&self) -> usize {
        self.channels
    }
}
