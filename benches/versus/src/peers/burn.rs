//! burn over wgpu. It has no search, so nothing to compose an interpolation of.

#[cfg(not(feature = "burn"))]
pub fn open() -> crate::outcome::Outcome<Box<dyn super::arm::Peer>> {
    Err("not built: this is a light build".into())
}

#[cfg(feature = "burn")]
pub use on::open;

#[cfg(feature = "burn")]
mod on {
    use std::rc::Rc;

    use versus_burn::Burn;

    use crate::outcome::Outcome;
    use crate::peers::arm::{Arm, Peer, Values};
    use crate::peers::inputs::{Matrix, Weights};
    use crate::protocol::{Part, Task};
    use crate::workload::{Type, Workload};

    struct Engine(Burn);

    pub fn open() -> Outcome<Box<dyn Peer>> {
        Ok(Box::new(Engine(Burn::open()?)))
    }

    impl Peer for Engine {
        fn about(&self) -> String {
            self.0.about()
        }

        fn prepare(&mut self, task: &Task) -> Outcome<Vec<Arm>> {
            match task.workload {
                Workload::Overhead { .. } => Ok(Vec::new()),
                Workload::Interp { .. } => Ok(vec![Arm::refusing("burn", "it has no search to compose one of")]),
                workload if workload.ty() == Type::F64 => {
                    Ok(vec![Arm::refusing("burn", "its wgpu backend computes in f32")])
                }
                Workload::Average { axis, full, .. } => self.average(task, axis, full),
            }
        }
    }

    impl Engine {
        fn average(&self, task: &Task, axis: usize, full: bool) -> Outcome<Vec<Arm>> {
            let host = Rc::new(Matrix::<f32>::load(task, full)?);
            let (rows, columns) = host.a.dim();
            let burn = self.0.clone();
            let upload = {
                let (burn, host) = (burn.clone(), host.clone());
                move || {
                    let (w, shape) = match &host.weights {
                        Weights::Line(line) => (line.as_slice(), if axis == 1 { [1, columns] } else { [rows, 1] }),
                        Weights::Full(full) => (full.as_slice(), [rows, columns]),
                    };
                    let a = burn.upload(host.a.as_slice().expect("contiguous"), [rows, columns]);
                    (a, burn.upload(w.expect("contiguous"), shape))
                }
            };
            let (a, w) = upload();
            let call = "(a * w).sum_dim(axis) / w.sum_dim(axis)";
            let composed = {
                let (a, again) = (a.clone(), upload.clone());
                self.arm("burn", call, move || a.average(&w, axis))
                    .part(Part::Upload, move || {
                        let inputs = again();
                        burn.synchronize()?;
                        Ok(inputs)
                    })
                    .part(Part::EndToEnd, move || {
                        let (a, w) = upload();
                        a.average(&w, axis).read()
                    })
            };
            let Weights::Line(line) = &host.weights else { return Ok(vec![composed]) };
            let total = line.mapv(f64::from).sum();
            let normalised = line.mapv(|weight| (f64::from(weight) / total) as f32).to_vec();
            let w = self.0.upload(&normalised, if axis == 1 { [columns, 1] } else { [1, rows] });
            let product = move || if axis == 1 { a.matmul(&w) } else { w.matmul(&a) };
            Ok(vec![composed, self.arm("burn matmul", "matmul, weights normalised before", product)])
        }

        fn arm(&self, name: &str, call: &str, compute: impl Fn() -> versus_burn::Matrix + Clone + 'static) -> Arm {
            let (burn, result) = (self.0.clone(), compute.clone());
            Arm::new(name, call)
                .part(Part::Resident, move || {
                    let average = compute();
                    burn.synchronize()?;
                    Ok(average)
                })
                .result(move || Ok(Values::F32(result().read()?)))
        }
    }
}
