//! Linear operators on flat slices: lines of response, what an image goes through before them, factors, and chains of
//! all these.

mod chain;
mod compose;
mod covariance;
mod diagonal;
mod dot_test;
mod gaussian;
mod lines;
mod local_gaussian;
mod margin;
mod projector;
mod resolution;
mod translation;
mod workspace;

pub use chain::Chain;
pub use compose::Then;
pub use covariance::Covariance;
pub use diagonal::Diagonal;
pub use dot_test::dot_test;
pub use gaussian::GaussianFilter;
pub use lines::Lines;
pub(crate) use local_gaussian::LocalGaussian;
pub use margin::Margin;
pub use projector::Projector;
pub use resolution::{Resolution, Widths};
pub use translation::Translation;
pub use workspace::{Lent, Workspace};

/// A linear map A. `forward` writes y = A x, `adjoint` writes x = Aᵀ y; neither reads what was in its output.
///
/// The slices hold arrays of the shapes [`domain`](Self::domain) and [`range`](Self::range), row-major; other lengths
/// are a bug of the caller and panic with both shapes.
pub trait LinearOperator: Send + Sync {
    /// Shape of x.
    fn domain(&self) -> &[usize];
    /// Shape of y.
    fn range(&self) -> &[usize];
    /// y = A x
    fn forward(&self, x: &[f32], y: &mut [f32]);
    /// x = Aᵀ y
    fn adjoint(&self, y: &[f32], x: &mut [f32]);
    /// The operator that applies `self` first and `outer` to the result.
    fn then<B: LinearOperator>(self, outer: B) -> Then<Self, B>
    where
        Self: Sized,
    {
        Then::new(self, outer)
    }
}

/// Panics unless `slice` holds an array of `shape`.
fn check(what: &str, slice: &[f32], shape: &[usize]) {
    let expected: usize = shape.iter().product();
    assert_eq!(slice.len(), expected, "{what} has {} elements, expected the shape {shape:?}", slice.len());
}
