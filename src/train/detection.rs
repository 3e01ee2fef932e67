//! The detection term of a loss: what an observer who knows a lesion sees of it in the images that a network makes.
//!
//! A body gives four scans: of the noises a and b, each without (0) and with its lesions (1). At a lesion with the
//! added activity h at the target's resolution, its template u = h − G h (G a Gaussian of 20 mm FWHM), and its mask m,
//!
//!   r_nk = ⟨u, z_nk⟩ / d,                             d = ½ Σ_n ⟨u, lo_n1 − lo_n0⟩
//!   V = Σ w ½ [(r_a0 − r_b0)² + (r_a1 − r_b1)²],     G = Σ w ½ [(r_a1 − r_a0) + (r_b1 − r_b0)]
//!   T = Σ_n ⟨m, z_n1 − z_n0⟩ / Σ_n ⟨m, x_n1 − x_n0⟩
//!   D = ln V − 2 ln G + 3 mean max(0, floor − T)²
//!
//! with z the network's images, lo those that are weakly regularised, x those of the relative difference prior, and
//! weights w ∝ 1 / (v + median v), Σ w = 1, where v is a lesion's own part of V in lo. G² / V is the squared SNR of an
//! observer that is taken for all lesions together, up to a factor; the last term asks that no less of a lesion comes
//! through than some share of what does with the relative difference prior. A term that keeps what can be detected:
//! Lantz et al. 2024 (arXiv 2402.10010), Li, Li & Anastasio 2022 (SPIE 12031).

use super::TrainError;

/// What the term asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// Weight beside the NRMSE.
    pub weight: f64,
    /// Least T that costs nothing.
    pub floor: f64,
}

/// Noises a and b, each without and with lesions.
pub const SCANS: usize = 4;
/// Weight of the last term.
const FLOOR_WEIGHT: f64 = 3.0;
/// A lesion of which the weakly regularised image shows less than this share of ⟨u, u⟩ teaches nothing.
pub const LEAST_SHOWN: f64 = 0.1;

/// The scans of a body: a0, a1, b0, b1.
pub type Four<T> = [T; SCANS];

/// What an observer looks for, on the voxels around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The voxels that it covers.
    pub voxels: Vec<u32>,
    /// u
    pub template: Vec<f32>,
    /// m
    pub mask: Vec<f32>,
    /// d
    pub shown: f64,
    /// Σ_n ⟨m, x_n1 − x_n0⟩
    pub through: f64,
    /// v
    pub variance: f64,
}

/// What images show of a lesion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// r_nk
    pub responses: Four<f64>,
    /// T
    pub through: f64,
    /// v
    pub variance: f64,
}

/// ∂D/∂r_nk and ∂D/∂T of a lesion.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slopes {
    /// ∂D/∂r_nk
    pub responses: Four<f64>,
    /// ∂D/∂T
    pub through: f64,
}

impl Template {
    /// The lesion whose added activity is `added`, as the weakly regularised images `lo` and those of the relative
    /// difference prior show it; `None` where they show next to nothing of it.
    pub fn new((template, mask): (&[f32], &[f32]), lo: Four<&[f32]>, prior: Four<&[f32]>) -> Option<Self> {
        let covered: Vec<usize> =
            (0..mask.len()).filter(|&voxel| template[voxel] != 0.0 || mask[voxel] > 0.0).collect();
        let voxels = covered.iter().map(|&voxel| voxel as u32).collect();
        let [template, mask] =
            [template, mask].map(|image| covered.iter().map(|&voxel| image[voxel]).collect::<Vec<f32>>());
        let mut new = Self { voxels, template, mask, shown: 1.0, through: 1.0, variance: 0.0 };
        let square: f64 = new.template.iter().map(|&u| f64::from(u).powi(2)).sum();
        let [a0, a1, b0, b1] = lo.map(|image| new.along(&new.template, image));
        new.shown = 0.5 * (a1 - a0 + b1 - b0);
        let [c0, c1, e0, e1] = prior.map(|image| new.along(&new.mask, image));
        new.through = c1 - c0 + e1 - e0;
        new.variance = variance([a0, a1, b0, b1].map(|response| response / new.shown));
        (new.shown > LEAST_SHOWN * square && new.through > 0.0).then_some(new)
    }

    fn along(&self, of: &[f32], image: &[f32]) -> f64 {
        self.voxels.iter().zip(of).map(|(&voxel, &u)| f64::from(u) * f64::from(image[voxel as usize])).sum()
    }

    /// What images show of it.
    pub fn observed(&self, images: Four<&[f32]>) -> Observed {
        let responses = images.map(|image| self.along(&self.template, image) / self.shown);
        let [a0, a1, b0, b1] = images.map(|image| self.along(&self.mask, image));
        Observed { responses, through: (a1 - a0 + b1 - b0) / self.through, variance: self.variance }
    }

    /// Adds `times` the slope by scan `scan`'s image.
    pub fn pull_back(&self, slopes: &Slopes, times: f64, scan: usize, image: &mut [f32]) {
        let by_template = times * slopes.responses[scan] / self.shown;
        let sign = if scan % 2 == 1 { 1.0 } else { -1.0 };
        let by_mask = times * sign * slopes.through / self.through;
        for ((&voxel, &u), &m) in self.voxels.iter().zip(&self.template).zip(&self.mask) {
            image[voxel as usize] += (by_template * f64::from(u) + by_mask * f64::from(m)) as f32;
        }
    }
}

/// A lesion's part of V.
fn variance([a0, a1, b0, b1]: Four<f64>) -> f64 {
    0.5 * ((a0 - b0).powi(2) + (a1 - b1).powi(2))
}

/// Sums over some lesions.
struct Sums {
    /// w
    weights: Vec<f64>,
    /// V
    spread: f64,
    /// G
    gain: f64,
}

impl Sums {
    fn of(lesions: &[Observed]) -> Self {
        let weights = weights(lesions);
        let (mut spread, mut gain) = (0.0, 0.0);
        for (lesion, weight) in lesions.iter().zip(&weights) {
            let [a0, a1, b0, b1] = lesion.responses;
            spread += weight * variance(lesion.responses);
            gain += weight * 0.5 * (a1 - a0 + b1 - b0);
        }
        Self { weights, spread, gain }
    }
}

/// G / √V of some lesions: the SNR of an observer of all of them, up to a factor.
pub fn observer_snr(lesions: &[Observed]) -> f64 {
    let Sums { spread, gain, .. } = Sums::of(lesions);
    gain / spread.sqrt()
}

/// D of some lesions, whose T shall be `least` or more, and its slopes. Lesions of several bodies belong together: the
/// logarithms of few are noise.
pub fn detection(lesions: &[Observed], least: f64) -> Result<(f64, Vec<Slopes>), TrainError> {
    let Sums { weights, spread, gain } = Sums::of(lesions);
    if !(gain > 0.0 && spread > 0.0) {
        return Err(TrainError::NoLesions { gain });
    }
    let count = lesions.len() as f64;
    let lacking = |lesion: &Observed| (least - lesion.through).max(0.0);
    let floor = FLOOR_WEIGHT * lesions.iter().map(|lesion| lacking(lesion).powi(2)).sum::<f64>() / count;
    let slopes = lesions.iter().zip(&weights).map(|(lesion, weight)| {
        let [a0, a1, b0, b1] = lesion.responses;
        let [without, with] = [(a0 - b0) / spread, (a1 - b1) / spread];
        let by_gain = 1.0 / gain;
        let responses = [without + by_gain, with - by_gain, by_gain - without, -with - by_gain];
        Slopes {
            responses: responses.map(|slope| weight * slope),
            through: -2.0 * FLOOR_WEIGHT * lacking(lesion) / count,
        }
    });
    Ok((spread.ln() - 2.0 * gain.ln() + floor, slopes.collect()))
}

/// w ∝ 1 / (v + median v)
fn weights(lesions: &[Observed]) -> Vec<f64> {
    let mut sorted: Vec<f64> = lesions.iter().map(|lesion| lesion.variance).collect();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0).max(f64::MIN_POSITIVE);
    let raw: Vec<f64> = lesions.iter().map(|lesion| 1.0 / (lesion.variance + median)).collect();
    let sum: f64 = raw.iter().sum();
    raw.into_iter().map(|weight| weight / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::{Purpose, stream};
    use rand::RngExt;

    /// Random images of 60 voxels with two lesions each.
    fn scene() -> (Vec<Template>, Four<Vec<f32>>) {
        let random = &mut stream(3, Purpose::Anatomy, 0);
        let mut image = |level: f32| -> Vec<f32> { (0..60).map(|_| level + random.random_range(-0.3..0.3)).collect() };
        let lesion = |from: usize, value: f32| -> Vec<f32> {
            (0..60).map(|voxel| if (from..from + 6).contains(&voxel) { value } else { 0.0 }).collect()
        };
        let shapes = [lesion(5, 1.0), lesion(40, 2.0)];
        let both: Vec<f32> = shapes[0].iter().zip(&shapes[1]).map(|(a, b)| a + b).collect();
        let mut four = |gain: f32| -> Four<Vec<f32>> {
            let (a, b) = (image(1.0), image(1.0));
            let with = |x: &[f32]| x.iter().zip(&both).map(|(x, h)| x + gain * h).collect::<Vec<f32>>();
            [a.clone(), with(&a), b.clone(), with(&b)]
        };
        let (lo, prior, images) = (four(0.9), four(0.7), four(0.5));
        let refs = |four: &Four<Vec<f32>>| -> Four<Vec<f32>> { four.clone() };
        let (lo, prior) = (refs(&lo), refs(&prior));
        let templates = shapes.iter().map(|shape| {
            let mask: Vec<f32> = shape.iter().map(|h| f32::from(*h > 0.0)).collect();
            let template: Vec<f32> = shape.iter().map(|h| h - 0.05).collect();
            Template::new((&template, &mask), lo.each_ref().map(|x| &x[..]), prior.each_ref().map(|x| &x[..])).unwrap()
        });
        (templates.collect(), images)
    }

    const FLOOR: f64 = 0.9;

    fn value(templates: &[Template], images: &Four<Vec<f32>>) -> f64 {
        let seen: Vec<_> = templates.iter().map(|t| t.observed(images.each_ref().map(|x| &x[..]))).collect();
        detection(&seen, FLOOR).unwrap().0
    }

    #[test]
    fn slopes_are_those_of_central_differences() {
        let (templates, mut images) = scene();
        let seen: Vec<_> = templates.iter().map(|t| t.observed(images.each_ref().map(|x| &x[..]))).collect();
        assert!(seen.iter().all(|lesion| lesion.through < FLOOR), "the floor is asked for: {seen:?}");
        let slopes = detection(&seen, FLOOR).unwrap().1;
        for scan in 0..SCANS {
            let mut slope = vec![0.0; 60];
            templates.iter().zip(&slopes).for_each(|(t, own)| t.pull_back(own, 1.0, scan, &mut slope));
            for voxel in [3, 6, 10, 20, 42, 45] {
                let (step, before) = (1e-2_f32, images[scan][voxel]);
                images[scan][voxel] = before + step;
                let above = value(&templates, &images);
                images[scan][voxel] = before - step;
                let below = value(&templates, &images);
                images[scan][voxel] = before;
                let expected = (above - below) / (2.0 * f64::from(step));
                let found = f64::from(slope[voxel]);
                assert!(
                    (found - expected).abs() < 2e-3 * expected.abs().max(0.05),
                    "{scan} {voxel}: {found} {expected}"
                );
            }
        }
    }

    /// Neither a factor on the image nor a constant that all scans share changes what can be detected.
    #[test]
    fn what_cannot_help_an_observer_does_not_count() {
        let (templates, images) = scene();
        let through_all = |images: &Four<Vec<f32>>| {
            let seen = templates.iter().map(|t| t.observed(images.each_ref().map(|x| &x[..])));
            seen.map(|lesion| Observed { through: 1.0, ..lesion }).collect::<Vec<_>>()
        };
        let at = |images: &Four<Vec<f32>>| detection(&through_all(images), FLOOR).unwrap().0;
        let scaled = images.clone().map(|x| x.into_iter().map(|x| 1.7 * x).collect::<Vec<f32>>());
        let shifted = images.clone().map(|x| x.into_iter().map(|x| x + 0.4).collect::<Vec<f32>>());
        assert!((at(&scaled) - at(&images)).abs() < 1e-5 && (at(&shifted) - at(&images)).abs() < 1e-5);
        // Less noise in the same lesions counts, by as much as it lowers ln V.
        let quiet: Four<Vec<f32>> = {
            let mean = |p: usize, q: usize| -> Vec<f32> {
                images[p].iter().zip(&images[q]).map(|(a, b)| 0.75 * a + 0.25 * b).collect()
            };
            [mean(0, 2), mean(1, 3), mean(2, 0), mean(3, 1)]
        };
        assert!((at(&images) - at(&quiet) - 4.0_f64.ln()).abs() < 1e-4, "half of the difference is a quarter of V");
    }

    #[test]
    fn a_network_that_shows_no_lesion_is_told() {
        let (templates, images) = scene();
        let flat = [images[0].clone(), images[0].clone(), images[2].clone(), images[2].clone()];
        let seen: Vec<_> = templates.iter().map(|t| t.observed(flat.each_ref().map(|x| &x[..]))).collect();
        assert!(detection(&seen, FLOOR).unwrap_err().to_string().contains("none of the lesions"));
    }
}
