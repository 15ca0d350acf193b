//! Who may take part: names, and where each peer lives and computes. What they do is in `peers/` and `python/peers/`.

/// What ndgpu's own arms are called in the results.
pub const CPU: &str = "ndgpu CPU";
pub const GPU: &str = "ndgpu GPU";

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
    /// Whether it is ndgpu itself.
    pub fn is_own(&self) -> bool {
        self.name.starts_with("ndgpu")
    }

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

/// The peer of this name. Results of other versions may have names that are not known any more.
pub fn find(name: &str) -> Option<&'static Known> {
    ALL.iter().find(|known| known.name == name)
}
