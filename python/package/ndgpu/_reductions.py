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
    given,
    lent,
    number_array,
    one_number,
    refuse_masks,
    refuse_others,
    skips_missing,
    truth,
    warn,
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
    return reduced("sum", a, axis, dtype, out, keepdims, device, initial=initial, where=where)


def mean(
    a: Any,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    keepdims: bool = False,
    *,
    where: Any = True,
    device: On = None,
) -> Result:
    """The mean: ``numpy.mean``. Of nothing it is NaN.

    >>> import ndgpu
    >>> ndgpu.mean([[1, 2], [3, 4]], axis=0)
    array([2., 3.])
    >>> ndgpu.mean([[1, 2], [3, 4]], axis=0, where=[[True, False], [True, True]])
    array([2., 4.])
    """
    return reduced("mean", a, axis, dtype, out, keepdims, device, where=where)


def var(
    a: Any,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
    device: On = None,
) -> Result:
    """The variance, from the squares of the distances to the mean: ``numpy.var``.

    Means that are given, of the shape that ``keepdims`` makes, are subtracted on the host, and the device adds up the
    squares. Without them a device finds both itself, more exactly.

    >>> import ndgpu
    >>> ndgpu.var([[1, 2], [3, 4]])
    np.float64(1.25)
    >>> ndgpu.var([[1, 2], [3, 4]], axis=0, mean=[[2, 3]])
    array([1., 1.])
    """
    ddof = ddof_of(ddof, correction)
    return reduced("var", a, axis, dtype, out, keepdims, device, where=where, mean=mean, ddof=ddof)


def std(
    a: Any,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
    device: On = None,
) -> Result:
    """The standard deviation: ``numpy.std``.

    >>> import ndgpu
    >>> ndgpu.std([[1, 2], [3, 4]], axis=1)
    array([0.5, 0.5])
    """
    ddof = ddof_of(ddof, correction)
    return reduced("std", a, axis, dtype, out, keepdims, device, where=where, mean=mean, ddof=ddof)


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
    return reduced("min", a, axis, None, out, keepdims, device, initial=initial, where=where)


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
    return reduced("max", a, axis, None, out, keepdims, device, initial=initial, where=where)


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


def standardize(
    a: Any,
    axis: Axis = None,
    *,
    ddof: float = 0,
    mean: Any = None,
    std: Any = None,
    returned: bool = False,
    device: On = None,
) -> Any:
    """``(a - mean) / std`` along an axis, over a tuple of them or over everything, as ``scipy.stats.zscore`` has it.

    Parameters
    ----------
    a : array_like or DeviceArray
    axis : None, int or tuple of ints, optional
    ddof : float, optional
        Of the deviations, which are divided by the root of the number of values less this.
    mean, std : array_like, optional
        Mean and deviation to take in the place of those of ``a``: both or neither, in shapes that broadcast to that of
        ``a``. Then ``axis`` and ``ddof`` are not looked at, and NumPy subtracts and divides: no device is asked.
    returned : bool, optional
        Whether to give mean and deviation too, of the shape that ``keepdims`` makes, as a later call takes them.

    Returns
    -------
    The standardized values, NaN where all values are the same; or a tuple of them, the mean and the deviation. float32
    for float32, else float64. From a :class:`~ndgpu.DeviceArray` all of them are on its device.

    Raises
    ------
    ValueError
        If only one of ``mean`` and ``std`` is given, or one does not fit ``a``.
    TypeError
        For complex numbers, and for ``mean`` and ``std`` with a :class:`~ndgpu.DeviceArray`, which has only its own.

    Examples
    --------
    >>> import ndgpu
    >>> ndgpu.standardize([1.0, 2.0, 3.0], ddof=1)
    array([-1.,  0.,  1.])
    >>> z, mean, std = ndgpu.standardize([[1.0, 10.0], [3.0, 30.0]], axis=0, returned=True)
    >>> ndgpu.standardize([[2.0, 40.0]], mean=mean, std=std)
    array([[0., 2.]])
    """
    ddof = one_number(ddof, float, "ddof")
    mean, std = given(mean, None), given(std, None)
    if (mean is None) != (std is None):
        raise ValueError("mean and std go together: both are given, or neither is")
    if isinstance(a, DeviceArray):
        if mean is not None:
            raise TypeError("what is on a device is standardized by its own mean and deviation; standardize it before")
        z = a.standardize(axis, ddof=ddof)
        return (z, a.mean(axis, keepdims=True), a.std(axis, ddof=ddof, keepdims=True)) if returned else z
    a = number_array(a, "std")
    if a.dtype.kind == "c":
        raise TypeError("complex numbers are not standardized")
    if a.dtype.kind in "biu":
        a = a.astype(np.float64)
    if mean is not None:
        return _standardized_by(mean, std, a, returned)
    there = lent(a, device)
    z = as_numpys(a.dtype, there.standardize(axis, ddof=ddof)._take())
    if not returned:
        return z
    mean, std = there.mean(axis, keepdims=True), there.std(axis, ddof=ddof, keepdims=True)
    return (z, *(as_numpys(a.dtype, each._take()) for each in (mean, std)))


def _standardized_by(mean: Any, std: Any, a: NDArray[Any], returned: bool) -> Any:
    statistics = [number_array(each, "std") for each in (mean, std)]
    for name, each in zip(("mean", "std"), statistics):
        if each.dtype.kind == "c":
            raise TypeError(f"{name} is complex, but what is standardized is not")
        try:
            np.broadcast_to(each, a.shape)
        except ValueError:
            raise ValueError(
                f"{name} has shape {each.shape}, which does not broadcast to that of a, {a.shape}"
            ) from None
    with np.errstate(divide="ignore", invalid="ignore"):
        z = as_numpys(a.dtype, np.asarray((a - statistics[0]) / statistics[1]))
    return (z, *statistics) if returned else z


def reduced(
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
    mean: Any = None,
    skip_nan: bool = False,
    **options: Any,
) -> Any:
    """What the function of this name gives, and with `skip_nan` the one with "nan" before its name."""
    keepdims = truth(keepdims)
    initial, where, mean = given(initial, None), given(where, True), given(mean, None)
    if isinstance(a, DeviceArray):
        if any(each is not None for each in (dtype, out, initial, mean)) or where is not True:
            raise TypeError("arrays on a device keep their dtype, and take neither out, initial, where nor mean")
        return getattr(a, name)(axis, keepdims=keepdims, skip_nan=skip_nan, **options)
    quiet = not skip_nan and skips_missing(a)
    a = number_array(a, f"nan{name}" if skip_nan else name)
    if a.dtype.kind == "c" and name in ("min", "max"):
        raise TypeError(f"complex numbers have no order that devices know; use numpy.{'nan' if skip_nan else ''}{name}")
    skip_nan = (skip_nan or quiet) and a.dtype.kind in "fc"
    if a.ndim == 0 and name in ("sum", "min", "max"):
        axis = _axis_of_scalar(axis)
    if skip_nan and not quiet and name in ("mean", "var", "std"):
        _expect_inexact(dtype, out)
    if dtype is not None:
        dtype = _dtype(dtype, name)
        a = a.astype(dtype)
    if where is not True:
        where = _where(where, a, name)
        if name in ("sum", "min", "max"):
            a, where = _only(a, name, where, initial, skip_nan), True
    if initial is not None and name in ("min", "max") and count(a, axis) == 0:
        result = np.broadcast_to(_beginning(initial, a.dtype, name), np.sum(a, axis, keepdims=keepdims).shape)
        result = as_numpys(a.dtype, result.copy())
    elif mean is not None:
        result = _spread_about(mean, name, a, axis, keepdims, device, where, skip_nan, quiet, **options)
    elif where is not True:
        result = _reduced_where(name, a, axis, keepdims, device, where, skip_nan, quiet, options)
    else:
        if not skip_nan:
            warn_of_nothing(name, a, axis, options.get("ddof", 0))
        result = _reduced(name, a, axis, keepdims, device, options, skip_nan)
        if initial is not None:
            started = _STARTED_BUT_NAN if skip_nan else _STARTED
            result = started[name](result, _beginning(initial, result.dtype, name))
        if skip_nan:
            result = _without_values(name, a, axis, keepdims, result, quiet, options.get("ddof", 0))
    if dtype is not None:
        result = result.astype(dtype)
    return result if out is None else _into(out, result, name)


def _expect_inexact(dtype: DTypeLike | None, out: Any) -> None:
    """NumPy's nanmean, nanvar and nanstd ask for this of floats, in these words."""
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        raise TypeError("If a is inexact, then dtype must be inexact")
    if isinstance(out, np.ndarray) and out.dtype.kind not in "fc":
        raise TypeError("If a is inexact, then out must be inexact")


def _without_values(
    name: str, a: NDArray[Any], axis: Any, keepdims: bool, result: Any, quiet: bool, ddof: float
) -> Any:
    """NumPy's warnings, and its NaN, for what has nothing but NaN. Nobody counts values before a result looks so."""
    if name == "sum":
        return result
    suspects = np.isnan(result) if name != "var" and name != "std" else ~np.isfinite(result)
    if not np.any(suspects):
        return result
    if name in ("min", "max"):
        if not quiet:
            warn("All-NaN slice encountered")
        return result
    left = np.sum(~np.isnan(a), axis=axis, dtype=np.intp, keepdims=keepdims)
    return _of_too_few(name, left, ddof, result, quiet)


def _of_too_few(name: str, left: Any, ddof: float, result: Any, quiet: bool) -> Any:
    """The results of the functions that skip NaN, where no more than so many values are left."""
    too_few = left == 0 if name == "mean" else left <= ddof
    result = _spread_of_nothing(name, left, ddof, result)
    if not np.any(too_few):
        return result
    if not quiet:
        warn("Mean of empty slice" if name == "mean" else "Degrees of freedom <= 0 for slice.")
    result = np.where(too_few, result.dtype.type(np.nan), result)
    return result[()]


def _spread_of_nothing(name: str, left: Any, ddof: float, result: Any) -> Any:
    """With a ddof below 0 the variance of no values is not 0 / 0, but 0."""
    return np.where(left == 0, result.dtype.type(0), result)[()] if name != "mean" and ddof < 0 else result


def _reduced_where(
    name: str,
    a: NDArray[Any],
    axis: Any,
    keepdims: bool,
    device: On,
    where: NDArray[np.bool],
    skip_nan: bool,
    quiet: bool,
    options: dict[str, Any],
) -> Any:
    """The mean, variance or deviation of a part of the values: what is left out becomes NaN, and NaN is skipped."""
    if a.dtype.kind in "biu":
        a = a.astype(np.float64)
    nan = np.isnan(a)
    if skip_nan:
        where = where & ~nan
    left, ddof = np.sum(where, axis=axis, dtype=np.intp, keepdims=keepdims), options.get("ddof", 0)
    masked = np.where(where, a, a.dtype.type(np.nan))
    if a.dtype.kind == "c" and name != "mean":
        result = _reduced("var", masked, axis, keepdims, device, {"ddof": 0.0}, True)
        with np.errstate(divide="ignore", invalid="ignore"):
            result = (result * (left / np.maximum(left - ddof, 0))).astype(result.dtype)[()]
        result = np.sqrt(result) if name == "std" else result
    else:
        result = _reduced(name, masked, axis, keepdims, device, options, True)
    if skip_nan:
        return _of_too_few(name, left, ddof, result, quiet)
    if np.any(left <= ddof):
        warn("Mean of empty slice." if name == "mean" else "Degrees of freedom <= 0 for slice")
    result = _spread_of_nothing(name, left, ddof, result)
    taken = nan & where
    if taken.any():
        # Not skipped: those which are among what is asked for.
        result = np.where(taken.any(axis=axis, keepdims=keepdims), result.dtype.type(np.nan), result)[()]
    return result


def _spread_about(
    mean: Any,
    name: str,
    a: NDArray[Any],
    axis: Any,
    keepdims: bool,
    device: On,
    where: Any,
    skip_nan: bool,
    quiet: bool,
    ddof: float,
) -> Any:
    """The variance or deviation about means that are given."""
    means = number_array(mean, name)
    if means.dtype.kind == "c" and a.dtype.kind != "c":
        raise TypeError(f"mean is complex, but a is {a.dtype}")
    # Python's own numbers take the dtype of what they meet.
    distances = np.asarray(a - (mean if type(mean) in (int, float, complex) else means))
    if distances.shape != a.shape:
        raise ValueError(
            f"mean has shape {means.shape}, which does not fit an array of shape {a.shape}: it is to be of the shape "
            "that keepdims=True makes"
        )
    if skip_nan:
        where = where & ~np.isnan(a)
        distances = distances.astype(a.dtype)
    if a.dtype.kind in "biu" or distances.dtype.kind in "biu":
        distances = distances.astype(np.result_type(distances.dtype, np.float64))
    left: Any = count(a, axis)
    if where is not True:
        left = np.sum(where, axis=axis, dtype=np.intp, keepdims=keepdims)
        distances = np.where(where, distances, distances.dtype.type(0))
    if not skip_nan and np.any(left <= ddof):
        warn("Degrees of freedom <= 0 for slice")
    # Each distance is its own weight.
    parts = (distances.real, distances.imag) if distances.dtype.kind == "c" else (distances,)
    there = [lent(part, device) for part in parts]
    axes = tuple(range(a.ndim)) if axis is None else axis
    squares = [part.weighted_sum(part, axes, keepdims=keepdims)._take() for part in there]
    with np.errstate(divide="ignore", invalid="ignore"):
        result = as_numpys(
            parts[0].dtype,
            np.asarray((squares[0] if len(squares) == 1 else squares[0] + squares[1]) / np.maximum(left - ddof, 0)),
        )
    result = np.sqrt(result) if name == "std" else result
    return _of_too_few(name, left, ddof, result, quiet) if skip_nan else result


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


def _reduced(
    name: str, a: NDArray[Any], axis: Any, keepdims: bool, device: On, options: dict[str, Any], skip_nan: bool = False
) -> Any:
    def of_floats(values: NDArray[Any]) -> NDArray[Any]:
        there = lent(values, device)
        return getattr(there, name)(axis, keepdims=keepdims, skip_nan=skip_nan, **options)._take()  # type: ignore[no-any-return]

    if a.dtype.kind == "c":
        if name in ("var", "std"):
            return _spread_of_complex(name, a, axis, keepdims, device, skip_nan, **options)
        real, imag = (of_floats(part) for part in _parts(a, skip_nan))
        result = np.empty(real.shape, a.dtype)
        result.real, result.imag = real, imag
        return result[()]
    if a.dtype.kind in "biu":
        if name in _INTEGERS:
            return _of_integers(name, a, axis, keepdims, device)
        a = a.astype(np.float64)
    return as_numpys(a.dtype, of_floats(a))


def _parts(a: NDArray[Any], skip_nan: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """The parts of complex numbers. To NumPy a number with either of them NaN is NaN."""
    if not skip_nan:
        return a.real, a.imag
    nan = np.isnan(a)
    return np.where(nan, a.real.dtype.type(np.nan), a.real), np.where(nan, a.real.dtype.type(np.nan), a.imag)


def _spread_of_complex(
    name: str, a: NDArray[Any], axis: Any, keepdims: bool, device: On, skip_nan: bool, ddof: float
) -> Any:
    """The variance of complex numbers is that of their real and of their imaginary parts together."""
    # Parts that are all the same have NaN for want of degrees of freedom, where both together may have infinity.
    enough = skip_nan or count(a, axis) > ddof or math.isnan(ddof)
    real, imag = (
        lent(part, device).var(axis, keepdims=keepdims, ddof=ddof if enough else 0.0, skip_nan=skip_nan)._take()
        for part in _parts(a, skip_nan)
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


def ddof_of(ddof: float, correction: float | None) -> float:
    if given(correction, None) is None:
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
_STARTED_BUT_NAN: dict[str, Callable[..., Any]] = {"sum": np.add, "min": np.fmin, "max": np.fmax}


def _where(where: Any, a: NDArray[Any], name: str) -> NDArray[np.bool]:
    refuse_masks(where, name)
    # Of lists NumPy takes the truth, of arrays nothing but that.
    truths = np.asarray(where)
    if name in ("mean", "var", "std"):
        refuse_others(truths.dtype, name)  # NumPy counts them
    truths = truths.astype(bool) if isinstance(where, (list, tuple)) else truths.astype(bool, casting="safe")
    try:
        return np.broadcast_to(truths, a.shape)
    except ValueError:
        raise ValueError(
            f"where could not be broadcast to the array: it has shape {truths.shape}, and the array {a.shape}"
        ) from None


def _only(a: NDArray[Any], name: str, where: NDArray[np.bool], initial: Any, skip_nan: bool) -> NDArray[Any]:
    """What `where` leaves out adds nothing to a sum, and is no more extreme than what an extreme begins with."""
    if name != "sum" and initial is None:
        name = f"f{name}" if skip_nan else name
        raise ValueError(
            f"reduction operation '{name}' does not have an identity, so to use a where mask one has to "
            "specify 'initial'"
        )
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
    skips = skips_missing(a) and np.ndim(a) == 1
    a = number_array(a, name)
    if skips and a.dtype.kind == "f" and np.isnan(a).any():
        return _located_but_nan(name, a, axis, out, keepdims, device)
    if a.ndim == 0:
        axis = _axis_of_scalar(axis)
    if a.dtype.kind == "c":
        raise TypeError(f"complex numbers have no order that devices know; use numpy.{name}")
    if a.dtype.kind in "biu":
        result = _of_integers(name, a, axis, keepdims, device)
    else:
        result = as_numpys(np.dtype(np.intp), getattr(lent(a, device), name)(axis, keepdims=keepdims)._take())
    return result if out is None else _into(out, result, name)


def _located_but_nan(
    name: str, a: NDArray[Any], axis: Any, out: NDArray[Any] | None, keepdims: bool, device: On
) -> Any:
    places = np.flatnonzero(~np.isnan(a))
    if places.size == 0:
        raise ValueError(f"ndgpu.{name} skips what is missing in pandas' arrays, and here nothing is left")
    result = places[_locate(name, a[places], axis, None, keepdims, device)]
    return result if out is None else _into(out, result, name)
