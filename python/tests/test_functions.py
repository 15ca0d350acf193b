"""Functions in NumPy's place: what NumPy's own tests do not ask of them. Answers are NumPy's."""

import itertools
import warnings

import numpy as np
import pytest

import ndgpu
from ndgpu import _devices

pytestmark = pytest.mark.usefixtures("on_device")

SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, 2.0, 3.0])
LARGE = 2**60


def raised(call):
    """The exception's type that a call raises."""
    with pytest.raises(Exception) as caught:
        call()
    return caught.type


def test_interp_gives_numpys_bits_for_any_small_table(device):
    random = np.random.default_rng(3)
    for round_ in range(300 if device.kind == "native CPU engine" else 40):
        knots = random.integers(1, 40)
        xp = np.sort(random.choice(SPECIAL[1:], knots) if round_ % 2 else random.normal(size=knots))
        fp = random.choice(SPECIAL, knots) if round_ % 3 else random.normal(size=knots)
        x = np.concatenate([SPECIAL, random.normal(size=5), xp])
        left, right = random.choice([None, 7.0, np.nan], 2)
        # Few are looked up in the arrays as they are, many in a table.
        for queries in (x, np.resize(x, 3000)):
            expected = np.interp(queries, xp, fp, left, right)
            actual = ndgpu.interp(queries, xp, fp, left, right)
            np.testing.assert_array_equal(actual, expected, err_msg=f"{x} {xp} {fp}")


def test_few_queries_of_many_knots_give_numpys_bits():
    random = np.random.default_rng(6)
    for round_ in range(40):
        xp = np.sort(random.choice(random.normal(size=200), 300))
        xp[-1] = [np.inf, np.nan, xp[-1], xp[-1]][round_ % 4]
        xp[0] = [-np.inf, xp[0]][round_ % 2]
        fp = np.where(random.uniform(size=300) < 0.1, random.choice(SPECIAL, 300), random.normal(size=300))
        many = random.normal(size=2000)
        for x in (random.choice(xp, 5), many[:30], SPECIAL, many[:6].reshape(2, 3), xp[:1], xp[-1:], many[:999], many):
            expected = np.interp(x, xp, fp, 7.0, None)
            np.testing.assert_array_equal(ndgpu.interp(x, xp, fp, 7.0, None), expected, err_msg=f"{x} {xp} {fp}")
    before = ndgpu.transfers().upload_bytes
    ndgpu.interp(0.5, np.arange(1e6), np.arange(1e6))
    assert ndgpu.transfers().upload_bytes - before < 1000, "a query does not take the whole table along"


def test_a_table_of_one_knot_is_numpys_with_nan_too():
    for xp in (1.0, np.nan):
        np.testing.assert_array_equal(
            ndgpu.interp([0.0, 1.0, 2.0, np.nan], [xp], [5.0], -1, -2),
            np.interp([0.0, 1.0, 2.0, np.nan], [xp], [5.0], -1, -2),
        )


def test_queries_that_are_nan_have_no_imaginary_part():
    x = [np.nan, np.inf, -np.inf, 0.5]
    for period in (None, 3.0):
        with np.errstate(invalid="ignore"):
            expected = np.interp(x, [0.0, 1.0], [1j, 2.0], period=period)
        np.testing.assert_array_equal(ndgpu.interp(x, [0.0, 1.0], [1j, 2.0], period=period), expected)


def test_the_only_knot_of_a_complex_table_has_its_value_for_nan():
    x = np.array([[0.0, np.nan], [1.0, 2.0]])
    for period in (None, 3.0, np.inf, np.nan):
        for query in (x, np.nan, [], 1.0):
            with np.errstate(invalid="ignore"):
                expected = np.interp(query, [1.0], [1 + 2j], -1j, 3, period)
            np.testing.assert_array_equal(ndgpu.interp(query, [1.0], [1 + 2j], -1j, 3, period), expected, strict=True)


def test_special_periods_are_numpys():
    x = [2e-16, 1.0, 2.0, 3.5, 5.0, 100.0, -1.0, np.nan, np.inf]
    for period in (np.inf, -np.inf, np.nan, 1e300, -7.0, 2.0**-1040):
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            expected = [np.interp(q, [2.0, 5.0, -6.0], [1.0, 2.0, 4.0], period=period) for q in x]
        result = ndgpu.interp(x, [2.0, 5.0, -6.0], [1.0, 2.0, 4.0], period=period)
        np.testing.assert_allclose(result, expected, rtol=1e-13, err_msg=f"{period}")


def test_bins_with_nan_are_numpys():
    # One value at a time: in bins that no search is right in, NumPy's bin of a value depends on the values before it.
    x = [-2.0, -1.0, 0.5, 1.0, np.inf, np.nan]
    taken = 0
    for bins in itertools.chain.from_iterable(itertools.product([0.0, 1.0, np.nan], repeat=n) for n in range(5)):
        for right in (False, True):
            try:
                expected = [np.digitize(value, bins, right) for value in x]
            except ValueError:
                with pytest.raises(ndgpu.NotSortedError, match="bins must be monotonically"):
                    ndgpu.digitize(x, bins, right)
            else:
                np.testing.assert_array_equal(ndgpu.digitize(x, bins, right), expected, err_msg=f"{bins} {right}")
                taken += 1
    assert taken > 100
    assert ndgpu.digitize([1, 2.5, 3, np.nan], [2.5, np.nan]).tolist() == [2, 0, 0, 0]
    assert ndgpu.digitize([1, 2.5, 3, np.nan], [2.5, np.nan], right=True).tolist() == [2, 2, 0, 0]


def test_knots_that_are_not_sorted_are_no_error():
    result = ndgpu.interp(np.linspace(0, 5, 100), [3.0, 1.0, 2.0, 1.0, 0.0], [1.0, 2.0, 3.0, 4.0, 5.0])
    assert result.shape == (100,)


def test_large_integers_are_exact():
    a = np.random.default_rng(3).integers(-LARGE, LARGE, size=(5, 7, 3))
    for axis in (None, 0, 1, -1, (0, 2), ()):
        for keepdims in (False, True):
            for name in ("sum", "min", "max"):
                expected = getattr(np, name)(a, axis=axis, keepdims=keepdims)
                result = getattr(ndgpu, name)(a, axis=axis, keepdims=keepdims)
                np.testing.assert_array_equal(result, expected, strict=True)
        if not isinstance(axis, tuple):
            for name in ("argmin", "argmax"):
                np.testing.assert_array_equal(
                    getattr(ndgpu, name)(a, axis=axis), getattr(np, name)(a, axis=axis), strict=True
                )


def test_integers_wrap_as_numpys_do():
    for dtype in (np.uint64, np.int64, np.int32, np.uint8, np.int8, bool):
        a = np.random.default_rng(5).integers(0, 2**63, size=(3, 1000)).astype(dtype)
        np.testing.assert_array_equal(ndgpu.sum(a, 1), np.sum(a, 1), strict=True)
        np.testing.assert_array_equal(ndgpu.max(a, 0), np.max(a, 0), strict=True)


def test_large_integers_are_searched_for_exactly():
    random = np.random.default_rng(4)
    a, v = np.sort(random.integers(LARGE, LARGE + 50, 40)), random.integers(LARGE - 5, LARGE + 60, (5, 20))
    for side in ("left", "right"):
        np.testing.assert_array_equal(ndgpu.searchsorted(a, v, side), np.searchsorted(a, v, side), strict=True)
        np.testing.assert_array_equal(
            ndgpu.digitize(v, a, side == "left"), np.digitize(v, a, side == "left"), strict=True
        )
        # NumPy looks in float64 whether bins decrease, so its answer for these would be wrong.
        expected = a.size - np.searchsorted(a, v, side)
        np.testing.assert_array_equal(ndgpu.digitize(v, a[::-1], side == "left"), expected)
    with pytest.raises(ValueError, match="bins must be monotonically"):
        ndgpu.digitize(v, np.array([LARGE, LARGE + 2, LARGE + 1]))


def test_arrays_on_a_device_stay_there(device):
    there = device.upload(np.float32([[3.0, 1.0], [2.0, 5.0]]))
    before = device.transfers().readbacks
    results = [
        ndgpu.interp(there, [0.0, 10.0], [0.0, 1.0]),
        ndgpu.interp(there, [0.0, 10.0], [0.0, 1.0], period=4.0),
        ndgpu.interp(there, device.upload(np.float32([0, 10])), device.upload(np.float32([0, 1]))),
        ndgpu.average(there, 1, weights=np.float32([1, 3])),
        ndgpu.sum(there, 0),
        ndgpu.std(there, ddof=1),
        ndgpu.argmax(there, 1),
        ndgpu.standardize(there, 1),
        ndgpu.searchsorted([2.0, 4.0], there),
        ndgpu.digitize(there, [2.0, 4.0]),
    ]
    assert device.transfers().readbacks == before
    host = there.numpy().astype(np.float64)
    expected = [
        host / 10, np.interp(host, [0, 10], [0, 1], period=4), host / 10, np.average(host, 1, [1, 3]), host.sum(0),
        host.std(ddof=1), host.argmax(1), (host - host.mean(1, keepdims=True)) / host.std(1, keepdims=True),
        np.searchsorted([2, 4], host), np.digitize(host, [2, 4]),
    ]  # fmt: skip
    for result, answer in zip(results, expected, strict=True):
        assert isinstance(result, ndgpu.DeviceArray) and result.device == device
        assert result.dtype in (np.float32, np.uint32)
        np.testing.assert_allclose(result.numpy(), answer, rtol=1e-6)


CALLS = {
    "no knots": lambda m: m.interp(0, [], []),
    "lengths": lambda m: m.interp(0, [0], [1, 2]),
    "complex x": lambda m: m.interp(1j, [0, 1], [1, 2]),
    "array of text": lambda m: m.interp(np.array("a"), [0, 1], [1, 2]),
    "2-D knots": lambda m: m.interp(1, [[0, 1]], [[1, 2]]),
    "left": lambda m: m.interp(1, [0, 1], [1, 2], left="a"),
    "period": lambda m: m.interp(1, [0, 1], [1, 2], period=0),
    "text for a period": lambda m: m.interp(1, [0, 1], [1, 2], period="3"),
    "zero weights": lambda m: m.average([1, 2], weights=[1, -1]),
    "complex zero weights": lambda m: m.average([1, 2], weights=[1j, -1j]),
    "no axis": lambda m: m.average([[1, 2]], weights=[1, 2]),
    "no axis, complex": lambda m: m.average([[1, 2]], weights=[1, 2j]),
    "axis": lambda m: m.average([[1, 2]], axis=3),
    "lengths of weights": lambda m: m.average([1, 2], axis=0, weights=[1, 2, 3]),
    "two axes": lambda m: m.sum([[1, 2]], axis=(0, 0)),
    "2-D a": lambda m: m.searchsorted([[1]], 1),
    "side": lambda m: m.searchsorted([1, 2], 1, side="x"),
    "sorter": lambda m: m.searchsorted([2, 1], 1, sorter=[1]),
    "sorter of floats": lambda m: m.searchsorted([2, 1], 1, sorter=[1.0, 0.0]),
    "bins": lambda m: m.digitize([1], [0, 2, 1]),
    "nothing": lambda m: m.max([]),
    "nowhere": lambda m: m.argmax([]),
    "out": lambda m: m.sum([[1.0, 2.0]], axis=0, out=np.empty(3)),
    "places out": lambda m: m.argmax([1.0, 2.0], out=np.empty(())),
    "ddof twice": lambda m: m.var([1.0, 2.0], ddof=1, correction=1),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_refusals_are_numpys(call):
    assert issubclass(raised(lambda: call(ndgpu)), raised(lambda: call(np)))


def test_what_devices_do_not_compute_is_refused_with_a_way_out():
    for a in (np.array(["2020"], "M8"), np.array(["x"]), np.array([None]), np.ones(2, np.longdouble)):
        with pytest.raises(TypeError, match=r"numpy\.mean"):
            ndgpu.mean(a)
    with pytest.raises(TypeError, match=r"numpy\.ma\.mean"):
        ndgpu.mean(np.ma.array([1.0, 100.0], mask=[0, 1]))
    with pytest.raises(TypeError, match=r"numpy\.max"):
        ndgpu.max([1j])


def test_arrays_that_are_not_sorted_are_searched_in_vain_as_by_numpy():
    a = np.random.default_rng(6).normal(size=1000)
    assert 0 <= ndgpu.searchsorted(a, 0.5) <= a.size
    np.testing.assert_array_equal(ndgpu.searchsorted(a, a), np.searchsorted(a, a))
    a = LARGE + a.argsort()
    np.testing.assert_array_equal(ndgpu.searchsorted(a, a), np.searchsorted(a, a))
    device = ndgpu.get_device()
    with pytest.raises(ndgpu.NotSortedError, match="sorter"):
        ndgpu.searchsorted([2, 1], device.upload([1.0], np.float32))


def test_few_values_among_many_have_numpys_places():
    random = np.random.default_rng(7)
    for dtype in (np.float64, np.float32, np.int64, np.int32, np.uint8):
        for size in (8, 100, 4097):
            a = np.sort(random.integers(0, size, size).astype(dtype))
            if a.dtype.kind == "f":
                a[-2:] = np.nan
            values = [a[:1], a[size // 2], a[-1], random.integers(-5, size + 5, (size // 64, 4)).astype(dtype), a[:0]]
            values.append(np.asfortranarray(values[3]))
            for v in values:
                for side in ("left", "right"):
                    expected = np.searchsorted(a, v, side)
                    np.testing.assert_array_equal(ndgpu.searchsorted(a, v, side), expected, strict=True)
                    spread_out = np.repeat(a, 2)[::2]
                    np.testing.assert_array_equal(ndgpu.searchsorted(spread_out, v, side), expected, strict=True)


def test_half_precision_is_computed_in_single():
    a = np.linspace(0, 1, 1000).astype(np.float16)
    assert ndgpu.average(a, weights=a).dtype == np.float16
    assert ndgpu.mean(a) == a.astype(np.float64).mean().astype(np.float16)


def test_float32_sums_are_rounded_once(device):
    a = np.random.default_rng(0).uniform(0, 1, (100_000, 3)).astype(np.float32)
    result, exact = ndgpu.sum(a, 0), a.astype(np.float64).sum(0)
    assert result.dtype == np.float32
    np.testing.assert_array_max_ulp(result, exact.astype(np.float32), 1)


def test_numpys_warnings():
    for call in (lambda: ndgpu.mean([]), lambda: ndgpu.average([]), lambda: ndgpu.var([1.0], ddof=1)):
        with pytest.warns(RuntimeWarning), warnings.catch_warnings():
            call()


def test_another_device_for_one_call(device):
    cpu = ndgpu.Device("cpu")
    before = cpu.transfers().uploads, device.transfers().uploads
    ndgpu.average(np.ones(10), device=cpu)
    assert (cpu.transfers().uploads, device.transfers().uploads) == (before[0] + 1, before[1])
    assert ndgpu.average(np.ones(10), device="cpu") == 1.0
    with pytest.raises(TypeError, match="device is"):
        ndgpu.sum([1.0], device=1)


def test_float64_goes_to_the_cpu_engine_where_a_gpu_has_none(monkeypatch):
    class Without:
        supports_float64 = False

    monkeypatch.setattr(_devices, "_current", Without())
    monkeypatch.setattr(_devices, "_wide", None)
    assert isinstance(_devices.for_call(None, np.float32), Without)
    assert _devices.for_call(None, np.float64).kind == "native CPU engine"
    assert ndgpu.interp([0.5], [0.0, 1.0], [0.0, 10.0])[0] == 5.0
    monkeypatch.setattr(_devices, "_wide", None)


def test_average_takes_whatever_names_axes_as_numpy_does(device):
    random = np.random.default_rng(8)
    a = random.normal(size=(2, 3, 4))
    there = device.upload(a)
    for axes in ([0, 1], [-1, 0], range(2), np.array([2, 1]), np.int8(1), np.array(2), [], (), (1,), {1: 2}, None, True):
        names = range(3) if axes is None else np.lib.array_utils.normalize_axis_tuple(axes, 3)
        weights = random.uniform(0.5, 1.5, tuple(a.shape[axis] for axis in names))
        for given in (None, weights) if axes is not None else (None,):
            for keepdims in (False, True):
                for returned in (False, True):
                    expected = np.average(a, axes, given, returned, keepdims=keepdims)
                    options = {"axis": axes, "weights": given, "returned": returned, "keepdims": keepdims}
                    on_device = there.average(**options)
                    for result in (
                        ndgpu.average(a, **options),
                        [each.numpy() for each in on_device] if returned else on_device.numpy(),
                    ):
                        for got, want in zip(result, expected) if returned else [(result, expected)]:
                            np.testing.assert_allclose(got, want, rtol=1e-12, err_msg=f"{options}")
                            assert np.shape(got) == np.shape(want)
    np.testing.assert_allclose(ndgpu.average(a, axis=(axis for axis in (0, 2))), np.average(a, axis=(0, 2)))
    np.testing.assert_allclose(ndgpu.average(a + 1j, [0, 2]), np.average(a + 1j, [0, 2]))
    for axes in ([0, 0], [3], 1.5, "01", [0.5], [[0, 1]], np.array([0.0, 1.0]), 3, -4):
        for call in (ndgpu.average, np.average, lambda a, axis: there.average(axis)):
            expected = raised(lambda: np.average(a, axis=axes))
            assert issubclass(raised(lambda: call(a, axis=axes)), expected), f"{call} {axes}"
    # Sums and means take tuples only, as NumPy's.
    assert raised(lambda: ndgpu.sum(a, axis=[0, 1])) is raised(lambda: np.sum(a, axis=[0, 1]))
    assert raised(lambda: ndgpu.mean(a, axis=range(2))) is raised(lambda: np.mean(a, axis=range(2)))


def test_zero_weights_stand_where_weights_sum_to_zero(device):
    a = np.array([[1.0, 2.0, 3.0], [4.0, np.nan, 5.0], [7.0, 8.0, 9.0], [1.0, 1.0, 2.0]])
    weights = np.array([[1.0, 1.0, 2.0], [0.0, 0.0, 0.0], [1.0, -1.0, 0.0], [np.nan, 1.0, 1.0]])
    for dtype in (np.float64, np.float32, np.float16):
        x, w = a.astype(dtype), weights.astype(dtype)
        there, there_weights = device.upload(x), device.upload(w)
        for fill in (0, -1.5, np.nan, np.inf, np.float32(2), True):
            expected = np.array([2.25, fill, fill, np.nan], dtype)
            result, sums = ndgpu.average(x, 1, w, True, zero_weights=fill)
            np.testing.assert_array_equal(result, expected, strict=True)
            np.testing.assert_array_equal(sums, np.array([4, 0, 0, np.nan], dtype), strict=True)
            np.testing.assert_array_equal(ndgpu.average(x, [1], w, zero_weights=fill), expected, strict=True)
            np.testing.assert_array_equal(there.average(1, there_weights, zero_weights=fill).numpy(), expected)
            averages, sums = there.average([-1], there_weights, True, keepdims=True, zero_weights=fill)
            np.testing.assert_array_equal(averages.numpy(), expected[:, np.newaxis])
            np.testing.assert_array_equal(sums.numpy()[:, 0], np.array([4, 0, 0, np.nan], dtype))
        with pytest.raises(ZeroDivisionError):
            ndgpu.average(x, 1, w)
        with pytest.raises(ZeroDivisionError):
            there.average(1, there_weights).numpy()
    assert ndgpu.average([1, 2], weights=[0, 0], zero_weights=7) == 7.0
    assert ndgpu.average([1, 2], weights=[1, 3], zero_weights=7) == 1.75
    assert ndgpu.average([1, 2], zero_weights=7) == 1.5, "without weights none are zero"
    np.testing.assert_array_equal(ndgpu.average(np.zeros((0, 3)), 0, np.zeros((0, 3)), zero_weights=7), [7.0] * 3)
    np.testing.assert_array_equal(ndgpu.average(a[:2] * 1j, 1, weights[:2], zero_weights=3 - 4j), [2.25j, 3 - 4j])
    complex_weights = weights[:3] * 1j
    result, sums = ndgpu.average(a[:3], 1, complex_weights, True, zero_weights=3 - 4j)
    np.testing.assert_array_equal(result, [2.25, 3 - 4j, 3 - 4j])
    np.testing.assert_array_equal(sums, [4j, 0, 0])
    with pytest.raises(ZeroDivisionError):
        ndgpu.average(a[:3], 1, complex_weights)
    for other in ("0", 1j, [0.0]):
        with pytest.raises(TypeError):
            ndgpu.average(a, 1, weights, zero_weights=other)


def test_standardize_over_any_axes(device):
    a = np.random.default_rng(9).normal(3.0, 2.0, size=(4, 5, 6, 7))
    there = device.upload(a)
    for axis in (None, 0, -1, (1, 2), (2, 1), (0, 3), (3, 0, 1), (-4,), (0, 1, 2, 3)):
        expected = (a - a.mean(axis, keepdims=True)) / a.std(axis, ddof=1, keepdims=True)
        for result in (ndgpu.standardize(a, axis, ddof=1), there.standardize(axis, ddof=1).numpy()):
            np.testing.assert_allclose(result, expected, rtol=1e-11, atol=1e-13, err_msg=f"{axis}")
    assert np.isnan(ndgpu.standardize(a, ())).all(), "a number alone has no scale"
    assert ndgpu.standardize(np.zeros((0, 20_000)), (0,)).shape == (0, 20_000)
    assert raised(lambda: ndgpu.standardize(a, (1, 1))) is ValueError
    assert raised(lambda: ndgpu.standardize(a, (1, 4))) is np.exceptions.AxisError
