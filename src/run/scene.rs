//! What a run looks at.

use super::Options;
use super::named::NamedImages;
use crate::config::{ReconConfig, Source};
use crate::image::ImageUnit;
use crate::io::Provenance;
use crate::likelihood::Model;
use crate::metrics::Reference;
use crate::operator::Margin;

/// Everything that an iterative run looks at.
pub(crate) struct Scene<'a> {
    pub source: &'a Source,
    pub config: &'a ReconConfig,
    /// On the wider grid of the margin.
    pub model: &'a Model,
    pub margin: &'a Margin,
    /// Start and anatomy.
    pub images: &'a NamedImages,
    pub reference: Option<&'a Reference>,
    pub unit: ImageUnit,
    pub provenance: &'a Provenance,
    pub options: &'a Options,
}
