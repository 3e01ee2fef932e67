//! What is known of a measurement before its counts are read.

use super::{Clock, Ledger, Measurement};
use crate::scanner::SinogramGeometry;

/// A measurement without its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// Where the lines are.
    pub geometry: SinogramGeometry,
    /// What factors and background hold.
    pub ledger: Ledger,
    /// When it was made.
    pub clock: Clock,
    /// Whether there are factors.
    pub factors: bool,
    /// Whether there is a background.
    pub background: bool,
    /// Bytes that the counts take in memory.
    pub counts_bytes: usize,
    /// Bytes that the factors and the background take.
    pub other_bytes: usize,
}

impl Outline {
    /// Of counts alone, four bytes each.
    pub fn of_counts(geometry: SinogramGeometry, clock: Clock) -> Self {
        let counts_bytes = size_of::<f32>() * geometry.bins();
        let ledger = Ledger::raw();
        Self { geometry, ledger, clock, factors: false, background: false, counts_bytes, other_bytes: 0 }
    }
}

impl From<&Measurement> for Outline {
    fn from(measurement: &Measurement) -> Self {
        let counts_bytes = measurement.prompts.bytes();
        Self {
            geometry: measurement.geometry.clone(),
            ledger: measurement.ledger.clone(),
            clock: measurement.clock,
            factors: measurement.factors.is_some(),
            background: measurement.background.is_some(),
            counts_bytes,
            other_bytes: measurement.bytes() - counts_bytes,
        }
    }
}
