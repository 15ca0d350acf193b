"""NumPy's reductions that skip NaN, on a device, and :func:`nanaverage`, which NumPy has not.

As the functions without "nan" in their names; what is left out costs no pass of its own. Where nothing is left, NumPy's
warnings say so; of a :class:`~ndgpu.DeviceArray` nobody looks, and there are none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.typing import DTypeLike, NDArray

from ._average import Axis as AxisOfAverage
from ._average import averaged
from ._ndgpu import DeviceArray
from ._operands import Axis, On, Result, number_array, truth, warn
from ._reductions import ddof_of, reduced


def nansum(
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
    """The sum of what is not NaN, 0 where all is: ``numpy.nansum``.

    >>> import numpy as np, ndgpu
    >>> ndgpu.nansum([[1.0, np.nan], [np.nan, np.nan]], axis=1)
    array([1., 0.])
    """
    return reduced("sum", a, axis, dtype, out, keepdims, device, initial=initial, where=where, skip_nan=True)


def nanmean(
    a: Any,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
    keepdims: bool = False,
    *,
    where: Any = True,
    device: On = None,
) -> Result:
    """The mean of what is not NaN: ``numpy.nanmean``. Where all is, it is NaN, with a warning.

    >>> import numpy as np, ndgpu
    >>> ndgpu.nanmean([[1.0, np.nan], [3.0, 4.0]], axis=0)
    array([2., 4.])
    """
    return reduced("mean", a, axis, dtype, out, keepdims, device, where=where, skip_nan=True)


def nanvar(
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
    """The variance of what is not NaN: ``numpy.nanvar``. Where no more than ``ddof`` values are left it is NaN, with a
    warning.

    >>> import numpy as np, ndgpu
    >>> ndgpu.nanvar([[1.0, np.nan], [3.0, 4.0]], axis=0)
    array([1., 0.])
    """
    ddof = ddof_of(ddof, correction)
    return reduced("var", a, axis, dtype, out, keepdims, device, where=where, mean=mean, skip_nan=True, ddof=ddof)


def nanstd(
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
    """The standard deviation of what is not NaN: ``numpy.nanstd``.

    >>> import numpy as np, ndgpu
    >>> ndgpu.nanstd([[1.0, np.nan], [3.0, 4.0]])
    np.float64(1.247219128924647)
    """
    ddof = ddof_of(ddof, correction)
    return reduced("std", a, axis, dtype, out, keepdims, device, where=where, mean=mean, skip_nan=True, ddof=ddof)


def nanmin(
    a: Any,
    axis: Axis = None,
    out: NDArray[Any] | None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
    *,
    device: On = None,
) -> Result:
    """The smallest value that is not NaN: ``numpy.nanmin``. Where all is, it is NaN, with a warning.

    >>> import numpy as np, ndgpu
    >>> ndgpu.nanmin([[3.0, np.nan], [2.0, 5.0]], axis=1)
    array([3., 2.])
    """
    return reduced("min", a, axis, None, out, keepdims, device, initial=initial, where=where, skip_nan=True)


def nanmax(
    a: Any,
    axis: Axis = None,
    out: NDArray[Any] | None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
    *,
    device: On = None,
) -> Result:
    """The largest value that is not NaN: ``numpy.nanmax``. Where all is, it is NaN, with a warning.

    >>> import numpy as np, ndgpu
    >>> ndgpu.nanmax([[3.0, np.nan], [2.0, 5.0]], axis=1)
    array([3., 5.])
    """
    return reduced("max", a, axis, None, out, keepdims, device, initial=initial, where=where, skip_nan=True)


def nanaverage(
    a: Any,
    axis: AxisOfAverage = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: Any = False,
    zero_weights: Any = None,
    device: On = None,
) -> Any:
    """The weighted average of what is not NaN; the weights of NaN are left out with it.

    NumPy has none. The arguments are those of :func:`~ndgpu.average`, and so is the result if there is no NaN; without
    weights it is that of :func:`nanmean`.

    Parameters
    ----------
    a : array_like or DeviceArray
        Of real numbers.
    axis, weights, keepdims, device : optional
        As for :func:`~ndgpu.average`.
    returned : bool, optional
        Whether to give the sums of the weights that were not left out too; without weights, how many values there are.
    zero_weights : None or number, optional
        What the average is where nothing is left or the sum of the weights that are left is zero.

    Returns
    -------
    The average, or a tuple of it and the sums of the weights. Where nothing but NaN is, and no ``zero_weights`` is
    given, NaN with the warning of :func:`nanmean`.

    Raises
    ------
    ZeroDivisionError
        If values are left whose weights add up to zero, and there is no ``zero_weights``. From DeviceArrays it is
        raised by ``.numpy()``, also where nothing but NaN is: nobody looks before.
    TypeError
        For complex numbers.

    Examples
    --------
    >>> import numpy as np, ndgpu
    >>> readings = [[1.0, np.nan, 3.0], [4.0, 5.0, np.nan]]
    >>> ndgpu.nanaverage(readings, axis=1, weights=[1.0, 1.0, 3.0], returned=True)
    (array([2.5, 4.5]), array([4., 2.]))
    """
    keepdims = truth(keepdims)
    if isinstance(a, DeviceArray):
        return a.average(axis, weights, returned, keepdims=keepdims, zero_weights=zero_weights, skip_nan=True)
    a = number_array(a, "average")
    if a.dtype.kind == "c" or np.iscomplexobj(weights):
        raise TypeError("the average that skips NaN is one of real numbers; average the parts, a.real and a.imag")
    if axis is not None:
        axis = normalize_axis_tuple(axis, a.ndim, argname="axis")  # type: ignore[arg-type]
    fill = np.nan if zero_weights is None else zero_weights
    result, sums = averaged(a, axis, weights, True, keepdims, fill, device, skip_nan=True)
    if zero_weights is None and np.any(sums == 0):
        nothing = np.isnan(a).all(axis=axis, keepdims=keepdims)
        if np.any((sums == 0) & ~nothing):
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        warn("Mean of empty slice")
    return (result, sums) if returned else result
