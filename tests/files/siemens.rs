//! Siemens mMR list-mode, normalisation and randoms: the real scan, and files that lie.

use crate::shared_data::shared_data;
use coincide::data::{Isotope, NormComponents, NormParts};
use coincide::io::IoError;
use coincide::io::listmode::{Histogram, ListMode, ListModeCounts};
use coincide::io::norm::read_norm;
use coincide::scanner::{AxialCompression, SinogramGeometry, preset};
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

/// A file of the real scan.
fn shared(name: &str) -> Option<PathBuf> {
    shared_data(&format!("mmr-listmode/{name}"))
}

/// The real scan at span 11, sorted once for all tests.
fn scan() -> Option<&'static (SinogramGeometry, Histogram)> {
    static SCAN: OnceLock<Option<(SinogramGeometry, Histogram)>> = OnceLock::new();
    let scan = || {
        let list_mode = ListMode::open(&shared("small_listmode_file.l.hdr")?).unwrap();
        let geometry = list_mode.geometry(11).unwrap();
        let histogram = list_mode.histogram(&geometry, None, &mut |_, _| {}).unwrap();
        Some((geometry, histogram))
    };
    SCAN.get_or_init(scan).as_ref()
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
    let Some((geometry, histogram)) = scan() else { return };
    assert_eq!(geometry.shape(), [252, 344, 1, 837]);
    let expected = ListModeCounts {
        words: 254_816,
        prompts: 218_881,
        delayeds: 35_320,
        outside: 0,
        time_tags: 613,
        other_tags: 2,
        first_ms: Some(0),
        span_ms: Some((0, 612)),
    };
    assert_eq!(histogram.counts, expected);
    assert_eq!(histogram.counts.duration_s(), Some(0.613));
    assert_eq!((sum(&histogram.prompts), sum(&histogram.delayeds)), (218_881.0, 35_320.0));
}

/// The patient lay head first: the rings at high z look past the top of the head, those at low z at the neck.
#[test]
fn rings_are_counted_from_feet_to_head() {
    let Some((geometry, histogram)) = scan() else { return };
    let list_mode = ListMode::open(&shared("small_listmode_file.l.hdr").unwrap()).unwrap();
    assert_eq!(list_mode.patient_orientation.as_deref(), Some("HFS"));
    let [prompts, delayeds] = [&histogram.prompts, &histogram.delayeds].map(|counts| fan_sums(geometry, counts));
    let of_rings = |sums: &[f64], rings: std::ops::Range<usize>| -> f64 {
        sums.chunks(64).map(|column| column[rings.clone()].iter().sum::<f64>()).sum()
    };
    let net = |rings: std::ops::Range<usize>| of_rings(&prompts, rings.clone()) - of_rings(&delayeds, rings);
    let ends = [net(0..8), net(56..64)];
    println!("prompts less delayeds of the lowest and the highest eight rings: {ends:.0?}");
    assert!(ends[0] > 1.4 * ends[1], "{ends:?}");
}

/// Words of one ring pair each: the file's ring 0 is at our highest z.
#[test]
fn the_first_ring_of_the_file_is_nearest_to_the_head() {
    // The first planes of the file's segments 0, −1 and +1 (ring of B − ring of A), and its last of segment 0.
    let planes: [(u32, [f64; 2]); 4] = [
        (0, [31.5, 31.5]),    // rings [0, 0]
        (64, [30.5, 31.5]),   // rings [1, 0]
        (127, [31.5, 30.5]),  // rings [0, 1]
        (63, [-31.5, -31.5]), // rings [63, 63]
    ];
    let header = "!INTERFILE:=\n!originating system:=2008\nname of data file:=a.l\n%patient orientation:=HFS\n\
        %LM event and tag words format (bits):=32\n%axial compression:=1\n%maximum ring difference:=60\n";
    for (plane, rings) in planes {
        let folder = tempfile::tempdir().unwrap();
        let word = 1 << 30 | (200 + 344 * (100 + 252 * plane));
        fs::write(folder.path().join("a.l.hdr"), header).unwrap();
        fs::write(folder.path().join("a.l"), u32::to_le_bytes(word)).unwrap();
        let list_mode = ListMode::open(&folder.path().join("a.l.hdr")).unwrap();
        let geometry = list_mode.geometry(1).unwrap();
        let prompts = list_mode.histogram(&geometry, None, &mut |_, _| {}).unwrap().prompts;
        let bin = prompts.iter().position(|&count| count == 1.0).unwrap();
        let (line, plane) = (bin / geometry.planes(), geometry.all_planes().nth(bin % geometry.planes()).unwrap());
        assert_eq!(line, 100 * 344 + 200);
        let [a, b] = geometry.line_of_response(100, 200, plane);
        assert!((a[2] - 4.0625 * rings[0]).abs() < 1e-9 && (b[2] - 4.0625 * rings[1]).abs() < 1e-9, "{a:?} {b:?}");
    }
}

/// Another way to the same bins: rings and crystals of each word, sorted by hand.
#[test]
fn the_bins_of_the_real_scan_are_those_of_its_crystals() {
    let Some((geometry, histogram)) = scan() else { return };
    let words = fs::read(shared("small_listmode_file.l").unwrap()).unwrap();
    let mut rings_of_plane = Vec::new();
    for difference in std::iter::once(0).chain((1..=60).flat_map(|d| [-d, d])) {
        let pairs = (0..64_i32).map(|a| [a, a + difference]).filter(|[_, b]| (0..64).contains(b));
        // The file counts rings from the head, we from the feet.
        rings_of_plane.extend(pairs.map(|pair| pair.map(|ring| 63 - ring)));
    }
    let planes: Vec<_> = geometry.all_planes().collect();
    let segment_starts: Vec<usize> = geometry.segments.iter().map(|s| s.planes.len()).collect();
    for word in words.chunks(4).map(|w| u32::from_le_bytes(w.try_into().unwrap())).filter(|w| w >> 31 == 0) {
        let address = (word & 0x3fff_ffff) as usize;
        let [a, b] = rings_of_plane[address / 344 / 252];
        let segment =
            geometry.segments.iter().position(|s| (s.min_difference..=s.max_difference).contains(&i64::from(b - a)));
        let start: usize = segment_starts[..segment.unwrap()].iter().sum();
        let plane = (start..).find(|&p| planes[p].ring_sum == (a + b) as usize).unwrap();
        let bin = (address / 344 % 252 * 344 + address % 344) * 837 + plane;
        let sinogram = if word >> 30 == 1 { &histogram.prompts } else { &histogram.delayeds };
        assert!(sinogram[bin] >= 1.0);
    }
}

#[test]
fn a_smaller_sinogram_takes_what_it_holds() {
    let Some((whole, all)) = scan() else { return };
    let list_mode = ListMode::open(&shared("small_listmode_file.l.hdr").unwrap()).unwrap();
    // Uncompressed ring differences -5 to 5 and views in threes: segment 0 of span 11.
    let compression = AxialCompression::Span { span: 1, max_ring_difference: 5 };
    let geometry = SinogramGeometry::new(list_mode.scanner.clone(), compression, 3, 0).unwrap();
    let mut bytes = (0, 0);
    let part = list_mode.histogram(&geometry, None, &mut |done, of| bytes = (done, of)).unwrap();
    assert_eq!(bytes, (1_019_264, 1_019_264));
    let in_segment_0: f64 = all.prompts.chunks(837).map(|column| sum(&column[..127])).sum();
    assert_eq!(sum(&part.prompts), in_segment_0);
    let lost = part.counts.prompts + part.counts.delayeds - part.counts.outside;
    assert_eq!(sum(&part.prompts) + sum(&part.delayeds), lost as f64);
    assert_eq!(part.counts.prompts, all.counts.prompts);
    let of_view = |v: &[f32], views, view: usize| sum(&v[view * v.len() / views..(view + 1) * v.len() / views]);
    let three: f64 = (30..33)
        .map(|view| {
            all.prompts[view * 344 * 837..(view + 1) * 344 * 837].chunks(837).map(|c| sum(&c[..127])).sum::<f64>()
        })
        .sum();
    assert_eq!(of_view(&part.prompts, 84, 10), three);
    assert_eq!(whole.shape()[0], 252);
}

#[test]
fn time_windows_share_out_the_events() {
    let Some((_, all)) = scan() else { return };
    let list_mode = ListMode::open(&shared("small_listmode_file.l.hdr").unwrap()).unwrap();
    let compression = AxialCompression::Span { span: 1, max_ring_difference: 0 };
    let geometry = SinogramGeometry::new(list_mode.scanner.clone(), compression, 252, 0).unwrap();
    let window = |range| list_mode.histogram(&geometry, Some(range), &mut |_, _| {}).unwrap().counts;
    let [first, second, none] = [window(0..250), window(250..100_000), window(613..700)];
    assert_eq!((first.time_tags, second.time_tags, none.time_tags), (250, 363, 0));
    assert_eq!(first.prompts + second.prompts, all.counts.prompts);
    assert_eq!(first.delayeds + second.delayeds, all.counts.delayeds);
    assert_eq!((none.prompts, none.delayeds, none.duration_s()), (0, 0, None));
    assert_eq!((first.duration_s(), second.duration_s()), (Some(0.25), Some(0.363)));
    assert!(first.words < 254_816, "reading stops after the window");
}

/// A scanner's clock may have run for hours before the scan: windows count from the first time tag.
#[test]
fn time_windows_count_from_the_first_tag() {
    let Some(header) = shared("small_listmode_file.l.hdr") else { return };
    const BEFORE_MS: u32 = 25_934_299;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small_listmode_file.l.hdr");
    fs::copy(header, &path).unwrap();
    let later = |bytes: &[u8]| {
        let word = u32::from_le_bytes(bytes.try_into().unwrap());
        if word >> 29 == 0b100 { word + BEFORE_MS } else { word }.to_le_bytes()
    };
    let words = fs::read(shared("small_listmode_file.l").unwrap()).unwrap();
    let shifted: Vec<u8> = words.chunks(4).flat_map(later).collect();
    fs::write(folder.path().join("small_listmode_file.l"), shifted).unwrap();
    let [here, late] = [shared("small_listmode_file.l.hdr").unwrap(), path].map(|path| ListMode::open(&path).unwrap());
    let compression = AxialCompression::Span { span: 1, max_ring_difference: 0 };
    let geometry = SinogramGeometry::new(here.scanner.clone(), compression, 252, 0).unwrap();
    for window in [None, Some(0..250), Some(250..400)] {
        let counts = |of: &ListMode| of.histogram(&geometry, window.clone(), &mut |_, _| {}).unwrap().counts;
        let (own, other) = (counts(&here), counts(&late));
        assert_eq!((own.prompts, own.delayeds, own.time_tags), (other.prompts, other.delayeds, other.time_tags));
        assert_eq!((own.duration_s(), own.frame_s()), (other.duration_s(), other.frame_s()));
        assert_eq!(other.frame_s(), window.map_or(0.0, |window| window.start as f64 / 1000.0));
    }
    // The header's own words on what was injected, and when: 16:07:00 for a start at 17:00:35.
    assert_eq!((here.clock.isotope, here.clock.uptake_s), (Some(Isotope::Fluorine18), Some(3215.0)));
}

/// Sums of a sinogram over all bins of each crystal, `[crystal, ring]`; a bin of n ring pairs gives 1/n to each.
fn fan_sums(geometry: &SinogramGeometry, lines: &[f32]) -> Vec<f64> {
    let planes: Vec<Vec<_>> =
        geometry.segments.iter().flat_map(|s| s.planes.iter().map(|p| geometry.ring_pairs(s, p).collect())).collect();
    let mut sums = vec![0.0; 504 * 64];
    for (line, column) in lines.chunks(837).enumerate() {
        let [c, d] = geometry.crystals(line / 344, line % 344).unwrap();
        for (value, pairs) in column.iter().zip(&planes) {
            for [a, b] in pairs {
                let share = f64::from(*value) / pairs.len() as f64;
                sums[c * 64 + a] += share;
                sums[d * 64 + b] += share;
            }
        }
    }
    sums
}

#[test]
fn the_normalisation_fits_the_scan() {
    let Some((geometry, histogram)) = scan() else { return };
    let norm = read_norm(&shared("norm.n.hdr").unwrap()).unwrap();
    let efficiencies = norm.efficiencies(geometry, NormParts::default(), None).unwrap();
    assert_eq!(efficiencies.len(), 252 * 344 * 837);

    // No count of either kind where the efficiency is 0, and gaps nowhere else than in 1 - (8/9)² of the bins.
    let gaps = efficiencies.iter().filter(|&&m| m == 0.0).count() as f64 / efficiencies.len() as f64;
    assert!((gaps - (1.0 - 64.0 / 81.0)).abs() < 0.01, "{gaps} of the bins are gaps");
    for sinogram in [&histogram.prompts, &histogram.delayeds] {
        let in_gaps: f64 =
            sinogram.iter().zip(&efficiencies).filter(|(_, m)| **m == 0.0).map(|(&y, _)| f64::from(y)).sum();
        assert_eq!(in_gaps, 0.0);
    }

    // The interference has exact ones for gaps: only where the first crystal of a block takes part.
    let first_of_block =
        |radial: usize, view: usize| geometry.crystals(view, radial).unwrap().iter().any(|d| d % 9 == 0);
    let ones: Vec<_> = (0..344 * 9).filter(|&i| norm.interference[i] == 1.0).collect();
    assert_eq!(ones.len(), 488);
    assert!(ones.iter().all(|i| first_of_block(i / 9, i % 9)));

    // A plane of n ring pairs has about n times the efficiency of one.
    let pairs: Vec<_> = geometry.all_planes().map(|plane| plane.ring_pairs as f64).collect();
    let per_pair = |values: &[f32]| {
        let mut sums = vec![0.0; 837];
        values.chunks(837).for_each(|column| sums.iter_mut().zip(column).for_each(|(s, &v)| *s += f64::from(v)));
        sums.iter().zip(&pairs).map(|(sum, n)| sum / n).collect::<Vec<_>>()
    };
    let [model, prompts] = [&efficiencies, &histogram.prompts].map(|values| per_pair(values));
    assert!(model.iter().all(|m| (0.6..1.4).contains(&(m / (252. * 344.)))), "{model:?}");
    // The pattern of the axial blocks (every 16 planes) is in the prompts as it is in the efficiencies: slope 1.
    let slope = block_pattern_slope(geometry, &prompts, &model);
    println!("axial block pattern of the prompts: {slope:.3} of that of the efficiencies (error 0.08)");
    assert!((0.8..1.3).contains(&slope), "{slope}");
}

/// Least-squares slope of the deviations of `data` from their running mean over 16 planes on those of `model`.
fn block_pattern_slope(geometry: &SinogramGeometry, data: &[f64], model: &[f64]) -> f64 {
    let (mut start, mut products, mut squares) = (0, 0.0, 0.0);
    for segment in &geometry.segments {
        let end = start + segment.planes.len();
        for p in start + 16..(end - 16).max(start + 16) {
            let deviation = |v: &[f64]| {
                let ends = 0.5 * (v[p - 8] + v[p + 8]);
                16.0 * v[p] / (v[p - 7..p + 8].iter().sum::<f64>() + ends) - 1.0
            };
            let (x, y) = (deviation(model), deviation(data));
            products += data[p] * x * y;
            squares += data[p] * x * x;
        }
        start = end;
    }
    products / squares
}

/// Whether the crystals of the normalisation are those of the scan.
///
/// The normalisation is from another day, and 35,320 delayeds are two per crystal, so correlations of single crystals
/// are small: the standard error of each is 0.006.
#[test]
fn fan_sums_follow_the_crystals_of_the_normalisation() {
    let Some((geometry, histogram)) = scan() else { return };
    let norm = read_norm(&shared("norm.n.hdr").unwrap()).unwrap();
    let live: Vec<_> = (0..504 * 64).filter(|i| i / 64 % 9 != 0).collect();
    let pick = |sums: Vec<f64>| live.iter().map(|&i| sums[i]).collect::<Vec<_>>();
    let none = NormParts { crystals: false, geometric: false, interference: false, axial: false };
    let of_parts = |parts| pick(fan_sums(geometry, &norm.efficiencies(geometry, parts, None).unwrap()));
    let [all, bare] = [NormParts::default(), none].map(of_parts);
    let [delayeds, prompts] = [&histogram.delayeds, &histogram.prompts].map(|counts| pick(fan_sums(geometry, counts)));
    for (name, counts, floor) in [("delayeds", &delayeds, 0.03), ("prompts", &prompts, 0.02)] {
        let [full, gaps] = [&all, &bare].map(|model| correlation(counts, model));
        println!(
            "fan sums of {name}: correlation {full:.4} with all components, {gaps:.4} with gaps and geometry only"
        );
        assert!(full > gaps + floor, "{name}: {full} against {gaps}");
        // Edge crystals of a block see less: crystal interference, summed over all blocks.
        let in_block = |values: &[f64]| {
            let mut sums = [0.0; 8];
            live.iter().zip(values).for_each(|(&i, v)| sums[i / 64 % 9 - 1] += v);
            sums
        };
        let profile = correlation(&in_block(counts), &in_block(&all));
        println!("    profile across the block: correlation {profile:.3}");
        assert!(profile > 0.95, "{name}: {profile}");
    }

    // Crystal by crystal, beside blocks and positions in them: our numbering fits best of all rotations by a few
    // crystals.
    let counts = in_blocks(&live, &prompts);
    let shifted = |shift: usize| {
        let crystal = |i: usize| f64::from(norm.crystals[i % 64 * 504 + (i / 64 + 504 + shift - 4) % 504]);
        correlation(&counts, &in_blocks(&live, &live.iter().map(|&i| crystal(i).max(0.9)).collect::<Vec<_>>()))
    };
    let correlations: Vec<_> = (0..9).map(shifted).collect();
    println!("prompts and crystal efficiencies, numbering off by -4 … 4: {correlations:.4?}");
    assert!(correlations[4] > 3.0 * 0.006, "{correlations:?}");
    assert!(correlations.iter().all(|&c| c <= correlations[4]), "{correlations:?}");
}

/// Values `[live crystal]` divided by the mean of their block and of their position in the block.
fn in_blocks(live: &[usize], values: &[f64]) -> Vec<f64> {
    let divide = |values: Vec<f64>, group: &dyn Fn(usize) -> usize| {
        let mut sums = [(0.0, 0); 512];
        live.iter().zip(&values).for_each(|(&i, v)| {
            let (sum, count) = &mut sums[group(i)];
            (*sum, *count) = (*sum + v, *count + 1);
        });
        live.iter().zip(&values).map(|(&i, v)| v * f64::from(sums[group(i)].1) / sums[group(i)].0).collect::<Vec<_>>()
    };
    let by_block = divide(values.to_vec(), &|i| i / 64 / 9 * 8 + i % 64 / 8);
    divide(by_block, &|i| i / 64 % 9 * 8 + i % 8)
}

/// Copies of the header and data of the real list-mode with changes, and what is said about them.
fn spoiled_list_mode(changes: &[(&str, &str)], words: &[u32], tail: &[u8]) -> Option<String> {
    let header = fs::read_to_string(shared("small_listmode_file.l.hdr")?).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.l.hdr");
    let header = changes.iter().fold(header, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    fs::write(&path, header).unwrap();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).chain(tail.iter().copied()).collect();
    fs::write(folder.path().join("small_listmode_file.l"), bytes).unwrap();
    let read = || -> Result<Histogram, IoError> {
        let list_mode = ListMode::open(&path)?;
        let compression = AxialCompression::Span { span: 1, max_ring_difference: 0 };
        let geometry = SinogramGeometry::new(list_mode.scanner.clone(), compression, 252, 0).unwrap();
        list_mode.histogram(&geometry, None, &mut |_, _| {})
    };
    Some(read().map_or_else(|error| error.to_string(), |histogram| format!("{:?}", histogram.counts)))
}

#[test]
fn list_mode_that_lies_is_named() {
    let expect = |changes: &[(&str, &str)], words: &[u32], tail: &[u8], expected: &str| {
        let Some(text) = spoiled_list_mode(changes, words, tail) else { return };
        assert!(text.contains(expected), "{changes:?} {words:x?}: {text}");
    };
    expect(&[], &[], &[], "words: 0, prompts: 0");
    expect(
        &[],
        &[1 << 31, 0x4000_0000],
        &[1, 2, 3],
        "small_listmode_file.l: 11 bytes of data, expected 8 (whole words",
    );
    let last = 4084 * 252 * 344 - 1;
    expect(&[], &[last, 1 << 31 | 7], &[], "delayeds: 1, outside: 1, time_tags: 1");
    expect(&[], &[5, last + 1], &[], "address of word 1 is 354033792, expected 0 to 354033791");
    expect(&[], &[1 << 31 | 7, 1 << 31 | 6], &[], "time tag of word 1 is 6 ms, expected 7 ms or later");
    expect(&[("(bits):=32", "(bits):=64")], &[], &[], "(bits)` is 64, expected 32");
    expect(&[("%axial compression:=1", "%axial compression:=11")], &[], &[], "`%axial compression` is 11, expected 1");
    expect(&[("number of rings:=64", "number of rings:=55")], &[], &[], "is 55, expected 64, as Siemens mMR has");
    expect(&[("projections:=344", "projections:=400")], &[], &[], "is 400, expected 344");
    expect(&[("views:=252", "views:=168")], &[], &[], "is 168, expected 252");
    expect(&[("difference:=60", "difference:=64")], &[], &[], "is 64, expected below the 64 rings");
    expect(&[("system:=2008", "system:=1234")], &[], &[], "`originating system` is 1234");
    expect(&[("time bins:=1", "time bins:=13")], &[], &[], "is 13, expected 1");
    expect(&[("small_listmode_file.l", "other.l")], &[], &[], "other.l: opening the list-mode data failed");
    expect(&[("in bytes:=0", "in bytes:=1099511627776")], &[5], &[], "4 bytes of data, expected 1099511627776");
}

#[test]
fn a_sinogram_that_does_not_fit_the_events_is_refused() {
    let Some(path) = shared("small_listmode_file.l.hdr") else { return };
    let list_mode = ListMode::open(&path).unwrap();
    let mut geometry = list_mode.geometry(11).unwrap();
    geometry.radial_bins = 343;
    let error = list_mode.histogram(&geometry, None, &mut |_, _| {}).map(|_| "no error").unwrap_err().to_string();
    assert!(error.contains("with 344 radial bins of Siemens mMR"), "{error}");
    assert!(list_mode.geometry(4).is_err());
}

/// Single numbers of the file's first ring, lowest ring sum and first plane of segment −1, found again at our other
/// end.
#[test]
fn the_normalisation_is_turned_round() {
    let Some(path) = shared("norm.n.hdr") else { return };
    let norm = read_norm(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut data = fs::read(path.with_extension("")).unwrap();
    let header = fs::read_to_string(&path).unwrap();
    fs::write(folder.path().join("a.hdr"), &header).unwrap();
    let offset = |name: &str| {
        let number = header.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix(":=")?.rsplit(' ').next());
        let key = format!("data offset in bytes {}:=", number.unwrap());
        header.lines().find_map(|line| line.trim_end().strip_prefix(&key)?.parse::<usize>().ok()).unwrap()
    };
    let mut set = |name: &str, index: usize| {
        let place = offset(name) + 4 * index;
        data[place..place + 4].copy_from_slice(&7.5_f32.to_le_bytes());
    };
    set("crystal efficiencies", 504 + 20); // ring 1, crystal 20
    set("geometric effects", 2 * 344 + 30); // ring sum 2, radial bin 30
    set("axial effects", 3); // segment 0, plane 3
    set("axial effects", 127 + 4); // segment -1, plane 4
    set("axial effects", 127 + 115); // segment +1, plane 0: rings [0, 6]
    set("paralyzing ring DT parameters", 5); // ring 5
    fs::write(folder.path().join("norm.n"), data).unwrap();
    let changed = read_norm(&folder.path().join("a.hdr")).unwrap();
    let differences = |a: &[f32], b: &[f32]| (0..a.len()).filter(|&i| a[i] != b[i]).collect::<Vec<_>>();
    assert_eq!(differences(&norm.crystals, &changed.crystals), [62 * 504 + 21]);
    assert_eq!(differences(&norm.geometric, &changed.geometric), [124 * 344 + 30]);
    let last_of_minus_1 = 127 + 115 + 114;
    assert_eq!(differences(&norm.axial, &changed.axial), [123, 127 + 110, last_of_minus_1]);
    let paralysing = |norm: &NormComponents| norm.dead_time.clone().unwrap().paralysing_s;
    assert_eq!(differences(&paralysing(&norm), &paralysing(&changed)), [58]);
    let compression = AxialCompression::Span { span: 11, max_ring_difference: 60 };
    let geometry = SinogramGeometry::new(preset("siemens-mmr").unwrap(), compression, 1, 0).unwrap();
    assert_eq!(geometry.plane_table().plane(63, 57), Some(last_of_minus_1));
}

#[test]
fn a_normalisation_that_lies_is_named() {
    let Some(path) = shared("norm.n.hdr") else { return };
    let header = fs::read_to_string(&path).unwrap();
    let data = fs::read(path.with_extension("")).unwrap();
    let lie = |from: &str, to: &str, data: &[u8], expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.hdr");
        assert!(header.contains(from), "{from}");
        fs::write(&path, header.replace(from, to)).unwrap();
        fs::write(folder.path().join("norm.n"), data).unwrap();
        let error = read_norm(&path).map(|_| "no error").unwrap_err().to_string();
        assert!(error.contains(expected), "{from} {to}: {error}");
    };
    let number = |place: usize, value: f32| {
        let mut data = data.clone();
        data[place..place + 4].copy_from_slice(&value.to_le_bytes());
        data
    };
    lie("{504,64}", "{504,63}", &data, "crystal efficiencies (%matrix size [3])` is [504, 63], expected [504, 64]");
    lie("{504,64}", "{1099511627776,1099511627776}", &data, "a size that a file can have");
    lie("%matrix size [8]:={837}", "%matrix size [8]:={1099511627776}", &data, "323404 bytes of data");
    lie("components:=8", "components:=9", &data, "`%normalization component [9]` is missing");
    lie("components:=8", "components:=1000000000000", &data, "up to 64");
    lie("[4]:=axial effects", "[4]:=axial defects", &data, "`normalization component axial effects` is missing");
    lie("system:=2008", "system:=2011", &data, "expected 2008 (Siemens mMR)");
    lie("bytes per pixel:=4", "bytes per pixel:=8", &data, "little-endian floats of 4 bytes");
    lie("compression:=11", "compression:=12", &data, "span 12 is not an odd number");
    lie("compression:=11", "compression:=9", &data, "axial effects (%matrix size [4])` is [837]");
    lie(":=norm.n", ":=norm.m", &data, "norm.m: opening the components failed");
    lie("2008", "2008", &data[..323_000], "323000 bytes of data, expected 323404");
    lie("2008", "2008", &number(187_136, f32::NAN), "crystal efficiencies, number 0` is NaN");
    lie("2008", "2008", &number(187_140, -1.0), "crystal efficiencies, number 1` is -1");
    lie("2008", "2008", &number(316_164, 0.0), "axial effects, number 1` is 0, expected a number > 0");
}
