//! From what a scanner measures to Bq/mL: the program itself, from simulated raw data with nothing but the tables of a
//! config.

use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::hdf5::read_image;
use coincide::io::nifti::write_nifti;
use coincide::phantom::Phantom;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const SCANNER: &str = "scanner.custom = { name = \"small\", rings = 8, crystals_per_ring = 168, inner_radius_mm = 300.0, ring_spacing_mm = 12.0, \
     radial_bins = 96, bin_size_mm = 5.0, rings_per_block = 8, crystals_per_block = 8, virtual_crystals = 1 }\n\
     sinogram = { view_mashing = 1, axial.span = { span = 1, max_ring_difference = 7 } }\n";

const IMAGE: &str =
    "[image]\nshape = [48, 48, 15]\nvoxel_mm = [6.0, 6.0, 6.0]\n[algorithm.osem]\nsubsets = 7\niterations = 6\n";

/// A cylinder longer than the scanner, in water.
fn cylinder(radius_mm: f64, activity: f64) -> String {
    format!(
        "name = \"c\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\nsolid.cylinder = {{ radii_mm = [{radius_mm}, {radius_mm}], length_mm = 160.0 }}\n\
         activity_bq_per_ml = {activity}\nattenuation_per_cm = 0.096\nregion = \"all\"\n"
    )
}

fn program(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_coincide")).args(arguments).arg("--quiet").current_dir(folder).output().unwrap()
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = program(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What the program says of a reconstruction that it refuses.
fn refusal(folder: &Path, tables: &str) -> String {
    fs::write(folder.join("refused.toml"), format!("{tables}{IMAGE}")).unwrap();
    let output = program(folder, &["recon", "refused.toml"]);
    assert!(!output.status.success(), "{tables}");
    String::from_utf8(output.stderr).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn simulate(folder: &Path, name: &str, phantom: &str, start_s: f64, seed: u64, more: &str) {
    let config = format!(
        "[acquisition]\nphantom = \"{phantom}\"\n{SCANNER}\n[acquisition.simulation]\n\
         counts.scan = {{ duration_s = 1200, sensitivity_cps_per_kbq = 12.0, isotope = \"Ga-68\", start_s = {start_s} }}\n\
         singles = {{ window_ns = 6.0, share = 0.3 }}\nefficiency_sigma = 0.1\nseed = {seed}\n{more}\n\
         [output]\nmeasurement = \"{name}.h5\"\ndelayeds = \"{name}-delayeds.h5\"\nsingles = \"{name}-singles.h5\"\n"
    );
    fs::write(folder.join("simulate.toml"), config).unwrap();
    run(folder, &["simulate", "simulate.toml", "--force"]);
}

/// Mean of an image within a radius of the axis, in the slices that see much.
fn mean_within(image: &Image, radius_mm: f64) -> f64 {
    let [nx, ny, nz] = image.grid.shape;
    let (mut sum, mut count) = (0.0, 0.0);
    for (i, j, k) in (0..nx).flat_map(|i| (0..ny).flat_map(move |j| (2..nz - 2).map(move |k| (i, j, k)))) {
        let [x, y, _] = image.grid.centre_mm([i, j, k]);
        if x.hypot(y) < radius_mm {
            (sum, count) = (sum + f64::from(image.values[image.grid.index([i, j, k])]), count + 1.0);
        }
    }
    sum / count
}

#[test]
fn raw_counts_become_bq_per_ml() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("wide.toml"), cylinder(140.0, 4000.0)).unwrap();
    fs::write(folder.join("narrow.toml"), cylinder(90.0, 9000.0)).unwrap();

    // The normalisation, from a wide cylinder: prompts alone, randoms from delayeds.
    simulate(folder, "norm", "wide.toml", 600.0, 1, "");
    run(folder, &["convert", "norm.h5", "norm.hs"]);
    let config = "object = \"wide.toml\"\nmeasurement.file = \"norm.hs\"\nrandoms.delayeds = \"norm-delayeds.h5\"\n\
        decay = { isotope = \"Ga-68\", start_s = 600 }\ncomponents = { geometric = false, interference = false }\n\
        output.normalisation = \"norm-found.h5\"\n";
    fs::write(folder.join("normalise.toml"), config).unwrap();
    let told = run(folder, &["normalise", "normalise.toml"]);
    println!("{told}");
    assert!(told.contains("efficiencies in counts per s and (Bq/mL · mm)"), "{told}");

    // The scan: other activity, another time, the same crystals (their seed), and a CT on a grid of its own.
    simulate(folder, "scan", "narrow.toml", 3000.0, 1, "");
    run(folder, &["convert", "scan.h5", "scan.hs"]);
    let grid = ImageGrid::centred([120, 120, 30], [3.0, 3.0, 7.0]);
    let mut ct = Phantom::parse(&cylinder(90.0, 1.0), "ct").unwrap().attenuation_image(&grid);
    ct.values.iter_mut().for_each(|mu| *mu = *mu / 9.6e-5 - 1000.0);
    ct.unit = ImageUnit::Hounsfield;
    write_nifti(&folder.join("ct.nii"), false, &ct).unwrap();
    let image = |name: &str, tables: &str| {
        let config = format!("{tables}output.image = \"{name}.h5\"\n{IMAGE}");
        fs::write(folder.join("recon.toml"), config).unwrap();
        run(folder, &["recon", "recon.toml", "--force"]);
        read_image(&folder.join(format!("{name}.h5"))).unwrap().0
    };
    let tables = "measurement.file = \"scan.hs\"\nattenuation.ct = { file = \"ct.nii\" }\nnormalisation.file = \"norm-found.h5\"\n\
        decay = { isotope = \"Ga-68\", start_s = 3000 }\n";
    let delayeds = image("delayeds", &format!("{tables}randoms.delayeds = \"scan-delayeds.h5\"\n"));
    let singles =
        image("singles", &format!("{tables}randoms.singles = {{ file = \"scan-singles.h5\", window_ns = 6.0 }}\n"));
    let known = image("known", "measurement.file = \"scan.h5\"\n");
    for (name, found) in [("known", &known), ("delayeds", &delayeds), ("singles", &singles)] {
        let mean = mean_within(found, 70.0);
        println!("{name}: {mean:.0} {}", found.unit);
        assert!(found.unit == ImageUnit::BecquerelPerMl && (mean / 9000.0 - 1.0).abs() < 0.02, "{name}: {mean}");
    }
    // Without randoms there is too much, and without decay too little.
    let without = mean_within(&image("without", tables), 70.0);
    assert!(without > 1.05 * 9000.0, "without randoms: {without}");
    let config = format!("{}randoms.delayeds = \"scan-delayeds.h5\"\n", tables.replace("decay", "#"));
    let undecayed = mean_within(&image("undecayed", &config), 70.0);
    assert!(undecayed < 0.6 * 9000.0, "without decay: {undecayed}");

    // The whole model of a config is proven.
    fs::write(folder.join("verify.toml"), format!("{tables}{IMAGE}")).unwrap();
    let told = run(folder, &["verify", "verify.toml"]);
    assert!(told.contains("of the whole model of a subset") && told.contains("passed"), "{told}");
}

#[test]
fn maps_that_are_no_attenuation_are_refused_with_a_word_on_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("narrow.toml"), cylinder(90.0, 9000.0)).unwrap();
    simulate(folder, "scan", "narrow.toml", 0.0, 1, "uncorrected = [\"attenuation\", \"normalisation\"]");
    let grid = ImageGrid::centred([60, 60, 15], [6.0, 6.0, 12.0]);
    let map = Phantom::parse(&cylinder(90.0, 1.0), "mu").unwrap().attenuation_image(&grid);
    let write = |name: &str, change: &dyn Fn(f32) -> f32| {
        let values = map.values.iter().map(|mu| change(*mu)).collect();
        write_nifti(&folder.join(name), false, &Image { values, ..map.clone() }).unwrap();
        // Other programs do not say what their voxels hold.
        let mut bytes = fs::read(folder.join(name)).unwrap();
        bytes[328..344].fill(0);
        fs::write(folder.join(name), bytes).unwrap();
    };
    write("per-mm.nii", &|mu| 0.1 * mu);
    write("per-cm.nii", &|mu| mu);
    write("hounsfield.nii", &|mu| mu / 9.6e-5 - 1000.0);
    write("shifted.nii", &|mu| mu / 9.6e-5);
    let with = |table: &str| refusal(folder, &format!("measurement.file = \"scan.h5\"\n{table}\n"));
    let per_mm = with("attenuation.file = \"per-mm.nii\"");
    assert!(per_mm.contains("0.0096 per cm only, water has 0.096") && per_mm.contains("is it in 1/mm?"), "{per_mm}");
    let hounsfield = with("attenuation.file = \"hounsfield.nii\"");
    assert!(hounsfield.contains("is it a CT in Hounsfield units?"), "{hounsfield}");
    let shifted = with("attenuation.ct = { file = \"shifted.nii\" }");
    assert!(shifted.contains("not those of a body in air") && shifted.contains("rescale intercept"), "{shifted}");
    let volts = with("attenuation.ct = { file = \"hounsfield.nii\", tube_voltage_kv = 90 }");
    assert!(
        volts.contains("no scaling is known for 90 kV") && volts.contains("80, 100, 110, 120, 130, 140"),
        "{volts}"
    );
    let norm = with("normalisation.file = \"scan.h5\"");
    assert!(norm.contains("holds Measurement, not the components of a normalisation"), "{norm}");
    let twice = refusal(
        folder,
        &format!(
            "decay.isotope = \"F-18\"\n[measurement.simulated]\nphantom = \"narrow.toml\"\n{SCANNER}[measurement.simulated.simulation]\n\
             counts.total-prompts = 1e5\n"
        ),
    );
    assert!(twice.contains("the measurement has its decay already"), "{twice}");

    // Right ones make the same image, whatever their unit.
    let mean = |table: &str| {
        let config = format!("measurement.file = \"scan.h5\"\n{table}\noutput.image = \"image.h5\"\n{IMAGE}");
        fs::write(folder.join("recon.toml"), config).unwrap();
        run(folder, &["recon", "recon.toml", "--force"]);
        mean_within(&read_image(&folder.join("image.h5")).unwrap().0, 70.0)
    };
    let phantom = mean("attenuation.phantom = \"narrow.toml\"");
    for table in ["file = \"per-cm.nii\"", "file-per-mm = \"per-mm.nii\"", "ct = { file = \"hounsfield.nii\" }"] {
        let own = mean(&format!("attenuation.{table}"));
        assert!((own / phantom - 1.0).abs() < 0.02, "{table}: {own}, by the phantom {phantom}");
    }
}

/// Widths by radius: the config is read, its model proven, and radii that do not rise are underlined.
#[test]
fn the_resolution_may_change_with_the_radius() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("narrow.toml"), cylinder(90.0, 9000.0)).unwrap();
    let simulated = format!(
        "\n[measurement.simulated]\nphantom = \"narrow.toml\"\n{SCANNER}[measurement.simulated.simulation]\ncounts.total-prompts = 1e6\n"
    );
    let radii = |second: u32| {
        format!(
            "[resolution]\nfwhm_mm = [8, 8, 8]\nby_radius = [{{ radius_mm = 60, fwhm_mm = [10, 10, 9] }}, {{ radius_mm = {second}, \
             fwhm_mm = [14, 14, 10] }}]\n"
        )
    };
    fs::write(folder.join("verify.toml"), format!("{}{simulated}{IMAGE}", radii(120))).unwrap();
    let told = run(folder, &["verify", "verify.toml"]);
    assert!(told.contains("passed"), "{told}");
    let told = refusal(folder, &format!("{}{simulated}", radii(50)));
    assert!(told.contains("60 mm comes before 50 mm"), "{told}");
}
