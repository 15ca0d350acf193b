// provides: wrapped, store_wrapped
// needs: Bits, parameters, has, FLAG_SHARED_QUERIES
// Queries taken into the period, where they are kept: those that rows share once.
@group(0) @binding(2) var<storage, read_write> wrapped: array<Bits>;

fn store_wrapped(row: u32, index: u32, remaining: u32, queries: vec4<Bits>) {
    if has(FLAG_SHARED_QUERIES) && parameters.first_row + row > 0u { return; }
    let at = parameters.wrapped_offset + index;
    wrapped[at] = queries.x;
    if remaining > 1u { wrapped[at + 1u] = queries.y; }
    if remaining > 2u { wrapped[at + 2u] = queries.z; }
    if remaining > 3u { wrapped[at + 3u] = queries.w; }
}
