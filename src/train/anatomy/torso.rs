//! Torsos: fat, muscle, lungs, heart, liver, spleen, kidneys, spine, vessels, bowel, bladder, arms.
//!
//! Sizes are those of an adult, in units of the body's half width and half depth; uptakes span what common tracers
//! show.

use super::part::Part;
use super::{Body, about, between, chance, tissue};
use rand::RngExt;
use rand_pcg::Pcg64;
use std::f64::consts::PI;

/// Long compared with any scanner: a solid of this half length is a cylinder.
const LONG_MM: f64 = 400.0;

pub(super) fn body(room_mm: f64, random: &mut Pcg64) -> (Vec<Part>, Body) {
    let width = (between(130.0, 210.0, random)).min(0.9 * room_mm);
    let depth = width * between(0.55, 0.8, random);
    let level = between(0.3, 1.5, random);
    let power = random.random_range(2.0..2.8);
    let middle = [random.random_range(-8.0..8.0), random.random_range(-8.0..8.0), 0.0];
    let mut torso = Torso { parts: Vec::new(), middle, width, depth, random };
    torso.add([0.0, 0.0], [1.0, 1.0, LONG_MM], 0.0, level * 0.35, tissue::FAT, power);
    let lean = torso.random.random_range(0.82..0.97);
    torso.add([0.0, 0.0], [lean, lean * 0.97, LONG_MM], 0.0, level, tissue::SOFT, power);
    // Above the diaphragm or below it, or across: the organs of both where the slice is near.
    match torso.random.random_range(0..3) {
        0 => torso.chest(level),
        1 => torso.abdomen(level),
        _ => torso.pelvis(level),
    }
    torso.spine(level);
    if width < 0.62 * room_mm && chance(0.5, torso.random) {
        torso.arms(level, room_mm);
    }
    let parts = torso.parts;
    (parts, Body { centre: middle, half: [lean * width, lean * depth, 60.0], activity: level })
}

struct Torso<'a> {
    parts: Vec<Part>,
    middle: [f64; 3],
    width: f64,
    depth: f64,
    random: &'a mut Pcg64,
}

impl Torso<'_> {
    /// Place and half sizes across in units of the body's half sizes, half length in mm.
    fn add(&mut self, at: [f64; 2], half: [f64; 3], turn: f64, activity: f64, attenuation: f64, power: f64) {
        let centre = [self.middle[0] + at[0] * self.width, self.middle[1] + at[1] * self.depth, self.middle[2]];
        let half = [half[0] * self.width, half[1] * self.depth, half[2]];
        self.parts.push(Part::ellipsoid(centre, half, turn, activity, attenuation).rounded(power));
    }

    /// An organ of about this place and size that is off the slice by some share of its length.
    fn organ(&mut self, at: [f64; 2], half: [f64; 3], activity: f64, attenuation: f64) {
        let random = &mut *self.random;
        let at = at.map(|at| at + random.random_range(-0.06..0.06));
        let half = half.map(|half| half * about(0.25, random));
        let turn = random.random_range(-0.5..0.5);
        let texture = if chance(0.4, random) { random.random_range(0.02..0.15) } else { 0.0 };
        let off = half[2] * random.random_range(-0.8..0.8);
        self.add(at, half, turn, activity, attenuation, 2.0);
        if let Some(organ) = self.parts.pop() {
            let mut organ = organ.textured(texture);
            organ.shift_z(off);
            self.parts.push(organ);
        }
    }

    fn chest(&mut self, level: f64) {
        for side in [-1.0, 1.0] {
            let activity = level * between(0.15, 0.6, self.random);
            self.organ([0.47 * side, 0.0], [0.32, 0.62, 120.0], activity, tissue::LUNG);
        }
        let uptake = level * between(1.0, 8.0, self.random);
        let pool = level * between(0.8, 2.5, self.random);
        // The left ventricle: its wall, then the blood in it.
        let place = [0.22 + self.random.random_range(-0.06..0.06), -0.3];
        self.organ(place, [0.24, 0.33, 45.0], uptake, tissue::SOFT);
        if let Some(mut blood) = self.parts.last().cloned() {
            blood.shrink(self.random.random_range(0.5..0.75));
            blood.activity = super::part::Paint::Set(pool);
            self.parts.push(blood);
        }
        self.organ([0.0, 0.25], [0.07, 0.1, 200.0], pool, tissue::SOFT);
        self.ribs(level);
    }

    fn ribs(&mut self, level: f64) {
        let count = self.random.random_range(4..12);
        let activity = level * between(0.5, 1.5, self.random);
        for rib in 0..count {
            let angle = 2.0 * PI * (rib as f64 + self.random.random_range(0.0..0.6)) / count as f64;
            let at = [0.84 * angle.cos(), 0.82 * angle.sin()];
            self.add(at, [0.07, 0.045, 30.0], angle + 0.5 * PI, activity, tissue::BONE, 2.0);
        }
    }

    fn abdomen(&mut self, level: f64) {
        let [liver, spleen, cortex] =
            [[1.2, 4.0], [1.0, 4.0], [2.0, 12.0]].map(|[low, high]| level * between(low, high, self.random));
        self.organ([-0.42, -0.08], [0.46, 0.58, 80.0], liver, tissue::SOFT);
        self.organ([0.6, 0.25], [0.17, 0.28, 50.0], spleen, tissue::SOFT);
        for side in [-1.0, 1.0] {
            self.organ([0.42 * side, 0.45], [0.15, 0.2, 50.0], cortex, tissue::SOFT);
            if let Some(mut pelvis) = self.parts.last().cloned() {
                pelvis.shrink(self.random.random_range(0.35..0.6));
                pelvis.activity = super::part::Paint::Set(cortex * between(0.3, 3.0, self.random));
                self.parts.push(pelvis);
            }
        }
        self.organ([0.02, 0.32], [0.06, 0.08, 200.0], level * 1.3, tissue::SOFT);
        self.bowel(level, 6);
    }

    fn pelvis(&mut self, level: f64) {
        let urine = level * between(2.0, 30.0, self.random);
        self.organ([0.0, -0.25], [0.24, 0.32, 35.0], urine, tissue::SOFT);
        for side in [-1.0, 1.0] {
            let activity = level * between(0.6, 2.0, self.random);
            self.organ([0.55 * side, 0.1], [0.16, 0.28, 60.0], activity, tissue::BONE);
        }
        self.bowel(level, 4);
    }

    /// Loops of bowel, walls and contents.
    fn bowel(&mut self, level: f64, most: usize) {
        for _ in 0..self.random.random_range(0..=most) {
            let at = [self.random.random_range(-0.5..0.5), self.random.random_range(-0.6..0.2)];
            let radius = self.random.random_range(0.05..0.14);
            let activity = level * between(0.5, 4.0, self.random);
            self.organ(at, [radius, 1.4 * radius, 30.0], activity, tissue::SOFT);
            if chance(0.3, self.random)
                && let Some(mut gas) = self.parts.last().cloned()
            {
                gas.shrink(0.6);
                (gas.activity, gas.attenuation) = (super::part::Paint::Set(0.0), Some(tissue::AIR));
                self.parts.push(gas);
            }
        }
    }

    fn spine(&mut self, level: f64) {
        let activity = level * between(0.8, 3.0, self.random);
        self.organ([0.0, 0.58], [0.13, 0.19, 200.0], activity, tissue::BONE);
        self.organ([0.0, 0.8], [0.05, 0.09, 200.0], 0.5 * level, tissue::SOFT);
    }

    fn arms(&mut self, level: f64, room_mm: f64) {
        let radius = self.random.random_range(28.0..45.0) / self.width;
        let place = (1.12 + radius).min(0.95 * room_mm / self.width - radius);
        for side in [-1.0, 1.0] {
            let half = [radius, radius * self.width / self.depth, LONG_MM];
            self.add([side * place, 0.1], half, 0.0, 0.8 * level, tissue::SOFT, 2.0);
            self.add([side * place, 0.1], half.map(|half| 0.3 * half), 0.0, 0.4 * level, tissue::BONE, 2.0);
        }
    }
}
