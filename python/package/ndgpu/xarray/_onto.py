"""The targets that variables are interpolated onto: where they lie is found once for all variables."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np
import xarray as xr

from .._operands import On
from ._columns import Array, Columns, Rules, as_numbers
from ._names import Names, expect_values

# What computes block by block has few annotations.
_apply: Any = xr.apply_ufunc

#: The dimension, of length 1, of arrays that hold `Columns`: without any xarray would take these for numbers.
_COLUMNS = "__ndgpu_columns__"


class Onto:
    """Interpolates variables along one dimension, onto the same targets between the same levels."""

    def __init__(self, names: Names, rules: Rules, device: On, *, reused: bool) -> None:
        self.names, self.rules, self.device, self.reused = names, rules, device, reused
        #: The columns of each way in which variables are cut into blocks.
        self._columns: dict[Any, xr.Variable] = {}

    def variable(self, variable: xr.Variable, name: Hashable) -> xr.Variable:
        """One variable, which may be lazy."""
        expect_values(variable, name)
        names = self.names
        sizes = {**names.target.sizes, **names.levels.sizes}
        missing = {d: sizes[d] for d in names.columns if d not in variable.dims}
        result_dims: list[Hashable] = [*missing]
        for d in variable.dims:
            result_dims += names.new if d == names.dim else [d]
        fields = [d for d in variable.dims if d != names.dim and d not in names.columns]
        values = _with_dims(variable, missing).transpose(*fields, *names.columns, names.dim)
        blocks = self._blocks_of(variable)
        if blocks is not None:
            values = values.chunk({**blocks, names.dim: -1})
        dtype = (values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)).newbyteorder("=")
        new = {d: names.target.sizes[d] for d in names.new}
        if 0 in new.values():
            all_sizes = {**values.sizes, **new}
            empty = xr.Variable(result_dims, np.empty([all_sizes[d] for d in result_dims], dtype), values.attrs)
            return empty if blocks is None else empty.chunk()
        result: xr.Variable = _apply(
            _interpolated,
            values,
            self._of_blocks(blocks),
            input_core_dims=[[names.dim], [_COLUMNS]],
            output_core_dims=[names.new],
            exclude_dims={names.dim},
            dask="parallelized",
            output_dtypes=[dtype],
            dask_gufunc_kwargs={"output_sizes": new},
            kwargs={"shape": tuple(new.values()), "columns": len(names.columns)},
            keep_attrs=True,
        )
        return result.transpose(*result_dims)

    def _blocks_of(self, variable: xr.Variable) -> dict[Hashable, Any] | None:
        """How the columns are cut: as the variable is, else as levels or targets are. None where nothing is lazy."""
        names = self.names
        lazy = [array.chunksizes for array in (variable, names.levels, names.target) if array.chunks is not None]
        if not lazy:
            return None
        return {d: next((chunks[d] for chunks in lazy if d in chunks), -1) for d in names.columns}

    def _of_blocks(self, blocks: dict[Hashable, Any] | None) -> xr.Variable:
        """The columns of each block: as an array of objects, all elements of a block being the same one."""
        names = self.names
        key = None if blocks is None else tuple(blocks.items())
        if key in self._columns:
            return self._columns[key]
        levels = self._by_columns(names.levels.variable, blocks, names.dim)
        target = self._by_columns(names.target.variable, blocks, *names.new)
        made: xr.Variable = _apply(
            _columns_of_block,
            levels,
            target,
            input_core_dims=[[names.dim], names.new],
            output_core_dims=[[_COLUMNS]],
            exclude_dims={names.dim},
            dask="parallelized",
            output_dtypes=[object],
            dask_gufunc_kwargs={"output_sizes": {_COLUMNS: 1}},
            kwargs={
                "new": len(names.new),
                "rules": self.rules,
                "device": self.device,
                "reused": self.reused or blocks is not None,
            },
        )
        self._columns[key] = made
        return made

    def _by_columns(self, array: xr.Variable, blocks: dict[Hashable, Any] | None, *last: Hashable) -> xr.Variable:
        """Levels or targets with all dimensions of columns, in their order, or with none of them."""
        names = self.names
        columns = names.columns if set(array.dims) & set(names.columns) else ()
        sizes = {**names.target.sizes, **names.levels.sizes}
        missing = {d: sizes[d] for d in columns if d not in array.dims}
        array = _with_dims(array, missing).transpose(*columns, *last)
        if blocks is None:
            return array
        return array.chunk({**{d: blocks[d] for d in columns}, **dict.fromkeys(last, -1)})


def _with_dims(variable: xr.Variable, missing: dict[Hashable, int]) -> xr.Variable:
    """A view that is the same along dimensions which the variable does not have."""
    own: Any = variable
    wider: xr.Variable = own.set_dims({**missing, **variable.sizes}) if missing else variable
    return wider


def _columns_of_block(levels: Array, target: Array, *, new: int, rules: Rules, device: On, reused: bool) -> Array:
    """An array of the shape of the columns, each element being all of them."""
    levels, target = as_numbers(np.asarray(levels), np.asarray(target))
    m = math.prod(target.shape[target.ndim - new :])
    shape = np.broadcast_shapes(levels.shape[:-1], target.shape[: target.ndim - new])
    target = target.reshape(*target.shape[: target.ndim - new], m)

    def rows(array: Array) -> Array:
        if array.ndim == 1:
            return array
        return np.broadcast_to(array, (*shape, array.shape[-1])).reshape(math.prod(shape), array.shape[-1])

    whole = np.empty(1, object)
    whole[0] = Columns(rows(levels), rows(target), rules, device, reused=reused)
    return np.broadcast_to(whole, (*shape, 1))


def _interpolated(values: Array, of_block: Array, *, shape: tuple[int, ...], columns: int) -> Array:
    """A block of values, last of which are the levels, at the targets of its columns."""
    lengths = values.shape[values.ndim - 1 - columns : -1]
    if of_block.shape != (*lengths, 1):
        raise ValueError(f"a block has columns of shape {lengths}, but its levels and targets {of_block.shape[:-1]}")
    if of_block.size == 0:
        return np.empty((*values.shape[:-1], *shape), values.dtype if values.dtype.kind == "f" else np.float64)
    found: Columns = of_block.flat[0]
    fields = math.prod(values.shape[: values.ndim - 1 - columns])
    count = math.prod(lengths)
    rows = values.reshape(fields, count, values.shape[-1])
    return found.apply(rows).reshape((*values.shape[:-1], *shape))
