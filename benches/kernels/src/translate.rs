//! WGSL to SPIR-V as wgpu does it on the device whose compiler is asked.

use std::collections::HashMap;

use naga::back::pipeline_constants::process_overrides;
use naga::back::spv;
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ValidationFlags, Validator};

/// A buffer that a kernel binds.
pub struct Buffer {
    pub group: u32,
    pub binding: u32,
    pub is_uniform: bool,
}

pub struct Translated {
    pub spirv: Vec<u32>,
    pub buffers: Vec<Buffer>,
}

/// The options are those of wgpu-hal 30 for a Vulkan device with `robustBufferAccess2`, which RADV has: buffers are
/// checked by the hardware, indices into arrays by the shader, and every loop counts its turns. `trusted` is what
/// `create_shader_module_trusted` makes of it with no checks at all.
pub fn translate(wgsl: &str, constants: &HashMap<String, f64>, trusted: bool) -> Result<Translated, String> {
    let module = naga::front::wgsl::parse_str(wgsl).map_err(|error| error.emit_to_string(wgsl))?;
    let info = Validator::new(ValidationFlags::all(), Capabilities::all())
        .validate(&module)
        .map_err(|error| error.emit_to_string(wgsl))?;
    let constants = constants.iter().map(|(name, value)| (name.clone(), *value)).collect();
    let (module, info) = process_overrides(&module, &info, None, &constants).map_err(|error| error.to_string())?;
    let unchecked = BoundsCheckPolicy::Unchecked;
    let options = spv::Options {
        lang_version: (1, 5),
        bounds_check_policies: BoundsCheckPolicies {
            index: if trusted { unchecked } else { BoundsCheckPolicy::Restrict },
            buffer: unchecked,
            image_load: unchecked,
            binding_array: unchecked,
        },
        // As ndgpu asks for it.
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        force_loop_bounding: !trusted,
        emit_int_div_checks: !trusted,
        ..Default::default()
    };
    let entry = spv::PipelineOptions { shader_stage: naga::ShaderStage::Compute, entry_point: "main".into() };
    let spirv = spv::write_vec(&module, &info, &options, Some(&entry)).map_err(|error| error.to_string())?;
    let buffers = module.global_variables.iter().filter_map(|(_, variable)| {
        let naga::ResourceBinding { group, binding } = variable.binding?;
        Some(Buffer { group, binding, is_uniform: variable.space == naga::AddressSpace::Uniform })
    });
    Ok(Translated { spirv, buffers: buffers.collect() })
}
