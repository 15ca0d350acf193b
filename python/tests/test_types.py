"""Every dtype of NumPy's as every operand of every function in NumPy's place: NumPy's result in NumPy's dtype, or a
TypeError where `REFUSED` says so. Nothing is converted in silence."""

import itertools
import warnings
from fractions import Fraction
from functools import partial

import dask.array as da
import numpy as np
import pytest

import ndgpu
import ndgpu.dask

pytestmark = pytest.mark.usefixtures("on_device")

NUMBERS = ["?", *np.typecodes["AllInteger"], *np.typecodes["AllFloat"]]
SWAPPED = [">i2", ">i4", ">u8", ">f2", ">f4", ">f8", ">c8", ">c16", "<f8"]
LONG = np.dtype(np.longdouble).itemsize > 8  # it is float64 by another name on some platforms

# Makes an array of each kind out of small numbers.
KINDS = {
    **{np.dtype(code).str + code: lambda values, code=code: np.array(values).astype(code) for code in NUMBERS},
    **{code: lambda values, code=code: np.array(values).astype(code) for code in SWAPPED},
    "list": list,
    "tuple": tuple,
    "strided": lambda values: np.repeat(np.array(values, np.float64), 2)[::2],
    "backwards": lambda values: np.array(values, np.float32)[::-1].copy()[::-1],
    "read-only": lambda values: np.frombuffer(np.array(values, np.float64).tobytes()),
    "misaligned": lambda values: np.frombuffer(b"." + np.array(values, np.float64).tobytes(), np.float64, offset=1),
    "memoryview": lambda values: memoryview(np.array(values, np.int32)),
    "objects": lambda values: np.array(values, object),
    "fractions": lambda values: np.array([Fraction(value) for value in values]),
    "list of fractions": lambda values: [Fraction(value) for value in values],
    "None": lambda values: [None] * len(values),
    "text": lambda values: np.array([str(value) for value in values]),
    "list of text": lambda values: [str(value) for value in values],
    "bytes": lambda values: np.array([str(value).encode() for value in values]),
    "StringDType": lambda values: np.array([str(value) for value in values], np.dtypes.StringDType()),
    "datetime64": lambda values: np.array(values).astype("M8[s]"),
    "timedelta64": lambda values: np.array(values).astype("m8[ms]"),
    "structure": lambda values: np.array([(value,) for value in values], [("value", np.float64)]),
    "void": lambda values: np.array(values, np.float64).view("V8"),
    "mask": lambda values: np.ma.array(values, np.float64, mask=[True] + [False] * (len(values) - 1)),
    "mask of nothing": lambda values: np.ma.array(values, np.float64),
}

#: What devices do not compute with, although NumPy does: a TypeError, as the README says.
REFUSED = {
    name
    for name, make in KINDS.items()
    if np.asanyarray(make([1, 2])).dtype.kind not in "biufc" or name.startswith("mask")
    or (LONG and np.asanyarray(make([1])).dtype.char in "gG")
}  # fmt: skip
COMPLEX = {name for name, make in KINDS.items() if np.asanyarray(make([1])).dtype.kind == "c"}
#: Operands that are ordered: complex numbers are not, to a device.
ORDERED = {"min a", "max a", "amin a", "amax a", "argmin a", "argmax a", "searchsorted a", "searchsorted v",
           "searchsorted v (few of many)", "nanmin a", "nanmax a"}  # fmt: skip
#: Operands that NumPy takes the real part of, with a warning, or the absolute value.
REAL = {
    *("interp x (0-d)", "interp xp (periodic)", "interp left", "interp right", "interp period"),
    *("standardize a", "standardize ddof", "sum initial (integers)"),
    *(f"{name} initial" for name in ("sum", "min", "max", "amin", "amax")),
    *(f"{name} {option}" for name in ("var", "std") for option in ("ddof", "correction", "mean")),
}
INTEGERS = {name for name, make in KINDS.items() if np.asanyarray(make([1])).dtype.kind in "biu"}
#: A variance that NumPy rounds to integers on the way, in several places.
IN_FLOATS = {"var dtype", "std dtype"}

KNOTS = [1.0, 2.0, 4.0]
A = np.array([[1.5, 2.0, 4.0], [0.5, 8.0, 1.0]])


def zscore(a, axis=None, *, ddof=0):
    """What `standardize` is in NumPy's terms."""
    a = np.asanyarray(a)
    if a.dtype.kind in "biu":
        a = a.astype(np.float64)
    result = (a - np.mean(a, axis, keepdims=True)) / np.std(a, axis, ddof=ddof, keepdims=True)
    return result.astype(a.dtype.newbyteorder("="), copy=False)


class Numpys:
    """NumPy, with a function by the name of each of ndgpu's."""

    standardize = staticmethod(zscore)

    def __getattr__(self, name):
        return getattr(np, name)


def into(function):
    """A call whose result is `out`, an array of zeros of the operand's dtype."""

    def call(m, operand):
        out = np.zeros_like(operand[:1], shape=(3,))
        assert getattr(m, function)(A, 0, out=out) is out
        return out

    return call


def of_dtype(function):
    return lambda m, operand: getattr(m, function)(A, 1, dtype=np.asanyarray(operand).dtype)


NANS = ("nansum", "nanmean", "nanvar", "nanstd", "nanmin", "nanmax")
OPERANDS = {
    "interp x": lambda m, o: m.interp(o, KNOTS, [0.0, 1.0, 5.0]),
    "interp x (0-d)": lambda m, o: m.interp(o[1], KNOTS, [0.0, 1.0, 5.0]),
    "interp xp": lambda m, o: m.interp([0.5, 1.5, 3.0, 9.0], o, [0.0, 1.0, 5.0]),
    "interp xp (periodic)": lambda m, o: m.interp([0.5, 1.5, 3.0, 9.0], o, [0.0, 1.0, 5.0], period=6.5),
    "interp fp": lambda m, o: m.interp(np.array([0.5, 1.5, 3.0, 9.0]), np.array(KNOTS), o),
    "interp left": lambda m, o: m.interp(np.array([0.5, 1.5]), np.array(KNOTS), np.array([0.0, 1.0, 5.0]), left=o[1]),
    "interp right": lambda m, o: m.interp([9.5, 1.5], KNOTS, [0.0, 1.0, 5.0], right=o[1]),
    "interp left (complex)": lambda m, o: m.interp([0.5, 1.5], KNOTS, [1j, 1.0, 5.0], left=o[1]),
    "interp period": lambda m, o: m.interp(np.array([0.5, 1.5]), np.array(KNOTS), np.array([0.0, 1.0, 5.0]),
                                           period=o[2]),
    "average a": lambda m, o: m.average(o),
    "average a (weighted)": lambda m, o: m.average(o, weights=np.float32([1, 2, 4])),
    "average weights": lambda m, o: m.average([0.5, 2.0, 1.0], weights=o),
    "average weights of an axis": lambda m, o: m.average(A.astype(np.float32), 1, weights=o),
    **{f"{name} a": lambda m, o, name=name: getattr(m, name)(o)
       for name in ("sum", "mean", "var", "std", "min", "max", "amin", "amax", "argmin", "argmax", "standardize",
                    *NANS)},
    **{f"{name} initial": lambda m, o, name=name: getattr(m, name)(A, 1, initial=o[1])
       for name in ("sum", "min", "max", "amin", "amax")},
    "sum initial (integers)": lambda m, o: m.sum(A.astype(int), 1, initial=o[1]),
    **{f"{name} where": lambda m, o, name=name: getattr(m, name)(A, 1, initial=2.5, where=o)
       for name in ("sum", "min", "max", "amin", "amax", "nansum", "nanmin", "nanmax")},
    **{f"{name} where": lambda m, o, name=name: getattr(m, name)(A, 1, where=o)
       for name in ("mean", "var", "std", "nanmean", "nanvar", "nanstd")},
    **{f"{name} mean": lambda m, o, name=name: getattr(m, name)(A, 1, mean=np.asanyarray(o)[:2, None])
       for name in ("var", "std")},
    **{f"{name} out": into(name)
       for name in ("sum", "mean", "var", "std", "min", "max", "amin", "amax", "argmin", "argmax", *NANS)},
    **{f"{name} dtype": of_dtype(name) for name in ("sum", "mean", "var", "std")},
    **{f"{name} ddof": lambda m, o, name=name: getattr(m, name)(A, 1, ddof=o[0]) for name in ("var", "std")},
    **{f"{name} correction": lambda m, o, name=name: getattr(m, name)(A, 1, correction=o[0])
       for name in ("var", "std")},
    "standardize ddof": lambda m, o: m.standardize(A, 1, ddof=o[0]),
    "searchsorted a": lambda m, o: m.searchsorted(o, [0.5, 2.0, 3.5]),
    "searchsorted v": lambda m, o: m.searchsorted([1, 2, 3], o, "right"),
    "searchsorted v (few of many)": lambda m, o: m.searchsorted(np.arange(100.0), o[:2]),
    "searchsorted sorter": lambda m, o: m.searchsorted([4.0, 3.0, 2.0], [2.5, 3.0, 9.0], sorter=o),
    "digitize x": lambda m, o: m.digitize(o, [0.0, 1.0, 2.0, 3.0]),
    "digitize bins": lambda m, o: m.digitize([0.5, 2.0, 3.5], o),
}  # fmt: skip

#: Values that make the operand a good one, where these are not.
VALUES = {
    "searchsorted sorter": [2, 1, 0],
    # Of a list NumPy adds up the numbers where it should count the truths.
    **{f"{name} where": [1, 0, 1] for name in ("mean", "var", "std", "nanmean", "nanvar", "nanstd")},
}


def outcome(call, *args):
    """The result of a call, or what it raises."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return call(*args)
        except Exception as error:
            return error


def judge(operand, kind, ours, numpys):
    """What is wrong with an outcome, if anything is; NumPy is asked only if it matters, for some of its own crash."""
    if kind == "None" and operand.endswith("correction"):
        return None  # what ndgpu has for one that is not given
    refused = isinstance(ours, TypeError)
    if refused and (
        kind in REFUSED
        or (kind in COMPLEX and operand in ORDERED | REAL)
        or (kind in INTEGERS and operand in IN_FLOATS)
    ):
        return None
    numpys = numpys()
    if isinstance(ours, Exception) or isinstance(numpys, Exception):
        same = isinstance(ours, Exception) and (refused or isinstance(ours, type(numpys)))
        if same and isinstance(numpys, Exception):
            return None
        return f"{ours!r}, NumPy {numpys!r}"
    ours, numpys = np.asanyarray(ours), np.asanyarray(numpys)
    if ours.dtype != numpys.dtype or ours.shape != numpys.shape or not (operand.endswith("out") or ours.dtype.isnative):
        return f"{ours!r}, NumPy {numpys!r}"
    tolerance = {"e": 4e-3, "f": 1e-6, "F": 1e-6}.get(ours.dtype.char, 1e-13)
    same = np.allclose(ours, numpys, rtol=tolerance, atol=0, equal_nan=True)
    return None if same else f"{ours!r}, NumPy {numpys!r}"


@pytest.mark.parametrize("operand", OPERANDS)
def test_every_kind_of_operand(operand):
    call, wrong = OPERANDS[operand], []
    for kind, make in KINDS.items():
        values = VALUES.get(operand, [1, 2, 3])
        ours = outcome(call, ndgpu, make(values))
        complaint = judge(operand, kind, ours, partial(outcome, call, Numpys(), make(values)))
        if complaint:
            wrong.append(f"{kind}: {complaint}")
    assert not wrong, "\n".join(wrong)


#: Of ndgpu.dask the operands that there are, in blocks.
IN_BLOCKS = {
    "interp x": lambda m, o: m.interp(o, KNOTS, [0.0, 1.0, 5.0]),
    "interp x of other blocks than said": lambda m, o: m.interp(otherwise(m, o), KNOTS, [0.0, 1.0, 5.0]),
    "interp xp": lambda m, o: m.interp(X, o, [0.0, 1.0, 5.0]),
    "interp xp in blocks": lambda m, o: m.interp(X, blocks(m, o), [0.0, 1.0, 5.0]),
    "interp fp": lambda m, o: m.interp(X, KNOTS, o),
    "interp fp in blocks": lambda m, o: m.interp(X, KNOTS, blocks(m, o)),
    "interp left": lambda m, o: m.interp(X, KNOTS, [0.0, 1.0, 5.0], left=o[1]),
    "interp left (complex)": lambda m, o: m.interp(X, KNOTS, [1j, 1.0, 5.0], left=o[1]),
    "interp right": lambda m, o: m.interp(X, KNOTS, [0.0, 1.0, 5.0], right=o[1]),
    "interp period": lambda m, o: m.interp(X, KNOTS, [0.0, 1.0, 5.0], period=o[2]),
    "average a": lambda m, o: m.average(o),
    "average a of other blocks than said": lambda m, o: m.average(otherwise(m, o)),
    "average a (weighted)": lambda m, o: m.average(o, weights=np.float32([1, 2, 4])),
    "average weights": lambda m, o: m.average(X[:3], weights=o),
    "average weights in blocks": lambda m, o: m.average(X[:3], weights=blocks(m, o)),
    "average weights of an axis": lambda m, o: m.average(A.astype(np.float32), 1, weights=o),
}
X = np.array([0.5, 1.5, 3.0, 9.0])


class Dasks:
    """ndgpu.dask for NumPy arrays."""

    @staticmethod
    def interp(x, *args, **options):
        return ndgpu.dask.interp(blocks(Dasks, x), *args, **options).compute(scheduler="sync")

    @staticmethod
    def average(a, *args, **options):
        return ndgpu.dask.average(blocks(Dasks, a), *args, **options).compute(scheduler="sync")


def blocks(m, a):
    """A dask array for ndgpu.dask, and what it is made of for NumPy."""
    if m is not Dasks or isinstance(a, da.Array):
        return a
    # As dask makes arrays of lists, but for masks, which stay.
    a = np.asanyarray(a)
    return da.from_array(a, chunks=2, asarray=False)


def otherwise(m, a):
    """An array that says it holds float64."""
    if m is not Dasks:
        return np.asanyarray(a).astype(np.float64, casting="same_kind")
    a = np.asanyarray(a)
    return da.ones(3, chunks=2).map_blocks(lambda block, block_info: a[slice(*block_info[0]["array-location"][0])],
                                           dtype=np.float64, meta=np.empty(0))  # fmt: skip


@pytest.mark.parametrize("operand", IN_BLOCKS)
def test_every_kind_of_operand_in_blocks(operand):
    call, wrong = IN_BLOCKS[operand], []
    for kind, make in KINDS.items():
        ours = outcome(call, Dasks, make([1, 2, 3]))
        complaint = judge(operand, kind, ours, partial(outcome, call, np, make([1, 2, 3])))
        if complaint:
            wrong.append(f"{kind}: {complaint}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("returned", [False, True])
def test_averages_of_every_pair_of_dtypes(returned):
    for a_code, weights_code in itertools.product(NUMBERS + SWAPPED, repeat=2):
        if {np.dtype(a_code).char, np.dtype(weights_code).char} & (set("gG") if LONG else set()):
            continue
        values, scales = [[1, 0, 3], [1, 1, 0]], [3, 1, 1]
        for shape, axis in (((2, 3), None), ((2, 3), 1), ((3,), 1)):
            a = np.array(values).astype(a_code)
            weights = np.broadcast_to(np.array(scales).astype(weights_code), shape)
            if a.dtype.kind == "f":
                a = a / a.dtype.type(10)
            if weights.dtype.kind == "c":
                weights = weights * weights.dtype.type(1 + 0.1j)
            ours = ndgpu.average(a, axis, weights, returned)
            numpys = np.average(a, axis, weights, returned)
            rtol = {"e": 4e-3, "f": 1e-6, "F": 1e-6}.get(
                np.asarray(numpys[0] if returned else numpys).dtype.char, 1e-14
            )
            for our, numpy in zip(ours, numpys) if returned else [(ours, numpys)]:
                assert our.dtype == numpy.dtype, (a_code, weights_code)
                np.testing.assert_allclose(our, numpy, rtol=rtol, err_msg=f"{a_code} by {weights_code}")


def test_a_sorter_has_one_dimension():
    for sorter in ([[1, 0]], [[1], [0]], 1, np.empty((0, 2), int)):
        with pytest.raises(TypeError, match="sorter"):
            ndgpu.searchsorted([2.0, 1.0], 1.5, sorter=sorter)


def test_the_variance_of_complex_numbers_without_degrees_of_freedom():
    for values in ([1.0, 2.0], [1j, 1j], [1, 2j], [[1, 1], [1j, 2]], [np.nan, 1j], [np.inf, 1j]):
        for code in "FD":
            a = np.array(values).astype(code)
            for ddof in (0, 1, 2, 3, -1, 0.5, np.nan):
                for name in ("var", "std"):
                    with warnings.catch_warnings(), np.errstate(all="ignore"):
                        warnings.simplefilter("ignore")
                        ours = getattr(ndgpu, name)(a, a.ndim - 1, ddof=ddof)
                        numpys = getattr(np, name)(a, a.ndim - 1, ddof=ddof)
                    assert ours.dtype == numpys.dtype
                    np.testing.assert_allclose(ours, numpys, rtol=1e-6, err_msg=f"{name} of {a}, ddof {ddof}")


def test_extremes_of_nothing_are_written_where_they_are_to_be():
    for code in NUMBERS:
        if np.dtype(code).kind == "c" or (LONG and code == "g"):
            continue
        for shape, axis in (((0,), None), ((2, 0), 1), ((0, 2), 0)):
            for name in ("min", "max"):
                a = np.zeros(shape, code)
                expected = getattr(np, name)(a, axis, initial=3)
                out = np.full(expected.shape, 7.5)
                assert getattr(ndgpu, name)(a, axis, out, initial=3) is out
                np.testing.assert_array_equal(out, expected)
                np.testing.assert_array_equal(getattr(ndgpu, name)(a, axis, initial=3), expected, strict=True)
