"""``numpy.average`` of dask arrays: the sums of blocks, and a tree that adds them up."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias, overload

import dask.array as da
import dask.config
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.typing import ArrayLike

import ndgpu

from .._devices import for_call
from .._operands import refuse_masks, refuse_others
from ._blocks import Array, parts_of, refuse_query_planning, untyped, whole_of

#: The weighted sums of a block and the sums of their weights. Axes that are summed over stay, with length 1.
_Sums: TypeAlias = tuple[Array, Array]


@overload
def average(
    a: da.Array,
    axis: int | Sequence[int] | None = None,
    weights: ArrayLike | da.Array | None = None,
    returned: Literal[False] = False,
    *,
    keepdims: bool = False,
    split_every: int | None = None,
) -> da.Array: ...


@overload
def average(
    a: da.Array,
    axis: int | Sequence[int] | None,
    weights: ArrayLike | da.Array | None,
    returned: Literal[True],
    *,
    keepdims: bool = False,
    split_every: int | None = None,
) -> tuple[da.Array, da.Array]: ...


@overload
def average(
    a: da.Array,
    axis: int | Sequence[int] | None = None,
    weights: ArrayLike | da.Array | None = None,
    *,
    returned: Literal[True],
    keepdims: bool = False,
    split_every: int | None = None,
) -> tuple[da.Array, da.Array]: ...


def average(
    a: da.Array,
    axis: int | Sequence[int] | None = None,
    weights: ArrayLike | da.Array | None = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
    split_every: int | None = None,
) -> da.Array | tuple[da.Array, da.Array]:
    """The weighted average of a dask array along axes: `numpy.average`, block by block and then up a tree.

    Parameters
    ----------
    a : dask array
        What to average. Any shape and chunks, and any type of number up to float64 and complex128.
    axis : int or tuple of ints, optional
        Along which axes; by default along all.
    weights : array_like or dask array, optional
        A weight for each element of `a`, or for each place along the axes, in the order in which `axis` names them.
        Other chunks than those of `a` are made to fit. Without weights it is the mean.
    returned : bool, optional
        Also give the sums of the weights.
    keepdims : bool, optional
        Keep the axes that are averaged over, with length 1.
    split_every : int, optional
        How many partial results a task may add up, at least 2: dask's setting of that name, or 4.

    Returns
    -------
    dask array, or two of them if `returned`
        The averages, and the sums of the weights in the same shape. The type is NumPy's: float32 stays float32,
        integers become float64. Sums of blocks are as exact as `ndgpu.DeviceArray.weighted_sum` makes them, and are
        added up in float64, in an order that depends on the chunks alone.

    Raises
    ------
    numpy.exceptions.AxisError
        There is no such axis.
    ValueError
        An axis is named twice, or the weights do not fit the axes.
    TypeError
        The weights do not fit `a` and no axis is named; or the type is not supported.
    ZeroDivisionError
        When it is computed: the sum of the weights is zero.

    Notes
    -----
    A block costs a pass over it and its weights, and on a GPU the upload of both. What travels on are its sums, as many
    as the block has places along the axes that are kept. An element that is NaN makes its average NaN.

    Examples
    --------
    >>> import dask.array as da
    >>> import ndgpu.dask
    >>> a = da.arange(6, chunks=2).reshape(3, 2)
    >>> ndgpu.dask.average(a, axis=1, weights=[0.25, 0.75]).compute()
    array([0.75, 2.75, 4.75])
    """
    refuse_query_planning()
    a = untyped.asanyarray(a)
    for operand in (a, weights):
        refuse_masks(getattr(operand, "_meta", operand), "average")
    axes = tuple(range(a.ndim)) if axis is None else normalize_axis_tuple(axis, a.ndim, argname="axis")
    fan_in = _fan_in(split_every)
    if weights is None:
        weighted = None
        kinds = [a.dtype]
    else:
        weighted = _fit(weights, a, axes, whole=axis is None)
        kinds = [a.dtype, weighted[0].dtype]
    dtype = _result_type(kinds)
    axes = tuple(sorted(axes))

    roots = _tree(_sums(a, weighted, axes, dtype), axes, fan_in)
    averages, sums = (_finish(roots, which, axes, keepdims, weighted is not None) for which in (0, 1))
    return (averages, sums) if returned else averages


def _fan_in(split_every: int | None) -> int:
    if split_every is None:
        split_every = dask.config.get("split_every", None) or 4
    if operator.index(split_every) < 2:
        raise ValueError(f"split_every has to be at least 2, but is {split_every}")
    return operator.index(split_every)


def _result_type(kinds: list[np.dtype[Any]]) -> np.dtype[Any]:
    """What NumPy makes of an array and its weights, of these types."""
    if kinds[0].kind in "biu":
        kinds = [*kinds, np.dtype(np.float64)]
    dtype = np.result_type(*kinds)
    if dtype.kind not in "fc" or not np.can_cast(dtype, np.complex128):
        raise TypeError(f"averages of {' and '.join(str(kind) for kind in kinds)} are not supported")
    return dtype


def _fit(
    weights: ArrayLike | da.Array, a: da.Array, axes: tuple[int, ...], whole: bool
) -> tuple[da.Array, tuple[int, ...]]:
    """The weights in chunks like those of `a`, and the axes of `a` that are theirs, which ascend."""
    if not isinstance(weights, da.Array):
        weights = np.asarray(weights)
    if weights.ndim == a.ndim and all(map(_fits, weights.shape, a.shape)):
        axes = tuple(range(a.ndim))
    elif whole:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    elif weights.ndim != len(axes) or not all(_fits(n, a.shape[axis]) for n, axis in zip(weights.shape, axes)):
        hint = " Some sizes are unknown: compute_chunk_sizes() finds them." if math.isnan(a.size) else ""
        raise ValueError(f"Shape of weights must be consistent with shape of a along specified axis.{hint}")
    else:
        # Ascending in every block: a square block could not tell weights for (1, 0) from its own shape.
        weights = weights.transpose(sorted(range(len(axes)), key=axes.__getitem__))
        axes = tuple(sorted(axes))
    chunks = tuple(a.chunks[axis] for axis in axes)
    if not isinstance(weights, da.Array):
        return untyped.from_array(weights, chunks=chunks), axes
    same = all(len(w) == len(c) and all(map(_fits, w, c)) for w, c in zip(weights.chunks, chunks))
    return (weights if same else untyped.rechunk(weights, chunks)), axes


def _fits(length: float, other: float) -> bool:
    # Unknown lengths are NaN; of two of them the device finds out.
    return length == other or (math.isnan(length) and math.isnan(other))


def _sums(
    a: da.Array, weighted: tuple[da.Array, tuple[int, ...]] | None, axes: tuple[int, ...], dtype: np.dtype[Any]
) -> da.Array:
    """The sums of each block, as an array of as many blocks. The blocks are pairs, not arrays."""
    places = tuple(range(a.ndim))
    sums: da.Array = untyped.blockwise(
        functools.partial(_sum_block, axes=axes, dtype=dtype),
        places,
        *(a, places),
        *(weighted or ()),
        adjust_chunks={axis: (1,) * a.numblocks[axis] for axis in axes},
        align_arrays=False,
        dtype=dtype,
        meta=np.empty((0,) * a.ndim, dtype),
        token="ndgpu-average-sums",
    )
    return sums


def _sum_block(block: Array, weights: Array | None = None, *, axes: tuple[int, ...], dtype: np.dtype[Any]) -> _Sums:
    element = np.float32 if np.can_cast(dtype, np.complex64) else np.float64
    device = for_call(None, element)

    def lent(array: Array) -> list[ndgpu.DeviceArray]:
        refuse_masks(array, "average")
        refuse_others(array.dtype, "average")
        if not np.can_cast(array.dtype, dtype, "same_kind"):
            raise TypeError(f"a block holds {array.dtype}, but its array says that the average is {dtype}")
        return [device._lend(np.asarray(part, element)) for part in parts_of(array)]

    values = lent(block)
    if weights is None:
        count = float(math.prod(block.shape[axis] for axis in axes))
        return whole_of([_host(value.sum(axes, keepdims=True)) for value in values]), np.full((1,) * block.ndim, count)
    scales = lent(weights)
    sums = whole_of(
        [whole_of([_host(value.weighted_sum(scale, axes, keepdims=True)) for value in values]) for scale in scales]
    )
    if weights.ndim == block.ndim:
        return sums, whole_of([_host(scale.sum(axes, keepdims=True)) for scale in scales])
    return sums, whole_of([_host(scale.sum()) for scale in scales]).reshape((1,) * block.ndim)


def _host(sums: ndgpu.DeviceArray) -> Array:
    return sums._take().astype(np.float64, copy=False)


def _tree(sums: da.Array, axes: tuple[int, ...], fan_in: int) -> da.Array:
    """The sums of all blocks along the axes, in as many blocks as there are along the others.

    No task adds up more than `fan_in` parts. (That is why this is not `dask.array.reduction`, which splits each axis by
    itself: two along each of three axes are eight.)
    """
    name = f"ndgpu-average-tree-{tokenize(sums.name, axes, fan_in)}"
    tasks: dict[Any, Any] = {}
    for place, blocks in _lines(sums, axes):
        parts: list[Any] = [(sums.name, *block) for block in blocks]
        level = 0
        while len(parts) > fan_in:
            groups = [parts[start : start + fan_in] for start in range(0, len(parts), fan_in)]
            parts = [(f"{name}-{level}", *place, index) for index in range(len(groups))]
            tasks.update((key, (_add, group)) for key, group in zip(parts, groups))
            level += 1
        tasks[(name, *place)] = (_add, parts)
    chunks = tuple((1,) if axis in axes else lengths for axis, lengths in enumerate(sums.chunks))
    return _made_of(sums, name, tasks, chunks, sums.dtype)


def _lines(sums: da.Array, axes: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Iterator[tuple[int, ...]]]]:
    """Places of results, and the places of the blocks that go into each."""
    counts = list(enumerate(sums.numblocks))
    for place in itertools.product(*(range(1 if axis in axes else count) for axis, count in counts)):
        blocks = itertools.product(*(range(count) if axis in axes else (place[axis],) for axis, count in counts))
        yield place, blocks


def _add(parts: list[_Sums]) -> _Sums:
    sums, weights = (functools.reduce(np.add, halves) for halves in zip(*parts))
    return sums, weights


def _finish(roots: da.Array, which: int, axes: tuple[int, ...], keepdims: bool, weighted: bool) -> da.Array:
    """The averages (0) or the sums of the weights (1) that go with the sums."""
    name = f"ndgpu-average-{tokenize(roots.name, which, keepdims)}"
    axes_out = [axis for axis in range(roots.ndim) if keepdims or axis not in axes]
    finish = functools.partial(
        _finish_block, which=which, drop=() if keepdims else axes, dtype=roots.dtype, weighted=weighted
    )
    tasks = {
        (name, *(place[axis] for axis in axes_out)): (finish, (roots.name, *place))
        for place in itertools.product(*map(range, roots.numblocks))
    }
    return _made_of(roots, name, tasks, tuple(roots.chunks[axis] for axis in axes_out), roots.dtype)


def _made_of(
    array: da.Array, name: str, tasks: dict[Any, Any], chunks: tuple[tuple[int, ...], ...], dtype: np.dtype[Any]
) -> da.Array:
    """A dask array of tasks that take the blocks of another."""
    dependencies: list[Any] = [array]
    graph = HighLevelGraph.from_collections(name, tasks, dependencies)
    made: da.Array = untyped.Array(graph, name, chunks, meta=np.empty((0,) * len(chunks), dtype))
    return made


def _finish_block(pair: _Sums, *, which: int, drop: tuple[int, ...], dtype: np.dtype[Any], weighted: bool) -> Array:
    sums, weights = pair
    if weighted and np.any(weights == 0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    value = np.broadcast_to(weights, sums.shape) if which else sums / weights
    return np.array(value, dtype).squeeze(drop)
