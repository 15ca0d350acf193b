"""JAX, compiled: jnp.interp and jnp.average, on the CPU unless `peers/jax_cuda.py` says otherwise."""

import os

PLATFORM = "cpu"


def open():
    return open_on("cpu")


def open_on(platform):
    global jax, jnp, PLATFORM
    PLATFORM = platform
    os.environ["JAX_PLATFORMS"] = platform
    import jax
    import jax.numpy as jnp

    try:
        jax.devices()
    except (AssertionError, RuntimeError) as error:
        # Without such a device its own words are few, or none.
        raise RuntimeError(f"JAX finds no {platform} device {error}".rstrip()) from error
    return f"JAX {jax.__version__} on {jax.devices()[0]}"


def prepare(task):
    from peers import spelled_alike
    from worker import load

    if task["kind"] not in ("interp", "average", *spelled_alike.KINDS):
        return []

    # Without this it computes in f32 whatever it is given.
    jax.config.update("jax_enable_x64", task["ty"] == "f64")
    if task["kind"] == "interp":
        host = [load(task, name) for name in ("x", "xp", "fp")]
        # Bisection is its default only on a CPU; elsewhere it sorts, or scans, and may be slower: the better is taken.
        function = jnp.interp if task["tables"] == 1 else jax.vmap(jnp.interp)
        call = "jit(jnp.interp)(x, xp, fp)" if task["tables"] == 1 else "jit(vmap(jnp.interp))(x, xp, fp)"
    elif task["kind"] in spelled_alike.KINDS:
        call, function, names = spelled_alike.of(jnp, task, "jnp")
        host, call = [load(task, name) for name in names], f"jit of {call}"
    else:
        host = [load(task, name) for name in ("a", "w")]
        axis = task["axis"]
        function = lambda a, w: jnp.average(a, axis=axis, weights=w)
        call = f"jit(jnp.average)(a, axis={axis}, weights=w)"
    return [arm(function, call, host)]


def arm(function, call, host):
    import numpy as np

    from worker import Arm

    compiled = jax.jit(function)
    up = lambda: jax.block_until_ready([jax.device_put(array) for array in host])
    inputs = up()
    compute = lambda: compiled(*inputs).block_until_ready()
    name = "JAX" if PLATFORM == "cpu" else "JAX CUDA"
    parts = {"resident": compute}
    if PLATFORM != "cpu":
        parts["upload"] = up
        parts["end_to_end"] = lambda: np.asarray(compiled(*up()))
    return Arm(name, call, parts, lambda: np.asarray(compute()))
