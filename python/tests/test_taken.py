"""What goes to a device, through every door: which dtypes stay, which become float64, which are refused with a remedy.

Nothing becomes something else behind anybody's back: no masks are lost, no imaginary parts, units, fractions or digits.
"""

import array
import datetime
import decimal
import warnings

import numpy as np
import pytest

import ndgpu

from libraries import LIBRARIES, in_a_process_of_its_own

#: Every dtype that NumPy has, in both orders of bytes.
DTYPES = sorted(
    {np.dtype(char).newbyteorder(order) for char in np.typecodes["All"] for order in "<>"}
    | {np.dtype("M8[s]"), np.dtype("m8[ms]"), np.dtype("S3"), np.dtype("U3"), np.dtype([("x", "f4"), ("y", "f8")])}
    | {np.dtypes.StringDType()},
    key=str,
)


def becomes(dtype):
    """What a device holds an array of a dtype as, or what the refusal tells to do."""
    if dtype.kind == "f" and dtype.itemsize == 4:
        return np.float32
    if dtype.kind == "u" and dtype.itemsize == 4:
        return np.uint32
    if dtype.kind in "biuf" and dtype.itemsize <= 8:
        return np.float64
    return {
        "f": r"\.astype\(\"float64\"\) rounds",
        "c": r"a\.real and a\.imag",
        "M": r"\(a - a\[0\]\) / numpy\.timedelta64\(1, \"s\"\)",
        "m": r"a / numpy\.timedelta64\(1, \"s\"\)",
        "S": r"text becomes numbers by \.astype",
        "U": r"text becomes numbers by \.astype",
        "T": r"text becomes numbers by \.astype",
        "O": r"numpy\.asarray\(a, dtype=\"float64\"\)",
        "V": r"a\[\"name\"\]" if dtype.names else r"\.astype\(\"float32\"\)",
    }[dtype.kind]


def doors(device):
    """Every way of an array of the host's to a device, under the name that tells it; each takes one of two elements."""
    there = device.upload([[1.0, 2.0], [3.0, 4.0]])
    table = ndgpu.InterpTable([0.0, 1.0], [0.0, 1.0], device=device)
    rows = ndgpu.InterpTable([0.0, 1.0], [[0.0, 1.0], [1.0, 0.0]], device=device)
    knots = ndgpu.Knots([0.0, 1.0], device=device)
    plan = device.capture(device.upload([0.0, 0.0]), lambda x: x.sum())
    return {
        "upload": device.upload,
        "upload of a list": lambda a: device.upload([a, a]),
        "overwrite": device.upload([0.0, 0.0]).overwrite,
        "xp": lambda a: ndgpu.InterpTable(a, [0.0, 1.0], device=device),
        "fp": lambda a: ndgpu.InterpTable([0.0, 1.0], a, device=device),
        "fp beside a device's": lambda a: ndgpu.InterpTable(device.upload([0.0, 1.0]), a),
        "xp beside a device's": lambda a: ndgpu.InterpTable(a, device.upload([0.0, 1.0])),
        "interp": table.interp,
        "interp_rows": rows.interp_rows,
        "with_values": table.with_values,
        "Knots": lambda a: ndgpu.Knots(a, device=device),
        "searchsorted": knots.searchsorted,
        "digitize": knots.digitize,
        "average": lambda a: there.average(0, a),
        "weighted_sum": lambda a: there.weighted_sum(a, 0),
        "write": plan.write,
    }


DOORS = list(doors(ndgpu.Device("cpu")))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_stays_becomes_float64_or_is_refused(device, dtype):
    given = np.zeros(2, dtype)
    expected = becomes(dtype)
    if isinstance(expected, type):
        given[:] = [0, 1]
        there = device.upload(given)
        assert there.dtype == expected
        np.testing.assert_array_equal(there.numpy(), [0, 1])
    else:
        with pytest.raises(TypeError, match=expected):
            device.upload(given)


@pytest.mark.parametrize("door", DOORS)
def test_every_door_takes_the_same(device, door):
    for dtype in DTYPES:
        # Each door anew: what is written over stays written over.
        through, given, expected = doors(device)[door], np.zeros(2, dtype), becomes(dtype)
        if not isinstance(expected, type):
            with pytest.raises(TypeError, match=expected):
                through(given)
        elif not (expected is np.uint32 and door == "Knots"):
            given[:] = [0, 1]
            through(given)


REFUSED = {
    "masked": (lambda: np.ma.array([0.0, 1.0], mask=[True, False]), TypeError, r"numpy\.ma\.filled\(a, value\)"),
    "masked, of float32": (lambda: np.ma.array([0, 1], "f4", mask=[True, False]), TypeError, r"a\.compressed\(\)"),
    "masked, with no mask": (lambda: np.ma.array([0.0, 1.0]), TypeError, "know no masks"),
    "what gives a masked array": (lambda: Gives(np.ma.array([0.0, 1.0], mask=[1, 0])), TypeError, "know no masks"),
    "a list of masked arrays": (lambda: [np.ma.array(0.0, mask=True), np.ma.array(1.0)], TypeError, "know no masks"),
    "a list of what gives them": (
        lambda: [Gives(np.ma.array(0.0)), Gives(np.ma.array(1.0))],
        TypeError,
        "know no masks",
    ),
    "the masked element": (lambda: np.ma.masked, TypeError, "know no masks"),
    "complex in a list": (lambda: [0j, 1 + 2j], TypeError, r"list.*complex128.*a\.real"),
    "dates of the standard library": (lambda: [datetime.date(2020, 1, 1)] * 2, TypeError, "dtype object"),
    "decimals": (lambda: [decimal.Decimal(0), decimal.Decimal(1)], TypeError, r"dtype=\"float64\""),
    "text in a list": (lambda: ["0", "1"], TypeError, "list.*text"),
    "None in a list": (lambda: [0.0, None], TypeError, "dtype object"),
    "a set": (lambda: {0.0, 1.0}, TypeError, "dtype object"),
    "a list with a number beyond 64 bits": (lambda: [0, 2**64], TypeError, "dtype object"),
    "2**53 + 1": (lambda: [0, 2**53 + 1], ValueError, r"9007199254740993 .*9007199254740992: \.astype\(\"float64\"\)"),
    "-2**53 - 1": (lambda: np.array([-(2**53) - 1, 0], ">i8"), ValueError, "-9007199254740993 .*float64"),
    "2**63 - 1": (lambda: np.array([0, 2**63 - 1]), ValueError, "9223372036854775807 .*9223372036854775808"),
    "2**64 - 1": (lambda: np.array([[0, 2**64 - 1]], np.uint64)[0, ::1], ValueError, "18446744073709551615 .*float64"),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("what", REFUSED)
def test_what_would_become_something_else_is_refused(device, door, what):
    make, error, message = REFUSED[what]
    with pytest.raises(error, match=message), warnings.catch_warnings():
        warnings.simplefilter("error")
        doors(device)[door](make())


def test_nothing_is_no_array(device):
    with pytest.raises(TypeError, match="NoneType.*dtype object"):
        device.upload(None)
    with pytest.raises(TypeError, match="NoneType.*dtype object"):
        ndgpu.InterpTable([0.0, 1.0], None, device=device)


def test_integers_that_float64_holds_are_taken(device):
    held = np.array([0, -(2**53), 2**53, 2**53 + 2, -(2**62), -(2**63)])
    np.testing.assert_array_equal(device.upload(held).numpy(), held.astype(np.float64))
    held = np.array([2**63, 2**64 - 2**11], np.uint64)
    np.testing.assert_array_equal(device.upload(held[::-1]).numpy(), held[::-1].astype(np.float64))


def test_a_dtype_that_is_asked_for_rounds(device):
    for dtype in (np.float32, np.float64, ">f4"):
        there = device.upload([2**53 + 1, 1], dtype)
        np.testing.assert_array_equal(there.numpy(), np.array([2**53 + 1, 1]).astype(dtype))
    assert ndgpu.InterpTable([0, 2**53 + 1], [0, 2**60 + 1], dtype="float64", device=device).knots == 2
    assert len(ndgpu.Knots([0, 2**53 + 1], dtype="float32", device=device)) == 2
    assert device.upload([0.1], np.float32).numpy()[0] == np.float32(0.1)
    # But it says nothing of what is no number, or has more than one part.
    for given, error in (([1j], "a.real"), (["1"], "text"), (np.ma.array([1.0]), "masks"), ([None], "object")):
        with pytest.raises(TypeError, match=error):
            device.upload(given, np.float64)


@pytest.mark.parametrize("dtype", "?bhilqBHILQ")
def test_uint32_takes_integers_that_it_holds(device, dtype):
    there = device.upload(np.array([0, 1, 1], dtype), np.uint32)
    np.testing.assert_array_equal(there.numpy(), np.uint32([0, 1, 1]))
    limits = np.iinfo(dtype) if dtype != "?" else None
    for value in (-1, 2**32) if limits else ():
        if limits.min <= value <= limits.max:
            with pytest.raises(ValueError, match=f"^{value} is not among the numbers of uint32"):
                device.upload(np.array([1, value], dtype), np.uint32)
            with pytest.raises(ValueError, match=f"^{value} is not among the numbers of uint32"):
                device.upload(np.uint32([1, 2])).overwrite(np.array([1, value], dtype))


def test_uint32_takes_no_floats(device):
    for given in ([1.0], np.float16([1]), np.float32([1.5])):
        with pytest.raises(TypeError, match=r"lose their fractions.*\.astype\(\"uint32\"\)"):
            device.upload(given, np.uint32)
        with pytest.raises(TypeError, match=r"lose their fractions"):
            device.upload(np.uint32([1])).overwrite(given)


class Gives:
    """An array of some library that becomes one of NumPy's by `__array__`."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return self.values if dtype is None else self.values.astype(dtype)


class SpeaksOfMemory:
    def __init__(self, values):
        self.values, self.__array_interface__ = values, values.__array_interface__


class SpeaksDlpack:
    """Also a sequence, which NumPy would go through element by element."""

    def __init__(self, values):
        self.values = values

    def __dlpack__(self, **keywords):
        return self.values.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()

    def __len__(self):
        raise AssertionError("the elements were asked for one by one")

    __getitem__ = __iter__ = __len__


FOREIGN = {
    "__array__": Gives,
    "__array_interface__": SpeaksOfMemory,
    "DLPack": SpeaksDlpack,
    "buffer": memoryview,
    "a subclass of NumPy's": lambda a: a.view(type("Theirs", (np.ndarray,), {})),
    "a list of them": lambda a: [Gives(a[0]), Gives(a[1])],
    "a list of scalars": lambda a: [list(a[0]), list(a[1])],
}


@pytest.mark.parametrize("dtype", ["f4", "f8", "u4", "i4", "f2", ">f4", ">f8", ">u4", ">i4"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_arrays_of_any_kind_keep_their_dtype(device, kind, dtype):
    if kind in ("DLPack", "buffer") and dtype.startswith(">"):
        dtype = dtype[1:]  # neither names an order of bytes that NumPy would read
    values = np.array([[0, 1], [2, 3]], dtype)
    there = device.upload(FOREIGN[kind](values))
    assert there.dtype == becomes(values.dtype)
    np.testing.assert_array_equal(there.numpy(), values)
    if there.dtype != np.uint32:
        tables = ndgpu.InterpTable(FOREIGN[kind](values), FOREIGN[kind](values), device=device)
        assert tables.dtype == there.dtype
        np.testing.assert_array_equal(tables.interp_rows(FOREIGN[kind](values)).numpy(), values)


def test_the_standard_librarys_arrays(device):
    assert device.upload(array.array("f", [1.5, 2.5])).dtype == np.float32
    assert device.upload(array.array("d", [1.5, 2.5])).dtype == np.float64


def test_an_array_on_a_device_is_no_array_of_the_hosts(device):
    there = device.upload([1.0, 2.0])
    with pytest.raises(TypeError, match="to_device"):
        device.upload(there)
    with pytest.raises(TypeError, match=r"\.numpy\(\)"):
        device.upload([there, there])


@pytest.mark.parametrize("library", LIBRARIES)
def test_float32_of_other_libraries_stays_float32(library):
    told = in_a_process_of_its_own(
        library,
        """
        for name, array in arrays.items():
            there = device.upload(array)
            table = ndgpu.InterpTable(array, array, device=device)
            tell(name, str(there.dtype), there.numpy().tolist(), str(table.dtype))
        """,
    )
    expected = [[kind, kind, [0.0, 1.0, 2.5], kind] for kind in ("float32", "float64")]
    assert told == expected
