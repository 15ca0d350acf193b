//! What holds for any input: random shapes, layouts, tables and values, with everything special that a float can be, on
//! every device and in every precision, against plain oracles. A failure is shrunk to the smallest input that shows it.
//! The inputs are the same in every run.

mod support;

use ndarray::{Array1, ArrayD, ArrayViewD, Axis, Dimension, IxDyn, Slice, arr1};
use ndgpu::{Device, DeviceArray, Element, ErrorKind, Float, InterpTable, Knots, Method, Order, Side};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use support::oracle::{Asked, Bins, Sorted, interp, less};
use support::random::Random;

/// Checks a property on so many inputs.
fn holds<S: Strategy>(cases: u32, inputs: S, property: impl Fn(&S::Value)) {
    let config = Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(2025), ..Config::default() };
    let outcome = TestRunner::new(config).run(&inputs, |input| {
        property(&input);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Runs a generic property `fn(&Device, &str, &Input)` in every configuration.
macro_rules! everywhere {
    ($property:ident, $input:expr) => {
        for configuration in support::devices::configurations() {
            let (device, name) = (configuration.device(), configuration.name);
            match configuration.precision {
                support::devices::Precision::F32 => $property::<f32>(&device, name, $input),
                support::devices::Precision::F64 => $property::<f64>(&device, name, $input),
            }
        }
    };
}

fn value<T: Float>(v: f64) -> T {
    T::from(v).unwrap()
}

fn wide<T: Float>(v: T) -> f64 {
    v.to_f64().unwrap()
}

fn same<T: Float>(one: T, other: T) -> bool {
    one == other || (one.is_nan() && other.is_nan())
}

fn read<E: Element, D: Dimension>(array: DeviceArray<E, D>) -> Vec<E> {
    array.readback().wait().unwrap().view().iter().copied().collect()
}

/// Whole numbers that often tie, others, and everything special. Some are subnormal in f32, some in f64.
fn number() -> impl Strategy<Value = f64> {
    let special = [
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e-40,
        -3e-45,
        f64::from_bits(1),
        f64::from(f32::MIN_POSITIVE),
        -f64::MIN_POSITIVE,
    ];
    prop_oneof![4 => (-4..=4).prop_map(f64::from), 4 => -1e3..1e3, 1 => select(special.to_vec())]
}

/// Mostly small, of up to five dimensions, of which any may be empty; sometimes with one long axis, which may lie beside an
/// empty one: then there are many results of nothing.
fn shape() -> impl Strategy<Value = Vec<usize>> {
    let long = (vec(1..=3_usize, 0..=2), 60..=5000_usize, any::<u8>()).prop_map(|(mut shape, len, at)| {
        shape.insert(usize::from(at) % (shape.len() + 1), len);
        shape
    });
    let lengths = select(vec![1025_usize, 8193, 16_385, 20_000, 65_537]);
    let nothing = (vec(1..=2_usize, 0..=1), lengths, any::<[u8; 2]>()).prop_map(|(mut shape, len, at)| {
        for (len, at) in [0, len].into_iter().zip(at) {
            shape.insert(usize::from(at) % (shape.len() + 1), len);
        }
        shape
    });
    prop_oneof![8 => vec(0..=7_usize, 0..=5), 2 => long, 2 => nothing]
}

/// An array: few different values, so that ties are everywhere, in some layout of the host's memory.
#[derive(Clone, Debug)]
struct Input {
    shape: Vec<usize>,
    /// Any number; which axis that is depends on how many there are.
    axis: usize,
    palette: Vec<f64>,
    seed: u64,
    /// 0 is the standard layout.
    layout: u64,
}

fn input() -> impl Strategy<Value = Input> {
    (shape(), 0..5_usize, vec(number(), 1..=24), any::<u64>(), prop_oneof![Just(0), any::<u64>()])
        .prop_map(|(shape, axis, palette, seed, layout)| Input { shape, axis, palette, seed, layout })
}

impl Input {
    fn array<T: Float>(&self) -> ArrayD<T> {
        let mut random = Random::new(self.seed);
        let pick = || value(self.palette[random.below(self.palette.len())]);
        ArrayD::from_shape_simple_fn(IxDyn(&self.shape), pick)
    }

    /// Quarters, some of them negative: sums of them are exact in every type, so that there is no doubt about zero.
    fn weights<T: Float>(&self, shape: &[usize]) -> ArrayD<T> {
        let mut random = Random::new(self.seed ^ 0x5eed);
        ArrayD::from_shape_simple_fn(IxDyn(shape), || value(random.below(12) as f64 * 0.25 - 0.5))
    }

    /// Uploads an array from memory in which its axes come in any order, some of them backwards or with gaps.
    fn upload<T: Float>(&self, device: &Device, array: &ArrayD<T>) -> DeviceArray<T, IxDyn> {
        let memory = Memory::holding(array, self.layout);
        device.upload(&memory.view()).unwrap()
    }
}

struct Memory<T> {
    memory: ArrayD<T>,
    /// Where in memory each axis is, and by which steps it goes.
    axes: Vec<(usize, isize)>,
}

impl<T: Float> Memory<T> {
    fn holding(array: &ArrayD<T>, layout: u64) -> Self {
        let mut random = Random::new(layout);
        let mut order: Vec<usize> = (0..array.ndim()).collect();
        let mut steps = vec![1_isize; array.ndim()];
        if layout != 0 {
            (1..order.len()).for_each(|last| order.swap(last, random.below(last + 1)));
            steps = steps.iter().map(|_| [1, -1, 2, -3][random.below(4)]).collect();
        }
        let mut shape = vec![0; array.ndim()];
        for (axis, &place) in order.iter().enumerate() {
            shape[place] = array.shape()[axis] * steps[axis].unsigned_abs();
        }
        let axes = order.into_iter().zip(steps).collect();
        let mut memory = Self { memory: ArrayD::from_elem(IxDyn(&shape), T::nan()), axes };
        let order: Vec<usize> = memory.axes.iter().map(|&(place, _)| place).collect();
        let mut view = memory.memory.view_mut().permuted_axes(IxDyn(&order));
        for (axis, &(_, step)) in memory.axes.iter().enumerate() {
            view.slice_axis_inplace(Axis(axis), Slice::new(0, None, step));
        }
        view.assign(array);
        memory
    }

    fn view(&self) -> ArrayViewD<'_, T> {
        let order: Vec<usize> = self.axes.iter().map(|&(place, _)| place).collect();
        let mut view = self.memory.view().permuted_axes(IxDyn(&order));
        for (axis, &(_, step)) in self.axes.iter().enumerate() {
            view.slice_axis_inplace(Axis(axis), Slice::new(0, None, step));
        }
        view
    }
}

fn comes_back<T: Float>(device: &Device, name: &str, input: &Input) {
    let array = input.array::<T>();
    let back = input.upload(device, &array).readback().wait().unwrap().into_array();
    assert_eq!(back.shape(), array.shape(), "{name}");
    // Zeros keep their sign.
    let alike = |(&a, &b): (&T, &T)| same(a, b) && (a.is_nan() || a.is_sign_negative() == b.is_sign_negative());
    assert!(array.iter().zip(&back).all(alike), "{name}: {array} came back as {back}");
}

#[test]
fn what_is_uploaded_comes_back() {
    holds(200, input(), |input| everywhere!(comes_back, input));
}

/// A sum, and what the sizes of its terms come to (A. Neumaier, ZAMM 54, 1974).
fn total(terms: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut sum, mut lost, mut size) = (0.0_f64, 0.0, 0.0);
    for term in terms {
        let next = sum + term;
        let rest = if sum.abs() >= term.abs() { (sum - next) + term } else { (term - next) + sum };
        lost += if rest.is_finite() { rest } else { 0.0 };
        size += term.abs();
        sum = next;
    }
    (sum + lost, size)
}

/// Agrees to a rounding or two, and to what sums of twice the width leave of their terms. Subnormals may be flushed.
fn near<T: Float>(got: T, want: f64, size: f64, terms: usize, what: &str) {
    let got = wide(got);
    let left = if size_of::<T>() == 4 { 2_f64.powi(-44) } else { 2.0 * f64::EPSILON };
    let flushed = wide(T::min_positive_value()) * (terms + 1) as f64;
    let room = 2.0 * wide(T::epsilon()) * want.abs() + left * size + flushed;
    let close = got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= room;
    assert!(close, "{what}: got {got:e}, but should be {want:e} to within {room:e}");
}

/// What stands for averages whose weights sum to zero.
const FILL: f64 = 4096.25;

fn adds_up<T: Float>(device: &Device, name: &str, input: &Input) {
    let array = input.array::<T>();
    let up = input.upload(device, &array);
    let (sum, size) = total(array.iter().map(|&v| wide(v)));
    near(read(up.sum().unwrap())[0], sum, size, array.len(), &format!("{name}: sum of all"));
    let Some(axis) = input.axis.checked_rem(array.ndim()).map(Axis) else { return };
    let len = array.len_of(axis);
    let lines: Vec<Vec<f64>> = array.lanes(axis).into_iter().map(|line| line.mapv(wide).to_vec()).collect();

    let sums = read(up.sum_axis(axis).unwrap());
    let means = read(up.mean_axis(axis).unwrap());
    let variances = read(up.var_axis(axis, T::one()).unwrap());
    assert_eq!([sums.len(), means.len(), variances.len()], [lines.len(); 3], "{name}");
    for (number, line) in lines.iter().enumerate() {
        let what = |which: &str| format!("{name}: {which} of line {number}");
        let (sum, size) = total(line.iter().copied());
        let mean = sum / len as f64;
        near(sums[number], sum, size, len, &what("sum"));
        near(means[number], mean, size / len as f64, len, &what("mean"));
        let rest = total(line.iter().map(|v| v - mean)).0;
        let squares = total(line.iter().map(|v| (v - mean) * (v - mean))).0 - rest * rest / len as f64;
        // What every deviation is rounded by goes in squared.
        let largest = line.iter().fold(0.0, |largest: f64, v| largest.max(v.abs())) * wide(T::epsilon());
        let want = if len == 0 { f64::NAN } else { squares / (len as f64 - 1.0).max(0.0) };
        let room = if want.is_finite() { 8.0 * (want + largest * largest / wide(T::epsilon())) } else { 0.0 };
        near(variances[number], want, room, len, &what("variance"));
    }

    let weights = input.weights::<T>(&[len]);
    let full = input.weights::<T>(&input.shape);
    for (weights, is_full) in [(weights, false), (full, true)] {
        let up_weights = input.upload(device, &weights);
        let average = up.average_axis(axis, &up_weights).unwrap().readback().wait();
        let filled = read(up.average_axis_or(axis, &up_weights, value(FILL)).unwrap());
        let without_nan = read(up.skip_nan().average_axis_or(axis, &up_weights, value(FILL)).unwrap());
        let rows: Vec<Vec<f64>> = if is_full {
            weights.lanes(axis).into_iter().map(|line| line.mapv(wide).to_vec()).collect()
        } else {
            vec![weights.iter().map(|&w| wide(w)).collect(); lines.len().max(1)]
        };
        assert_eq!([filled.len(), without_nan.len()], [lines.len(); 2], "{name}");
        for (number, (line, row)) in lines.iter().zip(&rows).enumerate() {
            let all = line.iter().copied().zip(row.iter().copied());
            for (which, got, pairs) in [
                ("average or", filled[number], all.clone().collect::<Vec<_>>()),
                ("average or, without NaN", without_nan[number], all.filter(|(v, _)| !v.is_nan()).collect()),
            ] {
                let (sum, size) = total(pairs.iter().map(|(v, w)| v * w));
                let weights: f64 = pairs.iter().map(|(_, w)| w).sum();
                let what = format!("{name}: {which} of line {number}, weights {row:?}");
                if weights == 0.0 {
                    assert!(wide(got) == FILL, "{what}: {got:?}, but should be what stands for nothing");
                } else {
                    near(got, sum / weights, size / weights.abs(), len * 4, &what);
                }
            }
        }
        // Weights along the axis sum to zero also where there is nothing to be averaged.
        if rows.iter().any(|row| row.iter().sum::<f64>() == 0.0) {
            let kind = average.map(|_| ()).map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::ZeroWeights), "{name}: average, weights {weights}");
            continue;
        }
        let averages: Vec<T> = average.unwrap().view().iter().copied().collect();
        assert_eq!(averages.len(), lines.len(), "{name}");
        for (number, (line, row)) in lines.iter().zip(&rows).enumerate() {
            let (sum, size) = total(line.iter().zip(row).map(|(v, w)| v * w));
            let all: f64 = row.iter().sum();
            let what = format!("{name}: average of line {number}, weights {row:?}");
            near(averages[number], sum / all, size / all.abs(), len * 4, &what);
        }
    }
}

#[test]
fn sums_means_averages_and_variances_are_what_adding_up_gives() {
    holds(150, input(), |input| everywhere!(adds_up, input));
}

/// The smallest or largest, NaN before anything else, and the first place where it is.
fn extreme<T: Float>(line: &[T], wants_small: bool) -> (T, u32) {
    let mut best = 0;
    for (place, &v) in line.iter().enumerate() {
        let beats = if wants_small { v < line[best] } else { v > line[best] };
        if !line[best].is_nan() && (v.is_nan() || beats) {
            best = place;
        }
    }
    (line[best], best as u32)
}

fn finds_extremes<T: Float>(device: &Device, name: &str, input: &Input) {
    let array = input.array::<T>();
    let up = input.upload(device, &array);
    let check = |lines: &[Vec<T>], wants_small: bool, values: Vec<T>, places: Vec<u32>| {
        assert_eq!([values.len(), places.len()], [lines.len(); 2], "{name}");
        for (number, line) in lines.iter().enumerate() {
            let (want, at) = extreme(line, wants_small);
            let (got, place) = (values[number], places[number]);
            let which = if wants_small { "smallest" } else { "largest" };
            assert!(
                same(got, want) && place == at,
                "{name}: {which} of line {number} is {got} at {place}, but should be {want} at {at}"
            );
        }
    };
    let all = [array.iter().copied().collect::<Vec<T>>()];
    let empty = Err(ErrorKind::EmptyReduction);
    if array.is_empty() {
        assert_eq!(up.min().map(|_| ()).map_err(|error| error.kind()), empty, "{name}");
        assert_eq!(up.argmax().map(|_| ()).map_err(|error| error.kind()), empty, "{name}");
    } else {
        check(&all, true, read(up.min().unwrap()), read(up.argmin().unwrap()));
        check(&all, false, read(up.max().unwrap()), read(up.argmax().unwrap()));
    }
    let Some(axis) = input.axis.checked_rem(array.ndim()).map(Axis) else { return };
    let lines: Vec<Vec<T>> = array.lanes(axis).into_iter().map(|line| line.to_vec()).collect();
    if array.len_of(axis) == 0 && !lines.is_empty() {
        assert_eq!(up.max_axis(axis).map(|_| ()).map_err(|error| error.kind()), empty, "{name}");
        assert_eq!(up.argmin_axis(axis).map(|_| ()).map_err(|error| error.kind()), empty, "{name}");
        return;
    }
    check(&lines, true, read(up.min_axis(axis).unwrap()), read(up.argmin_axis(axis).unwrap()));
    check(&lines, false, read(up.max_axis(axis).unwrap()), read(up.argmax_axis(axis).unwrap()));
}

#[test]
fn extremes_and_their_places_are_the_first() {
    holds(200, input(), |input| everywhere!(finds_extremes, input));
}

/// How the knots of a table lie.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Even,
    /// A logarithmic axis.
    Logarithmic,
    /// A thousandth of the range holds all but two of them.
    Clustered,
    /// Each three times.
    Ties,
    Scattered,
    /// Few different ones, special ones among them.
    Few,
}

/// A table or an axis of knots, and what is looked up there.
#[derive(Clone, Debug)]
struct Table {
    kind: Kind,
    knots: usize,
    /// Which knots there are if there are few, which values, and what is asked besides the knots.
    palette: Vec<f64>,
    queries: Input,
    /// How many tables, and whether each has its own knots.
    tables: usize,
    own_knots: bool,
    seed: u64,
}

fn table() -> impl Strategy<Value = Table> {
    use Kind::*;
    let kind = select(vec![Even, Logarithmic, Clustered, Ties, Scattered, Few]);
    let knots = prop_oneof![1..=20_usize, 1..=2000_usize];
    (kind, knots, vec(number(), 1..=24), input(), 1..=4_usize, any::<bool>(), any::<u64>()).prop_map(
        |(kind, knots, palette, queries, tables, own_knots, seed)| Table {
            kind,
            knots,
            palette,
            queries,
            tables,
            own_knots,
            seed,
        },
    )
}

impl Table {
    /// The same for a device that takes numbers below the smallest normal one for zero: nothing in it is so small that
    /// differences or slopes might be.
    fn without_subnormals(&self) -> Self {
        let large = |&v: &f64| if v.abs() < 1e-30 { 0.0 } else { v };
        let palette: Vec<f64> = self.palette.iter().map(large).collect();
        let queries = Input { palette: self.queries.palette.iter().map(large).collect(), ..self.queries.clone() };
        Self { palette, queries, ..self.clone() }
    }

    /// The knots of one of the tables in order, NaN last.
    fn knots<T: Float>(&self, table: usize) -> Vec<T> {
        let n = self.knots;
        let mut random = Random::new(self.seed.wrapping_add(table as u64));
        let shift = random.unit() * 10.0;
        let mut knots: Vec<T> = (0..n)
            .map(|i| match self.kind {
                Kind::Even => i as f64 * 0.1 - shift,
                Kind::Logarithmic => 10_f64.powf(i as f64 / n as f64 * 30.0 - 15.0),
                Kind::Clustered if i + 2 < n => i as f64 / n as f64 * 1e-3,
                Kind::Clustered => 1e6 + i as f64,
                Kind::Ties => (i / 3) as f64 - shift,
                Kind::Scattered => random.unit() * 200.0 - 100.0,
                Kind::Few => self.palette[random.below(self.palette.len())],
            })
            .map(value)
            .collect();
        knots.sort_by(|a, b| a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())));
        knots
    }

    /// Knots, what is next to them, what lies between, and what the palette has.
    fn query<T: Float>(&self, knots: &[T], random: &mut Random) -> T {
        let close = T::one() + T::epsilon();
        let at = random.below(knots.len());
        let (knot, next) = (knots[at], knots[(at + 1).min(knots.len() - 1)]);
        match random.below(8) {
            0 | 1 => knot,
            2 => knot * close,
            3 => knot / close,
            4 | 5 => knot + (next - knot) * value(random.unit()),
            6 => value(self.queries.palette[random.below(self.queries.palette.len())]),
            _ => value(random.unit() * 300.0 - 150.0),
        }
    }
}

fn finds_places<T: Float>(device: &Device, name: &str, table: &Table) {
    let knots = table.knots::<T>(0);
    let mut random = Random::new(table.seed ^ 1);
    let x = ArrayD::from_shape_simple_fn(IxDyn(&table.queries.shape), || table.query(&knots, &mut random));
    let up = table.queries.upload(device, &x);
    let upward = Knots::new(device, &knots).unwrap();
    let reversed: Vec<T> = knots.iter().rev().copied().collect();
    let downward = Knots::new(device, &reversed).unwrap();
    let bins = [&knots, &reversed].map(|edges| Bins::of(edges).unwrap());
    for (side, right) in [(Side::Left, true), (Side::Right, false)] {
        let found = read(upward.searchsorted(&up, side).unwrap());
        let binned = read(upward.digitize(&up, right).unwrap());
        let binned_down = read(downward.digitize(&up, right).unwrap());
        assert_eq!([found.len(), binned.len(), binned_down.len()], [x.len(); 3], "{name}");
        for (number, &query) in x.iter().enumerate() {
            let want = match side {
                Side::Left => knots.partition_point(|&knot| less(knot, query)),
                Side::Right => knots.partition_point(|&knot| !less(query, knot)),
            } as u32;
            let [up, down] = bins.each_ref().map(|bins| bins.digitize(query, right));
            let got = [found[number], binned[number], binned_down[number]];
            assert_eq!(got, [want, up, down], "{name}: {query:?} {side:?}, knots {knots:?}");
        }
    }
    // Edges in an order of their own, NaN among them: what NumPy takes for bins, and what it does not.
    let few: Vec<T> = (0..random.below(6)).map(|_| value(table.palette[random.below(table.palette.len())])).collect();
    match (Knots::new(device, &few), Bins::of(&few)) {
        (Ok(bins), Some(expected)) => {
            for right in [false, true] {
                let got = read(bins.digitize(&up, right).unwrap());
                let want: Vec<u32> = x.iter().map(|&x| expected.digitize(x, right)).collect();
                assert_eq!(got, want, "{name}: {x:?}, right {right}, bins {few:?}");
            }
        }
        (Err(error), None) => assert!(matches!(error.kind(), ErrorKind::NotSorted { .. }), "{name}: {error}"),
        (made, _) => panic!("{name}: {few:?} make {made:?}, but NumPy has it otherwise"),
    }
}

#[test]
fn places_among_knots_are_what_counting_gives() {
    holds(150, table(), |table| everywhere!(finds_places, table));
}

/// To the bit on the CPU engine; elsewhere to what one rounding of each step allows.
fn interpolated<T: Float>(device: &Device, got: &[T], want: &[T], scale: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    let exactly = device.info().kind == ndgpu::DeviceKind::Cpu;
    for (number, (&got, &want)) in got.iter().zip(want).enumerate() {
        let (g, w) = (wide(got), wide(want));
        let room = 8.0 * wide(T::epsilon()) * scale + 4.0 * wide(T::min_positive_value());
        let close = !exactly && (g - w).abs() <= room;
        assert!(same(got, want) || close, "{what}: query {number} gives {got:?}, but should give {want:?}");
    }
}

fn interpolates<T: Float>(device: &Device, name: &str, table: &Table) {
    let table = &if support::devices::flushes_subnormals(device) { table.without_subnormals() } else { table.clone() };
    let usable = |table: &Table, number: usize| -> Vec<T> {
        let knots = table.knots::<T>(number);
        // NaN is refused among knots.
        knots.into_iter().map(|knot| if knot.is_nan() { T::infinity() } else { knot }).collect()
    };
    let mut random = Random::new(table.seed ^ 2);
    let count = table.knots;
    let values: Vec<Vec<T>> = (0..table.tables)
        .map(|_| (0..count).map(|_| value(table.palette[random.below(table.palette.len())])).collect())
        .collect();
    let knots: Vec<Vec<T>> =
        (0..table.tables).map(|number| usable(table, if table.own_knots { number } else { 0 })).collect();
    let finite = |v: &&T| v.is_finite();
    let scale = values.iter().flatten().filter(finite).fold(0.0, |scale: f64, &v| scale.max(wide(v).abs()));
    let (left, right) = (value::<T>(table.palette[0]), T::infinity());
    let filled = table.seed.is_multiple_of(2);

    // One table, asked in any shape and layout.
    let (xp, fp) = (&knots[0], &values[0]);
    let x = ArrayD::from_shape_simple_fn(IxDyn(&table.queries.shape), || table.query(xp, &mut random));
    let builder = InterpTable::builder(xp, fp);
    let builder = if filled { builder.left(left).right(right) } else { builder };
    let got = read(builder.build(device).unwrap().interp(&table.queries.upload(device, &x)).unwrap());
    let ends = if filled { (left, right) } else { (fp[0], fp[count - 1]) };
    let want: Vec<T> = x.iter().map(|&x| interp(x, xp, fp, ends.0, ends.1)).collect();
    interpolated(device, &got, &want, scale, &format!("{name}: one table"));

    // Knots that nobody looks at may end in NaN, or begin with one: whatever lies beside it is unknown.
    let mut trusted = table.knots::<T>(0);
    if table.seed.is_multiple_of(3) && trusted.get(1).is_some_and(|second| !second.is_nan()) {
        trusted[0] = T::nan();
    }
    let built = InterpTable::builder(&trusted, fp).order(Order::Assume).build(device).unwrap();
    let got = read(built.interp(&table.queries.upload(device, &x)).unwrap());
    let want: Vec<T> = x.iter().map(|&x| interp(x, &trusted, fp, fp[0], fp[count - 1])).collect();
    interpolated(device, &got, &want, scale, &format!("{name}: knots that nobody looks at"));

    // Several, each asked in its row.
    let columns = 17;
    let x: Vec<T> = (0..table.tables * columns).map(|at| table.query(&knots[at / columns], &mut random)).collect();
    let shape = |len: usize| IxDyn(&[table.tables, len]);
    let all = |rows: &[Vec<T>]| ArrayD::from_shape_vec(shape(count), rows.concat()).unwrap();
    let built = if table.own_knots {
        InterpTable::new(device, &all(&knots), &all(&values)).unwrap()
    } else {
        InterpTable::new(device, &Array1::from(knots[0].clone()), &all(&values)).unwrap()
    };
    let up = device.upload(&arr1(&x)).unwrap().reshape((table.tables, columns)).unwrap();
    let want: Vec<T> = (x.iter().enumerate())
        .map(|(at, &x)| {
            let (xp, fp) = (&knots[at / columns], &values[at / columns]);
            interp(x, xp, fp, fp[0], fp[count - 1])
        })
        .collect();
    interpolated(device, &read(built.interp_rows(&up).unwrap()), &want, scale, &format!("{name}: rows of tables"));
}

#[test]
fn interpolation_follows_the_rules() {
    holds(150, table(), |table| everywhere!(interpolates, table));
}

/// How much of a table is missing.
#[derive(Clone, Copy, Debug)]
enum Missing {
    Nothing,
    /// One in four knots and, where they may be left out, one in four values.
    Some,
    /// All of every other row, and some of the others.
    Rows,
}

/// A table whose knots come in any order, with gaps, and by which rules it is asked.
#[derive(Clone, Debug)]
struct Gappy {
    table: Table,
    missing: Missing,
    /// One of those that [`periods`] knows.
    period: Option<usize>,
    ends: (bool, bool),
    extrapolate: bool,
    method: Method,
    skip_missing: bool,
    /// Sorts the knots, or else checks their order, which is then right; not with a period, which sorts.
    sort: bool,
}

fn gappy() -> impl Strategy<Value = Gappy> {
    let methods = vec![Method::Linear, Method::Linear, Method::Nearest, Method::Previous, Method::Next];
    let missing = select(vec![Missing::Nothing, Missing::Some, Missing::Some, Missing::Rows]);
    let period = prop_oneof![2 => Just(None), 1 => (0..PERIODS).prop_map(Some)];
    // Rows of few knots, which are soon left with one, two or none, as well as any others.
    let tables =
        prop_oneof![1 => table(), 1 => (table(), 1..=5_usize).prop_map(|(table, knots)| Table { knots, ..table })];
    let flags = (any::<(bool, bool)>(), any::<bool>(), any::<bool>(), any::<bool>());
    (tables, missing, period, select(methods), flags).prop_map(
        |(table, missing, period, method, (ends, extrapolate, skip_missing, sort))| Gappy {
            table,
            missing,
            period,
            ends,
            extrapolate,
            method,
            skip_missing,
            sort: sort || !skip_missing,
        },
    )
}

const PERIODS: usize = 10;

/// Periods of every kind. What is smaller than the smallest normal number, or makes slopes so small, is left to devices
/// that compute with it.
fn periods<T: Float>(flushes_subnormals: bool) -> [T; PERIODS] {
    let (tiny, huge) = match flushes_subnormals {
        true => (T::epsilon(), value(1e15)),
        false => (T::min_positive_value() / value(4.0), T::max_value()),
    };
    let special = [T::infinity(), T::neg_infinity(), T::nan(), tiny, huge, -huge];
    let [inf, minus_inf, nan, tiny, huge, minus_huge] = special;
    [value(3.5), value(-24.0), value(360.0), value(1e-3), inf, minus_inf, nan, tiny, huge, minus_huge]
}

fn bridges_gaps<T: Float>(device: &Device, name: &str, gappy: &Gappy) {
    let flushes = support::devices::flushes_subnormals(device);
    let table = &if flushes { gappy.table.without_subnormals() } else { gappy.table.clone() };
    let mut random = Random::new(table.seed ^ 3);
    let (count, sorts) = (table.knots, gappy.sort || gappy.period.is_some());
    let hole = |row: usize, random: &mut Random| match gappy.missing {
        Missing::Nothing => false,
        Missing::Some => random.below(4) == 0,
        Missing::Rows => row.is_multiple_of(2) || random.below(4) == 0,
    };
    let mut knots = Vec::new();
    for row in 0..if table.own_knots { table.tables } else { 1 } {
        let mut xp = table.knots::<T>(row);
        if sorts {
            (1..count).for_each(|last| xp.swap(last, random.below(last + 1)));
        }
        xp.iter_mut().for_each(|x| {
            if hole(row, &mut random) {
                *x = T::nan()
            }
        });
        knots.push(xp);
    }
    let mut fp: Vec<Vec<T>> = (0..table.tables)
        .map(|_| (0..count).map(|_| value(table.palette[random.below(table.palette.len())])).collect())
        .collect();
    if gappy.skip_missing {
        // Where whole rows are missing it may be for their values.
        for (row, fp) in fp.iter_mut().enumerate() {
            fp.iter_mut().for_each(|y| {
                if hole(row, &mut random) {
                    *y = T::nan()
                }
            });
        }
    }
    let asked = Asked {
        left: gappy.ends.0.then(|| value::<T>(-77.0)),
        right: gappy.ends.1.then(|| value::<T>(99.0)),
        period: gappy.period.map(|which| periods::<T>(flushes)[which]),
        method: gappy.method,
        extrapolate: gappy.extrapolate,
        skip_missing: gappy.skip_missing,
    };
    let order = if gappy.sort { Order::Sort } else { Order::Check };
    let build = |xp: ArrayViewD<'_, T>, fp: ArrayViewD<'_, T>| {
        let mut builder = InterpTable::builder(xp, fp).order(order).method(asked.method);
        builder = asked.left.map_or(builder.clone(), |left| builder.left(left));
        builder = asked.right.map_or(builder.clone(), |right| builder.right(right));
        builder = asked.period.map_or(builder.clone(), |period| builder.period(period));
        builder = if asked.extrapolate { builder.extrapolate() } else { builder };
        if asked.skip_missing { builder.skip_missing() } else { builder }.build(device).unwrap()
    };
    let xp_of = |row: usize| &knots[if table.own_knots { row } else { 0 }];
    let tables: Vec<Sorted<T>> = (0..table.tables).map(|row| Sorted::of(xp_of(row), &fp[row], asked)).collect();
    let agrees = |got: Vec<T>, x: &[T], columns: usize, which: &str| {
        let finite = |v: &&T| v.is_finite();
        let largest = |all: &[T]| all.iter().filter(finite).fold(0.0, |largest: f64, &v| largest.max(wide(v).abs()));
        assert_eq!(got.len(), x.len(), "{name}: {which}");
        for (row, (got, x)) in got.chunks(columns.max(1)).zip(x.chunks(columns.max(1))).enumerate() {
            let (scale, what) = (largest(&fp[row]), format!("{name}: {which}, row {row}, {asked:?}"));
            for (&got, &x) in got.iter().zip(x) {
                let want = tables[row].interp(x);
                // Values outside may be larger than any in the table.
                interpolated(device, &[got], &[want], 2.0 * scale.max(largest(&[want])), &what);
            }
        }
    };
    let dynamic = |row: &[T]| ArrayD::from_shape_vec(IxDyn(&[count]), row.to_vec()).unwrap();

    let x = ArrayD::from_shape_simple_fn(IxDyn(&table.queries.shape), || table.query(xp_of(0), &mut random));
    let one = build(dynamic(xp_of(0)).view(), dynamic(&fp[0]).view());
    let got = read(one.interp(&table.queries.upload(device, &x)).unwrap());
    agrees(got, x.as_standard_layout().as_slice().unwrap(), x.len(), "one table");

    let columns = 17;
    let x: Vec<T> = (0..table.tables * columns).map(|at| table.query(xp_of(at / columns), &mut random)).collect();
    let up = device.upload(&arr1(&x)).unwrap().reshape((table.tables, columns)).unwrap();
    let all = |rows: &[Vec<T>]| ArrayD::from_shape_vec(IxDyn(&[rows.len(), count]), rows.concat()).unwrap();
    let xp = if table.own_knots { all(&knots) } else { dynamic(&knots[0]) };
    let built = build(xp.view(), all(&fp).view());
    agrees(read(built.interp_rows(&up).unwrap()), &x, columns, "rows of tables");
    // Other values come in the order of the knots as they were given; which knots are left out may depend on the first.
    let zeros = build(xp.view(), ArrayD::zeros(IxDyn(&[table.tables, count])).view());
    match zeros.with_values(&device.upload(&all(&fp)).unwrap()) {
        Ok(table) => agrees(read(table.interp_rows(&up).unwrap()), &x, columns, "with other values"),
        Err(error) => assert!(asked.skip_missing && error.kind() == ErrorKind::InvalidOption, "{name}: {error}"),
    }
}

#[test]
fn gaps_and_disorder_follow_the_rules() {
    holds(300, gappy(), |gappy| everywhere!(bridges_gaps, gappy));
}
