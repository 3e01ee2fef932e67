//! Scanner presets and sinogram geometry against known numbers.

use coincide::scanner::{AxialCompression, PRESETS, RadialSampling, SinogramGeometry, preset};

fn geometry(name: &str, compression: AxialCompression) -> SinogramGeometry {
    SinogramGeometry::new(preset(name).unwrap(), compression, 1, 0).unwrap()
}

fn span(span: usize, max_ring_difference: usize) -> AxialCompression {
    AxialCompression::Span { span, max_ring_difference }
}

#[test]
fn presets_are_sound() {
    for name in PRESETS {
        preset(name).unwrap().check().unwrap();
    }
}

#[test]
fn mmr_span_11_is_the_known_sinogram() {
    let mmr = geometry("siemens-mmr", span(11, 60));
    let planes: Vec<_> = mmr.segments.iter().map(|s| s.planes.len()).collect();
    assert_eq!(planes, [127, 115, 115, 93, 93, 71, 71, 49, 49, 27, 27]);
    assert_eq!(mmr.shape(), [252, 344, 1, 837]);
    assert_eq!(mmr.segments[1].min_difference, 6);
    assert_eq!(mmr.segments[10].min_difference, -60);
    assert_eq!(geometry("siemens-mmr", span(1, 60)).planes(), 4084);
}

#[test]
fn other_scanners_have_their_known_planes() {
    assert_eq!(geometry("siemens-mct", span(11, 49)).planes(), 621);
    assert_eq!(geometry("ge-signa-petmr", AxialCompression::Ge { max_ring_difference: 44 }).planes(), 1981);
    assert_eq!(geometry("ecat-hr+", span(9, 22)).planes(), 239);
}

#[test]
fn every_ring_pair_is_in_one_plane_and_planes_are_symmetric() {
    let ge = AxialCompression::Ge { max_ring_difference: 35 };
    for (name, compression) in [("siemens-mmr", span(11, 60)), ("ge-dmi-4ring", ge)] {
        let geometry = geometry(name, compression);
        let table = geometry.plane_table();
        let rings = geometry.scanner.rings;
        let pairs = (0..rings * rings).filter(|i| table.plane(i / rings, i % rings).is_some()).count();
        let counted: usize = geometry.all_planes().map(|p| p.ring_pairs).sum();
        assert_eq!(pairs, counted, "{name}");
        for segment in &geometry.segments {
            let (first, last) = (segment.planes[0], segment.planes[segment.planes.len() - 1]);
            assert!((first.z_mm + last.z_mm).abs() < 1e-9, "{name}");
        }
    }
}

#[test]
fn crystal_lines_follow_the_field_convention() {
    let mmr = geometry("siemens-mmr", span(11, 60));
    // φ = view·π/views for even tangential positions, s = R sin(t·π/N), and half a step more for odd ones.
    let radius = mmr.scanner.effective_radius_mm();
    let step = std::f64::consts::PI / 504.0;
    for view in [0, 1, 77, 251] {
        for radial in [2, 100, 171, 172, 173, 343] {
            let tangential = radial as f64 - 172.0;
            let (s, phi) = mmr.line(view, radial).distance_and_angle();
            assert!((s - radius * (tangential * step).sin()).abs() < 1e-9, "view {view} radial {radial}: s = {s}");
            let expected = (2.0 * view as f64 - if radial % 2 == 0 { 0.0 } else { 1.0 }) * step;
            assert!((phi - expected).abs() < 1e-9, "view {view} radial {radial}: φ = {phi}, expected {expected}");
        }
    }
}

#[test]
fn polygon_crystals_lie_on_flat_sides() {
    let dmi = preset("ge-dmi-4ring").unwrap();
    let side: Vec<_> = (0..16).map(|crystal| dmi.crystal_mm(crystal)).collect();
    let pitch = |i: usize| (side[i + 1][0] - side[i][0]).hypot(side[i + 1][1] - side[i][1]);
    assert!((0..15).all(|i| (pitch(i) - 4.03125).abs() < 1e-9));
    let z: Vec<_> = (0..36).map(|ring| dmi.ring_z_mm(ring)).collect();
    assert!((z[9] - z[8] - 8.11556).abs() < 1e-9 && (z[1] - z[0] - 5.31556).abs() < 1e-9);
}

/// Where views are mashed, an arc-corrected view lies at the mean angle of the crystal views that it sums.
#[test]
fn mashed_arc_corrected_views_lie_between_their_crystal_views() {
    for (name, mashing) in [("siemens-mmr", 2), ("siemens-mmr", 3), ("siemens-mct", 4), ("ge-signa-petmr", 7)] {
        let compression = span(1, 0);
        let whole = geometry(name, compression);
        let mut mashed = SinogramGeometry::new(preset(name).unwrap(), compression, mashing, 0).unwrap();
        mashed.sampling = RadialSampling::ArcCorrected { bin_mm: 2.0 };
        let middle = mashed.radial_bins / 2;
        for view in [0, 1, mashed.views - 2] {
            let of_crystals = |n: usize| whole.line(view * mashing + n, middle).distance_and_angle().1;
            let expected = (0..mashing).map(of_crystals).sum::<f64>() / mashing as f64;
            let (s, angle) = mashed.line(view, middle).distance_and_angle();
            assert!(s.abs() < 1e-9 && (angle - expected).abs() < 1e-9, "{name}, view {view}: {angle}, not {expected}");
        }
    }
}

/// Rings with gaps between their blocks: a plane is as steep as its own ring pairs in the mean, whatever the segment.
/// Without gaps all planes of a wide segment are as steep as its mean ring difference, as in STIR.
#[test]
fn planes_are_as_steep_as_their_ring_pairs() {
    for (name, compression) in [
        ("ge-dmi-4ring", span(3, 7)),
        ("ge-dmi-3ring", span(11, 16)),
        ("ge-dmi-4ring", AxialCompression::Ge { max_ring_difference: 35 }),
    ] {
        let geometry = geometry(name, compression);
        for segment in &geometry.segments {
            for plane in &segment.planes {
                let z = |ring| geometry.scanner.ring_z_mm(ring);
                let (mut rise, mut pairs) = (0.0, 0.0);
                for [a, b] in geometry.ring_pairs(segment, plane) {
                    (rise, pairs) = (rise + z(b) - z(a), pairs + 1.0);
                }
                assert!((plane.dz_mm - rise / pairs).abs() < 1e-9, "{name}, {plane:?}: {} mm", rise / pairs);
            }
        }
    }
    let mmr = geometry("siemens-mmr", span(11, 60));
    assert!(mmr.segments[3].planes.iter().all(|plane| (plane.dz_mm - 22.0 * 4.0625).abs() < 1e-9));
}
