"""PyTorch's compiler Triton beside TensorFlow.

PyTorch loads Triton, where it is installed, when an operation like those of ndgpu is first called. Triton has an LLVM
inside, and so has TensorFlow, which exports its own to the whole process: loaded after it, Triton would be bound to
that one, and the process would end. Loaded before it, or by ``RTLD_DEEPBIND``, it is bound to its own.
"""

from __future__ import annotations

import importlib.util
import os
import sys

from .. import _drivers


def make_room() -> None:
    """Loads Triton, if it is there, so that neither order of imports is the end of the process."""
    deepbind: int = getattr(os, "RTLD_DEEPBIND", 0)
    if not deepbind or "triton" in sys.modules or importlib.util.find_spec("triton") is None:
        return
    if not _drivers._EXPORTS_LLVM.search(_drivers._maps()):
        importlib.import_module("triton")
        return
    if _drivers._malloc_is_replaced():
        raise ImportError(
            "TensorFlow is loaded, and malloc is not the C library's (LD_PRELOAD?): PyTorch's Triton cannot be kept "
            "apart from TensorFlow's LLVM then, and the process would crash. Import ndgpu.torch before tensorflow, or "
            "leave malloc alone"
        )
    flags = sys.getdlopenflags()
    sys.setdlopenflags(flags | deepbind)
    try:
        importlib.import_module("triton")
    finally:
        sys.setdlopenflags(flags)
