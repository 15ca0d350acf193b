"""`ndgpu.jax`: values are NumPy's, derivatives those of a body in JAX's own operations, by either route to ndgpu."""

import re
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from conftest import ADAPTER, open_device

import ndgpu

jax = pytest.importorskip("jax", reason="JAX is not installed: pip install ndgpu[jax]")

import jax.numpy as jnp  # noqa: E402
from jax.test_util import check_grads  # noqa: E402

import ndgpu.jax  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def float64():
    """For the process: callbacks come on threads of XLA's, which know of no context."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture(params=["ffi", "callback"], scope="module")
def route(request):
    """What computes goes both ways; what JAX makes of it is the same by either. A change clears JAX's caches."""
    ndgpu.jax.set_route(request.param)
    yield request.param
    ndgpu.jax.set_route(None)


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def dtype(request):
    return request.param


RULES = {
    "plain": {},
    "left and right": {"left": -1.5, "right": 2.5},
    "left is NaN": {"left": float("nan")},
    "period": {"period": 3.5},
    "negative period": {"period": -3.5},
}


@pytest.fixture(params=RULES.values(), ids=RULES.keys())
def rules(request):
    return request.param


@pytest.fixture(params=["left and right", "period"])
def few_rules(request):
    return RULES[request.param]


def table(seed=0, n=9, rows=None, dtype=np.float64):
    random = np.random.default_rng(seed)
    shape = (n,) if rows is None else (rows, n)
    xp = np.cumsum(random.uniform(0.5, 1.5, shape), axis=-1).astype(dtype)
    return xp, random.normal(size=shape).astype(dtype)


def queries(shape=(3, 5), seed=1, dtype=np.float64):
    """Some of them outside of the table."""
    return np.random.default_rng(seed).uniform(-1, 12, shape).astype(dtype)


def body(x, xp, fp, left=None, right=None, period=None):
    """The oracle: interpolation in JAX's own operations, which it differentiates by itself."""
    x, xp, fp = jnp.asarray(x), jnp.asarray(xp), jnp.asarray(fp)
    if period is not None:
        period = abs(period)
        x, xp = x % period, xp % period
        order = jnp.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = jnp.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = jnp.concatenate([fp[-1:], fp, fp[:1]])
    if len(xp) == 1:
        y = jnp.broadcast_to(fp[0], x.shape)
    else:
        i = jnp.clip(jnp.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 2)
        width = xp[i + 1] - xp[i]
        slope = jnp.where(width > 0, (fp[i + 1] - fp[i]) / jnp.where(width > 0, width, 1), 0)
        y = jnp.where(width > 0, fp[i] + slope * (x - xp[i]), fp[i + 1])
    if period is not None:
        return y
    y = jnp.where(x < xp[0], fp[0] if left is None else left, y)
    return jnp.where(x > xp[-1], fp[-1] if right is None else right, y)


def agree(found, expected, dtype=np.float64, scale=1):
    exact = {np.float32: 2e-5, np.float64: 1e-11}[dtype]
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=exact * scale, atol=exact * scale)


def both(call):
    """What a call gives with ndgpu and with the body."""
    return call(ndgpu.jax.interp), call(body)


def agree_in_all(found, expected, dtype=np.float64, scale=1):
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert ours.dtype == dtype
        agree(ours, theirs, dtype, scale)


# Interpolation


def test_values_are_numpys(route, dtype, rules):
    xp, fp = table(dtype=dtype)
    x = queries(dtype=dtype)
    for function in (ndgpu.jax.interp, jax.jit(ndgpu.jax.interp, static_argnames=("left", "right", "period"))):
        y = function(x, xp, fp, **rules)
        assert y.dtype == dtype and y.shape == x.shape
        agree(y, np.interp(x, xp, fp, **rules), dtype)


def test_special_values(route):
    xp, fp = np.array([0.0, 1.0, 1.0, 3.0]), np.array([0.0, 2.0, 5.0, 4.0])
    x = np.array([np.nan, -np.inf, np.inf, 1.0, 3.0, 0.0])
    np.testing.assert_array_equal(ndgpu.jax.interp(x, xp, fp), np.interp(x, xp, fp))
    # At a knot the slope is that of the segment to the right, at the last that of the last; 0 outside.
    slopes = jax.vmap(jax.grad(ndgpu.jax.interp), (0, None, None))(x, xp, fp)
    np.testing.assert_array_equal(slopes, [np.nan, 0, 0, -0.5, -0.5, 2])
    # A step as the last segment has no slope, and spoils no other.
    steps = jax.grad(lambda x: ndgpu.jax.interp(x, xp[:3], fp[:3]).sum())(jnp.array([1.0, 0.5]))
    np.testing.assert_array_equal(steps, [0, 2])
    gradient = jax.grad(lambda xp: ndgpu.jax.interp(np.array([0.5, 2.0]), xp, fp).sum())(xp)
    agree(gradient, [-1.0, -1.0, 0.25, 0.25])


def test_a_table_of_one_knot(route, rules):
    x, xp, fp = np.array([-1.0, 2.0, 5.0]), np.array([2.0]), np.array([7.0])
    agree(ndgpu.jax.interp(x, xp, fp, **rules), np.interp(x, xp, fp, **rules))
    gradients = jax.grad(lambda *args: ndgpu.jax.interp(*args, **rules).sum(), (0, 1, 2))(x, xp, fp)
    inside = sum(1 for end in ("left", "right") if end not in rules) + 1
    for found, expected in zip(gradients, (np.zeros(3), [0.0], [inside])):
        agree(found, expected)


def test_scalars_integers_and_narrow_floats():
    assert ndgpu.jax.interp(2.5, [1, 2, 3], [3, 2, 0]) == 1.0
    assert ndgpu.jax.interp(2, [1, 3], [3, 2]).dtype == np.float64
    for narrow in (jnp.float16, jnp.bfloat16):
        y = ndgpu.jax.interp(*(jnp.array(each, narrow) for each in ([0.5, 1.5], [0, 1, 2], [0, 1, 4])))
        assert y.dtype == narrow
        np.testing.assert_array_equal(y.astype(float), [0.5, 2.5])
    assert ndgpu.jax.interp(np.zeros((0, 3)), [0.0, 1.0], [0.0, 1.0]).shape == (0, 3)


def test_gradients_are_those_of_the_body(route, dtype, few_rules):
    args = (queries(dtype=dtype), *table(dtype=dtype))
    weights = np.random.default_rng(5).normal(size=args[0].shape).astype(dtype)

    def gradients(f):
        return jax.jit(jax.grad(lambda *args: (f(*args, **few_rules) * weights).sum(), (0, 1, 2)))(*args)

    agree_in_all(*both(gradients), dtype, scale=10)


@pytest.mark.parametrize("argument", range(3))
def test_tangents_are_those_of_the_body(argument, rules):
    args = (queries(), *table())
    tangent = np.random.default_rng(6).normal(size=args[argument].shape)

    def moving(f):
        def of(moved):
            return f(*args[:argument], moved, *args[argument + 1 :], **rules)

        return jax.jvp(of, (args[argument],), (tangent,))

    agree_in_all(*both(moving))


@pytest.mark.parametrize("kind, order", [("left and right", 3), ("period", 2)])
def test_derivatives_of_any_order(kind, order):
    # Places 0.3, 1.9, 1.1 and 2.8 of a period: finite differences are as exact as segments are wide.
    xp = np.array([7.3, 1.9, 1.1, 6.3]) if kind == "period" else np.array([0.3, 1.1, 1.9, 2.8])
    args = np.array([0.5, 1.7, 2.2, 3.2, -0.4]), xp, np.array([1.0, -0.5, 2.0, 0.3])
    check_grads(jax.jit(lambda *args: ndgpu.jax.interp(*args, **RULES[kind])), args, order, modes=("fwd", "rev"))


def test_hessians_are_those_of_the_body(few_rules):
    args = (np.array([0.2, 1.5, 2.1, 3.5]), *table(n=5))

    def hessians(f):
        return jax.jit(jax.hessian(lambda *args: jnp.sin(f(*args, **few_rules)).sum(), (0, 1, 2)))(*args)

    agree_in_all(*both(hessians), scale=100)


def program(function, *args):
    return jax.jit(function).lower(*args).as_text()


TOGETHER = [(0, 2), (0, 1), (1, 2), (0, 1, 2)]


def pulled(f, arguments, rules, args, g):
    """The cotangents of these of the arguments."""

    def of(*some):
        given = dict(zip(arguments, some))
        return f(*(given.get(place, arg) for place, arg in enumerate(args)), **rules)

    return jax.vjp(of, *(args[place] for place in arguments))[1](g)


@pytest.mark.parametrize("arguments", TOGETHER)
def test_cotangents_of_one_table_are_one_call(route, arguments, rules):
    args = (queries(), *table())
    g = np.random.default_rng(5).normal(size=args[0].shape)

    def together(*args_and_g):
        return pulled(ndgpu.jax.interp, arguments, rules, args_and_g[:3], args_and_g[3])

    if route == "ffi":
        text = jax.jit(together).lower(*args, g).compile().as_text()
        assert re.findall(r'custom_call_target="(ndgpu_\w+)"', text) == ["ndgpu_interp_vjp"], text
    found = jax.jit(together)(*args, g)
    agree_in_all(found, pulled(body, arguments, rules, args, g), scale=10)
    # One argument at a time is none of these calls.
    alone = [pulled(ndgpu.jax.interp, (place,), rules, args, g)[0] for place in arguments]
    assert "ndgpu_interp_vjp" not in program(lambda *args: pulled(ndgpu.jax.interp, (0,), rules, args, g), *args)
    agree_in_all(found, alone, scale=10)
    agree_in_all(together(*args, g), found, scale=10)


@pytest.mark.parametrize("arguments", [(0, 2), (0, 1, 2)])
def test_derivatives_of_cotangents_of_one_table(arguments, few_rules):
    args = (np.array([0.2, 1.5, 2.1, 3.5]), *table(n=5))
    random = np.random.default_rng(5)
    primals = (*args, random.normal(size=4))
    moves = [random.normal(size=each.shape) for each in primals]

    def cotangents(f):
        return lambda *args: pulled(f, arguments, few_rules, args[:3], args[3])

    def of_the_cotangents(derivative):
        agree_in_all(*both(lambda f: jax.jit(lambda *args: derivative(cotangents(f), *args))(*primals)), scale=100)

    # Of grad: jvp, in all and in `g` alone, grad, and both ways around.
    of_the_cotangents(lambda f, *args: jax.jvp(f, args, tuple(moves)))
    of_the_cotangents(lambda f, *args: jax.jvp(lambda g: f(*args[:3], g), args[3:], tuple(moves[3:])))

    def loss(f):
        return lambda *args: sum(jnp.sin(each).sum() for each in f(*args))

    of_the_cotangents(lambda f, *args: jax.grad(loss(f), (0, 1, 2, 3))(*args))
    of_the_cotangents(lambda f, *args: jax.jvp(jax.grad(loss(f), (0, 1, 2, 3)), args, tuple(moves)))
    of_the_cotangents(lambda f, *args: jax.grad(lambda *args: jax.jvp(loss(f), args, tuple(moves))[1], (0, 2))(*args))
    # They are linear in `g`, and so are those of queries in the values.
    of_the_cotangents(lambda f, *args: jax.linear_transpose(lambda g: f(*args[:3], g), args[3])(f(*args)))


@pytest.mark.parametrize("axes", [(0, 0, 0, 0), (0, None, None, 0), (None, 0, None, 0), (None, None, 0, None)])
def test_batches_of_cotangents_of_one_table(axes, few_rules):
    whole = (*(queries((4, 6)), *table(rows=4)), np.random.default_rng(5).normal(size=(4, 6)))
    args = [each[0] if axis is None else each for each, axis in zip(whole, axes)]

    def batched(f, arguments):
        return jax.jit(jax.vmap(lambda *args: pulled(f, arguments, few_rules, args[:3], args[3]), axes))(*args)

    for arguments in TOGETHER:
        agree_in_all(*both(lambda f, arguments=arguments: batched(f, arguments)), scale=10)


def test_tangents_of_all_arguments_are_linear(few_rules):
    args = (np.array([0.2, 1.5, 2.1, 3.5]), *table(n=5))
    moves = [np.random.default_rng(6).normal(size=each.shape) for each in args]

    def moved(f, *moves):
        return jax.jvp(lambda *args: f(*args, **few_rules), args, moves)[1]

    agree(*both(lambda f: moved(f, *moves)), scale=10)
    agree(*both(lambda f: jax.jit(lambda *moves: moved(f, *moves))(*moves)), scale=10)
    batch = [np.stack([each, 2 * each, -each]) for each in moves]
    agree(*both(lambda f: jax.vmap(lambda *moves: moved(f, *moves))(*batch)), scale=10)
    g = np.random.default_rng(7).normal(size=4)
    agree_in_all(*both(lambda f: jax.linear_transpose(lambda *moves: moved(f, *moves), *moves)(g)), scale=10)
    # In one of them, where the others are known, and in the values, which have no tangent of their own.
    agree_in_all(
        *both(lambda f: jax.linear_transpose(lambda dx: moved(f, dx, *map(np.zeros_like, moves[1:])), moves[0])(g))
    )

    def of_the_values(f, fp):
        x, xp, _ = args
        return jax.jvp(lambda *args: f(*args, **few_rules), (x, xp, fp), (*moves[:2], fp))[1]

    agree_in_all(*both(lambda f: jax.linear_transpose(lambda fp: of_the_values(f, fp), args[2])(g)), scale=10)


# Batches


@pytest.mark.parametrize(
    "axes",
    [(0, 0, 0), (0, None, None), (None, 0, None), (None, None, 0), (0, None, 0), (None, 0, 0), (1, None, 1), (0, 1, 0)],
)
def test_a_batch_is_rows(route, axes, few_rules):
    whole = queries((4, 6)), *table(rows=4)
    args = [each[0] if axis is None else each.T if axis else each for each, axis in zip(whole, axes)]

    def batched(f):
        return jax.vmap(lambda *args: f(*args, **few_rules), axes)

    rows = [[each[0] if axis is None else each[row] for each, axis in zip(whole, axes)] for row in range(4)]
    agree(batched(ndgpu.jax.interp)(*args), [np.interp(*row, **few_rules) for row in rows])

    def gradients(f):
        return jax.jit(jax.grad(lambda *args: jnp.sin(batched(f)(*args)).sum(), (0, 1, 2)))(*args)

    agree_in_all(*both(gradients), scale=10)


@pytest.mark.parametrize("axes", [(0, 0, 0), (0, None, None), (None, 0, None), (None, None, 0), (0, None, 0)])
def test_gradients_of_each_element_of_a_batch(axes, few_rules):
    """`vmap` outside of `grad`: the transposed operation is what is batched."""
    args = [each[0] if axis is None else each for each, axis in zip((queries((4, 6)), *table(rows=4)), axes)]

    def gradients(f):
        return jax.jit(jax.vmap(jax.grad(lambda *args: jnp.sin(f(*args, **few_rules)).sum(), (0, 1, 2)), axes))(*args)

    agree_in_all(*both(gradients), scale=10)


@pytest.mark.parametrize("inner", [(0, None, None), (None, 0, 0), (0, 0, None)])
@pytest.mark.parametrize("outer", [(0, None, None), (None, None, 0), (0, 0, 0)])
def test_batches_of_batches(inner, outer):
    random = np.random.default_rng(3)

    def shape(which, last):
        batches = [size for size, axes in ((2, outer), (3, inner)) if axes[which] is not None]
        return (*batches, last)

    x, widths, fp = (
        random.uniform(0, 8, shape(0, 4)),
        random.uniform(0.5, 2, shape(1, 5)),
        random.normal(size=shape(2, 5)),
    )
    args = x, widths.cumsum(-1), fp

    def batched(f):
        return jax.vmap(jax.vmap(f, inner), outer)

    agree(*both(lambda f: batched(f)(*args)))
    agree_in_all(*both(lambda f: jax.jit(jax.grad(lambda *args: jnp.sin(batched(f)(*args)).sum(), (0, 1, 2)))(*args)))


def test_a_batch_is_one_call(route):
    x, (xp, fp) = queries((40, 6)), table(rows=40)
    called = "ndgpu_apply" if route == "ffi" else "callback"
    for axes in [(0, 0, 0), (0, None, None), (None, None, 0), (0, None, 0)]:
        args = [each[0] if axis is None else each for each, axis in zip((x, xp, fp), axes)]
        text = program(jax.vmap(ndgpu.jax.interp, axes), *args)
        assert len(re.findall(f"custom_call.*{called}", text)) == 1, text
        assert "while" not in text


def test_slopes_of_single_queries_are_one_table(route):
    """`vmap(grad(interp))` is how JAX spells a derivative: its queries stay queries of one table."""
    x, (xp, fp) = queries((40,)), table()
    text = program(jax.vmap(jax.grad(ndgpu.jax.interp), (0, None, None)), x, xp, fp)
    operands = re.findall(r"custom_call @.* : \((.*)\) ->", text)
    assert operands and all("tensor<1x9xf64>, tensor<1x9xf64>" in each for each in operands), text


# Averages


def weights_for(a, axis, kind):
    random = np.random.default_rng(8)
    if kind == "each":
        return random.uniform(0.5, 2, a.shape).astype(a.dtype)
    return random.uniform(0.5, 2, [a.shape[each] for each in np.atleast_1d(axis)]).astype(a.dtype)


AXES = [-1, (2, 0), None]


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("kind", ["none", "each", "along"])
def test_averages_are_numpys(route, axis, kind, dtype):
    a = np.random.default_rng(7).normal(size=(3, 4, 5)).astype(dtype)
    weights = None if kind == "none" else weights_for(a, range(3) if axis is None else axis, kind)
    for function in (ndgpu.jax.average, jax.jit(ndgpu.jax.average, static_argnames=("axis", "returned"))):
        found = function(a, axis=axis, weights=weights, returned=True)
        for ours, theirs in zip(found, np.average(a, axis=axis, weights=weights, returned=True)):
            assert ours.dtype == dtype and ours.shape == theirs.shape
            agree(ours, theirs, dtype)
    if kind != "none":
        total = ndgpu.jax.weighted_sum(a, weights, axis)
        agree(total, found[0] * found[1], dtype)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("kind", ["none", "each", "along"])
def test_derivatives_of_averages(axis, kind):
    a = np.random.default_rng(7).normal(size=(2, 3, 4))
    if kind == "none":
        check_grads(jax.jit(lambda a: ndgpu.jax.average(a, axis)), (a,), order=2)
        return
    weights = weights_for(a, range(3) if axis is None else axis, kind)
    check_grads(jax.jit(lambda a, w: ndgpu.jax.average(a, axis, w, returned=True)), (a, weights), order=2)
    check_grads(jax.jit(lambda a, w: ndgpu.jax.weighted_sum(a, w, axis)), (a, weights), order=2)


@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0), (1, None), (None, 1), (2, 1)])
@pytest.mark.parametrize("kind", ["each", "along", "all"])
def test_batches_of_averages(axes, kind):
    random = np.random.default_rng(9)
    axis = None if kind == "all" else 1
    shapes = (3, 4), (4,) if kind == "along" else (3, 4)
    axes = [at if at is None else min(at, len(shape)) for at, shape in zip(axes, shapes)]
    rows = [random.uniform(1, 2, shape if at is None else (5, *shape)) for at, shape in zip(axes, shapes)]
    args = [whole if at is None else np.moveaxis(whole, 0, at) for whole, at in zip(rows, axes)]
    pairs = [[each if at is None else each[i] for each, at in zip(rows, axes)] for i in range(5)]
    expected = [np.average(a, axis, weights) for a, weights in pairs]

    def average(a, weights):
        return ndgpu.jax.average(a, axis, weights, returned=True)

    def weighted_sum(a, weights):
        return ndgpu.jax.weighted_sum(a, weights, axis)

    averages, sums = jax.vmap(average, axes)(*args)
    agree(averages, expected)
    agree(jax.vmap(weighted_sum, axes)(*args), averages * sums)
    check_grads(jax.jit(jax.vmap(average, axes)), args, order=1)
    check_grads(jax.jit(jax.vmap(weighted_sum, axes)), args, order=1)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_batches_of_means(at):
    a = np.random.default_rng(9).uniform(1, 2, (3, 4, 5))
    agree(jax.vmap(lambda a: ndgpu.jax.average(a, 0), at)(a), np.moveaxis(a, at, 0).mean(1))
    check_grads(jax.vmap(lambda a: ndgpu.jax.average(a, 0), at), (a,), order=2)


def test_averages_of_little(route):
    assert ndgpu.jax.average(3.0) == 3.0
    assert ndgpu.jax.average(3.0, weights=2.0, returned=True) == (3.0, 2.0)
    a = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(ndgpu.jax.average(a, axis=()), a)
    np.testing.assert_array_equal(ndgpu.jax.average(a, axis=(), weights=a + 1), a)
    assert ndgpu.jax.average([1, 2, 4]).dtype == np.float64
    assert np.isnan(ndgpu.jax.average(np.zeros((2, 0)), axis=1)).all()
    assert ndgpu.jax.weighted_sum(np.zeros((2, 0)), np.zeros(0), axis=1).tolist() == [0, 0]
    assert ndgpu.jax.average(np.zeros((0, 2)), axis=1, weights=np.ones(2)).shape == (0,)


def test_sums_in_float32_are_exact(route):
    a = np.full(1 << 20, 0.1, np.float32)
    exact = np.float32(np.sum(a, dtype=np.float64))
    assert ndgpu.jax.weighted_sum(a, np.ones_like(a)) == exact
    # The cotangent of weights along an axis is a sum along the others.
    gradient = jax.grad(lambda weights: ndgpu.jax.weighted_sum(a[:, None], weights, axis=1).sum())
    assert gradient(jnp.ones(1, np.float32))[0] == exact


# What is refused


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: ndgpu.jax.interp([0.5], [0.0, 1.0], [1.0]), ValueError, r"\(2,\) and \(1,\).*vmap"),
        (lambda: ndgpu.jax.interp([0.5], [[0.0, 1.0]], [[0.0, 1.0]]), ValueError, r"\(1, 2\).*vmap"),
        (lambda: ndgpu.jax.interp([0.5], [], []), ValueError, "at least one knot"),
        (lambda: ndgpu.jax.interp([0.5], [0.0], [1.0], period=0), ValueError, "period .* not 0.0"),
        (lambda: ndgpu.jax.interp([0.5], [0.0], [1.0], period=np.inf), ValueError, "period .* not inf"),
        (lambda: ndgpu.jax.interp([0.5j], [0.0], [1.0]), TypeError, "complex128"),
        (lambda: jax.jit(ndgpu.jax.interp)([0.5], [0.0], [1.0], left=2.0), TypeError, "left has to be known"),
        (lambda: ndgpu.jax.interp([0.5], [0.0], [1.0], left="2"), TypeError, "left must be a number"),
        (lambda: ndgpu.jax.interp(np.ma.array([0.5]), [0.0], [1.0]), TypeError, "no masks: fill or compress x"),
        (lambda: ndgpu.jax.average([1j]), TypeError, "average takes real numbers"),
        (lambda: ndgpu.jax.average(np.ones((2, 3)), weights=np.ones(3)), TypeError, r"\(3,\) and the array \(2, 3\)"),
        (lambda: ndgpu.jax.average(np.ones((2, 3)), 0, np.ones(3)), ValueError, r"\(3,\).*lengths \(2,\)"),
        (lambda: ndgpu.jax.average(np.ones(3), 1), ValueError, "axis 1 is out of bounds"),
        (lambda: ndgpu.jax.average(np.ones((3, 3)), (0, 0)), ValueError, "repeated axis"),
        (lambda: ndgpu.jax.set_route("rpc"), ValueError, "'rpc'"),
        (lambda: ndgpu.jax.interp([0.5], [0.0], [1.0], device="no such"), ndgpu.DeviceNotFoundError, "no such"),
    ],
)
def test_what_is_refused_says_why(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_errors_of_values_come_when_the_program_runs(route):
    unsorted = jax.jit(lambda xp: ndgpu.jax.interp(jnp.array([0.5]), xp, jnp.zeros(3)))
    # JAX makes the one or the other of what a handler says.
    errors = (jax.errors.JaxRuntimeError, ValueError)
    with pytest.raises(errors, match=r"(?s)xp\[2\]|knot 2|not.*order|increas"):
        unsorted(jnp.array([0.0, 2.0, 1.0])).block_until_ready()
    zero = jax.jit(lambda w: ndgpu.jax.average(jnp.ones((2, 2)), 1, w))
    with pytest.raises(errors, match="sum to zero"):
        zero(jnp.array([[1.0, 1.0], [1.0, -1.0]])).block_until_ready()
    # And leave everything as it was.
    assert unsorted(jnp.array([0.0, 1.0, 2.0])) == 0
    assert zero(jnp.ones((2, 2))).tolist() == [1, 1]


def test_another_device(route):
    device = open_device(ADAPTER)
    xp, fp = table(dtype=np.float32)
    x = queries(dtype=np.float32)
    before = device.transfers().readbacks
    there = jax.jit(lambda *args: ndgpu.jax.interp(*args, device=device))
    agree(there(x, xp, fp), np.interp(x, xp, fp), np.float32)
    found, expected = (jax.grad(lambda *args, f=f: f(*args).sum(), (0, 1, 2))(x, xp, fp) for f in (there, body))
    agree_in_all(found, expected, np.float32, scale=10)
    agree(ndgpu.jax.average(x, 1, x[0] + 2, device=device), np.average(x, 1, x[0] + 2), np.float32)
    assert device.transfers().readbacks > before
    if not device.supports_float64:
        with pytest.raises(TypeError, match="no float64"):
            ndgpu.jax.interp(x.astype(np.float64), xp, fp, device=device)


# How XLA gets there


def test_the_route_is_the_one_that_was_chosen(route):
    text = program(ndgpu.jax.interp, queries(), *table())
    assert ("custom_call @ndgpu_apply" in text) == (route == "ffi"), text
    assert ("callback" in text) == (route == "callback"), text


def test_large_arrays(route):
    """More than XLA hands over at once, by either way: nobody waits for anybody."""
    x = np.linspace(0, 10, 3_000_000)
    xp, fp = table(n=100_000)
    agree(jax.jit(ndgpu.jax.interp)(x, xp, fp), np.interp(x, xp, fp))
    a, weights = x.reshape(2000, 1500), np.linspace(1, 2, 1500)
    agree(jax.jit(ndgpu.jax.average, static_argnums=1)(a, 1, weights), np.average(a, 1, weights))


def test_threads(route):
    xp, fp = table()
    interp = jax.jit(jax.grad(lambda *args: ndgpu.jax.interp(*args).sum(), (0, 1, 2)))
    expected = interp(queries(), xp, fp)
    failures = []

    def work():
        for _ in range(20):
            for ours, theirs in zip(interp(queries(), xp, fp), expected):
                if not np.array_equal(ours, theirs):
                    failures.append((ours, theirs))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_the_interpreter_is_not_needed(route):
    """A program gets to its results while another thread never lets go of the interpreter's lock."""
    device = ndgpu.Device("cpu")
    xp, fp = table(n=100_000)

    @jax.jit
    def three_times(x, xp, fp):
        for _ in range(3):
            x = ndgpu.jax.interp(x, xp, fp, device=device)
        return x

    args = [jnp.asarray(each) for each in (np.linspace(0, 1e5, 300_000), xp, fp)]
    jax.block_until_ready(three_times(*args))

    def arrives_within(seconds):
        thread = threading.Thread(target=lambda: three_times(*args).block_until_ready())
        expected, interval = device.transfers().readbacks + 3, sys.getswitchinterval()
        # From here on a thread has the lock until it gives it away, which this one does not once it has it again.
        sys.setswitchinterval(1000)
        try:
            thread.start()
            time.sleep(0.01)
            start = time.perf_counter()
            while device.transfers().readbacks < expected and time.perf_counter() - start < seconds:
                pass
            return device.transfers().readbacks == expected
        finally:
            sys.setswitchinterval(interval)
            thread.join()

    # Where the lock is given away before XLA is reached, for a reason of JAX's, it is tried again.
    assert any(arrives_within(5) for _ in range(3)) if route == "ffi" else not arrives_within(1)


def in_a_process_of_its_own(script):
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_without_jax():
    said = in_a_process_of_its_own(
        """
        import sys
        sys.modules["jax"] = None
        import ndgpu
        try:
            import ndgpu.jax
        except ImportError as error:
            print(error)
        """
    )
    assert "pip install ndgpu[jax]" in said


def test_a_jax_that_takes_no_handlers_gets_callbacks():
    said = in_a_process_of_its_own(
        """
        import jax
        def refuse(*args, **keywords):
            raise ValueError("version 7.0 is too new")
        jax.ffi.register_ffi_target = refuse
        import ndgpu.jax
        print(ndgpu.jax.get_route(), ndgpu.jax.interp(0.5, [0.0, 1.0], [0.0, 3.0]))
        try:
            ndgpu.jax.set_route("ffi")
        except RuntimeError as error:
            print(error)
        """
    )
    assert "callback 1.5" in said and "version 7.0 is too new" in said


def test_an_interface_that_is_not_spoken_here_gets_callbacks(tmp_path):
    header = tmp_path / "xla" / "ffi" / "api" / "c_api.h"
    header.parent.mkdir(parents=True)
    header.write_text("#define XLA_FFI_API_MAJOR 1\n#define XLA_FFI_API_MINOR 2\n")
    said = in_a_process_of_its_own(
        f"""
        import jax
        jax.ffi.include_dir = lambda: {str(tmp_path)!r}
        import ndgpu.jax
        print(ndgpu.jax.get_route(), ndgpu.jax.interp(0.5, [0.0, 1.0], [0.0, 3.0]))
        try:
            ndgpu.jax.set_route("ffi")
        except RuntimeError as error:
            print(error)
        """
    )
    assert "callback 1.5" in said and "has version 1.2, but ndgpu speaks 0.1" in said
