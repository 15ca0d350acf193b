// provides: values, output, operand, truth, main
// needs: Bits, Real, real, sum_zero, sum_add, bits, sum_round, sum_add_product, is_nan
// What this driver's compiler makes of arithmetic. One invocation computes results that IEEE 754 defines exactly, from
// operands that arrive at run time, so that nothing is folded at compile time; the host knows the results.

@group(0) @binding(1) var<storage, read> values: array<Bits>;
@group(0) @binding(2) var<storage, read_write> output: array<Bits>;

fn operand(index: u32) -> Real { return real(values[index]); }
fn truth(it_is: bool) -> Bits { return Bits(select(0u, 1u, it_is)); }

@compute @workgroup_size(1)
fn main() {
    // Compensation: large + 1 + 1 - large, and (1 + e) (1 + e) - (1 + 2 e).
    var sum = sum_zero();
    for (var index = 0u; index < 4u; index += 1u) {
        sum = sum_add(sum, operand(index));
    }
    output[0] = bits(sum_round(sum));
    let factor = operand(4u);
    output[1] = bits(sum_round(sum_add(sum_add_product(sum_zero(), factor, factor), operand(5u))));

    // Separate roundings: the same product and sum, rounded after each.
    output[2] = bits(factor * factor + operand(5u));

    // Subnormals: as a difference, as a product, as an operand, in a comparison.
    let smallest = operand(6u);
    let more = operand(7u);
    let half = operand(8u);
    let subnormal = operand(9u);
    output[3] = bits(more - smallest);
    output[4] = bits(smallest * half);
    output[5] = bits(subnormal + subnormal);
    output[6] = truth(subnormal > operand(10u));

    // Infinities: from overflow, preserved, as a divisor.
    let huge = operand(11u);
    let infinity = operand(12u);
    output[7] = bits(huge * huge);
    output[8] = bits(infinity - huge);
    output[9] = bits(huge / infinity);
    output[10] = truth(huge < infinity);

    // NaN: from infinities, propagated, unordered.
    let quiet_nan = operand(13u);
    // (Not as the difference of a value from itself: compilers fold that to zero for any value.)
    output[11] = truth(is_nan(bits(infinity + operand(22u))));
    output[12] = truth(is_nan(bits(infinity * operand(10u))));
    output[13] = truth(is_nan(bits(quiet_nan + huge)));
    output[14] = truth(is_nan(bits(quiet_nan * operand(10u))));
    output[15] = truth(quiet_nan < huge || quiet_nan > huge || quiet_nan == huge);

    // Quotients and roots, correctly rounded.
    for (var index = 0u; index < 4u; index += 1u) {
        output[16u + index] = bits(operand(14u + index) / operand(18u + index));
    }
    for (var index = 0u; index < 2u; index += 1u) {
        output[20u + index] = bits(sqrt(operand(20u + index)));
    }
}
