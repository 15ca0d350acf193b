//! The crates that do this on one core: ndarray, ndarray-interp and interp. Each is asked from all of rayon's threads,
//! a stretch of the queries or of the lines each, which is how a user with several cores would call it.

use std::rc::Rc;

use ndarray::linalg::Dot;
use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, Axis, LinalgScalar, Zip};
use ndarray_interp::interp1d::Interp1DBuilder;
use rayon::slice::{ParallelSlice, ParallelSliceMut};

use super::arm::{Arm, Peer};
use super::inputs::{Matrix, Tables, Weights, by_type, values};
use crate::data::Real;
use crate::outcome::{Outcome, told};
use crate::protocol::{Part, Task};
use crate::workload::Workload;

/// Queries a task.
const STRETCH: usize = 65_536;

pub struct Crates;

impl Peer for Crates {
    fn about(&self) -> String {
        format!("ndarray 0.17, ndarray-interp 0.6, interp 2.1, {} threads", rayon::current_num_threads())
    }

    fn prepare(&mut self, task: &Task) -> Outcome<Vec<Arm>> {
        match task.workload {
            Workload::Interp { tables, .. } => {
                by_type(&task.workload, || interp::<f32>(task, tables), || interp::<f64>(task, tables))
            }
            Workload::Average { axis, full, .. } => {
                by_type(&task.workload, || average::<f32>(task, axis, full), || average::<f64>(task, axis, full))
            }
            Workload::Overhead { .. } => Ok(Vec::new()),
        }
    }
}

fn interp<T: Real + std::ops::Sub>(task: &Task, tables: usize) -> Outcome<Vec<Arm>> {
    let host = Rc::new(Tables::<T>::load(task, tables)?);
    Ok(vec![ndarray_interp(host.clone()), interp_crate(host)])
}

/// Runs `of_row` on stretches of the queries of every table, over all threads.
fn over_stretches<T: Real>(
    host: &Tables<T>,
    of_stretch: impl Fn(usize, ArrayView1<'_, T>, ArrayViewMut1<'_, T>) -> Outcome<()> + Sync,
) -> Outcome<Array2<T>> {
    let mut y = Array2::<T>::zeros(host.x.raw_dim());
    let rows = y.axis_iter_mut(Axis(0)).into_par_iter().zip(host.x.axis_iter(Axis(0)).into_par_iter()).enumerate();
    rows.try_for_each(|(row, (mut y, x))| {
        let stretches = y.axis_chunks_iter_mut(Axis(0), STRETCH).into_par_iter();
        let stretches = stretches.zip(x.axis_chunks_iter(Axis(0), STRETCH).into_par_iter());
        stretches.map(|(y, x)| of_stretch(row, x, y)).collect::<Outcome<()>>()
    })?;
    Ok(y)
}

fn ndarray_interp<T: Real>(host: Rc<Tables<T>>) -> Arm {
    let build = |host: &Tables<T>, row: usize| {
        let (xp, fp) = (host.xp.row(row).to_owned(), host.fp.row(row).to_owned());
        Interp1DBuilder::new(fp).x(xp).build().map_err(told)
    };
    let name = "ndarray-interp";
    let built: Outcome<Vec<_>> = (0..host.xp.nrows()).map(|row| build(&host, row)).collect();
    let built = match built {
        Ok(built) => built,
        Err(reason) => return Arm::refusing(name, reason),
    };
    let resident = {
        let host = host.clone();
        Rc::new(move || over_stretches(&host, |row, x, y| built[row].interp_array_into(&x, y).map_err(told)))
    };
    let result = resident.clone();
    Arm::new(name, "Interp1D::interp_array_into, over rayon")
        .part(Part::Resident, move || resident())
        .part(Part::EndToEnd, move || {
            let built = (0..host.xp.nrows()).map(|row| build(&host, row)).collect::<Outcome<Vec<_>>>()?;
            over_stretches(&host, |row, x, y| built[row].interp_array_into(&x, y).map_err(told))
        })
        .result(move || Ok(values(result()?.as_slice().ok_or("made contiguous")?)))
}

/// It prepares its table again in each call, so a call is given as many queries as a thread has. In f64: its formula
/// (slope times query plus intercept) loses too much in f32.
fn interp_crate<T: Real>(host: Rc<Tables<T>>) -> Arm {
    let wide = |array: &Array2<T>| array.mapv(|value| -> f64 { value.into() });
    let wide = Rc::new((wide(&host.xp), wide(&host.fp), wide(&host.x)));
    let compute = Rc::new(move || -> Outcome<Array2<f64>> {
        let (xp, fp, x) = &*wide;
        let mut y = Array2::<f64>::zeros(x.raw_dim());
        let row = |array: &'_ Array2<f64>, row: usize| array.row(row).to_vec();
        if xp.nrows() == 1 {
            let (xp, fp) = (row(xp, 0), row(fp, 0));
            let x = x.as_slice().ok_or("made contiguous")?;
            let share = x.len().div_ceil(rayon::current_num_threads()).max(4_096);
            let y = y.as_slice_mut().ok_or("made contiguous")?;
            y.par_chunks_mut(share).zip(x.par_chunks(share)).for_each(|(y, x)| {
                y.copy_from_slice(&interp::interp_slice(&xp, &fp, x, &interp::InterpMode::FirstLast));
            });
        } else {
            y.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(table, mut y)| {
                let (xp, fp) = (xp.row(table), fp.row(table));
                let (xp, fp, x) = (xp.as_slice(), fp.as_slice(), x.row(table));
                let (xp, fp, x) = (xp.expect("a row"), fp.expect("a row"), x.as_slice().expect("a row"));
                let mode = interp::InterpMode::FirstLast;
                y.assign(&ArrayView1::from(&interp::interp_slice(xp, fp, x, &mode)));
            });
        }
        Ok(y)
    });
    let result = compute.clone();
    Arm::new("interp crate", "interp::interp_slice in f64, over rayon")
        .part(Part::Resident, move || compute())
        .result(move || Ok(values(result()?.as_slice().ok_or("made contiguous")?)))
}

/// ndarray's own products, line by line over all threads; down axis 0 a vector-matrix product of each block of rows.
fn average<T: Real + LinalgScalar>(task: &Task, axis: usize, full: bool) -> Outcome<Vec<Arm>> {
    let Matrix { a, weights } = Matrix::<T>::load(task, full)?;
    let (call, compute): (_, Box<dyn Fn() -> Array1<T>>) = match weights {
        Weights::Line(weights) => {
            let total = weights.sum();
            let weights = weights.mapv(|weight| weight / total);
            if axis == 1 {
                ("row.dot(&weights), over rayon, weights normalised before", Box::new(move || rows_dot(&a, &weights)))
            } else {
                let call = "weights.dot(&a) of blocks of rows, over rayon, weights normalised before";
                (call, Box::new(move || blocks_dot(&a, &weights)))
            }
        }
        Weights::Full(weights) if axis == 1 => {
            let compute = move || {
                let mut out = Array1::zeros(a.nrows());
                Zip::from(&mut out).and(a.rows()).and(weights.rows()).par_for_each(|out, row, weights| {
                    *out = row.dot(&weights) / weights.sum();
                });
                out
            };
            ("row.dot(&weights) / weights.sum(), over rayon", Box::new(compute))
        }
        Weights::Full(weights) => {
            let call = "Zip over columns of blocks of rows, over rayon";
            (call, Box::new(move || blocks_zip(&a, &weights)))
        }
    };
    let compute = Rc::new(compute);
    let result = compute.clone();
    let arm = Arm::new("ndarray", call)
        .part(Part::Resident, move || Ok(compute()))
        .result(move || Ok(values(result().as_slice().ok_or("made contiguous")?)));
    Ok(vec![arm])
}

fn rows_dot<T: Real + LinalgScalar>(a: &Array2<T>, weights: &Array1<T>) -> Array1<T> {
    let mut out = Array1::zeros(a.nrows());
    Zip::from(&mut out).and(a.rows()).par_for_each(|out, row| *out = row.dot(weights));
    out
}

/// One block of rows a thread, at least.
fn block_rows<T>(a: &Array2<T>) -> usize {
    a.nrows().div_ceil(rayon::current_num_threads()).clamp(1, 4_096)
}

fn blocks_dot<T: Real + LinalgScalar>(a: &Array2<T>, weights: &Array1<T>) -> Array1<T> {
    let block = block_rows(a);
    let blocks = a.axis_chunks_iter(Axis(0), block).into_par_iter();
    let blocks = blocks.zip(weights.axis_chunks_iter(Axis(0), block).into_par_iter());
    let product = |(a, weights): (ArrayView2<'_, T>, ArrayView1<'_, T>)| -> Array1<T> { weights.dot(&a) };
    blocks.map(product).reduce(|| Array1::zeros(a.ncols()), |left, right| left + right)
}

fn blocks_zip<T: Real + LinalgScalar>(a: &Array2<T>, weights: &Array2<T>) -> Array1<T> {
    let nothing = || (Array1::<T>::zeros(a.ncols()), Array1::<T>::zeros(a.ncols()));
    let block = block_rows(a);
    let blocks = a.axis_chunks_iter(Axis(0), block).into_par_iter();
    let blocks = blocks.zip(weights.axis_chunks_iter(Axis(0), block).into_par_iter());
    let sums = blocks.map(|(a, weights)| {
        let (mut products, mut totals) = nothing();
        for (a, weights) in a.rows().into_iter().zip(weights.rows()) {
            let sums = Zip::from(&mut products).and(&mut totals).and(a).and(weights);
            sums.for_each(|product, total, &a, &weight| {
                *product = *product + a * weight;
                *total = *total + weight;
            });
        }
        (products, totals)
    });
    let (products, totals) = sums.reduce(nothing, |left, right| (left.0 + right.0, left.1 + right.1));
    products / totals
}
