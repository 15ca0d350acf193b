//! Host to device: copies any ndarray layout once, directly into the memory used for the transfer.

use std::sync::Arc;

use ndarray::{Array, ArrayBase, Data, Dimension, IntoDimension};

use crate::array::host_data::HostView;
use crate::array::{DeviceArray, elements_of};
use crate::device::Device;
use crate::element::{Element, bytes_of};
use crate::engine::check::Findings;
use crate::engine::host::clock::Instant;
use crate::error::{Error, Result};

impl Device {
    /// Uploads an array of any layout (contiguous, strided, reversed, transposed, broadcast, 0-d or empty), or a slice
    /// or vector as an array of one axis (see [`HostView`]). On the device it is in standard (row-major) order.
    ///
    /// Costs one pass over the data: `len × size_of::<T>()` bytes are written once, into staging memory from which the
    /// device copies. Other orders take two to four times as long as standard order; for a GPU they are rearranged in
    /// host memory first, 4 MiB at a time. The device may still be copying when this returns; `host` is no longer
    /// needed.
    ///
    /// ```
    /// use ndarray::{arr2, s};
    /// use ndgpu::Device;
    ///
    /// let device = Device::cpu();
    /// let image = arr2(&[[1.0_f32, 2.0], [3.0, 4.0]]);
    /// let mirrored = device.upload(&image.slice(s![.., ..;-1]))?;
    /// assert_eq!(mirrored.readback().wait()?.view(), arr2(&[[2.0, 1.0], [4.0, 3.0]]));
    ///
    /// let weights = device.upload(&[1.0_f32, 3.0])?;
    /// assert_eq!(weights.shape(), [2]);
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`UnsupportedElement`](crate::ErrorKind::UnsupportedElement) for `f64` on a device without it,
    /// [`TooLarge`](crate::ErrorKind::TooLarge), [`OutOfMemory`](crate::ErrorKind::OutOfMemory),
    /// [`DeviceLost`](crate::ErrorKind::DeviceLost).
    pub fn upload<T, H, D>(&self, host: &H) -> Result<DeviceArray<T, D>>
    where
        T: Element,
        H: HostView<Elem = T, Dim = D> + ?Sized,
        D: Dimension,
    {
        self.supports::<T>()?;
        let start = Instant::now();
        let host = host.host_view();
        let storage = self.engine().store(host.view().into_dyn())?;
        self.ledger().count_upload(bytes_of::<T>(host.len()), start.elapsed());
        // Host data are the same in every replay of a plan.
        Ok(DeviceArray::new(self.eager(), storage, host.raw_dim(), Default::default()))
    }

    /// Uploads data together with their owner: a vector, an `Arc<[T]>`, a memory-mapped file, an array of another
    /// language behind a type of yours. The CPU engine computes on that memory in place and drops the owner after the
    /// last use; a GPU gets a copy, and the owner is dropped at once.
    ///
    /// Costs nothing on the CPU engine (though counted as an upload), and as much as [`upload`](Self::upload) on a GPU.
    /// The elements are in standard (row-major) order; `owner` must return the same elements on every call.
    ///
    /// ```
    /// use ndgpu::Device;
    ///
    /// let device = Device::cpu();
    /// let a = device.upload_owned(vec![1.0_f64, 2.0, 3.0, 4.0], (2, 2))?;
    /// assert_eq!(a.sum()?.readback().wait()?.view()[()], 10.0);
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch) if there are not as many elements as the shape says, and
    /// those of [`upload`](Self::upload).
    pub fn upload_owned<T, O, Sh>(&self, owner: O, shape: Sh) -> Result<DeviceArray<T, Sh::Dim>>
    where
        T: Element,
        O: AsRef<[T]> + Send + Sync + 'static,
        Sh: IntoDimension,
    {
        self.supports::<T>()?;
        let start = Instant::now();
        let (shape, values) = (shape.into_dimension(), owner.as_ref());
        if elements_of(&shape) != Some(values.len()) {
            return Err(Error::shape(format!(
                "{} elements do not make an array of shape {:?}",
                values.len(),
                shape.slice()
            )));
        }
        let bytes = bytes_of::<T>(values.len());
        let storage = self.engine().store_owned(Arc::new(owner))?;
        self.ledger().count_upload(bytes, start.elapsed());
        Ok(DeviceArray::new(self.eager(), storage, shape, Default::default()))
    }

    /// Uploads an owned array. The CPU engine adopts its memory if it is in standard order; else as
    /// [`upload`](Self::upload).
    pub(crate) fn adopt<T: Element, D: Dimension>(&self, host: Array<T, D>) -> Result<DeviceArray<T, D>> {
        let device = self.eager();
        if !self.engine().adopts_memory() || !host.is_standard_layout() {
            return device.upload(&host);
        }
        let start = Instant::now();
        let shape = host.raw_dim();
        let (mut values, first) = host.into_raw_vec_and_offset();
        // The array may use only part of the vector it owns.
        values.truncate(first.unwrap_or(0) + shape.size());
        values.drain(..first.unwrap_or(0));
        let storage = self.engine().store_vector(values)?;
        self.ledger().count_upload(bytes_of::<T>(shape.size()), start.elapsed());
        Ok(DeviceArray::new(device, storage, shape, Default::default()))
    }
}

impl<T: Element, D: Dimension> DeviceArray<T, D> {
    /// Replaces the values, in place unless the memory is shared: clones, reshaped arrays and readbacks keep the old
    /// values.
    ///
    /// Costs what [`Device::upload`] costs.
    ///
    /// # Errors
    ///
    /// [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch) if the shapes differ, else those of [`Device::upload`]. After
    /// one of the latter the array has its old values, or returns the same error when it is read back.
    pub fn overwrite<H: HostView<Elem = T, Dim = D> + ?Sized>(&mut self, host: &H) -> Result<()> {
        let host = host.host_view();
        if self.shape() != host.shape() {
            return Err(Error::shape(format!(
                "cannot overwrite an array of shape {:?} with one of shape {:?}; upload it as a new array",
                self.shape(),
                host.shape()
            )));
        }
        if let Some(recorder) = self.device().recorder() {
            return Err(recorder.refusal("overwritten"));
        }
        let start = Instant::now();
        let device = self.device().clone();
        let view = host.into_dyn();
        let storage = self.storage_to_overwrite();
        if !storage.is_unique() {
            *storage = device.engine().store(view)?;
        } else if let Err(error) = device.engine().store_over(storage, view) {
            // A GPU may have received some of them. The CPU engine still has the old ones, with their findings.
            if device.engine().may_write_in_part() {
                self.overwritten(Findings::unwritten(error.clone()));
            }
            return Err(error);
        }
        self.overwritten(Findings::default());
        device.ledger().count_upload(bytes_of::<T>(self.len()), start.elapsed());
        Ok(())
    }

    /// Replaces the values in place, even if the memory is shared. Counted as an upload. The shapes must be equal.
    pub(crate) fn write_through<S: Data<Elem = T>>(&self, host: &ArrayBase<S, D>) -> Result<()> {
        let start = Instant::now();
        self.device().engine().store_over(self.storage(), host.view().into_dyn())?;
        self.device().ledger().count_upload(bytes_of::<T>(self.len()), start.elapsed());
        Ok(())
    }

    /// The same values on another device, by way of the host: a readback there and an upload here, both counted.
    /// Returns another handle if the array is on that device already.
    ///
    /// Blocks until the values have arrived.
    ///
    /// Not on wasm32: nothing can block in a browser. Await a [`readback`](Self::readback) and upload its view there.
    ///
    /// # Errors
    ///
    /// Those of [`Readback::wait`](crate::Readback::wait) and [`Device::upload`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        if self.device().same_as(device) {
            return Ok(self.clone());
        }
        device.upload(&self.readback().wait()?.view())
    }
}
