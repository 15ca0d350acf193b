"""CuPy on an NVIDIA GPU: cupy.interp and cupy.average."""

import cupy
import numpy as np

from peers import spelled_alike
from worker import Arm, Refusal, load


def open():
    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    return f"CuPy {cupy.__version__} on {name}"


def prepare(task):
    if task["kind"] == "interp":
        if task["tables"] > 1:
            return [Refusal("CuPy", "cupy.interp takes one table; a loop would measure its launches")]
        host = [load(task, name) for name in ("x", "xp", "fp")]
        return [arm("cupy.interp(x, xp, fp)", cupy.interp, host)]
    if task["kind"] == "average":
        host, axis = [load(task, name) for name in ("a", "w")], task["axis"]
        function = lambda a, w: cupy.average(a, axis=axis, weights=w)
        return [arm(f"cupy.average(a, axis={axis}, weights=w)", function, host)]
    if task["kind"] in spelled_alike.KINDS:
        # CuPy reduces by CUB where it can.
        call, function, names = spelled_alike.of(cupy, task, "cupy")
        return [arm(call, function, [load(task, name) for name in names])]
    return []


def arm(call, function, host):
    def finished(result):
        cupy.cuda.get_current_stream().synchronize()
        return result

    up = lambda: finished([cupy.asarray(array) for array in host])
    inputs = up()
    compute = lambda: finished(function(*inputs))
    output = compute()
    parts = {
        "resident": compute,
        "upload": up,
        "readback": lambda: cupy.asnumpy(output),
        "end_to_end": lambda: cupy.asnumpy(function(*up())),
    }
    return Arm("CuPy", call, parts, lambda: np.asarray(cupy.asnumpy(compute())))
