//! Several devices that share work: [`Devices`] gives each as many rows as its speed allows, and gathers the results in
//! order.
//!
//! Each device computes rows independently of the others. A thread per device takes a piece of the rows, uploads it,
//! computes, reads back, and takes the next. A piece is a fraction of the remaining rows in proportion to the device's
//! speed, so all devices finish at about the same time, even if one of them turns out slower than before (guided
//! self-scheduling: C. D. Polychronopoulos and D. J. Kuck, IEEE Transactions on Computers C-36, 1987).

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use ndarray::{Array, ArrayBase, Axis, Data, RemoveAxis};

use crate::array::DeviceArray;
use crate::device::Device;
use crate::element::Element;
use crate::engine::host::alloc::try_filled;
use crate::error::{Error, ErrorKind, Result};

/// The first piece of a device of unknown speed is this fraction of its fair share.
const PROBE: usize = 8;
/// No piece is smaller than this fraction of all rows: each costs a round trip.
const SMALLEST: usize = 64;

/// Devices that share rows among them.
///
/// Not on wasm32: nothing can block in a browser, and there are no threads to serve each.
///
/// ```
/// use ndarray::{Array2, Axis};
/// use ndgpu::{Device, Devices, InterpTable};
///
/// let devices = Devices::new([Device::cpu(), Device::new()?])?;
/// // a table lives on a device, so each needs its own
/// let tables = devices.each(|device| InterpTable::new(device, &[0.0_f32, 1.0], &[0.0_f32, 10.0]))?;
///
/// let readings = Array2::from_elem((1000, 16), 0.5_f32);
/// let means = devices.map_rows(&readings, &tables, |rows, table| table.interp(rows)?.mean_axis(Axis(1)))?;
/// assert_eq!(means, ndarray::Array1::from_elem(1000, 5.0));
/// # Ok::<(), ndgpu::Error>(())
/// ```
#[derive(Debug)]
pub struct Devices {
    devices: Vec<Device>,
    /// Rows per second of each device, as last measured; 0 until then.
    speeds: Mutex<Vec<f64>>,
}

/// The rows not taken yet.
struct Rest {
    rows: Range<usize>,
    /// The start and the error of the first piece that failed.
    failed: Option<(usize, Error)>,
}

impl Devices {
    /// Every GPU of this machine, and the native CPU engine. Software rasterisers are left out: they are slower than
    /// the CPU engine, and compete for the same cores.
    ///
    /// # Errors
    ///
    /// [`Driver`](ErrorKind::Driver) if a GPU that is there cannot be opened.
    pub fn all() -> Result<Self> {
        let mut devices = pollster::block_on(crate::device::select::all_hardware())?;
        devices.push(Device::cpu());
        Self::new(devices)
    }

    /// These devices.
    ///
    /// # Errors
    ///
    /// [`NoDevice`](ErrorKind::NoDevice) if there are none.
    pub fn new(devices: impl IntoIterator<Item = Device>) -> Result<Self> {
        let devices = Vec::from_iter(devices);
        if devices.is_empty() {
            return Err(Error::new(
                ErrorKind::NoDevice,
                "there are no devices to share rows among; give at least one, Device::cpu() is always there",
            ));
        }
        let speeds = Mutex::new(vec![0.0; devices.len()]);
        Ok(Self { devices, speeds })
    }

    /// The devices, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Device> {
        self.devices.iter()
    }

    /// Prepares an operand on each device, such as a table or weights, in the order of the devices.
    ///
    /// # Errors
    ///
    /// The first error of the closure.
    pub fn each<C>(&self, prepare: impl FnMut(&Device) -> Result<C>) -> Result<Vec<C>> {
        self.devices.iter().map(prepare).collect()
    }

    /// The speed of each device, in rows per second from upload to arrival, in the last call of
    /// [`map_rows`](Self::map_rows) in which it took part; 0 before the first. Known speeds decide how the next call
    /// shares its rows.
    pub fn speeds(&self) -> Vec<f64> {
        self.speeds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shares the rows of an array (along its first axis) among the devices, and gathers the results in order.
    ///
    /// `operation` receives some rows on a device, and the operand that [`each`](Self::each) prepared there, and
    /// returns an array with as many rows; the result of a row must not depend on the other rows of the call.
    ///
    /// Costs an upload and a readback of each row on one of the devices, and one thread per device for the duration of
    /// the call. Blocks.
    ///
    /// # Errors
    ///
    /// [`ShapeMismatch`](ErrorKind::ShapeMismatch) if `prepared` does not have one operand per device, or if the
    /// operation returns another number of rows. If a device fails, its error: the others finish their current pieces
    /// and start no more.
    pub fn map_rows<S, D, C, T, E, F>(
        &self,
        rows: &ArrayBase<S, D>,
        prepared: &[C],
        operation: F,
    ) -> Result<Array<T, E>>
    where
        S: Data<Elem: Element> + Sync,
        D: RemoveAxis,
        C: Sync,
        T: Element,
        E: RemoveAxis,
        F: Fn(&DeviceArray<S::Elem, D>, &C) -> Result<DeviceArray<T, E>> + Sync,
    {
        if prepared.len() != self.devices.len() {
            return Err(Error::shape(format!(
                "{} things were prepared for {} devices; make them with each, which makes one a device",
                prepared.len(),
                self.devices.len()
            )));
        }
        let count = rows.len_of(Axis(0));
        let compute = |device: usize, piece: Range<usize>| {
            let view = rows.slice_axis(Axis(0), piece.clone().into());
            let result = operation(&self.devices[device].upload(&view)?, &prepared[device])?.into_readback().wait()?;
            match result.shape().first() {
                Some(&returned) if returned == piece.len() => result.try_into_array(),
                _ => Err(Error::shape(format!(
                    "the operation was given {} rows and returned an array of shape {:?}; it must return a row for \
                     each",
                    piece.len(),
                    result.shape()
                ))),
            }
        };
        if count == 0 {
            return compute(0, 0..0);
        }

        let rest = Mutex::new(Rest { rows: 0..count, failed: None });
        let serve = |device: usize| {
            let mut results = Vec::new();
            while let Some(piece) = self.take(device, count, &rest) {
                let start = Instant::now();
                match compute(device, piece.clone()) {
                    Ok(result) => {
                        let speed = piece.len() as f64 / start.elapsed().as_secs_f64().max(1e-9);
                        self.speeds.lock().unwrap_or_else(PoisonError::into_inner)[device] = speed;
                        results.push((piece, result));
                    }
                    Err(error) => {
                        let mut rest = rest.lock().unwrap_or_else(PoisonError::into_inner);
                        if rest.failed.as_ref().is_none_or(|(first, _)| piece.start < *first) {
                            rest.failed = Some((piece.start, error));
                        }
                    }
                }
            }
            results
        };
        let results: Vec<_> = std::thread::scope(|scope| {
            let serve = &serve;
            let others: Vec<_> = (1..self.devices.len()).map(|device| scope.spawn(move || serve(device))).collect();
            let mut results = serve(0);
            for other in others {
                match other.join() {
                    Ok(more) => results.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            results
        });
        if let Some((_, error)) = rest.into_inner().unwrap_or_else(PoisonError::into_inner).failed {
            return Err(error);
        }
        gathered(results, count)
    }

    /// The next piece for a device.
    fn take(&self, device: usize, count: usize, rest: &Mutex<Rest>) -> Option<Range<usize>> {
        let speeds = self.speeds();
        let mut rest = rest.lock().unwrap_or_else(PoisonError::into_inner);
        if rest.failed.is_some() || rest.rows.is_empty() {
            return None;
        }
        let left = rest.rows.len();
        let wanted = if speeds[device] == 0.0 {
            count / (self.devices.len() * PROBE)
        } else {
            let fastest = speeds.iter().copied().fold(0.0, f64::max);
            // Devices not measured yet may be as fast as any.
            let all: f64 = speeds.iter().map(|&speed| if speed == 0.0 { fastest } else { speed }).sum();
            (left as f64 * speeds[device] / all / 2.0) as usize
        };
        let size = wanted.max(count / SMALLEST).max(1).min(left);
        let start = rest.rows.start;
        rest.rows.start += size;
        Some(start..start + size)
    }
}

impl<'a> IntoIterator for &'a Devices {
    type Item = &'a Device;
    type IntoIter = std::slice::Iter<'a, Device>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Assembles the pieces in the order of their rows.
fn gathered<T: Element, E: RemoveAxis>(
    mut pieces: Vec<(Range<usize>, Array<T, E>)>,
    count: usize,
) -> Result<Array<T, E>> {
    pieces.sort_by_key(|(piece, _)| piece.start);
    let Some((_, first)) = pieces.first() else {
        return Err(Error::shape("no device returned any rows"));
    };
    if pieces.len() == 1 {
        return Ok(pieces.remove(0).1);
    }
    let mut shape = first.raw_dim();
    shape[0] = count;
    let values = try_filled(T::zeroed(), shape.size())?;
    let mut all = Array::from_shape_vec(shape, values).map_err(|error| Error::shape(error.to_string()))?;
    for (piece, result) in &pieces {
        let mut target = all.slice_axis_mut(Axis(0), piece.clone().into());
        if target.shape() != result.shape() {
            return Err(Error::shape(format!(
                "some rows became an array of shape {:?}, others one of {:?}; the operation must do the same to every \
                 row",
                target.shape(),
                result.shape()
            )));
        }
        target.assign(result);
    }
    Ok(all)
}
