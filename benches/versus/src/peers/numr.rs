//! numr over wgpu. It has no interpolation of its own: the best composition of what it has is a search among the inner
//! knots, which gives the segment without clamping, and three gathers from tables whose slopes are computed before.

#[cfg(not(feature = "numr"))]
pub fn open() -> crate::data::Outcome<Box<dyn crate::worker::Peer>> {
    Err("not built: this is a light build".into())
}

#[cfg(feature = "numr")]
pub use on::open;

#[cfg(feature = "numr")]
mod on {
    use std::rc::Rc;

    use ndarray::s;
    use numr::prelude::{IndexingOps, Runtime, RuntimeClient, SortingOps, WgpuClient, WgpuDevice, WgpuRuntime};

    use super::super::{Matrix, Tables, Weights};
    use crate::data::{Outcome, told};
    use crate::protocol::{Part, Task};
    use crate::worker::{Arm, Peer, Values};
    use crate::workload::{Type, Workload};

    type Tensor = numr::prelude::Tensor<WgpuRuntime>;

    struct Numr {
        client: Rc<WgpuClient>,
        device: WgpuDevice,
    }

    pub fn open() -> Outcome<Box<dyn Peer>> {
        let client = WgpuRuntime::default_client(&WgpuDevice::new(0));
        let device = client.device().clone();
        Ok(Box::new(Numr { client: Rc::new(client), device }))
    }

    impl Peer for Numr {
        fn about(&self) -> String {
            format!("numr 0.14 on {}", self.device.adapter_name())
        }

        fn prepare(&mut self, task: &Task) -> Outcome<Vec<Arm>> {
            match task.workload {
                Workload::Overhead { .. } => Ok(Vec::new()),
                workload if workload.ty() == Type::F64 => {
                    Ok(vec![Arm::refusing("numr", "its wgpu backend has no f64")])
                }
                Workload::Interp { tables, .. } => self.interp(task, tables).map(|arm| vec![arm]),
                Workload::Average { axis, full, .. } => self.average(task, axis, full),
            }
        }
    }

    /// A table as numr's operations want it.
    struct Table {
        inner: Tensor,
        x0: Tensor,
        y0: Tensor,
        slope: Tensor,
    }

    impl Numr {
        fn interp(&self, task: &Task, tables: usize) -> Outcome<Arm> {
            let host = Rc::new(Tables::<f32>::load(task, tables)?);
            let (client, device) = (self.client.clone(), self.device.clone());
            let build = {
                let (host, device) = (host.clone(), device.clone());
                move || (0..host.xp.nrows()).map(|row| table(&host, row, &device)).collect::<Outcome<Vec<_>>>()
            };
            let upload = move || {
                host.x
                    .rows()
                    .into_iter()
                    .map(|x| up(x.to_slice().expect("a row"), &[x.len()], &device))
                    .collect::<Outcome<Vec<_>>>()
            };
            let compute = {
                let client = client.clone();
                move |tables: &[Table], x: &[Tensor]| {
                    tables.iter().zip(x).map(|(table, x)| interp(&client, table, x)).collect::<Outcome<Vec<_>>>()
                }
            };
            let (built, x) = (build()?, upload()?);
            let resident = {
                let compute = compute.clone();
                Rc::new(move || compute(&built, &x))
            };
            let (sync, result, up) = (client.clone(), resident.clone(), upload.clone());
            Ok(Arm::new("numr", "searchsorted, three index_select, sub, mul, add")
                .part(Part::Resident, move || {
                    let y = resident()?;
                    sync.synchronize();
                    Ok(y)
                })
                .part(Part::Upload, move || {
                    let x = up()?;
                    client.synchronize();
                    Ok(x)
                })
                .part(Part::EndToEnd, move || down(&compute(&build()?, &upload()?)?))
                .result(move || Ok(Values::F32(down(&result()?)?))))
        }

        fn average(&self, task: &Task, axis: usize, full: bool) -> Outcome<Vec<Arm>> {
            let Matrix { a, weights } = Matrix::<f32>::load(task, full)?;
            let (client, device) = (self.client.clone(), self.device.clone());
            let (rows, columns) = a.dim();
            let matmul = match &weights {
                Weights::Line(line) => {
                    let total = line.mapv(f64::from).sum();
                    let normalised = line.mapv(|weight| (f64::from(weight) / total) as f32).to_vec();
                    let shape = if axis == 1 { [columns, 1] } else { [1, rows] };
                    let a = up(a.as_slice().expect("contiguous"), &[rows, columns], &device)?;
                    let w = up(&normalised, &shape, &device)?;
                    let call = "matmul, weights normalised before";
                    let compute = move || if axis == 1 { a.matmul(&w) } else { w.matmul(&a) }.map_err(told);
                    Some(arm("numr matmul", call, client.clone(), compute))
                }
                Weights::Full(_) => None,
            };
            let a = up(a.as_slice().expect("contiguous"), &[rows, columns], &device)?;
            let w = match &weights {
                Weights::Line(line) => {
                    let shape = if axis == 1 { [1, columns] } else { [rows, 1] };
                    up(line.as_slice().expect("contiguous"), &shape, &device)?
                }
                Weights::Full(full) => up(full.as_slice().expect("contiguous"), &[rows, columns], &device)?,
            };
            let compute = move || {
                let products = a.mul(&w)?.sum(&[axis], true)?;
                products.div(&w.sum(&[axis], true)?)
            };
            let composed = arm("numr", "(a * w).sum(axis) / w.sum(axis)", client, move || compute().map_err(told));
            Ok(std::iter::once(composed).chain(matmul).collect())
        }
    }

    fn arm(
        name: &str,
        call: &str,
        client: Rc<WgpuClient>,
        compute: impl Fn() -> Outcome<Tensor> + Clone + 'static,
    ) -> Arm {
        let result = compute.clone();
        Arm::new(name, call)
            .part(Part::Resident, move || {
                let average = compute()?;
                client.synchronize();
                Ok(average)
            })
            .result(move || Ok(Values::F32(down(&[result()?])?)))
    }

    fn up(values: &[f32], shape: &[usize], device: &WgpuDevice) -> Outcome<Tensor> {
        Tensor::from_slice(values, shape, device).map_err(told)
    }

    fn down(tensors: &[Tensor]) -> Outcome<Vec<f32>> {
        let each = tensors.iter().map(|tensor| tensor.contiguous()?.try_to_vec::<f32>());
        Ok(each.collect::<numr::prelude::Result<Vec<_>>>().map_err(told)?.concat())
    }

    fn table(host: &Tables<f32>, row: usize, device: &WgpuDevice) -> Outcome<Table> {
        let (xp, fp) = (host.xp.row(row), host.fp.row(row));
        let last = xp.len() - 1;
        let slope: Vec<f32> = (0..last).map(|knot| (fp[knot + 1] - fp[knot]) / (xp[knot + 1] - xp[knot])).collect();
        let inner = xp.slice(s![1..last]).to_vec();
        Ok(Table {
            inner: up(&inner, &[last - 1], device)?,
            x0: up(&xp.slice(s![..last]).to_vec(), &[last], device)?,
            y0: up(&fp.slice(s![..last]).to_vec(), &[last], device)?,
            slope: up(&slope, &[last], device)?,
        })
    }

    fn interp(client: &WgpuClient, table: &Table, x: &Tensor) -> Outcome<Tensor> {
        let composed = || -> numr::prelude::Result<Tensor> {
            let segment = client.searchsorted(&table.inner, x, true)?;
            let x0 = client.index_select(&table.x0, 0, &segment)?;
            let y0 = client.index_select(&table.y0, 0, &segment)?;
            let slope = client.index_select(&table.slope, 0, &segment)?;
            x.sub(&x0)?.mul(&slope)?.add(&y0)
        };
        composed().map_err(told)
    }
}
