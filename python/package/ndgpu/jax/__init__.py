"""``interp`` and ``average`` inside JAX programs, under ``jit``, ``vmap`` and every kind of differentiation.

>>> import jax, jax.numpy as jnp
>>> import ndgpu.jax
>>> xp = jnp.array([0.0, 1.0, 2.0])
>>> @jax.jit
... def loss(fp):
...     return ndgpu.jax.interp(jnp.array([0.5, 1.25]), xp, fp).sum()
>>> print(jax.grad(loss)(jnp.array([1.0, 2.0, 4.0])))
[0.5  1.25 0.25]

On JAX's CPU platform XLA calls ndgpu itself, through its foreign function interface: arguments are read where they lie,
results are copied once into XLA's memory, and Python takes no part. On other platforms, and where that interface is one
that ndgpu does not speak, it is a ``jax.pure_callback``; :func:`set_route` chooses. Programs compute on ndgpu's CPU
engine unless ``device`` names another device.

What is wrong with shapes and dtypes is raised where a function is traced. What only the values tell, knots that are out
of order or weights that sum to zero, is a ``jax.errors.JaxRuntimeError`` when the program runs, with ndgpu's message,
or a ValueError with the same: which of them is JAX's, and not the same for a program's first call and later ones.
"""

from __future__ import annotations

try:
    import jax  # noqa: F401
except ImportError as error:
    raise ImportError("ndgpu.jax needs JAX: pip install ndgpu[jax]") from error

from ._average import average, weighted_sum
from ._interp import interp
from ._route import get_route, set_route

__all__ = ["average", "get_route", "interp", "set_route", "weighted_sum"]
