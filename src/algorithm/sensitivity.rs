//! Sensitivities sₖ = Bᵀ Gₖᵀ m of the subsets and their sum s.

use super::arithmetic::add;
use super::em::least_sensitivity;
use super::packed::Packed;
use super::start::field_of_view;
use crate::likelihood::Model;
use coincide_kernels::zeros;

/// s
pub(crate) fn sensitivity(model: &Model) -> Vec<f32> {
    total(model, |_| ())
}

/// The sₖ for algorithms that divide by them; `see` is shown s.
pub(super) fn sensitivities<R>(model: &Model, see: impl FnOnce(&[f32]) -> R) -> (R, SubsetSensitivities) {
    let (mut full, mut packed) = (Vec::new(), Vec::new());
    let (subsets, room) = (model.subsets(), room(model));
    let sum = total(model, |one| match room {
        Room::All => full.push(one.to_vec()),
        Room::Packed(count) if packed.len() < count => packed.push(Packed::new(one)),
        Room::Packed(_) => (),
    });
    let spare = if full.len() < subsets { zeros(model.grid().voxels()) } else { Vec::new() };
    let seen = see(&sum);
    let least = least_sensitivity(sum, subsets, &field_of_view(model));
    (seen, SubsetSensitivities { full, packed, spare, least })
}

/// s; `keep` is shown every sₖ.
pub(super) fn total(model: &Model, mut keep: impl FnMut(&[f32])) -> Vec<f32> {
    let voxels = model.grid().voxels();
    let (mut total, mut one) = (zeros(voxels), zeros(voxels));
    for subset in 0..model.subsets() {
        model.sensitivity(subset, &mut one);
        add(&mut total, 1.0, &one);
        keep(&one);
    }
    total
}

/// The sₖ, one image per subset. Where they would take too much memory, as many as there is room for are kept in 16
/// bits, and the others are worked out again for every update.
pub(super) struct SubsetSensitivities {
    full: Vec<Vec<f32>>,
    packed: Vec<Packed>,
    spare: Vec<f32>,
    least: Vec<f32>,
}

impl SubsetSensitivities {
    /// How many are kept in memory in full, and how many in 16 bits.
    pub fn kept(&self) -> (usize, usize) {
        (self.full.len(), self.packed.len())
    }

    /// sₖ, and α s / K, below which EM's step is shortened ([`super::em`]); that is 0 outside of the field of view.
    pub fn of(&mut self, k: usize, model: &Model) -> [&[f32]; 2] {
        let one = match (self.full.get(k), self.packed.get(k)) {
            (Some(full), _) => full,
            (None, packed) => {
                match packed {
                    Some(packed) => packed.unpack(&mut self.spare),
                    None => model.sensitivity(k, &mut self.spare),
                }
                &self.spare
            }
        };
        [one, &self.least]
    }
}

/// What the program takes by itself, in floats; of small data, no more than an eighth of them.
const OWN_FLOATS: usize = 10 << 20;

/// Counts have four bytes each in the sum that bounds all memory, where that is not more than this: small data are not
/// to be slow.
const SMALL_BYTES: usize = 1 << 30;

/// What there is room for.
enum Room {
    All,
    Packed(usize),
}

/// How large a reconstruction is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReconstructionSize {
    /// Bytes of the counts.
    pub counts: usize,
    /// Bytes of factors and background.
    pub others: usize,
    pub bins: usize,
    pub voxels: usize,
    pub subsets: usize,
}

impl ReconstructionSize {
    /// Bytes of the sensitivities that are kept, of the least ones, and of the image that packed ones are unpacked
    /// into.
    pub fn sensitivity_bytes(&self) -> usize {
        match self.room() {
            Room::All => (self.subsets + 1) * self.voxels * size_of::<f32>(),
            Room::Packed(count) => self.voxels * (2 * size_of::<f32>() + count * size_of::<u16>()),
        }
    }

    /// Everything together stays within 1.5 × (measurement + 4 images).
    fn room(&self) -> Room {
        let Self { counts, others, bins, voxels, subsets } = *self;
        let data = (counts + others) / size_of::<f32>();
        let measurement = (counts.max(SMALL_BYTES.min(size_of::<f32>() * bins)) + others) / size_of::<f32>();
        // Image, back projection, image between B and G, least sensitivities, and one spare for the observers.
        let left = ((measurement + 4 * voxels) * 3 / 2).saturating_sub(data + bins / subsets + 5 * voxels);
        if subsets * voxels <= left {
            Room::All
        } else {
            // Besides the image that they are unpacked into, half of one is left free for what comes and goes.
            let others = voxels * 3 / 2 + OWN_FLOATS.min(data / 8);
            Room::Packed((left.saturating_sub(others) / voxels.div_ceil(2)).min(subsets))
        }
    }
}

fn room(model: &Model) -> Room {
    let measurement = model.measurement();
    let (counts, bytes) = (measurement.prompts.bytes(), measurement.bytes());
    let (bins, voxels, subsets) = (measurement.prompts.len(), model.grid().voxels(), model.subsets());
    ReconstructionSize { counts, others: bytes - counts, bins, voxels, subsets }.room()
}
