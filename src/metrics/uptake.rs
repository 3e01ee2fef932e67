//! Uptake of a lesion: maximum, peak, and what lies above a share of the maximum.
//!
//! Peak: mean of a sphere of 1 cm³ (radius 6.2035 mm), all voxels whose centre lies inside it, also those beyond the
//! region; *local* around the hottest voxel, *global* around that voxel of the region where it is largest (IBSI,
//! Zwanenburg et al. 2020, Radiology 295, 328–338; reference manual, arXiv 1612.07003, features VJGA and 0F91). Volume
//! and total: the voxels of the region above a share of its maximum (41 % in Boellaard et al. 2015, Eur. J. Nucl. Med.
//! Mol. Imaging 42, 328–354); total = volume × their mean. In units of SUV these are SUVmax, SUVpeak, MTV and TLG.

use super::ball::Ball;
use super::{Better, Family, Figure, Reference, Scope, Score, Scores, Unit, Use};
use crate::image::Image;
use serde::Serialize;

pub(super) static UPTAKE: Family = Family { figures: &[&MAX, &PEAK, &VOLUME, &TOTAL], score: Some(score) };
/// What they are called in units of SUV, told where weight and injected activity are known.
pub(super) static SUV: Family = Family { figures: &[&SUV_MAX, &SUV_PEAK, &SUV_MEAN, &MTV, &TLG], score: None };

/// The largest voxel of a region of up to 200 mL.
pub static MAX: Figure = Figure {
    id: "*.max",
    title: "maximum",
    unit: Unit::Activity,
    better: Better::Neither,
    scope: Scope::Region,
    definition: "the largest voxel of a region of up to 200 mL",
    source: "",
    uses: &[Use::Suv(&SUV_MAX)],
};

/// The largest mean of a sphere of 1 cm³ around a voxel of that region: the global intensity peak of IBSI.
pub static PEAK: Figure = Figure {
    id: "*.peak",
    title: "peak",
    unit: Unit::Activity,
    better: Better::Neither,
    scope: Scope::Region,
    definition: "the largest mean of a sphere of 1 cm³ around a voxel of that region: the global intensity peak of IBSI",
    source: "Zwanenburg et al. 2020",
    uses: &[Use::Suv(&SUV_PEAK)],
};

/// Volume of the voxels of that region above 41 % of its maximum.
pub static VOLUME: Figure = Figure {
    id: "*.volume_ml",
    title: "volume",
    unit: Unit::Millilitre,
    better: Better::Neither,
    scope: Scope::Region,
    definition: "volume of the voxels of that region above 41 % of its maximum",
    source: "Boellaard et al. 2015",
    uses: &[Use::Suv(&MTV)],
};

/// That volume times the mean of its voxels.
pub static TOTAL: Figure = Figure {
    id: "*.total",
    title: "total",
    unit: Unit::Total,
    better: Better::Neither,
    scope: Scope::Region,
    definition: "that volume times the mean of its voxels",
    source: "Boellaard et al. 2015",
    uses: &[Use::Suv(&TLG)],
};

/// `.max` as a standardised uptake value.
pub static SUV_MAX: Figure = Figure {
    id: "*.suv_max",
    title: "SUVmax",
    unit: Unit::Suv,
    better: Better::Neither,
    scope: Scope::Region,
    definition: "`.max` as a standardised uptake value",
    source: "",
    uses: &[],
};

/// `.peak` as a standardised uptake value.
pub static SUV_PEAK: Figure = Figure {
    id: "*.suv_peak",
    title: "SUVpeak",
    unit: Unit::Suv,
    better: Better::Neither,
    scope: Scope::Region,
    definition: "`.peak` as a standardised uptake value",
    source: "",
    uses: &[],
};

/// `.mean` as a standardised uptake value.
pub static SUV_MEAN: Figure = Figure {
    id: "*.suv_mean",
    title: "SUVmean",
    unit: Unit::Suv,
    better: Better::Neither,
    scope: Scope::Region,
    definition: "`.mean` as a standardised uptake value",
    source: "",
    uses: &[],
};

/// `.volume_ml` by its other name.
pub static MTV: Figure = Figure {
    id: "*.mtv_ml",
    title: "metabolic tumour volume",
    unit: Unit::Millilitre,
    better: Better::Neither,
    scope: Scope::Region,
    definition: "`.volume_ml` by its other name",
    source: "",
    uses: &[],
};

/// `.total` as a standardised uptake value; a millilitre weighs a gram.
pub static TLG: Figure = Figure {
    id: "*.tlg",
    title: "total lesion glycolysis",
    unit: Unit::SuvMillilitre,
    better: Better::Neither,
    scope: Scope::Region,
    definition: "`.total` as a standardised uptake value; a millilitre weighs a gram",
    source: "",
    uses: &[],
};

/// Regions up to this size have a maximum and a peak.
const LARGEST_LESION_ML: f64 = 200.0;

fn score(image: &Image, reference: &Reference, scores: &mut Scores) {
    for (region, mask) in &reference.regions {
        let volume_ml = mask.iter().map(|&share| f64::from(share)).sum::<f64>() * image.grid.voxel_ml();
        let lesion = (volume_ml < LARGEST_LESION_ML).then(|| uptake(image, mask, LESION_SHARE));
        if let Some(lesion) = lesion.flatten() {
            scores.add_of(&MAX, region, lesion.max);
            scores.add_of(&PEAK, region, lesion.global_peak);
            scores.add_of(&VOLUME, region, lesion.volume_ml);
            scores.add_of(&TOTAL, region, lesion.total);
        }
    }
}

impl Scores {
    /// The figures that have a name in units of SUV, under that name; `suv` is the SUV of 1 Bq/mL.
    pub fn as_suv(&self, suv: f64) -> Self {
        let of_figure = |score: &Score| {
            let figure =
                score.figure.uses.iter().find_map(|one| if let Use::Suv(own) = one { Some(*own) } else { None })?;
            let factor = if score.figure.unit == Unit::Millilitre { 1.0 } else { suv };
            Some(Score { figure, value: factor * score.value, ..score.clone() })
        };
        self.iter().filter_map(of_figure).collect()
    }
}

/// Radius of a sphere of 1 cm³.
const PEAK_RADIUS_MM: f64 = 6.203_504_9;

/// Share of the maximum above which a voxel belongs to the lesion.
pub const LESION_SHARE: f64 = 0.41;

/// Uptake in a region, in the unit of the image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Uptake {
    /// Largest value.
    pub max: f64,
    /// Mean of the sphere around the hottest voxel; of several, the largest.
    pub local_peak: f64,
    /// The largest mean of a sphere around any voxel of the region.
    pub global_peak: f64,
    /// Volume above the share of the maximum, in mL.
    pub volume_ml: f64,
    /// That volume times its mean.
    pub total: f64,
}

/// The uptake of the voxels that lie at least half inside the region; `None` where there are none.
pub fn uptake(image: &Image, mask: &[f32], share: f64) -> Option<Uptake> {
    assert_eq!(image.values.len(), mask.len(), "mask and image differ in size");
    let inside: Vec<usize> = (0..mask.len()).filter(|&voxel| mask[voxel] >= 0.5).collect();
    let max = inside.iter().map(|&voxel| image.values[voxel]).max_by(f32::total_cmp)?;
    let sphere = Ball::new(&image.grid, PEAK_RADIUS_MM);
    let peaks: Vec<(f32, f64)> =
        inside.iter().map(|&voxel| (image.values[voxel], sphere.mean(&image.values, voxel))).collect();
    let largest = |peaks: &mut dyn Iterator<Item = f64>| peaks.fold(f64::NEG_INFINITY, f64::max);
    let above = inside.iter().map(|&voxel| f64::from(image.values[voxel])).filter(|x| *x >= share * f64::from(max));
    let (sum, count) = above.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    Some(Uptake {
        max: max.into(),
        local_peak: largest(&mut peaks.iter().filter(|(value, _)| *value == max).map(|(_, peak)| *peak)),
        global_peak: largest(&mut peaks.iter().map(|(_, peak)| *peak)),
        volume_ml: count * image.grid.voxel_ml(),
        total: sum * image.grid.voxel_ml(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::NRMSE;
    use super::super::region::MEAN;
    use super::*;
    use crate::image::{ImageGrid, ImageUnit};

    /// SUV 1 is 2500 Bq/mL.
    #[test]
    fn figures_of_regions_have_names_in_units_of_suv() {
        let mut scores = Scores::default();
        scores.add_of(&MEAN, "liver", 2500.0);
        scores.add_of(&MAX, "lesion", 10_000.0);
        scores.add_of(&VOLUME, "lesion", 4.0);
        scores.add_of(&TOTAL, "lesion", 30_000.0);
        scores.add(&NRMSE, 0.1);
        let suv = scores.as_suv(1.0 / 2500.0);
        let found: Vec<_> = suv.by_name().into_iter().map(|(name, score)| (name, score.value)).collect();
        let expected = [("lesion.mtv_ml", 4.0), ("lesion.suv_max", 4.0), ("lesion.tlg", 12.0), ("liver.suv_mean", 1.0)];
        assert!(found.len() == 4, "{found:?}");
        let same = |(a, b): (&(String, f64), &(&str, f64))| a.0 == b.0 && (a.1 - b.1).abs() < 1e-12;
        assert!(found.iter().zip(&expected).all(same), "{found:?}");
    }

    /// The digital phantom of IBSI 1 (github.com/theibsi/data_sets, CC BY 4.0), x fastest, 5 × 4 × 4 voxels of 2 mm.
    const PHANTOM: [u8; 80] = [
        1, 4, 4, 1, 1, 1, 4, 6, 1, 1, 4, 1, 6, 4, 1, 4, 4, 6, 4, 1, 1, 4, 4, 1, 1, 1, 1, 6, 1, 1, 1, 1, 3, 1, 1, 4, 4,
        6, 1, 1, 1, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9, 1, 1, 1, 1, 6, 1, 1, 1, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 6, 1, 1,
    ];
    /// Voxels outside of its region.
    const OUTSIDE: [usize; 6] = [30, 43, 44, 52, 63, 64];

    /// Reference values of IBSI 1: local peak 2.6, global peak 3.1, mean 2.15, maximum 6, approximate volume 592 mm³.
    #[test]
    fn the_digital_phantom_of_ibsi() {
        let grid = ImageGrid::centred([5, 4, 4], [2.0; 3]);
        let mut image = Image::uniform(grid, ImageUnit::BecquerelPerMl, 0.0);
        let mut mask = vec![1.0; 80];
        for (n, value) in PHANTOM.iter().enumerate() {
            let voxel = grid.index([n % 5, n / 5 % 4, n / 20]);
            image.values[voxel] = f32::from(*value);
            mask[voxel] = if OUTSIDE.contains(&n) { 0.0 } else { 1.0 };
        }
        let found = uptake(&image, &mask, 0.0).unwrap();
        assert_eq!(found.max, 6.0);
        assert!((found.local_peak - 2.6).abs() < 0.05 && (found.global_peak - 3.1).abs() < 0.05, "{found:?}");
        assert!((found.volume_ml - 0.592).abs() < 1e-9 && (found.total / found.volume_ml - 2.15).abs() < 0.005);
        // Above 41 % of 6: the sixteen voxels of 4, seven of 6 and the one of 3.
        let lesion = uptake(&image, &mask, LESION_SHARE).unwrap();
        assert!((lesion.volume_ml - 24.0 * 0.008).abs() < 1e-9, "{lesion:?}");
        assert_eq!(uptake(&image, &[0.0; 80], 0.41), None);
    }
}
