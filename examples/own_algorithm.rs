//! An algorithm of one's own: projected gradient ascent with steps D = x / s, which is MLEM in additive form.
//!
//! x ← P₊(x + λ D ∇Φ(x)), all data at once; λ = 1 is MLEM (Lange, Bahn & Little 1987, IEEE TMI 6(2), 106–114).

mod common;

use coincide::algorithm::Step;
use coincide::prelude::*;

struct GradientAscent {
    objective: Arc<Objective>,
    lambda: f32,
    image: Vec<f32>,
    updates: usize,
}

impl Algorithm for GradientAscent {
    fn update(&mut self) -> Step {
        let mut gradient = vec![0.0; self.image.len()];
        self.objective.gradient(&self.image, &mut gradient);
        for ((x, g), s) in self.image.iter_mut().zip(&gradient).zip(self.objective.sensitivity()) {
            *x = if *s > 0.0 { (*x + self.lambda * *x / s * g).max(0.0) } else { 0.0 };
        }
        self.updates += 1;
        let (update, passes) = (self.updates, self.updates as f64);
        Step { update, iteration: update, subset: 0, subsets: 1, passes, seconds: 0.0 }
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::new(&common::scan(Vec::new())?, common::grid(), None, 1)?;
    let objective = Objective::new(&model, &Prior::None, 0.0);
    for lambda in [1.0, 1.5] {
        let image = objective.start(None)?;
        let mut algorithm = GradientAscent { objective: objective.clone(), lambda, image, updates: 0 };
        drive(&mut algorithm, 40, &mut []);
        common::report(&format!("step {lambda}"), algorithm.image());
        println!("log-likelihood {:.3}", model.log_likelihood(algorithm.image()));
    }
    Ok(())
}
