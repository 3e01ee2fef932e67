//! Which algorithm makes the image.

mod build;
mod memory;
mod start;
mod tables;

pub use memory::KeptArrays;
pub use start::{OsemStart, StartConfig};
pub use tables::*;

use super::{ConfigError, Source};
use crate::algorithm::fbp::FbpConfig;
use crate::data::subsets;
use crate::scanner::SinogramGeometry;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[algorithm.…]`: the table's name is the algorithm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlgorithmConfig {
    /// Maximum likelihood (Shepp & Vardi 1982): OSEM with one subset.
    Mlem(MlemConfig),
    /// Ordered subsets (Hudson & Larkin 1994).
    Osem(OsemConfig),
    /// EM with the prior one step late (Green 1990).
    Osl(OslConfig),
    /// MAP-EM with separable surrogates (De Pierro 1995).
    DePierro(DePierroConfig),
    /// Block-sequential regularised EM (De Pierro & Yamagishi 2001, Ahn & Fessler 2003).
    Bsrem(BsremConfig),
    /// Relaxed ordered-subset separable paraboloidal surrogates (Ahn & Fessler 2003).
    Sps(SpsConfig),
    /// Stochastic variance-reduced gradient (Johnson & Zhang 2013).
    Svrg(SvrgConfig),
    /// SAGA (Defazio et al. 2014).
    Saga(SagaConfig),
    /// Preconditioned L-BFGS with bounds (Tsai et al. 2018).
    Lbfgs(LbfgsConfig),
    /// Proximal Newton with a shift-invariant model of the data's Hessian (Lee et al. 2014, Fessler & Booth 1999).
    ProximalNewton(ProximalNewtonConfig),
    /// Stochastic variance-reduced Newton with the same model (Dereziński 2022).
    Svrn(SvrnConfig),
    /// Primal-dual hybrid gradient (Chambolle & Pock 2011).
    Pdhg(PdhgConfig),
    /// Stochastic PDHG (Chambolle et al. 2018, Ehrhardt et al. 2019).
    Spdhg(SpdhgConfig),
    /// Plug-and-play EM: De Pierro's update with a denoiser (Mehranian & Reader 2021, Modrzyk et al. 2026).
    PnpMm(PnpMmConfig),
    /// Plug-and-play ADMM (Venkatakrishnan et al. 2013).
    PnpAdmm(PnpAdmmConfig),
    /// Regularisation by denoising (Romano et al. 2017).
    Red(RedConfig),
    /// Filtered back projection of rebinned sinograms.
    Fbp(FbpConfig),
}

/// The two ways to an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method<'a> {
    /// Updates of an image.
    Iterative(Iterations<'a>),
    /// One formula.
    Analytic(&'a FbpConfig),
}

/// What iterative algorithms have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Iterations<'a> {
    /// Subsets that an iteration passes over.
    pub subsets: usize,
    /// Full iterations.
    pub count: usize,
    /// The first image.
    pub start: &'a StartConfig,
}

impl AlgorithmConfig {
    /// Name of the algorithm's table.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mlem(_) => "mlem",
            Self::Osem(_) => "osem",
            Self::Osl(_) => "osl",
            Self::DePierro(_) => "de-pierro",
            Self::Bsrem(_) => "bsrem",
            Self::Sps(_) => "sps",
            Self::Svrg(_) => "svrg",
            Self::Saga(_) => "saga",
            Self::Lbfgs(_) => "lbfgs",
            Self::ProximalNewton(_) => "proximal-newton",
            Self::Svrn(_) => "svrn",
            Self::Pdhg(_) => "pdhg",
            Self::Spdhg(_) => "spdhg",
            Self::PnpMm(_) => "pnp-mm",
            Self::PnpAdmm(_) => "pnp-admm",
            Self::Red(_) => "red",
            Self::Fbp(_) => "fbp",
        }
    }

    /// How the algorithm makes its image.
    pub fn method(&self) -> Method<'_> {
        let (subsets, count, start) = match self {
            Self::Fbp(fbp) => return Method::Analytic(fbp),
            Self::Mlem(c) => (1, c.iterations, &c.start),
            Self::Osem(c) => (c.subsets, c.iterations, &c.start),
            Self::Osl(c) => (c.subsets, c.iterations, &c.start),
            Self::DePierro(c) => (c.subsets, c.iterations, &c.start),
            Self::Bsrem(c) => (c.subsets, c.iterations, &c.start),
            Self::Sps(c) => (c.subsets, c.iterations, &c.start),
            Self::Svrg(c) => (c.subsets, c.iterations, &c.start),
            Self::Saga(c) => (c.subsets, c.iterations, &c.start),
            Self::Lbfgs(c) => (1, c.iterations, &c.start),
            Self::ProximalNewton(c) => (1, c.iterations, &c.start),
            Self::Svrn(c) => (c.subsets, c.iterations, &c.start),
            Self::Pdhg(c) => (1, c.iterations, &c.start),
            Self::Spdhg(c) => (c.subsets, c.iterations, &c.start),
            Self::PnpMm(c) => (c.subsets, c.iterations, &c.start),
            Self::PnpAdmm(c) => (c.subsets, c.iterations, &c.start),
            Self::Red(c) => (c.subsets, c.iterations, &c.start),
        };
        Method::Iterative(Iterations { subsets, count, start })
    }

    /// Whether the algorithm makes no image without a denoiser.
    pub fn needs_denoiser(&self) -> bool {
        matches!(self, Self::PnpMm(_) | Self::PnpAdmm(_) | Self::Red(_))
    }

    /// Whether the algorithm comes to the maximum of Φ, where there is one: with several subsets, EM and its relatives
    /// end in a cycle around it.
    pub fn converges(&self) -> bool {
        match self {
            Self::Osem(OsemConfig { subsets, .. }) | Self::DePierro(DePierroConfig { subsets, .. }) => *subsets == 1,
            Self::Osl(_) | Self::PnpMm(_) | Self::PnpAdmm(_) | Self::Red(_) | Self::Fbp(_) => false,
            Self::Mlem(_)
            | Self::Bsrem(_)
            | Self::Sps(_)
            | Self::Svrg(_)
            | Self::Saga(_)
            | Self::Lbfgs(_)
            | Self::ProximalNewton(_)
            | Self::Svrn(_)
            | Self::Pdhg(_)
            | Self::Spdhg(_) => true,
        }
    }

    /// Subsets, iterations and start of an iterative algorithm; `None` for analytic ones.
    pub fn iterations(&self) -> Option<Iterations<'_>> {
        match self.method() {
            Method::Iterative(iterations) => Some(iterations),
            Method::Analytic(_) => None,
        }
    }

    /// What the algorithm's own keys have against each other and the machine's files.
    pub fn conflicts(&self, source: &Source) -> Vec<ConfigError> {
        let Some(iterations) = self.iterations() else { return Vec::new() };
        let at = |key| format!("algorithm.{}.{key}", self.name());
        let mut conflicts = Vec::new();
        if iterations.count == 0 {
            let help = Some("1 is one pass over all counts".into());
            conflicts.push(source.mistake(&at("iterations"), "0 iterations make no image", help));
        }
        if let StartConfig::File(path) = iterations.start {
            conflicts.extend(source.input(&at("start.file"), path).err());
        }
        if let Self::PnpAdmm(PnpAdmmConfig { passes: 0, .. }) = self {
            conflicts.push(source.mistake(&at("passes"), "0 passes never see the data", Some("2 are usual".into())));
        }
        conflicts
    }

    /// What the algorithm has against the measurement.
    pub fn conflicts_with(&self, geometry: &SinogramGeometry, source: &Source) -> Option<ConfigError> {
        let iterations = self.iterations()?;
        let start = match iterations.start {
            StartConfig::Osem(start) => Some(("start.osem.subsets", start.subsets(geometry.views))),
            StartConfig::Uniform | StartConfig::File(_) => None,
        };
        [Some(("subsets", iterations.subsets)), start].into_iter().flatten().find_map(|(key, count)| {
            let error = subsets(geometry.views, count).err()?;
            let message = format!("{} subsets do not divide {} views", error.subsets, error.views);
            let help = Some(format!("use one of {:?}", error.dividers));
            Some(source.mistake(&format!("algorithm.{}.{key}", self.name()), message, help))
        })
    }
}
