//! [`Binding`]: a window of a buffer, bound to a kernel, or what stands in its place.

use std::sync::Arc;

use crate::engine::gpu::buffers::GpuBuffer;
use crate::engine::gpu::once_map::OnceMap;
use crate::engine::gpu::pipelines::Access;

/// The size of the largest element of any binding: the four f64 of a table's segment, or the sums of f64.
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

    /// Extends it to a multiple of `step` bytes, for kernels that load several elements at once, if the buffer has
    /// them.
    pub fn round_up(&mut self, step: u64) -> bool {
        let bytes = self.bytes.next_multiple_of(step);
        let fits = self.offset + bytes <= self.buffer.size();
        if fits {
            self.bytes = bytes;
        }
        fits
    }

    /// For a bind group, under this number.
    pub fn entry(&self, binding: u32) -> wgpu::BindGroupEntry<'a> {
        // A binding must have room for one element of any kind, that of an empty array too.
        let size = wgpu::BufferSize::new(if self.bytes == 0 { LARGEST_ELEMENT } else { self.bytes });
        let window = wgpu::BufferBinding { buffer: self.buffer, offset: self.offset, size };
        wgpu::BindGroupEntry { binding, resource: wgpu::BindingResource::Buffer(window) }
    }

    /// All words of a buffer of checks.
    pub fn checks(buffer: &'a wgpu::Buffer) -> Self {
        Self { buffer, offset: 0, bytes: buffer.size() }
    }
}

/// The bind group of buffers that many dispatches share, such as those of a table: made by the first of them, and kept
/// for each way in which kernels use the buffers. Whoever owns the buffers owns this too.
#[derive(Clone, Default)]
pub(crate) struct SharedGroup(pub(in crate::engine::gpu) Arc<OnceMap<&'static [Access], wgpu::BindGroup>>);

#[cfg(test)]
impl SharedGroup {
    /// In how many ways the buffers have been bound.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// What a dispatch binds.
#[derive(Clone, Copy)]
pub(crate) struct Bindings<'a> {
    /// Group 0, in the order of the kernel's numbers.
    pub own: &'a [Binding<'a>],
    /// Group 1, likewise, and where it is kept.
    pub shared: Option<(&'a SharedGroup, &'a [Binding<'a>])>,
}

impl<'a, const N: usize> From<&'a [Binding<'a>; N]> for Bindings<'a> {
    fn from(own: &'a [Binding<'a>; N]) -> Self {
        Self { own, shared: None }
    }
}

impl<'a> From<&'a Vec<Binding<'a>>> for Bindings<'a> {
    fn from(own: &'a Vec<Binding<'a>>) -> Self {
        Self { own, shared: None }
    }
}

impl<'a> Bindings<'a> {
    /// All of them, those of group 0 first.
    pub fn all(self) -> impl Iterator<Item = &'a Binding<'a>> {
        self.own.iter().chain(self.shared.into_iter().flat_map(|(_, shared)| shared))
    }

    /// The size of all that is bound.
    pub fn bytes(self) -> u64 {
        self.all().map(|binding| binding.bytes).sum()
    }
}

/// An operand that some dispatches of a kernel do not have. Something has to be bound in its place, and must not
/// overlap with anything else that is bound: each has memory of its own, which no result is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placeholder {
    Partials,
    WeightSums,
    Checks,
    KnotOrder,
}

impl Placeholder {
    const ALL: [Self; 4] = [Self::Partials, Self::WeightSums, Self::Checks, Self::KnotOrder];
    /// Room for one element of any kind, the state of a reduction among them.
    pub(crate) const BYTES: u32 = 64;

    pub(crate) fn stride(alignment: u32) -> u64 {
        Self::BYTES.next_multiple_of(alignment.max(1)).into()
    }
}

/// The memory of all placeholders.
pub(crate) fn placeholders(device: &wgpu::Device, alignment: u32) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("ndgpu placeholders"),
        size: Placeholder::stride(alignment) * Placeholder::ALL.len() as u64,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    })
}
