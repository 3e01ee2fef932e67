//! Headers that name a scanner and give none of its numbers.

use coincide::io::IoError;
use coincide::io::interfile::read_geometry;
use coincide::scanner::SinogramGeometry;
use std::fs;
use std::path::Path;

/// Two views of one plane.
const ONE: &str = "matrix size [3] := 2\nmatrix size [2] := {1}\n";

/// A header that names a scanner and no more; `sizes` are those of the views and planes.
fn named(folder: &Path, name: &str, sizes: &str) -> Result<SinogramGeometry, IoError> {
    let path = folder.join("named.hs");
    let text = format!(
        "!INTERFILE :=\nname of data file := a.s\noriginating system := {name}\n!PET data type := Emission\n\
         applied corrections := {{None}}\nnumber format := float\nnumber of bytes per pixel := 4\n\
         number of dimensions := 4\nmatrix axis label [4] := segment\nmatrix size [4] := 1\nmatrix axis label [3] := view\n\
         matrix axis label [2] := axial coordinate\n\
         matrix axis label [1] := tangential coordinate\nmatrix size [1] := 5\n\
         minimum ring difference per segment := {{0}}\nmaximum ring difference per segment := {{0}}\n{sizes}"
    );
    fs::write(&path, text).unwrap();
    read_geometry(&path)
}

/// Names and numbers of STIR 6; rings, crystals, effective radius, ring spacing.
#[test]
fn the_scanners_that_stir_knows_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let scanners: [(&str, [usize; 2], f64, f64); 42] = [
        ("ECAT 931", [8, 512], 517.0, 13.5),
        ("ECAT 951", [16, 512], 517.0, 6.75),
        ("ECAT 953", [16, 384], 389.5, 6.75),
        ("ECAT 921", [24, 384], 419.5, 6.75),
        ("EXACT", [24, 384], 419.5, 6.75),
        ("ECAT ART", [24, 384], 419.5, 6.75),
        ("ECAT HR", [24, 784], 419.0, 6.25),
        ("ECAT HR+", [32, 576], 419.0, 4.85),
        ("ECAT HR++", [48, 576], 419.0, 4.85),
        ("Biograph 16", [41, 672], 419.0, 4.0),
        ("test_scanner", [4, 504], 335.0, 4.0625),
        ("mMR", [64, 504], 335.0, 4.0625),
        ("mCT", [55, 672], 428.0, 4.054),
        ("Vision 600", [80, 798], 417.0, 3.29114),
        ("Quadra", [323, 798], 417.0, 3.29114),
        ("RPT", [16, 384], 380.0, 6.75),
        ("RATPET", [8, 112], 64.5, 6.25),
        ("PANDA", [1, 2048], 47.75, 3.0),
        ("nanoPET", [81, 468], 179.0, 1.17),
        ("HYPERimage", [22, 490], 106.97, 1.4),
        ("Advance", [18, 672], 471.875, 8.5),
        ("Discovery LS", [18, 672], 471.875, 8.5),
        ("Discovery ST", [24, 420], 451.5, 6.54),
        ("Discovery STE", [24, 560], 451.5, 6.54),
        ("Discovery RX", [24, 630], 452.5, 6.54),
        ("GE Discovery 600", [24, 512], 413.35, 6.54),
        ("Discovery 710", [24, 576], 414.5, 6.54),
        ("PET/MR Signa", [45, 448], 320.3, 5.56),
        ("Discovery MI3", [27, 544], 380.56, 5.31556),
        ("Discovery MI4", [36, 544], 380.56, 5.31556),
        ("Discovery MI5", [45, 544], 380.56, 5.31556),
        ("GE Discovery MI 6 rings", [54, 544], 380.56, 5.31556),
        ("Positron HZL/R", [32, 384], 787.0, 5.1875),
        ("HRRT", [104, 576], 241.765, 2.4375),
        ("Philips Allegro", [29, 644], 442.05, 6.3),
        ("GeminiTF", [44, 644], 458.17, 4.0),
        ("SAFIRDualRingPrototype", [16, 180], 69.05, 2.2),
        ("UPENN_5rings", [280, 594], 389.0, 3.9655),
        ("upenn_6rings", [336, 594], 389.0, 3.9655),
        ("UPENN_5rings_no_gaps", [200, 576], 389.0, 3.9655),
        ("UPENN_6rings_no_gaps", [240, 576], 389.0, 3.9655),
        ("1080", [41, 672], 419.0, 4.0),
    ];
    for (name, counts, radius, spacing) in scanners {
        // As many views as crystal pairs, and the middle ring or the middle two.
        let sizes = format!("matrix size [3] := {}\nmatrix size [2] := {{{}}}\n", counts[1] / 2, 2 - counts[0] % 2);
        let geometry = named(folder.path(), name, &sizes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let scanner = geometry.scanner;
        assert_eq!([scanner.rings, scanner.crystals_per_ring], counts, "{name}");
        assert!((scanner.effective_radius_mm() - radius).abs() < 1e-9, "{name}: {}", scanner.effective_radius_mm());
        assert!((scanner.ring_spacing_mm - spacing).abs() < 1e-9, "{name}: {}", scanner.ring_spacing_mm);
    }
    // A name of several lengths.
    let error = named(folder.path(), "Discovery MI", ONE).unwrap_err().to_string();
    assert!(error.contains("`originating system` is Discovery MI, expected a `number of rings` with it"), "{error}");
    assert_eq!(
        named(folder.path(), "Discovery MI", &format!("{ONE}number of rings := 45")).unwrap().scanner.name,
        "GE Discovery MI 5 rings"
    );
    assert!(named(folder.path(), "HiDAC", ONE).unwrap_err().to_string().contains("`number of rings` is missing"));
}
