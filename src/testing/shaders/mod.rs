//! Every kernel, translated and exported.

mod export;
mod layout;
mod manifest;
mod operations;
mod translate;

/// Every kernel there is, for the tests.
fn kernels() -> Vec<crate::engine::gpu::pipelines::KernelSource> {
    [
        crate::engine::gpu::kernels(),
        crate::kernels::arrange::gpu::kernels(),
        crate::kernels::search::gpu::kernels(),
        crate::kernels::interp::gpu::kernels(),
        crate::kernels::reduce::gpu::variant::kernels(),
        crate::kernels::adjoint::gpu::kernels(),
        crate::kernels::locate::gpu::kernels(),
        crate::kernels::slope::gpu::kernels(),
        crate::kernels::standardize::gpu::kernels(),
        crate::kernels::transpose::gpu::kernels(),
        crate::kernels::broadcast_rows::gpu::kernels(),
        crate::kernels::sum_over_rows::gpu::kernels(),
        crate::kernels::interp_reduce::gpu::kernels(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::kernels;
    use crate::engine::gpu::pipelines::ParametersIn;
    use crate::testing::shaders::translate::Translation;

    #[test]
    fn every_kernel_translates_to_every_language_that_can_express_it() {
        let kernels = kernels();
        let mut names: Vec<_> = kernels.iter().map(|kernel| kernel.name.clone()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), kernels.len(), "kernels share a name");
        let mut sources = std::collections::HashMap::new();
        for kernel in &kernels {
            let source = (&kernel.fragments, format!("{:?}", kernel.constants), kernel.access, kernel.shared);
            let other = sources.insert(source, &kernel.name);
            assert_eq!(other, None, "{} is the same kernel under another name", kernel.name);
        }
        for kernel in &kernels {
            let [in_a_buffer, in_the_command] =
                [ParametersIn::Uniform, ParametersIn::Immediates].map(|place| Translation::of(kernel, place).wgsl);
            assert_ne!(in_a_buffer, in_the_command, "{} declares its parameters in a way of its own", kernel.name);
        }
    }
}
