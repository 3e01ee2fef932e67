//! Phantoms of a number: `random-17`; without its lesions, `random-17-plain`; with six of them near z = 0,
//! `random-17-lesions`. Bodies with organs of random places, sizes, shapes and uptakes, and up to five lesions, hot and
//! cold, 5 to 30 mm: many different truths for calibration and for false alarms.

use super::solid::{Form, Solid};
use super::vector::{Vector, orientation, unit};
use super::{Phantom, PhantomError};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::f64::consts::{PI, TAU};

const PREFIX: &str = "random-";
/// Which lesions a phantom has.
#[derive(Clone, Copy, PartialEq)]
enum Lesions {
    None,
    /// Up to five anywhere.
    Few,
    /// Six near the middle.
    Middle,
}

const ENDINGS: [(&str, Lesions); 2] = [("-plain", Lesions::None), ("-lesions", Lesions::Middle)];

/// Lesions of `-lesions`, how far from z = 0 they may be, and how far apart.
const MANY: usize = 6;
const MIDDLE_MM: f64 = 14.0;
const APART_MM: f64 = 36.0;

/// µ at 511 keV in 1/cm.
const SOFT: f64 = 0.096;
const LUNG: f64 = 0.029;
const BONE: f64 = 0.13;

/// The phantom of a name `random-N`, with or without an ending; `None` for other names.
pub(super) fn named(name: &str) -> Option<Result<Phantom, PhantomError>> {
    let rest = name.strip_prefix(PREFIX)?;
    let ended = ENDINGS.iter().find_map(|(ending, lesions)| Some((rest.strip_suffix(ending)?, *lesions)));
    let (number, lesions) = ended.unwrap_or((rest, Lesions::Few));
    let wrong = |_| PhantomError::Field {
        file: name.into(),
        field: "the number in its name".into(),
        found: number.into(),
        expected: "a whole number, as in random-17",
    };
    Some(number.parse().map_err(wrong).map(|number| Painter::new(name, number).paint(lesions)))
}

struct Painter {
    random: Pcg64,
    phantom: Phantom,
    /// Half sizes of the body across.
    half: [f64; 2],
    level: f64,
}

impl Painter {
    fn new(name: &str, number: u64) -> Self {
        let phantom = Phantom {
            name: name.into(),
            description: "A random body with organs and, unless its name ends in -plain, lesions; near z = 0 where it ends in -lesions.".into(),
            citation: "The program's own generator; the number in the name is its seed.".into(),
            ..Phantom::balls(name, &[])
        };
        Self { random: Pcg64::seed_from_u64(number), phantom, half: [0.0; 2], level: 0.0 }
    }

    fn paint(mut self, lesions: Lesions) -> Phantom {
        self.body();
        for organ in 0..self.random.random_range(5..12) {
            self.organ(organ);
        }
        if self.chance(0.7) {
            self.spine();
        }
        // All random numbers of the lesions come last: without them nothing else changes.
        match lesions {
            Lesions::None => {}
            Lesions::Few => {
                for lesion in 0..self.random.random_range(0..6) {
                    let centre = self.place(0.85);
                    self.lesion(lesion, centre);
                }
            }
            Lesions::Middle => {
                let mut centres: Vec<Vector> = Vec::new();
                // A small body has less room.
                for _ in 0..20 * MANY {
                    let mut centre = self.place(0.85);
                    centre[2] = self.random.random_range(-MIDDLE_MM..MIDDLE_MM);
                    let apart = |other: &Vector| (0..3).map(|n| (other[n] - centre[n]).powi(2)).sum::<f64>().sqrt();
                    if centres.len() < MANY && centres.iter().all(|other| apart(other) > APART_MM) {
                        self.lesion(centres.len(), centre);
                        centres.push(centre);
                    }
                }
            }
        }
        self.phantom
    }

    fn body(&mut self) {
        self.level = self.between(1500.0, 6000.0);
        let head = self.chance(0.25);
        let width = if head { self.between(65.0, 85.0) } else { self.between(110.0, 175.0) };
        self.half = [width, width * if head { self.between(1.05, 1.3) } else { self.between(0.6, 0.85) }];
        let [x, y] = self.half;
        let rim = if self.chance(0.6) { self.between(0.86, 0.96) } else { 1.0 };
        let (form, long) = if head { (Form::Ellipsoid, 100.0) } else { (Form::Cylinder, 220.0) };
        if rim < 1.0 {
            let activity = self.level * self.between(0.2, 0.6);
            self.add(Solid::new(form, [0.0; 3], super::vector::IDENTITY, [x, y, long]), activity, SOFT, "rim");
        }
        let inner = [rim * x, rim * y, if head { rim * long } else { long }];
        self.add(Solid::new(form, [0.0; 3], super::vector::IDENTITY, inner), self.level, SOFT, "background");
        self.half = [inner[0], inner[1]];
    }

    fn organ(&mut self, number: usize) {
        let [x, y] = self.half;
        let size = self.between(0.12, 0.5) * x.min(y);
        let half = [(); 3].map(|()| size * self.between(0.6, 1.5));
        let centre = self.place(0.62);
        let (activity, attenuation) = match self.random.random_range(0..6) {
            0 => (self.between(0.1, 0.4), LUNG),
            1 => (0.0, SOFT),
            2 | 3 => (self.between(0.4, 1.3), SOFT),
            _ => (self.between(1.2, 5.0), SOFT),
        };
        let form = if self.chance(0.8) { Form::Ellipsoid } else { Form::Cylinder };
        let solid = self.turned(form, centre, half);
        self.add(solid, self.level * activity, attenuation, &format!("organ-{number}"));
    }

    fn spine(&mut self) {
        let radius = self.between(12.0, 24.0);
        let centre = [self.between(1.0, 10.0) - 5.5, 0.6 * self.half[1], 0.0];
        let solid = Solid::new(Form::Cylinder, centre, super::vector::IDENTITY, [radius, 0.85 * radius, 220.0]);
        let activity = self.level * self.between(0.7, 2.0);
        self.add(solid, activity, BONE, "spine");
    }

    fn lesion(&mut self, number: usize, centre: Vector) {
        let radius = 0.5 * self.between(5.0, 30.0);
        let half = [(); 3].map(|()| radius * self.between(0.75, 1.2));
        let form = match self.random.random_range(0..5) {
            0 => Form::Box,
            1 => Form::Cylinder,
            2 => Form::Cone { middle: 0.65, slope: -0.35 },
            _ => Form::Ellipsoid,
        };
        let tissue = self.phantom.shape_at(centre).map_or(0.0, |shape| self.phantom.activity[shape]);
        let activity = match self.random.random_range(0..5) {
            0 => tissue * self.between(0.05, 0.6),
            _ => tissue.max(0.3 * self.level) * self.between(1.5, 8.0),
        };
        let solid = self.turned(form, centre, half);
        self.add(solid, activity, SOFT, &format!("lesion-{number}"));
    }

    /// A point within a share of the body's half sizes.
    fn place(&mut self, share: f64) -> Vector {
        let (sin, cos) = self.random.random_range(0.0..TAU).sin_cos();
        let distance = share * self.random.random_range(0.0_f64..1.0).sqrt();
        [distance * self.half[0] * cos, distance * self.half[1] * sin, self.random.random_range(-60.0..60.0)]
    }

    fn turned(&mut self, form: Form, centre: Vector, half: Vector) -> Solid {
        let tilt = [(); 2].map(|()| self.random.random_range(-0.7..0.7));
        let axis = unit([tilt[0], tilt[1], 1.0]).unwrap_or([0.0, 0.0, 1.0]);
        Solid::new(form, centre, orientation(axis, self.random.random_range(0.0..PI)), half)
    }

    fn add(&mut self, solid: Solid, activity: f64, attenuation: f64, region: &str) {
        self.phantom.solids.push(solid);
        self.phantom.activity.push(activity);
        self.phantom.attenuation.push(attenuation);
        self.phantom.region.push(Some(region.into()));
    }

    /// All orders of magnitude between two numbers are equally likely.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.random.random_range(0.0..1.0))
    }

    fn chance(&mut self, share: f64) -> bool {
        self.random.random_range(0.0..1.0) < share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_makes_a_phantom_again_and_lesions_change_nothing_else() {
        let phantom = |name: &str| Phantom::load(name).unwrap();
        for number in 0..50 {
            let (with, plain) = (phantom(&format!("random-{number}")), phantom(&format!("random-{number}-plain")));
            assert_eq!(with, phantom(&with.name.clone()));
            let shapes = plain.shapes();
            assert_eq!((&with.solids[..shapes], &with.activity[..shapes]), (&plain.solids[..], &plain.activity[..]));
            assert!(plain.regions().iter().all(|region| !region.starts_with("lesion")));
            let many = phantom(&format!("random-{number}-lesions"));
            assert_eq!((&many.solids[..shapes], &many.activity[..shapes]), (&plain.solids[..], &plain.activity[..]));
            assert!((2..=MANY).contains(&(many.shapes() - shapes)), "{} {}", many.shapes(), shapes);
            assert!((7..=20).contains(&with.shapes()) && with.shapes() - shapes < 6, "{}", with.shapes());
            let [x, y, _] = with.extent_mm();
            assert!(x[1] - x[0] < 380.0 && y[1] - y[0] < 380.0, "{x:?} {y:?}");
        }
        assert_ne!(phantom("random-1").activity, phantom("random-2").activity);
        assert!(Phantom::load("random-x").unwrap_err().to_string().contains("a whole number, as in random-17"));
    }
}
