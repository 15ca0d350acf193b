"""SciPy's successor of interp1d for lines: a B-spline of degree 1. On one thread."""

import time

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
        compute, call = best(build(), x)
    else:
        build = lambda: [make_interp_spline(*table, k=1) for table in zip(xp, fp)]
        compute = lambda splines: np.stack([spline(row) for spline, row in zip(splines, x)])
        call = "spline(x), table by table"
    built = build()
    resident = lambda: compute(built)
    parts = {"resident": resident, "end_to_end": lambda: compute(build())}
    return [Arm("scipy spline", f"make_interp_spline(xp, fp, k=1), {call}, arrays in f64", parts, resident)]


def best(spline, x):
    """A spline walks from the interval of one query to that of the next: among many knots random queries are better sorted
    first, where that costs less than the walks."""
    some = x[:1000]
    took = []
    for _ in range(3):
        start = time.perf_counter()
        spline(some)
        took.append(time.perf_counter() - start)
    if min(took) / len(some) < 500e-9 or len(x) < 10_000:
        return (lambda spline: spline(x)), "spline(x)"

    def sorted_first(spline):
        order = np.argsort(x)
        y = np.empty_like(x)
        y[order] = spline(x[order])
        return y

    return sorted_first, "queries sorted for it and put back in order"
