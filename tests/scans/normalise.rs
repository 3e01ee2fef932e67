//! Component normalisation by maximum likelihood: known components come back from noisy counts of a cylinder.

use coincide::data::{Background, Clock, Ledger, Measurement, NormComponents, NormParts};
use coincide::normalise::{NormaliseError, ROUNDS, normalise};
use coincide::phantom::Phantom;
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};
use rand::SeedableRng;
use rand_distr::{Distribution, Poisson, StandardNormal};
use rand_pcg::Pcg64;

const RINGS: usize = 4;
const CRYSTALS: usize = 96;
const RADIAL: usize = 49;
const BLOCK: usize = 8;

fn geometry(span: usize, mashing: usize) -> SinogramGeometry {
    let scanner = Scanner {
        rings: RINGS,
        rings_per_block: RINGS,
        crystals_per_ring: CRYSTALS,
        crystals_per_block: BLOCK,
        radial_bins: RADIAL,
        inner_radius_mm: 300.0,
        ring_spacing_mm: 12.0,
        ..preset("siemens-mmr").unwrap()
    };
    let compression = AxialCompression::Span { span, max_ring_difference: RINGS - 1 };
    SinogramGeometry::new(scanner, compression, mashing, 0).unwrap()
}

/// A cylinder of 26 cm, 5 kBq/mL, in water.
fn object() -> Phantom {
    let text = concat!(
        "name = \"c\"\ndescription = \"\"\ncitation = \"\"\n[[shapes]]\nsolid.cylinder = { radii_mm = [130.0, 130.0], length_mm = 300.0 }\n",
        "activity_bq_per_ml = 5000.0\nattenuation_per_cm = 0.096\n"
    );
    Phantom::parse(text, "test").unwrap()
}

/// Components whose shared parts are where `normalise` puts them: means of 1, α with the scale.
fn truth(sensitivity: f32) -> NormComponents {
    let mut random = Pcg64::seed_from_u64(5);
    let mut normal = || -> f32 { StandardNormal.sample(&mut random) };
    let mut crystals: Vec<f32> = (0..RINGS * CRYSTALS).map(|_| (0.12 * normal()).exp()).collect();
    crystals.iter_mut().step_by(BLOCK).for_each(|gap| *gap = 0.0);
    let geometric = |n: usize| 1.0 + 0.3 * ((n % RADIAL) as f32 / 24.0 - 1.0).powi(2) + 0.02 * (n / RADIAL) as f32;
    let mut geometric: Vec<f32> = (0..(2 * RINGS - 1) * RADIAL).map(geometric).collect();
    let mut interference: Vec<f32> = (0..RADIAL * BLOCK).map(|_| 1.0 + 0.05 * normal()).collect();
    settle(crystals.chunks_mut(CRYSTALS));
    settle(geometric.chunks_mut(RADIAL));
    settle(interference.chunks_mut(BLOCK));
    NormComponents {
        rings: RINGS,
        crystals_per_ring: CRYSTALS,
        crystals_per_block: BLOCK,
        radial_bins: RADIAL,
        crystals,
        geometric,
        interference,
        axial: (0..RINGS * RINGS).map(|_| (1.0 + 0.05 * normal()) / sensitivity).collect(),
        axial_compression: AxialCompression::Span { span: 1, max_ring_difference: RINGS - 1 },
        calibrated: true,
        dead_time: None,
        quantification: None,
        cross_calibration: None,
    }
}

fn settle<'a>(rows: impl Iterator<Item = &'a mut [f32]>) {
    for row in rows {
        let counting = row.iter().filter(|value| **value > 0.0);
        let mean = counting.clone().sum::<f32>() / counting.count() as f32;
        row.iter_mut().for_each(|value| *value /= mean);
    }
}

/// Expected counts of the object without efficiencies, in 100 s.
fn emission(geometry: &SinogramGeometry) -> Vec<f32> {
    let object = object();
    let mut tracer = object.tracer();
    let mut values = Vec::with_capacity(geometry.lines());
    for (view, radial) in (0..geometry.views).flat_map(|v| (0..geometry.radial_bins).map(move |r| (v, r))) {
        for plane in geometry.all_planes() {
            let [a, b] = geometry.line_of_response(view, radial, plane);
            let found = tracer.line_integrals(a, b);
            values.push((100.0 * found.activity * (-found.attenuation).exp()) as f32);
        }
    }
    values
}

/// Noisy counts with a background of a fifth of the trues, spread evenly.
fn scan(geometry: &SinogramGeometry, efficiencies: &[f32], emission: &[f32]) -> Measurement {
    let mut random = Pcg64::seed_from_u64(9);
    let trues = || efficiencies.iter().zip(emission).map(|(m, e)| f64::from(m * e));
    let extra = 0.2 * trues().sum::<f64>() / emission.len() as f64;
    let count = |mean: f64| Poisson::new(mean).unwrap().sample(&mut random) as f32;
    Measurement {
        geometry: geometry.clone(),
        prompts: trues().map(|mean| mean + extra).map(count).collect(),
        factors: None,
        background: Some(Background::of_bins(geometry.shape(), vec![extra as f32; emission.len()])),
        ledger: Ledger::raw(),
        clock: Clock::lasting(100.0),
    }
}

#[test]
fn components_come_back_from_the_counts_of_a_cylinder() {
    let (geometry, truth) = (geometry(1, 1), truth(5.5e-5));
    let parts = NormParts::default();
    let (efficiencies, emission) = (truth.efficiencies(&geometry, parts, None).unwrap(), emission(&geometry));
    let scan = scan(&geometry, &efficiencies, &emission);
    let found = normalise(&scan, &object(), 100.0, parts, ROUNDS, &|_| ()).unwrap();
    let per_crystal = found.prompts * 2.0 / (RINGS * CRYSTALS * (BLOCK - 1) / BLOCK) as f64;
    assert!(found.log_likelihood.windows(2).all(|two| two[1] >= two[0] - 1e-12), "{:?}", found.log_likelihood);

    let own = &found.components;
    let crystals = own.crystals.iter().zip(&truth.crystals);
    assert!(crystals.clone().all(|(own, truth)| (*own == 0.0) == (*truth == 0.0)), "the gaps are found");
    let errors: Vec<f64> =
        crystals.filter(|(_, truth)| **truth > 0.0).map(|(own, truth)| f64::from(own / truth) - 1.0).collect();
    let rms = (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt();
    println!("crystals: RMS error {:.3} % with {per_crystal:.0} counts each", 100.0 * rms);
    assert!(rms < 0.01, "{rms}");

    // All components together, where the object is seen, count by count: nothing is left but noise and the scale is
    // right.
    let again = own.efficiencies(&geometry, parts, None).unwrap();
    let (mut chi, mut bins, mut sums) = (0.0, 0.0, [0.0; 2]);
    for ((m, truth), emission) in
        again.iter().zip(&efficiencies).zip(&emission).filter(|(_, emission)| **emission > 0.0)
    {
        let (own, truth) = (f64::from(m * emission), f64::from(truth * emission));
        sums = [sums[0] + own, sums[1] + truth];
        if truth > 0.0 {
            (chi, bins) = (chi + (own - truth).powi(2) / truth, bins + 1.0);
        }
    }
    // As many parameters as there are, out of the bins: each takes about one unit of χ².
    let parameters = (RINGS * CRYSTALS + 7 * RADIAL + RADIAL * BLOCK + RINGS * RINGS) as f64;
    println!("m: χ² {chi:.0} of {bins} bins, {parameters} parameters; scale {:.5}", sums[0] / sums[1]);
    assert!(chi < 1.5 * parameters && (sums[0] / sums[1] - 1.0).abs() < 2e-3, "{chi} {sums:?}");
}

#[test]
fn components_can_be_left_out() {
    let (geometry, truth) = (geometry(1, 1), truth(2e-5));
    let parts = NormParts { geometric: false, interference: false, axial: false, ..NormParts::default() };
    let emission = emission(&geometry);
    let flat = NormComponents {
        geometric: vec![1.0; truth.geometric.len()],
        interference: vec![1.0; truth.interference.len()],
        axial: vec![1.0 / 2e-5; truth.axial.len()],
        ..truth
    };
    let scan = scan(&geometry, &flat.efficiencies(&geometry, NormParts::default(), None).unwrap(), &emission);
    let found = normalise(&scan, &object(), 100.0, parts, ROUNDS, &|_| ()).unwrap().components;
    assert!(found.geometric.iter().chain(&found.interference).all(|factor| (factor - 1.0).abs() < 1e-6));
    let spread = found.axial.iter().fold([f32::INFINITY, 0.0], |[low, high], a| [a.min(low), a.max(high)]);
    assert!(spread[1] / spread[0] < 1.01, "{spread:?}"); // what the means of the rings leave
    let only = NormParts { crystals: false, ..parts };
    let gaps = normalise(&scan, &object(), 100.0, only, 5, &|_| ()).unwrap().components;
    assert!(gaps.crystals.iter().enumerate().all(|(n, c)| if n % BLOCK == 0 {
        *c == 0.0
    } else {
        (*c - 1.0).abs() < 1e-6
    }));
}

#[test]
fn what_cannot_be_normalised_is_refused() {
    let empty = |geometry: SinogramGeometry| Measurement {
        prompts: vec![0.0; geometry.bins()].into(),
        factors: None,
        background: None,
        ledger: Ledger::raw(),
        clock: Clock::default(),
        geometry,
    };
    let refused = |span, mashing| {
        let scan = empty(geometry(span, mashing));
        normalise(&scan, &object(), 1.0, NormParts::default(), 1, &|_| ()).unwrap_err()
    };
    assert!(refused(3, 1).to_string().contains("compressed, "), "{}", refused(3, 1));
    assert!(refused(1, 2).to_string().contains("mashed, 2 views in one"));
    assert!(matches!(refused(1, 1), NormaliseError::Empty { prompts: 0.0, lines } if lines > 0));
}
