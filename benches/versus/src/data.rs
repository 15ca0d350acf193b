//! The inputs of a workload, the same in every run, and what the results must be.
//!
//! Inputs go to `.npy` files in a folder, where every peer reads them: `xp`, `fp` and `x` of an interpolation, `a` and
//! `w` of an average. What is expected is computed here in plain f64, by bisection and by a compensated sum, with no
//! help from any of the peers.

use std::path::Path;

use ndarray::{Array, Array1, Array2, ArrayView1, Axis, Dimension};
use ndarray_npy::{ReadNpyExt, ReadableElement, WritableElement, WriteNpyExt};
use rayon::prelude::*;

use crate::outcome::{Outcome, told};
use crate::workload::{Spacing, Type, Workload};

/// The types of elements, with everything that any of the peers asks of them.
pub trait Real: ndgpu::Float + ReadableElement + WritableElement + Into<f64> + std::fmt::Debug {
    fn from_f64(value: f64) -> Self;
    /// The next larger number. Of positive numbers and zero only.
    fn next(self) -> Self;
}

impl Real for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    fn next(self) -> Self {
        self.next_up()
    }
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }

    fn next(self) -> Self {
        self.next_up()
    }
}

pub fn load<T: ReadableElement, D: Dimension>(folder: &Path, name: &str) -> Outcome<Array<T, D>> {
    let path = folder.join(format!("{name}.npy"));
    let file = std::fs::File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Array::read_npy(std::io::BufReader::with_capacity(1 << 20, file)).map_err(told)
}

fn store<T: WritableElement, D: Dimension>(folder: &Path, name: &str, array: &Array<T, D>) -> Outcome<()> {
    let file = std::fs::File::create(folder.join(format!("{name}.npy"))).map_err(told)?;
    array.write_npy(std::io::BufWriter::with_capacity(1 << 20, file)).map_err(told)
}

/// Writes the inputs of a workload and returns what is expected of everyone. Nothing of what only takes time.
pub fn make(workload: &Workload, folder: &Path) -> Outcome<Vec<f64>> {
    match workload.ty() {
        Type::F32 => make_of::<f32>(workload, folder),
        Type::F64 => make_of::<f64>(workload, folder),
    }
}

fn make_of<T: Real>(workload: &Workload, folder: &Path) -> Outcome<Vec<f64>> {
    match *workload {
        Workload::Interp { tables, knots, spacing, sorted, queries, .. } => {
            let (xp, fp, x) = interp_inputs::<T>(tables, knots, spacing, sorted, queries);
            let expected = tables_by_bisection(&xp, &fp, &x);
            if tables == 1 {
                let flat = |array: Array2<T>| Array1::from(array.into_raw_vec_and_offset().0);
                store(folder, "xp", &flat(xp))?;
                store(folder, "fp", &flat(fp))?;
                store(folder, "x", &flat(x))?;
            } else {
                store(folder, "xp", &xp)?;
                store(folder, "fp", &fp)?;
                store(folder, "x", &x)?;
            }
            Ok(expected)
        }
        Workload::Average { rows, columns, axis, full, .. } => {
            let a = random::<T>(rows * columns, 11, 0.0, 1.0).into_shape_with_order((rows, columns)).map_err(told)?;
            let expected;
            if full {
                let w = random::<T>(rows * columns, 12, 0.1, 1.1);
                let w = w.into_shape_with_order((rows, columns)).map_err(told)?;
                expected = averages(&a, |row, column| w[[row, column]].into(), axis);
                store(folder, "w", &w)?;
            } else {
                let w = random::<T>(if axis == 1 { columns } else { rows }, 12, 0.1, 1.1);
                expected = averages(&a, |row, column| w[if axis == 1 { column } else { row }].into(), axis);
                store(folder, "w", &w)?;
            }
            store(folder, "a", &a)?;
            Ok(expected)
        }
        Workload::Overhead { .. } => Ok(Vec::new()),
    }
}

pub fn interp_inputs<T: Real>(
    tables: usize,
    knots: usize,
    spacing: Spacing,
    sorted: bool,
    queries: usize,
) -> (Array2<T>, Array2<T>, Array2<T>) {
    let mut xp = Vec::with_capacity(tables * knots);
    for table in 0..tables {
        xp.extend(axis::<T>(knots, spacing, 1_000 + table as u64));
    }
    let fp = Array2::from_shape_fn((tables, knots), |(table, knot)| {
        T::from_f64((0.01 * knot as f64 + 0.1 * table as f64).sin())
    });
    let xp = Array2::from_shape_vec((tables, knots), xp).expect("as many knots as tables take");
    let (first, last) = (xp[[0, 0]].into(), xp[[0, knots - 1]].into());
    let mut x: Vec<T> = match spacing {
        // Inside the knots: what happens outside differs among the peers.
        Spacing::Logarithmic => {
            let logs = random::<f64>(tables * queries, 2, f64::ln(first), f64::ln(last));
            logs.iter().map(|log| T::from_f64(log.exp().clamp(first, last))).collect()
        }
        _ if tables == 1 => {
            let x = random::<T>(queries, 2, first, last).into_raw_vec_and_offset().0;
            x.into_iter().map(|x: T| T::from_f64(x.into().clamp(first, last))).collect()
        }
        // Each row inside its own table.
        _ => (0..tables)
            .flat_map(|table| {
                let (first, last): (f64, f64) = (xp[[table, 0]].into(), xp[[table, knots - 1]].into());
                let x = random::<T>(queries, 5_000 + table as u64, first, last).into_raw_vec_and_offset().0;
                x.into_iter().map(move |x: T| T::from_f64(x.into().clamp(first, last)))
            })
            .collect(),
    };
    if sorted {
        x.par_sort_unstable_by(|a, b| a.partial_cmp(b).expect("no NaN among the queries"));
    }
    (xp, fp, Array2::from_shape_vec((tables, queries), x).expect("as many queries as tables take"))
}

/// Strictly rising: several peers refuse equal knots, and it is speed that is compared.
fn axis<T: Real>(knots: usize, spacing: Spacing, seed: u64) -> Vec<T> {
    let last = (knots - 1) as f64;
    let mut axis: Vec<T> = match spacing {
        Spacing::Even => (0..knots).map(|knot| T::from_f64(knot as f64 / last)).collect(),
        Spacing::Random => random::<T>(knots, seed, 0.0, 1.0).into_raw_vec_and_offset().0,
        Spacing::Logarithmic => {
            (0..knots).map(|knot| T::from_f64(10_f64.powf(6.0 * (knot as f64 / last - 1.0)))).collect()
        }
    };
    axis.par_sort_unstable_by(|a, b| a.partial_cmp(b).expect("no NaN among the knots"));
    for knot in 1..knots {
        if axis[knot] <= axis[knot - 1] {
            axis[knot] = axis[knot - 1].next();
        }
    }
    axis
}

/// Numbers that are the same in every run and on any number of threads (SplitMix64, place by place).
pub fn random<T: Real>(count: usize, seed: u64, from: f64, to: f64) -> Array1<T> {
    let start = seed.wrapping_mul(0xd134_2543_de82_ef95);
    let number = |place: usize| {
        let mut mixed = start.wrapping_add((place as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let unit = ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
        T::from_f64(from + (to - from) * unit)
    };
    (0..count).into_par_iter().map(number).collect::<Vec<_>>().into()
}

pub fn tables_by_bisection<T: Real>(xp: &Array2<T>, fp: &Array2<T>, x: &Array2<T>) -> Vec<f64> {
    let columns = x.ncols();
    let all = x.as_slice().expect("made contiguous");
    let value = |(place, &x): (usize, &T)| by_bisection(xp.row(place / columns), fp.row(place / columns), x);
    all.par_iter().enumerate().map(value).collect()
}

fn by_bisection<T: Real>(xp: ArrayView1<'_, T>, fp: ArrayView1<'_, T>, x: T) -> f64 {
    let after = xp.as_slice().expect("a row").partition_point(|&knot| knot <= x);
    if after == 0 || after == xp.len() {
        return fp[after.saturating_sub(1)].into();
    }
    let (x0, x1): (f64, f64) = (xp[after - 1].into(), xp[after].into());
    let (y0, y1): (f64, f64) = (fp[after - 1].into(), fp[after].into());
    let x: f64 = x.into();
    (y1 - y0) / (x1 - x0) * (x - x0) + y0
}

/// Averages of all lines along `axis`, with sums that lose nothing.
pub fn averages<T: Real>(a: &Array2<T>, weight: impl Fn(usize, usize) -> f64 + Sync, axis: usize) -> Vec<f64> {
    let lines = a.len_of(Axis(1 - axis));
    let places = a.len_of(Axis(axis));
    // Blocks of lines, so that going down axis 0 still reads along rows.
    let block = if axis == 1 { 1 } else { 64.min(lines) };
    let starts: Vec<usize> = (0..lines).step_by(block).collect();
    let of_block = |&start: &usize| {
        let count = block.min(lines - start);
        let mut sums = vec![[0.0_f64; 4]; count];
        for place in 0..places {
            for (line, sums) in sums.iter_mut().enumerate() {
                let (row, column) = if axis == 1 { (start + line, place) } else { (place, start + line) };
                let (value, weight): (f64, f64) = (a[[row, column]].into(), weight(row, column));
                let [product, product_low, total, total_low] = sums;
                add(product, product_low, value * weight);
                add(total, total_low, weight);
            }
        }
        sums.into_iter().map(|[product, low, total, total_low]| (product + low) / (total + total_low)).collect()
    };
    starts.par_iter().map(of_block).collect::<Vec<Vec<f64>>>().concat()
}

/// Neumaier's sum: what rounding takes from `sum` goes to `low`.
fn add(sum: &mut f64, low: &mut f64, value: f64) {
    let next = *sum + value;
    *low += if sum.abs() >= value.abs() { (*sum - next) + value } else { (value - next) + *sum };
    *sum = next;
}
