//! Every operation that makes arrays of a device from others there, with its operands: what tests go through that hold
//! for all of them. `tests/plan/coverage.rs` holds the list against the crate's source, so that nothing is left out.

use ndarray::{ArrayD, Axis, Dimension, IxDyn};
use ndgpu::{AnyArray, Device, DeviceArray, Element, Float, InterpTable, Knots, Order, Result, Side, Tangents, Wanted};

use super::ways::Operand;

/// Computes on operands, as many as the operation has.
pub type Run<T> = fn(&Device, &[&Operand<T>]) -> Result<Vec<AnyArray>>;

/// An operation.
pub struct Flow<T: Float> {
    /// Which methods it goes through, as `Type::method`.
    pub methods: &'static str,
    pub operands: &'static [Kind],
    pub run: Run<T>,
}

/// What an operand is like. None of them is wrong in itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 2 x 3.
    Matrix,
    /// Weights for each element of a matrix.
    Full,
    /// Weights for its columns.
    Along,
    /// 2 x 3 x 2.
    Cube,
    /// Weights for its first and its last axis.
    Apart,
    /// Weights for each element of it.
    FullCube,
    /// Cotangents of what is left of a matrix, or a cube, without its last axis or axes.
    Rows,
    /// Of a single result.
    Single,
    /// Four of them, in order.
    Knots,
    /// A value for each.
    Heights,
    /// Two such tables.
    Tables,
}

impl Kind {
    pub fn host<T: Float>(self) -> ArrayD<T> {
        let shape: &[usize] = match self {
            Self::Matrix | Self::Full => &[2, 3],
            Self::Along => &[3],
            Self::Cube | Self::FullCube => &[2, 3, 2],
            Self::Apart => &[2, 2],
            Self::Rows => &[2],
            Self::Single => &[],
            Self::Knots | Self::Heights => &[4],
            Self::Tables => &[2, 4],
        };
        let numbers = (1..).map(|number| T::from(number).unwrap());
        ArrayD::from_shape_vec(IxDyn(shape), numbers.take(shape.iter().product()).collect()).unwrap()
    }
}

fn any<E: Element, D: Dimension>(array: DeviceArray<E, D>) -> AnyArray
where
    AnyArray: From<DeviceArray<E, IxDyn>>,
{
    array.into_dyn().into()
}

fn one<E: Element, D: Dimension>(result: Result<DeviceArray<E, D>>) -> Result<Vec<AnyArray>>
where
    AnyArray: From<DeviceArray<E, IxDyn>>,
{
    Ok(vec![any(result?)])
}

fn two<E: Element, D: Dimension>(result: Result<(DeviceArray<E, D>, DeviceArray<E, D>)>) -> Result<Vec<AnyArray>>
where
    AnyArray: From<DeviceArray<E, IxDyn>>,
{
    result.map(|(one, other)| vec![any(one), any(other)])
}

// Apart from `one`: where `T` is known to become an `AnyArray`, nothing else is.
fn indices<D: Dimension>(result: Result<DeviceArray<u32, D>>) -> Result<Vec<AnyArray>> {
    Ok(vec![result?.into()])
}

/// A table of the host's.
fn table<T: Float>(device: &Device) -> Result<InterpTable<T>> {
    InterpTable::new(device, &Kind::Knots.host::<T>(), &Kind::Heights.host::<T>())
}

fn knots<T: Float>(device: &Device) -> Result<Knots<T>> {
    Knots::new(device, &Kind::Knots.host::<T>())
}

macro_rules! flows {
    ($device:ident: $($methods:literal [$($operand:ident: $kind:ident),*] $result:expr;)*) => {
        vec![$(Flow {
            methods: $methods,
            operands: &[$(Kind::$kind),*],
            run: |$device, operands| {
                let [$($operand),*] = operands else { unreachable!("as many operands as it has") };
                let _ = $device;
                $result
            },
        }),*]
    };
}

const FIRST: Axis = Axis(0);
const SECOND: Axis = Axis(1);
const ENDS: [Axis; 2] = [Axis(0), Axis(2)];
const NEIGHBOURS: [Axis; 2] = [Axis(1), Axis(2)];

/// Every operation, and those with several ways through several times.
pub fn flows<T: Float>() -> Vec<Flow<T>>
where
    AnyArray: From<Operand<T>>,
{
    flows! { device:
        // Other handles to the same values.
        "DeviceArray::clone" [a: Matrix] one(Ok(DeviceArray::clone(a)));
        "DeviceArray::reshape" [a: Matrix] one(a.reshape((3, 2)));
        "DeviceArray::into_dyn" [a: Matrix] one(Ok(DeviceArray::clone(a).into_dyn()));
        "DeviceArray::insert_axis" [a: Matrix] one(DeviceArray::clone(a).insert_axis(FIRST));
        "DeviceArray::to_device" [a: Matrix] one(a.to_device(device));
        // Over everything.
        "DeviceArray::average" [a: Matrix, w: Full] one(a.average(w));
        "DeviceArray::average_returned" [a: Matrix, w: Full] two(a.average_returned(w));
        "DeviceArray::weighted_sum" [a: Matrix, w: Full] one(a.weighted_sum(w));
        "DeviceArray::sum" [a: Matrix] one(a.sum());
        "DeviceArray::mean" [a: Matrix] one(a.mean());
        "DeviceArray::var" [a: Matrix] one(a.var(T::one()));
        "DeviceArray::std" [a: Matrix] one(a.std(T::one()));
        "DeviceArray::min" [a: Matrix] one(a.min());
        "DeviceArray::max" [a: Matrix] one(a.max());
        "DeviceArray::argmin" [a: Matrix] indices(a.argmin());
        "DeviceArray::argmax" [a: Matrix] indices(a.argmax());
        // Over several axes, neighbours and others.
        "DeviceArray::average_axes" [a: Cube, w: Apart] one(a.average_axes(&ENDS, w));
        "DeviceArray::average_axes" [a: Cube, w: FullCube] one(a.average_axes(&NEIGHBOURS, w));
        "DeviceArray::average_axes_returned" [a: Cube, w: FullCube] two(a.average_axes_returned(&ENDS, w));
        "DeviceArray::weighted_sum_axes" [a: Cube, w: Apart] one(a.weighted_sum_axes(&ENDS, w));
        "DeviceArray::sum_axes" [a: Cube] one(a.sum_axes(&ENDS));
        "DeviceArray::sum_axes" [a: Cube] one(a.sum_axes(&NEIGHBOURS));
        "DeviceArray::mean_axes" [a: Cube] one(a.mean_axes(&ENDS));
        "DeviceArray::var_axes" [a: Cube] one(a.var_axes(&ENDS, T::one()));
        "DeviceArray::std_axes" [a: Cube] one(a.std_axes(&NEIGHBOURS, T::one()));
        "DeviceArray::min_axes" [a: Cube] one(a.min_axes(&ENDS));
        "DeviceArray::max_axes" [a: Cube] one(a.max_axes(&NEIGHBOURS));
        // Along an axis.
        "DeviceArray::average_axis" [a: Matrix, w: Along] one(a.average_axis(SECOND, w));
        "DeviceArray::average_axis" [a: Matrix, w: Full] one(a.average_axis(FIRST, w));
        "DeviceArray::average_axis_returned" [a: Matrix, w: Along] two(a.average_axis_returned(SECOND, w));
        "DeviceArray::weighted_sum_axis" [a: Matrix, w: Along] one(a.weighted_sum_axis(SECOND, w));
        "DeviceArray::sum_axis" [a: Matrix] one(a.sum_axis(FIRST));
        "DeviceArray::mean_axis" [a: Matrix] one(a.mean_axis(SECOND));
        "DeviceArray::var_axis" [a: Matrix] one(a.var_axis(FIRST, T::one()));
        "DeviceArray::std_axis" [a: Matrix] one(a.std_axis(SECOND, T::one()));
        "DeviceArray::min_axis" [a: Matrix] one(a.min_axis(SECOND));
        "DeviceArray::max_axis" [a: Matrix] one(a.max_axis(FIRST));
        "DeviceArray::argmin_axis" [a: Matrix] indices(a.argmin_axis(FIRST));
        "DeviceArray::argmax_axis" [a: Matrix] indices(a.argmax_axis(SECOND));
        "DeviceArray::standardize_axis" [a: Matrix] one(a.standardize_axis(FIRST, T::zero()));
        "DeviceArray::standardize_axis" [a: Matrix] one(a.standardize_axis(SECOND, T::zero()));
        // Backward passes.
        "DeviceArray::sum_vjp" [a: Matrix, g: Single] one(a.sum_vjp(&g.reshape(())?));
        "DeviceArray::mean_vjp" [a: Matrix, g: Single] one(a.mean_vjp(&g.reshape(())?));
        "DeviceArray::var_vjp" [a: Matrix, g: Single] one(a.var_vjp(T::one(), &g.reshape(())?));
        "DeviceArray::std_vjp" [a: Matrix, g: Single] one(a.std_vjp(T::one(), &g.reshape(())?));
        "DeviceArray::average_vjp" [a: Matrix, w: Full, g: Single] two(a.average_vjp(w, &g.reshape(())?));
        "DeviceArray::weighted_sum_vjp" [a: Matrix, w: Full, g: Single] two(a.weighted_sum_vjp(w, &g.reshape(())?));
        "DeviceArray::sum_axes_vjp" [a: Cube, g: Along] one(a.sum_axes_vjp(&ENDS, g));
        "DeviceArray::mean_axes_vjp" [a: Cube, g: Rows] one(a.mean_axes_vjp(&NEIGHBOURS, g));
        "DeviceArray::var_axes_vjp" [a: Cube, g: Along] one(a.var_axes_vjp(&ENDS, T::one(), g));
        "DeviceArray::std_axes_vjp" [a: Cube, g: Along] one(a.std_axes_vjp(&ENDS, T::one(), g));
        "DeviceArray::average_axes_vjp" [a: Cube, w: Apart, g: Along] two(a.average_axes_vjp(&ENDS, w, g));
        "DeviceArray::average_axes_vjp" [a: Cube, w: FullCube, g: Along] two(a.average_axes_vjp(&ENDS, w, g));
        "DeviceArray::weighted_sum_axes_vjp" [a: Cube, w: Apart, g: Along] two(a.weighted_sum_axes_vjp(&ENDS, w, g));
        "DeviceArray::standardize_axes_vjp" [a: Cube, g: FullCube] one(a.standardize_axes_vjp(&ENDS, T::zero(), g));
        "DeviceArray::sum_axis_vjp" [a: Matrix, g: Along] one(a.sum_axis_vjp(FIRST, g));
        "DeviceArray::mean_axis_vjp" [a: Matrix, g: Rows] one(a.mean_axis_vjp(SECOND, g));
        "DeviceArray::var_axis_vjp" [a: Matrix, g: Along] one(a.var_axis_vjp(FIRST, T::one(), g));
        "DeviceArray::std_axis_vjp" [a: Matrix, g: Rows] one(a.std_axis_vjp(SECOND, T::one(), g));
        "DeviceArray::average_axis_vjp" [a: Matrix, w: Along, g: Rows] two(a.average_axis_vjp(SECOND, w, g));
        "DeviceArray::average_axis_vjp" [a: Matrix, w: Full, g: Along] two(a.average_axis_vjp(FIRST, w, g));
        "DeviceArray::weighted_sum_axis_vjp" [a: Matrix, w: Along, g: Rows] two(a.weighted_sum_axis_vjp(SECOND, w, g));
        "DeviceArray::weighted_sum_axis_vjp" [a: Matrix, w: Full, g: Along] two(a.weighted_sum_axis_vjp(FIRST, w, g));
        "DeviceArray::standardize_axis_vjp" [a: Matrix, g: Full] one(a.standardize_axis_vjp(SECOND, T::zero(), g));
        // Without NaN.
        "SkipNan::sum" [a: Matrix] one(a.skip_nan().sum());
        "SkipNan::mean" [a: Matrix] one(a.skip_nan().mean());
        "SkipNan::average" [a: Matrix, w: Full] one(a.skip_nan().average(w));
        "SkipNan::var" [a: Matrix] one(a.skip_nan().var(T::one()));
        "SkipNan::std" [a: Matrix] one(a.skip_nan().std(T::one()));
        "SkipNan::min" [a: Matrix] one(a.skip_nan().min());
        "SkipNan::max" [a: Matrix] one(a.skip_nan().max());
        "SkipNan::sum_axis" [a: Matrix] one(a.skip_nan().sum_axis(SECOND));
        "SkipNan::mean_axis" [a: Matrix] one(a.skip_nan().mean_axis(FIRST));
        "SkipNan::average_axis" [a: Matrix, w: Along] one(a.skip_nan().average_axis(SECOND, w));
        "SkipNan::weighted_sum_axis" [a: Matrix, w: Full] one(a.skip_nan().weighted_sum_axis(FIRST, w));
        "SkipNan::var_axis" [a: Matrix] one(a.skip_nan().var_axis(SECOND, T::one()));
        "SkipNan::std_axis" [a: Matrix] one(a.skip_nan().std_axis(FIRST, T::one()));
        "SkipNan::min_axis" [a: Matrix] one(a.skip_nan().min_axis(FIRST));
        "SkipNan::max_axis" [a: Matrix] one(a.skip_nan().max_axis(SECOND));
        // Tables and searches.
        "DeviceArray::average_or" [a: Matrix, w: Full] one(a.average_or(w, T::zero()));
        "DeviceArray::average_returned_or" [a: Matrix, w: Full] two(a.average_returned_or(w, T::zero()));
        "DeviceArray::average_axes_or" [a: Cube, w: Apart] one(a.average_axes_or(&ENDS, w, T::zero()));
        "DeviceArray::average_axes_returned_or" [a: Cube, w: FullCube]
            two(a.average_axes_returned_or(&ENDS, w, T::zero()));
        "DeviceArray::average_axis_or" [a: Matrix, w: Along] one(a.average_axis_or(SECOND, w, T::zero()));
        "DeviceArray::average_axis_returned_or" [a: Matrix, w: Full]
            two(a.average_axis_returned_or(FIRST, w, T::zero()));
        "DeviceArray::standardize_axes" [a: Cube] one(a.standardize_axes(&ENDS, T::zero()));
        "SkipNan::average_returned" [a: Matrix, w: Full] two(a.skip_nan().average_returned(w));
        "SkipNan::average_or" [a: Matrix, w: Full] one(a.skip_nan().average_or(w, T::zero()));
        "SkipNan::average_returned_or" [a: Matrix, w: Full] two(a.skip_nan().average_returned_or(w, T::zero()));
        "SkipNan::weighted_sum" [a: Matrix, w: Full] one(a.skip_nan().weighted_sum(w));
        "SkipNan::sum_axes" [a: Cube] one(a.skip_nan().sum_axes(&ENDS));
        "SkipNan::mean_axes" [a: Cube] one(a.skip_nan().mean_axes(&ENDS));
        "SkipNan::average_axes" [a: Cube, w: Apart] one(a.skip_nan().average_axes(&ENDS, w));
        "SkipNan::average_axes_returned" [a: Cube, w: FullCube] two(a.skip_nan().average_axes_returned(&ENDS, w));
        "SkipNan::average_axes_or" [a: Cube, w: Apart] one(a.skip_nan().average_axes_or(&ENDS, w, T::zero()));
        "SkipNan::average_axes_returned_or" [a: Cube, w: FullCube]
            two(a.skip_nan().average_axes_returned_or(&ENDS, w, T::zero()));
        "SkipNan::weighted_sum_axes" [a: Cube, w: Apart] one(a.skip_nan().weighted_sum_axes(&ENDS, w));
        "SkipNan::var_axes" [a: Cube] one(a.skip_nan().var_axes(&ENDS, T::one()));
        "SkipNan::std_axes" [a: Cube] one(a.skip_nan().std_axes(&ENDS, T::one()));
        "SkipNan::min_axes" [a: Cube] one(a.skip_nan().min_axes(&ENDS));
        "SkipNan::max_axes" [a: Cube] one(a.skip_nan().max_axes(&ENDS));
        "SkipNan::average_axis_returned" [a: Matrix, w: Along] two(a.skip_nan().average_axis_returned(SECOND, w));
        "SkipNan::average_axis_or" [a: Matrix, w: Along] one(a.skip_nan().average_axis_or(SECOND, w, T::zero()));
        "SkipNan::average_axis_returned_or" [a: Matrix, w: Along]
            two(a.skip_nan().average_axis_returned_or(SECOND, w, T::zero()));
        "InterpTable::interp" [x: Matrix] one(table(device)?.interp(x));
        "InterpTable::interp_rows" [x: Along] one(table(device)?.interp_rows(x));
        "InterpTable::from_device InterpTable::interp" [xp: Knots, fp: Heights, x: Matrix]
            one(InterpTable::from_device(xp, fp)?.interp(x));
        "InterpTable::from_device InterpTable::interp_rows" [xp: Tables, fp: Tables, x: Matrix]
            one(InterpTable::from_device(xp, fp)?.interp_rows(x));
        "InterpTable::with_values InterpTable::interp" [fp: Heights, x: Matrix]
            one(table(device)?.with_values(fp)?.interp(x));
        "InterpTable::from_device InterpTable::with_values InterpTable::interp_rows"
            [xp: Knots, fp: Tables, x: Along] {
                // Its first values are replaced, and what was wrong with them does not matter any more.
                let first = device.upload(&Kind::Heights.host::<T>())?;
                one(InterpTable::from_device(xp, &first)?.with_values(fp)?.interp_rows(x))
            };
        "InterpTable::locate Located::clone Located::apply" [fp: Heights, x: Matrix]
            one(table(device)?.locate(x)?.clone().apply(fp));
        "InterpTable::locate Located::into_dyn Located::apply" [fp: Heights, x: Matrix]
            one(table(device)?.locate(&x.reshape((2, 3))?)?.into_dyn().apply(fp));
        "InterpTable::locate_rows Located::apply" [fp: Heights, x: Along]
            one(table(device)?.locate_rows(x)?.apply(fp));
        "InterpTable::from_device InterpTable::locate_rows Located::apply" [xp: Tables, fp: Tables, x: Matrix]
            one(InterpTable::from_device(xp, fp)?.locate_rows(x)?.apply(fp));
        "InterpTable::locate Located::apply_average" [fp: Heights, x: Matrix, w: Along]
            one(table(device)?.locate(x)?.apply_average(&fp.reshape(4)?, SECOND, w));
        "InterpTable::locate Located::apply_average" [fp: Tables, x: Along, w: Along]
            one(table(device)?.locate(x)?.apply_average(fp, SECOND, w));
        "InterpTable::from_device InterpTable::locate Located::transpose_apply" [xp: Knots, x: Matrix, g: Full]
            one(InterpTable::from_device(xp, xp)?.locate(x)?.transpose_apply(g));
        "InterpTable::locate Located::transpose_apply_average" [x: Matrix, w: Full, g: Apart] {
            let g = g.reshape((2, 2))?.sum_axis(FIRST)?;
            one(table(device)?.locate(&x.reshape((2, 3))?)?.transpose_apply_average(SECOND, w, &g))
        };
        "InterpTable::locate Located::transpose_apply_average" [x: Matrix, w: Along, g: Apart] {
            let g = g.reshape((2, 2))?.sum_axis(FIRST)?;
            one(table(device)?.locate(&x.reshape((2, 3))?)?.transpose_apply_average(SECOND, w, &g))
        };
        "InterpTable::locate Located::cells" [x: Matrix] indices(table::<T>(device)?.locate(x)?.cells());
        "InterpTable::locate Located::to_csr" [x: Matrix] {
            let (indptr, indices, data) = table::<T>(device)?.locate(x)?.to_csr()?;
            Ok(vec![indptr.into(), indices.into(), any(data)])
        };
        "InterpTable::derivative" [x: Matrix] one(table(device)?.derivative(x));
        "InterpTable::derivative_rows" [x: Along] one(table(device)?.derivative_rows(x));
        "InterpTable::interp_with_derivative" [x: Matrix] two(table(device)?.interp_with_derivative(x));
        "InterpTable::from_device InterpTable::interp_vjp" [xp: Knots, fp: Heights, x: Matrix, g: Full] {
            let found = InterpTable::from_device(xp, fp)?.interp_vjp(x, g, Wanted::ALL)?;
            let arrays = [found.x, found.xp.map(DeviceArray::into_dyn), found.fp.map(DeviceArray::into_dyn)];
            let fills = [found.left.map(DeviceArray::into_dyn), found.right.map(DeviceArray::into_dyn)];
            Ok(arrays.into_iter().chain(fills).flatten().map(any).collect())
        };
        "InterpTable::interp_jvp" [x: Matrix, dx: Full, dxp: Knots, dfp: Heights] {
            let (dxp, dfp) = (dxp.reshape(4)?, dfp.reshape(4)?);
            one(table(device)?.interp_jvp(x, Tangents { x: Some(dx), xp: Some(&dxp), fp: Some(&dfp) }))
        };
        "InterpTable::device_builder InterpTable::interp" [xp: Knots, fp: Heights, x: Matrix]
            one(InterpTable::device_builder(xp, fp).left(T::zero()).extrapolate().build()?.interp(x));
        "InterpTable::device_builder InterpTable::interp_rows" [xp: Tables, fp: Tables, x: Matrix]
            one(InterpTable::device_builder(xp, fp).order(Order::Sort).build()?.interp_rows(x));
        "InterpTable::device_builder InterpTable::interp" [xp: Knots, fp: Heights, x: Matrix]
            one(InterpTable::device_builder(xp, fp).period(T::from(9).unwrap()).skip_missing().build()?.interp(x));
        "Knots::searchsorted" [x: Matrix] indices(knots(device)?.searchsorted(x, Side::Left));
        "Knots::digitize" [x: Matrix] indices(knots(device)?.digitize(x, true));
        // What a plan makes one of.
        "InterpTable::interp_rows DeviceArray::average_axis" [x: Matrix, w: Along]
            one(table(device)?.interp_rows(x)?.average_axis(SECOND, w));
    }
}

/// Methods of the same types that make no array of others on the device, and why they need no entry above.
pub const OTHERS: &[(&str, &str)] = &[
    ("DeviceArray::shape raw_dim len ndim is_empty device", "no values"),
    ("DeviceArray::skip_nan", "nothing by itself"),
    ("DeviceArray::readback into_readback overwrite", "what the tests themselves go through"),
    ("DeviceArray::wgpu_buffer from_wgpu_buffer from_wgpu_buffer_at", "the application's own values"),
    ("InterpTable::builder new", "values of the host's, judged at once"),
    ("InterpTable::interp_into", "no plan takes it: tests/transfer"),
    ("InterpTable::tables knots device", "no values"),
    ("Located::shape table device", "no values"),
    ("Knots::new", "values of the host's, judged at once"),
    ("Knots::len is_empty device", "no values"),
];
