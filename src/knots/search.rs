//! [`Knots`]: a sorted axis on a device, and where values belong on it.

use std::sync::Arc;

use ndarray::Dimension;

use super::axis::{SortedAxis, expect_bindable, first_wrong};
use super::{cpu, gpu};
use crate::array::DeviceArray;
use crate::clock::Instant;
use crate::device::check::not_sorted;
use crate::device::gpu::Commands;
use crate::device::host::HostPool;
use crate::device::storage::Storage;
use crate::device::{Account, Device, Operation};
use crate::element::{Float, bytes_of};
use crate::error::{Error, ErrorKind, Result};
use crate::host_data::HostData;
use crate::transfer::gathered;

/// On which side of knots that are equal to it a value belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Before them: the number of knots that are less than the value.
    Left,
    /// Behind them: the number of knots that are less than or equal to the value.
    Right,
}

/// A sorted axis on a device: `numpy.searchsorted` and `numpy.digitize` against the same knots, again and again.
///
/// Knots are in the order in which NumPy sorts: NaN, if any, comes last, and both zeros are alike. They may also decrease,
/// for [`digitize`](Self::digitize).
///
/// ```
/// use ndarray::arr1;
/// use ndgpu::{Device, Knots, Side};
///
/// let device = Device::cpu();
/// let knots = Knots::new(&device, &[1.0_f32, 2.0, 2.0, 3.0])?;
/// let x = device.upload(&arr1(&[0.0_f32, 2.0, f32::NAN]))?;
/// assert_eq!(knots.searchsorted(&x, Side::Left)?.readback().wait()?.view(), arr1(&[0, 1, 4]));
/// assert_eq!(knots.searchsorted(&x, Side::Right)?.readback().wait()?.view(), arr1(&[0, 3, 4]));
/// # Ok::<(), ndgpu::Error>(())
/// ```
pub struct Knots<T: Float> {
    device: Device,
    axis: Arc<SortedAxis<T>>,
    /// They came in decreasing order and were reversed.
    decreasing: bool,
}

impl<T: Float> Clone for Knots<T> {
    fn clone(&self) -> Self {
        Self { device: self.device.clone(), axis: self.axis.clone(), decreasing: self.decreasing }
    }
}

impl<T: Float> Knots<T> {
    /// Prepares knots that the host has, `[n]`; there may be none.
    ///
    /// Costs the upload of the knots and, on a GPU, of their index, about three times as much together. The CPU engine makes
    /// an index when enough was asked to pay for it.
    ///
    /// # Errors
    ///
    /// [`WrongDimensions`](ErrorKind::WrongDimensions), [`NotSorted`](ErrorKind::NotSorted) if the knots neither increase
    /// nor decrease (NaN counts as larger than everything),
    /// [`UnsupportedElement`](ErrorKind::UnsupportedElement), [`TooLarge`](ErrorKind::TooLarge) if they do not fit into
    /// one binding.
    pub fn new<'a, X: HostData<'a, Elem = T>>(device: &Device, xp: X) -> Result<Self> {
        device.supports::<T>()?;
        // What the host has is the same in every replay of a plan.
        let device = &device.lasting();
        let xp = xp.into_cow();
        if xp.ndim() != 1 {
            return Err(Error::dimensions(format!("knots have shape {:?}, but they must be [n]", xp.shape())));
        }
        if xp.len() >= u32::MAX as usize {
            return Err(Error::new(
                ErrorKind::TooLarge { bytes: bytes_of::<T>(xp.len()), limit: bytes_of::<T>(u32::MAX as usize - 1) },
                format!("there are {} knots, but their places are counted in 32 bits; split them", xp.len()),
            ));
        }
        let mut knots = gathered(&xp.view())?;
        expect_bindable(device, "an axis of knots", bytes_of::<T>(knots.len()))?;
        let out_of_order = |knots: &[T]| first_wrong(knots, |left, right| left.key() > right.key());
        let mut decreasing = false;
        if let Some(place) = out_of_order(&knots) {
            let count = knots.len();
            knots.reverse();
            decreasing = true;
            if out_of_order(&knots).is_some() {
                return Err(not_sorted(place + 1, count));
            }
        }
        let mut moved = 0;
        let start = Instant::now();
        let count = knots.len();
        let axis = Arc::new((T::compiled().index_knots)(device, &knots, count, &mut moved)?);
        device.ledger().count_upload(moved, start.elapsed());
        Ok(Self { device: device.clone(), axis, decreasing })
    }

    /// How many knots there are.
    pub fn len(&self) -> usize {
        self.axis.knots
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The device they are on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Where each value belongs among the knots so that they stay sorted, as `numpy.searchsorted(knots, x, side)`: an
    /// index in `0..=n` for each element of `x`. NaN belongs where the NaN knots are, which is the end if there are none.
    ///
    /// Costs one pass: `x` is read, 4 bytes a value are written.
    ///
    /// # Errors
    ///
    /// [`NotSorted`](ErrorKind::NotSorted) if the knots decrease, [`DeviceMismatch`](ErrorKind::DeviceMismatch).
    pub fn searchsorted<D: Dimension>(&self, x: &DeviceArray<T, D>, side: Side) -> Result<DeviceArray<u32, D>> {
        if self.decreasing {
            return Err(Error::new(
                ErrorKind::NotSorted { index: 1 },
                "searchsorted needs knots that increase, but these decrease; reverse them, or use digitize",
            ));
        }
        self.search(x, side)
    }

    /// The bin of each value, as `numpy.digitize(x, bins, right)` with the knots as the edges of the bins.
    ///
    /// Bin `i` is `edges[i-1] <= x < edges[i]`, or `edges[i-1] < x <= edges[i]` with `right`; 0 is below the first edge,
    /// `n` beyond the last. Edges that decrease count from their largest: bin `i` is then `edges[i-1] > x >= edges[i]`, or
    /// `edges[i-1] >= x > edges[i]` with `right`. NaN is above everything.
    ///
    /// Costs one pass: `x` is read, 4 bytes a value are written.
    ///
    /// # Errors
    ///
    /// [`DeviceMismatch`](ErrorKind::DeviceMismatch).
    pub fn digitize<D: Dimension>(&self, x: &DeviceArray<T, D>, right: bool) -> Result<DeviceArray<u32, D>> {
        self.search(x, if right { Side::Left } else { Side::Right })
    }

    fn search<D: Dimension>(&self, x: &DeviceArray<T, D>, side: Side) -> Result<DeviceArray<u32, D>> {
        let device = self.device.joint(x.device(), "x")?;
        let output = device.allocate(x.len())?;
        if !x.is_empty() {
            device.run(Search {
                axis: self.axis.clone(),
                x: x.storage().clone(),
                output: output.clone(),
                total: x.len(),
                left: side == Side::Left,
                flip: self.decreasing,
            })?;
        }
        Ok(DeviceArray::new(device, output, x.raw_dim(), x.checks().clone()))
    }
}

impl<T: Float> std::fmt::Debug for Knots<T> {
    /// Number, type and device. The values stay where they are.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Knots<{}> of {} on {}", T::TYPE, self.len(), self.device.info().name)
    }
}

/// Looks values up.
pub(crate) struct Search<T: Float> {
    pub axis: Arc<SortedAxis<T>>,
    pub x: Storage<T>,
    pub output: Storage<u32>,
    pub total: usize,
    /// Count what is less, not what is less or equal.
    pub left: bool,
    /// Count from the other end.
    pub flip: bool,
}

impl<T: Float> Operation for Search<T> {
    fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
        cpu::search(self)
    }

    fn on_gpu(&self, commands: &Commands<'_>) -> Result<()> {
        gpu::search(self, commands)
    }

    fn account(&self) -> Account {
        let Self { axis, x, output, total, .. } = self;
        Account {
            name: format!("search of {total} among {} knots", axis.knots),
            reads: vec![x.used(*total), axis.keys.used(axis.knots)],
            writes: vec![output.used(*total)],
        }
    }
}
