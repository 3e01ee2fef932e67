//! Whether a scan is one of those that a network was trained for. Where not, that is said; the run goes on.

use super::scene::Scene;
use crate::prior::network::ModelCard;
use crate::scanner::{Scanner, preset};

/// Numbers of a run that a network was trained for, or not.
#[derive(Clone, Copy, Debug)]
struct Run<'a> {
    scanner: &'a Scanner,
    prompts_per_mm: f64,
    voxel_mm: f64,
    iterations: usize,
    subsets: usize,
}

impl Scene<'_> {
    /// Says where the run differs from what a network was trained for.
    pub(super) fn compare(&self, card: &ModelCard) {
        let (measurement, grid) = (self.model.measurement(), self.model.grid());
        let scanner = &measurement.geometry.scanner;
        let run = Run {
            scanner,
            prompts_per_mm: measurement.total_prompts() / scanner.axial_length_mm(),
            voxel_mm: (grid.voxel_mm[0] * grid.voxel_mm[1]).sqrt(),
            iterations: self.config.algorithm.iterations().map_or(0, |iterations| iterations.count),
            subsets: self.model.subsets(),
        };
        differences(card, run).iter().for_each(|text| self.options.warn(text));
    }
}

/// One sentence for each difference.
fn differences(card: &ModelCard, run: Run) -> Vec<String> {
    let mut found = Vec::new();
    if (run.iterations, run.subsets) != (card.iterations, card.subsets) {
        let trained = format!("{} iterations of {} subsets", card.iterations, card.subsets);
        let text =
            format!("the network was trained for {trained}, this run makes {} of {}", run.iterations, run.subsets);
        found.push(text);
    }
    let is_name =
        |name: &String| *name == run.scanner.name || preset(name).is_ok_and(|one| one.name == run.scanner.name);
    if !card.scanners.iter().any(is_name) {
        let known = card.scanners.join(", ");
        found.push(format!("the network was trained on the scanners {known}, this is {}", run.scanner.name));
    }
    let ranges = [
        ("prompts per mm of axial length", card.prompts_per_mm, run.prompts_per_mm),
        ("mm for the sides of voxels", card.voxel_mm, run.voxel_mm),
    ];
    for (what, [low, high], value) in ranges {
        // A hundredth is no difference.
        if !(0.99 * low..=1.01 * high).contains(&value) {
            found.push(format!("the network was trained on {low:.3e} to {high:.3e} {what}, this scan has {value:.3e}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::model_file::FORMAT;
    use crate::prior::network::{Architecture, KIND};

    #[test]
    fn differences_are_said_and_likeness_is_not() {
        let card = ModelCard {
            format: FORMAT,
            kind: KIND.into(),
            architecture: Architecture::plain(2, 4, [3; 3], [3; 3], false),
            sha256: String::new(),
            iterations: 8,
            subsets: 6,
            start: None,
            weak: None,
            blend: None,
            training_data: String::new(),
            scanners: vec!["siemens-mmr".into(), "my own".into()],
            prompts_per_mm: [1e3, 1e5],
            voxel_mm: [2.0, 4.0],
            target_resolution_mm: 4.0,
            licence: String::new(),
            metrics: Default::default(),
            commit: String::new(),
            command: String::new(),
        };
        let scanner = preset("siemens-mmr").unwrap();
        let like = Run { scanner: &scanner, prompts_per_mm: 2e4, voxel_mm: 4.0, iterations: 8, subsets: 6 };
        assert!(differences(&card, like).is_empty());
        let found = differences(&card, Run { prompts_per_mm: 10.0, iterations: 3, ..like });
        assert_eq!(found[0], "the network was trained for 8 iterations of 6 subsets, this run makes 3 of 6");
        let counts =
            "the network was trained on 1.000e3 to 1.000e5 prompts per mm of axial length, this scan has 1.000e1";
        assert_eq!(found[1..], [counts]);
        let another = Scanner { name: "another".into(), ..scanner.clone() };
        let other = Run { scanner: &another, ..like };
        assert_eq!(
            differences(&card, other),
            ["the network was trained on the scanners siemens-mmr, my own, this is another"]
        );
    }
}
