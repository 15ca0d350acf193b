"""Averages and weighted sums of tensors, their derivatives and their batches."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

import torch  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor  # type: ignore[import-not-found, unused-ignore]

from .. import _host
from ._axes import Batch, axes_of, back, count, every, expect_weights, narrow, total, wide, without
from ._operations import operation
from ._tensors import array_of, expect_shape, expect_tensors, tensor_of


@overload
def average(
    a: Tensor,
    axis: int | Sequence[int] | None = None,
    weights: Tensor | None = None,
    returned: Literal[False] = False,
) -> Tensor: ...
@overload
def average(
    a: Tensor, axis: int | Sequence[int] | None = None, weights: Tensor | None = None, *, returned: Literal[True]
) -> tuple[Tensor, Tensor]: ...
@overload
def average(
    a: Tensor, axis: int | Sequence[int] | None, weights: Tensor | None, returned: Literal[True]
) -> tuple[Tensor, Tensor]: ...
def average(
    a: Tensor, axis: int | Sequence[int] | None = None, weights: Tensor | None = None, returned: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """The weighted average over axes, differentiable in values and weights: ``numpy.average``.

    Parameters
    ----------
    a : Tensor
        What to average, of any shape.
    axis : int or sequence of ints, optional
        Over which axes; over all for None.
    weights : Tensor, optional
        Of the shape of `a`, or of the lengths of the axes in the order in which they are named. Without them it is the
        mean.
    returned : bool, optional
        Whether to give the sums of the weights too, in the shape of the averages.

    Returns
    -------
    Tensor, or a tuple of two
        Without the axes, of the dtype of `a`. Sums are as exact as in twice the precision; those of `returned` are in
        float64 at least.

    Raises
    ------
    ZeroDivisionError
        If the weights of an average sum to zero. A compiled program raises it when it runs.
    TypeError
        If the weights have another shape than `a` and no axis is named; and for what is no tensor of float32 or float64
        in the host's memory, or tensors of different dtypes.
    ValueError
        If the weights do not fit the axes, or an axis is named twice.
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    Tensors are read once, where they lie if they are contiguous; see :func:`ndgpu.torch.interp`. Weights that do not
    depend on anything are constants to autograd, but their derivative is computed beside that of `a`.

    Examples
    --------
    >>> import torch
    >>> import ndgpu.torch
    >>> a = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
    >>> weights = torch.tensor([1.0, 3.0], requires_grad=True)
    >>> means = ndgpu.torch.average(a, axis=1, weights=weights)
    >>> means.detach()
    tensor([1.7500, 4.5000])
    >>> torch.autograd.grad(means.sum(), weights)
    (tensor([-0.5625,  0.1875]),)
    >>> ndgpu.torch.average(a, returned=True)
    (tensor(2.7500), tensor(4.))
    """
    expect_tensors("average", a=a, weights=weights)
    axes = axes_of("average", axis, a.ndim)
    averages: Tensor = _average(a, axes, weights)
    if not returned:
        return averages
    over = every(axes, a.ndim)
    if weights is None:
        return averages, torch.full_like(averages, count(a.shape, over))
    sums = total(wide(weights, a.shape, over).double(), over).to(a.dtype)
    kept = [1 if each in over else length for each, length in enumerate(a.shape)]
    return averages, sums.expand(kept).reshape(averages.shape).clone()


def weighted_sum(a: Tensor, weights: Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """The sum over axes of each element times its weight, differentiable in both.

    Parameters, results and errors are those of :func:`ndgpu.torch.average`, but for weights that sum to zero, which are
    fine. Products are summed as exactly as in twice the precision. Both tensors are read once.

    >>> import torch
    >>> import ndgpu.torch
    >>> a = torch.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
    >>> sums = ndgpu.torch.weighted_sum(a, torch.tensor([1.0, -1.0]), axis=1)
    >>> sums.detach()
    tensor([-1., -2.])
    >>> torch.autograd.grad(sums.sum(), a)
    (tensor([[ 1., -1.],
            [ 1., -1.]]),)
    """
    expect_tensors("weighted_sum", a=a, weights=weights)
    if weights is None:
        raise TypeError("ndgpu.torch.weighted_sum: weights must be a tensor, not None; without them use a.sum()")
    sums: Tensor = _weighted_sum(a, axes_of("weighted_sum", axis, a.ndim), weights)
    return sums


# --- values and shapes ----------------------------------------------------------------------------------------------


def _tuple(axes: list[int] | None) -> tuple[int, ...] | None:
    return None if axes is None else tuple(axes)


def _average_cpu(a: Tensor, axis: list[int] | None, weights: Tensor | None) -> Tensor:
    if weights is None:
        return tensor_of(_host.average(array_of(a), _tuple(axis)))
    expect_weights("average", a.shape, weights.shape, axis)
    return tensor_of(_host.average(array_of(a), _tuple(axis), array_of(weights)))


def _average_fake(a: Tensor, axis: list[int] | None, weights: Tensor | None) -> Tensor:
    if weights is not None:
        expect_weights("average", a.shape, weights.shape, axis)
    return a.new_empty(without(a.shape, axis))


def _average_backward_cpu(
    g: Tensor, a: Tensor, axis: list[int] | None, weights: Tensor | None
) -> tuple[Tensor, Tensor]:
    expect_shape("average", g.shape, without(a.shape, axis))
    if weights is None:
        return tensor_of(_host.average_vjp(array_of(a), array_of(g), _tuple(axis))[0]), a.new_empty(0)
    expect_weights("average", a.shape, weights.shape, axis)
    of_a, of_weights = _host.average_vjp(array_of(a), array_of(g), _tuple(axis), array_of(weights))
    return tensor_of(of_a), tensor_of(of_weights)


def _average_backward_fake(
    g: Tensor, a: Tensor, axis: list[int] | None, weights: Tensor | None
) -> tuple[Tensor, Tensor]:
    expect_shape("average", g.shape, without(a.shape, axis))
    if weights is not None:
        expect_weights("average", a.shape, weights.shape, axis)
    return a.new_empty(a.shape), a.new_empty((0,) if weights is None else weights.shape)


def _weighted_sum_cpu(a: Tensor, axis: list[int] | None, weights: Tensor) -> Tensor:
    expect_weights("weighted_sum", a.shape, weights.shape, axis)
    return tensor_of(_host.weighted_sum(array_of(a), array_of(weights), _tuple(axis)))


def _weighted_sum_fake(a: Tensor, axis: list[int] | None, weights: Tensor) -> Tensor:
    expect_weights("weighted_sum", a.shape, weights.shape, axis)
    return a.new_empty(without(a.shape, axis))


def _weighted_sum_backward_cpu(g: Tensor, a: Tensor, axis: list[int] | None, weights: Tensor) -> tuple[Tensor, Tensor]:
    expect_shape("weighted_sum", g.shape, without(a.shape, axis))
    expect_weights("weighted_sum", a.shape, weights.shape, axis)
    of_a, of_weights = _host.weighted_sum_vjp(array_of(a), array_of(weights), array_of(g), _tuple(axis))
    return tensor_of(of_a), tensor_of(of_weights)


def _weighted_sum_backward_fake(g: Tensor, a: Tensor, axis: list[int] | None, weights: Tensor) -> tuple[Tensor, Tensor]:
    expect_shape("weighted_sum", g.shape, without(a.shape, axis))
    expect_weights("weighted_sum", a.shape, weights.shape, axis)
    return a.new_empty(a.shape), a.new_empty(weights.shape)


# --- derivatives ----------------------------------------------------------------------------------------------------


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    a, ctx.axis, weights = inputs
    ctx.save_for_backward(a, weights)
    ctx.save_for_forward(a, weights)


def _keep_backward(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    g, a, ctx.axis, weights = inputs
    ctx.save_for_backward(g, a, weights)
    ctx.save_for_forward(g, a, weights)


def _average_vjp(ctx: Any, g: Tensor) -> tuple[Tensor | None, None, Tensor | None]:
    a, weights = ctx.saved_tensors
    of_a, of_weights = _average_backward(g, a, ctx.axis, weights)
    return of_a, None, None if weights is None else of_weights


def _average_jvp(ctx: Any, da: Tensor | None, _: None, dweights: Tensor | None) -> Tensor:
    a, weights = ctx.saved_tensors
    if weights is None:
        change: Tensor = _average(torch.zeros_like(a) if da is None else da, ctx.axis, None)
        return change
    return _Averaged(a, weights, ctx.axis).tangent(da, dweights)


class _Averaged:
    """Averages and what their derivatives are made of, in PyTorch's own operations; summed axes have length 1."""

    def __init__(self, a: Tensor, weights: Tensor, axes: list[int] | None) -> None:
        self.axes = every(axes, a.ndim)
        self.shape = without(a.shape, self.axes)
        self.a, self.given = a, weights
        self.weights = wide(weights, a.shape, self.axes)
        self.sum = total(self.weights, self.axes)
        self.from_average = a - total(a * self.weights, self.axes) / self.sum

    def change(self, da: Tensor | None, dweights: Tensor | None) -> tuple[Tensor, Tensor]:
        """The tangents of the averages and of the sums of the weights."""
        change = change_of_sum = torch.zeros_like(self.sum)
        if da is not None:
            change = change + total(da * self.weights, self.axes)
        if dweights is not None:
            dweights = wide(dweights, self.a.shape, self.axes)
            change = change + total(dweights * self.from_average, self.axes)
            change_of_sum = total(dweights, self.axes)
        return change / self.sum, change_of_sum

    def tangent(self, da: Tensor | None, dweights: Tensor | None) -> Tensor:
        change: Tensor = self.change(da, dweights)[0].reshape(self.shape)
        return change


def _average_backward_vjp(ctx: Any, da: Tensor, dweights: Tensor) -> tuple[Tensor, Tensor | None, None, Tensor | None]:
    g, a, weights = ctx.saved_tensors
    if weights is None:
        return _average(da, ctx.axis, None), None, None, None
    at = _Averaged(a, weights, ctx.axis)
    change, change_of_sum = at.change(da, dweights)
    scale = back(g, at.axes) / at.sum
    of_a = scale * (wide(dweights, a.shape, at.axes) - at.weights * (change_of_sum / at.sum))
    of_weights = scale * (da - at.from_average * (change_of_sum / at.sum) - change)
    return change.reshape(at.shape), of_a, None, narrow(of_weights, weights.shape, at.axes)


def _average_backward_jvp(
    ctx: Any, dg: Tensor | None, da: Tensor | None, _: None, dweights: Tensor | None
) -> tuple[Tensor, Tensor]:
    g, a, weights = ctx.saved_tensors
    dg = torch.zeros_like(g) if dg is None else dg
    if weights is None:
        of_a, of_weights = _average_backward(dg, a, ctx.axis, None)
        return of_a, of_weights
    at = _Averaged(a, weights, ctx.axis)
    change, change_of_sum = at.change(da, dweights)
    # Of g / sum, by which everything is multiplied.
    scale = back(g, at.axes) / at.sum
    rescale = (back(dg, at.axes) - scale * change_of_sum) / at.sum
    of_a = (rescale * at.weights).expand(a.shape)
    if dweights is not None:
        of_a = of_a + scale * wide(dweights, a.shape, at.axes)
    of_weights = rescale * at.from_average + scale * ((0 if da is None else da) - change)
    return of_a, narrow(of_weights, weights.shape, at.axes)


def _weighted_sum_vjp(ctx: Any, g: Tensor) -> tuple[Tensor, None, Tensor]:
    a, weights = ctx.saved_tensors
    of_a, of_weights = _weighted_sum_backward(g, a, ctx.axis, weights)
    return of_a, None, of_weights


def _weighted_sum_jvp(ctx: Any, da: Tensor | None, _: None, dweights: Tensor | None) -> Tensor:
    a, weights = ctx.saved_tensors
    return _product_rule(a, weights, ctx.axis, da, dweights)


def _product_rule(
    a: Tensor, weights: Tensor, axes: list[int] | None, da: Tensor | None, dweights: Tensor | None
) -> Tensor:
    changes = [] if da is None else [_weighted_sum(da, axes, weights)]
    changes += [] if dweights is None else [_weighted_sum(a, axes, dweights)]
    change: Tensor = sum(changes)
    return change


def _weighted_sum_backward_vjp(ctx: Any, da: Tensor, dweights: Tensor) -> tuple[Tensor, Tensor, None, Tensor]:
    g, a, weights = ctx.saved_tensors
    # The products of g with either operand, whose derivatives are such products again.
    of_a, of_weights = _weighted_sum_backward(g, da, ctx.axis, dweights)
    return _product_rule(a, weights, ctx.axis, da, dweights), of_a, None, of_weights


def _weighted_sum_backward_jvp(
    ctx: Any, dg: Tensor | None, da: Tensor | None, _: None, dweights: Tensor | None
) -> tuple[Tensor, Tensor]:
    g, a, weights = ctx.saved_tensors
    da = torch.zeros_like(a) if da is None else da
    dweights = torch.zeros_like(weights) if dweights is None else dweights
    of_a, of_weights = _weighted_sum_backward(g, da, ctx.axis, dweights)
    if dg is None:
        return of_a, of_weights
    more_of_a, more_of_weights = _weighted_sum_backward(dg, a, ctx.axis, weights)
    return of_a + more_of_a, of_weights + more_of_weights


# --- batches --------------------------------------------------------------------------------------------------------


def _batch(
    name: str,
    call: Callable[..., Any],
    info: Any,
    batches: tuple[int | None, ...],
    a: Tensor,
    axis: list[int] | None,
    weights: Tensor | None,
) -> tuple[Tensor, int]:
    batch = Batch(name, info.batch_size, a, batches[0], axis)
    if weights is not None:
        weights = batch.weights(weights, batches[-1])
    return call(batch.a, batch.axes, weights), 0


def _batch_backward(
    name: str,
    call: Callable[..., Any],
    info: Any,
    batches: tuple[int | None, ...],
    g: Tensor,
    a: Tensor,
    axis: list[int] | None,
    weights: Tensor | None,
) -> tuple[tuple[Tensor, Tensor], tuple[int, int | None]]:
    batch = Batch(name, info.batch_size, a, batches[1], axis)
    g = batch.first(g, batches[0])
    if weights is None:
        return call(g, batch.a, batch.axes, None), (0, None)
    of_a, shares = call(g, batch.a, batch.axes, batch.weights(weights, batches[-1], apart=True))
    return (of_a, batch.of_weights(shares, weights, batches[-1])), (0, 0)


# --- put together ---------------------------------------------------------------------------------------------------

_average = operation(
    "average",
    "(Tensor a, int[]? axis, Tensor? weights) -> Tensor",
    cpu=_average_cpu,
    fake=_average_fake,
    keep=_keep,
    differentiate=_average_vjp,
    push=_average_jvp,
    batch=functools.partial(_batch, "average"),
)
_average_backward = operation(
    "average_backward",
    # Without weights their cotangents are empty.
    "(Tensor g, Tensor a, int[]? axis, Tensor? weights) -> (Tensor, Tensor)",
    cpu=_average_backward_cpu,
    fake=_average_backward_fake,
    keep=_keep_backward,
    differentiate=_average_backward_vjp,
    push=_average_backward_jvp,
    batch=functools.partial(_batch_backward, "average"),
)
_weighted_sum = operation(
    "weighted_sum",
    "(Tensor a, int[]? axis, Tensor weights) -> Tensor",
    cpu=_weighted_sum_cpu,
    fake=_weighted_sum_fake,
    keep=_keep,
    differentiate=_weighted_sum_vjp,
    push=_weighted_sum_jvp,
    batch=functools.partial(_batch, "weighted_sum"),
)
_weighted_sum_backward = operation(
    "weighted_sum_backward",
    "(Tensor g, Tensor a, int[]? axis, Tensor weights) -> (Tensor, Tensor)",
    cpu=_weighted_sum_backward_cpu,
    fake=_weighted_sum_backward_fake,
    keep=_keep_backward,
    differentiate=_weighted_sum_backward_vjp,
    push=_weighted_sum_backward_jvp,
    batch=functools.partial(_batch_backward, "weighted_sum"),
)
