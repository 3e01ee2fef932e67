//! Efficiencies: how often a bin's crystal pairs count.
//!
//! ε of a bin = Σ over its mashed views and summed ring pairs of ε_A ε_B, with one log-normal ε per crystal, mean 1:
//! ε = exp(σ n − σ²/2). Virtual crystals, the first of each transaxial block, and virtual rings, the last of each
//! axial block (both as STIR has them), have ε = 0. Equal crystals give the number of crystal pairs of the bin.

use super::{SimulateError, SimulationConfig, stream};
use crate::scanner::{RadialSampling, Scanner, SinogramGeometry};
use rand_distr::{Distribution, StandardNormal};

/// Efficiency of every bin, view by view.
#[derive(Clone, Debug)]
pub(crate) struct Efficiencies {
    unmashed: SinogramGeometry,
    mashing: usize,
    /// `[crystal, ring]`; empty where all crystals are equal and none is virtual.
    crystals: Vec<f32>,
    /// Ring pairs of all planes, one after the other, and where each plane's end.
    ring_pairs: Vec<[u16; 2]>,
    ends: Vec<usize>,
}

impl Efficiencies {
    pub fn new(geometry: &SinogramGeometry, config: &SimulationConfig) -> Result<Self, SimulateError> {
        let sigma = config.efficiency_sigma.get();
        let scanner = &geometry.scanner;
        let gaps = config.gaps && (scanner.virtual_crystals > 0 || scanner.virtual_rings > 0);
        if sigma > 0.0 && geometry.sampling != RadialSampling::Crystals {
            return Err(SimulateError::NotCrystals);
        }
        let unequal = sigma > 0.0 || (gaps && geometry.sampling == RadialSampling::Crystals);
        let mut ring_pairs = Vec::new();
        let mut ends = Vec::new();
        for segment in &geometry.segments {
            for plane in &segment.planes {
                let pairs = geometry.ring_pairs(segment, plane);
                ring_pairs.extend(pairs.map(|pair| pair.map(|ring| ring as u16)));
                ends.push(ring_pairs.len());
            }
        }
        let crystals = if unequal { crystals(scanner, sigma, gaps, config.seed) } else { Vec::new() };
        let unmashed = SinogramGeometry { views: scanner.crystals_per_ring / 2, ..geometry.clone() };
        Ok(Self { unmashed, mashing: geometry.mashing(), crystals, ring_pairs, ends })
    }

    /// ε of every crystal, `[crystal, ring]`.
    pub fn of_crystals(&self) -> Vec<f32> {
        let scanner = &self.unmashed.scanner;
        match self.crystals.is_empty() {
            true => vec![1.0; scanner.crystals_per_ring * scanner.rings],
            false => self.crystals.clone(),
        }
    }

    /// The same with every crystal's efficiency times a share, `[crystal, ring]`.
    pub fn times(&self, shares: &[f32]) -> Self {
        let crystals = self.of_crystals().iter().zip(shares).map(|(crystal, share)| crystal * share).collect();
        Self { crystals, ..self.clone() }
    }

    /// Efficiencies of the planes of one (view, radial).
    pub fn column(&self, view: usize, radial: usize, planes: &mut [f32]) {
        if self.crystals.is_empty() {
            let starts = std::iter::once(0).chain(self.ends.iter().copied());
            for ((plane, start), end) in planes.iter_mut().zip(starts).zip(&self.ends) {
                *plane = (self.mashing * (end - start)) as f32;
            }
            return;
        }
        planes.fill(0.0);
        let rings = self.unmashed.scanner.rings;
        for unmashed in view * self.mashing..(view + 1) * self.mashing {
            let Some(pair) = self.unmashed.crystals(unmashed, radial) else { continue };
            let [a, b] = pair.map(|crystal| &self.crystals[crystal * rings..(crystal + 1) * rings]);
            let mut start = 0;
            for (plane, &end) in planes.iter_mut().zip(&self.ends) {
                let pairs = &self.ring_pairs[start..end];
                *plane += pairs.iter().map(|&[ring_a, ring_b]| a[ring_a as usize] * b[ring_b as usize]).sum::<f32>();
                start = end;
            }
        }
    }
}

fn crystals(scanner: &Scanner, sigma: f64, gaps: bool, seed: u64) -> Vec<f32> {
    let mut random = stream(seed, super::Purpose::Crystals, 0);
    let place = |index: usize, block: usize| index.checked_rem(block);
    let gap_crystal =
        |crystal| place(crystal, scanner.crystals_per_block).is_some_and(|place| place < scanner.virtual_crystals);
    let gap_ring = |ring| {
        place(ring, scanner.rings_per_block)
            .is_some_and(|place| place + scanner.virtual_rings >= scanner.rings_per_block)
    };
    let mut crystals = Vec::with_capacity(scanner.crystals_per_ring * scanner.rings);
    for crystal in 0..scanner.crystals_per_ring {
        for ring in 0..scanner.rings {
            let normal: f64 = StandardNormal.sample(&mut random);
            let gap = gaps && (gap_crystal(crystal) || gap_ring(ring));
            crystals.push(if gap { 0.0 } else { (sigma * normal - 0.5 * sigma * sigma).exp() as f32 });
        }
    }
    crystals
}
