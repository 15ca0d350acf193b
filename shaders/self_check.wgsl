// Does compensated addition survive this driver's compiler? One invocation adds and multiplies numbers whose exact result
// is known and which plain arithmetic gets wrong.

struct Parameters { zero: u32 }

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> values: array<Bits>;
@group(0) @binding(2) var<storage, read_write> result: array<Bits>;

@compute @workgroup_size(1)
fn main() {
    // large + 1 + 1 - large
    var sum = sum_zero();
    for (var place = 0u; place < 4u; place += 1u) {
        sum = sum_add(sum, real(values[place]));
    }
    result[0] = bits(sum_round(sum));
    // (1 + e) (1 + e) - (1 + 2 e)
    let factor = real(values[4]);
    result[1] = bits(sum_round(sum_add(sum_add_product(sum_zero(), factor, factor), real(values[5]))));
}
