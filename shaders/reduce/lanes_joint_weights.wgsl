// provides: WEIGHTS_ALONG, Joint, are_joint, joint_zero, joint_step, state_close, weight_added
// needs: State, Bits, Real, Accumulator, real, sum_zero, sum_add, SKIP_NAN
// Rows that share weights share their sum, unless values are left out, and their weights with them.
override WEIGHTS_ALONG: bool;
struct Joint { weight: Accumulator }

fn are_joint() -> bool { return WEIGHTS_ALONG && !SKIP_NAN; }
fn joint_zero() -> Joint { return Joint(sum_zero()); }
fn joint_step(joint: Joint, aux: Bits) -> Joint {
    if are_joint() { return Joint(sum_add(joint.weight, real(aux))); }
    return joint;
}
fn state_close(state: State, joint: Joint) -> State {
    var closed = state;
    if are_joint() { closed.weight = joint.weight; }
    return closed;
}
fn weight_added(sum: Accumulator, weight: Real) -> Accumulator {
    if are_joint() { return sum; }
    return sum_add(sum, weight);
}
