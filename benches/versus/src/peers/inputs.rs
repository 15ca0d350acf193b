//! Inputs as the peers of this program take them, and results as they give them.

use ndarray::{Array1, Array2};

use super::arm::Values;
use crate::data::{Real, load};
use crate::outcome::Outcome;
use crate::protocol::Task;
use crate::workload::{Type, Workload};

/// Inputs of an interpolation: a row a table, also if it is only one.
pub struct Tables<T> {
    pub xp: Array2<T>,
    pub fp: Array2<T>,
    pub x: Array2<T>,
}

impl<T: Real> Tables<T> {
    pub fn load(task: &Task, tables: usize) -> Outcome<Self> {
        let two = |name| -> Outcome<Array2<T>> {
            if tables > 1 {
                return load(&task.folder, name);
            }
            let one: Array1<T> = load(&task.folder, name)?;
            Ok(one.insert_axis(ndarray::Axis(0)))
        };
        Ok(Self { xp: two("xp")?, fp: two("fp")?, x: two("x")? })
    }
}

/// Inputs of an average: weights of shape `[places]` or of the matrix's.
pub struct Matrix<T> {
    pub a: Array2<T>,
    pub weights: Weights<T>,
}

pub enum Weights<T> {
    Line(Array1<T>),
    Full(Array2<T>),
}

impl<T: Real> Matrix<T> {
    pub fn load(task: &Task, full: bool) -> Outcome<Self> {
        let a = load(&task.folder, "a")?;
        let weights =
            if full { Weights::Full(load(&task.folder, "w")?) } else { Weights::Line(load(&task.folder, "w")?) };
        Ok(Self { a, weights })
    }
}

/// Picks the code for the element type.
pub fn by_type<R>(workload: &Workload, f32: impl FnOnce() -> R, f64: impl FnOnce() -> R) -> R {
    match workload.ty() {
        Type::F32 => f32(),
        Type::F64 => f64(),
    }
}

/// Results of any type as what is written to the file.
pub fn values<T: Real>(values: &[T]) -> Values {
    match T::TYPE {
        ndgpu::ElementType::F64 => Values::F64(values.iter().map(|&value| value.into()).collect()),
        _ => Values::F32(
            values
                .iter()
                .map(|&value| {
                    let wide: f64 = value.into();
                    wide as f32
                })
                .collect(),
        ),
    }
}
