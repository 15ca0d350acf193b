//! Compiled kernels, each compiled when it is first dispatched and kept.
//!
//! ```text
//! KernelKey (Copy)  ──lookup, no allocation──►  Pipeline
//!      │ first time only                            ▲ one for each set of constants
//!      ▼                                            │
//! KernelSource {name, fragments, constants, ..} ──fragments──► ShaderModule (shared)
//! ```
//!
//! A kernel family has one skeleton of WGSL; a variant picks the fragments that give names their meaning (`Real`,
//! `Bits`, an accumulator, how a weight is loaded) and the values of pipeline-overridable constants (`override`).
//! Shaders keep wgpu's bounds checks: tables whose order has not been checked must not be read past their end.

use std::any::Any;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::engine::gpu::error_scope::ScopedDevice;
use crate::engine::gpu::once_map::OnceMap;
use crate::error::Result;

/// How a kernel uses a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// Where a kernel finds a buffer: the number of its bind group, and its number within that.
pub(crate) type Place = (u32, u32);

/// Which kernel of a family: a few enums and flags. Looking a pipeline up takes no more than hashing them; what they
/// stand for is put together when the kernel is compiled, and for tests.
pub(crate) trait KernelKey: Copy + Eq + Hash + Debug + Send + Sync + 'static {
    /// What is compiled. Two keys of equal sources are two pipelines, so a key holds nothing its source does not depend
    /// on.
    fn source(self) -> KernelSource;
}

/// The values of a shader's `override` declarations, by name.
pub(crate) type Constants = Vec<(&'static str, f64)>;

/// What a kernel is compiled from.
#[derive(Clone, Debug)]
pub(crate) struct KernelSource {
    /// For labels, errors and exported files; no two kernels share a name.
    pub name: String,
    /// WGSL, in this order. Kernels of the same fragments share a shader module.
    pub fragments: Vec<&'static str>,
    pub constants: Constants,
    /// The buffers at bindings 1, 2, ... of group 0; its binding 0 holds the parameters.
    pub access: &'static [Access],
    /// The buffers of group 1, from binding 0 on: what many dispatches share, such as a table.
    pub shared: &'static [Access],
}

/// How the parameters of a dispatch reach the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParametersIn {
    /// A uniform buffer at binding 0, with a dynamic offset. Every device has it, but filling the buffer is a command
    /// more in each submission: on llvmpipe 60 µs of 200 for an operation on a tiny array.
    Uniform,
    /// The command itself.
    Immediates,
}

/// What shaders say of their parameters, and what it becomes where the command carries them.
const UNIFORM_PARAMETERS: &str = "@group(0) @binding(0) var<uniform> parameters: Parameters;";
const IMMEDIATE_PARAMETERS: &str = "var<immediate> parameters: Parameters;";

/// Room for the parameters of one dispatch as immediates. No kernel has more.
pub(crate) const IMMEDIATE_BYTES: u32 = 128;

impl KernelSource {
    /// The buffers of group 0 by their numbers.
    pub fn own_buffers(&self) -> impl Iterator<Item = (u32, Access)> {
        (1..).zip(self.access.iter().copied()).filter(|(_, access)| *access != Access::Absent)
    }

    /// All buffers.
    pub fn buffers(&self) -> impl Iterator<Item = (Place, Access)> {
        let own = self.own_buffers().map(|(number, access)| ((0, number), access));
        own.chain((0..).zip(self.shared.iter().copied()).map(|(number, access)| ((1, number), access)))
    }

    /// The whole shader.
    pub fn wgsl(&self, parameters: ParametersIn) -> String {
        let source = self.fragments.join("\n");
        match parameters {
            ParametersIn::Uniform => source,
            ParametersIn::Immediates => source.replacen(UNIFORM_PARAMETERS, IMMEDIATE_PARAMETERS, 1),
        }
    }
}

/// A compiled kernel.
pub(crate) struct Pipeline {
    pub source: KernelSource,
    pub pipeline: wgpu::ComputePipeline,
    /// Of group 0.
    pub layout: wgpu::BindGroupLayout,
    /// Of group 1, if there is one.
    pub shared_layout: Option<wgpu::BindGroupLayout>,
}

/// A key of any family.
trait AnyKey: Any + Send + Sync {
    fn equals(&self, other: &dyn AnyKey) -> bool;
    fn feed(&self, hasher: &mut dyn Hasher);
}

impl<K: KernelKey> AnyKey for K {
    fn equals(&self, other: &dyn AnyKey) -> bool {
        (other as &dyn Any).downcast_ref::<K>() == Some(self)
    }

    fn feed(&self, mut hasher: &mut dyn Hasher) {
        (self.type_id(), self).hash(&mut hasher);
    }
}

impl PartialEq for dyn AnyKey {
    fn eq(&self, other: &Self) -> bool {
        self.equals(other)
    }
}

impl Eq for dyn AnyKey {}

impl Hash for dyn AnyKey {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.feed(hasher);
    }
}

/// All compiled kernels of a device. Compiling one keeps no thread from using the others.
pub(crate) struct Pipelines {
    device: Arc<ScopedDevice>,
    parameters: ParametersIn,
    modules: OnceMap<Vec<&'static str>, wgpu::ShaderModule>,
    /// Of what kernels share: one layout for all that use the buffers alike, so that one bind group serves them all.
    shared_layouts: OnceMap<&'static [Access], wgpu::BindGroupLayout>,
    compiled: OnceMap<Box<dyn AnyKey>, Arc<Pipeline>>,
}

impl Pipelines {
    pub fn new(device: &Arc<ScopedDevice>, parameters: ParametersIn) -> Self {
        Self {
            device: device.clone(),
            parameters,
            modules: OnceMap::default(),
            shared_layouts: OnceMap::default(),
            compiled: OnceMap::default(),
        }
    }

    /// The kernel, compiled now if it has not been before.
    pub fn get(&self, key: impl KernelKey) -> Result<Arc<Pipeline>> {
        self.compiled.get_or_make(&key as &dyn AnyKey, || Box::new(key), || self.make(key.source()).map(Arc::new))
    }

    /// The number of shader modules and of compiled kernels.
    #[cfg(test)]
    pub fn counts(&self) -> (usize, usize) {
        (self.modules.len(), self.compiled.len())
    }

    fn make(&self, source: KernelSource) -> Result<Pipeline> {
        let what = format!("compiling kernel {}", source.name);
        let module = self.modules.get_or_make(
            &source.fragments,
            || source.fragments.clone(),
            || self.device.checked(&what, || self.parse(&source)),
        )?;
        let shared_layout = (!source.shared.is_empty()).then(|| {
            let make = || self.device.checked(&what, || self.shared_layout(source.shared));
            self.shared_layouts.get_or_make(source.shared, || source.shared, make)
        });
        let shared_layout = shared_layout.transpose()?;
        self.device.checked(&what, || self.compile(source, &module, shared_layout))
    }

    fn shared_layout(&self, shared: &[Access]) -> wgpu::BindGroupLayout {
        let entries = (0..).zip(shared).map(|(binding, &access)| buffer_entry(binding, access));
        self.device.raw().create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("ndgpu shared buffers"),
            entries: &entries.collect::<Vec<_>>(),
        })
    }

    fn parse(&self, source: &KernelSource) -> wgpu::ShaderModule {
        self.device.raw().create_shader_module(wgpu::ShaderModuleDescriptor {
            // The first of those that share it.
            label: Some(&source.name),
            source: wgpu::ShaderSource::Wgsl(source.wgsl(self.parameters).into()),
        })
    }

    fn compile(
        &self,
        source: KernelSource,
        module: &wgpu::ShaderModule,
        shared_layout: Option<wgpu::BindGroupLayout>,
    ) -> Pipeline {
        let device = self.device.raw();
        let label = Some(source.name.as_str());
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
        let buffers = source.own_buffers().map(|(binding, access)| buffer_entry(binding, access));
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label,
            entries: &uniform.into_iter().chain(buffers).collect::<Vec<_>>(),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(&layout), shared_layout.as_ref()][..1 + usize::from(shared_layout.is_some())],
            immediate_size,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label,
            layout: Some(&pipeline_layout),
            module,
            entry_point: Some("main"),
            // Whatever a kernel has in a workgroup's memory it writes before it reads it.
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                constants: &source.constants,
            },
            cache: None,
        });
        Pipeline { source, pipeline, layout, shared_layout }
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
