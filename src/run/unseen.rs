//! Voxels of the field of view that no line sees: the data say nothing about them, whatever the algorithm.

use crate::image::ImageGrid;
use crate::operator::{LinearOperator, Projector, Resolution, Widths};
use crate::scanner::{FieldOfView, RadialSampling, SinogramGeometry};

/// Views that are looked at first, and together where these do not see everything; a right angle apart, as the first
/// two.
const FIRST_VIEWS: usize = 2;
const VIEWS: usize = 16;

/// Segments that are looked at first: the direct one and its neighbours.
const FIRST_SEGMENTS: usize = 3;

/// Slices may be this much thinner than planes are apart.
const ROUNDING: f64 = 1e-6;

/// How many voxels lie in the field of view, and how many of them no line sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unseen {
    pub voxels: usize,
    pub of: usize,
}

impl Unseen {
    /// Counts the voxels without sensitivity.
    pub fn of(sensitivity: &[f32], grid: &ImageGrid, field: &FieldOfView) -> Self {
        let [_, ny, nz] = grid.shape;
        let in_field = |voxel: &usize| field.contains(grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]));
        let inside = || (0..grid.voxels()).filter(in_field);
        Self { voxels: inside().filter(|&voxel| sensitivity[voxel] <= 0.0).count(), of: inside().count() }
    }

    /// What no line of a geometry sees, whatever its factors are. A few views that see everything are enough.
    pub fn by_geometry(geometry: &SinogramGeometry, grid: &ImageGrid, widths: &Widths) -> Self {
        let field = geometry.field_of_view();
        let (mut sum, mut one) = (vec![0.0; grid.voxels()], vec![0.0; grid.voxels()]);
        let step = geometry.views.div_ceil(FIRST_VIEWS);
        let order: Vec<usize> = (0..step).flat_map(|first| (first..geometry.views).step_by(step)).collect();
        let (few, others) = order.split_at(FIRST_VIEWS.min(order.len()));
        let mut found = Self::of(&sum, grid, &field);
        let (near, far) = geometry.segments.split_at(FIRST_SEGMENTS.min(geometry.segments.len()));
        for segments in [near, far].into_iter().filter(|segments| !segments.is_empty()) {
            let part = SinogramGeometry { tof: None, segments: segments.to_vec(), ..geometry.clone() };
            let projector = Projector::new(&part, *grid);
            for views in std::iter::once(few).chain(others.chunks(VIEWS)) {
                let some = projector.subset(views);
                some.adjoint(&vec![1.0; some.range().iter().product()], &mut one);
                sum.iter_mut().zip(&one).for_each(|(sum, one)| *sum += one);
                found = Self::of(&sum, grid, &field);
                if found.voxels == 0 {
                    return found;
                }
            }
        }
        let Some(resolution) = Resolution::new(grid, widths) else { return found };
        resolution.adjoint(&sum, &mut one);
        Self::of(&one, grid, &field)
    }

    /// What it means, and what can be done; `None` where all voxels are seen.
    fn told(&self, geometry: &SinogramGeometry, grid: &ImageGrid) -> Option<(String, String)> {
        let Self { voxels, of } = self;
        let message =
            format!("no line sees {voxels} of the {of} voxels of the field of view: the data say nothing about them");
        (*voxels > 0).then(|| (message, cure(geometry, grid)))
    }

    /// As one line.
    pub fn warning(&self, geometry: &SinogramGeometry, grid: &ImageGrid) -> Option<String> {
        self.told(geometry, grid).map(|(message, cure)| format!("{message}; {cure}"))
    }
}

fn cure(geometry: &SinogramGeometry, grid: &ImageGrid) -> String {
    let [x, y, z] = grid.voxel_mm;
    let planes = geometry.field_of_view().plane_distance_mm;
    let bins = match geometry.sampling {
        RadialSampling::ArcCorrected { bin_mm } => bin_mm,
        RadialSampling::Crystals => geometry.scanner.bin_size_mm,
    };
    if z < (1.0 - ROUNDING) * planes {
        return format!(
            "its planes are {planes} mm apart: take slices as thick, `voxel_mm = [{x}, {y}, {planes}]` in [image]"
        );
    }
    if x.min(y) < (1.0 - ROUNDING) * bins {
        return format!(
            "its radial bins are {bins} mm apart: take voxels as large, `voxel_mm = [{bins}, {bins}, {z}]` in [image]"
        );
    }
    "the factors of all lines through them are 0 (virtual crystals, gaps, dead blocks): larger voxels are seen, or a prior \
     fills them from their neighbours"
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scanner::{AxialCompression, Scanner, preset};

    fn geometry(max_ring_difference: usize) -> SinogramGeometry {
        let small = Scanner { rings: 5, ..preset("ecat-hr+").unwrap() };
        SinogramGeometry::new(small, AxialCompression::Span { span: 1, max_ring_difference }, 8, 0).unwrap()
    }

    fn unseen(max_ring_difference: usize, slices: usize, voxel_z: f64, widths: &Widths) -> (Unseen, Option<String>) {
        let (geometry, grid) =
            (geometry(max_ring_difference), ImageGrid::centred([40, 40, slices], [9.0, 9.0, voxel_z]));
        let found = Unseen::by_geometry(&geometry, &grid, widths);
        (found, found.warning(&geometry, &grid))
    }

    #[test]
    fn every_second_slice_of_direct_planes_is_unseen() {
        let none = Widths::default();
        let (found, warning) = unseen(0, 9, 2.425, &none);
        // Four slices between five planes; all 40² voxels of a slice lie in the field.
        assert_eq!(found, Unseen { voxels: 4 * 1600, of: 9 * 1600 });
        assert!(warning.unwrap().ends_with("`voxel_mm = [9, 9, 4.85]` in [image]"));
        assert_eq!(unseen(1, 9, 2.425, &none), (Unseen { voxels: 0, of: 9 * 1600 }, None));
        assert_eq!(unseen(0, 5, 4.85, &none).0.voxels, 0);
        // A resolution model that reaches over two slices tells of what lies between.
        assert_eq!(unseen(0, 9, 2.425, &Some([6.0; 3]).into()).0.voxels, 0);
    }

    #[test]
    fn what_lies_beyond_the_field_is_not_counted() {
        let beyond = unseen(0, 25, 4.85, &Widths::default());
        assert_eq!(beyond, (Unseen { voxels: 0, of: 5 * 1600 }, None));
        let (geometry, grid) = (geometry(0), ImageGrid::centred([3, 1, 1], [1000.0, 10.0, 4.85]));
        assert_eq!(Unseen::of(&[0.0; 3], &grid, &geometry.field_of_view()), Unseen { voxels: 1, of: 1 });
    }
}
