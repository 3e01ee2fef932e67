//! Efficiencies of a sinogram from the components that a Siemens mMR stores.
//!
//! For a bin of (view, radial, plane),
//!
//! m = Σ_views f(radial, view mod 9) · Σ_(a, b) ε(a, d₁) δ(a) ε(b, d₂) δ(b) · g(radial, a + b) / α(a, b)
//!
//! over the mashed views and the ring pairs (a, b) of the plane, d₁ and d₂ the crystals of (view, radial). m is an
//! **efficiency**: counts grow with it, and a bin of more ring pairs has more of it. It is 0 where a crystal is virtual
//! (a gap between two blocks). Components:
//!
//! * ε, crystal efficiencies, `[ring, crystal]`: multiply;
//! * g, geometric effects, `[ring sum, radial]`: multiply, one radial profile for each sum of two rings;
//! * f, crystal interference, `[radial, view mod crystals per block]`: multiplies. All its exact ones lie where crystal
//!   d₁ or d₂ is number 0 of its block, which proves both its phase and that the gap is the **first** of the nine
//!   crystals;
//! * α, axial effects, one per plane of the span-11 sinogram, planes in our order 0, +1, −1, …: a *correction*, so it
//!   **divides**; every ring pair takes that of its span-11 plane, and 1 where the file has none;
//! * δ, dead time: 1 + p·r + q·r² with the file's ring parameters p ("paralyzing") and q ("non-paralyzing") and r the
//!   singles rate of the crystal's block in counts/s, as for the older ECAT scanners. The file gives neither singles
//!   nor formula (public programs disagree on the sign of q), so without rates δ is 1;
//! * "additional axial effects" are used by nobody and not here.
//!
//! Hogg, Thielemans, Spinks & Spyrou 2001, IEEE NSS-MIC (component model of ECAT scanners); Badawi & Marsden 1999,
//! Phys. Med. Biol. 44:571. Which components multiply and which divide, and the numbering of crystals and planes, are
//! as in STIR's `BinNormalisationFromECAT8`.

use super::error::DataError;
use crate::scanner::{AxialCompression, RadialSampling, SinogramGeometry, segments};
use rayon::prelude::*;

/// Components of a normalisation, crystals and rings numbered as in [`crate::scanner`], rings from feet to head.
#[derive(Clone, Debug, PartialEq)]
pub struct NormComponents {
    /// Number of rings.
    pub rings: usize,
    /// Crystals per ring, virtual ones included.
    pub crystals_per_ring: usize,
    /// Crystals per transaxial block, virtual ones included.
    pub crystals_per_block: usize,
    /// Radial bins.
    pub radial_bins: usize,
    /// ε `[ring, crystal]`, 0 for virtual crystals.
    pub crystals: Vec<f32>,
    /// g `[ring sum, radial]`.
    pub geometric: Vec<f32>,
    /// f `[radial, view mod crystals per block]`.
    pub interference: Vec<f32>,
    /// α, planes of the compressed sinogram in segment order 0, +1, −1, …, by z inside a segment.
    pub axial: Vec<f32>,
    /// Compression of the planes of α.
    pub axial_compression: AxialCompression,
    /// Dead-time parameters, where the file has them.
    pub dead_time: Option<DeadTime>,
    /// Whether the efficiencies are in counts per s and (Bq/mL · mm), for one positron per decay.
    pub calibrated: bool,
    /// Scanner quantification factor in Bq·s per count, where the file has it.
    pub quantification: Option<f64>,
    /// Cross-calibration factor, where the file has it.
    pub cross_calibration: Option<f64>,
}

/// Dead-time parameters of each ring.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadTime {
    /// p in s: factor of the singles rate of a block.
    pub paralysing_s: Vec<f32>,
    /// q in s²: factor of the square of that rate.
    pub non_paralysing_s2: Vec<f32>,
}

/// Which components to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NormParts {
    /// ε; without it virtual crystals are still 0.
    pub crystals: bool,
    /// g.
    pub geometric: bool,
    /// f.
    pub interference: bool,
    /// α.
    pub axial: bool,
}

impl Default for NormParts {
    fn default() -> Self {
        Self { crystals: true, geometric: true, interference: true, axial: true }
    }
}

impl NormComponents {
    /// Efficiencies m `[view, radial, plane]` of a geometry.
    ///
    /// `block_rates`: singles in counts/s, `[axial block, transaxial block]`, blocks from feet to head, for the dead
    /// time; without them it is 1.
    pub fn efficiencies(
        &self,
        geometry: &SinogramGeometry,
        parts: NormParts,
        block_rates: Option<&[f32]>,
    ) -> Result<Vec<f32>, DataError> {
        self.check(geometry)?;
        let crystals = self.crystals_by_ring(geometry, parts, block_rates)?;
        let planes = self.weighted_planes(geometry, parts);
        let radial_bins = self.radial_bins;
        let mut efficiencies = vec![0.0_f32; geometry.lines()];
        efficiencies.par_chunks_mut(radial_bins * planes.len()).enumerate().for_each(|(view, bins)| {
            for (radial, bins) in bins.chunks_mut(planes.len()).enumerate() {
                for (unmashed_view, [c, d]) in geometry.crystal_pairs(view, radial) {
                    let rings = |crystal: usize| &crystals[crystal * self.rings..][..self.rings];
                    let phase = radial * self.crystals_per_block + unmashed_view % self.crystals_per_block;
                    let interference = if parts.interference { self.interference[phase] } else { 1.0 };
                    for (bin, plane) in bins.iter_mut().zip(&planes) {
                        let profile = plane.ring_sum * radial_bins + radial;
                        let geometric = if parts.geometric { self.geometric[profile] } else { 1.0 };
                        *bin += interference * geometric * plane.sum(rings(c), rings(d));
                    }
                }
            }
        });
        Ok(efficiencies)
    }

    /// Whether it is one of this geometry.
    pub fn check(&self, geometry: &SinogramGeometry) -> Result<(), DataError> {
        let scanner = &geometry.scanner;
        let ours = [self.rings, self.crystals_per_ring, self.radial_bins];
        let theirs = [scanner.rings, scanner.crystals_per_ring, geometry.radial_bins];
        if ours != theirs || geometry.sampling != RadialSampling::Crystals {
            let shape = |[rings, crystals, radial]: [usize; 3]| {
                format!("{rings} rings of {crystals} crystals and {radial} radial bins")
            };
            let expected = format!("{}, one per crystal pair", shape(theirs));
            return Err(DataError::Mismatch { what: "the normalisation", found: shape(ours), expected });
        }
        assert_eq!(self.crystals.len(), self.rings * self.crystals_per_ring, "crystal efficiencies");
        assert_eq!(self.geometric.len(), (2 * self.rings - 1) * self.radial_bins, "geometric effects");
        assert_eq!(self.interference.len(), self.radial_bins * self.crystals_per_block, "crystal interference");
        Ok(())
    }

    /// ε δ as `[crystal, ring]`.
    fn crystals_by_ring(
        &self,
        geometry: &SinogramGeometry,
        parts: NormParts,
        block_rates: Option<&[f32]>,
    ) -> Result<Vec<f32>, DataError> {
        let rings_per_block = geometry.scanner.rings_per_block.max(1);
        let blocks = [self.rings.div_ceil(rings_per_block), self.crystals_per_ring.div_ceil(self.crystals_per_block)];
        if let Some(rates) = block_rates {
            super::error::check_counts("the singles rates", rates.iter().copied())?;
            if rates.len() != blocks[0] * blocks[1] {
                let (found, expected) = (format!("{} values", rates.len()), format!("{blocks:?} blocks"));
                return Err(DataError::Mismatch { what: "the list of singles rates", found, expected });
            }
        }
        let factor = |crystal: usize, ring: usize| {
            let efficiency = self.crystals[ring * self.crystals_per_ring + crystal];
            let efficiency = if parts.crystals || efficiency == 0.0 { efficiency } else { 1.0 };
            let block = ring / rings_per_block * blocks[1] + crystal / self.crystals_per_block;
            let live = match (&self.dead_time, block_rates) {
                (Some(dead_time), Some(rates)) => dead_time.live_fraction(ring, rates[block]),
                _ => 1.0,
            };
            efficiency * live
        };
        Ok((0..self.crystals_per_ring)
            .flat_map(|c| (0..self.rings).map(move |r| (c, r)))
            .map(|(c, r)| factor(c, r))
            .collect())
    }

    fn weighted_planes(&self, geometry: &SinogramGeometry, parts: NormParts) -> Vec<WeightedPlane> {
        let axial = self.axial_by_rings(geometry);
        let weight = |[a, b]: [usize; 2]| if parts.axial { 1.0 / axial[a * self.rings + b] } else { 1.0 };
        let plane = |segment, plane: &crate::scanner::Plane| WeightedPlane {
            ring_sum: plane.ring_sum,
            pairs: geometry.ring_pairs(segment, plane).map(|pair| (pair, weight(pair))).collect(),
        };
        geometry.segments.iter().flat_map(|segment| segment.planes.iter().map(move |p| plane(segment, p))).collect()
    }

    /// α of each `[ring A, ring B]`.
    fn axial_by_rings(&self, geometry: &SinogramGeometry) -> Vec<f32> {
        let differences = self.axial_compression.differences();
        let mut effects = self.axial.iter();
        let mut by_rings = vec![1.0; self.rings * self.rings];
        for segment in segments(&geometry.scanner, &differences) {
            for (plane, &effect) in segment.planes.iter().zip(&mut effects) {
                for [a, b] in geometry.ring_pairs(&segment, plane) {
                    by_rings[a * self.rings + b] = effect;
                }
            }
        }
        by_rings
    }
}

impl DeadTime {
    /// Share of the singles of a ring's block that is counted at a singles rate in counts/s.
    pub fn live_fraction(&self, ring: usize, rate: f32) -> f32 {
        let (p, q, r) = (f64::from(self.paralysing_s[ring]), f64::from(self.non_paralysing_s2[ring]), f64::from(rate));
        (1.0 + p * r + q * r * r) as f32
    }
}

/// Ring pairs of a plane with 1/α.
struct WeightedPlane {
    ring_sum: usize,
    pairs: Vec<([usize; 2], f32)>,
}

impl WeightedPlane {
    fn sum(&self, a: &[f32], b: &[f32]) -> f32 {
        self.pairs.iter().map(|&([ring_a, ring_b], weight)| a[ring_a] * b[ring_b] * weight).sum()
    }
}
