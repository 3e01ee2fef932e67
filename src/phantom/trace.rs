//! Exact chords of painted unions.
//!
//! Every solid gives at most one interval of the line. The ends of all intervals, sorted, cut the line into pieces; the
//! last painted solid that covers a piece owns it, and what none covers belongs to the voxels below. No sampling, no
//! allocation per line.

use super::solid::{Line, Solid};
use super::stretch::Stretch;
use super::voxel_map::VoxelMap;
use super::{LineIntegrals, Phantom};

/// Follows lines through a phantom; owns the work space, so keep one per thread and use it for many lines.
#[derive(Clone, Debug)]
pub struct Tracer<'a> {
    phantom: &'a Phantom,
    painter: Painter<'a>,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(phantom: &'a Phantom) -> Self {
        Self { phantom, painter: phantom.painter() }
    }

    /// Considers only the shapes that can meet a line whose transaxial part stays within `margin_mm` of the one from
    /// `a` to `b`, whatever its z. Returns false where there is none: all such lines are empty. [`Tracer::widen`]
    /// undoes it.
    pub fn narrow(&mut self, a: [f64; 2], b: [f64; 2], margin_mm: f64) -> bool {
        self.painter.narrow(a, b, margin_mm)
    }

    /// Considers all shapes again.
    pub fn widen(&mut self) {
        self.painter.widen();
    }

    /// The pieces of the line from `a` to `b` (mm) that lie in some shape, in order from A to B.
    pub fn stretches(&mut self, a: [f64; 3], b: [f64; 3]) -> &[Stretch] {
        self.painter.paint(&Line::between(a, b))
    }

    /// Activity and attenuation integrated along the line from `a` to `b` (mm).
    pub fn line_integrals(&mut self, a: [f64; 3], b: [f64; 3]) -> LineIntegrals {
        let phantom = self.phantom;
        phantom.integrate(self.stretches(a, b))
    }
}

impl Phantom {
    pub(super) fn painter(&self) -> Painter<'_> {
        Painter::new(&self.solids, self.voxels.as_deref())
    }
}

/// Finds the visible pieces of a list of painted solids, and of the voxels below them.
#[derive(Clone, Debug)]
pub(super) struct Painter<'a> {
    solids: &'a [Solid],
    voxels: Option<&'a VoxelMap>,
    /// Whether the voxels may be hit.
    meets_voxels: bool,
    /// Solids that may be hit, in painting order.
    candidates: Vec<usize>,
    /// Intervals of the solids that were hit, in painting order.
    hits: Vec<Stretch>,
    ends: Vec<f64>,
    pieces: Vec<Stretch>,
    /// Pieces in voxels.
    below: Vec<Stretch>,
}

impl<'a> Painter<'a> {
    pub fn new(solids: &'a [Solid], voxels: Option<&'a VoxelMap>) -> Self {
        let (candidates, meets_voxels) = ((0..solids.len()).collect(), voxels.is_some());
        let [hits, pieces, below] = [(); 3].map(|()| Vec::new());
        Self { solids, voxels, meets_voxels, candidates, hits, ends: Vec::new(), pieces, below }
    }

    pub fn widen(&mut self) {
        self.meets_voxels = self.voxels.is_some();
        self.candidates.clear();
        self.candidates.extend(0..self.solids.len());
    }

    pub fn narrow(&mut self, a: [f64; 2], b: [f64; 2], margin: f64) -> bool {
        let length = (b[0] - a[0]).hypot(b[1] - a[1]);
        let normal = [(b[1] - a[1]) / length, (a[0] - b[0]) / length, 0.0];
        let distance = normal[0] * a[0] + normal[1] * a[1];
        let near = |[low, high]: [f64; 2]| low - margin <= distance && distance <= high + margin;
        self.candidates.clear();
        self.candidates.extend((0..self.solids.len()).filter(|&index| near(self.solids[index].extent(normal))));
        self.meets_voxels = self.voxels.is_some_and(|voxels| near(voxels.extent(normal)));
        self.meets_any()
    }

    fn meets_any(&self) -> bool {
        self.meets_voxels || !self.candidates.is_empty()
    }

    /// The solids that are considered.
    pub fn candidates(&self) -> Vec<usize> {
        self.candidates.clone()
    }

    /// Considers those of `met` that can touch the column of points within `size / 2` of `centre` in x and y.
    pub fn narrow_to_column(&mut self, met: &[usize], centre: [f64; 2], size: [f64; 2]) -> bool {
        let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
        let near = |extent: &dyn Fn([f64; 3]) -> [f64; 2]| {
            (0..2).all(|axis| {
                let [low, high] = extent(axes[axis]);
                low <= centre[axis] + 0.5 * size[axis] && centre[axis] - 0.5 * size[axis] <= high
            })
        };
        self.candidates.clear();
        let solids = self.solids;
        self.candidates.extend(met.iter().copied().filter(|&index| near(&|axis| solids[index].extent(axis))));
        self.meets_voxels = self.voxels.is_some_and(|voxels| near(&|axis| voxels.extent(axis)));
        self.meets_any()
    }

    pub fn paint(&mut self, line: &Line) -> &[Stretch] {
        self.hits.clear();
        self.pieces.clear();
        for &shape in &self.candidates {
            if let Some([start_mm, end_mm]) = self.solids[shape].interval(line) {
                self.hits.push(Stretch { start_mm, end_mm, shape });
            }
        }
        match self.hits.as_slice() {
            [] => {}
            [only] => self.pieces.push(*only),
            _ => self.split(),
        }
        if let Some(voxels) = self.voxels.filter(|_| self.meets_voxels) {
            voxels.follow(line, self.solids.len(), &mut self.below);
            self.uncover();
        }
        &self.pieces
    }

    /// Adds what the painted pieces leave of those below.
    fn uncover(&mut self) {
        let (painted, mut first) = (self.pieces.len(), 0);
        for below in &self.below {
            while first < painted && self.pieces[first].end_mm <= below.start_mm {
                first += 1;
            }
            let (mut start_mm, mut at) = (below.start_mm, first);
            while at < painted && self.pieces[at].start_mm < below.end_mm {
                let over = self.pieces[at];
                if over.start_mm > start_mm {
                    self.pieces.push(Stretch { start_mm, end_mm: over.start_mm, shape: below.shape });
                }
                start_mm = over.end_mm;
                at += 1;
            }
            if below.end_mm > start_mm {
                self.pieces.push(Stretch { start_mm, ..*below });
            }
        }
        if painted > 0 {
            self.pieces.sort_unstable_by(|a, b| a.start_mm.total_cmp(&b.start_mm));
        }
    }

    fn split(&mut self) {
        self.ends.clear();
        self.ends.extend(self.hits.iter().flat_map(|hit| [hit.start_mm, hit.end_mm]));
        self.ends.sort_unstable_by(f64::total_cmp);
        for pair in self.ends.windows(2) {
            let (start_mm, end_mm) = (pair[0], pair[1]);
            if start_mm == end_mm {
                continue;
            }
            let on_top = self.hits.iter().rfind(|hit| hit.start_mm <= start_mm && end_mm <= hit.end_mm);
            let Some(&Stretch { shape, .. }) = on_top else { continue };
            match self.pieces.last_mut() {
                Some(last) if last.shape == shape && last.end_mm == start_mm => last.end_mm = end_mm,
                _ => self.pieces.push(Stretch { start_mm, end_mm, shape }),
            }
        }
    }
}
