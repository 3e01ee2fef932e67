//! The network by itself, as a filter of OSEM images, before it is trained inside the reconstruction: z = N_θ(x) of the
//! images after some full iterations, towards the truth.
//!
//! A step costs one evaluation and no projection, and its scans are made once and used again, turned and mirrored at
//! random; so the network has learned what images look like before the costly steps begin, and those teach it what the
//! reconstruction makes of it.

use super::TrainError;
use super::adam::{Adam, clip, cosine};
use super::layer::Layer;
use super::prepared::{NoiseOfSlices, Prepared};
use super::trainer::{State, Training};
use crate::algorithm::{Algorithm, Osem};
use crate::simulate::{Purpose, stream};
use rand::RngExt;

/// How the filter is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FilterSchedule {
    /// Stacks of scans.
    pub stacks: usize,
    /// Steps, each on all scans of a stack after one of its iterations.
    pub steps: usize,
    /// Largest rate of θ.
    pub rate: f64,
}

/// Where the stacks of the filter begin in the order of cases: far behind those of the reconstruction's steps.
const FIRST_CASE: usize = 1 << 32;

/// Images of a stack of scans, and what they should be.
pub struct Sample {
    images: Vec<Vec<f32>>,
    truth: Vec<f32>,
    noise: NoiseOfSlices,
    shape: [usize; 3],
}

impl Training {
    /// OSEM images of a stack after 1, 2, 4, … full iterations, and after the last.
    pub fn sample(&self, index: usize) -> Result<Sample, TrainError> {
        let prepared: Prepared = self.prepared(FIRST_CASE + index)?;
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
        let Prepared { case, noise, .. } = prepared;
        Ok(Sample { images, truth: case.truth, noise, shape: case.grid.shape })
    }

    /// Trains every body of the network on the samples; `watch` sees each step and its loss, and stops it with false.
    pub fn filter(
        &self,
        schedule: FilterSchedule,
        samples: &[Sample],
        state: &mut State,
        network: &mut dyn Layer,
        watch: &mut dyn FnMut(usize, f64) -> bool,
    ) -> Result<(), TrainError> {
        let FilterSchedule { steps, rate, .. } = schedule;
        let weights = state.parameters.len() - state.stages;
        let mut adam = Adam::new(weights);
        for step in 0..steps {
            let random = &mut stream(self.source.seed, Purpose::Filter, step);
            let sample = &samples[random.random_range(0..samples.len())];
            let x = &sample.images[random.random_range(0..sample.images.len())];
            let (stage, turn) = (random.random_range(0..state.stages), random.random_range(0..TURNS));
            let [x, noise, truth] =
                [x, &sample.noise.map, &sample.truth].map(|image| turned(image, sample.shape, turn));
            network.set(&state.network());
            let z = network.apply(stage, sample.shape, &x, &noise);
            let (loss, slope) = self.supervised(&z, &truth, sample.shape[2]);
            let mut by_weights = vec![0.0; weights];
            network.pull_back(stage, sample.shape, [&x, &noise], &slope, &mut by_weights);
            let mut gradient: Vec<f64> = by_weights.into_iter().map(f64::from).collect();
            if !loss.is_finite() || gradient.iter().any(|slope| !slope.is_finite()) {
                return Err(TrainError::NotFinite { step, loss });
            }
            clip(&mut gradient, self.schedule.largest_gradient);
            let share = cosine(step, steps, self.schedule.rise.min(steps / 2), self.schedule.end);
            adam.step(&mut state.parameters[..weights], &gradient, |_| share * rate);
            if !watch(step + 1, loss) {
                break;
            }
        }
        Ok(())
    }
}

/// Ways to turn and mirror a square.
const TURNS: usize = 8;

/// An image, mirrored along x, along y, and with x and y exchanged, as the bits of `turn` say; the last only where it
/// is square.
fn turned(image: &[f32], [nx, ny, nz]: [usize; 3], turn: usize) -> Vec<f32> {
    let swap = turn & 4 != 0 && nx == ny;
    let mut turned = Vec::with_capacity(image.len());
    for x in 0..nx {
        for y in 0..ny {
            let (x, y) = if swap { (y, x) } else { (x, y) };
            let x = if turn & 1 != 0 { nx - 1 - x } else { x };
            let y = if turn & 2 != 0 { ny - 1 - y } else { y };
            turned.extend_from_slice(&image[(x * ny + y) * nz..][..nz]);
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_turns_of_a_square_and_four_of_a_rectangle() {
        let image = |voxels: usize| (0..voxels).map(|n| n as f32).collect::<Vec<_>>();
        let different = |shape: [usize; 3]| {
            let images = (0..TURNS).map(|turn| turned(&image(shape.iter().product()), shape, turn));
            let mut images: Vec<Vec<f32>> = images.collect();
            images.sort_by(|a, b| a.partial_cmp(b).unwrap());
            images.dedup();
            images.len()
        };
        assert_eq!((different([3, 3, 2]), different([3, 4, 2])), (8, 4));
        assert_eq!(turned(&image(8), [2, 2, 2], 4), [0.0, 1.0, 4.0, 5.0, 2.0, 3.0, 6.0, 7.0]);
        assert_eq!(turned(&image(8), [2, 2, 2], 1), [4.0, 5.0, 6.0, 7.0, 0.0, 1.0, 2.0, 3.0]);
    }
}
