//! What the harness asks of burn over wgpu, without generics: whoever uses this crate compiles none of burn's code again,
//! which would take minutes each time.

use burn_tensor::backend::Backend;
use burn_tensor::{Tensor, TensorData};
use burn_wgpu::{Wgpu, WgpuDevice};

/// burn's default device.
#[derive(Clone)]
pub struct Burn {
    device: WgpuDevice,
}

/// A matrix on it. Clones share it.
#[derive(Clone)]
pub struct Matrix(Tensor<Wgpu, 2>);

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
        Matrix(Tensor::from_data(TensorData::new(values.to_vec(), shape), &self.device))
    }
}

impl Matrix {
    pub fn matmul(&self, other: &Self) -> Self {
        Self(self.0.clone().matmul(other.0.clone()))
    }

    /// `(self * weights).sum_dim(axis) / weights.sum_dim(axis)`
    pub fn average(&self, weights: &Self, axis: usize) -> Self {
        let products = (self.0.clone() * weights.0.clone()).sum_dim(axis);
        Self(products / weights.0.clone().sum_dim(axis))
    }

    pub fn read(&self) -> Result<Vec<f32>, String> {
        let data = self.0.clone().try_into_data().map_err(|error| format!("{error:?}"))?;
        data.to_vec().map_err(|error| format!("{error:?}"))
    }
}
