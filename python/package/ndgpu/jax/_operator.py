"""Interpolation as an operator: ``A v``, its transpose ``A^T g``, and the slopes, which are such a product too.

Everything is in rows: queries ``x`` of ``[rows, m]``, knots ``xp`` of ``[rows, n]`` and values ``v`` of ``[rows, n]``
give results of ``[rows, m]``. Queries and knots that all rows share have one row. ``A`` depends on queries and knots,
and a result moves with them by the slope there: ``dy = A dv + s (dx - A dxp)``. The slopes are a table themselves, of
the difference quotients of the values, of which a query takes the one to its left. So derivatives of every order are
made of the same two primitives.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

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


Places = tuple[int, ...]
"""Which of queries, knots and values, by their places in this order."""


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


def _is_zero(tangent: Any) -> bool:
    return isinstance(tangent, ad.Zero)


def _apply_jvp(primals: Any, tangents: Any, *, rules: Rules, **where: Any) -> tuple[Any, Any]:
    y = apply_p.bind(*primals, rules=rules, **where)
    moved = tuple(place for place, tangent in enumerate(tangents) if not _is_zero(tangent))
    if len(y) == 1 and len(moved) > 1 and not rules.previous:
        given = (tangents[place] for place in moved)
        return y, move_p.bind(*primals, *given, moved=moved, rules=rules, **where)
    return y, _sum(_movements(primals, tangents, rules, Where(**where)), y)


def _movements(primals: Any, tangents: Any, rules: Rules, where: Where) -> list[Any]:
    """The terms of ``s (dx - A dxp) + A dv``."""
    x, xp, v = primals
    dx, dxp, dv = tangents
    terms = []
    if not rules.previous and not (_is_zero(dx) and _is_zero(dxp)):
        terms.append(slopes(x, xp, v, rules, where) * _moved(x, xp, (dx, dxp), rules, where))
    if not _is_zero(dv):
        terms.append(apply_p.bind(x, xp, dv, rules=rules.linear(), **where._asdict()))
    return terms


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


def _move_in_parts(*args: Any, moved: Places, rules: Rules, **where: Any) -> Any:
    primals, given = args[:3], dict(zip(moved, args[3:]))
    tangents = [given.get(place, ad.Zero(jax.typeof(primal))) for place, primal in enumerate(primals)]
    first, *others = _movements(primals, tangents, rules, Where(**where))
    return sum(others, start=first)


def _vjp_in_parts(x: Any, xp: Any, v: Any, g: Any, *, wanted: Places, rules: Rules, **where: Any) -> list[Any]:
    def transposed(g: Any) -> Any:
        return transpose_apply_p.bind(x, xp, g, rules=rules.linear(), **where)

    of_x = slopes(x, xp, v, rules, Where(**where)) * g if {0, 1} & set(wanted) else None
    cotangents: list[Callable[[], Any]] = [lambda: of_x, lambda: -transposed(of_x), lambda: transposed(g)]
    return [cotangents[place]() for place in wanted]


def _with(args: Any, places: list[int], replaced: Any) -> list[Any]:
    given = dict(zip(places, replaced))
    return [given.get(place, arg) for place, arg in enumerate(args)]


def _jvp_in_parts(parts: Callable[..., Any], primals: Any, tangents: Any, **params: Any) -> Any:
    places = [place for place, tangent in enumerate(tangents) if not _is_zero(tangent)]
    moving, moves = ([each[place] for place in places] for each in (primals, tangents))
    return jax.jvp(lambda *some: parts(*_with(primals, places, some), **params), moving, moves)


def _transpose_in_parts(parts: Callable[..., Any], cotangents: Any, args: Any, **params: Any) -> list[Any]:
    places = [place for place, arg in enumerate(args) if isinstance(arg, ad.UndefinedPrimal)]
    like = [args[place].aval for place in places]
    transposed = jax.linear_transpose(lambda *some: parts(*_with(args, places, some), **params), *like)
    return _with([None] * len(args), places, transposed(cotangents))


def _move_transpose(g: Any, *args: Any, moved: Places, rules: Rules, **where: Any) -> list[Any]:
    (x, xp, v), tangents = args[:3], args[3:]
    if _is_zero(g):
        return [ad.Zero(arg.aval) if isinstance(arg, ad.UndefinedPrimal) else None for arg in args]
    if isinstance(v, ad.UndefinedPrimal):
        # It is linear in the values too, if not in these and a tangent of the queries.
        return _transpose_in_parts(_move_in_parts, g, args, moved=moved, rules=rules, **where)
    wanted = tuple(place for place, tangent in zip(moved, tangents) if isinstance(tangent, ad.UndefinedPrimal))
    found = dict(zip(wanted, vjp_p.bind(x, xp, v, g, wanted=wanted, rules=rules, **where)))
    return [None] * 3 + [found.get(place) for place in moved]


def _vjp_transpose(cotangents: Any, x: Any, xp: Any, v: Any, g: Any, *, wanted: Places, **params: Any) -> list[Any]:
    given = {place: each for place, each in zip(wanted, cotangents) if not _is_zero(each)}
    if not given:
        return [ad.Zero(arg.aval) if isinstance(arg, ad.UndefinedPrimal) else None for arg in (x, xp, v, g)]
    if isinstance(v, ad.UndefinedPrimal):
        parts = partial(_vjp_in_parts, wanted=tuple(given), **params)
        return _transpose_in_parts(parts, list(given.values()), (x, xp, v, g))
    return [None] * 3 + [move_p.bind(x, xp, v, *given.values(), moved=tuple(given), **params)]


def _move_batch(args: Any, dims: Any, **params: Any) -> tuple[Any, int]:
    return jax.vmap(partial(_move_in_parts, **params), dims)(*args), 0


def _vjp_batch(args: Any, dims: Any, **params: Any) -> tuple[list[Any], list[int]]:
    found = jax.vmap(partial(_vjp_in_parts, **params), dims)(*args)
    return found, [0] * len(found)


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
vjp_p = primitive(
    "ndgpu_interp_vjp",
    ("wanted", "rules"),
    lambda *args, wanted, rules: [ShapedArray(args[place].shape, args[place].dtype) for place in wanted],
    _on_host.interp_vjp,
    lambda wanted, rules: {"wanted": np.asarray(wanted, np.int64), **_attributes(rules)},
    multiple_results=True,
)
"""The cotangents of a single table's queries, knots and values, those that are wanted: ``x, xp, v, g`` give a list."""

move_p: Any = Primitive("ndgpu_move")
"""How the results of a single table move: ``x, xp, v`` and the tangents of those that are moved, in this order."""
move_p.def_abstract_eval(lambda x, *_args, **_params: ShapedArray(x.shape, x.dtype))
move_p.def_impl(jax.jit(move_p.bind, static_argnames=("moved", "rules", "device", "route")))
mlir.register_lowering(move_p, mlir.lower_fun(_move_in_parts, multiple_results=False))

ad.primitive_jvps[apply_p] = _apply_jvp
ad.primitive_transposes[apply_p] = _apply_transpose
ad.primitive_jvps[transpose_apply_p] = _transpose_apply_jvp
ad.primitive_transposes[transpose_apply_p] = _transpose_apply_transpose
batching.primitive_batchers[apply_p] = _apply_batch
batching.primitive_batchers[transpose_apply_p] = _transpose_apply_batch
ad.primitive_jvps[move_p] = partial(_jvp_in_parts, _move_in_parts)
ad.primitive_transposes[move_p] = _move_transpose
ad.primitive_jvps[vjp_p] = partial(_jvp_in_parts, _vjp_in_parts)
ad.primitive_transposes[vjp_p] = _vjp_transpose
batching.primitive_batchers[move_p] = _move_batch
batching.primitive_batchers[vjp_p] = _vjp_batch
