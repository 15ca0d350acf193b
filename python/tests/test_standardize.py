"""`standardize`, and mean and deviation to be used again."""

import numpy as np
import pytest

import ndgpu

pytestmark = pytest.mark.usefixtures("on_device")

A = np.random.default_rng(0).normal(5, 3, (4, 5, 6))


@pytest.mark.parametrize("code", ["e", "f", "d", ">f8", "i", "?"])
def test_mean_and_deviation_come_along(code):
    a = A.astype(code)
    rtol = {"e": 1e-2, "f": 1e-4}.get(np.dtype(code).char, 1e-12)
    for axis in (None, 0, -1, (0, 2)):
        z, mean, std = ndgpu.standardize(a, axis, ddof=1, returned=True)
        wide = a.astype(float)
        np.testing.assert_allclose(mean, wide.mean(axis, keepdims=True), rtol=rtol)
        np.testing.assert_allclose(std, wide.std(axis, ddof=1, keepdims=True), rtol=rtol)
        np.testing.assert_array_equal(z, ndgpu.standardize(a, axis, ddof=1))
        assert z.dtype == mean.dtype == std.dtype
        if np.all(std):
            np.testing.assert_allclose(
                ndgpu.standardize(a, mean=mean, std=std), z, rtol=rtol, atol=10 * rtol, strict=True
            )


def test_they_are_used_again():
    _, mean, std = ndgpu.standardize(A, (0, 1), returned=True)
    later = A[0] * 2
    np.testing.assert_allclose(
        ndgpu.standardize(later, mean=mean[0], std=std[0]), (later - mean[0]) / std[0], rtol=1e-15
    )
    z, same, _ = ndgpu.standardize(np.float32(later), mean=3, std=2.0, returned=True)
    assert (z.dtype, same) == (np.float32, 3)


def test_what_does_not_fit_is_told(on_device):
    for options in ({"mean": 1.0}, {"std": 1.0}):
        with pytest.raises(ValueError, match="both are given, or neither"):
            ndgpu.standardize(A, **options)
    with pytest.raises(ValueError, match=r"std has shape \(7,\)"):
        ndgpu.standardize(A, mean=1.0, std=np.ones(7))
    with pytest.raises(TypeError, match="mean is complex"):
        ndgpu.standardize(A, mean=1j, std=1)
    with pytest.raises(TypeError, match="on a device"):
        ndgpu.standardize(on_device.upload(A, np.float32), mean=1.0, std=1.0)


def test_arrays_on_a_device(on_device):
    there = on_device.upload(A, np.float32)
    before = on_device.transfers().readbacks
    z, mean, std = ndgpu.standardize(there, (0, 1), returned=True)
    assert on_device.transfers().readbacks == before
    assert (mean.shape, std.shape) == ((1, 1, 6), (1, 1, 6))
    again = ndgpu.standardize(np.float32(A), mean=mean.numpy(), std=std.numpy())
    np.testing.assert_allclose(again, z.numpy(), rtol=1e-4, atol=1e-5)
