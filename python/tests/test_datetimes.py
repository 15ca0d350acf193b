"""Dates and durations as queries and knots, and what else pandas has in its columns."""

import datetime
import itertools
import warnings

import numpy as np
import pytest

import ndgpu

pytestmark = pytest.mark.usefixtures("on_device")

FP = np.array([0.0, 10.0, 40.0, 20.0])
DAYS = np.array(["2026-01-01", "2026-01-03", "2026-01-04", "2026-02-01"], "M8[D]")
WHEN = np.array(["2025-12-31T12", "2026-01-02T06", "NaT", "2026-01-03", "2026-03-01"], "M8[h]")


def counted(times, unit):
    """The numbers that `numpy.interp` is given."""
    times = np.asarray(times).astype(f"{np.asarray(times).dtype.kind}8[{unit}]")
    return np.where(np.isnat(times), np.nan, times.astype(np.int64).astype(float))


@pytest.mark.parametrize("units", [*itertools.product(["h", "m", "s", "ms", "us", "ns"], ["D", "s", "us"])])
def test_dates_in_any_units(units):
    own, knots = units
    x, xp = WHEN.astype(f"M8[{own}]"), DAYS.astype(f"M8[{knots}]")
    smallest = np.datetime_data(np.result_type(x, xp))[0]
    expected = np.interp(counted(x, smallest), counted(xp, smallest), FP)
    np.testing.assert_array_equal(ndgpu.interp(x, xp, FP), expected, strict=True)
    np.testing.assert_array_equal(ndgpu.interp(x[:, None], xp, FP, -1, np.nan)[:, 0][[0, -1]], [-1, np.nan])
    scalar = ndgpu.interp(x[1], xp, FP)
    assert isinstance(scalar, np.float64) and scalar == expected[1]
    assert np.isnan(expected[2]), "what is no time gives no number"


def test_durations():
    x, xp = WHEN - WHEN[0], DAYS - DAYS[0]
    expected = np.interp(counted(x, "h"), counted(xp, "h"), FP)
    np.testing.assert_array_equal(ndgpu.interp(x, xp, FP), expected)
    np.testing.assert_array_equal(ndgpu.interp(x.astype(">m8[s]"), xp.astype("m8[12h]"), FP), expected)
    np.testing.assert_array_equal(ndgpu.interp(list(x), tuple(xp), FP), expected)


def test_months_and_years():
    months = np.array(["2026-01", "2026-03"], "M8[M]")
    assert ndgpu.interp(np.datetime64("2026-02"), months, [1.0, 3.0]) == 2.0
    assert ndgpu.interp(np.datetime64("2026-01-31"), months, [0.0, 59.0]) == 30.0
    with pytest.raises(TypeError, match="M"):  # of no length in days
        ndgpu.interp(np.timedelta64(1, "M"), np.array([1, 2], "m8[D]"), [0.0, 1.0])


def test_a_period_is_a_duration():
    hours = np.array(["2026-01-01T06", "2026-01-01T18"], "M8[h]")
    x = np.arange("2026-01-05", "2026-01-07", np.timedelta64(90, "m"), dtype="M8[m]")
    expected = np.interp(counted(x, "m"), counted(hours, "m"), [1.0, 3.0], period=24 * 60)
    for day in (np.timedelta64(1, "D"), np.timedelta64(24, "h"), np.array(1, "m8[D]")):
        np.testing.assert_array_equal(ndgpu.interp(x, hours, [1.0, 3.0], period=day), expected)
    finer = ndgpu.interp(hours, hours, [1.0, 3.0], period=np.timedelta64(90, "s"))
    np.testing.assert_allclose(finer, np.interp(counted(hours, "s"), counted(hours, "s"), [1.0, 3.0], period=90))
    for wrong in (24, np.timedelta64, np.array([1, 2], "m8[D]"), np.datetime64("2026")):
        with pytest.raises(TypeError, match="is a duration"):
            ndgpu.interp(x, hours, [1.0, 3.0], period=wrong)
    with pytest.raises(ValueError, match="non-zero"):
        ndgpu.interp(x, hours, [1.0, 3.0], period=np.timedelta64(0, "D"))


def test_with_rows_methods_and_complex_values():
    x, xp = WHEN[:2], DAYS
    numbers, knots = counted(x, "h"), counted(xp, "h")
    rows = np.array([FP, -FP]).T
    np.testing.assert_array_equal(ndgpu.interp(x, xp, rows, axis=0), ndgpu.interp(numbers, knots, rows, axis=0))
    assert ndgpu.interp(x, xp, FP, method="previous").tolist() == [0.0, 0.0]
    np.testing.assert_allclose(ndgpu.interp(x, xp, FP * 1j), np.interp(numbers, knots, FP * 1j), rtol=1e-15)
    assert ndgpu.interp(x, xp, FP, extrapolate=True)[0] == -2.5


@pytest.mark.parametrize(
    ("words", "x", "xp"),
    [
        ("x holds dates, but xp numbers", DAYS, np.arange(4)),
        ("x holds numbers, but xp dates", [1.0], DAYS),
        ("x holds durations, but xp dates", DAYS - DAYS[0], DAYS),
        ("x holds numbers, but xp durations", 3, DAYS - DAYS[0]),
        ("x holds numbers, but xp dates", [datetime.datetime(2026, 1, 1)], DAYS),
    ],
)
def test_times_are_not_mixed_with_others(words, x, xp):
    with pytest.raises(TypeError, match=words):
        ndgpu.interp(x, xp, FP)
    with pytest.raises(TypeError):
        np.interp(x, xp, FP)


def test_times_out_of_reach_are_an_error():
    with pytest.raises(OverflowError, match=r"xp is out of range of datetime64\[ns\]"):
        ndgpu.interp(np.datetime64("2026-01-01T00", "ns"), np.array(["2026", "2999"], "M8[Y]"), [0.0, 1.0])


def test_values_are_numbers():
    for fp in (DAYS, DAYS - DAYS[0]):
        with pytest.raises(TypeError, match="fp"):
            ndgpu.interp(DAYS, DAYS, fp)


@pytest.fixture
def pandas():
    return pytest.importorskip("pandas")


def test_indexes_and_columns_of_pandas(pandas):
    index, knots = pandas.DatetimeIndex(WHEN), pandas.DatetimeIndex(DAYS)
    expected = np.interp(counted(WHEN, "h"), counted(DAYS, "h"), FP)
    series, knots_in_series = pandas.Series(index), pandas.Series(knots, index=list("abcd"))
    for x, xp in itertools.product(
        (index, index.as_unit("ns"), series, series.array, WHEN), (knots, knots.as_unit("s"), knots_in_series, DAYS)
    ):
        result = ndgpu.interp(x, xp, FP)
        assert type(result) is np.ndarray
        np.testing.assert_allclose(result, expected, rtol=1e-9)
    # As NumPy has it where it takes them: of one unit, and without NaT.
    both = index.dropna().as_unit("us"), knots.as_unit("us")
    np.testing.assert_array_equal(ndgpu.interp(*both, FP), np.interp(*both, FP))
    spans = index - index[0], knots - index[0]
    np.testing.assert_allclose(ndgpu.interp(*spans, FP), expected, rtol=1e-9)
    np.testing.assert_allclose(ndgpu.interp(pandas.Series(spans[0]), spans[1], pandas.Series(FP)), expected, rtol=1e-9)


def test_single_times_of_pandas(pandas):
    index = pandas.DatetimeIndex(DAYS)
    assert ndgpu.interp(index[1], index, FP) == 10.0
    assert ndgpu.interp(pandas.Timestamp("2026-01-02"), DAYS, FP) == 5.0
    assert ndgpu.interp(pandas.Timedelta("1D"), DAYS - DAYS[0], FP) == 5.0
    assert np.isnan(ndgpu.interp(pandas.NaT, index, FP))
    turned = ndgpu.interp(index, index, FP, period=pandas.Timedelta("5D"))
    np.testing.assert_allclose(turned, np.interp(counted(DAYS, "D"), counted(DAYS, "D"), FP, period=5), rtol=1e-12)


def test_time_zones(pandas):
    paris = pandas.DatetimeIndex(DAYS).tz_localize("Europe/Paris")
    utc = paris.tz_convert("UTC")
    for x, xp in itertools.product((paris, utc, pandas.Series(paris)), (utc, paris.as_unit("s"))):
        np.testing.assert_array_equal(ndgpu.interp(x, xp, FP), FP)
    assert ndgpu.interp(paris[1], utc, FP) == 10.0
    for x, xp in ((paris, DAYS), (DAYS, utc), (paris[0], DAYS)):
        with pytest.raises(TypeError, match="with a time zone"):
            ndgpu.interp(x, xp, FP)


def columns(pandas):
    nothing = pandas.NA
    made = {
        "float64": pandas.Series([1.0, np.nan, 3.0]),
        "float32": pandas.Series(np.float32([1.0, np.nan, 3.0])),
        "int64": pandas.Series([1, 2, 3]),
        "Float64": pandas.Series([1.0, nothing, 3.0], dtype="Float64"),
        "Float32": pandas.Series([1.0, nothing, 3.0], dtype="Float32"),
        "Int64": pandas.Series([1, nothing, 3], dtype="Int64"),
        "Int64, full": pandas.Series([1, 2, 3], dtype="Int64"),
        "UInt8": pandas.Series([1, nothing, 3], dtype="UInt8"),
        "bool": pandas.Series([True, False, True]),
        "boolean, full": pandas.Series([True, False, True], dtype="boolean"),
    }
    try:
        made["pyarrow"] = pandas.Series([1.0, None, 3.0], dtype="double[pyarrow]")
        made["pyarrow, int"] = pandas.Series([1, None, 3], dtype="int64[pyarrow]")
    except ImportError:
        pass
    return made


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "min", "max", "argmin", "argmax",
                                  "nansum", "nanmean", "nanvar", "nanstd", "nanmin", "nanmax", "average"])  # fmt: skip
def test_columns_with_gaps_mean_what_pandas_means(pandas, name):
    """NumPy's functions call the methods of a series, which leave out what is missing; average knows of none."""
    for told, column in columns(pandas).items():
        expected = getattr(np, name)(column)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = getattr(ndgpu, name)(column)
        np.testing.assert_allclose(result, np.float64(expected), rtol=1e-6, err_msg=told)
        assert isinstance(result, np.generic), told


def test_a_column_of_gaps(pandas):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for gaps in (pandas.Series([np.nan, np.nan]), pandas.Series([], dtype=float)):
            assert (ndgpu.sum(gaps), np.sum(gaps)) == (0, 0)
        gaps = pandas.Series([np.nan, np.nan])
        for name in ("mean", "var", "std", "min", "max"):
            assert np.isnan(getattr(ndgpu, name)(gaps)) and np.isnan(getattr(np, name)(gaps)), name
    assert np.isnan(ndgpu.var(pandas.Series([1.0, np.nan]), ddof=1))
    for name in ("argmin", "argmax"):
        with pytest.raises(ValueError, match="nothing is left"):
            getattr(ndgpu, name)(gaps)
        assert getattr(ndgpu, name)(pandas.Series([np.nan, np.inf, np.nan])) == 1


def test_tables_of_columns(pandas):
    frame = pandas.DataFrame({"a": [1.0, np.nan, 3.0], "b": [4.0, 5.0, 9.0]})
    for name in ("sum", "mean", "var", "std", "min", "max", "average"):
        for axis in (None, 0, 1):
            result = getattr(ndgpu, name)(frame, axis=axis)
            np.testing.assert_allclose(
                result, np.asarray(getattr(np, name)(frame, axis=axis)), rtol=1e-14, err_msg=name
            )
            assert isinstance(result, (np.ndarray, np.generic)), "labels do not come along"
    assert ndgpu.argmax(frame) == np.argmax(frame)


def test_columns_with_gaps_as_operands_of_interp(pandas):
    for told, column in columns(pandas).items():
        for call in (
            lambda m, c=column: m.interp(c, [0.0, 2.0, 5.0], [0.0, 4.0, 7.0]),
            lambda m, c=column: m.interp([0.5, 1.0, 2.5], [0.0, 2.0, 5.0], c),
            lambda m, c=column: m.searchsorted([0.0, 2.0, 5.0], c),
            lambda m, c=column: m.digitize(c, [0.0, 2.0, 5.0]),
        ):
            np.testing.assert_array_equal(call(ndgpu), call(np), err_msg=told)
    gaps = pandas.Series([True, pandas.NA, False], dtype="boolean")
    expected = np.interp(gaps, [0.0, 2.0], [0.0, 4.0])
    np.testing.assert_array_equal(ndgpu.interp(gaps, [0.0, 2.0], [0.0, 4.0]), expected)
    with pytest.raises(TypeError, match="object"):
        ndgpu.mean(gaps)
