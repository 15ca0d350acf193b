"""Calls everything that ndgpu exports with arguments that nobody should give: `python hostile.py DEVICE LOG`.

What is called is found by looking, so that a new function, method or argument is called too. Errors are as they should
be; what ends the process, a panic, and a message in words of Rust's are not. The log has every call, the one that ended
the process last; the process ends with 1 if it found anything else.
"""

import faulthandler
import inspect
import itertools
import os
import re
import sys
import warnings
from fractions import Fraction

import dask.array as da
import numpy as np

import ndgpu
import ndgpu.dask
from ndgpu import _ndgpu

RUST = re.compile(
    r"::|&|\w_axis|\w_axes|\bAxis\(|\bf32\b|\bf64\b|\b[ui]32\b|\b[ui]64\b|\b[ui]size\b|\bVec\b|\bSome\(|\bPy[A-Z]|"
    r"\bOk\(|\bErr\(|Backends|closure|IxDyn|unwrap"
)


class Hostile:
    """Fails wherever it is asked for anything."""

    def fail(self, *args, **keywords):
        raise RuntimeError("as planned")

    __array__ = __index__ = __float__ = __int__ = __complex__ = __len__ = __bool__ = __iter__ = __getitem__ = fail
    __str__ = __repr__ = __hash__ = __eq__ = __lt__ = __call__ = __dlpack__ = __dlpack_device__ = __enter__ = fail


class Liar:
    """Says what is not so."""

    __array_interface__ = {"shape": (3,), "typestr": "<f8", "version": 3, "data": b"1"}  # noqa: RUF012

    def __index__(self):
        return 2**80

    def __float__(self):
        return "1"

    def __len__(self):
        return 2**62

    def __getitem__(self, place):
        return self

    def __dlpack__(self, **keywords):
        return "a capsule"

    def __dlpack_device__(self):
        return ("cpu", None)

    def __repr__(self):
        return "a liar"


def released():
    view = memoryview(bytearray(24)).cast("d")
    view.release()
    return view


def endless():
    itself = []
    itself.append(itself)
    return itself


def deep(depth):
    nested = 1.0
    for _ in range(depth):
        nested = [nested]
    return nested


def read_only():
    a = np.arange(3.0)
    a.flags.writeable = False
    return a


def given_up(device):
    array = device.upload([1.0, 2.0, 4.0])
    array._take()
    return array


def arguments(device):
    """Values by name; each call gets new ones, as some are changed."""
    other = ndgpu.Device("cpu")
    there = device.upload([1.0, 2.0, 4.0])
    table = ndgpu.InterpTable([1.0, 2.0], [3.0, 4.0], device=device)
    return {
        "None": None,
        "True": True,
        "0": 0,
        "1": 1,
        "-1": -1,
        "3.5": 3.5,
        "nan": np.nan,
        "inf": np.inf,
        "-0.0": -0.0,
        "2**31": 2**31,
        "2**62": 2**62,
        "-2**63": -(2**63),
        "2**64": 2**64,
        "-2**64": -(2**64),
        "10**400": 10**400,
        "1j": 1j,
        "text": "text",
        "empty text": "",
        "text with NUL": "a\0b",
        "surrogate": "\udc80",
        "bytes": b"text",
        "ellipsis": ...,
        "type": int,
        "module": np,
        "function": len,
        "slice": slice(3),
        "set": {1, 2},
        "dict": {"a": 1},
        "hostile": Hostile(),
        "liar": Liar(),
        "list of liars": [Liar(), Liar()],
        "endless list": endless(),
        "lists of lists": deep(70),
        "deep lists": deep(500),
        "ragged": [[1.0, 2.0], [3.0]],
        "empty list": [],
        "list of None": [None, 1.0],
        "list of text": ["a"],
        "list of large": [2**70, -(2**70)],
        "fraction": Fraction(1, 3),
        "(0, 0)": (0, 0),
        "(0, 5)": (0, 5),
        "(None,)": (None,),
        "(-1, -1)": (-1, -1),
        "(2**62, 4)": (2**62, 4),
        "(-2**63, -1)": (-(2**63), -1),
        "(2**62, 4, 0)": (2**62, 4, 0),
        "()": (),
        "64 ones": (1,) * 64,
        "65 ones": (1,) * 65,
        "0-d": np.array(1.5),
        "0-d int": np.array(2),
        "empty": np.zeros(0),
        "(0, 3)": np.zeros((0, 3)),
        "(3, 0)": np.zeros((3, 0)),
        "(2**58, 0)": np.zeros((2**58, 0)),
        "(2**27, 0, 2**27)": np.zeros((2**27, 0, 2**27)),
        "32-d": np.ones((1,) * 31 + (3,)),
        "33-d": np.ones((3,) + (1,) * 32),
        "64-d": np.ones((1,) * 63 + (3,)),
        "64-d of float32": np.ones((2,) + (1,) * 62 + (3,), np.float32),
        "64-d int": np.arange(3).reshape((1,) * 63 + (3,)),
        "64-d empty": np.zeros((1,) * 63 + (0,)),
        "64-d long": np.ones((1,) * 63 + (300,)),
        "huge": np.broadcast_to(1.5, 2**58),
        "rows": np.arange(6.0).reshape(2, 3),
        "strided": np.arange(12.0)[::-4],
        "transposed": np.arange(6.0).reshape(2, 3).T,
        "read-only": read_only(),
        "swapped": np.arange(3.0).astype(">f8"),
        "swapped float32": np.arange(3).astype(">f4"),
        "misaligned": np.frombuffer(b"." + bytes(24), np.float64, offset=1),
        "nans": np.full(3, np.nan),
        "infinities": np.array([-np.inf, np.inf, np.inf]),
        "falling": np.array([3.0, 2.0, 1.0]),
        "zeros": np.zeros(3),
        "float16": np.ones(3, np.float16),
        "bools": np.ones(3, bool),
        "uint64": np.full(3, 2**64 - 1, np.uint64),
        "longdouble": np.ones(3, np.longdouble),
        "complex": np.ones(3, complex),
        "complex64": np.ones((2, 3), np.complex64),
        "objects": np.array([1, None, "a"], object),
        "texts": np.array(["a", "b", "c"]),
        "bytes array": np.array([b"1", b"2"]),
        "StringDType": np.array(["1", "2"], np.dtypes.StringDType()),
        "datetime64": np.array(["2020", "NaT"], "M8[s]"),
        "timedelta64": np.array([1, 2, 3], "m8[ms]"),
        "structure": np.zeros(3, [("a", float)]),
        "void": np.zeros(3, "V8"),
        "mask": np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]),
        "masked": np.ma.masked,
        "released": released(),
        "memoryview": memoryview(bytearray(24)).cast("d"),
        "empty bytearray": bytearray(),
        "range": range(3),
        "generator": (number for number in range(3)),
        "dask": da.ones(3),
        "NaT": np.datetime64("NaT"),
        "str_": np.str_("1"),
        "float32 scalar": np.float32(2),
        "dtype": np.dtype("f8"),
        "dtype float16": np.float16,
        "dtype object": object,
        "uint32": np.arange(3, dtype=np.uint32),
        "error": ValueError("mine"),
        "there": there,
        "there 0-d": there.sum(),
        "there empty": device.upload(np.zeros(0)),
        "there float32": device.upload([1.0, 2.0, 4.0], np.float32),
        "there uint32": device.upload([1, 2, 3], np.uint32),
        "there rows": device.upload([[1.0, 2.0, 4.0], [3.0, 2.0, 1.0]]),
        "there 64-d": device.upload(np.ones((1,) * 63 + (3,))),
        "there (0, 20000)": device.upload(np.zeros((0, 20_000))),
        "there (3, 0)": device.upload(np.zeros((3, 0))),
        "elsewhere": other.upload([1.0, 2.0, 4.0]),
        "elsewhere rows": other.upload([[1.0, 2.0, 4.0]] * 2),
        "given up": given_up(device),
        "device": device,
        "other device": other,
        "table": table,
        "tables": ndgpu.InterpTable([1.0, 2.0], [[3.0, 4.0]] * 2, device=device),
        "located": table.locate([1.0, 1.5, np.nan]),
        "located rows": ndgpu.InterpTable([1.0, 2.0], [[3.0, 4.0]] * 2, device=device).locate_rows([[1.5] * 3] * 2),
        "knots": ndgpu.Knots([1.0, 2.0], device=device),
        "plan": device.capture(there, lambda x: x.sum()),
        "transfers": device.transfers(),
        "reads back": lambda x: x.numpy(),
        "captures": lambda x: device.capture(x, lambda y: y.sum()).replay(),
        "returns itself": lambda *x: x,
        "returns nothing": lambda *x: None,
        "raises": lambda *x: 1 / 0,
        "recurses": recurse,
        "returns other": lambda *x: there,
        "overwrites": lambda x: x.overwrite([1.0, 2.0, 3.0]),
        "gives up": lambda x: x._take(),
        "many axes": lambda x: x.reshape((1,) * 63 + (3,)),
        "looks up": lambda x: table.interp(x),
    }


def recurse(*x):
    return recurse(*x)


#: What an argument of some name has to be for the others to matter.
SANE = {
    "a": "rows",
    "x": "rows",
    "xp": "knots of a table",
    "fp": "knots of a table",
    "v": "rows",
    "bins": "knots of a table",
    "weights": "rows",
    "g": "rows",
    "inputs": "there",
    "function": "looks up",
    "device": "device",
    "name": "cpu",
    "_types": "()",
    "args": "()",
    "keywords": "no keywords",
}
#: In the process of the walk these would not come back.
BESIDE = {"huge"}


def exported(device):
    """Everything to call by its name: functions, classes, and methods of an object of each class; and what is read."""
    objects = arguments(device)
    instances = {
        ndgpu.Device: ["device"],
        ndgpu.DeviceArray: [name for name in objects if name.startswith("there")] + ["given up", "elsewhere"],
        ndgpu.InterpTable: ["table", "tables"],
        ndgpu.Knots: ["knots"],
        ndgpu.Located: ["located", "located rows"],
        ndgpu.Plan: ["plan"],
        ndgpu.Transfers: ["transfers"],
    }
    publics = {name: getattr(ndgpu, name) for name in ndgpu.__all__ if name != "__version__"}
    publics |= {f"dask.{name}": getattr(ndgpu.dask, name) for name in ndgpu.dask.__all__}
    publics |= {name: public for name, public in vars(_ndgpu).items() if inspect.isbuiltin(public)}
    calls = {}
    for name, public in publics.items():
        if name == "_after_fork":  # says that this process has no threads
            continue
        calls[name] = lambda objects, public=public: public
        if not isinstance(public, type) or issubclass(public, BaseException):
            continue
        for member in vars(public):
            if member in ("__doc__", "__module__", "__new__"):
                continue
            for instance in instances[public]:
                calls[f"{name}.{member} of {instance}"] = lambda objects, i=instance, member=member: getattr(
                    objects[i], member
                )
    return calls


def parameters(function):
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []


def settled(result):
    """Looks at what a call gave, which may be an error that waits there."""
    if isinstance(result, ndgpu.DeviceArray):
        result.numpy()
        repr(result)
    elif isinstance(result, ndgpu.InterpTable):
        result.interp_rows([1.5]).numpy()
    elif isinstance(result, ndgpu.Plan):
        settled(result.replay())
    elif isinstance(result, da.Array):
        result.compute(scheduler="sync")
    elif isinstance(result, ndgpu.Located):
        settled(result.cells())
    elif isinstance(result, dict):
        settled(tuple(result.values()))
    elif isinstance(result, tuple):
        for each in result:
            settled(each)


class Walk:
    def __init__(self, device, log):
        self.device, self.log, self.calls, self.wrong = device, log, 0, set()

    def call(self, name, find, given):
        """One call, with arguments by the names of hostile values."""
        objects = arguments(self.device) | self.sane()
        os.write(self.log, f"{name} {given}\n".encode())
        self.calls += 1
        try:
            function = find(objects)
            if not callable(function):
                return
            positional, keywords = [], {}
            for parameter in parameters(function):
                if parameter.name in given:
                    value = objects[given[parameter.name]]
                elif parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                    value = objects[SANE.get(parameter.name, "rows")]
                else:
                    continue
                if parameter.kind is parameter.VAR_POSITIONAL:
                    positional += value if isinstance(value, tuple) else [value]
                elif parameter.kind is parameter.VAR_KEYWORD:
                    keywords["keyword"] = value
                elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD) and not keywords:
                    keywords[parameter.name] = value
                else:
                    keywords[parameter.name] = value
            if any(parameter.kind is parameter.POSITIONAL_ONLY for parameter in parameters(function)):
                positional, keywords = list(keywords.values()), {}
            settled(function(*positional, **keywords))
        except Exception as error:
            try:
                message = str(error)
            except Exception:
                return
            rust = RUST.search(message)
            if rust and "as planned" not in message:
                self.wrong.add(f"{name} {given}: {rust.group()!r} in {message}")
        except BaseException as error:
            self.wrong.add(f"{name} {given}: {type(error)} {error}")
        finally:
            ndgpu.set_device(self.device)

    def sane(self):
        return {"knots of a table": np.array([1.0, 2.0, 4.0]), "cpu": "cpu", "no keywords": {}}

    def walk(self, share):
        """One bad argument, or none, with the others as they should be; then several, drawn by chance."""
        calls, names = exported(self.device), [name for name in arguments(self.device) if name not in BESIDE]
        counts = itertools.count()
        random = np.random.default_rng(0)
        for name, find in calls.items():
            taken = parameters(find(arguments(self.device)))
            self.call(name, find, {})
            # A method of several objects meets each argument on one of them.
            objects_alike = sum(other.split(" of ")[0] == name.split(" of ")[0] for other in calls)
            for parameter in taken:
                for hostile in names:
                    if next(counts) % (share * objects_alike) == 0:
                        self.call(name, find, {parameter.name: hostile})
            if len(taken) > 1:
                for _ in range(60 // share):
                    some = random.choice(taken, random.integers(2, len(taken) + 1), replace=False)
                    self.call(name, find, {parameter.name: str(random.choice(names)) for parameter in some})


def main(name, log, share):
    faulthandler.enable()
    warnings.simplefilter("ignore")
    device = ndgpu.Device(name)
    ndgpu.set_device(device)
    walk = Walk(device, os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
    with np.errstate(all="ignore"):
        walk.walk(share)
    print(f"{walk.calls} calls")
    print("\n".join(sorted(walk.wrong)), file=sys.stderr)
    return bool(walk.wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
