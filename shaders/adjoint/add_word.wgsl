// provides: add_limb, subtract_limb
// needs: sums
// Adds to a limb in memory, whatever others add meanwhile, and returns what is carried into the next. Additions of
// integers come out the same in every order.
fn add_limb(at: u32, value: u32) -> u32 {
    if value == 0u { return 0u; }
    return select(0u, 1u, atomicAdd(&sums[at], value) > ~value);
}

fn subtract_limb(at: u32, value: u32) -> u32 {
    if value == 0u { return 0u; }
    return select(0u, 1u, atomicSub(&sums[at], value) < value);
}
