//! Where a form is, and how far it reaches.

/// An affine map from the scanner's mm to a form's own coordinates: u = M (p − c).
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose {
    pub centre: [f64; 3],
    /// Rows of M.
    pub rows: [[f64; 3]; 3],
    /// Radius in mm of a cylinder along z around the centre that holds everything.
    pub across: f64,
    /// Radius in mm of a ball that does.
    pub reach: f64,
    /// The largest norm of a row.
    pub steepest: f64,
}

/// Where a ball and a cylinder along z overlap; lengths in mm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub centre: [f64; 3],
    /// Radius of the cylinder.
    pub across: f64,
    /// Radius of the ball.
    pub reach: f64,
}

impl Extent {
    /// The same, wider on all sides.
    pub fn wider(self, by: f64) -> Self {
        Self { across: self.across + by, reach: self.reach + by, ..self }
    }

    pub fn holds(&self, p: [f64; 3]) -> bool {
        let [x, y, z]: [f64; 3] = std::array::from_fn(|axis| p[axis] - self.centre[axis]);
        let across = x * x + y * y;
        across + z * z <= self.reach * self.reach && across <= self.across * self.across
    }
}

impl Pose {
    /// Semi-axes along x, y, z in mm, turned about z.
    pub fn turned(centre: [f64; 3], half: [f64; 3], turn_rad: f64) -> Self {
        let (sin, cos) = turn_rad.sin_cos();
        let rows =
            [[cos / half[0], sin / half[0], 0.0], [-sin / half[1], cos / half[1], 0.0], [0.0, 0.0, 1.0 / half[2]]];
        let steepest = half.iter().fold(0.0, |most: f64, half| most.max(1.0 / half));
        let (across, reach) = (half[0].max(half[1]), half[0].max(half[1]).max(half[2]));
        let rod = half[2] > 5.0 * across && half[0].min(half[1]) > 0.9 * across;
        let across = if rod { across } else { reach };
        Self { centre, rows, across, reach, steepest }
    }

    pub fn extent(&self) -> Extent {
        Extent { centre: self.centre, across: self.across, reach: self.reach }
    }

    pub fn apply(&self, p: [f64; 3]) -> [f64; 3] {
        let d: [f64; 3] = std::array::from_fn(|axis| p[axis] - self.centre[axis]);
        self.rows.map(|row| row[0] * d[0] + row[1] * d[1] + row[2] * d[2])
    }
}
