"""Integers on devices that compute with floats: exactly what NumPy gives, also where float64 does not hold them.

float64 holds integers up to 2**53. Larger ones are cut into limbs that it holds.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ._ndgpu import Device, Knots

_HELD = 53
_HALF = 32


class Reduce(Protocol):
    """Reduces an array of floats over the axes of a call; axes are kept as the call says if that is None."""

    def __call__(self, values: NDArray[Any], name: str, keepdims: bool | None, /) -> NDArray[Any]: ...


def fit(dtype: np.dtype[Any], *arrays: NDArray[Any]) -> bool:
    """Whether float64 holds all values of some arrays, compared as this dtype, as they are."""
    if dtype.kind not in "iu" or dtype.itemsize < 8:
        return True
    limit = 2**_HELD
    return all(array.size == 0 or (int(array.max()) <= limit and int(array.min()) >= -limit) for array in arrays)


def sum_of_integers(a: NDArray[Any], reduce: Reduce) -> Any:
    """The sum modulo 2**64, in NumPy's dtype of it. A pass for as many bits as sums of float64 have room for."""
    signed = a.dtype.kind != "u"
    dtype = np.dtype(np.int64 if signed else np.uint64)
    if a.dtype.itemsize == 8:
        dtype = a.dtype.newbyteorder("=")
    bits = 1 if a.dtype.kind == "b" else 8 * a.dtype.itemsize
    room = _HELD - max(a.size, 1).bit_length()
    if bits <= room:
        return reduce(a.astype(np.float64), "sum", None).astype(np.int64).astype(dtype)[()]
    whole = a.astype(np.int64 if signed else np.uint64)
    mask = whole.dtype.type((1 << room) - 1)
    total = np.zeros((), np.uint64)
    for shift in range(0, bits, room):
        limb = whole >> whole.dtype.type(shift)
        if shift + room < bits:
            limb &= mask
        part = reduce(limb.astype(np.float64), "sum", None).astype(np.int64).view(np.uint64)
        total = total + (part << np.uint64(shift))
    return total.view(dtype)[()]


def extreme_of_integers(a: NDArray[Any], name: str, axis: Any, keepdims: bool, reduce: Reduce) -> Any:
    """The smallest or largest integer or bool, in its own dtype."""
    if fit(a.dtype, a):
        return reduce(a.astype(np.float64), name, keepdims).astype(a.dtype)[()]
    upper, candidates = _contest(a, name, reduce)
    lower = reduce(candidates, name, True)
    found = (upper.astype(a.dtype) << a.dtype.type(_HALF)) | lower.astype(a.dtype)
    return found if keepdims else np.squeeze(found, axis)[()]


def place_in_integers(a: NDArray[Any], name: str, reduce: Reduce) -> NDArray[Any]:
    """Where the smallest or largest integer is, for ``name`` ``argmin`` or ``argmax``."""
    if fit(a.dtype, a):
        return reduce(a.astype(np.float64), name, None)
    _, candidates = _contest(a, name.removeprefix("arg"), reduce)
    return reduce(candidates, name, None)


def _contest(a: NDArray[Any], name: str, reduce: Reduce) -> tuple[NDArray[Any], NDArray[Any]]:
    """The extreme of the upper halves, its axes kept, and the lower halves of those that have it; others are out."""
    half = a.dtype.type(_HALF)
    upper, lower = (a >> half).astype(np.float64), (a & a.dtype.type(2**_HALF - 1)).astype(np.float64)
    extreme = reduce(upper, name, True)
    out_of_it = 2.0**_HALF if name == "min" else -1.0
    return extreme, np.where(upper == extreme, lower, out_of_it)


def search_integers(a: NDArray[Any], v: NDArray[Any], side: Literal["left", "right"], device: Device) -> NDArray[Any]:
    """Places among integers that do not decrease.

    Rounding keeps an order but for what it makes equal: a search among floats leaves the few that round alike, which
    are bisected as they are.
    """
    knots = Knots(a.astype(np.float64), device=device)
    rounded = device._lend(v.astype(np.float64))
    low, high = (knots.searchsorted(rounded, end).numpy().astype(np.intp) for end in ("left", "right"))
    while (open_ := low < high).any():
        middle = (low + high) // 2
        there = a[np.minimum(middle, a.size - 1)]
        behind = (there < v if side == "left" else there <= v) & open_
        low = np.where(behind, middle + 1, low)
        high = np.where(open_ & ~behind, middle, high)
    return low
