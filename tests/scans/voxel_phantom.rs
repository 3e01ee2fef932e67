//! Phantoms of voxel images: every voxel is a box, so that boxes painted one by one are the oracle.

use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::{Provenance, save_image};
use coincide::phantom::{Phantom, whole};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const HEAD: &str = "name = \"voxels\"\ndescription = \"\"\ncitation = \"\"\n";
const BALL: &str = "[[shapes]]\nsolid.ellipsoid = { semi_axes_mm = [7, 9, 8] }\ncentres_mm = [[2, 1, -3]]\n\
                    activity_bq_per_ml = 9.0\nattenuation_per_cm = 0.2\nregion = \"ball\"\n";

fn grid() -> ImageGrid {
    ImageGrid { shape: [5, 4, 6], voxel_mm: [5.0, 7.5, 4.0], origin_mm: [-9.0, -13.0, -8.0] }
}

/// 0 to 3, a third of them 0; the last plane along z is empty.
fn labels() -> Vec<f32> {
    let mut random = Pcg64::seed_from_u64(7);
    let label = |voxel: usize| if voxel % 6 == 5 { 0.0 } else { f32::from(random.random_range(0..6_u8) % 4) };
    (0..grid().voxels()).map(label).collect()
}

const ACTIVITY: [f64; 4] = [0.0, 1.0, 2.5, 4.0];
const ATTENUATION: [f64; 4] = [0.0, 0.1, 0.096, 0.15];

fn write(folder: &Path, name: &str, grid: ImageGrid, unit: ImageUnit, values: Vec<f32>) {
    save_image(&folder.join(name), true, &Image { grid, unit, values }, &Provenance::default()).unwrap();
}

/// Folder with images of the same voxels, as labels and as values.
fn images() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let values = |table: [f64; 4]| labels().iter().map(|label| table[*label as usize] as f32).collect();
    write(folder.path(), "labels.nii.gz", grid(), ImageUnit::CountsPerMm, labels());
    write(folder.path(), "activity.nii", grid(), ImageUnit::BecquerelPerMl, values(ACTIVITY));
    write(folder.path(), "mu.h5", grid(), ImageUnit::PerCm, values(ATTENUATION));
    folder
}

fn of_labels() -> String {
    let tissue = |label: usize| {
        let [activity, attenuation] = [ACTIVITY[label], ATTENUATION[label]];
        let region = ["", "", ", region = \"two\"", ""][label];
        format!("{{ label = {label}, activity_bq_per_ml = {activity}, attenuation_per_cm = {attenuation}{region} }}")
    };
    format!("[voxels]\nlabels = \"labels.nii.gz\"\ntissues = [{}, {}, {}]\n", tissue(1), tissue(2), tissue(3))
}

fn read(folder: &Path, text: &str) -> Result<Phantom, String> {
    let path = folder.join("own.toml");
    fs::write(&path, format!("{HEAD}{text}")).unwrap();
    Phantom::read(&path).map_err(|error| error.to_string())
}

/// A box for each voxel that holds something, and the ball over them.
fn boxes() -> Phantom {
    let (mut text, grid) = (HEAD.to_owned(), grid());
    let [_, ny, nz] = grid.shape;
    for (voxel, label) in labels().into_iter().enumerate().filter(|(_, label)| *label > 0.0) {
        let centre = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
        let [activity, attenuation] = [ACTIVITY[label as usize], ATTENUATION[label as usize]];
        let region = if label == 2.0 { "region = \"two\"\n" } else { "" };
        writeln!(
            text,
            "[[shapes]]\nsolid.box = {{ size_mm = [5, 7.5, 4] }}\ncentres_mm = [{centre:?}]\n\
                        activity_bq_per_ml = {activity:?}\nattenuation_per_cm = {attenuation:?}\n{region}"
        )
        .unwrap();
    }
    Phantom::parse(&(text + BALL), "boxes").unwrap()
}

fn near(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    let far = found.iter().zip(expected).position(|(a, b)| (a - b).abs() > 1e-4 * b.abs().max(1.0));
    assert_eq!(far, None, "{:?}", far.map(|n| [found[n], expected[n]]));
}

#[test]
fn chords_through_voxels_are_those_of_boxes() {
    let folder = images();
    let labels = read(folder.path(), &(of_labels() + BALL)).unwrap();
    let values = "[voxels]\nactivity = \"activity.nii\"\nattenuation = \"mu.h5\"\n";
    let values = read(folder.path(), &(values.to_owned() + BALL)).unwrap();
    let boxes = boxes();
    let mut random = Pcg64::seed_from_u64(3);
    let mut lines: Vec<[[f64; 3]; 2]> =
        (0..4000).map(|_| [(); 2].map(|()| [(); 3].map(|()| random.random_range(-40.0..40.0)))).collect();
    // Along the axes, from outside and from within, both ways, and one of no length.
    for axis in 0..3 {
        for sign in [-1.0, 1.0] {
            let (mut a, mut b) = ([0.3, 1.2, -0.7], [0.3, 1.2, -0.7]);
            (a[axis], b[axis]) = (-60.0 * sign, 60.0 * sign);
            lines.extend([[a, b], [[0.3, 1.2, -0.7], b]]);
        }
    }
    lines.push([[0.0; 3], [0.0; 3]]);
    let mut through = 0;
    for [a, b] in lines {
        let expected = boxes.tracer().line_integrals(a, b);
        through += usize::from(expected.activity > 0.0);
        for phantom in [&labels, &values] {
            let mut tracer = phantom.tracer();
            let found = tracer.line_integrals(a, b);
            assert!((found.activity - expected.activity).abs() < 1e-5, "{a:?} {b:?}: {found:?}, not {expected:?}");
            assert!(
                (found.attenuation - expected.attenuation).abs() < 1e-6,
                "{a:?} {b:?}: {found:?}, not {expected:?}"
            );
            let stretches = tracer.stretches(a, b);
            let ordered = stretches.windows(2).all(|pair| pair[0].end_mm <= pair[1].start_mm);
            assert!(ordered && stretches.iter().all(|stretch| stretch.length_mm() > 0.0), "{stretches:?}");
            // A tracer that was narrowed to the line sees the same.
            let narrowed = tracer.narrow([a[0], a[1]], [b[0], b[1]], 0.1);
            let again = tracer.line_integrals(a, b);
            assert!(again == found || (!narrowed && found.activity == 0.0) || a[..2] == b[..2], "{again:?} {found:?}");
        }
    }
    assert!(through > 1000, "{through} lines met something");
}

#[test]
fn images_points_and_regions_are_those_of_boxes() {
    let folder = images();
    let (voxels, boxes) = (read(folder.path(), &(of_labels() + BALL)).unwrap(), boxes());
    let other = ImageGrid::centred([9, 8, 11], [4.1, 3.3, 2.9]);
    for grid in [grid(), other] {
        near(&voxels.activity_image(&grid).values, &boxes.activity_image(&grid).values);
        near(&voxels.attenuation_image(&grid).values, &boxes.attenuation_image(&grid).values);
        near(&voxels.object_mask(&grid), &boxes.object_mask(&grid));
        for region in ["two", "ball"] {
            near(&voxels.region_mask(region, &grid).unwrap(), &boxes.region_mask(region, &grid).unwrap());
        }
    }
    let bare = read(folder.path(), &of_labels()).unwrap();
    let own: Vec<f32> = labels().iter().map(|label| ACTIVITY[*label as usize] as f32).collect();
    near(&bare.activity_image(&grid()).values, &own);
    let mut random = Pcg64::seed_from_u64(5);
    for _ in 0..3000 {
        let point = [(); 3].map(|()| random.random_range(-25.0..25.0));
        let [a, b] = [&voxels, &boxes].map(|of| of.shape_at(point).map(|shape| (of.activity(shape), of.region(shape))));
        assert_eq!(a, b, "{point:?}");
    }
    let [low, high] = [0, 1].map(|end| voxels.extent_mm().map(|extent| extent[end]));
    assert_eq!((low, high[2]), ([-11.5, -16.75, -11.0], 10.0));
    assert!(voxels.solid_ml(0).is_some() && voxels.solid_ml(1).is_none() && voxels.shapes() == 4);
}

/// Images are put where the table says, all alike, and hash with the phantom.
#[test]
fn images_are_placed_and_belong_to_the_phantom() {
    let folder = images();
    let t1 = ImageGrid { shape: [10, 8, 12], voxel_mm: [2.5, 3.75, 2.0], origin_mm: [-10.25, -14.875, -9.0] };
    let values: Vec<f32> = (0..t1.voxels()).map(|n| (n % 7) as f32 - 2.0).collect();
    write(folder.path(), "t1.nii", t1, ImageUnit::CountsPerMm, values.clone());
    let text = of_labels() + "anatomical = \"t1.nii\"\nshift_mm = [10.0, 0.0, -4.0]\n";
    let shifted = read(folder.path(), &text).unwrap();
    let moved = ImageGrid { origin_mm: [1.0, -13.0, -12.0], ..grid() };
    let own: Vec<f32> = labels().iter().map(|label| ACTIVITY[*label as usize] as f32).collect();
    near(&shifted.activity_image(&moved).values, &own);
    // What the anatomical scanner shows is averaged over each voxel: eight of its own here.
    let shown = shifted.label_image(&moved);
    let at = |i: usize, j: usize, k: usize| values[t1.index([i, j, k])];
    let mean = |i: usize, j: usize, k: usize| {
        (0..8).map(|n| at(2 * i + n / 4, 2 * j + n / 2 % 2, 2 * k + n % 2)).sum::<f32>() / 8.0
    };
    for [i, j, k] in [[0, 0, 0], [3, 2, 4]] {
        // Across, a voxel is met by 89 lines.
        let [found, expected] = [shown[grid().index([i, j, k])], mean(i, j, k)];
        assert!((found - expected).abs() < 0.1, "{found}, not {expected}");
    }
    let centred = read(folder.path(), &(of_labels() + "centred = true\n")).unwrap();
    near(&centred.activity_image(&ImageGrid::centred(grid().shape, grid().voxel_mm)).values, &own);
    let names: Vec<_> =
        whole(&folder.path().join("own.toml")).iter().map(|p| p.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["own.toml", "labels.nii.gz"]);
}

#[test]
fn mistakes_are_named() {
    let folder = images();
    let unit = ImageUnit::CountsPerMm;
    write(folder.path(), "half.nii", grid(), unit, labels().iter().map(|label| 0.5 * label).collect());
    write(folder.path(), "empty.nii", grid(), unit, vec![0.0; grid().voxels()]);
    write(folder.path(), "counts.h5", grid(), unit, labels());
    let negative = labels().iter().map(|label| 1.0 - label).collect();
    write(folder.path(), "negative.nii", grid(), ImageUnit::BecquerelPerMl, negative);
    let small = ImageGrid::centred([5, 4, 5], [5.0; 3]);
    write(folder.path(), "small.nii", small, ImageUnit::PerCm, vec![0.1; small.voxels()]);
    fs::write(folder.path().join("text.nii"), "no image").unwrap();
    let labels = of_labels();
    let cases = [
        ("[voxels]\n".to_owned(), "`voxels` is without an image, expected `activity`, or `labels` and `tissues`"),
        (labels.replace("labels.nii.gz", "missing.nii"), "`voxels.labels`: "),
        (labels.replace("labels.nii.gz", "text.nii"), "text.nii"),
        (labels.replace("labels.nii.gz", "half.nii"), "`voxels.labels` is an image with the value 0.5, expected whole"),
        (labels.replace("labels.nii.gz", "empty.nii"), "`voxels.tissues[0].label` is 1, which no voxel has"),
        (labels.replace("label = 3", "label = 4"), "`voxels.tissues` is without label 3, which the image has"),
        (labels.replace("label = 3", "label = 2"), "`voxels.tissues[2].label` is 2, expected a label that no other"),
        (labels.replace("label = 3", "label = 0"), "`voxels.tissues[2].label` is 0, expected a label above 0"),
        (labels.replace("\"two\"", "\"a/b\""), "`voxels.tissues[1].region` is `a/b`"),
        (labels.clone() + "activity = \"activity.nii\"\n", "`voxels.labels` is given beside `activity`"),
        (labels.clone() + "attenuation = \"mu.h5\"\n", "`voxels.attenuation` is an image, expected none: `tissues`"),
        ("[voxels]\nlabels = \"labels.nii.gz\"\n".into(), "`voxels.tissues` is missing, expected one for each label"),
        ("[voxels]\nactivity = \"counts.h5\"\n".into(), "`voxels.activity` is an image in counts/mm, expected Bq/mL"),
        ("[voxels]\nactivity = \"negative.nii\"\n".into(), "`voxels.activity` is an image with the value -"),
        ("[voxels]\nactivity = \"empty.nii\"\n".into(), "`voxels.activity` is "),
        (
            "[voxels]\nactivity = \"activity.nii\"\nattenuation = \"small.nii\"\n".into(),
            "`voxels.attenuation` is on [5, 4, 5] voxels",
        ),
        (labels.clone() + "shift_mm = [nan, 0.0, 0.0]\n", "`voxels.shift_mm` is [NaN, 0.0, 0.0]"),
        (labels.clone() + "anatomical = \"text.nii\"\n", "`voxels.anatomical`: "),
        (labels + "turned = 3\n", "unknown field `turned`"),
    ];
    for (text, expected) in cases {
        let found = read(folder.path(), &text).expect_err(expected);
        assert!(found.contains("own.toml") && found.contains(expected), "{text}\n{found}\nexpected {expected}");
    }
}
