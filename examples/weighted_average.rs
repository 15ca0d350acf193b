//! The weighted average, what it refuses at once, and what it refuses when the data arrive.
//!
//!     cargo run --release --example weighted_average
//!
//! Shapes are known when a call is made, and wrong ones fail there. A sum of weights that is zero is seen by the device
//! alone: the call returns, nothing stops to look, and whoever reads the averages gets the error in place of them.

use ndarray::{Axis, arr1, arr2};
use ndgpu::{Device, ErrorKind};

const NAMES: [&str; 4] = ["Ada", "Ben", "Cleo", "Dan"];

fn main() -> ndgpu::Result<()> {
    let device = Device::new()?;
    println!("Device: {}\n", device.info());

    // Marks of four people in three exams; the last exam counts double. Dan missed one.
    let marks = arr2(&[[70.0_f32, 80.0, 90.0], [50.0, 60.0, 40.0], [100.0, 90.0, 95.0], [80.0, f32::NAN, 60.0]]);
    let a = device.upload(&marks)?;
    let weights = device.upload(&arr1(&[1.0_f32, 1.0, 2.0]))?;

    // Eager: each call is the operation. NaN in, NaN out, unless it is left out, and its weight with it.
    let (averages, sums) = a.average_axis_returned(Axis(1), &weights)?;
    let without_gaps = a.skip_nan().average_axis(Axis(1), &weights)?;
    let (averages, sums) = (averages.readback().wait()?, sums.readback().wait()?);
    let without_gaps = without_gaps.readback().wait()?;
    println!("        average  sum of weights  without the gaps");
    for (place, name) in NAMES.iter().enumerate() {
        let (average, sum) = (averages.view()[place], sums.view()[place]);
        println!("{name:<6} {average:>8.2}  {sum:>14}  {:>16.2}", without_gaps.view()[place]);
    }
    assert_eq!(averages.view().as_slice().map(|all| &all[..3]), Some(&[82.5, 47.5, 95.0][..]));
    assert!(averages.view()[3].is_nan());
    assert_eq!(sums.view(), arr1(&[4.0; 4]));
    assert!((without_gaps.view()[3] - 200.0 / 3.0).abs() < 1e-5);

    // Weights of four people along an axis of three exams: the shapes tell, and the call fails.
    let one_too_many = device.upload(&arr1(&[1.0_f32, 1.0, 2.0, 1.0]))?;
    match a.average_axis(Axis(1), &one_too_many) {
        Err(error) if error.kind() == ErrorKind::ShapeMismatch => println!("\nIn the call: {error}"),
        other => panic!("a shape mismatch was expected, not {other:?}"),
    }

    // A weight for each mark: who sat which exam. Dan sat none this time, and no call can know that.
    let sat = arr2(&[[1.0_f32, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]);
    let sat = device.upload(&sat)?;
    let averages = a.average_axis(Axis(1), &sat)?;
    let best = averages.max()?; // computed from it, and so no better
    match averages.readback().wait() {
        Err(error) if error.kind() == ErrorKind::ZeroWeights => println!("\nWith the data: {error}"),
        other => panic!("zero weights were expected, not {other:?}"),
    }
    assert_eq!(best.readback().wait().map(drop).map_err(|error| error.kind()), Err(ErrorKind::ZeroWeights));

    // The sums themselves are nothing wrong. They say who it was.
    let sums = sat.sum_axis(Axis(1))?.readback().wait()?;
    let nobody: Vec<_> = NAMES.iter().zip(sums.view()).filter(|(_, sum)| **sum == 0.0).map(|(name, _)| name).collect();
    println!("\nWithout weights: {nobody:?}");
    assert_eq!(nobody, [&"Dan"]);

    let moved = device.transfers();
    println!("\nMoved: {} bytes up, {} bytes back.", moved.upload_bytes, moved.readback_bytes);
    Ok(())
}
