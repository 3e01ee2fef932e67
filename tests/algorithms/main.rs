//! Algorithms, and what theory says of them.

#[path = "../small_scan/mod.rs"]
mod small_scan;

mod border;
mod certificate;
mod choices;
mod fbp;
mod fbp_slices;
mod in_memory;
mod map;
mod observers;
mod osem;
mod pnp;
mod rates;
mod subsets;
mod unrolled;
