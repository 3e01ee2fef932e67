//! How good the reconstructions of validation twins are: their error, and what an observer sees in them.

use super::TrainError;
use super::detection::{Term, detection, observer_snr};
use super::layer::Layer;
use super::loss::{OfBodies, nrmse_of_scans, observed};
use super::plan::Training;
use super::sample::PreparedTwins;

/// What was found of the reconstructions of all scans.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Mean NRMSE.
    pub nrmse: f64,
    /// NRMSE and the weighted detection term: what training makes small.
    pub loss: f64,
    /// SNR of the observer over that in the MAP images that the reconstructions began with.
    pub observer: f64,
    /// Share of the lesions that comes through, over that of the same images.
    pub transmission: f64,
}

impl Training {
    /// Judges a network by twins; the term counts with the weight of training.
    pub fn judge(&self, twins: &[PreparedTwins], network: &mut dyn Layer, gamma: &[f64]) -> Result<Judged, TrainError> {
        let of_body = |twins: &PreparedTwins, network: &mut dyn Layer| {
            twins.scans.iter().map(|scan| self.image(scan, network, gamma)).collect::<Result<Vec<_>, _>>()
        };
        let images = twins.iter().map(|twins| of_body(twins, network)).collect::<Result<Vec<_>, _>>()?;
        let first: OfBodies =
            twins.iter().map(|twins| twins.scans.iter().map(|scan| scan.first().to_vec()).collect()).collect();
        let aims: Vec<_> = twins.iter().map(PreparedTwins::aims).collect();
        let errors = aims.iter().zip(&images).flat_map(|(aims, images)| {
            let pairs = images.iter().zip(&aims.truths);
            pairs.map(|(image, truth)| nrmse_of_scans(image, truth, 1, false)[0].nrmse).collect::<Vec<_>>()
        });
        let errors: Vec<f64> = errors.filter(|nrmse| nrmse.is_finite()).collect();
        let nrmse = errors.iter().sum::<f64>() / errors.len() as f64;
        let [own, before] = [&images, &first].map(|images| observed(&aims, images));
        let Term { weight, floor } = self.detection.map_or(Term { weight: 0.0, floor: 0.0 }, |asked| asked.term);
        // A network that shows no lesion is as bad as can be.
        let term =
            if own.is_empty() { 0.0 } else { detection(&own, floor).map_or(f64::INFINITY, |(term, _)| weight * term) };
        let transmission = own.iter().map(|lesion| lesion.through).sum::<f64>() / own.len() as f64;
        let observer = observer_snr(&own) / observer_snr(&before);
        Ok(Judged { nrmse, loss: nrmse + term, observer, transmission })
    }
}
