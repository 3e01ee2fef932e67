//! Opposite segments belong together: a line of segment +n, seen from its other end, is a line of segment −n.

use super::{FbpConfig, FbpError};
use crate::scanner::{Plane, SinogramGeometry};

/// A segment of positive tilt and its mirror image; the direct segment is its own.
pub(super) struct Pair<'a> {
    /// Planes of the segment with dz >= 0.
    pub planes: &'a [Plane],
    /// First plane, over all segments, of the segment with dz >= 0 and of its partner.
    pub first: [usize; 2],
    /// Mean ring difference, >= 0.
    pub ring_difference: f64,
}

/// The pairs in use, in the order of the segments.
pub(super) fn pairs<'a>(geometry: &'a SinogramGeometry, config: &FbpConfig) -> Result<Vec<Pair<'a>>, FbpError> {
    let starts: Vec<usize> = geometry
        .segments
        .iter()
        .scan(0, |next, segment| Some(std::mem::replace(next, *next + segment.planes.len())))
        .collect();
    let mut found = Vec::new();
    for (n, segment) in geometry.segments.iter().enumerate() {
        let [min, max] = [segment.min_difference, segment.max_difference];
        let mirrored = |other: &crate::scanner::Segment| {
            [other.min_difference, other.max_difference] == [-max, -min] && other.planes.len() == segment.planes.len()
        };
        let partner = geometry.segments.iter().position(mirrored).ok_or(FbpError::Unpaired { min, max })?;
        let ring_difference = 0.5 * (min + max) as f64;
        let used = config.max_ring_difference.is_none_or(|limit| ring_difference <= limit as f64);
        if ring_difference >= 0.0 && used && !segment.planes.is_empty() {
            found.push(Pair { planes: &segment.planes, first: [starts[n], starts[partner]], ring_difference });
        }
    }
    if !found.iter().any(|pair| pair.ring_difference == 0.0) {
        return Err(FbpError::NoDirectSegment);
    }
    Ok(found)
}
