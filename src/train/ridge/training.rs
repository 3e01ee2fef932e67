//! The loop over samples.

use super::anatomy::anatomy;
use super::config::RidgeTrainConfig;
use super::parameters::Parameters;
use super::slope::slope;
use super::solve::{Problem, dot};
use super::survey::Survey;
use crate::prior::{Ridge, RidgeModel, Smooth};
use crate::train::adam::{Adam, clip, cosine};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::ops::ControlFlow;

/// When minimum and linear system count as found: relative length of what is left, and iterations after which it has to
/// be.
#[derive(Clone, Copy)]
struct Accuracy {
    minimum: (f64, usize),
    system: (f64, usize),
}

/// That of the training: errors of the gradient are far below its scatter from sample to sample.
const ENOUGH: Accuracy = Accuracy { minimum: (3e-4, 40), system: (2e-2, 12) };

/// Steps over which the rate rises.
const RISE: usize = 50;

/// Share of the rate that is left at the end.
const LAST_RATE: f64 = 0.02;

/// Largest norm of a gradient.
const LARGEST_GRADIENT: f64 = 1.0;

/// Where training is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps made.
    pub step: usize,
    /// Noise level of the last sample, as an index.
    pub level: usize,
    /// Its NRMSE.
    pub nrmse: f64,
}

/// Trains a regulariser; `observe` sees every step and can have the regulariser so far, and may stop.
pub fn train(
    config: &RidgeTrainConfig,
    mut observe: impl FnMut(Progress, &dyn Fn() -> RidgeModel) -> ControlFlow<()>,
) -> RidgeModel {
    let observe = |parameters: &Parameters, progress| observe(progress, &|| parameters.model().normalised());
    train_from(config, Parameters::first(config), observe).normalised()
}

fn train_from(
    config: &RidgeTrainConfig,
    mut parameters: Parameters,
    mut observe: impl FnMut(&Parameters, Progress) -> ControlFlow<()>,
) -> RidgeModel {
    let mut random = Pcg64::seed_from_u64(config.seed);
    let mut adam = Adam::new(parameters.values.len());
    let rates = parameters.rates();
    for step in 0..config.steps {
        let level = random.random_range(0..config.noise.len());
        let (mut gradient, nrmse) = sample(config, &parameters, level, ENOUGH, &mut random);
        clip(&mut gradient, LARGEST_GRADIENT);
        let rate = config.rate.get() * cosine(step, config.steps, RISE, LAST_RATE);
        adam.step(&mut parameters.values, &gradient, |place| rate * rates[place]);
        parameters.confine(config.convexity.least_slope());
        if observe(&parameters, Progress { step: step + 1, level, nrmse }).is_break() {
            break;
        }
    }
    parameters.model()
}

/// The gradient of the loss of one random sample, and its NRMSE.
fn sample(
    config: &RidgeTrainConfig,
    parameters: &Parameters,
    level: usize,
    accuracy: Accuracy,
    random: &mut Pcg64,
) -> (Vec<f64>, f64) {
    let planes = config.kernel[2] == 1;
    let truth = anatomy(config.shape, planes, random);
    let survey = Survey::random(config.shape, planes, random);
    let g = survey.seen(&truth, config.noise[level] as f32, random);
    let model = parameters.model();
    let ridge = Ridge::new(&model, config.shape, 1.0);
    let lambda = parameters.weight(level);
    let problem = Problem::new(&survey, &ridge, &model, config.shape, lambda as f32);
    let x = problem.minimum(&g, accuracy.minimum.0, accuracy.minimum.1);
    let error: Vec<f32> = x.iter().zip(&truth).map(|(x, truth)| x - truth).collect();
    let square = dot(&error, &error).max(f64::MIN_POSITIVE);
    let scaled: Vec<f32> = error.iter().map(|e| (f64::from(*e) / square) as f32).collect();
    let w = problem.solved(&x, &scaled, accuracy.system.0, accuracy.system.1);
    let mut gradient: Vec<f64> = slope(&model, config.shape, &x, &w).iter().map(|s| -lambda * s).collect();
    gradient.resize(parameters.values.len(), 0.0);
    let mut pull = vec![0.0; x.len()];
    ridge.add_gradient(1.0, &x, &mut pull);
    gradient[parameters.weights() + level] = -lambda * dot(&w, &pull);
    (gradient, (square / dot(&truth, &truth)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::ridge::Convexity;
    use crate::units::Positive;

    fn config(kernel: [usize; 3], convexity: Convexity) -> RidgeTrainConfig {
        RidgeTrainConfig {
            kernel,
            filters: 5,
            convexity,
            knots: vec![0.02, 0.1, 0.4],
            shape: [12, 12, 6],
            noise: vec![0.1, 0.3],
            steps: 40,
            rate: Positive::constant(0.02),
            seed: 3,
        }
    }

    /// ½ ln ‖x* − x̂‖² of one sample, minimised to the end.
    fn loss(config: &RidgeTrainConfig, parameters: &Parameters, seed: u64) -> f64 {
        let random = &mut Pcg64::seed_from_u64(seed);
        let planes = config.kernel[2] == 1;
        let truth = anatomy(config.shape, planes, random);
        let survey = Survey::random(config.shape, planes, random);
        let g = survey.seen(&truth, config.noise[1] as f32, random);
        let model = parameters.model();
        let ridge = Ridge::new(&model, config.shape, 1.0);
        let problem = Problem::new(&survey, &ridge, &model, config.shape, parameters.weight(1) as f32);
        let x = problem.minimum(&g, 1e-7, 2000);
        let error: Vec<f32> = x.iter().zip(&truth).map(|(x, truth)| x - truth).collect();
        0.5 * dot(&error, &error).ln()
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        for (kernel, convexity) in [([3, 3, 1], Convexity::Convex), ([3, 3, 3], Convexity::Weak)] {
            let config = config(kernel, convexity);
            let mut parameters = Parameters::first(&config);
            // Away from the best weights, where the loss would hardly feel them.
            let weights = parameters.weights();
            parameters.values[weights..].iter_mut().for_each(|ln_weight| *ln_weight += 1.5);
            let exact = Accuracy { minimum: (1e-7, 2000), system: (1e-5, 200) };
            let (gradient, _) = sample(&config, &parameters, 1, exact, &mut Pcg64::seed_from_u64(11));
            // All parameters at once, each uphill, so that nothing cancels; then the weights alone. To 5 %: between the
            // two points lie kinks of the functions, and the minimum is one in single precision.
            for (from, step) in [(0, 3e-4), (weights, 0.15)] {
                let moved = |step: f64| {
                    let mut moved = parameters.clone();
                    let places = moved.values.iter_mut().zip(&gradient).skip(from);
                    places.for_each(|(value, g)| *value += step * g);
                    loss(&config, &moved, 11)
                };
                let length: f64 = gradient[from..].iter().map(|g| g * g).sum::<f64>().sqrt();
                let step = step / length;
                let difference = (moved(step) - moved(-step)) / (2.0 * step);
                let expected = length * length;
                println!("{kernel:?} from {from}: {difference:.4e}, expected {expected:.4e}");
                assert!((difference / expected - 1.0).abs() < 0.05, "{kernel:?} from {from}: {difference} {expected}");
            }
        }
    }

    #[test]
    fn training_lowers_the_error() {
        let config = RidgeTrainConfig { steps: 60, ..config([3, 3, 1], Convexity::Convex) };
        let held_out =
            |parameters: &Parameters| (100..120).map(|seed| loss(&config, parameters, seed)).sum::<f64>() / 20.0;
        let (mut last, first) = (None, Parameters::first(&config));
        let model = train_from(&config, first.clone(), |parameters, _| {
            last = Some(parameters.clone());
            ControlFlow::Continue(())
        });
        let [before, after] = [held_out(&first), held_out(&last.unwrap())];
        assert!(after < before - 0.02, "{before} {after}");
        assert!((model.normalised().lipschitz() - 1.0).abs() < 1e-3);
    }
}
