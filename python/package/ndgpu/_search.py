"""``numpy.searchsorted`` and ``numpy.digitize`` on a device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._devices import for_call
from ._ndgpu import DeviceArray, Knots, NotSortedError, _places
from ._operands import On, as_numpys, computed, number_array


def searchsorted(
    a: Any, v: Any, side: Literal["left", "right"] = "left", sorter: ArrayLike | None = None, *, device: On = None
) -> Any:
    """Where values belong in a sorted array: ``numpy.searchsorted``.

    As with NumPy places are anything if ``a`` is not sorted; for a ``v`` that is on a device there is
    :class:`~ndgpu.NotSortedError`. A few values among many are bisected on the host, without a look at all of ``a``.

    >>> import ndgpu
    >>> ndgpu.searchsorted([11, 12, 13, 14, 15], [-10, 20, 12, 13])
    array([0, 5, 1, 2])
    >>> ndgpu.searchsorted([11, 12, 13, 14, 15], 13, side="right")
    np.int64(3)
    """
    if side not in ("left", "right"):
        raise ValueError(f"side must be 'left' or 'right' (got {side!r})")
    a = np.asanyarray(a)
    if a.ndim != 1:
        raise ValueError(f"object of too small depth for desired array: a has shape {a.shape}, but it must be 1-D")
    if sorter is not None:
        order = np.asanyarray(sorter)
        if order.dtype.kind not in "iu" or order.ndim != 1:
            raise TypeError(
                f"sorter must only contain integers, in one dimension, but it has {order.ndim}: {order.dtype}"
            )
        if not np.can_cast(order.dtype, np.intp):
            raise ValueError(f"sorter of {order.dtype} may hold what is no index; give it as {np.dtype(np.intp)}")
        if order.shape != a.shape:
            raise ValueError("sorter.size must equal len(a)")
        if order.size and (order.min() < 0 or order.max() >= a.size):
            raise ValueError("Sorter index out of range.")
        a = a[order]
    if isinstance(v, DeviceArray):
        with _in_words_of("searchsorted"):
            return Knots(a, dtype=v.dtype, device=v.device).searchsorted(v, side)
    v = np.asanyarray(v)
    try:
        return _search(a, v, "searchsorted", lambda knots, x: knots.searchsorted(x, side), side, device)
    except NotSortedError:
        return np.searchsorted(a, v, side)


def digitize(x: Any, bins: Any, right: bool = False, *, device: On = None) -> Any:
    """The bin of each value: ``numpy.digitize``.

    With NaN among the bins too, as NumPy has it for one value at a time: a step to NaN is no increase, so
    ``[2.5, nan]`` decrease. (In bins that no search is right in, NumPy's bin of a value may depend on the values before
    it.)

    >>> import ndgpu
    >>> ndgpu.digitize([0.2, 6.4, 3.0, 1.6], [0.0, 1.0, 2.5, 4.0, 10.0])
    array([1, 4, 3, 2])
    """
    bins = np.asanyarray(bins)
    if bins.ndim != 1:
        raise ValueError(f"object of too small depth for desired array: bins have shape {bins.shape}, but must be 1-D")
    right = bool(right)
    if isinstance(x, DeviceArray):
        with _in_words_of("digitize"):
            return Knots(bins, dtype=x.dtype, device=x.device).digitize(x, right)
    x = np.asanyarray(x)
    if np.iscomplexobj(x):
        raise TypeError("x may not be complex")
    return _search(bins, x, "digitize", lambda knots, x: knots.digitize(x, right), "left" if right else "right", device)


#: With so many elements to a value, bisecting takes less time than preparing all of them.
_ELEMENTS_TO_A_VALUE = 8
_ORDERED = {
    "searchsorted": "a must be sorted, or sorter say how to sort it",
    "digitize": "bins must be monotonically increasing or decreasing",
}


@contextmanager
def _in_words_of(name: str) -> Iterator[None]:
    """What is not sorted is called by the name that it has in the call."""
    try:
        yield
    except NotSortedError as error:
        raise NotSortedError(f"{_ORDERED[name]} ({error})") from None


def _search(
    a: NDArray[Any],
    v: NDArray[Any],
    name: str,
    ask: Callable[[Knots, DeviceArray], DeviceArray],
    side: Literal["left", "right"],
    device: On,
) -> Any:
    a, v = number_array(a, name), number_array(v, name)
    for operand in (a, v):
        if operand.dtype.kind == "c":
            raise TypeError(f"complex numbers have no order that devices know; use numpy.{name}")
    common = np.result_type(a.dtype, v.dtype)
    wide = computed(common)
    target = for_call(device, wide)
    if name == "searchsorted" and a.dtype == common and _ELEMENTS_TO_A_VALUE * v.size <= a.size:
        few = _places(a, v.astype(common, copy=False), side == "right")
        if few is not None:
            return few[()]
    if _fit(common, a, v):
        with _in_words_of(name):
            knots = Knots(a.astype(wide, copy=False), device=target)
            return as_numpys(np.dtype(np.intp), ask(knots, target._lend(v.astype(wide, copy=False)))._take())
    a, v = a.astype(common), v.astype(common)
    decreasing = name == "digitize" and a.size > 1 and a[0] > a[-1]
    ascending = a[::-1] if decreasing else a
    if (ascending[1:] < ascending[:-1]).any():
        raise NotSortedError(_ORDERED[name])
    # What float64 does not hold is left to NumPy.
    places = np.searchsorted(ascending, v, side)
    return (a.size - places if decreasing else places)[()]


def _fit(dtype: np.dtype[Any], *arrays: NDArray[Any]) -> bool:
    """Whether float64 holds all values of some arrays, compared as this dtype, as they are."""
    if dtype.kind not in "iu" or dtype.itemsize < 8:
        return True
    limit = 2**53
    return all(array.size == 0 or (int(array.max()) <= limit and int(array.min()) >= -limit) for array in arrays)
