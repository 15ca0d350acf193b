"""Interpolation as an operator: ``A v``, its transpose ``A^T g``, and the slopes, which are such a product too.

Everything is in rows: queries ``x`` of ``[rows, m]``, knots ``xp`` of ``[rows, n]`` and values ``v`` of ``[rows, n]``
give results of ``[rows, m]``. Queries and knots that all rows share have one row. ``A`` depends on queries and knots,
and a result moves with them by the slope there: ``dy = A dv + s (dx - A dxp)``. The slopes are a table themselves, of
the difference quotients of the values, of which a query takes the one to its left. So derivatives of every order are
made of the same two primitives.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import ShapedArray
from jax.interpreters import ad, batching

from .. import _ndgpu
from . import _on_host
from ._route import Route, primitive


class Rules(NamedTuple):
    """What is outside of a table, and what is between two knots: their line, or the value of the one before."""

    left: float | None
    right: float | None
    period: float | None
    previous: bool = False

    def linear(self) -> Rules:
        """Without what is added to a product: the same queries get 0."""
        return self._replace(left=None if self.left is None else 0.0, right=None if self.right is None else 0.0)

    def slopes(self) -> Rules:
        return Rules(0.0, 0.0, self.period, previous=True)


class Where(NamedTuple):
    """What computes, and by which way it is reached."""

    device: _ndgpu.Device
    route: Route


def apply(x: Any, xp: Any, v: Any, rules: Rules, where: Where) -> Any:
    """``A v``, and what the rules add outside; any of the operands may have one row for all."""
    rows = max(x.shape[0], xp.shape[0], v.shape[0])
    if rows > 1 and xp.shape[0] == v.shape[0] == 1:
        # One table, and so one row of queries.
        return apply(x.reshape(1, -1), xp, v, rules, where).reshape(rows, -1)
    values = jnp.broadcast_to(v, (rows, v.shape[1]))
    return apply_p.bind(x, xp, values, rules=rules, **where._asdict())


def slopes(x: Any, xp: Any, v: Any, rules: Rules, where: Where) -> Any:
    """The derivatives of ``A v`` in the queries."""
    quotients = _closed_quotients(xp, v, rules.period) if rules.period is not None else _quotients(xp, v)
    return apply(x, xp, quotients, rules.slopes(), where)


def _quotients(xp: Any, v: Any) -> Any:
    """The slope of the segment to the right of each knot, at the last knot that of the last segment."""
    if xp.shape[1] == 1:
        return jnp.zeros_like(v)
    quotients = _quotient(jnp.diff(v, axis=1), jnp.diff(xp, axis=1))
    return jnp.concatenate([quotients, quotients[:, -1:]], axis=1)


def _closed_quotients(xp: Any, v: Any, period: float) -> Any:
    """The same of knots in any order that a period closes. Those that are not finite have no place in it."""
    rows, n = max(xp.shape[0], v.shape[0]), xp.shape[1]
    xp, v = jnp.broadcast_to(xp, (rows, n)), jnp.broadcast_to(v, (rows, n))
    is_placed = jnp.isfinite(xp)
    place = jnp.where(is_placed, jnp.remainder(jnp.where(is_placed, xp, 0), period), jnp.inf)
    order = jnp.argsort(place, axis=1)
    is_last = jnp.arange(1, n + 1) >= is_placed.sum(axis=1, keepdims=True)
    after = jnp.where(is_last, order[:, :1], jnp.roll(order, -1, axis=1))

    def step(a: Any) -> Any:
        return jnp.take_along_axis(a, after, axis=1) - jnp.take_along_axis(a, order, axis=1)

    quotients = _quotient(step(v), step(place) + jnp.where(is_last, abs(period), 0).astype(xp.dtype))
    return jnp.take_along_axis(quotients, jnp.argsort(order, axis=1), axis=1)


def _quotient(rise: Any, width: Any) -> Any:
    # A division that is not used may not be one by 0 either: its derivative is.
    has_width = width > 0
    return jnp.where(has_width, rise / jnp.where(has_width, width, 1), 0)


def _moved(x: Any, xp: Any, tangents: tuple[Any, Any], rules: Rules, where: Where) -> Any:
    """``dx - A dxp``: how far queries move among the knots."""
    dx, dxp = tangents
    if isinstance(dxp, ad.Zero):
        return dx
    shift = apply(x, xp, dxp, rules.linear(), where)
    return -shift if isinstance(dx, ad.Zero) else dx - shift


def _sum(terms: list[Any], like: Any) -> Any:
    return sum(terms[1:], start=terms[0]) if terms else ad.Zero(jax.typeof(like))


def _apply_jvp(primals: Any, tangents: Any, *, rules: Rules, **where: Any) -> tuple[Any, Any]:
    x, xp, v = primals
    *moves, dv = tangents
    there = Where(**where)
    y = apply_p.bind(x, xp, v, rules=rules, **where)
    terms = []
    if not rules.previous and not all(isinstance(move, ad.Zero) for move in moves):
        terms.append(slopes(x, xp, v, rules, there) * _moved(x, xp, tuple(moves), rules, there))
    if not isinstance(dv, ad.Zero):
        terms.append(apply_p.bind(x, xp, dv, rules=rules.linear(), **where))
    return y, _sum(terms, y)


def _apply_transpose(g: Any, x: Any, xp: Any, v: Any, *, rules: Rules, **where: Any) -> tuple[Any, Any, Any]:
    if isinstance(g, ad.Zero):
        return None, None, ad.Zero(v.aval)
    return None, None, transpose_apply_p.bind(x, xp, g, rules=rules, **where)


def _transpose_apply_jvp(primals: Any, tangents: Any, *, rules: Rules, **where: Any) -> tuple[Any, Any]:
    x, xp, g = primals
    *moves, dg = tangents
    there = Where(**where)
    v = transpose_apply_p.bind(x, xp, g, rules=rules, **where)
    terms = []
    if not rules.previous and not all(isinstance(move, ad.Zero) for move in moves):
        # As <g, A v> moves by <g, s (dx - A dxp)>, with the slopes s linear in v.
        transposed = jax.linear_transpose(lambda values: slopes(x, xp, values, rules, there), v)
        terms.extend(transposed(g * _moved(x, xp, tuple(moves), rules, there)))
    if not isinstance(dg, ad.Zero):
        terms.append(transpose_apply_p.bind(x, xp, dg, rules=rules, **where))
    return v, _sum(terms, v)


def _transpose_apply_transpose(v: Any, x: Any, xp: Any, g: Any, *, rules: Rules, **where: Any) -> tuple[Any, Any, Any]:
    if isinstance(v, ad.Zero):
        return None, None, ad.Zero(g.aval)
    return None, None, apply_p.bind(x, xp, v, rules=rules.linear(), **where)


def _apply_batch(args: Any, dims: Any, **params: Any) -> tuple[Any, int]:
    (x, xp, v), (x_dim, xp_dim, v_dim) = args, dims
    if xp_dim is None and v_dim is None:
        # More queries of the same tables.
        x = jnp.moveaxis(x, x_dim, 1)
        y = apply_p.bind(x.reshape(x.shape[0], -1), xp, v, **params)
        return y.reshape(y.shape[0], *x.shape[1:]), 1
    return _more_rows(apply_p, args, dims, params)


def _transpose_apply_batch(args: Any, dims: Any, **params: Any) -> tuple[Any, int]:
    return _more_rows(transpose_apply_p, args, dims, params)


def _more_rows(operation: Any, args: Any, dims: Any, params: Any) -> tuple[Any, int]:
    """A batch of rows is more rows. The last operand has all of them, the others may share one."""
    batch = next(arg.shape[dim] for arg, dim in zip(args, dims) if dim is not None)
    rows = args[-1].shape[0 if dims[-1] is None or dims[-1] > 0 else 1]

    def in_rows(arg: Any, dim: int | None, is_shared: bool) -> Any:
        if dim is None:
            if is_shared and arg.shape[0] == 1:
                return arg
            arg = jnp.broadcast_to(arg, (batch, *arg.shape))
        else:
            arg = jnp.moveaxis(arg, dim, 0)
        return jnp.broadcast_to(arg, (batch, rows, arg.shape[2])).reshape(batch * rows, -1)

    x, xp, last = (in_rows(arg, dim, i < 2) for i, (arg, dim) in enumerate(zip(args, dims)))
    result = operation.bind(x, xp, last, **params)
    return result.reshape(batch, rows, -1), 0


def _attributes(rules: Rules) -> dict[str, Any]:
    numbers = {"left": rules.left, "right": rules.right, "period": rules.period}
    given = {name: np.float64(number) for name, number in numbers.items() if number is not None}
    return {"previous": np.int64(rules.previous), **given}


apply_p = primitive(
    "ndgpu_apply",
    ("rules",),
    lambda x, xp, v, *, rules: ShapedArray((v.shape[0], x.shape[1]), v.dtype),
    _on_host.apply,
    _attributes,
)
transpose_apply_p = primitive(
    "ndgpu_transpose_apply",
    ("rules",),
    lambda x, xp, g, *, rules: ShapedArray((g.shape[0], xp.shape[1]), g.dtype),
    _on_host.transpose_apply,
    _attributes,
)

ad.primitive_jvps[apply_p] = _apply_jvp
ad.primitive_transposes[apply_p] = _apply_transpose
ad.primitive_jvps[transpose_apply_p] = _transpose_apply_jvp
ad.primitive_transposes[transpose_apply_p] = _transpose_apply_transpose
batching.primitive_batchers[apply_p] = _apply_batch
batching.primitive_batchers[transpose_apply_p] = _transpose_apply_batch
