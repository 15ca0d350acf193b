"""The devices the tests run on: the CPU engine, and one adapter of the graphics API.

The adapter is a software rasterizer unless NDGPU_TEST_ADAPTER names another one. A device that does not open fails the
tests that ask for it: a suite that skips them would pass on a machine where nothing was tested.
"""

import functools
import os
import platform

import pytest

import ndgpu

# Windows has a software GPU of its own, a Mac only a GPU.
ELSEWHERE = {"Windows": "software", "Darwin": "gpu"}
ADAPTER = os.environ.get("NDGPU_TEST_ADAPTER") or ELSEWHERE.get(platform.system(), "llvmpipe")

# Opening compiles kernels, and those are kept with the device.
open_device = functools.cache(ndgpu.Device)


def pytest_configure(config):
    for mark in ("leaks_references", "parallel_threads", "slow", "slow_pypy", "thread_unsafe", "valgrind_error"):
        config.addinivalue_line("markers", f"{mark}: of NumPy's own tests; without effect here")


@pytest.fixture(scope="session", params=["cpu", ADAPTER])
def device(request):
    """One of the devices under test."""
    return open_device(request.param)


@pytest.fixture
def on_device(device):
    """Make `device` the one that functions use when they are told none, for the length of a test."""
    before = ndgpu.get_device()
    ndgpu.set_device(device)
    yield device
    ndgpu.set_device(before)
