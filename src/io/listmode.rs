//! Siemens mMR list-mode, 32 bits per word, least significant byte first: `.l.hdr` + `.l` → prompts and delayeds.
//!
//! A word is an event or a tag:
//!
//! * bit 31 = 0: a coincidence; bit 30 = 1: prompt, 0: delayed; bits 29–0: `radial + n_radial·(view + n_views·plane)`,
//!   a bin of the uncompressed sinogram, its planes in segment order 0, −1, +1, −2, +2, … (ring of B − ring of A) and
//!   by ring inside a segment;
//! * bits 31–29 = 100: the time since the start in ms; other tags are counted and passed over.
//!
//! The file counts rings from **head to feet** of a head-first patient, we count them along +z, from feet to head: ring
//! r of the file's N is our N − 1 − r for both crystals, so that a ring difference changes its sign; views and radial
//! bins are the same. The frame is that of the scanner, named for a head-first supine patient (HFS): patients who lay
//! otherwise are not turned.
//!
//! An event belongs to the millisecond of the last tag before it. The file is streamed; memory is the two sinograms.

use super::IoError;
use super::interfile::clock;
use super::interfile::data_file::path_of;
use super::interfile::header::Header;
use super::interfile::keys::{Reader, check};
use super::interfile::names::named_scanner;
use crate::data::Clock;
use crate::scanner::{AxialCompression, RadialSampling, Scanner, SinogramGeometry};
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Words that are read together.
const WORDS: usize = 1 << 18;

/// A list-mode file as its header describes it.
#[derive(Clone, Debug)]
pub struct ListMode {
    /// The scanner, named by `originating system`.
    pub scanner: Scanner,
    /// Largest ring difference of an event.
    pub max_ring_difference: usize,
    /// Words that the header announces; a file may be cut shorter.
    pub announced_words: Option<u64>,
    /// Duration that the header announces in s.
    pub announced_duration_s: Option<f64>,
    /// Isotope, start and injection, where the header tells them.
    pub clock: Clock,
    /// How the patient lay, as the header has it: `HFS` is head first, supine. Nothing is turned for other positions.
    pub patient_orientation: Option<String>,
    path: PathBuf,
    offset: u64,
}

/// Sinograms of a list-mode file, `[view, radial, 1, plane]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Prompts per bin.
    pub prompts: Vec<f32>,
    /// Delayed coincidences per bin.
    pub delayeds: Vec<f32>,
    /// What was found in the file.
    pub counts: ListModeCounts,
}

/// What was found between the first and the last word of the time window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListModeCounts {
    /// Words read, those outside the time window included.
    pub words: u64,
    /// Prompts in the window.
    pub prompts: u64,
    /// Delayed coincidences in the window.
    pub delayeds: u64,
    /// Events in the window whose ring pair is in no plane of the geometry; they are among the prompts and delayeds.
    pub outside: u64,
    /// Time tags in the window.
    pub time_tags: u64,
    /// Other tags in the window.
    pub other_tags: u64,
    /// First time tag of the file in ms; frames are told from it.
    pub first_ms: Option<u64>,
    /// First and last time tag of the window in ms.
    pub span_ms: Option<(u64, u64)>,
}

impl ListModeCounts {
    /// Time that the window covers in s: from its first tag to the end of the millisecond of its last.
    pub fn duration_s(&self) -> Option<f64> {
        self.span_ms.map(|(first, last)| (last - first + 1) as f64 / 1000.0)
    }

    /// Time from the first tag of the file to the first of the window in s.
    pub fn frame_s(&self) -> f64 {
        self.span_ms.zip(self.first_ms).map_or(0.0, |((first, _), of_file)| (first - of_file) as f64 / 1000.0)
    }
}

impl ListMode {
    /// Reads the header and checks that it describes a file that can be read.
    pub fn open(path: &Path) -> Result<Self, IoError> {
        let header = Header::read(path)?;
        check(&header, Reader::ListMode)?;
        let name = header.text("originating system").ok_or_else(|| header.missing("originating system", "2008"))?;
        let scanner = named_scanner(name).ok_or_else(|| header.wrong("originating system", name, "2008 (mMR)"))?;
        check_words(&header)?;
        check_sinogram(&header, &scanner)?;
        let max_ring_difference = header.number("%maximum ring difference")?.unwrap_or(scanner.rings - 1);
        if max_ring_difference >= scanner.rings {
            let expected = format!("below the {} rings", scanner.rings);
            return Err(header.wrong("%maximum ring difference", max_ring_difference, expected));
        }
        Ok(Self {
            max_ring_difference,
            announced_words: header.number("%total listmode word counts")?,
            announced_duration_s: header.number("image duration (sec)")?,
            clock: clock(&header)?,
            patient_orientation: header.text("%patient orientation").map(String::from),
            path: path_of(&header)?,
            offset: header.number("data offset in bytes")?.unwrap_or(0),
            scanner,
        })
    }

    /// The sinogram of the file's own extent at a span; span 1 is uncompressed, 11 is usual.
    pub fn geometry(&self, span: usize) -> Result<SinogramGeometry, IoError> {
        let compression = AxialCompression::Span { span, max_ring_difference: self.max_ring_difference };
        SinogramGeometry::new(self.scanner.clone(), compression, 1, 0)
            .map_err(|error| IoError::Format { path: self.path.clone(), text: error.to_string() })
    }

    /// Sorts the events of a time window (all of them for `None`) into the bins of a geometry. The window is in ms
    /// after the first time tag of the file, whose clock may have run long before the scan.
    ///
    /// `progress` is called with the bytes read and the bytes of the file.
    pub fn histogram(
        &self,
        geometry: &SinogramGeometry,
        window_ms: Option<Range<u64>>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Histogram, IoError> {
        self.check_geometry(geometry)?;
        let (mut file, length) = self.open_data()?;
        let mut sorter = Sorter::new(self, geometry, window_ms);
        let mut bytes = vec![0; 4 * WORDS.min((length / 4).max(1) as usize)];
        let mut done = 0;
        while done < length && !sorter.finished {
            let part = bytes.len().min((length - done) as usize);
            file.read_exact(&mut bytes[..part]).map_err(|source| self.system("reading list-mode words", source))?;
            sorter.add(&bytes[..part])?;
            done += part as u64;
            progress(done, length);
        }
        Ok(sorter.histogram)
    }

    fn check_geometry(&self, geometry: &SinogramGeometry) -> Result<(), IoError> {
        let scanner = (&geometry.scanner, geometry.radial_bins);
        let same = |a: &Scanner, b: &Scanner| [a.rings, a.crystals_per_ring] == [b.rings, b.crystals_per_ring];
        let fits = same(scanner.0, &self.scanner)
            && scanner.1 == self.scanner.radial_bins
            && geometry.sampling == RadialSampling::Crystals
            && geometry.tof.is_none();
        if fits {
            return Ok(());
        }
        Err(IoError::Field {
            path: self.path.clone(),
            field: "the sinogram to sort the events into".into(),
            found: format!("{:?} on {}", geometry.shape(), geometry.scanner.name),
            expected: format!(
                "a crystal-sampled sinogram without TOF and with {} radial bins of {}",
                self.scanner.radial_bins, self.scanner.name
            ),
        })
    }

    /// The file behind its offset, and the bytes that follow.
    fn open_data(&self) -> Result<(File, u64), IoError> {
        use std::io::{Seek, SeekFrom};
        let mut file = File::open(&self.path).map_err(|source| self.system("opening the list-mode data", source))?;
        let found = file.metadata().map_err(|source| self.system("asking for the size", source))?.len();
        let words = found.checked_sub(self.offset).ok_or_else(|| self.size(found, self.offset, "the data offset"))?;
        if !words.is_multiple_of(4) {
            return Err(self.size(found, found - words % 4, "whole words of 4 bytes; the last one is cut off"));
        }
        file.seek(SeekFrom::Start(self.offset)).map_err(|source| self.system("seeking", source))?;
        Ok((file, words))
    }

    fn size(&self, found: u64, expected: u64, why: &str) -> IoError {
        IoError::Size { path: self.path.clone(), found, expected, why: why.into() }
    }

    fn system(&self, action: &'static str, source: std::io::Error) -> IoError {
        IoError::System { path: self.path.clone(), action, source }
    }
}

fn check_words(header: &Header) -> Result<(), IoError> {
    let exactly = |key: &str, expected: usize| match header.number::<usize>(key)? {
        Some(found) if found != expected => Err(header.wrong(key, found, expected.to_string())),
        _ => Ok(()),
    };
    exactly("%lm event and tag words format (bits)", 32)?;
    exactly("%axial compression", 1)?;
    exactly("%number of tof time bins", 1)
}

/// `%number of segments` and `%segment table` are those of the scanner's compressed sinogram and say nothing of the
/// events.
fn check_sinogram(header: &Header, scanner: &Scanner) -> Result<(), IoError> {
    let same = |key: &str, expected: usize| match header.number::<usize>(key)? {
        Some(found) if found != expected => {
            Err(header.wrong(key, found, format!("{expected}, as {} has", scanner.name)))
        }
        _ => Ok(()),
    };
    same("number of rings", scanner.rings)?;
    same("%number of projections", scanner.radial_bins)?;
    same("%number of views", scanner.crystals_per_ring / 2)
}

/// Counts events into bins.
struct Sorter<'a> {
    list_mode: &'a ListMode,
    /// Our plane of each uncompressed plane of the file.
    planes: Vec<Option<u32>>,
    radial_bins: u32,
    views: u32,
    mashing: u32,
    our_planes: usize,
    window_ms: Option<Range<u64>>,
    /// Time of the last tag; events before the first tag are at the beginning of the first millisecond.
    now_ms: Option<u64>,
    inside: bool,
    finished: bool,
    histogram: Histogram,
}

impl<'a> Sorter<'a> {
    fn new(list_mode: &'a ListMode, geometry: &SinogramGeometry, window_ms: Option<Range<u64>>) -> Self {
        let table = geometry.plane_table();
        let pairs = ring_pairs(list_mode.scanner.rings, list_mode.max_ring_difference);
        let last = list_mode.scanner.rings - 1;
        let planes = pairs.map(|[a, b]| table.plane(last - a, last - b).map(|plane| plane as u32)).collect();
        let zero = || vec![0.0; geometry.bins()];
        let counts = ListModeCounts::default();
        Self {
            list_mode,
            planes,
            radial_bins: geometry.radial_bins as u32,
            views: (list_mode.scanner.crystals_per_ring / 2) as u32,
            mashing: geometry.mashing() as u32,
            our_planes: geometry.planes(),
            inside: window_ms.as_ref().is_none_or(|window| window.contains(&0)),
            window_ms,
            now_ms: None,
            finished: false,
            histogram: Histogram { prompts: zero(), delayeds: zero(), counts },
        }
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), IoError> {
        let (words, _) = bytes.as_chunks::<4>();
        for word in words {
            let word = u32::from_le_bytes(*word);
            self.histogram.counts.words += 1;
            match word >> 29 {
                0b100 => self.time(u64::from(word & 0x1fff_ffff))?,
                0b101..=0b111 => self.histogram.counts.other_tags += u64::from(self.inside),
                _ if self.inside => self.event(word)?,
                _ => {}
            }
            if self.finished {
                break;
            }
        }
        Ok(())
    }

    fn time(&mut self, ms: u64) -> Result<(), IoError> {
        if self.now_ms.is_some_and(|now| ms < now) {
            let expected = format!("{} ms or later", self.now_ms.unwrap_or(0));
            return Err(self.wrong("time tag", format!("{ms} ms"), expected));
        }
        self.now_ms = Some(ms);
        let since = ms - *self.histogram.counts.first_ms.get_or_insert(ms);
        self.inside = self.window_ms.as_ref().is_none_or(|window| window.contains(&since));
        self.finished = self.window_ms.as_ref().is_some_and(|window| since >= window.end);
        if self.inside {
            let counts = &mut self.histogram.counts;
            counts.time_tags += 1;
            counts.span_ms = Some((counts.span_ms.map_or(ms, |(first, _)| first), ms));
        }
        Ok(())
    }

    fn event(&mut self, word: u32) -> Result<(), IoError> {
        let address = word & 0x3fff_ffff;
        let (row, radial) = (address / self.radial_bins, address % self.radial_bins);
        let (plane, view) = ((row / self.views) as usize, row % self.views);
        let Some(&plane) = self.planes.get(plane) else {
            let last = self.planes.len() as u64 * u64::from(self.views * self.radial_bins) - 1;
            return Err(self.wrong("address", address.to_string(), format!("0 to {last}")));
        };
        let Histogram { prompts, delayeds, counts } = &mut self.histogram;
        let (sinogram, count) = match word >> 30 {
            1 => (prompts, &mut counts.prompts),
            _ => (delayeds, &mut counts.delayeds),
        };
        *count += 1;
        match plane {
            None => counts.outside += 1,
            Some(plane) => {
                let column = (view / self.mashing) as usize * self.radial_bins as usize + radial as usize;
                sinogram[column * self.our_planes + plane as usize] += 1.0;
            }
        }
        Ok(())
    }

    fn wrong(&self, what: &str, found: String, expected: String) -> IoError {
        let field = format!("{what} of word {}", self.histogram.counts.words - 1);
        IoError::Field { path: self.list_mode.path.clone(), field, found, expected }
    }
}

/// `[ring A, ring B]` of each uncompressed plane of the file, rings as the file counts them.
fn ring_pairs(rings: usize, max_ring_difference: usize) -> impl Iterator<Item = [usize; 2]> {
    let down_then_up = (1..=max_ring_difference as i64).flat_map(|d| [-d, d]);
    std::iter::once(0).chain(down_then_up).flat_map(move |difference| {
        let first = (-difference).max(0);
        (first..).take(rings - difference.unsigned_abs() as usize).map(move |a| [a, a + difference].map(|r| r as usize))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mmr_has_4084_uncompressed_planes() {
        let pairs: Vec<_> = ring_pairs(64, 60).collect();
        assert_eq!(pairs.len(), 4084);
        assert_eq!((pairs[0], pairs[63]), ([0, 0], [63, 63]));
        assert_eq!((pairs[64], pairs[126]), ([1, 0], [63, 62]));
        assert_eq!((pairs[127], pairs[4083]), ([0, 1], [3, 63]));
    }
}
