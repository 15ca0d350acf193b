"""``jax.numpy.average`` on ndgpu, and the sum that belongs to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, overload

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from numpy.lib.array_utils import normalize_axis_tuple

from .._operands import On
from ._operands import common_dtype, floats
from ._route import device_of, get_route
from ._sums import Axes, average_p, reduce_p, weighted_sum_p


@overload
def average(
    a: ArrayLike,
    axis: int | Sequence[int] | None = None,
    weights: ArrayLike | None = None,
    returned: Literal[False] = False,
    *,
    device: On = None,
) -> jax.Array: ...
@overload
def average(
    a: ArrayLike,
    axis: int | Sequence[int] | None = None,
    weights: ArrayLike | None = None,
    *,
    returned: Literal[True],
    device: On = None,
) -> tuple[jax.Array, jax.Array]: ...
@overload
def average(
    a: ArrayLike,
    axis: int | Sequence[int] | None,
    weights: ArrayLike | None,
    returned: Literal[True],
    *,
    device: On = None,
) -> tuple[jax.Array, jax.Array]: ...
def average(
    a: ArrayLike,
    axis: int | Sequence[int] | None = None,
    weights: ArrayLike | None = None,
    returned: bool = False,
    *,
    device: On = None,
) -> jax.Array | tuple[jax.Array, jax.Array]:
    """The weighted average, as ``jax.numpy.average``, but a sum of weights that is zero is an error.

    Parameters
    ----------
    a : array_like
    axis : None, int or sequence of ints, optional
        Over which axes; over all for None.
    weights : array_like, optional
        Of the shape of ``a``, or of the lengths of the axes in the order in which they are named. Without them it is
        the mean.
    returned : bool, optional
        Whether to give the sums of the weights too, in the shape of the averages.
    device : Device or str, optional
        Where to compute, else the CPU engine.

    Returns
    -------
    The averages, without the axes, in the dtype that JAX promotes ``a`` and the weights to, integers to floats. Sums
    are added up in twice the precision.

    Raises
    ------
    ValueError
        If an axis is not there or named twice, or the weights do not fit the axes.
    TypeError
        If the weights have another shape than ``a`` and no axis is given, and for complex numbers.
    jax.errors.JaxRuntimeError or ValueError
        When the program runs, if a sum of weights is zero.

    Notes
    -----
    It can be differentiated with respect to ``a`` and the weights, in forward and reverse mode and any number of times,
    and under ``jax.vmap`` a batch is one call. A batch of weights along axes, or of one of ``a`` and weights only, is
    first written out in the shape of both.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> import ndgpu.jax
    >>> a, weights = jnp.array([[1.0, 2.0], [3.0, 5.0]]), jnp.array([1.0, 3.0])
    >>> print(ndgpu.jax.average(a, axis=1, weights=weights))
    [1.75 4.5 ]
    >>> print(jax.grad(lambda weights: ndgpu.jax.average(a, 1, weights).sum())(weights))
    [-0.5625  0.1875]
    """
    if weights is None:
        dtype, wide, (array,) = common_dtype("average", a=a)
        (array,), axes = _split(floats(wide, array)[0], axis)
        where = {"device": device_of(device, wide), "route": get_route()}
        mean: jax.Array = reduce_p.bind(array, axes=axes, mean=True, **where).astype(dtype)
        if not returned:
            return mean
        return mean, jnp.full(mean.shape, math.prod(array.shape[each] for each in axes), dtype)
    dtype, (array, scales), axes, where = _operands("average", a, weights, axis, device)
    averages, sums = average_p.bind(array, scales, axes=axes, **where)
    return (averages.astype(dtype), sums.astype(dtype)) if returned else averages.astype(dtype)


def weighted_sum(
    a: ArrayLike, weights: ArrayLike, axis: int | Sequence[int] | None = None, *, device: On = None
) -> jax.Array:
    """The sum of the products with weights, added up in twice the precision.

    Parameters, dtypes and errors are those of :func:`average`, but weights may sum to zero. It is linear in ``a`` and
    in the weights, and can be differentiated likewise.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> import ndgpu.jax
    >>> print(ndgpu.jax.weighted_sum(jnp.array([[1.0, 2.0], [3.0, 5.0]]), jnp.array([1.0, 3.0]), axis=1))
    [ 7. 18.]
    """
    dtype, (array, scales), axes, where = _operands("weighted_sum", a, weights, axis, device)
    result: jax.Array = weighted_sum_p.bind(array, scales, axes=axes, **where).astype(dtype)
    return result


def _operands(
    name: str, a: Any, weights: Any, axis: Any, device: On
) -> tuple[Any, list[jax.Array], Axes, dict[str, Any]]:
    dtype, wide, arrays = common_dtype(name, a=a, weights=weights)
    array, scales = floats(wide, *arrays)
    operands, axes = _split(array, axis, scales)
    return dtype, operands, axes, {"device": device_of(device, wide), "route": get_route()}


def _split(a: jax.Array, axis: Any, weights: jax.Array | None = None) -> tuple[list[jax.Array], Axes]:
    """The array, weights in ascending order of the axes if there are some, and these axes, one at least."""
    named = tuple(range(a.ndim)) if axis is None else normalize_axis_tuple(axis, a.ndim, argname="axis")
    operands = [a]
    if weights is not None:
        if weights.shape != a.shape:
            if axis is None:
                raise TypeError(
                    f"the weights have shape {weights.shape} and the array {a.shape}: name the axes that they are along"
                )
            lengths = tuple(a.shape[each] for each in named)
            if weights.shape != lengths:
                raise ValueError(
                    f"weights have shape {weights.shape}, but the axes {named} of an array of shape {a.shape} have the "
                    f"lengths {lengths}: give one of these two shapes"
                )
            weights = weights.transpose(sorted(range(len(named)), key=named.__getitem__))
        operands.append(weights)
    if named:
        return operands, tuple(sorted(named))
    # No axes: each element is an average of itself.
    last = a.ndim
    return [jnp.expand_dims(each, last) if each.ndim == last else each.reshape(1) for each in operands], (last,)
