//! A user's own model as a denoiser: D(x) = c · model(x / c), run by libtorch.
//!
//! The model is TorchScript, takes one image or batch of slices in f32 and gives back one of the same shape. It runs on
//! a GPU where libtorch sees one. How images are laid out is [`ModelImages`]; docs/own-models.md says how to export
//! one.

use super::ModelImages;
use crate::image::ImageGrid;
use crate::prior::{Denoiser, PriorError};
use std::path::Path;
use std::sync::Arc;
use tch::{CModule, Device, Kind, TchError, Tensor};

/// Loads a model and runs it once, on `start`; `scale` is c.
pub fn torchscript(
    path: &Path,
    images: ModelImages,
    scale: f32,
    grid: &ImageGrid,
    start: &[f32],
) -> Result<Arc<dyn Denoiser>, PriorError> {
    let fails = |problem: String| PriorError::Model { path: path.into(), problem };
    if !(scale.is_finite() && scale > 0.0) {
        return Err(fails("cannot be scaled: the start image has no activity".into()));
    }
    // libtorch's own threads beside ours: as many, as only one side works at a time.
    tch::set_num_threads(rayon::current_num_threads() as i32);
    let device = Device::cuda_if_available();
    let module = CModule::load_on_device(path, device).map_err(|error| fails(not_torchscript(&error)))?;
    let model = Torchscript { module, device, images, scale, shape: grid.shape };
    let mut out = vec![0.0; start.len()];
    model.run(start, &mut out).map_err(fails)?;
    match out.iter().filter(|value| !value.is_finite()).count() {
        0 => Ok(Arc::new(model)),
        count => Err(fails(format!("gives {count} values of {} that are not finite numbers", out.len()))),
    }
}

struct Torchscript {
    module: CModule,
    device: Device,
    images: ModelImages,
    scale: f32,
    shape: [usize; 3],
}

impl Denoiser for Torchscript {
    /// A failure of libtorch, such as too little memory, leaves values that are not numbers: the run ends on them.
    fn denoise(&self, x: &[f32], out: &mut [f32]) {
        if self.run(x, out).is_err() {
            out.fill(f32::NAN);
        }
    }
}

impl Torchscript {
    fn run(&self, x: &[f32], out: &mut [f32]) -> Result<(), String> {
        let [nx, ny, nz] = self.shape.map(|n| n as i64);
        assert_eq!([x.len(), out.len()], [(nx * ny * nz) as usize; 2], "images of shape {:?}", self.shape);
        let volume = Tensor::from_slice(x).view([nx, ny, nz]) / f64::from(self.scale);
        let input = match self.images {
            ModelImages::Slices => volume.permute([2, 0, 1]).unsqueeze(1).contiguous(),
            ModelImages::Volume => volume.unsqueeze(0).unsqueeze(0),
        };
        let size = input.size();
        let output = tch::no_grad(|| self.module.forward_ts(&[input.to_device(self.device)]));
        let output = output.map_err(|error| format!("does not take images {}: {}", self.layout(), reason(&error)))?;
        if output.size() != size {
            return Err(format!("gives back {:?} for images {}", output.size(), self.layout()));
        }
        let output = output.to_device(Device::Cpu).to_kind(Kind::Float) * f64::from(self.scale);
        let volume = match self.images {
            ModelImages::Slices => output.squeeze_dim(1).permute([1, 2, 0]),
            ModelImages::Volume => output,
        };
        volume.contiguous().view(-1).f_copy_data(out, x.len()).map_err(|error| reason(&error))
    }

    fn layout(&self) -> String {
        let [nx, ny, nz] = self.shape;
        match self.images {
            ModelImages::Slices => format!("[z, 1, x, y] = [{nz}, 1, {nx}, {ny}]"),
            ModelImages::Volume => format!("[1, 1, x, y, z] = [1, 1, {nx}, {ny}, {nz}]"),
        }
    }
}

fn not_torchscript(error: &TchError) -> String {
    format!(
        "is not a TorchScript model: write it with torch.jit.trace(…).save(…), not with torch.save or torch.export ({})",
        reason(error)
    )
}

/// The one line of libtorch's many that says what happened.
fn reason(error: &TchError) -> String {
    let text = error.to_string();
    let said = text.lines().find_map(|line| line.trim().strip_prefix("RuntimeError: "));
    said.or_else(|| text.lines().find(|line| !line.trim().is_empty())).unwrap_or_default().trim().to_owned()
}
