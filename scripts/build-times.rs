//! A small crate that depends on ndgpu, as scripts/build-times builds it: upload, interp, average_axis and readback,
//! in f32 and f64, in one dimension and two.

use std::time::Instant;

use ndarray::{Array1, Array2, Axis};
use ndgpu::{Device, InterpTable, Result};

/// One dimension: a curve looked up.
pub fn curve_f32(device: &Device, xp: &Array1<f32>, fp: &Array1<f32>, x: &Array1<f32>) -> Result<Array1<f32>> {
    let x = device.upload(x)?;
    Ok(InterpTable::new(device, xp, fp)?.interp(&x)?.into_readback().wait()?.into_array())
}

/// The same in f64.
pub fn curve_f64(device: &Device, xp: &Array1<f64>, fp: &Array1<f64>, x: &Array1<f64>) -> Result<Array1<f64>> {
    let x = device.upload(x)?;
    Ok(InterpTable::new(device, xp, fp)?.interp(&x)?.into_readback().wait()?.into_array())
}

/// Two dimensions: the weighted average of each row of what a curve gives.
pub fn averages_f32(
    device: &Device,
    xp: &Array1<f32>,
    fp: &Array1<f32>,
    x: &Array2<f32>,
    weights: &Array1<f32>,
) -> Result<Array1<f32>> {
    let (x, weights) = (device.upload(x)?, device.upload(weights)?);
    let values = InterpTable::new(device, xp, fp)?.interp(&x)?;
    Ok(values.average_axis(Axis(1), &weights)?.readback().wait()?.into_array())
}

/// The same in f64.
pub fn averages_f64(
    device: &Device,
    xp: &Array1<f64>,
    fp: &Array1<f64>,
    x: &Array2<f64>,
    weights: &Array1<f64>,
) -> Result<Array1<f64>> {
    let (x, weights) = (device.upload(x)?, device.upload(weights)?);
    let values = InterpTable::new(device, xp, fp)?.interp(&x)?;
    Ok(values.average_axis(Axis(1), &weights)?.readback().wait()?.into_array())
}

/// Computes all four on the CPU engine, then prints the least milliseconds that 1,000,000 queries of 1,024 knots
/// take, and the averages of 1,000 rows of 1,000, both in f64.
pub fn run() {
    let device = Device::cpu();
    let xp = Array1::linspace(0.0, 1.0, 1_024).mapv(|x: f64| x * x);
    let fp = xp.mapv(f64::sqrt);
    // Far apart from one to the next, as random ones would be.
    let x = Array1::from_shape_fn(1_000_000, |place| (place as f64 * 0.618_033_988_749_894_9).fract());
    let rows = x.clone().into_shape_with_order((1_000, 1_000)).expect("as many");
    let weights = Array1::from_elem(1_000, 1.5);
    let [xp32, fp32, x32, weights32] = [&xp, &fp, &x, &weights].map(|array| array.mapv(|value| value as f32));

    let curve = curve_f64(&device, &xp, &fp, &x).expect("a curve");
    let curve32 = curve_f32(&device, &xp32, &fp32, &x32).expect("a curve");
    assert!(curve.iter().zip(&curve32).all(|(&a, &b)| (a - f64::from(b)).abs() < 0.02), "f32 and f64 differ");
    let averages = averages_f64(&device, &xp, &fp, &rows, &weights).expect("averages");
    let averages32 = averages_f32(&device, &xp32, &fp32, &rows.mapv(|x| x as f32), &weights32).expect("averages");
    assert!(averages.iter().zip(&averages32).all(|(&a, &b)| (a - f64::from(b)).abs() < 0.02), "f32 and f64 differ");

    let table = InterpTable::new(&device, &xp, &fp).expect("a table");
    let (x, rows, weights) = (
        device.upload(&x).expect("an upload"),
        device.upload(&rows).expect("an upload"),
        device.upload(&weights).expect("an upload"),
    );
    let interp = least(|| drop(table.interp(&x).expect("values")));
    let average = least(|| drop(rows.average_axis(Axis(1), &weights).expect("averages")));
    println!("{interp:.2} | {average:.2}");
}

/// The least milliseconds of some calls.
fn least(mut call: impl FnMut()) -> f64 {
    let times = (0..30).map(|_| {
        let start = Instant::now();
        call();
        start.elapsed().as_secs_f64() * 1e3
    });
    times.fold(f64::INFINITY, f64::min)
}
