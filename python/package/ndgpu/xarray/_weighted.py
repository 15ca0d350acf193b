"""Means with weights, of what is there."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from .._operands import On, refuse_others
from ._sums import mean_of

_options: Any = xr.get_options

Data = TypeVar("Data", xr.DataArray, xr.Dataset)


def weighted_mean(
    data: Data,
    weights: xr.DataArray,
    dim: Hashable | Iterable[Hashable] | None = None,
    *,
    skipna: bool = True,
    device: On = None,
) -> Data:
    """The weighted mean along dimensions: xarray's ``data.weighted(weights).mean(dim)``, without arrays on the way.

    Parameters
    ----------
    data : DataArray or Dataset
        Of real numbers. Values that are NaN are left out, and their weights with them.
    weights : DataArray
        Broadcast by the names of its dimensions, of which it may have some that the data do not have: the result has
        these too. What is NaN in it is an error.
    dim : optional
        One or several names of dimensions; None or ``...`` for all.
    skipna : bool, optional
        False makes a mean NaN if any of its values is.
    device : Device or str, optional
        Where to compute, else :func:`ndgpu.get_device`, or the CPU engine if that has no float64.

    Returns
    -------
    As ``data`` without the dimensions, with its name and attributes. Where the weights add up to 0, and where there are
    no values, the mean is NaN. float32 remains float32 (xarray makes float64 of it if the weights are that), and
    integers become float64.

    Raises
    ------
    ValueError
        For names of dimensions that neither the data nor the weights have, and for weights that are NaN. Of weights
        that are lazy it comes when they are computed.
    TypeError
        If the weights are no DataArray, or something is not of real numbers.

    Notes
    -----
    The values are read once, where they lie in memory, whichever dimensions go; a GPU gets a copy. No array of their
    size is made: neither products nor a mask. Weights that have some of the dimensions that stay, but not all that the
    values have, are repeated a few megabytes at a time.

    dask's arrays give a lazy result. Each block becomes two sums in float64, which are added up in a tree, so that any
    dimension may be cut.

    Labels of the weights that the data do not have are left out, as in xarray's arithmetic (``arithmetic_join``).

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> import ndgpu.xarray
    >>> air = xr.DataArray([[280.0, 290.0, np.nan], [270.0, 275.0, 280.0]], dims=("lat", "lon"))
    >>> air = air.assign_coords(lat=[0.0, 60.0])
    >>> weights = np.cos(np.deg2rad(air.lat))
    >>> ndgpu.xarray.weighted_mean(air, weights, ["lat", "lon"])
    <xarray.DataArray ()> Size: 8B
    array(280.71428571)
    >>> ndgpu.xarray.weighted_mean(air, weights, "lat").values
    array([276.66666667, 285.        , 280.        ])
    """
    if not isinstance(data, (xr.DataArray, xr.Dataset)):
        raise TypeError(f"data must be a DataArray or a Dataset, not {type(data).__name__}")
    if not isinstance(weights, xr.DataArray):
        raise TypeError(f"weights must be a DataArray, which names its dimensions, not {type(weights).__name__}")
    _expect_numbers(weights, "weights")
    dims = _dims(data, weights, dim)
    data, weights = xr.align(data, weights, join=_options()["arithmetic_join"], copy=False)
    if isinstance(data, xr.Dataset):
        means = {name: _mean(array, weights, dims, skipna, device) for name, array in data.data_vars.items()}
        coords = data.drop_dims([d for d in dims if d in data.dims]).coords
        return xr.Dataset(means, coords=coords, attrs=data.attrs)
    return _mean(data, weights, dims, skipna, device)


def _mean(
    data: xr.DataArray, weights: xr.DataArray, dims: tuple[Hashable, ...], skipna: bool, device: On
) -> xr.DataArray:
    _expect_numbers(data, "values" if data.name is None else data.name)
    # The sum over what the data do not have is one over the weights.
    alone = [d for d in dims if d in weights.dims and d not in data.dims]
    if alone:
        weights = weights.sum(alone, skipna=False)
    core = [d for d in data.dims if d in dims]
    core_of_weights = [d for d in core if d in weights.dims]
    mean: xr.DataArray = xr.apply_ufunc(
        mean_of,
        data,
        weights,
        input_core_dims=[core, core_of_weights],
        dask="allowed",
        keep_attrs="override",
        kwargs={
            "axes": len(core),
            "missing": tuple(index - len(core) for index, d in enumerate(core) if d not in core_of_weights),
            "skipna": bool(skipna),
            "device": device,
        },
    )
    mean.name = data.name
    return mean


def _dims(data: xr.DataArray | xr.Dataset, weights: xr.DataArray, dim: Any) -> tuple[Hashable, ...]:
    known = tuple(dict.fromkeys([*data.dims, *weights.dims]))
    if dim is None or dim is ...:
        return known
    dims = tuple(dim) if isinstance(dim, Iterable) and not isinstance(dim, (str, tuple)) else (dim,)
    if isinstance(dim, tuple):
        dims = (dim,) if dim in known else dim
    unknown = [d for d in dims if d not in known]
    if unknown:
        raise ValueError(
            f"there is no dimension {', '.join(map(repr, unknown))}; the data and the weights have "
            f"{', '.join(map(repr, known)) or 'none'}"
        )
    return dims


def _expect_numbers(array: xr.DataArray, name: Hashable) -> None:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name!r} has dtype {array.dtype}, which is no real number: convert or drop it")
    refuse_others(np.dtype(array.dtype), "average")
