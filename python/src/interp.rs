//! The short way for calls of `interp` that need no conversion: float64 arrays as they lie in memory.
//!
//! `numpy.interp` takes two or three microseconds of a call for itself; ten times that would be the price of a table,
//! an array and a result that are objects of Python's each.

use ndgpu::ndarray::IxDyn;
use ndgpu::{InterpTable, Order};
use pyo3::prelude::*;

use crate::axes::MOST_OF_THE_BINDINGS;
use crate::device::Device;
use crate::error::exception;
use crate::fork::expect_threads;
use crate::memory::{Lent, into_numpy};
use crate::search::bisect;
use crate::table::outside;

/// The result for arrays of float64, `None` for anything else; what NumPy refuses is left to those who word it.
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
    let lent = (Lent::<f64>::in_order(x)?, Lent::<f64>::in_order(xp)?, Lent::<f64>::in_order(fp)?);
    let (Some(x), Some(xp), Some(fp)) = lent else {
        return Ok(None);
    };
    let is_table = xp.shape() == fp.shape() && xp.shape().len() == 1 && !xp.as_ref().is_empty();
    if !is_table || period == Some(0.0) {
        return Ok(None);
    }
    expect_threads()?;
    let device = &device.0;
    let shape = x.shape().to_vec();
    let has_many_axes = shape.len() > MOST_OF_THE_BINDINGS;
    let shape_there = if has_many_axes { IxDyn(&[x.as_ref().len()]) } else { IxDyn(&shape) };
    let landed = py.detach(|| {
        let few = period.is_none() && x.as_ref().len().saturating_mul(KNOTS_TO_A_QUERY) <= xp.as_ref().len();
        let chosen = few.then(|| beside(x.as_ref(), xp.as_ref(), fp.as_ref()));
        let (xp, fp) = chosen.as_ref().map_or((xp.as_ref(), fp.as_ref()), |(xp, fp)| (xp, fp));
        let builder = outside(InterpTable::builder(xp, fp).order(Order::Assume), left, right, period);
        let x = device.upload_owned(x, shape_there)?;
        builder.build(device)?.interp(&x)?.into_readback().wait()
    });
    let array = into_numpy(py, landed.map_err(exception)?)?.into_any();
    Ok(Some(if has_many_axes { array.call_method1("reshape", (shape,))? } else { array }))
}

/// With so many knots to a query, finding those beside the queries takes less time than preparing all of them.
const KNOTS_TO_A_QUERY: usize = 8;

/// The knots on both sides of each query, and the two at the ends, with their values: a table that gives the same
/// answers to these queries, to the bit, for a query sees no other knots.
fn beside(x: &[f64], xp: &[f64], fp: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let last = xp.len() - 1;
    let mut places = Vec::with_capacity(2 * x.len() + 2);
    places.extend([0, last]);
    // NumPy's search: the last knot that the query is not below. NaN is at none.
    let rights = bisect(xp, x, |knot, query| query >= knot);
    places.extend(rights.into_iter().flat_map(|right| [right.saturating_sub(1), right.min(last)]));
    places.sort_unstable();
    places.dedup();
    places.iter().map(|&place| (xp[place], fp[place])).unzip()
}
