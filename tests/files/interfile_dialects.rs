//! Interfile as others spell it: what is clear is read, what is not is named.

use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::interfile::*;
use coincide::io::{ImageOptions, NanRule};
use coincide::scanner::{AxialCompression, RadialSampling, SinogramGeometry, preset};
use std::fs;
use std::path::Path;

fn image() -> Image {
    let grid = ImageGrid { shape: [4, 3, 5], voxel_mm: [2.0, 1.5, 4.0625], origin_mm: [-3.5, 12.25, -40.0] };
    Image { grid, unit: ImageUnit::PerCm, values: (0..grid.voxels()).map(|i| i as f32).collect() }
}

/// Writes our image, changes its header and reads it under a name.
fn image_with(folder: &Path, name: &str, change: impl Fn(String) -> String) -> Result<Image, coincide::io::IoError> {
    let source = folder.join("a.hv");
    write_image(&source, &image(), Encoding::default(), true).unwrap();
    fs::write(folder.join(name), change(fs::read_to_string(&source).unwrap())).unwrap();
    read_image(&folder.join(name), ImageUnit::PerCm)
}

/// Another spelling of a header.
type Change = fn(String) -> String;

fn replaced(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in\n{text}");
        text.replace(from, to)
    })
}

#[test]
fn other_spellings_are_the_same_image() {
    let folder = tempfile::tempdir().unwrap();
    let spellings: [(&str, Change); 12] = [
        ("units", |text| {
            let units = [
                ("size [1] := 4", "size [1] := 4 pixels"),
                ("[2] := 1.5", "[2] := 1.5 mm"),
                ("dimensions := 3", "dimensions := 3 ; x, y, z"),
            ];
            replaced(&text, &units)
        }),
        ("comments", |text| {
            text.replace('\n', " ; as STIR has it\n; and a line of its own: a := 3\n").replace("a.v ;", "a.v\t;")
        }),
        ("CR", |text| text.replace('\n', "\r")),
        ("CR LF", |text| text.replace('\n', "\r\n")),
        ("CR CR LF", |text| text.replace('\n', "\r\r\n")),
        ("mark", |text| format!("\u{feff}{text}")),
        ("blanks", |text| text.replace('\n', "  \t\n\n").replace(":=", "   :=   ")),
        ("case", |text| text.to_uppercase().replace("A.V", "a.v")),
        ("underscores", |text| text.replace("matrix size", "Matrix_Size").replace("number of", "!number_of")),
        ("heading", |text| text.replace("!GENERAL IMAGE DATA :=", "!GENERAL IMAGE DATA ")),
        ("no number of dimensions", |text| replaced(&text, &[("number of dimensions := 3\n", "")])),
        ("behind the end", |text| text + "matrix size [1] := 17\nno key at all\n"),
    ];
    for (spelling, change) in spellings {
        for name in ["b.hv", "b.hdr", "b.h33", "b.v.hdr", "b.ahs", "b"] {
            let read = image_with(folder.path(), name, change).unwrap_or_else(|error| panic!("{spelling}: {error}"));
            assert_eq!(read, image(), "{spelling}");
            assert_eq!(kind(&folder.path().join(name)).unwrap(), InterfileKind::Image);
            assert!(sniff(&fs::read(folder.path().join(name)).unwrap()), "{spelling}");
        }
    }
}

#[test]
fn what_is_not_clear_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[(&str, &str)], &str); 15] = [
        (&[("size [1] := 4", "size [1] := 4 x 3")], "`matrix size [1]` is `4 x 3`, expected a whole number"),
        (&[("[2] := 1.5", "[2] := 0.15 cm")], "`scaling factor (mm/pixel) [2]` is `0.15 cm`"),
        (&[("[2] := 1.5", "[2] := 1,5")], "`1,5`"),
        (&[("factor[1] := 1", "factor[1] := 5 %")], "`image scaling factor [1]` is `5 %`"),
        (
            &[("factor[1] := 1", "factor[1] := 1\nquantification units := kBq/ml")],
            "is `kBq/ml`, expected a factor, or `Bq/mL`",
        ),
        (&[("!GENERAL IMAGE DATA :=", "!matrix size [1] = 3")], "is no `key := value`"),
        (&[("number of time frames := 1", "number of frame groups := 2")], "give each frame its own file"),
        (&[("number format := float", "number format := ascii")], "`ascii` of 4 bytes"),
        (&[("bytes per pixel := 4", "bytes per pixel := 2")], "`float` of 2 bytes"),
        (&[("bytes per pixel := 4", "bytes per pixel := 8")], "240 bytes of data, expected 480"),
        (&[("size [1] := 4", "size [1] := 4\n!matrix size [1] := 5")], "4 and 5, expected one value"),
        (&[("a.v", "a.v\ndata starting block := 1")], "240 bytes of data, expected 2288"),
        (
            &[("bytes[1] := 0", "bytes[1] := 7\ndata starting block := 1")],
            "is 7, expected 2048, as `data starting block := 1` says",
        ),
        (
            &[("a.v", "b.hv"), ("bytes[1] := 0", "bytes[1] := 9")],
            "where the header ends: its data are in the same file",
        ),
        (
            &[("factor[1] := 1", "factor[1] := 1\nmystery scale := 2")],
            "`mystery scale` is 2, expected a key that is known",
        ),
    ];
    for (changes, expected) in cases {
        let error = image_with(folder.path(), "b.hv", |text| replaced(&text, changes)).unwrap_err().to_string();
        assert!(error.contains(expected), "{changes:?}: {error}");
    }
}

#[test]
fn units_are_known_in_other_spellings() {
    let folder = tempfile::tempdir().unwrap();
    for (spelling, unit) in [
        ("cm-1", ImageUnit::PerCm),
        ("1/cm ; of water", ImageUnit::PerCm),
        ("BQML", ImageUnit::BecquerelPerMl),
        ("HU", ImageUnit::Hounsfield),
    ] {
        let units = format!("number of time frames := 1\nquantification units := {spelling}\n");
        let read =
            image_with(folder.path(), "b.hv", |text| replaced(&text, &[("number of time frames := 1\n", &units)]));
        assert_eq!(read.unwrap().unit, unit, "{spelling}");
    }
}

#[test]
fn data_may_be_in_the_file_of_the_header() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("a.hv");
    write_image(&source, &image(), Encoding::default(), true).unwrap();
    let data = fs::read(folder.path().join("a.v")).unwrap();
    fs::remove_file(folder.path().join("a.v")).unwrap();
    let text = fs::read_to_string(&source).unwrap();
    let path = folder.path().join("one.hdr");
    for (offset, start) in [("data offset in bytes[1] := 3000", 3000), ("!data starting block := 2", 4096)] {
        for name in ["name of data file := one.hdr\n", "name of data file :=\n", ""] {
            let text =
                replaced(&text, &[("data offset in bytes[1] := 0", offset), ("name of data file := a.v\n", name)]);
            let mut bytes = text.into_bytes();
            bytes.resize(start, b' ');
            bytes.extend(&data);
            fs::write(&path, &bytes).unwrap();
            assert_eq!(read_image(&path, ImageUnit::PerCm).unwrap(), image(), "{offset}, {name}");
            fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
            assert!(read_image(&path, ImageUnit::PerCm).unwrap_err().to_string().contains("bytes of data, expected"));
        }
    }
}

/// The keys of a text, standing for themselves.
fn keys(text: &str) -> Vec<String> {
    let key = |line: &str| line.split_once(":=").map(|(key, _)| key.trim().trim_start_matches('!').to_owned());
    text.lines().filter_map(key).collect()
}

/// Others parse line by line; keys of an index need the count that comes before them.
#[test]
fn keys_are_in_the_order_in_which_stir_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hv");
    let encoding = Encoding { format: NumberFormat::I16, order: ByteOrder::Little };
    let mut halves = image();
    halves.values.iter_mut().for_each(|value| *value *= 0.5);
    write_image(&path, &halves, encoding, true).unwrap();
    let axis = |n: usize| {
        [format!("matrix axis label [{n}]"), format!("matrix size [{n}]"), format!("scaling factor (mm/pixel) [{n}]")]
    };
    let first = [
        "INTERFILE",
        "imaging modality",
        "version of keys",
        "name of data file",
        "GENERAL DATA",
        "GENERAL IMAGE DATA",
        "type of data",
        "imagedata byte order",
        "PET STUDY (General)",
        "PET data type",
        "process status",
        "number format",
        "number of bytes per pixel",
        "number of dimensions",
    ];
    let last = [
        "first pixel offset (mm) [1]",
        "first pixel offset (mm) [2]",
        "first pixel offset (mm) [3]",
        "number of time frames",
        "image scaling factor[1]",
        "data offset in bytes[1]",
        "quantification units",
        "END OF INTERFILE",
    ];
    let text = first.map(String::from).into_iter().chain((1..4).flat_map(axis)).chain(last.map(String::from));
    let written = fs::read_to_string(&path).unwrap();
    assert_eq!(keys(&written), text.collect::<Vec<_>>());
    // The factor for STIR and the same for those who do not know its key: applied once.
    let back = read_image(&path, ImageUnit::PerCm).unwrap();
    assert!(back.values.iter().zip(&halves.values).all(|(a, b)| (a - b).abs() < 1e-3));

    let path = folder.path().join("a.hs");
    write_projection_data(&path, &sinogram(), Encoding::default(), StorageOrder::ByView, true).unwrap();
    let expected = [
        "INTERFILE",
        "imaging modality",
        "name of data file",
        "originating system",
        "version of keys",
        "GENERAL DATA",
        "GENERAL IMAGE DATA",
        "type of data",
        "imagedata byte order",
        "PET STUDY (General)",
        "PET data type",
        "applied corrections",
        "number format",
        "number of bytes per pixel",
        "number of dimensions",
        "matrix axis label [5]",
        "matrix size [5]",
        "matrix axis label [4]",
        "matrix size [4]",
        "matrix axis label [3]",
        "matrix size [3]",
        "matrix axis label [2]",
        "matrix size [2]",
        "matrix axis label [1]",
        "matrix size [1]",
        "TOF mashing factor",
        "minimum ring difference per segment",
        "maximum ring difference per segment",
        "Scanner parameters",
        "Scanner type",
        "Number of rings",
        "Number of detectors per ring",
        "Inner ring diameter (cm)",
        "Average depth of interaction (cm)",
        "Distance between rings (cm)",
        "Default bin size (cm)",
        "View offset (degrees)",
        "Maximum number of non-arc-corrected bins",
        "Default number of arc-corrected bins",
        "Maximum number of (unmashed) TOF time bins",
        "Size of unmashed TOF time bins (ps)",
        "TOF timing resolution (ps)",
        "Number of blocks per bucket in transaxial direction",
        "Number of blocks per bucket in axial direction",
        "Number of crystals per block in axial direction",
        "Number of crystals per block in transaxial direction",
        "Number of detector layers",
        "End scanner parameters",
        "number of time frames",
        "image duration (sec)[1]",
        "image scaling factor[1]",
        "data offset in bytes[1]",
        "END OF INTERFILE",
    ];
    assert_eq!(keys(&fs::read_to_string(&path).unwrap()), expected);
}

fn sinogram() -> ProjectionData {
    let mut scanner = preset("siemens-mct").unwrap();
    (scanner.rings, scanner.radial_bins) = (3, 5);
    let compression = AxialCompression::Span { span: 1, max_ring_difference: 1 };
    let geometry = SinogramGeometry::new(scanner, compression, 28, 1).unwrap();
    let values = (0..geometry.bins()).map(|i| (i % 101) as f32).collect();
    ProjectionData { geometry, values, duration_s: Some(12.5) }
}

fn sinogram_with(folder: &Path, name: &str, changes: &[(&str, &str)]) -> Result<ProjectionData, coincide::io::IoError> {
    let source = folder.join("a.hs");
    let mut data = sinogram();
    // A scanner that only its keys describe.
    (data.geometry.scanner.name, data.geometry.scanner.bin_size_mm) = ("Acme".into(), 2.5);
    write_projection_data(&source, &data, Encoding::default(), StorageOrder::ByView, true).unwrap();
    fs::write(folder.join(name), replaced(&fs::read_to_string(&source).unwrap(), changes)).unwrap();
    read_projection_data(&folder.join(name), Contents::Counts)
}

#[test]
fn facts_that_are_not_needed_may_be_absent() {
    let folder = tempfile::tempdir().unwrap();
    let bins = "Default bin size (cm) := 0.25";
    for (changes, name) in [
        (vec![("3 detectors", "")], "b.hs"),
        (vec![(bins, "Default bin size (cm) := -0.1")], "b.s.hdr"),
        (vec![("Default bin size (cm) := 0.25\n", "")], "b.ahs"),
        (vec![("Number of detector layers := 1", "Number of detector layers := 2")], "b.hdr"),
        (
            vec![(
                "Number of crystals per block in transaxial direction := 14",
                "Number of crystals per block in transaxial direction := 9",
            )],
            "b",
        ),
        (
            vec![("Maximum number of non-arc-corrected bins := 5", "Maximum number of non-arc-corrected bins := -1")],
            "b.hs",
        ),
    ] {
        let changes: Vec<_> = changes.into_iter().filter(|(from, _)| *from != "3 detectors").collect();
        let read = sinogram_with(folder.path(), name, &changes).unwrap_or_else(|error| panic!("{changes:?}: {error}"));
        assert_eq!(kind(&folder.path().join(name)).unwrap(), InterfileKind::Projections);
        assert_eq!((read.geometry.sampling, read.values), (RadialSampling::Crystals, sinogram().values));
        let size = read.geometry.scanner.bin_size_mm;
        let lost = changes.iter().any(|(from, _)| from.starts_with("Default bin size"));
        // The distance of neighbouring lines in the middle: π R/N = 2.0009 mm.
        assert!((size - if lost { 2.0009 } else { 2.5 }).abs() < 1e-3, "{size}");
    }
    // Arc-corrected data need it.
    for bin in ["", "Default bin size (cm) := -0.1\n"] {
        let changes =
            [("Default bin size (cm) := 0.25\n", bin), ("corrections := {None}", "corrections := {arc correction}")];
        let error = sinogram_with(folder.path(), "b.hs", &changes).unwrap_err().to_string();
        assert!(error.contains("`effective central bin size (cm)` is missing"), "{error}");
    }
    let more = [("matrix size [1] := 5", "matrix size [1] := 672")];
    let error = sinogram_with(folder.path(), "b.hs", &more).unwrap_err().to_string();
    assert!(error.contains("fewer than the 672 crystals per ring"), "{error}");
    let more = [("non-arc-corrected bins := 5", "non-arc-corrected bins := 700")];
    let error = sinogram_with(folder.path(), "b.hs", &more).unwrap_err().to_string();
    assert!(error.contains("`scanner.radial_bins` is 700, expected 1 to crystals_per_ring - 1"), "{error}");
}

/// The same rule as for other formats: NaN that reach the rim are air, one inside is refused.
#[test]
fn nan_around_an_object_is_air_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.hv");
    let grid = ImageGrid::centred([5, 4, 3], [2.0; 3]);
    write_image(&path, &Image::uniform(grid, ImageUnit::PerCm, 7.0), Encoding::default(), true).unwrap();
    let nan = |voxels: &[[usize; 3]]| {
        let mut numbers = [7_f32; 60];
        voxels.iter().for_each(|[x, y, plane]| numbers[x + 5 * (y + 4 * plane)] = f32::NAN);
        fs::write(folder.path().join("a.v"), numbers.map(f32::to_le_bytes).as_flattened()).unwrap();
        let options =
            ImageOptions { unit: Some(ImageUnit::Hounsfield), nan: NanRule::Background, ..ImageOptions::default() };
        (read_image(&path, ImageUnit::PerCm), read_image_with(&path, &options))
    };
    let (strict, asked) = nan(&[[0, 1, 0], [1, 1, 0], [1, 1, 1]]);
    let error = strict.unwrap_err().to_string();
    assert!(error.contains("a.v: voxel[0, 1, 2] is NaN, expected a finite number (3 voxels are NaN"), "{error}");
    let asked = asked.unwrap();
    assert_eq!(asked.notes, ["3 of 60 voxels are NaN around the object and are read as -1000"]);
    assert_eq!(asked.image.values[grid.index([1, 1, 1])], -1000.0);
    let (_, asked) = nan(&[[1, 1, 1]]);
    assert!(asked.unwrap_err().to_string().contains("voxel[1, 1, 1] is NaN"));
    assert!(
        read_image_with(&path, &ImageOptions::default()).unwrap_err().to_string().contains("`quantification units`")
    );
}

#[test]
fn others_are_not_taken_for_interfile() {
    let folder = tempfile::tempdir().unwrap();
    assert!(sniff(b"\xef\xbb\xbf; comment\r\r! Interfile :=\r"));
    for start in ["", "INTERFILE", "ObjectType = Image", "; only a comment", "a := 1\n!INTERFILE :="] {
        assert!(!sniff(start.as_bytes()), "{start}");
    }
    let path = folder.path().join("a.h33");
    fs::write(&path, "!INTERFILE :=\n!type of data := Curve\n").unwrap();
    assert!(kind(&path).unwrap_err().to_string().contains("what is not read here"));
}
