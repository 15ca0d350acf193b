//! Rearranges axes on the device, for reductions over axes that are not neighbours, and back.

use crate::device::Device;
use crate::engine::storage::Storage;
use crate::error::Result;
use crate::float::dtype::{FloatType, for_float};
use crate::kernels::transpose::op::Transpose;

/// Copies an array with its axes in another order: axis `i` of the result is axis `order[i]`. Returns the same storage
/// if the order does not change.
pub(crate) fn arrange(
    device: &Device,
    dtype: FloatType,
    storage: &Storage,
    shape: &[usize],
    order: &[usize],
) -> Result<Storage> {
    let mut storage = storage.clone();
    let mut axes: Vec<usize> = (0..shape.len()).collect();
    let product = |axes: &[usize]| axes.iter().map(|&axis| shape[axis]).product::<usize>();
    for place in 0..order.len() {
        let Some(from) = axes.iter().position(|&axis| axis == order[place]).filter(|&from| from != place) else {
            continue;
        };
        // Axes that stay neighbours move as one group.
        let together = axes[from..].iter().zip(&order[place..]).take_while(|(have, want)| have == want).count();
        let transpose = Transpose {
            dtype,
            outer: product(&axes[..place]),
            a: product(&axes[place..from]),
            b: product(&axes[from..from + together]),
            inner: product(&axes[from + together..]),
            target: for_float!(dtype, T => device.allocate::<T>(product(&axes)))?,
            source: storage,
        };
        storage = transpose.target.clone();
        if transpose.outer * transpose.a * transpose.b * transpose.inner > 0 {
            device.run(transpose)?;
        }
        axes[place..from + together].rotate_left(from - place);
    }
    Ok(storage)
}

/// Brings the axes of an array of this shape back to where they belong, from the order that [`arrange`] gave them.
pub(crate) fn arrange_back(
    device: &Device,
    dtype: FloatType,
    storage: &Storage,
    shape: &[usize],
    order: &[usize],
) -> Result<Storage> {
    let arranged: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    let mut back: Vec<usize> = (0..shape.len()).collect();
    back.sort_by_key(|&place| order[place]);
    arrange(device, dtype, storage, &arranged, &back)
}
