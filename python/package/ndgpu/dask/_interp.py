"""``numpy.interp`` of dask arrays: blocks where they lie, and tables that travel once."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.delayed import delayed
from numpy.typing import ArrayLike

import ndgpu

from .._devices import for_call
from .._operands import one_number, period_of, refuse_masks
from ._blocks import Array, parts_of, refuse_query_planning, untyped, whole_of


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
    refuse_query_planning()
    x = untyped.asanyarray(x)
    refuse_masks(x._meta, "interp")
    if not np.can_cast(x.dtype, np.float64):
        raise TypeError(f"x has type {x.dtype}, which cannot be cast to float64 without loss")
    if period is not None and period_of(period) == 0:
        raise ValueError("period must be a non-zero value")
    xp, fp = (points if isinstance(points, da.Array) else np.asanyarray(points) for points in (xp, fp))
    _check_points(xp, fp)
    dtype = np.dtype(np.complex128 if fp.dtype.kind == "c" else np.float64)
    if period is not None:
        period, left, right = abs(period_of(period)), None, None
    number: Any = complex if dtype.kind == "c" else float
    left, right = (
        None if value is None else one_number(value, number, name) for value, name in ((left, "left"), (right, "right"))
    )

    token = tokenize(xp, fp, left, right, period)
    name = f"ndgpu-table-{token}"
    if isinstance(xp, da.Array) or isinstance(fp, da.Array):
        points = delayed(_Points.of)(xp, fp, left, right, period, token, dask_key_name=name)
    else:
        points = delayed(_Points.of(xp, fp, left, right, period, token), name=name, traverse=False)
    # Given `meta`, dask does not try the function out: nothing opens a device in the process that builds the graph.
    meta = np.empty((0,) * x.ndim, dtype)
    places = tuple(range(x.ndim))
    values: da.Array = untyped.blockwise(
        _interp_block, places, x, places, points, None, dtype=dtype, meta=meta, token="ndgpu-interp"
    )
    return values


def _check_points(xp: da.Array | Array, fp: da.Array | Array) -> None:
    """Refuses what cannot be a table; a length that is not known yet is NaN and is let through."""
    for points in (xp, fp):
        refuse_masks(getattr(points, "_meta", points), "interp")
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

    xp: Array
    fp: Array
    left: complex | None
    right: complex | None
    period: float | None
    token: str

    @classmethod
    def of(
        cls, xp: Array, fp: Array, left: complex | None, right: complex | None, period: float | None, token: str
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
            for values, left, right in zip(parts_of(points.fp), outside(points.left), outside(points.right))
        ]
        self.period = points.period
        #: The only knot and its value, which NumPy also gives where no comparison finds either side of it: for NaN.
        self.single = (points.xp[0], points.fp[0]) if points.xp.size == 1 and points.period is None else None

    def interp(self, block: Array) -> Array:
        refuse_masks(block, "interp")
        x = np.asarray(block).astype(np.float64, casting="safe", copy=False)
        lent = self.device._lend(x)
        values = [part.interp(lent)._take() for part in self.parts]
        for imag in values[1:]:
            # As NumPy has it, what is NaN has no imaginary part; and infinity has no place in a period.
            imag[np.isnan(x) if self.period is None else ~np.isfinite(x)] = 0.0
        result = whole_of(values)
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


def _interp_block(block: Array, points: _Points) -> Array:
    return _TABLES.get(points).interp(block)
