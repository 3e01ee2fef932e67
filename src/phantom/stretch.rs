//! What lines through a phantom are cut into.

/// A piece of a line that lies in one visible shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Where it starts, in mm from A.
    pub start_mm: f64,
    /// Where it ends, in mm from A.
    pub end_mm: f64,
    /// Index of the shape, see [`super::Phantom::activity`] and [`super::Phantom::attenuation`].
    pub shape: usize,
}

impl Stretch {
    /// Length in mm.
    pub fn length_mm(&self) -> f64 {
        self.end_mm - self.start_mm
    }
}
