//! Copies host arrays of any layout into standard (row-major) order.
//!
//! Axes in another order than the target's are copied block by block: a block is as long along the axis with the
//! shortest stride as along the target's last one, so that a cache line, once loaded, is used up before it is evicted,
//! on both sides. An iterator over a dynamic number of axes takes far longer per element (notebook 2026-11: gather by
//! blocks).

use bytemuck::Pod;
use ndarray::{ArrayView, ArrayViewMut, Axis, Dimension, Ix1, Ix2, Ix3, Ix4, IxDyn};

use crate::engine::host::alloc::zeroed;
use crate::engine::host::parallel::parallel_for;
use crate::error::Result;

/// Elements that one task copies: enough to pay for its scheduling.
const COPIED_AT_ONCE: usize = 128 << 10;
/// Elements of a block. Source and target of one fit into the cache of a core.
const BLOCK: usize = 4096;
/// Contiguous elements of a block, on either side, if there are as many: several cache lines, which the processor
/// prefetches.
const RUN: usize = 64;

/// Copies all elements in standard order into a new vector.
pub(crate) fn gathered<T: Pod + Send + Sync>(host: &ArrayView<'_, T, IxDyn>) -> Result<Vec<T>> {
    let mut target = zeroed(host.len())?;
    gather(host, &mut target);
    Ok(target)
}

/// Copies all elements in standard order, on all cores.
pub(crate) fn gather<T: Pod + Send + Sync>(host: &ArrayView<'_, T, IxDyn>, target: &mut [T]) {
    if let Some(values) = host.as_slice() {
        // One core does not saturate the memory bandwidth.
        let pieces = target.chunks_mut(COPIED_AT_ONCE).zip(values.chunks(COPIED_AT_ONCE));
        parallel_for(pieces, |(target, values)| target.copy_from_slice(values));
        return;
    }
    let host = simplified(host.view());
    let extents = extents(&host);
    let longest = longest(host.shape());
    // Each task takes a band of the longest axis, over all others.
    let per_place = host.len() / host.len_of(longest).max(1);
    let band = (COPIED_AT_ONCE / per_place.max(1)).max(1).next_multiple_of(RUN);
    let mut target = ArrayViewMut::from_shape(host.raw_dim(), target).expect("as much room as there are elements");
    let bands = target.axis_chunks_iter_mut(longest, band).zip(host.axis_chunks_iter(longest, band));
    parallel_for(bands, |(target, host)| copy_blocks(host, target, &extents, 0));
}

/// Copies the elements from index `start` of the standard order on, as many as `target` holds.
pub(crate) fn gather_part<T: Pod + Send + Sync>(host: ArrayView<'_, T, IxDyn>, start: usize, target: &mut [T]) {
    if target.len() == host.len() {
        return gather(&host, target);
    }
    // The rest of one index of the first axis, whole indices, and the beginning of another. Each is an array with fewer
    // elements.
    let per_place = host.len() / host.len_of(Axis(0)).max(1);
    let (mut place, mut rest) = (start / per_place, target);
    let skipped = start % per_place;
    if skipped > 0 {
        let (head, tail) = rest.split_at_mut((per_place - skipped).min(rest.len()));
        gather_part(host.index_axis(Axis(0), place), skipped, head);
        (place, rest) = (place + 1, tail);
    }
    let whole = rest.len() / per_place;
    if whole > 0 {
        let (body, tail) = rest.split_at_mut(whole * per_place);
        gather(&host.slice_axis(Axis(0), (place..place + whole).into()), body);
        (place, rest) = (place + whole, tail);
    }
    if !rest.is_empty() {
        gather_part(host.index_axis(Axis(0), place), 0, rest);
    }
}

/// The same elements in the same order, with as few axes as possible.
pub(crate) fn simplified<T>(mut host: ArrayView<'_, T, IxDyn>) -> ArrayView<'_, T, IxDyn> {
    for axis in (1..host.ndim()).rev() {
        host.merge_axes(Axis(axis - 1), Axis(axis));
    }
    for axis in (0..host.ndim()).rev() {
        if host.len_of(Axis(axis)) == 1 && host.ndim() > 1 {
            host.index_axis_inplace(Axis(axis), 0);
        }
    }
    host
}

/// The length of a block along each axis: first long enough for runs on the target's side, then for runs on the host's,
/// then as long as the block has room for.
fn extents<T>(host: &ArrayView<'_, T, IxDyn>) -> Vec<usize> {
    let mut extents = vec![1; host.ndim()];
    let mut lengthen = |axes: &[usize], run: usize| {
        let mut along = 1;
        for &axis in axes {
            let room = BLOCK / (extents.iter().product::<usize>() / extents[axis]);
            let wanted = run.div_ceil(along).min(room).min(host.len_of(Axis(axis)));
            extents[axis] = extents[axis].max(wanted);
            along *= extents[axis];
        }
    };
    let of_target: Vec<_> = (0..host.ndim()).rev().collect();
    let mut of_host = of_target.clone();
    of_host.sort_by_key(|&axis| host.stride_of(Axis(axis)).unsigned_abs());
    lengthen(&of_target, RUN);
    lengthen(&of_host, RUN);
    lengthen(&of_target, BLOCK);
    extents
}

/// The longest axis; of equals the last.
fn longest(lengths: &[usize]) -> Axis {
    Axis((0..lengths.len()).max_by_key(|&axis| lengths[axis]).unwrap_or(0))
}

/// Copies block by block, in the order of the target, split along this axis and those after it.
fn copy_blocks<T: Pod>(
    host: ArrayView<'_, T, IxDyn>,
    mut target: ArrayViewMut<'_, T, IxDyn>,
    extents: &[usize],
    axis: usize,
) {
    let along = Axis(axis);
    match extents.get(axis) {
        Some(&extent) if extent < host.len_of(along) => {
            let blocks = target.axis_chunks_iter_mut(along, extent).zip(host.axis_chunks_iter(along, extent));
            blocks.for_each(|(target, host)| copy_blocks(host, target, extents, axis + 1));
        }
        Some(_) => copy_blocks(host, target, extents, axis + 1),
        None => copy_block(host, target),
    }
}

/// Copies one block, with the number of axes known statically: a dynamic step from row to row takes as long as a row
/// itself (notebook 2026-11: gather by blocks).
fn copy_block<T: Pod>(host: ArrayView<'_, T, IxDyn>, target: ArrayViewMut<'_, T, IxDyn>) {
    fn with_axes<T: Pod, D: Dimension>(host: ArrayView<'_, T, IxDyn>, target: ArrayViewMut<'_, T, IxDyn>) {
        let host = host.into_dimensionality::<D>().expect("as many axes as there are");
        let mut target = target.into_dimensionality::<D>().expect("as many axes as there are");
        let along = longest(host.shape());
        let lanes = target.lanes_mut(along).into_iter().zip(host.lanes(along));
        lanes.for_each(|(mut target, host)| target.assign(&host));
    }
    match host.ndim() {
        1 => with_axes::<T, Ix1>(host, target),
        2 => with_axes::<T, Ix2>(host, target),
        3 => with_axes::<T, Ix3>(host, target),
        4 => with_axes::<T, Ix4>(host, target),
        _ => with_axes::<T, IxDyn>(host, target),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::ArrayD;

    use super::*;
    use crate::support::layout::AnyLayout;
    use crate::support::random::Random;

    /// Lengths around those of runs, blocks and bands.
    const LENGTHS: [usize; 11] =
        [1, 2, 3, 5, RUN - 1, RUN, RUN + 1, BLOCK / RUN + 1, BLOCK - 1, BLOCK + 1, COPIED_AT_ONCE + 1];

    #[test]
    fn every_layout_comes_into_order_whole_and_in_parts() {
        let mut random = Random::new(17);
        for round in 0..600 {
            let room = if round % 20 == 0 { 3 * COPIED_AT_ONCE } else { 5 * BLOCK };
            let host = AnyLayout::random(&mut random, room, &LENGTHS, |place| place as u32);
            let view = host.view();
            let expected: Vec<_> = view.iter().copied().collect();
            let what = format!("{:?} with strides {:?}", view.shape(), view.strides());
            assert!(gathered(&view).unwrap() == expected, "{what}");

            let simple = simplified(view);
            assert!(simple.iter().eq(&expected), "{what}");
            let mut start = 0;
            while start < expected.len() {
                let len = (1 + random.below(expected.len())).min(expected.len() - start);
                let mut part = vec![u32::MAX; len];
                gather_part(simple.view(), start, &mut part);
                assert!(part == expected[start..start + len], "{what}, {len} from {start}");
                start += len;
            }
        }
    }

    #[test]
    fn blocks_follow_both_sides() {
        let of = |shape: [usize; 2], reversed: bool| {
            let array = ArrayD::<f32>::zeros(&shape[..]);
            extents(&if reversed { array.view().reversed_axes() } else { array.view() })
        };
        assert_eq!(of([60, 20_000], true), [BLOCK / 60, 60], "short lanes are taken whole");
        assert_eq!(of([20_000, 60], true), [60, BLOCK / 60], "and short columns");
        assert_eq!(of([2000, 2000], true), [RUN, RUN]);
        assert_eq!(of([2000, 2000], false), [2, 2000], "the same order needs no blocks");
        assert!(extents(&ArrayD::<f32>::zeros(vec![]).view()).is_empty());
    }
}
