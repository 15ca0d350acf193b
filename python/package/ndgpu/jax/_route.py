"""How a JAX program reaches ndgpu: through XLA's foreign function interface, or through a callback into Python."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import jax
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import mlir

from .. import _ndgpu
from .._devices import for_call
from .._operands import On

Route: TypeAlias = Literal["ffi", "callback"]


def _version() -> tuple[int, int]:
    """That of XLA's foreign function interface, as the headers that come with JAX say it."""
    header = pathlib.Path(jax.ffi.include_dir(), "xla", "ffi", "api", "c_api.h").read_text()
    numbers = dict(re.findall(r"#define XLA_FFI_API_(MAJOR|MINOR) (\d+)", header))
    return int(numbers["MAJOR"]), int(numbers["MINOR"])


def _register() -> str | None:
    """Makes the handlers known to XLA, and says why not if it does not take them."""
    try:
        # XLA may look at handlers only when it starts, which then fails as a whole.
        for name, handler in _ndgpu._xla_handlers(_version()).items():
            jax.ffi.register_ffi_target(name, handler, platform="cpu")
    except Exception as error:  # Which exceptions a future JAX raises is not known; callbacks work with all.
        return f"{type(error).__name__}: {error}"
    return None


_why_not = _register()
_chosen: Route | None = None


def get_route() -> Route:
    """How programs that are traced now reach ndgpu on JAX's CPU platform: ``"ffi"`` or ``"callback"``.

    >>> import ndgpu.jax
    >>> ndgpu.jax.get_route()
    'ffi'
    """
    return _chosen or ("callback" if _why_not else "ffi")


def set_route(route: Route | None) -> None:
    """Chooses how programs reach ndgpu on JAX's CPU platform.

    Parameters
    ----------
    route : {"ffi", "callback"} or None
        XLA's foreign function interface; ``jax.pure_callback``, which needs the interpreter; or the first of them that
        works. A change clears JAX's caches: what was compiled for another route is compiled anew.

    Raises
    ------
    RuntimeError
        If this JAX does not accept ndgpu's handlers, with its reason.

    >>> import ndgpu.jax
    >>> ndgpu.jax.set_route("callback")
    >>> ndgpu.jax.get_route()
    'callback'
    >>> ndgpu.jax.set_route(None)
    """
    global _chosen
    if route not in ("ffi", "callback", None):
        raise ValueError(f'route is "ffi", "callback" or None, not {route!r}')
    if route == "ffi" and _why_not:
        raise RuntimeError(f"JAX {jax.__version__} does not accept ndgpu's handlers: {_why_not}")
    before = get_route()
    _chosen = route
    if get_route() != before:
        # It has no types.
        clear_caches: Any = jax.clear_caches
        clear_caches()


def device_of(device: On, dtype: Any) -> _ndgpu.Device:
    """The device that a call computes on: the CPU engine, since that is where XLA's arrays are."""
    there = for_call("cpu" if device is None else device, np.dtype(dtype).type)
    if dtype == np.float64 and not there.supports_float64:
        raise TypeError(f"{there.name} has no float64: cast to float32, or leave out the device")
    return there


def primitive(
    name: str,
    parameters: tuple[str, ...],
    shapes: Callable[..., Any],
    host: Callable[..., Any],
    attributes: Callable[..., dict[str, Any]],
    *,
    multiple_results: bool = False,
) -> Any:
    """A primitive of JAX's that ndgpu computes.

    ``shapes`` gives the abstract results and ``attributes`` what a handler of this name is told, both for the named
    parameters; ``host`` computes with NumPy arrays. Every primitive has the parameters ``device`` and ``route`` too.
    """
    # Of primitives JAX has no types that say what they take.
    made: Any = Primitive(name)
    made.multiple_results = multiple_results
    made.def_abstract_eval(lambda *args, device, route, **params: shapes(*args, **params))
    made.def_impl(jax.jit(made.bind, static_argnames=(*parameters, "device", "route")))

    def called_back(*args: Any, device: _ndgpu.Device, route: Route, **params: Any) -> Any:
        def compute(*arrays: Any) -> Any:
            return host(*map(np.asarray, arrays), device=device, **params)

        return jax.pure_callback(compute, shapes(*args, **params), *args)

    callback = mlir.lower_fun(called_back, multiple_results=multiple_results)
    handler = jax.ffi.ffi_lowering(name)

    def on_cpu(context: Any, *args: Any, device: _ndgpu.Device, route: Route, **params: Any) -> Any:
        if route == "callback":
            return callback(context, *args, device=device, route=route, **params)
        return handler(context, *args, device=np.int64(_ndgpu._xla_device(device)), **attributes(**params))

    mlir.register_lowering(made, callback)
    mlir.register_lowering(made, on_cpu, platform="cpu")
    return made
