//! [`Commands`]: what an operation gives its dispatches to. Either they are done at once, or they are kept, with everything
//! they need, for a plan to replay.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::Arc;

use crate::engine::gpu::GpuContext;
use crate::engine::gpu::buffers::GpuBuffer;
use crate::engine::gpu::pipelines::{KernelKey, Pipeline};
use crate::engine::gpu::queue::PARAMETER_BYTES;
use crate::error::{Error, ErrorKind, Result};

/// The largest element of any binding: four f64 of a table's segment, or the sums of f64.
pub(crate) const LARGEST_ELEMENT: u64 = 32;

/// A window of a buffer, bound to a kernel.
#[derive(Clone, Copy)]
pub(crate) struct Binding<'a> {
    pub(crate) buffer: &'a wgpu::Buffer,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

impl<'a> Binding<'a> {
    /// The first `bytes` of a buffer.
    pub fn start(buffer: &'a GpuBuffer, bytes: u64) -> Self {
        Self { buffer: buffer.raw(), offset: buffer.offset(), bytes }
    }

    /// Makes it end at a multiple of `step` bytes, for kernels that take several elements at once, if there is memory.
    pub fn round_up(&mut self, step: u64) -> bool {
        let bytes = self.bytes.next_multiple_of(step);
        let fits = self.offset + bytes <= self.buffer.size();
        if fits {
            self.bytes = bytes;
        }
        fits
    }

    /// All words of a buffer of checks.
    pub fn checks(buffer: &'a wgpu::Buffer) -> Self {
        Self { buffer, offset: 0, bytes: buffer.size() }
    }
}

impl GpuContext {
    /// A window of `count` elements of `size` bytes from element `first` on. Bindings must start at the device's
    /// alignment, so the window may start earlier: the second value says by how many elements.
    pub fn window<'a>(&self, buffer: &'a GpuBuffer, first: u64, count: u64, size: u64) -> (Binding<'a>, u32) {
        let wanted = first * size;
        let start = wanted - wanted % self.alignment;
        let before = (wanted - start) / size;
        let offset = buffer.offset() + start;
        (Binding { buffer: buffer.raw(), offset, bytes: (before + count) * size }, before as u32)
    }

    /// What the places of bindings, in bytes, are multiples of.
    pub fn alignment(&self) -> u64 {
        self.alignment
    }

    /// How many bytes a window may have, so that it fits even after it was moved to the device's alignment.
    pub fn window_bytes(&self) -> u64 {
        self.info.limits.max_binding_bytes - self.alignment
    }
}

/// A kernel with all it needs: replaying it takes nothing but recording it.
pub(crate) struct Dispatch {
    pub pipeline: Arc<Pipeline>,
    pub group: wgpu::BindGroup,
    pub parameters: Vec<u8>,
    /// Workgroups, in two dimensions.
    pub columns: u32,
    pub rows: u32,
    /// What is bound.
    pub bytes: u64,
}

/// Dispatches for a plan, and the memory between them.
#[derive(Default)]
pub(crate) struct Kept {
    pub dispatches: Vec<Dispatch>,
    pub scratch: Vec<Arc<GpuBuffer>>,
}

/// Takes the commands of operations.
pub(crate) struct Commands<'a> {
    context: &'a GpuContext,
    kept: Option<RefCell<Kept>>,
}

impl Deref for Commands<'_> {
    type Target = GpuContext;

    fn deref(&self) -> &GpuContext {
        self.context
    }
}

impl<'a> Commands<'a> {
    /// To be done in the order of the calls.
    pub fn at_once(context: &'a GpuContext) -> Self {
        Self { context, kept: None }
    }

    /// To be kept.
    pub fn to_keep(context: &'a GpuContext) -> Self {
        Self { context, kept: Some(RefCell::default()) }
    }

    /// How many dispatches have been kept.
    pub fn kept(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| kept.borrow().dispatches.len())
    }

    /// What was kept.
    pub fn into_kept(self) -> Kept {
        self.kept.map(RefCell::into_inner).unwrap_or_default()
    }

    /// Memory for results between dispatches, with any contents. A plan has it for itself.
    pub fn scratch(&self, bytes: u64) -> Result<Arc<GpuBuffer>> {
        let buffer = Arc::new(self.context.storage(bytes)?);
        if let Some(kept) = &self.kept {
            kept.borrow_mut().scratch.push(buffer.clone());
        }
        Ok(buffer)
    }

    /// The most workgroups that one dispatch takes: two dimensions full of them.
    pub fn most_workgroups(&self) -> u64 {
        u64::from(self.context.info.limits.max_workgroups_per_dimension).pow(2)
    }

    /// Takes a dispatch of `groups` workgroups; beyond 65,535 (or what the device's limit is) they are folded into the second
    /// dimension, and the kernel has to leave out those past the end.
    pub fn dispatch(
        &self,
        kernel: impl KernelKey,
        parameters: &[u8],
        bindings: &[Binding<'_>],
        groups: u64,
    ) -> Result<()> {
        self.context.health()?;
        self.dispatch_pipeline(self.context.pipelines.get(kernel)?, parameters, bindings, groups)
    }

    /// The same with the compiled kernel.
    pub(crate) fn dispatch_pipeline(
        &self,
        pipeline: Arc<Pipeline>,
        parameters: &[u8],
        bindings: &[Binding<'_>],
        groups: u64,
    ) -> Result<()> {
        let (context, source) = (self.context, &pipeline.source);
        debug_assert!(parameters.len() as u64 <= PARAMETER_BYTES && bindings.len() == source.buffers().count());
        let widest = u64::from(context.info.limits.max_workgroups_per_dimension);
        let columns = groups.min(widest);
        let rows = groups.div_ceil(columns.max(1));
        let bytes: u64 = bindings.iter().map(|binding| binding.bytes).sum();
        if groups > self.most_workgroups() {
            let limit = bytes / groups * self.most_workgroups();
            return Err(Error::new(
                ErrorKind::TooLarge { bytes, limit },
                format!(
                    "{bytes} bytes take {groups} workgroups, but device \"{}\" dispatches at most {widest} x {widest} at \
                     once; work in pieces, as Device::stream does",
                    context.info.name
                ),
            ));
        }
        let uniform = context.uniform();
        #[cfg(test)]
        let _watch = crate::engine::gpu::dispatch_log::watch(
            context,
            self.kept.is_some(),
            &pipeline,
            parameters,
            bindings,
            [groups, columns, rows],
        );

        let prepare = || {
            let uniform = uniform.as_ref().map(|buffer| {
                (0, wgpu::BufferBinding { buffer, offset: 0, size: wgpu::BufferSize::new(PARAMETER_BYTES) })
            });
            let buffers = bindings.iter().map(|binding| wgpu::BufferBinding {
                buffer: binding.buffer,
                offset: binding.offset,
                // An empty array has a buffer too, and a binding must have room for one element of any kind.
                size: wgpu::BufferSize::new(if binding.bytes == 0 { LARGEST_ELEMENT } else { binding.bytes }),
            });
            let numbered = source.buffers().map(|(number, _)| number).zip(buffers);
            let entries = uniform.into_iter().chain(numbered).map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::Buffer(buffer),
            });
            let group = context.device.raw().create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(&source.name),
                layout: &pipeline.layout,
                entries: &entries.collect::<Vec<_>>(),
            });
            Dispatch {
                group,
                parameters: parameters.to_vec(),
                columns: columns as u32,
                rows: rows as u32,
                bytes,
                pipeline: pipeline.clone(),
            }
        };
        // Apart from recording: what cannot be bound must not spoil the commands of others.
        let dispatch = context.device.guard("binding a kernel", prepare)?;
        match &self.kept {
            None => context.record(dispatch),
            Some(kept) => {
                kept.borrow_mut().dispatches.push(dispatch);
                Ok(())
            }
        }
    }
}
