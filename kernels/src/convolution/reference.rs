//! The definition, in double precision.

/// out = weights ∗ input on a volume of `shape`; `input` is `[x, y, z, in]`, `out` `[x, y, z, out]`, `weights`
/// `[out, in, kx, ky, kz]`, taps `dilation` voxels apart.
pub fn convolve(
    shape: [usize; 3],
    kernel: [usize; 3],
    dilation: [usize; 3],
    channels: [usize; 2],
    weights: &[f32],
    input: &[f32],
    out: &mut [f32],
) {
    let ([_, ny, nz], [kx, ky, kz], [inputs, outputs]) = (shape, kernel, channels);
    let voxels: usize = shape.iter().product();
    assert_eq!([input.len(), out.len()], [voxels * inputs, voxels * outputs], "images of shape {shape:?}");
    assert_eq!(weights.len(), outputs * inputs * kx * ky * kz, "weights of {channels:?} and {kernel:?}");
    let inside = |at: usize, tap: usize, axis: usize| {
        let place = (at + dilation[axis] * tap).checked_sub(dilation[axis] * (kernel[axis] / 2));
        place.filter(|place| *place < shape[axis])
    };
    for (n, out) in out.chunks_exact_mut(outputs).enumerate() {
        let (x, y, z) = (n / (ny * nz), n / nz % ny, n % nz);
        let mut sums = vec![0.0_f64; outputs];
        for tap in 0..kx * ky * kz {
            let (a, b, c) = (tap / (ky * kz), tap / kz % ky, tap % kz);
            let (Some(x), Some(y), Some(z)) = (inside(x, a, 0), inside(y, b, 1), inside(z, c, 2)) else { continue };
            let voxel = &input[((x * ny + y) * nz + z) * inputs..][..inputs];
            for (o, sum) in sums.iter_mut().enumerate() {
                for (i, value) in voxel.iter().enumerate() {
                    *sum += f64::from(weights[(o * inputs + i) * kx * ky * kz + tap]) * f64::from(*value);
                }
            }
        }
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum as f32);
    }
}
