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
mod tests {
    use naga::back::{glsl, hlsl, msl, spv};
    use naga::valid::{Capabilities, ValidationFlags, Validator};

    use crate::device::gpu::{Kernel, ParametersIn};

    fn kernels() -> Vec<Kernel> {
        [
            crate::device::gpu::kernels(),
            crate::knots::kernels(),
            crate::interp::kernels(),
            crate::reduce::kernels(),
            crate::plan::kernels(),
        ]
        .concat()
    }

    /// Whether a shader computes in 64 bits, which not every language has.
    fn is_wide(source: &str) -> bool {
        source.contains("f64") || source.contains("u64")
    }

    #[test]
    fn every_kernel_translates_to_every_language_that_can_express_it() {
        let kernels = kernels();
        let mut names: Vec<_> = kernels.iter().map(|kernel| kernel.name.clone()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), kernels.len(), "kernels share a name");
        for kernel in &kernels {
            translate(kernel);
        }
    }

    fn translate(kernel: &Kernel) {
        let (name, source) = (&kernel.name, kernel.source(ParametersIn::Uniform));
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
        let info = Validator::new(ValidationFlags::all(), Capabilities::all())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
        if !is_wide(&source) {
            Validator::new(ValidationFlags::all(), Capabilities::empty())
                .validate(&module)
                .unwrap_or_else(|error| panic!("{name} needs more than plain WebGPU: {error:?}"));
        }
        assert_eq!(buffers(&module), kernel.buffers().count(), "{name}: bindings and access do not agree");

        spv::write_vec(&module, &info, &spv::Options::default(), None).unwrap_or_else(|e| panic!("{name}: {e}"));

        let mut text = String::new();
        let options = hlsl::Options { shader_model: hlsl::ShaderModel::V6_0, ..Default::default() };
        hlsl::Writer::new(&mut text, &options, &Default::default())
            .write(&module, &info, None)
            .unwrap_or_else(|error| panic!("{name} in HLSL: {error}"));

        // The same with the parameters in the command, which is an extension of WebGPU.
        let source_with_immediates = kernel.source(ParametersIn::Immediates);
        assert_ne!(source, source_with_immediates, "{name} declares its parameters in a way of its own");
        let immediate = naga::front::wgsl::parse_str(&source_with_immediates)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source_with_immediates)));
        let checked = Validator::new(ValidationFlags::all(), Capabilities::all()).validate(&immediate);
        checked.unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source_with_immediates)));

        // Metal has no double, and wgpu offers no 64-bit floats on Metal and GL: there is nothing to translate.
        if is_wide(&source) {
            return;
        }
        let options = msl::Options { lang_version: (2, 0), fake_missing_bindings: true, ..Default::default() };
        msl::write_string(&module, &info, &options, &Default::default())
            .unwrap_or_else(|error| panic!("{name} in MSL: {error}"));

        let options = glsl::Options { version: glsl::Version::new_gles(310), ..Default::default() };
        let pipeline = glsl::PipelineOptions {
            shader_stage: naga::ShaderStage::Compute,
            entry_point: "main".into(),
            multiview: None,
        };
        let mut text = String::new();
        glsl::Writer::new(&mut text, &module, &info, &options, &pipeline, Default::default())
            .and_then(|mut writer| writer.write())
            .unwrap_or_else(|error| panic!("{name} in GLSL: {error}"));
    }

    /// How many buffers it uses beside the parameters.
    fn buffers(module: &naga::Module) -> usize {
        use naga::AddressSpace::{Storage, Uniform};
        let is_buffer = |variable: &naga::GlobalVariable| matches!(variable.space, Storage { .. } | Uniform);
        module.global_variables.iter().filter(|(_, variable)| is_buffer(variable)).count() - 1
    }
}
