//! Ends of the image: an object that goes on behind them is neither hotter nor colder there.

use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::Provenance;
use coincide::io::hdf5::{read_image, write_image};
use std::fs;
use std::path::Path;
use std::process::Command;

const SCANNER: &str = "scanner.custom = { name = \"small\", rings = 12, crystals_per_ring = 72, inner_radius_mm = 150, \
    depth_of_interaction_mm = 5, ring_spacing_mm = 5, radial_bins = 45, bin_size_mm = 3.2 }\n";

/// A cylinder of 5000 Bq/mL, 300 mm long: far longer than the scanner.
fn cylinder(folder: &Path, radius_mm: f64) {
    let text = format!(
        "name = \"c\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\n\
         solid.cylinder = {{ radii_mm = [{radius_mm}, {radius_mm}], length_mm = 300.0 }}\n\
         activity_bq_per_ml = 5000.0\nattenuation_per_cm = 0.096\nregion = \"all\"\n"
    );
    fs::write(folder.join("c.toml"), text).unwrap();
}

/// The image of a noise-free scan, and what was said.
fn recon(folder: &Path, blurred_mm: f64, tables: &str) -> (Image, String) {
    let text = format!(
        "[measurement.simulated]\nphantom = \"c.toml\"\n{SCANNER}\n[measurement.simulated.simulation]\n\
         counts.scan = {{ duration_s = 600, sensitivity_cps_per_kbq = 10.0 }}\nnoise = false\n\
         resolution_fwhm_mm = {blurred_mm}\n{tables}\n[output]\nimage = \"out.h5\"\n"
    );
    fs::write(folder.join("recon.toml"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
    let output = command.args(["recon", "recon.toml", "--force"]).current_dir(folder).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    (read_image(&folder.join("out.h5")).unwrap().0, said)
}

/// Mean of every slice within a radius of a place.
fn slices(image: &Image, [x0, y0]: [f64; 2], radius_mm: f64) -> Vec<f64> {
    let [nx, ny, nz] = image.grid.shape;
    let mean = |k: usize| {
        let (mut sum, mut count) = (0.0, 0.0);
        for (i, j) in (0..nx).flat_map(|i| (0..ny).map(move |j| (i, j))) {
            let [x, y, _] = image.grid.centre_mm([i, j, k]);
            if (x - x0).hypot(y - y0) < radius_mm {
                (sum, count) = (sum + f64::from(image.values[image.grid.index([i, j, k])]), count + 1.0);
            }
        }
        sum / count
    };
    (0..nz).map(mean).collect()
}

fn flat(what: &str, found: &[f64], within: f64) {
    println!("{what}: {found:.0?}");
    assert!(found.iter().all(|value| (value / 5000.0 - 1.0).abs() < within), "{what}: {found:.0?}");
}

#[test]
fn the_ends_of_a_long_cylinder_are_as_hot_as_its_middle() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    cylinder(folder, 60.0);
    let grid = "[image]\nshape = [36, 36, 23]\nvoxel_mm = [7.0, 7.0, 2.5]\n[resolution]\nfwhm_mm = [5.0, 5.0, 5.0]\n";
    let osem = "[algorithm.osem]\nsubsets = 6\niterations = 5\n";
    let (image, _) = recon(folder, 5.0, &format!("{grid}{osem}"));
    assert_eq!(image.grid, ImageGrid::centred([36, 36, 23], [7.0, 7.0, 2.5]));
    flat("resolution model", &slices(&image, [0.0, 0.0], 40.0), 0.01);
    let filter = "[post_filter]\nfwhm_mm = [6.0, 6.0, 6.0]\n";
    let (image, _) = recon(folder, 5.0, &format!("{grid}{osem}{filter}"));
    flat("resolution model and filter", &slices(&image, [0.0, 0.0], 40.0), 0.01);
    let by_radius = "by_radius = [{ radius_mm = 100.0, fwhm_mm = [5.0, 5.0, 5.0] }]\n";
    let (image, _) = recon(folder, 5.0, &format!("{grid}{by_radius}{osem}"));
    flat("widths by radius", &slices(&image, [0.0, 0.0], 40.0), 0.01);
    let (image, _) = recon(
        folder,
        0.0,
        &format!("[image]\nshape = [36, 36, 23]\nvoxel_mm = [7.0, 7.0, 2.5]\n[algorithm.fbp]\n{filter}"),
    );
    let found = slices(&image, [0.0, 0.0], 40.0);
    let middle = found[11];
    assert!(found.iter().all(|value| (value / middle - 1.0).abs() < 0.02), "FBP and filter: {found:.0?}");
}

#[test]
fn what_lies_beside_a_small_image_stays_there() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    cylinder(folder, 60.0);
    let grid = |more: &str| format!("[image]\nshape = [9, 9, 5]\nvoxel_mm = [5.0, 5.0, 2.5]\n{more}\n");
    let osem = "[algorithm.osem]\nsubsets = 6\niterations = 6\n";
    let (image, said) = recon(folder, 0.0, &format!("{}{osem}", grid("")));
    assert!(said.contains("reaches beyond the image") && said.contains("whole_field"), "{said}");
    assert_eq!(image.grid.shape, [9, 9, 5]);
    flat("small image", &slices(&image, [0.0, 0.0], 20.0), 0.02);
    let never = format!("{}{osem}[run]\nimpossible = \"leave-out\"\n", grid("whole_field = \"never\""));
    let (hot, said) = recon(folder, 0.0, &never);
    assert!(!said.contains("reaches beyond"), "{said}");
    assert!(slices(&hot, [0.0, 0.0], 20.0)[2] > 7000.0, "what lies outside adds to the image");
    // An object that the image holds leaves nothing to look for.
    cylinder(folder, 15.0);
    let (_, said) = recon(folder, 0.0, &format!("[image]\nshape = [9, 9, 23]\nvoxel_mm = [5.0, 5.0, 2.5]\n{osem}"));
    assert!(!said.contains("reaches beyond"), "{said}");
}

#[test]
fn a_filtered_point_is_as_wide_as_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    cylinder(folder, 60.0);
    let grid = ImageGrid::centred([21, 21, 17], [2.8; 3]);
    let mut point = Image::uniform(grid, ImageUnit::BecquerelPerMl, 0.0);
    point.values[grid.index([10, 10, 8])] = 1e4;
    write_image(&folder.join("point.h5"), false, &point, &Provenance::default()).unwrap();
    // MLEM keeps what starts as one voxel.
    let (image, _) = recon(
        folder,
        0.0,
        "[image]\nshape = [21, 21, 17]\nvoxel_mm = [2.8, 2.8, 2.8]\n[algorithm.mlem]\niterations = 1\n\
         start.file = \"point.h5\"\n[post_filter]\nfwhm_mm = [4.0, 4.0, 4.0]\n",
    );
    for axis in 0..3 {
        let (mut sum, mut squares) = (0.0, 0.0);
        for (voxel, value) in image.values.iter().enumerate() {
            let at = image.grid.centre_mm([voxel / (21 * 17), voxel / 17 % 21, voxel % 17])[axis];
            (sum, squares) = (sum + f64::from(*value), squares + f64::from(*value) * at * at);
        }
        let fwhm = (8.0 * 2.0_f64.ln() * squares / sum).sqrt();
        assert!((fwhm - 4.0).abs() < 1e-3, "axis {axis}: {fwhm} mm");
    }
}
