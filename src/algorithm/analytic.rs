//! The table `[algorithm.fbp]`: filtered back projection among the algorithms.

use super::entry::AlgorithmEntry;
use super::fbp::FbpConfig;
use super::table::{AlgorithmTable, Footprint, Method};
use super::{Algorithm, Objective, Unfit};
use crate::prior::Capability;
use std::sync::Arc;

impl AlgorithmTable for FbpConfig {
    fn entry() -> AlgorithmEntry {
        AlgorithmEntry {
            name: "fbp",
            summary: "Filtered back projection of rebinned sinograms.",
            formula: "x = ∫ ramp-filtered projections over all views, of direct sinograms made by FORE or SSRB",
            citation: "Defrise et al. 1997, IEEE Trans. Med. Imaging 16:145; Daube-Witherspoon & Muehllehner 1987, J. Nucl. Med. 28:1717",
            carries: &[],
            alone: true,
            examples: &["", "rebinning = \"ssrb\""],
        }
    }

    fn method(&self) -> Method<'_> {
        Method::Analytic(self)
    }

    fn converges(&self) -> bool {
        false
    }

    fn footprint(&self, _: Option<Capability>) -> Footprint {
        Footprint { images: 0, sinograms: 2, ..Footprint::default() }
    }

    fn build(&self, _: &Arc<Objective>, _: Option<Vec<f32>>) -> Result<Box<dyn Algorithm>, Unfit> {
        Err(Unfit::Analytic { algorithm: Self::entry().name })
    }
}
