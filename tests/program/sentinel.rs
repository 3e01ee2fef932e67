//! The sentinel: z against its definition, under the truth, with a lesion erased and with one invented; and through the
//! program.

use coincide::data::{Background, Clock, Ledger, Measurement};
use coincide::image::ImageGrid;
use coincide::likelihood::Model;
use coincide::operator::Widths;
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, TofDetector, preset};
use coincide::simulate::resampled;
use coincide::trust::{Evidence, Forgiven, Suspect, Verdict, evidence, places, score_maps};
use coincide::units::FWHM_PER_SIGMA;
use std::fs;
use std::process::Command;
use std::sync::Arc;

const SIZE_MM: f64 = 16.0;
const RESOLUTION_MM: [f64; 3] = [6.0, 6.0, 5.0];

fn geometry() -> SinogramGeometry {
    geometry_of(None)
}

/// The same with 15 bins of 200 ps and 400 ps.
fn timed_geometry() -> SinogramGeometry {
    geometry_of(Some(TofDetector { bins: 15, bin_ps: 200.0, fwhm_ps: 400.0 }))
}

fn geometry_of(tof: Option<TofDetector>) -> SinogramGeometry {
    let scanner = Scanner {
        crystals_per_ring: 200,
        crystals_per_block: 8,
        radial_bins: 99,
        rings: 8,
        ring_spacing_mm: 6.0,
        tof,
        ..preset("siemens-mmr").unwrap()
    };
    let mashing = usize::from(scanner.tof.is_some());
    SinogramGeometry::new(scanner, AxialCompression::Span { span: 1, max_ring_difference: 5 }, 1, mashing).unwrap()
}

fn grid() -> ImageGrid {
    ImageGrid::centred([60, 60, 15], [5.0, 5.0, 3.0])
}

/// A cylinder of unit activity with a hotter rod in it.
fn body(grid: &ImageGrid) -> Vec<f32> {
    image(grid, |[x, y, _]| match (x.hypot(y), (x - 50.0).hypot(y)) {
        (_, rod) if rod < 25.0 => 2.0,
        (radius, _) if radius < 120.0 => 1.0,
        _ => 0.0,
    })
}

/// A spot of unit height.
fn spot(grid: &ImageGrid, centre: [f64; 3], fwhm_mm: f64) -> Vec<f32> {
    let sigma = fwhm_mm / FWHM_PER_SIGMA;
    image(grid, |mm| (0..3).map(|axis| -(mm[axis] - centre[axis]).powi(2) / (2.0 * sigma * sigma)).sum::<f64>().exp())
}

fn image(grid: &ImageGrid, value: impl Fn([f64; 3]) -> f64) -> Vec<f32> {
    let [_, ny, nz] = grid.shape;
    (0..grid.voxels()).map(|n| value(grid.centre_mm([n / (ny * nz), n / nz % ny, n % nz])) as f32).collect()
}

/// A scan of an image: factors and background vary, counts are Poisson.
fn scan(x: &[f32], seed: u64) -> Arc<Measurement> {
    scan_of(geometry(), x, seed)
}

fn scan_of(geometry: SinogramGeometry, x: &[f32], seed: u64) -> Arc<Measurement> {
    let bins = geometry.bins();
    let factors: Vec<f32> = (0..geometry.lines()).map(|n| 0.004 + 0.002 * (n % 5) as f32).collect();
    let background = Some(Background::even(geometry.shape(), vec![0.2; geometry.lines()]));
    let empty = Arc::new(Measurement {
        geometry,
        prompts: vec![0.0; bins].into(),
        factors: Some(factors),
        background,
        ledger: Ledger::raw().calibrated(),
        clock: Clock::default(),
    });
    let model = Model::new(&empty, grid(), Some(RESOLUTION_MM), 4).unwrap();
    let mean = model.expected(x);
    Arc::new(resampled(&empty, &mean, seed, 0))
}

/// Σᵢ tᵢ (yᵢ/ȳᵢ − 1) and Σᵢ tᵢ² / ȳᵢ, written out; t = A T without what it shares with A B, B the broad spot.
fn by_definition(measurement: &Arc<Measurement>, widths: &Widths, x: &[f32], [spot, broad]: [&[f32]; 2]) -> [f64; 2] {
    let silent = Measurement { background: None, ..Measurement::clone(measurement) };
    let model = Model::new(measurement, grid(), widths.clone(), 1).unwrap();
    let mean = model.expected(x);
    let [narrow, wide] = [spot, broad].map(|spot| model.with_measurement(silent.clone()).expected(spot));
    let product = |a: &[f32], b: &[f32]| {
        let terms = a.iter().zip(b).zip(&mean).filter(|(_, mean)| **mean > 0.0);
        terms.map(|((a, b), mean)| f64::from(*a) * f64::from(*b) / f64::from(*mean)).sum::<f64>()
    };
    let share = product(&narrow, &wide) / product(&wide, &wide);
    let along: Vec<f32> = narrow.iter().zip(&wide).map(|(t, b)| t - share as f32 * b).collect();
    let residual: Vec<f32> = measurement.prompts.iter().zip(&mean).map(|(y, mean)| y - mean).collect();
    [product(&along, &residual), product(&along, &along)]
}

/// A spot and the broad one at the same place.
fn spots(grid: &ImageGrid, centre: [f64; 3]) -> [Vec<f32>; 2] {
    [SIZE_MM, 90.0].map(|size| spot(grid, centre, size))
}

#[test]
fn scores_are_those_of_the_definition() {
    let x = body(&grid());
    let uniform = Widths::from(Some(RESOLUTION_MM));
    // Off the axis as wide as the spot itself: with the widths of the axis alone, σ would be a fifth too small there.
    let by_radius = Widths { by_radius: vec![(0.0, [6.0; 3]), (70.0, [18.0, 10.0, 8.0])] };
    let scan = scan(&x, 3);
    agree_with_the_definition(&scan, &uniform, &x, 0.05);
    agree_with_the_definition(&scan, &by_radius, &x, 0.08);
    // Where ȳ changes from bin to bin, at rims, it shows: σ is up to a tenth too small there, and z, too.
    let timed = scan_of(timed_geometry(), &x, 3);
    agree_with_the_definition(&timed, &uniform, &x, 0.13);
    agree_with_the_definition(&timed, &by_radius, &x, 0.13);
}

fn agree_with_the_definition(measurement: &Arc<Measurement>, widths: &Widths, x: &[f32], tolerance: f64) {
    let grid = grid();
    let model = Model::new(measurement, grid, widths.clone(), 4).unwrap();
    let map = &score_maps(&model, x, &[SIZE_MM], Forgiven::default())[0];
    for voxel in [[30, 30, 7], [40, 30, 7], [20, 38, 5], [30, 14, 9], [45, 42, 7]] {
        let [spot, broad] = spots(&grid, grid.centre_mm(voxel));
        let [asked, known] = by_definition(measurement, widths, x, [&spot, &broad]);
        let n = grid.index(voxel);
        let (sigma, z) = (f64::from(map.sigma[n]), f64::from(map.z[n]));
        println!("{voxel:?}: σ {sigma:.4} ({:.4}), z {z:.3} ({:.3})", known.sqrt().recip(), asked / known.sqrt());
        assert!((sigma * known.sqrt() - 1.0).abs() < tolerance, "{sigma} {}", known.sqrt().recip());
        assert!((z - asked / known.sqrt()).abs() < tolerance + tolerance * z.abs(), "{z} {}", asked / known.sqrt());
    }
}

#[test]
fn under_the_truth_z_is_a_standard_normal_number() {
    let (grid, x) = (grid(), body(&grid()));
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    for seed in 0..12 {
        let measurement = scan(&x, seed);
        let model = Model::new(&measurement, grid, Some(RESOLUTION_MM), 4).unwrap();
        let map = &score_maps(&model, &x, &[SIZE_MM], Forgiven::default())[0];
        assert!(places(&grid, std::slice::from_ref(map), 4.8).is_empty(), "a false alarm in scan {seed}");
        for (z, _) in map.z.iter().zip(&x).filter(|(_, x)| **x > 0.0) {
            (sum, squares, count) = (sum + f64::from(*z), squares + f64::from(*z).powi(2), count + 1.0);
        }
    }
    let (mean, sd) = (sum / count, (squares / count).sqrt());
    println!("mean {mean:.3}, standard deviation {sd:.3}");
    assert!(mean.abs() < 0.3 && (sd - 1.0).abs() < 0.1, "{mean} {sd}");
}

/// A lesion of a height that the ideal observer sees with a signal-to-noise ratio of 10.
#[test]
fn an_erased_lesion_is_found_where_it_is_and_an_invented_one_is_refuted() {
    let (grid, background) = (grid(), body(&grid()));
    let centre = grid.centre_mm([22, 36, 7]);
    let [lesion, broad] = spots(&grid, centre);
    let [_, known] = by_definition(&scan(&background, 1), &Some(RESOLUTION_MM).into(), &background, [&lesion, &broad]);
    let height = 10.0 / known.sqrt();
    let with: Vec<f32> = background.iter().zip(&lesion).map(|(x, t)| x + height as f32 * t).collect();
    let judge = |truth: &[f32], shown: &[f32]| {
        let measurement = scan(truth, 7);
        let model = Model::new(&measurement, grid, Some(RESOLUTION_MM), 4).unwrap();
        places(&grid, &score_maps(&model, shown, &[10.0, SIZE_MM, 30.0], Forgiven::default()), 4.8)
    };
    for (truth, shown, verdict, sign) in
        [(&with, &background, Verdict::Missing, 1.0), (&background, &with, Verdict::Refuted, -1.0)]
    {
        let found = judge(truth, shown);
        println!("{found:?}");
        let first = &found[0];
        assert_eq!((found.len(), first.verdict, first.fwhm_mm), (1, verdict, SIZE_MM));
        let apart: f64 = (0..3).map(|axis| (first.centre_mm[axis] - centre[axis]).powi(2)).sum();
        assert!(apart.sqrt() < 8.0, "{apart}");
        assert!((sign * first.z - 10.0).abs() < 3.0 && (sign * first.height / height - 1.0).abs() < 0.3, "{first:?}");
    }
    assert!(judge(&with, &with).is_empty() && judge(&background, &background).is_empty());
}

fn recon(folder: &std::path::Path, sentinel: &str) -> std::process::Output {
    let config = format!(
        r#"
[measurement.simulated]
phantom = "contrast-spheres"
scanner.preset = "siemens-mmr"
sinogram.axial.span = {{ span = 1, max_ring_difference = 2 }}
sinogram.view_mashing = 6
simulation = {{ counts.total-prompts = 2e5, seed = 3 }}

[image]
shape = [48, 48, 9]
voxel_mm = [7.0, 7.0, 28.0]

[algorithm.osem]
subsets = 6
iterations = 2

{sentinel}
"#
    );
    fs::write(folder.join("recon.toml"), config).unwrap();
    Command::new(env!("CARGO_BIN_EXE_coincide"))
        .args(["recon", "recon.toml", "--json", "--quiet", "--force"])
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn the_program_tells_what_the_counts_say() {
    let folder = tempfile::tempdir().unwrap();
    let run = |sentinel: &str| -> serde_json::Value {
        let output = recon(folder.path(), sentinel);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert!(run("")["sentinel"].is_null(), "no learned prior, no sentinel");
    let plain = &run("[sentinel]\nsizes_mm = [20.0]\nedges = 0.0\nleast_height = 0.0\nmap = \"z.nii.gz\"")["sentinel"];
    println!("{plain}");
    assert!(plain["largest"].as_f64().unwrap() > 0.0 && plain["smallest"].as_f64().unwrap() < 0.0);
    assert!(folder.path().join("z.nii.gz").exists());
    // The image is made again without its map, and with the same counts held out.
    run("[output]\nimage = \"image.h5\"\n[sentinel]\nheld_out = 0.3\nmap = \"z.nii.gz\"");
    let replay = Command::new(env!("CARGO_BIN_EXE_coincide"))
        .args(["recon", "--replay", "image.h5", "--json", "--quiet"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&replay.stdout).into_owned() + &String::from_utf8_lossy(&replay.stderr);
    assert!(text.contains("\"identical\": true"), "{text}");
    // A filter that wipes the spheres away.
    let wiped =
        &run("[post_filter]\nfwhm_mm = [60.0, 60.0, 0.0]\n[sentinel]\nsizes_mm = [20.0]\nedges = 0.0\nheld_out = 0.3")
            ["sentinel"];
    let places = wiped["places"].as_array().unwrap();
    // At the places that are told, the image to fall back to is another one; elsewhere it is the same.
    run(
        "[output]\nimage = \"wiped.h5\"\n[post_filter]\nfwhm_mm = [60.0, 60.0, 0.0]\n[sentinel]\nsizes_mm = [20.0]\nedges = 0.0\nheld_out = 0.3\n\
         fallback = \"fallback.h5\"",
    );
    let [wiped_image, fallback] =
        ["wiped.h5", "fallback.h5"].map(|name| coincide::io::hdf5::read_image(&folder.path().join(name)).unwrap().0);
    let at = |place: &serde_json::Value| {
        let centre: [f64; 3] = serde_json::from_value(place["centre_mm"].clone()).unwrap();
        wiped_image.grid.nearest(centre)
    };
    assert!(places.iter().all(|place| wiped_image.values[at(place)] != fallback.values[at(place)]));
    let same = wiped_image.values.iter().zip(&fallback.values).filter(|(a, b)| a == b).count();
    assert!(same > 0 && same < wiped_image.values.len(), "{same} of {}", wiped_image.values.len());
    let missing = places.iter().find(|place| place["verdict"] == "missing").expect("what the filter wiped away");
    assert!(missing["extent_mm"].is_array());
    let centre: Vec<f64> = missing["centre_mm"].as_array().unwrap().iter().map(|mm| mm.as_f64().unwrap()).collect();
    println!("{} places, the first that is missing: {missing}", places.len());
    assert!((centre[0].hypot(centre[1]) - 65.0).abs() < 20.0, "on the ring of the spheres: {centre:?}");
    let certified = &run(
        "[sentinel]\nheld_out = 0.5\n[[sentinel.regions]]\nname = \"hot\"\ncentre_mm = [65, 0, 0]\ndiameter_mm = 30\n\
         [[sentinel.regions]]\nname = \"middle\"\ncentre_mm = [0, 0, 0]\ndiameter_mm = 30",
    )["sentinel"]["certificates"];
    println!("{certified}");
    assert!(certified[0]["present"].as_f64() > Some(20.0) && certified[1]["present"].as_f64() < Some(20.0));
    let found = &run("[sentinel]\nsizes_mm = [20.0]\nedges = 0.0\nleast_height = 0.0\nsimulated = 19")["sentinel"];
    let threshold = found["threshold"].as_f64().unwrap();
    println!("threshold of 19 scans: {threshold:.2}");
    assert!((1.0..8.0).contains(&threshold) && found["simulated"] == 19);
    for (sentinel, told) in [
        ("[sentinel]\nsizes_mm = []", "no size is given"),
        ("[sentinel]\nsizes_mm = [1000.0]", "a spot of 1000 mm is no lesion"),
        ("[sentinel]\nsimulated = 5", "19 is the smallest number that can"),
        ("[sentinel]\nheld_out = 0.95", "too few are reconstructed"),
        (
            "[[sentinel.regions]]\nname = \"a\"\ncentre_mm = [0, 0, 0]\ndiameter_mm = 20",
            "an image cannot be certified by the counts that it was made of",
        ),
        ("[sentinel]\nmap = \"z.png\"", "is not a name for this format"),
        ("[sentinel]\nfallback = \"f.nii\"", "is not a name for this format"),
    ] {
        let output = recon(folder.path(), sentinel);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(told), "{sentinel}: {text}");
    }
}

/// e for a lesion that is not there exceeds 20 in one scan of twenty at most; for one of SNR 8 in the kept counts it
/// does nearly always.
#[test]
fn certificates_keep_their_promise() {
    let (grid, background) = (grid(), body(&grid()));
    let centre_mm = grid.centre_mm([22, 36, 7]);
    let suspect = Suspect { centre_mm, diameter_mm: 16.0, contrast: 3.0 };
    let inside = |mm: [f64; 3]| (0..3).map(|axis| (mm[axis] - centre_mm[axis]).powi(2)).sum::<f64>().sqrt() < 8.0;
    let ball = image(&grid, |mm| f64::from(u8::from(inside(mm))));
    let broad = spot(&grid, centre_mm, 90.0);
    let [_, known] = by_definition(&scan(&background, 1), &Some(RESOLUTION_MM).into(), &background, [&ball, &broad]);
    let with = |height: f64| -> Vec<f32> { background.iter().zip(&ball).map(|(x, b)| x + height as f32 * b).collect() };
    // The images are wrong elsewhere, too: too bright by 3 %, and blurred.
    let seen = |x: &[f32]| -> Vec<f32> {
        let mut blurred = vec![0.0; x.len()];
        coincide::operator::GaussianFilter::new(&grid, [8.0; 3]).apply(x, &mut blurred);
        blurred.iter().map(|x| 1.03 * x).collect()
    };
    let judge = |truth: &[f32], shown: &[f32], seed: u64| {
        let parts = [seed, seed + 1000].map(|seed| scan(truth, seed));
        let [fitted, kept] = parts.each_ref().map(|part| Model::new(part, grid, Some(RESOLUTION_MM), 4).unwrap());
        evidence(&fitted, &kept, shown, &suspect).unwrap()
    };
    let height = 8.0 / known.sqrt();
    let (lesion, tripled) = (with(height), with(2.0));
    let count = |truth: &[f32], shown: &[f32], is: &dyn Fn(&Evidence) -> bool| {
        (0..30).filter(|seed| is(&judge(truth, &seen(shown), 100 + seed))).count()
    };
    let present = |found: &Evidence| found.present >= 20_f64.ln();
    // Invented by the image, shown by it, and erased by it.
    let counts = [
        count(&background, &lesion, &present),
        count(&lesion, &lesion, &present),
        count(&lesion, &background, &present),
    ];
    println!(
        "called present: invented {}, shown {}, erased {} of 30; height {height:.3}",
        counts[0], counts[1], counts[2]
    );
    assert!(counts[0] <= 2 && counts[1] >= 27 && counts[2] >= 27, "{counts:?}");
    // Absence of a lesion of at least three times the surroundings, where there is none and where there is one.
    let absent = |found: &Evidence| found.absent >= 20_f64.ln();
    let [without, hidden] = [count(&background, &background, &absent), count(&tripled, &background, &absent)];
    println!("called absent: {without} without, {hidden} with a lesion, of 30");
    assert!(hidden <= 2 && without >= 24, "{without} {hidden}");
    let found = judge(&lesion, &lesion, 7);
    assert!((found.shown_contrast - 1.0 - height).abs() < 0.15, "{found:?} {height}");
    let outside = Suspect { centre_mm: [900.0, 0.0, 0.0], ..suspect };
    let measurement = scan(&background, 1);
    let model = Model::new(&measurement, grid, Some(RESOLUTION_MM), 4).unwrap();
    assert_eq!(evidence(&model, &model, &background, &outside), None);
}
