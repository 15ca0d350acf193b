// provides: nan
// needs: Bits, bits_of_words, parameters
fn nan() -> Bits { return bits_of_words(parameters.nan); }
