//! B A, one operator after the other.

use super::LinearOperator;

/// y = B (A x); made by [`LinearOperator::then`].
pub struct Then<A, B> {
    inner: A,
    outer: B,
}

impl<A: LinearOperator, B: LinearOperator> Then<A, B> {
    pub(super) fn new(inner: A, outer: B) -> Self {
        assert_eq!(inner.range(), outer.domain(), "operators do not fit together");
        Self { inner, outer }
    }
}

impl<A: LinearOperator, B: LinearOperator> LinearOperator for Then<A, B> {
    fn domain(&self) -> &[usize] {
        self.inner.domain()
    }
    fn range(&self) -> &[usize] {
        self.outer.range()
    }
    fn forward(&self, x: &[f32], y: &mut [f32]) {
        let mut middle = vec![0.0; self.inner.range().iter().product()];
        self.inner.forward(x, &mut middle);
        self.outer.forward(&middle, y);
    }
    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        let mut middle = vec![0.0; self.inner.range().iter().product()];
        self.outer.adjoint(y, &mut middle);
        self.inner.adjoint(&middle, x);
    }
}
