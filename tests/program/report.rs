//! The HTML report as a reader uses it: in a headless Chromium, with wheel, mouse and keys.

mod browser;

use browser::Browser;
use coincide::io::hdf5::read_image;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

const CONFIG: &str = r#"
[measurement.simulated]
phantom = "torso"
scanner.preset = "siemens-mmr"
sinogram.view_mashing = 12
sinogram.axial.span = { span = 11, max_ring_difference = 16 }
simulation.counts.total-prompts = 2e6

[image]
shape = [48, 48, 64]
voxel_mm = [8.0, 8.0, 4.0625]

[reference]
phantom = "torso"

[algorithm.osem]
subsets = 3
iterations = 2

[prior.unrolled]
model = "unrolled-2d"

[sentinel]
threshold = 2.0
least_height = 0.0
edges = 0.0

[confidence]
replicates = 2

[run]
figures_every = 1

[output]
image = "image.h5"
report = "report.html"
"#;

fn recon(folder: &Path) -> Value {
    fs::write(folder.join("recon.toml"), CONFIG).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_coincide"));
    let output = command.args(["recon", "recon.toml", "--json", "--quiet"]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Middle of an element in pixels of the window.
fn middle(browser: &Browser, selector: &str) -> [i64; 2] {
    let script = format!(
        "(() => {{ const element = document.querySelector(`{selector}`); element.scrollIntoView({{block: 'center'}}); \
         const r = element.getBoundingClientRect(); return [Math.round(r.x + r.width / 2), Math.round(r.y + r.height / 2)]; }})()"
    );
    serde_json::from_value(browser.value(&script)).unwrap()
}

fn crosshair(browser: &Browser) -> [usize; 3] {
    serde_json::from_value(browser.value("window.coincideReport.viewers[0].crosshair")).unwrap()
}

#[test]
fn a_reader_scrolls_windows_overlays_and_prints() {
    let folder = tempfile::tempdir().unwrap();
    let result = recon(folder.path());
    let page = folder.path().join("report.html");
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.len() <= coincide::report::LARGEST_FILE, "{}", text.len());
    let addresses = text.matches("http").count();
    assert_eq!(addresses, text.matches("http://www.w3.org/2000/svg").count(), "nothing comes from a network");

    let browser = Browser::open([1400, 1000]);
    browser.go(&page);
    let viewer = |what: &str| browser.value(&format!("window.coincideReport.viewers[0].{what}"));
    browser.value("window.coincideReport.viewers[0].ready");
    assert_eq!((viewer("error"), viewer("base"), viewer("overlay")), (Value::Null, json!("image"), Value::Null));

    // Values are those of the image file, to a step of 16 bits.
    let (image, _) = read_image(&folder.path().join("image.h5")).unwrap();
    let largest = image.values.iter().copied().fold(0.0, f32::max);
    for voxel in [[24, 24, 32], [30, 20, 40], [0, 0, 0], [18, 26, 12]] {
        let shown = viewer(&format!("valueAt({voxel:?}, 'image')")).as_f64().unwrap();
        let value = f64::from(image.values[image.grid.index(voxel)]);
        assert!((shown - value).abs() <= f64::from(largest) / 65535.0, "{voxel:?}: {shown} for {value}");
    }

    // The wheel goes through slices, arrows move the crosshair, a click sets it.
    let before = crosshair(&browser);
    let axial = middle(&browser, ".frame[aria-label='axial picture']");
    browser.scroll(axial, 200);
    let scrolled = crosshair(&browser);
    assert!(scrolled[2] != before[2] && scrolled[..2] == before[..2], "{before:?} {scrolled:?}");
    browser.drag(0, axial, axial);
    let clicked = crosshair(&browser);
    assert!(clicked[0].abs_diff(24) <= 1 && clicked[1].abs_diff(24) <= 1 && clicked[2] == scrolled[2], "{clicked:?}");
    // WebDriver's code of the key "arrow right": +x, the patient's left, is at the right of the picture.
    browser.press("\u{e014}\u{e014}");
    assert_eq!(crosshair(&browser), [clicked[0] + 2, clicked[1], clicked[2]]);

    // Windowing with the right button, overlays with a key.
    let window: [f64; 2] = serde_json::from_value(viewer("window")).unwrap();
    browser.drag(2, axial, [axial[0] + 60, axial[1] - 40]);
    let changed: [f64; 2] = serde_json::from_value(viewer("window")).unwrap();
    assert_ne!(window, changed);
    browser.press("r");
    assert_eq!(serde_json::from_value::<[f64; 2]>(viewer("window")).unwrap(), window);
    let names: Vec<String> = serde_json::from_value(
        browser.value("[...document.querySelector('select[aria-label=Overlay]').options].map((o) => o.text)"),
    )
    .unwrap();
    assert_eq!(names[1..], ["image − truth", "confidence: half width", "sentinel: z"]);
    let plain = browser.screenshot();
    browser.value(
        "(() => { const s = document.querySelector('select[aria-label=Overlay]'); s.selectedIndex = 3; s.dispatchEvent(new Event('change', {bubbles: true})); })()",
    );
    assert_eq!(viewer("overlay"), json!("sentinel: z"));
    browser.value("new Promise((done) => setTimeout(done, 200))");
    let overlaid = browser.screenshot();
    assert!(plain.starts_with(b"\x89PNG") && plain != overlaid, "the overlay is seen");
    browser.press("2");
    assert_eq!(viewer("base"), json!("truth"));

    // A row of the sentinel's table leads to its place.
    let place = &result["sentinel"]["places"][0]["centre_mm"];
    browser.value("document.querySelector('tr[data-mm]').click()");
    let at = image.grid.centre_mm(crosshair(&browser));
    for axis in 0..3 {
        assert!((at[axis] - place[axis].as_f64().unwrap()).abs() < 1e-6, "{at:?} {place}");
    }

    let printed = browser.print();
    assert!(printed.starts_with(b"%PDF") && printed.len() > 20_000, "{} bytes", printed.len());
    let said = browser.console();
    assert!(said.is_empty(), "{said:?}");
}

/// Without JavaScript the text is all there; a page that is cut off says so.
#[test]
fn tables_and_provenance_need_no_script() {
    let folder = tempfile::tempdir().unwrap();
    recon(folder.path());
    let text = fs::read_to_string(folder.path().join("report.html")).unwrap();
    let body = &text[text.find("<body>").unwrap()..text.rfind("<script>").unwrap()];
    for part in [
        "<h1>Reconstruction: recon.toml</h1>",
        "Sentinel",
        "Confidence",
        "Against the truth",
        "Convergence",
        "<svg",
        "simulated",
    ] {
        assert!(body.contains(part), "{part}");
    }
    assert!(body.contains("model = &quot;unrolled-2d&quot;"), "the config");
    let damaged = text.replace("\"codes\":\"", "\"codes\":\"AAAA");
    let page = folder.path().join("damaged.html");
    fs::write(&page, damaged).unwrap();
    let browser = Browser::open([800, 600]);
    browser.go(&page);
    browser.value("window.coincideReport.viewers[0].ready");
    assert!(browser.value("window.coincideReport.viewers[0].error").is_string());
    assert!(browser.value("document.querySelector('.viewer .warning').textContent").as_str().unwrap().len() > 10);
    assert_eq!(browser.console(), Vec::<String>::new());
}
