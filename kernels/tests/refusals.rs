//! Nothing that safe code can ask of the kernels reaches memory that is not theirs: what does not fit together panics.

use coincide_kernels::column::{Axis, ImageRows, Plan, PlaneLine, TofKernel, Walk, Workspace, back, forward};
use coincide_kernels::convolution::Filter;
use coincide_kernels::gaussian::gaussian_taps;
use coincide_kernels::joseph::Grid;
use coincide_kernels::median::median_plane;
use coincide_kernels::pairs::PaddedRows;
use coincide_kernels::ridge::{FilterRows, Filters};
use coincide_kernels::{Level, zeros};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn grid(n: usize) -> Grid {
    Grid { shape: [n; 3], voxel_mm: [4.0; 3], origin_mm: [-2.0 * (n as f64 - 1.0); 3] }
}

fn planes(count: usize) -> Vec<PlaneLine> {
    let z = |p: usize| (p as f64 - 0.5 * (count as f64 - 1.0)) * 4.0;
    (0..count).map(|p| PlaneLine { z_mm: z(p), dz_mm: 0.0 }).collect()
}

fn plan(grid: Grid, planes: &[PlaneLine]) -> Plan {
    Plan::new(grid, planes, None, Level::best())
}

fn across(grid: &Grid) -> Walk {
    Walk::new(grid, [-900.0, 1.0], [900.0, 2.0])
}

/// The message of the panic that `work` must end in.
fn refused<T>(work: impl FnOnce() -> T) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(work)) else { panic!("not refused") };
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

#[test]
fn a_workspace_is_for_its_own_plan() {
    let (small, big) = (plan(grid(20), &planes(1)), plan(grid(20), &planes(20)));
    let (image, walk) = (vec![1.0; 8000], across(&grid(20)));
    let mut y = [0.0; 20];
    forward(&big, &mut Workspace::new(&big.clone()), &image, &mut [(walk, &mut y[..])]);
    let found = refused(|| forward(&big, &mut Workspace::new(&small), &image, &mut [(walk, &mut y[..])]));
    assert!(found.contains("the plan that the workspace is for"), "{found}");
    let mut image = image;
    let rows = &mut ImageRows::split(&mut image, [20; 3], Axis::X, 20)[0];
    let found = refused(|| back(&big, &mut Workspace::new(&small), &[(walk, &y[..])], rows));
    assert!(found.contains("the plan that the workspace is for"), "{found}");
}

#[test]
fn images_and_walks_are_those_of_the_plan() {
    let plan = plan(grid(20), &planes(20));
    let y = [1.0; 20];
    let mut other = vec![0.0; 20 * 20 * 5];
    let rows = &mut ImageRows::split(&mut other, [20, 20, 5], Axis::X, 20)[0];
    let found = refused(|| back(&plan, &mut Workspace::new(&plan), &[(across(&grid(20)), &y[..])], rows));
    assert!(found.contains("another shape"), "{found}");
    let image = vec![1.0; 8000];
    let through = |walk: Walk| {
        let mut y = [0.0; 20];
        refused(|| forward(&plan, &mut Workspace::new(&plan), &image, &mut [(walk, &mut y[..])]))
    };
    let found = through(across(&grid(50)));
    assert!(found.contains("through 20 × 20 voxels"), "{found}");
    let mut endless = across(&grid(20));
    endless.end = usize::MAX;
    let found = through(endless);
    assert!(found.contains("through 20 × 20 voxels"), "{found}");
    let wrapped = refused(|| ImageRows::split(&mut [], [1 << 32, 1 << 32, 1], Axis::X, 1).len());
    assert!(wrapped.contains("more than memory holds"), "{wrapped}");
}

#[test]
fn planes_that_lie_nowhere_near_are_refused() {
    let tilted = [PlaneLine { z_mm: 0.0, dz_mm: 1e12 }];
    let plan = plan(grid(20), &tilted);
    let (image, mut y) = (vec![1.0; 8000], [0.0]);
    let walk = across(&grid(20));
    let found = refused(|| forward(&plan, &mut Workspace::new(&plan), &image, &mut [(walk, &mut y[..])]));
    assert!(found.contains("points beside the image"), "{found}");
}

#[test]
fn plans_of_impossible_numbers_are_refused() {
    let of = |change: &dyn Fn(&mut Grid)| {
        let mut changed = grid(20);
        change(&mut changed);
        refused(|| plan(changed, &planes(5)))
    };
    for z in [2.0_f64.powi(-60), 1e-9, 1e30, f64::MIN_POSITIVE] {
        let found = of(&|grid| grid.voxel_mm[2] = z);
        assert!(found.contains("do not go with planes"), "{z}: {found}");
    }
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(of(&|grid| grid.voxel_mm[1] = wrong).contains("mm from"), "{wrong}");
    }
    assert!(of(&|grid| grid.origin_mm[0] = f64::NAN).contains("NaN"));
    for shape in [[0, 20, 20], [1 << 32, 1 << 32, 1], [1 << 23, 1, 1]] {
        assert!(of(&|grid| grid.shape = shape).contains("an image of"), "{shape:?}");
    }
    let nowhere = [PlaneLine { z_mm: f64::NAN, dz_mm: 0.0 }];
    assert!(refused(|| plan(grid(20), &nowhere)).contains("NaN"));
}

#[test]
fn time_bins_of_impossible_widths_are_refused() {
    for (bins, width, sigma) in
        [(0, 1.0, 1.0), (9, 1e-300, 1.0), (9, 1.0, 1e300), (9, 0.0, 1.0), (9, 1.0, f64::NAN), (usize::MAX, 1.0, 1.0)]
    {
        assert!(refused(|| TofKernel::new(bins, width, sigma)).contains("TOF bins"), "{bins} {width} {sigma}");
    }
    // Bins that are possible, of a line that is far longer than all that can be counted.
    let plan = Plan::new(grid(20), &planes(1), Some(TofKernel::new(3, 1e-10, 1e-10)), Level::best());
    let (image, mut y) = (vec![1.0; 8000], [0.0; 3]);
    let walk = across(&grid(20));
    let found = refused(|| forward(&plan, &mut Workspace::new(&plan), &image, &mut [(walk, &mut y[..])]));
    assert!(found.contains("are too many"), "{found}");
}

#[test]
fn sizes_that_wrap_around_are_refused() {
    // Each product is that of a small shape modulo 2⁶⁴.
    let rows = PaddedRows { rows: (1 << 59) + 1, voxels: 30, pad: 1 };
    let plane = [1.0; 34];
    refused(|| median_plane(Level::best(), rows, [&plane; 3], &mut [0.0; 30]));
    let filters = Filters::new([1, 1, 1], &[1.0]);
    let found = refused(|| FilterRows::new(&filters, [1 << 60, 16]).plane_len());
    assert!(found.contains("more than memory holds"), "{found}");
    let found = refused(|| Filters::new([1 << 32, 1 << 32, 1], &[]).channels());
    assert!(found.contains("more than memory holds"), "{found}");
    let found = refused(|| Filter::new([1; 3], [1; 3], [1, 1 << 63], 2, &[]).output_stride());
    assert!(found.contains("more than memory holds"), "{found}");
    let wide = Filter::new([1, 1, 3], [1, 1, usize::MAX / 2 + 1], [1, 1], 1, &[1.0; 3]);
    refused(|| wide.row(Level::best(), &[Some(&[1.0; 4])], 0, false, &mut [0.0; 4]));
    let plain = Filter::new([1; 3], [1; 3], [1, 1], 1, &[1.0]);
    refused(|| plain.row(Level::best(), &[Some(&[1.0; 4])], usize::MAX, false, &mut [0.0; 4]));
}

#[test]
fn endless_gaussians_are_refused() {
    for sigma in [1e308, f64::INFINITY, f64::NAN] {
        assert!(refused(|| gaussian_taps(sigma)).contains("a Gaussian of"), "{sigma}");
    }
    assert_eq!(zeros(0).len() + gaussian_taps(1e-300).len(), 3);
}
