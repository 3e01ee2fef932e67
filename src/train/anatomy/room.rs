//! Where bodies are.

/// The room that a body fits into: a cylinder around the axis, and how much of it is painted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// Its radius in mm.
    pub radius_mm: f64,
    /// Half of the painted length along the axis in mm; 0 for a slice at z = 0.
    pub half_height_mm: f64,
}
