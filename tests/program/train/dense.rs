//! The unrolled chain once more, in f64 and on matrices that are written out: what gradients are checked against.

use coincide::likelihood::Model;
use coincide::prior::network::Applied;
use coincide::train::{NoiseOfSlices, Prepared, Unrolling};

/// One subset: rows of m ⊙ G B, counts, background.
struct Subset {
    rows: Vec<Vec<f64>>,
    counts: Vec<f64>,
    background: Vec<f64>,
    /// s and, for every voxel, ν̄ s̄ of its scan.
    sensitivity: Vec<f64>,
    mean: Vec<f64>,
}

pub struct Dense {
    subsets: Vec<Subset>,
    unrolling: Unrolling,
    slices: usize,
    apart: bool,
    noise: Vec<f64>,
}

impl Dense {
    pub fn new(model: &Model, unrolling: Unrolling, apart: bool, noise: &NoiseOfSlices) -> Self {
        let slices = model.grid().shape[2];
        let subsets = (0..model.subsets()).map(|subset| Subset::new(model, subset, apart, &noise.means)).collect();
        let noise = noise.map.iter().map(|&noise| f64::from(noise)).collect();
        Self { subsets, unrolling, slices, apart, noise }
    }

    /// The supervised losses of the chain with the stand-in network: that of the last image, and the mean of those of
    /// all z.
    pub fn losses(&self, prepared: &Prepared, parameters: &[f64], gamma: &[f64]) -> [f64; 2] {
        let mut x: Vec<f64> = prepared.start.iter().map(|&x| f64::from(x)).collect();
        let mut of_targets = Vec::new();
        for iteration in 0..self.unrolling.iterations {
            let after = self.unrolling.applied == Applied::After;
            // γ = 0, as near as its formula allows.
            let gamma = if after { 1e-12 } else { gamma[iteration.min(gamma.len() - 1)] };
            let mut z = Vec::new();
            for (place, subset) in self.subsets.iter().enumerate() {
                if place == 0 || self.unrolling.applied == Applied::Update {
                    z = stand_in(parameters, &x, &self.noise);
                    of_targets.push(self.nrmse(&z, &prepared.case.truth));
                }
                x = subset.update(&x, &z, gamma);
            }
        }
        if self.unrolling.applied == Applied::After {
            x = stand_in(parameters, &x, &self.noise);
        }
        let mean = of_targets.iter().sum::<f64>() / of_targets.len() as f64;
        [self.nrmse(&x, &prepared.case.truth), mean]
    }

    fn nrmse(&self, x: &[f64], truth: &[f32]) -> f64 {
        let scans = if self.apart { self.slices } else { 1 };
        let error = |scan: usize| {
            let voxels = || (0..x.len()).filter(|voxel| !self.apart || voxel % self.slices == scan);
            let above: f64 = voxels().map(|voxel| (x[voxel] - f64::from(truth[voxel])).powi(2)).sum();
            (above / voxels().map(|voxel| f64::from(truth[voxel]).powi(2)).sum::<f64>()).sqrt()
        };
        (0..scans).map(error).sum::<f64>() / scans as f64
    }
}

impl Subset {
    fn new(model: &Model, subset: usize, apart: bool, noise: &[f32]) -> Self {
        let (voxels, bins, slices) = (model.grid().voxels(), model.system().subset_bins(), model.grid().shape[2]);
        let measurement = model.measurement();
        let [views, radial, tof, planes] = measurement.geometry.shape();
        assert_eq!(tof, 1);
        let of_subset = |array: &[f32]| -> Vec<f64> {
            let view = |view: usize| &array[view * radial * planes..(view + 1) * radial * planes];
            let mine = &coincide::data::subsets(views, model.subsets()).unwrap()[subset];
            mine.iter().flat_map(|&one| view(one).iter().map(|&value| f64::from(value))).collect()
        };
        let factors = of_subset(measurement.factors.as_ref().unwrap());
        let mut rows = vec![vec![0.0; voxels]; bins];
        for voxel in 0..voxels {
            let (mut unit, mut line) = (vec![0.0; voxels], vec![0.0; bins]);
            unit[voxel] = 1.0;
            model.system().forward(subset, &unit, &mut line);
            (0..bins).for_each(|bin| rows[bin][voxel] = factors[bin] * f64::from(line[bin]));
        }
        let sensitivity: Vec<f64> = (0..voxels).map(|voxel| rows.iter().map(|row| row[voxel]).sum()).collect();
        // All of this small image lies inside of the field of view but its corners.
        let radius = measurement.geometry.line(0, 0).distance_and_angle().0.abs();
        let last = measurement.geometry.line(0, radial - 1).distance_and_angle().0.abs();
        let ny = model.grid().shape[1];
        let inside = |voxel: usize| {
            let [x, y, _] = model.grid().centre_mm([voxel / slices / ny, voxel / slices % ny, 0]);
            x.hypot(y) <= radius.min(last)
        };
        let mean_of = |scan: usize| {
            let mine: Vec<f64> =
                (0..voxels).filter(|&v| inside(v) && (!apart || v % slices == scan)).map(|v| sensitivity[v]).collect();
            f64::from(noise[scan]) * mine.iter().sum::<f64>() / mine.len() as f64
        };
        let means: Vec<f64> = (0..slices).map(mean_of).collect();
        Self {
            rows,
            counts: of_subset(&measurement.prompts.to_vec()),
            background: of_subset(&measurement.background.as_ref().unwrap().to_vec()),
            mean: (0..voxels).map(|voxel| means[voxel % slices]).collect(),
            sensitivity,
        }
    }

    /// EM, then the positive root of γ x² + (s − γ z) x − s e = 0.
    fn update(&self, x: &[f64], z: &[f64], gamma: f64) -> Vec<f64> {
        let mut back = vec![0.0; x.len()];
        for (row, (y, b)) in self.rows.iter().zip(self.counts.iter().zip(&self.background)) {
            let mean = row.iter().zip(x).map(|(a, x)| a * x).sum::<f64>() + b;
            if mean > 0.0 {
                back.iter_mut().zip(row).for_each(|(back, a)| *back += a * y / mean);
            }
        }
        let fused = |voxel: usize| {
            let s = self.sensitivity[voxel];
            if s <= 0.0 {
                return 0.0;
            }
            let (e, gamma) = (x[voxel] * back[voxel] / s, gamma * self.mean[voxel]);
            let b = s - gamma * z[voxel];
            let root = (b * b + 4.0 * gamma * s * e).sqrt();
            if b >= 0.0 { 2.0 * s * e / (b + root) } else { (root - b) / (2.0 * gamma) }
        };
        (0..x.len()).map(fused).collect()
    }
}

fn stand_in(parameters: &[f64], x: &[f64], noise: &[f64]) -> Vec<f64> {
    let n = x.len();
    let bent = |j: usize| parameters[1] * noise[j] * x[j] * x[j] / (1.0 + x[j]);
    (0..n).map(|j| x[j] + parameters[0] * x[(j + 1) % n] + bent(j)).collect()
}
