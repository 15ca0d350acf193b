"""Derivatives and located queries in Python, against what a plain formula in NumPy gives, one query at a time."""

import numpy as np
import pytest

import ndgpu
from ndgpu import _host

ROWS = 4


def segment(x, xp, fp, left, right, period):
    """For one query: its value, its slope, and the shares of the values of two knots in it."""
    if period is not None:
        left = right = None
        order = np.argsort(xp % period)
        x, knots, indices = x % period, (xp % period)[order], np.arange(len(xp))[order]
        knots = np.concatenate([[knots[-1] - period], knots, [knots[0] + period]])
        indices = np.concatenate([[indices[-1]], indices, [indices[0]]])
    else:
        knots, indices = xp, np.arange(len(xp))
    shares = np.zeros(len(xp))
    if x < knots[0] or x > knots[-1]:
        end, fill = (0, left) if x < knots[0] else (-1, right)
        if fill is None:
            shares[indices[end]] = 1
        return (fp[indices[end]] if fill is None else fill), 0.0, shares
    last = min(np.searchsorted(knots, x, side="right") - 1, len(knots) - 2)
    first, second = indices[last], indices[last + 1]
    slope = (fp[second] - fp[first]) / (knots[last + 1] - knots[last])
    part = (x - knots[last]) / (knots[last + 1] - knots[last])
    shares[first] += 1 - part
    shares[second] += part
    return fp[first] + slope * (x - knots[last]), slope, shares


def plain(x, xp, fp, left, right, period):
    """Values, slopes and the matrix of shares for a vector of queries."""
    values, slopes, shares = zip(*(segment(query, xp, fp, left, right, period) for query in x))
    return np.array(values), np.array(slopes), np.array(shares)


def dtypes(device):
    return [np.float32, np.float64] if device.supports_float64 else [np.float32]


def bound(dtype):
    return {"rtol": 3e-4, "atol": 3e-4} if dtype == np.float32 else {"rtol": 1e-11, "atol": 1e-11}


OPTIONS = [(None, None, None), (2.5, None, None), (None, -1.5, None), (1.0, 2.0, None), (None, None, 7.5)]


@pytest.mark.parametrize(("left", "right", "period"), OPTIONS)
@pytest.mark.parametrize("own_knots", [False, True])
@pytest.mark.parametrize("own_values", [False, True])
@pytest.mark.parametrize("own_queries", [False, True])
def test_products_with_the_jacobian_are_those_of_the_plain_matrix(
    device, left, right, period, own_knots, own_values, own_queries
):
    random = np.random.default_rng(7)
    for dtype in dtypes(device):
        rows = own_knots or own_values
        xp = np.sort(random.uniform(0, 7, (ROWS, 9)), 1)[slice(None) if own_knots else 0].astype(dtype)
        fp = random.normal(size=(ROWS, 9))[slice(None) if own_values else 0].astype(dtype)
        x = random.uniform(-1, 8, (ROWS, 13))[slice(None) if own_queries or not rows else 0].astype(dtype)
        dx, dxp, dfp = (random.normal(size=operand.shape).astype(dtype) for operand in (x, xp, fp))
        g = random.normal(size=(ROWS, 13)).astype(dtype)
        options = {"left": left, "right": right, "period": period, "device": device}

        y = _host.interp(x, xp, fp, **options)
        forward = _host.interp_jvp(x, xp, fp, dx=dx, dxp=dxp, dfp=dfp, **options)
        backward = _host.interp_vjp(x, xp, fp, g, **options)
        assert y.dtype == forward.dtype == backward["x"].dtype == dtype
        sums = {"x": np.zeros(x.shape), "xp": np.zeros(xp.shape), "fp": np.zeros(fp.shape)}
        for row in range(ROWS):
            part = {"x": x, "xp": xp, "fp": fp, "dx": dx, "dxp": dxp, "dfp": dfp}
            part = {name: np.float64(a if a.ndim == 1 else a[row]) for name, a in part.items()}
            values, slopes, shares = plain(part["x"], part["xp"], part["fp"], left, right, period)
            np.testing.assert_allclose(y[row], values, **bound(dtype))
            change = shares @ part["dfp"] + slopes * (part["dx"] - shares @ part["dxp"])
            np.testing.assert_allclose(forward[row], change, **bound(dtype))
            shared = {
                "x": g[row] * slopes,
                "xp": -(g[row] * slopes) @ shares,
                "fp": np.float64(g[row]) @ shares,
            }
            for name, share in shared.items():
                at = sums[name] if sums[name].ndim == 1 else sums[name][row]
                at += share
        for name, expected in sums.items():
            assert backward[name].shape == expected.shape
            np.testing.assert_allclose(backward[name], expected, **bound(dtype), err_msg=name)
        only = _host.interp_vjp(x, xp, fp, g, **options, wanted=["fp"])
        assert list(only) == ["fp"]
        np.testing.assert_array_equal(only["fp"], backward["fp"])


def test_classes_on_the_device_say_the_same(device):
    dtype = dtypes(device)[-1]
    xp, fp = np.array([0, 1, 3], dtype), np.array([0, 2, 8], dtype)
    table = ndgpu.InterpTable(xp, fp, left=-1.0, device=device)
    x = device.upload(np.array([-5, 0.25, 2, np.nan], dtype))
    values, slopes = table.interp_with_derivative(x)
    np.testing.assert_array_equal(values.numpy(), [-1, 0.5, 5, np.nan])
    np.testing.assert_array_equal(slopes.numpy(), [0, 2, 3, np.nan])
    np.testing.assert_array_equal(table.derivative(x).numpy(), slopes.numpy())
    found = table.interp_vjp(x, np.array([1, 1, 10, 0], dtype))
    assert {name: part.shape for name, part in found.items()} == {
        "x": (4,), "xp": (3,), "fp": (3,), "left": (), "right": ()
    }  # fmt: skip
    assert float(found["left"]) == 1 and float(found["right"]) == 0

    at = table.locate(x.reshape(2, 2))
    assert at.shape == (2, 2) and at.dtype == dtype and at.device == device
    np.testing.assert_array_equal(at.cells().numpy(), [[0, 0], [1, 0]])
    np.testing.assert_array_equal(at.apply(fp).numpy(), values.numpy().reshape(2, 2))
    assert at.apply(np.stack([fp, fp])).shape == (2, 4)
    indptr, indices, data = at.to_csr()
    assert (indptr.shape, indices.shape, data.shape) == ((5,), (8,), (8,))
    assert "2, 2" in repr(at) and "3" in repr(at)
    finite = table.locate(np.array([[0.5, 1.5], [2.5, 3.0]], dtype))
    weights = np.array([1, 3], dtype)
    averages = finite.apply_average(fp, 1, weights)
    np.testing.assert_allclose(averages.numpy(), np.average(finite.apply(fp).numpy(), 1, weights), rtol=1e-6)
    apart = finite.apply_average(np.stack([fp, -fp]), -1, np.array([1, 1, 1, 1], dtype))
    np.testing.assert_allclose(apart.numpy()[0], finite.apply(fp).numpy().mean(), rtol=1e-6)
    back = finite.transpose_apply_average(1, weights, np.array([1, 2], dtype)).numpy()
    spread = np.array([[0.25, 0.75], [0.5, 1.5]], dtype)
    np.testing.assert_allclose(back, finite.transpose_apply(spread).numpy(), rtol=1e-6)


@pytest.mark.parametrize("axis", [None, 1, (0, 2), (2, 0), -1])
def test_backward_passes_of_reductions(device, axis):
    random = np.random.default_rng(8)
    dtype = dtypes(device)[-1]
    a = random.normal(size=(3, 4, 5)).astype(dtype)
    there = device.upload(a)
    step, tolerance = (1e-5, 1e-5) if dtype == np.float64 else (1e-2, 5e-3)
    axes = tuple(range(3)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    weights = random.uniform(0.5, 1.5, [a.shape[axis] for axis in axes]).astype(dtype)
    g = np.asarray(random.normal(size=a.sum(axis).shape), dtype)
    along = random.normal(size=a.shape).astype(dtype)
    passes = {
        "sum": lambda b: there.sum_vjp(g, axis) if b is None else b.sum(axis),
        "mean": lambda b: there.mean_vjp(g, axis) if b is None else b.mean(axis),
        "var": lambda b: there.var_vjp(g, axis, ddof=1) if b is None else b.var(axis, ddof=1),
        "std": lambda b: there.std_vjp(g, axis, ddof=1) if b is None else b.std(axis, ddof=1),
        "average": lambda b: there.average_vjp(g, axis, weights)[0] if b is None else b.average(axis, weights),
        "plain": lambda b: there.average_vjp(g, axis)[0] if b is None else b.average(axis),
        "weighted": lambda b: (
            there.weighted_sum_vjp(weights, g, axis)[0] if b is None else b.weighted_sum(weights, axis)
        ),
    }
    for name, of in passes.items():
        ahead, behind = (of(device.upload(a + way * step * along)).numpy() for way in (1, -1))
        slope = np.sum(np.float64(ahead - behind) / (2 * step) * g)
        found = np.sum(np.float64(of(None).numpy()) * along)
        assert abs(slope - found) <= tolerance * max(1, abs(slope)), f"{name} over {axis}"
    z = there.standardize_vjp(along, axis, ddof=1).numpy()
    assert z.shape == a.shape and abs(z.sum()) < 1e-3
    for pass_, of_weights in (
        (lambda w: there.average(axis, w), there.average_vjp(g, axis, weights)[1]),
        (lambda w: there.weighted_sum(w, axis), there.weighted_sum_vjp(weights, g, axis)[1]),
    ):
        way = random.normal(size=weights.shape).astype(dtype)
        ahead, behind = (pass_(weights + sign * step * way).numpy() for sign in (1, -1))
        slope = np.sum(np.float64(ahead - behind) / (2 * step) * g)
        assert abs(slope - np.sum(of_weights.numpy() * way)) <= tolerance * max(1, abs(slope))
    assert there.average_vjp(np.ones((3, 4), dtype), 2)[1] is None


def test_reductions_of_the_host_keep_their_dtype(device):
    random = np.random.default_rng(9)
    for dtype in dtypes(device):
        a, weights = random.normal(size=(6, 5)).astype(dtype), random.uniform(1, 2, 5).astype(dtype)
        g = random.normal(size=6).astype(dtype)
        on = {"device": device}
        averages, sums = _host.average_returned(a, 1, weights, **on)
        np.testing.assert_allclose(averages, np.average(a, 1, weights), rtol=1e-5)
        np.testing.assert_allclose(sums, np.full(6, weights.sum()), rtol=1e-6)
        np.testing.assert_array_equal(_host.average(a, 1, weights, **on), averages)
        np.testing.assert_allclose(_host.weighted_sum(a, weights, 1, **on), a @ weights, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(_host.average_returned(a, 0, **on)[1], np.full(5, 6))
        results = [
            averages, sums, _host.average(a, **on), _host.standardize(a, 0, **on), _host.standardize_vjp(a, a, 0, **on),
            *_host.average_vjp(a, g, 1, weights, **on), *_host.weighted_sum_vjp(a, weights, g, 1, **on),
        ]  # fmt: skip
        assert all(result.dtype == dtype and result.flags.writeable for result in results)
        assert _host.average_vjp(a, g, 1, **on)[1] is None
    with pytest.raises(ZeroDivisionError):
        _host.average(a, 1, np.zeros_like(weights), device=device)


def test_what_does_not_fit_is_refused(device):
    dtype = dtypes(device)[-1]
    xp, x = np.array([0, 2, 1], dtype), np.zeros(2, dtype)
    with pytest.raises(ndgpu.NotSortedError, match="knot 2"):
        _host.interp(x, xp, xp, device=device)
    with pytest.raises(TypeError, match="float16.*cast"):
        _host.interp(x.astype(np.float16), xp, xp, device=device)
    with pytest.raises(TypeError, match=r"int64.*cast|float.*int64"):
        _host.average(np.arange(3), device=device)
    xp = np.arange(3).astype(dtype)
    with pytest.raises(ValueError, match="shape"):
        _host.interp_vjp(x, xp, xp, np.zeros(3, dtype), device=device)
    table = ndgpu.InterpTable(xp, xp, device=device)
    with pytest.raises(ValueError, match="'fx'"):
        table.interp_vjp(x, x, wanted=["fx"])
    with pytest.raises(ValueError, match="dxp has shape"):
        table.interp_jvp(x, dxp=np.zeros((3, 1), dtype))
    with pytest.raises(ValueError, match="none of x, xp and fp"):
        table.interp_jvp(x)
    with pytest.raises(ValueError, match="none of x, xp and fp"):
        _host.interp_jvp(x, xp, np.stack([xp, xp]), device=device)
    with pytest.raises(ValueError, match="derivative_rows"):
        ndgpu.InterpTable(xp, np.stack([xp, xp]), device=device).derivative(x)
    with pytest.raises(ValueError, match="fields"):
        table.locate(x).apply(np.zeros(4, dtype))
    with pytest.raises(np.exceptions.AxisError):
        table.locate(x).apply_average(xp, 1, x)
