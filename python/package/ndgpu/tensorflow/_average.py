"""``average``, ``weighted_sum`` and ``standardize`` of tensors."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from .. import _host
from . import _body
from ._memory import Array
from ._operands import number_of, operands_of
from ._operation import Operation
from ._tf import tf

Axes: TypeAlias = "tuple[int, ...]"


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator, unused-ignore]
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False) -> Any:
    """The weighted average of a tensor over some axes: ``numpy.average`` with gradients.

    Parameters
    ----------
    a : tensor
        float32 or float64, which the result keeps.
    axis : int or tuple of int, optional
        The axes to average over; all of them by default.
    weights : tensor or array_like, optional
        Of the shape of ``a``, or of the lengths of the axes in the order in which they are named. All 1 by default.
    returned : bool, optional
        Whether to give the sums of the weights as well.

    Returns
    -------
    tensor, or two of them
        The averages, in the shape of ``a`` without the axes; and with ``returned`` the sums, in the same shape.

    Raises
    ------
    ZeroDivisionError
        A sum of weights is 0. In a graph that is a ``tf.errors.InvalidArgumentError``.
    ValueError, tf.errors.InvalidArgumentError
        Shapes do not fit: in the call if they are known there, else when the graph runs.
    TypeError
        For a tensor of another dtype, and tensors of two dtypes.
    NotImplementedError
        Within ``tf.function(jit_compile=True)``.

    Notes
    -----
    Sums of float32 are added up in float64 and rounded once. The array is read where it lies, once for the averages,
    and once more for each gradient that is asked for.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import ndgpu.tensorflow as nt
    >>> rows, weights = tf.constant([[1.0, 2.0], [3.0, 5.0]]), tf.constant([1.0, 3.0])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch([rows, weights])
    ...     means = nt.average(rows, axis=1, weights=weights)
    >>> means.numpy()
    array([1.75, 4.5 ], dtype=float32)
    >>> [gradient.numpy().tolist() for gradient in tape.gradient(means, [rows, weights])]
    [[[0.25, 0.75], [0.25, 0.75]], [-0.5625, 0.1875]]
    """
    named = {"a": a} if weights is None else {"a": a, "weights": weights}
    operands = operands_of("average", named)
    averages, *sums = _average(_axes(axis, operands[0].shape), bool(returned))(*operands)
    return (averages, *sums) if returned else averages


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator, unused-ignore]
def weighted_sum(a: Any, weights: Any, axis: Any = None) -> Any:
    """The sums of a tensor over some axes, each element times its weight, with gradients.

    Parameters, dtypes, errors and costs are those of :func:`average`; but sums of weights may be 0.

    >>> import tensorflow as tf
    >>> import ndgpu.tensorflow as nt
    >>> nt.weighted_sum(tf.constant([[1.0, 2.0], [3.0, 5.0]]), [1.0, -1.0], axis=1).numpy()
    array([-1., -2.], dtype=float32)
    """
    operands = operands_of("weighted_sum", {"a": a, "weights": weights})
    (sums,) = _weighted_sum(_axes(axis, operands[0].shape))(*operands)
    return sums


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator, unused-ignore]
def standardize(a: Any, axis: Any = None, ddof: float = 0.0) -> Any:
    """``(a - mean) / std`` over some axes, with gradients: SciPy's ``zscore``.

    Parameters
    ----------
    a : tensor
        float32 or float64, which the result keeps.
    axis : int or tuple of int, optional
        The axes that mean and standard deviation are taken over; all of them by default.
    ddof : float, optional
        What is subtracted from the number of elements where the variance divides by it.

    Returns
    -------
    tensor
        Of the shape of ``a``. What is constant has no scale, and becomes NaN.

    Notes
    -----
    Errors are those of :func:`average`. The gradient is computed in float32 for float32.

    >>> import tensorflow as tf
    >>> import ndgpu.tensorflow as nt
    >>> nt.standardize(tf.constant([[1.0, 10.0], [3.0, 30.0]]), axis=0).numpy()
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    """
    operands = operands_of("standardize", {"a": a})
    (scores,) = _standardize(_axes(axis, operands[0].shape), number_of("ddof", ddof))(*operands)
    return scores


def _axes(axis: Any, shape: Any) -> Axes | None:
    """Which axes, counted from the first; `None` for all of an unknown number."""
    rank = shape.rank if isinstance(shape, tf.TensorShape) else len(shape)
    if axis is None:
        return None if rank is None else tuple(range(rank))
    named = tuple(map(operator.index, axis if isinstance(axis, (list, tuple)) else (axis,)))
    if rank is None:
        if min(named, default=0) < 0:
            raise ValueError(
                f"axis is {axis}, of a tensor with an unknown number of axes: use set_shape, or count from 0"
            )
        return named
    if not all(-rank <= each < rank for each in named):
        raise ValueError(f"axis is {axis}, but the tensor has {rank} axes: its shape is {tuple(shape)}")
    counted = tuple(each % rank for each in named)
    if len(set(counted)) != len(counted):
        raise ValueError(f"axis is {axis}, which names one twice")
    return counted


@lru_cache(maxsize=64)
def _average(axes: Axes | None, returned: bool) -> Operation:
    def forward(a: Array, weights: Array | None = None) -> Sequence[Array]:
        if returned:
            return _host.average_returned(a, axes, weights)
        return (_host.average(a, axes, weights),)

    def backward(wanted: Sequence[int], operands: Sequence[Array], cotangents: Sequence[Array]) -> Sequence[Array]:
        a, *weights = operands
        found = _host.average_vjp(a, cotangents[0], axes, *weights)
        if returned and 1 in wanted:
            of_weights = found[1]
            assert of_weights is not None
            _add_of_sums(of_weights, cotangents[1], a, axes)
        return [found[i] for i in wanted]  # type: ignore[misc]

    def body(a: Any, weights: Any = None) -> Sequence[Any]:
        return _body.average(a, weights, axes)[: 1 + returned]

    def shapes(a: Any, weights: Any = None) -> list[Any]:
        return [_reduced(a, weights, axes)] * (1 + returned)

    return Operation("average", forward, backward, body, shapes)


def _add_of_sums(of_weights: Array, cotangents: Array, a: Array, axes: Axes | None) -> None:
    """Adds the cotangents of sums of weights to those of the weights that are added up there."""
    if of_weights.shape != a.shape:
        # One sum for all rows, once in each.
        of_weights += cotangents.sum()
    elif axes is None:
        of_weights += cotangents
    else:
        of_weights += np.expand_dims(cotangents, axes)


@lru_cache(maxsize=64)
def _weighted_sum(axes: Axes | None) -> Operation:
    def forward(a: Array, weights: Array) -> Sequence[Array]:
        return (_host.weighted_sum(a, weights, axes),)

    def backward(wanted: Sequence[int], operands: Sequence[Array], cotangents: Sequence[Array]) -> Sequence[Array]:
        (a, weights), (g,) = operands, cotangents
        found = _host.weighted_sum_vjp(a, weights, g, axes)
        return [found[i] for i in wanted]

    def body(a: Any, weights: Any) -> Sequence[Any]:
        return (_body.weighted_sum(a, weights, axes),)

    return Operation("weighted_sum", forward, backward, body, lambda a, weights: [_reduced(a, weights, axes)])


@lru_cache(maxsize=64)
def _standardize(axes: Axes | None, ddof: float) -> Operation:
    def forward(a: Array) -> Sequence[Array]:
        return (_host.standardize(a, axes, ddof=ddof),)

    def backward(wanted: Sequence[int], operands: Sequence[Array], cotangents: Sequence[Array]) -> Sequence[Array]:
        (a,), (g,) = operands, cotangents
        return (_host.standardize_vjp(a, g, axes, ddof=ddof),)

    def body(a: Any) -> Sequence[Any]:
        return (_body.standardize(a, axes, ddof),)

    return Operation("standardize", forward, backward, body, lambda a: [a])


def _reduced(a: Any, weights: Any, axes: Axes | None) -> Any:
    """The static shape of an average, as far as it is known; a ValueError for weights that are known not to fit."""
    if a.rank is None:
        return tf.TensorShape([]) if axes is None else tf.TensorShape(None)
    assert axes is not None
    along = tf.TensorShape([a[axis] for axis in axes])
    if weights is not None and not (weights.is_compatible_with(a) or weights.is_compatible_with(along)):
        raise ValueError(
            f"weights have to be of the shape of a, {tuple(a)}, or of the lengths of the axes, {tuple(along)}, but "
            f"their shape is {tuple(weights)}"
        )
    return tf.TensorShape([length for axis, length in enumerate(a) if axis not in axes])
