"""`Interp1d` gives what SciPy's `interp1d` gives."""

import numpy as np
import pytest

import ndgpu

pytestmark = pytest.mark.usefixtures("on_device")
interpolate = pytest.importorskip("scipy.interpolate")

KINDS = ("linear", "nearest", "previous", "next")
PLACES = np.array([0.0, 1.0, 2.5, 4.0])
INSIDE = np.array([0.0, 0.2, 0.5, 1.0, 1.75, 2.5, 3.9, 4.0, np.nan])
VALUES = np.random.default_rng(0).normal(size=(3, 4, 2))


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_scipys(kind):
    x = np.random.default_rng(1).uniform(0, 4, (2, 5))
    for axis, y in ((1, VALUES), (-2, VALUES), (0, np.moveaxis(VALUES, 1, 0)), (-1, np.moveaxis(VALUES, 1, 2))):
        ours, theirs = (of(PLACES, y, kind, axis) for of in (ndgpu.Interp1d, interpolate.interp1d))
        # At NaN SciPy has a value, for kinds other than linear.
        for queries in (x, x[0], INSIDE if kind == "linear" else INSIDE[:-1], 0.3, x[:0], [1, 2], np.float32(0.5)):
            result = ours(queries)
            np.testing.assert_allclose(result, theirs(queries), rtol=1e-13, atol=1e-15)
            assert (np.shape(result), result.dtype) == (theirs(queries).shape, np.float64)
    for y in (VALUES[0, :, 0], np.arange(4), VALUES[0] * (1 + 2j)):
        ours, theirs = (of(PLACES, y, kind, axis=0) for of in (ndgpu.Interp1d, interpolate.interp1d))
        result = ours(x)
        np.testing.assert_allclose(result, theirs(x), rtol=1e-13)
        assert result.dtype == theirs(x).dtype


@pytest.mark.parametrize("kind", KINDS)
def test_points_in_any_order(kind):
    order = [2, 0, 3, 1]
    shuffled = ndgpu.Interp1d(PLACES[order], VALUES[:, order], kind, axis=1)
    sorted_ = ndgpu.Interp1d(PLACES, VALUES, kind, axis=1, assume_sorted=True)
    np.testing.assert_array_equal(shuffled(INSIDE), sorted_(INSIDE))


@pytest.mark.parametrize("kind", KINDS)
def test_out_of_range(kind):
    y = VALUES[0, :, 0]
    x = np.array([-1.0, 0.5, 5.0, np.nan])
    for options in ({"bounds_error": False}, {"bounds_error": False, "fill_value": 7.0},
                    {"bounds_error": False, "fill_value": (-1, 9)}):  # fmt: skip
        theirs = interpolate.interp1d(PLACES, y, kind, **options)(x)
        theirs[3] = np.nan
        np.testing.assert_allclose(ndgpu.Interp1d(PLACES, y, kind, **options)(x), theirs, rtol=1e-14)
    filled = ndgpu.Interp1d(PLACES, VALUES, kind, 1, fill_value=(-1, 9))(x)
    assert (filled[:, 0] == -1).all() and (filled[:, 2] == 9).all() and np.isnan(filled[:, 3]).all()
    on = ndgpu.Interp1d(PLACES, y, kind, fill_value="extrapolate")(x)
    theirs = interpolate.interp1d(PLACES, y, kind, fill_value="extrapolate")(x)
    ends = {"previous": (y[0], theirs[2]), "next": (theirs[0], y[3])}.get(kind, (theirs[0], theirs[2]))
    np.testing.assert_allclose(on[[0, 2]], ends, rtol=1e-13)
    for wrong, words in ((x, "below"), (5.0, r"A value \(5.0\) in x is above .* maximum value \(4.0\)")):
        for of in (ndgpu.Interp1d(PLACES, y, kind), ndgpu.Interp1d(PLACES, y, kind, bounds_error=True, fill_value=3)):
            with pytest.raises(ValueError, match=words):
                of(wrong)
    assert np.isnan(ndgpu.Interp1d(PLACES, y, kind)(np.nan))


def test_points_and_rows_that_are_not_there():
    assert ndgpu.Interp1d([0, 1], np.ones((0, 2)))([[0.5, 0.6, 0.7]]).shape == (0, 1, 3)
    assert ndgpu.Interp1d([0, 1], np.ones((2, 3, 0)), axis=0)(0.5).shape == (3, 0)
    gaps = ndgpu.Interp1d([np.nan, 0, 1], [7.0, 0, 10])
    assert gaps([0.5, 1.0]).tolist() == [5.0, 10.0]
    with pytest.raises(ValueError, match=r"maximum value \(1.0\)"):
        gaps(1.5)


def test_an_order_that_is_assumed_is_checked():
    for places in ([3.0, 2.0, 1.0], [1.0, 3.0, np.nan], [np.nan, 1.0, 3.0]):
        with pytest.raises(ndgpu.NotSortedError, match="knot|xp"):
            ndgpu.Interp1d(places, [2.0, 3.0, 4.0], assume_sorted=True)
    assert ndgpu.Interp1d([3.0, 2.0, 1.0], [2.0, 3.0, 4.0])([1.5, 2.5]).tolist() == [3.5, 2.5]
    with pytest.raises(TypeError, match=r"x\[0\]"):
        ndgpu.Interp1d(np.array(["2026-01-01", "2026-01-02"], "datetime64[D]"), [1.0, 2.0])


def test_complex_fills():
    f = ndgpu.Interp1d(PLACES, VALUES[0, :, 0] * 1j, fill_value=(1 + 2j, 3))
    assert f([-1.0, 5.0]).tolist() == [1 + 2j, 3 + 0j]


def test_single_precision():
    f = ndgpu.Interp1d(np.float32(PLACES), np.float32(VALUES[0, :, 0]))
    assert (f.dtype, f([0.5]).dtype) == (np.float32, np.float32)
    assert ndgpu.Interp1d(PLACES, np.float32(VALUES[0, :, 0])).dtype == np.float64
    f = ndgpu.Interp1d(PLACES, VALUES, axis=1, dtype="float32")
    np.testing.assert_allclose(f(0.5), VALUES[:, :2].mean(1), rtol=1e-6)
    assert ndgpu.Interp1d(np.float32(PLACES), np.complex64(VALUES), axis=1)(0.5).dtype == np.complex64


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (ValueError, "equal in length", lambda: ndgpu.Interp1d([0, 1, 2], [0, 1])),
        (ValueError, "equal in length", lambda: ndgpu.Interp1d([[0, 1]], [0, 1])),
        (ValueError, "empty", lambda: ndgpu.Interp1d([], [])),
        (ValueError, "has to have an axis", lambda: ndgpu.Interp1d([1], 2)),
        (ValueError, "'cubic'", lambda: ndgpu.Interp1d([0, 1], [0, 1], "cubic")),
        (
            ValueError,
            "extrapolate",
            lambda: ndgpu.Interp1d([0, 1], [0, 1], bounds_error=True, fill_value="extrapolate"),
        ),
        (ValueError, "fill_value", lambda: ndgpu.Interp1d([0, 1], [0, 1], fill_value=(1, 2, 3))),
        (ValueError, "fill_value", lambda: ndgpu.Interp1d([0, 1], [0, 1], fill_value="zero")),
        (TypeError, "fill_value", lambda: ndgpu.Interp1d([0, 1], [0, 1], fill_value=1j)),
        (TypeError, "order", lambda: ndgpu.Interp1d([0, 1j], [0, 1])),
        (TypeError, "float32 or float64", lambda: ndgpu.Interp1d([0, 1], [0, 1], dtype=int)),
        (TypeError, "masks", lambda: ndgpu.Interp1d([0, 1], np.ma.array([0, 1]))),
        (TypeError, "safe", lambda: ndgpu.Interp1d([0, 1], [0, 1])(1j)),
        (np.exceptions.AxisError, "axis 3", lambda: ndgpu.Interp1d([0, 1], [0, 1], axis=3)),
    ],
)
def test_what_does_not_fit_is_told(error, words, call):
    with pytest.raises(error, match=words):
        call()


def test_arrays_on_a_device(on_device):
    f = ndgpu.Interp1d(np.float32(PLACES), np.float32(VALUES[0].T), fill_value=-1.0, device=on_device)
    there = on_device.upload([0.5, 9.0], np.float32)
    result = f(there)
    assert isinstance(result, ndgpu.DeviceArray)
    np.testing.assert_allclose(result.numpy(), f([0.5, 9.0]), rtol=1e-6)
    alone = ndgpu.Interp1d(np.float32(PLACES), np.float32([0, 1, 2, 3]), bounds_error=False, device=on_device)
    assert alone(there.reshape(2, 1)).shape == (2, 1)
    with pytest.raises(ValueError, match="bounds"):
        ndgpu.Interp1d(np.float32(PLACES), np.float32([0, 1, 2, 3]), device=on_device)(there)
    with pytest.raises(ValueError, match="last axis"):
        ndgpu.Interp1d(np.float32(PLACES), np.float32(VALUES), axis=1, fill_value=0, device=on_device)(there)
    assert "linear through 4 points" in repr(f)
