//! Stops when the image hardly changes: ‖x − x_before‖ / ‖x‖ over a full iteration.

use crate::algorithm::{Observer, Step};
use std::ops::ControlFlow;

/// Stops a run when a full iteration changes the image by less than a given share.
pub struct RelativeChange {
    threshold: f64,
    before: Vec<f32>,
    /// The change of the last full iteration; `None` before the second.
    pub last: Option<f64>,
}

impl RelativeChange {
    /// Stops below `threshold`; 0 only watches.
    pub fn below(threshold: f64) -> Self {
        Self { threshold, before: Vec::new(), last: None }
    }
}

impl Observer for RelativeChange {
    fn observe(&mut self, step: &Step, image: &[f32]) -> ControlFlow<String> {
        if !step.ends_iteration() {
            return ControlFlow::Continue(());
        }
        let change = (self.before.len() == image.len()).then(|| relative_change(&self.before, image));
        self.last = change;
        self.before.clear();
        self.before.extend_from_slice(image);
        match change {
            Some(change) if change < self.threshold => {
                ControlFlow::Break(format!("iteration {} changed the image by {change:.1e} only", step.iteration))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

fn relative_change(before: &[f32], after: &[f32]) -> f64 {
    let (mut difference, mut norm) = (0.0, 0.0);
    for (&a, &b) in before.iter().zip(after) {
        difference += (f64::from(b) - f64::from(a)).powi(2);
        norm += f64::from(b).powi(2);
    }
    if norm > 0.0 { (difference / norm).sqrt() } else { 0.0 }
}
