//! Finished runs, one image file each: `<key>.h5`, with the run's config and its figures of merit in its provenance.
//! Files appear whole or not at all, so whatever is there is finished.

use super::make_folder;
use crate::image::Image;
use crate::io::{IoError, Provenance, hdf5};
use crate::metrics::{Score, Scores, figures};
use crate::run::RunError;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where the figures are in the provenance; TOML brings back every bit.
const FIGURES: &str = "figures";

/// The scores of a run as they are kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    scores: Vec<KeptScore>,
}

#[derive(Serialize, Deserialize)]
struct KeptScore {
    figure: String,
    of: String,
    value: f64,
}

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

    pub fn load(&self, key: &str) -> Result<(Image, Scores), RunError> {
        let path = self.path(key);
        let (image, provenance) = hdf5::read_image(&path)?;
        let missing =
            || IoError::Missing { path: path.clone(), field: FIGURES.into(), expected: "the figures of a run".into() };
        let text = provenance.get(FIGURES).ok_or_else(missing)?;
        let wrong = |text: String| IoError::Format { path: path.clone(), text };
        let kept: Kept = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let score = |KeptScore { figure, of, value }: KeptScore| {
            let known = figures().find(|known| known.id == figure);
            let figure = known.ok_or_else(|| wrong(format!("there is no figure `{figure}`")))?;
            Ok::<_, RunError>(Score { figure, of, ensemble: false, value })
        };
        Ok((image, kept.scores.into_iter().map(score).collect::<Result<_, _>>()?))
    }

    pub fn store(&self, key: &str, image: &Image, scores: &Scores, mut provenance: Provenance) -> Result<(), RunError> {
        let path = self.path(key);
        let kept =
            |score: &Score| KeptScore { figure: score.figure.id.into(), of: score.of.clone(), value: score.value };
        let text = toml::to_string(&Kept { scores: scores.iter().map(kept).collect() });
        let text = text.map_err(|error| IoError::Format { path: path.clone(), text: error.to_string() })?;
        provenance.set(FIGURES, text);
        // Two studies may finish the same run at the same time; their files are the same.
        hdf5::write_image(&path, true, image, &provenance)?;
        Ok(())
    }
}
