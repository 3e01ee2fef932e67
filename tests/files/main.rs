//! Readers and writers.

#[path = "../shared_data/mod.rs"]
mod shared_data;

mod castor;
mod file_rules;
mod files_hdf5;
mod files_nifti;
mod files_png;
mod formats;
mod frame;
mod interfile;
mod interfile_dialects;
mod io_fuzz;
mod metaimage;
mod missing_data;
mod network_files;
mod plots;
mod siemens;
mod stir_scanners;
mod tables;
