//! The column projector against the one-line-at-a-time reference, at every SIMD level of this machine.

use coincide_kernels::Level;
use coincide_kernels::column::{Axis, ImageRows, Plan, PlaneLine, TofKernel, Walk, Workspace, back, forward};
use coincide_kernels::joseph::{Grid, walk_steps};

/// A small generator, so that the kernels need no dependency for their tests.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 40) as f32) / (1u64 << 23) as f32 - 1.0
    }
    fn vector(&mut self, length: usize) -> Vec<f32> {
        (0..length).map(|_| self.next()).collect()
    }
}

fn centred(shape: [usize; 3], voxel_mm: [f64; 3]) -> Grid {
    Grid { shape, voxel_mm, origin_mm: std::array::from_fn(|a| -0.5 * (shape[a] as f64 - 1.0) * voxel_mm[a]) }
}

/// Planes of a few tilts: `spacing` apart, centred.
fn planes(tilts: &[(f64, usize)], spacing: f64) -> Vec<PlaneLine> {
    let plane = |count: usize, p: usize| (p as f64 - 0.5 * (count as f64 - 1.0)) * spacing;
    let of_tilt = |&(dz_mm, count): &(f64, usize)| (0..count).map(move |p| PlaneLine { z_mm: plane(count, p), dz_mm });
    tilts.iter().flat_map(of_tilt).collect()
}

const LINES: [([f64; 2], [f64; 2]); 7] = [
    ([-300.0, -20.0], [300.0, 35.0]),
    ([310.0, 60.0], [-290.0, -80.0]),
    ([-10.0, -310.0], [40.0, 300.0]),
    ([75.0, 300.0], [-60.0, -305.0]),
    ([-220.0, -210.0], [215.0, 225.0]),
    ([-300.0, 0.0], [300.0, 0.0]),
    ([-60.0, -300.0], [-60.0, 300.0]),
];

struct Case {
    name: &'static str,
    grid: Grid,
    planes: Vec<PlaneLine>,
    tof: Option<TofKernel>,
    /// Largest deviation from the reference, relative to the largest value.
    tolerance: f64,
}

fn cases() -> Vec<Case> {
    let aligned = || centred([24, 20, 31], [11.0, 12.0, 4.0]);
    let tilts = [(0.0, 31), (60.0, 25), (-60.0, 25), (150.0, 13), (-150.0, 13), (400.0, 5), (-400.0, 5)];
    let case = |name, grid, planes, tof, tolerance| Case { name, grid, planes, tof, tolerance };
    let tof = || Some(TofKernel::new(9, 60.0, 45.0));
    let shifted = Grid { origin_mm: [-100.0, -140.0, -50.0], ..aligned() };
    let alternating: Vec<_> = (0..40)
        .map(|p| PlaneLine { z_mm: p as f64 * 3.0 - 60.0, dz_mm: if p % 2 == 0 { 18.0 } else { 24.0 } })
        .collect();
    vec![
        case("planes on voxels", aligned(), planes(&tilts, 4.0), None, 1e-5),
        case("planes between voxels", shifted, planes(&tilts, 4.0), None, 1e-5),
        case("more planes than voxels", centred([24, 20, 9], [11.0, 12.0, 4.0]), planes(&tilts, 4.0), None, 1e-5),
        case(
            "many planes",
            centred([10, 12, 301], [24.0, 21.0, 2.0]),
            planes(&[(30.0, 290), (0.0, 301)], 2.0),
            None,
            1e-5,
        ),
        case("many steps", centred([200, 190, 40], [2.2, 2.3, 4.0]), planes(&tilts, 4.0), None, 1e-5),
        case("two voxels a plane", centred([24, 20, 61], [11.0, 12.0, 2.0]), planes(&tilts, 4.0), None, 1e-5),
        case("two planes a voxel", centred([24, 20, 16], [11.0, 12.0, 8.0]), planes(&tilts, 4.0), None, 1e-5),
        case("alternating tilts", centred([24, 20, 41], [11.0, 12.0, 3.0]), alternating, None, 1e-5),
        case("time of flight", aligned(), planes(&tilts, 4.0), tof(), 1e-5),
        case(
            "time of flight, two voxels a plane",
            centred([24, 20, 61], [11.0, 12.0, 2.0]),
            planes(&tilts, 4.0),
            tof(),
            1e-5,
        ),
        // Resampled rows interpolate twice; on white noise, the worst image there is, that shows.
        case("voxels that fit no plane", centred([24, 20, 41], [11.0, 12.0, 3.1]), planes(&tilts, 4.0), None, 0.5),
    ]
}

fn levels() -> impl Iterator<Item = Level> {
    Level::available()
}

fn reference(case: &Case, image: &[f32], (a, b): ([f64; 2], [f64; 2])) -> Vec<f64> {
    let bins = case.tof.as_ref().map_or(1, TofKernel::bins);
    let mut y = vec![0.0; case.planes.len() * bins];
    for (p, plane) in case.planes.iter().enumerate() {
        let (low, high) = (plane.z_mm - 0.5 * plane.dz_mm, plane.z_mm + 0.5 * plane.dz_mm);
        walk_steps(&case.grid, [a[0], a[1], low], [b[0], b[1], high], |mm, voxel, weight| {
            for bin in 0..bins {
                let share = case.tof.as_ref().map_or(1.0, |tof| tof.weight(tof.centre_mm(bin) - mm));
                y[bin * case.planes.len() + p] += share * weight * image[voxel] as f64;
            }
        });
    }
    y
}

fn smooth(case: &Case, noise: &mut Noise) -> Vec<f32> {
    let [nx, ny, nz] = case.grid.shape;
    let waves: Vec<[f32; 4]> = (0..3).map(|_| std::array::from_fn(|_| noise.next())).collect();
    let value = |i: usize| {
        let (x, y, z) = (i / (ny * nz), i / nz % ny, i % nz);
        let at = [x as f32 / nx as f32, y as f32 / ny as f32, z as f32 / nz as f32];
        waves.iter().map(|w| 1.0 + (6.0 * (w[0] * at[0] + w[1] * at[1] + w[2] * at[2]) + w[3]).sin()).sum::<f32>()
    };
    (0..case.grid.shape.iter().product()).map(value).collect()
}

fn relative_deviation(fast: &[f32], exact: &[f64]) -> f64 {
    let largest = exact.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let deviation = fast.iter().zip(exact).fold(0.0, |m: f64, (f, e)| m.max((*f as f64 - e).abs()));
    deviation / largest
}

#[test]
fn forward_agrees_with_the_reference() {
    for case in cases() {
        for level in levels() {
            let plan = Plan::new(case.grid, &case.planes, case.tof.clone(), level);
            let mut work = Workspace::new(&plan);
            let mut noise = Noise(7);
            let rough = noise.vector(case.grid.shape.iter().product());
            let smooth = smooth(&case, &mut noise);
            for line in LINES {
                let walk = Walk::new(&case.grid, line.0, line.1);
                let mut y = vec![f32::NAN; case.planes.len() * plan.tof_bins()];
                forward(&plan, &mut work, &rough, &mut [(walk, &mut y[..])]);
                let deviation = relative_deviation(&y, &reference(&case, &rough, line));
                assert!(deviation < case.tolerance, "{}, {level:?}, {line:?}: {deviation:e}", case.name);
                forward(&plan, &mut work, &smooth, &mut [(walk, &mut y[..])]);
                let deviation = relative_deviation(&y, &reference(&case, &smooth, line));
                assert!(deviation < 1e-2_f64.min(case.tolerance), "{}, {level:?}, {line:?}: {deviation:e}", case.name);
            }
        }
    }
}

#[test]
fn back_is_the_transpose_of_forward() {
    for case in cases() {
        for level in levels() {
            let plan = Plan::new(case.grid, &case.planes, case.tof.clone(), level);
            let mut work = Workspace::new(&plan);
            let mut noise = Noise(11);
            let image = noise.vector(case.grid.shape.iter().product());
            for line in LINES {
                let walk = Walk::new(&case.grid, line.0, line.1);
                let y = noise.vector(case.planes.len() * plan.tof_bins());
                let mut ax = vec![f32::NAN; y.len()];
                forward(&plan, &mut work, &image, &mut [(walk, &mut ax[..])]);
                for rows in [1, 5, 1000] {
                    let mut aty = vec![0.0; image.len()];
                    let parts = ImageRows::split(&mut aty, case.grid.shape, walk.axis, rows);
                    for mut part in parts.into_iter().filter(|part| part.touched_by(&walk)) {
                        back(&plan, &mut work, &[(walk, &y[..])], &mut part);
                    }
                    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| *a as f64 * *b as f64).sum::<f64>();
                    let (left, right) = (dot(&ax, &y), dot(&image, &aty));
                    let error = (left - right).abs() / (dot(&ax, &ax) * dot(&y, &y)).sqrt();
                    assert!(error < 1e-6, "{}, {level:?}, {line:?}, {rows} rows: {left} != {right}", case.name);
                }
            }
        }
    }
}

#[test]
fn parts_of_the_image_do_not_change_the_bits() {
    for case in cases() {
        let plan = Plan::new(case.grid, &case.planes, case.tof.clone(), Level::best());
        let mut work = Workspace::new(&plan);
        let mut noise = Noise(13);
        let y = noise.vector(case.planes.len() * plan.tof_bins());
        for line in LINES {
            let walk = Walk::new(&case.grid, line.0, line.1);
            let mut images = [1, 7, 1000].map(|rows| {
                let mut image = vec![0.0; case.grid.shape.iter().product()];
                let parts = ImageRows::split(&mut image, case.grid.shape, walk.axis, rows);
                for mut part in parts.into_iter().filter(|part| part.touched_by(&walk)) {
                    back(&plan, &mut work, &[(walk, &y[..])], &mut part);
                }
                image.iter().map(|v: &f32| v.to_bits()).collect::<Vec<_>>()
            });
            images.sort();
            assert!(images[0] == images[2], "{}", case.name);
        }
    }
}

#[test]
fn nothing_negative_comes_of_a_non_negative_image() {
    for case in cases() {
        for level in levels() {
            let plan = Plan::new(case.grid, &case.planes, case.tof.clone(), level);
            let mut work = Workspace::new(&plan);
            let mut noise = Noise(17);
            // Sparse and of very different sizes, so that sums cancel badly if they can.
            let value = |v: f32| if v > 0.6 { (v * 20.0).exp() } else { 0.0 };
            let image: Vec<f32> = noise.vector(case.grid.shape.iter().product()).into_iter().map(value).collect();
            for line in LINES {
                let walk = Walk::new(&case.grid, line.0, line.1);
                let mut y = vec![f32::NAN; case.planes.len() * plan.tof_bins()];
                forward(&plan, &mut work, &image, &mut [(walk, &mut y[..])]);
                assert!(y.iter().all(|&v| v >= 0.0), "{}, {level:?}, {line:?}", case.name);
            }
        }
    }
}

#[test]
fn a_line_beside_the_image_is_zero() {
    let case = &cases()[0];
    let plan = Plan::new(case.grid, &case.planes, None, Level::best());
    let walk = Walk::new(&case.grid, [-300.0, 250.0], [300.0, 250.0]);
    let mut y = vec![f32::NAN; case.planes.len()];
    let image = vec![1.0; case.grid.shape.iter().product()];
    forward(&plan, &mut Workspace::new(&plan), &image, &mut [(walk, &mut y[..])]);
    assert!(y.iter().all(|&v| v == 0.0));
    assert_eq!(walk.axis, Axis::X);
    let nowhere = Walk::new(&case.grid, [0.0, 300.0], [0.0, 300.0]);
    y.fill(f32::NAN);
    forward(&plan, &mut Workspace::new(&plan), &image, &mut [(nowhere, &mut y[..])]);
    assert!(y.iter().all(|&v| v == 0.0));
}

#[test]
fn neighbouring_lines_do_not_change_each_other() {
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    for case in cases() {
        let plan = Plan::new(case.grid, &case.planes, case.tof.clone(), Level::best());
        let mut noise = Noise(19);
        let image = noise.vector(case.grid.shape.iter().product());
        let walks = LINES.map(|line| Walk::new(&case.grid, line.0, line.1));
        let length = case.planes.len() * plan.tof_bins();
        let project = |lines: &mut [(Walk, &mut [f32])]| forward(&plan, &mut Workspace::new(&plan), &image, lines);

        let (mut together, mut alone) = (vec![f32::NAN; length * walks.len()], vec![f32::NAN; length * walks.len()]);
        project(&mut walks.into_iter().zip(together.chunks_mut(length)).collect::<Vec<_>>());
        walks.into_iter().zip(alone.chunks_mut(length)).for_each(|line| project(&mut [line]));
        assert!(bits(&together) == bits(&alone), "{}", case.name);

        let mut images = [vec![0.0; image.len()], vec![0.0; image.len()]];
        let mut work = Workspace::new(&plan);
        for axis in [Axis::X, Axis::Y] {
            let touching = |part: &ImageRows| -> Vec<(Walk, &[f32])> {
                walks.into_iter().zip(together.chunks(length)).filter(|(walk, _)| part.touched_by(walk)).collect()
            };
            for part in &mut ImageRows::split(&mut images[0], case.grid.shape, axis, 1000) {
                back(&plan, &mut work, &touching(part), part);
            }
            for part in &mut ImageRows::split(&mut images[1], case.grid.shape, axis, 1000) {
                touching(part).iter().for_each(|line| back(&plan, &mut work, &[*line], part));
            }
        }
        assert!(bits(&images[0]) == bits(&images[1]), "{}", case.name);
    }
}
