"""Axes to sum over, and weights for the places along them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor  # type: ignore[import-not-found, unused-ignore]

from ._tensors import Shape, batch_first, example_shape


def axes_of(operation: str, axis: int | Sequence[int] | None, ndim: int) -> list[int] | None:
    """Axes counted from 0, in the order in which they are named."""
    if axis is None:
        return None
    named = [axis] if isinstance(axis, int) else list(axis)
    for each in named:
        if not -ndim <= each < ndim:
            raise np.exceptions.AxisError(
                f"ndgpu.torch.{operation}: axis {each} is out of range for a tensor with {ndim} axes"
            )
    counted = [each % ndim for each in named]
    if len(set(counted)) < len(counted):
        raise ValueError(f"ndgpu.torch.{operation}: an axis is named twice in {tuple(named)}")
    return counted


def every(axes: list[int] | None, ndim: int) -> list[int]:
    """The axes that are meant."""
    return list(range(ndim)) if axes is None else axes


def without(shape: Shape, axes: list[int] | None) -> Shape:
    """The shape of sums."""
    return [length for axis, length in enumerate(shape) if axes is not None and axis not in axes]


def count(shape: Shape, axes: list[int]) -> int:
    """How many elements each sum is made of."""
    return math.prod(shape[axis] for axis in axes)


def total(a: Tensor, axes: list[int]) -> Tensor:
    """Sums over axes, which stay with length 1."""
    # To PyTorch no axes are all of them.
    return a.sum(axes, keepdim=True) if axes else a


def back(g: Tensor, axes: list[int]) -> Tensor:
    """Gives something in the shape of sums the axes again, with length 1."""
    for axis in sorted(axes):
        g = g.unsqueeze(axis)
    return g


def expect_weights(operation: str, a: Shape, weights: Shape, axes: list[int] | None) -> None:
    """Refuses weights that have neither the shape of `a` nor the lengths of the axes."""
    if _same(weights, a):
        return
    given = f"but the weights have shape {list(weights)} and a has shape {list(a)}"
    if axes is None:
        raise TypeError(f"ndgpu.torch.{operation}: an axis must be named unless weights have the shape of a, {given}")
    if not _same(weights, [a[axis] for axis in axes]):
        raise ValueError(
            f"ndgpu.torch.{operation}: weights must have the shape of a, or the lengths of the axes {tuple(axes)}, "
            f"which is {[a[axis] for axis in axes]}, {given}"
        )


def wide(weights: Tensor, a: Shape, axes: list[int]) -> Tensor:
    """Weights so that they broadcast with `a`."""
    if _same(weights.shape, a):
        return weights
    weights = weights.permute(sorted(range(len(axes)), key=axes.__getitem__))
    for axis in range(len(a)):
        if axis not in axes:
            weights = weights.unsqueeze(axis)
    return weights


def narrow(shares: Tensor, weights: Shape, axes: list[int]) -> Tensor:
    """What each element of `a` adds to its weight, summed in the shape of the weights."""
    if _same(weights, shares.shape):
        return shares
    others = [axis for axis in range(shares.ndim) if axis not in axes]
    if others:
        shares = shares.sum(others)
    ascending = sorted(axes)
    return shares.permute([ascending.index(axis) for axis in axes])


class Batch:
    """A batch of calls as one call with an axis more, which is in front."""

    def __init__(self, operation: str, size: int, a: Tensor, of_a: int | None, axes: list[int] | None) -> None:
        self.operation, self.size, self.given = operation, size, axes
        self.example = example_shape(a, of_a)
        self.a = batch_first(a, of_a, size)
        self.axes = [axis + 1 for axis in every(axes, len(self.example))]

    def first(self, part: Tensor, batch: int | None) -> Tensor:
        return batch_first(part, batch, self.size)

    def weights(self, weights: Tensor, batch: int | None, apart: bool = False) -> Tensor:
        """The weights of the call. Those that all share stay as they are, unless each has to be apart."""
        example = example_shape(weights, batch)
        expect_weights(self.operation, self.example, example, self.given)
        along = not _same(example, self.example)
        if batch is None and along and not apart:
            return weights
        weights = batch_first(weights, batch, self.size)
        return wide(weights, self.a.shape, [0, *self.axes]).expand(self.a.shape)

    def of_weights(self, shares: Tensor, weights: Tensor, batch: int | None) -> Tensor:
        """Cotangents in the shape of the weights, for each of the batch."""
        return narrow(shares, (self.size, *example_shape(weights, batch)), [0, *self.axes])


def _same(shape: Shape, other: Shape) -> bool:
    return len(shape) == len(other) and all(length == there for length, there in zip(shape, other))
