//! Readers survive what nobody meant to be read: random bytes, flipped bits, cut files, numbers put in the wrong place.

use coincide::image::{Image, ImageGrid, ImageUnit};
use coincide::io::interfile::*;
use coincide::io::listmode::ListMode;
use coincide::io::norm::read_norm;
use coincide::scanner::{AxialCompression, SinogramGeometry, TofDetector, preset};
use proptest::prelude::*;
use std::fs;
use std::path::Path;

/// One way to spoil a file.
#[derive(Clone, Debug)]
enum Damage {
    Flip {
        at: usize,
        bit: u8,
    },
    Cut {
        at: usize,
    },
    Append(Vec<u8>),
    Replace {
        at: usize,
        with: Vec<u8>,
    },
    /// Puts a number in place of a number, counted from the beginning of the text.
    Number {
        which: usize,
        with: &'static str,
    },
    /// Exchanges two lines.
    Swap {
        a: usize,
        b: usize,
    },
    Remove {
        line: usize,
    },
}

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "4096",
    "65536",
    "4294967296",
    "1099511627776",
    "9223372036854775807",
    "18446744073709551615",
    "1e308",
    "-1e308",
    "1e-308",
    "nan",
    "inf",
    "0.5",
    "{1,2}",
    "{}",
    "",
];

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<usize>(), 0..8u8).prop_map(|(at, bit)| Damage::Flip { at, bit }),
        any::<usize>().prop_map(|at| Damage::Cut { at }),
        proptest::collection::vec(any::<u8>(), 0..9).prop_map(Damage::Append),
        (any::<usize>(), proptest::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(at, with)| Damage::Replace { at, with }),
        (any::<usize>(), proptest::sample::select(NUMBERS)).prop_map(|(which, with)| Damage::Number { which, with }),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Damage::Swap { a, b }),
        any::<usize>().prop_map(|line| Damage::Remove { line }),
    ]
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len().max(1);
        match self {
            Self::Flip { at, bit } => bytes.iter_mut().skip(at % length).take(1).for_each(|byte| *byte ^= 1 << bit),
            Self::Cut { at } => bytes.truncate(at % length),
            Self::Append(more) => bytes.extend(more),
            Self::Replace { at, with } => {
                bytes.iter_mut().skip(at % length).zip(with).for_each(|(byte, new)| *byte = *new);
            }
            Self::Number { which, with } => replace_number(bytes, *which, with),
            Self::Swap { a, b } => {
                let mut lines: Vec<_> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
                let count = lines.len();
                lines.swap(a % count, b % count);
                *bytes = lines.join(&b'\n');
            }
            Self::Remove { line } => {
                let mut lines: Vec<_> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
                lines.remove(line % lines.len());
                *bytes = lines.join(&b'\n');
            }
        }
    }
}

fn replace_number(bytes: &mut Vec<u8>, which: usize, with: &str) {
    let digit = |byte: u8| byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    let starts: Vec<_> = (0..bytes.len()).filter(|&i| digit(bytes[i]) && (i == 0 || !digit(bytes[i - 1]))).collect();
    if let Some(&start) = starts.get(which % starts.len().max(1)) {
        let length = bytes[start..].iter().take_while(|byte| digit(**byte)).count();
        bytes.splice(start..start + length, with.bytes());
    }
}

/// A header and its data.
#[derive(Clone)]
struct Files {
    header: Vec<u8>,
    data: Vec<u8>,
    names: [&'static str; 2],
}

impl Files {
    fn read(folder: &Path, names: [&'static str; 2]) -> Self {
        let [header, data] = names.map(|name| fs::read(folder.join(name)).unwrap());
        Self { header, data, names }
    }

    /// Writes damaged copies and returns the folder.
    fn spoiled(&self, header: &[Damage], data: &[Damage]) -> tempfile::TempDir {
        let mut copy = self.clone();
        header.iter().for_each(|damage| damage.apply(&mut copy.header));
        data.iter().for_each(|damage| damage.apply(&mut copy.data));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(self.names[0]), &copy.header).unwrap();
        fs::write(folder.path().join(self.names[1]), &copy.data).unwrap();
        folder
    }
}

fn sinogram() -> Files {
    let folder = tempfile::tempdir().unwrap();
    let mut scanner = preset("siemens-mmr").unwrap();
    (scanner.rings, scanner.crystals_per_ring, scanner.radial_bins) = (4, 36, 9);
    scanner.tof = Some(TofDetector { bins: 6, bin_ps: 100.0, fwhm_ps: 300.0 });
    let compression = AxialCompression::Span { span: 3, max_ring_difference: 3 };
    let geometry = SinogramGeometry::new(scanner, compression, 2, 2).unwrap();
    let values = (0..geometry.bins()).map(|i| (i % 7) as f32).collect();
    let data = ProjectionData { geometry, values, duration_s: Some(1.0) };
    let path = folder.path().join("a.hs");
    write_projection_data(&path, &data, Encoding::default(), StorageOrder::ByPlane, false).unwrap();
    Files::read(folder.path(), ["a.hs", "a.s"])
}

fn image() -> Files {
    let folder = tempfile::tempdir().unwrap();
    let image = Image::uniform(ImageGrid::centred([3, 4, 5], [1.0, 2.0, 3.0]), ImageUnit::PerCm, 1.0);
    write_image(&folder.path().join("a.hv"), &image, Encoding::default(), false).unwrap();
    Files::read(folder.path(), ["a.hv", "a.v"])
}

fn list_mode() -> Files {
    let header = "!INTERFILE:=\n!originating system:=2008\nname of data file:=a.l\n!data offset in bytes:=0\n\
        image duration (sec):=900\nnumber of rings:=64\n%number of TOF time bins:=1\n%total listmode word counts:=331257106\n\
        %LM event and tag words format (bits):=32\n%axial compression:=1\n%maximum ring difference:=60\n\
        %number of projections:=344\n%number of views:=252\n%segment table :={127,115, 115, 93, 93 ,71, 71, 49, 49, 27, 27}\n";
    let words = [1 << 31, 0x4000_0005, 0x0000_0005, (1 << 31) + 1, 0x4000_0005 + 344 * 252, (7 << 29) + 3, 353_999_999];
    let data = words.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
    Files { header: header.into(), data, names: ["a.l.hdr", "a.l"] }
}

/// A whole normalisation of the mMR's sizes; only its header and a part of its data are worth damaging.
fn norm() -> Files {
    let sizes = [
        ("geometric effects", "{344,127}", 344 * 127),
        ("crystal interference", "{9,344}", 9 * 344),
        ("crystal efficiencies", "{504,64}", 504 * 64),
        ("axial effects", "{837}", 837),
        ("paralyzing ring DT parameters", "{64}", 64),
        ("non-paralyzing ring DT parameters", "{64}", 64),
    ];
    let mut header = String::from(
        "!INTERFILE:=\r\n!originating system:=2008\r\r\n!name of data file:=norm.n\r\r\nimage data byte order:=LITTLEENDIAN\r\n\
         number format:=float\r\nnumber of bytes per pixel:=4\r\n%number of normalization components:=6\r\n",
    );
    let mut offset = 0;
    for (i, (name, shape, size)) in sizes.iter().enumerate() {
        let n = i + 1;
        header += &format!("%normalization component [{n}]:={name}\r\ndata offset in bytes [{n}]:={offset}\r\n");
        header += &format!("%matrix size [{n}]:={shape}\r\n");
        offset += 4 * size;
    }
    header += "%axial compression:=11\r\n%maximum ring difference:=60\r\nnumber of rings:=64\r\n";
    let data = std::iter::repeat_n(1.0_f32.to_le_bytes(), offset / 4).flatten().collect();
    Files { header: header.into_bytes(), data, names: ["norm.n.hdr", "norm.n"] }
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    proptest::collection::vec(damage(), 0..4)
}

fn read_list_mode(path: &Path) -> Option<()> {
    let list_mode = ListMode::open(path).ok()?;
    let compression = AxialCompression::Span { span: 1, max_ring_difference: 0 };
    let views = list_mode.scanner.crystals_per_ring / 2;
    let geometry = SinogramGeometry::new(list_mode.scanner.clone(), compression, views, 0).unwrap();
    let histogram = list_mode.histogram(&geometry, None, &mut |_, _| {}).ok()?;
    let inside = histogram.counts.prompts + histogram.counts.delayeds - histogram.counts.outside;
    let sum: f64 = histogram.prompts.iter().chain(&histogram.delayeds).map(|&v| f64::from(v)).sum();
    assert_eq!(sum, inside as f64);
    Some(())
}

#[test]
fn undamaged_files_are_read() {
    let [projection, picture, list, components] =
        [sinogram(), image(), list_mode(), norm()].map(|files| files.spoiled(&[], &[]));
    read_projection_data(&projection.path().join("a.hs"), Contents::Counts).unwrap();
    read_image(&picture.path().join("a.hv"), ImageUnit::PerCm).unwrap();
    read_list_mode(&list.path().join("a.l.hdr")).unwrap();
    read_norm(&components.path().join("norm.n.hdr")).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_sinograms(header in damages(), data in damages()) {
        let folder = sinogram().spoiled(&header, &data);
        let path = folder.path().join("a.hs");
        let _ = read_geometry(&path);
        if let Ok(read) = read_projection_data(&path, Contents::Counts) {
            prop_assert_eq!(read.values.len(), read.geometry.bins());
            prop_assert!(read.values.iter().all(|v| v.is_finite() && *v >= 0.0));
        }
    }

    #[test]
    fn damaged_images(header in damages(), data in damages()) {
        let folder = image().spoiled(&header, &data);
        if let Ok(read) = read_image(&folder.path().join("a.hv"), ImageUnit::PerCm) {
            prop_assert_eq!(read.values.len(), read.grid.voxels());
            prop_assert!(read.values.iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn damaged_list_mode(header in damages(), data in damages()) {
        let folder = list_mode().spoiled(&header, &data);
        let _ = read_list_mode(&folder.path().join("a.l.hdr"));
    }

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300), begin in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.hs");
        let start: &[u8] = if begin { b"!INTERFILE :=\n" } else { b"" };
        fs::write(&path, [start, &bytes].concat()).unwrap();
        prop_assert!(read_projection_data(&path, Contents::Signed).is_err());
        prop_assert!(read_image(&path, ImageUnit::PerCm).is_err());
        prop_assert!(ListMode::open(&path).is_err());
        prop_assert!(read_norm(&path).is_err());
    }
}

proptest! {
    // Each case writes 323 kB.
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_normalisation(header in damages(), data in damages()) {
        let folder = norm().spoiled(&header, &data);
        if let Ok(read) = read_norm(&folder.path().join("norm.n.hdr")) {
            prop_assert!(read.crystals.iter().chain(&read.geometric).all(|v| v.is_finite() && *v >= 0.0));
            prop_assert!(read.axial.iter().all(|v| v.is_finite() && *v > 0.0));
        }
    }
}
