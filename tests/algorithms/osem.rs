//! MLEM and OSEM: what theory says they keep.

use coincide::algorithm::{Algorithm, Osem};
use coincide::data::{Background, Clock, Counts, Ledger, Measurement};
use coincide::image::ImageGrid;
use coincide::likelihood::Model;
use coincide::operator::{LinearOperator, Projector};
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
use std::sync::Arc;

fn geometry() -> SinogramGeometry {
    let scanner = Scanner { crystals_per_ring: 72, radial_bins: 49, rings: 6, ..preset("siemens-mmr").unwrap() };
    SinogramGeometry::new(scanner, AxialCompression::Span { span: 3, max_ring_difference: 5 }, 1, 0).unwrap()
}

fn grid() -> ImageGrid {
    ImageGrid::centred([24, 24, 11], [22.0, 22.0, 2.03125])
}

/// A hot box in a warm one.
fn truth(grid: &ImageGrid) -> Vec<f32> {
    let value = |voxel: usize| {
        let [_, ny, nz] = grid.shape;
        let [x, y, z] = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
        if x.abs() > 150.0 || y.abs() > 120.0 {
            0.0
        } else if (x - 60.0).abs() < 40.0 && (y + 30.0).abs() < 40.0 && z > -5.0 {
            4.0
        } else {
            1.0
        }
    };
    (0..grid.voxels()).map(value).collect()
}

/// Counts that fluctuate like Poisson counts do, without a generator: the mean plus a fixed multiple of its root.
fn measurement(background: bool) -> Arc<Measurement> {
    let geometry = geometry();
    let mut mean = vec![0.0; geometry.bins()];
    Projector::new(&geometry, grid()).forward(&truth(&grid()), &mut mean);
    let factors: Vec<f32> = (0..mean.len()).map(|n| 0.02 + 0.01 * (n % 5) as f32).collect();
    let background = background.then(|| vec![0.4; mean.len()]);
    let noisy = |n: usize| {
        let mean = factors[n] * mean[n] + background.as_ref().map_or(0.0, |b| b[n]);
        let deviation = ((n * 7919 % 1009) as f32 / 504.5 - 1.0) * 1.7;
        (mean + deviation * mean.sqrt()).max(0.0).round()
    };
    let prompts = (0..mean.len()).map(noisy).collect();
    let background = background.map(|background| Background::of_bins(geometry.shape(), background));
    Arc::new(Measurement {
        geometry,
        prompts,
        factors: Some(factors),
        background,
        ledger: Ledger::raw().calibrated(),
        clock: Clock::default(),
    })
}

#[test]
fn mlem_keeps_the_counts_and_never_loses_likelihood() {
    let measurement = measurement(false);
    let model = Model::new(&measurement, grid(), None, 1).unwrap();
    let mut mlem = Osem::new(&model, None).unwrap();
    let mut last = f64::NEG_INFINITY;
    for _ in 0..30 {
        mlem.update();
        let objective = model.log_likelihood(mlem.image());
        assert!(objective >= last - 1e-6 * last.abs(), "{objective} after {last}");
        last = objective;
        // Without background, Σ ȳ = Σ y after every update, but for counts that no image could explain.
        let counts = model.counts_in_image(mlem.image());
        assert!((counts / measurement.total_prompts() - 1.0).abs() < 1e-4, "{counts}");
    }
}

#[test]
fn likelihood_never_falls_with_background_and_resolution() {
    let measurement = measurement(true);
    let model = Model::new(&measurement, grid(), Some([30.0, 30.0, 4.0]), 1).unwrap();
    let mut mlem = Osem::new(&model, None).unwrap();
    let mut last = f64::NEG_INFINITY;
    for _ in 0..20 {
        mlem.update();
        let objective = model.log_likelihood(mlem.image());
        assert!(objective >= last - 1e-6 * last.abs(), "{objective} after {last}");
        last = objective;
    }
}

#[test]
fn osem_gets_there_in_fewer_iterations() {
    let measurement = measurement(true);
    let (one, many) =
        (Model::new(&measurement, grid(), None, 1).unwrap(), Model::new(&measurement, grid(), None, 6).unwrap());
    let after = |model: &Model, updates: usize| {
        let mut osem = Osem::new(model, None).unwrap();
        (0..updates).for_each(|_| {
            osem.update();
        });
        one.log_likelihood(osem.image())
    };
    let (mlem, osem) = (after(&one, 12), after(&many, 12));
    // Twelve updates of six subsets are two iterations and come about as far as twelve of MLEM.
    let start = one.log_likelihood(Osem::new(&one, None).unwrap().image());
    assert!((osem - start) > 0.97 * (mlem - start), "MLEM {mlem}, OSEM {osem}, from {start}");
}

#[test]
fn the_image_is_that_of_the_object() {
    let measurement = measurement(true);
    let model = Model::new(&measurement, grid(), None, 6).unwrap();
    let mut osem = Osem::new(&model, None).unwrap();
    (0..60).for_each(|_| {
        osem.update();
    });
    let truth = truth(&grid());
    let mean = |keep: &dyn Fn(f32) -> bool| {
        let kept: Vec<f64> =
            osem.image().iter().zip(&truth).filter(|(_, t)| keep(**t)).map(|(x, _)| *x as f64).collect();
        kept.iter().sum::<f64>() / kept.len() as f64
    };
    let (hot, warm) = (mean(&|t| t == 4.0), mean(&|t| t == 1.0));
    assert!((hot - 4.0).abs() < 0.4 && (warm - 1.0).abs() < 0.1, "hot {hot}, warm {warm}");
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let measurement = measurement(true);
    let image = |threads: usize| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let model = Model::new(&measurement, grid(), Some([30.0, 30.0, 4.0]), 6).unwrap();
            let mut osem = Osem::new(&model, None).unwrap();
            (0..12).for_each(|_| {
                osem.update();
            });
            let objective = model.log_likelihood(osem.image());
            (osem.image().to_vec().into_iter().map(f32::to_bits).collect::<Vec<_>>(), objective.to_bits())
        })
    };
    assert!(image(1) == image(2) && image(1) == image(3));
}

#[test]
fn sensitivities_that_do_not_fit_give_the_same_image() {
    // Factors of one and no background say the same as their absence, but leave room for an image per subset.
    let roomy = {
        let measurement = measurement(false);
        let shape = measurement.geometry.shape();
        let (ones, zeros) = (vec![1.0; measurement.geometry.lines()], vec![0.0; measurement.geometry.bins()]);
        let prompts = Counts::F32(measurement.prompts.to_vec());
        let background = Some(Background::of_bins(shape, zeros));
        Arc::new(Measurement { prompts, factors: Some(ones), background, ..Measurement::clone(&measurement) })
    };
    let tight = Arc::new(Measurement { factors: None, background: None, ..Measurement::clone(&roomy) });
    let image = |measurement: &Arc<Measurement>, kept: (usize, usize)| {
        let model = Model::new(measurement, grid(), None, 6).unwrap();
        let mut osem = Osem::new(&model, None).unwrap();
        assert_eq!(osem.sensitivities_kept(), kept);
        (0..12).for_each(|_| {
            osem.update();
        });
        osem.image().to_vec()
    };
    // Two in 16 bits, and four that are worked out again.
    let (full, packed) = (image(&roomy, (6, 0)), image(&tight, (0, 2)));
    let largest = full.iter().copied().fold(0.0, f32::max);
    let error = full.iter().zip(&packed).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest;
    println!("sensitivities in 16 bits: largest error {error:.1e} of the maximum");
    assert!(error < 5e-4, "{error}");
}
