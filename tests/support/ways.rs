//! The ways in which an operation is run: by a call, or in a plan. Its outcome is the same either way.

use ndarray::{ArrayD, IxDyn};
use ndgpu::{AnyArray, Device, DeviceArray, Float, Result};

/// An operand of any number of axes.
pub type Operand<T> = DeviceArray<T, IxDyn>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As calls, each computed as it is made.
    Eager,
    /// In a plan that was captured over other values of the same shapes, and is replayed over these.
    Plan,
}

impl Way {
    pub fn run<T: Float>(
        self,
        device: &Device,
        operands: &[Operand<T>],
        operation: impl Fn(&[&Operand<T>]) -> Result<Vec<AnyArray>>,
    ) -> Result<Vec<AnyArray>> {
        let operands: Vec<&Operand<T>> = operands.iter().collect();
        match self {
            Self::Eager => operation(&operands),
            Self::Plan => {
                let ones = |operand: &&Operand<T>| device.upload(&ArrayD::<T>::ones(operand.raw_dim()));
                let others = operands.iter().map(ones).collect::<Result<Vec<_>>>()?;
                let inputs: Vec<&Operand<T>> = others.iter().collect();
                let mut plan = device.capture(inputs, |inputs: Vec<&Operand<T>>| operation(&inputs))?;
                plan.write(operands)?;
                plan.replay()
            }
        }
    }
}
