//! Averages, sums and other reductions along an axis, and standardizing: the device's own time, on data that are there
//! already.
//!
//!     cargo bench --bench reduce

mod support;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use ndarray::{Array1, Array2, Axis, Dimension};
use ndgpu::{DeviceArray, Element, Float, Result};
use num_traits::ToPrimitive;
use support::{Engine, Random, check, engines, finish, group, plain_argmax, plain_average, plain_var, throughput};

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
    let variances = plain_var(values.view(), &means, axis);
    let places = plain_argmax(values.view(), axis);
    let smallest = values.map_axis(axis, |line| line.iter().fold(f64::INFINITY, |a, b| a.min(b.to_f64().unwrap())));
    let standardized: Vec<f64> = values
        .indexed_iter()
        .map(|((row, column), value)| {
            let line = if axis == Axis(1) { row } else { column };
            (value.to_f64().unwrap() - means[line]) / variances[line].sqrt()
        })
        .collect();

    let (rows, columns) = shape;
    let group = group(criterion, &format!("reduce/{}/{rows}x{columns}/axis{}", T::TYPE, axis.index()));
    let mut rows = Rows { group, elements: values.len() };
    for engine in engines.iter().filter(|engine| engine.takes::<T>()) {
        let a = engine.device.upload(&values).unwrap();
        let w = engine.device.upload(&weights).unwrap();
        let full_w = engine.device.upload(&full_weights).unwrap();

        let read = a.len() * size_of::<T>();
        let read_weights = (a.len() + w.len()) * size_of::<T>();
        rows.row(engine, "average/1d", read_weights, &averages, || a.average_axis(axis, &w));
        rows.row(engine, "average/full", 2 * read, &full_averages, || a.average_axis(axis, &full_w));
        rows.row(engine, "sum", read, &sums, || a.sum_axis(axis));
        rows.row(engine, "mean", read, &means, || a.mean_axis(axis));
        rows.row(engine, "var", read, &variances, || a.var_axis(axis, T::zero()));
        rows.row(engine, "min", read, smallest.as_slice().unwrap(), || a.min_axis(axis));
        rows.row(engine, "argmax", read, &places, || a.argmax_axis(axis));
        rows.row(engine, "standardize", read, &standardized, || a.standardize_axis(axis, T::zero()));
    }
    rows.group.finish();
}

/// The rows of one shape.
struct Rows<'a> {
    group: BenchmarkGroup<'a, WallTime>,
    elements: usize,
}

impl Rows<'_> {
    fn row<T: Element + ToPrimitive, D: Dimension>(
        &mut self,
        engine: &Engine,
        name: &str,
        bytes_read: usize,
        expected: &[f64],
        run: impl Fn() -> Result<DeviceArray<T, D>>,
    ) {
        check(name, &run().unwrap(), expected);
        self.group.throughput(throughput(self.elements, bytes_read + expected.len() * size_of::<T>()));
        self.group.bench_function(format!("{name}/{}", engine.name), |bencher| bencher.iter(|| finish(engine, &run)));
    }
}

criterion_group!(benches, reduce);
criterion_main!(benches);
