//! Kernels: WGSL put together from fragments, compiled the first time it is used and kept.
//!
//! A kernel family has one skeleton file; a specialisation picks the fragments that give names their meaning (`Real`,
//! `Bits`, an accumulator, how a weight is loaded). Shaders keep wgpu's bounds checks: tables whose order nobody has
//! checked must not reach past their end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::gpu::error_scope::Watched;
use crate::error::Result;

/// How a kernel uses a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Only reads it. Preferred: what is bound for writing gets a barrier before each dispatch.
    Read,
    /// Writes it.
    ReadWrite,
    /// Reads it as constants, whole.
    Uniform,
    /// There is none: the number belongs to other kernels of the family.
    Absent,
}

/// A specialisation of a shader.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    /// Names the specialisation; no two kernels share a name.
    pub name: String,
    /// WGSL, in this order.
    pub fragments: Vec<&'static str>,
    /// The buffers at bindings 1, 2, ...; binding 0 holds the parameters.
    pub access: &'static [Access],
}

/// How the parameters of a dispatch reach the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParametersIn {
    /// A uniform buffer at binding 0, with a dynamic offset. Every device has it, but filling the buffer is a command more
    /// in each submission: on llvmpipe 60 µs of 200 for an operation on a tiny array.
    Uniform,
    /// The command itself.
    Immediates,
}

/// What shaders say of their parameters, and what it becomes where the command carries them.
const UNIFORM_PARAMETERS: &str = "@group(0) @binding(0) var<uniform> parameters: Parameters;";
const IMMEDIATE_PARAMETERS: &str = "var<immediate> parameters: Parameters;";

/// Room for the parameters of one dispatch as immediates. No kernel has more.
pub(crate) const IMMEDIATE_BYTES: u32 = 128;

impl Kernel {
    /// The buffers and their numbers.
    pub fn buffers(&self) -> impl Iterator<Item = (u32, Access)> {
        (1..).zip(self.access.iter().copied()).filter(|(_, access)| *access != Access::Absent)
    }

    /// The whole shader.
    pub fn source(&self, parameters: ParametersIn) -> String {
        let source = self.fragments.join("\n");
        match parameters {
            ParametersIn::Uniform => source,
            ParametersIn::Immediates => source.replacen(UNIFORM_PARAMETERS, IMMEDIATE_PARAMETERS, 1),
        }
    }
}

/// A compiled kernel.
pub(crate) struct Pipeline {
    /// The kernel's.
    pub name: String,
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// All compiled kernels of a device.
pub(crate) struct Pipelines {
    device: Arc<Watched>,
    parameters: ParametersIn,
    compiled: Mutex<HashMap<String, Arc<Pipeline>>>,
}

impl Pipelines {
    pub fn new(device: &Arc<Watched>, parameters: ParametersIn) -> Self {
        Self { device: device.clone(), parameters, compiled: Mutex::default() }
    }

    /// The kernel, compiled now if it has not been before.
    pub fn get(&self, kernel: &Kernel) -> Result<Arc<Pipeline>> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = compiled.get(&kernel.name) {
            return Ok(pipeline.clone());
        }
        let what = format!("compiling kernel {}", kernel.name);
        let pipeline = Arc::new(self.device.guard(&what, || self.compile(kernel))?);
        compiled.insert(kernel.name.clone(), pipeline.clone());
        Ok(pipeline)
    }

    fn compile(&self, kernel: &Kernel) -> Pipeline {
        let device = self.device.raw();
        let label = Some(kernel.name.as_str());
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label,
            source: wgpu::ShaderSource::Wgsl(kernel.source(self.parameters).into()),
        });
        let uniform = wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: true,
                min_binding_size: None,
            },
            count: None,
        };
        let (uniform, immediate_size) = match self.parameters {
            ParametersIn::Uniform => (Some(uniform), 0),
            ParametersIn::Immediates => (None, IMMEDIATE_BYTES),
        };
        let buffers = kernel.buffers().map(|(binding, access)| buffer_entry(binding, access));
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label,
            entries: &uniform.into_iter().chain(buffers).collect::<Vec<_>>(),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(&layout)],
            immediate_size,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label,
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            // Whatever a kernel has in a workgroup's memory it writes before it reads it.
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        Pipeline { name: kernel.name.clone(), pipeline, layout }
    }
}

/// The layout of one buffer.
pub(crate) fn buffer_entry(binding: u32, access: Access) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty: match access {
                Access::Uniform => wgpu::BufferBindingType::Uniform,
                Access::Read | Access::ReadWrite | Access::Absent => {
                    wgpu::BufferBindingType::Storage { read_only: access == Access::Read }
                }
            },
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    }
}
