"""Operations of PyTorch's, with everything that PyTorch wants to know of one."""

from __future__ import annotations

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
    batch: Callable[..., Any],
) -> Callable[..., Any]:
    """Registers ``torch.ops.ndgpu.<name>`` and gives what calls it.

    `cpu` computes, `fake` tells shapes, `keep` saves for `differentiate` what that needs to make the cotangents of the
    arguments of those of the results, and `batch` is the rule of `torch.func.vmap`.
    """
    registered = torch.library.custom_op(f"ndgpu::{name}", cpu, mutates_args=(), device_types="cpu", schema=schema)
    registered.register_fake(fake)
    registered.register_autograd(differentiate, setup_context=keep)
    registered.register_vmap(batch)

    # PyTorch up to 2.15 at least knows no way from `torch.func.grad` to what `register_autograd` was given
    # (pytorch#168393), but it knows one to that of an autograd.Function.
    members = {"forward": registered, "setup_context": keep, "backward": differentiate, "vmap": batch}
    function: Any = type(name, (torch.autograd.Function,), {key: staticmethod(value) for key, value in members.items()})

    def call(*args: Any) -> Any:
        return function.apply(*args) if torch._C._are_functorch_transforms_active() else registered(*args)

    return call
