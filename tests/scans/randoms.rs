//! Smooth randoms: proven on simulated singles, then used on the real scan.

use crate::shared_data::shared_data;
use coincide::data::{Counts, singles, smooth_randoms};
use coincide::io::listmode::ListMode;
use coincide::scanner::{AxialCompression, RadialSampling, Scanner, SinogramGeometry, TofDetector, preset};
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Poisson};
use rand_pcg::Pcg64Mcg;

/// A small ring scanner with blocks of nine crystals, the first of them a gap.
fn scanner(rings: usize, blocks: usize) -> Scanner {
    let crystals_per_ring = 9 * blocks;
    let radial_bins = crystals_per_ring * 2 / 3;
    Scanner { rings, crystals_per_ring, radial_bins, ..preset("siemens-mmr").unwrap() }
}

fn geometry(scanner: Scanner, span: usize, view_mashing: usize, tof_mashing: usize) -> SinogramGeometry {
    let compression = AxialCompression::Span { span, max_ring_difference: scanner.rings - 2 };
    SinogramGeometry::new(scanner, compression, view_mashing, tof_mashing).unwrap()
}

/// Singles `[crystal, ring]`: ring, block and position factors, and `scatter` from crystal to crystal.
fn true_singles(scanner: &Scanner, scatter: f64, seed: u64) -> Vec<f64> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut factors = |count: usize, width: f64| -> Vec<f64> {
        (0..count).map(|_| 1.0 + width * (2.0 * random.random::<f64>() - 1.0)).collect()
    };
    let (rings, blocks, positions) =
        (factors(scanner.rings, 0.3), factors(scanner.crystals_per_ring / 9, 0.2), factors(9, 0.15));
    let crystals = factors(scanner.rings * scanner.crystals_per_ring, scatter);
    let single = |i: usize| {
        let (crystal, ring) = (i / scanner.rings, i % scanner.rings);
        let live = if crystal % 9 == 0 { 0.0 } else { 1.0 };
        live * rings[ring] * blocks[crystal / 9] * positions[crystal % 9] * crystals[i]
    };
    (0..crystals.len()).map(single).collect()
}

/// Expected randoms by brute force: every (view, radial, plane), every pair of it.
fn expected(geometry: &SinogramGeometry, singles: &[f64], total: f64) -> Vec<f64> {
    let [views, radial_bins, tof_bins, planes] = geometry.shape();
    let (n, rings) = (geometry.scanner.crystals_per_ring as i64, geometry.scanner.rings);
    let mashing = n / 2 / views as i64;
    let mut bins = vec![0.0; geometry.bins()];
    for (bin, value) in bins.iter_mut().enumerate() {
        let (plane, radial) = (bin % planes, bin / planes / tof_bins % radial_bins);
        let view = (bin / planes / tof_bins / radial_bins) as i64;
        let mut start = 0;
        let segment = geometry.segments.iter().find(|s| {
            start += s.planes.len();
            plane < start
        });
        let segment = segment.unwrap();
        let sum = segment.planes[plane + segment.planes.len() - start].ring_sum as i64;
        let tangential = radial as i64 - (radial_bins / 2) as i64;
        for view in view * mashing..(view + 1) * mashing {
            let c = (view + tangential.div_euclid(2)).rem_euclid(n) as usize;
            let d = (view - (tangential + 1).div_euclid(2) + n / 2).rem_euclid(n) as usize;
            for a in 0..rings as i64 {
                let b = sum - a;
                let inside = (0..rings as i64).contains(&b);
                if inside && (segment.min_difference..=segment.max_difference).contains(&(b - a)) {
                    *value += singles[c * rings + a as usize] * singles[d * rings + b as usize];
                }
            }
        }
    }
    let scale = total / bins.iter().sum::<f64>();
    bins.iter().map(|bin| bin * scale).collect()
}

fn noisy(expected: &[f64], seed: u64) -> Vec<f32> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    expected
        .iter()
        .map(|&mean| if mean > 0.0 { Poisson::new(mean).unwrap().sample(&mut random) as f32 } else { 0.0 })
        .collect()
}

/// Mean squared error relative to the mean square of the truth.
fn error(estimate: &[f32], truth: &[f64]) -> f64 {
    let squares: f64 = truth.iter().map(|t| t * t).sum();
    estimate.iter().zip(truth).map(|(&e, t)| (f64::from(e) - t).powi(2)).sum::<f64>() / squares
}

fn counts(values: &[f32]) -> Counts {
    values.to_vec().into()
}

fn total(values: &[f32]) -> f64 {
    values.iter().map(|&v| f64::from(v)).sum()
}

fn cases() -> Vec<(&'static str, SinogramGeometry)> {
    let mut tof = scanner(4, 6);
    tof.tof = Some(TofDetector { bins: 6, bin_ps: 100.0, fwhm_ps: 300.0 });
    let mut no_blocks = scanner(6, 8);
    (no_blocks.crystals_per_block, no_blocks.virtual_crystals) = (0, 0);
    vec![
        ("span 1", geometry(scanner(8, 12), 1, 1, 0)),
        ("span 3", geometry(scanner(8, 12), 3, 1, 0)),
        ("span 5", geometry(scanner(10, 8), 5, 1, 0)),
        ("mashed views", geometry(scanner(6, 8), 3, 2, 0)),
        ("TOF", geometry(tof, 1, 1, 2)),
        ("no blocks", geometry(no_blocks, 1, 1, 0)),
    ]
}

#[test]
fn exact_randoms_are_returned() {
    for (name, geometry) in cases() {
        // Fan sums of a product of singles are met by those singles.
        let singles = true_singles(&geometry.scanner, 0.3, 1);
        let truth = expected(&geometry, &singles, 1e9);
        let delayeds: Vec<f32> = truth.iter().map(|&t| t as f32).collect();
        let estimate = smooth_randoms(&geometry, &counts(&delayeds)).unwrap().to_vec();
        let error = error(&estimate, &truth).sqrt();
        println!("{name}: relative error {error:.2e} from exact delayeds");
        // Where a bin mixes ring pairs, EM is on its way for long.
        assert!(error < if geometry.all_planes().all(|p| p.ring_pairs == 1) { 2e-3 } else { 5e-2 }, "{name}: {error}");
    }
}

#[test]
fn the_estimate_beats_the_delayeds_by_far() {
    for (name, geometry) in cases() {
        for per_crystal in [1.0, 10.0, 1000.0] {
            let singles = true_singles(&geometry.scanner, 0.2, 2);
            let crystals = singles.iter().filter(|s| **s > 0.0).count() as f64;
            let truth = expected(&geometry, &singles, per_crystal * crystals);
            let delayeds = noisy(&truth, 3);
            let estimate = smooth_randoms(&geometry, &counts(&delayeds)).unwrap().to_vec();
            let [raw, smooth] = [&delayeds, &estimate].map(|values| error(values, &truth));
            let coarse = error(&smooth_product(&geometry, &singles, &truth), &truth);
            println!(
                "{name}, {per_crystal} delayeds per crystal: relative mean squared error {raw:.3e} -> {smooth:.3e} (1/{:.0}); ring x crystal product of the truth {coarse:.3e}",
                raw / smooth
            );
            assert!(raw > 30.0 * smooth, "{name}");
            assert!(((total(&estimate) - total(&delayeds)) / total(&delayeds)).abs() < 1e-5, "{name}: total");
            // Mashed views mix gaps and crystals, so that gaps are only approached.
            let gaps = estimate.iter().zip(&truth).all(|(&e, &t)| t > 0.0 || e == 0.0);
            assert!(gaps || geometry.mashing() > 1, "{name}: randoms in a gap");
            // Without blocks each of the 72 transaxial crystals stands alone, with 12 counts in the shortest scan.
            let limit = match (name, per_crystal) {
                ("no blocks", 1.0) => 0.3,
                (_, 1000.0) => 0.02,
                _ => 0.1,
            };
            assert!(smooth < limit, "{name}: {smooth}");
        }
    }
}

/// Randoms of the true singles without their scatter from crystal to crystal.
fn smooth_product(geometry: &SinogramGeometry, singles: &[f64], truth: &[f64]) -> Vec<f32> {
    let rings = geometry.scanner.rings;
    let (mut of_ring, mut of_crystal, mut all) = (vec![0.0; rings], vec![0.0; singles.len() / rings], 0.0);
    for (i, s) in singles.iter().enumerate() {
        of_ring[i % rings] += s;
        of_crystal[i / rings] += s;
        all += s;
    }
    let product: Vec<_> = (0..singles.len()).map(|i| of_ring[i % rings] * of_crystal[i / rings] / all).collect();
    expected(geometry, &product, truth.iter().sum()).iter().map(|&v| v as f32).collect()
}

#[test]
fn singles_of_many_counts_are_the_true_ones() {
    let geometry = geometry(scanner(6, 8), 1, 1, 0);
    let truth = true_singles(&geometry.scanner, 0.3, 4);
    let delayeds = noisy(&expected(&geometry, &truth, 2e8), 5);
    let estimate = singles(&geometry, &counts(&delayeds)).unwrap();
    let scale = estimate.iter().sum::<f64>() / truth.iter().sum::<f64>();
    for (i, (e, t)) in estimate.iter().zip(&truth).enumerate() {
        assert!((e - scale * t).abs() <= 0.01 * scale * t, "crystal {i}: {e} for {}", scale * t);
    }
}

#[test]
fn bits_do_not_depend_on_threads_and_no_counts_give_no_randoms() {
    let geometry = geometry(scanner(8, 12), 3, 1, 0);
    let truth = expected(&geometry, &true_singles(&geometry.scanner, 0.2, 6), 1e4);
    let delayeds = noisy(&truth, 7);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| smooth_randoms(&geometry, &counts(&delayeds)).unwrap())
    };
    assert_eq!(with(1), with(3));
    let none = smooth_randoms(&geometry, &counts(&vec![0.0; geometry.bins()])).unwrap().to_vec();
    assert!(none.iter().all(|&r| r == 0.0));
}

#[test]
fn what_is_no_delayeds_is_refused() {
    let mut geometry = geometry(scanner(4, 6), 1, 1, 0);
    let mut delayeds = vec![1.0; geometry.bins()];
    delayeds[17] = f32::NAN;
    let error = smooth_randoms(&geometry, &counts(&delayeds)).unwrap_err().to_string();
    assert_eq!(error, "the sinogram of delayeds holds NaN at 17, expected a finite number >= 0");
    delayeds[17] = -1.0;
    assert!(smooth_randoms(&geometry, &counts(&delayeds)).unwrap_err().to_string().contains("-1 at 17"));
    geometry.sampling = RadialSampling::ArcCorrected { bin_mm: 1.0 };
    assert!(smooth_randoms(&geometry, &counts(&delayeds)).unwrap_err().to_string().contains("arc-corrected"));
}

#[test]
fn the_real_scan_has_smooth_randoms() {
    let Some(path) = shared_data("mmr-listmode/small_listmode_file.l.hdr") else { return };
    let list_mode = ListMode::open(&path).unwrap();
    let geometry = list_mode.geometry(11).unwrap();
    let scan = list_mode.histogram(&geometry, None, &mut |_, _| {}).unwrap();
    let start = std::time::Instant::now();
    let randoms = smooth_randoms(&geometry, &counts(&scan.delayeds)).unwrap().to_vec();
    println!("randoms of {} bins in {:.2} s", randoms.len(), start.elapsed().as_secs_f64());
    assert!((total(&randoms) - 35_320.0).abs() < 0.5, "{}", total(&randoms));
    // Delayeds are Poisson around them: χ² of sums over 4 views × 8 radial bins × 27 planes is as many as there are
    // sums.
    let (mut chi, mut sums) = (0.0, 0.0);
    for view in (0..252).step_by(4) {
        for radial in (0..344).step_by(8) {
            for plane in (0..837).step_by(27) {
                let at = |v: &[f32]| -> f64 {
                    let lines =
                        (view..view + 4).flat_map(|v| (radial..radial + 8).map(move |r| (v * 344 + r) * 837 + plane));
                    lines.map(|line| total(&v[line..line + 27])).sum()
                };
                let (measured, model) = (at(&scan.delayeds), at(&randoms));
                chi += (measured - model).powi(2) / model;
                sums += 1.0;
            }
        }
    }
    println!(
        "χ² per sum of 864 bins: {:.4} over {sums} sums (standard error {:.4})",
        chi / sums,
        (2.0_f64 / sums).sqrt()
    );
    assert!((chi / sums - 1.0).abs() < 0.05, "{}", chi / sums);
    assert!(randoms.iter().zip(&scan.delayeds).all(|(&r, &d)| d == 0.0 || r > 0.0));
}
