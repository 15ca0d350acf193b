"""Reductions that skip NaN are NumPy's, and the average that does is `average` of what is left."""

import functools
import itertools
import warnings

import numpy as np
import pytest

import ndgpu

pytestmark = pytest.mark.usefixtures("on_device")

NAN = np.nan
FUNCTIONS = ("nansum", "nanmean", "nanvar", "nanstd", "nanmin", "nanmax")
SPREADS = ("nanvar", "nanstd")
EXTREMES = ("nanmin", "nanmax")
HOLES = np.array(
    [[[1.0, NAN, 3.0], [NAN, NAN, NAN]], [[4.5, -2.0, NAN], [7.0, NAN, NAN]], [[NAN, 0.5, 1.0], [2.0, 2.0, 2.0]]]
)
AXES = (None, 0, 1, 2, -1, (0, 2), (1, 2), (0, 1, 2), ())


def outcome(call):
    """The result of a call and what it warned of."""
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        result = call()
    # The versions of NumPy differ in a full stop.
    return result, {str(each.message).rstrip(".") for each in caught}


def compare(name, a, *args, **options):
    """Hold a function of ndgpu's to the one of NumPy's, warnings included."""
    expected, numpys = outcome(lambda: getattr(np, name)(a, *args, **options))
    result, ours = outcome(lambda: getattr(ndgpu, name)(a, *args, **options))
    told = f"{name} of {a.dtype}, {args} {options}"
    assert (np.asarray(result).dtype, np.shape(result)) == (np.asarray(expected).dtype, np.shape(expected)), told
    assert ours == numpys, told
    rtol = {"e": 4e-3, "f": 1e-6, "F": 1e-6}.get(np.asarray(expected).dtype.char, 1e-14)
    np.testing.assert_allclose(result, expected, rtol=rtol, atol=0, err_msg=told)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("code", ["e", "f", "d", ">f4", "F", "D", "?", "b", "i", "Q"])
def test_every_dtype_and_axis(name, code):
    a = HOLES if np.dtype(code).kind in "fc" else np.nan_to_num(HOLES)
    a = a.astype(code)
    if a.dtype.kind == "c":
        if name in EXTREMES:
            with pytest.raises(TypeError, match=f"numpy.{name}"):
                getattr(ndgpu, name)(a)
            return
        a.imag = np.roll(HOLES, 1)
    for axis, keepdims in itertools.product(AXES, (False, True)):
        compare(name, a, axis, keepdims=keepdims)
    if name in SPREADS:
        for ddof, axis in itertools.product((1, 2, 0.5, -1), (None, 1, 2)):
            compare(name, a, axis, ddof=ddof)
            compare(name, a, axis, correction=ddof)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_warnings_name_the_line_that_called(name):
    a = [[np.nan, np.nan], [1.0, 2.0]]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        getattr(ndgpu, name)(a, 1)
        if name not in EXTREMES and name != "nansum":
            getattr(ndgpu, name)(a, 1, where=False)
            getattr(ndgpu, name[3:])(a, 1, where=False)
    assert {each.filename for each in caught} == (set() if name == "nansum" else {__file__})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values(name):
    for values in itertools.product([NAN, np.inf, -np.inf, 0.0, 1.0], repeat=3):
        compare(name, np.array(values))
        compare(name, np.array([values, values[::-1]]), 0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_at_all(name):
    for shape, axis in (((0,), None), ((2, 0), 1), ((0, 2), 1), ((0, 2), 0), ((2, 0, 3), (0, 1))):
        a = np.zeros(shape)
        try:
            compare(name, a, axis)
        except ValueError:
            with pytest.raises(ValueError):
                getattr(np, name)(a, axis)
            with pytest.raises(ValueError, match="smallest or largest|zero-size"):
                getattr(ndgpu, name)(a, axis)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_part_of_the_values(name):
    random = np.random.default_rng(1)
    options = {"initial": 2.0} if name in EXTREMES else {}
    for axis, share in itertools.product(AXES, (0.0, 0.3, 0.7)):
        where = random.uniform(size=HOLES.shape) < share
        compare(name, HOLES, axis, where=where, **options)
        compare(name, HOLES.astype(np.float32), axis, where=where[0], **options)
        compare(name, np.nan_to_num(HOLES).astype(int), axis, where=where, **options)
        if name in SPREADS:
            compare(name, HOLES, axis, where=where, ddof=1)
            compare(name, HOLES + 1j * HOLES[::-1], axis, where=where, ddof=1)
    if name in EXTREMES:
        with pytest.raises(ValueError, match=f"'f{name[3:]}' does not have an identity"):
            getattr(ndgpu, name)(HOLES, where=HOLES > 0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_where_to_and_from_where(name):
    out = np.zeros((3, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert getattr(ndgpu, name)(HOLES, 1, out=out) is out
        np.testing.assert_allclose(out, getattr(np, name)(HOLES, 1), rtol=1e-14)
    if name in ("nansum", *EXTREMES):
        for initial in (3.0, -5, NAN):
            compare(name, HOLES, 1, initial=initial)
    if name not in EXTREMES:
        compare(name, HOLES.astype(np.float32), 1, dtype=np.float64)
        compare(name, HOLES, 1, dtype=np.float32)
    if name in ("nanmean", *SPREADS):
        for call in (lambda m: getattr(m, name)(HOLES, dtype=int), lambda m: getattr(m, name)(HOLES, out=np.array(0))):
            for module in (np, ndgpu):
                with pytest.raises(TypeError, match="If a is inexact, then"):
                    call(module)


@pytest.mark.parametrize("name", SPREADS)
def test_means_that_are_given(name):
    for a in (HOLES, HOLES.astype(np.float32), HOLES * (1 + 2j), np.nan_to_num(HOLES).astype(int)):
        for axis in (None, 1, (0, 2)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                mean = np.nanmean(a, axis, keepdims=True)
            compare(name, a, axis, mean=mean)
            compare(name, a, axis, mean=mean, ddof=1, keepdims=True)
            compare(name, a, axis, mean=mean, where=HOLES > 0)


def test_arrays_on_a_device(on_device):
    dtype = np.float64 if on_device.supports_float64 else np.float32
    there = on_device.upload(HOLES, dtype)
    before = on_device.transfers().readbacks
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, axis in itertools.product(FUNCTIONS, AXES):
            results = [
                getattr(ndgpu, name)(there, axis, keepdims=True),
                getattr(np, name)(there, axis, keepdims=True),
                getattr(there, name[3:])(axis, keepdims=True, skip_nan=True),
            ]
            assert on_device.transfers().readbacks == before
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = getattr(np, name)(HOLES.astype(dtype), axis, keepdims=True)
            for result in results:
                np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6, strict=True)
            before = on_device.transfers().readbacks
    np.testing.assert_array_equal(there.weighted_sum([1.0, 2, 3], 2, skip_nan=True).numpy()[0], [10.0, 0.0])
    with pytest.raises(TypeError, match="neither out, initial, where nor mean"):
        ndgpu.nansum(there, where=HOLES > 0)


def by_hand(a, axis, weights):
    """The averages of what is left and the sums of its weights, one after the other."""
    a = np.moveaxis(a, axis, -1)
    weights = np.broadcast_to(weights, a.shape) if np.ndim(weights) == 1 else np.moveaxis(weights, axis, -1)
    results, sums = np.full(a.shape[:-1], NAN), np.zeros(a.shape[:-1])
    for place in np.ndindex(a.shape[:-1]):
        left = ~np.isnan(a[place])
        if left.any():
            results[place], sums[place] = np.average(a[place][left], weights=weights[place][left], returned=True)
    return results, sums


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_averages_leave_out_the_weights_too(axis):
    length = HOLES.shape[axis]
    for weights in (np.arange(1.0, length + 1), 1.0 + np.arange(18.0).reshape(HOLES.shape)):
        expected = by_hand(HOLES, axis, weights)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = ndgpu.nanaverage(HOLES, axis, weights, returned=True)
            np.testing.assert_array_equal(ndgpu.nanaverage(HOLES, axis, weights), results[0])
            kept = ndgpu.nanaverage(HOLES, axis, weights, keepdims=True)
        for result, value in zip(results, expected):
            np.testing.assert_allclose(result, value, rtol=1e-14, strict=True)
        np.testing.assert_array_equal(kept, np.expand_dims(results[0], axis))
        filled = ndgpu.nanaverage(HOLES, axis, weights, zero_weights=-1)
        np.testing.assert_array_equal(filled, np.where(np.isnan(results[0]), -1, results[0]))


def test_averages_without_weights_are_means():
    for axis in (*AXES, [0, 1], range(2)):
        mean, _ = outcome(lambda axis=axis: np.nanmean(HOLES, tuple(axis) if isinstance(axis, (list, range)) else axis))
        (result, counts), told = outcome(lambda axis=axis: ndgpu.nanaverage(HOLES, axis, returned=True))
        np.testing.assert_allclose(result, mean, rtol=1e-14)
        left = np.sum(~np.isnan(HOLES), tuple(axis) if isinstance(axis, (list, range)) else axis)
        np.testing.assert_array_equal(counts, left)
        assert told == ({"Mean of empty slice"} if np.any(left == 0) else set())
    assert ndgpu.nanaverage(np.float16([1, NAN, 2])).dtype == np.float16
    assert ndgpu.nanaverage([1, 2, 6]) == 3.0
    assert ndgpu.nanaverage([NAN, NAN], zero_weights=7) == 7.0


def test_weights_that_add_up_to_zero():
    a = [[1.0, 2.0, NAN], [NAN, NAN, NAN]]
    with pytest.raises(ZeroDivisionError):
        ndgpu.nanaverage(a, 1, weights=[1.0, -1.0, 5.0])
    result, told = outcome(lambda: ndgpu.nanaverage(a, 1, weights=[1.0, 3.0, 5.0]))
    np.testing.assert_array_equal(result, [1.75, NAN])
    assert told == {"Mean of empty slice"}
    np.testing.assert_array_equal(ndgpu.nanaverage(a, 1, weights=[1.0, -1, 5], zero_weights=9), [9.0, 9.0])
    for complex_ in (lambda: ndgpu.nanaverage([1j]), lambda: ndgpu.nanaverage([1.0], weights=[1j])):
        with pytest.raises(TypeError, match=r"a\.real"):
            complex_()


def test_averages_on_a_device(on_device):
    there = on_device.upload([[1.0, NAN, 3.0], [4.0, 5.0, NAN]], np.float32)
    average, sums = ndgpu.nanaverage(there, 1, [1.0, 1.0, 3.0], returned=True)
    assert (average.numpy().tolist(), sums.numpy().tolist()) == ([2.5, 4.5], [4.0, 2.0])
    average, counts = ndgpu.nanaverage(there, 1, returned=True)
    assert (average.numpy().tolist(), counts.numpy().tolist()) == ([2.0, 4.5], [2.0, 2.0])
    nothing = on_device.upload([[NAN, NAN], [1.0, 3.0]], np.float32)
    np.testing.assert_array_equal(ndgpu.nanaverage(nothing, 1).numpy(), [NAN, 2.0])
    np.testing.assert_array_equal(ndgpu.nanaverage(nothing, 1, zero_weights=5).numpy(), [5.0, 2.0])
    with pytest.raises(ZeroDivisionError):
        ndgpu.nanaverage(nothing, 1, [1.0, 1.0]).numpy()


#: What names axes, more or less.
NAMES = {
    "list": [0, 1],
    "list of one": [0],
    "empty list": [],
    "range": range(2),
    "array": np.array([0, 1]),
    "array of one": np.array([1]),
    "array without axes": np.array(1),
    "set": {0, 1},
    "tuple": (0, 1),
    "tuple of NumPy's": (np.int8(0), np.int64(-1)),
    "NumPy's": np.int8(1),
    "float": 1.0,
    "nested": ((0,),),
    "text": "0",
    "out of range": 3,
    "tuple out of range": (0, -4),
    "twice": (0, -3),
    "of no number": (0, None),
}
REDUCTIONS = ("sum", "mean", "var", "std", "min", "max", "amin", "amax", "argmin", "argmax", "average", *FUNCTIONS)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_axes_are_taken_and_refused_as_numpy_does(name):
    a = np.arange(24.0).reshape(2, 3, 4)
    for told, axis in [*NAMES.items(), ("generator", None)]:
        given = functools.partial(lambda told, axis: iter((0, 1)) if told == "generator" else axis, told, axis)
        try:
            expected = getattr(np, name)(a, axis=given())
        except Exception as error:
            with pytest.raises(type(error)):
                getattr(ndgpu, name)(a, axis=given())
        else:
            np.testing.assert_allclose(getattr(ndgpu, name)(a, axis=given()), expected, rtol=1e-14, err_msg=told)
