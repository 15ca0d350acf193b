"""NumPy's own tests, with functions of ndgpu in the place of NumPy's.

NumPy ships its tests. `load` takes chosen classes out of one of those files, rewrites their source, and compiles them
again in a namespace where `np.interp`, `np.var` and the like are ndgpu's. NumPy itself is left alone: what the tests
compare with, and everything else they call, is the real one.

Most of these tests call methods (`a.var(ddof=1)`), so each attribute of a function's name is looked up through
`attribute`, which gives for an array the function bound to it. Calls are counted, for a test that does not get as far
as ndgpu would prove nothing.
"""

import ast
import collections
import fnmatch
import functools
import importlib
import inspect
import linecache
import pathlib
import warnings

import numpy as np
import pytest

import ndgpu

FUNCTIONS = (
    "interp",
    "average",
    "digitize",
    "searchsorted",
    "sum",
    "mean",
    "var",
    "std",
    "min",
    "max",
    "amin",
    "amax",
    "argmin",
    "argmax",
    "nansum",
    "nanmean",
    "nanvar",
    "nanstd",
    "nanmin",
    "nanmax",
)

calls = collections.Counter()


def _counted(name):
    function = getattr(ndgpu, name)

    @functools.wraps(getattr(np, name))  # NumPy names parameters after the functions in them
    def call(*args, **kwargs):
        calls[name] += 1
        return function(*args, **kwargs)

    return call


OURS = {name: _counted(name) for name in FUNCTIONS}


def attribute(value, name, *default):
    """`getattr`, but a function of ndgpu bound to `value` where an array's method of that name is asked for."""
    if name in OURS and isinstance(value, (np.ndarray, np.generic)) and hasattr(value, name):
        return functools.partial(OURS[name], value)
    return getattr(value, name, *default)


class _Numpy:
    """The module `numpy` with ndgpu's functions in it."""

    def __getattr__(self, name):
        return OURS[name] if name in OURS else getattr(np, name)


class _Pytest:
    """The module `pytest`, which counts what NumPy skips: that needs no call."""

    def __getattr__(self, name):
        return getattr(pytest, name)

    @staticmethod
    def skip(reason):
        calls["skip"] += 1
        pytest.skip(reason)


class _Rewrite(ast.NodeTransformer):
    def visit_Attribute(self, node):
        self.generic_visit(node)
        of_numpy = isinstance(node.value, ast.Name) and node.value.id == "np"
        if node.attr not in OURS or not isinstance(node.ctx, ast.Load) or of_numpy:
            return node
        return ast.Call(ast.Name("getattr", ast.Load()), [node.value, ast.Constant(node.attr)], [])

    def visit_Call(self, node):
        self.generic_visit(node)
        if ast.unparse(node.func) == "pytest.mark.parametrize":
            # NumPy gives an iterator once, and pytest 10 is to take none.
            node.args[1] = ast.Call(ast.Name("list", ast.Load()), [node.args[1]], [])
        return node


def _is_test(node):
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test")


def load(module, selection):
    """The chosen test classes of NumPy's test file `module`, on ndgpu.

    `selection` gives for the name of each class the patterns of the tests wanted from it. A class or a test that this
    version of NumPy lacks is passed over. `theirs` of a class is where NumPy has it: "lib/tests/test_x.py::TestX".
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of deprecated things that these files try on purpose
        module = importlib.import_module(module)
    tree = ast.parse(inspect.getsource(module))
    body = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not _is_test(node):
            body.append(node)  # helpers, for some of them call the methods
        elif isinstance(node, ast.ClassDef) and node.name in selection:
            patterns = selection[node.name]
            node.body = [
                item
                for item in node.body
                if not _is_test(item) or any(fnmatch.fnmatchcase(item.name, pattern) for pattern in patterns)
            ]
            body.append(node)
    tree.body = [_Rewrite().visit(node) for node in body]

    numpys = {id(getattr(np, name)): function for name, function in OURS.items()}
    namespace = {name: numpys.get(id(value), value) for name, value in vars(module).items()}
    namespace.update(np=_Numpy(), pytest=_Pytest(), getattr=attribute)
    path = pathlib.Path(module.__file__).relative_to(pathlib.Path(np.__file__).parent)
    # A failure shows what was run; and pytest parses all of a file for each failure it shows, expected ones too, which
    # for the thousands of lines that NumPy has takes the better part of a second.
    source, file = ast.unparse(tree), f"<{path.as_posix()}, rewritten>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), namespace)

    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            cls = namespace[node.name]
            cls.theirs = f"{path.as_posix()}::{node.name}"
            yield cls
