// provides: SUM_WORDS, NO_EXPONENT, slots_of_table, exponent_at, sum_at, unit_of
// needs: BITS_WORDS, parameters, OUTSIDE_COUNT, BITS
// How sums lie in memory: for each field, each copy and each slot two sums. A sum is the largest exponent of a share,
// three limbs, and a word of flags for what no integer holds. The exponents of the first copy are those of all.
const SUM_WORDS: u32 = 3u * BITS_WORDS + 2u;
// Exponents are stored above this, so that zero means that there is none.
const NO_EXPONENT: i32 = 8192;

fn slots_of_table() -> u32 { return parameters.table.knots + OUTSIDE_COUNT; }

fn exponent_at(field: u32, copy: u32, slot: u32, side: u32) -> u32 {
    return (((field * parameters.copies + copy) * slots_of_table() + slot) * 2u + side) * SUM_WORDS;
}

fn sum_at(field: u32, copy: u32, slot: u32, side: u32) -> u32 { return exponent_at(field, copy, slot, side) + 1u; }

// The unit of a sum: so small that it takes all three limbs to count as many shares as there are queries,
// each below 2^exponent.
fn unit_of(stored: u32) -> i32 {
    return i32(stored) - NO_EXPONENT + i32(parameters.count_bits) - (3 * BITS - 1);
}
