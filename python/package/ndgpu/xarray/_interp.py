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
    """Interpolation along a dimension of columns that may have levels and targets of their own, all in one call.

    It is xarray's ``data.interp({dim: target})``, which goes through such targets column by column and knows no such
    levels.

    Parameters
    ----------
    data : DataArray or Dataset
        Of real numbers. In a Dataset every variable that has the dimension is interpolated, and the others are left as
        they are; where the targets lie is found once for all of them.
    target : DataArray, array_like or number
        Where to interpolate. A DataArray has any of the dimensions of ``data`` (targets that each column has of its
        own), and new ones, which take the place of ``dim``. Anything else has one dimension or none: the new dimension
        is called as the levels are, or as a pandas.Index is.
    dim : hashable
        The dimension that a column of values is along.
    coord : hashable or DataArray, optional
        The levels of the values: the name of a coordinate that has ``dim`` and any other dimensions (in a Dataset also
        that of a variable), or an array. The coordinate ``dim`` if it is left out.
    left, right : float or None, optional
        The values below the smallest and above the largest level, whichever of them is first in memory. NaN, as xarray
        has it; None for the value at the end level, as NumPy has it.
    period : float, optional
        The period of the levels. ``left`` and ``right`` are then ignored.
    method : {"linear", "nearest", "previous", "next"}, optional
        The value between two levels; half way between them ``"nearest"`` takes that of the smaller.
    extrapolate : bool, optional
        Whether the first and the last line go on where ``left`` or ``right`` is NaN.
    skip_missing : bool, optional
        Whether values that are NaN are bridged, in each column by itself. Otherwise they make NaN of what is beside
        them. A column without any values gives NaN.
    device : Device or str, optional
        Where to compute, else :func:`ndgpu.get_device`, or the CPU engine if that has no float64.

    Returns
    -------
    As ``data``, with the new dimensions where ``dim`` was, and with its name and attributes. float32 and float64 remain
    what they are, integers become float64.

    The targets are a coordinate of the result, called as the levels are. As with xarray, coordinates along ``dim`` are
    interpolated too if they are of numbers. The others are left out, and so is the coordinate ``dim`` where ``coord``
    says what the levels are.

    Raises
    ------
    ValueError
        For names of dimensions and coordinates that are not there, for levels, targets and values whose columns differ
        in number or label, and for keywords that have no such value.
    TypeError
        For what is no real number, and for dates where the levels are numbers.

    Notes
    -----
    Levels may increase or decrease along ``dim``. Columns out of order are sorted, and levels that are NaN left out,
    as for columns with fewer levels than others. Dates and durations are taken as the time since the first.

    Everything is computed in float64, unless values, levels and targets are all float32. Levels and targets along one
    dimension only may also be anything that float32 holds exactly, as ``[850, 500]``.

    The CPU engine reads values where they lie if ``dim`` is their last dimension, and those that the levels or targets
    have are the last before it. Of another layout a copy is made. The levels are copied into a table, and looked at for
    their order. The result lies in memory column by column: where ``dim`` was not the last dimension it is a view of
    that, and ``.copy()`` lays it out.

    Values along dimensions that neither levels nor targets have, such as time, are interpolated without a search.

    dask's arrays give a lazy result, block by block: along ``dim`` they are put together, and the other dimensions stay
    as they are cut. Levels and targets are cut likewise, and the place of the targets among the levels is found once
    for all variables and all times that have the same columns in a process. For a cluster name the device rather than
    hand one over.

    Examples
    --------
    Targets that each column has of its own:

    >>> import numpy as np
    >>> import xarray as xr
    >>> import ndgpu.xarray
    >>> depth = [0.0, 10.0, 100.0]
    >>> sea = xr.DataArray([[18.0, 16.0, 7.0], [20.0, 19.0, 10.0]], dims=("buoy", "depth"), coords={"depth": depth})
    >>> sensors = xr.DataArray([[1.0, 55.0], [5.0, 70.0]], dims=("buoy", "sensor"))
    >>> ndgpu.xarray.interp(sea, sensors, "depth")
    <xarray.DataArray (buoy: 2, sensor: 2)> Size: 32B
    array([[17.8, 11.5],
           [19.5, 13. ]])
    Coordinates:
        depth    (buoy, sensor) float64 32B 1.0 55.0 5.0 70.0
    Dimensions without coordinates: buoy, sensor

    Levels that each column has of its own, which decrease:

    >>> pressure = xr.DataArray([[1000.0, 700.0], [800.0, 600.0]], dims=("station", "level"), name="pressure")
    >>> air = xr.DataArray([[290.0, 275.0], [280.0, 265.0]], dims=("station", "level"))
    >>> ndgpu.xarray.interp(air, [850.0, 700.0], "level", coord=pressure, right=-1.0).values
    array([[282.5, 275. ],
           [ -1. , 272.5]])
    """
    rules = Rules.of(left, right, period, method, extrapolate, skip_missing)
    result: Data = _of_one(data, target, dim, coord, rules, device)
    return result


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
    """Several variables onto the same targets: :func:`interp`, with one search for all of them.

    Parameters
    ----------
    data : iterable or mapping of DataArrays, Dataset or DataArray
        On the same levels, which is looked at: those of the first array, unless ``coord`` is an array. The arrays may
        differ in their other dimensions, such as time.
    target, dim, coord, left, right, period, method, extrapolate, device
        As for :func:`interp`. There is no ``skip_missing``, with which the values of each variable would decide between
        which levels a target lies.

    Returns
    -------
    A list of DataArrays, or a dict of them for a mapping, or a Dataset or DataArray.

    Raises
    ------
    ValueError
        If the levels of the arrays differ, and for lazy ones that are not one and the same; and as for :func:`interp`.

    Examples
    --------
    >>> import xarray as xr
    >>> import ndgpu.xarray
    >>> height = xr.DataArray([[0.0, 100.0, 300.0], [50.0, 150.0, 350.0]], dims=("mast", "level"))
    >>> wind = xr.DataArray([[4.0, 8.0, 10.0], [5.0, 9.0, 9.0]], dims=("mast", "level"), name="wind")
    >>> air = xr.DataArray([[288.0, 287.0, 285.0], [287.0, 286.0, 284.0]], dims=("mast", "level"), name="air")
    >>> at_hub = ndgpu.xarray.regrid({"wind": wind, "air": air}, 120.0, "level", coord=height)
    >>> at_hub["wind"].values, at_hub["air"].values
    (array([8.2, 7.8]), array([286.8, 286.3]))
    """
    rules = Rules.of(left, right, period, method, extrapolate, False)
    if isinstance(data, (xr.Dataset, xr.DataArray)):
        return _of_one(data, target, dim, coord, rules, device)
    arrays = list(data.values() if isinstance(data, Mapping) else data)
    results = _onto([_alone(array) for array in arrays], target, dim, coord, rules, device) if arrays else []
    values = [_values(result, array) for result, array in zip(results, arrays)]
    return dict(zip(data, values)) if isinstance(data, Mapping) else values


def _of_one(data: Any, target: Any, dim: Hashable, coord: Any, rules: Rules, device: On) -> Any:
    if isinstance(data, xr.Dataset):
        return _onto([data], target, dim, coord, rules, device)[0]
    return _values(_onto([_alone(data)], target, dim, coord, rules, device)[0], data)


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
    kept = data.drop_dims([names.dim])
    variables: dict[Hashable, Any] = {**kept.variables, **interpolated}
    coordinates = {
        name: array for name, array in names.coordinates().items() if name not in kept.coords or name == names.value
    }
    coordinates.update((name, variables[name]) for name in data.coords if name in interpolated)
    result = xr.Dataset(coords=kept.coords, attrs=data.attrs).assign_coords(coordinates)
    there = (name for name in data.data_vars if name in variables and name != names.value)
    return result.assign({name: variables[name] for name in there})
