//! The column projector: all planes and TOF bins of one transaxial line at once.
//!
//! Rings stacked on one axis share every transaxial line. Along it, Joseph's interpolation in the plane is the same for
//! all planes, so each step blends two voxel columns (contiguous in z) into one *row*. A plane with axial tilt reads
//! the row of step t at lattice offset o(t) = m(t) + f(t), the same for all planes of a [`Run`] (equal tilt, equal
//! spacing):
//!
//! ȳ\[p\] = w Σ_t (1 − f_t) · row_t\[m_t + Q p\] + f_t · row_t\[m_t + Q p + 1\]
//!
//! The kernels keep the sums of a run in registers, one lane per plane, and read the rows from wherever the offset
//! points: no branch depends on the tilt. The back projection is the exact transpose: same steps, same offsets, same
//! weights. Every weight and every sum is non-negative where the image is: no differences of running sums, which would
//! be faster on fine grids and leave rounding noise where there should be zeros.
//!
//! Neighbouring lines go together, block of steps by block of steps, so that their voxels come from the caches.

mod back;
mod bundles;
mod forward;
mod groups;
mod lattice;
mod limits;
mod offsets;
mod plan;
mod regions;
mod rows;
mod runs;
mod timed;
mod tof;
mod walk;
mod widths;
mod workspace;

pub use back::back;
pub use forward::forward;
pub use groups::PlaneLine;
pub use plan::Plan;
pub use rows::ImageRows;
pub use runs::Run;
pub use tof::TofKernel;
pub use walk::{Axis, Walk};
pub use workspace::Workspace;
