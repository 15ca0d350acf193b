//! Everything that can be asked of a device, by name: what the tests of limits, faults and load ask for, all of it,
//! each call from upload to arrival.

use ndarray::{Array1, Array2, ArrayView, Axis, Dimension, arr1};
use ndgpu::{
    Device, DeviceArray, Devices, Element, Error, ErrorKind, Float, InterpTable, Knots, Method, Order, Result, Side,
    Tangents, Wanted,
};

use super::compare::all_near;
use super::random::Random;

/// What the calls compute with.
pub struct Operands<T> {
    /// Rows to reduce and to look up.
    pub a: Array2<T>,
    /// For the columns of `a`.
    pub weights: Array1<T>,
    /// For each element of `a`.
    pub full: Array2<T>,
    /// The same, but the first row weighs nothing.
    pub in_part: Array2<T>,
    /// Sorted, without NaN.
    pub xp: Array1<T>,
    pub fp: Array1<T>,
    /// Tables, as many as `a` has rows.
    pub tables: Array2<T>,
}

impl<T: Float> Operands<T> {
    pub fn new(rows: usize, columns: usize, knots: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut number = |scale: f64| T::from(random.unit() * scale).unwrap();
        let a = Array2::from_shape_simple_fn((rows, columns), || number(100.0));
        let weights = Array1::from_shape_simple_fn(columns, || number(1.0) + T::one());
        let full = Array2::from_shape_simple_fn((rows, columns), || number(1.0) + T::one());
        let mut in_part = full.clone();
        in_part.row_mut(0).fill(T::zero());
        let mut xp: Vec<T> = (0..knots).map(|_| number(100.0)).collect();
        xp.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let fp = Array1::from_shape_simple_fn(knots, || number(10.0));
        let tables = Array2::from_shape_simple_fn((rows, knots), || number(10.0));
        Self { a, weights, full, in_part, xp: arr1(&xp), fp, tables }
    }
}

/// A call, from upload to arrival.
pub type Call<T> = fn(&Device, &Operands<T>) -> Result<Vec<f64>>;

fn landed<E: Element + Into<f64>, D: Dimension>(array: DeviceArray<E, D>) -> Result<Vec<f64>> {
    Ok(array.readback().wait()?.view().iter().map(|&value| value.into()).collect())
}

/// A view in which an axis runs the other way.
fn backwards<E, D: Dimension>(mut view: ArrayView<'_, E, D>, axis: usize) -> ArrayView<'_, E, D> {
    view.invert_axis(Axis(axis));
    view
}

/// Looks values up.
fn looked_up<T: Float + Into<f64>>(
    device: &Device,
    o: &Operands<T>,
    build: impl FnOnce(&Operands<T>, &Device) -> Result<InterpTable<T>>,
) -> Result<Vec<f64>> {
    landed(build(o, device)?.interp(&device.upload(&o.a)?)?)
}

/// Every operation of the crate.
pub fn calls<T: Float + Into<f64>>() -> Vec<(&'static str, Call<T>)> {
    vec![
        ("upload", |device, o| landed(device.upload(&o.a)?)),
        ("upload reversed", |device, o| landed(device.upload(&backwards(o.a.view(), 1))?)),
        ("into_readback", |device, o| {
            Ok(device.upload(&o.a)?.into_readback().wait()?.view().iter().map(|&value| value.into()).collect())
        }),
        ("awaited", |device, o| {
            let up = device.upload(&o.a)?;
            let (one, other) = (up.readback(), up.sum()?.readback());
            let (one, other) = futures::executor::block_on(futures::future::try_join(one, other))?;
            Ok(one.view().iter().copied().chain(other.view().iter().copied()).map(T::into).collect())
        }),
        ("overwrite", |device, o| {
            let mut up = device.upload(&o.full)?;
            up.overwrite(&o.a)?;
            landed(up)
        }),
        ("to_device", |device, o| landed(device.upload(&o.a)?.to_device(&Device::cpu())?.to_device(device)?)),
        ("reshape", |device, o| landed(device.upload(&o.a)?.reshape(o.a.len())?.insert_axis(Axis(0))?.into_dyn())),
        ("sum", |device, o| landed(device.upload(&o.a)?.sum()?)),
        ("mean_axis 0", |device, o| landed(device.upload(&o.a)?.mean_axis(Axis(0))?)),
        ("mean_axis 1", |device, o| landed(device.upload(&o.a)?.mean_axis(Axis(1))?)),
        ("var_axis", |device, o| landed(device.upload(&o.a)?.var_axis(Axis(0), T::one())?)),
        ("std", |device, o| landed(device.upload(&o.a)?.std(T::zero())?)),
        ("min_axis", |device, o| landed(device.upload(&o.a)?.min_axis(Axis(1))?)),
        ("max", |device, o| landed(device.upload(&o.a)?.max()?)),
        ("argmin_axis", |device, o| landed(device.upload(&o.a)?.argmin_axis(Axis(0))?)),
        ("argmax", |device, o| landed(device.upload(&o.a)?.argmax()?)),
        ("average_axis", |device, o| landed(device.upload(&o.a)?.average_axis(Axis(1), &device.upload(&o.weights)?)?)),
        ("average_axis, full weights", |device, o| {
            landed(device.upload(&o.a)?.average_axis(Axis(0), &device.upload(&o.full)?)?)
        }),
        ("average_axis_returned", |device, o| {
            let (average, sums) = device.upload(&o.a)?.average_axis_returned(Axis(1), &device.upload(&o.weights)?)?;
            Ok([landed(average)?, landed(sums)?].concat())
        }),
        ("average_axis_or", |device, o| {
            landed(device.upload(&o.a)?.average_axis_or(Axis(1), &device.upload(&o.in_part)?, T::one())?)
        }),
        ("weighted_sum", |device, o| landed(device.upload(&o.a)?.weighted_sum(&device.upload(&o.full)?)?)),
        ("sum_axes apart", |device, o| {
            // The first and the last of three axes: they have to be brought together.
            let shape = (o.a.nrows(), o.a.ncols(), 1);
            landed(device.upload(&o.a)?.reshape(shape)?.sum_axes(&[Axis(0), Axis(2)])?)
        }),
        ("standardize_axis 0", |device, o| landed(device.upload(&o.a)?.standardize_axis(Axis(0), T::zero())?)),
        ("standardize_axis 1", |device, o| landed(device.upload(&o.a)?.standardize_axis(Axis(1), T::zero())?)),
        ("skip_nan", |device, o| landed(device.upload(&o.a)?.skip_nan().mean_axis(Axis(1))?)),
        ("standardize_axes apart", |device, o| {
            let shape = (o.a.nrows(), o.a.ncols(), 1);
            landed(device.upload(&o.a)?.reshape(shape)?.standardize_axes(&[Axis(0), Axis(2)], T::zero())?)
        }),
        ("skip_nan, average_axis_returned", |device, o| {
            let (a, weights) = (device.upload(&o.a)?, device.upload(&o.weights)?);
            let (average, sums) = a.skip_nan().average_axis_returned(Axis(1), &weights)?;
            Ok([landed(average)?, landed(sums)?].concat())
        }),
        ("sum_axis_vjp", |device, o| landed(device.upload(&o.a)?.sum_axis_vjp(Axis(0), &device.upload(&o.weights)?)?)),
        ("var_axis_vjp", |device, o| {
            landed(device.upload(&o.a)?.var_axis_vjp(Axis(0), T::zero(), &device.upload(&o.weights)?)?)
        }),
        ("std_axis_vjp", |device, o| {
            landed(device.upload(&o.a)?.std_axis_vjp(Axis(1), T::zero(), &device.upload(&o.full.column(0))?)?)
        }),
        ("average_axis_vjp", |device, o| {
            let (weights, g) = (device.upload(&o.weights)?, device.upload(&o.full.column(0))?);
            let (of_array, of_weights) = device.upload(&o.a)?.average_axis_vjp(Axis(1), &weights, &g)?;
            Ok([landed(of_array)?, landed(of_weights)?].concat())
        }),
        ("average_axis_vjp, full weights", |device, o| {
            let (weights, g) = (device.upload(&o.full)?, device.upload(&o.weights)?);
            let (of_array, of_weights) = device.upload(&o.a)?.average_axis_vjp(Axis(0), &weights, &g)?;
            Ok([landed(of_array)?, landed(of_weights)?].concat())
        }),
        ("weighted_sum_axis_vjp", |device, o| {
            // The middle of three axes: its rows lie apart, and are neighbours.
            let (rows, columns) = o.a.dim();
            let a = device.upload(&o.a)?.reshape((1, rows, columns))?;
            let (weights, g) = (device.upload(&o.full.column(0))?, device.upload(&o.weights)?.reshape((1, columns))?);
            let (of_array, of_weights) = a.weighted_sum_axis_vjp(Axis(1), &weights, &g)?;
            Ok([landed(of_array)?, landed(of_weights)?].concat())
        }),
        ("standardize_axis_vjp", |device, o| {
            landed(device.upload(&o.a)?.standardize_axis_vjp(Axis(0), T::zero(), &device.upload(&o.full)?)?)
        }),
        ("mean_axes_vjp apart", |device, o| {
            let shape = (o.a.nrows(), o.a.ncols(), 1);
            let g = device.upload(&o.weights)?.into_dyn();
            landed(device.upload(&o.a)?.reshape(shape)?.mean_axes_vjp(&[Axis(0), Axis(2)], &g)?)
        }),
        ("interp", |device, o| looked_up(device, o, |o, device| InterpTable::new(device, &o.xp, &o.fp))),
        ("interp, period", |device, o| {
            looked_up(device, o, |o, device| {
                InterpTable::builder(&o.xp, &o.fp).period(T::from(37.5).unwrap()).build(device)
            })
        }),
        ("interp, sorted", |device, o| {
            looked_up(device, o, |o, device| {
                let reversed = backwards(o.xp.view(), 0);
                InterpTable::builder(&reversed, &o.fp).order(Order::Sort).extrapolate().build(device)
            })
        }),
        ("interp, nearest", |device, o| {
            looked_up(device, o, |o, device| {
                InterpTable::builder(&o.xp, &o.fp).method(Method::Nearest).left(T::zero()).build(device)
            })
        }),
        ("interp, from the device", |device, o| {
            looked_up(device, o, |o, device| InterpTable::from_device(&device.upload(&o.xp)?, &device.upload(&o.fp)?))
        }),
        ("interp, descending, from the device", |device, o| {
            looked_up(device, o, |o, device| {
                let (xp, fp) = (backwards(o.xp.view(), 0), backwards(o.fp.view(), 0));
                let (xp, fp) = (device.upload(&xp)?, device.upload(&fp)?);
                InterpTable::device_builder(&xp, &fp).order(Order::Descending).right(T::zero()).build()
            })
        }),
        ("interp, sorted on the device", |device, o| {
            looked_up(device, o, |o, device| {
                let (xp, fp) = (device.upload(&backwards(o.xp.view(), 0))?, device.upload(&o.fp)?);
                InterpTable::device_builder(&xp, &fp).order(Order::Sort).skip_missing().build()
            })
        }),
        ("interp, period, from the device", |device, o| {
            looked_up(device, o, |o, device| {
                let (xp, fp) = (device.upload(&o.xp)?, device.upload(&o.fp)?);
                InterpTable::device_builder(&xp, &fp).period(T::from(37.5).unwrap()).build()
            })
        }),
        ("located, forward and backward", |device, o| {
            let table = InterpTable::builder(&o.xp, &o.fp).extrapolate().build(device)?;
            let (x, fp) = (device.upload(&o.a)?, device.upload(&o.fp)?);
            let at = table.locate(&x)?;
            let applied = at.apply(&fp)?;
            let (indptr, _, data) = at.to_csr()?;
            let entries = indptr.readback().wait()?.view().iter().copied().max().unwrap_or_default();
            let transposed = landed(at.transpose_apply(&device.upload(&o.full)?)?)?;
            Ok([landed(applied)?, landed(data)?, transposed, vec![f64::from(entries)]].concat())
        }),
        ("located rows, fields and averages", |device, o| {
            let table = InterpTable::new(device, &o.xp, &o.tables)?;
            let (x, tables) = (device.upload(&o.a)?, device.upload(&o.tables)?);
            let at = table.locate_rows(&x)?;
            let weights = device.upload(&o.full)?;
            let averages = at.apply_average(&tables, Axis(1), &weights)?;
            let back = at.transpose_apply_average(Axis(1), &weights, &averages)?;
            let one = InterpTable::new(device, &o.xp, &o.fp)?.locate(&device.upload(&o.a.row(0))?)?;
            let slopes = landed(table.derivative_rows(&x)?)?;
            Ok([landed(averages)?, landed(back)?, landed(one.apply(&tables)?)?, slopes].concat())
        }),
        ("derivatives of interp", |device, o| {
            let table = InterpTable::builder(&o.xp, &o.fp).left(T::zero()).build(device)?;
            let (x, g) = (device.upload(&o.a)?, device.upload(&o.full)?);
            let (values, slopes) = table.interp_with_derivative(&x)?;
            let found = table.interp_vjp(&x, &g, Wanted::ALL)?;
            let fp = device.upload(&o.fp)?;
            let forward = table.interp_jvp(&x, Tangents { x: Some(&g), xp: Some(&fp), fp: Some(&fp) })?;
            let mut all = [landed(values)?, landed(slopes)?, landed(table.derivative(&x)?)?, landed(forward)?].concat();
            for part in [found.xp, found.fp].into_iter().flatten() {
                all.extend(landed(part)?);
            }
            for part in [found.left, found.right].into_iter().flatten() {
                all.extend(landed(part)?);
            }
            Ok(all)
        }),
        ("interp_rows", |device, o| {
            let table = InterpTable::new(device, &o.xp, &o.tables)?;
            landed(table.interp_rows(&device.upload(&o.a)?)?)
        }),
        ("with_values", |device, o| {
            let table = InterpTable::new(device, &o.xp, &o.fp)?.with_values(&device.upload(&o.tables)?)?;
            landed(table.interp_rows(&device.upload(&o.a.row(0))?)?)
        }),
        ("searchsorted", |device, o| {
            landed(Knots::new(device, &o.xp)?.searchsorted(&device.upload(&o.a)?, Side::Right)?)
        }),
        ("digitize", |device, o| {
            let decreasing = backwards(o.xp.view(), 0);
            landed(Knots::new(device, &decreasing)?.digitize(&device.upload(&o.a)?, true)?)
        }),
        ("plan", |device, o| {
            let table = InterpTable::new(device, &o.xp, &o.fp)?;
            let weights = device.upload(&o.weights)?;
            let first = device.upload(&o.full)?;
            let mut plan = device.capture(&first, |x| table.interp(x)?.average_axis(Axis(1), &weights))?;
            plan.write(&o.a)?;
            landed(plan.replay()?)
        }),
        ("plan, skip_nan", |device, o| {
            let table = InterpTable::new(device, &o.xp, &o.fp)?;
            let weights = device.upload(&o.weights)?;
            let first = device.upload(&o.full)?;
            let average =
                |x: &DeviceArray<T, _>| table.interp_rows(x)?.skip_nan().average_axis_or(Axis(1), &weights, T::one());
            let mut plan = device.capture(&first, average)?;
            plan.write(&o.a)?;
            landed(plan.replay()?)
        }),
        ("stream", |device, o| {
            let table = InterpTable::new(device, &o.xp, &o.fp)?;
            let rows = o.a.axis_chunks_iter(Axis(0), 2);
            let chunks = device.stream(rows, |x: &DeviceArray<T, _>| table.interp(x)?.sum_axis(Axis(1)));
            let mut all = Vec::new();
            for chunk in chunks {
                all.extend(chunk?.view().iter().map(|&value| value.into()));
            }
            Ok(all)
        }),
        ("map_rows", |device, o| {
            let devices = Devices::new([device.clone(), Device::cpu()])?;
            let tables = devices.each(|device| InterpTable::new(device, &o.xp, &o.fp))?;
            let all = devices.map_rows(&o.a, &tables, |rows, table| table.interp(rows))?;
            Ok(all.iter().map(|&value| value.into()).collect())
        }),
        ("synchronize", |device, o| {
            let sum = device.upload(&o.a)?.sum()?;
            device.synchronize()?;
            landed(sum)
        }),
    ]
}

/// Compares what a device gave with what the CPU engine did: as close as a few roundings, variances and scores
/// included.
pub fn assert_like(got: &[f64], want: &[f64], epsilon: f64, what: &str) {
    all_near(got, want, |want| 64.0 * epsilon * want.abs().max(1.0), what);
}

/// Whether memory was refused.
pub fn is_out_of_memory(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::OutOfMemory { .. })
}
