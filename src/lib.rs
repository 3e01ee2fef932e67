//! Coincide: iterative PET reconstruction.
//!
//! A measurement y of a scanner is explained by ȳ = m ⊙ (G A x) + b: an image x goes through operators A as the
//! resolution model, along the lines of response G, times factors m (attenuation, normalisation), on a background b of
//! randoms and scatter. A [`model::System`] holds that, [`likelihood::Model`] the counts on it, and an
//! [`algorithm::Objective`] adds the prior. All three are cheap to clone and own what they hold.
//!
//! From a file to an image:
//!
//! ```
//! use coincide::io;
//! use coincide::prelude::*;
//! # use coincide::data::Counts;
//! # let folder = tempfile::tempdir()?;
//! # let [scan, output] = ["scan.h5", "image.nii.gz"].map(|name| folder.path().join(name));
//! # let scanner = Scanner { rings: 3, crystals_per_ring: 108, radial_bins: 21, ..preset("siemens-mmr").unwrap() };
//! # let axial = AxialCompression::Span { span: 1, max_ring_difference: 2 };
//! # let geometry = SinogramGeometry::new(scanner, axial, 1, 0)?;
//! # let prompts: Counts = vec![3.0; geometry.bins()].into();
//! # let (ledger, clock) = (Ledger::raw().calibrated(), Clock::default());
//! # let flat = Measurement { geometry, prompts, factors: None, background: None, ledger, clock };
//! # io::save_measurement(&scan, false, &flat, &Provenance::default())?;
//!
//! let measurement = Arc::new(io::open_measurement(&scan)?.0);
//! let grid = ImageGrid::centred([24, 24, 5], [10.0, 10.0, 2.03125]); // voxels, mm
//! let model = Model::new(&measurement, grid, Some([4.5, 4.5, 4.5]), 6)?; // resolution in mm, subsets
//!
//! let pairs = Pairs::new(&grid, Neighbours::default(), None);
//! let prior = Prior::Smooth(relative_difference(pairs, 2.0, 1e-3));
//! let objective = Objective::new(&model, &prior, 0.01);
//!
//! let relaxation = Relaxation { first: 1.0, decay: 0.02 };
//! let mut algorithm = Svrg::new(&objective, relaxation, 2, None)?;
//! drive(&mut algorithm, 4 * model.subsets(), &mut []);
//!
//! let values = algorithm.image().to_vec();
//! let image = Image { grid, unit: ImageUnit::BecquerelPerMl, values };
//! io::save_image(&output, false, &image, &Provenance::default())?;
//! # assert!(image.values.iter().all(|x| *x >= 0.0) && output.is_file());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/own_prior.rs`, `own_algorithm.rs` and `own_operator.rs` bring their own. The program `coincide` does all
//! of it from config files; see the README.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod algorithm;
pub mod choice;
pub mod config;
pub mod data;
pub mod image;
pub mod io;
pub mod likelihood;
pub(crate) mod memory;
pub mod metrics;
pub mod model;
pub mod normalise;
pub mod observe;
pub mod operator;
pub mod paths;
pub mod phantom;
pub mod prelude;
pub mod prior;
pub mod psf;
pub mod report;
pub mod run;
pub mod scanner;
pub mod simulate;
pub mod study;
pub mod train;
pub mod trust;
pub mod units;
