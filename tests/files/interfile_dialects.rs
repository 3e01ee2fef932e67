//! Interfile as others spell it: what is clear is read, what is not is named.

use crate::files_nifti::letter_f;
use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::interfile::*;
use coincide::scanner::{AxialCompression, RadialSampling, SinogramGeometry, preset};
use proptest::prelude::*;
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

fn replaced(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in\n{text}");
        text.replace(from, to)
    })
}

#[test]
fn other_spellings_are_the_same_image() {
    let folder = tempfile::tempdir().unwrap();
    let spellings: [(&str, fn(String) -> String); 12] = [
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

/// Two views of one plane.
const ONE: &str = "matrix size [3] := 2\nmatrix size [2] := {1}\n";

/// A header that names a scanner and no more; `sizes` are those of the views and planes.
fn named(folder: &Path, name: &str, sizes: &str) -> Result<SinogramGeometry, coincide::io::IoError> {
    let path = folder.join("named.hs");
    let text = format!(
        "!INTERFILE :=\nname of data file := a.s\noriginating system := {name}\n!PET data type := Emission\n\
         applied corrections := {{None}}\nnumber format := float\nnumber of bytes per pixel := 4\n\
         number of dimensions := 4\nmatrix axis label [4] := segment\nmatrix size [4] := 1\nmatrix axis label [3] := view\n\
         matrix axis label [2] := axial coordinate\n\
         matrix axis label [1] := tangential coordinate\nmatrix size [1] := 5\n\
         minimum ring difference per segment := {{0}}\nmaximum ring difference per segment := {{0}}\n{sizes}"
    );
    fs::write(&path, text).unwrap();
    read_geometry(&path)
}

/// Names and numbers of STIR 6; rings, crystals, effective radius, ring spacing.
#[test]
fn the_scanners_that_stir_knows_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let scanners: [(&str, [usize; 2], f64, f64); 42] = [
        ("ECAT 931", [8, 512], 517.0, 13.5),
        ("ECAT 951", [16, 512], 517.0, 6.75),
        ("ECAT 953", [16, 384], 389.5, 6.75),
        ("ECAT 921", [24, 384], 419.5, 6.75),
        ("EXACT", [24, 384], 419.5, 6.75),
        ("ECAT ART", [24, 384], 419.5, 6.75),
        ("ECAT HR", [24, 784], 419.0, 6.25),
        ("ECAT HR+", [32, 576], 419.0, 4.85),
        ("ECAT HR++", [48, 576], 419.0, 4.85),
        ("Biograph 16", [41, 672], 419.0, 4.0),
        ("test_scanner", [4, 504], 335.0, 4.0625),
        ("mMR", [64, 504], 335.0, 4.0625),
        ("mCT", [55, 672], 428.0, 4.054),
        ("Vision 600", [80, 798], 417.0, 3.29114),
        ("Quadra", [323, 798], 417.0, 3.29114),
        ("RPT", [16, 384], 380.0, 6.75),
        ("RATPET", [8, 112], 64.5, 6.25),
        ("PANDA", [1, 2048], 47.75, 3.0),
        ("nanoPET", [81, 468], 179.0, 1.17),
        ("HYPERimage", [22, 490], 106.97, 1.4),
        ("Advance", [18, 672], 471.875, 8.5),
        ("Discovery LS", [18, 672], 471.875, 8.5),
        ("Discovery ST", [24, 420], 451.5, 6.54),
        ("Discovery STE", [24, 560], 451.5, 6.54),
        ("Discovery RX", [24, 630], 452.5, 6.54),
        ("GE Discovery 600", [24, 512], 413.35, 6.54),
        ("Discovery 710", [24, 576], 414.5, 6.54),
        ("PET/MR Signa", [45, 448], 320.3, 5.56),
        ("Discovery MI3", [27, 544], 380.56, 5.31556),
        ("Discovery MI4", [36, 544], 380.56, 5.31556),
        ("Discovery MI5", [45, 544], 380.56, 5.31556),
        ("GE Discovery MI 6 rings", [54, 544], 380.56, 5.31556),
        ("Positron HZL/R", [32, 384], 787.0, 5.1875),
        ("HRRT", [104, 576], 241.765, 2.4375),
        ("Philips Allegro", [29, 644], 442.05, 6.3),
        ("GeminiTF", [44, 644], 458.17, 4.0),
        ("SAFIRDualRingPrototype", [16, 180], 69.05, 2.2),
        ("UPENN_5rings", [280, 594], 389.0, 3.9655),
        ("upenn_6rings", [336, 594], 389.0, 3.9655),
        ("UPENN_5rings_no_gaps", [200, 576], 389.0, 3.9655),
        ("UPENN_6rings_no_gaps", [240, 576], 389.0, 3.9655),
        ("1080", [41, 672], 419.0, 4.0),
    ];
    for (name, counts, radius, spacing) in scanners {
        // As many views as crystal pairs, and the middle ring or the middle two.
        let sizes = format!("matrix size [3] := {}\nmatrix size [2] := {{{}}}\n", counts[1] / 2, 2 - counts[0] % 2);
        let geometry = named(folder.path(), name, &sizes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let scanner = geometry.scanner;
        assert_eq!([scanner.rings, scanner.crystals_per_ring], counts, "{name}");
        assert!((scanner.effective_radius_mm() - radius).abs() < 1e-9, "{name}: {}", scanner.effective_radius_mm());
        assert!((scanner.ring_spacing_mm - spacing).abs() < 1e-9, "{name}: {}", scanner.ring_spacing_mm);
    }
    // A name of several lengths.
    let error = named(folder.path(), "Discovery MI", ONE).unwrap_err().to_string();
    assert!(error.contains("`originating system` is Discovery MI, expected a `number of rings` with it"), "{error}");
    assert_eq!(
        named(folder.path(), "Discovery MI", &format!("{ONE}number of rings := 45")).unwrap().scanner.name,
        "GE Discovery MI 5 rings"
    );
    assert!(named(folder.path(), "HiDAC", ONE).unwrap_err().to_string().contains("`number of rings` is missing"));
}

/// A header as CASToR 3 writes it, of an image of 2 × 1 × 3 voxels.
const CASTOR: &str = "!INTERFILE := \n!imaging modality := PET\n!version of keys := CASToRv3.1.1\nCASToR version := 3.1.1\n\n\
    !GENERAL DATA := \n!originating system := PET_MMR\n!data offset in bytes := 0\n!name of data file := c.img\n\
    patient name := c\n\n!GENERAL IMAGE DATA \n!type of data := Dynamic\n!total number of images := 3\n\
    imagedata byte order := LITTLEENDIAN\n!number of frame groups :=1 \nprocess status := reconstructed\n\n\
    !STATIC STUDY (General) :=\nnumber of dimensions := 3\n!matrix size [1] := 2\n!matrix size [2] := 1\n\
    !matrix size [3] := 3\n!number format := short float\n!number of bytes per pixel := 4\n\
    scaling factor (mm/pixel) [1] := 2\nscaling factor (mm/pixel) [2] := 3\nscaling factor (mm/pixel) [3] := 4\n\
    first pixel offset (mm) [1] := 0\nfirst pixel offset (mm) [2] := 5\nfirst pixel offset (mm) [3] := 10\n\
    data rescale offset := 0\ndata rescale slope := 2\nquantification units := 1\n\
    !number of images in this frame group := 3\n!image duration (sec) := 60\n!image start time (sec) := 0\n\
    pause between frame groups (sec) := 0\n!END OF INTERFILE := \n\n!COPY OF INPUT HEADER 1\nScanner name: PET_MMR\n\
    !END OF COPY OF INPUT HEADER 1\n";

#[test]
fn images_of_castor_lie_around_their_offset_with_planes_from_head_to_feet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.hdr");
    fs::write(&path, CASTOR).unwrap();
    let data: Vec<u8> = (1..7).flat_map(|n| (n as f32).to_le_bytes()).collect();
    fs::write(folder.path().join("c.img"), data).unwrap();
    assert_eq!(kind(&path).unwrap(), InterfileKind::Image);
    let image = read_image(&path, ImageUnit::BecquerelPerMl).unwrap();
    // The middle at (0, 5, 10) of CASToR, (0, 5, −10) here.
    assert_eq!(image.grid, ImageGrid::around([0.0, 5.0, -10.0], [2, 1, 3], [2.0, 3.0, 4.0]));
    assert_eq!(image.values, [10.0, 6.0, 2.0, 12.0, 8.0, 4.0]);
    let frames = CASTOR.replace("frame groups :=1", "frame groups :=2");
    fs::write(&path, frames).unwrap();
    assert!(read_image(&path, ImageUnit::PerCm).unwrap_err().to_string().contains("its own file"));
}

#[test]
fn the_letter_comes_back_from_a_file_for_castor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.hdr");
    for format in [NumberFormat::F32, NumberFormat::F64, NumberFormat::U16] {
        let encoding = Encoding { format, order: ByteOrder::Little };
        write_castor(&path, &letter_f(), encoding, true).unwrap();
        let back = read_image(&path, ImageUnit::BecquerelPerMl).unwrap();
        assert_eq!((back.grid.shape, back.grid.voxel_mm), (letter_f().grid.shape, letter_f().grid.voxel_mm));
        assert!((0..3).all(|axis| (back.grid.origin_mm[axis] - letter_f().grid.origin_mm[axis]).abs() < 1e-9));
        assert_eq!(back.values, letter_f().values, "{format:?}");
    }
    let bytes = fs::read(folder.path().join("f.img")).unwrap();
    write_castor(&path, &letter_f(), Encoding::default(), true).unwrap();
    assert_eq!(bytes.len(), 2 * 6 * 4 * 8);
    // x fastest, the plane next to the head first: voxel [4, 2, 6] is in plane 1.
    let bytes = fs::read(folder.path().join("f.img")).unwrap();
    let start = 4 * (4 + 6 * (2 + 4));
    assert_eq!(bytes[start..start + 4], 246_f32.to_le_bytes());
    let text = fs::read_to_string(&path).unwrap();
    for line in
        ["first pixel offset (mm) [1] := -0.5", "first pixel offset (mm) [2] := 44.75", "!number format := short float"]
    {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text around numbers and line ends never panics, and what is read is an image.
    #[test]
    fn spoiled_headers_of_castor_and_of_one_file(
        flips in proptest::collection::vec((0.0..1.0_f64, any::<u8>()), 0..6),
        insert in proptest::collection::vec((0.0..1.0_f64, "[;\\r\\n\u{feff}:= a-z0-9.{},!_]{0,12}"), 0..3),
        one_file: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let text = if one_file { CASTOR.replace("bytes := 0", "bytes := 2048").replace("c.img", "") } else { CASTOR.into() };
        let mut bytes = text.into_bytes();
        for (place, value) in flips {
            let place = (place * bytes.len() as f64) as usize;
            bytes[place] = value;
        }
        for (place, text) in insert {
            let place = (place * bytes.len() as f64) as usize;
            bytes.splice(place..place, text.bytes());
        }
        let data: Vec<u8> = (1..7).flat_map(|n| (n as f32).to_le_bytes()).collect();
        fs::write(folder.path().join("c.img"), &data).unwrap();
        if one_file {
            bytes.resize(2048, b'\n');
            bytes.extend(&data);
        }
        let path = folder.path().join("c.hdr");
        fs::write(&path, &bytes).unwrap();
        let _ = (sniff(&bytes), kind(&path), read_geometry(&path).is_ok());
        if let Ok(read) = read_image(&path, ImageUnit::PerCm) {
            prop_assert_eq!(read.values.len(), read.grid.voxels());
            prop_assert!(read.values.iter().all(|value| value.is_finite()));
        }
    }
}
