//! Named arrays of `F32` in a safetensors file.

use super::ModelFileError;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::path::Path;

/// Name, shape and bytes of a tensor that is written.
pub(in crate::prior) type Tensor = (String, Vec<usize>, Vec<u8>);

/// A tensor of some values; `path` is named in errors.
pub(in crate::prior) fn tensor(
    path: &Path,
    name: impl Into<String>,
    shape: &[usize],
    values: &[f32],
) -> Result<Tensor, ModelFileError> {
    let name = name.into();
    if shape.iter().product::<usize>() != values.len() {
        let field = format!("tensor `{name}`");
        return Err(ModelFileError::field(path, field, format!("{} values", values.len()), format!("shape {shape:?}")));
    }
    Ok((name, shape.to_vec(), values.iter().flat_map(|value| value.to_le_bytes()).collect()))
}

/// The file of some tensors.
pub(in crate::prior) fn pack(path: &Path, tensors: &[Tensor]) -> Result<Vec<u8>, ModelFileError> {
    let unwritable = |error: safetensors::SafeTensorError| ModelFileError::format(path, error.to_string());
    let views = tensors.iter().map(|(name, shape, bytes)| {
        TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name, view)).map_err(unwritable)
    });
    serialize(views.collect::<Result<Vec<_>, _>>()?, None).map_err(unwritable)
}

/// The tensors of a file.
pub(in crate::prior) struct Tensors<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
}

impl<'a> Tensors<'a> {
    /// Those of a file's content; `path` is named in errors.
    pub fn of(path: &'a Path, file: &'a [u8]) -> Result<Self, ModelFileError> {
        let unreadable = |error| ModelFileError::format(path, format!("not a safetensors file: {error}"));
        Ok(Self { path, tensors: SafeTensors::deserialize(file).map_err(unreadable)? })
    }

    /// The values of one, which must have this shape.
    pub fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelFileError> {
        let field = format!("tensor `{name}`");
        let Ok(tensor) = self.tensors.tensor(name) else {
            let expected = format!("F32 values of shape {shape:?}, as the card says");
            return Err(ModelFileError::Missing { path: self.path.into(), field, expected });
        };
        if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
            let found = format!("{:?} of shape {:?}", tensor.dtype(), tensor.shape());
            let expected = format!("F32 of shape {shape:?}, as the card says");
            return Err(ModelFileError::field(self.path, field, found, expected));
        }
        let values = tensor.data().chunks_exact(4);
        Ok(values.map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect())
    }

    /// That the file holds so many, and no other.
    pub fn number(&self, expected: usize) -> Result<(), ModelFileError> {
        if self.tensors.len() == expected {
            return Ok(());
        }
        let found = format!("{} tensors", self.tensors.len());
        let expected = format!("the {expected} that the card describes");
        Err(ModelFileError::field(self.path, "its content", found, expected))
    }
}
