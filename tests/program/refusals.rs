//! What the program must not do in silence: write a file twice or over its input, count what cannot be counted, lose a
//! result.

use coincide::data::{Counts, Measurement, Singles};
use coincide::io::{Provenance, hdf5};
use coincide::scanner::{AxialCompression, PRESETS, SinogramGeometry, preset};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SCANNER: &str = "scanner.custom = { name = \"small\", rings = 4, crystals_per_ring = 96, inner_radius_mm = 150.0, ring_spacing_mm = 6.0, \
     radial_bins = 61, bin_size_mm = 4.0 }\nsinogram.axial.span = { span = 1, max_ring_difference = 3 }\n";
const PHANTOM: &str = "name = \"c\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\n\
     solid.cylinder = { radii_mm = [60.0, 60.0], length_mm = 60.0 }\nactivity_bq_per_ml = 500000.0\nattenuation_per_cm = 0.096\nregion = \"all\"\n";
const IMAGE: &str = "[image]\nshape = [32, 32, 7]\nvoxel_mm = [5.0, 5.0, 3.0]\n";
const OSEM: &str = "[algorithm.osem]\nsubsets = 6\niterations = 4\n";

fn folder(files: &[(&str, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.toml"), PHANTOM).unwrap();
    files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    folder
}

fn program(folder: &Path, arguments: &str) -> Output {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
    command
        .args(arguments)
        .args(["--quiet", "--threads", "1"])
        .env("NO_COLOR", "1")
        .current_dir(folder)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).replace(['│', '·'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn done(folder: &Path, arguments: &str) -> String {
    let output = program(folder, arguments);
    assert!(output.status.success(), "{arguments}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// What is said of a command that must fail with an exit code.
fn refused(folder: &Path, arguments: &str, code: i32) -> String {
    let output = program(folder, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments}: {}", said(&output));
    said(&output)
}

fn acquisition(simulation: &str) -> String {
    format!("[acquisition]\nphantom = \"c.toml\"\n{SCANNER}\n[acquisition.simulation]\n{simulation}\n")
}

const COUNTS: &str = "counts.total-prompts = 1e5\n";

#[test]
fn no_simulation_writes_one_file_twice() {
    let folder = folder(&[]);
    for (simulation, output, keys) in [
        ("dose_levels = [0.5, 0.25, 0.50]", "measurement = \"a.h5\"", ["dose 0.5", "dose_levels"]),
        ("", "measurement = \"a.h5\"\ndelayeds = \"./a.h5\"", ["`output.delayeds`", "`output.measurement`"]),
        (
            "dose_levels = [0.5, 0.25]",
            "measurement = \"a.h5\"\ndelayeds = \"a.dose-0.25.h5\"",
            ["`output.delayeds`", "dose 0.25"],
        ),
    ] {
        let text = format!("{}[output]\n{output}\n", acquisition(&format!("{COUNTS}{simulation}")));
        fs::write(folder.path().join("s.toml"), text).unwrap();
        let told = refused(folder.path(), "simulate s.toml", 2);
        assert!(keys.iter().all(|key| told.contains(key)) && told.contains("the same file"), "{told}");
        assert!(!folder.path().join("a.dose-0.5.h5").exists());
    }
    // A level that is there already is told before the work, not after it.
    fs::write(folder.path().join("a.dose-0.25.h5"), "mine").unwrap();
    let text = format!(
        "{}[output]\nmeasurement = \"a.h5\"\n",
        acquisition("counts.total-prompts = 1e5\ndose_levels = [0.5, 0.25]")
    );
    fs::write(folder.path().join("s.toml"), text).unwrap();
    assert!(refused(folder.path(), "simulate s.toml", 2).contains("exists already"));
    assert_eq!(fs::read(folder.path().join("a.dose-0.25.h5")).unwrap(), b"mine");
    assert!(!folder.path().join("a.dose-0.5.h5").exists());
}

#[test]
fn no_reconstruction_writes_one_file_twice_or_over_its_input() {
    let scan = format!("{}[output]\nmeasurement = \"scan.h5\"\n", acquisition(COUNTS));
    let folder = folder(&[("s.toml", scan)]);
    done(folder.path(), "simulate s.toml");
    let measurement = fs::read(folder.path().join("scan.h5")).unwrap();
    for (tables, keys) in [
        ("[output]\nimage = \"scan.h5\"", ["`output.image`", "`measurement.file`"]),
        ("[output]\nimage = \"a.h5\"\n[sentinel]\nmap = \"./a.h5\"", ["`sentinel.map`", "`output.image`"]),
        ("[output]\nimage = \"a.h5\"\n[confidence]\nmap = \"a.h5\"", ["`confidence.map`", "`output.image`"]),
        (
            "[output]\nimage = \"a.h5\"\nsnapshots_every = 2\n[sentinel]\nmap = \"a.iteration-4.h5\"",
            ["`sentinel.map`", "the snapshot of iteration 4"],
        ),
        ("[output]\nnifti = \"a.nii\"\n[reference]\nimage = \"a.nii\"", ["`output.nifti`", "`reference.image`"]),
    ] {
        let text = format!("[measurement]\nfile = \"scan.h5\"\n{IMAGE}{OSEM}{tables}\n");
        fs::write(folder.path().join("r.toml"), text).unwrap();
        fs::write(folder.path().join("a.nii"), "").unwrap();
        let told = refused(folder.path(), "recon r.toml --force", 2);
        assert!(keys.iter().all(|key| told.contains(key)) && told.contains("the same file"), "{told}");
    }
    assert_eq!(fs::read(folder.path().join("scan.h5")).unwrap(), measurement);
    assert!(refused(folder.path(), "convert scan.h5 ./scan.h5 --force", 2).contains("both read and written"));
}

#[test]
fn studies_give_every_phantom_files_of_its_own() {
    let study = include_str!("evaluate/study.toml").lines().filter(|line| !line.starts_with("phantoms"));
    let study = study.collect::<Vec<_>>().join("\n");
    let folder = folder(&[("study.toml", format!("phantoms = [\"c.toml\", \"other/c.toml\"]\n{study}\n"))]);
    fs::create_dir(folder.path().join("other")).unwrap();
    fs::write(folder.path().join("other/c.toml"), PHANTOM).unwrap();
    let told = refused(folder.path(), "evaluate study.toml", 2);
    assert!(told.contains("both called c in the names of the results"), "{told}");
}

#[test]
fn a_crystal_is_no_partner_of_itself() {
    let all = acquisition(COUNTS).replace("radial_bins = 61", "radial_bins = 96");
    let folder = folder(&[("s.toml", format!("{all}[output]\nmeasurement = \"a.h5\"\n"))]);
    let told = refused(folder.path(), "simulate s.toml", 2);
    assert!(told.contains("`radial_bins` is 96, expected 1 to crystals_per_ring - 1"), "{told}");
    // One bin less is possible, with whole and with mashed views, and gives finite counts.
    for mashing in [1, 4, 48] {
        let most = all.replace("radial_bins = 96", "radial_bins = 95");
        let most = most.replace("sinogram.axial", &format!("sinogram.view_mashing = {mashing}\nsinogram.axial"));
        let more = format!(
            "{COUNTS}sub_lines = 3\nscatter_fraction = 0.2\nrandoms_fraction = 0.2\nrandoms_shape = \"smooth\"\n"
        );
        let text = format!("{}[output]\nmeasurement = \"a.h5\"\n", most.replace(COUNTS, &more));
        fs::write(folder.path().join("s.toml"), text).unwrap();
        done(folder.path(), "simulate s.toml --force");
        let scan = hdf5::read_measurement(&folder.path().join("a.h5")).unwrap().0;
        assert!(scan.total_prompts() > 9e4, "{}", scan.total_prompts());
    }
}

/// The total background of a simulation that knows of its randoms, and of its reconstruction from singles.
#[test]
fn randoms_of_a_short_lived_isotope_are_those_of_the_scan() {
    let counts = |isotope: &str| {
        format!(
            "counts.scan = {{ duration_s = 300, sensitivity_cps_per_kbq = 7.5{isotope} }}\nnoise = false\n\
         singles = {{ window_ns = 4.5, share = 0.25 }}\n"
        )
    };
    let simulation = |isotope: &str, uncorrected: &str| {
        let text = acquisition(&format!("{}{uncorrected}", counts(isotope)));
        format!("{text}[output]\nmeasurement = \"a.h5\"\nsingles = \"singles.h5\"\n")
    };
    let folder = folder(&[]);
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    let recon = |more: &str| {
        let singles = "[randoms]\nsingles = { file = \"singles.h5\", window_ns = 4.5 }\n";
        write("r.toml", format!("[measurement]\nfile = \"a.h5\"\n{singles}{more}{IMAGE}{OSEM}"));
        program(folder.path(), "recon r.toml --json")
    };
    let net = |output: &Output| {
        let result: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(output)));
        result["counts_net"].as_f64().unwrap()
    };
    for isotope in [", isotope = \"Rb-82\"", ", isotope = \"F-18\"", ""] {
        write("s.toml", simulation(isotope, ""));
        done(folder.path(), "simulate s.toml --force");
        let whole = hdf5::read_measurement(&folder.path().join("a.h5")).unwrap().0;
        let expected = whole.total_prompts() - whole.total_background();
        assert!(whole.total_background() > 0.01 * whole.total_prompts());
        write("s.toml", simulation(isotope, "uncorrected = [\"randoms\"]\n"));
        done(folder.path(), "simulate s.toml --force");
        let output = recon("");
        assert!((net(&output) / expected - 1.0).abs() < 1e-4, "{isotope}: {} for {expected}", net(&output));
        assert!(!said(&output).contains("warning"), "{}", said(&output));
    }
    // Singles of Rb-82 from elsewhere: the isotope is the measurement's or the config's to say; its absence is told.
    write("s.toml", simulation(", isotope = \"Rb-82\"", "uncorrected = [\"randoms\", \"decay\"]\n"));
    done(folder.path(), "simulate s.toml --force");
    let known = net(&recon(""));
    let path = folder.path().join("singles.h5");
    let singles = hdf5::read_singles(&path, [96, 4]).unwrap();
    let nameless = Singles { isotope: None, ..singles };
    hdf5::write_singles(&path, true, &nameless, 4, &Provenance::default()).unwrap();
    assert!((net(&recon("")) / known - 1.0).abs() < 1e-6);
    let scan = folder.path().join("a.h5");
    let (mut nobody, provenance) = hdf5::read_measurement(&scan).unwrap();
    nobody.clock.isotope = None;
    hdf5::write_measurement(&scan, true, &nobody, &provenance).unwrap();
    let output = recon("");
    assert!(said(&output).contains("taken to be constant over the scan"), "{}", said(&output));
    assert!(net(&output) > 1.001 * known);
    assert!((net(&recon("[decay]\nisotope = \"Rb-82\"\n")) / known - 1.0).abs() < 1e-6);
    // A file that says otherwise.
    write("s.toml", simulation(", isotope = \"Rb-82\"", "uncorrected = [\"randoms\", \"decay\"]\n"));
    done(folder.path(), "simulate s.toml --force");
    assert!(
        said(&recon("[decay]\nisotope = \"F-18\"\n"))
            .contains("the measurement says that its isotope is Rb-82, not F-18")
    );
}

#[test]
fn what_is_no_count_is_not_shared_out() {
    let scan = format!("{}[output]\nmeasurement = \"scan.h5\"\n", acquisition(COUNTS));
    let folder = folder(&[("s.toml", scan)]);
    done(folder.path(), "simulate s.toml");
    let path = folder.path().join("scan.h5");
    let whole = hdf5::read_measurement(&path).unwrap().0;
    let scaled: Vec<f32> = whole.prompts.iter().map(|count| 0.5 * count).collect();
    let scaled = Measurement { prompts: Counts::F32(scaled), ..whole };
    hdf5::write_measurement(&path, true, &scaled, &Provenance::default()).unwrap();
    for (tables, algorithm) in [
        ("[sentinel]\nheld_out = 0.5\n", OSEM),
        ("[prior.quadratic]\nbeta = \"auto\"\n", "[algorithm.de-pierro]\nsubsets = 6\niterations = 1\n"),
    ] {
        let text = format!("[measurement]\nfile = \"scan.h5\"\n{IMAGE}{algorithm}{tables}");
        fs::write(folder.path().join("r.toml"), text).unwrap();
        let told = refused(folder.path(), "recon r.toml", 1);
        assert!(told.contains("which is no whole number") && told.contains("`sentinel.held_out`"), "{told}");
    }
}

#[test]
fn more_counts_than_can_be_counted_are_refused() {
    let text = format!("{}[output]\nmeasurement = \"a.h5\"\n", acquisition("counts.total-prompts = 1e30"));
    let folder = folder(&[("s.toml", text)]);
    let told = refused(folder.path(), "simulate s.toml", 2);
    assert!(told.contains("must be at most 1000000000000000") && told.contains("s.toml:7:24"), "{told}");
    assert!(!folder.path().join("a.h5").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    for arguments in [&["scanners"][..], &["scanners", "--json"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
        let output = command.args(arguments).stdout(Stdio::from(full)).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("writing the result"), "{}", said(&output));
    }
}

#[test]
fn no_line_of_any_scanner_has_the_length_zero() {
    for name in PRESETS {
        let mut scanner = preset(name).unwrap();
        (scanner.rings, scanner.radial_bins) = (2, scanner.crystals_per_ring - 1);
        let compression = AxialCompression::Span { span: 1, max_ring_difference: 1 };
        for mashing in [1, scanner.crystals_per_ring / 2] {
            let geometry = SinogramGeometry::new(scanner.clone(), compression, mashing, 0).unwrap();
            let pairs =
                (0..geometry.views).flat_map(|view| (0..geometry.radial_bins).map(move |radial| (view, radial)));
            let shortest =
                pairs.map(|(view, radial)| geometry.line(view, radial).length_mm()).fold(f64::INFINITY, f64::min);
            assert!(shortest > 0.1, "{name}, {mashing} views in one: {shortest} mm");
        }
        scanner.radial_bins += 1;
        assert!(SinogramGeometry::new(scanner, compression, 1, 0).is_err(), "{name}");
    }
}
