//! Samples on disk, so that their scans are reconstructed once: a safetensors file each, replaced as a whole.
//!
//! | tensor | |
//! |---|---|
//! | `view.N.x`, `view.N.guide.K` | F32, `[x, y, z]`: what goes in |
//! | `truth.N` | F32, `[x, y, z]` |
//! | `lesion.N.voxels` | U32 |
//! | `lesion.N.template`, `lesion.N.mask` | F32, as many |
//! | `lesion.N.numbers` | F64: what is shown, what comes through, the variance |
//!
//! The truth of each view is in the metadata.

use super::TrainError;
use super::detection::{SCANS, Template};
use super::sample::{Sample, View};
use crate::io::{IoError, write_whole};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::path::Path;

/// Longest file that is read, in bytes.
const LONGEST: u64 = 1 << 30;
/// Key of the truths in the metadata.
const TRUTHS: &str = "truths";

type Stored = (String, Dtype, Vec<usize>, Vec<u8>);

impl Sample {
    /// Writes the file; an older one is replaced.
    pub fn write(&self, path: &Path) -> Result<(), TrainError> {
        let mut stored: Vec<Stored> = Vec::new();
        let volume = |name: String, image: &[f32]| (name, Dtype::F32, self.shape.to_vec(), floats(image));
        for (n, view) in self.views.iter().enumerate() {
            stored.push(volume(format!("view.{n}.x"), &view.x));
            stored
                .extend(view.guides.iter().enumerate().map(|(k, guide)| volume(format!("view.{n}.guide.{k}"), guide)));
        }
        stored.extend(self.truths.iter().enumerate().map(|(n, truth)| volume(format!("truth.{n}"), truth)));
        for (n, lesion) in self.templates.iter().enumerate() {
            let Template { voxels, template, mask, shown, through, variance } = lesion;
            let bytes = voxels.iter().flat_map(|voxel| voxel.to_le_bytes()).collect();
            stored.push((format!("lesion.{n}.voxels"), Dtype::U32, vec![voxels.len()], bytes));
            for (name, values) in [("template", template), ("mask", mask)] {
                stored.push((format!("lesion.{n}.{name}"), Dtype::F32, vec![values.len()], floats(values)));
            }
            let numbers = [shown, through, variance].into_iter().flat_map(|number| number.to_le_bytes()).collect();
            stored.push((format!("lesion.{n}.numbers"), Dtype::F64, vec![3], numbers));
        }
        let broken = |error: safetensors::SafeTensorError| wrong(path, error.to_string());
        let views = stored.iter().map(|(name, kind, shape, bytes)| {
            Ok((name.as_str(), TensorView::new(*kind, shape.clone(), bytes).map_err(broken)?))
        });
        let views = views.collect::<Result<Vec<_>, TrainError>>()?;
        let truths: Vec<String> = self.views.iter().map(|view| view.truth.to_string()).collect();
        let metadata = [(TRUTHS.to_owned(), truths.join(" "))].into_iter().collect();
        let file = serialize(views, Some(metadata)).map_err(broken)?;
        let write = |temporary: &Path| {
            let failed = |source| IoError::System { path: path.into(), action: "writing", source };
            std::fs::write(temporary, &file).map_err(failed)
        };
        Ok(write_whole(path, true, write)?)
    }

    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let failed = |source| IoError::System { path: path.into(), action: "reading", source };
        if std::fs::metadata(path).map_err(failed)?.len() > LONGEST {
            return Err(wrong(path, format!("more than {LONGEST} bytes are no sample")));
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        let broken = |error: safetensors::SafeTensorError| wrong(path, format!("not a sample: {error}"));
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(broken)?;
        let read = |name: String, kind: Dtype| -> Result<(Vec<usize>, &[u8]), TrainError> {
            let tensor = tensors.tensor(&name).map_err(broken)?;
            match tensor.dtype() == kind {
                true => Ok((tensor.shape().to_vec(), tensor.data())),
                false => Err(wrong(path, format!("`{name}` is {:?}, expected {kind:?}", tensor.dtype()))),
            }
        };
        let has = |name: String| tensors.tensor(&name).is_ok();
        let Ok(shape) = <[usize; 3]>::try_from(read("view.0.x".into(), Dtype::F32)?.0) else {
            return Err(wrong(path, "`view.0.x` is no volume".into()));
        };
        let volume = |name: String| -> Result<Vec<f32>, TrainError> {
            let (own, data) = read(name.clone(), Dtype::F32)?;
            match own == shape {
                true => Ok(of_floats(data)),
                false => Err(wrong(path, format!("`{name}` is {own:?}, expected {shape:?}"))),
            }
        };
        let count = |name: &dyn Fn(usize) -> String| (0..).take_while(|&n| has(name(n))).count();
        let truths = (0..count(&|n| format!("truth.{n}"))).map(|n| volume(format!("truth.{n}")));
        let truths = truths.collect::<Result<Vec<_>, _>>()?;
        let of_views = header.metadata().as_ref().and_then(|metadata| metadata.get(TRUTHS));
        let of_views: Vec<usize> =
            of_views.into_iter().flat_map(|text| text.split(' ')).filter_map(|word| word.parse().ok()).collect();
        let views = of_views.iter().enumerate().map(|(n, &truth)| {
            let guides = (0..count(&|k| format!("view.{n}.guide.{k}"))).map(|k| volume(format!("view.{n}.guide.{k}")));
            Ok(View { x: volume(format!("view.{n}.x"))?, guides: guides.collect::<Result<_, TrainError>>()?, truth })
        });
        let views = views.collect::<Result<Vec<_>, TrainError>>()?;
        let templates = (0..count(&|n| format!("lesion.{n}.voxels"))).map(|n| {
            let of = |name: &str, kind| Ok::<_, TrainError>(read(format!("lesion.{n}.{name}"), kind)?.1);
            let voxels = of("voxels", Dtype::U32)?.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
            let numbers: Vec<f64> =
                of("numbers", Dtype::F64)?.as_chunks().0.iter().map(|word| f64::from_le_bytes(*word)).collect();
            let [template, mask] = [of("template", Dtype::F32)?, of("mask", Dtype::F32)?].map(of_floats);
            let [shown, through, variance] = numbers[..] else {
                return Err(wrong(path, format!("`lesion.{n}.numbers` are {}, expected 3", numbers.len())));
            };
            Ok(Template { voxels, template, mask, shown, through, variance })
        });
        let templates = templates.collect::<Result<Vec<_>, _>>()?;
        let read = Self { shape, views, truths, templates };
        match read.holds_together() {
            true => Ok(read),
            false => Err(wrong(path, "its parts do not fit together".into())),
        }
    }

    fn holds_together(&self) -> bool {
        let voxels = self.shape.iter().product::<usize>();
        let inside = |lesion: &Template| {
            let count = lesion.voxels.len();
            count == lesion.template.len()
                && count == lesion.mask.len()
                && lesion.voxels.iter().all(|&voxel| (voxel as usize) < voxels)
        };
        let guides = self.views.first().map(|view| view.guides.len());
        let whole = |view: &View| view.truth < self.truths.len() && Some(view.guides.len()) == guides;
        // Lesions are those of four scans.
        let twins = self.templates.is_empty() || self.views.len() == SCANS;
        !self.views.is_empty() && twins && self.views.iter().all(whole) && self.templates.iter().all(inside)
    }
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn of_floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|word| f32::from_le_bytes(*word)).collect()
}

fn wrong(path: &Path, problem: String) -> TrainError {
    TrainError::Sample { path: path.into(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Sample {
        let image = |n: usize| (0..12).map(|voxel| (voxel * n) as f32).collect::<Vec<f32>>();
        let view = |n: usize| View { x: image(n), guides: [image(n + 1), image(n + 2)].into(), truth: n % 2 };
        let template = Template {
            voxels: vec![3, 4],
            template: vec![0.5, -0.5],
            mask: vec![1.0, 0.0],
            shown: 0.25,
            through: 1.5,
            variance: 3.0,
        };
        let (truths, templates) = (vec![image(7), image(8)], vec![template.clone(), template]);
        Sample { shape: [2, 3, 2], views: (0..4).map(view).collect(), truths, templates }
    }

    #[test]
    fn samples_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.safetensors");
        sample().write(&path).unwrap();
        assert_eq!(Sample::read(&path).unwrap(), sample());
    }

    #[test]
    fn broken_files_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.safetensors");
        let mut beyond = sample();
        beyond.templates[1].voxels[0] = 12;
        beyond.write(&path).unwrap();
        assert!(Sample::read(&path).unwrap_err().to_string().contains("do not fit together"));
        sample().write(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in (0..whole.len()).step_by(97) {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(Sample::read(&path).unwrap_err().to_string().contains("sample.safetensors"));
        }
        let mut three = sample();
        three.views.pop();
        three.write(&path).unwrap();
        assert!(Sample::read(&path).is_err(), "lesions without their fourth scan");
    }

    proptest::proptest! {
        #[test]
        fn changed_bytes_never_panic(changes: Vec<(usize, u8)>, cut in 0..50_usize) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("sample.safetensors");
            sample().write(&path).unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            for (at, byte) in changes {
                let length = bytes.len();
                bytes[at % length] = byte;
            }
            bytes.truncate(bytes.len() - cut);
            std::fs::write(&path, bytes).unwrap();
            if let Ok(read) = Sample::read(&path) {
                proptest::prop_assert!(read.holds_together());
            }
        }
    }
}
