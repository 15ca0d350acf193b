//! What `ndgpu.jax` has XLA call: interpolation as an operator and its transpose, sums and averages. Arguments are read
//! where XLA has them; results are computed in memory of ndgpu's and copied into XLA's, once.
//!
//! Nothing here needs the interpreter or its lock.

use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

use ndgpu::ndarray::{ArrayView, Axis, Dimension, IxDyn};
use ndgpu::{DeviceArray, ErrorKind, InterpTable, Method, Wanted};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::dtype::Float;
use crate::error::_in_python;
use crate::fork::ensure_threads;
use crate::handles::Device;
use crate::table::builder::with_out_of_range;
use crate::xla_ffi::{Call, Code, Failure, Frame, Handler, Lent, XlaElement, capsule, entry, speak};

type Outcome = Result<(), Failure>;

impl From<ndgpu::Error> for Failure {
    fn from(error: ndgpu::Error) -> Self {
        let message = _in_python(&error.to_string());
        match error.kind() {
            ErrorKind::ZeroWeights => Self::invalid(format!("Weights sum to zero, can't be normalized ({message})")),
            ErrorKind::OutOfMemory { .. } => Self { code: Code::ResourceExhausted, message },
            ErrorKind::DeviceLost | ErrorKind::Driver => Self { code: Code::Internal, message },
            _ => Self::invalid(message),
        }
    }
}

/// The devices that programs compute on. An attribute of a call is the place of its device here: compiled programs know
/// numbers only.
static DEVICES: Mutex<Vec<ndgpu::Device>> = Mutex::new(Vec::new());

/// The number by which calls name a device.
#[pyfunction]
pub fn _xla_device(device: &Device) -> usize {
    let mut devices = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = devices.iter().position(|known| *known == device.0);
    known.unwrap_or_else(|| {
        devices.push(device.0.clone());
        devices.len() - 1
    })
}

/// The handlers by name, as capsules to register with an XLA whose foreign function interface has this version.
#[pyfunction]
pub fn _xla_handlers(py: Python<'_>, version: (i32, i32)) -> PyResult<Bound<'_, PyDict>> {
    speak(version)?;
    let handlers = PyDict::new(py);
    let all: [(&str, extern "C" fn(*mut Frame) -> *mut c_void); 6] = [
        ("ndgpu_apply", entry::<Apply>),
        ("ndgpu_transpose_apply", entry::<TransposeApply>),
        ("ndgpu_interp_vjp", entry::<InterpVjp>),
        ("ndgpu_reduce", entry::<Reduce>),
        ("ndgpu_weighted_sum", entry::<WeightedSum>),
        ("ndgpu_average", entry::<Average>),
    ];
    for (name, handler) in all {
        handlers.set_item(name, capsule(py, handler)?)?;
    }
    Ok(handlers)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_xla_device, module)?)?;
    module.add_function(wrap_pyfunction!(_xla_handlers, module)?)
}

/// A handler as it is for either type of floats.
trait Generic {
    fn call<T: Float + XlaElement>(call: &Call<'_>, device: &ndgpu::Device) -> Outcome;
}

impl<G: Generic> Handler for G {
    fn call(call: &Call<'_>) -> Outcome {
        if ensure_threads().is_err() {
            return Err(Failure::invalid(
                "this process was forked from one that had opened a device, whose threads stayed there; start \
                 processes by \"spawn\" or \"forkserver\"",
            ));
        }
        let number = usize::try_from(call.integer("device")?).unwrap_or(usize::MAX);
        let device = DEVICES.lock().unwrap_or_else(PoisonError::into_inner).get(number).cloned();
        let device = device.ok_or_else(|| {
            Failure::invalid(format!(
                "device {number} is not known in this process: programs that use ndgpu cannot be taken to another one"
            ))
        })?;
        match () {
            () if call.is_of::<f32>() => G::call::<f32>(call, &device),
            () if call.is_of::<f64>() => G::call::<f64>(call, &device),
            () => Err(Failure::internal("neither float32 nor float64")),
        }
    }
}

/// A table's knots and rules, as attributes and the second argument say them.
struct Knots<T> {
    xp: (Lent<T>, Vec<usize>),
    rules: [Option<T>; 3],
    method: Method,
}

impl<T: Float + XlaElement> Knots<T> {
    fn of(call: &Call<'_>) -> Result<Self, Failure> {
        let number = |name| call.float(name).map(|number| number.map(T::nearest));
        Ok(Self {
            xp: call.argument(1)?,
            rules: [number("left")?, number("right")?, number("period")?],
            method: if call.integer("previous")? == 0 { Method::Linear } else { Method::Previous },
        })
    }

    /// With these values, of which there are as many rows as there are tables.
    fn table(&self, device: &ndgpu::Device, values: ArrayView<'_, T, IxDyn>) -> Result<InterpTable<T>, Failure> {
        let (xp, shape) = &self.xp;
        let xp = ArrayView::from_shape(one_row_flat(shape), xp.as_ref()).map_err(wrong_shape)?;
        let builder = InterpTable::builder(xp, values).method(self.method);
        let [left, right, period] = self.rules;
        Ok(with_out_of_range(builder, left, right, period).build(device)?)
    }

    /// For lookups of where queries are, with values that are never used.
    fn without_values(&self, device: &ndgpu::Device, tables: usize) -> Result<InterpTable<T>, Failure> {
        let knots = self.xp.1[1];
        let zeros = vec![T::nearest(0.0); tables * knots];
        let shape = one_row_flat(&[tables, knots]);
        self.table(device, ArrayView::from_shape(shape, &zeros).map_err(wrong_shape)?)
    }
}

fn wrong_shape(error: ndgpu::ndarray::ShapeError) -> Failure {
    Failure::internal(error.to_string())
}

/// `[n]` for `[1, n]`: knots that all tables share, queries that all rows share, a single table.
fn one_row_flat(shape: &[usize]) -> IxDyn {
    if shape[0] == 1 { IxDyn(&shape[1..]) } else { IxDyn(shape) }
}

/// `A v`: queries `[1 or rows, m]`, knots `[1 or rows, n]`, values `[rows, n]`; `[rows, m]`.
struct Apply;

impl Generic for Apply {
    fn call<T: Float + XlaElement>(call: &Call<'_>, device: &ndgpu::Device) -> Outcome {
        let (x, x_shape) = call.argument::<T>(0)?;
        let knots = Knots::<T>::of(call)?;
        let (values, shape) = call.argument::<T>(2)?;
        let x = device.upload_owned(x, one_row_flat(&x_shape))?;
        if shape[0] > 1 && x_shape[0] == 1 && knots.xp.1[0] == 1 {
            // One search for all rows.
            let at = knots.without_values(device, 1)?.locate(&x)?;
            return deliver(call, 0, at.apply(&device.upload_owned(values, IxDyn(&shape))?)?);
        }
        let view = ArrayView::from_shape(one_row_flat(&shape), values.as_ref()).map_err(wrong_shape)?;
        let table = knots.table(device, view)?;
        if shape[0] == 1 { deliver(call, 0, table.interp(&x)?) } else { deliver(call, 0, table.interp_rows(&x)?) }
    }
}

/// `A^T g`: queries `[1 or rows, m]`, knots `[1 or rows, n]`, cotangents `[rows, m]`; `[rows, n]`.
struct TransposeApply;

impl Generic for TransposeApply {
    fn call<T: Float + XlaElement>(call: &Call<'_>, device: &ndgpu::Device) -> Outcome {
        let (x, x_shape) = call.argument::<T>(0)?;
        let knots = Knots::<T>::of(call)?;
        let (g, shape) = call.argument::<T>(2)?;
        let x = device.upload_owned(x, one_row_flat(&x_shape))?;
        if x_shape[0] == 1 && knots.xp.1[0] == 1 {
            let g = device.upload_owned(g, one_row_flat(&shape))?;
            return deliver(call, 0, knots.without_values(device, 1)?.locate(&x)?.transpose_apply(&g)?);
        }
        let g = device.upload_owned(g, IxDyn(&shape))?;
        deliver(call, 0, knots.without_values(device, shape[0])?.locate_rows(&x)?.transpose_apply(&g)?)
    }
}

/// The cotangents of a single table's queries `[1, m]`, knots `[1, n]` and values `[1, n]`, those whose places are
/// wanted, from cotangents `[1, m]`.
struct InterpVjp;

impl Generic for InterpVjp {
    fn call<T: Float + XlaElement>(call: &Call<'_>, device: &ndgpu::Device) -> Outcome {
        let (x, shape) = call.argument::<T>(0)?;
        let knots = Knots::<T>::of(call)?;
        let (values, values_shape) = call.argument::<T>(2)?;
        let (g, g_shape) = call.argument::<T>(3)?;
        let places = call.integers("wanted")?;
        let mut wanted = Wanted::default();
        for &place in &places {
            wanted |= *[Wanted::X, Wanted::XP, Wanted::FP].get(place).ok_or_else(|| no_operand(place))?;
        }
        let view = ArrayView::from_shape(one_row_flat(&values_shape), values.as_ref()).map_err(wrong_shape)?;
        let table = knots.table(device, view)?;
        let x = device.upload_owned(x, one_row_flat(&shape))?;
        let g = device.upload_owned(g, one_row_flat(&g_shape))?;
        let mut found = table.interp_vjp(&x, &g, wanted)?;
        for (index, place) in places.into_iter().enumerate() {
            match place {
                0 => deliver(call, index, found.x.take().ok_or_else(|| no_operand(place))?)?,
                1 => deliver(call, index, found.xp.take().ok_or_else(|| no_operand(place))?)?,
                _ => deliver(call, index, found.fp.take().ok_or_else(|| no_operand(place))?)?,
            }
        }
        Ok(())
    }
}

fn no_operand(place: usize) -> Failure {
    Failure::internal(format!("a cotangent is wanted of operand {place}, once more or where there is none"))
}

fn axes(call: &Call<'_>) -> Result<Vec<Axis>, Failure> {
    Ok(call.integers("axes")?.into_iter().map(Axis).collect())
}

fn lent<T: Float + XlaElement>(
    call: &Call<'_>,
    index: usize,
    device: &ndgpu::Device,
) -> Result<DeviceArray<T, IxDyn>, Failure> {
    let (memory, shape) = call.argument::<T>(index)?;
    Ok(device.upload_owned(memory, IxDyn(&shape))?)
}

/// The sum or the mean of an array along axes.
struct Reduce;

impl Generic for Reduce {
    fn call<T: Float + XlaElement>(call: &Call<'_>, device: &ndgpu::Device) -> Outcome {
        let (a, axes) = (lent::<T>(call, 0, device)?, axes(call)?);
        deliver(call, 0, if call.integer("mean")? == 0 { a.sum_axes(&axes)? } else { a.mean_axes(&axes)? })
    }
}

/// The weighted sum of an array along axes.
struct WeightedSum;

impl Generic for WeightedSum {
    fn call<T: Float + XlaElement>(call: &Call<'_>, device: &ndgpu::Device) -> Outcome {
        let (a, weights) = (lent::<T>(call, 0, device)?, lent::<T>(call, 1, device)?);
        deliver(call, 0, a.weighted_sum_axes(&axes(call)?, &weights)?)
    }
}

/// The weighted average of an array along axes, and the sums of the weights.
struct Average;

impl Generic for Average {
    fn call<T: Float + XlaElement>(call: &Call<'_>, device: &ndgpu::Device) -> Outcome {
        let (a, weights) = (lent::<T>(call, 0, device)?, lent::<T>(call, 1, device)?);
        let (averages, sums) = a.average_axes_returned(&axes(call)?, &weights)?;
        deliver(call, 0, averages)?;
        deliver(call, 1, sums)
    }
}

/// Copies an array into a result of as many elements.
fn deliver<T: Float + XlaElement, D: Dimension>(call: &Call<'_>, index: usize, array: DeviceArray<T, D>) -> Outcome {
    let values = array.into_readback().wait()?;
    let view = values.view();
    let values = view.as_slice().ok_or_else(|| Failure::internal("a result that is not contiguous"))?;
    call.write(index, values)
}
