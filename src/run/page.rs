//! The report of a reconstruction: images, what is known about them, and where they come from.

use super::confidence::Confidence;
use super::sentinel::Judged;
use crate::image::Image;
use crate::metrics::{Reference, Scope, Use, figures};
use crate::report::{
    Colours, ConfidenceResult, Images, Layer, Page, Plot, Point, ReconResult, Role, SentinelResult, Series, Table,
    significant,
};

/// The images of a report.
pub(super) struct Shown<'a> {
    pub image: &'a Image,
    pub reference: Option<&'a Reference>,
    /// What the sentinel says.
    pub judged: Option<&'a Judged>,
    pub confidence: Option<&'a Confidence>,
}

/// The page of a finished reconstruction; `provenance` as its files carry it.
pub(super) fn recon_page(result: &ReconResult, shown: &Shown, provenance: &[(String, String)]) -> Page {
    let of = |key: &str| provenance.iter().find(|(name, _)| name == key).map(|(_, text)| text.as_str());
    let file = of("config_path").and_then(|path| std::path::Path::new(path).file_name());
    let title = file.map_or("Reconstruction".into(), |file| format!("Reconstruction: {}", file.to_string_lossy()));
    let mut page = Page::new(title);
    page.section("Images");
    page.images(images(result, shown));
    page.section("Result");
    result.warnings.iter().for_each(|warning| page.warning(warning));
    page.table(summary(result));
    if let Some(sentinel) = &result.sentinel {
        sentinel_section(&mut page, sentinel);
    }
    if let Some(confidence) = &result.confidence {
        confidence_section(&mut page, confidence);
    }
    if !result.metrics.is_empty() {
        page.section("Against the truth");
        let mut table = Table::new(["figure", "value"]);
        result.metrics.by_name().into_iter().for_each(|(name, score)| table.row([name, significant(score.value)]));
        page.table(table);
    }
    convergence_section(&mut page, result);
    provenance_section(&mut page, provenance);
    page
}

/// The image itself; the truth and the difference where it is known; the sentinel's map.
fn images(result: &ReconResult, shown: &Shown) -> Images {
    let layer = |name: &str, unit: &str, values: &[f32], role: Role, colours: Colours| Layer {
        name: name.into(),
        role,
        unit: unit.into(),
        colours,
        values: values.to_vec(),
        window: None,
    };
    let image = &shown.image.values;
    let mut layers = vec![layer("image", &result.unit, image, Role::Image, Colours::Grey)];
    if let Some(reference) = shown.reference.filter(|reference| reference.truth.unit == shown.image.unit) {
        let truth = &reference.truth.values;
        let difference: Vec<f32> = image.iter().zip(truth).map(|(x, t)| x - t).collect();
        layers.push(layer("truth", &result.unit, truth, Role::Image, Colours::Grey));
        layers.push(layer("image − truth", &result.unit, &difference, Role::Overlay, Colours::Diverging));
    }
    if let Some(Confidence { half_width, others, .. }) = shown.confidence {
        layers.push(layer("convex prior", &result.unit, &others.convex, Role::Image, Colours::Grey));
        layers.push(layer("confidence: half width", &result.unit, &half_width.values, Role::Overlay, Colours::Hot));
    }
    if let Some(judged) = shown.judged {
        if let Some(fallback) = &judged.fallback {
            let name = "image, ridge where flagged";
            layers.push(layer(name, &result.unit, &fallback.values, Role::Image, Colours::Grey));
        }
        layers.push(layer("sentinel: z", "", &judged.map.values, Role::Overlay, Colours::Diverging));
    }
    let places = result.sentinel.iter().flat_map(|sentinel| &sentinel.places);
    let places = places.map(|place| (place.centre_mm, format!("z = {:.1}: {}", place.z, place.in_words()))).collect();
    Images { grid: shown.image.grid, layers, places, start_mm: None }
}

fn summary(result: &ReconResult) -> Table {
    let mut table = Table::new(["", ""]);
    let mut row = |name: &str, text: String| table.row([name.to_owned(), text]);
    row("algorithm", result.algorithm.clone());
    row("prior", result.prior.clone().unwrap_or_else(|| "none".into()));
    if let Some(beta) = result.beta {
        row("weight of the prior", significant(beta));
    }
    row("updates", format!("{} ({})", result.updates, result.stop));
    row("passes over the data", significant(result.full_passes));
    row(
        "reconstruction time",
        format!("{} s, {} threads, {}", significant(result.seconds), result.threads, result.level),
    );
    row("prompts", format!("{:.0}", result.counts_prompts));
    row("trues in the image, measured", format!("{:.0}, {:.0}", result.counts_in_image, result.counts_net));
    if let Some(kkt) = result.kkt {
        row("distance from the maximum", format!("{kkt:.1e}"));
    }
    table
}

fn sentinel_section(page: &mut Page, sentinel: &SentinelResult) {
    page.section("Sentinel: does the image hold what the counts hold?");
    let compact = sentinel.places.iter().filter(|place| place.is_compact()).count();
    page.text(format!(
        "z from {:.1} to {:.1}; places beyond ±{:.1}{} are told: {compact} compact ones, {} longer ones.",
        sentinel.smallest,
        sentinel.largest,
        sentinel.threshold,
        if sentinel.simulated > 0 { " (found by simulated scans)" } else { "" },
        sentinel.places.len() - compact,
    ));
    if !sentinel.inside {
        page.warning("This scan is noisier or less noisy than all scans that the threshold was found on: more or fewer than one in twenty may be flagged by chance.");
    }
    if compact > 0 {
        page.warning(
            "A compact place may be a lesion that the image has lost or invented. Compare with an image of the same counts by the \
             learned ridge, whose prior is convex and holds no anatomy: [prior.ridge], or `fallback = \"fallback.h5\"` in [sentinel].",
        );
    }
    sentinel.certificates.iter().for_each(|certificate| page.text(certificate.to_string()));
    if sentinel.places.is_empty() {
        return;
    }
    let table = sentinel.table(sentinel.places.len());
    page.places(table, sentinel.places.iter().map(|place| place.centre_mm).collect());
}

fn confidence_section(page: &mut Page, confidence: &ConfidenceResult) {
    page.section("Confidence: between which bounds is the truth?");
    let percent = (1e4 * confidence.level).round() / 100.0;
    page.text(match &confidence.method {
        Some(method) => format!("Intervals of {percent} %, calibrated for the method `{method}`."),
        None => "Standard deviations σ, not calibrated: how many σ hold the truth is not known.".into(),
    });
    if confidence.intervals.iter().any(|tissue| tissue.scale.is_some() && !tissue.inside) {
        page.warning(
            "This scan is noisier or less noisy than all scans of the calibration: its promise does not hold here.",
        );
    }
    page.table(confidence.table());
    if !confidence.lesions.is_empty() {
        page.table(confidence.lesion_table());
    }
}

/// Figures along the way, one plot each, where they were asked for.
fn convergence_section(page: &mut Page, result: &ReconResult) {
    let mut curves: Vec<_> = figures().filter(|figure| figure.is_used(|so| matches!(so, Use::Curve))).collect();
    // What the run climbs stands before what is known of the truth.
    curves.sort_by_key(|figure| figure.scope != Scope::Run);
    curves.retain(|figure| result.history.iter().filter(|sample| sample.figures.get(figure).is_some()).count() > 1);
    for (place, figure) in curves.into_iter().enumerate() {
        let name = figure.id;
        if place == 0 {
            page.section("Convergence");
        }
        let points = result
            .history
            .iter()
            .filter_map(|sample| Some(Point::new(sample.iteration as f64, *sample.figures.get(figure)?)));
        let plot = Plot::new("", "full iterations", name).with(Series::new("", points));
        page.figure(plot.svg(), format!("{name} after every full iteration that was looked at"));
    }
}

/// Everything that is needed to run it again.
pub(crate) fn provenance_section(page: &mut Page, provenance: &[(String, String)]) {
    page.section("Where it comes from");
    let mut table = Table::new(["", ""]);
    for (name, text) in provenance.iter().filter(|(_, text)| !text.is_empty() && !text.contains('\n')) {
        table.row([name.replace('_', " "), text.clone()]);
    }
    page.table(table);
    for (name, text) in provenance.iter().filter(|(_, text)| text.contains('\n')) {
        page.details(name.replace('_', " "), text.clone());
    }
}
