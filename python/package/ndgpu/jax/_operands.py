"""The dtypes of operands in JAX programs."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def common_dtype(name: str, **operands: Any) -> tuple[Any, Any, list[Any]]:
    """The dtype of a result, the one that is computed in, and the operands as arrays of JAX's."""
    arrays = []
    for what, operand in operands.items():
        if isinstance(operand, np.ma.MaskedArray):
            raise TypeError(f"JAX knows no masks: fill or compress {what}")
        arrays.append(jnp.asarray(operand))
    dtype = jnp.result_type(*arrays)
    if not jnp.issubdtype(dtype, jnp.inexact):
        dtype = jnp.result_type(dtype, float)
    if not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(f"{name} takes real numbers, but they are {dtype}; call it for each of the two parts")
    return dtype, np.dtype(np.float64 if dtype == np.float64 else np.float32), arrays


def floats(dtype: Any, *arrays: jax.Array) -> list[jax.Array]:
    return [array.astype(dtype) for array in arrays]
