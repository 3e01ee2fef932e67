//! The loss of whole reconstructions, and its gradient through all of their updates.

use super::TrainError;
use super::detection::Term;
use super::layer::Layer;
use super::loss::{held_out, of_bodies};
use super::plan::{Loss, Training};
use super::prepared::Prepared;
use super::sample::PreparedTwins;
use crate::likelihood::Model;

impl Training {
    /// The loss of a case, and the slope by θ and ln γ of it and `deep` times the mean loss of all z: deep supervision
    /// (Lee et al. 2015, arXiv 1409.5185), which tells the network what it is for before γ lets it through.
    pub fn loss_and_gradient(
        &self,
        prepared: &Prepared,
        network: &mut dyn Layer,
        gamma: &[f64],
        deep: f64,
    ) -> Result<(f64, Vec<f64>), TrainError> {
        let model = self.model(prepared)?;
        let chain = self.chain(&model, prepared);
        let tape = chain.forward(prepared.first().to_vec(), network, gamma);
        let (loss, slope) = self.loss_of(prepared, &model, &tape.image)?;
        let weight = (deep / tape.evaluations().max(1) as f64) as f32;
        let mut by_target = |z: &[f32]| {
            // It has a loss, as the last image has one.
            let (_, mut slope) = (weight > 0.0).then(|| self.loss_of(prepared, &model, z).ok()).flatten()?;
            slope.iter_mut().for_each(|slope| *slope *= weight);
            Some(slope)
        };
        let gradient = chain.backward(tape, slope, &mut by_target, network, gamma);
        let by_log = gradient.gamma.iter().zip(gamma).map(|(slope, gamma)| slope * gamma);
        Ok((loss, gradient.network.iter().map(|&slope| f64::from(slope)).chain(by_log).collect()))
    }

    /// The loss of four scans of one body with its detection term, and its slope by θ and ln γ.
    pub fn loss_of_twins(
        &self,
        twins: &PreparedTwins,
        network: &mut dyn Layer,
        gamma: &[f64],
        asked: Term,
    ) -> Result<(f64, Vec<f64>), TrainError> {
        let models = twins.scans.iter().map(|scan| self.model(scan)).collect::<Result<Vec<_>, _>>()?;
        let chains: Vec<_> = models.iter().zip(&twins.scans).map(|(model, scan)| self.chain(model, scan)).collect();
        let tapes: Vec<_> = chains
            .iter()
            .zip(&twins.scans)
            .map(|(chain, scan)| chain.forward(scan.first().to_vec(), network, gamma))
            .collect();
        let images = vec![tapes.iter().map(|tape| tape.image.clone()).collect()];
        let (loss, slopes) = of_bodies(&[twins.aims()], &images, asked)?;
        let mut sum = vec![0.0; network.parameters() + gamma.len()];
        for ((chain, tape), slope) in chains.iter().zip(tapes).zip(slopes.into_iter().flatten()) {
            let gradient = chain.backward(tape, slope, &mut |_| None, network, gamma);
            let by_log = gradient.gamma.iter().zip(gamma).map(|(slope, gamma)| slope * gamma);
            let all = gradient.network.iter().map(|&slope| f64::from(slope)).chain(by_log);
            sum.iter_mut().zip(all).for_each(|(sum, slope)| *sum += slope);
        }
        Ok((loss, sum))
    }

    fn loss_of(&self, prepared: &Prepared, model: &Model, image: &[f32]) -> Result<(f64, Vec<f32>), TrainError> {
        match (self.loss, &prepared.case.rest) {
            (Loss::HeldOut, Some(rest)) => Ok(held_out(&model.with_measurement(rest.clone()), image)),
            (Loss::HeldOut, None) => Err(TrainError::NothingHeldOut),
            (Loss::Supervised, _) => Ok(self.supervised(image, &prepared.case.truth, prepared.case.grid.shape[2])),
        }
    }
}
