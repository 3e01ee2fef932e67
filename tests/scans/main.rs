//! Scanners, phantoms, figures, and what scans are made of.

#[path = "../shared_data/mod.rs"]
mod shared_data;

mod grid;
mod ledger;
mod metrics;
mod normalisation;
mod normalise;
mod phantom;
mod presets;
mod psf;
mod quantification;
mod randoms;
mod scanner;
mod simulate;
mod uptake;
mod voxel_phantom;
