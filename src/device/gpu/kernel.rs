//! Kernels: WGSL put together from fragments, compiled the first time it is used and kept.
//!
//! A kernel family has one skeleton file; a specialisation picks the fragments that give names their meaning (`Real`,
//! `Bits`, an accumulator, how a weight is loaded). Shaders keep wgpu's bounds checks: tables whose order nobody has
//! checked must not reach past their end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::watched::Watched;
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

impl Kernel {
    /// The whole shader.
    pub fn source(&self) -> String {
        self.fragments.join("\n")
    }
}

/// A compiled kernel.
pub(crate) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// All compiled kernels of a device.
pub(crate) struct Pipelines {
    device: Arc<Watched>,
    compiled: Mutex<HashMap<String, Arc<Pipeline>>>,
}

impl Pipelines {
    pub fn new(device: &Arc<Watched>) -> Self {
        Self { device: device.clone(), compiled: Mutex::default() }
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
            source: wgpu::ShaderSource::Wgsl(kernel.source().into()),
        });
        let parameters = wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: true,
                min_binding_size: None,
            },
            count: None,
        };
        let buffers = (1..).zip(kernel.access).map(|(binding, &access)| buffer_entry(binding, access));
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label,
            entries: &[parameters].into_iter().chain(buffers).collect::<Vec<_>>(),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label,
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: Default::default(),
            cache: None,
        });
        Pipeline { pipeline, layout }
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
                Access::Read | Access::ReadWrite => {
                    wgpu::BufferBindingType::Storage { read_only: access == Access::Read }
                }
            },
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    }
}
