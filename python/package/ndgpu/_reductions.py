"""NumPy's sums, means, variances and extremes on a device, and :func:`standardize`.

Each takes what NumPy takes and gives what NumPy gives. An argument that is a :class:`~ndgpu.DeviceArray` stays on its
device, in its dtype, and so does the result.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ._devices import for_call
from ._ndgpu import DeviceArray
from ._operands import (
    Axis,
    On,
    Result,
    as_numpys,
    count,
    lent,
    number_array,
    one_number,
    refuse_masks,
    refuse_others,
    truth,
    warn_of_nothing,
)


def sum(
    a: Any,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
    *,
    device: On = None,
) -> Result:
    """The sum: ``numpy.sum``. Integers and bools are left to NumPy, which adds them up modulo 2**64.

    >>> import ndgpu
    >>> ndgpu.sum([[0, 1], [0, 5]], axis=0)
    array([0, 6])
    >>> ndgpu.sum([0.5, 1.5])
    np.float64(2.0)
    """
    return _reduce("sum", a, axis, dtype, out, keepdims, device, initial=initial, where=where)


def mean(
    a: Any,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    keepdims: bool = False,
    *,
    device: On = None,
) -> Result:
    """The mean: ``numpy.mean``. Of nothing it is NaN.

    >>> import ndgpu
    >>> ndgpu.mean([[1, 2], [3, 4]], axis=0)
    array([2., 3.])
    """
    return _reduce("mean", a, axis, dtype, out, keepdims, device)


def var(
    a: Any,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
    device: On = None,
) -> Result:
    """The variance, from the squares of the distances to the mean: ``numpy.var``.

    >>> import ndgpu
    >>> ndgpu.var([[1, 2], [3, 4]])
    np.float64(1.25)
    """
    return _reduce("var", a, axis, dtype, out, keepdims, device, ddof=_ddof(ddof, correction))


def std(
    a: Any,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
    device: On = None,
) -> Result:
    """The standard deviation: ``numpy.std``.

    >>> import ndgpu
    >>> ndgpu.std([[1, 2], [3, 4]], axis=1)
    array([0.5, 0.5])
    """
    return _reduce("std", a, axis, dtype, out, keepdims, device, ddof=_ddof(ddof, correction))


def min(
    a: Any,
    axis: Axis = None,
    out: NDArray[Any] | None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
    *,
    device: On = None,
) -> Result:
    """The smallest value, NaN if there is any: ``numpy.min``.

    >>> import ndgpu
    >>> ndgpu.min([[3, 1], [2, 5]], axis=1)
    array([1, 2])
    """
    return _reduce("min", a, axis, None, out, keepdims, device, initial=initial, where=where)


def max(
    a: Any,
    axis: Axis = None,
    out: NDArray[Any] | None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
    *,
    device: On = None,
) -> Result:
    """The largest value, NaN if there is any: ``numpy.max``.

    >>> import ndgpu
    >>> ndgpu.max([[3, 1], [2, 5]], axis=1)
    array([3, 5])
    """
    return _reduce("max", a, axis, None, out, keepdims, device, initial=initial, where=where)


amin, amax = min, max


def argmin(
    a: Any,
    axis: SupportsIndex | None = None,
    out: NDArray[Any] | None = None,
    *,
    keepdims: bool = False,
    device: On = None,
) -> Result:
    """Where the smallest value is, or the first NaN: ``numpy.argmin``. Of equal ones the first.

    >>> import ndgpu
    >>> ndgpu.argmin([[3, 1], [2, 5]], axis=1)
    array([1, 0])
    """
    return _locate("argmin", a, axis, out, keepdims, device)


def argmax(
    a: Any,
    axis: SupportsIndex | None = None,
    out: NDArray[Any] | None = None,
    *,
    keepdims: bool = False,
    device: On = None,
) -> Result:
    """Where the largest value is, or the first NaN: ``numpy.argmax``. Of equal ones the first.

    >>> import ndgpu
    >>> ndgpu.argmax([[3, 1], [2, 5]])
    np.int64(3)
    """
    return _locate("argmax", a, axis, out, keepdims, device)


def standardize(a: Any, axis: Axis = None, *, ddof: float = 0, device: On = None) -> Any:
    """``(a - mean) / std`` along an axis, over a tuple of them or over everything, as ``scipy.stats.zscore`` has it: NaN where
    all values are the same.

    >>> import ndgpu
    >>> ndgpu.standardize([1.0, 2.0, 3.0], ddof=1)
    array([-1.,  0.,  1.])
    """
    ddof = one_number(ddof, float, "ddof")
    if isinstance(a, DeviceArray):
        return a.standardize(axis, ddof=ddof)
    a = number_array(a, "std")
    if a.dtype.kind == "c":
        raise TypeError("complex numbers are not standardized")
    if a.dtype.kind in "biu":
        a = a.astype(np.float64)
    return as_numpys(a.dtype, lent(a, device).standardize(axis, ddof=ddof)._take())


def _reduce(
    name: str,
    a: Any,
    axis: Any,
    dtype: DTypeLike | None,
    out: NDArray[Any] | None,
    keepdims: Any,
    device: On,
    *,
    initial: Any = None,
    where: Any = True,
    **options: Any,
) -> Any:
    keepdims = truth(keepdims)
    if isinstance(a, DeviceArray):
        if dtype is not None or out is not None or initial is not None or where is not True:
            raise TypeError("arrays on a device keep their dtype, and take neither out, initial nor where")
        return getattr(a, name)(axis, keepdims=keepdims, **options)
    a = number_array(a, name)
    if a.ndim == 0 and name in ("sum", "min", "max"):
        axis = _axis_of_scalar(axis)
    if dtype is not None:
        dtype = _dtype(dtype, name)
        a = a.astype(dtype)
    if where is not True:
        a = _only(a, name, where, initial)
    if initial is not None and name in ("min", "max") and count(a, axis) == 0:
        result = np.broadcast_to(_beginning(initial, a.dtype, name), np.sum(a, axis, keepdims=keepdims).shape)
        result = as_numpys(a.dtype, result.copy())
    else:
        warn_of_nothing(name, a, axis, options.get("ddof", 0))
        result = _reduced(name, a, axis, keepdims, device, options)
        if initial is not None:
            result = _STARTED[name](result, _beginning(initial, result.dtype, name))
    if dtype is not None:
        result = result.astype(dtype)
    return result if out is None else _into(out, result, name)


def _axis_of_scalar(axis: Any) -> Any:
    """Some functions of NumPy's let a number without axes have one."""
    try:
        return None if operator.index(axis) in (0, -1) else axis
    except TypeError:
        return axis


def _dtype(dtype: DTypeLike, name: str) -> np.dtype[Any]:
    wanted = np.dtype(dtype)
    refuse_others(wanted, name)
    if not wanted.isnative:
        raise TypeError(f"results are computed in the machine's order of bytes, but dtype is {wanted}")
    if name in ("var", "std") and wanted.kind not in "fc":
        raise TypeError(f"a {name} is computed in floats, but dtype is {wanted}; convert the result")
    return wanted


def _reduced(name: str, a: NDArray[Any], axis: Any, keepdims: bool, device: On, options: dict[str, Any]) -> Any:
    def of_floats(values: NDArray[Any]) -> NDArray[Any]:
        return getattr(lent(values, device), name)(axis, keepdims=keepdims, **options)._take()  # type: ignore[no-any-return]

    if a.dtype.kind == "c":
        if name in ("min", "max"):
            raise TypeError(f"complex numbers have no order that devices know; use numpy.{name}")
        if name in ("var", "std"):
            return _spread_of_complex(name, a, axis, keepdims, device, **options)
        real, imag = of_floats(a.real), of_floats(a.imag)
        result = np.empty(real.shape, a.dtype)
        result.real, result.imag = real, imag
        return result[()]
    if a.dtype.kind in "biu":
        if name in _INTEGERS:
            return _of_integers(name, a, axis, keepdims, device)
        a = a.astype(np.float64)
    return as_numpys(a.dtype, of_floats(a))


def _spread_of_complex(name: str, a: NDArray[Any], axis: Any, keepdims: bool, device: On, ddof: float) -> Any:
    """The variance of complex numbers is that of their real and of their imaginary parts together."""
    # Parts that are all the same have NaN for want of degrees of freedom, where both together may have infinity.
    enough = count(a, axis) > ddof or math.isnan(ddof)
    real, imag = (
        lent(part, device).var(axis, keepdims=keepdims, ddof=ddof if enough else 0.0)._take()
        for part in (a.real, a.imag)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (real + imag) / real.dtype.type(1 if enough else 0)
    return (np.sqrt(variance) if name == "std" else variance)[()]


_INTEGERS: dict[str, Callable[..., Any]] = {
    "sum": np.sum,
    "min": np.min,
    "max": np.max,
    "argmin": np.argmin,
    "argmax": np.argmax,
}


def _of_integers(name: str, a: NDArray[Any], axis: Any, keepdims: bool, device: On) -> Any:
    """Devices compute with floats. To cut integers into as many as hold them takes longer than what NumPy does."""
    for_call(device, np.float64)  # refuses what is no device
    return _INTEGERS[name](a, axis=axis, keepdims=keepdims)


def _ddof(ddof: float, correction: float | None) -> float:
    if correction is None:
        return one_number(ddof, float, "ddof")  # type: ignore[no-any-return]
    if ddof != 0:
        raise ValueError("ddof and correction can't be provided simultaneously.")
    return one_number(correction, float, "correction")  # type: ignore[no-any-return]


def _into(out: Any, result: Any, name: str) -> NDArray[Any]:
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an array, not {type(out).__name__}")
    refuse_masks(out, name)
    refuse_others(out.dtype, name)
    # NumPy converts sums, means and extremes as is asked; roots and places it does not.
    if name == "std" and out.dtype.kind not in "fc":
        raise TypeError(f"out must be an array of floats for the result of ndgpu.std, not {out.dtype}")
    if name.startswith("arg") and not np.can_cast(out.dtype, np.intp):
        raise TypeError(f"out must be an array of integers for the result of ndgpu.{name}, not {out.dtype}")
    if np.shape(result) != out.shape:
        raise ValueError(f"output array does not match result of ndgpu.{name}: {out.shape}, not {np.shape(result)}")
    np.copyto(out, result, casting="unsafe")
    return out


_STARTED: dict[str, Callable[..., Any]] = {"sum": np.add, "min": np.minimum, "max": np.maximum}


def _only(a: NDArray[Any], name: str, where: Any, initial: Any) -> NDArray[Any]:
    """What `where` leaves out adds nothing to a sum, and is no more extreme than what an extreme begins with."""
    if name != "sum" and initial is None:
        raise ValueError(
            f"reduction operation '{name}' does not have an identity, so to use a where mask one has to "
            "specify 'initial'"
        )
    refuse_masks(where, name)
    # Of lists NumPy takes the truth, of arrays nothing but that.
    truths = np.asarray(where)
    truths = truths.astype(bool) if isinstance(where, (list, tuple)) else truths.astype(bool, casting="safe")
    where = np.broadcast_to(truths, a.shape)
    return np.where(where, a, _beginning(0 if name == "sum" else initial, a.dtype, name))


def _beginning(initial: Any, dtype: np.dtype[Any], name: str) -> Any:
    """What a reduction begins with, as NumPy converts it, if it is one number and loses nothing but fractions."""
    if type(initial) is not int:
        start = number_array(initial, name)
        if start.ndim:
            raise TypeError(f"initial must be one number, but it has shape {start.shape}")
        if start.dtype.kind == "c" and dtype.kind != "c":
            raise TypeError(f"initial is complex, but a is {dtype}")
    converted = np.empty((), dtype.newbyteorder("="))
    converted[()] = initial
    return converted[()]


def _locate(name: str, a: Any, axis: Any, out: NDArray[Any] | None, keepdims: Any, device: On) -> Any:
    keepdims = truth(keepdims)
    if isinstance(a, DeviceArray):
        return getattr(a, name)(axis, keepdims=keepdims)
    a = number_array(a, name)
    if a.ndim == 0:
        axis = _axis_of_scalar(axis)
    if a.dtype.kind == "c":
        raise TypeError(f"complex numbers have no order that devices know; use numpy.{name}")
    if a.dtype.kind in "biu":
        result = _of_integers(name, a, axis, keepdims, device)
    else:
        result = as_numpys(np.dtype(np.intp), getattr(lent(a, device), name)(axis, keepdims=keepdims)._take())
    return result if out is None else _into(out, result, name)
