//! The axial side of a sinogram: which ring pairs make which plane of which segment.

use super::{GeometryError, Scanner};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most planes of a sinogram: ten times those of 323 rings without compression.
pub const MOST_PLANES: usize = 1 << 20;

/// How ring differences are combined into segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum AxialCompression {
    /// Segments of `span` (odd) ring differences, as Siemens and STIR have them; span 1 is uncompressed.
    Span {
        /// Ring differences per segment.
        span: usize,
        /// Largest ring difference of any pair.
        max_ring_difference: usize,
    },
    /// Segment 0 holds ring differences −1, 0, +1; segment ±n holds ±{2n, 2n+1}, as GE has them.
    Ge {
        /// Largest ring difference of any pair.
        max_ring_difference: usize,
    },
}

/// One axial position of one segment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plane {
    /// Axial position of the middle of the line in mm.
    pub z_mm: f64,
    /// z of detector B minus z of detector A in mm.
    pub dz_mm: f64,
    /// Number of ring pairs summed in the plane.
    pub ring_pairs: usize,
    /// Sum of the two ring numbers, which all ring pairs of the plane share.
    pub ring_sum: usize,
}

/// Planes whose ring differences (ring of B − ring of A) lie in one range.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Smallest ring difference.
    pub min_difference: i64,
    /// Largest ring difference.
    pub max_difference: i64,
    /// Planes in order of z.
    pub planes: Vec<Plane>,
}

impl AxialCompression {
    /// The `[min, max]` ring differences of each segment, in the order 0, +1, −1, +2, −2, …
    pub fn differences(self) -> Vec<[i64; 2]> {
        let (half, width, largest) = match self {
            Self::Span { span, max_ring_difference } => (span as i64 / 2, span as i64, max_ring_difference as i64),
            Self::Ge { max_ring_difference } => (1, 2, max_ring_difference as i64),
        };
        let mut all = vec![[-half.min(largest), half.min(largest)]];
        let mut low = half + 1;
        while low <= largest {
            let high = (low + width - 1).min(largest);
            all.extend([[low, high], [-high, -low]]);
            low = high + 1;
        }
        all
    }

    /// Checks the numbers against the scanner.
    pub fn check(self, scanner: &Scanner) -> Result<(), GeometryError> {
        let (Self::Span { max_ring_difference, .. } | Self::Ge { max_ring_difference }) = self;
        if let Self::Span { span, .. } = self
            && (span % 2 == 0 || span > 2 * scanner.rings)
        {
            return Err(GeometryError::Span { span });
        }
        if max_ring_difference >= scanner.rings {
            return Err(GeometryError::RingDifference { found: max_ring_difference, rings: scanner.rings });
        }
        let planes = |[low, high]: &[i64; 2]| {
            let nearest = 0.max(*low).max(-high).unsigned_abs() as usize;
            // Every second sum of ring numbers, where the segment holds one ring difference.
            (2 * (scanner.rings - nearest) - 1).div_ceil(if low == high { 2 } else { 1 })
        };
        match self.differences().iter().map(planes).sum::<usize>() {
            planes if planes > MOST_PLANES => Err(GeometryError::Planes { planes, most: MOST_PLANES }),
            _ => Ok(()),
        }
    }
}

/// The segments of given ring-difference ranges.
///
/// A plane's tilt is that of its ring pairs where the segment holds at most two ring differences or is segment 0; in
/// wider segments all planes take the segment's mean ring difference (STIR's convention), unless the rings have gaps.
pub fn segments(scanner: &Scanner, differences: &[[i64; 2]]) -> Vec<Segment> {
    differences.iter().map(|&[low, high]| segment(scanner, low, high)).collect()
}

fn segment(scanner: &Scanner, low: i64, high: i64) -> Segment {
    let uniform = scanner.axial_block_gap_mm == 0.0;
    let mean_tilt = (uniform && high - low >= 2).then(|| 0.5 * (low + high) as f64 * scanner.ring_spacing_mm);
    let planes = (0..2 * scanner.rings - 1).filter_map(|sum| plane(scanner, sum, low, high, mean_tilt)).collect();
    Segment { min_difference: low, max_difference: high, planes }
}

fn plane(scanner: &Scanner, sum: usize, low: i64, high: i64, mean_tilt: Option<f64>) -> Option<Plane> {
    let (mut z, mut dz, mut pairs) = (0.0, 0.0, 0);
    for [a, b] in ring_pairs(scanner.rings, sum, low, high) {
        let [za, zb] = [a, b].map(|ring| scanner.ring_z_mm(ring));
        z += 0.5 * (za + zb);
        dz += zb - za;
        pairs += 1;
    }
    let count = pairs as f64;
    (pairs > 0).then(|| Plane {
        z_mm: z / count,
        dz_mm: mean_tilt.unwrap_or(dz / count),
        ring_pairs: pairs,
        ring_sum: sum,
    })
}

/// All `[ring A, ring B]` with ring A + ring B = `sum` and a difference B − A in `low..=high`.
pub(super) fn ring_pairs(rings: usize, sum: usize, low: i64, high: i64) -> impl Iterator<Item = [usize; 2]> {
    // b - a = 2 b - sum, so the differences bound b.
    let sum_signed = sum as i64;
    let first = (sum_signed + low + 1).div_euclid(2).max(sum_signed - (rings as i64 - 1)).max(0);
    let last = (sum_signed + high).div_euclid(2).min(sum_signed).min(rings as i64 - 1);
    (first..=last).map(move |b| [sum - b as usize, b as usize])
}
