"""What calls take: tensors, whose dtype is kept, and beside them whatever NumPy makes an array of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._operands import one_number, refuse_masks
from ._tf import EagerTensor, tf

_FLOATS = frozenset((tf.float32, tf.float64))
#: Integers of 32 bits and more, which float32 rounds.
_LONG = frozenset((tf.int32, tf.int64, tf.uint32, tf.uint64))


def operands_of(call: str, named: Mapping[str, Any]) -> list[Any]:
    """Tensors and arrays, all of one dtype: that of the tensors, which are taken as they are.

    Without a tensor it is that of NumPy's floats, or float32 if there are none, as in TensorFlow.
    """
    values = list(named.values())
    if all(type(value) is EagerTensor for value in values):
        dtypes = {value.dtype for value in values}
        if len(dtypes) == 1 and dtypes <= _FLOATS:
            return values
    given = {name: tf.convert_to_tensor(value) if _has_tensors(value) else value for name, value in named.items()}
    tensors = {name: value for name, value in given.items() if isinstance(value, tf.Tensor)}
    floats = [tensor.dtype.name for tensor in tensors.values() if tensor.dtype in _FLOATS]
    for name, tensor in tensors.items():
        if tensor.dtype not in _FLOATS:
            fitting = floats[0] if floats else "float64" if tensor.dtype in _LONG else "float32"
            raise TypeError(
                f"{call} computes in float32 and float64, but {name} is {tensor.dtype.name}: "
                f"tf.cast({name}, tf.{fitting})"
            )
    arrays = {name: _numbers(call, name, value) for name, value in given.items() if name not in tensors}
    if not tensors:
        wide = any(getattr(value, "dtype", None) == np.float64 for value in values)
        dtype = np.float64 if wide else np.float32
        return [_as(array, dtype) for array in arrays.values()]
    first, *others = tensors
    dtype = tensors[first].dtype
    for name in others:
        if tensors[name].dtype != dtype:
            raise TypeError(
                f"{call} computes in one dtype, but {first} is {dtype.name} and {name} is {tensors[name].dtype.name}: "
                f"tf.cast({name}, tf.{dtype.name})"
            )
    return [tensors[name] if name in tensors else _as(arrays[name], dtype.as_numpy_dtype) for name in given]


def _as(array: Any, dtype: Any) -> Any:
    return np.asarray(array, dtype, order="C")


def _is_tensor(value: Any) -> bool:
    # Variables of Keras and of TensorFlow convert themselves.
    return isinstance(value, (tf.Tensor, tf.Variable)) or hasattr(value, "__tf_tensor__")


def _has_tensors(value: Any) -> bool:
    # NumPy would take a list of tensors too, and lose their gradients.
    return _is_tensor(value) or (isinstance(value, (list, tuple)) and any(map(_has_tensors, value)))


def _numbers(call: str, name: str, value: Any) -> Any:
    if isinstance(value, tf.RaggedTensor):
        raise TypeError(f"{name} is a RaggedTensor: pass {name}.to_tensor(), or its {name}.flat_values")
    if isinstance(value, tf.SparseTensor):
        raise TypeError(f"{name} is a SparseTensor: pass tf.sparse.to_dense({name})")
    refuse_masks(value, call)
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise TypeError(f"{name} has to be real numbers of up to 64 bits, but its dtype is {array.dtype}")
    return array


def number_of(name: str, value: Any) -> float | None:
    """A number that is the same for the whole call, and has no gradient."""
    if value is None:
        return None
    if _has_tensors(value):
        raise TypeError(f"{name} is a tensor, and would get no gradient: pass a number, as float({name}) is")
    return float(one_number(value, float, name))
