//! Memory and queues of both engines. No algorithm lives here.

pub(crate) mod check;
pub(crate) mod gpu;
pub(crate) mod host;
pub(crate) mod info;
pub(crate) mod pool;
pub(crate) mod storage;

use std::sync::Arc;

use crate::engine::gpu::GpuContext;
use crate::engine::host::memory::HostPool;

/// Where memory lies and operations run.
pub(crate) enum Engine {
    Cpu(Arc<HostPool>),
    Gpu(Arc<GpuContext>),
}
