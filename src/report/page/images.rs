//! Images inside a page: layers of whole numbers, compressed, for the viewer in `report.js`.

use crate::image::ImageGrid;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use std::io::Write;

/// What a layer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// One of the images to look at.
    Image,
    /// Shown over an image.
    Overlay,
}

/// How values become colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colours {
    /// 0 is white, high is black.
    Grey,
    /// From black over red and yellow to white.
    Hot,
    /// Blue below 0, red above.
    Diverging,
}

/// One image.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Name in the viewer.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Unit of its values; empty for numbers.
    pub unit: String,
    /// Its colours.
    pub colours: Colours,
    /// One value per voxel, `[x, y, z]`.
    pub values: Vec<f32>,
    /// Values at the two ends of the colours; where `None`, found from the values.
    pub window: Option<[f64; 2]>,
}

/// Images on one grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    /// The grid.
    pub grid: ImageGrid,
    /// The images; the first of the role [`Role::Image`] is shown at first.
    pub layers: Vec<Layer>,
    /// Places to jump to, in mm.
    pub places: Vec<([f64; 3], String)>,
    /// Where the three planes meet at first; the middle where `None`.
    pub start_mm: Option<[f64; 3]>,
}

#[derive(Serialize)]
struct Stored<'a> {
    shape: [usize; 3],
    voxel_mm: [f64; 3],
    origin_mm: [f64; 3],
    layers: Vec<StoredLayer<'a>>,
    places: Vec<StoredPlace<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_mm: Option<[f64; 3]>,
}

#[derive(Serialize)]
struct StoredLayer<'a> {
    name: &'a str,
    role: Role,
    unit: &'a str,
    colours: Colours,
    low: f64,
    high: f64,
    bits: u8,
    window: [f64; 2],
    /// Half-open ranges of voxels that are stored; all others are 0.
    #[serde(rename = "box")]
    stored: [[usize; 2]; 3],
    outside: f64,
    codes: String,
}

#[derive(Serialize)]
struct StoredPlace<'a> {
    mm: [f64; 3],
    text: &'a str,
}

impl Images {
    /// The viewer and its data in at most `room` bytes: with 16 bits per value, with 8, then with ever larger voxels.
    /// Without any room, the viewer alone.
    pub(super) fn html(&self, id: &str, room: usize) -> String {
        let viewer = |note: &str, data: &str| {
            format!(
                "{note}<div class=\"viewer\" data-for=\"{id}\"></div>\n<script type=\"application/json\" id=\"{id}\">{data}</script>\n"
            )
        };
        if room == 0 {
            return viewer("", "{}");
        }
        let mut coarse = self.clone();
        let mut times = 1;
        loop {
            for bits in [16, 8] {
                // Nothing in it may end the script.
                let data = coarse.json(bits).replace('<', "\\u003c");
                let smallest = coarse.grid.shape.iter().all(|side| *side <= 8);
                if data.len() <= room || (smallest && bits == 8) {
                    let note = match times {
                        1 => String::new(),
                        _ => format!("<p class=\"note\">Voxels are shown {times} times as large as they are.</p>\n"),
                    };
                    return viewer(&note, &data);
                }
            }
            coarse = coarse.halved();
            times *= 2;
        }
    }

    fn json(&self, bits: u8) -> String {
        let stored = Stored {
            shape: self.grid.shape,
            voxel_mm: self.grid.voxel_mm,
            origin_mm: self.grid.origin_mm,
            layers: self.layers.iter().map(|layer| layer.stored(self.grid.shape, bits)).collect(),
            places: self.places.iter().map(|(mm, text)| StoredPlace { mm: *mm, text }).collect(),
            start_mm: self.start_mm,
        };
        serde_json::to_string(&stored).unwrap_or_else(|error| unreachable!("numbers and texts: {error}"))
    }

    /// Voxels twice as large, means of eight.
    fn halved(&self) -> Self {
        let ImageGrid { shape, voxel_mm, origin_mm } = self.grid;
        let half = shape.map(|side| side.div_ceil(2));
        let grid = ImageGrid {
            shape: half,
            voxel_mm: voxel_mm.map(|mm| 2.0 * mm),
            origin_mm: std::array::from_fn(|axis| origin_mm[axis] + 0.5 * voxel_mm[axis]),
        };
        let mean = |values: &[f32]| -> Vec<f32> {
            let (mut sums, mut counts) = (vec![0.0; grid.voxels()], vec![0.0; grid.voxels()]);
            for (voxel, value) in values.iter().enumerate() {
                let at = [voxel / (shape[1] * shape[2]), voxel / shape[2] % shape[1], voxel % shape[2]];
                let to = grid.index(at.map(|n| n / 2));
                sums[to] += value;
                counts[to] += 1.0;
            }
            sums.iter().zip(&counts).map(|(sum, count)| sum / count).collect()
        };
        let layers = self.layers.iter().map(|layer| Layer { values: mean(&layer.values), ..layer.clone() });
        Self { grid, layers: layers.collect(), ..self.clone() }
    }
}

impl Layer {
    fn stored(&self, shape: [usize; 3], bits: u8) -> StoredLayer<'_> {
        let finite = || self.values.iter().copied().filter(|value| value.is_finite());
        let (mut low, mut high) = (finite().fold(0.0, f32::min), finite().fold(0.0, f32::max));
        if self.colours == Colours::Diverging {
            (low, high) = ((-high).min(low), high.max(-low));
        }
        if low == high {
            high = 1.0;
        }
        let steps = f32::from(if bits == 8 { u16::from(u8::MAX) } else { u16::MAX });
        let code = |value: f32| {
            let value = if value.is_finite() { value } else { 0.0 };
            ((value - low) / (high - low) * steps).round() as u16
        };
        let stored = holding(shape, |voxel| code(self.values[voxel]) != code(0.0));
        let mut bytes = Vec::new();
        let [[i0, i1], [j0, j1], [k0, k1]] = stored;
        for i in i0..i1 {
            for j in j0..j1 {
                for value in &self.values[(i * shape[1] + j) * shape[2]..][k0..k1] {
                    match bits {
                        8 => bytes.push(code(*value) as u8),
                        _ => bytes.extend(code(*value).to_le_bytes()),
                    }
                }
            }
        }
        StoredLayer {
            name: &self.name,
            role: self.role,
            unit: &self.unit,
            colours: self.colours,
            low: low.into(),
            high: high.into(),
            bits,
            window: self.window.unwrap_or_else(|| self.found_window(low, high)),
            stored,
            outside: 0.0,
            codes: STANDARD.encode(compressed(&bytes)),
        }
    }

    /// Up to the 99.9th percentile of the values, so that a few noisy voxels do not pale all others.
    fn found_window(&self, low: f32, high: f32) -> [f64; 2] {
        let mut sizes: Vec<f32> = self.values.iter().map(|value| value.abs()).filter(|size| size.is_finite()).collect();
        sizes.sort_unstable_by(f32::total_cmp);
        let top = sizes.get(sizes.len().saturating_sub(1) * 999 / 1000).copied().filter(|top| *top > 0.0);
        let top = f64::from(top.unwrap_or(high.max(-low)));
        [if self.colours == Colours::Diverging { -top } else { 0.0 }, top]
    }
}

/// The smallest box with all voxels that are asked for; the first voxel where there are none.
fn holding([nx, ny, nz]: [usize; 3], asked: impl Fn(usize) -> bool) -> [[usize; 2]; 3] {
    let mut found: Option<[[usize; 2]; 3]> = None;
    for voxel in (0..nx * ny * nz).filter(|voxel| asked(*voxel)) {
        let at = [voxel / (ny * nz), voxel / nz % ny, voxel % nz];
        let sides = found.get_or_insert(at.map(|n| [n, n + 1]));
        sides.iter_mut().zip(at).for_each(|(side, n)| *side = [side[0].min(n), side[1].max(n + 1)]);
    }
    found.unwrap_or([[0, 1]; 3])
}

/// In zlib's format.
fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let done = encoder.write_all(bytes).and_then(|()| encoder.finish());
    done.unwrap_or_else(|error| unreachable!("memory takes every byte: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::ZlibDecoder;
    use std::io::Read;

    fn layer(values: Vec<f32>, colours: Colours) -> Layer {
        Layer { name: "a".into(), role: Role::Image, unit: "Bq/mL".into(), colours, values, window: None }
    }

    fn codes(stored: &StoredLayer) -> Vec<u8> {
        let mut bytes = Vec::new();
        ZlibDecoder::new(STANDARD.decode(&stored.codes).unwrap().as_slice()).read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn layers_keep_their_values_to_one_step() {
        let shape = [4, 3, 5];
        let mut values = vec![0.0; 60];
        for (n, value) in [(22, 1000.0), (23, 500.0), (37, 250.3)] {
            values[n] = value;
        }
        let sixteen = layer(values.clone(), Colours::Grey);
        let stored = sixteen.stored(shape, 16);
        // Voxels 22, 23 and 37 are [1, 1, 2], [1, 1, 3] and [2, 1, 2].
        assert_eq!((stored.stored, stored.low, stored.high), ([[1, 3], [1, 2], [2, 4]], 0.0, 1000.0));
        let values: Vec<f64> = codes(&stored)
            .chunks_exact(2)
            .map(|two| f64::from(u16::from_le_bytes([two[0], two[1]])) * 1000.0 / 65535.0)
            .collect();
        let expected = [1000.0, 500.0, 250.3, 0.0];
        assert!(values.len() == 4 && values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.01), "{values:?}");
        let signed = layer(vec![-1.0, 0.0, 0.5, f32::NAN], Colours::Diverging);
        let stored = signed.stored([4, 1, 1], 8);
        assert_eq!((stored.low, stored.high, codes(&stored)), (-1.0, 1.0, vec![0, 128, 191]));
    }

    #[test]
    fn too_little_room_makes_larger_voxels() {
        let grid = ImageGrid::centred([32, 32, 16], [2.0, 2.0, 4.0]);
        let noise: Vec<f32> =
            (0..grid.voxels() as u32).map(|n| ((n ^ n << 7).wrapping_mul(2_654_435_761) >> 8) as f32).collect();
        let images = Images { grid, layers: vec![layer(noise, Colours::Grey)], places: Vec::new(), start_mm: None };
        let (large, small) = (images.html("a", 1_000_000), images.html("a", 12_000));
        assert!(!large.contains("times as large"));
        assert!(small.contains("2 times as large") && small.len() < 12_500, "{} bytes: {}", small.len(), &small[..300]);
        assert!(large.contains(r#""bits":16"#) && small.contains(r#""shape":[16,16,8]"#), "{}", &small[..300]);
        let halved = images.halved();
        assert_eq!((halved.grid.origin_mm, halved.grid.voxel_mm), ([-30.0, -30.0, -28.0], [4.0, 4.0, 8.0]));
        let eight: f32 = [0, 1]
            .iter()
            .flat_map(|i| [0, 16].map(|j| [0, 1].map(|k| i * 512 + j + k)))
            .flatten()
            .map(|n| images.layers[0].values[n])
            .sum();
        assert!((halved.layers[0].values[0] - eight / 8.0).abs() < 1e-2);
    }
}
