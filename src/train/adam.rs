//! Adam (Kingma & Ba 2015, arXiv 1412.6980) with bias correction, and the cosine that its step follows.

const FIRST: f64 = 0.9;
const SECOND: f64 = 0.999;
const SMALLEST: f64 = 1e-8;

/// Running means of the gradient and of its square.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adam {
    /// Mean of the gradient.
    pub mean: Vec<f64>,
    /// Mean of its square.
    pub square: Vec<f64>,
    /// Steps made.
    pub steps: u64,
}

impl Adam {
    /// For so many parameters.
    pub fn new(parameters: usize) -> Self {
        Self { mean: vec![0.0; parameters], square: vec![0.0; parameters], steps: 0 }
    }

    /// Moves the parameters one step down the gradient; `rate` is that of each parameter's place.
    pub fn step(&mut self, parameters: &mut [f64], gradient: &[f64], rate: impl Fn(usize) -> f64) {
        self.steps += 1;
        let [first, second] = [FIRST, SECOND].map(|decay| 1.0 - decay.powf(self.steps as f64));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        let slopes = parameters.iter_mut().zip(gradient).zip(moments).enumerate();
        for (place, ((parameter, &slope), (mean, square))) in slopes {
            *mean += (1.0 - FIRST) * (slope - *mean);
            *square += (1.0 - SECOND) * (slope * slope - *square);
            *parameter -= rate(place) * (*mean / first) / ((*square / second).sqrt() + SMALLEST);
        }
    }
}

/// Share of the largest rate at a step: a linear rise over the first steps, then half a cosine down to `end`.
pub fn cosine(step: usize, steps: usize, rise: usize, end: f64) -> f64 {
    if step < rise {
        return (step + 1) as f64 / rise as f64;
    }
    let place = (step - rise) as f64 / (steps - rise).max(1) as f64;
    end + (1.0 - end) * 0.5 * (1.0 + (std::f64::consts::PI * place.min(1.0)).cos())
}

/// Scales a gradient down to a largest norm; returns the norm that it had.
pub fn clip(gradient: &mut [f64], largest: f64) -> f64 {
    let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    if norm > largest {
        gradient.iter_mut().for_each(|g| *g *= largest / norm);
    }
    norm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bowl_is_descended_and_the_first_step_has_the_length_of_the_rate() {
        let (mut at, mut adam) = (vec![3.0, -40.0], Adam::new(2));
        adam.step(&mut at, &[6.0, -8e3], |_| 0.1);
        assert!((at[0] - 2.9).abs() < 1e-6 && (at[1] + 39.9).abs() < 1e-6, "{at:?}");
        for step in 0..2000 {
            let gradient = [2.0 * at[0], 200.0 * at[1]];
            adam.step(&mut at, &gradient, |_| 0.5 * cosine(step, 2000, 10, 0.0));
        }
        assert!(at.iter().all(|x| x.abs() < 1e-3), "{at:?}");
    }

    #[test]
    fn the_rate_rises_and_falls() {
        assert_eq!(cosine(0, 100, 10, 0.0), 0.1);
        assert_eq!(cosine(10, 100, 10, 0.01), 1.0);
        assert!((cosine(55, 100, 10, 0.0) - 0.5).abs() < 1e-12 && cosine(100, 100, 10, 0.01) < 0.0101);
        let mut gradient = [3.0, 4.0];
        assert_eq!(clip(&mut gradient, 1.0), 5.0);
        assert!((gradient[0] - 0.6).abs() < 1e-12);
    }
}
