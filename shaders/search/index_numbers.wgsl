// provides: keys, functions, number_of
// needs: Bits, bits_of_key, linear_bucket, key_bucket, parameters
// The buckets of knots, by one of the two functions of their table.
@group(0) @binding(1) var<storage, read> keys: array<Bits>;
@group(0) @binding(3) var<storage, read_write> functions: array<Bits>;

fn number_of(k: Bits, function: u32, is_linear: bool) -> u32 {
    let last = parameters.buckets - 1u;
    if is_linear { return linear_bucket(bits_of_key(k), functions[function], functions[function + 1u], last); }
    return key_bucket(k, functions[function], u32(functions[function + 1u]), last);
}
