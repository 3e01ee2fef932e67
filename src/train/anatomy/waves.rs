//! Smooth random fields: sums of plane waves of random direction and phase.

use rand::RngExt;
use rand_pcg::Pcg64;
use std::f64::consts::TAU;

/// A scalar field with zero mean and about unit standard deviation.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Wave vector in radians per mm, and phase.
    waves: Vec<([f64; 3], f64)>,
}

impl Field {
    /// `count` waves with lengths between the two, in mm.
    pub fn random(count: usize, lengths_mm: [f64; 2], random: &mut Pcg64) -> Self {
        let wave = |_| {
            let [short, long] = lengths_mm;
            let length = short * (long / short).powf(random.random_range(0.0..1.0));
            (direction(random).map(|d| d * TAU / length), random.random_range(0.0..TAU))
        };
        Self { waves: (0..count).map(wave).collect() }
    }

    /// The value at a point in mm.
    pub fn at(&self, p: [f64; 3]) -> f64 {
        let sum: f64 =
            self.waves.iter().map(|(k, phase)| (k[0] * p[0] + k[1] * p[1] + k[2] * p[2] + phase).sin()).sum();
        sum * self.unit()
    }

    /// The value at a point in mm, and its slope per mm.
    pub fn with_slope(&self, p: [f64; 3]) -> (f64, [f64; 3]) {
        let (mut value, mut slope) = (0.0, [0.0; 3]);
        for (k, phase) in &self.waves {
            let (sin, cos) = (k[0] * p[0] + k[1] * p[1] + k[2] * p[2] + phase).sin_cos();
            value += sin;
            slope.iter_mut().zip(k).for_each(|(slope, k)| *slope += k * cos);
        }
        let unit = self.unit();
        (value * unit, slope.map(|slope| slope * unit))
    }

    fn unit(&self) -> f64 {
        (2.0 / self.waves.len().max(1) as f64).sqrt()
    }
}

/// A smooth displacement of space, one field per axis.
#[derive(Clone, Debug)]
pub(super) struct Warp {
    fields: [Field; 3],
    amplitude_mm: f64,
}

impl Warp {
    /// A displacement with a standard deviation of `amplitude_mm` along each axis.
    pub fn random(amplitude_mm: f64, lengths_mm: [f64; 2], random: &mut Pcg64) -> Self {
        let fields = [(); 3].map(|()| Field::random(3, lengths_mm, random));
        Self { fields, amplitude_mm }
    }

    /// Where the point is taken from.
    pub fn at(&self, p: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|axis| p[axis] + self.amplitude_mm * self.fields[axis].at(p))
    }

    /// No point moves farther than this along any axis.
    pub fn reach_mm(&self) -> f64 {
        self.amplitude_mm * 6.0_f64.sqrt()
    }
}

/// A direction, uniform on the sphere.
fn direction(random: &mut Pcg64) -> [f64; 3] {
    let z: f64 = random.random_range(-1.0..1.0);
    let (sin, cos) = random.random_range(0.0..TAU).sin_cos();
    let radius = (1.0 - z * z).sqrt();
    [radius * cos, radius * sin, z]
}
