//! The likelihood and what hangs on it, by hand: bins that expect nothing, the largest L, the uniform start, and the
//! certificate at voxels of 0.

mod small_scan;

use coincide::algorithm::{Algorithm, Objective, Osem};
use coincide::data::{Background, Measurement};
use coincide::image::ImageGrid;
use coincide::likelihood::Model;
use coincide::prior::{Neighbours, Pairs, Prior, relative_difference};
use coincide::scanner::{AxialCompression, RadialSampling, Scanner, SinogramGeometry, preset};
use coincide::trust::{Forgiven, score_maps};
use small_scan::{distance, geometry, grid, kkt, maximum, measurement};

fn sum(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum()
}

/// A scan of constant numbers in all bins.
fn constant(prompts: f32, background: Option<f32>) -> Measurement {
    let geometry = geometry();
    let background = background.map(|b| Background::of_bins(geometry.shape(), vec![b; geometry.bins()]));
    let prompts = vec![prompts; geometry.bins()].into();
    let factors = Some(vec![0.5; geometry.lines()]);
    Measurement { geometry, prompts, factors, background, calibrated: true, duration_s: None }
}

/// No counts, nothing expected: L = −Σ ȳ, so its gradient is −s, also where ȳ is 0.
#[test]
fn lines_that_expect_nothing_and_saw_nothing_hold_activity_down() {
    let measurement = constant(0.0, None);
    let model = Model::new(&measurement, grid(), None, 1).unwrap();
    let (mut gradient, mut s) = (vec![f32::NAN; grid().voxels()], vec![f32::NAN; grid().voxels()]);
    model.gradient(0, &vec![0.0; grid().voxels()], &mut model.scratch(), &mut gradient);
    model.sensitivity(0, &mut model.scratch(), &mut s);
    assert!(sum(&s) > 0.0);
    let opposite: Vec<f32> = gradient.iter().map(|g| -g).collect();
    assert!(distance(&opposite, &s) < 1e-6, "{}", distance(&opposite, &s));
}

/// Where ȳ = y no other mean is likelier: Σ y ln y − y.
#[test]
fn the_saturated_likelihood_is_that_of_the_counts_themselves() {
    let measurement = constant(3.0, Some(3.0));
    let model = Model::new(&measurement, grid(), None, 1).unwrap();
    let by_hand = geometry().bins() as f64 * (3.0 * 3.0_f64.ln() - 3.0);
    let found = model.saturated_log_likelihood();
    assert!((found / by_hand - 1.0).abs() < 1e-6, "{found} {by_hand}");
    // Background alone is such a mean.
    let reached = model.log_likelihood(&vec![0.0; grid().voxels()], &mut model.scratch());
    assert!((reached / by_hand - 1.0).abs() < 1e-6, "{reached} {by_hand}");
}

/// All bins see the one count that they expect, but for one view, which expects next to nothing: there a count weighs
/// as where a hundredth of the mean is expected. A spot of 50 such lines, at their standard deviation of 0.1 counts,
/// makes a score of tens, not of millions.
#[test]
fn counts_where_nothing_is_expected_do_not_outweigh_all_others() {
    let mut measurement = constant(1.0, None);
    let shape = measurement.geometry.shape();
    let view = shape[1] * shape[2] * shape[3];
    let mut background = vec![1.0; measurement.geometry.bins()];
    background[..view].fill(1e-9);
    measurement.background = Some(Background::of_bins(shape, background));
    let model = Model::new(&measurement, grid(), None, 1).unwrap();
    let map = &score_maps(&model, &vec![0.0; grid().voxels()], &[30.0], Forgiven::default())[0];
    let largest = map.z.iter().fold(0.0_f32, |largest, z| largest.max(z.abs()));
    println!("largest score {largest}");
    assert!((10.0..200.0).contains(&largest), "{largest}");
}

/// Prompts less background, whatever the background is.
#[test]
fn the_uniform_start_has_the_net_counts() {
    for (prompts, background, net) in [(3.0, None, 3.0), (3.0, Some(1.0), 2.0), (3.0, Some(2.5), 0.5)] {
        let measurement = constant(prompts, background);
        let model = Model::new(&measurement, grid(), None, 1).unwrap();
        let start = Osem::new(&model, None);
        let counts = model.counts_in_image(start.image(), &mut model.scratch());
        let expected = net * measurement.geometry.bins() as f64;
        assert!((counts / expected - 1.0).abs() < 1e-4, "{counts}, not {expected}");
    }
}

/// Eight bins of 40 mm lie from −160 to +120 mm: all views see what is within 120 mm of the axis.
#[test]
fn the_field_of_view_ends_at_the_nearer_end() {
    let scanner = Scanner { crystals_per_ring: 72, radial_bins: 8, rings: 3, ..preset("siemens-mmr").unwrap() };
    let axial = AxialCompression::Span { span: 1, max_ring_difference: 0 };
    let mut geometry = SinogramGeometry::new(scanner, axial, 1, 0).unwrap();
    geometry.sampling = RadialSampling::ArcCorrected { bin_mm: 40.0 };
    let prompts = vec![1.0; geometry.bins()].into();
    let scan = Measurement { geometry, prompts, factors: None, background: None, calibrated: true, duration_s: None };
    let grid = ImageGrid::centred([40, 40, 3], [10.0, 10.0, 4.0625]);
    let model = Model::new(&scan, grid, None, 1).unwrap();
    let start = Osem::new(&model, None);
    for voxel in (0..grid.voxels()).step_by(3) {
        let [x, y, _] = grid.centre_mm([voxel / 120, voxel / 3 % 40, voxel % 3]);
        assert_eq!(start.image()[voxel] > 0.0, x.hypot(y) <= 120.0, "{x} mm, {y} mm");
    }
}

/// The maximum with its hot box taken out is far from the maximum, and only the voxels of 0 can tell.
#[test]
fn voxels_of_zero_count_in_the_distance_from_the_maximum() {
    let measurement = measurement();
    let model = Model::new(&measurement, grid(), None, 1).unwrap();
    let prior = Prior::Smooth(relative_difference(Pairs::new(&grid(), Neighbours::Six, None), 2.0, 0.004));
    let objective = Objective::new(&model, &prior, 2.0);
    let maximum = maximum(&objective);
    // A single voxel in the middle of the warm box: its neighbours and lines hardly move.
    let mut hole = maximum.clone();
    let voxel = grid().index([14, 14, 5]);
    assert!(hole[voxel] > 0.5);
    hole[voxel] = 0.0;
    let mut gradient = vec![0.0; hole.len()];
    objective.gradient(&hole, &mut objective.work(), &mut gradient);
    let s = objective.sensitivity();
    // By hand: ‖P₊(x + (x + δ) / s ⊙ g) − x‖ / ‖x‖ with δ = 1 % of the mean inside.
    let inside = s.iter().filter(|s| **s > 0.0).count() as f64;
    let squares: f64 = hole.iter().map(|&x| f64::from(x).powi(2)).sum();
    let delta = 0.01 * (squares / inside).sqrt();
    // Voxels that are hardly seen do not count beyond all others.
    let least = 0.25 * s.iter().map(|&s| f64::from(s)).sum::<f64>() / inside;
    let step = |j: usize| {
        let x = f64::from(hole[j]);
        (x + (x + delta) * f64::from(gradient[j]) / f64::from(s[j]).max(least)).max(0.0) - x
    };
    let seen = || (0..hole.len()).filter(|&j| s[j] > 0.0);
    let moved: f64 = seen().map(|j| step(j).powi(2)).sum();
    let after: f64 = seen().map(|j| (f64::from(hole[j]) + step(j)).powi(2)).sum();
    let by_hand = (moved / squares.max(after)).sqrt();
    let found = kkt(&objective, &hole);
    println!("residual {found:.3e}, by hand {by_hand:.3e}, of which the voxel {:.3e}", step(voxel).abs());
    assert!((found / by_hand - 1.0).abs() < 1e-3, "{found} {by_hand}");
    // An image of zeros but for one voxel: what its zeros ask for is most of the residual.
    let mut lonely = vec![0.0; hole.len()];
    lonely[voxel] = 1.0;
    assert!(kkt(&objective, &lonely) > 0.05, "{}", kkt(&objective, &lonely));
}
