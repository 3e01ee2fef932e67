//! Phantoms: exact chords against formulas and dense sampling, voxels against volumes, errors that name their place.

use coincide::image::ImageGrid;
use coincide::phantom::{PRESETS, Phantom};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// A phantom of one shape with activity 1 and attenuation 0.1 / cm (0.01 / mm).
fn one(shape: &str) -> Phantom {
    let head = "name = \"t\"\ndescription = \"\"\ncitation = \"\"\n";
    let text = format!("{head}[[shapes]]\n{shape}\nactivity_bq_per_ml = 1.0\nattenuation_per_cm = 0.1\n");
    Phantom::parse(&text, "test").unwrap()
}

fn chord(phantom: &Phantom, a: [f64; 3], b: [f64; 3]) -> f64 {
    let integrals = phantom.tracer().line_integrals(a, b);
    assert!((integrals.attenuation - 0.01 * integrals.activity).abs() < 1e-12 * (1.0 + integrals.activity));
    integrals.activity
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "found {found}, expected {expected}");
}

#[test]
fn a_ball_has_the_chord_of_a_ball() {
    let ball = one("solid.ellipsoid = { semi_axes_mm = [30, 30, 30] }\ncentres_mm = [[5, -7, 11]]");
    for offset in [0.0_f64, 3.0, 17.5, 29.999] {
        let expected = 2.0 * (900.0 - offset * offset).sqrt();
        near(chord(&ball, [5.0 + offset, -400.0, 11.0], [5.0 + offset, 400.0, 11.0]), expected);
        near(chord(&ball, [-500.0, -7.0, 11.0 - offset], [300.0, -7.0, 11.0 - offset]), expected);
    }
    near(chord(&ball, [36.0, -400.0, 11.0], [36.0, 400.0, 11.0]), 0.0);
    // A line that ends in the middle, and one of no length.
    near(chord(&ball, [5.0, -7.0, 11.0], [5.0, 400.0, 11.0]), 30.0);
    near(chord(&ball, [5.0, -7.0, 11.0], [5.0, -7.0, 11.0]), 0.0);
}

#[test]
fn a_tilted_ellipsoid_has_its_support_and_its_chord() {
    // Through the centre, the chord along unit n is 2 / |S⁻¹ Rᵀ n|; turned by 30° about z.
    let ellipsoid = one("solid.ellipsoid = { semi_axes_mm = [40, 10, 20] }\nturn_deg = 30");
    let (sin, cos) = 30.0_f64.to_radians().sin_cos();
    for (n, expected) in [([cos, sin, 0.0], 80.0), ([-sin, cos, 0.0], 20.0), ([0.0, 0.0, 1.0], 40.0)] {
        near(chord(&ellipsoid, n.map(|x| -300.0 * x), n.map(|x| 300.0 * x)), expected);
    }
    let along_x = 2.0 / ((cos / 40.0).powi(2) + (sin / 10.0).powi(2)).sqrt();
    near(chord(&ellipsoid, [-300.0, 0.0, 0.0], [300.0, 0.0, 0.0]), along_x);
}

#[test]
fn a_cylinder_has_its_chords_on_any_axis() {
    let upright = one("solid.cylinder = { radii_mm = [50, 20], length_mm = 80 }");
    near(chord(&upright, [-99.0, 0.0, 39.0], [99.0, 0.0, 39.0]), 100.0);
    near(chord(&upright, [0.0, -99.0, -39.0], [0.0, 99.0, -39.0]), 40.0);
    near(chord(&upright, [3.0, 2.0, -99.0], [3.0, 2.0, 99.0]), 80.0);
    near(chord(&upright, [-99.0, 0.0, 41.0], [99.0, 0.0, 41.0]), 0.0);
    // An oblique line with tan θ = 0.5 that leaves through both mantles: 100 / cos θ.
    near(chord(&upright, [-60.0, 0.0, -30.0], [60.0, 0.0, 30.0]), 100.0 * 1.25_f64.sqrt());
    let lying = one("solid.cylinder = { radii_mm = [20, 20], length_mm = 80 }\naxis = [1, 1, 0]");
    let diagonal = 0.5_f64.sqrt();
    near(chord(&lying, [-99.0 * diagonal, -99.0 * diagonal, 0.0], [99.0 * diagonal, 99.0 * diagonal, 0.0]), 80.0);
    near(chord(&lying, [0.0, 0.0, -99.0], [0.0, 0.0, 99.0]), 40.0);
}

#[test]
fn a_box_has_its_chords() {
    let cube = one("solid.box = { size_mm = [20, 40, 60] }\ncentres_mm = [[1, 2, 3]]");
    near(chord(&cube, [-99.0, 2.0, 3.0], [99.0, 2.0, 3.0]), 20.0);
    near(chord(&cube, [1.0, -99.0, 3.0], [1.0, 99.0, 3.0]), 40.0);
    near(chord(&cube, [1.0, 2.0, -99.0], [1.0, 2.0, 99.0]), 60.0);
    near(chord(&cube, [-9.0, -18.0, -27.0], [11.0, 22.0, 33.0]), (400.0_f64 + 1600.0 + 3600.0).sqrt());
    let turned = one("solid.box = { size_mm = [20, 20, 20] }\nturn_deg = 45");
    near(chord(&turned, [-99.0, 0.0, 0.0], [99.0, 0.0, 0.0]), 800.0_f64.sqrt());
}

#[test]
fn a_cone_has_its_chords() {
    // Apex at z = +30, radius 20 at z = −30: radius (30 − z) / 3.
    let cone = one("solid.cone = { radii_mm = [20, 0], length_mm = 60 }");
    near(chord(&cone, [-99.0, 0.0, 0.0], [99.0, 0.0, 0.0]), 20.0);
    near(chord(&cone, [6.0, -99.0, 0.0], [6.0, 99.0, 0.0]), 16.0);
    near(chord(&cone, [0.0, 0.0, -99.0], [0.0, 0.0, 99.0]), 60.0);
    // Parallel to the axis at x = 10: from z = −30 to z = 0.
    near(chord(&cone, [10.0, 0.0, -99.0], [10.0, 0.0, 99.0]), 30.0);
    // Parallel to the mantle, x = (30 − z) / 3 − 10: leaves through the far mantle nowhere, so only where |x| ≤ radius.
    // −x ≤ radius gives z ≤ 15, the bottom face z ≥ −30: 45 mm of z, each √(1 + 1/9) long.
    near(
        chord(&cone, [(30.0 + 90.0) / 3.0 - 10.0, 0.0, -90.0], [-20.0 / 3.0 - 10.0, 0.0, 50.0]),
        45.0 * (10.0_f64 / 9.0).sqrt(),
    );
    let frustum = one("solid.cone = { radii_mm = [5, 15], length_mm = 20 }");
    near(chord(&frustum, [-99.0, 0.0, 5.0], [99.0, 0.0, 5.0]), 25.0);
    near(chord(&frustum, [0.0, 10.0, -99.0], [0.0, 10.0, 99.0]), 10.0);
}

#[test]
fn half_spaces_cut() {
    let half = one(concat!(
        "solid.ellipsoid = { semi_axes_mm = [30, 30, 30] }\n",
        "cuts = [{ through_mm = [0, 4, 0], keep = [0, -2, 0] }, { through_mm = [10, 0, 0], keep = [-1, 0, 0] }]"
    ));
    near(chord(&half, [0.0, -99.0, 0.0], [0.0, 99.0, 0.0]), 34.0);
    near(chord(&half, [-99.0, 0.0, 0.0], [99.0, 0.0, 0.0]), 40.0);
    near(chord(&half, [-99.0, 5.0, 0.0], [99.0, 5.0, 0.0]), 0.0);
}

#[test]
fn a_later_shape_replaces_what_it_covers() {
    let text = r#"
        name = "t"
        description = ""
        citation = ""
        [[shapes]]
        solid.ellipsoid = { semi_axes_mm = [50, 50, 50] }
        activity_bq_per_ml = 1.0
        attenuation_per_cm = 0.1
        [[shapes]]
        solid.ellipsoid = { semi_axes_mm = [20, 20, 20] }
        activity_bq_per_ml = 0.0
        attenuation_per_cm = 0.2
        [[shapes]]
        solid.box = { size_mm = [10, 10, 200] }
        centres_mm = [[20, 0, 0]]
        activity_bq_per_ml = 7.0
        attenuation_per_cm = 0.0
    "#;
    let phantom = Phantom::parse(text, "test").unwrap();
    let mut tracer = phantom.tracer();
    let integrals = tracer.line_integrals([-200.0, 0.0, 0.0], [200.0, 0.0, 0.0]);
    // 30 mm of ball, 35 mm of hole, 10 mm of box, 25 mm of ball.
    near(integrals.activity, 30.0 + 70.0 + 25.0);
    near(integrals.attenuation, (0.1 * 55.0 + 0.2 * 35.0) / 10.0);
    let shapes: Vec<_> = tracer.stretches([-200.0, 0.0, 0.0], [200.0, 0.0, 0.0]).iter().map(|s| s.shape).collect();
    assert_eq!(shapes, [0, 1, 2, 0]);
    assert!(tracer.narrow([-200.0, 48.0], [200.0, 48.0], 0.0));
    near(tracer.line_integrals([-200.0, 48.0, 0.0], [200.0, 48.0, 0.0]).activity, 28.0);
    assert!(!tracer.narrow([-200.0, 51.0], [200.0, 51.0], 0.0));
}

/// Lines between random points of a sphere around the phantom, through it more often than not.
fn random_lines(phantom: &Phantom, count: usize) -> Vec<[[f64; 3]; 2]> {
    let extent = phantom.extent_mm();
    let mut random = Pcg64::seed_from_u64(3);
    let mut point = |stretch: f64| -> [f64; 3] {
        std::array::from_fn(|axis| {
            let [low, high] = extent[axis];
            0.5 * (low + high) + stretch * (high - low) * (random.random::<f64>() - 0.5)
        })
    };
    (0..count)
        .map(|_| (point(2.0), point(1.0)))
        .map(|(a, via)| [a, std::array::from_fn(|i| a[i] + 3.0 * (via[i] - a[i]))])
        .collect()
}

#[test]
fn shipped_phantoms_agree_with_dense_sampling() {
    const SAMPLES: usize = 4000;
    for name in PRESETS {
        let phantom = Phantom::load(name).unwrap();
        let mut tracer = phantom.tracer();
        let (mut exact_sum, mut sampled_sum, mut worst) = (0.0, 0.0, 0.0_f64);
        let largest = (0..phantom.shapes()).map(|shape| phantom.activity(shape)).fold(0.0, f64::max);
        for [a, b] in random_lines(&phantom, 60) {
            let length = (0..3).map(|i| (b[i] - a[i]).powi(2)).sum::<f64>().sqrt();
            let step = length / SAMPLES as f64;
            let sampled: f64 = (0..SAMPLES)
                .map(|n| (n as f64 + 0.5) / SAMPLES as f64)
                .filter_map(|t| phantom.shape_at(std::array::from_fn(|i| a[i] + t * (b[i] - a[i]))))
                .map(|shape| phantom.activity(shape) * step)
                .sum();
            let crossings = 2.0 * tracer.stretches(a, b).len() as f64;
            let exact = tracer.line_integrals(a, b).activity;
            let allowed = 0.5 * step * largest * crossings + 1e-9;
            assert!((exact - sampled).abs() <= allowed, "{name} {a:?} {b:?}: {exact} against {sampled} ± {allowed}");
            worst = worst.max((exact - sampled).abs() / largest);
            exact_sum += exact;
            sampled_sum += sampled;
        }
        println!(
            "{name}: relative difference of the sums {:.1e}, worst line {worst:.3} mm",
            sampled_sum / exact_sum - 1.0
        );
        assert!(exact_sum > 0.0 && (sampled_sum / exact_sum - 1.0).abs() < 3e-3, "{name}");
    }
}

#[test]
fn stretches_are_ordered_and_do_not_overlap() {
    for name in PRESETS {
        let phantom = Phantom::load(name).unwrap();
        let mut tracer = phantom.tracer();
        for [a, b] in random_lines(&phantom, 200) {
            let stretches = tracer.stretches(a, b);
            assert!(stretches.iter().all(|s| s.start_mm < s.end_mm && s.start_mm >= 0.0), "{name}");
            assert!(stretches.windows(2).all(|pair| pair[0].end_mm <= pair[1].start_mm), "{name}");
        }
    }
}

#[test]
fn voxels_hold_the_analytic_volumes() {
    let tau = std::f64::consts::TAU;
    let cases = [
        ("solid.ellipsoid = { semi_axes_mm = [30, 22, 41] }\naxis = [1, 2, 3]", 2.0 / 3.0 * tau * 30.0 * 22.0 * 41.0),
        ("solid.cylinder = { radii_mm = [20, 30], length_mm = 50 }\naxis = [0, 1, 2]", 0.5 * tau * 600.0 * 50.0),
        ("solid.box = { size_mm = [33.3, 21.7, 55.1] }\nturn_deg = 20", 33.3 * 21.7 * 55.1),
        ("solid.box = { size_mm = [33.3, 21.7, 55.1] }", 33.3 * 21.7 * 55.1),
        ("solid.cone = { radii_mm = [30, 10], length_mm = 40 }", tau / 6.0 * 40.0 * (900.0 + 300.0 + 100.0)),
        (
            "solid.ellipsoid = { semi_axes_mm = [30, 30, 30] }\ncuts = [{ through_mm = [0, 0, 0], keep = [1, 1, 1] }]",
            tau / 3.0 * 27000.0,
        ),
    ];
    let grid = ImageGrid::centred([50, 48, 45], [2.3, 2.4, 2.5]);
    for (shape, volume) in cases {
        let image = one(shape).activity_image(&grid);
        let found: f64 = image.values.iter().map(|&v| f64::from(v)).sum::<f64>() * grid.voxel_ml() * 1000.0;
        // A face along the grid is off by up to 1/178 of a voxel; faces at an angle average out.
        let allowed = if shape.contains("box") && !shape.contains("turn") { 2e-3 } else { 4e-4 };
        assert!((found / volume - 1.0).abs() < allowed, "{shape}: {found} mm³, expected {volume}");
        assert!(image.values.iter().all(|v| (0.0..=1.0 + 1e-6).contains(v)));
    }
    let phantom = one(cases[0].0);
    assert!((phantom.solid_ml(0).unwrap() * 1000.0 / cases[0].1 - 1.0).abs() < 1e-12);
}

#[test]
fn partial_volumes_of_an_aligned_box_are_exact() {
    // 10 mm voxels, the box covers 0.3 of a voxel in x, 0.6 in y and 0.25 in z.
    let grid = ImageGrid::centred([3, 3, 3], [10.0; 3]);
    let image = one("solid.box = { size_mm = [3, 6, 2.5] }").activity_image(&grid);
    assert!((image.values[grid.index([1, 1, 1])] - 0.3 * 0.6 * 0.25).abs() < 2e-3 * 0.25);
    assert_eq!(image.values.iter().filter(|&&v| v != 0.0).count(), 1);
}

#[test]
fn voxels_do_not_depend_on_threads() {
    let phantom = Phantom::load("brain").unwrap();
    let grid = ImageGrid::centred([60, 64, 40], [4.0, 4.0, 5.0]);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| phantom.activity_image(&grid))
    };
    assert!(run(1) == run(3));
}

#[test]
fn region_masks_weigh_as_much_as_their_solids() {
    let phantom = Phantom::load("nema-iq").unwrap();
    let grid = ImageGrid::centred([160, 130, 120], [2.0; 3]);
    for diameter in [10.0_f64, 13.0, 17.0, 22.0, 28.0, 37.0] {
        let mask = phantom.region_mask(&format!("sphere-{diameter}"), &grid).unwrap();
        let found: f64 = mask.iter().map(|&v| f64::from(v)).sum::<f64>() * 8.0;
        let expected = std::f64::consts::PI / 6.0 * diameter.powi(3);
        assert!((found / expected - 1.0).abs() < 2e-3, "{diameter}: {found}, expected {expected}");
    }
    let error = phantom.region_mask("sphere-11", &grid).unwrap_err().to_string();
    assert!(error.contains("has no region `sphere-11`") && error.contains("sphere-10"), "{error}");
    let body: f64 = phantom.object_mask(&grid).iter().map(|&v| f64::from(v)).sum::<f64>() * 8.0;
    let outline = 0.5 * std::f64::consts::PI * (150.0 * 150.0 + 80.0 * 80.0) + 140.0 * 80.0;
    assert!((body / (outline * 186.0) - 1.0).abs() < 1e-3, "{body} against {}", outline * 186.0);
}

#[test]
fn the_letter_f_looks_like_no_mirror_image_of_itself() {
    let grid = ImageGrid::centred([32, 36, 44], [4.0; 3]);
    let image = Phantom::load("letter-f").unwrap().activity_image(&grid);
    let [nx, ny, nz] = grid.shape;
    let total: f32 = image.values.iter().sum();
    for flips in 1..8_usize {
        let mut difference = 0.0;
        for (i, j, k) in (0..nx * ny * nz).map(|n| (n / (ny * nz), n / nz % ny, n % nz)) {
            let flip = |bit: usize, n: usize, size: usize| if flips >> bit & 1 == 1 { size - 1 - n } else { n };
            let mirrored = grid.index([flip(0, i, nx), flip(1, j, ny), flip(2, k, nz)]);
            difference += (image.values[grid.index([i, j, k])] - image.values[mirrored]).abs();
        }
        assert!(difference > 0.3 * total, "flips {flips:03b}: {}", difference / total);
    }
    // The stem is on the patient's right (−x), the long arm in front (−y) and above (+z).
    let at = |x: f64, y: f64, z: f64| {
        image.values[grid.index([(x / 4.0 + 16.0) as usize, (y / 4.0 + 18.0) as usize, (z / 4.0 + 22.0) as usize])]
    };
    assert!(at(-30.0, 30.0, -40.0) > 0.0 && at(30.0, 30.0, -40.0) == 0.0);
    assert!(at(40.0, -50.0, 40.0) > 0.0 && at(40.0, 50.0, 40.0) == 0.0 && at(40.0, -50.0, -40.0) == 0.0);
}

#[test]
fn every_region_of_a_shipped_phantom_has_a_volume() {
    for name in PRESETS {
        let phantom = Phantom::load(name).unwrap();
        let extent = phantom.extent_mm();
        let voxel_mm = extent.map(|[low, high]| (high - low) / 60.0);
        let origin_mm = std::array::from_fn(|axis| extent[axis][0] + 0.5 * voxel_mm[axis]);
        let grid = ImageGrid { shape: [60; 3], voxel_mm, origin_mm };
        assert!(!phantom.citation.trim().is_empty() && !phantom.description.trim().is_empty() && phantom.name == *name);
        for region in phantom.regions() {
            let volume: f32 = phantom.region_mask(region, &grid).unwrap().iter().sum();
            assert!(volume > 0.0, "{name}: {region} is covered by later shapes");
        }
    }
}

fn error_of(old: &str, new: &str) -> String {
    let good = r#"
name = "t"
description = ""
citation = ""
[[shapes]]
solid.ellipsoid = { semi_axes_mm = [50, 50, 50] }
centres_mm = [[1, 2, 3]]
axis = [0, 0, 1]
cuts = [{ through_mm = [0, 0, 0], keep = [1, 0, 0] }]
activity_bq_per_ml = 1.0
attenuation_per_cm = 0.1
"#;
    Phantom::parse(good, "good.toml").unwrap();
    let bad = good.replace(old, new);
    assert_ne!(good, bad);
    let error = Phantom::parse(&bad, "bad.toml").unwrap_err().to_string();
    assert!(error.contains("bad.toml"), "{error}");
    error
}

#[test]
fn mistakes_in_a_file_are_named() {
    for (old, new, expected) in [
        ("axis =", "axsi =", "unknown field `axsi`"),
        ("attenuation_per_cm = 0.1", "", "missing field `attenuation_per_cm`"),
        ("activity_bq_per_ml = 1.0", "activity_bq_per_ml = nan", "must be a finite number >= 0, got NaN"),
        ("activity_bq_per_ml = 1.0", "activity_bq_per_ml = -3.0", "got -3"),
        ("[50, 50, 50]", "[50, -5, 50]", "must be a finite number > 0, got -5"),
        ("[50, 50, 50]", "[50, 50]", "an array of length 3"),
        ("[50, 50, 50]", "[50, 1e300, 50]", "must be at most 1e18, got 1e300"),
        ("ellipsoid", "elipsoid", "unknown variant `elipsoid`"),
        ("axis = [0, 0, 1]", "axis = [0, 0, 0]", "`shapes[0].axis` is [0.0, 0.0, 0.0], expected a direction"),
        ("axis = [0, 0, 1]", "axis = [0, nan, 1]", "`shapes[0].axis` is"),
        ("axis = [0, 0, 1]", "turn_deg = inf", "`shapes[0].turn_deg` is inf"),
        ("[[1, 2, 3]]", "[[1, nan, 3]]", "`shapes[0].centres_mm[0]` is [1.0, NaN, 3.0]"),
        ("[[1, 2, 3]]", "[]", "`shapes[0].centres_mm` is empty"),
        ("keep = [1, 0, 0]", "keep = [0, 0, 0]", "`shapes[0].cuts[0].keep` is"),
        ("through_mm = [0, 0, 0]", "through_mm = [0, inf, 0]", "`shapes[0].cuts[0].through_mm` is"),
    ] {
        let error = error_of(old, new);
        assert!(error.contains(expected), "expected `{expected}` in: {error}");
    }
    let cut = "{ through_mm = [0, 0, 0], keep = [1, 0, 0] }";
    let many = error_of(cut, &vec![cut; 33].join(", "));
    assert!(many.contains("`shapes[0].cuts` is 33 cuts, expected at most 32 cuts"), "{many}");
    let cone = error_of("ellipsoid = { semi_axes_mm = [50, 50, 50] }", "cone = { radii_mm = [0, 0], length_mm = 1 }");
    assert!(cone.contains("`shapes[0].solid.cone.radii_mm`"), "{cone}");
    let none =
        Phantom::parse("name = \"t\"\ndescription = \"\"\ncitation = \"\"\nshapes = []", "bad.toml").unwrap_err();
    assert!(none.to_string().contains("`shapes` is empty"), "{none}");
    let unknown = Phantom::load("nema").unwrap_err().to_string();
    assert!(unknown.contains("no phantom is called `nema`") && unknown.contains("nema-iq"), "{unknown}");
    let missing = Phantom::load("nowhere/there.toml").unwrap_err().to_string();
    assert!(missing.contains("nowhere/there.toml"), "{missing}");
}

/// A table of where to score names its regions by what they are.
#[test]
fn mistakes_in_a_scoring_table_are_named() {
    let error_of = |name: &str, old: &str, new: &str| {
        let good = std::fs::read_to_string(format!("{}/phantoms/{name}.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let bad = good.replacen(old, new, 1);
        assert_ne!(good, bad, "{old}");
        Phantom::parse(&bad, "bad.toml").unwrap_err().to_string()
    };
    let first = "spheres = [\"sphere-10\"";
    for (name, old, new, expected) in [
        (
            "nema-iq",
            first,
            "spheres = [\"sphere-11\"",
            "`scoring.nema.spheres[0]` names the region `sphere-11`, which is not there; the phantom has wall",
        ),
        (
            "nema-iq",
            first,
            "spheres = [\"glass\"",
            "`scoring.nema.spheres[0]` is `glass`, expected a region of one shape",
        ),
        (
            "nema-iq",
            first,
            "spheres = [\"lung-insert\"",
            "`scoring.nema.spheres[0]` is `lung-insert`, expected a region of one shape: an uncut",
        ),
        ("nema-iq", "activity_bq_per_ml = 21200.0", "activity_bq_per_ml = 5300.0", "as active as the background"),
        (
            "nema-iq",
            "[[28.6, -49.537, 0.0]]\nactivity_bq_per_ml = 21200.0",
            "[[28.6, -49.537, 1.0]]\nactivity_bq_per_ml = 21200.0",
            "centres in one slice",
        ),
        (
            "nema-iq",
            "background = \"background\"\nslices",
            "background = \"wall\"\nslices",
            "`scoring.nema.background` is `wall`, expected a painted region of one activity above 0",
        ),
        (
            "nema-iq",
            "lung = \"lung-insert\"",
            "lung = \"sphere-37\"",
            "`scoring.nema.lung` is `sphere-37`, expected a region of one shape: a round",
        ),
        ("nema-iq", "lung_z_mm = [-90.0, 50.0]", "lung_z_mm = [50.0, -90.0]", "`scoring.nema.lung_z_mm` is [50, -90]"),
        ("nema-iq", "[-91.3, -32.4]", "[-91.3, nan]", "`scoring.nema.discs_mm[1]` is"),
        ("nema-iq", "slices_mm = [0.0, -20.0, -10.0, 10.0, 20.0]", "slices_mm = []", "two discs and more"),
        ("nema-iq", "[scoring.nema]", "[scoring.nemo]", "unknown field `nemo`"),
        (
            "nema-earl",
            "[scoring.earl]\nspheres = [\"sphere-10\"",
            "[scoring.earl]\nspheres = [\"sphere-9\"",
            "`scoring.earl.spheres[0]` names the region `sphere-9`",
        ),
        ("nema-nu4", "\"rod-2\", \"rod-3\"", "\"rod-2\", \"rod\"", "`scoring.nu4.rods[2]` names the region `rod`"),
        ("nema-nu4", "air = \"cold-air-core\"", "air = \"cold\"", "`scoring.nu4.cold.air` names the region `cold`"),
    ] {
        let error = error_of(name, old, new);
        assert!(error.contains("bad.toml") && error.contains(expected), "expected `{expected}` in: {error}");
    }
}

proptest::proptest! {
    /// A damaged file is an error or another sound phantom, never a panic or a number that is none.
    #[test]
    fn damaged_files_do_no_harm(which in 0..PRESETS.len(), place in 0.0..1.0_f64, length in 0..40_usize, junk in "[-0-9.einfa\\[\\]{}=\", \n]{0,12}") {
        let path = format!("{}/phantoms/{}.toml", env!("CARGO_MANIFEST_DIR"), PRESETS[which]);
        let mut text = std::fs::read_to_string(path).unwrap();
        let start = (place * text.len() as f64) as usize;
        let end = (start + length).min(text.len());
        text.replace_range(start..end, &junk);
        match Phantom::parse(&text, "damaged.toml") {
            Err(error) => proptest::prop_assert!(error.to_string().contains("damaged.toml")),
            Ok(phantom) => for [a, b] in random_lines(&phantom, 20) {
                let integrals = phantom.tracer().line_integrals(a, b);
                proptest::prop_assert!(integrals.activity.is_finite() && integrals.attenuation >= 0.0);
            }
        }
    }
}
