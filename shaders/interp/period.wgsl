// provides: wrap
// needs: Bits, modulo, bits_of_words, parameters
// Queries of a periodic table, taken modulo the period.
fn wrap(query: Bits) -> Bits { return modulo(query, bits_of_words(parameters.rules.period)); }
