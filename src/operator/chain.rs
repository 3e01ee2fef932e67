//! Aₙ … A₂ A₁: operators one after the other, as many as there are.

use super::{LinearOperator, Workspace, check};
use std::sync::Arc;

/// y = Aₙ (… A₂ (A₁ x)); y = x where there is none.
#[derive(Clone)]
pub struct Chain {
    domain: Vec<usize>,
    range: Vec<usize>,
    links: Vec<Arc<dyn LinearOperator>>,
    work: Arc<Workspace>,
}

impl Chain {
    /// The chain of some links, the first one first, on arrays of a shape.
    pub fn new(domain: &[usize], links: Vec<Arc<dyn LinearOperator>>) -> Self {
        let mut range = domain.to_vec();
        for link in &links {
            assert_eq!(link.domain(), range, "operators do not fit together");
            range = link.range().to_vec();
        }
        Self { domain: domain.to_vec(), range, links, work: Arc::default() }
    }

    /// Whether there is no link.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    fn ahead(&self, links: &[Arc<dyn LinearOperator>], x: &[f32], y: &mut [f32]) {
        match links {
            [] => y.copy_from_slice(x),
            [last] => last.forward(x, y),
            [first, others @ ..] => {
                let mut between = self.work.lend(first.range().iter().product());
                first.forward(x, &mut between);
                self.ahead(others, &between, y);
            }
        }
    }

    fn behind(&self, links: &[Arc<dyn LinearOperator>], y: &[f32], x: &mut [f32]) {
        match links {
            [] => x.copy_from_slice(y),
            [first] => first.adjoint(y, x),
            [others @ .., last] => {
                let mut between = self.work.lend(last.domain().iter().product());
                last.adjoint(y, &mut between);
                self.behind(others, &between, x);
            }
        }
    }
}

impl LinearOperator for Chain {
    fn domain(&self) -> &[usize] {
        &self.domain
    }

    fn range(&self) -> &[usize] {
        &self.range
    }

    fn forward(&self, x: &[f32], y: &mut [f32]) {
        check("input", x, &self.domain);
        check("output", y, &self.range);
        self.ahead(&self.links, x, y);
    }

    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        check("input", y, &self.range);
        check("output", x, &self.domain);
        self.behind(&self.links, y, x);
    }
}
