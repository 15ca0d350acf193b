"""``numpy.interp`` on a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from ._devices import for_call
from ._ndgpu import DeviceArray, InterpTable, _interp
from ._operands import On, one_number, period_of, refuse_masks, safely


@overload
def interp(
    x: DeviceArray, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None, *, device: On = None
) -> DeviceArray: ...
@overload
def interp(
    x: ArrayLike,
    xp: ArrayLike,
    fp: ArrayLike,
    left: complex | None = None,
    right: complex | None = None,
    period: float | None = None,
    *,
    device: On = None,
) -> Any: ...
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None, *, device: On = None
) -> Any:
    """One-dimensional linear interpolation: ``numpy.interp``.

    Parameters
    ----------
    x : array_like or DeviceArray
        Where to interpolate, of any shape.
    xp, fp : array_like
        Knots and their values, of shape ``[n]``. The knots have to increase, unless there is a period; as with NumPy
        nobody looks whether they do, and results are anything where they do not. (An :class:`~ndgpu.InterpTable`
        looks.) ``fp`` may be complex.
    left, right : optional
        The values left of the first knot and right of the last; without them those of ``fp``.
    period : optional
        The period of ``x`` and ``xp``. ``left`` and ``right`` are then ignored, and so are knots that have no place in
        a period: NaN and infinite ones.
    device : Device or str, optional
        Where to compute, else :func:`~ndgpu.get_device`, or the CPU engine if that has no float64.

    Returns
    -------
    float64 or complex128, of the shape of ``x``; on the CPU engine to the bit what NumPy gives. For a
    :class:`~ndgpu.DeviceArray` another one, of the same dtype.

    Raises
    ------
    ValueError
        If ``xp`` and ``fp`` differ in length, are not one-dimensional, or are empty, or the period is 0.
    TypeError
        For what has no safe conversion to float64.

    Notes
    -----
    A call makes a table and forgets it. To look up in the same table again, keep an :class:`~ndgpu.InterpTable`.
    On the CPU engine ``x`` is read where it lies; a GPU gets a copy of it, and one of the result comes back.

    Examples
    --------
    >>> import ndgpu
    >>> ndgpu.interp(2.5, [1, 2, 3], [3, 2, 0])
    np.float64(1.0)
    >>> ndgpu.interp([0, 1, 1.5, 2.72, 3.14], [1, 2, 3], [3, 2, 0], right=-99.0)
    array([  3.  ,   3.  ,   2.5 ,   0.56, -99.  ])
    >>> ndgpu.interp([-180, 185, 365], [190, -190, 350, -350], [5, 10, 3, 4], period=360)
    array([7.5 , 6.25, 3.75])
    """
    arrays = type(x) is np.ndarray and x.ndim and type(xp) is np.ndarray and type(fp) is np.ndarray and len(xp) > 1
    if arrays and type(left) in _PLAIN and type(right) in _PLAIN and type(period) in _PLAIN:
        # Arrays of float64 go as they are; whatever else there is to convert or to refuse comes below.
        try:
            result = _interp(for_call(device, np.float64), x, xp, fp, left, right, period)
        except TypeError:
            result = None
        if result is not None:
            return result
    if isinstance(x, DeviceArray):
        return _interp_there(x, xp, fp, left, right, period)
    return _interp_any(x, xp, fp, left, right, period, device)


#: What becomes a float as it should without a look at it.
_PLAIN = frozenset((type(None), float, int, np.float64))


def _interp_any(x: Any, xp: Any, fp: Any, left: Any, right: Any, period: Any, device: On) -> Any:
    x, xp = safely(x, np.float64, "x"), safely(xp, np.float64, "xp")
    refuse_masks(fp, "interp")
    fp = np.asanyarray(fp)
    if np.iscomplexobj(fp):
        # As NumPy has it, each part is interpolated apart; a query that is NaN has no imaginary part. But the only knot
        # of a table has its own value for NaN.
        left, right = _fill(left, complex, "left"), _fill(right, complex, "right")

        def of(part: Callable[[Any], Any]) -> Any:
            left_part, right_part = (None if value is None else part(value) for value in (left, right))
            return _interp_any(x, xp, part(fp), left_part, right_part, period, device)

        real, imag = of(np.real), of(np.imag)
        both = np.empty(np.shape(real), np.complex128)
        both.real, both.imag = real, imag
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
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError(f"Data points must be 1-D sequences, but xp has shape {xp.shape} and fp {fp.shape}")
    if xp.shape != fp.shape:
        raise ValueError(f"fp and xp are not of the same length: {fp.size} and {xp.size}")
    if xp.size == 0:
        if x.size == 0:
            return np.empty(x.shape)
        raise ValueError("array of sample points is empty")
    result: Any = _interp(for_call(device, np.float64), x, xp, fp, left, right, period)
    if xp.size == 1 and period is None:
        # NumPy's: a comparison with NaN finds neither side of the only knot.
        result = np.where(np.isnan(x) | np.isnan(xp[0]), fp[0], result)
    return result[()]


def _interp_there(x: DeviceArray, xp: Any, fp: Any, left: Any, right: Any, period: Any) -> DeviceArray:
    left, right = _fill(left, float, "left"), _fill(right, float, "right")
    period = None if period is None else period_of(period)
    if isinstance(xp, DeviceArray):
        return InterpTable(xp, fp, left=left, right=right, period=period).interp(x)
    table = InterpTable(xp, fp, left=left, right=right, period=period, order="assume", dtype=x.dtype, device=x.device)
    return table.interp(x)


def _fill(value: Any, number: Callable[[Any], Any], name: str) -> Any:
    return None if value is None else one_number(value, number, name)
