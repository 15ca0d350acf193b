"""``jax.numpy.interp`` on ndgpu."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from .._operands import On, one_number
from ._operands import common_dtype, floats
from ._operator import Rules, Where, apply
from ._route import device_of, get_route


def interp(
    x: ArrayLike,
    xp: ArrayLike,
    fp: ArrayLike,
    left: float | None = None,
    right: float | None = None,
    period: float | None = None,
    *,
    device: On = None,
) -> jax.Array:
    """One-dimensional linear interpolation, as ``jax.numpy.interp``.

    Parameters
    ----------
    x : array_like
        Where to interpolate, of any shape.
    xp, fp : array_like
        Knots and their values, ``[n]``. The knots have to increase, which is checked, unless there is a period.
    left, right : float, optional
        The values left of the first knot and right of the last; without them those of ``fp``. Numbers that are known
        when the program is traced.
    period : float, optional
        The period of ``x`` and ``xp``; ``left`` and ``right`` are then ignored.
    device : Device or str, optional
        Where to compute, else the CPU engine.

    Returns
    -------
    The values, of the shape of ``x`` and the dtype that JAX promotes all three to. In float16 and bfloat16 they are
    rounded from float32.

    Raises
    ------
    ValueError
        If ``xp`` and ``fp`` differ in length, are not one-dimensional, or are empty, or the period is 0.
    TypeError
        For complex numbers, and for ``left``, ``right`` or ``period`` that is traced.
    jax.errors.JaxRuntimeError or ValueError
        When the program runs, if knots are not in order, with the place of the first that is not.

    Notes
    -----
    It can be differentiated with respect to ``x``, ``xp`` and ``fp``, in forward and reverse mode and any number of
    times. The derivative in ``x`` is the slope to the right at a knot (at the last one that of the last segment), and 0
    outside and on a segment of width 0; nothing is added to a width to avoid the division. Under ``jax.vmap`` a batch
    of queries is more queries of one table, a batch of knots or values as many tables, one call in either case.

    The result costs one search for each query. The cotangents of two or all of ``x``, ``xp`` and ``fp`` cost one more
    together, if all queries are of one table. In other cases, and for derivatives of derivatives, each of these does:
    the slopes, which all derivatives with respect to ``x`` and ``xp`` need, and the cotangents of ``xp`` and of ``fp``.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> import ndgpu.jax
    >>> xp, fp = jnp.array([1.0, 2.0, 4.0]), jnp.array([3.0, 2.0, 0.0])
    >>> print(ndgpu.jax.interp(jnp.array([0.0, 1.5, 2.5]), xp, fp, left=-1.0))
    [-1.   2.5  1.5]
    >>> print(jax.vmap(jax.grad(ndgpu.jax.interp), (0, None, None))(jnp.array([0.0, 1.5, 2.5]), xp, fp))
    [ 0. -1. -1.]
    >>> tables = jnp.stack([fp, 10 * fp])
    >>> print(jax.vmap(ndgpu.jax.interp, (None, None, 0))(jnp.array([1.5, 3.0]), xp, tables))
    [[ 2.5  1. ]
     [25.  10. ]]
    """
    rules = _rules(left, right, period)
    dtype, wide, (queries, knots, values) = common_dtype("interp", x=x, xp=xp, fp=fp)
    if knots.ndim != 1 or knots.shape != values.shape:
        raise ValueError(
            f"xp and fp are one-dimensional and of the same length, but have shapes {knots.shape} and {values.shape}; "
            "jax.vmap interpolates in several tables"
        )
    if not knots.size:
        raise ValueError(f"a table needs at least one knot, but xp has shape {knots.shape}")
    where = Where(device_of(device, wide), get_route())
    if not queries.size:
        return jnp.zeros(queries.shape, dtype)
    x_row, xp_row, fp_row = (each.reshape(1, -1) for each in floats(wide, queries, knots, values))
    y: jax.Array = apply(x_row, xp_row, fp_row, rules, where).reshape(queries.shape).astype(dtype)
    return y


def _rules(left: Any, right: Any, period: Any) -> Rules:
    left, right, period = _static(left, "left"), _static(right, "right"), _static(period, "period")
    if period is None:
        return Rules(left, right, None)
    if period == 0 or not math.isfinite(period):
        raise ValueError(f"period is a finite number other than 0, not {period}")
    return Rules(None, None, period)


def _static(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, jax.core.Tracer):
        raise TypeError(f"{name} has to be known when the program is traced, but is traced itself; give a number")
    number: float = one_number(value, float, name)
    # Of NaN only one object equals itself, by which JAX finds what it has compiled.
    return math.nan if math.isnan(number) else number
