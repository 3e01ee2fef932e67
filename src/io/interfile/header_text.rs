//! The header of a geometry, with the keys and in the order in which STIR 6 writes them, rings counted from the head as
//! STIR does.

use super::geometry::turned;
use super::layout::{Layout, Run, StorageOrder};
use super::numbers::Encoding;
use crate::scanner::{RadialSampling, RingLayout, Scanner, Segment, SinogramGeometry};
use std::fmt::Write;

/// File order of a geometry: TOF bins from −⌊n/2⌋ upwards and segments −n … n in STIR's sense, both ours turned round.
pub(super) fn layout(geometry: &SinogramGeometry, order: StorageOrder) -> Layout {
    let mut start = 0;
    let mut segments = Vec::new();
    for segment in &geometry.segments {
        let planes = start..start + segment.planes.len();
        start = planes.end;
        segments.push((ring_differences(segment), planes));
    }
    segments.sort_by_key(|(difference, _)| *difference);
    let run = |tof: usize| segments.iter().map(move |(_, planes)| Run { tof, planes: planes.clone() });
    let runs = (0..geometry.tof_bins()).rev().flat_map(run).collect();
    Layout { order, runs, shape: geometry.shape() }
}

/// `[min, max]` ring difference of a segment as STIR counts rings.
fn ring_differences(segment: &Segment) -> [i64; 2] {
    turned([segment.min_difference, segment.max_difference])
}

/// Why a geometry has no Interfile header; `None` where it has one.
pub(super) fn obstacle(geometry: &SinogramGeometry) -> Option<String> {
    let scanner = &geometry.scanner;
    if scanner.layout == RingLayout::Cylinder && scanner.axial_block_gap_mm != 0.0 {
        return Some("Interfile has no cylinder with gaps between its axial blocks; use HDF5".into());
    }
    if matches!(scanner.layout, RingLayout::Polygon { .. }) && geometry.sampling != RadialSampling::Crystals {
        return Some("Interfile has no arc-corrected data of blocks on a cylinder; use HDF5".into());
    }
    if scanner.axial_block_gap_mm != 0.0 && !scanner.rings.is_multiple_of(scanner.rings_per_block.max(1)) {
        let blocks = format!("{} rings are no whole number of blocks of {}", scanner.rings, scanner.rings_per_block);
        return Some(format!("{blocks}, so the rings have other places when counted from the head; use HDF5"));
    }
    let tof = geometry.tof?;
    match scanner.tof {
        None => Some("the scanner of TOF data has no time of flight".into()),
        Some(detector) if !detector.bins.is_multiple_of(tof.count) => {
            Some(format!("{} TOF bins do not divide the scanner's {} time bins", tof.count, detector.bins))
        }
        Some(_) => None,
    }
}

/// The header; `scale` is the factor of the stored numbers, `data` the name of the data file.
pub(super) fn text(
    geometry: &SinogramGeometry,
    order: StorageOrder,
    (encoding, scale): (Encoding, f64),
    data: &str,
    seconds: Option<f64>,
) -> String {
    let arc_corrected = geometry.sampling != RadialSampling::Crystals;
    let mut text = format!(
        "!INTERFILE  :=\n!imaging modality := PT\nname of data file := {data}\noriginating system := {}\n\
         !version of keys := STIR6.0\n!GENERAL DATA :=\n!GENERAL IMAGE DATA :=\n!type of data := PET\n{}\
         !PET STUDY (General) :=\n!PET data type := Emission\napplied corrections := {{{}}}\n{}",
        geometry.scanner.name,
        encoding.order_line(),
        if arc_corrected { "arc correction" } else { "None" },
        encoding.format_lines()
    );
    axes(&mut text, geometry, order);
    scanner_lines(&mut text, &geometry.scanner);
    if let RadialSampling::ArcCorrected { bin_mm } = geometry.sampling {
        line(&mut text, "effective central bin size (cm)", bin_mm / 10.0);
    }
    line(&mut text, "number of time frames", 1);
    if let Some(seconds) = seconds {
        line(&mut text, "image duration (sec)[1]", seconds);
    }
    line(&mut text, "image scaling factor[1]", scale);
    line(&mut text, "data offset in bytes[1]", 0);
    text.push_str("!END OF INTERFILE :=\n");
    text
}

fn line(text: &mut String, key: &str, value: impl std::fmt::Display) {
    writeln!(text, "{key} := {value}").expect("writing to a string");
}

fn axis(text: &mut String, axis: usize, label: &str, size: impl std::fmt::Display) {
    line(text, &format!("matrix axis label [{axis}]"), label);
    line(text, &format!("!matrix size [{axis}]"), size);
}

fn axes(text: &mut String, geometry: &SinogramGeometry, order: StorageOrder) {
    let mut segments: Vec<_> = geometry.segments.iter().collect();
    segments.sort_by_key(|segment| ring_differences(segment));
    let list = |number: &dyn Fn(usize) -> String| {
        let numbers: Vec<_> = (0..segments.len()).map(number).collect();
        format!("{{ {}}}", numbers.join(","))
    };
    let tof = geometry.tof.filter(|tof| tof.count > 1);
    line(text, "number of dimensions", if tof.is_some() { 5 } else { 4 });
    if let Some(tof) = tof {
        axis(text, 5, "timing positions", tof.count);
    }
    let [view, axial] = if order == StorageOrder::ByView { [3, 2] } else { [2, 3] };
    axis(text, 4, "segment", segments.len());
    axis(text, view, "view", geometry.views);
    axis(text, axial, "axial coordinate", list(&|i| segments[i].planes.len().to_string()));
    axis(text, 1, "tangential coordinate", geometry.radial_bins);
    if let (Some(tof), Some(detector)) = (tof, geometry.scanner.tof) {
        line(text, "TOF mashing factor", detector.bins / tof.count);
    }
    line(text, "minimum ring difference per segment", list(&|i| ring_differences(segments[i])[0].to_string()));
    line(text, "maximum ring difference per segment", list(&|i| ring_differences(segments[i])[1].to_string()));
}

fn scanner_lines(text: &mut String, scanner: &Scanner) {
    line(text, "Scanner parameters", "");
    line(text, "Scanner type", &scanner.name);
    line(text, "Number of rings", scanner.rings);
    line(text, "Number of detectors per ring", scanner.crystals_per_ring);
    line(text, "Inner ring diameter (cm)", scanner.inner_radius_mm / 5.0);
    line(text, "Average depth of interaction (cm)", scanner.depth_of_interaction_mm / 10.0);
    line(text, "Distance between rings (cm)", scanner.ring_spacing_mm / 10.0);
    line(text, "Default bin size (cm)", scanner.bin_size_mm / 10.0);
    line(text, "View offset (degrees)", scanner.tilt_rad.to_degrees());
    line(text, "Maximum number of non-arc-corrected bins", scanner.radial_bins);
    line(text, "Default number of arc-corrected bins", scanner.radial_bins);
    if let Some(resolution) = scanner.energy_resolution {
        line(text, "Energy resolution", resolution);
        line(text, "Reference energy (in keV)", 511);
    }
    if let Some(tof) = scanner.tof {
        line(text, "Maximum number of (unmashed) TOF time bins", tof.bins);
        line(text, "Size of unmashed TOF time bins (ps)", tof.bin_ps);
        line(text, "TOF timing resolution (ps)", tof.fwhm_ps);
    }
    block_lines(text, scanner);
    line(text, "End scanner parameters", "");
}

/// Blocks; STIR counts buckets, of which we have one per flat side.
fn block_lines(text: &mut String, scanner: &Scanner) {
    let (mut crystals, mut rings) = (scanner.crystals_per_block, scanner.rings_per_block);
    let polygon = match scanner.layout {
        RingLayout::Polygon { crystals_per_side, crystal_pitch_mm } => Some((crystals_per_side, crystal_pitch_mm)),
        RingLayout::Cylinder => None,
    };
    if let Some((crystals_per_side, _)) = polygon {
        crystals = crystals_per_side;
        rings = if rings == 0 { scanner.rings } else { rings };
    }
    line(text, "Number of blocks per bucket in transaxial direction", usize::from(crystals > 0));
    line(text, "Number of blocks per bucket in axial direction", usize::from(rings > 0));
    line(text, "Number of crystals per block in axial direction", rings);
    line(text, "Number of crystals per block in transaxial direction", crystals);
    line(text, "Number of detector layers", 1);
    if let Some((_, pitch)) = polygon {
        let axial_block = rings as f64 * scanner.ring_spacing_mm + scanner.axial_block_gap_mm;
        line(text, "Scanner geometry (BlocksOnCylindrical/Cylindrical/Generic)", "BlocksOnCylindrical");
        line(text, "Distance between crystals in axial direction (cm)", scanner.ring_spacing_mm / 10.0);
        line(text, "Distance between crystals in transaxial direction (cm)", pitch / 10.0);
        line(text, "Distance between blocks in axial direction (cm)", axial_block / 10.0);
        line(text, "Distance between blocks in transaxial direction (cm)", crystals as f64 * pitch / 10.0);
    }
}
