//! What a scanner measures along: lines of response, from an image to their bins.

use super::LinearOperator;
use crate::image::ImageGrid;
use std::sync::Arc;

/// Lines of response in an order of their own, of which parts are lines again.
pub trait Lines: LinearOperator {
    /// The image grid that they are drawn through.
    fn grid(&self) -> ImageGrid;
    /// Those of some views, in the given order.
    fn of_views(&self, views: &[usize]) -> Arc<dyn Lines>;
}
