// provides: Real, Bits, BITS_WORDS, SIGN, INFINITY, NAN_KEY, MANTISSA_BITS, HIGH_HALF, real, bits, bits_of_words
// f64 as the element type: its names and its bits.
alias Real = f64;
alias Bits = u64;
const BITS_WORDS: u32 = 2u;
const SIGN: Bits = 0x8000000000000000lu;
const INFINITY: Bits = 0x7ff0000000000000lu;
const NAN_KEY: Bits = 0xfffffffffffffffflu;
const MANTISSA_BITS: u32 = 52u;
// Products of two numbers with 26 significant bits each are exact.
const HIGH_HALF: Bits = 0xfffffffff8000000lu;

fn real(b: Bits) -> Real { return bitcast<f64>(b); }
fn bits(r: Real) -> Bits { return bitcast<u64>(r); }
fn bits_of_words(words: vec2<u32>) -> Bits { return Bits(words.x) | (Bits(words.y) << 32u); }
