//! Measurements: datasets `prompts`, `factors` and `background` (or its products), and their geometry.

use super::array::{Array, put_array, put_counts};
use super::when::{self, DURATION, is_duration};
use super::{IoError, Kind, Provenance, Source, geometry, write};
use crate::data::{Background, Counts, Measurement, Outline, Product};
use crate::io::values::Rule;
use std::path::Path;

/// Writes a measurement and where it comes from.
pub fn write_measurement(
    path: &Path,
    overwrite: bool,
    measurement: &Measurement,
    provenance: &Provenance,
) -> Result<(), IoError> {
    geometry::check(path, &measurement.geometry)?;
    if let Some(found) = measurement.clock.duration_s.filter(|&duration| !is_duration(duration)) {
        let (field, expected) = ("duration_s".into(), DURATION.into());
        return Err(IoError::Field { path: path.into(), field, found: found.to_string(), expected });
    }
    let shape = measurement.geometry.shape();
    let lines = [shape[0], shape[1], shape[3]];
    let background = measurement.background.as_ref();
    let bins = background.and_then(Background::bins).map(|bins| (BACKGROUND, bins, &shape[..]));
    let factors = measurement.factors.as_deref().map(|factors| ("factors", factors, &lines[..]));
    let arrays: Vec<_> = factors.into_iter().chain(bins).collect();
    let products = background.map_or(&[][..], Background::products);
    if let Counts::F32(prompts) = &measurement.prompts {
        Rule::NotNegative.check(path, "prompts", prompts, &shape)?;
    }
    for (name, values, shape) in &arrays {
        Rule::NotNegative.check(path, name, values, shape)?;
    }
    for Product { lines: values, times } in products {
        Rule::NotNegative.check(path, PRODUCTS, values, &lines)?;
        Rule::NotNegative.check(path, PRODUCTS, times, &[shape[0], shape[2]])?;
    }
    write(path, overwrite, Kind::Measurement, provenance, |file| {
        when::put(file, &measurement.ledger, &measurement.clock)?;
        geometry::put(file, &measurement.geometry)?;
        put_counts(file, "prompts", &shape, &measurement.prompts)?;
        for (name, values, shape) in &arrays {
            put_array(file, name, shape, values)?;
        }
        if !products.is_empty() {
            let group = file.create_group(PRODUCTS)?;
            for (number, Product { lines: values, times }) in products.iter().enumerate() {
                put_array(&group, &format!("lines_{number}"), &lines, values)?;
                put_array(&group, &format!("times_{number}"), &[shape[0], shape[2]], times)?;
            }
        }
        Ok(())
    })
}

/// Dataset of a background with a number for every bin, and group of the products of one that is separable.
const BACKGROUND: &str = "background";
const PRODUCTS: &str = "background_products";

/// Reads the geometry of a measurement, and how much there is of it.
pub fn read_outline(path: &Path) -> Result<Outline, IoError> {
    let source = open(path)?;
    let shape = source.shape_of(&source.array(&source.file, "prompts")?)?;
    let (counts_bytes, mut other_bytes) = (source.prompts_bytes()?, 0);
    let holds = |name| source.holds(&source.file, name);
    let (factors, background) = (holds("factors")?, holds(BACKGROUND)? || holds(PRODUCTS)?);
    for name in ["factors", BACKGROUND] {
        if source.holds(&source.file, name)? {
            other_bytes += size_of::<f32>() * source.array(&source.file, name)?.shape.iter().product::<usize>();
        }
    }
    if source.holds(&source.file, PRODUCTS)? {
        let products = source.checked(source.group(PRODUCTS)?.member_names())?.len() / 2;
        other_bytes += products * size_of::<f32>() * (shape[0] * shape[2] + shape[0] * shape[1] * shape[3]);
    }
    let (ledger, clock) = (source.ledger()?, source.clock()?);
    let geometry = source.geometry(shape)?;
    Ok(Outline { geometry, ledger, clock, factors, background, counts_bytes, other_bytes })
}

/// Reads a measurement and where it comes from.
pub fn read_measurement(path: &Path) -> Result<(Measurement, Provenance), IoError> {
    let source = open(path)?;
    let prompts = source.array(&source.file, "prompts")?;
    let shape = source.shape_of(&prompts)?;
    let geometry = source.geometry(shape)?;
    let [views, radial, _, planes] = shape;
    let (ledger, clock) = (source.ledger()?, source.clock()?);
    let prompts = source.counts(&prompts, "prompts", &shape)?;
    let factors = source.optional("factors", &[views, radial, planes])?;
    let background = source.background(shape)?;
    let provenance = source.provenance()?;
    Ok((Measurement { geometry, prompts, factors, background, ledger, clock }, provenance))
}

fn open(path: &Path) -> Result<Source, IoError> {
    Source::open_kind(path, Kind::Measurement)
}

impl Source {
    fn shape_of(&self, prompts: &Array) -> Result<[usize; 4], IoError> {
        let shape = prompts.shape.clone();
        <[usize; 4]>::try_from(shape).map_err(|found| {
            self.wrong("the shape of prompts", format!("{found:?}"), "four axes [view, radial, tof, plane]")
        })
    }

    /// Bytes of the prompts in memory, by the type that they are stored as.
    fn prompts_bytes(&self) -> Result<usize, IoError> {
        let prompts = self.array(&self.file, "prompts")?;
        Ok(prompts.shape.iter().product::<usize>()
            * self.checked(prompts.dataset.dtype())?.size().min(size_of::<f32>()))
    }

    fn optional(&self, name: &str, shape: &[usize]) -> Result<Option<Vec<f32>>, IoError> {
        if !self.holds(&self.file, name)? {
            return Ok(None);
        }
        let array = self.array(&self.file, name)?;
        self.values(&array, name, shape, Rule::NotNegative).map(Some)
    }

    fn background(&self, shape: [usize; 4]) -> Result<Option<Background>, IoError> {
        let bins = self.optional(BACKGROUND, &shape)?.map(|bins| Background::of_bins(shape, bins));
        let products = self.products(shape)?.map(|products| Background::of_products(shape, products));
        Ok(match (bins, products) {
            (Some(mut bins), Some(products)) => {
                bins.add(products);
                Some(bins)
            }
            (bins, products) => bins.or(products),
        })
    }

    fn products(&self, [views, radial, tof, planes]: [usize; 4]) -> Result<Option<Vec<Product>>, IoError> {
        if !self.holds(&self.file, PRODUCTS)? {
            return Ok(None);
        }
        let group = self.group(PRODUCTS)?;
        let read =
            |name: String, shape: &[usize]| self.values(&self.array(&group, &name)?, &name, shape, Rule::NotNegative);
        let mut products = Vec::new();
        while self.holds(&group, &format!("lines_{}", products.len()))? {
            let number = products.len();
            let lines = read(format!("lines_{number}"), &[views, radial, planes])?;
            products.push(Product { lines, times: read(format!("times_{number}"), &[views, tof])? });
        }
        let names = self.checked(group.member_names())?;
        if products.is_empty() || names.len() != 2 * products.len() {
            let expected = "`lines_0` and `times_0`, `lines_1` and `times_1`, and so on";
            return Err(self.wrong(PRODUCTS, format!("{names:?}"), expected));
        }
        Ok(Some(products))
    }
}
