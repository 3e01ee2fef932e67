//! A network, or any denoiser, as the prior of unrolled EM.

use super::architecture::Applied;
use super::body::Body;
use super::card::{MapImage, ModelCard};
use super::companion::Companion;
use super::model::Model;
use super::unit_range::unit_range;
use crate::image::ImageGrid;
use crate::prior::{Denoiser, PriorError, RelativeNoise};
use coincide_kernels::Level;
use std::fmt;
use std::sync::Arc;

/// What draws the EM steps of each stage, and how strongly.
///
/// x ← argmin over x ≥ 0 of  s (x − e ln x) + γ′/2 (x − z)²,  γ′ = γ s̄ / c: s̄ is the mean sensitivity of the subset
/// inside the field of view, c the scale, so that γ is a pure number that holds for all doses, units, subsets and
/// scanners.
pub struct Unrolled {
    stages: Vec<Stage>,
    applied: Applied,
    scale: f32,
    start: Option<MapOfScan>,
    weak: Option<MapOfScan>,
    /// What the companions are averaged by.
    anatomical: Option<Arc<[f32]>>,
    blend: Option<Blend>,
    card: Option<ModelCard>,
}

/// What comes out: (1 − a) x + a x′, x the last image, x′ a weakly regularised one of the same scan.
///
/// The network's own image has less noise than x′ and shows less of what is small; what it has lost of a lesion, x′
/// still holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blend {
    /// a, above 0 and up to 1.
    pub share: f32,
    /// How x′ is made.
    pub with: MapOfScan,
}

impl fmt::Display for Blend {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let MapImage { weight, exponent, .. } = self.with.by;
        let Self { share, .. } = self;
        write!(f, "{share} of the image of the relative difference prior with β = {weight} S̄ ν̄^{exponent}")
    }
}

/// A MAP image that a model asks for, on one scan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapOfScan {
    /// How it is made.
    pub by: MapImage,
    /// ν̄
    pub noise: f32,
    /// c
    pub scale: f32,
}

struct Stage {
    target: Target,
    gamma: f32,
}

/// What makes z.
#[derive(Clone)]
enum Target {
    Denoiser(Arc<dyn Denoiser>),
    Network(Arc<Network>),
}

impl Unrolled {
    /// Stages from a denoiser and a γ ≥ 0 each; c > 0 is the scale that their γ refer to.
    pub fn new(stages: Vec<(Arc<dyn Denoiser>, f32)>, applied: Applied, scale: f32) -> Self {
        assert!(!stages.is_empty(), "at least one stage");
        Self::of_stages(stages.into_iter().map(|(target, gamma)| (Target::Denoiser(target), gamma)), applied, scale)
    }

    fn of_stages(stages: impl Iterator<Item = (Target, f32)>, applied: Applied, scale: f32) -> Self {
        let stages = stages.map(|(target, gamma)| Stage { target, gamma }).collect();
        Self { stages, applied, scale, start: None, weak: None, anatomical: None, blend: None, card: None }
    }

    /// A network on a grid. `scale` is [`crate::prior::mean_activity`] of an early OSEM image, `strength` multiplies
    /// every γ.
    ///
    /// The γ of a model are those of a scan with ν̄ = 1 and are multiplied by the scan's: the noisier, the nearer to z.
    pub fn of_model(
        model: &Model,
        grid: &ImageGrid,
        scale: f32,
        noise: &RelativeNoise,
        anatomical: Option<&[f32]>,
        strength: f32,
    ) -> Result<Self, PriorError> {
        if !(scale > 0.0 && scale.is_finite()) {
            return Err(PriorError::NoActivity { found: scale });
        }
        let architecture = &model.card.architecture;
        let seen_noise: Option<Arc<[f32]>> = architecture.noise.then(|| noise.map.clone().into());
        let by_anatomy = architecture.companions.iter().any(|companion| companion.by_anatomy());
        let of_companions = anatomical.filter(|_| by_anatomy).map(Arc::from);
        let anatomical: Option<Arc<[f32]>> = match (architecture.anatomical, anatomical) {
            (false, _) => None,
            (true, Some(anatomical)) => Some(unit_range(anatomical).into()),
            (true, None) => return Err(PriorError::NoAnatomy { prior: "unrolled" }),
        };
        let of_body = |weights: &Vec<Vec<f32>>| {
            let body = Body::new(&architecture.layers, weights, grid.shape);
            let (noise, anatomical) = (seen_noise.clone(), anatomical.clone());
            Target::Network(Arc::new(Network { body, scale, noise, anatomical }))
        };
        let bodies: Vec<_> = model.weights.bodies.iter().map(of_body).collect();
        let stage =
            |k: usize| (bodies[architecture.body_of(k)].clone(), strength * noise.mean * model.weights.gamma[k]);
        let of_scan = |by: MapImage| MapOfScan { by, noise: noise.mean, scale };
        let share = model.card.blend.unwrap_or(0.0) as f32;
        Ok(Self {
            start: model.card.start.map(of_scan),
            blend: model.card.blended_with().map(|by| Blend { share, with: of_scan(by) }),
            weak: model.card.weak_image().map(of_scan),
            anatomical: of_companions,
            card: Some(model.card.clone()),
            ..Self::of_stages((0..architecture.stages).map(stage), architecture.applied, scale)
        })
    }

    /// The start image that the model asks for.
    pub fn start(&self) -> Option<MapOfScan> {
        self.start
    }

    /// The weakly regularised image, where the network sees it or its own is blended with it.
    pub fn weak(&self) -> Option<MapOfScan> {
        self.weak
    }

    /// What else the network sees of a scan, beside the image that it works on.
    pub fn companions(&self) -> &[Companion] {
        self.card.as_ref().map_or(&[], |card| &card.architecture.companions)
    }

    /// The anatomical image that companions are averaged by.
    pub fn anatomical(&self) -> Option<&[f32]> {
        self.anatomical.as_deref()
    }

    /// c: images over it are what a network works on.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// What the last image is blended with; `None` where it comes out as it is.
    pub fn blend(&self) -> Option<Blend> {
        self.blend
    }

    /// What is known about the network, where it comes from a model.
    pub fn card(&self) -> Option<&ModelCard> {
        self.card.as_ref()
    }

    /// When z is worked out.
    pub fn applied(&self) -> Applied {
        self.applied
    }

    /// z of a full iteration, counted from 0. `companions` are those of [`Unrolled::companions`], over the scale.
    pub fn target(&self, iteration: usize, x: &[f32], companions: &[Vec<f32>], z: &mut [f32]) {
        match &self.stage(iteration).target {
            Target::Denoiser(denoiser) => denoiser.denoise(x, z),
            Target::Network(network) => network.denoise(x, companions, z),
        }
    }

    /// γ′ of a full iteration and a subset of mean sensitivity s̄.
    pub fn weight(&self, iteration: usize, mean_sensitivity: f64) -> f32 {
        (f64::from(self.stage(iteration).gamma) * mean_sensitivity / f64::from(self.scale)) as f32
    }

    fn stage(&self, iteration: usize) -> &Stage {
        &self.stages[iteration.min(self.stages.len() - 1)]
    }
}

/// One body on one scan.
struct Network {
    body: Body,
    scale: f32,
    noise: Option<Arc<[f32]>>,
    anatomical: Option<Arc<[f32]>>,
}

impl Network {
    fn denoise(&self, x: &[f32], companions: &[Vec<f32>], out: &mut [f32]) {
        let companions = companions.iter().map(Vec::as_slice);
        let guides = self.noise.as_deref().into_iter().chain(companions).chain(self.anatomical.as_deref());
        self.body.denoise(Level::best(), self.scale, x, &guides.collect::<Vec<_>>(), out);
    }
}
