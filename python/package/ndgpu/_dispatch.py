"""What NumPy's own functions do with arrays on a device: what ndgpu's do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, SupportsIndex

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ._average import average
from ._interp import interp
from ._nan import nanmax, nanmean, nanmin, nanstd, nansum, nanvar
from ._ndgpu import DeviceArray
from ._reductions import argmax, argmin, max, mean, min, std, sum, var
from ._search import digitize, searchsorted


def _size(a: DeviceArray, axis: SupportsIndex | tuple[SupportsIndex, ...] | None = None) -> int:
    axes: Any = range(a.ndim) if axis is None else axis
    lengths = [a.shape[ax] for ax in normalize_axis_tuple(axes, a.ndim)]
    return math.prod(lengths)


IN_NUMPYS_PLACE: dict[Callable[..., Any], Callable[..., Any]] = {
    np.interp: interp,
    np.average: average,
    np.sum: sum,
    np.mean: mean,
    np.var: var,
    np.std: std,
    np.min: min,
    np.max: max,
    np.amin: min,
    np.amax: max,
    np.argmin: argmin,
    np.argmax: argmax,
    np.nansum: nansum,
    np.nanmean: nanmean,
    np.nanvar: nanvar,
    np.nanstd: nanstd,
    np.nanmin: nanmin,
    np.nanmax: nanmax,
    np.searchsorted: searchsorted,
    np.digitize: digitize,
    # What an array says without its values.
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: _size,
}
