//! Sums over the crystal pairs of a sinogram: what each crystal shares with the crystals it is in coincidence with.
//!
//! Arrays are `[crystal, ring]`, ring contiguous, so that all rings of a transaxial crystal pair are added at once.

use crate::data::{Background, Counts};
use crate::scanner::SinogramGeometry;
use rayon::prelude::*;

/// Parts in which views are summed: fixed, so that sums do not depend on the number of threads.
const PARTS: usize = 16;

/// The pairs of a geometry.
pub(super) struct Fans<'a> {
    pub geometry: &'a SinogramGeometry,
    pub rings: usize,
    /// `[ring A, ring B]` of each plane.
    planes: Vec<Vec<[usize; 2]>>,
    /// 1 where `[ring B, ring A]` is in any plane, else 0, row-major: row b holds the partners on side A of ring b.
    allowed: Vec<f64>,
    /// The same as `[ring A, ring B]`.
    allowed_transposed: Vec<f64>,
    /// For each transaxial crystal.
    opposite: Vec<Opposite>,
}

/// The transaxial crystals opposite to one.
#[derive(Clone, Default)]
struct Opposite {
    /// Those on side B of pairs in which it is on side A.
    on_b: Vec<u32>,
    /// Those on side A of pairs in which it is on side B.
    on_a: Vec<u32>,
}

impl<'a> Fans<'a> {
    pub fn new(geometry: &'a SinogramGeometry) -> Self {
        let rings = geometry.scanner.rings;
        let in_segment = |segment| move |plane| geometry.ring_pairs(segment, plane).collect::<Vec<_>>();
        let planes: Vec<_> = geometry.segments.iter().flat_map(|s| s.planes.iter().map(in_segment(s))).collect();
        let (mut allowed, mut allowed_transposed) = (vec![0.0; rings * rings], vec![0.0; rings * rings]);
        for &[a, b] in planes.iter().flatten() {
            (allowed[b * rings + a], allowed_transposed[a * rings + b]) = (1.0, 1.0);
        }
        Self { geometry, rings, planes, allowed, allowed_transposed, opposite: opposite(geometry) }
    }

    /// Number of crystals.
    pub fn len(&self) -> usize {
        self.geometry.scanner.crystals_per_ring * self.rings
    }

    pub fn one_pair_per_bin(&self) -> bool {
        self.geometry.mashing() == 1 && self.planes.iter().all(|pairs| pairs.len() == 1)
    }

    /// Σ s_j over the partners j of each crystal.
    pub fn partners(&self, singles: &[f64]) -> Vec<f64> {
        let [from_a, from_b] = self.axial_sums(singles);
        let mut sums = vec![0.0; self.len()];
        sums.par_chunks_mut(self.rings).zip(&self.opposite).for_each(|(sums, opposite)| {
            opposite.on_b.iter().for_each(|&d| add(sums, &from_a[self.column(d as usize)]));
            opposite.on_a.iter().for_each(|&c| add(sums, &from_b[self.column(c as usize)]));
        });
        sums
    }

    /// Expected counts of the whole sinogram: Σ s_i s_j over all pairs.
    pub fn total(&self, singles: &[f64]) -> f64 {
        0.5 * singles.iter().zip(self.partners(singles)).map(|(s, partners)| s * partners).sum::<f64>()
    }

    /// Fan sums of measured counts; a bin of several pairs is shared out in proportion to their s_i s_j.
    pub fn measured(&self, counts: &Counts, singles: &[f64]) -> Vec<f64> {
        let views = self.geometry.views;
        let part = |part: usize| {
            let mut sums = vec![0.0; self.len()];
            (part * views / PARTS..(part + 1) * views / PARTS)
                .for_each(|view| self.measured_view(view, counts, singles, &mut sums));
            sums
        };
        let parts: Vec<_> = (0..PARTS).into_par_iter().map(part).collect();
        let mut sums = vec![0.0; self.len()];
        parts.iter().for_each(|part| add(&mut sums, part));
        sums
    }

    fn measured_view(&self, view: usize, counts: &Counts, singles: &[f64], sums: &mut [f64]) {
        let [_, radial_bins, tof_bins, planes] = self.geometry.shape();
        let (mut without_tof, mut room) = (vec![0.0; planes], Vec::new());
        for radial in 0..radial_bins {
            let pairs: Vec<_> = self.geometry.crystal_pairs(view, radial).map(|(_, pair)| pair).collect();
            let start = (view * radial_bins + radial) * tof_bins * planes;
            let column = counts.range(start..start + tof_bins * planes, &mut room);
            let (first, others) = column.split_at(planes);
            without_tof.copy_from_slice(first);
            for other in others.chunks(planes) {
                without_tof.iter_mut().zip(other).for_each(|(sum, count)| *sum += count);
            }
            // Most bins of a short scan are empty.
            for (&count, ring_pairs) in without_tof.iter().zip(&self.planes).filter(|(count, _)| **count > 0.0) {
                self.share_out(f64::from(count), &pairs, ring_pairs, singles, sums);
            }
        }
    }

    fn share_out(&self, count: f64, pairs: &[[usize; 2]], rings: &[[usize; 2]], singles: &[f64], sums: &mut [f64]) {
        let rings_of = |&[c, d]: &[usize; 2]| rings.iter().map(move |[a, b]| [c * self.rings + a, d * self.rings + b]);
        let each = || pairs.iter().flat_map(rings_of);
        let expected: f64 = each().map(|[i, j]| singles[i] * singles[j]).sum();
        // Where the model expects nothing yet something came, all pairs are equally likely.
        let even = count / (pairs.len() * rings.len()) as f64;
        for [i, j] in each() {
            let share = if expected > 0.0 { count * singles[i] * singles[j] / expected } else { even };
            sums[i] += share;
            sums[j] += share;
        }
    }

    /// Expected counts of every bin, the same in all TOF bins.
    pub fn randoms(&self, singles: &[f64]) -> Background {
        let [_, radial_bins, _, planes] = self.geometry.shape();
        let mut randoms = vec![0.0; self.geometry.lines()];
        randoms.par_chunks_mut(radial_bins * planes).enumerate().for_each(|(view, bins)| {
            for (radial, bins) in bins.chunks_mut(planes).enumerate() {
                for (_, [c, d]) in self.geometry.crystal_pairs(view, radial) {
                    let [a_side, b_side] = [&singles[self.column(c)], &singles[self.column(d)]];
                    for (bin, pairs) in bins.iter_mut().zip(&self.planes) {
                        let sum: f64 = pairs.iter().map(|&[a, b]| a_side[a] * b_side[b]).sum();
                        *bin += sum as f32;
                    }
                }
            }
        });
        Background::even(self.geometry.shape(), randoms)
    }

    /// For each transaxial crystal, Σ_b s(b) over the partners of ring a on side A, then Σ_a s(a) over those of ring b
    /// on side B.
    fn axial_sums(&self, singles: &[f64]) -> [Vec<f64>; 2] {
        [&self.allowed, &self.allowed_transposed].map(|allowed| {
            let mut sums = vec![0.0; singles.len()];
            let columns = sums.par_chunks_mut(self.rings).zip(singles.par_chunks(self.rings));
            columns.for_each(|(sums, column)| {
                for (&single, partners) in column.iter().zip(allowed.chunks(self.rings)) {
                    sums.iter_mut().zip(partners).for_each(|(sum, allowed)| *sum += allowed * single);
                }
            });
            sums
        })
    }

    fn column(&self, crystal: usize) -> std::ops::Range<usize> {
        crystal * self.rings..(crystal + 1) * self.rings
    }
}

fn add(sums: &mut [f64], terms: &[f64]) {
    sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
}

fn opposite(geometry: &SinogramGeometry) -> Vec<Opposite> {
    let mut all = vec![Opposite::default(); geometry.scanner.crystals_per_ring];
    for (view, radial) in (0..geometry.views).flat_map(|view| (0..geometry.radial_bins).map(move |r| (view, r))) {
        for (_, [c, d]) in geometry.crystal_pairs(view, radial) {
            all[c].on_b.push(d as u32);
            all[d].on_a.push(c as u32);
        }
    }
    all
}
