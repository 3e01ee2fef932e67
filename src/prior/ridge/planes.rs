//! Few planes at a time of images that filters pass over along x, and of the sums that the transpose leaves.

use coincide_kernels::Level;
use coincide_kernels::ridge::{Clamps, FilterRows};
use std::ops::Range;

/// Responses to some images, row by row.
pub(super) struct Responses<'a, const N: usize> {
    rows: FilterRows<'a>,
    windows: [Window<'a>; N],
    responses: [Vec<f32>; N],
}

impl<'a, const N: usize> Responses<'a, N> {
    pub fn new(rows: &FilterRows<'a>, images: [&'a [f32]; N]) -> Self {
        let windows = images.map(|image| Window::new(rows, image));
        let responses = images.map(|_| vec![0.0; rows.responses_len()]);
        Self { rows: rows.clone(), windows, responses }
    }

    /// Loads the planes under the filter at place `x`, which comes after the last one or anywhere else.
    pub fn move_to(&mut self, x: usize) {
        self.windows.iter_mut().for_each(|window| window.move_to(&self.rows, x));
    }

    /// What `u` makes of the responses of all channels in row `y`, zero beside them.
    pub fn at(&mut self, x: usize, y: usize, functions: &[Clamps], u: &impl Fn(&Clamps, [&mut [f32]; N])) -> &[f32] {
        let (rows, level) = (&self.rows, Level::best());
        for (window, responses) in self.windows.iter().zip(&mut self.responses) {
            rows.responses(level, &window.planes(rows, x), y, responses);
        }
        for (channel, function) in functions.iter().enumerate() {
            u(function, self.responses.each_mut().map(|responses| rows.channel(responses, channel)));
        }
        rows.clear_borders(&mut self.responses[0]);
        &self.responses[0]
    }
}

/// The padded planes under a filter.
struct Window<'a> {
    image: &'a [f32],
    reach: usize,
    planes: Vec<f32>,
    /// Planes that are loaded.
    loaded: Range<usize>,
}

impl<'a> Window<'a> {
    fn new(rows: &FilterRows, image: &'a [f32]) -> Self {
        let reach = rows.reach();
        Self { image, reach, planes: vec![0.0; reach * rows.plane_len()], loaded: 0..0 }
    }

    fn move_to(&mut self, rows: &FilterRows, x: usize) {
        let first = if self.loaded.contains(&x) { self.loaded.end } else { x };
        for new in first..x + self.reach {
            let place = place(rows, new);
            let plane = &self.image[new * rows.voxels_of_plane()..][..rows.voxels_of_plane()];
            rows.fill(plane, &mut self.planes[place]);
        }
        self.loaded = x..x + self.reach;
    }

    fn planes(&self, rows: &FilterRows, x: usize) -> Vec<&[f32]> {
        (x..x + self.reach).map(|x| &self.planes[place(rows, x)]).collect()
    }
}

/// Sums of the planes of a slab, of which those under the filter are still open.
pub(super) struct Sums<'a, 'o> {
    rows: FilterRows<'a>,
    weight: f32,
    /// Planes of the slab.
    slab: Range<usize>,
    out: &'o mut [f32],
    open: Vec<f32>,
    /// First plane that is not finished.
    next: usize,
}

impl<'a, 'o> Sums<'a, 'o> {
    /// Adds `weight` times the sums to `out`, whose first plane is `start`.
    pub fn new(rows: FilterRows<'a>, weight: f32, start: usize, out: &'o mut [f32]) -> Self {
        let slab = start..start + out.len() / rows.voxels_of_plane();
        let open = vec![0.0; rows.reach() * rows.plane_len()];
        Self { rows, weight, slab, out, open, next: start }
    }

    /// Places along x, of so many, from where the filter reaches the slab.
    pub fn places(&self, all: usize) -> Range<usize> {
        (self.slab.start + 1).saturating_sub(self.rows.reach())..self.slab.end.min(all)
    }

    /// Adds what the places in row `y` spread.
    pub fn add(&mut self, x: usize, y: usize, spread: &[f32]) {
        for dx in (0..self.rows.reach()).filter(|dx| self.slab.contains(&(x + dx))) {
            let place = place(&self.rows, x + dx);
            self.rows.add_transpose(Level::best(), spread, dx, y, &mut self.open[place]);
        }
    }

    /// Plane `x` gets nothing more.
    pub fn finish(&mut self, x: usize) {
        if !self.slab.contains(&x) {
            return;
        }
        let (size, place) = (self.rows.voxels_of_plane(), place(&self.rows, x));
        let out = &mut self.out[(x - self.slab.start) * size..][..size];
        self.rows.add_voxels(self.weight, &self.open[place.clone()], out);
        self.open[place].fill(0.0);
        self.next = x + 1;
    }

    /// No plane gets anything more.
    pub fn finish_all(mut self) {
        (self.next..self.slab.end).for_each(|x| self.finish(x));
    }
}

/// Where plane `x` lies among as many as a filter reaches.
fn place(rows: &FilterRows, x: usize) -> Range<usize> {
    let start = x % rows.reach() * rows.plane_len();
    start..start + rows.plane_len()
}
