// provides: values, weights, load_value, aux_of_row, load_aux
// needs: Bits, parameters
// One value and one weight a load: the weight of its index along the row, or its own.
@group(0) @binding(1) var<storage, read> values: array<Bits>;
@group(0) @binding(4) var<storage, read> weights: array<Bits>;

fn load_value(at: u32) -> Bits { return values[parameters.value_offset + at]; }
fn aux_of_row(row: u32) -> Bits { return Bits(0u); }
fn load_aux(at: u32, index: u32, row_aux: Bits) -> Bits {
    return weights[parameters.weight_offset + select(at, index, parameters.weights_along != 0u)];
}
