// provides: sums, Sum, add_sums, load_sum, divided, rounded, is_nothing
// needs: parameters, slot_at, METHOD_LINEAR, segments, bits_of_key, has_width, real, Bits, bits, Real
// Sums of f32 in f64: exact enough that only the last rounding counts. A slot has two, in each part of the queries.
@group(0) @binding(1) var<storage, read> sums: array<vec2<f64>>;

struct Sum { value: f64 }

fn add_sums(a: Sum, b: Sum) -> Sum { return Sum(a.value + b.value); }

// Over all parts, in their order.
fn load_sum(field: u32, slot: u32, side: u32) -> Sum {
    var total = 0.0lf;
    for (var part = 0u; part < parameters.copies; part += 1u) {
        total += sums[slot_at(field, part, slot)][side];
    }
    return Sum(total);
}

// A sum of a slot in whole cotangents.
fn divided(field: u32, first: u32, slot: u32, side: u32) -> Sum {
    let sum = load_sum(field, slot, side);
    if slot + 1u >= parameters.table.knots || parameters.method != METHOD_LINEAR { return sum; }
    let segment = segments[first + slot];
    let x0 = bits_of_key(segment.x);
    let x1 = bits_of_key(segment.w);
    if !has_width(x0, x1) { return sum; }
    return Sum(sum.value / (f64(real(x1)) - f64(real(x0))));
}

fn rounded(sum: Sum) -> Bits { return bits(Real(sum.value)); }

fn is_nothing(sum: Sum) -> bool { return sum.value == 0.0lf; }
