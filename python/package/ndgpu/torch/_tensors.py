"""Tensors as arrays and arrays as tensors, without copies, and what is refused on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]
from numpy.typing import NDArray
from torch import Tensor  # type: ignore[import-not-found, unused-ignore]

#: Of a tensor that is traced the lengths may be symbols.
Shape: TypeAlias = Sequence[int]


def array_of(tensor: Tensor) -> NDArray[Any]:
    """The tensor's own memory as an array. Only what is negated lazily is copied: no array can say that."""
    array: NDArray[Any] = tensor.detach().resolve_neg().numpy()
    return array


def tensor_of(array: Any) -> Tensor:
    """A fresh array's own memory as a tensor."""
    return torch.from_numpy(np.asarray(array))


def expect_tensors(operation: str, **operands: Tensor | None) -> None:
    """Refuses what is no tensor of float32 or float64 in the host's memory, and tensors of different dtypes."""
    first: tuple[str, Tensor] | None = None
    for name, operand in operands.items():
        if operand is None:
            continue
        if not isinstance(operand, Tensor):
            raise TypeError(
                f"ndgpu.torch.{operation}: {name} must be a tensor, not {type(operand).__name__}; "
                f"make one of it, for instance torch.as_tensor({name}, dtype=torch.float64)"
            )
        if operand.device.type not in ("cpu", "meta"):
            raise TypeError(
                f"ndgpu.torch.{operation}: {name} is on {operand.device}, and only tensors in the host's memory are "
                f"read; copy it there yourself: {name}.cpu()"
            )
        if operand.layout is not torch.strided:
            raise TypeError(
                f"ndgpu.torch.{operation}: {name} has the layout {operand.layout}, but dense tensors are computed "
                f"with; convert it: {name}.to_dense()"
            )
        if operand.dtype not in (torch.float32, torch.float64):
            raise TypeError(
                f"ndgpu.torch.{operation} computes in float32 and float64, but {name} is {operand.dtype}; "
                f"{_cast(name, operand.dtype)}"
            )
        if first is None:
            first = name, operand
        elif operand.dtype != first[1].dtype:
            raise TypeError(
                f"ndgpu.torch.{operation} computes in one dtype, but {first[0]} is {first[1].dtype} and {name} is "
                f"{operand.dtype}; cast one: {name}.to({first[0]}.dtype), or {first[0]}.to({name}.dtype)"
            )


def _cast(name: str, dtype: torch.dtype) -> str:
    if dtype.is_complex:
        return f"compute with {name}.real and {name}.imag apart"
    return f"cast it: {name}.float()" if dtype.is_floating_point else f"cast it: {name}.double()"


def number(operation: str, name: str, value: Any) -> float | None:
    """An option that is a number or None."""
    if isinstance(value, Tensor):
        raise TypeError(
            f"ndgpu.torch.{operation}: {name} is a number, to which no gradient flows, not a tensor; give {name}.item()"
        )
    return None if value is None else float(value)


def check(condition: bool, message: Callable[[], str]) -> None:
    """A ValueError unless it holds; of symbols that nobody knows yet the compiled program finds out."""
    torch._check_value(condition, message)


def expect_shape(operation: str, g: Shape, results: Shape) -> None:
    """Refuses cotangents that have another shape than what they belong to."""
    check(
        len(g) == len(results) and all(length == other for length, other in zip(g, results)),
        lambda: f"ndgpu.torch.{operation}: cotangents have shape {list(g)}, but results {list(results)}",
    )


def example_shape(tensor: Tensor, batch: int | None) -> tuple[int, ...]:
    """The shape without the axis that `torch.func.vmap` took."""
    shape = tuple(tensor.shape)
    return shape if batch is None else shape[:batch] + shape[batch + 1 :]


def batch_first(tensor: Tensor, batch: int | None, size: int) -> Tensor:
    """The axis of the batch in front; where there is none, one that repeats the tensor without a copy."""
    return tensor.expand(size, *tensor.shape) if batch is None else tensor.movedim(batch, 0)
