//! Runs a case on a device: the one place that knows which recorded operation is which call of the crate.
//!
//! Another operation is an arm in [`dispatch`]. A reduction is [`reduction`](Run::reduction) with its three methods.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::{ArrayD, Axis, Dimension, Ix0, IxDyn};
use ndgpu::{Device, DeviceArray, Element, Error, InterpTable, Knots, Order, Side};

use super::case::{AxisArgument, Case, End, Real};
use super::devices::{Configuration, Precision};
use super::layout::Layout;

/// What may change in how a case is run without changing its outcome.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How host arrays lie in memory.
    pub layout: Layout,
    /// Where tables come from.
    pub table: TableFrom,
    /// Whether results are given up when they are read back (`into_readback`), or kept (`readback`).
    pub give_up: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum TableFrom {
    Host(Order),
    /// `InterpTable::from_device`: no fills, no period.
    Device,
}

impl Default for Manner {
    fn default() -> Self {
        Self { layout: Layout::Standard, table: TableFrom::Host(Order::Check), give_up: false }
    }
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
    type Array<T> = DeviceArray<T, IxDyn>;
    let run = Run { device, case, manner };
    match (case.op.as_str(), case.feature.as_deref()) {
        ("interp", None | Some("extrapolate")) => run.interp::<T>(),
        ("searchsorted", None) => run.searchsorted::<T>(),
        ("digitize", None) => run.digitize::<T>(),
        ("average", None) => run.average::<T>(),
        ("sum", None) => run.reduction(Array::<T>::sum, Array::<T>::sum_axis, Array::<T>::sum_axes),
        ("mean", None) => run.reduction(Array::<T>::mean, Array::<T>::mean_axis, Array::<T>::mean_axes),
        ("var", None) => {
            let ddof = run.ddof()?;
            run.reduction::<T, T>(|a| a.var(ddof), |a, axis| a.var_axis(axis, ddof), |a, axes| a.var_axes(axes, ddof))
        }
        ("std", None) => {
            let ddof = run.ddof()?;
            run.reduction::<T, T>(|a| a.std(ddof), |a, axis| a.std_axis(axis, ddof), |a, axes| a.std_axes(axes, ddof))
        }
        ("min", None) => run.reduction(Array::<T>::min, Array::<T>::min_axis, Array::<T>::min_axes),
        ("max", None) => run.reduction(Array::<T>::max, Array::<T>::max_axis, Array::<T>::max_axes),
        ("argmin", None) => run.place(Array::<T>::argmin, Array::<T>::argmin_axis),
        ("argmax", None) => run.place(Array::<T>::argmax, Array::<T>::argmax_axis),
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
    fn upload<T: Real>(&self, name: &str) -> Result<DeviceArray<T, IxDyn>, Stop> {
        Ok(self.device.upload(&self.manner.layout.lay_out(self.case.array::<T>(name)?).view())?)
    }

    fn read<E: Element + Into<f64>, D: Dimension>(&self, array: DeviceArray<E, D>) -> Result<ArrayD<f64>, Stop> {
        let readback = if self.manner.give_up { array.into_readback() } else { array.readback() };
        let host = readback.wait().map_err(Stop::WithTheData)?;
        Ok(host.view().mapv(Into::into).into_dyn())
    }

    fn interp<T: Real>(&self) -> Result<Landed, Stop> {
        let table = match self.manner.table {
            TableFrom::Host(order) => self.host_table::<T>(order)?,
            TableFrom::Device => InterpTable::from_device(&self.upload::<T>("xp")?, &self.upload("fp")?)?,
        };
        let values = self.read(table.interp(&self.upload("x")?)?)?;
        Ok(Landed { values, weights: None })
    }

    fn host_table<T: Real>(&self, order: Order) -> Result<InterpTable<T>, Stop> {
        let lay_out = |name| Ok::<_, String>(self.manner.layout.lay_out(self.case.array::<T>(name)?));
        let (xp, fp) = (lay_out("xp")?, lay_out("fp")?);
        let (left, right) = (self.case.end::<T>("left")?, self.case.end::<T>("right")?);
        let mut builder = InterpTable::builder(xp.view(), fp.view()).order(order);
        let extrapolates = |end| matches!(end, End::Extrapolated);
        if extrapolates(left) || extrapolates(right) {
            builder = builder.extrapolate();
        }
        // `extrapolate` holds for both ends. An end that the case does not extrapolate has a value: the last one there, if
        // it names none.
        let goes_on = |end: End<T>, value: Option<&T>, other: End<T>| match end {
            End::Value(value) => Some(value),
            End::Default if extrapolates(other) => value.copied(),
            End::Default | End::Extrapolated => None,
        };
        let values = fp.view();
        if let Some(left) = goes_on(left, values.iter().next(), right) {
            builder = builder.left(left);
        }
        if let Some(right) = goes_on(right, values.iter().last(), left) {
            builder = builder.right(right);
        }
        if let Some(period) = self.case.number("period")? {
            builder = builder.period(period);
        }
        Ok(builder.build(self.device)?)
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
        let values = self.read(knots.searchsorted(&self.upload("v")?, side)?)?;
        Ok(Landed { values, weights: None })
    }

    /// The knots in the order of the sorter. [`Knots`] have none: whoever has one applies it.
    fn sorted<T: Real>(&self, a: &ArrayD<T>) -> Result<ArrayD<T>, Stop> {
        let sorter = self.case.array::<f64>("sorter")?;
        let place = |&place: &f64| (place >= 0.0).then(|| a.get([place as usize].as_slice()).copied()).flatten();
        let knots: Option<Vec<T>> = sorter.iter().map(place).collect();
        match knots {
            Some(knots) if knots.len() == a.len() => Ok(ArrayD::from_shape_vec(IxDyn(&[knots.len()]), knots)
                .map_err(|error| Stop::Unreadable(error.to_string()))?),
            _ => Err(Stop::CannotBeSaid(format!("{sorter} does not sort {} knots", a.len()))),
        }
    }

    fn digitize<T: Real>(&self) -> Result<Landed, Stop> {
        let knots = self.knots(self.case.array::<T>("bins")?)?;
        let values = self.read(knots.digitize(&self.upload("x")?, self.case.flag("right")?)?)?;
        Ok(Landed { values, weights: None })
    }

    fn standardize<T: Real>(&self) -> Result<Landed, Stop> {
        let a = self.upload::<T>("a")?;
        let Axes::One(axis) = Axes::of(self.case, a.ndim())? else {
            return Err(Stop::Unreadable("standardize goes along one axis".into()));
        };
        Ok(Landed { values: self.read(a.standardize_axis(axis, self.ddof()?)?)?, weights: None })
    }

    /// What is taken off the count; 0 if the case does not say.
    fn ddof<T: Real>(&self) -> Result<T, Stop> {
        Ok(self.case.number("ddof")?.unwrap_or(T::zero()))
    }

    /// `numpy.average`: with weights, or else the mean, with the count for the sum of the weights.
    fn average<T: Real>(&self) -> Result<Landed, Stop> {
        type Array<T> = DeviceArray<T, IxDyn>;
        let returned = self.case.flag("returned")?;
        if !self.case.arrays.contains_key("weights") {
            let mean = self.reduction(Array::<T>::mean, Array::<T>::mean_axis, Array::<T>::mean_axes)?;
            let len = self.case.array::<f64>("a")?.len();
            let count = len as f64 / mean.values.len().max(1) as f64;
            let weights = returned.then(|| ArrayD::from_elem(mean.values.raw_dim(), count));
            return Ok(Landed { weights, ..mean });
        }
        let (a, weights) = (self.upload::<T>("a")?, self.upload::<T>("weights")?);
        let axes = Axes::of(self.case, a.ndim())?;
        if !returned {
            let average = match &axes {
                Axes::Everything => a.average(&weights)?.into_dyn(),
                Axes::One(axis) => a.average_axis(*axis, &weights)?,
                Axes::Several(axes) => a.average_axes(axes, &weights)?,
            };
            return Ok(Landed { values: self.land(average, &axes, a.ndim())?, weights: None });
        }
        let (average, sums) = match &axes {
            Axes::Everything => {
                let (average, sums) = a.average_returned(&weights)?;
                (average.into_dyn(), sums.into_dyn())
            }
            Axes::One(axis) => a.average_axis_returned(*axis, &weights)?,
            Axes::Several(axes) => a.average_axes_returned(axes, &weights)?,
        };
        let values = self.land(average, &axes, a.ndim())?;
        Ok(Landed { values, weights: Some(self.land(sums, &axes, a.ndim())?) })
    }

    /// A reduction by its three methods: over everything, along an axis, over several.
    fn reduction<T: Real, E: Element + Into<f64>>(
        &self,
        whole: impl Fn(&DeviceArray<T, IxDyn>) -> ndgpu::Result<DeviceArray<E, Ix0>>,
        along: impl Fn(&DeviceArray<T, IxDyn>, Axis) -> ndgpu::Result<DeviceArray<E, IxDyn>>,
        over: impl Fn(&DeviceArray<T, IxDyn>, &[Axis]) -> ndgpu::Result<DeviceArray<E, IxDyn>>,
    ) -> Result<Landed, Stop> {
        let a = self.upload::<T>("a")?;
        let axes = Axes::of(self.case, a.ndim())?;
        let reduced = match &axes {
            Axes::Everything => whole(&a)?.into_dyn(),
            Axes::One(axis) => along(&a, *axis)?,
            Axes::Several(axes) => over(&a, axes)?,
        };
        Ok(Landed { values: self.land(reduced, &axes, a.ndim())?, weights: None })
    }

    /// Where something is: over everything, or along an axis.
    fn place<T: Real>(
        &self,
        whole: impl Fn(&DeviceArray<T, IxDyn>) -> ndgpu::Result<DeviceArray<u32, Ix0>>,
        along: impl Fn(&DeviceArray<T, IxDyn>, Axis) -> ndgpu::Result<DeviceArray<u32, IxDyn>>,
    ) -> Result<Landed, Stop> {
        let a = self.upload::<T>("a")?;
        let axes = Axes::of(self.case, a.ndim())?;
        let reduced = match &axes {
            Axes::Everything => whole(&a)?.into_dyn(),
            Axes::One(axis) => along(&a, *axis)?,
            Axes::Several(_) => return Err(Stop::CannotBeSaid("an index along several axes at once".into())),
        };
        Ok(Landed { values: self.land(reduced, &axes, a.ndim())?, weights: None })
    }

    /// Reads a reduction back, with the axes that it lost put in again if the case says keepdims.
    fn land<E: Element + Into<f64>>(
        &self,
        mut reduced: DeviceArray<E, IxDyn>,
        axes: &Axes,
        ndim: usize,
    ) -> Result<ArrayD<f64>, Stop> {
        if self.case.flag("keepdims")? {
            for axis in axes.in_order(ndim) {
                reduced = reduced.insert_axis(axis)?;
            }
        }
        self.read(reduced)
    }
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
