//! Filters and their transpose against their formulas, at every level, and against each other.

use coincide_kernels::Level;
use coincide_kernels::ridge::{CHANNELS, Clamps, FilterRows, Filters};

/// Kernel, and voxels along y and z.
const CASES: [([usize; 3], [usize; 2]); 4] =
    [([7, 7, 1], [9, 37]), ([5, 5, 3], [6, 130]), ([3, 3, 5], [3, 5]), ([1, 3, 3], [8, 64])];

fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1_u32 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(&mut next).take(count).collect()
}

/// Padded planes; what is not a voxel is NaN, to be seen if it is used.
fn padded(rows: &FilterRows, image: &[f32]) -> Vec<Vec<f32>> {
    let planes = image.chunks_exact(rows.voxels_of_plane());
    planes
        .map(|plane| {
            let mut padded = vec![f32::NAN; rows.plane_len()];
            rows.fill(plane, &mut padded);
            padded
        })
        .collect()
}

struct Case {
    kernel: [usize; 3],
    plane: [usize; 2],
    weights: Vec<f32>,
    image: Vec<f32>,
    filters: Filters,
}

fn cases() -> impl Iterator<Item = Case> {
    CASES.into_iter().map(|(kernel, plane)| {
        let taps: usize = kernel.iter().product();
        let weights = noise(11 * taps, 1);
        let image = noise(kernel[0] * plane[0] * plane[1], 2);
        Case { kernel, plane, filters: Filters::new(kernel, &weights), weights, image }
    })
}

/// Responses `[channel, z]` of row `y`.
fn responses(case: &Case, level: Level, y: usize) -> Vec<Vec<f32>> {
    let rows = FilterRows::new(&case.filters, case.plane);
    let planes = padded(&rows, &case.image);
    let planes: Vec<_> = planes.iter().map(Vec::as_slice).collect();
    let mut out = vec![f32::NAN; rows.responses_len()];
    rows.responses(level, &planes, y, &mut out);
    (0..case.filters.channels()).map(|channel| rows.channel(&mut out, channel).to_vec()).collect()
}

#[test]
fn responses_are_their_formula_at_every_level() {
    for case in cases() {
        let ([kx, ky, kz], [ny, nz]) = (case.kernel, case.plane);
        assert_eq!(case.filters.channels(), 11_usize.next_multiple_of(CHANNELS));
        let at = |x: usize, y: usize, z: usize| f64::from(case.image[(x * ny + y) * nz + z]);
        for y in 0..=ny - ky {
            let portable = responses(&case, Level::Portable, y);
            for (channel, row) in portable.iter().enumerate() {
                assert_eq!(row.len(), nz + 1 - kz);
                for (z, &found) in row.iter().enumerate() {
                    let middle = at(kx / 2, y + ky / 2, z + kz / 2);
                    let taps = (0..kx * ky * kz).map(|tap| {
                        let weight = case.weights.get(channel * kx * ky * kz + tap).copied().unwrap_or(0.0);
                        f64::from(weight) * (at(tap / (ky * kz), y + tap / kz % ky, z + tap % kz) - middle)
                    });
                    let expected: f64 = taps.sum();
                    assert!(
                        (f64::from(found) - expected).abs() < 1e-4,
                        "{:?} {channel} {z}: {found} {expected}",
                        case.kernel
                    );
                }
            }
            for level in Level::available() {
                assert_eq!(responses(&case, level, y), portable, "{level:?}");
            }
        }
    }
}

/// ⟨u, W x⟩ = ⟨Wᵀ u, x⟩ for filters of zero mean, whose middle takes no part in the differences.
#[test]
fn the_transpose_is_the_transpose_at_every_level() {
    for mut case in cases() {
        let taps: usize = case.kernel.iter().product();
        let [x, y, z] = case.kernel.map(|side| side / 2);
        let middle = (x * case.kernel[1] + y) * case.kernel[2] + z;
        for filter in case.weights.chunks_exact_mut(taps) {
            filter[middle] = 0.0;
            filter[middle] = -filter.iter().sum::<f32>();
        }
        case.filters = Filters::new(case.kernel, &case.weights);
        let rows = FilterRows::new(&case.filters, case.plane);
        let mut first: Option<Vec<f32>> = None;
        for level in Level::available() {
            let (mut forward, mut sums) = (0.0, vec![vec![0.0; rows.plane_len()]; case.kernel[0]]);
            for y in 0..rows.places()[0] {
                let v = responses(&case, level, y);
                let mut u = vec![f32::NAN; rows.responses_len()];
                for (channel, v) in v.iter().enumerate() {
                    let place = rows.channel(&mut u, channel);
                    place.copy_from_slice(&noise(v.len(), (7 * y + channel) as u32));
                    forward += v.iter().zip(place).map(|(v, u)| f64::from(*v) * f64::from(*u)).sum::<f64>();
                }
                rows.clear_borders(&mut u);
                sums.iter_mut().enumerate().for_each(|(dx, sums)| rows.add_transpose(level, &u, dx, y, sums));
            }
            let mut back = vec![0.0; case.image.len()];
            for (sums, back) in sums.iter().zip(back.chunks_exact_mut(rows.voxels_of_plane())) {
                rows.add_voxels(1.0, sums, back);
            }
            let transposed: f64 = back.iter().zip(&case.image).map(|(b, x)| f64::from(*b) * f64::from(*x)).sum();
            assert!((forward - transposed).abs() < 1e-4 * (1.0 + forward.abs()), "{forward} {transposed}");
            assert_eq!(first.get_or_insert_with(|| back.clone()), &back, "{level:?}");
        }
    }
}

#[test]
fn clamps_are_the_function_with_the_given_slopes() {
    let (knots, slopes) = ([0.5_f32, 1.0, 3.0], [1.0_f32, -0.25, 0.5]);
    let function = Clamps::new(&knots, &slopes);
    // By hand: 0.5 at the first knot, 0.375 at the second, 1.375 at the third and behind.
    let values = [0.25, 0.5, 0.75, 1.0, 2.0, 3.0, 9.0];
    let sigma = [0.25, 0.5, 0.4375, 0.375, 0.875, 1.375, 1.375];
    for (value, expected) in values.into_iter().zip(sigma) {
        for sign in [1.0, -1.0] {
            for level in Level::available() {
                // 17 values are a block and a rest.
                let mut found = vec![sign * value; 17];
                function.apply(level, &mut found);
                assert!(found.iter().all(|found| (found - sign * expected).abs() < 1e-6), "{value}: {found:?}");
                let mut psi = vec![sign * value; 17];
                function.integral(level, &mut psi);
                let steps = 4000;
                let integral: f32 = (0..steps)
                    .map(|n| {
                        let mut t = [value * (n as f32 + 0.5) / steps as f32];
                        function.apply(level, &mut t);
                        t[0] * value / steps as f32
                    })
                    .sum();
                assert!(
                    psi.iter().all(|psi| (psi - integral).abs() < 1e-4 * (1.0 + integral)),
                    "{value}: {psi:?} {integral}"
                );
            }
        }
    }
    let mut slope = vec![0.2, -0.7, 2.0, 4.0];
    function.slope(Level::best(), &mut slope);
    assert_eq!(slope, [1.0, -0.25, 0.5, 0.0]);
    assert_eq!(function.parts(-0.7).collect::<Vec<_>>(), [-0.5, -0.7, -0.7]);
}
