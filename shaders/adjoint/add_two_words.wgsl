// provides: add_word, subtract_word, add_limb, subtract_limb
// needs: sums, Bits
// Adds to a limb in memory, whatever others add meanwhile, and returns what is carried into the next. Additions of
// integers come out the same in every order.
fn add_word(at: u32, value: u32) -> u32 {
    if value == 0u { return 0u; }
    return select(0u, 1u, atomicAdd(&sums[at], value) > ~value);
}

fn subtract_word(at: u32, value: u32) -> u32 {
    if value == 0u { return 0u; }
    return select(0u, 1u, atomicSub(&sums[at], value) < value);
}

fn add_limb(at: u32, value: Bits) -> Bits {
    let carry = add_word(at, u32(value & Bits(0xffffffffu)));
    let high = u32(value >> 32u);
    if carry == 1u && high == 0xffffffffu { return Bits(1u); }
    return Bits(add_word(at + 1u, high + carry));
}

fn subtract_limb(at: u32, value: Bits) -> Bits {
    let borrow = subtract_word(at, u32(value & Bits(0xffffffffu)));
    let high = u32(value >> 32u);
    if borrow == 1u && high == 0xffffffffu { return Bits(1u); }
    return Bits(subtract_word(at + 1u, high + borrow));
}
