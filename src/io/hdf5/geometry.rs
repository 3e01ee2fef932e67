//! Sinogram geometry: group `geometry`. The planes follow from the scanner and from the ring differences and ring sums
//! of the segments.

use super::{IoError, Source, field};
use crate::scanner::{
    GeometryError, MOST_PLANES, RadialSampling, Scanner, Segment, SinogramGeometry, TofBins, segments,
};
use ::hdf5::types::TypeDescriptor as Type;
use ::hdf5::{File, Group, Result as Hdf5Result};
use ndarray::Array2;
use std::ops::RangeInclusive;
use std::path::Path;

/// Refuses a geometry that could not be read again, or would come back as another one.
pub(super) fn check(path: &Path, geometry: &SinogramGeometry) -> Result<(), IoError> {
    check_numbers(geometry).map_err(|wrong| wrong.at(path))?;
    if build(&geometry.scanner, &differences(geometry), Some(&ring_sums(geometry))) != geometry.segments {
        let found = "not those of the scanner's ring pairs";
        let expected = "the planes that scanner, ring differences and ring sums give";
        return Err(Wrong::new("the planes of the segments", found, expected).at(path));
    }
    Ok(())
}

/// A field of a geometry, what was found, and what is possible.
struct Wrong([String; 3]);

impl Wrong {
    fn new(field: &str, found: impl ToString, expected: impl Into<String>) -> Self {
        Self([field.into(), found.to_string(), expected.into()])
    }

    fn at(self, path: &Path) -> IoError {
        let [field, found, expected] = self.0;
        IoError::Field { path: path.into(), field, found, expected }
    }
}

/// All but the segments: scanner, views, radial bins, TOF bins.
fn check_numbers(geometry: &SinogramGeometry) -> Result<(), Wrong> {
    let SinogramGeometry { scanner, views, radial_bins, sampling, tof, .. } = geometry;
    scanner.check().map_err(|error| Wrong::new("geometry/scanner", error, "a possible scanner"))?;
    if *views == 0 || *radial_bins == 0 {
        return Err(Wrong::new("the number of views and radial bins", format!("{views}, {radial_bins}"), "at least 1"));
    }
    match sampling {
        RadialSampling::ArcCorrected { bin_mm } => {
            if !(0.01..=100.0).contains(bin_mm) {
                return Err(Wrong::new("bin_mm", bin_mm, "a length from 0.01 to 100 mm"));
            }
            let radius = scanner.effective_radius_mm();
            if (radial_bins / 2) as f64 * bin_mm >= radius {
                let expected = format!("bins within the detector radius of {radius} mm");
                return Err(Wrong::new("the number of radial bins", format!("{radial_bins} of {bin_mm} mm"), expected));
            }
        }
        RadialSampling::Crystals => {
            let (unmashed, crystals) = (scanner.crystals_per_ring / 2, scanner.crystals_per_ring);
            if !unmashed.is_multiple_of(*views) {
                return Err(Wrong::new("the number of views", views, format!("a divisor of {unmashed}")));
            }
            if *radial_bins >= crystals {
                let expected = format!("fewer than the {crystals} crystals per ring");
                return Err(Wrong::new("the number of radial bins", radial_bins, expected));
            }
        }
    }
    tof.map_or(Ok(()), |tof| tof.check()).map_err(|error| match error {
        GeometryError::Scanner { field, found, expected } => Wrong::new(field, found, expected),
        other => Wrong::new("the TOF bins", other, "possible bins"),
    })
}

fn differences(geometry: &SinogramGeometry) -> Vec<[i64; 2]> {
    geometry.segments.iter().map(|segment| [segment.min_difference, segment.max_difference]).collect()
}

/// Ring sums of the first and the last plane of each segment.
fn ring_sums(geometry: &SinogramGeometry) -> Vec<[i64; 2]> {
    let sums = |segment: &Segment| match &segment.planes[..] {
        [] => [0, -1],
        [first, .., last] => [first.ring_sum as i64, last.ring_sum as i64],
        [only] => [only.ring_sum as i64; 2],
    };
    geometry.segments.iter().map(sums).collect()
}

/// The segments of ring differences, each cut to a range of ring sums where these are given.
fn build(scanner: &Scanner, differences: &[[i64; 2]], sums: Option<&[[i64; 2]]>) -> Vec<Segment> {
    let mut all = segments(scanner, differences);
    for (segment, &[low, high]) in all.iter_mut().zip(sums.unwrap_or_default()) {
        segment.planes.retain(|plane| (low..=high).contains(&(plane.ring_sum as i64)));
    }
    all
}

fn put_ranges(group: &Group, name: &str, ranges: Vec<[i64; 2]>) -> Hdf5Result<()> {
    let ranges = Array2::from_shape_vec((ranges.len(), 2), ranges.into_iter().flatten().collect())?;
    let builder = group.new_dataset_builder().chunk(ranges.dim()).deflate(4).fletcher32();
    builder.with_data(&ranges).create(name)?.flush()
}

pub(super) fn put(file: &File, geometry: &SinogramGeometry) -> Hdf5Result<()> {
    let group = file.create_group("geometry")?;
    let scanner = toml::to_string(&geometry.scanner).map_err(|error| format!("scanner: {error}"))?;
    field::put_text(&group, "scanner", &scanner)?;
    match geometry.sampling {
        RadialSampling::Crystals => field::put_label(&group, "sampling", "crystals")?,
        RadialSampling::ArcCorrected { bin_mm } => {
            field::put_label(&group, "sampling", "arc-corrected")?;
            field::put_number(&group, "bin_mm", bin_mm)?;
        }
    }
    if let Some(tof) = geometry.tof {
        field::put_integer(&group, "tof_bins", tof.count as i64)?;
        field::put_number(&group, "tof_width_mm", tof.width_mm)?;
        field::put_number(&group, "tof_sigma_mm", tof.sigma_mm)?;
    }
    put_ranges(&group, "ring_differences", differences(geometry))?;
    put_ranges(&group, "ring_sums", ring_sums(geometry))
}

impl Source {
    /// The geometry of a sinogram of a shape; nothing is computed before the numbers are known to fit the shape.
    pub(super) fn geometry(&self, shape: [usize; 4]) -> Result<SinogramGeometry, IoError> {
        let [views, radial_bins, tof_bins, planes] = shape;
        let group = self.group("geometry")?;
        let scanner = self.scanner(&group)?;
        let (sampling, tof) = (self.sampling(&group)?, self.tof(&group)?);
        let mut geometry = SinogramGeometry { scanner, views, radial_bins, sampling, segments: vec![], tof };
        check_numbers(&geometry).map_err(|wrong| wrong.at(&self.path))?;
        if geometry.tof_bins() != tof_bins {
            let expected = format!("{tof_bins}, the third axis of prompts");
            return Err(self.wrong("tof_bins", geometry.tof_bins(), expected));
        }
        let differences = self.ring_differences(&group, geometry.scanner.rings, planes)?;
        let sums = match self.holds(&group, "ring_sums")? {
            true => Some(self.ranges(&group, "ring_sums", differences.len()..=differences.len())?),
            false => None,
        };
        geometry.segments = build(&geometry.scanner, &differences, sums.as_deref());
        if geometry.planes() != planes {
            let expected = format!("{}, from ring differences and ring sums", geometry.planes());
            return Err(self.wrong("the number of planes", planes, expected));
        }
        Ok(geometry)
    }

    fn scanner(&self, group: &Group) -> Result<Scanner, IoError> {
        let text = self.text(group, "scanner")?;
        toml::from_str(&text)
            .map_err(|error| self.wrong("geometry/scanner", error.message(), "a scanner as a TOML table"))
    }

    fn sampling(&self, group: &Group) -> Result<RadialSampling, IoError> {
        match self.label(group, "sampling")?.as_str() {
            "crystals" => Ok(RadialSampling::Crystals),
            "arc-corrected" => {
                let [bin_mm] = self.numbers(group, "bin_mm")?;
                Ok(RadialSampling::ArcCorrected { bin_mm })
            }
            other => Err(self.wrong("sampling", format!("`{other}`"), "`crystals` or `arc-corrected`")),
        }
    }

    fn tof(&self, group: &Group) -> Result<Option<TofBins>, IoError> {
        if !self.has(group, "tof_bins")? {
            return Ok(None);
        }
        let count = self.size(group, "tof_bins")?;
        let ([width_mm], [sigma_mm]) = (self.numbers(group, "tof_width_mm")?, self.numbers(group, "tof_sigma_mm")?);
        Ok(Some(TofBins { count, width_mm, sigma_mm }))
    }

    /// `[min, max]` of each segment: inside the scanner, without overlap, and not too many planes to be built.
    fn ring_differences(&self, group: &Group, rings: usize, planes: usize) -> Result<Vec<[i64; 2]>, IoError> {
        let name = "ring_differences";
        let ranges = self.ranges(group, name, 1..=planes)?;
        let largest = rings as i64 - 1;
        let mut sorted = ranges.clone();
        sorted.sort_unstable();
        let overlap = sorted.windows(2).any(|pair| pair[1][0] <= pair[0][1]);
        let fits = |&[low, high]: &[i64; 2]| low <= high && (-largest..=largest).contains(&low) && high <= largest;
        if overlap || !ranges.iter().all(fits) {
            let expected = format!("separate ranges [min, max] from {} to {largest}", -largest);
            return Err(self.wrong(name, format!("{ranges:?}"), expected));
        }
        let nearest = |&[low, high]: &[i64; 2]| 0.max(low).max(-high);
        let least: i64 = ranges.iter().map(|range| rings as i64 - nearest(range)).sum();
        if least > MOST_PLANES as i64 {
            return Err(self.wrong(name, format!("at least {least} planes"), format!("up to {MOST_PLANES}")));
        }
        Ok(ranges)
    }

    /// A table of `[segment, 2]` integers with a number of rows in `rows`.
    fn ranges(&self, group: &Group, name: &str, rows: RangeInclusive<usize>) -> Result<Vec<[i64; 2]>, IoError> {
        let array = self.array(group, name)?;
        let [count, 2] = array.shape[..] else {
            return Err(self.wrong(name, format!("of shape {:?}", array.shape), "the shape [segments, 2]"));
        };
        if !matches!(array.kind, Type::Integer(_)) || !rows.contains(&count) {
            let expected = format!("signed integers for {} to {} segments", rows.start(), rows.end());
            return Err(self.wrong(name, format!("{} for {count} segments", array.kind), expected));
        }
        let flat: Vec<i64> = self.checked(array.dataset.read_raw())?;
        Ok(flat.chunks_exact(2).map(|range| [range[0], range[1]]).collect())
    }
}
