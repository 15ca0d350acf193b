"""TensorFlow, of which type checkers know nothing, and what this package asks of its insides.

What is not public in TensorFlow is asked for here and nowhere else, each with an answer for a TensorFlow that does not
have it: one that is right and takes longer.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

try:
    tf: Any = importlib.import_module("tensorflow")
except ImportError as error:
    if error.name != "tensorflow":
        # One that is there and does not load has its own reason to give.
        raise
    raise ImportError("ndgpu.tensorflow needs TensorFlow: pip install ndgpu[tensorflow]") from error


def _insides(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return None


#: The type of tensors that have values.
EagerTensor: Any = _insides("tensorflow.python.framework.ops", "EagerTensor")
if EagerTensor is None:
    # Whatever graph is being made when this is first imported.
    with tf.init_scope():
        EagerTensor = type(tf.constant(0.0))

_gradient_types = _insides("tensorflow.python.pywrap_tfe", "TFE_Py_TapeSetPossibleGradientTypes")
_tangents = _insides("tensorflow.python.pywrap_tfe", "TFE_Py_PackJVPs")
_graph_or_parents_in_xla = _insides("tensorflow.python.ops.control_flow_util", "GraphOrParentsInXlaContext")
_in_save_context = _insides("tensorflow.python.saved_model.save_context", "in_save_context")


def differentiated(tensors: list[Any]) -> bool:
    """Whether anybody differentiates with respect to one of these: a gradient tape or a forward accumulator."""
    return _gradient_types is None or _gradient_types(tensors) != 0


def pushed_forward(tensors: list[Any]) -> bool:
    """Whether a forward accumulator follows one of these."""
    return _tangents is not None and len(_tangents(tensors)[1]) > 0


def compiled_by_xla() -> bool:
    """Whether the graph that is being made is one for XLA, ``tf.function(jit_compile=True)``."""
    return _graph_or_parents_in_xla is not None and bool(_graph_or_parents_in_xla(tf.compat.v1.get_default_graph()))


def being_saved() -> bool:
    """Whether the graph that is being made goes to a SavedModel: TensorFlow says so, Keras has to be found out."""
    if _in_save_context is not None and _in_save_context():
        return True
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("keras.src.export."):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
