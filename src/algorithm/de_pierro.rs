//! MAP-EM with separable surrogates (De Pierro 1995, IEEE TMI 14(1), 132–137). With one subset Φ never falls and the
//! image converges; with more it is faster at first and ends in a small cycle around the maximum, as OSEM does.

use super::arithmetic::each;
use super::em::EmStep;
use super::objective::Objective;
use super::sensitivity::SubsetSensitivities;
use super::waiting::Waiting;
use super::{Algorithm, Count, Step};
use coincide_kernels::{fusion::fuse, zeros};
use std::sync::Arc;

/// z = x − ∇R(x) / c,   x ← fuse(e, z, (β / K) c, d),
///
/// with EM's step e of the subset and its weight d, which is sₖ where the subset sees enough (`em`), and the prior's
/// surrogate R(z) ≤ R(x) + ∇R(x)·(z − x) + ½ Σ cⱼ (zⱼ − xⱼ)². Nothing is filled in outside of the field of view.
pub struct DePierro {
    objective: Arc<Objective>,
    image: Vec<f32>,
    back: Vec<f32>,
    slope: Vec<f32>,
    curvature: Vec<f32>,
    sensitivities: SubsetSensitivities,
    waiting: Waiting,
    count: Count,
}

impl DePierro {
    /// Starts from `start`, or from a uniform image. The prior must have a surrogate.
    pub fn new(objective: &Arc<Objective>, start: Option<Vec<f32>>) -> Self {
        let waiting = Waiting::new(objective.model().grid().shape, start.is_none());
        let sensitivities = objective.sensitivities();
        let image = objective.start(start);
        let images = [(); 3].map(|()| zeros(image.len()));
        let [back, slope, curvature] = images;
        let count = Count::new(objective.subsets());
        Self { objective: objective.clone(), image, back, slope, curvature, sensitivities, waiting, count }
    }
}

impl Algorithm for DePierro {
    fn update(&mut self) -> Step {
        let em = EmStep::of(self.objective.subsets());
        let (k, model) = (self.count.subset(), self.objective.model());
        model.back_quotient(k, &self.image, &mut self.back);
        let [s, least] = self.sensitivities.of(k, model);
        self.objective.prior_share(&self.image, &mut self.slope);
        let has_surrogate = self.objective.surrogate_share(&self.image, &mut self.curvature);
        assert!(has_surrogate, "De Pierro's algorithm needs a prior with a separable surrogate");
        // γ is the share's c, so that the share cancels in z.
        let arrays = [&self.back, s, least, &self.slope, &self.curvature];
        each(&mut self.image, arrays, |x, [back, s, least, slope, gamma]| {
            let z = if gamma > 0.0 { x - slope / gamma } else { x };
            let (e, d) = em.at(x, back, s, least);
            if d > 0.0 { fuse(e, z, gamma, d) } else { 0.0 }
        });
        self.waiting.follow(&mut self.image, [s, least]);
        self.count.subset_done()
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }
}
