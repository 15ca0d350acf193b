//! Host arrays in the layout in which a test hands them over: as they come, scattered over a larger array, or any at
//! all.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, IxDyn, Slice};
use ndgpu::Float;

use super::random::Random;

/// How host arrays lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In standard (row-major) order.
    Standard,
    /// Every second element, backwards along each axis and with the axes in reverse order, of a larger array that is
    /// NaN everywhere else: whoever reads past the view computes NaN.
    Scattered,
}

/// A host array in some layout.
pub struct LaidOut<T> {
    memory: ArrayD<T>,
    layout: Layout,
}

impl Layout {
    pub fn lay_out<T: Float>(self, array: ArrayD<T>) -> LaidOut<T> {
        let memory = match self {
            Self::Standard => array,
            Self::Scattered => {
                let shape: Vec<usize> = array.shape().iter().rev().map(|len| 2 * len + 1).collect();
                let mut memory = ArrayD::from_elem(IxDyn(&shape), T::nan());
                scattered_mut(memory.view_mut()).assign(&array);
                memory
            }
        };
        LaidOut { memory, layout: self }
    }
}

impl<T> LaidOut<T> {
    pub fn view(&self) -> ArrayViewD<'_, T> {
        match self.layout {
            Layout::Standard => self.memory.view(),
            Layout::Scattered => {
                let mut view = self.memory.view().reversed_axes();
                for axis in 0..view.ndim() {
                    let slice = every_second_backwards(view.len_of(Axis(axis)));
                    view.slice_axis_inplace(Axis(axis), slice);
                }
                view
            }
        }
    }
}

fn scattered_mut<T>(memory: ArrayViewMutD<'_, T>) -> ArrayViewMutD<'_, T> {
    let mut view = memory.reversed_axes();
    for axis in 0..view.ndim() {
        let slice = every_second_backwards(view.len_of(Axis(axis)));
        view.slice_axis_inplace(Axis(axis), slice);
    }
    view
}

/// Of `2 n + 1` elements the `n` odd ones, the last first.
fn every_second_backwards(len: usize) -> Slice {
    Slice::new(1, Some(len as isize - 1), -2)
}

/// A host array in a layout that random numbers chose: up to seven axes in any order, forwards or backwards, with gaps
/// between the elements or without, one of them the same elements again and again, or of length 1.
pub struct AnyLayout<T> {
    memory: ArrayD<T>,
    slices: Vec<Slice>,
    repeats: usize,
    order: Vec<usize>,
}

impl<T> AnyLayout<T> {
    /// At most `room` elements, the lengths of the axes among `lengths`; `value` gives the element at each index of
    /// memory.
    pub fn random(random: &mut Random, room: usize, lengths: &[usize], value: impl FnMut(usize) -> T) -> Self {
        let ndim = 1 + random.below(6);
        let mut chosen = vec![1; ndim];
        for _ in 0..ndim {
            let axis = random.below(ndim);
            let others = chosen.iter().product::<usize>() / chosen[axis];
            chosen[axis] = lengths[random.below(lengths.len())].min(room / others);
        }
        let repeats = [1, 1, 2, 3][random.below(4)].min(room / chosen.iter().product::<usize>());
        let steps: Vec<_> = chosen.iter().map(|_| [1, 1, 1, 2][random.below(4)]).collect();
        let slices = steps.iter().map(|&step| Slice::new(0, None, [step, step, -step][random.below(3)])).collect();
        let shape: Vec<_> = chosen.iter().zip(&steps).map(|(&len, &step)| len * step as usize).collect();
        let mut order: Vec<_> = (0..=ndim).collect();
        (1..=ndim).for_each(|axis| order.swap(axis, random.below(axis + 1)));
        let memory = (0..shape.iter().product()).map(value).collect();
        let memory = ArrayD::from_shape_vec(shape, memory).expect("as many elements as the shape says");
        Self { memory, slices, repeats, order }
    }

    pub fn view(&self) -> ArrayViewD<'_, T> {
        let shape: Vec<_> = [self.repeats].iter().chain(self.memory.shape()).copied().collect();
        let mut view = self.memory.broadcast(shape).expect("another axis is no obstacle");
        for (axis, &slice) in self.slices.iter().enumerate() {
            view.slice_axis_inplace(Axis(axis + 1), slice);
        }
        view.permuted_axes(self.order.clone())
    }
}
