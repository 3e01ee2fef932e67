//! Why a simulation cannot be run, whatever its counts turn out to be.

use super::{CountsConfig, SimulateError, SimulationConfig, added};
use crate::phantom::Phantom;
use crate::scanner::{RadialSampling, SinogramGeometry};

/// What a simulation has against a phantom and a geometry.
pub fn unfit(phantom: &Phantom, geometry: &SinogramGeometry, config: &SimulationConfig) -> Result<(), SimulateError> {
    config.check()?;
    added(phantom, &config.lesions)?;
    let dead = config.singles.as_ref().is_some_and(|singles| singles.dead_time_us.get() > 0.0);
    let counted = matches!(config.counts, CountsConfig::Scan(_));
    if (config.efficiency_sigma.get() > 0.0 || dead && counted) && geometry.sampling != RadialSampling::Crystals {
        return Err(SimulateError::NotCrystals);
    }
    let scanner = &geometry.scanner;
    if dead && counted && (scanner.rings_per_block == 0 || scanner.crystals_per_block == 0) {
        return Err(SimulateError::NoBlocks);
    }
    let field = geometry.field_of_view();
    let [x, y, z] = phantom.extent_mm();
    let nearest = |[low, high]: [f64; 2]| 0.0_f64.clamp(low, high);
    let outside = nearest(x).hypot(nearest(y)) >= field.radius_mm || z[0] >= field.z_mm[1] || z[1] <= field.z_mm[0];
    if outside {
        return Err(SimulateError::NoActivity { scanner: scanner.name.clone(), phantom: phantom.name.clone() });
    }
    Ok(())
}

impl SimulateError {
    /// The key of `[simulation]` that it is about; empty for the whole table.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Fractions { .. } | Self::RandomsTwice => "randoms_fraction",
            Self::SubLines { .. } => "sub_lines",
            Self::NoDoseLevel => "dose_levels",
            Self::SinglesOfNothing | Self::NoBlocks => "singles",
            Self::NotCrystals => "efficiency_sigma",
            Self::Lesion { .. } | Self::Overlap { .. } => "lesions",
            _ => "",
        }
    }
}
