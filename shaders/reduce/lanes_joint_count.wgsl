// provides: Joint, joint_zero, joint_step, state_close
// needs: State, Bits, SKIP_NAN
// Rows have as many values as one another, unless some are left out.
struct Joint { count: u32 }

fn joint_zero() -> Joint { return Joint(0u); }
fn joint_step(joint: Joint, aux: Bits) -> Joint { return Joint(joint.count + 1u); }
fn state_close(state: State, joint: Joint) -> State {
    var closed = state;
    if !SKIP_NAN { closed.count = joint.count; }
    return closed;
}
