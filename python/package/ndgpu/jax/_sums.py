"""Sums, weighted sums and averages along axes as primitives of JAX's.

Weights have the shape of the array, or the lengths of the axes in ascending order. The weighted sum is linear in either
operand, and its transposes are products, or weighted sums along the other axes; all derivatives are made of these.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import ShapedArray
from jax.interpreters import ad, batching

from . import _on_host
from ._route import primitive

Axes = tuple[int, ...]


def _kept(a: Any, axes: Axes) -> Axes:
    return tuple(axis for axis in range(len(a.shape)) if axis not in axes)


def _lengths(a: Any, axes: Axes) -> tuple[int, ...]:
    return tuple(a.shape[axis] for axis in axes)


def _sums_like(a: Any, axes: Axes) -> ShapedArray:
    return ShapedArray(_lengths(a, _kept(a, axes)), a.dtype)


def along(weights: Any, shape: tuple[int, ...], axes: Axes) -> Any:
    """Weights along axes where they can be multiplied with an array of this shape."""
    return weights.reshape([length if axis in axes else 1 for axis, length in enumerate(shape)])


def _spread(g: Any, shape: tuple[int, ...], axes: Axes) -> Any:
    """What belongs to sums, for each element that was summed."""
    return jnp.broadcast_to(jnp.expand_dims(g, axes), shape)


def _of_all(weights: Any, like: Any, axes: Axes, where: Any) -> Any:
    """The sum of the weights for every average."""
    if weights.ndim == len(axes) < like.ndim + len(axes):
        return jnp.broadcast_to(
            reduce_p.bind(weights, axes=tuple(range(weights.ndim)), mean=False, **where), like.shape
        )
    return reduce_p.bind(weights, axes=axes, mean=False, **where)


def _reduce_jvp(primals: Any, tangents: Any, **params: Any) -> tuple[Any, Any]:
    (a,), (da,) = primals, tangents
    result = reduce_p.bind(a, **params)
    return result, ad.Zero(jax.typeof(result)) if isinstance(da, ad.Zero) else reduce_p.bind(da, **params)


def _reduce_transpose(g: Any, a: Any, *, axes: Axes, mean: bool, **_where: Any) -> list[Any]:
    if isinstance(g, ad.Zero):
        return [ad.Zero(a.aval)]
    shape = a.aval.shape
    count = np.prod(_lengths(a.aval, axes), dtype=np.int64)
    return [_spread(g / int(count) if mean else g, shape, axes)]


def _reduce_batch(args: Any, dims: Any, *, axes: Axes, **params: Any) -> tuple[Any, int]:
    return reduce_p.bind(jnp.moveaxis(args[0], dims[0], 0), axes=_behind(axes), **params), 0


def _behind(axes: Axes) -> Axes:
    """The same axes behind one of a batch."""
    return tuple(axis + 1 for axis in axes)


def _weighted_sum_jvp(primals: Any, tangents: Any, **params: Any) -> tuple[Any, Any]:
    (a, weights), (da, dweights) = primals, tangents
    result = weighted_sum_p.bind(a, weights, **params)
    terms = []
    if not isinstance(da, ad.Zero):
        terms.append(weighted_sum_p.bind(da, weights, **params))
    if not isinstance(dweights, ad.Zero):
        terms.append(weighted_sum_p.bind(a, dweights, **params))
    return result, sum(terms[1:], start=terms[0]) if terms else ad.Zero(jax.typeof(result))


def _weighted_sum_transpose(g: Any, a: Any, weights: Any, *, axes: Axes, **where: Any) -> tuple[Any, Any]:
    if isinstance(a, ad.UndefinedPrimal):
        if isinstance(g, ad.Zero):
            return ad.Zero(a.aval), None
        shape = a.aval.shape
        spread = weights if weights.shape == shape else along(weights, shape, axes)
        return _spread(g, shape, axes) * spread, None
    if isinstance(g, ad.Zero):
        return None, ad.Zero(weights.aval)
    if weights.aval.shape == a.shape:
        return None, _spread(g, a.shape, axes) * a
    return None, weighted_sum_p.bind(a, g, axes=_kept(a, axes), **where)


def _average_jvp(primals: Any, tangents: Any, *, axes: Axes, **where: Any) -> tuple[Any, Any]:
    (a, weights), (da, dweights) = primals, tangents
    y, total = average_p.bind(a, weights, axes=axes, **where)
    terms = []
    if not isinstance(da, ad.Zero):
        terms.append(weighted_sum_p.bind(da, weights, axes=axes, **where) / total)
    dtotal = ad.Zero(jax.typeof(total))
    if not isinstance(dweights, ad.Zero):
        dtotal = _of_all(dweights, total, axes, where)
        terms.append((weighted_sum_p.bind(a, dweights, axes=axes, **where) - y * dtotal) / total)
    dy = sum(terms[1:], start=terms[0]) if terms else ad.Zero(jax.typeof(y))
    return [y, total], [dy, dtotal]


def _weighted_batch(operation: Any, args: Any, dims: Any, *, axes: Axes, **where: Any) -> Any:
    (a, weights), (a_dim, weights_dim) = args, dims
    batch = a.shape[a_dim] if a_dim is not None else weights.shape[weights_dim]
    a = jnp.broadcast_to(a, (batch, *a.shape)) if a_dim is None else jnp.moveaxis(a, a_dim, 0)
    if weights_dim is not None:
        weights = jnp.moveaxis(weights, weights_dim, 0)
        if weights.ndim < a.ndim:
            weights = weights.reshape(batch, *along(weights[0], a.shape[1:], axes).shape)
        weights = jnp.broadcast_to(weights, a.shape)
    elif weights.ndim > len(axes):
        weights = jnp.broadcast_to(weights, a.shape)
    return operation.bind(a, weights, axes=_behind(axes), **where)


def _weighted_sum_batch(args: Any, dims: Any, **params: Any) -> tuple[Any, int]:
    return _weighted_batch(weighted_sum_p, args, dims, **params), 0


def _average_batch(args: Any, dims: Any, **params: Any) -> tuple[Any, tuple[int, int]]:
    return _weighted_batch(average_p, args, dims, **params), (0, 0)


def _axes_attribute(axes: Axes) -> dict[str, Any]:
    return {"axes": np.asarray(axes, np.int64)}


reduce_p = primitive(
    "ndgpu_reduce",
    ("axes", "mean"),
    lambda a, *, axes, mean: _sums_like(a, axes),
    _on_host.reduce,
    lambda axes, mean: {"mean": np.int64(mean), **_axes_attribute(axes)},
)
weighted_sum_p = primitive(
    "ndgpu_weighted_sum",
    ("axes",),
    lambda a, weights, *, axes: _sums_like(a, axes),
    _on_host.weighted_sum,
    _axes_attribute,
)
average_p = primitive(
    "ndgpu_average",
    ("axes",),
    lambda a, weights, *, axes: [_sums_like(a, axes)] * 2,
    _on_host.average,
    _axes_attribute,
    multiple_results=True,
)

ad.primitive_jvps[reduce_p] = _reduce_jvp
ad.primitive_transposes[reduce_p] = _reduce_transpose
ad.primitive_jvps[weighted_sum_p] = _weighted_sum_jvp
ad.primitive_transposes[weighted_sum_p] = _weighted_sum_transpose
ad.primitive_jvps[average_p] = _average_jvp
batching.primitive_batchers[reduce_p] = _reduce_batch
batching.primitive_batchers[weighted_sum_p] = _weighted_sum_batch
batching.primitive_batchers[average_p] = _average_batch
