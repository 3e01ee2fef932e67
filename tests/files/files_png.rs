//! Pictures: where the patient's left, back and head end up, and what is refused.

use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::png::{Panel, Slicing, write_sinogram, write_slices};
use coincide::scanner::{AxialCompression, SinogramGeometry, preset};
use std::path::Path;

struct Picture {
    width: usize,
    pixels: Vec<u8>,
}

fn decode(path: &Path) -> Picture {
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Grayscale);
    Picture { width: info.width as usize, pixels }
}

impl Picture {
    /// Whether the mean of a disc of a few pixels is dark.
    fn dark(&self, x: usize, y: usize) -> bool {
        let square = (y - 3..y + 4).flat_map(|row| (x - 3..x + 4).map(move |column| (row, column)));
        square.map(|(row, column)| u32::from(self.pixels[row * self.width + column])).sum::<u32>() < 49 * 100
    }
}

/// 36 x 36 x 18 voxels of 10 mm: one pixel per mm; one hot ball at the patient's left, back and head.
fn hot_corner() -> Image {
    let grid = ImageGrid::centred([36, 36, 18], [10.0; 3]);
    let mut image = Image::uniform(grid, ImageUnit::BecquerelPerMl, 0.0);
    for position in 0..grid.voxels() {
        let voxel = [position / (36 * 18), position / 18 % 36, position % 18];
        let [x, y, z] = grid.centre_mm(voxel);
        if (x - 100.0).hypot(y - 120.0).hypot(z - 60.0) < 30.0 {
            image.values[position] = 5.0;
        }
    }
    image
}

#[test]
fn left_is_on_the_right_back_is_down_and_head_is_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slices.png");
    let image = hot_corner();
    let slicing = Slicing { point_mm: Some([100.0, 120.0, 60.0]), black: Some(5.0) };
    write_slices(&path, false, &[Panel { title: "hot corner", image: &image }], slicing).unwrap();
    let picture = decode(&path);
    // Slices start at (24, 22); one pixel is one mm; 22 pixels of caption follow each slice.
    let (left, top) = (24, 22);
    let places = |x: i64, y: i64, start: usize| ((left + 180 + x) as usize, (start as i64 + y) as usize);
    let [transverse, coronal, sagittal] = [top, top + 360 + 22, top + 360 + 180 + 2 * 22];
    for (start, [hot_x, hot_y], half) in
        [(transverse, [100, 120], 180), (coronal, [100, -60], 90), (sagittal, [120, -60], 90)]
    {
        for (sign_x, sign_y) in [(1, 1), (-1, 1), (1, -1), (-1, -1)] {
            let (x, y) = places(sign_x * hot_x, half + sign_y * hot_y, start as usize);
            assert_eq!(picture.dark(x, y), sign_x == 1 && sign_y == 1, "slice at {start}, signs {sign_x} {sign_y}");
        }
    }
}

#[test]
fn the_same_images_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let image = hot_corner();
    let panels = [Panel { title: "MLEM µ", image: &image }, Panel { title: "truth", image: &image }];
    let bytes = ["a.png", "b.png"].map(|name| {
        let path = folder.path().join(name);
        write_slices(&path, false, &panels, Slicing::default()).unwrap();
        std::fs::read(path).unwrap()
    });
    assert_eq!(bytes[0], bytes[1]);
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slices.png");
    let image = hot_corner();
    let mut broken = image.clone();
    broken.values[19] = f32::NAN;
    let other = Image { unit: ImageUnit::PerCm, ..image.clone() };
    let refuse = |panels: &[Panel], black| {
        let slicing = Slicing { point_mm: None, black };
        write_slices(&path, false, panels, slicing).unwrap_err().to_string()
    };
    let good = Panel { title: "good", image: &image };
    assert!(refuse(&[], None).contains("at least one image"));
    assert!(refuse(&[good, Panel { title: "mu", image: &other }], None).contains("mu is in 1/cm"));
    assert!(refuse(&[Panel { title: "map", image: &broken }], None).contains("map[0, 1, 1] is NaN"));
    assert!(refuse(&[good], Some(0.0)).contains("the value drawn black is 0"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn odd_sizes_and_far_points_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slices.png");
    for (shape, voxel_mm) in [([1, 1, 1], [1.0; 3]), ([1, 400, 2], [1e-3, 5.0, 2e4]), ([300, 1, 1], [1e-3, 1.0, 1.0])] {
        let image = Image::uniform(ImageGrid::centred(shape, voxel_mm), ImageUnit::CountsPerMm, -1.0);
        let slicing = Slicing { point_mm: Some([1e9, -1e9, 0.0]), black: None };
        write_slices(&path, true, &[Panel { title: "a".repeat(500).as_str(), image: &image }], slicing).unwrap();
        assert!(decode(&path).pixels.len() < 4_000_000);
    }
}

#[test]
fn a_sinogram_shows_its_sum_over_planes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sinogram.png");
    let compression = AxialCompression::Span { span: 1, max_ring_difference: 0 };
    let geometry = SinogramGeometry::new(preset("safir").unwrap(), compression, 1, 0).unwrap();
    let mut counts = vec![0.0; geometry.bins()];
    let planes = geometry.planes();
    counts[(30 * geometry.radial_bins + 100) * planes + 4] = 9.0;
    write_sinogram(&path, false, "one bin", &geometry, &counts, 0..planes).unwrap();
    let picture = decode(&path);
    // 150 radial bins are magnified three times; the sinogram starts at (12, 22).
    let pixel = |x: usize, y: usize| picture.pixels[(22 + y) * picture.width + 12 + x];
    assert_eq!([pixel(301, 91), pixel(304, 91), pixel(301, 94), pixel(298, 91)], [0, 255, 255, 255]);
    let error = write_sinogram(&path, true, "none", &geometry, &counts, 3..99).unwrap_err().to_string();
    assert!(error.contains("the planes to show is 3..99"), "{error}");
}
