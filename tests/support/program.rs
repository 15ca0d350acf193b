//! Any calls with any arguments, read from bytes: shapes whose products overflow, axes that are not there, tables out
//! of order and full of NaN. What must hold: nothing panics, whatever is refused is refused alike on both engines, and
//! shapes are those of the CPU engine. A program is the same for the same bytes.
//!
//! The properties of `tests/properties/any_input.rs` and the fuzzers of `fuzz/` both run these.

use std::sync::OnceLock;

use ndarray::{ArrayD, Axis, Dimension, IxDyn};
use ndgpu::{
    Device, DeviceArray, Element, ErrorKind, Float, InterpTable, Knots, Method, Order, Result, Side, Tangents, Wanted,
};

use super::noop::{ALL_FEATURES, noop, small_limits};

/// Choices, read off bytes; when there are no more, always the first.
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn byte(&mut self) -> usize {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first.into()
    }

    fn below(&mut self, end: usize) -> usize {
        self.byte() % end
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    fn truth(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    /// Few different numbers, everything special among them.
    fn number<T: Float>(&mut self) -> T {
        let largest = T::max_value();
        match self.byte() {
            0 => T::zero(),
            1 => -T::zero(),
            2 => T::nan(),
            3 => T::infinity(),
            4 => T::neg_infinity(),
            5 => largest,
            6 => -largest,
            7 => T::min_positive_value(),
            8 => T::min_positive_value() / (T::one() + T::one()),
            9 => T::epsilon(),
            other => T::from(other as i32 - 130).unwrap() / T::from(8).unwrap(),
        }
    }

    fn length(&mut self) -> usize {
        match self.byte() {
            byte @ 0..=200 => byte % 9,
            byte @ 201..=240 => byte - 180,
            byte => [63, 64, 65, 255, 256, 257, 1000, 1025][byte % 8],
        }
    }

    fn shape(&mut self) -> Vec<usize> {
        if self.below(6) == 5 {
            return self.shape_of_nothing();
        }
        (0..self.below(5)).map(|_| self.length()).collect()
    }

    /// Nothing along one axis and much along another: no elements, but as many results as engines cut into blocks.
    fn shape_of_nothing(&mut self) -> Vec<usize> {
        let mut shape: Vec<usize> = (0..self.below(3)).map(|_| self.below(3)).collect();
        for len in [0, self.one_of(&[1023, 1024, 1025, 8191, 8193, 16_385, 20_000, 65_535, 65_537])] {
            let at = self.below(shape.len() + 1);
            shape.insert(at, len);
        }
        shape
    }

    /// An axis of an array more often than not.
    fn axis(&mut self, ndim: usize) -> Axis {
        if self.below(4) > 0 { Axis(self.below(ndim.max(1))) } else { Axis(self.below(7)) }
    }

    /// A shape that no array may have.
    fn any_shape(&mut self) -> Vec<usize> {
        let huge = [usize::MAX, usize::MAX / 2, 1 << 40, isize::MAX as usize, 0, 1, 3];
        (0..self.below(5)).map(|_| if self.truth() { self.one_of(&huge) } else { self.length() }).collect()
    }

    fn array<T: Float>(&mut self, shape: &[usize]) -> ArrayD<T> {
        // Shapes of a few thousand elements at most, so that a program takes microseconds. No elements need no room.
        let room = if shape.contains(&0) { usize::MAX } else { 4000 };
        let shape: Vec<usize> = shape
            .iter()
            .scan(room, |room, &len| {
                let len = len.min(*room);
                *room /= len.max(1);
                Some(len)
            })
            .collect();
        let palette: Vec<T> = (0..=self.below(6)).map(|_| self.number()).collect();
        let (step, mut at) = (1 + self.below(7), 0);
        ArrayD::from_shape_simple_fn(IxDyn(&shape), || {
            at += step;
            palette[at % palette.len()]
        })
    }

    /// Knots in order more often than not, and sometimes tables of nothing but NaN.
    fn knots<T: Float>(&mut self, shape: &[usize]) -> ArrayD<T> {
        let mut knots = self.array::<T>(shape);
        if self.below(4) > 0 {
            let len = shape.last().copied().unwrap_or(1).max(1);
            if let Some(all) = knots.as_slice_mut() {
                for table in all.chunks_mut(len) {
                    table.sort_by(|a, b| a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())));
                    if self.below(8) == 7 {
                        table.fill(T::nan());
                    }
                }
            }
        }
        knots
    }
}

/// What became of a call, as far as both engines have to agree: the shape, or why not.
type Said = std::result::Result<Vec<usize>, ErrorKind>;

/// What each call of a program said.
pub type Transcript = Vec<Said>;

fn said<E: Element, D: Dimension>(transcript: &mut Transcript, outcome: Result<DeviceArray<E, D>>) {
    transcript.push(match &outcome {
        Ok(array) => Ok(array.shape().to_vec()),
        Err(error) => Err(error.kind()),
    });
    if let Ok(array) = outcome {
        let shape = array.shape().to_vec();
        // What comes with the data differs where nothing is computed.
        if let Ok(landed) = array.into_readback().wait() {
            assert_eq!(landed.shape(), shape, "data of another shape than their array");
            assert_eq!(landed.view().len(), shape.iter().product::<usize>());
        }
    }
}

/// A family of calls.
pub type Program = fn(&Device, &mut Choices<'_>) -> Transcript;

/// All of them, by name.
pub const PROGRAMS: [(&str, Program); 5] = [
    ("arrays", arrays::<f32>),
    ("reductions", reductions::<f32>),
    ("tables", tables::<f32>),
    ("knots", knots::<f64>),
    ("plans", plans::<f32>),
];

fn upload<T: Float>(device: &Device, choices: &mut Choices<'_>) -> DeviceArray<T, IxDyn> {
    let shape = choices.shape();
    let mut array = choices.array(&shape);
    for axis in 0..array.ndim() {
        if choices.truth() {
            array.invert_axis(Axis(axis));
        }
    }
    device.upload(&array).expect("a small array")
}

fn arrays<T: Float>(device: &Device, choices: &mut Choices<'_>) -> Transcript {
    let mut transcript = Transcript::new();
    let mut a = upload::<T>(device, choices);
    for _ in 0..3 {
        let shape = IxDyn(&choices.any_shape());
        said(&mut transcript, a.reshape(shape));
        said(&mut transcript, a.clone().insert_axis(Axis(choices.below(9))));
        let shape = choices.shape();
        let other = choices.array::<T>(&shape);
        let outcome = a.overwrite(&other).map(|()| a.clone());
        said(&mut transcript, outcome);
        said(&mut transcript, DeviceArray::<T, _>::to_device(&a, device));
    }
    // Without elements an axis may be of any length.
    let shape = choices.any_shape();
    if shape.contains(&0)
        && let Ok(none) = ArrayD::<T>::from_shape_vec(IxDyn(&shape), Vec::new())
        && let Ok(none) = device.upload(&none)
    {
        // Nothing along an axis makes an array of what is left, which may be more than there is.
        for axis in 0..none.ndim() {
            let left: usize = shape
                .iter()
                .enumerate()
                .filter(|&(at, _)| at != axis)
                .fold(1, |all, (_, &len)| all.saturating_mul(len));
            if left == 0 || left > 1 << 50 {
                said(&mut transcript, none.sum_axis(Axis(axis)));
                said(&mut transcript, none.argmax_axis(Axis(axis)));
            }
        }
    }
    transcript
}

fn reductions<T: Float>(device: &Device, choices: &mut Choices<'_>) -> Transcript {
    let mut transcript = Transcript::new();
    let a = upload::<T>(device, choices);
    for _ in 0..2 {
        let axis = choices.axis(a.ndim());
        let axes: Vec<Axis> = (0..choices.below(4)).map(|_| Axis(choices.below(6))).collect();
        let weights_shape = match choices.below(4) {
            0 => a.shape().to_vec(),
            1 => a.shape().get(axis.index()).into_iter().copied().collect(),
            2 => axes.iter().filter_map(|axis| a.shape().get(axis.index())).copied().collect(),
            _ => choices.shape(),
        };
        let weights = device.upload(&choices.array::<T>(&weights_shape)).expect("a small array");
        let ddof = choices.number::<T>();
        let out = &mut transcript;
        let cotangents_shape = match choices.below(4) {
            0 => a.shape().to_vec(),
            1 => Vec::new(),
            2 => (0..a.ndim()).filter(|&kept| Axis(kept) != axis).map(|kept| a.shape()[kept]).collect(),
            _ => (0..a.ndim()).filter(|&kept| !axes.contains(&Axis(kept))).map(|kept| a.shape()[kept]).collect(),
        };
        let g = &device.upload(&choices.array::<T>(&cotangents_shape)).expect("a small array");
        match choices.below(37) {
            0 => said(out, a.average_axis(axis, &weights)),
            1 => said(out, a.average_axis_returned(axis, &weights).map(|(average, _)| average)),
            2 => said(out, a.weighted_sum_axis(axis, &weights)),
            3 => said(out, a.sum_axis(axis)),
            4 => said(out, a.mean_axis(axis)),
            5 => said(out, a.var_axis(axis, ddof)),
            6 => said(out, a.std_axis(axis, ddof)),
            7 => said(out, a.min_axis(axis)),
            8 => said(out, a.argmax_axis(axis)),
            9 => said(out, a.standardize_axis(axis, ddof)),
            10 => said(out, a.average_axes(&axes, &weights)),
            11 => said(out, a.sum_axes(&axes)),
            12 => said(out, a.var_axes(&axes, ddof)),
            13 => said(out, a.max_axes(&axes)),
            14 => said(out, a.average(&weights)),
            15 => said(out, a.argmin()),
            16 => said(out, a.skip_nan().mean_axis(axis)),
            17 => said(out, a.skip_nan().std(ddof)),
            18 => said(out, a.skip_nan().sum_axis(axis)),
            19 => said(out, a.skip_nan().var_axis(axis, ddof)),
            20 => said(out, a.skip_nan().average_axis_returned(axis, &weights).map(|(_, sums)| sums)),
            21 => said(out, a.skip_nan().weighted_sum_axes(&axes, &weights)),
            22 => said(out, a.average_axis_or(axis, &weights, ddof)),
            23 => said(out, a.average_axes_or(&axes, &weights, ddof)),
            24 => said(out, a.skip_nan().average_axis_or(axis, &weights, ddof)),
            25 => said(out, a.skip_nan().average_returned_or(&weights, ddof).map(|(average, _)| average)),
            26 => said(out, a.standardize_axes(&axes, ddof)),
            27 => said(out, a.sum_axis_vjp(axis, g)),
            28 => said(out, a.mean_axes_vjp(&axes, g)),
            29 => said(out, a.var_axis_vjp(axis, ddof, g)),
            30 => said(out, a.std_axes_vjp(&axes, ddof, g)),
            31 => said(out, a.average_axis_vjp(axis, &weights, g).map(|(_, of_weights)| of_weights)),
            32 => said(out, a.average_axes_vjp(&axes, &weights, g).map(|(of_array, _)| of_array)),
            33 => said(out, a.weighted_sum_axis_vjp(axis, &weights, g).map(|(of_array, _)| of_array)),
            34 => said(out, a.weighted_sum_axes_vjp(&axes, &weights, g).map(|(_, of_weights)| of_weights)),
            35 => said(out, a.standardize_axis_vjp(axis, ddof, g)),
            _ => said(out, a.standardize_axes_vjp(&axes, ddof, g)),
        }
    }
    transcript
}

fn table_of<T: Float>(device: &Device, choices: &mut Choices<'_>) -> Result<InterpTable<T>> {
    let shape = choices.shape();
    let fp_shape = if choices.below(4) > 0 { shape.clone() } else { choices.shape() };
    let (xp, fp) = (choices.knots::<T>(&shape), choices.array::<T>(&fp_shape));
    macro_rules! with_options {
        ($builder:expr) => {{
            let mut builder = $builder
                .order(choices.one_of(&[Order::Check, Order::Sort, Order::Assume, Order::Descending]))
                .method(choices.one_of(&[Method::Linear, Method::Nearest, Method::Previous, Method::Next]));
            if choices.truth() {
                builder = builder.left(choices.number());
            }
            if choices.truth() {
                builder = builder.extrapolate();
            }
            if choices.truth() {
                builder = builder.skip_missing();
            }
            if choices.below(4) == 0 {
                builder = builder.period(choices.number());
            }
            builder
        }};
    }
    if choices.below(4) == 0 {
        let (xp, fp) = (device.upload(&xp)?, device.upload(&fp)?);
        return with_options!(InterpTable::device_builder(&xp, &fp)).build();
    }
    with_options!(InterpTable::builder(&xp, &fp)).build(device)
}

fn tables<T: Float>(device: &Device, choices: &mut Choices<'_>) -> Transcript {
    let mut transcript = Transcript::new();
    let table = table_of::<T>(device, choices);
    transcript.push(table.as_ref().map(|table| vec![table.tables(), table.knots()]).map_err(|error| error.kind()));
    let Ok(table) = table else { return transcript };
    for _ in 0..2 {
        let x = upload::<T>(device, choices);
        said(&mut transcript, table.interp(&x));
        said(&mut transcript, table.interp_rows(&x));
        said(&mut transcript, table.derivative_rows(&x));
        let rows = table.locate_rows(&x);
        transcript.push(rows.as_ref().map(|at| at.shape().to_vec()).map_err(|error| error.kind()));
        let at = table.locate(&x);
        transcript.push(at.as_ref().map(|at| at.shape().to_vec()).map_err(|error| error.kind()));
        if let Ok(at) = at {
            let values = upload::<T>(device, choices);
            said(&mut transcript, at.apply(&values));
            said(&mut transcript, at.transpose_apply(&values));
            said(&mut transcript, at.to_csr().map(|(_, _, data)| data));
            said(&mut transcript, table.derivative(&x));
            said(&mut transcript, table.interp_vjp(&x, &values, Wanted::ALL).map(|found| found.fp.expect("wanted")));
            said(&mut transcript, table.interp_jvp(&x, Tangents { x: Some(&values), ..Tangents::default() }));
        }
        let other = table.with_values(&x);
        transcript.push(other.as_ref().map(|table| vec![table.tables()]).map_err(|error| error.kind()));
        if let Ok(other) = other {
            let row = device.upload(&choices.array::<T>(&[7])).expect("a small array");
            said(&mut transcript, other.interp_rows(&row));
        }
    }
    transcript
}

fn knots<T: Float>(device: &Device, choices: &mut Choices<'_>) -> Transcript {
    let mut transcript = Transcript::new();
    let shape = if choices.below(8) > 0 { vec![choices.length()] } else { choices.shape() };
    let xp = choices.knots::<T>(&shape);
    let knots = Knots::new(device, &xp);
    transcript.push(knots.as_ref().map(|knots| vec![knots.len()]).map_err(|error| error.kind()));
    if let Ok(knots) = knots {
        let x = upload::<T>(device, choices);
        said(&mut transcript, knots.searchsorted(&x, choices.one_of(&[Side::Left, Side::Right])));
        said(&mut transcript, knots.digitize(&x, choices.truth()));
    }
    transcript
}

fn plans<T: Float>(device: &Device, choices: &mut Choices<'_>) -> Transcript {
    let mut transcript = Transcript::new();
    let x = upload::<T>(device, choices);
    let table = table_of::<T>(device, choices);
    transcript.push(table.as_ref().map(|table| vec![table.tables(), table.knots()]).map_err(|error| error.kind()));
    let Ok(table) = table else { return transcript };
    let (axis, ddof, which) = (choices.axis(x.ndim()), choices.number::<T>(), choices.below(9));
    let weights = device.upload(&choices.array::<T>(&[9])).expect("a small array");
    let plan = device.capture(&x, |x| {
        let y = table.interp(x)?;
        match which {
            0 => y.sum_axis(axis),
            1 => y.average_axis(axis, &weights),
            2 => y.standardize_axis(axis, ddof).map(DeviceArray::into_dyn),
            3 => y.var_axis(axis, ddof),
            4 => y.reshape(IxDyn(&[y.len()])),
            5 => y.sum().map(DeviceArray::into_dyn),
            6 => y.skip_nan().mean_axis(axis),
            7 => y.skip_nan().average_axis(axis, &weights),
            _ => y.skip_nan().average_axis_or(axis, &weights, ddof),
        }
    });
    transcript.push(plan.as_ref().map(|_| Vec::new()).map_err(|error| error.kind()));
    let Ok(mut plan) = plan else { return transcript };
    said(&mut transcript, plan.replay());
    let shape = if choices.truth() { x.shape().to_vec() } else { choices.shape() };
    let written = plan.write(&choices.array::<T>(&shape));
    transcript.push(written.map(|()| Vec::new()).map_err(|error| error.kind()));
    said(&mut transcript, plan.replay());
    let chunks: Vec<ArrayD<T>> = (0..choices.below(4))
        .map(|_| {
            let shape = choices.shape();
            choices.array(&shape)
        })
        .collect();
    let stream = device.stream(chunks, |chunk: &DeviceArray<T, IxDyn>| chunk.sum_axis(axis)).window(choices.below(3));
    for result in stream {
        transcript.push(result.map(|landed| landed.shape().to_vec()).map_err(|error| error.kind()));
    }
    transcript
}

/// Runs a program on the CPU engine and where nothing is computed but everything validated, and holds what they said
/// against each other.
pub fn run(name: &str, program: Program, bytes: &[u8]) {
    // Not kept by a thread: wgpu cannot be let go of while a thread ends.
    static DEVICES: OnceLock<[Device; 3]> = OnceLock::new();
    let open = || {
        let small = ndgpu::wgpu::Limits { max_compute_workgroups_per_dimension: 200, ..small_limits() };
        [
            Device::cpu(),
            noop(ndgpu::wgpu::Limits::default(), ALL_FEATURES).unwrap(),
            noop(small, ALL_FEATURES - ndgpu::wgpu::Features::IMMEDIATES).unwrap(),
        ]
    };
    let [cpu, others @ ..] =
        DEVICES.get_or_init(open).each_ref().map(|device| program(device, &mut Choices::new(bytes)));
    for other in &others {
        for (number, (want, got)) in cpu.iter().zip(other).enumerate() {
            match (want, got) {
                // Limits are a device's own.
                (_, Err(ErrorKind::TooLarge { .. } | ErrorKind::OutOfMemory { .. })) => return,
                (Err(ErrorKind::TooLarge { .. } | ErrorKind::OutOfMemory { .. }), Err(_)) => {}
                // What is wrong with data is only found where something is computed.
                (Err(ErrorKind::ZeroWeights | ErrorKind::NotSorted { .. }), Ok(_)) => return,
                _ => assert_eq!(got, want, "{name}: call {number}, bytes {bytes:?}"),
            }
        }
    }
}
