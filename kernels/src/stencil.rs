//! sum\[z\] = Σₖ wₖ · image\[startₖ + z\]: rows along z, weighted one by one. All levels give the same bits.

use crate::Level;

/// Floats whose sums stay in registers.
const BLOCK: usize = 64;

/// Sets `sum` to the weighted rows that start at the places of the taps.
pub fn weighted_rows(level: Level, taps: &[(usize, f32)], image: &[f32], sum: &mut [f32]) {
    level.vectorised(
        #[inline(always)]
        || match sum.len() {
            BLOCK.. => blocks::<BLOCK>(taps, image, sum),
            8.. => blocks::<8>(taps, image, sum),
            _ => blocks::<1>(taps, image, sum),
        },
    );
}

/// Blocks of constant length; the last one overlaps the one before it.
#[inline(always)]
fn blocks<const WIDTH: usize>(taps: &[(usize, f32)], image: &[f32], sum: &mut [f32]) {
    let whole = sum.len() - sum.len() % WIDTH;
    for at in (0..whole).step_by(WIDTH) {
        block::<WIDTH>(taps, image, at, sum);
    }
    if whole < sum.len() {
        block::<WIDTH>(taps, image, sum.len() - WIDTH, sum);
    }
}

#[inline(always)]
fn block<const WIDTH: usize>(taps: &[(usize, f32)], image: &[f32], at: usize, sum: &mut [f32]) {
    let mut total = [0.0_f32; WIDTH];
    for &(start, weight) in taps {
        let row: &[f32; WIDTH] = image[start + at..].first_chunk().expect("a row inside of the image");
        for (total, value) in total.iter_mut().zip(row) {
            *total += weight * value;
        }
    }
    sum[at..at + WIDTH].copy_from_slice(&total);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_summed_as_written_at_every_level() {
        let image: Vec<f32> = (0..700).map(|n| (n * 37 % 101) as f32 - 50.0).collect();
        let taps = [(3, 0.5), (120, -1.25), (411, 2.0), (7, 0.125)];
        for length in [1, 5, 8, 13, 64, 75, 130] {
            let mut expected = vec![0.0_f32; length];
            for (start, weight) in taps {
                expected.iter_mut().zip(&image[start..]).for_each(|(sum, value)| *sum += weight * value);
            }
            for level in Level::available() {
                let mut sum = vec![f32::NAN; length];
                weighted_rows(level, &taps, &image, &mut sum);
                assert_eq!(sum, expected, "{level:?} {length}");
            }
            weighted_rows(Level::best(), &[], &image, &mut expected);
            assert!(expected.iter().all(|value| *value == 0.0));
        }
    }
}
