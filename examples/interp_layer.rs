//! An interpolation layer, as in networks whose activations are learned curves. Its tables are computed on the device,
//! and nothing passes through the host between the making of a curve and the looking up in it.
//!
//!     cargo run --release --example interp_layer
//!
//! Each unit bends its inputs by a curve of its own; all curves stand on the same knots. A unit's curve is the weighted
//! average of its candidates, and the weights are what changes from step to step: 16 bytes.

use ndarray::{Array1, Array2, Array3, Axis, arr1, s};
use ndgpu::{Device, InterpTable};

const UNITS: usize = 64;
const CANDIDATES: usize = 4;
const KNOTS: usize = 33;
const BATCH: usize = 1000;

/// How much of each candidate, step by step.
const STEPS: [[f32; CANDIDATES]; 3] = [[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.1, 0.2, 0.3, 0.4]];

fn main() -> ndgpu::Result<()> {
    let device = Device::new()?;
    println!("Device: {}\n", device.info());

    // Knots that lie closer together around zero, where the curves bend; on every knot the candidates of every unit.
    let knots = Array1::from_shape_fn(KNOTS, |k| (k as f32 / 16.0 - 1.0).powi(3) * 4.0);
    let candidates = Array3::from_shape_fn((UNITS, CANDIDATES, KNOTS), |(unit, candidate, k)| {
        let x = knots[k] - unit as f32 / UNITS as f32;
        match candidate {
            0 => x.max(0.0),
            1 => x.tanh(),
            2 => x.sin(),
            _ => (-x * x).exp(),
        }
    });
    let inputs = Array2::from_shape_fn((UNITS, BATCH), |(unit, item)| ((unit * 7 + item) as f32 * 0.37).sin() * 4.5);

    // Everything that stays the same goes up once.
    let layer = InterpTable::new(&device, &knots, candidates.slice(s![0, 0, ..]))?; // its values are replaced below
    let candidates_there = device.upload(&candidates)?;
    let x = device.upload(&inputs)?;
    let mut mix = device.upload(&arr1(&STEPS[0]))?;

    println!("step  uploads  bytes up  during the layer  readbacks  bytes back  mean activation");
    for (step, weights) in STEPS.iter().enumerate() {
        let start = device.transfers();
        mix.overwrite(&arr1(weights))?;

        // The layer: curves, tables, values. The ledger shows that no data move.
        let before = device.transfers();
        let curves = candidates_there.average_axis(Axis(1), &mix)?; // [units, knots]
        let y = layer.with_values(&curves)?.interp_rows(&x)?; // [units, batch]
        let activation = y.mean_axis(Axis(0))?; // [batch]
        let after = device.transfers();
        assert_eq!(before, after, "nothing moves between the operations");

        let activation = activation.into_readback().wait()?;
        let end = device.transfers();
        println!(
            "{step:>4}  {:>7}  {:>8}  {:>16}  {:>9}  {:>10}  {:>15.6}",
            end.uploads - start.uploads,
            end.upload_bytes - start.upload_bytes,
            after.upload_bytes + after.readback_bytes - before.upload_bytes - before.readback_bytes,
            end.readbacks - start.readbacks,
            end.readback_bytes - start.readback_bytes,
            activation.view().mean().unwrap_or(f32::NAN),
        );
        for (item, &computed) in activation.view().iter().enumerate() {
            let expected = plain_layer(&knots, &candidates, weights, &inputs, item);
            assert!((f64::from(computed) - expected).abs() < 1e-5, "{computed} instead of {expected} at {item}");
        }
    }
    println!("\nAll {} activations are those of a plain loop in f64.", STEPS.len() * BATCH);
    Ok(())
}

/// The same on the host: mix, look up, average.
fn plain_layer(
    knots: &Array1<f32>,
    candidates: &Array3<f32>,
    weights: &[f32; CANDIDATES],
    inputs: &Array2<f32>,
    item: usize,
) -> f64 {
    let total: f64 = weights.iter().copied().map(f64::from).sum();
    let activations = (0..UNITS).map(|unit| {
        let value = |k: usize| {
            let products = (0..CANDIDATES).map(|c| f64::from(weights[c]) * f64::from(candidates[[unit, c, k]]));
            products.sum::<f64>() / total
        };
        let x = f64::from(inputs[[unit, item]]);
        let after = knots.iter().take_while(|&&knot| f64::from(knot) <= x).count();
        if after == 0 || after == KNOTS {
            return value(after.saturating_sub(1));
        }
        let (x0, x1) = (f64::from(knots[after - 1]), f64::from(knots[after]));
        value(after - 1) + (value(after) - value(after - 1)) * (x - x0) / (x1 - x0)
    });
    activations.sum::<f64>() / UNITS as f64
}
