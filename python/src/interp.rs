//! The fast path of `interp` for arguments that need no conversion: float64 arrays.
//!
//! The overhead of a call of `numpy.interp` is two or three microseconds. Python objects for the table, the queries and
//! the result would cost ten times that.

use ndgpu::ndarray::IxDyn;
use ndgpu::{InterpTable, Order};
use pyo3::prelude::*;

use crate::axes::MAX_NDIM_OF_BINDINGS;
use crate::error::exception;
use crate::fork::ensure_threads;
use crate::handles::Device;
use crate::memory::{Borrowed, into_numpy};
use crate::search::bisect;
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
    let shape = x.shape().to_vec();
    let has_many_axes = shape.len() > MAX_NDIM_OF_BINDINGS;
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
