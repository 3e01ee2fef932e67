//! Where standards score a phantom: plain data, as a phantom's file gives it.

/// Where standards score a phantom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scoring {
    /// NEMA NU 2 image quality.
    pub nema: Option<NemaLayout>,
    /// EARL accreditation.
    pub earl: Option<EarlLayout>,
    /// NEMA NU 4 image quality.
    pub nu4: Option<NemaSmallLayout>,
}

/// Where the regions of interest of NEMA NU 2 are, in mm.
#[derive(Clone, Debug, PartialEq)]
pub struct NemaLayout {
    /// The spheres.
    pub spheres: Vec<NemaSphere>,
    /// Axial position of the spheres' centres.
    pub plane_z_mm: f64,
    /// Distances of the five slices from that plane.
    pub slices_mm: Vec<f64>,
    /// Centres `[x, y]` of the background regions.
    pub background_mm: Vec<[f64; 2]>,
    /// Centre `[x, y]` of the lung insert.
    pub lung_mm: [f64; 2],
    /// First and last axial position of the slices in which the lung insert is scored.
    pub lung_z_mm: [f64; 2],
}

/// A sphere of the phantom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NemaSphere {
    /// Inner diameter in mm, which is also the width of its discs.
    pub diameter_mm: f64,
    /// Centre `[x, y]` in mm.
    pub centre_mm: [f64; 2],
    /// True activity over that of the background; 0 for cold spheres.
    pub contrast: f64,
}

/// Where the spheres of an EARL accreditation are.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlLayout {
    /// The spheres.
    pub spheres: Vec<NemaSphere>,
    /// Axial position of the spheres' centres.
    pub plane_z_mm: f64,
    /// The region whose true activity is a_B.
    pub background: String,
}

/// Where the rods of NEMA NU 4 are, in mm.
#[derive(Clone, Debug, PartialEq)]
pub struct NemaSmallLayout {
    /// Diameter and centre `[x, y]` of each rod.
    pub rods_mm: Vec<(f64, [f64; 2])>,
    /// First and last axial position of the slices that are averaged.
    pub rods_z_mm: [f64; 2],
    /// The uniform region and the two cold ones, of water and of air.
    pub regions: [String; 3],
}
