//! Weighted averages by plain sums over all threads and SIMD lanes, without compensation: what exactness is measured
//! against. f32 is added up in f32, which is fast and loses digits; and in f64, which does not.

use std::cell::RefCell;
use std::rc::Rc;

use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::arm::{Arm, Peer};
use super::inputs::{Matrix, Weights, by_type, values};
use crate::data::Real;
use crate::outcome::Outcome;
use crate::protocol::{Part, Task};
use crate::workload::Workload;

/// Places of a line that are added up before another task may take over.
const STRETCH: usize = 65_536;
/// Columns that are added up together down axis 0: their sums stay in the first cache.
const COLUMNS: usize = 1_024;
/// Sums side by side.
const LANES: usize = 32;
/// Rows of this length have code of their own: what a short row takes is not its sums.
const SHORT: usize = 8;

pub struct Plain;

impl Peer for Plain {
    fn about(&self) -> String {
        format!("{} threads", rayon::current_num_threads())
    }

    fn prepare(&mut self, task: &Task) -> Outcome<Vec<Arm>> {
        let Workload::Average { axis, full, .. } = task.workload else { return Ok(Vec::new()) };
        by_type(
            &task.workload,
            || Ok(vec![arm::<f32, f32>(task, axis, full)?, arm::<f32, f64>(task, axis, full)?]),
            || Ok(vec![arm::<f64, f64>(task, axis, full)?]),
        )
    }
}

/// What sums are kept in.
trait Sum: Real + From<f32> + std::ops::AddAssign {
    fn of<T: Real>(value: T) -> Self;
}

impl Sum for f32 {
    #[inline(always)]
    fn of<T: Real>(value: T) -> Self {
        let wide: f64 = value.into();
        wide as f32
    }
}

impl Sum for f64 {
    #[inline(always)]
    fn of<T: Real>(value: T) -> Self {
        value.into()
    }
}

fn arm<T: Real, S: Sum>(task: &Task, axis: usize, full: bool) -> Outcome<Arm> {
    let Matrix { a, weights } = Matrix::<T>::load(task, full)?;
    // One row of weights serves every line along axis 1; along axis 0 they are one to a row.
    let weights = match weights {
        Weights::Full(weights) => weights,
        Weights::Line(weights) => weights.insert_axis(Axis(1 - axis)),
    };
    // Reused from call to call: fresh memory of a large result takes longer to fault in than to compute.
    let out = Rc::new(RefCell::new(vec![T::from_f64(0.0); a.len_of(Axis(1 - axis))]));
    let result = out.clone();
    let compute = Rc::new(move || {
        let mut out = out.borrow_mut();
        if axis == 1 { rows::<T, S>(&a, &weights, &mut out) } else { columns::<T, S>(&a, &weights, &mut out) }
    });
    let again = compute.clone();
    let name = format!("plain sum in {}", if S::TYPE == ndgpu::ElementType::F64 { "f64" } else { "f32" });
    Ok(Arm::new(&name, "a loop, all threads, SIMD, no compensation")
        .part(Part::Resident, move || {
            compute();
            Ok(())
        })
        .result(move || {
            again();
            Ok(values(&result.borrow()))
        }))
}

fn rows<T: Real, S: Sum>(a: &Array2<T>, weights: &Array2<T>, out: &mut [T]) {
    let columns = a.ncols();
    let weights_of = |row: usize| weights.row(if weights.nrows() == 1 { 0 } else { row });
    let shared = (weights.nrows() == 1).then(|| {
        let weights = weights.row(0).to_slice().expect("made contiguous");
        let total = weights.par_chunks(STRETCH).map(|weights| wide(total::<T, S>(weights))).sum::<f64>();
        (weights, total)
    });
    let of_row = |row: usize, out: &mut T| {
        let (a, weights) = (a.row(row), weights_of(row));
        let (a, weights) = (a.to_slice().expect("a row"), weights.to_slice().expect("a row"));
        let stretches = |from: usize| {
            let to = columns.min(from + STRETCH);
            let (a, weights) = (&a[from..to], &weights[from..to]);
            match shared {
                Some(_) => (wide(product::<T, S>(a, weights)), 0.0),
                None => (wide(product::<T, S>(a, weights)), wide(total::<T, S>(weights))),
            }
        };
        let (product, total) = if columns > STRETCH {
            let starts = (0..columns.div_ceil(STRETCH)).into_par_iter().map(|stretch| stretches(stretch * STRETCH));
            starts.reduce(|| (0.0, 0.0), |left, right| (left.0 + right.0, left.1 + right.1))
        } else {
            stretches(0)
        };
        *out = T::from_f64(product / shared.map_or(total, |(_, total)| total));
    };
    let together = (STRETCH / columns).max(1);
    if columns == SHORT {
        let (a, weights) = (a.as_slice().expect("made contiguous"), weights.as_slice().expect("made contiguous"));
        return short_rows::<T, S>(a, weights, shared.map(|(_, total)| total), out);
    }
    out.par_chunks_mut(together).enumerate().for_each(|(block, out)| {
        for (row, out) in out.iter_mut().enumerate() {
            of_row(block * together + row, out);
        }
    });
}

fn short_rows<T: Real, S: Sum>(a: &[T], weights: &[T], total: Option<f64>, out: &mut [T]) {
    out.par_chunks_mut(STRETCH / SHORT).zip(a.par_chunks(STRETCH)).enumerate().for_each(
        |(block, (out, a))| match total {
            Some(total) => short_line::<T, S>(a, weights, S::from_f64(1.0 / total), out),
            None => short_full::<T, S>(a, &weights[block * STRETCH..block * STRETCH + a.len()], out),
        },
    );
}

fn columns<T: Real, S: Sum>(a: &Array2<T>, weights: &Array2<T>, out: &mut [T]) {
    let (rows, columns) = a.dim();
    let full = weights.ncols() == columns && columns > 1;
    let average = |[product, total]: [f64; 2]| T::from_f64(product / total);
    if columns == SHORT {
        let (a, weights) = (a.as_slice().expect("contiguous"), weights.as_slice().expect("contiguous"));
        let sums = short_columns::<T, S>(a, weights, full);
        return out.iter_mut().zip(sums).for_each(|(out, sums)| *out = average(sums));
    }
    // Blocks of rows for all threads, then blocks of columns.
    let deep = rows.div_ceil(rayon::current_num_threads()).max(256);
    let of_block = |row: usize, column: usize| {
        let block = s![row..rows.min(row + deep), column..columns.min(column + COLUMNS)];
        let weights = if full { weights.slice(block) } else { weights.slice(s![row..rows.min(row + deep), ..]) };
        down::<T, S>(a.slice(block), weights)
    };
    if rows <= deep {
        // Every sum is whole.
        return out.par_chunks_mut(COLUMNS).enumerate().for_each(|(block, out)| {
            out.iter_mut().zip(of_block(0, block * COLUMNS)).for_each(|(out, sums)| *out = average(sums));
        });
    }
    let tasks: Vec<(usize, usize)> = (0..rows)
        .step_by(deep)
        .flat_map(|row| (0..columns).step_by(COLUMNS).map(move |column| (row, column)))
        .collect();
    let blocks: Vec<_> = tasks.par_iter().map(|&(row, column)| (column, of_block(row, column))).collect();
    let mut sums = vec![[0.0_f64; 2]; columns];
    for (column, block) in blocks {
        for (sum, part) in sums[column..].iter_mut().zip(block) {
            *sum = [sum[0] + part[0], sum[1] + part[1]];
        }
    }
    out.iter_mut().zip(sums).for_each(|(out, sums)| *out = average(sums));
}

fn short_columns<T: Real, S: Sum>(a: &[T], weights: &[T], full: bool) -> [[f64; 2]; SHORT] {
    let width = if full { SHORT } else { 1 };
    let blocks = a.par_chunks(STRETCH).zip(weights.par_chunks(STRETCH / SHORT * width));
    let sums = blocks.map(|(a, weights)| match full {
        true => short_down_full::<T, S>(a, weights),
        false => short_down_line::<T, S>(a, weights),
    });
    let nothing = || [[0.0_f64; 2]; SHORT];
    let add = |left: [[f64; 2]; SHORT], right: [[f64; 2]; SHORT]| {
        std::array::from_fn(|lane| [left[lane][0] + right[lane][0], left[lane][1] + right[lane][1]])
    };
    sums.reduce(nothing, add)
}

fn down<T: Real, S: Sum>(a: ArrayView2<'_, T>, weights: ArrayView2<'_, T>) -> Vec<[f64; 2]> {
    let mut products = vec![S::of(0.0_f32); a.ncols()];
    let mut totals = products.clone();
    let full = weights.ncols() == a.ncols() && a.ncols() > 1;
    let mut shared = S::of(0.0_f32);
    for (a, weights) in a.rows().into_iter().zip(weights.rows()) {
        let (a, weights) = (a.to_slice().expect("a row"), weights.to_slice().expect("a row"));
        if full {
            fold_full(a, weights, &mut products, &mut totals);
        } else {
            fold_line(a, weights[0], &mut products);
            shared += S::of(weights[0]);
        }
    }
    let total = |place: usize| wide(if full { totals[place] } else { shared });
    products.iter().enumerate().map(|(place, &product)| [wide(product), total(place)]).collect()
}

#[inline(always)]
fn in_pairs<S: Sum>(mut lanes: [S; SHORT]) -> S {
    for half in [4, 2, 1] {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
    }
    lanes[0]
}

fn wide<S: Real>(value: S) -> f64 {
    value.into()
}

/// Defines a function that is compiled for AVX2 with FMA as well, and taken so where the processor has both.
macro_rules! with_simd {
    ($(fn $name:ident<T, S>($($argument:ident: $type:ty),*) $(-> $output:ty)? $body:block)*) => {$(
        fn $name<T: Real, S: Sum>($($argument: $type),*) $(-> $output)? {
            #[inline(always)]
            fn portable<T: Real, S: Sum>($($argument: $type),*) $(-> $output)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn simd<T: Real, S: Sum>($($argument: $type),*) $(-> $output)? {
                portable::<T, S>($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                // SAFETY: the processor has both.
                return unsafe { simd::<T, S>($($argument),*) };
            }
            portable::<T, S>($($argument),*)
        }
    )*};
}

with_simd! {
    fn product<T, S>(a: &[T], weights: &[T]) -> S {
        let mut sums = [S::of(0.0_f32); LANES];
        let (mut a, mut weights) = (a.chunks_exact(LANES), weights.chunks_exact(LANES));
        for (a, weights) in (&mut a).zip(&mut weights) {
            for lane in 0..LANES {
                sums[lane] += S::of(a[lane]) * S::of(weights[lane]);
            }
        }
        let rest = a.remainder().iter().zip(weights.remainder());
        let rest = rest.fold(S::of(0.0_f32), |sum, (&a, &weight)| sum + S::of(a) * S::of(weight));
        sums.into_iter().fold(rest, |sum, lane| sum + lane)
    }

    fn total<T, S>(weights: &[T]) -> S {
        let mut sums = [S::of(0.0_f32); LANES];
        let mut weights = weights.chunks_exact(LANES);
        for weights in &mut weights {
            for lane in 0..LANES {
                sums[lane] += S::of(weights[lane]);
            }
        }
        let rest = weights.remainder().iter().fold(S::of(0.0_f32), |sum, &weight| sum + S::of(weight));
        sums.into_iter().fold(rest, |sum, lane| sum + lane)
    }

    fn short_line<T, S>(a: &[T], weights: &[T], scale: S, out: &mut [T]) {
        let weights: [S; SHORT] = std::array::from_fn(|lane| S::of(weights[lane]) * scale);
        for (a, out) in a.chunks_exact(SHORT).zip(out) {
            let products: [S; SHORT] = std::array::from_fn(|lane| S::of(a[lane]) * weights[lane]);
            *out = T::from_f64(wide(in_pairs(products)));
        }
    }

    fn short_full<T, S>(a: &[T], weights: &[T], out: &mut [T]) {
        for ((a, weights), out) in a.chunks_exact(SHORT).zip(weights.chunks_exact(SHORT)).zip(out) {
            let weights: [S; SHORT] = std::array::from_fn(|lane| S::of(weights[lane]));
            let products: [S; SHORT] = std::array::from_fn(|lane| S::of(a[lane]) * weights[lane]);
            *out = T::from_f64(wide(in_pairs(products) / in_pairs(weights)));
        }
    }

    fn short_down_line<T, S>(a: &[T], weights: &[T]) -> [[f64; 2]; SHORT] {
        let mut products = [S::of(0.0_f32); SHORT];
        let mut total = S::of(0.0_f32);
        for (a, &weight) in a.chunks_exact(SHORT).zip(weights) {
            let weight = S::of(weight);
            total += weight;
            for lane in 0..SHORT {
                products[lane] += S::of(a[lane]) * weight;
            }
        }
        std::array::from_fn(|lane| [wide(products[lane]), wide(total)])
    }

    fn short_down_full<T, S>(a: &[T], weights: &[T]) -> [[f64; 2]; SHORT] {
        let mut products = [S::of(0.0_f32); SHORT];
        let mut totals = [S::of(0.0_f32); SHORT];
        for (a, weights) in a.chunks_exact(SHORT).zip(weights.chunks_exact(SHORT)) {
            for lane in 0..SHORT {
                let weight = S::of(weights[lane]);
                totals[lane] += weight;
                products[lane] += S::of(a[lane]) * weight;
            }
        }
        std::array::from_fn(|lane| [wide(products[lane]), wide(totals[lane])])
    }

    fn fold_full<T, S>(a: &[T], weights: &[T], products: &mut [S], totals: &mut [S]) {
        for (((product, total), &a), &weight) in products.iter_mut().zip(totals).zip(a).zip(weights) {
            *product += S::of(a) * S::of(weight);
            *total += S::of(weight);
        }
    }

    fn fold_line<T, S>(a: &[T], weight: T, products: &mut [S]) {
        let weight = S::of(weight);
        for (product, &a) in products.iter_mut().zip(a) {
            *product += S::of(a) * weight;
        }
    }
}
