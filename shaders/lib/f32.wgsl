// provides: Real, Bits, BITS_WORDS, SIGN, INFINITY, NAN_KEY, MANTISSA_BITS, HIGH_HALF, real, bits, bits_of_words
// f32 as the element type: its names and its bits.
alias Real = f32;
alias Bits = u32;
const BITS_WORDS: u32 = 1u;
const SIGN: Bits = 0x80000000u;
const INFINITY: Bits = 0x7f800000u;
const NAN_KEY: Bits = 0xffffffffu;
const MANTISSA_BITS: u32 = 23u;
// Products of two numbers with 12 significant bits each are exact.
const HIGH_HALF: Bits = 0xfffff000u;

fn real(b: Bits) -> Real { return bitcast<f32>(b); }
fn bits(r: Real) -> Bits { return bitcast<u32>(r); }
fn bits_of_words(words: vec2<u32>) -> Bits { return words.x; }
