//! The fast path of `interp` for arguments that need no conversion: float64 arrays.
//!
//! The overhead of a call of `numpy.interp` is one or two microseconds, which an array, a table and a readback exceed,
//! to say nothing of the Python objects for them. Few queries are therefore answered from the NumPy arrays as they are.

use ndgpu::ndarray::IxDyn;
use ndgpu::{DeviceKind, InterpTable, Order};
use numpy::{PyArrayDyn, PyArrayMethods};
use pyo3::prelude::*;

use crate::axes::MAX_NDIM_OF_BINDINGS;
use crate::error::exception;
use crate::fork::ensure_threads;
use crate::handles::Device;
use crate::memory::{Borrowed, into_numpy};
use crate::search::{INTERLEAVED, bisect, bisect_chunk};
use crate::table::builder::with_out_of_range;

/// The result for arrays of float64; `None` for anything else, and for what NumPy refuses, which Python words.
#[pyfunction]
#[pyo3(name = "_interp")]
#[expect(clippy::too_many_arguments, reason = "they are those of numpy.interp")]
pub fn interp<'py>(
    py: Python<'py>,
    device: &Device,
    x: &Bound<'py, PyAny>,
    xp: &Bound<'py, PyAny>,
    fp: &Bound<'py, PyAny>,
    left: Option<f64>,
    right: Option<f64>,
    period: Option<f64>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let arrays = (Borrowed::<f64>::contiguous(x)?, Borrowed::<f64>::contiguous(xp)?, Borrowed::<f64>::contiguous(fp)?);
    let (Some(x), Some(xp), Some(fp)) = arrays else {
        return Ok(None);
    };
    let is_table = xp.shape() == fp.shape() && xp.shape().len() == 1 && !xp.as_ref().is_empty();
    if !is_table || period == Some(0.0) {
        return Ok(None);
    }
    ensure_threads()?;
    let device = &device.0;
    let has_many_axes = x.shape().len() > MAX_NDIM_OF_BINDINGS;
    let is_on_cpu = device.info().kind == DeviceKind::Cpu;
    if is_on_cpu && !has_many_axes && period.is_none() && searches_are_cheaper(x.as_ref().len(), xp.as_ref().len()) {
        let result = PyArrayDyn::<f64>::zeros(py, x.shape(), false);
        let mut writeable = result.try_readwrite()?;
        let y = writeable.as_slice_mut()?;
        py.detach(|| interp_few(x.as_ref(), xp.as_ref(), fp.as_ref(), left, right, y));
        drop(writeable);
        return Ok(Some(result.into_any()));
    }
    let shape = x.shape().to_vec();
    let device_shape = if has_many_axes { IxDyn(&[x.as_ref().len()]) } else { IxDyn(&shape) };
    let values = py.detach(|| {
        let has_few_queries = period.is_none() && x.as_ref().len().saturating_mul(KNOTS_PER_QUERY) <= xp.as_ref().len();
        let chosen = has_few_queries.then(|| neighbouring_knots(x.as_ref(), xp.as_ref(), fp.as_ref()));
        let (xp, fp) = chosen.as_ref().map_or((xp.as_ref(), fp.as_ref()), |(xp, fp)| (xp, fp));
        let builder = with_out_of_range(InterpTable::builder(xp, fp).order(Order::Assume), left, right, period);
        let x = device.upload_owned(x, device_shape)?;
        builder.build(device)?.interp(&x)?.into_readback().wait()
    });
    let array = into_numpy(py, values.map_err(exception)?)?.into_any();
    Ok(Some(if has_many_axes { array.call_method1("reshape", (shape,))? } else { array }))
}

/// Whether to search for each query in the knots as they are takes less than to prepare a table of them.
fn searches_are_cheaper(queries: usize, knots: usize) -> bool {
    // What an array, a table and a readback cost beside the passes over them, in knots that are prepared.
    const CALL: usize = 1024;
    // An interleaved step of a search takes an eighth of what preparing a knot does, an evaluation as much as four.
    let steps = knots.ilog2() as usize + 4;
    queries.saturating_mul(steps) <= 8 * (knots + CALL)
}

/// `numpy.interp` without a table: in the knots as they are, with NumPy's own arithmetic. Two knots at least.
fn interp_few(x: &[f64], xp: &[f64], fp: &[f64], left: Option<f64>, right: Option<f64>, y: &mut [f64]) {
    let last = xp.len() - 1;
    let (left, right) = (left.unwrap_or(fp[0]), right.unwrap_or(fp[last]));
    for (x, y) in x.chunks(INTERLEAVED).zip(y.chunks_mut(INTERLEAVED)) {
        // The last knot that is not above the query.
        let ends = bisect_chunk(xp, x, &|knot, query| query >= knot);
        for ((&x, y), end) in x.iter().zip(y).zip(ends) {
            *y = if x.is_nan() {
                x
            } else if x < xp[0] {
                left
            } else if x > xp[last] {
                right
            } else {
                on_segment(x, xp, fp, end.saturating_sub(1))
            };
        }
    }
}

fn on_segment(x: f64, xp: &[f64], fp: &[f64], index: usize) -> f64 {
    let (Some(&x1), Some(&y1)) = (xp.get(index + 1), fp.get(index + 1)) else { return fp[index] };
    let (x0, y0) = (xp[index], fp[index]);
    if x == x0 {
        return y0;
    }
    let slope = (y1 - y0) / (x1 - x0);
    let from_the_left = slope * (x - x0) + y0;
    if !from_the_left.is_nan() {
        return from_the_left;
    }
    let from_the_right = slope * (x - x1) + y1;
    if from_the_right.is_nan() && y0 == y1 { y0 } else { from_the_right }
}

/// From so many knots per query on, finding the neighbours of the queries is faster than preparing all knots.
const KNOTS_PER_QUERY: usize = 8;

/// The knots on both sides of each query, and the first and the last, with their values. Results for these queries are
/// the same, to the bit, as no other knot takes part in them.
fn neighbouring_knots(x: &[f64], xp: &[f64], fp: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let last = xp.len() - 1;
    let mut indices = Vec::with_capacity(2 * x.len() + 2);
    indices.extend([0, last]);
    // As NumPy: the last knot that is not above the query; none for NaN.
    let rights = bisect(xp, x, |knot, query| query >= knot);
    indices.extend(rights.into_iter().flat_map(|right| [right.saturating_sub(1), right.min(last)]));
    indices.sort_unstable();
    indices.dedup();
    indices.iter().map(|&index| (xp[index], fp[index])).unzip()
}
