//! Voxels that a subset does not see, or hardly: they are no colder for it, on any scanner and for any number of
//! subsets.

use coincide::algorithm::{Algorithm, DePierro, DenoiseEvery, KernelEm, Objective, Osem, Osl, PnpAdmm, PnpMm};
use coincide::data::Measurement;
use coincide::image::ImageGrid;
use coincide::likelihood::Model;
use coincide::operator::{LinearOperator, Projector};
use coincide::phantom::Phantom;
use coincide::prior::{KernelMatrix, Neighbours, Pairs, Prior, median_root, quadratic};
use coincide::scanner::{AxialCompression, PRESETS, Scanner, SinogramGeometry, preset};
use coincide::simulate::{CountsConfig, SimulationConfig, simulate};
use std::sync::Arc;

/// One ring of a preset: all crystals, gaps and views, voxels as large as a bin.
struct Ring {
    geometry: SinogramGeometry,
    grid: ImageGrid,
    radius_mm: f64,
}

impl Ring {
    fn new(name: &str) -> Self {
        let scanner = Scanner {
            rings: 1,
            tof: None,
            rings_per_block: 0,
            axial_block_gap_mm: 0.0,
            virtual_rings: 0,
            ..preset(name).unwrap()
        };
        let bin = scanner.bin_size_mm;
        let direct = AxialCompression::Span { span: 1, max_ring_difference: 0 };
        let geometry = SinogramGeometry::new(scanner, direct, 1, 0).unwrap();
        let radius_mm = (0.5 * geometry.line(0, 0).distance_and_angle().0.abs()).min(70.0);
        let side = (2.2 * radius_mm / bin).ceil() as usize;
        Self { grid: ImageGrid::centred([side, side, 1], [bin, bin, 5.0]), geometry, radius_mm }
    }

    /// Prompts of a cylinder of 1 Bq/mL, without noise: by exact chords, or by the voxels of the grid.
    fn measured(&self, chords: bool) -> Arc<Measurement> {
        let long = format!(
            "name = \"c\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\nsolid.cylinder = {{ radii_mm = [{0}, {0}], length_mm = 400.0 }}\n\
             activity_bq_per_ml = 1.0\nattenuation_per_cm = 0.0\nregion = \"c\"\n",
            self.radius_mm
        );
        let long = Phantom::parse(&long, "cylinder.toml").unwrap();
        let counts = CountsConfig::TotalPrompts(1e6.try_into().unwrap());
        let config = SimulationConfig { noise: false, ..SimulationConfig::new(counts) };
        let mut scan = simulate(&long, &self.geometry, &config, &|_, _| ()).unwrap().remove(0);
        if !chords {
            let mut prompts = vec![0.0; self.geometry.bins()];
            Projector::new(&self.geometry, self.grid).forward(&self.truth(), &mut prompts);
            prompts.iter_mut().zip(scan.factors.as_ref().unwrap()).for_each(|(y, m)| *y *= m);
            scan.prompts = prompts.into_iter().collect();
        }
        Arc::new(scan)
    }

    fn truth(&self) -> Vec<f32> {
        (0..self.grid.voxels()).map(|voxel| if self.radius(voxel) < 1.0 { 1.0 } else { 0.0 }).collect()
    }

    /// Distance of a voxel from the axis over the cylinder's radius.
    fn radius(&self, voxel: usize) -> f64 {
        let side = self.grid.shape[1];
        let [x, y, _] = self.grid.centre_mm([voxel / side, voxel % side, 0]);
        x.hypot(y) / self.radius_mm
    }

    /// Eight numbers of subsets from 1 to the most, evenly among those that divide the views.
    fn subsets(&self) -> Vec<usize> {
        let views = self.geometry.views;
        let all: Vec<usize> = (1..=views).filter(|count| views.is_multiple_of(*count)).collect();
        let mut some: Vec<usize> = (0..8).map(|n| all[n * (all.len() - 1) / 7]).collect();
        some.dedup();
        some
    }

    /// Means of balls of 20 mm (or a third of the cylinder), over a lattice that fits into it.
    fn balls(&self, image: &[f32]) -> Vec<f64> {
        let radius_mm = 10.0_f64.min(self.radius_mm / 3.0);
        let places = |at: i32| f64::from(at) * radius_mm;
        let centres = (-7..=7).flat_map(|i| (-7..=7).map(move |j| [places(i), places(j)]));
        let inside = centres.filter(|[x, y]| x.hypot(*y) + radius_mm < 0.9 * self.radius_mm);
        let side = self.grid.shape[1];
        let mean = |[x0, y0]: [f64; 2]| {
            let near = (0..image.len()).filter(|&voxel| {
                let [x, y, _] = self.grid.centre_mm([voxel / side, voxel % side, 0]);
                (x - x0).hypot(y - y0) <= radius_mm
            });
            let (sum, count) = near.fold((0.0, 0.0), |(sum, count), n| (sum + f64::from(image[n]), count + 1.0));
            sum / count
        };
        inside.map(mean).collect()
    }
}

fn updated<'a>(mut algorithm: impl Algorithm + 'a, updates: usize) -> Vec<f32> {
    (0..updates).for_each(|_| {
        algorithm.update();
    });
    algorithm.image().to_vec()
}

/// Root mean square of x − 1 over the inner part of the cylinder, and its largest value.
fn errors(ring: &Ring, image: &[f32]) -> [f64; 2] {
    let inner = (0..image.len()).filter(|&voxel| ring.radius(voxel) < 0.8);
    let (sum, worst, count) = inner.fold((0.0, 0.0_f64, 0.0), |(sum, worst, count), voxel| {
        let error = (f64::from(image[voxel]) - 1.0).abs();
        (sum + error * error, worst.max(error), count + 1.0)
    });
    [(sum / count).sqrt(), worst]
}

/// Presets that differ within a ring.
fn rings() -> impl Iterator<Item = &'static str> {
    let alike = |name: &&str| ["siemens-quadra", "ge-dmi-3ring", "ge-dmi-5ring", "ge-dmi-6ring"].contains(name);
    PRESETS.iter().copied().filter(move |name| !alike(name))
}

#[test]
fn no_number_of_subsets_empties_a_voxel() {
    for (name, chords) in rings().map(|name| (name, true)).chain([("siemens-mmr", false), ("safir", false)]) {
        let ring = Ring::new(name);
        let scan = ring.measured(chords);
        let one = Model::new(&scan, ring.grid, None, 1).unwrap();
        // What it takes MLEM to come within 0.5 % of the truth (root mean square).
        let updates = 16;
        let by_mlem = updated(Osem::new(&one, None).unwrap(), updates);
        assert!(errors(&ring, &by_mlem)[0] < 0.0055);
        let mut told = format!("{name}, chords {chords}:");
        for subsets in ring.subsets() {
            let model = one.with_subsets(subsets).unwrap();
            // All views have their turn, however many subsets there are.
            let image = updated(Osem::new(&model, None).unwrap(), updates.div_ceil(subsets) * subsets);
            let zeros = (0..image.len()).filter(|&voxel| ring.radius(voxel) < 1.0 && image[voxel] == 0.0).count();
            let balls = ring.balls(&image).into_iter().zip(ring.balls(&by_mlem));
            let ball = balls.map(|(a, b)| (a / b - 1.0).abs()).fold(0.0, f64::max);
            let [rms, worst] = errors(&ring, &image);
            told += &format!(" {subsets}: zeros {zeros}, balls {ball:.4}, rms {rms:.4}, worst {worst:.4};");
            assert_eq!(zeros, 0, "{name}, {subsets} subsets, chords {chords}");
            // Single views cycle a little.
            let most = if subsets == ring.geometry.views { 0.02 } else { 0.01 };
            assert!(ball < most, "{name}, {subsets} subsets, chords {chords}: a ball is off by {ball}");
            // No holes where the first subset saw nothing: MLEM's own worst voxel is off by .012 to .018.
            let most = if subsets <= 21 { 0.045 } else { 0.35 };
            assert!(worst < most, "{name}, {subsets} subsets, chords {chords}: a voxel is off by {worst}");
        }
        println!("{told}");
    }
}

#[test]
fn no_algorithm_that_divides_by_the_sensitivity_of_a_subset_empties_a_voxel() {
    let ring = Ring::new("siemens-mmr");
    let scan = ring.measured(false);
    // One view each: no line comes near the axis in some of them.
    let model = Model::new(&scan, ring.grid, None, 252).unwrap();
    let pairs = Pairs::new(&ring.grid, Neighbours::default(), None);
    let quadratic = Prior::Smooth(quadratic(pairs));
    let median = Prior::Denoiser(median_root(&ring.grid));
    let kernel = Arc::new(KernelMatrix::new(&ring.grid, &ring.truth(), 2, 8, 1.0));
    let (none, beta) = (Prior::None, 1e-3);
    let smooth = Objective::new(&model, &quadratic, beta);
    let denoised = Objective::new(&model, &median, beta);
    let plain = Objective::new(&model, &none, 0.0);
    let algorithms: Vec<(&str, Box<dyn Algorithm>)> = vec![
        ("osl", Box::new(Osl::new(&smooth, None).unwrap())),
        ("osl, median root", Box::new(Osl::new(&denoised, None).unwrap())),
        ("de-pierro", Box::new(DePierro::new(&smooth, None).unwrap())),
        ("pnp-mm", Box::new(PnpMm::new(&denoised, 1.0, DenoiseEvery::Iteration, None).unwrap())),
        ("pnp-admm", Box::new(PnpAdmm::new(&denoised, 1, None).unwrap())),
        ("kernel EM", Box::new(KernelEm::new(&plain, &kernel, None).unwrap())),
    ];
    for (name, mut algorithm) in algorithms {
        (0..252).for_each(|_| {
            algorithm.update();
        });
        let image = algorithm.image();
        let emptied = (0..image.len()).filter(|&voxel| ring.radius(voxel) < 1.0 && image[voxel] <= 0.0).count();
        let [rms, _] = errors(&ring, image);
        println!("{name}: {emptied} emptied, rms {rms:.4}");
        assert!(emptied == 0 && rms < 0.2, "{name}: {emptied} voxels emptied, rms {rms}");
    }
}

#[test]
fn nothing_is_filled_in_outside_of_the_field() {
    let ring = Ring::new("siemens-mmr");
    let scan = ring.measured(true);
    // Corners beyond the outermost radial bin; a strong prior would draw its neighbours' activity into them.
    let wide = ImageGrid::centred([60, 60, 1], [14.0, 14.0, 5.0]);
    let model = Model::new(&scan, wide, None, 21).unwrap();
    let prior = Prior::Smooth(quadratic(Pairs::new(&wide, Neighbours::default(), None)));
    let objective = Objective::new(&model, &prior, 10.0);
    let image = updated(DePierro::new(&objective, None).unwrap(), 42);
    let field_mm = ring.geometry.line(0, 343).distance_and_angle().0.abs();
    for (voxel, value) in image.iter().enumerate() {
        let [x, y, _] = wide.centre_mm([voxel / 60, voxel % 60, 0]);
        assert!(*value == 0.0 || x.hypot(y) <= field_mm, "{value} at {x}, {y} mm");
    }
    assert!(image.iter().any(|value| *value > 0.0));
}
