"""What is copied between ndgpu's CPU engine and NumPy, PyTorch, JAX and TensorFlow, in both directions: measured.

    python interop.py                      # with those of the libraries that are installed
    python interop.py --libraries torch    # with NumPy and these

For every way to hand an array over there is the address of its values before and after, and by how much the memory of
the process grew meanwhile, at its highest (on Linux). What is measured has to agree with what this program says of each
way, and that with the table in ndgpu's README.
"""

import argparse
import importlib
import os
import pathlib
from dataclasses import dataclass
from functools import partial

import numpy as np

import ndgpu

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # or it tells a lot when it starts

COUNT = 1 << 22
NBYTES = COUNT * np.dtype(np.float32).itemsize
TOLERANCE = NBYTES / 4
README = pathlib.Path(__file__).parent.parent / "README.md"

device = ndgpu.Device("cpu")
kept = []  # Memory that was let go of would be used again, and no copy into it be seen.


@dataclass
class Way:
    """One way to hand an array over."""

    library: str
    call: str
    copies: bool
    function: object
    given: object  # makes what is handed over, of a number of elements
    address: object  # of the values of that
    address_there: object  # and of the result

    def measure(self):
        kept.append(self.function(self.given(16)))  # Whatever it has to prepare is not counted.
        given, result, grown = growth(self.function, self.given, NBYTES * self.copies)
        before, after = self.address(given), self.address_there(result)
        copied = before != after
        if copied != self.copies:
            raise SystemExit(f"{self.call} of {self.library} should {'copy' if self.copies else 'share'}, but does not")
        # A copy is as large as the array, and what is shared takes nothing. A library may have a second copy on the
        # way: TensorFlow sometimes has, and nobody but it can help that.
        most = NBYTES * self.copies * (1 if self.library == "NumPy" else 2) + TOLERANCE
        if grown is not None and not NBYTES * self.copies - TOLERANCE <= grown <= most:
            raise SystemExit(f"{self.call} of {self.library} took {grown:,} bytes for an array of {NBYTES:,}")
        return (
            self.library,
            self.call,
            f"{before:#x}",
            f"{after:#x}" if copied else "the same",
            "" if grown is None else f"{grown / 2**20:.1f}",
            "copied" if copied else "shared",
        )


@dataclass
class Computation:
    """A function that takes a library's arrays and gives them: nothing but its result is to be new."""

    library: str
    call: str
    function: object
    given: object
    address: object

    def measure(self):
        kept.append(self.function(self.given(16)))
        given, result, grown = growth(self.function, self.given, NBYTES)
        if grown is not None and abs(grown - NBYTES) > TOLERANCE:
            raise SystemExit(f"{self.call} of {self.library} took {grown:,} bytes for a result of {NBYTES:,}")
        shown = "" if grown is None else f"{grown / 2**20:.1f}"
        addresses = f"{self.address(given):#x}", f"{self.address(result):#x}"
        return (self.library, self.call, *addresses, shown, "read in place, the result taken over")


def memory(name):
    """What the kernel says of the memory of this process, in bytes."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def reset_peak():
    """Forgets the highest use of memory so far, and gives the present one; None where nobody can tell."""
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return memory("VmRSS")


def growth(function, given, expected):
    """Calls a function, and says by how much memory grew meanwhile: what it took and gave, and the bytes.

    Memory is that of the whole process, and the threads of these libraries allocate when they like. What a call takes
    it takes every time, so one that took another amount than expected is measured again.
    """
    for _ in range(3):
        operand = given(COUNT)
        resident = reset_peak()
        result = function(operand)
        grown = None if resident is None else memory("VmHWM") - resident
        kept.extend([operand, result])
        if grown is None or abs(grown - expected) <= TOLERANCE:
            break
    return operand, result, grown


def address_of(array):
    return array.__array_interface__["data"][0]


def on_device(array):
    return address_of(array.numpy())


def of_numpy(count):
    return np.arange(count, dtype=np.float32)


def numpy_ways():
    into, out = partial(Way, given=of_numpy, address=address_of, address_there=on_device), out_of(address_of)
    yield into("NumPy", "ndgpu.from_dlpack(x)", False, lambda x: ndgpu.from_dlpack(x, device=device))
    yield into("NumPy", "device.upload(x)", True, device.upload)
    yield Computation(
        "NumPy", "ndgpu.standardize(x)", partial(ndgpu.standardize, device=device), of_numpy, address_of
    )  # fmt: skip
    yield out("NumPy", "a.numpy()", False, lambda a: a.numpy())
    yield out("NumPy", "np.from_dlpack(a)", False, np.from_dlpack)


def torch_ways(torch):
    address = torch.Tensor.data_ptr
    given = partial(torch.arange, dtype=torch.float32)
    into, out = partial(Way, given=given, address=address, address_there=on_device), out_of(address)
    yield into("PyTorch", "ndgpu.from_dlpack(x)", False, lambda x: ndgpu.from_dlpack(x, device=device))
    yield into("PyTorch", "device.upload(x)", True, device.upload)
    import ndgpu.torch

    yield Computation("PyTorch", "ndgpu.torch.standardize(x)", ndgpu.torch.standardize, given, address)
    yield out("PyTorch", "torch.from_dlpack(a)", False, torch.from_dlpack)
    yield out("PyTorch", "torch.from_numpy(a.numpy())", False, lambda a: torch.from_numpy(a.numpy()))
    yield out("PyTorch", "torch.tensor(a.numpy())", True, lambda a: torch.tensor(a.numpy()))


def jax_ways(jax):
    def ready(function):
        # JAX returns before it is done.
        return lambda x: jax.block_until_ready(function(x))

    def address(array):
        return array.unsafe_buffer_pointer()

    given = ready(partial(jax.numpy.arange, dtype=np.float32))
    into, out = partial(Way, given=given, address=address, address_there=on_device), out_of(address)
    yield into("JAX", "ndgpu.from_dlpack(x)", False, lambda x: ndgpu.from_dlpack(x, device=device))
    yield into("JAX", "device.upload(x)", True, device.upload)
    yield out(
        "JAX", "jax.device_put(a.numpy(), may_alias=True)", False,
        ready(lambda a: jax.device_put(a.numpy(), may_alias=True)),
    )  # fmt: skip
    yield out("JAX", "jax.numpy.from_dlpack(a)", True, ready(jax.numpy.from_dlpack))
    yield out("JAX", "jax.numpy.array(a.numpy())", True, ready(lambda a: jax.numpy.array(a.numpy())))


def tensorflow_ways(tf):
    def address(tensor):
        return address_of(np.asarray(memoryview(tensor)))

    def given(count):
        return tf.range(count, dtype=tf.float32)

    into, out = partial(Way, given=given, address=address, address_there=on_device), out_of(address)
    from_dlpack = tf.experimental.dlpack.from_dlpack
    yield into("TensorFlow", "ndgpu.from_dlpack(x)", False, lambda x: ndgpu.from_dlpack(x, device=device))
    yield into("TensorFlow", "device.upload(x)", True, device.upload)
    yield out(
        "TensorFlow", "tf.experimental.dlpack.from_dlpack(a.__dlpack__())", True, lambda a: from_dlpack(a.__dlpack__())
    )
    yield out("TensorFlow", "tf.convert_to_tensor(a.numpy())", True, lambda a: tf.convert_to_tensor(a.numpy()))


def out_of(address_there):
    return partial(
        Way, given=lambda count: device.upload(of_numpy(count)), address=on_device, address_there=address_there
    )


LIBRARIES = {"torch": ("PyTorch", torch_ways), "jax": ("JAX", jax_ways), "tensorflow": ("TensorFlow", tensorflow_ways)}


def documented(readme):
    """What the README says of each call: whether it copies."""
    table = readme.read_text(encoding="utf-8").partition("| arrays of the CPU engine in |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        _, calls, outcome = line.strip("| ").split(" | ")
        for call in calls.split("`")[1::2]:
            if "(" in call:
                yield call, outcome.startswith("copied")


def compare(ways, readme, whole):
    """How many of the ways the README tells of; it must not say otherwise, nor tell of more."""
    said = dict(documented(readme))
    measured = {way.call: way.copies for way in ways if isinstance(way, Way)}
    for call in said.keys() & measured.keys():
        if said[call] != measured[call]:
            raise SystemExit(f"the README says otherwise of {call}")
    if whole and said.keys() - measured.keys():
        raise SystemExit(f"the README tells of more: {', '.join(sorted(said.keys() - measured.keys()))}")
    return len(said.keys() & measured.keys())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--libraries", nargs="*", choices=LIBRARIES, default=list(LIBRARIES), help="beside NumPy")
    parser.add_argument("--readme", type=pathlib.Path, default=README, help="whose table is compared with")
    arguments = parser.parse_args()

    ndgpu.set_device(device)
    ways, versions, whole = list(numpy_ways()), [f"NumPy {np.__version__}"], True
    for name, (title, ways_of) in LIBRARIES.items():
        try:
            library = importlib.import_module(name) if name in arguments.libraries else None
        except ImportError:
            library = None
        if library is None:
            versions.append(f"no {title}")
            whole = False
        else:
            versions.append(f"{title} {library.__version__}")
            ways += ways_of(library)

    print(f"ndgpu {ndgpu.__version__}, {', '.join(versions)}. x is the library's, a is ndgpu's.")
    print(f"An array has {NBYTES / 2**20:.0f} MiB.\n")
    head = ("library", "call", "address before", "after", "new MiB", "so it is")
    rows = [head, *(way.measure() for way in ways)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    if arguments.readme.exists():
        print(f"\nAs the README says of {compare(ways, arguments.readme, whole)} of these ways.")


if __name__ == "__main__":
    main()
