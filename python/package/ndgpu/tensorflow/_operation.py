"""Operations whose values and first derivatives are computed natively, and all others by TensorFlow.

The backward pass of an operation is an operation as well. Its own derivative is that of its body, which is written in
TensorFlow's operations, so that there are derivatives of any order, in reverse and in forward mode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ._memory import Array, run_in_graph, run_now
from ._tf import EagerTensor, being_saved, differentiated, pushed_forward, tf

_exporting: ContextVar[bool] = ContextVar("exporting", default=False)


@contextmanager
def exporting() -> Iterator[None]:
    """Within, graphs consist of TensorFlow's own operations, and run where ndgpu is not installed.

    Keras's ``model.export`` and ``tf.saved_model.save`` need no help with models and with a ``tf.function``, also one
    that was called before: they trace them anew. What is a graph already is made for them within this: what
    ``get_concrete_function`` gives, for signatures and for other converters.

    >>> import tensorflow as tf
    >>> import ndgpu.tensorflow as nt
    >>> module = tf.Module()
    >>> module.curve = tf.function(lambda x: nt.interp(x, [0.0, 1.0, 2.0], [0.0, 10.0, 40.0]))
    >>> with nt.exporting():
    ...     traced = module.curve.get_concrete_function(tf.TensorSpec([None]))
    >>> any("PyFunc" in operation.type for operation in traced.graph.get_operations())
    False
    """
    before = _exporting.set(True)
    try:
        yield
    finally:
        _exporting.reset(before)


@dataclass(frozen=True, eq=False)
class Operation:
    """A function of operands, which are all of one dtype."""

    name: str
    #: Operands to results.
    forward: Callable[..., Sequence[Array]]
    #: Which operands, operands, cotangents of the results: to the cotangents of those operands.
    backward: Callable[[Sequence[int], Sequence[Array], Sequence[Array]], Sequence[Array]]
    #: The same as `forward`, of tensors, in TensorFlow's operations.
    body: Callable[..., Sequence[Any]]
    #: The static shapes of the operands to those of the results.
    shapes: Callable[..., Sequence[Any]]

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        """The results, for operands that are tensors, or arrays of the same dtype."""
        if tf.executing_eagerly():
            if not differentiated([operand for operand in operands if type(operand) is EagerTensor]):
                return run_now(self.forward, operands)
            return self._recorded([tf.convert_to_tensor(operand) for operand in operands])
        tensors = [tf.convert_to_tensor(operand) for operand in operands]
        self.shapes(*(tensor.shape for tensor in tensors))
        # Within graphs forward accumulators follow nothing but TensorFlow's operations.
        if _exporting.get() or being_saved() or pushed_forward(tensors):
            return tuple(self.body(*tensors))
        return self._recorded(tensors)

    def _recorded(self, tensors: list[Any]) -> tuple[Any, ...]:
        if tf.executing_eagerly():
            wanted = tuple(i for i, tensor in enumerate(tensors) if differentiated([tensor]))
        else:
            # Who will differentiate, and with respect to what, is not known yet.
            wanted = tuple(range(len(tensors)))

        @tf.custom_gradient  # type: ignore[untyped-decorator, unused-ignore]
        def recorded(*operands: Any) -> Any:
            results = _run(self.forward, operands, self.shapes, self.name)

            def gradient(*cotangents: Any) -> list[Any]:
                found = dict(zip(wanted, self._backward(wanted, operands, cotangents)))
                return [found.get(i) for i in range(len(operands))]

            return results, gradient

        return tuple(recorded(*tensors))

    def _backward(self, wanted: tuple[int, ...], operands: Sequence[Any], cotangents: Sequence[Any]) -> tuple[Any, ...]:
        both = (*operands, *cotangents)
        if tf.executing_eagerly():
            if differentiated(list(both)):
                return self._backward_recorded(wanted, both, len(operands))
            return run_now(lambda *arrays: self._backward_of(wanted, arrays, len(operands)), both)
        # One node for each: TensorFlow leaves out those that nobody asks for.
        return tuple(self._backward_recorded((i,), both, len(operands))[0] for i in wanted)

    def _backward_of(self, wanted: tuple[int, ...], arrays: Sequence[Array], count: int) -> Sequence[Array]:
        return self.backward(wanted, arrays[:count], arrays[count:])

    def _backward_recorded(self, wanted: tuple[int, ...], both: Sequence[Any], count: int) -> tuple[Any, ...]:
        @tf.custom_gradient  # type: ignore[untyped-decorator, unused-ignore]
        def recorded(*both: Any) -> Any:
            def native(*arrays: Array) -> Sequence[Array]:
                return self._backward_of(wanted, arrays, count)

            results = _run(native, both, lambda *shapes: [shapes[i] for i in wanted], f"{self.name}_vjp")

            def gradient(*cotangents: Any) -> Any:
                ranks = tuple(tensor.shape.rank for tensor in both)
                return self._backward_of_backward(wanted, count, ranks)(*both, *cotangents)

            return results, gradient

        return tuple(recorded(*both))

    @lru_cache(maxsize=64)  # noqa: B019 - operations are kept as well, and few
    def _backward_of_backward(self, wanted: tuple[int, ...], count: int, ranks: tuple[int | None, ...]) -> Any:
        """The backward pass of `_backward_recorded`, as a graph of its own, for operands of any lengths.

        A gradient tape would not do: whoever differentiates forwards has stopped all tapes.
        """

        def derivatives(*tensors: Any) -> Any:
            zeros = tf.UnconnectedGradients.ZERO
            operands = tensors[:count]
            values = self.body(*operands)
            both, cotangents = tensors[: count + len(values)], tensors[count + len(values) :]
            of = [operands[i] for i in wanted]
            first = tf.gradients(values, of, both[count:], unconnected_gradients=zeros)
            return tf.gradients(first, both, cotangents, unconnected_gradients=zeros)

        return tf.function(derivatives, autograph=False, reduce_retracing=True)


def _run(
    function: Callable[..., Sequence[Array]], operands: Sequence[Any], shapes: Callable[..., Sequence[Any]], name: str
) -> tuple[Any, ...]:
    if tf.executing_eagerly():
        return run_now(function, operands)
    return run_in_graph(function, operands, shapes(*(operand.shape for operand in operands)), name)
