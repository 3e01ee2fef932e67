//! A small scan, quick to reconstruct, with counts that fluctuate by a rule instead of a generator.

use coincide::algorithm::{Algorithm, Lbfgs, Objective, optimality};
use coincide::data::{Background, Clock, Ledger, Measurement};
use coincide::image::ImageGrid;
use coincide::operator::{LinearOperator, Projector};
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
use std::sync::Arc;

/// Six rings of 72 crystals.
pub fn geometry() -> SinogramGeometry {
    let scanner = Scanner { crystals_per_ring: 72, radial_bins: 33, rings: 6, ..preset("siemens-mmr").unwrap() };
    SinogramGeometry::new(scanner, AxialCompression::Span { span: 3, max_ring_difference: 5 }, 1, 0).unwrap()
}

/// Wider than the field of view.
pub fn grid() -> ImageGrid {
    ImageGrid::centred([28, 28, 11], [22.0, 22.0, 2.03125])
}

/// A hot box in a warm one.
pub fn truth() -> Vec<f32> {
    let value = |voxel: usize| {
        let [x, y, z] = grid().centre_mm([voxel / (28 * 11), voxel / 11 % 28, voxel % 11]);
        let warm = x.abs() < 120.0 && y.abs() < 100.0;
        let hot = (x - 40.0).abs() < 40.0 && (y + 30.0).abs() < 40.0 && z > -5.0;
        if hot { 4.0 } else { f32::from(u8::from(warm)) }
    };
    (0..grid().voxels()).map(value).collect()
}

/// Line integrals of the truth, weighted by factors, on a background; counts are the mean plus a multiple of its root.
pub fn measurement() -> Arc<Measurement> {
    let geometry = geometry();
    let mut mean = vec![0.0; geometry.bins()];
    Projector::new(&geometry, grid()).forward(&truth(), &mut mean);
    let factors: Vec<f32> = (0..mean.len()).map(|n| 0.02 + 0.01 * (n % 5) as f32).collect();
    let noisy = |n: usize| {
        let (mean, deviation) = (factors[n] * mean[n] + 0.4, ((n * 7919 % 1009) as f32 / 504.5 - 1.0) * 1.7);
        (mean + deviation * mean.sqrt()).max(0.0).round()
    };
    let prompts = (0..mean.len()).map(noisy).collect();
    let background = Some(Background::of_bins(geometry.shape(), vec![0.4; mean.len()]));
    Arc::new(Measurement {
        geometry,
        prompts,
        factors: Some(factors),
        background,
        ledger: Ledger::raw().calibrated(),
        clock: Clock::default(),
    })
}

/// The image after some updates.
pub fn updates<'a>(mut algorithm: impl Algorithm + 'a, count: usize) -> Vec<f32> {
    (0..count).for_each(|_| {
        algorithm.update();
    });
    algorithm.image().to_vec()
}

/// ‖a − b‖ / ‖b‖
pub fn distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |values: &mut dyn Iterator<Item = f32>| values.map(|v| f64::from(v).powi(2)).sum::<f64>();
    (square(&mut a.iter().zip(b).map(|(a, b)| a - b)) / square(&mut b.iter().copied())).sqrt()
}

/// The Karush-Kuhn-Tucker residual.
pub fn kkt(objective: &Objective, x: &[f32]) -> f64 {
    optimality(objective, x, None).1
}

/// The maximum, by very many updates.
pub fn maximum(objective: &Arc<Objective>) -> Vec<f32> {
    let image = updates(Lbfgs::new(objective, 10, None).unwrap(), 150);
    assert!(kkt(objective, &image) < 2e-6, "{}", kkt(objective, &image));
    image
}
