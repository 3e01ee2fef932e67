//! Simulated scans: totals, attenuation, TOF, thinning, and the same bytes whatever the threads.

use coincide::data::Measurement;
use coincide::data::{Correction, Isotope};
use coincide::phantom::Phantom;
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, TofDetector, preset};
use coincide::simulate::{
    AddedLesion, CountsConfig, DoseLevel, RandomsShape, ScanConfig, SimulateError, SimulationConfig, SinglesConfig,
    project, simulate,
};
use coincide::units::{DelaySeconds, Fraction, NonNegative, WidthMm};

fn positive<T: TryFrom<f64, Error = String>>(value: f64) -> T {
    T::try_from(value).unwrap()
}

/// A small scanner: 8 rings of 128 crystals, 60 cm across, no gaps.
fn scanner(tof: Option<TofDetector>) -> Scanner {
    Scanner {
        rings: 8,
        crystals_per_ring: 128,
        crystals_per_block: 8,
        radial_bins: 81,
        inner_radius_mm: 300.0,
        ring_spacing_mm: 16.0,
        bin_size_mm: 7.0,
        virtual_crystals: 0,
        tof,
        ..preset("siemens-mmr").unwrap()
    }
}

fn geometry() -> SinogramGeometry {
    let span = AxialCompression::Span { span: 3, max_ring_difference: 7 };
    SinogramGeometry::new(scanner(None), span, 1, 0).unwrap()
}

fn tof_geometry() -> SinogramGeometry {
    let span = AxialCompression::Span { span: 3, max_ring_difference: 7 };
    let tof = TofDetector { bins: 39, bin_ps: 100.0, fwhm_ps: 400.0 };
    SinogramGeometry::new(scanner(Some(tof)), span, 1, 3).unwrap()
}

fn config(prompts: f64) -> SimulationConfig {
    SimulationConfig::new(CountsConfig::TotalPrompts(positive(prompts)))
}

fn scan(duration_s: f64, sensitivity: f64) -> CountsConfig {
    CountsConfig::Scan(ScanConfig {
        duration_s: positive(duration_s),
        sensitivity_cps_per_kbq: positive(sensitivity),
        isotope: None,
        start_s: DelaySeconds::default(),
    })
}

fn run(phantom: &str, geometry: &SinogramGeometry, config: &SimulationConfig) -> Vec<Measurement> {
    simulate(&Phantom::load(phantom).unwrap(), geometry, config, &|_, _| {}).unwrap()
}

fn total(counts: &[f32]) -> f64 {
    counts.iter().map(|&count| f64::from(count)).sum()
}

fn with_background(prompts: f64) -> SimulationConfig {
    SimulationConfig {
        randoms_fraction: Fraction::try_from(0.3).unwrap(),
        randoms_shape: RandomsShape::Smooth,
        scatter_fraction: Fraction::try_from(0.25).unwrap(),
        efficiency_sigma: NonNegative::try_from(0.2).unwrap(),
        resolution_fwhm_mm: WidthMm::try_from(6.0).unwrap(),
        sub_lines: 2,
        seed: 11,
        ..config(prompts)
    }
}

#[test]
fn totals_are_as_stated() {
    for (geometry, noise) in [(geometry(), true), (geometry(), false), (tof_geometry(), true)] {
        let config = SimulationConfig { noise, ..with_background(2e6) };
        let scan = &run("torso", &geometry, &config)[0];
        let error = scan.total_prompts() - 2e6;
        assert!(error.abs() < if noise { 4.0 * 2e6_f64.sqrt() } else { 1.0 }, "{error}");
        assert!((scan.total_background() / 2e6 - 0.55).abs() < 1e-5, "{}", scan.total_background());
        assert_eq!(scan.prompts.len(), geometry.bins());
        assert_eq!(scan.background.as_ref().unwrap().shape(), geometry.shape());
        assert_eq!(scan.factors.as_ref().unwrap().len(), geometry.lines());
        let whole = |y: f32| y >= 0.0 && (y.fract() == 0.0 || !noise);
        assert!(scan.prompts.iter().all(whole) && scan.ledger.calibrated);
    }
}

#[test]
fn the_mean_is_factors_times_chords_plus_background() {
    let geometry = geometry();
    let config =
        SimulationConfig { noise: false, sub_lines: 1, resolution_fwhm_mm: WidthMm::default(), ..with_background(1e6) };
    let scan = &run("torso", &geometry, &config)[0];
    let phantom = Phantom::load("torso").unwrap();
    let mut tracer = phantom.tracer();
    let (factors, background) = (scan.factors.as_ref().unwrap(), scan.background.as_ref().unwrap().to_vec());
    let mut index = 0;
    for view in 0..geometry.views {
        for radial in 0..geometry.radial_bins {
            for plane in geometry.all_planes() {
                let [a, b] = geometry.line_of_response(view, radial, plane);
                let mean =
                    f64::from(factors[index]) * tracer.line_integrals(a, b).activity + f64::from(background[index]);
                let found = f64::from(scan.prompts.at(index));
                assert!((found - mean).abs() <= 1e-5 * mean, "view {view} radial {radial}: {found}, expected {mean}");
                index += 1;
            }
        }
    }
}

#[test]
fn water_attenuates_as_water() {
    let geometry = geometry();
    let scan = &run("uniform-cylinder", &geometry, &SimulationConfig { noise: false, ..config(1e6) })[0];
    let bare = SimulationConfig { attenuation: false, noise: false, ..config(1e6) };
    let bare = &run("uniform-cylinder", &geometry, &bare)[0];
    let (with, without) = (scan.factors.as_ref().unwrap(), bare.factors.as_ref().unwrap());
    // The factors differ by their calibrations, which the lines outside of the cylinder show.
    let calibration = f64::from(with[0]) / f64::from(without[0]);
    let middle = geometry.radial_bins / 2;
    for (index, plane) in geometry.all_planes().enumerate() {
        if plane.z_mm.abs() + 0.5 * plane.dz_mm.abs() < 60.0 {
            let slope = plane.dz_mm / geometry.line(0, middle).length_mm();
            let length = 200.0 * (1.0 + slope * slope).sqrt();
            let column = middle * geometry.planes() + index;
            let found = f64::from(with[column]) / f64::from(without[column]) / calibration;
            assert!((found / (-0.0096 * length).exp() - 1.0).abs() < 1e-5, "{found}");
        }
    }
}

#[test]
fn tof_bins_sum_to_the_scan_without_tof() {
    let config = SimulationConfig { noise: false, ..with_background(1e6) };
    let (with, without) = (tof_geometry(), geometry());
    let (tof, all) = (&run("torso", &with, &config)[0], &run("torso", &without, &config)[0]);
    let [_, _, bins, planes] = with.shape();
    assert_eq!(bins, 13);
    let largest = all.prompts.iter().fold(0.0_f32, f32::max);
    for (column, rows) in tof.prompts.to_vec().chunks_exact(bins * planes).enumerate() {
        for plane in 0..planes {
            let sum: f32 = (0..bins).map(|bin| rows[bin * planes + plane]).sum();
            let expected = all.prompts.at(column * planes + plane);
            assert!(
                (sum - expected).abs() < 2e-5 * largest,
                "column {column} plane {plane}: {sum}, expected {expected}"
            );
        }
    }
}

#[test]
fn tof_puts_events_on_the_side_of_their_detector() {
    let geometry = tof_geometry();
    let text = concat!(
        "name = \"t\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\nsolid.ellipsoid = { semi_axes_mm = [20, 20, 20] }\n",
        "centres_mm = [[130, 0, 0]]\nactivity_bq_per_ml = 1.0\nattenuation_per_cm = 0.0\n"
    );
    let phantom = Phantom::parse(text, "test").unwrap();
    let config = SimulationConfig { noise: false, ..config(1e6) };
    let scan = &simulate(&phantom, &geometry, &config, &|_, _| {}).unwrap()[0];
    let [views, radials, bins, planes] = geometry.shape();
    let tof = geometry.tof.unwrap();
    let mut checked = 0;
    for (view, radial) in (0..views).flat_map(|v| (0..radials).map(move |r| (v, r))) {
        let start = (view * radials + radial) * bins * planes;
        let row: Vec<f64> = (0..bins)
            .map(|bin| (0..15).map(|plane| f64::from(scan.prompts.at(start + bin * planes + plane))).sum())
            .collect();
        let total: f64 = row.iter().sum();
        let line = geometry.line(view, radial);
        let toward_b = [0, 1].map(|i| (line.b[i] - line.a[i]) / line.length_mm());
        let middle = [0, 1].map(|i| 0.5 * (line.a[i] + line.b[i]));
        let expected = (130.0 - middle[0]) * toward_b[0] - middle[1] * toward_b[1];
        if total > 0.0 && expected.abs() < 131.0 {
            let mean: f64 = row.iter().enumerate().map(|(bin, y)| tof.centre_mm(bin) * y / total).sum();
            assert!((mean - expected).abs() < 3.0, "view {view} radial {radial}: {mean}, expected {expected}");
            checked += 1;
        }
    }
    assert!(checked > 200, "{checked}");
}

#[test]
fn thinning_keeps_the_poisson_law() {
    let geometry = geometry();
    let doses = [1.0, 0.5, 0.1].map(|dose| DoseLevel::try_from(dose).unwrap());
    let config = SimulationConfig { dose_levels: doses.into(), ..with_background(5e6) };
    let scans = run("torso", &geometry, &config);
    let mean = &run("torso", &geometry, &SimulationConfig { noise: false, ..with_background(5e6) })[0];
    let full = run("torso", &geometry, &with_background(5e6)).remove(0);
    assert!(scans[0] == full, "the full level is the acquisition itself");
    for (scan, dose) in scans.iter().zip([1.0, 0.5, 0.1_f64]) {
        assert!(scan.prompts.iter().zip(full.prompts.iter()).all(|(kept, all)| kept <= all && kept.fract() == 0.0));
        let (mut difference, mut squares, mut variance) = (0.0, 0.0, 0.0);
        for (y, expected) in scan.prompts.iter().zip(mean.prompts.iter()) {
            let (y, expected) = (f64::from(y), dose * f64::from(expected));
            difference += y - expected;
            squares += (y - expected).powi(2);
            variance += expected;
        }
        assert!(difference.abs() < 4.0 * variance.sqrt(), "dose {dose}: {difference}");
        assert!((squares / variance - 1.0).abs() < 0.02, "dose {dose}: variance over mean {}", squares / variance);
        let ratio = scan.total_background() / full.total_background();
        assert!((ratio - dose).abs() < 1e-6);
        let factors: f64 = scan.factors.iter().flatten().map(|&m| f64::from(m)).sum();
        let all: f64 = full.factors.iter().flatten().map(|&m| f64::from(m)).sum();
        assert!((factors / all - dose).abs() < 1e-6);
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let doses = [1.0, 0.3].map(|dose| DoseLevel::try_from(dose).unwrap());
    let config = SimulationConfig { dose_levels: doses.into(), ..with_background(3e5) };
    let on = |threads, config: &SimulationConfig| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run("contrast-spheres", &tof_geometry(), config))
    };
    let (one, two) = (on(1, &config), on(2, &config));
    assert!(one == two);
    let other = on(2, &SimulationConfig { seed: 12, ..config });
    assert!(one[0].prompts != other[0].prompts);
}

#[test]
fn a_known_sensitivity_gives_known_counts() {
    let geometry = geometry();
    let counts = scan(100.0, 8.0);
    let text = concat!(
        "name = \"t\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\nsolid.ellipsoid = { semi_axes_mm = [10, 10, 10] }\n",
        "activity_bq_per_ml = 50000.0\nattenuation_per_cm = 0.096\n"
    );
    let ball = Phantom::parse(text, "test").unwrap();
    let config = SimulationConfig { noise: false, attenuation: false, ..SimulationConfig::new(counts) };
    let scan = &simulate(&ball, &geometry, &config, &|_, _| {}).unwrap()[0];
    let kbq = 50.0 * 4.0 / 3.0 * std::f64::consts::PI;
    assert!((scan.total_prompts() / (100.0 * 8.0 * kbq) - 1.0).abs() < 1e-5, "{}", scan.total_prompts());
    assert_eq!((scan.clock.duration_s, scan.background.is_none()), (Some(100.0), true));
}

/// A ball of 10 kBq/mL at the centre: what the scan says of singles, randoms, dead time and decay follows by hand.
#[test]
fn randoms_dead_time_and_decay_follow_from_the_activity() {
    let geometry = geometry();
    let ball = Phantom::balls("ball", &[([0.0; 3], 20.0, 1e4)]);
    let activity = 1e4 * 4.0 / 3.0 * std::f64::consts::PI * 8.0;
    let singles = |dead_time_us| {
        let window_ns = positive(5.0);
        let dead_time_us = NonNegative::try_from(dead_time_us).unwrap();
        Some(SinglesConfig { window_ns, share: Fraction::try_from(0.4).unwrap(), dead_time_us })
    };
    let plain =
        SimulationConfig { noise: false, attenuation: false, gaps: false, ..SimulationConfig::new(scan(100.0, 8.0)) };
    let of = |config: &SimulationConfig| simulate(&ball, &geometry, config, &|_, _| {}).unwrap().remove(0);
    let bare = of(&plain);
    let with = of(&SimulationConfig { singles: singles(0.0), ..plain.clone() });
    // Singles of a crystal in the middle ring: share × 2 A × face / (4π R²); randoms of a bin of one pair: 2τ s² T.
    let scanner = &geometry.scanner;
    let (radius, z) = (scanner.effective_radius_mm(), scanner.ring_z_mm(3));
    let face = 16.0 * std::f64::consts::TAU * radius / 128.0;
    let single = |z: f64| 0.4 * 2.0 * activity * face / (4.0 * std::f64::consts::PI * (radius * radius + z * z));
    let plane = geometry.plane_table().plane(3, 3).unwrap();
    let pairs = geometry.ring_pairs(&geometry.segments[0], &geometry.segments[0].planes[plane]).count() as f64;
    let bin = 40 * geometry.planes() + plane;
    let expected = pairs * 5e-9 * single(z).powi(2) * 100.0;
    let found = f64::from(with.background.as_ref().unwrap().to_vec()[bin]);
    assert!((found / expected - 1.0).abs() < 0.02, "{found} randoms, expected {expected}");
    assert!(
        (with.total_prompts() - bare.total_prompts() - with.total_background()).abs() < 1e-3 * with.total_background()
    );
    // Both crystals of a line lose exp(−R τ) of their singles, R that of a block: the factors know it, and those of
    // a model without the correction do not.
    let dead = of(&SimulationConfig { singles: singles(10.0), ..plain.clone() });
    let rows = (0..8).map(|ring| single(scanner.ring_z_mm(ring)));
    let rate: f64 = rows.sum::<f64>() * scanner.crystals_per_block as f64;
    let live = (-2.0 * rate * 1e-5).exp();
    let ratio =
        |scan: &Measurement| f64::from(scan.factors.as_ref().unwrap()[bin] / bare.factors.as_ref().unwrap()[bin]);
    assert!(live < 0.97 && (ratio(&dead) - live).abs() < 0.002, "{} is alive, expected {live}", ratio(&dead));
    assert!((f64::from(dead.background.as_ref().unwrap().to_vec()[bin]) / found - live).abs() < 0.002);
    let uncorrected = vec![Correction::DeadTime, Correction::Randoms];
    let blind = of(&SimulationConfig { singles: singles(10.0), uncorrected, ..plain.clone() });
    assert_eq!((&blind.prompts, blind.total_background()), (&dead.prompts, 0.0));
    assert!((ratio(&blind) - 1.0).abs() < 1e-6);
    // One half-life before the scan and one during it: 1/2 · 1/2 / ln 2 of the time, times the positrons per decay.
    let isotope = Isotope::Gallium68;
    let CountsConfig::Scan(counts) = scan(isotope.half_life_s(), 8.0) else { unreachable!() };
    let at_once = of(&SimulationConfig { counts: CountsConfig::Scan(counts), ..plain.clone() });
    let start_s = DelaySeconds::try_from(isotope.half_life_s()).unwrap();
    let counts = CountsConfig::Scan(ScanConfig { isotope: Some(isotope), start_s, ..counts });
    let late = of(&SimulationConfig { counts, ..plain.clone() });
    let expected = isotope.branching() * 0.25 / std::f64::consts::LN_2;
    assert!((late.total_prompts() / at_once.total_prompts() / expected - 1.0).abs() < 1e-5);
    let of_factors = |scan: &Measurement| total(scan.factors.as_ref().unwrap());
    assert!((of_factors(&late) / of_factors(&at_once) / expected - 1.0).abs() < 1e-5);
    let blind = of(&SimulationConfig { counts, uncorrected: vec![Correction::Decay], ..plain.clone() });
    assert!(blind.prompts == late.prompts && (of_factors(&blind) / of_factors(&at_once) - 1.0).abs() < 1e-6);
    // What cannot be.
    let refused = |config: SimulationConfig| simulate(&ball, &geometry, &config, &|_, _| {}).unwrap_err();
    let counts = CountsConfig::TotalPrompts(positive(1e5));
    assert_eq!(
        refused(SimulationConfig { counts, singles: singles(0.0), ..plain.clone() }),
        SimulateError::SinglesOfNothing
    );
    let randoms_fraction = Fraction::try_from(0.2).unwrap();
    assert_eq!(
        refused(SimulationConfig { randoms_fraction, singles: singles(0.0), ..plain }),
        SimulateError::RandomsTwice
    );
}

#[test]
fn gaps_count_nothing_and_efficiencies_vary() {
    let mut geometry = geometry();
    geometry.scanner = Scanner { crystals_per_block: 8, virtual_crystals: 1, ..geometry.scanner };
    let config = SimulationConfig { attenuation: false, noise: false, ..config(1e6) };
    let scan = &run("uniform-cylinder", &geometry, &config)[0];
    let (factors, planes) = (scan.factors.as_ref().unwrap(), geometry.planes());
    for (view, radial) in (0..geometry.views).flat_map(|v| (0..geometry.radial_bins).map(move |r| (v, r))) {
        let gap = geometry.crystals(view, radial).unwrap().iter().any(|crystal| crystal % 8 == 0);
        let start = (view * geometry.radial_bins + radial) * planes;
        assert!(factors[start..start + planes].iter().all(|&m| (m == 0.0) == gap));
    }
    let sigma = NonNegative::try_from(0.1).unwrap();
    let unequal =
        &run("uniform-cylinder", &geometry, &SimulationConfig { gaps: false, efficiency_sigma: sigma, ..config })[0];
    // Planes of a single ring pair: the logarithm of ε_A ε_B has standard deviation √2 σ.
    let logs: Vec<_> = unequal.factors.as_ref().unwrap().chunks(planes).map(|m| f64::from(m[0]).ln()).collect();
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    let sd = (logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / logs.len() as f64).sqrt();
    assert!((sd / (0.1 * 2.0_f64.sqrt()) - 1.0).abs() < 0.25, "{sd}");
}

#[test]
fn an_efficiency_belongs_to_its_crystal_and_ring() {
    let span = AxialCompression::Span { span: 1, max_ring_difference: 7 };
    let geometry = SinogramGeometry::new(scanner(None), span, 1, 0).unwrap();
    let efficiency_sigma = NonNegative::try_from(0.3).unwrap();
    let config = SimulationConfig { attenuation: false, noise: false, efficiency_sigma, ..config(1e6) };
    let scan = &run("uniform-cylinder", &geometry, &config)[0];
    let (factors, table, planes) = (scan.factors.as_ref().unwrap(), geometry.plane_table(), geometry.planes());
    let lines = (0..geometry.views).flat_map(|v| (0..geometry.radial_bins).map(move |r| (v, r)));
    // ε(A, 2) / ε(A, 5) is the same with every partner of crystal A = 17.
    let ratios: Vec<f32> = lines
        .filter(|&(view, radial)| geometry.crystals(view, radial).unwrap()[0] == 17)
        .map(|(view, radial)| &factors[(view * geometry.radial_bins + radial) * planes..][..planes])
        .map(|column| column[table.plane(2, 3).unwrap()] / column[table.plane(5, 3).unwrap()])
        .collect();
    assert!(ratios.len() > 10 && (ratios[0] - 1.0).abs() > 1e-3);
    assert!(ratios.iter().all(|ratio| (ratio / ratios[0] - 1.0).abs() < 1e-5), "{ratios:?}");
}

#[test]
fn blur_and_sub_lines_keep_the_activity() {
    let geometry = geometry();
    let plain = SimulationConfig { attenuation: false, noise: false, ..config(1e6) };
    let blurred = SimulationConfig { resolution_fwhm_mm: WidthMm::try_from(20.0).unwrap(), ..plain.clone() };
    let spread = SimulationConfig { sub_lines: 8, ..plain.clone() };
    let run = |config: &SimulationConfig| run("contrast-spheres", &geometry, config).remove(0);
    let plain = run(&plain);
    for other in [run(&blurred), run(&spread)] {
        let ratio = f64::from(other.factors.as_ref().unwrap()[0]) / f64::from(plain.factors.as_ref().unwrap()[0]);
        assert!((ratio - 1.0).abs() < 0.01, "calibration changes by {ratio}");
        let largest = |scan: &Measurement| scan.prompts.iter().fold(0.0_f32, f32::max);
        assert!(largest(&other) < largest(&plain));
    }
}

#[test]
fn impossible_scans_are_refused() {
    let half = Fraction::try_from(0.5).unwrap();
    let bad = |config: SimulationConfig| {
        simulate(&Phantom::load("torso").unwrap(), &geometry(), &config, &|_, _| {}).unwrap_err()
    };
    let full = bad(SimulationConfig { randoms_fraction: half, scatter_fraction: half, ..config(1e6) });
    assert_eq!(full, SimulateError::Fractions { randoms: 0.5, scatter: 0.5 });
    assert_eq!(bad(SimulationConfig { sub_lines: 0, ..config(1e6) }), SimulateError::SubLines { found: 0 });
    assert_eq!(bad(SimulationConfig { dose_levels: vec![], ..config(1e6) }), SimulateError::NoDoseLevel);
    let text = concat!(
        "name = \"cold\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\nsolid.box = { size_mm = [20, 20, 20] }\n",
        "activity_bq_per_ml = 0.0\nattenuation_per_cm = 0.1\n"
    );
    let cold = Phantom::parse(text, "test").unwrap();
    let error = simulate(&cold, &geometry(), &config(1e6), &|_, _| {}).unwrap_err();
    assert!(error.to_string().contains("meets activity of phantom cold"), "{error}");
}

#[test]
fn a_configuration_is_checked_while_it_is_read() {
    let good = "counts = { total-prompts = 1e6 }\nscatter_fraction = 0.3\ndose_levels = [1.0, 0.1]\nrandoms_shape = \"smooth\"";
    let config: SimulationConfig = toml::from_str(good).unwrap();
    assert_eq!((config.sub_lines, config.dose_levels.len()), (1, 2));
    assert_eq!(toml::from_str::<SimulationConfig>(&toml::to_string(&config).unwrap()).unwrap(), config);
    for (old, new, expected) in [
        ("scatter_fraction = 0.3", "scatter_fraction = 1.0", "got 1"),
        ("scatter_fraction", "scater_fraction", "unknown field `scater_fraction`"),
        ("[1.0, 0.1]", "[1.0, 0.0]", "must be above 0 and at most 1, got 0"),
        ("total-prompts = 1e6", "total-prompts = -1.0", "must be a finite number > 0, got -1"),
        ("total-prompts = 1e6", "scan = { duration_s = 1.0 }", "missing field `sensitivity_cps_per_kbq`"),
        ("smooth", "rough", "unknown variant `rough`"),
    ] {
        let error = toml::from_str::<SimulationConfig>(&good.replace(old, new)).unwrap_err().to_string();
        assert!(error.contains(expected), "expected `{expected}` in {error}");
    }
}

#[test]
fn a_projection_is_chords_and_attenuation_apart() {
    let geometry = tof_geometry();
    let phantom = Phantom::load("uniform-cylinder").unwrap();
    let projection = project(&phantom, &geometry).unwrap();
    let [_, radials, bins, planes] = geometry.shape();
    let mut tracer = phantom.tracer();
    for (view, radial) in (0..geometry.views).step_by(7).flat_map(|v| (0..radials).map(move |r| (v, r))) {
        let column = view * radials + radial;
        for (index, plane) in geometry.all_planes().enumerate() {
            let [a, b] = geometry.line_of_response(view, radial, plane);
            let expected = tracer.line_integrals(a, b);
            let found: f32 = (0..bins).map(|bin| projection.activity[(column * bins + bin) * planes + index]).sum();
            assert!((f64::from(found) - expected.activity).abs() <= 1e-5 * expected.activity + 1e-3);
            let factor = f64::from(projection.attenuation[column * planes + index]);
            assert!((factor - (-expected.attenuation).exp()).abs() < 1e-6);
        }
    }
}

#[test]
fn the_blur_has_the_stated_width() {
    // A thin rod along z at the centre: the radial profile's variance grows by σ², whatever the rod's own.
    let text = concat!(
        "name = \"rod\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\nsolid.cylinder = { radii_mm = [12, 12], length_mm = 120 }\n",
        "activity_bq_per_ml = 1.0\nattenuation_per_cm = 0.0\n"
    );
    let rod = Phantom::parse(text, "test").unwrap();
    let geometry = geometry();
    let [_, radials, _, planes] = geometry.shape();
    let variance = |fwhm: f64| {
        let fwhm = WidthMm::try_from(fwhm).unwrap();
        let config = SimulationConfig { noise: false, resolution_fwhm_mm: fwhm, ..config(1e6) };
        let scan = &simulate(&rod, &geometry, &config, &|_, _| {}).unwrap()[0];
        let (mut sum, mut squares) = (0.0, 0.0);
        for radial in 0..radials {
            // The middle plane of segment 0, and the bins' own spacing.
            let s = |radial: usize| geometry.line(0, radial).distance_and_angle().0;
            let width = 0.5 * (s((radial + 1).min(radials - 1)) - s(radial.saturating_sub(1)));
            let weight = width * f64::from(scan.prompts.at(radial * planes + 7));
            sum += weight;
            squares += weight * s(radial).powi(2);
        }
        squares / sum
    };
    let found = (variance(30.0) - variance(0.0)).sqrt() * 2.354_820_045;
    assert!((found / 30.0 - 1.0).abs() < 0.02, "{found} mm");
}

#[test]
fn scatter_is_broad_and_randoms_are_flat() {
    let geometry = tof_geometry();
    let third = Fraction::try_from(0.3).unwrap();
    let scatter = SimulationConfig { scatter_fraction: third, noise: false, ..config(1e6) };
    let randoms = SimulationConfig { randoms_fraction: third, noise: false, ..config(1e6) };
    let smooth = SimulationConfig { randoms_shape: RandomsShape::Smooth, ..randoms.clone() };
    let [views, radials, bins, planes] = geometry.shape();
    let background =
        |config: &SimulationConfig| run("contrast-spheres", &geometry, config).remove(0).background.unwrap().to_vec();
    let columns = |b: &[f32]| -> Vec<f64> {
        b.chunks(bins * planes).map(|column| column.iter().map(|&b| f64::from(b)).sum()).collect()
    };
    let scatter = columns(&background(&scatter));
    for view in scatter.chunks(radials) {
        let peak = view.iter().fold(0.0_f64, |a, &b| a.max(b));
        // It falls from the middle to the edges, without steps, and is not gone outside of the object.
        assert!(view[0] < 0.5 * peak && view[0] > 0.0 && view[radials / 2] > 0.9 * peak);
        assert!(view.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.06 * peak));
    }
    let uniform = background(&randoms);
    for (plane, ring_pairs) in geometry.all_planes().map(|plane| plane.ring_pairs).enumerate() {
        let rate = |bin: usize| uniform[bin * planes + plane] / ring_pairs as f32;
        assert!((0..views * radials * bins).all(|bin| (rate(bin) / rate(0) - 1.0).abs() < 1e-5));
    }
    let smooth = columns(&background(&smooth));
    let mean = smooth.iter().sum::<f64>() / smooth.len() as f64;
    assert!(smooth.iter().all(|rate| (rate / mean - 1.0).abs() < 0.3));
}

fn ball(centre_mm: [f64; 3], contrast: f64) -> AddedLesion {
    AddedLesion { centre_mm, diameter_mm: positive(20.0), contrast: positive(contrast) }
}

/// y = y₀ + Poisson(A d): the counts without lesions stay, to the last one.
#[test]
fn lesions_add_their_own_counts_and_change_no_other() {
    let plain = with_background(1e6);
    let with =
        SimulationConfig { lesions: vec![ball([50.0, 0.0, 0.0], 5.0), ball([-50.0, 0.0, 0.0], 5.0)], ..plain.clone() };
    let scan = |config: &SimulationConfig| run("uniform-cylinder", &geometry(), config).remove(0);
    let (before, after) = (scan(&plain), scan(&with));
    assert!(before.prompts.iter().zip(after.prompts.iter()).all(|(before, after)| after >= before));
    assert_eq!((&before.factors, &before.background), (&after.factors, &after.background));
    let mean = |config: &SimulationConfig| scan(&SimulationConfig { noise: false, ..config.clone() }).total_prompts();
    let (added, expected) = (after.total_prompts() - before.total_prompts(), mean(&with) - mean(&plain));
    assert!((added - expected).abs() < 4.0 * expected.sqrt(), "{added} for {expected}");
}

/// What lesions add is what a phantom gains by being painted with them.
#[test]
fn added_lesions_are_painted_ones() {
    let duration = scan(60.0, 5.0);
    let plain = SimulationConfig { noise: false, sub_lines: 1, ..SimulationConfig::new(duration) };
    let plain = SimulationConfig { resolution_fwhm_mm: WidthMm::try_from(6.0).unwrap(), ..plain };
    let with = SimulationConfig { lesions: vec![ball([50.0, 10.0, 5.0], 4.0)], ..plain.clone() };
    let cylinder = Phantom::load("uniform-cylinder").unwrap();
    let (activity, attenuation) = (cylinder.activity(0), cylinder.attenuation(0));
    let text = std::fs::read_to_string("phantoms/uniform-cylinder.toml").unwrap()
        + &format!(
            "\n[[shapes]]\nsolid.ellipsoid = {{ semi_axes_mm = [10.0, 10.0, 10.0] }}\ncentres_mm = [[50.0, 10.0, 5.0]]\nactivity_bq_per_ml = {}\nattenuation_per_cm = {attenuation}\n",
            4.0 * activity
        );
    let painted = Phantom::parse(&text, "painted").unwrap();
    for geometry in [geometry(), tof_geometry()] {
        let scan =
            |phantom, config| simulate(phantom, &geometry, config, &|_, _| ()).unwrap().remove(0).prompts.to_vec();
        let (added, painted) = (scan(&cylinder, &with), scan(&painted, &plain));
        let square = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        let lesion = square(&added, &scan(&cylinder, &plain)).sqrt();
        assert!(square(&added, &painted).sqrt() < 1e-4 * lesion, "{} {lesion}", square(&added, &painted).sqrt());
    }
}

#[test]
fn a_lesion_adds_activity_inside_of_the_phantom_and_lies_apart_from_others() {
    let refused = |lesions: Vec<AddedLesion>| {
        let config = SimulationConfig { lesions, ..config(1e5) };
        let phantom = Phantom::load("uniform-cylinder").unwrap();
        simulate(&phantom, &geometry(), &config, &|_, _| ()).unwrap_err().to_string()
    };
    assert!(refused(vec![ball([400.0, 0.0, 0.0], 4.0)]).contains("in tissue of 0 Bq/mL"));
    assert!(refused(vec![ball([0.0; 3], 0.5)]).contains("its contrast is 0.5"));
    let near = [0.0, 9.0].map(|z| ball([0.0, 0.0, z], 2.0));
    assert!(refused(near.into()).contains("overlap; move them apart"));
}
