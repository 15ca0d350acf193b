"""NumPy functions of tensors, in eager calls and in graphs, with the tensors' own memory wherever TensorFlow has it so.

An eager tensor in the host's memory is read where it lies. The memory of a result becomes that of a tensor if it begins
where a cache line does, as TensorFlow demands: with a tensor that does not, it ends the process. Results of a few
kilobytes, which come from NumPy's own memory, are copied to such a place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._tf import compiled_by_xla, tf

Array: TypeAlias = "NDArray[Any]"
#: What a tensor begins at, in bytes.
ALIGNMENT = 64

_from_dlpack = tf.experimental.dlpack.from_dlpack


def tensor_of(array: Array) -> Any:
    """An eager tensor in the memory of a fresh array, which nobody writes to from now on."""
    if array.__array_interface__["data"][0] % ALIGNMENT:
        array = _aligned(array)
    return _from_dlpack(array.__dlpack__())


def _aligned(array: Array) -> Array:
    room = np.empty(array.size + ALIGNMENT // array.itemsize, array.dtype)
    start = -room.__array_interface__["data"][0] % ALIGNMENT // array.itemsize
    place = room[start : start + array.size].reshape(array.shape)
    place[...] = array
    return place


def run_now(function: Callable[..., Sequence[Array]], operands: Sequence[Any]) -> tuple[Any, ...]:
    """The function's results as eager tensors; operands are eager tensors or arrays."""
    return tuple(tensor_of(result) for result in function(*(np.asarray(operand) for operand in operands)))


def run_in_graph(
    function: Callable[..., Sequence[Array]], operands: Sequence[Any], shapes: Sequence[Any], name: str
) -> tuple[Any, ...]:
    """Symbolic tensors for the function's results, of these static shapes and of the first operand's dtype."""
    if compiled_by_xla():
        raise NotImplementedError(
            f"ndgpu.tensorflow.{name} computes in native code, which jit_compile=True (XLA) cannot compile: leave "
            "jit_compile out, or call it outside the compiled function; in Keras, compile(jit_compile=False)"
        )

    def guarded(*arrays: Array) -> list[Array]:
        try:
            # Those without axes come as scalars.
            return list(function(*map(np.asarray, arrays)))
        except ZeroDivisionError as error:
            # TensorFlow knows ValueError, which it makes an InvalidArgumentError.
            raise ValueError(str(error)) from error

    results = tf.numpy_function(
        guarded, list(operands), [operands[0].dtype] * len(shapes), stateful=False, name=f"ndgpu_{name}"
    )
    for result, shape in zip(results, shapes):
        result.set_shape(shape)
    return tuple(results)
