"""Handwritten digits from NumPy arrays to calibrated answers: what happens to them outside the model, on a device.

    python tensorflow_pipeline.py

Pictures are standardized on the device and make a dataset. Half of every batch is mirrored, by an upload that runs
through each row backwards, so that the classifier learns to read in a mirror. Answers, their accuracy, and how much its
confidence is worth are found on the device again.

The pictures are 1,797 of 8 x 8 pixels from the UCI Machine Learning Repository; tests/real/README.md in this
repository has their origin and licence (CC BY 4.0).
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

import ndgpu

DIGITS = pathlib.Path(__file__).resolve().parents[2] / "tests" / "real" / "digits"
TRAINED = 1400
device = ndgpu.get_device()
print("device:", device.name)


def standardized(pictures):
    """Each pixel in standard deviations from what it is on average."""
    pixels = device.upload(pictures.reshape(len(pictures), 64), np.float32)
    scores = pixels.standardize(axis=0).numpy()
    # Pixels that are the same in all pictures have no scale.
    return np.nan_to_num(scores, nan=0.0).reshape(pictures.shape)


def mirrored(pictures):
    """The pictures in a mirror: an upload takes the view as it is, without a copy that turns it round first."""
    return device.upload(pictures[:, :, ::-1]).numpy()


def half_mirrored(pictures, labels):
    """For `Dataset.map`: a batch of which every other picture is mirrored."""
    # A NumPy function has no shape that TensorFlow could know, and its dtype has to be said.
    turned = tf.numpy_function(mirrored, [pictures[::2]], tf.float32)
    turned.set_shape([None, 8, 8])
    return tf.concat([turned, pictures[1::2]], axis=0), tf.concat([labels[::2], labels[1::2]], axis=0)


def classifier():
    """A small one, which is sure of itself."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def reliability(probabilities, labels, edges):
    """Accuracy, and for each bin of confidences: how many there are, how sure the answers are, and how right."""
    there = device.upload(probabilities)
    answers = there.argmax(axis=1).numpy()
    confidences = there.max(axis=1)
    bins = ndgpu.Knots(edges, dtype=np.float32, device=device).digitize(confidences).numpy()
    right = (answers == labels).astype(np.float32)
    # A bin is a row of weights: 1 for its members. Those without any have no average.
    used = np.unique(bins)
    members = device.upload(bins == used[:, None], np.float32)

    def in_bins(values):
        repeated = device.upload(np.broadcast_to(values, members.shape), np.float32)
        return repeated.average(axis=1, weights=members).numpy()

    sizes = members.sum(axis=1).numpy()
    table = np.stack([used, sizes, in_bins(confidences.numpy()), in_bins(right)], axis=1)
    accuracy = float(device.upload(right).mean())

    # The same with NumPy.
    assert np.array_equal(answers, probabilities.argmax(1))
    assert np.array_equal(bins, np.digitize(probabilities.max(1), edges.astype(np.float32)))
    for bin, size, sure, correct in table:
        inside = bins == bin
        want = inside.sum(), probabilities.max(1)[inside].mean(), right[inside].mean()
        np.testing.assert_allclose([size, sure, correct], want, rtol=1e-5)
    return accuracy, table


def main():
    """Trains, predicts and prints."""
    pixels, labels = np.load(DIGITS / "pixels.npy"), np.load(DIGITS / "labels.npy").astype(np.int64)
    pictures = standardized(pixels.reshape(-1, 8, 8).astype(np.float32))
    spread = pictures.std(0, dtype=np.float64)
    np.testing.assert_allclose(spread[spread > 0], 1, rtol=1e-5)
    np.testing.assert_array_equal(mirrored(pictures[:3]), pictures[:3, :, ::-1])

    dataset = (
        tf.data.Dataset.from_tensor_slices((pictures[:TRAINED], labels[:TRAINED]))
        .shuffle(TRAINED, seed=2)
        .batch(64)
        .map(half_mirrored)
        .prefetch(1)
    )
    model = classifier()
    history = model.fit(dataset, epochs=12, shuffle=False, verbose=0)
    print(f"accuracy while training {history.history['accuracy'][0]:.3f} to {history.history['accuracy'][-1]:.3f}")

    tested, in_a_mirror = pictures[TRAINED:], np.ascontiguousarray(pictures[TRAINED:, :, ::-1])
    edges = np.array([0.5, 0.7, 0.9, 0.97])
    for name, seen in (("as written", tested), ("in a mirror", in_a_mirror)):
        accuracy, table = reliability(model.predict(seen, verbose=0), labels[TRAINED:], edges)
        print(f"\n{name}: {accuracy:.1%} of {len(seen)} answers are right\nconfidence    answers  mean   right")
        for bin, size, sure, correct in table:
            ends = np.concatenate([[0], edges, [1]])[int(bin) : int(bin) + 2]
            print(f"{ends[0]:.2f} to {ends[1]:.2f}  {size:7.0f}  {sure:.3f}  {correct:.3f}")
        gap = np.average(np.abs(table[:, 2] - table[:, 3]), weights=table[:, 1])
        print(f"confidence and accuracy differ by {gap:.3f} on average")
        assert accuracy > 0.85
        assert gap < 0.15


if __name__ == "__main__":
    main()
    print("checked")
