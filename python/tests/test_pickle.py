"""What is pickled computes the same elsewhere: in this process, in another, in joblib's and in dask's."""

import copy
import multiprocessing
import os
import pathlib
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import ndgpu

X = np.linspace(-1.0, 5.0, 13, dtype=np.float32)
XP, FP = np.float32([0, 1, 2.5, 4]), np.float32([1, 5, -2, 3])
ROWS = np.float32([[1, 5, -2, 3], [0, 1, 2, 3]])
PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)

#: Tables of every kind, and what asks them.
TABLES = {
    "plain": lambda d: ndgpu.InterpTable(XP, FP, device=d),
    "options": lambda d: ndgpu.InterpTable(XP, FP, left=-7, right=9, method="next", device=d),
    "period": lambda d: ndgpu.InterpTable(XP, FP, period=3.5, device=d),
    "sorted": lambda d: ndgpu.InterpTable(XP[::-1], FP, order="sort", extrapolate=True, device=d),
    "descending": lambda d: ndgpu.InterpTable(XP[::-1], FP, order="descending", device=d),
    "skips": lambda d: ndgpu.InterpTable(XP, np.float32([1, np.nan, 2, 3]), skip_missing=True, device=d),
    "with_values": lambda d: ndgpu.InterpTable(XP, FP, method="previous", device=d).with_values(FP * 2),
    "lists": lambda d: ndgpu.InterpTable([0, 1, 2], [1.0, 2.0, 4.0], dtype="float32", device=d),
    "on the device": lambda d: ndgpu.InterpTable(d.upload(XP), d.upload(FP)),
    "values on the device": lambda d: ndgpu.InterpTable(XP, d.upload(FP), left=3, device=d),
    "rows": lambda d: ndgpu.InterpTable(XP, ROWS, device=d),
}


def asked(table):
    return table.interp_rows(X).numpy()


@pytest.fixture(params=TABLES)
def table(request, device):
    return TABLES[request.param](device)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tables(table, protocol):
    restored = pickle.loads(pickle.dumps(table, protocol))
    np.testing.assert_array_equal(asked(restored), asked(table))
    assert (restored.dtype, restored.device, restored.knots) == (table.dtype, table.device, table.knots)
    again = pickle.loads(pickle.dumps(restored))
    np.testing.assert_array_equal(asked(again), asked(table))


def test_a_table_is_pickled_as_it_was_made():
    """What happens to the arguments later is nothing to it."""
    device = ndgpu.Device("cpu")
    xp, fp = XP.copy(), FP.copy()
    there = device.upload(fp)
    tables = [ndgpu.InterpTable(xp, fp, device=device), ndgpu.InterpTable(xp, there, device=device)]
    before = [asked(each) for each in tables]
    xp[:], fp[:] = 0, 0
    there.overwrite(fp)
    for each, values in zip(tables, before):
        np.testing.assert_array_equal(asked(pickle.loads(pickle.dumps(each))), values)


def test_copies_of_what_nothing_changes_are_it(table, device):
    for each in (table, ndgpu.Knots(XP, device=device), device):
        assert copy.copy(each) is each and copy.deepcopy(each) is each


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sorted_axes(device, protocol):
    for edges in (XP, XP[::-1]):
        knots = ndgpu.Knots(edges, device=device)
        restored = pickle.loads(pickle.dumps(knots, protocol))
        np.testing.assert_array_equal(restored.digitize(X).numpy(), np.digitize(X, edges))
        assert len(restored) == 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint32])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays(device, dtype, protocol):
    if dtype is np.float64 and not device.supports_float64:
        pytest.skip("there is no float64")
    for shape in ((2, 3), (), (0, 3), (1,) * 63 + (2,)):
        values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
        there = device.upload(values)
        restored = pickle.loads(pickle.dumps(there, protocol))
        np.testing.assert_array_equal(restored.numpy(), values, strict=True)
        assert restored.device == device


def test_an_array_and_what_it_is_asked_stay_together(device):
    table, there = pickle.loads(pickle.dumps((TABLES["plain"](device), device.upload(X))))
    np.testing.assert_allclose(table.interp(there).numpy(), np.interp(X, XP, FP), rtol=1e-6)
    np.testing.assert_array_equal(table.interp(device.upload(X)).numpy(), table.interp(there).numpy())


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
def test_a_copy_of_an_array_is_overwritten_alone(device, how):
    there = device.upload(X)
    before = device.transfers().readbacks
    other = how(there)
    assert device.transfers().readbacks == before, "a copy moves nothing to the host"
    there.overwrite(X * 2)
    np.testing.assert_array_equal(other.numpy(), X)
    other.overwrite(X * 3)
    np.testing.assert_array_equal(there.numpy(), X * 2)


def test_functions_of_points(device):
    f = ndgpu.Interp1d(XP, ROWS * 1j, fill_value=(1, 2j), device=device)
    for other in (pickle.loads(pickle.dumps(f)), copy.copy(f), copy.deepcopy(f)):
        np.testing.assert_array_equal(other(X), f(X))
        assert (other.axis, other.dtype, repr(other)) == (f.axis, f.dtype, repr(f))


def test_what_is_wrong_with_values_is_told_when_they_are_pickled(device):
    average = device.upload([[1.0, 2.0]], np.float32).average(1, weights=[1.0, -1.0])
    with pytest.raises(ZeroDivisionError):
        pickle.dumps(average)


def test_plans_stay_where_they_are(device):
    plan = device.capture(device.upload(X), lambda x: x.sum())
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(plan)


def work(table, there, device, f):
    """In another process: everything fits together there, and is on the device that the process has."""
    assert os.getpid() != int(os.environ["NDGPU_TEST_PARENT"])
    assert device == there.device == table.device
    if device.backend is None:
        assert ndgpu.get_device() == device
        assert table.interp(ndgpu.get_device().upload(X)).shape == X.shape
    return table.interp(there), f(X), table


@pytest.fixture
def parent(monkeypatch):
    monkeypatch.setenv("NDGPU_TEST_PARENT", str(os.getpid()))
    monkeypatch.setenv("NDGPU_DEVICE", "cpu")
    # Where this module is found.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(pathlib.Path(__file__).parent), *sys.path]))


@pytest.fixture
def parcel(device):
    f = ndgpu.Interp1d(XP, FP, fill_value=0.5, device=device)
    return TABLES["plain"](device), device.upload(X), device, f


def judge(returned, parcel):
    (result, values, restored), (table, there, device, f) = returned, parcel
    assert result.device == device
    np.testing.assert_array_equal(result.numpy(), table.interp(there).numpy())
    np.testing.assert_array_equal(values, f(X))
    np.testing.assert_array_equal(restored.interp(there).numpy(), table.interp(there).numpy())


def test_a_process_that_is_spawned(parent, parcel):
    import test_pickle  # by the name that the other process finds it under

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        judge(pool.apply(test_pickle.work, parcel), parcel)


def test_joblib(parent, parcel):
    joblib = pytest.importorskip("joblib")
    import test_pickle

    calls = [joblib.delayed(test_pickle.work)(*parcel) for _ in range(2)]
    for returned in joblib.Parallel(n_jobs=2, backend="loky")(calls):
        judge(returned, parcel)
    # As joblib names what it keeps on disk.
    assert (
        joblib.hash(TABLES["plain"](parcel[2])) == joblib.hash(parcel[0]) != joblib.hash(TABLES["options"](parcel[2]))
    )


def test_dask_knows_the_same_by_the_same_name(device):
    from dask.base import tokenize

    for name, make in TABLES.items():
        assert tokenize(make(device)) == tokenize(make(device)), name
    names = {tokenize(make(device)) for make in TABLES.values()}
    assert len(names) == len(TABLES)
    assert tokenize(device.upload(X)) == tokenize(device.upload(X)) != tokenize(device.upload(-X))
    assert tokenize(device) == tokenize(device)


def test_dask_carries_them(device):
    import dask
    import dask.array as da

    table = TABLES["plain"](device)
    blocks = da.from_array(X, chunks=5).map_blocks(lambda block: table.interp(block).numpy(), dtype=np.float32)
    with dask.config.set(scheduler="sync"):
        np.testing.assert_array_equal(blocks.compute(), table.interp(X).numpy())


def test_tokens_are_the_same_in_every_process(tmp_path):
    script = tmp_path / "names.py"
    script.write_text(
        textwrap.dedent(
            """
            import ndgpu
            from dask.base import tokenize
            table = ndgpu.InterpTable([0.0, 1.0], [2.0, 4.0], left=-1.0, device="cpu")
            there, knots = table.device.upload([1.0, 2.0]), ndgpu.Knots([1.0], device="cpu")
            print(tokenize(table), tokenize(there), tokenize(knots))
            """
        )
    )
    runs = [subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120) for _ in range(2)]
    assert runs[0].returncode == 0, runs[0].stderr
    assert runs[0].stdout == runs[1].stdout != ""
