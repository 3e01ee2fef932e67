//! Finished runs, one image file each: `<key>.h5`, with the run's config and its figures of merit in its provenance.
//! Files appear whole or not at all, so whatever is there is finished.

use super::super::RunError;
use super::make_folder;
use crate::image::Image;
use crate::io::{IoError, Provenance, hdf5};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Figures of merit by name.
pub(super) type Figures = BTreeMap<String, f64>;

/// Where the figures are in the provenance; TOML brings back every bit.
const FIGURES: &str = "figures";

pub(super) struct Cache {
    pub folder: PathBuf,
}

impl Cache {
    pub fn open(folder: PathBuf) -> Result<Self, RunError> {
        make_folder(&folder)?;
        Ok(Self { folder })
    }

    pub fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.h5"))
    }

    pub fn holds(&self, key: &str) -> bool {
        self.path(key).is_file()
    }

    pub fn load(&self, key: &str) -> Result<(Image, Figures), RunError> {
        let path = self.path(key);
        let (image, provenance) = hdf5::read_image(&path)?;
        let missing =
            || IoError::Missing { path: path.clone(), field: FIGURES.into(), expected: "the figures of a run".into() };
        let text = provenance.get(FIGURES).ok_or_else(missing)?;
        let figures = toml::from_str(text).map_err(|error| IoError::Format { path, text: error.to_string() })?;
        Ok((image, figures))
    }

    pub fn store(
        &self,
        key: &str,
        image: &Image,
        figures: &Figures,
        mut provenance: Provenance,
    ) -> Result<(), RunError> {
        let path = self.path(key);
        let text = toml::to_string(figures);
        let text = text.map_err(|error| IoError::Format { path: path.clone(), text: error.to_string() })?;
        provenance.set(FIGURES, text);
        // Two studies may finish the same run at the same time; their files are the same.
        hdf5::write_image(&path, true, image, &provenance)?;
        Ok(())
    }
}
