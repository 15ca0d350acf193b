"""SciPy's successor of interp1d for lines: a B-spline of degree 1. On one thread."""

import numpy as np
import scipy
from scipy.interpolate import make_interp_spline

from worker import Arm, load


def open():
    return f"SciPy {scipy.__version__}"


def prepare(task):
    if task["kind"] != "interp":
        return []
    # It computes in f64 and converts everything else first.
    xp, fp, x = (load(task, name).astype(np.float64) for name in ("xp", "fp", "x"))
    if task["tables"] == 1:
        build = lambda: make_interp_spline(xp, fp, k=1)
        compute = lambda spline: spline(x)
    else:
        build = lambda: [make_interp_spline(*table, k=1) for table in zip(xp, fp)]
        compute = lambda splines: np.stack([spline(row) for spline, row in zip(splines, x)])
    built = build()
    resident = lambda: compute(built)
    parts = {"resident": resident, "end_to_end": lambda: compute(build())}
    return [Arm("scipy spline", "make_interp_spline(xp, fp, k=1)(x), arrays in f64", parts, resident)]
