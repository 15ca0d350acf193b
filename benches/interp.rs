//! Interpolation, and the search alone: the device's own time, on data that are there already; and, apart, with
//! transfers both ways.
//!
//!     cargo bench --bench interp

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::{Array1, Array2, ArrayView2};
use ndgpu::{DeviceKind, Float, InterpTable, Knots, Side};
use support::{Engine, Random, check, count, engines, finish, group, plain_interp, throughput};

const QUERIES: usize = 1_000_000;

/// Rows of tables, each with queries of its own: about as many queries in all.
const TABLES: usize = 64;
const ROW: usize = 16_384;
const ROW_KNOTS: usize = 1_024;

fn interp(criterion: &mut Criterion) {
    let engines = engines();
    one_table::<f32>(criterion, &engines);
    one_table::<f64>(criterion, &engines);
    rows::<f32>(criterion, &engines);
    rows::<f64>(criterion, &engines);
}

fn one_table<T: Float>(criterion: &mut Criterion, engines: &[Engine]) {
    let mut random = Random(1);
    let queries: Array1<T> = random.array(QUERIES, 0.0, 1.0);
    for knots in [1_024, 65_536] {
        let (xp, fp) = (random.knots::<T>(knots), smooth::<T>(knots));
        let expected: Vec<f64> = queries.iter().map(|&x| plain_interp(xp.view(), fp.view(), x)).collect();
        let places: Vec<f64> =
            queries.iter().map(|&x| xp.as_slice().unwrap().partition_point(|&knot| knot < x) as f64).collect();
        let mut group = group(criterion, &format!("interp/{}/{knots}/random/random/{}", T::TYPE, count(QUERIES)));
        for engine in engines.iter().filter(|engine| engine.takes::<T>()) {
            let Engine { name, device } = engine;
            let table = InterpTable::new(device, &xp, &fp).unwrap();
            let x = device.upload(&queries).unwrap();
            check("interp", &table.interp(&x).unwrap(), &expected);
            group.throughput(throughput(QUERIES, 2 * QUERIES * size_of::<T>()));
            group.bench_function(*name, |bencher| bencher.iter(|| finish(engine, || table.interp(&x))));
            group.bench_function(format!("{name}, with upload and readback"), |bencher| {
                bencher.iter(|| {
                    let x = device.upload(&queries).unwrap();
                    table.interp(&x).unwrap().into_readback().wait().unwrap()
                });
            });

            let knots = Knots::new(device, &xp).unwrap();
            check("searchsorted", &knots.searchsorted(&x, Side::Left).unwrap(), &places);
            group.throughput(throughput(QUERIES, QUERIES * (size_of::<T>() + size_of::<u32>())));
            group.bench_function(format!("searchsorted/{name}"), |bencher| {
                bencher.iter(|| finish(engine, || knots.searchsorted(&x, Side::Left)));
            });
        }
        group.finish();
    }
}

fn rows<T: Float>(criterion: &mut Criterion, engines: &[Engine]) {
    let mut random = Random(2);
    let xp = stack_rows(|| random.knots::<T>(ROW_KNOTS));
    let mut shift = 0.0;
    let fp = stack_rows(|| {
        shift += 0.01;
        smooth::<T>(ROW_KNOTS).mapv(|value| value + T::from(shift).unwrap())
    });
    let queries: Array2<T> = random.array((TABLES, ROW), 0.0, 1.0);
    let same_queries = queries.row(0).to_owned();
    let expected = |queries: ArrayView2<'_, T>| -> Vec<f64> {
        let tables = xp.rows().into_iter().zip(fp.rows()).zip(queries.rows());
        tables.flat_map(|((xp, fp), x)| x.to_vec().into_iter().map(move |x| plain_interp(xp, fp, x))).collect()
    };
    let expected_own = expected(queries.view());
    let expected_shared = expected(same_queries.broadcast((TABLES, ROW)).unwrap());

    let total = TABLES * ROW;
    let mut group = group(criterion, &format!("tables/{}/{TABLES}x{ROW_KNOTS}/{}", T::TYPE, count(ROW)));
    for engine in engines.iter().filter(|engine| engine.takes::<T>()) {
        let Engine { name, device } = engine;
        let table = InterpTable::new(device, &xp, &fp).unwrap();
        let own = device.upload(&queries).unwrap();
        let shared = device.upload(&same_queries).unwrap();
        check("queries of their own", &table.interp_rows(&own).unwrap(), &expected_own);
        check("shared queries", &table.interp_rows(&shared).unwrap(), &expected_shared);

        group.throughput(throughput(total, 2 * total * size_of::<T>()));
        group.bench_function(format!("queries of their own/{name}"), |bencher| {
            bencher.iter(|| finish(engine, || table.interp_rows(&own)));
        });
        group.throughput(throughput(total, (total + ROW) * size_of::<T>()));
        group.bench_function(format!("shared queries/{name}"), |bencher| {
            bencher.iter(|| finish(engine, || table.interp_rows(&shared)));
        });
    }
    group.finish();
}

/// Where queries lie, found once: locating, applying and transposing beside a plain interpolation, with queries that
/// are spread out and such that meet in few cells.
fn located(criterion: &mut Criterion) {
    for engine in &engines() {
        let Engine { name, device } = engine;
        // Sums of shares are made in another way where there are more queries a knot.
        let queries = if device.info().kind == DeviceKind::Cpu { 10 * QUERIES } else { QUERIES };
        for knots in [1_024, 65_536] {
            let mut random = Random(3);
            let (xp, fp) = (random.knots::<f32>(knots), smooth::<f32>(knots));
            let table = InterpTable::new(device, &xp, &fp).unwrap();
            let parts: Array1<f32> = random.array(queries, 0.0, 1.0);
            let cell = |cell: usize, part: f32| xp[cell] + (xp[cell + 1] - xp[cell]) * part;
            let last = (knots - 1) as f32;
            let spread: [(&str, Array1<f32>); 4] = [
                ("anywhere", parts.clone()),
                ("one cell", parts.mapv(|part| cell(100, part))),
                ("two cells", parts.mapv(|part| cell(if part < 0.5 { 100 } else { 700 }, part))),
                ("zipf", parts.mapv(|part| cell((last.powf(part) as usize).min(knots - 2), part.fract()))),
            ];
            let g: Array1<f32> = random.array(queries, -1.0, 1.0);
            let (g, values) = (device.upload(&g).unwrap(), device.upload(&fp).unwrap());
            for (kind, x) in spread {
                let expected: Vec<f64> = x.iter().map(|&x| plain_interp(xp.view(), fp.view(), x)).collect();
                let x = device.upload(&x).unwrap();
                let at = table.locate(&x).unwrap();
                check("located", &at.apply(&values).unwrap(), &expected);
                let mut group = group(criterion, &format!("located/f32/{knots}/{kind}/{}", count(queries)));
                group.throughput(throughput(queries, 2 * queries * size_of::<f32>()));
                group.bench_function(format!("interp/{name}"), |bencher| {
                    bencher.iter(|| finish(engine, || table.interp(&x)));
                });
                group.bench_function(format!("locate/{name}"), |bencher| {
                    bencher.iter(|| {
                        let at = table.locate(&x).unwrap();
                        finish(engine, || at.cells())
                    });
                });
                group.bench_function(format!("apply/{name}"), |bencher| {
                    bencher.iter(|| finish(engine, || at.apply(&values)));
                });
                group.bench_function(format!("transpose_apply/{name}"), |bencher| {
                    bencher.iter(|| finish(engine, || at.transpose_apply(&g)));
                });
                group.finish();
            }
        }
    }
}

fn stack_rows<T: Float>(mut row: impl FnMut() -> Array1<T>) -> Array2<T> {
    let mut table = Array2::zeros((TABLES, ROW_KNOTS));
    table.rows_mut().into_iter().for_each(|mut target| target.assign(&row()));
    table
}

/// Values between -1 and 1.
fn smooth<T: Float>(count: usize) -> Array1<T> {
    Array1::from_shape_fn(count, |i| T::from((i as f64 * 0.01).sin()).unwrap())
}

criterion_group!(benches, interp, located);
criterion_main!(benches);
