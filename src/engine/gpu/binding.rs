//! [`Binding`]: a window of a buffer, bound to a kernel, or what stands in its place.

use crate::engine::gpu::buffers::GpuBuffer;

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

    /// All words of a buffer of checks.
    pub fn checks(buffer: &'a wgpu::Buffer) -> Self {
        Self { buffer, offset: 0, bytes: buffer.size() }
    }
}

/// An operand that some dispatches of a kernel do not have. Something has to be bound in its place, and must not
/// overlap with anything else that is bound: each has memory of its own, which no result is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placeholder {
    Partials,
    WeightSums,
    Checks,
}

impl Placeholder {
    const ALL: [Self; 3] = [Self::Partials, Self::WeightSums, Self::Checks];
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
