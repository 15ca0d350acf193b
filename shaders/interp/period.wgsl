// Queries are taken modulo a period.
fn wrap(query: Bits) -> Bits {
    return modulo(query, bits_of_words(parameters.period), bits_of_words(parameters.nan));
}
