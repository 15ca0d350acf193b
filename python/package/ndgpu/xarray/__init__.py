"""`interp`, `regrid` and `weighted_mean` for xarray: whole fields of columns at once, by the names of their dimensions.

Every column may have its own levels, and its own targets. Terrain-following levels to levels of pressure:

>>> import numpy as np
>>> import xarray as xr
>>> import ndgpu.xarray
>>> pressure = xr.DataArray([[1000.0, 700.0, 400.0], [800.0, 600.0, 400.0]], dims=("station", "level"))
>>> air = xr.DataArray([[290.0, 275.0, 245.0], [280.0, 265.0, 245.0]], dims=("station", "level"), name="air")
>>> air = air.assign_coords(pressure=pressure)
>>> ndgpu.xarray.interp(air, [850.0, 500.0], "level", coord="pressure")
<xarray.DataArray 'air' (station: 2, pressure: 2)> Size: 32B
array([[282.5, 255. ],
       [  nan, 255. ]])
Coordinates:
  * pressure  (pressure) float64 16B 850.0 500.0
Dimensions without coordinates: station

Arrays of dask's stay lazy.
"""

from __future__ import annotations

try:
    import xarray  # noqa: F401
except ImportError as error:
    raise ImportError("ndgpu.xarray needs xarray: pip install ndgpu[xarray]") from error

from ._interp import interp, regrid
from ._weighted import weighted_mean

__all__ = ["interp", "regrid", "weighted_mean"]
