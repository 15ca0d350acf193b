"""Tensors of PyTorch's: values, derivatives to any order, batches, compiled and exported programs, memory, refusals.

What is compared with: NumPy for values; PyTorch's own numeric derivatives; and ndgpu.torch.decompositions, the same
operations written in PyTorch's own ones, which PyTorch differentiates by itself.
"""

import functools
import importlib.util
import itertools
import subprocess
import sys

import numpy as np
import pytest

import ndgpu
from ndgpu import _host

torch = pytest.importorskip("torch", minversion="2.5", reason="PyTorch 2.5 or later is not installed")

import ndgpu.torch  # noqa: E402

DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
compiled = functools.partial(torch.compile, fullgraph=True, backend="aot_eager")


@pytest.fixture(autouse=True)
def on_the_cpu_engine():
    before = ndgpu.get_device()
    ndgpu.set_device("cpu")
    torch.compiler.reset()  # or PyTorch counts how often a function was compiled, and gives up
    yield
    ndgpu.set_device(before)


def tensor(values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype)


def random(*shape, seed=0, dtype=torch.float64):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed + sum(shape)), dtype=dtype)


def knots(*shape, seed=0):
    return random(*shape, seed=seed).add(0.3).cumsum(-1)


def own(operation):
    """The operation in PyTorch's own ones."""
    return ndgpu.torch.decompositions()[getattr(torch.ops.ndgpu, operation).default]


def calls_of(monkeypatch, name):
    """The arrays of every call of a function of ndgpu._host, and its results, from now on."""
    calls = []
    function = getattr(_host, name)

    def watched(*args, **kwargs):
        result = function(*args, **kwargs)
        calls.append((args, kwargs, result))
        return result

    monkeypatch.setattr(_host, name, watched)
    return calls


# Functions of tensors, and the tensors. Queries keep away from knots, where there is no derivative.
INTERP = {
    "inside and outside": ({}, tensor([-1.0, 0.3, 1.7, 3.2, 5.0]), tensor([0.0, 1.0, 2.5, 4.0]), random(4)),
    "any shape": ({}, random(2, 3, 2) * 4, knots(5), random(5)),
    "no axes": ({}, tensor(0.4), knots(5), random(5)),
    "nothing": ({}, random(0), knots(5), random(5)),
    "one knot": ({}, tensor([-1.0, 2.0]), tensor([0.5]), tensor([3.0])),
    "left and right": ({"left": 3.0, "right": -2.0}, tensor([-1.0, 0.3, 1.7, 9.0]), knots(4), random(4)),
    "left": ({"left": 3.0}, tensor([-1.0, 0.3, 1.7, 9.0]), knots(4), random(4)),
    "period": ({"period": 3.0}, random(6) * 20 - 10, tensor([5.1, 0.2, -1.4, 1.1]), random(4)),
    "negative period": ({"period": -3.0}, random(6) * 20 - 10, tensor([5.1, 0.2, -1.4, 1.1]), random(4)),
    "period and one knot": ({"period": 3.0}, random(3) * 20 - 10, tensor([5.1]), random(1)),
    "rows": ({}, random(3, 5) * 4, knots(3, 6), random(3, 6)),
    "one row": ({}, random(1, 5) * 4, knots(1, 6), random(6)),
    "rows of values": ({"right": 0.5}, random(3, 5) * 4, knots(6), random(3, 6)),
    "rows of knots": ({}, random(3, 5) * 4, knots(3, 6), random(6)),
    "rows at the same queries": ({"left": 0.5}, random(5) * 4, knots(3, 6), random(3, 6)),
    "rows with a period": ({"period": 2.5}, random(3, 5) * 9, random(3, 4) * 9, random(3, 4)),
}
A = random(3, 4, 2)
CASES = {
    **{
        f"interp: {name}": (functools.partial(ndgpu.torch.interp, **options), operands)
        for name, (options, *operands) in INTERP.items()
    },
    "average": (ndgpu.torch.average, [A]),
    "average of an axis": (lambda a: ndgpu.torch.average(a, 1), [A]),
    "average with weights": (lambda a, w: ndgpu.torch.average(a, -2, w), [A, random(4)]),
    "average with weights of axes": (lambda a, w: ndgpu.torch.average(a, (2, 0), w), [A, random(2, 3)]),
    "average with weights of axes in order": (lambda a, w: ndgpu.torch.average(a, (0, 2), w), [A, random(3, 2)]),
    "average with weights of axes in a circle": (
        lambda a, w: ndgpu.torch.average(a, (1, 2, 0), w),
        [A, random(4, 2, 3)],
    ),
    "average with weights of its shape": (lambda a, w: ndgpu.torch.average(a, (0, 1), w), [A, random(3, 4, 2)]),
    "average of a square": (lambda a, w: ndgpu.torch.average(a, (1, 0), w), [random(3, 3), random(3, 3, seed=1)]),
    "average of everything": (lambda a, w: ndgpu.torch.average(a, None, w), [A, random(3, 4, 2)]),
    "average returned": (lambda a, w: ndgpu.torch.average(a, 1, w, returned=True), [A, random(4)]),
    "weighted sum": (lambda a, w: ndgpu.torch.weighted_sum(a, w, 1), [A, random(4)]),
    "weighted sum of axes": (lambda a, w: ndgpu.torch.weighted_sum(a, w, (2, 0)), [A, random(2, 3)]),
    "weighted sum of everything": (ndgpu.torch.weighted_sum, [A, random(3, 4, 2)]),
    "standardize": (lambda a: ndgpu.torch.standardize(a, 1), [A]),
    "standardize over axes": (lambda a: ndgpu.torch.standardize(a, (0, -1), ddof=1.5), [A]),
    "standardize everything": (ndgpu.torch.standardize, [A]),
}
EVERY = pytest.mark.parametrize(("function", "operands"), CASES.values(), ids=CASES)


def number_of(function, *operands):
    """A number that depends on every result in another way, and not linearly."""
    results = function(*operands)
    results = results if isinstance(results, tuple) else (results,)
    return sum((result.sin() * torch.arange(1, result.numel() + 1).reshape(result.shape)).sum() for result in results)


def apart(operands):
    return tuple(operand.detach().clone().requires_grad_() for operand in operands)


# --- values ---------------------------------------------------------------------------------------------------------


@DTYPES
def test_interp_is_numpys(on_device, dtype):
    for options, x, xp, fp in INTERP.values():
        x, xp, fp = (part.to(dtype) for part in (x, xp, fp))
        found = ndgpu.torch.interp(x, xp, fp, **options)
        assert found.dtype == dtype
        if xp.ndim == fp.ndim == 1:
            expected = np.interp(x, xp, fp, **options)
        else:
            rows = 3 if 3 in (len(xp), len(fp)) else 1
            tables = zip(*(part.expand(rows, part.shape[-1]) for part in (x, xp, fp)))
            expected = np.stack([np.interp(*table, **options) for table in tables])
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=8 * torch.finfo(dtype).eps, atol=8 * torch.finfo(dtype).eps)


@DTYPES
def test_averages_are_numpys(on_device, dtype):
    a = A.to(dtype)
    near = {"rtol": 4 * torch.finfo(dtype).eps}
    for axis, weights in [(None, None), (1, None), (-1, random(2)), ((2, 0), random(2, 3)), ((0, 1), A), (None, A + 1)]:
        weights = None if weights is None else weights.to(dtype)
        found = ndgpu.torch.average(a, axis, weights, returned=True)
        expected = np.average(a.double(), axis, None if weights is None else weights.double(), returned=True)
        for ours, theirs in zip(found, expected):
            assert ours.dtype == dtype
            assert ours.shape == np.shape(theirs)
            np.testing.assert_allclose(ours, theirs, **near)
        assert torch.equal(ndgpu.torch.average(a, axis, weights), found[0])
        if weights is not None:
            summed = ndgpu.torch.weighted_sum(a, weights, axis)
            assert summed.dtype == dtype
            np.testing.assert_allclose(summed, expected[0] * expected[1], **near)


@DTYPES
def test_standardize_is_ndgpus(on_device, dtype):
    for axis, ddof in [(None, 0), (1, 1), ((0, 2), 0.5)]:
        found = ndgpu.torch.standardize(A.to(dtype), axis, ddof=ddof)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, ndgpu.standardize(A.to(dtype).numpy(), axis, ddof=ddof))
    assert ndgpu.torch.standardize(torch.ones(3)).isnan().all()


def test_views_are_read_as_they_are():
    a = random(6, 8)
    for view in (a.T, a[::2, 1:], a.flip(0), a[:1].expand(6, 8), torch._neg_view(a)):
        copy = view.clone(memory_format=torch.contiguous_format).resolve_neg()
        np.testing.assert_allclose(ndgpu.torch.average(view, 1), np.average(copy, 1))
        found = ndgpu.torch.interp(view, knots(9), random(9))
        np.testing.assert_array_equal(found, np.interp(copy, knots(9), random(9)))


SPECIAL = {
    "at knots": ({}, [0.0, 1.0, 2.0, 4.0], [0.0, 1.0, 2.0, 4.0], [1.0, 5.0, 2.0, 3.0]),
    "at knots that repeat": ({}, [0.0, 1.0, 1.5, 4.0], [0.0, 0.0, 1.0, 1.0, 4.0, 4.0], [1.0, 5.0, 2.0, 3.0, 7.0, 9.0]),
    "NaN": ({}, [np.nan, 0.5, np.nan], [0.0, 1.0], [1.0, 5.0]),
    "NaN with values outside": ({"left": 1.0, "right": 2.0}, [np.nan, -1.0, 3.0, 0.5], [0.0, 1.0], [1.0, 5.0]),
    "infinite queries": ({}, [-np.inf, 0.5, np.inf], [0.0, 1.0], [1.0, 5.0]),
    "infinite knots": ({}, [-np.inf, -1.0, 0.5, 3.0, np.inf], [-np.inf, 0.0, 1.0, np.inf], [7.0, 1.0, 5.0, 8.0]),
    "at knots with a period": ({"period": 3.0}, [-3.0, 0.0, 1.0, 3.0, 4.0], [4.0, 0.0, 2.0], [1.0, 5.0, 2.0]),
    "NaN with a period": ({"period": 3.0}, [np.nan, 7.0], [4.0, 0.0, 2.0], [1.0, 5.0, 2.0]),
    "knots out of the period": ({"period": 3.0}, [0.5, 7.0, -2.0], [4.0, np.nan, 0.0, np.inf], [1.0, 5.0, 2.0, 8.0]),
}


@pytest.mark.parametrize(("options", "x", "xp", "fp"), SPECIAL.values(), ids=SPECIAL)
def test_special_places_have_the_derivatives_that_are_documented(options, x, xp, fp):
    operands = tuple(map(tensor, (x, xp, fp)))
    options = {"left": None, "right": None, "period": None, **options}.values()
    g = random(len(x)) + 1
    same = functools.partial(torch.testing.assert_close, rtol=1e-12, atol=1e-12, equal_nan=True)
    same(torch.ops.ndgpu.interp(*operands, *options), own("interp")(*operands, *options))
    found = torch.ops.ndgpu.interp_backward(g, *operands, *options, [True] * 3)
    expected = own("interp_backward")(g, *operands, *options, [True] * 3)
    for ours, theirs in zip(found, expected):
        same(ours, theirs)


# --- derivatives ----------------------------------------------------------------------------------------------------


@EVERY
def test_derivatives_are_those_of_differences(function, operands):
    assert torch.autograd.gradcheck(function, apart(operands))


@EVERY
def test_derivatives_of_derivatives_are_those_of_differences(function, operands):
    assert torch.autograd.gradgradcheck(function, apart(operands))


@DTYPES
def test_operations_are_what_stands_for_them(dtype):
    a, weights, g = A.to(dtype), random(2, 3, dtype=dtype), random(4, dtype=dtype)
    near = {"rtol": 40 * torch.finfo(dtype).eps, "atol": 40 * torch.finfo(dtype).eps}
    for name, operands in {
        "average": (a, [2, 0], weights),
        "average_backward": (g, a, [2, 0], weights),
        "weighted_sum": (a, [2, 0], weights),
        "weighted_sum_backward": (g, a, [2, 0], weights),
        "standardize": (a, [2, 0], 1.0),
        "standardize_backward": (a.flip(1), a, None, 1.0),
    }.items():
        torch.testing.assert_close(getattr(torch.ops.ndgpu, name)(*operands), own(name)(*operands), **near)
    for name, operands in {"average": (a, None, None), "average_backward": (g[0], a, None, None)}.items():
        torch.testing.assert_close(getattr(torch.ops.ndgpu, name)(*operands), own(name)(*operands), **near)


@pytest.mark.parametrize("options", [{}, {"left": 0.5, "right": 2.0}, {"period": 2.5}], ids=str)
def test_third_derivatives_of_interp_are_pytorchs_own(options):
    operands = apart((random(7) * 5, knots(5), random(5)))

    def third(function):
        first = torch.autograd.grad(number_of(function, *operands), operands, create_graph=True)
        second = torch.autograd.grad(sum(part.sin().sum() for part in first), operands, create_graph=True)
        return torch.autograd.grad(sum(part.cos().sum() for part in second), operands)

    ours = third(lambda x, xp, fp: ndgpu.torch.interp(x, xp, fp, **options))
    theirs = third(lambda x, xp, fp: own("interp")(x, xp, fp, **options))
    for found, expected in zip(ours, theirs):
        assert found.abs().max() > 1
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_only_what_is_wanted_is_computed(monkeypatch):
    calls = calls_of(monkeypatch, "interp_vjp")
    x, xp, fp = random(4), knots(5), random(5).requires_grad_()
    ndgpu.torch.interp(x, xp, fp).sum().backward()
    assert [set(result) for _, _, result in calls] == [{"fp"}]
    assert fp.grad.sum() == pytest.approx(4)
    ndgpu.torch.interp(x, xp, fp.detach())
    with torch.no_grad():
        ndgpu.torch.interp(x, xp, fp)
    assert len(calls) == 1


@EVERY
def test_every_mode_of_differentiation_agrees(function, operands):
    places = tuple(range(len(operands)))
    numbers = functools.partial(number_of, function)
    expected = torch.autograd.grad(numbers(*(leaves := apart(operands))), leaves)
    for transform in (torch.func.grad, torch.func.jacrev, torch.func.jacfwd):
        for ours, theirs in zip(transform(numbers, places)(*operands), expected):
            torch.testing.assert_close(ours, theirs)
    if not all(operand.numel() for operand in operands):
        return  # of nothing PyTorch's own functional.hessian is an error
    expected = torch.autograd.functional.hessian(numbers, tuple(operands))
    for outer, inner in [(torch.func.jacrev, torch.func.jacrev), (torch.func.jacfwd, torch.func.jacrev),
                         (torch.func.jacrev, torch.func.jacfwd)]:  # fmt: skip
        for ours, theirs in zip(outer(inner(numbers, places), places)(*operands), expected):
            for our, their in zip(ours, theirs):
                torch.testing.assert_close(our, their)


def test_forward_mode_is_refused_where_pytorch_gives_wrong_numbers():
    a, weights = random(3), random(3)
    with pytest.raises(NotImplementedError, match="forward mode twice.*hessian"):
        torch.func.jacfwd(torch.func.jacfwd(ndgpu.torch.weighted_sum))(a, weights)


# --- the operations as PyTorch sees them ----------------------------------------------------------------------------

X, XP, FP, G = tensor([[0.3, 1.7], [3.2, 5.0]]), tensor([0.0, 1.0, 4.0]), tensor([1.0, 3.0, 2.0]), random(2, 2)
OPERATIONS = {
    "interp": [
        (X, XP, FP, None, None, None),
        (X, XP, FP, 1.0, 2.0, None),
        (X, XP, FP, None, None, 3.5),
        (X, XP.expand(2, 3), FP, None, None, None),
    ],
    "interp_backward": [
        (G, X, XP, FP, None, None, None, [True, True, True]),
        (G, X, XP, FP, 1.0, None, None, [False, True, False]),
        (G, X[0], XP, FP.expand(2, 3), None, None, 3.5, [True, False, True]),
    ],
    "average": [(A, None, None), (A, [1], random(4)), (A, [2, 0], A + 1)],
    "average_backward": [(random(3, 2), A, [1], None), (random(3, 2), A, [1], random(4)), (G[0, 0], A, None, A + 1)],
    "weighted_sum": [(A, [2, 0], random(2, 3)), (A, None, A)],
    "weighted_sum_backward": [(random(4), A, [2, 0], random(2, 3)), (G[0, 0], A, None, A)],
    "standardize": [(A, None, 0.0), (A, [0, 2], 1.0)],
    "standardize_backward": [(A * 2, A, None, 0.0), (A.sin(), A, [0, 2], 1.0)],
}


@pytest.mark.parametrize("differentiable", [False, True], ids=["constants", "variables"])
@pytest.mark.parametrize(
    ("name", "operands"), [(name, operands) for name, several in OPERATIONS.items() for operands in several]
)
def test_operations_are_what_they_say(name, operands, differentiable):
    operands = [
        operand.detach().clone().requires_grad_(differentiable) if isinstance(operand, torch.Tensor) else operand
        for operand in operands
    ]
    outcome = torch.library.opcheck(getattr(torch.ops.ndgpu, name).default, tuple(operands))
    assert set(outcome.values()) == {"SUCCESS"}
    assert len(outcome) == 4


@EVERY
def test_compiled_programs_give_the_same(function, operands):
    program = compiled(functools.partial(number_of, function))
    (leaves, others) = (apart(operands), apart(operands))
    ours, theirs = program(*leaves), number_of(function, *others)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    ours.backward(), theirs.backward()
    for leaf, other in zip(leaves, others):
        torch.testing.assert_close(leaf.grad, other.grad, rtol=0, atol=0)


def test_one_compiled_program_serves_every_length():
    compilations = []

    def counting(graph, _):
        compilations.append(graph)
        return graph

    @torch.compile(fullgraph=True, dynamic=True, backend=counting)
    def program(x, xp, fp, a):
        y = ndgpu.torch.interp(x.sin(), xp, fp, left=-1.0)
        return y.sum() + ndgpu.torch.average(ndgpu.torch.standardize(a, 1), 0, a[:, 1]).sum()

    for m, n in [(4, 5), (6, 7), (9, 3)]:
        x, xp, fp, a = random(m), knots(n), random(n), random(m, n)
        expected = np.interp(np.sin(x), xp, fp, left=-1.0).sum()
        expected += np.average(ndgpu.standardize(a.numpy(), 1), 0, a[:, 1]).sum()
        assert float(program(x, xp, fp, a)) == pytest.approx(float(expected), rel=1e-12)
    assert len(compilations) == 1
    assert {"ndgpu.interp", "ndgpu.average", "ndgpu.standardize"} <= {
        str(node.target).removesuffix(".default") for node in compilations[0].graph.nodes
    }


COMPILES_TRANSFORMS = pytest.mark.skipif(
    torch.__version__.startswith("2.5."),
    reason="PyTorch 2.5 does not compile transforms of operations that are not its own",
)


@COMPILES_TRANSFORMS
def test_derivatives_by_functions_are_compiled_too():
    derivative = torch.func.grad(lambda *operands: ndgpu.torch.interp(*operands).square().sum(), (0, 1, 2))
    operands = random(5) * 4, knots(6), random(6)
    for ours, theirs in zip(compiled(derivative)(*operands), derivative(*operands)):
        torch.testing.assert_close(ours, theirs)


@COMPILES_TRANSFORMS
def test_batches_are_compiled_too():
    batch = torch.func.vmap(ndgpu.torch.interp, (None, None, 0))
    operands = random(5) * 4, knots(6), random(3, 6)
    torch.testing.assert_close(compiled(batch)(*operands), batch(*operands))


def test_the_default_compiler_takes_it():
    program = torch.compile(lambda x, xp, fp: ndgpu.torch.interp(x.sin(), xp, fp).square(), fullgraph=True)
    operands = random(5), knots(6) - 1, random(6)
    np.testing.assert_allclose(program(*operands), np.interp(np.sin(operands[0]), *operands[1:]) ** 2)


class Model(torch.nn.Module):
    """A curve that is learnt, and scores of what it gives."""

    def __init__(self, values):
        super().__init__()
        self.values = torch.nn.Parameter(values)
        self.register_buffer("knots", knots(6))

    def forward(self, x, weights):
        y = ndgpu.torch.interp(x, self.knots, self.values, right=0.0)
        return ndgpu.torch.average(ndgpu.torch.standardize(y, 1), 1, weights)


def test_exported_programs_run_where_ndgpu_is_not(tmp_path):
    model, operands = Model(random(6)), (random(4, 5) * 4, random(5))
    program = torch.export.export(model, operands)
    torch.testing.assert_close(program.module()(*operands), model(*operands))
    alone = program.run_decompositions(ndgpu.torch.decompositions())
    torch.export.save(alone, tmp_path / "program.pt2")
    torch.save((operands, model(*operands).detach()), tmp_path / "expected.pt")
    script = """if True:
        import sys, torch
        operands, expected = torch.load("expected.pt")
        torch.testing.assert_close(torch.export.load("program.pt2").module()(*operands), expected)
        assert not any(name.partition(".")[0] == "ndgpu" for name in sys.modules)
    """
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr


def test_a_curve_is_learnt():
    x, weights = random(30, 5) * 4, random(5) + 0.5
    with torch.no_grad():
        target = Model(random(6, seed=1))(x, weights)
    model = Model(random(6, seed=2))
    optimizer = torch.optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe", tolerance_change=0)

    def loss():
        optimizer.zero_grad()
        error = (model(x, weights) - target).square().mean()
        error.backward()
        return error

    before = loss().item()
    for _ in range(5):
        optimizer.step(loss)
    assert loss().item() < 1e-4 * before


# --- batches --------------------------------------------------------------------------------------------------------


def batched(shape, batch, seed, make=random):
    """A tensor with or without an axis for a batch of 2."""
    return make(*shape, seed=seed) if batch is None else make(2, *shape, seed=seed).movedim(0, batch)


def one_by_one(function, batches, operands):
    parts = [[operand] * 2 if batch is None else operand.unbind(batch) for operand, batch in zip(operands, batches)]
    results = [function(*each) for each in zip(*parts)]
    stacked = [torch.stack(part) for part in zip(*results)] if isinstance(results[0], tuple) else torch.stack(results)
    return tuple(stacked) if isinstance(stacked, list) else stacked


TABLES = {  # of x, xp and fp
    "a table": ((5,), (4,), (4,)),
    "a table at no axes": ((), (4,), (4,)),
    "a table at two axes": ((3, 2), (4,), (4,)),
    "rows": ((3, 5), (3, 4), (3, 4)),
    "rows at the same queries": ((5,), (3, 4), (3, 4)),
    "rows of values": ((3, 5), (4,), (3, 4)),
    "rows of knots at the same queries": ((5,), (3, 4), (4,)),
}


@pytest.mark.parametrize("shapes", TABLES.values(), ids=TABLES)
def test_a_batch_of_interpolations_is_one_call(monkeypatch, shapes):
    calls = calls_of(monkeypatch, "interp"), calls_of(monkeypatch, "interp_vjp")
    for batches in itertools.product(*((None, *range(len(shape) + 1)) for shape in shapes)):
        if batches == (None,) * 3:
            continue
        makers = (lambda *shape, seed: random(*shape, seed=seed) * 4), knots, random
        x, xp, fp = (
            batched(shape, batch, seed, make) for seed, (shape, batch, make) in enumerate(zip(shapes, batches, makers))
        )
        for call in calls:
            call.clear()
        found = torch.func.vmap(ndgpu.torch.interp, batches)(x, xp, fp)
        assert len(calls[0]) == 1, batches
        torch.testing.assert_close(found, one_by_one(ndgpu.torch.interp, batches, (x, xp, fp)))
        for wanted in [(0,), (2,), (0, 1, 2)]:
            gradient = torch.func.grad(functools.partial(number_of, ndgpu.torch.interp), wanted)
            calls[1].clear()
            found = torch.func.vmap(gradient, batches)(x, xp, fp)
            assert len(calls[1]) == 1, batches
            torch.testing.assert_close(found, one_by_one(gradient, batches, (x, xp, fp)))


def test_values_that_are_shared_are_not_repeated(monkeypatch):
    calls = calls_of(monkeypatch, "interp")
    torch.func.vmap(ndgpu.torch.interp, (0, None, None))(random(2, 5), knots(4), random(4))
    torch.func.vmap(ndgpu.torch.interp, (None, None, 0))(random(5), knots(4), random(2, 4))
    torch.func.vmap(ndgpu.torch.interp, (0, None, None))(random(2, 3, 5), knots(3, 4), random(3, 4))
    shapes = [[array.shape for array in args[:3]] for args, _, _ in calls]
    assert shapes == [[(2, 5), (4,), (4,)], [(5,), (4,), (2, 4)], [(3, 10), (3, 4), (3, 4)]]


AVERAGES = {
    "average": (lambda a, w: ndgpu.torch.average(a, 1), (3, 4), (1,)),
    "average of everything": (lambda a, w: ndgpu.torch.average(a), (3, 4), (1,)),
    "average with weights": (lambda a, w: ndgpu.torch.average(a, -1, w), (3, 4), (4,)),
    "average with weights of axes": (lambda a, w: ndgpu.torch.average(a, (2, 0), w), (3, 4, 2), (2, 3)),
    "average with weights of axes in a circle": (
        lambda a, w: ndgpu.torch.average(a, (1, 2, 0), w),
        (3, 4, 2),
        (4, 2, 3),
    ),
    "average with weights of its shape": (lambda a, w: ndgpu.torch.average(a, 0, w), (3, 4), (3, 4)),
    "average returned": (lambda a, w: ndgpu.torch.average(a, 1, w, returned=True), (3, 4), (4,)),
    "weighted sum": (lambda a, w: ndgpu.torch.weighted_sum(a, w, (2, 0)), (3, 4, 2), (2, 3)),
    "standardize": (lambda a, w: ndgpu.torch.standardize(a, 1, ddof=1), (3, 4), (1,)),
    "standardize everything": (lambda a, w: ndgpu.torch.standardize(a), (3, 4), (1,)),
}


@pytest.mark.parametrize(("function", "shape", "weights"), AVERAGES.values(), ids=AVERAGES)
def test_a_batch_of_averages_is_one_call(monkeypatch, function, shape, weights):
    names = "average", "weighted_sum", "standardize", "average_vjp", "weighted_sum_vjp", "standardize_vjp"
    calls = [calls_of(monkeypatch, name) for name in names]
    # Weights alone make no batch where there are none.
    firsts = (None, 0, 1) if weights != (1,) else (0, 1)
    for batches in itertools.product(firsts, (None, 0, 1)):
        if batches == (None, None):
            continue
        a, w = batched(shape, batches[0], 0), batched(weights, batches[1], 1) + 0.2
        gradient = torch.func.grad(lambda a, w: number_of(function, a, w) + w.sum(), (0, 1))
        for each in calls:
            each.clear()
        found = torch.func.vmap(function, batches)(a, w)
        assert sum(map(len, calls)) == 1
        torch.testing.assert_close(found, one_by_one(function, batches, (a, w)))
        for each in calls:
            each.clear()
        found = torch.func.vmap(gradient, batches)(a, w)
        assert sum(map(len, calls)) == 2
        torch.testing.assert_close(found, one_by_one(gradient, batches, (a, w)))


def test_batches_of_batches():
    x, xp, fp = random(2, 3, 5) * 4, knots(3, 4), random(2, 4)
    nested = torch.func.vmap(torch.func.vmap(ndgpu.torch.interp, (0, 0, None)), (0, None, 0))
    expected = [[np.interp(x[i, j], xp[j], fp[i]) for j in range(3)] for i in range(2)]
    np.testing.assert_allclose(nested(x, xp, fp), expected, rtol=1e-14)


# --- memory ---------------------------------------------------------------------------------------------------------


def pointer(array):
    return array.__array_interface__["data"][0]


@DTYPES
def test_tensors_are_read_where_they_lie_and_results_are_taken_over(monkeypatch, dtype):
    x, xp, fp, g = (part.to(dtype) for part in (random(1000) * 4, knots(6), random(6), random(1000)))
    calls = calls_of(monkeypatch, "interp")
    y = ndgpu.torch.interp(x, xp, fp)
    (arrays, _, result), = calls  # fmt: skip
    assert [pointer(array) for array in arrays[:3]] == [part.data_ptr() for part in (x, xp, fp)]
    assert y.data_ptr() == pointer(result)
    assert y.data_ptr() % 64 == 0
    y += 1  # its own memory, which can be written to

    calls = calls_of(monkeypatch, "interp_vjp")
    leaf = x.requires_grad_()
    ndgpu.torch.interp(leaf, xp, fp).backward(g)
    (arrays, _, result), = calls  # fmt: skip
    assert [pointer(array) for array in arrays[:4]] == [part.data_ptr() for part in (x, xp, fp, g)]
    assert leaf.grad.data_ptr() == pointer(result["x"])

    a, w = random(30, 40).to(dtype), random(40).to(dtype)
    for name, options in [("average", (1, w)), ("weighted_sum", (w, 1)), ("standardize", (1,))]:
        calls = calls_of(monkeypatch, name)
        found = getattr(ndgpu.torch, name)(a, *options)
        (arrays, _, result), = calls  # fmt: skip
        given = {pointer(array) for array in arrays if isinstance(array, np.ndarray)}
        assert given == ({a.data_ptr()} if name == "standardize" else {a.data_ptr(), w.data_ptr()})
        assert found.data_ptr() == pointer(result)


def test_the_engine_copies_nothing_that_is_contiguous():
    device = ndgpu.get_device()
    for shape in [(1000,), (20, 50)]:
        x = random(*shape)
        assert pointer(device._lend(x.numpy()).numpy()) == x.data_ptr()


# --- beside TensorFlow ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order",
    [
        ("tensorflow", "torch", "ndgpu.torch"),
        ("torch", "tensorflow", "ndgpu.torch"),
        ("torch", "ndgpu.torch", "tensorflow"),
    ],
    ids=" ".join,
)
def test_tensorflow_is_imported_before_or_after(order):
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    script = "".join(f"import {name}\n" for name in order)
    # PyTorch loads its compiler Triton at the first call.
    script += "assert ndgpu.torch.average(torch.tensor([1.0, 2.0])) == 1.5\n"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr


# --- refusals -------------------------------------------------------------------------------------------------------

DTYPES_TO_CAST = {
    torch.float16: r"x\.float\(\)",
    torch.bfloat16: r"x\.float\(\)",
    torch.int64: r"x\.double\(\)",
    torch.bool: r"x\.double\(\)",
    torch.complex128: r"x\.real and x\.imag",
}


@pytest.mark.parametrize(("dtype", "advice"), DTYPES_TO_CAST.items(), ids=str)
def test_other_dtypes_say_what_to_cast(dtype, advice):
    with pytest.raises(TypeError, match=f"x is {dtype}.*{advice}"):
        ndgpu.torch.interp(torch.ones(3, dtype=dtype), knots(4), random(4))
    for function in (ndgpu.torch.average, ndgpu.torch.standardize, lambda a: ndgpu.torch.weighted_sum(a, a)):
        with pytest.raises(TypeError, match=f"a is {dtype}.*{advice.replace('x', 'a')}"):
            function(torch.ones(3, dtype=dtype))


def test_different_dtypes_say_which():
    with pytest.raises(TypeError, match=r"x is torch.float64 and fp is torch.float32.*fp\.to\(x\.dtype\)"):
        ndgpu.torch.interp(random(3), knots(4), random(4).float())
    with pytest.raises(TypeError, match=r"a is torch.float32 and weights is torch.float64"):
        ndgpu.torch.average(random(3).float(), weights=random(3))


def test_other_memory_says_how_to_copy():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():  # which knows CUDA where there is none
        there, here = torch.empty(4, device="cuda"), torch.empty(4)
        with pytest.raises(TypeError, match=r"x is on cuda:0.*x\.cpu\(\)"):
            ndgpu.torch.interp(there, here, here)
        with pytest.raises(TypeError, match=r"weights is on cuda:0.*weights\.cpu\(\)"):
            ndgpu.torch.average(here, weights=there)
        with pytest.raises(TypeError, match=r"a is on cuda:0.*a\.cpu\(\)"):
            ndgpu.torch.standardize(there)
    with pytest.raises(TypeError, match=r"torch.sparse_coo.*a\.to_dense\(\)"):
        ndgpu.torch.average(random(3, 3).to_sparse())


def test_what_is_no_tensor_says_so():
    with pytest.raises(TypeError, match="xp must be a tensor, not list.*torch.as_tensor"):
        ndgpu.torch.interp(random(3), [0.0, 1.0], random(2))
    with pytest.raises(TypeError, match="weights must be a tensor, not ndarray"):
        ndgpu.torch.average(random(3), weights=np.ones(3))
    with pytest.raises(TypeError, match="weights must be a tensor, not None"):
        ndgpu.torch.weighted_sum(random(3), None)
    with pytest.raises(TypeError, match=r"left is a number.*not a tensor.*left\.item\(\)"):
        ndgpu.torch.interp(random(3), knots(4), random(4), left=tensor(1.0))
    with pytest.raises(ValueError, match="period must be a non-zero value"):
        ndgpu.torch.interp(random(3), knots(4), random(4), period=0)


def test_knots_that_do_not_increase_say_which():
    wrong = tensor([0.0, 2.0, 1.0, 3.0])
    for function in (ndgpu.torch.interp, compiled(ndgpu.torch.interp)):
        with pytest.raises(ndgpu.NotSortedError, match="knot 2"):
            function(random(3), wrong, random(4))
    with pytest.raises(ndgpu.NotSortedError, match="knot 1"):
        ndgpu.torch.interp(random(3), tensor([0.0, np.nan, 1.0, 3.0]), random(4))
    assert ndgpu.torch.interp(random(3), tensor([0.0, 1.0, 1.0, 3.0]), random(4)).isfinite().all()


def test_weights_that_sum_to_zero_say_so():
    for function in (ndgpu.torch.average, compiled(ndgpu.torch.average)):
        with pytest.raises(ZeroDivisionError, match="sum to zero"):
            function(random(2, 3), 1, tensor([1.0, -1.0, 0.0]))


SHAPES = {
    "lengths": ((5,), (4,), (3,), "same length n.*x has shape .5., xp .4. and fp .3."),
    "nothing": ((5,), (0,), (0,), "at least one knot"),
    "axes": ((5,), (2, 2, 4), (4,), r"xp and fp are \[n\], or \[rows, n\].*xp .2, 2, 4."),
    "no axes": ((5,), (), (), r"xp and fp are \[n\]"),
    "rows of tables": ((5,), (2, 4), (3, 4), "as many rows.*xp .2, 4. and fp .3, 4."),
    "rows of queries": ((3, 5), (2, 4), (4,), "as many rows.*x has shape .3, 5."),
    "queries of rows": ((3, 2, 5), (3, 4), (4,), r"x is \[m\] or \[rows, m\].*x has shape .3, 2, 5."),
}


@pytest.mark.parametrize("where", ["cpu", "meta", "compiled", "batch", "program"])
@pytest.mark.parametrize(("x", "xp", "fp", "message"), SHAPES.values(), ids=SHAPES)
def test_shapes_that_do_not_fit_are_named(x, xp, fp, message, where):
    operands = [torch.ones(shape) for shape in (x, xp, fp)]
    function, error = ndgpu.torch.interp, ValueError
    if where == "meta":
        operands = [operand.to("meta") for operand in operands]
    elif where == "compiled":
        function, error = compiled(function), RuntimeError  # torch.compile says it in its own exceptions
    elif where == "batch":
        operands, function = [operand.expand(2, *operand.shape) for operand in operands], torch.func.vmap(function)
    elif where == "program":
        operands, function = (*operands, None, None, None), torch.ops.ndgpu.interp
    with pytest.raises(error, match=message):
        function(*operands)


@pytest.mark.parametrize("place", ["cpu", "meta"])
def test_weights_and_axes_that_do_not_fit_are_named(place):
    a, w = random(3, 4).to(place), random(3).to(place)
    for function in (ndgpu.torch.average, lambda a, axis, w: ndgpu.torch.weighted_sum(a, w, axis)):
        with pytest.raises(ValueError, match=r"axes \(1,\), which is \[4\], but the weights have shape \[3\]"):
            function(a, 1, w)
        with pytest.raises(TypeError, match=r"an axis must be named.*weights have shape \[3\].*a has shape \[3, 4\]"):
            function(a, None, w)
        with pytest.raises(np.exceptions.AxisError, match="axis 2 is out of range for a tensor with 2 axes"):
            function(a, 2, w)
        with pytest.raises(ValueError, match=r"named twice in \(0, -2\)"):
            function(a, (0, -2), w)
    with pytest.raises(np.exceptions.AxisError, match="standardize: axis -3"):
        ndgpu.torch.standardize(a, -3)


def test_cotangents_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"cotangents have shape \[3\], but results \[2, 2\]"):
        torch.ops.ndgpu.interp_backward(random(3), X, XP, FP, None, None, None, [True, True, True])
    with pytest.raises(ValueError, match=r"cotangents have shape \[3\], but results \[3, 2\]"):
        torch.ops.ndgpu.average_backward(random(3), A, [1], None)
    with pytest.raises(ValueError, match=r"cotangents have shape \[3\], but results \[3, 4, 2\]"):
        torch.ops.ndgpu.standardize_backward(random(3), A, None, 0.0)
