//! What a driver's compiler makes of arithmetic that it could take for redundant, found out when a device is opened.

use super::{Access, Binding, Commands, GpuContext, Kernel, Purpose};
use crate::element::{ElementType, Float};
use crate::error::Result;
use crate::shader;

/// The check in the element type that sums are compensated in.
pub(crate) fn kernel(element: ElementType) -> Kernel {
    Kernel {
        name: format!("self_check_{element}"),
        fragments: vec![
            shader::element(element),
            shader::SPECIAL,
            shader::COMPENSATED,
            include_str!("../../../shaders/self_check.wgsl"),
        ],
        access: &[Access::Read, Access::ReadWrite],
    }
}

impl GpuContext {
    /// Whether compensated sums are what they should be here. Compiles and runs one small kernel, and waits for it.
    pub(super) fn compensation_survives(&self) -> Result<bool> {
        if self.info().supports_f64 { self.compensates::<f64>() } else { self.compensates::<f32>() }
    }

    fn compensates<T: Float>(&self) -> Result<bool> {
        let one = T::one();
        let epsilon = T::epsilon();
        // So large that adding 1 changes nothing.
        let large = T::narrow(4.0) / epsilon;
        let factor = one + epsilon;
        let values = [large, one, one, -large, factor, -(factor + epsilon)];
        let bytes = size_of_val(&values) as u64;
        let size = size_of::<T>() as u64;

        let input = self.storage(bytes)?;
        self.upload(&input, bytes, |_, mut staging| staging.copy_from_slice(bytemuck::cast_slice(&values)))?;
        let output = self.storage(2 * size)?;
        let bindings = [Binding::start(&input, bytes), Binding::start(&output, 2 * size)];
        Commands::at_once(self).dispatch(&kernel(T::TYPE), bytemuck::bytes_of(&[0_u32; 4]), &bindings, 1)?;

        let staging = self.buffer(Purpose::Readback, 2 * size)?;
        self.land(&[(output.raw(), 0, 2 * size)], staging.raw())?.wait(self)?;
        let landed = staging.mapped(2 * size)?;
        let survives = *bytemuck::cast_slice::<_, T>(&landed) == [one + one, epsilon * epsilon];
        drop(landed);
        staging.unmap();
        Ok(survives)
    }
}
