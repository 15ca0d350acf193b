// provides: values, load_value, load_aux
// needs: Bits, parameters
// One value a load. Its auxiliary operand is the same all along its row.
@group(0) @binding(1) var<storage, read> values: array<Bits>;

fn load_value(at: u32) -> Bits { return values[parameters.value_offset + at]; }
fn load_aux(at: u32, index: u32, row_aux: Bits) -> Bits { return row_aux; }
