// One value a load.
@group(0) @binding(1) var<storage, read> values: array<Bits>;

fn value_at(at: u32) -> Bits { return values[parameters.value_shift + at]; }
