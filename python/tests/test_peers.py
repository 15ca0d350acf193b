"""What CuPy and JAX test of these functions, asked of ndgpu: its answer is NumPy's.

Their wheels leave the tests out, so the cases are restated here: the same inputs, as far as they say which, the same
types, shapes and arguments. They compare with NumPy too, within 1e-5 and worse; the bounds here are those of ndgpu.
The published cases (CuPy: tests/cupy_tests, JAX: tests) behind each group:

    interp        CuPy math_tests/test_misc.py: test_interp, _period, _left_right, _nan_fy, _nan_fx, _nan_x, _inf_fy,
                  _inf_fx, _inf_x, _size1, _inf_to_nan; JAX lax_numpy_test.py: testInterp, and the tables of knots close
                  to zero and to one another of testInterpGradNan
    average       CuPy statistics_tests/test_meanvar.py: TestAverage; JAX lax_numpy_reducers_test.py: testAverage
    mean, var     CuPy statistics_tests/test_meanvar.py: TestMeanVar, TestProductZeroLength;
                  JAX lax_numpy_reducers_test.py: testStdOrVar, testStdOrVarLargeDdofReturnsNan
    sum, min, max CuPy math_tests/test_sumprod.py: TestSumprod; statistics_tests/test_order.py: test_amax and test_amin;
                  JAX lax_numpy_reducers_test.py: testReducer, testReductionOfOutOfBoundsAxis,
                  testReductionWithRepeatedAxisError
    argmin        CuPy sorting_tests/test_search.py: TestSearch, TestCUBreduction
    searchsorted  CuPy sorting_tests/test_search.py: TestSearchSorted, -NanInf, -Invalid, -WithSorter;
                  JAX lax_numpy_test.py: testSearchsorted, testSearchsortedNans
    digitize      CuPy statistics_tests/test_histogram.py: TestDigitize, -NanInf, -Invalid;
                  JAX lax_numpy_test.py: testDigitize
"""

import itertools
import warnings

import numpy as np
import pytest

import ndgpu

pytestmark = pytest.mark.usefixtures("on_device")

INTEGERS = "bhiqBHIQ"
FLOATS = "efd"
COMPLEX = "FD"
REAL = "?" + INTEGERS + FLOATS
EVERY = REAL + COMPLEX


def arange(shape, dtype):
    """1, 2, 3, ... as far as the type goes, as CuPy's shaped_arange; complex ones with an imaginary part."""
    a = np.arange(1, np.prod(shape, dtype=int) + 1).reshape(shape)
    return (a + 1j * a[..., ::-1] if np.dtype(dtype).kind == "c" and shape else a).astype(dtype)


def random(shape, dtype, scale=10, seed=0):
    """Numbers of [0, scale), or of either sign for a signed type, as JAX's rand_default."""
    rng = np.random.default_rng([seed, *np.dtype(dtype).str.encode()])
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(dtype)
    a = rng.random(shape) * scale if kind == "u" else rng.normal(size=shape) * scale
    return (a + 1j * rng.normal(size=shape) * scale if kind == "c" else a).astype(dtype)


def outcome(function, args, kwargs):
    """What a function gives: (values, None), or (None, exception)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            return None, error
    return result if isinstance(result, tuple) else (result,), None


def differences(actual, expected, rtol, atol):
    """In what two values differ: type, shape, or elements further apart than the tolerance. Nothing if in none."""
    if isinstance(actual, np.ndarray) != isinstance(expected, np.ndarray):
        return type(actual)
    if actual.dtype != expected.dtype or actual.shape != expected.shape:
        return actual.dtype, actual.shape
    with np.errstate(all="ignore"):
        near = (actual == expected) | ((actual != actual) & (expected != expected))
        if np.all(near):
            return None
        if rtol or atol:
            near |= abs(actual - expected) <= atol + rtol * abs(expected)
            near &= np.isfinite(actual) == np.isfinite(expected)
    return None if np.all(near) else actual


def check(name, *args, rtol=0.0, atol=0.0, **kwargs):
    """ndgpu's function gives what NumPy's gives: the type, the shape and the values, or the exception."""
    expected, refusal = outcome(getattr(np, name), args, kwargs)
    actual, error = outcome(getattr(ndgpu, name), args, kwargs)
    if refusal is not None:
        assert isinstance(error, type(refusal)), f"{error or actual!r} for {refusal!r} of {name}{args}{kwargs}"
        return
    assert error is None, f"{error!r} for {expected} of {name}{args}{kwargs}"
    assert len(actual) == len(expected)
    for got, wanted in zip(actual, expected):
        difference = differences(got, wanted, rtol, atol)
        assert difference is None, f"{difference} for {wanted!r} of {name}{args}{kwargs}"


def rounding(*arrays, terms=1):
    """Relative error to expect of sums of `terms` products, in the least precise type that takes part.

    NumPy adds in one order and each device in another. The products are the same, so what differs is the rounding of
    as many additions, each of half a unit; of float16 NumPy and ndgpu both round once, from float32 sums.
    """
    epsilon = max((np.finfo(a.dtype).eps for a in map(np.asarray, arrays) if a.dtype.kind in "fc"), default=0)
    return float(terms * max(epsilon, np.finfo(float).eps))


# --- interp ---------------------------------------------------------------------------------------------------------

X = [0, 1, 2, 4, 6, 8, 9, 10]  # on, between and outside the knots
KNOTS = [1, 3, 5, 7, 9]


def interp(device, x, xp, fp, *args, **kwargs):
    """Check interp, to the last bit where it has to agree so far."""
    fp = np.asarray(fp)
    scale = float(np.max(np.abs(fp[np.isfinite(fp)]), initial=0))
    if fp.dtype.kind == "c":
        units = 2  # NumPy multiplies a complex rise by 1/dx where it divides a real one: a rounding more
    elif "CPU engine" in device.kind:
        units = 0  # it promises NumPy's bits
    else:
        units = 4  # graphics APIs ask no more of a division than that it is right to some units in the last place
    check("interp", x, xp, fp, *args, atol=units * np.finfo(float).eps * scale, **kwargs)


def table(dtype_x, dtype_y):
    x, xp = np.array(X, dtype_x), np.array(KNOTS, dtype_x)
    with np.errstate(invalid="ignore"):
        return x, xp, np.sin(np.array(KNOTS, float)).astype(dtype_y)


@pytest.mark.parametrize("options", [{}, {"period": 5}, {"left": 10, "right": 20}], ids=str)
@pytest.mark.parametrize("dtype_x", REAL.replace("?", ""))
def test_interp_of_every_type(device, dtype_x, options):
    for dtype_y in EVERY:
        x, xp, fp = table(dtype_x, dtype_y)
        interp(device, x, xp, fp, **options)
        if options:
            interp(device, x, xp[2:3], fp[2:3], **options)


@pytest.mark.parametrize(
    "options", [{"left": 10}, {"right": np.nan}, {"period": -5.5}, {"period": np.inf}, {"period": np.nan}], ids=str
)
def test_interp_with_every_option(device, options):
    for dtype_y in "dD":
        interp(device, *table("d", dtype_y), **options)


def test_interp_takes_left_and_right_by_position(device):
    interp(device, *table("d", "d"), 10, 20)
    interp(device, *table("d", "D"), 10 + 1j, 20 - 1j)
    interp(device, *table("d", "d"), None, None, 5)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("dtype_x", INTEGERS + FLOATS)
def test_interp_of_values_that_are_not_finite(device, dtype_x, special):
    for dtype_y in FLOATS:
        x, xp, fp = table(dtype_x, dtype_y)
        fp[[0, 2, -1]] = special
        interp(device, x, xp, fp)


@pytest.mark.parametrize("dtype_y", FLOATS + COMPLEX)
@pytest.mark.parametrize("dtype_x", FLOATS)
def test_interp_at_knots_and_queries_that_are_not_finite(device, dtype_x, dtype_y):
    for special in (np.nan, np.inf):
        x, xp, fp = table(dtype_x, dtype_y)
        interp(device, x, [*xp[:-1], special], fp)
        interp(device, [*x[:-1], special], xp, fp)
    x, xp, fp = table(dtype_x, dtype_y)
    interp(device, [-np.inf, *x[1:]], xp, fp)
    interp(device, x, [-np.inf, *xp[1:]], fp)
    interp(device, np.array([0.5], dtype_x), np.array([-np.inf, np.inf], dtype_x), np.array([0, 10], dtype_y))


@pytest.mark.parametrize("dtype", ["i", "q", "f", "d"])
@pytest.mark.parametrize("period", [None, 0.59])
@pytest.mark.parametrize("shape", [(5,), (5, 5), (), (0,), (3, 0), (2, 1, 3)], ids=str)
def test_interp_of_random_tables(device, shape, period, dtype):
    for left, right in itertools.product((None, 0), (None, 1)):
        x, xp = random(shape, dtype, seed=1), np.sort(random((20,), dtype, seed=2))
        if period is not None:
            # Knots that meet modulo the period are left in an order of its own by NumPy's sort.
            xp = xp[np.unique(xp.astype(float) % period, return_index=True)[1]]
        interp(device, x, xp, np.linspace(0, 1, len(xp)), left, right, period)


@pytest.mark.parametrize("dtype", ["f", "d"])
def test_interp_between_knots_close_to_zero(device, dtype):
    # The smallest of these is 1e-39: NumPy keeps it, and so has a device that computes in float64.
    x = np.exp(np.linspace(-90, -20, 1000)).astype(dtype)
    interp(device, x, x, np.ones_like(x))
    interp(device, x, x, np.arange(1000.0))
    interp(device, x * 1.5, x, np.arange(1000.0))


def layouts(a):
    """An array as NumPy's may lie in memory, which neither library's own arrays do: in all ways but in a row."""
    unaligned = np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    unaligned[...] = a
    frozen = a.copy()
    frozen.flags.writeable = False
    return {
        "reversed": a[..., ::-1],
        "strided": a[..., ::3],
        "transposed": a.T,
        "column-major": np.asfortranarray(a),
        "broadcast": np.broadcast_to(a[..., :1], a.shape),
        "big-endian": a.astype(a.dtype.newbyteorder(">")),
        "little-endian": a.astype(a.dtype.newbyteorder("<")),
        "unaligned": unaligned,
        "read-only": frozen,
    }


LAYOUT = pytest.mark.parametrize("layout", layouts(np.ones((2, 3))))


@LAYOUT
@pytest.mark.parametrize("dtype", "fd")
def test_interp_of_every_layout(device, layout, dtype):
    x, fp = layouts(random((5, 6), dtype))[layout], layouts(random((21,), dtype))[layout]
    xp = np.sort(random((21,), dtype, seed=8))
    interp(device, x, xp, xp)
    interp(device, x, xp[::-1][::-1], xp)
    interp(device, x, xp[:: 21 // len(fp)][: len(fp)], fp)
    interp(device, x, xp[:: 21 // len(fp)][: len(fp)], fp, period=7)
    interp(device, x, xp[:1], fp[:1], 1, 2)
    interp(device, layouts(xp)[layout][3], xp, xp)


def test_interp_refuses_what_numpy_refuses(device):
    for x, xp, fp, options in [
        (0, [], [], {}),
        (0, [0], [1, 2], {}),
        (0, [0, 1], [1, 2], {"period": 0}),
        (0, [[0, 1]], [1, 2], {}),
        (0, [0, 1], [[1, 2]], {}),
        (0, [[0, 1]], [[1, 2]], {"period": 3}),
        (1j, [0, 1], [1, 2], {}),
        (0, [0, 1j], [1, 2], {}),
    ]:
        check("interp", x, xp, fp, **options)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("fill", ["a", "3", 1j, [1, 2], [[1]]], ids=str)
def test_interp_refuses_fills_that_are_not_real_numbers(fill, side):
    check("interp", [-1.0, 3.0], [0, 1], [1, 2], **{side: fill})


# --- average --------------------------------------------------------------------------------------------------------

SHAPES = [(), (3,), (4,), (1, 4), (4, 1), (2, 3, 4)]


def axes(shape):
    return [*range(-len(shape), len(shape)), None, tuple(range(len(shape)))]


@pytest.mark.parametrize("dtype", EVERY)
def test_average_of_every_type(dtype):
    a, wide = arange((2, 3), dtype), arange((2, 3, 4), dtype)
    w = a.real
    tolerance = rounding(a, terms=24)
    for returned in (False, True):
        check("average", a, returned=returned, rtol=tolerance)
        check("average", a, 1, returned=returned, rtol=tolerance)
        check("average", a, None, w, returned, rtol=tolerance)
        check("average", a, 1, w, returned, rtol=tolerance)
        check("average", wide, axis=1, returned=returned, rtol=tolerance)
        check("average", wide, axis=2, weights=wide.real, returned=returned, rtol=tolerance)


@pytest.mark.parametrize("dtype", COMPLEX)
def test_average_with_complex_weights(dtype):
    for a, axis, returned in itertools.product((arange((2, 3), dtype), arange((2, 3), "d")), (None, 1), (False, True)):
        check("average", a, axis, arange((2, 3), dtype), returned, rtol=rounding(arange((2, 3), dtype), terms=24))


@pytest.mark.parametrize("dtype", ["b", "q", "e", "f", "d", "D"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_average_of_every_shape(shape, dtype):
    a = random(shape, dtype)
    for axis, keepdims, returned in itertools.product(axes(shape), (False, True), (False, True)):
        shapes = {None, shape} | ({(shape[axis],)} if isinstance(axis, int) else set())
        for of_weights in sorted(shapes, key=str):
            # Weights of one sign: near a sum of zero the order of the additions decides what the average is.
            w = None if of_weights is None else (abs(random(of_weights, dtype, seed=3)) + 1).astype(a.real.dtype)
            tolerance = rounding(a, terms=32)
            check(
                "average",
                a,
                axis,
                w,
                returned,
                keepdims=keepdims,
                rtol=tolerance,
                atol=tolerance * float(np.max(np.abs(a.astype("D")))),
            )


@pytest.mark.parametrize("of_weights", REAL)
def test_average_of_mixed_types(of_weights):
    for dtype in REAL:
        a, w = arange((2, 3), dtype), arange((2, 3), of_weights)
        check("average", a, None, w, True, rtol=rounding(a, w, terms=6))
        check("average", a, 1, w[0], rtol=rounding(a, w, terms=6))


@pytest.mark.parametrize("dtype", ["f", "d"])
def test_average_of_what_is_not_finite(dtype):
    a = np.array([[1, np.nan, 3], [np.inf, 2, -np.inf], [np.inf, 1, 0]], dtype)
    w = np.array([[1, 0, 2], [1, 2, 1], [0, 1, 1]], dtype)
    for axis, weights in itertools.product((None, 0, 1, (0, 1)), (None, w, np.where(w == 2, np.inf, w))):
        check("average", a, axis, weights, True, rtol=rounding(a, terms=9))


def test_average_refuses_what_numpy_refuses():
    a = arange((2, 3), "d")
    for axis, weights in [
        (None, np.zeros((2, 3))),
        (1, [1, 0, -1]),
        (None, [1, 2, 3]),
        (1, [1, 2]),
        (0, [[1, 2, 3]]),
        ((1, 0), np.ones((2, 2))),
        (2, None),
        (-3, [1, 2]),
        ((0, 0), None),
        (1.0, None),
    ]:
        check("average", a, axis, weights)


# --- sum, mean, var, std, min, max ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", EVERY)
@pytest.mark.parametrize("name", ["sum", "mean", "var", "std"])
def test_moments_of_every_type(name, dtype):
    options = [{}, {"ddof": 1}] if name in ("var", "std") else [{}]
    for shape, axis, keepdims in [((2, 3), None, False), ((2, 3, 4), 1, False), ((2, 3, 4), (0, 2), True)]:
        for option in options:
            a = arange(shape, dtype)
            check(name, a, axis, keepdims=keepdims, rtol=rounding(a, terms=24), **option)


@pytest.mark.parametrize("name", ["min", "max"])
@pytest.mark.parametrize("dtype", REAL)
def test_extremes_of_every_type(dtype, name):
    for seed, shape in enumerate([(2, 3), (2, 3, 4), (3, 1000), ()]):
        for axis, keepdims in itertools.product(axes(shape), (False, True)):
            check(name, random(shape, dtype, 100, seed), axis, keepdims=keepdims)
    if dtype in FLOATS:
        for a in ([np.nan, -1, 1], [-1, np.nan, np.inf], [[np.inf, -np.inf], [np.nan, -np.inf]]):
            check(name, np.array(a, dtype))
            check(name, np.array(a, dtype), 0)
            check(f"a{name}", np.array(a, dtype), -1, keepdims=True)


@pytest.mark.parametrize("dtype", ["B", "f", "d"])
@pytest.mark.parametrize("shape", [(3,), (1, 5), (4, 1), (2, 3, 4), (0,), (3, 0), (0, 3), (2, 0, 4)], ids=str)
def test_moments_of_every_shape(shape, dtype):
    a = random(shape, dtype)
    near = float(np.max(np.abs(a.astype(float)), initial=0))
    tolerance = rounding(a, terms=24)
    for axis, keepdims in itertools.product(axes(shape), (False, True)):
        for name in ("sum", "mean"):
            check(name, a, axis, keepdims=keepdims, rtol=tolerance, atol=tolerance * near)
        check("var", a, axis, keepdims=keepdims, rtol=tolerance, atol=tolerance * near**2)
        for name in ("min", "max"):
            check(name, a, axis, keepdims=keepdims)


@pytest.mark.parametrize("name", ["mean", "var", "std"])
@pytest.mark.parametrize("dtype", ["?", "q", "e", "f", "d"])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((0,), None), ((0, 0), None), ((0, 0), 1), ((0, 0, 0), None), ((0, 0, 0), (0, 2)), ((), None), ((), ())],
)
def test_moments_of_nothing(shape, axis, dtype, name):
    check(name, np.ones(shape, dtype), axis)


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("dtype", ["?", "b", "i", "Q", "e", "f", "d", "F", "D"])
def test_degrees_of_freedom(dtype, name):
    for shape, axis, ddof, keepdims in [
        *itertools.product([(5,), (10, 5)], (None, 0, -1), (0, 1, 2), (False,)),
        *itertools.product([(10, 5)], (None, 0, -1), (-1, 0.5), (True,)),
    ]:
        a = random(shape, dtype, 4)
        # The squares lose what the differences lost: with values of 16 at most, that much of a unit.
        check(name, a, axis, ddof=ddof, keepdims=keepdims, rtol=rounding(a, terms=50), atol=rounding(a, terms=50))


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("size", [0, 1, 2])
def test_more_degrees_of_freedom_than_values(size, name):
    for ddof in (size, size + 1, size + 2):
        check(name, np.arange(size), ddof=ddof)


@pytest.mark.parametrize("name", ["sum", "mean"])
@pytest.mark.parametrize("dtype", REAL)
def test_moments_in_a_type_of_choice(dtype, name):
    a = arange((2, 3, 4), dtype)
    for result in ("d", "f", "F"):
        check(name, a, dtype=result, rtol=rounding(a, np.ones(1, result), terms=24))
    with np.errstate(over="ignore"):
        large = np.full((2, 3, 4), 123456789).astype(dtype)  # inf, as float16
    check(name, large, dtype=np.float64, rtol=rounding(terms=24))


@pytest.mark.parametrize("name", ["sum", "mean"])
@pytest.mark.parametrize("dtype", REAL)
def test_moments_in_an_integer_type_of_choice(dtype, name):
    # 300 in all, which wraps in int8.
    for result in ("q", "B", "?") if name == "sum" else ("q", "i"):
        check(name, arange((2, 3, 4), dtype), dtype=result)
        check(name, arange((2, 3, 4), dtype), 1, dtype=result)


@LAYOUT
@pytest.mark.parametrize("dtype", "fd")
def test_reductions_of_every_layout(layout, dtype):
    view = layouts(random((10, 20, 30), dtype))[layout]
    near = rounding(view, terms=10**4)
    for axis in (None, 0, 1, 2):
        for name in ("sum", "mean", "var"):
            check(name, view, axis, rtol=near, atol=near)
        for name in ("min", "max", "argmin", "argmax"):
            check(name, view, axis)
        check("average", view, axis, abs(view), True, rtol=near, atol=near)


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "min", "max"])
def test_reductions_refuse_what_numpy_refuses(name):
    for shape, axis in [((3, 4), 2), ((3,), -2), ((3, 4), (0, 0)), ((3, 4), (0, -2)), ((3, 4), (0, 2)), ((3,), 1.0)]:
        check(name, np.ones(shape), axis)


# --- argmin, argmax -------------------------------------------------------------------------------------------------

ARGS = pytest.mark.parametrize("name", ["argmin", "argmax"])


@ARGS
@pytest.mark.parametrize("dtype", REAL)
def test_arguments_of_every_type(dtype, name):
    for shape in [(2, 3), (2, 3, 4), (3, 1000), ()]:
        for axis, keepdims in itertools.product([*range(-len(shape), len(shape)), None], (False, True)):
            check(name, random(shape, dtype, 100), axis, keepdims=keepdims)
    check(name, np.array([0, 5, 2, 3, 4, 5]).astype(dtype))
    check(name, np.array([5, 1, 2, 3, 1, 5]).astype(dtype))
    if dtype in FLOATS:
        check(name, np.array([np.nan, -1, 1], dtype))
        check(name, np.array([-1, np.inf, np.nan, -np.inf, np.nan], dtype))


@ARGS
@pytest.mark.parametrize("dtype", REAL)
def test_arguments_of_nothing(dtype, name):
    for axis in (None, 0, 1):
        check(name, np.ones((0, 1), dtype), axis)


@ARGS
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(10,), (10, 20), (10, 20, 30), (10, 20, 30, 40)], ids=str)
def test_arguments_of_both_orders(shape, order, name):
    for dtype in "bhiqBHIQefd":
        check(name, np.asarray(random(shape, dtype, 100), order=order))


@ARGS
def test_arguments_refuse_what_numpy_refuses(name):
    for axis in (2, -3, (0, 1), 1.0):
        check(name, np.ones((3, 4)), axis)


# --- searchsorted ---------------------------------------------------------------------------------------------------

INF, NAN = np.inf, np.nan

TABLES = [
    [],
    [0, 1, 2, 4, 10],
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    [0.0, 1.0, 2.5, 4.0, 10.0],
    [-1.0, 1.0, 2.5, 4.0, 20.0],
    [1.5, 2.5, 4.0, 6.0],
    [-INF, 1.5, 2.5, 4.0, 6.0],
    [1.5, 2.5, 4.0, 6.0, INF],
    [-INF, 1.5, 2.5, 4.0, 6.0, INF],
    [0.0, 1.0, 1.0, 4.0, 4.0, 10.0],
    [0.0, 1.0, 1.0, 4.0, 4.0, 4.0, 4.0, 10.0],
]
SIDE = pytest.mark.parametrize("side", ["left", "right"])


@SIDE
@pytest.mark.parametrize("shape", [(), (10,), (6, 3, 3)], ids=str)
@pytest.mark.parametrize("dtype", REAL)
def test_searchsorted_of_every_type(dtype, shape, side):
    for bins in TABLES:
        check("searchsorted", np.array(bins), arange(shape, dtype), side)


@SIDE
@pytest.mark.parametrize("last", [[10, NAN], [NAN], [NAN, NAN], [10]], ids=str)
@pytest.mark.parametrize("special", [NAN, INF, -INF, 0], ids=str)
def test_searchsorted_of_what_is_not_finite(special, last, side):
    x = arange((10,), "d")
    for place in (5, -1):
        x[place] = special
        check("searchsorted", np.array([0, 1, 2, 4, *last]), x, side)
    check("searchsorted", np.full(5, NAN), x, side)


@SIDE
@pytest.mark.parametrize("dtype", FLOATS)
def test_searchsorted_orders_infinities_zeros_and_nans(dtype, side):
    x = np.array([-INF, -1.0, 0.0, -0.0, 1.0, INF, NAN, -NAN], dtype)
    ranks = np.array([0, 1, 2, 2, 3, 4, 5, 5])
    np.testing.assert_array_equal(ndgpu.searchsorted(x, x, side), np.searchsorted(ranks, ranks, side))


@SIDE
@pytest.mark.parametrize("dtype", ["b", "i", "q", "B", "I", "Q", "e", "f", "d"])
def test_searchsorted_in_random_tables(dtype, side):
    for size, shape in itertools.product((0, 20), [(), (5,), (5, 5)]):
        a, v = random((size,), dtype, seed=4), random(shape, dtype, seed=5)
        check("searchsorted", np.sort(a), v, side)
        check("searchsorted", a, v, side, np.argsort(a))


@SIDE
def test_searchsorted_compares_large_integers(side):
    # Three of these are one number in float64.
    a = np.array([2**60, 2**60 + 1, 2**60 + 2])
    check("searchsorted", a, a, side)
    check("searchsorted", a.astype("Q"), a.astype("Q") + np.uint64(2**63), side)


@LAYOUT
@pytest.mark.parametrize("dtype", "qfd")
def test_searches_of_every_layout(layout, dtype):
    a = np.sort(random((21,), dtype, 100))
    v = layouts(random((5, 6), dtype, 100))[layout]
    of_a = layouts(a[::-1] if layout == "reversed" else a)[layout]
    check("searchsorted", of_a, v)
    check("searchsorted", of_a, v, "right", np.repeat(np.arange(len(of_a)), 2)[::2])
    check("digitize", v, of_a)
    check("digitize", v, of_a[::-1])


def test_searchsorted_refuses_what_numpy_refuses():
    bins = np.array([10, 4, 2, 1, 8])
    x = arange((12,), "d")
    check("searchsorted", bins, x, sorter=np.array([3, 2, 1, 4, 0]))
    check("searchsorted", bins, x, sorter=np.array([0]))
    check("searchsorted", bins, x, sorter=np.array([], float))
    check("searchsorted", np.array([[10, 4], [2, 1], [7, 8]]), x)
    check("searchsorted", np.sort(bins), x, "both")


# --- digitize -------------------------------------------------------------------------------------------------------

RIGHT = pytest.mark.parametrize("right", [False, True])


@RIGHT
@pytest.mark.parametrize("shape", [(), (10,), (6, 3, 3)], ids=str)
@pytest.mark.parametrize("dtype", REAL)
def test_digitize_of_every_type(dtype, shape, right):
    for bins, step in itertools.product([TABLES[0], *TABLES[4:6], TABLES[8], TABLES[9]], (1, -1)):
        check("digitize", arange(shape, dtype), np.array(bins)[::step], right)


@RIGHT
@pytest.mark.parametrize(
    "bins",
    [
        [1, 3, 5, 8, 12],
        [1, 3, 5, 8, NAN],
        [1, 3, 5, 8, NAN, NAN],
        [NAN, 8, 5, 3, 1],
        [NAN, NAN, NAN, 5, 3, 1],
        [NAN, NAN, NAN, NAN],
        [0, 1, 2, 4, 10],
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["f", "d"])
def test_digitize_of_what_is_not_finite(dtype, bins, right):
    for special in (NAN, INF, -INF):
        x = arange((14,), dtype)
        x[5] = special
        check("digitize", x, np.array(bins, dtype), right)


@RIGHT
@pytest.mark.parametrize("shape", [(20,), (5, 4)], ids=str)
@pytest.mark.parametrize("dtype", ["i", "q", "I", "Q", "f", "d"])
def test_digitize_in_random_bins(dtype, shape, right):
    for size, step in itertools.product((0, 1, 5), (1, -1)):
        check("digitize", random(shape, dtype, seed=6), np.sort(random((size,), dtype, seed=7))[::step], right)


def test_digitize_refuses_what_numpy_refuses():
    x = arange((14,), "d")
    check("digitize", x.astype(complex), [1.0, 3.0, 5.0])
    check("digitize", x, np.array([1.0, 3.0, 5.0], complex))
    check("digitize", x, [[1], [2]])
    check("digitize", x, [1, 3, 2])
