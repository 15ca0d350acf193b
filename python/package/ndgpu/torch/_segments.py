"""Interpolation in PyTorch's own operations: which knots a query lies between, and what follows from that.

Values and first derivatives are computed natively. What is here follows the same conventions (knots that repeat,
queries outside, NaN, periods), and PyTorch differentiates it to any order. It serves derivatives of derivatives, and
programs that have to run where ndgpu is not.
"""

from __future__ import annotations

from typing import NamedTuple

import torch  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor  # type: ignore[import-not-found, unused-ignore]


class Segments(NamedTuple):
    """The two knots of its row that each query of ``[rows, m]`` lies between. Every field has that shape."""

    #: Places of the knots, as they were given.
    below: Tensor
    above: Tensor
    #: The part of the way from one to the other.
    part: Tensor
    #: The distance between them; 1 where no line is followed.
    width: Tensor
    #: Where the line between them is followed. Elsewhere the result is the value of one knot.
    on_line: Tensor
    #: Where values of knots reach the result: neither at NaN nor where `left` or `right` is the result.
    reached: Tensor
    #: Where queries are NaN.
    nan: Tensor

    def apply(self, values: Tensor) -> Tensor:
        """Interpolates in values of ``[rows, n]``; 0 where nothing of them is reached."""
        low, high = values.gather(-1, self.below), values.gather(-1, self.above)
        return torch.where(self.reached, torch.lerp(low, high, self.part), 0)

    def slope(self, values: Tensor) -> Tensor:
        """The slopes of the lines through values of ``[rows, n]``; NaN at NaN."""
        rise = values.gather(-1, self.above) - values.gather(-1, self.below)
        return torch.where(self.nan, torch.nan, torch.where(self.on_line, rise / self.width, 0))

    def apply_transpose(self, g: Tensor, knots: int) -> Tensor:
        """What :meth:`apply` takes from ``[rows, n]``, given back: the sums at each knot."""
        g = torch.where(self.reached, g, 0)
        return self.spread(g - g * self.part, g * self.part, knots)

    def slope_transpose(self, g: Tensor, knots: int) -> Tensor:
        """Likewise for :meth:`slope`."""
        rise = torch.where(self.on_line, g / self.width, 0)
        return self.spread(-rise, rise, knots)

    def spread(self, low: Tensor, high: Tensor, knots: int) -> Tensor:
        """Sums of ``[rows, n]`` of what each query adds to either of its knots."""
        sums = low.new_zeros(low.shape[0], knots)
        return sums.scatter_add(-1, self.below, low).scatter_add(-1, self.above, high)


def locate(x: Tensor, xp: Tensor, left: float | None, right: float | None, period: float | None) -> Segments:
    """Finds queries of ``[rows, m]`` among knots of ``[rows, n]``."""
    nan = torch.isnan(x)
    reached = ~nan
    order = None
    if period is None:
        if left is not None:
            reached = reached & ~(x < xp[:, :1])
        if right is not None:
            reached = reached & ~(x > xp[:, -1:])
        last = max(xp.shape[-1] - 2, 0)
    else:
        x = torch.remainder(x, period)
        xp, order = _one_period(xp, period)
        last = xp.shape[-1] - 2
    # To the right, as NumPy searches: a query at a knot that repeats belongs to the last of them.
    place = torch.searchsorted(xp.detach().contiguous(), x.detach().contiguous(), right=True) - 1
    below = place.clamp(0, last)
    above = (below + 1).clamp(max=xp.shape[-1] - 1)
    x0, x1 = xp.gather(-1, below), xp.gather(-1, above)
    width = x1 - x0
    on_line = (x >= x0) & (x <= x1) & (width > 0) & (width < torch.inf)
    # Division by what no derivative may come back from is division by 1.
    width = torch.where(on_line, width, 1)
    of_low = (x < x1) & ((x == x0) | (x0 != -torch.inf))
    part = torch.where(on_line, torch.where(on_line, x - x0, 0) / width, torch.where(of_low, 0, 1).to(x.dtype))
    if order is not None:
        below, above = order.gather(-1, below), order.gather(-1, above)
    return Segments(below, above, part, width, on_line, reached, nan)


def _one_period(xp: Tensor, period: float) -> tuple[Tensor, Tensor]:
    """The knots in one period and in order, with the last of them before the first and the first after the last; and
    which of those that were given each one is. What has no place in a period goes to the end, infinitely far away."""
    finite = torch.isfinite(xp)
    inside, order = torch.where(finite, torch.remainder(xp, period), torch.inf).sort(dim=-1, stable=True)
    count = finite.sum(-1, keepdim=True)
    final = (count - 1).clamp(min=0)
    before = inside.gather(-1, final) - period
    places = torch.cat([order.gather(-1, final), order, order[:, :1]], -1)
    knots = torch.cat([before, inside, before.new_full(before.shape, torch.inf)], -1)
    after = torch.arange(knots.shape[-1], device=xp.device) == count + 1
    return torch.where(after, inside[:, :1] + period, knots), torch.where(after, order[:, :1], places)


class Rows(NamedTuple):
    """Queries and tables row by row, whatever form they were given in."""

    x: Tensor
    xp: Tensor
    fp: Tensor
    #: Of the results.
    shape: tuple[int, ...]

    @classmethod
    def of(cls, x: Tensor, xp: Tensor, fp: Tensor) -> Rows:
        if xp.ndim == fp.ndim == 1:
            return cls(x.reshape(1, -1), xp.unsqueeze(0), fp.unsqueeze(0), tuple(x.shape))
        rows = xp.shape[0] if xp.ndim == 2 else fp.shape[0]
        x, xp, fp = (part.expand(rows, part.shape[-1]) for part in (x, xp, fp))
        return cls(x, xp, fp, tuple(x.shape))

    def like(self, part: Tensor) -> Tensor:
        """Something of the shape of one of the operands, row by row."""
        return part.reshape(1, -1) if self.x.shape[0] == 1 else part.expand(self.x.shape[0], part.shape[-1])

    def moved(self, at: Segments, dx: Tensor | None, dxp: Tensor | None) -> Tensor:
        """How far queries move relative to the knots beside them: ``dx - A dxp``."""
        move = torch.zeros_like(self.x) if dx is None else self.like(dx)
        return move if dxp is None else move - at.apply(self.like(dxp))


def given_back(rows: Tensor, to: Tensor) -> Tensor:
    """Cotangents row by row in the shape of the operand that they belong to."""
    if to.ndim == 1 and rows.shape[0] != 1:
        return rows.sum(0)
    return rows.reshape(to.shape)


def interp(
    x: Tensor,
    xp: Tensor,
    fp: Tensor,
    left: float | None = None,
    right: float | None = None,
    period: float | None = None,
) -> Tensor:
    """What the operation ``ndgpu::interp`` computes, to some units in the last place."""
    rows = Rows.of(x, xp, fp)
    at = locate(rows.x, rows.xp, left, right, period)
    y = torch.where(at.nan, torch.nan, at.apply(rows.fp))
    if period is None:
        if left is not None:
            y = torch.where(rows.x < rows.xp[:, :1], left, y)
        if right is not None:
            y = torch.where(rows.x > rows.xp[:, -1:], right, y)
    return y.reshape(rows.shape)


def interp_backward(
    g: Tensor,
    x: Tensor,
    xp: Tensor,
    fp: Tensor,
    left: float | None,
    right: float | None,
    period: float | None,
    wanted: list[bool],
) -> tuple[Tensor, Tensor, Tensor]:
    """What the operation ``ndgpu::interp_backward`` computes, likewise."""
    rows = Rows.of(x, xp, fp)
    at, g, knots = locate(rows.x, rows.xp, left, right, period), rows.like(g), xp.shape[-1]
    of_x = g * at.slope(rows.fp)
    return (
        given_back(of_x, x) if wanted[0] else g.new_empty(0),
        given_back(-at.apply_transpose(of_x, knots), xp) if wanted[1] else g.new_empty(0),
        given_back(at.apply_transpose(g, knots), fp) if wanted[2] else g.new_empty(0),
    )


def interp_backward_forward(
    g: Tensor,
    x: Tensor,
    xp: Tensor,
    fp: Tensor,
    left: float | None,
    right: float | None,
    period: float | None,
    wanted: list[bool],
    dg: Tensor | None,
    dx: Tensor | None,
    dxp: Tensor | None,
    dfp: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """The tangents of what ``ndgpu::interp_backward`` gives from those of its operands."""
    rows = Rows.of(x, xp, fp)
    at, g, knots = locate(rows.x, rows.xp, left, right, period), rows.like(g), xp.shape[-1]
    dg = torch.zeros_like(g) if dg is None else rows.like(dg)
    slope, moved = at.slope(rows.fp), rows.moved(at, dx, dxp)
    steeper = torch.zeros_like(g) if dfp is None else at.slope(rows.like(dfp))
    if dxp is not None:
        steeper = steeper - slope * at.slope(rows.like(dxp))
    of_x = dg * slope + g * steeper
    of_xp = -at.apply_transpose(of_x, knots) - at.slope_transpose(g * slope * moved, knots)
    of_fp = at.apply_transpose(dg, knots) + at.slope_transpose(g * moved, knots)
    of_x, of_xp, of_fp = (
        given_back(found, to) if yes else g.new_empty(0)
        for found, to, yes in zip((of_x, of_xp, of_fp), (x, xp, fp), wanted)
    )
    return of_x, of_xp, of_fp


def interp_backward_backward(
    g: Tensor,
    x: Tensor,
    xp: Tensor,
    fp: Tensor,
    left: float | None,
    right: float | None,
    period: float | None,
    dx: Tensor | None,
    dxp: Tensor | None,
    dfp: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The cotangents of the operands of ``ndgpu::interp_backward`` from those of its results.

    With interpolation ``A`` and slopes ``S``, both linear in values, they are the derivatives of ``sum(g * (A dfp + (S
    fp) * (dx - A dxp)))``: what multiplies ``g`` there is the tangent of the results for tangents like these.
    """
    rows = Rows.of(x, xp, fp)
    at, g, knots = locate(rows.x, rows.xp, left, right, period), rows.like(g), xp.shape[-1]
    slope, moved = at.slope(rows.fp), rows.moved(at, dx, dxp)
    of_g = slope * moved
    steeper = torch.zeros_like(g)
    if dfp is not None:
        of_g = of_g + at.apply(rows.like(dfp))
        steeper = at.slope(rows.like(dfp))
    if dxp is not None:
        steeper = steeper - slope * at.slope(rows.like(dxp))
    of_x = g * steeper
    of_xp = -at.apply_transpose(of_x, knots) - at.slope_transpose(g * slope * moved, knots)
    of_fp = at.slope_transpose(g * moved, knots)
    return of_g.reshape(rows.shape), given_back(of_x, x), given_back(of_xp, xp), given_back(of_fp, fp)
