"""`ndgpu.tensorflow` against NumPy and TensorFlow's own derivatives: in eager calls, graphs, pipelines and models."""

import os
import pathlib
import re
import runpy
import subprocess
import sys
import warnings

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

import keras  # noqa: E402

import ndgpu  # noqa: E402
import ndgpu.tensorflow as nt  # noqa: E402
from ndgpu.tensorflow import _body, _tf  # noqa: E402

HERE = pathlib.Path(__file__).parent
NAN, INF = np.nan, np.inf
XP, FP = [0.0, 1.0, 2.0, 4.0], [0.0, 10.0, -3.0, 5.0]
# Outside, at every knot, between them, and NaN.
X = [-INF, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 4.5, INF, NAN]
FINITE = [-1.0, 0.0, 0.25, 1.0, 1.5, 2.0, 3.5, 4.0, 4.5]
AROUND = [-30.5, -1.0, 0.0, 0.5, 1.0, 1.5, 3.0, 4.5, 5.0, 7.2, 100.25, NAN]
#: Queries, knots, values and options.
TABLES = {
    "plain": (X, XP, FP, {}),
    "left": (X, XP, FP, {"left": -7.0}),
    "left and right": (X, XP, FP, {"left": -7.0, "right": 8.0}),
    "two knots": (X, [0.0, 3.0], [5.0, 7.0], {}),
    "one knot": (X[:-1], [1.0], [5.0], {}),
    "one knot, left and right": (X[:-1], [1.0], [5.0], {"left": 1.0, "right": 2.0}),
    "repeated first": (X, [0.0, 0.0, 1.0, 4.0], FP, {}),
    "repeated within": (X, [0.0, 1.0, 1.0, 4.0], FP, {}),
    "repeated last": (X, [0.0, 1.0, 4.0, 4.0], FP, {}),
    "all the same": (X, [1.0, 1.0, 1.0, 1.0], FP, {}),
    "infinitely far left": (X, [-INF, 1.0, 2.0, 4.0], FP, {}),
    "infinitely far right": (X, [0.0, 1.0, 2.0, INF], FP, {}),
    "nothing but far": (X, [-INF, INF], [5.0, 7.0], {}),
    "period": (AROUND, [4.0, 1.0, 2.0, 0.0], FP, {"period": 5.0}),
    "negative period": (AROUND, [9.0, 1.5, -2.0, 17.0], FP, {"period": -5.5}),
    "one knot in a period": (AROUND, [1.0], [2.0], {"period": 5.0}),
    "knots that meet in a period": (AROUND, [0.0, 5.0, 10.0, 2.0], FP, {"period": 5.0}),
}
TOLERANCE = {tf.float32: {"rtol": 2e-5, "atol": 1e-5}, tf.float64: {"rtol": 1e-12, "atol": 1e-12}}
DTYPES = list(TOLERANCE)


@pytest.fixture(autouse=True)
def on_the_cpu():
    """Whatever a GPU rounds otherwise is for other tests: those that name a device."""
    before = ndgpu.get_device()
    ndgpu.set_device("cpu")
    yield
    ndgpu.set_device(before)


def tensors(dtype, *arrays):
    return [tf.constant(array, dtype) for array in arrays]


def address(tensor):
    """Where the memory of an eager tensor begins, which `np.asarray` shares."""
    return np.asarray(tensor).ctypes.data


def gradients(function, operands, cotangents, graph=False):
    """The values of a function, and the gradients with respect to its operands."""

    def both(*operands):
        with tf.GradientTape() as tape:
            tape.watch(operands)
            values = function(*operands)
        return values, tape.gradient(values, operands, output_gradients=cotangents)

    return (tf.function(both, autograph=False) if graph else both)(*operands)


# interp


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("case", TABLES)
def test_values_are_numpys_and_gradients_those_of_tensorflow(case, dtype, graph):
    x, xp, fp, options = TABLES[case]
    operands = tensors(dtype, x, xp, fp)
    g = tf.constant(np.random.default_rng(1).normal(size=len(x)), dtype)

    y, got = gradients(lambda *operands: nt.interp(*operands, **options), operands, g, graph)
    assert (y.dtype, y.shape) == (dtype, operands[0].shape)
    wide = [np.asarray(operand, np.float64) for operand in operands]
    np.testing.assert_allclose(y, np.interp(*wide, **options), **TOLERANCE[dtype])

    left, right, period = (options.get(name) for name in ("left", "right", "period"))
    _, want = gradients(lambda *operands: _body.interp(*operands, left, right, period), operands, g)
    for name, mine, theirs in zip(("x", "xp", "fp"), got, want):
        np.testing.assert_allclose(mine, theirs, **TOLERANCE[dtype], err_msg=name)


@pytest.mark.parametrize("case", TABLES)
def test_the_body_gives_what_numpy_gives(case):
    x, xp, fp, options = TABLES[case]
    operands = tensors(tf.float64, x, xp, fp)
    left, right, period = (options.get(name) for name in ("left", "right", "period"))
    y = _body.interp(*operands, left, right, period)
    np.testing.assert_allclose(y, np.interp(x, xp, fp, **options), rtol=1e-12)


def test_slopes_are_those_of_differences():
    rng = np.random.default_rng(2)
    x = rng.uniform(-0.5, 4.5, 40)
    operands = tensors(tf.float64, x, XP, FP)
    g = tf.constant(rng.normal(size=40))
    _, got = gradients(nt.interp, operands, g)
    for which, gradient in enumerate(got):
        for i in range(gradient.shape[0]):
            step = np.zeros(gradient.shape[0])
            step[i] = 1e-6
            moved = [
                np.interp(*(np.asarray(each) + sign * step * (at == which) if at == which else np.asarray(each)
                            for at, each in enumerate(operands)))
                for sign in (1, -1)
            ]  # fmt: skip
            difference = np.sum(np.asarray(g) * (moved[0] - moved[1])) / 2e-6
            np.testing.assert_allclose(gradient[i], difference, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("shapes", [((3, 20), (5,), (3, 5)), ((20,), (3, 5), (5,)), ((3, 20), (3, 5), (3, 5))], ids=str)
def test_tables_in_rows(shapes, graph):
    rng = np.random.default_rng(3)
    x, xp, fp = (rng.normal(size=shape) for shape in shapes)
    xp.sort(-1)
    operands = tensors(tf.float64, x, xp, fp)
    g = tf.constant(rng.normal(size=(3, 20)))
    y, got = gradients(nt.interp, operands, g, graph)
    assert y.shape == (3, 20)
    rows = zip(*(np.broadcast_to(each, (3, each.shape[-1])) for each in (x, xp, fp)))
    np.testing.assert_allclose(y, [np.interp(*row) for row in rows], rtol=1e-12)
    _, want = gradients(lambda *operands: _body.interp(*operands, None, None, None), operands, g)
    for mine, theirs in zip(got, want):
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3), (0, 3), (2, 3, 4)], ids=str)
def test_any_shape_of_queries(shape):
    x = tf.random.stateless_uniform(shape, (1, 2), maxval=4.0)
    g = tf.ones(shape)
    for graph in (False, True):
        y, (of_x, of_xp, of_fp) = gradients(nt.interp, [x, *tensors(tf.float32, XP, FP)], g, graph)
        assert (y.shape, of_x.shape, of_xp.shape, of_fp.shape) == (shape, shape, (4,), (4,))
        np.testing.assert_allclose(y, np.interp(x, XP, FP), rtol=2e-6, atol=1e-6)
        assert abs(float(tf.reduce_sum(of_fp)) - np.prod(shape)) < 1e-5


def test_a_knot_out_of_order_is_named_in_eager_calls_and_in_graphs():
    x, xp, fp = tensors(tf.float32, [0.5], [0.0, 2.0, 1.0, 3.0], FP)
    with pytest.raises(ndgpu.NotSortedError, match="knot 2"):
        nt.interp(x, xp, fp)
    with pytest.raises(tf.errors.InvalidArgumentError, match="NotSortedError.*knot 2"):
        tf.function(nt.interp)(x, xp, fp)
    with pytest.raises(tf.errors.InvalidArgumentError, match="knot 1"):
        list(tf.data.Dataset.from_tensors(x).map(lambda x: nt.interp(x, [1.0, NAN], [0.0, 1.0])))


def test_shapes_that_do_not_fit_are_named():
    x, xp, fp = tensors(tf.float32, [0.5], XP, FP[:2])
    with pytest.raises(ValueError, match=r"\[4\].*\[2\]"):
        nt.interp(x, xp, fp)
    with pytest.raises(ValueError, match=r"\(4,\).*\(2,\)"):
        tf.function(nt.interp)(x, xp, fp)
    unknown = tf.function(nt.interp, input_signature=[tf.TensorSpec(None)] * 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[4\].*\[2\]"):
        unknown(x, xp, fp)
    with pytest.raises(ValueError, match="at least one knot"):
        nt.interp(x, [], [])
    with pytest.raises(ValueError, match="period"):
        nt.interp(x, xp, xp, period=0)
    with pytest.raises(ValueError, match="as many rows"):
        tf.function(nt.interp)(tf.ones((2, 3)), tf.ones((3, 2)), tf.ones(2))


@pytest.mark.parametrize(
    "dtype, cast",
    [(tf.float16, "tf.float32"), (tf.bfloat16, "tf.float32"), (tf.int32, "tf.float64"), (tf.bool, "tf.float32")],
)
def test_other_dtypes_are_told_what_to_cast(dtype, cast):
    x = tf.cast(tf.constant([1, 0]), dtype)
    for function in (nt.interp, tf.function(nt.interp)):
        with pytest.raises(TypeError, match=re.escape(f"x is {dtype.name}: tf.cast(x, {cast})")):
            function(x, XP, FP)
    with pytest.raises(TypeError, match=re.escape(f"a is {dtype.name}: tf.cast(a, {cast})")):
        nt.average(x)


def test_tensors_of_two_dtypes_are_told_what_to_cast():
    with pytest.raises(TypeError, match=re.escape("xp is float64: tf.cast(xp, tf.float32)")):
        nt.interp(tf.constant([1.0]), tf.constant(XP, tf.float64), FP)
    with pytest.raises(TypeError, match=re.escape("xp is int32: tf.cast(xp, tf.float32)")):
        nt.interp(tf.constant([1.0]), tf.constant([0, 1, 2, 4]), FP)
    with pytest.raises(TypeError, match="left is a tensor"):
        nt.interp(tf.constant([1.0]), XP, FP, left=tf.constant(0.0))
    for wrong in (["a"] * 4, np.array(FP, complex), np.ma.array(FP)):
        with pytest.raises(TypeError):
            nt.interp(tf.constant([1.0]), XP, wrong)


def test_lists_arrays_and_variables_go_with_the_tensors_dtype():
    want = tf.constant([5.0, -1.0], tf.float64)
    x = tf.constant([0.5, 3.0], tf.float64)
    assert np.allclose(nt.interp(x, XP, FP)[0], 5)
    variable = tf.Variable(FP, dtype=tf.float64)
    of_keras = keras.Variable(FP, dtype="float64")
    scattered = [tf.constant(value, tf.float64) for value in FP]
    for fp in (FP, np.float32(FP), np.int8(FP), variable, of_keras, scattered):
        y = nt.interp(x, np.array(XP)[::1], fp)
        assert y.dtype == tf.float64
        np.testing.assert_allclose(y[0], want[0])
    with tf.GradientTape() as tape:
        tape.watch(scattered)
        y = nt.interp(x, XP, tf.stack(scattered)) + nt.interp(x, XP, variable) + nt.interp(x, XP, scattered)
    found = tape.gradient(y, [variable, *scattered])
    np.testing.assert_allclose(found[0], [0.5, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(found[1:], [1.0] * 4)
    assert nt.interp([0.5], XP, FP).dtype == tf.float32
    assert nt.interp(np.array([0.5]), XP, FP).dtype == tf.float64


# Derivatives of derivatives


def third(function, *operands):
    """The sum of squares of what a function gives, differentiated three times with respect to everything."""
    with tf.GradientTape() as outer:
        outer.watch(operands)
        with tf.GradientTape() as middle:
            middle.watch(operands)
            with tf.GradientTape() as inner:
                inner.watch(operands)
                y = tf.reduce_sum(function(*operands) ** 3)
            s = tf.add_n([tf.reduce_sum(each**2) for each in inner.gradient(y, operands)])
        s = tf.add_n([tf.reduce_sum(each**2) for each in middle.gradient(s, operands)])
    return outer.gradient(s, operands)


ROWS = np.random.default_rng(4).normal(size=(3, 4))
#: An operation, the same of TensorFlow's operations, and operands.
OPERATIONS = {
    "interp": (nt.interp, lambda *of: _body.interp(*of, None, None, None), ([0.3, 1.5, 2.2], XP, FP)),
    "average": (lambda a: nt.average(a, 1), lambda a: tf.reduce_mean(a, 1), (ROWS,)),
    "weighted average": (
        lambda a, w: nt.average(a, 1, w),
        lambda a, w: tf.reduce_sum(a * w, 1) / tf.reduce_sum(w),
        (ROWS, [1.0, 2.0, 0.5, 3.0]),
    ),
    "average by weights of each": (
        lambda a, w: nt.average(a, 0, w),
        lambda a, w: tf.reduce_sum(a * w, 0) / tf.reduce_sum(w, 0),
        (ROWS, ROWS**2 + 0.1),
    ),
    "average of all": (
        lambda a, w: nt.average(a, weights=w),
        lambda a, w: tf.reduce_sum(a * w) / tf.reduce_sum(w),
        (ROWS, ROWS**2 + 0.1),
    ),
    "average over axes in another order": (
        lambda a, w: nt.average(a, (1, 0), w),
        lambda a, w: tf.reduce_sum(a * tf.transpose(w)) / tf.reduce_sum(w),
        (ROWS, (ROWS**2 + 0.1).T),
    ),
    "average and sums": (
        lambda a, w: tf.add_n(nt.average(a, 1, w, returned=True)),
        lambda a, w: tf.reduce_sum(a * w, 1) / tf.reduce_sum(w) + tf.reduce_sum(w),
        (ROWS, [1.0, 2.0, 0.5, 3.0]),
    ),
    "averages and sums by weights of each": (
        lambda a, w: tf.add_n(nt.average(a, -1, w, returned=True)),
        lambda a, w: tf.reduce_sum(a * w, 1) / tf.reduce_sum(w, 1) + tf.reduce_sum(w, 1),
        (ROWS, ROWS**2 + 0.1),
    ),
    "weighted sum": (
        lambda a, w: nt.weighted_sum(a, w, 1),
        lambda a, w: tf.reduce_sum(a * w, 1),
        (ROWS, [1.0, 2.0, -0.5, 3.0]),
    ),
    "weighted sum over two axes": (
        lambda a, w: nt.weighted_sum(a, w, (0, 2)),
        lambda a, w: tf.einsum("abc,ac->b", a, w),
        (ROWS.reshape(3, 2, 2), ROWS[:, :2]),
    ),
    "standardize": (
        lambda a: nt.standardize(a, 1, ddof=1.0),
        lambda a: (a - tf.reduce_mean(a, 1, keepdims=True)) / tf.math.reduce_std(a, 1, keepdims=True) * np.sqrt(0.75),
        (ROWS,),
    ),
}


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_derivatives_up_to_the_third(operation, graph):
    mine, theirs, operands = OPERATIONS[operation]
    operands = tensors(tf.float64, *operands)
    values = (tf.function(mine) if graph else mine)(*operands)
    np.testing.assert_allclose(values, theirs(*operands), rtol=1e-12)
    g = tf.constant(np.random.default_rng(5).normal(size=values.shape))
    for got, want in zip(gradients(mine, operands, g, graph)[1], gradients(theirs, operands, g)[1]):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)
    take = tf.function(lambda *of: third(mine, *of)) if graph else lambda *of: third(mine, *of)
    for got, want in zip(take(*operands), third(theirs, *operands)):
        np.testing.assert_allclose(got, want, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
def test_jacobians_and_derivatives_forwards(graph):
    x, xp, fp = tensors(tf.float64, [0.3, 1.5, 2.2], XP, FP)

    def jacobian(fp):
        with tf.GradientTape() as tape:
            tape.watch(fp)
            y = nt.interp(x, xp, fp)
        return tape.jacobian(y, fp)

    def forwards(fp):
        with tf.autodiff.ForwardAccumulator(fp, tf.ones_like(fp)) as along:
            y = nt.interp(x, xp, fp)
        return along.jvp(y)

    def curved(x):
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as along:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(nt.interp(x, xp, fp) ** 2)
            slope = tape.gradient(y, x)
        return along.jvp(slope)

    if graph:
        jacobian, forwards, curved = (tf.function(each) for each in (jacobian, forwards, curved))
    want = [[0.7, 0.3, 0, 0], [0, 0.5, 0.5, 0], [0, 0, 0.9, 0.1]]
    np.testing.assert_allclose(jacobian(fp), want, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(forwards(fp), [1, 1, 1], rtol=1e-12)
    np.testing.assert_allclose(curved(x), [2 * 10**2, 2 * 13**2, 2 * 4**2], rtol=1e-12)


def test_only_gradients_that_are_asked_for_are_computed(monkeypatch):
    from ndgpu import _host

    asked = []
    whole = _host.interp_vjp
    monkeypatch.setattr(
        _host, "interp_vjp", lambda *of, wanted, **how: asked.append(wanted) or whole(*of, wanted=wanted)
    )
    x, xp, fp = tensors(tf.float32, FINITE, XP, FP)
    with tf.GradientTape() as tape:
        tape.watch(fp)
        y = nt.interp(x, xp, fp)
    tape.gradient(y, fp)
    assert asked == [["fp"]]

    @tf.function
    def of_values(x, xp, fp):
        with tf.GradientTape() as tape:
            tape.watch(fp)
            y = nt.interp(x, xp, fp)
        return tape.gradient(y, fp)

    of_values(x, xp, fp)
    assert asked == [["fp"], ["fp"]]


# averages


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 0), (-1,)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
def test_averages_are_numpys(dtype, axis):
    rng = np.random.default_rng(6)
    a = rng.normal(size=(3, 4, 5)).astype(dtype.as_numpy_dtype)
    weights = {None: (3, 4, 5), 0: (3,), -1: (5,), (0, 2): (3, 5), (2, 0): (5, 3), (-1,): (5,)}[axis]
    for w in (None, rng.uniform(0.1, 1, weights).astype(a.dtype), rng.uniform(0.1, 1, a.shape).astype(a.dtype)):
        want = np.average(a.astype(float), axis, w, returned=True)
        for function in (nt.average, tf.function(nt.average)):
            got = function(tf.constant(a), axis, None if w is None else tf.constant(w), returned=True)
            for mine, theirs in zip(got, want):
                assert (mine.dtype, mine.shape) == (dtype, np.shape(theirs))
                np.testing.assert_allclose(mine, theirs, **TOLERANCE[dtype])
        with nt.exporting():
            got = tf.function(lambda a, w=w: nt.average(a, axis, w, returned=True))(tf.constant(a))
        for mine, theirs in zip(got, want):
            np.testing.assert_allclose(mine, theirs, **TOLERANCE[dtype])


def test_static_shapes_are_kept_and_unknown_ones_allowed():
    @tf.function(input_signature=[tf.TensorSpec([None, 4]), tf.TensorSpec([4])])
    def known(a, w):
        averages, sums = nt.average(a, 1, w, returned=True)
        y = nt.interp(a, XP, FP)
        assert averages.shape.as_list() == sums.shape.as_list() == [None]
        assert nt.average(a).shape == []
        assert nt.weighted_sum(a, w, axis=-1).shape.as_list() == [None]
        assert y.shape.as_list() == nt.standardize(a).shape.as_list() == [None, 4]
        assert nt.interp(a, XP, tf.ones((3, 4))).shape.as_list() == [3, 4]
        return averages

    known(tf.ones((3, 4)), tf.ones(4))

    @tf.function(input_signature=[tf.TensorSpec(None), tf.TensorSpec(None)])
    def unknown(a, w):
        with tf.GradientTape() as tape:
            tape.watch([a, w])
            y = nt.average(nt.standardize(a), 1, w) + nt.average(a, weights=w, axis=1)
        return y, tape.gradient(y, [a, w])

    a, w = tf.constant(ROWS, tf.float32), tf.constant([1.0, 2.0, 0.5, 3.0])
    y, (of_a, of_w) = unknown(a, w)
    assert (y.shape, of_a.shape, of_w.shape) == ((3,), (3, 4), (4,))
    with pytest.raises(ValueError, match="unknown number of axes"):
        tf.function(lambda a: nt.average(a, -1), input_signature=[tf.TensorSpec(None)])(a)


def test_averages_that_cannot_be():
    a = tf.constant(ROWS)
    with pytest.raises(ZeroDivisionError):
        nt.average(a, 1, [1.0, -1.0, 0.0, 0.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="sum to zero"):
        tf.function(lambda a: nt.average(a, 1, [1.0, -1.0, 0.0, 0.0]))(a)
    with pytest.raises(ValueError, match=r"\[3\].*give \[4\], or \[3, 4\]"):
        nt.average(a, 1, [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match=r"\(3, 4\).*\(4,\).*\(3,\)"):
        tf.function(lambda a: nt.average(a, 1, [1.0, 1.0, 1.0]))(a)
    for axis in (2, (0, -3)):
        with pytest.raises(ValueError, match="2 axes"):
            nt.average(a, axis)
    with pytest.raises(ValueError, match="twice"):
        nt.standardize(a, (0, -2))
    with pytest.raises(TypeError):
        nt.average(a, 0.5)


# Where TensorFlow calls from


def test_inside_a_pipeline():
    rows = np.float32([[0.5, 1.0, 3.0], [4.0, 1.5, 0.0]])
    dataset = tf.data.Dataset.from_tensor_slices(rows).map(
        lambda row: (nt.interp(row, XP, FP), nt.average(row, weights=[1.0, 2.0, 1.0])), num_parallel_calls=2
    )
    assert dataset.element_spec == (tf.TensorSpec([3]), tf.TensorSpec([]))
    for (y, mean), row in zip(dataset, rows):
        np.testing.assert_allclose(y, np.interp(row, XP, FP), rtol=1e-6)
        np.testing.assert_allclose(mean, np.average(row, weights=[1, 2, 1]), rtol=1e-6)


def test_inside_loops_and_maps():
    x, xp, fp = tensors(tf.float64, [0.3, 1.5, 2.2], XP, [0.0, 1.0, 4.0, -0.2])

    @tf.function
    def repeated(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in tf.range(3):
                y = nt.interp(y, xp, fp) + 0.1
        return y, tape.gradient(y, x)

    y, slope = repeated(x)
    want, step = np.array(x), 1.0
    for _ in range(3):
        step = step * np.interp(want + 1e-9, XP, fp) / 1e-9 - step * np.interp(want, XP, fp) / 1e-9
        want = np.interp(want, XP, fp) + 0.1
    np.testing.assert_allclose(y, want, rtol=1e-12)
    np.testing.assert_allclose(slope, step, rtol=1e-5)
    for mapped in (tf.map_fn, tf.vectorized_map):
        got = mapped(lambda row: nt.interp(row, xp, fp), tf.stack([x, x + 1]))
        np.testing.assert_allclose(got, np.interp([x, x + 1], XP, fp), rtol=1e-12)


def test_xla_is_refused_in_words():
    for function in (lambda x: nt.interp(x, XP, FP), nt.average, lambda x: tf.function(nt.standardize)(x)):
        with pytest.raises(NotImplementedError, match="ndgpu.tensorflow.*jit_compile"):
            tf.function(function, jit_compile=True)(tf.constant([0.5]))


def test_the_first_import_may_be_inside_a_graph():
    with tf.Graph().as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = runpy.run_module("ndgpu.tensorflow._tf")
    assert found["EagerTensor"] is _tf.EagerTensor is type(tf.constant(0))


def test_tensorflow_without_what_is_not_public(monkeypatch):
    for name in ("_gradient_types", "_graph_or_parents_in_xla", "_in_save_context", "_tangents"):
        assert getattr(_tf, name) is not None, "this TensorFlow has it"
        monkeypatch.setattr(_tf, name, None)
    x, xp, fp = tensors(tf.float64, FINITE, XP, FP)
    for graph in (False, True):
        y, (_, _, of_fp) = gradients(nt.interp, (x, xp, fp), tf.ones_like(x), graph)
        np.testing.assert_allclose(y, np.interp(FINITE, XP, FP), rtol=1e-12)
        assert float(tf.reduce_sum(of_fp)) == pytest.approx(len(FINITE))
    assert not _tf.being_saved()
    assert nt.interp(x, xp, fp).shape == x.shape


# Memory


@pytest.mark.parametrize("how", ["eager", "graph", "pipeline"])
def test_tensors_are_read_where_they_lie_and_results_are_not_copied(how, monkeypatch):
    from ndgpu import _host

    seen = []
    whole = _host.interp

    def watched(x, *others):
        y = whole(x, *others)
        seen.append((x.ctypes.data, y.ctypes.data))
        return y

    monkeypatch.setattr(_host, "interp", watched)
    x = tf.random.stateless_uniform([100_000], (1, 2), maxval=4.0)
    assert address(x) % 64 == 0
    if how == "pipeline":
        (y,) = tf.data.Dataset.from_tensors(x).map(lambda x: nt.interp(x, XP, FP))
    else:
        y = (tf.function(nt.interp) if how == "graph" else nt.interp)(x, XP, FP)
    ((read, written),) = seen
    assert written % 64 == 0
    assert address(y) == written
    if how != "pipeline":  # which has tensors of its own
        assert read == address(x)


@pytest.mark.parametrize("size", [1, 3, 31, 127, 128, 1000, 5000])
def test_memory_of_tensors_begins_at_a_cache_line(size):
    # Anything else ends the process, at the next operation.
    x = np.linspace(0, 4, size)
    for _ in range(5):
        y = nt.interp(x, XP, FP)
        assert address(y) % 64 == 0
        np.testing.assert_allclose(y + y, 2 * np.interp(x, XP, FP), rtol=1e-12, atol=1e-12)


def returned_by(call, array):
    """What a graph gives whose Python function gives this array."""
    return tf.function(lambda: call(lambda: array, [], tf.float32), autograph=False)()


def read_by(call, look, tensor):
    """What a look at the argument of a Python function in a graph finds."""
    seen = []
    tf.function(lambda x: call(lambda x: seen.append(look(x)) or x, [x], tf.float32), autograph=False)(tensor)
    return seen.pop()


def test_what_the_guide_says_of_memory():
    """Not ours, but what is stated of TensorFlow in TENSORFLOW.md."""
    t = tf.random.uniform([10_000])
    assert t.numpy().ctypes.data != address(t)
    for view in (np.asarray(memoryview(t)), np.from_dlpack(t), np.asarray(t)):
        assert view.ctypes.data == address(t)
        assert not view.flags.writeable
    room = np.zeros(1_020, np.float32)
    start = -room.ctypes.data % 64 // 4
    aligned, askew = room[start : start + 1_000], room[start + 4 : start + 1_004]
    for array, shared in ((aligned, True), (askew, False)):
        assert address(tf.constant(array)) != array.ctypes.data != address(tf.convert_to_tensor(array))
        # An operation on an array that is askew would end the process.
        assert address(tf.experimental.dlpack.from_dlpack(array.__dlpack__())) == array.ctypes.data
        assert (address(returned_by(tf.numpy_function, array)) == array.ctypes.data) == shared
        assert address(returned_by(tf.py_function, array)) != array.ctypes.data
    assert read_by(tf.numpy_function, lambda x: x.ctypes.data, t) == address(t)
    assert read_by(tf.py_function, address, t) == address(t)
    seen = []
    tf.numpy_function(lambda x: seen.append(x.ctypes.data) or x, [t], tf.float32)
    assert seen.pop() != address(t)


def test_results_outlive_what_they_were_made_of():
    y = nt.interp(tf.random.uniform([100_000]), XP, FP)
    want = y.numpy()
    others = [nt.interp(tf.random.uniform([100_000]), XP, FP) for _ in range(5)]
    assert len(others) == 5
    np.testing.assert_array_equal(y, want)


def test_arrays_that_are_written_to_later_change_no_gradient():
    x = np.array([0.5, 1.5])
    fp = tf.constant(FP, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(fp)
        y = nt.interp(x, XP, fp)
    x[:] = 3.0
    np.testing.assert_allclose(tape.gradient(y, fp), [0.5, 1.0, 0.5, 0.0])


def test_on_another_device(on_device):
    x, xp, fp = tensors(tf.float32, FINITE, XP, FP)
    for graph in (False, True):
        y, got = gradients(nt.interp, (x, xp, fp), tf.ones_like(x), graph)
        np.testing.assert_allclose(y, np.interp(FINITE, XP, FP), rtol=1e-5, atol=1e-5)
        assert float(tf.reduce_sum(got[2])) == pytest.approx(len(FINITE), rel=1e-5)
    a = tf.constant(ROWS, tf.float32)
    np.testing.assert_allclose(nt.average(a, 1, [1.0, 2.0, 0.5, 3.0]), np.average(ROWS, 1, [1, 2, 0.5, 3]), rtol=1e-5)


# The layer


def curve_in_a_model():
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(1, kernel_initializer="ones", name="before"),
            nt.InterpolationLayer(np.linspace(-3, 3, 16), name="curve"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.05), "mse")
    return model


LEARNED = np.linspace(-2.9, 2.9, 256, dtype=np.float32)[:, None]


@pytest.fixture(scope="module")
def learned():
    """A model that learned a sine, and what it predicts."""
    model = curve_in_a_model()
    before = model.evaluate(LEARNED, np.sin(LEARNED), verbose=0)
    model.fit(LEARNED, np.sin(LEARNED), epochs=40, batch_size=64, verbose=0)
    assert model.evaluate(LEARNED, np.sin(LEARNED), verbose=0) < 0.02 * before
    assert model.get_layer("before").kernel.numpy()[0, 0] != 1
    return model, model.predict(LEARNED, verbose=0)


def test_values_are_learned_and_the_layer_before_as_well(learned):
    model, predicted = learned
    assert model.jit_compile is False
    assert model.get_layer("curve").values.shape == (16,)
    assert predicted.shape == LEARNED.shape
    inner = model.get_layer("before")(LEARNED)
    table = model.get_layer("curve").get_config()["xp"], model.get_layer("curve").values.numpy()
    np.testing.assert_allclose(predicted, np.interp(inner, *table), rtol=1e-5, atol=1e-5)


def test_a_layer_that_is_not_trained_passes_gradients_on():
    layer = nt.InterpolationLayer(XP, FP, trainable=False, left=-7.0)
    assert layer.trainable_weights == []
    x = tf.constant([[-1.0, 0.5]])
    y, (slope,) = gradients(layer, [x], tf.ones_like(x))
    np.testing.assert_allclose(y, [[-7, 5]])
    np.testing.assert_allclose(slope, [[0, 10]])
    again = nt.InterpolationLayer.from_config(layer.get_config())
    np.testing.assert_array_equal(again(x), y)
    wide = nt.InterpolationLayer(XP, dtype="float64", period=5.0)
    assert wide(tf.constant([5.5], tf.float64)).numpy() == 0.5


def test_tables_that_a_layer_refuses():
    with pytest.raises(ndgpu.NotSortedError, match="knot 2"):
        nt.InterpolationLayer([0.0, 2.0, 1.0])
    with pytest.raises(ValueError, match=r"\[2\].*\[3\]"):
        nt.InterpolationLayer([0.0, 1.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"\[n\]"):
        nt.InterpolationLayer([[0.0, 1.0]])
    with pytest.raises(ValueError, match="at least one knot"):
        nt.InterpolationLayer([])
    for dtype in ("float16", "mixed_bfloat16"):
        with pytest.raises(ValueError, match='dtype="float32"'):
            nt.InterpolationLayer(XP, dtype=dtype)


def test_models_are_saved_and_loaded(learned, tmp_path):
    model, predicted = learned
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(LEARNED, verbose=0), predicted)
    again.fit(LEARNED, np.sin(LEARNED), verbose=0)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy.predict(LEARNED, verbose=0), predicted)


def test_exported_models_run_without_ndgpu(learned, tmp_path):
    model, predicted = learned
    model.export(tmp_path / "exported", verbose=False)
    tf.saved_model.save(model, tmp_path / "saved")

    def curve(x):
        return nt.interp(x, XP, FP)

    module = tf.Module()
    module.curve = tf.function(curve, input_signature=[tf.TensorSpec([None])])
    tf.saved_model.save(module, tmp_path / "module")
    module.curve(tf.constant([1.0]))
    tf.saved_model.save(module, tmp_path / "called")
    spec = tf.TensorSpec([None], name="x")
    tf.saved_model.save(tf.Module(), tmp_path / "native", signatures=tf.function(curve).get_concrete_function(spec))
    with nt.exporting():
        traced = tf.function(curve).get_concrete_function(spec)
    tf.saved_model.save(tf.Module(), tmp_path / "traced", signatures=traced)
    np.save(tmp_path / "x.npy", LEARNED)
    np.save(tmp_path / "y.npy", predicted)
    (tmp_path / "serve.py").write_text(
        "import sys\n"
        "sys.modules['ndgpu'] = None\n"
        "import numpy as np, tensorflow as tf\n"
        "x, y = np.load('x.npy'), np.load('y.npy')\n"
        "exported, saved = tf.saved_model.load('exported'), tf.saved_model.load('saved')\n"
        "np.testing.assert_allclose(exported.serve(x), y, rtol=1e-5, atol=1e-6)\n"
        "(served,) = saved.signatures['serving_default'](tf.constant(x)).values()\n"
        "np.testing.assert_allclose(served, y, rtol=1e-5, atol=1e-6)\n"
        f"table = {XP}, {FP}\n"
        "for name in ('module', 'called'):\n"
        "    module = tf.saved_model.load(name)\n"
        "    served = module.curve(tf.constant(x[:, 0]))\n"
        "    np.testing.assert_allclose(served, np.interp(x[:, 0], *table), rtol=1e-5, atol=1e-5)\n"
        "traced, native = tf.saved_model.load('traced'), tf.saved_model.load('native')\n"
        "(served,) = traced.signatures['serving_default'](x=tf.constant(x[:, 0])).values()\n"
        "np.testing.assert_allclose(served, np.interp(x[:, 0], *table), rtol=1e-5, atol=1e-5)\n"
        "try:\n"
        "    native.signatures['serving_default'](x=tf.constant(x[:, 0]))\n"
        "except tf.errors.OpError as error:\n"
        "    assert 'Could not find callback with key=pyfunc_' in str(error), error\n"
        "    print('served')\n"
    )
    run = subprocess.run([sys.executable, "serve.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.stdout.endswith("served\n"), run.stderr


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_layer_with_another_backend(backend, tmp_path):
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    pytest.importorskip(f"ndgpu.{backend}", reason=f"ndgpu.{backend} is not there")
    (tmp_path / "model.py").write_text(
        "import keras, numpy as np\n"
        "from ndgpu.tensorflow import InterpolationLayer\n"
        f"assert keras.backend.backend() == '{backend}'\n"
        "x = np.linspace(-2.9, 2.9, 256, dtype=np.float32)[:, None]\n"
        "curve = InterpolationLayer(np.linspace(-3, 3, 16))\n"
        "model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer='ones'), curve])\n"
        "model.compile(keras.optimizers.Adam(0.05), 'mse')\n"
        "before = model.evaluate(x, np.sin(x), verbose=0)\n"
        "model.fit(x, np.sin(x), epochs=40, batch_size=64, verbose=0)\n"
        "assert model.evaluate(x, np.sin(x), verbose=0) < 0.05 * before\n"
        "assert keras.ops.convert_to_numpy(model.layers[0].kernel)[0, 0] != 1\n"
        "model.save('model.keras')\n"
        "again = keras.models.load_model('model.keras')\n"
        "np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)\n"
        "print('learned')\n"
    )
    run = subprocess.run(
        [sys.executable, "model.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env={**os.environ, "KERAS_BACKEND": backend},
    )  # fmt: skip
    assert run.stdout.endswith("learned\n"), run.stderr


# What is written about it


def test_names_are_there_and_explained():
    for name in nt.__all__:
        assert getattr(nt, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'interpolate'"):
        nt.interpolate  # noqa: B018


@pytest.mark.parametrize("name", ["_average", "_interp", "_layer", "_operation"])
def test_examples_of_docstrings(name):
    import doctest
    import importlib

    outcome = doctest.testmod(importlib.import_module(f"ndgpu.tensorflow.{name}"))
    assert outcome.failed == 0
    assert outcome.attempted > 1


@pytest.mark.parametrize("name", ["tensorflow_interp", "tensorflow_average", "tensorflow_pipeline"])
def test_examples(name, tmp_path):
    script = HERE.parent / "examples" / f"{name}.py"
    run = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("checked\n"), run.stdout


def test_code_of_the_guide(tmp_path):
    guide = (HERE.parent / "TENSORFLOW.md").read_text()
    parts = [part.partition("```")[0] for part in guide.split("```python\n")[1:]]
    assert len(parts) >= 6
    # Each alone would import TensorFlow again: each has names of its own instead, in one process.
    script = tmp_path / "guide.py"
    calls = "".join(f"exec(compile({part!r}, 'part {i} of TENSORFLOW.md', 'exec'), {{'__name__': 'guide'}})\n"
                    for i, part in enumerate(parts))  # fmt: skip
    script.write_text(calls)
    run = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr


def test_tensors_that_are_not_dense_are_refused():
    ragged = tf.ragged.constant([[0.5], [1.0, 2.0]])
    with pytest.raises(TypeError, match=r"RaggedTensor: pass x\.to_tensor"):
        nt.interp(ragged, [0.0, 1.0], [0.0, 1.0])
    with pytest.raises(TypeError, match=r"SparseTensor: pass tf\.sparse\.to_dense"):
        nt.average(tf.sparse.from_dense([[0.0, 1.0]]))
