//! Groups: planes of equal tilt and equal spacing, wherever they lie.

/// The axial part of a plane's lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaneLine {
    /// z of the middle of the line in mm.
    pub z_mm: f64,
    /// z of detector B minus z of detector A in mm.
    pub dz_mm: f64,
}

/// Planes of equal tilt and equal spacing before they are put on a lattice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub(super) first: usize,
    pub(super) stride: usize,
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
