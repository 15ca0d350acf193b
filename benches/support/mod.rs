//! What the benchmarks share: engines, inputs, and the check that comes before any time counts.

// Each benchmark is a program of its own and uses a part of this.
#![allow(dead_code)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, measurement::WallTime};
use ndarray::{Array, Array1, ArrayView, ArrayView1, Axis, Dimension, RemoveAxis, ShapeBuilder};
use ndgpu::{Device, DeviceArray, DeviceKind, Element, ElementType, Float, Result};
use num_traits::ToPrimitive;

/// A device and what it is called in the names of the benchmarks: `cpu`, `gpu` or `software`.
pub struct Engine {
    pub name: &'static str,
    pub device: Device,
}

/// The CPU engine, and a GPU or else a software rasteriser. What is measured is printed, and so is what is missing.
pub fn engines() -> Vec<Engine> {
    let mut engines = vec![Engine { name: "cpu", device: Device::cpu() }];
    let other = Device::gpu().or_else(|_| Device::builder().allow_software(true).build());
    match other {
        Ok(device) if device.info().kind != DeviceKind::Cpu => {
            let name = if device.info().kind == DeviceKind::Software { "software" } else { "gpu" };
            engines.push(Engine { name, device });
        }
        _ => eprintln!("Neither a GPU nor a software rasteriser is to be had: only the CPU engine is measured."),
    }
    for Engine { name, device } in &engines {
        eprintln!("{name}: {}", device.info());
        if !device.info().supports_f64 {
            eprintln!("{name}: no 64-bit floats, so no rows with f64");
        }
    }
    engines
}

impl Engine {
    /// Whether it takes arrays of this type.
    pub fn takes<T: Float>(&self) -> bool {
        T::TYPE != ElementType::F64 || self.device.info().supports_f64
    }
}

/// A group with short times, so that all benchmarks together take minutes. For figures to be quoted give
/// `--sample-size` and `--measurement-time` on the command line.
pub fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    // As many iterations in each sample: with growing ones slow rows would take far longer than they are meant to.
    group.sampling_mode(SamplingMode::Flat);
    group
}

/// As it stands in the names of workloads, which are those of `benches/versus`: `1e6` for a power of ten, else the
/// digits.
pub fn count(elements: usize) -> String {
    let power = elements.ilog10();
    if elements == 10_usize.pow(power) { format!("1e{power}") } else { elements.to_string() }
}

/// Elements, and the bytes that have to move for them: each input read once, each output written once.
pub fn throughput(elements: usize, bytes: usize) -> Throughput {
    Throughput::ElementsAndBytes { elements: elements as u64, bytes: bytes as u64 }
}

/// Times `step` alone: what it returns is dropped after the clock has stopped, and only then the next begins.
pub fn time_each<R>(iterations: u64, mut step: impl FnMut() -> R) -> Duration {
    let mut total = Duration::ZERO;
    for _ in 0..iterations {
        let start = Instant::now();
        let result = step();
        total += start.elapsed();
        drop(result);
    }
    total
}

/// Random numbers that are the same in every run (SplitMix64).
pub struct Random(pub u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Even over `0..1`.
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn array<T: Float, D: Dimension>(
        &mut self,
        shape: impl ShapeBuilder<Dim = D>,
        from: f64,
        to: f64,
    ) -> Array<T, D> {
        Array::from_shape_simple_fn(shape, || T::from(from + (to - from) * self.unit()).unwrap())
    }

    /// Knots in order, otherwise anywhere in `0..1`.
    pub fn knots<T: Float>(&mut self, count: usize) -> Array1<T> {
        let mut knots = self.array::<T, _>(count, 0.0, 1.0).to_vec();
        knots.sort_by(|a, b| a.partial_cmp(b).unwrap());
        knots.into()
    }
}

fn wide<T: ToPrimitive>(value: T) -> f64 {
    value.to_f64().unwrap()
}

/// `numpy.interp` in f64 by plain bisection.
pub fn plain_interp<T: Float>(xp: ArrayView1<'_, T>, fp: ArrayView1<'_, T>, x: T) -> f64 {
    let after = xp.as_slice().unwrap().partition_point(|&knot| knot <= x);
    if after == 0 || after == xp.len() {
        return wide(fp[after.saturating_sub(1)]);
    }
    let (x0, x1, y0, y1) = (wide(xp[after - 1]), wide(xp[after]), wide(fp[after - 1]), wide(fp[after]));
    y0 + (y1 - y0) / (x1 - x0) * (wide(x) - x0)
}

/// `numpy.average` in f64, line by line. Ones for weights make it a mean.
pub fn plain_average<T: Float, D: RemoveAxis>(
    values: ArrayView<'_, T, D>,
    weights: ArrayView<'_, T, D>,
    axis: Axis,
) -> Vec<f64> {
    let lines = values.lanes(axis).into_iter().zip(weights.lanes(axis));
    let average = lines.map(|(values, weights)| {
        let products: f64 = values.iter().zip(weights).map(|(&value, &weight)| wide(value) * wide(weight)).sum();
        products / weights.iter().map(|&weight| wide(weight)).sum::<f64>()
    });
    average.collect()
}

/// `numpy.var` in f64 by two passes, line by line.
pub fn plain_var<T: Float, D: RemoveAxis>(values: ArrayView<'_, T, D>, means: &[f64], axis: Axis) -> Vec<f64> {
    let lines = values.lanes(axis).into_iter().zip(means);
    let var = lines.map(|(values, mean)| {
        values.iter().map(|&value| (wide(value) - mean).powi(2)).sum::<f64>() / values.len() as f64
    });
    var.collect()
}

/// Where the largest value of each line is; of equals the first.
pub fn plain_argmax<T: Float, D: RemoveAxis>(values: ArrayView<'_, T, D>, axis: Axis) -> Vec<f64> {
    let first_largest = |line: ArrayView1<'_, T>| {
        (0..line.len()).reduce(|best, place| if line[place] > line[best] { place } else { best })
    };
    values.lanes(axis).into_iter().map(|line| first_largest(line).unwrap() as f64).collect()
}

/// Runs an operation and waits until the device has done it. The result stays there.
pub fn finish<T: Element, D: Dimension>(engine: &Engine, operation: impl FnOnce() -> Result<DeviceArray<T, D>>) {
    black_box(operation().unwrap());
    engine.device.synchronize().unwrap();
}

/// Panics unless what the device computed is what was expected. A time for a wrong result counts for nothing.
pub fn check<T: Element + ToPrimitive, D: Dimension>(what: &str, computed: &DeviceArray<T, D>, expected: &[f64]) {
    // Relative to 1 where numbers are smaller: sums of numbers of both signs may nearly cancel.
    let tolerance = match T::TYPE {
        ElementType::F64 => 1e-12,
        ElementType::F32 => 1e-5,
        _ => 0.0,
    };
    let computed = computed.readback().wait().unwrap();
    assert_eq!(computed.view().len(), expected.len(), "{what}: as many results as expected");
    for (place, (&computed, expected)) in computed.view().iter().zip(expected).enumerate() {
        let error = (wide(computed) - expected).abs();
        assert!(error <= tolerance * expected.abs().max(1.0), "{what}: {computed} instead of {expected} at {place}");
    }
}
