//! Arrays of any shape, of few values, in any layout of the host's memory; and that they come back as they were.

use ndarray::{ArrayD, ArrayViewD, Axis, Dimension, IxDyn, Slice};
use ndgpu::{Device, DeviceArray, Element, Float};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use crate::support::arrays::values;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{same, value};
use crate::support::random::Random;
use crate::{SEED, holds};

/// The values of a result.
pub fn values_of<E: Element, D: Dimension>(array: DeviceArray<E, D>) -> Vec<E> {
    values(&array)
}

/// Whole numbers that often tie, others, and everything special. Some are subnormal in f32, some in f64.
pub fn number() -> impl Strategy<Value = f64> {
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

/// Mostly small, of up to five dimensions, of which any may be empty; sometimes with one long axis, which may lie
/// beside an empty one: then there are many results of nothing.
pub fn shape() -> impl Strategy<Value = Vec<usize>> {
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
pub struct Input {
    pub shape: Vec<usize>,
    /// Any number; which axis that is depends on how many there are.
    pub axis: usize,
    pub palette: Vec<f64>,
    pub seed: u64,
    /// 0 is the standard layout.
    pub layout: u64,
}

pub fn input() -> impl Strategy<Value = Input> {
    (shape(), 0..5_usize, vec(number(), 1..=24), any::<u64>(), prop_oneof![Just(0), any::<u64>()])
        .prop_map(|(shape, axis, palette, seed, layout)| Input { shape, axis, palette, seed, layout })
}

impl Input {
    pub fn array<T: Float>(&self) -> ArrayD<T> {
        let mut random = Random::new(self.seed);
        let pick = || value(self.palette[random.below(self.palette.len())]);
        ArrayD::from_shape_simple_fn(IxDyn(&self.shape), pick)
    }

    /// Quarters, some of them negative: sums of them are exact in every type, so that there is no doubt about zero.
    pub fn weights<T: Float>(&self, shape: &[usize]) -> ArrayD<T> {
        let mut random = Random::new(self.seed ^ 0x5eed);
        ArrayD::from_shape_simple_fn(IxDyn(shape), || value(random.below(12) as f64 * 0.25 - 0.5))
    }

    /// Uploads an array from memory in which its axes come in any order, some of them backwards or with gaps.
    pub fn upload<T: Float>(&self, device: &Device, array: &ArrayD<T>) -> DeviceArray<T, IxDyn> {
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
        for (axis, &at) in order.iter().enumerate() {
            shape[at] = array.shape()[axis] * steps[axis].unsigned_abs();
        }
        let axes = order.into_iter().zip(steps).collect();
        let mut memory = Self { memory: ArrayD::from_elem(IxDyn(&shape), T::nan()), axes };
        let order: Vec<usize> = memory.axes.iter().map(|&(at, _)| at).collect();
        let mut view = memory.memory.view_mut().permuted_axes(IxDyn(&order));
        for (axis, &(_, step)) in memory.axes.iter().enumerate() {
            view.slice_axis_inplace(Axis(axis), Slice::new(0, None, step));
        }
        view.assign(array);
        memory
    }

    fn view(&self) -> ArrayViewD<'_, T> {
        let order: Vec<usize> = self.axes.iter().map(|&(at, _)| at).collect();
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
    holds(200, SEED, input(), |input| on_every_engine!(comes_back, input));
}
