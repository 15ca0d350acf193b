"""np.dot, which is OpenBLAS on all threads. In a process of its own: its threads spin after a call."""

import numpy as np

from worker import Arm, Refusal, load


def open():
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"NumPy {np.__version__} with {blas['name']} {blas['version']}"


def prepare(task):
    if task["kind"] != "average":
        return []
    if task["full"]:
        return [Refusal("np.dot", "a weight for each element is no matrix product")]
    a, w = load(task, "a"), load(task, "w")
    w = (w / w.sum(dtype=np.float64)).astype(a.dtype)
    compute = (lambda: np.dot(a, w)) if task["axis"] == 1 else (lambda: np.dot(w, a))
    call = ("np.dot(a, w)" if task["axis"] == 1 else "np.dot(w, a)") + ", weights normalised before"
    return [Arm("np.dot", call, {"resident": compute}, compute)]
