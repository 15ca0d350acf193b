"""What a callback into Python computes: the same as XLA's handlers, of NumPy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._ndgpu import Device, DeviceArray, InterpTable

if TYPE_CHECKING:
    from ._operator import Rules


def apply(x: NDArray[Any], xp: NDArray[Any], v: NDArray[Any], *, rules: Rules, device: Device) -> NDArray[Any]:
    queries = device._lend(_shared(x))
    if len(v) > 1 and len(x) == len(xp) == 1:
        return _taken(_table(xp[0], np.zeros_like(xp[0]), rules, device).locate(queries).apply(device._lend(v)))
    table = _table(_shared(xp), _shared(v), rules, device)
    result = _taken(table.interp(queries) if len(v) == 1 else table.interp_rows(queries))
    return result.reshape(len(v), x.shape[1])


def transpose_apply(
    x: NDArray[Any], xp: NDArray[Any], g: NDArray[Any], *, rules: Rules, device: Device
) -> NDArray[Any]:
    queries = device._lend(_shared(x))
    if len(x) == len(xp) == 1:
        located = _table(xp[0], np.zeros_like(xp[0]), rules, device).locate(queries)
    else:
        located = _table(_shared(xp), np.zeros((len(g), xp.shape[1]), xp.dtype), rules, device).locate_rows(queries)
    return _taken(located.transpose_apply(device._lend(_shared(g)))).reshape(len(g), xp.shape[1])


def interp_vjp(
    x: NDArray[Any],
    xp: NDArray[Any],
    v: NDArray[Any],
    g: NDArray[Any],
    *,
    wanted: tuple[int, ...],
    rules: Rules,
    device: Device,
) -> list[NDArray[Any]]:
    names = [("x", "xp", "fp")[place] for place in wanted]
    found = _table(xp[0], v[0], rules, device).interp_vjp(device._lend(x[0]), device._lend(g[0]), names)
    return [_taken(found[name])[np.newaxis] for name in names]


def _shared(rows: NDArray[Any]) -> NDArray[Any]:
    """One row stands for all."""
    return rows[0] if len(rows) == 1 else rows


def _table(xp: NDArray[Any], v: NDArray[Any], rules: Rules, device: Device) -> InterpTable:
    method: Literal["previous", "linear"] = "previous" if rules.previous else "linear"
    left, right, period = rules.left, rules.right, rules.period
    return InterpTable(xp, v, left=left, right=right, period=period, method=method, dtype=xp.dtype, device=device)


def reduce(a: NDArray[Any], *, axes: tuple[int, ...], mean: bool, device: Device) -> NDArray[Any]:
    there = device._lend(a)
    return _taken(there.mean(axes) if mean else there.sum(axes))


def weighted_sum(a: NDArray[Any], weights: NDArray[Any], *, axes: tuple[int, ...], device: Device) -> NDArray[Any]:
    return _taken(device._lend(a).weighted_sum(device._lend(weights), axes))


def average(a: NDArray[Any], weights: NDArray[Any], *, axes: tuple[int, ...], device: Device) -> list[NDArray[Any]]:
    return [_taken(each) for each in device._lend(a).average(axes, device._lend(weights), returned=True)]


def _taken(array: DeviceArray) -> NDArray[Any]:
    return np.asarray(array._take())
