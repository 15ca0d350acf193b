//! What the harness asks of burn over wgpu, without generics: whoever uses this crate compiles none of burn's code
//! again, which would take minutes each time.

use std::any::Any;
use std::rc::Rc;

use burn_tensor::TensorData;
use burn_tensor::backend::Backend;
use burn_wgpu::{Wgpu, WgpuDevice};

type Tensor = burn_tensor::Tensor<Wgpu, 2>;

/// burn's default device.
#[derive(Clone)]
pub struct Burn {
    device: WgpuDevice,
}

/// A matrix on it. Clones share it. Of what type is nobody else's business: even dropping a tensor is generic code,
/// which would be compiled wherever it happens.
#[derive(Clone)]
pub struct Matrix(Rc<dyn Any>);

impl Burn {
    /// Without a device burn panics here.
    pub fn open() -> Result<Self, String> {
        let burn = Self { device: WgpuDevice::default() };
        burn.synchronize().map(|()| burn)
    }

    pub fn about(&self) -> String {
        format!("burn 0.21, {}, its default device, with fusion and autotune", Wgpu::<f32, i32>::name(&self.device))
    }

    pub fn synchronize(&self) -> Result<(), String> {
        Wgpu::<f32, i32>::sync(&self.device).map_err(|error| format!("{error:?}"))
    }

    pub fn upload(&self, values: &[f32], shape: [usize; 2]) -> Matrix {
        Matrix::of(Tensor::from_data(TensorData::new(values.to_vec(), shape), &self.device))
    }
}

impl Matrix {
    fn of(tensor: Tensor) -> Self {
        Self(Rc::new(tensor))
    }

    /// A handle, as burn's operations want it.
    fn tensor(&self) -> Tensor {
        self.0.downcast_ref::<Tensor>().expect("made by `of`").clone()
    }

    pub fn matmul(&self, other: &Self) -> Self {
        Self::of(self.tensor().matmul(other.tensor()))
    }

    /// `(self * weights).sum_dim(axis) / weights.sum_dim(axis)`
    pub fn average(&self, weights: &Self, axis: usize) -> Self {
        let products = (self.tensor() * weights.tensor()).sum_dim(axis);
        Self::of(products / weights.tensor().sum_dim(axis))
    }

    pub fn read(&self) -> Result<Vec<f32>, String> {
        let data = self.tensor().try_into_data().map_err(|error| format!("{error:?}"))?;
        data.to_vec().map_err(|error| format!("{error:?}"))
    }
}
