"""``(a - mean) / std`` of tensors, its derivatives and its batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor  # type: ignore[import-not-found, unused-ignore]

from .. import _host
from ._axes import Batch, axes_of, count, every, total
from ._operations import operation
from ._tensors import array_of, expect_shape, expect_tensors, number, tensor_of


def standardize(a: Tensor, axis: int | Sequence[int] | None = None, *, ddof: float = 0) -> Tensor:
    """``(a - mean) / std`` over axes, differentiable: ``ndgpu.standardize``, which is SciPy's ``zscore``.

    Parameters
    ----------
    a : Tensor
        Of any shape.
    axis : int or sequence of ints, optional
        Over which axes; over all for None.
    ddof : float, optional
        What is taken off the number of elements for the standard deviation.

    Returns
    -------
    Tensor
        Of the shape and dtype of `a`; NaN where all elements are the same, and so is the derivative.

    Raises
    ------
    TypeError
        For what is no tensor of float32 or float64 in the host's memory.
    ValueError
        If an axis is named twice.
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    The tensor is read where it lies if it is contiguous; see :func:`ndgpu.torch.interp`. Costs two passes, or one where
    rows fit into the cache; the derivative costs six.

    Examples
    --------
    >>> import torch
    >>> import ndgpu.torch
    >>> ndgpu.torch.standardize(torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 3.0]]), axis=1, ddof=1)
    tensor([[-1.0000,  0.0000,  1.0000],
            [-0.5774, -0.5774,  1.1547]])
    """
    expect_tensors("standardize", a=a)
    scores: Tensor = _standardize(a, axes_of("standardize", axis, a.ndim), number("standardize", "ddof", ddof))
    return scores


def _tuple(axes: list[int] | None) -> tuple[int, ...] | None:
    return None if axes is None else tuple(axes)


def _cpu(a: Tensor, axis: list[int] | None, ddof: float) -> Tensor:
    return tensor_of(_host.standardize(array_of(a), _tuple(axis), ddof=ddof))


def _fake(a: Tensor, axis: list[int] | None, ddof: float) -> Tensor:
    return a.new_empty(a.shape)


def _backward_cpu(g: Tensor, a: Tensor, axis: list[int] | None, ddof: float) -> Tensor:
    expect_shape("standardize", g.shape, a.shape)
    return tensor_of(_host.standardize_vjp(array_of(a), array_of(g), _tuple(axis), ddof=ddof))


def _backward_fake(g: Tensor, a: Tensor, axis: list[int] | None, ddof: float) -> Tensor:
    expect_shape("standardize", g.shape, a.shape)
    return a.new_empty(a.shape)


# --- derivatives ----------------------------------------------------------------------------------------------------
# The Jacobian is symmetric: what makes cotangents of cotangents makes tangents of tangents.


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    a, ctx.axis, ctx.ddof = inputs
    ctx.save_for_backward(a)
    ctx.save_for_forward(a)


def _keep_backward(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    g, a, ctx.axis, ctx.ddof = inputs
    ctx.save_for_backward(g, a)
    ctx.save_for_forward(g, a)


def _vjp(ctx: Any, g: Tensor) -> tuple[Tensor, None, None]:
    (a,) = ctx.saved_tensors
    return _backward(g, a, ctx.axis, ctx.ddof), None, None


def _jvp(ctx: Any, da: Tensor, *_: None) -> Tensor:
    (a,) = ctx.saved_tensors
    change: Tensor = _backward(da, a, ctx.axis, ctx.ddof)
    return change


def _backward_vjp(ctx: Any, dg: Tensor) -> tuple[Tensor, Tensor, None, None]:
    g, a = ctx.saved_tensors
    return _backward(dg, a, ctx.axis, ctx.ddof), _curvature(a, ctx.axis, ctx.ddof, g, dg), None, None


def _backward_jvp(ctx: Any, dg: Tensor | None, da: Tensor | None, *_: None) -> Tensor:
    g, a = ctx.saved_tensors
    change = torch.zeros_like(a) if dg is None else _backward(dg, a, ctx.axis, ctx.ddof)
    return change if da is None else change + _curvature(a, ctx.axis, ctx.ddof, g, da)


def _curvature(a: Tensor, axes: list[int] | None, ddof: float, g: Tensor, h: Tensor) -> Tensor:
    """The change of the Jacobian ``J`` in the direction of `h`, times `g`; it is symmetric in all three.

    With scores ``z`` and ``N = n - ddof``, the change of the standard deviation is ``sum(z h) / N`` and that of the
    scores ``J h``, so that of ``J g = (g - mean(g) - z sum(z g) / N) / std`` is what stands below.
    """
    over = every(axes, a.ndim)
    scores = _standardize(a, axes, ddof)
    of_g, of_h = _backward(g, a, axes, ddof), _backward(h, a, axes, ddof)
    scale = a.std(over, correction=ddof, keepdim=True) * (count(a.shape, over) - ddof)
    along = total(scores * h, over) * of_g + total(scores * g, over) * of_h + total(of_g * h, over) * scores
    change: Tensor = -along / scale
    return change


# --- batches --------------------------------------------------------------------------------------------------------


def _batch(
    call: Callable[..., Any], info: Any, batches: tuple[int | None, ...], a: Tensor, axis: list[int] | None, ddof: float
) -> tuple[Tensor, int]:
    batch = Batch("standardize", info.batch_size, a, batches[0], axis)
    return call(batch.a, batch.axes, ddof), 0


def _batch_backward(
    call: Callable[..., Any],
    info: Any,
    batches: tuple[int | None, ...],
    g: Tensor,
    a: Tensor,
    axis: list[int] | None,
    ddof: float,
) -> tuple[Tensor, int]:
    batch = Batch("standardize", info.batch_size, a, batches[1], axis)
    return call(batch.first(g, batches[0]), batch.a, batch.axes, ddof), 0


# --- put together ---------------------------------------------------------------------------------------------------

_standardize = operation(
    "standardize",
    "(Tensor a, int[]? axis, float ddof) -> Tensor",
    cpu=_cpu,
    fake=_fake,
    keep=_keep,
    differentiate=_vjp,
    push=_jvp,
    batch=_batch,
)
_backward = operation(
    "standardize_backward",
    "(Tensor g, Tensor a, int[]? axis, float ddof) -> Tensor",
    cpu=_backward_cpu,
    fake=_backward_fake,
    keep=_keep_backward,
    differentiate=_backward_vjp,
    push=_backward_jvp,
    batch=_batch_backward,
)
