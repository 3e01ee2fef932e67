//! The channelised Hotelling observer: how well a lesion at a known place is told from none.
//!
//!   w = K⁻¹ Δv̄,   K = (K₀ + K₁) / 2,   t = wᵀ v,   SNR = (t̄₁ − t̄₀) / √((s₁² + s₀²) / 2),   AUC = P(t₁ > t₀)
//!
//! with v the channels' responses (Barrett et al. 1993, Proc. Natl. Acad. Sci. 90, 9758–9765). The background of every
//! place is known to the observer. It learns from one half of the realisations and is tested on the other, and the
//! other way round; the AUC counts pairs of images of different realisations. Its interval is the bootstrap's, over
//! realisations.

use super::{Better, Family, Figure, Scope, Unit, Use};
use coincide_kernels::cholesky::Cholesky;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde::Serialize;

/// Found on scans with added lesions.
pub(super) static OBSERVER: Family = Family {
    figures: &[&LG_AUC, &GABOR_AUC, &IDEAL_AUC, &LG_EFFICIENCY, &GABOR_EFFICIENCY, &LG_SNR, &GABOR_SNR, &IDEAL_SNR],
    score: None,
};

/// AUC with six Laguerre–Gauss channels.
pub static LG_AUC: Figure = Figure {
    id: "lesion.*.lg.auc",
    title: "AUC",
    unit: Unit::One,
    better: Better::Nearer(1.0),
    scope: Scope::Lesions,
    definition: "area under the ROC curve of a channelised Hotelling observer in the axial slice (six Laguerre–Gauss channels), trained on half of the seeds and tested on the other; bootstrap interval",
    source: "Barrett et al. 1993",
    uses: &[Use::Column("", "AUC")],
};

/// AUC with sixteen Gabor channels.
pub static GABOR_AUC: Figure = Figure {
    id: "lesion.*.gabor.auc",
    title: "AUC (Gabor)",
    unit: Unit::One,
    better: Better::Nearer(1.0),
    scope: Scope::Lesions,
    definition: "area under the ROC curve of a channelised Hotelling observer in the axial slice (sixteen Gabor channels), trained on half of the seeds and tested on the other; bootstrap interval",
    source: "Barrett et al. 1993",
    uses: &[Use::Column("", "AUC (Gabor)")],
};

/// AUC of the ideal observer of the counts.
pub static IDEAL_AUC: Figure = Figure {
    id: "lesion.*.ideal.auc",
    title: "ideal AUC",
    unit: Unit::One,
    better: Better::Nearer(1.0),
    scope: Scope::Lesions,
    definition: "area under the ROC curve of an observer of the counts themselves: what no image can exceed; mean over sites",
    source: "",
    uses: &[Use::Column("", "ideal AUC")],
};

/// (SNR / ideal SNR)².
pub static LG_EFFICIENCY: Figure = Figure {
    id: "lesion.*.lg.efficiency",
    title: "efficiency",
    unit: Unit::Fraction,
    better: Better::Nearer(1.0),
    scope: Scope::Lesions,
    definition: "(`.lg.snr` over `.ideal.snr`)²",
    source: "",
    uses: &[Use::Column("", "efficiency")],
};

/// (SNR / ideal SNR)².
pub static GABOR_EFFICIENCY: Figure = Figure {
    id: "lesion.*.gabor.efficiency",
    title: "efficiency (Gabor)",
    unit: Unit::Fraction,
    better: Better::Nearer(1.0),
    scope: Scope::Lesions,
    definition: "(`.gabor.snr` over `.ideal.snr`)²",
    source: "",
    uses: &[],
};

/// Signal-to-noise ratio of the observer.
pub static LG_SNR: Figure = Figure {
    id: "lesion.*.lg.snr",
    title: "SNR",
    unit: Unit::One,
    better: Better::Higher,
    scope: Scope::Lesions,
    definition: "signal-to-noise ratio of that observer's test statistic",
    source: "Barrett et al. 1993",
    uses: &[Use::Equivalence],
};

/// Signal-to-noise ratio of the observer.
pub static GABOR_SNR: Figure = Figure {
    id: "lesion.*.gabor.snr",
    title: "SNR (Gabor)",
    unit: Unit::One,
    better: Better::Higher,
    scope: Scope::Lesions,
    definition: "signal-to-noise ratio of that observer's test statistic",
    source: "Barrett et al. 1993",
    uses: &[],
};

/// Signal-to-noise ratio of the ideal observer of the counts.
pub static IDEAL_SNR: Figure = Figure {
    id: "lesion.*.ideal.snr",
    title: "ideal SNR",
    unit: Unit::One,
    better: Better::Higher,
    scope: Scope::Lesions,
    definition: "of the counts, SNR² = Σ (A d)² / ȳ; mean over sites",
    source: "",
    uses: &[],
};

/// Responses of the channels: `[realisation][place][channel]`.
pub type Responses = Vec<Vec<Vec<f64>>>;

/// How well lesions are told from none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Detection {
    /// Signal-to-noise ratio of the test statistic, mean of both halves.
    pub snr: f64,
    /// Area under the receiver operating characteristic, mean of both halves.
    pub auc: f64,
    /// Low end of its interval of 95 %.
    pub low: f64,
    /// High end.
    pub high: f64,
}

/// Bootstrap samples.
const SAMPLES: usize = 1000;

/// The AUC of a normal test statistic of a signal-to-noise ratio: Φ(SNR / √2).
pub fn auc_of(snr: f64) -> f64 {
    0.5 * libm::erfc(-0.5 * snr)
}

/// Tells lesions `present` from `absent` ones; `None` where there are too few realisations for so many channels.
pub fn detection(absent: &Responses, present: &Responses, seed: u64) -> Option<Detection> {
    let tests = Tests::new(absent, present)?;
    let all = tests.all();
    let [low, high] = bootstrap(&all, seed, |draw| tests.auc(draw))?;
    Some(Detection { snr: tests.snr(), auc: tests.auc(&all), low, high })
}

/// Realisations of both halves that count, some perhaps more than once.
pub(super) type Draw = [Vec<usize>; 2];

/// The interval of 95 % of a figure of realisations by Efron's percentiles: in each half of `all`, as many are drawn
/// with replacement. `None` where there is nothing to draw from.
pub(super) fn bootstrap(all: &Draw, seed: u64, figure: impl Fn(&Draw) -> f64) -> Option<[f64; 2]> {
    let mut random = Pcg64::seed_from_u64(seed);
    let mut drawn = |half: &Vec<usize>| half.iter().map(|_| random.random_range(0..half.len())).collect();
    let samples = (0..SAMPLES).map(|_| figure(&all.each_ref().map(&mut drawn)));
    let mut samples: Vec<f64> = samples.filter(|value| value.is_finite()).collect();
    samples.sort_by(f64::total_cmp);
    let last = samples.len().checked_sub(1)?;
    Some([0.025, 0.975].map(|share| samples[(share * last as f64).round() as usize]))
}

/// Test statistics of both halves of the realisations, each by the template of the other.
pub(super) struct Tests([Scores; 2]);

impl Tests {
    pub fn new(absent: &Responses, present: &Responses) -> Option<Self> {
        assert_eq!(absent.len(), present.len(), "every realisation has an image with lesions and one without");
        let half = |odd: usize| (0..absent.len()).filter(|n| n % 2 == odd).collect::<Vec<_>>();
        let halves = [half(0), half(1)];
        let tested =
            |own: usize| Observer::learn(absent, present, &halves[own])?.scores(absent, present, &halves[1 - own]);
        Some(Self([tested(0)?, tested(1)?]))
    }

    /// Every realisation once.
    pub fn all(&self) -> Draw {
        self.0.each_ref().map(|half| (0..half.absent.len()).collect())
    }

    fn snr(&self) -> f64 {
        0.5 * (self.0[0].snr() + self.0[1].snr())
    }

    pub fn auc(&self, draw: &Draw) -> f64 {
        0.5 * (self.0[0].auc(&draw[0]) + self.0[1].auc(&draw[1]))
    }

    /// The statistics without lesions, of every half.
    pub fn absent(&self) -> impl Iterator<Item = Vec<f64>> {
        self.0.iter().map(|half| half.absent.iter().flatten().copied().collect())
    }
}

/// A template, and what it expects of every place without a lesion.
struct Observer {
    template: Vec<f64>,
    background: Vec<Vec<f64>>,
}

impl Observer {
    fn learn(absent: &Responses, present: &Responses, half: &[usize]) -> Option<Self> {
        let places = absent.first()?.len();
        let channels = absent.first()?.first()?.len();
        let mean = |of: &Responses, place: usize| {
            let mut mean = vec![0.0; channels];
            for &n in half {
                mean.iter_mut().zip(&of[n][place]).for_each(|(mean, v)| *mean += v / half.len() as f64);
            }
            mean
        };
        // A mean of each place and kind is taken away: so many degrees of freedom fewer.
        let freedom = (2 * places * half.len().saturating_sub(1)) as f64;
        if freedom <= channels as f64 {
            return None;
        }
        let (mut covariance, mut signal) = (vec![vec![0.0; channels]; channels], vec![0.0; channels]);
        let mut background = Vec::with_capacity(places);
        for place in 0..places {
            let [without, with] = [mean(absent, place), mean(present, place)];
            for (of, mean) in [(absent, &without), (present, &with)] {
                for &n in half {
                    let off: Vec<f64> = of[n][place].iter().zip(mean).map(|(v, mean)| v - mean).collect();
                    for (row, a) in covariance.iter_mut().zip(&off) {
                        row.iter_mut().zip(&off).for_each(|(sum, b)| *sum += a * b / freedom);
                    }
                }
            }
            signal.iter_mut().zip(with.iter().zip(&without)).for_each(|(sum, (a, b))| *sum += (a - b) / places as f64);
            background.push(without);
        }
        Some(Self { template: Cholesky::new(covariance)?.solve(signal), background })
    }

    fn scores(&self, absent: &Responses, present: &Responses, half: &[usize]) -> Option<Scores> {
        let of = |responses: &Responses| -> Vec<Vec<f64>> {
            let score = |(v, background): (&Vec<f64>, &Vec<f64>)| {
                v.iter().zip(background).zip(&self.template).map(|((v, b), w)| w * (v - b)).sum()
            };
            half.iter().map(|&n| responses[n].iter().zip(&self.background).map(score).collect()).collect()
        };
        (half.len() > 1).then(|| Scores { absent: of(absent), present: of(present) })
    }
}

/// Test statistics, `[realisation][place]`.
struct Scores {
    absent: Vec<Vec<f64>>,
    present: Vec<Vec<f64>>,
}

impl Scores {
    fn snr(&self) -> f64 {
        let moments = |of: &[Vec<f64>]| {
            let all: Vec<f64> = of.iter().flatten().copied().collect();
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            (mean, all.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (all.len() - 1) as f64)
        };
        let ((mean0, variance0), (mean1, variance1)) = (moments(&self.absent), moments(&self.present));
        (mean1 - mean0) / (0.5 * (variance0 + variance1)).sqrt()
    }

    /// The share of pairs of two realisations that are told right, ties half.
    fn auc(&self, realisations: &[usize]) -> f64 {
        let (mut right, mut pairs) = (0.0, 0.0);
        for &with in realisations {
            for &without in realisations.iter().filter(|without| **without != with) {
                for t1 in &self.present[with] {
                    for t0 in &self.absent[without] {
                        right += if t1 > t0 { 1.0 } else { 0.5 * f64::from(u8::from(t1 == t0)) };
                        pairs += 1.0;
                    }
                }
            }
        }
        right / pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Distribution, Normal};

    #[test]
    fn areas_of_known_ratios() {
        assert_eq!(auc_of(0.0), 0.5);
        assert!((auc_of(1.0) - 0.760_249_9).abs() < 1e-6 && (auc_of(3.0) - 0.983_05).abs() < 1e-5);
    }

    /// Two realisations of one place: 0 and 2 without a lesion, 4 and 6 with it. Variances of 2 (not 1) on both sides.
    #[test]
    fn variances_are_those_of_samples() {
        let scores = Scores { absent: vec![vec![0.0], vec![2.0]], present: vec![vec![4.0], vec![6.0]] };
        assert!((scores.snr() - 4.0 / 2.0_f64.sqrt()).abs() < 1e-12, "{}", scores.snr());
    }

    /// Of one realisation both images share their noise, and 1 > 0, 11 > 10 would tell of no skill: only 11 > 0 is
    /// right, and 1 > 10 is wrong.
    #[test]
    fn images_of_one_realisation_are_no_pair() {
        let scores = Scores { absent: vec![vec![0.0], vec![10.0]], present: vec![vec![1.0], vec![11.0]] };
        assert_eq!(scores.auc(&[0, 1]), 0.5);
        let ties = Scores { absent: vec![vec![1.0], vec![3.0]], present: vec![vec![3.0], vec![1.0]] };
        assert_eq!(ties.auc(&[0, 1]), 0.5);
    }

    /// One place, one channel, two realisations: 1 ± 1 without and 5 ± 2 with a lesion. The squares sum to 2 + 8, and 2
    /// of 4 numbers are left when each kind's mean is taken away: w = 4 / 5.
    #[test]
    fn the_template_knows_its_degrees_of_freedom() {
        let responses = |values: [f64; 2]| -> Responses { values.iter().map(|&v| vec![vec![v]]).collect() };
        let observer = Observer::learn(&responses([0.0, 2.0]), &responses([3.0, 7.0]), &[0, 1]).unwrap();
        assert!((observer.template[0] - 0.8).abs() < 1e-12, "{:?}", observer.template);
    }

    /// Correlated normal responses: SNR² = Δvᵀ K⁻¹ Δv. Places have backgrounds of their own.
    #[test]
    fn normal_responses_are_told_as_well_as_theory_says() {
        let normal = Normal::new(0.0, 1.0).unwrap();
        let mut random = Pcg64::seed_from_u64(3);
        let mut responses = |signal: [f64; 2]| -> Responses {
            let mut one = |place: usize| {
                let [a, b] = [(); 2].map(|()| normal.sample(&mut random));
                // K = [[1, 0.8], [0.8, 1]]
                vec![10.0 * place as f64 + signal[0] + a, signal[1] + 0.8 * a + 0.6 * b]
            };
            (0..400).map(|_| (0..3).map(&mut one).collect()).collect()
        };
        let signal: [f64; 2] = [1.0, 0.3];
        let (absent, present) = (responses([0.0; 2]), responses(signal));
        // Δvᵀ K⁻¹ Δv = (1 − 2 · 0.8 · 0.3 + 0.09) / 0.36
        let snr = ((1.0 - 0.48 + 0.09) / 0.36_f64).sqrt();
        let found = detection(&absent, &present, 1).unwrap();
        assert!((found.snr / snr - 1.0).abs() < 0.08, "{found:?} {snr}");
        assert!((found.auc - auc_of(snr)).abs() < 0.02 && (found.low..found.high).contains(&found.auc), "{found:?}");
        assert!(found.high - found.low < 0.05, "{found:?}");
        // Nothing to see: no better than chance.
        let nothing = detection(&absent, &responses([0.0; 2]), 1).unwrap();
        assert!((nothing.auc - 0.5).abs() < 0.03, "{nothing:?}");
        assert_eq!(detection(&absent[..2].to_vec(), &present[..2].to_vec(), 1), None);
    }
}
