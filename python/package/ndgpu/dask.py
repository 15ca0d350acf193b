"""`interp` and `average` of dask arrays: every block is computed where it lies, on the device of its worker process.

A worker process has one device, the one that :func:`ndgpu.get_device` gives there: set ``NDGPU_DEVICE`` in the
environment of each worker to choose it. Where that device has no float64 and the result needs it, the CPU engine
computes.

What moves between processes is small. A table is one node of the graph, so that a cluster sends it to each worker once,
and each process makes one :class:`ndgpu.InterpTable` of it. An average passes on the sums of its blocks, never the
blocks, and adds them up in a tree, so that no worker has to hold a whole row. Nothing is computed before dask is asked
to.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, overload

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.typing import ArrayLike, NDArray

import ndgpu

from ._devices import for_call

try:
    import dask.array as da
    import dask.config
    from dask.base import tokenize
    from dask.delayed import delayed
    from dask.highlevelgraph import HighLevelGraph
except ImportError as error:
    raise ImportError("ndgpu.dask needs dask: pip install ndgpu[dask]") from error

__all__ = ["average", "interp"]

_Array: TypeAlias = NDArray[Any]
#: The weighted sums of a block and the sums of their weights. Axes that are summed over stay, with length 1.
_Sums: TypeAlias = tuple[_Array, _Array]

# What makes arrays in dask.array has no annotations.
_da: Any = da


# ------------------------------------------------------------------------------------------------------------- interp


def interp(
    x: da.Array,
    xp: ArrayLike | da.Array,
    fp: ArrayLike | da.Array,
    left: complex | None = None,
    right: complex | None = None,
    period: float | None = None,
) -> da.Array:
    """Look up each element of a dask array in a table of values: `numpy.interp`, block by block.

    Parameters
    ----------
    x : dask array
        Where to interpolate. Any shape, any chunks (also of unknown sizes), any real type.
    xp, fp : array_like or dask array
        The table's knots and the values there, of one length; values may be complex. Nobody looks whether the knots are
        in order; as with NumPy, results are anything where they are not. Dask arrays are computed and put together on
        the cluster.
    left, right : optional
        The values left and right of the table; by default the first and the last of `fp`.
    period : float, optional
        The period of the knots, which may then be in any order; `left` and `right` are ignored.

    Returns
    -------
    dask array
        float64, or complex128 if `fp` is complex, with the shape and the chunks of `x`.

    Raises
    ------
    ValueError
        The table is empty or not one-dimensional, `xp` and `fp` differ in length, `period` is zero. In the call, unless
        the table is a dask array that does not know its length.
    TypeError
        Something is not a real number and should be one.

    Notes
    -----
    A block costs the lookups, and on a GPU its upload and the readback of the result. The table goes to a worker once,
    and is uploaded once in each worker process; a process keeps the eight tables it used last. A table of arrays in
    memory travels as part of the graph: if it has many megabytes, give dask arrays.

    Examples
    --------
    >>> import dask.array as da
    >>> import ndgpu.dask
    >>> readings = da.linspace(0.0, 4.0, 5, chunks=2)
    >>> ndgpu.dask.interp(readings, [0.0, 1.0, 4.0], [0.0, 10.0, 100.0]).compute()
    array([  0.,  10.,  40.,  70., 100.])
    """
    _refuse_query_planning()
    x = _da.asanyarray(x)
    if not np.can_cast(x.dtype, np.float64):
        raise TypeError(f"x has type {x.dtype}, which cannot be cast to float64 without loss")
    if period is not None and period == 0:
        raise ValueError("period must be a non-zero value")
    xp, fp = (points if isinstance(points, da.Array) else np.asarray(points) for points in (xp, fp))
    _check_points(xp, fp)
    dtype = np.dtype(np.complex128 if fp.dtype.kind == "c" else np.float64)
    if period is not None:
        period, left, right = float(abs(period)), None, None
    number: Any = complex if dtype.kind == "c" else float
    # Strings have no sign, so they are no numbers here, as in NumPy.
    left, right = (None if value is None else number(operator.pos(value)) for value in (left, right))

    token = tokenize(xp, fp, left, right, period)
    name = f"ndgpu-table-{token}"
    if isinstance(xp, da.Array) or isinstance(fp, da.Array):
        points = delayed(_Points.of)(xp, fp, left, right, period, token, dask_key_name=name)
    else:
        points = delayed(_Points.of(xp, fp, left, right, period, token), name=name, traverse=False)
    # Given `meta`, dask does not try the function out: nothing opens a device in the process that builds the graph.
    meta = np.empty((0,) * x.ndim, dtype)
    places = tuple(range(x.ndim))
    values: da.Array = _da.blockwise(
        _interp_block, places, x, places, points, None, dtype=dtype, meta=meta, token="ndgpu-interp"
    )
    return values


def _check_points(xp: da.Array | _Array, fp: da.Array | _Array) -> None:
    """Refuses what cannot be a table; a length that is not known yet is NaN and is let through."""
    if not np.can_cast(xp.dtype, np.float64) or not np.can_cast(fp.dtype, np.complex128):
        raise TypeError(f"knots have to be real, and values numbers, but they have types {xp.dtype} and {fp.dtype}")
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError("Data points must be 1-D sequences")
    if xp.shape[0] == 0:
        raise ValueError("array of sample points is empty")
    if xp.shape[0] != fp.shape[0] and not math.isnan(xp.shape[0] + fp.shape[0]):
        raise ValueError("fp and xp are not of the same length")


@dataclass(frozen=True)
class _Points:
    """What a table is made of: the node of the graph that a cluster moves to each worker once."""

    xp: _Array
    fp: _Array
    left: complex | None
    right: complex | None
    period: float | None
    token: str

    @classmethod
    def of(
        cls, xp: _Array, fp: _Array, left: complex | None, right: complex | None, period: float | None, token: str
    ) -> _Points:
        _check_points(xp, fp)
        values = np.complex128 if fp.dtype.kind == "c" else np.float64
        return cls(np.array(xp, np.float64), np.array(fp, values), left, right, period, token)

    def __sizeof__(self) -> int:
        # Workers go by this when they account for memory.
        return object.__sizeof__(self) + self.xp.nbytes + self.fp.nbytes


class _Table:
    """Points on a device: one table, or one each for the real and the imaginary parts."""

    def __init__(self, points: _Points, device: ndgpu.Device) -> None:
        def outside(value: complex | None) -> list[Any]:
            return [None, None] if value is None else [value.real, value.imag]

        self.device = device
        self.parts = [
            ndgpu.InterpTable(
                points.xp, values, left=left, right=right, period=points.period, order="assume", device=device
            )
            for values, left, right in zip(_parts(points.fp), outside(points.left), outside(points.right))
        ]
        self.period = points.period
        #: The only knot and its value, which NumPy also gives where no comparison finds either side of it: for NaN.
        self.single = (points.xp[0], points.fp[0]) if points.xp.size == 1 and points.period is None else None

    def interp(self, block: _Array) -> _Array:
        x = np.asarray(block, np.float64)
        lent = self.device._lend(x)
        values = [part.interp(lent)._take() for part in self.parts]
        for imag in values[1:]:
            # As NumPy has it, what is NaN has no imaginary part; and infinity has no place in a period.
            imag[np.isnan(x) if self.period is None else ~np.isfinite(x)] = 0.0
        result = _whole(values)
        if self.single is not None:
            knot, value = self.single
            result = np.where(np.isnan(x) | np.isnan(knot), value, result)
        return result


class _Tables:
    """The tables that a process used last, each made once, whatever threads ask for it."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        #: How many were made since the process started.
        self.made = 0
        self._tables: OrderedDict[tuple[str, ndgpu.Device], _Table] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, points: _Points) -> _Table:
        device = for_call(None, np.float64)
        key = (points.token, device)
        with self._lock:
            table = self._tables.get(key)
            if table is None:
                table = self._tables[key] = _Table(points, device)
                self.made += 1
            self._tables.move_to_end(key)
            while len(self._tables) > self.limit:
                self._tables.popitem(last=False)
        return table


_TABLES = _Tables(limit=8)


def _interp_block(block: _Array, points: _Points) -> _Array:
    return _TABLES.get(points).interp(block)


# ------------------------------------------------------------------------------------------------------------ average


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
    _refuse_query_planning()
    a = _da.asanyarray(a)
    if isinstance(a._meta, np.ma.MaskedArray):
        raise TypeError("masked arrays are not supported: give weights that are zero where a is masked")
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
        return _da.from_array(weights, chunks=chunks), axes
    same = all(len(w) == len(c) and all(map(_fits, w, c)) for w, c in zip(weights.chunks, chunks))
    return (weights if same else _da.rechunk(weights, chunks)), axes


def _fits(length: float, other: float) -> bool:
    # Unknown lengths are NaN; of two of them the device finds out.
    return length == other or (math.isnan(length) and math.isnan(other))


def _sums(
    a: da.Array, weighted: tuple[da.Array, tuple[int, ...]] | None, axes: tuple[int, ...], dtype: np.dtype[Any]
) -> da.Array:
    """The sums of each block, as an array of as many blocks. The blocks are pairs, not arrays."""
    places = tuple(range(a.ndim))
    sums: da.Array = _da.blockwise(
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


def _sum_block(block: _Array, weights: _Array | None = None, *, axes: tuple[int, ...], dtype: np.dtype[Any]) -> _Sums:
    element = np.float32 if np.can_cast(dtype, np.complex64) else np.float64
    device = for_call(None, element)

    def lent(array: _Array) -> list[ndgpu.DeviceArray]:
        return [device._lend(np.asarray(part, element)) for part in _parts(array)]

    values = lent(block)
    if weights is None:
        count = float(math.prod(block.shape[axis] for axis in axes))
        return _whole([_host(value.sum(axes, keepdims=True)) for value in values]), np.full((1,) * block.ndim, count)
    scales = lent(weights)
    sums = _whole(
        [_whole([_host(value.weighted_sum(scale, axes, keepdims=True)) for value in values]) for scale in scales]
    )
    if weights.ndim == block.ndim:
        return sums, _whole([_host(scale.sum(axes, keepdims=True)) for scale in scales])
    return sums, _whole([_host(scale.sum()) for scale in scales]).reshape((1,) * block.ndim)


def _host(sums: ndgpu.DeviceArray) -> _Array:
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
    made: da.Array = _da.Array(graph, name, chunks, meta=np.empty((0,) * len(chunks), dtype))
    return made


def _finish_block(pair: _Sums, *, which: int, drop: tuple[int, ...], dtype: np.dtype[Any], weighted: bool) -> _Array:
    sums, weights = pair
    if weighted and np.any(weights == 0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    value = np.broadcast_to(weights, sums.shape) if which else sums / weights
    return np.array(value, dtype).squeeze(drop)


# ---------------------------------------------------------------------------------------------------------------- both


def _refuse_query_planning() -> None:
    if getattr(da, "array_expr_enabled", bool)():
        raise NotImplementedError("ndgpu.dask does not know dask's query planning: set array.query-planning to False")


def _parts(array: _Array) -> list[_Array]:
    """Real numbers only, which is what devices know: the array, or its real and its imaginary part."""
    return [array.real, array.imag] if array.dtype.kind == "c" else [array]


def _whole(parts: list[_Array]) -> _Array:
    """The array that has these parts, which may be complex themselves."""
    if len(parts) == 1:
        return parts[0]
    real, imag = parts
    # Not `real + 1j * imag`, which makes NaN of infinities.
    whole = np.empty(real.shape, np.complex128)
    whole.real = real.real - imag.imag
    whole.imag = real.imag + imag.real
    return whole
