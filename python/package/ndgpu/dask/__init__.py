"""`interp` and `average` of dask arrays: every block is computed where it lies, on the device of its worker process.

A worker process has one device, the one that :func:`ndgpu.get_device` gives there: set ``NDGPU_DEVICE`` in the
environment of each worker to choose it. Where that device has no float64 and the result needs it, the CPU engine
computes.

What moves between processes is small. A table is one node of the graph, so that a cluster sends it to each worker once,
and each process makes one :class:`ndgpu.InterpTable` of it. An average passes on the sums of its blocks, never the
blocks, and adds them up in a tree, so that no worker has to hold a whole row. Nothing is computed before dask is asked
to.
"""

from __future__ import annotations

try:
    import dask.array  # noqa: F401
except ImportError as error:
    raise ImportError("ndgpu.dask needs dask: pip install ndgpu[dask]") from error

from ._average import average
from ._interp import interp

__all__ = ["average", "interp"]
