//! Host arrays in the layout in which a test hands them over: as they come, or scattered over a larger array.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, IxDyn, Slice};
use ndgpu::Float;

/// How host arrays lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In standard (row-major) order.
    Standard,
    /// Every second element, backwards along each axis and with the axes in reverse order, of a larger array that is NaN
    /// everywhere else: whoever reads past the view computes NaN.
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

/// Of `2 n + 1` places the `n` odd ones, the last first.
fn every_second_backwards(len: usize) -> Slice {
    Slice::new(1, Some(len as isize - 1), -2)
}
