//! What a figure of merit is, and the figures of one thing: plain values.

use serde::{Serialize, Serializer};

/// A figure of merit. Everything that lists figures (tables, reports, the demo, the oracle, the docs) reads it here.
#[derive(Debug)]
pub struct Figure {
    /// Its name in results; `*` stands for what it is of, see [`Scope`]. No two figures have the same.
    pub id: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// Which values are better.
    pub better: Better,
    /// What it is of.
    pub scope: Scope,
    /// What it says, and how it is found.
    pub definition: &'static str,
    /// The paper or standard; empty where a textbook has it.
    pub source: &'static str,
    /// Where it stands beside the lists of all figures.
    pub uses: &'static [Use],
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number.
    One,
    /// A number that people read in per cent.
    Fraction,
    /// dB
    Decibel,
    /// The image's own, as Bq/mL.
    Activity,
    /// The image's own times mL, as Bq.
    Total,
    /// mL
    Millilitre,
    /// mm
    Millimetre,
    /// s
    Second,
    /// Standardised uptake value, in g/mL.
    Suv,
    /// SUV times mL.
    SuvMillilitre,
}

/// Which values of a figure are better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Better {
    /// Larger ones; there is no largest.
    Higher,
    /// Smaller ones; 0 is the best.
    Lower,
    /// Those nearer to a number, which images come to from below.
    Nearer(f64),
    /// None: it describes.
    Neither,
}

/// What a figure is of: what the `*` of its name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole image.
    Image,
    /// The noise region: of one image by its voxels, of several by their spread.
    Noise,
    /// A region of the phantom.
    Region,
    /// A sphere or rod of a layout, by its diameter.
    Diameter,
    /// A run: its work, its convergence, its sentinel.
    Run,
    /// The intervals of a kind of tissue.
    Tissue,
    /// A lesion of a scan, by its number.
    Numbered,
    /// A region, in all realisations together.
    Ensemble,
    /// A method beside the yardstick of its study, in all realisations together.
    Beside,
    /// A class of added lesions.
    Lesions,
    /// Kept with a run, and never shown.
    Kept,
}

/// Where a figure stands beside the lists of all figures.
#[derive(Debug)]
pub enum Use {
    /// A column of a study's table, of this, under this heading.
    Column(&'static str, &'static str),
    /// A row of the demo, of this.
    Demo(&'static str),
    /// A column of the report on all priors.
    Priors,
    /// Knobs can be tuned by it, under this name; what the best value is.
    Oracle(&'static str, &'static str),
    /// A curve over the iterations in the report of a reconstruction.
    Curve,
    /// It is told of the mean image of all realisations, too.
    MeanImage,
    /// The yardstick of a study tells how many prompts it is worth.
    Equivalence,
    /// It is drawn against noise, and its worth in prompts is told at one noise.
    AgainstNoise(&'static AgainstNoise),
    /// In units of SUV it has a name of its own.
    Suv(&'static Figure),
}

/// How a figure is drawn against noise.
#[derive(Debug)]
pub struct AgainstNoise {
    /// What it is of, in titles and file names; `*` as in the figure's name.
    pub of: &'static str,
    /// The figure of noise where there is one realisation: of the same thing, or of the whole image.
    pub noise: &'static Figure,
    /// With several realisations: what noise is called,
    pub ensemble_noise: &'static str,
    /// and what the figure of their mean image is called.
    pub of_mean_image: &'static str,
    /// Figures of a lower rank are drawn only where there is none of a higher one.
    pub rank: u8,
}

impl PartialEq for Figure {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Figure {
    /// Its name in results, of this.
    pub fn name(&self, of: &str) -> String {
        self.id.replace('*', of)
    }

    /// Its name in the docs.
    pub fn pattern(&self) -> String {
        let name = self.name(self.scope.placeholder());
        if self.scope == Scope::Ensemble { format!("ensemble.{name}") } else { name }
    }

    /// Whether it is used so.
    pub fn is_used(&self, so: impl Fn(&Use) -> bool) -> bool {
        self.uses.iter().any(so)
    }

    /// How it is drawn against noise.
    pub fn against_noise(&self) -> Option<&'static AgainstNoise> {
        self.uses.iter().find_map(|one| if let Use::AgainstNoise(how) = one { Some(*how) } else { None })
    }
}

impl Unit {
    /// What stands behind a heading.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Fraction => " %",
            Self::Decibel => " dB",
            _ => "",
        }
    }

    /// Its name in the docs.
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "",
            Self::Fraction => "fraction",
            Self::Decibel => "dB",
            Self::Activity => "Bq/mL",
            Self::Total => "Bq",
            Self::Millilitre => "mL",
            Self::Millimetre => "mm",
            Self::Second => "s",
            Self::Suv => "g/mL",
            Self::SuvMillilitre => "g",
        }
    }
}

impl Better {
    /// Whether one value is better than another.
    pub fn prefers(self, value: f64, other: f64) -> bool {
        match self {
            Self::Higher => value > other,
            Self::Lower => value < other,
            Self::Nearer(best) => (value - best).abs() < (other - best).abs(),
            Self::Neither => false,
        }
    }

    /// Whether a larger value is a better one, below the best.
    pub fn is_larger(self) -> bool {
        self != Self::Lower
    }

    /// The best value, where there is one.
    pub fn best(self) -> Option<f64> {
        match self {
            Self::Higher | Self::Neither => None,
            Self::Lower => Some(0.0),
            Self::Nearer(best) => Some(best),
        }
    }

    /// In words.
    pub fn in_words(self) -> String {
        match self {
            Self::Higher => "higher".into(),
            Self::Lower => "lower".into(),
            Self::Nearer(best) => format!("near {best}"),
            Self::Neither => "–".into(),
        }
    }
}

impl Scope {
    /// What the docs write for the `*` of a name.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Region | Self::Ensemble => "REGION",
            Self::Diameter => "Dmm",
            Self::Tissue => "TISSUE",
            Self::Lesions => "CLASS",
            Self::Image | Self::Noise | Self::Run | Self::Numbered | Self::Beside | Self::Kept => "N",
        }
    }
}

/// A figure of one thing. `T` is a number, or an [`Estimate`](super::Estimate) over realisations.
#[derive(Clone, Debug, PartialEq)]
pub struct Score<T = f64> {
    /// The figure.
    pub figure: &'static Figure,
    /// What the `*` of its name stands for; empty where there is none.
    pub of: String,
    /// Whether it is of all realisations together: of their mean image, or of their spread.
    pub ensemble: bool,
    /// Its value.
    pub value: T,
}

impl<T> Score<T> {
    /// Its name in results.
    pub fn name(&self) -> String {
        let name = self.figure.name(&self.of);
        if self.ensemble { format!("ensemble.{name}") } else { name }
    }

    /// The same figure of the same thing with another value.
    pub fn with<U>(&self, value: U) -> Score<U> {
        Score { figure: self.figure, of: self.of.clone(), ensemble: self.ensemble, value }
    }
}

/// Scores of one image, run or cell of a study.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores<T = f64>(Vec<Score<T>>);

impl<T> Default for Scores<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Scores<T> {
    /// Adds a figure of a whole image or run.
    pub fn add(&mut self, figure: &'static Figure, value: T) {
        self.add_of(figure, "", value);
    }

    /// Adds a figure of something.
    pub fn add_of(&mut self, figure: &'static Figure, of: impl Into<String>, value: T) {
        self.0.push(Score { figure, of: of.into(), ensemble: false, value });
    }

    /// The value of a figure of a whole image or run.
    pub fn get(&self, figure: &Figure) -> Option<&T> {
        self.get_of(figure, "")
    }

    /// The value of a figure of something.
    pub fn get_of(&self, figure: &Figure, of: &str) -> Option<&T> {
        self.find(figure, of, false)
    }

    /// The value of a figure of all realisations together.
    pub fn of_ensemble(&self, figure: &Figure, of: &str) -> Option<&T> {
        self.find(figure, of, true)
    }

    /// The value of the same figure of the same thing.
    pub fn like<U>(&self, score: &Score<U>) -> Option<&T> {
        self.find(score.figure, &score.of, score.ensemble)
    }

    fn find(&self, figure: &Figure, of: &str, ensemble: bool) -> Option<&T> {
        self.0.iter().find(|one| one.ensemble == ensemble && one.figure == figure && one.of == of).map(|one| &one.value)
    }

    /// All of them, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Score<T>> {
        self.0.iter()
    }

    /// All of them with their names, in the order of the names.
    pub fn by_name(&self) -> Vec<(String, &Score<T>)> {
        let mut named: Vec<_> = self.0.iter().map(|score| (score.name(), score)).collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        named
    }

    /// Keeps some.
    pub fn retain(&mut self, keep: impl FnMut(&Score<T>) -> bool) {
        self.0.retain(keep);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Extend<Score<T>> for Scores<T> {
    fn extend<I: IntoIterator<Item = Score<T>>>(&mut self, scores: I) {
        self.0.extend(scores);
    }
}

impl<T> FromIterator<Score<T>> for Scores<T> {
    fn from_iter<I: IntoIterator<Item = Score<T>>>(scores: I) -> Self {
        Self(scores.into_iter().collect())
    }
}

impl<T> IntoIterator for Scores<T> {
    type Item = Score<T>;
    type IntoIter = std::vec::IntoIter<Score<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A map from name to value, in the order of the names.
impl<T: Serialize> Serialize for Scores<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.by_name().into_iter().map(|(name, score)| (name, &score.value)))
    }
}
