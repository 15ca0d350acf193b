//! One workload on one device, by ndgpu's public interface.

use ndarray::{Axis, Dimension};
use ndgpu::{Device, DeviceArray, Element, ElementType, InterpTable, Knots, Side};
use rayon::prelude::*;

use super::case::{Case, Reduction, Task};
use super::inputs::{Inputs, largest_error};
use crate::data::Real;
use crate::findings::Timing;
use crate::gpu::sentence;
use crate::measure::{Deadline, Times, batched, singly};
use crate::outcome::Outcome;
use crate::workload::Type;

/// Up to these a result counts: what benches/versus asks for.
const F32: f64 = 1e-5;
const F64: f64 = 1e-12;

/// On each of the devices, with the same inputs: half a second each, which is enough for medians.
pub fn time(case: &Case, devices: &[&Device], deadline: Deadline) -> Vec<Outcome<Timing>> {
    match case.ty() {
        Type::F32 => of_type::<f32>(case, devices, deadline, F32),
        Type::F64 => of_type::<f64>(case, devices, deadline, F64),
    }
}

fn of_type<T: Real>(case: &Case, devices: &[&Device], deadline: Deadline, tolerance: f64) -> Vec<Outcome<Timing>> {
    let inputs = Inputs::<T>::of(case);
    let expected = inputs.expected(case);
    let on = |device: &&Device| {
        if T::TYPE == ElementType::F64 && !device.info().supports_f64 {
            return Err("this device has no 64-bit floats in shaders".into());
        }
        let judge = Judge { device, expected: &expected, tolerance, deadline: deadline.sooner(0.5) };
        on_device(case, &inputs, &judge)
    };
    devices.iter().map(on).collect()
}

fn on_device<T: Real>(case: &Case, inputs: &Inputs<T>, judge: &Judge<'_>) -> Outcome<Timing> {
    let device = judge.device;
    match (inputs, case.task) {
        (Inputs::Tables { xp, fp, x }, _) => {
            let single = xp.nrows() == 1;
            let table = if single {
                InterpTable::new(device, &xp.row(0), &fp.row(0)).map_err(sentence)?
            } else {
                InterpTable::new(device, xp, fp).map_err(sentence)?
            };
            let x = upload(device, x)?;
            judge.time(|| if single { table.interp(&x) } else { table.interp_rows(&x) })
        }
        (Inputs::Line { a, weights, axis }, _) => {
            let (a, weights) = (upload(device, a)?, upload(device, weights)?);
            judge.time(|| a.average_axis(Axis(*axis), &weights))
        }
        (Inputs::Full { a, weights, axis }, _) => {
            let (a, weights) = (upload(device, a)?, upload(device, weights)?);
            judge.time(|| a.average_axis(Axis(*axis), &weights))
        }
        (Inputs::Search { knots, x }, _) => {
            let knots = Knots::new(device, knots).map_err(sentence)?;
            let x = upload(device, x)?;
            judge.time(|| knots.searchsorted(&x, Side::Left))
        }
        (Inputs::Matrix(a), Task::Reduce(what, ..)) => {
            let a = upload(device, a)?;
            judge.time(|| match what {
                Reduction::Sum => a.sum_axis(Axis(1)),
                Reduction::Var => a.var_axis(Axis(1), T::zero()),
                Reduction::Min => a.min_axis(Axis(1)),
            })
        }
        (Inputs::Matrix(a), Task::Standardize(..)) => {
            let a = upload(device, a)?;
            judge.time(|| a.standardize_axis(Axis(1), T::zero()))
        }
        (Inputs::Matrix(a), _) => transposed(judge, &upload(device, a)?),
    }
}

/// ndgpu transposes weights that are given in another order of the axes than the array's. The time is what that takes
/// beyond the same average with weights that lie right.
fn transposed<T: Real>(judge: &Judge<'_>, a: &DeviceArray<T, ndarray::Ix2>) -> Outcome<Timing> {
    let (rows, columns) = (a.shape()[0], a.shape()[1]);
    // The axis of one row keeps weights from being taken for those of each element, which have no order of axes.
    let values = a.reshape((1, columns, rows)).map_err(sentence)?;
    let right = a.reshape((columns, rows)).map_err(sentence)?;
    let whole = || values.average_axes(&[Axis(2), Axis(1)], a);
    let part = || values.average_axes(&[Axis(1), Axis(2)], &right);
    let plan = judge.device.capture((&values, a), |(values, a)| values.average_axes(&[Axis(2), Axis(1)], a));
    let other = judge.device.capture((&values, &right), |(values, a)| values.average_axes(&[Axis(1), Axis(2)], a));
    let beyond = plan.map_err(sentence)?.bytes().checked_sub(other.map_err(sentence)?.bytes());
    if beyond != Some(2 * (rows * columns * size_of::<T>()) as u64) {
        return Err("ndgpu transposes nothing here, or more than the weights".into());
    }
    let whole = judge.time(whole)?;
    let part = judge.unjudged(part)?;
    if whole.batched.median <= part.batched.median {
        return Err("what transposing takes is lost in the noise".into());
    }
    let less = |whole: Times, part: Times| Times {
        median: (whole.median - part.median).max(0.0),
        lower_quartile: (whole.lower_quartile - part.upper_quartile).max(0.0),
        upper_quartile: (whole.upper_quartile - part.lower_quartile).max(0.0),
        ..whole
    };
    Ok(Timing { batched: less(whole.batched, part.batched), single: less(whole.single, part.single), ..whole })
}

fn upload<T: Element, D: Dimension>(device: &Device, host: &ndarray::Array<T, D>) -> Outcome<DeviceArray<T, D>> {
    device.upload(host).map_err(sentence)
}

/// The device, what has to come out, and until when.
struct Judge<'a> {
    device: &'a Device,
    expected: &'a [f64],
    tolerance: f64,
    deadline: Deadline,
}

impl Judge<'_> {
    fn time<E: Element + Into<f64>, D: Dimension>(
        &self,
        compute: impl Fn() -> ndgpu::Result<DeviceArray<E, D>>,
    ) -> Outcome<Timing> {
        self.device.synchronize().map_err(sentence)?;
        let start = std::time::Instant::now();
        let result = compute().map_err(sentence)?;
        self.device.synchronize().map_err(sentence)?;
        let first = start.elapsed().as_secs_f64();
        let landed = result.readback().wait().map_err(sentence)?;
        let values = landed.view();
        let values = values.as_slice().ok_or("a result does not lie in one piece")?;
        if values.len() != self.expected.len() {
            return Err(format!("**wrong**: {} results instead of {}", values.len(), self.expected.len()));
        }
        let error = largest_error(values.par_iter().map(|&value| value.into()), self.expected);
        if error > self.tolerance {
            return Err(format!("**wrong**: off by up to {error:.1e}"));
        }
        drop((landed, result));
        Ok(Timing { first, error, ..self.unjudged(compute)? })
    }

    fn unjudged<E: Element, D: Dimension>(
        &self,
        compute: impl Fn() -> ndgpu::Result<DeviceArray<E, D>>,
    ) -> Outcome<Timing> {
        let call = || compute().map(drop).map_err(sentence);
        let finish = || self.device.synchronize().map_err(sentence);
        let single = singly(self.deadline, 9, || {
            call()?;
            finish()
        })?;
        let batched = batched(self.deadline, call, finish)?;
        Ok(Timing { batched, single, first: 0.0, error: 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::{Scale, keyed};
    use super::{Deadline, Device, time};

    /// That inputs fit, results count and a transposition is one, before a GPU is there to be measured.
    #[test]
    #[ignore = "gigabytes of memory, and a minute: cargo test --release -- --ignored"]
    fn the_sizes_for_hardware_come_out_right_on_the_cpu_engine() {
        let device = Device::cpu();
        for case in keyed(Scale::Hardware) {
            let timings = time(&case, &[&device], Deadline::after(0.1));
            let timing = timings.into_iter().next().unwrap();
            println!("{}: {:?}", case.name(), timing.map(|timing| timing.batched.median).unwrap());
        }
    }
}
