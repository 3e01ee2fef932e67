//! The channelised Hotelling observer ([`super::detection`]) with a template of its own for every site: organs differ
//! in noise and in what a method makes of it, so that one template for all of them is the best one for none.
//!
//!   AUC = mean over sites s of AUCₛ,   Δ = mean over sites of (AUCₛ − AUCₛ of the yardstick)
//!
//! Both methods saw the same realisations. Intervals are the bootstrap's over these, with the same draws for all sites
//! and for both methods; the templates stay.

use super::observer::{Draw, Tests, bootstrap};
use super::{Better, Estimate, Family, Figure, Responses, Scope, Unit, Use};

/// Found on scans with added lesions.
pub(super) static SITES: Family =
    Family { figures: &[&LG_SITE_AUC, &LG_AUC_OF_SITE, &LG_AUC_DIFFERENCE, &LG_CORRELATION], score: None };

/// AUC with a template of its own for every site.
pub static LG_SITE_AUC: Figure = Figure {
    id: "lesion.*.lg.site_auc",
    title: "AUC per site",
    unit: Unit::One,
    better: Better::Nearer(1.0),
    scope: Scope::Lesions,
    definition: "as `.lg.auc`, with a template of its own for every site; mean over sites",
    source: "Barrett et al. 1993",
    uses: &[Use::Column("", "AUC per site")],
};

/// AUC at one site.
pub static LG_AUC_OF_SITE: Figure = Figure {
    id: "lesion.*.lg.auc_of_site",
    title: "AUC at a site",
    unit: Unit::One,
    better: Better::Nearer(1.0),
    scope: Scope::Lesions,
    definition: "the same at site N of the class: `lesion.CLASS.site-N.lg.auc_of_site`",
    source: "Barrett et al. 1993",
    uses: &[],
};

/// AUC per site less that of the yardstick.
pub static LG_AUC_DIFFERENCE: Figure = Figure {
    id: "lesion.*.lg.auc_difference",
    title: "AUC per site less the yardstick's",
    unit: Unit::One,
    better: Better::Higher,
    scope: Scope::Lesions,
    definition: "`.lg.site_auc` less that of the study's yardstick on the same scans; paired bootstrap interval over the seeds",
    source: "",
    uses: &[Use::Column("", "Δ AUC")],
};

/// Correlation of the scores of scans without lesions with the yardstick's.
pub static LG_CORRELATION: Figure = Figure {
    id: "lesion.*.lg.correlation",
    title: "correlation with the yardstick",
    unit: Unit::One,
    better: Better::Neither,
    scope: Scope::Lesions,
    definition: "correlation of these observers' test statistics of the scans without lesions with those of the yardstick's; mean over sites. 1: the same noise; what is missing is noise of the method's own making",
    source: "",
    uses: &[],
};

/// Test statistics of one method at every site.
pub struct SiteTests(Vec<Tests>);

impl SiteTests {
    /// One observer per site; `None` where there are too few realisations for so many channels.
    pub fn new(absent: &Responses, present: &Responses) -> Option<Self> {
        let at = |of: &Responses, site: usize| of.iter().map(|sites| vec![sites[site].clone()]).collect::<Responses>();
        let sites = 0..absent.first()?.len();
        sites.map(|site| Tests::new(&at(absent, site), &at(present, site))).collect::<Option<_>>().map(Self)
    }

    /// The AUC of every site, without intervals.
    pub fn of_sites(&self) -> Vec<f64> {
        let all = self.all();
        self.0.iter().map(|site| site.auc(&all)).collect()
    }

    /// Mean over sites of the AUC.
    pub fn auc(&self, seed: u64) -> Estimate {
        self.estimate(seed, |draw| self.mean(draw))
    }

    /// Mean over sites of the AUC's difference to the yardstick's, which saw the same realisations at the same sites.
    pub fn difference(&self, yardstick: &Self, seed: u64) -> Estimate {
        self.estimate(seed, |draw| self.mean(draw) - yardstick.mean(draw))
    }

    /// Correlation of the test statistics without lesions with the yardstick's; mean over sites and halves.
    pub fn correlation(&self, yardstick: &Self) -> f64 {
        let pairs = self.0.iter().zip(&yardstick.0).flat_map(|(own, other)| own.absent().zip(other.absent()));
        let all: Vec<f64> = pairs.map(|(own, other)| correlation(&own, &other)).collect();
        all.iter().sum::<f64>() / all.len() as f64
    }

    fn mean(&self, draw: &Draw) -> f64 {
        self.0.iter().map(|site| site.auc(draw)).sum::<f64>() / self.0.len() as f64
    }

    fn all(&self) -> Draw {
        self.0[0].all()
    }

    fn estimate(&self, seed: u64, of: impl Fn(&Draw) -> f64) -> Estimate {
        let all = self.all();
        let [low, high] = bootstrap(&all, seed, &of).map_or([None; 2], |ends| ends.map(Some));
        Estimate { mean: of(&all), sd: None, low, high, count: all.iter().map(Vec::len).sum() }
    }
}

/// Pearson's.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let moment =
        |x: &[f64], x0: f64, y: &[f64], y0: f64| x.iter().zip(y).map(|(x, y)| (x - x0) * (y - y0)).sum::<f64>();
    moment(a, mean_a, b, mean_b) / (moment(a, mean_a, a, mean_a) * moment(b, mean_b, b, mean_b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{auc_of, detection};
    use rand::SeedableRng;
    use rand_distr::{Distribution, Normal};
    use rand_pcg::Pcg64;

    /// White noise of `realisations` at sites with signals of their own, and the same with noise of a method's own
    /// making, of variance σ², added: `[method][absent or present]`.
    fn scans(seed: u64, realisations: usize, signals: &[f64], sigma: f64) -> [[Responses; 2]; 2] {
        let (mut random, normal) = (Pcg64::seed_from_u64(seed), Normal::new(0.0, 1.0).unwrap());
        let mut found: [[Responses; 2]; 2] = Default::default();
        for _ in 0..realisations {
            let noise: Vec<[f64; 4]> = signals.iter().map(|_| [(); 4].map(|()| normal.sample(&mut random))).collect();
            for (present, own) in [0, 1].into_iter().flat_map(|present| [(present, 0), (present, 1)]) {
                let site = |(noise, signal): (&[f64; 4], &f64)| {
                    vec![noise[present] + sigma * own as f64 * noise[2 + present] + signal * present as f64]
                };
                found[own][present].push(noise.iter().zip(signals).map(site).collect());
            }
        }
        found
    }

    fn tests([absent, present]: &[Responses; 2]) -> SiteTests {
        SiteTests::new(absent, present).unwrap()
    }

    /// SNR 1.2 at one site and 2 at the other; with as much noise again, √½ of these, and the correlation is √½.
    #[test]
    fn known_ratios_give_known_areas_differences_and_correlations() {
        let signals = [1.2, 2.0];
        let [plain, noisy] = scans(5, 400, &signals, 1.0).map(|method| tests(&method));
        let areas = |factor: f64| signals.map(|snr| auc_of(factor * snr));
        for (found, expected) in [(&plain, areas(1.0)), (&noisy, areas(0.5_f64.sqrt()))] {
            let sites = found.of_sites();
            assert!(sites.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.04), "{sites:?} {expected:?}");
            let mean = found.auc(1);
            assert!((mean.mean - 0.5 * (sites[0] + sites[1])).abs() < 1e-12 && mean.low < Some(mean.mean), "{mean:?}");
        }
        let expected = areas(0.5_f64.sqrt()).iter().zip(areas(1.0)).map(|(a, b)| 0.5 * (a - b)).sum::<f64>();
        let found = noisy.difference(&plain, 1);
        let [low, high] = found.range().unwrap();
        assert!((found.mean - expected).abs() < 0.02 && low < expected && expected < high, "{found:?} {expected}");
        assert!((noisy.correlation(&plain) - 0.5_f64.sqrt()).abs() < 0.05, "{}", noisy.correlation(&plain));
    }

    /// Equal methods differ by nothing, and surely so.
    #[test]
    fn a_method_does_not_differ_from_itself() {
        let [plain, _] = scans(6, 40, &[1.0, 2.0, 0.5], 1.0).map(|method| tests(&method));
        let found = plain.difference(&plain, 3);
        assert_eq!((found.mean, found.range()), (0.0, Some([0.0, 0.0])));
        assert!((plain.correlation(&plain) - 1.0).abs() < 1e-12);
    }

    /// 200 studies of 24 realisations: about 95 % of the intervals hold the true difference, and pairing narrows them.
    #[test]
    fn intervals_hold_the_true_difference() {
        let (signals, sigma) = ([1.5], 0.5_f64);
        let expected = auc_of(1.5 / 1.25_f64.sqrt()) - auc_of(1.5);
        let (mut held, mut width, mut single) = (0, 0.0, 0.0);
        for study in 0..200 {
            let [plain, noisy] = scans(100 + study, 24, &signals, sigma).map(|method| tests(&method));
            let [low, high] = noisy.difference(&plain, study).range().unwrap();
            held += usize::from(low <= expected && expected <= high);
            width += high - low;
            let [low, high] = noisy.auc(study).range().unwrap();
            single += high - low;
        }
        assert!((176..=198).contains(&held), "{held} of 200");
        assert!(width < 0.8 * single, "{width} {single}");
    }

    /// Two sites whose lesions show in different channels, one of them hardly: one template for both is right for none.
    #[test]
    fn a_template_of_its_own_sees_more() {
        let normal = Normal::new(0.0, 1.0).unwrap();
        let mut random = Pcg64::seed_from_u64(9);
        let mut responses = |signal: f64| -> Responses {
            let mut noise = || normal.sample(&mut random);
            (0..400).map(|_| vec![vec![signal + noise(), noise()], vec![noise(), signal + noise()]]).collect()
        };
        let (absent, present) = (responses(0.0), responses(1.5));
        let (pooled, own) =
            (detection(&absent, &present, 1).unwrap(), SiteTests::new(&absent, &present).unwrap().auc(1));
        // The template (1, 1) sees 1.5 / √2.
        assert!((pooled.auc - auc_of(1.5 / 2.0_f64.sqrt())).abs() < 0.03, "{pooled:?}");
        assert!((own.mean - auc_of(1.5)).abs() < 0.03, "{own:?}");
    }
}
