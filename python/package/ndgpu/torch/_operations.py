"""Operations of PyTorch's, with everything that PyTorch wants to know of one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch  # type: ignore[import-not-found, unused-ignore]


def operation(
    name: str,
    schema: str,
    *,
    cpu: Callable[..., Any],
    fake: Callable[..., Any],
    keep: Callable[..., None],
    differentiate: Callable[..., Any],
    push: Callable[..., Any],
    batch: Callable[..., Any],
) -> Callable[..., Any]:
    """Registers ``torch.ops.ndgpu.<name>`` and gives what calls it.

    `cpu` computes and `fake` tells shapes. `keep` saves what `differentiate` needs to make the cotangents of the
    arguments of those of the results, and `push` to make the tangents of the results of those of the arguments. `batch`
    is the rule of `torch.func.vmap`, and takes what it may call as its first argument.
    """
    registered = torch.library.custom_op(f"ndgpu::{name}", cpu, mutates_args=(), device_types="cpu", schema=schema)
    registered.register_fake(fake)
    registered.register_autograd(differentiate, setup_context=keep)
    registered.register_vmap(functools.partial(batch, registered))

    # PyTorch up to 2.15 at least knows no way from `torch.func.grad` to what `register_autograd` was given
    # (pytorch#168393), but it knows one to that of an autograd.Function.
    class Transformed(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
        @staticmethod
        def forward(*args: Any) -> Any:
            return registered(*args)

        setup_context = staticmethod(keep)
        backward = staticmethod(differentiate)

        @staticmethod
        def vmap(info: Any, batches: Any, *args: Any) -> Any:
            return batch(call, info, batches, *args)

    # torch.compile takes no functions that have one.
    class Pushed(Transformed):
        jvp = staticmethod(push)

    def call(*args: Any) -> Any:
        if not torch._C._are_functorch_transforms_active():
            return registered(*args)
        if torch.compiler.is_compiling():
            return Transformed.apply(*args)
        _refuse_forward_of_forward(name)
        return Pushed.apply(*args)

    return call


def _refuse_forward_of_forward(name: str) -> None:
    """PyTorch takes what an autograd.Function saved for a constant there, and gives wrong numbers (pytorch#197867)."""
    levels = torch._C._functorch.get_interpreter_stack() or ()
    if sum(level.key() == torch._C._functorch.TransformType.Jvp for level in levels) > 1:
        raise NotImplementedError(
            f"ndgpu.torch: {name} is not differentiated in forward mode twice; take one of the derivatives in reverse "
            "mode, as torch.func.hessian does, or both: torch.func.jacrev(torch.func.jacrev(f))"
        )
