//! A log of dispatches, for tests: the inputs of each and the buffers it left, so that another implementation of WebGPU
//! can be asked to do the same.

use std::cell::RefCell;
use std::sync::Arc;

use crate::engine::gpu::GpuContext;
use crate::engine::gpu::binding::{Binding, Bindings, LARGEST_ELEMENT, SharedGroup};
use crate::engine::gpu::buffers::Purpose;
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelSource, Pipeline};
use crate::error::Result;

thread_local! {
    /// Operations dispatch on the thread that asks for them: other tests do not get into the log.
    static LOG: RefCell<Option<DispatchLog>> = const { RefCell::new(None) };
}

#[derive(Default)]
struct DispatchLog {
    dispatches: Vec<LoggedDispatch>,
    /// What plans keep, until it is played.
    recorded: Vec<Recorded>,
}

/// A dispatch.
pub(crate) struct LoggedDispatch {
    pub kernel: KernelSource,
    pub parameters: Vec<u8>,
    pub columns: u32,
    pub rows: u32,
    pub buffers: Vec<Contents>,
}

/// What a kernel saw of a buffer; in the order of [`KernelSource::buffers`].
pub(crate) struct Contents {
    pub access: Access,
    pub before: Vec<u8>,
    /// Where it could be written.
    pub after: Option<Vec<u8>>,
}

struct Recorded {
    pipeline: Arc<Pipeline>,
    parameters: Vec<u8>,
    windows: Vec<(wgpu::Buffer, u64, u64)>,
    groups: u64,
}

/// Everything that this thread dispatches meanwhile.
pub(crate) fn record(calls: impl FnOnce()) -> Vec<LoggedDispatch> {
    LOG.set(Some(DispatchLog::default()));
    calls();
    LOG.take().map(|log| log.dispatches).unwrap_or_default()
}

/// Does what plans have recorded since the last time, one dispatch after another.
pub(crate) fn replay_recorded(context: &GpuContext) -> Result<()> {
    let recorded = LOG.with_borrow_mut(|log| log.as_mut().map(|log| std::mem::take(&mut log.recorded)));
    for Recorded { pipeline, parameters, windows, groups } in recorded.into_iter().flatten() {
        let bindings = windows.iter().map(|(buffer, offset, bytes)| Binding { buffer, offset: *offset, bytes: *bytes });
        let bindings: Vec<_> = bindings.collect();
        let (own, shared) = bindings.split_at(pipeline.source.own_buffers().count());
        let group = SharedGroup::default();
        let shared = (!shared.is_empty()).then_some((&group, shared));
        Encoder::immediate(context).dispatch_pipeline(pipeline, &parameters, Bindings { own, shared }, groups)?;
    }
    Ok(())
}

/// Notes a dispatch that is about to be recorded; what it leaves behind is noted when the value is dropped.
pub(crate) fn watch<'a>(
    context: &'a GpuContext,
    is_kept: bool,
    pipeline: &Arc<Pipeline>,
    parameters: &[u8],
    bindings: Bindings<'a>,
    groups: u64,
    [columns, rows]: [u32; 2],
) -> Option<Watch<'a>> {
    if LOG.with_borrow(Option::is_none) {
        return None;
    }
    let kernel = &pipeline.source;
    let bindings: Vec<_> = bindings.all().copied().collect();
    expect_no_aliases(kernel, &bindings);
    let parameters = parameters.to_vec();
    if is_kept {
        let windows = bindings.iter().map(|one| (one.buffer.clone(), one.offset, one.bytes)).collect();
        let recorded = Recorded { pipeline: pipeline.clone(), parameters, windows, groups };
        LOG.with_borrow_mut(|log| log.as_mut().map(|log| log.recorded.push(recorded)));
        return None;
    }
    let numbered = kernel.buffers().zip(&bindings);
    let buffers = numbered
        .map(|((_, access), binding)| {
            let before = contents(context, binding).expect("what a kernel is about to see");
            Contents { access, before, after: None }
        })
        .collect();
    let logged = LoggedDispatch { kernel: kernel.clone(), parameters, columns, rows, buffers };
    Some(Watch { context, bindings, logged: Some(logged) })
}

/// WebGPU forbids it, wgpu does not always notice: what is written must not be bound a second time.
fn expect_no_aliases(kernel: &KernelSource, bindings: &[Binding<'_>]) {
    let accesses: Vec<_> = kernel.buffers().map(|(_, access)| access).collect();
    for (one, first) in bindings.iter().enumerate() {
        for (other, second) in bindings.iter().enumerate() {
            let is_same = one != other && first.buffer == second.buffer;
            let is_shared = first.offset < second.offset + second.bytes && second.offset < first.offset + first.bytes;
            let is_written = accesses[one] == Access::ReadWrite;
            let name = &kernel.name;
            assert!(!(is_same && is_shared && is_written), "{name}: buffers {one} and {other} overlap");
        }
    }
}

pub(crate) struct Watch<'a> {
    context: &'a GpuContext,
    bindings: Vec<Binding<'a>>,
    logged: Option<LoggedDispatch>,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let Some(mut logged) = self.logged.take().filter(|_| !std::thread::panicking()) else { return };
        for (buffer, binding) in logged.buffers.iter_mut().zip(&self.bindings) {
            if buffer.access == Access::ReadWrite {
                buffer.after = Some(contents(self.context, binding).expect("what a kernel left"));
            }
        }
        LOG.with_borrow_mut(|log| log.as_mut().map(|log| log.dispatches.push(logged)));
    }
}

fn contents(context: &GpuContext, binding: &Binding<'_>) -> Result<Vec<u8>> {
    let bytes = if binding.bytes == 0 { LARGEST_ELEMENT } else { binding.bytes };
    let staging = context.buffer(Purpose::Readback, bytes)?;
    context.queue_readback(&[(binding.buffer, binding.offset, bytes)], staging.raw())?.wait(context)?;
    let contents = staging.mapped(bytes)?.to_vec();
    staging.unmap();
    Ok(contents)
}

/// A buffer of exactly so many bytes, which the pool does not have: kernels cannot read it by four.
pub(crate) fn tight_buffer(context: &GpuContext, bytes: u64) -> wgpu::Buffer {
    use wgpu::BufferUsages as Usage;
    context.device.raw().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: bytes,
        usage: Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST,
        mapped_at_creation: false,
    })
}
