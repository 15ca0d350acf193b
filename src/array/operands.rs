//! The operands of a reduction: an array, its weights, and options.

use ndarray::Dimension;

use crate::array::DeviceArray;
use crate::device::Device;
use crate::element::Float;
use crate::engine::check::{CheckKind, Checks};
use crate::engine::storage::Storage;
use crate::error::{Error, ErrorKind, Result};
use crate::float::dtype::{FloatType, for_float};
use crate::float::scalar::Scalar;
use crate::kernels::interp::op::{Interp, InterpArgs};
use crate::kernels::reduce::op::{AxisSplit, Output, Reduce, Reduction, Weights};
use crate::kernels::standardize::op::{Standardize, StandardizeRows};
use crate::kernels::{Op, door};

/// An array to be reduced, and its weights.
pub(crate) struct Operands {
    pub device: Device,
    pub dtype: FloatType,
    pub view: AxisSplit,
    pub values: Storage,
    /// What the values would be, if they are not in memory.
    pub produced_by: Option<InterpArgs>,
    pub weights: Weights,
    pub skip_nan: bool,
    /// The average where the sum of the weights is zero; without it that is an error.
    pub fill: Option<Scalar>,
    /// The checks of values and weights.
    pub checks: Checks,
}

/// The result of a reduction, and the sums of weights if requested.
pub(crate) struct Reduced<T: Float, D: Dimension> {
    pub result: DeviceArray<T, D>,
    pub weight_sums: Option<DeviceArray<T, D>>,
}

impl Operands {
    /// An array as `view` splits it, without weights.
    pub fn new<T: Float, D: Dimension>(array: &DeviceArray<T, D>, view: AxisSplit) -> Self {
        Self {
            device: array.device().clone(),
            dtype: T::FLOAT,
            view,
            values: array.storage().clone(),
            produced_by: None,
            weights: Weights::None,
            skip_nan: false,
            fill: None,
            checks: array.checks().clone(),
        }
    }

    /// Skips NaN values.
    pub fn skipping_nan(self) -> Self {
        Self { skip_nan: true, ..self }
    }

    /// With a value for averages whose weights sum to zero.
    pub fn or<T: Float>(self, fill: T) -> Self {
        Self { fill: Some(Scalar::of(fill)), ..self }
    }

    /// Adds weights whose shape has been checked.
    pub fn with_weights<T: Float, E: Dimension>(mut self, given: &DeviceArray<T, E>, fitting: Weights) -> Result<Self> {
        self.device = self.device.common_device(given.device(), "the weights")?;
        self.checks = Checks::union([&self.checks, given.checks()]);
        self.weights = fitting;
        Ok(self)
    }

    /// Reduces to values.
    pub fn reduce<T: Float, D: Dimension>(self, reduction: Reduction, shape: D) -> Result<DeviceArray<T, D>> {
        Ok(self.reduce_with_sums(reduction, false, shape)?.result)
    }

    /// Reduces to variances or standard deviations, after a pass for the means.
    pub fn variance<T: Float, D: Dimension>(
        self,
        reduction: Reduction,
        ddof: f64,
        shape: D,
    ) -> Result<DeviceArray<T, D>> {
        let [_, output] = self.statistics(reduction, ddof)?;
        Ok(DeviceArray::new(self.device.clone(), output, shape, self.checks))
    }

    /// The sums or the means of all rows.
    pub fn reduced(&self, reduction: Reduction) -> Result<Storage> {
        let outputs = self.view.outputs();
        let output = self.allocate(outputs)?;
        if outputs > 0 {
            self.device.run(self.operation(reduction, Output::Values(output.clone())))?;
        }
        Ok(output)
    }

    /// The means of all rows, and their variances or standard deviations.
    pub fn statistics(&self, reduction: Reduction, ddof: f64) -> Result<[Storage; 2]> {
        let outputs = self.view.outputs();
        let means = self.reduced(Reduction::Mean)?;
        let output = self.allocate(outputs)?;
        let operation = self.operation(reduction, Output::Values(output.clone()));
        if outputs > 0 {
            self.device.run(Reduce { ddof, means: Some(means.clone()), ..operation })?;
        }
        Ok([means, output])
    }

    /// Reduces to indices along the axis.
    pub fn arg_extremum<D: Dimension>(self, reduction: Reduction, shape: D) -> Result<DeviceArray<u32, D>> {
        self.expect_values(reduction)?;
        let most = u32::MAX as usize;
        if self.view.len > most {
            return Err(Error::new(
                ErrorKind::TooLarge { bytes: self.dtype.bytes(self.view.len), limit: self.dtype.bytes(most) },
                format!(
                    "indices along an axis of length {} do not fit into 32 bits; search in pieces of at most {most}",
                    self.view.len
                ),
            ));
        }
        let output = self.device.allocate::<u32>(self.view.outputs())?;
        if self.view.outputs() > 0 {
            self.device.run(self.operation(reduction, Output::Indices(output.clone())))?;
        }
        Ok(DeviceArray::new(self.device.clone(), output, shape, self.checks))
    }

    /// Reduces to values and, if wanted, sums of weights.
    pub fn reduce_with_sums<T: Float, D: Dimension>(
        &self,
        reduction: Reduction,
        want_sums: bool,
        shape: D,
    ) -> Result<Reduced<T, D>> {
        self.expect_values(reduction)?;
        let (device, outputs) = (&self.device, self.view.outputs());
        let output = self.allocate(outputs)?;
        let weight_sums = if want_sums { Some(self.allocate(outputs)?) } else { None };
        let check = match reduction {
            Reduction::Average if self.fill.is_none() => {
                Some(device.check(CheckKind::ZeroWeights { output: shape.slice().to_vec() })?)
            }
            _ => None,
        };
        let checks = check.iter().fold(self.checks.clone(), |checks, check| checks.with(check.clone()));
        let operation = self.operation(reduction, Output::Values(output.clone()));
        if outputs > 0 {
            self.run(Reduce { weight_sums: weight_sums.clone(), check, ..operation })?;
        } else if let (Some(check), Weights::Shared(weights)) = (check, &self.weights) {
            // There are no averages, but there are weights, and NumPy reports a sum of zero even then.
            let view = AxisSplit { outer: 1, len: self.view.len, inner: 1 };
            let output = Output::Values(self.allocate(1)?);
            device.run(Reduce { view, values: weights.clone(), output, check: Some(check), ..operation })?;
        }
        let array = |storage| DeviceArray::new(device.clone(), storage, shape.clone(), checks.clone());
        Ok(Reduced { result: array(output), weight_sums: weight_sums.map(array) })
    }

    /// Standardizes every row.
    pub fn standardized(&self, ddof: f64) -> Result<Storage> {
        let Self { device, view, .. } = self;
        let elements = view.outputs() * view.len;
        let output = self.allocate(elements)?;
        if door::standardizes_rows(device.engine(), self.dtype, *view) {
            device.run(StandardizeRows {
                dtype: self.dtype,
                rows: view.outer,
                len: view.len,
                ddof,
                values: self.values.clone(),
                output: output.clone(),
            })?;
        } else if elements > 0 {
            let [means, deviations] = self.statistics(Reduction::Std, ddof)?;
            device.run(Standardize {
                dtype: self.dtype,
                view: *view,
                values: self.values.clone(),
                means,
                deviations,
                output: output.clone(),
            })?;
        }
        Ok(output)
    }

    /// Reduces values that are in memory, or are looked up on the way; where no kernel does that they are looked up
    /// first.
    fn run(&self, reduce: Reduce) -> Result<()> {
        let Some(args) = &self.produced_by else { return self.device.run(reduce) };
        let looked_up = |output: &Storage| Op::from(Interp { args: args.clone(), output: output.clone() });
        let fused = door::fuse(self.device.engine(), &looked_up(&reduce.values), &reduce.clone().into());
        if let Some(fused) = fused {
            return self.device.run(fused);
        }
        let values = self.allocate(args.results())?;
        self.device.run(looked_up(&values))?;
        self.device.run(Reduce { values, ..reduce })
    }

    /// Memory for elements of the operands' type.
    pub fn allocate(&self, len: usize) -> Result<Storage> {
        for_float!(self.dtype, T => self.device.allocate::<T>(len))
    }

    fn operation(&self, reduction: Reduction, output: Output) -> Reduce {
        Reduce {
            dtype: self.dtype,
            view: self.view,
            values: self.values.clone(),
            weights: self.weights.clone(),
            reduction,
            skip_nan: self.skip_nan,
            ddof: 0.0,
            means: None,
            output,
            weight_sums: None,
            check: None,
            fill: self.fill,
        }
    }

    fn expect_values(&self, reduction: Reduction) -> Result<()> {
        if !reduction.needs_a_value() || self.view.len > 0 || self.view.outputs() == 0 {
            return Ok(());
        }
        let outputs = self.view.outputs();
        Err(Error::new(
            ErrorKind::EmptyReduction,
            format!(
                "there is no smallest or largest value of 0 elements, for none of the {outputs} result(s): what is \
                 reduced has length 0; leave such arrays out"
            ),
        ))
    }
}

impl<T: Float, D: Dimension> Reduced<T, D> {
    /// The result and the sums of weights, which must have been requested.
    pub fn pair(self) -> Result<(DeviceArray<T, D>, DeviceArray<T, D>)> {
        match self.weight_sums {
            Some(sums) => Ok((self.result, sums)),
            None => Err(Error::new(ErrorKind::InvalidOption, "no sums of weights were asked for")),
        }
    }
}
