//! Where the voxels are, through the real binary: grids off the centre, images of other grids, voxels that no line
//! sees.

use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::{hdf5, interfile, nifti};
use coincide::phantom::Phantom;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

const BALL: &str = r#"
name = "ball"
description = "a ball off the centre"
citation = "none"
[[shapes]]
solid.ellipsoid = { semi_axes_mm = [20.0, 20.0, 8.0] }
centres_mm = [[30.0, -24.0, 6.0]]
activity_bq_per_ml = 5000.0
attenuation_per_cm = 0.0
region = "ball"
[[regions]]
name = "ball"
solid.ellipsoid = { semi_axes_mm = [10.0, 10.0, 4.0] }
centres_mm = [[30.0, -24.0, 6.0]]
"#;

const SCAN: &str = r#"
[measurement.simulated]
phantom = "ball.toml"
[measurement.simulated.scanner.custom]
name = "small"
rings = 5
crystals_per_ring = 64
inner_radius_mm = 160.0
ring_spacing_mm = 8.0
radial_bins = 31
bin_size_mm = 6.0
[measurement.simulated.sinogram]
axial.span = { span = 1, max_ring_difference = 4 }
[measurement.simulated.simulation]
counts.scan = { duration_s = 600, sensitivity_cps_per_kbq = 10.0 }
noise = false
"#;

const OFF_CENTRE: &str = "[image]\nshape = [14, 11, 7]\nvoxel_mm = [6.0, 6.0, 4.0]\ncentre_mm = [33.0, -24.0, 4.0]\n";

fn off_centre() -> ImageGrid {
    ImageGrid { shape: [14, 11, 7], voxel_mm: [6.0, 6.0, 4.0], origin_mm: [-6.0, -54.0, -8.0] }
}

struct Folder(TempDir);

impl Folder {
    fn with(config: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.path("ball.toml"), BALL).unwrap();
        folder.config(config);
        folder
    }

    fn config(&self, config: &str) {
        fs::write(self.path("scan.toml"), format!("{SCAN}{config}")).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path()).env("NO_COLOR", "1").output().unwrap()
    }

    fn done(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.done("recon scan.toml --json --quiet --force")).unwrap()
    }

    /// What a refused config is told.
    fn refused(&self) -> String {
        let output = self.run("recon scan.toml --force");
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stderr).unwrap();
        said.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The activity of the ball on a grid, as a file.
    fn truth(&self, name: &str, grid: &ImageGrid) {
        let truth = Phantom::parse(BALL, "ball.toml").unwrap().activity_image(grid);
        hdf5::write_image(&self.path(name), true, &truth, &coincide::io::Provenance::default()).unwrap();
    }
}

/// Centre of mass in mm.
fn centre_of_mass(image: &Image) -> [f64; 3] {
    let [_, ny, nz] = image.grid.shape;
    let (mut mass, mut moment) = (0.0, [0.0; 3]);
    for (n, value) in image.values.iter().enumerate() {
        let at = image.grid.centre_mm([n / (ny * nz), n / nz % ny, n % nz]);
        mass += f64::from(*value);
        (0..3).for_each(|axis| moment[axis] += f64::from(*value) * at[axis]);
    }
    moment.map(|moment| moment / mass)
}

#[test]
fn every_written_file_keeps_the_place() {
    let folder = Folder::with(&format!(
        "{OFF_CENTRE}[algorithm.osem]\nsubsets = 4\niterations = 10\n[sentinel]\nmap = \"z.nii.gz\"\n\
         [confidence]\nreplicates = 2\nmap = \"half-width.h5\"\n[output]\nimage = \"image.h5\"\nnifti = \"image.nii\"\n\
         interfile = \"image.hv\"\nreport = \"report.html\"\npicture = \"image.png\"\nsnapshots_every = 5\n"
    ));
    folder.json();
    let unit = ImageUnit::BecquerelPerMl;
    let read = |name: &str| match name.rsplit_once('.').unwrap().1 {
        "h5" => hdf5::read_image(&folder.path(name)).unwrap().0,
        "hv" => interfile::read_image(&folder.path(name), unit).unwrap(),
        _ => nifti::read_nifti(&folder.path(name), Some(unit)).unwrap(),
    };
    let image = read("image.h5");
    for name in ["image.h5", "image.nii", "image.hv", "image.iteration-5.h5", "z.nii.gz", "half-width.h5"] {
        let found = read(name);
        assert!(off_centre().matches(&found.grid), "{name}: {}", found.grid);
        if name.starts_with("image.") && !name.contains("iteration") {
            assert_eq!(found.values, image.values, "{name}");
        }
    }
    let centre = centre_of_mass(&image);
    for (found, truth) in centre.iter().zip([30.0, -24.0, 6.0]) {
        assert!((found - truth).abs() < 0.6, "{centre:?}");
    }
    let page = fs::read_to_string(folder.path("report.html")).unwrap();
    assert!(page.contains(r#""origin_mm":[-6.0,-54.0,-8.0]"#));
}

#[test]
fn filtered_back_projection_is_where_the_grid_is() {
    let folder = Folder::with(&format!("{OFF_CENTRE}[algorithm.fbp]\n[output]\nimage = \"image.h5\"\n"));
    folder.json();
    let mut image = hdf5::read_image(&folder.path("image.h5")).unwrap().0;
    // Streaks far from the ball would weigh much.
    image.values.iter_mut().filter(|value| **value < 1000.0).for_each(|value| *value = 0.0);
    let centre = centre_of_mass(&image);
    assert!((centre[0] - 30.0).hypot(centre[1] + 24.0) < 1.5 && (centre[2] - 6.0).abs() < 1.5, "{centre:?}");
}

#[test]
fn a_start_image_of_another_grid_is_refused_and_its_keys_are_told() {
    let start = "[algorithm.osem]\nsubsets = 4\niterations = 1\nstart.file = \"start.h5\"\n";
    let folder = Folder::with(&format!("{OFF_CENTRE}{start}"));
    // The same shape elsewhere, and with other voxels.
    for moved in [
        ImageGrid { origin_mm: [-6.0, -54.0, -8.1], ..off_centre() },
        ImageGrid { voxel_mm: [6.0, 6.0, 4.01], ..off_centre() },
    ] {
        folder.truth("start.h5", &moved);
        let refused = folder.refused();
        assert!(
            refused.contains("the start image has [14, 11, 7] voxels") && refused.contains("start.h5"),
            "{refused}"
        );
        let told = refused.replace(['\n', '│'], " ");
        let keys = told.split_once("write into [image]:").expect("the cure").1;
        let words: Vec<&str> = keys.split_whitespace().collect();
        let keys = words.join(" ");
        let line = |from: &str| {
            let rest = &keys[keys.find(from).unwrap()..];
            rest[..rest.find(']').unwrap() + 1].to_owned()
        };
        let image = ["shape = ", "voxel_mm = ", "centre_mm = "].map(line).join("\n");
        folder.config(&format!("[image]\n{image}\n{start}"));
        folder.json();
        folder.config(&format!("{OFF_CENTRE}{start}"));
    }
    folder.truth("start.h5", &off_centre());
    folder.json();
}

#[test]
fn a_reference_of_other_voxels_is_averaged_and_told() {
    let folder = Folder::with("");
    let osem = format!("{OFF_CENTRE}[algorithm.osem]\nsubsets = 4\niterations = 10\n[reference]\n");
    let nrmse = |result: &Value| result["metrics"]["nrmse"].as_f64().unwrap();
    folder.truth("truth.h5", &off_centre());
    folder.config(&format!("{osem}image = \"truth.h5\"\n"));
    let same = folder.json();
    assert_eq!(same["warnings"], Value::Array(Vec::new()));
    // Voxels of half the size, and fewer of them: the shape alone does not tell.
    let fine = ImageGrid { shape: [28, 22, 14], voxel_mm: [3.0, 3.0, 2.0], origin_mm: [-7.5, -55.5, -9.0] };
    folder.truth("truth.h5", &fine);
    let by_image = folder.json();
    let (a, b) = (nrmse(&same), nrmse(&by_image));
    assert!((a - b).abs() < 0.01 * a, "{a} {b}");
    let warning = by_image["warnings"][0].as_str().unwrap();
    assert!(warning.contains("[28, 22, 14] voxels of [3, 3, 2] mm") && warning.contains("averaged"), "{warning}");
    assert!(folder.done("recon scan.toml --force").contains("warning: the reference has"));
    folder.truth("truth.h5", &ImageGrid { voxel_mm: [3.0, 3.0, 2.0], ..off_centre() });
    let refused = folder.refused();
    assert!(refused.contains("do not hold the image of this config"), "{refused}");
}

#[test]
fn voxels_that_no_line_sees_are_counted_by_check_and_recon() {
    let direct = SCAN.replace("max_ring_difference = 4", "max_ring_difference = 0");
    let folder = Folder::with("");
    let with = |image: &str| {
        let rest = "[algorithm.osem]\nsubsets = 4\niterations = 2\n[output]\nreport = \"report.html\"\n";
        fs::write(folder.path("scan.toml"), format!("{direct}{image}{rest}")).unwrap();
    };
    with("");
    assert!(folder.done("check scan.toml").contains("no problems found"));
    assert_eq!(folder.json()["warnings"], Value::Array(Vec::new()));
    with("[image]\nshape = [20, 20, 9]\nvoxel_mm = [6.0, 6.0, 4.0]\n");
    fs::remove_file(folder.path("report.html")).unwrap();
    let check = folder.run("check scan.toml");
    let said = String::from_utf8(check.stdout).unwrap();
    assert_eq!(check.status.code(), Some(0), "{said}");
    let told = "no line sees 1600 of the 3600 voxels of the field of view";
    assert!(said.contains(told) && said.contains("voxel_mm = [6, 6, 8]"), "{said}");
    let warning = folder.json()["warnings"][0].as_str().unwrap().to_owned();
    assert!(warning.contains(told) && warning.contains("voxel_mm = [6, 6, 8]"), "{warning}");
    assert!(fs::read_to_string(folder.path("report.html")).unwrap().contains(told));
}

#[test]
fn a_virtual_ring_without_oblique_planes_is_told_by_the_factors() {
    let virtual_ring = SCAN
        .replace("max_ring_difference = 4", "max_ring_difference = 0")
        .replace("bin_size_mm = 6.0", "bin_size_mm = 6.0\nrings_per_block = 3\nvirtual_rings = 1");
    let folder = Folder::with("");
    let rest = "[algorithm.osem]\nsubsets = 4\niterations = 2\n";
    fs::write(folder.path("scan.toml"), format!("{virtual_ring}{rest}")).unwrap();
    let warning = folder.json()["warnings"][0].as_str().unwrap().to_owned();
    assert!(warning.contains("virtual crystals"), "{warning}");
}
