//! General properties, over every operator there is.

use coincide::image::ImageGrid;
use coincide::operator::{
    Chain, Diagonal, GaussianFilter, LinearOperator, Margin, Projector, Resolution, Translation, Widths, dot_test,
};
use coincide::scanner::{AxialCompression, RadialSampling, Scanner, SinogramGeometry, preset};
use coincide_kernels::Level;
use std::sync::Arc;

/// A preset, cut down to few crystals and rings, so that tests over all scanners stay short.
fn small(name: &str, rings: usize, compression: AxialCompression, tof_mashing: usize) -> SinogramGeometry {
    let scanner = preset(name).unwrap();
    let geometry = SinogramGeometry::new(Scanner { rings, ..scanner }, compression, 1, tof_mashing).unwrap();
    let radial_bins = 48;
    let bin_mm = 8.0;
    // Every view of a real scanner, but radial bins as far apart as it takes to cross the whole image.
    SinogramGeometry { radial_bins, sampling: RadialSampling::ArcCorrected { bin_mm }, views: 24, ..geometry }
}

fn span(span: usize, max_ring_difference: usize) -> AxialCompression {
    AxialCompression::Span { span, max_ring_difference }
}

fn crystals() -> SinogramGeometry {
    let scanner = Scanner {
        crystals_per_ring: 56,
        crystals_per_block: 8,
        radial_bins: 38,
        rings: 8,
        ..preset("siemens-mmr").unwrap()
    };
    SinogramGeometry::new(scanner, span(3, 7), 1, 0).unwrap()
}

fn geometries() -> Vec<(&'static str, SinogramGeometry)> {
    let ge = |max_ring_difference| AxialCompression::Ge { max_ring_difference };
    vec![
        ("mMR crystals, span 3", crystals()),
        ("mMR, span 11", small("siemens-mmr", 16, span(11, 15), 0)),
        ("mMR, span 1", small("siemens-mmr", 6, span(1, 5), 0)),
        ("mMR, direct planes", small("siemens-mmr", 12, span(1, 0), 0)),
        ("mCT, TOF", small("siemens-mct", 8, span(11, 7), 1)),
        ("Vision 600, TOF", small("siemens-vision-600", 8, span(3, 6), 8)),
        ("Quadra", small("siemens-quadra", 40, span(1, 39), 0)),
        ("HR+", small("ecat-hr+", 12, span(9, 11), 0)),
        ("DMI, TOF", small("ge-dmi-4ring", 19, ge(18), 13)),
        ("Signa, TOF", small("ge-signa-petmr", 9, ge(8), 27)),
        ("nanoPET", small("nanopet", 9, span(1, 8), 0)),
        ("SAFIR", small("safir", 16, span(3, 15), 0)),
    ]
}

fn grids(geometry: &SinogramGeometry) -> Vec<ImageGrid> {
    let (planes, z) = (geometry.segments[0].planes.len(), geometry.scanner.ring_spacing_mm);
    let off_centre =
        ImageGrid { origin_mm: [-90.0, -140.0, -7.3], shape: [13, 17, 9], voxel_mm: [14.0, 13.0, 0.7 * z] };
    vec![ImageGrid::centred([20, 18, planes], [19.0, 21.0, 0.5 * z]), off_centre]
}

fn every_operator() -> Vec<(String, Box<dyn LinearOperator>)> {
    let mut all: Vec<(String, Box<dyn LinearOperator>)> = Vec::new();
    for (name, geometry) in geometries() {
        for (g, grid) in grids(&geometry).into_iter().enumerate() {
            for level in Level::available() {
                let projector = Projector::at_level(&geometry, grid, level);
                all.push((format!("subset, {name}, grid {g}, {level:?}"), Box::new(projector.subset(&[1, 4, 9]))));
                all.push((format!("{name}, grid {g}, {level:?}"), Box::new(projector)));
            }
        }
    }
    let grid = ImageGrid::centred([17, 12, 21], [2.0, 3.0, 1.5]);
    all.push(("Gaussian".into(), Box::new(GaussianFilter::new(&grid, [5.0, 4.0, 3.0]))));
    let by_radius = vec![(0.0, [4.0, 4.0, 3.0]), (12.0, [6.0, 4.5, 3.5])];
    let local = Resolution::new(&grid, &Widths { by_radius }).unwrap();
    let margin = Margin::new(grid, [1, 0, 3], [2, 4, 3]);
    let wide = GaussianFilter::new(&margin.wider(), [5.0, 4.0, 3.0]);
    all.push(("resolution by radius".into(), Box::new(local)));
    all.push(("margin".into(), Box::new(margin)));
    for by_mm in [[0.0; 3], [4.0, -3.0, 1.5], [0.7, 7.1, -2.2]] {
        all.push((format!("translation by {by_mm:?}"), Box::new(Translation::new(&grid, by_mm))));
    }
    let links: Vec<Arc<dyn LinearOperator>> = vec![
        Arc::new(GaussianFilter::new(&margin.wider(), [5.0, 4.0, 3.0])),
        Arc::new(margin),
        Arc::new(Translation::new(&grid, [1.0, 2.0, -0.4])),
    ];
    all.push(("no link".into(), Box::new(Chain::new(&grid.shape, Vec::new()))));
    all.push(("three links".into(), Box::new(Chain::new(&margin.wider().shape, links))));
    all.push(("Gaussian with a margin".into(), Box::new(wide.then(margin))));
    let shape = [3, 5, 2, 7];
    let factors: &'static [f32] = (0..105).map(|n| 0.3 + (n % 11) as f32).collect::<Vec<_>>().leak();
    all.push(("factors".into(), Box::new(Diagonal::new(factors, shape))));
    let geometry = crystals();
    let grid = grids(&geometry)[0];
    let factors: Vec<f32> = (0..geometry.bins()).map(|n| 0.1 + (n % 7) as f32).collect();
    let blur = GaussianFilter::new(&grid, [30.0, 25.0, 4.0]);
    let model = blur.then(Projector::new(&geometry, grid)).then(Diagonal::new(factors.leak(), geometry.shape()));
    all.push(("blur, project, factors".into(), Box::new(model)));
    all
}

#[test]
fn every_operator_has_a_true_adjoint() {
    let mut worst = 0.0_f64;
    for (name, operator) in every_operator() {
        for seed in 0..2 {
            let error = dot_test(&*operator, seed);
            assert!(error < 1e-6, "{name}, seed {seed}: {error:e}");
            worst = worst.max(error);
        }
    }
    println!("worst dot test: {worst:.1e}");
}

#[test]
fn the_adjoint_of_ones_is_positive_where_lines_pass() {
    for (name, geometry) in geometries() {
        let grid = grids(&geometry)[0];
        let projector = Projector::new(&geometry, grid);
        let mut sensitivity = vec![f32::NAN; grid.voxels()];
        projector.adjoint(&vec![1.0; geometry.bins()], &mut sensitivity);
        for (voxel, value) in sensitivity.iter().enumerate() {
            let column = voxel / grid.shape[2];
            let [x, y, _] = grid.centre_mm([column / grid.shape[1], column % grid.shape[1], 0]);
            let seen = x.hypot(y) < 0.4 * geometry.scanner.inner_radius_mm.min(300.0);
            assert!(*value > 0.0 || (*value == 0.0 && !seen), "{name}: voxel {voxel} at ({x}, {y}) has {value}");
        }
    }
}

#[test]
fn the_full_matrix_of_a_tiny_case_is_its_transpose() {
    let scanner = Scanner {
        crystals_per_ring: 16,
        crystals_per_block: 8,
        radial_bins: 9,
        rings: 3,
        ..preset("siemens-mmr").unwrap()
    };
    let geometry = SinogramGeometry::new(scanner, span(1, 2), 1, 0).unwrap();
    let grid = ImageGrid::centred([5, 4, 5], [90.0, 110.0, 2.03125]);
    let projector = Projector::new(&geometry, grid);
    let (voxels, bins) = (grid.voxels(), geometry.bins());
    let unit = |length: usize, at: usize| (0..length).map(|i| f32::from(i == at)).collect::<Vec<_>>();
    let columns: Vec<Vec<f32>> = (0..voxels)
        .map(|voxel| {
            let mut y = vec![f32::NAN; bins];
            projector.forward(&unit(voxels, voxel), &mut y);
            y
        })
        .collect();
    let rows = (0..bins).map(|bin| {
        let mut x = vec![f32::NAN; voxels];
        projector.adjoint(&unit(bins, bin), &mut x);
        x
    });
    for (bin, row) in rows.enumerate() {
        for (voxel, (column, b)) in columns.iter().zip(row).enumerate() {
            let a = column[bin];
            assert!((a - b).abs() <= 1e-4 * a.abs().max(1.0), "bin {bin}, voxel {voxel}: {a} != {b}");
        }
    }
}

#[test]
fn levels_agree() {
    for (name, geometry) in geometries() {
        let grid = grids(&geometry)[0];
        let x: Vec<f32> = (0..grid.voxels()).map(|n| (n * 7919 % 1009) as f32 / 1009.0).collect();
        let mut results = Level::available().map(|level| {
            let mut y = vec![f32::NAN; geometry.bins()];
            Projector::at_level(&geometry, grid, level).forward(&x, &mut y);
            y
        });
        let portable = results.next().unwrap();
        let largest = portable.iter().fold(0.0_f32, |m, &v| m.max(v));
        for other in results {
            let error = portable.iter().zip(&other).fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
            assert!(error < 1e-5 * largest, "{name}: {error} of {largest}");
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    for (name, operator) in every_operator() {
        let noise = |shape: &[usize]| -> Vec<f32> {
            (0..shape.iter().product()).map(|n: usize| (n * 7919 % 1009) as f32 / 1009.0 - 0.3).collect()
        };
        let (x, y) = (noise(operator.domain()), noise(operator.range()));
        let with = |threads: usize| {
            let (mut ax, mut aty) = (vec![f32::NAN; y.len()], vec![f32::NAN; x.len()]);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                operator.forward(&x, &mut ax);
                operator.adjoint(&y, &mut aty);
            });
            ax.iter().chain(&aty).map(|v| v.to_bits()).collect::<Vec<_>>()
        };
        let one = with(1);
        assert!(one == with(2) && one == with(5), "{name}");
    }
}
