// provides: weights, product
// needs: Bits, parameters, real, bits
// The factor times a weight: that of the index along the axis, or the element's own.
@group(0) @binding(3) var<storage, read> weights: array<Bits>;

fn product(factor: Bits, index: u32, along: u32, row: u32) -> Bits {
    let own = parameters.element_offset + index;
    let at = select(own, parameters.weight_offset + along, parameters.weights_along != 0u);
    return bits(real(factor) * real(weights[at]));
}
