"""The operations in TensorFlow's own: what is exported where ndgpu is absent, and what higher derivatives are made of.

They follow the native ones in what they give for NaN, at knots, for knots that are repeated or infinitely far away, and
outside, in values as in derivatives. Derivatives beside values of a table that are themselves infinite or NaN, which
are no numbers either way, need not be the same.
"""

from __future__ import annotations

import math
from typing import Any

from ._tf import tf


def interp(x: Any, xp: Any, fp: Any, left: float | None, right: float | None, period: float | None) -> Any:
    """`numpy.interp`, or row by row for an `xp` or `fp` of two axes."""
    if None in (xp.shape.rank, fp.shape.rank):
        raise ValueError("TensorFlow has to know how many axes xp and fp have to go without ndgpu: use set_shape")
    if xp.shape.rank == fp.shape.rank == 1:
        y = _of_rows(tf.reshape(x, [1, -1]), xp[None], fp[None], left, right, period)
        y = tf.reshape(y, tf.shape(x))
        y.set_shape(x.shape)
        return y
    x, xp, fp = (operand if operand.shape.rank == 2 else operand[None] for operand in (x, xp, fp))
    rows = tf.reduce_max([tf.shape(operand)[0] for operand in (x, xp, fp)])
    x, xp, fp = (tf.broadcast_to(operand, [rows, tf.shape(operand)[1]]) for operand in (x, xp, fp))
    return _of_rows(x, xp, fp, left, right, period)


def _of_rows(x: Any, xp: Any, fp: Any, left: float | None, right: float | None, period: float | None) -> Any:
    """Queries ``[rows, m]``, knots and values ``[rows, n]``."""
    if period is not None:
        left = right = None
        x, xp, fp = _in_a_period(x, xp, fp, abs(period))

    count = tf.shape(xp)[1]
    after = tf.searchsorted(xp, tf.stop_gradient(x), side="right")  # Knots that are not above the query.
    first = tf.clip_by_value(after - 1, 0, tf.maximum(count - 2, 0))
    second = tf.minimum(first + 1, count - 1)
    below, above = after == 0, x > xp[:, -1:]
    x0, x1, f0, f1 = (tf.gather(of, at, batch_dims=1) for of in (xp, fp) for at in (first, second))

    # What has no slope goes on with neutral numbers: what is not chosen would make NaN of a gradient of 0.
    is_nan = tf.math.is_nan(x)
    nowhere = tf.math.is_inf(x0) & tf.math.is_inf(x1) & tf.math.is_finite(x)
    flat = below | above | is_nan | nowhere | tf.math.is_inf(x) | (x1 == x0) | ((f1 == f0) & tf.math.is_inf(f0))
    one, zero, nan = tf.ones_like(x), tf.zeros_like(x), tf.cast(math.nan, x.dtype)
    slope = tf.where(flat, zero, f1 - f0) / tf.where(flat, one, x1 - x0)

    # NumPy starts from the first knot, and from the second where that gives NaN; at the end from the last.
    from_first = f0 + slope * tf.where(flat, zero, x - x0)
    from_second = (after == count) | (tf.math.is_nan(from_first) & ~flat & (x != x0))
    base, way = tf.where(from_second, f1, f0), tf.where(flat, zero, x - tf.where(from_second, x1, x0))
    # At a knot the value is the knot's, beside an infinite one too.
    y = base + tf.where(tf.math.is_finite(slope) | (way != 0), slope, zero) * way
    # Between two knots that are infinitely far away there is only what they have in common.
    y = tf.where(nowhere, tf.stop_gradient(tf.where(f0 == f1, f0, nan)), y)
    if left is not None:
        y = tf.where(below, tf.cast(left, x.dtype), y)
    if right is not None:
        y = tf.where(above, tf.cast(right, x.dtype), y)
    # A query that is NaN, times NaN: so is its derivative.
    return tf.where(is_nan, x * tf.where(is_nan, nan, one), y)


def _in_a_period(x: Any, xp: Any, fp: Any, period: float) -> tuple[Any, Any, Any]:
    """Queries within a period, and knots there in order, with one more at either end."""
    x, xp = tf.math.floormod(x, tf.cast(period, x.dtype)), tf.math.floormod(xp, tf.cast(period, x.dtype))
    # Knots without a place there become copies of the last, which change nothing.
    has_place = tf.math.is_finite(xp)
    last = tf.argmax(tf.where(has_place, xp, -tf.ones_like(xp)), axis=1, output_type=tf.int32)
    each = tf.range(tf.shape(xp)[1])[None]
    taken = tf.where(has_place, each, last[:, None])
    order = tf.argsort(tf.gather(xp, taken, batch_dims=1), axis=1, stable=True)
    taken = tf.gather(taken, order, batch_dims=1)
    xp, fp = tf.gather(xp, taken, batch_dims=1), tf.gather(fp, taken, batch_dims=1)
    xp = tf.concat([xp[:, -1:] - period, xp, xp[:, :1] + period], axis=1)
    return x, xp, tf.concat([fp[:, -1:], fp, fp[:, :1]], axis=1)


def average(a: Any, weights: Any | None, axes: tuple[int, ...] | None) -> tuple[Any, Any]:
    """The averages over these axes and the sums of the weights, which are NaN and 0 where that is 0."""
    if weights is None:
        averages = tf.reduce_mean(a, axes)
        return averages, tf.ones_like(averages) * tf.cast(tf.size(a) / tf.size(averages), a.dtype)
    weights = _along(a, weights, axes)
    sums = tf.reduce_sum(weights, axes)
    averages = tf.reduce_sum(a * weights, axes) / sums
    return averages, tf.broadcast_to(sums, tf.shape(averages))


def weighted_sum(a: Any, weights: Any, axes: tuple[int, ...] | None) -> Any:
    """The sums over these axes, each element times its weight."""
    return tf.reduce_sum(a * _along(a, weights, axes), axes)


def standardize(a: Any, axes: tuple[int, ...] | None, ddof: float) -> Any:
    """``(a - mean) / std`` over these axes."""
    away = a - tf.reduce_mean(a, axes, keepdims=True)
    squares = tf.reduce_sum(tf.square(away), axes, keepdims=True)
    count = tf.cast(tf.size(a) / tf.size(squares), a.dtype)
    return away / tf.sqrt(squares / (count - tf.cast(ddof, a.dtype)))


def _along(a: Any, weights: Any, axes: tuple[int, ...] | None) -> Any:
    """Weights of the shape of `a`, or of the lengths of the axes, so that they broadcast against `a`."""
    if axes is None or (
        weights.shape.rank == a.shape.rank and (axes == tuple(sorted(axes)) or weights.shape == a.shape)
    ):
        return weights
    if None in (a.shape.rank, weights.shape.rank):
        raise ValueError("TensorFlow has to know how many axes a and weights have to go without ndgpu: use set_shape")
    # As the array has them: in the order of its axes, with 1 for those between.
    order = sorted(range(len(axes)), key=axes.__getitem__)
    shape, lengths = [1] * a.shape.rank, tf.shape(weights)
    for i, axis in enumerate(axes):
        shape[axis] = lengths[i]
    return tf.reshape(tf.transpose(weights, order), shape)
