//! The likelihood and what hangs on it, by hand: bins that expect nothing, the largest L, the uniform start, and the
//! certificate at voxels of 0; and the chain of operators in front of it.

use crate::small_scan::{distance, geometry, grid, kkt, maximum, measurement, updates};
use coincide::algorithm::{Algorithm, Objective, Osem};
use coincide::data::{Background, Clock, Ledger, Measurement};
use coincide::image::ImageGrid;
use coincide::likelihood::Model;
use coincide::model::System;
use coincide::operator::{LinearOperator, Margin, Projector, Resolution, Translation, Widths, dot_test};
use coincide::prior::{Neighbours, Pairs, Prior, relative_difference};
use coincide::scanner::{AxialCompression, RadialSampling, Scanner, SinogramGeometry, preset};
use coincide::trust::{Forgiven, score_maps};
use std::sync::Arc;

fn sum(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum()
}

/// A scan of constant numbers in all bins.
fn constant(prompts: f32, background: Option<f32>) -> Arc<Measurement> {
    let geometry = geometry();
    let background = background.map(|b| Background::of_bins(geometry.shape(), vec![b; geometry.bins()]));
    let prompts = vec![prompts; geometry.bins()].into();
    let factors = Some(vec![0.5; geometry.lines()]);
    Arc::new(Measurement {
        geometry,
        prompts,
        factors,
        background,
        ledger: Ledger::raw().calibrated(),
        clock: Clock::default(),
    })
}

/// No counts, nothing expected: L = −Σ ȳ, so its gradient is −s, also where ȳ is 0.
#[test]
fn lines_that_expect_nothing_and_saw_nothing_hold_activity_down() {
    let measurement = constant(0.0, None);
    let model = Model::new(&measurement, grid(), None, 1).unwrap();
    let (mut gradient, mut s) = (vec![f32::NAN; grid().voxels()], vec![f32::NAN; grid().voxels()]);
    model.gradient(0, &vec![0.0; grid().voxels()], &mut gradient);
    model.sensitivity(0, &mut s);
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
    let reached = model.log_likelihood(&vec![0.0; grid().voxels()]);
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
    Arc::make_mut(&mut measurement).background = Some(Background::of_bins(shape, background));
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
        let start = Osem::new(&model, None).unwrap();
        let counts = model.counts_in_image(start.image());
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
    let scan = Measurement {
        geometry,
        prompts,
        factors: None,
        background: None,
        ledger: Ledger::raw().calibrated(),
        clock: Clock::default(),
    };
    let scan = Arc::new(scan);
    let grid = ImageGrid::centred([40, 40, 3], [10.0, 10.0, 4.0625]);
    let model = Model::new(&scan, grid, None, 1).unwrap();
    let start = Osem::new(&model, None).unwrap();
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
    objective.gradient(&hole, &mut gradient);
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

/// A smooth object within the field, off the axis.
fn object(grid: &ImageGrid, at_mm: [f64; 3]) -> Vec<f32> {
    let [_, ny, nz] = grid.shape;
    let value = |voxel: usize| {
        let mm = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
        let squared: f64 = (0..2).map(|axis| ((mm[axis] - at_mm[axis]) / 60.0).powi(2)).sum();
        (4.0 * (-0.5 * squared).exp()) as f32
    };
    (0..grid.voxels()).map(value).collect()
}

/// A noise-free scan of an image under a system's chain.
fn scan(chain: Vec<Arc<dyn LinearOperator>>, x: &[f32]) -> Arc<Measurement> {
    let empty = measurement();
    let model = Model::from(System::of_chain(&empty, grid(), chain, 1).unwrap());
    Arc::new(Measurement { prompts: model.expected(x).into(), ..Measurement::clone(&empty) })
}

fn centre(grid: &ImageGrid, x: &[f32]) -> [f64; 3] {
    let [_, ny, nz] = grid.shape;
    let (mut sum, mut moments) = (0.0, [0.0; 3]);
    for (voxel, value) in x.iter().enumerate() {
        let mm = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
        sum += f64::from(*value);
        (0..3).for_each(|axis| moments[axis] += f64::from(*value) * mm[axis]);
    }
    moments.map(|moment| moment / sum)
}

/// A patient who moved by two voxels, and by a part of one: with the translation in the chain the image is where it was
/// before, without it lies where the patient went.
#[test]
fn a_translation_in_the_chain_takes_the_motion_back() {
    let grid = grid();
    for voxels in [[2.0, -1.0], [0.5, 1.3]] {
        let by_mm = [voxels[0] * grid.voxel_mm[0], voxels[1] * grid.voxel_mm[1], 0.0];
        let moved: Vec<Arc<dyn LinearOperator>> = vec![Arc::new(Translation::new(&grid, by_mm))];
        let truth = object(&grid, [-20.0, 10.0, 0.0]);
        let scan = scan(moved.clone(), &truth);
        let image = |chain: Vec<Arc<dyn LinearOperator>>| {
            let model = Model::from(System::of_chain(&scan, grid, chain, 6).unwrap());
            updates(Osem::new(&model, None).unwrap(), 10 * model.subsets())
        };
        let (with, without) = (centre(&grid, &image(moved)), centre(&grid, &image(Vec::new())));
        let expected = centre(&grid, &truth);
        for axis in 0..2 {
            assert!((with[axis] - expected[axis]).abs() < 0.02 * grid.voxel_mm[axis], "{with:?}, not {expected:?}");
            let off = without[axis] - expected[axis] - by_mm[axis];
            assert!(off.abs() < 0.05 * grid.voxel_mm[axis], "{without:?}: not moved by {by_mm:?}");
        }
    }
}

/// The resolution model of the constructor is a link like any other.
#[test]
fn a_chain_of_the_resolution_model_is_the_resolution_model() {
    let (grid, scan) = (grid(), measurement());
    let widths = Widths::from(Some([25.0, 20.0, 4.0]));
    let link: Arc<dyn LinearOperator> = Arc::new(Resolution::new(&grid, &widths).unwrap());
    let chain = Model::from(System::of_chain(&scan, grid, vec![link], 6).unwrap());
    let usual = Model::new(&scan, grid, widths, 6).unwrap();
    let x = object(&grid, [10.0, 0.0, 0.0]);
    assert!(chain.expected(&x) == usual.expected(&x));
    let of = |model: &Model| {
        let mut back = vec![f32::NAN; x.len()];
        model.back_quotient(2, &x, &mut back);
        back
    };
    assert!(of(&chain) == of(&usual));
}

/// Lines on a wider grid: an image that is wanted alone is embedded first, and sees what it would see on the wider one.
#[test]
fn a_margin_in_the_chain_leads_to_the_lines_of_a_wider_grid() {
    let scan = measurement();
    let wanted = ImageGrid::centred([20, 22, 11], grid().voxel_mm);
    let margin = Margin::new(wanted, [4, 3, 0], [4, 3, 0]);
    assert_eq!(margin.wider(), grid());
    let lines = Arc::new(Projector::new(&scan.geometry, margin.wider()));
    let embedded: Vec<Arc<dyn LinearOperator>> = vec![Arc::new(Transposed(margin))];
    let narrow = Model::from(System::of_lines(&scan, wanted, embedded, lines, 6).unwrap());
    let wide = Model::new(&scan, grid(), None, 6).unwrap();
    let x = object(&wanted, [10.0, 0.0, 0.0]);
    let mut embedded = vec![0.0; grid().voxels()];
    margin.adjoint(&x, &mut embedded);
    assert!(narrow.expected(&x) == wide.expected(&embedded));
    assert_eq!(narrow.grid(), wanted);
}

struct Transposed<A>(A);

impl<A: LinearOperator> LinearOperator for Transposed<A> {
    fn domain(&self) -> &[usize] {
        self.0.range()
    }

    fn range(&self) -> &[usize] {
        self.0.domain()
    }

    fn forward(&self, x: &[f32], y: &mut [f32]) {
        self.0.adjoint(x, y);
    }

    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        self.0.forward(y, x);
    }
}

/// G A of one subset, as it reconstructs.
struct Whole(System);

impl LinearOperator for Whole {
    fn domain(&self) -> &[usize] {
        self.0.image_side().domain()
    }

    fn range(&self) -> &[usize] {
        self.0.lines(1).range()
    }

    fn forward(&self, x: &[f32], y: &mut [f32]) {
        self.0.forward(1, x, y);
    }

    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        self.0.back(1, y, x);
    }
}

#[test]
fn the_back_projection_of_a_system_is_its_transpose() {
    let grid = grid();
    let links: Vec<Arc<dyn LinearOperator>> = vec![
        Arc::new(Translation::new(&grid, [13.0, -7.0, 0.6])),
        Arc::new(Resolution::new(&grid, &Some([25.0, 20.0, 4.0]).into()).unwrap()),
    ];
    for links in [Vec::new(), links[..1].to_vec(), links] {
        let whole = Whole(System::of_chain(&measurement(), grid, links, 6).unwrap());
        for seed in 0..3 {
            assert!(dot_test(&whole, 2 * seed) < 1e-6);
        }
    }
}
