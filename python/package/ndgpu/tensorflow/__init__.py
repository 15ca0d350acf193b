"""``interp``, ``average``, ``weighted_sum`` and ``standardize`` of TensorFlow's tensors, with gradients.

They keep the tensors' dtype, float32 or float64; compute in eager calls, inside ``tf.function`` and
``Dataset.map`` on the device that :func:`ndgpu.get_device` gives; and are differentiated by ``tf.GradientTape``, any
number of times. In the host's memory tensors are read where they lie. :class:`InterpolationLayer` is a Keras layer with
a table whose values are learned, and :func:`exporting` makes graphs that run where ndgpu is not installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._average import average, standardize, weighted_sum
    from ._interp import interp
    from ._layer import InterpolationLayer
    from ._operation import exporting

__all__ = ["InterpolationLayer", "average", "exporting", "interp", "standardize", "weighted_sum"]

_PLACES = {
    "InterpolationLayer": "_layer",
    "average": "_average",
    "exporting": "_operation",
    "interp": "_interp",
    "standardize": "_average",
    "weighted_sum": "_average",
}


def __getattr__(name: str) -> Any:
    # The layer needs Keras, whose backend may be another than TensorFlow, and the functions TensorFlow.
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f".{_PLACES[name]}", __name__), name)
    return found
