//! Dispatches `shaders/knots.wgsl`.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable, bytes_of};

use super::axis::PrepareKnots;
use crate::device::Operation;
use crate::device::check::Outcome;
use crate::device::gpu::{Access, Binding, GpuContext, Kernel};
use crate::device::host::HostPool;
use crate::element::{ElementType, Float};
use crate::error::{Error, ErrorKind, Result};
use crate::shader::{self, WORKGROUP};

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    knots: u32,
    total: u32,
    check: u32,
    unused: u32,
}

fn kernel(element: ElementType) -> Kernel {
    Kernel {
        name: format!("knots_{element}"),
        fragments: vec![
            shader::element(element),
            shader::SPECIAL,
            shader::GRID,
            include_str!("../../shaders/knots.wgsl"),
        ],
        access: &[Access::Read, Access::ReadWrite, Access::ReadWrite],
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Kernel> {
    [ElementType::F32, ElementType::F64].map(kernel).into()
}

impl<T: Float> Operation for PrepareKnots<T> {
    fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
        // The CPU engine builds a whole index instead, where the axis is made.
        Err(Error::new(ErrorKind::DeviceMismatch, "knots of a GPU cannot be prepared by the CPU engine"))
    }

    fn on_gpu(&self, context: &GpuContext) -> Result<()> {
        let bytes = crate::transfer::bytes_of::<T>(self.total);
        let Outcome::Word { buffer, index } = self.check.outcome() else { return Ok(()) };
        let parameters = Parameters { knots: self.knots as u32, total: self.total as u32, check: *index, unused: 0 };
        context.dispatch(
            &kernel(T::TYPE),
            bytes_of(&parameters),
            &[Binding::start(self.xp.gpu()?, bytes), Binding::start(self.keys.gpu()?, bytes), Binding::checks(buffer)],
            (self.total as u64).div_ceil(WORKGROUP),
        )
    }
}
