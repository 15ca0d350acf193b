"""Operations and their derivatives on NumPy arrays whose dtype is kept: what the bridges to other frameworks stand on.

All arrays of a call are float32, or all are float64. On the CPU engine they are read where they lie, without the
interpreter's lock; results are fresh and writeable.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._devices import for_call
from ._ndgpu import Device, DeviceArray, InterpTable
from ._operands import On

Array: TypeAlias = "NDArray[Any]"
Axes: TypeAlias = "int | tuple[int, ...] | None"


def interp(
    x: Array,
    xp: Array,
    fp: Array,
    left: float | None = None,
    right: float | None = None,
    period: float | None = None,
    *,
    device: On = None,
) -> Array:
    """Values at ``x`` of any shape in a table of ``[n]``; or, if knots or values are ``[rows, n]``, of ``[rows, m]`` at
    ``x`` of ``[m]`` or ``[rows, m]``.

    >>> import numpy as np
    >>> from ndgpu import _host
    >>> xp, fp = np.float32([0, 1]), np.float32([0, 8])
    >>> _host.interp(np.float32([0.25]), xp, fp, device="cpu")
    array([2.], dtype=float32)
    """
    there = _device_of(device, x, xp, fp)
    table = _table(xp, fp, left, right, period, there)
    queries = there._lend(x)
    return (table.interp(queries) if xp.ndim == fp.ndim == 1 else table.interp_rows(queries))._take()


def interp_vjp(
    x: Array,
    xp: Array,
    fp: Array,
    g: Array,
    left: float | None = None,
    right: float | None = None,
    period: float | None = None,
    *,
    wanted: Collection[str] = ("x", "xp", "fp"),
    device: On = None,
) -> dict[str, Array]:
    """The cotangents of what is wanted, each in its shape, from those of the results of :func:`interp`."""
    there = _device_of(device, x, xp, fp, g)
    table = _table(xp, fp, left, right, period, there)
    queries, g_there = there._lend(x), there._lend(g)
    if xp.ndim == fp.ndim == 1:
        return {part: found._take() for part, found in table.interp_vjp(queries, g_there, wanted).items()}
    cotangents: dict[str, Array] = {}
    if "x" in wanted or "xp" in wanted:
        of_x = table.derivative_rows(queries)._take()
        of_x *= g
        if "x" in wanted:
            cotangents["x"] = of_x if x.ndim == 2 else of_x.sum(0)
    if "xp" not in wanted and "fp" not in wanted:
        return cotangents
    at = table.locate_rows(queries)
    if "xp" in wanted:
        # A query's share of a knot is that of the value there, times the negative slope.
        of_xp = at.transpose_apply(there._lend(of_x))._take().reshape(-1, xp.shape[-1])
        np.negative(of_xp, out=of_xp)
        cotangents["xp"] = of_xp if xp.ndim == 2 else of_xp.sum(0)
    if "fp" in wanted:
        of_fp = at.transpose_apply(g_there)._take().reshape(-1, fp.shape[-1])
        cotangents["fp"] = of_fp if fp.ndim == 2 else of_fp.sum(0)
    return cotangents


def interp_jvp(
    x: Array,
    xp: Array,
    fp: Array,
    left: float | None = None,
    right: float | None = None,
    period: float | None = None,
    *,
    dx: Array | None = None,
    dxp: Array | None = None,
    dfp: Array | None = None,
    device: On = None,
) -> Array:
    """The change of the results of :func:`interp` in the direction of tangents, each in the shape of what it is of."""
    there = _device_of(device, x, xp, fp, *(tangent for tangent in (dx, dxp, dfp) if tangent is not None))
    table = _table(xp, fp, left, right, period, there)
    queries = there._lend(x)
    if xp.ndim == fp.ndim == 1:
        lent = [None if tangent is None else there._lend(tangent) for tangent in (dx, dxp, dfp)]
        return table.interp_jvp(queries, dx=lent[0], dxp=lent[1], dfp=lent[2])._take()
    # Of a table without values of its own to the left and right, which do not change.
    still = {"left": None if left is None else 0.0, "right": None if right is None else 0.0, "period": period}
    rows = fp.shape[0] if fp.ndim == 2 else xp.shape[0]

    def applied(tangent: Array) -> Array:
        values = np.ascontiguousarray(np.broadcast_to(tangent, (rows, tangent.shape[-1])))
        return _table(xp, values, **still, device=there).interp_rows(queries)._take()

    change = None if dx is None else dx
    if dxp is not None:
        change = -applied(dxp) if change is None else change - applied(dxp)
    if change is not None:
        change = table.derivative_rows(queries)._take() * change
    if dfp is not None:
        change = applied(dfp) if change is None else change + applied(dfp)
    if change is None:
        raise ValueError("interp_jvp differentiates in a direction, but none of x, xp and fp has a tangent")
    return change


def average(a: Array, axis: Axes = None, weights: Array | None = None, *, device: On = None) -> Array:
    """The averages over some axes, with weights of the shape of ``a`` or of the lengths of the axes."""
    there, *weights_there = _lent(device, a, weights)
    return there.average(axis, _only(weights_there))._take()


def average_returned(
    a: Array, axis: Axes = None, weights: Array | None = None, *, device: On = None
) -> tuple[Array, Array]:
    """The averages, and the sums of the weights, both in the same shape."""
    there, *weights_there = _lent(device, a, weights)
    averages, sums = there.average(axis, _only(weights_there), returned=True)
    return averages._take(), sums._take()


def average_vjp(
    a: Array, g: Array, axis: Axes = None, weights: Array | None = None, *, device: On = None
) -> tuple[Array, Array | None]:
    """The cotangents of ``a`` and of the weights from those of the averages."""
    there, g_there, *weights_there = _lent(device, a, g, weights)
    of_a, of_weights = there.average_vjp(g_there, axis, _only(weights_there))
    return of_a._take(), None if of_weights is None else of_weights._take()


def weighted_sum(a: Array, weights: Array, axis: Axes = None, *, device: On = None) -> Array:
    """The sums over some axes, each element times its weight."""
    there, weights_there = _lent(device, a, weights)
    return there.weighted_sum(weights_there, axis)._take()


def weighted_sum_vjp(
    a: Array, weights: Array, g: Array, axis: Axes = None, *, device: On = None
) -> tuple[Array, Array]:
    """The cotangents of ``a`` and of the weights from those of the sums."""
    there, weights_there, g_there = _lent(device, a, weights, g)
    of_a, of_weights = there.weighted_sum_vjp(weights_there, g_there, axis)
    return of_a._take(), of_weights._take()


def standardize(a: Array, axis: Axes = None, *, ddof: float = 0.0, device: On = None) -> Array:
    """``(a - mean) / std`` over some axes."""
    (there,) = _lent(device, a)
    return there.standardize(axis, ddof=ddof)._take()


def standardize_vjp(a: Array, g: Array, axis: Axes = None, *, ddof: float = 0.0, device: On = None) -> Array:
    """The cotangents of ``a`` from those of the standardized array."""
    there, g_there = _lent(device, a, g)
    return there.standardize_vjp(g_there, axis, ddof=ddof)._take()


def _device_of(device: On, *arrays: Array) -> Device:
    """The device of a call on arrays of one dtype of floats."""
    dtype = arrays[0].dtype
    if dtype not in (np.float32, np.float64) or any(array.dtype != dtype for array in arrays):
        dtypes = ", ".join(str(array.dtype) for array in arrays)
        raise TypeError(f"this takes float32 or float64, the same for all arrays, but there are {dtypes}; cast them")
    return for_call(device, dtype.type)


def _lent(device: On, *arrays: Array | None) -> list[DeviceArray]:
    """The arrays that are there on the device of the call, for that call only."""
    given = [array for array in arrays if array is not None]
    there = _device_of(device, *given)
    return [there._lend(array) for array in given]


def _only(weights: list[DeviceArray]) -> DeviceArray | None:
    return weights[0] if weights else None


def _table(
    xp: Array, fp: Array, left: float | None, right: float | None, period: float | None, device: Device
) -> InterpTable:
    if xp.ndim == 2 and fp.ndim == 1:
        fp = np.broadcast_to(fp, xp.shape)
    return InterpTable(xp, fp, left=left, right=right, period=period, device=device)
