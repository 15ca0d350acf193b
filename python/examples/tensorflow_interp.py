"""A table of values in a model: looked up in, with gradients; learned, as a layer; and refused, where it is none.

    python tensorflow_interp.py

A light sensor's counts go up with the light, but not in proportion. Its data sheet has a table. A sensor without a data
sheet has a curve as well, which a layer learns from counts that were taken beside a meter.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

import ndgpu
import ndgpu.tensorflow as nt

COUNTS = [0.0, 100.0, 400.0, 700.0, 900.0, 1000.0]
LUX = [0.0, 5.0, 40.0, 150.0, 400.0, 900.0]


def looked_up():
    """`np.interp` of tensors, and its gradients."""
    counts = tf.constant([[50.0, 250.0], [950.0, 1200.0]])
    lux = tf.constant(LUX)
    with tf.GradientTape() as tape:
        tape.watch([counts, lux])
        light = nt.interp(counts, COUNTS, lux)
    slopes, shares = tape.gradient(light, [counts, lux])
    print("counts\n", counts.numpy(), "\nlux\n", light.numpy(), "\nlux per count\n", slopes.numpy())
    print("what each value of the table adds", shares.numpy())
    np.testing.assert_allclose(light, np.interp(counts, COUNTS, LUX), rtol=1e-6)
    # Beyond the table nothing changes; within it, a value's share is how near the counts are to it.
    np.testing.assert_allclose(slopes, [[0.05, 35 / 300], [5.0, 0.0]], rtol=1e-6)
    assert np.isclose(shares.numpy().sum(), counts.shape.num_elements())

    in_a_graph = tf.function(lambda counts: nt.interp(counts, COUNTS, LUX))
    np.testing.assert_array_equal(in_a_graph(counts), light)


def learned():
    """A layer that finds the table, behind one that finds the sensor's gain."""
    rng = np.random.default_rng(0)
    light = rng.uniform(0, 1, (2000, 1)).astype(np.float32)
    counts = (np.sqrt(light) * 0.8 + 0.01 * rng.normal(size=light.shape)).astype(np.float32)

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(1, kernel_initializer="ones", name="gain"),
            nt.InterpolationLayer(np.linspace(0, 1, 17), name="curve"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "mse")
    before = model.evaluate(counts, light, verbose=0)
    model.fit(counts, light, batch_size=100, epochs=12, verbose=0)
    after = model.evaluate(counts, light, verbose=0)
    print(f"mean squared error {before:.4f} before learning, {after:.5f} after")
    print("learned", np.round(model.get_layer("curve").values.numpy(), 2))
    assert after < 0.1 * before


def refused():
    """Knots have to be in order, and whoever says so says where."""
    backwards = [0.0, 100.0, 700.0, 400.0, 900.0, 1000.0]
    try:
        nt.interp(tf.constant([50.0]), backwards, LUX)
    except ndgpu.NotSortedError as error:
        print("refused:", error)
        assert "knot 3" in str(error)
    else:
        raise AssertionError("knots out of order were taken")
    order = np.argsort(backwards)
    light = nt.interp(tf.constant([50.0]), np.array(backwards)[order], np.array(LUX)[order])
    np.testing.assert_allclose(light, 2.5)


if __name__ == "__main__":
    looked_up()
    learned()
    refused()
    print("checked")
