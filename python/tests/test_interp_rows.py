"""`interp` with what NumPy's has not: other methods, extrapolation, and rows along an axis."""

import itertools

import numpy as np
import pytest

import ndgpu

pytestmark = pytest.mark.usefixtures("on_device")

XP = np.array([0.0, 1.0, 2.5, 4.0])
FP = np.array([1.0, 5.0, -2.0, 3.0])
X = np.array([-1.0, 0.0, 0.5, 0.9, 1.0, 1.75, 2.5, 3.0, 3.9, 4.0, 5.0, np.nan])


def by_hand(method, x):
    """The value at one place, from the definitions."""
    if np.isnan(x):
        return np.nan
    if x <= XP[0] or x >= XP[-1]:
        return FP[0] if x <= XP[0] else FP[-1]
    right = int(np.searchsorted(XP, x, "right"))
    left = right - 1
    if method == "previous" or x == XP[left]:
        return FP[left]
    if method == "next":
        return FP[right]
    return FP[left] if x - XP[left] <= XP[right] - x else FP[right]


@pytest.mark.parametrize("method", ["nearest", "previous", "next"])
def test_methods(method):
    expected = np.array([by_hand(method, x) for x in X])
    np.testing.assert_array_equal(ndgpu.interp(X, XP, FP, method=method), expected, strict=True)
    both = ndgpu.interp(X, XP, FP + 2j * FP, method=method)
    np.testing.assert_array_equal(both[:-1], (expected + 2j * expected)[:-1])
    sided = ndgpu.interp(X.reshape(3, 4), XP, FP, -7, 9, method=method)
    np.testing.assert_array_equal(sided, np.where(X < 0, -7, np.where(X > 4, 9, expected)).reshape(3, 4))
    assert isinstance(ndgpu.interp(0.9, XP, FP, method=method), np.float64)
    turned = ndgpu.interp(X + 10, XP, FP, period=10, method=method)
    np.testing.assert_array_equal(turned[2:10], expected[2:10])


def test_lines_go_on_outside():
    inside = np.interp(X, XP, FP)
    expected = np.where(X < 0, 1 + 4 * X, np.where(X > 4, 3 + (X - 4) * (5 / 1.5), inside))
    np.testing.assert_allclose(ndgpu.interp(X, XP, FP, extrapolate=True), expected, rtol=1e-14)
    one_side = ndgpu.interp(X, XP, FP, left=0.5, extrapolate=True)
    np.testing.assert_allclose(one_side, np.where(X < 0, 0.5, expected), rtol=1e-14)
    both = ndgpu.interp(X[:-1], XP, 1j * FP, extrapolate=True)
    np.testing.assert_allclose(both.imag, expected[:-1], rtol=1e-14)
    np.testing.assert_array_equal(ndgpu.interp([0.0, 3.0], [1.0], [5.0], extrapolate=True), [5.0, 5.0])


def rows_by_numpy(x, xp, fp, axis, *args, **options):
    """`numpy.interp` row by row, in loops."""
    fp = np.moveaxis(fp, axis, -1)
    x, xp = (np.moveaxis(a, axis, -1) if np.ndim(a) > 1 else np.asarray(a) for a in (x, xp))
    lead = np.broadcast_shapes(fp.shape[:-1], np.shape(x)[:-1], np.shape(xp)[:-1])
    result = np.empty((*lead, *np.shape(x)[-1:]), np.result_type(fp, np.float64))

    def row(a, place):
        return a if np.ndim(a) <= 1 and a is not fp else np.broadcast_to(a, (*lead, a.shape[-1]))[place]

    for place in np.ndindex(lead):
        result[place] = np.interp(row(x, place), row(xp, place), row(fp, place), *args, **options)
    return np.moveaxis(result, -1, axis) if np.ndim(x) else result


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_rows_along_every_axis(axis):
    random = np.random.default_rng(0)
    shape = [2, 3, 4]
    n = shape[axis]
    fp = random.normal(size=shape)
    own = list(shape)
    own[axis] = 7
    one_row = [1, 1, 1]
    one_row[axis] = n
    for x, xp in itertools.product(
        (
            random.uniform(-1, n, 5),
            random.uniform(-1, n, own),
            0.7,
            random.uniform(0, n, [1 if k != 7 else k for k in own]),
        ),
        (np.arange(float(n)), np.sort(random.uniform(0, n, shape), axis), np.arange(float(n)).reshape(one_row)),
    ):
        for options in ({}, {"left": -9.0}, {"period": 2.5}):
            expected = rows_by_numpy(x, xp, fp, axis, **options)
            result = ndgpu.interp(x, xp, fp, axis=axis, **options)
            np.testing.assert_allclose(result, expected, rtol=1e-13, atol=1e-13, strict=True)


def test_rows_of_one_and_rows_that_are_complex():
    assert ndgpu.interp([0.5, 2.0], XP, FP, axis=0).tolist() == np.interp([0.5, 2.0], XP, FP).tolist()
    assert isinstance(ndgpu.interp(0.5, XP, FP, axis=-1), np.float64)
    fp = np.array([FP + 2j, 1j * FP])
    expected = np.array([np.interp(X[:-1], XP, row) for row in fp])
    np.testing.assert_allclose(ndgpu.interp(X[:-1], XP, fp, axis=1), expected, rtol=1e-14, strict=True)
    nearest = ndgpu.interp([0.4, 3.9], XP, np.array([FP, 10 * FP]), axis=1, method="nearest")
    assert nearest.tolist() == [[1.0, 3.0], [10.0, 30.0]]
    # The only knot has its value for NaN, as NumPy's has.
    assert ndgpu.interp([np.nan, 1.0], [0.0], [[5.0], [6.0]], axis=1).tolist() == [[5.0, 5.0], [6.0, 6.0]]


def test_rows_of_nothing():
    for x, fp, axis, shape in (
        (np.zeros(0), np.ones((2, 4)), 1, (2, 0)),
        (np.zeros(3), np.ones((0, 4)), 1, (0, 3)),
        (np.zeros(3), np.ones((4, 0)), 0, (3, 0)),
        (1.0, np.ones((4, 0)), 0, (0,)),
    ):
        assert ndgpu.interp(x, XP, fp, axis=axis).shape == shape
    with pytest.raises(ValueError, match="empty"):
        ndgpu.interp([1.0], [], np.ones((2, 0)), axis=1)


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (ValueError, "which axis is along the knots", lambda: ndgpu.interp([1.0], XP, np.ones((2, 4)))),
        (ValueError, "4 values along axis 1", lambda: ndgpu.interp([1.0], XP[:3], np.ones((2, 4)), axis=1)),
        (ValueError, "x is to be 1-D", lambda: ndgpu.interp(np.ones((2, 2, 2)), XP, np.ones((2, 4)), axis=1)),
        (ValueError, "xp is to be 1-D", lambda: ndgpu.interp([1.0], 1.0, np.ones((2, 4)), axis=1)),
        (ValueError, "do not fit", lambda: ndgpu.interp(np.ones((3, 5)), XP, np.ones((2, 4)), axis=1)),
        (np.exceptions.AxisError, "axis 2", lambda: ndgpu.interp([1.0], XP, np.ones((2, 4)), axis=2)),
        (TypeError, "axis must be", lambda: ndgpu.interp([1.0], XP, np.ones((2, 4)), axis=(1,))),
        (ValueError, '"cubic"', lambda: ndgpu.interp([1.0], XP, FP, method="cubic")),
        (ValueError, "non-zero", lambda: ndgpu.interp([1.0], XP, FP, period=0, method="next")),
        (ValueError, "same length", lambda: ndgpu.interp([1.0], XP, FP[1:], extrapolate=True)),
    ],
)
def test_what_does_not_fit_is_told(error, words, call):
    with pytest.raises(error, match=words):
        call()


def test_arrays_on_a_device(on_device):
    there = on_device.upload(X[1:-2], np.float32)
    for options in ({"method": "previous"}, {"extrapolate": True}, {"method": "next", "left": 3.0}):
        result = ndgpu.interp(there, XP, FP, **options)
        np.testing.assert_allclose(result.numpy(), ndgpu.interp(X[1:-2], XP, FP, **options), rtol=1e-6)
    fp = np.array([FP, -FP]).reshape(2, 1, 4)
    result = ndgpu.interp(there, XP, fp, axis=-1)
    np.testing.assert_allclose(result.numpy(), ndgpu.interp(X[1:-2], XP, fp, axis=2), rtol=1e-6)
    assert (result.shape, result.dtype) == ((2, 1, 9), np.float32)
    own = on_device.upload(np.array([[[0.5, 1.0]], [[3.0, 4.0]]]), np.float32)
    np.testing.assert_allclose(ndgpu.interp(own, XP, fp, axis=2).numpy(), [[[3.0, 5.0]], [[1 / 3, -3.0]]], rtol=1e-5)
    values = on_device.upload(fp, np.float32)
    np.testing.assert_allclose(ndgpu.interp(own, XP, values, axis=2).numpy()[0], [[3.0, 5.0]])
    with pytest.raises(ValueError, match="last axis"):
        ndgpu.interp(there, XP, np.ones((4, 2)), axis=0)
