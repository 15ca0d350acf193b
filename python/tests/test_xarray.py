"""`ndgpu.xarray` against xarray itself, and column by column against NumPy where xarray has no such call."""

import pathlib
import subprocess
import sys
import tracemalloc
import warnings

import numpy as np
import pytest

xr = pytest.importorskip("xarray", reason="xarray is not installed: pip install ndgpu[xarray]")

import dask  # noqa: E402
import dask.array as da  # noqa: E402
import pandas as pd  # noqa: E402

import ndgpu  # noqa: E402
import ndgpu.xarray  # noqa: E402
from ndgpu.xarray import _columns, interp, regrid, weighted_mean  # noqa: E402

NAN = np.nan
RNG = np.random.default_rng(2026)
OUTSIDE = {"left": NAN, "right": NAN}


@pytest.fixture(autouse=True)
def in_this_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def tables(monkeypatch):
    """How many tables are made: one for each search."""
    made = []
    table = _columns.Columns._table

    def counted(self, *arguments, **keywords):
        made.append(self)
        return table(self, *arguments, **keywords)

    monkeypatch.setattr(_columns.Columns, "_table", counted)
    return made


FIELD = xr.DataArray(
    RNG.normal(size=(2, 5, 4)),
    dims=("time", "level", "x"),
    coords={
        "time": [0, 1],
        "level": ("level", [10.0, 20.0, 30.0, 45.0, 50.0], {"units": "hPa"}),
        "x": list("abcd"),
        "height": ("level", [5.0, 4.0, 3.0, 2.0, 0.0]),
        "label": ("level", list("pqrst")),
        "station": 5,
        "both": (("level", "x"), RNG.normal(size=(5, 4))),
    },
    name="air",
    attrs={"units": "K"},
)
OWN = xr.DataArray(RNG.uniform(5, 55, (4, 3)), dims=("x", "sensor"), coords={"x": list("abcd")})
TARGETS = {
    "list": [15.0, 20, 35, 60, NAN],
    "integers": [15, 20],
    "number": 15.0,
    "number that is an array": xr.DataArray(45.0),
    "one level": [30.0],
    "nothing": [],
    "new dimension": xr.DataArray([15.0, 20], dims="p"),
    "with coordinates": xr.DataArray([15.0, 20], dims="p", coords={"p": [1, 2], "q": ("p", [3, 4])}),
    "two new dimensions": xr.DataArray(RNG.uniform(5, 55, (2, 3)), dims=("a", "p")),
    "own": OWN,
    "own, not in memory's order": OWN.transpose("sensor", "x"),
    "own of two": xr.DataArray(RNG.uniform(5, 55, (4, 2, 3)), dims=("x", "time", "sensor")),
    "own, one": OWN.isel(sensor=0),
    "own, called as the dimension": OWN.rename(sensor="level"),
    "own, and two new dimensions": xr.DataArray(RNG.uniform(5, 55, (2, 4, 3)), dims=("a", "x", "p")),
}
ORDERS = {
    "plain": FIELD,
    "level last": FIELD.transpose("time", "x", "level"),
    "level first": FIELD.transpose("level", "x", "time"),
    "decreasing": FIELD.isel(level=slice(None, None, -1)),
    "out of order": FIELD.isel(level=[2, 0, 1, 4, 3]),
    "one column": FIELD.isel(x=0, time=0, drop=True),
    "one dimension of length 1": FIELD.isel(x=[1]),
}


def same(got, want, rtol=1e-12, atol=1e-13):
    """Equal but for the order of dimensions, which xarray makes another one of."""
    assert got.name == want.name and got.attrs == want.attrs
    assert set(got.coords) == set(want.coords)
    for name, coordinate in want.coords.items():
        if coordinate.dtype.kind == "f":
            close(got[name], coordinate.transpose(*got[name].dims), rtol, atol)
        else:
            assert got[name].variable.equals(coordinate.variable.transpose(*got[name].dims)), name
    assert set(got.xindexes) == set(want.xindexes)
    close(got, want.transpose(*got.dims), rtol, atol)


def close(got, want, rtol=1e-12, atol=1e-13):
    assert got.shape == want.shape and got.dtype == want.dtype
    np.testing.assert_allclose(got.values, want.values, rtol, atol)


def by_numpy(values, levels, targets, **options):
    """Each column by `numpy.interp`: arrays whose last axis is the column, and which broadcast otherwise."""
    shape = np.broadcast_shapes(values.shape[:-1], levels.shape[:-1], targets.shape[:-1])
    values, levels, targets = (np.broadcast_to(a, (*shape, a.shape[-1])) for a in (values, levels, targets))
    result = np.empty((*shape, targets.shape[-1]))
    for place in np.ndindex(shape):
        xp, fp = levels[place], values[place]
        there = ~np.isnan(xp)
        order = np.argsort(xp[there], kind="stable")
        xp, fp = xp[there][order], fp[there][order]
        result[place] = np.interp(targets[place], xp, fp, **{**OUTSIDE, **options}) if xp.size else NAN
    return result


# ------------------------------------------------------------------------------------------- as xarray has it


@pytest.mark.parametrize("chunks", [None, {"x": 2, "level": 2}], ids=str)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("target", TARGETS)
def test_interp_is_xarrays(target, order, chunks):
    field, at = ORDERS[order], TARGETS[target]
    if isinstance(at, xr.DataArray):
        at = at.isel({d: [1] for d in at.dims if d == "x" and field.sizes.get(d) == 1})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NaN, in xarray
        want = field.drop_vars("label").interp(level=at) if np.size(at) else None
    if chunks is not None:
        field = field.chunk({d: n for d, n in chunks.items() if d in field.dims})
    got = interp(field, at, "level")
    if chunks is not None:
        assert got.chunks is not None and got.dtype == np.float64
        got = got.compute()
    if want is None:
        assert got.sizes == {**field.sizes, "level": 0}
        return
    new = [d for d in getattr(at, "dims", ["level"] if np.ndim(at) else []) if d not in field.dims or d == "level"]
    place = field.dims.index("level")
    assert got.dims == (*field.dims[:place], *new, *field.dims[place + 1 :])
    # Those of targets that have none are those of the levels, where xarray has none.
    assert got["level"].attrs == {"units": "hPa"}
    want["level"].attrs = got["level"].attrs
    same(got, want)


# ------------------------------------------------------------------------------- what xarray has no call for


def columns_of(kind):
    """Values, levels and targets of columns: (time, y, x, level), (y, x, level), (y, x, p)."""
    rng = np.random.default_rng(7)
    values = rng.normal(size=(3, 4, 5, 9))
    levels = np.sort(rng.uniform(0, 1, (4, 5, 9)), axis=-1)
    targets = rng.uniform(-0.1, 1.1, (4, 5, 6))
    if kind == "decreasing":
        levels = levels[..., ::-1]
    elif kind == "some decreasing":
        levels[::2] = levels[::2, :, ::-1]
    elif kind == "out of order":
        levels = rng.permuted(levels, axis=-1)
    elif kind == "below ground":
        levels[rng.uniform(size=levels.shape) < 0.3] = NAN
        levels[1, 2] = NAN
    else:
        assert kind == "increasing"
    return values, levels, targets


KINDS = ["increasing", "decreasing", "some decreasing", "out of order", "below ground"]


@pytest.mark.parametrize("chunks", [None, {"time": 2, "x": 3}], ids=str)
@pytest.mark.parametrize("dims", ["time y x level", "level time y x", "x level y time"])
@pytest.mark.parametrize("kind", KINDS)
def test_columns_have_their_own_levels(kind, dims, chunks):
    values, levels, targets = columns_of(kind)
    field = xr.DataArray(values, dims=("time", "y", "x", "level"), coords={"z": (("y", "x", "level"), levels)})
    field = field.transpose(*dims.split())
    field = field if chunks is None else field.chunk(chunks)
    own = xr.DataArray(targets, dims=("y", "x", "p"))
    for at, dim, points in ((own, "p", targets), (targets[0, 0], "z", targets[0, 0])):
        got = interp(field, at, "level", coord="z")
        assert got.dims == tuple(dim if d == "level" else d for d in field.dims)
        assert (got.chunks is None) == (chunks is None)
        want = by_numpy(values, levels, points)
        np.testing.assert_allclose(got.transpose("time", "y", "x", dim), want, 1e-12, 1e-13)
        assert set(got.coords) == {"z"}
        np.testing.assert_array_equal(got.z, points)
    # Of another order of dimensions, and as an array of its own.
    z = field.z.transpose("level", "x", "y")
    again = interp(field.drop_vars("z"), own.transpose("p", "x", "y"), "level", coord=z)
    np.testing.assert_allclose(again.transpose("time", "y", "x", "p"), by_numpy(values, levels, targets), 1e-12, 1e-13)


def test_levels_of_some_dimensions_and_targets_of_others():
    values, levels, targets = columns_of("increasing")
    field = xr.DataArray(values, dims=("time", "y", "x", "level"))
    by_y = xr.DataArray(levels[:, 0], dims=("y", "level"), name="z")
    by_x = xr.DataArray(targets[0], dims=("x", "p"))
    by_time = xr.DataArray(targets[:3, 0], dims=("time", "p"))
    want = by_numpy(values, levels[:, :1], targets[:1])
    for lazy in (False, True):
        data = field.chunk(y=3, time=1) if lazy else field
        np.testing.assert_allclose(interp(data, by_x, "level", coord=by_y), want, 1e-12, 1e-13)
        got = interp(data, by_time, "level", coord=by_y)
        np.testing.assert_allclose(got, by_numpy(values, levels[:, :1], targets[:3, :1, None].swapaxes(1, 2)), 1e-12)
        # Fewer columns than fields: three levels for twenty columns each.
        by_time_levels = xr.DataArray(levels[:3, 0], dims=("time", "level"))
        got = interp(data, targets[0, 0], "level", coord=by_time_levels)
        np.testing.assert_allclose(got, by_numpy(values, levels[:3, :1, None].swapaxes(1, 2), targets[0, 0]), 1e-12)


def test_values_without_the_dimensions_of_the_levels():
    values, levels, targets = columns_of("increasing")
    profile = xr.DataArray(values[0, 0, 0], dims="level", coords={"z": ("level", np.arange(9.0))})
    terrain = xr.DataArray(levels, dims=("y", "x", "level"), name="z")
    for data in (profile, profile.chunk()):
        of_blocks = terrain if data is profile else terrain.chunk(y=2)
        got = interp(data.drop_vars("z"), targets[0, 0], "level", coord=of_blocks)
        assert data is profile or got.chunks == ((2, 2), (5,), (6,))
        assert got.dims == ("y", "x", "z")
        np.testing.assert_allclose(got, by_numpy(values[0, 0, 0], levels, targets[0, 0]), 1e-12)


@pytest.mark.parametrize("decreasing", [False, True])
def test_outside_of_the_levels(decreasing):
    levels, values = np.array([1.0, 2.0, 4.0]), np.array([10.0, 20.0, 0.0])
    at = [0.0, 1.0, 3.0, 4.0, 5.0]
    step = -1 if decreasing else 1
    field = xr.DataArray(values[::step], dims="z", coords={"z": levels[::step]})
    for options, want in [
        ({}, [NAN, 10, 10, 0, NAN]),
        ({"left": -1.0, "right": None}, [-1, 10, 10, 0, 0]),
        ({"left": None, "right": -2}, [10, 10, 10, 0, -2]),
        ({"extrapolate": True}, [0, 10, 10, 0, -10]),
        ({"extrapolate": True, "right": 7.0}, [0, 10, 10, 0, 7]),
        ({"period": 4.0}, [0, 10, 10, 0, 10]),
        ({"method": "previous"}, [NAN, 10, 20, 0, NAN]),
        ({"method": "next"}, [NAN, 10, 0, 0, NAN]),
        ({"method": "nearest"}, [NAN, 10, 20, 0, NAN]),
    ]:
        np.testing.assert_allclose(interp(field, at, "z", **options), want, atol=1e-13, err_msg=str(options))
        two = xr.concat([field, field + 1], "x")
        own = xr.DataArray([at, at], dims=("x", "p"))
        np.testing.assert_allclose(interp(two, own, "z", **options)[0], want, atol=1e-13, err_msg=str(options))


def test_extrapolation_is_xarrays():
    want = FIELD.drop_vars("label").interp(level=[0.0, 15.0, 70.0], kwargs={"fill_value": "extrapolate"})
    got = interp(FIELD, [0.0, 15.0, 70.0], "level", extrapolate=True)
    np.testing.assert_allclose(got, want, 1e-12)


@pytest.mark.parametrize("shared", [True, False])
def test_missing_values_are_bridged_where_that_is_asked_for(shared):
    values, levels, targets = columns_of("increasing")
    values[np.random.default_rng(1).uniform(size=values.shape) < 0.4] = NAN
    values[1, 2, 3] = NAN
    levels = levels[0, 0] if shared else levels
    field = xr.DataArray(values, dims=("time", "y", "x", "level"))
    field = field.assign_coords(z=(("y", "x", "level")[-levels.ndim :], levels))
    for at, points in ((targets[0, 0], targets[0, 0]), (xr.DataArray(targets, dims=("y", "x", "p")), targets)):
        plain = by_numpy(values, levels, points)
        assert np.isnan(plain).any()
        np.testing.assert_allclose(interp(field, at, "level", coord="z"), plain, 1e-12, 1e-13)
        present = np.where(np.isnan(values), NAN, levels)
        want = by_numpy(values, present, points)
        assert not np.array_equal(np.isnan(want), np.isnan(plain))
        for data in (field, field.chunk(x=2, time=1)):
            got = interp(data, at, "level", coord="z", skip_missing=True)
            np.testing.assert_allclose(got, want, 1e-12, 1e-13)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", ">f8", "i2", "i8", "u1"])
def test_dtypes_of_values(on_device, dtype):
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    field = xr.DataArray(values, dims=("y", "x", "z"), coords={"z": [1, 2, 4, 8]})
    own = xr.DataArray(RNG.uniform(1, 8, (3, 5)), dims=("x", "p"))
    for at in ([3, 6.5], own):
        for data in (field, field.chunk(y=1)):
            got = interp(data, at, "z").compute()
            assert got.dtype == (np.dtype(dtype).newbyteorder("=") if np.dtype(dtype).kind == "f" else np.float64)
            points = own.values if at is own else np.asarray(at)
            want = by_numpy(values.astype(float), np.array([1.0, 2, 4, 8]), points)
            np.testing.assert_allclose(got, want, {"f2": 2e-3}.get(dtype, 1e-6 if dtype[-2:] == "f4" else 1e-13))


def test_float32_is_computed_on_the_device(device):
    values, levels, targets = (array.astype(np.float32) for array in columns_of("decreasing"))
    field = xr.DataArray(values, dims=("time", "y", "x", "level"), coords={"z": (("y", "x", "level"), levels)})
    before = device.transfers().readback_bytes
    got = interp(field, xr.DataArray(targets, dims=("y", "x", "p")), "level", coord="z", device=device)
    assert got.dtype == np.float32 and device.transfers().readback_bytes == before + got.nbytes
    np.testing.assert_allclose(got, by_numpy(values, levels, targets), 2e-3, 2e-4)
    # Levels of one dimension may be of float64, as those of an index are, if float32 holds them.
    flat = xr.DataArray(values, dims=("time", "y", "x", "level"), coords={"level": np.arange(9)})
    before = device.transfers().readback_bytes
    got = interp(flat, [1.5, 7.25], "level", device=device)
    assert device.transfers().readback_bytes == before + got.nbytes
    np.testing.assert_allclose(got, by_numpy(values, np.arange(9.0), np.array([1.5, 7.25])), 1e-5, 1e-6)


def test_a_device_without_float64_says_so(device):
    wide = xr.DataArray([1.0, 2.0], dims="z")
    if device.supports_float64:
        assert interp(wide, 0.5, "z", device=device) == 1.5
    else:
        with pytest.raises(TypeError, match="has no float64.*convert all three to float32"):
            interp(wide, 0.5, "z", device=device)


def test_dates_and_durations():
    times = pd.date_range("2026-01-01", periods=4, freq="6h")
    field = xr.DataArray(RNG.normal(size=(2, 4)), dims=("x", "time"), coords={"time": times})
    at = pd.date_range("2026-01-01T03", periods=3, freq="5h")
    same(interp(field, at, "time"), field.interp(time=at))
    same(interp(field.chunk(x=1), at, "time").compute(), field.interp(time=at))
    own = xr.DataArray(np.array([at, at[::-1]]), dims=("x", "p"))
    same(interp(field, own, "time"), field.interp(time=own))
    at_nothing = interp(field, np.array(["NaT", "2026-01-01T12"], "M8[s]"), "time")
    np.testing.assert_array_equal(at_nothing, [[NAN, field.values[0, 2]], [NAN, field.values[1, 2]]])
    # Nanoseconds since 1970 are more than float64 counts, but not since the first time.
    fine = field.assign_coords(time=times[0] + np.arange(0, 80, 20) * np.timedelta64(1, "ns"))
    between = interp(fine, fine.time[:3].values + np.timedelta64(5, "ns"), "time")
    np.testing.assert_allclose(between, 0.75 * field.values[:, :3] + 0.25 * field.values[:, 1:], 1e-12)
    steps = field.assign_coords(time=times - times[0])
    later = np.array([90, 120], "m8[m]")
    np.testing.assert_allclose(interp(steps, later, "time"), field.interp(time=times[0] + later), 1e-12)


def test_a_dataset_is_interpolated_where_it_has_the_dimension():
    values, levels, _ = columns_of("decreasing")
    at = np.array([0.2, 0.5])
    data = xr.Dataset(
        {
            "wind": (("time", "y", "x", "level"), values, {"units": "m/s"}),
            "surface": (("y", "x"), values[0, ..., 0]),
            "air": (("level", "y", "x"), np.moveaxis(values[1], -1, 0).astype("f4")),
            "z": (("y", "x", "level"), levels, {"units": "m"}),
            "name": ((), "run"),
        },
        coords={"time": [1, 2, 3], "terrain": (("y", "x"), levels[..., 0])},
        attrs={"title": "a run"},
    )
    # The levels may be a variable, which becomes the coordinate.
    for given in (data, data.chunk(x=2)):
        got = interp(given, at, "level", coord="z")
        assert list(got.data_vars) == ["wind", "surface", "air", "name"] and got.attrs == data.attrs
        assert set(got.coords) == {"time", "terrain", "z"} and got.z.attrs == {"units": "m"} and got.z.dims == ("z",)
        assert got.wind.attrs == {"units": "m/s"} and got.air.dtype == np.float32 and got.air.dims == ("z", "y", "x")
        assert got.surface.identical(given.surface.assign_coords()) and got["name"].item() == "run"
        np.testing.assert_allclose(got.wind, by_numpy(values, levels, at), 1e-12, 1e-13)
        np.testing.assert_allclose(got.air.transpose("y", "x", "z"), by_numpy(values[1], levels, at), 1e-5, 1e-6)


def test_places_are_found_once_for_all_variables(tables):
    values, levels, _ = columns_of("increasing")
    field = xr.DataArray(values, dims=("time", "y", "x", "level"), name="one")
    field = field.assign_coords(z=(("y", "x", "level"), levels))
    data = xr.Dataset({"one": field, "two": field * 2, "three": field.isel(time=0)})
    at = np.array([0.3, 0.6])
    want = by_numpy(values, levels, at)
    interp(data, at, "level", coord="z")
    assert len(tables) == 1
    others = [(field * 2).rename("two").isel(time=[1]), field.isel(time=2)]
    arrays = regrid([field, *others], at, "level", coord="z")
    assert len(tables) == 2 and [array.name for array in arrays] == ["one", "two", "one"]
    for array, expected in zip(arrays, (want, 2 * want[[1]], want[2])):
        np.testing.assert_allclose(array, expected, 1e-12, 1e-13)
    named = regrid({"a": field, "b": -field}, at, "level", coord="z")
    assert len(tables) == 3
    np.testing.assert_allclose(named["b"], -want, 1e-12, 1e-13)
    assert regrid([], at, "level") == [] and regrid({}, at, "level") == {}
    same(regrid(field, at, "level", coord="z"), interp(field, at, "level", coord="z"))
    assert regrid(data, at, "level", coord="z").identical(interp(data, at, "level", coord="z"))

    # Of dask's arrays for each block of columns, however many times and variables there are; two blocks here.
    tables.clear()
    lazy = interp(data.chunk(y=2, time=1), at, "level", coord="z")
    assert not tables
    for variable in (lazy.one, lazy):
        computed = variable.compute(scheduler="threads", num_workers=4)
        assert len(tables) == 2, "each of the two blocks of columns is located once"
        tables.clear()
    np.testing.assert_allclose(computed.two, 2 * want, 1e-12, 1e-13)
    interp(field.chunk(y=2, time=1), at, "level", coord="z").compute()
    assert len(tables) == 2
    # Variables that are cut in other ways have blocks of columns of their own.
    tables.clear()
    mixed = xr.Dataset({"one": field.chunk(y=2), "two": (field * 2).chunk(y=4, x=1)})
    computed = interp(mixed, at, "level", coord=field.z).compute()
    assert len(tables) == 2 + 5
    np.testing.assert_allclose(computed.one, want, 1e-12, 1e-13)
    np.testing.assert_allclose(computed.two, 2 * want, 1e-12, 1e-13)


def test_regrid_looks_at_the_levels():
    field = xr.DataArray([1.0, 2.0], dims="z", coords={"z": [0.0, 1.0]})
    with pytest.raises(ValueError, match="levels 'z' of array 1 are not those of array 0"):
        regrid([field, field.assign_coords(z=[0.0, 2.0])], 0.5, "z")
    levels = xr.DataArray(np.sort(RNG.uniform(size=(3, 4))), dims=("x", "z"))
    lazy = [xr.DataArray(da.ones((3, 4)), dims=("x", "z"), coords={"p": levels.chunk(x=n)}) for n in (1, 2)]
    with pytest.raises(ValueError, match="lazy levels 'p' of array 1.*coord="):
        regrid(lazy, 0.5, "z", coord="p")
    one, two = regrid([lazy[0], lazy[0] * 2], 0.5, "z", coord="p")
    assert one.chunks and two.chunks
    one, two = regrid(lazy, [0.5], "z", coord=levels.rename("p"))
    np.testing.assert_array_equal(one.compute(), two.compute())


# ---------------------------------------------------------------------------------------------- weighted_mean

LAT = xr.DataArray([1.0, 2, 3, 0], dims="y", coords={"y": [1.0, 2, 3, 4]})
WEIGHTS = {
    "of one dimension": LAT,
    "of integers": LAT.astype(int),
    "of truths": xr.DataArray([True, False, True, True, False], dims="x"),
    "for each value": xr.DataArray(RNG.uniform(size=(5, 4, 3)), dims=("x", "y", "t")),
    "of regions": xr.DataArray(RNG.integers(0, 2, (2, 4, 5)), dims=("r", "y", "x"), coords={"r": ["a", "b"]}),
    "of what stays": xr.DataArray(RNG.uniform(size=(3, 4)), dims=("t", "y")),
    "that cancel out": xr.DataArray([1.0, -1, 1, -1, 0], dims="x"),
    "that are zero": xr.DataArray(np.zeros(5), dims="x"),
    "of another dimension": xr.DataArray([1.0, 2], dims="r"),
    "of other labels too": xr.DataArray([1.0, 2, 3], dims="y", coords={"y": [2.0, 3, 9]}),
    "of none": xr.DataArray(2.0),
}


def cube(missing):
    rng = np.random.default_rng(3)
    values = rng.normal(size=(3, 4, 5))
    if missing:
        values[rng.uniform(size=values.shape) < 0.3] = NAN
        values[:, 1, 1] = NAN
    coords = {"t": [0, 1, 2], "y": LAT.y, "run": 3}
    return xr.DataArray(values, dims=("t", "y", "x"), coords=coords, name="air", attrs={"units": "K"})


@pytest.mark.parametrize("skipna", [True, False])
@pytest.mark.parametrize("missing", [True, False])
@pytest.mark.parametrize("weights", WEIGHTS)
def test_weighted_mean_is_xarrays(on_device, weights, missing, skipna):
    field, by = cube(missing), WEIGHTS[weights]
    for dim in (None, "t", "x", ("t", "y"), ["y", "x"], "r", []):
        if dim == "r" and "r" not in by.dims:
            continue
        want = field.weighted(by).mean(dim, skipna=skipna)
        for order in (field, field.transpose("x", "t", "y")):
            same(weighted_mean(order, by, dim, skipna=skipna), want)
        for lazy, lazy_by in ((field.chunk(t=2, y=3), by), (field.chunk(x=2), by.chunk()), (field, by.chunk())):
            if lazy.chunks is None and not by.ndim:
                continue  # what has no dimensions has no chunks
            got = weighted_mean(lazy, lazy_by, dim, skipna=skipna)
            assert got.chunks is not None and got.dtype == want.dtype
            same(got.compute(), want)


def test_weighted_mean_of_a_dataset():
    count = (("t", "x"), np.arange(15).reshape(3, 5))
    data = xr.Dataset({"air": cube(True), "flat": ("y", [1.0, 2, 3, NAN]), "count": count}, attrs={"title": "a run"})
    # xarray itself insists on both dimensions in every variable.
    want = xr.Dataset(
        {name: of.weighted(LAT).mean([d for d in ("y", "x") if d in (*of.dims, "y")]) for name, of in data.items()}
    )
    for given in (data, data.chunk(x=2)):
        got = weighted_mean(given, LAT, ["y", "x"]).compute()
        assert list(got) == list(want) and got.attrs == data.attrs
        for name in want:
            same(got[name], want[name])


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "i2", "u8", "?"])
def test_dtypes_of_means(on_device, dtype):
    field = (cube(False) * 4).clip(0 if dtype[0] in "u?" else None).astype(dtype)
    for data in (field, field.chunk(y=1)):
        got = weighted_mean(data, LAT, "y").compute()
        assert got.dtype == (np.dtype(dtype).newbyteorder("=") if np.dtype(dtype).kind == "f" else np.float64)
        want = np.average(field.astype(float), axis=1, weights=LAT)
        np.testing.assert_allclose(got, want, 2e-3 if dtype == "f2" else 2e-6 if dtype[-2:] == "f4" else 1e-12, 1e-6)


@pytest.mark.parametrize("reduced", ["time", "y", ["y", "x"], ["time", "x"]], ids=str)
@pytest.mark.parametrize("of", [("y",), ("time", "y"), ("region", "y", "x"), ("time", "y", "x")], ids=str)
def test_weighted_mean_makes_no_array_of_the_size_of_the_data(of, reduced):
    sizes = {"time": 60, "y": 200, "x": 300, "region": 3}
    field = xr.DataArray(np.ones([sizes[d] for d in ("time", "y", "x")]), dims=("time", "y", "x"))
    field[:, 3] = NAN
    weights = xr.DataArray(RNG.uniform(size=[sizes[d] for d in of]), dims=of)
    tracemalloc.start()
    got = weighted_mean(field, weights, reduced, device="cpu")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.nanmax(abs(got - 1)) < 1e-12
    results = got.nbytes * 6
    assert peak < field.nbytes / 2 + results, f"{peak} bytes for {field.nbytes} of data, {got.nbytes} of results"


def test_lazy_weights_that_are_missing():
    weights = LAT.where(LAT > 1).chunk()
    lazy = weighted_mean(cube(False), weights, "y")
    with pytest.raises(ValueError, match="fillna"):
        lazy.compute()


# ------------------------------------------------------------------------------------------------------ dask


def never(shape, chunks=-1):
    """An array that fails if anybody computes it."""

    def fail(block_info=None):
        raise AssertionError("this was not to be computed")

    chunks = da.core.normalize_chunks(chunks, shape, dtype=float)
    return da.map_blocks(fail, chunks=chunks, dtype=float, meta=np.empty((0,) * len(shape)))


def test_nothing_is_computed_before_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(ndgpu, "get_device", lambda: pytest.fail("a device was opened"))
    monkeypatch.setattr("ndgpu.xarray._columns.for_call", lambda *_: pytest.fail("a device was opened"))
    monkeypatch.setattr("ndgpu.xarray._sums.for_call", lambda *_: pytest.fail("a device was opened"))
    field = xr.DataArray(never((6, 8, 10), (2, 4, 5)), dims=("y", "x", "level"))
    levels = xr.DataArray(never((6, 8, 10), (3, 8, 2)), dims=("y", "x", "level"), name="z")
    own = xr.DataArray(never((6, 8, 3), (6, 1, 1)), dims=("y", "x", "p"))
    in_memory = xr.DataArray(np.zeros((6, 8, 10)), dims=("y", "x", "level"))
    for data, at, coord in [
        (field, [1.0], None),
        (field, own, levels),
        (in_memory, own, None),
        (in_memory, [1.0], levels),
        (field.to_dataset(name="a"), own, levels),
    ]:
        lazy = interp(data, at, "level", coord=coord)
        with pytest.raises(AssertionError, match="not to be computed"):
            lazy.compute()
    with_levels = field.assign_coords(z=levels)
    regrid([with_levels, with_levels], own, "level", coord="z")
    for data, weights in ((field, levels[0]), (field, in_memory), (in_memory, levels[:, :, 0])):
        lazy = weighted_mean(data, weights, "x")
        assert lazy.dims == ("y", "level")
        with pytest.raises(AssertionError, match="not to be computed"):
            lazy.compute()


def test_blocks_go_to_other_processes():
    values, levels, targets = columns_of("below ground")
    field = xr.DataArray(values, dims=("time", "y", "x", "level"), coords={"z": (("y", "x", "level"), levels)})
    field = field.chunk(x=3, time=2)
    with dask.config.set(scheduler="processes", num_workers=2):
        got = interp(field, xr.DataArray(targets, dims=("y", "x", "p")), "level", coord="z", device="cpu").compute()
        mean = weighted_mean(field, xr.DataArray(np.arange(5.0), dims="x"), ["x", "time"], device="cpu").compute()
    np.testing.assert_allclose(got, by_numpy(values, levels, targets), 1e-12, 1e-13)
    np.testing.assert_allclose(mean, np.average(values.mean(0), axis=1, weights=np.arange(5)), 1e-12, 1e-13)


def test_the_same_call_has_the_same_graph():
    field = xr.DataArray(da.ones((4, 5)), dims=("x", "z"))
    options = ({}, {}, {"left": 1.0}, {"method": "next"})
    names = [interp(field, [1.5, 2.0], "z", **some).data.name for some in options]
    assert names[0] == names[1] and len(set(names)) == 3


# ---------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: interp(FIELD, 1.0, "lev"), ValueError, "no dimension 'lev'.*'time', 'level', 'x'"),
        (lambda: interp(FIELD, [[1.0]], "level"), ValueError, r"shape \(1, 1\).*DataArray"),
        (lambda: interp(FIELD, 1.0, "level", coord="z"), ValueError, "no coordinate 'z'.*'height'"),
        (lambda: interp(FIELD, 1.0, "level", coord="station"), ValueError, "'station' have the dimensions none, but n"),
        (
            lambda: interp(FIELD, 1.0, "level", coord=FIELD.height[:3]),
            ValueError,
            "length 5.* 3 in the levels 'height'",
        ),
        (lambda: interp(FIELD, OWN.assign_coords(x=list("abce")), "level"), ValueError, "columns.*'x'"),
        (lambda: interp(FIELD, OWN.drop_vars("x")[:3], "level"), ValueError, "columns.*'x'"),
        (lambda: interp(FIELD, ["a"], "level"), TypeError, "targets have dtype <U1"),
        (lambda: interp(FIELD, 1.0, "x"), TypeError, "levels have dtype <U1"),
        (lambda: interp(FIELD, np.array(["2026"], "M8[D]"), "level"), TypeError, "float64.*datetime64.*do not compare"),
        (lambda: interp(FIELD * 1j, 1.0, "level"), TypeError, "complex128"),
        (lambda: interp(FIELD > 0, 1.0, "level"), TypeError, "bool"),
        (lambda: interp(FIELD.to_dataset().assign(flag=FIELD > 0), 1.0, "level"), TypeError, "'flag' has dtype bool"),
        (lambda: interp(FIELD.values, 1.0, "level"), TypeError, "not ndarray"),
        (lambda: interp(FIELD, 1.0, "level", method="cubic"), ValueError, "'cubic'.*\"linear\""),
        (lambda: interp(FIELD, 1.0, "level", period=0), ValueError, "period"),
        (lambda: interp(FIELD, 1.0, "level", left="a"), TypeError, "left"),
        (lambda: interp(FIELD.isel(level=[]), 1.0, "level"), ValueError, "no levels.*'level'"),
        (lambda: interp(FIELD, 1.0, "level", device="no such device"), ndgpu.DeviceNotFoundError, "no such device"),
        (lambda: regrid([FIELD, FIELD.values], 1.0, "level"), TypeError, "not ndarray"),
        (lambda: weighted_mean(FIELD, np.ones(4), "x"), TypeError, "DataArray.*ndarray"),
        (lambda: weighted_mean(FIELD, FIELD.height, "lev"), ValueError, "no dimension 'lev'.*'time', 'level', 'x'"),
        (lambda: weighted_mean(FIELD, FIELD.height.where(FIELD.height > 3)), ValueError, "fillna"),
        (lambda: weighted_mean(FIELD * 1j, FIELD.height), TypeError, "'air' has dtype complex128"),
        (lambda: weighted_mean(FIELD, FIELD.label), TypeError, "'weights' has dtype <U1"),
        (lambda: weighted_mean(FIELD.values, FIELD.height), TypeError, "not ndarray"),
    ],
)
def test_errors_name_what_is_at_fault(call, error, message):
    with pytest.raises(error, match="(?s)" + message):
        call()


def test_the_example_checks_itself_and_draws(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install ndgpu[bench]")
    example = pathlib.Path(__file__).parent.parent / "examples" / "vertical_regridding.py"
    picture = tmp_path / "drawn.png"
    size = ["--latitudes", "25", "--longitudes", "48", "--output", picture]
    run = subprocess.run([sys.executable, example, *size], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert "1,200 columns of 60 levels" in run.stdout and "Checked against NumPy" in run.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
