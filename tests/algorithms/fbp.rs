//! Analytic reconstruction of exact line integrals through spheres.

use coincide::algorithm::fbp::{FbpConfig, FbpError, Rebinning, Window, fbp};
use coincide::data::{Background, Clock, Ledger, Measurement};
use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::scanner::{AxialCompression, RadialSampling, RingLayout, Scanner, SinogramGeometry, TofBins, preset};

struct Sphere {
    centre_mm: [f64; 3],
    radius_mm: f64,
    activity: f64,
}

/// Three unlike spheres, none on an axis, at different heights.
const SPHERES: [Sphere; 3] = [
    Sphere { centre_mm: [90.0, 20.0, -30.0], radius_mm: 30.0, activity: 1.0 },
    Sphere { centre_mm: [-40.0, 80.0, 5.0], radius_mm: 40.0, activity: 2.0 },
    Sphere { centre_mm: [-30.0, -70.0, 35.0], radius_mm: 25.0, activity: 4.0 },
];

impl Sphere {
    /// 2 √(r² − d²), d the distance of the centre from the line.
    fn chord_mm(&self, [a, b]: [[f64; 3]; 2]) -> f64 {
        let along: [f64; 3] = std::array::from_fn(|i| b[i] - a[i]);
        let to_centre: [f64; 3] = std::array::from_fn(|i| self.centre_mm[i] - a[i]);
        let dot = |u: [f64; 3], v: [f64; 3]| (0..3).map(|i| u[i] * v[i]).sum::<f64>();
        let distance_squared = dot(to_centre, to_centre) - dot(to_centre, along).powi(2) / dot(along, along);
        2.0 * (self.radius_mm.powi(2) - distance_squared).max(0.0).sqrt()
    }
}

/// A coarse whole-size ring scanner.
fn scanner() -> Scanner {
    Scanner {
        crystals_per_ring: 280,
        radial_bins: 180,
        rings: 24,
        ring_spacing_mm: 8.0,
        rings_per_block: 0,
        crystals_per_block: 0,
        virtual_crystals: 0,
        ..preset("siemens-mmr").unwrap()
    }
}

fn geometry(scanner: Scanner, span: usize) -> SinogramGeometry {
    let compression = AxialCompression::Span { span, max_ring_difference: scanner.rings - 1 };
    SinogramGeometry::new(scanner, compression, 1, 0).unwrap()
}

fn line_integrals(geometry: &SinogramGeometry, spheres: &[Sphere]) -> Vec<f32> {
    let mut bins = Vec::with_capacity(geometry.bins());
    for view in 0..geometry.views {
        for radial in 0..geometry.radial_bins {
            for plane in geometry.all_planes() {
                let ends = geometry.line_of_response(view, radial, plane);
                bins.push(spheres.iter().map(|s| s.activity * s.chord_mm(ends)).sum::<f64>() as f32);
            }
        }
    }
    bins
}

fn measurement(geometry: SinogramGeometry, prompts: Vec<f32>) -> Measurement {
    Measurement {
        geometry,
        prompts: prompts.into(),
        factors: None,
        background: None,
        ledger: Ledger::raw().calibrated(),
        clock: Clock::default(),
    }
}

fn exact(geometry: SinogramGeometry) -> Measurement {
    let prompts = line_integrals(&geometry, &SPHERES);
    measurement(geometry, prompts)
}

fn grid() -> ImageGrid {
    ImageGrid::centred([75, 73, 47], [4.0; 3])
}

fn config(rebinning: Rebinning) -> FbpConfig {
    FbpConfig { rebinning, window: Window::Hann, ..FbpConfig::default() }
}

/// Mean value within `share` of a sphere's radius, and the centre of mass within 1.4 radii.
fn measured(image: &Image, sphere: &Sphere, share: f64) -> (f64, [f64; 3]) {
    let [nx, ny, nz] = image.grid.shape;
    let (mut sum, mut count, mut mass, mut moment) = (0.0, 0.0, 0.0, [0.0; 3]);
    for n in 0..nx * ny * nz {
        let place = image.grid.centre_mm([n / (ny * nz), n / nz % ny, n % nz]);
        let value = image.values[n] as f64;
        let distance = (0..3).map(|i| (place[i] - sphere.centre_mm[i]).powi(2)).sum::<f64>().sqrt();
        if distance <= share * sphere.radius_mm {
            (sum, count) = (sum + value, count + 1.0);
        }
        if distance <= 1.4 * sphere.radius_mm {
            mass += value;
            (0..3).for_each(|i| moment[i] += value * (place[i] - sphere.centre_mm[i]));
        }
    }
    (sum / count, moment.map(|m| m / mass))
}

/// Root mean square difference from the spheres, relative to theirs; voxels within 4 mm of an edge are left out.
fn error(image: &Image) -> f64 {
    let [nx, ny, nz] = image.grid.shape;
    let (mut difference, mut total) = (0.0, 0.0);
    for n in 0..nx * ny * nz {
        let place = image.grid.centre_mm([n / (ny * nz), n / nz % ny, n % nz]);
        let depth = |s: &Sphere| s.radius_mm - (0..3).map(|i| (place[i] - s.centre_mm[i]).powi(2)).sum::<f64>().sqrt();
        if SPHERES.iter().all(|s| depth(s).abs() > 4.0) {
            let truth: f64 = SPHERES.iter().filter(|s| depth(s) > 0.0).map(|s| s.activity).sum();
            difference += (image.values[n] as f64 - truth).powi(2);
            total += truth * truth;
        }
    }
    (difference / total).sqrt()
}

fn assert_spheres(image: &Image, tolerance: f64, what: &str) {
    for sphere in &SPHERES {
        let (mean, offset) = measured(image, sphere, 0.6);
        println!("{what}: {:?} mean {mean:.4} of {}, off by {offset:.2?} mm", sphere.centre_mm, sphere.activity);
        assert!((mean / sphere.activity - 1.0).abs() < tolerance, "{what}: {mean} for {}", sphere.activity);
        assert!(offset.iter().all(|mm| mm.abs() < 2.0), "{what}: off by {offset:?} mm");
    }
}

#[test]
fn fourier_rebinning_finds_values_and_places() {
    let data = exact(geometry(scanner(), 5));
    let [fore, ssrb] = [Rebinning::Fourier, Rebinning::SingleSlice].map(|r| fbp(&data, &grid(), &config(r)).unwrap());
    assert_eq!(fore.unit, ImageUnit::BecquerelPerMl);
    assert_spheres(&fore, 0.03, "FORE");
    println!("relative error: FORE {:.4}, SSRB {:.4}", error(&fore), error(&ssrb));
    assert!(error(&fore) < 0.5 * error(&ssrb), "FORE {} SSRB {}", error(&fore), error(&ssrb));
}

#[test]
fn single_slice_rebinning_of_small_ring_differences_is_right() {
    let data = exact(geometry(scanner(), 5));
    let config = FbpConfig { max_ring_difference: Some(0), ..config(Rebinning::SingleSlice) };
    assert_spheres(&fbp(&data, &grid(), &config).unwrap(), 0.03, "direct");
}

#[test]
fn flat_sides_with_axial_gaps_and_tilt_are_in_place() {
    let scanner = Scanner {
        layout: RingLayout::Polygon { crystals_per_side: 8, crystal_pitch_mm: 8.0625 },
        crystals_per_ring: 272,
        radial_bins: 207,
        rings: 18,
        ring_spacing_mm: 8.0,
        ..preset("ge-dmi-4ring").unwrap()
    };
    let compression = AxialCompression::Ge { max_ring_difference: 17 };
    let data = exact(SinogramGeometry::new(scanner, compression, 1, 0).unwrap());
    for rebinning in [Rebinning::Fourier, Rebinning::SingleSlice] {
        let image = fbp(&data, &grid(), &config(rebinning)).unwrap();
        println!("{rebinning:?} relative error {:.4}", error(&image));
        let tolerance = if rebinning == Rebinning::Fourier { 0.03 } else { 0.15 };
        assert_spheres(&image, tolerance, "flat sides");
    }
}

#[test]
fn mashed_views_and_arc_corrected_bins_are_in_place() {
    let compression = AxialCompression::Span { span: 5, max_ring_difference: 23 };
    let mashed = SinogramGeometry::new(scanner(), compression, 2, 0).unwrap();
    assert_spheres(&fbp(&exact(mashed), &grid(), &config(Rebinning::Fourier)).unwrap(), 0.03, "mashed");
    let arc = SinogramGeometry { sampling: RadialSampling::ArcCorrected { bin_mm: 3.5 }, ..geometry(scanner(), 5) };
    assert_spheres(&fbp(&exact(arc), &grid(), &config(Rebinning::Fourier)).unwrap(), 0.03, "arc-corrected");
}

/// The model with TOF bins, background, and factors that are 0 where a virtual crystal takes part.
fn realistic(plain: &Measurement) -> Measurement {
    let tof = TofBins { count: 3, width_mm: 200.0, sigma_mm: 80.0 };
    let geometry = SinogramGeometry { tof: Some(tof), ..plain.geometry.clone() };
    let (planes, shares) = (geometry.planes(), [0.2, 0.5, 0.3]);
    let factor = |index: usize| {
        let (line, plane) = (index / planes, index % planes);
        let crystals = geometry.crystals(line / geometry.radial_bins, line % geometry.radial_bins).unwrap();
        let live = crystals.iter().all(|crystal| crystal % 14 != 13);
        if live { 0.5 + (plane % 7) as f32 * 0.1 } else { 0.0 }
    };
    let factors: Vec<f32> = (0..plain.prompts.len()).map(factor).collect();
    let mut prompts = vec![0.0; geometry.bins()];
    let background: Vec<f32> = (0..geometry.bins()).map(|n| 5.0 + (n % 11) as f32).collect();
    for (index, (p, m)) in plain.prompts.iter().zip(&factors).enumerate() {
        for (t, share) in shares.iter().enumerate() {
            let bin = (index / planes * 3 + t) * planes + index % planes;
            prompts[bin] = m * p * share + background[bin];
        }
    }
    Measurement {
        factors: Some(factors),
        background: Some(Background::of_bins(geometry.shape(), background)),
        ledger: Ledger::raw(),
        ..measurement(geometry, prompts)
    }
}

#[test]
fn factors_background_gaps_and_tof_change_little() {
    let plain = exact(geometry(scanner(), 5));
    let full = realistic(&plain);
    let image = fbp(&full, &grid(), &config(Rebinning::Fourier)).unwrap();
    assert_eq!(image.unit, ImageUnit::CountsPerMm);
    println!("relative error with gaps {:.4}", error(&image));
    assert_spheres(&image, 0.03, "gaps");
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let data = exact(geometry(Scanner { rings: 8, ..scanner() }, 3));
    for rebinning in [Rebinning::Fourier, Rebinning::SingleSlice] {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let image = pool.install(|| fbp(&data, &grid(), &config(rebinning)).unwrap());
            image.values.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        assert_eq!(with(1), with(4), "{rebinning:?}");
    }
}

#[test]
fn windows_keep_the_mean_and_calm_noise() {
    let geometry = geometry(Scanner { rings: 4, ..scanner() }, 1);
    let cylinder = Sphere { centre_mm: [0.0; 3], radius_mm: 120.0, activity: 1.0 };
    let clean = line_integrals(&geometry, &[cylinder]);
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    };
    let noisy = clean.iter().map(|p| p + 40.0 * noise()).collect();
    let data = [measurement(geometry.clone(), clean), measurement(geometry, noisy)];
    let inner = Sphere { centre_mm: [0.0; 3], radius_mm: 60.0, activity: 1.0 };
    let small = ImageGrid::centred([41, 41, 3], [4.0; 3]);
    let mut spread = f64::INFINITY;
    for window in [Window::RamLak, Window::SheppLogan, Window::Hamming, Window::Hann] {
        let config = FbpConfig { window, ..config(Rebinning::SingleSlice) };
        let [clean, noisy] = [0, 1].map(|n| fbp(&data[n], &small, &config).unwrap());
        let (mean, _) = measured(&clean, &inner, 1.0);
        assert!((mean - 1.0).abs() < 0.01, "{window:?}: {mean}");
        let square = |(a, b): (&f32, &f32)| (a - b).powi(2) as f64;
        let found = noisy.values.iter().zip(&clean.values).map(square).sum::<f64>().sqrt();
        assert!(found < spread, "{window:?} is not calmer than the window before: {found} {spread}");
        spread = found;
    }
}

#[test]
fn wrong_data_and_settings_are_named() {
    let data = exact(geometry(Scanner { rings: 4, ..scanner() }, 1));
    let failed = |data: &Measurement, config: FbpConfig| fbp(data, &grid(), &config).map(|_| ()).unwrap_err();
    let cutoff = failed(&data, FbpConfig { cutoff: 1.5, ..FbpConfig::default() });
    assert!(cutoff.to_string().starts_with("`cutoff` of the filtered back projection is 1.5; expected"), "{cutoff}");

    let mut lopsided = data.clone();
    lopsided.geometry.segments.truncate(2);
    assert_eq!(failed(&lopsided, FbpConfig::default()), FbpError::Unpaired { min: 1, max: 1 });

    let mut broken = data.clone();
    let mut prompts = broken.prompts.to_vec();
    prompts[2 * 16 + 7] = f32::NAN;
    broken.prompts = prompts.into();
    let error = failed(&broken, FbpConfig::default());
    assert!(matches!(error, FbpError::NotFinite { view: 0, radial: 2, plane: 7, .. }), "{error}");

    let blind = Measurement { factors: Some(vec![0.0; data.prompts.len()]), ..data.clone() };
    assert_eq!(failed(&blind, FbpConfig::default()), FbpError::NoData);

    let flat = ImageGrid::centred([8, 0, 8], [1.0; 3]);
    assert!(matches!(fbp(&data, &flat, &FbpConfig::default()), Err(FbpError::Grid { .. })));
}

#[test]
fn settings_have_defaults_and_refuse_unknown_keys() {
    let config: FbpConfig = toml::from_str("rebinning = \"ssrb\"\nwindow = \"shepp-logan\"\n").unwrap();
    let expected = FbpConfig { rebinning: Rebinning::SingleSlice, window: Window::SheppLogan, ..FbpConfig::default() };
    assert_eq!(config, expected);
    let error = toml::from_str::<FbpConfig>("[fore]\nobject_radius = 100.0\n").unwrap_err();
    assert!(error.to_string().contains("object_radius_mm"), "{error}");
}
