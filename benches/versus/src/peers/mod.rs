//! Who takes part: a module for each, and the list of all of them.

mod burn;
mod crates;
mod floors;
mod ndgpu_engine;
mod numr;
mod plain;
mod wgsl;
mod wgsl_average;
mod wgsl_overhead;

use ndarray::{Array1, Array2};

use crate::data::{Outcome, Real, load};
use crate::protocol::Task;
use crate::worker::{Peer, Values};
use crate::workload::{Type, Workload};

/// What a worker has to know besides its workload.
#[derive(Clone, Default)]
pub struct Options {
    /// Part of the name of the adapter to use, if not the best.
    pub adapter: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// In this program.
    Rust,
    /// In `python/peers/`, under this name.
    Python,
}

/// Where a peer computes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Cpu,
    /// On the adapter that ndgpu's GPU engine uses.
    Gpu,
    /// On an NVIDIA GPU by way of CUDA.
    Cuda,
}

pub struct Known {
    pub name: &'static str,
    pub home: Home,
    pub side: Side,
    pub what: &'static str,
}

impl Known {
    /// Whether the first call compiles, or tries kernels out: its time says nothing about the others.
    pub fn compiles(&self) -> bool {
        ["jax", "jax-cuda", "numba", "cupy", "burn"].contains(&self.name)
    }
}

const fn known(name: &'static str, home: Home, side: Side, what: &'static str) -> Known {
    Known { name, home, side, what }
}

/// In the order of the tables.
pub const ALL: [Known; 16] = [
    known("ndgpu-cpu", Home::Rust, Side::Cpu, "ndgpu's native CPU engine"),
    known("ndgpu-gpu", Home::Rust, Side::Gpu, "ndgpu's GPU engine, by way of wgpu"),
    known("numpy", Home::Python, Side::Cpu, "np.interp, np.average, np.einsum"),
    known("numpy-dot", Home::Python, Side::Cpu, "np.dot, which is OpenBLAS, in a process of its own"),
    known("scipy", Home::Python, Side::Cpu, "scipy.interpolate.make_interp_spline(k=1)"),
    known("jax", Home::Python, Side::Cpu, "JAX on the CPU, jit"),
    known("numba", Home::Python, Side::Cpu, "loops compiled by numba, parallel, fastmath off"),
    known("crates", Home::Rust, Side::Cpu, "the crates ndarray, ndarray-interp and interp, over rayon"),
    known("plain", Home::Rust, Side::Cpu, "sums without compensation, in f32 and in f64: what accuracy costs"),
    known("floors", Home::Rust, Side::Cpu, "reading and copying memory with all threads: the limits"),
    known(
        "wgsl",
        Home::Rust,
        Side::Gpu,
        "bare wgpu: a plain bisection kernel; averages laid out by hand; copies and dispatches as limits",
    ),
    known("numr", Home::Rust, Side::Gpu, "numr 0.14: searchsorted and gathers; products and sums; matmul"),
    known("burn", Home::Rust, Side::Gpu, "burn-wgpu 0.21: products and sums; matmul"),
    known("cupy", Home::Python, Side::Cuda, "CuPy: cupy.interp, cupy.average"),
    known("torch", Home::Python, Side::Cuda, "PyTorch: searchsorted and gathers; products and sums; matmul"),
    known("jax-cuda", Home::Python, Side::Cuda, "JAX on the GPU, jit"),
];

/// The library of a Rust peer, or why it is not to be had.
pub fn open(name: &str, options: &Options) -> Outcome<Box<dyn Peer>> {
    match name {
        "ndgpu-cpu" => Ok(Box::new(ndgpu_engine::Engine::cpu())),
        "ndgpu-gpu" => Ok(Box::new(ndgpu_engine::Engine::gpu(options)?)),
        "crates" => Ok(Box::new(crates::Crates)),
        "plain" => Ok(Box::new(plain::Plain)),
        "floors" => Ok(Box::new(floors::Floors::new())),
        "wgsl" => Ok(Box::new(wgsl::Wgsl::open(options)?)),
        "numr" => numr::open(),
        "burn" => burn::open(),
        _ => Err(format!("there is no peer called {name}")),
    }
}

/// Inputs of an interpolation: a row a table, also if it is only one.
pub struct Tables<T> {
    pub xp: Array2<T>,
    pub fp: Array2<T>,
    pub x: Array2<T>,
}

impl<T: Real> Tables<T> {
    pub fn load(task: &Task, tables: usize) -> Outcome<Self> {
        let two = |name| -> Outcome<Array2<T>> {
            if tables > 1 {
                return load(&task.folder, name);
            }
            let one: Array1<T> = load(&task.folder, name)?;
            Ok(one.insert_axis(ndarray::Axis(0)))
        };
        Ok(Self { xp: two("xp")?, fp: two("fp")?, x: two("x")? })
    }
}

/// Inputs of an average: weights of shape `[places]` or of the matrix's.
pub struct Matrix<T> {
    pub a: Array2<T>,
    pub weights: Weights<T>,
}

pub enum Weights<T> {
    Line(Array1<T>),
    Full(Array2<T>),
}

impl<T: Real> Matrix<T> {
    pub fn load(task: &Task, full: bool) -> Outcome<Self> {
        let a = load(&task.folder, "a")?;
        let weights =
            if full { Weights::Full(load(&task.folder, "w")?) } else { Weights::Line(load(&task.folder, "w")?) };
        Ok(Self { a, weights })
    }
}

/// Picks the code for the element type.
pub fn by_type<R>(workload: &Workload, f32: impl FnOnce() -> R, f64: impl FnOnce() -> R) -> R {
    match workload.ty() {
        Type::F32 => f32(),
        Type::F64 => f64(),
    }
}

/// Results of any type as what is written to the file.
pub fn values<T: Real>(values: &[T]) -> Values {
    match T::TYPE {
        ndgpu::ElementType::F64 => Values::F64(values.iter().map(|&value| value.into()).collect()),
        _ => Values::F32(
            values
                .iter()
                .map(|&value| {
                    let wide: f64 = value.into();
                    wide as f32
                })
                .collect(),
        ),
    }
}
