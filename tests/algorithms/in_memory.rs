//! A measurement in memory, reconstructed through a config, is the same as one in a file.

use crate::small_scan::measurement;
use coincide::config::{ReconConfig, Source};
use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::{Provenance, hdf5, save_image};
use coincide::phantom::Phantom;
use coincide::run::{Options, recon, reconstruct};

const CONFIG: &str = "
    [image]
    shape = [28, 28, 11]
    voxel_mm = [22.0, 22.0, 2.03125]
    [resolution]
    fwhm_mm = [20.0, 20.0, 4.0]
    [prior.relative-difference]
    beta = 0.02
    [algorithm.svrg]
    subsets = 6
    iterations = 2
    [post_filter]
    fwhm_mm = [20.0, 20.0, 4.0]
";

#[test]
fn memory_and_file_make_one_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.toml");
    let source = Source { path, text: format!("{CONFIG}\n[output]\nimage = \"memory.h5\"\n") };
    let config: ReconConfig = source.parse().unwrap();
    let options = Options::default();
    let made = reconstruct(&source, &config, (*measurement()).clone(), &options).unwrap();

    hdf5::write_measurement(&folder.path().join("scan.h5"), false, &measurement(), &Provenance::default()).unwrap();
    let file = folder.path().join("file.toml");
    let text = format!("[measurement]\nfile = \"scan.h5\"\n{CONFIG}\n[output]\nimage = \"file.h5\"\n");
    std::fs::write(&file, text).unwrap();
    let result = recon(&file, &options).unwrap();

    let [memory, of_file] = ["memory.h5", "file.h5"].map(|name| hdf5::read_image(&folder.path().join(name)).unwrap().0);
    assert_eq!(memory.grid.shape, [28, 28, 11]);
    assert!(memory == of_file && memory == made.image);
    assert_eq!((made.result.objective, made.result.kkt), (result.objective, result.kkt));
    assert_eq!(made.result.files.len(), 1);
    // What would replace a file is refused here, too.
    let again = reconstruct(&source, &config, (*measurement()).clone(), &options).err().unwrap().to_string();
    assert!(again.contains("exists already"), "{again}");
}

#[test]
fn a_config_without_a_measurement_is_for_memory_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.toml");
    std::fs::write(&path, CONFIG).unwrap();
    let told = recon(&path, &Options::default()).err().unwrap().to_string();
    assert!(told.contains("there is no measurement (add `[measurement]`"), "{told}");
}

/// Guided priors, whose images are blended with a weakly regularised one: on a line from the one to the other.
#[test]
fn a_guided_image_is_blended_as_its_table_says() {
    let phantom = "anatomical = { phantom = \"uniform-cylinder\" }";
    let image = |prior: &str, algorithm: &str, blend: &str| {
        let text = format!(
            "[image]\nshape = [28, 28, 11]\nvoxel_mm = [22.0, 22.0, 2.03125]\n[prior.{prior}]\n{phantom}\n{blend}\n\
             [algorithm.{algorithm}]\nsubsets = 6\niterations = 2\n"
        );
        let source = Source { path: "memory.toml".into(), text };
        let made = reconstruct(&source, &source.parse().unwrap(), (*measurement()).clone(), &Options::default());
        let made = made.unwrap();
        (made.image.values, made.result)
    };
    let mut weak = Vec::new();
    for (prior, algorithm, beta) in [("kernel", "osem", ""), ("bowsher", "svrg", "beta = 1e-3\n")] {
        let table = |blend: &str| image(prior, algorithm, &format!("{beta}{blend}"));
        let ((own, of_own), (none, _), (all, of_all), (some, _)) =
            (table(""), table("blend = 0"), table("blend = 1"), table("blend = 0.3"));
        assert!(own == none && of_own.blend.is_none(), "no share is no blend, to the bit");
        assert!(of_all.blend == Some(1.0) && of_all.full_passes > of_own.full_passes);
        let largest = own.iter().zip(&all).zip(&some).map(|((own, all), some)| (0.7 * own + 0.3 * all - some).abs());
        assert!(largest.fold(0.0, f32::max) < 1e-5 * all.iter().copied().fold(0.0, f32::max));
        weak.push(all);
    }
    assert!(weak[0] == weak[1], "the weakly regularised image is the scan's own, whatever the prior");
}

/// Where an anatomical image lies elsewhere, a warning says by how much; where it is of something else, that too.
#[test]
fn an_anatomical_image_that_lies_elsewhere_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let own = Phantom::load("abdomen").unwrap();
    let shown = ImageGrid::centred([90, 70, 16], [4.0, 4.0, 4.0]);
    let write = |name: &str, values: Vec<f32>| {
        let image = Image { grid: shown, unit: ImageUnit::CountsPerMm, values };
        save_image(&folder.path().join(name), false, &image, &Provenance::default()).unwrap();
    };
    write("mr.nii", own.label_image(&shown).iter().map(|label| (2.0 * label).sin() + 2.0).collect());
    write("other.nii", (0..shown.voxels()).map(|voxel| (voxel * 31 % 17) as f32).collect());
    let warnings = |file: &str| {
        let text = format!(
            "[measurement.simulated]\nphantom = \"abdomen\"\n\
             scanner.custom = {{ name = \"ring\", rings = 8, crystals_per_ring = 240, inner_radius_mm = 410.0, \
             depth_of_interaction_mm = 0.0, ring_spacing_mm = 6.0, radial_bins = 111, bin_size_mm = 4.0 }}\n\
             simulation = {{ counts.total-prompts = 2e6, seed = 3, resolution_fwhm_mm = 6.0 }}\n\
             [image]\nshape = [72, 60, 15]\nvoxel_mm = [5.0, 5.0, 3.0]\n[resolution]\nfwhm_mm = [6.0, 6.0, 6.0]\n\
             [prior.bowsher]\nbeta = 1e-4\nanatomical.file = {file}\n[algorithm.svrg]\nsubsets = 6\niterations = 1\n"
        );
        let path = folder.path().join("scan.toml");
        std::fs::write(&path, text).unwrap();
        let of_anatomy = |warning: &String| warning.contains("the anatomical image");
        let warnings = recon(&path, &Options::default()).unwrap().warnings;
        warnings.into_iter().filter(of_anatomy).collect::<Vec<_>>()
    };
    assert_eq!(warnings("\"mr.nii\""), Vec::<String>::new());
    let moved = warnings("{ path = \"mr.nii\", shift_mm = [8.0, -5.0, 0.0] }");
    let words = moved[0].split_once("when it is moved by ").expect("a shift").1;
    let mm: Vec<f64> = words.split([',', ' ']).filter_map(|word| word.parse().ok()).take(3).collect();
    let far = [-8.0, 5.0, 0.0].iter().zip(&mm).map(|(a, b): (&f64, &f64)| (a - b).abs()).fold(0.0, f64::max);
    assert!(far < 2.5 && moved.len() == 1, "{moved:?}");
    let other = warnings("\"other.nii\"");
    assert!(other.len() == 1 && other[0].contains("has little to do with the activity"), "{other:?}");
}

/// A scan of voxels that are no finer than those of its image says so, and names the files that it was made of.
#[test]
fn a_scan_of_coarse_voxels_is_told_and_its_files_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let warnings = |voxel_mm: f64| {
        let n = (200.0 / voxel_mm) as usize;
        let grid = ImageGrid::centred([n, n, 8], [voxel_mm, voxel_mm, 2.0]);
        let image = Image { grid, unit: ImageUnit::BecquerelPerMl, values: vec![1e3; grid.voxels()] };
        save_image(&folder.path().join("activity.nii"), true, &image, &Provenance::default()).unwrap();
        let phantom = "name = \"box\"\ndescription = \"\"\ncitation = \"\"\n[voxels]\nactivity = \"activity.nii\"\n";
        std::fs::write(folder.path().join("box.toml"), phantom).unwrap();
        let path = folder.path().join("scan.toml");
        let text = "[measurement.simulated]\nphantom = \"box.toml\"\n\
             scanner.custom = { name = \"ring\", rings = 4, crystals_per_ring = 96, inner_radius_mm = 300.0, \
             depth_of_interaction_mm = 0.0, ring_spacing_mm = 6.0, radial_bins = 61, bin_size_mm = 5.0 }\n\
             simulation = { counts.total-prompts = 1e5 }\n[image]\nshape = [40, 40, 7]\nvoxel_mm = [6.0, 6.0, 3.0]\n\
             [algorithm.osem]\nsubsets = 4\niterations = 1\n[output]\nimage = \"image.h5\"\n";
        std::fs::write(&path, text).unwrap();
        let made = recon(&path, &Options { force: true, ..Options::default() }).unwrap();
        made.warnings.iter().filter(|warning| warning.contains("hardly finer")).count()
    };
    assert_eq!((warnings(6.0), warnings(3.0)), (1, 0));
    let (_, provenance) = hdf5::read_image(&folder.path().join("image.h5")).unwrap();
    let record = format!("{provenance:?}");
    assert!(record.contains("box.toml") && record.contains("activity.nii"), "{record}");
}
