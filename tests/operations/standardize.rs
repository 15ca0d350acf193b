//! Standardized rows, around every length at which rows stop fitting where they are read but once.

use ndarray::{Array2, Axis};
use ndgpu::{Device, Float};

use crate::support::engines::on_every_engine;
use crate::support::random::Random;

/// Around every length at which rows stop fitting where they are read but once.
#[test]
fn rows_are_standardized_alike_however_they_are_read() {
    fn check<T: Float>(device: &Device, name: &str) {
        let mut random = Random::new(3);
        for (rows, len) in
            [(3, 1), (5, 2), (70, 63), (2, 64), (9, 65), (4, 1536), (3, 1537), (2, 3072), (2, 3073), (2, 32_769)]
        {
            let what = format!("{name}, {rows} x {len}");
            let mut a = Array2::from_shape_simple_fn((rows, len), || T::narrow(random.unit() * 3.0 + 100.0));
            // A row that is all alike, and one with an infinity.
            a.row_mut(0).fill(T::narrow(7.25));
            if len > 1 {
                a[[1, len - 1]] = T::infinity();
            }
            let standardized = device.upload(&a).unwrap().standardize_axis(Axis(1), T::zero()).unwrap();
            let landed = standardized.readback().wait().unwrap();
            for (row, (got, a)) in landed.view().rows().into_iter().zip(a.rows()).enumerate() {
                let a: Vec<f64> = a.iter().map(|value| value.widen()).collect();
                let mean = a.iter().sum::<f64>() / len as f64;
                let deviation = (a.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / len as f64).sqrt();
                for (got, value) in got.iter().zip(&a) {
                    let want = (value - mean) / deviation;
                    let bound = 1e-3_f64.min(4e3 * T::epsilon().widen()) * (1.0 + want.abs());
                    let same =
                        got.is_nan() && (want.is_nan() || deviation == 0.0) || (got.widen() - want).abs() <= bound;
                    assert!(same, "{what}: {got} instead of {want} in row {row}");
                }
            }
        }
    }
    on_every_engine!(check);
}
