// provides: weight_added
// needs: Accumulator, Real, sum_add
// Each weight is added when its value is folded in.
fn weight_added(sum: Accumulator, weight: Real) -> Accumulator { return sum_add(sum, weight); }
