//! What an image makes of a lesion, and what it shows where there is none.

use super::ball::Ball;
use super::{Better, Family, Figure, Scope, Unit, Use};
use crate::image::ImageGrid;
use rayon::prelude::*;

/// Found on scans with added lesions.
pub(super) static LESION: Family =
    Family { figures: &[&TRANSMISSION, &ERASED, &FLAGGED, &ERASED_UNFLAGGED], score: None };
/// Found on the same scans without lesions.
pub(super) static SPOTS: Family = Family { figures: &[&FALSE_SPOTS], score: None };

/// [`transmission`].
pub static TRANSMISSION: Figure = Figure {
    id: "lesion.*.transmission",
    title: "comes through",
    unit: Unit::Fraction,
    better: Better::Nearer(1.0),
    scope: Scope::Lesions,
    definition: "⟨image with − image without, lesion⟩ / ⟨lesion at the scanner's resolution, lesion⟩: 1 is all of it; mean over sites, then realisations",
    source: "",
    uses: &[Use::Column("", "comes through")],
};

/// Share of the lesions of which less than half comes through.
pub static ERASED: Figure = Figure {
    id: "lesion.*.erased",
    title: "erased",
    unit: Unit::Fraction,
    better: Better::Lower,
    scope: Scope::Lesions,
    definition: "share of lesions of which less than half comes through; a heavy filter erases, too",
    source: "",
    uses: &[Use::Column("", "erased")],
};

/// Share of the lesions that the sentinel flags.
pub static FLAGGED: Figure = Figure {
    id: "lesion.*.flagged",
    title: "flagged",
    unit: Unit::Fraction,
    better: Better::Neither,
    scope: Scope::Lesions,
    definition: "share in which the sentinel says that activity is missing; of a run (`lesion.N.flagged`) whether it says so of lesion N",
    source: "",
    uses: &[Use::Column("", "flagged")],
};

/// Share of the lesions that are erased and not flagged.
pub static ERASED_UNFLAGGED: Figure = Figure {
    id: "lesion.*.erased_unflagged",
    title: "erased, not flagged",
    unit: Unit::Fraction,
    better: Better::Lower,
    scope: Scope::Lesions,
    definition: "share that was erased without its saying so",
    source: "",
    uses: &[Use::Column("", "erased, not flagged")],
};

/// Spots of a scan without lesions, see [`SpotSearch`].
pub static FALSE_SPOTS: Figure = Figure {
    id: "lesion.*.false_spots",
    title: "false spots",
    unit: Unit::One,
    better: Better::Lower,
    scope: Scope::Lesions,
    definition: "where 80 % of the lesions would be called, so many spots of a scan without lesions would be, too",
    source: "",
    uses: &[Use::Column("", "false spots")],
};

/// How much of a lesion comes through, ⟨x₁ − x₀, m⟩ / ⟨d, m⟩: x₁ and x₀ are the images with and without it, of the same
/// noise, m its mask, d what an image of the scanner's resolution would show of it. 1 is all of it, 0 nothing.
pub fn transmission(with: &[f32], without: &[f32], mask: &[f32], lesion: &[f32]) -> f64 {
    let (mut found, mut expected) = (0.0, 0.0);
    for (voxel, &m) in mask.iter().enumerate().filter(|(_, m)| **m > 0.0) {
        found += f64::from(m) * f64::from(with[voxel] - without[voxel]);
        expected += f64::from(m) * f64::from(lesion[voxel]);
    }
    found / expected
}

/// Wilson's interval of 95 % of a share of `count`, of which `hits` were seen (Wilson 1927, J. Am. Stat. Assoc. 22,
/// 209–212).
pub fn wilson(hits: usize, count: usize) -> [f64; 2] {
    const Z: f64 = 1.959_964;
    let (n, share) = (count as f64, hits as f64 / count as f64);
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    [(middle - half).max(0.0), (middle + half).min(1.0)]
}

/// Looks for bright balls of a lesion's size in what an image shows beyond the expected one.
pub struct SpotSearch {
    ball: Ball,
    apart: Ball,
    /// Where it looks.
    inside: Vec<bool>,
}

impl SpotSearch {
    /// A search for lesions of a diameter; two spots lie at least that far apart.
    pub fn new(grid: &ImageGrid, diameter_mm: f64, inside: Vec<bool>) -> Self {
        Self { ball: Ball::new(grid, 0.5 * diameter_mm), apart: Ball::new(grid, diameter_mm), inside }
    }

    /// The mean over a ball around every voxel where it looks, −∞ elsewhere.
    pub fn responses(&self, excess: &[f32]) -> Vec<f64> {
        let response =
            |voxel: usize| if self.inside[voxel] { self.ball.mean(excess, voxel) } else { f64::NEG_INFINITY };
        (0..excess.len()).into_par_iter().map(response).collect()
    }

    /// The largest mean over a ball whose centre lies within a ball around a place.
    pub fn near(&self, excess: &[f32], voxel: usize) -> f64 {
        self.ball.around(voxel).map(|near| self.ball.mean(excess, near)).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The strongest responses, each the largest one around it, above a threshold.
    pub fn spots(&self, responses: &[f64], threshold: f64) -> usize {
        let candidates = (0..responses.len()).into_par_iter().filter(|&voxel| responses[voxel] > threshold);
        // Of two equal ones the first counts.
        let is_largest = |voxel: &usize| {
            self.apart.around(*voxel).all(|near| {
                responses[near] < responses[*voxel] || responses[near] == responses[*voxel] && near >= *voxel
            })
        };
        candidates.filter(is_largest).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_lesion_comes_through() {
        let (mask, lesion) = ([0.0, 1.0, 0.5], [9.0, 4.0, 2.0]);
        assert_eq!(transmission(&[7.0, 3.0, 3.0], &[0.0, 1.0, 2.0], &mask, &lesion), 0.5);
    }

    /// 5 of 20: 0.112 to 0.469.
    #[test]
    fn intervals_of_shares() {
        let [low, high] = wilson(5, 20);
        assert!((low - 0.1119).abs() < 1e-4 && (high - 0.4687).abs() < 1e-4, "{low} {high}");
        assert_eq!(wilson(0, 10)[0], 0.0);
        assert!((wilson(0, 10)[1] - 0.2775).abs() < 1e-4 && (wilson(10, 10)[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn two_spots_in_what_is_searched_and_one_outside() {
        let grid = ImageGrid::centred([20, 20, 10], [4.0; 3]);
        let mut excess = vec![0.0_f32; grid.voxels()];
        for (at, value) in [([5, 5, 5], 10.0), ([6, 5, 5], 9.0), ([14, 10, 4], 8.0), ([2, 15, 5], 20.0)] {
            excess[grid.index(at)] = value;
        }
        let inside = (0..grid.voxels()).map(|voxel| voxel / 10 % 20 < 13).collect();
        let search = SpotSearch::new(&grid, 8.0, inside);
        let responses = search.responses(&excess);
        // A ball of radius 4 mm holds a voxel and its six neighbours.
        assert!((responses[grid.index([5, 5, 5])] - 19.0 / 7.0).abs() < 1e-6);
        assert_eq!(search.spots(&responses, 1.0), 2);
        assert_eq!(search.spots(&responses, 2.0), 1);
        assert_eq!(search.near(&excess, grid.index([13, 10, 4])), search.ball.mean(&excess, grid.index([14, 10, 4])));
    }
}
