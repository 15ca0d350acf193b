//! What the harness asks of numr over wgpu, without generics: whoever uses this crate compiles none of numr's code
//! again.

use std::any::Any;
use std::rc::Rc;

use numr::prelude::{IndexingOps, Runtime, RuntimeClient, SortingOps, WgpuClient, WgpuDevice, WgpuRuntime};

type Result<T> = std::result::Result<T, String>;
type Tensor = numr::prelude::Tensor<WgpuRuntime>;

/// numr's first device.
#[derive(Clone)]
pub struct Numr(Rc<dyn Any>);

struct Context {
    client: WgpuClient,
    device: WgpuDevice,
}

/// An array on it. Clones share it. Of what type is nobody else's business: even dropping a tensor is generic code,
/// which would be compiled wherever it happens.
#[derive(Clone)]
pub struct Array(Rc<dyn Any>);

/// A table as numr's operations want it: numr has no interpolation of its own. A search among the inner knots gives the
/// segment without clamping; slopes are computed before.
pub struct Table(Rc<dyn Any>);

struct Parts {
    inner: Tensor,
    x0: Tensor,
    y0: Tensor,
    slope: Tensor,
}

impl Numr {
    /// Without a device numr panics here.
    pub fn open() -> Self {
        let client = WgpuRuntime::default_client(&WgpuDevice::new(0));
        let device = client.device().clone();
        Self(Rc::new(Context { client, device }))
    }

    fn context(&self) -> &Context {
        self.0.downcast_ref().expect("made by `open`")
    }

    pub fn about(&self) -> String {
        format!("numr 0.14 on {}", self.context().device.adapter_name())
    }

    pub fn synchronize(&self) {
        self.context().client.synchronize();
    }

    pub fn upload(&self, values: &[f32], shape: &[usize]) -> Result<Array> {
        Tensor::from_slice(values, shape, &self.context().device).map(Array::of).map_err(told)
    }

    pub fn table(&self, xp: &[f32], fp: &[f32]) -> Result<Table> {
        let last = xp.len() - 1;
        let segments = xp.windows(2).zip(fp.windows(2));
        let slope: Vec<f32> = segments.map(|(xp, fp)| (fp[1] - fp[0]) / (xp[1] - xp[0])).collect();
        let up = |values: &[f32]| self.upload(values, &[values.len()]).map(|array| array.tensor().clone());
        let parts = Parts { inner: up(&xp[1..last])?, x0: up(&xp[..last])?, y0: up(&fp[..last])?, slope: up(&slope)? };
        Ok(Table(Rc::new(parts)))
    }

    pub fn interp(&self, table: &Table, x: &Array) -> Result<Array> {
        let table = table.0.downcast_ref::<Parts>().expect("made by `table`");
        let x = x.tensor();
        let composed = || -> numr::prelude::Result<Tensor> {
            let segment = self.context().client.searchsorted(&table.inner, x, true)?;
            let x0 = self.context().client.index_select(&table.x0, 0, &segment)?;
            let y0 = self.context().client.index_select(&table.y0, 0, &segment)?;
            let slope = self.context().client.index_select(&table.slope, 0, &segment)?;
            x.sub(&x0)?.mul(&slope)?.add(&y0)
        };
        composed().map(Array::of).map_err(told)
    }
}

impl Array {
    fn of(tensor: Tensor) -> Self {
        Self(Rc::new(tensor))
    }

    fn tensor(&self) -> &Tensor {
        self.0.downcast_ref().expect("made by `of`")
    }

    pub fn matmul(&self, other: &Self) -> Result<Self> {
        self.tensor().matmul(other.tensor()).map(Self::of).map_err(told)
    }

    /// `(self * weights).sum(axis) / weights.sum(axis)`
    pub fn average(&self, weights: &Self, axis: usize) -> Result<Self> {
        let composed = || {
            let products = self.tensor().mul(weights.tensor())?.sum(&[axis], true)?;
            products.div(&weights.tensor().sum(&[axis], true)?)
        };
        composed().map(Self::of).map_err(told)
    }

    pub fn read(&self) -> Result<Vec<f32>> {
        self.tensor().contiguous().and_then(|array| array.try_to_vec()).map_err(told)
    }
}

fn told(error: numr::prelude::Error) -> String {
    error.to_string()
}
