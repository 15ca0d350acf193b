// provides: from_keys, from_order, keys, order, checks, main
// needs: Bits, real, bits, bits_of_words, NAN_KEY, SIGN, INFINITY, is_infinite, key, bits_of_key, parameters
// needs: WORKGROUP, work_item
// The last part of arranging knots. Those of a periodic table are closed: its last knot, a period earlier, comes before
// the first, and the first, a period later, after the last. Where knots should be in order and are not, the index of
// the first offender is left in the check's word, as in search/knots.wgsl. One invocation a place for a knot.
@group(0) @binding(1) var<storage, read> from_keys: array<Bits>;
@group(0) @binding(2) var<storage, read> from_order: array<u32>;
@group(0) @binding(3) var<storage, read_write> keys: array<Bits>;
@group(0) @binding(4) var<storage, read_write> order: array<u32>;
@group(0) @binding(5) var<storage, read_write> checks: array<atomic<u32>>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let cell = work_item(group, groups, local);
    let closed = 2u * parameters.has_period;
    let knots = parameters.knots + closed;
    let table = cell / knots;
    let base = table * parameters.knots;
    if base >= parameters.total { return; }
    let knot = cell - table * knots;

    if closed == 0u {
        let here = from_keys[base + knot];
        keys[cell] = here;
        order[cell] = from_order[base + knot];
        if parameters.is_checked == 0u || knot == 0u || here == NAN_KEY { return; }
        if from_keys[base + knot - 1u] > here {
            // Of the two, the one that was given later.
            let later = from_order[base + knot - parameters.descends];
            atomicMax(&checks[parameters.check], ~(base % parameters.xp_len + later));
        }
        return;
    }

    var used = 0u;
    var end = parameters.knots;
    while used < end {
        let middle = used + (end - used) / 2u;
        if from_keys[base + middle] < NAN_KEY { used = middle + 1u; } else { end = middle; }
    }
    var k = NAN_KEY;
    var index = 0u;
    let period = bits_of_words(parameters.period);
    if used > 0u && knot <= used + 1u {
        if knot == 0u {
            let last = from_keys[base + used - 1u];
            index = from_order[base + used - 1u];
            if is_infinite(period) {
                // Infinity less infinity is NaN: before all knots, as the least key, which no number has.
                k = select(key(INFINITY | SIGN), Bits(0u), is_infinite(bits_of_key(last)));
            } else {
                k = key(bits(real(bits_of_key(last)) - real(period)));
            }
        } else if knot <= used {
            k = from_keys[base + knot - 1u];
            index = from_order[base + knot - 1u];
        } else {
            index = from_order[base];
            k = key(INFINITY);
            if !is_infinite(period) { k = key(bits(real(bits_of_key(from_keys[base])) + real(period))); }
        }
    }
    keys[cell] = k;
    order[cell] = index;
}
