//! Siemens mMR list-mode, normalisation and randoms: the real scan, and files that lie.

use coincide::data::{NormParts, smooth_randoms};
use coincide::io::IoError;
use coincide::io::listmode::{Histogram, ListMode, ListModeCounts};
use coincide::io::norm::read_norm;
use coincide::scanner::SinogramGeometry;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of the shared data; `None`, said aloud, where the folder does not exist.
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/mmr-listmode").join(name);
    if !path.exists() {
        println!("skipped: {} does not exist", path.display());
    }
    path.exists().then_some(path)
}

fn scan(span: usize) -> Option<(SinogramGeometry, Histogram)> {
    let list_mode = ListMode::open(&shared("small_listmode_file.l.hdr")?).unwrap();
    let geometry = list_mode.geometry(span).unwrap();
    let histogram = list_mode.histogram(&geometry, None, &mut |_, _| {}).unwrap();
    Some((geometry, histogram))
}

fn sum(values: &[f32]) -> f64 {
    values.iter().map(|&v| f64::from(v)).sum()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let product = |f: &dyn Fn(usize) -> f64| (0..a.len()).map(f).sum::<f64>();
    let covariance = product(&|i| (a[i] - ma) * (b[i] - mb));
    covariance / (product(&|i| (a[i] - ma).powi(2)) * product(&|i| (b[i] - mb).powi(2))).sqrt()
}

#[test]
fn the_real_scan_is_sorted_whole() {
    for (span, shape) in [(11, [252, 344, 1, 837]), (1, [252, 344, 1, 4084])] {
        let Some((geometry, histogram)) = scan(span) else { return };
        assert_eq!(geometry.shape(), shape);
        let expected = ListModeCounts {
            words: 254_816,
            prompts: 218_881,
            delayeds: 35_320,
            outside: 0,
            time_tags: 613,
            other_tags: 2,
            span_ms: Some((0, 612)),
        };
        assert_eq!(histogram.counts, expected);
        assert_eq!(histogram.counts.duration_s(), Some(0.613));
        assert_eq!((sum(&histogram.prompts), sum(&histogram.delayeds)), (218_881.0, 35_320.0));
    }
}
