//! Every slice of an analytic reconstruction: virtual rings, block gaps, all presets and axial compressions, coarse and
//! shifted grids.

use coincide::algorithm::fbp::{FbpConfig, Rebinning, fbp};
use coincide::data::Measurement;
use coincide::image::{Image, ImageGrid};
use coincide::phantom::Phantom;
use coincide::scanner::{AxialCompression, PRESETS, Scanner, SinogramGeometry, preset};
use coincide::simulate::{CountsConfig, ScanConfig, SimulationConfig, simulate};
use coincide::units::{DelaySeconds, Positive, Seconds};

const ACTIVITY: f64 = 5000.0;

/// Noise-free counts of a cylinder that is longer than any line reaches, `radius` times as wide as the field of view.
fn scan(geometry: &SinogramGeometry, radius: f64) -> Measurement {
    let radius = radius * geometry.field_of_view().radius_mm;
    let phantom = format!(
        "name = \"long\"\ndescription = \"a cylinder\"\ncitation = \"none\"\n[[shapes]]\n\
         solid.cylinder = {{ radii_mm = [{radius}, {radius}], length_mm = 3000.0 }}\ncentres_mm = [[0.0, 0.0, 0.0]]\n\
         activity_bq_per_ml = {ACTIVITY}\nattenuation_per_cm = 0.0\nregion = \"cylinder\"\n"
    );
    let phantom = Phantom::parse(&phantom, "the test's phantom").unwrap();
    let counts = ScanConfig {
        duration_s: Seconds::try_from(600.0).unwrap(),
        sensitivity_cps_per_kbq: Positive::try_from(10.0).unwrap(),
        isotope: None,
        start_s: DelaySeconds::default(),
    };
    let config = SimulationConfig { noise: false, ..SimulationConfig::new(CountsConfig::Scan(counts)) };
    simulate(&phantom, geometry, &config, &|_, _| {}).unwrap().remove(0)
}

/// A preset with few rings, but with virtual rings or gaps between its blocks; its span and largest ring difference.
fn short(name: &str) -> (Scanner, AxialCompression) {
    let whole = preset(name).unwrap();
    let (blocks, rings, span, most) = match name {
        "siemens-mct" => (14, 27, 11, 20),
        "siemens-quadra" => (7, 20, 9, 14),
        "siemens-vision-600" => (10, 20, 19, 19),
        "siemens-mmr" => (8, 16, 11, 15),
        "ecat-hr+" => (8, 16, 9, 11),
        "nanopet" => (0, 16, 1, 15),
        _ => (whole.rings_per_block, 2 * whole.rings_per_block.min(8), 1, 2 * whole.rings_per_block.min(8) - 1),
    };
    (Scanner { rings, rings_per_block: blocks, ..whole }, span_of(span, most))
}

fn span_of(span: usize, max_ring_difference: usize) -> AxialCompression {
    AxialCompression::Span { span, max_ring_difference }
}

/// Presets whose first two blocks are not the same; those of the Discovery MI differ in the number of rings alone.
fn presets() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().copied().filter(|name| !["ge-dmi-3ring", "ge-dmi-5ring", "ge-dmi-6ring"].contains(name))
}

/// Some twenty views.
fn geometry(scanner: Scanner, axial: AxialCompression) -> SinogramGeometry {
    let views = scanner.crystals_per_ring / 2;
    let mashing = (1..=views / 20).rev().find(|m| views.is_multiple_of(*m) && views / m >= 20).unwrap_or(1);
    SinogramGeometry::new(scanner, axial, mashing, 0).unwrap()
}

/// Slices on the planes, and the middle of the field across them.
fn grid(geometry: &SinogramGeometry) -> ImageGrid {
    let field = geometry.field_of_view();
    let slices = ((field.z_mm[1] - field.z_mm[0]) / field.plane_distance_mm).round() as usize;
    let side = 0.04 * field.radius_mm;
    ImageGrid::centred([9, 9, slices], [side, side, field.plane_distance_mm])
}

fn image(measurement: &Measurement, grid: &ImageGrid, rebinning: Rebinning) -> Image {
    fbp(measurement, grid, &FbpConfig { rebinning, ..FbpConfig::default() }).unwrap()
}

/// Mean of each slice over the truth.
fn slices(image: &Image) -> Vec<f64> {
    let [nx, ny, nz] = image.grid.shape;
    let mean = |z: usize| image.values.iter().skip(z).step_by(nz).map(|value| f64::from(*value)).sum::<f64>();
    (0..nz).map(|z| mean(z) / (nx * ny) as f64 / ACTIVITY).collect()
}

/// Least and largest of the slices.
fn range(slices: &[f64]) -> [f64; 2] {
    slices.iter().fold([f64::INFINITY, 0.0], |[low, high], value| [low.min(*value), high.max(*value)])
}

/// Every slice within 5 % of SSRB's, and that within 2 % of the truth.
fn assert_slices(name: &str, scanner: &Scanner, axial: AxialCompression) {
    let geometry = geometry(scanner.clone(), axial);
    let (scan, grid) = (scan(&geometry, 0.4), grid(&geometry));
    let [fore, ssrb] = [Rebinning::Fourier, Rebinning::SingleSlice].map(|r| slices(&image(&scan, &grid, r)));
    let ratio: Vec<f64> = fore.iter().zip(&ssrb).map(|(fore, ssrb)| fore / ssrb).collect();
    let [[f0, f1], [s0, s1], [r0, r1]] = [&fore, &ssrb, &ratio].map(|slices| range(slices));
    println!(
        "{name} {axial:?}: {} slices, FORE {f0:.3}–{f1:.3}, SSRB {s0:.3}–{s1:.3}, FORE / SSRB {r0:.3}–{r1:.3}",
        fore.len()
    );
    assert!(r0 > 0.95 && r1 < 1.05, "{name} {axial:?}: FORE over SSRB {ratio:.3?}");
    assert!(s0 > 0.98 && s1 < 1.02, "{name} {axial:?}: SSRB {ssrb:.3?}");
}

#[test]
fn every_preset_has_its_slices_at_the_usual_compression() {
    for name in presets() {
        let (scanner, usual) = short(name);
        assert_slices(name, &scanner, usual);
    }
}

#[test]
fn every_preset_has_its_slices_at_span_1() {
    for name in presets() {
        let scanner = short(name).0;
        let most = (scanner.rings - 1).min(9);
        assert_slices(name, &scanner, span_of(1, most));
    }
}

#[test]
fn virtual_rings_and_gaps_leave_no_slice_black_at_other_compressions() {
    for name in ["siemens-mct", "siemens-quadra", "ge-dmi-4ring"] {
        let scanner = short(name).0;
        let ge = AxialCompression::Ge { max_ring_difference: 9 };
        for axial in [span_of(1, 0), span_of(1, 1), span_of(3, 0), span_of(3, 10), span_of(5, 12), ge] {
            assert_slices(name, &scanner, axial);
        }
    }
}

/// Voxels that are no multiple of the planes, in a grid that is off the axis and reaches beyond the planes at one end.
#[test]
fn coarse_and_shifted_voxels_have_the_value_of_what_they_hold() {
    let (scanner, _) = short("siemens-mct");
    for axial in [span_of(1, 9), span_of(1, 0)] {
        let geometry = geometry(scanner.clone(), axial);
        let (scan, field) = (scan(&geometry, 0.4), geometry.field_of_view());
        for thickness in [0.7, 3.3, 11.0] {
            // Of the sixth slice a quarter lies in the field, of the seventh nothing.
            let shift = field.z_mm[1] - 2.0 * thickness + 0.25 * thickness;
            let grid = ImageGrid::around([20.0, -30.0, shift], [3, 3, 7], [7.0, 5.0, thickness]);
            for rebinning in [Rebinning::Fourier, Rebinning::SingleSlice] {
                let found = slices(&image(&scan, &grid, rebinning));
                let (inside, outside) = found.split_at(5);
                assert!(inside.iter().all(|value| (value - 1.0).abs() < 0.05), "{axial:?} {thickness} mm: {found:.3?}");
                assert_eq!(outside[1], 0.0, "{axial:?} {thickness} mm: {found:.3?}");
            }
        }
    }
}

/// One bin more would join a crystal with itself.
#[test]
fn all_radial_bins_are_no_harm() {
    let base = Scanner {
        rings: 4,
        crystals_per_ring: 96,
        inner_radius_mm: 200.0,
        rings_per_block: 0,
        crystals_per_block: 0,
        virtual_crystals: 0,
        ..preset("siemens-mmr").unwrap()
    };
    for radial_bins in [94, 95] {
        let scanner = Scanner { radial_bins, ..base.clone() };
        let geometry = SinogramGeometry::new(scanner, span_of(1, 3), 1, 0).unwrap();
        let narrow = SinogramGeometry::new(Scanner { radial_bins: 60, ..base.clone() }, span_of(1, 3), 1, 0).unwrap();
        let mut scan = Measurement { geometry: geometry.clone(), ..scan(&narrow, 0.3) };
        // The counts of the narrow scan, and none further out.
        let (planes, margin) = (geometry.planes(), radial_bins / 2 - 30);
        let counts = scan.prompts.to_vec();
        let factor = scan.factors.as_ref().map_or(1.0, |factors| factors[0]);
        let mut wide = vec![0.0; geometry.bins()];
        for (line, column) in counts.chunks(planes).enumerate() {
            let (view, radial) = (line / 60, line % 60);
            wide[(view * radial_bins + radial + margin) * planes..][..planes].copy_from_slice(column);
        }
        (scan.prompts, scan.factors, scan.background) = (wide.into(), Some(vec![factor; geometry.bins()]), None);
        let grid = ImageGrid::centred([9, 9, 7], [5.0, 5.0, 2.03125]);
        for rebinning in [Rebinning::Fourier, Rebinning::SingleSlice] {
            let found = slices(&image(&scan, &grid, rebinning));
            assert!(found.iter().all(|value| (value - 1.0).abs() < 0.03), "{radial_bins}: {found:.3?}");
        }
    }
}
