//! Vertical regridding: ten variables of an atmosphere, each column on levels of its own, brought to target levels and
//! averaged by thickness. Where a target lies in its column is found once, and serves all variables.
//!
//!     cargo run --release --example regrid
//!
//! Pressure falls with height, by a factor from level to level, from another surface in every column; in the mountains
//! the lowest levels are below the ground and have no pressure. The policy of this program: a level without a pressure
//! is left out of its column (`Order::Sort` drops knots that are NaN, and turns descending ones around), and a target
//! below the lowest level that is left gets NaN and no weight.

use std::time::Instant;

use ndarray::{Array1, Array2, Axis};
use ndgpu::{Device, InterpTable, Order};

const COLUMNS: usize = 2_000;
const LEVELS: usize = 60;
const TARGETS: usize = 40;
const VARIABLES: usize = 10;

fn main() -> ndgpu::Result<()> {
    let device = Device::new()?;
    println!("Device: {}", device.info());

    let surface = Array1::from_shape_fn(COLUMNS, |column| 1013.0 - 250.0 * (column as f32 * 0.37).sin().powi(8));
    let pressure = Array2::from_shape_fn((COLUMNS, LEVELS), |(column, level)| {
        let p = 1040.0 * 0.92_f32.powi(level as i32) * (1.0 + 0.002 * (column % 7) as f32);
        if p > surface[column] { f32::NAN } else { p }
    });
    let variables: Vec<Array2<f32>> = (0..VARIABLES).map(|variable| field(variable, &pressure)).collect();
    // Each column's own targets, from its surface up to 50 hPa; the thickness of the layer around each is its weight.
    let targets = Array2::from_shape_fn((COLUMNS, TARGETS), |(column, target)| {
        let part = target as f32 / (TARGETS - 1) as f32;
        surface[column] * (50.0 / surface[column]).powf(part)
    });
    let thickness = thickness(&targets);

    let table = InterpTable::builder(&pressure, &variables[0]).order(Order::Sort).right(f32::NAN).build(&device)?;
    let targets_there = device.upload(&targets)?;
    let weights = device.upload(&Array2::from_shape_fn((COLUMNS, TARGETS), |(column, target)| {
        let lowest = pressure.row(column).iter().copied().fold(0.0, f32::max);
        if targets[[column, target]] > lowest { 0.0 } else { thickness[[column, target]] }
    }))?;
    let on_device = variables.iter().map(|variable| device.upload(variable)).collect::<ndgpu::Result<Vec<_>>>()?;

    let start = Instant::now();
    let at = table.locate_rows(&targets_there)?;
    println!("{at:?}");
    let mut means = Vec::new();
    for variable in &on_device {
        // A target below the ground is NaN, and must not count: `skip_nan` leaves it out.
        means.push(at.apply(variable)?.skip_nan().average_axis(Axis(1), &weights)?);
    }
    let means: Vec<Array1<f32>> =
        means.into_iter().map(|mean| Ok(mean.into_readback().wait()?.into_array())).collect::<ndgpu::Result<_>>()?;
    let taken = start.elapsed();

    let (mut worst, mut number) = (0.0_f64, 0.0);
    for (variable, means) in variables.iter().zip(&means) {
        for column in 0..COLUMNS {
            let expected = plain_mean(column, &pressure, variable, &targets, &thickness);
            worst = worst.max((f64::from(means[column]) - expected).abs() / expected.abs().max(1.0));
            number += 1.0;
        }
    }
    println!(
        "{VARIABLES} variables of {COLUMNS} columns from {LEVELS} levels to {TARGETS}: {taken:.1?}, {number} averages, \
         the worst off by {worst:.1e}"
    );
    assert!(worst < 1e-5, "a column mean differs from plain arithmetic by {worst}");
    Ok(())
}

/// One variable on the levels of each column.
fn field(variable: usize, pressure: &Array2<f32>) -> Array2<f32> {
    let scale = 1.0 + variable as f32;
    pressure.mapv(|p| if p.is_nan() { f32::NAN } else { 200.0 + 30.0 * scale * (p * 0.002 * scale).sin() })
}

/// The thickness of the layer around each target, in hPa: half the way to either neighbour.
fn thickness(targets: &Array2<f32>) -> Array2<f32> {
    let last = targets.ncols() - 1;
    Array2::from_shape_fn(targets.raw_dim(), |(column, target)| {
        let row = targets.row(column);
        (row[target.saturating_sub(1)] - row[(target + 1).min(last)]) / 2.0
    })
}

/// The mean of a column in f64, one target after another.
fn plain_mean(
    column: usize,
    pressure: &Array2<f32>,
    variable: &Array2<f32>,
    targets: &Array2<f32>,
    thickness: &Array2<f32>,
) -> f64 {
    let levels = pressure.row(column).into_iter().zip(variable.row(column)).filter(|(p, _)| !p.is_nan());
    let mut levels: Vec<(f64, f64)> = levels.map(|(&p, &value)| (p.into(), value.into())).collect();
    levels.reverse();
    let (mut sum, mut weight) = (0.0, 0.0);
    for (&target, &thickness) in targets.row(column).iter().zip(thickness.row(column)) {
        let (target, thickness) = (f64::from(target), f64::from(thickness));
        let above = levels.partition_point(|level| level.0 <= target);
        let value = match above {
            0 => levels[0].1,
            above if above == levels.len() && target > levels[above - 1].0 => continue,
            above if above == levels.len() => levels[above - 1].1,
            above => {
                let ((p0, y0), (p1, y1)) = (levels[above - 1], levels[above]);
                y0 + (y1 - y0) * (target - p0) / (p1 - p0)
            }
        };
        sum += thickness * value;
        weight += thickness;
    }
    sum / weight
}
