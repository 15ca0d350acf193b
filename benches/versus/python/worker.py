"""A Python peer in a process of its own: `python worker.py NAME`.

Speaks the protocol of src/protocol.rs on standard input and output: a line of JSON a request, a line of JSON behind a mark
an answer. `peers/NAME.py` offers `open()`, which imports the library and returns what it is, and `prepare(task)`, which
returns what it can do: a list of `Arm`.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import time

import numpy as np

MARK = "@versus "


def load(task, name):
    """An input of the workload, as the file has it: f32 or f64."""
    return np.load(os.path.join(task["folder"], name + ".npy"))


class Arm:
    """One way to compute a workload.

    `parts` maps "resident", "upload", "readback" and "end_to_end" to functions without arguments that return when the work
    is done; `result` computes once and returns a NumPy array.
    """

    def __init__(self, name, call, parts, result):
        self.name, self.call, self.parts, self.result = name, call, parts, result

    def info(self):
        return {"name": self.name, "call": self.call, "parts": list(self.parts)}


class Refusal:
    """A workload that a library does not do, and why."""

    def __init__(self, name, reason):
        self.name, self.reason = name, reason

    def info(self):
        return {"name": self.name, "refuses": self.reason}


class Worker:
    def __init__(self, name):
        self.name, self.peer, self.arms = name, None, []

    def answer(self, request):
        return getattr(self, request["op"])(request)

    def hello(self, request):
        try:
            self.peer = importlib.import_module("peers." + self.name.replace("-", "_"))
            return {"about": self.peer.open()}
        except Exception as error:  # Whatever stops it, the table has to say so.
            return {"error": f"{type(error).__name__}: {error}".splitlines()[0]}

    def prepare(self, request):
        self.arms = []
        self.arms = self.peer.prepare(request["task"])
        return {"arms": [arm.info() for arm in self.arms]}

    def check(self, request):
        start = time.perf_counter()
        result = np.asarray(self.arms[request["arm"]].result())
        seconds = [time.perf_counter() - start]
        wide = np.float64 if result.dtype == np.float64 else np.float32
        np.save(request["out"], np.ascontiguousarray(result.reshape(-1), dtype=wide))
        return {"seconds": seconds}

    def time(self, request):
        step = self.arms[request["arm"]].parts[request["part"]]
        for _ in range(request["warm"]):
            step()
        seconds = []
        for _ in range(request["calls"]):
            start = time.perf_counter()
            result = step()
            seconds.append(time.perf_counter() - start)
            del result
        return {"seconds": seconds}

    def release(self, request):
        self.arms = []
        return {}


def end_with_parent():
    """A worker that is stopped would not notice that the pipe is closed, and keep its memory for ever."""
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def main():
    end_with_parent()
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    # So that peers/ finds what is defined here under one name.
    sys.modules["worker"] = sys.modules["__main__"]
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        try:
            reply = worker.answer(json.loads(line))
        except Exception as error:
            text = (str(error).splitlines() or [""])[0]
            reply = {"error": f"raises {type(error).__name__}: {text}"}
        answers.write(MARK + json.dumps(reply) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
