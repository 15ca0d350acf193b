//! Runs a case on a device: the one place that knows which recorded operation is which call of the crate.
//!
//! Another operation is an arm in [`dispatch`]. A reduction is [`reduction`](Run::reduction) with its three methods.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::{ArrayD, Axis, Dimension, Ix0, IxDyn};
use ndgpu::{AnyArray, Device, DeviceArray, Element, Error, InterpTable, Knots, Order, Side};

use super::super::engines::{Configuration, Precision};
use super::super::layout::Layout;
use super::super::ways::{Operand, Way};
use super::case::{Answer, AxisArgument, Case, End, Real};

/// What may change in how a case is run without changing its outcome.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How host arrays lie in memory.
    pub layout: Layout,
    /// Where tables come from.
    pub table: TableFrom,
    /// Whether the operation is called, or in a plan.
    pub way: Way,
    /// Whether results are given up when they are read back (`into_readback`), or kept (`readback`).
    pub give_up: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum TableFrom {
    Host(Order),
    /// `InterpTable::device_builder`.
    Device,
}

impl Default for Manner {
    fn default() -> Self {
        Self { layout: Layout::Standard, table: TableFrom::Host(Order::Check), way: Way::Eager, give_up: false }
    }
}

/// What a table says beyond its values.
struct Beyond<T> {
    extrapolates: bool,
    left: Option<T>,
    right: Option<T>,
    period: Option<T>,
}

/// The builder of a table, from the host's values or the device's, with all of that.
macro_rules! with_rules {
    ($builder:expr, $rules:expr) => {{
        let (mut builder, rules) = ($builder, $rules);
        if rules.extrapolates {
            builder = builder.extrapolate();
        }
        if let Some(left) = rules.left {
            builder = builder.left(left);
        }
        if let Some(right) = rules.right {
            builder = builder.right(right);
        }
        if let Some(period) = rules.period {
            builder = builder.period(period);
        }
        builder
    }};
}

/// What came of a case.
#[derive(Debug)]
pub enum Outcome {
    Landed(Landed),
    Refused {
        error: Error,
        when: When,
    },
    /// There is no such call: the types of the crate have no value that says this.
    CannotBeSaid(String),
    /// The crate panicked, or the case cannot be read: never right.
    Broken(String),
}

/// When an error came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    InTheCall,
    WithTheData,
}

/// Values on the host.
#[derive(Debug)]
pub struct Landed {
    pub values: ArrayD<f64>,
    /// The sums of the weights, where they were asked for.
    pub weights: Option<ArrayD<f64>>,
}

/// Runs a case in a configuration.
pub fn perform(configuration: &Configuration, case: &Case, manner: Manner) -> Outcome {
    let device = &configuration.device();
    let run = || match configuration.precision {
        Precision::F32 => dispatch::<f32>(device, case, manner),
        Precision::F64 => dispatch::<f64>(device, case, manner),
    };
    let refused = |error: Error, when| {
        configuration.recover(error.kind());
        Outcome::Refused { error, when }
    };
    // A panic is a failure of the case at hand, and should not keep the others from being run.
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(landed)) => Outcome::Landed(landed),
        Ok(Err(Stop::InTheCall(error))) => refused(error, When::InTheCall),
        Ok(Err(Stop::WithTheData(error))) => refused(error, When::WithTheData),
        Ok(Err(Stop::CannotBeSaid(why))) => Outcome::CannotBeSaid(why),
        Ok(Err(Stop::Unreadable(why))) => Outcome::Broken(format!("the case cannot be run: {why}")),
        Err(payload) => {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Outcome::Broken(format!("panicked: {text}"))
        }
    }
}

fn dispatch<T: Real>(device: &Device, case: &Case, manner: Manner) -> Result<Landed, Stop> {
    let run = Run { device, case, manner };
    match (case.op.as_str(), case.feature.as_deref()) {
        ("interp", None | Some("extrapolate")) => run.interp::<T>(),
        ("searchsorted", None) => run.searchsorted::<T>(),
        ("digitize", None) => run.digitize::<T>(),
        ("average", None) => run.average::<T>(),
        ("sum", None) => run.reduction(Operand::<T>::sum, Operand::<T>::sum_axis, Operand::<T>::sum_axes),
        ("mean", None) => run.mean::<T>(),
        ("var", None) => {
            let ddof = run.ddof()?;
            run.reduction::<T, T>(|a| a.var(ddof), |a, axis| a.var_axis(axis, ddof), |a, axes| a.var_axes(axes, ddof))
        }
        ("std", None) => {
            let ddof = run.ddof()?;
            run.reduction::<T, T>(|a| a.std(ddof), |a, axis| a.std_axis(axis, ddof), |a, axes| a.std_axes(axes, ddof))
        }
        ("min", None) => run.reduction(Operand::<T>::min, Operand::<T>::min_axis, Operand::<T>::min_axes),
        ("max", None) => run.reduction(Operand::<T>::max, Operand::<T>::max_axis, Operand::<T>::max_axes),
        ("argmin", None) => run.index(Operand::<T>::argmin, Operand::<T>::argmin_axis),
        ("argmax", None) => run.index(Operand::<T>::argmax, Operand::<T>::argmax_axis),
        ("standardize", None) => run.standardize::<T>(),

        (op, feature) => Err(Stop::Unreadable(format!("unknown operation {op}, feature {feature:?}"))),
    }
}

/// Why there are no values.
enum Stop {
    InTheCall(Error),
    WithTheData(Error),
    CannotBeSaid(String),
    Unreadable(String),
}

/// With `?`: whatever is not said to come with the data comes in the call.
impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::InTheCall(error)
    }
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Unreadable(why)
    }
}

/// A case being run.
struct Run<'a> {
    device: &'a Device,
    case: &'a Case,
    manner: Manner,
}

impl Run<'_> {
    fn upload<T: Real>(&self, name: &str) -> Result<Operand<T>, Stop> {
        Ok(self.device.upload(&self.manner.layout.lay_out(self.case.array::<T>(name)?).view())?)
    }

    /// Runs an operation on arrays of the case, and reads back what it gives: values, and the sums of weights if it
    /// gives two arrays.
    fn land<T: Real, const N: usize>(
        &self,
        names: [&str; N],
        operation: impl Fn([&Operand<T>; N]) -> ndgpu::Result<Vec<AnyArray>>,
    ) -> Result<Landed, Stop> {
        let operands = names.into_iter().map(|name| self.upload(name)).collect::<Result<Vec<_>, _>>()?;
        let operation = |operands: &[&Operand<T>]| operation(operands.try_into().expect("as many as were named"));
        let mut results = self.manner.way.run(self.device, &operands, operation)?.into_iter();
        let values = self.read_any(results.next().expect("an array"))?;
        Ok(Landed { values, weights: results.next().map(|sums| self.read_any(sums)).transpose()? })
    }

    fn read_any(&self, array: AnyArray) -> Result<ArrayD<f64>, Stop> {
        match array {
            AnyArray::F32(array) => self.read(array),
            AnyArray::F64(array) => self.read(array),
            AnyArray::U32(array) => self.read(array),
            // Within the crate there are no others.
            #[allow(unreachable_patterns)]
            other => Err(Stop::Unreadable(format!("no case has results of this type: {other:?}"))),
        }
    }

    fn read<E: Element + Into<f64>>(&self, array: DeviceArray<E, IxDyn>) -> Result<ArrayD<f64>, Stop> {
        let readback = if self.manner.give_up { array.into_readback() } else { array.readback() };
        let host = readback.wait().map_err(Stop::WithTheData)?;
        Ok(host.view().mapv(Into::into))
    }

    fn interp<T: Real>(&self) -> Result<Landed, Stop> {
        match self.manner.table {
            TableFrom::Host(order) => {
                let table = self.host_table::<T>(order)?;
                self.land(["x"], |[x]| one(table.interp(x)))
            }
            TableFrom::Device => {
                let rules = self.rules(&self.case.array::<T>("fp")?)?;
                self.land(["xp", "fp", "x"], |[xp, fp, x]| {
                    let builder = with_rules!(InterpTable::device_builder(xp, fp), &rules);
                    one::<T, _>(builder.build()?.interp(x))
                })
            }
        }
    }

    fn host_table<T: Real>(&self, order: Order) -> Result<InterpTable<T>, Stop> {
        let lay_out = |name| Ok::<_, String>(self.manner.layout.lay_out(self.case.array::<T>(name)?));
        let (xp, fp) = (lay_out("xp")?, lay_out("fp")?);
        let rules = self.rules(&self.case.array::<T>("fp")?)?;
        let builder = with_rules!(InterpTable::builder(xp.view(), fp.view()), rules);
        Ok(builder.order(order).build(self.device)?)
    }

    /// What a table of these values says beyond them.
    fn rules<T: Real>(&self, fp: &ArrayD<T>) -> Result<Beyond<T>, Stop> {
        let (left, right) = (self.case.end::<T>("left")?, self.case.end::<T>("right")?);
        let extrapolates = |end| matches!(end, End::Extrapolated);
        // `extrapolate` holds for both ends. An end that the case does not extrapolate has a value: the last one there,
        // if it names none.
        let goes_on = |end: End<T>, value: Option<&T>, other: End<T>| match end {
            End::Value(value) => Some(value),
            End::Default if extrapolates(other) => value.copied(),
            End::Default | End::Extrapolated => None,
        };
        Ok(Beyond {
            extrapolates: extrapolates(left) || extrapolates(right),
            left: goes_on(left, fp.iter().next(), right),
            right: goes_on(right, fp.iter().last(), left),
            period: self.case.number("period")?,
        })
    }

    fn knots<T: Real>(&self, values: ArrayD<T>) -> Result<Knots<T>, Stop> {
        Ok(Knots::new(self.device, self.manner.layout.lay_out(values).view())?)
    }

    fn searchsorted<T: Real>(&self) -> Result<Landed, Stop> {
        let side = match self.case.text("side")? {
            "left" => Side::Left,
            "right" => Side::Right,
            other => return Err(Stop::CannotBeSaid(format!("a side is left or right, not {other}"))),
        };
        let mut a = self.case.array::<T>("a")?;
        if self.case.arrays.contains_key("sorter") {
            a = self.sorted(&a)?;
        }
        let knots = self.knots(a)?;
        self.land(["v"], |[v]| one(knots.searchsorted(v, side)))
    }

    /// The knots in the order of the sorter. [`Knots`] have none: whoever has one applies it.
    fn sorted<T: Real>(&self, a: &ArrayD<T>) -> Result<ArrayD<T>, Stop> {
        let sorter = self.case.array::<f64>("sorter")?;
        let knot = |&index: &f64| (index >= 0.0).then(|| a.get([index as usize].as_slice()).copied()).flatten();
        let knots: Option<Vec<T>> = sorter.iter().map(knot).collect();
        match knots {
            Some(knots) if knots.len() == a.len() => Ok(ArrayD::from_shape_vec(IxDyn(&[knots.len()]), knots)
                .map_err(|error| Stop::Unreadable(error.to_string()))?),
            _ => Err(Stop::CannotBeSaid(format!("{sorter} does not sort {} knots", a.len()))),
        }
    }

    fn digitize<T: Real>(&self) -> Result<Landed, Stop> {
        let knots = self.knots(self.case.array::<T>("bins")?)?;
        let right = self.case.flag("right")?;
        self.land(["x"], |[x]| one(knots.digitize(x, right)))
    }

    fn standardize<T: Real>(&self) -> Result<Landed, Stop> {
        let Axes::One(axis) = self.axes()? else {
            return Err(Stop::Unreadable("standardize goes along one axis".into()));
        };
        let ddof = self.ddof::<T>()?;
        self.land(["a"], |[a]| one(a.standardize_axis(axis, ddof)))
    }

    /// What is taken off the count; 0 if the case does not say.
    fn ddof<T: Real>(&self) -> Result<T, Stop> {
        Ok(self.case.number("ddof")?.unwrap_or(T::zero()))
    }

    fn mean<T: Real>(&self) -> Result<Landed, Stop> {
        self.reduction(Operand::<T>::mean, Operand::<T>::mean_axis, Operand::<T>::mean_axes)
    }

    /// `numpy.average`: with weights, or else the mean, with the count for the sum of the weights.
    fn average<T: Real>(&self) -> Result<Landed, Stop> {
        let returned = self.case.flag("returned")?;
        if !self.case.arrays.contains_key("weights") {
            let mean = self.mean::<T>()?;
            let len = self.case.array::<f64>("a")?.len();
            let count = len as f64 / mean.values.len().max(1) as f64;
            let weights = returned.then(|| ArrayD::from_elem(mean.values.raw_dim(), count));
            return Ok(Landed { weights, ..mean });
        }
        let (axes, kept) = (self.axes()?, self.kept_axes()?);
        if !returned {
            return self.land(["a", "weights"], |[a, weights]| {
                let average = match &axes {
                    Axes::Everything => a.average(weights)?.into_dyn(),
                    Axes::One(axis) => a.average_axis(*axis, weights)?,
                    Axes::Several(axes) => a.average_axes(axes, weights)?,
                };
                Ok(vec![T::any(with_axes(average, &kept)?)])
            });
        }
        self.land(["a", "weights"], |[a, weights]| {
            let (average, sums) = match &axes {
                Axes::Everything => {
                    let (average, sums) = a.average_returned(weights)?;
                    (average.into_dyn(), sums.into_dyn())
                }
                Axes::One(axis) => a.average_axis_returned(*axis, weights)?,
                Axes::Several(axes) => a.average_axes_returned(axes, weights)?,
            };
            Ok(vec![T::any(with_axes(average, &kept)?), T::any(with_axes(sums, &kept)?)])
        })
    }

    /// A reduction by its three methods: over everything, along an axis, over several.
    fn reduction<T: Real, E: Answer>(
        &self,
        whole: impl Fn(&Operand<T>) -> ndgpu::Result<DeviceArray<E, Ix0>>,
        along: impl Fn(&Operand<T>, Axis) -> ndgpu::Result<DeviceArray<E, IxDyn>>,
        over: impl Fn(&Operand<T>, &[Axis]) -> ndgpu::Result<DeviceArray<E, IxDyn>>,
    ) -> Result<Landed, Stop> {
        let (axes, kept) = (self.axes()?, self.kept_axes()?);
        self.land(["a"], |[a]| {
            let reduced = match &axes {
                Axes::Everything => whole(a)?.into_dyn(),
                Axes::One(axis) => along(a, *axis)?,
                Axes::Several(axes) => over(a, axes)?,
            };
            Ok(vec![E::any(with_axes(reduced, &kept)?)])
        })
    }

    /// The index of an extreme: over everything, or along an axis.
    fn index<T: Real>(
        &self,
        whole: impl Fn(&Operand<T>) -> ndgpu::Result<DeviceArray<u32, Ix0>>,
        along: impl Fn(&Operand<T>, Axis) -> ndgpu::Result<DeviceArray<u32, IxDyn>>,
    ) -> Result<Landed, Stop> {
        if matches!(self.axes()?, Axes::Several(_)) {
            return Err(Stop::CannotBeSaid("an index along several axes at once".into()));
        }
        self.reduction(whole, along, |_, axes| unreachable!("one axis at most, not {axes:?}"))
    }

    /// The axes of the reduction.
    fn axes(&self) -> Result<Axes, Stop> {
        Ok(Axes::of(self.case, self.case.array::<f64>("a")?.ndim())?)
    }

    /// Those of them that come back with length 1, in order: all if the case says keepdims, or else none.
    fn kept_axes(&self) -> Result<Vec<Axis>, Stop> {
        let ndim = self.case.array::<f64>("a")?.ndim();
        Ok(if self.case.flag("keepdims")? { self.axes()?.in_order(ndim) } else { Vec::new() })
    }
}

/// The one result of an operation.
fn one<E: Answer, D: Dimension>(result: ndgpu::Result<DeviceArray<E, D>>) -> ndgpu::Result<Vec<AnyArray>> {
    Ok(vec![E::any(result?.into_dyn())])
}

/// A reduction with axes that it lost put in again.
fn with_axes<E: Element>(reduced: DeviceArray<E, IxDyn>, kept: &[Axis]) -> ndgpu::Result<DeviceArray<E, IxDyn>> {
    kept.iter().try_fold(reduced, |reduced, &axis| reduced.insert_axis(axis))
}

/// The axes of a reduction, counted from the front.
enum Axes {
    Everything,
    One(Axis),
    Several(Vec<Axis>),
}

impl Axes {
    fn of(case: &Case, ndim: usize) -> Result<Self, String> {
        // NumPy counts negative axes from the back. One that stays negative is out of range, and becomes one that is.
        let resolve = |axis: i64| {
            let counted = if axis < 0 { axis + ndim as i64 } else { axis };
            Axis(usize::try_from(counted).unwrap_or(ndim))
        };
        Ok(match case.axis()? {
            AxisArgument::Everything => Self::Everything,
            AxisArgument::One(axis) => Self::One(resolve(axis)),
            AxisArgument::Several(axes) => Self::Several(axes.into_iter().map(resolve).collect()),
        })
    }

    fn in_order(&self, ndim: usize) -> Vec<Axis> {
        let mut axes = match self {
            Self::Everything => (0..ndim).map(Axis).collect(),
            Self::One(axis) => vec![*axis],
            Self::Several(axes) => axes.clone(),
        };
        axes.sort_by_key(|axis| axis.index());
        axes
    }
}
