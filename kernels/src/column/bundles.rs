//! Bundles: runs whose lines are equally long, packed side by side in a few vectors. They share their TOF weights, so
//! that a step of all of them is weighted at once however short they are.

use super::Run;

/// Runs packed into lanes.
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    /// |z of detector B minus z of detector A| in mm.
    pub dz_mm: f64,
    /// Its runs.
    pub members: Vec<Member>,
}

/// A run of a bundle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Number of the run.
    pub run: usize,
    /// Lane of its first plane.
    pub lane: usize,
}

/// Tilts closer than this are the same, in mm.
const SAME_MM: f64 = 1e-5;

/// Bundles of at most `lanes` planes, in the order of |tilt|; no run is longer than that.
pub(super) fn bundles(runs: &[Run], lanes: usize) -> Vec<Bundle> {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by(|&a, &b| runs[a].dz_mm.abs().total_cmp(&runs[b].dz_mm.abs()));
    let (mut bundles, mut filled): (Vec<Bundle>, usize) = (Vec::new(), 0);
    for run in order {
        let (dz_mm, count) = (runs[run].dz_mm.abs(), runs[run].count);
        let fits =
            bundles.last().is_some_and(|bundle| (bundle.dz_mm - dz_mm).abs() < SAME_MM && filled + count <= lanes);
        if !fits {
            bundles.push(Bundle { dz_mm, members: Vec::new() });
            filled = 0;
        }
        if let Some(bundle) = bundles.last_mut() {
            bundle.members.push(Member { run, lane: filled });
        }
        filled += count;
    }
    bundles
}
