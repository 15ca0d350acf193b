// provides: keys, key_at
// needs: Bits
// The keys of knots alone, for searches that evaluate nothing.
@group(0) @binding(7) var<storage, read> keys: array<Bits>;

fn key_at(cell: u32) -> Bits { return keys[cell]; }
