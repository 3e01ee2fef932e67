//! The loop over updates and what watches it, on an algorithm that only counts.

use coincide::algorithm::{Algorithm, Observer, Step, Stop, drive};
use coincide::metrics::{NOISE, Scores};
use coincide::observe::{History, INTERRUPTED, Interrupt, RelativeChange, Snapshots, TimeLimit};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Two subsets; the image goes 1 + 1/2, 1 + 1/3, … towards 1.
struct Counting {
    update: usize,
    image: Vec<f32>,
}

impl Algorithm for Counting {
    fn update(&mut self) -> Step {
        self.update += 1;
        self.image.fill(1.0 + 1.0 / (self.update as f32 + 1.0));
        let index = self.update - 1;
        Step { update: self.update, iteration: index / 2 + 1, subset: index % 2, subsets: 2, passes: 0.0, seconds: 0.0 }
    }

    fn image(&self) -> &[f32] {
        &self.image
    }

    fn into_image(self: Box<Self>) -> Vec<f32> {
        self.image
    }
}

fn run(updates: usize, observer: impl Observer) -> (Stop, Step) {
    let mut algorithm = Counting { update: 0, image: vec![2.0; 3] };
    let (stop, step) = drive(&mut algorithm, updates, &mut [Box::new(observer)]);
    (stop, step.unwrap())
}

#[test]
fn all_updates_are_made_when_nobody_objects() {
    let mean = |image: &[f32]| {
        let mut scores = Scores::default();
        scores.add(&NOISE, f64::from(image[0]));
        scores
    };
    let mut history = History::every(2, mean);
    let (stop, step) = run(8, &mut history);
    assert_eq!((stop, step.update, step.iteration), (Stop::Finished, 8, 4));
    let seen: Vec<_> = history.samples.iter().map(|s| (s.iteration, *s.figures.get(&NOISE).unwrap())).collect();
    assert_eq!(seen, [(2, f64::from(1.2_f32)), (4, f64::from(1.0_f32 + 1.0 / 9.0))]);
}

#[test]
fn a_small_change_stops_at_the_end_of_an_iteration() {
    let (stop, step) = run(1000, RelativeChange::below(0.01));
    let Stop::Asked(why) = stop else { panic!("never stopped") };
    assert!(why.contains("changed the image by"), "{why}");
    // 1/(2n − 1) − 1/(2n + 1) < 0.01·(1 + 1/(2n + 1)) first holds for iteration n = 7.
    assert_eq!((step.iteration, step.subset), (7, 1));
}

#[test]
fn an_interrupt_and_a_time_limit_stop_at_once() {
    let (stop, step) = run(10, Interrupt::new(Arc::new(AtomicBool::new(true))));
    assert_eq!((stop, step.update), (Stop::Asked(INTERRUPTED.into()), 1));
    let (stop, step) = run(10, TimeLimit::seconds(0.0));
    assert_eq!((stop, step.update), (Stop::Asked("the time limit of 0 s is reached".into()), 1));
}

#[test]
fn time_in_observers_does_not_count() {
    let slept = Rc::new(RefCell::new(Duration::ZERO));
    let sum = slept.clone();
    let slow = move |_: &[f32]| {
        let start = Instant::now();
        std::thread::sleep(Duration::from_millis(20));
        *sum.borrow_mut() += start.elapsed();
        Scores::default()
    };
    let start = Instant::now();
    let (_, step) = run(4, History::every(1, slow));
    assert!(step.seconds <= (start.elapsed() - *slept.borrow()).as_secs_f64());
}

#[test]
fn snapshots_are_saved_and_a_full_disk_stops_the_run() {
    let saved = Rc::new(RefCell::new(Vec::new()));
    let keep = saved.clone();
    run(
        10,
        Snapshots::every(2, move |iteration, _: &[f32]| {
            keep.borrow_mut().push(iteration);
            Ok(())
        }),
    );
    assert_eq!(*saved.borrow(), [2, 4]);
    let (stop, step) = run(10, Snapshots::every(1, |_, _: &[f32]| Err("no space".into())));
    assert_eq!((stop, step.update), (Stop::Asked("no space".into()), 2));
}
