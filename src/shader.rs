//! The WGSL fragments that several kernels share.

use crate::element::ElementType;

/// Invocations a workgroup, as `shaders/lib/grid.wgsl` has it.
pub(crate) const WORKGROUP: u64 = 64;

pub(crate) const SPECIAL: &str = include_str!("../shaders/lib/special.wgsl");
pub(crate) const GRID: &str = include_str!("../shaders/lib/grid.wgsl");
pub(crate) const SEARCH: &str = include_str!("../shaders/lib/search.wgsl");
pub(crate) const MODULO: &str = include_str!("../shaders/lib/modulo.wgsl");
pub(crate) const COMPENSATED: &str = include_str!("../shaders/lib/accumulate_compensated.wgsl");

/// What the element type is called in shaders.
pub(crate) fn element(element: ElementType) -> &'static str {
    match element {
        ElementType::F64 => include_str!("../shaders/lib/f64.wgsl"),
        ElementType::F32 | ElementType::U32 => include_str!("../shaders/lib/f32.wgsl"),
    }
}

#[cfg(test)]
mod export;
#[cfg(test)]
mod translate;

/// Every kernel there is, for the tests.
#[cfg(test)]
fn kernels() -> Vec<crate::device::gpu::Kernel> {
    [
        crate::device::gpu::kernels(),
        crate::knots::kernels(),
        crate::interp::kernels(),
        crate::reduce::kernels(),
        crate::plan::kernels(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::kernels;
    use super::translate::Translation;
    use crate::device::gpu::ParametersIn;

    #[test]
    fn every_kernel_translates_to_every_language_that_can_express_it() {
        let kernels = kernels();
        let mut names: Vec<_> = kernels.iter().map(|kernel| kernel.name.clone()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), kernels.len(), "kernels share a name");
        for kernel in &kernels {
            let [in_a_buffer, in_the_command] =
                [ParametersIn::Uniform, ParametersIn::Immediates].map(|place| Translation::of(kernel, place).wgsl);
            assert_ne!(in_a_buffer, in_the_command, "{} declares its parameters in a way of its own", kernel.name);
        }
    }
}
