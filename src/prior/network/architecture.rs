//! The shape of an unrolled network as plain data: which convolutions, how often, where.

use super::companion::Companion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most layers of a body.
const MOST_LAYERS: usize = 64;

/// Most channels of a layer.
const MOST_CHANNELS: usize = 512;

/// Widest kernel.
pub(super) const WIDEST_KERNEL: usize = 15;

/// Widest distance between the taps of a kernel.
const WIDEST_DILATION: usize = 64;

/// Most stages.
const MOST_STAGES: usize = 256;

/// Most weights of all layers together: 64 MB.
const MOST_WEIGHTS: usize = 16 << 20;

/// A body of convolutions with ReLU between them, and how it is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// The convolutions in their order.
    pub layers: Vec<Layer>,
    /// Full iterations with parameters of their own: iteration n = 0, 1, … uses stage min(n, stages − 1).
    pub stages: usize,
    /// Whether one body serves all stages, which then differ in γ only.
    pub shared: bool,
    /// Whether the first layer sees, behind the image, how noisy the scan is: [`crate::prior::RelativeNoise`].
    #[serde(default)]
    pub noise: bool,
    /// Further images of the scan that it sees, behind these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<Companion>,
    /// Whether the first layer's last input is an anatomical image.
    pub anatomical: bool,
    /// How often the network is evaluated.
    pub applied: Applied,
}

/// A convolution without bias, stride 1, zeros around the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Taps along x, y, z; all odd.
    pub kernel: [usize; 3],
    /// Voxels from one tap to the next.
    #[serde(default = "one")]
    pub dilation: usize,
    /// Channels that go in.
    #[serde(rename = "in")]
    pub inputs: usize,
    /// Channels that come out.
    #[serde(rename = "out")]
    pub outputs: usize,
}

/// How often the network is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Applied {
    /// At the start of every full iteration; all its updates are drawn to the same image.
    Iteration,
    /// Before every update.
    Update,
    /// Once, as a filter of the last image of plain EM; γ is not used.
    After,
}

fn one() -> usize {
    1
}

/// What is wrong with an architecture: which field, what it is, what it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub field: String,
    pub found: String,
    pub expected: String,
}

impl Layer {
    /// Shape of the weights, `[out, in, x, y, z]`.
    pub fn weight_shape(&self) -> [usize; 5] {
        let [kx, ky, kz] = self.kernel;
        [self.outputs, self.inputs, kx, ky, kz]
    }

    /// Number of weights.
    pub fn weights(&self) -> usize {
        self.weight_shape().iter().product()
    }
}

impl Architecture {
    /// A body of `depth` convolutions, 1 (or 2) → width → … → width → 1, that does not see the noise. The first has the
    /// kernel `first`, the others `other`.
    pub fn plain(depth: usize, width: usize, first: [usize; 3], other: [usize; 3], anatomical: bool) -> Self {
        let channels = |boundary: usize| match boundary {
            0 => 1 + usize::from(anatomical),
            last if last == depth => 1,
            _ => width,
        };
        let layer = |l: usize| Layer {
            kernel: if l == 0 { first } else { other },
            dilation: 1,
            inputs: channels(l),
            outputs: channels(l + 1),
        };
        let layers = (0..depth).map(layer).collect();
        Self {
            layers,
            stages: 1,
            shared: true,
            noise: false,
            companions: Vec::new(),
            anatomical,
            applied: Applied::Iteration,
        }
    }

    /// Bodies with weights of their own.
    pub fn bodies(&self) -> usize {
        if self.shared { 1 } else { self.stages }
    }

    /// The body of a stage.
    pub fn body_of(&self, stage: usize) -> usize {
        if self.shared { 0 } else { stage }
    }

    /// The stage of a full iteration, counted from 0.
    pub fn stage_of(&self, iteration: usize) -> usize {
        iteration.min(self.stages - 1)
    }

    /// Channels that go into the first layer.
    pub fn inputs(&self) -> usize {
        1 + usize::from(self.noise) + self.companions.len() + usize::from(self.anatomical)
    }

    /// Number of weights of all bodies.
    pub fn weights(&self) -> usize {
        self.bodies() * self.layers.iter().map(Layer::weights).sum::<usize>()
    }

    /// Multiplications and additions that one evaluation takes per voxel.
    pub fn operations_per_voxel(&self) -> usize {
        2 * self.layers.iter().map(Layer::weights).sum::<usize>()
    }

    /// What is wrong with it, in words.
    pub fn check(&self) -> Result<(), String> {
        match self.flaw() {
            Some(Flaw { field, found, expected }) => Err(format!("{field} is {found}, expected {expected}")),
            None => Ok(()),
        }
    }

    /// The first flaw, so that everything else may trust the numbers.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        let flaw = |field: &str, found: String, expected: String| Some(Flaw { field: field.into(), found, expected });
        let in_range = |field: &str, found: usize, most: usize| match (1..=most).contains(&found) {
            true => None,
            false => flaw(field, found.to_string(), format!("1 to {most}")),
        };
        in_range("stages", self.stages, MOST_STAGES)
            .or_else(|| in_range("number of layers", self.layers.len(), MOST_LAYERS))
            .or_else(|| self.layers.iter().enumerate().find_map(|(l, layer)| layer.flaw(l)))
            .or_else(|| self.chain_flaw())
            .or_else(|| in_range("number of weights", self.weights(), MOST_WEIGHTS))
    }

    fn inputs_in_words(&self) -> String {
        let mut names = vec!["the image".to_owned()];
        names.extend(self.noise.then(|| "its noise".to_owned()));
        names.extend(self.companions.iter().map(|companion| format!("`{companion}`")));
        names.extend(self.anatomical.then(|| "the anatomical image".to_owned()));
        match names.pop() {
            Some(last) if !names.is_empty() => format!("{} and {last} go in", names.join(", ")),
            last => format!("{} goes in", last.unwrap_or_default()),
        }
    }

    /// Layers that do not fit together.
    fn chain_flaw(&self) -> Option<Flaw> {
        let mut coming = self.inputs();
        for (l, layer) in self.layers.iter().enumerate() {
            if layer.inputs != coming {
                let before = match l {
                    0 => self.inputs_in_words(),
                    _ => format!("as many come out of layer {}", l - 1),
                };
                let (field, found) = (format!("layers[{l}].in"), layer.inputs.to_string());
                return Some(Flaw { field, found, expected: format!("{coming}: {before}") });
            }
            coming = layer.outputs;
        }
        let field = format!("layers[{}].out", self.layers.len() - 1);
        (coming != 1).then(|| Flaw { field, found: coming.to_string(), expected: "1: an image comes out".into() })
    }
}

impl Layer {
    fn flaw(&self, l: usize) -> Option<Flaw> {
        if self.kernel.iter().any(|side| side.is_multiple_of(2) || *side > WIDEST_KERNEL) {
            let expected = format!("three odd numbers from 1 to {WIDEST_KERNEL}");
            return Some(Flaw { field: format!("layers[{l}].kernel"), found: format!("{:?}", self.kernel), expected });
        }
        if !(1..=WIDEST_DILATION).contains(&self.dilation) {
            let (field, found) = (format!("layers[{l}].dilation"), self.dilation.to_string());
            return Some(Flaw { field, found, expected: format!("1 to {WIDEST_DILATION}") });
        }
        [("in", self.inputs), ("out", self.outputs)].into_iter().find_map(|(side, channels)| {
            let wrong = !(1..=MOST_CHANNELS).contains(&channels);
            let (field, expected) = (format!("layers[{l}].{side}"), format!("1 to {MOST_CHANNELS}"));
            wrong.then(|| Flaw { field, found: channels.to_string(), expected })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Architecture {
        Architecture::plain(4, 8, [3, 3, 5], [3, 3, 1], true)
    }

    #[test]
    fn a_plain_network_is_sound() {
        let architecture = sound();
        assert_eq!(architecture.flaw(), None);
        assert_eq!(architecture.weights(), 8 * 2 * 45 + 2 * 64 * 9 + 8 * 9);
        assert_eq!((architecture.stage_of(0), architecture.stage_of(7)), (0, 0));
        let stacked = Architecture { stages: 3, shared: false, ..sound() };
        assert_eq!((stacked.bodies(), stacked.stage_of(1), stacked.stage_of(9)), (3, 1, 2));
    }

    #[test]
    fn flaws_name_the_field() {
        let broken = |change: fn(&mut Architecture)| {
            let mut architecture = sound();
            change(&mut architecture);
            let flaw = architecture.flaw().expect("a flaw");
            format!("{} is {}, expected {}", flaw.field, flaw.found, flaw.expected)
        };
        assert_eq!(broken(|a| a.stages = 0), "stages is 0, expected 1 to 256");
        assert_eq!(broken(|a| a.layers.clear()), "number of layers is 0, expected 1 to 64");
        assert_eq!(
            broken(|a| a.layers[1].kernel[2] = 2),
            "layers[1].kernel is [3, 3, 2], expected three odd numbers from 1 to 15"
        );
        assert_eq!(broken(|a| a.layers[1].dilation = 0), "layers[1].dilation is 0, expected 1 to 64");
        assert_eq!(
            broken(|a| a.noise = true),
            "layers[0].in is 2, expected 3: the image, its noise and the anatomical image go in"
        );
        assert_eq!(broken(|a| a.layers[2].outputs = 1 << 40), "layers[2].out is 1099511627776, expected 1 to 512");
        assert_eq!(broken(|a| a.layers[2].inputs = 7), "layers[2].in is 7, expected 8: as many come out of layer 1");
        assert_eq!(broken(|a| a.anatomical = false), "layers[0].in is 2, expected 1: the image goes in");
        assert_eq!(broken(|a| a.layers[3].outputs = 2), "layers[3].out is 2, expected 1: an image comes out");
        let many = broken(|a| {
            *a = Architecture { stages: 256, shared: false, ..Architecture::plain(4, 512, [3; 3], [3; 3], false) }
        });
        assert!(many.starts_with("number of weights is "), "{many}");
    }
}
