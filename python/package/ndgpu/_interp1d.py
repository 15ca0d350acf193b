"""Interpolation in one dimension as an object: :class:`Interp1d`, after the class of SciPy's."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._devices import for_call
from ._ndgpu import Device, DeviceArray, InterpTable
from ._operands import On, number_array, one_number, safely

Kind: TypeAlias = Literal["linear", "nearest", "previous", "next"]
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class Interp1d:
    """A function through given points, prepared once on a device and called as often as needed.

    The arguments are those of ``scipy.interpolate.interp1d``. Tables are made when this is: calls search and compute.

    Parameters
    ----------
    x : array_like
        The places of the points, ``[n]``, in any order. Points whose place is NaN are left out.
    y : array_like
        Their values, with ``n`` of them along ``axis``, real or complex. Other axes are rows with values of their own.
    kind : {"linear", "nearest", "previous", "next"}, optional
        The result between two points. Half way between them the nearest is the one to the left.
    axis : int, optional
        The axis of ``y`` that is along ``x``.
    bounds_error : bool, optional
        Whether a call with a number out of the range of ``x`` is a ValueError. By default it is, unless ``fill_value``
        is given.
    fill_value : number, tuple of two numbers or "extrapolate", optional
        The result out of range: NaN by default, the same on both sides or one below and one above. "extrapolate"
        continues the first and the last line, and with other kinds the values at the ends.
    assume_sorted : bool, optional
        Whether ``x`` increases already and has no NaN, which is checked. It is sorted otherwise.
    dtype : optional
        float32 or float64; without it float32 if ``x`` and ``y`` are both that, else float64.
    device : Device or str, optional
        Where to compute, else :func:`~ndgpu.get_device`, or the CPU engine if that has no float64.

    Raises
    ------
    ValueError
        If ``x`` is not one-dimensional, is empty, or has another length than ``y`` along ``axis``.
    NotSortedError
        If ``x`` does not increase where ``assume_sorted`` says that it does. It is a ValueError too.

    Notes
    -----
    SciPy's "nearest-up", "zero", "slinear" and splines are not there. Of several points at one place the last counts,
    as in ``numpy.interp``. Unlike SciPy's, ``fill_value`` alone turns the error off; an
    extrapolated "previous" goes on to the left with the first value, and "next" to the right with the last, where
    SciPy has NaN. It can be pickled and copied.

    Examples
    --------
    >>> import numpy as np, ndgpu
    >>> f = ndgpu.Interp1d([0.0, 1.0, 2.0], [[0.0, 10.0, 40.0], [1.0, 2.0, 3.0]])
    >>> f([0.5, 1.5])
    array([[ 5. , 25. ],
           [ 1.5,  2.5]])
    >>> ndgpu.Interp1d([0, 1, 3], [5, 7, 8], kind="previous", fill_value=(-1, 99))([-0.5, 0.9, 3.5])
    array([-1.,  5., 99.])
    """

    __slots__ = ("_axis", "_bounds", "_bounds_error", "_device", "_dtype", "_fills", "_kind", "_rows", "_tables")

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        kind: Kind = "linear",
        axis: int = -1,
        *,
        bounds_error: bool | None = None,
        fill_value: Any = None,
        assume_sorted: bool = False,
        dtype: DTypeLike | None = None,
        device: On = None,
    ) -> None:
        if kind not in get_args(Kind):
            raise ValueError(f"kind is {kind!r}, but it must be one of {', '.join(get_args(Kind))}")
        if np.asarray(x).dtype.kind in "mM":
            raise TypeError('x holds dates or durations; count them from one: (x - x[0]) / np.timedelta64(1, "s")')
        places, values = number_array(x, "interp"), number_array(y, "interp")
        if places.dtype.kind == "c":
            raise TypeError("x holds complex numbers, which have no order")
        if values.ndim == 0:
            raise ValueError("y is one number, but has to have an axis along x")
        axis = normalize_axis_index(axis, values.ndim)
        if places.ndim != 1 or places.size != values.shape[axis]:
            raise ValueError(
                f"x and y arrays must be equal in length along the interpolation axis: x has shape {places.shape}, "
                f"and y {values.shape} along axis {axis}"
            )
        if places.size == 0:
            raise ValueError("x is empty: there are no points to go through")
        extrapolates = isinstance(fill_value, str) and fill_value == "extrapolate"
        if extrapolates and bounds_error:
            raise ValueError('bounds_error asks for an error where fill_value="extrapolate" asks for results')
        self._fills = (
            (None, None) if extrapolates else _fills(fill_value, complex if values.dtype.kind == "c" else float)
        )
        self._bounds_error = fill_value is None if bounds_error is None else bool(bounds_error)
        self._kind, self._axis, self._rows = kind, axis, (*values.shape[:axis], *values.shape[axis + 1 :])
        wide = _dtype(dtype, places, values)
        self._device: Device = for_call(device, wide.type)
        self._dtype = np.result_type(wide, np.complex64) if values.dtype.kind == "c" else wide
        self._bounds = (np.fmin.reduce(places), np.fmax.reduce(places))
        # Without any rows there is a table all the same, which says what is wrong with the points.
        lines = np.moveaxis(values, axis, -1).reshape(-1, places.size) if values.size else np.zeros((1, places.size))
        parts = (lines.real, lines.imag) if values.dtype.kind == "c" else (lines,)
        sides = [tuple(map(part, self._fills)) for part in (_real, _imag)]
        self._tables = tuple(
            InterpTable(
                places,
                part if self._rows else part[0],
                left=left,
                right=right,
                order="check" if assume_sorted else "sort",
                method=kind,
                extrapolate=extrapolates,
                dtype=wide,
                device=self._device,
            )
            for part, (left, right) in zip(parts, sides)
        )

    @property
    def axis(self) -> int:
        """The axis of the values that is along the points, counted from the first."""
        return self._axis

    @property
    def dtype(self) -> np.dtype[Any]:
        """What results are: float32 or float64, or their complex counterparts."""
        return self._dtype

    def __call__(self, x: Any) -> Any:
        """The values at ``x``, of any shape, in the place of the axis along the points.

        For a :class:`~ndgpu.DeviceArray` another one, if the axis is the last and no bounds are to be looked at:
        one-dimensional for rows, of any shape without them.

        Raises
        ------
        ValueError
            For a number out of range, if that is an error. NaN is in range, and gives NaN.
        """
        if isinstance(x, DeviceArray):
            return self._there(x)
        queries = safely(x, np.float64, "x")
        if self._bounds_error:
            self._expect_in_bounds(queries)
        flat = queries.reshape(-1).astype(self._tables[0].dtype, copy=False)
        if math.prod(self._rows) * flat.size == 0:
            parts = [np.empty((*self._rows, flat.size), self._tables[0].dtype)] * len(self._tables)
        else:
            there = self._device._lend(flat)
            asked = [table.interp_rows(there) if self._rows else table.interp(there) for table in self._tables]
            parts = [result._take() for result in asked]
        result = parts[0]
        if len(parts) == 2:
            result = np.empty(parts[0].shape, self._dtype)
            result.real, result.imag = parts
        result = result.reshape((*self._rows, *queries.shape))
        own = range(len(self._rows), result.ndim)
        return np.moveaxis(result, own, range(self._axis, self._axis + queries.ndim))[()]

    def _there(self, x: DeviceArray) -> DeviceArray:
        if self._bounds_error:
            raise ValueError(
                "nobody looks at the bounds of what is on a device; give a fill_value, or bounds_error=False"
            )
        if len(self._tables) == 2:
            raise TypeError("devices have no complex numbers; interpolate the parts, y.real and y.imag")
        if not self._rows:
            return self._tables[0].interp(x)
        if self._axis != len(self._rows) or x.ndim != 1:
            raise ValueError(
                f"on a device rows are interpolated along their last axis, at the same places: x has shape {x.shape}, "
                f"and the points are along axis {self._axis} of y's {len(self._rows) + 1}"
            )
        return self._tables[0].interp_rows(x).reshape(*self._rows, x.size)

    def _expect_in_bounds(self, x: NDArray[np.float64]) -> None:
        low, high = self._bounds
        for outside, side, bound in (
            (x < low, "below", f"minimum value ({low})"),
            (x > high, "above", f"maximum value ({high})"),
        ):
            if outside.any():
                worst = x[outside].flat[0]
                raise ValueError(f"A value ({worst}) in x is {side} the interpolation range's {bound}.")

    def __repr__(self) -> str:
        points = self._tables[0].knots
        return f"<ndgpu.Interp1d: {self._kind} through {points} points, {self._dtype} on {self._device.name}>"


def _dtype(dtype: DTypeLike | None, *arrays: NDArray[Any]) -> np.dtype[Any]:
    if dtype is not None:
        wanted = np.dtype(dtype)
        if wanted not in _FLOATS:
            raise TypeError(f"a table holds float32 or float64, but dtype is {wanted}")
        return wanted
    singles = (np.dtype(np.float32), np.dtype(np.complex64))
    alike = all(array.dtype.newbyteorder("=") in singles for array in arrays)
    return np.dtype(np.float32 if alike else np.float64)


def _fills(fill_value: Any, number: Any) -> tuple[Any, Any]:
    if fill_value is None:
        return (np.nan, np.nan)
    sides = tuple(fill_value) if isinstance(fill_value, (tuple, list)) else (fill_value, fill_value)
    if isinstance(fill_value, str) or len(sides) != 2:
        raise ValueError(
            f'fill_value is a number, a tuple of one below and one above, or "extrapolate", but not {fill_value!r}'
        )
    return (one_number(sides[0], number, "fill_value"), one_number(sides[1], number, "fill_value"))


def _real(value: Any) -> Any:
    return None if value is None else float(np.real(value))


def _imag(value: Any) -> Any:
    return None if value is None else float(np.imag(value))
