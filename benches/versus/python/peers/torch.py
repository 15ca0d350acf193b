"""PyTorch, which has no interpolation: searchsorted among the inner knots and gathers from tables whose slopes are computed
before. On an NVIDIA GPU.
"""

import torch

from worker import Arm, load


def open():
    return f"PyTorch {torch.__version__} on {torch.cuda.get_device_name(0)}"


def prepare(task):
    if task["kind"] == "interp":
        return [interp(task)]
    if task["kind"] == "average":
        return average(task)
    if task["kind"] in OTHERS:
        return [other(task)]
    return []


def finished(result):
    torch.cuda.synchronize()
    return result


def up(arrays):
    return finished([torch.from_numpy(array).to("cuda") for array in arrays])


def interp(task):
    host = [load(task, name) for name in ("x", "xp", "fp")]

    def build(xp, fp):
        slope = torch.diff(fp) / torch.diff(xp)
        return xp[..., 1:-1].contiguous(), xp, fp, slope

    def compute(x, inner, xp, fp, slope):
        segment = torch.searchsorted(inner, x, right=True)
        gather = lambda table: torch.take_along_dim(table, segment, dim=-1)
        return torch.addcmul(gather(fp), gather(slope), x - gather(xp))

    x, xp, fp = up(host)
    table = build(xp, fp)

    def end_to_end():
        x, xp, fp = up(host)
        return compute(x, *build(xp, fp)).cpu()

    call = "searchsorted, three take_along_dim, sub, addcmul"
    return arm("PyTorch", call, lambda: compute(x, *table), lambda: up(host), end_to_end)


def average(task):
    host, axis = [load(task, part) for part in ("a", "w")], task["axis"]
    a, w = up(host)
    line = w if task["full"] else (w[None, :] if axis == 1 else w[:, None])
    compose = lambda a, line: (a * line).sum(axis) / line.sum(axis)

    def end_to_end():
        a, w = up(host)
        return compose(a, w if task["full"] else (w[None, :] if axis == 1 else w[:, None])).cpu()

    call = f"(a * w).sum({axis}) / w.sum({axis})"
    arms = [arm("PyTorch", call, lambda: compose(a, line), lambda: up(host), end_to_end)]
    if not task["full"]:
        normalised = w / w.sum()
        product = (lambda: a @ normalised) if axis == 1 else (lambda: normalised @ a)
        arms.append(arm("PyTorch matmul", "matmul, weights normalised before", product, None, None))
    return arms


# What benches/gpu-report asks for besides.
OTHERS = {
    "reduce": {
        "sum": ("a.sum(1)", lambda a: a.sum(1)),
        "var": ("a.var(1, correction=0)", lambda a: a.var(1, correction=0)),
        "min": ("a.amin(1)", lambda a: a.amin(1)),
    },
    "standardize": ("(a - mean) / std, by std_mean", lambda a: standardized(a)),
    "searchsorted": ("searchsorted(xp, x)", lambda knots, x: torch.searchsorted(knots, x)),
    "transpose": ("a.T.contiguous()", lambda a: a.T.contiguous()),
}


def standardized(a):
    deviation, mean = torch.std_mean(a, 1, correction=0, keepdim=True)
    return (a - mean) / deviation


def other(task):
    known = OTHERS[task["kind"]]
    call, function = known[task["what"]] if task["kind"] == "reduce" else known
    inputs = up([load(task, name) for name in (("xp", "x") if task["kind"] == "searchsorted" else ("a",))])
    return arm("PyTorch", call, lambda: function(*inputs), None, None)


def arm(name, call, compute, upload, end_to_end):
    parts = {"resident": lambda: finished(compute())}
    if upload:
        output = compute()
        parts |= {"upload": upload, "readback": lambda: output.cpu(), "end_to_end": end_to_end}
    return Arm(name, call, parts, lambda: compute().cpu().numpy())
