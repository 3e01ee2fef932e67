//! EM drawn towards what a network makes of the image, subset after subset (Mehranian & Reader 2021, IEEE Trans.
//! Radiat. Plasma Med. Sci. 5(1), 54–64).

use super::arithmetic::each;
use super::em::EmStep;
use super::map_image::{companions, map_image, map_image_from};
use super::sensitivity::{SubsetSensitivities, sensitivities};
use super::start::{field_of_view, start_on, uniform_start};
use super::waiting::Waiting;
use super::{Algorithm, Count, Objective, Step, Unfit};
use crate::image::mean_where;
use crate::prior::network::{Applied, Blend, Companion, Unrolled};
use coincide_kernels::{fusion::fuse, zeros};
use std::sync::Arc;

/// z = Net(x),   x ← fuse(e, z, γ s̄ₖ / c, d), with EM's step e of the subset and its weight d (`em`);
///
/// Without a start image, it begins with the one that the network's model asks for, uniform or MAP. z is worked out at
/// the start of each full iteration, or before each update. γ = 0 makes it OSEM. A network that is applied
/// after all updates is a filter: what is watched are the images of OSEM, what comes out is z of the last one. Where
/// the model asks for a blend ([`Blend`]), that is made of what comes out, and not watched either; its weakly
/// regularised image is there from the first update on.
pub struct UnrolledEm {
    objective: Arc<Objective>,
    prior: Arc<Unrolled>,
    image: Vec<f32>,
    back: Vec<f32>,
    target: Vec<f32>,
    sensitivities: SubsetSensitivities,
    waiting: Waiting,
    /// s̄ₖ, once it is known.
    mean_sensitivities: Vec<Option<f64>>,
    inside: Vec<bool>,
    count: Count,
    /// Whether no image was given to start from.
    unasked: bool,
    /// The weakly regularised image, where the network or a blend takes it.
    weak: Option<Vec<f32>>,
    /// What the network sees beside the image.
    companions: Vec<Vec<f32>>,
}

impl UnrolledEm {
    /// Starts from `start`, or from a uniform image with the counts of the measurement.
    pub fn new(objective: &Arc<Objective>, prior: &Arc<Unrolled>, start: Option<Vec<f32>>) -> Result<Self, Unfit> {
        let model = objective.model();
        let waiting = Waiting::new(model.grid().shape, start.is_none());
        let start = start_on(model, start)?;
        let unasked = start.is_none();
        let (start, sensitivities) = sensitivities(model, |total| start.unwrap_or_else(|| uniform_start(model, total)));
        let voxels = model.grid().voxels();
        let (mut image, target) = (zeros(voxels), zeros(voxels));
        image.copy_from_slice(&start);
        let (prior, count) = (prior.clone(), Count::new(model.subsets()));
        let (mean_sensitivities, inside) = (vec![None; model.subsets()], field_of_view(model));
        let back = zeros(voxels);
        Ok(Self {
            objective: objective.clone(),
            prior,
            image,
            back,
            target,
            sensitivities,
            waiting,
            mean_sensitivities,
            inside,
            count,
            unasked,
            weak: None,
            companions: Vec::new(),
        })
    }

    /// Makes the images that the model asks for.
    fn begin(&mut self) -> Result<(), Unfit> {
        let model = self.objective.model();
        let start = self.prior.start().filter(|_| self.unasked);
        if let Some(start) = start {
            self.image = map_image(model, &start, Some(std::mem::take(&mut self.image)))?;
            self.count.passed(start.by.passes());
        }
        if let Some(weak) = self.prior.weak() {
            let (image, passes) = match start {
                Some(_) => (map_image_from(model, &weak, self.image.clone())?, weak.by.passes_from_another()),
                None => (map_image(model, &weak, None)?, weak.by.passes()),
            };
            self.weak = Some(image);
            self.count.passed(passes);
        }
        let wanted = self.prior.companions();
        self.companions = companions(model, wanted, self.weak.as_deref(), None, self.prior.anatomical())?;
        let scale = self.prior.scale();
        self.companions.iter_mut().flatten().for_each(|value| *value /= scale);
        if wanted.iter().any(|companion| !companion.is_weak()) {
            self.count.passed(Companion::OSEM_ITERATIONS as f64);
        }
        Ok(())
    }
}

impl Algorithm for UnrolledEm {
    fn update(&mut self) -> Step {
        let em = EmStep::of(self.objective.subsets());
        let (k, n) = (self.count.subset(), self.count.iterations());
        if (k, n) == (0, 0) {
            self.begin().expect("images of one model, a smooth prior");
        }
        let model = self.objective.model();
        let applied = self.prior.applied();
        if applied == Applied::Update || (applied == Applied::Iteration && k == 0) {
            self.prior.target(n, &self.image, &self.companions, &mut self.target);
        }
        model.back_quotient(k, &self.image, &mut self.back);
        let [s, least] = self.sensitivities.of(k, model);
        let mean = self.mean_sensitivities[k].get_or_insert_with(|| mean_where(s, |voxel| self.inside[voxel]));
        let gamma = if applied == Applied::After { 0.0 } else { self.prior.weight(n, *mean) };
        each(&mut self.image, [&self.back, s, least, &self.target], |x, [back, s, least, z]| {
            let (e, d) = em.at(x, back, s, least);
            if d > 0.0 { fuse(e, z, gamma, d) } else { 0.0 }
        });
        self.waiting.follow(&mut self.image, [s, least]);
        self.count.subset_done()
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(mut self: Box<Self>) -> Vec<f32> {
        if self.prior.applied() == Applied::After {
            self.prior.target(self.count.iterations(), &self.image, &self.companions, &mut self.target);
            self.image = self.target;
        }
        if let (Some(Blend { share, .. }), Some(weak)) = (self.prior.blend(), &self.weak) {
            each(&mut self.image, [weak], |x, [weak]| (1.0 - share) * x + share * weak);
        }
        self.image
    }
}
