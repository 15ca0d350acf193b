// provides: is_skipped
// needs: Bits, parameters, is_nan
// Whether NaN values are left out is a parameter.
fn is_skipped(value: Bits) -> bool { return parameters.skip_nan != 0u && is_nan(value); }
