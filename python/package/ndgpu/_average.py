"""``numpy.average`` on a device."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, SupportsIndex, TypeAlias, overload

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.typing import ArrayLike, NDArray

from ._devices import for_call
from ._ndgpu import DeviceArray
from ._operands import FLOAT64, On, as_numpys, computed, number_array, truth, warn_of_nothing
from ._reductions import sum

#: NumPy's average takes whatever names axes, its sum and mean only tuples.
Axis: TypeAlias = "SupportsIndex | Iterable[SupportsIndex] | None"


@overload
def average(
    a: DeviceArray,
    axis: Axis = None,
    weights: Any = None,
    returned: Literal[False] = False,
    *,
    keepdims: Any = False,
    zero_weights: float | None = None,
    device: On = None,
) -> DeviceArray: ...
@overload
def average(
    a: DeviceArray,
    axis: Axis = None,
    weights: Any = None,
    *,
    returned: Literal[True],
    keepdims: Any = False,
    zero_weights: float | None = None,
    device: On = None,
) -> tuple[DeviceArray, DeviceArray]: ...
@overload
def average(
    a: ArrayLike,
    axis: Axis = None,
    weights: ArrayLike | None = None,
    returned: bool = False,
    *,
    keepdims: Any = False,
    zero_weights: complex | None = None,
    device: On = None,
) -> Any: ...
def average(
    a: Any,
    axis: Any = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: Any = False,
    zero_weights: Any = None,
    device: On = None,
) -> Any:
    """The weighted average: ``numpy.average``.

    Parameters
    ----------
    a : array_like or DeviceArray
    axis : None, int or iterable of ints, optional
        Over which axes; over all for None.
    weights : array_like or DeviceArray, optional
        Of the shape of ``a``, or of the lengths of the axes in the order in which they are named.
    returned : bool, optional
        Whether to give the sums of the weights too.
    keepdims : bool, optional
        Whether the axes stay, with length 1.
    zero_weights : None or number, optional
        What the average is where the sum of the weights is zero: one empty row does not cost the others their averages.
        A sum that is NaN is not zero. Without weights it means nothing.
    device : Device or str, optional
        Where to compute, else :func:`~ndgpu.get_device`, or the CPU engine if that has no float64.

    Returns
    -------
    The average, or a tuple of it and the sums of the weights. float32 for float32 and float16 for float16 (added up
    more precisely than NumPy does), else float64; complex for complex ``a``.

    Raises
    ------
    ZeroDivisionError
        If a sum of weights is zero, and there is no ``zero_weights``. From DeviceArrays it is raised by ``.numpy()``:
        nobody looks before.
    TypeError
        If the weights have another shape than ``a`` and no axis is given.
    ValueError
        If the weights do not fit the axes.

    Notes
    -----
    ``a`` and the weights are read once. On the CPU engine they are read where they lie; a GPU gets copies.

    Examples
    --------
    >>> import numpy as np, ndgpu
    >>> ndgpu.average(np.arange(1, 11), weights=np.arange(10, 0, -1))
    np.float64(4.0)
    >>> ndgpu.average([[0.0, 1.0], [2.0, 3.0]], axis=1, weights=[0.25, 0.75], returned=True)
    (array([0.75, 2.75]), array([1., 1.]))
    >>> ndgpu.average([[1.0, 2.0], [3.0, 5.0]], axis=1, weights=[[1, 3], [0, 0]], zero_weights=-1)
    array([ 1.75, -1.  ])
    """
    if isinstance(a, DeviceArray):
        return a.average(axis, weights, returned, keepdims=truth(keepdims), zero_weights=zero_weights)
    return averaged(number_array(a, "average"), axis, weights, returned, truth(keepdims), zero_weights, device)


def averaged(
    a: NDArray[Any],
    axis: Any,
    weights: Any,
    returned: bool,
    keepdims: bool,
    zero_weights: Any,
    device: On,
    *,
    skip_nan: bool = False,
) -> Any:
    """The average of an array on the host. Of real numbers NaN may be skipped."""
    if axis is not None:
        axis = normalize_axis_tuple(axis, a.ndim, argname="axis")
    if weights is not None:
        weights = number_array(weights, "average")
        if np.iscomplexobj(weights):
            return _average_by_complex(a, axis, weights, returned, keepdims, zero_weights, device)
    if np.iscomplexobj(a):
        return _complex_average(a, axis, weights, returned, keepdims, zero_weights, device)
    if weights is None:
        if not skip_nan:
            warn_of_nothing("mean", a, axis, 0)
        dtype = a.dtype if a.dtype.kind == "f" else FLOAT64
    else:
        dtype = np.result_type(a.dtype, weights.dtype, *(["f8"] if a.dtype.kind in "biu" else []))
    wide = computed(dtype)
    target = for_call(device, wide)
    there = target._lend(a.astype(wide, copy=False))
    weights_there = None if weights is None else target._lend(weights.astype(wide, copy=False))
    options: dict[str, Any] = {"keepdims": keepdims, "zero_weights": zero_weights, "skip_nan": skip_nan}
    if not returned or (weights is None and not skip_nan):
        result = as_numpys(dtype, there.average(axis, weights_there, **options)._take())
        if not returned:
            return result
        return result, np.full(np.shape(result), a.size / np.size(result) if np.size(result) else 0.0, dtype)[()]
    pair = there.average(axis, weights_there, True, **options)
    return tuple(as_numpys(dtype, each._take()) for each in pair)


def _complex_average(
    a: NDArray[Any], axis: Any, weights: Any, returned: bool, keepdims: bool, zero_weights: Any, device: On
) -> Any:
    fills = (None, None) if zero_weights is None else (np.real(zero_weights), np.imag(zero_weights))
    options: dict[str, Any] = {"keepdims": keepdims, "device": device}
    dtype = np.result_type(a.dtype, *([] if weights is None else [np.asanyarray(weights).dtype]))
    real, sums = average(a.real, axis, weights, True, zero_weights=fills[0], **options)
    result = np.empty(np.shape(real), dtype)
    result.real, result.imag = real, average(a.imag, axis, weights, zero_weights=fills[1], **options)
    return (result[()], np.asarray(sums).astype(dtype)[()]) if returned else result[()]


def _average_by_complex(
    a: NDArray[Any], axis: Any, weights: NDArray[Any], returned: bool, keepdims: bool, zero_weights: Any, device: On
) -> Any:
    """Products of complex numbers are made here; their sums on the device."""
    if weights.shape != a.shape:
        if axis is None:
            raise TypeError("Axis must be specified when shapes of a and weights differ.")
        axes = normalize_axis_tuple(axis, a.ndim, argname="axis")
        if weights.shape != tuple(a.shape[ax] for ax in axes):
            raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
        places = [1 if ax not in axes else a.shape[ax] for ax in range(a.ndim)]
        weights = weights.transpose(np.argsort(axes)).reshape(places)
    dtype = np.result_type(a.dtype, weights.dtype, *(["f8"] if a.dtype.kind in "biu" else []))
    a, weights = a.astype(dtype), weights.astype(dtype)
    total = sum(np.broadcast_to(weights, a.shape), axis, keepdims=keepdims, device=device)
    is_zero = np.asarray(total) == 0
    if zero_weights is None and np.any(is_zero):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    result = (sum(a * weights, axis, keepdims=keepdims, device=device) / np.where(is_zero, 1, total))[()]
    if zero_weights is not None:
        result = np.where(is_zero, np.asarray(zero_weights, result.dtype), result)[()]
    return (result, np.asarray(total, result.dtype)[()]) if returned else result
