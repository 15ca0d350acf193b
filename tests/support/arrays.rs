//! Results on the host, and the shapes that tests of reductions go through.

use ndarray::{Array, Dimension};
use ndgpu::{DeviceArray, Element};

/// Reads an array back.
pub fn read<E: Element, D: Dimension>(array: DeviceArray<E, D>) -> Array<E, D> {
    array.readback().wait().unwrap().into_array()
}

/// The values of an array, in row-major order.
pub fn values<E: Element, D: Dimension>(array: &DeviceArray<E, D>) -> Vec<E> {
    array.readback().wait().unwrap().view().iter().copied().collect()
}

/// Around the boundaries of the kernels: SIMD vectors, workgroups, tiles, parts of a long row, and axes of every kind.
pub const SHAPES: &[&[usize]] = &[
    &[1],
    &[2],
    &[7],
    &[63],
    &[64],
    &[65],
    &[4096],
    &[4097],
    &[65_535],
    &[65_537],
    &[300_001],
    &[1, 1],
    &[5, 3],
    &[3, 64],
    &[64, 63],
    &[65, 65],
    &[1000, 8],
    &[3, 5000],
    &[2, 70_001],
    &[2000, 3],
    &[70_001, 2],
    &[3, 4, 5],
    &[2, 300, 7],
    &[7, 1, 129],
    &[2, 3, 1, 4, 5],
];
