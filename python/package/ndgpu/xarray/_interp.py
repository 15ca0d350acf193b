"""Interpolation along a dimension, with levels and targets that each column has of its own."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

import xarray as xr

from .._operands import On
from ._columns import Rules
from ._names import Names
from ._onto import Onto

Method: TypeAlias = Literal["linear", "nearest", "previous", "next"]
Data = TypeVar("Data", xr.DataArray, xr.Dataset)

#: What an array is called for as long as it is a dataset.
_ALONE = "__ndgpu_values__"


def interp(
    data: Data,
    target: Any,
    dim: Hashable,
    *,
    coord: Hashable | xr.DataArray | None = None,
    left: float | None = math.nan,
    right: float | None = math.nan,
    period: float | None = None,
    method: Method = "linear",
    extrapolate: bool = False,
    skip_missing: bool = False,
    device: On = None,
) -> Data:
    """doc"""
    rules = Rules.of(left, right, period, method, extrapolate, skip_missing)
    if isinstance(data, xr.Dataset):
        return _onto([data], target, dim, coord, rules, device)[0]
    return _values(_onto([_alone(data)], target, dim, coord, rules, device)[0], data)


def regrid(
    data: Any,
    target: Any,
    dim: Hashable,
    *,
    coord: Hashable | xr.DataArray | None = None,
    left: float | None = math.nan,
    right: float | None = math.nan,
    period: float | None = None,
    method: Method = "linear",
    extrapolate: bool = False,
    device: On = None,
) -> Any:
    """doc"""
    rules = Rules.of(left, right, period, method, extrapolate, False)
    if isinstance(data, (xr.Dataset, xr.DataArray)):
        return interp(
            data, target, dim, coord=coord, left=left, right=right, period=period, method=method,
            extrapolate=extrapolate, device=device,
        )  # fmt: skip
    arrays = list(data.values() if isinstance(data, Mapping) else data)
    results = _onto([_alone(array) for array in arrays], target, dim, coord, rules, device) if arrays else []
    values = [_values(result, array) for result, array in zip(results, arrays)]
    return dict(zip(data, values)) if isinstance(data, Mapping) else values


def _alone(data: Any) -> xr.Dataset:
    if not isinstance(data, xr.DataArray):
        raise TypeError(f"data must be a DataArray or a Dataset, not {type(data).__name__}")
    return data.to_dataset(name=_ALONE)


def _values(result: xr.Dataset, data: xr.DataArray) -> xr.DataArray:
    values = result[_ALONE]
    values.name = data.name
    return values


def _onto(
    datasets: Sequence[xr.Dataset], target: Any, dim: Hashable, coord: Any, rules: Rules, device: On
) -> list[xr.Dataset]:
    """Datasets whose variables are interpolated, all of them where the first of them was found to be."""
    names = Names.of(datasets, target, dim, coord)
    plans = [_interpolated_of(data, names) for data in datasets]
    onto = Onto(names, rules, device, reused=sum(map(len, plans)) > 1)
    return [
        _with(data, {name: onto.variable(data.variables[name], name) for name in plan}, names)
        for data, plan in zip(datasets, plans)
    ]


def _interpolated_of(data: xr.Dataset, names: Names) -> list[Hashable]:
    """Variables along the dimension. Of coordinates only numbers, and neither the levels nor the dimension's own."""
    return [
        name
        for name, variable in data.variables.items()
        if names.dim in variable.dims
        and name not in (names.dim, names.value)
        and (name in data.data_vars or variable.dtype.kind in "iuf")
    ]


def _with(data: xr.Dataset, interpolated: Mapping[Hashable, xr.Variable], names: Names) -> xr.Dataset:
    kept = data.drop_dims(names.dim)
    variables = {**kept.variables, **interpolated}
    coordinates = {
        name: array for name, array in names.coordinates().items() if name not in kept.coords or name == names.value
    }
    coordinates.update((name, variables[name]) for name in data.coords if name in interpolated)
    result = xr.Dataset(coords=kept.coords, attrs=data.attrs).assign_coords(coordinates)
    return result.assign({name: variables[name] for name in data.data_vars if name in variables and name != names.value})
