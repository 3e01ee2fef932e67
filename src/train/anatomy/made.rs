//! What a place is made of.

/// What a point is made of: activity, attenuation in 1/cm, intensity in the anatomical image.
pub(super) type Made = [f64; 3];
