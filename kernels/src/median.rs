//! Median of 3 × 3 × 3 voxels, a block of z at a time.
//!
//! Forgetful selection: of 15 values neither the least nor the greatest can be the median of 27, so both are dropped and
//! one of those still unseen comes in, until 3 are left. Every step is a minimum and a maximum of whole vectors.

use crate::Level;
use crate::pairs::PaddedRows;

/// Voxels that are sorted side by side.
const LANES: usize = 16;

type Lane = [f32; LANES];

/// Medians of one plane. `planes` are the padded planes at x − 1, x, x + 1, whose pads of one voxel repeat the edges, as
/// rows outside the plane do.
pub fn median_plane(level: Level, shape: PaddedRows, planes: [&[f32]; 3], out: &mut [f32]) {
    assert_eq!(out.len(), shape.rows * shape.voxels, "a plane of {shape:?}");
    assert!(shape.pad >= 1 && planes.iter().all(|plane| plane.len() == shape.len()), "padded planes of {shape:?}");
    level.vectorised(
        #[inline(always)]
        || {
            for (row, out) in out.chunks_exact_mut(shape.voxels).enumerate() {
                let rows = [row.saturating_sub(1), row, (row + 1).min(shape.rows - 1)];
                let starts = rows.map(|row| row * shape.stride() + shape.pad - 1);
                for (block, out) in out.chunks_mut(LANES).enumerate() {
                    let median = median_block(planes, starts.map(|start| start + block * LANES));
                    out.copy_from_slice(&median[..out.len()]);
                }
            }
        },
    );
}

#[inline(always)]
fn median_block(planes: [&[f32]; 3], starts: [usize; 3]) -> Lane {
    let mut all = [[0.0; LANES]; 27];
    for (n, lane) in all.iter_mut().enumerate() {
        let start = starts[n / 3 % 3] + n % 3;
        lane.copy_from_slice(&planes[n / 9][start..start + LANES]);
    }
    let (seen, unseen) = all.split_at_mut(15);
    let mut count = 15;
    for next in unseen {
        extremes_to_ends(&mut seen[..count]);
        count -= 1;
        seen[0] = *next;
    }
    extremes_to_ends(&mut seen[..3]);
    seen[1]
}

/// Moves the least to the front and the greatest to the back.
#[inline(always)]
fn extremes_to_ends(values: &mut [Lane]) {
    let last = values.len() - 1;
    for i in 0..values.len() / 2 {
        order(values, i, last - i);
    }
    // The smaller ones are in the front half now; the middle of an odd number belongs to both.
    for i in 1..=last / 2 {
        order(values, 0, i);
    }
    for i in last.div_ceil(2)..last {
        order(values, i, last);
    }
}

#[inline(always)]
fn order(values: &mut [Lane], low: usize, high: usize) {
    let (a, b) = (values[low], values[high]);
    for lane in 0..LANES {
        values[low][lane] = if a[lane] < b[lane] { a[lane] } else { b[lane] };
        values[high][lane] = if a[lane] < b[lane] { b[lane] } else { a[lane] };
    }
}
