//! Standard figures of merit on voxelised phantoms, where the right answers are known.

use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::metrics::{
    EARL, EarlSphere, Figure, NemaLayout, NemaSphere, Reference, Scope, Unit, Use, earl, earl_share, figures,
    recovery_coefficient, region_statistics,
};
use coincide::phantom::Phantom;

#[test]
fn the_true_nema_image_recovers_all_contrast() {
    let phantom = Phantom::load("nema-iq").unwrap();
    let grid = ImageGrid::centred([320, 260, 120], [1.0, 1.0, 2.0]);
    let layout = phantom.scoring.nema.clone().unwrap();
    let report = layout.score(&phantom.activity_image(&grid)).unwrap();
    for sphere in &report.spheres {
        println!("{sphere:?}");
        // The disc is as wide as the sphere, so the pixels of its edge hold glass and water.
        assert!((0.75..1.0).contains(&sphere.contrast_recovery), "{sphere:?}");
        assert!(sphere.background_variability < 1e-5, "{sphere:?}");
        assert!((sphere.background_mean / 5300.0 - 1.0).abs() < 1e-6, "{sphere:?}");
    }
    assert!(report.spheres.windows(2).all(|pair| pair[0].contrast_recovery < pair[1].contrast_recovery));
    assert!(
        report.lung_residual.abs() < 1e-9 && report.lung_residual_per_slice.len() == 70,
        "{}",
        report.lung_residual
    );
}

#[test]
fn nema_scores_follow_their_formulas() {
    let phantom = Phantom::load("nema-iq").unwrap();
    let grid = ImageGrid::centred([320, 260, 100], [1.0, 1.0, 2.0]);
    let layout = phantom.scoring.nema.clone().unwrap();
    let mut image = phantom.activity_image(&grid);
    // Half the contrast everywhere, and a slope along z that the background sees.
    for (n, value) in image.values.iter_mut().enumerate() {
        let z = grid.centre_mm([0, 0, n % 100])[2];
        *value = (0.5 * *value + 0.5 * 5300.0) * (1.0 + 0.001 * z as f32);
    }
    let report = layout.score(&image).unwrap();
    let largest = report.spheres.last().unwrap();
    assert!((largest.contrast_recovery - 0.5).abs() < 0.04, "{largest:?}");
    // Twelve equal discs in slices at 0, ±10, ±20 mm, read at the nearest slice (z = ±1, ±9 or ±11, …).
    assert!(
        (largest.background_variability / (12.0 / 59.0 * 1000.0_f64).sqrt() * 1000.0 - 1.0).abs() < 0.06,
        "{largest:?}"
    );
    assert!((report.lung_residual - 0.5).abs() < 1e-3, "{}", report.lung_residual);
    let small = ImageGrid::centred([100, 100, 100], [1.0, 1.0, 2.0]);
    assert!(layout.score(&phantom.activity_image(&small)).unwrap_err().to_string().contains("use a larger grid"));
}

/// Two background discs of 90 and 110 around a sphere of 300: N = SD / mean with SD² = (10² + 10²) / (2 − 1), Q = (300
/// / 100 − 1) / (4 − 1).
#[test]
fn background_variability_is_that_of_a_sample() {
    let grid = ImageGrid::centred([60, 60, 3], [1.0, 1.0, 2.0]);
    let activity = |n: usize| match grid.centre_mm([n / 180, n / 3 % 60, 0])[0] {
        x if x < -10.0 => 90.0,
        x if x > 10.0 => 110.0,
        _ => 300.0,
    };
    let values = (0..grid.voxels()).map(activity).collect();
    let image = Image { grid, unit: ImageUnit::BecquerelPerMl, values };
    let layout = NemaLayout {
        spheres: vec![NemaSphere { diameter_mm: 10.0, centre_mm: [0.0, 0.0], contrast: 4.0 }],
        plane_z_mm: 0.0,
        slices_mm: vec![0.0],
        background_mm: vec![[-20.0, 0.0], [20.0, 0.0]],
        lung_mm: [0.0, 0.0],
        lung_z_mm: [9.0, 9.0],
    };
    let sphere = layout.score(&image).unwrap().spheres[0];
    assert!((sphere.background_variability - 200.0_f64.sqrt() / 100.0).abs() < 1e-6, "{sphere:?}");
    assert!((sphere.contrast_recovery - 2.0 / 3.0).abs() < 1e-6, "{sphere:?}");
}

#[test]
fn the_true_small_animal_image_recovers_its_rods() {
    let phantom = Phantom::load("nema-nu4").unwrap();
    let grid = ImageGrid::centred([150, 150, 130], [0.25, 0.25, 0.5]);
    let image = phantom.activity_image(&grid);
    let mask = |name| phantom.region_mask(name, &grid).unwrap();
    let cold = [mask("cold-water-core"), mask("cold-air-core")];
    let report = phantom.scoring.nu4.as_ref().unwrap().score(&image, &mask("uniform"), &cold).unwrap();
    assert!((report.uniformity.mean / 188_000.0 - 1.0).abs() < 1e-6 && report.uniformity.sd < 1.0);
    assert_eq!(report.spill_over, [0.0, 0.0]);
    for rod in &report.rods {
        assert!((rod.recovery - 1.0).abs() < 1e-4 && rod.relative_sd < 1e-4, "{rod:?}");
    }
}

#[test]
fn the_true_image_of_the_earl_phantom_recovers_everything() {
    let phantom = Phantom::load("nema-earl").unwrap();
    let grid = ImageGrid::centred([320, 260, 60], [1.0, 1.0, 2.0]);
    let layout = phantom.scoring.earl.clone().unwrap();
    let spheres = earl(&phantom.activity_image(&grid), &layout, 2000.0).unwrap();
    let diameters: Vec<f64> = spheres.iter().map(|sphere| sphere.diameter_mm).collect();
    assert_eq!(diameters, [10.0, 13.0, 17.0, 22.0, 28.0, 37.0]);
    for sphere in &spheres {
        println!("{sphere:?}");
        // Voxels of the surface hold glass; those above half count.
        assert!((sphere.max - 1.0).abs() < 1e-4 && (0.9..=1.0).contains(&sphere.mean), "{sphere:?}");
    }
    // By hand: the middle of every band of a standard, then one coefficient outside.
    let middle = |[low, high]: [f64; 2]| 0.5 * (low + high);
    for bands in EARL {
        let mut spheres = bands.map(|band| EarlSphere {
            diameter_mm: band.diameter_mm,
            mean: middle(band.mean),
            max: middle(band.max),
        });
        assert_eq!(earl_share(&spheres, &bands), 1.0);
        spheres[2].max = 3.0;
        assert!((earl_share(&spheres, &bands) - 11.0 / 12.0).abs() < 1e-12);
    }
    let short = ImageGrid::centred([320, 260, 8], [1.0, 1.0, 2.0]);
    assert!(earl(&phantom.activity_image(&short), &layout, 2000.0).is_err());
}

#[test]
fn the_truth_has_no_bias_in_any_region() {
    let phantom = Phantom::load("torso").unwrap();
    let grid = ImageGrid::centred([90, 64, 108], [4.0; 3]);
    let image = phantom.activity_image(&grid);
    for region in phantom.regions() {
        let mask = phantom.region_mask(region, &grid).unwrap();
        assert_eq!(recovery_coefficient(&image, &image, &mask), 1.0);
        assert!(region_statistics(&image, &mask).volume_ml > 0.3, "{region}");
    }
}

/// The rows of the figures of added lesions, or of all others, as docs/evaluate.md has them.
fn rows(of_lesions: bool) -> String {
    let shown = figures().filter(|figure| figure.scope != Scope::Kept);
    let row = |figure: &Figure| {
        let also = figure.is_used(|so| matches!(so, Use::MeanImage));
        let of = match figure.scope {
            Scope::Image | Scope::Region | Scope::Diameter if also => "one image, mean image",
            Scope::Image | Scope::Region | Scope::Diameter => "one image",
            Scope::Noise => "one image, all realisations",
            Scope::Ensemble | Scope::Beside => "all realisations",
            _ => "one run",
        };
        let Figure { definition, source, .. } = figure;
        let source = if source.is_empty() { String::new() } else { format!(" ({source})") };
        let about = [figure.better.in_words(), figure.unit.name().to_owned()].map(|cell| format!("{cell} | ")).concat();
        let of = if of_lesions { String::new() } else { format!("{of} | ") };
        format!("| `{}` | {of}{about}{definition}{source} |\n", figure.pattern())
    };
    shown.filter(|figure| (figure.scope == Scope::Lesions) == of_lesions).map(row).collect()
}

/// The tables of the docs follow from the list.
#[test]
fn the_docs_tell_every_figure() {
    let docs = include_str!("../../docs/evaluate.md");
    for (of_lesions, heading) in [
        (false, "| figure | of | better | unit | definition |\n|---|---|---|---|---|\n"),
        (true, "| figure | better | unit | definition |\n|---|---|---|---|\n"),
    ] {
        let table = format!("{heading}{}", rows(of_lesions));
        let missing: Vec<_> = table.lines().filter(|line| !docs.contains(line)).collect();
        let told = "the table of figures in docs/evaluate.md is not that of `metrics::FAMILIES`; missing are";
        assert!(docs.contains(&table), "{told}\n\n{}\n\nthe whole table is\n\n{table}", missing.join("\n"));
    }
}

#[test]
fn figures_are_complete_and_can_be_told_apart() {
    let mut ids: Vec<&str> = figures().map(|figure| figure.id).collect();
    for figure in figures() {
        assert!(!figure.title.is_empty() && !figure.definition.is_empty(), "{}", figure.id);
        let of_something = !matches!(figure.scope, Scope::Image | Scope::Noise | Scope::Run | Scope::Beside);
        assert_eq!(figure.id.contains('*'), of_something, "{}: what is it of?", figure.id);
        // Activities of regions are told as SUV, too.
        let is_activity = matches!(figure.unit, Unit::Activity | Unit::Total | Unit::Millilitre);
        let suv = figure.uses.iter().find_map(|one| if let Use::Suv(suv) = one { Some(*suv) } else { None });
        let is_suv = figures().any(|other| other.is_used(|so| matches!(so, Use::Suv(own) if *own == figure)));
        assert_eq!(is_activity && figure.scope == Scope::Region && !is_suv, suv.is_some(), "{}", figure.id);
        assert!(suv.is_none_or(|suv| figures().any(|other| other == suv)), "the other name of {}", figure.id);
        let drawn = figure.against_noise().is_none_or(|how| figures().any(|other| other == how.noise));
        assert!(drawn, "the noise of {}", figure.id);
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "two figures have one id");
}

fn reference(phantom: &Phantom, grid: &ImageGrid) -> Reference {
    let mask = |name: &str| phantom.region_mask(name, grid).unwrap();
    Reference {
        truth: phantom.activity_image(grid),
        resampled: None,
        object: Some(phantom.object_mask(grid)),
        regions: phantom.regions().into_iter().map(|name| (name.to_owned(), mask(name))).collect(),
        scoring: phantom.scoring.clone(),
        nu4_masks: phantom.scoring.nu4.as_ref().map(|layout| layout.regions.each_ref().map(|name| mask(name))),
    }
}

/// What is told of images is in the list, and what the list says is of images is told.
#[test]
fn the_list_holds_what_is_told_of_images() {
    let mut told = Vec::new();
    let large = ImageGrid::centred([76, 64, 24], [4.0, 4.0, 4.0]);
    let small = ImageGrid::centred([60, 60, 60], [0.6, 0.6, 1.0]);
    for (name, grid) in [("nema-iq", large), ("nema-earl", large), ("nema-nu4", small)] {
        let reference = reference(&Phantom::load(name).unwrap(), &grid);
        let mut image = reference.truth.clone();
        image.values.iter_mut().for_each(|value| *value *= 1.01); // or PSNR is infinite
        let scores = reference.scores(&image);
        told.extend(scores.iter().map(|score| score.figure));
        told.extend(scores.as_suv(1.0).iter().map(|score| score.figure));
    }
    for figure in &told {
        assert!(figures().any(|known| known == *figure), "{} is in no family", figure.id);
    }
    for figure in figures().filter(|figure| matches!(figure.scope, Scope::Image | Scope::Region | Scope::Diameter)) {
        assert!(told.contains(&figure), "nobody tells {}", figure.id);
    }
}
