"""NumPy's ``interp`` and ``average`` on any GPU, or on all cores of the CPU, with every copy in plain sight.

Two layers. Functions with NumPy's names and signatures take arrays and give arrays:

>>> import numpy as np
>>> import ndgpu
>>> ndgpu.interp([0.5, 1.5], [0.0, 1.0, 2.0], [0.0, 10.0, 40.0])
array([ 5., 25.])
>>> ndgpu.average([[1.0, 2.0], [3.0, 5.0]], axis=1, weights=[1.0, 3.0])
array([1.75, 4.5 ])

Under them are devices and what lies there. Nothing comes back before ``.numpy()`` asks for it:

>>> device = ndgpu.Device("cpu")
>>> curve = ndgpu.InterpTable([0.0, 1.0, 4.0], [0.0, 10.0, 100.0], device=device)
>>> readings = device.upload(np.array([[0.5, 1.0, 2.0], [3.0, 4.0, 9.0]]))
>>> means = curve.interp(readings).mean(axis=1)
>>> means.numpy()
array([18.33333333, 90.        ])
>>> device.transfers().readback_bytes
16

``ndgpu.tensorflow``, ``ndgpu.jax`` and ``ndgpu.torch`` have both inside those frameworks, with gradients, ``ndgpu.xarray``
has them by the names of dimensions, and ``ndgpu.dask`` for dask arrays. ``python -m ndgpu.bench`` compares with NumPy on your
machine.
"""

from . import _pickling  # noqa: F401
from ._average import average
from ._devices import from_dlpack, get_device, set_device, transfers
from ._interp import interp
from ._interp1d import Interp1d
from ._nan import nanaverage, nanmax, nanmean, nanmin, nanstd, nansum, nanvar
from ._ndgpu import (
    Device,
    DeviceArray,
    DeviceError,
    DeviceLostError,
    DeviceNotFoundError,
    InterpTable,
    Knots,
    Located,
    NotSortedError,
    Plan,
    Transfers,
    __version__,
)
from ._reductions import amax, amin, argmax, argmin, max, mean, min, standardize, std, sum, var
from ._search import digitize, searchsorted

__all__ = [
    "Device",
    "DeviceArray",
    "DeviceError",
    "DeviceLostError",
    "DeviceNotFoundError",
    "Interp1d",
    "InterpTable",
    "Knots",
    "Located",
    "NotSortedError",
    "Plan",
    "Transfers",
    "__version__",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "average",
    "digitize",
    "from_dlpack",
    "get_device",
    "interp",
    "max",
    "mean",
    "min",
    "nanaverage",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanstd",
    "nansum",
    "nanvar",
    "searchsorted",
    "set_device",
    "standardize",
    "std",
    "sum",
    "transfers",
    "var",
]
