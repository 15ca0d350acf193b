// A weight goes with each value: that of its place, or its own.
@group(0) @binding(4) var<storage, read> weights: array<Bits>;

fn other_of_line(line: u32) -> Bits { return Bits(0u); }
fn other_at(at: u32, place: u32, of_line: Bits) -> Bits {
    return weights[parameters.weight_shift + select(at, place, parameters.weights_along != 0u)];
}
