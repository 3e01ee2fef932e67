//! The component normalisation of a Siemens mMR, `norm.n.hdr` + `norm.n`.
//!
//! The header lists components by name with their sizes (fastest axis first) and offsets in the binary file. Three
//! things happen here so that [`NormComponents`] is in our numbering. The file counts rings from **head to feet**, we
//! count them from feet to head, so every axial axis is turned round: rings, sums of two rings, and the planes of each
//! segment; the file's segments 0, −1, +1, … are then our 0, +1, −1, …, in our order. The mMR's crystal efficiencies
//! count crystals from one further on (crystal c of the file is our c + 1, as in STIR), and the virtual crystal, the
//! first of each block of nine, gets efficiency 0, since the file holds an arbitrary number for it.

use super::IoError;
use super::interfile::data_file::path_of;
use super::interfile::header::{Header, standard};
use super::interfile::keys::{Reader, check};
use super::interfile::names::named_scanner;
use super::interfile::numbers::Scale;
use super::interfile::{Encoding, NumberFormat};
use crate::data::{DeadTime, NormComponents};
use crate::scanner::{AxialCompression, Scanner, segments};
use std::path::Path;

/// More components than any file has.
const MAX_COMPONENTS: usize = 64;
/// The file of the mMR has 323 kB.
const MAX_BYTES: u64 = 1 << 26;

/// Reads the components.
pub fn read_norm(path: &Path) -> Result<NormComponents, IoError> {
    let header = Header::read(path)?;
    check(&header, Reader::Norm)?;
    let (scanner, crystal_offset) = scanner(&header)?;
    let axial_compression = axial_compression(&header, &scanner)?;
    let file = NormFile::read(&header)?;
    let Scanner { rings, crystals_per_ring, radial_bins, crystals_per_block, .. } = scanner;
    let mut crystals = file.required("crystal efficiencies", &[crystals_per_ring, rings])?;
    renumber_crystals(&mut crystals, &scanner, crystal_offset);
    let geometric = file.required("geometric effects", &[radial_bins, 2 * rings - 1])?;
    Ok(NormComponents {
        rings,
        crystals_per_ring,
        crystals_per_block,
        radial_bins,
        crystals: turned(&crystals, crystals_per_ring),
        geometric: turned(&geometric, radial_bins),
        interference: file.required("crystal interference", &[crystals_per_block, radial_bins])?,
        axial: file.axial(&planes_of_segments(&scanner, axial_compression))?,
        axial_compression,
        dead_time: file.dead_time(rings)?,
        quantification: header.number("%scanner quantification factor (bq*s/ecat counts)")?,
        cross_calibration: header.number("%cross calibration factor")?,
        calibrated: false,
    })
}

/// A scanner whose numbering is known, and the crystals by which the file counts further.
fn scanner(header: &Header) -> Result<(Scanner, usize), IoError> {
    let name = header.text("originating system").ok_or_else(|| header.missing("originating system", "2008"))?;
    let known = named_scanner(name).and_then(|scanner| Some((scanner.norm_crystal_offset?, scanner)));
    let (offset, scanner) = known.ok_or_else(|| header.wrong("originating system", name, "2008 (Siemens mMR)"))?;
    match header.number::<usize>("number of rings")? {
        Some(rings) if rings != scanner.rings => Err(header.wrong("number of rings", rings, scanner.rings.to_string())),
        _ => Ok((scanner, offset)),
    }
}

fn axial_compression(header: &Header, scanner: &Scanner) -> Result<AxialCompression, IoError> {
    let span = header.number("%axial compression")?.unwrap_or(11);
    let max_ring_difference = header.number("%maximum ring difference")?.unwrap_or(60);
    let compression = AxialCompression::Span { span, max_ring_difference };
    let text = |error: crate::scanner::GeometryError| error.to_string();
    compression.check(scanner).map_err(|error| IoError::Format { path: header.path().into(), text: text(error) })?;
    Ok(compression)
}

/// Planes of each segment; +n and −n have the same number.
fn planes_of_segments(scanner: &Scanner, compression: AxialCompression) -> Vec<usize> {
    segments(scanner, &compression.differences()).iter().map(|segment| segment.planes.len()).collect()
}

/// Rows of `length` numbers in the opposite order.
fn turned(rows: &[f32], length: usize) -> Vec<f32> {
    rows.chunks(length).rev().flatten().copied().collect()
}

/// `[ring, crystal]`: some crystals further, virtual ones 0.
fn renumber_crystals(crystals: &mut [f32], scanner: &Scanner, offset: usize) {
    for ring in crystals.chunks_mut(scanner.crystals_per_ring) {
        ring.rotate_right(offset);
        for block in ring.chunks_mut(scanner.crystals_per_block) {
            block[..scanner.virtual_crystals].fill(0.0);
        }
    }
}

/// The binary file and what the header says of its components.
struct NormFile<'a> {
    header: &'a Header,
    bytes: Vec<u8>,
    components: Vec<Component>,
}

struct Component {
    number: usize,
    name: String,
    /// Fastest axis first.
    shape: Vec<usize>,
    offset: usize,
}

impl<'a> NormFile<'a> {
    fn read(header: &'a Header) -> Result<Self, IoError> {
        let encoding = Encoding::of_header(header)?;
        if encoding != Encoding::default() {
            let expected = "little-endian floats of 4 bytes";
            return Err(header.wrong("number format", format!("{encoding:?}"), expected));
        }
        const KEY: &str = "%number of normalization components";
        let count: usize = header.number(KEY)?.ok_or_else(|| header.missing(KEY, "8"))?;
        if count > MAX_COMPONENTS {
            return Err(header.wrong(KEY, count, format!("up to {MAX_COMPONENTS}")));
        }
        let components = (1..=count).map(|number| component(header, number)).collect::<Result<Vec<_>, _>>()?;
        let path = path_of(header)?;
        let system = |action| {
            let path = path.clone();
            move |source| IoError::System { path, action, source }
        };
        let found = std::fs::metadata(&path).map_err(system("opening the components"))?.len();
        let ends = components.iter().map(|component| component.end().ok_or_else(|| component.too_large(header)));
        let expected = ends.collect::<Result<Vec<_>, _>>()?.into_iter().max().unwrap_or(0) as u64;
        if found != expected || found > MAX_BYTES {
            let why = "the end of the last component".into();
            return Err(IoError::Size { path: path.clone(), found, expected, why });
        }
        let bytes = std::fs::read(&path).map_err(system("reading the components"))?;
        Ok(Self { header, bytes, components })
    }

    /// Numbers of a component that must exist with a shape, fastest axis first.
    fn required(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, IoError> {
        let numbers = self.optional(name, shape)?;
        numbers.ok_or_else(|| {
            self.header.missing(&format!("normalization component {name}"), format!("{shape:?} numbers"))
        })
    }

    fn optional(&self, name: &str, shape: &[usize]) -> Result<Option<Vec<f32>>, IoError> {
        let Some(component) = self.components.iter().find(|component| component.name == name) else { return Ok(None) };
        let field = format!("{name} (%matrix size [{}])", component.number);
        if component.shape != shape {
            return Err(self.header.wrong(&field, format!("{:?}", component.shape), format!("{shape:?}")));
        }
        let length = shape.iter().product::<usize>();
        // The file has been found to hold all components.
        let bytes = self.bytes.get(component.offset..component.offset + 4 * length).unwrap_or_default();
        let mut numbers = vec![0.0; length];
        Encoding { format: NumberFormat::F32, ..Encoding::default() }.decode(bytes, Scale::NONE, &mut numbers);
        let signed = name.contains("dt parameter");
        if let Some(at) = numbers.iter().position(|v| !v.is_finite() || (*v < 0.0 && !signed)) {
            let expected = if signed { "a finite number" } else { "a finite number >= 0" };
            return Err(self.header.wrong(&format!("{name}, number {at}"), numbers[at], expected));
        }
        Ok(Some(numbers))
    }

    /// Axial effects divide. Each segment is turned round; the order of the segments stays.
    fn axial(&self, planes: &[usize]) -> Result<Vec<f32>, IoError> {
        const NAME: &str = "axial effects";
        let mut axial = self.required(NAME, &[planes.iter().sum()])?;
        if let Some(at) = axial.iter().position(|&effect| effect <= 0.0) {
            return Err(self.header.wrong(&format!("{NAME}, number {at}"), axial[at], "a number > 0"));
        }
        let mut start = 0;
        for &count in planes {
            axial[start..start + count].reverse();
            start += count;
        }
        Ok(axial)
    }

    fn dead_time(&self, rings: usize) -> Result<Option<DeadTime>, IoError> {
        let paralysing = self.optional("paralyzing ring dt parameters", &[rings])?;
        let non_paralysing = self.optional("non-paralyzing ring dt parameters", &[rings])?;
        let both = paralysing.zip(non_paralysing);
        Ok(both.map(|(p, q)| DeadTime { paralysing_s: turned(&p, 1), non_paralysing_s2: turned(&q, 1) }))
    }
}

fn component(header: &Header, number: usize) -> Result<Component, IoError> {
    let at = |key: &str| format!("{key} [{number}]");
    const NAME: &str = "%normalization component";
    const SIZE: &str = "%matrix size";
    const OFFSET: &str = "data offset in bytes";
    let name = header.text_at(NAME, number).ok_or_else(|| header.missing(&at(NAME), "the name of the component"))?;
    let shape = header.numbers_at(SIZE, number)?.ok_or_else(|| header.missing(&at(SIZE), "sizes"))?;
    let offset = header.number_at(OFFSET, number)?.ok_or_else(|| header.missing(&at(OFFSET), "an offset"))?;
    Ok(Component { number, name: standard(name), shape, offset })
}

impl Component {
    /// Where it ends in the file, in bytes.
    fn end(&self) -> Option<usize> {
        let numbers = self.shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))?;
        numbers.checked_mul(4)?.checked_add(self.offset)
    }

    fn too_large(&self, header: &Header) -> IoError {
        header.wrong(
            &format!("%matrix size [{}]", self.number),
            format!("{:?}", self.shape),
            "a size that a file can have",
        )
    }
}
