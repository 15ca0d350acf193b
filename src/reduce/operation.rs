//! A reduction as a value, and how one is put together from arrays and weights.

use std::sync::Arc;

use ndarray::Dimension;

use super::{cpu, gpu};
use crate::array::DeviceArray;
use crate::device::check::{Check, Checks, Question};
use crate::device::gpu::GpuContext;
use crate::device::host::HostPool;
use crate::device::storage::Storage;
use crate::device::{Device, Engine, Operation};
use crate::element::Float;
use crate::error::Result;

/// An array seen as `[outer, len, inner]`; `len` is what is reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
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

/// What becomes of the sums of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    /// The sum of the values, or of the products with the weights.
    Sum = 0,
    /// The sum divided by the length.
    Mean = 1,
    /// The sum of the products divided by the sum of the weights.
    Average = 2,
}

/// Weights, if there are any.
#[derive(Clone)]
pub(super) enum Weights<T: Float> {
    None,
    /// One for each place along the axis, the same for every line.
    Along(Storage<T>),
    /// One for each element.
    Full(Storage<T>),
}

/// A reduction, ready to run.
pub(super) struct Reduce<T: Float> {
    pub view: View,
    pub values: Storage<T>,
    pub weights: Weights<T>,
    pub finish: Finish,
    pub output: Storage<T>,
    /// Where the sums of weights go, if they are wanted.
    pub weight_sums: Option<Storage<T>>,
    /// Where a sum of weights that is zero is noted; there if and only if this is an average.
    pub check: Option<Arc<Check>>,
}

impl<T: Float> Operation for Reduce<T> {
    fn on_cpu(&self, pool: &Arc<HostPool>) -> Result<()> {
        cpu::reduce(self, pool)
    }

    fn on_gpu(&self, context: &GpuContext) -> Result<()> {
        gpu::reduce(self, context)
    }
}

/// An array to be reduced, with the weights to do it with.
pub(super) struct Operands<'a, T: Float> {
    pub device: &'a Device,
    pub view: View,
    pub values: Storage<T>,
    pub weights: Weights<T>,
    /// What is already wrong with values or weights.
    pub checks: Checks,
}

/// The result of a reduction, and the sums of weights if they were wanted.
pub(super) struct Reduced<T: Float, D: Dimension> {
    pub result: DeviceArray<T, D>,
    pub weight_sums: Option<DeviceArray<T, D>>,
}

impl<T: Float> Operands<'_, T> {
    /// Reduces to an array of this shape.
    pub fn reduce<D: Dimension>(self, finish: Finish, want_sums: bool, shape: D) -> Result<Reduced<T, D>> {
        let Self { device, view, values, weights, checks } = self;
        let lines = view.lines();
        let output = device.allocate(lines)?;
        let weight_sums = if want_sums { Some(device.allocate(lines)?) } else { None };
        let check = match finish {
            Finish::Average => Some(new_check(device, shape.slice())?),
            Finish::Sum | Finish::Mean => None,
        };
        let checks = check.iter().fold(checks, |checks, check| checks.with(check.clone()));
        if lines > 0 {
            let weight_sums = weight_sums.clone();
            device.run(&Reduce { view, values, weights, finish, output: output.clone(), weight_sums, check })?;
        } else if let (Some(check), Weights::Along(weights)) = (check, weights) {
            // No averages, but weights all the same, and NumPy complains if their sum is zero.
            judge_weights(device, weights, view.len, check)?;
        }
        let array = |storage| DeviceArray::new(device.clone(), storage, shape.clone(), checks.clone());
        Ok(Reduced { result: array(output), weight_sums: weight_sums.map(array) })
    }
}

fn judge_weights<T: Float>(device: &Device, weights: Storage<T>, len: usize, check: Arc<Check>) -> Result<()> {
    device.run(&Reduce {
        view: View { outer: 1, len, inner: 1 },
        values: weights.clone(),
        weights: Weights::Along(weights),
        finish: Finish::Average,
        output: device.allocate(1)?,
        weight_sums: None,
        check: Some(check),
    })
}

fn new_check(device: &Device, output: &[usize]) -> Result<Arc<Check>> {
    let question = Question::ZeroWeights { output: output.to_vec() };
    match device.engine() {
        Engine::Cpu(_) => Ok(Check::on_host(question)),
        Engine::Gpu(context) => context.check(question),
    }
}

impl<T: Float> Operands<'_, T> {
    /// Adds weights that were found to fit.
    pub fn with_weights<E: Dimension>(mut self, given: &DeviceArray<T, E>, fitting: Weights<T>) -> Result<Self> {
        self.device.expect(given.device(), "the weights")?;
        self.checks = Checks::union([&self.checks, given.checks()]);
        self.weights = fitting;
        Ok(self)
    }
}

impl<T: Float, D: Dimension> Reduced<T, D> {
    /// Result and sums of weights, which must have been wanted.
    pub fn pair(self) -> Result<(DeviceArray<T, D>, DeviceArray<T, D>)> {
        match self.weight_sums {
            Some(sums) => Ok((self.result, sums)),
            None => Err(crate::Error::new(crate::ErrorKind::InvalidOption, "no sums of weights were asked for")),
        }
    }
}
