//! The arithmetic of Coincide on plain slices: no I/O, no threads, no allocation in hot paths, no dependency but `libm`
//! (the error function).
//!
//! [`joseph`] is the readable reference projector; [`mod@column`] is the fast one, which treats all planes of a
//! transaxial line at once; [`gaussian`] is the resolution model, [`convolution`] the layer of a network. SIMD levels
//! are chosen at run time ([`Level`]).
#![warn(missing_docs)]

mod aligned;
pub mod cholesky;
pub mod column;
pub mod convolution;
pub mod differences;
pub mod fusion;
pub mod gaussian;
pub mod joseph;
mod lanes;
mod level;
pub mod median;
mod memory;
pub mod pairs;
pub mod probe;
pub mod ridge;
pub mod stencil;

pub use aligned::AlignedBuffer;
pub use level::Level;
pub use memory::zeros;

/// The product of some sizes.
///
/// # Panics
/// Where it is more than can be counted: a wrapped product would let too small a slice pass.
fn product(sizes: &[usize]) -> usize {
    let product = sizes.iter().try_fold(1_usize, |all, &size| all.checked_mul(size));
    product.unwrap_or_else(|| panic!("sizes {sizes:?} multiply to more than memory holds"))
}
