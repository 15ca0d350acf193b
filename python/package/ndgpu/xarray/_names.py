"""Levels and targets by name: which dimensions they have, and what the result's coordinates are called."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from .._operands import refuse_others


@dataclass(frozen=True)
class Names:
    """Where levels and targets are, by name."""

    dim: Hashable
    levels: xr.DataArray
    target: xr.DataArray
    #: Of the targets as a coordinate of the result.
    value: Hashable
    #: The dimensions that a column is found by, besides those of the values alone.
    columns: tuple[Hashable, ...]
    #: What `dim` is replaced by.
    new: tuple[Hashable, ...]

    @classmethod
    def of(cls, datasets: Sequence[xr.Dataset], target: Any, dim: Hashable, coord: Any) -> Names:
        """Of all variables of some datasets that have the dimension."""
        known: dict[Hashable, None] = {}
        for data in datasets:
            if dim not in data.dims:
                raise ValueError(
                    f"there is no dimension {dim!r} to interpolate along; the dimensions are {_list(data.dims)}"
                )
            for variable in data.variables.values():
                if dim in variable.dims:
                    known.update(dict.fromkeys(d for d in variable.dims if d != dim))
        levels, value = _common_levels(datasets, dim, coord)
        target = _target(target, value)
        _expect_numbers(levels, target)
        known.update(dict.fromkeys(d for d in levels.dims if d != dim))
        new = tuple(d for d in target.dims if d not in known)
        of_columns = {*levels.dims, *target.dims} - {dim, *new}
        for data in datasets:
            others = {*data.dims, *target.dims} - of_columns
            try:
                xr.align(data, levels, target, join="exact", copy=False, exclude=others)
            except ValueError as error:
                raise ValueError(
                    f"values, levels ({_list(levels.dims)}) and targets ({_list(target.dims)}) are not of the same "
                    f"columns: {error}"
                ) from None
        return cls(dim, levels, target, value, tuple(d for d in known if d in of_columns), new)

    def coordinates(self) -> dict[Hashable, xr.DataArray]:
        """What the targets bring along: their own coordinates, and their values as one of the name of the levels."""
        coordinates = {name: self.target.coords[name].drop_vars(self.target.coords) for name in self.target.coords}
        values = self.target.drop_vars(self.target.coords)
        coordinates[self.value] = values.assign_attrs(self.target.attrs or self.levels.attrs)
        return coordinates


def _common_levels(datasets: Sequence[xr.Dataset], dim: Hashable, coord: Any) -> tuple[xr.DataArray, Hashable]:
    levels, value = _levels(datasets[0], dim, coord)
    for index, data in enumerate(datasets):
        if levels.sizes[dim] != data.sizes[dim]:
            raise ValueError(
                f"dimension {dim!r} has length {data.sizes[dim]} in the values and {levels.sizes[dim]} in the levels "
                f"{value!r}"
            )
        if not isinstance(coord, xr.DataArray):
            _expect_same(levels, _levels(data, dim, coord)[0], value, index)
    if levels.sizes[dim] == 0:
        raise ValueError(f"there are no levels: dimension {dim!r} has length 0")
    return levels, value


def _expect_same(levels: xr.DataArray, others: xr.DataArray, name: Hashable, index: int) -> None:
    if levels.variable._data is others.variable._data or levels.variable.data is others.variable.data:
        return
    if levels.chunks is not None or others.chunks is not None:
        if getattr(levels.data, "name", None) == getattr(others.data, "name", ""):
            return
        raise ValueError(
            f"whether the lazy levels {name!r} of array {index} are those of array 0 is not known before they are "
            "computed: name the levels of all arrays by coord=, as a DataArray"
        )
    own: Any = levels.variable
    if not own.equals(others.variable):
        raise ValueError(f"the levels {name!r} of array {index} are not those of array 0: interpolate it by itself")


def _levels(data: xr.Dataset, dim: Hashable, coord: Any) -> tuple[xr.DataArray, Hashable]:
    if isinstance(coord, xr.DataArray):
        levels, name = coord, coord.name if coord.name is not None else dim
    elif coord is None:
        levels, name = data[dim], dim
    elif coord in data.variables:
        levels, name = data[coord], coord
    else:
        raise ValueError(f"there is no coordinate {coord!r}; there are {_list(data.coords)}")
    if dim not in levels.dims:
        raise ValueError(f"the levels {name!r} have the dimensions {_list(levels.dims)}, but not {dim!r}")
    return levels, name


def _target(target: Any, value: Hashable) -> xr.DataArray:
    if isinstance(target, (xr.DataArray, xr.Variable)):
        return xr.DataArray(target)
    lazy = hasattr(target, "chunks")
    array = target if lazy else np.asarray(target)
    if array.ndim > 1:
        raise ValueError(
            f"the targets have shape {array.shape}; targets for each column are a DataArray, which names its dimensions"
        )
    if array.ndim == 0:
        return xr.DataArray(array)
    name = getattr(target, "name", None)
    new = value if lazy or name is None else name
    return xr.DataArray(array, dims=[new], coords=None if lazy else {new: array})


def _expect_numbers(levels: xr.DataArray, target: xr.DataArray) -> None:
    for array, what in ((levels, "levels"), (target, "targets")):
        if array.dtype.kind not in "iufMm":
            raise TypeError(
                f"the {what} have dtype {array.dtype}, but must be real numbers, or NumPy's dates or durations"
            )
    kinds = [array.dtype.kind if array.dtype.kind in "Mm" else "f" for array in (levels, target)]
    if kinds[0] != kinds[1]:
        raise TypeError(f"levels of dtype {levels.dtype} and targets of dtype {target.dtype} do not compare")


def expect_values(variable: xr.Variable, name: Hashable) -> None:
    """Refuses what has no values between two values."""
    if variable.dtype.kind not in "iuf":
        raise TypeError(f"{name!r} has dtype {variable.dtype}, which is not interpolated: convert or drop it")
    refuse_others(variable.dtype, "interp")


def _list(names: Any) -> str:
    return ", ".join(map(repr, names)) or "none"
