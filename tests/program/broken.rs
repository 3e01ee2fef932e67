//! `coincide check` refuses exactly what the command itself refuses, before any work, for the same reason and at the
//! same place, which is where the mistake was made.

use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::hdf5::write_image;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A config that works, of each kind; `more` is where further tables go.
const RECON: &str = r#"
post_filter.fwhm_mm = [3.0, 3.0, 3.0]
stop.relative_change = 1e-9
reference.phantom = "uniform-cylinder"
[measurement.simulated]
phantom = "uniform-cylinder"
[measurement.simulated.scanner.custom]
name = "small"
rings = 5
crystals_per_ring = 64
inner_radius_mm = 160.0
ring_spacing_mm = 8.0
radial_bins = 31
bin_size_mm = 6.0
[measurement.simulated.sinogram]
view_mashing = 1
axial.span = { span = 1, max_ring_difference = 4 }
[measurement.simulated.simulation]
counts.total-prompts = 1e4
seed = 1
[image]
shape = [30, 30, 9]
voxel_mm = [6.0, 6.0, 4.0]
[run]
threads = 1
[algorithm.osem]
subsets = 8
iterations = 1
[output]
image = "out.h5"
"#;
const SIMULATE: &str = r#"
[acquisition]
phantom = "uniform-cylinder"
scanner.custom = { name = "s", rings = 5, crystals_per_ring = 64, inner_radius_mm = 160.0, ring_spacing_mm = 8.0, radial_bins = 31, bin_size_mm = 6.0 }
[acquisition.simulation]
counts.total-prompts = 1e4
dose_levels = [1.0]
[output]
measurement = "out.h5"
"#;
const NORMALISE: &str = r#"
object = "uniform-cylinder"
[measurement.simulated]
phantom = "uniform-cylinder"
scanner.custom = { name = "s", rings = 5, crystals_per_ring = 64, inner_radius_mm = 160.0, ring_spacing_mm = 8.0, radial_bins = 31, bin_size_mm = 6.0 }
[measurement.simulated.simulation]
counts.total-prompts = 1e5
[components]
rounds = 1
[output]
normalisation = "out.h5"
"#;
const PSF: &str = r#"
[[scans]]
points_mm = [[0.0, 20.0, 0.0]]
[scans.measurement.simulated]
phantom = "points.toml"
scanner.custom = { name = "s", rings = 5, crystals_per_ring = 64, inner_radius_mm = 160.0, ring_spacing_mm = 8.0, radial_bins = 31, bin_size_mm = 6.0 }
[scans.measurement.simulated.simulation]
counts.total-prompts = 1e5
"#;
const STUDY: &str = r#"
title = "t"
phantoms = ["uniform-cylinder"]
prompts = [1e4]
seeds = [1]
[scanners.small]
scanner.custom = { name = "s", rings = 5, crystals_per_ring = 64, inner_radius_mm = 160.0, ring_spacing_mm = 8.0, radial_bins = 31, bin_size_mm = 6.0 }
[image]
shape = [30, 30, 9]
voxel_mm = [6.0, 6.0, 4.0]
[methods.osem]
algorithm.osem = { subsets = 8, iterations = 1 }
"#;
const TRAIN: &str = r#"
[model.ridge]
kernel = [3, 3, 1]
filters = 2
convexity = "convex"
shape = [12, 12, 4]
noise = [0.1]
steps = 1
rate = 0.02
seed = 1
[output]
model = "out.safetensors"
every_steps = 1
licence = "MIT"
"#;

/// What is broken: the kind, what stands in its config, and what stands there instead; nothing means "at the top",
/// `+` "at the end".
const CASES: &[(&str, &str, &str)] = &[
    // Grammar, names, types.
    ("recon", "+", "[nonsense]"),
    ("recon", "", "nonsense = 1"),
    ("recon", "[algorithm.osem]", "[algorithm.osme]"),
    ("recon", "subsets = 8", "subset = 8"),
    ("recon", "subsets = 8\n", ""),
    ("recon", "iterations = 1\n", ""),
    ("recon", "subsets = 8", "subsets = \"8\""),
    ("recon", "subsets = 8", "subsets = 8.5"),
    ("recon", "subsets = 8", "subsets = -8"),
    ("recon", "[algorithm.osem]", "[algorithm.osem"),
    ("recon", "+", "[algorithm.mlem]\niterations = 1"),
    ("recon", "[image]", "[images]"),
    ("recon", "[output]", "[outputs]"),
    ("recon", "threads = 1", "threads = -1"),
    ("recon", "threads = 1", "thread = 1"),
    ("recon", "seed = 1", "seed = \"one\""),
    // Phantom, scanner, sinogram.
    (
        "recon",
        "phantom = \"uniform-cylinder\"\n[measurement.simulated.scanner",
        "phantom = \"uniform\"\n[measurement.simulated.scanner",
    ),
    (
        "recon",
        "phantom = \"uniform-cylinder\"\n[measurement.simulated.scanner",
        "phantom = \"lost.toml\"\n[measurement.simulated.scanner",
    ),
    (
        "recon",
        "phantom = \"uniform-cylinder\"\n[measurement.simulated.scanner",
        "phantom = \"text.toml\"\n[measurement.simulated.scanner",
    ),
    (
        "recon",
        "phantom = \"uniform-cylinder\"\n[measurement.simulated.scanner",
        "phantom = \"far.toml\"\n[measurement.simulated.scanner",
    ),
    ("recon", "rings = 5", "rings = 0"),
    ("recon", "rings = 5", "rings = 100000"),
    ("recon", "crystals_per_ring = 64", "crystals_per_ring = 63"),
    ("recon", "crystals_per_ring = 64", "crystals_per_ring = 0"),
    ("recon", "inner_radius_mm = 160.0", "inner_radius_mm = -160.0"),
    ("recon", "inner_radius_mm = 160.0", "inner_radius_mm = 0"),
    ("recon", "inner_radius_mm = 160.0", "inner_radius_mm = nan"),
    ("recon", "inner_radius_mm = 160.0", "inner_radius_mm = 1e30"),
    ("recon", "ring_spacing_mm = 8.0", "ring_spacing_mm = 0"),
    ("recon", "ring_spacing_mm = 8.0", "ring_spacing_mm = inf"),
    ("recon", "radial_bins = 31", "radial_bins = 0"),
    ("recon", "radial_bins = 31", "radial_bins = 64"),
    ("recon", "bin_size_mm = 6.0", "bin_size_mm = 0"),
    (
        "recon",
        "bin_size_mm = 6.0",
        "bin_size_mm = 6.0\nlayout.polygon = { crystals_per_side = 7, crystal_pitch_mm = 4.0 }",
    ),
    ("recon", "bin_size_mm = 6.0", "bin_size_mm = 6.0\ntof = { bins = 0, bin_ps = 10.0, fwhm_ps = 300.0 }"),
    ("recon", "bin_size_mm = 6.0", "bin_size_mm = 6.0\ntof = { bins = 33, bin_ps = 1e-7, fwhm_ps = 300.0 }"),
    ("recon", "view_mashing = 1", "view_mashing = 0"),
    ("recon", "view_mashing = 1", "view_mashing = 3"),
    ("recon", "view_mashing = 1", "tof_mashing = 1"),
    ("recon", "span = 1,", "span = 2,"),
    ("recon", "max_ring_difference = 4", "max_ring_difference = 5"),
    ("recon", "max_ring_difference = 4", "max_ring_difference = -1"),
    // Simulation.
    ("recon", "counts.total-prompts = 1e4", "counts.total-prompts = 0"),
    ("recon", "counts.total-prompts = 1e4", "counts.total-prompts = -1e4"),
    ("recon", "counts.total-prompts = 1e4", "counts.total-prompts = nan"),
    ("recon", "counts.total-prompts = 1e4", "counts.prompts = 1e4"),
    ("recon", "counts.total-prompts = 1e4", "counts.total-prompts = 1e4\nrandoms_fraction = 1.2"),
    (
        "recon",
        "counts.total-prompts = 1e4",
        "counts.total-prompts = 1e4\nrandoms_fraction = 0.6\nscatter_fraction = 0.5",
    ),
    ("recon", "counts.total-prompts = 1e4", "counts.total-prompts = 1e4\nsub_lines = 0"),
    ("recon", "counts.total-prompts = 1e4", "counts.total-prompts = 1e4\nsub_lines = 5000"),
    ("recon", "counts.total-prompts = 1e4", "counts.total-prompts = 1e4\ndose_levels = []"),
    ("recon", "counts.total-prompts = 1e4", "counts.total-prompts = 1e4\ndose_levels = [0.5, 0.25]"),
    ("recon", "counts.total-prompts = 1e4", "counts.total-prompts = 1e4\ndose_levels = [2.0]"),
    ("recon", "counts.total-prompts = 1e4", "counts.total-prompts = 1e4\nefficiency_sigma = -0.1"),
    ("recon", "counts.total-prompts = 1e4", "counts.total-prompts = 1e4\nsingles = { window_ns = 5.0 }"),
    ("recon", "counts.total-prompts = 1e4", "counts.scan = { duration_s = 0, sensitivity_cps_per_kbq = 1.0 }"),
    (
        "recon",
        "counts.total-prompts = 1e4",
        "counts.scan = { duration_s = 60, sensitivity_cps_per_kbq = 1.0, isotope = \"F18\" }",
    ),
    ("recon", "counts.total-prompts = 1e4", "counts.total-prompts = 1e4\nuncorrected = [\"decays\"]"),
    (
        "recon",
        "counts.total-prompts = 1e4",
        "counts.total-prompts = 1e4\nlesions = [{ centre_mm = [0, 0, 0], diameter_mm = 10, contrast = 0.5 }]",
    ),
    (
        "recon",
        "counts.total-prompts = 1e4",
        "counts.total-prompts = 1e4\nlesions = [{ centre_mm = [500, 0, 0], diameter_mm = 10, contrast = 4 }]",
    ),
    // Image, resolution.
    ("recon", "shape = [30, 30, 9]", "shape = [0, 30, 9]"),
    ("recon", "shape = [30, 30, 9]", "shape = [30, 30]"),
    ("recon", "shape = [30, 30, 9]", "shape = [30, -30, 9]"),
    ("recon", "shape = [30, 30, 9]", "shape = [1000000000, 30, 9]"),
    ("recon", "shape = [30, 30, 9]", "shape = [20000, 20000, 9]"),
    ("recon", "voxel_mm = [6.0, 6.0, 4.0]", "voxel_mm = [0.0, 6.0, 4.0]"),
    ("recon", "voxel_mm = [6.0, 6.0, 4.0]", "voxel_mm = [6.0, 6.0, -4.0]"),
    ("recon", "voxel_mm = [6.0, 6.0, 4.0]", "voxel_mm = 6.0"),
    ("recon", "voxel_mm = [6.0, 6.0, 4.0]", "voxel_mm = [6.0, 6.0, 8.673617379884035e-19]"),
    ("recon", "voxel_mm = [6.0, 6.0, 4.0]", "voxel_mm = [1e30, 6.0, 4.0]"),
    ("recon", "voxel_mm = [6.0, 6.0, 4.0]", "voxel_mm = [6.0, 6.0, 4.0]\ncentre_mm = [nan, 0.0, 0.0]"),
    ("recon", "voxel_mm = [6.0, 6.0, 4.0]", "voxel_mm = [6.0, 6.0, 4.0]\ncentre_mm = [900.0, 0.0, 0.0]"),
    ("recon", "+", "[resolution]\nfwhm_mm = [-1.0, 4.0, 4.0]"),
    ("recon", "+", "[resolution]\nfwhm_mm = 4.0"),
    ("recon", "+", "[resolution]\nfwhm_mm = [1e308, 4.0, 4.0]"),
    (
        "recon",
        "+",
        "[resolution]\nfwhm_mm = [4, 4, 4]\nby_radius = [{ radius_mm = 90, fwhm_mm = [5, 5, 5] }, { radius_mm = 80, fwhm_mm = [5, 5, 5] }]",
    ),
    ("recon", "post_filter.fwhm_mm = [3.0, 3.0, 3.0]", "post_filter.fwhm_mm = [3.0, 3.0]"),
    ("recon", "post_filter.fwhm_mm = [3.0, 3.0, 3.0]", "post_filter.fwhm_mm = [-3.0, 3.0, 3.0]"),
    // What is there already, and what does not fit.
    ("recon", "", "attenuation.phantom = \"uniform-cylinder\""),
    ("recon", "", "decay.isotope = \"F-18\""),
    ("recon", "", "randoms.delayeds = \"scan.h5\""),
    ("recon", "", "normalisation.file = \"lost.h5\""),
    ("recon", "", "normalisation.file = \"image.h5\""),
    ("recon", "seed = 1", "uncorrected = [\"attenuation\"]\n[attenuation]\nfile = \"lost.h5\""),
    ("recon", "seed = 1", "uncorrected = [\"attenuation\"]\n[attenuation]\nfile = \"text.toml\""),
    ("recon", "seed = 1", "uncorrected = [\"attenuation\"]\n[attenuation]\nfile = \"image.h5\""),
    ("recon", "seed = 1", "uncorrected = [\"attenuation\"]\n[attenuation]\nfile = \"mu-far.h5\""),
    (
        "recon",
        "seed = 1",
        "uncorrected = [\"attenuation\"]\n[attenuation]\nfile = { path = \"mu.h5\", shift_mm = [0, 0, 5000] }",
    ),
    (
        "recon",
        "seed = 1",
        "uncorrected = [\"attenuation\"]\n[attenuation]\nfile = { path = \"mu.h5\", shift = [0, 0, 1] }",
    ),
    ("recon", "seed = 1", "uncorrected = [\"attenuation\"]\n[attenuation]\nfile = { shift_mm = [0, 0, 1] }"),
    ("recon", "seed = 1", "uncorrected = [\"attenuation\"]\n[attenuation]\nfile-per-mm = \"image.h5\""),
    ("recon", "seed = 1", "uncorrected = [\"attenuation\"]\n[attenuation]\nfiles = []"),
    ("recon", "seed = 1", "uncorrected = [\"attenuation\"]\n[attenuation]\nfiles = [\"mu.h5\", \"lost.h5\"]"),
    ("recon", "seed = 1", "uncorrected = [\"attenuation\"]\n[attenuation.ct]\nfile = \"mu.h5\""),
    ("recon", "seed = 1", "uncorrected = [\"attenuation\"]\n[attenuation.ct]\nfile = \"mu.h5\"\ntube_voltage_kv = 90"),
    ("recon", "seed = 1", "uncorrected = [\"randoms\"]\n[randoms]\ndelayeds = \"lost.h5\""),
    ("recon", "seed = 1", "uncorrected = [\"randoms\"]\n[randoms]\ndelayeds = \"other.h5\""),
    ("recon", "seed = 1", "uncorrected = [\"randoms\"]\n[randoms]\ndelayeds = \"image.h5\""),
    ("recon", "seed = 1", "uncorrected = [\"randoms\"]\n[randoms.singles]\nfile = \"scan.h5\"\nwindow_ns = 5.0"),
    ("recon", "seed = 1", "uncorrected = [\"decay\"]\n[decay]\nisotope = \"F-18\""),
    ("recon", "reference.phantom = \"uniform-cylinder\"", "reference.phantom = \"nothing\""),
    ("recon", "reference.phantom = \"uniform-cylinder\"", "reference.image = \"lost.h5\""),
    ("recon", "reference.phantom = \"uniform-cylinder\"", "reference.image = \"small.h5\""),
    ("recon", "", "suv = { weight_kg = 0, injected_mbq = 350 }"),
    ("recon", "", "suv = { weight_kg = 70, injected_mbq = 350, uptake_min = 60 }"),
    ("recon", "", "suv = { weight_kg = 70, injected_mbq = 350, half_life_min = 109 }"),
    ("recon", "", "suv = { weight_kg = 70, injected_mbq = 350, injected_at = \"10:00\" }"),
    // Priors.
    ("recon", "+", "[prior.relative]\nbeta = 1"),
    ("recon", "+", "[prior.relative-difference]"),
    ("recon", "+", "[prior.relative-difference]\nbeta = -1"),
    ("recon", "+", "[prior.relative-difference]\nbeta = \"automatic\""),
    ("recon", "+", "[prior.relative-difference]\nbeta = 1e-4\n[prior.quadratic]\nbeta = 1"),
    ("recon", "[algorithm.osem]", "[prior.relative-difference]\nbeta = 1e-4\n[algorithm.osem]"),
    (
        "recon",
        "[algorithm.osem]\nsubsets = 8",
        "[prior.relative-difference]\nbeta = 1e-4\nunit = \"counts/mm\"\n[algorithm.bsrem]\nsubsets = 8",
    ),
    (
        "recon",
        "[algorithm.osem]\nsubsets = 8",
        "[prior.relative-difference]\nbeta = 1e-4\ngamma = -2\n[algorithm.bsrem]\nsubsets = 8",
    ),
    ("recon", "[algorithm.osem]\nsubsets = 8", "[prior.bowsher]\nbeta = 1e-4\n[algorithm.bsrem]\nsubsets = 8"),
    (
        "recon",
        "[algorithm.osem]\nsubsets = 8",
        "[prior.bowsher]\nbeta = 1e-4\nanatomical.file = \"lost.h5\"\n[algorithm.bsrem]\nsubsets = 8",
    ),
    (
        "recon",
        "[algorithm.osem]\nsubsets = 8",
        "[prior.bowsher]\nbeta = 1e-4\nanatomical.file = \"mu-far.h5\"\n[algorithm.bsrem]\nsubsets = 8",
    ),
    (
        "recon",
        "[algorithm.osem]\nsubsets = 8",
        "[prior.bowsher]\nbeta = 1e-4\nanatomical.phantom = \"nothing\"\n[algorithm.bsrem]\nsubsets = 8",
    ),
    (
        "recon",
        "[algorithm.osem]\nsubsets = 8",
        "[prior.ridge]\nbeta = 1\nmodel = \"ridge-9d\"\n[algorithm.bsrem]\nsubsets = 8",
    ),
    (
        "recon",
        "[algorithm.osem]\nsubsets = 8",
        "[prior.ridge]\nbeta = 1\nmodel = \"lost.safetensors\"\n[algorithm.bsrem]\nsubsets = 8",
    ),
    ("recon", "+", "[prior.unrolled]\nmodel = \"unrolled-9d\""),
    ("recon", "+", "[prior.unrolled]\nmodel = \"lost.safetensors\""),
    ("recon", "+", "[prior.unrolled]\nmodel = \"unrolled-2d\"\nstrength = -1"),
    ("recon", "+", "[prior.unrolled]\nmodel = \"unrolled-2d\"\nblend = 1.5"),
    ("recon", "+", "[prior.unrolled]\nmodel = \"unrolled-2d\"\nanatomical.phantom = \"brain\""),
    // Algorithms.
    ("recon", "subsets = 8", "subsets = 5"),
    ("recon", "subsets = 8", "subsets = 0"),
    ("recon", "iterations = 1", "iterations = 0"),
    ("recon", "iterations = 1", "iterations = 1\nstart.file = \"lost.h5\""),
    ("recon", "iterations = 1", "iterations = 1\nstart.file = \"small.h5\""),
    ("recon", "iterations = 1", "iterations = 1\nstart.file = \"mu.h5\""),
    ("recon", "iterations = 1", "iterations = 1\nstart.osem.subsets = 5"),
    ("recon", "[algorithm.osem]\nsubsets = 8\niterations = 1", "[algorithm.fbp]\ncutoff = 2.0"),
    ("recon", "[algorithm.osem]\nsubsets = 8\niterations = 1", "[algorithm.fbp]\nwindow = \"square\""),
    ("recon", "[algorithm.osem]\nsubsets = 8\niterations = 1", "[algorithm.pnp-mm]\nsubsets = 8\niterations = 1"),
    ("recon", "[algorithm.osem]\nsubsets = 8\niterations = 1", "[algorithm.pdhg]\niterations = 1\nrho = -1"),
    ("recon", "stop.relative_change = 1e-9", "stop.relative_change = -1"),
    ("recon", "stop.relative_change = 1e-9", "stop.time_limit_s = 0"),
    // Sentinel, intervals.
    ("recon", "+", "[sentinel]\nsizes_mm = []"),
    ("recon", "+", "[sentinel]\nsizes_mm = [400.0]"),
    ("recon", "+", "[sentinel]\nheld_out = 1.5"),
    ("recon", "+", "[sentinel]\nsimulated = 3"),
    ("recon", "+", "[sentinel]\ncalibration = \"lost.json\""),
    ("recon", "+", "[sentinel]\nmap = \"map.txt\""),
    ("recon", "+", "[confidence]\nreplicates = 1"),
    ("recon", "+", "[confidence]\nlevel = 1.0"),
    (
        "recon",
        "+",
        "[confidence]\nreplicates = 2\nlesions = [{ name = \"a\", centre_mm = [900, 0, 0], diameter_mm = 10 }]",
    ),
    ("recon", "+", "[confidence]\nensemble = [\"unrolled-2d\"]"),
    // Files, machine.
    ("recon", "image = \"out.h5\"", "image = \"out.nii\""),
    ("recon", "image = \"out.h5\"", "image = \"nowhere/out.h5\""),
    ("recon", "image = \"out.h5\"", "image = \"scan.h5\""),
    ("recon", "image = \"out.h5\"", "image = \"out.h5\"\nreport = \"out.txt\""),
    ("recon", "image = \"out.h5\"", "nifti = \"a.nii\"\nimage = \"out.h5\"\nsnapshots_every = 0"),
    ("recon", "image = \"out.h5\"", "snapshots_every = 1"),
    ("recon", "image = \"out.h5\"\n", "image = \"out.h5\"\n[sentinel]\nmap = \"out.h5\"\n"),
    ("recon", "threads = 1", "threads = 1000000000"),
    ("recon", "threads = 1", "threads = 1\nmemory_gb = 0.000001"),
    ("recon", "threads = 1", "threads = 1\nmemory_gb = 0"),
    // The other commands.
    ("simulate", "phantom = \"uniform-cylinder\"", "phantom = \"nothing\""),
    ("simulate", "phantom = \"uniform-cylinder\"", "phantom = \"far.toml\""),
    ("simulate", "rings = 5", "rings = 0"),
    ("simulate", "dose_levels = [1.0]", "dose_levels = []"),
    ("simulate", "dose_levels = [1.0]", "dose_levels = [0.5, 0.5]"),
    ("simulate", "dose_levels = [1.0]", "sub_lines = 0"),
    (
        "simulate",
        "dose_levels = [1.0]",
        "lesions = [{ centre_mm = [0, 0, 0], diameter_mm = 20, contrast = 4 }, { centre_mm = [5, 0, 0], diameter_mm = 20, contrast = 4 }]",
    ),
    ("simulate", "measurement = \"out.h5\"", "measurement = \"out.hs5\""),
    ("simulate", "measurement = \"out.h5\"", "measurement = \"scan.h5\""),
    ("simulate", "measurement = \"out.h5\"", "measurement = \"out.h5\"\nsingles = \"singles.h5\""),
    ("simulate", "measurement = \"out.h5\"", "measurement = \"out.h5\"\ndelayeds = \"out.h5\""),
    ("simulate", "[acquisition]\n", "[run]\nmemory_gb = 0.000001\n[acquisition]\n"),
    ("simulate", "[acquisition]\n", "[run]\nfigures_every = 1\n[acquisition]\n"),
    ("normalise", "object = \"uniform-cylinder\"", "object = \"nothing\""),
    ("normalise", "rounds = 1", "rounds = 0"),
    ("normalise", "normalisation = \"out.h5\"", "normalisation = \"out.txt\""),
    (
        "normalise",
        "counts.total-prompts = 1e5",
        "counts.total-prompts = 1e5\nrandoms_fraction = 0.2\n[randoms]\ndelayeds = \"scan.h5\"",
    ),
    ("normalise", "[measurement.simulated]\n", "[measurement.simulated]\nsinogram.view_mashing = 2\n"),
    ("psf", "points_mm = [[0.0, 20.0, 0.0]]", "points_mm = []"),
    ("psf", "points_mm = [[0.0, 20.0, 0.0]]", "points_mm = [[0.0, nan, 0.0]]"),
    ("psf", "points_mm = [[0.0, 20.0, 0.0]]", "points_mm = [[0.0, 900.0, 0.0]]"),
    ("psf", "phantom = \"points.toml\"", "phantom = \"lost.toml\""),
    ("psf", "+", "[normalisation]\nfile = \"image.h5\""),
    ("study", "phantoms = [\"uniform-cylinder\"]", "phantoms = []"),
    ("study", "phantoms = [\"uniform-cylinder\"]", "phantoms = [\"nothing\"]"),
    ("study", "phantoms = [\"uniform-cylinder\"]", "phantoms = [\"slash.toml\"]"),
    ("study", "phantoms = [\"uniform-cylinder\"]", "phantoms = [\"long.toml\"]"),
    ("study", "prompts = [1e4]", "prompts = [-1]"),
    ("study", "seeds = [1]", "seeds = [1, 1]"),
    ("study", "subsets = 8", "subsets = 5"),
    ("study", "[methods.osem]", "[methods.\"o/s\"]"),
    ("study", "+", "prior.quadratic.beta = 1e-6"),
    ("study", "+", "knob = { path = \"algorithm.osem.iteration\", values = [1, 2] }"),
    ("train", "steps = 1\n", "steps = 0\n"),
    ("train", "kernel = [3, 3, 1]", "kernel = [4, 3, 1]"),
    ("train", "filters = 2", "filters = 0"),
    ("train", "noise = [0.1]", "noise = []"),
    ("train", "[output]", "[outputs]"),
    ("train", "model = \"out.safetensors\"", "model = \"out.h5\""),
];

/// Mistakes that are told of at the table: a key that is missing, and the other side of a contradiction.
const ELSEWHERE: &[&str] = &["", "[algorithm.mlem]\niterations = 1"];

fn program(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_coincide")).args(arguments).arg("--quiet").current_dir(folder).output().unwrap()
}

fn image(path: &Path, grid: ImageGrid, unit: ImageUnit, value: f32) {
    write_image(path, true, &Image::uniform(grid, unit, value), &Default::default()).unwrap();
}

/// A folder with a scan, images and phantoms that the cases name.
fn prepared(folder: &Path) {
    fs::write(folder.join("first.toml"), SIMULATE.replace("out.h5", "scan.h5")).unwrap();
    assert!(program(folder, &["simulate", "first.toml"]).status.success());
    fs::write(folder.join("first.toml"), SIMULATE.replace("out.h5", "other.h5").replace("rings = 5", "rings = 4"))
        .unwrap();
    assert!(program(folder, &["simulate", "first.toml"]).status.success());
    let grid = ImageGrid::centred([30, 30, 9], [6.0, 6.0, 4.0]);
    image(&folder.join("image.h5"), grid, ImageUnit::BecquerelPerMl, 1.0);
    image(&folder.join("mu.h5"), grid, ImageUnit::PerCm, 0.096);
    image(&folder.join("small.h5"), ImageGrid::centred([3, 3, 3], [6.0; 3]), ImageUnit::BecquerelPerMl, 1.0);
    let far = ImageGrid { origin_mm: [0.0, 0.0, 5000.0], ..grid };
    image(&folder.join("mu-far.h5"), far, ImageUnit::PerCm, 0.096);
    let phantom = |centre: &str, region: &str, radius: f64| {
        format!(
            "name = \"p\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\nsolid.ellipsoid = {{ semi_axes_mm = [{radius}, {radius}, {radius}] }}\n\
             centres_mm = [{centre}]\nactivity_bq_per_ml = 1000.0\nattenuation_per_cm = 0.0\nregion = \"{region}\"\n"
        )
    };
    fs::write(folder.join("far.toml"), phantom("[0, 0, 5000]", "all", 50.0)).unwrap();
    fs::write(folder.join("points.toml"), phantom("[0, 20, 0]", "all", 4.0)).unwrap();
    fs::write(folder.join("slash.toml"), phantom("[0, 0, 0]", "lesion 1/2", 50.0)).unwrap();
    fs::write(folder.join("long.toml"), phantom("[0, 0, 0]", &"long ".repeat(15), 50.0)).unwrap();
    fs::write(folder.join("text.toml"), "this is no phantom").unwrap();
}

fn kind(name: &str) -> (&'static str, &'static [&'static str]) {
    match name {
        "recon" => (RECON, &["recon"]),
        "simulate" => (SIMULATE, &["simulate"]),
        "normalise" => (NORMALISE, &["normalise"]),
        "psf" => (PSF, &["psf"]),
        "study" => (STUDY, &["evaluate"]),
        _ => (TRAIN, &["train"]),
    }
}

fn broken(whole: &str, old: &str, new: &str) -> String {
    match old {
        "" => format!("{new}\n{whole}"),
        "+" => format!("{whole}\n{new}\n"),
        old => {
            assert!(whole.contains(old), "{old}");
            whole.replacen(old, new, 1)
        }
    }
}

/// What was said, without the frames around it.
fn said(output: &Output) -> String {
    let all = [&output.stderr[..], &output.stdout[..]].concat();
    let plain: String =
        String::from_utf8_lossy(&all).chars().map(|c| if "×│╭─╰·".contains(c) { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where the first mistake stands, `case.toml:7:24`.
fn place(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once("case.toml:")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches(':'))
}

/// What is wrong first, without its cure.
fn reason(said: &str) -> String {
    let message = match said.strip_prefix("case.toml:") {
        Some(rest) => rest.split_once(": ").map_or(rest, |(_, message)| message),
        None => said,
    };
    let ends = [" (", " [case", " case.toml:", " 1 problem"].map(|end| message.find(end).unwrap_or(message.len()));
    message[..ends.into_iter().min().unwrap_or_default()].chars().take(60).collect()
}

/// The lines of a text that are not in another one, counted from 1, and one around them: where the mistake was made.
fn changed(text: &str, whole: &str) -> std::ops::RangeInclusive<usize> {
    let (own, other): (Vec<_>, Vec<_>) = (text.lines().collect(), whole.lines().collect());
    let same = own.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let behind = own[same..].iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    same..=own.len() - behind + 1
}

#[test]
fn check_refuses_what_the_run_refuses() {
    assert!(CASES.len() >= 150, "{} cases", CASES.len());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    prepared(folder);
    let before = files(folder);
    let mut wrong = Vec::new();
    for name in ["recon", "simulate", "normalise", "psf", "study", "train"] {
        let (whole, _) = kind(name);
        fs::write(folder.join("case.toml"), whole).unwrap();
        let check = program(folder, &["check", "case.toml"]);
        if !check.status.success() {
            wrong.push(format!("{name}, which works: {}", said(&check)));
        }
    }
    let mut verdicts = [0; 2];
    for &(name, old, new) in CASES {
        let (whole, command) = kind(name);
        let text = broken(whole, old, new);
        fs::write(folder.join("case.toml"), &text).unwrap();
        let [check, run] =
            [program(folder, &["check", "case.toml"]), program(folder, &[command, &["case.toml"]].concat())];
        let codes = [&check, &run].map(|output| output.status.code());
        let told = [&check, &run].map(said);
        println!("{name:9} {codes:?} | {new} | {}", told[0]);
        let line = place(&told[0]).and_then(|place| place.split(':').next()?.parse::<usize>().ok());
        let there = line.is_some_and(|line| changed(&text, whole).contains(&line));
        let same = reason(&told[0]) == reason(&told[1]) && place(&told[0]) == place(&told[1]);
        if codes == [Some(2), Some(2)] && same && (there || ELSEWHERE.contains(&new)) {
            verdicts[1] += 1;
        } else {
            verdicts[0] += 1;
            wrong.push(format!("{name} `{old}` → `{new}`: {codes:?}\n  check: {}\n  run:   {}", told[0], told[1]));
        }
        for left in files(folder).into_iter().filter(|file| !before.contains(file)) {
            let _ = fs::remove_file(folder.join(&left));
            if left != "case.toml" {
                wrong.push(format!("{name} `{new}` left {left}"));
            }
        }
    }
    println!("{} broken configs: both refuse {}, else {}", CASES.len(), verdicts[1], verdicts[0]);
    assert!(wrong.is_empty(), "{}\n{} of {}", wrong.join("\n"), wrong.len(), CASES.len());
}

fn files(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}
