//! Widths of point sources by maximum likelihood: those of the model come back from Poisson counts, radial and
//! tangential apart.

use coincide::data::{Background, Clock, Ledger, Measurement};
use coincide::image::ImageGrid;
use coincide::operator::{LinearOperator, Projector};
use coincide::psf::{PsfError, SeenPoint, seen_points, widths};
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
use rand::SeedableRng;
use rand_distr::{Distribution, Poisson};
use rand_pcg::Pcg64;
use std::fs;
use std::path::Path;
use std::process::Command;

const FWHM_PER_SIGMA: f64 = 2.354_820_045_030_949_4;

fn geometry(tof_mashing: usize) -> SinogramGeometry {
    let scanner = Scanner { rings: 9, rings_per_block: 9, ..preset("siemens-mct").unwrap() };
    let axial = AxialCompression::Span { span: 1, max_ring_difference: 8 };
    SinogramGeometry::new(scanner, axial, 8, tof_mashing).unwrap()
}

/// A source: place, FWHM (radial, tangential, axial) and counts.
type Source = ([f64; 3], [f64; 3], f64);

/// Counts of sources, painted on a grid of 0.5 mm around each.
fn scan(geometry: &SinogramGeometry, sources: &[Source], flat: f64) -> Measurement {
    let mut mean = vec![flat; geometry.bins()];
    for &(centre, fwhm, counts) in sources {
        let sigma = fwhm.map(|fwhm| fwhm / FWHM_PER_SIGMA);
        let radius = f64::hypot(centre[0], centre[1]);
        let [c, s] = [centre[0] / radius, centre[1] / radius];
        let mut grid = ImageGrid::centred([61, 61, 41], [0.5, 0.5, 0.5]);
        (0..3).for_each(|axis| grid.origin_mm[axis] += centre[axis]);
        let value = |voxel: usize| {
            let at = grid.centre_mm([voxel / (61 * 41), voxel / 41 % 61, voxel % 41]);
            let [x, y, z] = std::array::from_fn(|axis| at[axis] - centre[axis]);
            let squared = ((c * x + s * y) / sigma[0]).powi(2) + ((c * y - s * x) / sigma[1]).powi(2);
            (-0.5 * (squared + (z / sigma[2]).powi(2))).exp() as f32
        };
        let image: Vec<f32> = (0..grid.voxels()).map(value).collect();
        let mut seen = vec![0.0; geometry.bins()];
        Projector::new(geometry, grid).forward(&image, &mut seen);
        let total: f64 = seen.iter().map(|v| f64::from(*v)).sum();
        mean.iter_mut().zip(&seen).for_each(|(mean, seen)| *mean += counts * f64::from(*seen) / total);
    }
    let mut random = Pcg64::seed_from_u64(3);
    let counted = |mean: &f64| Poisson::new(*mean).map_or(0.0, |poisson| poisson.sample(&mut random) as f32);
    Measurement {
        geometry: geometry.clone(),
        prompts: mean.iter().map(counted).collect(),
        factors: None,
        background: None,
        ledger: Ledger::raw(),
        clock: Clock::default(),
    }
}

#[test]
fn widths_come_back_within_their_errors() {
    let sources = [
        ([6.0, 8.0, 1.0], [4.5, 4.5, 4.8], 4e5),
        ([-60.0, 80.0, -3.0], [5.6, 4.7, 5.0], 4e5),
        ([170.0, -80.0, 5.0], [8.0, 5.2, 6.0], 4e5),
    ];
    for tof_mashing in [0, 1] {
        let measurement = scan(&geometry(tof_mashing), &sources, 0.002);
        // Places are known within a centimetre.
        let places = sources.map(|(place, ..)| [place[0] + 6.0, place[1] - 5.0, place[2] + 3.0]);
        let seen = seen_points(&measurement, &places, &|| ()).unwrap();
        for (found, (place, fwhm, counts)) in seen.iter().zip(sources) {
            println!(
                "{place:?}: {:.2?} mm wide, ± {:.3?}, truth {fwhm:?}; at {:.2?}, {:.0} counts",
                found.fwhm_mm, found.error_mm, found.centre_mm, found.counts
            );
            for axis in 0..3 {
                let off = found.fwhm_mm[axis] - fwhm[axis];
                assert!(off.abs() < 4.0 * found.error_mm[axis] + 0.01 * fwhm[axis], "{axis}: {off}");
                assert!(found.error_mm[axis] < 0.01 * fwhm[axis], "{:?}", found.error_mm);
                assert!((found.centre_mm[axis] - place[axis]).abs() < 0.1, "{:?}", found.centre_mm);
            }
            assert!((found.counts / counts - 1.0).abs() < 0.02, "{}", found.counts);
        }
    }
}

#[test]
fn efficiencies_and_a_known_background_are_part_of_the_model() {
    let (geometry, source) = (geometry(0), ([30.0, 40.0, 0.0], [6.0, 4.0, 5.0], 4e5));
    let plain = scan(&geometry, &[source], 0.0);
    // Every fourth bin counts nothing, and there is a slope of randoms.
    let factors: Vec<f32> = (0..geometry.lines()).map(|n| f32::from(u8::from(n % 4 != 0))).collect();
    let background: Vec<f32> = (0..geometry.lines()).map(|n| (n % 7) as f32).collect();
    let prompts = plain.prompts.iter().zip(&factors).zip(&background).map(|((y, m), b)| y * m + b).collect();
    let background = Some(Background::of_bins(geometry.shape(), background));
    let measurement = Measurement { prompts, factors: Some(factors), background, ..plain };
    let found = seen_points(&measurement, &[[35.0, 35.0, 2.0]], &|| ()).unwrap()[0];
    let off = |axis: usize| (found.fwhm_mm[axis] - source.1[axis]).abs() / source.1[axis];
    assert!((0..3).all(|axis| off(axis) < 0.03), "{:?}", found.fwhm_mm);
}

#[test]
fn no_source_is_an_error_that_names_the_place() {
    let geometry = geometry(0);
    let measurement = scan(&geometry, &[([30.0, 40.0, 0.0], [5.0; 3], 1e5)], 0.001);
    let error = seen_points(&measurement, &[[-150.0, 100.0, 0.0]], &|| ()).unwrap_err();
    let PsfError::NotFound { place_mm, .. } = error.clone() else { panic!("{error}") };
    assert!(place_mm == [-150.0, 100.0, 0.0] && error.to_string().contains("no source was found within"), "{error}");
    println!("{error}");
    let error = seen_points(&measurement, &[[0.0, 900.0, 0.0]], &|| ()).unwrap_err().to_string();
    assert!(error.contains("the scanner ends 428 mm from its axis"), "{error}");
    let nothing = Measurement { prompts: vec![0.0; geometry.bins()].into(), ..measurement };
    assert!(seen_points(&nothing, &[[0.0; 3]], &|| ()).is_err());
}

#[test]
fn sources_of_one_radius_are_averaged() {
    let point = |x: f64, z: f64, fwhm: f64, error: f64| SeenPoint {
        centre_mm: [0.0, x, z],
        fwhm_mm: [fwhm, 0.8 * fwhm, 5.0],
        error_mm: [error; 3],
        counts: 1e5,
    };
    let found = widths(&[point(100.0, 0.0, 6.0, 0.1), point(10.0, 0.0, 5.0, 0.1), point(-104.0, 50.0, 9.0, 0.2)]);
    let [(axis, [x, y, _]), (radius, [radial, ..])] = found.by_radius[..] else { panic!("{found:?}") };
    assert!(axis == 0.0 && x == y && (x - 5.0 * (0.5_f64 * 1.64).sqrt()).abs() < 1e-9);
    assert!((radius - 102.0).abs() < 1e-9 && (radial - 6.6).abs() < 1e-9, "{radius} {radial}");
}

/// The example with fewer bins and counts, through the program; the table that it prints is one that a reconstruction
/// takes.
#[test]
fn the_printed_table_is_part_of_a_config() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::copy(examples.join("points.toml"), folder.join("points.toml")).unwrap();
    let example = fs::read_to_string(examples.join("psf.toml")).unwrap();
    let quick = example.replace("view_mashing = 2", "view_mashing = 6").replace("difference = 16", "difference = 5");
    assert!(quick != example);
    fs::write(folder.join("psf.toml"), &quick).unwrap();
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_coincide")).args(arguments).current_dir(folder).output().unwrap()
    };
    let output = run(&["psf", "psf.toml", "--quiet"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    println!("{printed}");
    let table = &printed[printed.find("[resolution]").unwrap()..printed.rfind(']').unwrap() + 1];
    assert_eq!(table.matches("radius_mm").count(), 2, "{table}");
    let scan = quick[quick.find("phantom").unwrap()..].replace("[scans.measurement.", "[measurement.");
    let config = format!(
        "[measurement.simulated]\n{scan}\n[image]\nshape = [64, 64, 9]\nvoxel_mm = [8, 8, 8]\n{table}\n\
         [algorithm.osem]\nsubsets = 2\niterations = 1\n"
    );
    fs::write(folder.join("recon.toml"), config).unwrap();
    let output = run(&["check", "recon.toml"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    // Places without a source, and none at all.
    fs::write(
        folder.join("none.toml"),
        example.replace("[[0.0, -15.0, 0.0], [5.0, -95.0, 3.0], [0.0, -205.0, -5.0]]", "[]"),
    )
    .unwrap();
    let output = run(&["psf", "none.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no source is named"));
    fs::write(folder.join("lost.toml"), "[[scans]]\nmeasurement.file = \"lost.h5\"\npoints_mm = [[0, 0, 0]]\n")
        .unwrap();
    let output = run(&["psf", "lost.toml"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && told.contains("there is no file") && told.contains("lost.h5"), "{told}");
    assert!(told.contains("lost.toml:2:20"), "{told}");
}
