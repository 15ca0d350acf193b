"""What both operations know of blocks: numbers that devices do not have, in parts that they do."""

from __future__ import annotations

from typing import Any, TypeAlias

import dask.array as da
import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

# What makes arrays in dask.array has no annotations.
untyped: Any = da


def refuse_query_planning() -> None:
    if getattr(da, "array_expr_enabled", bool)():
        raise NotImplementedError("ndgpu.dask does not know dask's query planning: set array.query-planning to False")


def parts_of(array: Array) -> list[Array]:
    """Real numbers only, which is what devices know: the array, or its real and its imaginary part."""
    return [array.real, array.imag] if array.dtype.kind == "c" else [array]


def whole_of(parts: list[Array]) -> Array:
    """The array that has these parts, which may be complex themselves."""
    if len(parts) == 1:
        return parts[0]
    real, imag = parts
    # Not `real + 1j * imag`, which makes NaN of infinities.
    whole = np.empty(real.shape, np.complex128)
    whole.real = real.real - imag.imag
    whole.imag = real.imag + imag.real
    return whole
