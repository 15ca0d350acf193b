"""``interp`` of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from .. import _host
from . import _body
from ._memory import Array
from ._operands import number_of, operands_of
from ._operation import Operation
from ._tf import tf

_NAMES = ("x", "xp", "fp")


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator, unused-ignore]
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """One-dimensional linear interpolation of tensors: ``numpy.interp`` with gradients.

    Parameters
    ----------
    x : tensor
        Where to interpolate, of any shape. float32 or float64, which the result keeps.
    xp, fp : tensor or array_like
        Knots and their values, of shape ``[n]``. The knots must not decrease, unless there is a period. Or row by row:
        with knots or values of ``[rows, n]`` the queries are ``[m]`` or ``[rows, m]``. Lists and NumPy arrays become
        of the tensors' dtype.
    left, right : float, optional
        The values left of the first knot and right of the last; without them those of ``fp``.
    period : float, optional
        The period of ``x`` and ``xp``. ``left`` and ``right`` are then ignored.

    Returns
    -------
    tensor
        Of the shape of ``x``, or ``[rows, m]``.

    Raises
    ------
    ndgpu.NotSortedError
        A ``ValueError`` that says which knot is smaller than the one before it, or NaN. In a graph, whose knots have no
        values before it runs, a ``tf.errors.InvalidArgumentError`` with the same text.
    ValueError, tf.errors.InvalidArgumentError
        Shapes do not fit: in the call if they are known there, else when the graph runs.
    TypeError
        For a tensor of another dtype, and tensors of two dtypes.
    NotImplementedError
        Within ``tf.function(jit_compile=True)``.

    Notes
    -----
    With respect to ``x`` the gradient is the slope of the segment: at a knot of the one to its right, at the last knot
    of the last, outside 0, of a segment without width 0, at NaN NaN. A gradient costs one pass for ``x``, and one each
    for ``xp`` and ``fp``; only those that are asked for are computed. Derivatives of the gradient are TensorFlow's own.

    A tensor in the host's memory is read where it lies, and the result is not copied beyond a few kilobytes.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import ndgpu.tensorflow as nt
    >>> x = tf.constant([0.5, 1.5])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = nt.interp(x, [0.0, 1.0, 2.0], [0.0, 10.0, 40.0])
    >>> y.numpy(), tape.gradient(y, x).numpy()
    (array([ 5., 25.], dtype=float32), array([10., 30.], dtype=float32))
    """
    operands = operands_of("interp", {"x": x, "xp": xp, "fp": fp})
    if left is not None or right is not None or period is not None:
        left, right, period = number_of("left", left), number_of("right", right), number_of("period", period)
        if period == 0:
            raise ValueError("period is 0, and has to be another number")
    (y,) = _operation(left, right, period)(*operands)
    return y


@lru_cache(maxsize=64)
def _operation(left: float | None, right: float | None, period: float | None) -> Operation:
    options = (left, right, period)

    def forward(x: Array, xp: Array, fp: Array) -> Sequence[Array]:
        return (_host.interp(x, xp, fp, *options),)

    def backward(wanted: Sequence[int], operands: Sequence[Array], cotangents: Sequence[Array]) -> Sequence[Array]:
        (x, xp, fp), (g,) = operands, cotangents
        names = [_NAMES[i] for i in wanted]
        found = _host.interp_vjp(x, xp, fp, g, *options, wanted=names)
        return [found[name] for name in names]

    def body(x: Any, xp: Any, fp: Any) -> Sequence[Any]:
        return (_body.interp(x, xp, fp, *options),)

    return Operation("interp", forward, backward, body, _shapes)


def _shapes(x: Any, xp: Any, fp: Any) -> list[Any]:
    """The static shape of the result, as far as it is known; a ValueError for what is known not to fit."""
    if None in (xp.rank, fp.rank):
        return [tf.TensorShape(None)]
    for name, shape in (("xp", xp), ("fp", fp)):
        if shape.rank not in (1, 2):
            raise ValueError(f"{name} has to be of shape [n], or [rows, n], but its shape is {tuple(shape)}")
    if not xp[-1:].is_compatible_with(fp[-1:]):
        raise ValueError(f"xp and fp have to be of one length, but their shapes are {tuple(xp)} and {tuple(fp)}")
    if xp.rank == fp.rank == 1:
        return [x]
    rows = [tf.TensorShape(shape[:1]) for shape in (x, xp, fp) if shape.rank == 2]
    merged = tf.TensorShape([None])
    for each in rows:
        if not merged.is_compatible_with(each):
            raise ValueError(
                "x, xp and fp have to have as many rows, unless they have none, but their shapes are "
                f"{tuple(x)}, {tuple(xp)} and {tuple(fp)}"
            )
        merged = merged.merge_with(each)
    if x.rank is None:
        return [tf.TensorShape([merged[0], None])]
    if x.rank not in (1, 2):
        raise ValueError(f"with tables in rows x has to be [m] or [rows, m], but its shape is {tuple(x)}")
    return [tf.TensorShape([merged[0], x[-1]])]
