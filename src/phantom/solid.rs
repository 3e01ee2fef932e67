//! Convex solids and where a straight line is inside them.
//!
//! Each solid is the image of a unit solid: p = c + R S u, with centre c, rotation R and half sizes S in mm.
//!
//! | form | unit solid |
//! |---|---|
//! | ellipsoid | u₁² + u₂² + u₃² ≤ 1 |
//! | cylinder | u₁² + u₂² ≤ 1, ǀu₃ǀ ≤ 1 |
//! | box | ǀu₁ǀ, ǀu₂ǀ, ǀu₃ǀ ≤ 1 |
//! | cone | u₁² + u₂² ≤ (p + q u₃)², ǀu₃ǀ ≤ 1, p ± q ≥ 0 |
//!
//! Half-spaces cut pieces off. All of this is convex, so a line is inside a solid on one interval. Roots are found
//! relative to the point of the line nearest to the centre, which keeps small solids far from the line's start exact.

use super::vector::{Matrix, Vector, add, apply, dot, scaled, transposed};

/// A straight line from A to B.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub start: Vector,
    pub direction: Vector,
    pub length: f64,
}

impl Line {
    /// The line from `a` to `b` in mm. Of length zero where the two coincide: it is then inside of nothing.
    pub fn between(a: Vector, b: Vector) -> Self {
        let across = std::array::from_fn(|i| b[i] - a[i]);
        let length = dot(across, across).sqrt();
        let direction = if length > 0.0 { scaled(across, 1.0 / length) } else { [0.0, 0.0, 1.0] };
        Self { start: a, direction, length }
    }
}

/// The unit solid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Ellipsoid,
    Cylinder,
    Box,
    /// Radius `middle + slope·u₃`.
    Cone {
        middle: f64,
        slope: f64,
    },
}

/// Keeps the points p with n·(p − c) ≥ −`offset`, c being the solid's centre.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cut {
    normal: Vector,
    offset: f64,
}

/// A placed, cut solid, ready to be asked for intervals.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Solid {
    form: Form,
    centre: Vector,
    /// S⁻¹ Rᵀ
    to_unit: Matrix,
    /// (R S)ᵀ: its rows are the solid's half axes in mm.
    half_axes: Matrix,
    /// Radius of a sphere around the centre that holds the solid.
    reach: f64,
    cuts: Vec<Cut>,
}

type Interval = [f64; 2];
const EVERYWHERE: Interval = [f64::NEG_INFINITY, f64::INFINITY];

impl Solid {
    /// A solid with half sizes `half` (mm) along its own axes, which are the columns of `rotation`.
    pub fn new(form: Form, centre: Vector, rotation: Matrix, half: Vector) -> Self {
        let own_axes = transposed(rotation);
        let half_axes: Matrix = std::array::from_fn(|i| scaled(own_axes[i], half[i]));
        let to_unit = std::array::from_fn(|i| scaled(own_axes[i], 1.0 / half[i]));
        let reach = match form {
            Form::Ellipsoid => half[0].max(half[1]).max(half[2]),
            Form::Box => dot(half, half).sqrt(),
            Form::Cylinder | Form::Cone { .. } => half[0].max(half[1]).hypot(half[2]),
        };
        Self { form, centre, to_unit, half_axes, reach, cuts: Vec::new() }
    }

    /// Keeps only the side of the plane through `through` to which `keep` points.
    pub fn cut(&mut self, through: Vector, keep: Vector) {
        let from_centre: Vector = std::array::from_fn(|i| self.centre[i] - through[i]);
        self.cuts.push(Cut { normal: keep, offset: dot(keep, from_centre) });
    }

    /// Whether a point is inside.
    pub fn contains(&self, point: Vector) -> bool {
        let offset: Vector = std::array::from_fn(|i| point[i] - self.centre[i]);
        let u = apply(&self.to_unit, offset);
        let ring = u[0] * u[0] + u[1] * u[1];
        let inside = match self.form {
            Form::Ellipsoid => ring + u[2] * u[2] <= 1.0,
            Form::Cylinder => ring <= 1.0 && u[2].abs() <= 1.0,
            Form::Box => u.iter().all(|x| x.abs() <= 1.0),
            Form::Cone { middle, slope } => u[2].abs() <= 1.0 && ring <= (middle + slope * u[2]).powi(2),
        };
        inside && self.cuts.iter().all(|cut| dot(cut.normal, offset) + cut.offset >= 0.0)
    }

    /// Extent `[low, high]` of the solid (before its cuts) along a unit vector, in mm.
    pub fn extent(&self, direction: Vector) -> Interval {
        let w = apply(&self.half_axes, direction);
        let half = match self.form {
            Form::Ellipsoid => dot(w, w).sqrt(),
            Form::Cylinder | Form::Cone { .. } => w[0].hypot(w[1]) + w[2].abs(),
            Form::Box => w.iter().map(|x| x.abs()).sum(),
        };
        let middle = dot(self.centre, direction);
        [middle - half, middle + half]
    }

    /// Volume in mm³ before the cuts.
    pub fn uncut_volume(&self) -> f64 {
        let half: f64 = self.half_axes.iter().map(|&axis| dot(axis, axis).sqrt()).product();
        half * match self.form {
            Form::Ellipsoid => 4.0 / 3.0 * std::f64::consts::PI,
            Form::Cylinder => 2.0 * std::f64::consts::PI,
            Form::Box => 8.0,
            Form::Cone { middle, slope } => 2.0 * std::f64::consts::PI * (middle * middle + slope * slope / 3.0),
        }
    }

    /// Centre and radius of an uncut ball in mm.
    pub fn ball(&self) -> Option<(Vector, f64)> {
        let [a, b, c] = self.half_axes.map(|axis| dot(axis, axis).sqrt());
        (self.form == Form::Ellipsoid && self.is_whole() && a == b && b == c).then_some((self.centre, a))
    }

    /// Centre and radius of an uncut, round cylinder along z in mm.
    pub fn cylinder_along_z(&self) -> Option<(Vector, f64)> {
        let [a, b, along] = self.half_axes;
        let [a, b] = [a, b].map(|axis| dot(axis, axis).sqrt());
        let upright = along[0] == 0.0 && along[1] == 0.0;
        (self.form == Form::Cylinder && self.is_whole() && a == b && upright).then_some((self.centre, a))
    }

    /// Whether no half-space cuts the solid.
    pub fn is_whole(&self) -> bool {
        self.cuts.is_empty()
    }

    /// The part of the line, in mm from its start, that is inside.
    #[inline]
    pub fn interval(&self, line: &Line) -> Option<Interval> {
        let offset: Vector = std::array::from_fn(|i| line.start[i] - self.centre[i]);
        let nearest = -dot(offset, line.direction);
        let offset = add(offset, scaled(line.direction, nearest));
        if dot(offset, offset) >= self.reach * self.reach {
            return None;
        }
        let u = apply(&self.to_unit, offset);
        let v = apply(&self.to_unit, line.direction);
        let mut inside = self.form.interval(u, v)?;
        for cut in &self.cuts {
            let height = dot(cut.normal, offset) + cut.offset;
            inside = intersection(inside, half_line(height, dot(cut.normal, line.direction))?)?;
        }
        intersection([inside[0] + nearest, inside[1] + nearest], [0.0, line.length])
    }
}

impl Form {
    /// Where u + t v is inside of the unit solid.
    #[inline]
    fn interval(self, u: Vector, v: Vector) -> Option<Interval> {
        match self {
            Self::Ellipsoid => ball(dot(u, u), dot(u, v), dot(v, v)),
            Self::Cylinder => {
                let ring = ball(u[0] * u[0] + u[1] * u[1], u[0] * v[0] + u[1] * v[1], v[0] * v[0] + v[1] * v[1])?;
                intersection(ring, slab(u[2], v[2])?)
            }
            Self::Box => {
                let first = intersection(slab(u[0], v[0])?, slab(u[1], v[1])?)?;
                intersection(first, slab(u[2], v[2])?)
            }
            Self::Cone { middle, slope } => cone(u, v, middle, slope),
        }
    }
}

/// |u + t v|² ≤ 1 from |u|², u·v and |v|².
#[inline]
fn ball(uu: f64, uv: f64, vv: f64) -> Option<Interval> {
    // Below this the line is parallel to a cylinder's axis: over any scanner it moves less than 1e-7 of a radius.
    if vv < 1e-20 {
        return (uu <= 1.0).then_some(EVERYWHERE);
    }
    let nearest = -uv / vv;
    let room = 1.0 - (uu + uv * nearest);
    (room > 0.0).then(|| {
        let half = (room / vv).sqrt();
        [nearest - half, nearest + half]
    })
}

/// |u + t v| ≤ 1.
#[inline]
fn slab(u: f64, v: f64) -> Option<Interval> {
    if v == 0.0 {
        return (u.abs() <= 1.0).then_some(EVERYWHERE);
    }
    let (one, other) = ((-1.0 - u) / v, (1.0 - u) / v);
    Some([one.min(other), one.max(other)])
}

/// height + t slope ≥ 0.
#[inline]
fn half_line(height: f64, slope: f64) -> Option<Interval> {
    if slope > 0.0 {
        Some([-height / slope, f64::INFINITY])
    } else if slope < 0.0 {
        Some([f64::NEG_INFINITY, -height / slope])
    } else {
        (height >= 0.0).then_some(EVERYWHERE)
    }
}

/// u₁² + u₂² ≤ (p + q u₃)² between the two end faces, where p + q u₃ ≥ 0: a t² + 2 b t + c ≤ 0.
fn cone(u: Vector, v: Vector, middle: f64, slope: f64) -> Option<Interval> {
    let faces = slab(u[2], v[2])?;
    let (radius, growth) = (middle + slope * u[2], slope * v[2]);
    let a = v[0] * v[0] + v[1] * v[1] - growth * growth;
    let b = u[0] * v[0] + u[1] * v[1] - growth * radius;
    let c = u[0] * u[0] + u[1] * u[1] - radius * radius;
    let root = (b * b - a * c).max(0.0).sqrt();
    if b * b - a * c < 0.0 && a > 0.0 {
        return None;
    }
    let larger = -(b + root.copysign(b));
    if larger == 0.0 {
        // b = 0 and a c = 0: the line touches the apex, or runs inside of the surface.
        return if a > 0.0 || c > 0.0 { None } else { Some(faces) };
    }
    let (one, other) = (larger / a, c / larger);
    let (low, high) = (one.min(other), one.max(other));
    let mantle = if a > 0.0 {
        [low, high]
    } else if a < 0.0 {
        // Inside of both nappes, outside between the roots; only one nappe has p + q u₃ ≥ 0.
        if growth > 0.0 { [high, f64::INFINITY] } else { [f64::NEG_INFINITY, low] }
    } else if b > 0.0 {
        [f64::NEG_INFINITY, other]
    } else {
        [other, f64::INFINITY]
    };
    intersection(faces, mantle)
}

#[inline]
fn intersection(one: Interval, other: Interval) -> Option<Interval> {
    let both = [one[0].max(other[0]), one[1].min(other[1])];
    (both[0] < both[1]).then_some(both)
}
