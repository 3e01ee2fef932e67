//! Big arrays: chunked, shuffled, deflated, each chunk with its Fletcher-32 checksum.

use super::field::describe;
use super::{IoError, Source};
use crate::data::Counts;
use crate::io::values::{Rule, check_memory};
use ::hdf5::dataset::Layout;
use ::hdf5::filters::Filter;
use ::hdf5::types::{IntSize, TypeDescriptor as Type};
use ::hdf5::{Dataset, Group, H5Type, Hyperslab, Result as Hdf5Result, SliceOrIndex};
use ndarray::{ArrayViewD, IxDyn};
use std::borrow::Cow;
use std::ops::Range;

/// Level of deflate. Level 1 already finds the zeros of low-count sinograms, and higher levels gain little on noise.
const LEVEL: u8 = 1;
/// Elements of one chunk, about.
const CHUNK: usize = 1 << 18;
/// Deflate cannot shrink data by more than this factor: one match of 258 bytes takes two bits.
const LARGEST_COMPRESSION: u64 = 1032;

/// An array found in a file, its size already checked against the bytes that are there.
pub(super) struct Array {
    pub(super) dataset: Dataset,
    pub(super) kind: Type,
    pub(super) shape: Vec<usize>,
}

/// Writes `values` of a shape; integers up to 65535 take two bytes each, anything else is float32.
pub(super) fn put_array(group: &Group, name: &str, shape: &[usize], values: &[f32]) -> Hdf5Result<Dataset> {
    assert_eq!(shape.iter().product::<usize>(), values.len(), "{name} of shape {shape:?}");
    let counts = values.iter().all(|&v| v.fract() == 0.0 && (0.0..=65535.0).contains(&v));
    if counts {
        return put_slabs(group, name, shape, |slab| values[slab].iter().map(|&v| v as u16).collect::<Vec<_>>().into());
    }
    put_slabs(group, name, shape, |slab| values[slab].into())
}

/// Writes counts of a shape in the bytes that they are stored in.
pub(super) fn put_counts(group: &Group, name: &str, shape: &[usize], counts: &Counts) -> Hdf5Result<Dataset> {
    assert_eq!(shape.iter().product::<usize>(), counts.len(), "{name} of shape {shape:?}");
    match counts {
        Counts::U8(all) => put_slabs(group, name, shape, |slab| all[slab].into()),
        Counts::U16(all) => put_slabs(group, name, shape, |slab| all[slab].into()),
        Counts::F32(all) => put_slabs(group, name, shape, |slab| all[slab].into()),
    }
}

/// Writes an array slab by slab along its first axis.
fn put_slabs<'a, T: H5Type + Clone>(
    group: &Group,
    name: &str,
    shape: &[usize],
    values: impl Fn(Range<usize>) -> Cow<'a, [T]>,
) -> Hdf5Result<Dataset> {
    let chunk = chunk_shape(shape);
    let builder = group.new_dataset_builder().chunk(chunk.clone()).shuffle().deflate(LEVEL).fletcher32();
    let dataset = builder.empty::<T>().shape(shape).create(name)?;
    let row: usize = shape[1..].iter().product();
    for rows in slabs(shape, &chunk) {
        let slab_shape: Vec<usize> = std::iter::once(rows.len()).chain(shape[1..].iter().copied()).collect();
        let place = Hyperslab::from(slab_of(rows.clone(), &shape[1..]));
        let slab = values(rows.start * row..rows.end * row);
        dataset.write_slice(ArrayViewD::from_shape(slab_shape, &slab)?, place)?;
    }
    dataset.flush()?; // an error while closing would go unseen
    Ok(dataset)
}

/// Rows of the first axis that are written or read together: those of a chunk.
fn slabs(shape: &[usize], chunk: &[usize]) -> impl Iterator<Item = Range<usize>> {
    let (rows, step) = (shape[0], chunk[0].max(1));
    (0..rows).step_by(step).map(move |first| first..(first + step).min(rows))
}

fn slab_of(first: Range<usize>, rest: &[usize]) -> Vec<SliceOrIndex> {
    let ranges = std::iter::once(first).chain(rest.iter().map(|&n| 0..n));
    ranges.map(|range| SliceOrIndex::SliceTo { start: range.start, step: 1, end: range.end, block: 1 }).collect()
}

/// Whole trailing axes while they fit into [`CHUNK`], then even shares of the next axis, then single steps.
fn chunk_shape(shape: &[usize]) -> Vec<usize> {
    let mut chunk = vec![1; shape.len()];
    let mut room = CHUNK;
    for axis in (0..shape.len()).rev() {
        let parts = shape[axis].div_ceil(room.max(1));
        chunk[axis] = shape[axis].div_ceil(parts.max(1)).max(1);
        if parts > 1 {
            break;
        }
        room /= chunk[axis];
    }
    chunk
}

impl Source {
    /// Opens an array and checks that its size can be true.
    pub(super) fn array(&self, group: &Group, name: &str) -> Result<Array, IoError> {
        self.check_link(group, name, "a dataset")?;
        let dataset = self.checked(group.dataset(name))?;
        let kind = self.checked(dataset.dtype().and_then(|kind| kind.to_descriptor()))?;
        let shape = self.checked(dataset.get_shape())?;
        let chunk = self.check_storage(name, &dataset)?;
        let elements = |shape: &[usize]| shape.iter().try_fold(1_u64, |size, &n| size.checked_mul(n as u64));
        let bytes = |shape: &[usize]| elements(shape)?.checked_mul(self.checked(dataset.dtype()).ok()?.size() as u64);
        let (Some(whole), Some(piece)) = (bytes(&shape), bytes(&chunk.unwrap_or_default())) else {
            return Err(self.wrong(name, describe(&dataset, &kind), "a size that fits into memory"));
        };
        let stored = dataset.storage_size();
        if stored > self.bytes || whole.max(piece).div_ceil(LARGEST_COMPRESSION) > stored {
            let why = format!("{name} has the shape {shape:?} in a file of {} bytes", self.bytes);
            return Err(IoError::Size { path: self.path.clone(), found: stored, expected: whole, why });
        }
        Ok(Array { dataset, kind, shape })
    }

    /// Storage inside this file, complete, with known filters; returns the shape of a chunk.
    fn check_storage(&self, name: &str, dataset: &Dataset) -> Result<Option<Vec<usize>>, IoError> {
        let list = self.checked(dataset.create_plist())?;
        let layout = self.checked(list.get_layout())?;
        if layout == Layout::Virtual || !self.checked(list.get_external())?.is_empty() {
            return Err(self.wrong(name, "stored in other files", "data inside this file"));
        }
        for filter in self.checked(list.get_filters())? {
            if !matches!(filter, Filter::Deflate(_) | Filter::Shuffle | Filter::Fletcher32) {
                return Err(self.wrong(name, format!("filtered by {filter:?}"), "deflate, shuffle or fletcher32"));
            }
        }
        let Some(chunk) = self.checked(list.get_chunk())? else { return Ok(None) };
        let shape = self.checked(dataset.get_shape())?;
        let expected =
            shape.iter().zip(&chunk).try_fold(1_usize, |all, (n, c)| all.checked_mul(n.div_ceil((*c).max(1))));
        let found = dataset.num_chunks();
        if found.is_none() || found != expected {
            let found = found.map_or("no chunks".into(), |found| format!("{found} chunks"));
            let expected = expected.map_or("a possible number".into(), |expected| format!("{expected} chunks"));
            return Err(self.wrong(name, found, expected));
        }
        Ok(Some(chunk))
    }

    /// Reads an array of numbers of a shape that all keep a rule.
    pub(super) fn values(&self, array: &Array, name: &str, shape: &[usize], rule: Rule) -> Result<Vec<f32>, IoError> {
        self.check_numbers(array, name, shape)?;
        check_memory(&self.path, shape)?;
        let values: Vec<f32> = self.checked(array.dataset.read_raw())?;
        rule.check(&self.path, name, &values, shape)?;
        Ok(values)
    }

    /// Reads counts of a shape, a few at a time.
    pub(super) fn counts(&self, array: &Array, name: &str, shape: &[usize]) -> Result<Counts, IoError> {
        self.check_numbers(array, name, shape)?;
        check_memory(&self.path, shape)?;
        let row: usize = shape[1..].iter().product();
        let chunk = self.checked(array.dataset.create_plist().and_then(|list| list.get_chunk()))?;
        // Data that are stored in one piece are read a row at a time.
        let chunk = chunk.unwrap_or_else(|| vec![1; shape.len()]);
        let slabs = slabs(shape, &chunk);
        if array.kind == Type::Unsigned(IntSize::U1) {
            let mut counts = Vec::with_capacity(row * shape[0]);
            for rows in slabs {
                counts.extend(self.slab::<u8>(array, rows, shape)?);
            }
            return Ok(Counts::U8(counts));
        }
        let mut counts = Counts::with_capacity(row * shape[0]);
        for rows in slabs {
            let first = rows.start * row;
            let values = self.slab::<f32>(array, rows, shape)?;
            Rule::NotNegative.check_part(&self.path, name, &values, shape, first)?;
            counts.extend(&values);
        }
        Ok(counts)
    }

    /// Some rows of the first axis.
    fn slab<T: H5Type + Clone>(&self, array: &Array, rows: Range<usize>, shape: &[usize]) -> Result<Vec<T>, IoError> {
        let place = Hyperslab::from(slab_of(rows, &shape[1..]));
        let slab = self.checked(array.dataset.read_slice::<T, _, IxDyn>(place))?;
        Ok(slab.into_raw_vec_and_offset().0)
    }

    /// The first row of the first axis, of any numbers.
    pub(super) fn first_row(&self, array: &Array) -> Result<Vec<f64>, IoError> {
        self.slab(array, 0..1, &array.shape)
    }

    fn check_numbers(&self, array: &Array, name: &str, shape: &[usize]) -> Result<(), IoError> {
        if !matches!(array.kind, Type::Integer(_) | Type::Unsigned(_) | Type::Float(_)) {
            return Err(self.wrong(name, describe(&array.dataset, &array.kind), "numbers"));
        }
        if array.shape != shape {
            return Err(self.wrong(format!("the shape of {name}"), format!("{:?}", array.shape), format!("{shape:?}")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_even_shares() {
        assert_eq!(chunk_shape(&[252, 344, 1, 837]), [1, 172, 1, 837]);
        assert_eq!(chunk_shape(&[344, 344, 127]), [6, 344, 127]);
        assert_eq!(chunk_shape(&[2, 3, 4]), [2, 3, 4]);
        assert_eq!(chunk_shape(&[4, 4, 1 << 20]), [1, 1, 1 << 18]);
    }
}
