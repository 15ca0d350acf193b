"""What the documentation promises: every example runs, every public name is explained, and the types are right."""

import doctest
import importlib
import importlib.util
import pathlib
import subprocess
import sys
import textwrap

import pytest

import ndgpu

HERE = pathlib.Path(__file__).parent
WITH_EXAMPLES = [
    "ndgpu",
    "ndgpu._average",
    "ndgpu._devices",
    "ndgpu._host",
    "ndgpu._interp",
    "ndgpu._interp1d",
    "ndgpu._nan",
    "ndgpu._reductions",
    "ndgpu._search",
    "ndgpu.dask._average",
    "ndgpu.dask._interp",
    "ndgpu.jax",
    "ndgpu.jax._average",
    "ndgpu.jax._interp",
    "ndgpu.jax._route",
    "ndgpu.tensorflow._average",
    "ndgpu.tensorflow._interp",
    "ndgpu.tensorflow._layer",
    "ndgpu.tensorflow._operation",
    "ndgpu.xarray",
    "ndgpu.xarray._interp",
    "ndgpu.xarray._weighted",
]
WITHOUT = [
    "ndgpu._dispatch",
    "ndgpu._framework_cases",
    "ndgpu._operands",
    "ndgpu._pickling",
    "ndgpu._times",
    "ndgpu.bench",
    "ndgpu.dask",
    "ndgpu.dask._blocks",
    "ndgpu.jax._on_host",
    "ndgpu.jax._operands",
    "ndgpu.jax._operator",
    "ndgpu.jax._sums",
    "ndgpu.tensorflow",
    "ndgpu.tensorflow._body",
    "ndgpu.tensorflow._memory",
    "ndgpu.tensorflow._operands",
    "ndgpu.tensorflow._tf",
    "ndgpu.xarray._columns",
    "ndgpu.xarray._names",
    "ndgpu.xarray._onto",
    "ndgpu.xarray._sums",
]

# PyTorch is not among what the tests install: it takes gigabytes.
IF_INSTALLED = {
    "torch": (
        [
            "ndgpu.torch",
            *(f"ndgpu.torch.{name}" for name in ("_average", "_decompositions", "_interp", "_standardize")),
        ],
        [f"ndgpu.torch.{name}" for name in ("_axes", "_operations", "_segments", "_tensors", "_triton")],
    )
}
for library, (with_examples, without) in IF_INSTALLED.items():
    if importlib.util.find_spec(library):
        WITH_EXAMPLES += with_examples
        WITHOUT += without


@pytest.mark.parametrize("name", WITH_EXAMPLES + WITHOUT)
def test_examples_of_docstrings(name):
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.failed == 0
    assert (outcome.attempted > 1) == (name in WITH_EXAMPLES), "examples are there, and found"


def test_examples_of_the_native_classes_are_found():
    finder = doctest.DocTestFinder()
    found = {test.name for test in finder.find(ndgpu) if test.examples}
    assert {"ndgpu", "ndgpu.Device", "ndgpu.Device.capture", "ndgpu.DeviceArray", "ndgpu.InterpTable.interp"} <= found


def test_everything_public_is_explained():
    for name in ndgpu.__all__:
        public = getattr(ndgpu, name)
        assert name.startswith("__") or public.__doc__, name
        if isinstance(public, type):
            for member, value in vars(public).items():
                assert member.startswith("_") or value.__doc__, f"{name}.{member}"


def test_examples_of_the_readme(tmp_path):
    parts = [part.partition("```")[0] for part in (HERE.parent / "README.md").read_text().split("```python\n")[1:]]
    assert len(parts) >= 3
    # Each alone, and all pasted into one session.
    for example in [*parts, "\n".join(parts)]:
        script = tmp_path / "example.py"
        script.write_text(example)
        run = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr


def mypy(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "mypy", *arguments], cwd=cwd, capture_output=True, text=True, timeout=300
    )


def test_the_package_passes_mypy(tmp_path):
    run = mypy("--strict", "--cache-dir", tmp_path / "cache", "-p", "ndgpu", cwd=tmp_path)
    assert run.returncode == 0, run.stdout


def test_types_reach_those_who_use_them(tmp_path):
    (tmp_path / "used.py").write_text(
        textwrap.dedent(
            """
            import numpy as np
            import ndgpu
            from typing_extensions import assert_type

            device = ndgpu.Device("cpu")
            there = device.upload(np.ones(3))
            assert_type(there, ndgpu.DeviceArray)
            assert_type(there.average(0, returned=True), tuple[ndgpu.DeviceArray, ndgpu.DeviceArray])
            assert_type(ndgpu.interp(there, [0.0], [1.0]), ndgpu.DeviceArray)
            ndgpu.interp([1.0], [0.0], [1.0], left=2.0)
            assert_type(there.item(), float)
            ndgpu.Knots([1.0]).searchsorted([1.0], side="middle")
            there + 1
            there[0]
            """
        )
    )
    run = mypy("--strict", "--cache-dir", tmp_path / "cache", "used.py", cwd=tmp_path)
    errors = [line for line in run.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 3, run.stdout
    for error, expected in zip(errors, ("'middle'", "+", "not indexable")):
        assert expected in error


def test_stubs_say_what_is_there(tmp_path):
    allowed = tmp_path / "allowed"
    # What every native module has beside what it was given, and the operators that refuse: as the stubs do not have
    # them, type checkers refuse as well.
    refusing = "|".join(name for name, of in vars(ndgpu.DeviceArray).items() if of is ndgpu.DeviceArray.__add__)
    allowed.write_text(f"ndgpu\\._ndgpu\\.__all__\nndgpu\\._ndgpu\\.DeviceArray\\.({refusing})\n")
    run = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "ndgpu._ndgpu", "--allowlist", allowed, "--ignore-unused-allowlist"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_wheel_says_what_it_is():
    from importlib import metadata

    about = metadata.metadata("ndgpu")
    assert about["Version"] == ndgpu.__version__
    assert about["License-Expression"] == "MIT OR Apache-2.0"
    assert about["Requires-Python"] == ">=3.10"
    assert "numpy>=2.1" in metadata.requires("ndgpu")
    assert {"dask", "xarray", "tensorflow", "jax", "torch", "bench", "test"} <= set(about.get_all("Provides-Extra"))
    assert "# ndgpu" in (about.get_payload() or about["Description"])
    names = {file.name for file in metadata.files("ndgpu")}
    assert {"py.typed", "_ndgpu.pyi", "LICENSE-MIT", "LICENSE-APACHE"} <= names
