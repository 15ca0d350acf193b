//! A kernel in every language that wgpu translates it to, with the options that wgpu has where it does.

use naga::back::pipeline_constants::process_overrides;
use naga::back::{glsl, hlsl, msl, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ValidationFlags, Validator};

use crate::engine::gpu::pipelines::{Access, KernelSource, ParametersIn, Place};

/// Where registers lie that belong to no buffer.
const SPACE: u8 = 255;
/// Where Metal has the sizes of all buffers.
const SIZES: u8 = 30;

pub(crate) struct Translation {
    pub wgsl: String,
    pub spirv: Vec<u32>,
    pub hlsl: String,
    /// None of 64 bits: Metal has no double, and wgpu has none on GL.
    pub msl: Option<String>,
}

/// Whether a shader computes in 64 bits, which not every language has.
pub(crate) fn is_wide(source: &str) -> bool {
    source.contains("f64") || source.contains("u64")
}

impl Translation {
    /// Panics with the kernel's name if there is something that cannot be said.
    pub fn of(kernel: &KernelSource, parameters: ParametersIn) -> Self {
        let (name, wgsl) = (&kernel.name, kernel.wgsl(parameters));
        let module = naga::front::wgsl::parse_str(&wgsl)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&wgsl)));
        let info = Validator::new(ValidationFlags::all(), Capabilities::all())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&wgsl)));
        let is_wide = is_wide(&wgsl);
        if !is_wide && parameters == ParametersIn::Uniform {
            Validator::new(ValidationFlags::all(), Capabilities::empty())
                .validate(&module)
                .unwrap_or_else(|error| panic!("{name} needs more than plain WebGPU: {error:?}"));
        }
        let declared = kernel.buffers().count() + usize::from(parameters == ParametersIn::Uniform);
        assert_eq!(buffers(&module), declared, "{name}: bindings and access do not agree");

        // As wgpu does before it translates: no language but WGSL has overrides by name.
        let constants = kernel.constants.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
        let (module, info) = process_overrides(&module, &info, None, &constants)
            .unwrap_or_else(|error| panic!("{name} with {:?}: {error}", kernel.constants));
        if !is_wide && parameters == ParametersIn::Uniform {
            glsl(&module, &info).unwrap_or_else(|error| panic!("{name} in GLSL: {error}"));
        }
        let spirv = spv::write_vec(&module, &info, &spirv_options(), None)
            .unwrap_or_else(|error| panic!("{name} in SPIR-V: {error}"));
        let mut hlsl = String::new();
        hlsl::Writer::new(&mut hlsl, &hlsl_options(), &Default::default())
            .write(&module, &info, None)
            .unwrap_or_else(|error| panic!("{name} in HLSL: {error}"));
        let msl = (!is_wide).then(|| {
            msl::write_string(&module, &info, &msl_options(kernel), &Default::default())
                .unwrap_or_else(|error| panic!("{name} in MSL: {error}"))
                .0
        });
        Self { wgsl, spirv, hlsl, msl }
    }
}

const CHECKED: BoundsCheckPolicies = BoundsCheckPolicies {
    index: BoundsCheckPolicy::Restrict,
    buffer: BoundsCheckPolicy::Restrict,
    image_load: BoundsCheckPolicy::Restrict,
    binding_array: BoundsCheckPolicy::Unchecked,
};

fn spirv_options() -> spv::Options<'static> {
    spv::Options {
        lang_version: (1, 3),
        bounds_check_policies: CHECKED,
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        ..Default::default()
    }
}

fn hlsl_options() -> hlsl::Options {
    let target = |register| hlsl::BindTarget { space: SPACE, register, ..Default::default() };
    hlsl::Options {
        shader_model: hlsl::ShaderModel::V6_0,
        zero_initialize_workgroup_memory: false,
        special_constants_binding: Some(target(0)),
        immediates_target: Some(target(1)),
        ..Default::default()
    }
}

fn msl_options(kernel: &KernelSource) -> msl::Options {
    // Metal counts the buffers of all groups in one row.
    let slot = |(slot, ((group, binding), access)): (u8, (Place, Access))| {
        let target = msl::BindTarget { buffer: Some(slot), mutable: access == Access::ReadWrite, ..Default::default() };
        (naga::ResourceBinding { group, binding }, target)
    };
    let resources = msl::EntryPointResources {
        resources: (0..).zip(std::iter::once(((0, 0), Access::Uniform)).chain(kernel.buffers())).map(slot).collect(),
        immediates_buffer: Some(0),
        sizes_buffer: Some(SIZES),
    };
    msl::Options {
        lang_version: (2, 0),
        per_entry_point_map: [("main".to_owned(), resources)].into(),
        fake_missing_bindings: false,
        bounds_check_policies: CHECKED,
        zero_initialize_workgroup_memory: false,
        ..Default::default()
    }
}

fn glsl(module: &naga::Module, info: &naga::valid::ModuleInfo) -> Result<String, glsl::Error> {
    let options = glsl::Options { version: glsl::Version::new_gles(310), ..Default::default() };
    let pipeline =
        glsl::PipelineOptions { shader_stage: naga::ShaderStage::Compute, entry_point: "main".into(), multiview: None };
    let mut text = String::new();
    glsl::Writer::new(&mut text, module, info, &options, &pipeline, Default::default())?.write()?;
    Ok(text)
}

/// How many buffers it uses, that of the parameters included.
fn buffers(module: &naga::Module) -> usize {
    use naga::AddressSpace::{Storage, Uniform};
    let is_buffer = |variable: &naga::GlobalVariable| matches!(variable.space, Storage { .. } | Uniform);
    module.global_variables.iter().filter(|(_, variable)| is_buffer(variable)).count()
}
