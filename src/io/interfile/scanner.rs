//! The scanner of a header: a preset named by `originating system`, overridden by explicit keys.
//!
//! A number that agrees with the preset's to the six digits that STIR prints keeps the preset's. Crystals are on a
//! circle (`Cylindrical`) or on flat sides (`BlocksOnCylindrical`, one bucket per side). As soon as a header gives
//! lengths of its own, they replace the preset's layout too, since STIR's numbers for a cylinder do not go with flat
//! sides.

use super::header::Header;
use super::names::{discovery_mi, is_discovery_mi, named_scanner};
use crate::io::IoError;
use crate::scanner::{GeometryError, RingLayout, Scanner, TofDetector};
use std::f64::consts::{PI, TAU};

/// Reads the scanner; `radial_bins` are those of the data, taken where the header does not give the scanner's.
pub(super) fn read_scanner(header: &Header, radial_bins: usize) -> Result<Scanner, IoError> {
    let name = header.text("originating system").unwrap_or("Unknown");
    let known = known_scanner(header, name)?;
    let mut scanner = known.clone().unwrap_or_else(|| unknown(name));
    let keys = Keys { header, name, known: known.is_some() };
    keys.count("number of rings", &mut scanner.rings)?;
    keys.count("number of detectors per ring", &mut scanner.crystals_per_ring)?;
    lengths(&keys, &mut scanner)?;
    bin_size(header, known.is_some(), &mut scanner)?;
    scanner.tilt_rad = tilt(header, &scanner)?;
    if known.is_none() {
        scanner.radial_bins = radial_bins.min(scanner.crystals_per_ring.saturating_sub(1));
    }
    optional(header, "maximum number of non-arc-corrected bins", &mut scanner.radial_bins)?;
    blocks(header, &mut scanner)?;
    if let Some(resolution) = header.number::<f64>("energy resolution")? {
        scanner.energy_resolution = (resolution > 0.0).then_some(resolution);
    }
    scanner.tof = tof(header, scanner.tof)?;
    layout(header, &mut scanner)?;
    scanner.check().map_err(|error| geometry_error(header, error))?;
    Ok(scanner)
}

/// The scanner of a name; where the name is that of several, the number of rings decides.
fn known_scanner(header: &Header, name: &str) -> Result<Option<Scanner>, IoError> {
    if !is_discovery_mi(name) {
        return Ok(named_scanner(name));
    }
    let found = header.number::<usize>("number of rings")?.and_then(discovery_mi);
    let expected = "a `number of rings` with it, of 27, 36, 45 or 54: scanners of 3 to 6 blocks have this name";
    found.map(Some).ok_or_else(|| header.wrong("originating system", name, expected))
}

/// A geometry that cannot be, in terms of the header.
pub(super) fn geometry_error(header: &Header, error: GeometryError) -> IoError {
    match error {
        GeometryError::Scanner { field, found, expected } => header.wrong(&format!("scanner.{field}"), found, expected),
        other => IoError::Format { path: header.path().into(), text: other.to_string() },
    }
}

fn unknown(name: &str) -> Scanner {
    Scanner {
        name: name.into(),
        rings: 0,
        crystals_per_ring: 0,
        inner_radius_mm: 0.0,
        depth_of_interaction_mm: 0.0,
        ring_spacing_mm: 0.0,
        axial_block_gap_mm: 0.0,
        rings_per_block: 0,
        crystals_per_block: 0,
        virtual_crystals: 0,
        virtual_rings: 0,
        layout: RingLayout::Cylinder,
        tilt_rad: 0.0,
        radial_bins: 0,
        bin_size_mm: 0.0,
        energy_resolution: None,
        tof: None,
        axial_compression: None,
        norm_crystal_offset: None,
    }
}

/// Keys that a header must give for a scanner that is not known.
struct Keys<'a> {
    header: &'a Header,
    name: &'a str,
    known: bool,
}

impl Keys<'_> {
    fn count(&self, key: &str, value: &mut usize) -> Result<(), IoError> {
        match self.header.number::<usize>(key)? {
            Some(number) => *value = number,
            None if self.known => {}
            None => return Err(self.missing(key)),
        }
        Ok(())
    }

    /// A length in cm; `per_unit` mm each. Says whether it differs from the preset's.
    fn length(&self, key: &str, per_unit: f64, value: &mut f64) -> Result<bool, IoError> {
        let Some(number) = self.header.number::<f64>(key)? else {
            return if self.known { Ok(false) } else { Err(self.missing(key)) };
        };
        let differs = !agree(number * per_unit, *value);
        if differs {
            *value = number * per_unit;
        }
        Ok(differs)
    }

    fn missing(&self, key: &str) -> IoError {
        self.header.missing(key, format!("a number, since `originating system := {}` is not known", self.name))
    }
}

fn lengths(keys: &Keys, scanner: &mut Scanner) -> Result<(), IoError> {
    let radius = keys.length("inner ring diameter (cm)", 5.0, &mut scanner.inner_radius_mm)?;
    let depth = keys.length("average depth of interaction (cm)", 10.0, &mut scanner.depth_of_interaction_mm)?;
    let spacing = keys.length("distance between rings (cm)", 10.0, &mut scanner.ring_spacing_mm)?;
    if radius || depth || spacing {
        scanner.layout = RingLayout::Cylinder;
        scanner.axial_block_gap_mm = 0.0;
    }
    Ok(())
}

/// The size of arc-corrected bins. Data of crystals do not need it: where it is not known, which STIR also writes as
/// −0.1, it is the distance of their lines in the middle, π R/N.
fn bin_size(header: &Header, known: bool, scanner: &mut Scanner) -> Result<(), IoError> {
    for key in ["default bin size (cm)", "effective central bin size (cm)"] {
        if let Some(cm) = header.number::<f64>(key)?.filter(|&cm| cm > 0.0) {
            if !agree(10.0 * cm, scanner.bin_size_mm) {
                scanner.bin_size_mm = 10.0 * cm;
            }
            return Ok(());
        }
    }
    if !known && is_arc_corrected(header) {
        return Err(header.missing("effective central bin size (cm)", "a size > 0, for arc-corrected data"));
    }
    if !known {
        scanner.bin_size_mm = PI * scanner.effective_radius_mm() / scanner.crystals_per_ring.max(1) as f64;
    }
    Ok(())
}

/// STIR takes a missing key as arc-corrected.
pub(super) fn is_arc_corrected(header: &Header) -> bool {
    let corrected = |words: &Vec<String>| words.iter().any(|word| word == "arc correction" || word == "arc corrected");
    header.words("applied corrections").as_ref().is_none_or(corrected)
}

/// Equal to the six digits that STIR prints.
fn agree(a: f64, b: f64) -> bool {
    (a - b).abs() <= 6e-6 * b.abs()
}

/// STIR takes a missing `view offset` as 0, whatever the scanner.
fn tilt(header: &Header, scanner: &Scanner) -> Result<f64, IoError> {
    let tilt = header.number::<f64>("view offset (degrees)")?.unwrap_or(0.0).to_radians();
    Ok(if agree(tilt, scanner.tilt_rad) { scanner.tilt_rad } else { tilt })
}

fn optional(header: &Header, key: &str, value: &mut usize) -> Result<(), IoError> {
    // STIR writes 0 and -1 for "not known".
    if let Some(number) = header.number::<i64>(key)?
        && number > 0
    {
        *value = number as usize;
    }
    Ok(())
}

fn blocks(header: &Header, scanner: &mut Scanner) -> Result<(), IoError> {
    let before = (scanner.rings_per_block, scanner.crystals_per_block);
    optional(header, "number of crystals per block in axial direction", &mut scanner.rings_per_block)?;
    optional(header, "number of crystals per block in transaxial direction", &mut scanner.crystals_per_block)?;
    if before != (scanner.rings_per_block, scanner.crystals_per_block) {
        (scanner.virtual_crystals, scanner.virtual_rings) = (0, 0);
    }
    Ok(())
}

fn tof(header: &Header, known: Option<TofDetector>) -> Result<Option<TofDetector>, IoError> {
    let number = |keys: [&str; 2]| match header.number::<f64>(keys[0])? {
        None => header.number::<f64>(keys[1]),
        found => Ok(found),
    };
    let bins = number(["maximum number of (unmashed) tof time bins", "number of tof time bins"])?;
    let bin_ps = number(["size of unmashed tof time bins (ps)", "size of timing bin (ps)"])?;
    let fwhm_ps = number(["tof timing resolution (ps)", "timing resolution (ps)"])?;
    let keep = |found: Option<f64>, known: Option<f64>| match (found, known) {
        (Some(found), Some(known)) if agree(found, known) => Some(known),
        (Some(found), _) => Some(found),
        (None, known) => known,
    };
    let bins = keep(bins, known.map(|tof| tof.bins as f64)).filter(|&bins| bins > 1.0);
    let bin_ps = keep(bin_ps, known.map(|tof| tof.bin_ps)).filter(|&ps| ps > 0.0);
    let fwhm_ps = keep(fwhm_ps, known.map(|tof| tof.fwhm_ps)).filter(|&ps| ps > 0.0);
    let (Some(bins), Some(bin_ps), Some(fwhm_ps)) = (bins, bin_ps, fwhm_ps) else { return Ok(None) };
    if bins.fract() != 0.0 || bins > 65536.0 {
        return Err(header.wrong("maximum number of (unmashed) TOF time bins", bins, "a whole number up to 65536"));
    }
    let found = TofDetector { bins: bins as usize, bin_ps, fwhm_ps };
    known.map_or(Ok(()), |known| like_its_name(header, &found, &known))?;
    Ok(Some(found))
}

/// Refuses timing that the scanner of that name cannot have, such as a width in ns; how it is cut into bins is the
/// header's to say.
fn like_its_name(header: &Header, found: &TofDetector, known: &TofDetector) -> Result<(), IoError> {
    let range = |tof: &TofDetector| tof.bins as f64 * tof.bin_ps;
    let name = header.text("originating system").unwrap_or("Unknown");
    let cure = "correct it, or give the scanner another name, whose keys are all taken as they are";
    if !(0.9..1.1).contains(&(range(found) / range(known))) {
        let own = format!("{} ps: {} bins of it are {:.0} ps", found.bin_ps, found.bins, range(found));
        let expected = format!("bins that are {:.0} ps together, as {name} has; {cure}", range(known));
        return Err(header.wrong("size of unmashed TOF time bins (ps)", own, expected));
    }
    if !(0.5..2.0).contains(&(found.fwhm_ps / known.fwhm_ps)) {
        let expected = format!("about {} ps FWHM, as {name} has; {cure}", known.fwhm_ps);
        return Err(header.wrong("TOF timing resolution (ps)", format!("{} ps", found.fwhm_ps), expected));
    }
    Ok(())
}

fn layout(header: &Header, scanner: &mut Scanner) -> Result<(), IoError> {
    const KEY: &str = "scanner geometry (blocksoncylindrical/cylindrical/generic)";
    let words = header.words(KEY).unwrap_or_default();
    match words.first().map(String::as_str) {
        None | Some("cylindrical") => {
            // Such as 8 of 594: what says nothing of the crystals of a ring is not kept.
            let crystals = scanner.crystals_per_block;
            if crystals > 0 && !scanner.crystals_per_ring.is_multiple_of(crystals) {
                (scanner.rings_per_block, scanner.crystals_per_block) = (0, 0);
                (scanner.virtual_crystals, scanner.virtual_rings) = (0, 0);
            }
            Ok(())
        }
        Some("blocksoncylindrical") => flat_sides(header, scanner),
        Some(other) => Err(header.wrong("Scanner geometry", other, "Cylindrical or BlocksOnCylindrical")),
    }
}

/// One flat side per bucket. Our sides are even, so the blocks of one bucket must touch.
fn flat_sides(header: &Header, scanner: &mut Scanner) -> Result<(), IoError> {
    let mm = |key: &str| match header.number::<f64>(key)? {
        Some(cm) if cm > 0.0 => Ok(10.0 * cm),
        Some(cm) => Err(header.wrong(key, cm, "a length > 0")),
        None => Err(header.missing(key, "a length, for blocks on a cylinder")),
    };
    let pitch = mm("distance between crystals in transaxial direction (cm)")?;
    let axial_pitch = mm("distance between crystals in axial direction (cm)")?;
    let block = mm("distance between blocks in transaxial direction (cm)")?;
    let axial_block = mm("distance between blocks in axial direction (cm)")?;
    let mut side_blocks = 1;
    optional(header, "number of blocks per bucket in transaxial direction", &mut side_blocks)?;
    let (crystals, rings) = (scanner.crystals_per_block, scanner.rings_per_block);
    if crystals == 0 || rings == 0 {
        return Err(header.missing("number of crystals per block in axial/transaxial direction", "counts > 0"));
    }
    if side_blocks > 1 && !agree(block, crystals as f64 * pitch) {
        let found = format!("{block} mm for {crystals} crystals of {pitch} mm");
        return Err(header.wrong("distance between blocks in transaxial direction (cm)", found, "blocks that touch"));
    }
    let gap = axial_block - rings as f64 * axial_pitch;
    if gap < -1e-5 * axial_block {
        let found = format!("{axial_block} mm for {rings} rings of {axial_pitch} mm");
        return Err(header.wrong(
            "distance between blocks in axial direction (cm)",
            found,
            "blocks that do not overlap",
        ));
    }
    // Blocks are counted from the head in the file and from the feet here: only whole blocks have the same places.
    if gap > 1e-5 * axial_pitch && !scanner.rings.is_multiple_of(rings) {
        return Err(header.wrong(
            "number of rings",
            scanner.rings,
            format!("a multiple of the {rings} rings per block"),
        ));
    }
    let crystals_per_side = crystals.saturating_mul(side_blocks);
    set_sides(scanner, crystals_per_side, [pitch, axial_pitch, gap]);
    // STIR turns the first side by half a block, ours by half a side: the angle of the side's middle is the same.
    let step = TAU / scanner.crystals_per_ring.max(1) as f64;
    let slack = 2.0 * (block - crystals as f64 * pitch);
    let stir = 0.5 * step * crystals_per_side as f64 * (1.0 - (pitch + slack) / block);
    let tilt = header.number::<f64>("view offset (degrees)")?.unwrap_or(0.0).to_radians() + stir
        - 0.5 * step * (crystals_per_side as f64 - 1.0);
    if (tilt - scanner.tilt_rad).abs() > 1e-5 {
        scanner.tilt_rad = tilt;
    }
    Ok(())
}

fn set_sides(scanner: &mut Scanner, crystals_per_side: usize, [pitch, axial_pitch, gap]: [f64; 3]) {
    let kept = match scanner.layout {
        RingLayout::Polygon { crystal_pitch_mm, .. } if agree(pitch, crystal_pitch_mm) => crystal_pitch_mm,
        _ => pitch,
    };
    scanner.layout = RingLayout::Polygon { crystals_per_side, crystal_pitch_mm: kept };
    if !agree(axial_pitch, scanner.ring_spacing_mm) {
        scanner.ring_spacing_mm = axial_pitch;
    }
    if (gap - scanner.axial_block_gap_mm).abs() > 1e-5 * axial_pitch {
        scanner.axial_block_gap_mm = gap.max(0.0);
    }
}
