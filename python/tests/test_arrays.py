"""Arrays on a device: what moves, what is shared, and what is refused. Answers are NumPy's."""

import gc
import os
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest

import ndgpu

FLOATS = [np.float32, np.float64]


def on_cpu(device):
    return device.kind == "native CPU engine"


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "make",
    [
        lambda a: a,
        lambda a: a[::2, ::-1],
        lambda a: a.T,
        lambda a: np.broadcast_to(a[:1], a.shape),
        lambda a: a[0, 0],
        lambda a: a[:0],
        lambda a: a.astype(a.dtype.newbyteorder()),
        lambda a: np.frombuffer(b"x" + a.tobytes(), a.dtype, offset=1),
    ],
    ids=["whole", "strided", "transposed", "broadcast", "0-d", "empty", "other byte order", "unaligned"],
)
def test_any_layout_goes_up_and_comes_back(device, dtype, make):
    a = make(np.arange(12, dtype=dtype).reshape(3, 4))
    there = device.upload(a)
    np.testing.assert_array_equal(there.numpy(), a)
    assert (there.shape, there.ndim, there.size) == (np.shape(a), np.ndim(a), np.size(a))


@pytest.mark.parametrize("given", [[1, 2], [True, False], np.arange(3, dtype=np.int8), 2.5, np.float16([1.5])])
def test_what_is_not_float32_becomes_float64(device, given):
    there = device.upload(given)
    assert there.dtype == np.float64
    np.testing.assert_array_equal(there.numpy(), np.asarray(given, np.float64))


def test_a_dtype_can_be_asked_for(device):
    assert device.upload([1.5], dtype="float32").dtype == np.float32
    with pytest.raises(TypeError, match="float32, float64 and uint32"):
        device.upload([1.5], dtype=np.int64)


def test_uploads_are_copies(device):
    a = np.ones(100_000)
    there = device.upload(a)
    a[:] = 2.0
    assert there.numpy().max() == 1.0


def test_nothing_becomes_a_numpy_array_by_itself(device):
    there = device.upload(np.ones((2, 3)))
    for convert in (
        np.asarray,
        np.array,
        np.sin,
        lambda a: a + np.ones(3),
        lambda a: np.ones(3) * a,
        np.median,
        np.sort,
    ):
        with pytest.raises(TypeError, match=r"\.numpy\(\)"):
            convert(there)
    assert "0 read back" in repr(there)


def test_numpys_functions_of_arrays_on_a_device_are_ndgpus(device):
    there = device.upload([[3.0, 1.0], [2.0, 5.0]])
    for function in (np.sum, np.mean, np.var, np.std, np.min, np.amax, np.argmin, np.argmax, np.average):
        result = function(there, axis=1)
        assert isinstance(result, ndgpu.DeviceArray)
        np.testing.assert_allclose(result.numpy(), function(there.numpy(), axis=1))
    assert np.interp(there, [0.0, 10.0], [0.0, 1.0]).numpy()[0, 0] == pytest.approx(0.3)
    np.testing.assert_array_equal(np.digitize(there, [2.0, 4.0]).numpy(), [[1, 0], [1, 2]])
    np.testing.assert_array_equal(np.searchsorted([2.0, 4.0], there).numpy(), [[1, 0], [0, 2]])


def test_transfers_count_what_moves(device):
    before = device.transfers()
    there = device.upload(np.ones((10, 3), np.float32))
    means = there.mean(axis=1)
    after = device.transfers()
    assert (after.uploads - before.uploads, after.upload_bytes - before.upload_bytes) == (1, 120)
    assert after.readbacks == before.readbacks
    means.numpy()
    means.numpy()
    after = device.transfers()
    assert (after.readbacks - before.readbacks, after.readback_bytes - before.readback_bytes) == (2, 80)
    assert "120 bytes uploaded, 0 read back" in repr(there)
    assert "0 bytes uploaded, 80 read back" in repr(means)
    assert "uploads of" in repr(after)


def test_numpy_shares_memory_on_the_cpu_engine_alone(device):
    there = device.upload(np.arange(100_000.0))
    one, other = there.numpy(), there.numpy()
    assert np.shares_memory(one, other) == on_cpu(device)
    assert not one.flags.writeable and not other.flags.writeable


def test_what_numpy_views_outlives_the_array_and_what_is_written_later(device):
    there = device.upload(np.arange(100_000.0))
    view = there.numpy()
    there.overwrite(np.zeros(100_000))
    np.testing.assert_array_equal(view, np.arange(100_000.0))
    np.testing.assert_array_equal(there.numpy(), 0.0)
    del there
    gc.collect()
    device.upload(np.full(100_000, 7.0))
    np.testing.assert_array_equal(view, np.arange(100_000.0))


def test_results_of_functions_are_the_callers_own(device):
    x = np.linspace(0, 1, 50_000)
    first = ndgpu.interp(x, [0.0, 1.0], [0.0, 10.0], device=device)
    first += 1.0
    second = ndgpu.interp(x, [0.0, 1.0], [0.0, 10.0], device=device)
    np.testing.assert_allclose(second, 10 * x, atol=1e-12)
    np.testing.assert_allclose(first, 10 * x + 1, atol=1e-12)
    assert not np.shares_memory(first, second)


def test_functions_let_go_of_what_they_read(device):
    class Watched(np.ndarray):
        pass

    x = np.linspace(0, 1, 50_000).view(Watched)
    alive = weakref.ref(x)
    ndgpu.average(x, device=device)
    del x
    gc.collect()
    assert alive() is None


def test_reshape_and_moving(device):
    there = device.upload(np.arange(6.0))
    assert there.reshape(2, 3).shape == there.reshape((2, -1)).shape == (2, 3)
    with pytest.raises(ValueError, match="cannot"):
        there.reshape(4, -1)
    with pytest.raises(ValueError, match=r"cannot reshape .*\[6\] into shape \[4\]"):
        there.reshape(4)
    other = ndgpu.Device("cpu")
    moved = there.to_device(other)
    assert moved.device == other != device
    np.testing.assert_array_equal(moved.numpy(), np.arange(6.0))
    with pytest.raises(ValueError, match="to_device"):
        there.average(weights=moved)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 0), ()])
@pytest.mark.parametrize("dtype", FLOATS)
def test_reductions_are_numpys(device, dtype, axis, keepdims):
    a = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(dtype)
    there = device.upload(a)
    for name in ("sum", "mean", "min", "max", "var", "std"):
        result = getattr(there, name)(axis, keepdims=keepdims)
        expected = getattr(a, name)(axis=axis, keepdims=keepdims)
        assert (result.shape, result.dtype) == (np.shape(expected), dtype), name
        np.testing.assert_allclose(result.numpy(), expected, rtol=3e-6 if dtype == np.float32 else 1e-13, atol=1e-6)
    if not isinstance(axis, tuple):
        for name in ("argmin", "argmax"):
            result = getattr(there, name)(axis, keepdims=keepdims)
            np.testing.assert_array_equal(result.numpy(), getattr(a, name)(axis=axis, keepdims=keepdims))


def test_weights(device):
    a = np.random.default_rng(0).normal(size=(4, 5, 6))
    there = device.upload(a)
    for axis, shape in ((1, (5,)), ((2, 0), (6, 4)), (None, (4, 5, 6)), (0, (4, 5, 6))):
        weights = np.random.default_rng(1).uniform(0.5, 1, shape)
        average, sums = there.average(axis, weights, True)
        expected, expected_sums = np.average(a, axis, weights, True)
        np.testing.assert_allclose(average.numpy(), expected, rtol=1e-12)
        np.testing.assert_allclose(sums.numpy(), expected_sums, rtol=1e-13)
        weighted = there.weighted_sum(device.upload(weights), axis)
        np.testing.assert_allclose(weighted.numpy(), expected * expected_sums, rtol=1e-12)
    np.testing.assert_array_equal(there.average(0, returned=True)[1].numpy(), 4.0)
    with pytest.raises(TypeError, match="Axis must be specified"):
        there.average(weights=np.ones(4))
    with pytest.raises(ValueError, match="Shape of weights must be consistent"):
        there.average(0, np.ones(5))
    with pytest.raises(TypeError, match="same dtype"):
        there.average(0, device.upload(np.ones(4, np.float32)))


def test_errors_that_arrive_with_the_data(device):
    there = device.upload(np.ones((2, 2)))
    average = there.average(1, [1.0, -1.0])
    with pytest.raises(ZeroDivisionError, match="Weights sum to zero, can't be normalized"):
        average.numpy()
    table = ndgpu.InterpTable(device.upload([1.0, 0.0]), device.upload([1.0, 2.0]))
    with pytest.raises(ndgpu.NotSortedError):
        table.interp(there).numpy()


def test_axes_are_refused_as_numpy_refuses_them(device):
    there = device.upload(np.ones((2, 3)))
    with pytest.raises(np.exceptions.AxisError, match="axis 2 is out of bounds for array of dimension 2"):
        there.sum(2)
    with pytest.raises(ValueError, match="duplicate value"):
        there.sum((0, -2))
    with pytest.raises(TypeError, match="axis must be"):
        there.sum("x")


def test_standardize(device):
    a = np.random.default_rng(0).normal(3, 2, size=(40, 7))
    for axis in (0, 1, -1, None):
        expected = (a - a.mean(axis, keepdims=True)) / a.std(axis, ddof=1, keepdims=True)
        np.testing.assert_allclose(device.upload(a).standardize(axis, ddof=1).numpy(), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dtype", FLOATS)
def test_tables(device, dtype):
    xp, fp = np.array([0.0, 1.0, 4.0], dtype), np.array([0.0, 10.0, 100.0], dtype)
    x = np.array([[-1.0, 0.5], [2.0, 9.0]], dtype)
    table = ndgpu.InterpTable(xp, fp, left=-7, device=device)
    assert (table.knots, table.tables, table.dtype, table.device) == (3, 1, dtype, device)
    np.testing.assert_allclose(table.interp(x).numpy(), np.interp(x, xp, fp, left=-7), rtol=1e-6)
    there = device.upload(x)
    for table in (
        ndgpu.InterpTable(device.upload(xp), device.upload(fp)),
        ndgpu.InterpTable(xp, device.upload(fp)),
        ndgpu.InterpTable(xp, np.zeros_like(fp), device=device).with_values(fp),
        ndgpu.InterpTable(xp[::-1], fp[::-1], order="sort", device=device),
    ):
        np.testing.assert_allclose(table.interp(there).numpy(), np.interp(x, xp, fp), rtol=1e-6)
    rows = ndgpu.InterpTable(xp, np.stack([fp, -fp]), device=device)
    expected = np.stack([np.interp(x[0], xp, fp), np.interp(x[1], xp, -fp)])
    np.testing.assert_allclose(rows.interp_rows(there).numpy(), expected, rtol=1e-6)
    nearest = ndgpu.InterpTable(xp, fp, method="nearest", device=device).interp(np.array([0.6, 2.0], dtype))
    np.testing.assert_array_equal(nearest.numpy(), [10.0, 10.0])
    line = ndgpu.InterpTable(xp, fp, extrapolate=True, device=device).interp(np.array([-1.0, 5.0], dtype))
    np.testing.assert_allclose(line.numpy(), [-10.0, 130.0], rtol=1e-6)


def test_tables_are_refused_with_reasons(device):
    with pytest.raises(ndgpu.NotSortedError, match="decreas|order|sorted"):
        ndgpu.InterpTable([1.0, 0.0], [1.0, 2.0], device=device)
    with pytest.raises(ValueError, match=r"order is \"x\""):
        ndgpu.InterpTable([0.0, 1.0], [1.0, 2.0], order="x", device=device)
    with pytest.raises(ValueError, match=r"method is \"cubic\""):
        ndgpu.InterpTable([0.0, 1.0], [1.0, 2.0], method="cubic", device=device)
    with pytest.raises(ValueError, match="period"):
        ndgpu.InterpTable([0.0, 1.0], [1.0, 2.0], period=0, device=device)
    with pytest.raises(ValueError, match="without options"):
        ndgpu.InterpTable(device.upload([0.0, 1.0]), [1.0, 2.0], left=1.0)
    table = ndgpu.InterpTable([0.0, 1.0], [1.0, 2.0], device=device)
    with pytest.raises(TypeError, match="float32"):
        table.interp(device.upload(np.ones(2, np.float32)))


def test_tables_bridge_gaps(device):
    random = np.random.default_rng(11)
    x = np.linspace(-1.0, 9.0, 41)
    xp, fp = np.arange(8.0), random.normal(size=(6, 8))
    fp[random.uniform(size=fp.shape) < 0.4] = np.nan
    fp[2], fp[3, 1:] = np.nan, np.nan
    table = ndgpu.InterpTable(xp, fp, skip_missing=True, left=-1.0, device=device)
    for row, values in zip(table.interp_rows(x).numpy(), fp, strict=True):
        ok = ~np.isnan(values)
        expected = np.interp(x, xp[ok], values[ok], left=-1.0) if ok.any() else np.full(x.shape, np.nan)
        np.testing.assert_allclose(row, expected, rtol=1e-13)
    knots = np.where(random.uniform(size=8) < 0.3, np.nan, random.permutation(xp))
    around = ndgpu.InterpTable(knots, fp[0], skip_missing=True, period=7.5, device=device).interp(x).numpy()
    ok = ~np.isnan(knots + fp[0])
    np.testing.assert_allclose(around, np.interp(x, knots[ok], fp[0][ok], period=7.5), rtol=1e-12)
    with pytest.raises(ValueError, match="skip_missing"):
        table.with_values(fp)
    with pytest.raises(ValueError, match="skip_missing"):
        ndgpu.InterpTable(xp, device.upload(fp), skip_missing=True, device=device)
    with pytest.raises(ValueError, match="without options"):
        ndgpu.InterpTable(device.upload(xp), fp, skip_missing=True)
    with pytest.raises(ndgpu.NotSortedError, match="knot 3 of table 0"):
        ndgpu.InterpTable([2.0, 9.0, np.nan, 1.0], [1.0, np.nan, 1.0, 2.0], skip_missing=True, device=device)


def test_knots(device):
    knots = ndgpu.Knots([1.0, 2.0, 2.0, 3.0], device=device)
    x = [0.0, 2.0, np.nan, 5.0]
    assert len(knots) == 4
    for side in ("left", "right"):
        np.testing.assert_array_equal(knots.searchsorted(x, side).numpy(), np.searchsorted([1, 2, 2, 3], x, side))
    np.testing.assert_array_equal(knots.digitize(x, True).numpy(), np.digitize(x, [1, 2, 2, 3], True))
    assert knots.searchsorted(x).dtype == np.uint32
    with pytest.raises(ValueError, match="side"):
        knots.searchsorted(x, "middle")
    with pytest.raises(ndgpu.NotSortedError):
        ndgpu.Knots([0.0, 2.0, 1.0], device=device)


def test_plans(device):
    table = ndgpu.InterpTable([0.0, 1.0, 2.0], [0.0, 10.0, 40.0], device=device)
    weights = device.upload([1.0, 3.0])
    readings = device.upload([[0.5, 1.0], [1.5, 2.0]])
    plan = device.capture(readings, lambda x: table.interp_rows(x).average(1, weights))
    np.testing.assert_array_equal(plan.replay().numpy(), [8.75, 36.25])
    plan.write([[0, 0], [2, 1]])
    np.testing.assert_array_equal(plan.replay().numpy(), [0.0, 17.5])
    assert plan.fused == 1
    assert plan.passes >= 1
    assert plan.bytes > 0
    assert "fused" in str(plan)


def test_plans_of_several_arrays(device):
    a, b = device.upload([[1.0, 2.0]]), device.upload(np.float32([[3.0, 4.0]]))
    plan = device.capture((a, b), lambda a, b: (a.sum(1), b.argmax(1), b.max()))
    assert [each.numpy().tolist() for each in plan.replay()] == [[3.0], [1], 4.0]
    plan.write(None, device.upload(np.float32([[9.0, 4.0]])))
    assert [each.numpy().tolist() for each in plan.replay()] == [[3.0], [0], 9.0]
    with pytest.raises(ValueError, match="2 inputs"):
        plan.write(a)
    with pytest.raises(ValueError, match="float32|f32"):
        plan.write(None, a)
    with pytest.raises(ValueError, match="shape"):
        plan.write([[1.0]], None)


def test_what_a_plan_cannot_hold(device):
    a = device.upload([1.0, 2.0])
    with pytest.raises(ValueError, match="captured"):
        device.capture(a, lambda a: a.numpy())
    with pytest.raises(TypeError, match="the function returned"):
        device.capture(a, lambda a: 1)
    with pytest.raises(KeyError, match="mine"):
        device.capture(a, lambda a: {}["mine"])
    # The device goes on.
    assert a.sum().numpy() == 3.0


def test_dlpack(device):
    a = np.arange(6.0).reshape(2, 3)
    there = device.upload(a)
    if on_cpu(device):
        back = np.from_dlpack(there)
        assert np.shares_memory(back, there.numpy())
        assert not back.flags.writeable
    else:
        with pytest.raises(BufferError, match=r"\.numpy\(\)"):
            np.from_dlpack(there)
        back = np.from_dlpack(there, device="cpu")
    np.testing.assert_array_equal(back, a)

    source = np.arange(4.0, dtype=np.float32)
    given = ndgpu.from_dlpack(source, device=device)
    assert given.dtype == np.float32
    source[0] = 7.0
    assert given.numpy()[0] == (7.0 if on_cpu(device) else 0.0), "on the CPU engine it is the same memory"
    with pytest.raises(TypeError, match="int64"):
        ndgpu.from_dlpack(np.arange(3), device=device)


def test_other_threads_run_while_a_call_does(device):
    """The interpreter's lock is released: a thread that counts gets on meanwhile."""
    a = device.upload(np.random.default_rng(0).normal(size=(300, 4_000)))
    x = np.random.default_rng(1).uniform(0, 1, 2_000_000)
    xp = np.linspace(0, 1, 1000)
    counted, done = [0], threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    thread.start()
    longest = 0
    try:
        for _ in range(5):
            before = counted[0]
            ndgpu.interp(x, xp, xp, device=device)
            a.std(1).numpy()
            longest = max(longest, counted[0] - before)
    finally:
        done.set()
        thread.join()
    # With the lock held it could count only between calls, a few times.
    assert longest > 20


def test_threads_share_a_device(device):
    table = ndgpu.InterpTable(np.arange(100.0), np.arange(100.0) ** 2, device=device)
    failures = []

    def work(seed):
        x = np.random.default_rng(seed).uniform(0, 99, 2_000)
        for _ in range(20):
            if not np.allclose(table.interp(x).numpy(), np.interp(x, np.arange(100.0), np.arange(100.0) ** 2)):
                failures.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_devices():
    assert any("native CPU engine" in each for each in ndgpu.Device.available())
    for line in ndgpu.Device.available(software=True):
        opened = line.open()
        assert opened.name in line and opened.kind in line and opened != line.open()
        assert opened.upload([1.0, 2.0], np.float32).sum().numpy() == 3
    cpu = ndgpu.Device("cpu")
    assert cpu == cpu and cpu != ndgpu.Device("cpu") and len({cpu, cpu}) == 1
    assert cpu.supports_float64 and cpu.unified_memory and cpu.backend is None
    assert "native CPU engine" in repr(cpu)
    with pytest.raises(ndgpu.DeviceNotFoundError, match="no such adapter"):
        ndgpu.Device("no such adapter")
    assert issubclass(ndgpu.DeviceNotFoundError, RuntimeError)


def test_the_current_device(device, monkeypatch):
    old = ndgpu.get_device()
    try:
        ndgpu.set_device(device)
        assert ndgpu.get_device() == device
        before = ndgpu.transfers().uploads
        ndgpu.sum(np.ones(10))
        assert ndgpu.transfers().uploads == before + 1
        monkeypatch.setenv("NDGPU_DEVICE", "cpu")
        ndgpu.set_device(None)
        assert ndgpu.get_device().kind == "native CPU engine"
        with pytest.raises(TypeError, match="device is"):
            ndgpu.set_device(3)
    finally:
        ndgpu.set_device(old)


def test_arrays_can_be_asked_and_overwritten_from_many_threads(device):
    """A thread that waits for an array must not keep those from finishing who have it."""
    there = device.upload(np.zeros(200_000))
    new = np.ones(200_000)

    def ask():
        for _ in range(200):
            assert there.shape == (200_000,)
            assert there.sum().numpy() in (0.0, 200_000.0)

    def write():
        for _ in range(50):
            there.overwrite(new)

    threads = [threading.Thread(target=work, daemon=True) for work in (ask, write, ask, write)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


FORKED = """
import os, sys, numpy as np, ndgpu

early = os.fork() if sys.argv[1] == "early" else None
device = ndgpu.get_device() if early is None else None
there = None if device is None else device.upload(np.ones(100_000))
child = os.fork() if early is None else early
if child == 0:
    for call in (
        lambda: ndgpu.average(np.ones(100_000)),
        lambda: ndgpu.interp(np.ones(100_000), [0.0, 2.0], [0.0, 2.0])[0],
        lambda: there.sum().numpy(),
        lambda: ndgpu.Device("cpu"),
    ):
        try:
            print(call(), flush=True)
        except RuntimeError as error:
            print("forkserver" in str(error), flush=True)
        except AttributeError:
            pass
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_processes_that_were_forked_are_told_that_their_threads_are_gone(tmp_path):
    for when, expected in (("late", ["True"] * 4), ("early", ["1.0", "1.0"])):
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", FORKED, when],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
        )
        assert run.stdout.split()[: len(expected)] == expected, run.stdout + run.stderr
