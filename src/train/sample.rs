//! What the network learns from as a filter, by itself: images of a scan, what they should be, and the lesions in them.
//!
//! A step costs an evaluation and no projection, and the scans are made once and used again, turned and mirrored at
//! random.

use super::TrainError;
use super::detection::{Four, Template};
use super::loss::Aims;
use super::plan::Training;
use super::prepared::Prepared;
use crate::algorithm::{Algorithm, Osem};
use std::sync::Arc;

/// Where the cases of samples begin in the order of cases: far behind those of the reconstruction's steps.
const FIRST_CASE: usize = 1 << 32;

/// Images of one stack of scans, or of the four scans of twins.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Voxels along x, y, z.
    pub shape: [usize; 3],
    /// What goes in; of twins a0, a1, b0, b1.
    pub views: Vec<View>,
    /// What shall come out of the views.
    pub truths: Vec<Vec<f32>>,
    /// Lesions of twins.
    pub templates: Vec<Template>,
}

/// An image that goes in.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The image.
    pub x: Vec<f32>,
    /// What the network sees beside it.
    pub guides: Arc<[Vec<f32>]>,
    /// Which truth shall come out.
    pub truth: usize,
}

/// Four scans of one body, ready to be reconstructed, and its lesions.
pub struct PreparedTwins {
    /// a0, a1, b0, b1, all in the unit of a0's mean activity.
    pub scans: Four<Prepared>,
    /// The lesions that can be seen at all.
    pub templates: Vec<Template>,
}

impl Sample {
    /// What shall come out of its views.
    pub fn aims(&self) -> Aims<'_> {
        let truths = self.views.iter().map(|view| &self.truths[view.truth][..]).collect();
        Aims { truths, templates: &self.templates }
    }
}

impl PreparedTwins {
    /// What the reconstructions of its scans shall be.
    pub fn aims(&self) -> Aims<'_> {
        Aims { truths: self.scans.iter().map(|scan| &scan.case.truth[..]).collect(), templates: &self.templates }
    }
}

impl Training {
    /// A sample by its number: of twins where there is a detection term.
    pub fn sample(&self, number: usize) -> Result<Sample, TrainError> {
        match self.detection.is_some() {
            true => self.sample_of_twins(FIRST_CASE + number),
            false => self.sample_of_case(FIRST_CASE + number),
        }
    }

    /// Images of a stack: the one to begin with, and those after 1, 2, 4, … full iterations of OSEM, and after the
    /// last.
    fn sample_of_case(&self, index: usize) -> Result<Sample, TrainError> {
        let prepared: Prepared = self.prepared(index)?;
        let model = self.model(&prepared)?;
        let mut osem = Osem::new(&model, Some(prepared.first().to_vec()))?;
        let (last, mut images) = (self.unrolling.iterations, Vec::new());
        images.extend(prepared.map.clone());
        for iteration in 1..=last {
            (0..model.subsets()).for_each(|_| {
                osem.update();
            });
            if iteration.is_power_of_two() || iteration == last {
                images.push(osem.image().to_vec());
            }
        }
        let guides = self.guides(&prepared);
        let views = images.into_iter().map(|x| View { x, guides: guides.clone(), truth: 0 }).collect();
        let shape = prepared.case.grid.shape;
        Ok(Sample { shape, views, truths: vec![prepared.case.truth], templates: Vec::new() })
    }

    /// What the network begins with in four scans.
    fn sample_of_twins(&self, index: usize) -> Result<Sample, TrainError> {
        let PreparedTwins { scans, templates } = self.prepared_twins(index)?;
        let shape = scans[0].case.grid.shape;
        let view = |(scan, prepared): (usize, &Prepared)| View {
            x: prepared.first().to_vec(),
            guides: self.guides(prepared),
            truth: scan % 2,
        };
        let views = scans.iter().enumerate().map(view).collect();
        let [a0, a1, ..] = scans;
        Ok(Sample { shape, views, truths: vec![a0.case.truth, a1.case.truth], templates })
    }

    /// The twins of an index, ready to be reconstructed.
    pub fn prepared_twins(&self, index: usize) -> Result<PreparedTwins, TrainError> {
        let twins = self.source.twins(index)?;
        let mut scale = None;
        let mut weak = Vec::new();
        let mut scans = Vec::new();
        for case in twins.scans {
            let mut prepared = Prepared::new(case, self.source.stack, scale.take())?;
            prepared.anatomical = Some(twins.anatomical.clone());
            weak.push(self.make_images(&mut prepared)?);
            scale = Some(prepared.scale.clone());
            scans.push(prepared);
        }
        let (Ok(scans), Ok(weak)) = (Four::<Prepared>::try_from(scans), Four::<Vec<f32>>::try_from(weak)) else {
            unreachable!("four scans")
        };
        let (of_prior, of_weak) = (scans.each_ref().map(Prepared::first), weak.each_ref().map(Vec::as_slice));
        let template =
            |lesion: &super::twins::Added| Template::new((&lesion.template, &lesion.mask), of_weak, of_prior);
        let templates = twins.lesions.iter().filter_map(template).collect();
        Ok(PreparedTwins { scans, templates })
    }

    fn guides(&self, prepared: &Prepared) -> Arc<[Vec<f32>]> {
        prepared.guides(self.sees_noise).into_iter().map(<[f32]>::to_vec).collect()
    }
}
