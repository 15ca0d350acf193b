// What this driver's compiler makes of arithmetic. One invocation computes what IEEE 754 leaves no choice about, from
// operands that arrive at run time, so that nothing can be worked out in advance; the host knows the answers.

struct Parameters { zero: u32 }

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> values: array<Bits>;
@group(0) @binding(2) var<storage, read_write> result: array<Bits>;

fn at(place: u32) -> Real { return real(values[place]); }
fn truth(it_is: bool) -> Bits { return Bits(select(0u, 1u, it_is)); }

@compute @workgroup_size(1)
fn main() {
    // Compensation: large + 1 + 1 - large, and (1 + e) (1 + e) - (1 + 2 e).
    var sum = sum_zero();
    for (var place = 0u; place < 4u; place += 1u) {
        sum = sum_add(sum, at(place));
    }
    result[0] = bits(sum_round(sum));
    let factor = at(4u);
    result[1] = bits(sum_round(sum_add(sum_add_product(sum_zero(), factor, factor), at(5u))));

    // Separate roundings: the same product and sum, rounded after each.
    result[2] = bits(factor * factor + at(5u));

    // Subnormals: as a difference, as a product, as an operand, in a comparison.
    let smallest = at(6u);
    let more = at(7u);
    let half = at(8u);
    let subnormal = at(9u);
    result[3] = bits(more - smallest);
    result[4] = bits(smallest * half);
    result[5] = bits(subnormal + subnormal);
    result[6] = truth(subnormal > at(10u));

    // Infinities: made by overflow, kept, divided by.
    let huge = at(11u);
    let infinity = at(12u);
    result[7] = bits(huge * huge);
    result[8] = bits(infinity - huge);
    result[9] = bits(huge / infinity);
    result[10] = truth(huge < infinity);

    // NaN: made from infinities, handed on, above nothing and below nothing.
    let nan = at(13u);
    // (Not as a difference of one value from itself: compilers make that zero, whatever the value.)
    result[11] = truth(is_nan(bits(infinity + at(22u))));
    result[12] = truth(is_nan(bits(infinity * at(10u))));
    result[13] = truth(is_nan(bits(nan + huge)));
    result[14] = truth(is_nan(bits(nan * at(10u))));
    result[15] = truth(nan < huge || nan > huge || nan == huge);

    // Quotients and roots, rounded once.
    for (var place = 0u; place < 4u; place += 1u) {
        result[16u + place] = bits(at(14u + place) / at(18u + place));
    }
    for (var place = 0u; place < 2u; place += 1u) {
        result[20u + place] = bits(sqrt(at(20u + place)));
    }
}
