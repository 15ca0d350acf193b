//! Inputs, the same in every run, and what has to come out, computed plainly in f64. Interpolations and averages are
//! those of benches/versus.

use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::WriteNpyExt;
use rayon::prelude::*;

use super::case::{Case, Reduction, Task};
use crate::data::{self, Real, random};
use crate::outcome::{Outcome, told};
use crate::workload::Workload;

pub enum Inputs<T> {
    /// A row a table.
    Tables {
        xp: Array2<T>,
        fp: Array2<T>,
        x: Array2<T>,
    },
    Line {
        a: Array2<T>,
        weights: Array1<T>,
        axis: usize,
    },
    Full {
        a: Array2<T>,
        weights: Array2<T>,
        axis: usize,
    },
    Matrix(Array2<T>),
    Search {
        knots: Array1<T>,
        x: Array1<T>,
    },
}

impl<T: Real> Inputs<T> {
    pub fn of(case: &Case) -> Self {
        let matrix = |rows, columns| shaped(random::<T>(rows * columns, 11, 0.0, 1.0), rows, columns);
        match case.task {
            Task::Versus(Workload::Interp { tables, knots, spacing, sorted, queries, .. }) => {
                let (xp, fp, x) = data::interp_inputs(tables, knots, spacing, sorted, queries);
                Self::Tables { xp, fp, x }
            }
            Task::Versus(Workload::Average { rows, columns, axis, full: true, .. }) => {
                let weights = shaped(random(rows * columns, 12, 0.1, 1.1), rows, columns);
                Self::Full { a: matrix(rows, columns), weights, axis }
            }
            Task::Versus(Workload::Average { rows, columns, axis, .. }) => {
                let weights = random(if axis == 1 { columns } else { rows }, 12, 0.1, 1.1);
                Self::Line { a: matrix(rows, columns), weights, axis }
            }
            // Overheads have a section of their own.
            Task::Versus(Workload::Overhead { .. }) => Self::Matrix(matrix(1, 1)),
            Task::Reduce(_, rows, columns) | Task::Standardize(rows, columns) => Self::Matrix(matrix(rows, columns)),
            Task::Transpose(rows, columns) => Self::Matrix(matrix(rows, columns)),
            Task::Searchsorted { knots, queries } => {
                let mut knots: Vec<T> = random::<T>(knots, 1_000, 0.0, 1.0).to_vec();
                knots.par_sort_unstable_by(|a, b| a.partial_cmp(b).expect("no NaN among the knots"));
                Self::Search { knots: knots.into(), x: random(queries, 2, 0.0, 1.0) }
            }
        }
    }

    pub fn expected(&self, case: &Case) -> Vec<f64> {
        match (self, case.task) {
            (Self::Tables { xp, fp, x }, _) => data::tables_by_bisection(xp, fp, x),
            (Self::Line { a, weights, axis: 1 }, _) => data::averages(a, |_, column| weights[column].into(), 1),
            (Self::Line { a, weights, axis }, _) => data::averages(a, |row, _| weights[row].into(), *axis),
            (Self::Full { a, weights, axis }, _) => {
                data::averages(a, |row, column| weights[[row, column]].into(), *axis)
            }
            (Self::Search { knots, x }, _) => {
                let knots = knots.as_slice().expect("made contiguous");
                let x = x.as_slice().expect("made contiguous");
                x.par_iter().map(|x| knots.partition_point(|knot| knot < x) as f64).collect()
            }
            (Self::Matrix(a), Task::Reduce(what, ..)) => of_rows(a, |row| vec![reduced(what, row)]),
            (Self::Matrix(a), Task::Standardize(..)) => of_rows(a, |row| {
                let (mean, deviation) = (mean(row), reduced(Reduction::Var, row).sqrt());
                row.iter().map(|&value| (value.into() - mean) / deviation).collect()
            }),
            (Self::Matrix(a), _) => vec![weighed_by_its_transpose(a)],
        }
    }

    /// As files that benches/versus' peers in Python read.
    pub fn write(&self, folder: &Path) -> Outcome<()> {
        std::fs::create_dir_all(folder).map_err(told)?;
        let store = |name: &str, array: ndarray::ArrayViewD<'_, T>| {
            let file = std::fs::File::create(folder.join(format!("{name}.npy"))).map_err(told)?;
            array.write_npy(std::io::BufWriter::with_capacity(1 << 20, file)).map_err(told)
        };
        match self {
            Self::Tables { xp, fp, x } => {
                for (name, array) in [("xp", xp), ("fp", fp), ("x", x)] {
                    // A single table has no axis for tables.
                    let single = xp.nrows() == 1;
                    let row = || array.row(0).into_dyn();
                    store(name, if single { row() } else { array.view().into_dyn() })?;
                }
            }
            Self::Line { a, weights, .. } => {
                store("a", a.view().into_dyn())?;
                store("w", weights.view().into_dyn())?;
            }
            Self::Full { a, weights, .. } => {
                store("a", a.view().into_dyn())?;
                store("w", weights.view().into_dyn())?;
            }
            Self::Matrix(a) => store("a", a.view().into_dyn())?,
            Self::Search { knots, x } => {
                store("xp", knots.view().into_dyn())?;
                store("x", x.view().into_dyn())?;
            }
        }
        Ok(())
    }
}

/// The largest error: relative, or absolute where what is expected is below 1. Of NaN, infinite.
pub fn largest_error(got: impl IndexedParallelIterator<Item = f64>, expected: &[f64]) -> f64 {
    let error = |(got, want): (f64, &f64)| {
        let error = (got - want).abs() / want.abs().max(1.0);
        if error.is_nan() { f64::INFINITY } else { error }
    };
    got.zip(expected.par_iter()).map(error).reduce(|| 0.0, f64::max)
}

fn shaped<T>(values: Array1<T>, rows: usize, columns: usize) -> Array2<T> {
    values.into_shape_with_order((rows, columns)).expect("as many values as asked for")
}

fn of_rows<T: Real>(a: &Array2<T>, each: impl Fn(&[T]) -> Vec<f64> + Sync + Send) -> Vec<f64> {
    let values = a.as_slice().expect("made contiguous");
    values.par_chunks(a.ncols()).flat_map_iter(each).collect()
}

/// The matrix, taken for one of as many rows as it has columns, averaged with its transpose for weights.
fn weighed_by_its_transpose<T: Real>(a: &Array2<T>) -> f64 {
    let (rows, columns) = a.dim();
    let values = a.as_slice().expect("made contiguous");
    let of_row = |row: usize| -> f64 {
        let weighed = values[row * rows..][..rows].iter().zip(a.column(row));
        weighed.map(|(&value, &weight)| value.into() * weight.into()).sum()
    };
    let total: f64 = values.par_iter().map(|&weight| weight.into()).sum();
    (0..columns).into_par_iter().map(of_row).sum::<f64>() / total
}

fn mean<T: Real>(row: &[T]) -> f64 {
    row.iter().map(|&value| value.into()).sum::<f64>() / row.len() as f64
}

fn reduced<T: Real>(what: Reduction, row: &[T]) -> f64 {
    match what {
        Reduction::Sum => row.iter().map(|&value| value.into()).sum(),
        Reduction::Min => row.iter().fold(f64::INFINITY, |least, &value| least.min(value.into())),
        Reduction::Var => {
            let mean = mean(row);
            row.iter().map(|&value| (value.into() - mean).powi(2)).sum::<f64>() / row.len() as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;
    use rayon::prelude::*;

    use super::super::case::{Case, Reduction, Task};
    use super::{Inputs, largest_error};

    #[test]
    fn expectations_are_plain_arithmetic() {
        let of = |task, a| Inputs::Matrix(a).expected(&Case { key: None, task });
        let a = || arr2(&[[1.0_f32, 3.0], [5.0, 9.0]]);
        assert_eq!(of(Task::Reduce(Reduction::Sum, 2, 2), a()), [4.0, 14.0]);
        assert_eq!(of(Task::Reduce(Reduction::Var, 2, 2), a()), [1.0, 4.0]);
        assert_eq!(of(Task::Reduce(Reduction::Min, 2, 2), a()), [1.0, 5.0]);
        assert_eq!(of(Task::Standardize(2, 2), a()), [-1.0, 1.0, -1.0, 1.0]);
        // [[1, 3, 5], [9, 2, 4]] as [[1, 3], [5, 9], [2, 4]], weighed by [[1, 9], [3, 2], [5, 4]].
        let wide = arr2(&[[1.0_f32, 3.0, 5.0], [9.0, 2.0, 4.0]]);
        assert_eq!(of(Task::Transpose(2, 3), wide), [(1.0 + 27.0 + 15.0 + 18.0 + 10.0 + 16.0) / 24.0]);
    }

    #[test]
    fn errors_are_relative_above_one() {
        let error = |got: Vec<f64>| largest_error(got.into_par_iter(), &[0.5, 100.0]);
        assert_eq!(error(vec![0.5, 101.0]), 0.01);
        assert_eq!(error(vec![0.75, 100.0]), 0.25);
        assert_eq!(error(vec![f64::NAN, 100.0]), f64::INFINITY);
    }
}
