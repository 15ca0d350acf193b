// provides: SKIP_NAN, partials, is_skipped
// needs: State, Bits, is_nan
// Sums, means and weighted averages of rows that are interpolated on the fly: what a table gives is never stored.
//
// The rules of lookup are those of shaders/interp, the states and their reductions those of shaders/reduce.
override SKIP_NAN: bool;
@group(0) @binding(2) var<storage, read_write> partials: array<State>;

fn is_skipped(value: Bits) -> bool { return SKIP_NAN && is_nan(value); }
