//! What a run says of its own image: the distance from the maximum, the objective, counts that no image explains, and
//! that no algorithm stays or falls without a word.

use coincide::algorithm::{Algorithm, Lbfgs, Objective, optimality};
use coincide::data::{Background, Clock, Ledger, Measurement};
use coincide::image::ImageGrid;
use coincide::likelihood::Model;
use coincide::operator::{LinearOperator, Projector};
use coincide::prior::Prior;
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

fn geometry() -> SinogramGeometry {
    let scanner = Scanner { crystals_per_ring: 72, radial_bins: 33, rings: 2, ..preset("siemens-mmr").unwrap() };
    SinogramGeometry::new(scanner, AxialCompression::Span { span: 1, max_ring_difference: 1 }, 1, 0).unwrap()
}

fn grid() -> ImageGrid {
    ImageGrid::centred([20, 20, 3], [22.0, 22.0, 2.03125])
}

/// 1 in a box off the axis.
fn truth() -> Vec<f32> {
    let inside = |voxel: usize| {
        let [x, y, _] = grid().centre_mm([voxel / 60, voxel / 3 % 20, voxel % 3]);
        (x - 40.0).abs() < 80.0 && y.abs() < 60.0
    };
    (0..grid().voxels()).map(|voxel| f32::from(u8::from(inside(voxel)))).collect()
}

/// The rounded mean of the truth on a background, without one where that is 0.
fn measurement(background: f32) -> Arc<Measurement> {
    let geometry = geometry();
    let mut mean = vec![0.0; geometry.bins()];
    Projector::new(&geometry, grid()).forward(&truth(), &mut mean);
    let prompts = mean.iter().map(|mean| (0.05 * mean + background).round()).collect();
    let factors = Some(vec![0.05; geometry.lines()]);
    let expected = (background > 0.0).then(|| Background::of_bins(geometry.shape(), vec![background; mean.len()]));
    Arc::new(Measurement {
        geometry,
        prompts,
        factors,
        background: expected,
        ledger: Ledger::raw().calibrated(),
        clock: Clock::default(),
    })
}

fn of_image(measurement: &Arc<Measurement>, x: &[f32]) -> (f64, f64) {
    let model = Model::new(measurement, grid(), None, 1).unwrap();
    let objective = Objective::new(&model, &Prior::None, 0.0);
    optimality(&objective, x, None)
}

#[test]
fn an_image_of_0_is_far_from_the_maximum_unless_it_is_the_maximum() {
    let (zero, tiny) = (vec![0.0; grid().voxels()], truth().iter().map(|x| 1e-6 * x).collect::<Vec<f32>>());
    for background in [0.0, 0.5] {
        let measurement = measurement(background);
        let (value, distance) = of_image(&measurement, &zero);
        assert!(distance > 0.99, "background {background}: {distance}");
        assert_eq!(value.is_finite(), background > 0.0, "{value}");
        let (_, distance) = of_image(&measurement, &tiny);
        assert!(distance > 0.9, "background {background}: {distance}");
        // No counts, or none but those of the background: 0 is the maximum.
        let expected = measurement.background.clone();
        let prompts = vec![0.0; measurement.prompts.len()].into();
        let none = Arc::new(Measurement { prompts, ..Measurement::clone(&measurement) });
        assert_eq!(of_image(&none, &zero).1, 0.0, "background {background}");
        assert_eq!(of_image(&none, &truth()).1, 1.0, "background {background}");
        if expected.is_some() {
            let prompts = vec![background; none.prompts.len()].into();
            let as_expected = Arc::new(Measurement { prompts, ..Measurement::clone(&none) });
            assert_eq!(of_image(&as_expected, &zero).1, 0.0);
        }
    }
}

#[test]
fn few_active_voxels_hide_no_others() {
    let (measurement, truth) = (measurement(0.5), truth());
    // All activity of the object in one voxel: the others, at 0, want theirs back.
    let total: f32 = truth.iter().sum();
    let middle = truth.iter().rposition(|x| *x > 0.0).unwrap();
    let one: Vec<f32> = (0..truth.len()).map(|voxel| if voxel == middle { total } else { 0.0 }).collect();
    assert!(of_image(&measurement, &one).1 > 0.5, "{}", of_image(&measurement, &one).1);
    // A lack that the last voxel of a row alone has is seen, however small its share of the image is.
    let model = Model::new(&measurement, grid(), None, 1).unwrap();
    let objective = Objective::new(&model, &Prior::None, 0.0);
    let mut lbfgs = Lbfgs::new(&objective, 7, None).unwrap();
    (0..300).for_each(|_| {
        lbfgs.update();
    });
    let mut best = lbfgs.image().to_vec();
    let near = of_image(&measurement, &best).1;
    best[middle] = 0.0;
    let lacking = of_image(&measurement, &best).1;
    assert!(near < 1e-4 && lacking > 10.0 * near && lacking > 1e-5, "{near} {lacking}");
}

#[test]
fn the_likelihood_is_minus_infinity_where_a_counted_bin_is_impossible() {
    let measurement = measurement(0.0);
    let model = Model::new(&measurement, grid(), None, 3).unwrap();
    assert!(model.log_likelihood(&truth()).is_finite());
    assert_eq!(model.impossible(&truth()), Vec::<usize>::new());
    // A column of voxels that some lines need.
    let hollow: Vec<f32> = truth().iter().enumerate().map(|(j, x)| if j / 60 < 12 { *x } else { 0.0 }).collect();
    assert_eq!(model.log_likelihood(&hollow), f64::NEG_INFINITY);
    let bins = model.impossible(&hollow);
    assert!(!bins.is_empty() && bins.iter().all(|bin| measurement.prompts.at(*bin) > 0.0));
    let expected = model.expected(&hollow);
    assert_eq!(
        (0..expected.len())
            .filter(|bin| expected[*bin] == 0.0 && measurement.prompts.at(*bin) > 0.0)
            .collect::<Vec<_>>(),
        bins
    );
    // Its gradient points back: what is missing is wanted, by finite numbers.
    let (mut gradient, mut part, mut value) = (vec![0.0; hollow.len()], vec![0.0; hollow.len()], 0.0);
    for subset in 0..3 {
        value += model.gradient(subset, &hollow, &mut part);
        gradient.iter_mut().zip(&part).for_each(|(sum, part)| *sum += part);
    }
    assert_eq!(value, f64::NEG_INFINITY);
    assert!(gradient.iter().all(|g| g.is_finite()));
    let wanted: f32 = truth().iter().zip(&hollow).zip(&gradient).map(|((t, x), g)| (t - x) * g).sum();
    assert!(wanted > 0.0, "{wanted}");
    // A mean that single precision takes for 0 is none: the factors are 1e-40 of what they were.
    let faint =
        Measurement { factors: Some(vec![1e-30; measurement.geometry.lines()]), ..Measurement::clone(&measurement) };
    let image: Vec<f32> = truth().iter().map(|x| 1e-16 * x).collect();
    let model = Model::new(&Arc::new(faint), grid(), None, 1).unwrap();
    assert!(model.log_likelihood(&image).is_finite());
}

#[test]
fn algorithms_leave_an_image_whose_objective_is_minus_infinity() {
    let measurement = measurement(0.0);
    let model = Model::new(&measurement, grid(), None, 1).unwrap();
    let objective = Objective::new(&model, &Prior::None, 0.0);
    let best = objective.value(&truth());
    let hollow: Vec<f32> = truth().iter().enumerate().map(|(j, x)| if j / 60 < 12 { *x } else { 0.0 }).collect();
    let algorithms: [(&str, Box<dyn Algorithm>); 3] = [
        ("lbfgs", Box::new(Lbfgs::new(&objective, 7, Some(hollow.clone())).unwrap())),
        (
            "proximal-newton",
            Box::new(coincide::algorithm::ProximalNewton::new(&objective, Some(hollow.clone())).unwrap()),
        ),
        ("svrn", Box::new(coincide::algorithm::Svrn::new(&objective, Some(hollow)).unwrap())),
    ];
    for (name, mut algorithm) in algorithms {
        (0..40).for_each(|_| {
            algorithm.update();
        });
        let value = objective.value(algorithm.image());
        // They come back from far, so the last of the way may take them longer than this.
        println!("{name}: {value}, the truth {best}: {:.2e}", (best - value) / best.abs());
        assert!(value > best - 0.03 * best.abs(), "{name}: {value}, the truth {best}");
    }
}

/// A cylinder of radius 122 mm; the outermost lines of the scanner pass the axis at about 129 mm.
fn phantom(radius_mm: f64, centre_mm: f64) -> String {
    format!(
        "name = \"c\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\n\
         solid.cylinder = {{ radii_mm = [{radius_mm}, {radius_mm}], length_mm = 200.0 }}\ncentres_mm = [[{centre_mm}, 0.0, 0.0]]\n\
         activity_bq_per_ml = 5000.0\nattenuation_per_cm = 0.096\nregion = \"all\"\n\
         [[shapes]]\nsolid.ellipsoid = {{ semi_axes_mm = [10.0, 10.0, 10.0] }}\ncentres_mm = [[30.0, 10.0, 5.0]]\n\
         activity_bq_per_ml = 20000.0\nattenuation_per_cm = 0.096\nregion = \"hot\"\n"
    )
}

/// A scan without a background on a small scanner, and tables for prior, algorithm and more.
fn scan(prompts: f64, voxels: usize, more: &str) -> String {
    format!(
        "[measurement.simulated]\nphantom = \"phantom.toml\"\n\
         scanner.custom = {{ name = \"small\", rings = 3, crystals_per_ring = 48, inner_radius_mm = 150.0, \
         depth_of_interaction_mm = 5.0, ring_spacing_mm = 5.0, radial_bins = 31, bin_size_mm = 3.2 }}\n\
         simulation = {{ counts.total-prompts = {prompts}, seed = 3 }}\n\
         [image]\nshape = [{voxels}, {voxels}, 5]\nvoxel_mm = [8.0, 8.0, 2.5]\n{more}\n"
    )
}

fn recon(folder: &Path, config: &str, arguments: &[&str]) -> Output {
    fs::write(folder.join("recon.toml"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
    command.args(["recon", "recon.toml", "--quiet"]).args(arguments).current_dir(folder).output().unwrap()
}

fn result(folder: &Path, config: &str) -> Value {
    let output = recon(folder, config, &["--json"]);
    assert!(output.status.success(), "{config}\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn folder(radius_mm: f64, centre_mm: f64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("phantom.toml"), phantom(radius_mm, centre_mm)).unwrap();
    folder
}

#[test]
fn newton_methods_agree_without_background_at_the_border_of_the_field() {
    const RDP: &str = "[prior.relative-difference]\nbeta = 0.001\n";
    let cases = [
        ("at the border", 122.0, 0.0, 3e5, RDP),
        ("970 counts", 122.0, 0.0, 970.0, RDP),
        ("off centre", 80.0, 40.0, 3e5, RDP),
        ("no prior", 122.0, 0.0, 3e5, ""),
    ];
    for (name, radius_mm, centre_mm, prompts, prior) in cases {
        let folder = folder(radius_mm, centre_mm);
        let of = |algorithm: &str| result(folder.path(), &scan(prompts, 36, &format!("{prior}{algorithm}")));
        let newton = of("[algorithm.proximal-newton]\niterations = 16\n");
        let svrn = of("[algorithm.svrn]\nsubsets = 6\niterations = 16\n");
        let lbfgs = of("[algorithm.lbfgs]\niterations = 60\n");
        let start = of("[algorithm.osl]\nsubsets = 12\niterations = 1\n");
        let objective = |result: &Value| result["objective"].as_f64().unwrap_or(f64::NEG_INFINITY);
        let best = objective(&newton).max(objective(&lbfgs)).max(objective(&svrn));
        println!(
            "{name}: svrn {svrn}, proximal-newton {newton}, lbfgs {lbfgs}",
            svrn = objective(&svrn),
            newton = objective(&newton),
            lbfgs = objective(&lbfgs)
        );
        for result in [&newton, &svrn, &lbfgs] {
            // All of the way, but for a share of the way that is left to later iterations.
            let (left, way) = (best - objective(result), (best - objective(&start)).max(1.0));
            println!("    {}: {left:.3} of {way:.1} left, kkt {}", result["algorithm"], result["kkt"]);
            assert!(left < 0.01 * way, "{name}, {}: {left} of {way} left", result["algorithm"]);
            assert!(result["warnings"].as_array().unwrap().is_empty(), "{name}: {}", result["warnings"]);
        }
    }
}

fn warnings(result: &Value) -> String {
    let warnings = result["warnings"].as_array().unwrap();
    warnings.iter().map(|warning| warning.as_str().unwrap().to_owned() + "\n").collect()
}

#[test]
fn counts_that_no_image_explains_are_refused_or_left_out_as_asked() {
    // The image holds half of the cylinder's radius, and is told not to be widened.
    let (folder, osem) =
        (folder(122.0, 0.0), "whole_field = \"never\"\n[algorithm.osem]\nsubsets = 6\niterations = 2\n");
    let refused = recon(folder.path(), &scan(3e5, 16, osem), &["--json"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot come from any image") && said.contains("leave-out"), "{said}");
    let left_out = result(folder.path(), &scan(3e5, 16, &format!("{osem}[run]\nimpossible = \"leave-out\"\n")));
    assert!(warnings(&left_out).contains("left out of the likelihood"), "{left_out}");
    assert!(
        left_out["objective"].as_f64().unwrap().is_finite() && left_out["kkt"].as_f64().unwrap() < 0.1,
        "{left_out}"
    );
    // What is left explains no more counts than there are.
    assert!(left_out["counts_in_image"].as_f64().unwrap() < 0.9 * 3e5, "{left_out}");
}

#[test]
fn a_run_that_lost_gives_back_its_start_and_says_so() {
    let folder = folder(122.0, 0.0);
    // From near the maximum, with steps a hundred times as long as the preconditioner allows.
    let svrg = "[prior.relative-difference]\nbeta = 1e-6\n[algorithm.svrg]\nsubsets = 6\niterations = 3\n\
                relaxation = 100.0\nstart.osem = { iterations = 10 }\n";
    let lost = result(folder.path(), &scan(970.0, 36, svrg));
    assert!(warnings(&lost).contains("so the image is the start"), "{lost}");
}
