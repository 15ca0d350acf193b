"""``numpy.interp`` on a device."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, SupportsIndex, TypeAlias, overload

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.typing import ArrayLike, NDArray

from ._devices import for_call
from ._ndgpu import DeviceArray, InterpTable, _interp
from ._operands import On, one_number, period_of, refuse_masks, safely
from ._times import as_numbers

Method: TypeAlias = Literal["linear", "nearest", "previous", "next"]


@overload
def interp(
    x: DeviceArray,
    xp: Any,
    fp: Any,
    left: Any = None,
    right: Any = None,
    period: Any = None,
    *,
    method: Method = "linear",
    extrapolate: bool = False,
    axis: SupportsIndex | None = None,
    device: On = None,
) -> DeviceArray: ...
@overload
def interp(
    x: ArrayLike,
    xp: ArrayLike,
    fp: ArrayLike,
    left: complex | None = None,
    right: complex | None = None,
    period: Any = None,
    *,
    method: Method = "linear",
    extrapolate: bool = False,
    axis: SupportsIndex | None = None,
    device: On = None,
) -> Any: ...
def interp(
    x: Any,
    xp: Any,
    fp: Any,
    left: Any = None,
    right: Any = None,
    period: Any = None,
    *,
    method: Method = "linear",
    extrapolate: bool = False,
    axis: SupportsIndex | None = None,
    device: On = None,
) -> Any:
    """One-dimensional interpolation: ``numpy.interp``, with three keywords that it has not.

    Parameters
    ----------
    x : array_like or DeviceArray
        Where to interpolate, of any shape. Dates and durations (``datetime64``, ``timedelta64``, pandas' indexes and
        series) are taken if ``xp`` holds them too.
    xp, fp : array_like
        Knots and their values, of shape ``[n]``, or rows of them (see ``axis``). The knots have to increase, unless
        there is a period; as with NumPy nobody looks whether they do, and results are anything where they do not. (An
        :class:`~ndgpu.InterpTable` looks.) ``fp`` may be complex.
    left, right : optional
        The values left of the first knot and right of the last; without them those of ``fp``.
    period : optional
        The period of ``x`` and ``xp``: a duration if they are dates or durations. ``left`` and ``right`` are then
        ignored, and so are knots that have no place in a period: NaN and infinite ones.
    method : {"linear", "nearest", "previous", "next"}, optional
        The result between two knots. Half way between them the nearest is the one to the left.
    extrapolate : bool, optional
        Whether the lines of the first and the last segment go on outside of the knots, where ``left`` and ``right`` say
        nothing else. With other methods than linear the values at the ends go on anyway.
    axis : int, optional
        The axis of ``fp`` that is along the knots. Its other axes are rows, each with its own values. ``x`` and ``xp``
        are either 1-D, the same for every row, or have as many axes as ``fp``: their own rows along this axis,
        broadcast along the others. In the result the axis has the length of ``x``; it is gone if ``x`` is one number.
    device : Device or str, optional
        Where to compute, else :func:`~ndgpu.get_device`, or the CPU engine if that has no float64.

    Returns
    -------
    float64 or complex128, of the shape of ``x``, or of rows; on the CPU engine to the bit what NumPy gives. For a
    :class:`~ndgpu.DeviceArray` another one, of the same dtype.

    Raises
    ------
    ValueError
        If ``xp`` and ``fp`` differ in length, are not one-dimensional, or are empty, or the period is 0, or rows do not
        fit each other.
    TypeError
        For what has no safe conversion to float64, and for dates among numbers.
    OverflowError
        For dates that the smallest of the units does not reach.

    Notes
    -----
    A call makes a table and forgets it. To look up in the same table again, keep an :class:`~ndgpu.InterpTable`.
    On the CPU engine ``x`` is read where it lies; a GPU gets a copy of it, and one of the result comes back. Rows of
    another axis than the last are copied on the way.

    Dates become the number of units since 1970, the smallest of those that they are in, and NaT becomes NaN. Float64
    counts microseconds one by one, nanoseconds of our days in steps of 256.

    Examples
    --------
    >>> import ndgpu
    >>> ndgpu.interp(2.5, [1, 2, 3], [3, 2, 0])
    np.float64(1.0)
    >>> ndgpu.interp([0, 1, 1.5, 2.72, 3.14], [1, 2, 3], [3, 2, 0], right=-99.0)
    array([  3.  ,   3.  ,   2.5 ,   0.56, -99.  ])
    >>> ndgpu.interp([-180, 185, 365], [190, -190, 350, -350], [5, 10, 3, 4], period=360)
    array([7.5 , 6.25, 3.75])

    Two rows at the same knots, the nearest value, and dates:

    >>> ndgpu.interp([0.5, 1.0], [0, 1, 2], [[0, 10, 40], [1, 2, 3]], axis=1)
    array([[ 5. , 10. ],
           [ 1.5,  2. ]])
    >>> ndgpu.interp([0.2, 0.9], [0, 1, 2], [0, 10, 40], method="nearest")
    array([ 0., 10.])
    >>> import numpy as np
    >>> days = np.array(["2026-01-01", "2026-01-03"], "datetime64[D]")
    >>> ndgpu.interp(np.datetime64("2026-01-01T12:00"), days, [0.0, 8.0])
    np.float64(2.0)
    """
    if method != "linear" or extrapolate is not False or axis is not None:
        return _interp_otherwise(x, xp, fp, _Options(left, right, period, method, bool(extrapolate), axis), device)
    arrays = type(x) is np.ndarray and x.ndim and type(xp) is np.ndarray and type(fp) is np.ndarray and len(xp) > 1
    if arrays and type(left) in _PLAIN and type(right) in _PLAIN and type(period) in _PLAIN:
        # Arrays of float64 go as they are; whatever else there is to convert or to refuse comes below.
        try:
            result = _interp(for_call(device, np.float64), x, xp, fp, left, right, period)
        except TypeError:
            result = None
        if result is not None:
            return result
    return _interp_otherwise(x, xp, fp, _Options(left, right, period), device)


#: What becomes a float as it should without a look at it.
_PLAIN = frozenset((type(None), float, int, np.float64))


class _Options(NamedTuple):
    """What says more than knots and values."""

    left: Any
    right: Any
    period: Any
    method: Method = "linear"
    extrapolate: bool = False
    axis: Any = None

    @property
    def is_numpys(self) -> bool:
        """Whether NumPy's interp has it too."""
        return self.method == "linear" and not self.extrapolate

    def table(self, xp: Any, fp: Any, **more: Any) -> InterpTable:
        left, right, period, method, extrapolate, _ = self
        options: dict[str, Any] = {"left": left, "right": right, "period": period}
        return InterpTable(xp, fp, **options, method=method, extrapolate=extrapolate, order="assume", **more)


def _interp_otherwise(x: Any, xp: Any, fp: Any, options: _Options, device: On) -> Any:
    if isinstance(x, DeviceArray):
        return _interp_there(x, xp, fp, options)
    x, xp, period = as_numbers(x, xp, options.period)
    x, xp = safely(x, np.float64, "x"), safely(xp, np.float64, "xp")
    return _interp_any(x, xp, fp, options._replace(period=period), device)


def _interp_any(x: NDArray[Any], xp: NDArray[Any], fp: Any, options: _Options, device: On) -> Any:
    refuse_masks(fp, "interp")
    fp = np.asanyarray(fp)
    left, right, period = options.left, options.right, options.period
    if np.iscomplexobj(fp):
        # As NumPy has it, each part is interpolated apart; a query that is NaN has no imaginary part. But the only knot
        # of a table has its own value for NaN.
        left, right = _fill(left, complex, "left"), _fill(right, complex, "right")

        def of(part: Callable[[Any], Any]) -> Any:
            left_part, right_part = (None if value is None else part(value) for value in (left, right))
            return _interp_any(x, xp, part(fp), options._replace(left=left_part, right=right_part), device)

        real, imag = of(np.real), of(np.imag)
        both = np.empty(np.shape(real), np.complex128)
        both.real, both.imag = real, imag
        if options.axis is not None:
            return both[()]
        if period is not None:
            with np.errstate(invalid="ignore"):
                both.imag[np.isnan(np.remainder(x, period))] = 0.0
        elif xp.size != 1:
            both.imag[np.isnan(x)] = 0.0
        return both[()]
    fp = safely(fp, np.float64, "fp")
    left, right = _fill(left, float, "left"), _fill(right, float, "right")
    if period is not None:
        period = period_of(period)
        if period == 0:
            raise ValueError("period must be a non-zero value")
        left = right = None
    options = options._replace(left=left, right=right, period=period)
    if options.axis is not None:
        return _interp_rows(x, xp, fp, options, device)
    if xp.ndim != 1 or fp.ndim != 1:
        rows = "; for rows of fp say which axis is along the knots" if fp.ndim > 1 else ""
        raise ValueError(f"Data points must be 1-D sequences, but xp has shape {xp.shape} and fp {fp.shape}{rows}")
    if xp.shape != fp.shape:
        raise ValueError(f"fp and xp are not of the same length: {fp.size} and {xp.size}")
    if xp.size == 0:
        if x.size == 0:
            return np.empty(x.shape)
        raise ValueError("array of sample points is empty")
    target = for_call(device, np.float64)
    if not options.is_numpys:
        return options.table(xp, fp, device=target).interp(target._lend(x))._take()[()]
    result: Any = _interp(target, x, xp, fp, left, right, period)
    if xp.size == 1 and period is None:
        # NumPy's: a comparison with NaN finds neither side of the only knot.
        result = np.where(np.isnan(x) | np.isnan(xp[0]), fp[0], result)
    return result[()]


def _interp_rows(x: NDArray[Any], xp: NDArray[Any], fp: NDArray[Any], options: _Options, device: On) -> Any:
    axis = _axis_of_rows(options.axis, fp.ndim)
    length = fp.shape[axis]
    _expect_rows("xp", xp.shape, fp.shape)
    _expect_rows("x", x.shape, fp.shape)
    if xp.shape[-1 if xp.ndim == 1 else axis] != length:
        raise ValueError(f"fp has {length} values along axis {axis}, but xp has shape {xp.shape}")
    # Along the last axis from here on; what is one-dimensional is so for every row.
    last = {"x": x, "xp": xp, "fp": fp}
    last = {name: np.moveaxis(a, axis, -1) if a.ndim > 1 else a for name, a in last.items()}
    try:
        rows = np.broadcast_shapes(*(a.shape[:-1] for a in last.values()))
    except ValueError:
        raise ValueError(
            f"rows do not fit each other: but for axis {axis}, the shapes {x.shape} of x, {xp.shape} of xp and "
            f"{fp.shape} of fp have to broadcast"
        ) from None
    queries = x.shape[-1 if x.ndim == 1 else axis] if x.ndim else 1
    shape = (*rows, *((queries,) if x.ndim else ()))
    if math.prod(shape) == 0:
        return np.moveaxis(np.empty(shape), -1, axis) if x.ndim else np.empty(shape)
    if length == 0:
        raise ValueError("array of sample points is empty")
    x, xp, fp = (
        a if a.ndim <= 1 and name != "fp" else np.broadcast_to(a, (*rows, a.shape[-1])).reshape(-1, a.shape[-1])
        for name, a in last.items()
    )
    target = for_call(device, np.float64)
    result = options.table(xp, fp, device=target).interp_rows(target._lend(np.atleast_1d(x)))._take()
    if length == 1 and options.period is None and options.is_numpys:
        result = np.where(np.isnan(x) | np.isnan(xp), fp, result)
    result = result.reshape(shape)
    return (np.moveaxis(result, -1, axis) if x.ndim else result)[()]


def _axis_of_rows(axis: Any, ndim: int) -> int:
    try:
        axis = operator.index(axis)
    except TypeError:
        raise TypeError(f"axis must be None or an integer, but it is {axis!r}") from None
    return normalize_axis_index(axis, ndim)


def _expect_rows(name: str, shape: tuple[int, ...], values: tuple[int, ...]) -> None:
    if len(shape) not in ((0, 1, len(values)) if name == "x" else (1, len(values))):
        raise ValueError(
            f"{name} is to be 1-D, the same for every row of fp, or to have as many axes as fp, but the shapes are "
            f"{shape} and {values}"
        )


def _interp_there(x: DeviceArray, xp: Any, fp: Any, options: _Options) -> DeviceArray:
    left, right = _fill(options.left, float, "left"), _fill(options.right, float, "right")
    period = None if options.period is None else period_of(options.period)
    options = options._replace(left=left, right=right, period=period)
    shape = None
    if options.axis is not None:
        fp = fp if isinstance(fp, DeviceArray) else np.asanyarray(fp)
        axis = _axis_of_rows(options.axis, fp.ndim)
        if axis != fp.ndim - 1:
            raise ValueError(f"on a device knots are along the last axis, but of fp's {fp.ndim} axes it is {axis}")
        _expect_rows("x", x.shape, fp.shape)
        shape = (*fp.shape[:-1], *x.shape[-1:])
        fp = fp.reshape(math.prod(fp.shape[:-1]), fp.shape[-1])
        xp = (
            xp
            if np.ndim(xp) <= 1
            else xp.reshape(fp.shape)
            if isinstance(xp, DeviceArray)
            else np.reshape(xp, fp.shape)
        )
        x = x.reshape(math.prod(x.shape[:-1]), x.shape[-1]) if x.ndim > 1 else x.reshape(x.size)
    if isinstance(xp, DeviceArray):
        method, extrapolate = options.method, options.extrapolate
        table = InterpTable(xp, fp, left=left, right=right, period=period, method=method, extrapolate=extrapolate)
    else:
        table = options.table(xp, fp, dtype=x.dtype, device=x.device)
    return table.interp(x) if shape is None else table.interp_rows(x).reshape(shape)


def _fill(value: Any, number: Callable[[Any], Any], name: str) -> Any:
    return None if value is None else one_number(value, number, name)
