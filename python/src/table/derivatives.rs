//! Derivatives of `InterpTable` in Python: slopes, and products with the Jacobian in either direction.

use ndgpu::ndarray::{Dimension, Ix1, IxDyn};
use ndgpu::{DeviceArray, InterpTable, Tangents, Wanted};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::dtype::Float;
use crate::error::exception;
use crate::handles::DeviceArray as Handle;
use crate::operand::operand;

/// The names of what an interpolation is computed from, as `wanted` has them.
const PARTS: [(&str, Wanted); 5] =
    [("x", Wanted::X), ("xp", Wanted::XP), ("fp", Wanted::FP), ("left", Wanted::LEFT), ("right", Wanted::RIGHT)];

pub fn parse_wanted(names: &Bound<'_, PyAny>) -> PyResult<Wanted> {
    let mut wanted = Wanted::default();
    for name in names.try_iter()? {
        let name = name?;
        let part = PARTS.iter().find(|(part, _)| name.eq(part).unwrap_or(false)).ok_or_else(|| {
            PyValueError::new_err(format!(
                "wanted names \"x\", \"xp\", \"fp\", \"left\" and \"right\", but it has {}",
                name.repr().map_or_else(|_| "something else".into(), |repr| repr.to_string())
            ))
        })?;
        wanted |= part.1;
    }
    Ok(wanted)
}

/// The wanted cotangents under their names.
pub fn interp_vjp<'py, T: Float>(
    py: Python<'py>,
    table: &InterpTable<T>,
    x: &Bound<'py, PyAny>,
    g: &Bound<'py, PyAny>,
    wanted: Wanted,
) -> PyResult<Bound<'py, PyDict>> {
    let x = operand(py, "x", x, table.device())?;
    let g = operand(py, "g", g, table.device())?;
    let found = py.detach(|| table.interp_vjp(&x, &g, wanted)).map_err(exception)?;
    let cotangents = PyDict::new(py);
    set(&cotangents, "x", found.x)?;
    set(&cotangents, "xp", found.xp)?;
    set(&cotangents, "fp", found.fp)?;
    set(&cotangents, "left", found.left)?;
    set(&cotangents, "right", found.right)?;
    Ok(cotangents)
}

fn set<T: Float, D: Dimension>(
    into: &Bound<'_, PyDict>,
    name: &str,
    cotangent: Option<DeviceArray<T, D>>,
) -> PyResult<()> {
    cotangent.map_or(Ok(()), |cotangent| into.set_item(name, Handle::new(cotangent)))
}

/// The change of the results in the direction of tangents of queries, knots and values.
pub fn interp_jvp<T: Float>(
    py: Python<'_>,
    table: &InterpTable<T>,
    x: &Bound<'_, PyAny>,
    [dx, dxp, dfp]: [Option<&Bound<'_, PyAny>>; 3],
) -> PyResult<Handle> {
    let device = table.device();
    let given = |name, tangent: Option<&Bound<'_, PyAny>>| {
        tangent.map(|tangent| operand::<T>(py, name, tangent, device)).transpose()
    };
    let x = operand::<T>(py, "x", x, device)?;
    let dx = given("dx", dx)?;
    let of_knots = |name, tangent| given(name, tangent)?.map(|tangent| as_vector(name, tangent)).transpose();
    let (dxp, dfp) = (of_knots("dxp", dxp)?, of_knots("dfp", dfp)?);
    let tangents = Tangents { x: dx.as_ref(), xp: dxp.as_ref(), fp: dfp.as_ref() };
    Handle::computed(py, || table.interp_jvp(&x, tangents))
}

fn as_vector<T: Float>(name: &str, array: DeviceArray<T, IxDyn>) -> PyResult<DeviceArray<T, Ix1>> {
    let &[len] = array.shape() else {
        return Err(PyValueError::new_err(format!(
            "{name} has shape {:?}, but knots and values have one axis; give a number for each",
            array.shape()
        )));
    };
    array.reshape(Ix1(len)).map_err(exception)
}
