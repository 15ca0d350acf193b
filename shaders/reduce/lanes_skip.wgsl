// provides: SKIP_NAN, is_skipped, counted
// needs: Bits, is_nan
// Whether NaN values are left out is known when a kernel is compiled. Where nothing is left out, rows have their number
// of values in common, and none counts for itself.
override SKIP_NAN: bool;

fn is_skipped(value: Bits) -> bool { return SKIP_NAN && is_nan(value); }
fn counted(count: u32) -> u32 { return count + select(0u, 1u, SKIP_NAN); }
