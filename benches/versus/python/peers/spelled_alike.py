"""Operations that NumPy, CuPy and JAX spell alike: what benches/gpu-report asks for besides interpolation and averages."""

KINDS = ("reduce", "standardize", "searchsorted", "transpose")


def of(xp, task, name):
    """The call as one writes it, the function, and the names of its inputs. `xp` is the library, `name` what it is called."""
    axis = task.get("axis", 1)
    if task["kind"] == "reduce":
        what = task["what"]
        return f"{name}.{what}(a, axis={axis})", lambda a: getattr(xp, what)(a, axis=axis), ["a"]
    if task["kind"] == "standardize":
        centred = lambda a: a - xp.mean(a, axis=axis, keepdims=True)
        function = lambda a: centred(a) / xp.std(a, axis=axis, keepdims=True)
        return f"(a - {name}.mean(a, {axis})) / {name}.std(a, {axis})", function, ["a"]
    if task["kind"] == "searchsorted":
        return f"{name}.searchsorted(xp, x)", lambda knots, x: xp.searchsorted(knots, x), ["xp", "x"]
    # A transposed view costs nothing, and is no transposed array. JAX has no views: what a function returns is one.
    contiguous = "ascontiguousarray" if hasattr(xp, "ascontiguousarray") else "asarray"
    return f"{name}.{contiguous}(a.T)", lambda a: getattr(xp, contiguous)(a.T), ["a"]
