//! Voronoi cells: every point belongs to the site with the smallest weighted distance,
//!
//!   D_n(p) = ‖S (p − c_n)‖² − w_n
//!
//! (a power diagram: cells are convex, and larger where w is). S stretches space along each axis.

use super::made::Made;

/// Cells that fill space.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    pub stretch: [f64; 3],
    pub sites: Vec<Site>,
}

/// The middle of a cell, and what it is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    pub centre: [f64; 3],
    pub weight: f64,
    pub made: Made,
}

impl Cells {
    /// What a voxel of this size is made of; walls are softened over one voxel.
    pub fn at(&self, p: [f64; 3], size_mm: f64) -> Made {
        let (mut first, mut second) = ((f64::INFINITY, 0), (f64::INFINITY, 0));
        for (number, site) in self.sites.iter().enumerate() {
            let square: f64 = (0..3).map(|axis| (self.stretch[axis] * (p[axis] - site.centre[axis])).powi(2)).sum();
            let distance = square - site.weight;
            if distance < first.0 {
                (first, second) = ((distance, number), first);
            } else if distance < second.0 {
                second = (distance, number);
            }
        }
        let [own, next] = [first.1, second.1].map(|number| &self.sites[number]);
        let apart: f64 =
            (0..3).map(|axis| (self.stretch[axis].powi(2) * (own.centre[axis] - next.centre[axis])).powi(2)).sum();
        // Half of the difference over its slope: the distance from the wall.
        let from_wall = 0.5 * (second.0 - first.0) / apart.sqrt().max(1e-9);
        let share = (0.5 + from_wall / size_mm).min(1.0);
        std::array::from_fn(|image| share * own.made[image] + (1.0 - share) * next.made[image])
    }
}
