//! NaN around an object, as programs that mask images write it.
//!
//! The rule: NaN that reach the rim of the image through other NaN (faces touching) are background. A NaN that is
//! enclosed by numbers is none: nobody knows what is there.

/// Sets the NaN that are connected with the rim to `air`, and returns how many they were. `values` have the first axis
/// of `shape` fastest.
pub(super) fn fill(values: &mut [f32], shape: [usize; 3], air: f32) -> usize {
    let [nx, ny, nz] = shape;
    let place = |n: usize| [n % nx, n / nx % ny, n / (nx * ny)];
    let at_rim = |n: usize| place(n).iter().zip(shape).any(|(&i, size)| i == 0 || i + 1 == size);
    let strides = [1, nx, nx * ny];
    debug_assert_eq!(values.len(), nx * ny * nz);
    let mut front = Vec::new();
    let mut count = 0;
    for start in (0..values.len()).filter(|&n| at_rim(n)) {
        front.push(start);
        while let Some(n) = front.pop() {
            if !values[n].is_nan() {
                continue;
            }
            values[n] = air;
            count += 1;
            for (axis, index) in place(n).into_iter().enumerate() {
                front.extend((index > 0).then(|| n - strides[axis]));
                front.extend((index + 1 < shape[axis]).then(|| n + strides[axis]));
            }
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reaches_the_rim_is_background() {
        let shape = [5, 4, 3];
        let mut values = vec![f32::NAN; 60];
        // A box of numbers around one voxel; a corridor through the others.
        for (n, value) in values.iter_mut().enumerate() {
            let [i, j, k] = [n % 5, n / 5 % 4, n / 20];
            if i < 3 && j < 3 && [i, j, k] != [1, 1, 1] {
                *value = n as f32;
            }
        }
        assert_eq!(fill(&mut values, shape, -1000.0), 60 - 27);
        let left: Vec<_> = (0..60).filter(|&n| values[n].is_nan()).collect();
        assert_eq!(left, [1 + 5 + 20]);
        assert_eq!(values[4], -1000.0);
        assert_eq!(values[2], 2.0);
    }
}
