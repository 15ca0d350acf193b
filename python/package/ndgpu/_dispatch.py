"""What NumPy's own functions do with arrays on a device: what ndgpu's do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._average import average
from ._interp import interp
from ._reductions import argmax, argmin, max, mean, min, std, sum, var
from ._search import digitize, searchsorted

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
    np.searchsorted: searchsorted,
    np.digitize: digitize,
}
