//! The fast convolution against the definition, at every SIMD level.

use coincide_kernels::Level;
use coincide_kernels::convolution::{Filter, convolve};

/// Shape, kernel, dilation, channels in and out.
type Case = ([usize; 3], [usize; 3], [usize; 3], [usize; 2]);

const CASES: &[Case] = &[
    ([5, 6, 25], [3, 3, 3], [1; 3], [32, 32]),
    ([4, 5, 127], [3, 3, 1], [1; 3], [32, 32]),
    ([3, 4, 13], [3, 3, 5], [1; 3], [1, 32]),
    ([3, 4, 12], [3, 3, 3], [1; 3], [2, 32]),
    ([4, 3, 11], [3, 3, 3], [1; 3], [32, 1]),
    ([4, 3, 29], [3, 3, 1], [1; 3], [48, 1]),
    ([6, 7, 1], [3, 3, 1], [1; 3], [16, 16]),
    ([6, 7, 1], [3, 3, 3], [1; 3], [24, 40]),
    ([1, 1, 1], [3, 3, 3], [1; 3], [3, 2]),
    ([1, 9, 2], [5, 1, 3], [1; 3], [7, 17]),
    ([2, 3, 7], [1, 1, 1], [1; 3], [5, 5]),
    ([2, 2, 5], [7, 5, 3], [1; 3], [1, 1]),
    ([3, 3, 38], [3, 3, 3], [1; 3], [10, 33]),
    ([3, 3, 6], [3, 1, 7], [1; 3], [2, 1]),
    ([9, 8, 25], [3, 3, 3], [2, 2, 2], [32, 32]),
    ([9, 10, 13], [3, 3, 1], [4, 3, 1], [2, 16]),
    ([3, 4, 29], [3, 3, 3], [1, 2, 4], [32, 1]),
    ([9, 1, 31], [3, 1, 5], [2, 5, 3], [1, 1]),
    ([4, 3, 11], [3, 3, 3], [9, 9, 9], [3, 17]),
];

fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// The fast convolution of a whole volume; what lies between the channels of the input is not zero.
fn fast(level: Level, case: Case, weights: &[f32], input: &[f32], relu: bool) -> Vec<f32> {
    let ([nx, ny, nz], kernel, dilation, [inputs, outputs]) = case;
    let stride = if inputs <= 2 { inputs } else { Filter::stride_of(inputs) };
    let filter = Filter::new(kernel, dilation, [inputs, outputs], stride, weights);
    let mut planes = vec![vec![0.0; filter.padded_plane(ny, nz)]; nx];
    for (voxel, values) in input.chunks_exact(inputs).enumerate() {
        let (x, y, z) = (voxel / (ny * nz), voxel / nz % ny, voxel % nz);
        let row = (y + filter.reach()[1]) * filter.padded_row(nz) + filter.inside_row(nz).start;
        let place = &mut planes[x][row + z * stride..][..stride];
        place.fill(3.5);
        place[..inputs].copy_from_slice(values);
    }
    let mut out = Vec::new();
    let mut row = vec![f32::NAN; nz * filter.output_stride()];
    for x in 0..nx {
        let around: Vec<_> = (0..kernel[0])
            .map(|a| {
                (x + dilation[0] * a).checked_sub(filter.reach()[0]).and_then(|x| planes.get(x)).map(Vec::as_slice)
            })
            .collect();
        for y in 0..ny {
            row.fill(f32::NAN);
            filter.row(level, &around, y, relu, &mut row);
            row.chunks_exact(filter.output_stride()).for_each(|voxel| {
                out.extend(&voxel[..outputs]);
                assert!(voxel[outputs..].iter().all(|fill| *fill == 0.0), "fill is zero, so that it adds nothing");
            });
        }
    }
    out
}

#[test]
fn the_fast_convolution_is_the_reference_at_every_level() {
    for (seed, &case) in CASES.iter().enumerate() {
        let (shape, kernel, dilation, [inputs, outputs]) = case;
        let voxels: usize = shape.iter().product();
        let taps: usize = kernel.iter().product();
        let (weights, input) = (noise(taps * inputs * outputs, seed as u32), noise(voxels * inputs, 99));
        let mut expected = vec![f32::NAN; voxels * outputs];
        convolve(shape, kernel, dilation, [inputs, outputs], &weights, &input, &mut expected);
        for level in Level::available() {
            let found = fast(level, case, &weights, &input, false);
            let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 2e-6 * largest, "{case:?} {level:?}: {worst} of {largest}");
            let positive = fast(level, case, &weights, &input, true);
            assert!(positive.iter().zip(&found).all(|(relu, plain)| *relu == plain.max(0.0)), "{case:?} {level:?}");
        }
    }
}

/// A kernel of one weight moves the image: axes and directions are those of the definition.
#[test]
fn a_single_tap_moves_the_image() {
    let (shape, kernel) = ([5, 6, 7], [3, 3, 3]);
    let input = noise(5 * 6 * 7, 4);
    let mut weights = vec![0.0; 27];
    weights[2 * 9 + 3] = 1.0; // x + 1, y, z − 1
    for level in Level::available() {
        let found = fast(level, (shape, kernel, [1; 3], [1, 1]), &weights, &input, false);
        let at = |x: usize, y: usize, z: usize| (x * 6 + y) * 7 + z;
        assert_eq!(found[at(1, 2, 3)], input[at(2, 2, 2)]);
        assert_eq!((found[at(4, 2, 3)], found[at(1, 2, 0)]), (0.0, 0.0));
    }
}

#[test]
fn what_is_no_number_stays_none() {
    let case = ([1, 1, 3], [1, 1, 1], [1; 3], [1, 16]);
    for level in Level::available() {
        let found = fast(level, case, &[1.0; 16], &[1.0, f32::NAN, 2.0], true);
        assert!(found[16..32].iter().all(|value| value.is_nan()) && found[..16] == [1.0; 16], "{level:?}");
    }
}
