"""What NumPy's own tests ask for and ndgpu does not do: the test, how it fails, and the reason.

Each of these must fail, and in this way, as long as it is listed: when one passes, the suite says so, and the line
goes. A test that this version of NumPy does not have is passed over. `BETTER` is the other way round: tests that NumPy
expects to fail, and that pass here.

The reasons are those of the table of differences in `docs/DIFFERENCES.md`, whose rows these tests show.
"""

import dataclasses
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class Deviation:
    """`test` of NumPy's fails with `raises`; of a parametrized test, where `only` holds for the parameters."""

    test: str
    raises: type[BaseException]
    reason: str
    only: Callable[..., bool] | None = None

    def holds(self, **params):
        return self.only is None or self.only(**params)


OBJECTS = "devices compute with numbers, not with Python objects such as Decimal, Fraction and timedelta: TypeError"
TIMES = "datetime64 and timedelta64 are left to NumPy: TypeError"
TEXT = "strings and structures are left to NumPy: TypeError"
LONG = "no device has a float longer than 64 bits, and to round such input unasked would lose digits: TypeError"
ORDER = "complex numbers are not ordered here, though NumPy orders them by the real part first: TypeError"
SUBCLASS = "results are base arrays: what a subclass adds to them, and methods that it overrides, are not asked for"
WHERE = "means and variances have no argument `where`: devices reduce whole arrays"
MEAN = "there is no argument `mean`: the mean is found in the pass over the data that the variance needs anyway"

long_floats = np.dtype(np.longdouble).itemsize > 8  # they are float64 by another name on some platforms


def of_kinds(kinds):
    """Whether the first of a pair, an array or what would be one, is of one of these kinds of dtype."""
    return lambda data: np.asarray(data[0]).dtype.kind in kinds


FUNCTION_BASE = "lib/tests/test_function_base.py::"
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
    Deviation(NUMERIC + "TestNonarrayArgs::test_std_with_mean_keyword", TypeError, MEAN),
    Deviation(NUMERIC + "TestNonarrayArgs::test_std_with_mean_keyword_axis_None", TypeError, MEAN),
    Deviation(NUMERIC + "TestNonarrayArgs::test_std_with_mean_keyword_keepdims_false", TypeError, MEAN),
    Deviation(NUMERIC + "TestNonarrayArgs::test_std_with_mean_keyword_keepdims_true_masked", TypeError, SUBCLASS),
    Deviation(NUMERIC + "TestNonarrayArgs::test_std_with_mean_keyword_multiple_axis", TypeError, MEAN),
    Deviation(NUMERIC + "TestNonarrayArgs::test_std_with_mean_keyword_where_nontrivial", TypeError, WHERE),
    Deviation(NUMERIC + "TestNonarrayArgs::test_var_with_mean_keyword", TypeError, MEAN),
    Deviation(NUMERIC + "TestNonarrayArgs::test_var_with_mean_keyword_keepdims_false", TypeError, MEAN),
    Deviation(NUMERIC + "TestNonarrayArgs::test_var_with_mean_keyword_keepdims_true_masked", TypeError, SUBCLASS),
    Deviation(NUMERIC + "TestNonarrayArgs::test_var_with_mean_keyword_where_nontrivial", TypeError, WHERE),
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
    Deviation(MULTIARRAY + "TestStats::test_mean_where", TypeError, WHERE),
    Deviation(MULTIARRAY + "TestStats::test_var_where", TypeError, WHERE),
    Deviation(MULTIARRAY + "TestStats::test_std_where", TypeError, WHERE),
    Deviation(MULTIARRAY + "TestStats::test_subclass", AttributeError, SUBCLASS),
    Deviation(UFUNC + "TestUfunc::test_zerosize_reduction", TypeError, OBJECTS),
    Deviation("_core/tests/test_umath.py::TestMinMax::test_reduce_reorder", TypeError, ORDER),
    Deviation(REGRESSION + "TestRegression::test_object_argmax", TypeError, OBJECTS),
    Deviation(REGRESSION + "TestRegression::test_misaligned_objects_segfault", TypeError, OBJECTS),
    Deviation(REGRESSION + "TestRegression::test_searchsorted_variable_length", TypeError, TEXT),
    Deviation(REGRESSION + "TestRegression::test_searchsorted_structured", TypeError, TEXT),
    Deviation(REGRESSION + "TestRegression::test_attributes", AttributeError, SUBCLASS),
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
    ]

INTEGERS = "NumPy looks in float64 whether integers decrease (numpy#11022); ndgpu compares them as integers"

BETTER = {FUNCTION_BASE + "TestDigitize::test_large_integers_decreasing": INTEGERS}
