"""Weighted averages of tensors: in eager calls and in graphs, with gradients, and what is refused.

    python tensorflow_average.py

Students have grades in four subjects, which count differently.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import ndgpu.tensorflow as nt

GRADES = np.array([[1.0, 2.0, 1.0, 3.0], [2.0, 2.0, 4.0, 1.0], [5.0, 3.0, 3.0, 2.0]], np.float32)
WEIGHTS = np.array([4.0, 2.0, 1.0, 1.0], np.float32)

grades, weights = tf.constant(GRADES), tf.constant(WEIGHTS)

# Eager, as numpy.average.
means, sums = nt.average(grades, axis=1, weights=weights, returned=True)
print("means", means.numpy(), "of weights that sum to", sums.numpy())
np.testing.assert_allclose(means, np.average(GRADES, axis=1, weights=WEIGHTS), rtol=1e-6)


# In a graph, for any number of students.
@tf.function(input_signature=[tf.TensorSpec([None, 4]), tf.TensorSpec([4])])
def mean_grades(grades, weights):
    """The mean of each student."""
    means = nt.average(grades, axis=1, weights=weights)
    assert means.shape.as_list() == [None]
    return means


np.testing.assert_array_equal(mean_grades(grades, weights), means)
assert mean_grades(grades[:1], weights).shape == (1,)

# The gradient: what a better grade would change, and what a subject that counts for more.
with tf.GradientTape() as tape:
    tape.watch([grades, weights])
    best = nt.average(grades, axis=1, weights=weights)[0]
of_grades, of_weights = tape.gradient(best, [grades, weights])
print("by the first student's grades", of_grades.numpy()[0], "by the weights", of_weights.numpy())
np.testing.assert_allclose(of_grades[0], WEIGHTS / WEIGHTS.sum(), rtol=1e-6)
np.testing.assert_allclose(of_weights, (GRADES[0] - means[0]) / WEIGHTS.sum(), rtol=1e-5)

# The dtype is the tensors', and nothing is converted in silence.
for dtype in (tf.float32, tf.float64):
    assert nt.average(tf.cast(grades, dtype), 1, tf.cast(weights, dtype)).dtype == dtype
    assert nt.average(tf.cast(grades, dtype), 1, [4, 2, 1, 1]).dtype == dtype
for refused in (tf.cast(weights, tf.float64), tf.cast(weights, tf.float16), tf.cast(weights, tf.int32)):
    try:
        nt.average(grades, axis=1, weights=refused)
    except TypeError as error:
        print("refused:", error)
        assert "tf.cast(weights" in str(error)
    else:
        raise AssertionError(f"weights of {refused.dtype} were taken")

# Weights fit the axis or the array: here, in the call.
try:
    nt.average(grades, axis=1, weights=[1.0, 2.0, 3.0])
except ValueError as error:
    print("refused:", error)
else:
    raise AssertionError("three weights were taken for four subjects")
# And where shapes are known only as the graph runs, there.
any_shapes = tf.function(lambda a, w: nt.average(a, 1, w), input_signature=[tf.TensorSpec(None), tf.TensorSpec(None)])
try:
    any_shapes(grades, weights[:3])
except tf.errors.InvalidArgumentError as error:
    assert "Shape of weights must be consistent" in str(error)
else:
    raise AssertionError("three weights were taken for four subjects, in a graph")

print("checked")
