//! Interfile: real files of STIR, round trips, and headers that lie.

use crate::shared_data::shared_data;
use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::interfile::*;
use coincide::scanner::{AxialCompression, RadialSampling, SinogramGeometry, preset};
use std::fs;

const FORMATS: [NumberFormat; 8] = {
    use NumberFormat::*;
    [U8, I8, U16, I16, U32, I32, F32, F64]
};

fn span(span: usize, max_ring_difference: usize) -> AxialCompression {
    AxialCompression::Span { span, max_ring_difference }
}

fn data(geometry: SinogramGeometry) -> ProjectionData {
    let values = (0..geometry.bins()).map(|i| (i % 101) as f32).collect();
    ProjectionData { geometry, values, duration_s: Some(12.5) }
}

/// Geometries of every kind that the format can hold, small enough to write many times.
fn geometries() -> Vec<SinogramGeometry> {
    let small = |name: &str, rings: usize, compression, view_mashing, tof_mashing| {
        let mut scanner = preset(name).unwrap();
        (scanner.rings, scanner.radial_bins) = (rings, 21);
        SinogramGeometry::new(scanner, compression, view_mashing, tof_mashing).unwrap()
    };
    let ge = AxialCompression::Ge { max_ring_difference: 8 };
    let mut arc_corrected = small("siemens-mmr", 5, span(3, 4), 1, 0);
    (arc_corrected.sampling, arc_corrected.views) = (RadialSampling::ArcCorrected { bin_mm: 2.5 }, 17);
    vec![
        small("siemens-mmr", 5, span(3, 4), 6, 0),
        small("siemens-mmr", 4, span(1, 3), 12, 0),
        small("siemens-vision-600", 3, span(1, 2), 57, 24),
        small("siemens-mct", 3, span(3, 1), 28, 1),
        small("ge-dmi-3ring", 9, ge, 34, 29),
        arc_corrected,
    ]
}

fn assert_same_geometry(a: &SinogramGeometry, b: &SinogramGeometry) {
    assert_eq!(a.shape(), b.shape());
    assert_eq!(a.sampling, b.sampling);
    assert_eq!(a.scanner.name, b.scanner.name);
    assert_eq!(a.scanner.layout, b.scanner.layout);
    assert_eq!(a.tof, b.tof);
    let differences =
        |g: &SinogramGeometry| g.segments.iter().map(|s| [s.min_difference, s.max_difference]).collect::<Vec<_>>();
    assert_eq!(differences(a), differences(b));
    for (view, radial) in [(0, 0), (1, a.radial_bins - 1), (a.views - 1, a.radial_bins / 2)] {
        for (p, q) in a.all_planes().zip(b.all_planes()) {
            let [line, other] = [a.line_of_response(view, radial, p), b.line_of_response(view, radial, q)];
            for (x, y) in line.as_flattened().iter().zip(other.as_flattened()) {
                assert!((x - y).abs() < 1e-9, "{}: {line:?} {other:?}", a.scanner.name);
            }
        }
    }
}

#[test]
fn the_sinogram_of_stir_is_read_as_stir_reads_it() {
    let Some(path) = shared_data("stir-interfile/smalllong.hs") else { return };
    // Arc correction left values below zero in it.
    let error = read_projection_data(&path, Contents::Counts).unwrap_err().to_string();
    assert!(error.contains("expected a finite number >= 0"), "{error}");
    let read = read_projection_data(&path, Contents::Signed).unwrap();
    let geometry = &read.geometry;
    assert_eq!(geometry.shape(), [64, 75, 1, 27]);
    assert_eq!(geometry.sampling, RadialSampling::ArcCorrected { bin_mm: 3.0 });
    assert_eq!((geometry.segments[0].min_difference, geometry.segments[0].max_difference), (-8, 8));
    assert_eq!((geometry.scanner.rings, geometry.scanner.crystals_per_ring), (14, 112));
    assert_eq!((geometry.scanner.effective_radius_mm(), geometry.scanner.ring_spacing_mm), (307.0, 6.54));
    // 64 views are no mashing of 56: the first view is at φ = 0, not shifted by a fraction of a crystal.
    assert_eq!(geometry.view_angle_rad(0), 0.0);
    // An independent walk through the bytes: [view, axial, tangential], floats, least significant byte first.
    let bytes = fs::read(path.with_extension("s")).unwrap();
    let at = |view: usize, plane: usize, radial: usize| {
        let start = 4 * ((view * 27 + plane) * 75 + radial);
        f32::from_le_bytes(bytes[start..start + 4].try_into().unwrap())
    };
    let mut sum = 0.0;
    for view in 0..64 {
        for radial in 0..75 {
            for plane in 0..27 {
                // The file's first plane is the one nearest to the head, our last.
                assert_eq!(read.values[(view * 75 + radial) * 27 + 26 - plane], at(view, plane, radial));
                sum += at(view, plane, radial) as f64;
            }
        }
    }
    assert!(sum > 0.0);
}

#[test]
fn the_template_of_the_mmr_is_our_preset() {
    let Some(path) = shared_data("mmr-listmode/mMR_template_span11.hs") else { return };
    let ours = SinogramGeometry::new(preset("siemens-mmr").unwrap(), span(11, 60), 1, 0).unwrap();
    assert_eq!(read_geometry(&path).unwrap(), ours);
    let error = read_projection_data(&path, Contents::Counts).unwrap_err().to_string();
    assert!(error.contains("mMR_template_span11.s: opening the data that the header names failed"), "{error}");
}

#[test]
fn images_of_stir_sit_where_stir_puts_them() {
    let Some(path) = shared_data("stir-interfile/init.hv") else { return };
    let image = read_image(&path, ImageUnit::CountsPerMm).unwrap();
    assert_eq!(image.grid.shape, [60, 60, 31]);
    // Even sizes are half a voxel off centre in x and y; the middle of z is the middle of the scanner.
    assert!(image.grid.centre_mm([30, 30, 15]).iter().all(|mm| mm.abs() < 1e-9), "{:?}", image.grid);

    let Some(path) = shared_data("mmr-listmode/mu_map.hv") else { return };
    let image = read_image(&path, ImageUnit::PerCm).unwrap();
    assert_eq!(image.grid.shape, [57, 57, 127]);
    assert!(image.grid.centre_mm([28, 28, 63]).iter().all(|mm| mm.abs() < 1e-9), "{:?}", image.grid);
    let bytes = fs::read(path.with_extension("v")).unwrap();
    let [x, y, z] = [20, 31, 64];
    let start = 4 * ((z * 57 + y) * 57 + x);
    let expected = f32::from_le_bytes(bytes[start..start + 4].try_into().unwrap());
    assert!(expected > 0.0);
    assert_eq!(image.values[image.grid.index([x, y, 126 - z])], expected);
    let largest = image.values.iter().fold(0.0_f32, |a, &b| a.max(b));
    assert!((0.08..0.3).contains(&largest), "{largest} per cm");
}

#[test]
fn projection_data_come_back_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for geometry in geometries() {
        let data = data(geometry);
        for format in FORMATS {
            for byte_order in [ByteOrder::Little, ByteOrder::Big] {
                for order in [StorageOrder::ByView, StorageOrder::ByPlane] {
                    let path = folder.path().join("a.hs");
                    let encoding = Encoding { format, order: byte_order };
                    write_projection_data(&path, &data, encoding, order, true).unwrap();
                    let back = read_projection_data(&path, Contents::Counts).unwrap();
                    assert_same_geometry(&back.geometry, &data.geometry);
                    assert_eq!(back.values, data.values, "{format:?} {byte_order:?} {order:?}");
                    assert_eq!(back.duration_s, data.duration_s);
                }
            }
        }
    }
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 2, "only header and data are left");
}

#[test]
fn presets_come_back_exactly() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["siemens-mmr", "siemens-mct", "ecat-hr+", "ge-signa-petmr", "nanopet", "safir", "siemens-quadra"] {
        let mut geometry = SinogramGeometry::new(preset(name).unwrap(), span(1, 0), 1, 0).unwrap();
        geometry.radial_bins = 3;
        let path = folder.path().join("a.hs");
        write_projection_data(&path, &data(geometry.clone()), Encoding::default(), StorageOrder::ByView, true).unwrap();
        assert_eq!(read_geometry(&path).unwrap(), geometry, "{name}");
    }
}

#[test]
fn stir_tof_bins_are_positive_towards_detector_a() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hs");
    let mut scanner = preset("siemens-mct").unwrap();
    (scanner.rings, scanner.radial_bins) = (1, 3);
    let geometry = SinogramGeometry::new(scanner, span(1, 0), 336, 1).unwrap();
    assert_eq!(geometry.shape(), [1, 3, 13, 1]);
    let mut data = data(geometry);
    data.values.fill(0.0);
    data.values[13 + 12] = 5.0; // radial 1, the TOF bin nearest to detector B
    write_projection_data(&path, &data, Encoding::default(), StorageOrder::ByView, false).unwrap();
    // STIR's lowest timing position comes first in the file and is the farthest from detector A.
    let bytes = fs::read(path.with_extension("s")).unwrap();
    assert_eq!(f32::from_le_bytes(bytes[4..8].try_into().unwrap()), 5.0);
    // The same with an explicit order of the bins.
    let text = fs::read_to_string(&path).unwrap();
    let order = "TOF bin order := {0,1,2,3,4,5,6,-6,-5,-4,-3,-2,-1}\n!END OF";
    fs::write(&path, text.replace("!END OF", order)).unwrap();
    let back = read_projection_data(&path, Contents::Counts).unwrap();
    assert_eq!(back.values.iter().position(|&v| v == 5.0), Some(13 + 6)); // position 0 is the middle
}

#[test]
fn timing_that_the_named_scanner_cannot_have_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hs");
    let mut scanner = preset("siemens-mct").unwrap();
    (scanner.rings, scanner.radial_bins) = (1, 3);
    let geometry = SinogramGeometry::new(scanner, span(1, 0), 336, 1).unwrap();
    write_projection_data(&path, &data(geometry), Encoding::default(), StorageOrder::ByView, false).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let read = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} in {text}");
        fs::write(&path, text.replace(from, to)).unwrap();
        read_geometry(&path)
    };
    let nanoseconds = read("time bins (ps) := 312", "time bins (ps) := 0.312").unwrap_err().to_string();
    assert!(
        nanoseconds.contains("13 bins of it are 4 ps") && nanoseconds.contains("4056 ps together"),
        "{nanoseconds}"
    );
    let sharp = read("resolution (ps) := 555", "resolution (ps) := 55.5").unwrap_err().to_string();
    assert!(sharp.contains("55.5 ps") && sharp.contains("about 555 ps FWHM"), "{sharp}");
    // Another revision of the scanner is a little sharper.
    assert!(read("resolution (ps) := 555", "resolution (ps) := 527").is_ok());
}

#[test]
fn scale_offset_and_segment_order_are_those_of_the_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hs");
    let mut scanner = preset("siemens-mmr").unwrap();
    (scanner.rings, scanner.radial_bins) = (2, 3);
    let geometry = SinogramGeometry::new(scanner, span(1, 1), 252, 0).unwrap();
    write_projection_data(&path, &data(geometry), Encoding::default(), StorageOrder::ByView, false).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("{ 1,2,1}", "{ 2,1,1}").replace("{ -1,0,1}", "{0,-1,1}");
    let text = text.replace("factor[1] := 1", "factor[1] := 0.5").replace("bytes[1] := 0", "bytes[1] := 7");
    fs::write(&path, text).unwrap();
    // segment 0 (rings 00, 11), −1, +1 as STIR counts, which are our 0 (rings 11, 00), +1, −1; three radial bins each
    let numbers = [1., 2., 3., 4., 5., 6., 10., 20., 30., 100., 200., 300.].map(f32::to_le_bytes);
    fs::write(path.with_extension("s"), [&[9; 7], numbers.as_flattened()].concat()).unwrap();
    let back = read_projection_data(&path, Contents::Counts).unwrap();
    assert_eq!(back.values, [2.0, 0.5, 5., 50., 2.5, 1.0, 10., 100., 3.0, 1.5, 15., 150.]);
}

#[test]
fn planes_cut_from_the_ends_are_the_middle_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hs");
    let mut scanner = preset("siemens-mmr").unwrap();
    (scanner.rings, scanner.radial_bins) = (5, 3);
    let mut geometry = SinogramGeometry::new(scanner, span(3, 1), 252, 0).unwrap();
    geometry.segments[0].planes = geometry.segments[0].planes[2..7].to_vec();
    write_projection_data(&path, &data(geometry.clone()), Encoding::default(), StorageOrder::ByView, false).unwrap();
    assert_eq!(read_geometry(&path).unwrap().segments, geometry.segments);
    let text = fs::read_to_string(&path).unwrap().replace("{ 5}", "{ 4}");
    fs::write(&path, text).unwrap();
    let error = read_geometry(&path).unwrap_err().to_string();
    assert!(error.contains("fewer by an even number"), "{error}");
}

#[test]
fn images_come_back_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hv");
    let off_centre = ImageGrid { origin_mm: [-3.5, 12.25, -40.0], ..ImageGrid::centred([4, 3, 5], [2.0, 1.5, 4.0625]) };
    for grid in [ImageGrid::centred([5, 4, 3], [2.0, 2.0, 3.0]), off_centre] {
        let values = (0..grid.voxels()).map(|i| i as f32).collect();
        let image = Image { grid, unit: ImageUnit::PerCm, values };
        for format in FORMATS {
            for order in [ByteOrder::Little, ByteOrder::Big] {
                write_image(&path, &image, Encoding { format, order }, true).unwrap();
                let back = read_image(&path, ImageUnit::PerCm).unwrap();
                assert_eq!((back.grid.shape, back.grid.voxel_mm), (grid.shape, grid.voxel_mm));
                for axis in 0..3 {
                    assert!((back.grid.origin_mm[axis] - grid.origin_mm[axis]).abs() < 1e-12);
                }
                assert_eq!(back.values, image.values);
            }
        }
    }
    let error = write_image(&path, &Image::uniform(off_centre, ImageUnit::PerCm, 1.0), Encoding::default(), false);
    assert!(error.unwrap_err().to_string().contains("exists already"));
}

#[test]
fn an_even_image_without_offsets_is_half_a_voxel_off_centre() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hv");
    let image = Image::uniform(ImageGrid::centred([4, 5, 6], [2.0, 3.0, 4.0]), ImageUnit::PerCm, 1.0);
    write_image(&path, &image, Encoding::default(), false).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let text: Vec<_> = text.lines().filter(|line| !line.starts_with("first pixel")).collect();
    fs::write(&path, text.join("\n").replace("factor[1] := 1", "factor[1] := {1,2,3,4,5,6}")).unwrap();
    let back = read_image(&path, ImageUnit::PerCm).unwrap();
    assert_eq!(back.grid.origin_mm, [-4.0, -6.0, -10.0]);
    assert_eq!(back.values[..6], [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
}

/// A header and its data, then one change and what it must be called.
fn lie(changes: &[(&str, &str)], expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hs");
    let geometry = geometries().remove(0);
    write_projection_data(&path, &data(geometry), Encoding::default(), StorageOrder::ByView, false).unwrap();
    let mut text = fs::read_to_string(&path).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from} is not in\n{text}");
        text = text.replace(from, to);
    }
    fs::write(&path, text).unwrap();
    let error = read_projection_data(&path, Contents::Counts).map(|_| "no error").unwrap_err().to_string();
    assert!(error.contains(expected), "{changes:?}: {error}");
}

#[test]
fn lying_headers_are_named() {
    lie(&[("matrix size [1] := 21", "matrix size [1] := 1099511627776")], "fewer than the 504 crystals per ring");
    lie(&[("matrix size [1] := 21", "matrix size [1] := -21")], "`matrix size [1]` is `-21`, expected a whole number");
    lie(&[("matrix size [1] := 21", "matrix size [1] := 0")], "sizes > 0");
    lie(&[("matrix size [3] := 42", "matrix size [3] := 41")], "a divisor of 252");
    lie(&[("matrix size [3] := 42", "matrix size [3] := 84")], "bytes of data, expected");
    lie(&[("matrix size [4] := 3", "matrix size [4] := 5")], "5 sizes, one per segment");
    lie(&[("Number of rings := 5", "Number of rings := 4097")], "scanner.rings` is 4097, expected 1 to 4096");
    lie(&[("Number of rings := 5", "Number of rings := 1e99")], "whole number");
    lie(&[("{ -4,-1,2}", "{ -4,-1}")], "2 numbers");
    lie(&[("{ -4,-1,2}", "{ -4,-1,0}")], "do not overlap");
    lie(&[("{ -4,-1,2}", "{ -9,-1,2}")], "from -4 to 4 on 5 rings");
    lie(&[("{ -4,-1,2}", "{ -4,0,2}")], "whose minimum is -maximum");
    lie(&[("bytes per pixel := 4", "bytes per pixel := 3")], "`float` of 3 bytes");
    lie(&[("LITTLEENDIAN", "MIDDLEENDIAN")], "LITTLEENDIAN or BIGENDIAN");
    lie(&[("bytes[1] := 0", "bytes[1] := 18446744073709551615")], "expected 18446744073709551615");
    lie(&[("bytes[1] := 0", "bytes[1] := 4")], "bytes of data, expected");
    lie(&[("factor[1] := 1", "factor[1] := inf")], "a finite number");
    lie(&[("factor[1] := 1", "factor[1] := {1,2,3}")], "one factor for all segments");
    lie(&[("time frames := 1", "time frames := 3")], "each frame its own file");
    lie(&[("PET data type := Emission", "PET data type := Image")], "`pet data type` is image");
    lie(&[("name of data file := a.s", "name of data file :=")], "`name of data file` is missing");
    lie(&[("name of data file := a.s", "name of data file := b.s")], "b.s: opening the data");
    lie(&[("segment", "sausage")], "`segment`");
    lie(
        &[("system := Siemens mMR", "system := Acme"), ("Number of rings", "No of rings")],
        "`number of rings` is missing",
    );
    lie(&[("Inner ring diameter (cm) := 65.6", "Inner ring diameter (cm) := -65.6")], "inner_radius_mm");
}

/// Rings counted from the other end have the same places only where all blocks between axial gaps are whole.
#[test]
fn gaps_between_blocks_that_are_not_whole_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hs");
    let mut scanner = preset("ge-dmi-3ring").unwrap();
    scanner.radial_bins = 21;
    let write = |rings: usize| {
        let scanner = coincide::scanner::Scanner { rings, ..scanner.clone() };
        let geometry = SinogramGeometry::new(scanner, span(1, 0), 34, 0).unwrap();
        write_projection_data(&path, &data(geometry), Encoding::default(), StorageOrder::ByView, true)
    };
    let error = write(10).unwrap_err().to_string();
    assert!(error.contains("10 rings are no whole number of blocks of 9"), "{error}");
    write(18).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("Number of rings := 18", "Number of rings := 19")).unwrap();
    let error = read_geometry(&path).unwrap_err().to_string();
    assert!(error.contains("`number of rings` is 19, expected a multiple of the 9 rings per block"), "{error}");
}

#[test]
fn sizes_beyond_any_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hs");
    let geometry = geometries().pop().unwrap();
    write_projection_data(&path, &data(geometry), Encoding::default(), StorageOrder::ByView, false).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    // 2^40 and 2^60 radial bins of next to no width lie within the detectors.
    let text = text.replace("bin size (cm) := 0.25", "bin size (cm) := 1e-300");
    fs::write(&path, text.replace("matrix size [1] := 21", "matrix size [1] := 1099511627776")).unwrap();
    let error = read_projection_data(&path, Contents::Counts).map(|_| "no error").unwrap_err().to_string();
    assert!(error.contains("bytes of data, expected"), "{error}");
    fs::write(&path, text.replace("matrix size [1] := 21", "matrix size [1] := 1152921504606846976")).unwrap();
    let error = read_geometry(&path).map(|_| "no error").unwrap_err().to_string();
    assert!(error.contains("a sinogram that a file can hold"), "{error}");

    let path = folder.path().join("a.hv");
    let image = Image::uniform(ImageGrid::centred([3, 3, 3], [1.0; 3]), ImageUnit::PerCm, 1.0);
    write_image(&path, &image, Encoding::default(), false).unwrap();
    let text = fs::read_to_string(&path).unwrap().replace("size [3] := 3", "size [3] := 1099511627776");
    fs::write(&path, text).unwrap();
    let error = read_image(&path, ImageUnit::PerCm).map(|_| "no error").unwrap_err().to_string();
    assert!(error.contains("108 bytes of data, expected 39582418599936"), "{error}");
}

#[test]
fn values_that_are_no_counts_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hs");
    let mut data = data(geometries().remove(0));
    let write = |data: &ProjectionData, format| {
        let encoding = Encoding { format, order: ByteOrder::Little };
        write_projection_data(&path, data, encoding, StorageOrder::ByPlane, true)
    };
    write(&data, NumberFormat::F32).unwrap();
    let [_, radial, _, planes] = data.geometry.shape();
    let place = (30 * radial + 7) * planes + 11;
    data.values[place] = -1.0;
    write(&data, NumberFormat::F32).unwrap();
    let error = read_projection_data(&path, Contents::Counts).unwrap_err().to_string();
    assert!(error.contains("bin [view, radial, tof, plane] [30, 7, 0, 11] is -1"), "{error}");
    assert_eq!(read_projection_data(&path, Contents::Signed).unwrap().values[place], -1.0);
    assert!(write(&data, NumberFormat::U16).unwrap_err().to_string().contains("unsigned integers"));
    data.values[place] = f32::NAN;
    assert!(write(&data, NumberFormat::F32).unwrap_err().to_string().contains("is NaN"));

    let bytes = fs::read(path.with_extension("s")).unwrap();
    let nan: Vec<u8> = bytes.chunks(4).flat_map(|_| f32::NAN.to_le_bytes()).collect();
    fs::write(path.with_extension("s"), &nan).unwrap();
    let error = read_projection_data(&path, Contents::Signed).unwrap_err().to_string();
    assert!(error.contains("[0, 0, 0, 13] is NaN, expected a finite number"), "{error}");
    fs::write(path.with_extension("s"), &nan[1..]).unwrap();
    assert!(read_projection_data(&path, Contents::Signed).unwrap_err().to_string().contains("bytes of data"));
}
