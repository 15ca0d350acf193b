"""NumPy's own tests of the functions that ndgpu has, run on ndgpu, on every device.

Nothing is skipped but what NumPy skips. A test that cannot pass is named in `deviations.py` with its reason, and has to
fail.
"""

import pytest

import theirs
from deviations import BETTER, DEVIATIONS

LIB, CORE = "numpy.lib.tests.test_", "numpy._core.tests.test_"

# Of NumPy's file and class: the fewest tests that a NumPy of 2.1 to 2.5 has there, and which of them are wanted. Where
# there are fewer, tests have moved, and the selection no longer finds them.
SELECTION = {
    LIB + "function_base": {
        "TestInterp": (14, "test_*"),
        "TestAverage": (9, "test_*"),
        "TestDigitize": (12, "test_*"),
        "TestAmax": (1, "test_*"),
        "TestAmin": (1, "test_*"),
    },
    LIB + "nanfunctions": {
        # What the two after it have in common.
        "SharedNanFunctionsTestsMixin": (9, "test_*"),
        "TestNanFunctions_SumProd": (4, "test_*"),
        "TestNanFunctions_MeanVarStd": (7, "test_*"),
        "TestNanFunctions_MinMax": (11, "test_*"),
        "TestNanFunctions_NumberTypes": (2, "test_nanfunc_ddof", "test_nanfunc_correction"),
    },
    LIB + "regression": {
        "TestRegression": (1, "test_mem_digitize"),
    },
    CORE + "numeric": {
        "TestNonarrayArgs": (15, "test_mean", "test_searchsorted", "test_std*", "test_sum", "test_var*"),
        "TestStdVar": (6, "test_*"),
        "TestStdVarComplex": (2, "test_*"),
        "TestKeepdims": (1, "test_*"),
    },
    CORE + "multiarray": {
        "TestBool": (1, "test_sum"),
        "TestMethods": (10, "test_searchsorted_*"),
        "TestArgmaxArgminCommon": (7, "test_*"),
        "TestArgmax": (2, "test_*"),
        "TestArgmin": (2, "test_*"),
        "TestMinMax": (3, "test_*"),
        "TestStats": (21, "test_*"),
        "TestWritebackIfCopy": (2, "test_argm??_with_out"),
    },
    CORE + "ufunc": {
        "TestUfunc": (7, "test_sum*", "test_zerosize_reduction", "test_scalar_reduction"),
    },
    CORE + "umath": {
        "TestMinMax": (3, "test_minmax_blocked", "test_lower_align", "test_reduce_reorder"),
    },
    CORE + "half": {
        "TestHalf": (1, "test_half_funcs"),
    },
    CORE + "regression": {
        "TestRegression": (
            13,
            "test_endian_where",
            "test_argmax*",
            "test_object_argmax",
            "test_swap_real",
            "test_method_args",
            "test_searchsorted_*",
            "test_search_sorted_*",
            "test_attributes",
            "test_ticket_1434",
            "test_large_float_sum",
            "test_misaligned_objects_segfault",
        ),
    },
}

SUITE = {}
for _module, _classes in SELECTION.items():
    for _class in theirs.load(_module, {name: patterns for name, (_, *patterns) in _classes.items()}):
        _class.pytestmark = [*getattr(_class, "pytestmark", []), pytest.mark.usefixtures("on_device")]
        for _test in [member for name, member in vars(_class).items() if f"{_class.theirs}::{name}" in BETTER]:
            _test.pytestmark = [mark for mark in _test.pytestmark if mark.name != "xfail"]
        SUITE[_module, _class.__name__] = _class
        # Two files of NumPy have a TestMinMax, and two a TestRegression.
        globals()[f"{_class.__name__}_of_{_module.rpartition('.')[2]}"] = _class


@pytest.fixture(autouse=True)
def judged(request):
    """Expect the failure of a listed deviation, and see that a test of NumPy's reaches ndgpu."""
    numpys = getattr(request.cls, "theirs", None)
    if numpys is None:
        yield
        return
    params = dict(request.node.callspec.params)
    del params["device"]
    for deviation in DEVIATIONS:
        if deviation.test == f"{numpys}::{request.node.originalname}" and deviation.holds(**params):
            request.applymarker(pytest.mark.xfail(raises=deviation.raises, reason=deviation.reason, strict=True))
    before = theirs.calls.total()
    yield
    assert theirs.calls.total() > before, "this test calls nothing of ndgpu's, and does not belong here"


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in SELECTION for name in SELECTION[module]])
def test_selection_finds_the_tests(module, name):
    fewest = SELECTION[module][name][0]
    assert sum(member.startswith("test") for member in vars(SUITE[module, name])) >= fewest
