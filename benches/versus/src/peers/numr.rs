//! numr over wgpu: the best compositions of what it has, from `numr-peer/`.

#[cfg(not(feature = "numr"))]
pub fn open() -> crate::outcome::Outcome<Box<dyn super::arm::Peer>> {
    Err("not built: this is a light build".into())
}

#[cfg(feature = "numr")]
pub use on::open;

#[cfg(feature = "numr")]
mod on {
    use std::rc::Rc;

    use versus_numr::{Array, Numr, Table};

    use crate::outcome::Outcome;
    use crate::peers::arm::{Arm, Peer, Values};
    use crate::peers::inputs::{Matrix, Tables, Weights};
    use crate::protocol::{Part, Task};
    use crate::workload::{Type, Workload};

    struct Engine(Numr);

    pub fn open() -> Outcome<Box<dyn Peer>> {
        Ok(Box::new(Engine(Numr::open())))
    }

    impl Peer for Engine {
        fn about(&self) -> String {
            self.0.about()
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

    impl Engine {
        /// A call for each table: it has none for several.
        fn interp(&self, task: &Task, tables: usize) -> Outcome<Arm> {
            let host = Rc::new(Tables::<f32>::load(task, tables)?);
            let numr = self.0.clone();
            let build = {
                let (numr, host) = (numr.clone(), host.clone());
                move || {
                    let rows = host.xp.rows().into_iter().zip(host.fp.rows());
                    let build = |(xp, fp): (ndarray::ArrayView1<'_, f32>, ndarray::ArrayView1<'_, f32>)| {
                        numr.table(xp.to_slice().expect("a row"), fp.to_slice().expect("a row"))
                    };
                    rows.map(build).collect::<Outcome<Vec<_>>>()
                }
            };
            let upload = {
                let numr = numr.clone();
                move || {
                    let rows = host.x.rows().into_iter();
                    rows.map(|x| numr.upload(x.to_slice().expect("a row"), &[x.len()])).collect::<Outcome<Vec<_>>>()
                }
            };
            let compute = {
                let numr = numr.clone();
                move |tables: &[Table], x: &[Array]| {
                    tables.iter().zip(x).map(|(table, x)| numr.interp(table, x)).collect::<Outcome<Vec<_>>>()
                }
            };
            let (built, x) = (build()?, upload()?);
            let resident = {
                let compute = compute.clone();
                Rc::new(move || compute(&built, &x))
            };
            let (sync, result, again) = (numr.clone(), resident.clone(), upload.clone());
            Ok(Arm::new("numr", "searchsorted, three index_select, sub, mul, add")
                .part(Part::Resident, move || {
                    let y = resident()?;
                    sync.synchronize();
                    Ok(y)
                })
                .part(Part::Upload, move || {
                    let x = again()?;
                    numr.synchronize();
                    Ok(x)
                })
                .part(Part::EndToEnd, move || down(&compute(&build()?, &upload()?)?))
                .result(move || Ok(Values::F32(down(&result()?)?))))
        }

        fn average(&self, task: &Task, axis: usize, full: bool) -> Outcome<Vec<Arm>> {
            let host = Rc::new(Matrix::<f32>::load(task, full)?);
            let (rows, columns) = host.a.dim();
            let upload = {
                let (numr, host) = (self.0.clone(), host.clone());
                move || {
                    let (w, shape) = match &host.weights {
                        Weights::Line(line) => (line.as_slice(), if axis == 1 { [1, columns] } else { [rows, 1] }),
                        Weights::Full(full) => (full.as_slice(), [rows, columns]),
                    };
                    let a = numr.upload(host.a.as_slice().expect("contiguous"), &[rows, columns])?;
                    Outcome::Ok((a, numr.upload(w.expect("contiguous"), &shape)?))
                }
            };
            let (a, w) = upload()?;
            let call = "(a * w).sum(axis) / w.sum(axis)";
            let composed = {
                let a = a.clone();
                let whole = move || {
                    let (a, w) = upload()?;
                    a.average(&w, axis)?.read()
                };
                self.arm("numr", call, move || a.average(&w, axis)).part(Part::EndToEnd, whole)
            };
            let Weights::Line(line) = &host.weights else { return Ok(vec![composed]) };
            let total = line.mapv(f64::from).sum();
            let normalised = line.mapv(|weight| (f64::from(weight) / total) as f32).to_vec();
            let shape = if axis == 1 { [columns, 1] } else { [1, rows] };
            let w = self.0.upload(&normalised, &shape)?;
            let product = move || if axis == 1 { a.matmul(&w) } else { w.matmul(&a) };
            Ok(vec![composed, self.arm("numr matmul", "matmul, weights normalised before", product)])
        }

        fn arm(&self, name: &str, call: &str, compute: impl Fn() -> Outcome<Array> + Clone + 'static) -> Arm {
            let (numr, result) = (self.0.clone(), compute.clone());
            Arm::new(name, call)
                .part(Part::Resident, move || {
                    let average = compute()?;
                    numr.synchronize();
                    Ok(average)
                })
                .result(move || Ok(Values::F32(result()?.read()?)))
        }
    }

    fn down(arrays: &[Array]) -> Outcome<Vec<f32>> {
        Ok(arrays.iter().map(Array::read).collect::<Outcome<Vec<_>>>()?.concat())
    }
}
