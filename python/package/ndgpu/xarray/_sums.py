"""Weighted means of arrays that broadcast, NumPy's and dask's, without an array of their common size."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .._devices import for_call
from .._operands import On, computed
from ._columns import Array

#: How many weights are repeated at a time, where they are not given for each value.
_REPEATED = 1 << 18

#: What a block of dask's becomes.
_SUMS = np.dtype([("values", np.float64), ("weights", np.float64)])


def mean_of(values: Any, weights: Any, *, axes: int, missing: tuple[int, ...], skipna: bool, device: On) -> Any:
    """The mean along the last `axes` axes of the values, of which the weights do not have the `missing` ones."""
    for place in sorted(missing, reverse=True):
        weights = np.expand_dims(weights, weights.ndim + 1 + place)
    ndim = max(values.ndim, weights.ndim)
    values, weights = (array.reshape((1,) * (ndim - array.ndim) + array.shape) for array in (values, weights))
    along = tuple(range(ndim - axes, ndim))
    dtype = (values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)).newbyteorder("=")
    if hasattr(values, "chunks") or hasattr(weights, "chunks"):
        return _lazy_mean(values, weights, along, dtype, skipna, device)
    means, _ = sums_of(values, weights, along, skipna, device, means=True)
    return means.reshape(means.shape[: ndim - axes]).astype(dtype, copy=False)


def sums_of(
    values: Array, weights: Array, axes: tuple[int, ...], skipna: bool, device: On, *, means: bool
) -> tuple[Array, Array]:
    """The weighted means or sums along some axes, which stay with length 1, and the sums of their weights."""
    if values.dtype.kind not in "biuf" or weights.dtype.kind not in "biuf":
        raise TypeError(f"means are of real numbers, not of {values.dtype} with weights of {weights.dtype}")
    if np.isnan(weights).any():
        raise ValueError("weights must not be NaN: fillna(0) leaves out what they belong to")
    wide = computed(values.dtype)
    shape = np.broadcast_shapes(values.shape, weights.shape)
    shape = tuple(1 if axis in axes else length for axis, length in enumerate(shape))
    if values.size * weights.size == 0:
        return np.full(shape, np.nan, wide), np.zeros(shape, wide)
    if not axes:
        return np.where(weights == 0, np.nan, values).astype(wide), np.broadcast_to(weights, shape)
    # As they lie in memory, so that nothing is copied to be in another order.
    order = sorted(range(values.ndim), key=lambda axis: -abs(values.strides[axis]))
    values, weights = values.transpose(order), weights.transpose(order)
    # In order, too: weights of the values' own shape are taken to have its axes in their order.
    places = tuple(sorted(order.index(axis) for axis in axes))
    into = tuple(np.empty(tuple(shape[axis] for axis in order), wide if means else np.float64) for _ in range(2))
    _sum_into(into, np.asarray(values, wide), np.asarray(weights, wide), places, skipna, device, means)
    back = np.argsort(order)
    return into[0].transpose(back), into[1].transpose(back)


def _sum_into(
    into: tuple[Array, ...], values: Array, weights: Array, axes: tuple[int, ...], skipna: bool, device: On, means: bool
) -> None:
    kept = [axis for axis in range(values.ndim) if axis not in axes]
    varying = [axis for axis in kept if weights.shape[axis] > 1]
    if values.shape == weights.shape or not varying:
        if not varying:
            lengths = tuple(values.shape[axis] for axis in axes)
            weights = np.broadcast_to(weights, [1 if axis in kept else n for axis, n in enumerate(values.shape)])
            weights = weights.transpose(*axes, *kept).reshape(lengths)
        there = for_call(device, values.dtype.type)
        values_there, weights_there = (there._lend(np.ascontiguousarray(array)) for array in (values, weights))
        average = values_there.average(axes, weights_there, True, keepdims=True, zero_weights=math.nan, skip_nan=skipna)
        into[0][...], into[1][...] = (array._take() for array in average)
        if not means:
            if (into[1] == 0).any():
                # What weights that cancel out leave is no multiple of their sum.
                into[0][...] = values_there.weighted_sum(weights_there, axes, keepdims=True, skip_nan=skipna)._take()
            else:
                into[0][...] *= into[1]
        return
    # First what the values do not have: they are read anew for each weight.
    axis = min(varying, key=lambda axis: (values.shape[axis] > 1, axis))
    length = weights.shape[axis]
    each = values.size // values.shape[axis]
    step = max(1, _REPEATED // each) if values.shape[axis] > 1 else 1
    for start in range(0, length, step):
        part: list[Any] = [slice(None)] * values.ndim
        part[axis] = slice(start, start + step)
        some = values[tuple(part)] if values.shape[axis] > 1 else values
        own = weights[tuple(part)]
        if own.shape[axis] > 1:
            own = np.broadcast_to(own, some.shape)
        _sum_into(tuple(array[tuple(part)] for array in into), some, own, axes, skipna, device, means)


def _lazy_mean(values: Any, weights: Any, axes: tuple[int, ...], dtype: np.dtype[Any], skipna: bool, device: On) -> Any:
    import dask.array

    da: Any = dask.array
    values, weights = da.asanyarray(values), da.asanyarray(weights)
    shape = np.broadcast_shapes(values.shape, weights.shape)
    values = da.broadcast_to(values, shape)
    if not axes:
        return da.where(weights == 0, np.nan, values).astype(dtype)
    options: dict[str, Any] = {"skipna": skipna, "device": device}
    sums: Any = da.reduction(
        values,
        functools.partial(_sums_of_block, **options),
        _sums_of_sums,
        axis=axes,
        dtype=_SUMS,
        combine=_sums_of_sums,
        weights=weights,
        meta=np.empty((0,) * (len(shape) - len(axes)), _SUMS),
    )
    finish = functools.partial(_mean_of_sums, dtype=dtype)
    return sums.map_blocks(finish, dtype=dtype, meta=np.empty((0,) * sums.ndim, dtype))


def _sums_of_block(values: Array, weights: Array, *, axis: Any, keepdims: bool, skipna: bool, device: On) -> Array:
    """The weighted sums of a block and the sums of the weights. What was broadcast is taken as it was before."""
    shape = tuple(1 if place in axis else length for place, length in enumerate(values.shape))
    result = np.zeros(shape, _SUMS)
    if values.size == 0:
        return result
    values, weights = _once(values, axis), _once(weights, ())
    result["values"], result["weights"] = sums_of(values, weights, axis, skipna, device, means=False)
    return result


def _once(array: Array, but: Any) -> Array:
    """An array with length 1 where all along an axis is the same memory, but for some axes."""
    lengths = [1 if stride == 0 and axis not in but else None for axis, stride in enumerate(array.strides)]
    return array[tuple(slice(length) for length in lengths)]


def _sums_of_sums(sums: Array, *, axis: Any, keepdims: bool) -> Array:
    parts = {name: sums[name].sum(axis=axis, keepdims=keepdims) for name in ("values", "weights")}
    result = np.empty(parts["values"].shape, _SUMS)
    for name, part in parts.items():
        result[name] = part
    return result


def _mean_of_sums(sums: Array, *, dtype: np.dtype[Any]) -> Array:
    weights = np.where(sums["weights"] == 0, np.nan, sums["weights"])
    return np.asarray(sums["values"] / weights, dtype)
