//! CT images as attenuation at 511 keV, by two straight lines.
//!
//!   µ = 9.6·10⁻⁵ (h + 1000)  up to a break point h₀,   µ = a (h + 1000) + b  above it
//!
//! h in Hounsfield units, µ in 1/cm. Up to the break point a voxel is air mixed with soft tissue, above it soft tissue
//! mixed with bone, whose attenuation grows less with its CT number than at the energies of a CT; a, b and h₀ depend on
//! the tube voltage (Carney, Townsend, Rappoport & Bendriem 2006, Med. Phys. 33, 976–983, table III).

/// Attenuation of a Hounsfield unit of air mixed with water, in 1/cm.
const SOFT: f64 = 9.6e-5;

/// Tube voltage in kV, a and b in 1/cm, h₀ above air.
const TABLE: [(u32, f64, f64, f64); 6] = [
    (80, 3.64e-5, 6.26e-2, 1050.0),
    (100, 4.43e-5, 5.44e-2, 1052.0),
    (110, 4.92e-5, 4.88e-2, 1043.0),
    (120, 5.10e-5, 4.71e-2, 1047.0),
    (130, 5.51e-5, 4.24e-2, 1037.0),
    (140, 5.64e-5, 4.08e-2, 1030.0),
];

/// The lines of one tube voltage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hounsfield {
    slope: f64,
    offset: f64,
    break_point: f64,
}

impl Hounsfield {
    /// Those of a tube voltage in kV; `None` where the table has none.
    pub fn at_kilovolts(kilovolts: u32) -> Option<Self> {
        let (_, slope, offset, break_point) = *TABLE.iter().find(|(known, ..)| *known == kilovolts)?;
        Some(Self { slope, offset, break_point })
    }

    /// Tube voltages in the table, in kV.
    pub fn kilovolts() -> impl Iterator<Item = u32> {
        TABLE.iter().map(|(kilovolts, ..)| *kilovolts)
    }

    /// µ in 1/cm of a CT number; below that of air it is 0.
    pub fn per_cm(&self, hounsfield: f32) -> f32 {
        let above_air = f64::from(hounsfield) + 1000.0;
        let soft = SOFT * above_air.max(0.0);
        (if above_air > self.break_point { self.slope * above_air + self.offset } else { soft }) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn air_water_and_bone() {
        for kilovolts in Hounsfield::kilovolts() {
            let ct = Hounsfield::at_kilovolts(kilovolts).unwrap();
            assert_eq!((ct.per_cm(-1024.0), ct.per_cm(-1000.0)), (0.0, 0.0));
            assert!((ct.per_cm(0.0) - 0.096).abs() < 1e-6);
            // The two lines meet, and bone of 1000 HU at 120 kV is 0.149 per cm.
            let at = ct.break_point as f32 - 1000.0;
            let step = ct.per_cm(at + 0.01) / ct.per_cm(at) - 1.0;
            assert!(step.abs() < 0.006, "{kilovolts} kV: a step of {step}");
        }
        let usual = Hounsfield::at_kilovolts(120).unwrap();
        assert!((usual.per_cm(1000.0) - 0.1491).abs() < 1e-4);
        assert_eq!(Hounsfield::at_kilovolts(90), None);
    }
}
