// provides: has, nan, left_fill, right_fill
// needs: parameters, Bits, bits_of_words
// The rules of a table as the host passes them.
fn has(flag: u32) -> bool { return (parameters.table.flags & flag) != 0u; }

fn nan() -> Bits { return bits_of_words(parameters.rules.nan); }
fn left_fill() -> Bits { return bits_of_words(parameters.rules.left); }
fn right_fill() -> Bits { return bits_of_words(parameters.rules.right); }
