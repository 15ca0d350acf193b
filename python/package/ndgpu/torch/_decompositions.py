"""Every operation in PyTorch's own ones, for programs that have to run where ndgpu is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor  # type: ignore[import-not-found, unused-ignore]

from . import _segments
from ._axes import back, count, every, narrow, total, wide, without


def decompositions() -> dict[Any, Callable[..., Any]]:
    """What stands for each operation in PyTorch's own ones: a table for ``run_decompositions``.

    An exported program that was decomposed needs no ndgpu, and runs where PyTorch does. It looks neither at the order
    of knots nor for weights that sum to zero, whose averages are NaN or infinite, and it sums in its tensors' dtype.

    >>> import torch
    >>> import ndgpu.torch
    >>> class Curve(torch.nn.Module):
    ...     def forward(self, x, xp, fp):
    ...         return ndgpu.torch.interp(x, xp, fp)
    >>> operands = torch.tensor([0.5, 3.0]), torch.tensor([0.0, 1.0, 4.0]), torch.tensor([0.0, 10.0, 4.0])
    >>> program = torch.export.export(Curve(), operands)
    >>> "ndgpu" in str(program.graph)
    True
    >>> alone = program.run_decompositions(ndgpu.torch.decompositions())
    >>> "ndgpu" in str(alone.graph)
    False
    >>> alone.module()(*operands)
    tensor([5., 6.])
    """
    operations = torch.ops.ndgpu
    return {
        operations.interp.default: _segments.interp,
        operations.interp_backward.default: _segments.interp_backward,
        operations.average.default: _average,
        operations.average_backward.default: _average_backward,
        operations.weighted_sum.default: _weighted_sum,
        operations.weighted_sum_backward.default: _weighted_sum_backward,
        operations.standardize.default: _standardize,
        operations.standardize_backward.default: _standardize_backward,
    }


def _average(a: Tensor, axis: list[int] | None, weights: Tensor | None) -> Tensor:
    axes = every(axis, a.ndim)
    averages: Tensor
    if weights is None:
        averages = total(a, axes) / count(a.shape, axes)
        return averages.reshape(without(a.shape, axes))
    widened = wide(weights, a.shape, axes)
    averages = total(a * widened, axes) / total(widened, axes)
    return averages.reshape(without(a.shape, axes))


def _average_backward(g: Tensor, a: Tensor, axis: list[int] | None, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    axes = every(axis, a.ndim)
    g = back(g, axes)
    if weights is None:
        return (g / count(a.shape, axes)).expand(a.shape).clone(), a.new_empty(0)
    widened = wide(weights, a.shape, axes)
    scale = g / total(widened, axes)
    averages = total(a * widened, axes) / total(widened, axes)
    return scale * widened.expand(a.shape), narrow(scale * (a - averages), weights.shape, axes)


def _weighted_sum(a: Tensor, axis: list[int] | None, weights: Tensor) -> Tensor:
    axes = every(axis, a.ndim)
    return total(a * wide(weights, a.shape, axes), axes).reshape(without(a.shape, axes))


def _weighted_sum_backward(g: Tensor, a: Tensor, axis: list[int] | None, weights: Tensor) -> tuple[Tensor, Tensor]:
    axes = every(axis, a.ndim)
    g = back(g, axes)
    return g * wide(weights, a.shape, axes).expand(a.shape), narrow(g * a, weights.shape, axes)


def _standardize(a: Tensor, axis: list[int] | None, ddof: float) -> Tensor:
    return _scores(a, every(axis, a.ndim), ddof)[0]


def _standardize_backward(g: Tensor, a: Tensor, axis: list[int] | None, ddof: float) -> Tensor:
    axes = every(axis, a.ndim)
    scores, spread = _scores(a, axes, ddof)
    elements = count(a.shape, axes)
    of_a: Tensor = (g - total(g, axes) / elements - scores * (total(g * scores, axes) / (elements - ddof))) / spread
    return of_a


def _scores(a: Tensor, axes: list[int], ddof: float) -> tuple[Tensor, Tensor]:
    """The scores and the standard deviations."""
    elements = count(a.shape, axes)
    deviations = a - total(a, axes) / elements
    spread = (total(deviations * deviations, axes) / (elements - ddof)).sqrt()
    return deviations / spread, spread
