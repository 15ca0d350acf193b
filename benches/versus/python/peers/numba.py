"""Loops compiled by numba for all threads, fastmath off, as one would write them."""

import time

import numba
import numpy as np
from numba import njit, prange

from worker import Arm, load

STRETCH = 8192


def open():
    return f"numba {numba.__version__}, {numba.get_num_threads()} threads"


@njit(parallel=True, cache=True)
def interp_by_loop(x, xp, fp, slope):
    """Bisection, a query after the other."""
    y = np.empty(x.shape, fp.dtype)
    for row in prange(x.shape[0]):
        # prange counts without a sign, and numba makes floats of both kinds together.
        table = np.int64(row) if xp.shape[0] > 1 else np.int64(0)
        last = xp.shape[1] - 1
        for column in range(x.shape[1]):
            value = x[row, column]
            low = 0
            high = last
            while low + 1 < high:
                middle = (low + high) // 2
                if xp[table, middle] <= value:
                    low = middle
                else:
                    high = middle
            y[row, column] = slope[table, low] * (value - xp[table, low]) + fp[table, low]
    return y


@njit(parallel=True, cache=True)
def interp_by_numba(x, xp, fp, slope):
    """numba's own np.interp, on stretches of the queries."""
    y = np.empty(x.shape, fp.dtype)
    for row in prange(x.shape[0]):
        # prange counts without a sign, and numba makes floats of both kinds together.
        table = np.int64(row) if xp.shape[0] > 1 else np.int64(0)
        y[row, :] = np.interp(x[row], xp[table], fp[table])
    return y


@njit(parallel=True, cache=True)
def rows_line(a, w):
    out = np.empty(a.shape[0], a.dtype)
    total = w.sum()
    for row in prange(a.shape[0]):
        sum_ = a.dtype.type(0)
        for column in range(a.shape[1]):
            sum_ += a[row, column] * w[column]
        out[row] = sum_ / total
    return out


@njit(parallel=True, cache=True)
def rows_full(a, w):
    out = np.empty(a.shape[0], a.dtype)
    for row in prange(a.shape[0]):
        sum_ = a.dtype.type(0)
        total = a.dtype.type(0)
        for column in range(a.shape[1]):
            sum_ += a[row, column] * w[row, column]
            total += w[row, column]
        out[row] = sum_ / total
    return out


@njit(parallel=True, cache=True)
def columns_line(a, w, blocks):
    """Down axis 0: a block of rows a thread, row after row, so that memory is read in order."""
    rows, width = a.shape
    sums = np.zeros((blocks, width), a.dtype)
    for block in prange(blocks):
        for row in range(rows * block // blocks, rows * (block + 1) // blocks):
            for column in range(width):
                sums[block, column] += a[row, column] * w[row]
    return sums


@njit(parallel=True, cache=True)
def columns_full(a, w, blocks):
    rows, width = a.shape
    sums = np.zeros((blocks, width), a.dtype)
    totals = np.zeros((blocks, width), a.dtype)
    for block in prange(blocks):
        for row in range(rows * block // blocks, rows * (block + 1) // blocks):
            for column in range(width):
                sums[block, column] += a[row, column] * w[row, column]
            # A loop of its own: with both stores in one LLVM gives SIMD up.
            for column in range(width):
                totals[block, column] += w[row, column]
    return sums, totals


def prepare(task):
    if task["kind"] == "interp":
        return [interp(task)]
    if task["kind"] == "average":
        return [average(task)]
    return []


def interp(task):
    xp, fp, x = (load(task, name) for name in ("xp", "fp", "x"))
    if task["tables"] == 1:
        xp, fp = xp[None], fp[None]
    queries = x.size
    if task["tables"] == 1:
        # Stretches for the threads; sizes are powers of ten, so some divisor is near.
        width = next(width for width in range(min(STRETCH, queries), 0, -1) if queries % width == 0)
        x = x.reshape(-1, width)
    slope = np.diff(fp, axis=1) / np.diff(xp, axis=1)
    kernels = {"a bisection loop, prange": interp_by_loop, "np.interp of numba, prange": interp_by_numba}
    candidates = {call: (lambda kernel=kernel: kernel(x, xp, fp, slope)) for call, kernel in kernels.items()}
    call, compute = fastest(candidates)
    return Arm("numba", f"njit(parallel=True): {call}", {"resident": compute}, compute)


def average(task):
    a, w, axis = load(task, "a"), load(task, "w"), task["axis"]
    blocks = min(numba.get_num_threads(), len(a))

    def down_full():
        sums, totals = columns_full(a, w, blocks)
        return sums.sum(axis=0) / totals.sum(axis=0)

    if axis == 1:
        compute = (lambda: rows_full(a, w)) if task["full"] else (lambda: rows_line(a, w))
    else:
        compute = down_full if task["full"] else (lambda: columns_line(a, w, blocks).sum(axis=0) / w.sum())
    compute()  # compiles
    return Arm("numba", "njit(parallel=True): a loop, prange", {"resident": compute}, compute)


def fastest(candidates):
    """The faster of several ways, once they are compiled."""

    def took(compute):
        compute()
        start = time.perf_counter()
        compute()
        return time.perf_counter() - start

    return min(candidates.items(), key=lambda candidate: took(candidate[1]))
