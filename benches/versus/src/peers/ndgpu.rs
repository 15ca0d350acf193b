//! ndgpu itself, on either engine, by its public API alone.

use std::rc::Rc;
use std::time::Instant;

use ndarray::{Array1, Array2, Axis, Ix1, Ix2};
use ndgpu::{Device, DeviceArray, DeviceKind, InterpTable};

use super::adapter::{self, Options};
use super::arm::{Arm, Peer};
use super::inputs::{Matrix, Tables, Weights, by_type, values};
use crate::data::{Real, random};
use crate::outcome::{Outcome, told};
use crate::protocol::{Part, Task};
use crate::roster::{CPU, GPU};
use crate::workload::{DISPATCHES, Overhead, TRANSFER, Type, Workload};

pub struct Engine {
    name: &'static str,
    device: Device,
}

impl Engine {
    pub fn cpu() -> Self {
        Self { name: CPU, device: Device::cpu() }
    }

    pub fn gpu(options: &Options) -> Outcome<Self> {
        Ok(Self { name: GPU, device: adapter::open(options)? })
    }
}

impl Peer for Engine {
    fn about(&self) -> String {
        self.device.info().to_string()
    }

    fn prepare(&mut self, task: &Task) -> Outcome<Vec<Arm>> {
        if task.workload.ty() == Type::F64 && !self.device.info().supports_f64 {
            return Ok(vec![Arm::refusing(self.name, "this adapter has no 64-bit floats in shaders")]);
        }
        match task.workload {
            Workload::Interp { tables, .. } => {
                by_type(&task.workload, || self.interp::<f32>(task, tables), || self.interp::<f64>(task, tables))
            }
            Workload::Average { axis, full, .. } => by_type(
                &task.workload,
                || self.average::<f32>(task, axis, full),
                || self.average::<f64>(task, axis, full),
            ),
            Workload::Overhead { what } => self.overhead(what),
        }
    }

    fn memory(&mut self, task: &Task) -> Outcome<u64> {
        by_type(&task.workload, || self.added_memory::<f32>(task), || self.added_memory::<f64>(task))
    }
}

impl Engine {
    fn interp<T: Real>(&self, task: &Task, tables: usize) -> Outcome<Vec<Arm>> {
        let Tables { xp, fp, x } = Tables::<T>::load(task, tables)?;
        let (device, host) = (self.device.clone(), Rc::new((xp, fp, x)));
        let upload = {
            let (device, host) = (device.clone(), host.clone());
            move || device.upload(&host.2).map_err(told)
        };
        let table = {
            let (device, host) = (device.clone(), host.clone());
            move || match host.0.nrows() {
                1 => InterpTable::new(&device, &host.0.row(0), &host.1.row(0)).map_err(told),
                _ => InterpTable::new(&device, &host.0, &host.1).map_err(told),
            }
        };
        let ask = |table: &InterpTable<T>, x: &DeviceArray<T, Ix2>| match table.tables() {
            1 => table.interp(x).map_err(told),
            _ => table.interp_rows(x).map_err(told),
        };
        let (resident_table, resident_x) = (Rc::new(table()?), Rc::new(upload()?));
        let result = {
            let (table, x) = (resident_table.clone(), resident_x.clone());
            move || ask(&table, &x)
        };
        let call = if tables == 1 { "table.interp(&x)" } else { "table.interp_rows(&x)" };
        let whole = {
            let upload = upload.clone();
            move || ask(&table()?, &upload()?)
        };
        self.arm(call, upload, result, whole)
    }

    fn average<T: Real>(&self, task: &Task, axis: usize, full: bool) -> Outcome<Vec<Arm>> {
        let Matrix { a, weights } = Matrix::<T>::load(task, full)?;
        let (device, axis, host) = (self.device.clone(), Axis(axis), Rc::new((a, weights)));
        let upload = {
            let (device, host) = (device.clone(), host.clone());
            move || Ok((device.upload(&host.0).map_err(told)?, Uploaded::of(&device, &host.1)?))
        };
        let average = move |inputs: &(DeviceArray<T, Ix2>, Uploaded<T>)| match &inputs.1 {
            Uploaded::Line(weights) => inputs.0.average_axis(axis, weights).map_err(told),
            Uploaded::Full(weights) => inputs.0.average_axis(axis, weights).map_err(told),
        };
        let resident = Rc::new(upload()?);
        let result = move || average(&resident);
        let whole = {
            let upload = upload.clone();
            move || average(&upload()?)
        };
        self.arm(&format!("a.average_axis(Axis({}), &weights)", axis.index()), upload, result, whole)
    }

    /// The four parts of any operation: its inputs go up, it computes, its result comes back, and all together.
    fn arm<T: Real, I: 'static, D: ndarray::Dimension + 'static>(
        &self,
        call: &str,
        upload: impl Fn() -> Outcome<I> + 'static,
        result: impl Fn() -> Outcome<DeviceArray<T, D>> + Clone + 'static,
        whole: impl Fn() -> Outcome<DeviceArray<T, D>> + 'static,
    ) -> Outcome<Vec<Arm>> {
        let (device, compute) = (self.device.clone(), result.clone());
        let resident = move || {
            let result = compute()?;
            device.synchronize().map_err(told)?;
            Ok(result)
        };
        let device = self.device.clone();
        let up = move || {
            let inputs = upload()?;
            device.synchronize().map_err(told)?;
            Ok(inputs)
        };
        let here = result()?;
        self.device.synchronize().map_err(told)?;
        let arm = Arm::new(self.name, call)
            .part(Part::Resident, resident)
            .part(Part::Upload, up)
            .part(Part::Readback, move || here.readback().wait().map_err(told))
            .part(Part::EndToEnd, move || whole()?.into_readback().wait().map_err(told))
            .result(move || {
                let host = result()?.into_readback().wait().map_err(told)?.into_array();
                Ok(values(host.as_slice().ok_or("results are contiguous")?))
            });
        Ok(vec![arm])
    }

    fn overhead(&self, what: Overhead) -> Outcome<Vec<Arm>> {
        let device = self.device.clone();
        if device.info().kind == DeviceKind::Cpu {
            return Ok(Vec::new());
        }
        let host: Array1<f32> = random(TRANSFER / 4, 3, 0.0, 1.0);
        let arm = match what {
            Overhead::Dispatch | Overhead::Dispatches => {
                let calls = if what == Overhead::Dispatch { 1 } else { DISPATCHES };
                let a = device.upload(&random::<f32>(64, 4, 0.0, 1.0)).map_err(told)?;
                let table = InterpTable::new(&device, &[0.0_f32, 1.0], &[0.0_f32, 1.0]).map_err(told)?;
                Arm::new(self.name, "table.interp(&x), device.synchronize()").part(Part::Resident, move || {
                    let results: Vec<_> = (0..calls).map(|_| table.interp(&a).map_err(told)).collect();
                    device.synchronize().map_err(told)?;
                    Ok(results)
                })
            }
            Overhead::Upload => {
                let call = "device.upload(&host), device.synchronize()";
                Arm::new(self.name, call).part(Part::Resident, move || {
                    let array = device.upload(&host).map_err(told)?;
                    device.synchronize().map_err(told)?;
                    Ok(array)
                })
            }
            Overhead::Readback => {
                let array = device.upload(&host).map_err(told)?;
                Arm::new(self.name, "a.readback().wait()")
                    .part(Part::Resident, move || array.readback().wait().map_err(told))
            }
            Overhead::IntoReadback => {
                let mut path = device.upload(&host).map_err(told)?.into_readback().cost().path.to_string();
                path = format!("a.into_readback().wait() ({path})");
                Arm::new(self.name, path).part_timed(Part::Resident, move || {
                    let array = device.upload(&host).map_err(told)?;
                    device.synchronize().map_err(told)?;
                    let start = Instant::now();
                    let landed = array.into_readback().wait().map_err(told)?;
                    let took = start.elapsed();
                    drop(landed);
                    Ok(took)
                })
            }
        };
        Ok(vec![arm])
    }

    /// What uploading, building, computing and looking at the result add to the resident memory at their peak. The host
    /// arrays are there before.
    fn added_memory<T: Real>(&self, task: &Task) -> Outcome<u64> {
        let device = &self.device;
        match task.workload {
            Workload::Interp { tables: 1, .. } => {
                let Tables { xp, fp, x } = Tables::<T>::load(task, 1)?;
                let before = start_of_peak()?;
                let table = InterpTable::new(device, &xp.row(0), &fp.row(0)).map_err(told)?;
                let y = table.interp(&device.upload(&x).map_err(told)?).map_err(told)?;
                let landed = y.into_readback().wait().map_err(told)?;
                std::hint::black_box(landed.view());
                Ok(peak()?.saturating_sub(before))
            }
            Workload::Average { axis, full, .. } => {
                let Matrix { a, weights } = Matrix::<T>::load(task, full)?;
                let before = start_of_peak()?;
                let resident = device.upload(&a).map_err(told)?;
                let average = match Uploaded::of(device, &weights)? {
                    Uploaded::Line(weights) => resident.average_axis(Axis(axis), &weights).map_err(told)?,
                    Uploaded::Full(weights) => resident.average_axis(Axis(axis), &weights).map_err(told)?,
                };
                let landed = average.into_readback().wait().map_err(told)?;
                std::hint::black_box(landed.view());
                Ok(peak()?.saturating_sub(before))
            }
            _ => Err("memory is measured of one table and of averages".into()),
        }
    }
}

enum Uploaded<T: Real> {
    Line(DeviceArray<T, Ix1>),
    Full(DeviceArray<T, Ix2>),
}

impl<T: Real> Uploaded<T> {
    fn of(device: &Device, weights: &Weights<T>) -> Outcome<Self> {
        let upload_line = |line: &Array1<T>| device.upload(line).map_err(told);
        let upload_full = |full: &Array2<T>| device.upload(full).map_err(told);
        match weights {
            Weights::Line(line) => upload_line(line).map(Self::Line),
            Weights::Full(full) => upload_full(full).map(Self::Full),
        }
    }
}

/// Sets the peak back to what is resident now, and returns that. Linux only.
fn start_of_peak() -> Outcome<u64> {
    std::fs::write("/proc/self/clear_refs", "5").map_err(told)?;
    status("VmRSS:")
}

fn peak() -> Outcome<u64> {
    status("VmHWM:")
}

fn status(field: &str) -> Outcome<u64> {
    let text = std::fs::read_to_string("/proc/self/status").map_err(told)?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)).ok_or("the system does not tell")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().map_err(told)?;
    Ok(kibibytes * 1024)
}
