"""`where=` and `mean=` of means, variances and deviations are NumPy's."""

import itertools
import warnings

import numpy as np
import pytest
from test_nan import compare

import ndgpu

pytestmark = pytest.mark.usefixtures("on_device")

A = np.random.default_rng(0).normal(3, 2, (3, 4, 5))
AXES = (None, 0, 2, (0, 1), (0, 1, 2), ())
KINDS = {
    "float64": A,
    "float32": A.astype(np.float32),
    "float16": A.astype(np.float16),
    "swapped": A.astype(">f4"),
    "complex": A + 1j * A[::-1],
    "complex64": (A - 1j * A[:, ::-1]).astype(np.complex64),
    "integers": A.astype(int),
    "bools": A > 3,
    "NaN": np.where(A > 5, np.nan, A),
    "infinities": np.where(A > 5, np.inf, A),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["mean", "var", "std"])
def test_a_part_of_the_values(name, kind):
    a, random = KINDS[kind], np.random.default_rng(1)
    for axis, share in itertools.product(AXES, (0.0, 0.2, 0.8, 1.0)):
        where = random.uniform(size=a.shape) < share
        compare(name, a, axis, where=where)
        compare(name, a, axis, where=where[:1, :, :1], keepdims=True)
        if name != "mean":
            for ddof in (1, 2.5, -1):
                compare(name, a, axis, where=where, ddof=ddof)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["var", "std"])
def test_means_that_are_given(name, kind):
    a, where = KINDS[kind], A > 2
    for axis in AXES:
        for mean in (np.mean(a, axis, keepdims=True), 2, np.float32(1.5), [[[2.5]]]):
            compare(name, a, axis, mean=mean)
            compare(name, a, axis, mean=mean, ddof=1, keepdims=True)
            compare(name, a, axis, mean=mean, where=where)
            compare(name, a, axis, mean=mean, ddof=60)


def test_where_of_any_truth():
    for where in ([True, False, True], (1, 0, 1), np.array([True, False, True]), np.bool(True), False):
        for name in ("mean", "var", "std"):
            compare(name, np.arange(12.0).reshape(4, 3), 1, where=where)
    for where in (np.array([1.0, 0, 1]), np.array([1, 0, 1])):
        with pytest.raises(TypeError):
            np.mean(np.arange(3.0), where=where)
        with pytest.raises(TypeError):
            ndgpu.mean(np.arange(3.0), where=where)
    for bad in (np.ones((2, 3), bool), np.ones(2, bool)):
        with pytest.raises(ValueError, match="broadcast"):
            ndgpu.mean(np.arange(3.0), where=bad)


def test_results_go_where_they_are_to():
    for name in ("mean", "var", "std"):
        out = np.zeros((3, 5))
        assert getattr(ndgpu, name)(A, 1, out=out, where=A > 2) is out
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.testing.assert_allclose(out, getattr(np, name)(A, 1, where=A > 2), rtol=1e-14)
        compare(name, A.astype(int), 1, dtype=np.float32, where=A > 2)


def test_means_of_other_shapes_are_refused():
    for mean in (np.ones(3), np.ones((2, 3, 4, 5))):
        with pytest.raises(ValueError, match=r"\(3, 4, 5\)|broadcast"):
            ndgpu.var(A, mean=mean)
    for mean in ("1", np.array(["1"]), np.ma.array([1.0])):
        with pytest.raises(TypeError):
            ndgpu.std(A, mean=mean)


def test_arrays_on_a_device_take_neither(on_device):
    there = on_device.upload(A, np.float32)
    for call in (
        lambda: ndgpu.mean(there, where=A > 2),
        lambda: ndgpu.var(there, mean=1.0),
        lambda: np.std(there, where=A > 2),
    ):
        with pytest.raises(TypeError, match="neither out, initial, where nor mean"):
            call()
