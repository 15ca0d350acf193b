"""NumPy: np.interp, np.average, np.einsum. All on one thread."""

import numpy as np

from peers import spelled_alike
from worker import Arm, load


def open():
    return f"NumPy {np.__version__}"


def prepare(task):
    if task["kind"] == "interp":
        return [interp(task)]
    if task["kind"] == "average":
        return average(task)
    if task["kind"] in spelled_alike.KINDS:
        call, function, names = spelled_alike.of(np, task, "np")
        host = [load(task, name) for name in names]
        compute = lambda: function(*host)
        return [Arm("NumPy", call, {"resident": compute}, compute)]
    return []


def interp(task):
    # np.interp computes in f64 and converts everything else first: it gets f64.
    xp, fp, x = (load(task, name).astype(np.float64) for name in ("xp", "fp", "x"))
    if task["tables"] == 1:
        compute = lambda: np.interp(x, xp, fp)
        call = "np.interp(x, xp, fp), arrays in f64"
    else:
        out = np.empty_like(x)

        def compute():
            for row in range(len(xp)):
                out[row] = np.interp(x[row], xp[row], fp[row])
            return out

        call = "a loop over np.interp, arrays in f64"
    return Arm("np.interp", call, {"resident": compute}, compute)


def average(task):
    a, w, axis = load(task, "a"), load(task, "w"), task["axis"]
    plain = lambda: np.average(a, axis=axis, weights=w)
    arms = [Arm("np.average", f"np.average(a, axis={axis}, weights=w)", {"resident": plain}, plain)]
    if task["full"]:
        form = "ij,ij->i" if axis == 1 else "ij,ij->j"
        einsum = lambda: np.einsum(form, a, w) / w.sum(axis=axis)
        arms.append(Arm("np.einsum", f"np.einsum('{form}', a, w) / w.sum({axis})", {"resident": einsum}, einsum))
    return arms
