//! Unrolled networks: EM steps drawn to what a convolutional network makes of the image.
//!
//! z = max(0, x + c · body(x / c \[, anatomy\]))
//!
//! The body is a chain of convolutions without bias and ReLU between them, so that a network trained at one dose serves
//! all: c, the mean activity of the body, scales with the image, and so does z. Images are `[x, y, z]` with z
//! contiguous, layers channels last, `[x, y, z, channel]`; outside the volume there are zeros. Kernels of one voxel
//! along z make a network two-dimensional, a longer first one 2.5-dimensional.
//!
//! Mehranian, A. & Reader, A. J. (2021). Model-based deep learning PET image reconstruction using forward–backward
//! splitting expectation–maximization. IEEE Trans. Radiat. Plasma Med. Sci. 5, 54.

mod architecture;
mod body;
mod card;
mod companion;
mod model;
mod shipped;
mod unit_range;
mod unrolled;

pub use architecture::{Applied, Architecture, Layer};
pub use body::Body;
pub use card::{KIND, MapImage, ModelCard};
pub use companion::Companion;
pub use model::{Model, Weights, tensor_name};
pub use shipped::{shipped_model, shipped_models};
pub use unit_range::unit_range;
pub use unrolled::{Blend, MapOfScan, Unrolled};
