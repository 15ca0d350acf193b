// provides: linear_bucket, key_bucket
// needs: Bits, Real, real
// The bucket functions of an index that the device made: the number of a query's bucket, and of a knot's. A table has
// one or the other, see shaders/search/index_functions.wgsl.

// Linear in the value, for finite knots. Clamped before it is converted, for far queries are infinitely far away.
fn linear_bucket(query: Bits, origin: Bits, scale: Bits, last: u32) -> u32 {
    let number = (real(query) - real(origin)) * real(scale);
    return u32(min(max(number, Real(0.0)), Real(last)));
}

// Linear in the key, for any knots: integers alone.
fn key_bucket(k: Bits, origin: Bits, shift: u32, last: u32) -> u32 {
    return min(u32(min((max(k, origin) - origin) >> shift, Bits(0xffffffffu))), last);
}
