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
        let Painted { activity, attenuation } = Anatomy::random(1, index, 180.0, &PublicData::default()).paint(&grid());
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
