//! What stands in the way of a simulated scan.

use crate::scanner::GeometryError;

/// A scan that cannot be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// Background shares must leave room for true coincidences.
    #[error(
        "`randoms_fraction` {randoms} and `scatter_fraction` {scatter} leave no true coincidences; their sum must be below 1"
    )]
    Fractions {
        /// Randoms over prompts.
        randoms: f64,
        /// Scatter over prompts.
        scatter: f64,
    },
    /// The scanner of a training case is impossible.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// Lines per bin.
    #[error("`sub_lines` is {found}, expected 1 to 1024")]
    SubLines {
        /// What was found.
        found: usize,
    },
    /// At least one measurement is made.
    #[error("`dose_levels` is empty, expected at least one share of the full scan, such as [1.0]")]
    NoDoseLevel,
    /// Singles are those of a known activity.
    #[error("`singles` needs the phantom's own activity: give `counts.scan` instead of `counts.total-prompts`")]
    SinglesOfNothing,
    /// Randoms come from singles or are a share.
    #[error("randoms are given twice: keep `singles` or `randoms_fraction`")]
    RandomsTwice,
    /// Dead time belongs to blocks.
    #[error(
        "`dead_time_us` needs a scanner of blocks: give it `crystals_per_block` and `rings_per_block`, or set the dead time to 0"
    )]
    NoBlocks,
    /// Crystal efficiencies belong to crystals.
    #[error(
        "`efficiency_sigma` and `dead_time_us` need bins that are crystal pairs, but the sinogram is arc-corrected; set them to 0 or use crystal sampling"
    )]
    NotCrystals,
    /// Nothing of the phantom's activity is seen.
    #[error(
        "no line of scanner {scanner} meets activity of phantom {phantom}; is the phantom inside of the field of view?"
    )]
    NoActivity {
        /// Name of the scanner.
        scanner: String,
        /// Name of the phantom.
        phantom: String,
    },
    /// A lesion must add activity.
    #[error(
        "the lesion at {centre_mm} mm adds no activity: its contrast is {contrast} in tissue of {tissue} Bq/mL; expected a contrast above 1 and a centre inside active tissue"
    )]
    Lesion {
        /// Its centre.
        centre_mm: String,
        /// Its contrast.
        contrast: String,
        /// Activity of the phantom there.
        tissue: f64,
    },
    /// Lesions must lie apart.
    #[error("the lesions at {one} mm and {other} mm overlap; move them apart")]
    Overlap {
        /// Centre of one.
        one: String,
        /// Centre of the other.
        other: String,
    },
    /// A bin whose expected counts are no mean of a Poisson distribution.
    #[error(
        "bin [view, radial, tof, plane] {bin} cannot be counted: its expected counts are not finite or above 1.8e19; ask for fewer counts"
    )]
    Uncountable {
        /// The bin.
        bin: String,
    },
    /// Data that are no counts.
    #[error(
        "bin [view, radial, tof, plane] {bin} holds {found}, which is no whole number, and only counts can be shared out at random: use prompts as they were counted, with corrections as factors and background, or do without `sentinel.held_out` and `beta = \"auto\"`"
    )]
    NotCounts {
        /// The bin.
        bin: String,
        /// What it holds.
        found: f32,
    },
    /// The sinogram does not fit into memory.
    #[error(
        "a sinogram of {bins} bins needs {gigabytes:.1} GB per array, more than this machine gives; mash views or TOF bins, or raise the span"
    )]
    Memory {
        /// Number of bins.
        bins: usize,
        /// Size of one array.
        gigabytes: f64,
    },
}
