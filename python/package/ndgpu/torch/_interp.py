"""``numpy.interp`` of tensors: the operation, its derivatives, its shapes and its batches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor  # type: ignore[import-not-found, unused-ignore]

from .. import _host
from . import _segments
from ._operations import operation
from ._tensors import (
    Shape,
    array_of,
    batch_first,
    check,
    example_shape,
    expect_shape,
    expect_tensors,
    number,
    tensor_of,
)

_PARTS = ("x", "xp", "fp")


def interp(
    x: Tensor,
    xp: Tensor,
    fp: Tensor,
    left: float | None = None,
    right: float | None = None,
    period: float | None = None,
) -> Tensor:
    """One-dimensional linear interpolation, differentiable in queries, knots and values: ``numpy.interp``.

    Parameters
    ----------
    x : Tensor
        Where to interpolate, of any shape.
    xp, fp : Tensor
        Knots, which increase, and their values, of shape ``[n]``. Or a table for each row: at least one of them is
        ``[rows, n]``, and `x` is ``[m]``, the same for all rows, or ``[rows, m]``.
    left, right : float, optional
        The values left of the first knot and right of the last; without them those of `fp`.
    period : float, optional
        The period of `x` and `xp`. Knots may then have any order; `left` and `right` are ignored.

    Returns
    -------
    Tensor
        Of the shape of `x`, or ``[rows, m]``, and of its dtype.

    Raises
    ------
    ndgpu.NotSortedError
        If knots do not increase (equal ones may follow one another): a ValueError that says which. A compiled program
        raises it when it runs.
    ValueError
        If shapes do not fit, there are no knots, or the period is 0.
    TypeError
        For what is no tensor of float32 or float64 in the host's memory, or tensors of different dtypes. Nothing is
        cast or moved unasked; the error says how.

    Notes
    -----
    Tensors are read where they lie, and the result is fresh memory that PyTorch takes over: nothing is copied, if the
    tensors are contiguous and :func:`ndgpu.get_device` is the CPU engine. A GPU of ndgpu's gets copies.

    The derivative in `x` is the slope of the segment; at a knot of the one to the right, at the last knot of the last
    one, outside and on segments of no width 0. Values and first derivatives are computed natively; derivatives of
    derivatives in PyTorch's own operations. Forward mode is there by ``torch.func`` (``jvp``, ``jacfwd``, ``hessian``).

    ``torch.func.vmap`` makes rows of a batch: one call, no loop. ``torch.compile`` takes all of it into its graphs but
    for batches of derivatives (``vmap(grad(..))``), which PyTorch compiles of its own operations alone.

    Examples
    --------
    >>> import torch
    >>> import ndgpu.torch
    >>> xp = torch.tensor([0.0, 1.0, 4.0])
    >>> fp = torch.tensor([0.0, 10.0, 4.0], requires_grad=True)
    >>> y = ndgpu.torch.interp(torch.tensor([0.5, 3.0, 9.0]), xp, fp)
    >>> y.detach()
    tensor([5., 6., 4.])
    >>> y.sum().backward()
    >>> fp.grad
    tensor([0.5000, 0.8333, 1.6667])

    A table for each row:

    >>> ndgpu.torch.interp(torch.tensor([0.5]), xp, torch.tensor([[0.0, 1.0, 2.0], [0.0, 2.0, 4.0]]))
    tensor([[0.5000],
            [1.0000]])
    """
    expect_tensors("interp", x=x, xp=xp, fp=fp)
    left, right = number("interp", "left", left), number("interp", "right", right)
    period = number("interp", "period", period)
    if period is not None:
        if period == 0:
            raise ValueError("ndgpu.torch.interp: period must be a non-zero value")
        left, right, period = None, None, abs(period)
    y: Tensor = _interp(x, xp, fp, left, right, period)
    return y


def shape_of_interp(x: Shape, xp: Shape, fp: Shape) -> Shape:
    """The shape of the results, or a ValueError that says what does not fit."""

    def given() -> str:
        return f"x has shape {list(x)}, xp {list(xp)} and fp {list(fp)}"

    rows = [table[0] for table in (xp, fp) if len(table) == 2]
    check(
        len(xp) in (1, 2) and len(fp) in (1, 2),
        lambda: f"ndgpu.torch.interp: xp and fp are [n], or [rows, n] for a table for each row, but {given()}",
    )
    check(xp[-1] == fp[-1], lambda: f"ndgpu.torch.interp: xp and fp must have the same length n, but {given()}")
    check(xp[-1] != 0, lambda: f"ndgpu.torch.interp: there must be at least one knot, but {given()}")
    if not rows:
        return x
    check(
        len(x) in (1, 2),
        lambda: f"ndgpu.torch.interp: beside a table for each row, x is [m] or [rows, m], but {given()}",
    )
    for count in rows[1:] + ([x[0]] if len(x) == 2 else []):
        check(count == rows[0], lambda: f"ndgpu.torch.interp: x, xp and fp must have as many rows, but {given()}")
    return rows[0], x[-1]


# --- values and shapes ----------------------------------------------------------------------------------------------


def _interp_cpu(
    x: Tensor, xp: Tensor, fp: Tensor, left: float | None, right: float | None, period: float | None
) -> Tensor:
    shape_of_interp(x.shape, xp.shape, fp.shape)
    return tensor_of(_host.interp(array_of(x), array_of(xp), array_of(fp), left, right, period))


def _interp_fake(x: Tensor, xp: Tensor, fp: Tensor, left: Any, right: Any, period: Any) -> Tensor:
    return x.new_empty(shape_of_interp(x.shape, xp.shape, fp.shape))


def _backward_cpu(
    g: Tensor,
    x: Tensor,
    xp: Tensor,
    fp: Tensor,
    left: float | None,
    right: float | None,
    period: float | None,
    wanted: list[bool],
) -> tuple[Tensor, Tensor, Tensor]:
    expect_shape("interp", g.shape, shape_of_interp(x.shape, xp.shape, fp.shape))
    names = [name for name, yes in zip(_PARTS, wanted) if yes]
    found = _host.interp_vjp(
        array_of(x), array_of(xp), array_of(fp), array_of(g), left, right, period, wanted=names
    )  # fmt: skip
    of_x, of_xp, of_fp = (tensor_of(found[name]) if name in found else x.new_empty(0) for name in _PARTS)
    return of_x, of_xp, of_fp


def _backward_fake(
    g: Tensor, x: Tensor, xp: Tensor, fp: Tensor, left: Any, right: Any, period: Any, wanted: list[bool]
) -> tuple[Tensor, Tensor, Tensor]:
    expect_shape("interp", g.shape, shape_of_interp(x.shape, xp.shape, fp.shape))
    of_x, of_xp, of_fp = (x.new_empty(part.shape if yes else (0,)) for part, yes in zip((x, xp, fp), wanted))
    return of_x, of_xp, of_fp


# --- derivatives ----------------------------------------------------------------------------------------------------


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    *tensors, ctx.left, ctx.right, ctx.period = inputs
    ctx.save_for_backward(*tensors)
    ctx.save_for_forward(*tensors)


def _differentiate(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
    wanted = list(ctx.needs_input_grad[:3])
    found = _interp_backward(g, *ctx.saved_tensors, ctx.left, ctx.right, ctx.period, wanted)
    return *(part if yes else None for part, yes in zip(found, wanted)), None, None, None


def _keep_backward(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    *tensors, ctx.left, ctx.right, ctx.period, ctx.wanted = inputs
    ctx.save_for_backward(*tensors)
    ctx.save_for_forward(*tensors)


def _differentiate_backward(ctx: Any, *tangents: Tensor | None) -> tuple[Tensor | None, ...]:
    there = [tangent if yes else None for tangent, yes in zip(tangents, ctx.wanted)]
    g, x, xp, fp = ctx.saved_tensors
    found = _segments.interp_backward_backward(g, x, xp, fp, ctx.left, ctx.right, ctx.period, *there)
    return *found, None, None, None, None


def _push(ctx: Any, dx: Tensor | None, dxp: Tensor | None, dfp: Tensor | None, *_: None) -> Tensor:
    x, xp, fp = ctx.saved_tensors
    shape = shape_of_interp(x.shape, xp.shape, fp.shape)
    # What is left and right of the knots does not change.
    still = (None if ctx.left is None else 0.0), (None if ctx.right is None else 0.0), ctx.period
    # A result moves with its query relative to the knots, and with the values.
    x = x.expand(shape)
    move = torch.zeros_like(x) if dx is None else dx.expand(shape)
    if dxp is not None:
        move = move - _interp(x, xp, dxp, *still)
    change: Tensor = _interp_backward(move, x, xp, fp, ctx.left, ctx.right, ctx.period, [True, False, False])[0]
    return change if dfp is None else change + _interp(x, xp, dfp, *still)


def _push_backward(
    ctx: Any, dg: Tensor | None, dx: Tensor | None, dxp: Tensor | None, dfp: Tensor | None, *_: None
) -> tuple[Tensor, Tensor, Tensor]:
    g, x, xp, fp = ctx.saved_tensors
    options = ctx.left, ctx.right, ctx.period, ctx.wanted
    return _segments.interp_backward_forward(g, x, xp, fp, *options, dg, dx, dxp, dfp)


# --- batches --------------------------------------------------------------------------------------------------------


def _interp_batch(
    call: Callable[..., Any],
    info: Any,
    batches: tuple[int | None, ...],
    x: Tensor,
    xp: Tensor,
    fp: Tensor,
    *options: Any,
) -> tuple[Tensor, int]:
    size, (of_x, of_xp, of_fp, *_) = info.batch_size, batches
    x_shape, *tables = (example_shape(part, batch) for part, batch in zip((x, xp, fp), batches))
    shape = shape_of_interp(x_shape, *tables)
    by_rows = 2 in map(len, tables)
    if of_xp is None and of_fp is None and of_x is not None:
        # Tables that all share stay as they are: a batch of queries is more queries.
        if not by_rows:
            return call(x, xp, fp, *options), of_x
        y: Tensor = call(_side_by_side(x, of_x), xp, fp, *options)
        return y.reshape(shape[0], size, shape[1]), 1
    if not by_rows:
        x, of_x = _flat(x, of_x, size)
    count = shape[0] if by_rows else 1
    rows = (_as_rows(part, batch, size, count) for part, batch in zip((x, xp, fp), (of_x, of_xp, of_fp)))
    return call(*rows, *options).reshape(size, *shape), 0


def _backward_batch(
    call: Callable[..., Any],
    info: Any,
    batches: tuple[int | None, ...],
    g: Tensor,
    x: Tensor,
    xp: Tensor,
    fp: Tensor,
    left: float | None,
    right: float | None,
    period: float | None,
    wanted: list[bool],
) -> tuple[tuple[Tensor, Tensor, Tensor], tuple[int | None, int | None, int | None]]:
    size, options = info.batch_size, (left, right, period, wanted)
    of_g, of_x, of_xp, of_fp = batches[:4]
    shapes = [example_shape(part, batch) for part, batch in zip((x, xp, fp), (of_x, of_xp, of_fp))]
    shape = shape_of_interp(*shapes)
    by_rows = 2 in map(len, shapes[1:])
    if of_xp is None and of_fp is None and not (wanted[1] or wanted[2]):
        g, x = batch_first(g, of_g, size), batch_first(x, of_x, size)
        if not by_rows:
            return call(g, x, xp, fp, *options), (0, None, None)
        found, *others = call(_side_by_side(g, 0), _side_by_side(x, 0), xp, fp, *options)
        found = found.reshape(*shapes[0][:-1], size, shapes[0][-1])
        return (found, *others), (len(shapes[0]) - 1, None, None)
    if not by_rows:
        (g, of_g), (x, of_x) = _flat(g, of_g, size), _flat(x, of_x, size)
    count = shape[0] if by_rows else 1
    # What has a cotangent has one for each of the batch, also if all share it.
    rows = [
        _as_rows(part, batch, size, count, apart)
        for part, batch, apart in zip((g, x, xp, fp), (of_g, of_x, of_xp, of_fp), (True, *wanted))
    ]
    results = []
    for found, each, yes in zip(call(*rows, *options), shapes, wanted):
        if yes and by_rows and len(each) == 1:
            found = found.reshape(size, count, *each).sum(1)
        results.append(found.reshape(size, *each) if yes else found)
    of_x, of_xp, of_fp = (0 if yes else None for yes in wanted)
    return (results[0], results[1], results[2]), (of_x, of_xp, of_fp)


def _side_by_side(part: Tensor, batch: int) -> Tensor:
    """A batch of ``[m]`` or ``[rows, m]`` as more queries in each row: ``[size * m]`` or ``[rows, size * m]``."""
    part = part.movedim(batch, -2)
    return part.reshape(*part.shape[:-2], part.shape[-2] * part.shape[-1])


def _flat(part: Tensor, batch: int | None, size: int) -> tuple[Tensor, int | None]:
    """Queries of any shape with one axis, behind that of the batch if there is one."""
    if batch is None:
        return part.reshape(-1), None
    count = math.prod(example_shape(part, batch))
    return part.movedim(batch, 0).reshape(size, count), 0


def _as_rows(part: Tensor, batch: int | None, size: int, count: int, apart: bool = False) -> Tensor:
    """A batch of ``[length]`` or ``[count, length]`` as ``[size * count, length]``. A ``[length]`` that all share stays
    one, unless each has to be apart."""
    if batch is None and part.ndim == 1 and not apart:
        return part
    part = batch_first(part, batch, size)
    if part.ndim == 2:
        part = part.unsqueeze(1)
    length = part.shape[-1]
    return part.expand(size, count, length).reshape(size * count, length)


# --- put together ---------------------------------------------------------------------------------------------------

_OPTIONS = "float? left, float? right, float? period"
_interp = operation(
    "interp",
    f"(Tensor x, Tensor xp, Tensor fp, {_OPTIONS}) -> Tensor",
    cpu=_interp_cpu,
    fake=_interp_fake,
    keep=_keep,
    differentiate=_differentiate,
    push=_push,
    batch=_interp_batch,
)
_interp_backward = operation(
    "interp_backward",
    # What is not wanted is empty.
    f"(Tensor g, Tensor x, Tensor xp, Tensor fp, {_OPTIONS}, bool[] wanted) -> (Tensor, Tensor, Tensor)",
    cpu=_backward_cpu,
    fake=_backward_fake,
    keep=_keep_backward,
    differentiate=_differentiate_backward,
    push=_push_backward,
    batch=_backward_batch,
)
