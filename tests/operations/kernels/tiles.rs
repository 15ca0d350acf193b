//! Work in several dispatches, and at the ends of buffers.

use ndarray::{Array1, Array2, ArrayD, Axis, Ix1, Ix2, IxDyn, s};
use ndgpu::{Device, DeviceArray, Float, InterpTable, Result, wgpu};

use super::reductions::{REDUCTIONS, reduced};
use super::{arr, assert_same};
use crate::support::devices::{application, array_buffer, small};
use crate::support::noop::ALL_FEATURES;
use crate::support::numbers::value;
use crate::support::random::Random;

/// Reductions of what falls into tiles, whose edges lie anywhere: rows, depths and widths that are multiples of four
/// and such that are not.
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
        // Columns deeper than a tile: of elements that lie whole fours apart, and others.
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
                        // Two rows, far apart, whose weights sum to zero: the first is named.
                        let (rows, len) = (full.len() / shape[axis], shape[axis]);
                        for row in [rows / 3, rows - 1] {
                            let mut weights = full.lanes_mut(Axis(axis)).into_iter().nth(row).unwrap();
                            weights.fill(T::zero());
                            if len > 1 {
                                (weights[0], weights[len - 1]) = (T::one(), -T::one());
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
    // Partial sums of 8 to 32 bytes: the widest tiles have a number of rows that is a multiple of four, or is not.
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

/// Buffers of the application's end with their last value: what is read four at a time has no room to be rounded up.
#[test]
fn buffers_without_room_at_their_end_give_the_same() {
    let (adapter, raw, queue) = application();
    let (device, cpu) = (Device::from_wgpu(&adapter, raw.clone(), queue.clone()).unwrap(), Device::cpu());
    let brought = |values: &[f32]| {
        let buffer = array_buffer(&raw, values.len() as u64 * 4);
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        queue.write_buffer(&buffer, 0, &bytes);
        DeviceArray::<f32, _>::from_wgpu_buffer(&device, buffer, values.len()).unwrap()
    };
    let ramp = |len: usize| Array1::from_shape_fn(len, |index| (index * 7 % 11) as f32 + 1.0);
    let table = |device: &Device| InterpTable::new(device, &arr(&[0.0, 4.0, 13.0]), &arr(&[1.0, 5.0, -7.0])).unwrap();
    for len in [1, 3, 5, 6, 7, 9, 70, 1021, 1022, 1023] {
        let weights = ramp(len);
        for rows in [1, 4, 5, 8] {
            let a = ramp(len * rows);
            for axis in [0, 1] {
                let shape = if axis == 0 { (len, rows) } else { (rows, len) };
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
                assert_same(&got, &want, 4.0 * f64::from(size), &format!("{len} elements of {rows} rows, axis {axis}"));
            }
        }
    }
    assert!(device.upload(&ramp(5).slice(s![1..])).unwrap().sum().unwrap().readback().wait().is_ok());
}

/// More workgroups than a dimension takes are folded into the second, and some of them are past the end: they leave
/// nothing.
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
