//! Convolutions of images with channels: the readable reference and the fast direct one.
//!
//! out[x, y, z, o] = Σ over a, b, c, i of
//!     weights[o, i, a, b, c] · input[x + dₓ (a − rₓ), y + d_y (b − r_y), z + d_z (c − r_z), i]
//!
//! Kernels have odd sides 2 r + 1 and taps d voxels apart (dilation), there are zeros outside the volume, no bias,
//! stride 1: what PyTorch's `Conv3d` does with D, H, W = x, y, z. Channels come last, so that neighbours along z lie
//! side by side: the values that the taps of one (a, b) read for one voxel are a single contiguous run where d_z is 1.
//! [`Filter`] makes one row of the output at a time, from planes with zeros around them, and keeps blocks of voxels ×
//! output channels in registers while it walks over all taps and inputs.

mod blocks;
mod filter;
mod reference;

pub use filter::Filter;
pub use reference::convolve;
