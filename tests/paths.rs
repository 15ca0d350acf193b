//! Results do not depend on the kernel that was chosen: sizes on each side of every boundary, and everything that makes
//! the GPU engine choose another kernel, against the CPU engine, which knows none of them.

mod support;

use ndarray::{Array1, Array2, ArrayD, Axis, Ix1, Ix2, IxDyn, s};
use ndgpu::{Device, DeviceArray, DeviceKind, Float, InterpTable, InterpTableBuilder, Method, Result, wgpu};
use support::devices::{Precision, application, configurations, flushes_subnormals, small};
use support::noop::ALL_FEATURES;
use support::random::Random;

/// Equal, or NaN both, or as close as rounding at this scale allows.
fn assert_same<T: Float>(got: &[T], want: &[T], scale: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (place, (got, want)) in got.iter().zip(want).enumerate() {
        let (got, want) = (got.to_f64().unwrap(), want.to_f64().unwrap());
        let same = got == want || (got.is_nan() && want.is_nan());
        let close = got.is_finite() && want.is_finite() && (got - want).abs() <= scale * T::epsilon().to_f64().unwrap();
        assert!(same || close, "{what}: {got} at {place} instead of {want}");
    }
}

fn value<T: Float>(value: f64) -> T {
    T::from(value).unwrap()
}

/// What can be asked of a table, by name.
const RULES: [&str; 8] = ["none", "left", "both", "period", "extended", "nearest", "previous", "next"];

fn with_rule<'a, T: Float>(rule: &str, table: InterpTableBuilder<'a, T>) -> InterpTableBuilder<'a, T> {
    match rule {
        "left" => table.left(T::neg_infinity()),
        "both" => table.left(value(-7.0)).right(T::nan()),
        "period" => table.period(value(37.5)),
        "extended" => table.extrapolate(),
        "nearest" => table.method(Method::Nearest),
        "previous" => table.method(Method::Previous),
        "next" => table.method(Method::Next),
        _ => table,
    }
}

/// Values among which are all that are special, some side by side.
fn values<T: Float>(random: &mut Random, tables: usize, knots: usize, special: bool) -> Array2<T> {
    let specials = [T::infinity(), T::neg_infinity(), T::nan(), T::zero(), -T::zero()];
    Array2::from_shape_fn((tables, knots), |_| {
        if special && random.below(3) == 0 { specials[random.below(5)] } else { value(random.unit() * 20.0 - 10.0) }
    })
}

fn tables_by_every_path<T: Float>(device: &Device, name: &str) {
    let cpu = Device::cpu();
    // Slopes over the widest range there is are subnormal.
    let furthest = if flushes_subnormals(device) { value(1e18) } else { T::max_value() };
    let mut random = Random::new(23);
    // 64 KiB of constants hold 4,096 segments of f32, 2,048 of f64.
    let most = (64 << 10) / (4 * size_of::<T>());
    let sizes = [
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 100),
        (1, most - 1),
        (1, most),
        (1, most + 1),
        (1, 2 * most + 7),
        (3, 50),
        (4, most / 4),
        (5, most / 4),
        (3, 3000),
    ];
    for (number, (tables, knots)) in sizes.into_iter().enumerate() {
        for (kind, special) in [("scattered", true), ("scattered", false), ("logarithmic", true), ("unbounded", true)] {
            let mut xp = Array2::from_shape_fn((tables, knots), |_| match kind {
                "logarithmic" => value::<T>(10_f64.powf(random.unit() * 20.0 - 10.0)),
                _ => value(random.unit() * 100.0 - 50.0),
            });
            for mut row in xp.rows_mut() {
                row.as_slice_mut().unwrap().sort_by(|a, b| a.partial_cmp(b).unwrap());
                if kind == "unbounded" && knots > 2 {
                    (row[0], row[knots - 1]) = (-furthest, furthest);
                }
            }
            let fp = values::<T>(&mut random, tables, knots, special);
            // Not a multiple of four, and for one table more than one workgroup.
            let columns = [5, 8, 1031][number % 3];
            let x = Array2::from_shape_fn((tables, columns), |(row, column)| match column % 7 {
                0 => xp[[row, random.below(knots)]],
                1 => value(random.unit() * 300.0 - 150.0),
                2 if column % 21 == 2 => [T::nan(), T::infinity(), T::neg_infinity()][random.below(3)],
                _ => xp[[row, random.below(knots)]] + value::<T>(random.unit() - 0.5),
            });
            for rule in RULES {
                // A padded table is larger than it looks; the boundary itself is the other rules' business.
                let on = |device: &Device, own_knots: bool| {
                    let xp = if own_knots { xp.clone() } else { xp.select(Axis(0), &[0]) };
                    let table = if own_knots {
                        with_rule(rule, InterpTable::builder(&xp, &fp)).build(device)
                    } else {
                        let xp = xp.row(0).to_owned();
                        with_rule(rule, InterpTable::builder(&xp, &fp)).build(device)
                    };
                    let table = table.unwrap();
                    let own = table.interp_rows(&device.upload(&x).unwrap()).unwrap();
                    let shared = table.interp_rows(&device.upload(&x.row(0)).unwrap()).unwrap();
                    [own, shared].map(|y| y.readback().wait().unwrap().into_array().into_raw_vec_and_offset().0)
                };
                for own_knots in [true, false] {
                    let what = format!(
                        "{name}: {tables} x {knots} {kind} knots, own {own_knots}, special {special}, rule {rule}"
                    );
                    for (got, want) in on(device, own_knots).iter().zip(on(&cpu, own_knots)) {
                        // Where the rule goes on outside, rounding grows with the distance.
                        let steep = if rule == "extended" { 1e12 } else { 1e3 };
                        assert_same(got, &want, steep, &what);
                    }
                }
            }
            // Known to nobody but the device: neither an index nor whether the range is finite.
            let on = |device: &Device| {
                let table =
                    InterpTable::from_device(&device.upload(&xp).unwrap(), &device.upload(&fp).unwrap()).unwrap();
                let y = table.interp_rows(&device.upload(&x).unwrap()).unwrap();
                y.readback().wait().unwrap().into_array().into_raw_vec_and_offset().0
            };
            assert_same(&on(device), &on(&cpu), 1e3, &format!("{name}: {tables} x {knots} {kind} knots on the device"));
        }
    }
}

#[test]
fn a_table_gives_the_same_by_every_path() {
    for configuration in configurations() {
        let device = configuration.device();
        match configuration.precision {
            _ if device.info().kind == DeviceKind::Cpu => {}
            Precision::F32 => tables_by_every_path::<f32>(&device, configuration.name),
            Precision::F64 => tables_by_every_path::<f64>(&device, configuration.name),
        }
    }
}

/// A reduction, by name.
fn reduced<T: Float>(
    what: &str,
    a: &DeviceArray<T, IxDyn>,
    axis: Axis,
    along: &DeviceArray<T, ndarray::Ix1>,
    full: &DeviceArray<T, IxDyn>,
) -> Result<Vec<T>> {
    let result = match what {
        "sum" => a.sum_axis(axis)?,
        "mean" => a.mean_axis(axis)?,
        "average" => a.average_axis(axis, along)?,
        "full" => a.average_axis(axis, full)?,
        "weighted sum" => a.weighted_sum_axis(axis, full)?,
        "std" => a.std_axis(axis, T::one())?,
        "min" => a.min_axis(axis)?,
        "max" => a.max_axis(axis)?,
        "skipping mean" => a.skip_nan().mean_axis(axis)?,
        "skipping average" => a.skip_nan().average_axis(axis, along)?,
        "skipping std" => a.skip_nan().std_axis(axis, T::zero())?,
        "argmax" => {
            let places = a.argmax_axis(axis)?.readback().wait()?.into_array();
            return Ok(places.iter().map(|&place| value(f64::from(place))).collect());
        }
        _ => a.skip_nan().min_axis(axis)?,
    };
    Ok(result.readback().wait()?.into_array().into_raw_vec_and_offset().0)
}

/// Every reduction there is, by name.
const REDUCTIONS: [&str; 13] = [
    "sum",
    "mean",
    "average",
    "full",
    "weighted sum",
    "std",
    "min",
    "max",
    "argmax",
    "skipping mean",
    "skipping average",
    "skipping std",
    "skipping min",
];

fn reductions_by_every_path<T: Float>(device: &Device, name: &str) {
    let cpu = Device::cpu();
    let mut random = Random::new(29);
    // Lines and places around the four of a block, and enough of both for several parts.
    for shape in [
        &[1, 8][..],
        &[3, 8],
        &[4, 8],
        &[5, 8],
        &[7, 12],
        &[8, 9],
        &[9, 1000],
        &[300, 64],
        &[5, 40_000],
        &[40_000, 4],
        &[3, 5, 4],
        &[2, 1000, 8],
        &[1, 7, 12],
        &[6, 40_001, 4],
        &[2, 3, 6],
        &[40_002, 8],
    ] {
        for special in [false, true] {
            let a = ArrayD::from_shape_fn(IxDyn(shape), |_| match random.below(50) {
                0 if special => T::nan(),
                _ => value::<T>(random.unit() * 2.0 - 1.0),
            });
            let full = ArrayD::from_shape_fn(IxDyn(shape), |_| value::<T>(random.unit() + 0.1));
            for axis in 0..shape.len() {
                let along = Array1::from_shape_fn(shape[axis], |_| value::<T>(random.unit() + 0.1));
                let on = |device: &Device, what: &str| {
                    let [a, full] = [&a, &full].map(|array| device.upload(array).unwrap());
                    reduced(what, &a, Axis(axis), &device.upload(&along).unwrap(), &full)
                };
                for what in REDUCTIONS {
                    let scale = if what.contains("sum") { 4.0 + shape[axis] as f64 * 1e-2 } else { 4.0 };
                    let say = format!("{name}: {what} of {shape:?} along {axis}, special {special}");
                    match (on(device, what), on(&cpu, what)) {
                        (Ok(got), Ok(want)) => assert_same(&got, &want, scale, &say),
                        // Weights that were all skipped.
                        (got, want) => {
                            let kind = |result: Result<Vec<T>>| result.err().map(|error| error.kind());
                            assert_eq!(kind(got), kind(want), "{say}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_reduction_gives_the_same_by_every_path() {
    for configuration in configurations() {
        let device = configuration.device();
        match configuration.precision {
            _ if device.info().kind == DeviceKind::Cpu => {}
            Precision::F32 => reductions_by_every_path::<f32>(&device, configuration.name),
            Precision::F64 => reductions_by_every_path::<f64>(&device, configuration.name),
        }
    }
}

/// Reductions of what falls into tiles, whose edges lie anywhere: rows, depths and widths that are multiples of four and
/// such that are not.
fn reductions_in_tiles<T: Float>(device: &Device, name: &str) {
    let cpu = Device::cpu();
    let mut random = Random::new(31);
    for shape in [
        // Rows longer than a tile, alone and several.
        &[1, 5000][..],
        &[5, 2001],
        &[6, 2004],
        &[9, 1002],
        // Many rows to a tile, of every length modulo four.
        &[1000, 5],
        &[500, 12],
        &[301, 18],
        // Columns deeper than a tile: of places that lie whole fours apart, and others.
        &[1001, 4],
        &[999, 8],
        &[403, 36],
        &[57, 100],
        &[203, 101],
        &[2, 70, 100],
        // Inner axes wider than a tile.
        &[3, 1200],
        &[5, 2000],
        &[7, 1201],
        &[6, 1202],
        &[2, 3, 1204],
    ] {
        let (nans, numbers) = (random.below(2) == 0, |random: &mut Random| random.unit() * 2.0 - 1.0);
        let a = ArrayD::from_shape_simple_fn(IxDyn(shape), || match random.below(40) {
            0 if nans => T::nan(),
            _ => value::<T>(numbers(&mut random)),
        });
        let full = ArrayD::from_shape_simple_fn(IxDyn(shape), || value::<T>(random.unit() + 0.1));
        for axis in 0..shape.len() {
            let along = Array1::from_shape_simple_fn(shape[axis], || value::<T>(random.unit() + 0.1));
            for what in REDUCTIONS.into_iter().chain(["named"]) {
                let on = |device: &Device| {
                    let up = device.upload(&a).unwrap();
                    let mut full = full.clone();
                    if what == "named" {
                        // Two lines, far apart, whose weights sum to zero: the first is named.
                        let (lines, places) = (full.len() / shape[axis], shape[axis]);
                        for line in [lines / 3, lines - 1] {
                            let mut weights = full.lanes_mut(Axis(axis)).into_iter().nth(line).unwrap();
                            weights.fill(T::zero());
                            if places > 1 {
                                (weights[0], weights[places - 1]) = (T::one(), -T::one());
                            }
                        }
                    }
                    let full = device.upload(&full).unwrap();
                    let what = if what == "named" { "full" } else { what };
                    reduced(what, &up, Axis(axis), &device.upload(&along).unwrap(), &full)
                };
                let scale = if what.contains("sum") { 4.0 + shape[axis] as f64 * 1e-2 } else { 4.0 };
                let say = format!("{name}: {what} of {shape:?} along {axis}, NaN {nans}");
                match (on(device), on(&cpu)) {
                    (Ok(got), Ok(want)) if what != "named" => assert_same(&got, &want, scale, &say),
                    (got, want) => {
                        let error =
                            |result: Result<Vec<T>>| result.err().map(|error| (error.kind(), error.to_string()));
                        let (got, want) = (error(got), error(want));
                        assert_eq!(got, want, "{say}");
                        assert!(got.is_some(), "{say}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_reduction_gives_the_same_in_tiles() {
    let none = wgpu::Features::empty();
    // Partial sums of 8 to 32 bytes: the widest tiles have a number of lines that is a multiple of four, or is not.
    for (binding, alignment, features) in [(4096, 256, none), (5000, 32, none), (4096, 64, ALL_FEATURES)] {
        let device = small(binding, 65_535, alignment, features);
        let name = format!("{binding} bytes a binding, aligned to {alignment}, f64 {}", device.info().supports_f64);
        reductions_in_tiles::<f32>(&device, &name);
        if device.info().supports_f64 {
            reductions_in_tiles::<f64>(&device, &name);
        }
    }
}

/// The same plans, lookups and reductions in one, in as many dispatches as small bindings take.
#[test]
fn fused_rows_give_the_same_in_tiles() {
    let cpu = Device::cpu();
    for (binding, alignment, features) in [(4096, 256, wgpu::Features::empty()), (5000, 32, wgpu::Features::IMMEDIATES)]
    {
        let device = small(binding, 65_535, alignment, features);
        let mut random = Random::new(37);
        for (tables, rows, columns) in [
            (1, 50, 99),
            (1, 50, 100),
            (1, 301, 7),
            (1, 7, 1003),
            (1, 3, 1500),
            (1, 7, 901),
            (40, 40, 90),
            (40, 40, 91),
            (5, 5, 901),
            (1, 200, 30),
        ] {
            let name = format!("{binding} bytes a binding: {tables} tables, {rows} x {columns}");
            let mut unit = |shape| Array2::from_shape_simple_fn(shape, || random.unit() as f32 + 0.1);
            let (fp, x, full) = (unit((tables, 5)), unit((rows, columns)), unit((rows, columns)));
            let xp = arr(&[0.1, 0.3, 0.5, 0.8, 1.1]);
            let mut zeros = full.clone();
            zeros.row_mut(rows - 2).fill(0.0);
            let on = |device: &Device, what: &str| -> Result<Vec<f32>> {
                let table = InterpTable::new(device, &xp, &fp)?;
                let [up, full, zeros] = [&x, &full, &zeros].map(|array| device.upload(array).unwrap());
                let along = device.upload(&x.row(rows / 2))?;
                let shared = device.upload(&x.row(1))?;
                let compute = |x: &DeviceArray<f32, Ix2>| -> Result<DeviceArray<f32, Ix1>> {
                    let y = table.interp_rows(x)?;
                    match what {
                        "mean" => y.mean_axis(Axis(1)),
                        "along" | "shared queries" => y.average_axis(Axis(1), &along),
                        "full" | "shared queries, full" => y.average_axis(Axis(1), &full),
                        "sums of weights" => Ok(y.average_axis_returned(Axis(1), &full)?.1),
                        _ => y.average_axis(Axis(1), &zeros),
                    }
                };
                // One table looks them up once; then each row has queries of its own.
                let rows_of = |x: &DeviceArray<f32, Ix1>| table.interp_rows(x);
                let result = match what {
                    "shared queries" if tables > 1 => {
                        device.capture(&shared, |x| rows_of(x)?.average_axis(Axis(1), &along))?.replay()?
                    }
                    "shared queries, full" if tables > 1 => {
                        device.capture(&shared, |x| rows_of(x)?.average_axis(Axis(1), &full))?.replay()?
                    }
                    _ => device.capture(&up, compute)?.replay()?,
                };
                Ok(result.readback().wait()?.into_array().to_vec())
            };
            for what in ["mean", "along", "full", "sums of weights", "zeros", "shared queries", "shared queries, full"]
            {
                match (on(&device, what), on(&cpu, what)) {
                    (Ok(got), Ok(want)) => assert_same(&got, &want, 4.0, &format!("{name}, {what}")),
                    (got, want) => {
                        let [got, want] = [got, want].map(|result| result.unwrap_err().to_string());
                        assert_eq!(got, want, "{name}, {what}");
                        assert_eq!(what, "zeros", "{name}: {got}");
                    }
                }
            }
        }
    }
}

fn arr(values: &[f32]) -> Array1<f32> {
    Array1::from(values.to_vec())
}

/// Buffers of the application's end with their last value: what is read four at a time has no room to be rounded up.
#[test]
fn buffers_without_room_at_their_end_give_the_same() {
    let (adapter, raw, queue) = application();
    let (device, cpu) = (Device::from_wgpu(&adapter, raw.clone(), queue.clone()).unwrap(), Device::cpu());
    let brought = |values: &[f32]| {
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let size = values.len() as u64 * 4;
        let buffer = raw.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false });
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        queue.write_buffer(&buffer, 0, &bytes);
        DeviceArray::<f32, _>::from_wgpu_buffer(&device, buffer, values.len()).unwrap()
    };
    let ramp = |len: usize| Array1::from_shape_fn(len, |place| (place * 7 % 11) as f32 + 1.0);
    let table = |device: &Device| InterpTable::new(device, &arr(&[0.0, 4.0, 13.0]), &arr(&[1.0, 5.0, -7.0])).unwrap();
    for places in [1, 3, 5, 6, 7, 9, 70, 1021, 1022, 1023] {
        let weights = ramp(places);
        for lines in [1, 4, 5, 8] {
            let a = ramp(places * lines);
            for axis in [0, 1] {
                let shape = if axis == 0 { (places, lines) } else { (lines, places) };
                let on = |a: DeviceArray<f32, Ix1>, weights: &DeviceArray<f32, Ix1>, device: &Device| {
                    let a = a.reshape(shape)?;
                    let average = a.average_axis(Axis(axis), weights)?;
                    let own = a.weighted_sum_axis(Axis(axis), &a)?;
                    let looked_up = table(device).interp(&a)?;
                    // Inputs lie in memory of the plan's; weights are where they were brought.
                    let mut plan =
                        device.capture(&a, |a| table(device).interp_rows(a)?.average_axis(Axis(axis), weights))?;
                    let parts = [average, own, looked_up.sum_axis(Axis(axis))?, plan.replay()?];
                    let mut all = looked_up.readback().wait()?.into_array().into_raw_vec_and_offset().0;
                    for part in parts {
                        all.extend(part.readback().wait()?.view());
                    }
                    Ok::<_, ndgpu::Error>(all)
                };
                let got = on(brought(a.as_slice().unwrap()), &brought(weights.as_slice().unwrap()), &device).unwrap();
                let want = on(cpu.upload(&a).unwrap(), &cpu.upload(&weights).unwrap(), &cpu).unwrap();
                let size = want.iter().fold(1.0, |size: f32, value| size.max(value.abs()));
                assert_same(
                    &got,
                    &want,
                    4.0 * f64::from(size),
                    &format!("{places} places of {lines} lines, axis {axis}"),
                );
            }
        }
    }
    assert!(device.upload(&ramp(5).slice(s![1..])).unwrap().sum().unwrap().readback().wait().is_ok());
}

/// More workgroups than a dimension takes are folded into the second, and some of them are past the end: they leave nothing.
#[test]
fn workgroups_past_the_end_leave_nothing() {
    let (device, cpu) = (small(1 << 20, 12, 256, wgpu::Features::empty()), Device::cpu());
    let mut random = Random::new(41);
    for (rows, columns) in [(8, 65), (15, 129), (40, 517), (13, 1001), (29, 300)] {
        let a = Array2::from_shape_simple_fn((rows, columns), || random.unit() as f32 + 0.5);
        let table =
            |device: &Device| InterpTable::new(device, &arr(&[0.5, 1.0, 1.5]), &arr(&[1.0, 7.0, -3.0])).unwrap();
        let on = |device: &Device| -> Result<Vec<f32>> {
            let up = device.upload(&a)?;
            let weights = device.upload(&a.row(0))?;
            let table = table(device);
            let fused = |x: &DeviceArray<f32, Ix2>| table.interp_rows(x)?.average_axis(Axis(1), &weights);
            let mut all =
                up.standardize_axis(Axis(1), 0.0)?.readback().wait()?.into_array().into_raw_vec_and_offset().0;
            for part in [
                up.mean_axis(Axis(1))?,
                up.average_axis(Axis(1), &weights)?,
                up.std_axis(Axis(1), 0.0)?,
                up.max_axis(Axis(1))?,
                up.sum_axis(Axis(0))?,
                device.capture(&up, fused)?.replay()?,
            ] {
                all.extend(part.readback().wait()?.view());
            }
            Ok(all)
        };
        assert_same(&on(&device).unwrap(), &on(&cpu).unwrap(), 512.0, &format!("{rows} x {columns}"));
    }
}
