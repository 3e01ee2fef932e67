//! How near to the maximum each algorithm is after some passes over the data: a wrong step, share or sum that still
//! converges is slower. The bounds are those of the right update with some room; what it reaches is printed.

use crate::small_scan::{distance, grid, maximum, measurement, updates};
use coincide::algorithm::{
    Algorithm, Bsrem, BsremVariant, DePierro, Lbfgs, Objective, Osem, Osl, Pdhg, ProximalNewton, Relaxation, Saga, Sps,
    Svrg, Svrn, optimality,
};
use coincide::likelihood::Model;
use coincide::prior::{Neighbours, Pairs, Prior, quadratic, relative_difference, total_variation};

const SUBSETS: usize = 6;

/// An algorithm on its way, the passes that it makes, and how near to the maximum it must be then.
struct Run<'a> {
    name: &'static str,
    algorithm: Box<dyn Algorithm + 'a>,
    passes: usize,
    bound: f64,
}

fn run<'a>(name: &'static str, algorithm: impl Algorithm + 'a, passes: usize, bound: f64) -> Run<'a> {
    Run { name, algorithm: Box::new(algorithm), passes, bound }
}

/// Runs all, and tells of all before any is judged.
fn judge(case: &str, runs: Vec<Run>, maximum: &[f32]) {
    let mut slow = Vec::new();
    for Run { name, mut algorithm, passes, bound } in runs {
        for _ in 0..passes {
            while !algorithm.update().ends_iteration() {}
        }
        let distance = distance(algorithm.image(), maximum);
        println!("{case}, {name}: {distance:.2e} after {passes} iterations, at most {bound:.0e}");
        if distance.is_nan() || distance > bound {
            slow.push(format!("{name}: {distance:.2e} from the maximum after {passes} iterations, not {bound:.0e}"));
        }
    }
    assert!(slow.is_empty(), "{case}: {slow:#?}");
}

const STEPS: Relaxation = Relaxation { first: 1.0, decay: 0.1 };
const THIRD: Relaxation = Relaxation { first: 1.0 / 3.0, decay: 0.02 };

#[test]
fn relative_differences_from_an_osem_image() {
    let measurement = measurement();
    let one = Model::new(&measurement, grid(), None, 1).unwrap();
    let many = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let prior = Prior::Smooth(relative_difference(Pairs::new(&grid(), Neighbours::TwentySix, None), 2.0, 0.004));
    let (one, many) = (Objective::new(&one, &prior, 2.0), Objective::new(&many, &prior, 2.0));
    let start = updates(Osem::new(many.model(), None).unwrap(), 2 * SUBSETS);
    let start = || Some(start.clone());
    let runs = vec![
        run("lbfgs", Lbfgs::new(&one, 7, start()).unwrap(), 12, 1e-2),
        run("proximal-newton", ProximalNewton::new(&one, start()).unwrap(), 8, 1e-3),
        run("svrn", Svrn::new(&many, start()).unwrap(), 10, 1e-3),
        run("de-pierro, one subset", DePierro::new(&one, start()).unwrap(), 12, 8e-2),
        run("de-pierro", DePierro::new(&many, start()).unwrap(), 12, 2.5e-2),
        // One step late is no maximum, but near it.
        run("osl, one subset", Osl::new(&one, start()).unwrap(), 12, 4e-2),
        run("osl", Osl::new(&many, start()).unwrap(), 12, 6e-2),
        run("bsrem-i", Bsrem::new(&many, STEPS, BsremVariant::One, start()).unwrap(), 12, 5e-2),
        run("bsrem-ii", Bsrem::new(&many, STEPS, BsremVariant::Two, start()).unwrap(), 12, 3e-2),
        run("sps", Sps::new(&many, STEPS, start()).unwrap(), 12, 4e-2),
        run("svrg", Svrg::new(&many, STEPS, 2, start()).unwrap(), 12, 1.4e-2),
        run("saga", Saga::new(&many, THIRD, start()).unwrap(), 12, 3.3e-2),
    ];
    judge("relative differences", runs, &maximum(&one));
}

/// A quadratic prior outweighs the data in most voxels: steps that forget it overshoot.
#[test]
fn a_strong_quadratic_prior_from_an_osem_image() {
    let measurement = measurement();
    let one = Model::new(&measurement, grid(), None, 1).unwrap();
    let many = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let prior = Prior::Smooth(quadratic(Pairs::new(&grid(), Neighbours::Six, None)));
    let (one, many) = (Objective::new(&one, &prior, 5.0), Objective::new(&many, &prior, 5.0));
    let start = updates(Osem::new(many.model(), None).unwrap(), 2 * SUBSETS);
    let start = || Some(start.clone());
    let runs = vec![
        run("lbfgs", Lbfgs::new(&one, 7, start()).unwrap(), 12, 8e-3),
        run("proximal-newton", ProximalNewton::new(&one, start()).unwrap(), 8, 1.5e-2),
        run("svrn", Svrn::new(&many, start()).unwrap(), 12, 1e-3),
        run("de-pierro", DePierro::new(&many, start()).unwrap(), 12, 2e-2),
        run("sps", Sps::new(&many, STEPS, start()).unwrap(), 12, 2.8e-2),
        run("svrg", Svrg::new(&many, STEPS, 2, start()).unwrap(), 12, 1.3e-2),
        run("saga", Saga::new(&many, THIRD, start()).unwrap(), 12, 5.5e-2),
    ];
    judge("quadratic", runs, &maximum(&one));
}

#[test]
fn total_variation_from_an_osem_image() {
    let measurement = measurement();
    let one = Model::new(&measurement, grid(), None, 1).unwrap();
    let many = Model::new(&measurement, grid(), None, SUBSETS).unwrap();
    let prior = Prior::Dual(total_variation(&grid()));
    let (one, many) = (Objective::new(&one, &prior, 3.0), Objective::new(&many, &prior, 3.0));
    let start = updates(Osem::new(many.model(), None).unwrap(), 2 * SUBSETS);
    let start = || Some(start.clone());
    let mut long = Pdhg::new(&one, 1.0, 0, start()).unwrap();
    (0..600).for_each(|_| {
        long.update();
    });
    let (_, kkt) = optimality(&one, long.image(), long.prior_subgradient().as_deref());
    assert!(kkt < 1e-3, "{kkt}");
    let runs = vec![
        run("pdhg", Pdhg::new(&one, 1.0, 0, start()).unwrap(), 20, 1.3e-1),
        run("spdhg", Pdhg::new(&many, 1.0, 7, start()).unwrap(), 20, 5e-2),
        run("spdhg, long dual steps", Pdhg::new(&many, 3.0, 7, start()).unwrap(), 20, 3e-2),
    ];
    judge("total variation", runs, long.image());
}

/// The shortest waves are what the surrogate of a quadratic prior is for: where the prior is all, a step over the
/// surrogate's curvature takes them away at once, and over half of it turns them round.
#[test]
fn surrogates_take_the_shortest_waves_away_at_once() {
    let measurement = measurement();
    let prior = Prior::Smooth(quadratic(Pairs::new(&grid(), Neighbours::Six, None)));
    let steps = Relaxation { first: 1.0, decay: 0.0 };
    for subsets in [1, SUBSETS] {
        let model = Model::new(&measurement, grid(), None, subsets).unwrap();
        let objective = Objective::new(&model, &prior, 1e4);
        let flat = objective.start(None).unwrap();
        let side = |j: usize| if (j / 308 + j / 11 % 28 + j % 11).is_multiple_of(2) { 1.3 } else { 0.7 };
        let waves: Vec<f32> = flat.iter().enumerate().map(|(j, x)| side(j) * x).collect();
        let [sps, de_pierro]: [Box<dyn Algorithm>; 2] = [
            Box::new(Sps::new(&objective, steps, Some(waves.clone())).unwrap()),
            Box::new(DePierro::new(&objective, Some(waves.clone())).unwrap()),
        ];
        for (name, mut algorithm) in [("sps", sps), ("de-pierro", de_pierro)] {
            while !algorithm.update().ends_iteration() {}
            let left = wave(algorithm.image()) / wave(&waves);
            println!("{name}, {subsets} subsets: {left:.1e} of the wave is left");
            assert!(left.abs() < 0.1, "{name}, {subsets} subsets: {left} of the wave is left");
        }
    }
}

/// How much of the wave of the shortest length is in the middle of an image.
fn wave(x: &[f32]) -> f64 {
    let sign = |v: [usize; 3]| if v.iter().sum::<usize>().is_multiple_of(2) { 1.0 } else { -1.0 };
    let inside = (8..20).flat_map(|i| (8..20).flat_map(move |j| (2..10).map(move |k| [i, j, k])));
    inside.map(|voxel| sign(voxel) * f64::from(x[grid().index(voxel)])).sum()
}
