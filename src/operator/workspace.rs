//! Arrays that operators work with.

use coincide_kernels::zeros;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Arrays that are lent and come back, so that they are not made anew for every projection.
#[derive(Debug, Default)]
pub struct Workspace {
    free: Mutex<Vec<Vec<f32>>>,
}

impl Workspace {
    /// An array of some length, with any values in it. It comes back when it is dropped.
    pub fn lend(&self, length: usize) -> Lent<'_> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = free.iter().position(|array| array.len() == length);
        let array = fitting.map(|place| free.swap_remove(place));
        drop(free);
        Lent { array: array.unwrap_or_else(|| zeros(length)), of: self }
    }
}

/// A lent array.
pub struct Lent<'a> {
    array: Vec<f32>,
    of: &'a Workspace,
}

impl Deref for Lent<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.array
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.array
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let array = std::mem::take(&mut self.array);
        self.of.free.lock().unwrap_or_else(PoisonError::into_inner).push(array);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_come_back_and_are_never_lent_twice() {
        let work = Workspace::default();
        let (mut a, b) = (work.lend(3), work.lend(3));
        a[0] = 7.0;
        assert_eq!((a.len(), b.len(), b[0]), (3, 3, 0.0));
        drop(a);
        assert_eq!(work.lend(3)[0], 7.0);
        assert_eq!(work.lend(2).len(), 2);
        drop(b);
        assert_eq!(work.free.lock().unwrap().len(), 3);
    }
}
