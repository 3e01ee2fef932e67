//! Forward differences of an image, one plane `[y, z]` at a time, and their transpose.
//!
//! (Dₐ x)ⱼ = sₐ (x₍ⱼ₊ₐ₎ − xⱼ) along a = x, y, z, zero where j + a lies outside the volume. Whole planes are contiguous,
//! so all loops run over flat planes; the last voxels of the rows are put right afterwards.

use crate::Level;

/// Shape of a plane and scale of the differences along x, y, z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Differences {
    /// Rows (voxels along y) and voxels along z.
    pub plane: [usize; 2],
    /// sₐ
    pub scale: [f32; 3],
}

impl Differences {
    /// The differences of plane `here`; `next` is the plane behind it along x.
    pub fn forward(&self, level: Level, here: &[f32], next: Option<&[f32]>, out: [&mut [f32]; 3]) {
        let [_, nz] = self.plane;
        self.check(here);
        out.iter().for_each(|out| self.check(out));
        let [x, y, z] = out;
        level.vectorised(
            #[inline(always)]
            || {
                match next {
                    Some(next) => scaled_difference(self.scale[0], here, next, x),
                    None => x.fill(0.0),
                }
                let row = nz.min(here.len());
                scaled_difference(self.scale[1], here, &here[row..], y);
                scaled_difference(self.scale[2], here, &here[1.min(here.len())..], z);
            },
        );
        let last = y.len().saturating_sub(nz);
        y[last..].fill(0.0);
        z.iter_mut().skip(nz - 1).step_by(nz).for_each(|z| *z = 0.0);
    }

    /// out += weight · Dᵀ of one plane: `before` is the x part of the plane before it, `here` the parts of the plane
    /// itself. The first plane has no `before`; `last` says whether it is the last one.
    pub fn add_transpose(
        &self,
        level: Level,
        weight: f32,
        before: Option<&[f32]>,
        here: [&[f32]; 3],
        last: bool,
        out: &mut [f32],
    ) {
        self.add_ends(level, [-weight, weight], before, here, last, out);
    }

    /// The same with |Dᵀ|, whose entries are all positive: what is found for differences is added to both their ends.
    pub fn add_to_both_ends(
        &self,
        level: Level,
        weight: f32,
        before: Option<&[f32]>,
        here: [&[f32]; 3],
        last: bool,
        out: &mut [f32],
    ) {
        self.add_ends(level, [weight; 2], before, here, last, out);
    }

    /// Adds each difference to the voxel it belongs to and to the one behind it, times `[here, behind]`.
    fn add_ends(
        &self,
        level: Level,
        ends: [f32; 2],
        before: Option<&[f32]>,
        here: [&[f32]; 3],
        last: bool,
        out: &mut [f32],
    ) {
        let [_, nz] = self.plane;
        here.iter().for_each(|here| self.check(here));
        self.check(out);
        let [own, behind] = ends.map(|end| self.scale.map(|scale| end * scale));
        let [x, y, z] = here;
        let inner = out.len().saturating_sub(nz);
        level.vectorised(
            #[inline(always)]
            || {
                if let Some(before) = before {
                    add_scaled(behind[0], before, out);
                }
                if !last {
                    add_scaled(own[0], x, out);
                }
                add_scaled(own[1], &y[..inner], out);
                add_scaled(behind[1], &y[..inner], &mut out[nz.min(x.len())..]);
                for (z, out) in z.chunks_exact(nz).zip(out.chunks_exact_mut(nz)) {
                    add_scaled(own[2], &z[..nz - 1], out);
                    add_scaled(behind[2], &z[..nz - 1], &mut out[1..]);
                }
            },
        );
    }

    fn check(&self, plane: &[f32]) {
        assert_eq!(plane.len(), self.plane[0] * self.plane[1], "a plane of shape {:?}", self.plane);
    }
}

/// out = scale · (to − from), as far as `to` reaches.
#[inline(always)]
fn scaled_difference(scale: f32, from: &[f32], to: &[f32], out: &mut [f32]) {
    for ((out, from), to) in out.iter_mut().zip(from).zip(to) {
        *out = scale * (to - from);
    }
}

/// out += scale · from, as far as `from` reaches.
#[inline(always)]
fn add_scaled(scale: f32, from: &[f32], out: &mut [f32]) {
    for (out, from) in out.iter_mut().zip(from) {
        *out += scale * from;
    }
}

/// g ← g − ξ ⟨ξ, g⟩ at every voxel.
pub fn remove_along(level: Level, direction: [&[f32]; 3], gradient: [&mut [f32]; 3]) {
    let [x, y, z] = gradient;
    let [dx, dy, dz] = direction;
    let count = x.len();
    assert_eq!([y.len(), z.len(), dx.len(), dy.len(), dz.len()], [count; 5], "fields of one length");
    level.vectorised(
        #[inline(always)]
        || {
            for j in 0..count {
                let along = dx[j] * x[j] + dy[j] * y[j] + dz[j] * z[j];
                x[j] -= dx[j] * along;
                y[j] -= dy[j] * along;
                z[j] -= dz[j] * along;
            }
        },
    );
}

/// g ← g · radius / max(‖g‖, radius) at every voxel: the nearest vector of a ball.
pub fn project_on_ball(level: Level, radius: f32, field: [&mut [f32]; 3]) {
    let [x, y, z] = field;
    let count = x.len();
    assert_eq!([y.len(), z.len()], [count; 2], "fields of one length");
    level.vectorised(
        #[inline(always)]
        || {
            for j in 0..count {
                let norm = (x[j] * x[j] + y[j] * y[j] + z[j] * z[j]).sqrt();
                let factor = if norm > radius { radius / norm } else { 1.0 };
                x[j] *= factor;
                y[j] *= factor;
                z[j] *= factor;
            }
        },
    );
}

/// f = q / √(⟨g, q⟩ + ε²) at every voxel, in the place of q.
pub fn normalise(level: Level, epsilon: f32, gradient: [&[f32]; 3], field: [&mut [f32]; 3]) {
    let [x, y, z] = field;
    let [gx, gy, gz] = gradient;
    let count = x.len();
    assert_eq!([y.len(), z.len(), gx.len(), gy.len(), gz.len()], [count; 5], "fields of one length");
    level.vectorised(
        #[inline(always)]
        || {
            for j in 0..count {
                let square = gx[j] * x[j] + gy[j] * y[j] + gz[j] * z[j];
                let inverse = 1.0 / (square.max(0.0) + epsilon * epsilon).sqrt();
                x[j] *= inverse;
                y[j] *= inverse;
                z[j] *= inverse;
            }
        },
    );
}

/// out = 1 / √(⟨g, q⟩ + ε²) at every voxel.
pub fn inverse_norms(level: Level, epsilon: f32, gradient: [&[f32]; 3], field: [&[f32]; 3], out: &mut [f32]) {
    let ([x, y, z], [gx, gy, gz]) = (field, gradient);
    let count = out.len();
    assert_eq!([x.len(), y.len(), z.len(), gx.len(), gy.len(), gz.len()], [count; 6], "fields of one length");
    level.vectorised(
        #[inline(always)]
        || {
            for j in 0..count {
                let square = gx[j] * x[j] + gy[j] * y[j] + gz[j] * z[j];
                out[j] = 1.0 / (square.max(0.0) + epsilon * epsilon).sqrt();
            }
        },
    );
}
