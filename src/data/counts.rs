//! Counts of all bins in as few bytes as they fit in.

use rayon::prelude::*;
use std::ops::Range;

/// Bins that are filled together, about.
const TOGETHER: usize = 1 << 24;

/// Counts, `[view, radial, tof, plane]`: whole numbers in one or two bytes each, expected counts in four.
#[derive(Clone, Debug, PartialEq)]
pub enum Counts {
    /// Whole numbers up to 255.
    U8(Vec<u8>),
    /// Whole numbers up to 65 535.
    U16(Vec<u16>),
    /// Anything else.
    F32(Vec<f32>),
}

impl Counts {
    /// No counts, with room for some.
    pub fn with_capacity(bins: usize) -> Self {
        Self::U8(Vec::with_capacity(bins))
    }

    /// The counts of `views` views of `bins` bins each, which `fill(view, bins)` writes; in parallel, a few views at a
    /// time, so that they are never all there in four bytes.
    pub fn of_views(views: usize, bins: usize, fill: impl Fn(usize, &mut [f32]) + Sync) -> Self {
        let mut counts = Self::with_capacity(views * bins);
        let together = (TOGETHER / bins.max(1)).max(rayon::current_num_threads()).min(views);
        let mut room = vec![0.0; together * bins];
        for first in (0..views).step_by(together.max(1)) {
            let some = &mut room[..together.min(views - first) * bins];
            some.par_chunks_mut(bins).enumerate().for_each(|(view, bins)| fill(first + view, bins));
            counts.extend(some);
        }
        counts
    }

    /// Appends counts; all are stored anew where these need more bytes.
    pub fn extend(&mut self, counts: &[f32]) {
        let bytes = counts.par_chunks(1 << 16).map(bytes_of).max().unwrap_or(1);
        let room = |stored: usize, capacity: usize| capacity.max(stored + counts.len());
        match self {
            Self::U8(all) if bytes > 1 => {
                let (stored, room) = (std::mem::take(all), room(all.len(), all.capacity()));
                *self = if bytes == 2 {
                    Self::U16(stored_anew(&stored, room, |y| u16::from(*y)))
                } else {
                    Self::F32(stored_anew(&stored, room, |y| f32::from(*y)))
                };
            }
            Self::U16(all) if bytes > 2 => {
                let (stored, room) = (std::mem::take(all), room(all.len(), all.capacity()));
                *self = Self::F32(stored_anew(&stored, room, |y| f32::from(*y)));
            }
            _ => (),
        }
        match self {
            Self::U8(all) => all.extend(counts.iter().map(|y| *y as u8)),
            Self::U16(all) => all.extend(counts.iter().map(|y| *y as u16)),
            Self::F32(all) => all.extend_from_slice(counts),
        }
    }

    /// Number of bins.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(all) => all.len(),
            Self::U16(all) => all.len(),
            Self::F32(all) => all.len(),
        }
    }

    /// Whether there are no bins.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that they take.
    pub fn bytes(&self) -> usize {
        match self {
            Self::U8(all) => all.len(),
            Self::U16(all) => 2 * all.len(),
            Self::F32(all) => 4 * all.len(),
        }
    }

    /// The count of one bin.
    pub fn at(&self, bin: usize) -> f32 {
        match self {
            Self::U8(all) => f32::from(all[bin]),
            Self::U16(all) => f32::from(all[bin]),
            Self::F32(all) => all[bin],
        }
    }

    /// Some of the counts as numbers; `room` holds them where they are stored as something else.
    pub fn range<'a>(&'a self, bins: Range<usize>, room: &'a mut Vec<f32>) -> &'a [f32] {
        room.clear();
        match self {
            Self::U8(all) => room.extend(all[bins].iter().map(|y| f32::from(*y))),
            Self::U16(all) => room.extend(all[bins].iter().map(|y| f32::from(*y))),
            Self::F32(all) => return &all[bins],
        }
        room
    }

    /// Sets some bins to 0.
    pub fn clear(&mut self, bins: &[usize]) {
        match self {
            Self::U8(all) => bins.iter().for_each(|bin| all[*bin] = 0),
            Self::U16(all) => bins.iter().for_each(|bin| all[*bin] = 0),
            Self::F32(all) => bins.iter().for_each(|bin| all[*bin] = 0.0),
        }
    }

    /// All counts, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = f32> + '_ {
        (0..self.len()).map(|bin| self.at(bin))
    }

    /// All counts as numbers of four bytes.
    pub fn to_vec(&self) -> Vec<f32> {
        (0..self.len()).into_par_iter().map(|bin| self.at(bin)).collect()
    }

    /// Their sum.
    pub fn total(&self) -> f64 {
        /// Sums of parts of a fixed length: they do not depend on the number of threads.
        fn sum<T: Sync>(all: &[T], of: impl Fn(&[T]) -> f64 + Sync + Send) -> f64 {
            all.par_chunks(1 << 16).map(of).collect::<Vec<f64>>().iter().sum()
        }
        match self {
            Self::U8(all) => sum(all, |some| some.iter().map(|y| u32::from(*y)).sum::<u32>().into()),
            Self::U16(all) => sum(all, |some| some.iter().map(|y| u32::from(*y)).sum::<u32>().into()),
            Self::F32(all) => sum(all, |some| some.iter().map(|y| f64::from(*y)).sum()),
        }
    }
}

impl From<Vec<f32>> for Counts {
    fn from(counts: Vec<f32>) -> Self {
        if counts.par_chunks(1 << 16).map(bytes_of).max() == Some(4) {
            return Self::F32(counts);
        }
        let mut packed = Self::with_capacity(counts.len());
        packed.extend(&counts);
        packed
    }
}

impl FromIterator<f32> for Counts {
    fn from_iter<I: IntoIterator<Item = f32>>(counts: I) -> Self {
        counts.into_iter().collect::<Vec<f32>>().into()
    }
}

/// Bytes that each of some counts needs.
fn bytes_of(counts: &[f32]) -> usize {
    // Without an early end, so that it runs on vectors.
    let fit = |whole: fn(f32) -> f32| counts.iter().fold(true, |fit, y| fit & (whole(*y) == *y));
    if fit(|y| f32::from(y as u8)) {
        1
    } else if fit(|y| f32::from(y as u16)) {
        2
    } else {
        4
    }
}

fn stored_anew<From, To>(stored: &[From], room: usize, value: impl Fn(&From) -> To) -> Vec<To> {
    let mut anew = Vec::with_capacity(room);
    anew.extend(stored.iter().map(value));
    anew
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_take_the_bytes_that_they_need_and_come_back() {
        for (largest, bytes) in [(255.0, 1), (256.0, 2), (65535.0, 2), (65536.0, 4), (0.5, 4), (f32::NAN, 4), (-1.0, 4)]
        {
            let values = vec![0.0, 3.0, largest, 7.0];
            let counts = Counts::from(values.clone());
            assert_eq!(counts.bytes(), 4 * bytes, "{largest}");
            let mut room = Vec::new();
            let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same(&counts.to_vec(), &values) && same(counts.range(1..3, &mut room), &values[1..3]));
            // However they arrive.
            let mut one_by_one = Counts::with_capacity(4);
            values.iter().for_each(|value| one_by_one.extend(&[*value]));
            assert!(same(&one_by_one.to_vec(), &values) && one_by_one.bytes() == counts.bytes());
        }
    }

    #[test]
    fn views_come_in_order() {
        let counts = Counts::of_views(300, 70_000, |view, bins| bins.fill((view % 250) as f32));
        assert!(matches!(&counts, Counts::U8(all) if all.len() == 21_000_000));
        assert!(counts.iter().enumerate().all(|(bin, count)| count == (bin / 70_000 % 250) as f32));
    }
}
