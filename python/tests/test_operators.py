"""What Python asks of an array by its operators: a number of the only element, and nothing that needs more."""

import math
import operator

import numpy as np
import pytest

import ndgpu

SENTENCE = r"does not become a NumPy array by itself.*\.numpy\(\)"

BINARY = [
    operator.add, operator.sub, operator.mul, operator.matmul, operator.truediv, operator.floordiv, operator.mod,
    divmod, operator.pow, operator.lshift, operator.rshift, operator.and_, operator.xor, operator.or_,
    operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge,
    operator.iadd, operator.isub, operator.imul, operator.imatmul, operator.itruediv, operator.ifloordiv,
    operator.imod, operator.ipow, operator.ilshift, operator.irshift, operator.iand, operator.ixor, operator.ior,
]  # fmt: skip
OTHERS = {
    "neg": operator.neg,
    "pos": operator.pos,
    "abs": operator.abs,
    "invert": operator.invert,
    "round": round,
    "bool": bool,
    "not": operator.not_,
    "iter": iter,
    "list": list,
    "unpacking": lambda a: (lambda *elements: elements)(*a),
    "reversed": reversed,
    "in": lambda a: 1.0 in a,
    "an element": lambda a: a[0],
    "a slice": lambda a: a[1:],
    "a mask": lambda a: a[np.array([True, False, True])],
    "an assignment": lambda a: operator.setitem(a, 0, 1.0),
    "sum": lambda a: sum(a),
    "sorted": sorted,
    "min": lambda a: min(a),
    "a share of equal ones": lambda a: np.mean(a == a),
}


@pytest.mark.parametrize("operation", BINARY, ids=lambda operation: operation.__name__)
def test_no_operator_computes(device, operation):
    for there in (device.upload([1.0, 2.0, 3.0]), device.upload(np.uint32([1, 2, 3])), device.upload(2.0)):
        before = device.transfers().readbacks
        for other in (1, 1.0, 1j, None, "1", [1.0], (), np.float64(1.0), np.ones(3), there, device.upload([1.0])):
            with pytest.raises(TypeError, match=SENTENCE):
                operation(there, other)
            if operation in (operator.mod, operator.imod) and isinstance(other, str):
                continue  # what is formatted needs no values
            if operation.__name__ in ("iadd", "imul") and isinstance(other, list):
                continue  # a list asks for elements, or for a number
            with pytest.raises(TypeError, match=SENTENCE):
                operation(other, there)
        assert device.transfers().readbacks == before


@pytest.mark.parametrize("operation", OTHERS)
def test_nothing_is_asked_of_elements(device, operation):
    for there in (device.upload([1.0, 2.0, 3.0]), device.upload(np.uint32([1])), device.upload(2.0)):
        before = device.transfers().readbacks
        with pytest.raises(TypeError, match=SENTENCE):
            OTHERS[operation](there)
        assert device.transfers().readbacks == before


def test_every_operator_of_numpys_arrays_is_there(device):
    """NumPy's mixin for arrays of others names them all."""
    ours = vars(ndgpu.DeviceArray)
    for name in vars(np.lib.mixins.NDArrayOperatorsMixin):
        if name.startswith("__") and callable(getattr(operator, name.strip("_"), None)):
            # What assigns falls back to what does not.
            assert name in ours or name.replace("__i", "__", 1) in ours, name


def test_arrays_are_found_in_dicts_and_sets_by_what_they_are(device):
    one, other = device.upload([1.0, 2.0]), device.upload([1.0, 2.0])
    assert {one: "one", other: "other"}[one] == "one"
    assert len({one, other, one}) == 2
    assert hash(one) == hash(one)
    many = [device.upload([1.0]) for _ in range(1_000)]
    assert all(each in set(many) for each in many[::50]), "no two of them are ever compared"


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint32])
def test_the_only_element_is_a_number(device, dtype, shape):
    there = device.upload(np.full(shape, 3, dtype))
    before = device.transfers()
    numbers = [float(there), int(there), complex(there), there.item(), math.sqrt(there) ** 2]
    assert numbers == pytest.approx([3.0] * 5)
    assert [type(number) for number in numbers[:3]] == [float, int, complex]
    assert type(there.item()) is (int if dtype == np.uint32 else float)
    after = device.transfers()
    assert after.readbacks - before.readbacks == 6, "each is counted"
    assert after.readback_bytes - before.readback_bytes == 6 * there.nbytes
    assert f"{6 * there.nbytes} read back" in repr(there)


def test_numbers_are_those_of_numpy(device):
    assert int(device.upload(-2.75)) == -2
    assert math.isnan(float(device.upload(np.nan)))
    for value, error in ((np.nan, ValueError), (np.inf, OverflowError)):
        with pytest.raises(error):
            int(device.upload(value))
    assert float(device.upload(np.float32(0.1))) == float(np.float32(0.1))
    assert f"{device.upload([[1.0, 2.0]]).mean().item():.2f}" == "1.50"


def test_what_is_not_one_element_is_no_number(device):
    for there in (device.upload([1.0, 2.0]), device.upload(np.ones((0, 3)))):
        before = device.transfers().readbacks
        for convert in (float, int, complex, math.floor):
            with pytest.raises(TypeError, match=r"length-1 arrays.*shape is \["):
                convert(there)
        with pytest.raises(ValueError, match="size 1"):
            there.item()
        assert device.transfers().readbacks == before


def test_places_are_indices(device):
    place = device.upload([1.0, 5.0, 2.0]).argmax()
    assert ["a", "b", "c"][place] == "b"
    assert list(range(place)) == [0]
    for there in (device.upload(1.0), device.upload(np.uint32([1]))):
        with pytest.raises(TypeError, match="only integer scalar arrays"):
            operator.index(there)


def test_errors_arrive_with_the_number(device):
    with pytest.raises(ZeroDivisionError, match="Weights sum to zero"):
        float(device.upload([1.0, 2.0]).average(weights=[1.0, -1.0]))
    with pytest.raises(ValueError, match="captured"):
        device.capture(device.upload([1.0, 2.0]), lambda a: float(a.sum()))


@pytest.mark.parametrize("shape", [(), (3,), (2, 0, 3), (4, 1)])
def test_what_an_array_says_without_its_values(device, shape):
    a = np.zeros(shape)
    there = device.upload(a)
    before = device.transfers().readbacks
    assert np.shape(there) == a.shape
    assert np.ndim(there) == a.ndim
    assert np.size(there) == a.size
    for axis in range(-a.ndim, a.ndim):
        assert np.size(there, axis) == np.size(a, axis)
    with pytest.raises(np.exceptions.AxisError):
        np.size(there, a.ndim)
    if a.ndim:
        assert len(there) == len(a)
    else:
        with pytest.raises(TypeError, match="without axes"):
            len(there)
    assert device.transfers().readbacks == before


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint32])
@pytest.mark.parametrize("size", [0, 1, 10, 1_000, 100_000])
def test_what_numpy_gives_is_read_only_on_every_engine(device, dtype, size):
    there = device.upload(np.zeros(size, dtype))
    view = there.numpy()
    assert not view.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        view[...] = 1
    own = view.copy()
    own[...] = 1
    np.testing.assert_array_equal(there.numpy(), 0)
    if dtype != np.uint32:
        if size:
            assert not there.max().numpy().flags.writeable
        assert not there.reshape(1, -1).sum(0).numpy().flags.writeable
