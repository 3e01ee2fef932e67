//! Random pieces of anatomies: a body or its inside, organs, texture, lesions, with soft edges; mean activities around
//! 1.

use rand::{Rng, RngExt};
use std::f64::consts::TAU;

/// Resolution of the images, in voxels: the width of the box that edges are blurred with.
pub const RESOLUTION_VOXELS: f64 = 1.2;

/// An image `[x, y, z]`. Where `planes` is set every plane along z is an anatomy of its own.
pub(super) fn anatomy(shape: [usize; 3], planes: bool, random: &mut impl Rng) -> Vec<f32> {
    if !planes {
        return piece(shape, random);
    }
    let mut image = vec![0.0; shape.iter().product()];
    for z in 0..shape[2] {
        let plane = piece([shape[0], shape[1], 1], random);
        image.iter_mut().skip(z).step_by(shape[2]).zip(plane).for_each(|(voxel, value)| *voxel = value);
    }
    image
}

fn piece(shape: [usize; 3], random: &mut impl Rng) -> Vec<f32> {
    let size = shape.map(|side| side as f64);
    let mut image = vec![0.0; shape.iter().product()];
    let background = random.random_range(0.3..1.5);
    // Half of the pieces lie inside the body, which then reaches beyond them.
    let radius = if random.random_bool(0.5) { 3.0 } else { random.random_range(0.3..0.7) };
    let mut body = Solid::random(size, random);
    body.half = size.map(|side| (radius * side).max(1.0));
    body.paint(shape, &mut image, |_| background);
    for _ in 0..random.random_range(2..9) {
        let mut organ = Solid::random(size, random);
        let across = size[0] * random.random_range(0.06_f64..0.35);
        organ.half = [0; 3].map(|_| across * random.random_range(0.4..1.6));
        let level = background * if random.random_bool(0.25) { 0.1 } else { random.random_range(0.3..3.5) };
        organ.paint(shape, &mut image, |_| level);
    }
    textured(shape, &mut image, random);
    for _ in 0..random.random_range(0..5) {
        let mut lesion = Solid::random(size, random);
        lesion.box_like = false;
        let radius = random.random_range(1.0_f64..5.0);
        lesion.half = [0; 3].map(|_| radius * random.random_range(0.8..1.25));
        let factor =
            if random.random_bool(0.3) { random.random_range(0.0..0.8) } else { random.random_range(1.3..6.0) };
        lesion.paint(shape, &mut image, |before| before * factor);
    }
    image
}

/// Multiplies an image by 1 plus a few long waves.
fn textured(shape: [usize; 3], image: &mut [f32], random: &mut impl Rng) {
    let amplitude = random.random_range(0.0..0.15);
    let wave = |random: &mut _| {
        let direction = [0; 3].map(|_| RngExt::random_range(random, -1.0..1.0) * TAU / 16.0);
        (direction, RngExt::random_range(random, 0.0..TAU))
    };
    let waves: Vec<([f64; 3], f64)> = (0..3).map(|_| wave(random)).collect();
    for_each(shape, image, |at, value| {
        let sum: f64 = waves.iter().map(|(k, phase)| (k[0] * at[0] + k[1] * at[1] + k[2] * at[2] + phase).sin()).sum();
        value * (1.0 + amplitude * sum)
    });
}

/// An ellipsoid or a box, turned about z.
struct Solid {
    centre: [f64; 3],
    half: [f64; 3],
    angle: f64,
    box_like: bool,
}

impl Solid {
    fn random(size: [f64; 3], random: &mut impl Rng) -> Self {
        let centre = size.map(|side| side * random.random_range(0.0..1.0));
        let angle = random.random_range(0.0..TAU);
        Self { centre, half: [1.0; 3], angle, box_like: random.random_bool(0.2) }
    }

    /// Blends `level` of what was there into the voxels inside.
    fn paint(&self, shape: [usize; 3], image: &mut [f32], level: impl Fn(f64) -> f64) {
        let thickness = self.half.iter().copied().fold(f64::INFINITY, f64::min);
        let (sin, cos) = self.angle.sin_cos();
        for_each(shape, image, |at, value| {
            let [x, y, z] = [0, 1, 2].map(|a| at[a] - self.centre[a]);
            // A plane on its own has no third direction.
            let z = if shape[2] == 1 { 0.0 } else { z };
            let place = [(cos * x + sin * y) / self.half[0], (cos * y - sin * x) / self.half[1], z / self.half[2]];
            let radius = match self.box_like {
                true => place.iter().map(|p| p.abs()).fold(0.0, f64::max),
                false => place.iter().map(|p| p * p).sum::<f64>().sqrt(),
            };
            let inside = (0.5 - (radius - 1.0) * thickness / RESOLUTION_VOXELS).clamp(0.0, 1.0);
            if inside > 0.0 { value + inside * (level(value) - value) } else { value }
        });
    }
}

fn for_each(shape: [usize; 3], image: &mut [f32], f: impl Fn([f64; 3], f64) -> f64) {
    let [_, ny, nz] = shape;
    for (n, value) in image.iter_mut().enumerate() {
        let at = [n / (ny * nz), n / nz % ny, n % nz].map(|place| place as f64);
        *value = f(at, f64::from(*value)) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::anatomy;
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    #[test]
    fn activities_are_around_one_and_every_plane_is_its_own() {
        let mut random = Pcg64::seed_from_u64(1);
        let images: Vec<_> = (0..20).map(|_| anatomy([32, 32, 8], true, &mut random)).collect();
        let all = || images.iter().flatten().copied();
        assert!(all().all(|x| (0.0..60.0).contains(&x)));
        let mean = all().sum::<f32>() / all().count() as f32;
        assert!((0.5..2.0).contains(&mean), "{mean}");
        let image = &images[0];
        let same = image.chunks(8).filter(|row| row[0] == row[1]).count();
        assert!(same < image.len() / 16, "{same} rows are alike");
        assert_eq!(anatomy([9, 8, 7], false, &mut random).len(), 504);
    }
}
