//! Runs: planes of equal tilt and equal spacing, which one kernel call treats together.

use super::PlaneLine;
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

/// Planes of equal tilt and equal spacing before they are put on a lattice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    first: usize,
    stride: usize,
    pub(super) count: usize,
    pub(super) spacing_mm: Option<f64>,
}

/// Positions closer than this are the same, in mm.
const SAME_MM: f64 = 1e-5;

/// Groups the planes of a column. Planes are neighbours in a group when they lie `stride` apart in the column for a
/// stride of 1 or 2 (GE's segments alternate between two tilts), tilt equally and are equally spaced.
pub(super) fn groups(planes: &[PlaneLine]) -> Vec<Group> {
    let mut taken = vec![false; planes.len()];
    let mut groups = Vec::new();
    for first in 0..planes.len() {
        if taken[first] {
            continue;
        }
        let longest = [1, 2].map(|stride| grow(planes, &taken, first, stride)).into_iter().max_by_key(|g| g.count);
        let group = longest.expect("two strides were tried");
        (0..group.count).for_each(|p| taken[first + p * group.stride] = true);
        groups.push(group);
    }
    groups
}

fn grow(planes: &[PlaneLine], taken: &[bool], first: usize, stride: usize) -> Group {
    let mut group = Group { first, stride, count: 1, spacing_mm: None };
    loop {
        let (last, next) = (first + (group.count - 1) * stride, first + group.count * stride);
        if next >= planes.len() || taken[next] || (planes[next].dz_mm - planes[first].dz_mm).abs() > SAME_MM {
            return group;
        }
        let spacing = planes[next].z_mm - planes[last].z_mm;
        let fits = group.spacing_mm.map_or(spacing > SAME_MM, |known| (known - spacing).abs() < SAME_MM);
        if !fits {
            return group;
        }
        group.spacing_mm = Some(spacing);
        group.count += 1;
    }
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
