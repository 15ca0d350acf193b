"""`ndgpu.dask` against NumPy, block by block in this process, and on a cluster of worker processes that are watched.

What goes to the workers of a cluster is defined inside the tests, so that it travels by value: they cannot import this
file.
"""

import gc
import itertools
import logging
import math
import os
import re
import signal
import subprocess
import sys
import time
import warnings
import weakref

import dask
import dask.array as da
import distributed
import numpy as np
import pytest
from conftest import ADAPTER
from dask.callbacks import Callback

import ndgpu
import ndgpu.dask

RNG = np.random.default_rng(2026)
CUBE = RNG.normal(size=(7, 5, 4))
CHUNKS = [(7, 5, 4), (2, 3, 4), ((3, 4), (5,), (1, 3)), (1, 1, 1)]


@pytest.fixture(autouse=True)
def in_this_thread():
    """Whoever does not ask for a cluster computes here."""
    with dask.config.set(scheduler="synchronous"):
        yield


def check(lazy, want, rtol=1e-12):
    """The array is what it said that it would be, and what NumPy has."""
    want = np.asarray(want)
    got = np.asarray(lazy.compute())
    assert (got.dtype, got.shape) == (lazy.dtype, lazy.shape) == (want.dtype, want.shape)
    np.testing.assert_allclose(got, want, rtol=rtol, atol=1e-15)
    # To the line above, complex numbers are the same if anything about them is NaN.
    np.testing.assert_array_equal(np.isnan(got.imag), np.isnan(want.imag))


def never(shape, chunks=-1, dtype=float):
    """An array that fails if anybody computes it."""

    def fail(block_info=None):
        raise AssertionError("this was not to be computed")

    chunks = da.core.normalize_chunks(chunks, shape, dtype=dtype)
    return da.map_blocks(fail, chunks=chunks, dtype=dtype, meta=np.empty((0,) * len(shape), dtype))


def raised(call):
    """The error that a call ends with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call()
        except Exception as error:
            return error
    return None


class Watch(Callback):
    """Records what goes through the tasks of a graph: results in bytes, and the number of inputs of each."""

    def __init__(self):
        super().__init__(start_state=self._start_state, posttask=self._posttask)
        self.results = {}

    def _start_state(self, dsk, state):
        self.inputs = {key: len(inputs) for key, inputs in state["dependencies"].items()}

    def _posttask(self, key, result, dsk, state, worker):
        parts = result if isinstance(result, tuple) else (result,)
        self.results[key] = sum(getattr(part, "nbytes", 0) for part in parts)

    def of(self, prefix):
        return [key for key in self.results if str(key[0]).startswith(prefix)]


# ------------------------------------------------------------------------------------------------- interp, here

TABLES = {
    "plain": ([-1.0, 0.0, 0.5, 2.0], [3.0, -1.0, 4.0, 1.0], {}),
    "ends": ([-1, 0, 2], [3, -1, 4], {"left": -7.5, "right": 9}),
    "one knot": ([0.25], [3.0], {"left": 1.0}),
    "one knot, nowhere": ([np.nan], [3.0], {"left": 1.0}),
    "equal knots": ([0.0, 0.5, 0.5, 1.0], [0.0, 1.0, 2.0, 3.0], {}),
    "period": ([0.4, 0.1, 1.9], [1.0, 2.0, 3.0], {"period": 1.5}),
    "negative period": ([0.4, 0.1, 1.9], [1.0, 2.0, 3.0], {"period": -1.5, "left": 5.0}),
    "complex": ([-1.0, 0.0, 2.0], [1 + 2j, 3 - 1j, 5j], {}),
    "complex ends": ([-1.0, 0.0, 2.0], [1 + 2j, 3 - 1j, 5j], {"left": 1j, "right": 2}),
    "complex period": ([-1.0, 0.0, 2.0], [1 + 2j, 3 - 1j, 5j], {"period": 4}),
}


@pytest.mark.parametrize("chunks", CHUNKS, ids=str)
@pytest.mark.parametrize("table", TABLES)
def test_interp_is_numpys(on_device, table, chunks):
    xp, fp, options = TABLES[table]
    x = CUBE.copy()
    x[0, 0] = [np.nan, np.inf, -np.inf, 0.5]
    lazy = ndgpu.dask.interp(da.from_array(x, chunks=chunks), xp, fp, **options)
    assert lazy.chunks == da.from_array(x, chunks=chunks).chunks
    with np.errstate(invalid="ignore"):  # infinity has no place in a period
        check(lazy, np.interp(x, xp, fp, **options))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "?", "i1", "u1", "i4", "i8", "u8"])
def test_interp_takes_any_real_type(on_device, dtype):
    x = (CUBE * 3).clip(0 if dtype[0] in "u?" else None).astype(dtype)
    xp, fp, _ = TABLES["plain"]
    check(ndgpu.dask.interp(da.from_array(x, chunks=3), xp, fp), np.interp(x, xp, fp))


def test_interp_of_no_dimensions_and_of_nothing(on_device):
    xp, fp, _ = TABLES["plain"]
    for x in (np.array(0.25), np.empty(0), np.empty((3, 0, 2))):
        check(ndgpu.dask.interp(da.from_array(x), xp, fp), np.interp(x, xp, fp))


def test_interp_of_unknown_chunks(on_device):
    xp, fp, _ = TABLES["plain"]
    flat = CUBE.ravel()
    x = da.from_array(flat, chunks=31)
    lazy = ndgpu.dask.interp(x[x > 0], xp, fp)
    assert math.isnan(lazy.shape[0])
    np.testing.assert_allclose(lazy.compute(), np.interp(flat[flat > 0], xp, fp), rtol=1e-12)


def test_interp_with_tables_that_are_dask_arrays(on_device):
    xp, fp = np.linspace(-2, 2, 101), np.sin(np.arange(101.0))
    x = da.from_array(CUBE, chunks=3)
    want = np.interp(CUBE, xp, fp)
    for xp_chunks, fp_chunks in ((101, 101), (7, 40), (50, 1)):
        check(ndgpu.dask.interp(x, da.from_array(xp, xp_chunks), da.from_array(fp, fp_chunks)), want)
        check(ndgpu.dask.interp(x, xp, da.from_array(fp, fp_chunks)), want)
    some = da.from_array(xp, 7)
    check(ndgpu.dask.interp(x, some[some > -1], fp[xp > -1]), np.interp(CUBE, xp[xp > -1], fp[xp > -1]))
    with pytest.raises(ValueError, match="not of the same length"):
        ndgpu.dask.interp(x, some[some > -1], fp).compute()


def test_interp_takes_knots_out_of_order(on_device):
    # What comes of them is anybody's guess in NumPy too; but they are no error.
    x = da.from_array(CUBE, chunks=3)
    assert np.isfinite(ndgpu.dask.interp(x, [3.0, 1.0, 2.0], [1.0, 2.0, 3.0]).compute()).all()


def test_interp_computes_nothing_before_it_is_asked(monkeypatch):
    monkeypatch.setattr(ndgpu, "get_device", lambda: pytest.fail("a device was opened"))
    x, table = never((100, 10), chunks=7), never((5,), chunks=2)
    for xp, fp in ((table, table), (range(5), table), (range(5), range(5))):
        lazy = ndgpu.dask.interp(x, xp, fp)
        with pytest.raises(AssertionError, match="not to be computed"):
            lazy.compute()


@pytest.mark.parametrize(
    "arguments",
    [
        ([], []),
        ([1.0, 2.0], [1.0]),
        ([[1.0, 2.0]], [[1.0, 2.0]]),
        (1.0, 1.0),
        ([1.0, 2.0], [1.0, 2.0], None, None, 0),
        ([1.0, 2.0], [1.0, 2.0], 1j),
        ([1.0, 2.0], [1.0, 2.0], None, "a"),
        ([1j, 2.0], [1.0, 2.0]),
    ],
    ids=str,
)
def test_interp_refuses_in_the_call_what_numpy_refuses(arguments):
    want = raised(lambda: np.interp(np.zeros(3), *arguments))
    got = raised(lambda: ndgpu.dask.interp(never((3,)), *arguments))
    assert want is not None and type(got) is type(want)


def test_interp_refuses_queries_that_are_not_real():
    for dtype in ("c16", "O", "U3"):
        with pytest.raises(TypeError, match="cannot be cast to float64"):
            ndgpu.dask.interp(never((3,), dtype=dtype), [0.0, 1.0], [0.0, 1.0])


def test_a_table_is_one_node_named_by_its_contents():
    x = da.zeros((100, 100), chunks=10)
    xp, fp = np.arange(5.0), np.arange(5.0)

    def nodes(*table):
        graph = dict(dask.optimize(ndgpu.dask.interp(x, *table))[0].dask)
        return [key for key in graph if str(key).startswith("ndgpu-table")]

    (name,) = nodes(xp, fp)
    assert nodes(xp.copy(), list(fp)) == [name]
    for other in ((xp, fp + 1), (xp, fp, 0.0), (xp, fp, None, None, 9)):
        assert len(nodes(*other)) == 1 and nodes(*other) != [name]
    assert len(nodes(da.from_array(xp, 2), da.from_array(fp, 2))) == 1


def test_later_changes_to_the_arrays_do_not_reach_the_table(on_device):
    xp, fp = np.arange(3.0), np.arange(3.0)
    lazy = ndgpu.dask.interp(da.from_array(np.array([0.5])), xp, fp)
    fp[:] = 9
    assert lazy.compute() == [0.5]


def test_threads_share_one_table(on_device):
    tables = ndgpu.dask._interp._TABLES
    before = tables.made
    x = da.from_array(CUBE, chunks=1)
    lazy = ndgpu.dask.interp(x, [-5.0, 0.1, 5.0], [0.0, 1.0, 2.0])
    for _ in range(2):
        got = lazy.compute(scheduler="threads", num_workers=8)
        np.testing.assert_allclose(got, np.interp(CUBE, [-5.0, 0.1, 5.0], [0.0, 1.0, 2.0]), rtol=1e-12)
    assert tables.made == before + 1


def test_a_process_keeps_few_tables(on_device):
    tables = ndgpu.dask._interp._Tables(limit=2)

    def points(value):
        return ndgpu.dask._interp._Points.of(np.arange(2.0), np.full(2, value), None, None, None, str(value))

    first = weakref.ref(tables.get(points(0.0)))
    again = weakref.ref(tables.get(points(1.0)))
    assert tables.get(points(0.0)) is first()
    tables.get(points(2.0))
    gc.collect()
    assert first() is not None and again() is None
    tables.get(points(1.0))
    assert tables.made == 4


# ------------------------------------------------------------------------------------------------ average, here

AXES = [None, 0, 1, -1, (0, 1), (2, 0), (1, 0, 2), (2, 1, 0), (-1,), ()]


def weights_for(axis):
    """No weights, one for each element, and one for each place along the axes."""
    yield None
    yield RNG.random(CUBE.shape)
    if axis is not None:
        axes = axis if isinstance(axis, tuple) else (axis,)
        yield RNG.random([CUBE.shape[axis] for axis in axes])


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("chunks", CHUNKS[1:3], ids=str)
def test_average_is_numpys(on_device, axis, chunks):
    a = da.from_array(CUBE, chunks=chunks)
    for weights, keepdims in itertools.product(weights_for(axis), (False, True)):
        want, total = np.average(CUBE, axis, weights, True, keepdims=keepdims)
        given = [weights] if weights is None else [weights, weights.tolist(), da.from_array(weights, chunks=3)]
        for w in given:
            check(ndgpu.dask.average(a, axis, w, keepdims=keepdims), want)
        averages, totals = ndgpu.dask.average(a, axis, given[-1], True, keepdims=keepdims, split_every=2)
        check(averages, want)
        check(totals, total)


@pytest.mark.parametrize("weights_type", [None, "?", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "i8", "f2", "f4", "f8", "c8", "c16"])
def test_average_has_numpys_types(on_device, dtype, weights_type):
    def some(type_):
        values = RNG.integers(1, 9, (6, 5)) + (1j * RNG.integers(1, 9, (6, 5)) if type_[0] == "c" else 0)
        return values.astype(type_)

    a = some(dtype)
    weights = None if weights_type is None else some(weights_type)
    want, total = np.average(a, 0, weights, True)
    averages, totals = ndgpu.dask.average(da.from_array(a, chunks=(2, 3)), 0, weights, returned=True)
    rtol = {2: 2e-3, 4: 1e-6, 8: 1e-12}[want.real.dtype.itemsize]
    check(averages, want, rtol)
    check(totals, total, rtol)


def test_weights_of_a_square_array_are_told_apart_in_each_block(on_device):
    # The blocks of the array and those of its weights have the same shapes here, in either order of the axes.
    a = np.arange(24.0).reshape(4, 6)
    weights = RNG.random((6, 4))
    check(ndgpu.dask.average(da.from_array(a, chunks=2), (1, 0), weights), np.average(a, (1, 0), weights))
    # Weights of the array's own shape are its weights, however the axes are named.
    a, weights = a[:, :4], weights[:4]
    check(ndgpu.dask.average(da.from_array(a, chunks=2), (1, 0), weights), np.average(a, (1, 0), weights))


def test_average_of_no_dimensions_and_of_nothing(on_device):
    one = np.array(3.0)
    check(ndgpu.dask.average(da.from_array(one)), np.average(one))
    averages, total = ndgpu.dask.average(da.from_array(one), weights=2.0, returned=True)
    check(averages, 3.0)
    check(total, 2.0)
    nothing = np.empty((0, 4))
    with np.errstate(invalid="ignore"):
        check(ndgpu.dask.average(da.from_array(nothing), axis=0), np.full(4, np.nan))
    check(ndgpu.dask.average(da.from_array(nothing), axis=1, weights=np.ones(4)), np.empty(0))
    with pytest.raises(ZeroDivisionError):
        ndgpu.dask.average(da.from_array(nothing), axis=0, weights=np.ones(0)).compute()


def test_average_of_unknown_chunks(on_device):
    a = da.from_array(CUBE.reshape(35, 4), chunks=(8, 3))
    some = a[a[:, 0] > 0]
    known = CUBE.reshape(35, 4)[CUBE.reshape(35, 4)[:, 0] > 0]
    for axis in (None, 0, 1):
        np.testing.assert_allclose(ndgpu.dask.average(some, axis).compute(), np.average(known, axis), rtol=1e-12)
    np.testing.assert_allclose(
        ndgpu.dask.average(some, 0, abs(some[:, 1])).compute(), np.average(known, 0, abs(known[:, 1])), rtol=1e-12
    )
    np.testing.assert_allclose(
        ndgpu.dask.average(some, 1, range(4)).compute(), np.average(known, 1, range(4)), rtol=1e-12
    )
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        ndgpu.dask.average(some, 0, np.ones(len(known)))


def test_average_keeps_nan(on_device):
    a = CUBE.copy()
    a[3, 2, 1] = np.nan
    check(ndgpu.dask.average(da.from_array(a, chunks=2), 0, np.ones(7)), np.average(a, 0, np.ones(7)))


def test_weights_that_sum_to_zero_are_an_error_when_computed(on_device):
    a = da.from_array(CUBE, chunks=2)
    weights = np.array([1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.0])
    message = "Weights sum to zero, can't be normalized"
    assert str(raised(lambda: np.average(CUBE, 0, weights))) == message
    for lazy in ndgpu.dask.average(a, 0, weights, True):
        with pytest.raises(ZeroDivisionError, match=message):
            lazy.compute()
    # One column is enough.
    full = np.ones(CUBE.shape)
    full[:, 1, 1] = weights
    with pytest.raises(ZeroDivisionError, match=message):
        ndgpu.dask.average(a, 0, full).compute()


@pytest.mark.parametrize(
    "arguments",
    [
        {"axis": 3},
        {"axis": -4},
        {"axis": (0, 7)},
        {"axis": (0, 0)},
        {"axis": (0, -3)},
        {"axis": 1.0},
        {"weights": np.ones(7)},
        {"axis": 0, "weights": np.ones(5)},
        {"axis": 0, "weights": np.ones((7, 5))},
        {"axis": (1, 0), "weights": np.ones((7, 5))},
        {"axis": 0, "weights": 1.0},
    ],
    ids=str,
)
def test_average_refuses_in_the_call_what_numpy_refuses(arguments):
    want = raised(lambda: np.average(CUBE, **arguments))
    got = raised(lambda: ndgpu.dask.average(never(CUBE.shape, chunks=2), **arguments))
    assert want is not None and type(got) is type(want)


def test_average_refuses_what_it_cannot_do():
    with pytest.raises(TypeError, match="not supported"):
        ndgpu.dask.average(never((3,), dtype="O"))
    with pytest.raises(TypeError, match="mask"):
        ndgpu.dask.average(da.ma.masked_equal(da.ones(3), 1))
    for split_every in (1, 0, -1):
        with pytest.raises(ValueError, match="at least 2"):
            ndgpu.dask.average(never((3,)), split_every=split_every)


def test_average_computes_nothing_before_it_is_asked(monkeypatch):
    monkeypatch.setattr(ndgpu, "get_device", lambda: pytest.fail("a device was opened"))
    lazy = ndgpu.dask.average(never((100, 10), chunks=7), 0, never((100,), chunks=9))
    with pytest.raises(AssertionError, match="not to be computed"):
        lazy.compute()


@pytest.mark.parametrize("split_every", [2, 3, 4, 16, None])
@pytest.mark.parametrize("axis", [0, 1, (0, 1), (0, 1, 2), None], ids=str)
def test_the_sums_go_up_a_tree(axis, split_every):
    a = da.ones((36, 12, 10), chunks=(2, 4, 5))
    weights = da.ones((36, 12, 10), chunks=(36, 4, 10))
    lazy = ndgpu.dask.average(a, axis, weights, split_every=split_every)
    with Watch() as watch:
        assert (lazy.compute(optimize_graph=False) == 1).all()

    fan_in = split_every or 4
    axes = (0, 1, 2) if axis is None else np.atleast_1d(axis)
    joined = math.prod(a.numblocks[axis] for axis in axes)
    results = math.prod(a.numblocks) // joined
    adding = watch.of("ndgpu-average-tree")
    assert max(watch.inputs[key] for key in adding) == min(fan_in, joined)
    # In a tree of full nodes there are no more tasks than that, and no more levels.
    assert len(adding) <= results * (math.ceil((joined - 1) / (fan_in - 1)) + math.ceil(math.log(joined, fan_in)))
    levels = {key[0] for key in adding}
    assert len(levels) == math.ceil(math.log(joined, fan_in) - 1e-9)

    # No task holds more than a block or the sums of one: nobody sees a row.
    block = 2 * 4 * 5 * 8
    passed_on = watch.of("ndgpu-average-")
    assert len(passed_on) == len(adding) + math.prod(a.numblocks) + results
    assert max(watch.results[key] for key in passed_on) <= 2 * block // math.prod(a.chunksize[axis] for axis in axes)
    assert max(watch.results[key] for key in watch.of("ones")) <= 36 * 4 * 10 * 8


def test_an_average_of_floats_is_added_up_in_doubles(on_device):
    # In float32 the first of the ones would vanish beside its neighbour.
    a = np.array([2**24, 1, -(2**24), 1], np.float32)
    check(ndgpu.dask.average(da.from_array(a, chunks=1), split_every=2), np.float32(0.5), rtol=0)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_weights_along_an_axis_go_up_as_they_are(on_device, dtype):
    a = da.ones((200, 300), chunks=(100, 150), dtype=dtype)
    lazy = ndgpu.dask.average(a, 1, np.ones(300, dtype))
    before = on_device.transfers().upload_bytes
    lazy.compute()
    size = np.dtype(dtype).itemsize
    assert on_device.transfers().upload_bytes - before == (200 * 300 + 2 * 300) * size


@pytest.mark.parametrize(
    ("setting", "code", "message"),
    [
        ({}, "import sys; sys.modules['dask'] = None; import ndgpu, ndgpu.dask", "pip install ndgpu[dask]"),
        pytest.param(
            {"DASK_ARRAY__QUERY_PLANNING": "True"},
            "import ndgpu.dask, dask.array; ndgpu.dask.average(dask.array.ones(3))",
            "array.query-planning",
            marks=pytest.mark.skipif(not hasattr(da, "array_expr_enabled"), reason="this dask plans no queries"),
        ),
    ],
    ids=["no dask", "query planning"],
)
def test_what_is_missing_is_named(setting, code, message):
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | setting)
    assert ran.returncode != 0 and message in ran.stderr


# ------------------------------------------------------------------------------------------------- on a cluster

# Long, because a cluster may start on two cores that are compiling something.
PATIENCE = 60
HOST = "127.0.0.1"
LIMIT = 300_000_000


def environment(device):
    """What a worker process has to know: its device, and that the other core belongs to the other worker."""
    return {"NDGPU_DEVICE": device, "RAYON_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def client():
    """Two worker processes of one thread each, on the CPU engine, that are killed if they take LIMIT bytes."""
    with (
        dask.config.set({"distributed.comm.timeouts.connect": f"{PATIENCE}s"}),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            memory_limit=LIMIT,
            dashboard_address=None,
            env=environment("cpu"),
        ) as cluster,
        distributed.Client(cluster, timeout=PATIENCE) as client,
    ):
        client.wait_for_workers(2, timeout=PATIENCE)
        yield client


def on_cluster(client, lazy, **options):
    return client.compute(lazy, **options).result(timeout=PATIENCE)


def test_a_cluster_gives_what_numpy_gives(client):
    a = RNG.normal(size=(300, 400))
    weights = RNG.random(400)
    xp, fp = np.linspace(-2, 2, 1000), np.sin(np.linspace(-2, 2, 1000))
    x = da.from_array(a, chunks=(70, 90))
    values = ndgpu.dask.interp(x, xp, fp)
    table = ndgpu.dask.interp(x, da.from_array(xp, 300), da.from_array(fp, 300))
    for lazy in (values, table):
        np.testing.assert_allclose(on_cluster(client, lazy), np.interp(a, xp, fp), rtol=1e-12)
    for axis, w in ((1, weights), ((1, 0), RNG.random((400, 300))), (0, None), (None, a + 5)):
        got = client.compute(list(ndgpu.dask.average(values, axis, w, True)))
        want = np.average(np.interp(a, xp, fp), axis, w, True)
        for one, other in zip(client.gather(got), want, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11)
    with pytest.raises(ZeroDivisionError, match="Weights sum to zero"):
        on_cluster(client, ndgpu.dask.average(values, 1, np.zeros(400)))


def test_a_table_moves_to_each_worker_once_and_is_made_there_once(client):
    def made():
        import ndgpu.dask

        return ndgpu.dask._interp._TABLES.made

    def moves(dask_worker):
        return [key for log in dask_worker.transfer_incoming_log for key in log["keys"] if "ndgpu-table" in str(key)]

    def slow(block):
        time.sleep(0.02)  # so that both workers get their share
        return block

    before = client.run(made)
    moved = {worker: len(keys) for worker, keys in client.run(moves).items()}
    xp = np.linspace(0, 1, 50_000)
    x = da.random.default_rng(0).random((60, 1000), chunks=(1, 1000)).map_blocks(slow)
    values = ndgpu.dask.interp(x, xp, xp**2).persist(scheduler=client)
    distributed.wait(values, timeout=PATIENCE)

    holders = client.has_what()
    assert all(len(keys) > 1 for keys in holders.values()) and len(holders) == 2, "both workers had blocks to do"
    assert {worker: n - before[worker] for worker, n in client.run(made).items()} == dict.fromkeys(before, 1)
    new = {worker: len(keys) - moved[worker] for worker, keys in client.run(moves).items()}
    # One worker took the table from the graph, the other one from the first.
    assert sorted(new.values()) in ([0, 0], [0, 1])


def test_data_larger_than_a_workers_memory(client):
    rows, columns = 1600, 120_000
    assert rows * columns * 8 > 5 * LIMIT

    def ramp(block_info=None):
        (top, bottom), (first, last) = block_info[None]["array-location"]
        return np.add.outer(np.arange(top, bottom, dtype=float), np.arange(first, last))

    a = da.map_blocks(
        ramp, chunks=da.core.normalize_chunks((50, 24_000), (rows, columns)), dtype=float, meta=np.empty((0, 0))
    )
    weights = da.arange(1, columns + 1, chunks=50_000, dtype=float)
    workers = client.run(os.getpid)
    got = on_cluster(client, ndgpu.dask.average(a, axis=1, weights=weights))
    # The average of j with weights j + 1, for j below n, is 2 (n - 1) / 3.
    np.testing.assert_allclose(got, np.arange(rows) + 2 * (columns - 1) / 3, rtol=1e-14)

    assert client.run(os.getpid) == workers, "a worker ran out of memory and was replaced"
    if sys.platform == "linux":

        def peak():
            with open("/proc/self/status") as status:
                return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

        assert max(client.run(peak).values()) < LIMIT


def test_progress_is_shown(client, capsys):
    def slow(block):
        time.sleep(0.03)
        return block

    a = da.ones((40, 100), chunks=(1, 100)).map_blocks(slow)
    future = client.compute(ndgpu.dask.average(ndgpu.dask.interp(a, [0, 2], [0, 4]), axis=1))
    distributed.progress(future, notebook=False, interval="20ms")
    shown = [int(percent) for percent in re.findall(r"(\d+)% Completed", capsys.readouterr().out)]
    assert shown[-1] == 100 and shown == sorted(shown) and len(set(shown)) > 2
    assert future.result(timeout=PATIENCE).tolist() == [2.0] * 40


def test_a_worker_that_is_killed_takes_nothing_along(client):
    def six_and_then_wait(block):
        worker = distributed.get_worker()
        worker.blocks_done = getattr(worker, "blocks_done", 0) + 1
        if worker.blocks_done > 6:
            assert distributed.Event("one is dead").wait(PATIENCE)
        return block

    numbers = np.arange(60.0 * 500).reshape(60, 500)
    xp, fp = np.linspace(0, 30_000, 400), np.cos(np.arange(400.0))
    x = da.from_array(numbers, chunks=(1, 500)).map_blocks(six_and_then_wait, meta=np.empty((0, 0)))
    values = ndgpu.dask.interp(x, xp, fp).persist(scheduler=client)
    average = client.compute(ndgpu.dask.average(values, 1, np.arange(1.0, 501)))
    blocks = distributed.futures_of(values)

    until = time.monotonic() + PATIENCE
    while sum(block.done() for block in blocks) < 12:
        assert time.monotonic() < until
        time.sleep(0.02)
    held = client.has_what()
    victim = sorted(held)[0]
    lost = {block.key for block in blocks} & set(held[victim])
    pids = client.run(os.getpid)
    os.kill(pids[victim], signal.SIGKILL)
    assert len(lost) >= 6 and not average.done(), "it was in the middle of its work, and had results"
    while victim in client.has_what():
        assert time.monotonic() < until
        time.sleep(0.02)
    distributed.Event("one is dead", client=client).set()

    want = np.interp(numbers, xp, fp)
    np.testing.assert_allclose(average.result(timeout=PATIENCE), np.average(want, 1, np.arange(1.0, 501)), rtol=1e-11)
    np.testing.assert_allclose(on_cluster(client, values), want, rtol=1e-12)
    assert all(client.who_has(blocks)[key] for key in lost), "what was lost has been computed again"
    client.wait_for_workers(2, timeout=PATIENCE)
    assert pids[victim] not in client.run(os.getpid).values()


def test_each_worker_has_the_device_that_its_environment_names():
    def options(device):
        return {"cls": distributed.Nanny, "options": {"nthreads": 1, "host": HOST, "env": environment(device)}}

    def work(dask_worker):
        import ndgpu

        return dask_worker.name, (ndgpu.get_device().name, ndgpu.get_device().transfers().uploads)

    with (
        distributed.SpecCluster(
            workers={"plain": options("cpu"), "adapter": options(ADAPTER)},
            scheduler={"cls": distributed.Scheduler, "options": {"dashboard_address": ":0", "host": HOST, "port": 0}},
            silence_logs=logging.WARN,
        ) as cluster,
        distributed.Client(cluster, timeout=PATIENCE) as client,
    ):
        client.wait_for_workers(2, timeout=PATIENCE)
        for name in ("plain", "adapter"):
            before = dict(client.run(work).values())
            a = RNG.normal(size=(60, 100))
            values = ndgpu.dask.interp(da.from_array(a, chunks=25), [-1, 1], [0, 5])
            lazy = ndgpu.dask.average(values, 1, np.arange(100.0))
            got = on_cluster(client, lazy, workers=[name], allow_other_workers=False)
            np.testing.assert_allclose(got, np.average(np.interp(a, [-1, 1], [0, 5]), 1, np.arange(100.0)), rtol=1e-11)
            after = dict(client.run(work).values())
            busy = {worker for worker in after if after[worker][1] > before[worker][1]}
            assert busy == {name}
        assert ADAPTER in after["adapter"][0].lower() and ADAPTER not in after["plain"][0].lower()
