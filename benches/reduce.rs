//! Averages, sums and means along an axis: the device's own time, on data that are there already.
//!
//!     cargo bench --bench reduce

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::{Array1, Array2, Axis, Ix1};
use ndgpu::{DeviceArray, Float, Result};
use support::{Engine, Random, check, engines, finish, group, plain_average, throughput};

/// Many short rows, a square, few long rows.
const SHAPES: [(usize, usize); 3] = [(1_000_000, 8), (1_000, 1_000), (4, 1_000_000)];

fn reduce(criterion: &mut Criterion) {
    let engines = engines();
    for axis in [Axis(1), Axis(0)] {
        for shape in SHAPES {
            along::<f32>(criterion, &engines, shape, axis);
        }
        along::<f64>(criterion, &engines, SHAPES[1], axis);
    }
}

fn along<T: Float>(criterion: &mut Criterion, engines: &[Engine], shape: (usize, usize), axis: Axis) {
    let mut random = Random(3);
    let values: Array2<T> = random.array(shape, -1.0, 1.0);
    let len = values.len_of(axis);
    let weights: Array1<T> = random.array(len, 0.1, 1.0);
    let full_weights: Array2<T> = random.array(shape, 0.1, 1.0);

    let along_axis = weights.view().insert_axis(Axis(1 - axis.index()));
    let averages = plain_average(values.view(), along_axis.broadcast(shape).unwrap(), axis);
    let full_averages = plain_average(values.view(), full_weights.view(), axis);
    let means = plain_average(values.view(), Array2::ones(shape).view(), axis);
    let sums: Vec<f64> = means.iter().map(|mean| mean * len as f64).collect();

    let (rows, columns) = shape;
    let lines = values.len() / len;
    let mut group = group(criterion, &format!("reduce/{}/{rows}x{columns} along axis {}", T::TYPE, axis.index()));
    for engine in engines.iter().filter(|engine| engine.takes::<T>()) {
        let a = engine.device.upload(&values).unwrap();
        let w = engine.device.upload(&weights).unwrap();
        let full_w = engine.device.upload(&full_weights).unwrap();

        let mut row = |name: &str, read: usize, expected: &[f64], run: &dyn Fn() -> Result<DeviceArray<T, Ix1>>| {
            check(name, &run().unwrap(), expected);
            group.throughput(throughput(values.len(), (read + lines) * size_of::<T>()));
            group.bench_function(format!("{name}/{}", engine.name), |bencher| bencher.iter(|| finish(engine, run)));
        };
        row("average", a.len() + w.len(), &averages, &|| a.average_axis(axis, &w));
        row("average, full weights", a.len() + full_w.len(), &full_averages, &|| a.average_axis(axis, &full_w));
        row("sum", a.len(), &sums, &|| a.sum_axis(axis));
        row("mean", a.len(), &means, &|| a.mean_axis(axis));
    }
    group.finish();
}

criterion_group!(benches, reduce);
criterion_main!(benches);
