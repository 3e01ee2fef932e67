//! Efficiencies from components, against the sum written out bin by bin.

use coincide::data::{DeadTime, NormComponents, NormParts};
use coincide::scanner::{AxialCompression, Scanner, SinogramGeometry, preset};

const BLOCK: usize = 9;

fn scanner() -> Scanner {
    Scanner { rings: 8, rings_per_block: 4, crystals_per_ring: 36, radial_bins: 13, ..preset("siemens-mmr").unwrap() }
}

/// Numbers between 0.5 and 1.5 that have no pattern.
fn numbers(count: usize, salt: usize) -> Vec<f32> {
    (0..count).map(|i| 0.5 + ((i + 1) * (2 * salt + 7919) % 1009) as f32 / 1009.0).collect()
}

fn components() -> NormComponents {
    let Scanner { rings, crystals_per_ring, radial_bins, .. } = scanner();
    let mut crystals = numbers(rings * crystals_per_ring, 1);
    crystals.iter_mut().step_by(BLOCK).for_each(|efficiency| *efficiency = 0.0);
    NormComponents {
        rings,
        crystals_per_ring,
        crystals_per_block: BLOCK,
        radial_bins,
        crystals,
        geometric: numbers((2 * rings - 1) * radial_bins, 2),
        interference: numbers(radial_bins * BLOCK, 3),
        // Span 3 up to a ring difference of 4: segments 0, +1, -1 of 15, 11, 11 planes.
        axial: numbers(37, 4),
        axial_compression: AxialCompression::Span { span: 3, max_ring_difference: 4 },
        dead_time: Some(DeadTime { paralysing_s: vec![-1e-6; rings], non_paralysing_s2: vec![5e-13; rings] }),
        quantification: None,
        cross_calibration: None,
        calibrated: false,
    }
}

/// Number of the plane in α of a ring pair: 15 planes of segment 0, 11 of segment +1 (B after A), 11 of segment −1.
fn axial_plane(a: usize, b: usize) -> Option<usize> {
    let (difference, sum) = (b as i64 - a as i64, a + b);
    match difference {
        -1..=1 => Some(sum),
        2..=4 => Some(15 + sum - 2),
        -4..=-2 => Some(15 + 11 + sum - 2),
        _ => None,
    }
}

fn by_hand(norm: &NormComponents, geometry: &SinogramGeometry, rate: f64) -> Vec<f64> {
    let [views, radial_bins, _, planes] = geometry.shape();
    let (n, rings) = (36_i64, norm.rings);
    let mashing = 18 / views;
    let live = 1.0 - 1e-6 * rate + 5e-13 * rate * rate;
    let crystal = |ring: usize, crystal: i64| norm.crystals[ring * 36 + crystal.rem_euclid(n) as usize] as f64 * live;
    let mut bins = vec![0.0; views * radial_bins * planes];
    for (bin, value) in bins.iter_mut().enumerate() {
        let (plane, radial, view) = (bin % planes, bin / planes % radial_bins, bin / planes / radial_bins);
        let mut start = 0;
        let segment = geometry.segments.iter().find(|s| {
            start += s.planes.len();
            plane < start
        });
        let segment = segment.unwrap();
        let sum = segment.planes[plane + segment.planes.len() - start].ring_sum;
        let t = radial as i64 - (radial_bins / 2) as i64;
        for view in view * mashing..(view + 1) * mashing {
            let v = view as i64;
            let (c, d) = (v + t.div_euclid(2), v - (t + 1).div_euclid(2) + n / 2);
            for (a, b) in (0..rings).flat_map(|a| (0..rings).map(move |b| (a, b))) {
                let inside = (segment.min_difference..=segment.max_difference).contains(&(b as i64 - a as i64));
                if a + b == sum && inside {
                    let axial = axial_plane(a, b).map_or(1.0, |plane| norm.axial[plane] as f64);
                    let geometric = norm.geometric[sum * radial_bins + radial] as f64;
                    let interference = norm.interference[radial * BLOCK + view % BLOCK] as f64;
                    *value += crystal(a, c) * crystal(b, d) * geometric * interference / axial;
                }
            }
        }
    }
    bins
}

fn geometry(span: usize, max_ring_difference: usize, mashing: usize) -> SinogramGeometry {
    let compression = AxialCompression::Span { span, max_ring_difference };
    SinogramGeometry::new(scanner(), compression, mashing, 0).unwrap()
}

#[test]
fn efficiencies_are_the_sum_over_crystal_pairs() {
    let norm = components();
    // Span 1 reaches ring differences for which the file has no axial effects.
    for geometry in [geometry(3, 4, 1), geometry(1, 6, 1), geometry(5, 7, 1), geometry(3, 4, 3)] {
        for rates in [None, Some(vec![2e5; 8])] {
            let efficiencies = norm.efficiencies(&geometry, NormParts::default(), rates.as_deref()).unwrap();
            let expected = by_hand(&norm, &geometry, rates.map_or(0.0, |rates| rates[0].into()));
            assert_eq!(efficiencies.len(), expected.len());
            for (bin, (e, x)) in efficiencies.iter().zip(&expected).enumerate() {
                assert!((f64::from(*e) - x).abs() <= 1e-5 * x, "bin {bin}: {e} for {x}");
                assert_eq!(*e == 0.0, *x == 0.0);
            }
        }
    }
}

#[test]
fn parts_can_be_left_out_but_gaps_stay() {
    let geometry = geometry(3, 4, 1);
    let parts = NormParts { crystals: false, geometric: false, interference: false, axial: false };
    let bare = components().efficiencies(&geometry, parts, None).unwrap();
    let pairs: Vec<_> = geometry.all_planes().map(|plane| plane.ring_pairs as f32).collect();
    for (line, column) in bare.chunks(pairs.len()).enumerate() {
        let [c, d] = geometry.crystals(line / 13, line % 13).unwrap();
        let gap = c % BLOCK == 0 || d % BLOCK == 0;
        let expected: Vec<_> = pairs.iter().map(|&pairs| if gap { 0.0 } else { pairs }).collect();
        assert_eq!(column, expected);
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let norm = components();
    let mut other = geometry(3, 4, 1);
    other.radial_bins = 15;
    let error = norm.efficiencies(&other, NormParts::default(), None).unwrap_err().to_string();
    assert_eq!(
        error,
        "the normalisation is 8 rings of 36 crystals and 13 radial bins, but the sinogram needs \
         8 rings of 36 crystals and 15 radial bins, one per crystal pair"
    );
    let rates = |rates: &[f32]| {
        norm.efficiencies(&geometry(3, 4, 1), NormParts::default(), Some(rates)).unwrap_err().to_string()
    };
    assert_eq!(rates(&[1.0; 7]), "the list of singles rates is 7 values, but the sinogram needs [2, 4] blocks");
    assert!(rates(&[f32::NAN; 8]).contains("the singles rates holds NaN at 0"));
}
