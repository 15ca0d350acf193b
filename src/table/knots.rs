//! [`Knots`]: a sorted axis on a device, and searches in it.

use std::marker::PhantomData;
use std::sync::Arc;

use ndarray::Dimension;

use crate::array::DeviceArray;
use crate::array::host_data::HostData;
use crate::device::Device;
use crate::element::{Float, bytes_of};
use crate::engine::check::not_sorted;
use crate::engine::host::clock::Instant;
use crate::engine::host::gather::gathered;
use crate::error::{Error, ErrorKind, Result};
use crate::float::scalar::FloatSlice;
use crate::kernels::door;
use crate::kernels::search::axis::{SortedAxis, first_wrong};
use crate::kernels::search::op::Search;
use crate::table::axis::expect_bindable;
use crate::table::bins;

/// The side of equal knots on which a value is inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Before them: the number of knots that are less than the value.
    Left,
    /// After them: the number of knots that are less than or equal to the value.
    Right,
}

/// A sorted axis on a device, for repeated `numpy.searchsorted` and `numpy.digitize` against the same knots.
///
/// Knots are in NumPy's sort order: NaN, if any, comes last, and both zeros are equal. For [`digitize`](Self::digitize)
/// they may also decrease, or be in any other order that `numpy.digitize` accepts.
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
    /// For `searchsorted`: the knots, or the index of the first that is smaller than its predecessor.
    sorted: std::result::Result<Arc<SortedAxis>, usize>,
    /// For `digitize`: the same axis in most cases.
    edges: Arc<SortedAxis>,
    /// Whether the edges decrease, and were reversed.
    decreasing: bool,
    element: PhantomData<T>,
}

impl<T: Float> Clone for Knots<T> {
    fn clone(&self) -> Self {
        Self { device: self.device.clone(), sorted: self.sorted.clone(), edges: self.edges.clone(), ..*self }
    }
}

impl<T: Float> Knots<T> {
    /// Prepares knots from host data of shape `[n]`; `n` may be 0.
    ///
    /// Costs the upload of the knots and, on a GPU, of their index, together about three times the size of the knots.
    /// The CPU engine builds an index after enough queries to pay for it.
    ///
    /// # Errors
    ///
    /// [`WrongDimensions`](ErrorKind::WrongDimensions), [`NotSorted`](ErrorKind::NotSorted) if the knots neither
    /// increase nor decrease (see [`digitize`](Self::digitize) for NaN among them),
    /// [`UnsupportedElement`](ErrorKind::UnsupportedElement), [`TooLarge`](ErrorKind::TooLarge) if they do not fit into
    /// one binding.
    pub fn new<'a, X: HostData<'a, Elem = T>>(device: &Device, xp: X) -> Result<Self> {
        device.supports::<T>()?;
        // What the host has is the same in every replay of a plan.
        let device = &device.eager();
        let xp = xp.into_cow();
        if xp.ndim() != 1 {
            return Err(Error::dimensions(format!("knots have shape {:?}, but they must be [n]", xp.shape())));
        }
        if xp.len() >= u32::MAX as usize {
            return Err(Error::new(
                ErrorKind::TooLarge { bytes: bytes_of::<T>(xp.len()), limit: bytes_of::<T>(u32::MAX as usize - 1) },
                format!("there are {} knots, but their positions are counted in 32 bits; split them", xp.len()),
            ));
        }
        let mut knots = gathered(&xp.view())?;
        expect_bindable(device, "an axis of knots", bytes_of::<T>(knots.len()))?;
        let (count, start, mut moved) = (knots.len(), Instant::now(), 0);
        let out_of_order = |knots: &[T]| first_wrong(knots, |left, right| left.key() > right.key());
        let axis = |knots: &[T], moved: &mut u64| {
            Ok::<_, Error>(Arc::new(door::sorted_axis(device.engine(), FloatSlice::of(knots), count, false, moved)?))
        };
        let disorder = out_of_order(&knots).map(|place| place + 1);
        // Knots in order increase if the last one is a number.
        let increases = match (disorder, knots.last()) {
            (None, last) if last.is_none_or(|last| !last.is_nan()) => Some(true),
            _ => bins::increase(&knots),
        };
        let decreasing = match (increases, disorder) {
            (Some(increases), _) => !increases,
            (None, index) => return Err(not_sorted(index.unwrap_or_default(), count, "sort it first")),
        };
        let sorted = match disorder {
            None => Ok(axis(&knots, &mut moved)?),
            Some(index) => Err(index),
        };
        let edges = match &sorted {
            Ok(axis) if !decreasing => axis.clone(),
            _ => {
                if decreasing {
                    knots.reverse();
                }
                if out_of_order(&knots).is_some() {
                    bins::settle(&mut knots);
                }
                axis(&knots, &mut moved)?
            }
        };
        device.ledger().count_upload(moved, start.elapsed());
        Ok(Self { device: device.clone(), sorted, edges, decreasing, element: PhantomData })
    }

    /// The number of knots.
    pub fn len(&self) -> usize {
        self.edges.knots
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The device they are on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The index at which to insert each value so that the knots stay sorted, as `numpy.searchsorted(knots, x, side)`:
    /// in `0..=n` for each element of `x`. NaN is inserted where the NaN knots are, which is the end if there are none.
    ///
    /// Costs one pass: `x` is read, 4 bytes a value are written.
    ///
    /// # Errors
    ///
    /// [`NotSorted`](ErrorKind::NotSorted) if the knots decrease anywhere,
    /// [`DeviceMismatch`](ErrorKind::DeviceMismatch).
    pub fn searchsorted<D: Dimension>(&self, x: &DeviceArray<T, D>, side: Side) -> Result<DeviceArray<u32, D>> {
        match &self.sorted {
            Ok(axis) => self.search(axis, x, side, false),
            Err(index) => Err(Error::new(
                ErrorKind::NotSorted { index: *index },
                format!(
                    "searchsorted needs knots that increase, with NaN behind all others, but knot {index} comes \
                     before the one in front of it; sort or reverse them, or use digitize"
                ),
            )),
        }
    }

    /// The bin of each value, as `numpy.digitize(x, bins, right)` with the knots as the edges of the bins.
    ///
    /// Bin `i` is `edges[i-1] <= x < edges[i]`, or `edges[i-1] < x <= edges[i]` with `right`; 0 is below the first
    /// edge, `n` beyond the last. Edges that decrease count from their largest: bin `i` is then
    /// `edges[i-1] > x >= edges[i]`, or `edges[i-1] >= x > edges[i]` with `right`. A value that is NaN is above
    /// everything.
    ///
    /// With NaN among the edges NumPy's rule applies. The first two edges that differ decide whether they increase, and
    /// a step to or from NaN is not an increase: `[2.5, NaN]` and `[4.0, 4.0, NaN]` decrease, `[0.0, 1.0, NaN]`
    /// increases. Bins are then those in which NumPy's search for a single value ends.
    ///
    /// Costs one pass: `x` is read, 4 bytes a value are written.
    ///
    /// # Errors
    ///
    /// [`DeviceMismatch`](ErrorKind::DeviceMismatch).
    pub fn digitize<D: Dimension>(&self, x: &DeviceArray<T, D>, right: bool) -> Result<DeviceArray<u32, D>> {
        self.search(&self.edges, x, if right { Side::Left } else { Side::Right }, self.decreasing)
    }

    fn search<D: Dimension>(
        &self,
        axis: &Arc<SortedAxis>,
        x: &DeviceArray<T, D>,
        side: Side,
        flip: bool,
    ) -> Result<DeviceArray<u32, D>> {
        let device = self.device.common_device(x.device(), "x")?;
        let output = device.allocate::<u32>(x.len())?;
        if !x.is_empty() {
            device.run(Search {
                axis: axis.clone(),
                x: x.storage().clone(),
                output: output.clone(),
                total: x.len(),
                left: side == Side::Left,
                flip,
            })?;
        }
        Ok(DeviceArray::new(device, output, x.raw_dim(), x.checks().clone()))
    }
}

impl<T: Float> std::fmt::Debug for Knots<T> {
    /// Prints number, type and device; the values are not read back.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Knots<{}> of {} on {}", T::TYPE, self.len(), self.device.info().name)
    }
}
