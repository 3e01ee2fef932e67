//! Analytic reconstruction of exact line integrals through spheres.

use coincide::algorithm::fbp::{FbpConfig, Rebinning, Window, fbp};
use coincide::data::Measurement;
use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};

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
    Measurement { geometry, prompts, factors: None, background: None, calibrated: true, duration_s: None }
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
