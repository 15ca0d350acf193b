//! Upload and readback, apart from any computing, beside what copying costs on this machine at all; and uploads of
//! views whose axes lie in another order than the device's, beside those that lie in the same.
//!
//!     cargo bench --bench transfer

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::{Array1, Array2};
use ndgpu::InterpTable;
use support::{Engine, Random, engines, group, throughput, time_each};

const SIZES: [(&str, usize); 3] = [("64 KiB", 64 << 10), ("4 MiB", 4 << 20), ("64 MiB", 64 << 20)];

fn transfer(criterion: &mut Criterion) {
    let engines = engines();
    for engine in &engines {
        for shape in [(60, 20_000), (20_000, 60), (2048, 2048)] {
            transposed(criterion, engine, shape);
        }
        transposed_tables(criterion, engine);
    }
    for (size, bytes) in SIZES {
        let host: Array1<f32> = Random(4).array(bytes / size_of::<f32>(), 0.0, 1.0);
        let moved = throughput(host.len(), bytes);
        copy(criterion, size, &host, &moved);
        for engine in &engines {
            upload(criterion, engine, size, &host, &moved);
            readback(criterion, engine, size, &host, &moved);
            into_readback(criterion, engine, size, &host, &moved);
        }
    }
}

/// For comparison: one thread copies from memory to memory that it has used before.
fn copy(criterion: &mut Criterion, size: &str, host: &Array1<f32>, moved: &criterion::Throughput) {
    let mut target = host.clone();
    let mut group = group(criterion, &format!("copy/{size}"));
    group.throughput(moved.clone());
    let (source, target) = (host.as_slice().unwrap(), target.as_slice_mut().unwrap());
    group.bench_function("memory to memory", |bencher| {
        bencher.iter(|| black_box(&mut *target).copy_from_slice(black_box(source)));
    });
    group.finish();
}

/// Until the device has the values, not only until the call returns.
fn upload(criterion: &mut Criterion, engine: &Engine, size: &str, host: &Array1<f32>, moved: &criterion::Throughput) {
    let Engine { name, device } = engine;
    let landed = device.upload(host).unwrap().readback().wait().unwrap();
    assert_eq!(landed.view(), host, "upload and readback change nothing");
    drop(landed);

    let mut group = group(criterion, &format!("upload/{size}"));
    group.throughput(moved.clone());
    group.bench_function(*name, |bencher| {
        bencher.iter_custom(|iterations| {
            time_each(iterations, || {
                let array = device.upload(host).unwrap();
                device.synchronize().unwrap();
                array
            })
        });
    });
    group.finish();
}

/// An array that was made the other way round, beside one that was not.
fn transposed(criterion: &mut Criterion, engine: &Engine, (rows, columns): (usize, usize)) {
    let Engine { name, device } = engine;
    let host: Array2<f32> = Random(5).array((rows, columns), 0.0, 1.0);
    let mut group = group(criterion, &format!("upload of layouts/{rows} x {columns}"));
    group.throughput(throughput(host.len(), host.len() * size_of::<f32>()));
    for (layout, view) in [("as it lies", host.view()), ("transposed", host.t())] {
        assert_eq!(device.upload(&view).unwrap().readback().wait().unwrap().view(), view, "a layout changes nothing");
        group.bench_function(format!("{name}, {layout}"), |bencher| {
            bencher.iter_custom(|iterations| {
                time_each(iterations, || {
                    let array = device.upload(&view).unwrap();
                    device.synchronize().unwrap();
                    array
                })
            });
        });
    }
    group.finish();
}

/// Many short tables, whose knots and values come by columns.
fn transposed_tables(criterion: &mut Criterion, engine: &Engine) {
    let Engine { name, device } = engine;
    let (tables, knots) = (20_000, 60);
    let fp: Array2<f32> = Random(6).array((tables, knots), 0.0, 1.0);
    let xp = Array2::from_shape_fn((tables, knots), |(table, knot)| (table % 7) as f32 + knot as f32);
    // In standard order: a plain copy of a transposed view lies as the view does.
    let by_columns = |a: &Array2<f32>| a.t().as_standard_layout().into_owned();
    let (xp_by_columns, fp_by_columns) = (by_columns(&xp), by_columns(&fp));
    assert!(!xp_by_columns.t().is_standard_layout());
    let mut group = group(criterion, &format!("tables of layouts/{tables} x {knots}"));
    for (layout, xp, fp) in
        [("as they lie", xp.view(), fp.view()), ("transposed", xp_by_columns.t(), fp_by_columns.t())]
    {
        group.bench_function(format!("{name}, {layout}"), |bencher| {
            bencher.iter_custom(|iterations| {
                time_each(iterations, || {
                    let table = InterpTable::new(device, xp, fp).unwrap();
                    device.synchronize().unwrap();
                    table
                })
            });
        });
    }
    group.finish();
}

/// Until the host can look at the values. They are not copied on from where they landed.
fn readback(criterion: &mut Criterion, engine: &Engine, size: &str, host: &Array1<f32>, moved: &criterion::Throughput) {
    let Engine { name, device } = engine;
    let array = device.upload(host).unwrap();
    device.synchronize().unwrap();
    let path = array.readback().cost().path;

    let mut group = group(criterion, &format!("readback/{size}"));
    group.throughput(moved.clone());
    group.bench_function(format!("{name}, {path}"), |bencher| {
        bencher.iter_custom(|iterations| time_each(iterations, || array.readback().wait().unwrap()));
    });
    group.finish();
}

/// The same with an array given up. Each needs an array of its own, made before the clock starts.
fn into_readback(
    criterion: &mut Criterion,
    engine: &Engine,
    size: &str,
    host: &Array1<f32>,
    moved: &criterion::Throughput,
) {
    let Engine { name, device } = engine;
    let landed = device.upload(host).unwrap().into_readback().wait().unwrap();
    assert_eq!(landed.view(), host, "nor does into_readback");
    let path = landed.cost().path;
    drop(landed);

    let mut group = group(criterion, &format!("into_readback/{size}"));
    group.throughput(moved.clone());
    group.bench_function(format!("{name}, {path}"), |bencher| {
        let fresh = || {
            let array = device.upload(host).unwrap();
            device.synchronize().unwrap();
            array
        };
        bencher.iter_batched(fresh, |array| array.into_readback().wait().unwrap(), criterion::BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, transfer);
criterion_main!(benches);
