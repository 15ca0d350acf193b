//! A reduction as a value, and how one is put together from arrays and weights.

use std::sync::Arc;

use ndarray::Dimension;

use crate::array::DeviceArray;
use crate::device::Device;
use crate::element::{Float, bytes_of};
use crate::engine::check::{Check, Checks, Question};
use crate::engine::gpu::encoder::Commands;
use crate::engine::host::memory::HostPool;
use crate::engine::storage::Storage;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::footprint::{Account, Operation};
use crate::kernels::reduce::{cpu, gpu};

/// An array seen as `[outer, len, inner]`; `len` is what is reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub outer: usize,
    pub len: usize,
    pub inner: usize,
}

impl View {
    /// How many outputs there are.
    pub fn lines(self) -> usize {
        self.outer * self.inner
    }
}

/// What is made of a line. The numbers are those of `shaders/reduce/parameters.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The sum of the values, or of the products with the weights.
    Sum = 0,
    /// The sum divided by the count.
    Mean = 1,
    /// The sum of the products divided by the sum of the weights.
    Average = 2,
    /// The sum of the squared deviations from the mean, divided by the count less `ddof`.
    Var = 3,
    /// The square root of that.
    Std = 4,
    /// The smallest value.
    Min = 5,
    /// The largest.
    Max = 6,
    /// The place of the smallest.
    ArgMin = 7,
    /// The place of the largest.
    ArgMax = 8,
}

impl Finish {
    fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Average => "average",
            Self::Var => "variance",
            Self::Std => "standard deviation",
            Self::Min => "minimum",
            Self::Max => "maximum",
            Self::ArgMin => "place of the minimum",
            Self::ArgMax => "place of the maximum",
        }
    }

    /// Whether smaller values win.
    pub fn wants_small(self) -> bool {
        matches!(self, Self::Min | Self::ArgMin)
    }

    /// Whether there is no answer for a line without values.
    fn needs_a_value(self) -> bool {
        matches!(self, Self::Min | Self::Max | Self::ArgMin | Self::ArgMax)
    }
}

/// Weights, if there are any.
#[derive(Clone)]
pub(crate) enum Weights<T: Float> {
    None,
    /// One for each place along the axis, the same for every line.
    Along(Storage<T>),
    /// One for each element.
    Full(Storage<T>),
}

/// Where outputs go.
#[derive(Clone)]
pub(crate) enum Output<T: Float> {
    Values(Storage<T>),
    /// Places along the axis.
    Places(Storage<u32>),
}

/// A reduction, ready to run.
#[derive(Clone)]
pub(crate) struct Reduce<T: Float> {
    pub view: View,
    pub values: Storage<T>,
    pub weights: Weights<T>,
    pub finish: Finish,
    /// As if values that are NaN were not there.
    pub skip_nan: bool,
    /// For variances: what is taken off the count.
    pub ddof: f64,
    /// For variances: the means of the lines.
    pub means: Option<Storage<T>>,
    pub output: Output<T>,
    /// Where the sums of weights go, if they are wanted.
    pub weight_sums: Option<Storage<T>>,
    /// Where a sum of weights that is zero is noted; there if and only if this is an average without a `fill`.
    pub check: Option<Arc<Check>>,
    /// For averages: what stands where a sum of weights is zero.
    pub fill: Option<T>,
}

impl<T: Float> Reduce<T> {
    /// Whether this adds up rows of an array, weighted or not, and reads it but once.
    pub fn sums_rows_of(&self, array: &Storage<T>) -> bool {
        let is_sum = matches!(self.finish, Finish::Sum | Finish::Mean | Finish::Average);
        let weighs_itself = match &self.weights {
            Weights::None => false,
            Weights::Along(weights) | Weights::Full(weights) => weights.id() == array.id(),
        };
        is_sum && self.view.inner == 1 && self.values.id() == array.id() && !weighs_itself
    }

    /// Reduces rows whose values are made when they are needed: `make` writes those from an index on, all rows one after
    /// another. For the CPU engine, where [`sums_rows_of`](Self::sums_rows_of) holds.
    pub fn of_made(&self, make: &(dyn Fn(usize, &mut [T]) + Sync)) -> Result<()> {
        cpu::reduce(self, Some(make))
    }
}

impl<T: Float> Operation for Reduce<T> {
    fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
        cpu::reduce(self, None)
    }

    fn on_gpu(&self, commands: &Commands<'_>) -> Result<()> {
        gpu::reduce(self, commands)
    }

    fn account(&self) -> Account {
        let Self { view, values, weights, means, output, weight_sums, .. } = self;
        let (elements, lines) = (view.lines() * view.len, view.lines());
        let mut reads = vec![values.used(elements)];
        match weights {
            Weights::None => {}
            Weights::Along(weights) => reads.push(weights.used(view.len)),
            Weights::Full(weights) => reads.push(weights.used(elements)),
        }
        reads.extend(means.iter().map(|means| means.used(lines)));
        let mut writes = vec![match output {
            Output::Values(output) => output.used(lines),
            Output::Places(output) => output.used(lines),
        }];
        writes.extend(weight_sums.iter().map(|sums| sums.used(lines)));
        let View { outer, len, inner } = view;
        Account { name: format!("{} of {outer} x {len} x {inner} along the middle", self.finish.name()), reads, writes }
    }
}

/// An array to be reduced, with the weights to do it with.
pub(crate) struct Operands<T: Float> {
    pub device: Device,
    pub view: View,
    pub values: Storage<T>,
    pub weights: Weights<T>,
    pub skip_nan: bool,
    /// What an average is where the sum of its weights is zero; without it that is an error.
    pub fill: Option<T>,
    /// What is already wrong with values or weights.
    pub checks: Checks,
}

/// The result of a reduction, and the sums of weights if they were wanted.
pub(crate) struct Reduced<T: Float, D: Dimension> {
    pub result: DeviceArray<T, D>,
    pub weight_sums: Option<DeviceArray<T, D>>,
}

impl<T: Float> Operands<T> {
    /// An array seen in some way, without weights.
    pub fn new<D: Dimension>(array: &DeviceArray<T, D>, view: View) -> Self {
        Self {
            device: array.device().clone(),
            view,
            values: array.storage().clone(),
            weights: Weights::None,
            skip_nan: false,
            fill: None,
            checks: array.checks().clone(),
        }
    }

    /// As if values that are NaN were not there.
    pub fn skipping_nan(self) -> Self {
        Self { skip_nan: true, ..self }
    }

    /// With a value for averages whose weights sum to zero.
    pub fn or(self, fill: T) -> Self {
        Self { fill: Some(fill), ..self }
    }

    /// Adds weights that were found to fit.
    pub fn with_weights<E: Dimension>(mut self, given: &DeviceArray<T, E>, fitting: Weights<T>) -> Result<Self> {
        self.device = self.device.joint(given.device(), "the weights")?;
        self.checks = Checks::union([&self.checks, given.checks()]);
        self.weights = fitting;
        Ok(self)
    }

    /// Reduces to values.
    pub fn reduce<D: Dimension>(self, finish: Finish, shape: D) -> Result<DeviceArray<T, D>> {
        Ok(self.reduce_with_sums(finish, false, shape)?.result)
    }

    /// Reduces to variances or standard deviations. A pass for the means comes first.
    pub fn spread<D: Dimension>(self, finish: Finish, ddof: f64, shape: D) -> Result<DeviceArray<T, D>> {
        let [_, output] = self.statistics(finish, ddof)?;
        Ok(DeviceArray::new(self.device.clone(), output, shape, self.checks))
    }

    /// The means of all lines, and their variances or standard deviations.
    pub fn statistics(&self, finish: Finish, ddof: f64) -> Result<[Storage<T>; 2]> {
        let lines = self.view.lines();
        let means = self.device.allocate(lines)?;
        if lines > 0 {
            self.device.run(self.operation(Finish::Mean, Output::Values(means.clone())))?;
        }
        let output = self.device.allocate(lines)?;
        let operation = self.operation(finish, Output::Values(output.clone()));
        if lines > 0 {
            self.device.run(Reduce { ddof, means: Some(means.clone()), ..operation })?;
        }
        Ok([means, output])
    }

    /// Reduces to places along the axis.
    pub fn locate<D: Dimension>(self, finish: Finish, shape: D) -> Result<DeviceArray<u32, D>> {
        self.expect_values(finish)?;
        let most = u32::MAX as usize;
        if self.view.len > most {
            return Err(Error::new(
                ErrorKind::TooLarge { bytes: bytes_of::<T>(self.view.len), limit: bytes_of::<T>(most) },
                format!(
                    "places along an axis of length {} do not fit into 32 bits; locate in pieces of at most {most}",
                    self.view.len
                ),
            ));
        }
        let output = self.device.allocate(self.view.lines())?;
        if self.view.lines() > 0 {
            self.device.run(self.operation(finish, Output::Places(output.clone())))?;
        }
        Ok(DeviceArray::new(self.device.clone(), output, shape, self.checks))
    }

    /// Reduces to values and, if wanted, sums of weights.
    pub fn reduce_with_sums<D: Dimension>(self, finish: Finish, want_sums: bool, shape: D) -> Result<Reduced<T, D>> {
        self.expect_values(finish)?;
        let (device, lines) = (&self.device, self.view.lines());
        let output = device.allocate(lines)?;
        let weight_sums = if want_sums { Some(device.allocate(lines)?) } else { None };
        let check = match finish {
            Finish::Average if self.fill.is_none() => {
                Some(device.check(Question::ZeroWeights { output: shape.slice().to_vec() })?)
            }
            _ => None,
        };
        let checks = check.iter().fold(self.checks.clone(), |checks, check| checks.with(check.clone()));
        let operation = self.operation(finish, Output::Values(output.clone()));
        if lines > 0 {
            device.run(Reduce { weight_sums: weight_sums.clone(), check, ..operation })?;
        } else if let (Some(check), Weights::Along(weights)) = (check, &self.weights) {
            // No averages, but weights all the same, and NumPy complains if their sum is zero.
            let view = View { outer: 1, len: self.view.len, inner: 1 };
            let output = Output::Values(device.allocate(1)?);
            device.run(Reduce { view, values: weights.clone(), output, check: Some(check), ..operation })?;
        }
        let array = |storage| DeviceArray::new(device.clone(), storage, shape.clone(), checks.clone());
        Ok(Reduced { result: array(output), weight_sums: weight_sums.map(array) })
    }

    fn operation(&self, finish: Finish, output: Output<T>) -> Reduce<T> {
        Reduce {
            view: self.view,
            values: self.values.clone(),
            weights: self.weights.clone(),
            finish,
            skip_nan: self.skip_nan,
            ddof: 0.0,
            means: None,
            output,
            weight_sums: None,
            check: None,
            fill: self.fill,
        }
    }

    fn expect_values(&self, finish: Finish) -> Result<()> {
        if !finish.needs_a_value() || self.view.len > 0 || self.view.lines() == 0 {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::EmptyReduction,
            "there is no smallest or largest value along an axis of length 0; leave such arrays out",
        ))
    }
}

impl<T: Float, D: Dimension> Reduced<T, D> {
    /// Result and sums of weights, which must have been wanted.
    pub fn pair(self) -> Result<(DeviceArray<T, D>, DeviceArray<T, D>)> {
        match self.weight_sums {
            Some(sums) => Ok((self.result, sums)),
            None => Err(Error::new(ErrorKind::InvalidOption, "no sums of weights were asked for")),
        }
    }
}
