//! Plots: the same plot as SVG and PNG, legible, whole or not there at all.

use coincide::report::{Plot, Point, Series, Stroke};

fn plot() -> Plot {
    let curve = |shift: f64| {
        (0..6).map(move |n| {
            let x = 0.02 * 1.5_f64.powi(n);
            let y = 0.4 + shift + 0.08 * f64::from(n);
            let label = (n == 0 || n == 5).then(|| format!("{n}"));
            Point { y_range: Some([y - 0.03, y + 0.03]), label, chosen: n == 3, ..Point::new(x, y) }
        })
    };
    let mut plot = Plot::new("NEMA & <sphere>, 10 mm", "background variability", "contrast recovery");
    for (index, name) in ["OSEM, filter", "relative difference", "TV", "Bowsher"].into_iter().enumerate() {
        plot.series.push(Series::new(name, curve(0.02 * index as f64)));
    }
    let ideal = [0.02, 0.15].map(|x| Point::new(x, 1.0));
    plot.with(Series::new("ideal", ideal).drawn(Stroke::Dashed))
}

#[test]
fn a_plot_becomes_svg_and_png() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crc.10mm");
    plot().write(&path, false).unwrap();
    let svg = std::fs::read_to_string(folder.path().join("crc.10mm.svg")).unwrap();
    assert_eq!(svg, plot().svg());
    assert!(svg.contains("NEMA &amp; &lt;sphere&gt;, 10 mm") && svg.contains(">Bowsher<"), "{svg}");
    assert!(svg.contains("stroke-dasharray") && svg.ends_with("</svg>\n"));
    let file = std::io::BufReader::new(std::fs::File::open(folder.path().join("crc.10mm.png")).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.color_type, info.width as usize), (png::ColorType::Rgb, plot().drawing().width));
    let of = |colour: [u8; 3]| pixels.chunks_exact(3).filter(|pixel| **pixel == colour).count();
    assert!(of([0, 114, 178]) > 300 && of([213, 94, 0]) > 300, "both series are there in their colours");
    assert!(of([255; 3]) > pixels.len() / 6, "the sheet is white");
    assert!(plot().write(&path, false).unwrap_err().to_string().contains("exists"));
}

#[test]
fn values_without_a_place_break_the_line_and_nothing_else() {
    let points = [1.0, 2.0, f64::NAN, 3.0, 4.0, -1.0].map(|y| Point::new(1.0, y));
    let plot = Plot { y_log: true, ..Plot::new("", "", "").with(Series::new("a", points)) };
    let lines = plot.svg().lines().filter(|line| line.contains("polyline") && line.contains("#0072b2")).count();
    assert_eq!(lines, 3, "two pieces and the key of the legend");
    assert!(!plot.svg().contains("NaN") && !plot.svg().contains("inf"));
    assert!(!Plot::default().svg().contains("NaN"));
}
