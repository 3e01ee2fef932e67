//! A voxel phantom of a brain, out of maps of grey and white matter: `cargo run --release --example brain_phantom --
//! GREY WHITE FOLDER`. The ICBM 152 average is in the Python package nilearn.
//!
//! Each voxel becomes what it most likely is, so that folds are sharp; around the brain lie liquor, bone and scalp. Into
//! the folder go `labels.nii.gz`, `t1.nii.gz`, what a magnetic resonance scanner shows (T1-weighted, 2 % noise), and
//! `brain.toml`, the phantom with the uptake of FDG.

use coincide::image::{Image, ImageUnit};
use coincide::io::{ImageOptions, Provenance, open_image, save_image};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::error::Error;
use std::path::Path;

/// Label, activity in Bq/mL, attenuation in 1/cm, brightness in the T1-weighted image.
const TISSUES: [(&str, f64, f64, f32); 5] = [
    ("scalp", 1000.0, 0.096, 0.8),
    ("bone", 400.0, 0.13, 0.15),
    ("liquor", 300.0, 0.096, 0.25),
    ("grey matter", 8000.0, 0.096, 0.65),
    ("white matter", 2000.0, 0.096, 1.0),
];
/// Half axes in mm of scalp, bone and liquor.
const SHELLS_MM: [[f64; 3]; 3] = [[84.0, 103.0, 98.0], [78.0, 97.0, 92.0], [73.0, 91.0, 86.0]];
const NOISE: f32 = 0.02;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [grey, white, folder] = arguments.as_slice() else {
        return Err("usage: brain_phantom GREY WHITE FOLDER".into());
    };
    let options = ImageOptions { unit: Some(ImageUnit::CountsPerMm), ..ImageOptions::default() };
    let [grey, white] = [open_image(grey.as_ref(), &options)?.image, open_image(white.as_ref(), &options)?.image];
    if !grey.grid.matches(&white.grid) {
        return Err(format!("grey matter is on {}, white matter on {}", grey.grid, white.grid).into());
    }
    let middle = middle_of_mass(&grey, &white);
    let full = grey.values.iter().chain(&white.values).copied().fold(0.0, f32::max);
    let [_, ny, nz] = grey.grid.shape;
    let label = |voxel: usize| {
        let [grey_share, white_share] = [grey.values[voxel] / full, white.values[voxel] / full];
        if grey_share + white_share > 0.5 {
            return if grey_share > white_share { 4 } else { 5 };
        }
        let at = grey.grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
        let within = |half: &[f64; 3]| (0..3).map(|a| ((at[a] - middle[a]) / half[a]).powi(2)).sum::<f64>() <= 1.0;
        SHELLS_MM.iter().filter(|half| within(half)).count()
    };
    let labels: Vec<usize> = (0..grey.grid.voxels()).map(label).collect();
    let mut random = Pcg64::seed_from_u64(1);
    let mut noise = || NOISE * (0..12).map(|_| random.random_range(-0.5..0.5_f32)).sum::<f32>();
    let t1 = labels.iter().map(|&label| if label == 0 { 0.0 } else { TISSUES[label - 1].3 + noise() });
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    let write = |name: &str, values: Vec<f32>| {
        // The middle of the brain lies in the middle of the scanner.
        let mut grid = grey.grid;
        (0..3).for_each(|axis| grid.origin_mm[axis] -= middle[axis]);
        let image = Image { grid, unit: ImageUnit::CountsPerMm, values };
        save_image(&folder.join(name), true, &image, &Provenance::default()).map(|_| ())
    };
    write("t1.nii.gz", t1.collect())?;
    write("labels.nii.gz", labels.iter().map(|&label| label as f32).collect())?;
    std::fs::write(folder.join("brain.toml"), phantom())?;
    println!("{}", folder.join("brain.toml").display());
    Ok(())
}

fn middle_of_mass(grey: &Image, white: &Image) -> [f64; 3] {
    let [_, ny, nz] = grey.grid.shape;
    let (mut sum, mut mass) = ([0.0; 3], 0.0);
    for voxel in 0..grey.grid.voxels() {
        let share = f64::from(grey.values[voxel] + white.values[voxel]);
        let at = grey.grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
        (0..3).for_each(|axis| sum[axis] += share * at[axis]);
        mass += share;
    }
    sum.map(|sum| (sum / mass).round())
}

fn phantom() -> String {
    let tissue = |(index, (name, activity, attenuation, _)): (usize, &(&str, f64, f64, f32))| {
        let label = index + 1;
        format!(
            "    {{ label = {label}, activity_bq_per_ml = {activity:?}, attenuation_per_cm = {attenuation:?}, region = \"{name}\" }},\n"
        )
    };
    let tissues: String = TISSUES.iter().enumerate().map(tissue).collect();
    format!(
        "name = \"brain\"\ndescription = \"A brain with the uptake of FDG, folds made sharp\"\n\
         citation = \"Tissue maps of the ICBM 152 average (Fonov et al. 2011, NeuroImage 54:313)\"\n\n\
         [voxels]\nlabels = \"labels.nii.gz\"\nanatomical = \"t1.nii.gz\"\ntissues = [\n{tissues}]\n"
    )
}
