//! What m and b of a measurement hold already, and what the image is in for it.
//!
//! Whatever is not held may be applied once; what is held cannot be applied again. A file that does not say what it
//! holds gets a ledger by what is in it ([`Ledger::assumed`]), and the user is told.

use crate::image::ImageUnit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// A correction of the model of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Correction {
    /// Photons that the body absorbs or scatters.
    Attenuation,
    /// Crystals that count more or less than others; gaps stay gaps.
    Normalisation,
    /// Singles that a busy block misses.
    DeadTime,
    /// Decay until and during the scan, and the share of decays that emit a positron.
    Decay,
    /// Accidental coincidences.
    Randoms,
    /// Coincidences of scattered photons.
    Scatter,
}

impl Correction {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Attenuation, Self::Normalisation, Self::DeadTime, Self::Decay, Self::Randoms, Self::Scatter];

    /// The one of a name, as configs and files spell it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|correction| correction.to_string() == name)
    }
}

impl fmt::Display for Correction {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.serialize(f)
    }
}

/// What m and b hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ledger {
    /// The corrections; `None` where the file does not say.
    pub contains: Option<BTreeSet<Correction>>,
    /// Whether m is in counts per (Bq/mL · mm), so that the image comes out in Bq/mL.
    pub calibrated: bool,
    /// Time in s from the moment to which the activity refers to the start of the scan; `None` where decay is not held:
    /// the image then is the mean rate of positrons over the scan.
    pub moment_s: Option<f64>,
}

/// A correction that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the measurement holds its {0} already")]
pub struct Held(pub Correction);

impl Ledger {
    /// Counts as the scanner gives them.
    pub fn raw() -> Self {
        Self::of([])
    }

    /// Of a measurement that holds these.
    pub fn of(contains: impl IntoIterator<Item = Correction>) -> Self {
        Self { contains: Some(contains.into_iter().collect()), ..Self::default() }
    }

    /// The same with factors that make images in Bq/mL.
    pub fn calibrated(self) -> Self {
        Self { calibrated: true, ..self }
    }

    /// Whether a correction is held.
    pub fn holds(&self, correction: Correction) -> bool {
        self.contains.as_ref().is_some_and(|all| all.contains(&correction))
    }

    /// Writes down what is applied now.
    pub fn apply(&mut self, correction: Correction) -> Result<(), Held> {
        match self.contains.get_or_insert_default().insert(correction) {
            true => Ok(()),
            false => Err(Held(correction)),
        }
    }

    /// Fills in what a file that does not say so probably holds: factors m are attenuation × normalisation, a
    /// background is randoms and scatter. In words, where something had to be taken.
    pub fn assume(&mut self, factors: bool, background: bool) -> Option<String> {
        use Correction::*;
        if self.contains.is_some() {
            return None;
        }
        let of_factors: &[Correction] = if factors { &[Attenuation, Normalisation] } else { &[] };
        let of_background: &[Correction] = if background { &[Randoms, Scatter] } else { &[] };
        self.contains = Some(of_factors.iter().chain(of_background).copied().collect());
        (factors || background).then(|| {
            let what = match (factors, background) {
                (true, true) => "its factors and background are",
                (true, false) => "its factors are",
                _ => "its background is",
            };
            format!("the measurement does not say what it holds; {what} taken for {}", self.in_words())
        })
    }

    /// Unit of the image.
    pub fn unit(&self) -> ImageUnit {
        if self.calibrated { ImageUnit::BecquerelPerMl } else { ImageUnit::CountsPerMm }
    }

    /// The corrections in a row, as files spell them: `attenuation normalisation`; `none` where there is none.
    pub fn in_words(&self) -> String {
        let all: Vec<_> = self.contains.iter().flatten().map(ToString::to_string).collect();
        if all.is_empty() { "none".into() } else { all.join(" ") }
    }

    /// What [`Ledger::in_words`] wrote; the word that is no correction where there is one.
    pub fn parse(words: &str) -> Result<BTreeSet<Correction>, String> {
        let named = |word: &str| Correction::named(word).ok_or_else(|| word.to_owned());
        words.split_whitespace().filter(|word| *word != "none").map(named).collect()
    }

    /// To which moment the activity of the image refers.
    pub fn moment(&self) -> String {
        match self.moment_s {
            None if self.calibrated => "mean rate of positrons over the scan (no decay correction)".into(),
            None => "mean over the scan (no decay correction)".into(),
            Some(0.0) => "activity at the start of the scan".into(),
            Some(before) => format!("activity {before} s before the start of the scan"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_applied_twice() {
        let mut ledger = Ledger::raw();
        ledger.apply(Correction::Randoms).unwrap();
        assert_eq!(ledger.apply(Correction::Randoms), Err(Held(Correction::Randoms)));
        assert!(ledger.holds(Correction::Randoms) && !ledger.holds(Correction::Scatter));
    }

    #[test]
    fn words_come_back() {
        for bits in 0..1 << Correction::ALL.len() {
            let own = (0..Correction::ALL.len()).filter(|n| bits >> n & 1 == 1).map(|n| Correction::ALL[n]);
            let ledger = Ledger::of(own);
            assert_eq!(Ledger::parse(&ledger.in_words()).ok(), ledger.contains);
        }
        assert_eq!(Ledger::parse("randoms scater"), Err("scater".into()));
    }

    #[test]
    fn what_is_assumed_is_told_unless_it_is_stated() {
        let mut unsaid = Ledger::default();
        let told = unsaid.assume(true, false).unwrap();
        assert!(told.contains("its factors are taken for attenuation normalisation"), "{told}");
        assert!(unsaid.holds(Correction::Attenuation) && !unsaid.holds(Correction::Randoms));
        assert_eq!(Ledger::default().assume(false, false), None);
        assert_eq!(Ledger::of([Correction::Normalisation]).assume(true, true), None);
    }
}
