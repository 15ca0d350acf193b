"""What ``python -m ndgpu.bench --frameworks`` compares: ndgpu's bridges with what each framework has of its own."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Call = Callable[[], Any]

QUERIES = 1_000_000
KNOTS = (16, 1_024, 65_536)
MATRIX = (10_000, 1_000)


@dataclass(frozen=True)
class FrameworkCase:
    """Something to compute inside a framework: with ndgpu's bridge, and in the framework's own operations."""

    name: str
    framework: str
    ours: Call
    #: What the framework's users write, by name.
    peers: dict[str, Call]
    #: What each gives, as NumPy arrays.
    arrays: Callable[[Any], list[NDArray[Any]]]
    tolerance: float
    bar: float
    #: Peers that cannot be run, and why.
    absent: dict[str, str] = field(default_factory=dict)


def installed() -> list[str]:
    """The frameworks that are there."""
    return [name for name in CASES if importlib.util.find_spec(name) is not None]


@dataclass(frozen=True)
class _Table:
    """Random queries among unevenly spaced knots in float32, and cotangents of the results."""

    x: NDArray[np.float32]
    xp: NDArray[np.float32]
    fp: NDArray[np.float32]
    g: NDArray[np.float32]

    @staticmethod
    def of(queries: int, knots: int) -> _Table:
        random = np.random.default_rng(1)
        xp = np.cumsum(random.uniform(0.5, 1.5, knots)).astype(np.float32)
        x = random.uniform(xp[0], xp[-1], queries).astype(np.float32)
        return _Table(x, xp, random.normal(size=knots).astype(np.float32), np.ones(queries, np.float32))


def _titles(queries: int, knots: int, backward: bool) -> str:
    return f"interp{' + gradient' if backward else ''}, {queries:,} queries, {knots:,} knots, f32"


def _bar(knots: int) -> float:
    # A framework that compares with all knots at once is at its best with few.
    return 1.0 if knots < 1_024 else 5.0


def jax_cases(queries: int, matrix: tuple[int, int]) -> Iterator[FrameworkCase]:
    import jax  # type: ignore[import-not-found, unused-ignore]
    import jax.numpy as jnp  # type: ignore[import-not-found, unused-ignore]

    import ndgpu.jax

    def both(function: Any) -> Any:
        def forward_and_backward(x: Any, xp: Any, fp: Any, g: Any) -> Any:
            y, pull = jax.vjp(lambda x, fp: function(x, xp, fp), x, fp)
            return y, *pull(g)

        return jax.jit(forward_and_backward)

    def settled(function: Any, *operands: Any) -> Call:
        block: Any = jax.block_until_ready
        return lambda: block(function(*operands))

    def arrays(result: Any) -> list[NDArray[Any]]:
        return [np.asarray(each) for each in (result if isinstance(result, tuple) else (result,))]

    for knots in KNOTS:
        table = _Table.of(queries, knots)
        x, xp, fp, g = (jnp.asarray(each) for each in (table.x, table.xp, table.fp, table.g))
        for backward in (False, True):
            wrap, operands = (both, (x, xp, fp, g)) if backward else (jax.jit, (x, xp, fp))
            yield FrameworkCase(
                _titles(queries, knots, backward),
                "JAX",
                settled(wrap(ndgpu.jax.interp), *operands),
                {"jnp.interp, jitted": settled(wrap(jnp.interp), *operands)},
                arrays,
                # jnp.interp does not evaluate a segment from its left knot on, and sums gradients in float32.
                2e-2,
                _bar(knots),
            )
    a, weights = _matrix(matrix, np.float32)
    yield FrameworkCase(
        f"average, {matrix[0]:,} x {matrix[1]:,}, axis 1, weights, float32",
        "JAX",
        settled(jax.jit(lambda a, w: ndgpu.jax.average(a, 1, w)), jnp.asarray(a), jnp.asarray(weights)),
        {
            "jnp.average, jitted": settled(
                jax.jit(lambda a, w: jnp.average(a, 1, w)), jnp.asarray(a), jnp.asarray(weights)
            )
        },
        arrays,
        1e-4,
        1.0,
    )


def tensorflow_cases(queries: int, matrix: tuple[int, int]) -> Iterator[FrameworkCase]:
    import tensorflow as tf  # type: ignore[import-untyped, import-not-found, unused-ignore]

    import ndgpu.tensorflow

    def searched(x: Any, xp: Any, fp: Any) -> Any:
        x = tf.clip_by_value(x, xp[0], xp[-1])
        cell = tf.clip_by_value(tf.searchsorted(xp, x, side="right") - 1, 0, tf.shape(xp)[0] - 2)
        x0, x1, y0, y1 = tf.gather(xp, cell), tf.gather(xp, cell + 1), tf.gather(fp, cell), tf.gather(fp, cell + 1)
        return y0 + (x - x0) / (x1 - x0) * (y1 - y0)

    def both(function: Any) -> Any:
        def forward_and_backward(x: Any, xp: Any, fp: Any, g: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch([x, fp])
                y = function(x, xp, fp)
            of_x, of_fp = tape.gradient(y, [x, fp], output_gradients=g)
            return y, of_x, tf.convert_to_tensor(of_fp)

        return forward_and_backward

    def settled(function: Any, *operands: Any, jit_compile: bool = False) -> Call:
        graph = tf.function(function, jit_compile=jit_compile)
        return lambda: graph(*operands)

    def arrays(result: Any) -> list[NDArray[Any]]:
        return [each.numpy() for each in (result if isinstance(result, tuple) else (result,))]

    for knots in KNOTS:
        table = _Table.of(queries, knots)
        x, xp, fp, g = (tf.constant(each) for each in (table.x, table.xp, table.fp, table.g))
        for backward in (False, True):
            wrap, operands = (both, (x, xp, fp, g)) if backward else (lambda function: function, (x, xp, fp))
            peers = {"searchsorted and gather, tf.function": settled(wrap(searched), *operands)}
            absent = {}
            if queries * knots <= 2**31:
                peers["the same, XLA"] = settled(wrap(searched), *operands, jit_compile=True)
            else:
                absent["the same, XLA"] = "compares each query with each knot, for which there is not the memory"
            yield FrameworkCase(
                _titles(queries, knots, backward),
                "TensorFlow",
                settled(wrap(ndgpu.tensorflow.interp), *operands),
                peers,
                arrays,
                2e-2,
                _bar(knots),
                absent,
            )
    for dtype in (np.float32, np.float64):
        a, weights = (tf.constant(each) for each in _matrix(matrix, dtype))

        def multiplied(a: Any, weights: Any) -> Any:
            return tf.linalg.matvec(a, weights) / tf.reduce_sum(weights)

        yield FrameworkCase(
            f"average, {matrix[0]:,} x {matrix[1]:,}, axis 1, weights, {np.dtype(dtype).name}",
            "TensorFlow",
            settled(lambda a, weights: ndgpu.tensorflow.average(a, 1, weights), a, weights),
            {
                "matvec, tf.function": settled(multiplied, a, weights),
                "matvec, XLA": settled(multiplied, a, weights, jit_compile=True),
            },
            arrays,
            1e-4,
            1.0,
        )


def torch_cases(queries: int, matrix: tuple[int, int]) -> Iterator[FrameworkCase]:
    import torch  # type: ignore[import-not-found, unused-ignore]

    import ndgpu.torch

    def searched(x: Any, xp: Any, fp: Any) -> Any:
        x = torch.clamp(x, xp[0], xp[-1])
        cell = torch.clamp(torch.searchsorted(xp, x, right=True) - 1, 0, len(xp) - 2)
        x0, x1, y0, y1 = xp[cell], xp[cell + 1], fp[cell], fp[cell + 1]
        return y0 + (x - x0) / (x1 - x0) * (y1 - y0)

    def both(function: Any) -> Any:
        def forward_and_backward(x: Any, xp: Any, fp: Any, g: Any) -> Any:
            x, fp = x.detach().requires_grad_(), fp.detach().requires_grad_()
            y = function(x, xp, fp)
            return y.detach(), *torch.autograd.grad(y, (x, fp), g)

        return forward_and_backward

    def arrays(result: Any) -> list[NDArray[Any]]:
        return [each.numpy() for each in (result if isinstance(result, tuple) else (result,))]

    def settled(function: Any, *operands: Any) -> Call:
        return lambda: function(*operands)

    for knots in KNOTS:
        table = _Table.of(queries, knots)
        x, xp, fp, g = (torch.from_numpy(each) for each in (table.x, table.xp, table.fp, table.g))
        for backward in (False, True):
            wrap, operands = (both, (x, xp, fp, g)) if backward else (lambda function: function, (x, xp, fp))
            yield FrameworkCase(
                _titles(queries, knots, backward),
                "PyTorch",
                settled(wrap(ndgpu.torch.interp), *operands),
                {"searchsorted and indexing": settled(wrap(searched), *operands)},
                arrays,
                2e-2,
                _bar(knots),
            )
    a, weights = (torch.from_numpy(each) for each in _matrix(matrix, np.float32))
    yield FrameworkCase(
        f"average, {matrix[0]:,} x {matrix[1]:,}, axis 1, weights, float32",
        "PyTorch",
        lambda: ndgpu.torch.average(a, 1, weights),
        {"a @ weights / weights.sum()": lambda: a @ weights / weights.sum()},
        arrays,
        1e-4,
        1.0,
    )


def _matrix(shape: tuple[int, int], dtype: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    random = np.random.default_rng(2)
    return random.normal(1.0, 1.0, shape).astype(dtype), random.uniform(0.1, 1.0, shape[1]).astype(dtype)


CASES: dict[str, Callable[[int, tuple[int, int]], Iterator[FrameworkCase]]] = {
    "tensorflow": tensorflow_cases,
    "jax": jax_cases,
    "torch": torch_cases,
}
