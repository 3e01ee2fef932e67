//! Runs: planes of equal tilt and equal spacing on the lattice, which one kernel call treats together.

use super::groups::{Group, PlaneLine};
use super::lattice::Lattice;

/// Planes `first`, `first + stride`, … of a column, whose lines have the same tilt and follow each other every `Q`
/// lattice points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// First plane.
    pub first: usize,
    /// Distance between the run's planes in the column.
    pub stride: usize,
    /// Number of planes.
    pub count: usize,
    /// z of detector B minus z of detector A in mm.
    pub dz_mm: f64,
    /// Lattice index of the middle of the first plane's line.
    pub middle: f64,
    /// Lattice points between detector A and detector B.
    pub tilt: f64,
}

/// Puts the groups on the lattice: interleaved where their spacing is a fraction of Q lattice points, and cut into
/// pieces of at most `longest` planes.
pub(super) fn runs(groups: &[Group], planes: &[PlaneLine], lattice: &Lattice, longest: usize) -> Vec<Run> {
    let mut runs = Vec::new();
    for group in groups {
        let step = group.spacing_mm.map_or(lattice.phases, |mm| (mm / lattice.spacing_mm).round() as usize);
        let parts = lattice.phases / step;
        for part in 0..parts.min(group.count) {
            let (first, stride) = (group.first + part * group.stride, parts * group.stride);
            let count = (group.count - part).div_ceil(parts);
            // Even pieces: 130 planes make 65 + 65, not 128 + 2.
            let pieces = count.div_ceil(longest);
            for piece in 0..pieces {
                let (from, to) = (piece * count / pieces, (piece + 1) * count / pieces);
                let first = first + from * stride;
                let PlaneLine { z_mm, dz_mm } = planes[first];
                runs.push(Run {
                    first,
                    stride,
                    count: to - from,
                    dz_mm,
                    middle: lattice.index(z_mm),
                    tilt: dz_mm / lattice.spacing_mm,
                });
            }
        }
    }
    // Runs of one tilt follow each other, so that they can share what depends on the tilt alone.
    runs.sort_by(|a, b| a.dz_mm.total_cmp(&b.dz_mm));
    runs
}
