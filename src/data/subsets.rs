//! Subsets of interleaved views, in an order that sees very different angles one after the other.

/// A number of subsets that does not fit the views.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{subsets} subsets do not divide {views} views; use one of {dividers:?}")]
pub struct SubsetError {
    /// Subsets asked for.
    pub subsets: usize,
    /// Views of the sinogram.
    pub views: usize,
    /// What would fit.
    pub dividers: Vec<usize>,
}

/// The views of each subset, in the order in which the subsets are visited: subset k holds views k, k + K, k + 2K, …
/// The order steps by the number nearest to K·(√5 − 1)/2 that is coprime to K, so that successive subsets
/// are far apart (golden-section ordering; Köhler 2004, IEEE NSS-MIC).
pub fn subsets(views: usize, subsets: usize) -> Result<Vec<Vec<usize>>, SubsetError> {
    if subsets == 0 || !views.is_multiple_of(subsets) {
        let dividers = (1..=views).filter(|n| views.is_multiple_of(*n)).collect();
        return Err(SubsetError { subsets, views, dividers });
    }
    let step = golden_step(subsets);
    let order = (0..subsets).map(|position| position * step % subsets);
    Ok(order.map(|first| (first..views).step_by(subsets).collect()).collect())
}

/// The largest number of subsets up to `most` that divides the views.
pub fn most_subsets(views: usize, most: usize) -> usize {
    (1..=most.min(views)).rev().find(|count| views.is_multiple_of(*count)).unwrap_or(1)
}

fn golden_step(count: usize) -> usize {
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0) * count as f64;
    (1..=count)
        .filter(|&step| greatest_common_divisor(step, count) == 1)
        .min_by(|&a, &b| (a as f64 - golden).abs().total_cmp(&(b as f64 - golden).abs()))
        .unwrap_or(1)
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_is_in_exactly_one_subset() {
        for count in [1, 2, 7, 21, 252] {
            let mut views: Vec<_> = subsets(252, count).unwrap().concat();
            views.sort_unstable();
            assert_eq!(views, (0..252).collect::<Vec<_>>());
        }
    }

    #[test]
    fn successive_subsets_are_far_apart() {
        let order: Vec<_> = subsets(252, 21).unwrap().iter().map(|views| views[0]).collect();
        assert!(order.windows(2).all(|pair| pair[0].abs_diff(pair[1]) >= 7), "{order:?}");
    }

    #[test]
    fn a_wrong_number_names_the_right_ones() {
        let error = subsets(20, 6).unwrap_err();
        assert_eq!(error.to_string(), "6 subsets do not divide 20 views; use one of [1, 2, 4, 5, 10, 20]");
    }
}
