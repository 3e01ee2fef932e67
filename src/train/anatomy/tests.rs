use super::folds::Folds;
use super::part::Form;
use super::*;

fn grid() -> ImageGrid {
    ImageGrid::centred([64, 64, 1], [6.0, 6.0, 4.0])
}

#[test]
fn the_same_seed_is_the_same_body_and_another_index_another_one() {
    let paint = |seed, index| Anatomy::random(seed, index, 180.0, &PublicData::default()).paint(&grid());
    assert_eq!(paint(3, 5), paint(3, 5));
    assert_ne!(paint(3, 5), paint(3, 6));
    assert_ne!(paint(3, 5), paint(4, 5));
}

#[test]
fn bodies_are_possible_and_differ() {
    let mut totals = Vec::new();
    for index in 0..60 {
        let Painted { activity, attenuation, .. } =
            Anatomy::random(1, index, 180.0, &PublicData::default()).paint(&grid());
        assert!(activity.iter().all(|value| value.is_finite() && *value >= 0.0), "{index}");
        assert!(attenuation.iter().all(|value| (0.0..=0.151).contains(value)), "{index}");
        let seen = activity.iter().filter(|value| **value > 0.0).count();
        assert!(seen > 40 && seen < 60 * 60, "{index}: {seen} of 4096 voxels have activity");
        // Nothing touches the edge of the image.
        assert!((0..64).all(|i| activity[i] == 0.0 && activity[64 * 63 + i] == 0.0), "{index}");
        totals.push(activity.iter().sum::<f32>());
    }
    totals.sort_by(f32::total_cmp);
    totals.dedup();
    assert_eq!(totals.len(), 60);
    assert!(totals[59] > 4.0 * totals[0], "all bodies are alike: {totals:?}");
}

#[test]
fn an_edge_has_the_area_of_its_solid() {
    let part = Part::ellipsoid([1.3, -0.7, 0.0], [31.0, 22.0, 1e4], 0.4, 1.0, tissue::SOFT);
    let folds = Field::random(1, [10.0, 20.0], &mut stream(0, Purpose::Anatomy, 0));
    let fine = ImageGrid::centred([64, 64, 1], [2.0; 3]);
    let place = |voxel: usize| fine.centre_mm([voxel / 64, voxel % 64, 0]);
    let share = |voxel| part.share(&Place::new(place(voxel), 2.0, &folds, &folds));
    let area: f64 = (0..fine.voxels()).map(|voxel| 4.0 * share(voxel)).sum();
    assert!((area / (std::f64::consts::PI * 31.0 * 22.0) - 1.0).abs() < 0.01, "{area}");
}

const ROOM: Room = Room { radius_mm: 160.0, half_height_mm: 24.0 };

fn volume() -> ImageGrid {
    ImageGrid::centred([80, 80, 12], [4.0; 3])
}

fn draw(family: Family, guide: Guide, seed: u64, index: usize) -> Anatomy {
    let public = PublicData::default();
    Bodies { families: &[family], guide: Some(guide), room: ROOM, public: &public }.draw(seed, index)
}

/// All but the public ones.
fn families() -> impl Iterator<Item = Family> {
    Family::ALL.into_iter().filter(|family| *family != Family::Public)
}

/// Whether so many of all are what a probability makes likely: four standard deviations.
fn likely(found: usize, all: usize, probability: f64) -> bool {
    let expected = probability * all as f64;
    (found as f64 - expected).abs() < 4.0 * (expected * (1.0 - probability)).sqrt()
}

#[test]
fn every_family_has_its_share_and_its_extras() {
    let public = PublicData::default();
    let bodies = Bodies { families: &Family::ALL, guide: None, room: ROOM, public: &public };
    let drawn: Vec<Anatomy> = (0..2000).into_par_iter().map(|index| bodies.draw(7, index)).collect();
    let count = |wanted: &dyn Fn(&Anatomy) -> bool| drawn.iter().filter(|anatomy| wanted(anatomy)).count();
    for family in families() {
        // Without public data, the others share the fifth that would be theirs.
        let found = count(&|anatomy| anatomy.family() == Some(family));
        assert!(likely(found, 2000, family.share() / 0.8), "{family}: {found}");
    }
    let wide = count(&|anatomy| anatomy.family().is_some_and(Family::is_wide));
    let [fine, carpets] = [count(&|anatomy| anatomy.fine.is_some()), count(&|anatomy| !anatomy.carpet().is_empty())];
    assert!(likely(fine, wide, 0.4) && likely(carpets, wide, 0.4), "{fine} and {carpets} of {wide}");
    for (guide, share) in [(Guide::Right, 0.5), (Guide::Attenuation, 0.15), (Guide::Wrong, 0.15), (Guide::Blank, 0.2)] {
        let found = count(&|anatomy| anatomy.guide() == guide);
        assert!(likely(found, 2000, share), "{guide:?}: {found}");
    }
    let blobs: Vec<&Blob> = drawn.iter().flat_map(Anatomy::carpet).collect();
    let hot = blobs.iter().filter(|blob| blob.hot).count() as f64 / blobs.len() as f64;
    // Where there is nothing to take away, all are hot.
    assert!((0.69..0.85).contains(&hot), "{hot}");
    let lesions: Vec<&Lesion> = drawn.iter().flat_map(Anatomy::lesions).collect();
    let cold = lesions.iter().filter(|lesion| lesion.contrast < 1.0).count();
    let diameters = lesions.iter().map(|lesion| 2.0 * lesion.ball.radius_mm);
    assert!(diameters.clone().all(|d| (6.0..16.0).contains(&d)));
    let middle = (diameters.map(f64::ln).sum::<f64>() / lesions.len() as f64).exp();
    assert!((middle / 96.0_f64.sqrt() - 1.0).abs() < 0.02, "{middle}");
    assert!((0.15..0.22).contains(&(cold as f64 / lesions.len() as f64)), "{cold} of {}", lesions.len());
    assert!(lesions.len() > 2000 * 8, "{}", lesions.len());
}

#[test]
fn only_the_families_that_are_asked_for_are_drawn() {
    let public = PublicData::default();
    let asked = [Family::Leaves, Family::Rods, Family::Public];
    let bodies = Bodies { families: &asked, guide: None, room: ROOM, public: &public };
    let rods = (0..300).filter(|index| match bodies.draw(1, *index).family() {
        Some(Family::Rods) => true,
        Some(Family::Leaves) => false,
        other => panic!("{other:?}"),
    });
    assert!(likely(rods.count(), 300, 1.0 / 3.0));
}

#[test]
fn bodies_of_all_families_are_possible_and_do_not_depend_on_threads() {
    for (family, guide) in
        families().zip([Guide::Wrong, Guide::Right, Guide::Attenuation, Guide::Blank].into_iter().cycle())
    {
        let paint = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| draw(family, guide, 3, 1).paint_with_lesions(&volume()))
        };
        let painted = paint(1);
        assert_eq!(painted, paint(3), "{family}");
        assert_ne!(painted, draw(family, guide, 3, 2).paint_with_lesions(&volume()), "{family}");
        for index in 0..6 {
            let Painted { activity, attenuation, anatomical } =
                draw(family, guide, 5, index).paint_with_lesions(&volume());
            assert!(activity.iter().all(|value| value.is_finite() && *value >= -1e-6), "{family} {index}");
            assert!(attenuation.iter().all(|value| (0.0..=0.151).contains(value)), "{family} {index}");
            assert!(anatomical.iter().all(|value| (0.0..3.0).contains(value)), "{family} {index}");
            let seen = attenuation.iter().filter(|value| **value > 0.02).count() as f64 / volume().voxels() as f64;
            assert!((0.02..0.85).contains(&seen), "{family} {index}: {seen} of the image");
        }
    }
}

/// Random lines cut a layer of thickness t with two large faces in chords of mean length 4 V / S = 2 t.
#[test]
fn the_cortex_is_a_ribbon_of_its_thickness() {
    for (index, thickness) in [2.0, 2.5, 3.0, 3.5, 4.0, 4.5].into_iter().enumerate() {
        let random = &mut stream(1, Purpose::Anatomy, index);
        let hull = Pose::turned([0.0; 3], [62.0, 76.0, 66.0], 0.2);
        let folds = Folds::random(hull, thickness, random);
        let layer = thickness / ribbons::THICKER;
        let (mut inside, mut chords, mut white, mut csf) = (0, 0, 0, 0);
        for _ in 0..300 {
            // Lines along one axis after the other, as dense everywhere: the folds have no direction of their own.
            let mut p = [(); 3].map(|()| random.random_range(-80.0..80.0));
            let axis = random.random_range(0..3);
            let mut before = false;
            for step in 0..3200 {
                p[axis] = -80.0 + 0.05 * f64::from(step);
                let depth = folds.depth_mm(p);
                let grey = depth > 0.0 && depth < layer;
                chords += usize::from(grey && !before);
                inside += usize::from(grey);
                white += usize::from(depth >= layer);
                let u = hull.apply(p).iter().map(|u| u * u).sum::<f64>();
                csf += usize::from(depth <= 0.0 && u < 1.0);
                before = grey;
            }
        }
        let measured = 0.5 * 0.05 * inside as f64 / chords as f64;
        let all = (inside + white + csf) as f64;
        let shares = [inside, white, csf].map(|part| part as f64 / all);
        println!("{thickness} mm: {measured:.2} mm; grey, white, CSF {shares:.2?}");
        assert!((0.85..1.15).contains(&(measured / thickness)), "{thickness} mm: {measured:.2} mm");
        assert!(shares[0] > 0.25 && shares[1] > 0.15 && shares[2] > 0.01, "{shares:.2?}");
    }
}

#[test]
fn cells_tile_their_body() {
    let mut checked = 0;
    for index in 0..8 {
        let anatomy = draw(Family::Voronoi, Guide::Right, 2, index);
        let Form::Cells { cells, .. } = &anatomy.parts[0].form else { panic!("no cells") };
        let random = &mut stream(9, Purpose::Anatomy, index);
        for _ in 0..300 {
            let p = [60.0, 40.0, 20.0].map(|reach: f64| random.random_range(-reach..reach));
            let distance = |site: &cells::Site| {
                let square = (0..3).map(|axis| (cells.stretch[axis] * (p[axis] - site.centre[axis])).powi(2));
                square.sum::<f64>() - site.weight
            };
            let nearest = cells.sites.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap();
            // Sharp walls: every point is all of the nearest cell; soft ones blend two and leave no seam.
            assert_eq!(cells.at(p, 1e-9), nearest.made);
            let [low, high] = [f64::min, f64::max]
                .map(|of: fn(f64, f64) -> f64| cells.sites.iter().map(|site| site.made[1]).fold(nearest.made[1], of));
            assert!((low - 1e-9..=high + 1e-9).contains(&cells.at(p, 5.0)[1]));
            checked += usize::from(cells.at(p, 2.0) != nearest.made);
        }
        // A wall is half of each.
        let [a, b] = [cells.sites[0], cells.sites[1]].map(|site| cells::Site { weight: 0.0, ..site });
        let pair = cells::Cells { stretch: [1.0, 1.2, 0.7], sites: vec![a, b] };
        let middle = std::array::from_fn(|axis| 0.5 * (a.centre[axis] + b.centre[axis]));
        let (found, mean) = (pair.at(middle, 3.0)[2], 0.5 * (a.made[2] + b.made[2]));
        assert!((found - mean).abs() < 1e-9, "{found} {mean}");
        // A quarter of a voxel away it is three quarters of the nearer one.
        let normal: [f64; 3] =
            std::array::from_fn(|axis| pair.stretch[axis].powi(2) * (a.centre[axis] - b.centre[axis]));
        let length = normal.iter().map(|n| n * n).sum::<f64>().sqrt();
        let off = std::array::from_fn(|axis| middle[axis] + 0.75 * normal[axis] / length);
        let (found, mixed) = (pair.at(off, 3.0)[2], 0.75 * a.made[2] + 0.25 * b.made[2]);
        assert!((found - mixed).abs() < 1e-9, "{found} {mixed}");
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn lesions_are_apart_from_the_body_and_from_each_other() {
    let grid = ImageGrid::centred([160, 160, 24], [2.0; 3]);
    let (mut hot, mut cold) = (0, 0);
    for family in families() {
        let anatomy = draw(family, Guide::Blank, 4, 3);
        let body = anatomy.paint(&grid);
        let mut sum = body.clone();
        for (n, lesion) in anatomy.lesions().iter().enumerate() {
            for other in &anatomy.lesions()[..n] {
                let apart = ball::distance(lesion.ball.centre_mm, other.ball.centre_mm);
                assert!(apart > 4.0 * lesion.ball.radius_mm.max(other.ball.radius_mm), "{family}");
            }
            let spot = anatomy.paint_lesion(&grid, n);
            let place = |voxel: usize| grid.centre_mm([voxel / (160 * 24), voxel / 24 % 160, voxel % 24]);
            assert!(!spot.is_empty(), "{family} {lesion:?}");
            for (voxel, added) in &spot {
                let from = ball::distance(place(*voxel), lesion.ball.centre_mm);
                assert!(from <= lesion.ball.radius_mm + 1.0, "{family}: {added} at {from} mm of {lesion:?}");
                // In full inside, and in proportion to the contrast.
                let there = body.activity[*voxel];
                let full =
                    (lesion.contrast - 1.0) * if lesion.contrast > 1.0 { lesion.tissue } else { f64::from(there) };
                if from < lesion.ball.radius_mm - 1.0 {
                    assert!((f64::from(*added) - full).abs() < 1e-4 * (1.0 + full.abs()), "{family}: {added} {full}");
                }
                sum.activity[*voxel] += added;
            }
            *if lesion.contrast > 1.0 { &mut hot } else { &mut cold } += 1;
            let volume = 8.0 * spot.iter().map(|(_, added)| f64::from(*added)).sum::<f64>();
            let ball = 4.0 / 3.0 * std::f64::consts::PI * lesion.ball.radius_mm.powi(3);
            let inside = lesion.ball.centre_mm[2].abs() + lesion.ball.radius_mm < 24.0;
            if inside && lesion.contrast > 1.0 {
                let relative = volume / (ball * (lesion.contrast - 1.0) * lesion.tissue);
                assert!((relative - 1.0).abs() < 0.3, "{family}: {relative} of the ball");
            }
        }
        assert_eq!(sum, anatomy.paint_with_lesions(&grid), "{family}");
        assert!(sum.activity.iter().all(|value| *value >= -1e-6), "{family}");
    }
    assert!(hot > 20 && cold > 3, "{hot} {cold}");
}

/// A toy scan: sums over blocks of 4 × 4 × 2 voxels, and a background.
#[test]
fn carpets_have_the_snr_that_they_shall_have() {
    let grid = volume();
    let [_, ny, nz] = grid.shape;
    let block = |voxel: usize| (voxel / (ny * nz) / 4 * 20 + voxel / nz % ny / 4) * 6 + voxel % nz / 2;
    let forward = |image: &[f32]| {
        let mut bins = vec![0.0_f32; 20 * 20 * 6];
        image.iter().enumerate().for_each(|(voxel, value)| bins[block(voxel)] += 3.0 * value);
        bins
    };
    let anatomy =
        (0..).map(|index| draw(Family::Solids, Guide::Blank, 6, index)).find(|a| a.carpet().len() > 20).unwrap();
    let expected: Vec<f32> = forward(&anatomy.paint(&grid).activity).iter().map(|bin| bin + 20.0).collect();
    let spots: Vec<Spot> = (0..anatomy.carpet().len()).map(|n| anatomy.paint_blob(&grid, n)).collect();
    let image = |spot: &Spot, amplitude: f32| {
        let mut image = vec![0.0_f32; grid.voxels()];
        spot.iter().for_each(|(voxel, value)| image[*voxel] = amplitude * value);
        image
    };
    let exact: Vec<f64> = spots.iter().map(|spot| information(&forward(&image(spot, 1.0)), &expected)).collect();
    let mut free = 0;
    for ((blob, spot), information) in anatomy.carpet().iter().zip(&spots).zip(&exact) {
        let amplitude = blob.amplitude(*information);
        let counts = forward(&image(spot, amplitude as f32));
        let snr = counts.iter().zip(&expected).map(|(d, y)| f64::from(d * d / y)).sum::<f64>().sqrt();
        let most = if blob.hot { 9.0 * blob.tissue } else { blob.tissue };
        if amplitude < most {
            free += 1;
            assert!((snr / blob.snr - 1.0).abs() < 1e-4, "{snr} {blob:?}");
        } else {
            assert!(amplitude == most && snr <= blob.snr, "{snr} {blob:?}");
        }
        assert!(spot.iter().all(|(_, value)| (*value >= 0.0) == blob.hot || *value == 0.0), "{blob:?}");
    }
    assert!(free > 5, "{free} of {}", spots.len());
    let curvature = |x: &[f32]| -> Vec<f32> {
        let bins: Vec<f32> = forward(x).iter().zip(&expected).map(|(bin, y)| bin / y).collect();
        (0..x.len()).map(|voxel| 3.0 * bins[block(voxel)]).collect()
    };
    let estimated = informations(&spots, grid.voxels(), 24, 1, curvature);
    for (estimated, exact) in estimated.iter().zip(&exact) {
        assert!((estimated / exact - 1.0).abs() < 0.3, "{estimated} {exact}");
    }
    let apart = |a: &Blob, b: &Blob| ball::distance(a.ball.centre_mm, b.ball.centre_mm);
    for (n, blob) in anatomy.carpet().iter().enumerate() {
        assert!(anatomy.carpet()[..n].iter().all(|other| apart(blob, other) > 18.0));
    }
}

#[test]
fn the_anatomical_image_shows_tissues_and_no_lesion() {
    let grid = volume();
    // The same body whatever the image.
    let [right, attenuation, wrong, blank] =
        [Guide::Right, Guide::Attenuation, Guide::Wrong, Guide::Blank].map(|guide| draw(Family::Ribbons, guide, 8, 0));
    let painted = right.paint(&grid);
    for other in [&attenuation, &wrong, &blank] {
        assert_ne!(other.paint(&grid).anatomical, painted.anatomical);
    }
    assert!(blank.paint(&grid).anatomical.iter().all(|value| *value == 0.0));
    let painted_map = attenuation.paint(&grid);
    let error = painted_map
        .anatomical
        .iter()
        .zip(&painted_map.attenuation)
        .map(|(a, mu)| f64::from(a - 10.0 * mu))
        .sum::<f64>();
    assert!((error / grid.voxels() as f64).abs() < 0.03, "{error}");
    // One part, one intensity: the parts of the body, not its lesions, which take that of what they cover.
    let shown = right.parts.iter().filter(|part| part.intensity.is_some()).count();
    assert!(shown >= 5, "{shown}");
    let folded = right.parts.iter().filter(|part| matches!(part.form, Form::Folded { .. }));
    let [grey, white]: [f64; 2] = folded.map(|part| part.intensity.unwrap()).collect::<Vec<_>>().try_into().unwrap();
    assert!((grey - white).abs() > 0.05, "{grey} {white}");
    let missing = (0..20).map(|index| draw(Family::Torso, Guide::Wrong, 8, index));
    assert!(missing.filter(|body| body.parts[..8].iter().any(|part| part.intensity.is_none())).count() > 10);
    let all = (0..20).map(|index| draw(Family::Torso, Guide::Right, 8, index));
    assert!(all.into_iter().all(|body| body.parts[..5].iter().all(|part| part.intensity.is_some())));
    // Noise of the air around the body, in voxels of 27 mm³: 2 to 5 %, whatever the voxels.
    for side in [4.0, 8.0] {
        let around = ImageGrid::centred([80, 80, 12].map(|n| n * 4 / side as usize), [side; 3]);
        let (image, air) = (right.paint(&around).anatomical, around.voxels() / 20);
        let square = image[..air].iter().map(|value| f64::from(value * value)).sum::<f64>() / air as f64;
        let noise = square.sqrt() * (side / 3.0).powf(1.5);
        assert!((0.017..0.055).contains(&noise), "{side} mm: {noise}");
    }
}
