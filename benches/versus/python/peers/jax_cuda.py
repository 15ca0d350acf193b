"""JAX on an NVIDIA GPU."""

from peers import jax


def open():
    return jax.open_on("cuda")


prepare = jax.prepare
