"""No argument makes ndgpu panic or crash, and messages tell what Python's calls are called."""

import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import ADAPTER

import ndgpu
from ndgpu import _ndgpu

import hostile

HERE = pathlib.Path(__file__).parent


@pytest.mark.parametrize(("name", "share"), [("cpu", 5), (ADAPTER, 40)])
def test_no_argument_ends_in_a_panic_or_a_crash(tmp_path, name, share):
    """In a process of its own, which a crash would end; with every fifth argument, on the adapter with fewer."""
    log = tmp_path / "calls"
    walk = [sys.executable, HERE / "hostile.py", name, log, str(share)]
    run = subprocess.run(walk, cwd=HERE, capture_output=True, text=True, timeout=500)
    last = log.read_text().splitlines()[-1]
    assert run.returncode == 0, f"{run.stderr[-6000:]}\nthe last call: {last}"
    assert int(run.stdout.split()[0]) > 20_000 / share, "the walk finds what is exported"


@pytest.mark.parametrize("axes", [32, 33, 64])
def test_arrays_of_as_many_axes_as_numpy_has(on_device, axes):
    shape = (3,) + (1,) * (axes - 2) + (2,)
    a = np.arange(6.0).reshape(shape)
    expected = np.interp(a, [0.0, 10.0], [0.0, 1.0])
    np.testing.assert_allclose(ndgpu.interp(a, [0.0, 10.0], [0.0, 1.0]), expected, rtol=1e-15, strict=True)
    np.testing.assert_array_equal(ndgpu.sum(a, -1, keepdims=True), a.sum(-1, keepdims=True), strict=True)
    np.testing.assert_array_equal(ndgpu.average(a, 0, weights=[1.0, 0, 1]), np.average(a, 0, weights=[1.0, 0, 1]))
    np.testing.assert_array_equal(ndgpu.searchsorted(np.arange(100.0), a), a.astype(int), strict=True)
    there = on_device.upload(a)
    np.testing.assert_array_equal(there.numpy(), a, strict=True)
    np.testing.assert_array_equal(there.reshape(6).reshape(shape).numpy(), a, strict=True)


def test_shapes_that_numpy_refuses():
    there, a = ndgpu.Device("cpu").upload(np.arange(4.0)), np.arange(4.0)
    shapes = [(-1, -1), (4, -1, -1), (-1, 3), (-2, -2), (2**62, 4), (0, -1), (2**62, 2**62, 0), (3,), (2**70, 1)]
    for shape in [*shapes, (1,) * 65, (1.0, 4), ("a",), ([2, 2], 1), ((2, "b"),), (np.zeros((2**58, 0)),)]:
        with pytest.raises((ValueError, TypeError, OverflowError)):
            a.reshape(*shape)
        with pytest.raises((ValueError, TypeError)) as caught:
            there.reshape(*shape)
        assert not hostile.RUST.search(str(caught.value))
    with pytest.raises(ValueError, match="64 axes"):
        there.reshape((1,) * 64 + (4,))
    for shape in [(-1,), (2, -1), ((2, 2),), ([4, -1],), (np.array([2, 2]),), (np.int64(4),), (1,) * 63 + (4,)]:
        assert there.reshape(*shape).shape == a.reshape(*shape).shape


def messages(source):
    """The texts of a source file, without its tests and comments."""
    code = re.sub(r"^\s*//.*$", "", source.partition("#[cfg(test)]\nmod tests")[0], flags=re.MULTILINE)
    for text in re.findall(r'"((?:[^"\\]|\\.|\\\n)*)"', code):
        text = re.sub(r"\\\n\s*", "", text).replace('\\"', '"')
        if " " in text and re.search("[a-z]{2} [a-z]{2}", text):
            yield text


def test_every_message_of_the_crate_is_in_words_of_pythons():
    sources = list((HERE.parents[1] / "src").rglob("*.rs"))
    texts = [text for source in sources for text in messages(source.read_text())]
    assert len(texts) > 80, "messages are found"
    translated = [_ndgpu._in_python(text) for text in texts]
    assert translated != texts
    assert not [text for text in translated if re.search(r"::|\w_axis|\w_axes|Axis\(|closure|\bf32\b", text)]


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (ndgpu.NotSortedError, 'order="sort"', lambda d: ndgpu.InterpTable([2, 1], [1, 2], device=d)),
        (ZeroDivisionError, "weighted_sum,", lambda d: d.upload([[1.0, 2]]).average(0, weights=[0.0]).numpy()),
        (ValueError, "inside a function", lambda d: d.capture(d.upload([1.0]), lambda x: x.numpy())),
        (ValueError, "to_device", lambda d: ndgpu.InterpTable([1, 2], [1, 2], device=d).interp(elsewhere())),
        (np.exceptions.AxisError, "axis 2", lambda d: d.upload([1.0]).sum(2)),
        (ValueError, "duplicate", lambda d: d.upload([[1.0]]).sum((0, -2))),
        (ValueError, "knot", lambda d: ndgpu.InterpTable([], [], device=d)),
        (ValueError, "period", lambda d: ndgpu.InterpTable([1, 2], [1, 2], period=0, device=d)),
        (ValueError, "smallest or largest", lambda d: d.upload([]).max()),
        (ValueError, "shape", lambda d: ndgpu.InterpTable([1, 2], [1, 2, 3], device=d)),
        (ValueError, "weights", lambda d: d.upload([[1.0, 2]]).average(1, weights=[1.0])),
        ((TypeError, ValueError), "uint32", lambda d: d.upload([1], np.uint32).sum()),
    ],
)
def test_messages_name_pythons_calls(device, error, words, call):
    with pytest.raises(error, match=re.escape(words)) as caught:
        call(device)
    assert not hostile.RUST.search(str(caught.value))


def elsewhere():
    return ndgpu.Device("cpu").upload([1.0])


def test_a_device_that_is_not_there_is_told_of_in_two_lines():
    for call in (lambda: ndgpu.interp(1, [0, 1], [0, 1], device="cuda"), lambda: ndgpu.Device("cuda")):
        with pytest.raises(ndgpu.DeviceNotFoundError, match=r'"cuda".*\n.*"cpu".*"gpu".*Device\.available') as caught:
            call()
        assert str(caught.value).count("\n") == 1 and not hostile.RUST.search(str(caught.value))
