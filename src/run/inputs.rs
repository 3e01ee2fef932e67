//! Files that go into an image beside its measurement, with their hashes.

use super::RunError;
use super::scan::inputs;
use crate::config::{AnatomicalConfig, AttenuationConfig, RandomsSource, ReconConfig, ReferenceConfig, StartConfig};
use crate::paths::{ImageFile, NameOrFile};
use crate::report::Input;
use std::path::PathBuf;

/// Maps, components, randoms, start, anatomy and reference of a config.
pub(super) fn further_inputs(config: &ReconConfig) -> Result<Vec<Input>, RunError> {
    let image = |file: &ImageFile| Some(file.path.to_path_buf());
    let phantom = |name: &NameOrFile| name.file().map(PathBuf::from);
    let mut files = match &config.attenuation {
        Some(AttenuationConfig::File(file) | AttenuationConfig::FilePerMm(file)) => vec![image(file)],
        Some(AttenuationConfig::Files(all)) => all.iter().map(image).collect(),
        Some(AttenuationConfig::Ct(ct)) => vec![image(&ct.file)],
        Some(AttenuationConfig::Phantom(name)) => vec![phantom(name)],
        None => Vec::new(),
    };
    files.push(config.normalisation.as_ref().map(|normalisation| normalisation.file.to_path_buf()));
    files.push(config.randoms.as_ref().map(|randoms| match randoms {
        RandomsSource::Delayeds(path) => path.to_path_buf(),
        RandomsSource::Singles(singles) => singles.file.to_path_buf(),
    }));
    files.push(config.algorithm.iterations().and_then(|iterations| match iterations.start {
        StartConfig::File(file) => image(file),
        StartConfig::Uniform | StartConfig::Osem(_) => None,
    }));
    files.push(config.prior.as_ref().and_then(|prior| prior.anatomical()).and_then(|anatomical| match anatomical {
        AnatomicalConfig::File(file) => image(file),
        AnatomicalConfig::Phantom(name) | AnatomicalConfig::Attenuation(name) => phantom(name),
    }));
    files.push(config.reference.as_ref().and_then(|reference| match reference {
        ReferenceConfig::Image(file) => image(file),
        ReferenceConfig::Phantom(name) => phantom(name),
    }));
    let hashed = files.iter().flatten().map(|path| inputs(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(hashed.into_iter().flatten().collect())
}
