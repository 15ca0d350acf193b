//! How exact sums, means, averages and variances are: errors in units in the last index (ulp) of the result's type,
//! over distributions, lengths and layouts, in every configuration, printed as one table and held to bounds.
//!
//! The oracle computes in pairs of f64, so that its own error is far below what is measured.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ndarray::{ArrayD, Axis, IxDyn};
use ndgpu::{Device, DeviceArray};

use crate::support::corpus::case::Real;
use crate::support::devices::flushes_subnormals;
use crate::support::engines::{Configuration, Engine, Precision, configurations, engines_of};
use crate::support::oracle::{Pair, two_product};
use crate::support::random::Random;
use crate::support::report::say;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operation {
    Sum,
    Mean,
    /// With a weight for each index along the axis.
    Average,
    /// With a weight for each element.
    AverageFull,
    /// ddof 0.
    Var,
    /// ddof 1.
    VarSample,
}

/// How the values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Distribution {
    /// In [0, 1).
    Uniform,
    /// In [0, 1), on top of a million.
    Offset,
    /// In [0, 1), times this power of ten.
    Scaled(i32),
    /// Up to a thousand, each followed by its opposite but for up to a thousandth.
    Cancelling,
}

const DISTRIBUTIONS: [Distribution; 7] = [
    Distribution::Uniform,
    Distribution::Offset,
    Distribution::Scaled(30),
    Distribution::Scaled(15),
    Distribution::Scaled(-15),
    Distribution::Scaled(-30),
    Distribution::Cancelling,
];

impl Distribution {
    /// The value at an index of a row of this length.
    fn value(self, row: usize, index: usize, len: usize) -> f64 {
        let pair = hash(row, index / 2);
        let own = hash(row, index + (1 << 40));
        match self {
            Self::Uniform => own,
            Self::Offset => 1e6 + own,
            Self::Scaled(power) => own * 10_f64.powi(power),
            Self::Cancelling if index + 1 == len && index.is_multiple_of(2) => own * 1e-3,
            Self::Cancelling if index.is_multiple_of(2) => pair * 1e3,
            Self::Cancelling => own * 1e-3 - pair * 1e3,
        }
    }
}

/// In [0, 1).
fn hash(row: usize, index: usize) -> f64 {
    Random::new(((row as u64) << 44) ^ index as u64).unit()
}

/// Near 1, so that no product leaves the range of f32; the same for both of a pair that cancels.
fn weight(row: usize, index: usize) -> f64 {
    0.5 + hash(row + 1000, index / 2)
}

/// Whether the variance lies in the range of the type.
fn has_variance<T: Real>(distribution: Distribution) -> bool {
    size_of::<T>() == 8 || !matches!(distribution, Distribution::Scaled(30 | -30))
}

/// What a row really comes to.
struct Truth {
    /// The value, and what the sizes of the terms come to, by which cancellation is to be measured.
    answers: BTreeMap<Operation, (Pair, f64)>,
}

impl Truth {
    fn of<T: Real>(values: &[T], weights: &[T], full: &[T]) -> Self {
        let wide = |value: T| Pair::of(value.into());
        let add = |sum: Pair, value: T| sum.plus(wide(value));
        let count = Pair::of(values.len() as f64);
        let sum = values.iter().copied().fold(Pair::default(), add);
        let size: f64 = values.iter().map(|&value| value.into().abs()).sum();
        let average = |weights: &[T]| {
            let (mut products, mut size) = (Pair::default(), 0.0);
            for (&value, &weight) in values.iter().zip(weights) {
                let product = two_product(value.into(), weight.into());
                products = products.plus(product);
                size += product.high.abs();
            }
            let total = weights.iter().copied().fold(Pair::default(), add);
            (products.over(total), size / total.high)
        };
        let mean = sum.over(count);
        let squares = values.iter().fold(Pair::default(), |squares, &value| {
            let deviation = wide(value).minus(mean);
            squares.plus(deviation.times(deviation))
        });
        let variance = |ddof: f64| {
            let divisor = values.len() as f64 - ddof;
            let variance = if divisor > 0.0 { squares.over(Pair::of(divisor)) } else { Pair::of(f64::NAN) };
            (variance, variance.high)
        };
        let answers = [
            (Operation::Sum, (sum, size)),
            (Operation::Mean, (mean, size / count.high)),
            (Operation::Average, average(weights)),
            (Operation::AverageFull, average(full)),
            (Operation::Var, variance(0.0)),
            (Operation::VarSample, variance(1.0)),
        ];
        Self { answers: answers.into() }
    }
}

/// The distance between floats of the type around a number.
fn ulp<T: Real>(number: f64) -> f64 {
    let (digits, least) = if size_of::<T>() == 4 { (23, -126) } else { (52, -1022) };
    let exponent = ((number.abs().to_bits() >> 52) as i32 - 1023).max(least);
    2_f64.powi((exponent - digits).max(-1074))
}

/// The worst seen.
#[derive(Clone, Copy, Default)]
struct Worst {
    /// In ulp of the result.
    ulps: f64,
    /// Beyond what is allowed where nothing cancels, as a part of what the sizes of the terms come to.
    part: f64,
}

impl Worst {
    fn take_in<T: Real>(&mut self, got: T, (want, size): (Pair, f64), allowed: f64, what: &str) {
        let got: f64 = got.into();
        if want.high.is_nan() {
            assert!(got.is_nan(), "{what}: got {got}, but there is nothing to divide by");
            return;
        }
        assert!(got.is_finite(), "{what}: got {got}, but should be {}", want.high);
        let error = ((got - want.high) - want.low).abs();
        self.ulps = self.ulps.max(error / ulp::<T>(want.high));
        if size > 0.0 {
            self.part = self.part.max((error - allowed * ulp::<T>(want.high)) / size);
        }
    }
}

type Measured = BTreeMap<(Operation, Distribution), BTreeMap<&'static str, Worst>>;

/// The shapes in which about `n` elements are laid out, and the axis that is reduced.
fn layouts(n: usize) -> Vec<(Vec<usize>, usize)> {
    let mut layouts = vec![(vec![1, n], 1), (vec![n, 1], 0)];
    if n >= 8 {
        layouts.push((vec![n / 8, 8], 0));
    }
    if n >= 16 {
        layouts.push((vec![2, n / 16, 8], 1));
    }
    layouts
}

/// An array whose rows along an axis are these.
fn from_rows<T: Real>(shape: &[usize], axis: usize, rows: &[Vec<T>]) -> ArrayD<T> {
    let inner: usize = shape[axis + 1..].iter().product();
    let len = shape[axis];
    ArrayD::from_shape_vec(
        IxDyn(shape),
        (0..shape.iter().product()).map(|at| rows[at / (len * inner) * inner + at % inner][at / inner % len]).collect(),
    )
    .expect("as many values as the shape has")
}

fn measure<T: Real>(measured: &mut Measured) {
    for distribution in DISTRIBUTIONS {
        // These are there for the variances, whose squares they keep in the range of f32.
        let largest = if matches!(distribution, Distribution::Scaled(15 | -15)) { 65_537 } else { 1_000_000 };
        let sizes = [1, 2, 3, 10, 1000, 65_537, 1_000_000].into_iter().filter(|&size| size <= largest);
        for (shape, axis) in sizes.flat_map(layouts) {
            measure_array::<T>(distribution, &shape, axis, measured);
        }
    }
    for distribution in [Distribution::Uniform, Distribution::Cancelling] {
        measure_ten_million::<T>(distribution, measured);
    }
}

fn measure_array<T: Real>(distribution: Distribution, shape: &[usize], axis: usize, measured: &mut Measured) {
    let len = shape[axis];
    let count = shape.iter().product::<usize>() / len;
    let row = |of: &dyn Fn(usize) -> f64| (0..len).map(|index| T::of(of(index))).collect::<Vec<T>>();
    let values: Vec<_> = (0..count).map(|number| row(&|index| distribution.value(number, index, len))).collect();
    let weights = row(&|index| weight(0, index));
    let full: Vec<_> = (0..count).map(|number| row(&|index| weight(number + 1, index))).collect();
    let truths: Vec<Truth> = values.iter().zip(&full).map(|(values, full)| Truth::of(values, &weights, full)).collect();
    let (array, full) = (from_rows(shape, axis, &values), from_rows(shape, axis, &full));
    for Engine { device, name, .. } in engines_of::<T>() {
        for (operation, got) in answers(&device, &array, &weights, &full, Axis(axis), has_variance::<T>(distribution)) {
            let worst = measured.entry((operation, distribution)).or_default().entry(name).or_default();
            let what = format!("{name}: {operation:?} of {distribution:?}, {shape:?} axis {axis}");
            assert_eq!(got.len(), truths.len(), "{what}");
            let allowed = bound(operation, distribution, flushes_subnormals(&device));
            for (got, truth) in got.into_iter().zip(&truths) {
                worst.take_in(got, truth.answers[&operation], allowed, &what);
            }
        }
    }
}

/// What the device makes of it, for each row.
fn answers<T: Real>(
    device: &Device,
    array: &ArrayD<T>,
    weights: &[T],
    full: &ArrayD<T>,
    axis: Axis,
    has_variance: bool,
) -> Vec<(Operation, Vec<T>)> {
    let read =
        |array: DeviceArray<T, IxDyn>| -> Vec<T> { array.readback().wait().unwrap().view().iter().copied().collect() };
    let up = device.upload(array).unwrap();
    let weights = device.upload(&ndarray::arr1(weights)).unwrap();
    let full = device.upload(full).unwrap();
    let mut answers = vec![
        (Operation::Sum, read(up.sum_axis(axis).unwrap())),
        (Operation::Mean, read(up.mean_axis(axis).unwrap())),
        (Operation::Average, read(up.average_axis(axis, &weights).unwrap())),
        (Operation::AverageFull, read(up.average_axis(axis, &full).unwrap())),
    ];
    if has_variance {
        answers.push((Operation::Var, read(up.var_axis(axis, T::zero()).unwrap())));
        answers.push((Operation::VarSample, read(up.var_axis(axis, T::one()).unwrap())));
    }
    answers
}

/// Sums and means of ten million, in a row.
fn measure_ten_million<T: Real>(distribution: Distribution, measured: &mut Measured) {
    let n = 10_000_000;
    let values: Vec<T> = (0..n).map(|index| T::of(distribution.value(0, index, n))).collect();
    let sum = values.iter().fold(Pair::default(), |sum, &value| sum.plus(Pair::of(value.into())));
    let size: f64 = values.iter().map(|&value| value.into().abs()).sum();
    let mean = sum.over(Pair::of(n as f64));
    let array = ndarray::Array1::from(values);
    for Engine { device, name, .. } in engines_of::<T>() {
        let up = device.upload(&array).unwrap();
        let read = |array: DeviceArray<T, _>| array.readback().wait().unwrap().into_array().into_scalar();
        for (operation, got, truth) in [
            (Operation::Sum, read(up.sum().unwrap()), (sum, size)),
            (Operation::Mean, read(up.mean().unwrap()), (mean, size / n as f64)),
        ] {
            let worst = measured.entry((operation, distribution)).or_default().entry(name).or_default();
            let what = format!("{name}: {operation:?} of ten million");
            let allowed = bound(operation, distribution, flushes_subnormals(&device));
            worst.take_in(got, truth, allowed, &what);
        }
    }
}

/// The largest error that is allowed where nothing cancels, in ulp.
///
/// What is rounded once is off by half an ulp at most; the rest is room for the errors of the wide sum. A relative
/// error of half an epsilon, one more rounding on the way, is up to one ulp.
fn bound(operation: Operation, distribution: Distribution, flushes: bool) -> f64 {
    const ONCE: f64 = 0.51;
    // What a product of such numbers is rounded by is below the smallest normal number.
    if flushes && distribution == Distribution::Scaled(-30) {
        return 1.0 + ONCE;
    }
    match operation {
        Operation::Sum | Operation::Mean | Operation::Average | Operation::AverageFull => ONCE,
        // Deviations are rounded, and go in squared.
        Operation::Var | Operation::VarSample => 2.0 + ONCE,
    }
}

/// The largest error beyond that where terms cancel, as a part of what their sizes come to: what is left of sums of
/// twice the width.
fn cancelling_bound(configuration: &Configuration) -> f64 {
    match configuration.precision {
        Precision::F32 => 2_f64.powi(-48),
        Precision::F64 => 2_f64.powi(-100),
    }
}

fn cancels(operation: Operation, distribution: Distribution) -> bool {
    distribution == Distribution::Cancelling && !matches!(operation, Operation::Var | Operation::VarSample)
}

#[test]
fn results_are_exact_to_the_last_place() {
    let mut measured = Measured::new();
    measure::<f32>(&mut measured);
    measure::<f64>(&mut measured);

    let mut table = String::from(
        "worst errors in ulp of the result; where terms cancel, what is beyond the bound in ulp, as a part of the sum \
         of their sizes\n",
    );
    let _ = write!(table, "{:12} {:12}", "operation", "values");
    for configuration in configurations() {
        let _ = write!(table, " {:>16}", configuration.name);
    }
    let mut failures = Vec::new();
    for (&(operation, distribution), row) in &measured {
        let _ = write!(table, "\n{:12} {:12}", format!("{operation:?}"), format!("{distribution:?}"));
        for configuration in configurations() {
            let Some(worst) = row.get(configuration.name) else {
                let _ = write!(table, " {:>16}", "out of range");
                continue;
            };
            let (got, allowed, shown) = if cancels(operation, distribution) {
                let shown = if worst.part > 0.0 { format!("2^{:.1}", worst.part.log2()) } else { "0".into() };
                (worst.part, cancelling_bound(configuration), shown)
            } else {
                let allowed = bound(operation, distribution, configuration.flushes_subnormals());
                (worst.ulps, allowed, format!("{:.3}", worst.ulps))
            };
            let _ = write!(table, " {shown:>16}");
            if got > allowed {
                let name = configuration.name;
                failures.push(format!("{operation:?} of {distribution:?} [{name}]: {shown}, more than {allowed:e}"));
            }
        }
    }
    say(&table);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
