"""Other libraries of arrays, each in a process of its own: what they load stays among themselves."""

import importlib.util
import json
import os
import subprocess
import sys
import textwrap

import pytest

#: How each makes its arrays of float32 and of float64.
LIBRARIES = {
    "torch": """
        import torch
        arrays = {k: torch.tensor([0, 1, 2.5], dtype=getattr(torch, k)) for k in ("float32", "float64")}
    """,
    "jax": """
        import jax
        jax.config.update("jax_enable_x64", True)
        import jax.numpy as jnp
        arrays = {k: jnp.asarray([0, 1, 2.5], dtype=k) for k in ("float32", "float64")}
    """,
    "tensorflow": """
        import tensorflow as tf
        arrays = {k: tf.constant([0, 1, 2.5], dtype=k) for k in ("float32", "float64")}
    """,
    "pandas": """
        import pandas
        arrays = {k: pandas.Series([0, 1, 2.5], dtype=k) for k in ("float32", "float64")}
    """,
    "xarray": """
        import xarray
        arrays = {k: xarray.DataArray(np.array([0, 1, 2.5], dtype=k)) for k in ("float32", "float64")}
    """,
}


def in_a_process_of_its_own(library, script):
    """What a script tells, given `arrays` of the library's, `np`, `ndgpu` and its CPU engine as `device`."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    before = """
        import json
        import numpy as np
        def tell(*what): print("told", json.dumps(what), flush=True)
    """
    after = """
        import ndgpu
        device = ndgpu.Device("cpu")
    """
    whole = "".join(map(textwrap.dedent, (before, LIBRARIES[library], after, script)))
    run = subprocess.run(
        [sys.executable, "-c", whole],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "NDGPU_DEVICE": "cpu", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return [json.loads(line.removeprefix("told ")) for line in run.stdout.splitlines() if line.startswith("told ")]
