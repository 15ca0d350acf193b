//! [`DeviceArray`]: a buffer, a shape, and the device it is on.

pub(crate) mod any;
pub(crate) mod arrange;
pub(crate) mod backward;
pub(crate) mod host_data;
pub(crate) mod operands;
pub(crate) mod reduce_axes;
pub(crate) mod reduce_axis;
pub(crate) mod reductions;
pub(crate) mod skip_nan;
pub(crate) mod vjp;

use std::marker::PhantomData;

use ndarray::{Axis, Dimension, IntoDimension, IxDyn};

use crate::device::Device;
use crate::element::{Element, bytes_of};
use crate::engine::check::{Checks, Findings};
use crate::engine::gpu::binding::LARGEST_ELEMENT;
use crate::engine::gpu::buffers::GpuBuffer;
use crate::engine::storage::Storage;
use crate::error::{Error, ErrorKind, Result};

/// An array that lives on a device.
///
/// The elements are in standard (row-major) order. Cloning is cheap and shares them. There is no indexing, no printing
/// of values and no implicit conversion: data stay on the device until [`readback`](Self::readback).
pub struct DeviceArray<T: Element, D: Dimension> {
    device: Device,
    storage: Storage,
    shape: D,
    checks: Checks,
    element: PhantomData<T>,
}

impl<T: Element, D: Dimension> Clone for DeviceArray<T, D> {
    fn clone(&self) -> Self {
        self.with_shape(self.shape.clone())
    }
}

impl<T: Element, D: Dimension> DeviceArray<T, D> {
    /// An array whose values are being computed now, from operands with these `checks`.
    pub(crate) fn new(device: Device, storage: Storage, shape: D, checks: Checks) -> Self {
        let checks = checks.of_result(device.recorder().is_some());
        Self { device, storage, shape, checks, element: PhantomData }
    }

    /// Another handle to the same values, on another handle to the device.
    pub(crate) fn handed_out(&self, device: &Device, checks: Checks) -> Self {
        Self {
            device: device.clone(),
            storage: self.storage.clone(),
            shape: self.shape.clone(),
            checks,
            element: PhantomData,
        }
    }

    pub(crate) fn into_parts(self) -> (Device, Storage, D, Checks) {
        (self.device, self.storage, self.shape, self.checks)
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        self.shape.slice()
    }

    /// The lengths of the axes, as ndarray's constructors take them.
    pub fn raw_dim(&self) -> D {
        self.shape.clone()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape.size()
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.shape.ndim()
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The device it is on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    pub(crate) fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The storage of an array whose values are about to be replaced.
    pub(crate) fn storage_to_overwrite(&mut self) -> &mut Storage {
        &mut self.storage
    }

    /// Replaces the values by the result of `compute`, written in place, or to new memory if another handle shares the
    /// storage; `checks` replace those of the old values. If `compute` fails, the array stays as it is.
    pub(crate) fn recompute(&mut self, checks: Checks, compute: impl FnOnce(&Storage) -> Result<()>) -> Result<()> {
        let storage =
            if self.storage.is_unique() { self.storage.clone() } else { self.device.allocate::<T>(self.len())? };
        compute(&storage)?;
        (self.storage, self.checks) = (storage, checks.of_result(self.device.recorder().is_some()));
        Ok(())
    }

    /// Notes that the values have been replaced: `findings` replace those about the old values.
    pub(crate) fn overwritten(&mut self, findings: Findings) {
        self.checks = findings.into();
    }

    pub(crate) fn checks(&self) -> &Checks {
        &self.checks
    }

    fn with_shape<E: Dimension>(&self, shape: E) -> DeviceArray<T, E> {
        DeviceArray {
            device: self.device.clone(),
            storage: self.storage.clone(),
            shape,
            checks: self.checks.clone(),
            element: PhantomData,
        }
    }

    /// The same elements under another shape. Nothing is copied.
    ///
    /// # Errors
    ///
    /// [`ShapeMismatch`](ErrorKind::ShapeMismatch) if the shapes do not have the same number of elements.
    pub fn reshape<Sh: IntoDimension>(&self, shape: Sh) -> Result<DeviceArray<T, Sh::Dim>> {
        let shape = shape.into_dimension();
        if elements_of(&shape) != Some(self.len()) {
            return Err(Error::shape(format!(
                "an array of shape {:?} has {} elements and cannot take shape {:?}; give lengths whose product is {1}",
                self.shape(),
                self.len(),
                shape.slice()
            )));
        }
        Ok(self.with_shape(shape))
    }

    /// The same array with a dynamic number of axes.
    pub fn into_dyn(self) -> DeviceArray<T, IxDyn> {
        let shape = IxDyn(self.shape());
        self.with_shape(shape)
    }

    /// The same array with another axis of length 1: NumPy's `keepdims` after a reduction. Nothing is copied.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](ErrorKind::AxisOutOfRange) if `axis` is larger than the number of axes.
    pub fn insert_axis(self, axis: Axis) -> Result<DeviceArray<T, D::Larger>> {
        if axis.index() > self.ndim() {
            return Err(Error::new(
                ErrorKind::AxisOutOfRange { axis: axis.index(), ndim: self.ndim() + 1 },
                format!(
                    "axis {} cannot be inserted into an array of shape {:?}; positions are 0..={}",
                    axis.index(),
                    self.shape(),
                    self.ndim()
                ),
            ));
        }
        let shape = self.shape.insert_axis(axis);
        Ok(self.with_shape(shape))
    }

    /// The buffer that holds the array, for the application's own wgpu code; `None` on the CPU engine. The elements
    /// start at byte 0, or at the offset given to [`from_wgpu_buffer_at`](Self::from_wgpu_buffer_at); the buffer may be
    /// longer than the array.
    ///
    /// Also `None` while a plan is being captured. Encoder recorded so far are submitted first, so that the
    /// application's submissions come after them; call this again after requesting further operations on the array.
    ///
    /// # Ownership of the buffer
    ///
    /// A clone of the handle stays valid for as long as the caller keeps it: from this call on the buffer never returns
    /// to the crate's pool, and no other array is placed in it, even after the last handle to the array is dropped.
    /// (The pool loses it, so do not request the buffers of thousands of temporary arrays.) Its contents follow the
    /// array:
    ///
    /// - Operations only write to new arrays. The output array of a [plan](crate::Plan) is rewritten by each replay, an
    ///   input by [`write`](crate::Plan::write).
    /// - [`overwrite`](Self::overwrite) writes into this buffer if the array has no other handles, else the array moves
    ///   to another buffer, and this one keeps the old values.
    /// - [`into_readback`](Self::into_readback) copies the array instead of mapping it, and leaves the buffer usable.
    /// - Later operations on the array see what the application writes there. Findings about the old values (weights
    ///   that sum to zero, knots out of order) are still reported with the array.
    ///
    /// While the array is in use the application must neither map the buffer (wgpu refuses to compute on mapped
    /// buffers) nor destroy it: either is a device error for every later call.
    pub fn wgpu_buffer(&self) -> Option<&wgpu::Buffer> {
        if self.device.recorder().is_some() {
            return None;
        }
        let (context, buffer) = (self.device.engine().gpu()?, self.storage.gpu().ok()?);
        // The device stores a fault and returns it from the next fallible call.
        let _ = context.flush();
        Some(buffer.expose())
    }

    /// An array over a buffer that the application created on the wgpu device it shares by [`Device::from_wgpu`].
    /// Nothing is copied, and the buffer never enters the crate's pool.
    ///
    /// Operations requested from `device` before do not wait for commands that the application submits later. Two
    /// arrays over the same bytes alias each other, and nothing orders writes to one against reads of the other.
    ///
    /// Costs one small submission, which makes wgpu validate the buffer.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](ErrorKind::InvalidOption) if the buffer is not one of this wgpu device, is mapped (also by
    /// `mapped_at_creation`) or about to be, was destroyed, or lacks the usages `STORAGE`, `COPY_SRC` and `COPY_DST`,
    /// or if the device is the CPU engine; [`ShapeMismatch`](ErrorKind::ShapeMismatch) if it is too small for the
    /// shape; [`UnsupportedElement`](ErrorKind::UnsupportedElement); [`DeviceLost`](ErrorKind::DeviceLost).
    ///
    /// wgpu has no error for "a buffer of another `wgpu::Instance`": it panics, which is caught here, or reports to the
    /// uncaptured-error handler of the device that owns the buffer; the panic of its default handler is caught as well.
    /// In a program built with `panic = "abort"` that mistake ends the process. In a browser a buffer of another device
    /// is an error of a later computation.
    pub fn from_wgpu_buffer<Sh>(device: &Device, buffer: wgpu::Buffer, shape: Sh) -> Result<Self>
    where
        Sh: IntoDimension<Dim = D>,
    {
        Self::from_wgpu_buffer_at(device, buffer, 0, shape)
    }

    /// [`from_wgpu_buffer`](Self::from_wgpu_buffer) from a byte offset on: for several arrays in one buffer, or one
    /// behind a header.
    ///
    /// The offset must be a multiple of the wgpu device's `min_storage_buffer_offset_alignment`, which is 256 unless
    /// the application requested a smaller limit. Nothing is copied.
    ///
    /// # Errors
    ///
    /// As [`from_wgpu_buffer`](Self::from_wgpu_buffer); [`InvalidOption`](ErrorKind::InvalidOption) also for a
    /// misaligned offset, and [`ShapeMismatch`](ErrorKind::ShapeMismatch) if the bytes from there on are too few for
    /// the shape.
    pub fn from_wgpu_buffer_at<Sh>(device: &Device, buffer: wgpu::Buffer, offset: u64, shape: Sh) -> Result<Self>
    where
        Sh: IntoDimension<Dim = D>,
    {
        device.supports::<T>()?;
        let Some(context) = device.engine().gpu() else {
            return Err(Error::new(
                ErrorKind::InvalidOption,
                "the CPU engine has no wgpu buffers; share the application's device with Device::from_wgpu",
            ));
        };
        let shape = shape.into_dimension();
        // A binding cannot be empty, not even that of an empty array.
        let bytes = elements_of(&shape).map_or(u64::MAX, bytes_of::<T>);
        let bytes = if bytes == 0 { LARGEST_ELEMENT } else { bytes };
        let room = buffer.size().saturating_sub(offset);
        if bytes > room {
            return Err(Error::shape(format!(
                "an array of shape {:?} of {} takes {bytes} bytes, but the buffer has {room} from byte {offset} on",
                shape.slice(),
                T::TYPE,
            )));
        }
        let alignment = context.alignment();
        if !offset.is_multiple_of(alignment) {
            return Err(Error::new(
                ErrorKind::InvalidOption,
                format!(
                    "an array cannot begin at byte {offset} of a buffer: this device binds buffers at multiples of \
                     {alignment} bytes (min_storage_buffer_offset_alignment); copy it to such a place first"
                ),
            ));
        }
        let needed = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        if !buffer.usage().contains(needed) {
            return Err(Error::new(
                ErrorKind::InvalidOption,
                format!("the buffer has usages {:?}, but an array needs {needed:?}", buffer.usage()),
            ));
        }
        context.health()?;
        context.accepts(&buffer)?;
        let storage = Storage::Gpu(std::sync::Arc::new(GpuBuffer::foreign(buffer, offset)));
        Ok(Self::new(device.clone(), storage, shape, Checks::default()))
    }
}

/// The number of elements of an array of this shape; `None` if no host could hold as many. The lengths other than 0
/// must be possible for an empty array as well.
pub(crate) fn elements_of<D: Dimension>(shape: &D) -> Option<usize> {
    let mut others = shape.slice().iter().filter(|&&len| len != 0);
    let product = others.try_fold(1_usize, |product, &len| product.checked_mul(len))?;
    let is_empty = shape.slice().contains(&0);
    (product <= isize::MAX as usize).then_some(if is_empty { 0 } else { product })
}

impl<T: Element, D: Dimension> std::fmt::Debug for DeviceArray<T, D> {
    /// Prints shape, type and device; the values are not read back.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceArray<{}>{:?} on {}", T::TYPE, self.shape(), self.device.info().name)
    }
}
