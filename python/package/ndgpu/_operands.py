"""What the functions in NumPy's place make of their arguments and results, before and after a device has them."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.typing import NDArray

from ._devices import for_call
from ._ndgpu import Device, DeviceArray

Axis: TypeAlias = "SupportsIndex | tuple[SupportsIndex, ...] | None"
On: TypeAlias = "Device | str | None"
Result: TypeAlias = Any

FLOAT64 = np.dtype(np.float64)


def number_array(a: Any, name: str) -> NDArray[Any]:
    """A NumPy array of numbers that devices compute with."""
    refuse_masks(a, name)
    array = np.asarray(a)
    refuse_others(array.dtype, name)
    return array


def refuse_masks(a: Any, name: str) -> None:
    if isinstance(a, np.ma.MaskedArray):
        others = f", or use numpy.ma.{name}" if hasattr(np.ma, name) else ""
        raise TypeError(f"devices know no masks: fill or compress the array{others}")


def refuse_others(dtype: np.dtype[Any], name: str) -> None:
    if dtype.kind not in "biufc" or dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise TypeError(f"devices compute with numbers of up to 64 bits, but the dtype is {dtype}; use numpy.{name}")


def one_number(value: Any, number: Callable[[Any], Any], what: str) -> Any:
    """An argument that is one number, as a float or a complex number.

    Python's own conversions take text, the real part of NumPy's complex numbers, and what a mask hides.
    """
    if isinstance(value, (str, bytes, np.ma.MaskedArray)):
        raise TypeError(f"{what} must be a number, not {value!r}")
    dtype = getattr(value, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind not in ("biufcO" if number is complex else "biufO"):
        raise TypeError(f"{what} must be a {'' if number is complex else 'real '}number, not of dtype {dtype}")
    try:
        return number(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what} must be one number: {error}") from None


def safely(a: Any, dtype: Any, name: str) -> NDArray[Any]:
    """An operand of `interp` as NumPy takes it: converted where no value changes, apart from integers beyond 2**53."""
    refuse_masks(a, "interp")
    array = np.asarray(a)
    if array.dtype == dtype:
        return array
    if array.dtype == object and getattr(getattr(a, "dtype", None), "name", None) == "boolean":
        # Truths of pandas' with gaps are objects unless they are asked for as floats, as NumPy asks for them.
        return np.asarray(a, dtype)
    try:
        return array.astype(dtype, casting="safe")
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


def period_of(period: Any) -> float:
    # An operand to NumPy, but for Python's integers, of which there are larger ones than dtypes have.
    return float(one_number(period if type(period) is int else safely(period, FLOAT64, "period"), float, "period"))


def computed(dtype: np.dtype[Any]) -> type[np.float32] | type[np.float64]:
    """What is computed in: float32 for what it holds exactly, float64 for the rest."""
    return np.float32 if dtype.newbyteorder("=") in (np.float32, np.float16) else np.float64


def lent(a: NDArray[Any], device: On) -> DeviceArray:
    """An array on the device of a call, for that call only."""
    wide = computed(a.dtype)
    return for_call(device, wide)._lend(a.astype(wide, copy=False))


def as_numpys(dtype: np.dtype[Any], array: NDArray[Any]) -> Any:
    """NumPy's result: of its dtype, and a scalar if it has no axes."""
    return array.astype(dtype.newbyteorder("="), copy=False)[()]


def truth(keepdims: Any) -> bool:
    """NumPy hands its own word for an argument that was left out through to others."""
    return keepdims is not np._NoValue and bool(keepdims)


def given(argument: Any, default: Any) -> Any:
    """An argument, where NumPy hands its own word for one that was left out through to others."""
    return default if argument is np._NoValue else argument


def skips_missing(a: Any) -> bool:
    """Whether this is an array or a table of pandas', whose own reductions, which NumPy's functions call, skip NaN."""
    if type(a) is np.ndarray or type(a) is list:
        return False
    return any(cls.__module__.partition(".")[0] == "pandas" for cls in type(a).__mro__)


def count(a: NDArray[Any], axis: Any) -> int:
    """How many elements each result is made of."""
    axes = range(a.ndim) if axis is None else normalize_axis_tuple(axis, a.ndim, argname="axis")
    return math.prod(a.shape[ax] for ax in axes)


def warn_of_nothing(name: str, a: NDArray[Any], axis: Any, ddof: float) -> None:
    """NumPy's warnings, where results are NaN for want of elements."""
    if name == "mean" and count(a, axis) == 0:
        warn("Mean of empty slice.")
    if name in ("var", "std") and count(a, axis) <= ddof:
        warn("Degrees of freedom <= 0 for slice")


def warn(message: str) -> None:
    """A warning that names the line which called ndgpu."""
    depth, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        frame, depth = frame.f_back, depth + 1  # type: ignore[assignment]
    warnings.warn(message, RuntimeWarning, stacklevel=depth)
