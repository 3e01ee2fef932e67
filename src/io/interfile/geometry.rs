//! The geometry of projection data and its order in the file, from a header.
//!
//! STIR's z and its rings run from head to feet, ours from feet to head ([`super`]): the ring difference B − A of a
//! pair changes its sign, so a segment `[low, high]` of the file is `[−high, −low]` here.

use super::header::{Header, standard};
use super::keys::{Reader, check};
use super::layout::{Layout, Run, StorageOrder};
use super::scanner::{geometry_error, is_arc_corrected, read_scanner};
use crate::io::IoError;
use crate::scanner::{RadialSampling, Scanner, Segment, SinogramGeometry, TofBins, segments};
use std::ops::Range;

/// More planes than any scanner has; a header that asks for more is wrong.
const MAX_PLANES: usize = 1 << 20;

/// Sizes of the axes of a header.
struct Axes {
    order: StorageOrder,
    radial_bins: usize,
    views: usize,
    /// Planes of each segment in file order.
    planes: Vec<usize>,
    tof_bins: usize,
}

/// Reads geometry and file order.
pub(super) fn read(header: &Header) -> Result<(SinogramGeometry, Layout), IoError> {
    check_kind(header)?;
    check(header, Reader::Projections)?;
    let axes = axes(header)?;
    let scanner = read_scanner(header, axes.radial_bins)?;
    let differences = differences(header, &scanner, axes.planes.len())?.into_iter().map(turned).collect::<Vec<_>>();
    let (segments, planes) = cut_segments(header, &scanner, &differences, &axes.planes)?;
    let sampling = sampling(header, &scanner)?;
    check_lines(header, &scanner, &axes, sampling)?;
    let tof = tof(header, &scanner, axes.tof_bins)?;
    let geometry =
        SinogramGeometry { views: axes.views, radial_bins: axes.radial_bins, sampling, segments, tof, scanner };
    let bins = geometry.shape().iter().try_fold(4usize, |product, &size| product.checked_mul(size));
    if bins.is_none() {
        let expected = "a sinogram that a file can hold";
        return Err(header.wrong("matrix size", format!("{:?} bins", geometry.shape()), expected));
    }
    let tof_order = tof_order(header, axes.tof_bins)?;
    let run = |tof: usize| planes.iter().map(move |planes| Run { tof, planes: planes.clone() });
    let runs = tof_order.into_iter().flat_map(run).collect();
    let layout = Layout { order: axes.order, runs, shape: geometry.shape() };
    Ok((geometry, layout))
}

fn check_kind(header: &Header) -> Result<(), IoError> {
    if header.text("%sms-mi version number").is_some() {
        let text = "is a header of Siemens's own sinograms; convert it with STIR first".into();
        return Err(IoError::Format { path: header.path().into(), text });
    }
    let one_of = |key: &str, allowed: &[&str]| match header.text(key).map(standard) {
        Some(found) if !allowed.contains(&found.as_str()) => {
            Err(header.wrong(key, found, format!("one of {}", allowed.join(", "))))
        }
        _ => Ok(()),
    };
    one_of("imaging modality", &["pt", "pet"])?;
    one_of("type of data", &["pet"])?;
    let kinds = ["emission", "transmission", "blank", "attenuationcorrection", "normalisation"];
    one_of("pet data type", &kinds)
}

fn axes(header: &Header) -> Result<Axes, IoError> {
    let dimensions = header.number::<usize>("number of dimensions")?;
    let dimensions = dimensions.ok_or_else(|| header.missing("number of dimensions", "4, or 5 with TOF"))?;
    if dimensions != 4 && dimensions != 5 {
        return Err(header.wrong("number of dimensions", dimensions, "4, or 5 with TOF"));
    }
    let label = |axis| header.text_at("matrix axis label", axis).map(standard).unwrap_or_default();
    let expect = |axis: usize, name: &str| match label(axis) {
        found if found == name => Ok(()),
        found => Err(header.wrong(&format!("matrix axis label [{axis}]"), format!("`{found}`"), format!("`{name}`"))),
    };
    expect(1, "tangential coordinate")?;
    expect(4, "segment")?;
    let (order, axial, view) = match [label(2).as_str(), label(3).as_str()] {
        ["axial coordinate", "view"] => (StorageOrder::ByView, 2, 3),
        ["view", "axial coordinate"] => (StorageOrder::ByPlane, 3, 2),
        found => {
            let expected = "`axial coordinate` and `view`, or the other way round";
            return Err(header.wrong("matrix axis label [2] and [3]", format!("{found:?}"), expected));
        }
    };
    let segment_count = size(header, 4)?;
    let planes = sizes(header, axial)?;
    if planes.len() != segment_count {
        let expected = format!("{segment_count} sizes, one per segment");
        return Err(header.wrong(&format!("matrix size [{axial}]"), format!("{} sizes", planes.len()), expected));
    }
    let tof_bins = if dimensions == 5 {
        expect(5, "timing positions")?;
        size(header, 5)?
    } else {
        1
    };
    Ok(Axes { order, radial_bins: size(header, 1)?, views: size(header, view)?, planes, tof_bins })
}

fn sizes(header: &Header, axis: usize) -> Result<Vec<usize>, IoError> {
    let name = format!("matrix size [{axis}]");
    let sizes = header.numbers_at::<usize>("matrix size", axis)?;
    let sizes = sizes.ok_or_else(|| header.missing(&name, "the size of the axis"))?;
    if sizes.contains(&0) {
        return Err(header.wrong(&name, 0, "sizes > 0"));
    }
    Ok(sizes)
}

pub(super) fn size(header: &Header, axis: usize) -> Result<usize, IoError> {
    match sizes(header, axis)?.as_slice() {
        &[size] => Ok(size),
        several => {
            let found = format!("a list of {}", several.len());
            Err(header.wrong(&format!("matrix size [{axis}]"), found, "one number"))
        }
    }
}

/// Ring differences of each segment in file order.
fn differences(header: &Header, scanner: &Scanner, segments: usize) -> Result<Vec<[i64; 2]>, IoError> {
    let list = |key: &str| {
        let list = header.numbers::<i64>(key)?.ok_or_else(|| header.missing(key, "one number per segment"))?;
        if list.len() != segments {
            return Err(header.wrong(key, format!("{} numbers", list.len()), format!("{segments}, one per segment")));
        }
        Ok(list)
    };
    let low = list("minimum ring difference per segment")?;
    let high = list("maximum ring difference per segment")?;
    let differences: Vec<_> = low.into_iter().zip(high).map(|(low, high)| [low, high]).collect();
    let last = scanner.rings as i64 - 1;
    if let Some(wrong) = differences.iter().find(|[low, high]| low > high || *low < -last || *high > last) {
        let expected = format!("minimum <= maximum, from {} to {last} on {} rings", -last, scanner.rings);
        return Err(header.wrong("ring difference per segment", format!("{wrong:?}"), expected));
    }
    let mut sorted = differences.clone();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0][1] >= pair[1][0]) {
        return Err(header.wrong("ring difference per segment", format!("{pair:?}"), "segments that do not overlap"));
    }
    if segments.is_multiple_of(2) || sorted[segments / 2].iter().sum::<i64>() != 0 {
        let expected = "as many segments below as above one whose minimum is -maximum";
        return Err(header.wrong("ring difference per segment", format!("{sorted:?}"), expected));
    }
    Ok(differences)
}

/// A range of ring differences with rings counted from the other end.
pub(super) fn turned([low, high]: [i64; 2]) -> [i64; 2] {
    [-high, -low]
}

/// Our segments, 0, +1, −1, …, and our planes of each segment of the file, in file order.
///
/// `differences` are ours, in file order. A file may hold fewer planes than the scanner gives a segment; as in STIR
/// they are the middle ones.
fn cut_segments(
    header: &Header,
    scanner: &Scanner,
    differences: &[[i64; 2]],
    planes: &[usize],
) -> Result<(Vec<Segment>, Vec<Range<usize>>), IoError> {
    let mut rank: Vec<usize> = (0..differences.len()).collect();
    rank.sort_unstable_by_key(|&i| differences[i]);
    let middle = rank.len() / 2;
    let outwards = (1..=middle).flat_map(|step| [rank[middle + step], rank[middle - step]]);
    let order: Vec<usize> = std::iter::once(rank[middle]).chain(outwards).collect();

    let possible: usize = order.iter().map(|&i| plane_count(scanner.rings, differences[i])).sum();
    if possible > MAX_PLANES {
        return Err(header.wrong("segments", format!("{possible} planes"), format!("up to {MAX_PLANES}")));
    }
    let ours: Vec<_> = order.iter().map(|&i| differences[i]).collect();
    let mut all = segments(scanner, &ours);
    let mut places = vec![0..0; planes.len()];
    let mut start = 0;
    for (&i, segment) in order.iter().zip(&mut all) {
        let (wanted, has) = (planes[i], segment.planes.len());
        if wanted > has || !(has - wanted).is_multiple_of(2) {
            let expected =
                format!("{has} planes, or fewer by an even number, for ring differences {:?}", turned(differences[i]));
            return Err(header.wrong("planes of a segment (axial matrix size)", wanted, expected));
        }
        let cut = (has - wanted) / 2;
        segment.planes = segment.planes[cut..cut + wanted].to_vec();
        places[i] = start..start + wanted;
        start += wanted;
    }
    Ok((all, places))
}

/// Number of different ring sums with a difference in `[low, high]`.
fn plane_count(rings: usize, [low, high]: [i64; 2]) -> usize {
    let nearest = if low <= 0 && high >= 0 { 0 } else { low.unsigned_abs().min(high.unsigned_abs()) as usize };
    if low == high { rings - nearest } else { 2 * (rings - nearest) - 1 }
}

fn sampling(header: &Header, scanner: &Scanner) -> Result<RadialSampling, IoError> {
    if !is_arc_corrected(header) {
        return Ok(RadialSampling::Crystals);
    }
    const KEY: &str = "effective central bin size (cm)";
    match header.number::<f64>(KEY)? {
        Some(cm) if cm <= 0.0 => Err(header.wrong(KEY, cm, "a length > 0")),
        Some(cm) => Ok(RadialSampling::ArcCorrected { bin_mm: 10.0 * cm }),
        None => Ok(RadialSampling::ArcCorrected { bin_mm: scanner.bin_size_mm }),
    }
}

/// Every line must exist: crystal views are whole, arc-corrected ones stay inside the detector circle.
fn check_lines(header: &Header, scanner: &Scanner, axes: &Axes, sampling: RadialSampling) -> Result<(), IoError> {
    let crystals = scanner.crystals_per_ring;
    match sampling {
        RadialSampling::Crystals if !(crystals / 2).is_multiple_of(axes.views) => {
            let expected = format!("a divisor of {}, half the crystals per ring", crystals / 2);
            Err(header.wrong("number of views", axes.views, expected))
        }
        RadialSampling::Crystals if axes.radial_bins >= crystals => {
            let expected = format!("fewer than the {crystals} crystals per ring");
            Err(header.wrong("matrix size [1] (tangential)", axes.radial_bins, expected))
        }
        RadialSampling::ArcCorrected { bin_mm }
            if (axes.radial_bins / 2) as f64 * bin_mm >= scanner.effective_radius_mm() =>
        {
            let expected = format!("bins within the detector radius of {} mm", scanner.effective_radius_mm());
            let found = format!("{} bins of {bin_mm} mm", axes.radial_bins);
            Err(header.wrong("matrix size [1] (tangential)", found, expected))
        }
        _ if axes.views > 65536 => Err(header.wrong("number of views", axes.views, "up to 65536")),
        _ => Ok(()),
    }
}

fn tof(header: &Header, scanner: &Scanner, bins: usize) -> Result<Option<TofBins>, IoError> {
    if bins == 1 {
        return Ok(None);
    }
    const KEY: &str = "TOF mashing factor";
    let mashing = header.number::<usize>("tof mashing factor")?;
    let mashing = mashing.map_or_else(|| header.number::<usize>("%tof mashing factor"), |found| Ok(Some(found)))?;
    let mashing = mashing.ok_or_else(|| header.missing(KEY, "the number of time bins in each TOF bin"))?;
    let detector = scanner.tof.ok_or_else(|| {
        header.missing("TOF of the scanner", "number and size of unmashed TOF time bins and TOF timing resolution")
    })?;
    let tof = detector.mashed(mashing).map_err(|error| geometry_error(header, error))?;
    if tof.count != bins {
        let expected = format!("{} = {} time bins / {KEY} {mashing}", tof.count, detector.bins);
        return Err(header.wrong("matrix size [5] (timing positions)", bins, expected));
    }
    Ok(Some(tof))
}

/// Our TOF bin of each timing position of the file. STIR counts from −⌊n/2⌋ upwards, towards detector A.
fn tof_order(header: &Header, bins: usize) -> Result<Vec<usize>, IoError> {
    const KEY: &str = "tof bin order";
    let first = -((bins / 2) as i64);
    let stir = header.numbers::<i64>(KEY)?.unwrap_or_else(|| (first..first + bins as i64).collect());
    let mut sorted = stir.clone();
    sorted.sort_unstable();
    if sorted.len() != bins || sorted.iter().zip(first..).any(|(&found, expected)| found != expected) {
        let expected = format!("each of {first} to {} once", first + bins as i64 - 1);
        return Err(header.wrong(KEY, format!("{stir:?}"), expected));
    }
    Ok(stir.into_iter().map(|k| bins - 1 - (k - first) as usize).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_counted_without_building_them() {
        let scanner = crate::scanner::preset("siemens-mmr").unwrap();
        for range in [[0, 0], [7, 7], [-63, -63], [-5, 5], [-16, -6], [50, 60], [62, 63], [-1, 1], [2, 3], [-63, 63]] {
            let built = segments(&scanner, &[range]);
            assert_eq!(plane_count(64, range), built[0].planes.len(), "{range:?}");
        }
    }
}
