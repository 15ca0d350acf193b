"""``interp``, ``average``, ``weighted_sum`` and ``standardize`` of PyTorch's tensors, with derivatives.

Tensors in the host's memory are read where they lie, and PyTorch takes the results over: between it and ndgpu's CPU
engine nothing is copied. float32 and float64 stay what they are.

>>> import torch
>>> import ndgpu.torch
>>> x = torch.tensor([0.5, 1.5], requires_grad=True)
>>> y = ndgpu.torch.interp(x, torch.tensor([0.0, 1.0, 2.0]), torch.tensor([0.0, 10.0, 40.0]))
>>> y.detach()
tensor([ 5., 25.])
>>> torch.autograd.grad(y.sum(), x)
(tensor([10., 30.]),)

Each is an operation of PyTorch's (``torch.ops.ndgpu``) that autograd, to any order, ``torch.func.grad`` and ``vmap``,
``torch.compile`` without breaks of its graph, and ``torch.export`` know.
"""

from __future__ import annotations

try:
    import torch  # type: ignore[import-not-found, unused-ignore]
except ImportError as error:
    raise ImportError("ndgpu.torch needs PyTorch: pip install ndgpu[torch]") from error
if not hasattr(torch.library, "register_vmap"):
    raise ImportError(f"ndgpu.torch needs PyTorch 2.5 or later, but this is {torch.__version__}")

from . import _triton

_triton.make_room()

from ._average import average, weighted_sum  # noqa: E402
from ._decompositions import decompositions  # noqa: E402
from ._interp import interp  # noqa: E402
from ._standardize import standardize  # noqa: E402

__all__ = ["average", "decompositions", "interp", "standardize", "weighted_sum"]
