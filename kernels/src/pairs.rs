//! Sums over the neighbours of each voxel,
//!
//! out\[j\] += weight · κⱼ Σₙ wₙ · κₖ · v₍ⱼₖ₎ · f(xⱼ, xₖ),     k = j + dr(n),
//!
//! for one plane `[y, z]` at a time; z is the SIMD direction. Gather form: every voxel collects its own sum, so planes
//! may be computed in any order. Images come as padded planes: each row has `pad` floats before its nz voxels and at
//! least as many behind, up to whole blocks. Their κ is zero outside the volume, which takes pairs with an outside
//! voxel away without a branch. No fused multiply-add: all levels give the same bits.

use crate::Level;

/// Rows are filled up to a multiple of so many voxels.
pub const BLOCK: usize = 32;

/// Shape of padded planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaddedRows {
    /// Rows (voxels along y).
    pub rows: usize,
    /// Voxels along z.
    pub voxels: usize,
    /// Floats before and behind the voxels: the largest |dz|.
    pub pad: usize,
}

impl PaddedRows {
    /// Floats from one row to the next.
    pub fn stride(&self) -> usize {
        self.voxels.next_multiple_of(BLOCK) + 2 * self.pad
    }

    /// Floats of a padded plane.
    ///
    /// # Panics
    /// Where there are more than can be counted.
    pub fn len(&self) -> usize {
        let stride = self.voxels.checked_next_multiple_of(BLOCK).zip(self.pad.checked_mul(2));
        let stride = stride.and_then(|(voxels, pads)| voxels.checked_add(pads));
        stride.and_then(|stride| stride.checked_mul(self.rows)).unwrap_or_else(|| panic!("planes of {self:?}"))
    }

    /// Whether there is no voxel.
    pub fn is_empty(&self) -> bool {
        self.rows == 0 || self.voxels == 0
    }

    /// Copies a plane `[y, z]` between the pads; the pads stay as they are.
    pub fn fill<T: Copy>(&self, plane: &[T], padded: &mut [T]) {
        assert_eq!([plane.len(), padded.len()], [self.rows * self.voxels, self.len()], "planes of {self:?}");
        for (row, padded) in plane.chunks_exact(self.voxels).zip(padded.chunks_exact_mut(self.stride())) {
            padded[self.pad..self.pad + self.voxels].copy_from_slice(row);
        }
    }

    /// Fills the pads with the first and last voxel of their row.
    pub fn repeat_edges(&self, padded: &mut [f32]) {
        assert_eq!(padded.len(), self.len(), "a padded plane of {self:?}");
        for row in padded.chunks_exact_mut(self.stride()) {
            let (first, last) = (row[self.pad], row[self.pad + self.voxels - 1]);
            row[..self.pad].fill(first);
            row[self.pad + self.voxels..].fill(last);
        }
    }

    /// Where block `z` of row `row` starts, `None` outside the plane.
    #[inline(always)]
    fn start(&self, row: usize, rows: isize, z: usize, depth: isize) -> Option<usize> {
        let row = row.checked_add_signed(rows).filter(|&row| row < self.rows)?;
        Some((row * self.stride() + self.pad + z).wrapping_add_signed(depth))
    }
}

/// 8-bit weights of the pairs of one displacement, a padded plane; the unit of their steps is part of wₙ.
#[derive(Clone, Copy, Debug)]
pub struct PairWeights<'a> {
    /// The plane.
    pub plane: &'a [u8],
    /// Rows and voxels from j to the place of its weight.
    pub shift: [isize; 2],
}

/// The voxels k at one displacement from those of a plane.
#[derive(Clone, Copy, Debug)]
pub struct Neighbour<'a> {
    /// The padded plane that holds xₖ.
    pub values: &'a [f32],
    /// Its κ, zero outside the volume.
    pub kappa: &'a [f32],
    /// Rows and voxels from j to k.
    pub shift: [isize; 2],
    /// wₙ
    pub weight: f32,
    /// v, where pairs have weights of their own.
    pub pairs: Option<PairWeights<'a>>,
}

/// One plane: its own voxels and their neighbours.
#[derive(Clone, Copy, Debug)]
pub struct Gather<'a> {
    /// Shape of all padded planes.
    pub shape: PaddedRows,
    /// The padded plane that holds xⱼ.
    pub values: &'a [f32],
    /// Its κ.
    pub kappa: &'a [f32],
    /// All displacements that stay inside the volume along x.
    pub neighbours: &'a [Neighbour<'a>],
    /// Factor of the whole sum.
    pub weight: f32,
}

impl Gather<'_> {
    /// Adds the sums of one plane to `out`, `[y, z]` without pads.
    pub fn add<F: Fn(f32, f32) -> f32 + Copy>(&self, level: Level, f: F, out: &mut [f32]) {
        let shape = self.shape;
        assert_eq!(out.len(), shape.rows * shape.voxels, "a plane of {shape:?}");
        assert_eq!([self.values.len(), self.kappa.len()], [shape.len(); 2], "padded planes of {shape:?}");
        for near in self.neighbours {
            assert_eq!([near.values.len(), near.kappa.len()], [shape.len(); 2], "padded planes of {shape:?}");
        }
        level.vectorised(
            #[inline(always)]
            || self.add_plane(f, out),
        );
    }

    #[inline(always)]
    fn add_plane<F: Fn(f32, f32) -> f32 + Copy>(&self, f: F, out: &mut [f32]) {
        for (row, out) in out.chunks_exact_mut(self.shape.voxels).enumerate() {
            for (block, out) in out.chunks_mut(BLOCK).enumerate() {
                let sum = self.block(f, row, block * BLOCK);
                out.iter_mut().zip(sum).for_each(|(out, sum)| *out += sum);
            }
        }
    }

    #[inline(always)]
    fn block<F: Fn(f32, f32) -> f32 + Copy>(&self, f: F, row: usize, z: usize) -> [f32; BLOCK] {
        let here = row * self.shape.stride() + self.shape.pad + z;
        let centre = block(self.values, here);
        let mut sum = [0.0; BLOCK];
        for near in self.neighbours {
            let Some(at) = self.shape.start(row, near.shift[0], z, near.shift[1]) else { continue };
            let (values, kappa) = (block(near.values, at), block(near.kappa, at));
            match near.pairs {
                None => {
                    for lane in 0..BLOCK {
                        sum[lane] += near.weight * kappa[lane] * f(centre[lane], values[lane]);
                    }
                }
                Some(pairs) => {
                    let Some(at) = self.shape.start(row, pairs.shift[0], z, pairs.shift[1]) else { continue };
                    let pair = block(pairs.plane, at);
                    for lane in 0..BLOCK {
                        let pair = near.weight * f32::from(pair[lane]);
                        sum[lane] += pair * kappa[lane] * f(centre[lane], values[lane]);
                    }
                }
            }
        }
        let kappa = block(self.kappa, here);
        for lane in 0..BLOCK {
            sum[lane] *= self.weight * kappa[lane];
        }
        sum
    }
}

#[inline(always)]
fn block<T>(from: &[T], start: usize) -> &[T; BLOCK] {
    from[start..].first_chunk().expect("rows are filled up to whole blocks")
}
