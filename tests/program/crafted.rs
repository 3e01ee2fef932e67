//! HDF5 files that were changed behind their checksums, which are right again: whatever the C library does with them,
//! the program ends with an error or a result, never by a signal.

use super::folder::Folder;
use coincide::data::{Clock, Ledger, Measurement};
use coincide::io::{Provenance, hdf5};
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
use rand::{RngExt, SeedableRng};
use std::fs;
use std::ops::Range;
use std::path::Path;

/// How many files are tried; `COINCIDE_FUZZ` asks for more.
const FILES: usize = 120;

fn write_scan(path: &Path) {
    let scanner = Scanner { rings: 2, crystals_per_ring: 18, radial_bins: 5, ..preset("siemens-mmr").unwrap() };
    let axial = AxialCompression::Span { span: 1, max_ring_difference: 1 };
    let geometry = SinogramGeometry::new(scanner, axial, 1, 0).unwrap();
    let prompts = (0..geometry.bins()).map(|bin| (bin % 5) as f32).collect();
    let factors = Some(vec![0.5; geometry.lines()]);
    let scan =
        Measurement { geometry, prompts, factors, background: None, ledger: Ledger::raw(), clock: Clock::lasting(9.0) };
    let provenance = Provenance::from_iter(["a", "b", "c", "d"].map(|key| (key, "text")));
    hdf5::write_measurement(path, false, &scan, &provenance).unwrap();
}

/// Bob Jenkins' lookup3, the checksum of HDF5's structures.
fn lookup3(bytes: &[u8]) -> u32 {
    let start = 0xdead_beef_u32.wrapping_add(bytes.len() as u32);
    let [mut a, mut b, mut c] = [start; 3];
    let mut rest = bytes;
    let word = |bytes: &[u8], n: usize| {
        (0..4).fold(0_u32, |word, k| word | u32::from(bytes.get(4 * n + k).copied().unwrap_or(0)) << (8 * k))
    };
    while rest.len() > 12 {
        (a, b, c) = (a.wrapping_add(word(rest, 0)), b.wrapping_add(word(rest, 1)), c.wrapping_add(word(rest, 2)));
        for turn in [4, 6, 8, 16, 19, 4] {
            a = a.wrapping_sub(c) ^ c.rotate_left(turn);
            c = c.wrapping_add(b);
            (a, b, c) = (b, c, a);
        }
        rest = &rest[12..];
    }
    if rest.is_empty() {
        return c;
    }
    (a, b, c) = (a.wrapping_add(word(rest, 0)), b.wrapping_add(word(rest, 1)), c.wrapping_add(word(rest, 2)));
    for turn in [14, 11, 25, 16, 4, 14, 24] {
        c = (c ^ b).wrapping_sub(b.rotate_left(turn));
        (a, b, c) = (b, c, a);
    }
    // After seven turns the last word written is the one before `a`.
    b
}

/// Structures that end in their checksum.
fn structures(bytes: &[u8]) -> Vec<Range<usize>> {
    const SIGNATURES: [&[u8]; 14] = [
        b"OHDR", b"OCHK", b"BTHD", b"BTLF", b"BTIN", b"FRHP", b"FHDB", b"FHIB", b"FSHD", b"FSSE", b"EAHD", b"FAHD",
        b"FADB", b"\x89HDF",
    ];
    let begins = (0..bytes.len()).filter(|&at| SIGNATURES.iter().any(|name| bytes[at..].starts_with(name)));
    let ends = |at: usize| {
        let mut ends = at + 4..(at + 4096).min(bytes.len().saturating_sub(4));
        ends.find(|&end| lookup3(&bytes[at..end]).to_le_bytes() == bytes[end..end + 4]).map(|end| at..end)
    };
    begins.filter_map(ends).collect()
}

#[test]
fn no_crafted_file_ends_the_program_by_a_signal() {
    let folder = Folder::with(&[]);
    write_scan(&folder.path("scan.h5"));
    let whole = fs::read(folder.path("scan.h5")).unwrap();
    let found = structures(&whole);
    assert!(found.len() > 10, "only {} structures end in a checksum", found.len());
    let files = std::env::var("COINCIDE_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(FILES);
    let mut random = rand_pcg::Pcg64::seed_from_u64(7);
    let (mut crashes, mut errors) = (0, 0);
    for number in 0..files {
        let mut bytes = whole.clone();
        let range = found[random.random_range(0..found.len())].clone();
        let at = random.random_range(range.start + 4..range.end);
        bytes[at] = match number % 4 {
            0 => 0,
            1 => 0xff,
            2 => bytes[at] ^ 1 << random.random_range(0..8),
            _ => random.random(),
        };
        let sum = lookup3(&bytes[range.clone()]).to_le_bytes();
        bytes[range.end..range.end + 4].copy_from_slice(&sum);
        fs::write(folder.path("crafted.h5"), bytes).unwrap();
        // The second process is the one that may crash.
        let looker = folder.run("look-through crafted.h5").status;
        crashes += usize::from(!matches!(looker.code(), Some(0 | 1)));
        let output = folder.run("convert crafted.h5 copy.h5 --force --quiet");
        let said = String::from_utf8_lossy(&output.stderr);
        errors += usize::from(output.status.code() == Some(1));
        let byte = at - range.start;
        assert!(matches!(output.status.code(), Some(0 | 1)), "byte {byte} of {range:?}: {} {said}", output.status);
    }
    println!("{files} files: {errors} errors, {crashes} of them crashes of the second process");
    assert!(4 * errors > files, "{errors} of {files}");
}
