"""What NumPy's own tests ask for and ndgpu does not do: the test, how it fails, and the reason.

Each of these must fail, and in this way, as long as it is listed: when one passes, the suite says so, and the line
goes. A test that this version of NumPy does not have is passed over. `BETTER` is the other way round: tests that NumPy
expects to fail, and that pass here.

The reasons are those of the table of differences in `docs/DIFFERENCES.md`, whose rows these tests show.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest


@dataclasses.dataclass(frozen=True)
class Deviation:
    """`test` of NumPy's fails with `raises`; of a parametrized test, where `only` holds for the parameters."""

    test: str
    raises: type[BaseException] | tuple[type[BaseException], ...]
    reason: str
    only: Callable[..., bool] | None = None

    def holds(self, **params):
        return self.only is None or self.only(**params)


OBJECTS = "devices compute with numbers, not with Python objects such as Decimal, Fraction and timedelta: TypeError"
TIMES = "datetime64 and timedelta64 are left to NumPy: TypeError"
TEXT = "strings and structures are left to NumPy: TypeError"
LONG = "no device has a float longer than 64 bits, and to round such input unasked would lose digits: TypeError"
ORDER = "complex numbers are not ordered here, though NumPy orders them by the real part first: TypeError"
MASKS = "devices know no masks: TypeError"
SUBCLASS = "results are base arrays: what a subclass adds to them, and methods that it overrides, are not asked for"

MEAN = (
    "about a mean that is given, rounded to float64, the last bits are other than about the one that a device finds, "
    "which it does not round"
)

long_floats = np.dtype(np.longdouble).itemsize > 8  # they are float64 by another name on some platforms


def of_kinds(kinds):
    """Whether the first of a pair, an array or what would be one, is of one of these kinds of dtype."""
    return lambda data: np.asarray(data[0]).dtype.kind in kinds


def of_dtypes(codes):
    """Whether the parameter `dtype` is one of these codes."""
    return lambda dtype, **others: dtype in codes


#: A TypeError where NumPy's test expects a warning: some versions of pytest miss that first.
REFUSED_UNWARNED = (TypeError, pytest.fail.Exception)

FUNCTION_BASE = "lib/tests/test_function_base.py::"
NAN_EXTREMES = "lib/tests/test_nanfunctions.py::TestNanFunctions_MinMax::"
NAN_KINDS = "lib/tests/test_nanfunctions.py::TestNanFunctions_NumberTypes::"
NAN_SUMS = "lib/tests/test_nanfunctions.py::TestNanFunctions_SumProd::"
NAN_MEANS = "lib/tests/test_nanfunctions.py::TestNanFunctions_MeanVarStd::"
NUMERIC = "_core/tests/test_numeric.py::"
MULTIARRAY = "_core/tests/test_multiarray.py::"
UFUNC = "_core/tests/test_ufunc.py::"
REGRESSION = "_core/tests/test_regression.py::"

DEVIATIONS = [
    Deviation(FUNCTION_BASE + "TestAverage::test_object_dtype", TypeError, OBJECTS),
    Deviation(FUNCTION_BASE + "TestAverage::test_object_no_weights", TypeError, OBJECTS),
    Deviation(FUNCTION_BASE + "TestAverage::test_average_class_without_dtype", TypeError, OBJECTS),
    Deviation(FUNCTION_BASE + "TestAverage::test_subclasses", AssertionError, SUBCLASS),
    Deviation(NUMERIC + "TestNonarrayArgs::test_var", TypeError, OBJECTS),
    Deviation(NUMERIC + "TestNonarrayArgs::test_std_with_mean_keyword_keepdims_true_masked", TypeError, SUBCLASS),
    Deviation(NUMERIC + "TestNonarrayArgs::test_var_with_mean_keyword_keepdims_true_masked", TypeError, SUBCLASS),
    *(
        Deviation(NUMERIC + f"TestNonarrayArgs::test_{spread}_with_mean_keyword_{how}", AssertionError, MEAN)
        for spread in ("std", "var")
        for how in ("keepdims_false", "where_nontrivial")
    ),
    Deviation(NUMERIC + "TestKeepdims::test_raise", AssertionError, SUBCLASS),
    Deviation(MULTIARRAY + "TestMethods::test_searchsorted_complex", TypeError, ORDER),
    Deviation(MULTIARRAY + "TestMethods::test_searchsorted_type_specific", TypeError, LONG if long_floats else TIMES),
    Deviation(MULTIARRAY + "TestMethods::test_searchsorted_with_sorter", TypeError, LONG if long_floats else TIMES),
    Deviation(MULTIARRAY + "TestMethods::test_searchsorted_unicode", TypeError, TEXT),
    Deviation(MULTIARRAY + "TestArgmaxArgminCommon::test_unicode", TypeError, TEXT),
    Deviation(MULTIARRAY + "TestArgmaxArgminCommon::test_object_with_NULLs", TypeError, OBJECTS),
    # From NumPy 2.5, which asks for the wording of a TypeError that ndgpu gives too.
    Deviation(MULTIARRAY + "TestArgmaxArgminCommon::test_compare_error_with_out", AssertionError, OBJECTS),
    Deviation(MULTIARRAY + "TestArgmax::test_combinations", TypeError, ORDER, of_kinds("c")),
    Deviation(MULTIARRAY + "TestArgmax::test_combinations", TypeError, TIMES, of_kinds("mM")),
    Deviation(MULTIARRAY + "TestArgmax::test_combinations", TypeError, OBJECTS, of_kinds("O")),
    Deviation(MULTIARRAY + "TestArgmin::test_combinations", TypeError, ORDER, of_kinds("c")),
    Deviation(MULTIARRAY + "TestArgmin::test_combinations", TypeError, TIMES, of_kinds("mM")),
    Deviation(MULTIARRAY + "TestArgmin::test_combinations", TypeError, OBJECTS, of_kinds("O")),
    Deviation(MULTIARRAY + "TestMinMax::test_datetime", TypeError, TIMES),
    Deviation(MULTIARRAY + "TestStats::test_dtype_from_input", TypeError, OBJECTS),
    Deviation(MULTIARRAY + "TestStats::test_mean_values", TypeError, OBJECTS),
    Deviation(MULTIARRAY + "TestStats::test_var_values", TypeError, OBJECTS),
    Deviation(MULTIARRAY + "TestStats::test_std_values", TypeError, OBJECTS),
    Deviation(MULTIARRAY + "TestStats::test_subclass", AttributeError, SUBCLASS),
    Deviation(UFUNC + "TestUfunc::test_zerosize_reduction", TypeError, OBJECTS),
    Deviation("_core/tests/test_umath.py::TestMinMax::test_reduce_reorder", TypeError, ORDER),
    Deviation(REGRESSION + "TestRegression::test_object_argmax", TypeError, OBJECTS),
    Deviation(REGRESSION + "TestRegression::test_misaligned_objects_segfault", TypeError, OBJECTS),
    Deviation(REGRESSION + "TestRegression::test_searchsorted_variable_length", TypeError, TEXT),
    Deviation(REGRESSION + "TestRegression::test_searchsorted_structured", TypeError, TEXT),
    Deviation(REGRESSION + "TestRegression::test_attributes", AttributeError, SUBCLASS),
    Deviation(NAN_EXTREMES + "test_dtype_from_input", TypeError, ORDER),
    Deviation(NAN_EXTREMES + "test_allnans", REFUSED_UNWARNED, ORDER, of_dtypes("FD")),
    Deviation(NAN_EXTREMES + "test_initial", TypeError, ORDER, of_dtypes("FD")),
    Deviation(NAN_EXTREMES + "test_where", TypeError, ORDER, of_dtypes("FD")),
    Deviation(NAN_EXTREMES + "test_masked", TypeError, MASKS),
    Deviation(NAN_EXTREMES + "test_subclass", AssertionError, SUBCLASS),
    Deviation(NAN_EXTREMES + "test_object_array", TypeError, OBJECTS),
    Deviation(NAN_SUMS + "test_subclass", AssertionError, SUBCLASS),
    Deviation(NAN_MEANS + "test_subclass", AssertionError, SUBCLASS),
    Deviation(NAN_KINDS + "test_nanfunc_ddof", TypeError, OBJECTS, of_dtypes("O")),
    Deviation(NAN_KINDS + "test_nanfunc_correction", TypeError, OBJECTS, of_dtypes("O")),
]
if long_floats:
    DEVIATIONS += [
        Deviation(MULTIARRAY + "TestStats::test_dtype_from_dtype", TypeError, LONG),
        Deviation(
            MULTIARRAY + "TestStats::test_var_complex_values",
            TypeError,
            LONG,
            lambda complex_dtype, ndec: complex_dtype == "clongdouble",
        ),
        Deviation(UFUNC + "TestUfunc::test_sum", TypeError, LONG),
        Deviation(UFUNC + "TestUfunc::test_sum_complex", TypeError, LONG),
        *(
            Deviation(of + test, TypeError, LONG, of_dtypes("gG"))
            for of in (NAN_EXTREMES, NAN_SUMS, NAN_MEANS)
            for test in ("test_initial", "test_where")
        ),
        *(Deviation(of + "test_allnans", REFUSED_UNWARNED, LONG, of_dtypes("gG")) for of in (NAN_EXTREMES, NAN_MEANS)),
        Deviation(NAN_SUMS + "test_allnans", TypeError, LONG, of_dtypes("gG")),
        *(
            Deviation(of + f"test_dtype_from_{source}", TypeError, LONG)
            for of in (NAN_SUMS, NAN_MEANS)
            for source in ("dtype", "char", "input")
        ),
        Deviation(NAN_KINDS + "test_nanfunc_ddof", TypeError, LONG, of_dtypes("gG")),
        Deviation(NAN_KINDS + "test_nanfunc_correction", TypeError, LONG, of_dtypes("gG")),
    ]

INTEGERS = "NumPy looks in float64 whether integers decrease (numpy#11022); ndgpu compares them as integers"

BETTER = {FUNCTION_BASE + "TestDigitize::test_large_integers_decreasing": INTEGERS}
