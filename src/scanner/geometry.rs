//! The geometry of a sinogram: `[view, radial, tof, plane]`, plane contiguous.

use super::michelogram::ring_pairs;
use super::{AxialCompression, GeometryError, Plane, Scanner, Segment, TofBins, segments};

/// How the radial axis of a sinogram is sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RadialSampling {
    /// One bin per crystal pair: exact end points, arc effect and block gaps included.
    Crystals,
    /// Equispaced parallel bins.
    ArcCorrected {
        /// Distance between neighbouring bins in mm.
        bin_mm: f64,
    },
}

/// Everything that says where the lines of a sinogram are. Bins are `[view, radial, tof, plane]`, plane contiguous;
/// planes run through the segments in their order, 0, +1, −1, +2, −2, …
#[derive(Clone, Debug, PartialEq)]
pub struct SinogramGeometry {
    /// The scanner.
    pub scanner: Scanner,
    /// Number of views over 180°.
    pub views: usize,
    /// Number of radial bins.
    pub radial_bins: usize,
    /// Radial sampling.
    pub sampling: RadialSampling,
    /// Segments in the order 0, +1, −1, …
    pub segments: Vec<Segment>,
    /// TOF bins; `None` means one bin that takes all.
    pub tof: Option<TofBins>,
}

impl SinogramGeometry {
    /// Crystal-sampled geometry. `view_mashing` views are summed into one; `tof_mashing` 0 means no TOF.
    pub fn new(
        scanner: Scanner,
        compression: AxialCompression,
        view_mashing: usize,
        tof_mashing: usize,
    ) -> Result<Self, GeometryError> {
        scanner.check()?;
        compression.check(&scanner)?;
        let unmashed = scanner.crystals_per_ring / 2;
        if view_mashing == 0 || !unmashed.is_multiple_of(view_mashing) {
            let dividers = (1..=unmashed).filter(|m| unmashed.is_multiple_of(*m)).collect();
            return Err(GeometryError::ViewMashing { found: view_mashing, views: unmashed, dividers });
        }
        let tof = match (tof_mashing, &scanner.tof) {
            (0, _) => None,
            (mashing, Some(tof)) => Some(tof.mashed(mashing)?),
            (_, None) => return Err(GeometryError::NoTof { scanner: scanner.name.clone() }),
        };
        let geometry = Self {
            views: unmashed / view_mashing,
            radial_bins: scanner.radial_bins,
            sampling: RadialSampling::Crystals,
            segments: segments(&scanner, &compression.differences()),
            tof,
            scanner,
        };
        geometry.check_size()?;
        Ok(geometry)
    }

    /// Refuses more bins than can be counted in bytes.
    pub fn check_size(&self) -> Result<(), GeometryError> {
        let shape = self.shape();
        let bins = shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n));
        match bins.is_some_and(|bins| bins <= isize::MAX as usize / size_of::<f32>()) {
            true => Ok(()),
            false => Err(GeometryError::Bins { shape }),
        }
    }

    /// Number of planes in all segments.
    pub fn planes(&self) -> usize {
        self.segments.iter().map(|s| s.planes.len()).sum()
    }

    /// Number of TOF bins, 1 without TOF.
    pub fn tof_bins(&self) -> usize {
        self.tof.map_or(1, |tof| tof.count)
    }

    /// Shape `[view, radial, tof, plane]`.
    pub fn shape(&self) -> [usize; 4] {
        [self.views, self.radial_bins, self.tof_bins(), self.planes()]
    }

    /// Number of bins.
    pub fn bins(&self) -> usize {
        self.shape().iter().product()
    }

    /// Number of lines of response: bins without counting TOF.
    pub fn lines(&self) -> usize {
        self.views * self.radial_bins * self.planes()
    }

    /// All planes, segment after segment.
    pub fn all_planes(&self) -> impl Iterator<Item = &Plane> {
        self.segments.iter().flat_map(|segment| &segment.planes)
    }

    /// Views that are summed into one.
    pub fn mashing(&self) -> usize {
        (self.scanner.crystals_per_ring / (2 * self.views)).max(1)
    }

    /// All `[ring A, ring B]` summed in a plane of a segment.
    pub fn ring_pairs(&self, segment: &Segment, plane: &Plane) -> impl Iterator<Item = [usize; 2]> {
        ring_pairs(self.scanner.rings, plane.ring_sum, segment.min_difference, segment.max_difference)
    }

    /// The table that finds the plane of a ring pair.
    pub fn plane_table(&self) -> PlaneTable {
        let rings = self.scanner.rings;
        let mut table = vec![u32::MAX; rings * rings];
        let mut index = 0;
        for segment in &self.segments {
            for plane in &segment.planes {
                for [a, b] in self.ring_pairs(segment, plane) {
                    table[a * rings + b] = index;
                }
                index += 1;
            }
        }
        PlaneTable { rings, table }
    }
}

/// Plane of each ring pair.
#[derive(Clone, Debug)]
pub struct PlaneTable {
    rings: usize,
    table: Vec<u32>,
}

impl PlaneTable {
    /// Index of the plane that holds `[ring A, ring B]`, counted over all segments; `None` where no segment holds it.
    pub fn plane(&self, ring_a: usize, ring_b: usize) -> Option<usize> {
        let plane = self.table[ring_a * self.rings + ring_b];
        (plane != u32::MAX).then_some(plane as usize)
    }
}
