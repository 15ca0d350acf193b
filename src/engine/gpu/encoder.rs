//! [`Encoder`]: the interface of operations to the GPU. Dispatches are either recorded into the command queue at once,
//! or kept, with their bind groups, for a plan that replays them.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::Arc;

use crate::engine::gpu::GpuContext;
use crate::engine::gpu::batch::{Dispatch, PARAMETER_BYTES};
use crate::engine::gpu::binding::{Binding, Bindings, Placeholder, SharedGroup};
use crate::engine::gpu::buffers::GpuBuffer;
use crate::engine::gpu::pipelines::{Access, KernelKey, Pipeline};
use crate::error::{Error, ErrorKind, Result};

impl GpuContext {
    /// A binding for an operand that there is none of.
    pub fn placeholder(&self, operand: Placeholder) -> Binding<'_> {
        Binding {
            buffer: &self.placeholders,
            offset: Placeholder::stride(self.alignment) * operand as u64,
            bytes: Placeholder::BYTES.into(),
        }
    }

    /// A window of `count` elements of `size` bytes from element `first` on. Bindings start at multiples of the
    /// device's alignment, so the window may start earlier: the second value says by how many elements.
    pub fn window<'a>(&self, buffer: &'a GpuBuffer, first: u64, count: u64, size: u64) -> (Binding<'a>, u32) {
        let wanted = first * size;
        // Less than the alignment, which has 32 bits.
        let before = (wanted % u64::from(self.alignment)) as u32;
        let start = wanted - u64::from(before);
        let offset = buffer.offset() + start;
        let elements_before = u64::from(before) / size;
        let binding = Binding { buffer: buffer.raw(), offset, bytes: (elements_before + count) * size };
        (binding, elements_before as u32)
    }

    /// Offsets of bindings, in bytes, are multiples of this.
    pub fn alignment(&self) -> u64 {
        self.alignment.into()
    }

    /// The largest window in bytes that fits even after it was moved to the device's alignment.
    pub fn window_bytes(&self) -> u64 {
        self.info.limits.max_binding_bytes - u64::from(self.alignment)
    }
}

/// The dispatches of a plan, and the memory of their intermediate results.
#[derive(Default)]
pub(crate) struct Recorded {
    pub dispatches: Vec<Dispatch>,
    pub scratch: Vec<Arc<GpuBuffer>>,
}

/// Takes the dispatches of operations.
pub(crate) struct Encoder<'a> {
    context: &'a GpuContext,
    recorded: Option<RefCell<Recorded>>,
}

impl Deref for Encoder<'_> {
    type Target = GpuContext;

    fn deref(&self) -> &GpuContext {
        self.context
    }
}

impl<'a> Encoder<'a> {
    /// Records dispatches into the queue, in the order of the calls.
    pub fn immediate(context: &'a GpuContext) -> Self {
        Self { context, recorded: None }
    }

    /// Keeps dispatches for a plan.
    pub fn recording(context: &'a GpuContext) -> Self {
        Self { context, recorded: Some(RefCell::default()) }
    }

    /// The number of dispatches kept so far.
    pub fn recorded(&self) -> usize {
        self.recorded.as_ref().map_or(0, |recorded| recorded.borrow().dispatches.len())
    }

    /// The dispatches that were kept.
    pub fn into_recorded(self) -> Recorded {
        self.recorded.map(RefCell::into_inner).unwrap_or_default()
    }

    /// Memory for intermediate results, with any contents. A plan owns its scratch memory.
    pub fn scratch(&self, bytes: u64) -> Result<Arc<GpuBuffer>> {
        let buffer = Arc::new(self.context.storage(bytes)?);
        if let Some(recorded) = &self.recorded {
            recorded.borrow_mut().scratch.push(buffer.clone());
        }
        Ok(buffer)
    }

    /// The most workgroups that one dispatch takes: two dimensions full of them.
    pub fn most_workgroups(&self) -> u64 {
        u64::from(self.context.info.limits.max_workgroups_per_dimension).pow(2)
    }

    /// Dispatches `groups` workgroups. Beyond the device's limit, 65,535 or more, they are folded into the second
    /// dimension, and the kernel has to skip those past the end.
    pub fn dispatch<'b>(
        &self,
        kernel: impl KernelKey,
        parameters: &[u8],
        bindings: impl Into<Bindings<'b>>,
        groups: u64,
    ) -> Result<()> {
        self.context.health()?;
        self.dispatch_pipeline(self.context.pipelines.get(kernel)?, parameters, bindings.into(), groups)
    }

    /// The same with a compiled kernel.
    pub(crate) fn dispatch_pipeline(
        &self,
        pipeline: Arc<Pipeline>,
        parameters: &[u8],
        bindings: Bindings<'_>,
        groups: u64,
    ) -> Result<()> {
        let (context, source) = (self.context, &pipeline.source);
        debug_assert!(
            parameters.len() <= PARAMETER_BYTES as usize && bindings.all().count() == source.buffers().count()
        );
        let bytes = bindings.bytes();
        let [columns, rows] = self.fold(groups, bytes)?;
        #[cfg(test)]
        let _watch = crate::engine::gpu::dispatch_log::watch(
            context,
            self.recorded.is_some(),
            &pipeline,
            parameters,
            bindings,
            groups,
            [columns, rows],
        );

        // In an error scope apart from recording: a binding that fails must not spoil the commands in the batch.
        let group = context.device.checked("binding a kernel", || self.bind(&pipeline, bindings.own))?;
        let shared_group = match (bindings.shared, &pipeline.shared_layout) {
            (Some((kept, buffers)), Some(layout)) => Some(self.bind_shared(source.shared, layout, kept, buffers)?),
            _ => None,
        };
        let parameters = parameters.to_vec();
        let dispatch = Dispatch { group, shared_group, parameters, columns, rows, bytes, pipeline };
        match &self.recorded {
            None => context.record(dispatch),
            Some(recorded) => {
                recorded.borrow_mut().dispatches.push(dispatch);
                Ok(())
            }
        }
    }

    /// So many workgroups in two dimensions; `bytes` are bound to them.
    fn fold(&self, groups: u64, bytes: u64) -> Result<[u32; 2]> {
        let widest = self.info.limits.max_workgroups_per_dimension;
        let columns = u32::try_from(groups).map_or(widest, |groups| groups.min(widest));
        let rows = groups.div_ceil(columns.max(1).into());
        let rows = u32::try_from(rows).ok().filter(|&rows| rows <= widest);
        rows.map(|rows| [columns, rows]).ok_or_else(|| {
            let limit = bytes / groups * self.most_workgroups();
            Error::new(
                ErrorKind::TooLarge { bytes, limit },
                format!(
                    "{bytes} bytes take {groups} workgroups, but device \"{}\" dispatches at most {widest} x {widest} \
                     at once; work in pieces, as Device::stream does",
                    self.info.name
                ),
            )
        })
    }

    /// Group 0.
    fn bind(&self, pipeline: &Pipeline, buffers: &[Binding<'_>]) -> wgpu::BindGroup {
        let uniform = self.context.parameters.as_ref().map(|slots| {
            let size = wgpu::BufferSize::new(PARAMETER_BYTES.into());
            let slot = wgpu::BufferBinding { buffer: &slots.buffer, offset: 0, size };
            wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(slot) }
        });
        let numbered = pipeline.source.own_buffers().zip(buffers);
        let entries = uniform.into_iter().chain(numbered.map(|((number, _), buffer)| buffer.entry(number)));
        self.context.device.raw().create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(&pipeline.source.name),
            layout: &pipeline.layout,
            entries: &entries.collect::<Vec<_>>(),
        })
    }

    /// Group 1: as it was made the first time that kernels used these buffers so.
    fn bind_shared(
        &self,
        access: &'static [Access],
        layout: &wgpu::BindGroupLayout,
        kept: &SharedGroup,
        buffers: &[Binding<'_>],
    ) -> Result<wgpu::BindGroup> {
        let device = &self.context.device;
        let bind = || {
            let entries = (0..).zip(buffers).map(|(number, buffer)| buffer.entry(number));
            device.raw().create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("ndgpu shared buffers"),
                layout,
                entries: &entries.collect::<Vec<_>>(),
            })
        };
        kept.0.get_or_make(access, || access, || device.checked("binding a kernel", bind))
    }
}
