"""Arrays that are handed to other libraries and taken from them: what is shared, what copied, and what refused."""

import numpy as np
import pytest

import ndgpu

from libraries import in_a_process_of_its_own

DTYPES = [np.float32, np.float64, np.uint32]


class Asks:
    """Hands an array over to NumPy as a consumer sees it that asks in its own way."""

    def __init__(self, there, **asked):
        self.there, self.asked = there, asked

    def __dlpack__(self, **_):
        return self.there.__dlpack__(**self.asked)

    def __dlpack_device__(self):
        return (1, 0)


def asked(there, **how):
    return np.from_dlpack(Asks(there, **how))


def on_cpu(device):
    return device.kind == "native CPU engine"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [*range(1, 20), 31, 100, 255, 257, 1_000, 4_097, 100_000, 1_000_003])
def test_memory_begins_where_cache_lines_do(dtype, size):
    """JAX takes none that begins elsewhere."""
    device = ndgpu.Device("cpu")
    there = device.upload(np.zeros(size, dtype))
    results = [there, there.reshape(1, -1)]
    if dtype != np.uint32:
        columns = there.reshape(1, -1)
        results += [columns.sum(0), columns.mean(0), columns.argmax(0), there.sum(), there.standardize()]
        results += [ndgpu.InterpTable([0.0, 1.0], [0.0, 1.0], dtype=dtype, device=device).interp(there)]
        results += [there.to_device(ndgpu.Device("cpu"))]
    for _ in range(3):
        there.overwrite(np.ones(size, dtype))
        kept = [each.numpy() for each in results]
        assert [each.ctypes.data % 64 for each in kept] == [0] * len(kept)
    assert asked(there).ctypes.data % 64 == 0, "nor a copy that does"


@pytest.mark.parametrize("dtype", DTYPES)
def test_memory_of_the_cpu_engines_is_shared_read_only(dtype):
    there = ndgpu.Device("cpu").upload(np.arange(6, dtype=dtype).reshape(2, 3))
    for how in ({}, {"copy": None}, {"copy": False}, {"dl_device": (1, 0)}, {"copy": False, "dl_device": (1, 0)}):
        given = asked(there, max_version=(1, 0), **how)
        assert np.shares_memory(given, there.numpy())
        assert not given.flags.writeable
        np.testing.assert_array_equal(given, np.arange(6).reshape(2, 3))
    for given in (np.from_dlpack(there), np.from_dlpack(there, copy=False), np.from_dlpack(there, device="cpu")):
        assert np.shares_memory(given, there.numpy()) and not given.flags.writeable


@pytest.mark.parametrize("dtype", DTYPES)
def test_copies_where_they_are_asked_for_or_memory_cannot_be_called_read_only(dtype):
    there = ndgpu.Device("cpu").upload(np.arange(6, dtype=dtype).reshape(2, 3))
    hows = ({"max_version": (1, 0), "copy": True}, {}, {"copy": True}, {"max_version": None}, {"max_version": (0, 8)})
    for how in hows:
        given = asked(there, **how)
        assert not np.shares_memory(given, there.numpy())
        np.testing.assert_array_equal(given, np.arange(6).reshape(2, 3))


def test_false_means_false():
    there = ndgpu.Device("cpu").upload([1.0, 2.0])
    for how in ({}, {"max_version": (0, 8)}, {"max_version": None, "dl_device": (1, 0)}):
        with pytest.raises(BufferError, match="copy=False, but this library asks for DLPack as it was before"):
            there.__dlpack__(copy=False, **how)


def test_a_gpus_arrays_are_copied_if_the_cpu_is_asked_for(device):
    if on_cpu(device):
        with pytest.raises(BufferError, match="host memory only"):
            device.upload([1.0]).__dlpack__(dl_device=(2, 0))
        return
    there = device.upload([[1.0, 2.0]])
    for how in ({}, {"max_version": (1, 0)}, {"copy": True}, {"copy": False}, {"dl_device": (2, 0)}):
        with pytest.raises(BufferError, match=r"\.numpy\(\), or ask for device=\"cpu\""):
            there.__dlpack__(**how)
    for how in ({}, {"max_version": (1, 0)}, {"copy": True}, {"max_version": (1, 0), "copy": True}):
        given = asked(there, dl_device=(1, 0), **how)
        np.testing.assert_array_equal(given, [[1.0, 2.0]])
        assert given.ctypes.data % 64 == 0 or "max_version" in how
    for how in ({}, {"max_version": (1, 0)}):
        with pytest.raises(BufferError, match="copy=False, but this array is in a GPU's memory"):
            there.__dlpack__(dl_device=(1, 0), copy=False, **how)


def test_each_hand_over_is_counted(device):
    there = device.upload([1.0, 2.0])
    before = device.transfers()
    np.from_dlpack(there, device="cpu")
    after = device.transfers()
    assert (after.readbacks - before.readbacks, after.readback_bytes - before.readback_bytes) == (1, 16)


def test_what_was_handed_over_outlives_the_array_and_what_is_written_later(device):
    there = device.upload(np.arange(100_000.0))
    given = np.from_dlpack(there, device="cpu")
    there.overwrite(np.zeros(100_000))
    del there
    device.upload(np.full(100_000, 7.0))
    np.testing.assert_array_equal(given, np.arange(100_000.0))


def test_arrays_of_ndgpu_are_taken_as_they_are(device):
    there = device.upload(np.float32([1.0, 2.0]))
    before = device.transfers()
    assert ndgpu.from_dlpack(there) is there
    assert ndgpu.from_dlpack(there, device=device).device == device
    assert device.transfers().readbacks == before.readbacks
    other = ndgpu.Device("cpu")
    moved = ndgpu.from_dlpack(there, device=other)
    assert moved.device == other and moved.dtype == np.float32
    np.testing.assert_array_equal(moved.numpy(), [1.0, 2.0])


#: Whether what each library takes is the array's own memory, and whether it knows that it may not write there.
CONSUMERS = {
    "torch.from_dlpack": ("torch", "torch.from_dlpack(there).data_ptr()", True),
    "torch.from_dlpack, copy=False": ("torch", "torch.from_dlpack(there, copy=False).data_ptr()", True),
    "torch.from_dlpack, copy=True": ("torch", "torch.from_dlpack(there, copy=True).data_ptr()", False),
    "jax.numpy.from_dlpack": ("jax", "jnp.from_dlpack(there).unsafe_buffer_pointer()", False),
    "jax.device_put of .numpy()": (
        "jax",
        "jax.device_put(there.numpy(), may_alias=True).unsafe_buffer_pointer()",
        True,
    ),
    "torch.from_numpy of .numpy()": ("torch", "torch.from_numpy(there.numpy()).data_ptr()", True),
    "tensorflow.convert_to_tensor of .numpy()": (
        "tensorflow",
        "np.from_dlpack(tf.convert_to_tensor(there.numpy())).ctypes.data",
        False,
    ),
    "tensorflow": (
        "tensorflow",
        "np.from_dlpack(tf.experimental.dlpack.from_dlpack(there.__dlpack__())).ctypes.data",
        False,
    ),
}


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_what_other_libraries_share(consumer):
    library, pointer, shares = CONSUMERS[consumer]
    told = in_a_process_of_its_own(
        library,
        f"""
        for dtype in ("float32", "float64"):
            for size in (1, 7, 100, 100_000):
                there = device.upload(np.arange(size, dtype=dtype))
                tell(({pointer}) == there.numpy().ctypes.data)
        """,
    )
    assert told == [[shares]] * 8


@pytest.mark.parametrize(
    "library, adopted",
    [
        ("jax", "jnp.from_dlpack(Watched()).unsafe_buffer_pointer()"),
        ("tensorflow", "np.from_dlpack(tf.experimental.dlpack.from_dlpack(Watched().__dlpack__())).ctypes.data"),
    ],
)
def test_copies_that_are_handed_over_are_not_copied_again(library, adopted):
    told = in_a_process_of_its_own(
        library,
        f"""
        import ctypes
        pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
        pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        there = device.upload(np.arange(1_000, dtype="f4"))
        class Watched:
            def __dlpack__(self, **asked):
                global start
                capsule = there.__dlpack__(**asked)
                start = ctypes.c_void_p.from_address(pointer_of(capsule, b"dltensor")).value
                return capsule
            def __dlpack_device__(self):
                return there.__dlpack_device__()
        tell({adopted} == start)
        """,
    )
    assert told == [[True]]


@pytest.mark.parametrize("library", ["torch", "jax", "tensorflow"])
def test_what_ndgpu_takes_from_other_libraries_is_shared(library):
    told = in_a_process_of_its_own(
        library,
        """
        for name, array in arrays.items():
            there = ndgpu.from_dlpack(array, device=device)
            tell(name, str(there.dtype), there.numpy().tolist(), np.shares_memory(there.numpy(), np.from_dlpack(array)))
        """,
    )
    assert told == [[kind, kind, [0.0, 1.0, 2.5], True] for kind in ("float32", "float64")]
