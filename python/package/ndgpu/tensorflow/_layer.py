"""A Keras layer with a table whose values are learned."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .. import InterpTable

try:
    keras: Any = importlib.import_module("keras")
except ImportError as error:
    if error.name != "keras":
        raise
    raise ImportError("InterpolationLayer needs Keras 3: pip install ndgpu[tensorflow]") from error


@keras.saving.register_keras_serializable(package="ndgpu")  # type: ignore[untyped-decorator, unused-ignore]
class InterpolationLayer(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
    """Looks up every element of its input in one table of values, which may be learned.

    Parameters
    ----------
    xp : array_like
        The knots, of shape ``[n]``, which must not decrease unless there is a period. They stay as they are.
    fp : array_like, optional
        The values that learning starts from; by default the knots themselves, and the layer begins as the identity
        between the first and the last.
    trainable : bool, optional
        Whether the values are learned.
    left, right, period : float, optional
        As :func:`ndgpu.tensorflow.interp` has them.
    **others
        What every Keras layer takes: ``name``, ``dtype`` (float32 or float64).

    Raises
    ------
    ndgpu.NotSortedError
        A ``ValueError`` that says which knot is smaller than the one before it, or NaN.
    ValueError
        The table is empty, not one-dimensional, or has more or fewer values than knots; the dtype is another.

    Notes
    -----
    The values are the layer's weight ``values``, and layers before this one get the slopes as their gradient. With
    Keras on JAX the layer computes with :func:`ndgpu.jax.interp`, and on PyTorch with :func:`ndgpu.torch.interp`.

    ``model.save`` and ``keras.models.load_model`` keep the table; ``ndgpu.tensorflow`` has to be imported where it is
    loaded. With TensorFlow, ``model.export`` and ``tf.saved_model.save`` write a model of TensorFlow's own operations
    alone, which runs where ndgpu is not installed.

    XLA compiles no native code. With TensorFlow, Keras leaves it out for models with this layer, with a warning where
    they ask for ``jit_compile=True``.

    Examples
    --------
    >>> import numpy as np, keras
    >>> import ndgpu.tensorflow as nt
    >>> curve = nt.InterpolationLayer([0.0, 1.0, 2.0], [0.0, 10.0, 40.0])
    >>> keras.ops.convert_to_numpy(curve(np.array([0.5, 1.5], np.float32))).tolist()
    [5.0, 25.0]
    >>> [tuple(weight.shape) for weight in curve.trainable_weights]
    [(3,)]
    """

    def __init__(
        self,
        xp: Any,
        fp: Any = None,
        trainable: bool = True,
        *,
        left: float | None = None,
        right: float | None = None,
        period: float | None = None,
        **others: Any,
    ) -> None:
        super().__init__(trainable=trainable, **others)
        if self.compute_dtype not in ("float32", "float64"):
            raise ValueError(
                f"InterpolationLayer computes in float32 and float64, but its dtype is {self.compute_dtype}: give it "
                'dtype="float32"'
            )
        self.left, self.right, self.period = left, right, period
        # As they were given, for the configuration, and as the layer computes with them.
        self._given = np.array(xp, np.float64), np.array(xp if fp is None else fp, np.float64)
        self._xp, fp_here = (part.astype(self.compute_dtype) for part in self._given)
        # Refuses what is no table.
        InterpTable(self._xp, fp_here, left=left, right=right, period=period, device="cpu")
        if self._xp.ndim != 1:
            raise ValueError(f"xp has to be of shape [n], but its shape is {list(self._xp.shape)}")
        self.values = self.add_weight(
            shape=self._xp.shape,
            initializer=lambda shape, dtype: keras.ops.convert_to_tensor(self._given[1], dtype),
            trainable=trainable,
            name="values",
        )
        self.built = True
        # JAX calls native code from what XLA compiled; TensorFlow does not.
        self.supports_jit = keras.backend.backend() == "jax"

    def call(self, inputs: Any) -> Any:
        """The values of the table at the inputs, in their shape."""
        backend = keras.backend.backend()
        name = {"jax": "ndgpu.jax", "torch": "ndgpu.torch", "tensorflow": "ndgpu.tensorflow"}.get(backend)
        if name is None:
            raise NotImplementedError(
                f"InterpolationLayer computes with TensorFlow, JAX and PyTorch, not with {backend}"
            )
        interp = importlib.import_module(name).interp
        xp, fp = keras.ops.convert_to_tensor(self._xp), keras.ops.convert_to_tensor(self.values)
        return interp(inputs, xp, fp, left=self.left, right=self.right, period=self.period)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What the layer is made anew from."""
        xp, fp = (part.tolist() for part in self._given)
        table = {"xp": xp, "fp": fp, "left": self.left, "right": self.right, "period": self.period}
        return {**super().get_config(), **table}
